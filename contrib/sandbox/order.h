/* order: a submitted request, checked against the model's row.
 *
 * order_read() is as strict as the documentation: the first thing in it that the model does not
 * take becomes a problem with the field's name and a sentence. */
#ifndef SANDBOX_ORDER_H
#define SANDBOX_ORDER_H

#include "models.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct world;

struct order {
    const struct model *model;
    char *model_name;       /* as it was asked for, alias or id */
    char *prompt;
    char *ratio, *resolution, *business_id;     /* NULL if not given */
    int n;
    struct size pixels;
    const char *format;     /* "png", "jpeg", "webp" */
    int quality;
    char **references;      /* URLs */
    size_t reference_count;
};

struct problem {
    int status;
    const char *code;
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

#endif
