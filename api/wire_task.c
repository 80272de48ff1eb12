/*
 * The task wire: submit, get an id, ask for it until the picture's URL comes (toapis.com and its
 * sisters).
 */
#include "wire.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#define SUBMIT_PATH "/v1/images/generations"
#define POLL_PATH "/v1/images/generations/{id}"
#define UPLOAD_PATH "/v1/uploads/images"

enum { ID_MAX = 255, URLS_MAX = 64 };

/* --- addresses */

static void add_percent_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_chr(b, *s);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*s);
	}
}

/* Base and path, with one `/v1` however the base was written.  {id} in the path becomes id. */
static char *join_url(const char *base, const char *path, const char *id)
{
	struct buf url = BUF_INIT;
	size_t len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	if (len >= 3 && !strncmp(base + len - 3, "/v1", 3) && str_starts_with(path, "/v1/"))
		len -= 3;
	buf_add(&url, base, len);
	if (*path != '/')
		buf_chr(&url, '/');
	const char *hole = id ? strstr(path, "{id}") : NULL;
	buf_add(&url, path, hole ? (size_t)(hole - path) : strlen(path));
	if (hole) {
		add_percent_encoded(&url, id);
		buf_str(&url, hole + strlen("{id}"));
	}
	return buf_steal(&url);
}

/* --- submit */

static const char *const people_words[] = {
	[PEOPLE_ALL] = "ALLOW_ALL", [PEOPLE_ADULT] = "ALLOW_ADULT", [PEOPLE_NONE] = "ALLOW_NONE",
};

static const char *const harm_words[HARM_COUNT] = {
	[HARM_HATE] = "HARM_CATEGORY_HATE_SPEECH",
	[HARM_DANGEROUS] = "HARM_CATEGORY_DANGEROUS_CONTENT",
	[HARM_SEXUAL] = "HARM_CATEGORY_SEXUALLY_EXPLICIT",
	[HARM_HARASSMENT] = "HARM_CATEGORY_HARASSMENT",
};

static const char *const threshold_words[] = {
	[THRESHOLD_OFF] = "OFF",
	[THRESHOLD_LOW] = "BLOCK_LOW_AND_ABOVE",
	[THRESHOLD_MEDIUM] = "BLOCK_MEDIUM_AND_ABOVE",
	[THRESHOLD_HIGH] = "BLOCK_ONLY_HIGH",
};

static cJSON *in_case(const char *s, int (*convert)(int))
{
	char *copy = xstrdup(s);

	for (char *c = copy; *c; c++)
		*c = (char)convert((unsigned char)*c);
	cJSON *item = cJSON_CreateString(copy);
	free(copy);
	return item;
}

static bool knows_search_kind(const struct model *m, const char *kind)
{
	for (char **k = m->search_kinds; k && *k; k++)
		if (!strcasecmp(*k, kind))
			return true;
	return false;
}

/* Image search is only valid beside web search. */
static void add_search(cJSON *metadata, const struct request *r)
{
	if (!r->search_web && !r->search_image)
		return;
	cJSON_AddBoolToObject(metadata, "google_search", true);
	if (r->search_image || knows_search_kind(r->model, "image"))
		cJSON_AddBoolToObject(metadata, "google_image_search", r->search_image);
}

/* The key is `metadata.NAME`, or a name at the top level. */
static void add_resolution(cJSON *root, cJSON *metadata, const struct request *r)
{
	const char *key = r->model->resolution_key ? r->model->resolution_key : "metadata.resolution";
	bool inner = str_starts_with(key, "metadata.");

	if (!r->resolution)
		return;
	cJSON *value = r->model->resolution_lower ? in_case(r->resolution, tolower)
	                                          : cJSON_CreateString(r->resolution);
	cJSON_AddItemToObject(inner ? metadata : root, inner ? key + strlen("metadata.") : key, value);
}

static void add_image_output(cJSON *metadata, const struct request *r)
{
	if (!r->format && r->quality < 0)
		return;
	cJSON *options = cJSON_AddObjectToObject(metadata, "imageOutputOptions");
	if (r->format) {
		char *mime = xasprintf("image/%s", r->format);
		cJSON_AddStringToObject(options, "mimeType", mime);
		free(mime);
	}
	if (r->quality >= 0)
		cJSON_AddNumberToObject(options, "compressionQuality", r->quality);
}

static void add_thinking(cJSON *metadata, const struct request *r)
{
	if (!r->thinking_level && r->thinking_budget < 0)
		return;
	cJSON *config = cJSON_AddObjectToObject(metadata, "thinkingConfig");
	if (r->thinking_level)
		cJSON_AddItemToObject(config, "thinkingLevel", in_case(r->thinking_level, toupper));
	if (r->thinking_budget >= 0)
		cJSON_AddNumberToObject(config, "thinkingBudget", (double)r->thinking_budget);
}

