/*
 * sqlite_db: the connection under the SQLite journal: opening, schema, transactions, errors.
 *
 * Only sqlite.c includes this.  The engine's thread, as for the journal.
 */
#ifndef CACHE_SQLITE_DB_H
#define CACHE_SQLITE_DB_H

#include <sqlite3.h>

#include "journal.h"

struct db {
	sqlite3 *handle;
	int dirfd;                    /* ours; SQLite names its files by it */
	sqlite3_stmt *begin, *commit, *rollback;
	bool writing;                 /* between begin and commit or rollback */
	/* -errno from the moment that a write of the transaction failed until the transaction ends.
	 * SQLite may have rolled back by itself then (disk full, I/O error), and what came after would
	 * be durable without what came before: so every further write, and the commit, fails. */
	int lost;
	int damage;                   /* -errno since a read has shown that the file is damaged */
	int64_t rows;                 /* that the statement which is read has given so far */
	bool suspect;                 /* must be checked, and was not yet */
	int64_t warmed;               /* how many bytes of the file were read for that … */
	unsigned checked;             /* … and how many tables checked */
	int said;                     /* the last error that was logged; 0 since a commit succeeded */
};

/* Opens, creates or migrates journal.db in dirfd and takes the mark of a clean end away; see
 * journal_open_sqlite().  After an error nothing is left to close. */
int db_open(struct db *db, int dirfd, struct journal_opened *opened, struct error *err);

/* Leaves that mark, unless the file is damaged, and closes.  All statements were finalized before. */
void db_close(struct db *db);

/* A MiB is read, or one table checked with its indices; see struct journal. */
int db_check(struct db *db);

/* Never fails with a statement of ours unless the file is damaged. */
int db_prepare(struct db *db, const char *sql, sqlite3_stmt **stmt, struct error *err);

/* The transactions of struct journal.  After a commit that failed everything since begin is given
 * up, and the transaction is over; a rollback then does nothing, as without a begin. */
int db_begin(struct db *db);
int db_commit(struct db *db);
void db_rollback(struct db *db);

/* 1: a row stands in stmt until it is stepped on or reset.  0: there is no further one.  -errno after
 * logging the cause. */
int db_step(struct db *db, sqlite3_stmt *stmt);

/* The same for a statement that writes.  A rule of the schema that it would break (-EEXIST for
 * uniqueness, -EINVAL for others) undoes that statement alone; any other error loses the transaction. */
int db_change(struct db *db, sqlite3_stmt *stmt);

#endif
