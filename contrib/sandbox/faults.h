/* faults: what goes wrong on purpose.
 *
 * A rule names an event, may ask for a substring of prompt or path, may skip the first K of them, and
 * then strikes COUNT times.  The first rule that matches is taken.  Rules are JSON, see README.md. */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct answer;
struct request;
struct world;

enum fault_event { ON_SUBMIT, ON_POLL, ON_UPLOAD, ON_DOWNLOAD, ON_OTHER, ON_ANY };

enum fault_kind {
    FAULT_NONE, FAULT_STATUS, FAULT_DELAY, FAULT_HANG, FAULT_DROP_BEFORE, FAULT_DROP_AFTER, FAULT_DROP_MID,
    FAULT_FAIL_TASK, FAULT_TRUNCATE, FAULT_WRONG_LENGTH, FAULT_HTML, FAULT_REDIRECT, FAULT_WRONG_TYPE,
    FAULT_BYTES, FAULT_UNKNOWN_STATUS, FAULT_HOLD, FAULT_CLOSE_REUSED, FAULT_CHUNKED, FAULT_DRIP,
    FAULT_ERROR_IN_200, FAULT_FINISH, FAULT_BLOCK, FAULT_NO_IMAGE, FAULT_DRAFT_ONLY, FAULT_BAD_BASE64,
    FAULT_SHORT_BASE64, FAULT_PARTIAL, FAULT_SNAKE, FAULT_ESCAPED
};

struct fault {
    struct fault *next;
    enum fault_kind kind;
    enum fault_event on;
    bool accepted;          /* is the request carried out all the same? */
    long skip, count;       /* still to skip; still to strike, -1 = always */
    long struck;
    double seconds;
    double share;           /* of the events that fit, those it strikes */
    char *match;
    cJSON *rule;            /* as it was posted: further parameters */
};

struct faults {
    struct fault *first;
    uint64_t dice;          /* how often they were thrown */
};

/* Adds a rule; false leaves the reason in *why (malloc). */
bool faults_add(struct faults *f, const cJSON *rule, char **why);
/* The rule that strikes this request now, as a copy that the caller frees; NULL for none.  `reused`
 * says that the connection carried a request before.  `early`: only the head was read, so only rules
 * that drop it there are asked. */
struct fault *faults_take(struct world *w, enum fault_event on, const char *path, const char *prompt, bool reused, bool early);
void fault_free(struct fault *f);
/* Changes r->answer as the fault says, or parks the request.  Frees the fault. */
void fault_apply(struct request *r, struct fault *f);

/* A text parameter of the rule, borrowed; NULL, also when there is no fault. */
const char *fault_text(const struct fault *f, const char *name);
double fault_number(const struct fault *f, const char *name, double otherwise);
/* Makes the bytes of a `bytes` rule the answer. */
void fault_bytes(struct answer *a, const struct fault *f);
cJSON *faults_json(const struct faults *f);
void faults_clear(struct faults *f);

#endif
