/* From a result's URL to a picture under its name: download, check, publication, and what gives way. */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

#define MAX_REDIRECTS 5
#define MAX_PICTURE_BYTES ((uint64_t)256 << 20)

/* --- download --- */

static char *part_name(const struct task *t)
{
	return xasprintf("%lld.part", (long long)t->row.id);
}

static char *first_url(const struct task *t)
{
	return t->row.urls ? xstrndup(t->row.urls, strcspn(t->row.urls, "\n")) : NULL;
}

static void fetch_again(struct engine *e, struct task *t)
{
	fetch_begin(e, t);
}

static void fetch_later(struct engine *e, struct task *t, double asked, const char *why)
{
	int64_t wait = backoff_ms(t->row.attempts++, asked);

	free(t->row.reason);
	free(t->row.hint);
	t->row.reason = xstrdup(why);
	t->row.hint = xstrdup("the picture is paid for; it is fetched again by itself");
	task_dirty(e, t);
	job_settle(e, t->job);
	task_at(e, t, clock_mono_ms() + wait, fetch_again);
}

/* The URL is no good any more: the task is asked for a fresh one; it says so when there is none. */
static void fresh_url(struct engine *e, struct task *t, const char *why);

static void refreshed(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_result r = { .progress = -1, .wait = -1, .cost_usd = -1 };
	struct wire_reply wr = wire_reply_of(reply);

	t->transfer = NULL;
	if (reply->outcome == HTTP_REPLY)
		wire_by_name(t->job->request.provider->wire)->parse_poll(&wr, &r);
	bool over = t->row.expires_ms && clock_wall_ms() > t->row.expires_ms;
	if (reply->outcome == HTTP_REPLY && r.cls == WIRE_DONE && r.urls_count) {
		cleanup_free char *old = first_url(t);
		bool same = old && strcmp(old, r.urls[0]) == 0;
		free(t->row.urls);
		t->row.urls = xstrdup(r.urls[0]);
		t->row.expires_ms = r.expires_at * 1000;
		over = r.expires_at && clock_wall_ms() > t->row.expires_ms;
		if (same && over)
			task_event(e, t, EVENT_EXPIRED, "the picture was not fetched before its URL expired",
			           "easelfs again makes a new one");
		else if (same)
			fetch_later(e, t, -1, "the picture's address does not answer");
		else
			task_after(e, t, fetch_begin);
	} else if (reply->outcome == HTTP_REPLY && r.cls == WIRE_GONE && (over || !t->row.expires_ms)) {
		task_event(e, t, EVENT_EXPIRED, "the provider does not have the picture any more",
		           "easelfs again makes a new one");
	} else {
		fetch_later(e, t, r.wait, r.reason ? r.reason : reply->text ? reply->text
		                                              : "the provider gave no fresh address");
	}
	wire_result_release(&r);
}

static void fresh_url(struct engine *e, struct task *t, const char *why)
{
	const struct provider *p = t->job->request.provider;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	log_info("picture %lld: %s; asking for a fresh address", (long long)t->row.id, why);
	wire_by_name(p->wire)->build_poll(p, t->row.task_id, &call);
	task_start_call(e, t, &call, &base, refreshed);
	wire_call_release(&call);
}

/* --- checking what came (disk thread) --- */

struct check {
	struct task *task;
	int fd, incoming;
	int source_fd;
	char *prompt_path;
	int result;
	struct error err;
	struct image_info info;
	uint8_t sha256[32];
	uint64_t bytes;
	struct stat st;
};

