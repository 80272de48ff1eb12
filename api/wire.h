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

/*
 * A request ready for http.h: its body is made of pieces, so that references are never held whole, but
 * read (and put into base64) while they are sent.  Owned by the caller: wire_call_release().
 */
struct wire_piece {
	struct buf text;
	int reference;                /* -1: the text.  Else the bytes of that reference of the request … */
	bool base64;                  /* … in base64 without line breaks (RFC 4648) */
};
struct wire_call {
	const char *method;           /* "GET", "POST" */
	char *url;
	char *content_type;           /* of the body; NULL without one */
	struct wire_piece *pieces;
	size_t pieces_count;
	char *boundary;               /* multipart/form-data: between its parts */
};
void wire_call_release(struct wire_call *c);
/* The end of the body, where more text can be added.  Lent until the next change of the call. */
struct buf *wire_call_text(struct wire_call *c);
void wire_call_reference(struct wire_call *c, int reference, bool base64);
/* Makes it a multipart/form-data POST (RFC 7578), then its parts, then the end of the body.  A file's name
 * says nothing but its type: the user's own is nobody's business. */
void wire_call_multipart(struct wire_call *c);
void wire_call_field(struct wire_call *c, const char *name, const char *value);
void wire_call_file(struct wire_call *c, const char *name, const struct request *r, int reference);
void wire_call_multipart_end(struct wire_call *c);
/* Bytes of the whole body. */
uint64_t wire_call_size(const struct wire_call *c, const struct request *r);

/*
 * A complete HTTP reply, borrowed.  Of a synchronous wire's 200 the body is what spill.h has left of it:
 * each picture in it is a number, an index into `files`.
 */
struct wire_reply {
	int status;
	const char *body; size_t len;
	const char *content_type;     /* may be NULL */
	double retry_after;           /* seconds from Retry-After, or negative */
	const struct wire_file {
		bool complete; const char *bad;    /* as in spill.h */
		bool empty;           /* no byte: a member that is there for the form */
	} *files;
	size_t files_count;
};

/* What the reply means for money and for the next step. */
enum wire_class {
	WIRE_ACCEPTED,      /* submit: task_id is set.  upload: urls[0] is set */
	WIRE_RUNNING,       /* poll: not final; progress 0 to 100, or -1 */
	WIRE_DONE,          /* poll, synchronous submit: urls (expires_at) or files.  poll: none, if the reply names
	                       none that is understood; reason, hint */
	WIRE_FAILED,        /* poll: the provider gave up on the task (refunded); reason, hint.  synchronous
	                       submit: a reply without a picture (it may have been charged) */
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
	bool about_references;        /* WIRE_REFUSED: because of a reference or its address … */
	bool no_model;                /* … because the provider does not have the model */
	int progress;                 /* -1 = not said */
	char **urls; size_t urls_count;
	/* Pictures in the reply itself, in order; drafts are what the model made on the way to them. */
	int *files; size_t files_count;
	int *drafts; size_t drafts_count;
	char *text;                   /* what the model wrote beside or instead of a picture, or NULL */
	char *note;                   /* why there are fewer pictures than were asked for, or NULL */
	int64_t expires_at;           /* seconds since 1970; 0 = not said */
	double wait;                  /* seconds the provider asked for, or negative */
	double cost_usd;              /* negative = not said */
	char *code;                   /* the provider's own code as text, or NULL */
	char *reason, *hint;          /* sentences for the user; reason is set for every failure class, and for
	                                 WIRE_RUNNING if the status is a word that nobody told us of */
};
/* All zero but for the numbers that say "not said".  Every parse function begins with it. */
void wire_result_init(struct wire_result *r);
void wire_result_release(struct wire_result *r);

/* What a submit is made of; all borrowed. */
struct wire_submit {
	const struct request *request;
	const char *own_id;           /* goes as client_business_id where the provider has_lookup */
	unsigned pictures;            /* wanted of this submit: 1 unless the model row says more */
	const char *const *ref_urls;  /* per reference of the request: URL references as they are, uploaded
	                                 ones as the upload answered; NULL on wires that send the bytes */
	enum refs_form refs_form;     /* the model's, or the other one after WIRE_FORM */
};

struct wire {
	const char *name;
	bool synchronous;             /* the submit's reply carries the picture; there is nothing to poll */
	bool inline_refs;             /* references go with the submit; nothing is uploaded before */
	const char *const *spilled;   /* synchronous: members of the reply that are pictures (spill.h) */
	void (*build_submit)(const struct wire_submit *s, struct wire_call *out);
	void (*parse_submit)(const struct provider *p, const struct wire_reply *reply, struct wire_result *out);
	/* The rest is NULL on synchronous wires. */
	void (*build_poll)(const struct provider *p, const char *task_or_own_id, struct wire_call *out);
	void (*parse_poll)(const struct provider *p, const struct wire_reply *reply, struct wire_result *out);
	void (*build_upload)(const struct request *r, int reference, struct wire_call *out);
	void (*parse_upload)(const struct provider *p, const struct wire_reply *reply, struct wire_result *out);
};

extern const struct wire wire_task, wire_gemini, wire_openai;
const struct wire *wire_by_name(const char *name);   /* NULL if there is none */
const char *wire_names(void);                        /* `a, b, c`: the names of all, for messages */
const struct wire *wire_of(const struct provider *p);   /* never NULL: the table refuses other names */

/* Whether the request as it will be sent fits the provider's limit of bytes: 0, or -EINVAL with the
 * sentence that names both. */
int wire_check_size(const struct request *r, struct error *err);

/* Helpers for wires. */
/* Base and path, with one `/v1` however the base was written; {id} or {model} in the path becomes id,
 * percent-encoded.  The caller frees. */
char *wire_url(const struct provider *p, const char *path, const char *id);
bool wire_is_success(int status);
void wire_result_add_url(struct wire_result *r, const char *url);    /* http and https only */
void wire_result_add_file(struct wire_result *r, int file);
void wire_result_add_draft(struct wire_result *r, int file);
void wire_result_note(struct wire_result *r, const char *fmt, ...) PRINTF(2, 3);   /* adds to the note */
/* Of a reply with pictures in it and addresses of more, the pictures are taken: the note says where the
 * others are. */
void wire_result_note_urls(struct wire_result *r);
/* Printed compactly as the body of a JSON POST; takes the tree over. */
struct cJSON;
void wire_call_json(struct wire_call *c, struct cJSON *root);

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
/* A provider's text for people, cleaned like those and cut at max bytes; NULL if nothing is left.  The
 * caller frees. */
char *wire_clean(const char *s, size_t max);
/* Table of (wire, status, code) to class, sentence and hint, for submit or poll or upload; fills cls,
 * code, reason, hint, wait of an initialised result.  Never matches on the message alone (it is localised). */
enum wire_step { STEP_SUBMIT, STEP_POLL, STEP_UPLOAD };
void wire_classify(const struct wire *w, enum wire_step step, const struct wire_reply *reply,
                   struct wire_result *out);
/* For a success that cannot be understood (an HTML page, no id): the step's class and hint, and this
 * sentence, which it takes over. */
void wire_unclear(enum wire_step step, char *reason, struct wire_result *out);
/* For a poll whose body says that the task failed: WIRE_FAILED with code, reason and hint. */
void wire_failure(const struct wire_reply *reply, struct wire_result *out);

#endif
