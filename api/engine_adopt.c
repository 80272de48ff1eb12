/*
 * A journal that was begun in place of a damaged one knows no pictures.  Those that stand in out/ under
 * the names of a prompt are taken for its newest revision: they follow it when it is renamed, and go to
 * history/ when a new one comes.  history/ says which number that was.  What is of today counts for the day's
 * budget: what the damaged journal said of it may be lost.
 */
#include "engine_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_beneath(struct engine *e, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, e->set.source_fd, path, &how, sizeof(how));
}

static void count_if_of_today(struct engine *e, const struct stat *st)
{
	budget_today(e);
	if (!S_ISREG(st->st_mode) || day_of((int64_t)st->st_mtim.tv_sec * 1000) != e->spent_day)
		return;
	/* What was carried over has counted them already. */
	if (e->found_today++ < e->spent_carried)
		return;
	e->spent_pictures++;
	e->pending_pictures++;
}

/* The highest N of `history/a/cat.N…`; 0 if there is none. */
static unsigned newest_in_history(struct engine *e, const char *stem)
{
	cleanup_free char *folder = xasprintf("history/%s", stem);
	char *base = strrchr(folder, '/');
	unsigned newest = 0;
	struct dirent *d;
	struct stat st;

	*base++ = '\0';
	size_t len = strlen(base);
	int fd = open_beneath(e, folder, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, base, len) != 0 || d->d_name[len] != '.')
			continue;
		unsigned long number = strtoul(d->d_name + len + 1, NULL, 10);
		if (number > newest && number < UINT32_MAX)
			newest = (unsigned)number;
		if (number && fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			count_if_of_today(e, &st);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return newest;
}

/* Fills the row from `out/<stem><number>` with any suffix; false if no picture stands there. */
static bool find_picture(struct engine *e, const char *stem, const char *number, struct task_row *row)
{
	struct image_info info;
	struct stat st;

	for (enum image_type i = IMAGE_PNG; i <= IMAGE_BMP; i++) {
		cleanup_free char *out = xasprintf("out/%s%s.%s", stem, number, image_suffix(i));
		cleanup_fd int fd = open_beneath(e, out, O_RDONLY);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || image_probe(fd, &info) < 0)
			continue;
		count_if_of_today(e, &st);
		row->out = steal_pointer(&out);
		row->type = xstrdup(image_name(info.type));
		row->width = info.width;
		row->height = info.height;
		row->bytes = (uint64_t)st.st_size;
		row->out_dev = st.st_dev;
		row->out_ino = st.st_ino;
		row->finished_ms = (int64_t)st.st_mtim.tv_sec * 1000;
		return true;
	}
	return false;
}

static struct job *new_job(struct engine *e, struct prompt *p)
{
	struct job *j = job_new(e, p, 0);

	j->adopted = true;
	j->row.state = STATE_COMPLETED;
	j->row.note = xstrdup("these pictures were in out/ when a new journal was begun");
	job_dirty(e, j);
	return j;
}

static void adopt(struct engine *e, struct prompt *p, struct job **j, const char *number)
{
	cleanup_task_row struct task_row row = { 0 };

	if (!find_picture(e, p->row.stem, number, &row))
		return;
	if (!*j)
		*j = new_job(e, p);
	struct task *t = task_new(*j);
	unsigned index = t->row.index;
	t->row = row;
	row = (struct task_row){ 0 };
	t->row.index = index;
	t->row.state = STATE_COMPLETED;
	t->row.progress = 100;
	t->row.cost_usd = -1;
	(*j)->row.n = index;
	(*j)->row.created_ms = (*j)->row.finished_ms = t->row.finished_ms;
	task_dirty(e, t);
}

void adopt_pictures(struct engine *e, struct prompt *p, unsigned n)
{
	struct job *j = NULL;

	p->row.revision = newest_in_history(e, p->row.stem);
	if (n == 1)
		adopt(e, p, &j, "");
	for (unsigned i = 1; n > 1 && i <= n; i++) {
		cleanup_free char *number = xasprintf("-%u", i);
		adopt(e, p, &j, number);
	}
	if (j)
		j->row.revision = ++p->row.revision;
}