/* As a file that the prompt's owner made: their umask is not known here, the prompt's own mode is. */
static void give_to_owner(struct check *c)
{
	struct stat prompt;

	if (fstatat(c->source_fd, c->prompt_path, &prompt, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (geteuid() == 0 && fchown(c->fd, prompt.st_uid, prompt.st_gid) < 0)
		log_warning("the picture of %s keeps root as its owner: %s", c->prompt_path, strerror(errno));
	if (fchmod(c->fd, (prompt.st_mode & 0666) | 0600) < 0)
		log_warning("the picture of %s keeps mode 0600: %s", c->prompt_path, strerror(errno));
}

static void check_picture(void *arg)
{
	struct check *c = arg;

	c->result = image_verify(c->fd, &c->info, &c->err);
	if (c->result == 0)
		c->result = sha256_fd(c->fd, c->sha256, &c->bytes);
	if (c->result < 0)
		return;
	give_to_owner(c);
	if (fsync(c->fd) < 0 || fsync(c->incoming) < 0 || fstat(c->fd, &c->st) < 0)
		c->result = -errno;
}

static void note_size(struct job *j, const struct image_info *info)
{
	const struct request *r = &j->request;

	if (!r->width || (r->width == info->width && r->height == info->height))
		return;
	free(j->row.note);
	j->row.note = xasprintf("the picture is %ux%u pixels, the documented size of %s is %ux%u",
	                        info->width, info->height, r->ratio ? r->ratio : "this request",
	                        r->width, r->height);
}

static void checked(struct engine *e, void *arg)
{
	struct check *c = arg;
	struct task *t = c->task;

	t->busy = false;
	t->fd = -1;
	close(c->fd);
	if (c->result == 0) {
		t->row.file = part_name(t);
		memcpy(t->row.sha256, c->sha256, sizeof(t->row.sha256));
		t->row.bytes = c->bytes;
		t->row.width = c->info.width;
		t->row.height = c->info.height;
		free(t->row.type);
		t->row.type = xstrdup(image_name(c->info.type));
		t->row.out_dev = c->st.st_dev;
		t->row.out_ino = c->st.st_ino;
		t->row.attempts = 0;
		note_size(t->job, &c->info);
		task_after(e, t, publish_begin);
	} else if (c->result == -EBADMSG && t->row.attempts % 2) {
		t->row.attempts++;
		fresh_url(e, t, c->err.text);
	} else {
		fetch_later(e, t, -1, c->err.text ? c->err.text : strerror(-c->result));
	}
	error_clear(&c->err);
	free(c->prompt_path);
	free(c);
}

static void check_begin(struct engine *e, struct task *t)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->task = t;
	c->fd = steal_fd(&t->fd);
	c->incoming = e->set.store->incoming;
	c->source_fd = e->set.source_fd;
	c->prompt_path = xstrdup(t->job->prompt->row.path);
	t->busy = true;
	engine_disk(e, check_picture, checked, c);
}

/* --- the transfer --- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Absolute addresses only, never from https down to http. */
static bool redirect_is_fine(const char *from, const char *to)
{
	if (!to)
		return false;
	if (strncasecmp(to, "https://", 8) == 0)
		return true;
	return strncasecmp(to, "http://", 7) == 0 && strncasecmp(from, "http://", 7) == 0;
}

static void fetch_replied(struct engine *e, struct task *t, const struct http_reply *reply)
{
	cleanup_free char *url = t->redirect ? xstrdup(t->redirect) : first_url(t);
	cleanup_free char *why = xasprintf("the picture's address answered with status %d", reply->status);

	if (reply->status == 200) {
		check_begin(e, t);
		return;
	}
	cleanup_fd_(&t->fd);
	if (is_redirect(reply->status) && t->redirects < MAX_REDIRECTS &&
	    redirect_is_fine(url, reply->location)) {
		t->redirects++;
		free(t->redirect);
		t->redirect = xstrdup(reply->location);
		fetch_begin(e, t);
	} else if (reply->status >= 400 && reply->status < 500 && reply->status != 429 &&
	           reply->status != 408) {
		t->row.attempts++;
		fresh_url(e, t, why);
	} else {
		fetch_later(e, t, reply->retry_after, why);
	}
}

static void fetch_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;

	t->transfer = NULL;
	if (reply->outcome == HTTP_REPLY) {
		fetch_replied(e, t, reply);
		return;
	}
	cleanup_fd_(&t->fd);
	fetch_later(e, t, -1, reply->text);
}

