/* sync: orders whose connection waits for the pictures.
 *
 * A synchronous order is a task like any other: billed when it is accepted, held, finished, refunded.
 * Its request is parked until the task has ended and its pictures are painted; then the wire composes
 * the reply, in which pictures stand as base64. */
#ifndef SANDBOX_SYNC_H
#define SANDBOX_SYNC_H

#include "answer.h"
#include "faults.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct blob;
struct order;
struct picture;
struct request;
struct task;

struct sync {
    struct task *task;          /* NULL once a reset has taken it */
    struct blob **base64;       /* of task->pictures, as far as there are any */
    size_t count;
    bool links;                 /* the reply names URLs, so nothing is painted for it */
    enum fault_kind kind;       /* of the fault that strikes, or FAULT_NONE */
    const struct fault *fault;  /* or NULL */
    /* Fills r->answer once all is there. */
    void (*reply)(struct request *r);
    /* Pictures that the reply has named so far, in the order of its text. */
    struct blob **named;
    size_t named_count;
};

/* Accepts and bills the order, which it takes over, and parks the request.  `links`: pictures lie on
 * the results port. */
void sync_begin(struct request *r, struct order *o, bool links, void (*reply)(struct request *r));
/* Final picture i (0 …) of the order as a JSON value: a placeholder that sync_answer() fills. */
cJSON *sync_picture(struct request *r, int i);
/* Draft d of picture i. */
cJSON *sync_draft(struct request *r, int i, int d);
/* How many of the order's pictures the reply has: fewer than ordered under faults such as `partial`. */
int sync_shown(const struct sync *s);
/* Which type the pictures have, and are said to have. */
const char *sync_type(const struct request *r);
/* Takes over `json`. */
void sync_answer(struct request *r, int status, cJSON *json);
/* A picture of a waiting order was painted; `base64` is borrowed. */
void sync_painted(struct picture *p, struct blob *base64);
/* Its task goes away. */
void sync_forget(struct request *r);
/* Frees r->sync. */
void sync_end(struct request *r);

#endif
