/* order: a submitted request, checked against the model's row.
 *
 * order_read() is as strict as the documentation: the first thing in it that the model does not
 * take becomes a problem with the field's name and a sentence. */
#ifndef SANDBOX_ORDER_H
#define SANDBOX_ORDER_H

#include "encoding.h"
#include "models.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct blob;
struct world;

/* A picture that the order refers to. */
struct reference {
    char *url;              /* where it lies, or NULL: it came with the request */
    char *name;             /* the file's name or the part's, or NULL */
    const char *type;       /* "image/png"; NULL if it lies elsewhere */
    size_t size;
    char sha256[SHA256_HEX];
    struct blob *bytes;     /* of one that came with the request, until it is painted */
};

struct order {
    const char *wire;       /* "task", "gemini", "openai", "engine" */
    const struct model *model;      /* on the task wire */
    char *model_name;       /* as it was asked for, alias or id */
    char *prompt;
    char *ratio, *resolution, *business_id;     /* NULL if not given */
    int n;
    struct size pixels;
    const char *format;     /* "png", "jpeg", "webp" */
    int quality;
    struct reference *references;
    size_t reference_count;
    struct reference *mask; /* or NULL */
    int drafts;             /* pictures that come before each one */
    double price;           /* USD for one picture */
};

/* What kind of mistake, for wires that tell one from the other. */
enum mistake { MISTAKE_VALUE, MISTAKE_TYPE, MISTAKE_MISSING, MISTAKE_UNKNOWN };

struct problem {
    int status;
    const char *code;
    enum mistake mistake;
    char *param;            /* the field, or NULL */
    char *message;
};

/* Reads a body of `size` bytes that cJSON parsed into `json` (NULL if it could not).  On false,
 * `problem` is filled; either way order_free and problem_free are safe. */
bool order_read(const struct world *w, const char *body, size_t size, const cJSON *json, struct order *o, struct problem *p);
void order_free(struct order *o);
void problem_free(struct problem *p);
/* Records a problem; returns false, so that a check can end with it. */
bool problem_set(struct problem *p, const char *param, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for mistakes of another kind than MISTAKE_VALUE. */
bool problem_of(struct problem *p, enum mistake m, const char *param, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A further reference of the order, zeroed. */
struct reference *order_add_reference(struct order *o);
/* Nothing of it needs its bytes any more. */
void order_drop_bytes(struct order *o);

#endif
