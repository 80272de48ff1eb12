/*
 * posix_matrix FOLDER [N]: does each operation to each kind of file, by each kind of path, as each user, in
 * a fresh folder of its own beneath FOLDER, and prints a line of what came of it: the error,
 * and what has changed there, M and C for mtime and ctime.  What a filesystem should say is what another
 * one says: the lines of two folders are compared.  N: only every Nth of some ten thousand cases.
 *
 * As root it acts as three users, else as the caller alone.  Scenes are built first, then all the
 * operations done, so that timestamps between the two differ.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

/* --- users ----------------------------------------------------------------------------------- */

enum { ROOT, ANN, BOB, USERS };
enum { SHARED_GROUP = 61005 };

static const struct user { const char *name; uid_t id; gid_t groups[2]; size_t count; } users[USERS] = {
	[ROOT] = { "root", 0, { 0 }, 1 },
	[ANN] = { "ann", 61001, { 61001, SHARED_GROUP }, 2 },
	[BOB] = { "bob", 61002, { 61002, SHARED_GROUP }, 2 },
};
static bool is_root;

static void become(int user)
{
	const struct user *u = &users[user];

	if (!is_root)
		return;
	if (setgroups(u->count, u->groups) || setresgid(u->groups[0], u->groups[0], u->groups[0]) ||
	    setresuid(u->id, u->id, u->id))
		err(1, "becoming %s", u->name);
}

static void give(const char *path, int user)
{
	if (is_root && lchown(path, users[user].id, users[user].groups[0]) && errno != ENOENT)
		err(1, "chown %s", path);
}

/* --- what the operations are done to --------------------------------------------------------- */

static int put(const char *path, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	return fd < 0 || write(fd, "hello", 5) != 5 || fchmod(fd, mode) ? -1 : 0;
}

static int make_nothing(const char *path) { (void)path; return 0; }
static int make_file(const char *path) { return put(path, 0644); }
static int make_private(const char *path) { return put(path, 0600); }
static int make_common(const char *path) { return put(path, 0666); }
static int make_fixed(const char *path) { return put(path, 0444); }
static int make_none(const char *path) { return put(path, 0); }
static int make_dir(const char *path) { return mkdir(path, 0755); }
static int make_to_file(const char *path) { return symlink("../other", path); }
static int make_to_dir(const char *path) { return symlink("../folder", path); }
static int make_dangling(const char *path) { return symlink("nowhere", path); }
static int make_loop(const char *path) { return symlink("x", path); }
static int make_fifo(const char *path) { return mkfifo(path, 0644); }
static int make_socket(const char *path) { return mknod(path, S_IFSOCK | 0644, 0); }
static int make_device(const char *path) { return mknod(path, S_IFCHR | 0644, makedev(1, 3)); }

/* A new owner takes these bits away, so they are set when the file has its owner. */
static int make_suid(const char *path)
{
	if (put(path, 0666))
		return -1;
	give(path, ANN);
	return chmod(path, 06777);
}

static int make_hard(const char *path)
{
	cleanup_free char *other = xasprintf("%s.hard", path);

	return put(other, 0644) || link(other, path);
}

static int make_full(const char *path)
{
	cleanup_free char *inner = xasprintf("%s/in", path);

	return mkdir(path, 0755) || put(inner, 0644);
}

static const struct object { const char *name; int (*make)(const char *path); bool in_all_ways; } objects[] = {
	{ "nothing", make_nothing, true }, { "file", make_file, true }, { "private", make_private, false },
	{ "common", make_common, false }, { "fixed", make_fixed, false }, { "none", make_none, false },
	{ "suid", make_suid, false }, { "hard", make_hard, false }, { "dir", make_dir, true },
	{ "full", make_full, false }, { "to_file", make_to_file, false }, { "to_dir", make_to_dir, true },
	{ "dangling", make_dangling, false }, { "loop", make_loop, false }, { "fifo", make_fifo, false },
	{ "socket", make_socket, false }, { "device", make_device, false },
};

