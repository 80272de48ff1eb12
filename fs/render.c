#include "render.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BAR_WIDTH 20

static const char *shown_state(const struct job_view *v, enum file_state f)
{
	if (f == FILE_WRITTEN)
		return state_name(STATE_DRAFT);
	if (f == FILE_PENDING)
		return state_name(STATE_QUEUED);
	return state_name(v && v->job ? v->job->state : STATE_DRAFT);
}

static const char *shown_reason(const struct job_view *v, enum file_state f)
{
	if (f == FILE_WRITTEN)
		return "it is still being written";
	if (f == FILE_PENDING)
		return NULL;
	if (v && v->job)
		return v->job->reason;
	return "it starts nothing: it was not read yet, or .defaults of its folder leaves it out";
}

static void add_time(struct buf *out, const char *name, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	if (!ms)
		return;
	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_fmt(out, "%s: %s\n", name, text);
}

/* Over all tasks; -1 if nobody said anything. */
static int progress_of(const struct job_view *v)
{
	int sum = 0, said = 0;

	for (size_t i = 0; i < v->tasks_count; i++) {
		const struct task_row *t = v->tasks[i];
		int p = t->state == STATE_COMPLETED ? 100 : t->progress;
		if (p >= 0)
			said++;
		sum += p > 0 ? p : 0;
	}
	return said ? sum / (int)v->tasks_count : -1;
}

static void add_progress(struct buf *out, int percent)
{
	if (percent < 0)
		return;
	buf_fmt(out, "progress: %d%% [", percent);
	for (int i = 0; i < BAR_WIDTH; i++)
		buf_chr(out, (i + 1) * 100 <= percent * BAR_WIDTH ? '#' : '-');
	buf_str(out, "]\n");
}

/* One line, whatever is in it: names, ids and sentences come from outside, and steer no terminal. */
static void add_line(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_fmt(out, "%s: ", name);
	buf_escaped(out, value, strlen(value));
	buf_chr(out, '\n');
}

static void add_reference(struct buf *out, const struct reference *ref)
{
	char hash[2 * sizeof(ref->sha256) + 1];

	if (ref->is_url) {
		add_line(out, "reference", ref->name);
		return;
	}
	hex_encode(ref->sha256, sizeof(ref->sha256), hash);
	cleanup_free char *text = xasprintf("%s (%s, %llu bytes, sha256 %s)", ref->name, ref->mime,
	                                    (unsigned long long)ref->size, hash);
	add_line(out, "reference", text);
}

/* What all its pictures cost together, as far as the table says; what costs nothing needs no line. */
static void add_price(struct buf *out, const struct request *r)
{
	double usd = model_price(r->models, r->model, r->resolution);

	if (r->provider->free)
		return;
	if (usd < 0)
		buf_str(out, "price: not known\n");
	else
		buf_fmt(out, "price: about %.4f USD\n", usd * request_pictures(r));
}

static void add_asked(struct buf *out, const struct job_view *v)
{
	const struct request *r = v->request;

	add_line(out, "model", v->job->model);
	add_line(out, "provider", v->job->provider);
	if (!r)
		return;
	add_line(out, "size", r->ratio);
	add_line(out, "resolution", r->resolution);
	add_price(out, r);
	for (size_t i = 0; i < r->references_count; i++)
		add_reference(out, &r->references[i]);
}

static void add_picture(struct buf *out, const struct task_row *t)
{
	cleanup_free char *text = t->out ? xasprintf("%s (%s, %ux%u, %llu bytes)", t->out, t->type, t->width, t->height,
	                                             (unsigned long long)t->bytes) : NULL;

	add_line(out, "picture", text);
}

/* Of several pictures each has a line of its own. */
static void add_tasks(struct buf *out, const struct job_view *v)
{
	for (size_t i = 0; i < v->tasks_count; i++) {
		const struct task_row *t = v->tasks[i];
		cleanup_free char *name = xasprintf("picture-%u", t->index);
		cleanup_free char *text = xasprintf("%s%s%s", state_name(t->state), t->reason ? ", " : "",
		                                    t->reason ? t->reason : "");

		if (v->tasks_count > 1)
			add_line(out, name, text);
		add_picture(out, t);
		add_line(out, "id", t->task_id);
		add_time(out, "next-try", t->next_try_ms);
		if (t->cost_usd >= 0)
			buf_fmt(out, "cost: %.4f USD\n", t->cost_usd);
	}
}