static void add_safety(cJSON *metadata, const struct request *r)
{
	cJSON *settings = NULL;

	for (int h = 0; h < HARM_COUNT; h++) {
		if (r->safety[h] == THRESHOLD_UNSET)
			continue;
		if (!settings)
			settings = cJSON_AddArrayToObject(metadata, "safetySettings");
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "category", harm_words[h]);
		cJSON_AddStringToObject(one, "threshold", threshold_words[r->safety[h]]);
		cJSON_AddItemToArray(settings, one);
	}
}

static void add_official(cJSON *metadata, const struct request *r)
{
	if (!isnan(r->temperature))
		cJSON_AddNumberToObject(metadata, "temperature", r->temperature);
	if (!isnan(r->top_p))
		cJSON_AddNumberToObject(metadata, "topP", r->top_p);
	if (r->max_output_tokens >= 0)
		cJSON_AddNumberToObject(metadata, "maxOutputTokens", (double)r->max_output_tokens);
	if (r->people != PEOPLE_UNSET)
		cJSON_AddStringToObject(metadata, "personGeneration", people_words[r->people]);
	add_image_output(metadata, r);
	add_thinking(metadata, r);
	add_safety(metadata, r);
}

static void add_references(cJSON *root, const struct request *r, const char *const *urls, enum refs_form form)
{
	if (!r->references_count)
		return;
	cJSON *list = cJSON_AddArrayToObject(root, r->model->refs_key ? r->model->refs_key : "image_urls");
	for (size_t i = 0; i < r->references_count; i++) {
		cJSON *item;
		if (form == REFS_OBJECTS) {
			item = cJSON_CreateObject();
			cJSON_AddStringToObject(item, "url", urls[i]);
		} else {
			item = cJSON_CreateString(urls[i]);
		}
		cJSON_AddItemToArray(list, item);
	}
}

/* As the user wrote it, byte for byte; never in place of what a header has said. */
static void pass_through(cJSON *root, cJSON *metadata, const struct request *r)
{
	for (size_t i = 0; i < r->metadata_count; i++) {
		const char *name = r->metadata[i].name;
		bool top = *name == '/';
		cJSON *to = top ? root : metadata;
		name += top;
		if (!cJSON_GetObjectItemCaseSensitive(to, name))
			cJSON_AddRawToObject(to, name, r->metadata[i].json);
	}
}

static void task_build_submit(const struct request *r, const char *own_id, const char *const *ref_urls,
                              enum refs_form refs_form, struct wire_call *out)
{
	cJSON *root = cJSON_CreateObject(), *metadata = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "model", r->model->id ? r->model->id : r->model->name);
	cJSON_AddStringToObject(root, "prompt", r->prompt);
	if (r->ratio)
		cJSON_AddStringToObject(root, "size", r->ratio);
	cJSON_AddNumberToObject(root, "n", 1);   /* a task makes one picture, a job has n of them */
	if (own_id && r->provider->has_lookup)
		cJSON_AddStringToObject(root, "client_business_id", own_id);
	add_references(root, r, ref_urls, refs_form);
	add_resolution(root, metadata, r);
	add_search(metadata, r);
	add_official(metadata, r);
	pass_through(root, metadata, r);
	if (metadata->child && !cJSON_GetObjectItemCaseSensitive(root, "metadata"))
		cJSON_AddItemToObject(root, "metadata", metadata);
	else
		cJSON_Delete(metadata);

	char *text = cJSON_PrintUnformatted(root);
	if (!text)
		BUG("a request could not be printed");
	*out = (struct wire_call){
		.method = "POST",
		.url = join_url(r->provider->url, r->provider->submit_path ? r->provider->submit_path : SUBMIT_PATH, NULL),
		.content_type = xstrdup("application/json"),
	};
	buf_str(&out->body, text);
	cJSON_free(text);
	cJSON_Delete(root);
}

/* --- reading */

static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

static bool is_success(int status)
{
	return status >= 200 && status <= 299;
}

/* What a body without JSON was, for a person. */
static char *describe_foreign_body(const struct wire_reply *reply)
{
	struct wire_error e;

	wire_error_read(reply->body, reply->len, &e);
	char *text = xasprintf("the provider answered with %s (%d)",
	                       e.html ? "an HTML page" : reply->len ? "something that is not JSON" : "nothing",
	                       reply->status);
	wire_error_release(&e);
	return text;
}

