#include "base.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_buffer_is_terminated_after_every_addition(void **state)
{
	(void)state;
	cleanup_buf struct buf b = BUF_INIT;

	assert_null(b.data);
	buf_add(&b, "ab\0c", 4);
	buf_chr(&b, 'd');
	buf_fmt(&b, "%d-%s", 7, "x");
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "ab\0cd7-x", 9);
}

static void a_buffer_keeps_all_of_many_additions(void **state)
{
	(void)state;
	cleanup_buf struct buf b = BUF_INIT;

	for (int i = 0; i < 10000; i++)
		buf_chr(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
}

static void a_cleared_buffer_is_an_empty_string(void **state)
{
	(void)state;
	cleanup_buf struct buf b = BUF_INIT;

	buf_clear(&b);
	assert_null(b.data);
	buf_str(&b, "abc");
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

static void stealing_an_untouched_buffer_gives_an_empty_string(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	cleanup_free char *empty = buf_steal(&b);

	assert_string_equal(empty, "");
	buf_str(&b, "kept");
	cleanup_free char *text = buf_steal(&b);
	assert_string_equal(text, "kept");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

static void a_stolen_pointer_is_not_freed_by_its_variable(void **state)
{
	(void)state;
	cleanup_free char *outer = NULL;
	{
		cleanup_free char *inner = xstrdup("moved");
		outer = steal_pointer(&inner);
		assert_null(inner);
	}
	assert_string_equal(outer, "moved");
}

static void a_descriptor_is_closed_where_its_variable_ends(void **state)
{
	(void)state;
	int fds[2], kept;

	assert_int_equal(pipe(fds), 0);
	{
		cleanup_fd int closed = fds[0];
		cleanup_fd int stolen = fds[1];
		kept = steal_fd(&stolen);
		assert_int_equal(stolen, -1);
		(void)closed;
	}
	assert_int_equal(lseek(fds[0], 0, SEEK_CUR), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(close(kept), 0);
}

static void xstrndup_stops_at_the_end_of_the_string(void **state)
{
	(void)state;
	cleanup_free char *cut = xstrndup("abcdef", 3);
	cleanup_free char *whole = xstrndup("ab", 100);

	assert_string_equal(cut, "abc");
	assert_string_equal(whole, "ab");
	assert_null(xstrdup(NULL));
}

static void the_first_sentence_of_an_error_stays(void **state)
{
	(void)state;
	cleanup_error struct error e = ERROR_INIT;

	assert_int_equal(error_set(&e, ENOENT, "look elsewhere", "no %s", "cause"), -ENOENT);
	assert_int_equal(error_set(&e, EIO, NULL, "a consequence"), -EIO);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.text, "no cause");
	assert_string_equal(e.hint, "look elsewhere");
}

static void an_error_nobody_wants_is_only_a_code(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, EPERM, "hint", "text"), -EPERM);
	error_clear(NULL);
}

static void a_moved_error_leaves_nothing_behind(void **state)
{
	(void)state;
	cleanup_error struct error from = ERROR_INIT, to = ERROR_INIT;

	error_set(&from, EIO, NULL, "moved");
	error_move(&to, &from);
	assert_string_equal(to.text, "moved");
	assert_null(from.text);
	error_set(&from, EPERM, NULL, "later");
	error_move(&to, &from);
	assert_string_equal(to.text, "moved");
	assert_int_equal(to.code, EIO);
	assert_null(from.text);
}

/* What log_at writes to stderr while it runs; the caller frees. */
static char *logged(enum log_level level, const char *text)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct buf b = BUF_INIT;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	errno = EXDEV;
	log_at(level, "%s", text);
	int seen = errno;
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	for (int c; (c = getc(file)) != EOF;)
		buf_chr(&b, (char)c);
	fclose(file);
	assert_int_equal(seen, EXDEV);
	return buf_steal(&b);
}

