/* The task wire against the pages of toapis.com and its sisters, word for word. */
#include "wire.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

/* --- requests by hand */

static char *search_kinds[] = { "web", "image", NULL };
static char *web_only[] = { "web", NULL };

struct order {
	struct provider provider;
	struct model model;
	struct request request;
	unsigned pictures;
};

static void order_init(struct order *o, char *id)
{
	*o = (struct order){
		.provider = { .name = "toapis", .wire = "task", .url = "https://toapis.com",
		              .submit_path = "/v1/images/generations", .upload_path = "/v1/uploads/images" },
		.model = { .name = "short", .id = id },
		.request = {
			.prompt = "p", .n = 1, .temperature = NAN, .top_p = NAN, .top_k = -1,
			.max_output_tokens = -1, .candidates = -1, .quality = -1, .thinking_budget = -1,
		},
	};
	o->pictures = 1;
	o->request.provider = &o->provider;
	o->request.model = &o->model;
}

/* The caller frees. */
static char *body_of(const struct order *o, const char *own_id, const char *const *urls, enum refs_form form)
{
	const struct wire_submit s = { .request = &o->request, .own_id = own_id, .pictures = o->pictures,
	                               .ref_urls = urls, .refs_form = form };
	struct wire_call call;

	wire_task.build_submit(&s, &call);
	assert_string_equal(call.method, "POST");
	assert_string_equal(call.content_type, "application/json");
	assert_null(call.boundary);
	assert_int_equal(call.pieces_count, 1);
	assert_int_equal(call.pieces[0].reference, -1);
	char *body = xstrndup(call.pieces[0].text.data, call.pieces[0].text.len);
	wire_call_release(&call);
	return body;
}

static void expect_json(char *body, const char *expected)
{
	cJSON *got = cJSON_Parse(body), *wanted = cJSON_Parse(expected);

	assert_non_null(wanted);
	if (!got || !cJSON_Compare(got, wanted, true))
		fail_msg("sent %s\ninstead of %s", body, expected);
	cJSON_Delete(got);
	cJSON_Delete(wanted);
	free(body);
}

static void expect_body(const struct order *o, const char *expected)
{
	expect_json(body_of(o, NULL, NULL, REFS_STRINGS), expected);
}

static void the_example_for_gemini_2_5_flash_is_sent(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "gemini-2.5-flash-image-preview");
	o.request.prompt = "A cat in a spacesuit walking on the moon";
	o.request.ratio = "1:1";
	expect_body(&o, "{\"model\": \"gemini-2.5-flash-image-preview\","
	                "\"prompt\": \"A cat in a spacesuit walking on the moon\","
	                "\"size\": \"1:1\",\"n\": 1}");
}

static void the_example_for_gemini_2_5_flash_official_is_sent(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "gemini-2.5-flash-image-official");
	o.request.prompt = "A cat wearing an astronaut suit walking on the moon";
	o.request.ratio = "1:1";
	o.request.temperature = 1.0;
	expect_body(&o, "{\"model\": \"gemini-2.5-flash-image-official\","
	                "\"prompt\": \"A cat wearing an astronaut suit walking on the moon\","
	                "\"size\": \"1:1\",\"n\": 1,\"metadata\": {\"temperature\": 1.0}}");
}

static void the_example_for_gemini_3_1_flash_is_sent(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "gemini-3.1-flash-image-preview");
	o.request.prompt = "A cyberpunk city at night with flickering neon lights";
	o.request.ratio = "16:9";
	o.request.resolution = "2K";
	expect_body(&o, "{\"model\": \"gemini-3.1-flash-image-preview\","
	                "\"prompt\": \"A cyberpunk city at night with flickering neon lights\","
	                "\"size\": \"16:9\",\"n\": 1,\"metadata\": {\"resolution\": \"2K\"}}");
}

static void the_example_with_search_references_and_own_id_is_sent(void **state)
{
	(void)state;
	static const char *const urls[] = { "https://files.toapis.com/uploads/7/1790000000_ab12cd34.png" };
	struct reference ref = { .name = "a.png" };
	struct order o;

	order_init(&o, "gemini-3.1-flash-image-preview");
	o.provider.has_lookup = true;
	o.model.search_kinds = search_kinds;
	o.request.prompt = "harbour at dawn";
	o.request.ratio = "16:9";
	o.request.resolution = "2K";
	o.request.search_web = true;
	o.request.references = &ref;
	o.request.references_count = 1;
	expect_json(body_of(&o, "pfs-7f1c-000042", urls, REFS_STRINGS),
	            "{\"model\":\"gemini-3.1-flash-image-preview\",\"prompt\":\"harbour at dawn\","
	            "\"size\":\"16:9\",\"n\":1,\"client_business_id\":\"pfs-7f1c-000042\","
	            "\"image_urls\":[\"https://files.toapis.com/uploads/7/1790000000_ab12cd34.png\"],"
	            "\"metadata\":{\"resolution\":\"2K\",\"google_search\":true,\"google_image_search\":false}}");
}

