/*
 * A reply with the pictures in it: the one exchange that carries what was paid for, and cannot be asked
 * for again.  Pictures go to files while they come (spill.h); what is complete is kept, also of a reply
 * that broke off.
 */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "image.h"
#include "kill.h"
#include "spill.h"

enum { SKELETON_MAX = 1 << 20, FILES_MAX = 32 };
#define PICTURE_MAX ((uint64_t)256 << 20)
#define REPLY_MAX ((uint64_t)2 << 30)
/* Nothing is asked for that there would be no room for. */
#define ROOM_NEEDED ((uint64_t)64 << 20)

struct reply {
	struct engine *e;
	struct task *task;
	struct spill *spill;          /* NULL: it is read back after a crash */
	struct buf body;              /* of one that is read back */
	struct wire_file *files;      /* as the wires see them … */
	int *fds;                     /* … and their descriptors; -1 when somebody else has it */
	size_t count;
	char *cut;                    /* why it broke off, or NULL */
	int first;                    /* the first picture's file, made before anything was sent; -1: taken */
};

/* --- while it comes */

static char *file_name(const struct task *t, unsigned index)
{
	return xasprintf("%lld-%u.part", (long long)t->row.id, index);
}

/* What is left of a complete reply, so that a crash before its pictures are in the journal loses nothing. */
static char *record_name(const struct task *t)
{
	return xasprintf("%lld.reply", (long long)t->row.id);
}

static void forget_record(struct engine *e, const struct task *t)
{
	cleanup_free char *name = record_name(t);

	store_incoming_remove(e->set.store, name);
}

static int create(struct reply *r, unsigned index)
{
	cleanup_free char *name = file_name(r->task, index);
	struct patience patience = { 0 };
	int fd;

	while ((fd = store_incoming_create(r->e->set.store, name)) < 0 && patience_helps(&patience, -fd))
		;
	return fd;
}

static int open_file(void *arg, unsigned index)
{
	struct reply *r = arg;

	return index == 0 ? steal_fd(&r->first) : create(r, index);
}

static int take_bytes(void *arg, const void *bytes, size_t len, struct error *err)
{
	struct reply *r = arg;
	int result = spill_feed(r->spill, bytes, len, err);

	kill_point(REPLY_COMING);
	return result;
}

bool reply_has_room(struct engine *e)
{
	struct statvfs st;

	return fstatvfs(e->set.store->incoming, &st) < 0 || (uint64_t)st.f_bavail * st.f_frsize >= ROOM_NEEDED;
}

/* What comes with the reply is paid for and cannot be asked for again, so less than usual is no limit. */
static uint64_t picture_max(const struct task *t)
{
	uint64_t asked = t->job->request.provider->picture_bytes;

	return asked > PICTURE_MAX ? asked : PICTURE_MAX;
}

int reply_begin(struct engine *e, struct task *t, struct http_request *http)
{
	struct reply *r = xcalloc(1, sizeof(*r));
	const struct spill_settings set = { .members = task_wire(t)->spilled, .skeleton_max = SKELETON_MAX,
	                                    .file_max = picture_max(t), .files_max = FILES_MAX,
	                                    .open_file = open_file, .arg = r };

	forget_record(e, t);
	r->e = e;
	r->task = t;
	r->first = create(r, 0);
	r->spill = spill_new(&set);
	t->reply = r;
	http->sink = take_bytes;
	http->sink_arg = r;
	http->max_bytes = REPLY_MAX;
	return r->first < 0 ? r->first : 0;
}

void reply_free(struct task *t)
{
	struct reply *r = t->reply;

	if (!r)
		return;
	if (r->first >= 0) {
		cleanup_free char *name = file_name(t, 0);
		cleanup_fd_(&r->first);
		store_incoming_remove(r->e->set.store, name);
	}
	if (r->spill)
		spill_free(r->spill);
	for (size_t i = 0; i < r->count; i++)
		cleanup_fd_(&r->fds[i]);
	free(r->fds);
	free(r->files);
	buf_release(&r->body);
	free(r->cut);
	free(r);
	t->reply = NULL;
}

/* --- when it has ended */

