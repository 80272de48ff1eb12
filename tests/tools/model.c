/*
 * model SEED STEPS FOLDER REFERENCE [SOURCE]: does the same random operations in two folders, and compares
 * results and all that can be seen of both after each step: names, kinds, modes, owners, links, sizes,
 * content, attributes, and files that are open though their names are gone.  The reference is as naive a
 * model as can be: a plain folder.  SOURCE, the folder beneath a mount, is compared at the end.
 *
 * As root the operations are done by three users.  Some names are those of prompts.  Exits with 1 and says
 * which step it was when the two differ; the same SEED repeats it.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base.h"

enum { SLOTS = 6, FOLDER_SLOTS = 3, DEEPEST = 3, SHARED = 61005 };

/* One of the two folders, with what is open there. */
struct tree {
	const char *name;
	int root;
	int files[SLOTS];             /* -1: nothing is open */
	int folders[FOLDER_SLOTS];
};

/* What is to be done, and with what. */
struct step {
	const struct deed *deed;
	int folder;                   /* slot that the paths begin at; -1: the root */
	char path[64], other[64];
	int slot, other_slot;
	off_t offset;
	size_t len;
	mode_t mode, mask;
	int flags, which;
	uid_t user;
	unsigned char byte;
};

struct deed { const char *name; unsigned weight; long long (*fn)(struct tree *t, const struct step *s); };

/* --- random numbers -------------------------------------------------------------------------- */

static uint64_t seed;

/* xorshift64*, so that a seed means the same everywhere. */
static unsigned below(unsigned limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * UINT64_C(2685821657736338717)) >> 33) % limit;
}

#define ONE_OF(list) ((list)[below(ARRAY_LEN(list))])

static void random_path(char *path, size_t size)
{
	static const char *const names[] = { "a", "b", "c", "d.txt", "e.md", "\xff\n" };
	unsigned depth = below(below(DEEPEST) + 1) + 1;

	*path = '\0';
	for (unsigned i = 0; i < depth; i++) {
		size_t len = strlen(path);

		snprintf(path + len, size - len, "%s%s", i ? "/" : "", ONE_OF(names));
	}
}

/* --- the operations; -1 and errno, or what is to be the same --------------------------------- */

static int at(const struct tree *t, const struct step *s)
{
	return s->folder < 0 ? t->root : t->folders[s->folder];
}

static void keep(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/* Never set-group-id: without the right to execute, which a umask may take away, writing clears it only in
 * filesystems that the kernel does not ask by way of FUSE. */
static long long do_open(struct tree *t, const struct step *s)
{
	static const int flags[] = {
		O_RDONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
		O_RDWR | O_CREAT | O_TRUNC, O_RDWR | O_TRUNC, O_RDWR | O_CREAT | O_APPEND, O_RDONLY | O_NOFOLLOW,
	};
	int fd = openat(at(t, s), s->path, flags[(size_t)s->which % ARRAY_LEN(flags)] | O_NONBLOCK,
	                s->mode & ~(mode_t)S_ISGID);

	if (fd >= 0)
		keep(&t->files[s->slot], fd);
	return fd < 0 ? -1 : 0;
}

static long long do_open_folder(struct tree *t, const struct step *s)
{
	int fd = openat(at(t, s), s->path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		keep(&t->folders[s->slot % FOLDER_SLOTS], fd);
	return fd < 0 ? -1 : 0;
}

static long long do_close(struct tree *t, const struct step *s)
{
	keep(&t->files[s->slot], -1);
	return 0;
}

static long long do_write(struct tree *t, const struct step *s)
{
	cleanup_free char *bytes = xmalloc(s->len + 1);

	memset(bytes, s->byte, s->len);
	return pwrite(t->files[s->slot], bytes, s->len, s->offset);
}

static long long do_write_on(struct tree *t, const struct step *s)
{
	cleanup_free char *bytes = xmalloc(s->len + 1);

	memset(bytes, s->byte, s->len);
	return write(t->files[s->slot], bytes, s->len);
}

/* Not of set-user-id programs: a mount of an ordinary user clears the bit, others do not. */
static long long do_map(struct tree *t, const struct step *s)
{
	struct stat st;
	char *map;

	if (fstat(t->files[s->slot], &st) || !S_ISREG(st.st_mode) || !st.st_size ||
	    st.st_mode & (S_ISUID | S_ISGID))
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->files[s->slot], 0);
	if (map == MAP_FAILED)
		return -1;
	map[s->offset % st.st_size] = (char)s->byte;
	return munmap(map, (size_t)st.st_size);
}

static long long do_copy(struct tree *t, const struct step *s)
{
	off_t from = s->offset, to = (off_t)s->len;

	return copy_file_range(t->files[s->slot], &from, t->files[s->other_slot], &to, 5000, 0);
}

static long long do_allocate(struct tree *t, const struct step *s)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	                             FALLOC_FL_ZERO_RANGE };

	return fallocate(t->files[s->slot], modes[(size_t)s->which % ARRAY_LEN(modes)], s->offset, (off_t)s->len);
}

