#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commit.h"
#include "confine.h"
#include "events.h"
#include "fs.h"
#include "glue.h"
#include "journal_place.h"
#include "mountpoint.h"
#include "park.h"
#include "reload.h"
#include "scan.h"
#include "service.h"
#include "tell.h"
#include "watch.h"

enum { DRAIN_MS = 3000 };

struct serving {
	struct fs *fs;
	struct models *models;
	struct journal *journal;      /* until the engine has it */
	struct journal_opened opened;
	char *rebuilt;                /* what the damaged journal in whose place it is, is called; or NULL */
	dev_t dev;                    /* of the mount; 0 = there is none */
	bool tells;                   /* tell was started and not stopped */
	pthread_t main, loop;
	bool loop_started;
	atomic_bool loop_ended;
	int loop_result;
};

/* --- the session ----------------------------------------------------------------------------- */

static void log_of_libfuse(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	const char *shown = str_starts_with(text, "fuse: ") ? text + 6 : text;
	if (level <= FUSE_LOG_ERR)
		log_error("libfuse: %s", shown);
	else if (level <= FUSE_LOG_NOTICE)
		log_warning("libfuse: %s", shown);
	else
		log_debug("libfuse: %s", shown);
}

/* `fsname=SOURCE,…`; libfuse takes `\,` for a comma within. */
static char *session_options(const struct fs *fs)
{
	struct buf b = BUF_INIT;

	buf_str(&b, "fsname=");
	for (const char *c = fs->source; *c; c++) {
		if (*c == ',' || *c == '\\')
			buf_chr(&b, '\\');
		buf_chr(&b, *c);
	}
	buf_str(&b, ",subtype=easelfs,default_permissions");
	if (fs->options.fuse_options)
		buf_fmt(&b, ",%s", fs->options.fuse_options);
	return buf_steal(&b);
}

static int64_t coarse_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The device number of our mount, from the kernel's list: asking the mount itself would wait for the
 * loop. */
static dev_t mounted_dev(const struct fs *fs)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *e = mounts_at(&mounts, fs->mountpoint);
	return e && !strcmp(e->type, EASELFS_TYPE) ? e->dev : 0;
}

static int refuse_mount(const struct fs *fs, struct error *err)
{
	if (access("/dev/fuse", F_OK))
		return error_set(err, ENODEV, "load the module (modprobe fuse), or give the container --device /dev/fuse",
		                 "there is no /dev/fuse, so nothing can be mounted");
	if (access("/dev/fuse", R_OK | W_OK))
		return error_set(err, EACCES, "let its administrator run: chmod 666 /dev/fuse",
		                 "this user may not open /dev/fuse");
	if (!geteuid())
		return error_set(err, EPERM, "libfuse said why above; a container needs the capability SYS_ADMIN",
		                 "nothing can be mounted at %s", fs->mountpoint);
	return error_set(err, EPERM, "fusermount3 said why above; the folder must be yours and writable",
	                 "nothing can be mounted at %s", fs->mountpoint);
}

static int start_session(struct serving *s, struct error *err)
{
	struct fs *fs = s->fs;
	cleanup_free char *options = session_options(fs);
	char *argv[] = { (char *)"easelfs", (char *)"-o", options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	fuse_set_log_func(log_of_libfuse);
	fs->session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), fs);
	fuse_opt_free_args(&args);
	if (!fs->session)
		return error_set(err, EINVAL, "easelfs mount -o help lists what is understood",
		                 "libfuse refused the mount options \"%s\"", options);
	if (fuse_session_mount(fs->session, fs->mountpoint)) {
		fuse_session_destroy(fs->session);
		fs->session = NULL;
		return refuse_mount(fs, err);
	}
	s->dev = mounted_dev(fs);
	broker_mounted(&fs->broker, s->dev);
	return 0;
}

/*
 * Puts a descriptor that polls as severed in the place of the session's, which ends the connection:
 * whoever still waits for us gets ENOTCONN.  fuse_session_unmount() then leaves the path alone; it
 * would unmount whatever stands there by now.  The loop must have ended, or never begun.
 */
static void sever_session(struct fuse_session *session)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return;
	close(ends[0]);
	dup3(ends[1], fuse_session_fd(session), O_CLOEXEC);
	close(ends[1]);
}

static void end_session(struct serving *s)
{
	sever_session(s->fs->session);
	fuse_session_unmount(s->fs->session);
	fuse_session_destroy(s->fs->session);
	s->fs->session = NULL;
}

/* Whoever was answered just now still has to go. */
static int unmount_soon(struct broker *b, struct error *err)
{
	enum { TRIES = 25, PAUSE_MS = 20 };
	int rc = broker_unmount(b, false, err);

	for (int i = 1; rc == -EBUSY && i < TRIES; i++) {
		error_clear(err);
		poll(NULL, 0, PAUSE_MS);
		rc = broker_unmount(b, false, err);
	}
	return rc;
}

