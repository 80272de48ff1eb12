/* Gateways with the task shape, as their pages show their replies; and one that only a configuration knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models.h"
#include "wire.h"

static struct models *table;

static void load(const char *config)
{
	struct error e = ERROR_INIT;

	models_unref(table);
	table = models_load(config, strlen(config), "config", &e);
	if (!table)
		fail_msg("%s", e.text);
}

static int begin(void **state)
{
	(void)state;
	load("");
	return 0;
}

static int end(void **state)
{
	(void)state;
	models_unref(table);
	table = NULL;
	return 0;
}

static const struct provider *provider(const char *name)
{
	const struct provider *p = models_provider(table, name);

	if (!p)
		fail_msg("there is no provider %s", name);
	return p;
}

static struct wire_reply reply(int status, const char *body)
{
	return (struct wire_reply){ .status = status, .body = body, .len = strlen(body), .retry_after = -1 };
}

static void expect_submit(const char *name, const char *body, const char *id)
{
	const struct wire_reply r = reply(200, body);
	struct wire_result out;

	wire_task.parse_submit(provider(name), &r, &out);
	assert_int_equal(out.cls, id ? WIRE_ACCEPTED : WIRE_AMBIGUOUS);
	if (id)
		assert_string_equal(out.task_id, id);
	wire_result_release(&out);
}

static void poll_into(const char *name, const char *body, struct wire_result *out)
{
	const struct wire_reply r = reply(200, body);

	wire_task.parse_poll(provider(name), &r, out);
}

static void expect_running(const char *name, const char *body, int progress)
{
	struct wire_result out;

	poll_into(name, body, &out);
	assert_int_equal(out.cls, WIRE_RUNNING);
	assert_int_equal(out.progress, progress);
	wire_result_release(&out);
}

static void expect_done(const char *name, const char *body, const char *url, int64_t expires)
{
	struct wire_result out;

	poll_into(name, body, &out);
	assert_int_equal(out.cls, WIRE_DONE);
	assert_int_equal(out.urls_count, 1);
	assert_string_equal(out.urls[0], url);
	assert_int_equal(out.expires_at, expires);
	wire_result_release(&out);
}

static void expect_failed(const char *name, const char *body, const char *code)
{
	struct wire_result out;

	poll_into(name, body, &out);
	assert_int_equal(out.cls, WIRE_FAILED);
	assert_string_equal(out.code, code);
	assert_non_null(out.reason);
	wire_result_release(&out);
}

static void expect_poll_url(const char *name, const char *id, const char *url)
{
	struct wire_call call;

	wire_task.build_poll(provider(name), id, &call);
	assert_string_equal(call.url, url);
	wire_call_release(&call);
}

static void expect_upload(const char *name, const char *body, const char *url)
{
	const struct wire_reply r = reply(200, body);
	struct wire_result out;

	wire_task.parse_upload(provider(name), &r, &out);
	assert_int_equal(out.cls, url ? WIRE_ACCEPTED : WIRE_LATER);
	if (url)
		assert_string_equal(out.urls[0], url);
	wire_result_release(&out);
}

/* The call's address, and whether its form says what the picture is for. */
static void expect_upload_call(const char *name, const char *url, bool purpose)
{
	struct reference ref = { .name = (char *)"a.png", .size = 3, .mime = (char *)"image/png" };
	const struct request r = { .provider = provider(name), .references = &ref, .references_count = 1 };
	struct wire_call call;

	wire_task.build_upload(&r, 0, &call);
	assert_string_equal(call.url, url);
	assert_int_equal(strstr(call.pieces[0].text.data, "name=\"purpose\"\r\n\r\ngeneration\r\n") != NULL, purpose);
	assert_non_null(strstr(call.pieces[0].text.data, "name=\"file\""));
	wire_call_release(&call);
}

