#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "spill_reference.h"

static const char *const members[] = { "data", "b64_json", "bytesBase64Encoded", "url:data", NULL };

static const struct spill_settings roomy = {
	.members = members, .skeleton_max = 1 << 20, .file_max = 1 << 30, .files_max = 1000,
};

/* --- fixtures ------------------------------------------------------------------------------------- */

static int in_memory(void *arg, unsigned index)
{
	unsigned *asked = arg;

	if (asked) {
		assert_int_equal(index, *asked);
		++*asked;
	}
	int fd = memfd_create("picture", MFD_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct spill *spill_for(struct spill_settings set)
{
	if (!set.open_file)
		set.open_file = in_memory;
	return spill_new(&set);
}

static void free_spill(struct spill **s)
{
	spill_free(*s);
}
#define cleanup_spill __attribute__((cleanup(free_spill)))

static void feed(struct spill *s, const char *text)
{
	cleanup_error struct error err = ERROR_INIT;
	int rc = spill_feed(s, text, strlen(text), &err);

	if (rc)
		fail_msg("%s: %d: %s", text, rc, err.text);
}

static void end(struct spill *s)
{
	cleanup_error struct error err = ERROR_INIT;

	if (spill_end(s, &err))
		fail_msg("%s", err.text);
}

static struct spill *spill_of(const char *reply)
{
	struct spill *s = spill_for(roomy);

	feed(s, reply);
	end(s);
	return s;
}

static void expect_skeleton(struct spill *s, const char *expected)
{
	const struct buf *b = spill_skeleton(s);

	assert_int_equal(b->len, strlen(expected));
	assert_string_equal(b->data, expected);
}

static void expect_file(struct spill *s, size_t index, const char *content)
{
	struct spill_file *f = spill_file(s, index);
	struct buf expected = { .data = (char *)content, .len = strlen(content) };

	if (!f)
		fail_msg("there is no picture %zu", index);
	if (f->bad || !f->complete)
		fail_msg("picture %zu: %s", index, f->bad ? f->bad : "not complete");
	assert_int_equal(f->bytes, expected.len);
	if (!reference_file_holds(f->fd, &expected))
		fail_msg("picture %zu does not hold \"%s\"", index, content);
}

/* A reply whose only listed member has this JSON string as its value. */
static void expect_decoded(const char *string, const char *content)
{
	cleanup_free char *reply = xasprintf("{\"data\":\"%s\"}", string);
	cleanup_spill struct spill *s = spill_of(reply);

	expect_skeleton(s, "{\"data\":0}");
	expect_file(s, 0, content);
}

static void expect_bad(const char *string, const char *sentence)
{
	cleanup_free char *reply = xasprintf("{\"data\":\"%s\",\"b64_json\":\"aGk=\",\"n\":1}", string);
	cleanup_spill struct spill *s = spill_of(reply);

	expect_skeleton(s, "{\"data\":0,\"b64_json\":1,\"n\":1}");
	struct spill_file *f = spill_file(s, 0);
	assert_false(f->complete);
	if (!f->bad)
		fail_msg("\"%s\" was taken for base64", string);
	assert_string_equal(f->bad, sentence);
	expect_file(s, 1, "hi");
}

static void expect_copied(const char *reply)
{
	cleanup_spill struct spill *s = spill_of(reply);

	assert_int_equal(spill_count(s), 0);
	expect_skeleton(s, reply);
}

/* The error comes from feed or from end; it stays, and has a sentence. */
static void expect_error(struct spill *s, const char *reply, int code, const char *sentence)
{
	for (int again = 0; again < 2; again++) {
		cleanup_error struct error err = ERROR_INIT;
		int rc = spill_feed(s, again ? "{}" : reply, again ? 2 : strlen(reply), &err);
		assert_int_equal(rc, code);
		assert_int_equal(err.code, -code);
		if (!strstr(err.text, sentence))
			fail_msg("\"%s\" does not say \"%s\"", err.text, sentence);
	}
	cleanup_error struct error at_end = ERROR_INIT;
	assert_int_equal(spill_end(s, &at_end), code);
	assert_non_null(strstr(at_end.text, sentence));
	if (spill_skeleton(s)->len) {
		cJSON *json = cJSON_Parse(spill_skeleton(s)->data);
		if (!json)
			fail_msg("the skeleton is no JSON: %s", spill_skeleton(s)->data);
		cJSON_Delete(json);
	}
}

/* --- what is taken -------------------------------------------------------------------------------- */

static void the_text_of_a_listed_member_becomes_a_number(void **state)
{
	(void)state;
	unsigned asked = 0;
	struct spill_settings set = roomy;

	set.open_file = in_memory;
	set.arg = &asked;
	cleanup_spill struct spill *s = spill_new(&set);
	feed(s, "{\"data\":[{\"b64_json\":\"aGVsbG8=\"},{\"b64_json\":\"d29ybGQh\"}],\"note\":\"aGk=\"}");
	end(s);
	expect_skeleton(s, "{\"data\":[{\"b64_json\":0},{\"b64_json\":1}],\"note\":\"aGk=\"}");
	assert_int_equal(spill_count(s), 2);
	assert_int_equal(asked, 2);
	expect_file(s, 0, "hello");
	expect_file(s, 1, "world!");
	assert_null(spill_file(s, 2));
}

static void a_number_stands_for_every_picture_also_the_eleventh(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_for(roomy);

	feed(s, "[");
	for (int i = 0; i < 12; i++)
		feed(s, i ? ",{\"data\":\"aGk=\"}" : "{\"data\":\"aGk=\"}");
	feed(s, "]");
	end(s);
	assert_non_null(strstr(spill_skeleton(s)->data, ",{\"data\":10},{\"data\":11}]"));
	expect_file(s, 11, "hi");
}

static void names_are_those_of_the_list_and_no_others(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of("{\"bytesBase64Encoded\":\"aGk=\",\"b64_json\":\"aGk=\"}");

	expect_skeleton(s, "{\"bytesBase64Encoded\":0,\"b64_json\":1}");
	expect_copied("{\"bytes_base64_encoded\":\"aGk=\",\"b64Json\":\"aGk=\",\"Data\":\"aGk=\",\"dat\":\"aGk=\"}");
	expect_copied("{\"data2\":\"aGk=\",\"\":\"aGk=\",\" data\":\"aGk=\",\"data:data\":\"data:,aGk=\"}");
	expect_copied("{\"datadatadatadatadatadatadatadatadatadatadatadatadata\":\"aGk=\"}");
}

static void a_name_may_be_written_with_escapes(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of("{\"d\\u0061ta\":\"aGk=\",\"b64\\u005Fjson\":\"aGk=\"}");

	expect_skeleton(s, "{\"d\\u0061ta\":0,\"b64\\u005Fjson\":1}");
	expect_file(s, 1, "hi");
	expect_copied("{\"\\\"data\":\"aGk=\",\"data\\\"\":\"aGk=\",\"\\\\\":\"data\",\"d\\u0161ta\":\"aGk=\"}");
	expect_copied("{\"data\\u0000\":\"aGk=\",\"\\data\":\"aGk=\",\"data\\u00\":\"aGk=\"}");
}

static void only_a_name_before_a_colon_counts(void **state)
{
	(void)state;
	expect_copied("[\"data\",\"aGk=\"]");
	expect_copied("{\"a\":\"data\",\"b\":\"aGk=\"}");
	expect_copied("{\"a\":[\"data\"],\"b\":\"aGk=\"}");
	expect_copied("{\"a\":\"\\\"data\\\":\\\"aGk=\\\"\"}");
	expect_copied("{\"a\":\"{\\\"data\\\":\",\"b\":\"aGk=\"}");
	expect_copied("[\"data\":\"aGk=\"]");
	expect_copied("{\"a\":\"data\":\"aGk=\"}");
	expect_copied("\"data\":\"aGk=\"");
	expect_copied("{\"data\":1:\"aGk=\"}");
	expect_copied("{\"data\",:\"aGk=\"}");
}

static void other_values_of_a_listed_member_stay(void **state)
{
	(void)state;
	expect_copied("{\"data\":17,\"data\":true,\"data\":false,\"data\":null,\"data\":-1.5e3}");
	expect_copied("{\"data\":{\"x\":\"aGk=\"},\"data\":[\"aGk=\"],\"data\":[],\"data\":{}}");
	expect_copied("{\"data\":[[\"aGk=\"],\"aGk=\"]}");
}

static void blanks_may_stand_between_all_tokens(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of(" {\n\t\"data\" \r\n: \t\n\"aGk=\" , \"n\" : 1 }\n");

	expect_skeleton(s, " {\n\t\"data\" \r\n: \t\n0 , \"n\" : 1 }\n");
	expect_file(s, 0, "hi");
}

static void a_byte_order_mark_and_an_array_around_do_no_harm(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of("\xef\xbb\xbf[{\"data\":\"aGk=\"}]");

	expect_skeleton(s, "\xef\xbb\xbf[{\"data\":0}]");
	expect_file(s, 0, "hi");
}

static void an_empty_body_leaves_an_empty_skeleton(void **state)
{
	(void)state;
	expect_copied("");
	cleanup_spill struct spill *s = spill_for(roomy);
	assert_int_equal(spill_feed(s, NULL, 0, NULL), 0);
	end(s);
	expect_skeleton(s, "");
}

static void a_page_of_html_is_copied(void **state)
{
	(void)state;
	expect_copied("<html>don\"t {[ \"data\":\"aGk=\" {\"data\":\"aGk=\"}</html>");
	expect_copied("\xef\xbb\xbf\r\n <!DOCTYPE html><p title=\"");
	expect_copied("upstream timed out");
}

/* --- base64 --------------------------------------------------------------------------------------- */

static void every_length_of_the_last_group_is_read(void **state)
{
	(void)state;
	expect_decoded("", "");
	expect_decoded("Zg==", "f");
	expect_decoded("Zm8=", "fo");
	expect_decoded("Zm9v", "foo");
	expect_decoded("Zm9vYg==", "foob");
	expect_decoded("Zm9vYmE=", "fooba");
	expect_decoded("Zm9vYmFy", "foobar");
}

static void every_character_of_both_alphabets_is_read(void **state)
{
	(void)state;
	static const char bytes[] = "\xfb\xff\xfe\xfb\xff\xfe";

	expect_decoded("+//++//+", bytes);
	expect_decoded("-__--__-", bytes);
	cleanup_spill struct spill *s = spill_of(
		"{\"data\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\"}");
	struct spill_file *f = spill_file(s, 0);
	assert_true(f->complete);
	assert_int_equal(f->bytes, 48);
	uint8_t got[48];
	assert_int_equal(pread(f->fd, got, 48, 0), 48);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal((got[i * 6 / 8] << 8 | (i * 6 / 8 < 47 ? got[i * 6 / 8 + 1] : 0)) >> (10 - i * 6 % 8) & 63, i);
}

static void escapes_of_json_are_read_inside_base64(void **state)
{
	(void)state;
	static const char bytes[] = "\xfb\xff\xfe";

	expect_decoded("+\\/\\/+", bytes);
	expect_decoded("\\u002b//\\u002B", bytes);
	expect_decoded("\\u002b\\u002f\\u002F\\u002B", bytes);
	expect_decoded("Zg\\u003d\\u003D", "f");
	expect_decoded("Zg=\\u003d", "f");
	expect_decoded("Z\\u006d9v", "foo");
}

static void characters_outside_the_alphabet_make_a_picture_bad(void **state)
{
	(void)state;
	expect_bad("!", "character \"!\" at 0");
	expect_bad("Zm9vY!Fy", "character \"!\" at 5");
	expect_bad("Zm9v YmFy", "character 0x20 at 4");
	expect_bad("Zm9v\nYmFy", "character 0x0a at 4");
	expect_bad("Zm9v\\nYmFy", "character 0x0a at 4");
	expect_bad("Zm9v\\\"YmFy", "character \"\"\" at 4");
	expect_bad("Zm9v\\\\YmFy", "character \"\\\" at 4");
	expect_bad("Zm\xc3\xa4", "character 0xc3 at 2");
	expect_bad("Zm\\u00e4v", "a character beyond ASCII at 2");
	expect_bad("Zm9v\\u0000", "character 0x00 at 4");
	expect_bad("https://example.org/a.png", "character \":\" at 5");
	expect_bad("data;", "character \";\" at 4");
	expect_bad("\\u0021!", "character \"!\" at 0");
}

static void escapes_that_json_does_not_have_make_a_picture_bad(void **state)
{
	(void)state;
	expect_bad("Zm9v\\x41", "an escape that JSON does not have, at 4");
	expect_bad("Zm9v\\u00g1AAA", "an escape that JSON does not have, at 4");
	expect_bad("Zm9v\\u002", "an escape that JSON does not have, at 4");
	expect_bad("Zm9v\\u00\\u002bAA", "an escape that JSON does not have, at 4");
}

static void truncated_and_overlong_base64_make_a_picture_bad(void **state)
{
	(void)state;
	expect_bad("Z", "it ends in the middle of a group of four characters, at 1");
	expect_bad("Zm", "it ends in the middle of a group of four characters, at 2");
	expect_bad("Zm9vYmE", "it ends in the middle of a group of four characters, at 7");
	expect_bad("Zg=", "it ends in the middle of a group of four characters, at 3");
	expect_bad("=", "character \"=\" at 0");
	expect_bad("Z===", "character \"=\" at 1");
	expect_bad("Zm9v=", "character \"=\" at 4");
	expect_bad("Zg==Zg==", "it goes on behind its padding, at 4");
	expect_bad("Zm8=Zm8=", "it goes on behind its padding, at 4");
	expect_bad("Zm8==", "it goes on behind its padding, at 4");
	expect_bad("Zg===", "it goes on behind its padding, at 4");
	expect_bad("Zg=g", "it goes on behind its padding, at 3");
}

static void the_file_of_a_bad_picture_holds_what_came_before(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of("{\"data\":\"Zm9vYmFyZm!vYmFy\"}");
	struct spill_file *f = spill_file(s, 0);
	struct buf before = { .data = "foobar", .len = 6 };

	assert_int_equal(f->bytes, 6);
	assert_true(reference_file_holds(f->fd, &before));
}

/* --- data: URLs ----------------------------------------------------------------------------------- */

static void a_data_url_loses_what_stands_before_its_comma(void **state)
{
	(void)state;
	expect_decoded("data:image/png;base64,Zm9v", "foo");
	expect_decoded("data:,Zm9v", "foo");
	expect_decoded("data:image\\/png;base64\\u002cZm9v", "foo");
	expect_decoded("\\u0064ata\\u003a;base64,Zg==", "f");
	expect_decoded("data:image/png;base64,", "");
	expect_bad("data:image/png;base64", "a data: URL without a comma");
	expect_bad("data:", "a data: URL without a comma");
	expect_bad("data:,Zm9v,", "character \",\" at 10");
}

static void a_member_marked_so_is_dropped_however_long_it_is(void **state)
{
	static const char *const marked[] = { "data", "sig:drop", NULL };
	struct spill_settings set = roomy;
	struct spill *s cleanup_spill = NULL;
	char text[1001];

	(void)state;
	set.members = marked;
	set.skeleton_max = 100;
	s = spill_for(set);
	memset(text, 's', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	feed(s, "{\"sig\":\"");
	for (int i = 0; i < 1000; i++)
		feed(s, text);
	feed(s, "\\\" \\u0022\",\"data\":\"AAAA\",\"a\":[\"sig\",\"x\"],\"sig\":7}");
	end(s);
	expect_skeleton(s, "{\"sig\":\"\",\"data\":0,\"a\":[\"sig\",\"x\"],\"sig\":7}");
	assert_true(spill_file(s, 0)->complete);
}

static void a_dropped_member_that_breaks_off_is_closed(void **state)
{
	static const char *const marked[] = { "sig:drop", NULL };
	struct spill_settings set = roomy;
	struct spill *s cleanup_spill = NULL;

	(void)state;
	set.members = marked;
	s = spill_for(set);
	feed(s, "{\"sig\":\"abc\\");
	assert_int_equal(spill_end(s, NULL), -EBADMSG);
	expect_skeleton(s, "{\"sig\":\"\"}");
}

static void base64_may_begin_like_a_data_url(void **state)
{
	(void)state;
	expect_decoded("data", "u\xab\x5a");
	expect_decoded("datadata", "u\xab\x5au\xab\x5a");
	expect_decoded("dat=", "u\xab");
	expect_decoded("da==", "u");
	expect_bad("dat", "it ends in the middle of a group of four characters, at 3");
	expect_bad("d", "it ends in the middle of a group of four characters, at 1");
}

static void a_member_marked_so_is_taken_only_with_a_data_url(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of(
		"{\"url\":\"data:image/png;base64,aGk=\",\"b\":{\"url\":\"\\u0064\\u0061ta\\u003A,aGk=\"}}");

	expect_skeleton(s, "{\"url\":0,\"b\":{\"url\":1}}");
	expect_file(s, 0, "hi");
	expect_file(s, 1, "hi");
	expect_copied("{\"url\":\"https:\\/\\/example.org\\/a.png\",\"url\":\"\",\"url\":\"data\",\"url\":\"data;x\"}");
	expect_copied("{\"url\":\"adata:,aGk=\",\"url\":\"aGk=\",\"url\":null,\"url\":\"dat\\u00e4:\",\"url\":\" data:,\"}");
	expect_copied("{\"url:data\":\"data:,aGk=\",\"url\":{\"x\":\"data:,aGk=\"},\"url\":[\"data:,aGk=\"]}");
}

static void the_place_in_a_marked_url_is_counted_from_its_beginning(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_of("{\"url\":\"data:,aGk!\"}");

	assert_string_equal(spill_file(s, 0)->bad, "character \"!\" at 9");
}

/* --- size ----------------------------------------------------------------------------------------- */

static char *random_base64(size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = xmalloc(len + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = alphabet[x >> 26];
	}
	text[len] = '\0';
	return text;
}

static void feed_in_pieces(struct spill *s, const char *bytes, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(spill_feed(s, bytes + at, len - at < piece ? len - at : piece, NULL), 0);
}

static void twenty_megabytes_arrive_whole_in_pieces_of_any_size(void **state)
{
	(void)state;
	static const size_t pieces[] = { 1, 7, 16384, 1 << 30 };
	size_t len = 20 * 1000 * 1000;
	cleanup_free char *text = random_base64(len);
	cleanup_buf struct buf expected = BUF_INIT;

	assert_true(reference_decode(text, &expected));
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		cleanup_spill struct spill *s = spill_for(roomy);
		feed(s, "{\"data\":\"");
		feed_in_pieces(s, text, len, pieces[i]);
		feed(s, "\"}");
		end(s);
		struct spill_file *f = spill_file(s, 0);
		assert_true(f->complete);
		assert_int_equal(f->bytes, 15 * 1000 * 1000);
		assert_true(reference_file_holds(f->fd, &expected));
	}
}

static void lengths_around_a_block_arrive_whole(void **state)
{
	(void)state;
	for (size_t bytes = 12282; bytes <= 12294; bytes += 3) {
		size_t len = bytes / 3 * 4;
		cleanup_free char *text = random_base64(len);
		cleanup_buf struct buf expected = BUF_INIT;
		assert_true(reference_decode(text, &expected));
		cleanup_free char *reply = xasprintf("{\"data\":\"%s\"}", text);
		cleanup_spill struct spill *s = spill_of(reply);
		assert_true(spill_file(s, 0)->complete);
		assert_true(reference_file_holds(spill_file(s, 0)->fd, &expected));
	}
}

static void a_million_brackets_end_at_a_limit(void **state)
{
	(void)state;
	size_t len = 1000 * 1000;
	cleanup_free char *deep = xmalloc(len + 1);

	memset(deep, '[', len);
	deep[len] = '\0';
	cleanup_spill struct spill *arrays = spill_for(roomy);
	expect_error(arrays, deep, -EFBIG, "nested deeper than 512 levels");
	cleanup_spill struct spill *objects = spill_for(roomy);
	for (int i = 0; i < 512; i++)
		feed(objects, "{\"a\":");
	expect_error(objects, "{", -EFBIG, "nested deeper than 512 levels");
}

static void five_hundred_and_twelve_levels_are_read(void **state)
{
	(void)state;
	cleanup_spill struct spill *s = spill_for(roomy);

	for (int i = 0; i < 256; i++)
		feed(s, "[{\"data\":");
	feed(s, "\"aGk=\"");
	for (int i = 0; i < 256; i++)
		feed(s, "}]");
	end(s);
	expect_file(s, 0, "hi");
}

static void a_skeleton_over_its_limit_is_refused(void **state)
{
	(void)state;
	struct spill_settings set = roomy;

	set.skeleton_max = 21;
	cleanup_spill struct spill *fits = spill_for(set);
	feed(fits, "{\"data\":\"aGVsbG8gd29ybGQhaGVsbG8gd29ybGQh\",\"a\":\"1234\"}");
	end(fits);
	assert_int_equal(spill_skeleton(fits)->len, 21);
	cleanup_spill struct spill *over = spill_for(set);
	expect_error(over, "{\"data\":\"aGk=\",\"a\":\"12345\"}", -EFBIG, "more than 21 bytes beside its pictures");
	expect_skeleton(over, "{\"data\":0,\"a\":\"12345\"}");
	set.skeleton_max = 8;
	cleanup_spill struct spill *number = spill_for(set);
	expect_error(number, "{\"data\":\"aGk=\"}", -EFBIG, "more than 8 bytes beside its pictures");
	assert_int_equal(spill_count(number), 0);
	expect_skeleton(number, "{\"data\":null}");
}

static void a_picture_over_its_limit_is_refused(void **state)
{
	(void)state;
	static const char *const longer[] = { "aGVsbG8h", "aGVsbG8hIQ==", "aGVsbG8=\",\"data\":\"aGVsbG8\\/" };
	struct spill_settings set = roomy;

	set.file_max = 5;
	cleanup_spill struct spill *fits = spill_for(set);
	feed(fits, "{\"data\":\"aGVsbG8=\"}");
	end(fits);
	expect_file(fits, 0, "hello");
	for (size_t i = 0; i < ARRAY_LEN(longer); i++) {
		cleanup_free char *reply = xasprintf("{\"data\":\"%s\"}", longer[i]);
		cleanup_spill struct spill *s = spill_for(set);
		expect_error(s, reply, -EFBIG, "of the reply is larger than 5 bytes");
		struct spill_file *f = spill_file(s, spill_count(s) - 1);
		assert_false(f->complete);
		assert_true(f->bytes <= 5);
	}
}

static void no_byte_beyond_the_limit_is_written(void **state)
{
	(void)state;
	struct spill_settings set = roomy;
	cleanup_free char *text = random_base64(100000);
	cleanup_free char *reply = xasprintf("{\"data\":\"%s\"}", text);

	set.file_max = 30000;
	cleanup_spill struct spill *s = spill_for(set);
	expect_error(s, reply, -EFBIG, "picture 1 of the reply is larger than 30000 bytes");
	assert_true(lseek(spill_file(s, 0)->fd, 0, SEEK_END) <= 30000);
}

static void more_pictures_than_the_limit_are_refused(void **state)
{
	(void)state;
	struct spill_settings set = roomy;

	set.files_max = 2;
	cleanup_spill struct spill *s = spill_for(set);
	expect_error(s, "[{\"data\":\"aGk=\"},{\"data\":\"aGk=\"},{\"data\":\"aGk=\"},1]", -EFBIG, "more than 2 pictures");
	expect_skeleton(s, "[{\"data\":0},{\"data\":1},{\"data\":null}]");
	assert_int_equal(spill_count(s), 2);
	expect_file(s, 1, "hi");
	cleanup_spill struct spill *url = spill_for(set);
	expect_error(url, "[{\"data\":\"\",\"data\":\"\",\"url\":\"data:", -EFBIG, "more than 2 pictures");
	expect_skeleton(url, "[{\"data\":0,\"data\":1,\"url\":null}]");
}

/* --- files ---------------------------------------------------------------------------------------- */

static int full(void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int not_writable(void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int no_room(void *arg, unsigned index)
{
	(void)arg;
	return index ? -ENOSPC : in_memory(NULL, 0);
}

static void a_file_that_cannot_be_written_ends_the_reading(void **state)
{
	(void)state;
	struct spill_settings set = roomy;

	set.open_file = full;
	cleanup_spill struct spill *s = spill_for(set);
	expect_error(s, "{\"data\":\"aGk=\",\"n\":1}", -ENOSPC,
	             "picture 1 of the reply cannot be written: No space left on device");
	assert_false(spill_file(s, 0)->complete);
	expect_skeleton(s, "{\"data\":0}");
	set.open_file = not_writable;
	cleanup_spill struct spill *closed = spill_for(set);
	expect_error(closed, "{\"data\":\"aGk=\"}", -EBADF, "cannot be written: Bad file descriptor");
}

static void a_full_disk_is_noticed_before_the_end_of_a_large_picture(void **state)
{
	(void)state;
	struct spill_settings set = roomy;
	cleanup_free char *text = random_base64(100000);
	cleanup_error struct error err = ERROR_INIT;

	set.open_file = full;
	cleanup_spill struct spill *s = spill_for(set);
	feed(s, "{\"data\":\"");
	assert_int_equal(spill_feed(s, text, 100000, &err), -ENOSPC);
	assert_string_equal(err.hint, "make room on the disk");
}

static void a_full_disk_is_noticed_where_a_reply_breaks_off(void **state)
{
	(void)state;
	struct spill_settings set = roomy;
	cleanup_error struct error err = ERROR_INIT;

	set.open_file = full;
	cleanup_spill struct spill *s = spill_for(set);
	feed(s, "{\"data\":\"aGVs");
	assert_int_equal(spill_end(s, &err), -ENOSPC);
	assert_int_equal(spill_end(s, NULL), -ENOSPC);
	expect_skeleton(s, "{\"data\":0}");
}

/* A limit of the process makes the kernel write only a part of the last block. */
static void a_short_write_is_not_taken_for_a_whole_one(void **state)
{
	(void)state;
	struct rlimit old, low;
	cleanup_free char *text = random_base64(28000);
	cleanup_free char *reply = xasprintf("{\"data\":\"%s\"}", text);
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf expected = BUF_INIT;
	cleanup_spill struct spill *s = spill_for(roomy);

	assert_true(reference_decode(text, &expected));
	expected.len = 20000;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = 20000;
	void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &low);
	int rc = spill_feed(s, reply, strlen(reply), &err);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, was);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(err.text, "picture 1 of the reply cannot be written: File too large"));
	assert_false(spill_file(s, 0)->complete);
	assert_true(reference_file_holds(spill_file(s, 0)->fd, &expected));
}

static void a_file_that_cannot_be_made_ends_the_reading(void **state)
{
	(void)state;
	struct spill_settings set = roomy;

	set.open_file = no_room;
	cleanup_spill struct spill *s = spill_for(set);
	expect_error(s, "[{\"data\":\"aGk=\"},{\"data\":\"aGk=\"}]", -ENOSPC,
	             "no file for picture 2 of the reply: No space left on device");
	expect_skeleton(s, "[{\"data\":0},{\"data\":null}]");
	expect_file(s, 0, "hi");
}

static void a_descriptor_can_be_taken(void **state)
{
	(void)state;
	struct spill *s = spill_of("{\"data\":\"aGk=\",\"b64_json\":\"aGk=\"}");
	cleanup_fd int taken = steal_fd(&spill_file(s, 0)->fd);
	int other = spill_file(s, 1)->fd;

	spill_free(s);
	assert_true(fcntl(taken, F_GETFD) >= 0);
	assert_int_equal(fcntl(other, F_GETFD), -1);
	spill_free(NULL);
}

/* --- broken replies ------------------------------------------------------------------------------- */

static void expect_closed(const char *reply, const char *skeleton, const char *sentence)
{
	cleanup_spill struct spill *s = spill_for(roomy);
	cleanup_error struct error err = ERROR_INIT;

	feed(s, reply);
	assert_int_equal(spill_end(s, &err), -EBADMSG);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.text, sentence);
	expect_skeleton(s, skeleton);
	assert_int_equal(spill_end(s, NULL), -EBADMSG);
	expect_skeleton(s, skeleton);
}

