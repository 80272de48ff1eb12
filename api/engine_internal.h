/*
 * engine_internal: what the engine's files share.
 *
 *   engine.c          thread, mailbox, loop, the one transaction per turn
 *   engine_job.c      prompts and jobs: commits, names, deletion, renaming, restart
 *   engine_journal.c  the journal's own troubles, and what they mean for the work
 *   engine_adopt.c    pictures that a new journal does not know
 *   engine_views.c    what others ask: views, waiting readers, a person's words
 *   engine_account.c  a provider's account: queue, limits, whether it refuses everything
 *   engine_task.c     one picture's states
 *   engine_call.c     a wire's call becomes a transfer
 *   engine_submit.c   submit, and looking it up
 *   engine_poll.c     asking for a running task
 *   engine_reply.c    replies with pictures in them
 *   engine_upload.c   references on their way to the provider
 *   engine_reuse.c    the same request twice
 *   engine_fetch.c    download
 *   engine_check.c    what came is looked at
 *   engine_label.c    what a picture says of itself
 *   engine_publish.c  pictures under their names
 *   engine_tidy.c     what follows a job's end in out/
 *   engine_kill.c     where a test kills all of this
 *
 * Everything here belongs to the engine's thread.
 */
#ifndef API_ENGINE_INTERNAL_H
#define API_ENGINE_INTERNAL_H

#include <pthread.h>
#include <sys/stat.h>
#include <uthash.h>

#include "engine.h"
#include "http.h"
#include "image.h"
#include "kill.h"
#include "label.h"
#include "limiter.h"
#include "state.h"
#include "timers.h"
#include "wire.h"

/* A running task is asked for until the provider says what became of it, or this long. */
#define TASK_WEEK_MS (INT64_C(7) * 86400 * 1000)

/* A provider account as it is used: its queue, its limits, whether it refuses everything. */
struct account {
	char *name;
	struct task *first, *last;    /* queued, in order */
	struct limiter submits, queries;
	size_t in_flight;
	char *stopped, *stopped_hint; /* why nothing is sent, or NULL */
	char *key;                    /* that was sent last, so that no sentence repeats it; or NULL */
	int64_t went_at;              /* when a person said that it goes on; clock_mono_ms, 0 = never */
	bool proven;                  /* it has taken a request, or did not refuse one at once … */
	int64_t probed_at;            /* … after the first was sent; clock_mono_ms, 0 = none was */
	UT_hash_handle hh;
};

struct task {
	struct task_row row;
	struct job *job;
	bool dirty, fresh;            /* to be written; inserted by the transaction under way */
	bool in_flight, queued;
	struct timer timer;
	void (*on_time)(struct engine *e, struct task *t);
	void (*after)(struct engine *e, struct task *t);   /* once its row is on disk */
	struct task *next, *prev;     /* in the account's queue */
	struct task *next_after;
	struct http_transfer *transfer;
	http_done *answered;          /* what its reply is for */
	int *reference_fd;            /* references that it sends, open until it is over */
	size_t reference_fds;
	struct reply *reply;          /* of a synchronous submit, while it comes … */
	struct keep *keep;            /* … and when it came, but the disk did not take it */
	int fd;                       /* where a download goes */
	unsigned looks;               /* of this state */
	unsigned empty_looks;         /* of them, the latest in a row that found nothing: no task, no address, no picture */
	int64_t week_over;            /* clock_mono_ms when it is given up; RUNNING only */
	enum refs_form refs_form;
	bool refs_form_tried;
	unsigned uploads;             /* of its job, when it was sent */
	bool uploaded_again;
	unsigned redirects;
	char *redirect;               /* where the download goes on … */
	char *fetched;                /* … and where it is now */
	bool busy;                    /* the disk thread or tell has it */
	uint8_t flawed[32];           /* hash of the last download that had a flaw … */
	unsigned flawed_times;        /* … and how often it came in a row */
	int64_t reuse_before;         /* jobs from this one on have no picture to copy; 0 = none was tried */
	unsigned copy_tries;          /* of the job that same_as named last */
	bool insists;                 /* a person sends it again: it waits for nobody who may have its picture */
};

