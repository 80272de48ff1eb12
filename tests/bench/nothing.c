/*
 * nothing: what the ceiling is measured with, in place of SQLite and of syncing.
 *
 * A journal that knows the present prompts and counts jobs, in memory, and forgets everything else; and a libc whose
 * syncing does nothing.  A daemon with it makes pictures as long as nothing goes wrong, and must never be used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "journal.h"

int fsync(int fd) { return fcntl(fd, F_GETFD) < 0 ? -1 : 0; }
int fdatasync(int fd) { return fsync(fd); }
int syncfs(int fd) { return fsync(fd); }

struct known { struct prompt_row row; UT_hash_handle by_path, by_id; };

struct nothing {
	struct journal calls;
	struct known *by_path, *by_id;
	int64_t ids, changes;
	unsigned char *states; size_t states_room;    /* by job */
	uint64_t counts[STATE_COUNT];
	int pictures; double usd;
};

static struct nothing *of(struct journal *j) { return (struct nothing *)j; }

static void copy(struct prompt_row *to, const struct prompt_row *from)
{
	*to = *from;
	to->path = xstrdup(from->path);
	to->stem = xstrdup(from->stem);
}

static int give(const struct known *k, struct prompt_row *out)
{
	if (k)
		copy(out, &k->row);
	return k ? 1 : 0;
}

static void forget(struct nothing *n, struct known *k)
{
	HASH_DELETE(by_id, n->by_id, k);
	HASH_DELETE(by_path, n->by_path, k);
	prompt_row_release(&k->row);
	free(k);
}

static int prompt_save(struct journal *j, struct prompt_row *row)
{
	struct nothing *n = of(j);
	struct known *k;

	if (!row->id)
		row->id = ++n->ids;
	HASH_FIND(by_id, n->by_id, &row->id, sizeof(row->id), k);
	if (k)
		forget(n, k);
	if (row->gone_ms)
		return 0;
	k = xcalloc(1, sizeof(*k));
	copy(&k->row, row);
	HASH_ADD_KEYPTR(by_path, n->by_path, k->row.path, strlen(k->row.path), k);
	HASH_ADD(by_id, n->by_id, row.id, sizeof(k->row.id), k);
	n->changes++;
	return 0;
}

static int prompt_load(struct journal *j, int64_t id, struct prompt_row *out)
{
	struct known *k;

	HASH_FIND(by_id, of(j)->by_id, &id, sizeof(id), k);
	return give(k, out);
}

static int prompt_by_path(struct journal *j, const char *path, struct prompt_row *out)
{
	struct known *k;

	HASH_FIND(by_path, of(j)->by_path, path, strlen(path), k);
	return give(k, out);
}

static int job_save(struct journal *j, struct job_row *row)
{
	struct nothing *n = of(j);
	bool fresh = !row->id;

	if (fresh)
		row->id = ++n->ids;
	if ((size_t)row->id >= n->states_room) {
		n->states_room = 2 * (size_t)row->id + 1024;
		n->states = xrealloc(n->states, n->states_room);
	}
	if (!fresh)
		n->counts[n->states[row->id]]--;
	n->states[row->id] = (unsigned char)row->state;
	n->counts[row->state]++;
	return 0;
}

static int job_counts(struct journal *j, uint64_t counts[STATE_COUNT])
{
	memcpy(counts, of(j)->counts, sizeof(of(j)->counts));
	return 0;
}

static int task_save(struct journal *j, struct task_row *row)
{
	if (!row->id)
		row->id = ++of(j)->ids;
	return 0;
}

static int spent_add(struct journal *j, int day, int pictures, double usd)
{
	(void)day;
	of(j)->pictures += pictures;
	of(j)->usd += usd;
	return 0;
}

static int spent_get(struct journal *j, int day, int *pictures, double *usd)
{
	(void)day;
	*pictures = of(j)->pictures;
	*usd = of(j)->usd;
	return 0;
}

static int spent_total(struct journal *j, int64_t *pictures, double *usd)
{
	*pictures = of(j)->pictures;
	*usd = of(j)->usd;
	return 0;
}

static int64_t changes(struct journal *j) { return of(j)->changes; }

static void close_it(struct journal *j)
{
	struct known *k, *next;

	HASH_ITER(by_id, of(j)->by_id, k, next)
		forget(of(j), k);
	free(of(j)->states);
	free(j);
}

/* --- what it knows nothing of --- */

