#include "ratelimit.h"

#include "answer.h"
#include "bill.h"
#include "blob.h"
#include "clock.h"
#include "world.h"

#include <stdlib.h>
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

static void add_headers(struct world *w, struct answer *a, const char *category, long limit, long remaining, int steps)
{
    char text[32];
    int seconds = (steps + 9) / 10;
    int64_t reset = strcmp(w->set.reset_as, "delta") ? clock_wall() / 1000 + seconds : seconds;

    snprintf(text, sizeof text, "%ld", limit);
    answer_header(a, "X-RateLimit-Limit", text);
    snprintf(text, sizeof text, "%ld", remaining);
    answer_header(a, "X-RateLimit-Remaining", text);
    snprintf(text, sizeof text, "%lld", (long long)reset);
    answer_header(a, "X-RateLimit-Reset", text);
    answer_header(a, "X-RateLimit-Category", category);
}

static void refuse(struct world *w, struct answer *a, int steps)
{
    char text[32];
    snprintf(text, sizeof text, "%d", (steps + 9) / 10);
    answer_header(a, "Retry-After", text);
    answer_status(a, 429);
    bill_count(w, TALLY_LIMITED);
}

bool limits_take(struct world *w, enum limit_category category, struct answer *a)
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

    if (!windows[0].limit)
        return true;
    advance(l, clock_now() / 100);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        long left = windows[i].limit - sum(l, windows[i].steps);
        if (!windows[i].limit)
            continue;
        if (left <= 0 && wait_for_room(l, windows[i]) > wait)
            wait = wait_for_room(l, windows[i]);
    }
    if (wait) {
        add_headers(w, a, submit ? "async_submit" : "async_query", windows[0].limit, 0, wait);
        refuse(w, a, wait);
        return false;
    }
    l->used[l->last % LIMIT_STEPS]++;
    add_headers(w, a, submit ? "async_submit" : "async_query", windows[0].limit, windows[0].limit - sum(l, 600), 600);
    return true;
}

void limits_reset(struct limits *l)
{
    *l = (struct limits){0};
}
