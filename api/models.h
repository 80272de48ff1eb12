/*
 * models: providers and models as data.
 *
 * A row is known by its name and its provider: several providers may have a row `nano-banana`.
 * Read from the built-in models.ini, then from the user's configuration, which may add rows or
 * override any key of one.  A set of rows never changes once loaded; when the configuration changes
 * a new set is loaded and the old one lives until its last request is gone (reference count).
 */
#ifndef API_MODELS_H
#define API_MODELS_H

#include "dialect.h"
#include "settings.h"
#include "base.h"

enum auth { AUTH_BEARER, AUTH_X_GOOG_API_KEY, AUTH_NONE };
enum refs_form { REFS_STRINGS, REFS_OBJECTS };

/* [provider NAME] */
struct provider {
	char *name;
	char *like;               /* the row that gives what this one does not say, or NULL */
	char *wire;               /* task, gemini, openai */
	char *url;                /* base, without trailing `/` and without `/v1` */
	enum auth auth;
	char *key_env;            /* blank-separated names of environment variables, first set wins */
	char *key_file;           /* `~` expanded; NULL if none */
	char *user_agent;
	double first_look, poll_min, poll_max;   /* seconds: schedule of DESIGN's task wire */
	int submit_per_minute, query_per_minute; /* account limits; 0 = none */
	int in_flight;            /* submits and running tasks at once, at most; 0 = unlimited */
	uint64_t ref_bytes;       /* largest reference */
	uint64_t request_bytes;   /* largest request, references and all; 0 = not known */
	uint64_t picture_bytes;   /* a result that is larger is not taken */
	double upload_ttl;        /* seconds an uploaded URL is trusted */
	bool ref_urls;            /* it takes references by their address */
	bool free;                /* price known to be 0: does not count for the budget */
	bool has_lookup;          /* status can be asked by our own id (client_business_id) */
	char *ca_file;            /* certificates that are trusted for it and its results; NULL = the system's */
	/* Paths under url; {id} and {model} are replaced, percent-encoded.  NULL where the wire has none.
	 * upload_path "": it takes references by their address only. */
	char *submit_path, *edit_path, *poll_path, *upload_path, *balance_path, *models_path;
	char *upload_url;         /* base of upload_path, at the same domain; NULL = url */
	char *dialect[DIALECT_COUNT];     /* as the row says; NULL = dialect.h's default */
};

/* [model NAME] */
struct model {
	char *name;               /* section name: what the user says */
	char *id;                 /* what is sent; defaults to name */
	char **aliases;           /* NULL-terminated */
	char *provider;           /* name of its provider */
	char **ratios;            /* NULL-terminated, `16:9` */
	char **resolutions;       /* NULL-terminated, canonical `1K`; empty if the model has no choice */
	char *default_resolution; /* what the model uses when none is sent, or NULL */
	struct pixels { char *ratio, *resolution; unsigned width, height; } *pixels;
	size_t pixels_count;      /* documented sizes; resolution "" where the model has no choice */
	char *pixels_table;       /* the [pixels NAME] that they come from, or NULL */
	char *narrow_resolution;  /* a resolution that only some ratios have, or NULL … */
	char **narrow_ratios;     /* … and those ratios, NULL-terminated */
	unsigned n_max;           /* pictures per task */
	unsigned refs_max;
	char **ref_formats;       /* NULL-terminated: jpeg png webp heic heif gif */
	uint64_t prompt_chars;    /* limit in code points; 0 = unknown */
	bool takes[SET_COUNT];    /* optional headers that the model accepts */
	char **thinking_levels, **formats, **search_kinds;    /* NULL-terminated */
	char **quality_formats;   /* the formats that have a quality, NULL-terminated */
	long thinking_budget;     /* most tokens that `thinking` may say; 0 = it takes no number */
	char *resolution_key;     /* where it goes: `metadata.resolution`, `resolution` */
	bool resolution_lower;    /* `1k` instead of `1K` (gpt-image) */
	char *refs_key;           /* `image_urls` */
	enum refs_form refs_form;
	char *response_format;    /* openai wire: sent as response_format (`yes`: b64_json); NULL = not sent */
	/* USD per picture by resolution; resolution "" = any */
	struct price { char *resolution; double usd; } *prices;
	size_t prices_count;
	bool chosen;              /* the user's configuration named its provider: no other will do */
	bool gone;                /* its provider says that it has it no more; see models_gone() */
};

struct models {
	struct provider *providers; size_t providers_count;
	struct model *models; size_t models_count;
	int refs;
};

/* The built-in table with `config` (text of the user's file, may be NULL; only its [provider …],
 * [model …] and [pixels …] sections are looked at, [defaults] is skipped) laid over it.  config_name
 * is for messages.  NULL on error, the sentence with file and line number.  The caller owns one
 * reference. */
struct models *models_load(const char *config, size_t len, const char *config_name, struct error *err);
struct models *models_ref(struct models *m);
void models_unref(struct models *m);

const struct provider *models_provider(const struct models *m, const char *name);
/* Whether the row is easelfs-sandbox: `sandbox`, or `like` it and at the same address. */
bool provider_is_sandbox(const struct models *m, const struct provider *p);
/* The sandbox's row that stands in for a provider: it speaks the same wire, with a key if that needs one. */
const struct provider *models_sandbox(const struct models *m, const struct provider *p);
/* By name, id or alias, any case; if provider is not NULL, only that provider's rows. */
const struct model *models_model(const struct models *m, const char *name, const char *provider);
/* Whether the row is meant by a name, id or alias. */
bool model_offers(const struct model *m, const char *word);
/* The row is no default any more, as its provider does not know it; this alone changes in a loaded table,
 * and any thread may do it.  False: the provider has no other one, so it stays. */
bool models_gone(const struct models *m, const struct model *row);
bool model_is_gone(const struct model *row);
/* Documented pixel size for (ratio, resolution), or NULL.  resolution NULL = the default one. */
const struct pixels *model_pixels(const struct model *m, const char *ratio, const char *resolution);
/* USD for one picture, or a negative number if unknown. */
double model_price(const struct models *all, const struct model *m, const char *resolution);

/*
 * The API key of a provider: environment first, then key file (refused if group or others can read
 * it or it belongs to somebody else).  0 and *key (caller wipes and frees; NULL with AUTH_NONE), or
 * -ENOKEY / -EACCES with a sentence that names variable and file but never the key.
 */
int provider_key(const struct provider *p, char **key, struct error *err);
/* Where the key comes from, `the variable NAME` or `the file PATH`; NULL if there is none that is set.  The caller
 * frees. */
char *provider_key_place(const struct provider *p);
void key_free(char *key);     /* wipes, frees; NULL is fine */

#endif
