/* Error bodies of every documented shape, and what they mean for money. */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(const char *what, const char *got, const char *wanted)
{
	if ((got && wanted) ? strcmp(got, wanted) : got != wanted)
		fail_msg("%s is \"%s\" instead of \"%s\"", what, got ? got : "(none)", wanted ? wanted : "(none)");
}

static void expect_read(const char *body, const char *code, const char *message, const char *type)
{
	struct wire_error e;

	wire_error_read(body, strlen(body), &e);
	expect_text("code", e.code, code);
	expect_text("message", e.message, message);
	expect_text("type", e.type, type);
	assert_false(e.html);
	wire_error_release(&e);
}

static void every_documented_shape_is_read(void **state)
{
	(void)state;
	expect_read("{\"error\":{\"code\":404,\"message\":\"Task not found\",\"type\":\"not_found_error\"}}",
	            "404", "Task not found", "not_found_error");
	expect_read("{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\"}}",
	            "rate_limit_exceeded", "slow down", NULL);
	expect_read("{\"error\":\"text\"}", NULL, "text", NULL);
	expect_read("[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"m\"}}]",
	            "429", "m", "RESOURCE_EXHAUSTED");
	expect_read("[{\"error\":\"text\"}]", NULL, "text", NULL);
	expect_read("{\"error\":[{\"message\":\"m\"}]}", NULL, "m", NULL);
	expect_read("{\"success\":false,\"message\":\"Image too large.\"}", NULL, "Image too large.", NULL);
	expect_read("{\"detail\":\"Not Found\"}", NULL, "Not Found", NULL);
	expect_read("{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"not an integer\",\"type\":\"type_error\"}]}",
	            NULL, "not an integer", "type_error");
	expect_read("{\"message\":\"task_not_exist\"}", "task_not_exist", "task_not_exist", NULL);
	expect_read("{\"status\":\"failed\",\"fail_reason\":\"why\"}", NULL, "why", NULL);
	expect_read("{\"code\":\"InvalidParameter\",\"message\":\"m\",\"request_id\":\"r\"}", "InvalidParameter", "m", NULL);
	expect_read("{\"error\":{\"error\":{\"message\":\"inner\",\"code\":\"c\"}}}", "c", "inner", NULL);
	expect_read("{\"error\":{\"code\":null,\"message\":\"\",\"param\":\"\"}}", NULL, NULL, NULL);
	expect_read("{}", NULL, NULL, NULL);
	expect_read("", NULL, NULL, NULL);
	expect_read("null", NULL, NULL, NULL);
	expect_read("[]", NULL, NULL, NULL);
	expect_read("[1]", NULL, NULL, NULL);
	expect_read("upstream connect error", NULL, NULL, NULL);
}

static void html_is_recognised(void **state)
{
	(void)state;
	static const char *const pages[] = { "<html></html>", "\r\n <!DOCTYPE html>", "\xef\xbb\xbf<html>" };

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		struct wire_error e;
		wire_error_read(pages[i], strlen(pages[i]), &e);
		assert_true(e.html);
		assert_null(e.message);
		wire_error_release(&e);
	}
}

static void a_body_that_says_success_is_no_error(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"{\"code\":200,\"message\":\"success\",\"data\":{}}", "{\"code\":0}", "{\"success\":true,\"message\":\"\"}",
		"{\"code\":\"success\"}", "{\"error\":null}", "{\"error\":\"\"}", "{\"error\":false}",
		"{\"status\":\"completed\",\"fail_reason\":\"\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct wire_error e;
		wire_error_read(bodies[i], strlen(bodies[i]), &e);
		if (e.is_error)
			fail_msg("%s was taken for an error", bodies[i]);
		wire_error_release(&e);
	}
}

static void messages_are_cleaned_for_a_terminal(void **state)
{
	(void)state;
	expect_read("{\"error\":\" a\\u001b[31m\\n\\tb\\u202ec  d \"}", NULL, "a [31m b c d", NULL);
	expect_read("{\"error\":\"x\xff\xc0\xafy\xed\xa0\x80z\"}", NULL, "x y z", NULL);
	expect_read("{\"error\":\"数据 ü 🌃\"}", NULL, "数据 ü 🌃", NULL);
}

static void messages_are_cut_between_characters(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct wire_error e;

	buf_str(&b, "{\"error\":\"a");
	for (int i = 0; i < 400; i++)
		buf_str(&b, "ü");
	buf_str(&b, "\"}");
	wire_error_read(b.data, b.len, &e);
	assert_int_equal(strlen(e.message), 499);
	wire_error_release(&e);
	buf_release(&b);
}

static void keys_in_messages_are_masked(void **state)
{
	(void)state;
	expect_read("{\"error\":\"Incorrect API key provided: sk-proj-abcdefghijklmnop1234. See\"}",
	            NULL, "Incorrect API key provided: (key). See", NULL);
	expect_read("{\"error\":\"a desk-lamp and sk-ill\"}", NULL, "a desk-lamp and sk-ill", NULL);
}

