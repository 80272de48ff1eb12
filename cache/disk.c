#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kill.h"

/* From so many files and folders on syncfs(2) is cheaper than one fsync(2) each … */
#define GROUP_MIN 4
#define GROUP_MAX 128
/* … unless others have much to write, which it would wait for. */
#define OTHERS_MAX_KB 262144L

struct task {
	disk_work *fn;
	void *arg;
	int64_t due;                  /* timers: clock_mono_ms() */
	struct task *next;
};

struct sync { int fd; dev_t dev; ino_t ino; int *result; };

/* lock, which is never held while work runs, guards what follows it up to `stopping`. */
struct disk {
	pthread_mutex_t lock;
	struct task *queue, **queue_tail;
	struct task *timers;          /* soonest first; equal ones in the order they came */
	struct task watch;            /* fn NULL: nothing is watched */
	int watch_fd;
	bool stopping;
	pthread_t thread;             /* set before the lock is first given away */
	int wakeup;                   /* eventfd */

	/* The thread's own: what is to be synced, and what runs then. */
	struct sync *syncs;
	size_t syncs_count, syncs_room;
	struct task *then, **then_tail;
	int group;                    /* for syncfs(2), or -1 */
	dev_t group_dev;
	int meminfo;                  /* or -1 */
};

static struct task *task_new(disk_work *fn, void *arg, int64_t due)
{
	struct task *t = xmalloc(sizeof(*t));

	*t = (struct task){ .fn = fn, .arg = arg, .due = due };
	return t;
}

static void sync_all(struct disk *d);

static void run_all(struct disk *d, struct task *t)
{
	while (t) {
		struct task *next = t->next;

		t->fn(t->arg);
		free(t);
		t = next;
		/* The first do not wait for ever so many. */
		if (d->syncs_count >= GROUP_MAX)
			sync_all(d);
	}
}

/* The lock is held. */
static struct task *take_queue(struct disk *d)
{
	struct task *all = d->queue;

	d->queue = NULL;
	d->queue_tail = &d->queue;
	return all;
}

/* The timers that are due, in order.  The lock is held. */
static struct task *take_due(struct disk *d)
{
	struct task *all = d->timers, **end = &d->timers;
	int64_t now = clock_mono_ms();

	while (*end && (*end)->due <= now)
		end = &(*end)->next;
	if (end == &d->timers)
		return NULL;
	d->timers = *end;
	*end = NULL;
	return all;
}

