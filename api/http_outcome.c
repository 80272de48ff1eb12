/*
 * From curl's result to an outcome and a sentence: two tables.  Whether the request may have left is known
 * from the callback before it is written, not from the kind of error.
 *
 * For a submit that is the half of "accepted, provably not, or nobody knows" that comes without a complete
 * reply: HTTP_NOT_SENT was provably not accepted, and is repeated; HTTP_AMBIGUOUS may have been, and is looked
 * up, never repeated.  The other half, what a complete reply means, is the tables of wire_classify.c.
 */
#include "http_transfer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Borrowed; what curl says in detail, else the name of its error. */
static const char *curl_words(const struct http_transfer *t, CURLcode result)
{
	return *t->curl_text ? t->curl_text : curl_easy_strerror(result);
}

/* --- sentences; the caller frees them */

static char *says_no_host(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("could not find the address of %s", t->host);
}

static char *says_no_proxy(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("could not find the address of the proxy for %s", t->host);
}

static char *says_no_connection(const struct http_transfer *t, CURLcode result)
{
	long code = 0;

	(void)result;
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
	cleanup_free char *cause = xstrdup(code ? strerror((int)code) : "no connection");
	*cause = (char)tolower((unsigned char)*cause);
	return xasprintf("could not connect to %s: %s", t->where, cause);
}

static char *says_no_answer(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("could not connect to %s: no answer in time", t->where);
}

static char *says_unproven(const struct http_transfer *t, CURLcode result)
{
	return xasprintf("%s could not prove who it is: %s", t->where, curl_words(t, result));
}

static char *says_no_url(const struct http_transfer *t, CURLcode result)
{
	(void)t;
	(void)result;
	return xstrdup("the address to ask is no plain http or https URL");
}

static char *says_not_connected(const struct http_transfer *t, CURLcode result)
{
	return xasprintf("could not connect to %s: %s", t->where, curl_words(t, result));
}

static char *says_closed(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("%s closed the connection without a reply", t->where);
}

static char *says_broke_off(const struct http_transfer *t, CURLcode result)
{
	unsigned long long got = t->reply.received;

	(void)result;
	if (!t->reply.status)
		return xasprintf("%s broke the connection before it replied", t->where);
	if (t->reply.content_length > 0)
		return xasprintf("the reply ended after %llu of %lld bytes", got, (long long)t->reply.content_length);
	return xasprintf("the reply ended after %llu bytes, before its end", got);
}

static char *says_too_slow(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("no complete reply from %s within %g seconds", t->where, t->total_timeout);
}

/* libcurl says "out of memory" where a header line passes its limit. */
static char *says_too_large(const struct http_transfer *t, CURLcode result)
{
	(void)result;
	return xasprintf("a header of %s is too large, or there is no memory for it", t->where);
}

static char *says_broke(const struct http_transfer *t, CURLcode result)
{
	return xasprintf("the exchange with %s broke: %s", t->where, curl_words(t, result));
}

/* --- the table */

/* The row of CURL_LAST is for whatever has none. */
static const struct verdict {
	CURLcode result;
	enum http_outcome outcome;
	int local_errno;
	char *(*says)(const struct http_transfer *t, CURLcode result);
} unsent[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_NOT_SENT, 0, says_no_host },
	{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_NOT_SENT, 0, says_no_proxy },
	{ CURLE_COULDNT_CONNECT, HTTP_NOT_SENT, 0, says_no_connection },
	{ CURLE_OPERATION_TIMEDOUT, HTTP_NOT_SENT, 0, says_no_answer },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_NOT_SENT, 0, says_unproven },
	{ CURLE_URL_MALFORMAT, HTTP_LOCAL, EINVAL, says_no_url },
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_LOCAL, EINVAL, says_no_url },
	{ CURLE_LOGIN_DENIED, HTTP_LOCAL, EINVAL, says_no_url },
	{ CURL_LAST, HTTP_NOT_SENT, 0, says_not_connected },
}, sent[] = {
	{ CURLE_SEND_ERROR, HTTP_AMBIGUOUS, 0, says_closed },
	{ CURLE_SEND_FAIL_REWIND, HTTP_AMBIGUOUS, 0, says_closed },
	{ CURLE_GOT_NOTHING, HTTP_AMBIGUOUS, 0, says_closed },
	{ CURLE_PARTIAL_FILE, HTTP_AMBIGUOUS, 0, says_broke_off },
	{ CURLE_RECV_ERROR, HTTP_AMBIGUOUS, 0, says_broke_off },
	{ CURLE_OPERATION_TIMEDOUT, HTTP_AMBIGUOUS, 0, says_too_slow },
	{ CURLE_OUT_OF_MEMORY, HTTP_AMBIGUOUS, 0, says_too_large },
	{ CURL_LAST, HTTP_AMBIGUOUS, 0, says_broke },
};

static void judge_failure(struct http_transfer *t, CURLcode result)
{
	const struct verdict *v = t->reply.sent ? sent : unsent;

	while (v->result != result && v->result != CURL_LAST)
		v++;
	if (v->result == CURLE_COULDNT_CONNECT && !t->reply.sent && t->refused)
		transfer_refuse_address(t);
	cleanup_free char *text = v->says(t, result);
	transfer_give_up(t, v->outcome, v->local_errno, "%s", text);
}

/* Absolute, also where the server said less. */
static void read_location(struct http_transfer *t)
{
	char *absolute = NULL;

	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &absolute);
	if (t->got.location && absolute) {
		free(t->got.location);
		t->got.location = xstrdup(absolute);
	}
	t->reply.location = t->got.location;
}

void transfer_judge(struct http_transfer *t, CURLcode result)
{
	long status = 0;
	curl_off_t announced = -1;

	if (t->easy) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	}
	t->reply.status = (int)status;
	t->reply.content_length = announced;
	t->reply.content_type = t->got.content_type;
	read_location(t);
	t->reply.retry_after = t->got.retry_after;
	t->reply.limit_remaining = t->got.limit_remaining;
	t->reply.limit_reset = t->got.limit_reset;
	t->reply.date = t->got.date;
	/* What is taken from replies to what went well, ids and addresses, stays as it is. */
	if (t->secret && (status < 200 || status > 299))
		buf_replace(&t->reply.body, t->secret, "[key]");
	if (result == CURLE_OK)
		t->reply.outcome = HTTP_REPLY;
	else
		judge_failure(t, result);
}
