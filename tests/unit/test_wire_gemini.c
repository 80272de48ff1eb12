/* The gemini wire: what is sent for each row of the model table, and every reply that was seen. */
#include "wire_testing.h"

/* --- requests */

#define GOOGLE "https://generativelanguage.googleapis.com/v1beta/models/"
#define TOKAIFY "https://api.tokaify.com/v1beta/models/"
#define GENERATE ":generateContent"
#define CONTENTS "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a \\\"red\\\" fox\\n霓虹\"}]}]"
#define SYSTEM "\"systemInstruction\":{\"parts\":[{\"text\":\"flat vector style\"}]}"

#define ALL_SAFETY "safety: harassment=high, hate=off, sexual=medium, dangerous=low\n"
#define ALL_SAFETY_JSON "\"safetySettings\":[" \
	"{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"OFF\"}," \
	"{\"category\":\"HARM_CATEGORY_DANGEROUS_CONTENT\",\"threshold\":\"BLOCK_LOW_AND_ABOVE\"}," \
	"{\"category\":\"HARM_CATEGORY_SEXUALLY_EXPLICIT\",\"threshold\":\"BLOCK_MEDIUM_AND_ABOVE\"}," \
	"{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"BLOCK_ONLY_HIGH\"}]"

/* What every row of both providers takes. */
#define COMMON "system: flat vector style\ntemperature: 0.7\ntop-p: 0.95\ntop-k: 40\nmax-output-tokens: 32768\n" \
	"modalities: TEXT, IMAGE\n" ALL_SAFETY
#define COMMON_CONFIG "\"temperature\":0.7,\"topP\":0.95,\"topK\":40,\"maxOutputTokens\":32768," \
	"\"responseModalities\":[\"TEXT\",\"IMAGE\"]"
#define SEARCH_WEB "\"tools\":[{\"google_search\":{}}]"
#define SEARCH_IMAGE "\"tools\":[{\"google_search\":{\"searchTypes\":{\"webSearch\":{},\"imageSearch\":{}}}}]"

static const struct wt_golden golden[] = {
	{ "provider: tokaify\nmodel: nano-banana\n", TOKAIFY "gemini-2.5-flash-image" GENERATE, "{" CONTENTS "}" },
	{ "provider: tokaify\nmodel: nano-banana\nsize: 16:9\ncandidates: 3\n" COMMON,
	  TOKAIFY "gemini-2.5-flash-image" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"candidateCount\":3,"
	  "\"imageConfig\":{\"aspectRatio\":\"16:9\"}}," ALL_SAFETY_JSON "}" },
	{ "provider: tokaify\nmodel: nano-banana-2\nsize: 8:1\nresolution: 0.5k\nthinking: minimal\nsearch: image\n"
	  "candidates: 1\n" COMMON,
	  TOKAIFY "gemini-3.1-flash-image-preview" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"thinkingConfig\":{\"thinkingLevel\":\"MINIMAL\"},"
	  "\"imageConfig\":{\"aspectRatio\":\"8:1\",\"imageSize\":\"512\"}}," SEARCH_IMAGE "," ALL_SAFETY_JSON "}" },
	{ "provider: tokaify\nmodel: nano-banana-pro\nsize: 4:5\nresolution: 4k\nsearch: web\ncandidates: 2\n" COMMON,
	  TOKAIFY "gemini-3-pro-image-preview" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"candidateCount\":2,"
	  "\"imageConfig\":{\"aspectRatio\":\"4:5\",\"imageSize\":\"4K\"}}," SEARCH_WEB "," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana-2.1\nsize: 1:4\nresolution: 4K\nthinking: medium\nsearch: image\n" COMMON,
	  GOOGLE "gemini-nano-banana-2.1" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"thinkingConfig\":{\"thinkingLevel\":\"MEDIUM\"},"
	  "\"imageConfig\":{\"aspectRatio\":\"1:4\",\"imageSize\":\"4K\"}}," SEARCH_IMAGE "," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana-2-lite\nsize: 4:3\nresolution: 1K\nthinking: high\n" COMMON,
	  GOOGLE "gemini-3.1-flash-lite-image" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"thinkingConfig\":{\"thinkingLevel\":\"HIGH\"},"
	  "\"imageConfig\":{\"aspectRatio\":\"4:3\",\"imageSize\":\"1K\"}}," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana-2\nsize: 2752x1536\nthinking: high\nsearch: web\n" COMMON,
	  GOOGLE "gemini-3.1-flash-image" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ",\"thinkingConfig\":{\"thinkingLevel\":\"HIGH\"},"
	  "\"imageConfig\":{\"aspectRatio\":\"16:9\",\"imageSize\":\"2K\"}}," SEARCH_WEB "," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana-2\nresolution: 1K\nsearch: off\n", GOOGLE "gemini-3.1-flash-image" GENERATE,
	  "{" CONTENTS ",\"generationConfig\":{\"imageConfig\":{\"imageSize\":\"1K\"}}}" },
	{ "provider: google\nmodel: nano-banana-pro\nsize: 1:1\nresolution: 1K\nsearch: web\n" COMMON,
	  GOOGLE "gemini-3-pro-image" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ","
	  "\"imageConfig\":{\"aspectRatio\":\"1:1\",\"imageSize\":\"1K\"}}," SEARCH_WEB "," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana\nsize: 21:9\n" COMMON, GOOGLE "gemini-2.5-flash-image" GENERATE,
	  "{" CONTENTS "," SYSTEM ",\"generationConfig\":{" COMMON_CONFIG ","
	  "\"imageConfig\":{\"aspectRatio\":\"21:9\"}}," ALL_SAFETY_JSON "}" },
	{ "provider: google\nmodel: nano-banana\nmodalities: IMAGE\nn: 4\n", GOOGLE "gemini-2.5-flash-image" GENERATE,
	  "{" CONTENTS ",\"generationConfig\":{\"responseModalities\":[\"IMAGE\"]}}" },
};