static void control_characters_are_escaped_in_the_log(void **state)
{
	(void)state;
	cleanup_free char *line = logged(LOG_LEVEL_ERROR, "a\nb\x1b[2Jc\td\x7f");

	assert_string_equal(line, "easelfs: error: a\\nb\\x1b[2Jc\\td\\x7f\n");
}

static void only_well_formed_utf8_reaches_the_log_as_it_is(void **state)
{
	(void)state;
	/* é and € pass; U+009B (a C1 control), a lone byte, an overlong slash and a cut sequence do not. */
	cleanup_free char *line = logged(LOG_LEVEL_WARNING, "é€ \xc2\x9b \xff \xc0\xaf \xe2\x82");

	assert_string_equal(line, "easelfs: warning: é€ \\xc2\\x9b \\xff \\xc0\\xaf \\xe2\\x82\n");
}

static void messages_above_the_level_are_dropped(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_WARNING);
	cleanup_free char *dropped = logged(LOG_LEVEL_INFO, "x");
	cleanup_free char *shown = logged(LOG_LEVEL_WARNING, "x");
	log_set_level(LOG_LEVEL_INFO);

	assert_string_equal(dropped, "");
	assert_string_equal(shown, "easelfs: warning: x\n");
}

static void log_levels_are_known_by_name(void **state)
{
	(void)state;
	assert_int_equal(log_level_by_name("error"), LOG_LEVEL_ERROR);
	assert_int_equal(log_level_by_name("Debug"), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_by_name("loud"), -1);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
	(void)state;
	int64_t before = clock_mono_ms();

	assert_true(clock_mono_ms() >= before);
	/* Milliseconds, not seconds: 2020-01-01 has passed. */
	assert_true(clock_wall_ms() > (int64_t)1577836800 * 1000);
}

static void a_misspelled_word_finds_its_neighbour(void **state)
{
	(void)state;
	static const char *const words[] = { "size", "model", "resolution", "n", "refs" };

	assert_string_equal(nearest_word("sise", words, ARRAY_LEN(words)), "size");
	assert_string_equal(nearest_word("modle", words, ARRAY_LEN(words)), "model");
	assert_string_equal(nearest_word("RESOLUTON", words, ARRAY_LEN(words)), "resolution");
	assert_string_equal(nearest_word("REFS", words, ARRAY_LEN(words)), "refs");
}

static void the_nearest_of_several_neighbours_is_taken(void **state)
{
	(void)state;
	static const char *const words[] = { "modalities", "qualities", "quality" };

	assert_string_equal(nearest_word("qualty", words, ARRAY_LEN(words)), "quality");
}

static void a_word_far_from_all_finds_none(void **state)
{
	(void)state;
	static const char *const words[] = { "size", "model", "n" };
	char huge[1000];

	memset(huge, 's', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_null(nearest_word("banana", words, ARRAY_LEN(words)));
	assert_null(nearest_word("x", words, ARRAY_LEN(words)));
	assert_null(nearest_word(huge, words, ARRAY_LEN(words)));
	assert_null(nearest_word("size", words, 0));
}

static void prefixes_and_suffixes_are_exact(void **state)
{
	(void)state;
	assert_true(str_ends_with("cat.txt", ".txt"));
	assert_false(str_ends_with("txt", ".txt"));
	assert_true(str_starts_with("refs/a", "refs/"));
	assert_false(str_starts_with("ref", "refs/"));
	assert_true(str_ends_with("", ""));
}

static void words_are_separated_by_blanks_and_commas(void **state)
{
	(void)state;
	const char *cursor = " 1K, 2K\t4K,,x ";
	static const char *const expected[] = { "1K", "2K", "4K", "x" };

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		cleanup_free char *word = next_word(&cursor);
		assert_non_null(word);
		assert_string_equal(word, expected[i]);
	}
	assert_null(next_word(&cursor));
	assert_null(next_word(&cursor));
}

static void hex_survives_the_way_there_and_back(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xa0, 0xff };
	uint8_t back[4];
	char hex[9];

	hex_encode(bytes, 4, hex);
	assert_string_equal(hex, "009fa0ff");
	assert_int_equal(hex_decode("009FA0ff", back, 4), 0);
	assert_memory_equal(back, bytes, 4);
}

