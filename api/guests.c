#include "guests.h"

#include <pthread.h>
#include <uthash.h>

struct guest { uid_t uid; size_t count[GUEST_KINDS]; UT_hash_handle hh; };

struct guests {
	pthread_mutex_t lock;         /* guards all below */
	struct { size_t each, all, count; } kinds[GUEST_KINDS];
	struct guest *guests;         /* those who have something */
};

struct guests *guests_new(void)
{
	struct guests *g = xcalloc(1, sizeof(*g));

	pthread_mutex_init(&g->lock, NULL);
	for (int kind = 0; kind < GUEST_KINDS; kind++)
		guests_limit(g, (enum guest_kind)kind, SIZE_MAX, SIZE_MAX);
	return g;
}

void guests_free(struct guests *g)
{
	struct guest *guest, *tmp;

	if (!g)
		return;
	HASH_ITER(hh, g->guests, guest, tmp) {
		HASH_DEL(g->guests, guest);
		free(guest);
	}
	pthread_mutex_destroy(&g->lock);
	free(g);
}

void guests_limit(struct guests *g, enum guest_kind kind, size_t each, size_t all)
{
	pthread_mutex_lock(&g->lock);
	g->kinds[kind].each = each;
	g->kinds[kind].all = all;
	pthread_mutex_unlock(&g->lock);
}

/* lock is held; or NULL. */
static struct guest *find(struct guests *g, uid_t uid)
{
	struct guest *guest;

	HASH_FIND(hh, g->guests, &uid, sizeof(uid), guest);
	return guest;
}

static bool fits(size_t limit, size_t has, size_t more)
{
	return !has || (has <= limit && more <= limit - has);
}

bool guests_admit(struct guests *g, uid_t uid, enum guest_kind kind, size_t count)
{
	if (!uid)
		return true;
	pthread_mutex_lock(&g->lock);
	struct guest *guest = find(g, uid);
	bool yes = fits(g->kinds[kind].all, g->kinds[kind].count, count) &&
	           fits(g->kinds[kind].each, guest ? guest->count[kind] : 0, count);
	if (yes && !guest) {
		guest = xcalloc(1, sizeof(*guest));
		guest->uid = uid;
		HASH_ADD(hh, g->guests, uid, sizeof(guest->uid), guest);
	}
	if (yes) {
		guest->count[kind] += count;
		g->kinds[kind].count += count;
	}
	pthread_mutex_unlock(&g->lock);
	return yes;
}

static bool has_nothing(const struct guest *guest)
{
	for (int kind = 0; kind < GUEST_KINDS; kind++)
		if (guest->count[kind])
			return false;
	return true;
}

void guests_dismiss(struct guests *g, uid_t uid, enum guest_kind kind, size_t count)
{
	if (!uid)
		return;
	pthread_mutex_lock(&g->lock);
	struct guest *guest = find(g, uid);
	if (!guest || guest->count[kind] < count)
		BUG("guest %u has no %zu of kind %d to give back", (unsigned)uid, count, (int)kind);
	guest->count[kind] -= count;
	g->kinds[kind].count -= count;
	if (has_nothing(guest)) {
		HASH_DEL(g->guests, guest);
		free(guest);
	}
	pthread_mutex_unlock(&g->lock);
}