/* Whether the provider is on this machine or in this house, so that its results may be, too. */
static bool provider_is_near(const struct provider *p)
{
	static const char *const near[] = { "localhost", "127.", "[::1]", "10.", "192.168.", "172.16.",
	                                    "172.17.", "172.18.", "172.19.", "172.2", "172.30.",
	                                    "172.31.", "169.254.", "[fe80", "[fc", "[fd" };
	const char *host = strstr(p->url, "://");

	for (size_t i = 0; host && i < ARRAY_LEN(near); i++)
		if (strncasecmp(host + 3, near[i], strlen(near[i])) == 0)
			return true;
	return false;
}

void fetch_begin(struct engine *e, struct task *t)
{
	cleanup_free char *name = part_name(t);
	cleanup_free char *url = t->redirect ? xstrdup(t->redirect) : first_url(t);
	struct http_request r = HTTP_REQUEST_INIT;

	if (!t->redirect)
		t->redirects = 0;
	free(steal_pointer(&t->redirect));
	if (!url) {
		fresh_url(e, t, "it has no address");
		return;
	}
	t->fd = store_incoming_create(e->set.store, name);
	if (t->fd < 0) {
		cleanup_free char *why = xasprintf("the picture cannot be written: %s", strerror(-t->fd));
		t->fd = -1;
		fetch_later(e, t, -1, why);
		return;
	}
	r.method = "GET";
	r.url = url;
	r.sink_fd = t->fd;
	r.max_bytes = MAX_PICTURE_BYTES;
	r.named_by_provider = true;
	r.allow_private = provider_is_near(t->job->request.provider);
	t->transfer = http_start(e->http, &r, fetch_done, t);
}

/* --- publication --- */

void publication_free(struct publication *p)
{
	free(p->file);
	free(p->out);
	free(p->history);
	free(p);
}

static const char *suffix_of(const struct task *t)
{
	for (enum image_type i = IMAGE_PNG; i <= IMAGE_BMP; i++)
		if (strcmp(image_name(i), t->row.type) == 0)
			return image_suffix(i);
	return "bin";
}

/* Where the picture goes: out/, or history/ for one whose prompt is gone or has a newer one there. */
static char *out_name(const struct job *j, const struct task *t, unsigned shown_revision)
{
	cleanup_free char *number = j->tasks_count > 1 ? xasprintf("-%u", t->row.index) : xstrdup("");
	bool late = j->row.orphan || shown_revision > j->row.revision;

	if (late)
		return xasprintf("history/%s.%u%s.%s", j->prompt->row.stem, j->row.revision, number,
		                 suffix_of(t));
	return xasprintf("out/%s%s.%s", j->prompt->row.stem, number, suffix_of(t));
}

static unsigned revision_of(struct engine *e, int64_t job)
{
	cleanup_job_row struct job_row row = { 0 };

	return job && e->journal->job_load(e->journal, job, &row) > 0 ? row.revision : 0;
}

static struct publication *publication_new(const struct job *j, const char *out)
{
	struct publication *p = xcalloc(1, sizeof(*p));

	p->out = xstrdup(out);
	p->history = xasprintf("history/%s", j->prompt->row.stem);
	p->job_serial = j->serial;
	return p;
}