/* How long who waits for the picture of a deleted prompt is left in peace: editors need a moment. */
#define READERS_MS 1000

/* A prompt that something happens to; others are read from the journal when asked for. */
struct prompt {
	struct prompt_row row;
	bool dirty, fresh, grace, hashed;
	struct prompt *next_dirty;
	unsigned jobs;                /* in memory */
	struct job *all;              /* these */
	struct job *newest;           /* if in memory */
	struct timer timer;           /* of a deletion: when readers learn of it, then when it can't be undone */
	int64_t grace_ends;           /* clock_mono_ms() */
	uint64_t publishing;          /* serial of the job whose pictures are on their way to out/ … */
	unsigned on_the_way;          /* … and how many of them */
	UT_hash_handle hh;            /* by row.path */
	UT_hash_handle stem_hh;       /* by row.stem, which several may have */
};

struct job {
	struct engine *engine;
	struct job_row row;
	struct prompt *prompt;
	struct request request;
	bool has_request;
	bool dirty, fresh, listed_dirty;
	struct task **tasks;          /* by index - 1 */
	size_t tasks_count;
	char **ref_urls;              /* per reference of the request; NULL = not uploaded yet */
	struct task *uploader;        /* the task that uploads for all of them */
	size_t upload_index;
	bool refs_from_memo;
	unsigned uploads;             /* how often its references were uploaded anew */
	struct job *next_dirty;
	bool adopted;                 /* its pictures were found in out/: its prompt shows them */
	struct job *next_of_prompt;
	bool leads;                   /* other prompts with this digest wait for it */
	UT_hash_handle digest_hh;     /* in leaders, by row.digest */
	UT_hash_handle hh;            /* by serial */
	uint64_t serial;
};

struct message {
	void (*fn)(struct engine *e, void *arg); void *arg;
	bool looks;                   /* changes nothing: it need not wait until the journal is trusted */
	struct message *next;
};
struct fact;
struct waiters { struct engine_waiter *first; UT_hash_handle hh; char path[]; };

struct engine {
	pthread_t thread;
	struct engine_settings set;
	struct http *http;
	struct journal *journal;
	char *trouble;                /* what is wrong with the configuration, or NULL */
	unsigned reloads;             /* how often the table of models was replaced */

	pthread_mutex_t mail_lock;    /* guards mail */
	struct message *mail, **mail_end;
	bool stopping;
	_Atomic bool hurried;
	int64_t stop_by;

	struct account *accounts;
	struct prompt *prompts;       /* by path */
	struct prompt *stems;         /* the same ones, by stem */
	struct job *jobs;
	struct job *dirty;
	struct job *leaders;          /* by digest */
	struct task *after, **after_end;
	struct timers task_timers, prompt_timers;
	struct waiters *waiters;
	bool drained;
	size_t most_jobs;             /* in memory at once, since memory was given back */
	size_t disk_work;             /* posted to the disk thread and not back yet */
	struct prompt *dirty_prompts;
	size_t publications;          /* given to fs and not back yet */
	size_t moves;                 /* of them, those that follow a rename */
	struct move *late_moves; size_t late_moves_count;      /* of renames that the journal could not take */
	bool untidy, untidy_recorded; /* something in out/ is to follow a job's end; and the journal says so */
	int64_t journal_retry;        /* the journal could not be written: not before; 0 = it could */
	bool checking;                /* nothing in the journal is acted upon yet */
	char *waits;                  /* why nothing goes on, or NULL */
	struct fact *facts, **facts_end;      /* to be written */
	struct record *records, **records_end;
	uint64_t active;              /* job whose state changed last, by serial … */
	int64_t active_written;       /* … and by id, as the journal says */
	/* Why tasks are held at the start, or when the journal was replaced; which ones: */
	char *hold_reason; const char *hold_hint;
	bool holds_unsent;            /* those that were not sent */
	bool looping;                 /* all, and whatever is queued until a release … */
	int64_t loop_until;           /* … or this moment, when unclean ends are forgotten; 0 = there are none */
	char *held_back;              /* jobs that are held then, though sent, and that no person can name: their ids */
	/* Why prompts that the scan finds are held, if not because of a first mount. */
	char *found_reason; const char *found_hint;
	char *rebuilt_name, *host;
	bool foreign;                 /* another machine wrote the journal */
	bool rebuilt;                 /* in place of a damaged one */
	bool unscanned;               /* the tree was never compared with the journal to the end … */
	int64_t scanned_ns;           /* … or when that began; CLOCK_REALTIME_COARSE */
	uint64_t serial;
	int spent_day, spent_pictures;
	double spent_usd;
	int pending_pictures;         /* counted in memory, not in the journal yet */
	double pending_usd;
	int spent_carried, found_today;       /* of a damaged journal; pictures of today that stand in the tree */
};

