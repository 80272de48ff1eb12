#include "wire_json.h"

#include <ctype.h>
#include <string.h>

/* --- writing */

cJSON *wire_json_in_case(const char *s, int (*convert)(int))
{
	cleanup_free char *copy = xstrdup(s);

	for (char *c = copy; *c; c++)
		*c = (char)convert((unsigned char)*c);
	return cJSON_CreateString(copy);
}

void wire_json_put(cJSON *root, const char *path, cJSON *item)
{
	for (const char *dot; (dot = strchr(path, '.')); path = dot + 1) {
		cleanup_free char *name = xstrndup(path, (size_t)(dot - path));
		cJSON *next = cJSON_GetObjectItemCaseSensitive(root, name);

		root = next ? next : cJSON_AddObjectToObject(root, name);
	}
	cJSON_AddItemToObject(root, path, item);
}

void wire_json_pass(cJSON *to, const char *name, const char *json)
{
	cJSON *there = cJSON_GetObjectItemCaseSensitive(to, name);

	if (!there) {
		cJSON_AddRawToObject(to, name, json);
		return;
	}
	cJSON *more = cJSON_IsObject(there) ? cJSON_Parse(json) : NULL;
	const cJSON *item;
	cJSON_ArrayForEach(item, more) {
		char *text = item->string ? cJSON_PrintUnformatted(item) : NULL;

		if (text)
			wire_json_pass(there, item->string, text);
		cJSON_free(text);
	}
	cJSON_Delete(more);
}

void wire_json_pass_metadata(const struct request *r, cJSON *top, cJSON *inner)
{
	for (size_t i = 0; i < r->metadata_count; i++) {
		const char *name = r->metadata[i].name;
		bool is_top = *name == '/';

		wire_json_pass(is_top ? top : inner, name + is_top, r->metadata[i].json);
	}
}

/* --- reading */

const cJSON *wire_member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

static bool is_spelling_of(const char *s, const char *name)
{
	for (;; s++, name++) {
		s += strspn(s, "_");
		if (tolower((unsigned char)*s) != tolower((unsigned char)*name))
			return false;
		if (!*s)
			return true;
	}
}

const cJSON *wire_member_spelled(const cJSON *object, const char *name)
{
	const cJSON *item;

	if (!cJSON_IsObject(object))
		return NULL;
	cJSON_ArrayForEach(item, object)
		if (item->string && !cJSON_IsNull(item) && is_spelling_of(item->string, name))
			return item;
	return NULL;
}

cJSON *wire_reply_json(const struct wire_reply *reply)
{
	return reply->len ? cJSON_ParseWithLength(reply->body, reply->len) : NULL;
}

char *wire_reply_foreign(const struct wire_reply *reply)
{
	struct wire_error e;

	wire_error_read(reply->body, reply->len, &e);
	const char *what = e.html ? "an HTML page" : reply->len ? "something that is not understood" : "nothing";
	char *text = xasprintf("the provider answered with %s (%d)", what, reply->status);
	wire_error_release(&e);
	return text;
}

bool wire_reply_says_error(const struct wire_reply *reply)
{
	struct wire_error e;

	wire_error_read(reply->body, reply->len, &e);
	bool is_error = e.is_error;
	wire_error_release(&e);
	return is_error;
}

void wire_read_submit(const struct wire *w, const struct wire_reply *reply, struct wire_result *out,
                      void (*read)(const struct wire_reply *reply, const cJSON *root, struct wire_result *out))
{
	wire_result_init(out);
	if (!wire_is_success(reply->status)) {
		wire_classify(w, STEP_SUBMIT, reply, out);
		return;
	}
	cJSON *root = wire_reply_json(reply);
	if (root)
		read(reply, root, out);
	else
		wire_unclear(STEP_SUBMIT, wire_reply_foreign(reply), out);
	cJSON_Delete(root);
}

void wire_files_init(struct wire_files *f, const struct wire_reply *reply)
{
	*f = (struct wire_files){ reply, xcalloc(reply->files_count + 1, sizeof(bool)) };
}

void wire_files_release(struct wire_files *f)
{
	free(f->taken);
	f->taken = NULL;
}

int wire_files_take(struct wire_files *f, const cJSON *item)
{
	double number = cJSON_IsNumber(item) ? item->valuedouble : -1;

	if (!(number >= 0 && number < (double)f->reply->files_count) || number != (double)(int)number)
		return -1;
	int file = (int)number;
	if (f->taken[file] || f->reply->files[file].empty)
		return -1;
	f->taken[file] = true;
	return file;
}

char *wire_file_flaw(const struct wire_reply *reply, int file)
{
	const struct wire_file *f = &reply->files[file];

	if (f->bad)
		return xasprintf("the picture's base64 is damaged: %s", f->bad);
	return f->complete ? NULL : xstrdup("the reply ended in the middle of the picture");
}
