/*
 * sqlite_row: the rows of journal.h as columns of SQLite.
 *
 * Each row type has one list that names its columns, their kinds and where they stand in the struct;
 * the texts of statements, the binding and the reading all come from it.  `id` is in no list: it is
 * the first member of every row, and comes last in every statement.
 *
 * Only sqlite.c includes this.
 */
#ifndef CACHE_SQLITE_ROW_H
#define CACHE_SQLITE_ROW_H

#include <sqlite3.h>

#include "journal.h"

struct field;

struct row_type {
	const struct field *fields;
	int count;
	size_t size;                  /* of the struct */
};

extern const struct row_type prompt_row_type, job_row_type, task_row_type;

/* States in which something can still happen to a job by itself. */
bool row_state_is_active(enum job_state s);

/*
 * Expands a statement's text: `@names` to the columns, `@values` to as many parameters, `@sets` to
 * `name = ?` for each, `@active` to the numbers of the active states.  type may be NULL where none
 * of the first three occurs.  The caller frees.
 */
char *row_sql(const struct row_type *type, const char *text);

/* Binds all columns to parameters 1 to count, and the id (0 as NULL) to count + 1.  Strings are
 * borrowed until the statement is reset. */
void row_bind(sqlite3_stmt *stmt, const struct row_type *type, const void *row);

/* Fills *row from columns 0 to count - 1, and the id from column `count`.  What row held before is
 * overwritten, not freed. */
void row_read(sqlite3_stmt *stmt, const struct row_type *type, void *row);

/* A path or hash as a blob; borrowed until the statement is reset.  path may be NULL. */
void row_bind_path(sqlite3_stmt *stmt, int param, const char *path);
void row_bind_hash(sqlite3_stmt *stmt, int param, const uint8_t hash[32]);

#endif