static void hex_of_another_length_or_alphabet_is_refused(void **state)
{
	(void)state;
	uint8_t out[2];

	assert_int_equal(hex_decode("00f", out, 2), -EINVAL);
	assert_int_equal(hex_decode("00ff0", out, 2), -EINVAL);
	assert_int_equal(hex_decode("00fg", out, 2), -EINVAL);
	assert_int_equal(hex_decode("0 ff", out, 2), -EINVAL);
}

static void sizes_are_decimal_unless_they_say_binary(void **state)
{
	(void)state;
	static const struct { const char *text; uint64_t bytes; } cases[] = {
		{ "0", 0 }, { "4096", 4096 }, { "12 B", 12 }, { "20 MB", 20000000 }, { "20mb", 20000000 },
		{ "1MiB", 1048576 }, { "1.5 MiB", 1572864 }, { " 7 GB ", 7000000000 }, { "64k", 64000 },
		{ "1TiB", 1099511627776 }, { "18446744073709551615", UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t bytes = 1;

		int rc = parse_size(cases[i].text, &bytes);
		if (rc || bytes != cases[i].bytes)
			fail_msg("\"%s\": %d, %" PRIu64 " bytes", cases[i].text, rc, bytes);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"", "MB", "-1", "1 XB", "1 MB 2", "1.5", "1. MB", "18446744073709551616", "18446744073709551615 kB",
		"0.1234567 MB", "1,5 MB",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t bytes = 77;

		int rc = parse_size(cases[i], &bytes);
		if (rc != -EINVAL || bytes != 77)
			fail_msg("\"%s\": %d, %" PRIu64 " bytes", cases[i], rc, bytes);
	}
}

static void expect_pair(struct nv *r, const char *name, const char *value, int line)
{
	cleanup_error struct error err = ERROR_INIT;
	int rc = nv_next(r, &err);

	if (rc != 1)
		fail_msg("expected %s, got %d: %s", name, rc, err.text ? err.text : "no sentence");
	assert_string_equal(r->name, name);
	assert_string_equal(r->value, value);
	assert_int_equal(r->line, line);
}

/* The reader must refuse the rest of the text at that line; returns its sentence in *err. */
static void expect_refusal(struct nv *r, int line, struct error *err)
{
	int rc = nv_next(r, err);

	if (rc == 1)
		fail_msg("line %d was read as %s: %s", r->line, r->name, r->value);
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(r->line, line);
	assert_non_null(err->text);
	assert_non_null(err->hint);
}

static struct nv reader(const char *text, int flags)
{
	struct nv r;

	nv_init(&r, text, strlen(text), flags);
	return r;
}

static void a_block_ends_at_the_blank_line_and_the_text_behind_is_left(void **state)
{
	(void)state;
	struct nv r = reader("Size: 16:9\nmodel:  nano=2 \n\nA cat: here\n", 0);

	expect_pair(&r, "Size", "16:9", 1);
	expect_pair(&r, "model", "nano=2", 2);
	assert_int_equal(nv_next(&r, NULL), 0);
	assert_string_equal(r.text, "A cat: here\n");
	nv_release(&r);
}

static void crlf_counts_as_one_line_end(void **state)
{
	(void)state;
	struct nv r = reader("a: 1\r\nb: 2\r\n  3\r\nc: 4\r\n\r\nprompt", 0);

	expect_pair(&r, "a", "1", 1);
	expect_pair(&r, "b", "2 3", 2);
	expect_pair(&r, "c", "4", 4);
	assert_int_equal(nv_next(&r, NULL), 0);
	assert_string_equal(r.text, "prompt");
	nv_release(&r);
}

static void continuation_lines_are_joined_by_one_blank(void **state)
{
	(void)state;
	struct nv r = reader("refs: a.png,  \n\t  b.png,\n c.png\nempty:\n  x\nn: 1", 0);

	expect_pair(&r, "refs", "a.png, b.png, c.png", 1);
	expect_pair(&r, "empty", "x", 4);
	expect_pair(&r, "n", "1", 6);
	assert_int_equal(nv_next(&r, NULL), 0);
	nv_release(&r);
}

static void a_line_of_blanks_ends_the_block_and_continues_nothing(void **state)
{
	(void)state;
	struct nv r = reader("n: 1\n \t \n  prompt\n", 0);

	expect_pair(&r, "n", "1", 1);
	assert_int_equal(nv_next(&r, NULL), 0);
	assert_string_equal(r.text, "  prompt\n");
	nv_release(&r);
}

static void a_value_may_be_empty_and_the_last_line_unfinished(void **state)
{
	(void)state;
	struct nv r = reader("a:\nb :x", 0);

	expect_pair(&r, "a", "", 1);
	expect_pair(&r, "b", "x", 2);
	assert_int_equal(nv_next(&r, NULL), 0);
	assert_ptr_equal(r.text, r.end);
	assert_int_equal(nv_next(&r, NULL), 0);
	nv_release(&r);
}

static void names_take_letters_digits_and_four_marks(void **state)
{
	(void)state;
	struct nv r = reader("metadata./top-P_1: x\n", 0);

	expect_pair(&r, "metadata./top-P_1", "x", 1);
	nv_release(&r);
}

static void a_line_without_a_colon_is_refused_with_its_number(void **state)
{
	(void)state;
	cleanup_error struct error err = ERROR_INIT;
	struct nv r = reader("n: 1\nA cat in a hat\n", 0);

	expect_pair(&r, "n", "1", 1);
	expect_refusal(&r, 2, &err);
	assert_non_null(strstr(err.text, "line 2"));
	assert_non_null(strstr(err.text, "\"A cat in a hat\""));
	assert_non_null(strstr(err.hint, "empty line"));
	nv_release(&r);
}

static void line_numbers_count_continuations_comments_and_blank_lines(void **state)
{
	(void)state;
	cleanup_error struct error err = ERROR_INIT;
	struct nv r = reader("# one\r\n\r\na = 1\r\n  more\r\n; five\r\n[s]\r\nwrong\r\n", NV_CONFIG);

	expect_pair(&r, "a", "1 more", 3);
	expect_refusal(&r, 7, &err);
	assert_non_null(strstr(err.text, "line 7"));
	assert_non_null(strstr(err.text, "\"wrong\""));
	nv_release(&r);
}

static void outside_configuration_an_equals_sign_separates_nothing(void **state)
{
	(void)state;
	cleanup_error struct error err = ERROR_INIT;
	struct nv r = reader("model = nano\n", 0);

	expect_refusal(&r, 1, &err);
	nv_release(&r);
}

static void outside_configuration_there_are_no_comments_and_sections(void **state)
{
	(void)state;
	static const char *const texts[] = { "# a: b\n", "; a: b\n", "[a]\n", "[a]: b\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cleanup_error struct error err = ERROR_INIT;
		struct nv r = reader(texts[i], 0);

		expect_refusal(&r, 1, &err);
		nv_release(&r);
	}
}

static void in_configuration_the_first_separator_counts(void **state)
{
	(void)state;
	struct nv r = reader("url = https://a.example/x=1\nsize: a=b\n", NV_CONFIG);

	expect_pair(&r, "url", "https://a.example/x=1", 1);
	expect_pair(&r, "size", "a=b", 2);
	nv_release(&r);
}

static void sections_hold_until_the_next_one(void **state)
{
	(void)state;
	struct nv r = reader("a = 0\n[defaults]\na = 1\n\nb = 2\n[  model \t my-model ]  \nc = 3\n", NV_CONFIG);

	expect_pair(&r, "a", "0", 1);
	assert_null(r.section);
	expect_pair(&r, "a", "1", 3);
	assert_string_equal(r.section, "defaults");
	expect_pair(&r, "b", "2", 5);
	assert_string_equal(r.section, "defaults");
	expect_pair(&r, "c", "3", 7);
	assert_string_equal(r.section, "model my-model");
	assert_int_equal(nv_next(&r, NULL), 0);
	nv_release(&r);
}

static void broken_sections_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "\n[a\n", "\n[]\n", "\n[  ]\n", "\n[a] # b\n", "\n[a]b]\n", "\n[" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cleanup_error struct error err = ERROR_INIT;
		struct nv r = reader(texts[i], NV_CONFIG);

		expect_refusal(&r, 2, &err);
		nv_release(&r);
	}
}

