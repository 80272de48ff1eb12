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
	static const struct { const char *delay; double seconds; } delays[] = {
		{ "1m2s", 62 }, { "250ms", 0.25 }, { "99999999999999999999999999s", 86400 }, { "9e99s", 9 }, { "", -1 },
		{ "soon", -1 }, { "-5s", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		cleanup_free char *each = xasprintf("{\"error\":{\"details\":[{\"retryDelay\":\"%s\"}]}}", delays[i].delay);
		wire_error_read(each, strlen(each), &e);
		if (!(e.wait > delays[i].seconds - 1e-9 && e.wait < delays[i].seconds + 1e-9))
			fail_msg("%s is %g", delays[i].delay, e.wait);
		wire_error_release(&e);
	}
}

/* --- what it means */

static struct wire_result classify_of(const struct wire *w, enum wire_step step, int status, double retry_after,
                                      const char *body)
{
	struct wire_reply reply = { .status = status, .body = body, .len = strlen(body), .retry_after = retry_after };
	struct wire_result r;

	wire_result_init(&r);
	wire_classify(w, step, &reply, &r);
	return r;
}

static struct wire_result classify(enum wire_step step, int status, double retry_after, const char *body)
{
	return classify_of(&wire_task, step, status, retry_after, body);
}

static void expect_class_of(const struct wire *w, enum wire_step step, int status, const char *body,
                            enum wire_class cls)
{
	struct wire_result r = classify_of(w, step, status, -1, body);

	if (r.cls != cls)
		fail_msg("%s, step %d, %d %s: class %d instead of %d (%s)", w->name, step, status, body, r.cls, cls,
		         r.reason);
	assert_non_null(r.reason);
	assert_non_null(r.hint);
	wire_result_release(&r);
}

static void expect_class(enum wire_step step, int status, const char *body, enum wire_class cls)
{
	expect_class_of(&wire_task, step, status, body, cls);
}

static const struct wire *const all_wires[] = { &wire_task, &wire_gemini, &wire_openai };

/* What holds however a request is made. */
static void expect_everywhere(enum wire_step step, int status, const char *body, enum wire_class cls)
{
	for (size_t i = 0; i < ARRAY_LEN(all_wires); i++)
		expect_class_of(all_wires[i], step, status, body, cls);
}