static void every_row_sends_every_header_that_it_takes(void **state)
{
	(void)state;
	static const char *const providers[] = { "google", "tokaify", NULL };

	wt_golden_all(golden, ARRAY_LEN(golden), providers);
}

/* Vertex takes what the row for it says (PROVIDERS 2.7). */
static void a_vertex_row_of_ones_own_sends_people_format_and_quality(void **state)
{
	(void)state;
	static const char config[] =
		"[provider vertex]\nwire = gemini\nurl = https://aiplatform.googleapis.com\nauth = none\n"
		"submit-path = /v1/projects/P/locations/global/publishers/google/models/{model}:generateContent\n"
		"[model v]\nprovider = vertex\nid = tuned/one\nresolutions = 1K 2K\nthinking-budget = 500\n"
		"takes = people format quality\nformats = png jpeg\n";
	cleanup_error struct error err = ERROR_INIT;
	struct models *m = models_load(config, sizeof(config) - 1, "config", &err);
	cleanup_request struct request r;
	struct wire_call call;

	assert_non_null(m);
	wt_resolve_in(m, &r, "model: v\nresolution: 2k\npeople: adult\nformat: jpeg\nquality: 85\nthinking: 400\n", "p");
	wt_build(&r, &call);
	assert_string_equal(call.url, "https://aiplatform.googleapis.com/v1/projects/P/locations/global/publishers/google/"
	                              "models/tuned%2Fone:generateContent");
	cleanup_free char *body = wt_body(&call);
	wt_expect_json("vertex", body, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"p\"}]}],\"generationConfig\":"
	               "{\"imageConfig\":{\"imageSize\":\"2K\",\"personGeneration\":\"ALLOW_ADULT\",\"imageOutputOptions\":"
	               "{\"mimeType\":\"image/jpeg\",\"compressionQuality\":85}},\"thinkingConfig\":{\"thinkingBudget\":400}}}");
	wire_call_release(&call);
	models_unref(m);
}

