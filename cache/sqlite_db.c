#include "sqlite_db.h"
#include "kill.h"
#include "sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>

#define FILE_NAME "journal.db"

static int errno_of(sqlite3 *handle)
{
	int os = sqlite3_system_errno(handle);

	switch (sqlite3_errcode(handle)) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		return os == ENOSPC || os == EDQUOT ? -ENOSPC : -EIO;
	case SQLITE_CANTOPEN:
		return os ? -os : -EIO;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_CONSTRAINT:
		switch (sqlite3_extended_errcode(handle)) {
		case SQLITE_CONSTRAINT_UNIQUE:
		case SQLITE_CONSTRAINT_PRIMARYKEY:
		case SQLITE_CONSTRAINT_ROWID:
			return -EEXIST;
		default:
			return -EINVAL;
		}
	default:
		return -EIO;
	}
}

/* What shows that the file, and not this one write, is bad. */
static bool shows_damage(sqlite3 *handle)
{
	switch (sqlite3_extended_errcode(handle)) {
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_DATA:
	case SQLITE_IOERR_CORRUPTFS:
		return true;
	default:
		return errno_of(handle) == -EUCLEAN;
	}
}

/* --- statements ------------------------------------------------------------------------------- */

/* How long a disk may hiccup before what cannot be read counts as damaged. */
enum { PATIENCE_MS = 600 };

static bool may_pass(const struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
	case SQLITE_ERROR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return false;
	default:
		return !db->damage;
	}
}

static int prepare(struct db *db, const char *sql, unsigned flags, sqlite3_stmt **stmt)
{
	struct patience patience = { 0 };
	int rc;

	while ((rc = sqlite3_prepare_v3(db->handle, sql, -1, flags, stmt, NULL)) != SQLITE_OK && may_pass(db, rc) &&
	       patience_wait(&patience, PATIENCE_MS))
		;
	return rc;
}

/* A disk that stays full is reported once, not each time that it is tried. */
static void say(struct db *db, const char *sql, int rc)
{
	if (db->said != rc)
		log_error("journal: %.40s…: %s (%d, %s)", sql, sqlite3_errmsg(db->handle),
		          sqlite3_extended_errcode(db->handle), strerror(-rc));
	db->said = rc;
}

/* From the first row to the one behind the last that was there. */
static int read_again(struct db *db, sqlite3_stmt *stmt)
{
	int rc = SQLITE_ROW;

	sqlite3_reset(stmt);
	for (int64_t i = 0; i <= db->rows && rc == SQLITE_ROW; i++)
		rc = sqlite3_step(stmt);
	return rc;
}

/* What cannot be read must not be taken for what is not there, such as a prompt that nobody has paid for: so it
 * is read again. */
static int step_patiently(struct db *db, sqlite3_stmt *stmt)
{
	struct patience patience = { 0 };
	bool reads = sqlite3_column_count(stmt) > 0 && sqlite3_stmt_readonly(stmt);

	if (!sqlite3_stmt_busy(stmt))
		db->rows = 0;
	int rc = sqlite3_step(stmt);
	while (reads && may_pass(db, rc) && patience_wait(&patience, PATIENCE_MS))
		rc = read_again(db, stmt);
	db->rows++;
	return rc;
}

