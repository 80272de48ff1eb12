#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "request.h"

static const char *const key_variables[] = { "TOAPIS_API_KEY", "TOKAIFY_API_KEY", "GEMINI_API_KEY",
                                             "GOOGLE_API_KEY", "OPENAI_API_KEY", "APIMART_API_KEY",
                                             "EVOLINK_API_KEY", "EASELFS_SANDBOX_KEY" };
static struct models *table;

/* Every test begins with a key for toapis alone. */
static int begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(key_variables); i++)
		unsetenv(key_variables[i]);
	setenv("TOAPIS_API_KEY", "sk-test", 1);
	table = models_load(NULL, 0, NULL, NULL);
	return table ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	models_unref(table);
	return 0;
}

static void use_config(const char *config)
{
	struct error e = ERROR_INIT;

	models_unref(table);
	table = models_load(config, strlen(config), "config", &e);
	if (!table)
		fail_msg("%s", e.text);
}

/* Headers as `name: value` lines. */
static int resolve_as(const char *headers, const char *prompt, bool sandbox, struct request *out,
                      struct error *err)
{
	cleanup_settings struct settings s = { 0 };
	struct nv r;

	nv_init(&r, headers, strlen(headers), 0);
	while (nv_next(&r, NULL) > 0)
		assert_int_equal(settings_set(&s, r.name, r.value, NULL), 0);
	nv_release(&r);
	return request_resolve(table, &s, prompt, sandbox, out, err);
}

static void resolve(const char *headers, struct request *out)
{
	struct error e = ERROR_INIT;

	if (resolve_as(headers, "a cat", false, out, &e))
		fail_msg("%s: refused: %s", headers, e.text);
}

/* *hint may be NULL when it does not matter. */
static void expect_refusal(const char *headers, const char *text, const char *hint)
{
	cleanup_error struct error e = ERROR_INIT;
	struct request r;

	if (resolve_as(headers, "a cat", false, &r, &e) != -EINVAL)
		fail_msg("%s: accepted", headers);
	assert_string_equal(e.text, text);
	if (hint && !strstr(e.hint ? e.hint : "", hint))
		fail_msg("the hint is: %s", e.hint);
	assert_null(r.models);
	assert_null(r.prompt);
}

static void nothing_asked_for_is_the_first_model_with_a_key(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("", &r);
	assert_string_equal(r.model->name, "nano-banana");
	assert_string_equal(r.provider->name, "toapis");
	assert_null(r.ratio);
	assert_null(r.resolution);
	assert_int_equal(r.width, 0);
	assert_int_equal(r.n, 1);
	assert_true(isnan(r.temperature) && isnan(r.top_p));
	assert_true(r.top_k == -1 && r.max_output_tokens == -1 && r.candidates == -1);
	assert_true(r.quality == -1 && r.thinking_budget == -1);
	assert_true(r.reuse);
	assert_null(r.note);
}

static void the_default_follows_the_key(void **state)
{
	cleanup_request struct request r;

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	setenv("GOOGLE_API_KEY", "k", 1);
	resolve("", &r);
	assert_string_equal(r.provider->name, "google");
	assert_string_equal(r.model->name, "nano-banana-2");
}

static void with_a_single_key_its_provider_makes_the_picture(void **state)
{
	static const struct { const char *variable, *provider, *model; } rows[] = {
		{ "TOAPIS_API_KEY", "toapis", "gemini-2.5-flash-image-preview" },
		{ "TOKAIFY_API_KEY", "tokaify", "gemini-2.5-flash-image" },
		{ "GEMINI_API_KEY", "google", "gemini-3.1-flash-image" },
		{ "GOOGLE_API_KEY", "google", "gemini-3.1-flash-image" },
		{ "OPENAI_API_KEY", "openai", "gpt-image-2" },
		{ "APIMART_API_KEY", "apimart", "gemini-2.5-flash-image-preview" },
		{ "EVOLINK_API_KEY", "evolink", "gemini-2.5-flash-image" },
	};

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_request struct request r;

		setenv(rows[i].variable, "k", 1);
		resolve("", &r);
		assert_string_equal(r.provider->name, rows[i].provider);
		assert_string_equal(r.model->id, rows[i].model);
		unsetenv(rows[i].variable);
	}
}

static void a_default_that_is_gone_gives_way_to_the_next(void **state)
{
	cleanup_request struct request first, second, named;

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("", &first);
	assert_true(first.by_default);
	assert_true(models_gone(first.models, first.model));
	resolve("", &second);
	assert_string_equal(second.provider->name, "google");
	assert_string_not_equal(second.model->name, first.model->name);
	/* Who asks for it gets what the provider says. */
	resolve("model: nano-banana-2", &named);
	assert_ptr_equal(named.model, first.model);
	assert_false(named.by_default);
}

static void an_id_is_taken_for_what_it_is_before_it_is_an_alias(void **state)
{
	cleanup_request struct request google, toapis, relay;

	(void)state;
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("model: gemini-3.1-flash-image", &google);
	assert_string_equal(google.provider->name, "google");
	unsetenv("GEMINI_API_KEY");
	resolve("model: gemini-3.1-flash-image", &toapis);
	assert_string_equal(toapis.provider->name, "toapis");
	assert_string_equal(toapis.model->id, "gemini-3.1-flash-image-preview");
	unsetenv("TOAPIS_API_KEY");
	setenv("EVOLINK_API_KEY", "k", 1);
	resolve("model: gemini-2.5-flash-image-preview", &relay);
	assert_string_equal(relay.model->id, "gemini-2.5-flash-image");
}

static void a_name_that_several_offer_goes_to_the_first_with_a_key(void **state)
{
	cleanup_request struct request a, b, c;

	(void)state;
	resolve("model: Nano-Banana", &a);
	assert_string_equal(a.provider->name, "toapis");
	unsetenv("TOAPIS_API_KEY");
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("model: nano-banana", &b);
	assert_string_equal(b.provider->name, "google");
	assert_string_equal(b.model->id, "gemini-2.5-flash-image");
	resolve("model: gemini-3-pro-image-preview", &c);
	assert_string_equal(c.model->id, "gemini-3-pro-image");
}