static long long do_set_flags(struct tree *t, const struct step *s)
{
	return fcntl(t->files[s->slot], F_SETFL, s->which & 1 ? O_APPEND : 0);
}

static long long do_rename(struct tree *t, const struct step *s)
{
	static const unsigned flags[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };

	return renameat2(at(t, s), s->path, t->root, s->other, flags[(size_t)s->which % ARRAY_LEN(flags)]);
}

static long long do_touch(struct tree *t, const struct step *s)
{
	const struct timespec times[] = { { s->offset, 1 }, { s->offset, s->which } };

	return utimensat(at(t, s), s->path, times, AT_SYMLINK_NOFOLLOW);
}

/* By a path of /proc, as there are no such calls with a folder. */
static long long do_setxattr(struct tree *t, const struct step *s)
{
	cleanup_free char *path = xasprintf("/proc/self/fd/%d/%s", at(t, s), s->path);

	return lsetxattr(path, s->which & 1 ? "user.one" : "user.two", &s->byte, s->len % 2, 0);
}

static long long do_removexattr(struct tree *t, const struct step *s)
{
	cleanup_free char *path = xasprintf("/proc/self/fd/%d/%s", at(t, s), s->path);

	return lremovexattr(path, s->which & 1 ? "user.one" : "user.two");
}

static long long do_truncate(struct tree *t, const struct step *s)
{
	cleanup_free char *path = xasprintf("/proc/self/fd/%d/%s", at(t, s), s->path);

	return truncate(path, s->offset);
}

static long long do_access(struct tree *t, const struct step *s)
{
	return faccessat(at(t, s), s->path, s->which & 7, AT_EACCESS);
}

static long long do_ftruncate(struct tree *t, const struct step *s) { return ftruncate(t->files[s->slot], s->offset); }
static long long do_fchmod(struct tree *t, const struct step *s) { return fchmod(t->files[s->slot], s->mode); }
static long long do_fsync(struct tree *t, const struct step *s) { return fsync(t->files[s->slot]); }
static long long do_unlink(struct tree *t, const struct step *s) { return unlinkat(at(t, s), s->path, 0); }
static long long do_rmdir(struct tree *t, const struct step *s) { return unlinkat(at(t, s), s->path, AT_REMOVEDIR); }
static long long do_mkdir(struct tree *t, const struct step *s) { return mkdirat(at(t, s), s->path, s->mode | 0700); }
static long long do_mkfifo(struct tree *t, const struct step *s) { return mkfifoat(at(t, s), s->path, s->mode); }
static long long do_link(struct tree *t, const struct step *s) { return linkat(at(t, s), s->path, t->root, s->other, 0); }
static long long do_symlink(struct tree *t, const struct step *s) { return symlinkat(s->other, at(t, s), s->path); }
static long long do_chmod(struct tree *t, const struct step *s) { return fchmodat(at(t, s), s->path, s->mode, 0); }

static long long do_chown(struct tree *t, const struct step *s)
{
	static const uid_t users[] = { 0, 61001, 61002 };
	uid_t user = users[(size_t)s->which % ARRAY_LEN(users)];

	return fchownat(at(t, s), s->path, user, s->which & 8 ? SHARED : user, AT_SYMLINK_NOFOLLOW);
}

static const struct deed deeds[] = {
	{ "open", 14, do_open }, { "open_folder", 3, do_open_folder }, { "close", 2, do_close },
	{ "write", 10, do_write }, { "write_on", 5, do_write_on }, { "map", 4, do_map }, { "copy", 4, do_copy },
	{ "allocate", 4, do_allocate }, { "set_flags", 2, do_set_flags }, { "truncate", 4, do_truncate },
	{ "ftruncate", 4, do_ftruncate }, { "fsync", 1, do_fsync }, { "unlink", 6, do_unlink },
	{ "rmdir", 3, do_rmdir }, { "mkdir", 9, do_mkdir }, { "mkfifo", 1, do_mkfifo }, { "link", 5, do_link },
	{ "symlink", 3, do_symlink }, { "rename", 12, do_rename }, { "chmod", 5, do_chmod },
	{ "fchmod", 2, do_fchmod }, { "chown", 3, do_chown }, { "touch", 3, do_touch },
	{ "setxattr", 3, do_setxattr }, { "removexattr", 2, do_removexattr }, { "access", 3, do_access },
};