/* `1011` and a line break, a digit per file, then the body. */
static void record(const struct reply *r, const struct wire_reply *reply)
{
	cleanup_free char *name = record_name(r->task);
	cleanup_buf struct buf b = BUF_INIT;

	for (size_t i = 0; i < r->count; i++)
		buf_chr(&b, r->files[i].complete ? '1' : '0');
	buf_chr(&b, '\n');
	buf_add(&b, reply->body, reply->len);
	kill_point(BEFORE_REPLY);
	struct patience patience = { 0 };
	int result;
	while ((result = store_incoming_write(r->e->set.store, name, b.data, b.len)) < 0 && patience_helps(&patience, -result))
		;
	if (result < 0)
		log_warning("a reply could not be recorded; should easelfs be killed now, its picture is lost");
	kill_point(AFTER_REPLY);
}

static void lend(const struct reply *r, const struct buf *body, struct wire_reply *out)
{
	out->status = 200;
	out->body = body->data ? body->data : "";
	out->len = body->len;
	out->files = r->files;
	out->files_count = r->count;
}

void reply_read(struct task *t, struct wire_reply *out)
{
	struct reply *r = t->reply;
	cleanup_error struct error err = ERROR_INIT;

	if (spill_end(r->spill, &err) < 0 && !r->cut)
		r->cut = xstrdup(err.text);
	r->count = spill_count(r->spill);
	r->files = xcalloc(r->count + 1, sizeof(*r->files));
	r->fds = xcalloc(r->count + 1, sizeof(*r->fds));
	for (size_t i = 0; i < r->count; i++) {
		struct spill_file *f = spill_file(r->spill, i);
		r->files[i] = (struct wire_file){ .complete = f->complete, .bad = f->bad, .empty = !f->bytes };
		r->fds[i] = steal_fd(&f->fd);
	}
	lend(r, spill_skeleton(r->spill), out);
	if (!r->cut)
		record(r, out);
}

/* The recorded reply of a submit that a crash came after. */
static bool read_record(struct reply *r)
{
	cleanup_free char *name = record_name(r->task);
	cleanup_fd int fd = store_incoming_read(r->e->set.store, name, &r->body);
	size_t count = fd >= 0 && r->body.len ? strspn(r->body.data, "01") : 0;

	if (fd < 0 || !r->body.len || r->body.data[count] != '\n')
		return false;
	r->files = xcalloc(count + 1, sizeof(*r->files));
	r->fds = xcalloc(count + 1, sizeof(*r->fds));
	for (; r->count < count; r->count++) {
		cleanup_free char *picture = file_name(r->task, (unsigned)r->count);
		r->fds[r->count] = store_incoming_read(r->e->set.store, picture, NULL);
		r->files[r->count].complete = r->body.data[r->count] == '1' && r->fds[r->count] >= 0;
		r->files[r->count].empty = r->fds[r->count] >= 0 && !lseek(r->fds[r->count], 0, SEEK_END);
	}
	return true;
}

bool reply_recover(struct engine *e, struct task *t, struct wire_result *out)
{
	struct reply *r = xcalloc(1, sizeof(*r));
	struct wire_reply wr = { .retry_after = -1 };

	r->e = e;
	r->task = t;
	r->first = -1;
	t->reply = r;
	if (!read_record(r)) {
		reply_free(t);
		return false;
	}
	const struct buf body = { .data = r->body.data + r->count + 1, .len = r->body.len - r->count - 1 };
	lend(r, &body, &wr);
	task_wire(t)->parse_submit(t->job->request.provider, &wr, out);
	if (out->cls == WIRE_AMBIGUOUS && reply_take_all(t, out))
		out->cls = WIRE_DONE;
	if (out->cls == WIRE_DONE || out->cls == WIRE_FAILED)
		return true;
	forget_record(e, t);
	reply_free(t);
	return false;
}

bool reply_salvage(struct task *t, const struct http_reply *http, struct wire_result *out)
{
	struct wire_reply wr = wire_reply_of(http);

	if (!wire_is_success(http->status))
		return false;
	t->reply->cut = xstrdup(http->text);
	reply_read(t, &wr);
	task_wire(t)->parse_submit(t->job->request.provider, &wr, out);
	if (out->cls != WIRE_DONE)
		return false;
	record(t->reply, &wr);
	return true;
}

