/*
 * journal: what must survive: prompts, jobs, tasks, uploads, spending.
 *
 * One struct of functions, so that a shared database can stand beside the SQLite implementation
 * (sqlite.c).  One connection, one thread (the engine's).  Every write happens between begin() and
 * commit(); commit() returns only when the rows are on the disk (WAL, synchronous=FULL), which is
 * what "durable" means everywhere else.  Reads see what the same thread wrote.
 *
 * Paths are bytes (no encoding assumed), relative to the source directory, without leading `/`.
 * Times are milliseconds since 1970.  Rows are plain structs that own their strings; *_release()
 * frees them.  Functions return 0, or 1 / 0 for found / not found where they look one row up, or
 * -errno (-EIO for a damaged file, -ENOSPC for a full disk) after logging the cause.
 */
#ifndef CACHE_JOURNAL_H
#define CACHE_JOURNAL_H

#include "base.h"

/* DESIGN section 3.  The numbers are stored: append only. */
enum job_state {
	STATE_DRAFT, STATE_HELD, STATE_QUEUED, STATE_UPLOADING, STATE_SUBMITTING, STATE_RUNNING,
	STATE_DOWNLOADING, STATE_COMPLETED, STATE_DEFERRED, STATE_STOPPED, STATE_UNKNOWN,
	STATE_FAILED, STATE_CANCELED, STATE_EXPIRED, STATE_COUNT
};
const char *state_name(enum job_state s);      /* "draft", "held" … */

/* A prompt that was committed at least once. */
struct prompt_row {
	int64_t id;                   /* 0 = not stored yet */
	char *path;                   /* `a/b/cat.md`; unique among those that are not gone */
	char *stem;                   /* `a/b/cat`: what its pictures are named after */
	uint64_t dev, ino;            /* what stood there at the last commit, for the scan at start */
	int64_t size, mtime_ns, ctime_ns;
	uint8_t digest[32];           /* of the last commit; what "nothing changed" compares */
	int64_t job;                  /* newest job, or 0 */
	unsigned revision;            /* of that job, counted from 1 per prompt */
	int64_t shown;                /* job whose pictures stand in out/, or 0 */
	int64_t gone_ms;              /* when it was deleted or renamed away; 0 = it is there */
};

/* One revision of a prompt. */
struct job_row {
	int64_t id;
	int64_t prompt;
	unsigned revision;
	enum job_state state;         /* summary of its tasks, or its own while it has none */
	uint8_t digest[32];
	char *request;                /* canonical text (request_write); NULL if it was refused */
	char *provider, *model;       /* for display */
	unsigned n;
	int64_t created_ms, finished_ms;
	char *reason, *hint, *note;   /* sentences, or NULL */
	bool orphan;                  /* its prompt was deleted: pictures go to history/ */
	int64_t same_as;              /* job whose pictures were reused, or 0 */
	uint64_t release_serial;      /* held jobs: order in which they are let go */
	bool unasked;                 /* was found where it stands: nobody has saved or released it yet */
	int64_t uid, gid;             /* whose prompt it was when it was taken up; -1 = not known */
	uint64_t ino;                 /* the prompt's file then */
};

/* One picture asked of a provider. */
struct task_row {
	int64_t id;
	int64_t job;
	unsigned index;               /* 1 to n */
	enum job_state state;
	char *own_id;                 /* client_business_id of the submit under way or done; NULL before */
	char *task_id;                /* the provider's; NULL before it answered */
	int progress;                 /* 0 to 100, -1 unknown */
	char *urls;                   /* result URLs, one a line; NULL before */
	int64_t expires_ms;           /* of the URLs; 0 unknown */
	unsigned attempts;            /* failures in a row in this state */
	int64_t next_try_ms;          /* deferred: when; 0 = at once */
	enum job_state resume;        /* deferred, stopped, held: which state it goes on in */
	int64_t submitted_ms, finished_ms;
	char *file;                   /* name in incoming/ of the complete, durable picture; NULL before */
	uint8_t sha256[32];           /* of it */
	uint64_t bytes; unsigned width, height;
	char *type;                   /* "PNG", "JPEG" … */
	char *out;                    /* where it was published, `out/a/b/cat.png`; NULL before */
	uint64_t out_dev, out_ino;    /* that file, to know it again */
	double cost_usd;              /* negative = unknown */
	bool counted;                 /* counts for the budget */
	char *reason, *hint;
};

void prompt_row_release(struct prompt_row *r);
void job_row_release(struct job_row *r);
void task_row_release(struct task_row *r);
#define cleanup_prompt_row __attribute__((cleanup(prompt_row_release)))
#define cleanup_job_row __attribute__((cleanup(job_row_release)))
#define cleanup_task_row __attribute__((cleanup(task_row_release)))

struct journal {
	/* Transactions.  begin in begin is a BUG. */
	int (*begin)(struct journal *j);
	int (*commit)(struct journal *j);
	/* Gives up what was written since begin. */
	void (*rollback)(struct journal *j);
	/* Marks a clean end and frees; j is gone. */
	void (*close)(struct journal *j);

	/* Looks at a part of what is stored, for some tenths of a second per million rows.  1: there is more;
	 * 0: all of it is well; -EUCLEAN or -EIO: it is damaged.  Until then the end is no clean one. */
	int (*check)(struct journal *j);
	/* 0; or -EUCLEAN, or -EIO, from the moment that any read has met damage: what was read since, and what
	 * was not found, means nothing, and begin() and commit() fail. */
	int (*damage)(struct journal *j);
	/* Another number after every change of a row, as long as it is open. */
	int64_t (*changes)(struct journal *j);
	/* From now on save() inserts a row whose id is not there, under that id: rows that come from another
	 * journal keep theirs.  new_id: greater than any of those; others get ids from there on. */
	void (*keep_ids)(struct journal *j, int64_t new_id);

