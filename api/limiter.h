/*
 * limiter: how often an account may be asked.
 *
 * A sliding window: in any ten seconds no more than a sixth of `per_minute`, which is the documented
 * burst and makes `per_minute` in any minute; below six a minute it is one, in as long as that takes.  And
 * a time before which nothing goes (Retry-After).  Milliseconds of clock_mono_ms(), which never go back.
 *
 * A bucket that fills up again while it is emptied would let twice the burst through in ten seconds, and a
 * burst more than `per_minute` in the first minute: providers count windows.
 */
#ifndef API_LIMITER_H
#define API_LIMITER_H

#include "base.h"

#define LIMITER_PARTS 105     /* five more than the provider's window has */

struct limiter {
	unsigned burst;               /* 0 = without limit */
	int64_t part_ms, newest;      /* length of a part; number of the newest one */
	unsigned sent, sent_in[LIMITER_PARTS];
	int64_t not_before;
	double left; int64_t left_until;     /* what the provider said; until 0: nothing */
};

void limiter_init(struct limiter *l, int per_minute, int64_t now);   /* 0 = without limit */
/* Another rate from now on.  What the old one has let go counts as if it went now. */
void limiter_set(struct limiter *l, int per_minute, int64_t now);
/* 0: one request may go now and is counted.  Otherwise milliseconds to wait; nothing is counted. */
int64_t limiter_take(struct limiter *l, int64_t now);
/* Nothing goes before that time. */
void limiter_block(struct limiter *l, int64_t until);
/* The provider says how many are left until `until`: no more than that are sent. */
void limiter_left(struct limiter *l, double left, int64_t until);

#endif
