/*
 * engine: what is asked of providers, and when.
 *
 * One thread runs the HTTP loop, owns the journal and every job.  Others post to it and are called
 * back on its thread.  Each turn of the loop: take what was posted, run what is due, write everything
 * that changed in one transaction, and only then do what needed it on disk (send, download, announce).
 */
#ifndef API_ENGINE_H
#define API_ENGINE_H

#include "base.h"
#include "disk.h"
#include "journal.h"
#include "models.h"
#include "request.h"
#include "store.h"

struct engine;

/* A prompt file as it stood when it was committed.  Everything in it is owned. */
struct engine_commit {
	char *path;
	uint64_t dev, ino;
	int64_t size, mtime_ns, ctime_ns;
	int64_t uid, gid;             /* whose file it is; -1 = it could not be looked at */
	bool gone;                    /* no prompt stands there (any more) */
	bool draft;                   /* blank, or headers only: `refused` says which */
	bool linked;                  /* the file has other names */
	bool asked;                   /* was saved, or given its name: not just read again */
	bool hold;                    /* was there before the first mount */
	bool again;                   /* make it although the digest is the same … */
	bool fresh;                   /* … and no other prompt's picture will do */
	struct request request;       /* valid unless refused, draft or gone */
	struct error refused;         /* code ENOKEY: stopped until a key is there; else failed */
	uint8_t digest[32];           /* of the request, or of text and refusal */
};
void engine_commit_release(struct engine_commit *c);

/* What a prompt's newest job looks like; lent for the call, engine thread. */
struct job_view {
	const struct prompt_row *prompt;
	const struct job_row *job;            /* NULL: never committed */
	const struct task_row *const *tasks;  /* by index */
	size_t tasks_count;
	const struct request *request;        /* NULL if refused or no longer in memory */
	const char *waits;                    /* why nothing goes on at the moment, or NULL */
	bool moving;                          /* pictures follow a rename: one that is not at its place may come */
};

/* One visible change: fs makes it through the mount, durably, and gives it back. */
enum publish_kind {
	PUBLISH_PICTURE,              /* incoming/<file> → out; what stands there goes to history first */
	PUBLISH_BESIDE,               /* the same for what comes with a picture: a text, a draft */
	PUBLISH_TEXT,                 /* incoming/<file> → out, over what stands there */
	PUBLISH_RETIRE,               /* out → history, if it is still the file of (out_dev, out_ino) */
	PUBLISH_MOVE,                 /* file (a path here) → out, if it is still that file */
	PUBLISH_MOVE_HISTORY,         /* history of one prompt, `history/a/cat.*` → `history/b/dog.*` */
	PUBLISH_REMOVE,               /* unlink out */
	PUBLISH_FOLDER,               /* make the folders above out */
};
struct publication {
	enum publish_kind kind;
	uint64_t job_serial; unsigned task_index; int64_t prompt;   /* the engine's */
	char *file;
	char *out;                    /* path from the root, `out/a/b/cat.png` */
	char *like;                   /* the prompt's file: what is new gets its owner and no more rights; or NULL */
	struct maker maker;           /* whose that was, with `like` */
	char *history;                /* stem for what stands at `out`: `history/a/b/cat` */
	unsigned old_revision;        /* number for it, `history/a/b/cat.<N>.png`; 0: it is not ours */
	uint64_t out_dev, out_ino;    /* identity of the file that is moved */
	char *kept;                   /* set by fs: what stood at `out` is there now; NULL: nothing did.  fs may
	                                 change `out`, too, where it lies in history/ and something has that name */
	/* Set by fs, of PUBLISH_MOVE_HISTORY: what was moved, from where to where. */
	struct moved_name { char *from, *to; } *older; size_t older_count;
	int result;                   /* set by fs: 0 or -errno; -ENOENT: the file is nowhere */
};
void publication_free(struct publication *p);

/* What a prompt is read again for. */
enum engine_reading {
	READ_CHANGED,                 /* what comes of it may be another request by now */
	READ_AGAIN,                   /* a new revision, though it be the same request */
	READ_FRESH,                   /* … and a new picture */
};

