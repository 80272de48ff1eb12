/* bill: what was asked, accepted, paid and fetched since the start or the last reset.
 *
 * The point of the whole program: a test reads here whether a picture was paid for twice. */
#ifndef SANDBOX_BILL_H
#define SANDBOX_BILL_H

#include "map.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct world;

enum tally {
    TALLY_SUBMITS_SEEN,     /* POSTs to the generation URL, whatever came of them */
    TALLY_ACCEPTED,         /* tasks created and billed */
    TALLY_PICTURES,         /* pictures in them */
    TALLY_REFUNDED,         /* of those, failed and paid back */
    TALLY_COMPLETED,
    TALLY_FAILED,
    TALLY_UPLOADS,          /* files stored */
    TALLY_POLLS,
    TALLY_DOWNLOADS,        /* GETs of results */
    TALLY_REFERENCE_READS,  /* GETs of uploaded files */
    TALLY_REFUSED,          /* submits and uploads answered 4xx by the rules, 429 apart */
    TALLY_LIMITED,          /* 429 by the rate limits */
    TALLY_UNAUTHORIZED,     /* 401 */
    TALLY_LEAKED_KEYS,      /* keys shown where they must not be: results, engines, URLs */
    TALLY_HUNG,             /* requests that a hang fault took */
    TALLY_FAULTS,           /* faults that struck */
    TALLY_COUNT
};

struct bill {
    long tally[TALLY_COUNT];
    struct map prompts;     /* prompt to struct account */
    double spent;           /* USD */
};

/* Adds one, and wakes whoever waits in /control/wait for it. */
void bill_count(struct world *w, enum tally t);
/* Can `pictures` more be paid? */
bool bill_affordable(const struct world *w, int pictures);
void bill_charge(struct world *w, const char *prompt, int pictures, double usd);
void bill_refund(struct world *w, const char *prompt, double usd);
/* Pays back a part of an order that stays accepted. */
void bill_rebate(struct world *w, double usd);
/* How many tasks of this prompt were accepted so far. */
long bill_accepted(const struct world *w, const char *prompt);
/* The value of a tally by its name as in the JSON, also "charged", "held" and the like; -1 for no such name. */
long bill_named(const struct world *w, const char *name);
/* Totals alone; and totals with the map per prompt. */
cJSON *bill_totals(const struct world *w);
cJSON *bill_json(const struct world *w);
void bill_reset(struct bill *b);

#endif