static void the_example_for_the_official_models_is_sent(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "gemini-3-pro-image-preview-official");
	o.request.prompt = "brass astrolabe, studio light";
	o.request.ratio = "4:5";
	o.request.resolution = "4K";
	o.request.temperature = 0.8;
	o.request.top_p = 0.9;
	o.request.max_output_tokens = 32768;
	o.request.people = PEOPLE_ADULT;
	o.request.format = "png";
	o.request.thinking_level = "low";
	o.request.safety[HARM_HARASSMENT] = THRESHOLD_HIGH;
	expect_body(&o,
	            "{\"model\":\"gemini-3-pro-image-preview-official\",\"prompt\":\"brass astrolabe, studio light\","
	            "\"size\":\"4:5\",\"n\":1,\"metadata\":{\"resolution\":\"4K\",\"temperature\":0.8,\"topP\":0.9,"
	            "\"maxOutputTokens\":32768,\"personGeneration\":\"ALLOW_ADULT\","
	            "\"imageOutputOptions\":{\"mimeType\":\"image/png\"},\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"},"
	            "\"safetySettings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"BLOCK_ONLY_HIGH\"}]}}");
}

static void every_official_setting_has_its_word(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.request.people = PEOPLE_NONE;
	o.request.format = "jpeg";
	o.request.quality = 85;
	o.request.thinking_budget = 0;
	o.request.safety[HARM_HATE] = THRESHOLD_OFF;
	o.request.safety[HARM_DANGEROUS] = THRESHOLD_LOW;
	o.request.safety[HARM_SEXUAL] = THRESHOLD_MEDIUM;
	expect_body(&o,
	            "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,\"metadata\":{\"personGeneration\":\"ALLOW_NONE\","
	            "\"imageOutputOptions\":{\"mimeType\":\"image/jpeg\",\"compressionQuality\":85},"
	            "\"thinkingConfig\":{\"thinkingBudget\":0},\"safetySettings\":["
	            "{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"OFF\"},"
	            "{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"threshold\":\"BLOCK_LOW_AND_ABOVE\"},"
	            "{\"category\":\"HARM_CATEGORY_SEXUALLY_EXPLICIT\",\"threshold\":\"BLOCK_MEDIUM_AND_ABOVE\"}]}}");
}

static void only_what_was_set_is_sent(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	expect_body(&o, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1}");
}

static void image_search_brings_web_search_with_it(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.model.search_kinds = search_kinds;
	o.request.search_image = true;
	expect_body(&o, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,"
	                "\"metadata\":{\"google_search\":true,\"google_image_search\":true}}");
}

static void a_model_without_image_search_is_not_told_about_it(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.model.search_kinds = web_only;
	o.request.search_web = true;
	expect_body(&o, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,\"metadata\":{\"google_search\":true}}");
}

static void n_is_a_number_without_quotes_or_point(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.request.n = 4;              /* four tasks of one picture each */
	char *body = body_of(&o, NULL, NULL, REFS_STRINGS);
	assert_non_null(strstr(body, "\"n\":1}"));
	free(body);
	o.pictures = 3;
	body = body_of(&o, NULL, NULL, REFS_STRINGS);
	assert_non_null(strstr(body, "\"n\":3}"));
	free(body);
}

static void decimals_are_sent_as_they_were_written(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.request.temperature = 0.9;
	o.request.top_p = 0.95;
	char *body = body_of(&o, NULL, NULL, REFS_STRINGS);
	assert_non_null(strstr(body, "\"temperature\":0.9,\"topP\":0.95}"));
	free(body);
}

static void the_resolution_goes_where_the_model_says(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "gpt-image-2");
	o.model.resolution_key = "resolution";
	o.model.resolution_lower = true;
	o.request.resolution = "4K";
	expect_body(&o, "{\"model\":\"gpt-image-2\",\"prompt\":\"p\",\"n\":1,\"resolution\":\"4k\"}");
	o.model.resolution_key = "metadata.imageSize";
	o.model.resolution_lower = false;
	expect_body(&o, "{\"model\":\"gpt-image-2\",\"prompt\":\"p\",\"n\":1,\"metadata\":{\"imageSize\":\"4K\"}}");
}

static void references_are_objects_under_the_models_key_where_it_wants_that(void **state)
{
	(void)state;
	static const char *const urls[] = { "https://a/1.png", "https://a/2.png" };
	struct reference refs[2] = { { .name = "1" }, { .name = "2" } };
	struct order o;

	order_init(&o, "m");
	o.model.refs_key = "reference_images";
	o.request.references = refs;
	o.request.references_count = 2;
	expect_json(body_of(&o, NULL, urls, REFS_OBJECTS),
	            "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,"
	            "\"reference_images\":[{\"url\":\"https://a/1.png\"},{\"url\":\"https://a/2.png\"}]}");
}