static void the_provider_header_decides(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	setenv("OPENAI_API_KEY", "k", 1);
	resolve("model: gpt-image-2\nprovider: openai", &a);
	assert_string_equal(a.provider->name, "openai");
	resolve("provider: openai", &b);
	assert_string_equal(b.model->name, "gpt-image-2");
	expect_refusal("provider: openai\nmodel: nano-banana",
	               "provider \"openai\" does not offer model \"nano-banana\": it offers gpt-image-2, "
	               "gpt-image-1.5, gpt-image-1-mini, gpt-image-1", NULL);
}

static void the_row_of_the_configuration_decides_over_the_others(void **state)
{
	cleanup_request struct request r, mine;

	(void)state;
	use_config("[model nano-banana]\nprovider = google\n");
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("model: nano-banana", &r);
	assert_string_equal(r.provider->name, "google");
	unsetenv("GEMINI_API_KEY");
	cleanup_error struct error e = ERROR_INIT;
	assert_int_equal(resolve_as("model: nano-banana", "x", false, &mine, &e), -ENOKEY);
	assert_non_null(strstr(e.text, "google"));
}

static void a_house_model_is_found_by_its_name(void **state)
{
	cleanup_request struct request r;

	(void)state;
	use_config("[model my-house-model]\nprovider = toapis\nid = gemini-3.1-flash-image-preview\nresolutions = 1K 2K\n");
	resolve("model: my-house-model\nresolution: 2k\nsize: 16:9", &r);
	assert_string_equal(r.model->id, "gemini-3.1-flash-image-preview");
	assert_int_equal(r.width, 2752);
	expect_refusal("model: my-house-model\nresolution: 4K",
	               "model \"my-house-model\" does not take resolution \"4K\": it takes 1K, 2K", NULL);
}

static void unknown_models_and_providers_are_refused_with_the_nearest(void **state)
{
	(void)state;
	expect_refusal("model: nano-bananna", "unknown model \"nano-bananna\": did you mean \"nano-banana\"?",
	               "the models are nano-banana, nano-banana-official, nano-banana-2,");
	expect_refusal("model: a girl in a red dress", "unknown model \"a girl in a red dress\"", "put an empty line before it");
	expect_refusal("provider: toapi", "unknown provider \"toapi\": did you mean \"toapis\"?", "tokaify, google");
}

static void without_a_key_the_variables_are_named(void **state)
{
	cleanup_error struct error none = ERROR_INIT, one = ERROR_INIT;
	struct request r;

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	assert_int_equal(resolve_as("", "a cat", false, &r, &none), -ENOKEY);
	assert_string_equal(none.text, "no provider has an API key");
	assert_non_null(strstr(none.hint, "set one of TOAPIS_API_KEY "));
	assert_non_null(strstr(none.hint, " TOKAIFY_API_KEY GEMINI_API_KEY GOOGLE_API_KEY OPENAI_API_KEY "));
	assert_non_null(strstr(none.hint, " APIMART_API_KEY "));
	assert_null(strstr(none.hint, "SANDBOX"));
	assert_non_null(strstr(none.hint, "key-file"));
	assert_int_equal(resolve_as("model: nano-banana-official", "a cat", false, &r, &one), -ENOKEY);
	assert_non_null(strstr(one.text, "TOAPIS_API_KEY"));
	assert_null(r.models);
}

static void a_key_file_that_may_not_be_used_is_told(void **state)
{
	cleanup_error struct error e = ERROR_INIT;
	char path[] = "/tmp/easelfs-request-key-XXXXXX";
	int fd = mkstemp(path);
	struct request r;

	(void)state;
	assert_int_equal(write(fd, "k\n", 2), 2);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	cleanup_free char *config = xasprintf("[provider toapis]\nkey-file = %s\n", path);
	use_config(config);
	unsetenv("TOAPIS_API_KEY");
	setenv("OPENAI_API_KEY", "k", 1);
	assert_int_equal(resolve_as("", "a cat", false, &r, &e), -ENOKEY);
	assert_non_null(strstr(e.text, "can be read by others"));
	unlink(path);
}

static void a_provider_without_keys_must_be_named(void **state)
{
	cleanup_request struct request r;

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	resolve("model: local", &r);
	assert_string_equal(r.provider->name, "local");
}

static void the_sandbox_takes_every_model_with_its_limits_and_no_key(void **state)
{
	cleanup_request struct request a, b, c;
	cleanup_error struct error e = ERROR_INIT;

	(void)state;
	unsetenv("TOAPIS_API_KEY");
	assert_int_equal(resolve_as("", "a cat", true, &a, NULL), 0);
	assert_string_equal(a.provider->name, "sandbox");
	assert_string_equal(a.model->name, "nano-banana");
	assert_int_equal(resolve_as("provider: google\nmodel: nano-banana-pro\nresolution: 4K", "a cat", true, &b, NULL), 0);
	assert_string_equal(b.provider->name, "sandbox-gemini");
	assert_string_equal(b.model->provider, "google");
	assert_int_equal(resolve_as("size: 21:9", "a cat", true, &c, &e), -EINVAL);
	assert_string_equal(e.text, "model \"nano-banana\" does not take size \"21:9\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these");
}

static void the_sandbox_by_name_needs_its_address(void **state)
{
	cleanup_request struct request r, engine, gemini;

	(void)state;
	expect_refusal("provider: sandbox", "the sandbox is not running", "-o sandbox");
	expect_refusal("provider: sandbox-engine", "the sandbox is not running", "-o sandbox");
	use_config("[provider sandbox]\nurl = http://127.0.0.1:8099\n");
	resolve("provider: sandbox", &r);
	assert_string_equal(r.provider->url, "http://127.0.0.1:8099");
	resolve("provider: sandbox-engine", &engine);
	assert_string_equal(engine.provider->name, "sandbox-engine");
	assert_string_equal(engine.provider->url, "http://127.0.0.1:8099");
	assert_string_equal(engine.model->name, "local");
	resolve("provider: sandbox-gemini\nmodel: nano-banana-pro", &gemini);
	assert_string_equal(gemini.provider->name, "sandbox-gemini");
	assert_string_equal(gemini.model->provider, "tokaify");
	expect_refusal("provider: sandbox-engine\nmodel: nano-banana",
	               "provider \"sandbox-engine\" does not stand in for the provider of model \"nano-banana\"",
	               "provider: sandbox");
}