/* engine.c */
void job_dirty(struct engine *e, struct job *j);
void task_dirty(struct engine *e, struct task *t);
void prompt_dirty(struct engine *e, struct prompt *p);
/* Writes what changed now; normally the loop does that once a turn. */
void engine_flush(struct engine *e);
/* work(arg) on the disk thread, then done(e, arg) here, when what work gave to disk_sync() is synced.  A stop waits
 * for it. */
void engine_disk(struct engine *e, void (*work)(void *arg), void (*done)(struct engine *, void *arg),
                 void *arg);
/* fn runs once the task's row, as it is now, is on disk. */
void task_after(struct engine *e, struct task *t, void (*fn)(struct engine *, struct task *));
void task_at(struct engine *e, struct task *t, int64_t due, void (*fn)(struct engine *, struct task *));
/* Budget of the day: whether this task may be sent; count takes what it costs, or gives it back. */
bool budget_allows(struct engine *e, const struct task *t, struct buf *why);
void budget_count(struct engine *e, struct task *t, bool on);
int day_of(int64_t wall_ms);          /* local, as 20260301 */
/* The day's counts are those of this day. */
void budget_today(struct engine *e);

/* engine_journal.c */
/* Before the thread starts: begins to look at the journal, or goes on with what it says.  0 or -errno. */
int journal_start(struct engine *e);
/* Once a turn: whether the journal can be read and written, so that there is anything to be done. */
bool journal_serves(struct engine *e);
void journal_free(struct engine *e);
/* After a transaction: what it failed with, or that it did not. */
void journal_refuses(struct engine *e, int result);
void journal_takes(struct engine *e);
/* A fact (NULL: it is forgotten) that is written with the next transaction. */
void engine_fact(struct engine *e, const char *name, const char *value);
int facts_save(struct engine *e);     /* within it */
/* What has happened to files, and that the journal must know before anything else is written: in a transaction of
 * its own, at once, or when a disk that refuses takes it.  step is what kill.h has for it; a and b are copied. */
struct record {
	enum kill_point step;
	int (*write)(struct journal *db, const struct record *r);
	char *a, *b;
	int64_t id;
	struct record *next;
};
void record_add(struct engine *e, const struct record *r);
/* All that were added; false if they are still to be written. */
bool records_write(struct engine *e);
void facts_saved(struct engine *e);
bool facts_have(const struct engine *e, const char *name);
/* Holds a task that was restored or carried over, if there is a reason to. */
bool journal_holds(struct engine *e, struct task *t);
/* What nobody wants in incoming/ may be of a journal that is gone: then it was kept elsewhere. */
bool journal_keeps_incoming(struct engine *e);
/* Whether whatever is queued is held: after a crash loop. */
bool journal_holds_queue(const struct engine *e);
/* Whether a prompt is held that the journal does not know and that was last changed then: the journal may
 * be a younger one, in place of one that was damaged. */
bool journal_holds_unknown(const struct engine *e, int64_t ctime_ns);
/* Why the scan's finds are held. */
void journal_hold_reason(const struct engine *e, const char **reason, const char **hint);
/* A person let something go. */
void journal_released(struct engine *e);
/* What is due at `now` is done; returns when it is due next. */
int64_t journal_timer(struct engine *e, int64_t now);