static void what_a_break_left_open_is_closed(void **state)
{
	(void)state;
	expect_closed("{", "{}", "with 1 bracket open");
	expect_closed("[{\"a\":[", "[{\"a\":[]}]", "with 3 brackets open");
	expect_closed("{\"a", "{\"a\":null}", "in the middle of a text");
	expect_closed("{\"a\"", "{\"a\":null}", "with 1 bracket open");
	expect_closed("{\"a\" ", "{\"a\" :null}", "with 1 bracket open");
	expect_closed("{\"a\":", "{\"a\":null}", "with 1 bracket open");
	expect_closed("{\"a\":\"b", "{\"a\":\"b\"}", "in the middle of a text");
	expect_closed("{\"a\":\"b\"", "{\"a\":\"b\"}", "with 1 bracket open");
	expect_closed("{\"a\":1,", "{\"a\":1}", "with 1 bracket open");
}

static void values_that_may_be_cut_off_become_null(void **state)
{
	(void)state;
	expect_closed("{\"a\":12", "{\"a\":null}", "open");
	expect_closed("[1,-", "[1,null]", "open");
	expect_closed("[1,tru", "[1,null]", "open");
	expect_closed("[1,true", "[1,true]", "open");
	expect_closed("[false", "[false]", "open");
	expect_closed("[null", "[null]", "open");
	expect_closed("[12 ", "[12 ]", "open");
}

