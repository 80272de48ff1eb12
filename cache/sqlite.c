/*
 * The journal in SQLite: one file, one connection, one thread.  sqlite_db.c keeps the connection,
 * sqlite_row.c knows the columns, sqlite_schema.h the tables; here is what is asked.
 *
 * No statement stays half-way: each is reset before the function that ran it returns, and before any
 * callback is called.  Iterations collect ids first, then load row after row; so callbacks may read
 * and write as they like, and a row that they changed is seen as they left it.
 */
#include "journal.h"
#include "sqlite_db.h"
#include "sqlite_row.h"

#include <errno.h>
#include <string.h>

enum statement {
	PROMPT_INSERT, PROMPT_UPDATE, PROMPT_LOAD, PROMPT_BY_PATH, PROMPT_GONE_BY_PATH,
	PROMPT_BY_FILE,
	PROMPT_IDS, PROMPT_IDS_AT, PROMPT_IDS_IN, PROMPT_IDS_OF_STEM, PROMPT_IDS_OF_FILE,
	PROMPT_RENAME, PROMPTS_RENAME_IN, PROMPT_YIELDS, PROMPTS_YIELD_IN,
	JOB_INSERT, JOB_UPDATE, JOB_LOAD, JOB_BY_DIGEST, JOB_IDS_ACTIVE, JOB_IDS_LATEST, JOB_COUNTS,
	TASK_INSERT, TASK_UPDATE, TASK_LOAD, TASK_IDS_OF_JOB, TASK_BY_OUT, TASK_OWED, OUT_RENAME, OUTS_RENAME_IN,
	UPLOAD_GET, UPLOAD_PUT, UPLOAD_FORGET,
	SPENT_ADD, SPENT_GET, SPENT_TOTAL,
	FACT_GET, FACT_SET, FACT_FORGET,
	STATEMENT_COUNT
};

/*
 * `path >= 'a/' AND path < 'a0'` is everything in the folder a, by index, as '0' follows '/'.
 * `||` makes text of blobs without looking at the bytes; the cast makes it a blob again.  A `+`
 * before a column keeps SQLite from choosing the index of that one.
 */
