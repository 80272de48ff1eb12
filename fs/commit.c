/* The pending list: which prompts were touched, and when each is read.  Reading stands in
 * commit_read.c, the scan in scan.c. */
#include "commit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "commit_read.h"
#include "fs.h"
#include "kill.h"
#include "prompt.h"
#include "scan.h"
#include "watch.h"

struct key { uint64_t dev, ino; };

/* An inode that something happened to, until the engine has taken it up. */
struct pending {
	struct key key;
	char **paths;                 /* where it was seen, most recently last: links have several names */
	size_t paths_count;
	unsigned writers;             /* writable handles that are open */
	bool listed;                  /* a commit is due (else only writers are counted) */
	bool asked, hold, again, fresh;
	size_t reading;               /* commits of it that the engine has not taken up yet, or 1: is read now */
	bool touched;                 /* something happened since */
	bool timed;                   /* a timer is set */
	int64_t due;
	UT_hash_handle hh;
};

struct commit {
	struct fs *fs;
	pthread_mutex_t lock;         /* guards all below */
	struct pending *pending;
	struct due *dues;             /* all that the disk thread was given; it drops timers when it ends */
	bool stopped;
};

static struct pending *find(struct commit *c, uint64_t dev, uint64_t ino)
{
	struct key key = { dev, ino };
	struct pending *p;

	HASH_FIND(hh, c->pending, &key, sizeof(key), p);
	return p;
}

static struct pending *get(struct commit *c, uint64_t dev, uint64_t ino)
{
	struct pending *p = find(c, dev, ino);

	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->key = (struct key){ dev, ino };
	HASH_ADD(hh, c->pending, key, sizeof(p->key), p);
	return p;
}

static void paths_free(char **paths, size_t count)
{
	while (count)
		free(paths[--count]);
	free(paths);
}

static void pending_free(struct commit *c, struct pending *p)
{
	HASH_DEL(c->pending, p);
	paths_free(p->paths, p->paths_count);
	free(p);
}

static void drop_if_idle(struct commit *c, struct pending *p)
{
	if (p->listed || p->reading || p->writers)
		return;
	pending_free(c, p);
}

static void on_due(void *arg);

struct due { struct commit *c; struct key key; struct due *prev, *next; };

/* lock is held. */
static struct due *due_new(struct commit *c, struct key key)
{
	struct due *d = xmalloc(sizeof(*d));

	*d = (struct due){ .c = c, .key = key };
	DL_APPEND(c->dues, d);
	return d;
}

/* The configuration may change it (reload.h). */
static double settle_of(struct fs *fs)
{
	double seconds;

	__atomic_load(&fs->options.settle, &seconds, __ATOMIC_RELAXED);
	return seconds;
}

/* lock is held; the timer itself is set without it (disk.h has a lock of its own, never the other way
 * round). */
static void list(struct commit *c, struct pending *p, double settle)
{
	p->listed = true;
	p->touched = true;
	p->due = clock_mono_ms() + (int64_t)(settle * 1000);
	if (p->timed || p->writers || p->reading || c->stopped)
		return;
	p->timed = true;
	disk_at(c->fs->disk, p->due, on_due, due_new(c, p->key));
}

static void add_path(struct pending *p, const char *path)
{
	size_t i = 0;

	while (i < p->paths_count && strcmp(p->paths[i], path) != 0)
		i++;
	if (i == p->paths_count) {
		p->paths = xrealloc(p->paths, ++p->paths_count * sizeof(*p->paths));
		p->paths[i] = xstrdup(path);
	}
	char *newest = p->paths[i];
	for (; i + 1 < p->paths_count; i++)
		p->paths[i] = p->paths[i + 1];
	p->paths[i] = newest;
}

/* --- what handlers tell --- */

/* The node's path if it is a prompt's; the caller frees. */
static char *prompt_path(struct fs *fs, struct node *n)
{
	char *path = node_path(fs->nodes, n);
	if (prompt_path_is_prompt(path))
		return path;
	free(path);
	return NULL;
}

void commit_opened(struct fs *fs, struct node *n)
{
	pthread_mutex_lock(&fs->commit->lock);
	get(fs->commit, n->dev, n->ino)->writers++;
	pthread_mutex_unlock(&fs->commit->lock);
}

