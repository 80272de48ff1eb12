/*
 * wire_testing: requests made the way users make them (headers, judged against the built-in model table),
 * and what a wire sends for them.  For tests with cmocka.
 */
#ifndef TESTS_WIRE_TESTING_H
#define TESTS_WIRE_TESTING_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "wire.h"

static struct models *wt_models;

/* As cmocka's group setup and teardown. */
static int wt_setup(void **state)
{
	static const char *const keys[] = { "TOAPIS_API_KEY", "TOKAIFY_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY",
	                                    "APIMART_API_KEY", "EVOLINK_API_KEY" };
	cleanup_error struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		setenv(keys[i], "test-key", 1);
	wt_models = models_load(NULL, 0, NULL, &err);
	if (!wt_models)
		fprintf(stderr, "%s\n", err.text);
	return wt_models ? 0 : -1;
}

static int wt_teardown(void **state)
{
	(void)state;
	models_unref(wt_models);
	return 0;
}

/* `name: value` lines. */
static void wt_settings(struct settings *s, const char *headers)
{
	cleanup_error struct error err = ERROR_INIT;
	struct nv r;

	nv_init(&r, headers, strlen(headers), 0);
	while (nv_next(&r, &err) > 0)
		if (settings_set(s, r.name, r.value, &err) < 0)
			fail_msg("%s", err.text);
	nv_release(&r);
}

static void wt_resolve_in(struct models *m, struct request *r, const char *headers, const char *prompt)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_settings struct settings s = { 0 };

	wt_settings(&s, headers);
	if (request_resolve(m, &s, prompt, false, r, &err) < 0)
		fail_msg("%s: %s", headers, err.text);
}

static void wt_resolve(struct request *r, const char *headers)
{
	wt_resolve_in(wt_models, r, headers, "a \"red\" fox\n霓虹");
}

/* A local picture (size bytes), or with size 0 an address. */
static void wt_reference(struct request *r, const char *name, const char *mime, uint64_t size)
{
	r->references = xrealloc(r->references, (r->references_count + 1) * sizeof(*r->references));
	r->references[r->references_count++] = (struct reference){
		.name = xstrdup(name), .mime = xstrdup(mime), .size = size, .is_url = !size,
	};
}

static void wt_build(const struct request *r, struct wire_call *call)
{
	const char *urls[8] = { "https://files/0", "https://files/1", "https://files/2" };
	const struct wire_submit s = { .request = r, .own_id = "easelfs-own", .pictures = request_share(r, 1),
	                               .ref_urls = urls, .refs_form = r->model->refs_form };

	wire_of(r->provider)->build_submit(&s, call);
	assert_string_equal(call->method, "POST");
}

/* The body, with `<0>` or `<0 base64>` for the bytes of a reference, and `--BOUNDARY` for the boundary.  The
 * caller frees. */
static char *wt_body(const struct wire_call *call)
{
	cleanup_buf struct buf whole = BUF_INIT;
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < call->pieces_count; i++) {
		const struct wire_piece *p = &call->pieces[i];
		if (p->reference >= 0)
			buf_fmt(&whole, "<%d%s>", p->reference, p->base64 ? " base64" : "");
		else
			buf_add(&whole, p->text.data, p->text.len);
	}
	for (const char *at = whole.data ? whole.data : ""; *at;) {
		bool found = call->boundary && str_starts_with(at, call->boundary);
		if (found)
			buf_str(&b, "BOUNDARY");
		else
			buf_chr(&b, *at);
		at += found ? strlen(call->boundary) : 1;
	}
	return buf_steal(&b);
}

static void wt_expect_json(const char *what, const char *body, const char *expected)
{
	cJSON *got = cJSON_Parse(body), *wanted = cJSON_Parse(expected);

	if (!wanted)
		fail_msg("%s: the test's own JSON is broken: %s", what, expected);
	if (!got || !cJSON_Compare(got, wanted, true))
		fail_msg("%s\nsends %s\ninstead of %s", what, body, expected);
	cJSON_Delete(got);
	cJSON_Delete(wanted);
}

/* What a model's row sends for these headers. */
struct wt_golden { const char *headers, *url, *json; };

static void wt_golden_one(const struct wt_golden *g)
{
	cleanup_request struct request r;
	struct wire_call call;

	wt_resolve(&r, g->headers);
	wt_build(&r, &call);
	assert_string_equal(call.url, g->url);
	assert_string_equal(call.content_type, "application/json");
	cleanup_free char *body = wt_body(&call);
	wt_expect_json(g->headers, body, g->json);
	wire_call_release(&call);
}

/* Headers that a request body has nothing of, or that have tests of their own. */
static bool wt_is_elsewhere(int which)
{
	return which == SET_MODEL || which == SET_PROVIDER || which == SET_REUSE || which == SET_N || which == SET_REFS;
}

