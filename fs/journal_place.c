#include "journal_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
#include "kill.h"
#include "mountpoint.h"
#include "store.h"

bool source_is_remote(const struct fs *fs)
{
	static const char *const types[] = {
		"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "ncpfs", "glusterfs",
		"fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.davfs", "fuse.glusterfs",
	};
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *e = mounts_of_dev(&mounts, fs->source_dev);
	for (size_t i = 0; e && i < ARRAY_LEN(types); i++)
		if (!strcmp(e->type, types[i]))
			return true;
	return false;
}

/* Makes every missing folder of an absolute path. */
static int make_folders(const char *path)
{
	cleanup_free char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* The folder's descriptor, or -errno. */
static int open_state_folder(const char *source, struct error *err)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	uint8_t hash[32];
	char hex[65];

	sha256_bytes(source, strlen(source), hash);
	hex_encode(hash, sizeof(hash), hex);
	cleanup_free char *folder = base && *base == '/'
		? xasprintf("%s/easelfs/%.32s", base, hex)
		: xasprintf("%s/.local/state/easelfs/%.32s", home ? home : "", hex);
	int rc = make_folders(folder);
	int fd = rc ? rc : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		fd = -errno;
	if (fd < 0)
		return error_set(err, -fd, "set XDG_STATE_HOME to a folder on a local disk",
		                 "the journal of a source on a network filesystem cannot be kept in %s: %s", folder,
		                 strerror(-fd));
	log_info("the source is on a network filesystem: its journal is kept in %s", folder);
	return fd;
}

/* A name that nothing has yet, for the file and for what lies beside it; the caller frees. */
static char *free_name(int dir)
{
	char stamp[32];
	struct stat st;
	struct tm tm;
	time_t now = time(NULL);

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (unsigned again = 1;; again++) {
		char *name = again == 1 ? xasprintf("journal.db.damaged-%s", stamp)
		                        : xasprintf("journal.db.damaged-%s-%u", stamp, again);

		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			return name;
		free(name);
	}
}

/* The log beside it must go along: SQLite would replay it into the new file. */
static int set_aside(int dir, char **kept, struct error *err)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	cleanup_free char *base = free_name(dir);

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		cleanup_free char *from = xasprintf("journal.db%s", tails[i]);
		cleanup_free char *to = xasprintf("%s%s", base, tails[i]);

		kill_point(BEFORE_SET_ASIDE);
		int rc = renameat(dir, from, dir, to) ? errno : 0;
		kill_point(AFTER_SET_ASIDE);
		if (rc && rc != ENOENT)
			return error_set(err, rc, NULL, "the damaged journal cannot be set aside as %s: %s", to,
			                 strerror(rc));
	}
	kill_point(BEFORE_SET_ASIDE_SYNC);
	fsync(dir);
	kill_point(AFTER_SET_ASIDE_SYNC);
	*kept = steal_pointer(&base);
	return 0;
}

static void say_set_aside(const char *kept)
{
	log_error("the journal was damaged: it is kept as .easelfs/%s, and a new one is begun. What was sent before is not "
	          "known any more, so every prompt is held; pictures stay. Look at them, then: easelfs release", kept);
}

/* Where it lies: *own is to be closed if it is not -1. */
static int folder_of(struct fs *fs, int *own, struct error *err)
{
	*own = -1;
	if (!source_is_remote(fs))
		return fs->store.dir;
	*own = open_state_folder(fs->source, err);
	return *own;
}

int journal_place_open(struct fs *fs, struct journal **out, struct journal_opened *opened, char **kept,
                       struct error *err)
{
	cleanup_error struct error damage = ERROR_INIT;
	cleanup_fd int own = -1;
	int dir = folder_of(fs, &own, err);

	*kept = NULL;
	if (dir < 0)
		return dir;
	int rc = journal_open_sqlite(dir, out, opened, &damage);
	if (rc != -EUCLEAN) {
		error_move(err, &damage);
		return rc;
	}
	rc = set_aside(dir, kept, err);
	if (rc == 0)
		rc = journal_open_sqlite(dir, out, opened, err);
	if (rc == 0)
		say_set_aside(*kept);
	return rc;
}

int journal_place_anew(struct fs *fs, struct journal *damaged, struct journal **out, char **kept,
                       struct error *err)
{
	struct journal_opened opened;
	cleanup_fd int own = -1;
	int dir = folder_of(fs, &own, err);

	if (dir < 0)
		return dir;
	/* The old one has its files open, whatever they are called; it leaves them as they are. */
	int rc = set_aside(dir, kept, err);
	if (rc == 0)
		rc = journal_open_sqlite(dir, out, &opened, err);
	if (rc < 0)
		return rc;
	damaged->close(damaged);
	say_set_aside(*kept);
	return 0;
}

char *journal_place_host(void)
{
	cleanup_fd int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	char id[33] = "", name[256] = "";
	ssize_t n = fd >= 0 ? read(fd, id, sizeof(id) - 1) : 0;

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, " \n")] = '\0';
	if (gethostname(name, sizeof(name) - 1) || !*name)
		strcpy(name, "localhost");
	return xasprintf("%s %s", *id ? id : name, name);
}
