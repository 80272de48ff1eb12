/*
 * timers: a binary heap of things that are due at a time.  A `struct timer` lies inside what it is
 * for; it is in one heap at most.  One thread.
 */
#ifndef API_TIMERS_H
#define API_TIMERS_H

#include "base.h"

struct timer { int64_t due; size_t place; };   /* place: 1-based in the heap, 0 = not in it */
struct timers { struct timer **heap; size_t count, room; };

void timers_set(struct timers *t, struct timer *timer, int64_t due);   /* adds or moves */
void timers_unset(struct timers *t, struct timer *timer);
/* The first one that is due at `now`, taken out, or NULL. */
struct timer *timers_pop(struct timers *t, int64_t now);
int64_t timers_next(const struct timers *t);   /* when the first is due; INT64_MAX when empty */
void timers_release(struct timers *t);

#endif
