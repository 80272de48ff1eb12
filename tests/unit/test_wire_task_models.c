/* What is sent for each row of the model table whose provider speaks the task wire. */
#include "wire_testing.h"

#define SUBMIT "https://toapis.com/v1/images/generations"
#define APIMART "https://api.apimart.ai/v1/images/generations"
#define EVOLINK "https://api.evolink.ai/v1/images/generations"
#define PLAIN_FOX "\"prompt\":\"a \\\"red\\\" fox\\n霓虹\",\"n\":1"
/* toapis can be asked for a task by the id that we give it. */
#define FOX PLAIN_FOX ",\"client_business_id\":\"easelfs-own\""

/* The surface that the models called -official have. */
#define OFFICIAL "temperature: 1.5\ntop-p: 0.95\nmax-output-tokens: 32768\nformat: jpeg\nquality: 85\npeople: none\n" \
	"safety: harassment=high, hate=off, sexual=medium, dangerous=low\n"
#define OFFICIAL_JSON "\"temperature\":1.5,\"topP\":0.95,\"maxOutputTokens\":32768,\"personGeneration\":\"ALLOW_NONE\"," \
	"\"imageOutputOptions\":{\"mimeType\":\"image/jpeg\",\"compressionQuality\":85},\"safetySettings\":[" \
	"{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"OFF\"}," \
	"{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"threshold\":\"BLOCK_LOW_AND_ABOVE\"}," \
	"{\"category\":\"HARM_CATEGORY_SEXUALLY_EXPLICIT\",\"threshold\":\"BLOCK_MEDIUM_AND_ABOVE\"}," \
	"{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"BLOCK_ONLY_HIGH\"}]"