static bool says_error(const struct wire_reply *reply)
{
	struct wire_error e;

	wire_error_read(reply->body, reply->len, &e);
	bool is_error = e.is_error;
	wire_error_release(&e);
	return is_error;
}

/* An id is opaque, but it must fit the journal and be free of control characters. */
static char *usable_id(const cJSON *item)
{
	char number[32];

	if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9e15) {
		snprintf(number, sizeof(number), "%.0f", item->valuedouble);
		return xstrdup(number);
	}
	const char *s = cJSON_IsString(item) ? item->valuestring : "";
	size_t len = strlen(s);
	if (!len || len > ID_MAX)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)s[i]))
			return NULL;
	return xstrdup(s);
}

static char *id_of(const cJSON *object)
{
	char *id = usable_id(member(object, "id"));

	return id ? id : usable_id(member(object, "task_id"));
}

/* {"id":…}, {"task_id":…}, {"data":{…}}, {"data":[{…}]} */
static char *find_task_id(const cJSON *root)
{
	const cJSON *data = member(root, "data");
	char *id = id_of(root);

	if (!id && cJSON_IsObject(data))
		id = id_of(data);
	if (!id && cJSON_IsArray(data))
		id = id_of(cJSON_GetArrayItem(data, 0));
	return id;
}

static void task_parse_submit(const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!is_success(reply->status)) {
		wire_classify(STEP_SUBMIT, reply, out);
		return;
	}
	cJSON *root = reply->len ? cJSON_ParseWithLength(reply->body, reply->len) : NULL;
	/* An error beside a status word is about a task that exists: the poll will tell. */
	bool refused = says_error(reply) && !cJSON_IsString(member(root, "status"));
	if (!root)
		wire_unclear(STEP_SUBMIT, describe_foreign_body(reply), out);
	else if (refused)
		wire_classify(STEP_SUBMIT, reply, out);
	else if ((out->task_id = find_task_id(root)))
		out->cls = WIRE_ACCEPTED;
	else if (says_error(reply))
		wire_classify(STEP_SUBMIT, reply, out);
	else
		wire_unclear(STEP_SUBMIT, xasprintf("the provider answered %d without a task id", reply->status), out);
	cJSON_Delete(root);
}

static void task_build_poll(const struct provider *p, const char *id, struct wire_call *out)
{
	*out = (struct wire_call){
		.method = "GET", .url = join_url(p->url, p->poll_path ? p->poll_path : POLL_PATH, id),
	};
}

static void add_url(struct wire_result *out, const char *url)
{
	if (out->urls_count == URLS_MAX || (strncasecmp(url, "https://", 8) && strncasecmp(url, "http://", 7)))
		return;
	out->urls = xrealloc(out->urls, (out->urls_count + 1) * sizeof(*out->urls));
	out->urls[out->urls_count++] = xstrdup(url);
}

/* A URL, {"url": …}, or a list of either; to any depth that the parser allows. */
static void collect_urls(struct wire_result *out, const cJSON *item)
{
	const cJSON *each;

	if (cJSON_IsString(item)) {
		add_url(out, item->valuestring);
	} else if (cJSON_IsObject(item)) {
		collect_urls(out, member(item, "url"));
	} else if (cJSON_IsArray(item)) {
		cJSON_ArrayForEach(each, item)
			collect_urls(out, each);
	}
}

/* Where pictures were seen; the first place that has some counts. */
static const struct { const char *outer, *inner; } url_places[] = {
	{ "result", "data" }, { "result", "images" }, { "result", NULL }, { "results", NULL },
	{ "data", NULL }, { "images", NULL }, { "url", NULL },
};

static void find_urls(struct wire_result *out, const cJSON *task)
{
	for (size_t i = 0; i < ARRAY_LEN(url_places) && !out->urls_count; i++) {
		const cJSON *place = member(task, url_places[i].outer);
		collect_urls(out, url_places[i].inner ? member(place, url_places[i].inner) : place);
	}
}

/* Seconds since 1970; what is too large for that is taken for milliseconds. */
static int64_t seconds(const cJSON *item)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble > 0) || item->valuedouble > 1e15)
		return 0;
	return (int64_t)(item->valuedouble > 1e11 ? item->valuedouble / 1000 : item->valuedouble);
}

static int64_t find_expiry(const cJSON *task)
{
	const cJSON *result = member(task, "result");
	const cJSON *image = cJSON_GetArrayItem(member(result, "images"), 0);
	int64_t when = seconds(member(task, "expires_at"));

	if (!when)
		when = seconds(member(result, "expires_at"));
	return when ? when : seconds(member(image, "expires_at"));
}

