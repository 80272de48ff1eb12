/* clock: things that happen later.
 *
 * One thread sleeps until the earliest timer is due and runs it with the world locked.  A timer is a
 * member of whatever it belongs to; its owner cancels it before freeing it.  Setting a timer that is
 * set moves it.  All but clock_now and clock_wall need the world's lock. */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

struct timer {
    int64_t due;       /* milliseconds, as clock_now() */
    size_t place;      /* 1 + index in the heap, 0 = not set */
    void (*run)(struct world *w, void *arg);
    void *arg;
};

struct clock {
    struct timer **heap;
    size_t used, room;
    pthread_cond_t earlier;
    pthread_t thread;
    bool running, closing;
};

/* Milliseconds of a clock that never jumps, and of the calendar (since 1970). */
int64_t clock_now(void);
int64_t clock_wall(void);

void clock_init(struct clock *c);
void clock_start(struct world *w);
/* Ends the thread and forgets what was set.  Called without the lock. */
void clock_stop(struct world *w);

void timer_set(struct world *w, struct timer *t, int64_t due);
void timer_cancel(struct world *w, struct timer *t);

#endif
