/* Prompts and jobs: commits, names, readers that wait, a person's words, restart. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "kill.h"

/* How long a deleted prompt's job is left as it is, as an editor may be about to write it anew. */
#define GRACE_MS 10000

void engine_commit_release(struct engine_commit *c)
{
	free(c->path);
	request_release(&c->request);
	error_clear(&c->refused);
	free(c);
}

/* --- prompts in memory --- */

char *stem_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return xstrndup(path, dot ? (size_t)(dot - path) : strlen(path));
}

/* Only prompts that are there (or may come back any moment) are found by their path. */
void prompt_hash(struct engine *e, struct prompt *p)
{
	HASH_ADD_KEYPTR(hh, e->prompts, p->row.path, strlen(p->row.path), p);
	HASH_ADD_KEYPTR(stem_hh, e->stems, p->row.stem, strlen(p->row.stem), p);
	p->hashed = true;
}

void prompt_unhash(struct engine *e, struct prompt *p)
{
	if (p->hashed) {
		HASH_DEL(e->prompts, p);
		HASH_DELETE(stem_hh, e->stems, p);
	}
	p->hashed = false;
}

/* The next one of the same stem: uthash keeps equal keys in one bucket. */
static struct prompt *next_of_stem(const struct prompt *p)
{
	const UT_hash_handle *at = &p->stem_hh;

	while ((at = at->hh_next))
		if (at->hashv == p->stem_hh.hashv && at->keylen == p->stem_hh.keylen &&
		    memcmp(at->key, p->stem_hh.key, at->keylen) == 0)
			return (struct prompt *)((char *)at - offsetof(struct prompt, stem_hh));
	return NULL;
}

struct prompt *prompt_in_memory(struct engine *e, const char *path)
{
	struct prompt *p;

	HASH_FIND(hh, e->prompts, path, strlen(path), p);
	return p;
}

/* It was renamed, and the journal, which cannot be written now, has it under the name from before that. */
static bool has_moved_on(struct engine *e, int64_t id)
{
	struct prompt *p, *tmp;

	if (!e->late_moves_count)
		return false;
	HASH_ITER(hh, e->prompts, p, tmp)
		if (p->row.id == id)
			return true;
	return false;
}

/* The present prompt of that path, from memory or journal; NULL if there is none. */
struct prompt *prompt_get(struct engine *e, const char *path)
{
	struct prompt *p = prompt_in_memory(e, path);

	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	if (e->journal->prompt_by_path(e->journal, path, &p->row) <= 0 || has_moved_on(e, p->row.id)) {
		prompt_row_release(&p->row);
		free(p);
		return NULL;
	}
	prompt_hash(e, p);
	return p;
}

int engine_recorded(struct engine *e, const char *path, struct prompt_row *out)
{
	struct prompt *p = prompt_in_memory(e, path);

	if (!p) {
		int result = e->journal->prompt_by_path(e->journal, path, out);
		return result > 0 && has_moved_on(e, out->id) ? 0 : result;
	}
	*out = p->row;
	out->path = xstrdup(p->row.path);
	out->stem = xstrdup(p->row.stem);
	return 1;
}

/* What still happens to its jobs in memory is for out/ again.  NULL if there are none. */
static struct prompt *prompt_of_orphans(struct engine *e, int64_t id)
{
	struct prompt *p = NULL;

	for (struct job *j = e->jobs; j; j = j->hh.next) {
		if (j->prompt->row.id != id)
			continue;
		p = j->prompt;
		j->row.orphan = false;
		job_dirty(e, j);
	}
	return p;
}

/* Whether it asks for what it had asked for last, and that is there or under way: so it would be a copy of
 * what was deleted, as it comes from a trash on another filesystem. */
static bool is_copied_back(struct engine *e, const struct prompt_row *row, const struct engine_commit *c)
{
	cleanup_job_row struct job_row job = { 0 };

	if (memcmp(row->digest, c->digest, sizeof(c->digest)) != 0 ||
	    e->journal->job_load(e->journal, row->job, &job) <= 0)
		return false;
	return state_is_waited_for(job.state) || (job.state == STATE_COMPLETED && publish_stands(e, row->job));
}