static void the_own_id_is_only_sent_to_those_who_can_be_asked_by_it(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	expect_json(body_of(&o, "own", NULL, REFS_STRINGS), "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1}");
}

static void metadata_is_passed_through_inside_and_at_the_top(void **state)
{
	(void)state;
	struct order o;
	__typeof__(*o.request.metadata) more[] = {
		{ "watermark", "false" }, { "/quality", "\"high\"" }, { "seed", "12345678901234567890" },
	};

	order_init(&o, "m");
	o.request.metadata = (void *)more;
	o.request.metadata_count = ARRAY_LEN(more);
	char *body = body_of(&o, NULL, NULL, REFS_STRINGS);
	assert_non_null(strstr(body, "\"seed\":12345678901234567890"));
	expect_json(body, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,\"quality\":\"high\","
	                  "\"metadata\":{\"watermark\":false,\"seed\":12345678901234567890}}");
}

static void metadata_does_not_replace_what_decides_about_money(void **state)
{
	(void)state;
	struct order o;
	__typeof__(*o.request.metadata) more[] = {
		{ "/n", "10" }, { "/client_business_id", "\"x\"" }, { "/model", "\"dear\"" }, { "/metadata", "{}" },
		{ "resolution", "\"4K\"" },
	};

	order_init(&o, "m");
	o.provider.has_lookup = true;
	o.request.resolution = "1K";
	o.request.metadata = (void *)more;
	o.request.metadata_count = ARRAY_LEN(more);
	char *body = body_of(&o, "own", NULL, REFS_STRINGS);
	cJSON *got = cJSON_Parse(body);
	assert_int_equal(cJSON_GetObjectItem(got, "n")->valueint, 1);
	assert_string_equal(cJSON_GetObjectItem(got, "client_business_id")->valuestring, "own");
	assert_string_equal(cJSON_GetObjectItem(got, "model")->valuestring, "m");
	assert_null(strstr(body, "4K"));
	assert_non_null(strstr(body, "\"metadata\":{\"resolution\":\"1K\"}"));
	cJSON_Delete(got);
	free(body);
}

static void metadata_adds_to_objects_what_headers_left_open(void **state)
{
	(void)state;
	struct order o;
	__typeof__(*o.request.metadata) more[] = {
		{ "/metadata", "{\"seed\":7,\"imageOutputOptions\":{\"a\":{\"b\":[1]}}}" },
		{ "imageOutputOptions", "{\"mimeType\":\"image/gif\",\"more\":true}" }, { "imageOutputOptions", "5" },
	};

	order_init(&o, "m");
	o.request.format = "png";
	o.request.metadata = (void *)more;
	o.request.metadata_count = ARRAY_LEN(more);
	expect_body(&o, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":1,\"metadata\":{\"seed\":7,"
	                "\"imageOutputOptions\":{\"mimeType\":\"image/png\",\"a\":{\"b\":[1]},\"more\":true}}}");
}

static void prompts_survive_quotes_lines_and_other_scripts(void **state)
{
	(void)state;
	struct order o;

	order_init(&o, "m");
	o.request.prompt = "\"Straße\"\n\t\\ 霓虹灯 🌃";
	char *body = body_of(&o, NULL, NULL, REFS_STRINGS);
	cJSON *got = cJSON_Parse(body);
	assert_string_equal(cJSON_GetObjectItem(got, "prompt")->valuestring, o.request.prompt);
	cJSON_Delete(got);
	free(body);
}

/* --- addresses */

static void expect_poll_url(const char *base, const char *path, const char *id, const char *expected)
{
	struct provider p = { .wire = "task", .url = (char *)base,
	                      .poll_path = (char *)(path ? path : "/v1/images/generations/{id}") };
	struct wire_call call;

	wire_task.build_poll(&p, id, &call);
	assert_string_equal(call.method, "GET");
	assert_string_equal(call.url, expected);
	assert_null(call.content_type);
	wire_call_release(&call);
}

static void addresses_have_one_v1_however_the_base_is_written(void **state)
{
	(void)state;
	static const char *const bases[] = {
		"https://toapis.com", "https://toapis.com/", "https://toapis.com/v1", "https://toapis.com/v1/",
	};

	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		expect_poll_url(bases[i], NULL, "t1", "https://toapis.com/v1/images/generations/t1");
	expect_poll_url("https://a/v1", "/v1/tasks/{id}?language=en", "t1", "https://a/v1/tasks/t1?language=en");
	expect_poll_url("https://a/v2", "tasks/{id}", "t1", "https://a/v2/tasks/t1");
}

static void ids_are_percent_encoded(void **state)
{
	(void)state;
	expect_poll_url("https://a", NULL, "task_01-A.b~", "https://a/v1/images/generations/task_01-A.b~");
	expect_poll_url("https://a", NULL, "../x?y=ä b", "https://a/v1/images/generations/..%2Fx%3Fy%3D%C3%A4%20b");
}

