/*
 * What the journal's own troubles mean for the work: it is looked at after an unclean end before
 * anything is done; it is replaced when it is damaged; the disk may be full; another machine may have
 * written it; and what was under way may be what makes us crash.
 */
#include "engine_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long a disk that refuses is left alone before the journal is written again. */
#define RETRY_MS 1000
/* More unclean ends than this are not remembered: the option allows no more. */
enum { ENDS_MAX = 100 };

static const char fact_host[] = "host", fact_ends[] = "unclean_ends", fact_active[] = "active",
                  fact_rebuilt[] = "rebuilt", fact_scanned[] = "scanned", fact_held_back[] = "held_back";

/* --- facts, written with the next turn's transaction --- */

struct fact { char *name, *value; struct fact *next; };

void engine_fact(struct engine *e, const char *name, const char *value)
{
	struct fact *f = xmalloc(sizeof(*f));

	*f = (struct fact){ xstrdup(name), xstrdup(value), NULL };
	*e->facts_end = f;
	e->facts_end = &f->next;
}

int facts_save(struct engine *e)
{
	char number[32];
	struct job *active;
	int result = 0;

	for (struct fact *f = e->facts; f && result == 0; f = f->next)
		result = e->journal->fact_set(e->journal, f->name, f->value);
	HASH_FIND(hh, e->jobs, &e->active, sizeof(e->active), active);
	if (result < 0 || !active || !active->row.id || active->row.id == e->active_written)
		return result;
	snprintf(number, sizeof(number), "%lld", (long long)active->row.id);
	return e->journal->fact_set(e->journal, fact_active, number);
}

static void facts_forget(struct engine *e)
{
	for (struct fact *f = e->facts, *next; f; f = next) {
		next = f->next;
		free(f->name);
		free(f->value);
		free(f);
	}
	e->facts = NULL;
	e->facts_end = &e->facts;
}

void facts_saved(struct engine *e)
{
	struct job *active;

	facts_forget(e);
	HASH_FIND(hh, e->jobs, &e->active, sizeof(e->active), active);
	if (active)
		e->active_written = active->row.id;
}

