#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "fs.h"
#include "means.h"
#include "mountpoint.h"
#include "sandbox_run.h"
#include "serve.h"
#include "service.h"

/* How long a lock is waited for. */
enum { LOCK_MS = 3000 };

struct mounting {
	struct fs fs;
	const struct mount_request *asked;
	bool beneath;                 /* the shell stands where the mount comes */
	struct sandbox sandbox;
	int lock;
	int report;                   /* pipe to the parent; -1 in the foreground */
};

/* --- looking before opening ------------------------------------------------------------------ */

static int check_folder(const char *path, struct error *err)
{
	struct stat st;

	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return error_set(err, ENOTDIR, "name a folder", "%s is no folder", path);
	}
	if (errno == ENOENT) {
		cleanup_free char *hint = xasprintf("mkdir -p '%s'", path);

		return error_set(err, ENOENT, hint, "there is no folder %s", path);
	}
	return error_set(err, errno, NULL, "%s cannot be reached: %s", path, strerror(errno));
}

/* Whether the live mount there serves something else than what was asked for. */
static bool serves_another(const char *mountpoint, const char *source)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *e = mounts_at(&mounts, mountpoint);
	return e && *e->source == '/' && strcmp(e->source, source) != 0;
}

static int refuse_live(const struct mounting *m, pid_t pid, struct error *err)
{
	const char *path = m->fs.mountpoint;

	if (!pid)
		return error_set(err, EBUSY, "ask its user, or mount elsewhere",
		                 "another user's easelfs is mounted at %s", path);
	if (m->asked->source && serves_another(path, m->fs.source))
		return error_set(err, EBUSY, "unmount it first: easelfs unmount",
		                 "an easelfs of another folder is mounted at %s (PID %d)", path, (int)pid);
	return 0;
}

/* 1: what was asked for stands there already.  0: it can be mounted; dead mounts have been removed. */
static int look_before(struct mounting *m, struct error *err)
{
	const char *path = m->fs.mountpoint;
	pid_t pid;

	for (;;)
		switch (mountpoint_look(path, &pid)) {
		case STANDS_NOTHING:
			return 0;
		case STANDS_LIVE: {
			int rc = refuse_live(m, pid, err);

			if (!rc)
				printf("already mounted by PID %d\n", (int)pid);
			if (!rc && *m->asked->dash_o)
				fprintf(stderr, "easelfs: its options stay as they were; unmount it first to change them\n");
			return rc ? rc : 1;
		}
		case STANDS_DEAD: {
			/* What could be said of the folder, it hides. */
			if (m->asked->fake)
				return 1;
			int rc = mountpoint_unmount(path, true, err);

			/* Its broker may have been faster. */
			if (rc && mountpoint_look(path, &pid) != STANDS_DEAD) {
				error_clear(err);
				break;
			}
			if (rc)
				return rc;
			log_info("a mount at %s whose daemon was gone has been removed", path);
			break;
		}
		}
}

static int resolve_paths(struct mounting *m, struct error *err)
{
	const struct mount_request *asked = m->asked;

	/* mount.fuse3(8) with drop_privileges has mounted by then. */
	if (str_starts_with(asked->mountpoint, "/dev/fd/"))
		return error_set(err, EINVAL, "leave the option drop_privileges out",
		                 "a mount that another program has made cannot be served");
	m->fs.mountpoint = path_resolve(asked->mountpoint, err);
	if (!m->fs.mountpoint)
		return -EINVAL;
	m->fs.source = asked->source ? path_resolve(asked->source, err) : xstrdup(m->fs.mountpoint);
	return m->fs.source ? 0 : -EINVAL;
}

static bool stands_at_or_below(const char *where, const char *folder)
{
	return where && *where == '/' && path_is_below(where, folder);
}

static void notice_shell(struct mounting *m)
{
	cleanup_free char *here = getcwd(NULL, 0);

	m->beneath = stands_at_or_below(here, m->fs.mountpoint) ||
		stands_at_or_below(getenv("PWD"), m->fs.mountpoint);
}

/* --- the source ------------------------------------------------------------------------------ */

static size_t count_mounts_at(const struct mounts *mounts, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < mounts->count; i++)
		count += !strcmp(mounts->entries[i].path, path);
	return count;
}

/* An automounter's that has started us to mount there, or somewhere else: to us it mounts nothing meanwhile. */
static bool waits_for_us(const struct mount_entry *e)
{
	const char *group = strcmp(e->type, "autofs") ? NULL : strstr(e->options, "pgrp=");

	return group && strtol(group + strlen("pgrp="), NULL, 10) == getpgrp();
}

