/* api: the first port: which wire a request belongs to.
 *
 * A wire is a table of routes and a way to say that something failed.  The control interface lies
 * beside them and leaves no trace. */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H

#include "faults.h"

struct request;

struct route {
    const char *method;
    const char *path;           /* one that ends in '/' stands for everything below it */
    enum fault_event event;
    void (*run)(struct request *r);
};

struct wire {
    const char *paths;          /* how its paths begin, separated by blanks; NULL: the rest */
    const struct route *routes;
    /* Makes the answer this wire's error.  `code` and `message` may be NULL: what the documentation has
     * for that status, a proxy's HTML for 502 and its like. */
    void (*error)(struct request *r, int status, const char *code, const char *message);
};

void api_route(struct request *r);
/* The error of the wire that the request's path belongs to, as above. */
void api_error(struct request *r, int status, const char *code, const char *message);
enum fault_event api_event(const char *method, const char *path);

#endif
