/* What others ask of the engine: views of jobs, readers that wait, a person's words. */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

/* --- views --- */

struct row_list { struct task_row *row; size_t count; };

static int collect_task(void *arg, struct task_row *row)
{
	struct row_list *r = arg;

	r->row = xrealloc(r->row, (r->count + 1) * sizeof(*r->row));
	r->row[r->count++] = *row;
	*row = (struct task_row){ 0 };
	return 0;
}

static const char *waits(struct engine *e, enum job_state s)
{
	return state_is_final(s) ? NULL : e->waits;
}

static void show_from_memory(struct engine *e, const struct prompt *p, void (*fn)(void *, const struct job_view *), void *arg)
{
	const struct job *j = p->newest;
	cleanup_free const struct task_row **tasks = xcalloc(j->tasks_count + 1, sizeof(*tasks));

	for (size_t i = 0; i < j->tasks_count; i++)
		tasks[i] = &j->tasks[i]->row;
	fn(arg, &(struct job_view){ &p->row, &j->row, tasks, j->tasks_count,
	                            j->has_request ? &j->request : NULL, waits(e, j->row.state),
	                            e->moves });
}

/* Releases the tasks' rows. */
static void show_rows(struct engine *e, const struct prompt_row *p, const struct job_row *job,
                      const struct request *request, struct row_list *rows,
                      void (*fn)(void *, const struct job_view *), void *arg)
{
	cleanup_free const struct task_row **tasks = xcalloc(rows->count + 1, sizeof(*tasks));

	for (size_t i = 0; i < rows->count; i++)
		tasks[i] = &rows->row[i];
	fn(arg, &(struct job_view){ p, job, tasks, rows->count, request, waits(e, job->state), e->moves });
	for (size_t i = 0; i < rows->count; i++)
		task_row_release(&rows->row[i]);
	free(rows->row);
}

static void show_from_journal(struct engine *e, const struct prompt_row *p,
                              void (*fn)(void *, const struct job_view *), void *arg)
{
	cleanup_job_row struct job_row job = { 0 };
	cleanup_request struct request request = { 0 };
	struct row_list rows = { 0 };
	bool has_request = false;

	if (e->journal->job_load(e->journal, p->job, &job) <= 0) {
		fn(arg, &(struct job_view){ .prompt = p });
		return;
	}
	if (job.request)
		has_request = request_read(e->set.models, job.request, strlen(job.request), &request, NULL) == 0;
	e->journal->tasks_of(e->journal, job.id, collect_task, &rows);
	show_rows(e, p, &job, has_request ? &request : NULL, &rows, fn, arg);
}

static void view(struct engine *e, const char *path, void (*fn)(void *, const struct job_view *), void *arg)
{
	struct prompt *p;
	cleanup_prompt_row struct prompt_row row = { 0 };

	HASH_FIND(hh, e->prompts, path, strlen(path), p);
	if (p && p->newest) {
		show_from_memory(e, p, fn, arg);
		return;
	}
	if (!p && e->journal->prompt_by_path(e->journal, path, &row) <= 0) {
		fn(arg, NULL);
		return;
	}
	show_from_journal(e, p ? &p->row : &row, fn, arg);
}

struct query { char *path; void (*fn)(void *, const struct job_view *); void *arg; };

static void take_query(struct engine *e, void *arg)
{
	struct query *q = arg;

	view(e, q->path, q->fn, q->arg);
	free(q->path);
	free(q);
}

void engine_query(struct engine *e, const char *path, void (*fn)(void *arg, const struct job_view *view),
                  void *arg)
{
	struct query *q = xmalloc(sizeof(*q));

	*q = (struct query){ xstrdup(path), fn, arg };
	engine_post_look(e, take_query, q);
}

struct change { struct engine *e; bool state_changed; };

static void show_change(void *arg, const struct job_view *v)
{
	const struct change *c = arg;

	if (v && v->job)
		c->e->set.calls->changed(c->e->set.ctx, v, c->state_changed);
}

void view_changed(struct engine *e, const char *path, bool state_changed)
{
	view(e, path, show_change, &(struct change){ e, state_changed });
}

struct stats_query { void (*fn)(void *, const struct engine_stats *); void *arg; };