bool reply_take_all(struct task *t, struct wire_result *out)
{
	const struct reply *r = t->reply;

	for (size_t i = 0; i < r->count; i++)
		if (r->files[i].complete && !r->files[i].empty)
			wire_result_add_file(out, (int)i);
	if (!out->files_count)
		return false;
	out->note = xasprintf("%s; the pictures in it are kept", out->reason);
	return true;
}

void reply_drop(struct task *t)
{
	struct reply *r = t->reply;

	for (size_t i = 0; i < r->count; i++) {
		cleanup_free char *name = file_name(t, (unsigned)i);
		if (r->fds[i] >= 0)
			store_incoming_remove(r->e->set.store, name);
	}
}

/* --- what is kept of it: looked at on the disk thread, then one transaction for all */

struct keep {
	struct engine *e;
	struct task *task;
	struct check **pictures;
	size_t count;
	struct check **drafts;        /* for history/ */
	size_t drafts_count;
	char *text, *text_name;       /* and its file in incoming/ */
	char *note;
	double cost_usd;
};

static void keep_free(struct keep *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++)
		check_free(k->pictures[i]);
	for (size_t i = 0; i < k->drafts_count; i++)
		check_free(k->drafts[i]);
	free(k->pictures);
	free(k->drafts);
	free(k->text);
	free(k->text_name);
	free(k->note);
	free(k);
}

static void look_at_all(void *arg)
{
	struct keep *k = arg;

	for (size_t i = 0; i < k->count; i++)
		check_picture(k->pictures[i]);
	for (size_t i = 0; i < k->drafts_count; i++)
		check_picture(k->drafts[i]);
	if (k->text)
		store_incoming_write(k->e->set.store, k->text_name, k->text, strlen(k->text));
}

static struct check *check_of(struct engine *e, struct task *t, unsigned index, int fd)
{
	return check_new(e, t, file_name(t, index), fd);
}

/* A file that is looked at twice, as picture and as draft, is copied for the second. */
static struct check *draft_of(struct keep *k, const struct wire_result *r, struct reply *reply, size_t i)
{
	int index = r->drafts[i];
	struct check *c;

	for (size_t n = 0; n < r->files_count; n++) {
		if (r->files[n] != index)
			continue;
		c = check_of(k->e, k->task, FILES_MAX + (unsigned)i, -1);
		c->fd = store_incoming_create(k->e->set.store, c->name);
		c->copy_of = k->pictures[n]->fd;
		return c;
	}
	return check_of(k->e, k->task, (unsigned)index, steal_fd(&reply->fds[index]));
}

static bool is_usable(const struct check *c)
{
	return c->result == 0 || (c->result == -EBADMSG && c->info.type != IMAGE_NONE);
}

static void add_note(struct buf *b, const char *text)
{
	if (text)
		buf_fmt(b, "%s%s", b->len ? "; " : "", text);
}

/* The journal knows the file. */
static void kept_on_disk(struct engine *e, struct task *t)
{
	kill_point(BEFORE_REPLY_FORGET);
	forget_record(e, t);
	kill_point(AFTER_REPLY_FORGET);
	publish_begin(e, t);
}

static void take_one(struct engine *e, struct task *t, struct check *c)
{
	if (c->result < 0)
		check_note_flaw(t->job, c->err.text);
	check_take(t, c);
	check_note_size(t->job, &c->info);
	task_after(e, t, kept_on_disk);
	task_event(e, t, EVENT_DONE, NULL, NULL);
}

/* The journal knows that there is no picture in it; before that, a crash would have left it unknown. */
static void ended_on_disk(struct engine *e, struct task *t)
{
	forget_record(e, t);
}

static void kept(struct engine *e, void *arg);

/* Once more from the beginning, with the same files. */
static void keep_again(struct engine *e, struct task *t)
{
	struct keep *k = steal_pointer(&t->keep);

	for (size_t i = 0; i < k->count + k->drafts_count; i++) {
		struct check *c = i < k->count ? k->pictures[i] : k->drafts[i - k->count];
		error_clear(&c->err);
		c->again = true;
	}
	t->busy = true;
	engine_disk(e, look_at_all, kept, k);
}

/* -errno of a picture that the disk did not take, or 0. */
static int refused_by_disk(const struct keep *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (disk_is_at_fault(-k->pictures[i]->result))
			return k->pictures[i]->result;
	return 0;
}