static void the_sandbox_speaks_the_wire_of_the_models_own_provider(void **state)
{
	static const struct { const char *provider, *stand_in; } rows[] = {
		{ "toapis", "sandbox" }, { "apimart", "sandbox" }, { "evolink", "sandbox" }, { "tokaify", "sandbox-gemini" },
		{ "google", "sandbox-gemini" }, { "openai", "sandbox-openai" }, { "local", "sandbox-engine" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *headers = xasprintf("provider: %s", rows[i].provider);
		cleanup_request struct request r;

		assert_int_equal(resolve_as(headers, "a cat", true, &r, NULL), 0);
		assert_string_equal(r.provider->name, rows[i].stand_in);
		assert_string_equal(r.model->provider, rows[i].provider);
		assert_true(r.provider->free);
	}
}

static void a_ratio_is_one_of_the_models(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	resolve("size: 16:9", &a);
	assert_string_equal(a.ratio, "16:9");
	assert_null(a.resolution);
	assert_int_equal(a.width, 1792);
	assert_int_equal(a.height, 1024);
	assert_null(a.note);
	resolve("size: 32:18", &b);
	assert_string_equal(b.ratio, "16:9");
	expect_refusal("model: nano-banana\nsize: 21:9",
	               "model \"nano-banana\" does not take size \"21:9\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these", NULL);
	expect_refusal("size: 16:0", "model \"nano-banana\" does not take size \"16:0\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these", NULL);
	expect_refusal("size: wide", "model \"nano-banana\" does not take size \"wide\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these",
	               "put an empty line before it");
	expect_refusal("size: 16:9:1", "model \"nano-banana\" does not take size \"16:9:1\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these", NULL);
}

static void a_documented_size_implies_its_resolution(void **state)
{
	cleanup_request struct request a, b, c;

	(void)state;
	resolve("model: nano-banana-2\nsize: 2752x1536", &a);
	assert_string_equal(a.ratio, "16:9");
	assert_string_equal(a.resolution, "2K");
	assert_int_equal(a.width, 2752);
	assert_null(a.note);
	resolve("model: nano-banana-2\nsize: 512 X 512", &b);
	assert_string_equal(b.ratio, "1:1");
	assert_string_equal(b.resolution, "0.5K");
	resolve("model: nano-banana-2\nsize: 2048x2048\nresolution: 2k", &c);
	assert_string_equal(c.resolution, "2K");
	expect_refusal("model: nano-banana-2\nsize: 2048x2048\nresolution: 4K",
	               "model \"nano-banana-2\" makes size \"2048x2048\" as 1:1 at 2K, but the resolution says 4K",
	               "leave one of the two out");
}

static void a_size_of_a_model_without_resolutions_is_just_a_ratio(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("model: nano-banana-official\nsize: 1536x672", &r);
	assert_string_equal(r.ratio, "21:9");
	assert_null(r.resolution);
	assert_null(r.note);
}

static void a_size_that_merely_reduces_gives_the_ratio_with_a_note(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	resolve("model: nano-banana-2\nsize: 1920x1080\nresolution: 4K", &a);
	assert_string_equal(a.ratio, "16:9");
	assert_string_equal(a.resolution, "4K");
	assert_int_equal(a.width, 5504);
	assert_string_equal(a.note, "1920x1080 is no size of model \"nano-banana-2\"; 16:9 is asked for, which it makes at 5504x3072");
	resolve("model: nano-banana-2\nsize: 2100x900", &b);
	assert_string_equal(b.ratio, "21:9");
	assert_null(b.resolution);
	expect_refusal("size: 1000x999", "model \"nano-banana\" does not take size \"1000x999\": it takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, or WIDTHxHEIGHT of one of these", NULL);
}

static void resolutions_are_the_models_in_any_case(void **state)
{
	cleanup_request struct request a, b, c, d;

	(void)state;
	resolve("model: nano-banana-2\nresolution: 512", &a);
	assert_string_equal(a.resolution, "0.5K");
	resolve("model: nano-banana-2\nresolution: 0.5k", &b);
	assert_string_equal(b.resolution, "0.5K");
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("model: nano-banana-2\nprovider: google\nresolution: 0.5K", &c);
	assert_string_equal(c.resolution, "512");
	resolve("model: gpt-image-2\nresolution: 2k", &d);
	assert_string_equal(d.resolution, "2K");
	assert_true(d.model->resolution_lower);
	expect_refusal("resolution: 2K", "model \"nano-banana\" does not take resolution \"2K\": it takes 1K", NULL);
	expect_refusal("model: nano-banana-official\nresolution: 1K",
	               "model \"nano-banana-official\" does not take the header \"resolution\": it takes model, provider, "
	               "size, n, refs, temperature, top-p, max-output-tokens, format, quality, people, safety, reuse",
	               "models that take it: nano-banana, nano-banana-2, ");
}

static void a_resolution_that_only_some_ratios_have_is_refused_with_others(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("model: gpt-image-2-official\nsize: 16:9\nresolution: 4K", &r);
	expect_refusal("model: gpt-image-2-official\nsize: 1:1\nresolution: 4K",
	               "model \"gpt-image-2-official\" does not take size \"1:1\" at 4K: it takes 16:9, 9:16, 2:1, 1:2, 21:9, 9:21 there", NULL);
}

static void n_is_1_to_16(void **state)
{
	static const char *const bad[] = { "0", "17", "-1", "+2", "two", "1.5", "\"1\"", "99999999999999999999" };
	cleanup_request struct request r;

	(void)state;
	resolve("n: 16", &r);
	assert_int_equal(r.n, 16);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_free char *headers = xasprintf("n: %s", bad[i]);
		cleanup_free char *text = xasprintf("model \"nano-banana\" does not take n \"%s\": it takes 1 to 16", bad[i]);
		expect_refusal(headers, text, NULL);
	}
}

