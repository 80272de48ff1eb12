/* One picture's way: its turn, the submit, looking it up, polling.  What each reply means is said by
 * the wire; what follows is said by the state table; here it is done. */
#include "engine_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

/* A running task is asked for until the provider says what became of it, or this long. */
#define TASK_WEEK_MS (7 * 86400 * (int64_t)1000)
/* No week is over before it was asked for that often since the start: the clock may have been wrong. */
#define TASK_WEEK_LOOKS 20
/* The longest wait that a provider may ask for; a longer one comes from a clock that was wrong. */
#define MAX_WAIT_MS (86400 * (int64_t)1000)
/* A task that the provider does not know any more is asked for that often (replication lag). */
#define GONE_LOOKS 8

/* --- changing the state --- */

static void account_leave(struct engine *e, struct task *t)
{
	if (t->in_flight)
		account_of(e, t->job->request.provider)->in_flight--;
	t->in_flight = false;
}

static void account_enter(struct engine *e, struct task *t)
{
	if (!t->in_flight && t->job->has_request)
		account_of(e, t->job->request.provider)->in_flight++;
	t->in_flight = true;
}

void task_leave_queue(struct engine *e, struct task *t)
{
	if (!t->queued)
		return;
	struct account *a = account_of(e, t->job->request.provider);
	DL_DELETE(a->first, t);
	t->queued = false;
}

static void enqueue(struct engine *e, struct task *t)
{
	if (t->queued || !t->job->has_request)
		return;
	DL_APPEND(account_of(e, t->job->request.provider)->first, t);
	t->queued = true;
}

void task_stop_transfer(struct engine *e, struct task *t)
{
	if (t->transfer)
		http_cancel(e->http, t->transfer);
	t->transfer = NULL;
	cleanup_fd_(&t->fd);
}

static void set_reason(struct task *t, const char *reason, const char *hint)
{
	char *r = xstrdup(reason), *h = xstrdup(hint);

	free(t->row.reason);
	free(t->row.hint);
	t->row.reason = r;
	t->row.hint = h;
}

static bool is_unsent(enum job_state s)
{
	return s == STATE_HELD || s == STATE_QUEUED || s == STATE_UPLOADING;
}

/* A person cannot cancel what is paid for: the table says so but for waits that resume in it. */
static bool event_is_possible(const struct task *t, enum event event)
{
	bool waits = t->row.state == STATE_DEFERRED || t->row.state == STATE_STOPPED;

	return !(event == EVENT_CANCEL && waits && !is_unsent(t->row.resume));
}

static void leave_state(struct engine *e, struct task *t, enum job_state next)
{
	timers_unset(&e->task_timers, &t->timer);
	task_leave_queue(e, t);
	if (next != STATE_SUBMITTING || t->row.state != STATE_SUBMITTING)
		t->looks = 0;
	if (t->row.state == STATE_UPLOADING && next != STATE_SUBMITTING)
		task_stop_transfer(e, t);
}

bool task_event(struct engine *e, struct task *t, enum event event, const char *reason, const char *hint)
{
	enum job_state from = t->row.state;
	int next = event_is_possible(t, event) ? state_next(from, event, t->row.resume) : -1;

	if (next < 0)
		return false;
	leave_state(e, t, (enum job_state)next);
	if (next == STATE_DEFERRED || next == STATE_STOPPED)
		t->row.resume = from == STATE_SUBMITTING || from == STATE_UPLOADING ? STATE_QUEUED : from;
	t->row.state = (enum job_state)next;
	set_reason(t, reason, hint);
	log_debug("job %lld picture %u: %s -%s-> %s%s%s", (long long)t->job->row.id, t->row.index,
	          state_name(from), event_name(event), state_name((enum job_state)next),
	          reason ? ": " : "", reason ? reason : "");
	if (next == STATE_FAILED || (next == STATE_DEFERRED && t->row.resume == STATE_QUEUED) ||
	    (next == STATE_STOPPED && t->row.resume == STATE_QUEUED))
		budget_count(e, t, false);
	if (event == EVENT_RETRY && from != STATE_DEFERRED && from != STATE_STOPPED) {
		free(steal_pointer(&t->row.own_id));
		free(steal_pointer(&t->row.task_id));
		t->row.counted = false;       /* what an unknown submit may have cost stays spent */
	}
	if (next == STATE_EXPIRED)
		fetch_forget(e, t);
	if (state_is_final(t->row.state)) {
		account_leave(e, t);
		t->row.finished_ms = clock_wall_ms();
	}
	task_dirty(e, t);
	task_resume(e, t);
	job_settle(e, t->job);
	return true;
}