/* A new file is often given the inode number of one that was deleted, but not its time. */
static bool is_the_file(const struct prompt_row *row, const struct engine_commit *c)
{
	return row->dev == c->dev && row->ino == c->ino && row->mtime_ns == c->mtime_ns;
}

/* One that left less than the grace time ago, or whose very file is back, or a copy of it. */
static struct prompt *prompt_revive(struct engine *e, const struct engine_commit *c)
{
	struct prompt_row row cleanup_prompt_row = { 0 };

	if (e->journal->prompt_gone_by_path(e->journal, c->path, &row) <= 0 ||
	    (clock_wall_ms() - row.gone_ms >= GRACE_MS && !is_the_file(&row, c) && !is_copied_back(e, &row, c)))
		return NULL;
	struct prompt *p = prompt_of_orphans(e, row.id);
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->row = row;
		row = (struct prompt_row){ 0 };
	}
	p->row.gone_ms = 0;
	prompt_hash(e, p);
	return p;
}

static struct prompt *prompt_new(struct engine *e, const char *path)
{
	struct prompt *p = xcalloc(1, sizeof(*p));

	p->row.path = xstrdup(path);
	p->row.stem = stem_of(path);
	prompt_hash(e, p);
	return p;
}

void prompt_put(struct engine *e, struct prompt *p)
{
	if (p->jobs || p->dirty || p->grace)
		return;
	timers_unset(&e->prompt_timers, &p->timer);
	prompt_unhash(e, p);
	prompt_row_release(&p->row);
	free(p);
}

/* --- jobs in memory --- */

struct task *task_new(struct job *j)
{
	struct task *t = xcalloc(1, sizeof(*t));

	j->tasks = xrealloc(j->tasks, (j->tasks_count + 1) * sizeof(struct task *));
	j->tasks[j->tasks_count++] = t;
	t->job = j;
	t->fd = -1;
	t->row.index = (unsigned)j->tasks_count;
	t->row.state = STATE_QUEUED;
	t->row.progress = -1;
	t->row.cost_usd = -1;
	return t;
}

struct job *job_new(struct engine *e, struct prompt *p, size_t tasks)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->engine = e;
	j->serial = ++e->serial;
	j->prompt = p;
	j->row.uid = j->row.gid = -1;
	p->jobs++;
	j->next_of_prompt = p->all;
	p->all = j;
	while (j->tasks_count < tasks)
		task_new(j);
	HASH_ADD(hh, e->jobs, serial, sizeof(j->serial), j);
	return j;
}

struct maker job_maker(const struct job *j) { return (struct maker){ j->row.uid, j->row.gid, j->row.ino }; }

struct task *job_add_task(struct engine *e, struct task *t)
{
	struct task *more = task_new(t->job);

	more->row.state = STATE_RUNNING;
	more->row.own_id = xstrdup(t->row.own_id);
	more->row.task_id = xstrdup(t->row.task_id);
	more->row.submitted_ms = t->row.submitted_ms;
	task_dirty(e, more);
	return more;
}

void job_note(struct job *j, const char *note)
{
	char *before = j->row.note;

	if (before && strstr(before, note))
		return;
	j->row.note = before ? xasprintf("%s; %s", before, note) : xstrdup(note);
	free(before);
	job_dirty(j->engine, j);
}

void job_note_missing(struct task *t, size_t came, const char *note)
{
	struct job *j = t->job;
	unsigned wanted = request_share(&j->request, t->row.index);
	cleanup_buf struct buf b = BUF_INIT;

	if (came < wanted)
		buf_fmt(&b, "%zu of %u pictures came%s", came, wanted, note ? ": " : "");
	buf_str(&b, note ? note : "");
	if (b.len)
		job_note(j, b.data);
}

static bool job_rests(const struct job *j)
{
	if (j->listed_dirty || !state_is_final(j->row.state) || j->row.state == STATE_STOPPED)
		return false;
	for (size_t i = 0; i < j->tasks_count; i++) {
		const struct task *t = j->tasks[i];
		if (t->busy || t->transfer || t->after || t->queued ||
		    (!state_is_final(t->row.state) && j->row.state != STATE_COMPLETED))
			return false;
	}
	return true;
}