static void half_an_escape_goes(void **state)
{
	(void)state;
	expect_closed("[\"a\\", "[\"a\"]", "text");
	expect_closed("[\"a\\\\", "[\"a\\\\\"]", "text");
	expect_closed("[\"a\\u00e", "[\"a\"]", "text");
	expect_closed("[\"a\\u00e4", "[\"a\\u00e4\"]", "text");
	expect_closed("[\"a\\ud83d", "[\"a\"]", "text");
	expect_closed("[\"a\\ud83d\\u", "[\"a\"]", "text");
	expect_closed("[\"a\\ud83d\\ude00", "[\"a\\ud83d\\ude00\"]", "text");
	expect_closed("{\"a\\u0", "{\"a\":null}", "text");
}

static void an_open_picture_stays_not_complete_and_has_its_number(void **state)
{
	(void)state;
	static const char *const open[] = {
		"{\"data\":\"", "{\"data\":\"aGV", "{\"data\":\"aGk=", "{\"data\":\"data:", "{\"data\":\"aG\\",
	};

	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		expect_closed(open[i], "{\"data\":0}", "in the middle of picture 1");
	cleanup_spill struct spill *s = spill_for(roomy);
	struct buf expected = { .data = "hel", .len = 3 };
	feed(s, "{\"data\":\"aGVsbG");
	assert_int_equal(spill_end(s, NULL), -EBADMSG);
	assert_false(spill_file(s, 0)->complete);
	assert_null(spill_file(s, 0)->bad);
	assert_int_equal(spill_file(s, 0)->bytes, 3);
	assert_true(reference_file_holds(spill_file(s, 0)->fd, &expected));
	expect_closed("{\"url\":\"data", "{\"url\":\"data\"}", "in the middle of a text");
	expect_closed("{\"url\":\"data:", "{\"url\":0}", "in the middle of picture 1");
}

