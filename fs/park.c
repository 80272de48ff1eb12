#include "park.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "rights.h"
#include "virtual_internal.h"

struct parks { atomic_size_t count; };

struct park {
	struct engine_waiter waiter;
	struct fs *fs;
	fuse_req_t req;
	struct node *node;            /* a reference */
	struct fuse_file_info fi;
	struct rights reader;         /* whoever opens it */
	pthread_mutex_t lock;         /* guards started, early, cancelled */
	bool started, early, cancelled;
	uid_t guest;                  /* who is counted for it; 0 = nobody */
	bool answered;                /* engine thread only, as the rest */
};

int parks_new(struct fs *fs, struct error *err)
{
	(void)err;
	fs->parks = xcalloc(1, sizeof(*fs->parks));
	return 0;
}

void parks_free(struct fs *fs)
{
	free(fs->parks);
	fs->parks = NULL;
}

size_t parks_count(struct fs *fs) { return atomic_load(&fs->parks->count); }

void parks_drain(struct fs *fs, bool on) { engine_wait_drain(fs->engine, on); }

static void park_free(struct park *p)
{
	atomic_fetch_sub(&p->fs->parks->count, 1);
	guests_dismiss(p->fs->guests, p->guest, GUEST_WAITS, 1);
	pthread_mutex_destroy(&p->lock);
	node_put(p->fs->nodes, p->node);
	rights_release(&p->reader);
	free(p->waiter.path);
	free(p);
}

/* What stands there may be anything: whoever owns a folder in out/ can move a file into it that is not his to read,
 * or a fifo.  ESTALE makes the kernel look the name up once more, which finds a node for what stands there now. */
static int open_picture(struct park *p, const char *out)
{
	cleanup_fd int fd = rights_open(p->fs, &p->reader, out, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;   /* it has just followed a rename, or was deleted */
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return virtual_opened(p->node, &st) ? steal_fd(&fd) : -ESTALE;
}

static struct opened *opened_of(const struct park *p)
{
	return (struct opened *)(uintptr_t)p->fi.fh;
}

static void answer(struct park *p, int result, const char *out)
{
	struct opened *o = opened_of(p);
	int fd = result == 0 ? open_picture(p, out) : result;

	p->answered = true;
	if (fd < 0) {
		virtual_closed(p->fs, o);
		fuse_reply_err(p->req, -fd);
		return;
	}
	o->fd = fd;
	p->fi.keep_cache = 1;
	if (fuse_reply_open(p->req, &p->fi) != 0)
		virtual_closed(p->fs, o);   /* its caller was killed in the meantime */
}

/* Engine thread.  -EINTR comes from the cancel message, which is always the last. */
static void park_done(struct engine_waiter *w, int result, const char *out)
{
	struct park *p = (struct park *)((char *)w - offsetof(struct park, waiter));

	if (!p->answered) {
		/* Waits for a callback that runs just now; there is none after this. */
		fuse_req_interrupt_func(p->req, NULL, NULL);
		if (result == -EINTR && (p->fi.flags & O_NONBLOCK))
			result = -EAGAIN;
		answer(p, result, out);
		pthread_mutex_lock(&p->lock);
		bool message_comes = p->cancelled && result != -EINTR && result != -EAGAIN;
		pthread_mutex_unlock(&p->lock);
		if (message_comes)
			return;
	}
	park_free(p);
}

static void cancel(struct park *p)
{
	if (!p->cancelled)
		engine_wait_cancel(p->fs->engine, &p->waiter);
	p->cancelled = true;
}

static void on_interrupt(fuse_req_t req, void *arg)
{
	struct park *p = arg;

	(void)req;
	pthread_mutex_lock(&p->lock);
	if (p->started)
		cancel(p);
	else
		p->early = true;
	pthread_mutex_unlock(&p->lock);
}

void park_open(struct fs *fs, fuse_req_t req, struct node *n, const char *path, unsigned index, uint64_t dev,
               uint64_t ino, const struct fuse_file_info *fi)
{
	uid_t guest = fs_guest(fs, req);

	if (!guests_admit(fs->guests, guest, GUEST_WAITS, 1)) {
		virtual_closed(fs, (struct opened *)(uintptr_t)fi->fh);
		fuse_reply_err(req, ENFILE);
		return;
	}
	struct park *p = xcalloc(1, sizeof(*p));
	*p = (struct park){
		.fs = fs, .guest = guest, .req = req, .node = node_ref(fs->nodes, n), .fi = *fi,
		.waiter = { .path = xstrdup(path), .index = index, .dev = dev, .ino = ino,
		            .done = park_done },
	};
	rights_of_caller(fs, req, &p->reader);
	pthread_mutex_init(&p->lock, NULL);
	atomic_fetch_add(&fs->parks->count, 1);
	fuse_req_interrupt_func(req, on_interrupt, p);
	pthread_mutex_lock(&p->lock);
	bool early = p->early;
	if (!early) {
		p->started = true;
		engine_wait(fs->engine, &p->waiter);
		if (fi->flags & O_NONBLOCK)
			cancel(p);
	}
	/* From here on p is the engine's, which takes the lock before it frees. */
	pthread_mutex_unlock(&p->lock);
	if (!early)
		return;
	fuse_req_interrupt_func(req, NULL, NULL);
	virtual_closed(fs, opened_of(p));
	fuse_reply_err(req, EINTR);
	park_free(p);
}
