/* References on their way: one after the other, each content once per provider for as long as its URL
 * is trusted.  One task of a job uploads for all of them. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>

#include "kill.h"

/* How often it is looked whether another job's upload of the same bytes is through. */
#define SAME_UPLOAD_MS 50

static bool from_memo(struct engine *e, struct job *j, size_t i)
{
	const struct provider *p = j->request.provider;
	int64_t trusted = clock_wall_ms() - (int64_t)(p->upload_ttl * 1000);

	bool found = e->journal->upload_get(e->journal, p->name, j->request.references[i].sha256, trusted,
	                                    &j->ref_urls[i]) > 0;
	j->refs_from_memo |= found;
	return found;
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
	if (wire_of(j->request.provider)->inline_refs)
		return true;
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
		struct task *t = j->tasks[i];
		if (t->row.state != STATE_UPLOADING)
			continue;
		if (event == EVENT_SUBMIT && t->job->prompt->row.gone_ms && !t->job->row.orphan) {
			task_defer(e, t, 0, "its prompt was deleted while its references were uploaded",
			           "nothing was sent; it goes on if the prompt comes back at once");
			continue;
		}
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
	struct wire_reply wr = wire_reply_of(reply);
	struct wire_result r;

	wire_result_init(&r);
	r.cls = WIRE_LATER;
	if (reply->outcome == HTTP_REPLY)
		task_wire(t)->parse_upload(j->request.provider, &wr, &r);
	else
		r.reason = xstrdup(reply->text);
	if (r.cls == WIRE_ACCEPTED && r.urls_count) {
		const struct reference *ref = &j->request.references[j->upload_index];
		j->ref_urls[j->upload_index] = xstrdup(r.urls[0]);
		kill_point(UPLOADED);
		kill_point(BEFORE_MEMO);
		if (e->journal->begin(e->journal) == 0 &&
		    (e->journal->upload_put(e->journal, j->request.provider->name, ref->sha256, r.urls[0],
		                            clock_wall_ms()) < 0 || e->journal->commit(e->journal) < 0))
			e->journal->rollback(e->journal);
		kill_point(AFTER_MEMO);
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

static void upload_one(struct engine *e, struct task *t, int index)
{
	const struct request *request = &t->job->request;
	cleanup_error struct error err = ERROR_INIT;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	if (is_under_way(e, t->job, &request->references[index])) {
		task_at(e, t, clock_mono_ms() + SAME_UPLOAD_MS, upload_next);
		return;
	}
	task_wire(t)->build_upload(request, index, &call);
	kill_point(BEFORE_UPLOAD);
	int result = task_call(e, t, &call, &base, upload_done, &err);
	kill_point(AFTER_UPLOAD);
	if (result < 0) {
		struct wire_result r = { .wait = -1, .reason = err.text, .hint = err.hint };
		siblings(e, t->job, result == -ENOKEY ? EVENT_STOPPED : EVENT_REFUSED, &r);
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
		upload_one(e, t, (int)i);
		return;
	}
	siblings(e, j, EVENT_SUBMIT, NULL);
}

void upload_begin(struct engine *e, struct task *t)
{
	t->job->uploader = t;
	upload_next(e, t);
}

bool uploads_are_old(const struct task *t)
{
	return t->job->refs_from_memo && !t->uploaded_again;
}

/* The addresses that it was sent with; another picture of the job may have renewed them since. */
static void forget_uploads(struct engine *e, struct job *j)
{
	struct journal *db = e->journal;

	j->uploads++;
	for (size_t i = 0; i < j->request.references_count; i++) {
		const struct reference *ref = &j->request.references[i];
		if (ref->is_url)
			continue;
		free(steal_pointer(&j->ref_urls[i]));
		kill_point(BEFORE_MEMO_FORGET);
		if (db->begin(db) == 0 &&
		    (db->upload_forget(db, j->request.provider->name, ref->sha256) < 0 || db->commit(db) < 0))
			db->rollback(db);
		kill_point(AFTER_MEMO_FORGET);
	}
}

/* It was refused because of its references, so nothing was made: it is sent once more with new addresses. */
void upload_again(struct engine *e, struct task *t)
{
	t->uploaded_again = true;
	t->refs_form_tried = false;
	if (t->uploads == t->job->uploads)
		forget_uploads(e, t->job);
	task_defer(e, t, 0, "the provider does not have the uploaded references any more",
	           "nothing was made; they are uploaded again by themselves");
}