static void on_wait_over(struct engine *e, struct task *t)
{
	task_event(e, t, EVENT_TIME, NULL, NULL);
}

static void look_up(struct engine *e, struct task *t);

static void resume_deferred(struct engine *e, struct task *t)
{
	int64_t wait = t->row.next_try_ms - clock_wall_ms();

	if (wait > MAX_WAIT_MS)
		wait = MAX_WAIT_MS;
	account_leave(e, t);
	task_at(e, t, clock_mono_ms() + (wait > 0 ? wait : 0), on_wait_over);
}

static void resume_queued(struct engine *e, struct task *t)
{
	account_leave(e, t);
	enqueue(e, t);
}

/* Alive in this state without a transfer or a timer of its own: after a restart. */
static void resume_submitting(struct engine *e, struct task *t)
{
	account_enter(e, t);
	if (!t->after && !t->transfer)
		look_up(e, t);
}

static void resume_running(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	int64_t since = clock_wall_ms() - t->row.submitted_ms, first;

	if (!t->job->has_request)
		return;
	first = (int64_t)(p->first_look * 1000) - since;
	account_enter(e, t);
	task_at(e, t, clock_mono_ms() + (first > 0 && t->row.submitted_ms ? first : 0), task_poll_now);
}

static void resume_downloading(struct engine *e, struct task *t)
{
	account_leave(e, t);          /* the provider is through with it */
	if (t->after || t->busy || t->transfer)
		return;
	if (t->row.file)
		publish_begin(e, t);
	else
		fetch_begin(e, t);
}

static void (*const resume_in[STATE_COUNT])(struct engine *, struct task *) = {
	[STATE_QUEUED] = resume_queued,
	[STATE_UPLOADING] = NULL,            /* account_run and engine_upload.c */
	[STATE_SUBMITTING] = resume_submitting,
	[STATE_RUNNING] = resume_running,
	[STATE_DOWNLOADING] = resume_downloading,
	[STATE_DEFERRED] = resume_deferred,
};

void task_resume(struct engine *e, struct task *t)
{
	if (!t->job->has_request && !state_is_final(t->row.state))
		return;
	if (resume_in[t->row.state])
		resume_in[t->row.state](e, t);
}

/* --- waiting --- */

int64_t backoff_ms(unsigned attempts, double asked)
{
	uint32_t jitter = 0;
	double seconds = 1u << (attempts < 8 ? attempts : 8);

	if (getrandom(&jitter, sizeof(jitter), GRND_NONBLOCK) < 0)
		jitter = (uint32_t)clock_mono_ms();
	seconds *= 0.75 + 0.5 * (jitter % 1024) / 1024.0;
	if (asked >= 0)
		seconds = asked + 0.1 * (jitter % 1024) / 1024.0;
	return (int64_t)(seconds * 1000);
}

static void defer(struct engine *e, struct task *t, double asked, const char *reason, const char *hint)
{
	int64_t wait = backoff_ms(t->row.attempts++, asked);

	t->row.next_try_ms = clock_wall_ms() + wait;
	task_event(e, t, EVENT_LATER, reason, hint);
}

/* --- accounts --- */

