/* The journal: what was committed is there, byte for byte, whatever happened since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base.h"
#include "journal.h"

/* --- a journal in a folder of its own ---------------------------------------------------------- */

struct place {
	char *path;                   /* removed at the end */
	int fd;
	struct journal *j;            /* open from the start; closed at the end unless NULL */
	struct journal_opened opened;
};

/* The connection that was opened last, to look at what no user of a journal sees. */
static sqlite3 *newest;

static int remember(sqlite3 *db, const char **message, const struct sqlite3_api_routines *thunk)
{
	(void)message;
	(void)thunk;
	newest = db;
	return SQLITE_OK;
}

static int try_open(struct place *p, struct error *err)
{
	return journal_open_sqlite(p->fd, &p->j, &p->opened, err);
}

static void reopen(struct place *p)
{
	struct error err cleanup_error = ERROR_INIT;

	if (p->j)
		p->j->close(p->j);
	p->j = NULL;
	if (try_open(p, &err) < 0)
		fail_msg("cannot open: %s", err.text);
}

static char *near_the_program(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	return xstrdup(exe);
}

static int setup_closed(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	char *parent cleanup_free = getenv("TMPDIR") ? xstrdup(getenv("TMPDIR")) : near_the_program();

	*state = p;
	p->path = xasprintf("%s/journal-XXXXXX", parent);
	if (!mkdtemp(p->path))
		return -1;
	p->fd = open(p->path, O_DIRECTORY | O_PATH | O_CLOEXEC);
	return p->fd < 0 ? -1 : 0;
}

static int setup(void **state)
{
	if (setup_closed(state) < 0)
		return -1;
	reopen(*state);
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	const struct dirent *entry;

	if (p->j)
		p->j->close(p->j);
	DIR *dir = opendir(p->path);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(p->path);
	close(p->fd);
	free(p->path);
	free(p);
	return 0;
}

static void write_file(struct place *p, const char *name, const void *bytes, size_t len)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static bool exists(struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, 0) == 0;
}

static void begin(struct place *p) { assert_int_equal(p->j->begin(p->j), 0); }
static void commit(struct place *p) { assert_int_equal(p->j->commit(p->j), 0); }

/* Runs SQL on journal.db while no journal is open. */
static void sql(struct place *p, const char *text)
{
	char *name cleanup_free = xasprintf("%s/journal.db", p->path);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A number that the open journal's connection has. */
static int pragma(const char *name)
{
	char *text cleanup_free = xasprintf("PRAGMA %s", name);
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(newest, text, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int value = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

/* --- rows --------------------------------------------------------------------------------------- */

/* Saves a prompt at that path and returns its id. */
static int64_t add_prompt(struct place *p, const char *path, const char *stem)
{
	struct prompt_row row = { .path = (char *)path, .stem = (char *)stem, .revision = 1 };

	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	assert_true(row.id > 0);
	return row.id;
}

static int64_t add_job(struct place *p, int64_t prompt, enum job_state state, uint8_t digest)
{
	struct job_row row = { .prompt = prompt, .revision = 1, .state = state, .n = 1 };

	memset(row.digest, digest, sizeof(row.digest));
	assert_int_equal(p->j->job_save(p->j, &row), 0);
	assert_true(row.id > 0);
	return row.id;
}

static int64_t add_task(struct place *p, int64_t job, unsigned index, const char *out, int64_t finished)
{
	struct task_row row = {
		.job = job, .index = index, .state = STATE_COMPLETED, .out = (char *)out, .finished_ms = finished
	};

	assert_int_equal(p->j->task_save(p->j, &row), 0);
	return row.id;
}

static void set_state(struct place *p, int64_t job, enum job_state state)
{
	struct job_row row cleanup_job_row = { 0 };

	assert_int_equal(p->j->job_load(p->j, job, &row), 1);
	row.state = state;
	assert_int_equal(p->j->job_save(p->j, &row), 0);
}

static void remove_prompt(struct place *p, int64_t id, int64_t when)
{
	struct prompt_row row cleanup_prompt_row = { 0 };

	assert_int_equal(p->j->prompt_load(p->j, id, &row), 1);
	row.gone_ms = when;
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
}

static int list_path(void *arg, struct prompt_row *row)
{
	buf_fmt(arg, "%s ", row->path);
	return 0;
}

static int list_path_and_stem(void *arg, struct prompt_row *row)
{
	buf_fmt(arg, "%s=%s ", row->path, row->stem);
	return 0;
}

static int list_job(void *arg, struct job_row *row)
{
	buf_fmt(arg, "%lld ", (long long)row->id);
	return 0;
}

static int list_task(void *arg, struct task_row *row)
{
	buf_fmt(arg, "%u ", row->index);
	return 0;
}

#define assert_under(p, path, expected) assert_list(p, p->j->prompts_under, path, list_path, expected)
#define assert_of_stem(p, stem, expected) assert_list(p, p->j->prompts_by_stem, stem, list_path, expected)

static void assert_list(struct place *p,
                        int ask(struct journal *j, const char *what,
                                int (*each)(void *arg, struct prompt_row *row), void *arg),
                        const char *what, int each(void *arg, struct prompt_row *row),
                        const char *expected)
{
	struct buf found cleanup_buf = BUF_INIT;

	assert_int_equal(ask(p->j, what, each, &found), 0);
	assert_string_equal(found.data ? found.data : "", expected);
}

static void fill(uint8_t bytes[32], uint8_t first)
{
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(first + i);
}

static void assert_text(const char *found, const char *expected)
{
	if (!expected)
		assert_null(found);
	else
		assert_string_equal(found, expected);
}

static void assert_same_prompt(const struct prompt_row *a, const struct prompt_row *b)
{
	assert_int_equal(a->id, b->id);
	assert_text(a->path, b->path);
	assert_text(a->stem, b->stem);
	assert_int_equal(a->dev, b->dev);
	assert_int_equal(a->ino, b->ino);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->mtime_ns, b->mtime_ns);
	assert_int_equal(a->ctime_ns, b->ctime_ns);
	assert_memory_equal(a->digest, b->digest, 32);
	assert_int_equal(a->job, b->job);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->shown, b->shown);
	assert_int_equal(a->gone_ms, b->gone_ms);
}

static void assert_same_job(const struct job_row *a, const struct job_row *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->prompt, b->prompt);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->state, b->state);
	assert_memory_equal(a->digest, b->digest, 32);
	assert_text(a->request, b->request);
	assert_text(a->provider, b->provider);
	assert_text(a->model, b->model);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->finished_ms, b->finished_ms);
	assert_text(a->reason, b->reason);
	assert_text(a->hint, b->hint);
	assert_text(a->note, b->note);
	assert_int_equal(a->orphan, b->orphan);
	assert_int_equal(a->same_as, b->same_as);
	assert_int_equal(a->release_serial, b->release_serial);
	assert_int_equal(a->unasked, b->unasked);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->ino, b->ino);
}

static void assert_same_task(const struct task_row *a, const struct task_row *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->job, b->job);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->state, b->state);
	assert_text(a->own_id, b->own_id);
	assert_text(a->task_id, b->task_id);
	assert_int_equal(a->progress, b->progress);
	assert_text(a->urls, b->urls);
	assert_int_equal(a->expires_ms, b->expires_ms);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->next_try_ms, b->next_try_ms);
	assert_int_equal(a->resume, b->resume);
	assert_int_equal(a->submitted_ms, b->submitted_ms);
	assert_int_equal(a->finished_ms, b->finished_ms);
	assert_text(a->file, b->file);
	assert_memory_equal(a->sha256, b->sha256, 32);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->width, b->width);
	assert_int_equal(a->height, b->height);
	assert_text(a->type, b->type);
	assert_text(a->out, b->out);
	assert_int_equal(a->out_dev, b->out_dev);
	assert_int_equal(a->out_ino, b->out_ino);
	assert_true(a->cost_usd >= b->cost_usd && a->cost_usd <= b->cost_usd);
	assert_int_equal(a->counted, b->counted);
	assert_text(a->reason, b->reason);
	assert_text(a->hint, b->hint);
}

