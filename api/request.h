/*
 * request: one revision of a prompt, judged and settled: what exactly is asked of which provider.
 *
 * request_resolve() turns a prompt's text and effective settings into a request, or into a sentence
 * that says what the model does not take and what it does.  Nothing here does I/O but reading keys
 * to find out which provider has one.  A request can be written to and read from text, which is how
 * the journal keeps it and what the digest is made of.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "models.h"
#include "settings.h"
#include "base.h"

struct reference {
	char *name;               /* as users know it: path from the mount's root, or the URL */
	bool is_url;
	uint8_t sha256[32];       /* of the bytes; of the URL itself for a URL */
	uint64_t size;            /* bytes; 0 for a URL */
	char *mime;               /* image/png …, from the bytes; NULL for a URL */
};

enum people { PEOPLE_UNSET, PEOPLE_ALL, PEOPLE_ADULT, PEOPLE_NONE };
enum harm { HARM_HATE, HARM_DANGEROUS, HARM_SEXUAL, HARM_HARASSMENT, HARM_COUNT };
enum threshold { THRESHOLD_UNSET, THRESHOLD_OFF, THRESHOLD_LOW, THRESHOLD_MEDIUM, THRESHOLD_HIGH };

struct request {
	struct models *models;            /* one reference; model and provider point into it */
	const struct model *model;
	const struct provider *provider;
	char *prompt;                     /* trimmed of trailing white space, LF, no BOM */
	char *system;                     /* or NULL */
	char *ratio;                      /* `16:9`, or NULL = not asked for */
	char *resolution;                 /* `1K`, or NULL */
	unsigned width, height;           /* documented pixels of the answer, 0 if not known */
	unsigned n;
	unsigned share;                   /* of them, how many one request asks for at most */
	double temperature, top_p;        /* NAN = not set */
	long top_k, max_output_tokens, candidates;   /* -1 = not set */
	char *modalities;                 /* `TEXT,IMAGE`, or NULL */
	char *format;                     /* png, jpeg, webp, or NULL */
	int quality;                      /* 1 to 100, or -1 */
	enum people people;
	enum threshold safety[HARM_COUNT];
	char *thinking_level;             /* minimal, low, medium, high, or NULL */
	long thinking_budget;             /* tokens, or -1 */
	bool search_web, search_image;
	bool reuse;
	bool by_default;                  /* nobody named the model (not written) */
	struct { char *name, *json; } *metadata;
	size_t metadata_count;
	struct reference *references;     /* in order; filled by the caller of request_resolve */
	size_t references_count;
	char *wire;                       /* that its provider spoke when it was read; NULL: not recorded */
	char *note;                       /* something the user should know, or NULL */
};

/*
 * Picks provider and model by DESIGN section 2, checks every setting and the prompt's length against
 * the model.  `sandbox` (-o sandbox): every model is taken from its own row, so that its limits
 * hold, but the provider is the sandbox's row that speaks the wire of its own one.  Does not look at refs.  0, or -EINVAL and the
 * sentence (`model "nano-banana" does not take size "21:9": it takes 1:1, 16:9, …`), or -ENOKEY when
 * no provider has a key, with the variables to set.  models is borrowed; the request takes its own
 * reference.  On failure *out is all zero.
 */
int request_resolve(struct models *models, const struct settings *s, const char *prompt, bool sandbox,
                    struct request *out, struct error *err);
/* What can be said of values before a model is known (for headers without a prompt below them):
 * `header "people" does not take "a crowd at night": it takes all, adult, none`.  0 or -EINVAL. */
int request_check_values(const struct settings *s, struct error *err);
/*
 * Judges what holds for prompts that don't say otherwise, before there is one.  0: the model that they would get
 * takes it, or there is no key yet.  1: that one does not, with the sentence, but others do, which a prompt may
 * name.  -EINVAL: no model takes it, or there is no such model or provider.
 */
int request_check_defaults(struct models *models, const struct settings *s, bool sandbox, struct error *err);
/* After references are filled in: number, formats and sizes against the model.  0 or -EINVAL. */
int request_check_references(const struct request *r, struct error *err);

/* How many requests are sent, and how many pictures are asked for by the index-th of them (from 1), and by
 * all together: `n` pictures, one a request unless the model's row says more; or `n` requests for `candidates`
 * pictures each. */
unsigned request_tasks(const struct request *r);
unsigned request_share(const struct request *r, unsigned index);
unsigned request_pictures(const struct request *r);

/* Canonical text: everything that decides the picture, one `name: value` a line in a fixed order,
 * then a blank line and the prompt.  Same request, same bytes. */
void request_write(const struct request *r, struct buf *out);
/* Reads what request_write wrote, with model and provider looked up in `models`.  0 or -EINVAL
 * (a row that the table no longer has: the sentence names it). */
int request_read(struct models *models, const char *text, size_t len, struct request *out,
                 struct error *err);
/* The same for what is only shown: model and provider are NULL where the table has no such row any more. */
int request_recall(struct models *models, const char *text, size_t len, struct request *out);
/* The settings that decide the picture, one `name: value` a line, for people. */
void request_settings(const struct request *r, struct buf *out);
/* SHA-256 over the canonical text (reuse, note and names of references left out). */
void request_digest(const struct request *r, uint8_t digest[32]);
void request_release(struct request *r);
#define cleanup_request __attribute__((cleanup(request_release)))

#endif
