/*
 * dialect: where a gateway with tasks puts things in its replies.
 *
 * All of them answer a submit with an id and a poll with a status and, some day, URLs; each has its own
 * names for them.  What differs is data: for every thing a list of paths, tried in order, or of words.
 * A path is member names with dots between them, `data.0.task_id`, where a number is an element of an
 * array.  A row of models.ini that says nothing gets the defaults, which read all dialects that are
 * documented.  No I/O, no state.
 */
#ifndef API_DIALECT_H
#define API_DIALECT_H

#include "base.h"

struct cJSON;
struct provider;

enum dialect {
	DIALECT_ID, DIALECT_STATUS, DIALECT_DONE, DIALECT_FAILED, DIALECT_RUNNING, DIALECT_PROGRESS,
	DIALECT_URLS, DIALECT_EXPIRES, DIALECT_COST, DIALECT_UPLOAD, DIALECT_UPLOAD_FIELDS,
	DIALECT_COUNT
};

/* The words of the provider's row, or the default ones; borrowed. */
const char *dialect_words(const struct provider *p, enum dialect which);
bool dialect_has_word(const struct provider *p, enum dialect which, const char *word);
/* Calls take(arg, item) with what stands at each of the paths in the tree, in order, until it returns
 * true: that is the item that counts.  Whether there was one. */
bool dialect_find(const struct provider *p, enum dialect which, const struct cJSON *root,
                  bool (*take)(void *arg, const struct cJSON *item), void *arg);

#endif
