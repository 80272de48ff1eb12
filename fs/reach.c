#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node_table.h"

/* --- paths ----------------------------------------------------------------------------------- */

static int open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode & 07777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/* EAGAIN: a rename somewhere made the kernel unsure whether the path leads out (openat2(2)). */
	for (int tries = 0; tries < 32; tries++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* Length of the first part of path that one system call takes, up to a slash; 0 if there is none. */
static size_t chunk_length(const char *path)
{
	size_t len = PATH_MAX - 1;

	while (len > 0 && path[len] != '/')
		len--;
	return len;
}

int source_open(int root_fd, const char *path, int flags, mode_t mode)
{
	cleanup_fd int dir = -1;

	while (strnlen(path, PATH_MAX) == PATH_MAX) {
		size_t len = chunk_length(path);
		cleanup_free char *chunk = xstrndup(path, len);
		int next = len ? open_beneath(dir < 0 ? root_fd : dir, chunk, O_PATH | O_DIRECTORY, 0)
		               : -ENAMETOOLONG;

		if (next < 0)
			return next;
		cleanup_fd_(&dir);
		dir = next;
		path += len + strspn(path + len, "/");
	}
	return open_beneath(dir < 0 ? root_fd : dir, *path ? path : ".", flags, mode);
}

int nodes_root_fd(const struct nodes *t)
{
	return t->root_fd;
}

/* --- the LRU of folders (lock held) ---------------------------------------------------------- */

static struct folder_slot **slot_bucket(struct nodes *t, uint64_t id)
{
	return &t->folders[id % FOLDER_BUCKETS];
}

static struct folder_slot *slot_find(struct nodes *t, uint64_t id)
{
	struct folder_slot *s = *slot_bucket(t, id);

	if (id == FUSE_ROOT_ID)
		return &t->root_folder;
	while (s && s->id != id)
		s = s->chain;
	return s;
}

static void age_link(struct nodes *t, struct folder_slot *s)
{
	s->newer = NULL;
	s->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = s;
	t->newest = s;
}

static void age_unlink(struct nodes *t, struct folder_slot *s)
{
	*(s->newer ? &s->newer->older : &t->newest) = s->older;
	*(s->older ? &s->older->newer : &t->oldest) = s->newer;
}

static void slot_use(struct nodes *t, struct folder_slot *s)
{
	s->refs++;
	if (s->listed) {
		age_unlink(t, s);
		age_link(t, s);
	}
}

static void slot_list(struct nodes *t, struct folder_slot *s)
{
	struct folder_slot **at = slot_bucket(t, s->id);

	s->chain = *at;
	*at = s;
	s->listed = true;
	age_link(t, s);
	t->folders_count++;
}

/* Returns the slot if it is to be freed now, NULL if somebody uses it still. */
static struct folder_slot *slot_unlist(struct nodes *t, struct folder_slot *s)
{
	struct folder_slot **at = slot_bucket(t, s->id);

	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	s->listed = false;
	age_unlink(t, s);
	t->folders_count--;
	return s->refs ? NULL : s;
}

/* Without lock. */
static void slot_free(struct folder_slot *s)
{
	if (!s)
		return;
	close(s->folder.fd);
	free(s);
}

/* --- handles --------------------------------------------------------------------------------- */

static struct handle **handle_bucket(struct nodes *t, const struct node *n)
{
	return &t->handles[n->id % HANDLE_BUCKETS];
}

struct handle *handle_new(struct nodes *t, struct node *n, int fd, bool writable)
{
	struct handle *h = xcalloc(1, sizeof(*h)), **at = handle_bucket(t, n);

	h->fd = fd;
	h->writable = writable;
	h->node = node_ref(t, n);
	h->refs = 1;
	pthread_mutex_lock(&t->lock);
	h->chain = *at;
	*at = h;
	pthread_mutex_unlock(&t->lock);
	return h;
}

void handle_put(struct nodes *t, struct handle *h)
{
	struct handle **at = handle_bucket(t, h->node);
	bool last;

	pthread_mutex_lock(&t->lock);
	last = --h->refs == 0;
	if (last) {
		while (*at != h)
			at = &(*at)->chain;
		*at = h->chain;
	}
	pthread_mutex_unlock(&t->lock);
	if (!last)
		return;
	close(h->fd);
	node_put(t, h->node);
	free(h);
}

/* Some open handle of n, in use until handle_put(); NULL if there is none. */
static struct handle *handle_of(struct nodes *t, const struct node *n)
{
	struct handle *h;

	pthread_mutex_lock(&t->lock);
	h = *handle_bucket(t, n);
	while (h && h->node != n)
		h = h->chain;
	if (h)
		h->refs++;
	pthread_mutex_unlock(&t->lock);
	return h;
}

static int open_again(int open_fd, int flags)
{
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", open_fd);
	int fd = open(path, (flags & ~O_NOFOLLOW) | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd;
}

static int open_by_handle(struct nodes *t, struct handle *h, int flags)
{
	int fd = open_again(h->fd, flags);

	handle_put(t, h);
	return fd;
}

/* Once there is one, it stays until nobody has the node. */
static int remains_of(struct nodes *t, const struct node *n)
{
	int fd;

	pthread_mutex_lock(&t->lock);
	fd = n->remains;
	pthread_mutex_unlock(&t->lock);
	return fd;
}

/* --- folders --------------------------------------------------------------------------------- */

static bool is_real_dir(const struct node *n)
{
	return n->is_dir && (n->kind == NODE_REAL || n->kind == NODE_INCOMING_DIR);
}

static bool is_same(const struct node *n, const struct stat *st)
{
	if (n->is_dir != S_ISDIR(st->st_mode))
		return false;
	return n->dev == NODE_VIRTUAL_DEV || (n->dev == st->st_dev && n->ino == st->st_ino);
}

/* When the name leads nowhere, or a link stands in the way, the kernel shall look it up again. */
static int as_stale(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ELOOP ? -ESTALE : err;
}

/* The nearest folder above or at dir that is open, in use; *path leads from there to dir.  NULL if
 * dir was removed. */
static struct folder_slot *nearest(struct nodes *t, struct node *dir, char **path)
{
	struct folder_slot *s = NULL;
	struct node *at = dir;

	pthread_mutex_lock(&t->lock);
	if (!dir->gone) {
		while (!(s = slot_find(t, at->id)))
			at = at->parent;
		slot_use(t, s);
		*path = node_path_from(at, dir);
	}
	pthread_mutex_unlock(&t->lock);
	return s;
}

static int open_folder(int from, const char *path, const struct node *dir)
{
	cleanup_fd int fd = source_open(from, path, O_PATH | O_DIRECTORY, 0);
	struct stat st;

	if (fd < 0)
		return as_stale(fd);
	if (fstat(fd, &st) < 0)
		return -errno;
	return is_same(dir, &st) ? steal_fd(&fd) : -ESTALE;
}

/* Takes fd.  Another thread may have opened the same folder meanwhile: one of them is enough. */
static struct folder *folder_keep(struct nodes *t, const struct node *dir, int fd)
{
	struct folder_slot *fresh = xcalloc(1, sizeof(*fresh)), *s, *old = NULL;

	fresh->folder.fd = fd;
	fresh->id = dir->id;
	pthread_mutex_lock(&t->lock);
	s = slot_find(t, dir->id);
	if (!s) {
		s = steal_pointer(&fresh);
		if (!dir->gone)
			slot_list(t, s);
		if (t->folders_count > FOLDERS_MAX)
			old = slot_unlist(t, t->oldest);
	}
	s->refs++;
	pthread_mutex_unlock(&t->lock);
	slot_free(fresh);
	slot_free(old);
	return &s->folder;
}

struct folder *folder_get(struct nodes *t, struct node *dir)
{
	cleanup_free char *path = NULL;
	struct folder_slot *from;
	struct handle *h;
	int fd;

	if (!is_real_dir(dir)) {
		errno = ESTALE;
		return NULL;
	}
	from = nearest(t, dir, &path);
	if (!from) {
		errno = ENOENT;
		return NULL;
	}
	if (!*path)
		return &from->folder;
	fd = open_folder(from->folder.fd, path, dir);
	folder_put(t, &from->folder);
	if (fd < 0 && (h = handle_of(t, dir)))
		fd = open_by_handle(t, h, O_PATH | O_DIRECTORY);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	return folder_keep(t, dir, fd);
}

void folder_put(struct nodes *t, struct folder *f)
{
	struct folder_slot *s = (struct folder_slot *)f;
	bool last;

	if (!f || s == &t->root_folder)
		return;
	pthread_mutex_lock(&t->lock);
	last = --s->refs == 0 && !s->listed;
	pthread_mutex_unlock(&t->lock);
	if (last)
		slot_free(s);
}

void folder_drop(struct nodes *t, uint64_t id)
{
	struct folder_slot *s;

	pthread_mutex_lock(&t->lock);
	s = slot_find(t, id);
	if (s)
		s = slot_unlist(t, s);
	pthread_mutex_unlock(&t->lock);
	slot_free(s);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Where a node's name is to be found: its parent and its name there, or itself and "." for the root
 * and for the incoming folder, whose parent is virtual.  NULL and errno. */
static struct folder *folder_with(struct nodes *t, struct node *n, char **name)
{
	struct node *dir = NULL;
	struct folder *f;

	pthread_mutex_lock(&t->lock);
	if (!n->gone) {
		bool is_in_parent = n->parent && is_real_dir(n->parent);

		dir = is_in_parent ? n->parent : n;
		*name = xstrdup(is_in_parent ? n->name : ".");
		dir->refs++;
	}
	pthread_mutex_unlock(&t->lock);
	if (!dir) {
		errno = ENOENT;
		return NULL;
	}
	f = folder_get(t, dir);
	node_put(t, dir);
	return f;
}

/* O_NONBLOCK: a fifo that was put in the file's place must not block us before it is recognised.
 * EAGAIN: somebody has a lease on the file; the kernel takes it back and lets us wait for that. */
static int open_at(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags & O_PATH ? flags : flags | O_NONBLOCK);

	if (fd < 0 && errno == EAGAIN)
		fd = openat(dir, name, flags);
	if (fd < 0)
		return -errno;
	return fd;
}

/* A removed file's number is soon given to another: what is read and written is at least a file. */
static bool may_open(int flags, const struct stat *st)
{
	return flags & O_PATH || S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static int open_by_name(struct nodes *t, struct node *n, int flags)
{
	cleanup_free char *name = NULL;
	struct folder *f = folder_with(t, n, &name);
	cleanup_fd int fd = -1;
	struct stat st;

	if (!f)
		return -errno;
	fd = open_at(f->fd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	folder_put(t, f);
	if (fd < 0)
		return as_stale(fd);
	if (fstat(fd, &st) < 0)
		return -errno;
	return is_same(n, &st) && may_open(flags, &st) ? steal_fd(&fd) : -ESTALE;
}

int node_open(struct nodes *t, struct node *n, int flags)
{
	int fd = open_by_name(t, n, flags);
	struct handle *h;

	if (fd >= 0)
		return fd;
	h = handle_of(t, n);
	if (h)
		return open_by_handle(t, h, flags);
	return remains_of(t, n) >= 0 ? open_again(remains_of(t, n), flags) : fd;
}

static int stat_by_name(struct nodes *t, struct node *n, struct stat *st)
{
	cleanup_free char *name = NULL;
	struct folder *f = folder_with(t, n, &name);
	int err;

	if (!f)
		return -errno;
	err = fstatat(f->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? as_stale(-errno) : 0;
	folder_put(t, f);
	return err || is_same(n, st) ? err : -ESTALE;
}

int node_stat(struct nodes *t, struct node *n, struct stat *st)
{
	int err = stat_by_name(t, n, st);
	struct handle *h;

	if (!err)
		return 0;
	h = handle_of(t, n);
	if (!h && remains_of(t, n) >= 0)
		return fstat(remains_of(t, n), st) < 0 ? -errno : 0;
	if (!h)
		return err;
	err = fstat(h->fd, st) < 0 ? -errno : 0;
	handle_put(t, h);
	return err;
}

void reach_free(struct nodes *t)
{
	struct handle *h, *next;

	while (t->oldest)
		slot_free(slot_unlist(t, t->oldest));
	for (size_t i = 0; i < HANDLE_BUCKETS; i++)
		for (h = t->handles[i]; h; h = next) {
			next = h->chain;
			close(h->fd);
			free(h);
		}
}