static void the_submit_goes_to_the_documented_or_configured_path(void **state)
{
	(void)state;
	struct order o;
	struct wire_call call;
	const struct wire_submit s = { .request = &o.request, .pictures = 1 };

	order_init(&o, "m");
	wire_task.build_submit(&s, &call);
	assert_string_equal(call.url, "https://toapis.com/v1/images/generations");
	wire_call_release(&call);
	o.provider.submit_path = "/v1/pictures";
	wire_task.build_submit(&s, &call);
	assert_string_equal(call.url, "https://toapis.com/v1/pictures");
	wire_call_release(&call);
}

/* --- submit replies */

static const struct provider toapis = { .name = "toapis", .wire = "task" };

static struct wire_reply reply_of(int status, const char *body)
{
	return (struct wire_reply){ .status = status, .body = body, .len = strlen(body), .retry_after = -1 };
}

static void expect_submit(int status, const char *body, enum wire_class cls, const char *id)
{
	struct wire_reply reply = reply_of(status, body);
	struct wire_result r;

	wire_task.parse_submit(&toapis, &reply, &r);
	if (r.cls != cls)
		fail_msg("%d %s: class %d instead of %d (%s)", status, body, r.cls, cls, r.reason);
	if (id)
		assert_string_equal(r.task_id, id);
	else
		assert_null(r.task_id);
	if (cls != WIRE_ACCEPTED) {
		assert_non_null(r.reason);
		assert_non_null(r.hint);
	}
	wire_result_release(&r);
}

static void a_reply_that_is_nested_without_end_is_not_followed(void **state)
{
	(void)state;
	static const char *const opened[] = { "[", "{\"data\":", "{\"error\":[" };

	for (size_t i = 0; i < ARRAY_LEN(opened); i++) {
		cleanup_buf struct buf deep = BUF_INIT;
		for (int n = 0; n < 1000000; n++)
			buf_str(&deep, opened[i]);
		expect_submit(200, deep.data, WIRE_AMBIGUOUS, NULL);
		expect_submit(400, deep.data, WIRE_REFUSED, NULL);
	}
}

static void a_task_id_is_found_in_every_documented_shape(void **state)
{
	(void)state;
	expect_submit(200, "{\"id\":\"task_img_abc123def456\",\"object\":\"generation.task\",\"model\":"
	                   "\"gemini-2.5-flash-image-preview\",\"status\":\"queued\",\"progress\":0,"
	                   "\"created_at\":1703884800,\"metadata\":{}}", WIRE_ACCEPTED, "task_img_abc123def456");
	expect_submit(200, "{\"id\":null,\"task_id\":\"tsk_img_01H\",\"status\":\"pending\"}", WIRE_ACCEPTED, "tsk_img_01H");
	expect_submit(200, "{\"code\":200,\"data\":[{\"status\":\"submitted\",\"task_id\":\"t9\"}]}", WIRE_ACCEPTED, "t9");
	expect_submit(200, "{\"code\":\"success\",\"data\":{\"task_id\":\"t8\"}}", WIRE_ACCEPTED, "t8");
	expect_submit(202, "{\"id\":\"task-unified-1\",\"object\":\"image.generation.task\",\"status\":\"pending\","
	                   "\"task_info\":{\"can_cancel\":true},\"usage\":{}}", WIRE_ACCEPTED, "task-unified-1");
	expect_submit(200, "{\"id\":123456789012}", WIRE_ACCEPTED, "123456789012");
	expect_submit(200, "\xef\xbb\xbf{\"id\":\"bom\"}", WIRE_ACCEPTED, "bom");
	expect_submit(200, "{\"id\":\"x\",\"status\":\"failed\",\"error\":{\"code\":\"e\"}}", WIRE_ACCEPTED, "x");
	expect_submit(200, "{\"id\":\"x\",\"error\":null}", WIRE_ACCEPTED, "x");
}

static void an_id_of_255_bytes_fits_and_a_longer_one_is_ambiguous(void **state)
{
	(void)state;
	char id[257], body[300];

	memset(id, 'a', 256);
	id[256] = '\0';
	snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
	expect_submit(200, body, WIRE_AMBIGUOUS, NULL);
	id[255] = '\0';
	snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
	expect_submit(200, body, WIRE_ACCEPTED, id);
}

static void a_200_without_an_id_is_ambiguous(void **state)
{
	(void)state;
	expect_submit(200, "{}", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "{\"id\":\"\"}", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "{\"id\":\"a\\nb\"}", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "{\"id\":\"task_", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "<html><body>Please wait</body></html>", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "[]", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "null", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "{\"message\":\"ok\"}", WIRE_AMBIGUOUS, NULL);
}

