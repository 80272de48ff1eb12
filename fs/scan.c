#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "fs.h"
#include "kill.h"
#include "prompt.h"
#include "watch.h"

static atomic_bool stopping;

struct seen { char *path; uint64_t dev, ino; int64_t size, mtime_ns, ctime_ns; };

/* Prompts of a folder, to be compared on the engine's thread, where the journal is. */
struct batch {
	struct fs *fs;
	bool whole;                   /* the scan of the whole tree after a start */
	bool moved;                   /* by a rename: the name of what is pending has changed */
	unsigned journals;            /* fs->journals when it began */
	bool holds;                   /* prompts that it finds a person must let go: those of before the mount, … */
	bool holds_all;               /* … or all */
	int64_t mounted_ns;           /* of a scan that is to be noted as over, else 0 */
	int64_t first_ns;             /* when the first mount was whose scan came to its end */
	struct seen *seen;
	size_t count;
};

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->seen[i].path);
	free(b->seen);
	free(b);
}

enum standing { RECORDED, CHANGED, STOPPED, REFUSED };

/* What the journal knows of it: that very file, and if so whether its newest text became a request, is
 * stopped for want of a key, or was refused; and then whether anybody had asked for it. */
static enum standing standing_of(struct engine *e, const struct seen *s, bool *unasked)
{
	struct journal *j = engine_journal(e);
	cleanup_prompt_row struct prompt_row row = { 0 };
	cleanup_job_row struct job_row job = { 0 };

	if (engine_recorded(e, s->path, &row) <= 0 || !row.revision)
		return CHANGED;
	if (row.dev != s->dev || row.ino != s->ino || row.size != s->size || row.mtime_ns != s->mtime_ns)
		return CHANGED;
	if (!row.job || j->job_load(j, row.job, &job) <= 0 || job.request)
		return RECORDED;
	*unasked = job.unasked;
	return job.state == STATE_STOPPED ? STOPPED : REFUSED;
}

/* A file without a record that is the very file of a prompt which is not there any more: it was renamed
 * while nobody looked, or a crash came before the rename was recorded. */
static bool was_renamed(const struct batch *b, struct engine *e, const struct seen *s)
{
	struct journal *j = engine_journal(e);
	cleanup_prompt_row struct prompt_row there = { 0 }, before = { 0 };

	if (engine_recorded(e, s->path, &there) > 0 || j->prompt_by_file(j, s->dev, s->ino, &before) <= 0 ||
	    before.size != s->size || before.mtime_ns != s->mtime_ns || !source_is_gone(b->fs, before.path))
		return false;
	engine_renamed(b->fs->engine, before.path, s->path, false);
	return true;
}

static void compare_one(const struct batch *b, struct engine *e, const struct seen *s)
{
	bool pending = commit_is_pending(b->fs, s->dev, s->ino), unasked = false;

	switch (pending && !b->whole ? CHANGED : pending ? RECORDED : standing_of(e, s, &unasked)) {
	case RECORDED:
		return;
	case REFUSED:
		/* Its name may have been the reason; else what it was refused for is looked at again
		 * when it is saved. */
		if (b->moved)
			commit_found(b->fs, s->path, unasked);
		return;
	case STOPPED:
		/* There may be a key by now; what would have been held without that reason still is. */
		commit_found(b->fs, s->path, unasked || s->ctime_ns <= b->first_ns);
		return;
	case CHANGED:
		if (!b->moved && was_renamed(b, e, s))
			return;
		commit_found(b->fs, s->path, b->holds_all || (b->holds && s->ctime_ns <= atomic_load(&b->fs->mounted_ns)));
		return;
	}
}

static int64_t first_mounted_ns(struct journal *j)
{
	cleanup_free char *scanned = NULL;

	return j->fact_get(j, "scanned", &scanned) > 0 ? strtoll(scanned, NULL, 10) : INT64_MAX;
}