/* What is worth knowing, of the job and of its pictures; NULL if nothing is.  The caller frees. */
static char *note_of(const struct job_view *v, const char *gone)
{
	const char *note = v->job->note;

	if (!note && !gone)
		return NULL;
	return xasprintf("%s%s%s", note ? note : "", note && gone ? "; " : "", gone ? gone : "");
}

void render_text(const struct job_view *v, const char *path, enum file_state f, const char *gone, struct buf *out)
{
	const char *reason = shown_reason(v, f);

	buf_fmt(out, "state: %s\n", shown_state(v, f));
	if (v && v->job && f == FILE_RESTS)
		add_progress(out, progress_of(v));
	add_line(out, "prompt", path);
	add_line(out, "reason", reason);
	add_line(out, "waits", v ? v->waits : NULL);
	if (!v || !v->job || f != FILE_RESTS)
		return;
	cleanup_free char *note = note_of(v, gone);
	add_line(out, "hint", v->job->hint);
	add_line(out, "note", note);
	add_asked(out, v);
	buf_fmt(out, "revision: %u\n", v->job->revision);
	add_tasks(out, v);
	add_time(out, "created", v->job->created_ms);
	add_time(out, "finished", v->job->finished_ms);
}

/* Names of files may be any bytes; JSON is UTF-8. */
static cJSON *json_string(const char *value)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_utf8(&b, value, strlen(value));
	return cJSON_CreateString(b.data ? b.data : "");
}

static void json_text(cJSON *o, const char *name, const char *value)
{
	if (value)
		cJSON_AddItemToObject(o, name, json_string(value));
	else
		cJSON_AddNullToObject(o, name);
}

static void json_time(cJSON *o, const char *name, int64_t ms)
{
	if (ms)
		cJSON_AddNumberToObject(o, name, (double)ms / 1000);
	else
		cJSON_AddNullToObject(o, name);
}

static void json_number(cJSON *o, const char *name, double value)
{
	if (value >= 0)
		cJSON_AddNumberToObject(o, name, value);
	else
		cJSON_AddNullToObject(o, name);
}

static cJSON *json_task(const struct task_row *t)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "state", state_name(t->state));
	json_number(o, "progress", t->state == STATE_COMPLETED ? 100 : t->progress);
	json_text(o, "id", t->task_id);
	json_text(o, "picture", t->out);
	json_text(o, "type", t->out ? t->type : NULL);
	json_number(o, "width", t->width ? (double)t->width : -1);
	json_number(o, "height", t->height ? (double)t->height : -1);
	json_number(o, "bytes", t->bytes ? (double)t->bytes : -1);
	json_number(o, "cost_usd", t->cost_usd);
	json_time(o, "next_try", t->next_try_ms);
	json_time(o, "expires", t->expires_ms);
	json_text(o, "reason", t->reason);
	json_text(o, "hint", t->hint);
	return o;
}

static cJSON *json_reference(const struct reference *ref)
{
	cJSON *o = cJSON_CreateObject();
	char hash[2 * sizeof(ref->sha256) + 1];

	hex_encode(ref->sha256, sizeof(ref->sha256), hash);
	json_text(o, "name", ref->name);
	json_text(o, "type", ref->mime);
	json_number(o, "bytes", (double)ref->size);
	cJSON_AddStringToObject(o, "sha256", hash);
	return o;
}

static cJSON *finished_pictures(const struct job_view *v)
{
	cJSON *pictures = cJSON_CreateArray();

	for (size_t i = 0; i < v->tasks_count; i++)
		if (v->tasks[i]->out && v->tasks[i]->state == STATE_COMPLETED)
			cJSON_AddItemToArray(pictures, json_string(v->tasks[i]->out));
	return pictures;
}