static int well(struct journal *j) { (void)j; return 0; }
static void leave(struct journal *j) { (void)j; }
static void keep_ids(struct journal *j, int64_t id) { (void)j; (void)id; }
static int by_file(struct journal *j, uint64_t dev, uint64_t ino, struct prompt_row *out)
{
	(void)j; (void)dev; (void)ino; (void)out;
	return 0;
}
static int by_files(struct journal *j, uint64_t dev, uint64_t ino, int (*each)(void *, struct prompt_row *), void *arg)
{
	(void)j; (void)dev; (void)ino; (void)each; (void)arg;
	return 0;
}
static int prompts(struct journal *j, const char *path, int (*each)(void *, struct prompt_row *), void *arg)
{
	(void)j; (void)path; (void)each; (void)arg;
	return 0;
}
static int renamed(struct journal *j, const char *from, const char *to)
{
	(void)j; (void)from; (void)to;
	return 0;
}
static int gone_by_path(struct journal *j, const char *path, struct prompt_row *out)
{
	(void)j; (void)path; (void)out;
	return 0;
}
static int job_load(struct journal *j, int64_t id, struct job_row *out)
{
	(void)j; (void)id; (void)out;
	return 0;
}
static int jobs_active(struct journal *j, int (*each)(void *, struct job_row *), void *arg)
{
	(void)j; (void)each; (void)arg;
	return 0;
}
static int job_by_digest(struct journal *j, const uint8_t digest[32], int64_t before, struct job_row *out)
{
	(void)j; (void)digest; (void)before; (void)out;
	return 0;
}
static int task_owed(struct journal *j, const uint8_t digest[32], unsigned index, int64_t before, struct task_row *out)
{
	(void)j; (void)digest; (void)index; (void)before; (void)out;
	return 0;
}
static int jobs_latest(struct journal *j, int64_t before, unsigned count, int (*each)(void *, struct job_row *), void *arg)
{
	(void)j; (void)before; (void)count; (void)each; (void)arg;
	return 0;
}
static int task_load(struct journal *j, int64_t id, struct task_row *out)
{
	(void)j; (void)id; (void)out;
	return 0;
}
static int tasks_of(struct journal *j, int64_t job, int (*each)(void *, struct task_row *), void *arg)
{
	(void)j; (void)job; (void)each; (void)arg;
	return 0;
}
static int task_by_out(struct journal *j, const char *out, struct task_row *row)
{
	(void)j; (void)out; (void)row;
	return 0;
}
static int upload_get(struct journal *j, const char *provider, const uint8_t sha256[32], int64_t not_before, char **url)
{
	(void)j; (void)provider; (void)sha256; (void)not_before; (void)url;
	return 0;
}
static int upload_put(struct journal *j, const char *provider, const uint8_t sha256[32], const char *url, int64_t now)
{
	(void)j; (void)provider; (void)sha256; (void)url; (void)now;
	return 0;
}
static int upload_forget(struct journal *j, const char *provider, const uint8_t sha256[32])
{
	(void)j; (void)provider; (void)sha256;
	return 0;
}
static int fact_get(struct journal *j, const char *name, char **value)
{
	(void)j; (void)name; (void)value;
	return 0;
}
static int fact_set(struct journal *j, const char *name, const char *value)
{
	(void)j; (void)name; (void)value;
	return 0;
}

int journal_open_sqlite(int dirfd, struct journal **out, struct journal_opened *opened, struct error *err)
{
	struct nothing *n = xcalloc(1, sizeof(*n));

	(void)dirfd;
	(void)err;
	n->calls = (struct journal){
		.begin = well, .commit = well, .rollback = leave, .close = close_it, .check = well, .damage = well,
		.changes = changes, .keep_ids = keep_ids, .prompt_save = prompt_save, .prompt_load = prompt_load,
		.prompt_by_path = prompt_by_path, .prompt_gone_by_path = gone_by_path, .prompt_by_file = by_file,
		.prompts_by_stem = prompts, .prompts_by_file = by_files, .prompts_under = prompts, .prompts_rename = renamed,
		.job_save = job_save, .job_load = job_load, .jobs_active = jobs_active, .job_by_digest = job_by_digest,
		.task_owed = task_owed, .job_counts = job_counts, .jobs_latest = jobs_latest, .task_save = task_save,
		.task_load = task_load, .tasks_of = tasks_of, .task_by_out = task_by_out, .outs_rename = renamed,
		.upload_get = upload_get, .upload_put = upload_put, .upload_forget = upload_forget,
		.spent_add = spent_add, .spent_get = spent_get, .spent_total = spent_total,
		.fact_get = fact_get, .fact_set = fact_set,
	};
	*out = &n->calls;
	*opened = (struct journal_opened){ 0 };
	return 0;
}

const char *journal_library(void) { return "none"; }