static void take_stats(struct engine *e, void *arg)
{
	struct stats_query *q = arg;
	struct engine_stats s = { .budget_pictures = e->set.budget_pictures, .budget_usd = e->set.budget_usd,
	                          .trouble = e->trouble };

	engine_flush(e);
	budget_today(e);
	s.pictures_today = e->spent_pictures;
	s.usd_today = e->spent_usd;
	e->journal->job_counts(e->journal, s.jobs);
	e->journal->spent_total(e->journal, &s.pictures_total, &s.usd_total);
	q->fn(q->arg, &s);
	free(q);
}

void engine_stats(struct engine *e, void (*fn)(void *arg, const struct engine_stats *s), void *arg)
{
	struct stats_query *q = xmalloc(sizeof(*q));

	*q = (struct stats_query){ fn, arg };
	engine_post(e, take_stats, q);
}

/* --- lists --- */

struct jobs_query { struct engine *e; void (*each)(void *, const struct job_view *); void (*done)(void *); void *arg; };

static bool is_under_way(const struct job *j) { return !state_is_final(j->row.state); }

/* Only the newest of a prompt that is there, and none twice. */
static int show_latest(void *arg, struct job_row *job)
{
	const struct jobs_query *q = arg;
	struct engine *e = q->e;
	cleanup_prompt_row struct prompt_row row = { 0 };
	struct row_list rows = { 0 };
	struct prompt *p;

	if (e->journal->prompt_load(e->journal, job->prompt, &row) <= 0 || row.gone_ms || row.job != job->id)
		return 0;
	HASH_FIND(hh, e->prompts, row.path, strlen(row.path), p);
	if (p && p->newest && is_under_way(p->newest))
		return 0;
	e->journal->tasks_of(e->journal, job->id, collect_task, &rows);
	show_rows(e, &row, job, NULL, &rows, q->each, q->arg);
	return 0;
}

static void take_jobs(struct engine *e, void *arg)
{
	struct jobs_query *q = arg;
	struct job *j, *tmp;

	engine_flush(e);
	HASH_ITER(hh, e->jobs, j, tmp)
		if (j->prompt->newest == j && !j->prompt->row.gone_ms && is_under_way(j))
			show_from_memory(e, j->prompt, q->each, q->arg);
	e->journal->jobs_latest(e->journal, INT64_MAX, ENGINE_JOBS, show_latest, q);
	q->done(q->arg);
	free(q);
}

void engine_jobs(struct engine *e, void (*each)(void *arg, const struct job_view *v), void (*done)(void *arg),
                 void *arg)
{
	struct jobs_query *q = xmalloc(sizeof(*q));

	*q = (struct jobs_query){ e, each, done, arg };
	engine_post(e, take_jobs, q);
}

/* --- all of them, piece by piece --- */

/* What a piece may take before others have their turn, and how many jobs it looks for at once. */
enum { PIECE_MS = 5, PIECE_JOBS = 64 };

struct walk {
	struct engine *e;
	struct engine_walk calls;
	void *arg;
	int64_t before;               /* ids below that are still to be shown */
	bool more;                    /* there may be some */
	bool enough;                  /* each() says so */
	int64_t until;                /* clock_mono_ms() when the piece ends */
};

enum { GO_ON, PIECE_ENDS, WALK_ENDS };

static void show_walked(void *arg, const struct job_view *v)
{
	struct walk *w = arg;

	w->enough = !w->calls.each(w->arg, v);
}

static int show_one(void *arg, struct job_row *job)
{
	struct walk *w = arg;
	struct engine *e = w->e;
	cleanup_prompt_row struct prompt_row prompt = { 0 };
	cleanup_request struct request request = { 0 };
	struct row_list rows = { 0 };

	w->before = job->id;
	w->more = true;
	if (e->journal->prompt_load(e->journal, job->prompt, &prompt) > 0) {
		bool known = job->request &&
		             request_recall(e->set.models, job->request, strlen(job->request), &request) == 0;
		e->journal->tasks_of(e->journal, job->id, collect_task, &rows);
		show_rows(e, &prompt, job, known ? &request : NULL, &rows, show_walked, w);
	}
	if (w->enough)
		return WALK_ENDS;
	return clock_mono_ms() < w->until ? GO_ON : PIECE_ENDS;
}

