#include "limiter.h"

/* Resets that are nearer than that to each other are the same one, said twice. */
#define SAME_WINDOW_MS 1000
/* The provider's window in parts; ours is longer, by what requests are on their way now longer and now
 * shorter. */
#define WINDOW_PARTS 100

void limiter_init(struct limiter *l, int per_minute, int64_t now)
{
	*l = (struct limiter){ 0 };
	if (per_minute <= 0)
		return;
	l->burst = per_minute < 6 ? 1 : (unsigned)per_minute / 6;
	l->part_ms = l->burst * (int64_t)60000 / per_minute / WINDOW_PARTS;
	if (l->part_ms < 1)
		l->part_ms = 1;
	l->newest = now / l->part_ms;
}

void limiter_set(struct limiter *l, int per_minute, int64_t now)
{
	struct limiter anew;

	limiter_init(&anew, per_minute, now);
	if (anew.burst == l->burst && anew.part_ms == l->part_ms)
		return;
	anew.not_before = l->not_before;
	anew.left = l->left;
	anew.left_until = l->left_until;
	if (anew.burst)
		anew.sent = anew.sent_in[anew.newest % LIMITER_PARTS] = l->sent;
	*l = anew;
}

/* What was sent more than a window ago does not count any more. */
static void move_window(struct limiter *l, int64_t now)
{
	int64_t to = now / l->part_ms;

	if (to - l->newest > LIMITER_PARTS)
		l->newest = to - LIMITER_PARTS;
	while (l->newest < to) {
		unsigned *oldest = &l->sent_in[++l->newest % LIMITER_PARTS];
		l->sent -= *oldest;
		*oldest = 0;
	}
}

/* By our own count: 0 and one is taken, or how long until the oldest leaves the window. */
static int64_t take_place(struct limiter *l, int64_t now)
{
	int64_t later = 1;

	if (!l->burst)
		return 0;
	move_window(l, now);
	if (l->sent < l->burst) {
		l->sent++;
		l->sent_in[l->newest % LIMITER_PARTS]++;
		return 0;
	}
	/* A part is the oldest one until the one that takes its place begins. */
	while (!l->sent_in[(l->newest + later) % LIMITER_PARTS])
		later++;
	return (l->newest + later) * l->part_ms - now;
}

int64_t limiter_take(struct limiter *l, int64_t now)
{
	bool said = now < l->left_until;

	if (now < l->not_before)
		return l->not_before - now;
	if (said && l->left < 1)
		return l->left_until - now;
	int64_t wait = take_place(l, now);
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
