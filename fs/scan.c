#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "fs.h"
#include "prompt.h"
#include "watch.h"

static atomic_bool stopping;

struct seen { char *path; uint64_t dev, ino; int64_t size, mtime_ns, ctime_ns; };

/* Prompts of a folder, to be compared on the engine's thread, where the journal is. */
struct batch {
	struct fs *fs;
	bool first_mount;
	int64_t mounted_ns;
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

static bool is_as_recorded(struct journal *j, const struct seen *s)
{
	cleanup_prompt_row struct prompt_row row = { 0 };

	if (j->prompt_by_path(j, s->path, &row) <= 0 || !row.revision)
		return false;
	return row.dev == s->dev && row.ino == s->ino && row.size == s->size &&
	       row.mtime_ns == s->mtime_ns;
}

static void compare(struct engine *e, void *arg)
{
	struct batch *b = arg;

	for (size_t i = 0; i < b->count; i++) {
		const struct seen *s = &b->seen[i];
		if (commit_is_pending(b->fs, s->dev, s->ino) || is_as_recorded(engine_journal(e), s))
			continue;
		commit_found(b->fs, s->path, b->first_mount && s->ctime_ns <= b->mounted_ns);
	}
	batch_free(b);
}

static int64_t ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

static void see(struct batch *b, const char *path, const struct stat *st)
{
	b->seen = xrealloc(b->seen, (b->count + 1) * sizeof(*b->seen));
	b->seen[b->count++] = (struct seen){ xstrdup(path), st->st_dev, st->st_ino, st->st_size,
	                                     ns(st->st_mtim), ns(st->st_ctim) };
}

static void walk(struct fs *fs, const char *folder, const struct batch *how)
{
	int fd = source_open(fs->source_fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct batch *b = xcalloc(1, sizeof(*b));
	struct dirent *d;
	struct stat st;

	*b = *how;
	watch_folder(fs, folder);
	while (dir && !atomic_load(&stopping) && (d = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s%s%s", folder, *folder ? "/" : "", d->d_name);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && watch_wants(path))
			walk(fs, path, how);
		else if (S_ISREG(st.st_mode) && prompt_path_is_prompt(path))
			see(b, path, &st);
	}
	if (dir)
		closedir(dir);
	engine_post(fs->engine, compare, b);
}

/* --- prompts that went while nobody looked --- */

static int still_there(void *arg, struct prompt_row *row)
{
	struct fs *fs = arg;
	struct stat st;
	cleanup_fd int fd = source_open(fs->source_fd, row->path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		engine_removed(fs->engine, row->path);
	return 0;
}

static void compare_gone(struct engine *e, void *arg)
{
	struct journal *j = engine_journal(e);

	j->prompts_under(j, "", still_there, arg);
	if (j->begin(j) == 0 && (j->fact_set(j, "scanned", "yes") < 0 || j->commit(j) < 0))
		j->rollback(j);
}

bool scan_is_first(struct journal *j)
{
	cleanup_free char *scanned = NULL;

	return j->fact_get(j, "scanned", &scanned) <= 0;
}

/* --- entry points --- */

static void run_tree(void *arg)
{
	struct batch *how = arg;

	walk(how->fs, "", how);
	if (!atomic_load(&stopping))
		engine_post(how->fs->engine, compare_gone, how->fs);
	free(how);
}

void scan_tree(struct fs *fs, bool first_mount, int64_t mounted_ns)
{
	struct batch *how = xcalloc(1, sizeof(*how));

	*how = (struct batch){ .fs = fs, .first_mount = first_mount, .mounted_ns = mounted_ns };
	disk_post(fs->disk, run_tree, how);
}

struct folder_scan { struct fs *fs; char *path; };

static void run_folder(void *arg)
{
	struct folder_scan *s = arg;
	struct batch how = { .fs = s->fs };

	if (!atomic_load(&stopping))
		walk(s->fs, s->path, &how);
	free(s->path);
	free(s);
}

void scan_folder(struct fs *fs, const char *path)
{
	struct folder_scan *s = xmalloc(sizeof(*s));

	*s = (struct folder_scan){ fs, xstrdup(path) };
	disk_post(fs->disk, run_folder, s);
}

void scan_stop(struct fs *fs)
{
	(void)fs;
	atomic_store(&stopping, true);
}
