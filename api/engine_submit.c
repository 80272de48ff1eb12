/* The submit, and looking it up when its outcome is not known. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>

#include "kill.h"

/* A synchronous provider thinks for minutes before its first byte. */
enum { STALL_SECONDS = 120, STALL_SYNCHRONOUS = 900 };
/* How long a prompt may take to be read again. */
enum { OTHER_MODEL_SECONDS = 60 };

static void accepted(struct engine *e, struct task *t, struct wire_result *r)
{
	free(t->row.task_id);
	t->row.task_id = steal_pointer(&r->task_id);
	t->row.attempts = 0;
	task_event(e, t, EVENT_ACCEPTED, NULL, NULL);
}

static void later(struct engine *e, struct task *t, struct limiter *l, const struct wire_result *r)
{
	if (r->wait >= 0)
		limiter_block(l, clock_mono_ms() + (int64_t)(r->wait * 1000));
	task_defer(e, t, r->wait, r->reason, r->hint);
}

void task_stopped(struct engine *e, struct task *t, const struct wire_result *r)
{
	account_stop(e, account_of(e, t->job->request.provider), r->reason, r->hint);
	task_event(e, t, EVENT_STOPPED, r->reason, r->hint);
}

static void send_submit(struct engine *e, struct task *t);

/* The provider did not like how references are written; it made no task, so the other form is tried
 * once, with an intent of its own. */
static bool other_form(struct engine *e, struct task *t)
{
	if (t->refs_form_tried || !t->job->request.references_count)
		return false;
	t->refs_form_tried = true;
	t->refs_form = t->refs_form == REFS_STRINGS ? REFS_OBJECTS : REFS_STRINGS;
	task_after(e, t, send_submit);
	return true;
}

/* Providers retire models.  Where nobody asked for that one, the prompt is read again for the next default;
 * nothing was made.  Until then it is deferred, so that nobody is told that it has failed. */
static bool other_model(struct engine *e, struct task *t, const struct wire_result *r)
{
	const struct request *request = &t->job->request;

	if (!r->no_model || !request->by_default || t->job->prompt->newest != t->job ||
	    (!model_is_gone(request->model) && !models_gone(request->models, request->model)))
		return false;
	log_warning("%s does not have the model %s any more: prompts that name none go to the next one",
	            request->provider->name, request->model->name);
	task_defer(e, t, OTHER_MODEL_SECONDS, r->reason, "it is sent to another model by itself");
	e->set.calls->read_again(e->set.ctx, t->job->prompt->row.path, READ_AGAIN);
	return true;
}

/* The reply has the picture, or its address, or says why there is none. */
static void done_at_once(struct engine *e, struct task *t, struct wire_result *r)
{
	if (r->cls == WIRE_FAILED)
		reply_without_picture(e, t, r);
	else if (r->files_count)
		reply_keep(e, t, r);
	else
		reply_take_urls(e, t, r);
}

/* A reply that is not understood, with whole pictures in it: they are paid for. */
static bool keep_unclear(struct engine *e, struct task *t, struct wire_result *r)
{
	if (!t->reply || !reply_take_all(t, r))
		return false;
	r->cls = WIRE_DONE;
	done_at_once(e, t, r);
	return true;
}

static void submit_answered(struct engine *e, struct task *t, struct wire_result *r)
{
	struct account *a = account_of(e, t->job->request.provider);

	account_answered(a, r->cls);
	switch (r->cls) {
	case WIRE_DONE:
	case WIRE_FAILED:
		if (task_wire(t)->synchronous)
			done_at_once(e, t, r);
		else
			accepted(e, t, r);
		return;
	case WIRE_ACCEPTED:
	case WIRE_RUNNING:
		accepted(e, t, r);
		return;
	case WIRE_LATER:
		later(e, t, &a->submits, r);
		return;
	case WIRE_AMBIGUOUS:
		if (!keep_unclear(e, t, r))
			task_event(e, t, EVENT_AMBIGUOUS, r->reason, r->hint);
		return;
	case WIRE_STOPPED:
		task_stopped(e, t, r);
		return;
	case WIRE_FORM:
		if (other_form(e, t))
			return;
		__attribute__((fallthrough));
	case WIRE_REFUSED:
		if (r->about_references && uploads_are_old(t)) {
			upload_again(e, t);
			return;
		}
		if (other_model(e, t, r))
			return;
		break;
	case WIRE_GONE:
		break;
	}
	task_event(e, t, EVENT_REFUSED, r->reason, r->hint);
}

