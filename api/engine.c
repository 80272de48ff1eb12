/* The thread: mailbox, loop, one transaction per turn, budget.  See engine_internal.h for the rest. */
#include "engine_internal.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <time.h>
#include <utlist.h>

/* How long a stop waits for submits on the wire that can be looked up later. */
#define STOP_MS 3000
/* And for those that cannot; a second signal ends it sooner. */
#define STOP_SYNCHRONOUS_MS 3600000
/* After so many jobs in memory at once, what they took is given back when there are only few. */
enum { MANY_JOBS = 1000, FEW_JOBS = 50 };

const char *const engine_verb_names[VERB_COUNT] = {
	[VERB_RETRY] = "retry", [VERB_AGAIN] = "again", [VERB_CANCEL] = "cancel",
	[VERB_RELEASE] = "release",
};

struct journal *engine_journal(struct engine *e) { return e->journal; }

/* --- mailbox --- */

static void post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg, bool looks)
{
	struct message *m = xmalloc(sizeof(*m));

	*m = (struct message){ .fn = fn, .arg = arg, .looks = looks };
	pthread_mutex_lock(&e->mail_lock);
	*e->mail_end = m;
	e->mail_end = &m->next;
	pthread_mutex_unlock(&e->mail_lock);
	http_wakeup(e->http);
}

void engine_post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg)
{
	post(e, fn, arg, false);
}

void engine_post_look(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg)
{
	post(e, fn, arg, true);
}

/* What is to be read now; while the journal is looked at, the rest stays, in its order. */
static struct message *mail_take(struct engine *e)
{
	struct message *taken = NULL, **end = &taken, **kept = &e->mail;

	pthread_mutex_lock(&e->mail_lock);
	while (*kept) {
		struct message *m = *kept;
		if (e->checking && !m->looks) {
			kept = &m->next;
			continue;
		}
		*kept = m->next;
		m->next = NULL;
		*end = m;
		end = &m->next;
	}
	e->mail_end = kept;
	pthread_mutex_unlock(&e->mail_lock);
	return taken;
}

static void mail_read(struct engine *e)
{
	struct message *m = mail_take(e);

	while (m) {
		struct message *next = m->next;
		m->fn(e, m->arg);
		free(m);
		m = next;
	}
}

static bool mail_waits(struct engine *e)
{
	pthread_mutex_lock(&e->mail_lock);
	bool waits = e->mail;
	pthread_mutex_unlock(&e->mail_lock);
	return waits;
}

/* --- what is to be written, and what waits for it --- */

void job_dirty(struct engine *e, struct job *j)
{
	j->dirty = true;
	if (j->listed_dirty)
		return;
	j->listed_dirty = true;
	j->next_dirty = e->dirty;
	e->dirty = j;
}

void prompt_dirty(struct engine *e, struct prompt *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	p->next_dirty = e->dirty_prompts;
	e->dirty_prompts = p;
}

void task_dirty(struct engine *e, struct task *t)
{
	t->dirty = true;
	job_dirty(e, t->job);
}

void task_after(struct engine *e, struct task *t, void (*fn)(struct engine *, struct task *))
{
	task_dirty(e, t);
	if (!t->after) {
		t->next_after = NULL;
		*e->after_end = t;
		e->after_end = &t->next_after;
	}
	t->after = fn;
}

void task_at(struct engine *e, struct task *t, int64_t due, void (*fn)(struct engine *, struct task *))
{
	t->on_time = fn;
	timers_set(&e->task_timers, &t->timer, due);
}

/* One job with its prompt and tasks.  Rows without an id are inserted; the prompt goes first, as the
 * job names it, and once more when it learned the id of its newest job. */
static int save_job(struct engine *e, struct job *j)
{
	struct prompt *p = j->prompt;
	int result;

	if (p->dirty) {
		p->fresh = p->fresh || !p->row.id;
		if ((result = e->journal->prompt_save(e->journal, &p->row)) < 0)
			return result;
	}
	j->row.prompt = p->row.id;
	j->fresh = j->fresh || !j->row.id;
	if ((result = e->journal->job_save(e->journal, &j->row)) < 0)
		return result;
	for (size_t i = 0; i < j->tasks_count; i++) {
		struct task *t = j->tasks[i];
		if (!t->dirty)
			continue;
		t->row.job = j->row.id;
		t->fresh = t->fresh || !t->row.id;
		if ((result = e->journal->task_save(e->journal, &t->row)) < 0)
			return result;
	}
	bool is_newest = p->newest == j && p->row.job != j->row.id, is_shown = j->adopted && !p->row.shown;
	if (is_newest)
		p->row.job = j->row.id;
	if (is_shown)
		p->row.shown = j->row.id;
	return is_newest || is_shown ? e->journal->prompt_save(e->journal, &p->row) : 0;
}

