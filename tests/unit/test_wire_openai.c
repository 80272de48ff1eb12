/* The openai wire: what is sent for each row of the model table, and every reply that was seen. */
#include "wire_testing.h"

/* --- requests */

#define OPENAI "https://api.openai.com/v1/images/generations"
#define LOCAL "http://127.0.0.1:1234/v1/images/generations"
#define FOX "\"prompt\":\"a \\\"red\\\" fox\\n霓虹\",\"n\":1"

static const struct wt_golden golden[] = {
	{ "provider: openai\nmodel: gpt-image-2\n", OPENAI, "{\"model\":\"gpt-image-2\"," FOX "}" },
	{ "provider: openai\nmodel: gpt-image-2\nsize: 3:2\nformat: jpeg\nquality: 85\nn: 4\n", OPENAI,
	  "{\"model\":\"gpt-image-2\"," FOX ",\"size\":\"1536x1024\",\"output_format\":\"jpeg\",\"output_compression\":85}" },
	{ "provider: openai\nmodel: gpt-image-2\nsize: 16:9\nresolution: 4k\nformat: webp\nquality: 60\n", OPENAI,
	  "{\"model\":\"gpt-image-2\"," FOX ",\"size\":\"3840x2160\",\"output_format\":\"webp\",\"output_compression\":60}" },
	{ "provider: openai\nmodel: gpt-image-1.5\nsize: 1024x1536\nformat: webp\n", OPENAI,
	  "{\"model\":\"gpt-image-1.5\"," FOX ",\"size\":\"1024x1536\",\"output_format\":\"webp\"}" },
	{ "provider: openai\nmodel: gpt-image-1.5\nformat: jpeg\nquality: 1\n", OPENAI,
	  "{\"model\":\"gpt-image-1.5\"," FOX ",\"output_format\":\"jpeg\",\"output_compression\":1}" },
	{ "provider: openai\nmodel: gpt-image-1-mini\nsize: 1:1\nformat: jpeg\nquality: 100\n", OPENAI,
	  "{\"model\":\"gpt-image-1-mini\"," FOX ",\"size\":\"1024x1024\",\"output_format\":\"jpeg\",\"output_compression\":100}" },
	{ "provider: openai\nmodel: gpt-image-1\nsize: 1:1\nformat: jpeg\nquality: 50\n", OPENAI,
	  "{\"model\":\"gpt-image-1\"," FOX ",\"size\":\"1024x1024\",\"output_format\":\"jpeg\",\"output_compression\":50}" },
	{ "provider: local\nmodel: local\nsize: 16:9\n", LOCAL, "{\"model\":\"local\"," FOX ",\"size\":\"1344x768\"}" },
};

static void every_row_sends_every_header_that_it_takes(void **state)
{
	(void)state;
	static const char *const providers[] = { "openai", "local", NULL };

	wt_golden_all(golden, ARRAY_LEN(golden), providers);
}

static void metadata_goes_to_the_top_and_replaces_nothing(void **state)
{
	(void)state;
	static const struct wt_golden row = {
		"provider: openai\nmodel: gpt-image-2\nsize: 1:1\n"
		"metadata.quality: \"high\"\nmetadata.background: \"transparent\"\nmetadata./user: \"u\"\n"
		"metadata.n: 10\nmetadata./model: \"dear\"\nmetadata.size: \"auto\"\nmetadata.stream: true\nmetadata./stream: true\n",
		OPENAI,
		"{\"model\":\"gpt-image-2\"," FOX ",\"size\":\"1024x1024\",\"quality\":\"high\",\"background\":\"transparent\","
		"\"user\":\"u\"}",
	};

	wt_golden_one(&row);
}