static void wt_expect_covered(const struct model *m, const struct wt_golden *golden, size_t count)
{
	bool covered[SET_COUNT] = { false }, any = false;

	for (size_t i = 0; i < count; i++) {
		cleanup_request struct request r;
		cleanup_settings struct settings s = { 0 };

		wt_resolve(&r, golden[i].headers);
		wt_settings(&s, golden[i].headers);
		for (int h = 0; h < SET_COUNT && r.model == m; h++)
			covered[h] |= s.value[h] != NULL;
		any |= r.model == m;
	}
	if (!any)
		fail_msg("model %s of %s has no golden request", m->name, m->provider);
	for (int h = 0; h < SET_COUNT; h++)
		if (m->takes[h] && !covered[h] && !wt_is_elsewhere(h))
			fail_msg("no golden request of model %s of %s has the header %s", m->name, m->provider,
			         setting_table[h].name);
}

/* Each sends what it should, and together they have every row of the providers with every header that it
 * takes. */
__attribute__((unused)) static void wt_golden_all(const struct wt_golden *golden, size_t count, const char *const *providers)
{
	for (size_t i = 0; i < count; i++)
		wt_golden_one(&golden[i]);
	for (; *providers; providers++)
		for (size_t i = 0; i < wt_models->models_count; i++)
			if (!strcmp(wt_models->models[i].provider, *providers))
				wt_expect_covered(&wt_models->models[i], golden, count);
}

/* --- replies */

#define WT_WHOLE { true, NULL, false }
#define WT_EMPTY { true, NULL, true }
#define WT_BAD { false, "character \"!\" at 4711", false }

static void wt_parse(const struct wire *w, int status, const char *body, const struct wire_file *files, size_t count,
                     struct wire_result *r)
{
	const struct provider p = { .name = "p", .wire = (char *)w->name };
	size_t len = strlen(body);
	/* Exactly as long as it is, so that a sanitizer sees what reads on. */
	cleanup_free char *exact = xmalloc(len + 1);
	const struct wire_reply reply = { .status = status, .body = exact + 1, .len = len, .retry_after = -1,
	                                  .files = files, .files_count = count };

	memcpy(exact + 1, body, len);
	w->parse_submit(&p, &reply, r);
}

/* `0 2`; the caller frees. */
static char *wt_list(const int *list, size_t count)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_fmt(&b, "%s%d", i ? " " : "", list[i]);
	return buf_steal(&b);
}

/* Of texts: NULL = there is none; else it must be in it. */
struct wt_reply {
	const char *what;
	const char *body;
	struct wire_file files[4];
	bool cut;                        /* one more file, that the reply ended in */
	enum wire_class cls;
	const char *pictures, *drafts;   /* `0 2`; NULL = none */
	const char *url, *text, *note, *code, *reason;
	int status;                      /* 0 = 200 */
};

static void wt_expect_text(const struct wt_reply *e, const char *name, const char *got, const char *wanted)
{
	if (wanted ? !got || !strstr(got, wanted) : got != NULL)
		fail_msg("%s: %s is \"%s\" instead of \"%s\"", e->what, name, got ? got : "(none)", wanted ? wanted : "(none)");
}

__attribute__((unused)) static void wt_expect_reply(const struct wire *w, const struct wt_reply *e)
{
	struct wire_result r;
	size_t count = 0;

	while (count < ARRAY_LEN(e->files) && (e->files[count].complete || e->files[count].bad))
		count++;
	count += e->cut;
	wt_parse(w, e->status ? e->status : 200, e->body, e->files, count, &r);
	cleanup_free char *pictures = wt_list(r.files, r.files_count), *drafts = wt_list(r.drafts, r.drafts_count);
	if (r.cls != e->cls)
		fail_msg("%s: class %d instead of %d (%s)", e->what, r.cls, e->cls, r.reason ? r.reason : "no reason");
	if (strcmp(pictures, e->pictures ? e->pictures : ""))
		fail_msg("%s: pictures \"%s\"", e->what, pictures);
	if (strcmp(drafts, e->drafts ? e->drafts : ""))
		fail_msg("%s: drafts \"%s\"", e->what, drafts);
	wt_expect_text(e, "url", r.urls_count ? r.urls[0] : NULL, e->url);
	wt_expect_text(e, "text", r.text, e->text);
	wt_expect_text(e, "note", r.note, e->note);
	wt_expect_text(e, "code", r.code, e->code);
	wt_expect_text(e, "reason", r.reason, e->reason);
	if (r.cls != WIRE_DONE && !r.hint)
		fail_msg("%s: no hint", e->what);
	wire_result_release(&r);
}

#endif
