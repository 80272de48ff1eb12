/* answer: the reply to one request, before it goes onto the wire.
 *
 * Handlers fill an answer; a fault may change it; http.c sends it.  Filling replaces what was there,
 * headers included. */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum delivery {
    DELIVER_WHOLE,
    DELIVER_CHUNKED,        /* without Content-Length */
    DELIVER_DRIP,           /* whole, over `seconds` */
    DELIVER_HALF_CLOSE,     /* Content-Length right, half of the bytes, then FIN */
    DELIVER_HALF_RESET,     /* the same, then RST */
    DELIVER_CLOSE,          /* nothing but FIN */
    DELIVER_RESET,          /* nothing but RST */
};

struct answer {
    int status;
    const char *type;                   /* Content-Type; a literal or owned by the answer's headers */
    struct blob *body;
    struct blob **pieces;               /* instead of a body: bodies that follow each other */
    size_t piece_count;
    struct { char *name, *value; } header[12];
    size_t headers;
    enum delivery delivery;
    double seconds;
};

/* Takes over `body`. */
void answer_set(struct answer *a, int status, const char *type, struct blob *body);
/* Takes over the array and what is in it: large pieces are sent from where they are. */
void answer_pieces(struct answer *a, int status, const char *type, struct blob **pieces, size_t count);
/* Makes one body of the pieces, if there are any. */
void answer_join(struct answer *a);
/* Takes over `json`. */
void answer_json(struct answer *a, int status, cJSON *json);
/* {"error":{"code","message","type","param"}} as the documentation has it; `param` may be NULL. */
void answer_error(struct answer *a, int status, const char *code, const char *param, const char *message);
/* {"success":false,"message":…}: the upload's form of refusal. */
void answer_refusal(struct answer *a, int status, const char *message);
/* What this status looks like without further words: the documented body, HTML from a proxy. */
void answer_status(struct answer *a, int status);
void answer_header(struct answer *a, const char *name, const char *value);
void answer_clear(struct answer *a);

#endif