void account_stop(struct engine *e, struct account *a, const char *why, const char *hint)
{
	(void)e;
	if (!a->stopped)
		log_warning("provider %s refuses everything: %s", a->name, why);
	free(a->stopped);
	free(a->stopped_hint);
	a->stopped = xstrdup(why);
	a->stopped_hint = xstrdup(hint);
}

void account_go(struct engine *e, struct account *a)
{
	struct job *j, *tmp;

	free(steal_pointer(&a->stopped));
	free(steal_pointer(&a->stopped_hint));
	a->submits.not_before = 0;
	HASH_ITER(hh, e->jobs, j, tmp)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (j->has_request && account_of(e, j->request.provider) == a)
				if (j->tasks[i].row.state == STATE_STOPPED)
					task_event(e, &j->tasks[i], EVENT_RESUME, NULL, NULL);
}

bool task_is_affordable(struct engine *e, struct task *t)
{
	cleanup_buf struct buf why = BUF_INIT;

	if (t->job->row.release_serial || budget_allows(e, &t->job->request, &why))
		return true;
	task_event(e, t, EVENT_HOLD, why.data, "easelfs release, and it is sent; or raise budget");
	return false;
}

/* Its turn has come. */
static void task_turn(struct engine *e, struct task *t)
{
	if (!task_is_affordable(e, t))
		return;
	if (uploads_ready(e, t->job)) {
		task_submit(e, t);
		return;
	}
	account_enter(e, t);
	task_event(e, t, EVENT_UPLOAD, NULL, NULL);
	if (!t->job->uploader)
		upload_begin(e, t);
}

static size_t in_flight_limit(struct engine *e, const struct provider *p)
{
	size_t limit = p->in_flight > 0 ? (size_t)p->in_flight : SIZE_MAX;

	if (e->set.in_flight > 0 && (size_t)e->set.in_flight < limit)
		limit = (size_t)e->set.in_flight;
	return limit;
}

void account_run(struct engine *e, struct account *a, int64_t *next)
{
	struct task *t, *following;

	for (t = a->first; t; t = following) {
		following = t->next;
		if (t->job->prompt->row.gone_ms && !t->job->row.orphan)
			continue;        /* an editor may be about to write it anew */
		if (reuse_takes(e, t))
			continue;
		if (a->stopped) {
			task_event(e, t, EVENT_STOPPED, a->stopped, a->stopped_hint);
			continue;
		}
		if (a->in_flight >= in_flight_limit(e, t->job->request.provider))
			return;
		int64_t now = clock_mono_ms(), wait = limiter_take(&a->submits, now);
		if (wait > 0) {
			if (now + wait < *next)
				*next = now + wait;
			return;
		}
		task_turn(e, t);
	}
}

/* --- talking --- */

void headers_release(struct headers *h)
{
	if (h->line[0])
		explicit_bzero(h->line[0], strlen(h->line[0]));
	free(h->line[0]);
	free(h->line[1]);
}

bool task_headers(struct engine *e, struct task *t, struct headers *h)
{
	const struct provider *p = t->job->request.provider;
	cleanup_error struct error err = ERROR_INIT;
	char *key = NULL;

	if (p->auth == AUTH_NONE)
		return true;
	if (provider_key(p, &key, &err) < 0) {
		account_stop(e, account_of(e, p), err.text, err.hint);
		return false;
	}
	h->line[0] = p->auth == AUTH_BEARER ? xasprintf("Authorization: Bearer %s", key)
	                                    : xasprintf("x-goog-api-key: %s", key);
	key_free(key);
	return true;
}

struct account *task_start_call(struct engine *e, struct task *t, const struct wire_call *c,
                                const struct http_request *base, http_done *done)
{
	struct http_request r = *base;
	cleanup_headers struct headers h = { { NULL } };

	if (!task_headers(e, t, &h))
		return account_of(e, t->job->request.provider);
	r.method = c->method;
	r.url = c->url;
	r.headers = (const char *const *)h.line;
	r.content_type = c->content_type;
	r.body = c->body.data;
	r.body_len = c->body.len;
	t->transfer = http_start(e->http, &r, done, t);
	return NULL;
}

