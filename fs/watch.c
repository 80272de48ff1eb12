#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "commit.h"
#include "forget.h"
#include "fs.h"
#include "prompt.h"
#include "reload.h"
#include "scan.h"
#include "tell.h"

#define WATCHED (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR)
/* Renames and deletions through the mount are seen here, too.  Their handlers know more, namely where
 * something went, and tell the engine; what we make of them must come after that. */
#define LATER_MS 500

struct watched { int wd; UT_hash_handle hh; char path[]; };
struct later { struct later *next; int64_t due; void (*fn)(struct fs *fs, const char *path); char path[]; };

struct watch {
	struct fs *fs;
	int fd;
	struct watched *folders;      /* disk thread only */
	struct later *later, **later_end;      /* disk thread only; oldest first */
	atomic_bool quiet;            /* nothing is passed on any more */
	bool full;                    /* the kernel gave no more watches */
};

static bool in_pictures(const char *path)
{
	return strcmp(path, "out") == 0 || strcmp(path, "history") == 0 ||
	       str_starts_with(path, "out/") || str_starts_with(path, "history/");
}

bool watch_wants(const char *path)
{
	return in_pictures(path) || prompt_folder_is_walked(path);
}

/* fd: of the folder that is to be watched under that name. */
static void add_watch(struct watch *w, int fd, const char *path, uint32_t mask)
{
	char proc[64];
	struct watched *f;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	int wd = inotify_add_watch(w->fd, proc, mask);
	if (wd < 0) {
		if (errno == ENOSPC) {
			w->full = true;
			log_warning("no inotify watches are left (fs.inotify.max_user_watches): changes made "
			            "beneath the mount are noticed at the next start only");
		}
		return;
	}
	HASH_FIND_INT(w->folders, &wd, f);
	if (f) {
		HASH_DEL(w->folders, f);
		free(f);
	}
	size_t len = strlen(path);
	f = xcalloc(1, sizeof(*f) + len + 1);
	f->wd = wd;
	memcpy(f->path, path, len);
	HASH_ADD_INT(w->folders, wd, f);
}

void watch_folder(struct fs *fs, const char *path)
{
	cleanup_fd int fd = source_open(fs->source_fd, *path ? path : ".", O_PATH | O_DIRECTORY, 0);

	if (fs->watch && fd >= 0 && !fs->watch->full)
		add_watch(fs->watch, fd, path, WATCHED);
}

void watch_outside(struct fs *fs, const char *folder)
{
	cleanup_fd int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fs->watch && fd >= 0 && !fs->watch->full)
		add_watch(fs->watch, fd, folder, WATCHED | IN_ATTRIB);
}

/* --- what waits a moment --- */

static void on_later(void *arg)
{
	struct watch *w = arg;
	struct later *l;

	if (atomic_load(&w->quiet))
		return;
	while ((l = w->later) && l->due <= clock_mono_ms()) {
		w->later = l->next;
		if (!w->later)
			w->later_end = &w->later;
		l->fn(w->fs, l->path);
		free(l);
	}
	if (l)
		disk_at(w->fs->disk, l->due, on_later, w);
}

static void later(struct watch *w, const char *path, void (*fn)(struct fs *fs, const char *path))
{
	size_t len = strlen(path);
	struct later *l = xcalloc(1, sizeof(*l) + len + 1);

	l->due = clock_mono_ms() + LATER_MS;
	l->fn = fn;
	memcpy(l->path, path, len);
	if (!w->later)
		disk_at(w->fs->disk, l->due, on_later, w);
	*w->later_end = l;
	w->later_end = &l->next;
}

/* --- events --- */

static void on_folder(struct watch *w, const char *folder, const char *name, const char *path, uint32_t mask)
{
	if (in_pictures(path) && *folder)
		forget_name(w->fs, folder, name);
	if ((mask & IN_CREATE) && watch_wants(path))
		scan_folder(w->fs, path);
	else if ((mask & IN_MOVED_TO) && watch_wants(path))
		later(w, path, scan_folder);
	else if ((mask & (IN_DELETE | IN_MOVED_FROM)) && prompt_folder_is_walked(path))
		later(w, path, commit_left);
}

static void on_file(struct watch *w, const char *folder, const char *name, const char *path,
                    uint32_t mask)
{
	if (in_pictures(folder)) {
		(mask & IN_CLOSE_WRITE ? forget_written : forget_name)(w->fs, folder, name);
		return;
	}
	if (mask & IN_CLOSE_WRITE)
		commit_found(w->fs, path, false);
	else if (mask & IN_MOVED_TO)
		later(w, path, scan_moved);
	else if (mask & (IN_DELETE | IN_MOVED_FROM))
		later(w, path, commit_left);
}

static void on_event(struct watch *w, const struct inotify_event *ev)
{
	struct watched *f;

	if (ev->mask & IN_Q_OVERFLOW) {
		log_warning("inotify lost events; the directory is looked through again");
		forget_pictures(w->fs);
		scan_tree(w->fs, 0);
		return;
	}
	HASH_FIND_INT(w->folders, &ev->wd, f);
	if (!f)
		return;
	if (ev->mask & IN_IGNORED) {
		HASH_DEL(w->folders, f);
		free(f);
		return;
	}
	if (!ev->len)
		return;
	cleanup_free char *path = xasprintf("%s%s%s", f->path, *f->path ? "/" : "", ev->name);
	if (*path == '/')
		reload_seen(w->fs, path);
	else if (ev->mask & IN_ISDIR)
		on_folder(w, f->path, ev->name, path, ev->mask);
	else
		on_file(w, f->path, ev->name, path, ev->mask);
}

static void on_readable(void *arg)
{
	struct watch *w = arg;
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t n = read(w->fd, bytes, sizeof(bytes));

	if (atomic_load(&w->quiet))
		return;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const struct inotify_event *)(bytes + at);
		on_event(w, ev);
		at += (ssize_t)(sizeof(*ev) + ev->len);
	}
}

void watch_quiet(struct fs *fs)
{
	if (fs->watch)
		atomic_store(&fs->watch->quiet, true);
}

int watch_start(struct fs *fs, struct error *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->fs = fs;
	w->later_end = &w->later;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		int code = errno;
		free(w);
		return error_set(err, code, "raise fs.inotify.max_user_instances",
		                 "the source cannot be watched: %s", strerror(code));
	}
	fs->watch = w;
	disk_watch(fs->disk, w->fd, on_readable, w);
	return 0;
}

void watch_stop(struct fs *fs)
{
	struct watch *w = fs->watch;
	struct watched *f, *ftmp;
	struct later *l;

	if (!w)
		return;
	fs->watch = NULL;
	while ((l = w->later)) {
		w->later = l->next;
		free(l);
	}
	HASH_ITER(hh, w->folders, f, ftmp) {
		HASH_DEL(w->folders, f);
		free(f);
	}
	close(w->fd);
	free(w);
}
