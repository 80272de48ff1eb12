/* tasks: from queued to completed or failed.
 *
 *   QUEUED ──(15 % of its time)──► RUNNING ──(the rest)──► COMPLETED
 *                                     └──► FAILED (refunded)
 *
 * A held task stays QUEUED until tasks_release().  Times are deterministic: fixed by the setting
 * `time`, or 6 to 12 seconds drawn from the prompt. */
#ifndef SANDBOX_TASKS_H
#define SANDBOX_TASKS_H

#include "clock.h"
#include "map.h"
#include "order.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob;
struct fault;
struct paint_job;
struct request;
struct world;

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_COMPLETED, TASK_FAILED };

/* One picture of a task; its bytes are made when somebody fetches them. */
struct picture {
    struct task *task;
    int index;
    bool base64;                    /* is wanted as text, by a waiting request */
    char *path;                     /* on the results port, once the task is completed */
    struct blob *bytes;             /* painted and still kept, else NULL */
    struct paint_job *job;          /* being painted */
    struct picture *newer;          /* in the painter's list of kept pictures */
};

struct task {
    char *id;
    struct order order;
    enum task_state state;
    bool held;
    bool fail_at_end;
    char *failure_code, *failure;
    char *weird_status;             /* sent instead of the true status word, */
    bool weird_once;                /* in one reply, whatever it is; else until the end */
    struct blob *given;             /* bytes to serve instead of a painting */
    const char *given_type;
    int64_t created, completed;     /* ms since 1970 */
    int64_t begun, lasts;           /* clock_now() when its time began; ms */
    int64_t last_poll, poll_gap;    /* clock_now(); the shortest gap seen, ms, 0 = none yet */
    long polls;
    uint64_t seed;
    struct picture *pictures;       /* order.n of them, then the drafts of the first, of the second … */
    int picture_count;
    struct request *waiter;         /* whose connection waits for the end, or NULL */
    bool links;                     /* its pictures lie on the results port */
    struct timer timer;
    struct world *w;
};

struct tasks {
    struct task **all;              /* in order of arrival */
    size_t count, room;
    long held;
    long under_way, most_under_way; /* accepted and not ended yet: now, and the most at once */
    struct map by_id, by_business_id, by_path;  /* task, newest task, picture */
    uint64_t secret;                /* so that ids differ from run to run */
    uint64_t serial;
};

/* Creates and bills a task; takes over `order`.  `fault` may make it fail, hold it, and so on. */
struct task *tasks_accept(struct world *w, struct order *order, const struct fault *fault);
bool task_ended(const struct task *t);
/* By task id or client_business_id; NULL. */
struct task *tasks_find(const struct world *w, const char *id);
struct task *tasks_by_business_id(const struct world *w, const char *id);
struct picture *tasks_picture(const struct world *w, const char *path);
/* What a fault on a submit or a poll does to the task itself; after the reply, task_recover(). */
void task_strike(struct task *t, const struct fault *f);
void task_recover(struct task *t);
/* Completes (or fails, if that is its fate) at once. */
void task_finish(struct task *t);
void tasks_release(struct world *w);
/* The body of a status reply, and the one of a submit. */
cJSON *task_json(const struct task *t, bool fresh);
/* For /control: everything of all tasks. */
cJSON *tasks_json(const struct world *w);
bool task_expired(const struct task *t);
void tasks_reset(struct world *w);

#endif