static struct prompt_row full_prompt(void)
{
	struct prompt_row row = {
		.path = "a/\xff\xfe b/caf\xc3\xa9.md", .stem = "a/\xff\xfe b/caf\xc3\xa9",
		.dev = UINT64_MAX, .ino = UINT64_MAX - 1, .size = INT64_MAX, .mtime_ns = -3, .ctime_ns = 4,
		.job = 5, .shown = 4, .revision = UINT32_MAX, .gone_ms = 0,
	};

	fill(row.digest, 6);
	return row;
}

static struct job_row full_job(int64_t prompt)
{
	struct job_row row = {
		.prompt = prompt, .revision = 7, .state = STATE_EXPIRED, .request = "model: x\n\na cat\n",
		.provider = "toapis", .model = "nano", .n = 16, .created_ms = 8, .finished_ms = 9,
		.reason = "it's \"so\"", .hint = "", .note = "\xe2\x82\xac", .orphan = true, .same_as = 10,
		.release_serial = UINT64_MAX - 11, .unasked = true, .uid = -1, .gid = UINT32_MAX, .ino = UINT64_MAX - 12,
	};

	fill(row.digest, 12);
	return row;
}

static struct task_row full_task(int64_t job)
{
	struct task_row row = {
		.job = job, .index = 13, .state = STATE_DEFERRED, .own_id = "own", .task_id = "theirs",
		.progress = -1, .urls = "u1\nu2", .expires_ms = 14, .attempts = 15, .next_try_ms = 16,
		.resume = STATE_DOWNLOADING, .submitted_ms = 17, .finished_ms = 18, .file = "f\xff.part",
		.bytes = (uint64_t)1 << 40, .width = 19, .height = 20, .type = "PNG", .out = "out/\x80.png",
		.out_dev = UINT64_MAX - 21, .out_ino = UINT64_MAX - 22, .cost_usd = 0.0625, .counted = true,
		.reason = "r", .hint = "h",
	};

	fill(row.sha256, 0xf0);
	return row;
}

static int keep_task(void *arg, struct task_row *row)
{
	struct task_row *kept = arg;

	*kept = *row;
	memset(row, 0, sizeof(*row));
	return 0;
}

static void a_prompt_comes_back_with_every_column(void **state)
{
	struct place *p = *state;
	struct prompt_row row = full_prompt(), found cleanup_prompt_row = { 0 };

	begin(p);
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	commit(p);
	reopen(p);
	assert_int_equal(p->j->prompt_load(p->j, row.id, &found), 1);
	assert_same_prompt(&found, &row);
}

static void a_job_comes_back_with_every_column(void **state)
{
	struct place *p = *state;
	struct job_row found cleanup_job_row = { 0 };

	begin(p);
	struct job_row row = full_job(add_prompt(p, "a.txt", "a"));
	assert_int_equal(p->j->job_save(p->j, &row), 0);
	commit(p);
	reopen(p);
	assert_int_equal(p->j->job_load(p->j, row.id, &found), 1);
	assert_same_job(&found, &row);
}

static void a_task_comes_back_with_every_column(void **state)
{
	struct place *p = *state;
	struct task_row found cleanup_task_row = { 0 };

	begin(p);
	struct task_row row = full_task(add_job(p, add_prompt(p, "a.txt", "a"), STATE_RUNNING, 0));
	assert_int_equal(p->j->task_save(p->j, &row), 0);
	commit(p);
	reopen(p);
	assert_int_equal(p->j->tasks_of(p->j, row.job, keep_task, &found), 0);
	assert_same_task(&found, &row);
}

static void what_is_null_stays_null(void **state)
{
	struct place *p = *state;
	struct job_row job = { 0 }, found_job cleanup_job_row = { 0 };
	struct task_row task = { .cost_usd = -1 }, found_task cleanup_task_row = { 0 };

	begin(p);
	job.prompt = add_prompt(p, "a.txt", "a");
	assert_int_equal(p->j->job_save(p->j, &job), 0);
	task.job = job.id;
	assert_int_equal(p->j->task_save(p->j, &task), 0);
	commit(p);
	assert_int_equal(p->j->job_load(p->j, job.id, &found_job), 1);
	assert_same_job(&found_job, &job);
	assert_int_equal(p->j->tasks_of(p->j, job.id, keep_task, &found_task), 0);
	assert_same_task(&found_task, &task);
}

static void saving_again_changes_every_column_of_that_row_alone(void **state)
{
	struct place *p = *state;
	struct prompt_row prompt = full_prompt(), found cleanup_prompt_row = { 0 };
	struct job_row found_job cleanup_job_row = { 0 };
	struct task_row found_task cleanup_task_row = { 0 };

	begin(p);
	prompt.id = add_prompt(p, "a.txt", "a");
	int64_t other = add_prompt(p, "b.txt", "b");
	int64_t job = add_job(p, other, STATE_QUEUED, 1);
	int64_t task = add_task(p, job, 1, NULL, 0);
	struct job_row job_row = full_job(other);
	struct task_row task_row = full_task(job);
	job_row.id = job;
	task_row.id = task;
	assert_int_equal(p->j->prompt_save(p->j, &prompt), 0);
	assert_int_equal(p->j->job_save(p->j, &job_row), 0);
	assert_int_equal(p->j->task_save(p->j, &task_row), 0);
	commit(p);

	assert_int_equal(p->j->prompt_load(p->j, prompt.id, &found), 1);
	assert_same_prompt(&found, &prompt);
	assert_int_equal(p->j->job_load(p->j, job, &found_job), 1);
	assert_same_job(&found_job, &job_row);
	assert_int_equal(p->j->tasks_of(p->j, job, keep_task, &found_task), 0);
	assert_same_task(&found_task, &task_row);
	assert_under(p, "b.txt", "b.txt ");
}

static void a_row_that_is_not_there_is_not_saved(void **state)
{
	struct place *p = *state;
	struct prompt_row row = { .id = 99, .path = "a.txt", .stem = "a" };

	begin(p);
	assert_int_equal(p->j->prompt_save(p->j, &row), -ENOENT);
	commit(p);
	assert_under(p, "", "");
}

static void what_is_not_there_is_not_found(void **state)
{
	struct place *p = *state;
	struct prompt_row prompt;
	struct job_row job;
	struct task_row task;
	uint8_t digest[32] = { 0 };

	assert_int_equal(p->j->prompt_load(p->j, 1, &prompt), 0);
	assert_null(prompt.path);
	assert_int_equal(p->j->prompt_by_path(p->j, "a", &prompt), 0);
	assert_int_equal(p->j->prompt_gone_by_path(p->j, "a", &prompt), 0);
	assert_int_equal(p->j->job_load(p->j, 1, &job), 0);
	assert_null(job.request);
	assert_int_equal(p->j->job_by_digest(p->j, digest, INT64_MAX, &job), 0);
	assert_int_equal(p->j->task_by_out(p->j, "out/a.png", &task), 0);
	assert_null(task.out);
}

/* --- prompts ------------------------------------------------------------------------------------ */