void job_free(struct engine *e, struct job *j)
{
	if (job_rests(j))
		job_drop(e, j);
}

void job_drop(struct engine *e, struct job *j)
{
	struct prompt *p = j->prompt;

	for (size_t i = 0; i < j->tasks_count; i++) {
		struct task *t = j->tasks[i];
		timers_unset(&e->task_timers, &t->timer);
		task_leave_queue(e, t);
		cleanup_fd_(&t->fd);
		task_close_references(t);
		reply_free(t);
		reply_keep_free(t);
		free(t->redirect);
		free(t->fetched);
		task_row_release(&t->row);
		free(t);
	}
	for (size_t i = 0; j->ref_urls && i < j->request.references_count; i++)
		free(j->ref_urls[i]);
	free(j->ref_urls);
	free(j->tasks);
	request_release(&j->request);
	job_row_release(&j->row);
	HASH_DEL(e->jobs, j);
	reuse_forget(e, j);
	if (p->newest == j)
		p->newest = NULL;
	p->jobs--;
	LL_DELETE2(p->all, j, next_of_prompt);
	free(j);
	prompt_put(e, p);
}

void job_set_reason(struct job *j, const char *reason, const char *hint)
{
	free(j->row.reason);
	free(j->row.hint);
	j->row.reason = xstrdup(reason);
	j->row.hint = xstrdup(hint);
}

void job_changed(struct engine *e, struct job *j, bool state_changed)
{
	if (j->prompt->newest == j && !j->prompt->row.gone_ms)
		view_changed(e, j->prompt->row.path, state_changed);
}

static size_t tasks_in(const struct job *j, enum job_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < j->tasks_count; i++)
		n += j->tasks[i]->row.state == state;
	return n;
}

/* Where some of its pictures are there and others will not come by themselves. */
static void say_partial(struct job *j)
{
	size_t came = tasks_in(j, STATE_COMPLETED), lack = tasks_in(j, j->row.state);

	if (!came || state_is_waited_for(j->row.state) || j->row.state == STATE_COMPLETED)
		return;
	cleanup_free char *reason = xasprintf("%zu of %zu pictures came, %zu %s: %s", came, j->tasks_count, lack,
	                                      state_name(j->row.state), j->row.reason ? j->row.reason : "no reason is known");
	cleanup_free char *hint = j->row.state != STATE_FAILED ? xstrdup(j->row.hint) :
	                          xasprintf("easelfs retry asks for what is missing only%s%s", j->row.hint ? "; " : "",
	                                    j->row.hint ? j->row.hint : "");
	job_set_reason(j, reason, hint);
}

/* The first task in the shown state lends the job its reason. */
static void take_reason(struct job *j)
{
	const struct task_row *row = NULL;

	for (size_t i = 0; i < j->tasks_count && !row; i++)
		if (j->tasks[i]->row.state == j->row.state && j->tasks[i]->row.reason)
			row = &j->tasks[i]->row;
	job_set_reason(j, row ? row->reason : NULL, row ? row->hint : NULL);
	say_partial(j);
}

void job_settle(struct engine *e, struct job *j)
{
	cleanup_free enum job_state *states = xcalloc(j->tasks_count + 1, sizeof(*states));
	enum job_state before = j->row.state;
	size_t n = j->tasks_count;

	for (size_t i = 0; i < n; i++)
		states[i] = j->tasks[i]->row.state;
	if (n) {
		j->row.state = state_summary(states, n);
		take_reason(j);
	}
	j->row.finished_ms = state_is_over(j->row.state) ? clock_wall_ms() : 0;
	job_dirty(e, j);
	job_changed(e, j, j->row.state != before || n > 1);
	waiters_answer(e, j->prompt->row.path);
	if (j->row.state == before)
		return;
	publish_error_file(e, j);
	if (j->row.state == STATE_COMPLETED)
		publish_retire(e, j->prompt, j);
}

/* --- reading jobs back --- */

