#include "mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* --- mountinfo (proc_pid_mountinfo(5)) ------------------------------------------------------- */

/* `\040` and the like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned code;
		int used = 0;

		if (*s == '\\' && sscanf(s, "\\%3o%n", &code, &used) == 1 && used == 4) {
			*to++ = (char)code;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static char *unescaped_field(const char *s, size_t len)
{
	char *copy = xstrndup(s, len);

	unescape(copy);
	return copy;
}

/* `id parent major:minor root path options tags… - type source options` */
static bool parse_entry(const char *line, struct mount_entry *e)
{
	enum { LEADING = 5 };
	unsigned major_number, minor_number;
	const char *field[LEADING], *c = line;

	for (int i = 0; i < LEADING; i++) {
		field[i] = c;
		c = strchr(c, ' ');
		if (!c)
			return false;
		c++;
	}
	const char *path_end = c - 1;
	const char *tail = strstr(path_end, " - ");
	if (!tail || sscanf(field[2], "%u:%u", &major_number, &minor_number) != 2)
		return false;
	const char *type = tail + 3, *source = strchr(type, ' ');
	if (!source)
		return false;
	source++;
	const char *source_end = source + strcspn(source, " \n");
	const char *options = source_end + strspn(source_end, " ");
	*e = (struct mount_entry){
		.path = unescaped_field(field[4], (size_t)(path_end - field[4])),
		.type = unescaped_field(type, (size_t)(source - 1 - type)),
		.source = unescaped_field(source, (size_t)(source_end - source)),
		.options = unescaped_field(options, strcspn(options, " \n")),
		.dev = makedev(major_number, minor_number),
	};
	return true;
}

void mounts_read(struct mounts *m)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;

	*m = (struct mounts){ 0 };
	while (f && getline(&line, &cap, f) > 0) {
		struct mount_entry e;

		if (!parse_entry(line, &e))
			continue;
		m->entries = xrealloc(m->entries, (m->count + 1) * sizeof(e));
		m->entries[m->count++] = e;
	}
	free(line);
	if (f)
		fclose(f);
}

void mounts_release(struct mounts *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->entries[i].path);
		free(m->entries[i].type);
		free(m->entries[i].source);
		free(m->entries[i].options);
	}
	free(m->entries);
	*m = (struct mounts){ 0 };
}

const struct mount_entry *mounts_at(const struct mounts *m, const char *path)
{
	for (size_t i = m->count; i-- > 0;)
		if (!strcmp(m->entries[i].path, path))
			return &m->entries[i];
	return NULL;
}

const struct mount_entry *mounts_covering(const struct mounts *m, const char *path)
{
	const struct mount_entry *best = NULL;

	for (size_t i = 0; i < m->count; i++) {
		const struct mount_entry *e = &m->entries[i];

		if (path_is_below(path, e->path) && (!best || strlen(e->path) >= strlen(best->path)))
			best = e;
	}
	return best;
}

const struct mount_entry *mounts_of_source(const struct mounts *m, const char *source)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->entries[i].type, EASELFS_TYPE) && !strcmp(m->entries[i].source, source))
			return &m->entries[i];
	return NULL;
}

const struct mount_entry *mounts_of_dev(const struct mounts *m, dev_t dev)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].dev == dev)
			return &m->entries[i];
	return NULL;
}

/* --- paths ----------------------------------------------------------------------------------- */

bool path_is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len && folder[len - 1] == '/')
		return str_starts_with(path, folder);
	return str_starts_with(path, folder) && (path[len] == '\0' || path[len] == '/');
}

static char *join(const char *folder, const char *name)
{
	return xasprintf("%s%s%s", folder, str_ends_with(folder, "/") ? "" : "/", name);
}

/* What a symlink says, relative to the folder that it is in; NULL if it is none. */
static char *link_target(const char *folder, const char *path)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return NULL;
	target[len] = '\0';
	return *target == '/' ? xstrdup(target) : join(folder, target);
}

static char *resolve(const char *given, int depth, struct error *err);

