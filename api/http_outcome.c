/*
 * From curl's result to an outcome and a sentence.  Whether the request may have left is known from
 * the callback before it is written, not from the kind of error.
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

static char *connect_cause(const struct http_transfer *t)
{
	long code = 0;

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
	char *cause = xstrdup(code ? strerror((int)code) : "no connection");
	*cause = (char)tolower((unsigned char)*cause);
	return cause;
}

static void judge_not_sent(struct http_transfer *t, CURLcode result)
{
	char *cause cleanup_free = NULL;

	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		transfer_give_up(t, HTTP_NOT_SENT, 0, "could not find the address of %s", t->host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		transfer_give_up(t, HTTP_NOT_SENT, 0, "could not find the address of the proxy for %s", t->host);
		break;
	case CURLE_COULDNT_CONNECT:
		if (t->refused)
			transfer_refuse_address(t);
		cause = connect_cause(t);
		transfer_give_up(t, HTTP_NOT_SENT, 0, "could not connect to %s: %s", t->where, cause);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		transfer_give_up(t, HTTP_NOT_SENT, 0, "could not connect to %s: no answer in time", t->where);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		transfer_give_up(t, HTTP_NOT_SENT, 0, "%s could not prove who it is: %s", t->where, curl_words(t, result));
		break;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_LOGIN_DENIED:
		transfer_give_up(t, HTTP_LOCAL, EINVAL, "the address to ask is no plain http or https URL");
		break;
	default:
		transfer_give_up(t, HTTP_NOT_SENT, 0, "could not connect to %s: %s", t->where, curl_words(t, result));
	}
}

static void judge_broken_reply(struct http_transfer *t)
{
	unsigned long long got = t->reply.received;

	if (t->reply.content_length > 0)
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "the reply ended after %llu of %lld bytes", got,
		                 (long long)t->reply.content_length);
	else
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "the reply ended after %llu bytes, before its end", got);
}

static void judge_sent(struct http_transfer *t, CURLcode result)
{
	switch (result) {
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_GOT_NOTHING:
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "%s closed the connection without a reply", t->where);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		if (t->reply.status)
			judge_broken_reply(t);
		else
			transfer_give_up(t, HTTP_AMBIGUOUS, 0, "%s broke the connection before it replied", t->where);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "no complete reply from %s within %g seconds", t->where,
		                 t->total_timeout);
		break;
	default:
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "the exchange with %s broke: %s", t->where, curl_words(t, result));
	}
}

void transfer_judge(struct http_transfer *t, CURLcode result)
{
	long status = 0;
	curl_off_t announced = -1;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	t->reply.status = (int)status;
	t->reply.content_length = announced;
	t->reply.content_type = t->got.content_type;
	t->reply.location = t->got.location;
	t->reply.retry_after = t->got.retry_after;
	t->reply.limit_remaining = t->got.limit_remaining;
	t->reply.limit_reset = t->got.limit_reset;
	if (result == CURLE_OK)
		t->reply.outcome = HTTP_REPLY;
	else if (t->reply.sent)
		judge_sent(t, result);
	else
		judge_not_sent(t, result);
}