/* What the engine needs of the filesystem.  All are called on the engine thread, without locks. */
struct engine_calls {
	/* Ownership of p goes to fs, which gives it back by engine_published(). */
	void (*publish)(void *ctx, struct publication *p);
	/* State (state_changed) or progress of that prompt changed; v is lent for the call. */
	void (*changed)(void *ctx, const struct job_view *v, bool state_changed);
	/* The commit of that inode was taken up. */
	void (*committed)(void *ctx, uint64_t dev, uint64_t ino);
	/* Whether a commit of that inode is still under way. */
	bool (*is_pending)(void *ctx, uint64_t dev, uint64_t ino);
	/* The prompt must be read again. */
	void (*read_again)(void *ctx, const char *path, enum engine_reading how);
	/* Another name of the prompt's file was edited, so its text is another, too. */
	void (*edited)(void *ctx, const char *path);
	/* The journal is damaged: sets it aside, opens a new one and closes it.  *kept: the name that it has
	 * now, which the caller frees.  After an error the old one is still open. */
	int (*journal_anew)(void *ctx, struct journal *damaged, struct journal **out, char **kept,
	                    struct error *err);
	/* The tree must be compared with the journal again. */
	void (*scan)(void *ctx);
};

struct engine_settings {
	struct models *models;        /* one reference is taken */
	struct journal *journal;      /* goes to the engine, which closes it */
	struct journal_opened opened;
	const char *rebuilt;          /* what the damaged journal is called in whose place it is, or NULL; borrowed */
	const char *host;             /* `ID NAME` of this machine, or NULL; copied */
	unsigned crash_count;         /* so many unclean ends … */
	int64_t crash_ms;             /* … within that time hold everything; 0 = none do */
	struct store *store;          /* borrowed, outlives the engine */
	struct disk *disk;            /* borrowed, outlives the engine */
	int source_fd;                /* borrowed */
	long budget_pictures;         /* per local day; -1 = none */
	double budget_usd;            /* negative = none */
	long in_flight;               /* 0 = by provider row */
	const struct engine_calls *calls;
	void *ctx;
};

int engine_start(const struct engine_settings *s, struct engine **out, struct error *err);
/* Lets submits on the wire end (a few seconds at most; those whose reply carries the picture, however long),
 * writes the journal, joins, frees. */
void engine_stop(struct engine *e);
/* Any thread, and signal handlers: a stop under way waits no longer; what is on the wire is unknown then. */
void engine_hurry(struct engine *e);
/* Any thread: a key or the configuration has changed, so what was stopped is tried again.  m: the new
 * table, whose reference goes to the engine, or NULL if it is the same. */
void engine_reload(struct engine *e, struct models *m);
/* What may be used in a day, and be under way at once, from now on; as in engine_settings. */
struct engine_allowance { long budget_pictures; double budget_usd; long in_flight; };
/* Any thread. */
void engine_allow(struct engine *e, const struct engine_allowance *a);
/* Any thread: what is wrong with the configuration, for engine_stats; NULL: nothing is.  Copied. */
void engine_trouble(struct engine *e, const char *text);

/* Any thread, in order of posting: fn runs on the engine thread. */
void engine_post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg);
/* The same for what only looks: it need not wait until the journal is trusted. */
void engine_post_look(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg);

/* Any thread.  c goes to the engine. */
void engine_commit(struct engine *e, struct engine_commit *c);
/* A prompt, or a folder of prompts, is not there any more. */
void engine_removed(struct engine *e, const char *path);
/* Record, pictures and history follow. */
void engine_renamed(struct engine *e, const char *from, const char *to, bool is_dir);
/* Two prompts, or two folders, have each other's name now.  Of two files of which one has no record nothing
 * follows: its text is an edit of the other. */
void engine_exchanged(struct engine *e, const char *a, const char *b, bool is_dir);
void engine_published(struct engine *e, struct publication *p);
/* fn(arg, view) on the engine thread; view is NULL if that prompt has no record. */
void engine_query(struct engine *e, const char *path,
                  void (*fn)(void *arg, const struct job_view *view), void *arg);