/* What is read of a damaged journal says nothing; another scan follows when it was replaced. */
static bool is_void(const struct batch *b, struct journal *j)
{
	return (b->whole && b->journals != atomic_load(&b->fs->journals)) || j->damage(j);
}

/* The first scan of the tree was, or is, this daemon's; engine's thread.  What that scan has missed, as
 * its folder was renamed at that moment, is found by another one, and still as old as before. */
static bool holds_old;

static void compare(struct engine *e, void *arg)
{
	struct batch *b = arg;

	if (is_void(b, engine_journal(e))) {
		batch_free(b);
		return;
	}
	b->first_ns = first_mounted_ns(engine_journal(e));
	holds_old |= b->first_ns == INT64_MAX || engine_holds_found(e);
	b->holds = holds_old;
	b->holds_all = b->whole && engine_holds_found(e);
	for (size_t i = 0; i < b->count; i++)
		compare_one(b, e, &b->seen[i]);
	batch_free(b);
}

static int64_t ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

static void see(struct batch *b, const char *path, const struct stat *st)
{
	b->seen = xrealloc(b->seen, (b->count + 1) * sizeof(*b->seen));
	b->seen[b->count++] = (struct seen){ xstrdup(path), st->st_dev, st->st_ino, st->st_size,
	                                     ns(st->st_mtim), ns(st->st_ctim) };
}

/* Opens a folder to read its names; NULL and errno. */
static DIR *open_folder(struct fs *fs, const char *folder)
{
	cleanup_fd int fd = source_open(fs->source_fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd < 0)
		errno = -fd;
	if (dir)
		steal_fd(&fd);
	return dir;
}

static int walk(struct fs *fs, const char *folder, const struct batch *how);

/* What a folder holds goes into the batch.  0, or -errno: that is not all. */
static int look_into(struct fs *fs, const char *folder, struct batch *b, const struct batch *how)
{
	DIR *dir = open_folder(fs, folder);
	struct dirent *d;
	struct stat st;
	int result = 0;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES ? 0 : -errno;
	while (result == 0 && !atomic_load(&stopping) && (errno = 0, d = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s%s%s", folder, *folder ? "/" : "", d->d_name);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			result = errno == ENOENT ? 0 : -errno;
		else if (S_ISDIR(st.st_mode) && watch_wants(path))
			result = walk(fs, path, how);
		else if (S_ISREG(st.st_mode) && prompt_path_is_prompt(path))
			see(b, path, &st);
		errno = 0;
	}
	if (result == 0)
		result = -errno;
	closedir(dir);
	return result;
}

/* 0, or -errno: some prompts were not seen.  One that is seen twice is compared twice. */
static int walk(struct fs *fs, const char *folder, const struct batch *how)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	*b = *how;
	watch_folder(fs, folder);
	int result = look_into(fs, folder, b, how);
	engine_post(fs->engine, compare, b);
	return result;
}

/* The same; a disk that hiccups is asked again. */
static int walk_patiently(struct fs *fs, const char *folder, const struct batch *how)
{
	struct patience patience = { 0 };
	int result;

	while ((result = walk(fs, folder, how)) < 0 && patience_helps(&patience, -result))
		;
	if (result < 0)
		log_warning("%s%s cannot be looked through (%s): prompts that were written while nothing was mounted are "
		            "found at the next start, or when they are saved", *folder ? folder : "the folder", *folder ? "/" : "",
		            strerror(-result));
	return result;
}

/* --- prompts that went while nobody looked --- */

/* Recorded before anything is mounted: should that daemon be killed before its scan has come to an end, what
 * was there before it is held all the same, and what was written since is not. */