static void an_error_in_a_200_is_an_error(void **state)
{
	(void)state;
	expect_submit(200, "{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}}", WIRE_LATER, NULL);
	expect_submit(200, "{\"error\":{\"code\":\"insufficient_quota\"}}", WIRE_STOPPED, NULL);
	expect_submit(200, "{\"success\":false,\"message\":\"余额不足\"}", WIRE_REFUSED, NULL);
	expect_submit(200, "{\"code\":500,\"message\":\"x\"}", WIRE_AMBIGUOUS, NULL);
	expect_submit(200, "{\"code\":400,\"message\":\"x\",\"data\":null}", WIRE_REFUSED, NULL);
	expect_submit(200, "{\"id\":\"req_1\",\"error\":{\"code\":\"invalid_request\"}}", WIRE_REFUSED, NULL);
	expect_submit(200, "{\"error\":\"something\"}", WIRE_REFUSED, NULL);
	expect_submit(200, "{\"error\":{\"code\":\"internal_error\"}}", WIRE_AMBIGUOUS, NULL);
}

/* --- poll replies */

static void poll(int status, const char *body, struct wire_result *r)
{
	struct wire_reply reply = reply_of(status, body);

	wire_task.parse_poll(&toapis, &reply, r);
}

static void expect_poll(int status, const char *body, enum wire_class cls, int progress)
{
	struct wire_result r;

	poll(status, body, &r);
	if (r.cls != cls || r.progress != progress)
		fail_msg("%d %s: class %d, progress %d (%s)", status, body, r.cls, r.progress, r.reason);
	wire_result_release(&r);
}

static void expect_urls(const char *body, size_t count, const char *first)
{
	struct wire_result r;

	poll(200, body, &r);
	if (r.cls != WIRE_DONE || r.urls_count != count)
		fail_msg("%s: class %d, %zu urls", body, r.cls, r.urls_count);
	assert_string_equal(r.urls[0], first);
	wire_result_release(&r);
}

static void running_tasks_have_progress(void **state)
{
	(void)state;
	expect_poll(200, "{\"id\":\"img_9f00\",\"object\":\"generation.task\",\"model\":\"gemini-3-pro-image-preview\","
	                 "\"status\":\"in_progress\",\"progress\":40,\"created_at\":1790000001}", WIRE_RUNNING, 40);
	expect_poll(200, "{\"status\":\"queued\",\"progress\":0}", WIRE_RUNNING, 0);
	expect_poll(200, "{\"status\":\"submitted\"}", WIRE_RUNNING, -1);
	expect_poll(200, "{\"status\":\"pending\",\"progress\":\"7%\"}", WIRE_RUNNING, 7);
	expect_poll(200, "{\"status\":\"processing\",\"progress\":1e9}", WIRE_RUNNING, 100);
	expect_poll(200, "{\"status\":\"x\",\"progress\":-4}", WIRE_RUNNING, -1);
	expect_poll(200, "{\"status\":\"IN_PROGRESS\",\"progress\":null}", WIRE_RUNNING, -1);
}

static void an_unknown_status_word_is_not_final(void **state)
{
	(void)state;
	struct wire_result r;

	expect_poll(200, "{\"status\":\"\"}", WIRE_RUNNING, -1);
	poll(200, "{\"status\":\"thinking_very_hard\"}", &r);
	assert_int_equal(r.cls, WIRE_RUNNING);
	assert_non_null(strstr(r.reason, "\"thinking_very_hard\", which is taken for running"));
	assert_non_null(strstr(r.hint, "done-words"));
	wire_result_release(&r);
	poll(200, "{\"status\":\"in_progress\"}", &r);
	assert_null(r.reason);
	wire_result_release(&r);
}

static void a_completed_task_has_its_url_and_its_end(void **state)
{
	(void)state;
	struct wire_result r;

	poll(200, "{\"id\":\"img_9f00\",\"client_business_id\":\"pfs-7f1c-000042\",\"object\":\"generation.task\","
	          "\"model\":\"gemini-3-pro-image-preview\",\"status\":\"completed\",\"progress\":100,"
	          "\"created_at\":1790000001,\"completed_at\":1790000055,\"expires_at\":1790086455,"
	          "\"billing\":{\"status\":\"charged\",\"credits\":8,\"cost_usd\":0.04},"
	          "\"result\":{\"type\":\"image\",\"data\":[{\"url\":"
	          "\"https://files.toapis.com/generated/1790000054_0badc0de.jpg\"}]}}", &r);
	assert_int_equal(r.cls, WIRE_DONE);
	assert_int_equal(r.urls_count, 1);
	assert_string_equal(r.urls[0], "https://files.toapis.com/generated/1790000054_0badc0de.jpg");
	assert_int_equal(r.expires_at, 1790086455);
	assert_true(fabs(r.cost_usd - 0.04) < 1e-9);
	wire_result_release(&r);
}