/* Under way, or waits, though it was sent, for a person or the configuration. */
static bool goes_on_as_sent(const struct job *j)
{
	bool may_bring = false;

	for (size_t i = 0; i < j->tasks_count; i++)
		may_bring |= j->tasks[i]->row.state != STATE_UNKNOWN &&
		             state_may_bring(j->tasks[i]->row.state, j->tasks[i]->row.resume);
	return may_bring || !state_is_final(j->row.state);
}

/* A task that one wire sent cannot be asked for over another. */
static bool speaks_as_before(const struct job *j, struct error *err)
{
	const struct request *r = &j->request;

	if (!goes_on_as_sent(j) || !r->wire || strcmp(r->wire, r->provider->wire) == 0)
		return true;
	cleanup_free char *hint = xasprintf("set `wire = %s` in its section until this is done, or cancel it", r->wire);
	error_set(err, EINVAL, hint, "provider \"%s\" spoke the %s wire when this was written, and the configuration "
	          "says %s now", r->provider->name, r->wire, r->provider->wire);
	return false;
}

void job_fill_request(struct engine *e, struct job *j)
{
	cleanup_error struct error err = ERROR_INIT;

	if (!j->row.request)
		return;
	j->has_request = request_read(e->set.models, j->row.request, strlen(j->row.request),
	                              &j->request, &err) == 0;
	if (j->has_request && !speaks_as_before(j, &err)) {
		request_release(&j->request);
		j->has_request = false;
	}
	if (j->has_request)
		j->ref_urls = xcalloc(j->request.references_count + 1, sizeof(*j->ref_urls));
	if (j->has_request || (!goes_on_as_sent(j) && j->row.state != STATE_STOPPED))
		return;
	log_warning("%s: %s", j->prompt->row.path, err.text);
	job_set_reason(j, err.text, err.hint);
}

struct rows { struct task_row *row; size_t count; };

/* The callee keeps the row's strings. */
static int keep_task_row(void *arg, struct task_row *row)
{
	struct rows *r = arg;

	r->row = xrealloc(r->row, (r->count + 1) * sizeof(*r->row));
	r->row[r->count++] = *row;
	*row = (struct task_row){ 0 };
	return 0;
}

static void rows_release(struct rows *r)
{
	for (size_t i = 0; i < r->count; i++)
		task_row_release(&r->row[i]);
	free(r->row);
}

struct job *job_in_memory(struct engine *e, int64_t id)
{
	struct job *j, *tmp;

	HASH_ITER(hh, e->jobs, j, tmp)
		if (j->row.id == id)
			return j;
	return NULL;
}

/* One that is there by its path, one that is gone by its jobs. */
static struct prompt *prompt_of_row(struct engine *e, const struct prompt_row *row)
{
	struct prompt *p = prompt_in_memory(e, row->path);

	if (p && p->row.id == row->id)
		return p;
	for (struct job *j = row->gone_ms ? e->jobs : NULL; j; j = j->hh.next)
		if (j->prompt->row.id == row->id)
			return j->prompt;
	return NULL;
}

/* Makes the job of that row live in memory; takes the row's strings. */
static struct job *job_adopt(struct engine *e, struct job_row *row)
{
	struct prompt_row prow = { 0 };
	struct rows tasks = { 0 };

	if (e->journal->prompt_load(e->journal, row->prompt, &prow) <= 0)
		return NULL;
	struct prompt *p = prompt_of_row(e, &prow);
	if (p) {
		prompt_row_release(&prow);
	} else {
		p = xcalloc(1, sizeof(*p));
		p->row = prow;
		if (!p->row.gone_ms)
			prompt_hash(e, p);
	}
	e->journal->tasks_of(e->journal, row->id, keep_task_row, &tasks);
	struct job *j = job_new(e, p, tasks.count);
	j->row = *row;
	*row = (struct job_row){ 0 };
	for (size_t i = 0; i < tasks.count; i++) {
		j->tasks[i]->row = tasks.row[i];
		tasks.row[i] = (struct task_row){ 0 };
	}
	rows_release(&tasks);
	if (p->row.job == j->row.id)
		p->newest = j;
	job_fill_request(e, j);
	return j;
}

struct job *job_activate(struct engine *e, int64_t id)
{
	struct job *j = job_in_memory(e, id);
	cleanup_job_row struct job_row row = { 0 };