/* --- by which paths -------------------------------------------------------------------------- */

/* The folder w of the scene, and the path that leads to the object in it. */
static const struct way { const char *name; mode_t mode; int owner; const char *path; } ways[] = {
	{ "plain", 0777, ROOT, "w/x" }, { "owned", 0755, ANN, "w/x" }, { "fixed", 0555, ROOT, "w/x" },
	{ "blind", 0666, ROOT, "w/x" }, { "sticky", 01777, ROOT, "w/x" }, { "bound", 01755, ANN, "w/x" },
	{ "setgid", 02777, BOB, "w/x" }, { "slash", 0777, ROOT, "w/x/" }, { "dot", 0777, ROOT, "w/x/." },
	{ "dotdot", 0777, ROOT, "w/x/.." }, { "under", 0777, ROOT, "w/x/y" },
	{ "missing", 0777, ROOT, "w/no/x" }, { "empty", 0777, ROOT, "" },
};

/* --- the operations -------------------------------------------------------------------------- */

static int opened(const char *path, int flags)
{
	cleanup_fd int fd = open(path, flags | O_NONBLOCK, 0666);

	return fd < 0 ? -1 : 0;
}

static int op_stat(const char *p) { struct stat st; return stat(p, &st); }
static int op_lstat(const char *p) { struct stat st; return lstat(p, &st); }
static int op_statvfs(const char *p) { struct statvfs st; return statvfs(p, &st); }
static int op_exists(const char *p) { return access(p, F_OK); }
static int op_may_read(const char *p) { return access(p, R_OK); }
static int op_may_write(const char *p) { return access(p, W_OK); }
static int op_may_run(const char *p) { return access(p, X_OK); }
static int op_read(const char *p) { return opened(p, O_RDONLY); }
static int op_write(const char *p) { return opened(p, O_WRONLY); }
static int op_trunc(const char *p) { return opened(p, O_WRONLY | O_TRUNC); }
static int op_read_trunc(const char *p) { return opened(p, O_RDONLY | O_TRUNC); }
static int op_creat(const char *p) { return opened(p, O_RDWR | O_CREAT); }
static int op_creat_excl(const char *p) { return opened(p, O_WRONLY | O_CREAT | O_EXCL); }
static int op_creat_trunc(const char *p) { return opened(p, O_WRONLY | O_CREAT | O_TRUNC); }
static int op_creat_nofollow(const char *p) { return opened(p, O_WRONLY | O_CREAT | O_NOFOLLOW); }
static int op_as_dir(const char *p) { return opened(p, O_RDONLY | O_DIRECTORY); }
static int op_creat_dir(const char *p) { return opened(p, O_RDONLY | O_CREAT | O_DIRECTORY); }
static int op_nofollow(const char *p) { return opened(p, O_RDONLY | O_NOFOLLOW); }
static int op_path(const char *p) { return opened(p, O_PATH); }
static int op_path_nofollow(const char *p) { return opened(p, O_PATH | O_NOFOLLOW); }
static int op_noatime(const char *p) { return opened(p, O_RDONLY | O_NOATIME); }
static int op_chmod(const char *p) { return chmod(p, 0640); }
static int op_chmod_suid(const char *p) { return chmod(p, 07755); }
static int op_chmod_none(const char *p) { return chmod(p, 0); }
static int op_chown(const char *p) { return chown(p, users[BOB].id, users[BOB].groups[0]); }
static int op_chown_nobody(const char *p) { return chown(p, (uid_t)-1, (gid_t)-1); }
static int op_chown_self(const char *p) { return chown(p, geteuid(), (gid_t)-1); }
static int op_chgrp(const char *p) { return chown(p, (uid_t)-1, SHARED_GROUP); }
static int op_lchown(const char *p) { return lchown(p, users[ANN].id, SHARED_GROUP); }
static int op_truncate(const char *p) { return truncate(p, 2); }
static int op_truncate_same(const char *p) { return truncate(p, 5); }
static int op_extend(const char *p) { return truncate(p, 100000); }
static int op_truncate_negative(const char *p) { return truncate(p, -1); }
static int op_unlink(const char *p) { return unlink(p); }
static int op_rmdir(const char *p) { return rmdir(p); }
static int op_mkdir(const char *p) { return mkdir(p, 0777); }
static int op_mkdir_all(const char *p) { return mkdir(p, 07777); }
static int op_mkfifo(const char *p) { return mkfifo(p, 0666); }
static int op_mknod(const char *p) { return mknod(p, S_IFREG | 0666, 0); }
static int op_mknod_suid(const char *p) { return mknod(p, S_IFREG | 06777, 0); }
static int op_mksock(const char *p) { return mknod(p, S_IFSOCK | 0666, 0); }
static int op_mkdev(const char *p) { return mknod(p, S_IFCHR | 0666, makedev(1, 3)); }
static int op_mkblock(const char *p) { return mknod(p, S_IFBLK | 0666, makedev(7, 99)); }
static int op_symlink(const char *p) { return symlink("target", p); }
static int op_symlink_empty(const char *p) { return symlink("", p); }
static int op_link_to(const char *p) { return link("other", p); }
static int op_link_from(const char *p) { return link(p, "w/new"); }
static int op_link_follow(const char *p) { return linkat(AT_FDCWD, p, AT_FDCWD, "w/new", AT_SYMLINK_FOLLOW); }
static int op_rename_from(const char *p) { return rename(p, "w/new"); }
static int op_rename_out(const char *p) { return rename(p, "folder/new"); }
static int op_rename_to(const char *p) { return rename("other", p); }
static int op_rename_dir_to(const char *p) { return rename("folder", p); }
static int op_rename_self(const char *p) { return rename(p, p); }
static int op_rename_into(const char *p) { cleanup_free char *in = xasprintf("%s/in", p); return rename(p, in); }
static int op_exchange(const char *p) { return renameat2(AT_FDCWD, p, AT_FDCWD, "other", RENAME_EXCHANGE); }
static int op_noreplace(const char *p) { return renameat2(AT_FDCWD, "other", AT_FDCWD, p, RENAME_NOREPLACE); }
static int op_rename_badly(const char *p) { return renameat2(AT_FDCWD, "other", AT_FDCWD, p, RENAME_NOREPLACE | RENAME_EXCHANGE); }
static int op_chdir(const char *p) { return chdir(p); }
static int op_setxattr(const char *p) { return setxattr(p, "user.a", "v", 1, 0); }
static int op_lsetxattr(const char *p) { return lsetxattr(p, "user.a", "v", 1, 0); }
static int op_setxattr_replace(const char *p) { return setxattr(p, "user.a", "v", 1, XATTR_REPLACE); }
static int op_setxattr_trusted(const char *p) { return setxattr(p, "trusted.a", "v", 1, 0); }
static int op_setxattr_system(const char *p) { return setxattr(p, "system.unheard", "v", 1, 0); }
static int op_setxattr_nameless(const char *p) { return setxattr(p, "nameless", "v", 1, 0); }
static int op_getxattr(const char *p) { char v[8]; return getxattr(p, "user.a", v, sizeof(v)) < 0 ? -1 : 0; }
static int op_listxattr(const char *p) { char v[512]; return listxattr(p, v, sizeof(v)) < 0 ? -1 : 0; }
static int op_removexattr(const char *p) { return removexattr(p, "user.a"); }