static void toapis_is_read_as_its_pages_show(void **state)
{
	(void)state;
	expect_submit("toapis", "{\"id\":\"task_img_0a1b2c3d\",\"object\":\"generation.task\",\"status\":\"queued\","
	              "\"progress\":0,\"created_at\":1790000001,\"metadata\":{}}", "task_img_0a1b2c3d");
	expect_submit("toapis", "{\"task_id\":\"tsk_img_1\",\"status\":\"pending\"}", "tsk_img_1");
	expect_poll_url("toapis", "a/b", "https://toapis.com/v1/images/generations/a%2Fb");
	expect_running("toapis", "{\"id\":\"img_9f00\",\"status\":\"in_progress\",\"progress\":40}", 40);
	expect_done("toapis", "{\"id\":\"img_9f00\",\"status\":\"completed\",\"progress\":100,\"expires_at\":1790086455,"
	            "\"result\":{\"type\":\"image\",\"data\":[{\"url\":\"https://files.toapis.com/generated/1.jpg\"}]}}",
	            "https://files.toapis.com/generated/1.jpg", 1790086455);
	expect_done("toapis", "{\"status\":\"completed\",\"url\":\"https://files.toapis.com/2.jpg\"}",
	            "https://files.toapis.com/2.jpg", 0);
	expect_failed("toapis", "{\"id\":\"img_9f00\",\"status\":\"failed\",\"progress\":0,\"error\":{\"code\":"
	              "\"generation_failed\",\"message\":\"call upstream API failed\"}}", "generation_failed");
	expect_upload("toapis", "{\"success\":true,\"message\":\"\",\"data\":{\"id\":\"upload_77aa\",\"url\":"
	              "\"https://files.toapis.com/uploads/7/1.png\",\"mime_type\":\"image/png\",\"size\":81234}}",
	              "https://files.toapis.com/uploads/7/1.png");
	expect_upload_call("toapis", "https://toapis.com/v1/uploads/images", true);
}

static void apimart_is_read_as_its_pages_show(void **state)
{
	(void)state;
	expect_submit("apimart", "{\"code\":200,\"data\":[{\"status\":\"submitted\",\"task_id\":"
	              "\"task_01K8SGYNNNVBQTXNR4MM964S7K\"}]}", "task_01K8SGYNNNVBQTXNR4MM964S7K");
	expect_poll_url("apimart", "task_01", "https://api.apimart.ai/v1/tasks/task_01");
	expect_running("apimart", "{\"code\":200,\"data\":{\"id\":\"task_01\",\"status\":\"processing\",\"progress\":55,"
	               "\"estimated_time\":60}}", 55);
	expect_running("apimart", "{\"code\":200,\"data\":{\"id\":\"task_01\",\"status\":\"pending\"}}", -1);
	expect_done("apimart", "{\"code\":200,\"data\":{\"id\":\"task_01\",\"status\":\"completed\",\"progress\":100,"
	            "\"result\":{\"images\":[{\"url\":[\"https://upload.apimart.ai/f/image/1.png\"],\"expires_at\":1763174708}]},"
	            "\"created\":1763088289,\"completed\":1763088308,\"estimated_time\":60,\"actual_time\":19}}",
	            "https://upload.apimart.ai/f/image/1.png", 1763174708);
	expect_failed("apimart", "{\"code\":200,\"data\":{\"id\":\"task_01\",\"status\":\"cancelled\",\"error\":"
	              "{\"code\":\"request_cancelled\",\"message\":\"x\"}}}", "request_cancelled");
	expect_upload("apimart", "{\"url\":\"https://upload.apimart.ai/f/image/2.jpg\",\"filename\":\"photo.jpg\","
	              "\"content_type\":\"image/jpeg\",\"bytes\":235680,\"created_at\":1743436800}",
	              "https://upload.apimart.ai/f/image/2.jpg");
	expect_upload_call("apimart", "https://api.apimart.ai/v1/uploads/images", false);
}

static void evolink_is_read_as_its_pages_show(void **state)
{
	(void)state;
	/* A code that means success, or a word beside it, takes nothing from an id. */
	expect_submit("toapis", "{\"code\":10000,\"message\":\"Success\",\"data\":{\"task_id\":\"t1\"}}", "t1");
	expect_submit("toapis", "{\"code\":1,\"msg\":\"created\",\"data\":{\"task_id\":\"t2\"}}", "t2");
	expect_submit("evolink", "{\"created\":1757165031,\"id\":\"task-unified-1757165031-uyujaw3d\",\"object\":"
	              "\"image.generation.task\",\"progress\":0,\"status\":\"pending\",\"task_info\":{\"can_cancel\":true,"
	              "\"estimated_time\":45},\"type\":\"image\",\"usage\":{\"credits_reserved\":1.6}}",
	              "task-unified-1757165031-uyujaw3d");
	expect_poll_url("evolink", "task-unified-1", "https://api.evolink.ai/v1/tasks/task-unified-1");
	expect_running("evolink", "{\"id\":\"task-unified-1\",\"status\":\"processing\",\"progress\":30}", 30);
	expect_done("evolink", "{\"id\":\"task-unified-1\",\"object\":\"image.generation.task\",\"progress\":100,"
	            "\"results\":[\"https://cdn.evolink.ai/image.jpg\"],\"status\":\"completed\",\"task_info\":"
	            "{\"can_cancel\":false},\"type\":\"image\"}", "https://cdn.evolink.ai/image.jpg", 0);
	expect_failed("evolink", "{\"id\":\"task-unified-1\",\"status\":\"failed\",\"error\":{\"code\":"
	              "\"generation_timeout\",\"message\":\"x\",\"type\":\"task_error\"}}", "generation_timeout");
	expect_upload("evolink", "{\"success\":true,\"code\":200,\"msg\":\"x\",\"data\":{\"file_id\":\"file_abc123\","
	              "\"file_url\":\"https://files.evolink.ai/photos/photo.png\",\"download_url\":"
	              "\"https://files.evolink.ai/api/v1/files/download/file_abc123\"}}",
	              "https://files.evolink.ai/photos/photo.png");
	expect_upload_call("evolink", "https://files-api.evolink.ai/api/v1/files/upload/stream", false);
}

