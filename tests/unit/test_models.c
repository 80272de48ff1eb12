#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models.h"
#include "models_internal.h"

static struct models *load(const char *config)
{
	struct error e = ERROR_INIT;
	struct models *m = models_load(config, config ? strlen(config) : 0, "config", &e);

	if (!m)
		fail_msg("the table was refused: %s", e.text);
	return m;
}

static void expect_refusal(const char *config, const char *text)
{
	cleanup_error struct error e = ERROR_INIT;
	struct models *m = models_load(config, strlen(config), "config", &e);

	if (m)
		fail_msg("accepted: %s", config);
	assert_string_equal(e.text, text);
}

static void expect_list(char *const *list, const char *words)
{
	cleanup_buf struct buf b = BUF_INIT;

	for (; *list; list++)
		buf_fmt(&b, "%s%s", b.len ? " " : "", *list);
	assert_string_equal(b.data ? b.data : "", words);
}

static void expect_pixels(const struct model *m, const char *ratio, const char *resolution, unsigned w,
                          unsigned h)
{
	const struct pixels *x = model_pixels(m, ratio, resolution);

	if (!x)
		fail_msg("%s has no size for %s at %s", m->name, ratio, resolution ? resolution : "its default");
	assert_int_equal(x->width, w);
	assert_int_equal(x->height, h);
}

static void toapis_is_as_its_pages_say(void **state)
{
	struct models *m = load(NULL);
	const struct provider *p = models_provider(m, "ToAPIs");

	(void)state;
	assert_string_equal(p->wire, "task");
	assert_string_equal(p->url, "https://toapis.com");
	assert_string_equal(p->key_env, "TOAPIS_API_KEY");
	assert_int_equal(p->auth, AUTH_BEARER);
	assert_true(p->first_look == 5 && p->poll_min == 5 && p->poll_max == 60);
	assert_int_equal(p->submit_per_minute, 300);
	assert_int_equal(p->query_per_minute, 3000);
	assert_int_equal(p->ref_bytes, 10000000);
	assert_true(p->has_lookup);
	assert_false(p->free);
	assert_string_equal(p->submit_path, "/v1/images/generations");
	assert_string_equal(p->poll_path, "/v1/images/generations/{id}");
	assert_string_equal(p->upload_path, "/v1/uploads/images");
	models_unref(m);
}

static void all_providers_are_there(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	assert_string_equal(models_provider(m, "tokaify")->url, "https://api.tokaify.com");
	assert_int_equal(models_provider(m, "google")->auth, AUTH_X_GOOG_API_KEY);
	assert_string_equal(models_provider(m, "google")->key_env, "GEMINI_API_KEY GOOGLE_API_KEY");
	assert_string_equal(models_provider(m, "openai")->wire, "openai");
	assert_int_equal(models_provider(m, "local")->auth, AUTH_NONE);
	assert_true(models_provider(m, "local")->free);
	assert_null(models_provider(m, "nobody"));
	const struct provider *sandbox = models_provider(m, "sandbox");
	assert_true(sandbox->free && sandbox->has_lookup);
	assert_true(sandbox->first_look == 0.3 && sandbox->poll_min == 0.5 && sandbox->poll_max == 2);
	assert_string_equal(sandbox->key_env, "EASELFS_SANDBOX_KEY");
	assert_string_equal(sandbox->url, "");
	assert_int_equal(sandbox->submit_per_minute, 0);
	models_unref(m);
}

static void nano_banana_is_as_its_page_says(void **state)
{
	struct models *m = load(NULL);
	const struct model *x = models_model(m, "nano-banana", NULL);

	(void)state;
	assert_ptr_equal(x, &m->models[0]);
	assert_string_equal(x->id, "gemini-2.5-flash-image-preview");
	assert_string_equal(x->provider, "toapis");
	expect_list(x->ratios, "1:1 16:9 9:16 4:3 3:4 3:2 2:3");
	expect_list(x->resolutions, "1K");
	expect_list(x->ref_formats, "jpeg png webp");
	assert_int_equal(x->n_max, 1);
	assert_int_equal(x->refs_max, 14);
	assert_int_equal(x->prompt_chars, 1000);
	assert_string_equal(x->resolution_key, "metadata.resolution");
	assert_string_equal(x->refs_key, "image_urls");
	assert_int_equal(x->refs_form, REFS_STRINGS);
	assert_true(x->takes[SET_SIZE] && x->takes[SET_RESOLUTION] && x->takes[SET_REFS] && x->takes[SET_N]);
	assert_false(x->takes[SET_PEOPLE] || x->takes[SET_SEARCH] || x->takes[SET_SYSTEM]);
	expect_pixels(x, "16:9", NULL, 1792, 1024);
	expect_pixels(x, "3:4", "1k", 1024, 1365);
	assert_null(model_pixels(x, "21:9", NULL));
	assert_true(model_price(m, x, NULL) < 0);
	models_unref(m);
}