static void brackets_that_do_not_match_are_noticed(void **state)
{
	(void)state;
	expect_closed("{\"a\":1]", "{\"a\":1]", "closes brackets that are not open");
	expect_closed("[1}", "[1}", "closes brackets that are not open");
	expect_closed("{}}", "{}}", "closes brackets that are not open");
	expect_closed("]", "]", "closes brackets that are not open");
}

static const char sample[] =
	" {\"created\": 1700000000, \"ok\": true, \"none\" : null ,\"note\":\"a \\\"b\\\" \\u00e4 \\ud83d\\ude00 \xc3\xa4\",\r\n"
	"\"data\":[{\"b64_json\":\"aGVsbG8=\",\"url\":\"https:\\/\\/example.org\",\"n\":[1, 2.5e3,[]]},\n"
	" {\"url\" : \"data:image/png;base64,aGVs\\/G8\\u003d\"},{ },{\"data\":\"\",\"b64_json\":\"bad!\"} ]} ";

/* Where in the sample the string of each picture opens, and the byte behind its closing quote. */
static size_t picture_spans(size_t opens[4], size_t closes[4])
{
	static const char *const strings[] = {
		"\"aGVsbG8=\"", "\"data:image/png;base64,aGVs\\/G8\\u003d\"", "\"\",\"b64", "\"bad!\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		const char *at = strstr(sample, strings[i]);
		opens[i] = (size_t)(at - sample) + (i == 1 ? strlen("\"data:") : 1);
		closes[i] = (size_t)(strchr(at + 1, '"') + 1 - sample);
	}
	return ARRAY_LEN(strings);
}