static void google_says_how_long_to_wait(void **state)
{
	(void)state;
	static const char body[] =
		"{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"x\",\"details\":["
		"{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":\"PerDayPerProject\","
		"\"quotaValue\":\"100\"}]},{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"22.5s\"}]}}";
	static const char text[] = "{\"error\":{\"code\":429,\"message\":\"Slow. Please retry in 7.25s.\"}}";
	struct wire_error e;

	wire_error_read(body, sizeof(body) - 1, &e);
	assert_true(e.wait > 22.49 && e.wait < 22.51);
	assert_string_equal(e.detail, "QUOTA_PER_DAY");
	wire_error_release(&e);
	wire_error_read(text, sizeof(text) - 1, &e);
	assert_true(e.wait > 7.24 && e.wait < 7.26);
	wire_error_release(&e);
}

/* --- what it means */

static struct wire_result classify(enum wire_step step, int status, double retry_after, const char *body)
{
	struct wire_reply reply = { .status = status, .body = body, .len = strlen(body), .retry_after = retry_after };
	struct wire_result r;

	wire_result_init(&r);
	wire_classify(step, &reply, &r);
	return r;
}

static void expect_class(enum wire_step step, int status, const char *body, enum wire_class cls)
{
	struct wire_result r = classify(step, status, -1, body);

	if (r.cls != cls)
		fail_msg("step %d, %d %s: class %d instead of %d (%s)", step, status, body, r.cls, cls, r.reason);
	assert_non_null(r.reason);
	assert_non_null(r.hint);
	wire_result_release(&r);
}

static void the_documented_table_holds_for_submits(void **state)
{
	(void)state;
	static const struct { int status; const char *code; enum wire_class cls; } rows[] = {
		{ 400, "invalid_request", WIRE_REFUSED }, { 400, "webhook_not_configured", WIRE_REFUSED },
		{ 400, "InvalidParameter", WIRE_REFUSED }, { 401, "unauthorized", WIRE_STOPPED },
		{ 402, "insufficient_quota", WIRE_STOPPED }, { 402, "quota_not_enough", WIRE_STOPPED },
		{ 403, "quota_not_enough", WIRE_STOPPED }, { 403, "insufficient_user_quota", WIRE_STOPPED },
		{ 403, "access_denied", WIRE_REFUSED }, { 404, "not_found", WIRE_REFUSED },
		{ 404, "model_not_found", WIRE_REFUSED }, { 408, "timeout", WIRE_AMBIGUOUS },
		{ 409, "duplicate", WIRE_AMBIGUOUS }, { 413, "too_large", WIRE_REFUSED },
		{ 422, "content_policy_violation", WIRE_REFUSED }, { 422, "x", WIRE_REFUSED },
		{ 429, "rate_limit_exceeded", WIRE_LATER }, { 429, "insufficient_quota", WIRE_STOPPED },
		{ 500, "internal_error", WIRE_AMBIGUOUS }, { 500, "insufficient_quota", WIRE_AMBIGUOUS },
		{ 502, "x", WIRE_AMBIGUOUS }, { 503, "rate_limit_unavailable", WIRE_LATER },
		{ 503, "internal_error", WIRE_LATER }, { 504, "x", WIRE_AMBIGUOUS }, { 520, "x", WIRE_AMBIGUOUS },
		{ 522, "x", WIRE_AMBIGUOUS }, { 524, "x", WIRE_AMBIGUOUS }, { 302, "x", WIRE_REFUSED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *body = xasprintf("{\"error\":{\"code\":\"%s\",\"message\":\"m\"}}", rows[i].code);
		expect_class(STEP_SUBMIT, rows[i].status, body, rows[i].cls);
		free(body);
	}
}

static void gateway_pages_are_judged_by_status(void **state)
{
	(void)state;
	static const char page[] = "<html><title>Bad gateway</title></html>";

	expect_class(STEP_SUBMIT, 502, page, WIRE_AMBIGUOUS);
	expect_class(STEP_SUBMIT, 524, page, WIRE_AMBIGUOUS);
	expect_class(STEP_SUBMIT, 503, page, WIRE_LATER);
	expect_class(STEP_SUBMIT, 403, page, WIRE_REFUSED);
	expect_class(STEP_POLL, 502, page, WIRE_LATER);
	expect_class(STEP_POLL, 403, page, WIRE_LATER);
	expect_class(STEP_UPLOAD, 502, page, WIRE_LATER);
	expect_class(STEP_SUBMIT, 502, "", WIRE_AMBIGUOUS);
}

static void googles_statuses_have_their_meaning(void **state)
{
	(void)state;
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"API key not valid\","
	             "\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}", WIRE_STOPPED);
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"x\"}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"code\":400,\"status\":\"FAILED_PRECONDITION\"}}", WIRE_STOPPED);
	expect_class(STEP_SUBMIT, 403, "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\"}}", WIRE_STOPPED);
	expect_class(STEP_SUBMIT, 404, "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 503, "[{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}]", WIRE_LATER);
	expect_class(STEP_SUBMIT, 429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}", WIRE_LATER);
	expect_class(STEP_SUBMIT, 429, "{\"error\":{\"code\":429,\"details\":[{\"violations\":[{\"quotaValue\":\"0\"}]}]}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 504, "{\"error\":{\"code\":504,\"status\":\"DEADLINE_EXCEEDED\"}}", WIRE_AMBIGUOUS);
}

static void a_relays_family_name_does_not_turn_a_clear_status_around(void **state)
{
	(void)state;
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"type\":\"upstream_error\",\"message\":\"m\"}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 429, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"m\"}}", WIRE_LATER);
	expect_class(STEP_SUBMIT, 404, "{\"error\":{\"type\":\"not_found_error\"}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 200, "{\"error\":{\"type\":\"server_error\"}}", WIRE_AMBIGUOUS);
}

static void a_400_about_the_references_may_do_in_the_other_form(void **state)
{
	(void)state;
	static const char by_param[] = "{\"error\":{\"code\":\"invalid_request\",\"message\":\"参数错误\",\"param\":\"image_urls\"}}";
	static const char by_index[] = "{\"error\":{\"code\":\"invalid_request\",\"message\":\"m\",\"param\":\"image_urls[0]\"}}";
	static const char by_text[] = "{\"error\":{\"code\":\"invalid_request\",\"message\":\"image_urls 格式错误\"}}";
	static const char by_go[] = "{\"error\":{\"code\":\"bad_request_body\",\"message\":"
	                            "\"json: cannot unmarshal object into Go struct field R.image_urls of type string\"}}";

	expect_class(STEP_SUBMIT, 400, by_param, WIRE_FORM);
	expect_class(STEP_SUBMIT, 400, by_index, WIRE_FORM);
	expect_class(STEP_SUBMIT, 400, by_text, WIRE_FORM);
	expect_class(STEP_SUBMIT, 400, by_go, WIRE_FORM);
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"code\":\"invalid_request\",\"message\":\"bad size\"}}", WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 422, by_param, WIRE_REFUSED);
	expect_class(STEP_SUBMIT, 500, by_param, WIRE_AMBIGUOUS);
	expect_class(STEP_POLL, 400, by_param, WIRE_LATER);
	expect_class(STEP_SUBMIT, 400, "{\"error\":{\"code\":\"content_policy_violation\",\"param\":\"image_urls\"}}", WIRE_REFUSED);
}

