/* gemini_reply: what the gemini wire says. */
#ifndef SANDBOX_GEMINI_REPLY_H
#define SANDBOX_GEMINI_REPLY_H

#include <cjson/cJSON.h>

struct problem;
struct request;

/* {"error":{"code","status","message","details"}}.  `word` and `message` may be NULL: those of the
 * status; takes over `details`, which may be NULL. */
void gemini_error(struct request *r, int status, const char *word, const char *message, cJSON *details);
/* 429 with the wait in RetryInfo and in the message, and no Retry-After. */
void gemini_error_limit(struct request *r, double seconds);
/* 429 that no waiting changes: a quota of 0, no RetryInfo. */
void gemini_error_poor(struct request *r);
/* 400 INVALID_ARGUMENT with google.rpc.BadRequest, for a problem that names a field. */
void gemini_error_field(struct request *r, const struct problem *p);
/* google.rpc.ErrorInfo as the one detail. */
cJSON *gemini_reason(const char *reason);
/* {"error":{"message","type","code"}}, which relays answer themselves. */
void gemini_error_relay(struct request *r, int status, const char *code, const char *message);
/* The reply to an order that has ended (sync.h). */
void gemini_reply(struct request *r);

#endif
