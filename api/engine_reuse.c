/*
 * One request, one charge: a prompt whose digest equals that of another one in this tree gets the same
 * picture.  The first of them leads; the others stay queued while it is under way, and copy its picture
 * when it is there.  If it fails, the next one leads.  If it waits for a person, though it may be paid for,
 * the others are stopped until it goes on.
 */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { COPY_TRIES = 3, COPY_AGAIN_MS = 100 };

void reuse_forget(struct engine *e, struct job *j)
{
	if (j->leads)
		HASH_DELETE(digest_hh, e->leaders, j);
	j->leads = false;
}

static void lead(struct engine *e, struct job *j)
{
	struct job *before;

	HASH_FIND(digest_hh, e->leaders, j->row.digest, sizeof(j->row.digest), before);
	if (before)
		reuse_forget(e, before);
	HASH_ADD(digest_hh, e->leaders, row.digest, sizeof(j->row.digest), j);
	j->leads = true;
}

void reuse_restored(struct engine *e, struct job *j)
{
	for (size_t i = 0; i < j->tasks_count && !j->leads; i++)
		if (state_is_paid(j->tasks[i]->row.state) ||
		    state_may_bring(j->tasks[i]->row.state, j->tasks[i]->row.resume))
			lead(e, j);
}

static bool is_owed(const struct task_row *row)
{
	return state_may_bring(row->state, row->resume) && !state_is_waited_for(row->state);
}

bool reuse_is_owed(const struct task *t) { return is_owed(&t->row); }

void reuse_goes_on(struct engine *e, struct job *j)
{
	struct job *other, *tmp;

	reuse_restored(e, j);
	HASH_ITER(hh, e->jobs, other, tmp) {
		if (other == j || memcmp(other->row.digest, j->row.digest, sizeof(j->row.digest)) != 0)
			continue;
		for (size_t i = 0; i < other->tasks_count && other->has_request; i++)
			if (other->tasks[i]->row.state == STATE_STOPPED && other->tasks[i]->row.resume == STATE_QUEUED)
				task_event(e, other->tasks[i], EVENT_RESUME, NULL, NULL);
	}
}

/* The name of what somebody else wrote is theirs: where it lies, others may have no business.  The caller frees. */
static char *name_for(const struct job *j, const struct prompt_row *owner, const struct job_row *job)
{
	bool is_theirs = geteuid() == 0 && j->row.uid && job->uid != j->row.uid;

	return xstrdup(is_theirs ? "another user's prompt" : owner->path);
}

static void say_same(struct job *j, const char *path)
{
	double price = model_price(j->request.models, j->request.model, j->request.resolution);
	cleanup_free char *cost = price < 0 ? xstrdup("at a price that is not known here")
	                                    : xasprintf("about %.3f USD", price);

	cleanup_free char *note = xasprintf("same picture as %s; \"easelfs again %s\" makes a new one (%s)", path,
	                                    j->prompt->row.path, j->request.provider->free ? "free" : cost);
	job_note(j, note);
}

static void copied(struct engine *e, struct task *t, bool ok);

/* A picture that came with another one's request. */
static void further_copied(struct engine *e, struct task *t, bool ok)
{
	if (ok)
		copied(e, t, true);
	else
		task_event(e, t, EVENT_REFUSED, "this picture came with another one, and cannot be copied any more",
		           "easelfs again makes new ones");
}

static int copy_one_further(void *arg, struct task_row *row)
{
	struct task *first = arg;
	struct engine *e = first->job->engine;

	if (row->index <= first->job->tasks_count || row->state != STATE_COMPLETED || !row->out)
		return 0;
	struct task *t = job_add_task(e, first);
	t->row.state = STATE_QUEUED;
	if (check_copy(e, t, row->out, row->sha256, further_copied) < 0)
		further_copied(e, t, false);
	return 0;
}

static void copy_further(struct engine *e, struct task *first)
{
	e->journal->tasks_of(e->journal, first->job->row.same_as, copy_one_further, first);
}

/* It may just be moving, as to history/ when a newer one takes its place: its row says where to, when that is
 * over.  Else it was edited or deleted, and an older one may still be as it was. */
static void look_elsewhere(struct engine *e, struct task *t)
{
	int64_t job = t->job->row.same_as;

	t->job->row.same_as = 0;
	if (t->copy_tries < COPY_TRIES) {
		task_at(e, t, clock_mono_ms() + (COPY_AGAIN_MS << t->copy_tries++), task_resume);
		return;
	}
	t->copy_tries = 0;
	t->reuse_before = job;
	task_resume(e, t);
}

static void copied(struct engine *e, struct task *t, bool ok)
{
	cleanup_prompt_row struct prompt_row source = { 0 };
	cleanup_job_row struct job_row job = { 0 };

	if (t->row.state != STATE_QUEUED) {
		if (ok)                   /* it was cancelled in the meantime */
			store_incoming_remove(e->set.store, t->row.file);
		free(steal_pointer(&t->row.file));
		return;
	}
	if (!ok && t->row.index > request_tasks(&t->job->request)) {
		further_copied(e, t, false);
		return;
	}
	if (!ok) {
		look_elsewhere(e, t);
		return;
	}
	if (e->journal->job_load(e->journal, t->job->row.same_as, &job) > 0 &&
	    e->journal->prompt_load(e->journal, job.prompt, &source) > 0) {
		cleanup_free char *name = name_for(t->job, &source, &job);
		say_same(t->job, name);
	}
	if (t->row.index == 1)
		copy_further(e, t);
	t->row.cost_usd = 0;
	task_after(e, t, publish_begin);
	task_event(e, t, EVENT_REUSED, NULL, NULL);
}

