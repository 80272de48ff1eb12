/* models: what each image model takes, as data.
 *
 * The sandbox's own reading of the documentation, kept apart from the client's on purpose: two
 * tables that were written independently can disagree, and then a test finds out which is wrong.
 * Sources: docs.toapis.com's page of each model; pixel sizes from there and from Google's tables. */
#ifndef SANDBOX_MODELS_H
#define SANDBOX_MODELS_H

#include <stdbool.h>
#include <stddef.h>

enum field_kind {
    FIELD_WORD,             /* one of `words` */
    FIELD_WORDS,            /* some of `words` */
    FIELD_FLAG,             /* true or false */
    FIELD_NUMBER, FIELD_INTEGER,
    FIELD_TEXT,
    FIELD_URL,
    FIELD_URLS,             /* checked with image_urls */
    FIELD_OBJECT,           /* of `fields` */
    FIELD_LIST,             /* of objects of `fields` */
};

struct field {
    const char *name;       /* NULL ends a table */
    enum field_kind kind;
    double min, max;
    const char *words;      /* separated by blanks */
    const struct field *fields;
    bool required;
};

enum pixel_table { PIXELS_NANO, PIXELS_25, PIXELS_3X, PIXELS_AREA };

struct model {
    const char *id;
    const char *aliases;            /* separated by blanks, or NULL */
    const char *ratios;             /* separated by blanks */
    enum pixel_table pixels;
    const char *n;                  /* allowed values, separated by blanks */
    int references;
    const char *reference_types;
    bool objects;                   /* the documentation's table shows image_urls as objects */
    long prompt_characters;         /* 0 = not documented */
    long prompt_tokens;
    const struct field *top;        /* beyond the common fields; may be NULL */
    const struct field *metadata;
    const char *wide_4k;            /* the only ratios for 4k; NULL = all */
};

struct size {
    int width, height;
};

/* By id or alias; NULL when there is none. */
const struct model *model_find(const char *name);
/* The i-th model, NULL after the last. */
const struct model *model_at(size_t i);
/* Pixels of a picture.  `ratio` and `resolution` may be NULL: 1:1, the model's standard. */
struct size model_pixels(const struct model *m, const char *ratio, const char *resolution);
/* The same without a model; `scale` 1 is the standard, 2 is twice each side. */
struct size pixels_of(enum pixel_table table, const char *ratio, double scale);
/* Is `word` one of the blank-separated `words`?  Case matters. */
bool words_have(const char *words, const char *word);

#endif
