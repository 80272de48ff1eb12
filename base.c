#include "base.h"

#include <ctype.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

void cleanup_free_(void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}

void cleanup_fd_(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;                     /* called by hand, too: a second time must not close another's */
	errno = saved;
}

/* --- memory --- */

enum { PATIENCE_MS = 30000 };

/* Without an allocation. */
static _Noreturn void give_up(const char *text)
{
	ssize_t written = write(STDERR_FILENO, text, strlen(text));

	(void)written;
	_exit(71);
}

static _Noreturn void out_of_memory(void)
{
	give_up("easelfs: error: out of memory; what was begun goes on at the next start\n");
}

bool patience_wait(struct patience *p, int most_ms)
{
	enum { FIRST_MS = 10, LONGEST_MS = 1000 };
	int saved = errno;

	if (p->waited_ms >= most_ms)
		return false;
	p->pause_ms = !p->pause_ms ? FIRST_MS : p->pause_ms < LONGEST_MS / 2 ? 2 * p->pause_ms : LONGEST_MS;
	struct timespec pause = { p->pause_ms / 1000, p->pause_ms % 1000 * 1000000L };
	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
	p->waited_ms += p->pause_ms;
	errno = saved;
	return true;
}

bool error_may_pass(int code)
{
	switch (code) {
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case EAGAIN:
	case EINTR:
		return true;
	}
	return false;
}

bool patience_helps(struct patience *p, int code)
{
	enum { MOMENT_MS = 600 };

	return error_may_pass(code) && patience_wait(p, MOMENT_MS);
}

/* An allocation has failed.  What malloc holds back may do; else others may give some back soon. */
static void wait_for_memory(struct patience *p, bool *trimmed)
{
	if (!*trimmed) {
		*trimmed = true;
#ifdef __GLIBC__
		malloc_trim(0);
#endif
		return;
	}
	if (!patience_wait(p, PATIENCE_MS))
		out_of_memory();
}

/* What `allocation` gives, as soon as it gives anything. */
#define ALLOCATE(allocation) ({ \
		struct patience patience_ = { 0 }; \
		bool trimmed_ = false; \
		void *got_; \
		while (!(got_ = (allocation))) \
			wait_for_memory(&patience_, &trimmed_); \
		got_; \
	})