bool facts_have(const struct engine *e, const char *name)
{
	for (const struct fact *f = e->facts; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return true;
	return false;
}

static char *fact(struct engine *e, const char *name)
{
	char *value = NULL;

	return e->journal->fact_get(e->journal, name, &value) > 0 ? value : NULL;
}

/* --- records of what has happened to files --- */

void record_add(struct engine *e, const struct record *r)
{
	struct record *copy = xmalloc(sizeof(*copy));

	*copy = *r;
	copy->a = xstrdup(r->a);
	copy->b = xstrdup(r->b);
	copy->next = NULL;
	*e->records_end = copy;
	e->records_end = &copy->next;
}

static void records_forget(struct engine *e)
{
	for (struct record *r = e->records, *next; r; r = next) {
		next = r->next;
		free(r->a);
		free(r->b);
		free(r);
	}
	e->records = NULL;
	e->records_end = &e->records;
}

bool records_write(struct engine *e)
{
	struct journal *db = e->journal;

	if (!e->records)
		return true;
	if (clock_mono_ms() < e->journal_retry)
		return false;
	int result = db->begin(db);
	for (const struct record *r = e->records; r && result == 0; r = r->next) {
		result = r->write(db, r);
		/* Its row is gone, or another one's: to try again would be of no use. */
		if (result == -ENOENT || result == -EEXIST || result == -EINVAL)
			result = 0;
	}
	kill_points_before_records(e);
	if (result == 0)
		result = db->commit(db);
	kill_points_after_records(e);
	if (result < 0) {
		db->rollback(db);
		journal_refuses(e, result);
		return false;
	}
	records_forget(e);
	return true;
}

/* --- why nothing goes on --- */

/* NULL: it goes on. */
static void say_waits(struct engine *e, const char *why)
{
	char *said = xstrdup(why);
	struct job *j, *tmp;

	free(e->waits);
	e->waits = said;
	HASH_ITER(hh, e->jobs, j, tmp)
		if (!state_is_final(j->row.state))
			job_changed(e, j, true);
}

void journal_refuses(struct engine *e, int result)
{
	/* What is damaged is replaced before the next turn. */
	if (e->journal->damage(e->journal))
		return;
	if (!e->journal_retry) {
		cleanup_free char *why = xasprintf("the journal cannot be written (%s): nothing new is sent, and what is "
		                                   "under way waits at the provider; it goes on by itself when it can",
		                                   strerror(-result));

		log_warning("the journal could not be written (%s): nothing new is sent until it can", strerror(-result));
		say_waits(e, why);
	}
	e->journal_retry = clock_mono_ms() + RETRY_MS;
}

void journal_takes(struct engine *e)
{
	if (!e->journal_retry)
		return;
	e->journal_retry = 0;
	log_info("the journal is written again: what waited goes on");
	say_waits(e, NULL);
}

/* --- holding --- */

static void hold_because(struct engine *e, char *reason, const char *hint)
{
	free(e->hold_reason);
	e->hold_reason = reason;
	e->hold_hint = hint;
}

/* Nothing of it is on the wire or at the provider. */
static bool is_unsent(const struct task *t)
{
	enum job_state s = t->row.state;

	if (s == STATE_DEFERRED || s == STATE_STOPPED)
		s = t->row.resume;
	return s == STATE_QUEUED || s == STATE_UPLOADING;
}

/* A picture that is here and was looked at only waits for its name. */
static bool is_harmless(const struct task *t)
{
	return t->row.state == STATE_DOWNLOADING && t->row.file;
}

/* Of a deleted prompt, or an earlier text: a person's word is for the newest one of a prompt that is there. */
static bool is_out_of_reach(const struct job *j)
{
	return j->row.orphan || j->prompt->newest != j;
}

static void hold_back(struct engine *e, const struct job *j)
{
	char *before = e->held_back;

	e->held_back = xasprintf("%s%lld ", before ? before : "", (long long)j->row.id);
	free(before);
	engine_fact(e, fact_held_back, e->held_back);
}

static void release_paid(struct engine *e, struct job *j)
{
	for (size_t i = 0; i < j->tasks_count && is_out_of_reach(j); i++)
		if (j->tasks[i]->row.state == STATE_HELD && state_may_bring(STATE_HELD, j->tasks[i]->row.resume))
			task_event(e, j->tasks[i], EVENT_RELEASE, NULL, NULL);
}

static void release_held_back(struct engine *e)
{
	cleanup_free char *ids = steal_pointer(&e->held_back);
	char *next;

	if (!ids)
		return;
	engine_fact(e, fact_held_back, NULL);
	for (const char *at = ids; *at; at = *next ? next + 1 : next) {
		struct job *j = job_activate(e, strtoll(at, &next, 10));
		if (next == at)
			break;
		if (!j)
			continue;
		release_paid(e, j);
		job_free(e, j);
	}
}

bool journal_holds(struct engine *e, struct task *t)
{
	if (e->looping ? is_harmless(t) : !(e->holds_unsent && is_unsent(t)))
		return false;
	if (!task_event(e, t, EVENT_HOLD, e->hold_reason, e->hold_hint))
		return false;
	if (state_may_bring(t->row.state, t->row.resume) && is_out_of_reach(t->job))
		hold_back(e, t->job);
	return true;
}

bool journal_holds_queue(const struct engine *e) { return e->looping; }

void journal_hold_reason(const struct engine *e, const char **reason, const char **hint)
{
	*reason = e->found_reason ? e->found_reason : "it was in the directory before it was first mounted";
	*hint = e->found_hint ? e->found_hint : "easelfs release, and it is sent";
}

bool engine_holds_found(struct engine *e) { return e->foreign; }

bool journal_holds_unknown(const struct engine *e, int64_t ctime_ns)
{
	return e->rebuilt && (e->unscanned || ctime_ns <= e->scanned_ns);
}

/* --- another machine --- */

/* `ID NAME`: the name is for people only. */
static bool is_ours(const struct engine *e, const char *host)
{
	size_t len = strcspn(host, " ");

	return strncmp(host, e->set.host, len) == 0 && strcspn(e->set.host, " ") == len;
}

static void look_at_host(struct engine *e)
{
	cleanup_free char *host = fact(e, fact_host);

	if (e->set.host && e->set.opened.created)
		engine_fact(e, fact_host, e->set.host);
	/* One that says nothing came with the folder from somebody who does not want it to be known. */
	e->foreign = e->set.host && !e->set.opened.created && (!host || !is_ours(e, host));
	if (!e->foreign)
		return;
	const char *name = host ? strchr(host, ' ') : NULL;
	hold_because(e, xasprintf("the journal was last written on another machine (%s), as in a synchronised folder, "
	                          "and this one may not know all of it", name ? name + 1 : host ? host : "unknown"),
	             "if no easelfs serves it there any more: easelfs release, and it is sent");
	log_warning("%s: what was not sent yet is held until \"easelfs release\"", e->hold_reason);
	e->holds_unsent = true;
	free(e->found_reason);
	e->found_reason = xstrdup(e->hold_reason);
	e->found_hint = e->hold_hint;
}

/* --- crash loops --- */

/* The unclean ends that count: this one, and earlier ones that are not too long ago.  Returns how many,
 * and their times as text. */
static unsigned count_ends(struct engine *e, struct buf *times)
{
	cleanup_free char *before = fact(e, fact_ends);
	int64_t now = clock_wall_ms();
	unsigned count = 1;

	for (const char *at = before; at && *at && count < ENDS_MAX; at += strspn(at, " ")) {
		char *end;
		int64_t when = strtoll(at, &end, 10);

		if (end == at)
			break;
		at = end;
		/* A time in the future was taken by another clock. */
		if (when > now || now - when > e->set.crash_ms)
			continue;
		buf_fmt(times, "%lld ", (long long)when);
		count++;
	}
	buf_fmt(times, "%lld", (long long)now);
	return count;
}

/* Whose state changed last before the end, as `a/cat.txt (downloading)`; NULL if nobody knows. */
static char *active_job(struct engine *e)
{
	cleanup_free char *number = fact(e, fact_active);
	cleanup_job_row struct job_row job = { 0 };
	cleanup_prompt_row struct prompt_row prompt = { 0 };

	if (!number || e->journal->job_load(e->journal, strtoll(number, NULL, 10), &job) <= 0 ||
	    e->journal->prompt_load(e->journal, job.prompt, &prompt) <= 0)
		return NULL;
	return xasprintf("%s (%s)", prompt.path, state_name(job.state));
}

static void begin_loop(struct engine *e, unsigned count)
{
	cleanup_free char *active = active_job(e);

	hold_because(e, xasprintf("easelfs ended badly %u times within %lld minutes; the last to change was %s", count,
	                          (long long)((e->set.crash_ms + 59999) / 60000), active ? active : "not recorded"),
	             "see its log; easelfs release, and it goes on where it was");
	log_error("%s: everything under way is held until \"easelfs release\"", e->hold_reason);
	e->looping = true;
}

static void end_loop(struct engine *e, const char *why)
{
	if (e->looping)
		log_info("%s: what is written from now on is sent again", why);
	e->looping = false;
	e->loop_until = 0;
	engine_fact(e, fact_ends, NULL);
	release_held_back(e);
}

static void look_at_ends(struct engine *e)
{
	cleanup_free char *before = fact(e, fact_ends);
	cleanup_buf struct buf times = BUF_INIT;

	if (!e->set.crash_count || !e->set.opened.unclean) {
		if (before)
			engine_fact(e, fact_ends, NULL);
		return;
	}
	unsigned count = count_ends(e, &times);
	engine_fact(e, fact_ends, times.data);
	/* Quiet so long, and they do not count any more. */
	e->loop_until = clock_mono_ms() + e->set.crash_ms;
	if (count >= e->set.crash_count)
		begin_loop(e, count);
}

void journal_released(struct engine *e)
{
	if (e->looping)
		end_loop(e, "released");
}

int64_t journal_timer(struct engine *e, int64_t now)
{
	if (e->loop_until && now >= e->loop_until)
		end_loop(e, "nothing has happened for a while");
	return e->loop_until ? e->loop_until : INT64_MAX;
}

/* --- from the start to the first request --- */

/* Pictures that were paid for may be among them. */
static void keep_incoming(struct engine *e, const char *kept)
{
	const char *tail = strstr(kept, ".damaged");
	cleanup_free char *folder = xasprintf("incoming%s", tail ? tail : ".damaged");
	int moved = store_incoming_keep(e->set.store, folder, job_wants_file, e);

	if (moved > 0)
		log_warning("%d unfinished downloads of the damaged journal are kept in .easelfs/%s", moved, folder);
	else if (moved < 0)
		log_warning("unfinished downloads cannot be kept in .easelfs/%s: %s", folder, strerror(-moved));
}

/* Killed when a damaged journal was set aside, and the new one did not say so yet. */
bool journal_keeps_incoming(struct engine *e)
{
	if (e->unscanned)
		keep_incoming(e, "journal.db.damaged");
	return e->unscanned;
}

/* When the tree was compared with this journal for the first time. */
static void look_at_scanned(struct engine *e)
{
	cleanup_free char *when = fact(e, fact_scanned);

	e->unscanned = !when;
	e->scanned_ns = when ? strtoll(when, NULL, 10) : 0;
}

static void look_at_rebuilt(struct engine *e)
{
	cleanup_free char *kept = e->set.rebuilt ? xstrdup(e->set.rebuilt) : fact(e, fact_rebuilt);

	if (e->set.rebuilt) {
		engine_fact(e, fact_rebuilt, e->set.rebuilt);
		keep_incoming(e, e->set.rebuilt);
	}
	e->rebuilt = kept;
	if (!kept)
		return;
	free(e->found_reason);
	e->found_reason = xasprintf("the journal was damaged and a new one begun (.easelfs/%s is the old one), so it is not "
	                            "known whether this was made before", kept);
	e->found_hint = "easelfs release, and it is sent; a picture that stands in out/ moves to history/";
}

/* The journal is to be believed: what it says is gone on with. */
static int trust(struct engine *e)
{
	look_at_scanned(e);
	look_at_rebuilt(e);
	look_at_host(e);
	look_at_ends(e);
	e->held_back = fact(e, fact_held_back);
	/* What makes us crash may do so at once. */
	if (e->facts)
		engine_flush(e);
	int result = e->journal->damage(e->journal);
	if (!result)
		result = jobs_restore(e);
	if (!e->looping && !e->journal->damage(e->journal))
		release_held_back(e);
	return result;
}

/* Files get this clock's time. */
static int64_t coarse_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What was renamed before a rebuilt journal knew it looks new, and may have been made before. */
static void note_scanned(struct engine *e, int64_t mounted_ns)
{
	e->unscanned = false;
	e->scanned_ns = e->rebuilt ? coarse_now_ns() : mounted_ns;
	cleanup_free char *when = xasprintf("%lld", (long long)e->scanned_ns);
	engine_fact(e, fact_scanned, when);
}

void engine_scanned(struct engine *e, int64_t mounted_ns)
{
	cleanup_free char *host = fact(e, fact_host);

	if (e->unscanned)
		note_scanned(e, mounted_ns);
	if (e->set.host && (!host || strcmp(host, e->set.host) != 0))
		engine_fact(e, fact_host, e->set.host);
	e->foreign = false;
	if (!e->looping)
		e->holds_unsent = false;
	waiters_answer_all(e);
}

/* --- damage --- */

/* What is in memory is known, and goes along under its ids, which name its files in incoming/. */
static void carry_prompt(struct engine *e, struct prompt *p)
{
	struct job *j, *tmp;
	bool shown = false;

	HASH_ITER(hh, e->jobs, j, tmp)
		shown |= j->prompt == p && j->row.id && j->row.id == p->row.shown;
	if (!shown)
		p->row.shown = 0;
	if (!p->newest) {
		/* Of its newest revision nothing is known any more: the scan takes it for unknown. */
		p->row.job = 0;
		p->row.ino = 0;
		memset(p->row.digest, 0, sizeof(p->row.digest));
	}
	prompt_dirty(e, p);
}

static int64_t greatest_id(struct engine *e)
{
	struct job *j, *jtmp;
	struct prompt *p, *ptmp;
	int64_t id = 0;

	HASH_ITER(hh, e->prompts, p, ptmp)
		id = p->row.id > id ? p->row.id : id;
	HASH_ITER(hh, e->jobs, j, jtmp) {
		id = j->row.id > id ? j->row.id : id;
		id = j->prompt->row.id > id ? j->prompt->row.id : id;
		for (size_t i = 0; i < j->tasks_count; i++)
			id = j->tasks[i]->row.id > id ? j->tasks[i]->row.id : id;
	}
	return id;
}

static void carry_over(struct engine *e)
{
	struct job *j, *jtmp;
	struct prompt *p, *ptmp;

	e->journal->keep_ids(e->journal, greatest_id(e) + 1);
	HASH_ITER(hh, e->prompts, p, ptmp)
		carry_prompt(e, p);
	HASH_ITER(hh, e->jobs, j, jtmp) {
		if (!j->prompt->hashed)
			carry_prompt(e, j->prompt);
		j->row.same_as = 0;
		job_dirty(e, j);
		for (size_t i = 0; i < j->tasks_count; i++) {
			task_dirty(e, j->tasks[i]);
			journal_holds(e, j->tasks[i]);
		}
	}
}

static int replace(struct engine *e)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_free char *kept = NULL;
	struct journal *fresh;
	int spent = e->spent_pictures;
	double usd = e->spent_usd;

	int result = e->set.calls->journal_anew(e->set.ctx, e->journal, &fresh, &kept, &err);
	if (result < 0) {
		if (!e->journal_retry) {
			log_error("%s", err.text);
			say_waits(e, err.text);
		}
		e->journal_retry = clock_mono_ms() + RETRY_MS;
		return result;
	}
	e->journal = fresh;
	e->journal_retry = 0;
	e->checking = false;
	e->set.opened = (struct journal_opened){ .created = true };
	free(e->rebuilt_name);
	e->set.rebuilt = e->rebuilt_name = steal_pointer(&kept);
	e->pending_pictures = e->spent_carried = spent;
	e->pending_usd = usd;
	/* What was to be written of the old one, such as that its scan was over, does not hold for this one. */
	facts_forget(e);
	records_forget(e);
	free(steal_pointer(&e->held_back));
	e->active_written = 0;
	e->untidy_recorded = false;
	look_at_scanned(e);
	look_at_rebuilt(e);
	hold_because(e, xstrdup(e->found_reason), e->found_hint);
	e->holds_unsent = true;
	e->looping = false;
	carry_over(e);
	say_waits(e, NULL);
	return 0;
}

