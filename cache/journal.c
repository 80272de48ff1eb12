/* What every journal has in common: the names of states, and rows that own their strings. */
#include "journal.h"

#include <string.h>

static const char *const names[STATE_COUNT] = {
	[STATE_DRAFT] = "draft",
	[STATE_HELD] = "held",
	[STATE_QUEUED] = "queued",
	[STATE_UPLOADING] = "uploading",
	[STATE_SUBMITTING] = "submitting",
	[STATE_RUNNING] = "running",
	[STATE_DOWNLOADING] = "downloading",
	[STATE_COMPLETED] = "completed",
	[STATE_DEFERRED] = "deferred",
	[STATE_STOPPED] = "stopped",
	[STATE_UNKNOWN] = "unknown",
	[STATE_FAILED] = "failed",
	[STATE_CANCELED] = "canceled",
	[STATE_EXPIRED] = "expired",
};

const char *state_name(enum job_state s)
{
	if ((unsigned)s >= STATE_COUNT)
		BUG("there is no state %u", (unsigned)s);
	return names[s];
}

/* Release leaves a row of zeros behind: it may be released again, or filled anew. */

void prompt_row_release(struct prompt_row *r)
{
	free(r->path);
	free(r->stem);
	memset(r, 0, sizeof(*r));
}

void job_row_release(struct job_row *r)
{
	free(r->request);
	free(r->provider);
	free(r->model);
	free(r->reason);
	free(r->hint);
	free(r->note);
	memset(r, 0, sizeof(*r));
}

void task_row_release(struct task_row *r)
{
	free(r->own_id);
	free(r->task_id);
	free(r->urls);
	free(r->file);
	free(r->type);
	free(r->out);
	free(r->reason);
	free(r->hint);
	memset(r, 0, sizeof(*r));
}