struct wire_reply wire_reply_of(const struct http_reply *r)
{
	return (struct wire_reply){ .status = r->status, .body = r->body.data ? r->body.data : "",
	                            .len = r->body.len, .content_type = r->content_type,
	                            .retry_after = r->retry_after };
}

static const struct wire *task_wire(const struct task *t)
{
	return wire_by_name(t->job->request.provider->wire);
}

/* What the rate-limit headers say holds for the whole account. */
static void obey_limits(struct engine *e, const struct task *t, struct limiter *l,
                        const struct http_reply *r)
{
	(void)e;
	(void)t;
	if (r->limit_remaining >= 0 && r->limit_reset > 0)
		limiter_left(l, (double)r->limit_remaining,
		             clock_mono_ms() + (int64_t)(r->limit_reset * 1000));
}

/* --- submit --- */

static void accepted(struct engine *e, struct task *t, struct wire_result *r)
{
	free(t->row.task_id);
	t->row.task_id = steal_pointer(&r->task_id);
	t->row.attempts = 0;
	account_of(e, t->job->request.provider)->failures = 0;
	task_event(e, t, EVENT_ACCEPTED, NULL, NULL);
}

static void later(struct engine *e, struct task *t, struct limiter *l, const struct wire_result *r)
{
	if (r->wait >= 0)
		limiter_block(l, clock_mono_ms() + (int64_t)(r->wait * 1000));
	defer(e, t, r->wait, r->reason, r->hint);
}

static void stopped(struct engine *e, struct task *t, const struct wire_result *r)
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

static void submit_answered(struct engine *e, struct task *t, struct wire_result *r)
{
	struct account *a = account_of(e, t->job->request.provider);

	switch (r->cls) {
	case WIRE_ACCEPTED:
	case WIRE_RUNNING:
	case WIRE_DONE:
	case WIRE_FAILED:
		accepted(e, t, r);
		return;
	case WIRE_LATER:
		later(e, t, &a->submits, r);
		return;
	case WIRE_AMBIGUOUS:
		task_event(e, t, EVENT_AMBIGUOUS, r->reason, r->hint);
		return;
	case WIRE_STOPPED:
		stopped(e, t, r);
		return;
	case WIRE_FORM:
		if (other_form(e, t))
			return;
		break;
	case WIRE_REFUSED:
	case WIRE_GONE:
		break;
	}
	task_event(e, t, EVENT_REFUSED, r->reason, r->hint);
}

static void submit_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_result r = { .progress = -1, .wait = -1, .cost_usd = -1 };
	struct wire_reply wr = wire_reply_of(reply);

	t->transfer = NULL;
	switch (reply->outcome) {
	case HTTP_REPLY:
		obey_limits(e, t, &account_of(e, t->job->request.provider)->submits, reply);
		task_wire(t)->parse_submit(&wr, &r);
		submit_answered(e, t, &r);
		break;
	case HTTP_NOT_SENT:
		defer(e, t, -1, reply->text, "nothing was sent; it is tried again by itself");
		break;
	case HTTP_LOCAL:
		if (!reply->sent) {
			defer(e, t, -1, reply->text, "nothing was sent; it is tried again by itself");
			break;
		}
		/* The reply could not be taken, but the request went. */
		task_event(e, t, EVENT_AMBIGUOUS, reply->text, NULL);
		break;
	case HTTP_AMBIGUOUS:
		task_event(e, t, EVENT_AMBIGUOUS, reply->text, NULL);
		break;
	}
	wire_result_release(&r);
}

