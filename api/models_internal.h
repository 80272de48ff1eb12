/* models_internal: what the parts of the model table share: rows as key tables, and small tests. */
#ifndef API_MODELS_INTERNAL_H
#define API_MODELS_INTERNAL_H

#include "models.h"

/* One key of a [provider] or [model] section: where it goes in the row and how it reads. */
enum key_kind {
	KEY_TEXT, KEY_WORDS, KEY_PATH, KEY_URL, KEY_WIRE, KEY_LIST, KEY_SECONDS, KEY_INT, KEY_UNSIGNED, KEY_LONG,
	KEY_SIZE, KEY_COUNT, KEY_YES, KEY_AUTH, KEY_FORM, KEY_TAKES, KEY_NARROW, KEY_PRICES
};
/* What a provider that is `like` another does not get from it: with an address of its own, what belongs
 * to the other's, its key before all; with another wire, the words of the other's wire. */
enum key_tie { TIED_NOT, TIED_TO_URL, TIED_TO_WIRE };
/* check: NULL, or what the key takes, in words, if the value is none of that. */
struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;
	enum key_tie tie;
	const char *(*check)(const char *value);
};
struct key_table { const struct key *keys; size_t count; };

extern const struct key_table provider_keys, model_keys;

/* Sets one key from text.  NULL, or what the key takes, in words. */
const char *key_read(void *row, const struct key *k, const char *value);
/* Makes one key of a row what it is in another. */
void key_copy(void *to, const void *from, const struct key *k);
/* The key of that name (`_` is `-`, any case), or NULL. */
const struct key *key_by_name(const struct key_table *t, const char *name);

void provider_release(struct provider *p);
void model_release(struct model *m);
/* Everything that a key can set; not the name. */
void model_copy(struct model *to, const struct model *from);

bool list_has(char *const *list, const char *word);      /* any case; list may be NULL */
/* `16:9` */
bool is_ratio(const char *word);
bool same_resolution(const char *a, const char *b);      /* 512 is 0.5K, any case */

#endif
