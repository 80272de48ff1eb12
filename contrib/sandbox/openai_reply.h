/* openai_reply: what the openai wire says. */
#ifndef SANDBOX_OPENAI_REPLY_H
#define SANDBOX_OPENAI_REPLY_H

#include <cjson/cJSON.h>

struct problem;
struct request;

/* {"error":{"message","type","param","code"}}.  All but the status may be NULL: `type` and `message` are
 * then those of the status, the others null. */
void openai_error(struct request *r, int status, const char *type, const char *param, const char *code, const char *message);
void openai_error_field(struct request *r, const struct problem *p);
/* data[] with b64_json of each picture; `revised` adds the prompt. */
cJSON *openai_data(struct request *r, const char *revised);
/* The reply to an order that has ended (sync.h). */
void openai_reply(struct request *r);

#endif