static void walk_end(struct walk *w, int result)
{
	w->calls.done(w->arg, result);
	free(w);
}

static void take_piece(struct engine *e, void *arg)
{
	struct walk *w = arg;
	int result = e->stopping ? -ESHUTDOWN : GO_ON;

	w->until = clock_mono_ms() + PIECE_MS;
	for (w->more = true; result == GO_ON && w->more;) {
		w->more = false;
		result = e->journal->jobs_latest(e->journal, w->before, PIECE_JOBS, show_one, w);
	}
	if (result == PIECE_ENDS)
		engine_post(e, take_piece, w);
	else
		walk_end(w, result < 0 ? result : 0);
}

static void take_walk(struct engine *e, void *arg)
{
	struct walk *w = arg;

	engine_flush(e);
	cleanup_free char *version = xasprintf("%lld %u %s", (long long)e->journal->changes(e->journal), e->reloads,
	                                       e->waits ? e->waits : "");
	if (w->calls.begin(w->arg, version))
		take_piece(e, w);
	else
		free(w);
}

void engine_walk(struct engine *e, const struct engine_walk *calls, void *arg)
{
	struct walk *w = xmalloc(sizeof(*w));

	*w = (struct walk){ .e = e, .calls = *calls, .arg = arg, .before = INT64_MAX };
	engine_post(e, take_walk, w);
}

/* --- readers that wait --- */

struct verdict { unsigned index; int result; char *out; };

/* 1: goes on waiting. */
static void judge(void *arg, const struct job_view *v)
{
	struct verdict *d = arg;
	unsigned index = d->index ? d->index : 1;

	if (v && v->prompt->gone_ms && clock_wall_ms() - v->prompt->gone_ms < READERS_MS)
		d->result = 1;            /* an editor may be about to write it anew: prompt_timer() */
	else if (!v || v->prompt->gone_ms || !v->job)
		d->result = -ENOENT;
	else if (!v->tasks_count)
		d->result = -EIO;
	else if (index > v->tasks_count && index <= v->job->n && state_is_waited_for(v->job->state))
		d->result = 1;            /* it comes with another one */
	else if (index > v->tasks_count)
		d->result = -ENOENT;
	else if (v->tasks[index - 1]->state == STATE_COMPLETED) {
		d->result = 0;
		d->out = xstrdup(v->tasks[index - 1]->out);
	} else
		d->result = state_is_waited_for(v->tasks[index - 1]->state) ? 1 : -EIO;
}

static void waiter_unlist(struct engine *e, struct engine_waiter *w)
{
	struct waiters *list;

	HASH_FIND_STR(e->waiters, w->path, list);
	if (!w->listed || !list)
		return;
	DL_DELETE(list->first, w);
	w->listed = false;
	if (!list->first) {
		HASH_DEL(e->waiters, list);
		free(list);
	}
}

static void waiter_list(struct engine *e, struct engine_waiter *w)
{
	struct waiters *list;

	HASH_FIND_STR(e->waiters, w->path, list);
	if (!list) {
		size_t len = strlen(w->path);
		list = xcalloc(1, sizeof(*list) + len + 1);
		memcpy(list->path, w->path, len);
		HASH_ADD_STR(e->waiters, path, list);
	}
	DL_APPEND(list->first, w);
	w->listed = true;
}

static void waiter_judge(struct engine *e, struct engine_waiter *w)
{
	struct verdict d = { .index = w->index };
	cleanup_free char *out = NULL;
	struct stat st;

	if (e->drained)
		d.result = -EIO;
	else if (e->set.calls->is_pending(e->set.ctx, w->dev, w->ino))
		d.result = 1;
	else
		view(e, w->path, judge, &d);
	out = d.out;
	if (d.result == 0 && e->moves && store_look(e->set.source_fd, out, &st) <= 0)
		d.result = 1;             /* it follows a rename */
	if (d.result == 1) {
		if (!w->listed)
			waiter_list(e, w);
		return;
	}
	waiter_unlist(e, w);
	w->done(w, d.result, out);
}

