/*
 * limiter: how often an account may be asked.
 *
 * A token bucket: `per_minute` requests a minute, a sixth of that at once (the documented burst of ten
 * seconds), and a time before which nothing goes (Retry-After).  Milliseconds of clock_mono_ms().
 */
#ifndef API_LIMITER_H
#define API_LIMITER_H

#include "base.h"

struct limiter {
	double per_ms, burst, tokens;
	int64_t filled, not_before;
	double left; int64_t left_until;     /* what the provider said; until 0: nothing */
};

void limiter_init(struct limiter *l, int per_minute, int64_t now);   /* 0 = without limit */
/* 0: one request may go now and is counted.  Otherwise milliseconds to wait; nothing is counted. */
int64_t limiter_take(struct limiter *l, int64_t now);
/* Nothing goes before that time. */
void limiter_block(struct limiter *l, int64_t until);
/* The provider says how many are left until `until`: no more than that are sent. */
void limiter_left(struct limiter *l, double left, int64_t until);

#endif