static int op_append(const char *p)
{
	cleanup_fd int fd = open(p, O_WRONLY | O_APPEND | O_NONBLOCK);

	return fd < 0 || write(fd, "more", 4) != 4 ? -1 : 0;
}

static int op_overwrite(const char *p)
{
	cleanup_fd int fd = open(p, O_RDWR | O_NONBLOCK);

	return fd < 0 || pwrite(fd, "J", 1, 0) != 1 ? -1 : 0;
}

/* A handle that may write does so whatever becomes of the file's mode. */
static int op_write_without_mode(const char *p)
{
	cleanup_fd int fd = open(p, O_RDWR | O_NONBLOCK);

	return fd < 0 || fchmod(fd, 0) || ftruncate(fd, 1) || pwrite(fd, "J", 1, 0) != 1 ? -1 : 0;
}

static int op_tmpfile(const char *p)
{
	cleanup_fd int fd = open(p, O_TMPFILE | O_RDWR, 0600);

	/* Who has no such files says so, whatever the folder. */
	return fd < 0 && errno != EOPNOTSUPP ? -1 : 0;
}

static int op_readlink(const char *p)
{
	char target[PATH_MAX];

	return readlink(p, target, sizeof(target)) < 0 ? -1 : 0;
}

static int op_list(const char *p)
{
	DIR *dir = opendir(p);

	return dir ? closedir(dir) : -1;
}

