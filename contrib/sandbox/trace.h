/* trace: the last requests, as /control/requests shows them.
 *
 * Keys are never kept: of the Authorization header only that it was there, and its scheme. */
#ifndef SANDBOX_TRACE_H
#define SANDBOX_TRACE_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct request;
struct world;

struct trace {
    cJSON **ring;
    size_t room;
    unsigned long next;     /* number of the next request, from 1 */
};

/* Records a request with its body as far as it was read. */
void trace_request(struct request *r);
/* Notes what became of it: a status, or a word such as "closed". */
void trace_reply(struct request *r, int status, const char *how);
/* Adds a member to the record, which takes over `value`. */
void trace_note(struct request *r, const char *name, cJSON *value);
/* Oldest first. */
cJSON *trace_json(const struct world *w);
void trace_reset(struct trace *t);

#endif
