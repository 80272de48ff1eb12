/*
 * The openai wire: the Images API of OpenAI, and engines that speak it (PROVIDERS 3).  One exchange;
 * references make it a form for the other path.
 */
#include "wire.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "wire_json.h"

/* --- request */

/* The resolution is part of the size, so a row whose pixels are documented needs no field for it. */
static void add_size(cJSON *fields, const struct request *r)
{
	const char *key = r->model->resolution_key;

	if (r->width && r->height) {
		cleanup_free char *size = xasprintf("%ux%u", r->width, r->height);
		cJSON_AddStringToObject(fields, "size", size);
	} else if (r->resolution && key) {
		wire_json_put(fields, str_starts_with(key, "metadata.") ? key + strlen("metadata.") : key,
		              cJSON_CreateString(r->resolution));
	}
}

/* `quality` of a prompt is how much a JPEG is compressed; OpenAI's own `quality` is a word, and goes as
 * metadata. */
static void add_output(cJSON *fields, const struct request *r)
{
	if (r->format || r->quality >= 0)
		cJSON_AddStringToObject(fields, "output_format", r->format ? r->format : "jpeg");
	if (r->quality >= 0)
		cJSON_AddNumberToObject(fields, "output_compression", r->quality);
}

/* Some engines answer with an address if they are not told; GPT models refuse to be told. */
static void add_response_format(cJSON *fields, const struct model *m)
{
	const char *format = m->response_format;

	if (format && strcmp(format, "no"))
		cJSON_AddStringToObject(fields, "response_format", strcmp(format, "yes") ? format : "b64_json");
}

static cJSON *fields_of(const struct wire_submit *s)
{
	const struct request *r = s->request;
	cJSON *fields = cJSON_CreateObject();

	cJSON_AddStringToObject(fields, "model", r->model->id);
	cJSON_AddStringToObject(fields, "prompt", r->prompt);
	cJSON_AddNumberToObject(fields, "n", s->pictures);
	add_size(fields, r);
	add_output(fields, r);
	add_response_format(fields, r->model);
	wire_json_pass_metadata(r, fields, fields);
	/* A stream of events could not be read, and would be paid for all the same. */
	cJSON_DeleteItemFromObjectCaseSensitive(fields, "stream");
	return fields;
}

/* Text as it is, everything else as its JSON. */
static void add_form_field(struct wire_call *c, const cJSON *field)
{
	char *text = cJSON_PrintUnformatted(field);
	cJSON *plain = cJSON_Parse(text);

	wire_call_field(c, field->string, cJSON_IsString(plain) ? plain->valuestring : text);
	cJSON_Delete(plain);
	cJSON_free(text);
}

/* `image` for one and `image[]` for several; a key that ends so is meant so. */
static char *form_name(const struct request *r)
{
	const char *key = r->model->refs_key;

	/* The general default is another wire's. */
	if (!key || !strcmp(key, "image_urls"))
		key = "image";
	return xasprintf("%s%s", key, r->references_count > 1 && !str_ends_with(key, "[]") ? "[]" : "");
}

static void build_form(struct wire_call *c, const struct request *r, cJSON *fields)
{
	cleanup_free char *name = form_name(r);
	const cJSON *field;

	wire_call_multipart(c);
	cJSON_ArrayForEach(field, fields)
		add_form_field(c, field);
	for (size_t i = 0; i < r->references_count; i++) {
		if (r->references[i].is_url)
			wire_call_field(c, name, r->references[i].name);
		else
			wire_call_file(c, name, r, (int)i);
	}
	wire_call_multipart_end(c);
	cJSON_Delete(fields);
}

static void openai_build_submit(const struct wire_submit *s, struct wire_call *out)
{
	const struct request *r = s->request;
	const char *path = r->references_count ? r->provider->edit_path : r->provider->submit_path;

	*out = (struct wire_call){ .method = "POST", .url = wire_url(r->provider, path, r->model->id) };
	if (r->references_count)
		build_form(out, r, fields_of(s));
	else
		wire_call_json(out, fields_of(s));
}

/* --- reply */

struct answer {
	const struct wire_reply *reply;
	struct wire_files files;
	struct wire_result *out;
	bool recognised;              /* there is a place for pictures, if nothing in it */
	char *flaw;                   /* of the first picture that cannot be used */
};

/* Whether the item is a picture that can be used. */
static bool take_file(struct answer *a, const cJSON *item)
{
	int file = wire_files_take(&a->files, item);

	if (file < 0)
		return false;
	char *flaw = wire_file_flaw(a->reply, file);
	if (!flaw) {
		wire_result_add_file(a->out, file);
		return true;
	}
	wire_result_note(a->out, "picture %d of the reply was passed over: %s", file + 1, flaw);
	if (a->flaw)
		free(flaw);
	else
		a->flaw = flaw;
	return false;
}

/* {"b64_json": …}, {"url": …}, an address, or a list of these.  The bytes come before the address. */
static void take_picture(struct answer *a, const cJSON *item)
{
	const cJSON *each;

	if (cJSON_IsString(item)) {
		wire_result_add_url(a->out, item->valuestring);
	} else if (cJSON_IsArray(item)) {
		cJSON_ArrayForEach(each, item)
			take_picture(a, each);
	} else if (cJSON_IsObject(item) && !take_file(a, wire_member(item, "b64_json")) &&
	           !take_file(a, wire_member(item, "url"))) {
		each = wire_member(item, "url");
		if (!cJSON_IsObject(each))
			take_picture(a, each);
	}
}

static bool has_any(const struct answer *a)
{
	return a->out->files_count || a->out->urls_count;
}

/* `data` is OpenAI's; engines were seen to use the others. */
static void find_pictures(struct answer *a, const cJSON *root)
{
	static const char *const places[] = { "data", "images" };

	for (size_t i = 0; i < ARRAY_LEN(places) && !has_any(a); i++) {
		const cJSON *place = wire_member(root, places[i]);
		a->recognised |= cJSON_IsArray(place) || cJSON_IsObject(place);
		take_picture(a, place);
	}
	if (!has_any(a) && cJSON_IsObject(root))
		take_picture(a, root);
}

static void read_failure(struct answer *a)
{
	a->out->cls = WIRE_FAILED;
	a->out->reason = a->flaw ? steal_pointer(&a->flaw) : xstrdup("the provider's answer has no picture in it");
	a->out->hint = xstrdup("retry asks once more, and may be charged again");
}

static void read_answer(const struct wire_reply *reply, const cJSON *root, struct wire_result *out)
{
	struct answer a = { .reply = reply, .out = out };

	wire_files_init(&a.files, reply);
	find_pictures(&a, cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 0) : root);
	if (has_any(&a))
		out->cls = WIRE_DONE;
	else if (wire_reply_says_error(reply))
		wire_classify(&wire_openai, STEP_SUBMIT, reply, out);
	else if (a.recognised || a.flaw)
		read_failure(&a);
	else
		wire_unclear(STEP_SUBMIT, xasprintf("the provider answered %d without a picture and without a reason",
		                                    reply->status), out);
	wire_result_note_urls(out);
	free(a.flaw);
	wire_files_release(&a.files);
}

static void openai_parse_submit(const struct provider *p, const struct wire_reply *reply, struct wire_result *out)
{
	(void)p;
	wire_read_submit(&wire_openai, reply, out, read_answer);
}

static const char *const spilled[] = { "b64_json", "url:data", NULL };

const struct wire wire_openai = {
	.name = "openai",
	.synchronous = true,
	.inline_refs = true,
	.spilled = spilled,
	.build_submit = openai_build_submit,
	.parse_submit = openai_parse_submit,
};