static void one_path_has_one_present_prompt(void **state)
{
	struct place *p = *state;
	struct prompt_row second = { .path = "a.txt", .stem = "a" };
	struct prompt_row found cleanup_prompt_row = { 0 };

	begin(p);
	int64_t first = add_prompt(p, "a.txt", "a");
	remove_prompt(p, first, 1000);
	assert_int_equal(p->j->prompt_save(p->j, &second), 0);
	commit(p);
	assert_int_equal(p->j->prompt_by_path(p->j, "a.txt", &found), 1);
	assert_int_equal(found.id, second.id);
}

static void the_one_that_went_last_is_found(void **state)
{
	struct place *p = *state;
	struct prompt_row found cleanup_prompt_row = { 0 };
	static const int64_t when[] = { 1000, 3000, 2000 };
	int64_t ids[3];

	begin(p);
	for (int i = 0; i < 3; i++) {
		ids[i] = add_prompt(p, "a.txt", "a");
		remove_prompt(p, ids[i], when[i]);
	}
	add_prompt(p, "a.txt", "a");
	commit(p);
	assert_int_equal(p->j->prompt_gone_by_path(p->j, "a.txt", &found), 1);
	assert_int_equal(found.id, ids[1]);
}

static void a_file_finds_its_present_prompt(void **state)
{
	struct place *p = *state;
	struct prompt_row row = { .path = "a.txt", .stem = "a", .dev = 7, .ino = UINT64_MAX - 1 };
	struct prompt_row found cleanup_prompt_row = { 0 };

	begin(p);
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	commit(p);
	assert_int_equal(p->j->prompt_by_file(p->j, 7, 1, &found), 0);
	assert_int_equal(p->j->prompt_by_file(p->j, 8, UINT64_MAX - 1, &found), 0);
	assert_int_equal(p->j->prompt_by_file(p->j, 7, UINT64_MAX - 1, &found), 1);
	assert_int_equal(found.id, row.id);
	prompt_row_release(&found);
	begin(p);
	remove_prompt(p, row.id, 1000);
	commit(p);
	assert_int_equal(p->j->prompt_by_file(p->j, 7, UINT64_MAX - 1, &found), 0);
}

static void a_file_with_two_names_finds_both_prompts(void **state)
{
	struct place *p = *state;
	struct prompt_row a = { .path = "a.txt", .stem = "a", .dev = 7, .ino = 5 };
	struct prompt_row b = { .path = "b.txt", .stem = "b", .dev = 7, .ino = 5 };
	struct prompt_row other = { .path = "c.txt", .stem = "c", .dev = 8, .ino = 5 };
	struct buf found cleanup_buf = BUF_INIT;

	begin(p);
	assert_int_equal(p->j->prompt_save(p->j, &a), 0);
	assert_int_equal(p->j->prompt_save(p->j, &b), 0);
	assert_int_equal(p->j->prompt_save(p->j, &other), 0);
	commit(p);
	assert_int_equal(p->j->prompts_by_file(p->j, 7, 5, list_path, &found), 0);
	begin(p);
	remove_prompt(p, a.id, 1000);
	commit(p);
	assert_int_equal(p->j->prompts_by_file(p->j, 7, 5, list_path, &found), 0);
	assert_string_equal(found.data, "a.txt b.txt b.txt ");
}

static void a_stem_finds_its_present_prompts(void **state)
{
	struct place *p = *state;

	begin(p);
	add_prompt(p, "a/cat.md", "a/cat");
	add_prompt(p, "a/cat.txt", "a/cat");
	add_prompt(p, "cat.txt", "cat");
	remove_prompt(p, add_prompt(p, "a/cat.prompt", "a/cat"), 1);
	commit(p);
	assert_of_stem(p, "a/cat", "a/cat.md a/cat.txt ");
	assert_of_stem(p, "a", "");
}

static void a_folder_is_a_binary_prefix(void **state)
{
	struct place *p = *state;
	static const char *const paths[] = {
		"a", "a!", "a-b/x", "a.txt", "a/a", "a/b/c", "a/\x01", "a/\xff\xff", "a0", "a0/x", "ab/x", "A/x",
		"%/x", "_/x", "\xff/x", "\xff\xff/x", "z",
	};

	begin(p);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		add_prompt(p, paths[i], "s");
	remove_prompt(p, add_prompt(p, "a/gone", "s"), 1);
	commit(p);
	assert_under(p, "a", "a a/\x01 a/a a/b/c a/\xff\xff ");
	assert_under(p, "a/b", "a/b/c ");
	assert_under(p, "%", "%/x ");
	assert_under(p, "_", "_/x ");
	assert_under(p, "\xff", "\xff/x ");
	assert_under(p, "a-", "");
	assert_under(p, "", "%/x A/x _/x a a! a-b/x a.txt a/\x01 a/a a/b/c a/\xff\xff a0 a0/x ab/x z "
	             "\xff/x \xff\xff/x ");
}

static int stop_at_b(void *arg, struct prompt_row *row)
{
	list_path(arg, row);
	return strcmp(row->path, "b") == 0 ? 42 : 0;
}

static void an_iteration_stops_with_what_its_function_returns(void **state)
{
	struct place *p = *state;
	struct buf found cleanup_buf = BUF_INIT;

	begin(p);
	add_prompt(p, "a", "a");
	add_prompt(p, "b", "b");
	add_prompt(p, "c", "c");
	commit(p);
	assert_int_equal(p->j->prompts_under(p->j, "", stop_at_b, &found), 42);
	assert_string_equal(found.data, "a b ");
}

static void a_renamed_prompt_gets_path_and_stem(void **state)
{
	struct place *p = *state;

	begin(p);
	add_prompt(p, "a.b/cat.txt", "a.b/cat");
	remove_prompt(p, add_prompt(p, "gone.txt", "gone"), 1);
	assert_int_equal(p->j->prompts_rename(p->j, "a.b/cat.txt", "c.d/dog.v2.md"), 0);
	assert_int_equal(p->j->prompts_rename(p->j, "gone.txt", "here.txt"), 0);
	assert_list(p, p->j->prompts_under, "", list_path_and_stem, "c.d/dog.v2.md=c.d/dog.v2 ");
	assert_int_equal(p->j->prompts_rename(p->j, "c.d/dog.v2.md", "a.b/plain"), 0);
	assert_list(p, p->j->prompts_under, "", list_path_and_stem, "a.b/plain=a.b/plain ");
	commit(p);
}

static void a_renamed_folder_takes_its_prompts_along(void **state)
{
	struct place *p = *state;

	begin(p);
	add_prompt(p, "a/\xff\x80.txt", "a/\xff\x80");
	add_prompt(p, "a/a/x.md", "a/a/x");
	add_prompt(p, "a-b/x.md", "a-b/x");
	add_prompt(p, "a.txt", "a");
	assert_int_equal(p->j->prompts_rename(p->j, "a", "new \xfe/%"), 0);
	commit(p);
	reopen(p);
	assert_list(p, p->j->prompts_under, "", list_path_and_stem,
	            "a-b/x.md=a-b/x a.txt=a new \xfe/%/a/x.md=new \xfe/%/a/x "
	            "new \xfe/%/\xff\x80.txt=new \xfe/%/\xff\x80 ");
	assert_under(p, "new \xfe", "new \xfe/%/a/x.md new \xfe/%/\xff\x80.txt ");
}

static void what_is_renamed_onto_is_gone(void **state)
{
	struct place *p = *state;
	struct prompt_row gone cleanup_prompt_row = { 0 };

	begin(p);
	add_prompt(p, "a/x.txt", "a/x");
	add_prompt(p, "a/y.txt", "a/y");
	add_prompt(p, "b/y.txt", "b/y");
	assert_int_equal(p->j->prompts_rename(p->j, "a/x.txt", "b/y.txt"), 0);
	assert_list(p, p->j->prompts_under, "", list_path_and_stem, "a/y.txt=a/y b/y.txt=b/y ");
	assert_int_equal(p->j->prompts_rename(p->j, "a", "b"), 0);
	assert_list(p, p->j->prompts_under, "", list_path_and_stem, "b/y.txt=b/y ");
	commit(p);
	assert_int_equal(p->j->prompt_gone_by_path(p->j, "b/y.txt", &gone), 1);
}

