/*
 * http: one curl_multi loop, for the engine's thread.
 *
 * Every transfer of the program runs here, on one connection pool.  Transfers to addresses that a
 * provider named (results) check the address of every connection that they open or find open, so
 * sharing the pool is safe (http_guard.h).  Two facts shape it, both measured with libcurl 7.88: a
 * CURLOPT_POSTFIELDS body is sent again behind the program's back when a reused connection turns out
 * to be closed, so `once` bodies go by READFUNCTION with a SEEKFUNCTION that refuses; and a handle
 * that resolves a name must not be removed (its thread is joined), so a cancelled transfer is marked
 * dead and left to finish.  The program should ignore SIGPIPE.
 *
 * All functions but http_wakeup(): the thread that called http_new().
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "base.h"

struct http;
struct http_transfer;

/* How far it came.  This is what decides whether a submit may be repeated. */
enum http_outcome {
	HTTP_REPLY,         /* a complete reply; status is set */
	HTTP_NOT_SENT,      /* name, connection or TLS never came up: provably no request byte was read */
	HTTP_AMBIGUOUS,     /* something was or may have been sent, no complete reply */
	HTTP_LOCAL,         /* our side: sink not writable (disk full), cap exceeded, refused address;
	                       local_errno says which: ENOSPC, EIO, EFBIG, EACCES (see text) */
};

struct http_reply {
	enum http_outcome outcome;
	bool sent;                       /* a byte of the request may have left: with HTTP_LOCAL this says
	                                    whether the provider may have acted on it */
	int status;
	char *content_type, *location;   /* or NULL; absolute */
	double retry_after;              /* seconds (number, decimal or HTTP date), clamped to 0..86400; -1 */
	long limit_remaining;            /* X-RateLimit-Remaining, or -1 */
	double limit_reset;              /* seconds until X-RateLimit-Reset, or -1 */
	int64_t date;                    /* the server's clock, seconds since 1970; -1 = not said */
	struct buf body;                 /* when there is no sink */
	uint64_t received;               /* body bytes */
	int64_t content_length;          /* as announced, or -1 */
	int local_errno;
	char *text;                      /* for all but HTTP_REPLY: a sentence (`could not connect to
	                                    toapis.com: connection refused`), no key, no query string */
};

/* A piece of a request's body, sent as it is asked for. */
struct http_piece {
	const char *text; size_t len;    /* copied */
	int fd; uint64_t size;           /* -1: the text.  Else this file's bytes 0 to size; borrowed until done */
	bool base64;                     /* the file's bytes in base64 (RFC 4648), without line breaks */
};

struct http_request {
	const char *method, *url;
	const char *const *headers;      /* NULL-terminated `Name: value`, copied */
	const char *secret;              /* the key in the headers, or NULL: a refusal (no 2xx) that repeats it has
	                                    `[key]` there.  Copied, and wiped at the end */
	const char *content_type;        /* of the body, or NULL */
	const struct http_piece *body; size_t body_pieces;
	const char *ca_file;             /* PEM certificates to trust; NULL = the system's */
	bool once;                       /* the body must not be sent twice, whatever happens */
	bool named_by_provider;          /* address guard, for URLs out of replies */
	bool allow_private;              /* with named_by_provider: loopback and private addresses may be
	                                    connected to (providers local and sandbox) */
	/* The body of a 2xx goes there as it comes: 0, or -errno with a sentence, which ends the transfer as
	 * HTTP_LOCAL.  NULL = memory.  Other statuses go to memory in any case. */
	int (*sink)(void *arg, const void *bytes, size_t len, struct error *err);
	void *sink_arg;
	uint64_t max_bytes;              /* of the body, counted after decoding; over it: EFBIG */
	double connect_timeout;          /* seconds */
	double stall_timeout;            /* seconds without a byte in either direction after sending; nor may a reply that
	                                    has begun trickle, less than 4 KiB in twice that time (but for `once` with
	                                    a sink: whoever thinks may send blanks to stay connected) */
	double total_timeout;            /* seconds; 0 = none */
};
#define HTTP_REQUEST_INIT { .max_bytes = 16u << 20, .connect_timeout = 20, .stall_timeout = 60 }

/* Called once per transfer, in http_turn(); reply is borrowed. */
typedef void http_done(void *arg, const struct http_reply *reply);

/* The library, its version and that of its TLS, for people: `7.88.1 OpenSSL/3.0.17 …`. */
const char *http_library(void);
int http_new(const char *user_agent, struct http **out, struct error *err);
/* Aborts what runs (no callbacks), frees. */
void http_free(struct http *h);
/* Redirects are not followed: the caller sees the 30x and its location.  Never fails: what is wrong
 * with the request is reported by done on the next turn.  https, http only. */
struct http_transfer *http_start(struct http *h, const struct http_request *r, http_done *done, void *arg);
/* done will not be called; the transfer is finished in the background, or dropped at once if safe. */
void http_cancel(struct http *h, struct http_transfer *t);
/* Whether a byte of it may have left: nobody has accepted what has not. */
bool http_sent(const struct http_transfer *t);
/* Lets the transfers move and runs callbacks; sleeps until something happens, timeout_ms at most
 * (-1 = without limit), or http_wakeup(). */
void http_turn(struct http *h, int timeout_ms);
/* Any thread, and signal handlers: http_turn() returns soon. */
void http_wakeup(struct http *h);
/* Transfers under way, cancelled ones not counted. */
size_t http_running(const struct http *h);

#endif
