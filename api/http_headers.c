#include "http_headers.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#define DAY 86400.0

static double clamp(double seconds)
{
	return seconds < 0 ? 0 : seconds > DAY ? DAY : seconds;
}

/* A decimal number that is the whole text, whatever the locale says about points. */
static bool read_number(const char *s, double *out)
{
	bool negative = *s == '-';
	double value = 0, scale = 1;

	s += negative || *s == '+';
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++)
		value = value * 10 + (*s - '0');
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++)
			value += (*s - '0') * (scale /= 10);
	while (isspace((unsigned char)*s))
		s++;
	*out = negative ? -value : value;
	return *s == '\0';
}

double http_retry_after(const char *value, int64_t now_ms)
{
	double seconds;

	if (read_number(value, &seconds))
		return clamp(seconds);
	time_t date = curl_getdate(value, NULL);
	return date == (time_t)-1 ? -1 : clamp((double)date - (double)now_ms / 1000);
}

double http_limit_reset(const char *value, int64_t now_ms)
{
	double seconds;
	const char *end;

	if (!read_number(value, &seconds)) {
		seconds = parse_duration(value, &end);
		return seconds < 0 || *end ? -1 : clamp(seconds);
	}
	if (seconds > 1e11)
		seconds /= 1000;
	if (seconds > 1e8)
		seconds -= (double)now_ms / 1000;
	return clamp(seconds);
}

void http_headers_init(struct http_headers *h)
{
	*h = (struct http_headers){ .retry_after = -1, .limit_remaining = -1, .limit_reset = -1, .date = -1 };
}

void http_headers_release(struct http_headers *h)
{
	free(h->content_type);
	free(h->location);
	http_headers_init(h);
}

static long remaining(const char *value)
{
	double number;

	return read_number(value, &number) && number >= 0 && number < 1e9 ? (long)number : -1;
}

static double milliseconds(const char *value)
{
	double number;

	return read_number(value, &number) ? clamp(number / 1000) : -1;
}

/* OpenAI says it in both units; the smaller one is the more exact. */
static void set_wait(struct http_headers *h, double seconds, bool in_ms)
{
	if (in_ms ? seconds < 0 : h->retry_after_ms)
		return;
	h->retry_after = seconds;
	h->retry_after_ms = in_ms;
}

/* None that would make two lines of one. */
static void set_text(char **to, const char *value)
{
	free(*to);
	*to = NULL;
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return;
	*to = xstrdup(value);
}

void http_headers_line(struct http_headers *h, const char *line, size_t len, int64_t now_ms)
{
	if (len >= 5 && !strncasecmp(line, "HTTP/", 5)) {
		http_headers_release(h);
		return;
	}
	const char *colon = memchr(line, ':', len), *end = line + len;
	if (!colon)
		return;
	const char *from = colon + 1;
	while (from < end && isspace((unsigned char)*from))
		from++;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	char *name cleanup_free = xstrndup(line, (size_t)(colon - line));
	char *value cleanup_free = xstrndup(from, (size_t)(end - from));

	if (!strcasecmp(name, "Content-Type"))
		set_text(&h->content_type, value);
	else if (!strcasecmp(name, "Location"))
		set_text(&h->location, value);
	else if (!strcasecmp(name, "Date"))
		h->date = curl_getdate(value, NULL);
	else if (!strcasecmp(name, "Retry-After"))
		set_wait(h, http_retry_after(value, now_ms), false);
	else if (!strcasecmp(name, "Retry-After-Ms"))
		set_wait(h, milliseconds(value), true);
	else if (!strcasecmp(name, "X-RateLimit-Remaining") || !strcasecmp(name, "X-RateLimit-Remaining-Requests"))
		h->limit_remaining = remaining(value);
	else if (!strcasecmp(name, "X-RateLimit-Reset") || !strcasecmp(name, "X-RateLimit-Reset-Requests"))
		h->limit_reset = http_limit_reset(value, now_ms);
}