/* What was made and spent; lent for the call, engine thread.  Pictures of providers that cost nothing are
 * not counted; those whose price is not known are, without money. */
struct engine_stats {
	uint64_t jobs[STATE_COUNT];
	int pictures_today;
	int64_t pictures_total;
	double usd_today, usd_total;
	long budget_pictures;         /* -1 = none */
	double budget_usd;            /* negative = none */
	const char *trouble;          /* what is wrong with the configuration, or NULL */
};
void engine_stats(struct engine *e, void (*fn)(void *arg, const struct engine_stats *s), void *arg);

/*
 * Jobs: of each prompt the newest, all that are under way and then, of the latest ENGINE_JOBS that were
 * begun, the others, newest first.  each(arg, view) for each of them, without its request, then done(arg);
 * engine thread.
 */
enum { ENGINE_JOBS = 1000 };
void engine_jobs(struct engine *e, void (*each)(void *arg, const struct job_view *v), void (*done)(void *arg),
                 void *arg);

/*
 * All jobs that the journal has, newest first, each with its request, whose model is NULL if there is no such one
 * any more.  In pieces of some milliseconds, between which the engine does its work: a job shows as it stands when
 * its turn comes, and those that are begun meanwhile do not.  Engine thread.
 */
struct engine_walk {
	/* version: another text than before if a job may show differently than it did then; lent.  False: the walk
	 * is not wanted, and nothing follows. */
	bool (*begin)(void *arg, const char *version);
	/* False: that is enough. */
	bool (*each)(void *arg, const struct job_view *v);
	/* 0, or -errno: it ended too early. */
	void (*done)(void *arg, int result);
};
void engine_walk(struct engine *e, const struct engine_walk *calls, void *arg);

/* A person's word.  done(arg, result, text) on the engine thread: 0, -ENOENT, -EALREADY (nothing to
 * do in this state: text says so). */
enum engine_verb { VERB_RETRY, VERB_AGAIN, VERB_CANCEL, VERB_RELEASE, VERB_COUNT };
extern const char *const engine_verb_names[VERB_COUNT];
void engine_command(struct engine *e, enum engine_verb verb, const char *path,
                    void (*done)(void *arg, int result), void *arg);

/*
 * Waiting for a picture.  Posted with engine_wait(); done is called once on the engine thread with
 * result 0 and the path of the picture (`out/a/b/cat.png`), or -EIO, -ENOENT.  engine_wait_cancel()
 * (any thread) makes sure that done is called soon, with -EINTR if it was not called before.
 */
struct engine_waiter {
	char *path;                   /* of the prompt; owned by the caller, constant */
	unsigned index;               /* which picture; 0 = the first */
	uint64_t dev, ino;            /* of the prompt file when the wait began */
	void (*done)(struct engine_waiter *w, int result, const char *out);
	struct engine_waiter *prev, *next;   /* the engine's */
	bool listed;
};
void engine_wait(struct engine *e, struct engine_waiter *w);
void engine_wait_cancel(struct engine *e, struct engine_waiter *w);
/* Answers all waiters with -EIO now; later ones are answered the same way until `on` is false. */
void engine_wait_drain(struct engine *e, bool on);

/* Engine thread only (from engine_post and engine_query callbacks). */
struct journal *engine_journal(struct engine *e);
/* The present prompt of that path as it is known by now, which a journal that cannot be written may not know: 1,
 * and *out is the caller's; 0: there is none; or -errno.  The engine's thread. */
int engine_recorded(struct engine *e, const char *path, struct prompt_row *out);
/* Whether prompts that the journal does not know are held, whenever they were written. */
bool engine_holds_found(struct engine *e);
/* The whole tree was compared with the journal, which has all that was found there: recorded with this turn's
 * transaction.  What was there at mounted_ns is no news after the first time. */
void engine_scanned(struct engine *e, int64_t mounted_ns);

#endif
