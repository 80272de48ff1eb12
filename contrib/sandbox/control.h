/* control: what a test asks of the sandbox itself, under /control/ on the API port.
 *
 * JSON in and out, no key.  README.md lists the calls. */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

struct request;
struct world;

void control_route(struct request *r);
/* Something was counted: ends those calls of /control/wait that have what they waited for. */
void control_wake_waiters(struct world *w);

#endif