/* Follows `folder/name` if that is a symlink. */
static char *resolve_last(const char *folder, const char *name, int depth, struct error *err)
{
	char *path = join(folder, name);
	cleanup_free char *target = link_target(folder, path);

	if (!target)
		return path;
	free(path);
	return resolve(target, depth + 1, err);
}

static char *resolve(const char *given, int depth, struct error *err)
{
	enum { LINKS_MAX = 40 };
	cleanup_free char *path = xstrdup(given);
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	if (depth > LINKS_MAX) {
		error_set(err, ELOOP, NULL, "\"%s\" cannot be resolved: too many levels", given);
		return NULL;
	}
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		char *whole = realpath(*path ? path : ".", NULL);

		if (!whole)
			error_set(err, errno, NULL, "\"%s\" cannot be resolved: %s", given, strerror(errno));
		return whole;
	}
	cleanup_free char *above = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
	cleanup_free char *folder = realpath(above, NULL);
	if (!folder && errno == ENOENT && slash && slash != path)
		folder = resolve(above, depth, err);
	if (!folder) {
		error_set(err, errno, NULL, "\"%s\" cannot be resolved: %s", given, strerror(errno));
		return NULL;
	}
	return resolve_last(folder, name, depth, err);
}

char *path_resolve(const char *given, struct error *err)
{
	return resolve(given, 0, err);
}

/* --- looking --------------------------------------------------------------------------------- */

enum standing mountpoint_look(const char *path, pid_t *pid)
{
	cleanup_mounts struct mounts mounts;
	char value[32] = "";

	*pid = 0;
	mounts_read(&mounts);
	const struct mount_entry *e = mounts_at(&mounts, path);
	if (!e || strcmp(e->type, EASELFS_TYPE))
		return STANDS_NOTHING;
	/* Attributes may come from a cache that outlived the daemon; this is always asked. */
	ssize_t len = getxattr(path, "user.easelfs.pid", value, sizeof(value) - 1);
	if (len < 0)
		return errno == ENOTCONN || errno == ECONNABORTED ? STANDS_DEAD : STANDS_LIVE;
	*pid = (pid_t)strtol(value, NULL, 10);
	return STANDS_LIVE;
}

/* --- unmounting ------------------------------------------------------------------------------ */

/* Runs it with standard error in a pipe; its exit status as of waitpid(2), or -errno. */
static int run_collecting(char *const argv[], struct buf *said)
{
	extern char **environ;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	char chunk[512];
	int ends[2], status;
	ssize_t n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawnp(&child, argv[0], &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	close(ends[1]);
	while (!rc && (n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_add(said, chunk, (size_t)n);
	close(ends[0]);
	if (rc)
		return -rc;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

static int unmount_by_helper(const char *path, bool lazy, struct error *err)
{
	char *argv[] = { (char *)"fusermount3", (char *)(lazy ? "-uz" : "-u"), (char *)"--", (char *)path, NULL };
	cleanup_buf struct buf said = BUF_INIT;
	int status = run_collecting(argv, &said);

	if (!status)
		return 0;
	if (status == -ENOENT)
		return error_set(err, ENOENT, "install the package fuse3", "fusermount3, which unmounts, is not installed");
	if (status < 0)
		return error_set(err, -status, NULL, "fusermount3 cannot be run: %s", strerror(-status));
	const char *why = said.data ? said.data : "";
	if (strstr(why, "busy"))
		return error_set(err, EBUSY, NULL, "%s is in use", path);
	why += strspn(why, " \n");
	size_t len = strcspn(why, "\n");
	return error_set(err, EPERM, NULL, "%s cannot be unmounted: %.*s", path, (int)len, why);
}

int mountpoint_unmount(const char *path, bool lazy, struct error *err)
{
	if (!umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)))
		return 0;
	switch (errno) {
	case EPERM:
		return unmount_by_helper(path, lazy, err);
	case EBUSY:
		return error_set(err, EBUSY, NULL, "%s is in use", path);
	case EINVAL:
		return error_set(err, EINVAL, NULL, "nothing is mounted at %s", path);
	default:
		return error_set(err, errno, NULL, "%s cannot be unmounted: %s", path, strerror(errno));
	}
}
