#include "cli_models.h"

#include <stdio.h>

#include <cjson/cJSON.h>

static void add_list(cJSON *to, const char *name, char *const *words)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	for (; words && *words; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
}

/* null where nothing is known. */
static void add_limit(cJSON *to, const char *name, uint64_t limit)
{
	cJSON_AddItemToObject(to, name, limit ? cJSON_CreateNumber((double)limit) : cJSON_CreateNull());
}

static void add_text(cJSON *to, const char *name, const char *text)
{
	cJSON_AddItemToObject(to, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_pixels(cJSON *to, const struct model *m)
{
	cJSON *list = cJSON_AddArrayToObject(to, "pixels");

	for (size_t i = 0; i < m->pixels_count; i++) {
		const struct pixels *x = &m->pixels[i];
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "size", x->ratio);
		add_text(one, "resolution", *x->resolution ? x->resolution : NULL);
		cJSON_AddNumberToObject(one, "width", x->width);
		cJSON_AddNumberToObject(one, "height", x->height);
		cJSON_AddItemToArray(list, one);
	}
}

static void add_references(cJSON *to, const struct model *m, const struct provider *p)
{
	cJSON *references = cJSON_AddObjectToObject(to, "references");

	cJSON_AddNumberToObject(references, "max", m->refs_max);
	add_list(references, "formats", m->ref_formats);
	add_limit(references, "bytes", p->ref_bytes);
	cJSON_AddBoolToObject(references, "files", !p->upload_path || *p->upload_path);
	cJSON_AddBoolToObject(references, "addresses", p->ref_urls);
}

static void add_headers(cJSON *to, const struct model *m)
{
	cJSON *headers = cJSON_AddObjectToObject(to, "headers");

	for (int i = 0; i < SET_COUNT; i++) {
		if (!m->takes[i])
			continue;
		cleanup_free char *values = models_header_values(m, (enum setting)i);
		cJSON_AddStringToObject(headers, setting_table[i].name, values);
	}
}

static void add_prices(cJSON *to, const struct models *all, const struct model *m)
{
	cJSON *list = cJSON_AddArrayToObject(to, "prices");

	for (size_t i = 0; i < m->prices_count; i++) {
		cJSON *one = cJSON_CreateObject();

		add_text(one, "resolution", *m->prices[i].resolution ? m->prices[i].resolution : NULL);
		cJSON_AddNumberToObject(one, "usd", m->prices[i].usd);
		cJSON_AddItemToArray(list, one);
	}
	cJSON_AddBoolToObject(to, "free", models_provider(all, m->provider)->free);
}

static cJSON *json_of(const struct models *all, const struct model *m)
{
	const struct provider *p = models_provider(all, m->provider);
	cJSON *one = cJSON_CreateObject();

	cJSON_AddStringToObject(one, "name", m->name);
	cJSON_AddStringToObject(one, "id", m->id);
	add_list(one, "aliases", m->aliases);
	cJSON_AddStringToObject(one, "provider", p->name);
	cJSON_AddStringToObject(one, "wire", p->wire);
	cJSON_AddBoolToObject(one, "key", models_has_key(all, p->name));
	add_list(one, "sizes", m->ratios);
	add_list(one, "resolutions", m->resolutions);
	add_text(one, "default_resolution", m->default_resolution);
	add_pixels(one, m);
	add_references(one, m, p);
	add_limit(one, "request_bytes", p->request_bytes);
	add_limit(one, "prompt_chars", m->prompt_chars);
	cJSON_AddNumberToObject(one, "pictures_per_task", m->n_max);
	add_headers(one, m);
	add_list(one, "formats", m->formats);
	add_list(one, "thinking", m->thinking_levels);
	add_limit(one, "thinking_budget", (uint64_t)m->thinking_budget);
	add_list(one, "search", m->search_kinds);
	add_prices(one, all, m);
	return one;
}

void models_print_json(const struct models *all, const struct model *const *rows, size_t count)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, json_of(all, rows[i]));
	char *text = cJSON_Print(list);
	puts(text);
	cJSON_free(text);
	cJSON_Delete(list);
}