static void expect_cut_is_closed(size_t cut)
{
	size_t opens[4], closes[4], most = picture_spans(opens, closes), count = 0;
	cleanup_spill struct spill *s = spill_for(roomy);
	size_t whole_at = strlen(sample) - 1;

	assert_int_equal(spill_feed(s, sample, cut, NULL), 0);
	assert_int_equal(spill_end(s, NULL), cut < 2 || cut >= whole_at ? 0 : -EBADMSG);
	cJSON *json = cJSON_Parse(spill_skeleton(s)->data);
	if (!json && cut >= 2)
		fail_msg("cut at %zu: %s", cut, spill_skeleton(s)->data);
	cJSON_Delete(json);
	for (size_t i = 0; i < most; i++)
		count += cut >= opens[i];
	assert_int_equal(spill_count(s), count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(spill_file(s, i)->complete, cut >= closes[i] && i != 3);
		if (i == 0 && cut >= closes[0])
			expect_file(s, 0, "hello");
	}
}

static void a_reply_can_be_read_wherever_it_breaks_off(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= strlen(sample); cut++)
		expect_cut_is_closed(cut);
}

/* `":null`, what closes the brackets; and `"dat"` is a text until it has become a data: URL. */
static bool is_only_closed(const char *tail)
{
	tail += *tail == '"';
	tail += strspn(tail, "dat");
	tail += *tail == '"';
	tail += *tail == ':';
	if (str_starts_with(tail, "null"))
		tail += strlen("null");
	return tail[strspn(tail, "]}")] == '\0';
}