/* engine_adopt.c */
/* The pictures that stand in out/ under the names of a prompt without a record, n at most, become those
 * of a completed revision. */
void adopt_pictures(struct engine *e, struct prompt *p, unsigned n);

/* engine_views.c */
/* Those who show that prompt learn that it changed. */
void view_changed(struct engine *e, const char *path, bool state_changed);
void waiters_answer_all(struct engine *e);

/* engine_job.c */
int jobs_restore(struct engine *e);
/* Whether a task that goes on, or may, has that file in incoming/; arg is the engine. */
bool job_wants_file(void *arg, const char *name);
struct job *job_new(struct engine *e, struct prompt *p, size_t tasks);
struct maker job_maker(const struct job *j);
struct task *task_new(struct job *j);                  /* its next one, queued */
void job_free(struct engine *e, struct job *j);        /* if nothing happens to it any more */
void job_drop(struct engine *e, struct job *j);        /* whatever happens to it: at the end */
void job_changed(struct engine *e, struct job *j, bool state_changed);
void job_settle(struct engine *e, struct job *j);      /* states of tasks changed: summary, waiters */
struct job *job_activate(struct engine *e, int64_t id);
struct job *job_in_memory(struct engine *e, int64_t id);      /* or NULL */
/* Reads what it asks for from its row, with models and providers as they are now.  Without (has_request is
 * false) nothing happens to it, and its reason says why. */
void job_fill_request(struct engine *e, struct job *j);
/* One more picture came of t's submit than it has tasks: a running task for it. */
struct task *job_add_task(struct engine *e, struct task *t);
/* One more thing that its status says beside the state. */
void job_note(struct job *j, const char *note);
/* Says so when fewer pictures came of t's submit than were asked for; note (or NULL) says why. */
void job_note_missing(struct task *t, size_t came, const char *note);
void waiters_answer(struct engine *e, const char *path);
/* Who waits for a prompt that was renamed, or that lies in a renamed folder, waits for it there. */
void waiters_follow(struct engine *e, const char *from, const char *to);
/* `a/cat` of `a/cat.txt`; the caller frees. */
char *stem_of(const char *path);
/* The present prompt of that path: if it is in memory, or else from the journal, too; or NULL. */
struct prompt *prompt_in_memory(struct engine *e, const char *path);
struct prompt *prompt_get(struct engine *e, const char *path);
void prompt_put(struct engine *e, struct prompt *p);
/* By path and stem, while those do not change. */
void prompt_hash(struct engine *e, struct prompt *p);
void prompt_unhash(struct engine *e, struct prompt *p);
void prompt_timer(struct engine *e, struct prompt *p);
void prompt_grace_over(struct engine *e, struct prompt *p);
/* Whether another prompt has the name in out/ that this one's pictures would have. */
bool stem_is_taken(struct engine *e, const struct prompt *p);
void job_set_reason(struct job *j, const char *reason, const char *hint);

/* engine_account.c */
struct account *account_of(struct engine *e, const struct provider *p);
/* Its limits are those of the table as it is now. */
void account_configure(struct engine *e, struct account *a);
void account_enter(struct engine *e, struct task *t);
void account_leave(struct engine *e, struct task *t);
void account_enqueue(struct engine *e, struct task *t);
void account_run(struct engine *e, struct account *a, int64_t *next);
void account_stop(struct engine *e, struct account *a, const char *why, const char *hint);
/* What it refused is sent again.  A person who says so of many prompts, one by one, does not cause as many attempts. */
void account_go(struct engine *e, struct account *a, bool person);
/* A person said so within the last second, of whatever prompt. */
bool account_has_just_gone(const struct account *a);
void account_answered(struct account *a, enum wire_class cls);
void task_leave_queue(struct engine *e, struct task *t);
/* Whether the budget has room for it; if not, it is held now. */
bool task_is_affordable(struct engine *e, struct task *t);