static const struct wt_golden golden[] = {
	{ "provider: toapis\nmodel: nano-banana\n", SUBMIT, "{\"model\":\"gemini-2.5-flash-image-preview\"," FOX "}" },
	{ "provider: toapis\nmodel: nano-banana\nsize: 16:9\nresolution: 1k\n", SUBMIT,
	  "{\"model\":\"gemini-2.5-flash-image-preview\"," FOX ",\"size\":\"16:9\",\"metadata\":{\"resolution\":\"1K\"}}" },
	{ "provider: toapis\nmodel: nano-banana-official\nsize: 21:9\n" OFFICIAL, SUBMIT,
	  "{\"model\":\"gemini-2.5-flash-image-official\"," FOX ",\"size\":\"21:9\",\"metadata\":{" OFFICIAL_JSON "}}" },
	{ "provider: toapis\nmodel: nano-banana-2\nsize: 1:8\nresolution: 512\nsearch: web\n", SUBMIT,
	  "{\"model\":\"gemini-3.1-flash-image-preview\"," FOX ",\"size\":\"1:8\",\"metadata\":{\"resolution\":\"0.5K\","
	  "\"google_search\":true,\"google_image_search\":false}}" },
	{ "provider: toapis\nmodel: nano-banana-2\nsearch: image\n", SUBMIT,
	  "{\"model\":\"gemini-3.1-flash-image-preview\"," FOX ",\"metadata\":{\"google_search\":true,\"google_image_search\":true}}" },
	{ "provider: toapis\nmodel: nano-banana-2-official\nsize: 4:1\nresolution: 4k\nthinking: minimal\n" OFFICIAL, SUBMIT,
	  "{\"model\":\"gemini-3.1-flash-image-preview-official\"," FOX ",\"size\":\"4:1\",\"metadata\":{\"resolution\":\"4K\","
	  "\"thinkingConfig\":{\"thinkingLevel\":\"MINIMAL\"}," OFFICIAL_JSON "}}" },
	{ "provider: toapis\nmodel: nano-banana-2-official\nthinking: 24576\n", SUBMIT,
	  "{\"model\":\"gemini-3.1-flash-image-preview-official\"," FOX ",\"metadata\":{\"thinkingConfig\":{\"thinkingBudget\":24576}}}" },
	{ "provider: toapis\nmodel: nano-banana-pro\nsize: 5:4\nresolution: 2K\n", SUBMIT,
	  "{\"model\":\"gemini-3-pro-image-preview\"," FOX ",\"size\":\"5:4\",\"metadata\":{\"resolution\":\"2K\"}}" },
	{ "provider: toapis\nmodel: nano-banana-pro-official\nsize: 4:5\nresolution: 1K\nthinking: high\n" OFFICIAL, SUBMIT,
	  "{\"model\":\"gemini-3-pro-image-preview-official\"," FOX ",\"size\":\"4:5\",\"metadata\":{\"resolution\":\"1K\","
	  "\"thinkingConfig\":{\"thinkingLevel\":\"HIGH\"}," OFFICIAL_JSON "}}" },
	{ "provider: toapis\nmodel: gpt-image-2\nsize: 2:1\nresolution: 4K\n", SUBMIT,
	  "{\"model\":\"gpt-image-2\"," FOX ",\"size\":\"2:1\",\"resolution\":\"4k\"}" },
	{ "provider: toapis\nmodel: gpt-image-2-vip\nsize: 9:21\nresolution: 1K\n", SUBMIT,
	  "{\"model\":\"gpt-image-2-vip\"," FOX ",\"size\":\"9:21\",\"resolution\":\"1k\"}" },
	{ "provider: toapis\nmodel: gpt-image-2-official\nsize: 21:9\nresolution: 4k\n", SUBMIT,
	  "{\"model\":\"gpt-image-2-official\"," FOX ",\"size\":\"21:9\",\"resolution\":\"4k\"}" },
	{ "provider: toapis\nmodel: gpt-4o-image\nsize: 3:2\n", SUBMIT, "{\"model\":\"gpt-4o-image\"," FOX ",\"size\":\"3:2\"}" },
	{ "provider: toapis\nmodel: seedream-4\nsize: 9:21\nresolution: 4K\n", SUBMIT,
	  "{\"model\":\"doubao-seedream-4-0\"," FOX ",\"size\":\"9:21\",\"metadata\":{\"resolution\":\"4K\"}}" },
	{ "provider: toapis\nmodel: flux-2-pro\nsize: 4:3\nresolution: 2K\n", SUBMIT,
	  "{\"model\":\"flux-2-pro\"," FOX ",\"size\":\"4:3\",\"metadata\":{\"resolution\":\"2K\"}}" },
	{ "provider: toapis\nmodel: flux-2-flex\nsize: 2:3\nresolution: 1K\n", SUBMIT,
	  "{\"model\":\"flux-2-flex\"," FOX ",\"size\":\"2:3\",\"metadata\":{\"resolution\":\"1K\"}}" },
	{ "provider: toapis\nmodel: seedream-4-5\nsize: 16:9\nresolution: 2k\n", SUBMIT,
	  "{\"model\":\"doubao-seedream-4-5\"," FOX ",\"size\":\"16:9\",\"metadata\":{\"resolution\":\"2K\"}}" },
	{ "provider: toapis\nmodel: seedream-5-0\nsize: 21:9\nresolution: 3K\n", SUBMIT,
	  "{\"model\":\"doubao-seedream-5-0\"," FOX ",\"size\":\"21:9\",\"metadata\":{\"resolution\":\"3K\"}}" },
	{ "provider: toapis\nmodel: seedream-5-0-pro\nsize: 1:1\nresolution: 1K\n", SUBMIT,
	  "{\"model\":\"doubao-seedream-5-0-pro\"," FOX ",\"size\":\"1:1\",\"metadata\":{\"resolution\":\"1K\"}}" },
	{ "provider: toapis\nmodel: flux-kontext-pro\nsize: 3:4\n", SUBMIT,
	  "{\"model\":\"flux-kontext-pro\"," FOX ",\"size\":\"3:4\"}" },
	{ "provider: toapis\nmodel: flux-kontext-max\nsize: 9:16\n", SUBMIT,
	  "{\"model\":\"flux-kontext-max\"," FOX ",\"size\":\"9:16\"}" },
	{ "provider: apimart\nmodel: nano-banana\nsize: 21:9\n", APIMART,
	  "{\"model\":\"gemini-2.5-flash-image-preview\"," PLAIN_FOX ",\"size\":\"21:9\"}" },
	{ "provider: apimart\nmodel: nano-banana-official\nsize: 4:5\n", APIMART,
	  "{\"model\":\"gemini-2.5-flash-image-preview-official\"," PLAIN_FOX ",\"size\":\"4:5\"}" },
	{ "provider: apimart\nmodel: nano-banana-2\nsize: 1:8\nresolution: 512\n", APIMART,
	  "{\"model\":\"gemini-3.1-flash-image-preview\"," PLAIN_FOX ",\"size\":\"1:8\",\"resolution\":\"0.5K\"}" },
	{ "provider: apimart\nmodel: nano-banana-2-lite\nsize: 1:1\nresolution: 1k\n", APIMART,
	  "{\"model\":\"gemini-3.1-flash-lite-image\"," PLAIN_FOX ",\"size\":\"1:1\",\"resolution\":\"1K\"}" },
	{ "provider: apimart\nmodel: nano-banana-pro\nsize: 3:2\nresolution: 4k\n", APIMART,
	  "{\"model\":\"gemini-3-pro-image-preview\"," PLAIN_FOX ",\"size\":\"3:2\",\"resolution\":\"4K\"}" },
	{ "provider: apimart\nmodel: nano-banana-pro-official\nsize: 16:9\nresolution: 2k\n", APIMART,
	  "{\"model\":\"gemini-3-pro-image-preview-official\"," PLAIN_FOX ",\"size\":\"16:9\",\"resolution\":\"2K\"}" },
	{ "provider: evolink\nmodel: nano-banana\nsize: 2:3\n", EVOLINK,
	  "{\"model\":\"gemini-2.5-flash-image\"," PLAIN_FOX ",\"size\":\"2:3\"}" },
	{ "provider: evolink\nmodel: nano-banana-2\nsize: 8:1\nresolution: 0.5K\n", EVOLINK,
	  "{\"model\":\"gemini-3.1-flash-image-preview\"," PLAIN_FOX ",\"size\":\"8:1\",\"quality\":\"0.5K\"}" },
	{ "provider: evolink\nmodel: nano-banana-pro\nsize: 4:3\nresolution: 1k\n", EVOLINK,
	  "{\"model\":\"gemini-3-pro-image-preview\"," PLAIN_FOX ",\"size\":\"4:3\",\"quality\":\"1K\"}" },
};