/* Unmounts ours, and only ours: somebody may have done so before, and mounted something else. */
static void take_mount_away(struct serving *s)
{
	cleanup_error struct error busy = ERROR_INIT, err = ERROR_INIT;
	struct broker *b = &s->fs->broker;

	if (!s->dev || mounted_dev(s->fs) != s->dev)
		return;
	int rc = unmount_soon(b, &busy);
	if (!rc)
		return;
	if (rc != -EBUSY) {
		log_error("%s stays mounted: %s; %s", s->fs->mountpoint, busy.text, busy.hint ? busy.hint : "");
		return;
	}
	log_warning("%s; it is unmounted, and what is open there will fail", busy.text);
	if (broker_unmount(b, true, &err))
		log_error("%s", err.text);
}

/* --- the loop -------------------------------------------------------------------------------- */

/* SIGUSR2 between our own threads: wakes the loop from its semaphore, and says to main that it ended. */
static void wake(int number)
{
	(void)number;
}

static void *run_loop(void *arg)
{
	struct serving *s = arg;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_setname_np(pthread_self(), "easelfs-fuse");
	/* Two beat the default of ten, by measurement. */
	fuse_loop_cfg_set_max_threads(config, 2);
	fuse_loop_cfg_set_clone_fd(config, 0);
	s->loop_result = fuse_session_loop_mt(s->fs->session, config);
	fuse_loop_cfg_destroy(config);
	sever_session(s->fs->session);
	atomic_store(&s->loop_ended, true);
	pthread_kill(s->main, SIGUSR2);
	return NULL;
}

static int start_loop(struct serving *s, struct error *err)
{
	int rc = pthread_create(&s->loop, NULL, run_loop, s);

	if (rc)
		return error_set(err, rc, NULL, "no thread can be started: %s", strerror(rc));
	s->loop_started = true;
	return 0;
}

static void stop_tell(struct serving *s)
{
	if (s->tells)
		tell_stop(s->fs);
	s->tells = false;
}

/* Whoever waits in the mount is answered, and later ones at once, until `on` is false. */
static void drain(struct fs *fs, bool on)
{
	parks_drain(fs, on);
	events_drain(fs, on);
}

/* The engine answers who waits for a picture; without a session it could not. */
static void await_drained(struct fs *fs)
{
	enum { TRIES = 200, PAUSE_MS = 5 };

	for (int i = 0; parks_count(fs) && i < TRIES; i++)
		poll(NULL, 0, PAUSE_MS);
}

/* After `umount -l` the session lives on while something is open there; nobody can reach it, though. */
static bool is_mounted(const struct serving *s)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	return !s->dev || mounts_of_dev(&mounts, s->dev);
}

