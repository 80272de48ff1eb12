/*
 * http_headers: the reply headers that the engine obeys.  Plain data, no I/O.
 */
#ifndef API_HTTP_HEADERS_H
#define API_HTTP_HEADERS_H

#include "base.h"

struct http_headers {
	char *content_type, *location;   /* or NULL */
	double retry_after;              /* seconds, -1 = not said */
	bool retry_after_ms;             /* it was said in milliseconds */
	long limit_remaining;            /* -1 = not said */
	double limit_reset;              /* seconds from now, -1 = not said */
	int64_t date;                    /* the server's clock, seconds since 1970; -1 = not said */
};

void http_headers_init(struct http_headers *h);
/* One raw header line.  A status line (`HTTP/…`) begins a new reply and forgets the one before (100
 * Continue, a proxy's answer).  now_ms: wall clock. */
void http_headers_line(struct http_headers *h, const char *line, size_t len, int64_t now_ms);
void http_headers_release(struct http_headers *h);

/* Retry-After: seconds, decimals or an HTTP date, clamped to 0..86400.  -1 if it is none of them. */
double http_retry_after(const char *value, int64_t now_ms);
/* X-RateLimit-Reset: seconds from now, or since 1970 (also in ms), or OpenAI's `6m0s` and `120ms`, clamped
 * alike.  -1 if none of them. */
double http_limit_reset(const char *value, int64_t now_ms);

#endif