static int touched(const char *p, struct timespec atime, struct timespec mtime, int flags)
{
	const struct timespec times[] = { atime, mtime };

	return utimensat(AT_FDCWD, p, times, flags);
}

static const struct timespec now = { .tv_nsec = UTIME_NOW }, omit = { .tv_nsec = UTIME_OMIT };
static const struct timespec then = { .tv_sec = 1000000000, .tv_nsec = 123456789 };

static int op_touch(const char *p) { return utimensat(AT_FDCWD, p, NULL, 0); }
static int op_touch_now(const char *p) { return touched(p, now, now, 0); }
static int op_touch_mtime(const char *p) { return touched(p, omit, now, 0); }
static int op_touch_omit(const char *p) { return touched(p, omit, omit, 0); }
static int op_touch_then(const char *p) { return touched(p, then, then, 0); }
static int op_touch_link(const char *p) { return touched(p, then, then, AT_SYMLINK_NOFOLLOW); }
static int op_touch_badly(const char *p) { return touched(p, then, (struct timespec){ .tv_nsec = 1000000000 }, 0); }

static int op_bind(const char *p)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, p, sizeof(address.sun_path) - 1);
	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

#define OP(name) { #name, op_##name }
static const struct op { const char *name; int (*fn)(const char *path); } ops[] = {
	OP(stat), OP(lstat), OP(statvfs), OP(exists), OP(may_read), OP(may_write), OP(may_run), OP(read), OP(write),
	OP(trunc), OP(read_trunc), OP(creat), OP(creat_excl), OP(creat_trunc), OP(creat_nofollow), OP(as_dir),
	OP(creat_dir), OP(nofollow), OP(path), OP(path_nofollow), OP(noatime), OP(append), OP(overwrite),
	OP(write_without_mode), OP(tmpfile), OP(chmod), OP(chmod_suid), OP(chmod_none), OP(chown), OP(chown_nobody),
	OP(chown_self), OP(chgrp), OP(lchown), OP(truncate), OP(truncate_same), OP(extend), OP(truncate_negative),
	OP(touch), OP(touch_now), OP(touch_mtime), OP(touch_omit), OP(touch_then), OP(touch_link), OP(touch_badly),
	OP(unlink), OP(rmdir), OP(mkdir), OP(mkdir_all), OP(mkfifo), OP(mknod), OP(mknod_suid), OP(mksock),
	OP(mkdev), OP(mkblock), OP(bind), OP(symlink), OP(symlink_empty), OP(readlink), OP(link_to), OP(link_from),
	OP(link_follow), OP(rename_from), OP(rename_out), OP(rename_to), OP(rename_dir_to), OP(rename_self),
	OP(rename_into), OP(exchange), OP(noreplace), OP(rename_badly), OP(list), OP(chdir), OP(setxattr),
	OP(lsetxattr), OP(setxattr_replace), OP(setxattr_trusted), OP(setxattr_system), OP(setxattr_nameless),
	OP(getxattr), OP(listxattr), OP(removexattr),
};

/* --- a case ---------------------------------------------------------------------------------- */