/* No complete reply, though the request may have been carried out. */
static void submit_broke(struct engine *e, struct task *t, const struct http_reply *reply)
{
	struct wire_result r;

	wire_result_init(&r);
	if (t->reply && reply_salvage(t, reply, &r)) {
		done_at_once(e, t, &r);
	} else {
		if (t->reply)
			reply_drop(t);
		task_event(e, t, EVENT_AMBIGUOUS, reply->text, NULL);
	}
	wire_result_release(&r);
}

static const char nothing_sent[] = "nothing was sent; it is tried again by itself";

static void submit_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_reply wr = wire_reply_of(reply);
	struct wire_result r;

	kill_point(SUBMIT_ANSWERED);
	wire_result_init(&r);
	if (reply->outcome == HTTP_REPLY) {
		obey_limits(&account_of(e, t->job->request.provider)->submits, reply);
		if (t->reply && wire_is_success(reply->status))
			reply_read(t, &wr);
		task_wire(t)->parse_submit(t->job->request.provider, &wr, &r);
		submit_answered(e, t, &r);
	} else if (reply->outcome == HTTP_NOT_SENT || (reply->outcome == HTTP_LOCAL && !reply->sent)) {
		task_defer(e, t, -1, reply->text, nothing_sent);
	} else {
		submit_broke(e, t, reply);
	}
	wire_result_release(&r);
	reply_free(t);
}

/* A look-up is no submit: what it asks about may be paid for. */
bool submit_withdraw(struct engine *e, struct task *t)
{
	if (t->row.state != STATE_SUBMITTING || !t->transfer || t->answered != submit_done || http_sent(t->transfer))
		return false;
	task_stop_transfer(e, t);
	reply_free(t);
	task_defer(e, t, 0, "easelfs ended before it was sent", nothing_sent);
	return true;
}

/* The intent is on disk. */
static void send_submit(struct engine *e, struct task *t)
{
	struct job *j = t->job;
	const struct wire *w = task_wire(t);
	const struct wire_submit s = { .request = &j->request, .own_id = t->row.own_id,
	                               .pictures = request_share(&j->request, t->row.index),
	                               .ref_urls = (const char *const *)j->ref_urls, .refs_form = t->refs_form };
	cleanup_error struct error err = ERROR_INIT;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	/* Another picture of the job may have found their addresses to be no good. */
	if (!uploads_ready(e, j)) {
		task_defer(e, t, 0, "its references are uploaded again", "nothing was sent; it goes on by itself");
		return;
	}
	t->uploads = j->uploads;
	base.once = true;
	base.stall_timeout = w->synchronous ? STALL_SYNCHRONOUS : STALL_SECONDS;
	int ready = w->synchronous ? reply_begin(e, t, &base) : 0;
	if (ready < 0) {
		cleanup_free char *why = xasprintf("there is no file for its picture: %s", strerror(-ready));
		reply_free(t);
		task_defer(e, t, -1, why, nothing_sent);
		return;
	}
	w->build_submit(&s, &call);
	kill_point(BEFORE_SUBMIT);
	int result = task_call(e, t, &call, &base, submit_done, &err);
	kill_point(AFTER_SUBMIT);
	if (result < 0) {
		reply_free(t);
		if (error_may_pass(-result))
			task_defer(e, t, -1, err.text, nothing_sent);
		else
			task_event(e, t, result == -ENOKEY ? EVENT_STOPPED : EVENT_REFUSED, err.text, err.hint);
	}
}

char *engine_new_id(void)
{
	char hex[RANDOM_HEX];

	random_hex(hex);
	return xasprintf("easelfs-%.24s", hex);
}

void task_submit(struct engine *e, struct task *t)
{
	account_enter(e, t);
	if (!t->refs_form_tried)
		t->refs_form = t->job->request.model->refs_form;
	free(t->row.own_id);
	t->row.own_id = engine_new_id();
	t->row.submitted_ms = clock_wall_ms();
	budget_count(e, t, true);
	publish_folder(e, t->job);
	task_after(e, t, send_submit);
	task_event(e, t, EVENT_SUBMIT, NULL, NULL);
}