	if (j || e->journal->job_load(e->journal, id, &row) <= 0)
		return j;
	return job_adopt(e, &row);
}

static int restore_one(void *arg, struct job_row *row)
{
	struct engine *e = arg;
	struct job *j = job_adopt(e, row);

	if (!j)
		return 0;
	if (j->prompt->row.gone_ms && !j->row.orphan)
		prompt_grace_over(e, j->prompt);
	reuse_restored(e, j);
	for (size_t i = 0; i < j->tasks_count; i++) {
		struct task *t = j->tasks[i];
		if (journal_holds(e, t))
			continue;
		if (t->row.state == STATE_UPLOADING)      /* they begin anew */
			t->row.state = STATE_QUEUED;
		task_go_on(e, t);
	}
	return 0;
}

/* A complete picture; or a download, a reply or what the model wrote, which begin with the task's number. */
static bool is_file_of(const struct task *t, const char *name)
{
	cleanup_free char *number = xasprintf("%lld", (long long)t->row.id);
	size_t len = strlen(number);

	return (t->row.file && strcmp(t->row.file, name) == 0) ||
	       (strncmp(name, number, len) == 0 && (name[len] == '-' || name[len] == '.'));
}

static bool is_of_job(struct engine *e, const char *name)
{
	for (struct job *j = e->jobs; j; j = j->hh.next)
		for (size_t i = 0; i < j->tasks_count; i++)
			if (is_file_of(j->tasks[i], name))
				return true;
	return false;
}

/* Of a task that was paid for and is held. */
static bool is_of_held(struct engine *e, const char *name)
{
	cleanup_task_row struct task_row row = { 0 };

	return e->journal->task_load(e->journal, strtoll(name, NULL, 10), &row) > 0 && row.state == STATE_HELD &&
	       state_is_paid(row.resume);
}

bool job_wants_file(void *arg, const char *name)
{
	/* Perhaps of this start: a restored job may have ended.  An older one is replaced in its turn. */
	return str_starts_with(name, "error-") || is_of_job(arg, name) || is_of_held(arg, name);
}

int jobs_restore(struct engine *e)
{
	int result = e->journal->jobs_active(e->journal, restore_one, e);

	/* Only when it is known what is wanted. */
	if (result >= 0 && !e->journal->damage(e->journal) && !journal_keeps_incoming(e))
		store_incoming_sweep(e->set.store, job_wants_file, e);
	moves_restore(e);
	tidy_restore(e);
	return result;
}

/* --- commits --- */

/* The job if it is held although it was sent: nobody can release it once it is not the newest of a
 * present prompt. */
static struct job *held_but_sent(struct engine *e, int64_t id)
{
	struct job *j = id ? job_activate(e, id) : NULL;

	for (size_t i = 0; j && i < j->tasks_count; i++)
		if (j->tasks[i]->row.state == STATE_HELD && state_is_paid(j->tasks[i]->row.resume))
			return j;
	if (j)
		job_free(e, j);               /* if it was only loaded to be looked at */
	return NULL;
}

/* The job if it waits for a person or for the configuration: once it is replaced, nobody can name it. */
static struct job *waiting_for_somebody(struct engine *e, int64_t id)
{
	struct job *j = id ? job_activate(e, id) : NULL;

	if (j && !j->tasks_count && j->row.state == STATE_STOPPED)
		return j;
	for (size_t i = 0; j && i < j->tasks_count; i++)
		if (j->tasks[i]->row.state == STATE_HELD || j->tasks[i]->row.state == STATE_STOPPED)
			return j;
	if (j)
		job_free(e, j);               /* if it was only loaded to be looked at */
	return NULL;
}

static void give_up(struct engine *e, struct job *j, const char *reason, const char *hint)
{
	for (size_t i = 0; i < j->tasks_count; i++)
		task_give_up(e, j->tasks[i], reason, hint);
	/* Without a key it never came to tasks. */
	if (!j->tasks_count && j->row.state == STATE_STOPPED) {
		j->row.state = STATE_CANCELED;
		j->row.finished_ms = clock_wall_ms();
		job_set_reason(j, reason, hint);
		job_dirty(e, j);
	}
}

