/*
 * The task wire: submit, get an id, ask for it until the picture's URL comes (toapis.com and its
 * sisters).
 */
#include "wire.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "wire_google.h"
#include "wire_json.h"

enum { ID_MAX = 255 };

/* --- submit */

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

static void add_resolution(cJSON *root, const struct request *r)
{
	const char *key = r->model->resolution_key ? r->model->resolution_key : "metadata.resolution";

	if (r->resolution)
		wire_json_put(root, key, r->model->resolution_lower ? wire_json_in_case(r->resolution, tolower)
		                                                    : cJSON_CreateString(r->resolution));
}

static void add_official(cJSON *metadata, const struct request *r)
{
	google_add_sampling(metadata, r);
	google_add_people(metadata, r);
	google_add_image_output(metadata, r);
	google_add_thinking(metadata, r);
	google_add_safety(metadata, r);
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

static void task_build_submit(const struct wire_submit *s, struct wire_call *out)
{
	const struct request *r = s->request;
	cJSON *root = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(root, "metadata");

	cJSON_AddStringToObject(root, "model", r->model->id);
	cJSON_AddStringToObject(root, "prompt", r->prompt);
	if (r->ratio)
		cJSON_AddStringToObject(root, "size", r->ratio);
	cJSON_AddNumberToObject(root, "n", s->pictures);
	if (s->own_id && r->provider->has_lookup)
		cJSON_AddStringToObject(root, "client_business_id", s->own_id);
	add_references(root, r, s->ref_urls, s->refs_form);
	add_resolution(root, r);
	add_search(metadata, r);
	add_official(metadata, r);
	wire_json_pass_metadata(r, root, metadata);
	if (!metadata->child)
		cJSON_DeleteItemFromObjectCaseSensitive(root, "metadata");
	*out = (struct wire_call){ .method = "POST", .url = wire_url(r->provider, r->provider->submit_path, NULL) };
	wire_call_json(out, root);
}

/* --- reading */

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

static bool take_id(void *id, const cJSON *item)
{
	return (*(char **)id = usable_id(item)) != NULL;
}

static bool take_word(void *word, const cJSON *item)
{
	*(const char **)word = cJSON_GetStringValue(item);
	return cJSON_IsString(item);
}

/* The status word, borrowed from the tree, or NULL. */
static const char *status_of(const struct provider *p, const cJSON *root)
{
	const char *word = NULL;

	dialect_find(p, DIALECT_STATUS, root, take_word, &word);
	return word;
}

/* What is an error by its own word; a code or a message beside an id may just be a manner of speaking. */
static bool has_error(const cJSON *root)
{
	const cJSON *error = wire_member(root, "error");
	bool empty = cJSON_IsFalse(error) || (cJSON_IsString(error) && !*error->valuestring);

	return (error && !empty) || cJSON_IsFalse(wire_member(root, "success"));
}

static void task_parse_submit(const struct provider *p, const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!wire_is_success(reply->status)) {
		wire_classify(&wire_task, STEP_SUBMIT, reply, out);
		return;
	}
	cJSON *root = wire_reply_json(reply);
	/* An error beside a status word is about a task that exists: the poll will tell. */
	bool refused = has_error(root) && !status_of(p, root);
	if (!root)
		wire_unclear(STEP_SUBMIT, wire_reply_foreign(reply), out);
	else if (refused)
		wire_classify(&wire_task, STEP_SUBMIT, reply, out);
	else if (dialect_find(p, DIALECT_ID, root, take_id, &out->task_id))
		out->cls = WIRE_ACCEPTED;
	else if (wire_reply_says_error(reply))
		wire_classify(&wire_task, STEP_SUBMIT, reply, out);
	else
		wire_unclear(STEP_SUBMIT, xasprintf("the provider answered %d without a task id (looked for at: %s; id-at of "
		                                    "[provider %s] says otherwise)", reply->status,
		                                    dialect_words(p, DIALECT_ID), p->name), out);
	cJSON_Delete(root);
}

static void task_build_poll(const struct provider *p, const char *id, struct wire_call *out)
{
	*out = (struct wire_call){ .method = "GET", .url = wire_url(p, p->poll_path, id) };
}

/* A URL, {"url": …}, or a list of either; to any depth that the parser allows. */
static void collect_urls(struct wire_result *out, const cJSON *item)
{
	const cJSON *each;

	if (cJSON_IsString(item)) {
		wire_result_add_url(out, item->valuestring);
	} else if (cJSON_IsObject(item)) {
		collect_urls(out, wire_member(item, "url"));
	} else if (cJSON_IsArray(item)) {
		cJSON_ArrayForEach(each, item)
			collect_urls(out, each);
	}
}

static bool take_urls(void *out, const cJSON *item)
{
	struct wire_result *r = out;

	collect_urls(r, item);
	return r->urls_count > 0;
}

/* Seconds since 1970; what is too large for that is taken for milliseconds. */
static int64_t seconds(const cJSON *item)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble > 0) || item->valuedouble > 1e15)
		return 0;
	return (int64_t)(item->valuedouble > 1e11 ? item->valuedouble / 1000 : item->valuedouble);
}

