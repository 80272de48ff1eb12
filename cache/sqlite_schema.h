/*
 * sqlite_schema: the tables of journal.db.  Only sqlite.c includes it.
 *
 * steps[N] takes a journal from schema N to N + 1, in the transaction that also writes
 * `PRAGMA user_version`.  A step that was released is never edited: append another one.
 *
 * A million finished jobs must cost nothing at start, so everything that is asked without naming a
 * row is answered by an index, and the counts per state are kept by triggers.  tests/unit/
 * test_journal.c asks SQLite for its plan of every statement.
 *
 * Paths are blobs: compared byte by byte, and never taken for text in some encoding.
 */
#ifndef CACHE_SQLITE_SCHEMA_H
#define CACHE_SQLITE_SCHEMA_H

/* "EASL": how `file` and a start on a foreign database know whose it is. */
#define SCHEMA_APPLICATION_ID 0x4541534c

static const char *const schema_steps[] = {
	[0] =
	"CREATE TABLE prompts ("
	"  id INTEGER PRIMARY KEY,"
	"  path BLOB NOT NULL,"
	"  stem BLOB NOT NULL,"
	"  dev INTEGER NOT NULL,"
	"  ino INTEGER NOT NULL,"
	"  size INTEGER NOT NULL,"
	"  mtime_ns INTEGER NOT NULL,"
	"  ctime_ns INTEGER NOT NULL,"
	"  digest BLOB NOT NULL,"
	"  job INTEGER NOT NULL,"              /* 0 = none, hence no foreign key */
	"  revision INTEGER NOT NULL,"
	"  shown INTEGER NOT NULL,"
	"  gone_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE UNIQUE INDEX prompts_path ON prompts (path) WHERE gone_ms = 0;"
	"CREATE INDEX prompts_stem ON prompts (stem) WHERE gone_ms = 0;"
	"CREATE INDEX prompts_gone ON prompts (path, gone_ms) WHERE gone_ms <> 0;"

	"CREATE TABLE jobs ("
	"  id INTEGER PRIMARY KEY,"
	"  prompt INTEGER NOT NULL REFERENCES prompts (id),"
	"  revision INTEGER NOT NULL,"
	"  state INTEGER NOT NULL,"
	"  digest BLOB NOT NULL,"
	"  request TEXT,"
	"  provider TEXT,"
	"  model TEXT,"
	"  n INTEGER NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER NOT NULL,"
	"  reason TEXT,"
	"  hint TEXT,"
	"  note TEXT,"
	"  orphan INTEGER NOT NULL,"
	"  same_as INTEGER NOT NULL,"
	"  release_serial INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX jobs_state ON jobs (state);"
	"CREATE INDEX jobs_digest ON jobs (digest);"

	"CREATE TABLE tasks ("
	"  id INTEGER PRIMARY KEY,"
	"  job INTEGER NOT NULL REFERENCES jobs (id),"
	"  [index] INTEGER NOT NULL,"
	"  state INTEGER NOT NULL,"
	"  own_id TEXT,"
	"  task_id TEXT,"
	"  progress INTEGER NOT NULL,"
	"  urls TEXT,"
	"  expires_ms INTEGER NOT NULL,"
	"  attempts INTEGER NOT NULL,"
	"  next_try_ms INTEGER NOT NULL,"
	"  resume INTEGER NOT NULL,"
	"  submitted_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER NOT NULL,"
	"  file BLOB,"
	"  sha256 BLOB NOT NULL,"
	"  bytes INTEGER NOT NULL,"
	"  width INTEGER NOT NULL,"
	"  height INTEGER NOT NULL,"
	"  type TEXT,"
	"  out BLOB,"
	"  out_dev INTEGER NOT NULL,"
	"  out_ino INTEGER NOT NULL,"
	"  cost_usd REAL NOT NULL,"
	"  counted INTEGER NOT NULL,"
	"  reason TEXT,"
	"  hint TEXT"
	") STRICT;"
	/* Unique: a picture that has two tasks would be paid for twice. */
	"CREATE UNIQUE INDEX tasks_job ON tasks (job, [index]);"
	"CREATE INDEX tasks_out ON tasks (out) WHERE out IS NOT NULL;"

	"CREATE TABLE job_counts (state INTEGER PRIMARY KEY, jobs INTEGER NOT NULL) STRICT;"
	"CREATE TRIGGER jobs_counted AFTER INSERT ON jobs BEGIN"
	"  INSERT INTO job_counts VALUES (new.state, 1)"
	"    ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;"
	"END;"
	"CREATE TRIGGER jobs_recounted AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN"
	"  UPDATE job_counts SET jobs = jobs - 1 WHERE state = old.state;"
	"  INSERT INTO job_counts VALUES (new.state, 1)"
	"    ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;"
	"END;"

	"CREATE TABLE uploads ("
	"  provider TEXT NOT NULL,"
	"  sha256 BLOB NOT NULL,"
	"  url TEXT NOT NULL,"
	"  stored_ms INTEGER NOT NULL,"
	"  PRIMARY KEY (provider, sha256)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE spent ("
	"  day INTEGER PRIMARY KEY,"           /* YYYYMMDD, local */
	"  pictures INTEGER NOT NULL,"
	"  usd REAL NOT NULL"
	") STRICT;"

	"CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",

	[1] =
	"CREATE INDEX prompts_file ON prompts (ino, dev) WHERE gone_ms = 0;",

	[2] =
	"ALTER TABLE jobs ADD COLUMN unasked INTEGER NOT NULL DEFAULT 0;",

	[3] =
	"ALTER TABLE jobs ADD COLUMN uid INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN gid INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN ino INTEGER NOT NULL DEFAULT 0;",
};

#define SCHEMA_VERSION ((int)ARRAY_LEN(schema_steps))

#endif
