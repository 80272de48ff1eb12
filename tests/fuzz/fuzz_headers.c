/* Header lines of a reply, one a line. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "../../api/http_headers.c"

static const int64_t now_ms = 1795947332000;

static void check(const struct http_headers *h)
{
	if (!(h->retry_after == -1 || (h->retry_after >= 0 && h->retry_after <= DAY)))
		BUG("it asks to wait for %g s", h->retry_after);
	if (!(h->limit_reset == -1 || (h->limit_reset >= 0 && h->limit_reset <= DAY)))
		BUG("the limit ends in %g s", h->limit_reset);
	if (h->limit_remaining < -1)
		BUG("%ld requests are left", h->limit_remaining);
	if (h->location && strpbrk(h->location, "\r\n"))
		BUG("an address of two lines");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct http_headers h;

	http_headers_init(&h);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);

		http_headers_line(&h, at, len, now_ms);
		check(&h);
		at += len;
	}
	http_headers_release(&h);
	return 0;
}