/* engine_task.c */
#define NEWER_TEXT "a newer text of this prompt took its place"
#define PROMPT_DELETED "its prompt was deleted before it was sent"
#define IF_IT_COMES_BACK "should it come back: easelfs again sends it"
#define ASK_ONCE_MORE "easelfs retry asks for it once more, at no charge; easelfs again makes a new one"
/* The only way a task changes its state; false if the event means nothing in its state. */
bool task_event(struct engine *e, struct task *t, enum event event, const char *reason,
                const char *hint);
/* Cancels what was not sent.  What may have been paid for only a person gives up; if it is held it goes on, as
 * nobody could release it any more. */
void task_give_up(struct engine *e, struct task *t, const char *reason, const char *hint);
/* What it waits for came to nothing: in that many milliseconds fn tries again, and the status says so. */
void task_again(struct engine *e, struct task *t, int64_t wait, const char *why, const char *hint,
                void (*fn)(struct engine *, struct task *));
/* Goes on with a task as its row says (after a restart, after a wait). */
void task_resume(struct engine *e, struct task *t);
/* The same when it may be welcome now, though it was refused before. */
void task_go_on(struct engine *e, struct task *t);
void task_stop_transfer(struct engine *e, struct task *t);
void task_set_reason(struct task *t, const char *reason, const char *hint);
/* Wait before the next try: doubling with jitter, or what the provider asked for (seconds, < 0 none). */
int64_t backoff_ms(unsigned attempts, double asked);
void task_defer(struct engine *e, struct task *t, double asked, const char *reason, const char *hint);

/* engine_call.c */
/* Starts it, and takes the call over.  0; -ENOKEY: there is no key, and the account is stopped now; -ENOENT:
 * the copy of a reference is gone.  err says which.  What that means depends on the state, as a task that may
 * be paid for must not go back to the queue. */
int task_call(struct engine *e, struct task *t, struct wire_call *c, const struct http_request *base,
              http_done *done, struct error *err);
void task_close_references(struct task *t);
/* reply as the wires read it. */
struct wire_reply wire_reply_of(const struct http_reply *r);
const struct wire *task_wire(const struct task *t);
/* What the rate-limit headers say holds for the whole account. */
void obey_limits(struct limiter *l, const struct http_reply *r);

/* engine_submit.c */
void task_submit(struct engine *e, struct task *t);
/* At a stop: a submit of which no byte has left, as while a name is resolved, is put off.  False: it is none. */
bool submit_withdraw(struct engine *e, struct task *t);
void task_look_up(struct engine *e, struct task *t);
void task_stopped(struct engine *e, struct task *t, const struct wire_result *r);
/* A name that nobody else has; the caller frees. */
char *engine_new_id(void);

/* engine_poll.c */
void task_poll_now(struct engine *e, struct task *t);
void task_take_poll(struct engine *e, struct task *t, struct wire_result *r);
/* It is done, and the pictures lie there. */
void task_take_urls(struct engine *e, struct task *t, const struct wire_result *r);

/* engine_reply.c */
/* Whether the disk has room for a reply. */
bool reply_has_room(struct engine *e);
/* The reply of this submit goes to files while it comes.  0, or -errno: there is none, so nothing may be sent, and
 * reply_free() follows. */
int reply_begin(struct engine *e, struct task *t, struct http_request *http);
void reply_free(struct task *t);
void reply_keep_free(struct task *t);
/* It has ended: what is left of it, for the wire. */
void reply_read(struct task *t, struct wire_reply *out);
/* After a restart: whether the reply was complete before; then it is read again. */
bool reply_recover(struct engine *e, struct task *t, struct wire_result *out);
/* It broke off: whether a picture came before that. */
bool reply_salvage(struct task *t, const struct http_reply *http, struct wire_result *out);
/* The files of it that nobody took go: drafts on the way to a picture, what is damaged or incomplete. */
void reply_drop(struct task *t);
/* Of a reply that is not understood, the pictures in it, with a note; false if there are none. */
bool reply_take_all(struct task *t, struct wire_result *out);
void reply_keep(struct engine *e, struct task *t, struct wire_result *r);
/* It names addresses, and what else was in it goes. */
void reply_take_urls(struct engine *e, struct task *t, const struct wire_result *r);
void reply_without_picture(struct engine *e, struct task *t, const struct wire_result *r);