void reply_keep_free(struct task *t)
{
	keep_free(t->keep);
	t->keep = NULL;
}

static void none_usable(struct engine *e, struct task *t, const struct keep *k)
{
	const struct check *first = k->pictures[0];
	cleanup_free char *why = xasprintf("what the provider sent is no picture: %s",
	                                   first->err.text ? first->err.text : strerror(-first->result));

	task_after(e, t, ended_on_disk);
	t->row.counted = false;       /* it was charged, all the same */
	/* What cannot be read or written here may still be a picture: a person decides. */
	if (first->result != -EBADMSG)
		task_event(e, t, EVENT_NOT_FOUND, why, "the picture was sent, but could not be kept; easelfs retry "
		           "makes a new one (it may be charged again)");
	else
		task_event(e, t, EVENT_REFUSED, why, "easelfs retry asks for another one, and may be charged again");
}

static void kept(struct engine *e, void *arg)
{
	struct keep *k = arg;
	struct task *t = k->task;
	cleanup_buf struct buf note = BUF_INIT;
	size_t taken = 0;

	for (size_t i = 0; i < k->count; i++)
		check_synced(k->pictures[i]);
	for (size_t i = 0; i < k->drafts_count; i++)
		check_synced(k->drafts[i]);
	t->busy = false;
	if (refused_by_disk(k)) {
		t->keep = k;
		disk_later(e, t, "the picture has come, and could not be written", -refused_by_disk(k), keep_again);
		return;
	}
	for (size_t i = 0; i < k->count; i++) {
		if (!is_usable(k->pictures[i]))
			continue;
		struct task *to = taken++ ? job_add_task(e, t) : t;
		if (to == t && k->cost_usd >= 0)
			t->row.cost_usd = k->cost_usd;
		take_one(e, to, k->pictures[i]);
	}
	if (!taken) {
		none_usable(e, t, k);
	} else {
		add_note(&note, k->note);
		job_note_missing(t, taken, note.data);
		for (size_t i = 0; i < k->drafts_count; i++)
			if (is_usable(k->drafts[i]))
				publish_draft(e, t, k->drafts[i], (unsigned)i + 1, k->drafts_count);
	}
	keep_free(k);
}

void reply_keep(struct engine *e, struct task *t, struct wire_result *r)
{
	struct reply *reply = t->reply;
	struct keep *k = xcalloc(1, sizeof(*k));
	cleanup_buf struct buf note = BUF_INIT;

	k->e = e;
	k->task = t;
	k->cost_usd = r->cost_usd;
	k->text = steal_pointer(&r->text);
	k->text_name = reply_text_name(t);
	k->pictures = xcalloc(r->files_count + 1, sizeof(*k->pictures));
	k->drafts = xcalloc(r->drafts_count + 1, sizeof(*k->drafts));
	for (size_t i = 0; i < r->files_count; i++)
		k->pictures[k->count++] = check_of(e, t, (unsigned)r->files[i],
		                                   steal_fd(&reply->fds[r->files[i]]));
	for (size_t i = 0; i < r->drafts_count; i++)
		k->drafts[k->drafts_count++] = draft_of(k, r, reply, i);
	add_note(&note, r->note);
	if (reply->cut) {
		cleanup_free char *cut = xasprintf("the reply broke off (%s), and what had come is kept", reply->cut);
		add_note(&note, cut);
	}
	k->note = note.len ? buf_steal(&note) : NULL;
	reply_drop(t);
	t->busy = true;
	engine_disk(e, look_at_all, kept, k);
}

void reply_take_urls(struct engine *e, struct task *t, const struct wire_result *r)
{
	reply_drop(t);
	forget_record(e, t);
	task_take_urls(e, t, r);
}

void reply_without_picture(struct engine *e, struct task *t, const struct wire_result *r)
{
	if (r->text) {
		cleanup_free char *name = reply_text_name(t);
		if (store_incoming_write(e->set.store, name, r->text, strlen(r->text)) == 0)
			publish_reply_text(e, t);
	}
	reply_drop(t);
	task_after(e, t, ended_on_disk);
	/* Whether it was charged nobody says, so it counts. */
	t->row.counted = false;
	task_event(e, t, EVENT_REFUSED, r->reason, r->hint);
}
