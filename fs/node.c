#include "node.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node_table.h"
#include "virtual.h"

enum { FIRST_BUCKETS = 1024 };

/* --- the two hash tables (lock held) --------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (b ^ a * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);

	return h ^ h >> 32;
}

static struct node **id_bucket(struct nodes *t, uint64_t id)
{
	return &t->by_id[id & (t->buckets - 1)];
}

static struct node **ino_bucket(struct nodes *t, uint64_t dev, uint64_t ino)
{
	return &t->by_ino[mix(dev, ino) & (t->buckets - 1)];
}

static void insert(struct nodes *t, struct node *n)
{
	struct node **id = id_bucket(t, n->id), **ino = ino_bucket(t, n->dev, n->ino);

	n->by_id = *id;
	*id = n;
	if (n->gone)
		return;
	n->by_ino = *ino;
	*ino = n;
}

static void remove_id(struct nodes *t, struct node *n)
{
	struct node **at = id_bucket(t, n->id);

	while (*at != n)
		at = &(*at)->by_id;
	*at = n->by_id;
}

static void remove_ino(struct nodes *t, struct node *n)
{
	struct node **at = ino_bucket(t, n->dev, n->ino);

	while (*at != n)
		at = &(*at)->by_ino;
	*at = n->by_ino;
}

static struct node *find_id(struct nodes *t, uint64_t id)
{
	struct node *n = *id_bucket(t, id);

	while (n && n->id != id)
		n = n->by_id;
	return n;
}

static struct node *find_ino(struct nodes *t, uint64_t dev, uint64_t ino)
{
	struct node *n = *ino_bucket(t, dev, ino);

	while (n && (n->dev != dev || n->ino != ino))
		n = n->by_ino;
	return n;
}

static void grow(struct nodes *t)
{
	struct node **old = t->by_id, *n, *next;
	size_t old_buckets = t->buckets;

	free(t->by_ino);
	t->buckets *= 2;
	t->by_id = xcalloc(t->buckets, sizeof(*t->by_id));
	t->by_ino = xcalloc(t->buckets, sizeof(*t->by_ino));
	for (size_t i = 0; i < old_buckets; i++)
		for (n = old[i]; n; n = next) {
			next = n->by_id;
			insert(t, n);
		}
	free(old);
}

/* --- life and death -------------------------------------------------------------------------- */

static struct node *node_make(uint64_t id, const char *name, enum node_kind kind, bool is_dir)
{
	size_t len = strlen(name), size = offsetof(struct node, first_name) + len + 1;
	/* At least the struct with its padding, as the compiler may read it in whole words. */
	struct node *n = xcalloc(1, size > sizeof(*n) ? size : sizeof(*n));

	n->id = id;
	n->kind = (uint8_t)kind;
	n->is_dir = is_dir;
	n->remains = -1;
	n->name = n->first_name;
	memcpy(n->first_name, name, len + 1);
	return n;
}

static void node_free(struct node *n)
{
	if (n->name != n->first_name)
		free(n->name);
	if (n->extra)
		virtual_free_extra(n->extra);
	if (n->remains >= 0)
		close(n->remains);
	free(n);
}

/* Lock held.  Gives one reference back.  Nodes that die of it, parents included, leave the table and
 * are chained to *dead, for bury(). */
static void unref(struct nodes *t, struct node *n, struct node **dead)
{
	struct node *parent;

	for (; n && --n->refs == 0; n = parent) {
		parent = n->parent;
		remove_id(t, n);
		if (!n->gone)
			remove_ino(t, n);
		t->count--;
		t->remains -= n->remains >= 0;
		n->by_id = *dead;
		*dead = n;
	}
}

/* Without lock. */
static void bury(struct nodes *t, struct node *dead)
{
	struct node *next;

	for (; dead; dead = next) {
		next = dead->by_id;
		if (dead->is_dir)
			folder_drop(t, dead->id);
		node_free(dead);
	}
}