static void the_family_at_toapis_is_as_its_pages_say(void **state)
{
	static const struct { const char *name, *id, *resolutions; unsigned ratios, refs; bool official, thinks; } rows[] = {
		{ "nano-banana-official", "gemini-2.5-flash-image-official", "", 10, 3, true, false },
		{ "nano-banana-2", "gemini-3.1-flash-image-preview", "0.5K 1K 2K 4K", 14, 14, false, false },
		{ "nano-banana-2-official", "gemini-3.1-flash-image-preview-official", "1K 2K 4K", 12, 14, true, true },
		{ "nano-banana-2-lite-official", "gemini-3.1-flash-image-preview-official", "1K 2K 4K", 12, 14, true, true },
		{ "nano-banana-pro", "gemini-3-pro-image-preview", "1K 2K 4K", 10, 14, false, false },
		{ "nano-banana-pro-official", "gemini-3-pro-image-preview-official", "1K 2K 4K", 10, 14, true, true },
	};
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct model *x = models_model(m, rows[i].name, "toapis");
		unsigned ratios = 0;

		assert_non_null(x);
		assert_string_equal(x->id, rows[i].id);
		assert_ptr_equal(models_model(m, rows[i].id, "toapis"), x);
		expect_list(x->resolutions, rows[i].resolutions);
		while (x->ratios[ratios])
			ratios++;
		assert_int_equal(ratios, rows[i].ratios);
		assert_int_equal(x->refs_max, rows[i].refs);
		assert_int_equal(x->n_max, 1);
		assert_int_equal(x->takes[SET_PEOPLE] && x->takes[SET_TEMPERATURE] && x->takes[SET_SAFETY], rows[i].official);
		assert_int_equal(x->takes[SET_THINKING], rows[i].thinks);
	}
	models_unref(m);
}

static size_t length(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static void the_other_models_at_toapis_are_as_its_pages_say(void **state)
{
	static const struct { const char *id, *resolutions, *formats; unsigned ratios, n, refs, chars; } rows[] = {
		{ "gpt-image-2", "1K 2K 4K", "jpeg png webp", 13, 1, 16, 32000 },
		{ "gpt-image-2-vip", "1K 2K 4K", "jpeg png webp", 13, 1, 16, 32000 },
		{ "gpt-image-2-official", "1K 2K 4K", "jpeg png webp", 13, 1, 16, 32000 },
		{ "gpt-4o-image", "", "jpeg png webp", 3, 1, 5, 0 },
		{ "doubao-seedream-4-0", "1K 2K 4K", "jpeg png", 9, 15, 10, 0 },
		{ "doubao-seedream-4-5", "2K 4K", "jpeg png", 9, 15, 10, 0 },
		{ "doubao-seedream-5-0", "2K 3K", "jpeg png", 9, 15, 10, 0 },
		{ "doubao-seedream-5-0-pro", "1K 2K", "jpeg png", 9, 10, 10, 0 },
		{ "flux-2-pro", "1K 2K", "jpeg png webp", 7, 1, 8, 0 },
		{ "flux-2-flex", "1K 2K", "jpeg png webp", 7, 1, 8, 0 },
		{ "flux-kontext-pro", "", "jpeg png webp", 7, 1, 1, 0 },
		{ "flux-kontext-max", "", "jpeg png webp", 7, 1, 1, 0 },
	};
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct model *x = models_model(m, rows[i].id, "toapis");

		assert_non_null(x);
		assert_string_equal(x->id, rows[i].id);
		expect_list(x->resolutions, rows[i].resolutions);
		expect_list(x->ref_formats, rows[i].formats);
		assert_int_equal(length(x->ratios), rows[i].ratios);
		assert_int_equal(x->n_max, rows[i].n);
		assert_int_equal(x->refs_max, rows[i].refs);
		assert_int_equal(x->prompt_chars, rows[i].chars);
	}
	const struct model *gpt = models_model(m, "gpt-image-2", "toapis");
	assert_string_equal(gpt->resolution_key, "resolution");
	assert_true(gpt->resolution_lower);
	assert_string_equal(gpt->refs_key, "reference_images");
	assert_string_equal(models_model(m, "seedream-4", "toapis")->resolution_key, "metadata.resolution");
	models_unref(m);
}

static void the_synchronous_providers_are_as_their_pages_say(void **state)
{
	static const struct { const char *provider, *id, *resolutions, *thinking, *search; unsigned ratios, refs; double price; } rows[] = {
		{ "tokaify", "gemini-2.5-flash-image", "", "", "", 10, 14, -1 },
		{ "google", "gemini-nano-banana-2.1", "1K 2K 4K", "minimal medium high", "web image", 14, 14, 0.0336 },
		{ "google", "gemini-3.1-flash-image", "512 1K 2K 4K", "minimal high", "web image", 14, 14, 0.067 },
		{ "google", "gemini-3.1-flash-lite-image", "1K", "minimal high", "", 10, 14, 0.0336 },
		{ "google", "gemini-3-pro-image", "1K 2K 4K", "", "web", 10, 14, 0.134 },
		{ "google", "gemini-2.5-flash-image", "", "", "", 10, 14, 0.039 },
		{ "openai", "gpt-image-2", "1K 2K 4K", "", "", 15, 16, -1 },
		{ "openai", "gpt-image-1.5", "", "", "", 3, 16, -1 },
		{ "openai", "gpt-image-1-mini", "", "", "", 3, 16, -1 },
		{ "openai", "gpt-image-1", "", "", "", 3, 16, -1 },
	};
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct model *x = models_model(m, rows[i].id, rows[i].provider);

		assert_string_equal(x->id, rows[i].id);
		expect_list(x->resolutions, rows[i].resolutions);
		expect_list(x->thinking_levels, rows[i].thinking);
		expect_list(x->search_kinds, rows[i].search);
		assert_int_equal(length(x->ratios), rows[i].ratios);
		assert_int_equal(x->refs_max, rows[i].refs);
		assert_true(model_price(m, x, NULL) == rows[i].price);
	}
	expect_list(models_model(m, "nano-banana", "tokaify")->ref_formats, "png jpeg webp heic heif");
	assert_true(models_model(m, "nano-banana", "tokaify")->takes[SET_CANDIDATES]);
	assert_false(models_model(m, "nano-banana-2.1", "google")->takes[SET_CANDIDATES]);
	assert_int_equal(models_provider(m, "tokaify")->request_bytes, 20000000);
	assert_int_equal(models_provider(m, "google")->request_bytes, 20000000);
	assert_int_equal(models_provider(m, "toapis")->request_bytes, 0);
	assert_false(models_provider(m, "openai")->ref_urls);
	models_unref(m);
}