void commit_flushed(struct fs *fs, struct node *n)
{
	cleanup_free char *path = prompt_path(fs, n);

	if (!path)
		return;
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = get(fs->commit, n->dev, n->ino);
	add_path(p, path);
	p->asked = true;
	p->hold = false;
	list(fs->commit, p, settle_of(fs));
	pthread_mutex_unlock(&fs->commit->lock);
}

void commit_released(struct fs *fs, struct node *n)
{
	cleanup_free char *path = prompt_path(fs, n);

	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = get(fs->commit, n->dev, n->ino);
	if (p->writers)
		p->writers--;
	if (path)
		add_path(p, path);
	if (path || p->listed)
		list(fs->commit, p, settle_of(fs));
	drop_if_idle(fs->commit, p);
	pthread_mutex_unlock(&fs->commit->lock);
}

void commit_changed(struct fs *fs, struct node *n)
{
	commit_flushed(fs, n);
}

int source_look(struct fs *fs, const char *path, struct stat *st)
{
	struct patience patience = { 0 };
	int result;

	do {
		cleanup_fd int fd = source_open(fs->source_fd, path, O_PATH | O_NOFOLLOW, 0);
		result = fd < 0 ? fd : fstat(fd, st) < 0 ? -errno : 0;
	} while (patience_helps(&patience, -result));
	if (result == 0)
		return 1;
	return result == -ENOENT || result == -ENOTDIR || result == -ELOOP ? 0 : result;
}

enum why { WHY_CHANGED, WHY_HELD, WHY_READ, WHY_AGAIN, WHY_FRESH };

static void found(struct fs *fs, const char *path, enum why why, double settle)
{
	struct stat st;

	if (!prompt_path_is_prompt(path))
		return;
	int result = source_look(fs, path, &st);
	if (result < 0)
		log_warning("%s cannot be looked at (%s): save it again, or it is found at the next start", path,
		            strerror(-result));
	if (result <= 0 || !S_ISREG(st.st_mode))
		return;
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = get(fs->commit, st.st_dev, st.st_ino);
	add_path(p, path);
	p->asked |= why == WHY_CHANGED;
	if (why != WHY_READ)
		p->hold = why == WHY_HELD;
	p->again = p->again || why == WHY_AGAIN || why == WHY_FRESH;
	p->fresh = p->fresh || why == WHY_FRESH;
	list(fs->commit, p, settle);
	pthread_mutex_unlock(&fs->commit->lock);
}

void commit_named(struct fs *fs, const char *path) { found(fs, path, WHY_CHANGED, settle_of(fs)); }

void commit_found(struct fs *fs, const char *path, bool hold)
{
	found(fs, path, hold ? WHY_HELD : WHY_CHANGED, hold ? 0 : settle_of(fs));
}

void commit_again(struct fs *fs, const char *path, enum engine_reading how)
{
	static const enum why whys[] = {
		[READ_CHANGED] = WHY_READ, [READ_AGAIN] = WHY_AGAIN, [READ_FRESH] = WHY_FRESH,
	};

	found(fs, path, whys[how], 0);
}

void commit_removed(struct fs *fs, const char *path)
{
	if (prompt_path_is_prompt(path))
		engine_removed(fs->engine, path);
}

bool source_is_gone(struct fs *fs, const char *path)
{
	struct stat st;

	return source_look(fs, path, &st) == 0;
}

void commit_left(struct fs *fs, const char *path)
{
	if (source_is_gone(fs, path))
		engine_removed(fs->engine, path);
}

static void renamed_folder(struct fs *fs, const char *from, const char *to)
{
	if (prompt_folder_is_walked(from) && prompt_folder_is_walked(to))
		engine_renamed(fs->engine, from, to, true);
	else if (prompt_folder_is_walked(from))
		engine_removed(fs->engine, from);
	if (prompt_folder_is_walked(to))
		scan_folder(fs, to);
}

void commit_renamed(struct fs *fs, const char *from, const char *to, bool is_dir)
{
	bool was = prompt_path_is_prompt(from), is = prompt_path_is_prompt(to);

	if (is_dir) {
		renamed_folder(fs, from, to);
		return;
	}
	if (was && is) {
		engine_renamed(fs->engine, from, to, false);
		scan_moved(fs, to);
		return;
	}
	if (was)
		engine_removed(fs->engine, from);
	if (is)
		commit_named(fs, to);
}