static int save_all(struct engine *e)
{
	int result = e->journal->begin(e->journal);

	if (result < 0)
		return result;
	for (struct job *j = e->dirty; j; j = j->next_dirty)
		if ((result = save_job(e, j)) < 0)
			return result;
	for (struct prompt *p = e->dirty_prompts; p; p = p->next_dirty)
		if ((result = e->journal->prompt_save(e->journal, &p->row)) < 0)
			return result;
	if ((result = tidy_record(e)) < 0)
		return result;
	if (e->pending_pictures || e->pending_usd != 0)
		result = e->journal->spent_add(e->journal, e->spent_day, e->pending_pictures,
		                               e->pending_usd);
	if (result == 0)
		result = facts_save(e);
	if (result < 0)
		return result;
	kill_points_before_turn(e);
	result = e->journal->commit(e->journal);
	kill_points_after_turn(e);
	return result;
}

/* The transaction failed: what it inserted is not there, so those rows have no ids. */
static void forget_fresh(struct engine *e)
{
	for (struct job *j = e->dirty; j; j = j->next_dirty) {
		if (j->prompt->fresh)
			j->prompt->row.id = 0;
		if (j->fresh) {
			if (j->prompt->row.job == j->row.id)
				j->prompt->row.job = 0;
			if (j->prompt->row.shown == j->row.id)
				j->prompt->row.shown = 0;
			j->row.id = 0;
		}
		for (size_t i = 0; i < j->tasks_count; i++)
			if (j->tasks[i]->fresh)
				j->tasks[i]->row.id = 0;
	}
}

/* Forgets what was dirty.  Returns the jobs that were (the caller frees the array). */
static struct job **all_clean(struct engine *e, size_t *count)
{
	struct job **jobs = NULL;
	size_t n = 0, room = 0;
	struct prompt *p;

	for (struct job *j = e->dirty; j; j = j->next_dirty) {
		if (n == room)
			jobs = xrealloc(jobs, (room = room ? 2 * room : 16) * sizeof(*jobs));
		jobs[n++] = j;
		j->listed_dirty = j->dirty = j->fresh = false;
		j->prompt->fresh = false;
		for (size_t i = 0; i < j->tasks_count; i++)
			j->tasks[i]->dirty = j->tasks[i]->fresh = false;
	}
	while ((p = e->dirty_prompts)) {
		e->dirty_prompts = p->next_dirty;
		p->dirty = p->fresh = false;
		prompt_put(e, p);     /* those of the jobs above stay */
	}
	e->dirty = NULL;
	e->untidy_recorded = e->untidy;
	e->pending_pictures = 0;
	e->pending_usd = 0;
	facts_saved(e);
	*count = n;
	return jobs;
}

static void run_after(struct engine *e)
{
	struct task *t = e->after;

	e->after = NULL;
	e->after_end = &e->after;
	while (t) {
		struct task *next = t->next_after;
		void (*fn)(struct engine *, struct task *) = t->after;
		t->after = NULL;
		fn(e, t);
		t = next;
	}
}

static bool anything_dirty(struct engine *e)
{
	return e->dirty || e->dirty_prompts || e->facts || e->records || e->pending_pictures || e->pending_usd != 0;
}