/* What keeps the mount busy goes first. */
static void end_loop(struct serving *s)
{
	drain(s->fs, true);
	await_drained(s->fs);
	stop_tell(s);
	take_mount_away(s);
	if (!is_mounted(s))
		broker_mounted(&s->fs->broker, 0);
	fuse_session_exit(s->fs->session);
	while (!atomic_load(&s->loop_ended)) {
		pthread_kill(s->loop, SIGUSR2);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	pthread_join(s->loop, NULL);
	if (s->loop_result < 0)
		log_error("the session loop ended: %s", strerror(-s->loop_result));
}

/* The kernel holds requests back until the loop has answered its greeting. */
static int await_answer(struct serving *s, struct error *err)
{
	struct stat st;

	if (!stat(s->fs->mountpoint, &st))
		return 0;
	return error_set(err, errno, NULL, "the mount at %s does not answer: %s", s->fs->mountpoint,
	                 strerror(errno));
}

/* --- the parts ------------------------------------------------------------------------------- */

static size_t least(rlim_t a, size_t b) { return a < b ? (size_t)a : b; }

static int start_models(struct serving *s, struct error *err)
{
	const struct options *o = &s->fs->options;
	cleanup_error struct error refused = ERROR_INIT;

	s->models = models_load(o->config_text, o->config_len, o->config_path, err);
	if (!s->models)
		return -EINVAL;
	int rc = request_check_defaults(s->models, &o->defaults, o->sandbox, &refused);
	if (rc < 0) {
		models_unref(steal_pointer(&s->models));
		return error_set(err, EINVAL, refused.hint, "%s", refused.text);
	}
	if (rc)
		log_warning("prompts that name no other model will fail: %s; %s", refused.text, refused.hint);
	return 0;
}

static void stop_models(struct serving *s)
{
	models_unref(s->models);
}

static int start_journal(struct serving *s, struct error *err)
{
	int rc = journal_place_open(s->fs, &s->journal, &s->opened, &s->rebuilt, err);

	if (!rc)
		atomic_store(&s->fs->mounted_ns, scan_first_seen(s->journal, coarse_now_ns()));
	return rc;
}

static void stop_journal(struct serving *s)
{
	if (s->journal)
		s->journal->close(s->journal);
	free(s->rebuilt);
}

/*
 * Each handle is a descriptor.  The other half is for who mounted, and for what everybody needs: connections, files
 * on their way, 256 folders (node_table.h), 64 that were removed (ops_name.c); of 1024 descriptors 192 are left after
 * these.  An eighth, so that it takes several guests to have all that guests may have.  Where there are hundreds of
 * thousands, memory is what is short: 4096 is four times what a process may have open that did not ask for more.
 * Of a folder that is open the names are in memory: those of the statuses of a hundred thousand prompts take ten
 * megabytes.
 */
static void limit_handles(struct guests *g)
{
	struct rlimit files = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	guests_limit(g, GUEST_HANDLES, least(files.rlim_cur / 8, 4096), least(files.rlim_cur / 2, 16384));
	guests_limit(g, GUEST_FOLDERS, 64, 512);
}

static int start_guests(struct serving *s, struct error *err)
{
	(void)err;
	s->fs->guests = guests_new();
	/* Each costs memory, and a request of the kernel's. */
	guests_limit(s->fs->guests, GUEST_WAITS, 256, 2048);
	limit_handles(s->fs->guests);
	return 0;
}

static void stop_guests(struct serving *s)
{
	guests_free(s->fs->guests);
}

static int start_nodes(struct serving *s, struct error *err)
{
	return nodes_new(s->fs->source_fd, &s->fs->nodes, err);
}

static void stop_nodes(struct serving *s)
{
	nodes_free(s->fs->nodes);
}

static int start_disk(struct serving *s, struct error *err)
{
	int rc = disk_start(&s->fs->disk, err);

	if (rc == 0)
		disk_groups(s->fs->disk, s->fs->store.incoming);
	return rc;
}

/* Its queue may hold work of commit and park, so it ends before they do. */
static void stop_disk(struct serving *s)
{
	if (s->fs->disk)
		disk_stop(s->fs->disk);
	s->fs->disk = NULL;
}

static int start_parks(struct serving *s, struct error *err)
{
	return parks_new(s->fs, err);
}

static void stop_parks(struct serving *s)
{
	parks_free(s->fs);
}

static int start_events(struct serving *s, struct error *err)
{
	return events_new(s->fs, err);
}

static void stop_events(struct serving *s)
{
	events_free(s->fs);
}

static int start_commit(struct serving *s, struct error *err)
{
	return commit_new(s->fs, err);
}

/* Nothing new is given to the engine, which is about to end. */
static void stop_reading(struct serving *s)
{
	commit_stop(s->fs);
}

static void stop_commit(struct serving *s)
{
	commit_free(s->fs);
}

static int prepare_tell(struct serving *s, struct error *err)
{
	return tell_new(s->fs, err);
}

static void free_tell(struct serving *s)
{
	tell_free(s->fs);
}

static int start_tell(struct serving *s, struct error *err)
{
	int rc = tell_start(s->fs, err);

	s->tells = !rc;
	return rc;
}

static int start_engine(struct serving *s, struct error *err)
{
	return fs_engine_start(s->fs, steal_pointer(&s->journal), &s->opened, s->rebuilt, s->models, err);
}

static struct engine *ending;

static void hurry(int number)
{
	(void)number;
	engine_hurry(ending);
}

/* Who asks once more for the end does not want to wait for pictures. */
static void listen_for_hurry(struct engine *e)
{
	struct sigaction action = { .sa_handler = hurry };
	sigset_t set;

	ending = e;
	sigemptyset(&set);
	for (size_t i = 0; i < 2; i++) {
		int number = i ? SIGINT : SIGTERM;
		sigaction(number, &action, NULL);
		sigaddset(&set, number);
	}
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void stop_engine(struct serving *s)
{
	/* It waits for its publications, which a tell that never ran would keep. */
	tell_stop(s->fs);
	listen_for_hurry(s->fs->engine);
	engine_stop(s->fs->engine);
	/* It is gone: a signal has nobody to hurry any more. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

/* Ordinary users mount by a setuid program; nothing after it needs one. */
static int begin_confinement(struct serving *s, struct error *err)
{
	(void)err;
	if (s->fs->options.sandboxing)
		confine_begin(s->fs->source_fd);
	return 0;
}

/* All threads are there, and what is forbidden has been done. */
static int confine(struct serving *s, struct error *err)
{
	cleanup_error struct error why = ERROR_INIT;

	(void)err;
	if (s->fs->options.sandboxing && confine_all(&why))
		log_info("%s", why.text);
	return 0;
}

static int start_watch(struct serving *s, struct error *err)
{
	return watch_start(s->fs, err);
}

static void stop_watch(struct serving *s)
{
	watch_stop(s->fs);
}

/* Started downwards, stopped upwards. */
static const struct part {
	int (*start)(struct serving *s, struct error *err);
	void (*stop)(struct serving *s);
} parts[] = {
	{ start_models, stop_models },
	{ start_journal, stop_journal },
	{ start_guests, stop_guests },
	{ start_nodes, stop_nodes },
	{ start_session, end_session },
	{ begin_confinement, NULL },
	{ start_disk, stop_disk },
	{ start_parks, stop_parks },
	{ start_events, stop_events },
	{ start_commit, stop_commit },
	{ NULL, stop_watch },         /* the disk thread reads it */
	{ NULL, stop_disk },
	{ prepare_tell, free_tell },
	{ start_engine, stop_engine },
	{ start_watch, stop_reading },
	{ start_loop, end_loop },
	{ await_answer, NULL },
	{ start_tell, stop_tell },
	{ confine, NULL },
};

/* Returns how many were started; fewer than all with the sentence. */
static size_t start_parts(struct serving *s, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].start && parts[i].start(s, err))
			return i;
	return ARRAY_LEN(parts);
}

static void stop_parts(struct serving *s, size_t started)
{
	/* Without a loop nobody would ever answer a thread of ours that is on the mount. */
	if (s->fs->session && !s->loop_started) {
		take_mount_away(s);
		sever_session(s->fs->session);
	}
	while (started-- > 0)
		if (parts[started].stop)
			parts[started].stop(s);
}

/* --- signals --------------------------------------------------------------------------------- */

static void prepare_signals(sigset_t *awaited)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction woken = { .sa_handler = wake };

	sigemptyset(awaited);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		sigaddset(awaited, numbers[i]);
	/* Every thread inherits this; only the main one takes them. */
	pthread_sigmask(SIG_BLOCK, awaited, NULL);
	sigaction(SIGUSR2, &woken, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The next signal that has come, or 0.  *value is what sigqueue(3) sent with it. */
static int taken_signal(int signals, int *value)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	*value = info.ssi_code == SI_QUEUE ? info.ssi_int : 0;
	return (int)info.ssi_signo;
}

/* The kernel says when its list of mounts changes: proc_pid_mounts(5). */
static void wait_for_end(struct serving *s, const sigset_t *awaited)
{
	cleanup_fd int signals = signalfd(-1, awaited, SFD_CLOEXEC | SFD_NONBLOCK);
	cleanup_fd int table = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .fd = table, .events = POLLPRI } };
	int64_t drained_until = 0;    /* 0 = not draining */
	int value = 0;

	while (!atomic_load(&s->loop_ended) && is_mounted(s)) {
		int64_t left = drained_until ? drained_until - clock_mono_ms() : -1;

		if (drained_until && left <= 0) {
			drain(s->fs, false);
			drained_until = 0;
			left = -1;
		}
		if (poll(fds, ARRAY_LEN(fds), (int)left) <= 0)
			continue;
		switch (taken_signal(signals, &value)) {
		case SIGTERM:
		case SIGINT:
		case SIGHUP:
			log_info("ending, as told by a signal");
			return;
		case SIGUSR1:
			drain(s->fs, value != SERVE_DRAIN_OVER);
			drained_until = value == SERVE_DRAIN_OVER ? 0 : clock_mono_ms() + DRAIN_MS;
			break;
		}
	}
	log_info("ending: %s was unmounted", s->fs->mountpoint);
}

int serve(struct fs *fs, void (*ready)(void *ctx), void *ctx, struct error *err)
{
	struct serving s = { .fs = fs, .main = pthread_self() };
	sigset_t awaited;

	/* `easelfs unmount` knows a daemon by this, also one that mount(8) started under another name. */
	prctl(PR_SET_NAME, "easelfs");
	prepare_signals(&awaited);
	size_t started = start_parts(&s, err);
	if (started == ARRAY_LEN(parts)) {
		ready(ctx);
		log_info("serving %s at %s", fs->source, fs->mountpoint);
		reload_begin(fs);
		/* All that is there by now is unknown to a journal that was replaced meanwhile. */
		commit_scan(fs, atomic_load(&fs->journals) ? coarse_now_ns() : atomic_load(&fs->mounted_ns));
		wait_for_end(&s, &awaited);
		service_stopping("Ending, when what is paid for has arrived");
	}
	stop_parts(&s, started);
	return started == ARRAY_LEN(parts) ? 0 : err->code ? -err->code : -EIO;
}