/* The second object stands where the operation's first argument is taken from or goes to. */
struct test {
	const struct op *op;
	const struct object *object, *second;
	const struct way *way;
	int user;
};

static void enter(int base, int n)
{
	cleanup_free char *name = xasprintf("c%d", n);
	cleanup_fd int fd = openat(base, name, O_RDONLY | O_DIRECTORY);

	if (fd < 0 || fchdir(fd))
		err(1, "%s", name);
}

static void make_object(const struct object *o, const char *path)
{
	if (o->make(path) && errno != EPERM)
		err(1, "making %s", o->name);
	if (o->make != make_suid)
		give(path, ANN);
}

/* What stands there, by relative path. */
struct seen { char *path; struct stat st; char target[64]; };
struct view { struct seen entries[32]; size_t count; };

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

static void look_at(struct view *v, const char *path);

static void look_into(struct view *v, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		cleanup_free char *inner = xasprintf("%s/%s", path, d->d_name);

		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			look_at(v, inner);
	}
	if (dir)
		closedir(dir);
}

static void look_at(struct view *v, const char *path)
{
	struct seen *s = &v->entries[v->count];
	ssize_t len;

	if (v->count == ARRAY_LEN(v->entries))
		errx(1, "too much stands in a scene");
	if (lstat(path, &s->st))
		return;                       /* in a folder that this user may not enter */
	v->count++;
	s->path = xstrdup(path);
	len = readlink(path, s->target, sizeof(s->target) - 1);
	s->target[len < 0 ? 0 : len] = '\0';
	if (S_ISDIR(s->st.st_mode))
		look_into(v, path);
}

static void look(struct view *v)
{
	v->count = 0;
	look_at(v, ".");
	qsort(v->entries, v->count, sizeof(*v->entries), by_path);
}

static void forget(struct view *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->entries[i].path);
}

/* Whatever is renamed over what keeps its mtime, and all of them have the same. */
static void age(void)
{
	const struct timespec times[] = { { .tv_sec = 900000000 }, { .tv_sec = 900000000 } };
	struct view v;

	look(&v);
	for (size_t i = 0; i < v.count; i++)
		if (utimensat(AT_FDCWD, v.entries[i].path, times, AT_SYMLINK_NOFOLLOW))
			err(1, "utimensat %s", v.entries[i].path);
	forget(&v);
}

static void build(int base, int n, const struct test *t)
{
	cleanup_free char *name = xasprintf("c%d", n);

	if (mkdirat(base, name, 0777) || fchmodat(base, name, 0777, 0))
		err(1, "%s", name);
	enter(base, n);
	if (mkdir("w", 0777) || make_dir("folder") || make_file("folder/in"))
		err(1, "building %s", name);
	give("folder", ANN);
	make_object(t->second, "other");
	make_object(t->object, "w/x");
	give("w", t->way->owner);
	age();
	if (chmod("w", t->way->mode))
		err(1, "chmod w");
}

/* The same file, under this name if it has several. */
static const struct seen *same_file(const struct view *v, const struct seen *s)
{
	const struct seen *found = NULL;

	for (size_t i = 0; i < v->count; i++)
		if (v->entries[i].st.st_ino == s->st.st_ino && (!found || strcmp(v->entries[i].path, s->path) == 0))
			found = &v->entries[i];
	return found;
}

static const struct seen *of_path(const struct view *v, const char *path)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->entries[i].path, path) == 0)
			return &v->entries[i];
	return NULL;
}