int64_t scan_first_seen(struct journal *j, int64_t now_ns)
{
	cleanup_free char *seen = NULL;
	cleanup_free char *now = xasprintf("%lld", (long long)now_ns);

	if (first_mounted_ns(j) != INT64_MAX)
		return now_ns;
	if (j->fact_get(j, "first_seen", &seen) > 0)
		return strtoll(seen, NULL, 10);
	kill_point(BEFORE_FIRST_SEEN);
	if (j->begin(j) == 0 && (j->fact_set(j, "first_seen", now) < 0 || j->commit(j) < 0))
		j->rollback(j);
	kill_point(AFTER_FIRST_SEEN);
	return now_ns;
}

static int still_there(void *arg, struct prompt_row *row)
{
	struct fs *fs = arg;
	struct stat st;
	int there = source_look(fs, row->path, &st);

	if (there == 0 || (there > 0 && !S_ISREG(st.st_mode)))
		engine_removed(fs->engine, row->path);
	return 0;
}

/* The scan that is to be noted as over; only the engine's thread looks here. */
static struct { struct batch how; unsigned on_their_way; } over;

/* In the transaction that has the last of what the scan found, or a later one. */
static void note_scanned(struct engine *e, void *arg)
{
	(void)arg;
	if (--over.on_their_way == 0 && !is_void(&over.how, engine_journal(e)))
		engine_scanned(e, over.how.mounted_ns);
}

/* What the scan has found is read by timers of the disk thread that were set before this one, and given to the
 * engine before this. */
static void all_are_read(void *arg)
{
	struct fs *fs = arg;

	engine_post(fs->engine, note_scanned, NULL);
}

/* Only when all that it found is in the journal: else what was to be held would be sent after a crash. */
static void compare_gone(struct engine *e, void *arg)
{
	struct journal *j = engine_journal(e);
	struct batch *how = arg;

	if (is_void(how, j)) {
		batch_free(how);
		return;
	}
	j->prompts_under(j, "", still_there, how->fs);
	if (how->mounted_ns) {
		over.how = *how;
		over.on_their_way++;
		disk_at(how->fs->disk, clock_mono_ms(), all_are_read, how->fs);
	}
	batch_free(how);
}

/* --- entry points --- */

static void run_tree(void *arg)
{
	struct batch *how = arg;

	/* What was not seen is compared, and may be held, at the next start. */
	if (walk_patiently(how->fs, "", how) < 0)
		how->mounted_ns = 0;
	if (!atomic_load(&stopping))
		engine_post(how->fs->engine, compare_gone, how);
	else
		batch_free(how);
}

void scan_tree(struct fs *fs, int64_t mounted_ns)
{
	struct batch *how = xcalloc(1, sizeof(*how));

	if (mounted_ns)
		atomic_store(&fs->mounted_ns, mounted_ns);
	*how = (struct batch){ .fs = fs, .whole = true, .mounted_ns = mounted_ns,
	                       .journals = atomic_load(&fs->journals) };
	disk_post(fs->disk, run_tree, how);
}

struct folder_scan { struct fs *fs; char *path; };

static void run_folder(void *arg)
{
	struct folder_scan *s = arg;
	struct batch how = { .fs = s->fs };

	if (!atomic_load(&stopping))
		walk_patiently(s->fs, s->path, &how);
	free(s->path);
	free(s);
}

void scan_folder(struct fs *fs, const char *path)
{
	struct folder_scan *s = xmalloc(sizeof(*s));

	*s = (struct folder_scan){ fs, xstrdup(path) };
	disk_post(fs->disk, run_folder, s);
}

void scan_moved(struct fs *fs, const char *path)
{
	struct stat st;

	if (!prompt_path_is_prompt(path) || source_look(fs, path, &st) <= 0 || !S_ISREG(st.st_mode))
		return;
	struct batch *b = xcalloc(1, sizeof(*b));
	*b = (struct batch){ .fs = fs, .moved = true };
	see(b, path, &st);
	engine_post(fs->engine, compare, b);
}

void scan_stop(struct fs *fs)
{
	(void)fs;
	atomic_store(&stopping, true);
}