static void urls_are_found_in_every_shape_that_was_seen(void **state)
{
	(void)state;
	expect_urls("{\"status\":\"completed\",\"result\":{\"data\":[\"https://a/1\",\"https://a/2\"]}}", 2, "https://a/1");
	expect_urls("{\"status\":\"completed\",\"url\":\"https://a/top\"}", 1, "https://a/top");
	expect_urls("{\"status\":\"completed\",\"result\":{\"data\":[]},\"url\":\"https://a/top\"}", 1, "https://a/top");
	expect_urls("{\"status\":\"completed\",\"url\":\"https://a/top\",\"result\":{\"data\":[{\"url\":\"https://a/in\"}]}}",
	            1, "https://a/in");
	expect_urls("{\"code\":200,\"data\":{\"id\":\"t\",\"status\":\"completed\",\"progress\":100,\"result\":{\"images\":"
	            "[{\"url\":[\"https://a/1\",\"https://a/2\"],\"expires_at\":1790086455}]}}}", 2, "https://a/1");
	expect_urls("{\"id\":\"task-unified-1\",\"status\":\"completed\",\"results\":[\"https://a/r\"]}", 1, "https://a/r");
	expect_urls("{\"status\":\"completed\",\"result\":{\"url\":\"https://a/1\"}}", 1, "https://a/1");
	expect_urls("{\"status\":\"SUCCESS\",\"progress\":\"100%\",\"data\":[{\"url\":\"http://a/1\"}]}", 1, "http://a/1");
	expect_urls("{\"status\":\"completed\",\"result\":{\"data\":[{\"url\":\"https://a/l1\",\"size\":\"1x1\",\"z_index\":0,"
	            "\"bounding_box\":{\"absolute\":[0,0,1,1]}},{\"url\":\"https://a/l2\",\"name\":\"fox\"}]}}", 2, "https://a/l1");
}

static void the_sisters_end_of_life_is_found(void **state)
{
	(void)state;
	struct wire_result r;

	poll(200, "{\"data\":{\"status\":\"completed\",\"result\":{\"images\":[{\"url\":[\"https://a/1\"],"
	          "\"expires_at\":1790086455000}]}}}", &r);
	assert_int_equal(r.expires_at, 1790086455);
	assert_true(r.cost_usd < 0);
	wire_result_release(&r);
}

static void addresses_that_are_no_web_addresses_are_left_out(void **state)
{
	(void)state;
	struct wire_result r;

	poll(200, "{\"status\":\"completed\",\"result\":{\"data\":[\"file:///etc/passwd\",\"data:image/png;base64,AA\",7]}}", &r);
	assert_int_equal(r.cls, WIRE_DONE);
	assert_int_equal(r.urls_count, 0);
	assert_non_null(strstr(r.reason, "names no picture"));
	wire_result_release(&r);
}

static void expect_failure(const char *body, const char *code, const char *in_reason)
{
	struct wire_result r;

	poll(200, body, &r);
	assert_int_equal(r.cls, WIRE_FAILED);
	if (code)
		assert_string_equal(r.code, code);
	if (!strstr(r.reason, in_reason))
		fail_msg("\"%s\" does not say \"%s\"", r.reason, in_reason);
	assert_non_null(r.hint);
	wire_result_release(&r);
}

static void a_failed_task_says_why_in_every_shape(void **state)
{
	(void)state;
	expect_failure("{\"id\":\"img_9f00\",\"object\":\"generation.task\",\"model\":\"gemini-3-pro-image-preview\","
	               "\"status\":\"failed\",\"progress\":0,\"created_at\":1790000001,\"error\":{\"code\":\"generation_failed\","
	               "\"message\":\"call upstream API failed: upstream returned status 422\"}}",
	               "generation_failed", "\"call upstream API failed: upstream returned status 422\" (generation_failed)");
	expect_failure("{\"status\":\"failed\",\"progress\":100,\"error\":\"no picture came\"}", NULL, "no picture came");
	expect_failure("{\"status\":\"failed\",\"fail_reason\":\"上游错误\"}", NULL, "上游错误");
	expect_failure("{\"code\":200,\"message\":\"success\",\"data\":{\"status\":\"failed\",\"fail_reason\":\"why\"}}", NULL, "\"why\"");
	expect_failure("{\"code\":200,\"data\":{\"status\":\"failed\",\"error\":{\"code\":422,\"message\":\"bad\"}}}", "422", "bad");
	expect_failure("{\"status\":\"FAILURE\"}", NULL, "gave up");
	expect_failure("{\"status\":\"cancelled\",\"error\":null}", NULL, "gave up");
}

static void a_blocked_prompt_is_told_from_a_failed_try(void **state)
{
	(void)state;
	struct wire_result r;

	poll(200, "{\"status\":\"failed\",\"error\":{\"code\":\"content_policy_violation\",\"message\":\"no\"}}", &r);
	assert_non_null(strstr(r.hint, "change the prompt"));
	wire_result_release(&r);
}