void *xmalloc(size_t size)
{
	return ALLOCATE(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return ALLOCATE(count && size ? calloc(count, size) : calloc(1, 1));
}

void *xrealloc(void *old, size_t size)
{
	return ALLOCATE(realloc(old, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t len)
{
	size_t used = strnlen(s, len);
	char *copy = xmalloc(used + 1);

	memcpy(copy, s, used);
	copy[used] = '\0';
	return copy;
}

static char *try_vasprintf(const char *fmt, va_list ap)
{
	va_list once;
	char *text;

	va_copy(once, ap);
	int len = vasprintf(&text, fmt, once);
	va_end(once);
	return len < 0 ? NULL : text;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	return ALLOCATE(try_vasprintf(fmt, ap));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return text;
}

_Noreturn void bug_(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	log_error("bug at %s:%d: %s", file, line, text);
	abort();
}

/* Room for `more` bytes and a NUL behind them. */
static void buf_reserve(struct buf *b, size_t more)
{
	if (more >= SIZE_MAX / 2 - b->len)
		out_of_memory();
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return;
	size_t cap = b->cap < 32 ? 64 : b->cap * 2;
	if (cap < need)
		cap = need;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_chr(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_str(b, text);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

char *buf_steal(struct buf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	*b = (struct buf)BUF_INIT;
	return data;
}

void error_clear(struct error *e)
{
	if (!e)
		return;
	free(e->text);
	free(e->hint);
	*e = (struct error)ERROR_INIT;
}

void error_move(struct error *to, struct error *from)
{
	if (!from || to == from)
		return;
	if (!to || to->text) {
		error_clear(from);
		return;
	}
	*to = *from;
	*from = (struct error)ERROR_INIT;
}

/* Bytes of the well-formed UTF-8 sequence that s begins with; 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t want = s[0] < 0x80 ? 1 : s[0] >> 5 == 0x6 ? 2 : s[0] >> 4 == 0xe ? 3 : s[0] >> 3 == 0x1e ? 4 : 0;

	if (want <= 1)
		return want;
	if (len < want)
		return 0;
	unsigned point = s[0] & (0xffu >> (want + 1));
	for (size_t i = 1; i < want; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	bool surrogate = point >= 0xd800 && point <= 0xdfff;
	return point >= least[want] && point <= 0x10ffff && !surrogate ? want : 0;
}

/* Control characters (C1, as U+0080 to U+009F, too) steer terminals and forge log lines; so do marks that turn the
 * direction of what follows (U+202A to U+202E, U+2066 to U+2069). */
static bool is_control(const unsigned char *s, size_t sequence)
{
	if (sequence == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	if (sequence == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	return sequence == 3 && s[0] == 0xe2 &&
		((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

void buf_escaped(struct buf *b, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	while (len) {
		size_t sequence = utf8_sequence(s, len);
		size_t step = sequence ? sequence : 1;

		if (s[0] == '\n')
			buf_str(b, "\\n");
		else if (s[0] == '\t')
			buf_str(b, "\\t");
		else if (sequence && !is_control(s, sequence))
			buf_add(b, s, step);
		else
			for (size_t i = 0; i < step; i++)
				buf_fmt(b, "\\x%02x", s[i]);
		s += step;
		len -= step;
	}
}

char *text_escaped(const char *text)
{
	struct buf b = BUF_INIT;

	buf_escaped(&b, text, strlen(text));
	return buf_steal(&b);
}

void buf_replace(struct buf *b, const char *what, const char *by)
{
	size_t len = strlen(what);

	if (!b->data || !len || !memmem(b->data, b->len, what, len))
		return;
	cleanup_buf struct buf before = *b;
	const char *at = before.data, *end = at + before.len, *found;
	*b = (struct buf)BUF_INIT;
	while ((found = memmem(at, (size_t)(end - at), what, len))) {
		buf_add(b, at, (size_t)(found - at));
		buf_str(b, by);
		at = found + len;
	}
	buf_add(b, at, (size_t)(end - at));
}

void buf_utf8(struct buf *b, const char *text, size_t len)
{
	while (len) {
		size_t sequence = utf8_sequence((const unsigned char *)text, len);
		size_t step = sequence ? sequence : 1;

		buf_add(b, sequence ? text : "\xef\xbf\xbd", sequence ? sequence : 3);
		text += step;
		len -= step;
	}
}

int error_set(struct error *e, int code, const char *hint, const char *fmt, ...)
{
	if (e && !e->text) {
		va_list ap;

		va_start(ap, fmt);
		cleanup_free char *text = xvasprintf(fmt, ap);
		va_end(ap);
		e->text = text_escaped(text);
		e->code = code;
		e->hint = hint ? text_escaped(hint) : NULL;
	}
	return -code;
}

static const struct { const char *name; int priority; } levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};
static atomic_int log_threshold = LOG_LEVEL_INFO;
static atomic_bool log_uses_syslog;

/* The journal of systemd, which has the name already and takes a priority: systemd.exec(5), sd-daemon(3). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

/* One write per line, so that lines of several threads don't mix. */
static void log_to_stderr(enum log_level level, const char *text)
{
	cleanup_buf struct buf line = BUF_INIT;

	if (stderr_is_journal())
		buf_fmt(&line, "<%d>%s\n", levels[level].priority, text);
	else
		buf_fmt(&line, "easelfs: %s: %s\n", levels[level].name, text);
	for (size_t done = 0; done < line.len;) {
		ssize_t n = write(STDERR_FILENO, line.data + done, line.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

void log_at(enum log_level level, const char *fmt, ...)
{
	if ((int)level > atomic_load(&log_threshold))
		return;
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	cleanup_buf struct buf safe = BUF_INIT;
	buf_escaped(&safe, text, strlen(text));
	const char *shown = safe.data ? safe.data : "";
	if (atomic_load(&log_uses_syslog))
		syslog(levels[level].priority, "%s", shown);
	else
		log_to_stderr(level, shown);
	errno = saved;
}

void log_set_level(enum log_level level)
{
	atomic_store(&log_threshold, (int)level);
}

int log_level_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (!strcasecmp(name, levels[i].name))
			return (int)i;
	return -1;
}

void log_to_syslog(void)
{
	openlog("easelfs", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	atomic_store(&log_uses_syslog, true);
}

#ifdef CLOCK_OFFSET
/* For tests of long times: $EASELFS_CLOCK names a file with two numbers of milliseconds, by which the wall
 * clock and the other one are ahead.  Looked at each time, as it changes while we run. */
static int64_t clock_offset_ms(clockid_t id)
{
	const char *name = getenv("EASELFS_CLOCK");
	FILE *file = name ? fopen(name, "re") : NULL;
	long long wall = 0, mono = 0;

	if (file && fscanf(file, "%lld %lld", &wall, &mono) != 2)
		BUG("%s has no two numbers", name);
	if (file)
		fclose(file);
	return id == CLOCK_REALTIME ? wall : mono;
}
#else
#define clock_offset_ms(id) 0
#endif

static int64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + clock_offset_ms(id);
}

int64_t clock_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

enum { NEAR_MAX = 64 };       /* longer words than this are no misspellings of ours */

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, change, swap two neighbours) from a to b, both at most NEAR_MAX long. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][NEAR_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);

			row[j] = smaller(up[j - 1] + (ca != cb), smaller(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]))
				row[j] = smaller(row[j], up2[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
	size_t len = strlen(word);
	const char *best = NULL;

	if (len > NEAR_MAX)
		return NULL;
	/* One slip in a short word, two from five letters, a third of a long one. */
	unsigned limit = (unsigned)(len + 1) / 3;
	for (size_t i = 0; i < count; i++) {
		if (strlen(candidates[i]) > NEAR_MAX)
			continue;
		unsigned d = edit_distance(word, candidates[i]);

		if (d > limit || (best && d == limit))
			continue;
		best = candidates[i];
		limit = d;
	}
	return best;
}

bool str_ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && !memcmp(s + len - tail, suffix, tail);
}

bool str_starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

char *next_word(const char **cursor)
{
	static const char separators[] = " \t\r\n,";
	const char *start = *cursor + strspn(*cursor, separators);
	size_t len = strcspn(start, separators);

	*cursor = start + len;
	return len ? xstrndup(start, len) : NULL;
}

void hex_encode(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 0xf];
	}
	out[2 * len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void random_hex(char out[RANDOM_HEX])
{
	unsigned char bytes[RANDOM_HEX / 2];
	struct patience patience = { 0 };

	while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		if (!patience_wait(&patience, PATIENCE_MS))
			give_up("easelfs: error: the kernel gives no random numbers; what was begun goes on at the next start\n");
	hex_encode(bytes, sizeof(bytes), out);
}

int hex_decode(const char *hex, void *bytes, size_t len)
{
	uint8_t *out = bytes;

	if (strlen(hex) != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static const struct { const char *name; uint64_t bytes; } size_units[] = {
	{ "", 1 }, { "b", 1 },
	{ "k", 1000 }, { "kb", 1000 }, { "kib", 1024 },
	{ "m", 1000000 }, { "mb", 1000000 }, { "mib", 1 << 20 },
	{ "g", 1000000000 }, { "gb", 1000000000 }, { "gib", 1 << 30 },
	{ "t", 1000000000000 }, { "tb", 1000000000000 }, { "tib", (uint64_t)1 << 40 },
};

/* Bytes of the unit at s (trailing blanks allowed); 0 if it is none. */
static uint64_t size_unit(const char *s)
{
	s += strspn(s, " \t");
	size_t len = strcspn(s, " \t");
	if (s[len + strspn(s + len, " \t")])
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(size_units); i++)
		if (strlen(size_units[i].name) == len && !strncasecmp(s, size_units[i].name, len))
			return size_units[i].bytes;
	return 0;
}

int parse_size(const char *s, uint64_t *bytes)
{
	uint64_t whole = 0, part = 0, scale = 1, total;

	s += strspn(s, " \t");
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
			return -EINVAL;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++) {
			/* Six decimals of a TiB still fit 64 bits. */
			if (scale == 1000000)
				return -EINVAL;
			part = part * 10 + (uint64_t)(*s - '0');
			scale *= 10;
		}
	uint64_t unit = size_unit(s);
	if (!unit || s[-1] == '.' || (scale > 1 && unit == 1))
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &total) ||
	    __builtin_add_overflow(total, part * unit / scale, &total))
		return -EINVAL;
	*bytes = total;
	return 0;
}

static const struct { const char *name; double seconds; } time_units[] = {
	{ "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "µs", 1e-6 },
	{ "ns", 1e-9 },
};

static const char *read_decimal(const char *s, double *value)
{
	double scale = 1;

	*value = 0;
	for (; isdigit((unsigned char)*s); s++)
		*value = *value * 10 + (*s - '0');
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++)
			*value += (*s - '0') * (scale /= 10);
	return s;
}

double parse_duration(const char *s, const char **end)
{
	double total = -1, value;

	while (isdigit((unsigned char)*s)) {
		const char *unit = read_decimal(s, &value);
		size_t len = 0, i = 0;

		while (isalpha((unsigned char)unit[len]) || (unsigned char)unit[len] >= 0x80)
			len++;
		while (i < ARRAY_LEN(time_units) &&
		       (strlen(time_units[i].name) != len || strncmp(time_units[i].name, unit, len)))
			i++;
		if (i == ARRAY_LEN(time_units)) {
			/* A number without a unit that is known is one of seconds, if it is alone. */
			if (total < 0) {
				total = value;
				s = unit;
			}
			break;
		}
		total = (total < 0 ? 0 : total) + value * time_units[i].seconds;
		s = unit + len;
	}
	if (end)
		*end = s;
	return total;
}

/* Borrowed text within the reader's. */
struct span { const char *s; size_t len; };

static bool is_blank_char(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span span_trim(struct span t)
{
	while (t.len && is_blank_char(t.s[0])) {
		t.s++;
		t.len--;
	}
	while (t.len && is_blank_char(t.s[t.len - 1]))
		t.len--;
	return t;
}

/* Takes one line, without its LF or CRLF. */
static struct span nv_take_line(struct nv *r)
{
	size_t left = (size_t)(r->end - r->text);
	const char *lf = memchr(r->text, '\n', left);
	struct span line = { r->text, lf ? (size_t)(lf - r->text) : left };

	r->text = lf ? lf + 1 : r->end;
	r->next_line++;
	if (line.len && line.s[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* The line as far as it is worth showing, escaped. */
static char *nv_excerpt(struct span line)
{
	enum { SHOWN = 60 };
	struct buf b = BUF_INIT;
	size_t len = line.len;

	if (len > SHOWN)
		for (len = SHOWN; len > SHOWN - 4 && ((unsigned char)line.s[len] & 0xc0) == 0x80;)
			len--;
	buf_escaped(&b, line.s, len);
	if (len < line.len)
		buf_str(&b, "…");
	return buf_steal(&b);
}

static int nv_refuse_pair(const struct nv *r, struct span line, struct error *err)
{
	cleanup_free char *shown = nv_excerpt(line);

	if (r->flags & NV_CONFIG)
		return error_set(err, EINVAL, "write `name = value` or `[section]`; comments begin with `#` or `;`",
		                 "line %d is no `name = value`: \"%s\"", r->line, shown);
	return error_set(err, EINVAL, "put an empty line between the headers and the prompt",
	                 "line %d is no `name: value`: \"%s\"", r->line, shown);
}

static int nv_refuse_orphan(const struct nv *r, struct span line, struct error *err)
{
	cleanup_free char *shown = nv_excerpt(line);

	return error_set(err, EINVAL, "remove the blanks at its beginning",
	                 "line %d begins with a blank, so it continues a value, but none stands right above it: \"%s\"",
	                 r->line, shown);
}

static int nv_refuse_nul(const struct nv *r, struct error *err)
{
	return error_set(err, EINVAL, "save the file as plain UTF-8 text",
	                 "line %d holds a NUL byte, so this is no text file (or UTF-16)", r->line);
}

static bool nv_is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.s[i];

		if (!(c < 0x80 && isalnum(c)) && !(c && strchr("-_./", c)))
			return false;
	}
	return name.len > 0;
}

static bool nv_is_separator(const struct nv *r, char c)
{
	return c == ':' || (c == '=' && (r->flags & NV_CONFIG));
}

/* Adds the continuation lines that follow to value. */
static int nv_continue(struct nv *r, struct buf *value, struct error *err)
{
	while (r->text < r->end && (*r->text == ' ' || *r->text == '\t')) {
		struct nv ahead = *r;
		struct span more = span_trim(nv_take_line(&ahead));

		if (!more.len)
			return 0;
		if (memchr(more.s, '\0', more.len)) {
			r->line = r->next_line;
			return nv_refuse_nul(r, err);
		}
		r->text = ahead.text;
		r->next_line = ahead.next_line;
		if (value->len)
			buf_chr(value, ' ');
		buf_add(value, more.s, more.len);
	}
	return 0;
}

static int nv_pair(struct nv *r, struct span line, struct error *err)
{
	cleanup_buf struct buf value = BUF_INIT;
	size_t at = 0;

	if (line.s[0] == ' ' || line.s[0] == '\t')
		return nv_refuse_orphan(r, line, err);
	while (at < line.len && !nv_is_separator(r, line.s[at]))
		at++;
	struct span name = span_trim((struct span){ line.s, at });
	if (at == line.len || !nv_is_name(name))
		return nv_refuse_pair(r, line, err);
	struct span first = span_trim((struct span){ line.s + at + 1, line.len - at - 1 });
	buf_add(&value, first.s, first.len);
	int rc = nv_continue(r, &value, err);
	if (rc)
		return rc;
	r->name = xstrndup(name.s, name.len);
	r->value = buf_steal(&value);
	return 0;
}

static int nv_section(struct nv *r, struct span line, struct error *err)
{
	struct span inner = span_trim(line);
	cleanup_free char *shown = nv_excerpt(line);
	struct buf words = BUF_INIT;

	inner.s++;
	inner.len--;
	if (!inner.len || inner.s[inner.len - 1] != ']' || memchr(inner.s, ']', inner.len - 1))
		return error_set(err, EINVAL, "write `[section]` on a line of its own; comments too",
		                 "line %d is no `[section]`, it does not end with the `]`: \"%s\"", r->line, shown);
	inner.len--;
	inner = span_trim(inner);
	if (!inner.len)
		return error_set(err, EINVAL, "name the section, for example `[defaults]`",
		                 "line %d is a section without a name: \"%s\"", r->line, shown);
	for (size_t i = 0; i < inner.len; i++) {
		if (!is_blank_char(inner.s[i]))
			buf_chr(&words, inner.s[i]);
		else if (!is_blank_char(inner.s[i - 1]))
			buf_chr(&words, ' ');
	}
	free(r->section);
	r->section = buf_steal(&words);
	r->section_line = r->line;
	return 0;
}

static void nv_drop_pair(struct nv *r)
{
	free(r->name);
	free(r->value);
	r->name = r->value = NULL;
}

void nv_init(struct nv *r, const char *text, size_t len, int flags)
{
	*r = (struct nv){ .text = text, .end = text + len, .flags = flags, .next_line = 1 };
	/* Windows editors put a byte order mark there. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		r->text += 3;
}

int nv_next(struct nv *r, struct error *err)
{
	nv_drop_pair(r);
	while (r->text < r->end) {
		r->line = r->next_line;
		struct span line = nv_take_line(r);

		if (!span_trim(line).len) {
			if (r->flags & NV_CONFIG)
				continue;
			return 0;
		}
		if ((r->flags & NV_CONFIG) && (line.s[0] == '#' || line.s[0] == ';'))
			continue;
		if (memchr(line.s, '\0', line.len))
			return nv_refuse_nul(r, err);
		if (!(r->flags & NV_CONFIG) || line.s[0] != '[') {
			int rc = nv_pair(r, line, err);
			return rc ? rc : 1;
		}
		int rc = nv_section(r, line, err);
		if (rc)
			return rc;
	}
	return 0;
}

void nv_release(struct nv *r)
{
	nv_drop_pair(r);
	free(r->section);
	*r = (struct nv){ 0 };
}
