/* keys: the credentials that a request shows. */
#ifndef SANDBOX_KEYS_H
#define SANDBOX_KEYS_H

#include <stdbool.h>

struct request;
struct world;

/* What follows "Bearer " in Authorization, borrowed; NULL if there is nothing of the kind. */
const char *key_of_bearer(const struct request *r);
/* Is it one of the accepted ones?  NULL is not. */
bool key_known(const struct world *w, const char *key);

#endif