static void a_row_of_ones_own_says_more(void **state)
{
	(void)state;
	static const char config[] =
		"[provider engine]\nwire = openai\nurl = http://localhost:8080/v1/\nauth = none\n"
		"[model a]\nprovider = engine\nn-max = 4\nresponse-format = yes\nratios = 7:5\n"
		"[model b]\nprovider = engine\nresponse-format = url\nresolutions = 1K 2K\n"
		"[model c]\nprovider = engine\nresponse-format = no\nresolutions = 1K\nresolution-key = tier\n";
	static const struct wt_golden rows[] = {
		/* No pixels are documented for it, so the engine keeps its own size. */
		{ "model: a\nsize: 7:5\nn: 3\n", NULL, "{\"model\":\"a\",\"prompt\":\"p\",\"n\":3,\"response_format\":\"b64_json\"}" },
		{ "model: b\nresolution: 2k\n", NULL, "{\"model\":\"b\",\"prompt\":\"p\",\"n\":1,\"response_format\":\"url\",\"resolution\":\"2K\"}" },
		{ "model: c\nresolution: 1k\n", NULL, "{\"model\":\"c\",\"prompt\":\"p\",\"n\":1,\"tier\":\"1K\"}" },
	};
	cleanup_error struct error err = ERROR_INIT;
	struct models *m = models_load(config, sizeof(config) - 1, "config", &err);

	assert_non_null(m);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_request struct request r;
		struct wire_call call;
		wt_resolve_in(m, &r, rows[i].headers, "p");
		wt_build(&r, &call);
		assert_string_equal(call.url, "http://localhost:8080/v1/images/generations");
		cleanup_free char *body = wt_body(&call);
		wt_expect_json(rows[i].headers, body, rows[i].json);
		wire_call_release(&call);
	}
	models_unref(m);
}

#define FIELD(name, value) "--BOUNDARY\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, suffix, n) "--BOUNDARY\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"image." suffix \
	"\"\r\nContent-Type: image/" suffix "\r\n\r\n<" #n ">\r\n"

static void expect_form(const struct request *r, const char *url, const char *expected, size_t pieces)
{
	struct wire_call call;

	wt_build(r, &call);
	assert_string_equal(call.url, url);
	assert_non_null(call.boundary);
	cleanup_free char *type = xasprintf("multipart/form-data; boundary=%s", call.boundary);
	assert_string_equal(call.content_type, type);
	cleanup_free char *body = wt_body(&call);
	assert_string_equal(body, expected);
	assert_int_equal(call.pieces_count, pieces);
	for (size_t i = 0; i < call.pieces_count; i++)
		assert_false(call.pieces[i].base64);
	wire_call_release(&call);
}

static void one_reference_makes_it_a_form_for_edits(void **state)
{
	(void)state;
	cleanup_request struct request r;

	wt_resolve(&r, "provider: openai\nmodel: gpt-image-2\nsize: 1:1\nformat: jpeg\nquality: 85\n"
	               "metadata.quality: \"a \\\"b\\\"\"\nmetadata.options: {\"x\": [1]}\nmetadata.flag: true\n");
	wt_reference(&r, "my secret.png", "image/png", 10);
	expect_form(&r, "https://api.openai.com/v1/images/edits",
	            FIELD("model", "gpt-image-2") FIELD("prompt", "a \"red\" fox\n霓虹") FIELD("n", "1") FIELD("size", "1024x1024")
	            FIELD("output_format", "jpeg") FIELD("output_compression", "85") FIELD("flag", "true")
	            FIELD("options", "{\"x\": [1]}") FIELD("quality", "a \"b\"") FILE_PART("image", "png", 0) "--BOUNDARY--\r\n", 3);
}

static void several_references_are_a_list_in_order(void **state)
{
	(void)state;
	cleanup_request struct request r;

	wt_resolve(&r, "provider: openai\nmodel: gpt-image-1\n");
	wt_reference(&r, "a", "image/png", 1);
	wt_reference(&r, "https://example.org/pose.png", NULL, 0);
	wt_reference(&r, "b", "image/webp", 2);
	expect_form(&r, "https://api.openai.com/v1/images/edits",
	            FIELD("model", "gpt-image-1") FIELD("prompt", "a \"red\" fox\n霓虹") FIELD("n", "1")
	            FILE_PART("image[]", "png", 0) FIELD("image[]", "https://example.org/pose.png") FILE_PART("image[]", "webp", 2)
	            "--BOUNDARY--\r\n", 5);
}

static void a_key_that_is_a_list_is_one_for_a_single_reference_too(void **state)
{
	(void)state;
	cleanup_request struct request r;

	wt_resolve(&r, "provider: local\nmodel: local\n");
	wt_reference(&r, "a", "image/jpeg", 1);
	expect_form(&r, "http://127.0.0.1:1234/v1/images/edits",
	            FIELD("model", "local") FIELD("prompt", "a \"red\" fox\n霓虹") FIELD("n", "1") FILE_PART("image[]", "jpeg", 0)
	            "--BOUNDARY--\r\n", 3);
	wt_reference(&r, "b", "image/png", 1);
	expect_form(&r, "http://127.0.0.1:1234/v1/images/edits",
	            FIELD("model", "local") FIELD("prompt", "a \"red\" fox\n霓虹") FIELD("n", "1") FILE_PART("image[]", "jpeg", 0)
	            FILE_PART("image[]", "png", 1) "--BOUNDARY--\r\n", 5);
}

