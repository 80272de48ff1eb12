#include "sqlite_row.h"

#include <stddef.h>
#include <string.h>

enum kind {
	INT64, UINT64, INT, UNSIGNED, STATE, FLAG, REAL,
	TEXT,                         /* char *, NULL stays NULL */
	PATH,                         /* the same, stored as a blob */
	HASH,                         /* uint8_t[32] */
};

struct field {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define F(name, kind) { #name, kind, offsetof(struct ROW, name) }

#define ROW prompt_row
static const struct field prompt_fields[] = {
	F(path, PATH), F(stem, PATH), F(dev, UINT64), F(ino, UINT64), F(size, INT64),
	F(mtime_ns, INT64), F(ctime_ns, INT64), F(digest, HASH), F(job, INT64),
	F(revision, UNSIGNED), F(shown, INT64), F(gone_ms, INT64),
};
#undef ROW

#define ROW job_row
static const struct field job_fields[] = {
	F(prompt, INT64), F(revision, UNSIGNED), F(state, STATE), F(digest, HASH),
	F(request, TEXT), F(provider, TEXT), F(model, TEXT), F(n, UNSIGNED),
	F(created_ms, INT64), F(finished_ms, INT64), F(reason, TEXT), F(hint, TEXT),
	F(note, TEXT), F(orphan, FLAG), F(same_as, INT64), F(release_serial, UINT64),
	F(unasked, FLAG), F(uid, INT64), F(gid, INT64), F(ino, UINT64),
};
#undef ROW

#define ROW task_row
static const struct field task_fields[] = {
	F(job, INT64), F(index, UNSIGNED), F(state, STATE), F(own_id, TEXT), F(task_id, TEXT),
	F(progress, INT), F(urls, TEXT), F(expires_ms, INT64), F(attempts, UNSIGNED),
	F(next_try_ms, INT64), F(resume, STATE), F(submitted_ms, INT64), F(finished_ms, INT64),
	F(file, PATH), F(sha256, HASH), F(bytes, UINT64), F(width, UNSIGNED), F(height, UNSIGNED),
	F(type, TEXT), F(out, PATH), F(out_dev, UINT64), F(out_ino, UINT64), F(cost_usd, REAL),
	F(counted, FLAG), F(reason, TEXT), F(hint, TEXT),
};
#undef ROW

const struct row_type prompt_row_type = {
	prompt_fields, ARRAY_LEN(prompt_fields), sizeof(struct prompt_row)
};
const struct row_type job_row_type = {
	job_fields, ARRAY_LEN(job_fields), sizeof(struct job_row)
};
const struct row_type task_row_type = {
	task_fields, ARRAY_LEN(task_fields), sizeof(struct task_row)
};

_Static_assert(offsetof(struct prompt_row, id) == 0, "row_bind takes the id from there");
_Static_assert(offsetof(struct job_row, id) == 0, "row_bind takes the id from there");
_Static_assert(offsetof(struct task_row, id) == 0, "row_bind takes the id from there");

bool row_state_is_active(enum job_state s)
{
	switch (s) {
	case STATE_QUEUED:
	case STATE_UPLOADING:
	case STATE_SUBMITTING:
	case STATE_RUNNING:
	case STATE_DOWNLOADING:
	case STATE_DEFERRED:
	case STATE_STOPPED:
		return true;
	case STATE_DRAFT:
	case STATE_HELD:
	case STATE_COMPLETED:
	case STATE_UNKNOWN:
	case STATE_FAILED:
	case STATE_CANCELED:
	case STATE_EXPIRED:
	case STATE_COUNT:
		return false;
	}
	BUG("there is no state %d", (int)s);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* what: names, values or sets, see row_sql().  Brackets, as one column is called `index`. */
static void add_fields(struct buf *b, const struct row_type *type, const char *what)
{
	for (int i = 0; i < type->count; i++) {
		if (i)
			buf_str(b, ", ");
		if (*what == 'v')
			buf_chr(b, '?');
		else
			buf_fmt(b, *what == 's' ? "[%s] = ?" : "[%s]", type->fields[i].name);
	}
}

static void add_active(struct buf *b)
{
	const char *comma = "";

	for (int s = 0; s < STATE_COUNT; s++) {
		if (!row_state_is_active((enum job_state)s))
			continue;
		buf_fmt(b, "%s%d", comma, s);
		comma = ", ";
	}
}

char *row_sql(const struct row_type *type, const char *text)
{
	static const char *const words[] = { "names", "values", "sets", "active" };
	struct buf b = BUF_INIT;
	const char *at;

	for (; (at = strchr(text, '@')); text = at) {
		buf_add(&b, text, (size_t)(at - text));
		at++;
		size_t w = 0;
		while (w < ARRAY_LEN(words) && !str_starts_with(at, words[w]))
			w++;
		if (w == ARRAY_LEN(words))
			BUG("cannot expand the statement %s", text);
		if (type && *words[w] != 'a')
			add_fields(&b, type, words[w]);
		else
			add_active(&b);
		at += strlen(words[w]);
	}
	buf_str(&b, text);
	return buf_steal(&b);
}

/* --- binding ---------------------------------------------------------------------------------- */

/* Binding fails only for a parameter that is not there, a value over 1 GB, or without memory. */
static void bound(int rc)
{
	if (rc != SQLITE_OK)
		BUG("cannot bind: %s", sqlite3_errstr(rc));
}

void row_bind_path(sqlite3_stmt *stmt, int param, const char *path)
{
	bound(sqlite3_bind_blob64(stmt, param, path, path ? strlen(path) : 0, SQLITE_STATIC));
}

void row_bind_hash(sqlite3_stmt *stmt, int param, const uint8_t hash[32])
{
	bound(sqlite3_bind_blob(stmt, param, hash, 32, SQLITE_STATIC));
}

static void bind_field(sqlite3_stmt *stmt, int param, enum kind kind, const void *at)
{
	switch (kind) {
	case INT64:
		bound(sqlite3_bind_int64(stmt, param, *(const int64_t *)at));
		return;
	case UINT64:
		bound(sqlite3_bind_int64(stmt, param, (int64_t)*(const uint64_t *)at));
		return;
	case INT:
		bound(sqlite3_bind_int64(stmt, param, *(const int *)at));
		return;
	case UNSIGNED:
		bound(sqlite3_bind_int64(stmt, param, *(const unsigned *)at));
		return;
	case STATE:
		bound(sqlite3_bind_int64(stmt, param, *(const enum job_state *)at));
		return;
	case FLAG:
		bound(sqlite3_bind_int64(stmt, param, *(const bool *)at));
		return;
	case REAL:
		bound(sqlite3_bind_double(stmt, param, *(const double *)at));
		return;
	case TEXT:
		bound(sqlite3_bind_text(stmt, param, *(char *const *)at, -1, SQLITE_STATIC));
		return;
	case PATH:
		row_bind_path(stmt, param, *(char *const *)at);
		return;
	case HASH:
		row_bind_hash(stmt, param, at);
		return;
	}
}

void row_bind(sqlite3_stmt *stmt, const struct row_type *type, const void *row)
{
	int64_t id = *(const int64_t *)row;

	for (int i = 0; i < type->count; i++)
		bind_field(stmt, i + 1, type->fields[i].kind,
		           (const char *)row + type->fields[i].offset);
	if (id)
		bound(sqlite3_bind_int64(stmt, type->count + 1, id));
}

/* --- reading ---------------------------------------------------------------------------------- */

static char *column_string(sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return NULL;
	const char *bytes = sqlite3_column_blob(stmt, column);
	return xstrndup(bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
}

static void column_hash(sqlite3_stmt *stmt, int column, uint8_t hash[32])
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	if (bytes && sqlite3_column_bytes(stmt, column) == 32)
		memcpy(hash, bytes, 32);
	else
		memset(hash, 0, 32);
}

/* A number that is no state can only come from a damaged file.  `unknown` is where nothing is sent
 * or given up without a person. */
static enum job_state column_state(sqlite3_stmt *stmt, int column)
{
	int64_t s = sqlite3_column_int64(stmt, column);

	if (s >= 0 && s < STATE_COUNT)
		return (enum job_state)s;
	log_error("journal: a row is in state %lld, which there is not; taken for unknown",
	          (long long)s);
	return STATE_UNKNOWN;
}

static void read_field(sqlite3_stmt *stmt, int column, enum kind kind, void *at)
{
	switch (kind) {
	case INT64:
		*(int64_t *)at = sqlite3_column_int64(stmt, column);
		return;
	case UINT64:
		*(uint64_t *)at = (uint64_t)sqlite3_column_int64(stmt, column);
		return;
	case INT:
		*(int *)at = sqlite3_column_int(stmt, column);
		return;
	case UNSIGNED:
		*(unsigned *)at = (unsigned)sqlite3_column_int64(stmt, column);
		return;
	case STATE:
		*(enum job_state *)at = column_state(stmt, column);
		return;
	case FLAG:
		*(bool *)at = sqlite3_column_int(stmt, column) != 0;
		return;
	case REAL:
		*(double *)at = sqlite3_column_double(stmt, column);
		return;
	case TEXT:
	case PATH:
		*(char **)at = column_string(stmt, column);
		return;
	case HASH:
		column_hash(stmt, column, at);
		return;
	}
}

void row_read(sqlite3_stmt *stmt, const struct row_type *type, void *row)
{
	memset(row, 0, type->size);
	*(int64_t *)row = sqlite3_column_int64(stmt, type->count);
	for (int i = 0; i < type->count; i++)
		read_field(stmt, i, type->fields[i].kind, (char *)row + type->fields[i].offset);
}