/* 40, or "40%" */
static int percent(const cJSON *item)
{
	double value = -1;

	if (cJSON_IsNumber(item))
		value = item->valuedouble;
	else if (cJSON_IsString(item) && isdigit((unsigned char)*item->valuestring))
		value = atoi(item->valuestring);
	return value < 0 ? -1 : value > 100 ? 100 : (int)value;
}

static double cost_of(const cJSON *task)
{
	const cJSON *cost = member(member(task, "billing"), "cost_usd");

	return cJSON_IsNumber(cost) && cost->valuedouble >= 0 ? cost->valuedouble : -1;
}

/* Words that are not here are taken for "not final". */
static const struct { const char *word; enum wire_class cls; } status_words[] = {
	{ "completed", WIRE_DONE }, { "success", WIRE_DONE }, { "succeeded", WIRE_DONE },
	{ "failed", WIRE_FAILED }, { "failure", WIRE_FAILED }, { "cancelled", WIRE_FAILED },
	{ "canceled", WIRE_FAILED },
};

static enum wire_class class_of_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(status_words); i++)
		if (!strcasecmp(word, status_words[i].word))
			return status_words[i].cls;
	return WIRE_RUNNING;
}

static void read_done(const cJSON *task, struct wire_result *out)
{
	find_urls(out, task);
	out->expires_at = find_expiry(task);
	if (out->urls_count)
		return;
	out->cls = WIRE_FAILED;
	out->reason = xstrdup("the provider says that the task is complete, but names no picture");
	out->hint = xstrdup("look at the provider's list of tasks; retry makes a new picture");
}

static void read_task(const struct wire_reply *reply, const cJSON *root, struct wire_result *out)
{
	const cJSON *data = member(root, "data");
	const cJSON *task = cJSON_IsObject(data) && !member(root, "status") ? data : root;
	const cJSON *status = member(task, "status");

	if (!cJSON_IsString(status)) {
		if (says_error(reply))
			wire_classify(STEP_POLL, reply, out);
		else
			wire_unclear(STEP_POLL, xasprintf("the provider answered %d without a status", reply->status), out);
		return;
	}
	out->cls = class_of_word(status->valuestring);
	out->progress = percent(member(task, "progress"));
	out->cost_usd = cost_of(task);
	if (out->cls == WIRE_DONE)
		read_done(task, out);
	else if (out->cls == WIRE_FAILED)
		wire_failure(reply, out);
}

static void task_parse_poll(const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!is_success(reply->status)) {
		wire_classify(STEP_POLL, reply, out);
		return;
	}
	cJSON *root = reply->len ? cJSON_ParseWithLength(reply->body, reply->len) : NULL;
	if (root)
		read_task(reply, root, out);
	else
		wire_unclear(STEP_POLL, describe_foreign_body(reply), out);
	cJSON_Delete(root);
}

/* --- upload */

/* The user's own file name is nobody's business; the extension says the type. */
static char *neutral_name(const char *mime)
{
	const char *slash = mime ? strchr(mime, '/') : NULL;

	return xasprintf("image.%s", slash ? slash + 1 : "bin");
}

static void task_build_upload(const struct provider *p, const struct reference *ref, struct wire_call *out)
{
	*out = (struct wire_call){
		.method = "POST",
		.url = join_url(p->url, p->upload_path ? p->upload_path : UPLOAD_PATH, NULL),
		.multipart = true,
		.part_name = xstrdup("file"),
		.part_filename = neutral_name(ref->mime),
		.part_type = xstrdup(ref->mime ? ref->mime : "application/octet-stream"),
		.field = { { xstrdup("purpose"), xstrdup("generation") } },
	};
}

static void task_parse_upload(const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!is_success(reply->status)) {
		wire_classify(STEP_UPLOAD, reply, out);
		return;
	}
	cJSON *root = reply->len ? cJSON_ParseWithLength(reply->body, reply->len) : NULL;
	collect_urls(out, member(root, "data"));
	if (!out->urls_count)
		collect_urls(out, member(root, "url"));
	if (out->urls_count)
		out->cls = WIRE_ACCEPTED;
	else if (says_error(reply))
		wire_classify(STEP_UPLOAD, reply, out);
	else if (!root)
		wire_unclear(STEP_UPLOAD, describe_foreign_body(reply), out);
	else
		wire_unclear(STEP_UPLOAD, xstrdup("the provider answered the upload without a URL"), out);
	cJSON_Delete(root);
}

const struct wire wire_task = {
	.name = "task",
	.build_submit = task_build_submit,
	.parse_submit = task_parse_submit,
	.build_poll = task_build_poll,
	.parse_poll = task_parse_poll,
	.build_upload = task_build_upload,
	.parse_upload = task_parse_upload,
};
