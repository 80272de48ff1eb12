#include "ratelimit.h"

#include "bill.h"
#include "clock.h"
#include "world.h"

#include <string.h>

struct window {
    int steps;
    long limit;
};

static void advance(struct limits *l, int64_t now)
{
    if (now - l->last >= LIMIT_STEPS)
        memset(l->used, 0, sizeof l->used);
    else
        while (l->last < now)
            l->used[++l->last % LIMIT_STEPS] = 0;
    l->last = now;
}

static long sum(const struct limits *l, int steps)
{
    long total = 0;
    for (int64_t step = l->last; step > l->last - steps && step >= 0; step--)
        total += l->used[step % LIMIT_STEPS];
    return total;
}

/* Steps until this window has room again. */
static int wait_for_room(const struct limits *l, struct window window)
{
    long over = sum(l, window.steps) - window.limit + 1;
    int age = window.steps - 1;
    for (; over > 0 && age >= 0; age--)
        over -= l->used[(l->last - age) % LIMIT_STEPS];
    return window.steps - 1 - age;
}

bool limits_take(struct world *w, enum limit_category category, struct allowance *got)
{
    bool submit = category == LIMIT_SUBMIT;
    struct limits *l = submit ? &w->submits : &w->queries;
    const struct settings *s = &w->set;
    const struct window windows[] = {
        {600, (long)(submit ? s->submit_rpm : s->query_rpm)},
        {10, (long)(submit ? s->submit_rps : s->query_rps)},
        {100, (long)(submit ? s->submit_burst : s->query_burst)},
    };
    int wait = 0;

    *got = (struct allowance){.limit = windows[0].limit};
    if (!got->limit)
        return true;
    advance(l, clock_now() / 100);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        long left = windows[i].limit - sum(l, windows[i].steps);
        if (!windows[i].limit)
            continue;
        if (left <= 0 && wait_for_room(l, windows[i]) > wait)
            wait = wait_for_room(l, windows[i]);
    }
    got->reset_ms = (wait ? wait : LIMIT_STEPS) * 100L;
    if (wait) {
        bill_count(w, TALLY_LIMITED);
        return false;
    }
    l->used[l->last % LIMIT_STEPS]++;
    got->remaining = got->limit - sum(l, LIMIT_STEPS);
    return true;
}

void limits_reset(struct limits *l)
{
    *l = (struct limits){0};
}