/* --- a step ---------------------------------------------------------------------------------- */

static bool is_root;

static const struct deed *random_deed(void)
{
	unsigned sum = 0, at_weight;
	size_t i = 0;

	for (size_t k = 0; k < ARRAY_LEN(deeds); k++)
		sum += deeds[k].weight;
	at_weight = below(sum);
	while (at_weight >= deeds[i].weight)
		at_weight -= deeds[i++].weight;
	return &deeds[i];
}

static struct step random_step(void)
{
	static const mode_t modes[] = { 0644, 0666, 0600, 0755, 0777, 0444, 0, 04755, 02775, 01777, 06777 };
	static const mode_t masks[] = { 0, 022, 027, 077 };
	static const uid_t users[] = { 0, 61001, 61001, 61002 };
	struct step s = { .deed = random_deed() };

	s.folder = below(6) ? -1 : (int)below(FOLDER_SLOTS);
	random_path(s.path, sizeof(s.path));
	random_path(s.other, sizeof(s.other));
	s.slot = (int)below(SLOTS);
	s.other_slot = (int)below(SLOTS);
	s.offset = (off_t)below(below(4) ? 200 : 70000);
	s.len = below(below(4) ? 300 : 20000);
	s.mode = ONE_OF(modes);
	s.mask = ONE_OF(masks);
	s.which = (int)below(1000);
	s.user = ONE_OF(users);
	s.byte = (unsigned char)(' ' + below(90));
	return s;
}

static void become(uid_t user)
{
	const gid_t groups[] = { user, SHARED };

	if (!is_root)
		return;
	if (seteuid(0) || setegid(user) || setgroups(user ? 2 : 1, groups) || seteuid(user))
		err(1, "becoming user %u", user);
}

struct outcome { long long value; int code; };

static struct outcome done(struct tree *t, const struct step *s)
{
	struct outcome o;

	umask(s->mask);
	become(s->user);
	o.value = s->deed->fn(t, s);
	o.code = o.value < 0 ? errno : 0;
	become(0);
	return o;
}

/* --- what can be seen ------------------------------------------------------------------------ */

static uint64_t digest_of(int fd)
{
	unsigned char bytes[16384];
	uint64_t digest = 0xcbf29ce484222325u;
	ssize_t len;
	off_t offset = 0;

	while ((len = pread(fd, bytes, sizeof(bytes), offset)) > 0) {
		for (ssize_t i = 0; i < len; i++)
			digest = (digest ^ bytes[i]) * 0x100000001b3u;
		offset += len;
	}
	return len < 0 ? (uint64_t)errno : digest;
}

/* Times are the same only where they were set.  What the kernel does to fifos by itself it tells no
 * filesystem. */