static bool exchanged_folders(struct fs *fs, const char *a, const char *b)
{
	if (!prompt_folder_is_walked(a) || !prompt_folder_is_walked(b))
		return false;
	engine_exchanged(fs->engine, a, b, true);
	scan_folder(fs, a);
	scan_folder(fs, b);
	return true;
}

static void exchanged_files(struct fs *fs, const char *a, const char *b)
{
	bool both = prompt_path_is_prompt(a) && prompt_path_is_prompt(b);

	if (both)
		engine_exchanged(fs->engine, a, b, false);
	(both ? scan_moved : commit_named)(fs, a);
	(both ? scan_moved : commit_named)(fs, b);
}

/* Where one of two folders is not looked into, or only one of the two is a folder, nothing of one can
 * be taken for the other's. */
void commit_exchanged(struct fs *fs, const char *a, const char *b, bool a_is_dir, bool b_is_dir)
{
	if (!a_is_dir && !b_is_dir) {
		exchanged_files(fs, a, b);
	} else if (!a_is_dir || !b_is_dir || !exchanged_folders(fs, a, b)) {
		commit_renamed(fs, a, b, a_is_dir);
		commit_renamed(fs, b, a, b_is_dir);
	}
}

/* --- questions --- */

bool commit_is_pending(struct fs *fs, uint64_t dev, uint64_t ino)
{
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = find(fs->commit, dev, ino);
	bool yes = p && (p->listed || p->reading);
	pthread_mutex_unlock(&fs->commit->lock);
	return yes;
}

bool commit_is_open(struct fs *fs, uint64_t dev, uint64_t ino)
{
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = find(fs->commit, dev, ino);
	bool yes = p && p->writers;
	pthread_mutex_unlock(&fs->commit->lock);
	return yes;
}

void commit_hurry(struct fs *fs, uint64_t dev, uint64_t ino)
{
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = find(fs->commit, dev, ino);
	bool now = p && p->listed && !p->writers && !p->reading && !fs->commit->stopped;
	if (now) {
		p->due = 0;
		disk_post(fs->disk, on_due, due_new(fs->commit, p->key));
	}
	pthread_mutex_unlock(&fs->commit->lock);
}

/* --- reading (disk thread) --- */

/* What is read: where it was seen, and how. */
struct reading {
	struct key key;
	char **paths;
	size_t paths_count;
	bool asked, hold, again, fresh;
};

static bool leads_to(struct fs *fs, const char *path, struct key key)
{
	struct stat st;

	int result = source_look(fs, path, &st);
	/* What cannot be looked at is not said to be gone: that would cancel it. */
	return result < 0 || (result && st.st_dev == key.dev && st.st_ino == key.ino);
}

/* The kernel may know a newer name. */
static void add_node_path(struct fs *fs, struct reading *r)
{
	struct node *n = node_find(fs->nodes, r->key.dev, r->key.ino);

	if (!n)
		return;
	r->paths = xrealloc(r->paths, (r->paths_count + 1) * sizeof(*r->paths));
	r->paths[r->paths_count++] = node_path(fs->nodes, n);
	node_put(fs->nodes, n);
}

/* It is taken up under the identity that it is listed with, whatever stands there by now.  has_left: the
 * file has another name, which is none of a prompt. */
static struct engine_commit *read_one(struct fs *fs, const struct reading *r, const char *path, bool has_left)
{
	kill_point(BEFORE_READ);
	struct engine_commit *c = has_left ? NULL : commit_read(fs, path);
	kill_point(AFTER_READ);
	if (!c) {
		c = xcalloc(1, sizeof(*c));
		c->path = xstrdup(path);
		c->gone = true;
	}
	c->dev = r->key.dev;
	c->ino = r->key.ino;
	c->asked = r->asked;
	c->hold = r->hold;
	c->again = r->again;
	c->fresh = r->fresh;
	return c;
}

/* Whether a later one of the names is the same. */
static bool is_repeated(const struct reading *r, size_t i)
{
	for (size_t k = i + 1; k < r->paths_count; k++)
		if (strcmp(r->paths[k], r->paths[i]) == 0)
			return true;
	return false;
}

static void expect_commits(struct commit *c, struct key key, size_t count)
{
	pthread_mutex_lock(&c->lock);
	find(c, key.dev, key.ino)->reading = count;
	pthread_mutex_unlock(&c->lock);
}

