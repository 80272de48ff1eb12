#include "timers.h"

static void put(struct timers *t, size_t place, struct timer *timer)
{
	t->heap[place] = timer;
	timer->place = place + 1;
}

static void rise(struct timers *t, size_t i)
{
	struct timer *moving = t->heap[i];

	for (; i > 0 && t->heap[(i - 1) / 2]->due > moving->due; i = (i - 1) / 2)
		put(t, i, t->heap[(i - 1) / 2]);
	put(t, i, moving);
}

static void sink(struct timers *t, size_t i)
{
	struct timer *moving = t->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < t->count && t->heap[child + 1]->due < t->heap[child]->due)
			child++;
		if (child >= t->count || t->heap[child]->due >= moving->due)
			break;
		put(t, i, t->heap[child]);
		i = child;
	}
	put(t, i, moving);
}

void timers_unset(struct timers *t, struct timer *timer)
{
	size_t i = timer->place - 1;

	if (!timer->place)
		return;
	timer->place = 0;
	struct timer *last = t->heap[--t->count];
	if (i == t->count)
		return;
	put(t, i, last);
	rise(t, i);
	sink(t, last->place - 1);
}

void timers_set(struct timers *t, struct timer *timer, int64_t due)
{
	timers_unset(t, timer);
	timer->due = due;
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->heap = xrealloc(t->heap, t->room * sizeof(*t->heap));
	}
	put(t, t->count++, timer);
	rise(t, t->count - 1);
}

struct timer *timers_pop(struct timers *t, int64_t now)
{
	if (!t->count || t->heap[0]->due > now)
		return NULL;
	struct timer *first = t->heap[0];
	timers_unset(t, first);
	return first;
}

int64_t timers_next(const struct timers *t)
{
	return t->count ? t->heap[0]->due : INT64_MAX;
}

void timers_release(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){ 0 };
}