static void of_two_prompts_of_a_path_the_one_saved_last_is_there(void **state)
{
	struct place *p = *state;
	struct prompt_row row = { .path = (char *)"a.txt", .stem = (char *)"a" };
	struct prompt_row found cleanup_prompt_row = { 0 }, gone cleanup_prompt_row = { 0 };

	begin(p);
	int64_t old = add_prompt(p, "a.txt", "a");
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	assert_true(row.id && row.id != old);
	commit(p);
	assert_int_equal(p->j->prompt_by_path(p->j, "a.txt", &found), 1);
	assert_int_equal(found.id, row.id);
	assert_int_equal(p->j->prompt_gone_by_path(p->j, "a.txt", &gone), 1);
	assert_int_equal(gone.id, old);
}

/* --- jobs --------------------------------------------------------------------------------------- */

static void every_state_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(state_name(STATE_DRAFT), "draft");
	assert_string_equal(state_name(STATE_EXPIRED), "expired");
	for (int a = 0; a < STATE_COUNT; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(state_name((enum job_state)a), state_name((enum job_state)b));
}

static void jobs_that_go_on_by_themselves_are_active(void **state)
{
	struct place *p = *state;
	struct buf active cleanup_buf = BUF_INIT;
	int64_t ids[STATE_COUNT];

	begin(p);
	int64_t prompt = add_prompt(p, "a.txt", "a");
	for (int s = 0; s < STATE_COUNT; s++)
		ids[s] = add_job(p, prompt, (enum job_state)s, 0);
	/* Oldest first, whatever their state. */
	set_state(p, ids[STATE_DRAFT], STATE_STOPPED);
	set_state(p, ids[STATE_FAILED], STATE_HELD);
	commit(p);

	char *expected cleanup_free = xasprintf("%d %d %d %d %d %d %d %d ", (int)ids[STATE_DRAFT],
		(int)ids[STATE_QUEUED], (int)ids[STATE_UPLOADING], (int)ids[STATE_SUBMITTING],
		(int)ids[STATE_RUNNING], (int)ids[STATE_DOWNLOADING], (int)ids[STATE_DEFERRED],
		(int)ids[STATE_STOPPED]);
	assert_int_equal(p->j->jobs_active(p->j, list_job, &active), 0);
	assert_string_equal(active.data, expected);
}

static void the_latest_jobs_come_newest_first(void **state)
{
	struct place *p = *state;
	struct buf two cleanup_buf = BUF_INIT, all cleanup_buf = BUF_INIT, older cleanup_buf = BUF_INIT;

	begin(p);
	int64_t prompt = add_prompt(p, "a.txt", "a"), ids[3];
	for (int i = 0; i < 3; i++)
		ids[i] = add_job(p, prompt, i ? STATE_COMPLETED : STATE_HELD, 0);
	commit(p);
	char *latest cleanup_free = xasprintf("%d %d ", (int)ids[2], (int)ids[1]);
	assert_int_equal(p->j->jobs_latest(p->j, INT64_MAX, 2, list_job, &two), 0);
	assert_string_equal(two.data, latest);
	char *whole cleanup_free = xasprintf("%s%d ", latest, (int)ids[0]);
	assert_int_equal(p->j->jobs_latest(p->j, INT64_MAX, 9, list_job, &all), 0);
	assert_string_equal(all.data, whole);
	assert_int_equal(p->j->jobs_latest(p->j, ids[2], 9, list_job, &older), 0);
	assert_string_equal(older.data, whole + strcspn(whole, " ") + 1);
}

static void every_change_of_a_row_is_counted(void **state)
{
	struct place *p = *state;
	struct job_row row cleanup_job_row = { 0 };
	int64_t before = p->j->changes(p->j);

	begin(p);
	int64_t id = add_job(p, add_prompt(p, "a.txt", "a"), STATE_RUNNING, 0);
	commit(p);
	int64_t added = p->j->changes(p->j);
	assert_int_not_equal(added, before);
	assert_int_equal(p->j->job_load(p->j, id, &row), 1);
	assert_int_equal(p->j->changes(p->j), added);
	begin(p);
	row.state = STATE_COMPLETED;
	assert_int_equal(p->j->job_save(p->j, &row), 0);
	commit(p);
	assert_int_not_equal(p->j->changes(p->j), added);
}

static void a_digest_finds_completed_jobs_newest_first(void **state)
{
	struct place *p = *state;
	struct job_row found = { 0 };
	uint8_t digest[32];

	memset(digest, 7, sizeof(digest));
	begin(p);
	int64_t a = add_prompt(p, "a.txt", "a"), b = add_prompt(p, "b.txt", "b");
	int64_t older = add_job(p, a, STATE_COMPLETED, 7);
	add_job(p, a, STATE_RUNNING, 7);
	int64_t newer = add_job(p, b, STATE_COMPLETED, 7);
	add_job(p, a, STATE_FAILED, 7);
	add_job(p, a, STATE_HELD, 7);
	add_job(p, a, STATE_UNKNOWN, 7);
	add_job(p, a, STATE_COMPLETED, 8);
	commit(p);
	assert_int_equal(p->j->job_by_digest(p->j, digest, INT64_MAX, &found), 1);
	assert_int_equal(found.id, newer);
	job_row_release(&found);
	assert_int_equal(p->j->job_by_digest(p->j, digest, newer, &found), 1);
	assert_int_equal(found.id, older);
	job_row_release(&found);
	assert_int_equal(p->j->job_by_digest(p->j, digest, older, &found), 0);
}

static int64_t add_sent(struct place *p, int64_t prompt, enum job_state state, enum job_state resume)
{
	struct task_row row = { .job = add_job(p, prompt, state, 7), .index = 1, .state = state, .resume = resume };

	assert_int_equal(p->j->task_save(p->j, &row), 0);
	return row.job;
}

static void a_digest_finds_what_was_sent_and_waits_for_a_person(void **state)
{
	struct place *p = *state;
	int64_t before = INT64_MAX;
	uint8_t digest[32];

	memset(digest, 7, sizeof(digest));
	begin(p);
	int64_t a = add_prompt(p, "a.txt", "a");
	int64_t owed[] = { add_sent(p, a, STATE_UNKNOWN, STATE_DRAFT), add_sent(p, a, STATE_HELD, STATE_RUNNING),
	                   add_sent(p, a, STATE_STOPPED, STATE_DOWNLOADING) };
	add_sent(p, a, STATE_HELD, STATE_QUEUED);
	add_sent(p, a, STATE_STOPPED, STATE_QUEUED);
	add_sent(p, a, STATE_RUNNING, STATE_RUNNING);
	add_sent(p, a, STATE_COMPLETED, STATE_RUNNING);
	commit(p);
	for (size_t i = ARRAY_LEN(owed); i-- > 0;) {
		struct task_row found cleanup_task_row = { 0 };
		assert_int_equal(p->j->task_owed(p->j, digest, 1, before, &found), 1);
		assert_int_equal(found.job, owed[i]);
		before = found.job;
	}
	struct task_row none cleanup_task_row = { 0 };
	assert_int_equal(p->j->task_owed(p->j, digest, 1, before, &none), 0);
	assert_int_equal(p->j->task_owed(p->j, digest, 2, INT64_MAX, &none), 0);
}