/* Each name that a prompt has by now; if it has none any more, what stands where it was seen last. */
static void read_and_post(struct fs *fs, struct reading *r)
{
	const char *seen = r->paths[r->paths_count - 1];
	cleanup_free struct engine_commit **commits = xcalloc(r->paths_count + 1, sizeof(struct engine_commit *));
	bool has_left = false;
	size_t count = 0;

	add_node_path(fs, r);
	for (size_t i = 0; i < r->paths_count; i++) {
		if (is_repeated(r, i) || !leads_to(fs, r->paths[i], r->key))
			continue;
		if (prompt_path_is_prompt(r->paths[i]))
			commits[count++] = read_one(fs, r, r->paths[i], false);
		else
			has_left = true;
	}
	if (!count)
		commits[count++] = read_one(fs, r, seen, has_left);
	expect_commits(fs->commit, r->key, count);
	for (size_t i = 0; i < count; i++) {
		/* It was deleted or renamed while its references were read; under a new name it is listed again. */
		if (!leads_to(fs, commits[i]->path, r->key))
			commits[i]->gone = true;
		engine_commit(fs->engine, commits[i]);
	}
	paths_free(r->paths, r->paths_count);
}

static void on_due(void *arg)
{
	struct due *d = arg;
	struct commit *c = d->c;
	struct key key = d->key;

	pthread_mutex_lock(&c->lock);
	DL_DELETE(c->dues, d);
	free(d);
	struct pending *p = find(c, key.dev, key.ino);
	if (!p || !p->listed || p->writers || p->reading || c->stopped) {
		if (p)
			p->timed = false;
		pthread_mutex_unlock(&c->lock);
		return;
	}
	p->timed = false;
	if (p->due > clock_mono_ms()) {
		p->timed = true;
		disk_at(c->fs->disk, p->due, on_due, due_new(c, key));
		pthread_mutex_unlock(&c->lock);
		return;
	}
	p->listed = p->touched = false;
	p->reading = 1;
	struct reading r = { key, p->paths, p->paths_count, p->asked, p->hold, p->again, p->fresh };
	p->paths = NULL;
	p->paths_count = 0;
	p->asked = p->hold = p->again = p->fresh = false;
	pthread_mutex_unlock(&c->lock);
	read_and_post(c->fs, &r);
}

void commit_taken(struct fs *fs, uint64_t dev, uint64_t ino)
{
	pthread_mutex_lock(&fs->commit->lock);
	struct pending *p = find(fs->commit, dev, ino);
	if (p && p->reading && --p->reading == 0) {
		if (p->listed)
			list(fs->commit, p, settle_of(fs));
		drop_if_idle(fs->commit, p);
	}
	pthread_mutex_unlock(&fs->commit->lock);
}

/* --- lifetime --- */

int commit_new(struct fs *fs, struct error *err)
{
	(void)err;
	fs->commit = xcalloc(1, sizeof(*fs->commit));
	fs->commit->fs = fs;
	pthread_mutex_init(&fs->commit->lock, NULL);
	return 0;
}

struct barrier { pthread_mutex_t lock; pthread_cond_t cond; bool passed; };

static void pass(void *arg)
{
	struct barrier *b = arg;

	pthread_mutex_lock(&b->lock);
	b->passed = true;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
}

void commit_stop(struct fs *fs)
{
	struct barrier b = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

	pthread_mutex_lock(&fs->commit->lock);
	fs->commit->stopped = true;
	pthread_mutex_unlock(&fs->commit->lock);
	scan_stop(fs);
	watch_quiet(fs);
	/* What the disk thread is at now ends before the engine does. */
	disk_post(fs->disk, pass, &b);
	pthread_mutex_lock(&b.lock);
	while (!b.passed)
		pthread_cond_wait(&b.cond, &b.lock);
	pthread_mutex_unlock(&b.lock);
}

void commit_free(struct fs *fs)
{
	struct pending *p, *tmp;
	struct due *d, *next;

	if (!fs->commit)
		return;
	DL_FOREACH_SAFE(fs->commit->dues, d, next)
		free(d);
	HASH_ITER(hh, fs->commit->pending, p, tmp)
		pending_free(fs->commit, p);
	pthread_mutex_destroy(&fs->commit->lock);
	free(fs->commit);
	fs->commit = NULL;
}

void commit_scan(struct fs *fs, int64_t mounted_ns)
{
	scan_tree(fs, mounted_ns);
}