static bool copy(struct engine *e, struct task *t, int64_t job, const struct task_row *from)
{
	int result = from->state == STATE_COMPLETED && from->out
		? check_copy(e, t, from->out, from->sha256, copied) : -ENOENT;

	if (disk_is_at_fault(-result)) {
		check_copy_later(e, t, result);
		return true;
	}
	if (result < 0)
		return false;
	t->job->row.same_as = job;
	task_leave_queue(e, t);
	return true;
}

struct wanted { struct engine *e; struct task *task; int64_t job; bool begun; };

static int copy_index(void *arg, struct task_row *row)
{
	struct wanted *w = arg;

	if (row->index != w->task->row.index)
		return 0;
	w->begun = copy(w->e, w->task, w->job, row);
	return 1;
}

/* From a job that was over before this daemon had it in memory, or since. */
static bool copy_recorded(struct engine *e, struct task *t)
{
	cleanup_job_row struct job_row row = { 0 };
	struct wanted w = { .e = e, .task = t, .job = t->reuse_before ? t->reuse_before : INT64_MAX };

	while (!w.begun &&
	       e->journal->job_by_digest(e->journal, t->job->row.digest, w.job, &row) > 0) {
		w.job = row.id;
		job_row_release(&row);
		e->journal->tasks_of(e->journal, w.job, copy_index, &w);
	}
	return w.begun;
}

/* A picture that came with another one's request cannot be asked for by itself: it is copied, or not there. */
static void take_further(struct engine *e, struct task *t)
{
	struct wanted w = { .e = e, .task = t, .job = t->job->row.same_as };

	if (w.job)
		e->journal->tasks_of(e->journal, w.job, copy_index, &w);
	if (!w.begun)
		further_copied(e, t, false);
}

static void stop_behind(struct engine *e, struct task *t, const struct prompt_row *owner, const struct job_row *job,
                        bool is_newest, const struct task_row *owed)
{
	cleanup_free char *name = name_for(t->job, owner, job);
	cleanup_free char *reason = xasprintf("same request as %s%s%s, which is %s%s%s", is_newest ? "" : "an earlier text of ",
	                                      name, owner->gone_ms ? " (deleted)" : "", state_name(owed->state),
	                                      owed->reason ? ": " : "", owed->reason ? owed->reason : "");
	cleanup_free char *hint = xasprintf("it goes on with that one; easelfs again %s makes its own", t->job->prompt->row.path);

	task_event(e, t, EVENT_STOPPED, reason, hint);
}

/* One in memory may have gone on since its row was written. */
static bool stop_behind_row(struct engine *e, struct task *t, const struct task_row *row)
{
	cleanup_prompt_row struct prompt_row owner = { 0 };
	cleanup_job_row struct job_row job = { 0 };
	const struct job *live = job_in_memory(e, row->job);

	if (row->job == t->job->row.id ||
	    (live && (row->index > live->tasks_count || !reuse_is_owed(live->tasks[row->index - 1]))) ||
	    e->journal->job_load(e->journal, row->job, &job) <= 0 ||
	    e->journal->prompt_load(e->journal, job.prompt, &owner) <= 0)
		return false;
	stop_behind(e, t, &owner, &job, owner.job == row->job, row);
	return true;
}

/* What may be paid for is not paid for again because it waits for a person.  It may have left memory. */
static bool stops_behind_owed(struct engine *e, struct task *t, const struct job *leader)
{
	int64_t before = INT64_MAX;
	bool stopped = false;

	if (t->insists)
		return false;
	if (leader && leader != t->job && t->row.index <= leader->tasks_count &&
	    reuse_is_owed(leader->tasks[t->row.index - 1])) {
		stop_behind(e, t, &leader->prompt->row, &leader->row, leader->prompt->newest == leader,
		            &leader->tasks[t->row.index - 1]->row);
		return true;
	}
	while (!stopped) {
		cleanup_task_row struct task_row row = { 0 };
		if (e->journal->task_owed(e->journal, t->job->row.digest, t->row.index, before, &row) <= 0)
			break;
		before = row.job;
		stopped = stop_behind_row(e, t, &row);
	}
	return stopped;
}

bool reuse_takes(struct engine *e, struct task *t)
{
	struct job *j = t->job, *leader;

	if (t->row.index > request_tasks(&j->request)) {
		take_further(e, t);
		return true;
	}
	if (!j->request.reuse || t->row.own_id)
		return false;
	HASH_FIND(digest_hh, e->leaders, j->row.digest, sizeof(j->row.digest), leader);
	if (leader && leader != j && t->row.index <= leader->tasks_count) {
		const struct task_row *first = &leader->tasks[t->row.index - 1]->row;
		bool brings_more = request_pictures(&j->request) > request_tasks(&j->request);
		if (state_is_waited_for(first->state) || (brings_more && state_is_waited_for(leader->row.state)))
			return true;
		if (!(t->reuse_before && leader->row.id >= t->reuse_before) &&
		    copy(e, t, leader->row.id, first))
			return true;
	}
	if ((leader != j && copy_recorded(e, t)) || stops_behind_owed(e, t, leader))
		return true;
	if (leader != j)
		lead(e, j);
	return false;
}