/* A revision that was never sent gives way to the newer one. */
static void supersede(struct engine *e, struct prompt *p, const struct job *newer)
{
	for (struct job *j = p->all; j; j = j->next_of_prompt)
		if (j != newer)
			give_up(e, j, NEWER_TEXT, NULL);
	/* A failed one that is not in memory stays as it is: it is no longer the newest. */
}

/* Whether a prompt has its name in out/: a picture there, or a request under way.  One that was refused
 * has not, or two prompts of one name would keep each other from it. */
static bool has_claim(struct engine *e, const struct prompt_row *row, const struct job *newest)
{
	cleanup_job_row struct job_row loaded = { 0 };

	if (row->shown)
		return true;
	if (newest)
		return newest->row.request;
	return row->job && e->journal->job_load(e->journal, row->job, &loaded) > 0 && loaded.request;
}

struct claim { struct engine *e; const char *path; char *holder; };

static int claim_seen(void *arg, struct prompt_row *row)
{
	struct claim *c = arg;

	if (strcmp(row->path, c->path) == 0 || prompt_in_memory(c->e, row->path) ||
	    !has_claim(c->e, row, NULL))
		return 0;
	c->holder = xstrdup(row->path);
	return 1;
}

static unsigned pictures_of(struct engine *e, const char *path)
{
	struct prompt *p = prompt_get(e, path);
	cleanup_job_row struct job_row row = { 0 };
	unsigned n = 0;

	if (!p)
		return 0;
	if (p->newest)
		n = p->newest->row.n;
	else if (p->row.job && e->journal->job_load(e->journal, p->row.job, &row) > 0)
		n = row.n;
	prompt_put(e, p);
	return n;
}

/* Who has that stem, other than `path`: from memory (not written yet), then the journal. */
static char *stem_holder(struct engine *e, const char *stem, const char *path)
{
	struct claim c = { .e = e, .path = path };
	struct prompt *p;

	HASH_FIND(stem_hh, e->stems, stem, strlen(stem), p);
	for (; p; p = next_of_stem(p))
		if (!p->row.gone_ms && strcmp(p->row.path, path) != 0 &&
		    has_claim(e, &p->row, p->newest))
			return xstrdup(p->row.path);
	e->journal->prompts_by_stem(e->journal, stem, claim_seen, &c);
	return c.holder;
}

bool stem_is_taken(struct engine *e, const struct prompt *p)
{
	cleanup_free char *holder = stem_holder(e, p->row.stem, p->row.path);

	return holder;
}

/* `n: 4` of cat makes cat-1 to cat-4: the other prompt whose pictures would have the same names. */
static char *name_conflict(struct engine *e, const char *path, const char *stem, unsigned n)
{
	char *holder = stem_holder(e, stem, path);
	const char *dash = strrchr(stem, '-');

	if (holder)
		return holder;
	if (dash && dash[1] >= '1' && dash[1] <= '9' && strlen(dash) <= 3) {
		cleanup_free char *base = xstrndup(stem, (size_t)(dash - stem));
		holder = stem_holder(e, base, path);
		if (holder && pictures_of(e, holder) > 1 &&
		    pictures_of(e, holder) >= (unsigned)atoi(dash + 1))
			return holder;
		free(holder);
	}
	for (unsigned i = 1; n > 1 && i <= n; i++) {
		cleanup_free char *numbered = xasprintf("%s-%u", stem, i);
		if ((holder = stem_holder(e, numbered, path)))
			return holder;
	}
	return NULL;
}

static void refuse_conflict(struct engine *e, struct engine_commit *c, struct prompt *p)
{
	if (c->refused.text || c->draft)
		return;
	cleanup_free char *holder = name_conflict(e, c->path, p->row.stem, request_pictures(&c->request));
	if (!holder)
		return;
	error_set(&c->refused, EEXIST, "rename one of the two",
	          "its picture would have the same name as that of %s", holder);
	/* Another digest than without this: saved again when the name is free, it goes. */
	c->digest[0] ^= 1;
}

