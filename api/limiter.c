#include "limiter.h"

void limiter_init(struct limiter *l, int per_minute, int64_t now)
{
	double burst = per_minute / 6.0;

	*l = (struct limiter){ .per_ms = per_minute / 60000.0, .burst = burst < 1 ? 1 : burst };
	l->tokens = l->burst;
	l->filled = now;
}

int64_t limiter_take(struct limiter *l, int64_t now)
{
	if (now < l->not_before)
		return l->not_before - now;
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

void limiter_block(struct limiter *l, int64_t until)
{
	if (until > l->not_before)
		l->not_before = until;
}

void limiter_left(struct limiter *l, double left, int64_t until)
{
	if (left < l->tokens)
		l->tokens = left;
	if (left < 1)
		limiter_block(l, until);
}