int db_step(struct db *db, sqlite3_stmt *stmt)
{
	int rc = step_patiently(db, stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	rc = errno_of(db->handle);
	if (shows_damage(db->handle) || (sqlite3_column_count(stmt) > 0 && sqlite3_stmt_readonly(stmt)))
		db->damage = rc;
	say(db, sqlite3_sql(stmt), rc);
	return rc;
}

int db_change(struct db *db, sqlite3_stmt *stmt)
{
	if (!db->writing)
		BUG("written outside of a transaction: %s", sqlite3_sql(stmt));
	if (db->lost)
		return db->lost;
	int rc = db_step(db, stmt);
	if (rc < 0 && rc != -EEXIST && rc != -EINVAL)
		db->lost = rc;
	return rc;
}

/* Runs one of our three statements without parameters. */
static int run(struct db *db, sqlite3_stmt *stmt)
{
	int rc = db_step(db, stmt);

	sqlite3_reset(stmt);
	return rc;
}

/* --- transactions ----------------------------------------------------------------------------- */

int db_begin(struct db *db)
{
	if (db->writing)
		BUG("begin in begin");
	int rc = db->damage ? db->damage : run(db, db->begin);
	db->writing = rc == 0;
	db->lost = 0;
	return rc;
}

void db_rollback(struct db *db)
{
	db->writing = false;
	if (!sqlite3_get_autocommit(db->handle))      /* else SQLite did it when a write failed */
		run(db, db->rollback);
}

int db_commit(struct db *db)
{
	if (!db->writing)
		BUG("commit without begin");
	int rc = db->lost ? db->lost : db->damage ? db->damage : run(db, db->commit);
	if (rc < 0)
		db_rollback(db);
	else
		db->said = 0;
	db->writing = false;
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* What opening failed with, as a sentence.  -EUCLEAN for whatever shows that the file is not ours
 * or is damaged. */
static int open_failed(struct db *db, struct error *err)
{
	int code = errno_of(db->handle);
	int primary = sqlite3_errcode(db->handle);
	const char *why = sqlite3_errmsg(db->handle);

	log_error("journal: open: %s (%d)", why, sqlite3_extended_errcode(db->handle));
	if (primary == SQLITE_ERROR || shows_damage(db->handle))
		return error_set(err, EUCLEAN, "move " FILE_NAME " and " FILE_NAME "-wal away to start with "
		                 "an empty journal: pictures stay, but tasks under way are forgotten",
		                 "the journal " FILE_NAME " is damaged, or not a journal: %s", why);
	if (code == -EBUSY)
		return error_set(err, EBUSY, "end the program that has it open",
		                 "the journal " FILE_NAME " is in use by another program");
	return error_set(err, -code, code == -ENOSPC ? "make room on the disk" : NULL,
	                 "cannot open the journal " FILE_NAME ": %s (%s)", why, strerror(-code));
}

/*
 * SQLite resolves symlinks in a file's name once and goes on with the result; /proc/self/fd/N would
 * turn into the path of the source directory, which may lead to our own mount, or nowhere after a
 * rename.  So our VFS is the system's, less that step.
 */
static int name_as_it_is(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	size_t len = strlen(name);

	if (len >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(out, name, len + 1);
	return SQLITE_OK;
}

/* For SQLite's allocations, see base.h. */
static void *allocate(int size) { return xmalloc((size_t)size); }
static void *allocate_again(void *old, int size) { return xrealloc(old, (size_t)size); }
static int size_of(void *p) { return p ? (int)malloc_usable_size(p) : 0; }
static int round_up(int size) { return (size + 7) & ~7; }
static int start_memory(void *arg) { (void)arg; return SQLITE_OK; }
static void stop_memory(void *arg) { (void)arg; }

/* Before anything else is asked of SQLite; later it has no effect. */
static void use_our_memory(void)
{
	static const sqlite3_mem_methods methods = {
		allocate, free, allocate_again, size_of, round_up, start_memory, stop_memory, NULL,
	};

	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

static const char *vfs_name(void)
{
	static sqlite3_vfs vfs;

	if (!vfs.zName) {
		vfs = *sqlite3_vfs_find(NULL);
		vfs.zName = "easelfs";
		vfs.xFullPathname = name_as_it_is;
		vfs.pNext = NULL;
		if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
			BUG("cannot register a VFS with SQLite");
	}
	return vfs.zName;
}

/* Made here for its mode, which SQLite gives to the other files too, and for a plain errno. */
static int make_file(int dirfd, struct error *err)
{
	int fd cleanup_fd = openat(dirfd, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		return 0;
	return error_set(err, errno, NULL, "cannot open the journal " FILE_NAME ": %s", strerror(errno));
}

static int connect_to(struct db *db, int dirfd, struct error *err)
{
	db->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (db->dirfd < 0)
		return error_set(err, errno, NULL, "cannot keep the journal's folder: %s", strerror(errno));
	char *name cleanup_free = xasprintf("/proc/self/fd/%d/" FILE_NAME, db->dirfd);
	if (sqlite3_open_v2(name, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs_name()))
		return open_failed(db, err);
	sqlite3_busy_timeout(db->handle, 1000);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return 0;
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **stmt, struct error *err)
{
	return prepare(db, sql, SQLITE_PREPARE_PERSISTENT, stmt) ? open_failed(db, err) : 0;
}

static int execute(struct db *db, const char *sql, struct error *err)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : open_failed(db, err);
}

/* The one number that sql asks for. */
static int ask(struct db *db, const char *sql, int64_t *number, struct error *err)
{
	sqlite3_stmt *stmt;
	bool got = prepare(db, sql, 0, &stmt) == SQLITE_OK && step_patiently(db, stmt) == SQLITE_ROW;

	*number = got ? sqlite3_column_int64(stmt, 0) : 0;
	int rc = got ? 0 : open_failed(db, err);
	sqlite3_finalize(stmt);
	return rc;
}

/* Which schema it has; refuses what is not ours before anything is written. */
static int look(struct db *db, int64_t *version, struct error *err)
{
	int64_t tables, application;
	int rc = ask(db, "PRAGMA user_version", version, err);

	if (rc == 0)
		rc = ask(db, "PRAGMA application_id", &application, err);
	if (rc == 0)
		rc = ask(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (rc < 0)
		return rc;
	if (tables && application != SCHEMA_APPLICATION_ID)
		return error_set(err, EUCLEAN, "move it away, or mount another folder",
		                 FILE_NAME " is a database of another program");
	if (*version > SCHEMA_VERSION)
		return error_set(err, EPROTO, "mount it with that version, or a newer one",
		                 "this journal was written by a newer easelfs (schema %lld, this one knows %d)",
		                 (long long)*version, SCHEMA_VERSION);
	return 0;
}

static int migrate(struct db *db, int64_t from, struct error *err)
{
	if (from == SCHEMA_VERSION)
		return 0;
	char *end cleanup_free = xasprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	                                   SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
	int rc = execute(db, "BEGIN IMMEDIATE", err);
	for (int64_t v = from; rc == 0 && v < SCHEMA_VERSION; v++)
		rc = execute(db, schema_steps[v], err);
	if (rc)
		return rc;
	kill_point(BEFORE_SCHEMA);
	rc = execute(db, end, err);
	kill_point(AFTER_SCHEMA);
	return rc;
}

/* Whether it stands in our own schema, word for word. */
static bool is_our_program(const char *sql)
{
	for (size_t i = 0; i < ARRAY_LEN(schema_steps); i++)
		if (sql && strstr(schema_steps[i], sql))
			return true;
	return false;
}

static size_t count_our_triggers(void)
{
	static const char create[] = "CREATE TRIGGER ";
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(schema_steps); i++)
		for (const char *at = schema_steps[i]; (at = strstr(at, create)); at += strlen(create))
			count++;
	return count;
}

/* A journal may have come with a folder from anywhere: a trigger in it could take back what we write, such as that
 * nothing is to be sent. */
static int check_programs(struct db *db, struct error *err)
{
	static const char sql[] = "SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%'";
	sqlite3_stmt *stmt = NULL;
	size_t found = 0;
	bool ours = true;
	int rc = prepare(db, sql, 0, &stmt);

	while (rc == SQLITE_OK && (rc = step_patiently(db, stmt)) == SQLITE_ROW) {
		ours = ours && is_our_program((const char *)sqlite3_column_text(stmt, 0));
		found++;
		rc = SQLITE_OK;
	}
	int failed = rc == SQLITE_DONE ? 0 : open_failed(db, err);
	sqlite3_finalize(stmt);
	if (failed || (ours && found == count_our_triggers()))
		return failed;
	return error_set(err, EUCLEAN, "look where the folder came from", FILE_NAME " holds programs that are not ours");
}

static int prepare_own(struct db *db, struct error *err)
{
	int rc = db_prepare(db, "BEGIN IMMEDIATE", &db->begin, err);

	if (rc == 0)
		rc = db_prepare(db, "COMMIT", &db->commit, err);
	return rc ? rc : db_prepare(db, "ROLLBACK", &db->rollback, err);
}

/* Exclusive before the first access, so that the WAL index is in our memory and no -shm file is
 * needed.  1 MiB of pages: the daemon is to stay small, and the kernel has the file in its cache. */
static const char before_first_access[] =
	"PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA cache_size = -1024;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA synchronous = FULL;";
static const char after_look[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA journal_size_limit = 4194304;";

/* The fact `clean` is there while nobody has the journal open.  `unchecked`: after an unclean end the
 * next daemon ended well, but before it had looked at the whole file. */
enum { UNCLEAN, UNCHECKED, CLEAN };
static const char how_clean[] =
	"SELECT coalesce(max(CASE value WHEN 'yes' THEN 2 ELSE 1 END), 0) FROM facts WHERE name = 'clean'";
static const char take_clean[] = "DELETE FROM facts WHERE name = 'clean'";
static const char leave_clean[] = "INSERT OR REPLACE INTO facts (name, value) VALUES ('clean', 'yes')";
static const char leave_unchecked[] =
	"INSERT OR REPLACE INTO facts (name, value) VALUES ('clean', 'unchecked')";

static int open_it(struct db *db, int dirfd, struct journal_opened *opened, struct error *err)
{
	int64_t version = 0, clean = UNCLEAN;
	int rc = make_file(dirfd, err);

	if (rc == 0)
		rc = connect_to(db, dirfd, err);
	if (rc == 0)
		rc = execute(db, before_first_access, err);
	if (rc == 0)
		rc = look(db, &version, err);
	if (rc == 0)
		rc = execute(db, after_look, err);
	if (rc == 0)
		rc = migrate(db, version, err);
	if (rc == 0)
		rc = check_programs(db, err);
	if (rc == 0)
		rc = prepare_own(db, err);
	if (rc == 0)
		rc = ask(db, how_clean, &clean, err);
	if (rc == 0)
		rc = execute(db, take_clean, err);
	opened->created = version == 0;
	opened->unclean = version != 0 && clean == UNCLEAN;
	opened->suspect = db->suspect = version != 0 && clean != CLEAN;
	return rc;
}

/* --- checking --------------------------------------------------------------------------------- */

/* The name of the n-th table, the schema's own before all others; NULL behind the last.  The caller
 * frees. */
static char *table_name(struct db *db, unsigned n)
{
	sqlite3_stmt *stmt;
	char *name = NULL;

	if (n == 0)
		return xstrdup("sqlite_schema");
	if (prepare(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid LIMIT 1 OFFSET ?", 0,
	            &stmt) != SQLITE_OK) {
		db->damage = -EIO;
		log_error("journal: its tables cannot be listed: %s", sqlite3_errmsg(db->handle));
	} else {
		sqlite3_bind_int64(stmt, 1, n - 1);
		if (db_step(db, stmt) == 1)
			name = xstrdup((const char *)sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
	return name;
}

/* quick_check says "ok", or what it found. */
static int check_table(struct db *db, const char *table)
{
	char *sql cleanup_free = xasprintf("PRAGMA quick_check(\"%s\")", table);
	sqlite3_stmt *stmt;
	int rc = prepare(db, sql, 0, &stmt) == SQLITE_OK ? db_step(db, stmt) : -EUCLEAN;
	const char *found = rc == 1 ? (const char *)sqlite3_column_text(stmt, 0) : sqlite3_errmsg(db->handle);

	if (rc != 1 || !found || strcmp(found, "ok") != 0) {
		db->damage = rc < 0 ? rc : -EUCLEAN;
		log_error("journal: the table %s is damaged: %.200s", table, found ? found : "no result");
	}
	sqlite3_finalize(stmt);
	return db->damage;
}

/*
 * Reads a piece of the file, through the handle that SQLite has: closing another one would take our
 * locks away.  The check goes through the pages as the trees have them, which from a disk that has not
 * been read yet takes ten times as long, at one go.
 */
static bool warm(struct db *db)
{
	enum { PIECE = 1 << 20 };
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
	    !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK || db->warmed >= size)
		return false;
	void *piece cleanup_free = xmalloc(PIECE);
	int len = size - db->warmed < PIECE ? (int)(size - db->warmed) : PIECE, rc;
	struct patience patience = { 0 };

	while ((rc = file->pMethods->xRead(file, piece, len, db->warmed)) != SQLITE_OK &&
	       patience_wait(&patience, PATIENCE_MS))
		;
	if (rc != SQLITE_OK) {
		db->damage = -EIO;
		log_error("journal: byte %lld cannot be read: %s", (long long)db->warmed, sqlite3_errstr(rc));
	}
	db->warmed += PIECE;
	return !db->damage;
}

int db_check(struct db *db)
{
	if (!db->damage && warm(db))
		return 1;
	char *table cleanup_free = db->damage ? NULL : table_name(db, db->checked);

	if (table && check_table(db, table) == 0) {
		db->checked++;
		return 1;
	}
	db->suspect = db->damage;
	return db->damage;
}

static void release(struct db *db)
{
	/* Neither is the log of a damaged file copied into it, nor removed under a name that may be another
	 * one's by now. */
	if (db->handle && db->damage)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_finalize(db->begin);
	sqlite3_finalize(db->commit);
	sqlite3_finalize(db->rollback);
	if (sqlite3_close(db->handle) != SQLITE_OK)
		BUG("the journal was closed too early: %s", sqlite3_errmsg(db->handle));
	cleanup_fd_(&db->dirfd);
}

int db_open(struct db *db, int dirfd, struct journal_opened *opened, struct error *err)
{
	use_our_memory();
	*db = (struct db){ .dirfd = -1 };
	*opened = (struct journal_opened){ 0 };
	int rc = open_it(db, dirfd, opened, err);
	if (rc == -EUCLEAN)
		db->damage = rc;
	if (rc < 0)
		release(db);
	return rc;
}

void db_close(struct db *db)
{
	if (db->writing)
		db_rollback(db);
	if (!db->damage && sqlite3_exec(db->handle, db->suspect ? leave_unchecked : leave_clean, NULL, NULL,
	                                NULL) != SQLITE_OK)
		log_error("journal: no mark of a clean end: %s", sqlite3_errmsg(db->handle));
	release(db);
}