static bool take_seconds(void *when, const cJSON *item)
{
	return (*(int64_t *)when = seconds(item)) != 0;
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

static bool take_percent(void *progress, const cJSON *item)
{
	return (*(int *)progress = percent(item)) >= 0;
}

static bool take_cost(void *usd, const cJSON *item)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0))
		return false;
	*(double *)usd = item->valuedouble;
	return true;
}

static enum wire_class class_of_word(const struct provider *p, const char *word)
{
	return dialect_has_word(p, DIALECT_DONE, word)     ? WIRE_DONE
	       : dialect_has_word(p, DIALECT_FAILED, word) ? WIRE_FAILED
	                                                   : WIRE_RUNNING;
}

/* As much of a provider's word as is shown. */
enum { WORD_MAX = 60 };

/* It may be the provider's word for an end. */
static void note_word(const struct provider *p, const char *word, struct wire_result *out)
{
	if (dialect_has_word(p, DIALECT_RUNNING, word))
		return;
	cleanup_free char *head = xstrndup(word, WORD_MAX), *shown = text_escaped(head);
	out->reason = xasprintf("the provider says that the task is \"%s\"%s, which is taken for running", shown,
	                        strlen(word) > WORD_MAX ? "…" : "");
	out->hint = xasprintf("it is asked for again by itself; done-words, failed-words and running-words of [provider %s] "
	                      "say what its words mean", p->name);
}

static void read_done(const struct provider *p, const cJSON *root, struct wire_result *out)
{
	dialect_find(p, DIALECT_EXPIRES, root, take_seconds, &out->expires_at);
	if (dialect_find(p, DIALECT_URLS, root, take_urls, out))
		return;
	out->reason = xasprintf("the provider says that the task is complete, but names no picture (looked for at: %s)",
	                        dialect_words(p, DIALECT_URLS));
	out->hint = xasprintf("it is paid for, so nothing is sent again: look at the provider's list of tasks; if the reply "
	                      "has its address elsewhere, say so in urls-at of [provider %s]; easelfs retry asks for it "
	                      "once more, easelfs again makes a new one", p->name);
}

static void read_task(const struct provider *p, const struct wire_reply *reply, const cJSON *root,
                      struct wire_result *out)
{
	const char *status = status_of(p, root);

	if (!status) {
		if (wire_reply_says_error(reply))
			wire_classify(&wire_task, STEP_POLL, reply, out);
		else
			wire_unclear(STEP_POLL, xasprintf("the provider answered %d without a status", reply->status), out);
		return;
	}
	out->cls = class_of_word(p, status);
	dialect_find(p, DIALECT_PROGRESS, root, take_percent, &out->progress);
	dialect_find(p, DIALECT_COST, root, take_cost, &out->cost_usd);
	if (out->cls == WIRE_DONE)
		read_done(p, root, out);
	else if (out->cls == WIRE_FAILED)
		wire_failure(reply, out);
	else
		note_word(p, status, out);
}

static void task_parse_poll(const struct provider *p, const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!wire_is_success(reply->status)) {
		wire_classify(&wire_task, STEP_POLL, reply, out);
		return;
	}
	cJSON *root = wire_reply_json(reply);
	if (root)
		read_task(p, reply, root, out);
	else
		wire_unclear(STEP_POLL, wire_reply_foreign(reply), out);
	cJSON_Delete(root);
}

/* --- upload */

/* `purpose=generation`, each a part of the form. */
static void add_upload_fields(const struct provider *p, struct wire_call *out)
{
	const char *at = dialect_words(p, DIALECT_UPLOAD_FIELDS);
	cleanup_free char *field = NULL;

	for (; (field = next_word(&at)); cleanup_free_(&field)) {
		char *value = field;
		const char *name = strsep(&value, "=");
		wire_call_field(out, name, value ? value : "");
	}
}

static void task_build_upload(const struct request *r, int reference, struct wire_call *out)
{
	struct provider there = *r->provider;

	if (there.upload_url)
		there.url = there.upload_url;
	*out = (struct wire_call){ .method = "POST", .url = wire_url(&there, there.upload_path, NULL) };
	wire_call_multipart(out);
	add_upload_fields(&there, out);
	wire_call_file(out, "file", r, reference);
	wire_call_multipart_end(out);
}

static void task_parse_upload(const struct provider *p, const struct wire_reply *reply, struct wire_result *out)
{
	wire_result_init(out);
	if (!wire_is_success(reply->status)) {
		wire_classify(&wire_task, STEP_UPLOAD, reply, out);
		return;
	}
	cJSON *root = wire_reply_json(reply);
	if (dialect_find(p, DIALECT_UPLOAD, root, take_urls, out))
		out->cls = WIRE_ACCEPTED;
	else if (wire_reply_says_error(reply))
		wire_classify(&wire_task, STEP_UPLOAD, reply, out);
	else if (!root)
		wire_unclear(STEP_UPLOAD, wire_reply_foreign(reply), out);
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
