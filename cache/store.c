#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kill.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES + 1, PIECE = 128 * 1024, WHOLE_MAX = 1 << 20 };

/* The copy under way in refs; only the disk thread makes one, so one name is enough, and what a
 * crash left there is replaced. */
static const char unfinished[] = ".unfinished";

static int open_dir(int parent, const char *name)
{
	bool made = !mkdirat(parent, name, 0700);

	if (!made && errno != EEXIST)
		return -errno;
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* One that came with the folder may be open to others, whose business the journal is not. */
	struct stat st;
	if (!made && !fstat(fd, &st) && st.st_mode & 077 && fchmod(fd, 0700) < 0)
		log_warning("%s is open to others, and stays so: %s", name, strerror(errno));
	/* What will be durable inside is lost all the same if its folder is. */
	if (!made)
		return steal_fd(&fd);
	kill_point(BEFORE_FOLDER_SYNC);
	if (fsync(parent))
		return -errno;
	kill_point(AFTER_FOLDER_SYNC);
	return steal_fd(&fd);
}

static int refuse_dir(const char *name, int rc, struct error *err)
{
	const char *hint = rc == -ENOTDIR || rc == -ELOOP ? "move away what stands there" :
	                   "check who may write in the source directory, and its free space";

	return error_set(err, -rc, hint, "the directory `%s` in the source cannot be used: %s", name, strerror(-rc));
}

/* Whoever owns it could put another journal there.  Whose the folder is has made it, or may do so anyway. */
static int check_owner(int source_fd, int dir, struct error *err)
{
	struct stat source, st;

	if (fstat(source_fd, &source) || fstat(dir, &st))
		return error_set(err, errno, NULL, "the directory `.easelfs` cannot be looked at: %s", strerror(errno));
	if (st.st_uid == geteuid() || st.st_uid == source.st_uid)
		return 0;
	return error_set(err, EPERM, "move it away, or give it to the user who mounts if you know what it is",
	                 "the directory `.easelfs` in the source belongs to somebody else");
}