static void see_stat(struct buf *b, const struct stat *st)
{
	const time_t set_before = 1000000000;

	buf_fmt(b, " %o %u:%u %u", st->st_mode, st->st_uid, st->st_gid, (unsigned)st->st_nlink);
	if (!S_ISDIR(st->st_mode))
		buf_fmt(b, " %lld", (long long)st->st_size);
	if (st->st_mtim.tv_sec < set_before && !S_ISFIFO(st->st_mode))
		buf_fmt(b, " m%lld.%ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

static void see_xattr(struct buf *b, const char *path, const char *name)
{
	char value[16] = "";
	ssize_t len = lgetxattr(path, name, value, sizeof(value) - 1);

	if (len >= 0)
		buf_fmt(b, " %s=%s", name, value);
}

static void see_file(struct buf *b, int folder, const char *name)
{
	cleanup_fd int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	buf_fmt(b, " %016" PRIx64, fd < 0 ? (uint64_t)errno : digest_of(fd));
}

static void see_target(struct buf *b, int folder, const char *name)
{
	char target[128];
	ssize_t len = readlinkat(folder, name, target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = '\0';
	buf_fmt(b, " >%s", target);
}

static void see_folder(struct buf *b, int folder, const char *path);

static void see(struct buf *b, int folder, const char *path, const char *name)
{
	cleanup_free char *inner = xasprintf("%s/%s", path, name);
	cleanup_free char *proc = xasprintf("/proc/self/fd/%d/%s", folder, name);
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		err(1, "%s", inner);
	buf_str(b, inner);
	see_stat(b, &st);
	see_xattr(b, proc, "user.one");
	see_xattr(b, proc, "user.two");
	if (S_ISREG(st.st_mode))
		see_file(b, folder, name);
	if (S_ISLNK(st.st_mode))
		see_target(b, folder, name);
	buf_chr(b, '\n');
	if (S_ISDIR(st.st_mode)) {
		cleanup_fd int fd = openat(folder, name, O_RDONLY | O_DIRECTORY);

		if (fd >= 0)
			see_folder(b, fd, inner);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void see_folder(struct buf *b, int folder, const char *path)
{
	DIR *dir = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY));
	char *names[64];
	size_t count = 0;
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") && count < ARRAY_LEN(names))
			names[count++] = xstrdup(d->d_name);
	if (dir)
		closedir(dir);
	qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++) {
		see(b, folder, path, names[i]);
		free(names[i]);
	}
}

static void see_open(struct buf *b, const char *what, int slot, int fd)
{
	struct stat st;

	if (fd < 0)
		return;
	buf_fmt(b, "%s %d", what, slot);
	if (fstat(fd, &st) == 0)
		see_stat(b, &st);
	else
		buf_fmt(b, " %s", strerrorname_np(errno));
	if (S_ISREG(st.st_mode))
		buf_fmt(b, " %016" PRIx64, digest_of(fd));
	buf_chr(b, '\n');
}

/* Who owns the folder itself does not matter. */
static void see_all(struct buf *b, const struct tree *t)
{
	see_folder(b, t->root, "");
	for (int i = 0; i < SLOTS; i++)
		see_open(b, "file", i, t->files[i]);
	for (int i = 0; i < FOLDER_SLOTS; i++)
		see_open(b, "folder", i, t->folders[i]);
}

static bool same_sight(const struct tree *a, const struct tree *b)
{
	cleanup_buf struct buf one = BUF_INIT, other = BUF_INIT;

	see_all(&one, a);
	see_all(&other, b);
	if (one.len == other.len && (!one.len || memcmp(one.data, other.data, one.len) == 0))
		return true;
	printf("--- %s\n%.*s--- %s\n%.*s", a->name, (int)one.len, one.data, b->name, (int)other.len, other.data);
	return false;
}

/* --- all of it ------------------------------------------------------------------------------- */

static struct tree tree_of(const char *path)
{
	struct tree t = { .name = path, .root = open(path, O_RDONLY | O_DIRECTORY) };

	if (t.root < 0)
		err(2, "%s", path);
	for (int i = 0; i < SLOTS; i++)
		t.files[i] = -1;
	for (int i = 0; i < FOLDER_SLOTS; i++)
		t.folders[i] = -1;
	return t;
}

static void describe(const struct step *s, long n)
{
	printf("step %ld: %s by %u: %s%s, %s; slots %d, %d; offset %lld, length %zu, mode %o, umask %o, %d\n", n,
	       s->deed->name, s->user, s->folder < 0 ? "" : "in an open folder: ", s->path, s->other, s->slot,
	       s->other_slot, (long long)s->offset, s->len, s->mode, s->mask, s->which);
}

static bool step(struct tree trees[2], long n, unsigned *succeeded)
{
	struct step s = random_step();
	struct outcome a = done(&trees[0], &s), b = done(&trees[1], &s);
	bool same = a.value == b.value && a.code == b.code;

	*succeeded += a.value >= 0;
	if (same && same_sight(&trees[0], &trees[1]))
		return true;
	describe(&s, n);
	printf("%s: %lld %s; %s: %lld %s\n", trees[0].name, a.value, strerrorname_np(a.code), trees[1].name,
	       b.value, strerrorname_np(b.code));
	return false;
}

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 6)
		errx(2, "usage: model SEED STEPS FOLDER REFERENCE [SOURCE]");
	long steps = atol(argv[2]);
	struct tree trees[] = { tree_of(argv[3]), tree_of(argv[4]) };
	unsigned succeeded = 0;

	seed = strtoull(argv[1], NULL, 10) * 2 + 1;
	signal(SIGPIPE, SIG_IGN);     /* of fifos */
	is_root = geteuid() == 0;
	for (long n = 1; n <= steps; n++)
		if (!step(trees, n, &succeeded)) {
			printf("seed %s: they differ after step %ld\n", argv[1], n);
			return 1;
		}
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < SLOTS; k++)
			keep(&trees[i].files[k], -1);
		for (int k = 0; k < FOLDER_SLOTS; k++)
			keep(&trees[i].folders[k], -1);
	}
	if (argc == 6) {
		struct tree source = tree_of(argv[5]);

		if (!same_sight(&source, &trees[1]))
			return 1;
	}
	printf("seed %s: %ld steps, %u of them succeeded\n", argv[1], steps, succeeded);
	return 0;
}
