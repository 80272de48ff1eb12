#include "limiter.h"

/* Resets that are nearer than that to each other are the same one, said twice. */
#define SAME_WINDOW_MS 1000

void limiter_init(struct limiter *l, int per_minute, int64_t now)
{
	double burst = per_minute / 6.0;

	*l = (struct limiter){ .per_ms = per_minute / 60000.0, .burst = burst < 1 ? 1 : burst };
	l->tokens = l->burst;
	l->filled = now;
}

/* By our own count: 0 and one is taken, or how long until there is one. */
static int64_t take_token(struct limiter *l, int64_t now)
{
	if (l->per_ms <= 0)
		return 0;
	l->tokens += (double)(now - l->filled) * l->per_ms;
	if (l->tokens > l->burst)
		l->tokens = l->burst;
	l->filled = now;
	if (l->tokens < 1)
		return 1 + (int64_t)((1 - l->tokens) / l->per_ms);
	l->tokens -= 1;
	return 0;
}

int64_t limiter_take(struct limiter *l, int64_t now)
{
	bool said = now < l->left_until;

	if (now < l->not_before)
		return l->not_before - now;
	if (said && l->left < 1)
		return l->left_until - now;
	int64_t wait = take_token(l, now);
	if (said && !wait)
		l->left -= 1;
	return wait;
}

void limiter_block(struct limiter *l, int64_t until)
{
	if (until > l->not_before)
		l->not_before = until;
}

void limiter_left(struct limiter *l, double left, int64_t until)
{
	/* Replies overtake each other: an older one may not give back what was sent since. */
	if (left >= l->left && until <= l->left_until + SAME_WINDOW_MS)
		return;
	l->left = left;
	l->left_until = until;
}
