/*
 * base: what every room shares.  libc only.
 *
 * Growing buffers, cleanup attributes, the error object that carries a sentence to the user, the
 * log, clocks, and the one reader of `name: value` lines that prompts, configuration and the model
 * table are written in.
 *
 * Memory: an allocation that fails is tried again for half a minute, and then ends the process with a
 * message.  Everything that money depends on is on disk before it matters, so the next start goes on
 * from there.  Libraries that let us allocate by these functions, too (fs/libraries.c, http_new(),
 * db_open()).  Sizes that come from outside are bounded before anything is allocated for them.
 */
#ifndef BASE_H
#define BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

/* --- ownership ------------------------------------------------------------------------------- */

void cleanup_free_(void *pointer_to_pointer);
void cleanup_fd_(int *fd);
#define cleanup_free __attribute__((cleanup(cleanup_free_)))
#define cleanup_fd __attribute__((cleanup(cleanup_fd_)))

/* Takes the pointer (or descriptor) out of a variable that would clean it up. */
#define steal_pointer(p) ({ __typeof__(*(p)) stolen_ = *(p); *(p) = NULL; stolen_; })
static inline int steal_fd(int *fd) { int stolen = *fd; *fd = -1; return stolen; }

/* Never return NULL; xstrdup(NULL) is NULL.  A size of 0 is one of 1. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0);

/*
 * What fails for want of something that others may give back any moment (memory, descriptors, a disk that
 * hiccups) is tried again: after 10 ms, then twice as long each time, up to a second.  Zero-initialise.  False,
 * at once: it has been waited for most_ms already.  Not while a lock is held, but for memory.
 */
struct patience { int pause_ms, waited_ms; };
bool patience_wait(struct patience *p, int most_ms);
/* For a moment, if that errno is one of these; users may be waiting. */
bool patience_helps(struct patience *p, int code);
bool error_may_pass(int code);

/* Our own mistake, not the user's or the world's: says where and aborts. */
#define BUG(...) bug_(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);

/* --- buffers --------------------------------------------------------------------------------- */

/* Growing bytes.  `data` is NULL until something was added, and NUL-terminated from then on. */
struct buf { char *data; size_t len, cap; };
#define BUF_INIT { NULL, 0, 0 }
#define cleanup_buf __attribute__((cleanup(buf_release)))

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_chr(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Text that people see on a line: control characters (of UTF-8, too) and what is no UTF-8 become `\n`, `\t`, `\xHH`. */
void buf_escaped(struct buf *b, const char *text, size_t len);
/* That of a whole string; the caller frees. */
char *text_escaped(const char *text);
/* Every `what` (not empty) becomes `by`. */
void buf_replace(struct buf *b, const char *what, const char *by);
/* The same bytes, but that what is no UTF-8 becomes U+FFFD, as for JSON. */
void buf_utf8(struct buf *b, const char *text, size_t len);
void buf_clear(struct buf *b);                 /* len = 0, keeps the memory */
void buf_release(struct buf *b);               /* frees; the buffer may be used again */
char *buf_steal(struct buf *b);                /* the caller frees; "" if nothing was added */

/* --- errors ---------------------------------------------------------------------------------- */

/*
 * What went wrong, for a person: `text` says what and why, `hint` what to do (may be NULL), `code`
 * is the errno that goes with it.  The place that fails writes the sentence; callers pass it on.
 * Zero-initialise; error_clear() frees.  Functions that take one accept NULL.
 */
struct error { int code; char *text; char *hint; };
#define ERROR_INIT { 0, NULL, NULL }
#define cleanup_error __attribute__((cleanup(error_clear)))

/* Returns -code, so that a failing function can end with `return error_set(…)`.  hint may be NULL
 * (a plain string, no format).  Control characters are escaped, as sentences quote what comes from anywhere.
 * The first sentence stays: a second error_set on the same object is ignored, as it would be about a
 * consequence. */
int error_set(struct error *e, int code, const char *hint, const char *fmt, ...) PRINTF(4, 5);
void error_clear(struct error *e);
void error_move(struct error *to, struct error *from);

/* --- log ------------------------------------------------------------------------------------- */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* To stderr, or to syslog after log_to_syslog().  Control characters are escaped.  Any thread. */
void log_at(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
void log_set_level(enum log_level level);
int log_level_by_name(const char *name);       /* error, warning, info, debug; -1 if none of them */
void log_to_syslog(void);

/* --- clocks (milliseconds) ------------------------------------------------------------------- */

int64_t clock_mono_ms(void);                   /* for intervals */
int64_t clock_wall_ms(void);                   /* since 1970 UTC, for what is stored or shown */

/* --- words ----------------------------------------------------------------------------------- */

/* The candidate nearest to word (case-insensitive, small edit distance), or NULL if none is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);
bool str_ends_with(const char *s, const char *suffix);
bool str_starts_with(const char *s, const char *prefix);
/* One or more words separated by blanks and/or commas; returns the next, advances *cursor, or NULL.
 * The caller frees. */
char *next_word(const char **cursor);
void hex_encode(const void *bytes, size_t len, char *out /* 2*len+1 */);
/* 128 random bits.  Without them nothing can be told apart: it waits for them as for memory, and ends likewise. */
enum { RANDOM_HEX = 33 };
void random_hex(char out[RANDOM_HEX]);
int hex_decode(const char *hex, void *bytes, size_t len);   /* 0, or -EINVAL */
/* SI and binary sizes: "20 MB" = 20,000,000, "1MiB" = 1,048,576, plain bytes.  0, or -EINVAL. */
int parse_size(const char *s, uint64_t *bytes);
/* `22.1s`, `6m0s`, `120ms`, `1h2m`: numbers with units, at the beginning of s.  Seconds, or a negative number
 * if there is none; *end (may be NULL) is where it stops. */
double parse_duration(const char *s, const char **end);

/* --- name: value lines ----------------------------------------------------------------------- */

/*
 * The one syntax of prompt headers, `.defaults`, the configuration and models.ini:
 *
 *     Name: value            a name is letters, digits, `-`, `_`, `.`, `/`; case does not matter
 *       goes on here         a continuation line begins with a blank or tab (joined by one blank)
 *
 * LF or CRLF.  With NV_CONFIG also: `=` for `:`, `[section words]`, and lines that begin with `#`
 * or `;` are comments; blank lines are skipped.  Without it a blank line ends the block.
 */
enum { NV_CONFIG = 1 };

struct nv {                   /* the reader; the text is borrowed and must outlive it */
	const char *text, *end;   /* text: where the next line begins */
	int flags;
	int line;                 /* 1-based number of the line that `name` stood on */
	char *section;            /* NV_CONFIG: the newest [section], blanks squeezed; NULL before one */
	int section_line;         /* number of the line that it stood on */
	char *name, *value;       /* trimmed; owned by the reader, valid until the next call */
	int next_line;
};

void nv_init(struct nv *r, const char *text, size_t len, int flags);
/* 1: name and value are set (value may be "").  0: the block or the text has ended; r->text then
 * points behind the blank line that ended it.  -EINVAL: a line is none of these; err names its
 * number and says what was expected, with an excerpt; r->line is that line. */
int nv_next(struct nv *r, struct error *err);
void nv_release(struct nv *r);

#endif