int store_open(int source_fd, struct store *out, struct error *err)
{
	struct store s = { -1, -1, -1 };
	const char *name = ".easelfs";
	int rc = s.dir = open_dir(source_fd, name);

	*out = (struct store){ -1, -1, -1 };
	if (rc >= 0 && check_owner(source_fd, s.dir, err)) {
		store_close(&s);
		return -EPERM;
	}
	if (rc >= 0) {
		name = ".easelfs/refs";
		rc = s.refs = open_dir(s.dir, "refs");
	}
	if (rc >= 0) {
		name = ".easelfs/incoming";
		rc = s.incoming = open_dir(s.dir, "incoming");
	}
	if (rc < 0) {
		store_close(&s);
		return refuse_dir(name, rc, err);
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	cleanup_fd_(&s->incoming);
	cleanup_fd_(&s->refs);
	cleanup_fd_(&s->dir);
	*s = (struct store){ -1, -1, -1 };
}

int write_all(int fd, const void *what, size_t len)
{
	const uint8_t *bytes = what;

	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static void free_digest(EVP_MD_CTX **digest)
{
	EVP_MD_CTX_free(*digest);
}

static void digest_check(int ok)
{
	if (ok != 1)
		BUG("libcrypto refuses SHA-256");
}

/* Hashes from's bytes from offset 0, writing them to `to` as well unless that is -1.  max: -EFBIG
 * beyond. */
static int hash_and_copy(int from, int to, uint64_t max, uint8_t out[32], uint64_t *size)
{
	__attribute__((cleanup(free_digest))) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	cleanup_free uint8_t *piece = xmalloc(PIECE);
	uint64_t total = 0;

	digest_check(digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL));
	for (;;) {
		ssize_t n = pread(from, piece, PIECE, (off_t)total);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if ((uint64_t)n > max - total)
			return -EFBIG;
		digest_check(EVP_DigestUpdate(digest, piece, (size_t)n));
		int rc = to < 0 ? 0 : write_all(to, piece, (size_t)n);
		if (rc)
			return rc;
		total += (uint64_t)n;
	}
	digest_check(EVP_DigestFinal_ex(digest, out, NULL));
	*size = total;
	return 0;
}

int sha256_fd(int fd, uint8_t out[32], uint64_t *size)
{
	return hash_and_copy(fd, -1, UINT64_MAX, out, size);
}

void sha256_bytes(const void *bytes, size_t len, uint8_t out[32])
{
	digest_check(EVP_Digest(len ? bytes : "", len, out, NULL, EVP_sha256(), NULL));
}

static bool is_kept(const struct store *s, const char *hex, uint64_t size)
{
	struct stat st;

	return !fstatat(s->refs, hex, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

/* A clone is taken at one moment; what is hashed is the clone. */
static int copy_reference(int from, int to, uint64_t max, uint8_t sha256[32], uint64_t *size)
{
	if (!ioctl(to, FICLONE, from))
		return hash_and_copy(to, -1, max, sha256, size);
	return hash_and_copy(from, to, max, sha256, size);
}

/* A descriptor or -errno. */
static int open_beneath(int source_fd, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NOFOLLOW,
	                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	enum { TRIES = 32 };

	/* EAGAIN: a rename somewhere made the kernel unsure whether the path leads out (openat2(2)). */
	for (int i = 0; i < TRIES; i++) {
		int fd = (int)syscall(SYS_openat2, source_fd, path, &how, sizeof(how));

		if (fd >= 0 || errno != EAGAIN)
			return fd < 0 ? -errno : fd;
	}
	return -EAGAIN;
}

int store_look(int source_fd, const char *path, struct stat *st)
{
	cleanup_fd int fd = open_beneath(source_fd, path, O_PATH);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -EACCES)
		return 0;
	if (fd < 0)
		return fd;
	return fstat(fd, st) < 0 ? -errno : 1;
}

/* What root has written may have been given away since, which is no other file.  Else whoever can replace a file
 * would get what was made for its owner. */
static bool is_of(const struct stat *prompt, const struct maker *maker)
{
	return maker->uid < 0 || (int64_t)prompt->st_uid == maker->uid || (!maker->uid && prompt->st_ino == maker->ino);
}

int store_make_like(int source_fd, const char *path, const struct maker *maker, mode_t most, int fd)
{
	struct stat prompt;
	int there = store_look(source_fd, path, &prompt);

	if (there < 0)
		return there;
	bool is_his = there && S_ISREG(prompt.st_mode) && is_of(&prompt, maker);
	if (!is_his)
		prompt = (struct stat){ .st_uid = (uid_t)maker->uid, .st_gid = (gid_t)maker->gid, .st_mode = 0600 };
	if (geteuid() == 0 && (is_his || maker->uid >= 0) && fchown(fd, prompt.st_uid, prompt.st_gid) < 0)
		return -errno;
	return fchmod(fd, most & (prompt.st_mode | 0600) & 0777) < 0 ? -errno : 0;
}

int store_copy_picture(int source_fd, const char *path, int to, uint8_t sha256[32], uint64_t *size)
{
	cleanup_fd int from = open_beneath(source_fd, path, O_RDONLY | O_NONBLOCK);

	if (from < 0)
		return from;
	return store_copy_file(from, to, sha256, size);
}

int store_copy_file(int from, int to, uint8_t sha256[32], uint64_t *size)
{
	return copy_reference(from, to, UINT64_MAX, sha256, size);
}

/* Durable first, visible then, and the name durable, too. */
static int name_reference(struct store *s, int fd, const char *hex)
{
	kill_point(BEFORE_REFERENCE_SYNC);
	if (fsync(fd))
		return -errno;
	kill_point(AFTER_REFERENCE_SYNC);
	kill_point(BEFORE_REFERENCE_NAME);
	if (renameat(s->refs, unfinished, s->refs, hex))
		return -errno;
	kill_point(AFTER_REFERENCE_NAME);
	kill_point(BEFORE_REFERENCE_FOLDER);
	if (fsync(s->refs))
		return -errno;
	kill_point(AFTER_REFERENCE_FOLDER);
	return 0;
}

static int publish_reference(struct store *s, int from, uint64_t max, uint8_t sha256[32], uint64_t *size)
{
	char hex[SHA256_HEX];

	if (unlinkat(s->refs, unfinished, 0) && errno != ENOENT)
		return -errno;
	cleanup_fd int to = openat(s->refs, unfinished,
	                           O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	kill_point(BEFORE_REFERENCE_COPY);
	int rc = copy_reference(from, to, max, sha256, size);
	if (rc)
		return rc;
	kill_point(AFTER_REFERENCE_COPY);
	hex_encode(sha256, SHA256_BYTES, hex);
	return name_reference(s, to, hex);
}

int store_keep_reference(struct store *s, int fd, uint64_t max, uint8_t sha256[32], uint64_t *size)
{
	char hex[SHA256_HEX];
	/* Most references were kept before: reading twice is cheaper than writing for nothing. */
	int rc = hash_and_copy(fd, -1, max, sha256, size);

	if (rc)
		return rc;
	hex_encode(sha256, SHA256_BYTES, hex);
	if (is_kept(s, hex, *size))
		return 0;
	rc = publish_reference(s, fd, max, sha256, size);
	if (rc)
		unlinkat(s->refs, unfinished, 0);
	return rc;
}

int store_open_reference(const struct store *s, const uint8_t sha256[32])
{
	char hex[SHA256_HEX];

	hex_encode(sha256, SHA256_BYTES, hex);
	/* What lies there may have come with the folder: a fifo would make the engine wait. */
	cleanup_fd int fd = openat(s->refs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? steal_fd(&fd) : -ENOENT;
}

static bool is_plain_name(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

int store_incoming_create(const struct store *s, const char *name)
{
	/* A new inode: who holds the old file keeps its bytes. */
	store_incoming_remove(s, name);
	if (!is_plain_name(name))
		return -EINVAL;
	/* The file becomes the user's picture by rename: the umask decides who else may read it. */
	int fd = openat(s->incoming, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	return fd;
}

int store_incoming_write(const struct store *s, const char *name, const void *bytes, size_t len)
{
	cleanup_fd int fd = store_incoming_create(s, name);

	if (fd < 0)
		return fd;
	return fchmod(fd, 0644) < 0 ? -errno : write_all(fd, bytes, len);
}

int store_incoming_read(const struct store *s, const char *name, struct buf *whole)
{
	cleanup_free char *piece = xmalloc(PIECE);
	ssize_t n = 0;

	if (!is_plain_name(name))
		return -EINVAL;
	cleanup_fd int fd = openat(s->incoming, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (whole && (n = pread(fd, piece, PIECE, (off_t)whole->len)) > 0) {
		if (whole->len > WHOLE_MAX)
			return -EFBIG;
		buf_add(whole, piece, (size_t)n);
	}
	return n < 0 ? -errno : steal_fd(&fd);
}

void store_incoming_remove(const struct store *s, const char *name)
{
	if (is_plain_name(name) && unlinkat(s->incoming, name, 0) && errno != ENOENT)
		log_warning("the unfinished download %s cannot be removed: %s", name, strerror(errno));
}

/* Calls each(arg, name) for all for which wanted() says no; how often, or -errno. */
static int each_unwanted(const struct store *s, bool (*wanted)(void *arg, const char *name), void *arg,
                         int (*each)(void *to, const char *name), void *to)
{
	int fd = openat(s->incoming, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;
	int count = 0, rc = 0;

	while (dir && rc == 0 && (d = readdir(dir)))
		if (d->d_name[0] != '.' && !wanted(arg, d->d_name)) {
			rc = each(to, d->d_name);
			count++;
		}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return rc ? rc : count;
}

static int remove_one(void *store, const char *name)
{
	store_incoming_remove(store, name);
	return 0;
}

void store_incoming_sweep(const struct store *s, bool (*wanted)(void *arg, const char *name), void *arg)
{
	each_unwanted(s, wanted, arg, remove_one, (void *)s);
}

struct keeping { const struct store *store; const char *folder; };

static int keep_one(void *arg, const char *name)
{
	const struct keeping *k = arg;
	char *to cleanup_free = xasprintf("%s/%s", k->folder, name);

	if (mkdirat(k->store->dir, k->folder, 0700) && errno != EEXIST)
		return -errno;
	kill_point(BEFORE_KEEP);
	int rc = renameat(k->store->incoming, name, k->store->dir, to) ? -errno : 0;
	kill_point(AFTER_KEEP);
	return rc;
}

int store_incoming_keep(const struct store *s, const char *folder,
                        bool (*wanted)(void *arg, const char *name), void *arg)
{
	struct keeping k = { s, folder };

	return each_unwanted(s, wanted, arg, keep_one, &k);
}