static int check_step(struct engine *e)
{
	int result = e->stopping ? 0 : e->journal->check(e->journal);

	if (result == 1)
		return 1;
	e->checking = false;
	if (e->stopping)
		return 0;                     /* the next start looks again */
	say_waits(e, NULL);
	if (result == 0) {
		log_info("the journal is in order: what was under way goes on");
		result = trust(e);
	}
	if (result < 0 && !e->journal->damage(e->journal))
		log_error("the journal cannot be read (%s): what was under way waits for the next start",
		          strerror(-result));
	return result;
}

int journal_start(struct engine *e)
{
	e->set.host = e->host = xstrdup(e->set.host);
	e->checking = e->set.opened.suspect;
	if (e->checking) {
		log_info("the last end was no clean one: the journal is looked at before anything is sent");
		say_waits(e, "the journal is looked at, as easelfs did not end well; what is under way goes on after that");
		return 0;
	}
	int result = trust(e);
	if (!e->journal->damage(e->journal))
		return result;
	/* The scan of this start comes yet. */
	result = replace(e);
	return result ? result : trust(e);
}

bool journal_serves(struct engine *e)
{
	if (e->checking && check_step(e) == 1)
		return false;
	if (e->journal->damage(e->journal)) {
		if (e->stopping)      /* at the next start */
			e->journal_retry = clock_mono_ms() + RETRY_MS;
		else if (clock_mono_ms() >= e->journal_retry && replace(e) == 0)
			e->set.calls->scan(e->set.ctx);
		return false;
	}
	if (e->journal_retry)
		engine_flush(e);
	if (!e->journal_retry)
		moves_take_up(e);
	return !e->journal_retry;
}

void journal_free(struct engine *e)
{
	facts_forget(e);
	records_forget(e);
	free(e->waits);
	free(e->hold_reason);
	free(e->held_back);
	free(e->found_reason);
	free(e->rebuilt_name);
	free(e->host);
	moves_free(e);
}