void waiters_answer(struct engine *e, const char *path)
{
	struct waiters *list;
	struct engine_waiter *w, *next;

	HASH_FIND_STR(e->waiters, path, list);
	/* The list is freed with its last waiter, so the next one is taken first. */
	for (w = list ? list->first : NULL; w; w = next) {
		next = w->next;
		waiter_judge(e, w);
	}
}

void waiters_answer_all(struct engine *e)
{
	struct waiters *list, *tmp;
	struct engine_waiter *w, *next;

	HASH_ITER(hh, e->waiters, list, tmp)
		for (w = list->first; w; w = next) {
			next = w->next;
			waiter_judge(e, w);
		}
}

void waiters_follow(struct engine *e, const char *from, const char *to)
{
	struct waiters *list, *tmp;
	struct engine_waiter *moved = NULL, *w, *next;

	HASH_ITER(hh, e->waiters, list, tmp) {
		cleanup_free char *path = path_after_rename(list->path, from, to);
		/* The list is freed with its last waiter, so the next one is taken first. */
		for (w = path ? list->first : NULL; w; w = next) {
			next = w->next;
			waiter_unlist(e, w);
			free(w->path);
			w->path = xstrdup(path);
			DL_APPEND(moved, w);
		}
	}
	DL_FOREACH_SAFE(moved, w, next) {
		DL_DELETE(moved, w);
		waiter_judge(e, w);
	}
}

static void take_wait(struct engine *e, void *arg) { waiter_judge(e, arg); }

void engine_wait(struct engine *e, struct engine_waiter *w)
{
	w->listed = false;
	engine_post_look(e, take_wait, w);
}

static void take_cancel(struct engine *e, void *arg)
{
	struct engine_waiter *w = arg;

	/* Not listed: it was answered in the meantime, and its owner waits for this message. */
	waiter_unlist(e, w);
	w->done(w, -EINTR, NULL);
}

void engine_wait_cancel(struct engine *e, struct engine_waiter *w)
{
	engine_post_look(e, take_cancel, w);
}

static void take_drain(struct engine *e, void *arg)
{
	e->drained = arg;
	if (e->drained)
		waiters_answer_all(e);
}

void engine_wait_drain(struct engine *e, bool on)
{
	engine_post_look(e, take_drain, on ? e : NULL);
}

/* --- configuration --- */

/* What was asked stays what was asked; where to and with which key may have changed.  What is under way goes
 * on as it began where the new table has no place for it. */
static void rebind(struct engine *e, struct job *j)
{
	struct request fresh;

	if (!j->has_request && j->row.request && (!state_is_final(j->row.state) || j->row.state == STATE_STOPPED)) {
		job_fill_request(e, j);
		for (size_t i = 0; i < j->tasks_count && j->has_request; i++)
			task_go_on(e, j->tasks[i]);
		if (j->has_request)
			job_settle(e, j);
		return;
	}
	if (!j->has_request ||
	    request_read(e->set.models, j->row.request, strlen(j->row.request), &fresh, NULL) < 0)
		return;
	if (strcmp(fresh.provider->wire, j->request.provider->wire) != 0) {
		request_release(&fresh);
		return;
	}
	fresh.by_default = j->request.by_default;
	request_release(&j->request);
	j->request = fresh;
}

static void take_reload(struct engine *e, void *arg)
{
	struct account *a, *atmp;
	struct job *j, *tmp;

	if (arg) {
		models_unref(e->set.models);
		e->set.models = arg;
		e->reloads++;
		HASH_ITER(hh, e->jobs, j, tmp)
			rebind(e, j);
	}
	/* What was only fetched since the start has none yet. */
	HASH_ITER(hh, e->jobs, j, tmp)
		if (j->has_request)
			account_of(e, j->request.provider);
	HASH_ITER(hh, e->accounts, a, atmp) {
		account_configure(e, a);
		account_go(e, a, false);
	}
	/* Those that never became a request for want of a key. */
	HASH_ITER(hh, e->jobs, j, tmp)
		if (!j->has_request && !j->row.request && j->row.state == STATE_STOPPED && j->prompt->newest == j)
			e->set.calls->read_again(e->set.ctx, j->prompt->row.path, READ_CHANGED);
}

void engine_reload(struct engine *e, struct models *m)
{
	engine_post(e, take_reload, m);
}

