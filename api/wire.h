/*
 * wire: how one kind of provider is spoken to.
 *
 * A wire maps plain structs to request bytes and reply bytes back to plain structs.  It does no I/O,
 * holds no state and takes no lock, so it is tested without a network; the engine does the talking.
 * `struct wire_result` is the one vocabulary in which every wire reports every kind of reply, so
 * the state machine knows no HTTP.
 */
#ifndef API_WIRE_H
#define API_WIRE_H

#include "base.h"
#include "models.h"
#include "request.h"

/* A request ready for http.h.  Owned by the caller: wire_call_release(). */
struct wire_call {
	const char *method;           /* "GET", "POST" */
	char *url;
	char *content_type;           /* of the body; NULL without one */
	struct buf body;
	/* multipart upload: the file goes as part `file`, streamed from a descriptor by the engine */
	bool multipart;
	char *part_name, *part_filename, *part_type;
	struct { char *name, *value; } field[2];   /* further plain parts; name NULL = none */
};
void wire_call_release(struct wire_call *c);

/* A complete HTTP reply, borrowed. */
struct wire_reply {
	int status;
	const char *body; size_t len;
	const char *content_type;     /* may be NULL */
	double retry_after;           /* seconds from Retry-After, or negative */
};

/* What the reply means for money and for the next step. */
enum wire_class {
	WIRE_ACCEPTED,      /* submit: task_id is set.  upload: urls[0] is set */
	WIRE_RUNNING,       /* poll: not final; progress 0 to 100, or -1 */
	WIRE_DONE,          /* poll: urls, expires_at */
	WIRE_FAILED,        /* poll: the provider gave up on the task (refunded); reason, hint */
	WIRE_REFUSED,       /* for good for this request: reason, hint */
	WIRE_FORM,          /* 400 about the form of image_urls: no task was made; the other form may do */
	WIRE_LATER,         /* provably not accepted or a passing poll failure: again after `wait` */
	WIRE_STOPPED,       /* the provider refuses everything: key, credit */
	WIRE_AMBIGUOUS,     /* submit: may or may not have been accepted.  poll: like WIRE_LATER */
	WIRE_GONE,          /* lookup or poll: the provider does not know this id (404) */
};

struct wire_result {
	enum wire_class cls;
	char *task_id;                /* up to 255 bytes, opaque */
	int progress;                 /* -1 = not said */
	char **urls; size_t urls_count;
	int64_t expires_at;           /* seconds since 1970; 0 = not said */
	double wait;                  /* seconds the provider asked for, or negative */
	double cost_usd;              /* negative = not said */
	char *code;                   /* the provider's own code as text, or NULL */
	char *reason, *hint;          /* sentences for the user; reason is set for every failure class */
};
/* All zero but for the numbers that say "not said".  Every parse function begins with it. */
void wire_result_init(struct wire_result *r);
void wire_result_release(struct wire_result *r);

struct wire {
	const char *name;
	bool synchronous;             /* the submit's reply carries the picture */
	/* refs: one URL per request reference, in order (URL references as they are, uploaded ones as
	 * the upload answered).  own_id goes as client_business_id where the provider has_lookup.
	 * refs_form: the model's, or the other one after WIRE_FORM. */
	void (*build_submit)(const struct request *r, const char *own_id, const char *const *ref_urls,
	                     enum refs_form refs_form, struct wire_call *out);
	void (*parse_submit)(const struct wire_reply *reply, struct wire_result *out);
	void (*build_poll)(const struct provider *p, const char *task_or_own_id, struct wire_call *out);
	void (*parse_poll)(const struct wire_reply *reply, struct wire_result *out);
	void (*build_upload)(const struct provider *p, const struct reference *ref, struct wire_call *out);
	void (*parse_upload)(const struct wire_reply *reply, struct wire_result *out);
};

extern const struct wire wire_task;
const struct wire *wire_by_name(const char *name);   /* NULL if there is none */

/*
 * One normaliser for every documented error body: {"error":{…}}, {"error":"text"}, an array around
 * either, {"success":false,"message":…}, {"detail":…}, {"message":…}, fail_reason, HTML, empty, and
 * Google's {"error":{code,status,message,details}}.  Finds code (int or string, as text), message
 * and type; strings are cut at 500 bytes and cleaned of control characters and invalid UTF-8, keys
 * in them are masked.  Owned by the caller; NULL where the body has none.
 */
struct wire_error {
	char *code, *message, *type;  /* type: also Google's status word */
	char *param;                  /* the field that is complained about */
	char *detail;                 /* Google's details[].reason; QUOTA_ZERO, QUOTA_PER_DAY */
	double wait;                  /* seconds asked for in the body, or negative */
	bool html;
	bool is_error;                /* the body says so itself, whatever the status */
};
void wire_error_read(const char *body, size_t len, struct wire_error *out);
void wire_error_release(struct wire_error *e);
/* Table of (status, code) to class, sentence and hint, for submit or poll or upload; fills cls,
 * code, reason, hint, wait of an initialised result.  Never matches on the message alone (it is localised). */
enum wire_step { STEP_SUBMIT, STEP_POLL, STEP_UPLOAD };
void wire_classify(enum wire_step step, const struct wire_reply *reply, struct wire_result *out);
/* For a success that cannot be understood (an HTML page, no id): the step's class and hint, and this
 * sentence, which it takes over. */
void wire_unclear(enum wire_step step, char *reason, struct wire_result *out);
/* For a poll whose body says that the task failed: WIRE_FAILED with code, reason and hint. */
void wire_failure(const struct wire_reply *reply, struct wire_result *out);

#endif