static void a_break_changes_nothing_before_it(void **state)
{
	(void)state;
	cleanup_spill struct spill *whole = spill_of(sample);
	const char *expected = spill_skeleton(whole)->data;

	for (size_t cut = 0; cut <= strlen(sample); cut++) {
		cleanup_spill struct spill *s = spill_for(roomy);
		assert_int_equal(spill_feed(s, sample, cut, NULL), 0);
		spill_end(s, NULL);
		const char *got = spill_skeleton(s)->data;
		size_t same = 0;
		while (got[same] && got[same] == expected[same])
			same++;
		if (!is_only_closed(got + same))
			fail_msg("cut at %zu: %s", cut, got);
	}
}

/* --- random replies ------------------------------------------------------------------------------- */

struct dice {
	uint64_t x;
};

static unsigned roll(struct dice *d, unsigned sides)
{
	d->x ^= d->x << 13;
	d->x ^= d->x >> 7;
	d->x ^= d->x << 17;
	return (unsigned)(d->x >> 33) % sides;
}

static const char *pick(struct dice *d, const char *const *from, size_t count)
{
	return from[roll(d, (unsigned)count)];
}

static void add_blanks(struct dice *d, struct buf *b)
{
	while (roll(d, 6) == 0)
		buf_chr(b, " \t\r\n"[roll(d, 4)]);
}