static void two_boundaries_are_never_the_same(void **state)
{
	(void)state;
	cleanup_request struct request r;
	struct wire_call a, b;

	wt_resolve(&r, "provider: local\nmodel: local\n");
	wt_reference(&r, "a", "image/jpeg", 1);
	wt_build(&r, &a);
	wt_build(&r, &b);
	assert_string_not_equal(a.boundary, b.boundary);
	wire_call_release(&a);
	wire_call_release(&b);
}

/* --- replies */

static const struct wt_reply replies[] = {
	{ .what = "the documented example", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"created\":1790000000,\"data\":[{\"b64_json\":0,\"revised_prompt\":\"a fox\"}],\"background\":\"opaque\","
	          "\"output_format\":\"png\",\"quality\":\"high\",\"size\":\"1024x1024\",\"usage\":{\"input_tokens\":50}}" },
	{ .what = "several", .files = { WT_WHOLE, WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "2 0 1",
	  .body = "{\"data\":[{\"b64_json\":2},{\"b64_json\":0},{\"b64_json\":1}]}" },
	{ .what = "an address", .cls = WIRE_DONE, .url = "http://localhost:8080/x.png",
	  .body = "{\"data\":[{\"b64_json\":null,\"url\":\"http://localhost:8080/x.png\"}]}" },
	{ .what = "no bytes, for the form", .files = { WT_EMPTY }, .cls = WIRE_DONE, .url = "https://a/1",
	  .body = "{\"data\":[{\"b64_json\":0,\"url\":\"https://a/1\"}]}" },
	{ .what = "a data: address", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .body = "{\"data\":[{\"url\":0}]}" },
	{ .what = "bytes and address of one", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"data\":[{\"url\":\"https://a/1\",\"b64_json\":0}]}" },
	{ .what = "bad bytes, but an address", .files = { WT_BAD }, .cls = WIRE_DONE, .url = "https://a/1", .note = "passed over",
	  .body = "{\"data\":[{\"url\":\"https://a/1\",\"b64_json\":0}]}" },
	{ .what = "bytes of one, address of another", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .url = "https://a/1",
	  .note = "another picture is at https://a/1", .body = "{\"data\":[{\"url\":\"https://a/1\"},{\"b64_json\":0}]}" },
	{ .what = "images", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .body = "{\"images\":[{\"b64_json\":0}]}" },
	{ .what = "images of addresses", .cls = WIRE_DONE, .url = "https://a/1", .body = "{\"images\":[\"https://a/1\"]}" },
	{ .what = "a bare url", .cls = WIRE_DONE, .url = "https://a/1", .body = "{\"url\":\"https://a/1\"}" },
	{ .what = "bare bytes", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .body = "{\"b64_json\":0}" },
	{ .what = "data: an object", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .body = "{\"data\":{\"b64_json\":0}}" },
	{ .what = "in an array", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .body = "[{\"data\":[{\"b64_json\":0}]}]" },
	{ .what = "empty data and then images", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"data\":[],\"images\":[{\"b64_json\":0}]}" },
	{ .what = "the same in two places", .files = { WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"data\":[{\"b64_json\":0}],\"images\":[{\"b64_json\":1}]}" },
	{ .what = "a bad one passed over", .files = { WT_WHOLE, WT_BAD }, .cls = WIRE_DONE, .pictures = "0",
	  .note = "picture 2 of the reply was passed over: the picture's base64 is damaged: character \"!\" at 4711",
	  .body = "{\"data\":[{\"b64_json\":0},{\"b64_json\":1}]}" },
	{ .what = "one that the reply ended in", .files = { WT_WHOLE }, .cut = true, .cls = WIRE_DONE, .pictures = "0",
	  .note = "the reply ended in the middle of the picture", .body = "{\"data\":[{\"b64_json\":0},{\"b64_json\":1}]}" },
	{ .what = "a picture beside an error", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"error\":\"x\",\"data\":[{\"b64_json\":0}]}" },
	{ .what = "the same number twice", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"data\":[{\"b64_json\":0},{\"b64_json\":0}]}" },

	{ .what = "no data", .body = "{\"created\":1,\"data\":[]}", .cls = WIRE_FAILED,
	  .reason = "the provider's answer has no picture in it" },
	{ .what = "only a bad one", .files = { WT_BAD }, .cls = WIRE_FAILED, .note = "passed over",
	  .reason = "the picture's base64 is damaged: character \"!\" at 4711", .body = "{\"data\":[{\"b64_json\":0}]}" },
	{ .what = "bare bytes that are bad", .files = { WT_BAD }, .cls = WIRE_FAILED, .note = "passed over", .reason = "damaged",
	  .body = "{\"b64_json\":0}" },
	{ .what = "nonsense", .files = { WT_WHOLE }, .cls = WIRE_FAILED, .reason = "no picture",
	  .body = "{\"data\":[true,7,null,[],[[]],{\"b64_json\":true},{\"b64_json\":\"A\"},{\"url\":{\"url\":\"https://a\"}},"
	          "{\"b64_json\":9},{\"b64_json\":-1},{\"b64_json\":1e400},{\"url\":\"file:///etc/passwd\"}]}" },

	{ .what = "an error in a 200", .cls = WIRE_REFUSED, .reason = "\"prompt required\"", .body = "{\"error\":\"prompt required\"}" },
	{ .what = "a rate limit in a 200", .cls = WIRE_LATER, .code = "rate_limit_exceeded", .reason = "slowly",
	  .body = "{\"error\":{\"code\":\"rate_limit_exceeded\"},\"data\":[]}" },
	{ .what = "moderation", .status = 400, .cls = WIRE_REFUSED, .code = "moderation_blocked", .reason = "content rules",
	  .body = "{\"error\":{\"message\":\"m\",\"type\":\"image_generation_user_error\",\"code\":\"moderation_blocked\","
	          "\"moderation_details\":{}}}" },
	{ .what = "quota", .status = 429, .cls = WIRE_STOPPED, .code = "insufficient_quota", .reason = "no credit",
	  .body = "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}" },
	{ .what = "an engine's detail", .status = 422, .cls = WIRE_REFUSED, .code = "type_error", .reason = "\"not an integer\"",
	  .body = "{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"not an integer\",\"type\":\"type_error\"}]}" },
	{ .what = "a gateway's page", .status = 524, .body = "<html>", .cls = WIRE_AMBIGUOUS, .reason = "gave up waiting" },

	{ .what = "HTML", .body = "<html>", .cls = WIRE_AMBIGUOUS, .reason = "the provider answered with an HTML page (200)" },
	{ .what = "empty", .body = "", .cls = WIRE_AMBIGUOUS, .reason = "answered with nothing" },
	{ .what = "broken off", .body = "{\"data\":[{\"b64_json\":0}", .files = { WT_WHOLE }, .cls = WIRE_AMBIGUOUS, .reason = "understood" },
	{ .what = "another success", .status = 202, .body = "{\"id\":\"job\",\"status\":\"queued\"}", .cls = WIRE_AMBIGUOUS, .reason = "answered 202" },
	{ .what = "an object of something else", .body = "{\"id\":\"x\"}", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "data: 7", .body = "{\"data\":7}", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "null", .body = "null", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "a text", .body = "\"https://a/1\"", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "an empty array", .body = "[]", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
};

static void replies_are_read_in_every_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		wt_expect_reply(&wire_openai, &replies[i]);
}

static void every_beginning_of_a_reply_is_survived(void **state)
{
	(void)state;
	static const char whole[] = "{\"data\":[{\"b64_json\":0,\"url\":\"https://a/\\u00e9\"},{\"url\":1}],\"error\":{\"code\":7}}";
	static const struct wire_file files[] = { WT_WHOLE, WT_WHOLE };

	for (size_t len = 0; len < sizeof(whole); len++) {
		cleanup_free char *cut = xstrndup(whole, len);
		struct wire_result r;
		wt_parse(&wire_openai, 200, cut, files, ARRAY_LEN(files), &r);
		assert_int_equal(r.cls, len < sizeof(whole) - 1 ? WIRE_AMBIGUOUS : WIRE_DONE);
		wire_result_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_sends_every_header_that_it_takes),
		cmocka_unit_test(metadata_goes_to_the_top_and_replaces_nothing),
		cmocka_unit_test(a_row_of_ones_own_says_more),
		cmocka_unit_test(one_reference_makes_it_a_form_for_edits),
		cmocka_unit_test(several_references_are_a_list_in_order),
		cmocka_unit_test(a_key_that_is_a_list_is_one_for_a_single_reference_too),
		cmocka_unit_test(two_boundaries_are_never_the_same),
		cmocka_unit_test(replies_are_read_in_every_shape),
		cmocka_unit_test(every_beginning_of_a_reply_is_survived),
	};

	return cmocka_run_group_tests(tests, wt_setup, wt_teardown);
}