	/* Prompts.  save: insert (id is set) or update by id; another present one of that path is gone by that.  by_path: the one that is there (not gone);
	 * gone_by_path: the one that went most recently, by path.  by_file: the one that was that file at its
	 * last commit. */
	int (*prompt_save)(struct journal *j, struct prompt_row *row);
	int (*prompt_load)(struct journal *j, int64_t id, struct prompt_row *out);
	int (*prompt_by_path)(struct journal *j, const char *path, struct prompt_row *out);
	int (*prompt_gone_by_path)(struct journal *j, const char *path, struct prompt_row *out);
	int (*prompt_by_file)(struct journal *j, uint64_t dev, uint64_t ino, struct prompt_row *out);
	/* Calls each(arg, row) for every present prompt with exactly that stem; stops when it returns
	 * nonzero and returns that.  The row is lent for the call. */
	int (*prompts_by_stem)(struct journal *j, const char *stem,
	                       int (*each)(void *arg, struct prompt_row *row), void *arg);
	/* The same for those that were that file at their last commit: links. */
	int (*prompts_by_file)(struct journal *j, uint64_t dev, uint64_t ino,
	                       int (*each)(void *arg, struct prompt_row *row), void *arg);
	/* Every present prompt at `path` or in the folder `path` ("" = all), in path order.  Binary
	 * comparison: `a/` must not match `a-b/`. */
	int (*prompts_under)(struct journal *j, const char *path,
	                     int (*each)(void *arg, struct prompt_row *row), void *arg);
	/* A prompt or a folder was renamed: path and stem of all present prompts at or under `from`.  One that
	 * has the name of such a one is gone by that. */
	int (*prompts_rename)(struct journal *j, const char *from, const char *to);

	int (*job_save)(struct journal *j, struct job_row *row);
	int (*job_load)(struct journal *j, int64_t id, struct job_row *out);
	/* Jobs in a state that something can still happen to by itself (queued, uploading, submitting,
	 * running, downloading, deferred, stopped), oldest first. */
	int (*jobs_active)(struct journal *j, int (*each)(void *arg, struct job_row *row), void *arg);
	/* Newest completed job with that digest whose id is below `before` (INT64_MAX: of all). */
	int (*job_by_digest)(struct journal *j, const uint8_t digest[32], int64_t before,
	                     struct job_row *out);
	/* The picture `index` of the newest job with that digest whose id is below `before` that waits for a person
	 * though it was sent: it is unknown, or held or stopped and goes on where it is paid for. */
	int (*task_owed)(struct journal *j, const uint8_t digest[32], unsigned index, int64_t before,
	                 struct task_row *out);
	/* How many jobs stand in each state: counts[STATE_COUNT]. */
	int (*job_counts)(struct journal *j, uint64_t counts[STATE_COUNT]);
	/* The latest `count` jobs whose id is below `before` (INT64_MAX: of all), newest first; stops when each()
	 * returns nonzero and returns that. */
	int (*jobs_latest)(struct journal *j, int64_t before, unsigned count,
	                   int (*each)(void *arg, struct job_row *row), void *arg);

	int (*task_save)(struct journal *j, struct task_row *row);
	int (*task_load)(struct journal *j, int64_t id, struct task_row *out);
	int (*tasks_of)(struct journal *j, int64_t job,
	                int (*each)(void *arg, struct task_row *row), void *arg);   /* by index */
	/* The task whose picture was published at that path most recently. */
	int (*task_by_out)(struct journal *j, const char *out, struct task_row *row);
	/* `out` of all tasks at or under `from` follows a rename of the pictures. */
	int (*outs_rename)(struct journal *j, const char *from, const char *to);

	/* Upload memo: a reference's content at a provider. get: 1 and *url (caller frees) if it was
	 * stored after `not_before_ms`. */
	int (*upload_get)(struct journal *j, const char *provider, const uint8_t sha256[32],
	                  int64_t not_before_ms, char **url);
	int (*upload_put)(struct journal *j, const char *provider, const uint8_t sha256[32],
	                  const char *url, int64_t now_ms);
	int (*upload_forget)(struct journal *j, const char *provider, const uint8_t sha256[32]);

	/* Spending per local day (YYYYMMDD): add and read. */
	int (*spent_add)(struct journal *j, int day, int pictures, double usd);
	int (*spent_get)(struct journal *j, int day, int *pictures, double *usd);
	int (*spent_total)(struct journal *j, int64_t *pictures, double *usd);

	/* Small facts by name: host, first_mount_ms … get: 1 and *value (caller frees). */
	int (*fact_get)(struct journal *j, const char *name, char **value);
	int (*fact_set)(struct journal *j, const char *name, const char *value);
};

/* What opening found. */
struct journal_opened {
	bool created;                 /* there was none before: the first mount of this source */
	bool unclean;                 /* the last daemon did not close it */
	bool suspect;                 /* nothing in it is to be acted upon before check() has returned 0 */
};

/*
 * Opens or creates `journal.db` in the directory dirfd (through /proc/self/fd, so that it is reached
 * beneath a mount).  WAL, synchronous=FULL, locking_mode=EXCLUSIVE.  Schema version in
 * `PRAGMA user_version`; a newer one is refused with -EPROTO and a sentence.  A file that is not a
 * database, or cannot be read: -EUCLEAN.  Prepared statements are kept.
 */
int journal_open_sqlite(int dirfd, struct journal **out, struct journal_opened *opened,
                        struct error *err);

/* The version of the library beneath, `3.40.1`. */
const char *journal_library(void);

#endif
