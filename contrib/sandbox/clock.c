#include "clock.h"

#include "blob.h"
#include "world.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

static void heap_put(struct clock *c, size_t i, struct timer *t)
{
    c->heap[i] = t;
    t->place = i + 1;
}

static void heap_up(struct clock *c, size_t i, struct timer *t)
{
    for (; i && c->heap[(i - 1) / 2]->due > t->due; i = (i - 1) / 2)
        heap_put(c, i, c->heap[(i - 1) / 2]);
    heap_put(c, i, t);
}

static void heap_down(struct clock *c, size_t i, struct timer *t)
{
    for (size_t child; (child = 2 * i + 1) < c->used; i = child) {
        if (child + 1 < c->used && c->heap[child + 1]->due < c->heap[child]->due)
            child++;
        if (c->heap[child]->due >= t->due)
            break;
        heap_put(c, i, c->heap[child]);
    }
    heap_put(c, i, t);
}

void timer_cancel(struct world *w, struct timer *t)
{
    struct clock *c = &w->clock;
    if (!t->place)
        return;
    size_t i = t->place - 1;
    struct timer *last = c->heap[--c->used];
    t->place = 0;
    if (last == t)
        return;
    if (i && c->heap[(i - 1) / 2]->due > last->due)
        heap_up(c, i, last);
    else
        heap_down(c, i, last);
}

void timer_set(struct world *w, struct timer *t, int64_t due)
{
    struct clock *c = &w->clock;
    timer_cancel(w, t);
    if (c->used == c->room) {
        c->room = c->room ? c->room * 2 : 64;
        struct timer **bigger = reallocarray(c->heap, c->room, sizeof *bigger);
        if (!bigger)
            abort();
        c->heap = bigger;
    }
    t->due = due;
    heap_up(c, c->used++, t);
    if (c->heap[0] == t)
        pthread_cond_signal(&c->earlier);
}

static void wait_for_first(struct world *w)
{
    struct clock *c = &w->clock;
    if (!c->used) {
        pthread_cond_wait(&c->earlier, &w->lock);
        return;
    }
    int64_t due = c->heap[0]->due;
    struct timespec until = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
    pthread_cond_timedwait(&c->earlier, &w->lock, &until);
}

static void *clock_thread(void *arg)
{
    struct world *w = arg;
    struct clock *c = &w->clock;

    pthread_mutex_lock(&w->lock);
    while (!c->closing) {
        if (c->used && c->heap[0]->due <= clock_now()) {
            struct timer *t = c->heap[0];
            timer_cancel(w, t);
            t->run(w, t->arg);
        } else {
            wait_for_first(w);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void clock_init(struct clock *c)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->earlier, &attr);
    pthread_condattr_destroy(&attr);
}

void clock_start(struct world *w)
{
    w->clock.running = pthread_create(&w->clock.thread, NULL, clock_thread, w) == 0;
}

void clock_stop(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    w->clock.closing = true;
    pthread_cond_signal(&w->clock.earlier);
    pthread_mutex_unlock(&w->lock);
    if (w->clock.running)
        pthread_join(w->clock.thread, NULL);
    for (size_t i = 0; i < w->clock.used; i++)
        w->clock.heap[i]->place = 0;
    free(w->clock.heap);
    w->clock.heap = NULL;
    w->clock.used = w->clock.room = 0;
}
