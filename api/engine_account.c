/* A provider's account: its queue, whose turn it is, and whether it refuses everything. */
#include "engine_internal.h"

#include <string.h>
#include <utlist.h>

/* How long the first request of an account goes alone, if it is not answered sooner. */
#define PROBE_MS 1000

void account_configure(struct engine *e, struct account *a)
{
	const struct provider *p = models_provider(e->set.models, a->name);

	if (!p)
		return;
	limiter_set(&a->submits, p->submit_per_minute, clock_mono_ms());
	limiter_set(&a->queries, p->query_per_minute, clock_mono_ms());
}

struct account *account_of(struct engine *e, const struct provider *p)
{
	struct account *a;

	HASH_FIND_STR(e->accounts, p->name, a);
	if (a)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->name = xstrdup(p->name);
	limiter_init(&a->submits, p->submit_per_minute, clock_mono_ms());
	limiter_init(&a->queries, p->query_per_minute, clock_mono_ms());
	HASH_ADD_KEYPTR(hh, e->accounts, a->name, strlen(a->name), a);
	return a;
}

void account_leave(struct engine *e, struct task *t)
{
	if (t->in_flight)
		account_of(e, t->job->request.provider)->in_flight--;
	t->in_flight = false;
}

void account_enter(struct engine *e, struct task *t)
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

void account_enqueue(struct engine *e, struct task *t)
{
	if (t->queued || !t->job->has_request)
		return;
	DL_APPEND(account_of(e, t->job->request.provider)->first, t);
	t->queued = true;
}

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

bool account_has_just_gone(const struct account *a)
{
	return a->went_at && clock_mono_ms() - a->went_at < PROBE_MS;
}

void account_go(struct engine *e, struct account *a, bool person)
{
	struct job *j, *tmp;

	free(steal_pointer(&a->stopped));
	free(steal_pointer(&a->stopped_hint));
	a->submits.not_before = 0;
	if (person && account_has_just_gone(a))
		limiter_block(&a->submits, a->went_at + PROBE_MS);
	else if (person)
		a->went_at = clock_mono_ms();
	a->proven = false;
	a->probed_at = 0;
	HASH_ITER(hh, e->jobs, j, tmp)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (j->has_request && account_of(e, j->request.provider) == a)
				if (j->tasks[i]->row.state == STATE_STOPPED)
					task_event(e, j->tasks[i], EVENT_RESUME, NULL, NULL);
}

bool task_is_affordable(struct engine *e, struct task *t)
{
	cleanup_buf struct buf why = BUF_INIT;

	if (t->job->row.release_serial || budget_allows(e, t, &why))
		return true;
	task_event(e, t, EVENT_HOLD, why.data, "easelfs release sends it, today or later: by itself it never starts");
	return false;
}

/* Its turn has come, and the budget has room for it. */
static void task_turn(struct engine *e, struct task *t)
{
	if (task_wire(t)->synchronous && !reply_has_room(e)) {
		task_defer(e, t, -1, "the disk is nearly full: a picture that is paid for might not fit",
		           "make room; nothing was sent, and it is tried again by itself");
		return;
	}
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

/* Until the provider has answered once, one request goes alone for a moment: with a wrong key or without
 * credit it is refused at once, and not all that are queued with it. */
static int64_t probe_wait(struct account *a, int64_t now)
{
	if (a->proven)
		return 0;
	if (!a->probed_at)
		return 0;
	a->proven = now - a->probed_at >= PROBE_MS;
	return a->proven ? 0 : a->probed_at + PROBE_MS - now;
}

void account_answered(struct account *a, enum wire_class cls)
{
	a->proven |= cls != WIRE_STOPPED && cls != WIRE_LATER;
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
		if (e->journal->damage(e->journal))
			return;          /* the same request may have been made before */
		if (journal_holds_queue(e) &&
		    task_event(e, t, EVENT_HOLD, e->hold_reason, e->hold_hint))
			continue;
		if (a->stopped) {
			task_event(e, t, EVENT_STOPPED, a->stopped, a->stopped_hint);
			continue;
		}
		if (a->in_flight >= in_flight_limit(e, t->job->request.provider))
			return;
		/* Before the limiter: what is not sent shall neither wait for its place there nor take it from others. */
		if (!task_is_affordable(e, t))
			continue;
		int64_t now = clock_mono_ms(), wait = probe_wait(a, now);
		if (wait == 0)
			wait = limiter_take(&a->submits, now);
		if (wait > 0) {
			if (now + wait < *next)
				*next = now + wait;
			return;
		}
		if (!a->probed_at)
			a->probed_at = now;
		task_turn(e, t);
	}
}
