#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "fs.h"
#include "render.h"
#include "state.h"

enum { KEPT_BYTES = 1 << 20 };

struct line { struct line *next; size_t len; char text[]; };

/* The line that was said of a prompt last, without its time.  None for who is done with: what is said of it
 * then is news. */
struct said { UT_hash_handle hh; char *line; char path[]; };

/* A read that waits. */
struct waiting {
	fuse_req_t req;
	struct events *events;
	struct reader *reader;
	size_t size;
	bool listed, interrupted;
	struct waiting *prev, *next;
};

/* Each costs little, but what it has not read yet is kept for it. */
enum { READERS_MAX = 256 };

struct reader {
	uint64_t at;                  /* number of the line that it is given next */
	char *rest; size_t rest_len, rest_at;  /* what is left of one that its buffer was too small for */
	struct waiting *waiting;      /* in the order in which they came */
	struct fuse_pollhandle *wake; /* or NULL */
	struct reader *prev, *next;
};

struct events {
	struct fs *fs;
	pthread_mutex_t lock;         /* guards all below */
	struct line *first, **end;    /* oldest first */
	uint64_t first_at, next_at;   /* their numbers: first_at to next_at - 1 */
	size_t bytes;
	struct reader *readers;
	size_t readers_count;
	struct said *said;
	bool drained;
};

/* --- lines (lock is held) --- */

static void drop_first(struct events *ev)
{
	struct line *l = ev->first;

	ev->first = l->next;
	if (!ev->first)
		ev->end = &ev->first;
	ev->first_at++;
	ev->bytes -= l->len;
	free(l);
}

static void keep_line(struct events *ev, const struct buf *text)
{
	struct line *l = xmalloc(sizeof(*l) + text->len);

	l->next = NULL;
	l->len = text->len;
	memcpy(l->text, text->data, text->len);
	*ev->end = l;
	ev->end = &l->next;
	ev->next_at++;
	ev->bytes += l->len;
	while (ev->bytes > KEPT_BYTES && ev->first->next)
		drop_first(ev);
}

/* Those that every reader has had. */
static void drop_read(struct events *ev)
{
	uint64_t least = ev->next_at;

	for (struct reader *r = ev->readers; r; r = r->next)
		if (r->at < least)
			least = r->at;
	while (ev->first_at < least)
		drop_first(ev);
}

static struct line *line_at(struct events *ev, uint64_t at)
{
	struct line *l = ev->first;

	for (uint64_t i = ev->first_at; l && i < at; i++)
		l = l->next;
	return l;
}

/* --- what a read is given (lock is held) --- */

/* As much of it as fits; the rest stays for the next read. */
static void give(struct reader *r, struct buf *out, size_t size, const char *text, size_t len)
{
	size_t fits = size - out->len < len ? size - out->len : len;

	buf_add(out, text, fits);
	if (fits == len)
		return;
	r->rest = xmalloc(len - fits);
	memcpy(r->rest, text + fits, len - fits);
	r->rest_len = len - fits;
	r->rest_at = 0;
}

static void give_rest(struct reader *r, struct buf *out, size_t size)
{
	size_t left = r->rest_len - r->rest_at, fits = left < size ? left : size;

	if (!r->rest)
		return;
	buf_add(out, r->rest + r->rest_at, fits);
	r->rest_at += fits;
	if (r->rest_at < r->rest_len)
		return;
	free(r->rest);
	r->rest = NULL;
}

static void give_gap(struct events *ev, struct reader *r, struct buf *out, size_t size)
{
	cleanup_buf struct buf gap = BUF_INIT;

	if (r->at >= ev->first_at)
		return;
	render_dropped(ev->first_at - r->at, &gap);
	r->at = ev->first_at;
	give(r, out, size, gap.data, gap.len);
}

static bool has_news(const struct events *ev, const struct reader *r)
{
	return r->rest || r->at < ev->next_at;
}

/* What there is for it, of which at least one byte fits. */
static void take(struct events *ev, struct reader *r, struct buf *out, size_t size)
{
	give_rest(r, out, size);
	if (out->len == size || (out->len && r->at < ev->first_at))
		return;
	give_gap(ev, r, out, size);
	for (struct line *l = line_at(ev, r->at); l && !r->rest; l = l->next) {
		if (out->len && out->len + l->len > size)
			break;
		give(r, out, size, l->text, l->len);
		r->at++;
	}
}

/* --- who waits --- */

/* A read that is answered once the lock is released. */
struct answer { struct waiting *to; struct buf bytes; };

