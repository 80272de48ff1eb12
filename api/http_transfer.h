/*
 * http_transfer: one exchange as a curl handle; for http.c only.
 *
 * The handle's callbacks keep account of what left and what came.  A callback that ends the transfer
 * for a reason of our own writes outcome and sentence into `reply` first (`judged`); otherwise
 * transfer_judge() makes them from curl's result.
 */
#ifndef API_HTTP_TRANSFER_H
#define API_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "http.h"
#include "http_body.h"
#include "http_headers.h"

struct http_transfer {
	struct http *http;
	struct http_transfer *prev, *next;
	http_done *done;
	void *arg;
	CURL *easy;
	struct curl_slist *headers;
	char *secret;                   /* or NULL */
	char *host, *where;             /* `toapis.com`, `toapis.com port 443` */
	char curl_text[CURL_ERROR_SIZE];

	struct http_body body;
	bool once;
	unsigned attempts;              /* connections that curl was about to send the request on */
	unsigned body_attempt;          /* the one of them that the body was read for; 0 = none yet */

	bool guarded, allow_private;
	bool refused;                   /* at least one address of the host; another one may have done */
	int proxy_port;

	int (*sink)(void *arg, const void *bytes, size_t len, struct error *err);
	void *sink_arg;
	uint64_t max_bytes;
	struct http_headers got;
	struct http_reply reply;

	double connect_timeout, total_timeout;
	int64_t stall_ms, moved_at;     /* moved_at: clock_mono_ms of the newest byte either way */
	int64_t window_at;              /* since when the bytes below came, of the reply; 0 = it has not begun */
	size_t window_bytes, header_bytes;
	int unsent;                     /* bytes in the kernel's queue at the last look, or -1 */

	bool resolved;                  /* no resolver thread hangs on the handle any more */
	bool dead;                      /* cancelled: no callback to the caller, no borrowed descriptor */
	bool judged;                    /* reply has outcome and sentence; may be so from the start */
};

/* Copies the request; sets up everything but the multi handle.  Never NULL. */
struct http_transfer *transfer_new(const struct http_request *r, const char *user_agent);
void transfer_free(struct http_transfer *t);
/* Ends in outcome with a sentence; the first call counts. */
void transfer_give_up(struct http_transfer *t, enum http_outcome outcome, int local_errno, const char *fmt, ...)
	PRINTF(4, 5);
void transfer_refuse_address(struct http_transfer *t);
/* Fills reply from what curl says at the end. */
void transfer_judge(struct http_transfer *t, CURLcode result);
/* When it will have stalled (clock_mono_ms), or INT64_MAX. */
int64_t transfer_stall_deadline(const struct http_transfer *t);
/* Whether it is past its deadline (judged then); bytes that still leave the kernel's queue count. */
bool transfer_has_stalled(struct http_transfer *t, int64_t now);

#endif
