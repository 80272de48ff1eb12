#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"

static void expect_set(struct settings *s, const char *name, const char *value)
{
	struct error e = ERROR_INIT;

	if (settings_set(s, name, value, &e))
		fail_msg("%s: %s was refused: %s", name, value, e.text);
}

static void expect_refusal(struct settings *s, const char *name, const char *value, const char *text)
{
	struct error e = ERROR_INIT;

	assert_int_equal(settings_set(s, name, value, &e), -EINVAL);
	assert_string_equal(e.text, text);
	error_clear(&e);
}

static void every_header_of_the_design_is_known_by_its_name(void **state)
{
	static const char *const names[] = { "model", "provider", "size", "resolution", "n", "refs", "system",
		"temperature", "top-p", "top-k", "max-output-tokens", "candidates", "modalities", "format",
		"quality", "people", "safety", "thinking", "search", "reuse" };

	(void)state;
	assert_int_equal(ARRAY_LEN(names), SET_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int which = setting_by_name(names[i]);

		assert_true(which >= 0);
		assert_string_equal(setting_table[which].name, names[i]);
		assert_true(*setting_table[which].takes);
	}
}

static void the_spellings_of_the_apis_are_aliases(void **state)
{
	static const struct { const char *alias; int setting; } aliases[] = {
		{ "topP", SET_TOP_P }, { "topK", SET_TOP_K }, { "personGeneration", SET_PEOPLE },
		{ "person-generation", SET_PEOPLE }, { "aspectRatio", SET_SIZE }, { "aspect-ratio", SET_SIZE },
		{ "image_urls", SET_REFS }, { "images", SET_REFS }, { "image-size", SET_RESOLUTION },
		{ "imageSize", SET_RESOLUTION }, { "maxOutputTokens", SET_MAX_OUTPUT_TOKENS },
		{ "candidateCount", SET_CANDIDATES }, { "responseModalities", SET_MODALITIES },
		{ "systemInstruction", SET_SYSTEM }, { "compressionQuality", SET_QUALITY },
		{ "mimeType", SET_FORMAT }, { "thinkingLevel", SET_THINKING }, { "TOPP", SET_TOP_P },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (setting_by_name(aliases[i].alias) != aliases[i].setting)
			fail_msg("%s is setting %d", aliases[i].alias, setting_by_name(aliases[i].alias));
}

static void what_begins_a_header_block_is_told_from_prompt_text(void **state)
{
	(void)state;
	assert_true(setting_is_known("Size"));
	assert_true(setting_is_known("metadata.orientation"));
	assert_true(setting_is_known("google_search"));
	assert_false(setting_is_known("Note"));
	assert_false(setting_is_known("sizes of cats"));
	assert_false(setting_is_known(""));
	assert_int_equal(setting_by_name("metadata.resolution"), -1);
}

static void an_unknown_header_is_refused_with_the_nearest_name(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_refusal(&s, "sise", "16:9", "unknown header \"sise\": did you mean \"size\"?");
	expect_refusal(&s, "aspectRatoi", "16:9", "unknown header \"aspectRatoi\": did you mean \"aspectRatio\"?");
}

static void an_unknown_header_near_none_names_them_all_and_the_empty_line(void **state)
{
	cleanup_settings struct settings s = { 0 };
	cleanup_error struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(settings_set(&s, "Photograph", "a cat", &e), -EINVAL);
	assert_string_equal(e.text, "unknown header \"Photograph\"");
	assert_non_null(strstr(e.hint, "model, provider, size"));
	assert_non_null(strstr(e.hint, "put an empty line before it"));
}

static void values_are_trimmed_and_kept_as_written(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_set(&s, "Size", "  16:9 \r");
	expect_set(&s, "SYSTEM", "Flat  vector style");
	assert_string_equal(s.value[SET_SIZE], "16:9");
	assert_string_equal(s.value[SET_SYSTEM], "Flat  vector style");
}

static void a_header_set_twice_is_refused_also_by_another_name(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_set(&s, "size", "1:1");
	expect_refusal(&s, "size", "1:1", "header \"size\" is set twice");
	expect_refusal(&s, "aspect-ratio", "16:9", "header \"size\" is set twice");
	expect_set(&s, "metadata.seed", "1");
	expect_refusal(&s, "metadata.seed", "1", "header \"metadata.seed\" is set twice");
	assert_string_equal(s.value[SET_SIZE], "1:1");
}

static void metadata_that_we_know_becomes_the_header(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_set(&s, "metadata.resolution", "\"2K\"");
	expect_set(&s, "metadata.topP", "0.9");
	expect_set(&s, "metadata.personGeneration", "ALLOW_ADULT");
	assert_string_equal(s.value[SET_RESOLUTION], "2K");
	assert_string_equal(s.value[SET_TOP_P], "0.9");
	assert_string_equal(s.value[SET_PEOPLE], "ALLOW_ADULT");
	assert_int_equal(s.metadata_count, 0);
	expect_refusal(&s, "resolution", "4K", "header \"resolution\" is set twice");
}

static void other_metadata_is_kept_as_json(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_set(&s, "metadata.orientation", "\"landscape\"");
	expect_set(&s, "Metadata./mask_url", "{ \"a\": [1, 2] }");
	assert_int_equal(s.metadata_count, 2);
	assert_string_equal(s.metadata[0].name, "orientation");
	assert_string_equal(s.metadata[0].json, "\"landscape\"");
	assert_string_equal(s.metadata[1].name, "/mask_url");
	assert_string_equal(s.metadata[1].json, "{ \"a\": [1, 2] }");
}

static void metadata_that_is_no_json_is_refused(void **state)
{
	cleanup_settings struct settings s = { 0 };

	(void)state;
	expect_refusal(&s, "metadata.orientation", "landscape",
	               "the value of \"metadata.orientation\" is not JSON: landscape");
	expect_refusal(&s, "metadata.x", "{} {}", "the value of \"metadata.x\" is not JSON: {} {}");
	expect_refusal(&s, "metadata.", "1", "\"metadata.\" names no field of a request");
	expect_refusal(&s, "metadata./", "1", "\"metadata./\" names no field of a request");
	assert_int_equal(s.metadata_count, 0);
}

static const char *search_of(const char *web, const char *image)
{
	static char found[32];
	cleanup_settings struct settings s = { 0 };

	if (image)
		expect_set(&s, "metadata.google_image_search", image);
	if (web)
		expect_set(&s, "google_search", web);
	snprintf(found, sizeof(found), "%s", s.value[SET_SEARCH]);
	return found;
}

static void the_two_switches_of_google_make_one_search(void **state)
{
	(void)state;
	assert_string_equal(search_of("true", NULL), "web");
	assert_string_equal(search_of("true", "true"), "image");
	assert_string_equal(search_of("true", "false"), "web");
	assert_string_equal(search_of("false", NULL), "off");
	assert_string_equal(search_of(NULL, "true"), "image");
}

static void contradicting_searches_are_refused(void **state)
{
	cleanup_settings struct settings a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	expect_set(&a, "google_search", "false");
	expect_refusal(&a, "google_image_search", "true", "google_image_search needs google_search");
	expect_set(&b, "search", "web");
	expect_refusal(&b, "google_search", "true", "header \"search\" is set twice");
	expect_set(&c, "google_search", "true");
	expect_refusal(&c, "google_search", "true", "header \"google_search\" is set twice");
	expect_refusal(&c, "google_image_search", "maybe",
	               "header \"google_image_search\" does not take \"maybe\": it takes true, false");
}

static void inheriting_fills_what_is_missing_and_copies(void **state)
{
	cleanup_settings struct settings inner = { 0 };
	struct settings outer = { 0 };

	(void)state;
	expect_set(&inner, "size", "1:1");
	expect_set(&inner, "metadata.a", "1");
	expect_set(&outer, "size", "16:9");
	expect_set(&outer, "n", "4");
	expect_set(&outer, "metadata.a", "2");
	expect_set(&outer, "metadata.b", "3");
	settings_inherit(&inner, &outer);
	settings_release(&outer);
	assert_string_equal(inner.value[SET_SIZE], "1:1");
	assert_string_equal(inner.value[SET_N], "4");
	assert_int_equal(inner.metadata_count, 2);
	assert_string_equal(inner.metadata[0].json, "1");
	assert_string_equal(inner.metadata[1].name, "b");
}

static void an_empty_value_hides_an_inherited_one(void **state)
{
	cleanup_settings struct settings inner = { 0 }, outer = { 0 };

	(void)state;
	expect_set(&inner, "size", "");
	expect_set(&inner, "metadata.a", "");
	expect_set(&outer, "size", "16:9");
	expect_set(&outer, "metadata.a", "2");
	settings_inherit(&inner, &outer);
	assert_string_equal(inner.value[SET_SIZE], "");
	assert_string_equal(inner.metadata[0].json, "");
	assert_int_equal(inner.metadata_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_of_the_design_is_known_by_its_name),
		cmocka_unit_test(the_spellings_of_the_apis_are_aliases),
		cmocka_unit_test(what_begins_a_header_block_is_told_from_prompt_text),
		cmocka_unit_test(an_unknown_header_is_refused_with_the_nearest_name),
		cmocka_unit_test(an_unknown_header_near_none_names_them_all_and_the_empty_line),
		cmocka_unit_test(values_are_trimmed_and_kept_as_written),
		cmocka_unit_test(a_header_set_twice_is_refused_also_by_another_name),
		cmocka_unit_test(metadata_that_we_know_becomes_the_header),
		cmocka_unit_test(other_metadata_is_kept_as_json),
		cmocka_unit_test(metadata_that_is_no_json_is_refused),
		cmocka_unit_test(the_two_switches_of_google_make_one_search),
		cmocka_unit_test(contradicting_searches_are_refused),
		cmocka_unit_test(inheriting_fills_what_is_missing_and_copies),
		cmocka_unit_test(an_empty_value_hides_an_inherited_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
