#include "journal_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"
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
		: xasprintf("%s/.local/state/easelfs/%.32s", home && *home == '/' ? home : "/root", hex);
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

/* The log beside it must go along: SQLite would replay it into the new file. */
static int set_aside(int dir, struct error *err)
{
	static const char *const parts[] = { "journal.db", "journal.db-wal", "journal.db-shm" };
	static const char *const tails[] = { "", "-wal", "-shm" };
	char stamp[32];
	struct tm tm;
	time_t now = time(NULL);

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		cleanup_free char *name = xasprintf("journal.db.damaged-%s%s", stamp, tails[i]);

		if (renameat(dir, parts[i], dir, name) && errno != ENOENT)
			return error_set(err, errno, NULL, "the damaged journal cannot be set aside as %s: %s", name,
			                 strerror(errno));
	}
	fsync(dir);
	log_error("the journal was damaged; it is kept as journal.db.damaged-%s, and a new one is begun: "
	          "all prompts are held until \"easelfs release\"", stamp);
	return 0;
}

int journal_place_open(struct fs *fs, struct journal **out, struct journal_opened *opened,
                       struct error *err)
{
	cleanup_error struct error damage = ERROR_INIT;
	cleanup_fd int elsewhere = -1;
	int dir = fs->store.dir;

	if (source_is_remote(fs)) {
		elsewhere = open_state_folder(fs->source, err);
		if (elsewhere < 0)
			return elsewhere;
		dir = elsewhere;
	}
	int rc = journal_open_sqlite(dir, out, opened, &damage);
	if (rc == -EUCLEAN) {
		rc = set_aside(dir, err);
		return rc ? rc : journal_open_sqlite(dir, out, opened, err);
	}
	error_move(err, &damage);
	return rc;
}