int nodes_new(int source_fd, struct nodes **out, struct error *err)
{
	struct nodes *t;
	struct stat st;

	if (fstat(source_fd, &st) < 0)
		return error_set(err, errno, NULL, "the source folder cannot be read: %s",
		                 strerror(errno));
	t = xcalloc(1, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
	t->root_fd = source_fd;
	t->root_folder.folder.fd = source_fd;
	t->buckets = FIRST_BUCKETS;
	t->by_id = xcalloc(t->buckets, sizeof(*t->by_id));
	t->by_ino = xcalloc(t->buckets, sizeof(*t->by_ino));
	t->last_id = FUSE_ROOT_ID;
	t->count = 1;
	t->root = node_make(FUSE_ROOT_ID, "", NODE_REAL, true);
	t->root->dev = st.st_dev;
	t->root->ino = st.st_ino;
	t->root->refs = 1;
	t->root->lookups = 1;
	insert(t, t->root);
	*out = t;
	return 0;
}

void nodes_free(struct nodes *t)
{
	struct node *n, *next;

	if (!t)
		return;
	reach_free(t);
	for (size_t i = 0; i < t->buckets; i++)
		for (n = t->by_id[i]; n; n = next) {
			next = n->by_id;
			node_free(n);
		}
	free(t->by_id);
	free(t->by_ino);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* --- references ------------------------------------------------------------------------------ */

struct node *node_get(struct nodes *t, uint64_t id)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = find_id(t, id);
	if (n)
		n->refs++;
	pthread_mutex_unlock(&t->lock);
	return n;
}

struct node *node_ref(struct nodes *t, struct node *n)
{
	pthread_mutex_lock(&t->lock);
	n->refs++;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void node_put(struct nodes *t, struct node *n)
{
	struct node *dead = NULL;

	if (!n)
		return;
	pthread_mutex_lock(&t->lock);
	unref(t, n, &dead);
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
}

struct node *node_find(struct nodes *t, uint64_t dev, uint64_t ino)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = find_ino(t, dev, ino);
	if (n && n->lookups == 0)
		n = NULL;
	if (n)
		n->refs++;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void node_forget(struct nodes *t, uint64_t id, uint64_t count)
{
	struct node *dead = NULL, *n;

	pthread_mutex_lock(&t->lock);
	n = find_id(t, id);
	if (n && n != t->root && n->lookups > 0) {
		n->lookups -= count < n->lookups ? count : n->lookups;
		if (n->lookups == 0)
			unref(t, n, &dead);
	}
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
}

/* --- names ----------------------------------------------------------------------------------- */

/* Lock held. */
static bool is_below(const struct node *n, const struct node *anc)
{
	while (n && n != anc)
		n = n->parent;
	return n;
}

/* Lock held.  A folder that was moved beneath the mount can turn up below itself, as what is known
 * of its parents is older; it then stays where it was until they are looked up again. */
static void move(struct nodes *t, struct node *n, struct node *parent, const char *name,
                 struct node **dead)
{
	struct node *old = n->parent;

	if (n == t->root || is_below(parent, n))
		return;
	if (strcmp(n->name, name) != 0) {
		if (n->name != n->first_name)
			free(n->name);
		n->name = xstrdup(name);
	}
	if (old == parent)
		return;
	parent->refs++;
	n->parent = parent;
	unref(t, old, dead);
}

/* Lock held. */
static struct node *add(struct nodes *t, struct node *parent, const char *name, enum node_kind kind,
                        bool is_dir, uint64_t dev, uint64_t ino, void *extra)
{
	struct node *n = node_make(++t->last_id, name, kind, is_dir);

	if (t->count >= t->buckets)
		grow(t);
	n->dev = dev;
	n->ino = ino;
	n->extra = extra;
	n->parent = parent;
	parent->refs++;
	t->count++;
	insert(t, n);
	return n;
}

/* Lock held. */
static void mark_gone(struct nodes *t, struct node *n)
{
	remove_ino(t, n);
	n->gone = 1;
}

struct node *node_lookup(struct nodes *t, struct node *parent, const char *name, enum node_kind kind,
                         bool is_dir, uint64_t dev, uint64_t ino, void *extra, bool *is_new)
{
	struct node *dead = NULL, *n;

	pthread_mutex_lock(&t->lock);
	n = find_ino(t, dev, ino);
	if (n && n->is_dir != is_dir && n != t->root) {
		mark_gone(t, n);              /* beneath the mount another file got the number */
		n = NULL;
	}
	if (is_new)
		*is_new = !n;
	if (n)
		move(t, n, parent, name, &dead);
	else
		n = add(t, parent, name, kind, is_dir, dev, ino, extra);
	if (n->lookups++ == 0)
		n->refs++;
	n->refs++;
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
	return n;
}

void node_moved(struct nodes *t, uint64_t dev, uint64_t ino, struct node *parent, const char *name)
{
	struct node *dead = NULL, *n;

	pthread_mutex_lock(&t->lock);
	n = find_ino(t, dev, ino);
	if (n)
		move(t, n, parent, name, &dead);
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
}

/* lock is held. */
static void take_remains(struct nodes *t, struct node *n, int *remains)
{
	if (n->remains >= 0 || *remains < 0)
		return;
	n->remains = steal_fd(remains);
	t->remains++;
}

size_t nodes_remains(struct nodes *t)
{
	pthread_mutex_lock(&t->lock);
	size_t n = t->remains;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void node_gone(struct nodes *t, uint64_t dev, uint64_t ino, int remains)
{
	uint64_t id = 0;
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = find_ino(t, dev, ino);
	if (n && n != t->root) {
		mark_gone(t, n);
		take_remains(t, n, &remains);
		id = n->id;
	}
	pthread_mutex_unlock(&t->lock);
	if (id)
		folder_drop(t, id);
	if (remains >= 0)
		close(remains);
}

void node_unnamed(struct nodes *t, uint64_t dev, uint64_t ino, int remains)
{
	struct node *n;

	pthread_mutex_lock(&t->lock);
	n = find_ino(t, dev, ino);
	if (n)
		take_remains(t, n, &remains);
	pthread_mutex_unlock(&t->lock);
	if (remains >= 0)
		close(remains);
}

char *node_path_from(const struct node *top, const struct node *n)
{
	const struct node *at;
	size_t len = 0;
	char *path, *end;

	for (at = n; at != top && at->parent; at = at->parent)
		len += strlen(at->name) + 1;
	path = xmalloc(len + 1);
	end = path + (len ? len - 1 : 0);
	*end = '\0';
	for (at = n; at != top && at->parent; at = at->parent) {
		size_t size = strlen(at->name);

		end -= size;
		memcpy(end, at->name, size);
		if (end > path)
			*--end = '/';
	}
	return path;
}

char *node_path(struct nodes *t, struct node *n)
{
	char *path;

	pthread_mutex_lock(&t->lock);
	path = node_path_from(NULL, n);
	pthread_mutex_unlock(&t->lock);
	return path;
}

bool node_is_below(struct nodes *t, struct node *n, struct node *anc)
{
	bool below;

	pthread_mutex_lock(&t->lock);
	below = is_below(n, anc);
	pthread_mutex_unlock(&t->lock);
	return below;
}

/* Lock held.  Index in `names` of the one that n's path begins with, or -1. */
static int top_of(const struct nodes *t, const struct node *n, const char *const *names)
{
	while (n->parent && n->parent != t->root)
		n = n->parent;
	for (int i = 0; n->parent && names[i]; i++)
		if (strcmp(n->name, names[i]) == 0)
			return i;
	return -1;
}

int node_top(struct nodes *t, struct node *n, const char *const *names)
{
	pthread_mutex_lock(&t->lock);
	int found = top_of(t, n, names);
	pthread_mutex_unlock(&t->lock);
	return found;
}

size_t nodes_known(struct nodes *t, const char *const *names, struct known_name **out)
{
	size_t count = 0, room = 0;

	*out = NULL;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->buckets; i++)
		for (struct node *n = t->by_id[i]; n; n = n->by_id) {
			if (n->gone || n->kind != NODE_REAL || top_of(t, n, names) < 0)
				continue;
			if (count == room)
				*out = xrealloc(*out, (room = room ? 2 * room : 64) * sizeof(**out));
			(*out)[count++] = (struct known_name){ n->id, node_path_from(NULL, n), n->is_dir };
		}
	pthread_mutex_unlock(&t->lock);
	return count;
}

size_t nodes_count(struct nodes *t)
{
	size_t count;

	pthread_mutex_lock(&t->lock);
	count = t->count;
	pthread_mutex_unlock(&t->lock);
	return count;
}

/* --- what was last seen ---------------------------------------------------------------------- */

static int64_t in_ns(struct timespec ts)
{
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Timestamps of files tick with the kernel's timer, every 1 to 10 ms. */
static bool is_fresh(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return in_ns(now) - in_ns(st->st_ctim) < 20 * INT64_C(1000000);
}

bool node_unchanged(struct nodes *t, struct node *n, const struct stat *st)
{
	uint64_t digest = mix(mix((uint64_t)st->st_size, (uint64_t)in_ns(st->st_mtim)),
	                      (uint64_t)in_ns(st->st_ctim)) | 1;
	bool same;

	pthread_mutex_lock(&t->lock);
	same = n->seen == digest;
	if (!same)
		n->seen = is_fresh(st) ? 0 : digest;
	pthread_mutex_unlock(&t->lock);
	return same;
}