/* The intent is on disk. */
static void send_submit(struct engine *e, struct task *t)
{
	struct job *j = t->job;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	base.once = true;
	base.stall_timeout = task_wire(t)->synchronous ? 900 : 120;
	task_wire(t)->build_submit(&j->request, t->row.own_id, (const char *const *)j->ref_urls,
	                           t->refs_form, &call);
	struct account *stopped = task_start_call(e, t, &call, &base, submit_done);
	wire_call_release(&call);
	if (stopped)
		task_event(e, t, EVENT_STOPPED, stopped->stopped, stopped->stopped_hint);
}

char *engine_new_id(void)
{
	unsigned char random[12];
	char hex[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		BUG("getrandom gave too little");
	hex_encode(random, sizeof(random), hex);
	return xasprintf("easelfs-%s", hex);
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

/* --- looking a submit up whose outcome is not known --- */

static void take_poll(struct engine *e, struct task *t, struct wire_result *r);

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
	double wait = lookup_wait(t);

	if (wait >= 0) {
		task_at(e, t, clock_mono_ms() + (int64_t)(wait * 1000), look_up);
		return;
	}
	task_event(e, t, EVENT_NOT_FOUND,
	           "the request was sent, no answer came, and the provider does not know it",
	           "easelfs retry sends it again (it may be charged a second time); easelfs cancel "
	           "gives it up");
}

static void look_again(struct engine *e, struct task *t, double asked, const char *why)
{
	set_reason(t, why, "it is looked up until the provider answers");
	task_dirty(e, t);
	job_changed(e, t->job, false);
	task_at(e, t, clock_mono_ms() + backoff_ms(2 + t->row.attempts++, asked), look_up);
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
		if (!r->task_id)
			r->task_id = xstrdup(t->row.own_id);
		accepted(e, t, r);
		take_poll(e, t, r);
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
	struct wire_result r = { .progress = -1, .wait = -1, .cost_usd = -1 };
	struct wire_reply wr = wire_reply_of(reply);

	t->transfer = NULL;
	if (reply->outcome == HTTP_REPLY) {
		task_wire(t)->parse_poll(&wr, &r);
		lookup_answered(e, t, &r);
	} else {
		look_again(e, t, -1, reply->text);
	}
	wire_result_release(&r);
}

static void look_up(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	if (!p->has_lookup || task_wire(t)->synchronous || !t->row.own_id) {
		task_event(e, t, EVENT_NOT_FOUND,
		           "the request was sent, no answer came, and this provider cannot be asked for it",
		           "easelfs retry sends it again (it may be charged a second time); easelfs cancel "
		           "gives it up");
		return;
	}
	task_wire(t)->build_poll(p, t->row.own_id, &call);
	struct account *stopped = task_start_call(e, t, &call, &base, lookup_done);
	wire_call_release(&call);
	if (stopped)
		look_again(e, t, -1, stopped->stopped);
}

/* --- polling --- */

static void poll_later(struct engine *e, struct task *t, double seconds)
{
	task_at(e, t, clock_mono_ms() + (int64_t)(seconds * 1000), task_poll_now);
}

/* From poll_min on, a little slower each time, with jitter. */
static double poll_wait(const struct task *t)
{
	const struct provider *p = t->job->request.provider;
	double wait = p->poll_min;

	for (unsigned i = 1; i < t->looks && wait < p->poll_max; i++)
		wait *= 1.15;
	if (wait > p->poll_max)
		wait = p->poll_max;
	return wait * (1 + 0.1 * (double)(backoff_ms(0, 0) % 100) / 100);
}

static void poll_again(struct engine *e, struct task *t, const struct wire_result *r)
{
	if (clock_wall_ms() - t->row.submitted_ms > TASK_WEEK_MS && t->looks >= TASK_WEEK_LOOKS) {
		task_event(e, t, EVENT_EXPIRED, "the provider did not finish it within a week",
		           "easelfs again makes a new one");
		return;
	}
	if (r->progress >= 0 && r->progress != t->row.progress) {
		t->row.progress = r->progress;
		task_dirty(e, t);
		job_changed(e, t->job, false);
	}
	if (t->row.reason && !r->reason) {
		set_reason(t, NULL, NULL);
		job_settle(e, t->job);
	}
	poll_later(e, t, poll_wait(t));
}

static void poll_failed(struct engine *e, struct task *t, double asked, const char *why)
{
	const struct provider *p = t->job->request.provider;
	int64_t wait = backoff_ms(t->row.attempts++, asked);

	if (wait < (int64_t)(p->poll_min * 1000))
		wait = (int64_t)(p->poll_min * 1000);
	if (asked < 0 && wait > (int64_t)(p->poll_max * 1000))
		wait = (int64_t)(p->poll_max * 1000);
	set_reason(t, why, "the task goes on; it is asked for again by itself");
	task_dirty(e, t);
	job_changed(e, t->job, false);
	task_at(e, t, clock_mono_ms() + wait, task_poll_now);
}

static void poll_gone(struct engine *e, struct task *t, const struct wire_result *r)
{
	if (t->row.attempts < GONE_LOOKS) {
		poll_failed(e, t, -1, r->reason);
		return;
	}
	task_event(e, t, EVENT_EXPIRED, "the provider does not know the task any more",
	           "easelfs again makes a new one");
}

static void take_urls(struct task *t, const struct wire_result *r)
{
	cleanup_buf struct buf urls = BUF_INIT;

	for (size_t i = 0; i < r->urls_count; i++)
		buf_fmt(&urls, "%s%s", i ? "\n" : "", r->urls[i]);
	free(t->row.urls);
	t->row.urls = buf_steal(&urls);
	t->row.expires_ms = r->expires_at * 1000;
	t->row.progress = 100;
	if (r->cost_usd >= 0)
		t->row.cost_usd = r->cost_usd;
}

static void take_poll(struct engine *e, struct task *t, struct wire_result *r)
{
	switch (r->cls) {
	case WIRE_DONE:
		t->row.attempts = 0;
		take_urls(t, r);
		task_after(e, t, fetch_begin);
		task_event(e, t, EVENT_DONE, NULL, NULL);
		return;
	case WIRE_ACCEPTED:
	case WIRE_RUNNING:
		t->row.attempts = 0;
		poll_again(e, t, r);
		return;
	case WIRE_FAILED:
	case WIRE_REFUSED:
	case WIRE_FORM:
		task_event(e, t, EVENT_REFUSED, r->reason, r->hint);
		return;
	case WIRE_STOPPED:
		stopped(e, t, r);
		return;
	case WIRE_LATER:
	case WIRE_AMBIGUOUS:
		poll_failed(e, t, r->wait, r->reason);
		return;
	case WIRE_GONE:
		poll_gone(e, t, r);
		return;
	}
}

static void poll_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_result r = { .progress = -1, .wait = -1, .cost_usd = -1 };
	struct wire_reply wr = wire_reply_of(reply);

	t->transfer = NULL;
	if (reply->outcome == HTTP_REPLY) {
		obey_limits(e, t, &account_of(e, t->job->request.provider)->queries, reply);
		task_wire(t)->parse_poll(&wr, &r);
		take_poll(e, t, &r);
	} else {
		poll_failed(e, t, -1, reply->text);
	}
	wire_result_release(&r);
}

void task_poll_now(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	int64_t wait = limiter_take(&account_of(e, p)->queries, clock_mono_ms());
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	if (wait > 0) {
		task_at(e, t, clock_mono_ms() + wait, task_poll_now);
		return;
	}
	t->looks++;
	task_wire(t)->build_poll(p, t->row.task_id, &call);
	struct account *stopped = task_start_call(e, t, &call, &base, poll_done);
	wire_call_release(&call);
	if (stopped)
		task_event(e, t, EVENT_STOPPED, stopped->stopped, stopped->stopped_hint);
}