static void the_documented_table_holds_for_submits(void **state)
{
	(void)state;
	static const struct { int status; const char *code; enum wire_class cls; } rows[] = {
		{ 400, "invalid_request", WIRE_REFUSED }, { 400, "webhook_not_configured", WIRE_REFUSED },
		{ 400, "InvalidParameter", WIRE_REFUSED }, { 401, "unauthorized", WIRE_STOPPED },
		{ 402, "insufficient_quota", WIRE_STOPPED }, { 402, "quota_not_enough", WIRE_STOPPED },
		{ 403, "quota_not_enough", WIRE_STOPPED }, { 403, "insufficient_user_quota", WIRE_STOPPED },
		{ 403, "access_denied", WIRE_STOPPED }, { 404, "not_found", WIRE_REFUSED },
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
	expect_class(STEP_SUBMIT, 403, page, WIRE_STOPPED);
	expect_class(STEP_UPLOAD, 403, page, WIRE_STOPPED);
	expect_class(STEP_POLL, 502, page, WIRE_LATER);
	expect_class(STEP_POLL, 403, page, WIRE_LATER);
	expect_class(STEP_UPLOAD, 502, page, WIRE_LATER);
	expect_class(STEP_SUBMIT, 502, "", WIRE_AMBIGUOUS);
}

static void googles_statuses_have_their_meaning(void **state)
{
	(void)state;
	static const struct { int status; const char *body; enum wire_class cls; } rows[] = {
		{ 400, "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"API key not valid\","
		       "\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}", WIRE_STOPPED },
		{ 400, "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"x\"}}", WIRE_REFUSED },
		{ 400, "{\"error\":{\"code\":400,\"status\":\"FAILED_PRECONDITION\"}}", WIRE_STOPPED },
		{ 403, "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\"}}", WIRE_STOPPED },
		{ 403, "{\"error\":{\"code\":403,\"details\":[{\"reason\":\"SERVICE_DISABLED\"}]}}", WIRE_STOPPED },
		{ 404, "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}", WIRE_REFUSED },
		{ 503, "[{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}]", WIRE_LATER },
		{ 429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}", WIRE_LATER },
		{ 429, "{\"error\":{\"code\":429,\"details\":[{\"violations\":[{\"quotaValue\":\"0\"}]}]}}", WIRE_REFUSED },
		{ 429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"* Quota exceeded for "
		       "metric: m, limit: 0, model: x\"}}", WIRE_REFUSED },
		{ 429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"limit: 0.5, limit: 01\"}}",
		       WIRE_LATER },
		{ 429, "{\"error\":{\"code\":429,\"message\":\"limit: 0\"}}", WIRE_LATER },
		{ 429, "{\"error\":{\"code\":429,\"status\":\"ABORTED\",\"message\":\"limit: 0\"}}", WIRE_LATER },
		{ 429, "{\"error\":{\"details\":[{\"violations\":[{\"quotaId\":\"xPerDay\"}]}]}}", WIRE_LATER },
		{ 500, "{\"error\":{\"code\":500,\"status\":\"INTERNAL\"}}", WIRE_AMBIGUOUS },
		{ 504, "{\"error\":{\"code\":504,\"status\":\"DEADLINE_EXCEEDED\"}}", WIRE_AMBIGUOUS },
		{ 200, "[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}]", WIRE_LATER },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_class_of(&wire_gemini, STEP_SUBMIT, rows[i].status, rows[i].body, rows[i].cls);
		/* Relays hand Google's errors on. */
		expect_class(STEP_SUBMIT, rows[i].status, rows[i].body, rows[i].cls);
	}
}

static void expect_sentence(const struct wire *w, int status, const char *body, const char *says, const char *hint)
{
	struct wire_result r = classify_of(w, STEP_SUBMIT, status, -1, body);

	if (!strstr(r.reason, says) || !strstr(r.hint, hint))
		fail_msg("%s, %d %s: \"%s\" / \"%s\"", w->name, status, body, r.reason, r.hint);
	wire_result_release(&r);
}

static void a_404_is_about_what_the_wire_can_look_for(void **state)
{
	(void)state;
	static const char body[] = "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}";

	expect_sentence(&wire_gemini, 404, body, "does not have this model", "choose another model");
	expect_sentence(&wire_gemini, 404, "", "does not have this model", "choose another model");
	expect_sentence(&wire_openai, 404, "{\"error\":{\"code\":\"model_not_found\"}}", "does not have this model",
	                "choose another model");
	expect_sentence(&wire_openai, 404, "{\"detail\":\"Not Found\"}", "does not know this", "url");
	expect_sentence(&wire_task, 404, body, "does not know this", "url");
	expect_class(STEP_POLL, 404, body, WIRE_GONE);
}

static void what_the_account_may_not_do_stops_the_provider(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"", "<html>Attention Required! | Cloudflare", "{\"error\":\"no\"}", "{\"detail\":\"no\"}",
		"{\"error\":{\"code\":\"access_denied\"}}", "{\"error\":{\"code\":\"model_not_found\"}}",
		"{\"error\":{\"code\":\"invalid_request\",\"type\":\"invalid_request_error\"}}",
		"{\"error\":{\"code\":\"rate_limit_exceeded\"}}", "{\"error\":{\"code\":\"internal_error\"}}",
	};
	static const int statuses[] = { 401, 402, 403 };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
			expect_everywhere(STEP_SUBMIT, statuses[i], bodies[b], WIRE_STOPPED);
			expect_class(STEP_UPLOAD, statuses[i], bodies[b], WIRE_STOPPED);
			expect_class(STEP_POLL, statuses[i], bodies[b], statuses[i] == 403 ? WIRE_LATER : WIRE_STOPPED);
		}
	}
	expect_class(STEP_POLL, 403, "{\"error\":{\"code\":\"quota_not_enough\"}}", WIRE_LATER);
	expect_class(STEP_POLL, 403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}", WIRE_LATER);
}

static void content_rules_refuse_the_prompt_with_whatever_status(void **state)
{
	(void)state;
	static const char *const codes[] = { "moderation_blocked", "content_policy_violation", "content_filter" };
	static const int statuses[] = { 200, 400, 401, 402, 403, 422, 429 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		for (size_t s = 0; s < ARRAY_LEN(statuses); s++) {
			cleanup_free char *body = xasprintf("{\"error\":{\"code\":\"%s\",\"message\":\"m\",\"type\":"
			                                    "\"image_generation_user_error\"}}", codes[i]);
			expect_everywhere(STEP_SUBMIT, statuses[s], body, WIRE_REFUSED);
			expect_sentence(&wire_openai, statuses[s], body, "content rules", "change the prompt");
		}
	}
}

static void openais_errors_have_their_meaning(void **state)
{
	(void)state;
	static const struct { int status; const char *code; enum wire_class cls; } rows[] = {
		{ 401, "invalid_api_key", WIRE_STOPPED }, { 429, "insufficient_quota", WIRE_STOPPED },
		{ 429, "billing_hard_limit_reached", WIRE_STOPPED }, { 400, "billing_hard_limit_reached", WIRE_STOPPED },
		{ 429, "rate_limit_exceeded", WIRE_LATER }, { 429, "x", WIRE_LATER }, { 429, "invalid_value", WIRE_LATER },
		{ 400, "invalid_value", WIRE_REFUSED }, { 400, "invalid_image_file", WIRE_REFUSED },
		{ 404, "model_not_found", WIRE_REFUSED }, { 408, "x", WIRE_AMBIGUOUS }, { 409, "x", WIRE_AMBIGUOUS },
		{ 409, "invalid_request", WIRE_AMBIGUOUS }, { 499, "x", WIRE_AMBIGUOUS }, { 500, "server_error", WIRE_AMBIGUOUS },
		{ 502, "x", WIRE_AMBIGUOUS }, { 503, "x", WIRE_LATER }, { 504, "x", WIRE_AMBIGUOUS }, { 520, "x", WIRE_AMBIGUOUS },
		{ 524, "x", WIRE_AMBIGUOUS }, { 200, "rate_limit_exceeded", WIRE_LATER },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *body = xasprintf("{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\","
		                                    "\"param\":null,\"code\":\"%s\"}}", rows[i].code);
		expect_everywhere(STEP_SUBMIT, rows[i].status, body, rows[i].cls);
	}
}

