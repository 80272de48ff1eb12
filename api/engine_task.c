/* One picture's states: what leads from one to the next is said by the state table; here it is done. */
#include "engine_internal.h"

#include <sys/random.h>

/* The longest wait that a provider may ask for; a longer one comes from a clock that was wrong. */
#define MAX_WAIT_MS (86400 * (int64_t)1000)
/* After a start a running task is asked for at least so long, as the clock may have been wrong. */
#define TASK_LAST_MS (3600 * (int64_t)1000)

/* --- changing the state --- */

void task_stop_transfer(struct engine *e, struct task *t)
{
	if (t->transfer)
		http_cancel(e->http, t->transfer);
	t->transfer = NULL;
	task_close_references(t);
	cleanup_fd_(&t->fd);
}

/* Providers like to say which key they refuse.  A short one is a word that sentences have for other reasons. */
static char *without_key(const struct task *t, const char *text)
{
	enum { KEY_MIN = 12 };
	const struct account *a = t->job->has_request ? account_of(t->job->engine, t->job->request.provider) : NULL;
	struct buf b = BUF_INIT;

	if (!text || !a || !a->key || strlen(a->key) < KEY_MIN)
		return xstrdup(text);
	buf_str(&b, text);
	buf_replace(&b, a->key, "[key]");
	return buf_steal(&b);
}

void task_set_reason(struct task *t, const char *reason, const char *hint)
{
	char *r = without_key(t, reason), *h = xstrdup(hint);

	free(t->row.reason);
	free(t->row.hint);
	t->row.reason = r;
	t->row.hint = h;
}

static bool is_unsent(enum job_state s)
{
	return s == STATE_HELD || s == STATE_QUEUED || s == STATE_UPLOADING;
}

/* A person cannot cancel what is paid for: the table says so but for waits that resume in it.  What the provider
 * did not know any more is asked for once more, where there is something to ask for. */
static bool event_is_possible(const struct task *t, enum event event)
{
	bool waits = t->row.state == STATE_DEFERRED || t->row.state == STATE_STOPPED || t->row.state == STATE_HELD;

	if (event == EVENT_RETRY && t->row.state == STATE_EXPIRED)
		return t->row.task_id && task_wire(t)->build_poll;
	/* One that was held before it was resumable resumes nowhere: it was never sent. */
	return !(event == EVENT_CANCEL && waits && t->row.resume != STATE_DRAFT && !is_unsent(t->row.resume));
}

static void leave_state(struct engine *e, struct task *t, enum job_state next)
{
	timers_unset(&e->task_timers, &t->timer);
	task_leave_queue(e, t);
	if (next != STATE_SUBMITTING || t->row.state != STATE_SUBMITTING)
		t->looks = t->empty_looks = 0;
	if (t->row.state != STATE_UPLOADING || next == STATE_SUBMITTING)
		return;
	task_stop_transfer(e, t);
	if (t->job->uploader == t)
		t->job->uploader = NULL;
}

/* While it was on the wire a newer text took its place, or its prompt was deleted; it was not accepted, so
 * nobody has to pay for it. */
static void give_up_unwanted(struct engine *e, struct task *t)
{
	bool waits = t->row.state == STATE_DEFERRED || t->row.state == STATE_STOPPED;

	if (waits && is_unsent(t->row.resume) && (t->job->row.orphan || t->job->prompt->newest != t->job))
		task_event(e, t, EVENT_CANCEL, t->job->row.orphan ? PROMPT_DELETED : NEWER_TEXT,
		           t->job->row.orphan ? IF_IT_COMES_BACK : NULL);
}