static void an_id_that_is_not_known_is_gone(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"{\"error\":{\"code\":404,\"message\":\"Task not found\",\"type\":\"not_found_error\"}}",
		"{\"error\":{\"code\":\"task_not_found\",\"message\":\"任务不存在\"}}", "", "<html>404</html>",
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		expect_poll(404, bodies[i], WIRE_GONE, -1);
	expect_poll(400, "{\"message\":\"task_not_exist\"}", WIRE_GONE, -1);
	expect_poll(200, "{\"code\":404,\"message\":\"Task not found\",\"data\":null}", WIRE_GONE, -1);
	expect_poll(200, bodies[0], WIRE_GONE, -1);
}

static void a_poll_never_fails_a_task_for_its_own_trouble(void **state)
{
	(void)state;
	static const int statuses[] = { 302, 400, 403, 405, 408, 409, 422, 429, 500, 502, 503, 504, 524 };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		expect_poll(statuses[i], "{\"error\":{\"message\":\"x\"}}", WIRE_LATER, -1);
	expect_poll(200, "<!DOCTYPE html><p>x", WIRE_LATER, -1);
	expect_poll(200, "", WIRE_LATER, -1);
	expect_poll(200, "{}", WIRE_LATER, -1);
	expect_poll(200, "{\"status\":7}", WIRE_LATER, -1);
	expect_poll(401, "{\"error\":{\"code\":401,\"message\":\"...\",\"type\":\"authentication_error\"}}", WIRE_STOPPED, -1);
}

static void an_html_page_is_called_one(void **state)
{
	(void)state;
	struct wire_result r;

	poll(200, "<!DOCTYPE html><p>x", &r);
	assert_string_equal(r.reason, "the provider answered with an HTML page (200)");
	wire_result_release(&r);
}

/* --- uploads */

static void an_upload_is_a_file_part_with_a_purpose(void **state)
{
	(void)state;
	struct reference ref = { .name = "family/my secret.PNG", .mime = "image/png", .size = 7 };
	struct order o;
	struct wire_call call;

	order_init(&o, "m");
	o.provider.url = "https://toapis.com/v1";
	o.request.references = &ref;
	o.request.references_count = 1;
	wire_task.build_upload(&o.request, 0, &call);
	assert_string_equal(call.method, "POST");
	assert_string_equal(call.url, "https://toapis.com/v1/uploads/images");
	cleanup_free char *type = xasprintf("multipart/form-data; boundary=%s", call.boundary);
	assert_string_equal(call.content_type, type);
	assert_int_equal(call.pieces_count, 3);
	cleanup_free char *before = xasprintf(
		"--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ngeneration\r\n"
		"--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"image.png\"\r\n"
		"Content-Type: image/png\r\n\r\n", call.boundary, call.boundary);
	cleanup_free char *after = xasprintf("\r\n--%s--\r\n", call.boundary);
	assert_string_equal(call.pieces[0].text.data, before);
	assert_int_equal(call.pieces[1].reference, 0);
	assert_false(call.pieces[1].base64);
	assert_string_equal(call.pieces[2].text.data, after);
	assert_int_equal(wire_call_size(&call, &o.request), strlen(before) + 7 + strlen(after));
	wire_call_release(&call);
}

static void expect_upload(int status, const char *body, enum wire_class cls, const char *url)
{
	struct wire_reply reply = reply_of(status, body);
	struct wire_result r;

	wire_task.parse_upload(&toapis, &reply, &r);
	if (r.cls != cls)
		fail_msg("%d %s: class %d (%s)", status, body, r.cls, r.reason);
	if (url)
		assert_string_equal(r.urls[0], url);
	else
		assert_non_null(r.reason);
	wire_result_release(&r);
}

static void an_upload_answers_with_a_url_or_a_reason(void **state)
{
	(void)state;
	expect_upload(200, "{\"success\":true,\"message\":\"\",\"data\":{\"id\":\"upload_77aa\",\"url\":"
	                   "\"https://files.toapis.com/uploads/7/1790000000_77aa.png\",\"mime_type\":\"image/png\",\"size\":81234}}",
	              WIRE_ACCEPTED, "https://files.toapis.com/uploads/7/1790000000_77aa.png");
	expect_upload(200, "{\"url\":\"https://a/f\",\"filename\":\"f\",\"content_type\":\"image/png\",\"bytes\":1,\"created_at\":1}",
	              WIRE_ACCEPTED, "https://a/f");
	expect_upload(400, "{\"success\":false,\"message\":\"Unsupported image type. x\"}", WIRE_REFUSED, NULL);
	expect_upload(200, "{\"success\":false,\"message\":\"Image too large. x\"}", WIRE_REFUSED, NULL);
	expect_upload(413, "<html>", WIRE_REFUSED, NULL);
	expect_upload(500, "", WIRE_LATER, NULL);
	expect_upload(502, "<html>", WIRE_LATER, NULL);
	expect_upload(429, "{}", WIRE_LATER, NULL);
	expect_upload(200, "{\"success\":true,\"data\":{}}", WIRE_LATER, NULL);
	expect_upload(200, "", WIRE_LATER, NULL);
	expect_upload(401, "", WIRE_STOPPED, NULL);
}