/* How long poll may sleep.  The lock is held. */
static int idle_ms(const struct disk *d)
{
	if (d->queue || d->stopping)
		return 0;
	if (!d->timers)
		return -1;
	int64_t left = d->timers->due - clock_mono_ms();
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void forget_wakeups(struct disk *d)
{
	uint64_t count;
	ssize_t n = read(d->wakeup, &count, sizeof(count));

	(void)n;
}

static void unwatch(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->watch.fn = NULL;
	pthread_mutex_unlock(&d->lock);
}

/* Waits for something to do; runs what watches the descriptor. */
static void wait_for_work(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	struct task watch = d->watch;
	struct pollfd fds[] = {
		{ .fd = d->wakeup, .events = POLLIN },
		{ .fd = watch.fn ? d->watch_fd : -1, .events = POLLIN },
	};
	int timeout = idle_ms(d);
	pthread_mutex_unlock(&d->lock);

	if (poll(fds, ARRAY_LEN(fds), timeout) <= 0)
		return;
	if (fds[0].revents)
		forget_wakeups(d);
	if (fds[1].revents & POLLIN) {
		watch.fn(watch.arg);
	} else if (fds[1].revents) {
		/* Its other end is gone: it would wake us for ever. */
		unwatch(d);
	}
}

/* --- syncing --- */

void disk_sync(struct disk *d, int fd, int *result)
{
	struct stat st;

	*result = fstat(fd, &st) < 0 ? -errno : 0;
	if (*result < 0)
		return;
	if (d->syncs_count == d->syncs_room) {
		d->syncs_room = d->syncs_room ? 2 * d->syncs_room : 16;
		d->syncs = xrealloc(d->syncs, d->syncs_room * sizeof(*d->syncs));
	}
	d->syncs[d->syncs_count++] = (struct sync){ fd, st.st_dev, st.st_ino, result };
}

void disk_then(struct disk *d, disk_work *fn, void *arg)
{
	struct task *t = task_new(fn, arg, 0);

	*d->then_tail = t;
	d->then_tail = &t->next;
}

/* The same folder for many files, say. */
static const struct sync *earlier(const struct disk *d, const struct sync *s)
{
	for (const struct sync *i = d->syncs; i < s; i++)
		if (i->ino == s->ino && i->dev == s->dev)
			return i;
	return NULL;
}

/* How much the system has to write, of whatever filesystem; INT_MAX if that cannot be read. */
static long dirty_kb(const struct disk *d)
{
	char text[4096];
	ssize_t n = d->meminfo < 0 ? -1 : pread(d->meminfo, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return INT_MAX;
	text[n] = '\0';
	const char *dirty = strstr(text, "\nDirty:");
	return dirty ? strtol(dirty + strlen("\nDirty:"), NULL, 10) : INT_MAX;
}

/* All of the group's filesystem at once; false: nothing is known of any of them.  An error may be of a file that
 * comes later, and is reported but once: from then on every file is asked for its own. */
static bool sync_group(struct disk *d)
{
	size_t of_group = 0;

	for (size_t i = 0; i < d->syncs_count; i++)
		of_group += d->syncs[i].dev == d->group_dev && !earlier(d, &d->syncs[i]);
	if (d->group < 0 || of_group < GROUP_MIN || dirty_kb(d) > OTHERS_MAX_KB)
		return false;
	if (syncfs(d->group) == 0)
		return true;
	log_warning("the filesystem of what is served cannot be synced as a whole: %s", strerror(errno));
	d->group = -1;
	return false;
}

static void sync_all(struct disk *d)
{
	bool any = d->syncs_count;

	if (any)
		kill_point(BEFORE_SYNC);
	bool grouped = any && sync_group(d);
	for (size_t i = 0; i < d->syncs_count; i++) {
		const struct sync *s = &d->syncs[i], *same = earlier(d, s);
		if (same)
			*s->result = *same->result;
		else if (!grouped || s->dev != d->group_dev)
			*s->result = fsync(s->fd) < 0 ? -errno : 0;
	}
	if (any)
		kill_point(AFTER_SYNC);
	d->syncs_count = 0;
	struct task *then = d->then;
	d->then = NULL;
	d->then_tail = &d->then;
	run_all(d, then);
}

/* Whether syncfs(2) there writes files and names, and tells what could not be written. */
static bool can_group(int folder)
{
	struct statx stx;
	struct statfs sfs;

	/* Linux 5.8 brought both this and errors of syncfs(2). */
	if (statx(folder, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 || !(stx.stx_mask & STATX_MNT_ID))
		return false;
	if (fstatfs(folder, &sfs) < 0)
		return false;
	switch ((unsigned long)sfs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

void disk_groups(struct disk *d, int folder)
{
	struct stat st;

	if (!can_group(folder) || fstat(folder, &st) < 0)
		return;
	d->group = folder;
	d->group_dev = st.st_dev;
}

static void *disk_main(void *arg)
{
	struct disk *d = arg;

	pthread_setname_np(pthread_self(), "easelfs-disk");
	for (bool stop = false; !stop;) {
		pthread_mutex_lock(&d->lock);
		struct task *queued = take_queue(d);
		struct task *due = d->stopping ? NULL : take_due(d);
		/* Work may post more work: that is run as well. */
		stop = d->stopping && !queued;
		pthread_mutex_unlock(&d->lock);

		run_all(d, queued);
		run_all(d, due);
		sync_all(d);
		if (!stop)
			wait_for_work(d);
	}
	return NULL;
}

static void free_tasks(struct task *t)
{
	while (t) {
		struct task *next = t->next;

		free(t);
		t = next;
	}
}

static void disk_free(struct disk *d)
{
	free_tasks(d->timers);
	free(d->syncs);
	close(d->wakeup);
	cleanup_fd_(&d->meminfo);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* Signals belong to the threads that expect them. */
static int start_thread(struct disk *d)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&d->lock);
	int rc = pthread_create(&d->thread, NULL, disk_main, d);
	pthread_mutex_unlock(&d->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int disk_start(struct disk **out, struct error *err)
{
	int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	*out = NULL;
	if (wakeup < 0)
		return error_set(err, errno, "raise the limit of open files", "no eventfd for the disk thread: %s",
		                 strerror(errno));
	struct disk *d = xcalloc(1, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	d->queue_tail = &d->queue;
	d->then_tail = &d->then;
	d->group = -1;
	d->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	d->watch_fd = -1;
	d->wakeup = wakeup;
	int rc = start_thread(d);
	if (rc) {
		disk_free(d);
		return error_set(err, rc, "raise the limit of processes", "the disk thread cannot be started: %s",
		                 strerror(rc));
	}
	*out = d;
	return 0;
}

/* Never blocks: a full counter has woken the thread already. */
static void wake(struct disk *d)
{
	uint64_t one = 1;
	struct patience patience = { 0 };

	while (write(d->wakeup, &one, sizeof(one)) < 0 && errno != EAGAIN && patience_helps(&patience, errno))
		;
}

void disk_stop(struct disk *d)
{
	if (!d)
		return;
	if (disk_is_self(d))
		BUG("the disk thread cannot wait for itself");
	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_mutex_unlock(&d->lock);
	wake(d);
	pthread_join(d->thread, NULL);
	disk_free(d);
}

void disk_post(struct disk *d, disk_work *fn, void *arg)
{
	struct task *t = task_new(fn, arg, 0);

	pthread_mutex_lock(&d->lock);
	*d->queue_tail = t;
	d->queue_tail = &t->next;
	pthread_mutex_unlock(&d->lock);
	wake(d);
}

void disk_at(struct disk *d, int64_t mono_ms, disk_work *fn, void *arg)
{
	struct task *t = task_new(fn, arg, mono_ms);

	pthread_mutex_lock(&d->lock);
	struct task **at = &d->timers;
	while (*at && (*at)->due <= mono_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	pthread_mutex_unlock(&d->lock);
	wake(d);
}

void disk_watch(struct disk *d, int fd, disk_work *fn, void *arg)
{
	pthread_mutex_lock(&d->lock);
	d->watch_fd = fd;
	d->watch = (struct task){ .fn = fn, .arg = arg };
	pthread_mutex_unlock(&d->lock);
	wake(d);
}

bool disk_is_self(const struct disk *d)
{
	return pthread_equal(d->thread, pthread_self());
}