static int check_automounter(const struct fs *fs, const struct mounts *mounts, const struct mount_entry *on,
                             struct error *err)
{
	if (!on || !waits_for_us(on))
		return 0;
	if (strcmp(on->path, fs->mountpoint)) {
		cleanup_free char *hint = xasprintf("have it mounted before: x-systemd.requires-mounts-for=%s", on->path);

		return error_set(err, EBUSY, hint, "%s is not mounted yet, and its automounter waits for this mount",
		                 on->path);
	}
	if (strcmp(fs->source, fs->mountpoint))
		return error_set(err, EINVAL, "mount it elsewhere", "the source %s lies below the mountpoint %s",
		                 fs->source, fs->mountpoint);
	/* Of several at the same place only the uppermost can be left out. */
	if (count_mounts_at(mounts, on->path) > 1)
		return error_set(err, EBUSY, "mount it elsewhere, or leave x-systemd.automount out",
		                 "another filesystem is mounted at %s, and an automounter covers it", on->path);
	return 0;
}

static int check_places(const struct fs *fs, struct error *err)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *on = mounts_covering(&mounts, fs->source);
	int rc = check_automounter(fs, &mounts, on, err);
	if (rc)
		return rc;
	if (on && !strcmp(on->type, EASELFS_TYPE))
		return error_set(err, EINVAL, "mount the folder itself, or another one",
		                 "%s lies in an easelfs mount, at %s", fs->source, on->path);
	if (strcmp(fs->source, fs->mountpoint) && path_is_below(fs->mountpoint, fs->source))
		return error_set(err, EINVAL, "mount it over itself (one argument), or outside of it",
		                 "%s lies in the source %s, which would then contain itself", fs->mountpoint,
		                 fs->source);
	return 0;
}

