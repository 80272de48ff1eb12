#include "tell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utlist.h>

#include "commit.h"
#include "fs.h"
#include "kernel.h"
#include "kill.h"
#include "status_nodes.h"
#include "virtual_internal.h"
#include "warm.h"

#define FUSE_MAGIC 0x65735546
/* Progress of one prompt is told at most that often. */
#define PROGRESS_MS 1000
#define STATUS_NODES_MAX 64

enum item_kind { ITEM_PUBLISH, ITEM_TOUCH };

struct item {
	enum item_kind kind;
	struct publication *p;
	char *path;
	int64_t due;                  /* clock_mono_ms(); 0 = at once */
	struct item *prev, *next;
};

/*
 * Where announcements go: the root of the mount, and folders beneath that the last of them led to.  Those that follow at
 * once go the same way, for a moment only: open descriptors keep a mount busy.
 */
enum { WAY_MS = 20, WAY_FOLDERS = 4 };
struct way {
	int root;                     /* -1: none is open */
	int64_t until;                /* clock_mono_ms() */
	struct way_folder { char *path; int fd; } folders[WAY_FOLDERS];
	unsigned next;                /* is replaced next */
};
#define WAY_INIT { .root = -1 }

struct tell {
	struct fs *fs;
	pthread_t thread;
	pthread_mutex_t lock;         /* guards the list and stopping */
	pthread_cond_t cond;
	struct item *items;
	atomic_bool stopping;
	bool started;                 /* who starts and stops it */
	atomic_int tid;
	_Atomic uint64_t wanted;
	_Atomic(const char *) creating;      /* constant while it is set */
	uint64_t mount_dev;           /* 0 = not seen yet; this thread only, as what follows */
	struct way way;
};

/* --- from others --- */

/* The next start publishes it. */
static void give_back(struct fs *fs, struct publication *p)
{
	p->result = -ESHUTDOWN;
	engine_published(fs->engine, p);
}

static void item_free(struct item *i)
{
	free(i->path);
	free(i);
}

static void do_publish(struct tell *t, struct way *w, struct publication *p);
static void way_close(struct way *w);

static void add(struct fs *fs, struct item item)
{
	struct tell *t = fs->tell;
	struct item *i = xmalloc(sizeof(*i));

	*i = item;
	pthread_mutex_lock(&t->lock);
	bool late = t->stopping;
	if (!late) {
		DL_APPEND(t->items, i);
		pthread_cond_signal(&t->cond);
	}
	pthread_mutex_unlock(&t->lock);
	if (!late)
		return;
	/* The mount is gone, or about to go: nobody needs to be told, so the caller does it himself. */
	struct way own = WAY_INIT;
	if (i->p)
		do_publish(t, &own, i->p);
	way_close(&own);
	item_free(i);
}

/* One announcement per prompt waits at most. */
static bool touch_waits(struct tell *t, const char *path, bool at_once)
{
	struct item *i;

	DL_FOREACH(t->items, i)
		if (i->kind == ITEM_TOUCH && strcmp(i->path, path) == 0) {
			if (at_once)
				i->due = 0;
			return true;
		}
	return false;
}

void tell_publish(struct fs *fs, struct publication *p)
{
	add(fs, (struct item){ .kind = ITEM_PUBLISH, .p = p });
}

static bool is_known(struct fs *fs, const char *folder)
{
	struct node *n = node_find(fs->nodes, NODE_VIRTUAL_DEV, virtual_ino(NODE_STATUS_DIR, folder, "", 0));

	if (n)
		node_put(fs->nodes, n);
	return n;
}

/* Whether somebody may watch statuses at all, or the folder of that prompt's. */
static bool top_is_known(struct fs *fs) { return is_known(fs, "/status"); }

static bool folder_is_known(struct fs *fs, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? xasprintf("status/%.*s", (int)(slash - path), path)
	                                  : xstrdup("/status");

	return is_known(fs, folder);
}

void tell_changed(struct fs *fs, const char *path, bool state_changed)
{
	struct tell *t = fs->tell;
	struct status_node any;

	if (!status_nodes_of(path, &any, 1) && !folder_is_known(fs, path) && !top_is_known(fs))
		return;
	pthread_mutex_lock(&t->lock);
	bool waits = touch_waits(t, path, state_changed);
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
	if (!waits)
		add(fs, (struct item){ .kind = ITEM_TOUCH, .path = xstrdup(path),
		                       .due = state_changed ? 0 : clock_mono_ms() + PROGRESS_MS });
}

