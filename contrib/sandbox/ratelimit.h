/* ratelimit: how many requests in which time.
 *
 * Three windows, each off when its limit is 0: a minute, a second, ten seconds.  Counted in steps of
 * 100 ms.  A refused request costs no allowance; one that fails for another reason does
 * (https://docs.toapis.com, rate limits of asynchronous tasks). */
#ifndef SANDBOX_RATELIMIT_H
#define SANDBOX_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct world;

#define LIMIT_STEPS 600     /* of 100 ms: one minute */

struct limits {
    uint32_t used[LIMIT_STEPS];
    int64_t last;           /* the newest step that `used` knows */
};

enum limit_category { LIMIT_SUBMIT, LIMIT_QUERY };

struct allowance {
    long limit;             /* per minute; 0: there are no limits, and nothing else is set */
    long remaining;
    long reset_ms;          /* until all of it is back; for a refused request, until it may be sent again */
};

/* Takes one request's allowance; counts, and returns false, when there is none. */
bool limits_take(struct world *w, enum limit_category category, struct allowance *got);
void limits_reset(struct limits *l);

#endif