static void take_allowance(struct engine *e, void *arg)
{
	const struct engine_allowance *a = arg;

	e->set.budget_pictures = a->budget_pictures;
	e->set.budget_usd = a->budget_usd;
	e->set.in_flight = a->in_flight;
	free(arg);
}

void engine_allow(struct engine *e, const struct engine_allowance *a)
{
	struct engine_allowance *copy = xmalloc(sizeof(*copy));

	*copy = *a;
	engine_post(e, take_allowance, copy);
}

static void take_trouble(struct engine *e, void *arg)
{
	free(e->trouble);
	e->trouble = arg;
}

void engine_trouble(struct engine *e, const char *text)
{
	engine_post(e, take_trouble, xstrdup(text));
}

/* --- a person's word --- */

struct command { enum engine_verb verb; char *path; void (*done)(void *, int); void *arg; };

static const enum event verb_events[VERB_COUNT] = {
	[VERB_RETRY] = EVENT_RETRY, [VERB_CANCEL] = EVENT_CANCEL, [VERB_RELEASE] = EVENT_RELEASE,
};

static int64_t newest_job(struct engine *e, const char *path)
{
	struct prompt *p;
	cleanup_prompt_row struct prompt_row row = { 0 };

	HASH_FIND(hh, e->prompts, path, strlen(path), p);
	if (p)
		return p->newest ? p->newest->row.id : p->row.job;
	return e->journal->prompt_by_path(e->journal, path, &row) > 0 ? row.job : 0;
}

static int command_job(struct engine *e, enum engine_verb verb, struct job *j)
{
	/* Who retries what shows as stopped or deferred has not accepted a second charge for a lost one. */
	bool keeps_unknown = verb == VERB_RETRY && j->row.state != STATE_UNKNOWN;
	int changed = 0;

	/* What is not held gets no leave to go beyond the budget by that. */
	if (verb == VERB_RELEASE && j->row.state == STATE_HELD)
		j->row.release_serial = ++e->serial;
	if (verb == VERB_RELEASE)
		j->row.unasked = false;
	for (size_t i = 0; i < j->tasks_count; i++) {
		struct task *t = j->tasks[i];
		if (keeps_unknown && t->row.state == STATE_UNKNOWN)
			continue;
		if (task_event(e, t, verb_events[verb], NULL, NULL)) {
			t->row.attempts = 0;
			changed++;
		}
	}
	if (changed && verb == VERB_RETRY)
		account_go(e, account_of(e, j->request.provider), true);
	if (changed)
		job_settle(e, j);
	/* It was retried with another prompt that this provider had refused. */
	if (verb == VERB_RETRY && j->row.state == STATE_QUEUED &&
	    account_has_just_gone(account_of(e, j->request.provider)))
		return 0;
	return changed ? 0 : -EALREADY;
}

static int command_run(struct engine *e, const struct command *c)
{
	int64_t id;

	if (c->verb == VERB_RELEASE)
		journal_released(e);
	if (!(id = newest_job(e, c->path))) {
		engine_flush(e);      /* so that the newest job has its id */
		id = newest_job(e, c->path);
	}
	if (!id)
		return -ENOENT;
	struct job *j = job_activate(e, id);
	if (!j)
		return -ENOENT;
	bool reads_again = j->row.state != STATE_DRAFT &&
	                   (c->verb == VERB_AGAIN || (c->verb == VERB_RETRY && !j->tasks_count));
	int result = 0;
	if (reads_again)
		e->set.calls->read_again(e->set.ctx, c->path, c->verb == VERB_AGAIN ? READ_FRESH : READ_AGAIN);
	else if (!j->has_request && c->verb != VERB_CANCEL)
		result = -EALREADY;   /* its model or provider is not configured any more */
	else
		result = command_job(e, c->verb, j);
	job_free(e, j);               /* if it was only loaded to be looked at */
	return result;
}

static void take_command(struct engine *e, void *arg)
{
	struct command *c = arg;

	c->done(c->arg, command_run(e, c));
	free(c->path);
	free(c);
}

void engine_command(struct engine *e, enum engine_verb verb, const char *path,
                    void (*done)(void *arg, int result), void *arg)
{
	struct command *c = xmalloc(sizeof(*c));

	*c = (struct command){ verb, xstrdup(path), done, arg };
	engine_post(e, take_command, c);
}
