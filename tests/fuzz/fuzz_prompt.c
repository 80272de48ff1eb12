/*
 * Prompt files and .defaults.
 *
 * The input's first byte says which: even is a prompt, odd is .defaults; the rest is the file.
 */
#include "fuzz.h"

#include <string.h>

#include "plain.h"
#include "request.h"

#include "../../fs/prompt.c"

/* A sentence may quote a line or a name of the file. */
enum { SENTENCE_MAX = 4000 };

static void check_text(const char *text)
{
	if (strlen(text) > PROMPT_BYTES_MAX)
		BUG("the text has %zu bytes", strlen(text));
	for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text; *at;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t len = utf8proc_iterate(at, -1, &point);
		if (len < 1)
			BUG("the text is no UTF-8");
		at += len;
	}
}

static void check_settings(const struct settings *s)
{
	for (size_t i = 0; i < SET_COUNT; i++)
		if (s->value[i] && strlen(s->value[i]) > PROMPT_BYTES_MAX)
			BUG("setting %zu has %zu bytes", i, strlen(s->value[i]));
}

/* Behind an empty line the same bytes are all prompt, whatever headers they look like. */
static void check_escape(const char *bytes, size_t len)
{
	cleanup_prompt struct prompt p = { 0 };
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf b = BUF_INIT;

	buf_chr(&b, '\n');
	buf_add(&b, bytes, len);
	if (prompt_parse(b.data, b.len, &p, &err) < 0)
		check_refusal(&err, SENTENCE_MAX);
	else
		for (size_t i = 0; i < SET_COUNT; i++)
			if (p.settings.value[i])
				BUG("a header behind an empty line: %s", p.settings.value[i]);
}

static void check_request(const struct prompt *p)
{
	static struct models *models;
	cleanup_request struct request r = { 0 };
	cleanup_request struct request again = { 0 };
	cleanup_error struct error err = ERROR_INIT, lost = ERROR_INIT;
	cleanup_buf struct buf text = BUF_INIT;
	uint8_t digest[32], digest_again[32];

	if (!models)
		models = models_load(NULL, 0, "built in", &err);
	if (request_resolve(models, &p->settings, p->text, true, &r, &err) < 0) {
		check_refusal(&err, SENTENCE_MAX);
		return;
	}
	/* What the journal keeps of it is the same request. */
	request_write(&r, &text);
	if (request_read(models, text.data, text.len, &again, &lost) < 0)
		BUG("a request that cannot be read again: %s", lost.text);
	request_digest(&r, digest);
	request_digest(&again, digest_again);
	if (memcmp(digest, digest_again, sizeof(digest)) != 0)
		BUG("a request that is another one when it is read again");
}

static void feed_prompt(const char *bytes, size_t len)
{
	cleanup_prompt struct prompt p = { 0 };
	cleanup_error struct error err = ERROR_INIT;

	check_escape(bytes, len);
	if (prompt_parse(bytes, len, &p, &err) < 0) {
		check_refusal(&err, SENTENCE_MAX);
		if (p.text)
			BUG("a refused prompt has a text");
		return;
	}
	check_text(p.text);
	check_settings(&p.settings);
	if (p.blank && *p.text)
		BUG("a blank prompt has a text");
	if (!p.blank && !p.headers_only)
		check_request(&p);
}

static void feed_defaults(const char *bytes, size_t len)
{
	cleanup_settings struct settings s = { 0 };
	cleanup_error struct error err = ERROR_INIT;
	cleanup_free char *pattern = NULL;

	if (defaults_parse("a/.defaults", bytes, len, &s, &pattern, &err) < 0) {
		check_refusal(&err, SENTENCE_MAX);
		return;
	}
	check_settings(&s);
	defaults_allow(pattern, "cat.txt");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	(data[0] & 1 ? feed_defaults : feed_prompt)((const char *)data + 1, size - 1);
	return 0;
}