static void the_sister_gateways_are_as_their_pages_say(void **state)
{
	struct models *m = load(NULL);
	const struct model *two = models_model(m, "nano-banana-2", "evolink");
	const struct model *pro = models_model(m, "nano-banana-pro", "evolink");
	const struct model *mart = models_model(m, "nano-banana-2", "apimart");

	(void)state;
	assert_string_equal(two->resolution_key, "quality");
	assert_string_equal(two->default_resolution, "2K");
	assert_int_equal(two->prompt_chars, 2000);
	expect_pixels(two, "16:9", NULL, 2752, 1536);
	assert_int_equal(pro->refs_max, 10);
	assert_string_equal(pro->resolution_key, "quality");
	assert_string_equal(mart->resolution_key, "resolution");
	assert_string_equal(mart->default_resolution, "1K");
	assert_int_equal(models_provider(m, "apimart")->ref_bytes, 20000000);
	assert_string_equal(models_provider(m, "apimart")->key_env, "APIMART_API_KEY");
	assert_string_equal(models_provider(m, "evolink")->key_env, "EVOLINK_API_KEY");
	assert_false(models_provider(m, "evolink")->has_lookup || models_provider(m, "apimart")->has_lookup);
	models_unref(m);
}

/* Multiples of 16, ratio up to 3:1, sides up to 3840, 655,360 to 8,294,400 pixels, and the ratio exactly. */
static void sizes_of_gpt_image_2_are_such_as_it_takes(void **state)
{
	struct models *m = load(NULL);
	const struct model *x = models_model(m, "gpt-image-2", "openai");

	(void)state;
	assert_int_equal(x->pixels_count, 45);
	for (size_t i = 0; i < x->pixels_count; i++) {
		const struct pixels *p = &x->pixels[i];
		unsigned a, b, w = p->width, h = p->height;

		assert_int_equal(sscanf(p->ratio, "%u:%u", &a, &b), 2);
		if (w % 16 || h % 16 || w > 3840 || h > 3840 || w * h < 655360 || w * h > 8294400 || w > 3 * h ||
		    h > 3 * w || w * b != h * a)
			fail_msg("%s at %s: %ux%u", p->ratio, p->resolution, w, h);
	}
	models_unref(m);
}

static void every_row_is_sane(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < m->providers_count; i++) {
		const struct provider *p = &m->providers[i];
		bool task = !strcmp(p->wire, "task");

		assert_true(p->submit_path && *p->submit_path == '/');
		assert_true(task == (p->poll_path != NULL) && (!task || strstr(p->poll_path, "{id}")));
		assert_true(*p->url ? !strncmp(p->url, "http", 4) : provider_is_sandbox(m, p));
		assert_true((p->auth == AUTH_NONE) == (p->key_env == NULL) || provider_is_sandbox(m, p));
		assert_true(p->first_look > 0 && p->poll_min > 0 && p->poll_max >= p->poll_min && p->ref_bytes);
		assert_true(!p->request_bytes || p->ref_bytes / 3 * 4 <= p->request_bytes);
	}
	for (size_t i = 0; i < m->models_count; i++) {
		const struct model *x = &m->models[i];

		assert_ptr_equal(models_model(m, x->name, x->provider), x);
		assert_string_equal(models_model(m, x->id, x->provider)->id, x->id);
		assert_true(x->n_max >= 1 && x->n_max <= 16 && x->refs_max && *x->ratios && *x->ref_formats);
		assert_true(!x->default_resolution || list_has(x->resolutions, x->default_resolution));
		assert_true(!x->takes[SET_QUALITY] || *x->quality_formats);
		assert_true(x->takes[SET_FORMAT] == (*x->formats != NULL));
		for (size_t k = 0; k < x->pixels_count; k++)
			for (size_t j = 0; j < k; j++)
				assert_false(!strcmp(x->pixels[k].ratio, x->pixels[j].ratio) &&
				             !strcmp(x->pixels[k].resolution, x->pixels[j].resolution));
	}
	models_unref(m);
}

