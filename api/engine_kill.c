/* The turn's one transaction makes many things durable at once: which steps of the kill table (kill.h) it
 * is, by the rows that are in it. */
#include "engine_internal.h"

#ifdef KILL_POINTS

#include "kill.h"

/* A step's second point follows its first in the enum. */
static const struct { bool is_step; enum kill_point before; } steps[STATE_COUNT] = {
	[STATE_HELD] = { true, KILL_BEFORE_HELD },
	[STATE_UPLOADING] = { true, KILL_BEFORE_UPLOADING },
	[STATE_SUBMITTING] = { true, KILL_BEFORE_INTENT },
	[STATE_RUNNING] = { true, KILL_BEFORE_ACCEPTED },
	[STATE_DOWNLOADING] = { true, KILL_BEFORE_URLS },
	[STATE_COMPLETED] = { true, KILL_BEFORE_PUBLISHED },
	[STATE_DEFERRED] = { true, KILL_BEFORE_DEFERRED },
	[STATE_UNKNOWN] = { true, KILL_BEFORE_UNKNOWN },
	[STATE_FAILED] = { true, KILL_BEFORE_FAILED },
};

static const struct { const char *name; enum kill_point before; } facts[] = {
	{ "scanned", KILL_BEFORE_SCANNED },
	{ "rebuilt", KILL_BEFORE_REBUILT },
	{ "unclean_ends", KILL_BEFORE_ENDS },
};

static void pass_task(const struct task *t, unsigned side)
{
	enum job_state s = t->row.state;

	if (!t->dirty)
		return;
	if (s == STATE_QUEUED && t->fresh)
		kill_point_(KILL_BEFORE_NEW + side);
	else if (s == STATE_DOWNLOADING && t->row.file)
		kill_point_(KILL_BEFORE_FILE + side);
	else if (steps[s].is_step)
		kill_point_(steps[s].before + side);
}

static void pass(struct engine *e, unsigned side)
{
	struct prompt *p, *tmp;

	for (struct job *j = e->dirty; j; j = j->next_dirty)
		for (size_t i = 0; i < j->tasks_count; i++)
			pass_task(j->tasks[i], side);
	HASH_ITER(hh, e->prompts, p, tmp)
		if (p->dirty && p->row.gone_ms)
			kill_point_(KILL_BEFORE_GONE + side);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (facts_have(e, facts[i].name))
			kill_point_(facts[i].before + side);
}

static void pass_records(const struct engine *e, unsigned side)
{
	for (const struct record *r = e->records; r; r = r->next)
		kill_point_(r->step + side);
}

void kill_points_before_records(struct engine *e) { pass_records(e, 0); }
void kill_points_after_records(struct engine *e) { pass_records(e, 1); }
void kill_points_before_turn(struct engine *e) { pass(e, 0); }
void kill_points_after_turn(struct engine *e) { pass(e, 1); }

#endif