/* Plain, or as one of its escapes. */
static void add_char(struct dice *d, struct buf *b, char c)
{
	if (c == '"' || c == '\\' || (c == '/' && roll(d, 2)))
		buf_fmt(b, "\\%c", c);
	else if (roll(d, 40) == 0)
		buf_fmt(b, roll(d, 2) ? "\\u%04x" : "\\u%04X", (unsigned)c);
	else
		buf_chr(b, c);
}

static void add_chars(struct dice *d, struct buf *b, const char *s)
{
	for (; *s; s++)
		add_char(d, b, *s);
}

static void add_name(struct dice *d, struct buf *b)
{
	static const char *const names[] = {
		"data", "data", "b64_json", "bytesBase64Encoded", "url", "url", "uri", "dat", "dataa", "\"data", "", "x",
		"data\\", "a name that is longer than any of those in the list",
	};

	buf_chr(b, '"');
	add_chars(d, b, pick(d, names, ARRAY_LEN(names)));
	buf_chr(b, '"');
}

static void add_base64(struct dice *d, struct buf *b)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
	static const char *const ends[] = { "", "", "AA==", "AAA=", "AA==", "A", "AA", "AA=", "=", "!", "AA==A", "AAAA====" };
	unsigned groups = roll(d, 50) ? roll(d, 20) : roll(d, 10000);

	for (unsigned i = 0; i < groups * 4; i++)
		add_char(d, b, alphabet[roll(d, 66)]);
	if (roll(d, 60) == 0)
		add_char(d, b, "!=,: \"\\"[roll(d, 7)]);
	add_chars(d, b, pick(d, ends, ARRAY_LEN(ends)));
}

static void add_text(struct dice *d, struct buf *b)
{
	static const char *const texts[] = {
		"", "data", "\"data\":\"aGk=\"", "https://example.org/", "data", "\\", "{[", "data;", "dat",
	};
	static const char *const raw[] = { "\\ud83d\\ude00", "\xc3\xa4", "\\n\\t\\b", "\\u00e4", "\\\\\\\"", "" };

	add_chars(d, b, pick(d, texts, ARRAY_LEN(texts)));
	buf_str(b, pick(d, raw, ARRAY_LEN(raw)));
}

static void add_string(struct dice *d, struct buf *b)
{
	static const char *const heads[] = { "data:image/png;base64,", "data:,", "data:" };
	unsigned kind = roll(d, 8);

	buf_chr(b, '"');
	if (kind < 2)
		add_text(d, b);
	if (kind == 2 || kind == 3)
		add_chars(d, b, pick(d, heads, ARRAY_LEN(heads)));
	if (kind >= 2)
		add_base64(d, b);
	buf_chr(b, '"');
}

static void add_value(struct dice *d, struct buf *b, unsigned depth);

static void add_container(struct dice *d, struct buf *b, unsigned depth, bool object)
{
	unsigned count = roll(d, 6);

	buf_chr(b, object ? '{' : '[');
	add_blanks(d, b);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			buf_chr(b, ',');
		add_blanks(d, b);
		if (object) {
			add_name(d, b);
			add_blanks(d, b);
			buf_chr(b, ':');
			add_blanks(d, b);
		}
		add_value(d, b, depth + 1);
		add_blanks(d, b);
	}
	buf_chr(b, object ? '}' : ']');
}