static const struct { const struct row_type *type; const char *text; } statements[] = {
	[PROMPT_INSERT] = { &prompt_row_type,
		"INSERT INTO prompts (@names, id) VALUES (@values, ?)" },
	[PROMPT_UPDATE] = { &prompt_row_type, "UPDATE prompts SET @sets WHERE id = ?" },
	[PROMPT_LOAD] = { &prompt_row_type, "SELECT @names, id FROM prompts WHERE id = ?" },
	[PROMPT_BY_PATH] = { &prompt_row_type,
		"SELECT @names, id FROM prompts WHERE path = ? AND gone_ms = 0" },
	[PROMPT_GONE_BY_PATH] = { &prompt_row_type,
		"SELECT @names, id FROM prompts WHERE path = ? AND gone_ms <> 0"
		" ORDER BY gone_ms DESC, id DESC LIMIT 1" },
	[PROMPT_BY_FILE] = { &prompt_row_type,
		"SELECT @names, id FROM prompts WHERE ino = ? AND dev = ? AND gone_ms = 0 LIMIT 1" },
	[PROMPT_IDS] = { NULL, "SELECT id FROM prompts WHERE gone_ms = 0 ORDER BY path" },
	[PROMPT_IDS_AT] = { NULL, "SELECT id FROM prompts WHERE path = ? AND gone_ms = 0" },
	[PROMPT_IDS_IN] = { NULL,
		"SELECT id FROM prompts WHERE path >= ? AND path < ? AND gone_ms = 0 ORDER BY path" },
	[PROMPT_IDS_OF_STEM] = { NULL,
		"SELECT id FROM prompts WHERE stem = ? AND gone_ms = 0 ORDER BY id" },
	[PROMPT_IDS_OF_FILE] = { NULL,
		"SELECT id FROM prompts WHERE ino = ? AND dev = ? AND gone_ms = 0 ORDER BY id" },
	[PROMPT_RENAME] = { NULL,
		"UPDATE prompts SET path = ?2, stem = ?3 WHERE path = ?1 AND gone_ms = 0" },
	[PROMPTS_RENAME_IN] = { NULL,
		"UPDATE prompts SET path = CAST(?3 || substr(path, ?4) AS BLOB),"
		" stem = CAST(?3 || substr(stem, ?4) AS BLOB)"
		" WHERE path >= ?1 AND path < ?2 AND gone_ms = 0" },
	[PROMPT_YIELDS] = { NULL,
		"UPDATE prompts SET gone_ms = ?2 WHERE path = ?1 AND gone_ms = 0 AND id <> ?3" },
	[PROMPTS_YIELD_IN] = { NULL,
		"UPDATE prompts SET gone_ms = ?3 WHERE path >= ?1 AND path < ?2 AND gone_ms = 0 AND EXISTS"
		" (SELECT 1 FROM prompts AS other WHERE other.gone_ms = 0"
		" AND other.path = CAST(?4 || substr(prompts.path, ?5) AS BLOB))" },

	[JOB_INSERT] = { &job_row_type, "INSERT INTO jobs (@names, id) VALUES (@values, ?)" },
	[JOB_UPDATE] = { &job_row_type, "UPDATE jobs SET @sets WHERE id = ?" },
	[JOB_LOAD] = { &job_row_type, "SELECT @names, id FROM jobs WHERE id = ?" },
	[JOB_BY_DIGEST] = { &job_row_type,
		"SELECT @names, id FROM jobs WHERE digest = ? AND id < ?"
		" AND +state = 7 ORDER BY id DESC LIMIT 1" },
	[JOB_IDS_ACTIVE] = { NULL, "SELECT id FROM jobs WHERE state IN (@active) ORDER BY id" },
	[JOB_IDS_LATEST] = { NULL, "SELECT id FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?" },
	[JOB_COUNTS] = { NULL, "SELECT state, jobs FROM job_counts" },

	[TASK_INSERT] = { &task_row_type, "INSERT INTO tasks (@names, id) VALUES (@values, ?)" },
	[TASK_UPDATE] = { &task_row_type, "UPDATE tasks SET @sets WHERE id = ?" },
	[TASK_LOAD] = { &task_row_type, "SELECT @names, id FROM tasks WHERE id = ?" },
	[TASK_IDS_OF_JOB] = { NULL, "SELECT id FROM tasks WHERE job = ? ORDER BY [index]" },
	[TASK_BY_OUT] = { &task_row_type,
		"SELECT @names, id FROM tasks WHERE out = ? ORDER BY finished_ms DESC, id DESC LIMIT 1" },
	[TASK_OWED] = { &task_row_type,
		"SELECT @names, id FROM tasks WHERE job IN (SELECT id FROM jobs WHERE digest = ? AND id < ?)"
		" AND [index] = ? AND (state = 10 OR (state IN (1, 9) AND resume IN (4, 5, 6)))"
		" ORDER BY job DESC LIMIT 1" },
	[OUT_RENAME] = { NULL, "UPDATE tasks SET out = ?2 WHERE out = ?1" },
	[OUTS_RENAME_IN] = { NULL,
		"UPDATE tasks SET out = CAST(?3 || substr(out, ?4) AS BLOB)"
		" WHERE out >= ?1 AND out < ?2" },

	[UPLOAD_GET] = { NULL,
		"SELECT url FROM uploads WHERE provider = ? AND sha256 = ? AND stored_ms > ?" },
	[UPLOAD_PUT] = { NULL,
		"INSERT OR REPLACE INTO uploads (provider, sha256, url, stored_ms) VALUES (?, ?, ?, ?)" },
	[UPLOAD_FORGET] = { NULL, "DELETE FROM uploads WHERE provider = ? AND sha256 = ?" },

	[SPENT_ADD] = { NULL,
		"INSERT INTO spent (day, pictures, usd) VALUES (?, ?, ?) ON CONFLICT (day)"
		" DO UPDATE SET pictures = pictures + excluded.pictures, usd = usd + excluded.usd" },
	[SPENT_GET] = { NULL, "SELECT pictures, usd FROM spent WHERE day = ?" },
	/* A row a day. */
	[SPENT_TOTAL] = { NULL, "SELECT total(pictures), total(usd) FROM spent" },

	[FACT_GET] = { NULL, "SELECT value FROM facts WHERE name = ?" },
	[FACT_SET] = { NULL, "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)" },
	[FACT_FORGET] = { NULL, "DELETE FROM facts WHERE name = ?" },
};