static void references_go_in_order_and_are_read_while_they_are_sent(void **state)
{
	(void)state;
	cleanup_request struct request r;
	struct wire_call call;

	wt_resolve(&r, "provider: google\nmodel: nano-banana-2\nsize: 1:1\n");
	wt_reference(&r, "my secret.png", "image/png", 10);
	wt_reference(&r, "https://example.org/a/pose.JPG?x=1.png", NULL, 0);
	wt_reference(&r, "https://example.org/no-suffix", NULL, 0);
	wt_reference(&r, "b.heic", "image/heic", 3);
	wt_build(&r, &call);
	static const char *const texts[] = {
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a \\\"red\\\" fox\\n霓虹\"},"
		"{\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"",
		NULL,
		"\"}},{\"file_data\":{\"mime_type\":\"image/jpeg\",\"file_uri\":\"https://example.org/a/pose.JPG?x=1.png\"}},"
		"{\"file_data\":{\"file_uri\":\"https://example.org/no-suffix\"}},"
		"{\"inline_data\":{\"mime_type\":\"image/heic\",\"data\":\"",
		NULL,
		"\"}}]}],\"generationConfig\":{\"imageConfig\":{\"aspectRatio\":\"1:1\"}}}",
	};
	uint64_t size = 0;
	assert_int_equal(call.pieces_count, ARRAY_LEN(texts));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct wire_piece *p = &call.pieces[i];
		assert_int_equal(p->reference, texts[i] ? -1 : i == 1 ? 0 : 3);
		assert_int_equal(p->base64, !texts[i]);
		if (texts[i])
			assert_string_equal(p->text.data, texts[i]);
		size += texts[i] ? strlen(texts[i]) : 0;
	}
	/* 10 bytes are 16 in base64, 3 are 4. */
	assert_int_equal(wire_call_size(&call, &r), size + 16 + 4);
	wire_call_release(&call);
}

static void more_than_20_MB_in_base64_are_not_sent(void **state)
{
	(void)state;
	static const char *const providers[] = { "google", "tokaify" };

	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		cleanup_free char *headers = xasprintf("provider: %s\nmodel: nano-banana-pro\n", providers[i]);
		cleanup_error struct error err = ERROR_INIT;
		cleanup_request struct request r;

		wt_resolve(&r, headers);
		wt_reference(&r, "a", "image/png", 7400000);
		wt_reference(&r, "b", "image/png", 7400000);
		assert_int_equal(wire_check_size(&r, &err), 0);
		wt_reference(&r, "c", "image/png", 300000);
		assert_int_equal(wire_check_size(&r, &err), -EINVAL);
		assert_non_null(strstr(err.text, "20.1 MB"));
		assert_non_null(strstr(err.text, "20.0 MB"));
	}
}

static void metadata_goes_to_the_generation_config_or_the_top(void **state)
{
	(void)state;
	static const struct wt_golden rows[] = {
		{ "provider: google\nmodel: nano-banana\nsize: 1:1\n"
		  "metadata.seed: 12345678901234567890\nmetadata.imageConfig: {\"aspectRatio\":\"9:16\",\"prominentPeople\":\"X\"}\n"
		  "metadata./cachedContent: \"c\"\nmetadata./contents: []\nmetadata./generationConfig: {\"logprobs\":1,\"seed\":3}\n",
		  GOOGLE "gemini-2.5-flash-image" GENERATE,
		  "{" CONTENTS ",\"cachedContent\":\"c\",\"generationConfig\":{\"logprobs\":1,\"seed\":3,"
		  "\"imageConfig\":{\"aspectRatio\":\"1:1\",\"prominentPeople\":\"X\"}}}" },
		{ "provider: google\nmodel: nano-banana\nsafety: hate=off\nmetadata./safetySettings: []\nmetadata.a: null\n",
		  GOOGLE "gemini-2.5-flash-image" GENERATE,
		  "{" CONTENTS ",\"generationConfig\":{\"a\":null},\"safetySettings\":["
		  "{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"OFF\"}]}" },
	};
	cleanup_request struct request r;
	struct wire_call call;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		wt_golden_one(&rows[i]);
	wt_resolve(&r, "provider: google\nmodel: nano-banana\nmetadata.seed: 12345678901234567890\n");
	wt_build(&r, &call);
	cleanup_free char *body = wt_body(&call);
	assert_non_null(strstr(body, "\"seed\":12345678901234567890"));
	wire_call_release(&call);
}

/* --- replies */

#define REPLY(parts, reason) "{\"candidates\":[{\"index\":0,\"finishReason\":\"" reason "\",\"content\":{\"role\":\"model\"," \
	"\"parts\":[" parts "]}}],\"usageMetadata\":{\"totalTokenCount\":1362},\"modelVersion\":\"m\"}"
#define PICTURE(n) "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":" #n "}}"
#define THOUGHT(n) "{\"thought\":true,\"inlineData\":{\"mimeType\":\"image/png\",\"data\":" #n "}}"
#define TEXT(t) "{\"text\":\"" t "\"}"