static const char made_up[] = "[provider studio]\nwire = task\nurl = https://studio.example\n"
	"poll-path = /jobs/{id}/state\nid-at = ticket.number\nstatus-at = phase now.phase\ndone-words = ready\n"
	"failed-words = broken gone\nprogress-at = now.percent\nurls-at = pictures.1.link\n"
	"expires-at = pictures.1.until\ncost-at = bill.0\nupload-at = stored.0.at\nupload-fields = kind=reference keep=\n";

static void a_dialect_that_only_the_configuration_knows_is_read(void **state)
{
	struct wire_result out;

	(void)state;
	load(made_up);
	expect_submit("studio", "{\"id\":\"not-this\",\"ticket\":{\"number\":4711}}", "4711");
	expect_submit("studio", "{\"id\":\"not-this\"}", NULL);
	expect_poll_url("studio", "4711", "https://studio.example/jobs/4711/state");
	expect_running("studio", "{\"phase\":\"completed\",\"now\":{\"percent\":\"12%\"}}", 12);
	expect_running("studio", "{\"phase\":7,\"now\":{\"phase\":\"painting\"}}", -1);
	expect_done("studio", "{\"phase\":\"Ready\",\"pictures\":[{\"link\":\"https://a/0\"},{\"link\":\"https://a/1\","
	            "\"until\":1790000000}]}", "https://a/1", 1790000000);
	poll_into("studio", "{\"phase\":\"ready\",\"bill\":[0.25],\"pictures\":[1,{\"link\":\"https://a/1\"}]}", &out);
	assert_true(out.cost_usd == 0.25);
	wire_result_release(&out);
	expect_failed("studio", "{\"phase\":\"gone\",\"error\":{\"code\":\"lost\",\"message\":\"x\"}}", "lost");
	poll_into("studio", "{\"phase\":\"ready\",\"url\":\"https://a/0\"}", &out);
	assert_int_equal(out.cls, WIRE_DONE);
	assert_int_equal(out.urls_count, 0);
	assert_non_null(strstr(out.reason, "looked for at: "));
	wire_result_release(&out);
	expect_upload("studio", "{\"url\":\"https://a/no\",\"stored\":[{\"at\":\"https://a/yes\"}]}", "https://a/yes");
	expect_upload("studio", "{\"url\":\"https://a/no\"}", NULL);
}

/* Paths of all kinds in trees that do not have them. */
static void odd_paths_lead_nowhere(void **state)
{
	static const char *const paths[] = { "list.x", "list.-1", "list.9", "list.99999999999",
		"id.deeper", "nothing.0.x", "null", "null.x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		cleanup_free char *config = xasprintf("[provider studio]\nurl = https://s.example\nid-at = %s\n", paths[i]);

		load(config);
		expect_submit("studio", "{\"id\":\"x\",\"list\":[\"a\"],\"null\":null}", NULL);
	}
	load("[provider studio]\nurl = https://s.example\nid-at = null list.0\n");
	expect_submit("studio", "{\"id\":\"x\",\"list\":[\"a\"],\"null\":null}", "a");
}

static void an_empty_list_turns_a_thing_off(void **state)
{
	(void)state;
	load("[provider toapis]\nprogress-at =\nexpires-at =\n");
	expect_running("toapis", "{\"status\":\"queued\",\"progress\":40}", -1);
	expect_done("toapis", "{\"status\":\"completed\",\"expires_at\":1790086455,\"url\":\"https://a/1\"}", "https://a/1", 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(toapis_is_read_as_its_pages_show),
		TEST(apimart_is_read_as_its_pages_show),
		TEST(evolink_is_read_as_its_pages_show),
		TEST(a_dialect_that_only_the_configuration_knows_is_read),
		TEST(odd_paths_lead_nowhere),
		TEST(an_empty_list_turns_a_thing_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