static void every_beginning_of_a_reply_is_survived(void **state)
{
	(void)state;
	static const char whole[] =
		"{\"code\":200,\"data\":{\"id\":\"t\",\"status\":\"completed\",\"progress\":\"50%\",\"result\":{\"images\":"
		"[{\"url\":[\"https://a/\\u00e9\"],\"expires_at\":1790086455}]},\"error\":{\"code\":7,\"details\":[{}]}}}";

	for (size_t len = 0; len < sizeof(whole); len++) {
		char *exact = xmalloc(len + 1);
		struct wire_reply reply = { .status = 200, .body = exact + 1, .len = len, .retry_after = -1 };
		struct wire_result r;
		memcpy(exact + 1, whole, len);
		wire_task.parse_poll(&toapis, &reply, &r);
		wire_result_release(&r);
		wire_task.parse_submit(&toapis, &reply, &r);
		wire_result_release(&r);
		wire_task.parse_upload(&toapis, &reply, &r);
		wire_result_release(&r);
		free(exact);
	}
}

static void wires_are_found_by_name(void **state)
{
	(void)state;
	static const struct wire *const all[] = { &wire_task, &wire_gemini, &wire_openai };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_ptr_equal(wire_by_name(all[i]->name), all[i]);
		assert_non_null(strstr(wire_names(), all[i]->name));
	}
	assert_null(wire_by_name("carrier-pigeon"));
	assert_null(wire_by_name(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_for_gemini_2_5_flash_is_sent),
		cmocka_unit_test(the_example_for_gemini_2_5_flash_official_is_sent),
		cmocka_unit_test(the_example_for_gemini_3_1_flash_is_sent),
		cmocka_unit_test(the_example_with_search_references_and_own_id_is_sent),
		cmocka_unit_test(the_example_for_the_official_models_is_sent),
		cmocka_unit_test(every_official_setting_has_its_word),
		cmocka_unit_test(only_what_was_set_is_sent),
		cmocka_unit_test(image_search_brings_web_search_with_it),
		cmocka_unit_test(a_model_without_image_search_is_not_told_about_it),
		cmocka_unit_test(n_is_a_number_without_quotes_or_point),
		cmocka_unit_test(decimals_are_sent_as_they_were_written),
		cmocka_unit_test(the_resolution_goes_where_the_model_says),
		cmocka_unit_test(references_are_objects_under_the_models_key_where_it_wants_that),
		cmocka_unit_test(the_own_id_is_only_sent_to_those_who_can_be_asked_by_it),
		cmocka_unit_test(metadata_is_passed_through_inside_and_at_the_top),
		cmocka_unit_test(metadata_does_not_replace_what_decides_about_money),
		cmocka_unit_test(metadata_adds_to_objects_what_headers_left_open),
		cmocka_unit_test(prompts_survive_quotes_lines_and_other_scripts),
		cmocka_unit_test(addresses_have_one_v1_however_the_base_is_written),
		cmocka_unit_test(ids_are_percent_encoded),
		cmocka_unit_test(the_submit_goes_to_the_documented_or_configured_path),
		cmocka_unit_test(a_reply_that_is_nested_without_end_is_not_followed),
		cmocka_unit_test(a_task_id_is_found_in_every_documented_shape),
		cmocka_unit_test(an_id_of_255_bytes_fits_and_a_longer_one_is_ambiguous),
		cmocka_unit_test(a_200_without_an_id_is_ambiguous),
		cmocka_unit_test(an_error_in_a_200_is_an_error),
		cmocka_unit_test(running_tasks_have_progress),
		cmocka_unit_test(an_unknown_status_word_is_not_final),
		cmocka_unit_test(a_completed_task_has_its_url_and_its_end),
		cmocka_unit_test(urls_are_found_in_every_shape_that_was_seen),
		cmocka_unit_test(the_sisters_end_of_life_is_found),
		cmocka_unit_test(addresses_that_are_no_web_addresses_are_left_out),
		cmocka_unit_test(a_failed_task_says_why_in_every_shape),
		cmocka_unit_test(a_blocked_prompt_is_told_from_a_failed_try),
		cmocka_unit_test(an_id_that_is_not_known_is_gone),
		cmocka_unit_test(a_poll_never_fails_a_task_for_its_own_trouble),
		cmocka_unit_test(an_html_page_is_called_one),
		cmocka_unit_test(an_upload_is_a_file_part_with_a_purpose),
		cmocka_unit_test(an_upload_answers_with_a_url_or_a_reason),
		cmocka_unit_test(every_beginning_of_a_reply_is_survived),
		cmocka_unit_test(wires_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