/* The next read that need not wait any more; false if there is none. */
static bool next_answer(struct events *ev, struct answer *a)
{
	struct reader *r;

	*a = (struct answer){ .bytes = BUF_INIT };
	pthread_mutex_lock(&ev->lock);
	for (r = ev->readers; r; r = r->next)
		if (r->waiting && (ev->drained || has_news(ev, r)))
			break;
	if (r) {
		a->to = r->waiting;
		a->to->listed = false;
		DL_DELETE(r->waiting, a->to);
		if (!ev->drained)
			take(ev, r, &a->bytes, a->to->size);
	}
	pthread_mutex_unlock(&ev->lock);
	return r;
}

static struct fuse_pollhandle *next_wake(struct events *ev)
{
	struct fuse_pollhandle *wake = NULL;

	pthread_mutex_lock(&ev->lock);
	for (struct reader *r = ev->readers; r && !wake; r = r->next)
		if (ev->drained || has_news(ev, r))
			wake = steal_pointer(&r->wake);
	pthread_mutex_unlock(&ev->lock);
	return wake;
}

static void wake_all(struct events *ev)
{
	struct fuse_pollhandle *wake;
	struct answer a;

	while (next_answer(ev, &a)) {
		/* Waits for a callback that runs just now; there is none after this. */
		fuse_req_interrupt_func(a.to->req, NULL, NULL);
		fuse_reply_buf(a.to->req, a.bytes.data, a.bytes.len);
		free(a.to);
		buf_release(&a.bytes);
	}
	while ((wake = next_wake(ev))) {
		fuse_lowlevel_notify_poll(wake);
		fuse_pollhandle_destroy(wake);
	}
	pthread_mutex_lock(&ev->lock);
	drop_read(ev);
	pthread_mutex_unlock(&ev->lock);
}

static void reply_interrupted(struct engine *e, void *arg)
{
	struct waiting *w = arg;

	(void)e;
	fuse_req_interrupt_func(w->req, NULL, NULL);
	fuse_reply_err(w->req, EINTR);
	free(w);
}

/* The request must outlive this call, so another thread answers it. */
static void on_interrupt(fuse_req_t req, void *arg)
{
	struct waiting *w = arg;
	struct events *ev = w->events;

	(void)req;
	pthread_mutex_lock(&ev->lock);
	bool ours = w->listed;
	if (ours)
		DL_DELETE(w->reader->waiting, w);
	w->listed = false;
	w->interrupted = true;
	pthread_mutex_unlock(&ev->lock);
	if (ours)
		engine_post_look(ev->fs->engine, reply_interrupted, w);
}

/* --- saying --- */

/* Whether that line, without its time, is none that was just said. */
static bool is_news(struct events *ev, const struct job_view *v, const char *line)
{
	struct said *s;

	HASH_FIND_STR(ev->said, v->prompt->path, s);
	if (s && strcmp(s->line, line) == 0)
		return false;
	if (s) {
		HASH_DEL(ev->said, s);
		free(s->line);
		free(s);
	}
	if (state_is_final(v->job->state))
		return true;
	size_t len = strlen(v->prompt->path);
	s = xcalloc(1, sizeof(*s) + len + 1);
	memcpy(s->path, v->prompt->path, len);
	s->line = xstrdup(line);
	HASH_ADD_STR(ev->said, path, s);
	return true;
}

void events_say(struct fs *fs, const struct job_view *v)
{
	struct events *ev = fs->events;
	cleanup_buf struct buf line = BUF_INIT;

	if (!events_readers(fs))
		return;
	size_t without_time = render_event(v, &line);
	pthread_mutex_lock(&ev->lock);
	bool news = ev->readers && is_news(ev, v, line.data + without_time);
	if (news)
		keep_line(ev, &line);
	pthread_mutex_unlock(&ev->lock);
	if (news)
		wake_all(ev);
}

/* --- the file --- */

static struct reader *reader_of(const struct fuse_file_info *fi) { return (struct reader *)(uintptr_t)fi->fh; }