static void a_continuation_of_nothing_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "  a = 1\n", "# x\n  a = 1\n", "[s]\n  a = 1\n", "b = 1\n\n  a = 1\n" };
	static const int lines[] = { 1, 2, 2, 3 };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cleanup_error struct error err = ERROR_INIT;
		struct nv r = reader(texts[i], NV_CONFIG);

		if (i == 3)
			expect_pair(&r, "b", "1", 1);
		expect_refusal(&r, lines[i], &err);
		nv_release(&r);
	}
}

static void names_with_other_characters_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { ": x\n", "a b: x\n", "caf\xc3\xa9: x\n", "a\"b: x\n", "a*: x\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cleanup_error struct error err = ERROR_INIT;
		struct nv r = reader(texts[i], 0);

		expect_refusal(&r, 1, &err);
		nv_release(&r);
	}
}

static void nul_bytes_never_cut_a_value(void **state)
{
	(void)state;
	static const char first[] = "a: x\0y\n", second[] = "a: x\n  y\0z\n";
	cleanup_error struct error err = ERROR_INIT, err2 = ERROR_INIT;
	struct nv r;

	nv_init(&r, first, sizeof(first) - 1, 0);
	expect_refusal(&r, 1, &err);
	nv_release(&r);
	nv_init(&r, second, sizeof(second) - 1, 0);
	expect_refusal(&r, 2, &err2);
	nv_release(&r);
}