static void take_stamps(struct prompt *p, const struct engine_commit *c)
{
	p->row.dev = c->dev;
	p->row.ino = c->ino;
	p->row.size = c->size;
	p->row.mtime_ns = c->mtime_ns;
	p->row.ctime_ns = c->ctime_ns;
}

static void take_request(struct job *j, struct engine_commit *c)
{
	cleanup_buf struct buf text = BUF_INIT;

	j->request = c->request;
	c->request = (struct request){ 0 };
	if (c->fresh)
		j->request.reuse = false;
	j->has_request = true;
	j->ref_urls = xcalloc(j->request.references_count + 1, sizeof(*j->ref_urls));
	request_write(&j->request, &text);
	j->row.request = buf_steal(&text);
	j->row.provider = xstrdup(j->request.provider->name);
	j->row.model = xstrdup(j->request.model->name);
	j->row.note = xstrdup(j->request.note);
	j->row.n = request_pictures(&j->request);
}

static void begin_job(struct engine *e, struct prompt *p, struct engine_commit *c)
{
	const char *reason, *hint;
	bool refused = c->refused.text;
	size_t tasks = refused || c->draft ? 0 : request_tasks(&c->request);

	waiting_for_somebody(e, p->row.job);   /* is in memory then; it is given up, or goes on, below */
	struct job *j = job_new(e, p, tasks);
	j->row.revision = ++p->row.revision;
	j->row.created_ms = clock_wall_ms();
	j->row.unasked = c->hold;
	j->row.uid = c->uid;
	j->row.gid = c->gid;
	j->row.ino = c->ino;
	memcpy(j->row.digest, c->digest, sizeof(j->row.digest));
	p->newest = j;
	p->row.job = 0;
	prompt_dirty(e, p);
	supersede(e, p, j);
	if (c->draft || refused) {
		j->row.state = c->draft ? STATE_DRAFT :
		               c->refused.code == ENOKEY ? STATE_STOPPED : STATE_FAILED;
		job_set_reason(j, c->refused.text, c->refused.hint);
		j->row.finished_ms = state_is_over(j->row.state) ? j->row.created_ms : 0;
		job_dirty(e, j);
		job_changed(e, j, true);
		if (!c->hold)        /* nobody asked for it yet */
			publish_error_file(e, j);
		return;
	}
	take_request(j, c);
	j->row.state = STATE_QUEUED;
	journal_hold_reason(e, &reason, &hint);
	for (size_t i = 0; i < tasks; i++) {
		struct task *t = j->tasks[i];
		task_dirty(e, t);
		if (c->hold)
			task_event(e, t, EVENT_HOLD, reason, hint);
		else
			task_resume(e, t);
	}
	job_settle(e, j);
}

static void prompt_left(struct engine *e, const char *path)
{
	struct prompt *p = prompt_get(e, path);

	if (!p)
		return;
	p->row.gone_ms = clock_wall_ms();
	p->grace = true;
	p->grace_ends = clock_mono_ms() + GRACE_MS;
	prompt_dirty(e, p);
	timers_set(&e->prompt_timers, &p->timer, clock_mono_ms() + READERS_MS);
}

/* At once: the commit of the file that took its place may be the next one. */
static void commit_gone(struct engine *e, struct engine_commit *c)
{
	struct prompt *p = prompt_get(e, c->path);
	bool is_it = p && p->row.dev == c->dev && p->row.ino == c->ino;

	if (p)
		prompt_put(e, p);
	/* Another file may stand under that name by now. */
	if (is_it)
		prompt_left(e, c->path);
}

/* It was taken away with the prompt. */
static void error_file_again(struct engine *e, struct prompt *p)
{
	struct job *j = p->row.job ? job_activate(e, p->row.job) : NULL;

	if (!j)
		return;
	if (publish_says_why(j->row.state))
		publish_error_file(e, j);
	job_free(e, j);
}

struct names { struct engine *e; const char *but; };

static int edited_too(void *arg, struct prompt_row *row)
{
	const struct names *n = arg;

	if (strcmp(row->path, n->but) != 0)
		n->e->set.calls->edited(n->e->set.ctx, row->path);
	return 0;
}