static void json_job(cJSON *o, const struct job_view *v)
{
	cJSON *tasks = cJSON_AddArrayToObject(o, "tasks");
	cJSON *refs = cJSON_AddArrayToObject(o, "references");
	cJSON *files = cJSON_AddArrayToObject(o, "reference_files");
	const struct request *r = v->request;

	cJSON_AddItemToObject(o, "pictures", finished_pictures(v));
	json_text(o, "model", v->job->model);
	json_text(o, "provider", v->job->provider);
	json_text(o, "size", r ? r->ratio : NULL);
	json_text(o, "resolution", r ? r->resolution : NULL);
	double usd = r && !r->provider->free ? model_price(r->models, r->model, r->resolution) : r ? 0 : -1;
	json_number(o, "price_usd", usd < 0 ? -1 : usd * request_pictures(r));
	cJSON_AddNumberToObject(o, "n", v->job->n);
	cJSON_AddNumberToObject(o, "revision", v->job->revision);
	json_time(o, "created", v->job->created_ms);
	json_time(o, "finished", v->job->finished_ms);
	for (size_t i = 0; i < v->tasks_count; i++)
		cJSON_AddItemToArray(tasks, json_task(v->tasks[i]));
	for (size_t i = 0; r && i < r->references_count; i++)
		cJSON_AddItemToArray(refs, json_string(r->references[i].name));
	for (size_t i = 0; r && i < r->references_count; i++)
		if (!r->references[i].is_url)
			cJSON_AddItemToArray(files, json_reference(&r->references[i]));
}

void render_json(const struct job_view *v, const char *path, enum file_state f, const char *gone, struct buf *out)
{
	cJSON *o = cJSON_CreateObject();
	bool job = v && v->job && f == FILE_RESTS;
	cleanup_free char *note = job ? note_of(v, gone) : NULL;

	json_text(o, "prompt", path);
	cJSON_AddStringToObject(o, "state", shown_state(v, f));
	json_number(o, "progress", job ? progress_of(v) : -1);
	json_text(o, "reason", shown_reason(v, f));
	json_text(o, "waits", v ? v->waits : NULL);
	json_text(o, "hint", job ? v->job->hint : NULL);
	json_text(o, "note", note);
	if (job)
		json_job(o, v);
	char *text = cJSON_Print(o);
	if (text)
		buf_fmt(out, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(o);
}

/* `{"time":"2026-11-24T18:40:12.345Z",` and the rest of the object. */
static size_t add_event(struct buf *out, cJSON *rest)
{
	int64_t ms = clock_wall_ms();
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char time[32];

	gmtime_r(&t, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_fmt(out, "{\"time\":\"%s.%03dZ\",", time, (int)(ms % 1000));
	size_t begins = out->len;
	char *text = cJSON_PrintUnformatted(rest);
	buf_fmt(out, "%s\n", text + 1);
	cJSON_free(text);
	cJSON_Delete(rest);
	return begins;
}

/* Of all its pictures together; -1 if no cost is known. */
static double cost_of(const struct job_view *v)
{
	double sum = -1;

	for (size_t i = 0; i < v->tasks_count; i++)
		if (v->tasks[i]->cost_usd >= 0)
			sum = (sum < 0 ? 0 : sum) + v->tasks[i]->cost_usd;
	return sum;
}

static void known_number(cJSON *o, const char *name, double value)
{
	if (value >= 0)
		cJSON_AddNumberToObject(o, name, value);
}

static void known_text(cJSON *o, const char *name, const char *value)
{
	if (value)
		json_text(o, name, value);
}

/* --- one thing at a time --- */

static void value_state(const struct job_view *v, enum file_state f, struct buf *out)
{
	buf_str(out, shown_state(v, f));
}

static void value_progress(const struct job_view *v, enum file_state f, struct buf *out)
{
	int percent = v && v->job && f == FILE_RESTS ? progress_of(v) : -1;

	if (percent >= 0)
		buf_fmt(out, "%d", percent);
}

static void value_task(const struct job_view *v, enum file_state f, struct buf *out)
{
	(void)f;
	for (size_t i = 0; v && i < v->tasks_count; i++)
		if (v->tasks[i]->task_id)
			buf_fmt(out, "%s%s", out->len ? "\n" : "", v->tasks[i]->task_id);
}

static void value_error(const struct job_view *v, enum file_state f, struct buf *out)
{
	if (v && v->job && f == FILE_RESTS && v->job->reason)
		buf_str(out, v->job->reason);
}

static void value_cost(const struct job_view *v, enum file_state f, struct buf *out)
{
	double usd = v ? cost_of(v) : -1;

	(void)f;
	if (usd >= 0)
		buf_fmt(out, "%.4f", usd);
}

static const struct {
	const char *name;
	void (*render)(const struct job_view *v, enum file_state f, struct buf *out);
} values[] = {
	{ "state", value_state }, { "progress", value_progress }, { "task", value_task },
	{ "error", value_error }, { "cost", value_cost },
};

const char *render_value_name(size_t index) { return index < ARRAY_LEN(values) ? values[index].name : NULL; }

bool render_value(const struct job_view *v, enum file_state f, const char *name, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].name, name) == 0)
			values[i].render(v, f, out);
	return out->len;
}