static bool differ(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

static bool is_then(struct timespec ts)
{
	return !differ(ts, then);
}

static bool is_as_before(const struct seen *s, const struct seen *was)
{
	const struct stat *a = &s->st, *b = &was->st;

	return strcmp(s->path, was->path) == 0 && a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_nlink == b->st_nlink && a->st_size == b->st_size && a->st_rdev == b->st_rdev &&
	       !differ(a->st_mtim, b->st_mtim) && !differ(a->st_ctim, b->st_ctim) &&
	       is_then(a->st_atim) == is_then(b->st_atim) && strcmp(s->target, was->target) == 0;
}

static void say(const struct seen *s, const struct seen *was)
{
	if (was && is_as_before(s, was))
		return;
	printf(" %s %o %u:%u %u %lld", s->path, s->st.st_mode, s->st.st_uid, s->st.st_gid,
	       (unsigned)s->st.st_nlink, (long long)s->st.st_size);
	if (s->st.st_rdev)
		printf(" %u,%u", major(s->st.st_rdev), minor(s->st.st_rdev));
	if (*s->target)
		printf(" >%s", s->target);
	if (!was)
		printf(" +");
	else
		printf(" %s%s", differ(s->st.st_mtim, was->st.st_mtim) ? "M" : "",
		       differ(s->st.st_ctim, was->st.st_ctim) ? "C" : "");
	printf("%s%s;", is_then(s->st.st_atim) ? "a" : "", is_then(s->st.st_mtim) ? "m" : "");
}

/* In a child, with the rights of that user.  Returns the errno. */
static int done(const struct test *t)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		umask(022);
		become(t->user);
		_exit(t->op->fn(t->way->path) ? errno : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		errx(1, "%s died", t->op->name);
	return WEXITSTATUS(status);
}

static void run(int base, int n, const struct test *t)
{
	struct view before, after;
	int code;

	enter(base, n);
	look(&before);
	code = done(t);
	look(&after);
	printf("%s %s", t->op->name, t->object->name);
	if (t->second->make != make_file)
		printf("+%s", t->second->name);
	printf(" %s %s: %s:", t->way->name, users[t->user].name, code ? strerrorname_np(code) : "ok");
	for (size_t i = 0; i < after.count; i++)
		say(&after.entries[i], same_file(&before, &after.entries[i]));
	for (size_t i = 0; i < before.count; i++)
		if (!of_path(&after, before.entries[i].path))
			printf(" -%s;", before.entries[i].path);
	putchar('\n');
	forget(&before);
	forget(&after);
}

/* --- all of them ----------------------------------------------------------------------------- */

static struct test *tests;
static int number, candidates, every = 1;

static void add(const struct op *op, const struct object *object, const struct object *second,
                const struct way *way, int user)
{
	if (candidates++ % every)
		return;
	tests = xrealloc(tests, (size_t)(number + 1) * sizeof(*tests));
	tests[number++] = (struct test){ op, object, second, way, user };
}

static void add_for_users(const struct op *op, const struct object *object, const struct object *second,
                          const struct way *way)
{
	for (int user = 0; user < (is_root ? USERS : 1); user++)
		add(op, object, second, way, user);
}

static bool takes_two(const struct op *op)
{
	return op->fn == op_rename_to || op->fn == op_noreplace || op->fn == op_exchange || op->fn == op_link_to;
}

static const struct object *const file = &objects[1];

static void add_all(const struct op *op)
{
	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t o = 0; o < ARRAY_LEN(objects); o++)
			if (w == 0 || objects[o].in_all_ways)
				add_for_users(op, &objects[o], file, &ways[w]);
	for (size_t o = 0; takes_two(op) && o < ARRAY_LEN(objects); o++)
		for (size_t s = 0; s < ARRAY_LEN(objects); s++)
			if (&objects[s] != file)
				add(op, &objects[o], &objects[s], &ways[0], is_root ? ANN : 0);
}

int main(int argc, char **argv)
{
	int base = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (base < 0)
		errx(2, "usage: posix_matrix FOLDER [N]");
	every = argc == 3 ? atoi(argv[2]) : 1;
	if (every < 1)
		errx(2, "%s is no number of cases", argv[2]);
	is_root = geteuid() == 0;
	umask(0);
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		add_all(&ops[i]);
	for (int n = 0; n < number; n++)
		build(base, n, &tests[n]);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	for (int n = 0; n < number; n++)
		run(base, n, &tests[n]);
	fprintf(stderr, "%d cases\n", number);
	return fflush(stdout) ? 1 : 0;
}