static void assert_counts(struct place *p, uint64_t held, uint64_t queued, uint64_t completed)
{
	uint64_t counts[STATE_COUNT];

	assert_int_equal(p->j->job_counts(p->j, counts), 0);
	for (int s = 0; s < STATE_COUNT; s++)
		assert_int_equal(counts[s], s == STATE_HELD ? held : s == STATE_QUEUED ? queued
		                 : s == STATE_COMPLETED ? completed : 0);
}

static void jobs_are_counted_as_they_change(void **state)
{
	struct place *p = *state;

	assert_counts(p, 0, 0, 0);
	begin(p);
	int64_t prompt = add_prompt(p, "a.txt", "a");
	int64_t a = add_job(p, prompt, STATE_QUEUED, 0), b = add_job(p, prompt, STATE_QUEUED, 0);
	add_job(p, prompt, STATE_HELD, 0);
	assert_counts(p, 1, 2, 0);
	set_state(p, a, STATE_COMPLETED);
	set_state(p, b, STATE_QUEUED);
	commit(p);
	reopen(p);
	assert_counts(p, 1, 1, 1);
	begin(p);
	set_state(p, b, STATE_COMPLETED);
	p->j->rollback(p->j);
	assert_counts(p, 1, 1, 1);
}

static void a_job_needs_its_prompt_and_a_task_its_job(void **state)
{
	struct place *p = *state;
	struct job_row job = { .prompt = 77 };
	struct task_row task = { .job = 77, .index = 1 };

	begin(p);
	assert_int_equal(p->j->job_save(p->j, &job), -EINVAL);
	assert_int_equal(p->j->task_save(p->j, &task), -EINVAL);
	commit(p);
}

/* --- tasks -------------------------------------------------------------------------------------- */

static void a_picture_has_one_task(void **state)
{
	struct place *p = *state;
	struct buf found cleanup_buf = BUF_INIT;

	begin(p);
	int64_t prompt = add_prompt(p, "a.txt", "a");
	int64_t job = add_job(p, prompt, STATE_QUEUED, 0), other = add_job(p, prompt, STATE_QUEUED, 0);
	add_task(p, job, 2, NULL, 0);
	add_task(p, other, 2, NULL, 0);
	add_task(p, job, 10, NULL, 0);
	add_task(p, job, 1, NULL, 0);
	struct task_row twice = { .job = job, .index = 2 };
	assert_int_equal(p->j->task_save(p->j, &twice), -EEXIST);
	commit(p);
	assert_int_equal(p->j->tasks_of(p->j, job, list_task, &found), 0);
	assert_string_equal(found.data, "1 2 10 ");
}

static void assert_out(struct place *p, const char *out, int64_t task)
{
	struct task_row row cleanup_task_row = { 0 };

	assert_int_equal(p->j->task_by_out(p->j, out, &row), task ? 1 : 0);
	assert_int_equal(row.id, task);
	if (task)
		assert_string_equal(row.out, out);
}

static void a_published_path_finds_its_newest_task(void **state)
{
	struct place *p = *state;

	begin(p);
	int64_t job = add_job(p, add_prompt(p, "a.txt", "a"), STATE_COMPLETED, 0);
	add_task(p, job, 1, "out/a.png", 1000);
	int64_t newest_one = add_task(p, job, 2, "out/a.png", 3000);
	add_task(p, job, 3, "out/a.png", 2000);
	commit(p);
	assert_out(p, "out/a.png", newest_one);
	assert_out(p, "out/a", 0);
}

static void pictures_follow_a_rename(void **state)
{
	struct place *p = *state;

	begin(p);
	int64_t job = add_job(p, add_prompt(p, "a.txt", "a"), STATE_COMPLETED, 0);
	int64_t in = add_task(p, job, 1, "out/a/\xff.png", 0);
	int64_t beside = add_task(p, job, 2, "out/a-b/x.png", 0);
	int64_t file = add_task(p, job, 3, "out/a.png", 0);
	add_task(p, job, 4, NULL, 0);
	assert_int_equal(p->j->outs_rename(p->j, "out/a", "history/\xfe"), 0);
	assert_int_equal(p->j->outs_rename(p->j, "out/a.png", "out/b.png"), 0);
	commit(p);
	reopen(p);
	assert_out(p, "history/\xfe/\xff.png", in);
	assert_out(p, "out/a/\xff.png", 0);
	assert_out(p, "out/a-b/x.png", beside);
	assert_out(p, "out/b.png", file);
}

/* --- uploads, spending, facts -------------------------------------------------------------------- */

static void an_upload_is_remembered_until_it_is_too_old(void **state)
{
	struct place *p = *state;
	uint8_t one[32], two[32];
	char *url;

	fill(one, 1);
	fill(two, 2);
	begin(p);
	assert_int_equal(p->j->upload_put(p->j, "toapis", one, "https://x/1", 1000), 0);
	commit(p);
	assert_int_equal(p->j->upload_get(p->j, "toapis", one, 999, &url), 1);
	assert_string_equal(url, "https://x/1");
	free(url);
	assert_int_equal(p->j->upload_get(p->j, "toapis", one, 1000, &url), 0);
	assert_null(url);
	assert_int_equal(p->j->upload_get(p->j, "toapis", two, 0, &url), 0);
	assert_int_equal(p->j->upload_get(p->j, "other", one, 0, &url), 0);

	begin(p);
	assert_int_equal(p->j->upload_put(p->j, "toapis", one, "https://x/2", 2000), 0);
	assert_int_equal(p->j->upload_get(p->j, "toapis", one, 1000, &url), 1);
	assert_string_equal(url, "https://x/2");
	free(url);
	assert_int_equal(p->j->upload_forget(p->j, "toapis", one), 0);
	assert_int_equal(p->j->upload_get(p->j, "toapis", one, 0, &url), 0);
	commit(p);
}

static void spending_adds_up_by_day(void **state)
{
	struct place *p = *state;
	int64_t total;
	int pictures = 99;
	double usd = 99;

	assert_int_equal(p->j->spent_get(p->j, 20250101, &pictures, &usd), 0);
	assert_int_equal(pictures, 0);
	assert_true(usd >= 0 && usd <= 0);
	begin(p);
	assert_int_equal(p->j->spent_add(p->j, 20250101, 2, 0.25), 0);
	assert_int_equal(p->j->spent_add(p->j, 20250101, 1, 0.5), 0);
	assert_int_equal(p->j->spent_add(p->j, 20250102, 7, 0), 0);
	commit(p);
	reopen(p);
	assert_int_equal(p->j->spent_get(p->j, 20250101, &pictures, &usd), 0);
	assert_int_equal(pictures, 3);
	assert_true(usd >= 0.75 && usd <= 0.75);
	assert_int_equal(p->j->spent_total(p->j, &total, &usd), 0);
	assert_int_equal(total, 10);
	assert_true(usd >= 0.75 && usd <= 0.75);
}

static void a_fact_is_kept_replaced_and_forgotten(void **state)
{
	struct place *p = *state;
	char *value;

	begin(p);
	assert_int_equal(p->j->fact_set(p->j, "host", "one"), 0);
	assert_int_equal(p->j->fact_set(p->j, "host", "two"), 0);
	assert_int_equal(p->j->fact_set(p->j, "gone", "x"), 0);
	assert_int_equal(p->j->fact_set(p->j, "gone", NULL), 0);
	commit(p);
	reopen(p);
	assert_int_equal(p->j->fact_get(p->j, "host", &value), 1);
	assert_string_equal(value, "two");
	free(value);
	assert_int_equal(p->j->fact_get(p->j, "gone", &value), 0);
	assert_null(value);
}

/* --- transactions ------------------------------------------------------------------------------- */

