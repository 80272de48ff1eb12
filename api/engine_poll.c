/* A running task is asked for, and what the provider says of it is taken down. */
#include "engine_internal.h"

#include "kill.h"

/* No week is over before it was asked for that often since the start. */
#define TASK_WEEK_LOOKS 20
/* What a provider does not know (any more), or has no address of, is asked for that often in a row, as one of
 * its machines may lag behind. */
#define EMPTY_LOOKS 8

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

/* Both clocks must say so: one can be set, the other knows nothing of the time before the start. */
static bool week_is_over(struct engine *e, struct task *t, const char *why)
{
	if (clock_mono_ms() < t->week_over || clock_wall_ms() - t->row.submitted_ms < TASK_WEEK_MS ||
	    t->looks < TASK_WEEK_LOOKS)
		return false;
	cleanup_free char *reason = xasprintf("the provider did not finish it within a week%s%s", why ? "; at last: " : "",
	                                      why ? why : "");
	task_event(e, t, EVENT_EXPIRED, reason, ASK_ONCE_MORE);
	return true;
}

static void poll_again(struct engine *e, struct task *t, const struct wire_result *r)
{
	t->empty_looks = 0;
	if (week_is_over(e, t, NULL))
		return;
	if (r->progress >= 0 && r->progress != t->row.progress) {
		t->row.progress = r->progress;
		task_dirty(e, t);
		job_changed(e, t->job, false);
	}
	if (t->row.reason || r->reason) {
		task_set_reason(t, r->reason, r->hint);
		t->row.next_try_ms = 0;
		task_dirty(e, t);
		job_settle(e, t->job);
	}
	poll_later(e, t, poll_wait(t));
}

static void poll_failed(struct engine *e, struct task *t, double asked, const char *why)
{
	const struct provider *p = t->job->request.provider;
	int64_t wait = backoff_ms(t->row.attempts++, asked);

	if (week_is_over(e, t, why))
		return;
	if (wait < (int64_t)(p->poll_min * 1000))
		wait = (int64_t)(p->poll_min * 1000);
	if (asked < 0 && wait > (int64_t)(p->poll_max * 1000))
		wait = (int64_t)(p->poll_max * 1000);
	task_again(e, t, wait, why, "the task goes on; it is asked for again by itself", task_poll_now);
}

static void poll_gone(struct engine *e, struct task *t, const struct wire_result *r)
{
	/* Counted apart from other failures: a provider that was down for an hour may know nothing for a moment
	 * when it is back. */
	if (t->empty_looks++ < EMPTY_LOOKS) {
		poll_failed(e, t, -1, r->reason);
		return;
	}
	task_event(e, t, EVENT_EXPIRED, "the provider does not know the task any more", ASK_ONCE_MORE);
}

/* It is paid for: it is never sent again by itself, and asked for once more when the configuration changes or
 * somebody says so. */
static void poll_nowhere(struct engine *e, struct task *t, const struct wire_result *r)
{
	if (t->empty_looks++ < EMPTY_LOOKS)
		poll_failed(e, t, -1, r->reason);
	else
		task_event(e, t, EVENT_STOPPED, r->reason, r->hint);
}

/* The task takes the first picture; what comes beyond that becomes tasks of its own. */
void task_take_urls(struct engine *e, struct task *t, const struct wire_result *r)
{
	for (size_t i = 0; i < r->urls_count; i++) {
		struct task *to = i == 0 ? t : job_add_task(e, t);
		free(to->row.urls);
		to->row.urls = xstrdup(r->urls[i]);
		to->row.expires_ms = r->expires_at * 1000;
		to->row.progress = 100;
		to->row.attempts = 0;
		if (i == 0 && r->cost_usd >= 0)
			to->row.cost_usd = r->cost_usd;
		task_after(e, to, fetch_begin);
		task_event(e, to, EVENT_DONE, NULL, NULL);
	}
	job_note_missing(t, r->urls_count, r->note);
}

void task_take_poll(struct engine *e, struct task *t, struct wire_result *r)
{
	switch (r->cls) {
	case WIRE_DONE:
		if (r->urls_count)
			task_take_urls(e, t, r);
		else
			poll_nowhere(e, t, r);
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
		task_stopped(e, t, r);
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
	struct wire_result r;
	struct wire_reply wr = wire_reply_of(reply);

	kill_point(POLLED);
	wire_result_init(&r);
	if (reply->outcome == HTTP_REPLY) {
		obey_limits(&account_of(e, t->job->request.provider)->queries, reply);
		task_wire(t)->parse_poll(t->job->request.provider, &wr, &r);
		task_take_poll(e, t, &r);
	} else {
		poll_failed(e, t, -1, reply->text);
	}
	wire_result_release(&r);
}

void task_poll_now(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	int64_t wait = limiter_take(&account_of(e, p)->queries, clock_mono_ms());
	cleanup_error struct error err = ERROR_INIT;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	if (wait > 0) {
		task_at(e, t, clock_mono_ms() + wait, task_poll_now);
		return;
	}
	t->looks++;
	task_wire(t)->build_poll(p, t->row.task_id, &call);
	kill_point(BEFORE_POLL);
	int result = task_call(e, t, &call, &base, poll_done, &err);
	kill_point(AFTER_POLL);
	if (result < 0)
		task_event(e, t, EVENT_STOPPED, err.text, err.hint);
}