_Static_assert(ARRAY_LEN(statements) == STATEMENT_COUNT, "a statement without a text");
_Static_assert(STATE_HELD == 1 && STATE_SUBMITTING == 4 && STATE_RUNNING == 5 && STATE_DOWNLOADING == 6 &&
               STATE_COMPLETED == 7 && STATE_STOPPED == 9 && STATE_UNKNOWN == 10, "written as numbers above");

struct sqlite_journal {
	struct journal ops;           /* first: a struct journal * of ours is one of these */
	struct db db;
	int64_t new_id;               /* the next row's that has none; 0: SQLite chooses */
	sqlite3_stmt *prepared[STATEMENT_COUNT];
};

static struct sqlite_journal *mine(struct journal *j)
{
	return (struct sqlite_journal *)j;
}

/* --- statements ------------------------------------------------------------------------------- */

static void done_(sqlite3_stmt **stmt)
{
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt);
}
/* For every pointer to a prepared statement: resets it at the end of the scope. */
#define until_done __attribute__((cleanup(done_)))

static sqlite3_stmt *use(struct sqlite_journal *s, enum statement which)
{
	sqlite3_stmt *stmt = s->prepared[which];

	if (sqlite3_stmt_busy(stmt))
		BUG("nested use of: %s", sqlite3_sql(stmt));
	return stmt;
}

static int find(struct sqlite_journal *s, sqlite3_stmt *stmt, const struct row_type *type, void *row)
{
	int rc = db_step(&s->db, stmt);

	memset(row, 0, type->size);
	if (rc == 1)
		row_read(stmt, type, row);
	return rc;
}

static int load(struct sqlite_journal *s, enum statement which, int64_t id, void *row)
{
	sqlite3_stmt *stmt until_done = use(s, which);

	sqlite3_bind_int64(stmt, 1, id);
	return find(s, stmt, statements[which].type, row);
}

static int change_row(struct sqlite_journal *s, enum statement which, const void *row)
{
	sqlite3_stmt *stmt until_done = use(s, which);

	row_bind(stmt, statements[which].type, row);
	return db_change(&s->db, stmt);
}

/* Inserts a row without id and gives it one, or updates the row of that id (-ENOENT: there is none,
 * which happens to rows that were inserted in a transaction that was given up). */
static int save(struct sqlite_journal *s, enum statement insert, enum statement update, void *row)
{
	int64_t *id = row;
	bool is_new = *id == 0;

	if (is_new && s->new_id)
		*id = s->new_id++;
	int rc = change_row(s, is_new ? insert : update, row);
	if (rc < 0) {
		if (is_new)
			*id = 0;
		return rc;
	}
	if (is_new) {
		*id = sqlite3_last_insert_rowid(s->db.handle);
	} else if (sqlite3_changes(s->db.handle) == 0) {
		if (s->new_id)
			return change_row(s, insert, row);
		log_error("journal: no row %lld: %s", (long long)*id, statements[update].text);
		return -ENOENT;
	}
	return 0;
}

/* --- iterations ------------------------------------------------------------------------------- */

struct ids { int64_t *list; size_t len, cap; };

static void ids_release(struct ids *ids)
{
	free(ids->list);
}
#define cleanup_ids __attribute__((cleanup(ids_release)))

static int collect(struct sqlite_journal *s, sqlite3_stmt *stmt, struct ids *ids)
{
	int rc;

	while ((rc = db_step(&s->db, stmt)) == 1) {
		if (ids->len == ids->cap) {
			ids->cap = ids->cap ? 2 * ids->cap : 64;
			ids->list = xrealloc(ids->list, ids->cap * sizeof(*ids->list));
		}
		ids->list[ids->len++] = sqlite3_column_int64(stmt, 0);
	}
	return rc;
}

typedef int each_prompt_fn(void *arg, struct prompt_row *row);
typedef int each_job_fn(void *arg, struct job_row *row);
typedef int each_task_fn(void *arg, struct task_row *row);