static const char *new_list(const struct key *k)
{
	static const struct { const char *name, *value; } lists[] = {
		{ "ratios", "1:1 8:3" }, { "resolutions", "1K 7K" }, { "ref-formats", "png bmp" }, { "formats", "webp" },
		{ "quality-formats", "webp" }, { "search", "image" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (!strcmp(lists[i].name, k->name))
			return lists[i].value;
	return "other";
}

static const char *last_word(const char *words)
{
	const char *blank = strrchr(words, ' ');

	return blank ? blank + 1 : words;
}

/* A value that no built-in row has, by kind. */
static const char *new_value(const struct key *k)
{
	switch (k->kind) {
	case KEY_TEXT:
		return !strcmp(k->name, "pixels") ? "local" : !strcmp(k->name, "default-resolution") ? "1K" :
		       k->check ? "/other" : "other";
	case KEY_WORDS:
		return k->check && k->check("other") ? "/other" : "other";
	case KEY_PATH:
		return "/other";
	case KEY_URL:
		return "https://other.example";
	case KEY_WIRE:
		return "openai";
	case KEY_LIST:
		return new_list(k);
	case KEY_SECONDS:
	case KEY_INT:
	case KEY_UNSIGNED:
	case KEY_LONG:
	case KEY_SIZE:
	case KEY_COUNT:
		return "7";
	case KEY_YES:
		return "yes";
	case KEY_AUTH:
		return "none";
	case KEY_FORM:
		return "objects";
	case KEY_TAKES:
		return "format";
	case KEY_NARROW:
		return "1K 8:3";
	case KEY_PRICES:
		return "0.77";
	}
	return NULL;
}

static bool has_new_value(const void *row, const struct key *k)
{
	const void *at = (const char *)row + k->offset;
	const struct model *m = row;
	const char *text = new_value(k);

	switch (k->kind) {
	case KEY_TEXT:
	case KEY_WORDS:
	case KEY_PATH:
	case KEY_URL:
	case KEY_WIRE:
		return *(char *const *)at && !strcmp(*(char *const *)at, text);
	case KEY_LIST:
		return list_has(*(char **const *)at, last_word(text));
	case KEY_SECONDS:
		return *(const double *)at == 7;
	case KEY_INT:
	case KEY_UNSIGNED:
		return *(const int *)at == 7;
	case KEY_LONG:
		return *(const long *)at == 7;
	case KEY_SIZE:
	case KEY_COUNT:
		return *(const uint64_t *)at == 7;
	case KEY_YES:
		return *(const bool *)at;
	case KEY_AUTH:
		return *(const enum auth *)at == AUTH_NONE;
	case KEY_FORM:
		return *(const enum refs_form *)at == REFS_OBJECTS;
	case KEY_TAKES:
		return m->takes[SET_FORMAT] && !m->takes[SET_TEMPERATURE];
	case KEY_NARROW:
		return m->narrow_resolution && list_has(m->narrow_ratios, "8:3");
	case KEY_PRICES:
		return m->prices_count == 1 && m->prices[0].usd == 0.77;
	}
	return false;
}

/* What it needs beside it: an upload-url must fit the url, a default resolution the list. */
static const char *companion(const struct key *k)
{
	return !strcmp(k->name, "upload-url") ? "url = https://other.example\n" :
	       !strcmp(k->name, "default-resolution") ? "resolutions = 1K\n" : "";
}

static void every_key_of_every_provider_can_be_overridden(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < m->providers_count; i++)
		for (size_t k = 0; k < provider_keys.count; k++) {
			const struct key *key = &provider_keys.keys[k];
			cleanup_free char *config = xasprintf("[provider %s]\n%s = %s\n%s", m->providers[i].name, key->name,
			                                      new_value(key), companion(key));
			struct models *mine = load(config);

			if (!has_new_value(models_provider(mine, m->providers[i].name), key))
				fail_msg("without effect: %s", config);
			models_unref(mine);
		}
	models_unref(m);
}

static void every_key_of_every_model_can_be_overridden(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	for (size_t i = 0; i < m->models_count; i++)
		for (size_t k = 0; k < model_keys.count; k++) {
			const struct key *key = &model_keys.keys[k];
			const struct model *x = &m->models[i];

			if (!strcmp(key->name, "provider"))
				continue;
			cleanup_free char *config = xasprintf("[model %s]\nprovider = %s\n%s = %s\n%s", x->name, x->provider,
			                                      key->name, new_value(key), companion(key));
			struct models *mine = load(config);

			if (!has_new_value(models_model(mine, x->name, x->provider), key))
				fail_msg("without effect: %s", config);
			assert_int_equal(mine->models_count, m->models_count);
			models_unref(mine);
		}
	models_unref(m);
}

static void sizes_of_the_3_models_are_those_of_the_table(void **state)
{
	struct models *m = load(NULL);
	const struct model *two = models_model(m, "nano-banana-2", "toapis");
	const struct model *google = models_model(m, "nano-banana-2", "google");
	const struct model *official = models_model(m, "nano-banana-official", "toapis");

	(void)state;
	expect_pixels(two, "16:9", NULL, 1376, 768);
	expect_pixels(two, "8:1", "4K", 12288, 1536);
	expect_pixels(two, "21:9", "512", 792, 336);
	expect_pixels(two, "1:1", "0.5k", 512, 512);
	expect_pixels(google, "1:1", "0.5K", 512, 512);
	assert_string_equal(model_pixels(two, "1:1", "512")->resolution, "0.5K");
	assert_string_equal(model_pixels(google, "1:1", "512")->resolution, "512");
	expect_pixels(official, "21:9", NULL, 1536, 672);
	assert_int_equal(two->pixels_count, 14 * 4);
	assert_int_equal(official->pixels_count, 10);
	models_unref(m);
}

static void prices_are_known_where_they_are_documented(void **state)
{
	struct models *m = load(NULL);
	const struct model *two = models_model(m, "nano-banana-2", "google");

	(void)state;
	assert_true(model_price(m, two, "512") == 0.045);
	assert_true(model_price(m, two, "0.5K") == 0.045);
	assert_true(model_price(m, two, NULL) == 0.067);
	assert_true(model_price(m, two, "4K") == 0.151);
	assert_true(model_price(m, models_model(m, "nano-banana", "google"), NULL) == 0.039);
	assert_true(model_price(m, models_model(m, "nano-banana-pro", "google"), "2K") == 0.134);
	assert_true(model_price(m, models_model(m, "nano-banana-2", "toapis"), "4K") < 0);
	assert_true(model_price(m, models_model(m, "local", NULL), NULL) == 0);
	models_unref(m);
}

static void a_name_comes_before_an_alias_and_the_provider_limits(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	assert_string_equal(models_model(m, "NANO-banana", "google")->id, "gemini-2.5-flash-image");
	assert_string_equal(models_model(m, "gemini-3.1-flash-image-preview", NULL)->provider, "toapis");
	assert_string_equal(models_model(m, "gemini-3.1-flash-image-preview", "google")->id, "gemini-3.1-flash-image");
	assert_null(models_model(m, "nano-banana", "openai"));
	assert_null(models_model(m, "nano", NULL));
	models_unref(m);
}

static void the_configuration_overrides_single_keys(void **state)
{
	struct models *m = load("[defaults]\nmodel = x\nwhatever = 1\n"
	                        "[provider toapis]\nurl = https://api.toapis.cn/v1/\nref_bytes: 20 MB\n"
	                        "[model nano-banana]\nprovider = toapis\nprompt-chars = 5000\n");
	const struct model *x = models_model(m, "nano-banana", "toapis");

	(void)state;
	assert_string_equal(models_provider(m, "toapis")->url, "https://api.toapis.cn");
	assert_int_equal(models_provider(m, "toapis")->ref_bytes, 20000000);
	assert_int_equal(models_provider(m, "toapis")->submit_per_minute, 300);
	assert_int_equal(x->prompt_chars, 5000);
	assert_int_equal(x->refs_max, 14);
	assert_int_equal(models_model(m, "nano-banana", "google")->prompt_chars, 0);
	models_unref(m);
}

/* What is added at the end of a configuration, such as the sandbox's address, may follow on its like. */
static void two_sections_of_one_name_are_two_also_side_by_side(void **state)
{
	struct models *m = load("[provider sandbox]\nurl = http://a\n\n[provider sandbox]\nurl = http://b\n");

	(void)state;
	assert_string_equal(models_provider(m, "sandbox")->url, "http://b");
	assert_string_equal(models_provider(m, "sandbox-gemini")->url, "http://b");
	models_unref(m);
}

static void without_a_provider_the_override_holds_for_all_of_that_name(void **state)
{
	struct models *m = load("[model nano-banana]\nprompt-chars = 77\n");

	(void)state;
	assert_int_equal(models_model(m, "nano-banana", "toapis")->prompt_chars, 77);
	assert_int_equal(models_model(m, "nano-banana", "google")->prompt_chars, 77);
	models_unref(m);
}

static void a_new_row_begins_with_the_one_that_has_its_id(void **state)
{
	struct models *m = load("[model my-house-model]\nprovider = toapis\nid = gemini-3.1-flash-image-preview\n"
	                        "resolutions = 1K 2K\n");
	const struct model *x = models_model(m, "my-house-model", NULL);

	(void)state;
	assert_string_equal(x->id, "gemini-3.1-flash-image-preview");
	assert_string_equal(x->provider, "toapis");
	expect_list(x->resolutions, "1K 2K");
	expect_list(x->search_kinds, "web image");
	assert_int_equal(x->pixels_count, 28);
	assert_true(x->chosen);
	/* The row that it began with is as it was. */
	expect_list(models_model(m, "gemini-3.1-flash-image-preview", "toapis")->resolutions, "0.5K 1K 2K 4K");
	models_unref(m);
}

static void a_new_row_without_a_provider_is_there_at_each_that_offers_the_id(void **state)
{
	struct models *m = load("[model house]\nid = gemini-3-pro-image-preview\nn-max = 2\n");

	(void)state;
	assert_int_equal(models_model(m, "house", "toapis")->n_max, 2);
	assert_non_null(models_model(m, "house", "tokaify"));
	/* Google knows it by another id. */
	assert_string_equal(models_model(m, "house", "google")->id, "gemini-3-pro-image");
	assert_string_equal(models_model(m, "house", "tokaify")->id, "gemini-3-pro-image-preview");
	assert_null(models_model(m, "house", "openai"));
	assert_false(models_model(m, "house", "toapis")->chosen);
	models_unref(m);
}

static void a_new_row_of_nothing_known_has_sane_defaults(void **state)
{
	struct models *m = load("[provider studio]\nurl = http://10.0.0.7:8080\nauth = none\n"
	                        "[model painter]\nprovider = studio\n");
	const struct model *x = models_model(m, "painter", NULL);

	(void)state;
	assert_string_equal(x->id, "painter");
	assert_int_equal(x->n_max, 1);
	expect_list(x->resolutions, "");
	assert_string_equal(x->ratios[0], "1:1");
	assert_string_equal(models_provider(m, "studio")->wire, "task");
	assert_string_equal(models_provider(m, "studio")->submit_path, "/v1/images/generations");
	models_unref(m);
}

static void like_copies_another_row_and_pixels_may_be_added(void **state)
{
	struct models *m = load("[pixels mine]\n1K = 1:1 1000x1000\n"
	                        "[model a]\nlike = nano-banana-pro\npixels = mine\n");
	const struct model *x = models_model(m, "a", NULL);

	(void)state;
	assert_string_equal(x->id, "a");
	assert_string_equal(x->provider, "toapis");
	expect_pixels(x, "1:1", "1K", 1000, 1000);
	assert_null(model_pixels(x, "1:1", "2K"));
	models_unref(m);
}

static void a_provider_like_another_takes_what_it_does_not_say(void **state)
{
	struct models *m = load("[provider cn]\nlike = toapis\nuser-agent = mine\n"
	                        "[provider toapis]\npoll-max = 99\nkey-file = /k\npoll-path = /p/{id}\nid-at = number\n");
	const struct provider *p = models_provider(m, "cn");

	(void)state;
	assert_string_equal(p->url, "https://toapis.com");
	assert_string_equal(p->key_env, "TOAPIS_API_KEY");
	assert_string_equal(p->key_file, "/k");
	assert_string_equal(p->poll_path, "/p/{id}");
	assert_string_equal(p->submit_path, "/v1/images/generations");
	assert_string_equal(p->dialect[DIALECT_ID], "number");
	assert_string_equal(p->user_agent, "mine");
	assert_true(p->poll_max == 99 && p->has_lookup && p->submit_per_minute == 300 && p->ref_bytes == 10000000);
	assert_string_equal(models_provider(m, "toapis")->user_agent, "easelfs");
	models_unref(m);
}

static void a_provider_with_an_address_of_its_own_gets_nobodys_key(void **state)
{
	struct models *m = load("[provider toapis]\nkey-file = /k\nca-file = /c\nfree = yes\n"
	                        "[provider mirror]\nlike = toapis\nurl = https://mirror.example\n"
	                        "[provider third]\nlike = mirror\n");
	const struct provider *p = models_provider(m, "mirror");

	(void)state;
	assert_null(p->key_env);
	assert_null(p->key_file);
	assert_null(p->ca_file);
	assert_false(p->free);
	assert_true(p->has_lookup);
	assert_string_equal(models_provider(m, "third")->url, "https://mirror.example");
	assert_null(models_provider(m, "third")->key_env);
	models_unref(m);
}

static void a_provider_with_a_wire_of_its_own_has_that_wires_paths(void **state)
{
	struct models *m = load("[provider toapis]\nsubmit-path = /odd\nid-at = number\n"
	                        "[provider g]\nlike = toapis\nwire = gemini\n[provider t]\nlike = toapis\nwire = task\n");
	const struct provider *g = models_provider(m, "g"), *t = models_provider(m, "t");

	(void)state;
	assert_string_equal(g->submit_path, "/v1beta/models/{model}:generateContent");
	assert_null(g->poll_path);
	assert_null(g->dialect[DIALECT_ID]);
	assert_string_equal(g->url, "https://toapis.com");
	assert_string_equal(t->submit_path, "/odd");
	models_unref(m);
}

static void an_address_that_the_sandbox_gets_later_is_that_of_its_other_rows(void **state)
{
	static const struct { const char *name, *submit; enum auth auth; } rows[] = {
		{ "sandbox", "/v1/images/generations", AUTH_BEARER },
		{ "sandbox-gemini", "/v1beta/models/{model}:generateContent", AUTH_BEARER },
		{ "sandbox-openai", "/openai/v1/images/generations", AUTH_BEARER },
		{ "sandbox-engine", "/engine/v1/images/generations", AUTH_NONE },
	};
	struct models *m = load("[provider sandbox]\nkey-env = OTHER\n[model x]\nprovider = sandbox-openai\n"
	                        "[provider sandbox]\nurl = http://127.0.0.1:4711\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct provider *p = models_provider(m, rows[i].name);

		assert_string_equal(p->url, "http://127.0.0.1:4711");
		assert_string_equal(p->key_env, "OTHER");
		assert_string_equal(p->submit_path, rows[i].submit);
		assert_int_equal(p->auth, rows[i].auth);
		assert_true(p->free && provider_is_sandbox(m, p));
	}
	assert_false(provider_is_sandbox(m, models_provider(m, "local")));
	models_unref(m);
}

static void what_is_like_the_sandbox_elsewhere_is_no_sandbox(void **state)
{
	struct models *m = load("[provider far]\nlike = sandbox\nurl = https://far.example\n");
	const struct provider *p = models_provider(m, "far");

	(void)state;
	assert_false(provider_is_sandbox(m, p));
	assert_false(p->free);
	models_unref(m);
}

static void uploads_and_their_key_stay_at_the_providers_domain(void **state)
{
#define P "[provider p]\nurl = https://api.p.example\nupload-url = "
	static const char *const good[] = { P "https://files.p.example\n", P "https://API.p.example:444/up\n", P "\n",
		"[provider p]\nurl = http://127.0.0.1:1\nupload-url = http://127.0.0.1:2\n" };
	static const char *const bad[] = { P "https://files.q.example\n", P "http://files.p.example\n",
		P "https://p.example.evil.example\n", P "https://x@files.p.example\n",
		"[provider p]\nurl = http://10.0.0.1\nupload-url = http://11.0.0.1\n",
		"[provider p]\nurl = http://a.example\nupload-url = http://b.example\n",
		"[provider p]\nurl = http://a\nupload-url = http://b\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		models_unref(load(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct models *m = models_load(bad[i], strlen(bad[i]), "config", NULL);

		if (m)
			fail_msg("accepted: %s", bad[i]);
	}
	expect_refusal(P "https://files.q.example\n", "config: [provider p] has the upload-url https://files.q.example: "
	               "the key of https://api.p.example is sent to its own domain only");
	struct models *m = load("[provider evolink]\nurl = https://relay.example\n");
	assert_null(models_provider(m, "evolink")->upload_url);
	models_unref(m);
}

static void mistakes_are_refused_with_file_and_line(void **state)
{
	static const char *const bad_paths[] = { ".", "..id", "id.", "a..b" };

	(void)state;
	expect_refusal("# mine\n[model x]\nprovider = toapis\nratio = 1:1\n",
	               "config:4: unknown key \"ratio\": did you mean \"ratios\"?");
	expect_refusal("[provider toapis]\nulr = https://x\n", "config:2: unknown key \"ulr\": did you mean \"url\"?");
	expect_refusal("[provider toapis]\nfavourite_colour = blue\n", "config:2: unknown key \"favourite_colour\"");
	expect_refusal("[modle x]\nid = y\n", "config:2: unknown section [modle x]: did you mean \"model\"?");
	expect_refusal("[model]\nid = y\n", "config:2: [model] is written [model NAME]");
	expect_refusal("[provider toapis]\nin-flight = many\n",
	               "config:2: \"in-flight\" does not take \"many\": it takes a whole number, 0 or more");
	expect_refusal("[provider toapis]\nurl = ftp://x\n",
	               "config:2: \"url\" does not take \"ftp://x\": it takes an address that begins with https:// or http://");
	expect_refusal("[provider toapis]\nurl = https://a\nURL = https://b\n",
	               "config:3: \"URL\" is set twice in [provider toapis]");
	expect_refusal("[model x]\nid = y\n", "config:2: [model x] does not say which provider has it");
	expect_refusal("[model x]\nprovider = nobody\n",
	               "config: [model x] is at the provider \"nobody\", which is not there");
	expect_refusal("[model x]\nprovider = toapis\npixels = none\n",
	               "config: [model x] names the table [pixels none], which is not there");
	expect_refusal("[model x]\nlike = y\n", "config:2: there is no model \"y\" above to be like");
	expect_refusal("[provider x]\nlike = nobody\n", "config: [provider x] is like \"nobody\", which is not there");
	expect_refusal("[provider x]\nlike = y\n[provider y]\nlike = x\n",
	               "config: [provider x] is like itself, by way of \"y\"");
	expect_refusal("[provider sandbox]\nlike = sandbox\n",
	               "config: [provider sandbox] is like itself, by way of \"sandbox\"");
	expect_refusal("[pixels p]\n1K = 1:1 big\n",
	               "config:2: pixels are written `1:1 1024x1024, 3:2 1536x1024`");
	expect_refusal("[model nano-banana]\nratios = wide\n",
	               "config:2: \"ratios\" does not take \"wide\": it takes ratios, such as 1:1 16:9");
	expect_refusal("[model nano-banana]\nresolutions = big\n",
	               "config:2: \"resolutions\" does not take \"big\": it takes resolutions, such as 512 1K 2K");
	expect_refusal("[model nano-banana]\nref-formats = png tiff\n",
	               "config:2: \"ref-formats\" does not take \"png tiff\": it takes png, jpeg, webp, gif, heic, heif, avif, bmp");
	expect_refusal("[model nano-banana]\nsearch = yes\n", "config:2: \"search\" does not take \"yes\": it takes web, image");
	for (size_t i = 0; i < ARRAY_LEN(bad_paths); i++) {
		cleanup_free char *config = xasprintf("[provider toapis]\n\nid-at = id %s\n", bad_paths[i]);

		cleanup_free char *text = xasprintf("config:3: \"id-at\" does not take \"id %s\": it takes paths into a "
		                                    "reply, such as data.0.task_id", bad_paths[i]);

		expect_refusal(config, text);
	}
	expect_refusal("[provider toapis]\npoll-path = tasks\n", 
	               "config:2: \"poll-path\" does not take \"tasks\": it takes a path below url, which begins with /");
	expect_refusal("[model nano-banana]\nprice = cheap\n",
	               "config:2: \"price\" does not take \"cheap\": it takes USD per picture: `0.039`, or `1K 0.067, 2K 0.101`");
}

static void a_line_that_is_none_is_refused_with_the_files_name(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	const char *config = "[model x]\nhello\n";

	(void)state;
	assert_null(models_load(config, strlen(config), "config", &e));
	assert_memory_equal(e.text, "config: line 2 ", 15);
}

static void a_table_lives_until_its_last_reference_is_gone(void **state)
{
	struct models *m = load(NULL);

	(void)state;
	assert_ptr_equal(models_ref(m), m);
	models_unref(m);
	assert_string_equal(m->models[0].name, "nano-banana");
	models_unref(m);
	models_unref(NULL);
}

struct key_case { struct provider p; char path[64]; };

static void key_case_init(struct key_case *c, const char *content, mode_t mode)
{
	*c = (struct key_case){ .p = { .name = (char *)"acme", .key_env = (char *)"EASELFS_T_A EASELFS_T_B" } };
	unsetenv("EASELFS_T_A");
	unsetenv("EASELFS_T_B");
	strcpy(c->path, "/tmp/easelfs-key-XXXXXX");
	int fd = mkstemp(c->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	c->p.key_file = c->path;
}

static void the_first_variable_that_is_set_wins_over_the_file(void **state)
{
	struct key_case c;
	char *key;

	(void)state;
	key_case_init(&c, "from-file\n", 0600);
	setenv("EASELFS_T_B", " from-b ", 1);
	assert_int_equal(provider_key(&c.p, &key, NULL), 0);
	assert_string_equal(key, "from-b");
	key_free(key);
	setenv("EASELFS_T_A", "from-a", 1);
	assert_int_equal(provider_key(&c.p, &key, NULL), 0);
	assert_string_equal(key, "from-a");
	key_free(key);
	unsetenv("EASELFS_T_A");
	unsetenv("EASELFS_T_B");
	assert_int_equal(provider_key(&c.p, &key, NULL), 0);
	assert_string_equal(key, "from-file");
	key_free(key);
	unlink(c.path);
}

static void a_key_file_that_others_can_read_is_refused(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	struct key_case c;
	char *key;

	(void)state;
	key_case_init(&c, "sk-secret\n", 0640);
	assert_int_equal(provider_key(&c.p, &key, &e), -EACCES);
	assert_null(key);
	assert_non_null(strstr(e.text, "can be read by others (mode 640)"));
	assert_non_null(strstr(e.hint, "chmod 600"));
	assert_null(strstr(e.text, "sk-secret"));
	unlink(c.path);
}

static void a_key_that_would_break_a_header_line_is_refused_and_not_shown(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	struct key_case c;
	char *key;

	(void)state;
	key_case_init(&c, "sk-one\r\nX-Evil: 1\n", 0600);
	assert_int_equal(provider_key(&c.p, &key, &e), -EACCES);
	assert_null(strstr(e.text, "sk-one"));
	unlink(c.path);
}

static void a_key_file_of_somebody_else_is_refused(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	struct key_case c;
	char *key;

	(void)state;
	if (geteuid())
		skip();
	key_case_init(&c, "sk-one\n", 0600);
	assert_int_equal(chown(c.path, 61002, 61002), 0);
	assert_int_equal(provider_key(&c.p, &key, &e), -EACCES);
	assert_non_null(strstr(e.text, "belongs to somebody else"));
	unlink(c.path);
}

static void without_a_key_the_variables_and_the_file_are_named(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	struct key_case c;
	char *key;

	(void)state;
	key_case_init(&c, "", 0600);
	unlink(c.path);
	assert_int_equal(provider_key(&c.p, &key, &e), -ENOKEY);
	assert_non_null(strstr(e.text, "acme"));
	assert_non_null(strstr(e.text, c.path));
	assert_non_null(strstr(e.hint, "EASELFS_T_A or EASELFS_T_B"));
	assert_non_null(strstr(e.hint, "`key-file` in [provider acme]"));
}

static void a_provider_without_keys_needs_none(void **state)
{
	struct provider p = { .name = (char *)"home", .auth = AUTH_NONE };
	char *key = (char *)"x";

	(void)state;
	assert_int_equal(provider_key(&p, &key, NULL), 0);
	assert_null(key);
	key_free(key);
}

static void a_key_file_below_home_is_found_by_its_tilde(void **state)
{
	struct models *m;

	(void)state;
	setenv("HOME", "/home/somebody", 1);
	m = load("[provider toapis]\nkey-file = ~/.config/easelfs/toapis.key\n");
	assert_string_equal(models_provider(m, "toapis")->key_file, "/home/somebody/.config/easelfs/toapis.key");
	models_unref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toapis_is_as_its_pages_say),
		cmocka_unit_test(all_providers_are_there),
		cmocka_unit_test(nano_banana_is_as_its_page_says),
		cmocka_unit_test(the_family_at_toapis_is_as_its_pages_say),
		cmocka_unit_test(the_other_models_at_toapis_are_as_its_pages_say),
		cmocka_unit_test(the_synchronous_providers_are_as_their_pages_say),
		cmocka_unit_test(the_sister_gateways_are_as_their_pages_say),
		cmocka_unit_test(sizes_of_gpt_image_2_are_such_as_it_takes),
		cmocka_unit_test(every_row_is_sane),
		cmocka_unit_test(every_key_of_every_provider_can_be_overridden),
		cmocka_unit_test(every_key_of_every_model_can_be_overridden),
		cmocka_unit_test(sizes_of_the_3_models_are_those_of_the_table),
		cmocka_unit_test(prices_are_known_where_they_are_documented),
		cmocka_unit_test(a_name_comes_before_an_alias_and_the_provider_limits),
		cmocka_unit_test(the_configuration_overrides_single_keys),
		cmocka_unit_test(two_sections_of_one_name_are_two_also_side_by_side),
		cmocka_unit_test(without_a_provider_the_override_holds_for_all_of_that_name),
		cmocka_unit_test(a_new_row_begins_with_the_one_that_has_its_id),
		cmocka_unit_test(a_new_row_without_a_provider_is_there_at_each_that_offers_the_id),
		cmocka_unit_test(a_new_row_of_nothing_known_has_sane_defaults),
		cmocka_unit_test(like_copies_another_row_and_pixels_may_be_added),
		cmocka_unit_test(a_provider_like_another_takes_what_it_does_not_say),
		cmocka_unit_test(a_provider_with_an_address_of_its_own_gets_nobodys_key),
		cmocka_unit_test(a_provider_with_a_wire_of_its_own_has_that_wires_paths),
		cmocka_unit_test(an_address_that_the_sandbox_gets_later_is_that_of_its_other_rows),
		cmocka_unit_test(what_is_like_the_sandbox_elsewhere_is_no_sandbox),
		cmocka_unit_test(uploads_and_their_key_stay_at_the_providers_domain),
		cmocka_unit_test(mistakes_are_refused_with_file_and_line),
		cmocka_unit_test(a_line_that_is_none_is_refused_with_the_files_name),
		cmocka_unit_test(a_table_lives_until_its_last_reference_is_gone),
		cmocka_unit_test(the_first_variable_that_is_set_wins_over_the_file),
		cmocka_unit_test(a_key_file_that_others_can_read_is_refused),
		cmocka_unit_test(a_key_that_would_break_a_header_line_is_refused_and_not_shown),
		cmocka_unit_test(a_key_file_of_somebody_else_is_refused),
		cmocka_unit_test(without_a_key_the_variables_and_the_file_are_named),
		cmocka_unit_test(a_provider_without_keys_needs_none),
		cmocka_unit_test(a_key_file_below_home_is_found_by_its_tilde),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