static void engines_errors_have_their_sentence(void **state)
{
	(void)state;
	expect_class_of(&wire_openai, STEP_SUBMIT, 400, "{\"error\":\"prompt required\"}", WIRE_REFUSED);
	expect_sentence(&wire_openai, 400, "{\"error\":\"prompt required\"}", "\"prompt required\"", "correct");
	expect_sentence(&wire_openai, 422, "{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"not an integer\"}]}",
	                "\"not an integer\"", "correct");
	expect_class_of(&wire_openai, STEP_SUBMIT, 500, "{\"error\":\"out of memory\"}", WIRE_AMBIGUOUS);
}

static void only_addresses_can_be_written_in_another_form(void **state)
{
	(void)state;
	static const char body[] = "{\"error\":{\"code\":\"invalid_request\",\"param\":\"image_urls\"}}";

	expect_class_of(&wire_task, STEP_SUBMIT, 400, body, WIRE_FORM);
	expect_class_of(&wire_openai, STEP_SUBMIT, 400, body, WIRE_REFUSED);
	expect_class_of(&wire_gemini, STEP_SUBMIT, 400, body, WIRE_REFUSED);
}

/* EvoLink's page of task errors, with what it says of trying again. */
static void a_failed_tasks_code_says_whether_to_try_again(void **state)
{
	(void)state;
	static const struct { const char *code, *hint; } rows[] = {
		{ "content_policy_violation", "change the prompt" }, { "invalid_parameters", "correct what" },
		{ "image_processing_error", "another picture" }, { "image_dimension_mismatch", "another picture" },
		{ "request_cancelled", "retry sends it again" }, { "generation_failed_no_content", "change the prompt" },
		{ "service_error", "may pass" }, { "generation_timeout", "may pass" }, { "resource_exhausted", "may pass" },
		{ "quota_exceeded", "may pass" }, { "service_unavailable", "may pass" }, { "unknown_error", "may pass" },
		{ "something_new", "retry, or change" }, { "insufficient_quota", "add credit" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *body = xasprintf("{\"status\":\"failed\",\"error\":{\"code\":\"%s\"}}", rows[i].code);
		struct wire_reply reply = { .status = 200, .body = body, .len = strlen(body), .retry_after = -1 };
		struct wire_result r;

		wire_result_init(&r);
		wire_failure(&reply, &r);
		assert_int_equal(r.cls, WIRE_FAILED);
		assert_string_equal(r.code, rows[i].code);
		if (!r.hint || !strstr(r.hint, rows[i].hint))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].code, r.hint, rows[i].hint);
		wire_result_release(&r);
	}
}

static void every_failure_has_a_reason_and_a_hint(void **state)
{
	(void)state;
	static const char *const bodies[] = { "", "<p>", "{}", "{\"error\":{\"code\":\"unavailable\"}}", "[", "\"x\"", "null" };

	for (int status = 100; status < 700; status++)
		for (size_t b = 0; b < ARRAY_LEN(bodies); b++)
			for (int step = STEP_SUBMIT; step <= STEP_UPLOAD; step++) {
				struct wire_result r = classify((enum wire_step)step, status, -1, bodies[b]);
				if (!r.reason || !r.hint)
					fail_msg("%d %s has no sentence", status, bodies[b]);
				wire_result_release(&r);
			}
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
	assert_true(r.wait == 3600);
	wire_result_release(&r);
	r = classify(STEP_SUBMIT, 429, 5, "{\"error\":{\"details\":[{\"violations\":[{\"quotaId\":\"xPerDay\"}]},"
	                                  "{\"retryDelay\":\"22s\"}]}}");
	assert_true(r.wait == 3600);
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
		cmocka_unit_test(a_404_is_about_what_the_wire_can_look_for),
		cmocka_unit_test(what_the_account_may_not_do_stops_the_provider),
		cmocka_unit_test(content_rules_refuse_the_prompt_with_whatever_status),
		cmocka_unit_test(openais_errors_have_their_meaning),
		cmocka_unit_test(engines_errors_have_their_sentence),
		cmocka_unit_test(only_addresses_can_be_written_in_another_form),
		cmocka_unit_test(a_failed_tasks_code_says_whether_to_try_again),
		cmocka_unit_test(every_failure_has_a_reason_and_a_hint),
		cmocka_unit_test(a_relays_family_name_does_not_turn_a_clear_status_around),
		cmocka_unit_test(a_400_about_the_references_may_do_in_the_other_form),
		cmocka_unit_test(the_wait_is_the_headers_before_the_bodys),
		cmocka_unit_test(sentences_say_what_the_provider_said_and_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
