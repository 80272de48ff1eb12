/*
 * settings: the headers of DESIGN's prompt syntax as one table, and a set of values for them.
 *
 * A prompt's header block, a folder's `.defaults`, `[defaults]` of the configuration, `-o` and the
 * environment all fill a `struct settings`; settings_inherit() merges them, nearest first.  Values
 * are kept as the user wrote them (trimmed); request_resolve() judges them against a model.
 * No I/O, no threads: plain data.
 */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include "base.h"

enum setting {
	SET_MODEL, SET_PROVIDER, SET_SIZE, SET_RESOLUTION, SET_N, SET_REFS, SET_SYSTEM,
	SET_TEMPERATURE, SET_TOP_P, SET_TOP_K, SET_MAX_OUTPUT_TOKENS, SET_CANDIDATES, SET_MODALITIES,
	SET_FORMAT, SET_QUALITY, SET_PEOPLE, SET_SAFETY, SET_THINKING, SET_SEARCH, SET_REUSE,
	SET_COUNT
};

/* One row a header: the table is the parser, the help text and the manual. */
struct setting_info {
	const char *name;             /* canonical, as in DESIGN section 2 */
	const char *aliases;          /* blank-separated; the API's own spellings among them */
	const char *takes;            /* the values, in words, for messages and help */
	const char *words;            /* those that can be listed, blank-separated, for completions; or NULL.
	                                 `<models>`, `<providers>`, `<files>`: what there is of these */
};
extern const struct setting_info setting_table[SET_COUNT];

struct settings {
	char *value[SET_COUNT];       /* owned; NULL = not set here */
	char *origin[SET_COUNT];      /* owned; where the value stands; NULL = in the prompt itself */
	const char *place;            /* where what settings_set() is given stands, `FILE:LINE` or `the option -o`;
	                                 borrowed; NULL = in the prompt itself */
	struct { char *name, *json; } *metadata;   /* metadata.NAME: json is valid JSON text */
	size_t metadata_count;
	char google_search, google_image_search;   /* 'y', 'n': as set by these two; 0 = not used */
};
#define cleanup_settings __attribute__((cleanup(settings_release)))

/* The setting of that name or alias (any case), or -1.  `metadata.NAME` is none of them. */
int setting_by_name(const char *name);
/* Whether a line `name: …` makes a header block: a known name or alias, or `metadata.NAME`. */
bool setting_is_known(const char *name);
/* The name or alias that was most likely meant, or NULL; the caller frees. */
char *setting_nearest(const char *name);

/*
 * Sets one header.  `name` is a canonical name, an alias, or metadata.NAME (NAME may begin with
 * `/`).  The API's metadata spellings map to settings (metadata.resolution is resolution;
 * google_search and google_image_search become search).  An empty value means "not set here" and
 * hides an inherited one.  Errors (-EINVAL, with the sentence): unknown name with the nearest one
 * (`unknown header "sise": did you mean "size"?`), set twice, metadata value that is not JSON.
 */
int settings_set(struct settings *s, const char *name, const char *value, struct error *err);
/* Forgets the value, and where it stood. */
void settings_unset(struct settings *s, enum setting which);
/* What to do about a value that was refused: where it stands, or, if that is the prompt, that an empty line
 * before it makes it the prompt's.  The caller frees. */
char *settings_hint(const struct settings *s, enum setting which);
/* Fills what `s` lacks from `outer` (copies).  metadata is merged by name. */
void settings_inherit(struct settings *s, const struct settings *outer);
/* How many metadata.NAME a file may have, or a prompt with what it inherits: 0, or -EINVAL with a sentence. */
int settings_check_metadata(const struct settings *s, struct error *err);
void settings_release(struct settings *s);

#endif