/* engine_upload.c */
/* Whether all references have URLs (uploaded, memoised or URLs to begin with). */
bool uploads_ready(struct engine *e, struct job *j);
void upload_begin(struct engine *e, struct task *t);
/* Their addresses come from an earlier job: the provider may have thrown them away since. */
bool uploads_are_old(const struct task *t);
void upload_again(struct engine *e, struct task *t);

/* engine_reuse.c */
/* Its turn has come: true if it waits for, or copies, the picture of another prompt. */
bool reuse_takes(struct engine *e, struct task *t);
void reuse_restored(struct engine *e, struct job *j);
/* Its picture, which may be paid for, can come only when a person or the configuration lets it. */
bool reuse_is_owed(const struct task *t);
/* A task of j was owed and is not any more: those that have the same request, and wait for it, go on. */
void reuse_goes_on(struct engine *e, struct job *j);
void reuse_forget(struct engine *e, struct job *j);

/* engine_fetch.c */
void fetch_begin(struct engine *e, struct task *t);
/* Again after a while: the picture is paid for. */
void fetch_later(struct engine *e, struct task *t, double asked, const char *why);
/* The disk does not take it: fn again soon, as often as it takes. */
void disk_later(struct engine *e, struct task *t, const char *what, int code,
                void (*fn)(struct engine *, struct task *));
bool disk_is_at_fault(int code);      /* a positive errno */
/* The URL is no good any more: the task is asked for a fresh one; it says so when there is none. */
void fetch_fresh_url(struct engine *e, struct task *t, const char *why);
/* Its file in incoming/; the caller frees. */
char *fetch_name(const struct task *t);

/* engine_check.c */
/* A picture that is looked at on the disk thread. */
struct check {
	struct task *task;
	struct disk *disk;
	int fd, incoming;
	int file_synced, name_synced; /* 0 or -errno */
	int source_fd;
	char *prompt_path;
	struct maker maker;
	char *name;                   /* of the file in incoming/ */
	char *from;                   /* a copy is to be made of this picture, or NULL */
	uint8_t expected[32];         /* its hash when it was published */
	int copy_of;                  /* a copy is to be made of this open file, or -1 */
	bool again;                   /* the disk refused it before */
	void (*copied)(struct engine *, struct task *, bool ok);
	int result;                   /* 0, or -EBADMSG and err says what is wrong with it, or -errno */
	struct error err;
	struct image_info info;
	uint8_t sha256[32];
	uint64_t bytes;
	struct stat st;
	struct label label;
};
/* name and fd go to it. */
struct check *check_new(struct engine *e, struct task *t, char *name, int fd);
void check_free(struct check *c);
/* Disk thread: fills in what there is to know, makes it its prompt's owner's, and asks for it to be durable … */
void check_picture(void *check);
/* … which check_synced() finds in the result, on the engine thread. */
void check_synced(struct check *c);
void check_take(struct task *t, const struct check *c);
void check_note_size(struct job *j, const struct image_info *info);
void check_note_flaw(struct job *j, const char *flaw);
void check_begin(struct engine *e, struct task *t);
/* Copies the picture at `from` into t's file in incoming/; done(ok) says whether it was still the one
 * of that hash.  0 or -errno. */
int check_copy(struct engine *e, struct task *t, const char *from, const uint8_t sha256[32],
               void (*done)(struct engine *, struct task *, bool ok));
/* The disk did not take the copy (-errno): once more when it does, as a picture of its own would cost. */
void check_copy_later(struct engine *e, struct task *t, int result);

/* engine_label.c */
/* Adds what t's picture says of itself. */
void task_label(const struct task *t, struct label *out);