/* A file with several names was edited under one of them. */
static void commit_other_names(struct engine *e, const struct engine_commit *c)
{
	struct names n = { e, c->path };

	engine_flush(e);
	e->journal->prompts_by_file(e->journal, c->dev, c->ino, edited_too, &n);
}

/* Whether its newest revision was found rather than asked for. */
static bool is_unasked(struct engine *e, const struct prompt *p)
{
	cleanup_job_row struct job_row row = { 0 };

	if (p->newest)
		return p->newest->row.unasked;
	return p->row.job && e->journal->job_load(e->journal, p->row.job, &row) > 0 && row.unasked;
}

/* The same text was saved: then somebody has asked for it. */
static void asked_for(struct engine *e, struct prompt *p)
{
	struct job *j = is_unasked(e, p) ? job_activate(e, p->newest ? p->newest->row.id : p->row.job) : NULL;

	if (!j)
		return;
	j->row.unasked = false;
	job_dirty(e, j);
}

static void take_commit(struct engine *e, void *arg)
{
	struct engine_commit *c = arg;
	struct prompt *p;

	if (c->gone) {
		commit_gone(e, c);
	} else {
		bool is_back = !(p = prompt_get(e, c->path)) && (p = prompt_revive(e, c));
		if (!p)
			p = prompt_new(e, c->path);
		p->row.gone_ms = 0;
		p->grace = false;
		timers_unset(&e->prompt_timers, &p->timer);
		take_stamps(p, c);
		refuse_conflict(e, c, p);
		prompt_dirty(e, p);
		bool is_new = p->row.revision == 0;
		if (is_new) {
			c->hold |= journal_holds_unknown(e, c->ctime_ns);
			if (c->hold && e->rebuilt)
				adopt_pictures(e, p, c->refused.text || c->draft ? 1 : request_pictures(&c->request));
		} else if (c->asked) {
			asked_for(e, p);
		} else if (!c->fresh) {
			c->hold |= is_unasked(e, p);      /* that there is a key now is nobody's word */
		}
		if (c->again || is_new ||
		    memcmp(p->row.digest, c->digest, sizeof(c->digest)) != 0) {
			memcpy(p->row.digest, c->digest, sizeof(c->digest));
			begin_job(e, p, c);
			if (c->linked && !is_new)
				commit_other_names(e, c);
		} else if (is_back) {
			error_file_again(e, p);
		}
	}
	e->set.calls->committed(e->set.ctx, c->dev, c->ino);
	waiters_answer(e, c->path);
	engine_commit_release(c);
}

void engine_commit(struct engine *e, struct engine_commit *c)
{
	engine_post(e, take_commit, c);
}

/* --- deletion and renaming --- */

void prompt_timer(struct engine *e, struct prompt *p)
{
	cleanup_free char *path = xstrdup(p->row.path);

	if (clock_mono_ms() >= p->grace_ends)
		prompt_grace_over(e, p);
	else
		timers_set(&e->prompt_timers, &p->timer, p->grace_ends);
	waiters_answer(e, path);
}

static int left_with_folder(void *arg, struct prompt_row *row)
{
	prompt_left(arg, row->path);
	return 0;
}

static void take_removed(struct engine *e, void *arg)
{
	cleanup_free char *path = arg;

	prompt_left(e, path);
	engine_flush(e);
	e->journal->prompts_under(e->journal, path, left_with_folder, e);
}

void engine_removed(struct engine *e, const char *path)
{
	engine_post(e, take_removed, xstrdup(path));
}

/* Nobody wrote it anew: what was not sent is cancelled, what was is an orphan, and the path is free. */
void prompt_grace_over(struct engine *e, struct prompt *p)
{
	p->grace = true;              /* so that it stays while its jobs are looked at */
	timers_unset(&e->prompt_timers, &p->timer);
	if (!stem_is_taken(e, p))
		publish_no_error_file(e, p);
	held_but_sent(e, p->row.job);
	for (struct job *j = p->all; j; j = j->next_of_prompt) {
		j->row.orphan = true;
		job_dirty(e, j);
		give_up(e, j, PROMPT_DELETED, IF_IT_COMES_BACK);
	}
	p->grace = false;
	if (p->jobs)
		prompt_unhash(e, p);
	else
		prompt_put(e, p);
}