static void a_rollback_gives_up_everything_since_begin(void **state)
{
	struct place *p = *state;

	begin(p);
	add_prompt(p, "kept.txt", "kept");
	commit(p);
	begin(p);
	add_prompt(p, "lost.txt", "lost");
	assert_int_equal(p->j->prompts_rename(p->j, "kept.txt", "moved.txt"), 0);
	assert_under(p, "", "lost.txt moved.txt ");
	p->j->rollback(p->j);
	assert_under(p, "", "kept.txt ");
	begin(p);
	add_prompt(p, "later.txt", "later");
	commit(p);
	assert_under(p, "", "kept.txt later.txt ");
}

static void a_transaction_that_met_a_full_disk_is_given_up_as_a_whole(void **state)
{
	struct place *p = *state;
	char big[64 * 1024];
	struct job_row job = { .request = big };
	struct prompt_row after = { .path = "after.txt", .stem = "after" };

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	begin(p);
	int64_t prompt = add_prompt(p, "before.txt", "before");
	commit(p);
	/* Room for one such job, as 64 KiB are 16 pages; not for two. */
	char *limit cleanup_free = xasprintf("PRAGMA max_page_count = %d", pragma("page_count") + 25);
	assert_int_equal(sqlite3_exec(newest, limit, NULL, NULL, NULL), SQLITE_OK);

	begin(p);
	add_prompt(p, "with.txt", "with");
	job.prompt = prompt;
	assert_int_equal(p->j->job_save(p->j, &job), 0);
	job.id = 0;
	assert_int_equal(p->j->job_save(p->j, &job), -ENOSPC);
	assert_int_equal(p->j->prompt_save(p->j, &after), -ENOSPC);
	assert_int_equal(p->j->commit(p->j), -ENOSPC);
	p->j->rollback(p->j);         /* as callers do after any failure: there is nothing left */
	assert_under(p, "", "before.txt ");

	begin(p);
	assert_int_equal(p->j->prompt_save(p->j, &after), 0);
	commit(p);
	assert_under(p, "", "after.txt before.txt ");
}

/* In a child: commits a.txt, saves b.txt without commit, then says so and waits to be killed. */
static void write_and_wait(struct place *p, int said)
{
	reopen(p);
	begin(p);
	add_prompt(p, "a.txt", "a");
	commit(p);
	begin(p);
	add_prompt(p, "b.txt", "b");
	(void)!write(said, "x", 1);
	pause();
	_exit(1);
}

static void after_kill_9_what_was_committed_is_there_and_nothing_else(void **state)
{
	struct place *p = *state;
	int said[2], status;
	char byte;

	assert_int_equal(pipe(said), 0);
	pid_t child = fork();
	if (child == 0)
		write_and_wait(p, said[1]);
	close(said[1]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);

	reopen(p);
	assert_false(p->opened.created);
	assert_true(p->opened.unclean);
	assert_under(p, "", "a.txt ");
}

/* --- opening ------------------------------------------------------------------------------------ */

static void opening_says_whether_it_is_new_and_was_closed(void **state)
{
	struct place *p = *state;

	reopen(p);
	assert_true(p->opened.created);
	assert_false(p->opened.unclean);
	reopen(p);
	assert_false(p->opened.created);
	assert_false(p->opened.unclean);
}

/* --- damage ------------------------------------------------------------------------------------- */

static void close_it(struct place *p)
{
	p->j->close(p->j);
	p->j = NULL;
}

/* Ends without closing: a child writes, and is killed by itself. */
static void end_badly(struct place *p)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		reopen(p);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
}

static int check_all(struct place *p)
{
	int rc;

	while ((rc = p->j->check(p->j)) == 1)
		;
	return rc;
}

static void after_an_unclean_end_it_is_suspect_until_it_was_checked(void **state)
{
	struct place *p = *state;

	end_badly(p);
	reopen(p);
	assert_true(p->opened.unclean);
	assert_true(p->opened.suspect);
	assert_int_equal(p->j->check(p->j), 1);       /* the file is read … */
	assert_int_equal(p->j->check(p->j), 1);       /* … and one table checked */
	reopen(p);                    /* a clean end, but before the check was through */
	assert_false(p->opened.unclean);
	assert_true(p->opened.suspect);
	assert_int_equal(check_all(p), 0);
	reopen(p);
	assert_false(p->opened.unclean);
	assert_false(p->opened.suspect);
}

/* Some tables of several pages, and nothing in the log. */
static void fill_and_close(struct place *p)
{
	reopen(p);
	begin(p);
	for (int i = 0; i < 60; i++) {
		char *path cleanup_free = xasprintf("folder/prompt-%03d.txt", i);
		char *out cleanup_free = xasprintf("out/folder/prompt-%03d.png", i);
		int64_t job = add_job(p, add_prompt(p, path, path), STATE_COMPLETED, (uint8_t)i);
		add_task(p, job, 1, out, i);
	}
	commit(p);
	close_it(p);
}

enum { PAGE = 4096 };

static off_t pages_of(struct place *p)
{
	struct stat st;

	assert_int_equal(fstatat(p->fd, "journal.db", &st, 0), 0);
	return st.st_size / PAGE;
}

/* Exchanges a page for what stands in buffer. */
static void exchange_page(struct place *p, off_t number, char buffer[PAGE])
{
	char before[PAGE];
	int fd = openat(p->fd, "journal.db", O_RDWR | O_CLOEXEC);

	assert_int_equal(pread(fd, before, PAGE, number * PAGE), PAGE);
	assert_int_equal(pwrite(fd, buffer, PAGE, number * PAGE), PAGE);
	memcpy(buffer, before, PAGE);
	close(fd);
}

