#include "disk.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct task {
	disk_work *fn;
	void *arg;
	int64_t due;                  /* timers: clock_mono_ms() */
	struct task *next;
};

/* Everything but the two constants at the end is guarded by lock, which is never held while work runs. */
struct disk {
	pthread_mutex_t lock;
	struct task *queue, **queue_tail;
	struct task *timers;          /* soonest first; equal ones in the order they came */
	struct task watch;            /* fn NULL: nothing is watched */
	int watch_fd;
	bool stopping;
	pthread_t thread;             /* set before the lock is first given away */
	int wakeup;                   /* eventfd */
};

static struct task *task_new(disk_work *fn, void *arg, int64_t due)
{
	struct task *t = xmalloc(sizeof(*t));

	*t = (struct task){ .fn = fn, .arg = arg, .due = due };
	return t;
}

static void run_all(struct task *t)
{
	while (t) {
		struct task *next = t->next;

		t->fn(t->arg);
		free(t);
		t = next;
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

		run_all(queued);
		run_all(due);
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
	close(d->wakeup);
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