/* --- looking it up --- */

static double lookup_wait(const struct task *t)
{
	/* At once, then after 5, 15 and 60 s at a provider whose first look is after 5 s. */
	static const double factor[] = { 1, 3, 12 };

	if (t->looks > ARRAY_LEN(factor))
		return -1;
	return t->job->request.provider->first_look * factor[t->looks - 1];
}

static void not_found(struct engine *e, struct task *t)
{
	static const char looks[] = "it is looked up at the provider until it is found, or surely not there; nothing is sent twice";
	double wait = lookup_wait(t);
	cleanup_free char *reason = xstrdup(t->row.reason ? t->row.reason : "the request was sent, and no answer came");

	if (wait >= 0) {
		task_again(e, t, (int64_t)(wait * 1000), reason, looks, task_look_up);
		return;
	}
	cleanup_free char *why = xasprintf("%s; and the provider does not know of it", reason);
	task_event(e, t, EVENT_NOT_FOUND, why,
	           "easelfs retry sends it again (it may be charged a second time); easelfs cancel "
	           "gives it up");
}

static void look_again(struct engine *e, struct task *t, double asked, const char *why)
{
	task_again(e, t, backoff_ms(2 + t->row.attempts++, asked), why,
	           "it is looked up until the provider answers; nothing is sent twice", task_look_up);
}

static void lookup_answered(struct engine *e, struct task *t, struct wire_result *r)
{
	switch (r->cls) {
	case WIRE_GONE:
		t->looks++;
		not_found(e, t);
		return;
	case WIRE_RUNNING:
	case WIRE_DONE:
	case WIRE_FAILED:
		kill_point(LOOKED_UP);
		if (!r->task_id)
			r->task_id = xstrdup(t->row.own_id);
		accepted(e, t, r);
		task_take_poll(e, t, r);
		return;
	case WIRE_ACCEPTED:
	case WIRE_REFUSED:
	case WIRE_FORM:
	case WIRE_LATER:
	case WIRE_STOPPED:
	case WIRE_AMBIGUOUS:
		break;
	}
	look_again(e, t, r->wait, r->reason);
}

static void lookup_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_result r;
	struct wire_reply wr = wire_reply_of(reply);

	wire_result_init(&r);
	if (reply->outcome == HTTP_REPLY) {
		task_wire(t)->parse_poll(t->job->request.provider, &wr, &r);
		lookup_answered(e, t, &r);
	} else {
		look_again(e, t, -1, reply->text);
	}
	wire_result_release(&r);
}

/* Its reply had come when easelfs was killed. */
static bool submit_recovered(struct engine *e, struct task *t)
{
	struct wire_result r;

	reply_free(t);                /* of an exchange that has just broken */
	wire_result_init(&r);
	bool came = reply_recover(e, t, &r);
	if (came)
		submit_answered(e, t, &r);
	wire_result_release(&r);
	reply_free(t);
	return came;
}

void task_look_up(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	cleanup_error struct error err = ERROR_INIT;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	int64_t wait = p->has_lookup ? limiter_take(&account_of(e, p)->queries, clock_mono_ms()) : 0;
	if (wait > 0) {
		task_at(e, t, clock_mono_ms() + wait, task_look_up);
		return;
	}
	if (task_wire(t)->synchronous && submit_recovered(e, t))
		return;
	if (!p->has_lookup || task_wire(t)->synchronous || !t->row.own_id) {
		cleanup_free char *why = xasprintf("%s; whether it was carried out, this provider cannot be asked",
		                                   t->row.reason ? t->row.reason
		                                                 : "the request was sent, and no answer came");
		task_event(e, t, EVENT_NOT_FOUND, why,
		           "easelfs retry sends it again (it may be charged a second time); easelfs cancel "
		           "gives it up");
		return;
	}
	task_wire(t)->build_poll(p, t->row.own_id, &call);
	kill_point(BEFORE_LOOKUP);
	int result = task_call(e, t, &call, &base, lookup_done, &err);
	kill_point(AFTER_LOOKUP);
	if (result < 0)
		look_again(e, t, -1, err.text);
}