static const struct wt_reply replies[] = {
	{ .what = "the documented example",
	  .body = REPLY("{\"thought\":true,\"text\":\"hm\"}," THOUGHT(0) "," TEXT("Here it is.") ","
	                "{\"inlineData\":{\"mimeType\":\"image/jpeg\",\"data\":1},\"thoughtSignature\":\"x\"}", "STOP"),
	  .files = { WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "1", .text = "Here it is." },
	{ .what = "tokaify's example", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[" PICTURE(0) "]},\"finishReason\":\"STOP\"}],"
	          "\"usageMetadata\":{\"promptTokenCount\":32}}" },
	{ .what = "snake case", .files = { WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "1",
	  .body = "{\"candidates\":[{\"finish_reason\":\"STOP\",\"content\":{\"parts\":[{\"thought\":true,\"inline_data\":"
	          "{\"mime_type\":\"image/png\",\"data\":0}},{\"inline_data\":{\"data\":1}}]}}]}" },
	{ .what = "in an array", .body = "[" REPLY(PICTURE(0), "STOP") "]", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0" },
	{ .what = "in an array of pieces", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .text = "a\nb",
	  .body = "[{\"candidates\":[{\"content\":{\"parts\":[" TEXT("a") "]}}]},"
	          "{\"candidates\":[{\"content\":{\"parts\":[" PICTURE(0) "," TEXT("b") "]},\"finishReason\":\"STOP\"}]}]" },
	{ .what = "nothing but drafts", .body = REPLY(THOUGHT(0) "," THOUGHT(1), "STOP"), .files = { WT_WHOLE, WT_WHOLE },
	  .cls = WIRE_DONE, .pictures = "1", .drafts = "0 1", .note = "the model sent only a draft" },
	{ .what = "drafts after the picture", .body = REPLY(PICTURE(0) "," THOUGHT(1), "STOP"), .files = { WT_WHOLE, WT_WHOLE },
	  .cls = WIRE_DONE, .pictures = "0" },
	{ .what = "several pictures, all paid for", .body = REPLY(PICTURE(0) "," THOUGHT(1) "," PICTURE(2), "STOP"),
	  .files = { WT_WHOLE, WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "2", .drafts = "0",
	  .note = "1 picture before this one" },
	{ .what = "stopped early, but with a picture", .body = REPLY(PICTURE(0), "MAX_TOKENS"), .files = { WT_WHOLE },
	  .cls = WIRE_DONE, .pictures = "0" },
	{ .what = "candidates out of order", .files = { WT_WHOLE, WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "2 0 1",
	  .text = "one\ntwo\nthree",
	  .body = "{\"candidates\":[{\"index\":1,\"content\":{\"parts\":[" TEXT("two") "," PICTURE(0) "]}},"
	          "{\"index\":7,\"content\":{\"parts\":[" PICTURE(1) "," TEXT("three") "]}},"
	          "{\"index\":0,\"content\":{\"parts\":[" TEXT("one") "," PICTURE(2) "]}}]}" },
	{ .what = "one of two blocked", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .note = "no picture from candidate 2: a picture was made, but the provider's safety filter holds it back "
	          "(IMAGE_SAFETY): \"too much\"",
	  .body = "{\"candidates\":[{\"content\":{\"parts\":[" PICTURE(0) "]},\"finishReason\":\"STOP\"},"
	          "{\"index\":1,\"finishReason\":\"IMAGE_SAFETY\",\"finishMessage\":\"too much\"}]}" },
	{ .what = "a bad one passed over", .body = REPLY(PICTURE(0) "," PICTURE(1), "STOP"), .files = { WT_WHOLE, WT_BAD },
	  .cls = WIRE_DONE, .pictures = "0",
	  .note = "picture 2 of candidate 1 was passed over: the picture's base64 is damaged: character \"!\" at 4711" },
	{ .what = "one cut off passed over", .body = REPLY(PICTURE(0) "," PICTURE(1), "STOP"), .files = { WT_WHOLE },
	  .cut = true, .cls = WIRE_DONE, .pictures = "0", .note = "the reply ended in the middle of the picture" },
	{ .what = "the picture bad, a draft whole", .body = REPLY(THOUGHT(0) "," PICTURE(1), "STOP"), .files = { WT_WHOLE, WT_BAD },
	  .cls = WIRE_DONE, .pictures = "0", .drafts = "0",
	  .note = "the model sent only a draft; picture 2 of candidate 1 was passed over" },
	{ .what = "a bad draft does not matter", .body = REPLY(THOUGHT(0) "," PICTURE(1), "STOP"), .files = { WT_BAD, WT_WHOLE },
	  .cls = WIRE_DONE, .pictures = "1" },
	{ .what = "only a bad one", .body = REPLY(PICTURE(0), "STOP"), .files = { WT_BAD }, .cls = WIRE_FAILED, .code = "STOP",
	  .reason = "the picture's base64 is damaged: character \"!\" at 4711" },
	{ .what = "cut off in the only one", .body = REPLY(TEXT("Here:") "," PICTURE(0), "STOP"), .cut = true, .cls = WIRE_FAILED,
	  .code = "STOP", .text = "Here:", .reason = "the reply ended in the middle of the picture; the model wrote: \"Here:\"" },
	{ .what = "an address", .cls = WIRE_DONE, .url = "https://files/1",
	  .body = REPLY("{\"fileData\":{\"mimeType\":\"image/png\",\"fileUri\":\"https://files/1\"}}", "STOP") },
	{ .what = "an address in snake case", .cls = WIRE_DONE, .url = "https://files/1",
	  .body = REPLY("{\"file_data\":{\"file_uri\":\"https://files/1\"}}", "STOP") },
	{ .what = "an address and a picture", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0", .url = "https://files/1",
	  .note = "another picture is at https://files/1 x",
	  .body = "{\"candidates\":[{\"content\":{\"parts\":[" PICTURE(0) "]}},{\"content\":{\"parts\":["
	          "{\"fileData\":{\"fileUri\":\"https://files/1\\nx\"}}]}}]}" },

	{ .what = "a picture beside an error", .files = { WT_WHOLE }, .cls = WIRE_DONE, .pictures = "0",
	  .body = "{\"error\":{\"code\":500},\"candidates\":[{\"content\":{\"parts\":[" PICTURE(0) "]}}]}" },
	{ .what = "the same number twice", .body = REPLY(PICTURE(0) "," PICTURE(0), "STOP"), .files = { WT_WHOLE, WT_WHOLE },
	  .cls = WIRE_DONE, .pictures = "0" },
	{ .what = "numbers that are no pictures", .files = { WT_WHOLE }, .cls = WIRE_FAILED, .code = "STOP", .reason = "without making",
	  .body = REPLY(PICTURE(1) "," PICTURE(-1) "," PICTURE(0.5) "," PICTURE(1e300) "," PICTURE(4294967296), "STOP") },

	{ .what = "text only", .body = REPLY(TEXT("I can\\u001b[31mnot.\\nSorry"), "STOP"), .cls = WIRE_FAILED, .code = "STOP",
	  .text = "not.\nSorry",
	  .reason = "the model finished without making a picture (STOP); the model wrote: \"I can [31mnot. Sorry\"" },
	{ .what = "thoughts only", .body = REPLY("{\"thought\":true,\"text\":\"hm\"}", "STOP"), .cls = WIRE_FAILED, .code = "STOP",
	  .reason = "without making a picture (STOP)" },
	{ .what = "a blocked prompt", .cls = WIRE_FAILED, .code = "PROHIBITED_CONTENT",
	  .reason = "the provider prohibits what the prompt asks for (PROHIBITED_CONTENT)",
	  .body = "{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},\"usageMetadata\":{}}" },
	{ .what = "a blocked prompt with a message", .cls = WIRE_FAILED, .code = "MODEL_ARMOR", .reason = "(MODEL_ARMOR): \"why\"",
	  .body = "{\"prompt_feedback\":{\"block_reason\":\"MODEL_ARMOR\",\"block_reason_message\":\"why\"}}" },
	{ .what = "an unknown blockReason", .cls = WIRE_FAILED, .code = "NEW_ONE", .reason = "blocked the prompt for a reason that is "
	  "not known here (NEW_ONE)", .body = "{\"promptFeedback\":{\"blockReason\":\"NEW_ONE\"}}" },
	{ .what = "an unknown finishReason", .body = REPLY("", "NEW_ONE"), .cls = WIRE_FAILED, .code = "NEW_ONE",
	  .reason = "ended the answer without a picture for a reason that is not known here (NEW_ONE)" },
	{ .what = "no candidates", .body = "{\"candidates\":[],\"usageMetadata\":{},\"modelVersion\":\"string\"}", .cls = WIRE_FAILED,
	  .reason = "the provider's answer has no picture in it, and no reason" },
	{ .what = "nothing but usage", .body = "{\"usageMetadata\":{}}", .cls = WIRE_FAILED, .reason = "no reason" },
	{ .what = "a candidate of nothing", .body = "{\"candidates\":[{}]}", .cls = WIRE_FAILED, .reason = "no reason" },

	{ .what = "a rate limit in a 200", .cls = WIRE_LATER, .code = "429", .reason = "more slowly",
	  .body = "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"m\"}}" },
	{ .what = "an array-wrapped error in a 200", .cls = WIRE_STOPPED, .code = "400", .reason = "API key",
	  .body = "[{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}]" },
	{ .what = "a relay's error in a 200", .cls = WIRE_REFUSED, .reason = "\"no channel\"", .body = "{\"error\":\"no channel\"}" },
	{ .what = "an internal error in a 200", .cls = WIRE_AMBIGUOUS, .code = "500", .reason = "internal",
	  .body = "{\"error\":{\"code\":500}}" },
	{ .what = "an error", .status = 400, .cls = WIRE_REFUSED, .code = "400", .reason = "\"m\"",
	  .body = "[{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"m\"}}]" },
	{ .what = "a 404", .status = 404, .body = "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}", .cls = WIRE_REFUSED,
	  .code = "404", .reason = "does not have this model" },
	{ .what = "a gateway's page", .status = 502, .body = "<html>", .cls = WIRE_AMBIGUOUS, .reason = "HTML" },

	{ .what = "HTML", .body = "<!DOCTYPE html>", .cls = WIRE_AMBIGUOUS, .reason = "the provider answered with an HTML page (200)" },
	{ .what = "empty", .body = "", .cls = WIRE_AMBIGUOUS, .reason = "answered with nothing" },
	{ .what = "broken off", .body = "{\"candidates\":[{\"content\":{\"parts\":[", .cls = WIRE_AMBIGUOUS, .reason = "not understood" },
	{ .what = "another success", .status = 202, .body = "{\"id\":\"x\"}", .cls = WIRE_AMBIGUOUS, .reason = "answered 202" },
	{ .what = "a task id", .body = "{\"id\":\"task_1\",\"status\":\"queued\"}", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "null", .body = "null", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "a number", .body = "7", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "an empty array", .body = "[]", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "candidates: 7", .body = "{\"candidates\":7}", .cls = WIRE_AMBIGUOUS, .reason = "without a picture" },
	{ .what = "candidates: an object", .body = "{\"candidates\":{\"content\":1}}", .cls = WIRE_AMBIGUOUS, .reason = "without a" },
	{ .what = "candidates of nonsense", .body = "{\"candidates\":[7,\"x\",null,[],true,{\"content\":7},{\"content\":[]}]}",
	  .cls = WIRE_FAILED, .reason = "no reason" },
	{ .what = "parts: 7", .body = "{\"candidates\":[{\"content\":{\"parts\":7}}]}", .cls = WIRE_FAILED, .reason = "no reason" },
	{ .what = "parts of nonsense", .cls = WIRE_FAILED, .code = "STOP", .reason = "without making",
	  .body = REPLY("7,null,\"x\",[],{\"text\":7},{\"inlineData\":7},{\"inlineData\":{\"data\":true}},{\"inlineData\":{\"data\":\"A\"}},"
	                "{\"fileData\":{\"fileUri\":7}},{\"fileData\":[]}", "STOP") },
	{ .what = "words that are none", .cls = WIRE_FAILED, .reason = "no reason",
	  .body = "{\"promptFeedback\":{\"blockReason\":7},\"candidates\":[{\"finishReason\":{},\"finishMessage\":7,\"index\":\"x\"}]}" },
	{ .what = "an address that is none", .body = REPLY("{\"fileData\":{\"fileUri\":\"gs://bucket/x\"}}", "STOP"),
	  .cls = WIRE_FAILED, .code = "STOP", .reason = "without making" },
	{ .what = "an index that is huge", .files = { WT_WHOLE, WT_WHOLE }, .cls = WIRE_DONE, .pictures = "1 0",
	  .body = "{\"candidates\":[{\"index\":1e308,\"content\":{\"parts\":[" PICTURE(0) "]}},"
	          "{\"index\":-1e308,\"content\":{\"parts\":[" PICTURE(1) "]}}]}" },
};

static void replies_are_read_in_every_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		wt_expect_reply(&wire_gemini, &replies[i]);
}

/* PROVIDERS 2.3. */
static const char *const finish_reasons[] = {
	"STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
	"MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
	"IMAGE_PROHIBITED_CONTENT", "NO_IMAGE", "IMAGE_RECITATION", "IMAGE_OTHER", "FINISH_REASON_UNSPECIFIED",
};
static const char *const block_reasons[] = {
	"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK",
	"BLOCKED_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED",
};

static void expect_own_sentence(const char *format, const char *word, struct buf *seen)
{
	cleanup_free char *body = xasprintf(format, word);
	cleanup_free char *in_brackets = xasprintf("(%s)", word);
	struct wire_result r;

	wt_parse(&wire_gemini, 200, body, NULL, 0, &r);
	assert_int_equal(r.cls, WIRE_FAILED);
	assert_string_equal(r.code, word);
	assert_non_null(r.hint);
	if (!strstr(r.reason, in_brackets) || strstr(r.reason, "not known here"))
		fail_msg("%s: \"%s\"", word, r.reason);
	/* No two say the same. */
	cleanup_free char *sentence = xasprintf("|%.*s|", (int)(strchr(r.reason, '(') - r.reason), r.reason);
	if (seen->data && strstr(seen->data, sentence) && !strstr(word, "BLOCK_REASON"))
		fail_msg("%s says what another one says: %s", word, sentence);
	buf_str(seen, sentence);
	wire_result_release(&r);
}

static void every_reason_has_its_own_sentence(void **state)
{
	(void)state;
	cleanup_buf struct buf seen = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(finish_reasons); i++)
		expect_own_sentence("{\"candidates\":[{\"finishReason\":\"%s\"}]}", finish_reasons[i], &seen);
	for (size_t i = 0; i < ARRAY_LEN(block_reasons); i++)
		expect_own_sentence("{\"promptFeedback\":{\"blockReason\":\"%s\"}}", block_reasons[i], &seen);
}

static void what_the_model_wrote_is_quoted_up_to_200_bytes(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct wire_result r;

	buf_str(&b, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"");
	for (int i = 0; i < 300; i++)
		buf_str(&b, "ü");
	buf_str(&b, "\"}]}}]}");
	wt_parse(&wire_gemini, 200, b.data, NULL, 0, &r);
	const char *quoted = strstr(r.reason, "the model wrote: \"");
	assert_non_null(quoted);
	assert_int_equal(strlen(quoted), strlen("the model wrote: \"") + 200 + 1);
	assert_int_equal(strlen(r.text), 600);
	wire_result_release(&r);
	buf_release(&b);
}

static void every_beginning_of_a_reply_is_survived(void **state)
{
	(void)state;
	static const char whole[] = "[" REPLY(TEXT("x") "," THOUGHT(0) "," PICTURE(1), "STOP") "]";
	static const struct wire_file files[] = { WT_WHOLE, WT_WHOLE };

	for (size_t len = 0; len < sizeof(whole); len++) {
		cleanup_free char *cut = xstrndup(whole, len);
		struct wire_result r;
		wt_parse(&wire_gemini, 200, cut, files, ARRAY_LEN(files), &r);
		if (len < sizeof(whole) - 1 && r.cls != WIRE_AMBIGUOUS)
			fail_msg("%s: class %d", cut, r.cls);
		wire_result_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_sends_every_header_that_it_takes),
		cmocka_unit_test(a_vertex_row_of_ones_own_sends_people_format_and_quality),
		cmocka_unit_test(references_go_in_order_and_are_read_while_they_are_sent),
		cmocka_unit_test(more_than_20_MB_in_base64_are_not_sent),
		cmocka_unit_test(metadata_goes_to_the_generation_config_or_the_top),
		cmocka_unit_test(replies_are_read_in_every_shape),
		cmocka_unit_test(every_reason_has_its_own_sentence),
		cmocka_unit_test(what_the_model_wrote_is_quoted_up_to_200_bytes),
		cmocka_unit_test(every_beginning_of_a_reply_is_survived),
	};

	return cmocka_run_group_tests(tests, wt_setup, wt_teardown);
}
