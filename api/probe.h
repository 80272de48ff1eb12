/*
 * probe: what a provider can be asked for nothing: whether it answers and takes the key, what the account has,
 * which models it offers, what its clock says.
 *
 * Only GETs of documented paths, and never one that makes or changes anything.  Each call blocks for some seconds
 * at most, in a loop of its own; any thread that is none of the engine's.
 */
#ifndef API_PROBE_H
#define API_PROBE_H

#include "models.h"

enum finding { FINDING_OK, FINDING_NOTE, FINDING_BAD };
/* about: `network`, `balance` …  hint: what to do, or NULL.  All lent. */
typedef void finding_told(void *arg, enum finding kind, const char *about, const char *text, const char *hint);

/* wanted: the model that prompts get who name none, if it is one of that provider; or NULL. */
void probe_provider(const struct models *all, const struct provider *p, const struct model *wanted,
                    finding_told *told, void *arg);

#endif