void events_open(struct fs *fs, fuse_req_t req, struct fuse_file_info *fi)
{
	struct events *ev = fs->events;
	struct reader *r;

	pthread_mutex_lock(&ev->lock);
	if (ev->readers_count >= READERS_MAX) {
		pthread_mutex_unlock(&ev->lock);
		fuse_reply_err(req, ENFILE);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->at = ev->next_at;
	DL_APPEND(ev->readers, r);
	ev->readers_count++;
	pthread_mutex_unlock(&ev->lock);
	fi->fh = (uint64_t)(uintptr_t)r;
	fi->direct_io = 1;
	fi->nonseekable = 1;
	if (fuse_reply_open(req, fi) != 0)
		events_release(fs, NULL, fi);
}

static void forget_said(struct events *ev)
{
	struct said *s, *tmp;

	HASH_ITER(hh, ev->said, s, tmp) {
		HASH_DEL(ev->said, s);
		free(s->line);
		free(s);
	}
}

void events_release(struct fs *fs, fuse_req_t req, const struct fuse_file_info *fi)
{
	struct events *ev = fs->events;
	struct reader *r = reader_of(fi);

	pthread_mutex_lock(&ev->lock);
	DL_DELETE(ev->readers, r);
	ev->readers_count--;
	drop_read(ev);
	if (!ev->readers)
		forget_said(ev);
	pthread_mutex_unlock(&ev->lock);
	if (r->wake)
		fuse_pollhandle_destroy(r->wake);
	free(r->rest);
	free(r);
	if (req)
		fuse_reply_err(req, 0);
}

/* Lists it among those that wait; false if there is no need to. */
static bool waits(struct events *ev, struct waiting *w)
{
	pthread_mutex_lock(&ev->lock);
	w->listed = !w->interrupted && !ev->drained && !has_news(ev, w->reader);
	if (w->listed)
		DL_APPEND(w->reader->waiting, w);
	bool listed = w->listed;
	pthread_mutex_unlock(&ev->lock);
	return listed;
}

static void park_read(struct events *ev, fuse_req_t req, struct reader *r, size_t size)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	*w = (struct waiting){ .req = req, .events = ev, .reader = r, .size = size };
	fuse_req_interrupt_func(req, on_interrupt, w);
	if (waits(ev, w))
		return;
	fuse_req_interrupt_func(req, NULL, NULL);
	cleanup_buf struct buf out = BUF_INIT;
	pthread_mutex_lock(&ev->lock);
	if (!ev->drained && has_news(ev, r))
		take(ev, r, &out, size);
	bool ends = ev->drained;
	pthread_mutex_unlock(&ev->lock);
	if (out.len || ends)
		fuse_reply_buf(req, out.data, out.len);
	else
		fuse_reply_err(req, EINTR);
	free(w);
}

void events_read(struct fs *fs, fuse_req_t req, size_t size, const struct fuse_file_info *fi)
{
	struct events *ev = fs->events;
	struct reader *r = reader_of(fi);

	pthread_mutex_lock(&ev->lock);
	bool would_wait = !ev->drained && !has_news(ev, r);
	pthread_mutex_unlock(&ev->lock);
	if (would_wait && fi->flags & O_NONBLOCK)
		fuse_reply_err(req, EAGAIN);
	else
		park_read(ev, req, r, size);
}

unsigned events_poll(struct fs *fs, const struct fuse_file_info *fi, struct fuse_pollhandle *wake)
{
	struct events *ev = fs->events;
	struct reader *r = reader_of(fi);

	pthread_mutex_lock(&ev->lock);
	bool ready = ev->drained || has_news(ev, r);
	struct fuse_pollhandle *before = wake ? r->wake : NULL;
	if (wake)
		r->wake = wake;
	pthread_mutex_unlock(&ev->lock);
	if (before)
		fuse_pollhandle_destroy(before);
	return ready ? POLLIN | POLLRDNORM : 0;
}

void events_drain(struct fs *fs, bool on)
{
	struct events *ev = fs->events;

	pthread_mutex_lock(&ev->lock);
	ev->drained = on;
	pthread_mutex_unlock(&ev->lock);
	wake_all(ev);
}

size_t events_readers(struct fs *fs)
{
	struct events *ev = fs->events;

	pthread_mutex_lock(&ev->lock);
	size_t n = ev->readers_count;
	pthread_mutex_unlock(&ev->lock);
	return n;
}

/* --- lifetime --- */

int events_new(struct fs *fs, struct error *err)
{
	struct events *ev = xcalloc(1, sizeof(*ev));

	(void)err;
	ev->fs = fs;
	ev->end = &ev->first;
	pthread_mutex_init(&ev->lock, NULL);
	fs->events = ev;
	return 0;
}

void events_free(struct fs *fs)
{
	struct events *ev = fs->events;

	if (!ev)
		return;
	while (ev->first)
		drop_first(ev);
	forget_said(ev);
	pthread_mutex_destroy(&ev->lock);
	free(ev);
	fs->events = NULL;
}
