#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "prompt.h"

static void expect_prompt(const char *file, struct prompt *p)
{
	struct error e = ERROR_INIT;

	if (prompt_parse(file, strlen(file), p, &e))
		fail_msg("refused: %s", e.text);
}

static void expect_text(const char *file, const char *text)
{
	cleanup_prompt struct prompt p;

	expect_prompt(file, &p);
	assert_string_equal(p.text, text);
	for (int i = 0; i < SET_COUNT; i++)
		assert_null(p.settings.value[i]);
	assert_false(p.headers_only);
	assert_int_equal(p.blank, !*text);
}

static void expect_refusal(const char *file, size_t len, const char *text, const char *hint)
{
	cleanup_error struct error e = ERROR_INIT;
	struct prompt p;

	assert_int_equal(prompt_parse(file, len, &p, &e), -EINVAL);
	if (!strstr(e.text, text) || !strstr(e.hint ? e.hint : "", hint))
		fail_msg("%s (%s)", e.text, e.hint);
	assert_null(p.text);
}
#define EXPECT_REFUSAL(file, text, hint) expect_refusal(file, sizeof(file) - 1, text, hint)

static void three_suffixes_make_prompts_in_any_folder(void **state)
{
	static const char *const yes[] = { "cat.txt", "a/b/cat.md", "x.prompt", "my cat.v2.txt", "outside.txt",
		"a/out/cat.txt", "a/status/cat.txt", "refsheet/cat.txt", "my-readme.md", "cat.refs.txt", "rocks#.txt" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (prompt_name_kind(yes[i]) != PROMPT_FILE)
			fail_msg("%s is no prompt", yes[i]);
}

static void other_files_are_just_files(void **state)
{
	static const char *const no[] = { "cat", "cat.png", "cat.TXT", "cat.text", "txt", ".txt", "a/.md",
		"cat.txt~", "#cat.txt#", "#cat.txt", ".#cat.txt", ".cat.txt", ".git/cat.txt", "a/.b/c/cat.txt",
		"refs/cat.txt", "a/refs/cat.txt", "cat.refs/note.txt", "a/cat.refs/b/note.txt", ".refs/a.txt",
		"out/cat.reply.txt", "status/cat.txt", "wait/cat.txt", "history/a/cat.txt", "ask/cat.txt",
		".easelfs/README.txt", "README.md", "readme.txt", "a/License.md", "COPYING.txt", "CHANGELOG.md",
		"contributing.md", "CMakeLists.txt", "cmakelists.TXT", "a/requirements-dev.txt",
		"requirements.txt", "Robots.txt", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (prompt_path_is_prompt(no[i]))
			fail_msg("%s is a prompt", no[i]);
}

static void defaults_are_told_by_their_name(void **state)
{
	(void)state;
	assert_int_equal(prompt_name_kind(".defaults"), PROMPT_DEFAULTS);
	assert_int_equal(prompt_name_kind("a/b/.defaults"), PROMPT_DEFAULTS);
	assert_int_equal(prompt_name_kind("out/.defaults"), PROMPT_OTHER);
	assert_int_equal(prompt_name_kind(".git/.defaults"), PROMPT_OTHER);
}

static void reserved_names_are_those_of_the_root(void **state)
{
	(void)state;
	assert_true(prompt_path_is_reserved("out"));
	assert_true(prompt_path_is_reserved(".easelfs/ctl"));
	assert_false(prompt_path_is_reserved("outer/cat.txt"));
	assert_false(prompt_path_is_reserved("a/out"));
}

static void the_stem_is_the_path_without_the_suffix(void **state)
{
	cleanup_free char *a = prompt_stem("a.b/cat.v1.md"), *b = prompt_stem("x.prompt"), *c = prompt_stem("a.txt/b");

	(void)state;
	assert_string_equal(a, "a.b/cat.v1");
	assert_string_equal(b, "x");
	assert_string_equal(c, "a.txt/b");
}

static void a_stem_has_up_to_235_bytes_whatever_its_folder(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	char path[400] = "folder/";

	(void)state;
	memset(path + 7, 'a', 235);
	strcpy(path + 7 + 235, ".prompt");
	assert_int_equal(prompt_check_stem(path, &e), 0);
	memset(path + 7, 'a', 236);
	strcpy(path + 7 + 236, ".txt");
	assert_int_equal(prompt_check_stem(path, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.text, "236 bytes"));
}

static void a_block_with_a_known_first_name_is_headers(void **state)
{
	cleanup_prompt struct prompt p;

	(void)state;
	expect_prompt("size: 16:9\nModel: nano-banana-2\nrefs: style.png,\n  photos/*.jpg\n\nA city at night\n", &p);
	assert_string_equal(p.settings.value[SET_SIZE], "16:9");
	assert_string_equal(p.settings.value[SET_MODEL], "nano-banana-2");
	assert_string_equal(p.settings.value[SET_REFS], "style.png, photos/*.jpg");
	assert_string_equal(p.text, "A city at night");
	assert_false(p.blank || p.headers_only);
}

static void a_first_line_that_is_no_known_header_makes_all_of_it_prompt(void **state)
{
	(void)state;
	expect_text("Note: a cat\nsize: 16:9\n\nmore", "Note: a cat\nsize: 16:9\n\nmore");
	expect_text("a cat in a spacesuit\n", "a cat in a spacesuit");
	expect_text("sise: 16:9\n", "sise: 16:9");
	expect_text(": odd", ": odd");
	expect_text(" size: 16:9\nx", " size: 16:9\nx");
}

static void an_empty_first_line_makes_the_rest_prompt(void **state)
{
	(void)state;
	expect_text("\nPeople: a crowd at night\n", "People: a crowd at night");
	expect_text("\r\nsize: 16:9\r\n", "size: 16:9");
	expect_text("  \nsize: 1:1", "size: 1:1");
}

static void a_prompts_white_space_is_normal(void **state)
{
	(void)state;
	expect_text("\xef\xbb\xbf" "a cat\r\n\r\n  on a mat  \r\n\r\n\t\n", "a cat\n\n  on a mat");
	expect_text("\n\n  indented stays", "  indented stays");
	expect_text("caf\xc3\xa9", "caf\xc3\xa9");
}

static void a_blank_file_is_blank(void **state)
{
	(void)state;
	expect_text("", "");
	expect_text(" \n\t\r\n", "");
	expect_text("\xef\xbb\xbf", "");
}

static void headers_are_read_behind_a_bom_and_with_crlf(void **state)
{
	cleanup_prompt struct prompt p;

	(void)state;
	expect_prompt("\xef\xbb\xbfSize: 1:1\r\nn: 2\r\n\r\n\r\nA dog\r\nruns\r\n", &p);
	assert_string_equal(p.settings.value[SET_SIZE], "1:1");
	assert_string_equal(p.settings.value[SET_N], "2");
	assert_string_equal(p.text, "A dog\nruns");
}

static void front_matter_is_always_headers(void **state)
{
	cleanup_prompt struct prompt p;

	(void)state;
	expect_prompt("---\nsize: \"16:9\"\n\nmodel: 'nano-banana'\nmetadata.orientation: \"landscape\"\n---\nA hare\n---\nstays\n", &p);
	assert_string_equal(p.settings.value[SET_SIZE], "16:9");
	assert_string_equal(p.settings.value[SET_MODEL], "nano-banana");
	assert_string_equal(p.settings.metadata[0].json, "\"landscape\"");
	assert_string_equal(p.text, "A hare\n---\nstays");
}

static void front_matter_with_mistakes_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSAL("---\nsise: 16:9\n---\nx\n", "unknown header \"sise\": did you mean \"size\"?", "empty line");
	EXPECT_REFUSAL("---\nsize: 16:9\nhello\n---\nx\n", "line 3 is no `name: value`", "");
	EXPECT_REFUSAL("---\nA cat\n", "no second `---`", "put an empty line before it");
}

static void an_unknown_header_in_a_block_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSAL("size: 16:9\nmodle: x\n\nA cat", "unknown header \"modle\": did you mean \"model\"?", "empty line");
}