bool tell_is_caller(struct fs *fs, fuse_req_t req)
{
	return fs->tell && fuse_req_ctx(req)->pid == atomic_load(&fs->tell->tid);
}

bool tell_creates(struct fs *fs, fuse_req_t req, const char *path)
{
	const char *creating = tell_is_caller(fs, req) ? atomic_load(&fs->tell->creating) : NULL;

	return creating && strcmp(creating, path) == 0;
}

uint64_t tell_wanted_node(struct fs *fs) { return atomic_load(&fs->tell->wanted); }

/* --- the way through the mount --- */

static bool is_our_mount(int root)
{
	struct statfs sfs;
	char proc[64], pid[32] = "";

	/* Not /proc/self: that would be the main thread's table. */
	snprintf(proc, sizeof(proc), "/proc/thread-self/fd/%d", root);
	return fstatfs(root, &sfs) == 0 && sfs.f_type == FUSE_MAGIC &&
	       getxattr(proc, "user.easelfs.pid", pid, sizeof(pid) - 1) > 0 &&
	       atoi(pid) == (int)getpid();
}

/* The mount's root for one announcement; the source itself when there is no mount any more. */
static int open_root(struct tell *t)
{
	struct patience patience = { 0 };
	struct stat st;
	int root = -1;

	while (!t->stopping && (root = open(t->fs->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 &&
	       patience_helps(&patience, errno))
		;
	if (root >= 0 && fstat(root, &st) == 0) {
		if (!t->mount_dev && is_our_mount(root))
			t->mount_dev = st.st_dev;
		if (t->mount_dev && st.st_dev == t->mount_dev)
			return root;
	}
	if (root >= 0)
		close(root);
	return fcntl(t->fs->source_fd, F_DUPFD_CLOEXEC, 0);
}

static void way_close(struct way *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->folders); i++) {
		if (w->folders[i].path)
			close(w->folders[i].fd);
		free(steal_pointer(&w->folders[i].path));
	}
	cleanup_fd_(&w->root);
	w->root = -1;
}

/* 0 or -errno. */
static int way_open(struct tell *t, struct way *w)
{
	if (w->root >= 0 && !t->stopping && clock_mono_ms() < w->until)
		return 0;
	way_close(w);
	w->root = open_root(t);
	w->until = clock_mono_ms() + WAY_MS;
	return w->root < 0 ? -errno : 0;
}

/* A folder, reached without symbolic links: users may put some into out/, and what is published must not follow
 * them, least of all out of the mount.  The way's own descriptor, or -1 and errno. */
static int way_folder(struct way *w, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(w->folders); i++)
		if (w->folders[i].path && strcmp(w->folders[i].path, path) == 0)
			return w->folders[i].fd;
	int fd = source_open(w->root, path, O_PATH | O_DIRECTORY, 0);
	if (fd < 0) {
		errno = -fd;
		return -1;
	}
	struct way_folder *f = &w->folders[w->next++ % WAY_FOLDERS];
	if (f->path)
		close(f->fd);
	free(f->path);
	*f = (struct way_folder){ xstrdup(path), fd };
	return fd;
}

/* A name in its folder, which is the way's. */
struct place { int folder; const char *name; };

/* 0 or -1 and errno, as of the calls below. */
static int place_at(struct place *p, struct way *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = xstrndup(path, slash ? (size_t)(slash - path) : 0);

	p->name = slash ? slash + 1 : path;
	p->folder = way_folder(w, folder);
	return p->folder < 0 ? -1 : 0;
}

static int tell_rename(struct way *w, const char *from, const char *to, unsigned flags)
{
	struct place a, b;

	if (place_at(&a, w, from) < 0 || place_at(&b, w, to) < 0)
		return -1;
	return kernel_rename(a.folder, a.name, b.folder, b.name, flags);
}

static int tell_link(struct way *w, const char *from, const char *to)
{
	struct place a, b;

	if (place_at(&a, w, from) < 0 || place_at(&b, w, to) < 0)
		return -1;
	return linkat(a.folder, a.name, b.folder, b.name, 0);
}

static int tell_unlink(struct way *w, const char *path)
{
	struct place p;

	return place_at(&p, w, path) < 0 ? -1 : unlinkat(p.folder, p.name, 0);
}

/* What must not be read by everybody, or give way, is not guessed: what cannot be looked at is an error.  But where
 * this user may not look there is nothing for him. */
