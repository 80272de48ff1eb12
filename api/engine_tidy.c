/*
 * What follows a job's end: an older picture that leaves out/, the reason of a failure beside the pictures, or
 * away from there.  The row of the end does not wait for it; so the journal says, with that row, that it is
 * under way, and after a crash every prompt is looked at.
 */
#include "engine_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "kill.h"

/* Of one prompt, more than it may ask for, as providers may send more. */
enum { PICTURES_MAX = 32 };

static const char untidy_fact[] = "untidy";

void tidy_intended(struct engine *e)
{
	e->untidy = true;
}

/* What came back within the turn that gave it out is recorded all the same: how fast it was changes nothing. */
void tidy_settle(struct engine *e)
{
	if (e->publications == 0 && e->untidy_recorded)
		e->untidy = false;
}

/* Forgotten with the next rows that are written, as that is not urgent. */
int tidy_record(struct engine *e)
{
	if (e->untidy == e->untidy_recorded)
		return 0;
	return e->journal->fact_set(e->journal, untidy_fact, e->untidy ? "yes" : NULL);
}

void tidy_end(struct engine *e)
{
	struct journal *db = e->journal;

	if (e->publications == 0)
		e->untidy = false;
	if (e->untidy == e->untidy_recorded)
		return;
	kill_point(BEFORE_TIDY);
	if (db->begin(db) == 0 && (tidy_record(e) < 0 || db->commit(db) < 0))
		db->rollback(db);
	kill_point(AFTER_TIDY);
}

/* --- after a crash */

static void tidy_error_file(struct engine *e, const struct prompt_row *row)
{
	cleanup_free char *path = xasprintf("out/%s.error.txt", row->stem);
	cleanup_job_row struct job_row job = { 0 };
	struct job *j;
	struct stat st;
	bool stands = store_look(e->set.source_fd, path, &st) > 0;

	if (e->journal->job_load(e->journal, row->job, &job) <= 0 || publish_says_why(job.state) == stands ||
	    !(j = job_activate(e, row->job)))
		return;
	publish_error_file(e, j);
	job_free(e, j);
}

static void tidy_name(struct engine *e, const struct prompt_row *row, unsigned shown, const char *out)
{
	cleanup_task_row struct task_row task = { 0 };
	cleanup_job_row struct job_row job = { 0 };
	struct stat st;

	if (store_look(e->set.source_fd, out, &st) <= 0 ||
	    e->journal->task_by_out(e->journal, out, &task) <= 0 || task.job == row->shown ||
	    e->journal->job_load(e->journal, task.job, &job) <= 0 || job.prompt != row->id || job.revision > shown)
		return;
	publish_retire_one(e, row->stem, &task, job.revision);
}

void tidy_pictures(struct engine *e, const struct prompt_row *row, const struct job *shown_job)
{
	cleanup_job_row struct job_row shown = { 0 };

	if (e->journal->job_load(e->journal, row->shown, &shown) <= 0)
		return;
	for (unsigned i = 0; i <= PICTURES_MAX; i++)
		for (enum image_type type = IMAGE_PNG; type <= IMAGE_BMP; type++) {
			cleanup_free char *number = i ? xasprintf("-%u", i) : xstrdup("");
			cleanup_free char *out = xasprintf("out/%s%s.%s", row->stem, number, image_suffix(type));
			if (!shown_job || !publish_is_at(shown_job, out))
				tidy_name(e, row, shown.revision, out);
		}
}

static int tidy_prompt(void *arg, struct prompt_row *row)
{
	if (row->job)
		tidy_error_file(arg, row);
	if (row->shown && row->revision > 1)
		tidy_pictures(arg, row, NULL);
	return 0;
}

void tidy_restore(struct engine *e)
{
	cleanup_free char *untidy = NULL;

	if (e->journal->fact_get(e->journal, untidy_fact, &untidy) <= 0)
		return;
	e->untidy = e->untidy_recorded = true;
	e->journal->prompts_under(e->journal, "", tidy_prompt, e);
	tidy_settle(e);
}