/* The pages that ten thousand jobs lay in are empty but for crumbs, and would stay ours. */
static void give_memory_back(struct engine *e)
{
	size_t jobs = HASH_COUNT(e->jobs);

	if (jobs > e->most_jobs)
		e->most_jobs = jobs;
	if (e->most_jobs < MANY_JOBS || jobs > FEW_JOBS)
		return;
	e->most_jobs = jobs;
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

/* Everything that changed in this turn goes to the disk together; then what needed it there. */
void engine_flush(struct engine *e)
{
	if (!(anything_dirty(e) || e->journal_retry) || clock_mono_ms() < e->journal_retry)
		return;
	if (!records_write(e))
		return;
	int result = save_all(e);
	if (result < 0) {
		e->journal->rollback(e->journal);
		forget_fresh(e);
		journal_refuses(e, result);
		return;
	}
	journal_takes(e);
	size_t count;
	struct job **written = all_clean(e, &count);
	run_after(e);
	for (size_t i = 0; i < count; i++)
		job_free(e, written[i]);      /* those that nothing happens to any more */
	free(written);
	give_memory_back(e);
}

/* --- budget --- */

int day_of(int64_t wall_ms)
{
	time_t now = (time_t)(wall_ms / 1000);
	struct tm tm;

	localtime_r(&now, &tm);
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* When the next local day begins, `2026-03-01 00:00`; the caller frees. */
static char *tomorrow(void)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	char text[32];

	localtime_r(&now, &tm);
	tm.tm_mday++;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	mktime(&tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	return xstrdup(text);
}

void budget_today(struct engine *e)
{
	int day = day_of(clock_wall_ms());

	if (day == e->spent_day)
		return;
	e->spent_day = day;
	e->spent_pictures = 0;
	e->spent_usd = 0;
	e->journal->spent_get(e->journal, day, &e->spent_pictures, &e->spent_usd);
	/* Nobody gets more than the budget by a journal that came with a folder. */
	e->spent_pictures = e->spent_pictures < 0 ? 0 : e->spent_pictures;
	e->spent_usd = e->spent_usd > 0 ? e->spent_usd : 0;
	/* What is not written yet counts for the new day: nothing may be flushed here, as callers are
	 * walking over the jobs. */
	e->spent_pictures += e->pending_pictures;
	e->spent_usd += e->pending_usd;
}

bool budget_allows(struct engine *e, const struct task *t, struct buf *why)
{
	const struct request *r = &t->job->request;
	int pictures = (int)request_share(r, t->row.index);
	double price = model_price(r->models, r->model, r->resolution);

	if (r->provider->free)
		return true;
	budget_today(e);
	cleanup_free char *again = tomorrow();
	if (e->set.budget_pictures >= 0 && e->spent_pictures + pictures > e->set.budget_pictures) {
		buf_fmt(why, "the budget of %ld pictures a day is used up (%d today); it is free again at %s",
		        e->set.budget_pictures, e->spent_pictures, again);
		return false;
	}
	if (e->set.budget_usd < 0)
		return true;
	if (price < 0) {
		buf_fmt(why, "the price of model \"%s\" is not known, and the budget is %.2f USD a day",
		        r->model->name, e->set.budget_usd);
		return false;
	}
	price *= pictures;
	if (e->spent_usd + price > e->set.budget_usd + 1e-9) {
		buf_fmt(why, "the budget of %.2f USD a day would be exceeded (%.2f USD used today, this "
		        "costs about %.3f USD); it is free again at %s", e->set.budget_usd, e->spent_usd, price,
		        again);
		return false;
	}
	return true;
}

void budget_count(struct engine *e, struct task *t, bool on)
{
	const struct request *r = &t->job->request;

	if (t->row.counted == on || !t->job->has_request || r->provider->free)
		return;
	budget_today(e);
	double price = model_price(r->models, r->model, r->resolution);
	int pictures = (int)request_share(r, t->row.index) * (on ? 1 : -1);
	double usd = price < 0 ? 0 : price * pictures;
	t->row.counted = on;
	task_dirty(e, t);
	/* What is given back for another day does not make room in this one. */
	if (!on && day_of(t->row.submitted_ms) != e->spent_day)
		return;
	e->spent_pictures += pictures;
	e->pending_pictures += pictures;
	e->spent_usd += usd;
	e->pending_usd += usd;
}

/* --- work for the disk thread --- */

struct disk_job { struct engine *e; void (*work)(void *arg); void (*done)(struct engine *, void *arg); void *arg; };

static void disk_job_done(struct engine *e, void *arg)
{
	struct disk_job *d = arg;

	e->disk_work--;
	d->done(e, d->arg);
	free(d);
}

static void disk_job_synced(void *arg)
{
	struct disk_job *d = arg;

	engine_post(d->e, disk_job_done, d);
}

static void disk_job_run(void *arg)
{
	struct disk_job *d = arg;

	d->work(d->arg);
	disk_then(d->e->set.disk, disk_job_synced, d);
}

void engine_disk(struct engine *e, void (*work)(void *arg), void (*done)(struct engine *, void *arg),
                 void *arg)
{
	struct disk_job *d = xmalloc(sizeof(*d));

	*d = (struct disk_job){ e, work, done, arg };
	e->disk_work++;
	disk_post(e->set.disk, disk_job_run, d);
}

/* --- the loop --- */

static void run_timers(struct engine *e)
{
	struct timer *due;
	int64_t now = clock_mono_ms();

	while ((due = timers_pop(&e->task_timers, now))) {
		struct task *t = (struct task *)((char *)due - offsetof(struct task, timer));
		t->on_time(e, t);
	}
	while ((due = timers_pop(&e->prompt_timers, now)))
		prompt_timer(e, (struct prompt *)((char *)due - offsetof(struct prompt, timer)));
}

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static bool awaits_submit(struct engine *e, bool synchronous)
{
	struct job *j, *tmp;

	HASH_ITER(hh, e->jobs, j, tmp)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (j->tasks[i]->row.state == STATE_SUBMITTING && j->tasks[i]->transfer &&
			    task_wire(j->tasks[i])->synchronous == synchronous)
				return true;
	return false;
}

/* A reply that carries a picture is paid for and comes only once: it is waited for. */
static bool may_stop(struct engine *e)
{
	int64_t now = clock_mono_ms();

	if (!e->stopping || e->disk_work || e->publications)
		return false;
	/* A disk that refuses has until then. */
	if (anything_dirty(e) && !e->hurried && now < e->stop_by)
		return false;
	if (awaits_submit(e, true) && !e->hurried && now < e->stop_by + STOP_SYNCHRONOUS_MS)
		return false;
	return now >= e->stop_by || e->hurried || !awaits_submit(e, false);
}

void engine_hurry(struct engine *e)
{
	e->hurried = true;
	http_wakeup(e->http);
}

static void run_what_is_due(struct engine *e, int64_t *next)
{
	struct account *a, *tmp;

	run_timers(e);
	*next = journal_timer(e, clock_mono_ms());
	if (!e->stopping)
		HASH_ITER(hh, e->accounts, a, tmp)
			account_run(e, a, next);
}

static void *engine_thread(void *arg)
{
	struct engine *e = arg;

	pthread_setname_np(pthread_self(), "easelfs-engine");
	for (;;) {
		int64_t next = INT64_MAX;

		mail_read(e);
		bool serves = journal_serves(e);
		if (serves)
			run_what_is_due(e, &next);
		engine_flush(e);
		if (may_stop(e) && !mail_waits(e))
			break;
		if (!serves || anything_dirty(e) || e->journal->damage(e->journal))
			next = e->journal_retry;
		else
			next = min64(next, min64(timers_next(&e->task_timers), timers_next(&e->prompt_timers)));
		if (e->stopping)
			next = min64(next, e->stop_by + (clock_mono_ms() < e->stop_by ? 0 : STOP_SYNCHRONOUS_MS));
		int64_t wait = next == INT64_MAX ? -1 : next - clock_mono_ms();
		http_turn(e->http, wait < -1 || (wait < 0 && next != INT64_MAX) ? 0 : (int)min64(wait, 60000));
	}
	return NULL;
}

int engine_start(const struct engine_settings *s, struct engine **out, struct error *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->set = *s;
	e->journal = s->journal;
	e->mail_end = &e->mail;
	e->after_end = &e->after;
	e->facts_end = &e->facts;
	e->records_end = &e->records;
	e->set.models = models_ref(s->models);
	pthread_mutex_init(&e->mail_lock, NULL);
	*out = e;                     /* restored jobs call back before this returns */
	int result = http_new("easelfs/0.1", &e->http, err);
	if (result == 0 && (result = journal_start(e)) < 0)
		error_set(err, -result, "with .easelfs/journal.db moved away it starts anew, and holds every prompt",
		          "the journal cannot be read: %s", strerror(-result));
	if (result == 0 && (result = -pthread_create(&e->thread, NULL, engine_thread, e)) < 0)
		error_set(err, -result, NULL, "no thread can be started: %s", strerror(-result));
	if (result < 0) {
		e->journal->close(e->journal);
		if (e->http)
			http_free(e->http);
		journal_free(e);
		models_unref(e->set.models);
		free(e);
		*out = NULL;
		return result;
	}
	return 0;
}

/* They go at the next start. */
static void withdraw_unsent(struct engine *e)
{
	struct job *j, *tmp;

	HASH_ITER(hh, e->jobs, j, tmp)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (submit_withdraw(e, j->tasks[i]))
				job_settle(e, j);
}

static void stop_now(struct engine *e, void *arg)
{
	(void)arg;
	e->stopping = true;
	e->stop_by = clock_mono_ms() + STOP_MS;
	withdraw_unsent(e);
	if (awaits_submit(e, true))
		log_info("pictures are being made that come only once: ending when they are here, or at another signal");
	engine_wait_drain(e, true);
}

void engine_stop(struct engine *e)
{
	engine_post_look(e, stop_now, NULL);
	pthread_join(e->thread, NULL);
	http_free(e->http);
	struct job *j, *tmp;
	HASH_ITER(hh, e->jobs, j, tmp) {
		j->prompt->dirty = j->prompt->grace = false;
		job_drop(e, j);
	}
	struct prompt *p, *ptmp;
	HASH_ITER(hh, e->prompts, p, ptmp) {
		p->dirty = p->grace = false;
		prompt_put(e, p);
	}
	struct account *a, *atmp;
	HASH_ITER(hh, e->accounts, a, atmp) {
		HASH_DEL(e->accounts, a);
		free(a->name);
		free(a->stopped);
		free(a->stopped_hint);
		key_free(a->key);
		free(a);
	}
	tidy_end(e);
	e->journal->close(e->journal);
	journal_free(e);
	timers_release(&e->task_timers);
	timers_release(&e->prompt_timers);
	models_unref(e->set.models);
	free(e->trouble);
	pthread_mutex_destroy(&e->mail_lock);
	free(e);
}