void publish_begin(struct engine *e, struct task *t)
{
	struct job *j = t->job;
	unsigned shown = revision_of(e, j->prompt->row.shown);
	cleanup_free char *out = out_name(j, t, shown);
	struct publication *p = publication_new(j, out);
	cleanup_task_row struct task_row standing = { 0 };

	p->task_index = t->row.index;
	p->kind = PUBLISH_PICTURE;
	p->file = xstrdup(t->row.file);
	p->out_dev = t->row.out_dev;
	p->out_ino = t->row.out_ino;
	if (e->journal->task_by_out(e->journal, out, &standing) > 0)
		p->old_revision = revision_of(e, standing.job);
	t->busy = true;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

/* A picture of an older revision that the newer one did not replace by name. */
static int retire_task(void *arg, struct task_row *row)
{
	struct { struct engine *e; struct job *newest; unsigned revision; } *ctx = arg;
	struct job *j = ctx->newest;

	if (!row->out || !str_starts_with(row->out, "out/"))
		return 0;
	for (size_t i = 0; i < j->tasks_count; i++)
		if (j->tasks[i].row.out && strcmp(j->tasks[i].row.out, row->out) == 0)
			return 0;
	struct publication *p = publication_new(j, row->out);
	p->kind = PUBLISH_RETIRE;
	p->old_revision = ctx->revision;
	p->out_dev = row->out_dev;
	p->out_ino = row->out_ino;
	ctx->e->publications++;
	ctx->e->set.calls->publish(ctx->e->set.ctx, p);
	return 0;
}

void publish_retire(struct engine *e, struct prompt *p, struct job *newest)
{
	unsigned shown = revision_of(e, p->row.shown);
	struct { struct engine *e; struct job *newest; unsigned revision; } ctx = { e, newest, shown };

	if (newest->row.orphan || shown > newest->row.revision)
		return;
	if (p->row.shown && p->row.shown != newest->row.id)
		e->journal->tasks_of(e->journal, p->row.shown, retire_task, &ctx);
	p->row.shown = newest->row.id;
	prompt_dirty(e, p);
}

/* Made when the first job is sent, so that whoever watches folders is there in time. */
void publish_folder(struct engine *e, struct job *j)
{
	cleanup_free char *out = xasprintf("out/%s", j->prompt->row.stem);
	cleanup_free char *folder = xstrndup(out, (size_t)(strrchr(out, '/') - out));
	struct stat st;

	if (fstatat(e->set.source_fd, folder, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	struct publication *p = publication_new(j, out);
	p->kind = PUBLISH_FOLDER;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

static bool says_why(enum job_state s)
{
	return s == STATE_FAILED || s == STATE_EXPIRED || s == STATE_UNKNOWN;
}

static int write_text(const struct store *s, const char *name, const struct buf *text)
{
	cleanup_fd int fd = store_incoming_create(s, name);

	if (fd < 0)
		return fd;
	if (fchmod(fd, 0644) < 0 || write(fd, text->data, text->len) != (ssize_t)text->len)
		return -EIO;
	return 0;
}

/* out/…/cat.error.txt appears when a job ends badly and goes when the prompt's newest job does not. */
void publish_error_file(struct engine *e, struct job *j)
{
	cleanup_free char *out = xasprintf("out/%s.error.txt", j->prompt->row.stem);
	struct stat st;

	if (j->prompt->newest != j || j->prompt->row.gone_ms)
		return;
	struct publication *p = publication_new(j, out);
	p->kind = PUBLISH_REMOVE;
	if (says_why(j->row.state)) {
		cleanup_buf struct buf text = BUF_INIT;
		buf_fmt(&text, "%s: %s\n", j->prompt->row.path, j->row.reason ? j->row.reason : "failed");
		if (j->row.hint)
			buf_fmt(&text, "%s\n", j->row.hint);
		p->file = xasprintf("error-%llu.part", (unsigned long long)j->serial);
		p->kind = PUBLISH_TEXT;
		if (write_text(e->set.store, p->file, &text) < 0) {
			publication_free(p);
			return;
		}
	} else if (fstatat(e->set.source_fd, out, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		publication_free(p);
		return;
	}
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

static void publish_move(struct engine *e, enum publish_kind kind, const char *from, const char *to,
                         uint64_t dev, uint64_t ino)
{
	struct publication *p = xcalloc(1, sizeof(*p));

	p->kind = kind;
	p->file = xstrdup(from);
	p->out = xstrdup(to);
	p->out_dev = dev;
	p->out_ino = ino;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

struct moves { struct engine *e; const char *old_stem, *new_stem; };

/* `out/cat-2.png` of cat follows to `out/dog-2.png`. */
static int move_task(void *arg, struct task_row *row)
{
	struct moves *m = arg;
	cleanup_free char *prefix = xasprintf("out/%s", m->old_stem);

	if (!row->out || !str_starts_with(row->out, prefix))
		return 0;
	cleanup_free char *to = xasprintf("out/%s%s", m->new_stem, row->out + strlen(prefix));
	publish_move(m->e, PUBLISH_MOVE, row->out, to, row->out_dev, row->out_ino);
	return 0;
}

void publish_moves(struct engine *e, struct prompt_row *row, const char *old_stem)
{
	struct moves m = { e, old_stem, row->stem };
	cleanup_free char *from = xasprintf("history/%s", old_stem);
	cleanup_free char *to = xasprintf("history/%s", row->stem);

	if (strcmp(old_stem, row->stem) == 0)
		return;
	e->journal->tasks_of(e->journal, row->shown ? row->shown : row->job, move_task, &m);
	if (row->revision > 1)
		publish_move(e, PUBLISH_MOVE_HISTORY, from, to, 0, 0);
}

void publish_folder_moves(struct engine *e, const char *from, const char *to)
{
	static const char *const roots[] = { "out", "history" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		cleanup_free char *old = xasprintf("%s/%s", roots[i], from);
		cleanup_free char *new = xasprintf("%s/%s", roots[i], to);
		if (fstatat(e->set.source_fd, old, &st, AT_SYMLINK_NOFOLLOW) == 0)
			publish_move(e, PUBLISH_MOVE, old, new, st.st_dev, st.st_ino);
	}
}

static void moved(struct engine *e, struct publication *p)
{
	struct journal *db = e->journal;

	if (p->result < 0) {
		log_warning("%s could not follow its prompt to %s: %s", p->file, p->out, strerror(-p->result));
		return;
	}
	if (db->begin(db) == 0 && (db->outs_rename(db, p->file, p->out) < 0 || db->commit(db) < 0))
		db->rollback(db);
	for (struct job *j = e->jobs; j; j = j->hh.next)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (j->tasks[i].row.out && strcmp(j->tasks[i].row.out, p->file) == 0) {
				free(j->tasks[i].row.out);
				j->tasks[i].row.out = xstrdup(p->out);
			}
}

static void picture_published(struct engine *e, struct publication *p)
{
	struct job *j;

	HASH_FIND(hh, e->jobs, &p->job_serial, sizeof(p->job_serial), j);
	if (!j)
		return;
	struct task *t = &j->tasks[p->task_index - 1];
	t->busy = false;
	if (p->result == -ENOENT) {
		/* The file is neither there nor here: it is fetched once more. */
		free(steal_pointer(&t->row.file));
		task_after(e, t, fetch_begin);
		return;
	}
	if (p->result < 0) {
		cleanup_free char *why = xasprintf("the picture could not be put at %s: %s", p->out,
		                                   strerror(-p->result));
		fetch_later(e, t, -1, why);
		t->on_time = publish_begin;
		return;
	}
	free(t->row.out);
	t->row.out = xstrdup(p->out);
	free(steal_pointer(&t->row.file));
	t->row.progress = 100;
	task_event(e, t, EVENT_PUBLISHED, NULL, NULL);
}

static void take_published(struct engine *e, void *arg)
{
	struct publication *p = arg;

	e->publications--;
	switch (p->kind) {
	case PUBLISH_PICTURE:
		picture_published(e, p);
		break;
	case PUBLISH_MOVE:
		moved(e, p);
		break;
	case PUBLISH_RETIRE:
	case PUBLISH_MOVE_HISTORY:
	case PUBLISH_TEXT:
	case PUBLISH_REMOVE:
	case PUBLISH_FOLDER:
		break;
	}
	publication_free(p);
}

void engine_published(struct engine *e, struct publication *p)
{
	engine_post(e, take_published, p);
}
