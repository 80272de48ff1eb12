/* results: the second port, where pictures and uploaded files are public.
 *
 * It stands for another host than the API's, so a key must never come here: a request with one is
 * counted as leaked and refused. */
#ifndef SANDBOX_RESULTS_H
#define SANDBOX_RESULTS_H

#include "faults.h"

struct request;

void results_route(struct request *r);
enum fault_event results_event(const char *method, const char *path);

#endif