static void an_excerpt_is_short_and_cut_between_characters(void **state)
{
	(void)state;
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf text = BUF_INIT;
	struct nv r;

	buf_str(&text, "\x1b ");
	for (int i = 0; i < 100; i++)
		buf_str(&text, "€");
	nv_init(&r, text.data, text.len, 0);
	expect_refusal(&r, 1, &err);
	assert_non_null(strstr(err.text, "\"\\x1b €"));
	assert_non_null(strstr(err.text, "€…\""));
	assert_true(strlen(err.text) < 150);
	nv_release(&r);
}

static void the_text_need_not_be_terminated(void **state)
{
	(void)state;
	char *text = xmalloc(4);
	struct nv r;

	memcpy(text, "a: 1", 4);
	nv_init(&r, text, 4, 0);
	expect_pair(&r, "a", "1", 1);
	assert_int_equal(nv_next(&r, NULL), 0);
	nv_release(&r);
	free(text);
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
	(void)state;
	struct nv r = reader("\xef\xbb\xbfn: 1\n", NV_CONFIG);

	expect_pair(&r, "n", "1", 1);
	nv_release(&r);
}

static void a_bug_names_its_place_and_aborts(void **state)
{
	(void)state;
	int fds[2], status;
	char text[200] = "";

	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		const struct rlimit none = { 0, 0 };

		/* Back to the plain signal, without a core file. */
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &none);
		dup2(fds[1], STDERR_FILENO);
		BUG("%d is impossible", 3);
	}
	close(fds[1]);
	ssize_t len = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(len > 0);
	assert_non_null(strstr(text, "test_base.c:"));
	assert_non_null(strstr(text, "3 is impossible"));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void durations_are_numbers_with_units(void **state)
{
	(void)state;
	static const struct { const char *text; double seconds; const char *rest; } cases[] = {
		{ "22.1s.", 22.1, "." }, { "6m0s", 360, "" }, { "120ms", 0.12, "" }, { "1h2m", 3720, "" }, { "5µs", 5e-6, "" },
		{ "30 seconds", 30, " seconds" }, { "30seconds", 30, "seconds" }, { "1m2", 60, "2" }, { "7.", 7, "." },
		{ "", -1, "" }, { "soon", -1, "soon" }, { "-1s", -1, "-1s" }, { ".5s", -1, ".5s" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *end;
		double got = parse_duration(cases[i].text, &end);
		if (got < cases[i].seconds - 1e-9 || got > cases[i].seconds + 1e-9 || strcmp(end, cases[i].rest))
			fail_msg("\"%s\" is %g, and then \"%s\"", cases[i].text, got, end);
	}
	assert_true(parse_duration("3s", NULL) == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_is_terminated_after_every_addition),
		cmocka_unit_test(a_buffer_keeps_all_of_many_additions),
		cmocka_unit_test(a_cleared_buffer_is_an_empty_string),
		cmocka_unit_test(stealing_an_untouched_buffer_gives_an_empty_string),
		cmocka_unit_test(a_stolen_pointer_is_not_freed_by_its_variable),
		cmocka_unit_test(a_descriptor_is_closed_where_its_variable_ends),
		cmocka_unit_test(xstrndup_stops_at_the_end_of_the_string),
		cmocka_unit_test(the_first_sentence_of_an_error_stays),
		cmocka_unit_test(an_error_nobody_wants_is_only_a_code),
		cmocka_unit_test(a_moved_error_leaves_nothing_behind),
		cmocka_unit_test(control_characters_are_escaped_in_the_log),
		cmocka_unit_test(only_well_formed_utf8_reaches_the_log_as_it_is),
		cmocka_unit_test(messages_above_the_level_are_dropped),
		cmocka_unit_test(log_levels_are_known_by_name),
		cmocka_unit_test(the_monotonic_clock_never_goes_back),
		cmocka_unit_test(a_misspelled_word_finds_its_neighbour),
		cmocka_unit_test(the_nearest_of_several_neighbours_is_taken),
		cmocka_unit_test(a_word_far_from_all_finds_none),
		cmocka_unit_test(prefixes_and_suffixes_are_exact),
		cmocka_unit_test(words_are_separated_by_blanks_and_commas),
		cmocka_unit_test(hex_survives_the_way_there_and_back),
		cmocka_unit_test(hex_of_another_length_or_alphabet_is_refused),
		cmocka_unit_test(sizes_are_decimal_unless_they_say_binary),
		cmocka_unit_test(durations_are_numbers_with_units),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(a_block_ends_at_the_blank_line_and_the_text_behind_is_left),
		cmocka_unit_test(crlf_counts_as_one_line_end),
		cmocka_unit_test(continuation_lines_are_joined_by_one_blank),
		cmocka_unit_test(a_line_of_blanks_ends_the_block_and_continues_nothing),
		cmocka_unit_test(a_value_may_be_empty_and_the_last_line_unfinished),
		cmocka_unit_test(names_take_letters_digits_and_four_marks),
		cmocka_unit_test(a_line_without_a_colon_is_refused_with_its_number),
		cmocka_unit_test(line_numbers_count_continuations_comments_and_blank_lines),
		cmocka_unit_test(outside_configuration_an_equals_sign_separates_nothing),
		cmocka_unit_test(outside_configuration_there_are_no_comments_and_sections),
		cmocka_unit_test(in_configuration_the_first_separator_counts),
		cmocka_unit_test(sections_hold_until_the_next_one),
		cmocka_unit_test(broken_sections_are_refused),
		cmocka_unit_test(a_continuation_of_nothing_is_refused),
		cmocka_unit_test(names_with_other_characters_are_refused),
		cmocka_unit_test(nul_bytes_never_cut_a_value),
		cmocka_unit_test(an_excerpt_is_short_and_cut_between_characters),
		cmocka_unit_test(the_text_need_not_be_terminated),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
		cmocka_unit_test(a_bug_names_its_place_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