static void add_value(struct dice *d, struct buf *b, unsigned depth)
{
	static const char *const literals[] = { "0", "-1.5e-3", "true", "false", "null", "1700000000" };
	unsigned kind = roll(d, 12);

	if (kind < 5)
		add_string(d, b);
	else if (kind < 7 || depth > 6)
		buf_str(b, pick(d, literals, ARRAY_LEN(literals)));
	else
		add_container(d, b, depth, kind > 8);
}

static void feed_randomly(struct dice *d, struct spill *s, const struct buf *reply)
{
	unsigned most = roll(d, 2) ? 4 : roll(d, 2) ? 60 : 20000;

	for (size_t at = 0; at < reply->len;) {
		size_t piece = 1 + roll(d, most);
		if (piece > reply->len - at)
			piece = reply->len - at;
		/* A copy of just that size, so that a sanitizer sees what is read beyond it. */
		cleanup_free char *copy = xmalloc(piece);
		memcpy(copy, reply->data + at, piece);
		assert_int_equal(spill_feed(s, copy, piece, NULL), 0);
		at += piece;
	}
}

static void expect_like_the_reference(uint64_t seed)
{
	struct dice d = { .x = seed };
	cleanup_buf struct buf reply = BUF_INIT;
	cleanup_spill struct spill *s = spill_for(roomy);
	cleanup_error struct error err = ERROR_INIT;

	add_container(&d, &reply, 0, roll(&d, 4) > 0);
	feed_randomly(&d, s, &reply);
	if (spill_end(s, &err))
		fail_msg("seed %" PRIu64 ": %s\n%.2000s", seed, err.text, reply.data);
	cJSON *whole = cJSON_ParseWithLength(reply.data, reply.len);
	if (!whole)
		fail_msg("seed %" PRIu64 ": the test has made no JSON: %.2000s", seed, reply.data);
	const char *differs = reference_compare(s, members, whole);
	cJSON_Delete(whole);
	if (differs)
		fail_msg("seed %" PRIu64 ": %s\n%.2000s\n%.2000s", seed, differs, reply.data, spill_skeleton(s)->data);
}

static void random_replies_come_out_like_the_reference(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();

	for (unsigned i = 0; i < (given ? 1 : 5000); i++)
		expect_like_the_reference(seed + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_of_a_listed_member_becomes_a_number),
		cmocka_unit_test(a_number_stands_for_every_picture_also_the_eleventh),
		cmocka_unit_test(names_are_those_of_the_list_and_no_others),
		cmocka_unit_test(a_name_may_be_written_with_escapes),
		cmocka_unit_test(only_a_name_before_a_colon_counts),
		cmocka_unit_test(other_values_of_a_listed_member_stay),
		cmocka_unit_test(blanks_may_stand_between_all_tokens),
		cmocka_unit_test(a_byte_order_mark_and_an_array_around_do_no_harm),
		cmocka_unit_test(an_empty_body_leaves_an_empty_skeleton),
		cmocka_unit_test(a_page_of_html_is_copied),
		cmocka_unit_test(every_length_of_the_last_group_is_read),
		cmocka_unit_test(every_character_of_both_alphabets_is_read),
		cmocka_unit_test(escapes_of_json_are_read_inside_base64),
		cmocka_unit_test(characters_outside_the_alphabet_make_a_picture_bad),
		cmocka_unit_test(escapes_that_json_does_not_have_make_a_picture_bad),
		cmocka_unit_test(truncated_and_overlong_base64_make_a_picture_bad),
		cmocka_unit_test(the_file_of_a_bad_picture_holds_what_came_before),
		cmocka_unit_test(a_data_url_loses_what_stands_before_its_comma),
		cmocka_unit_test(a_member_marked_so_is_dropped_however_long_it_is),
		cmocka_unit_test(a_dropped_member_that_breaks_off_is_closed),
		cmocka_unit_test(base64_may_begin_like_a_data_url),
		cmocka_unit_test(a_member_marked_so_is_taken_only_with_a_data_url),
		cmocka_unit_test(the_place_in_a_marked_url_is_counted_from_its_beginning),
		cmocka_unit_test(twenty_megabytes_arrive_whole_in_pieces_of_any_size),
		cmocka_unit_test(lengths_around_a_block_arrive_whole),
		cmocka_unit_test(a_million_brackets_end_at_a_limit),
		cmocka_unit_test(five_hundred_and_twelve_levels_are_read),
		cmocka_unit_test(a_skeleton_over_its_limit_is_refused),
		cmocka_unit_test(a_picture_over_its_limit_is_refused),
		cmocka_unit_test(no_byte_beyond_the_limit_is_written),
		cmocka_unit_test(more_pictures_than_the_limit_are_refused),
		cmocka_unit_test(a_file_that_cannot_be_written_ends_the_reading),
		cmocka_unit_test(a_full_disk_is_noticed_before_the_end_of_a_large_picture),
		cmocka_unit_test(a_full_disk_is_noticed_where_a_reply_breaks_off),
		cmocka_unit_test(a_short_write_is_not_taken_for_a_whole_one),
		cmocka_unit_test(a_file_that_cannot_be_made_ends_the_reading),
		cmocka_unit_test(a_descriptor_can_be_taken),
		cmocka_unit_test(what_a_break_left_open_is_closed),
		cmocka_unit_test(values_that_may_be_cut_off_become_null),
		cmocka_unit_test(half_an_escape_goes),
		cmocka_unit_test(an_open_picture_stays_not_complete_and_has_its_number),
		cmocka_unit_test(brackets_that_do_not_match_are_noticed),
		cmocka_unit_test(a_reply_can_be_read_wherever_it_breaks_off),
		cmocka_unit_test(a_break_changes_nothing_before_it),
		cmocka_unit_test(random_replies_come_out_like_the_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