static void every_row_sends_every_header_that_it_takes(void **state)
{
	(void)state;
	static const char *const providers[] = { "toapis", "apimart", "evolink", NULL };

	wt_golden_all(golden, ARRAY_LEN(golden), providers);
}

static void references_go_under_the_rows_own_name(void **state)
{
	(void)state;
	static const struct { const char *headers, *json; } rows[] = {
		{ "model: nano-banana-pro\nprovider: toapis\n", "{\"model\":\"gemini-3-pro-image-preview\"," FOX ","
		  "\"image_urls\":[\"https://files/0\",\"https://files/1\"]}" },
		{ "model: gpt-image-2\nprovider: toapis\n", "{\"model\":\"gpt-image-2\"," FOX ","
		  "\"reference_images\":[\"https://files/0\",\"https://files/1\"]}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_request struct request r;
		struct wire_call call;

		wt_resolve(&r, rows[i].headers);
		wt_reference(&r, "a.png", "image/png", 10);
		wt_reference(&r, "https://example.org/b.png", NULL, 0);
		wt_build(&r, &call);
		assert_int_equal(call.pieces_count, 1);
		cleanup_free char *body = wt_body(&call);
		wt_expect_json(rows[i].headers, body, rows[i].json);
		wire_call_release(&call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_sends_every_header_that_it_takes),
		cmocka_unit_test(references_go_under_the_rows_own_name),
	};

	return cmocka_run_group_tests(tests, wt_setup, wt_teardown);
}