static void the_wait_is_the_headers_before_the_bodys(void **state)
{
	(void)state;
	static const char body[] = "{\"error\":{\"code\":429,\"details\":[{\"retryDelay\":\"22s\"}]}}";
	struct wire_result r = classify(STEP_SUBMIT, 429, 3.5, body);

	assert_true(r.wait == 3.5);
	wire_result_release(&r);
	r = classify(STEP_SUBMIT, 429, -1, body);
	assert_true(r.wait == 22);
	wire_result_release(&r);
	r = classify(STEP_SUBMIT, 429, -1, "");
	assert_true(r.wait < 0);
	wire_result_release(&r);
	r = classify(STEP_SUBMIT, 429, -1, "{\"error\":{\"details\":[{\"violations\":[{\"quotaId\":\"xPerDay\"}]}]}}");
	assert_true(r.wait >= 600);
	wire_result_release(&r);
}

static void sentences_say_what_the_provider_said_and_what_to_do(void **state)
{
	(void)state;
	struct wire_result r = classify(STEP_SUBMIT, 402, -1,
		"{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"user quota is not enough\"}}");

	assert_string_equal(r.reason, "the account has no credit left: \"user quota is not enough\" (402 insufficient_quota)");
	assert_string_equal(r.hint, "add credit to the provider's account, then retry");
	assert_string_equal(r.code, "insufficient_quota");
	wire_result_release(&r);
	r = classify(STEP_SUBMIT, 502, -1, "<html>");
	assert_string_equal(r.reason, "a gateway before the provider failed; it answered with an HTML page (502)");
	assert_null(r.code);
	wire_result_release(&r);
	r = classify(STEP_POLL, 404, -1, "{\"error\":{\"code\":404,\"message\":\"Task not found\"}}");
	assert_string_equal(r.reason, "the provider does not know this: \"Task not found\" (404)");
	wire_result_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_documented_shape_is_read),
		cmocka_unit_test(html_is_recognised),
		cmocka_unit_test(a_body_that_says_success_is_no_error),
		cmocka_unit_test(messages_are_cleaned_for_a_terminal),
		cmocka_unit_test(messages_are_cut_between_characters),
		cmocka_unit_test(keys_in_messages_are_masked),
		cmocka_unit_test(google_says_how_long_to_wait),
		cmocka_unit_test(the_documented_table_holds_for_submits),
		cmocka_unit_test(gateway_pages_are_judged_by_status),
		cmocka_unit_test(googles_statuses_have_their_meaning),
		cmocka_unit_test(a_relays_family_name_does_not_turn_a_clear_status_around),
		cmocka_unit_test(a_400_about_the_references_may_do_in_the_other_form),
		cmocka_unit_test(the_wait_is_the_headers_before_the_bodys),
		cmocka_unit_test(sentences_say_what_the_provider_said_and_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