/* --- lines of JSON --- */

/* What the lines of events and jobs.json have in common. */
static cJSON *brief(const struct job_view *v, enum file_state f)
{
	cJSON *o = cJSON_CreateObject(), *pictures = finished_pictures(v);

	json_text(o, "prompt", v->prompt->path);
	cJSON_AddNumberToObject(o, "revision", v->job->revision);
	cJSON_AddStringToObject(o, "state", shown_state(v, f));
	known_number(o, "progress", f == FILE_RESTS ? progress_of(v) : -1);
	known_text(o, "picture", cJSON_GetStringValue(cJSON_GetArrayItem(pictures, 0)));
	if (v->job->n > 1 && cJSON_GetArraySize(pictures))
		cJSON_AddItemToObject(o, "pictures", pictures);
	else
		cJSON_Delete(pictures);
	known_text(o, "reason", shown_reason(v, f));
	known_text(o, "waits", v->waits);
	known_number(o, "cost", cost_of(v));
	return o;
}

size_t render_event(const struct job_view *v, struct buf *out)
{
	return add_event(out, brief(v, FILE_RESTS));
}

void render_listed(const struct job_view *v, enum file_state f, struct buf *out)
{
	cJSON *o = brief(v, f);

	known_text(o, "model", v->job->model);
	known_text(o, "provider", v->job->provider);
	known_number(o, "created", (double)v->job->created_ms / 1000);
	if (v->job->finished_ms)
		known_number(o, "finished", (double)v->job->finished_ms / 1000);
	char *text = cJSON_PrintUnformatted(o);
	buf_str(out, text);
	cJSON_free(text);
	cJSON_Delete(o);
}

void render_dropped(uint64_t lines, struct buf *out)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "dropped", (double)lines);
	add_event(out, o);
}

static void add_money(struct buf *out, const char *name, double usd, double budget)
{
	buf_fmt(out, "%s: %.4f USD", name, usd);
	if (budget >= 0)
		buf_fmt(out, " of %.2f", budget);
	buf_chr(out, '\n');
}

void render_stats(const struct engine_stats *s, struct buf *out)
{
	add_line(out, "config-error", s->trouble);
	buf_fmt(out, "pictures-today: %d", s->pictures_today);
	if (s->budget_pictures >= 0)
		buf_fmt(out, " of %ld", s->budget_pictures);
	buf_chr(out, '\n');
	add_money(out, "spent-today", s->usd_today, s->budget_usd);
	buf_fmt(out, "pictures: %lld\n", (long long)s->pictures_total);
	add_money(out, "spent", s->usd_total, -1);
	for (int i = 0; i < STATE_COUNT; i++)
		buf_fmt(out, "jobs-%s: %llu\n", state_name((enum job_state)i), (unsigned long long)s->jobs[i]);
}

void render_readme(struct buf *out)
{
	buf_str(out,
	"This directory makes pictures.\n"
	"\n"
	"    echo \"a cat in a spacesuit\" > cat.txt    a text file (.txt, .md, .prompt) is a prompt\n"
	"    cat status/cat.txt                       how far it is, or why not\n"
	"    cat wait/cat.png > mine.png              waits until the picture is there\n"
	"    ls out/                                  finished pictures\n"
	"\n"
	"Headers may stand above the prompt, followed by an empty line:\n"
	"\n"
	"    size: 16:9\n"
	"    model: nano-banana-2\n"
	"    refs: style.png\n"
	"\n"
	"    A cyberpunk city at night\n"
	"\n"
	"Pictures in cat.refs/ are references of cat.txt. history/ holds earlier pictures. All of these\n"
	"are ordinary files; they stay when this directory is unmounted.\n"
	"\n"
	".easelfs/gallery.html shows all of it in a browser.\n"
	"\n"
	"For programs:\n"
	"\n"
	"    status/cat.txt.json     all that is known of a prompt\n"
	"    .easelfs/jobs.json      what is under way and what was made last: a line for each prompt\n"
	"    .easelfs/stats          pictures and money; .easelfs/metrics says it to Prometheus\n"
	"    cat .easelfs/events     a line of JSON for whatever happens from now on: time (UTC), prompt,\n"
	"                            revision, state; progress, picture, reason, waits, cost where there\n"
	"                            are any; {time, dropped} to a reader who was too slow\n");
}