/* What the daemon itself needs to run, and could only get from itself: it would wait for itself for ever. */
static int check_system(const struct fs *fs, struct error *err)
{
	static const char *const folders[] = { "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc",
	                                       "/run", "/sbin", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/share", "/var" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (!strcmp(fs->mountpoint, folders[i]))
			return error_set(err, EINVAL, "choose a folder that is for pictures",
			                 "%s is part of the system, which cannot be served while it is needed", folders[i]);
	return 0;
}

/* The mount shows folders of its own under these names. */
static int check_names(const struct fs *fs, struct error *err)
{
	static const char *const names[] = { "status", "wait", "ask" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!fstatat(fs->source_fd, names[i], &st, AT_SYMLINK_NOFOLLOW))
			return error_set(err, EEXIST, "rename it, or choose another folder",
			                 "%s has a \"%s\" of its own, which the mount would hide", fs->source, names[i]);
	return 0;
}

/*
 * Whoever mounts this wants pictures, and there would be no place for one, nor for the journal that keeps
 * it from being paid for twice.  So it is refused; the folder can be read without us.
 */
static int check_writable(const struct fs *fs, struct error *err)
{
	struct stat st;

	if (!faccessat(fs->source_fd, ".", W_OK | X_OK, AT_EACCESS))
		return 0;
	if (errno == EROFS)
		return error_set(err, EROFS, "make that filesystem writable (mount -o remount,rw), or copy the folder",
		                 "%s is on a read-only filesystem, and its pictures and journal could not be kept there",
		                 fs->source);
	/* One that was served before may have all it needs in it. */
	if (errno != EACCES || !fstatat(fs->source_fd, ".easelfs", &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	return error_set(err, EACCES, "let its owner allow it, or copy the folder to a place of yours",
	                 "you may not write in %s, and its pictures and journal could not be kept there", fs->source);
}

/* The folder that an automounter has covered: a copy of the mount that it is on has none of those that are on it. */
static int open_covered(const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *above = xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	cleanup_fd int tree = (int)syscall(SYS_open_tree, AT_FDCWD, above, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree < 0 ? -1 : openat(tree, slash + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The descriptor, or -1 and errno. */
static int open_folder(const struct fs *fs)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *on = mounts_at(&mounts, fs->source);
	if (on && waits_for_us(on))
		return open_covered(fs->source);
	return open(fs->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Before the mount: everything is served from this descriptor. */
static int open_source(struct fs *fs, struct error *err)
{
	struct stat st;

	fs->source_fd = open_folder(fs);
	if (fs->source_fd < 0 || fstat(fs->source_fd, &st))
		return error_set(err, errno, NULL, "%s cannot be opened: %s", fs->source, strerror(errno));
	fs->source_dev = st.st_dev;
	int rc = check_writable(fs, err);
	return rc ? rc : check_names(fs, err);
}

/* --- what would make the mount fail ---------------------------------------------------------- */

static int check_means(const struct options *o, struct error *err)
{
	int rc = means_check_device(err);

	if (!rc)
		rc = means_check_helper(err);
	return rc ? rc : means_check_others(o, err);
}

/* --- the daemon ------------------------------------------------------------------------------ */

/* The parent's side: passes on how it went. */
static int await_report(const struct mounting *m, pid_t daemon, int report)
{
	int status = 0;
	char word;
	ssize_t n;

	while ((n = read(report, &word, 1)) < 0 && errno == EINTR)
		;
	close(report);
	if (n == 1) {
		if (m->asked->verbose)
			printf("easelfs: %s is mounted at %s (PID %d)\n", m->fs.source, m->fs.mountpoint, (int)daemon);
		if (m->beneath)
			fprintf(stderr, "easelfs: your shell is beneath the mount: cd .\n");
		return CLI_OK;
	}
	while (waitpid(daemon, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? WEXITSTATUS(status) : CLI_FAILED;
	fprintf(stderr, "easelfs: the daemon was ended by a signal before the mount was there: %s\n",
	        strsignal(WTERMSIG(status)));
	return CLI_FAILED;
}

/* -1 in the daemon, which keeps standard error until the mount answers; else the exit code. */
static int go_into_background(struct mounting *m, struct error *err)
{
	int ends[2];

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC)) {
		error_set(err, errno, NULL, "no pipe to the daemon: %s", strerror(errno));
		return cli_fail(err);
	}
	pid_t daemon = fork();
	if (daemon < 0) {
		error_set(err, errno, NULL, "no daemon can be started: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return cli_fail(err);
	}
	close(ends[daemon ? 1 : 0]);
	if (daemon)
		return await_report(m, daemon, ends[0]);
	m->report = ends[1];
	if (chdir("/"))
		log_debug("the daemon stays in its folder: %s", strerror(errno));
	return -1;
}

static void leave_terminal(void)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	log_to_syslog();
	fflush(NULL);
	for (int fd = 0; fd <= 2 && nowhere >= 0; fd++)
		dup2(nowhere, fd);
	if (nowhere > 2)
		close(nowhere);
}

/* The mount answers. */
static void report_success(void *ctx)
{
	struct mounting *m = ctx;

	service_ready(m->fs.source, m->fs.mountpoint);
	if (m->report < 0) {
		if (m->beneath)
			fprintf(stderr, "easelfs: your shell is beneath the mount: cd .\n");
		return;
	}
	/* Not earlier: an automounter lets nobody into the folder but the group of processes that mounts there. */
	setsid();
	leave_terminal();
	if (write(m->report, "", 1) != 1)
		log_debug("the command that mounted did not wait");
	close(steal_fd(&m->report));
}

static void set_limits(void)
{
	struct rlimit files;

	/* One descriptor for each file that is open in the mount. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Keys are in memory. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* --- one daemon per source ------------------------------------------------------------------- */

static int refuse_locked(const struct fs *fs, int fd, struct error *err)
{
	cleanup_mounts struct mounts mounts;
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	mounts_read(&mounts);
	const struct mount_entry *there = mounts_of_source(&mounts, fs->source);
	cleanup_free char *hint = there
		? xasprintf("use that mount, or end it: easelfs unmount %s", there->path)
		: xstrdup("it was unmounted, and waits for pictures that are paid for; it ends by itself");
	return error_set(err, EBUSY, hint, "another easelfs serves this directory (PID %ld)", strtol(text, NULL, 10));
}

/* An OFD lock ends with the descriptor, whatever becomes of the process: one that was killed may still be on
 * its way out. */
static int await_lock(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	for (int64_t until = clock_mono_ms() + LOCK_MS;; poll(NULL, 0, 20)) {
		if (!fcntl(fd, F_OFD_SETLK, &all))
			return 0;
		if ((errno != EAGAIN && errno != EACCES) || clock_mono_ms() >= until)
			return -errno;
	}
}

static int take_lock(struct mounting *m, struct error *err)
{
	m->lock = openat(m->fs.store.dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock < 0)
		return error_set(err, errno, NULL, "the lock in .easelfs cannot be opened: %s", strerror(errno));
	int result = await_lock(m->lock);
	if (result == -EAGAIN || result == -EACCES)
		return refuse_locked(&m->fs, m->lock, err);
	if (result < 0)
		return error_set(err, -result, NULL, "the lock in .easelfs cannot be taken: %s", strerror(-result));
	cleanup_free char *pid = xasprintf("%d\n", (int)getpid());
	if (ftruncate(m->lock, 0) || pwrite(m->lock, pid, strlen(pid), 0) < 0)
		return error_set(err, errno, NULL, "the lock in .easelfs cannot be written: %s", strerror(errno));
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------- */

static int start_sandbox(struct mounting *m, struct error *err)
{
	if (!m->fs.options.sandbox)
		return 0;
	int rc = sandbox_start(&m->sandbox, m->report >= 0, err);
	if (!rc)
		options_sandbox_at(&m->fs.options, m->sandbox.url);
	return rc;
}

static int run_daemon(struct mounting *m, struct error *err)
{
	struct fs *fs = &m->fs;

	set_limits();
	fs->umask = umask(0);
	fs->uid = geteuid();
	fs->gid = getegid();
	int rc = store_open(fs->source_fd, &fs->store, err);
	if (!rc)
		rc = take_lock(m, err);
	if (!rc)
		rc = broker_start(&fs->broker, fs->mountpoint, m->lock, err);
	if (!rc)
		rc = start_sandbox(m, err);
	if (!rc)
		rc = serve(fs, report_success, m, err);
	return rc;
}

/* 1: nothing is left to do. */
static int prepare(struct mounting *m, struct error *err)
{
	struct fs *fs = &m->fs;
	int rc = options_load(&fs->options, m->asked->dash_o, m->asked->foreground, err);

	if (rc)
		return rc;
	log_set_level((enum log_level)fs->options.log_level);
	rc = resolve_paths(m, err);
	if (!rc)
		rc = look_before(m, err);
	if (!rc)
		rc = check_system(fs, err);
	if (!rc)
		rc = check_folder(fs->mountpoint, err);
	if (!rc)
		rc = check_places(fs, err);
	if (!rc)
		rc = check_folder(fs->source, err);
	if (!rc)
		rc = check_means(&fs->options, err);
	if (!rc)
		rc = open_source(fs, err);
	if (!rc)
		notice_shell(m);
	return rc ? rc : m->asked->fake;
}

static int mount_all(struct mounting *m)
{
	cleanup_error struct error err = ERROR_INIT;
	int rc = prepare(m, &err);

	if (rc)
		return rc < 0 ? cli_fail(&err) : CLI_OK;
	if (!m->asked->foreground) {
		int code = go_into_background(m, &err);

		if (code >= 0)
			return code;
	}
	rc = run_daemon(m, &err);
	if (!rc)
		return CLI_OK;
	/* Standard error is gone once the parent has its answer. */
	if (m->report < 0 && !m->asked->foreground)
		log_error("%s", err.text ? err.text : strerror(-rc));
	return cli_fail(&err);
}

static void release(struct mounting *m)
{
	struct fs *fs = &m->fs;

	broker_stop(&fs->broker);
	store_close(&fs->store);
	if (m->lock >= 0)
		close(m->lock);
	sandbox_stop(&m->sandbox);
	if (fs->source_fd >= 0)
		close(fs->source_fd);
	free(fs->source);
	free(fs->mountpoint);
	options_release(&fs->options);
}

int mount_run(const struct mount_request *asked)
{
	struct mounting m = {
		.fs = { .source_fd = -1, .store = { -1, -1, -1 }, .broker = BROKER_INIT },
		.asked = asked, .sandbox = { .input = -1 }, .lock = -1, .report = -1,
	};
	int code = mount_all(&m);

	release(&m);
	return code;
}

static bool asks_for_help(const char *const *dash_o)
{
	for (; *dash_o; dash_o++)
		if (!strcmp(*dash_o, "help"))
			return true;
	return false;
}

static int print_options(void)
{
	cleanup_buf struct buf help = BUF_INIT;

	options_help(&help);
	fputs(help.data, stdout);
	return CLI_OK;
}

int mount_command(const struct command_call *call)
{
	const char **dash_o = call_values(call, "o");
	struct mount_request asked = {
		.dash_o = dash_o, .foreground = call_has(call, "f"),
		.source = call->count == 2 ? call->operands[0] : NULL,
		.mountpoint = call->count ? call->operands[call->count - 1] : NULL,
	};
	int code;

	if (asks_for_help(dash_o))
		code = print_options();
	else if (!call->count)
		code = command_misused(call, "mount needs a MOUNTPOINT");
	else
		code = mount_run(&asked);
	free(dash_o);
	return code;
}
