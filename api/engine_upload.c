/* References on their way: one after the other, each content once per provider for as long as its URL
 * is trusted.  One task of a job uploads for all of them. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>

/* How often it is looked whether another job's upload of the same bytes is through. */
#define SAME_UPLOAD_MS 50

static bool from_memo(struct engine *e, struct job *j, size_t i)
{
	const struct provider *p = j->request.provider;
	int64_t trusted = clock_wall_ms() - (int64_t)(p->upload_ttl * 1000);

	return e->journal->upload_get(e->journal, p->name, j->request.references[i].sha256, trusted,
	                              &j->ref_urls[i]) > 0;
}

static bool ref_ready(struct engine *e, struct job *j, size_t i)
{
	const struct reference *r = &j->request.references[i];

	if (!j->ref_urls[i] && r->is_url)
		j->ref_urls[i] = xstrdup(r->name);
	return j->ref_urls[i] || from_memo(e, j, i);
}

bool uploads_ready(struct engine *e, struct job *j)
{
	for (size_t i = 0; i < j->request.references_count; i++)
		if (!ref_ready(e, j, i))
			return false;
	return true;
}

/* The uploader is through, one way or the other: its siblings go the same way. */
static void siblings(struct engine *e, struct job *j, enum event event, const struct wire_result *r)
{
	struct task *uploader = j->uploader;

	j->uploader = NULL;
	for (size_t i = 0; i < j->tasks_count; i++) {
		struct task *t = &j->tasks[i];
		if (t->row.state != STATE_UPLOADING)
			continue;
		if (event == EVENT_SUBMIT) {
			/* What was sent since it began to upload counts, its own siblings first of all. */
			if (task_is_affordable(e, t))
				task_submit(e, t);
			continue;
		}
		if (event == EVENT_LATER)
			t->row.next_try_ms = clock_wall_ms() + backoff_ms(uploader->row.attempts, r->wait);
		t->row.attempts++;
		task_event(e, t, event, r->reason, r->hint);
	}
}

static void upload_next(struct engine *e, struct task *t);

static void upload_failed(struct engine *e, struct task *t, const struct wire_result *r)
{
	switch (r->cls) {
	case WIRE_STOPPED:
		account_stop(e, account_of(e, t->job->request.provider), r->reason, r->hint);
		siblings(e, t->job, EVENT_STOPPED, r);
		return;
	case WIRE_REFUSED:
	case WIRE_FORM:
	case WIRE_FAILED:
	case WIRE_GONE:
		siblings(e, t->job, EVENT_REFUSED, r);
		return;
	case WIRE_ACCEPTED:
	case WIRE_RUNNING:
	case WIRE_DONE:
	case WIRE_LATER:
	case WIRE_AMBIGUOUS:
		siblings(e, t->job, EVENT_LATER, r);
		return;
	}
}

static void upload_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct job *j = t->job;
	struct engine *e = j->engine;
	struct wire_result r = { .cls = WIRE_LATER, .wait = -1, .progress = -1, .cost_usd = -1 };
	struct wire_reply wr = wire_reply_of(reply);

	t->transfer = NULL;
	cleanup_fd_(&t->fd);
	if (reply->outcome == HTTP_REPLY)
		wire_by_name(j->request.provider->wire)->parse_upload(&wr, &r);
	else
		r.reason = xstrdup(reply->text);
	if (r.cls == WIRE_ACCEPTED && r.urls_count) {
		const struct reference *ref = &j->request.references[j->upload_index];
		j->ref_urls[j->upload_index] = xstrdup(r.urls[0]);
		if (e->journal->begin(e->journal) == 0 &&
		    (e->journal->upload_put(e->journal, j->request.provider->name, ref->sha256, r.urls[0],
		                            clock_wall_ms()) < 0 || e->journal->commit(e->journal) < 0))
			e->journal->rollback(e->journal);
		upload_next(e, t);
	} else {
		upload_failed(e, t, &r);
	}
	wire_result_release(&r);
}

/* Whether another job is sending these bytes to the same provider just now: then its URL will do. */
static bool is_under_way(struct engine *e, const struct job *j, const struct reference *ref)
{
	for (const struct job *other = e->jobs; other; other = other->hh.next) {
		if (other == j || !other->uploader || !other->uploader->transfer ||
		    other->request.provider != j->request.provider)
			continue;
		const struct reference *sent = &other->request.references[other->upload_index];
		if (memcmp(sent->sha256, ref->sha256, sizeof(ref->sha256)) == 0)
			return true;
	}
	return false;
}

static void upload_one(struct engine *e, struct task *t, const struct reference *ref)
{
	if (is_under_way(e, t->job, ref)) {
		task_at(e, t, clock_mono_ms() + SAME_UPLOAD_MS, upload_next);
		return;
	}
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	t->fd = store_open_reference(e->set.store, ref->sha256);
	if (t->fd < 0) {
		cleanup_free char *why = xasprintf("the copy of reference %s is gone", ref->name);
		struct wire_result r = { .wait = -1, .reason = why, .hint = (char *)"save the prompt again" };
		siblings(e, t->job, EVENT_REFUSED, &r);
		return;
	}
	wire_by_name(t->job->request.provider->wire)->build_upload(t->job->request.provider, ref, &call);
	base.part_name = call.part_name;
	base.part_filename = call.part_filename;
	base.part_type = call.part_type;
	base.part_fd = t->fd;
	base.part_size = ref->size;
	const char *fields[] = { call.field[0].name, call.field[0].value, call.field[1].name,
	                         call.field[1].value, NULL };
	base.fields = fields;
	struct account *stopped = task_start_call(e, t, &call, &base, upload_done);
	wire_call_release(&call);
	if (stopped) {
		struct wire_result r = { .wait = -1, .reason = stopped->stopped, .hint = stopped->stopped_hint };
		siblings(e, t->job, EVENT_STOPPED, &r);
	}
}

static void upload_next(struct engine *e, struct task *t)
{
	struct job *j = t->job;

	for (size_t i = 0; i < j->request.references_count; i++) {
		if (ref_ready(e, j, i))
			continue;
		j->upload_index = i;
		t->row.progress = -1;
		upload_one(e, t, &j->request.references[i]);
		return;
	}
	siblings(e, j, EVENT_SUBMIT, NULL);
}

void upload_begin(struct engine *e, struct task *t)
{
	t->job->uploader = t;
	upload_next(e, t);
}