/* engine_kill.c; nothing in ordinary builds. */
#ifdef KILL_POINTS
void kill_points_before_turn(struct engine *e);
void kill_points_after_turn(struct engine *e);
void kill_points_before_records(struct engine *e);
void kill_points_after_records(struct engine *e);
#else
#define kill_points_before_turn(e) ((void)(e))
#define kill_points_after_turn(e) ((void)(e))
#define kill_points_before_records(e) ((void)(e))
#define kill_points_after_records(e) ((void)(e))
#endif

/* engine_publish.c */
/* It will not come any more: what there is of it goes. */
void fetch_forget(struct engine *e, struct task *t);
void publish_begin(struct engine *e, struct task *t);
/* What the model wrote: its file in incoming/ (the caller frees the name), and that file beside the
 * picture. */
char *reply_text_name(const struct task *t);
void publish_reply_text(struct engine *e, struct task *t);
/* A draft that came instead of a picture, to history/. */
void publish_draft(struct engine *e, struct task *t, const struct check *c, unsigned number, size_t of);
void publish_folder(struct engine *e, struct job *j);
void publish_error_file(struct engine *e, struct job *j);
void publish_no_error_file(struct engine *e, const struct prompt *prompt);
void publish_retire(struct engine *e, struct prompt *p, struct job *newest);
/* That picture, of a prompt with that stem and of that revision, leaves out/. */
void publish_retire_one(struct engine *e, const char *stem, const struct task_row *row, unsigned revision);
/* Whether one of its pictures has that name. */
bool publish_is_at(const struct job *j, const char *out);
/* Whether all pictures of that job, which has ended, are in out/, and nobody deleted or replaced one. */
bool publish_stands(struct engine *e, int64_t job);
/* Whether a job in this state has a file in out/ that says why. */
bool publish_says_why(enum job_state s);
/* Its pictures, texts and history go where its row says; old_stem is only lent. */
void publish_moves(struct engine *e, struct prompt_row *row, char *old_stem);
/* The folders in out/ and history/ that mirror a folder of prompts; ino 0: there is none. */
struct picture_folders { uint64_t dev[2], ino[2]; };
struct picture_folders picture_folders_of(struct engine *e, const char *path);
/* They are at `from`, or will be when the moves before this one are done. */
void publish_folder_moves(struct engine *e, const struct picture_folders *f, const char *from, const char *to);
/* Parts of it: pictures in out/; those, texts and reasons; history/, where row may be NULL. */
void publish_picture_moves(struct engine *e, const struct prompt_row *row);
void publish_current_moves(struct engine *e, struct prompt_row *row, char *old_stem);
void publish_history_move(struct engine *e, const char *old_stem, const char *stem, const struct prompt_row *row);

/* engine_rename.c */
/* The path under its new name, or NULL if the rename does not concern it; the caller frees. */
char *path_after_rename(const char *path, const char *from, const char *to);
/* What renames move follows later than their rows: moves_settle() forgets the intents when all has followed,
 * moves_restore() repeats them at the start, and moves_take_up() records those that the journal could not take,
 * and does what they say. */
void moves_settle(struct engine *e);
void moves_restore(struct engine *e);
void moves_take_up(struct engine *e);
void moves_free(struct engine *e);

/* engine_tidy.c */
/* What stands in out/ of older revisions than the one that is shown goes to history/.  `shown_job`: that one, whose
 * rows are not written yet; NULL if they are.  A picture that was deleted is still known by its name and inode,
 * and the next one may have both. */
void tidy_pictures(struct engine *e, const struct prompt_row *row, const struct job *shown_job);
/* Something of that kind is about to be published; the row that it follows is not written yet. */
void tidy_intended(struct engine *e);
/* Whether all of it has come back. */
void tidy_settle(struct engine *e);
/* Within the turn's transaction: 0 or -errno. */
int tidy_record(struct engine *e);
/* The last transaction of a clean end. */
void tidy_end(struct engine *e);
void tidy_restore(struct engine *e);

#endif