static void a_line_in_the_block_that_is_no_header_asks_for_an_empty_line(void **state)
{
	(void)state;
	EXPECT_REFUSAL("size: 16:9\nA cat on a mat\n", "line 2 is no `name: value`: \"A cat on a mat\"",
	               "put an empty line between the headers and the prompt");
}

static void a_header_twice_is_refused(void **state)
{
	(void)state;
	EXPECT_REFUSAL("size: 16:9\nsize: 1:1\n\nx", "header \"size\" is set twice", "");
}

static void headers_alone_are_a_draft(void **state)
{
	cleanup_prompt struct prompt p, q;

	(void)state;
	expect_prompt("size: 16:9\nmodel: nano-banana\n", &p);
	assert_true(p.headers_only);
	assert_false(p.blank);
	assert_string_equal(p.text, "");
	assert_string_equal(p.settings.value[SET_SIZE], "16:9");
	expect_prompt("---\nsize: 16:9\n---\n\n \n", &q);
	assert_true(q.headers_only);
}

static void a_prompt_that_begins_like_a_header_is_told_of_the_empty_line(void **state)
{
	(void)state;
	EXPECT_REFUSAL("People: a crowd at night\n",
	               "header \"people\" does not take \"a crowd at night\": it takes all, adult, none",
	               "put an empty line before it");
	EXPECT_REFUSAL("Size: huge", "header \"size\" does not take \"huge\"", "put an empty line before it");
}

