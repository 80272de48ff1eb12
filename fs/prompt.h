/*
 * prompt: which files are prompts, and what their text says.
 *
 * The name alone decides whether a file is a prompt; its bytes are read into settings and text here,
 * and judged against a model by request_resolve().  Plain functions: no I/O, no state, any thread.
 */
#ifndef FS_PROMPT_H
#define FS_PROMPT_H

#include "base.h"
#include "settings.h"

enum prompt_kind {
	PROMPT_OTHER,             /* just a file */
	PROMPT_FILE,              /* starts a task when it is committed */
	PROMPT_DEFAULTS,          /* `.defaults`: headers for the prompts in and below its folder */
};

enum { PROMPT_BYTES_MAX = 1 << 20, PROMPT_STEM_MAX = 235 };

/* Why headers without a prompt below are a draft. */
#define PROMPT_NO_TEXT "no prompt after the headers"
#define PROMPT_NO_TEXT_HINT "write it below them, after an empty line; if the first line is the prompt itself, " \
                            "put an empty line before it"

/*
 * By path, relative to the mount's root, without a leading `/`.  Prompts end with .txt, .md or
 * .prompt.  Never prompts: names that begin with `.` or `#` or end with `~`; anything under a folder
 * that begins with `.`, under `refs/`, `*.refs/`, or one of the root's reserved folders; README*,
 * LICENSE* and the like (any case).
 */
enum prompt_kind prompt_name_kind(const char *path);
bool prompt_path_is_prompt(const char *path);
/* Whether it is one of the root's reserved names (`out`, `status` …) or lies under one. */
bool prompt_path_is_reserved(const char *path);
/* Whether prompts in that folder count: not under dot folders, refs/, *.refs/, reserved ones. */
bool prompt_folder_is_walked(const char *path);
/* The path of a prompt without its suffix: `a/b/cat.md` → `a/b/cat`.  The caller frees. */
char *prompt_stem(const char *path);
/* Names in out/ grow by `-16.reply.txt` and the like: a base name over 235 bytes without its suffix
 * is refused.  0, or -ENAMETOOLONG with a sentence. */
int prompt_check_stem(const char *path, struct error *err);

struct prompt {
	struct settings settings;
	char *text;               /* LF, no BOM, no blank lines before or white space behind; "" if none */
	bool blank;               /* the file has nothing but white space */
	bool headers_only;        /* headers, but no text */
	char *note;               /* what the user should know of how it was read, or NULL */
};
#define cleanup_prompt __attribute__((cleanup(prompt_release)))

/*
 * Reads a prompt file.  0, or -EINVAL with a sentence: not UTF-8, a NUL byte, over 1 MiB, an unknown
 * header in a header block, a line in it that is no `Name: value`, a `---` block that does not end.
 * With headers_only the values that need no model are judged too, as `People: a crowd at night`
 * alone is more likely a prompt.  On error *out is all zero.
 */
int prompt_parse(const char *bytes, size_t len, struct prompt *out, struct error *err);
void prompt_release(struct prompt *p);

/*
 * Reads a `.defaults` file: headers, `#` and `;` comments, and `prompts: *.prompt` or `prompts: none`,
 * whose value goes to *pattern (the caller frees; NULL if there is none).  `name`: what the file is called in
 * errors, as above, and in where the settings say that they come from (`NAME:LINE`).
 */
int defaults_parse(const char *name, const char *bytes, size_t len, struct settings *out, char **pattern,
                   struct error *err);
/* Whether a prompt of that base name is one where `.defaults` says `prompts: pattern` (NULL: yes). */
bool defaults_allow(const char *pattern, const char *basename);

#endif
