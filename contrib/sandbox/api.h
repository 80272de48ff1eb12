/* api: the first port: which wire a request belongs to.
 *
 * A wire is a table of routes.  The control interface lies beside them and leaves no trace. */
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

void api_route(struct request *r);
enum fault_event api_event(const char *method, const char *path);

#endif