static int look_for(struct fs *fs, const char *path, struct stat *st)
{
	int there = source_look(fs, path, st);

	return there == -EACCES ? 0 : there;
}

/* Makes a folder as the one that it mirrors: `out/a` is as open as `a` is, and root's daemon gives it to whom
 * that one belongs. */
static int make_folder(struct tell *t, int folder, const char *name, const char *mirrored)
{
	struct stat st;
	int there = look_for(t->fs, mirrored, &st);

	if (there < 0)
		return there;
	bool is_mirror = there && S_ISDIR(st.st_mode);
	if (mkdirat(folder, name, is_mirror ? (st.st_mode & 01777) | 0700 : 0777 & ~t->fs->umask) < 0)
		return errno == EEXIST ? 0 : -errno;
	if (is_mirror && t->fs->uid == 0 && fchownat(folder, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* Those that the path leads through. */
static int make_folders(struct tell *t, struct way *w, const char *path)
{
	struct place there;

	if (place_at(&there, w, path) == 0)
		return 0;
	cleanup_fd int folder = fcntl(w->root, F_DUPFD_CLOEXEC, 0);
	const char *at = path, *slash, *inner = strchr(path, '/') + 1;

	for (; folder >= 0 && (slash = strchr(at, '/')); at = slash + 1) {
		cleanup_free char *name = xstrndup(at, (size_t)(slash - at));
		cleanup_free char *mirrored = xstrndup(inner, slash > inner ? (size_t)(slash - inner) : 0);
		int result = make_folder(t, folder, name, mirrored);
		if (result < 0)
			return result;
		int next = source_open(folder, name, O_PATH | O_DIRECTORY, 0);
		close(folder);
		folder = next;
	}
	return folder < 0 ? folder : 0;
}

/* What is about to be published belongs to whom its prompt belongs, and nobody may read it who may not read
 * that. */
static int make_like_prompt(struct tell *t, const struct publication *p)
{
	cleanup_free char *path = xasprintf(".easelfs/incoming/%s", p->file);
	cleanup_fd int fd = source_open(t->fs->source_fd, path, O_RDONLY | O_NOFOLLOW, 0);
	struct stat is;

	if (!p->like || fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (fstat(fd, &is) < 0)
		return -errno;
	return store_make_like(t->fs->source_fd, p->like, &p->maker, is.st_mode, fd);
}

static bool is_file(const struct stat *st, uint64_t dev, uint64_t ino)
{
	return st->st_dev == dev && st->st_ino == ino;
}

/* errno is left as it is. */
static bool is_same_file(struct fs *fs, const char *a, const char *b)
{
	struct stat one, other;
	int code = errno;
	bool same = source_look(fs, a, &one) > 0 && source_look(fs, b, &other) > 0 &&
	            is_file(&one, other.st_dev, other.st_ino);

	errno = code;
	return same;
}

/* What follows the stem in `out/a/cat-2.png`, for `history/a/cat`: `-2.png`. */
static const char *tail_of(const struct publication *p)
{
	size_t stem = p->history ? strlen(p->history) - strlen("history/") : 0;
	const char *inner = strchr(p->out, '/') + 1;

	return p->history && strlen(inner) > stem ? inner + stem : "";
}

/* The names that are tried for `history/a/cat.3.png`: itself, `history/a/cat.3-2.png` …  `stem` is the length
 * of `history/a/cat`; the number behind it says which revision it was. */
enum { NAMES_MAX = 10000 };

static char *free_name(const char *wanted, size_t stem, unsigned again)
{
	size_t head = stem + 1 + strspn(wanted + stem + 1, "0123456789");

	return again == 1 ? xstrdup(wanted) : xasprintf("%.*s-%u%s", (int)head, wanted, again, wanted + head);
}

static int open_folder(struct fs *fs, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");

	return source_open(fs->source_fd, folder, O_RDONLY | O_DIRECTORY, 0);
}

/* What has just got a name in that folder must keep it. */
static int sync_folder(struct fs *fs, const char *path)
{
	struct patience patience = { 0 };
	int result;

	do {
		cleanup_fd int fd = open_folder(fs, path);
		result = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;
	} while (patience_helps(&patience, -result));
	return result;
}

/* Links `out` under a free name in history/, unless it stands there already (a crash came in between). */
static int keep_in_history(struct tell *t, struct way *w, struct publication *p)
{
	cleanup_free char *wanted = xasprintf("%s.%u%s", p->history, p->old_revision, tail_of(p));

	for (unsigned again = 1; again < NAMES_MAX; again++) {
		cleanup_free char *history = free_name(wanted, strlen(p->history), again);
		int result = make_folders(t, w, history);
		if (result < 0)
			return result;
		kill_point(BEFORE_HISTORY_LINK);
		bool kept = tell_link(w, p->out, history) == 0 || is_same_file(t->fs, p->out, history);
		kill_point(AFTER_HISTORY_LINK);
		if (kept) {
			kill_point(BEFORE_HISTORY_SYNC);
			result = sync_folder(t->fs, history);
			if (result < 0)
				return result;    /* the other name goes next */
			kill_point(AFTER_HISTORY_SYNC);
			free(p->kept);
			p->kept = steal_pointer(&history);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Nothing that is there gives way in history/. */
static int publish_to_history(struct tell *t, struct way *w, struct publication *p, const char *from)
{
	struct stat st;

	for (unsigned again = 1; again < NAMES_MAX; again++) {
		cleanup_free char *name = free_name(p->out, strlen(p->history), again);
		int result = 0, there = source_look(t->fs, name, &st);
		if (there < 0)
			return there;
		if (!there || !is_file(&st, p->out_dev, p->out_ino)) {
			kill_point(BEFORE_PUBLISH);
			result = tell_rename(w, from, name, RENAME_NOREPLACE) < 0 ? -errno : 0;
			kill_point(AFTER_PUBLISH);
		}
		if (result == -EEXIST)
			continue;
		free(p->out);
		p->out = steal_pointer(&name);
		return result;
	}
	return -EEXIST;
}

static int publish_picture(struct tell *t, struct way *w, struct publication *p)
{
	cleanup_free char *from = xasprintf(".easelfs/incoming/%s", p->file);
	struct stat st;
	int result = make_folders(t, w, p->out);

	if (result < 0 || (result = make_like_prompt(t, p)) < 0)
		return result;
	if (str_starts_with(p->out, "history/"))
		return publish_to_history(t, w, p, from);
	int there = source_look(t->fs, p->out, &st);
	if (there < 0)
		return there;
	if (there) {
		if (is_file(&st, p->out_dev, p->out_ino))
			return 0;         /* it was renamed before a crash */
		if (!S_ISDIR(st.st_mode) && p->history && (result = keep_in_history(t, w, p)) < 0)
			return result;
	}
	kill_point(BEFORE_PUBLISH);
	if (tell_rename(w, from, p->out, 0) < 0)
		return -errno;
	kill_point(AFTER_PUBLISH);
	return 0;
}

static int publish_text(struct tell *t, struct way *w, struct publication *p)
{
	cleanup_free char *from = xasprintf(".easelfs/incoming/%s", p->file);
	int result = make_folders(t, w, p->out);

	if (result < 0 || (result = make_like_prompt(t, p)) < 0)
		return result;
	kill_point(BEFORE_ERROR_FILE);
	if (tell_rename(w, from, p->out, 0) < 0)
		return -errno;
	kill_point(AFTER_ERROR_FILE);
	return 0;
}

static int publish_retire(struct tell *t, struct way *w, struct publication *p)
{
	struct stat st;
	int there = source_look(t->fs, p->out, &st);

	if (there <= 0 || !is_file(&st, p->out_dev, p->out_ino))
		return there < 0 ? there : 0;
	int result = keep_in_history(t, w, p);
	if (result < 0)
		return result;
	kill_point(BEFORE_RETIRE);
	if (tell_unlink(w, p->out) < 0)
		return -errno;
	kill_point(AFTER_RETIRE);
	return 0;
}

static int publish_move(struct tell *t, struct way *w, struct publication *p)
{
	struct stat st;
	int there = source_look(t->fs, p->file, &st);

	if (there < 0)
		return there;
	if (!there || !is_file(&st, p->out_dev, p->out_ino)) {
		there = source_look(t->fs, p->out, &st);
		if (there > 0 && is_file(&st, p->out_dev, p->out_ino))
			return 0;         /* it was moved before a crash */
		return there < 0 ? there : -ENOENT;      /* the user took it away, or it has moved on */
	}
	int result = make_folders(t, w, p->out);
	if (result < 0)
		return result;
	kill_point(BEFORE_MOVE);
	result = tell_rename(w, p->file, p->out, RENAME_NOREPLACE) < 0 ? -errno : 0;
	kill_point(AFTER_MOVE);
	if (result != -EEXIST || S_ISDIR(st.st_mode) || !p->history)
		return result;
	if (str_starts_with(p->out, "history/"))
		return publish_to_history(t, w, p, p->file);
	if ((result = keep_in_history(t, w, p)) < 0)
		return result;
	kill_point(BEFORE_MOVE_OVER);
	if (tell_rename(w, p->file, p->out, 0) < 0)
		return -errno;
	kill_point(AFTER_MOVE_OVER);
	return 0;
}

static void note_moved(struct publication *p, const char *from, const char *to)
{
	p->older = xrealloc(p->older, (p->older_count + 1) * sizeof(*p->older));
	p->older[p->older_count++] = (struct moved_name){ xstrdup(from), xstrdup(to) };
}

static int move_older(struct tell *t, struct way *w, struct publication *p, const char *from, const char *to)
{
	size_t stem = strlen(p->out);
	int result = make_folders(t, w, to);

	for (unsigned again = 1; result == 0 && again < NAMES_MAX; again++) {
		cleanup_free char *name = free_name(to, stem, again);
		kill_point(BEFORE_MOVE_HISTORY);
		int moved = tell_rename(w, from, name, RENAME_NOREPLACE) < 0 ? -errno : 0;
		kill_point(AFTER_MOVE_HISTORY);
		if (moved == 0)
			note_moved(p, from, name);
		if (moved != -EEXIST)
			return moved;
	}
	return result ? result : -EEXIST;
}

/* `history/a/cat.3.png` → `history/b/dog.3.png` */
static int publish_move_history(struct tell *t, struct way *w, struct publication *p)
{
	cleanup_free char *folder = xstrdup(p->file);
	char *base = strrchr(folder, '/');
	struct dirent *d;
	int result = 0;

	*base++ = '\0';
	cleanup_fd int fd = source_open(t->fs->source_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	size_t len = strlen(base), count = 0;
	char **names = NULL;
	if (!dir)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd < 0 ? fd : -errno;
	steal_fd(&fd);
	/* All first: what was moved may be called like one that is to be. */
	while ((errno = 0, d = readdir(dir))) {
		if (strncmp(d->d_name, base, len) != 0 || d->d_name[len] != '.' ||
		    d->d_name[len + 1] < '0' || d->d_name[len + 1] > '9')
			continue;
		names = xrealloc(names, (count + 1) * sizeof(*names));
		names[count++] = xstrdup(d->d_name);
	}
	result = -errno;
	closedir(dir);
	for (size_t i = 0; i < count; i++) {
		cleanup_free char *from = xasprintf("%s/%s", folder, names[i]);
		cleanup_free char *to = xasprintf("%s%s", p->out, names[i] + len);
		int moved = move_older(t, w, p, from, to);
		if (moved < 0)
			result = moved;
		free(names[i]);
	}
	free(names);
	return result;
}

static int publish_remove(struct tell *t, struct way *w, struct publication *p)
{
	(void)t;
	kill_point(BEFORE_ERROR_REMOVE);
	if (tell_unlink(w, p->out) < 0 && errno != ENOENT)
		return -errno;
	kill_point(AFTER_ERROR_REMOVE);
	return 0;
}

static int publish_folder(struct tell *t, struct way *w, struct publication *p)
{
	kill_point(BEFORE_OUT_FOLDER);
	int result = make_folders(t, w, p->out);
	kill_point(AFTER_OUT_FOLDER);
	return result;
}

static int (*const publish_kinds[])(struct tell *, struct way *, struct publication *) = {
	[PUBLISH_PICTURE] = publish_picture, [PUBLISH_BESIDE] = publish_picture, [PUBLISH_TEXT] = publish_text,
	[PUBLISH_RETIRE] = publish_retire, [PUBLISH_MOVE] = publish_move,
	[PUBLISH_MOVE_HISTORY] = publish_move_history, [PUBLISH_REMOVE] = publish_remove,
	[PUBLISH_FOLDER] = publish_folder,
};

/* The name must be on the disk before the journal says so. */
struct durable { struct fs *fs; struct publication *p; int folder, synced; };

static void made_durable(void *arg)
{
	struct durable *d = arg;
	int result = d->folder < 0 ? d->folder : d->synced;

	cleanup_fd_(&d->folder);
	if (d->p->kind == PUBLISH_PICTURE) {
		kill_point(AFTER_PUBLISH_SYNC);
		/* A folder that is not there any more was taken away with the picture. */
		if (error_may_pass(-result))
			d->p->result = result;
	} else {
		kill_point(AFTER_BESIDE_SYNC);
		if (result < 0 && result != -ENOENT)
			log_warning("the folder of %s cannot be synced: %s", d->p->out, strerror(-result));
	}
	engine_published(d->fs->engine, d->p);
	free(d);
}

static void make_durable(void *arg)
{
	struct durable *d = arg;

	if (d->p->result < 0) {
		if (d->p->kind != PUBLISH_MOVE)
			log_warning("%s: %s", d->p->out, strerror(-d->p->result));
		engine_published(d->fs->engine, d->p);
		free(d);
		return;
	}
	if (d->p->kind == PUBLISH_PICTURE)
		kill_point(BEFORE_PUBLISH_SYNC);
	else
		kill_point(BEFORE_BESIDE_SYNC);
	d->folder = open_folder(d->fs, d->p->out);
	if (d->folder >= 0)
		disk_sync(d->fs->disk, d->folder, &d->synced);
	disk_then(d->fs->disk, made_durable, d);
}

static bool is_in_incoming(struct fs *fs, const struct publication *p)
{
	cleanup_free char *file = xasprintf(".easelfs/incoming/%s", p->file);
	struct stat st;

	return source_look(fs, file, &st) != 0;
}

struct warmth { struct fs *fs; char path[]; };

static void warm(void *arg)
{
	struct warmth *w = arg;

	warm_picture(w->fs, w->path);
	free(w);
}

/* Who watches out/ has seen it. */
static void warm_later(struct fs *fs, const char *path)
{
	struct warmth *w = xmalloc(sizeof(*w) + strlen(path) + 1);

	w->fs = fs;
	strcpy(w->path, path);
	disk_post(fs->disk, warm, w);
}

static int publish_once(struct tell *t, struct way *w, struct publication *p)
{
	int result = way_open(t, w);

	if (result == 0)
		result = publish_kinds[p->kind](t, w, p);
	if (result < 0)
		way_close(w);
	return result;
}

static void do_publish(struct tell *t, struct way *w, struct publication *p)
{
	struct patience patience = { 0 };
	struct durable *d = xmalloc(sizeof(*d));

	/* Each can be repeated, as after a crash. */
	do {
		bool trodden = w->root >= 0;
		p->result = publish_once(t, w, p);
		/* A folder on the way may be gone since. */
		if (p->result < 0 && trodden)
			p->result = publish_once(t, w, p);
	} while (patience_helps(&patience, -p->result));
	if (p->kind == PUBLISH_PICTURE && p->result == -ENOENT && is_in_incoming(t->fs, p))
		p->result = -ENOTDIR;     /* a folder is missing, not the file */
	if (p->kind == PUBLISH_PICTURE && p->result == 0)
		warm_later(t->fs, p->out);
	*d = (struct durable){ .fs = t->fs, .p = p, .folder = -1 };
	disk_post(t->fs->disk, make_durable, d);
}

static void touch_one(struct tell *t, struct way *w, const char *path, uint64_t node, bool json)
{
	cleanup_free char *name = xasprintf("status/%s%s", path, json ? ".json" : "");
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };

	atomic_store(&t->wanted, node);
	/* It may be gone by now: then there is nobody to tell.  Some look for the end of writing (entr). */
	cleanup_fd int fd = openat(w->root, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	atomic_store(&t->wanted, 0);
	if (fd >= 0)
		futimens(fd, times);
}

/* Folders of status/ that the kernel does not know yet: who watches recursively learns of them. */
static void show_folders(struct tell *t, struct way *w, const char *path)
{
	cleanup_free char *folder = xstrdup(path);

	for (char *slash = strchr(folder, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		cleanup_free char *name = xasprintf("status/%s", folder);
		if (!is_known(t->fs, name)) {
			atomic_store(&t->creating, folder);
			mkdirat(w->root, name, 0755);
			atomic_store(&t->creating, NULL);
		}
		*slash = '/';
	}
}

static void do_touch(struct tell *t, struct way *w, const char *path)
{
	struct status_node known[STATUS_NODES_MAX];
	size_t n = status_nodes_of(path, known, ARRAY_LEN(known));

	if (t->stopping || way_open(t, w) < 0)
		return;
	show_folders(t, w, path);
	for (size_t i = 0; i < n; i++)
		touch_one(t, w, path, known[i].id, known[i].json);
	if (n == 0)
		touch_one(t, w, path, 0, false);
}

/* --- the thread --- */

static void run(struct tell *t, struct item *i)
{
	switch (i->kind) {
	case ITEM_PUBLISH:
		do_publish(t, &t->way, i->p);
		break;
	case ITEM_TOUCH:
		do_touch(t, &t->way, i->path);
		break;
	}
	item_free(i);
}

/* The first item that is due, or NULL and how long to wait (-1: until a signal).  lock is held. */
static struct item *first_due(struct tell *t, int64_t *wait)
{
	struct item *i;
	int64_t now = clock_mono_ms();

	*wait = -1;
	DL_FOREACH(t->items, i) {
		if (i->due <= now || t->stopping)
			return i;
		if (*wait < 0 || i->due - now < *wait)
			*wait = i->due - now;
	}
	return NULL;
}

static void wait_for(struct tell *t, int64_t ms)
{
	struct timespec until;

	if (ms < 0) {
		pthread_cond_wait(&t->cond, &t->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&t->cond, &t->lock, &until);
}

/*
 * A killed daemon leaves when its last descriptor of /dev/fuse is closed: the kernel then ends whatever
 * waits for an answer.  A thread of its own that waits for one and shares the table of descriptors
 * would keep it open, and so itself and the mount for ever.  So this thread has a table of its own,
 * without that descriptor and the terminal's.  For that reason it does not log: the log's descriptor
 * is another in each table.
 */
static void leave_descriptors(struct tell *t)
{
	int session = fuse_session_fd(t->fs->session);

	if (unshare(CLONE_FILES) < 0)
		return;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere < 0) {
		close(session);
		return;
	}
	for (int fd = 0; fd <= 2; fd++)
		dup2(nowhere, fd);
	/* Not closed, or the next file here would get its number: ThreadSanitizer, which knows one table, would
	 * forget that the others' requests and replies go by it. */
	dup2(nowhere, session);
	if (nowhere > 2)
		close(nowhere);
}

static void *tell_thread(void *arg)
{
	struct tell *t = arg;
	int64_t wait;

	leave_descriptors(t);
	pthread_setname_np(pthread_self(), "easelfs-tell");
	atomic_store(&t->tid, gettid());
	pthread_mutex_lock(&t->lock);
	for (;;) {
		struct item *i = first_due(t, &wait);
		if (i) {
			DL_DELETE(t->items, i);
			pthread_mutex_unlock(&t->lock);
			run(t, i);
			pthread_mutex_lock(&t->lock);
		} else if (t->stopping) {
			break;
		} else if (t->way.root >= 0) {
			pthread_mutex_unlock(&t->lock);
			way_close(&t->way);
			pthread_mutex_lock(&t->lock);
		} else {
			wait_for(t, wait);
		}
	}
	pthread_mutex_unlock(&t->lock);
	way_close(&t->way);
	return NULL;
}

int tell_new(struct fs *fs, struct error *err)
{
	struct tell *t = xcalloc(1, sizeof(*t));
	pthread_condattr_t attr;

	(void)err;
	t->fs = fs;
	t->way = (struct way)WAY_INIT;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->cond, &attr);
	pthread_condattr_destroy(&attr);
	fs->tell = t;
	return 0;
}

int tell_start(struct fs *fs, struct error *err)
{
	int result = pthread_create(&fs->tell->thread, NULL, tell_thread, fs->tell);

	if (result)
		return error_set(err, result, NULL, "no thread can be started: %s", strerror(result));
	fs->tell->started = true;
	return 0;
}

void tell_stop(struct fs *fs)
{
	struct tell *t = fs->tell;

	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
	if (t->started)
		pthread_join(t->thread, NULL);
	t->started = false;
	/* It never ran: a part behind it failed to start. */
	struct item *i, *next;
	DL_FOREACH_SAFE(t->items, i, next) {
		DL_DELETE(t->items, i);
		if (i->p)
			give_back(fs, i->p);
		item_free(i);
	}
}

void tell_free(struct fs *fs)
{
	if (!fs->tell)
		return;
	pthread_mutex_destroy(&fs->tell->lock);
	pthread_cond_destroy(&fs->tell->cond);
	free(fs->tell);
	fs->tell = NULL;
}