static void the_official_models_take_what_their_pages_say(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("model: nano-banana-pro-official\ntemperature: 0.8\ntopP: 0.9\nmaxOutputTokens: 32768\n"
	        "people: ALLOW_ADULT\nformat: image/JPEG\nquality: 85\nthinking: LOW\n"
	        "safety: harassment=high, hate = off, HARM_CATEGORY_DANGEROUS_CONTENT=BLOCK_LOW_AND_ABOVE", &r);
	assert_true(r.temperature == 0.8 && r.top_p == 0.9);
	assert_int_equal(r.max_output_tokens, 32768);
	assert_int_equal(r.people, PEOPLE_ADULT);
	assert_string_equal(r.format, "jpeg");
	assert_int_equal(r.quality, 85);
	assert_string_equal(r.thinking_level, "low");
	assert_int_equal(r.safety[HARM_HARASSMENT], THRESHOLD_HIGH);
	assert_int_equal(r.safety[HARM_HATE], THRESHOLD_OFF);
	assert_int_equal(r.safety[HARM_DANGEROUS], THRESHOLD_LOW);
	assert_int_equal(r.safety[HARM_SEXUAL], THRESHOLD_UNSET);
}

static void values_out_of_range_are_refused(void **state)
{
#define PRO "model: nano-banana-pro-official\n"
#define NO "model \"nano-banana-pro-official\" does not take "
	static const struct { const char *headers, *text; } bad[] = {
		{ PRO "temperature: 2.1", NO "temperature \"2.1\": it takes 0 to 2" },
		{ PRO "temperature: nan", NO "temperature \"nan\": it takes 0 to 2" },
		{ PRO "temperature: -0.1", NO "temperature \"-0.1\": it takes 0 to 2" },
		{ PRO "temperature: 0x1", NO "temperature \"0x1\": it takes 0 to 2" },
		{ PRO "top-p: 1.01", NO "top-p \"1.01\": it takes 0 to 1" },
		{ PRO "max-output-tokens: 0", NO "max-output-tokens \"0\": it takes a whole number from 1" },
		{ PRO "format: gif", NO "format \"gif\": it takes png, jpeg, webp" },
		{ PRO "format: jpeg\nquality: 0", NO "quality \"0\": it takes 1 to 100, with format jpeg" },
		{ PRO "format: jpeg\nquality: 101", NO "quality \"101\": it takes 1 to 100, with format jpeg" },
		{ PRO "people: a crowd at night", NO "people \"a crowd at night\": it takes all, adult, none" },
		{ PRO "safety: harassment", NO "safety \"harassment\": it takes harassment, hate, sexual, dangerous, each = off, low, medium or high" },
		{ PRO "safety: hate=extreme", NO "safety \"hate=extreme\": it takes harassment, hate, sexual, dangerous, each = off, low, medium or high" },
		{ PRO "safety: hate=off, hate=low", NO "safety \"hate=off, hate=low\": it takes harassment, hate, sexual, dangerous, each = off, low, medium or high" },
		{ PRO "thinking: deep", NO "thinking \"deep\": it takes minimal, low, medium, high, or 0 to 24576 (tokens)" },
		{ PRO "thinking: 24577", NO "thinking \"24577\": it takes minimal, low, medium, high, or 0 to 24576 (tokens)" },
		{ PRO "reuse: maybe", NO "reuse \"maybe\": it takes yes, no" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_refusal(bad[i].headers, bad[i].text, "put an empty line before it");
}

static void quality_goes_with_jpeg_only(void **state)
{
	(void)state;
	expect_refusal(PRO "quality: 80", "model \"nano-banana-pro-official\" takes quality only with format jpeg, not with its own choice", "format: jpeg");
	expect_refusal(PRO "format: png\nquality: 80", "model \"nano-banana-pro-official\" takes quality only with format jpeg, not with png", NULL);
}

static void thinking_is_a_level_or_a_budget(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	resolve(PRO "thinking: 0", &a);
	assert_int_equal(a.thinking_budget, 0);
	assert_null(a.thinking_level);
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("provider: google\nmodel: nano-banana-2\nthinking: High", &b);
	assert_string_equal(b.thinking_level, "high");
	expect_refusal("provider: google\nmodel: nano-banana-2\nthinking: 100",
	               "model \"nano-banana-2\" does not take thinking \"100\": it takes minimal, high", NULL);
}

static void a_header_that_the_model_lacks_is_refused(void **state)
{
	(void)state;
	expect_refusal("People: a crowd at night",
	               "model \"nano-banana\" does not take the header \"people\": it takes model, provider, size, resolution, n, refs, reuse",
	               "models that take it: nano-banana-official, nano-banana-2-official, nano-banana-pro-official; if the line is");
	expect_refusal("system: be brief",
	               "model \"nano-banana\" does not take the header \"system\": it takes model, provider, size, resolution, n, refs, reuse", NULL);
}

static void image_search_implies_web_search(void **state)
{
	cleanup_request struct request web, image, off, plain;

	(void)state;
	resolve("model: nano-banana-2\nsearch: web", &web);
	assert_true(web.search_web && !web.search_image);
	resolve("model: nano-banana-2\ngoogle_image_search: true\ngoogle_search: true", &image);
	assert_true(image.search_web && image.search_image);
	resolve("model: nano-banana-2\nsearch: OFF", &off);
	assert_false(off.search_web || off.search_image);
	resolve("model: nano-banana\nsearch: off", &plain);
	setenv("GEMINI_API_KEY", "k", 1);
	expect_refusal("provider: google\nmodel: nano-banana-pro\nsearch: image",
	               "model \"nano-banana-pro\" does not take search \"image\": it takes web, off", NULL);
}

static void modalities_hold_a_picture(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	setenv("GEMINI_API_KEY", "k", 1);
	resolve("provider: google\nmodel: nano-banana\nmodalities: image text", &a);
	assert_string_equal(a.modalities, "TEXT,IMAGE");
	resolve("provider: google\nmodel: nano-banana\nresponseModalities: [\"IMAGE\"]", &b);
	assert_string_equal(b.modalities, "IMAGE");
	expect_refusal("provider: google\nmodel: nano-banana\nmodalities: TEXT",
	               "model \"nano-banana\" does not take modalities \"TEXT\": it takes IMAGE, or TEXT, IMAGE", NULL);
}

static void settings_of_the_gemini_wire_are_read(void **state)
{
	cleanup_request struct request r;

	(void)state;
	setenv("TOKAIFY_API_KEY", "k", 1);
	resolve("provider: tokaify\nsystem: flat vector style\ntopK: 40\ncandidates: 2", &r);
	assert_string_equal(r.model->id, "gemini-2.5-flash-image");
	assert_string_equal(r.system, "flat vector style");
	assert_int_equal(r.top_k, 40);
	assert_int_equal(r.candidates, 2);
	expect_refusal("provider: tokaify\ncandidates: 11", "model \"nano-banana\" does not take candidates \"11\": it takes 1 to 10", NULL);
}

/* One header after the other, at a model of each wire: what it lacks, it says. */
static void every_header_that_a_wire_lacks_is_refused_with_what_it_takes(void **state)
{
#define TOAPIS "model, provider, size, resolution, n, refs, reuse"
#define GOOGLE "model, provider, size, resolution, n, refs, system, temperature, top-p, top-k, max-output-tokens, " \
	"modalities, safety, search, reuse"
#define OPENAI "model, provider, size, n, refs, format, quality, reuse"
	static const struct { const char *provider, *model, *takes; const char *headers[16]; } rows[] = {
		{ "toapis", "nano-banana", TOAPIS, { "system: x", "temperature: 1", "top-p: 1", "top-k: 1",
			"max-output-tokens: 1", "candidates: 2", "modalities: IMAGE", "format: png", "quality: 5", "people: all",
			"safety: hate=off", "thinking: low", "search: web" } },
		{ "google", "nano-banana-pro", GOOGLE, { "candidates: 2", "format: png", "quality: 5", "people: all",
			"thinking: low" } },
		{ "openai", "gpt-image-1", OPENAI, { "resolution: 1K", "system: x", "temperature: 1", "top-p: 1", "top-k: 1",
			"max-output-tokens: 1", "candidates: 2", "modalities: IMAGE", "people: all", "safety: hate=off",
			"thinking: low", "search: web" } },
		{ "evolink", "nano-banana", "model, provider, size, n, refs, reuse", { "resolution: 1K", "format: png" } },
	};

	(void)state;
	for (size_t v = 0; v < ARRAY_LEN(key_variables); v++)
		setenv(key_variables[v], "k", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t h = 0; rows[i].headers[h]; h++) {
			const char *header = rows[i].headers[h];
			cleanup_free char *headers = xasprintf("provider: %s\nmodel: %s\n%s", rows[i].provider, rows[i].model, header);
			cleanup_free char *text = xasprintf("model \"%s\" does not take the header \"%.*s\": it takes %s",
			                                    rows[i].model, (int)strcspn(header, ":"), header, rows[i].takes);
			expect_refusal(headers, text, "put an empty line before it");
		}
}

static void a_row_cannot_promise_what_its_wire_cannot_say(void **state)
{
	(void)state;
	use_config("[model m]\nprovider = toapis\ntakes = system top-k candidates modalities\n"
	           "[model o]\nprovider = local\ntakes = people format\nformats = png\nthinking = low\nsearch = web\n");
	expect_refusal("model: m\nsystem: be brief", "model \"m\" does not take the header \"system\": it takes model, "
	               "provider, size, n, refs, top-k, reuse", NULL);
	expect_refusal("model: o\npeople: all", "model \"o\" does not take the header \"people\": it takes model, "
	               "provider, size, n, refs, format, reuse", NULL);
}

static void quality_goes_with_the_formats_that_have_one(void **state)
{
#define GPT "provider: openai\nmodel: gpt-image-2\n"
	cleanup_request struct request jpeg, webp;

	(void)state;
	setenv("OPENAI_API_KEY", "k", 1);
	resolve(GPT "format: jpeg\nquality: 80", &jpeg);
	resolve(GPT "format: webp\nquality: 80", &webp);
	assert_int_equal(webp.quality, 80);
	expect_refusal(GPT "format: png\nquality: 80",
	               "model \"gpt-image-2\" takes quality only with format jpeg or webp, not with png", "format: jpeg");
	expect_refusal(GPT "format: webp\nquality: 101",
	               "model \"gpt-image-2\" does not take quality \"101\": it takes 1 to 100, with format jpeg or webp", NULL);
	expect_refusal(GPT "quality: high",
	               "model \"gpt-image-2\" does not take quality \"high\": it takes 1 to 100, with format jpeg or webp",
	               "metadata./quality: \"high\"");
	expect_refusal("model: gpt-image-2\nquality: high", "model \"gpt-image-2\" does not take the header \"quality\": "
	               "it takes model, provider, size, resolution, n, refs, reuse", "metadata./quality: \"high\"");
	expect_refusal(PRO "format: webp\nquality: 80",
	               "model \"nano-banana-pro-official\" takes quality only with format jpeg, not with webp", NULL);
	expect_refusal(GPT "format: gif", "model \"gpt-image-2\" does not take format \"gif\": it takes png, jpeg, webp", NULL);
}

static void where_pixels_are_sent_a_resolution_needs_a_size(void **state)
{
	cleanup_request struct request r, plain;

	(void)state;
	setenv("OPENAI_API_KEY", "k", 1);
	resolve(GPT "size: 16:9\nresolution: 4K", &r);
	assert_int_equal(r.width, 3840);
	assert_int_equal(r.height, 2160);
	resolve(GPT "size: 16:9", &plain);
	assert_int_equal(plain.width, 1536);
	expect_refusal(GPT "resolution: 2K", "model \"gpt-image-2\" does not take resolution \"2K\" without a size: it "
	               "takes both, or a size alone", "size: 1:1");
}

static void candidates_and_n_ask_for_16_pictures_at_most(void **state)
{
	cleanup_request struct request r;

	(void)state;
	setenv("TOKAIFY_API_KEY", "k", 1);
	resolve("provider: tokaify\nn: 4\ncandidates: 4", &r);
	assert_int_equal(request_tasks(&r), 4);
	assert_int_equal(request_pictures(&r), 16);
	expect_refusal("provider: tokaify\nn: 6\ncandidates: 3", "model \"nano-banana\" does not take n \"6\" with "
	               "candidates \"3\": it takes 16 pictures together", "paid for");
}

static void reuse_is_yes_or_no(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("reuse: No", &r);
	assert_false(r.reuse);
}

static void an_empty_value_asks_for_nothing(void **state)
{
	cleanup_request struct request r;

	(void)state;
	resolve("model:\nsize:\npeople:\nmetadata.a:", &r);
	assert_string_equal(r.model->name, "nano-banana");
	assert_null(r.ratio);
	assert_int_equal(r.metadata_count, 0);
}

static void the_prompts_limit_counts_characters(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	cleanup_error struct error e = ERROR_INIT;
	cleanup_request struct request ok, pro;
	struct request bad;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_str(&b, "\xe7\x8c\xab");
	buf_str(&b, "  \n\n");
	assert_int_equal(resolve_as("", b.data, false, &ok, NULL), 0);
	assert_int_equal(strlen(ok.prompt), 3000);
	buf_str(&b, "!");
	assert_int_equal(resolve_as("", b.data, false, &bad, &e), -EINVAL);
	assert_string_equal(e.text, "model \"nano-banana\" takes prompts of up to 1000 characters, and this one has 1005");
	assert_int_equal(resolve_as("model: nano-banana-pro", b.data, false, &pro, NULL), 0);
}

static void the_prompt_is_cleaned_and_must_be_there(void **state)
{
	cleanup_request struct request r;
	cleanup_error struct error e = ERROR_INIT, f = ERROR_INIT;
	struct request bad;

	(void)state;
	assert_int_equal(resolve_as("", "\xef\xbb\xbf" "a\r\nb \r\n\r\n", false, &r, NULL), 0);
	assert_string_equal(r.prompt, "a\nb");
	assert_int_equal(resolve_as("", " \n", false, &bad, &e), -EINVAL);
	assert_string_equal(e.text, "the prompt is empty");
	assert_int_equal(resolve_as("", "caf\xe9", false, &bad, &f), -EINVAL);
	assert_string_equal(f.text, "the prompt is not UTF-8");
}

static void values_can_be_checked_before_a_model_is_known(void **state)
{
	cleanup_settings struct settings good = { 0 }, bad = { 0 };
	cleanup_error struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(settings_set(&good, "size", "1920x1080", NULL), 0);
	assert_int_equal(settings_set(&good, "resolution", "3k", NULL), 0);
	assert_int_equal(settings_set(&good, "thinking", "high", NULL), 0);
	assert_int_equal(settings_set(&good, "quality", "80", NULL), 0);
	assert_int_equal(settings_set(&good, "model", "anything", NULL), 0);
	assert_int_equal(request_check_values(&good, NULL), 0);
	assert_int_equal(settings_set(&bad, "people", "a crowd at night", NULL), 0);
	assert_int_equal(request_check_values(&bad, &e), -EINVAL);
	assert_string_equal(e.text, "header \"people\" does not take \"a crowd at night\": it takes all, adult, none");
}

static void add_reference(struct request *r, const char *name, bool is_url, uint64_t size, const char *mime)
{
	struct reference ref = { .name = xstrdup(name), .is_url = is_url, .size = size, .mime = xstrdup(mime) };

	for (size_t i = 0; i < sizeof(ref.sha256); i++)
		ref.sha256[i] = (uint8_t)(i * 7 + r->references_count);
	r->references = xrealloc(r->references, (r->references_count + 1) * sizeof(ref));
	r->references[r->references_count++] = ref;
}

static void expect_bad_reference(struct request *r, const char *text)
{
	cleanup_error struct error e = ERROR_INIT;

	assert_int_equal(request_check_references(r, &e), -EINVAL);
	assert_string_equal(e.text, text);
}

static void references_are_counted_and_their_bytes_judged(void **state)
{
	cleanup_request struct request many, gif, big, good;

	(void)state;
	resolve("model: nano-banana-official", &good);
	add_reference(&good, "a.jpg", false, 10000000, "image/jpeg");
	add_reference(&good, "https://example.org/x", true, 0, NULL);
	assert_int_equal(request_check_references(&good, NULL), 0);
	resolve("model: nano-banana-official", &many);
	for (int i = 0; i < 4; i++)
		add_reference(&many, "a.png", false, 100, "image/png");
	expect_bad_reference(&many, "model \"nano-banana-official\" takes up to 3 references, and these are 4 or more");
	resolve("", &gif);
	add_reference(&gif, "a.png", false, 100, "image/gif");
	expect_bad_reference(&gif, "model \"nano-banana\" does not take the reference \"a.png\" (gif): it takes jpeg, png, webp");
	resolve("", &big);
	add_reference(&big, "b.png", false, 10400000, "image/png");
	expect_bad_reference(&big, "the provider toapis takes references of up to 10.0 MB, and \"b.png\" has 10.4 MB");
}

static void references_go_the_way_that_the_provider_has(void **state)
{
	cleanup_request struct request file, url, fine;

	(void)state;
	setenv("OPENAI_API_KEY", "k", 1);
	resolve("model: gpt-image-1", &url);
	add_reference(&url, "https://example.org/x.png", true, 0, NULL);
	expect_bad_reference(&url, "the provider openai does not fetch references from an address such as "
	                           "\"https://example.org/x.png\"");
	use_config("[provider toapis]\nupload-path =\n");
	resolve("", &file);
	add_reference(&file, "a.png", false, 100, "image/png");
	expect_bad_reference(&file, "the provider toapis takes references by their address only, and \"a.png\" is a file");
	resolve("", &fine);
	add_reference(&fine, "https://example.org/x.png", true, 0, NULL);
	assert_int_equal(request_check_references(&fine, NULL), 0);
}

/* A request with everything set that one row takes, and odd bytes where users may write them. */
static void resolve_rich(struct request *r)
{
	use_config("[provider toapis]\nwire = gemini\n[model rich]\nlike = nano-banana-2-official\nprovider = toapis\n"
	           "takes = system temperature top-p top-k max-output-tokens candidates modalities format quality people safety\n"
	           "search = web image\n");
	resolve("model: rich\nsize: 1920x1080\nresolution: 2K\nn: 3\nsystem: back\\slash \"and\" x41\ntemperature: 0.1\n"
	        "top-p: 0.95\ntop-k: 7\nmax-output-tokens: 1000\ncandidates: 2\nmodalities: IMAGE\nformat: jpeg\n"
	        "quality: 90\npeople: none\nsafety: sexual=medium, harassment=off\nthinking: 512\nsearch: image\n"
	        "reuse: no\nmetadata.zeta: {\"a\": 1}\nmetadata./alpha: \"x\\n\"", r);
	add_reference(r, " odd\n name, with everything\\ ", false, 77, "image/webp");
	add_reference(r, "https://example.org/p.png?a=b, c", true, 0, NULL);
	free(r->prompt);
	r->prompt = xstrdup("size: 1:1\n\n  a \xc3\xbc" "ber-cat\n\nwith: colons");
}

static void what_is_written_reads_back_the_same(void **state)
{
	cleanup_request struct request a, b;
	cleanup_buf struct buf first = BUF_INIT, second = BUF_INIT;
	struct error e = ERROR_INIT;
	uint8_t x[32], y[32];

	(void)state;
	resolve_rich(&a);
	request_write(&a, &first);
	if (request_read(table, first.data, first.len, &b, &e))
		fail_msg("%s in:\n%s", e.text, first.data);
	request_write(&b, &second);
	assert_string_equal(first.data, second.data);
	request_digest(&a, x);
	request_digest(&b, y);
	assert_memory_equal(x, y, 32);
	assert_ptr_equal(a.model, b.model);
	assert_ptr_equal(a.provider, b.provider);
	assert_string_equal(a.prompt, b.prompt);
	assert_string_equal(a.system, b.system);
	assert_string_equal(a.note, b.note);
	assert_true(a.temperature == b.temperature && a.top_p == b.top_p && b.thinking_budget == 512);
	assert_true(b.search_image && !b.reuse && b.people == PEOPLE_NONE && b.quality == 90 && b.n == 3);
	assert_int_equal(b.safety[HARM_SEXUAL], THRESHOLD_MEDIUM);
	assert_int_equal(b.metadata_count, 2);
	assert_string_equal(b.metadata[0].name, "/alpha");
	assert_string_equal(b.metadata[1].json, "{\"a\": 1}");
	assert_int_equal(b.references_count, 2);
	assert_string_equal(b.references[0].name, a.references[0].name);
	assert_string_equal(b.references[0].mime, "image/webp");
	assert_int_equal(b.references[0].size, 77);
	assert_memory_equal(b.references[0].sha256, a.references[0].sha256, 32);
	assert_true(b.references[1].is_url);
	assert_string_equal(b.references[1].name, "https://example.org/p.png?a=b, c");
	assert_null(b.references[1].mime);
}

static void doubles_survive_to_the_last_bit(void **state)
{
	static const double numbers[] = { 0.1, 1.0 / 3, 2, 0, 0.30000000000000004, 1e-9 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		cleanup_request struct request a, b;
		cleanup_buf struct buf text = BUF_INIT;

		resolve("model: nano-banana-official", &a);
		a.temperature = numbers[i];
		request_write(&a, &text);
		assert_int_equal(request_read(table, text.data, text.len, &b, NULL), 0);
		assert_true(b.temperature == numbers[i]);
	}
}

static void the_canonical_text_is_as_it_ever_was(void **state)
{
	cleanup_request struct request r;
	cleanup_buf struct buf text = BUF_INIT;

	(void)state;
	resolve("model: nano-banana-2\nsize: 16:9\nresolution: 2k\nsearch: web", &r);
	request_write(&r, &text);
	assert_string_equal(text.data, "request: 1\nmodel: toapis nano-banana-2\nprovider: toapis\n"
	                    "id: gemini-3.1-flash-image-preview\nratio: 16:9\nresolution: 2K\nwidth: 2752\nheight: 1536\n"
	                    "n: 1\nsearch-web: yes\nshare: 1\nwire: task\n\na cat");
}

/* SHA-256, by sha256sum, of: request: 1 / provider: toapis / id: gemini-2.5-flash-image-preview / n: 1
 * / (empty) / a cat.  Another value here means that every saved prompt is paid for again. */
static void the_digest_stays_what_it_was(void **state)
{
	cleanup_request struct request r;
	uint8_t digest[32];
	char hex[65];

	(void)state;
	resolve("", &r);
	request_digest(&r, digest);
	hex_encode(digest, 32, hex);
	assert_string_equal(hex, "ea1e90e3890121a126aa8c15896fe8670410c5586b7cfcb72a6b4bc85fae2af5");
}

static bool same_digest(const struct request *a, const struct request *b)
{
	uint8_t x[32], y[32];

	request_digest(a, x);
	request_digest(b, y);
	return !memcmp(x, y, 32);
}

static void the_digest_leaves_out_what_does_not_decide(void **state)
{
	cleanup_request struct request a, b;

	(void)state;
	resolve("reuse: no\nmetadata.b: 1\nmetadata.a: 2", &a);
	resolve("metadata.a: 2\nmetadata.b: 1", &b);
	add_reference(&a, "x.png", false, 5, "image/png");
	add_reference(&b, "moved/y.png", false, 5, "image/png");
	b.note = xstrdup("a note");
	assert_true(same_digest(&a, &b));
	b.references[0].sha256[0] ^= 1;
	assert_false(same_digest(&a, &b));
}

static void equal_sizes_said_differently_are_one_request(void **state)
{
	cleanup_request struct request a, b, c;

	(void)state;
	resolve("model: nano-banana-2\nsize: 1920x1080\nresolution: 2k", &a);
	resolve("model: gemini-3.1-flash-image-preview\naspectRatio: 16:9\nimageSize: 2K", &b);
	resolve("model: nano-banana-2\nsize: 2752x1536", &c);
	assert_true(same_digest(&a, &b));
	assert_true(same_digest(&a, &c));
}

static void everything_that_decides_changes_the_digest(void **state)
{
	static const char *const headers[] = { "model: nano-banana-official", "model: nano-banana-pro-official",
		PRO "size: 1:1", PRO "resolution: 2K", PRO "n: 2", PRO "temperature: 1", PRO "top-p: 1",
		PRO "max-output-tokens: 9", PRO "format: png", PRO "format: jpeg", PRO "format: jpeg\nquality: 9",
		PRO "people: all", PRO "safety: hate=off", PRO "safety: sexual=off", PRO "thinking: low",
		PRO "thinking: 0", PRO "metadata.a: 1", PRO "metadata.a: 2", "model: nano-banana-2",
		"model: nano-banana-2\nsearch: web", "model: nano-banana-2\nsearch: image" };
	struct request r[ARRAY_LEN(headers)];
	cleanup_request struct request sandbox, url, other;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		resolve(headers[i], &r[i]);
		for (size_t k = 0; k < i; k++)
			if (same_digest(&r[i], &r[k]))
				fail_msg("%s is %s", headers[i], headers[k]);
	}
	assert_int_equal(resolve_as(headers[0], "a cat", true, &sandbox, NULL), 0);
	assert_false(same_digest(&sandbox, &r[0]));
	assert_int_equal(resolve_as(headers[0], "a dog", false, &other, NULL), 0);
	assert_false(same_digest(&other, &r[0]));
	resolve(headers[0], &url);
	add_reference(&url, "https://example.org/a", true, 0, NULL);
	assert_false(same_digest(&url, &r[0]));
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		request_release(&r[i]);
}

static void a_row_that_is_gone_is_named_and_a_renamed_one_is_found(void **state)
{
	cleanup_request struct request r, found;
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_error struct error e = ERROR_INIT;
	struct request gone;

	(void)state;
	use_config("[model house]\nprovider = toapis\nid = gemini-3-pro-image-preview\n");
	resolve("model: house", &r);
	request_write(&r, &text);
	use_config("");
	assert_int_equal(request_read(table, text.data, text.len, &found, NULL), 0);
	assert_string_equal(found.model->name, "nano-banana-pro");
	static const char lost[] = "request: 1\nmodel: toapis house\nprovider: toapis\nid: house-1\nn: 1\n\nx";
	assert_int_equal(request_read(table, lost, sizeof(lost) - 1, &gone, &e), -EINVAL);
	assert_string_equal(e.text, "the model \"house\" of the provider \"toapis\" is not in the table any more");
	assert_null(gone.prompt);
}

static void damaged_records_are_refused(void **state)
{
#define HEAD "request: 1\nmodel: toapis nano-banana\nprovider: toapis\nid: x\n"
	static const char *const bad[] = { "", "\n\nx", "request: 2\n\nx", "request: 1\n\nx", HEAD "colour: red\n\nx",
		HEAD "n: two\n\nx", HEAD "people: some\n\nx", HEAD "system: a\\q\n\nx", HEAD "system: \\x0\n\nx",
		HEAD "ratio: 1:1\nratio: 1:1\n\nx", HEAD "reference: file 00 1 image/png a\n\nx",
		HEAD "reference: disk 0000000000000000000000000000000000000000000000000000000000000000 1 image/png a\n\nx",
		HEAD "reference: url 0000000000000000000000000000000000000000000000000000000000000000\n\nx",
		HEAD "nonsense\n\nx", "request: 1\nmodel: toapis nano-banana\nprovider: nobody\nid: x\n\nx" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_error struct error e = ERROR_INIT;
		struct request r;

		if (request_read(table, bad[i], strlen(bad[i]), &r, &e) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_non_null(e.text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(nothing_asked_for_is_the_first_model_with_a_key),
		TEST(the_default_follows_the_key),
		TEST(with_a_single_key_its_provider_makes_the_picture),
		TEST(a_default_that_is_gone_gives_way_to_the_next),
		TEST(an_id_is_taken_for_what_it_is_before_it_is_an_alias),
		TEST(a_name_that_several_offer_goes_to_the_first_with_a_key),
		TEST(the_provider_header_decides),
		TEST(the_row_of_the_configuration_decides_over_the_others),
		TEST(a_house_model_is_found_by_its_name),
		TEST(unknown_models_and_providers_are_refused_with_the_nearest),
		TEST(without_a_key_the_variables_are_named),
		TEST(a_key_file_that_may_not_be_used_is_told),
		TEST(a_provider_without_keys_must_be_named),
		TEST(the_sandbox_takes_every_model_with_its_limits_and_no_key),
		TEST(the_sandbox_by_name_needs_its_address),
		TEST(the_sandbox_speaks_the_wire_of_the_models_own_provider),
		TEST(a_ratio_is_one_of_the_models),
		TEST(a_documented_size_implies_its_resolution),
		TEST(a_size_of_a_model_without_resolutions_is_just_a_ratio),
		TEST(a_size_that_merely_reduces_gives_the_ratio_with_a_note),
		TEST(resolutions_are_the_models_in_any_case),
		TEST(a_resolution_that_only_some_ratios_have_is_refused_with_others),
		TEST(n_is_1_to_16),
		TEST(the_official_models_take_what_their_pages_say),
		TEST(values_out_of_range_are_refused),
		TEST(quality_goes_with_jpeg_only),
		TEST(thinking_is_a_level_or_a_budget),
		TEST(a_header_that_the_model_lacks_is_refused),
		TEST(image_search_implies_web_search),
		TEST(modalities_hold_a_picture),
		TEST(settings_of_the_gemini_wire_are_read),
		TEST(every_header_that_a_wire_lacks_is_refused_with_what_it_takes),
		TEST(a_row_cannot_promise_what_its_wire_cannot_say),
		TEST(quality_goes_with_the_formats_that_have_one),
		TEST(where_pixels_are_sent_a_resolution_needs_a_size),
		TEST(candidates_and_n_ask_for_16_pictures_at_most),
		TEST(reuse_is_yes_or_no),
		TEST(an_empty_value_asks_for_nothing),
		TEST(the_prompts_limit_counts_characters),
		TEST(the_prompt_is_cleaned_and_must_be_there),
		TEST(values_can_be_checked_before_a_model_is_known),
		TEST(references_are_counted_and_their_bytes_judged),
		TEST(references_go_the_way_that_the_provider_has),
		TEST(what_is_written_reads_back_the_same),
		TEST(doubles_survive_to_the_last_bit),
		TEST(the_canonical_text_is_as_it_ever_was),
		TEST(the_digest_stays_what_it_was),
		TEST(the_digest_leaves_out_what_does_not_decide),
		TEST(equal_sizes_said_differently_are_one_request),
		TEST(everything_that_decides_changes_the_digest),
		TEST(a_row_that_is_gone_is_named_and_a_renamed_one_is_found),
		TEST(damaged_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