static void what_is_no_utf8_text_is_refused(void **state)
{
	char big[PROMPT_BYTES_MAX + 1];

	(void)state;
	EXPECT_REFUSAL("a cat\ncaf\xe9\n", "not UTF-8 (line 2, byte 0xe9)", "save the file as UTF-8");
	EXPECT_REFUSAL("a c\0at", "line 1 has a NUL byte", "UTF-8");
	EXPECT_REFUSAL("\xff\xfe" "a\0", "UTF-16", "UTF-8");
	EXPECT_REFUSAL("\xed\xa0\x80", "not UTF-8", "UTF-8");
	memset(big, 'a', sizeof(big));
	expect_refusal(big, sizeof(big), "1048577 bytes", "shorten");
	cleanup_prompt struct prompt p;
	assert_int_equal(prompt_parse(big, PROMPT_BYTES_MAX, &p, NULL), 0);
	assert_int_equal(strlen(p.text), PROMPT_BYTES_MAX);
}

static void defaults_take_headers_comments_and_a_pattern(void **state)
{
	static const char file[] = "# for this folder\nsize: 16:9\n\n; more\nmodel = nano-banana\nPrompts: *.prompt\n";
	cleanup_settings struct settings s;
	cleanup_free char *pattern = NULL;

	(void)state;
	assert_int_equal(defaults_parse("x/.defaults", file, sizeof(file) - 1, &s, &pattern, NULL), 0);
	assert_string_equal(s.value[SET_SIZE], "16:9");
	assert_string_equal(s.value[SET_MODEL], "nano-banana");
	assert_string_equal(s.origin[SET_MODEL], "x/.defaults:5");
	assert_string_equal(pattern, "*.prompt");
}

static void defaults_with_mistakes_are_refused(void **state)
{
	static const struct { const char *file, *text; } bad[] = {
		{ "\nsise: 1:1\n", "x/.defaults:2: unknown header \"sise\": did you mean \"size\"?" },
		{ "prompts: none\nprompts: *.md\n", "header \"prompts\" is set twice" },
		{ "[defaults]\nsize: 1:1\n", "x/.defaults:2: it stands under [defaults]" },
		{ "a cat\n", "line 1 is no `name = value`" },
		{ "size: \xe9\n", "not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_error struct error e = ERROR_INIT;
		struct settings s;
		char *pattern = NULL;

		assert_int_equal(defaults_parse("x/.defaults", bad[i].file, strlen(bad[i].file), &s, &pattern, &e), -EINVAL);
		if (!strstr(e.text, bad[i].text))
			fail_msg("%s", e.text);
		assert_null(pattern);
		assert_null(s.value[SET_SIZE]);
	}
}

static void an_empty_defaults_file_says_nothing(void **state)
{
	struct settings s;
	char *pattern;

	(void)state;
	assert_int_equal(defaults_parse("x/.defaults", NULL, 0, &s, &pattern, NULL), 0);
	assert_null(pattern);
}

static void the_pattern_of_defaults_picks_prompts(void **state)
{
	(void)state;
	assert_true(defaults_allow(NULL, "cat.txt"));
	assert_true(defaults_allow("*.prompt", "cat.prompt"));
	assert_false(defaults_allow("*.prompt", "cat.txt"));
	assert_true(defaults_allow("*.prompt, *.md", "cat.md"));
	assert_false(defaults_allow("none", "cat.txt"));
	assert_false(defaults_allow("none", "none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_suffixes_make_prompts_in_any_folder),
		cmocka_unit_test(other_files_are_just_files),
		cmocka_unit_test(defaults_are_told_by_their_name),
		cmocka_unit_test(reserved_names_are_those_of_the_root),
		cmocka_unit_test(the_stem_is_the_path_without_the_suffix),
		cmocka_unit_test(a_stem_has_up_to_235_bytes_whatever_its_folder),
		cmocka_unit_test(a_block_with_a_known_first_name_is_headers),
		cmocka_unit_test(a_first_line_that_is_no_known_header_makes_all_of_it_prompt),
		cmocka_unit_test(an_empty_first_line_makes_the_rest_prompt),
		cmocka_unit_test(a_prompts_white_space_is_normal),
		cmocka_unit_test(a_blank_file_is_blank),
		cmocka_unit_test(headers_are_read_behind_a_bom_and_with_crlf),
		cmocka_unit_test(front_matter_is_always_headers),
		cmocka_unit_test(front_matter_with_mistakes_is_refused),
		cmocka_unit_test(an_unknown_header_in_a_block_is_refused),
		cmocka_unit_test(a_line_in_the_block_that_is_no_header_asks_for_an_empty_line),
		cmocka_unit_test(a_header_twice_is_refused),
		cmocka_unit_test(headers_alone_are_a_draft),
		cmocka_unit_test(a_prompt_that_begins_like_a_header_is_told_of_the_empty_line),
		cmocka_unit_test(what_is_no_utf8_text_is_refused),
		cmocka_unit_test(defaults_take_headers_comments_and_a_pattern),
		cmocka_unit_test(defaults_with_mistakes_are_refused),
		cmocka_unit_test(an_empty_defaults_file_says_nothing),
		cmocka_unit_test(the_pattern_of_defaults_picks_prompts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
