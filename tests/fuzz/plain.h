/* plain: what may be shown to people: one line of UTF-8 without controls, so that neither a terminal nor a
 * status file takes it for something else. */
#ifndef TESTS_FUZZ_PLAIN_H
#define TESTS_FUZZ_PLAIN_H

#include <string.h>

#include <utf8proc.h>

#include "base.h"

/* text may be NULL.  max: bytes. */
static inline void check_plain(const char *what, const char *text, size_t max)
{
	if (!text)
		return;
	if (!*text || strlen(text) > max)
		BUG("%s has %zu bytes", what, strlen(text));
	for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text; *at;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t len = utf8proc_iterate(at, -1, &point);
		if (len < 1 || point < 0x20 || (point >= 0x7f && point < 0xa0))
			BUG("%s is no plain text: %s", what, text);
		at += len;
	}
}

/* A refusal says why. */
static inline void check_refusal(const struct error *err, size_t max)
{
	if (!err->text || !err->code)
		BUG("a refusal without a sentence");
	check_plain("reason", err->text, max);
	check_plain("hint", err->hint, max);
}

#endif