bool task_event(struct engine *e, struct task *t, enum event event, const char *reason, const char *hint)
{
	enum job_state from = t->row.state;
	int next = event_is_possible(t, event) ? state_next(from, event, t->row.resume) : -1;
	bool was_owed = reuse_is_owed(t);

	if (next < 0)
		return false;
	leave_state(e, t, (enum job_state)next);
	if (next == STATE_DEFERRED || next == STATE_STOPPED)
		t->row.resume = from == STATE_SUBMITTING || from == STATE_UPLOADING ? STATE_QUEUED : from;
	if (next == STATE_HELD && from != STATE_DEFERRED && from != STATE_STOPPED)
		t->row.resume = from == STATE_UPLOADING ? STATE_QUEUED : from;
	e->active = t->job->serial;
	t->row.state = (enum job_state)next;
	if (next != STATE_DEFERRED)
		t->row.next_try_ms = 0;
	task_set_reason(t, reason, hint);
	log_debug("job %lld picture %u: %s -%s-> %s%s%s", (long long)t->job->row.id, t->row.index,
	          state_name(from), event_name(event), state_name((enum job_state)next),
	          reason ? ": " : "", reason ? reason : "");
	if (next == STATE_FAILED || (next == STATE_DEFERRED && t->row.resume == STATE_QUEUED) ||
	    (next == STATE_STOPPED && t->row.resume == STATE_QUEUED))
		budget_count(e, t, false);
	if (event == EVENT_RETRY && (from == STATE_UNKNOWN || from == STATE_FAILED)) {
		free(steal_pointer(&t->row.own_id));
		free(steal_pointer(&t->row.task_id));
		t->row.counted = false;       /* what an unknown submit may have cost stays spent */
		t->insists = from == STATE_UNKNOWN;
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
	if (was_owed && !reuse_is_owed(t))
		reuse_goes_on(e, t->job);
	give_up_unwanted(e, t);
	return true;
}

void task_give_up(struct engine *e, struct task *t, const char *reason, const char *hint)
{
	if (state_is_paid(t->row.state))
		return;
	if (!task_event(e, t, EVENT_CANCEL, reason, hint) && t->row.state == STATE_HELD)
		task_event(e, t, EVENT_RELEASE, NULL, NULL);
}

static void on_wait_over(struct engine *e, struct task *t)
{
	task_event(e, t, EVENT_TIME, NULL, NULL);
}

static int64_t between(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* It was sent, or the job made, later than now: what is recorded of times means nothing. */
static bool clock_was_set_back(const struct task *t)
{
	int64_t now = clock_wall_ms();

	return now < t->row.submitted_ms || now < t->job->row.created_ms;
}

static void resume_deferred(struct engine *e, struct task *t)
{
	int64_t wait = between(0, t->row.next_try_ms - clock_wall_ms(), MAX_WAIT_MS);

	if (clock_was_set_back(t))
		wait = between(0, wait, backoff_ms(t->row.attempts, -1));
	account_leave(e, t);
	task_at(e, t, clock_mono_ms() + wait, on_wait_over);
}

static void resume_queued(struct engine *e, struct task *t)
{
	account_leave(e, t);
	account_enqueue(e, t);
}

/* Alive in this state without a transfer or a timer of its own: after a restart. */
static void resume_submitting(struct engine *e, struct task *t)
{
	account_enter(e, t);
	if (!t->after && !t->transfer)
		task_look_up(e, t);
}

static void resume_running(struct engine *e, struct task *t)
{
	const struct provider *p = t->job->request.provider;
	int64_t since = clock_wall_ms() - t->row.submitted_ms, first, now = clock_mono_ms();

	if (!t->job->has_request)
		return;
	first = (int64_t)(p->first_look * 1000);
	account_enter(e, t);
	t->week_over = now + between(TASK_LAST_MS, TASK_WEEK_MS - since, TASK_WEEK_MS);
	task_at(e, t, now + between(0, first - since, first), task_poll_now);
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

void task_go_on(struct engine *e, struct task *t)
{
	if (t->row.state != STATE_STOPPED)
		task_resume(e, t);
	else if (t->job->has_request)
		task_event(e, t, EVENT_RESUME, NULL, NULL);
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

void task_again(struct engine *e, struct task *t, int64_t wait, const char *why, const char *hint,
                void (*fn)(struct engine *, struct task *))
{
	task_set_reason(t, why, hint);
	t->row.next_try_ms = clock_wall_ms() + wait;
	task_dirty(e, t);
	job_settle(e, t->job);
	task_at(e, t, clock_mono_ms() + wait, fn);
}

void task_defer(struct engine *e, struct task *t, double asked, const char *reason, const char *hint)
{
	int64_t wait = backoff_ms(t->row.attempts++, asked);

	t->row.next_try_ms = clock_wall_ms() + wait;
	task_event(e, t, EVENT_LATER, reason, hint);
}
