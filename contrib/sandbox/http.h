/* http: libmicrohttpd's side of the sandbox.
 *
 * Two listeners on 127.0.0.1, each with one epoll thread: the API and the results.  A request is read
 * whole, then routed; its handler fills r->answer, or parks the request with a function to call when
 * it is woken.  Handlers never block, so one thread serves hundreds of connections. */
#ifndef SANDBOX_HTTP_H
#define SANDBOX_HTTP_H

#include "answer.h"
#include "clock.h"
#include "faults.h"

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Daemon;
struct picture;
struct request;
struct sync;
struct world;

/* One TCP connection. */
struct peer {
    unsigned long id;
    unsigned requests;
};

struct listener {
    struct world *w;
    struct MHD_Daemon *daemon;
    const char *name;           /* "api", "results" */
    unsigned port;
    /* Routes a request of which all was read. */
    void (*route)(struct request *r);
    /* Which event a request is, for faults before its body is read. */
    enum fault_event (*event)(const char *method, const char *path);
};

struct request {
    struct listener *listener;
    struct world *w;
    struct MHD_Connection *mhd;
    struct peer *peer;
    char *method, *path;
    unsigned char *body;        /* with a NUL after its end */
    size_t size, room;
    int64_t arrived;            /* ms since 1970 */
    unsigned long trace;        /* its number in the trace, 0 = none */
    cJSON *json;                /* the parsed body, if a handler parsed it */
    struct answer answer;
    struct fault *fault;        /* strikes when the answer is ready */
    void (*next)(struct request *r);
    struct request *later, **earlier;   /* in world.parked */
    bool parked, hanging, too_large;
    struct timer timer;
    struct picture *picture;    /* waits for this one to be painted */
    struct sync *sync;          /* waits for its own task, or NULL */
    int64_t until;              /* /control/wait's deadline */
};

/* Opens both ports (0 = a free one).  Returns false after saying why on stderr.  Without the lock. */
bool http_start(struct listener *l, unsigned port, unsigned idle_seconds);
/* Without the lock, after world.closing was set and everything parked was woken. */
void http_stop(struct listener *l);

/* Leaves the reply for later: `next` is called when request_wake() or `due` (clock_now(); 0 = never)
 * comes first. */
void request_park(struct request *r, void (*next)(struct request *r), int64_t due);
void request_wake(struct request *r);
void request_wake_all(struct world *w);
/* A `next` that ends the connection without a reply. */
void request_hang_up(struct request *r);
/* A `next` for an answer that is ready. */
void request_ready(struct request *r);

/* Handles the request under whatever fault strikes it.  Sets r->fault. */
void request_serve(struct request *r, enum fault_event on, const char *prompt, void (*handle)(struct request *r));

/* Does the head say that the body is JSON? */
bool request_says_json(const struct request *r);
/* Parses the body into r->json, NULL if it is no JSON in UTF-8, and nothing else. */
void request_parse(struct request *r);
/* A header or query argument, borrowed; NULL if absent. */
const char *request_header(const struct request *r, const char *name);
const char *request_argument(const struct request *r, const char *name);
/* Calls f for each header. */
void request_each_header(const struct request *r, void (*f)(const char *name, const char *value, void *arg), void *arg);

#endif