static void garbage(char page[PAGE], unsigned seed)
{
	for (int i = 0; i < PAGE; i++)
		page[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
}

/* What opening and checking say of the journal. */
static int opens_and_checks(struct place *p)
{
	struct error err cleanup_error = ERROR_INIT;
	int rc = try_open(p, &err);

	if (rc < 0) {
		p->j = NULL;
		return rc;
	}
	rc = check_all(p);
	assert_int_equal(p->j->damage(p->j), rc);
	close_it(p);
	return rc;
}

static void garbage_in_any_page_is_found(void **state)
{
	struct place *p = *state;
	char page[PAGE];

	fill_and_close(p);
	off_t count = pages_of(p);
	assert_true(count > 15);
	for (off_t i = 0; i < count; i++) {
		garbage(page, (unsigned)i);
		exchange_page(p, i, page);
		if (opens_and_checks(p) != -EUCLEAN)
			fail_msg("garbage in page %d of %d was not found", (int)i, (int)count);
		unlinkat(p->fd, "journal.db-wal", 0);
		exchange_page(p, i, page);
		assert_int_equal(opens_and_checks(p), 0);
	}
}

static void a_journal_that_was_cut_off_is_found(void **state)
{
	struct place *p = *state;
	char *name cleanup_free = xasprintf("%s/journal.db", p->path);

	fill_and_close(p);
	for (off_t left = pages_of(p) - 1; left > 0; left -= 3) {
		assert_int_equal(truncate(name, left * PAGE - 100), 0);
		assert_int_equal(opens_and_checks(p), -EUCLEAN);
		unlinkat(p->fd, "journal.db-wal", 0);
	}
}

/* Where the index of prompts by path begins, while no journal is open; counted from 0. */
static off_t page_of_paths(struct place *p)
{
	char *name cleanup_free = xasprintf("%s/journal.db", p->path);
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'prompts_path'",
	                                    -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	off_t page = sqlite3_column_int(stmt, 0) - 1;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return page;
}

/* Nothing that was read then is true: a prompt that is not found might have been paid for. */
static void after_a_read_met_damage_nothing_is_written(void **state)
{
	struct place *p = *state;
	struct prompt_row found cleanup_prompt_row = { 0 };
	char page[PAGE];

	fill_and_close(p);
	garbage(page, 1);
	exchange_page(p, page_of_paths(p), page);
	reopen(p);
	assert_false(p->opened.suspect);
	assert_int_equal(p->j->damage(p->j), 0);
	assert_int_equal(p->j->prompt_by_path(p->j, "folder/prompt-003.txt", &found), -EUCLEAN);
	assert_int_equal(p->j->damage(p->j), -EUCLEAN);
	assert_int_equal(p->j->begin(p->j), -EUCLEAN);
	reopen(p);
	assert_true(p->opened.suspect);
}

static void rows_of_another_journal_keep_their_ids(void **state)
{
	struct place *p = *state;
	struct prompt_row found cleanup_prompt_row = { 0 };
	struct prompt_row row = { .id = 70, .path = (char *)"a.txt", .stem = (char *)"a" };

	p->j->keep_ids(p->j, 71);
	begin(p);
	assert_int_equal(add_prompt(p, "new.txt", "new"), 71);
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	row.revision = 3;
	assert_int_equal(p->j->prompt_save(p->j, &row), 0);
	assert_int_equal(add_prompt(p, "b.txt", "b"), 72);
	commit(p);
	assert_int_equal(p->j->prompt_load(p->j, 70, &found), 1);
	assert_string_equal(found.path, "a.txt");
	assert_int_equal(found.revision, 3);
}

static void an_empty_file_becomes_a_new_journal(void **state)
{
	struct place *p = *state;

	write_file(p, "journal.db", "", 0);
	reopen(p);
	assert_true(p->opened.created);
}

static void it_is_private_and_needs_no_shared_memory_file(void **state)
{
	struct place *p = *state;
	struct stat st;

	begin(p);
	add_prompt(p, "a.txt", "a");
	commit(p);
	assert_true(exists(p, "journal.db-wal"));
	assert_false(exists(p, "journal.db-shm"));
	assert_int_equal(fstatat(p->fd, "journal.db", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fstatat(p->fd, "journal.db-wal", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	p->j->close(p->j);
	p->j = NULL;
	assert_false(exists(p, "journal.db-wal"));
}

static void every_commit_is_synced(void **state)
{
	sqlite3_stmt *stmt;

	(void)state;
	assert_int_equal(pragma("synchronous"), 2);
	assert_int_equal(sqlite3_prepare_v2(newest, "PRAGMA journal_mode", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "wal");
	sqlite3_finalize(stmt);
}

static void its_folder_may_be_renamed_or_hidden_meanwhile(void **state)
{
	struct place *p = *state;
	char *moved = xasprintf("%s.moved", p->path);

	assert_int_equal(rename(p->path, moved), 0);
	free(p->path);
	p->path = moved;
	reopen(p);
	begin(p);
	add_prompt(p, "a.txt", "a");
	commit(p);
	assert_true(exists(p, "journal.db-wal"));
	reopen(p);
	assert_false(p->opened.created);
	assert_false(p->opened.unclean);
	assert_under(p, "", "a.txt ");
}

static void assert_refused(struct place *p, int code, const char *words)
{
	struct error err cleanup_error = ERROR_INIT;

	assert_int_equal(try_open(p, &err), -code);
	p->j = NULL;
	assert_int_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_non_null(err.hint);
}

static void an_older_schema_is_brought_up_to_date(void **state)
{
	struct place *p = *state;
	struct prompt_row found cleanup_prompt_row = { 0 };

	reopen(p);
	begin(p);
	add_prompt(p, "a.txt", "a");
	commit(p);
	p->j->close(p->j);
	p->j = NULL;
	sql(p, "DROP INDEX prompts_file; ALTER TABLE jobs DROP COLUMN unasked; ALTER TABLE jobs DROP COLUMN uid;"
	       "ALTER TABLE jobs DROP COLUMN gid; ALTER TABLE jobs DROP COLUMN ino; PRAGMA user_version = 1");
	reopen(p);
	assert_int_equal(p->j->prompt_by_path(p->j, "a.txt", &found), 1);
	p->j->close(p->j);
	p->j = NULL;
	sql(p, "DROP INDEX prompts_file");    /* it is there again */
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	struct place *p = *state;

	reopen(p);
	begin(p);
	add_prompt(p, "a.txt", "a");
	commit(p);
	p->j->close(p->j);
	p->j = NULL;
	sql(p, "PRAGMA user_version = 7");
	assert_refused(p, EPROTO, "written by a newer easelfs (schema 7, this one knows 4)");
	sql(p, "PRAGMA user_version = 4");
	reopen(p);
	assert_false(p->opened.unclean);
	assert_under(p, "", "a.txt ");
}

static void a_journal_with_programs_of_others_is_refused(void **state)
{
	static const char *const programs[][2] = {
		{ "CREATE TRIGGER more AFTER UPDATE ON jobs BEGIN UPDATE jobs SET state = 1; END", "DROP TRIGGER more" },
		{ "CREATE VIEW more AS SELECT * FROM jobs", "DROP VIEW more" },
		{ "DROP TRIGGER jobs_counted; CREATE TRIGGER jobs_counted AFTER INSERT ON jobs BEGIN DELETE FROM facts; END",
		  "DROP TRIGGER jobs_counted" },
	};
	struct place *p = *state;

	reopen(p);
	p->j->close(p->j);
	p->j = NULL;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		sql(p, programs[i][0]);
		assert_refused(p, EUCLEAN, "programs that are not ours");
		sql(p, programs[i][1]);
	}
	/* Nor is one that lacks some. */
	assert_refused(p, EUCLEAN, "programs that are not ours");
}

static void garbage_is_refused(void **state)
{
	struct place *p = *state;
	char big[8192];

	memset(big, 'g', sizeof(big));
	write_file(p, "journal.db", "hello\n", 6);
	assert_refused(p, EUCLEAN, "not a journal");
	write_file(p, "journal.db", big, sizeof(big));
	assert_refused(p, EUCLEAN, "not a journal");
}

static void a_database_of_another_program_is_refused(void **state)
{
	struct place *p = *state;

	sql(p, "CREATE TABLE prompts (id INTEGER PRIMARY KEY)");
	assert_refused(p, EUCLEAN, "another program");
}

static void a_journal_without_its_tables_is_refused(void **state)
{
	struct place *p = *state;

	reopen(p);
	p->j->close(p->j);
	p->j = NULL;
	sql(p, "DROP TABLE tasks");
	assert_refused(p, EUCLEAN, "no such table");
}

static void a_folder_in_its_place_is_refused(void **state)
{
	struct place *p = *state;
	struct error err cleanup_error = ERROR_INIT;

	assert_int_equal(mkdirat(p->fd, "journal.db", 0700), 0);
	assert_int_equal(try_open(p, &err), -EISDIR);
	p->j = NULL;
	assert_non_null(strstr(err.text, "journal.db"));
	unlinkat(p->fd, "journal.db", AT_REMOVEDIR);
}

static void a_journal_that_another_program_has_open_is_refused(void **state)
{
	struct place *p = *state;
	int said[2], status;
	char byte;

	assert_int_equal(pipe(said), 0);
	pid_t child = fork();
	if (child == 0)
		write_and_wait(p, said[1]);
	close(said[1]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	assert_refused(p, EBUSY, "in use");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* --- iterations and size ------------------------------------------------------------------------ */

struct nested { struct place *p; struct buf seen; };

static int rename_the_rest(void *arg, struct prompt_row *row)
{
	struct nested *n = arg;
	struct prompt_row other cleanup_prompt_row = { 0 };
	struct buf inner cleanup_buf = BUF_INIT;

	buf_fmt(&n->seen, "%s ", row->path);
	assert_int_equal(n->p->j->prompts_under(n->p->j, "", list_path, &inner), 0);
	if (strcmp(row->path, "a.txt") == 0) {
		assert_int_equal(n->p->j->prompts_rename(n->p->j, "b.txt", "x.txt"), 0);
		assert_int_equal(n->p->j->prompt_by_path(n->p->j, "c.txt", &other), 1);
		remove_prompt(n->p, other.id, 5);
		add_prompt(n->p, "new.txt", "new");
	}
	return 0;
}

static void a_callback_may_read_and_write(void **state)
{
	struct place *p = *state;
	struct nested n = { p, BUF_INIT };

	begin(p);
	add_prompt(p, "a.txt", "a");
	add_prompt(p, "b.txt", "b");
	add_prompt(p, "c.txt", "c");
	add_prompt(p, "d.txt", "d");
	assert_int_equal(p->j->prompts_under(p->j, "", rename_the_rest, &n), 0);
	commit(p);
	assert_string_equal(n.seen.data, "a.txt x.txt d.txt ");
	assert_under(p, "", "a.txt d.txt new.txt x.txt ");
	buf_release(&n.seen);
}

static int finish_job(void *arg, struct job_row *row)
{
	struct place *p = arg;

	begin(p);
	set_state(p, row->id, STATE_COMPLETED);
	commit(p);
	return 0;
}

static void a_callback_may_run_transactions(void **state)
{
	struct place *p = *state;

	begin(p);
	int64_t prompt = add_prompt(p, "a.txt", "a");
	for (int i = 0; i < 3; i++)
		add_job(p, prompt, STATE_QUEUED, 0);
	commit(p);
	assert_int_equal(p->j->jobs_active(p->j, finish_job, p), 0);
	assert_counts(p, 0, 0, 3);
}

/* Says how SQLite means to answer a statement. */
static void plan_of(const char *text, struct buf *plan)
{
	char *explain cleanup_free = xasprintf("EXPLAIN QUERY PLAN %s", text);
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(newest, explain, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		buf_fmt(plan, "%s; ", (const char *)sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
}

/* The list of all prompts is the one thing that may read a whole table, in the order of its index; of what
 * was spent there is a row a day. */
static void no_statement_scans_a_table(void **state)
{
	int count = 0;

	(void)state;
	for (sqlite3_stmt *s = sqlite3_next_stmt(newest, NULL); s; s = sqlite3_next_stmt(newest, s)) {
		struct buf plan cleanup_buf = BUF_INIT;
		plan_of(sqlite3_sql(s), &plan);
		const char *scan = plan.data ? strstr(plan.data, "SCAN ") : NULL;
		if (scan && !str_starts_with(scan, "SCAN job_counts") && !str_starts_with(scan, "SCAN spent")
		    && !str_starts_with(scan, "SCAN prompts USING INDEX prompts_path;")
		    && !str_starts_with(scan, "SCAN prompts USING COVERING INDEX prompts_path;"))
			fail_msg("%s: %s", sqlite3_sql(s), plan.data);
		count++;
	}
	assert_true(count > 30);
}

static void many_finished_jobs_do_not_slow_a_start(void **state)
{
	enum { MANY = 20000 };
	struct place *p = *state;
	struct buf active cleanup_buf = BUF_INIT;
	struct prompt_row found cleanup_prompt_row = { 0 };

	begin(p);
	for (int i = 0; i < MANY; i++) {
		char *path cleanup_free = xasprintf("d%d/p%d.txt", i % 100, i);
		char *out cleanup_free = xasprintf("out/d%d/p%d.png", i % 100, i);
		int64_t job = add_job(p, add_prompt(p, path, path), STATE_COMPLETED, (uint8_t)i);
		add_task(p, job, 1, out, i);
	}
	commit(p);

	int64_t before = clock_mono_ms();
	reopen(p);
	assert_int_equal(p->j->jobs_active(p->j, list_job, &active), 0);
	assert_int_equal(active.len, 0);
	assert_int_equal(p->j->prompt_by_path(p->j, "d99/p19999.txt", &found), 1);
	assert_counts(p, 0, 0, MANY);
	int64_t took = clock_mono_ms() - before;
	print_message("# opened and asked in %lld ms\n", (long long)took);
	assert_true(took < 1000);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define T_CLOSED(test) cmocka_unit_test_setup_teardown(test, setup_closed, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_prompt_comes_back_with_every_column),
		T(a_job_comes_back_with_every_column),
		T(a_task_comes_back_with_every_column),
		T(what_is_null_stays_null),
		T(saving_again_changes_every_column_of_that_row_alone),
		T(a_row_that_is_not_there_is_not_saved),
		T(what_is_not_there_is_not_found),
		T(one_path_has_one_present_prompt),
		T(the_one_that_went_last_is_found),
		T(a_file_finds_its_present_prompt),
		T(a_file_with_two_names_finds_both_prompts),
		T(a_stem_finds_its_present_prompts),
		T(a_folder_is_a_binary_prefix),
		T(an_iteration_stops_with_what_its_function_returns),
		T(a_renamed_prompt_gets_path_and_stem),
		T(a_renamed_folder_takes_its_prompts_along),
		T(what_is_renamed_onto_is_gone),
		T(of_two_prompts_of_a_path_the_one_saved_last_is_there),
		T(every_state_has_a_name_of_its_own),
		T(jobs_that_go_on_by_themselves_are_active),
		T(the_latest_jobs_come_newest_first),
		T(every_change_of_a_row_is_counted),
		T(a_digest_finds_completed_jobs_newest_first),
		T(a_digest_finds_what_was_sent_and_waits_for_a_person),
		T(jobs_are_counted_as_they_change),
		T(a_job_needs_its_prompt_and_a_task_its_job),
		T(a_picture_has_one_task),
		T(a_published_path_finds_its_newest_task),
		T(pictures_follow_a_rename),
		T(an_upload_is_remembered_until_it_is_too_old),
		T(spending_adds_up_by_day),
		T(a_fact_is_kept_replaced_and_forgotten),
		T(a_rollback_gives_up_everything_since_begin),
		T(a_transaction_that_met_a_full_disk_is_given_up_as_a_whole),
		T_CLOSED(after_kill_9_what_was_committed_is_there_and_nothing_else),
		T_CLOSED(opening_says_whether_it_is_new_and_was_closed),
		T_CLOSED(after_an_unclean_end_it_is_suspect_until_it_was_checked),
		T_CLOSED(garbage_in_any_page_is_found),
		T_CLOSED(a_journal_that_was_cut_off_is_found),
		T_CLOSED(after_a_read_met_damage_nothing_is_written),
		T(rows_of_another_journal_keep_their_ids),
		T_CLOSED(an_empty_file_becomes_a_new_journal),
		T(it_is_private_and_needs_no_shared_memory_file),
		T(every_commit_is_synced),
		T_CLOSED(its_folder_may_be_renamed_or_hidden_meanwhile),
		T_CLOSED(an_older_schema_is_brought_up_to_date),
		T_CLOSED(a_newer_schema_is_refused_and_left_alone),
		T_CLOSED(a_journal_with_programs_of_others_is_refused),
		T_CLOSED(garbage_is_refused),
		T_CLOSED(a_database_of_another_program_is_refused),
		T_CLOSED(a_journal_without_its_tables_is_refused),
		T_CLOSED(a_folder_in_its_place_is_refused),
		T_CLOSED(a_journal_that_another_program_has_open_is_refused),
		T(a_callback_may_read_and_write),
		T(a_callback_may_run_transactions),
		T(no_statement_scans_a_table),
		T(many_finished_jobs_do_not_slow_a_start),
	};

	sqlite3_auto_extension((void (*)(void))remember);
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