/* Rows that a callback took away meanwhile are left out. */
static int each_prompt(struct sqlite_journal *s, const struct ids *ids, each_prompt_fn *each, void *arg)
{
	for (size_t i = 0; i < ids->len; i++) {
		struct prompt_row row cleanup_prompt_row = { 0 };
		int rc = load(s, PROMPT_LOAD, ids->list[i], &row);
		if (rc == 1)
			rc = row.gone_ms ? 0 : each(arg, &row);
		if (rc)
			return rc;
	}
	return 0;
}

static int each_job(struct sqlite_journal *s, const struct ids *ids, bool fits(enum job_state state),
                    each_job_fn *each, void *arg)   /* fits: NULL = all do */
{
	for (size_t i = 0; i < ids->len; i++) {
		struct job_row row cleanup_job_row = { 0 };
		int rc = load(s, JOB_LOAD, ids->list[i], &row);
		if (rc == 1)
			rc = !fits || fits(row.state) ? each(arg, &row) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

static int each_task(struct sqlite_journal *s, const struct ids *ids, each_task_fn *each, void *arg)
{
	for (size_t i = 0; i < ids->len; i++) {
		struct task_row row cleanup_task_row = { 0 };
		int rc = load(s, TASK_LOAD, ids->list[i], &row);
		if (rc == 1)
			rc = each(arg, &row);
		if (rc)
			return rc;
	}
	return 0;
}

/* --- folders ---------------------------------------------------------------------------------- */

/* The bounds of what is in a folder: `a/` up to, and without, `a0`. */
struct range { char *from, *to; };

static struct range range_of(const char *folder)
{
	return (struct range){ xasprintf("%s/", folder), xasprintf("%s0", folder) };
}

static void range_release(struct range *r)
{
	free(r->from);
	free(r->to);
}
#define cleanup_range __attribute__((cleanup(range_release)))

/* Moves what is in the folder `from`, with one of the two *_RENAME_IN statements. */
static int rename_in(struct sqlite_journal *s, enum statement which, const char *from, const char *to)
{
	struct range in cleanup_range = range_of(from);
	sqlite3_stmt *stmt until_done = use(s, which);

	row_bind_path(stmt, 1, in.from);
	row_bind_path(stmt, 2, in.to);
	row_bind_path(stmt, 3, to);
	sqlite3_bind_int64(stmt, 4, (int64_t)strlen(from) + 1);
	return db_change(&s->db, stmt);
}

/* --- prompts ---------------------------------------------------------------------------------- */

/* Another prompt that has that path by mistake is gone. */
static int prompt_yields(struct sqlite_journal *s, const char *path, int64_t id)
{
	sqlite3_stmt *stmt until_done = use(s, PROMPT_YIELDS);

	row_bind_path(stmt, 1, path);
	sqlite3_bind_int64(stmt, 2, clock_wall_ms());
	sqlite3_bind_int64(stmt, 3, id);
	return db_change(&s->db, stmt);
}

/* Those in `to` that have the name of one in `from`. */
static int prompts_yield_in(struct sqlite_journal *s, const char *from, const char *to)
{
	struct range in cleanup_range = range_of(to);
	sqlite3_stmt *stmt until_done = use(s, PROMPTS_YIELD_IN);

	row_bind_path(stmt, 1, in.from);
	row_bind_path(stmt, 2, in.to);
	sqlite3_bind_int64(stmt, 3, clock_wall_ms());
	row_bind_path(stmt, 4, from);
	sqlite3_bind_int64(stmt, 5, (int64_t)strlen(to) + 1);
	return db_change(&s->db, stmt);
}

static int prompt_save(struct journal *j, struct prompt_row *row)
{
	struct sqlite_journal *s = mine(j);
	int rc = save(s, PROMPT_INSERT, PROMPT_UPDATE, row);

	if (rc != -EEXIST || row->gone_ms)
		return rc;
	rc = prompt_yields(s, row->path, row->id);
	return rc < 0 ? rc : save(s, PROMPT_INSERT, PROMPT_UPDATE, row);
}

static int prompt_load(struct journal *j, int64_t id, struct prompt_row *out)
{
	return load(mine(j), PROMPT_LOAD, id, out);
}

static int find_prompt(struct journal *j, enum statement which, const char *path, struct prompt_row *out)
{
	sqlite3_stmt *stmt until_done = use(mine(j), which);

	row_bind_path(stmt, 1, path);
	return find(mine(j), stmt, &prompt_row_type, out);
}

static int prompt_by_path(struct journal *j, const char *path, struct prompt_row *out)
{
	return find_prompt(j, PROMPT_BY_PATH, path, out);
}

static int prompt_gone_by_path(struct journal *j, const char *path, struct prompt_row *out)
{
	return find_prompt(j, PROMPT_GONE_BY_PATH, path, out);
}

static int prompt_by_file(struct journal *j, uint64_t dev, uint64_t ino, struct prompt_row *out)
{
	sqlite3_stmt *stmt until_done = use(mine(j), PROMPT_BY_FILE);

	sqlite3_bind_int64(stmt, 1, (int64_t)ino);
	sqlite3_bind_int64(stmt, 2, (int64_t)dev);
	return find(mine(j), stmt, &prompt_row_type, out);
}

static int collect_at(struct sqlite_journal *s, enum statement which, const char *path, struct ids *ids)
{
	sqlite3_stmt *stmt until_done = use(s, which);

	row_bind_path(stmt, 1, path);
	return collect(s, stmt, ids);
}

static int collect_in(struct sqlite_journal *s, const char *folder, struct ids *ids)
{
	struct range in cleanup_range = range_of(folder);
	sqlite3_stmt *stmt until_done = use(s, PROMPT_IDS_IN);

	row_bind_path(stmt, 1, in.from);
	row_bind_path(stmt, 2, in.to);
	return collect(s, stmt, ids);
}

static int collect_all(struct sqlite_journal *s, enum statement which, struct ids *ids)
{
	sqlite3_stmt *stmt until_done = use(s, which);

	return collect(s, stmt, ids);
}

static int prompts_by_stem(struct journal *j, const char *stem, each_prompt_fn *each, void *arg)
{
	struct ids ids cleanup_ids = { 0 };
	int rc = collect_at(mine(j), PROMPT_IDS_OF_STEM, stem, &ids);

	return rc ? rc : each_prompt(mine(j), &ids, each, arg);
}

static int collect_of_file(struct sqlite_journal *s, uint64_t dev, uint64_t ino, struct ids *ids)
{
	sqlite3_stmt *stmt until_done = use(s, PROMPT_IDS_OF_FILE);

	sqlite3_bind_int64(stmt, 1, (int64_t)ino);
	sqlite3_bind_int64(stmt, 2, (int64_t)dev);
	return collect(s, stmt, ids);
}

static int prompts_by_file(struct journal *j, uint64_t dev, uint64_t ino, each_prompt_fn *each, void *arg)
{
	struct ids ids cleanup_ids = { 0 };
	int rc = collect_of_file(mine(j), dev, ino, &ids);

	return rc ? rc : each_prompt(mine(j), &ids, each, arg);
}

static int prompts_under(struct journal *j, const char *path, each_prompt_fn *each, void *arg)
{
	struct sqlite_journal *s = mine(j);
	struct ids ids cleanup_ids = { 0 };
	int rc;

	if (!*path) {
		rc = collect_all(s, PROMPT_IDS, &ids);
	} else {
		rc = collect_at(s, PROMPT_IDS_AT, path, &ids);
		if (rc == 0)
			rc = collect_in(s, path, &ids);
	}
	return rc ? rc : each_prompt(s, &ids, each, arg);
}

/* The path without the suffix of its last name. */
static char *stem_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return xstrndup(path, dot && dot > name ? (size_t)(dot - path) : strlen(path));
}

/* -EEXIST, and nothing renamed, when a present prompt has one of the new paths: mark it gone first. */
static int prompts_rename(struct journal *j, const char *from, const char *to)
{
	struct sqlite_journal *s = mine(j);
	struct prompt_row row cleanup_prompt_row = { 0 };

	/* What is recorded under the new name has just given way there. */
	int rc = prompts_yield_in(s, from, to);
	if (rc >= 0)
		rc = rename_in(s, PROMPTS_RENAME_IN, from, to);
	if (rc >= 0)
		rc = prompt_by_path(j, from, &row);
	if (rc > 0)
		rc = prompt_yields(s, to, row.id);
	if (rc < 0)
		return rc;
	char *stem cleanup_free = stem_of(to);
	sqlite3_stmt *stmt until_done = use(s, PROMPT_RENAME);
	row_bind_path(stmt, 1, from);
	row_bind_path(stmt, 2, to);
	row_bind_path(stmt, 3, stem);
	return db_change(&s->db, stmt);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static int job_save(struct journal *j, struct job_row *row)
{
	return save(mine(j), JOB_INSERT, JOB_UPDATE, row);
}

static int job_load(struct journal *j, int64_t id, struct job_row *out)
{
	return load(mine(j), JOB_LOAD, id, out);
}

static int jobs_active(struct journal *j, each_job_fn *each, void *arg)
{
	struct ids ids cleanup_ids = { 0 };
	int rc = collect_all(mine(j), JOB_IDS_ACTIVE, &ids);

	return rc ? rc : each_job(mine(j), &ids, row_state_is_active, each, arg);
}

static int job_by_digest(struct journal *j, const uint8_t digest[32], int64_t before,
                         struct job_row *out)
{
	sqlite3_stmt *stmt until_done = use(mine(j), JOB_BY_DIGEST);

	row_bind_hash(stmt, 1, digest);
	sqlite3_bind_int64(stmt, 2, before);
	return find(mine(j), stmt, &job_row_type, out);
}

static int job_counts(struct journal *j, uint64_t counts[STATE_COUNT])
{
	sqlite3_stmt *stmt until_done = use(mine(j), JOB_COUNTS);
	int rc;

	memset(counts, 0, STATE_COUNT * sizeof(*counts));
	while ((rc = db_step(&mine(j)->db, stmt)) == 1) {
		int64_t state = sqlite3_column_int64(stmt, 0);
		if (state >= 0 && state < STATE_COUNT)
			counts[state] = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	return rc;
}

static int jobs_latest(struct journal *j, int64_t before, unsigned count, each_job_fn *each, void *arg)
{
	struct ids ids cleanup_ids = { 0 };
	int rc;

	{
		sqlite3_stmt *stmt until_done = use(mine(j), JOB_IDS_LATEST);
		sqlite3_bind_int64(stmt, 1, before);
		sqlite3_bind_int64(stmt, 2, count);
		rc = collect(mine(j), stmt, &ids);
	}
	return rc ? rc : each_job(mine(j), &ids, NULL, each, arg);
}

/* --- tasks ------------------------------------------------------------------------------------ */

static int task_save(struct journal *j, struct task_row *row)
{
	return save(mine(j), TASK_INSERT, TASK_UPDATE, row);
}

static int task_load(struct journal *j, int64_t id, struct task_row *out)
{
	return load(mine(j), TASK_LOAD, id, out);
}

static int tasks_of(struct journal *j, int64_t job, each_task_fn *each, void *arg)
{
	struct sqlite_journal *s = mine(j);
	struct ids ids cleanup_ids = { 0 };
	int rc;

	{
		sqlite3_stmt *stmt until_done = use(s, TASK_IDS_OF_JOB);
		sqlite3_bind_int64(stmt, 1, job);
		rc = collect(s, stmt, &ids);
	}
	return rc ? rc : each_task(s, &ids, each, arg);
}

static int task_by_out(struct journal *j, const char *out, struct task_row *row)
{
	sqlite3_stmt *stmt until_done = use(mine(j), TASK_BY_OUT);

	row_bind_path(stmt, 1, out);
	return find(mine(j), stmt, &task_row_type, row);
}

static int task_owed(struct journal *j, const uint8_t digest[32], unsigned index, int64_t before,
                     struct task_row *out)
{
	sqlite3_stmt *stmt until_done = use(mine(j), TASK_OWED);

	row_bind_hash(stmt, 1, digest);
	sqlite3_bind_int64(stmt, 2, before);
	sqlite3_bind_int64(stmt, 3, index);
	return find(mine(j), stmt, &task_row_type, out);
}

static int outs_rename(struct journal *j, const char *from, const char *to)
{
	struct sqlite_journal *s = mine(j);
	int rc = rename_in(s, OUTS_RENAME_IN, from, to);

	if (rc < 0)
		return rc;
	sqlite3_stmt *stmt until_done = use(s, OUT_RENAME);
	row_bind_path(stmt, 1, from);
	row_bind_path(stmt, 2, to);
	return db_change(&s->db, stmt);
}

/* --- uploads, spending, facts ----------------------------------------------------------------- */

static void bind_text(sqlite3_stmt *stmt, int param, const char *text)
{
	if (sqlite3_bind_text(stmt, param, text, -1, SQLITE_STATIC) != SQLITE_OK)
		BUG("cannot bind to: %s", sqlite3_sql(stmt));
}

/* 1 and a copy of the only column, or 0 and NULL. */
static int find_text(struct sqlite_journal *s, sqlite3_stmt *stmt, char **text)
{
	int rc = db_step(&s->db, stmt);

	*text = rc == 1 ? xstrdup((const char *)sqlite3_column_text(stmt, 0)) : NULL;
	return rc;
}

static int upload_get(struct journal *j, const char *provider, const uint8_t sha256[32],
                      int64_t not_before_ms, char **url)
{
	sqlite3_stmt *stmt until_done = use(mine(j), UPLOAD_GET);

	bind_text(stmt, 1, provider);
	row_bind_hash(stmt, 2, sha256);
	sqlite3_bind_int64(stmt, 3, not_before_ms);
	return find_text(mine(j), stmt, url);
}

static int upload_put(struct journal *j, const char *provider, const uint8_t sha256[32],
                      const char *url, int64_t now_ms)
{
	sqlite3_stmt *stmt until_done = use(mine(j), UPLOAD_PUT);

	bind_text(stmt, 1, provider);
	row_bind_hash(stmt, 2, sha256);
	bind_text(stmt, 3, url);
	sqlite3_bind_int64(stmt, 4, now_ms);
	return db_change(&mine(j)->db, stmt);
}

static int upload_forget(struct journal *j, const char *provider, const uint8_t sha256[32])
{
	sqlite3_stmt *stmt until_done = use(mine(j), UPLOAD_FORGET);

	bind_text(stmt, 1, provider);
	row_bind_hash(stmt, 2, sha256);
	return db_change(&mine(j)->db, stmt);
}

static int spent_add(struct journal *j, int day, int pictures, double usd)
{
	sqlite3_stmt *stmt until_done = use(mine(j), SPENT_ADD);

	sqlite3_bind_int(stmt, 1, day);
	sqlite3_bind_int(stmt, 2, pictures);
	sqlite3_bind_double(stmt, 3, usd);
	return db_change(&mine(j)->db, stmt);
}

static int spent_get(struct journal *j, int day, int *pictures, double *usd)
{
	sqlite3_stmt *stmt until_done = use(mine(j), SPENT_GET);

	sqlite3_bind_int(stmt, 1, day);
	int rc = db_step(&mine(j)->db, stmt);
	*pictures = rc == 1 ? sqlite3_column_int(stmt, 0) : 0;
	*usd = rc == 1 ? sqlite3_column_double(stmt, 1) : 0;
	return rc < 0 ? rc : 0;
}

static int spent_total(struct journal *j, int64_t *pictures, double *usd)
{
	sqlite3_stmt *stmt until_done = use(mine(j), SPENT_TOTAL);
	int rc = db_step(&mine(j)->db, stmt);

	*pictures = rc == 1 ? sqlite3_column_int64(stmt, 0) : 0;
	*usd = rc == 1 ? sqlite3_column_double(stmt, 1) : 0;
	return rc < 0 ? rc : 0;
}

static int fact_get(struct journal *j, const char *name, char **value)
{
	sqlite3_stmt *stmt until_done = use(mine(j), FACT_GET);

	bind_text(stmt, 1, name);
	return find_text(mine(j), stmt, value);
}

/* Value NULL forgets the fact. */
static int fact_set(struct journal *j, const char *name, const char *value)
{
	sqlite3_stmt *stmt until_done = use(mine(j), value ? FACT_SET : FACT_FORGET);

	bind_text(stmt, 1, name);
	if (value)
		bind_text(stmt, 2, value);
	return db_change(&mine(j)->db, stmt);
}

/* --- the whole --------------------------------------------------------------------------------- */

static int journal_begin(struct journal *j)
{
	return db_begin(&mine(j)->db);
}

static int journal_commit(struct journal *j)
{
	return db_commit(&mine(j)->db);
}

static void journal_rollback(struct journal *j)
{
	db_rollback(&mine(j)->db);
}

static int journal_check(struct journal *j)
{
	return db_check(&mine(j)->db);
}

static int journal_damage(struct journal *j)
{
	return mine(j)->db.damage;
}

static int64_t journal_changes(struct journal *j)
{
	return sqlite3_total_changes64(mine(j)->db.handle);
}

static void journal_keep_ids(struct journal *j, int64_t new_id)
{
	mine(j)->new_id = new_id;
}

static void finalize(struct sqlite_journal *s)
{
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(s->prepared[i]);
}

static void journal_close(struct journal *j)
{
	struct sqlite_journal *s = mine(j);

	finalize(s);
	db_close(&s->db);
	free(s);
}

static const struct journal operations = {
	.begin = journal_begin,
	.commit = journal_commit,
	.rollback = journal_rollback,
	.close = journal_close,
	.check = journal_check,
	.damage = journal_damage,
	.changes = journal_changes,
	.keep_ids = journal_keep_ids,
	.prompt_save = prompt_save,
	.prompt_load = prompt_load,
	.prompt_by_path = prompt_by_path,
	.prompt_gone_by_path = prompt_gone_by_path,
	.prompt_by_file = prompt_by_file,
	.prompts_by_stem = prompts_by_stem,
	.prompts_by_file = prompts_by_file,
	.prompts_under = prompts_under,
	.prompts_rename = prompts_rename,
	.job_save = job_save,
	.job_load = job_load,
	.jobs_active = jobs_active,
	.job_by_digest = job_by_digest,
	.job_counts = job_counts,
	.jobs_latest = jobs_latest,
	.task_save = task_save,
	.task_load = task_load,
	.tasks_of = tasks_of,
	.task_by_out = task_by_out,
	.task_owed = task_owed,
	.outs_rename = outs_rename,
	.upload_get = upload_get,
	.upload_put = upload_put,
	.upload_forget = upload_forget,
	.spent_add = spent_add,
	.spent_get = spent_get,
	.spent_total = spent_total,
	.fact_get = fact_get,
	.fact_set = fact_set,
};

static int prepare(struct sqlite_journal *s, struct error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < STATEMENT_COUNT; i++) {
		char *sql cleanup_free = row_sql(statements[i].type, statements[i].text);
		rc = db_prepare(&s->db, sql, &s->prepared[i], err);
	}
	return rc;
}

static int open_once(int dirfd, struct journal **out, struct journal_opened *opened, struct error *err)
{
	struct sqlite_journal *s = xcalloc(1, sizeof(*s));

	s->ops = operations;
	int rc = db_open(&s->db, dirfd, opened, err);
	if (rc < 0)
		goto no_db;
	rc = prepare(s, err);
	if (rc < 0)
		goto no_statements;
	*out = &s->ops;
	return 0;

no_statements:
	finalize(s);
	db_close(&s->db);
no_db:
	free(s);
	return rc;
}

/* A journal that is not damaged is never set aside because of one read that failed. */
int journal_open_sqlite(int dirfd, struct journal **out, struct journal_opened *opened,
                        struct error *err)
{
	enum { PATIENCE_MS = 600 };
	struct patience patience = { 0 };
	int rc;

	for (;;) {
		cleanup_error struct error why = ERROR_INIT;

		rc = open_once(dirfd, out, opened, &why);
		if (rc == 0)
			return 0;
		if (rc == -EPROTO || !patience_wait(&patience, PATIENCE_MS)) {
			error_move(err, &why);
			return rc;
		}
	}
}

const char *journal_library(void)
{
	return sqlite3_libversion();
}
