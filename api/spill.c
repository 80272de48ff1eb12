#include "spill.h"

#include "spill_picture.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 512, NAME_MAX_LEN = 40 };

/* Where the next byte stands. */
enum place { BETWEEN, IN_NAME, IN_STRING, IN_MAYBE_URL, IN_DROPPED, IN_PICTURE, IN_HTML };

/* What the newest token outside strings was; tells names from values, and what is missing at a break. */
enum token { NOTHING, OPENED, COMMA, NAME, COLON, LITERAL, VALUE };

enum listed { NOT_LISTED, LISTED, LISTED_AS_URL, LISTED_TO_DROP };

/* What string_char() makes of a byte, beside characters. */
enum { MORE = -1, END = -2 };

/*
 * Invariants: the skeleton always ends where its state says, also after an error, so that it can be
 * closed.  It has no more than skeleton_max bytes before that.  IN_PICTURE: the number of the picture is in
 * the skeleton, and `picture` is about the last of the files.
 */
struct spill {
	struct spill_settings set;
	struct error failed;          /* the first error; code 0 = none */
	bool ended;
	uint64_t fed;
	struct buf skeleton;
	struct spill_file **files;
	size_t count;

	enum place place;
	enum token newest;
	enum listed listed;           /* COLON: of the name before it */
	bool mismatch;                /* a bracket was closed that was not open */
	unsigned depth;
	uint64_t objects[DEPTH_MAX / 64];   /* a bit per open bracket: is it `{` */
	size_t token_at;              /* COMMA, LITERAL, a string: where it begins in the skeleton */
	char name[NAME_MAX_LEN];
	size_t name_len;              /* over NAME_MAX_LEN: too long to be listed */

	bool backslash;               /* of an escape, and nothing else of it yet */
	bool high;                    /* the last character was the first half of a surrogate pair */
	bool wrong;                   /* the string holds an escape that JSON does not have */
	unsigned digits, unit;        /* how many are missing to \uXXXX, and its value so far */
	size_t escape_at;             /* where the open escape or pair begins in the skeleton */

	unsigned head;                /* IN_MAYBE_URL: how much of DATA_SCHEME was seen */

	struct picture picture;
};

/* --- strings -------------------------------------------------------------------------------------- */

static void open_string(struct spill *s, enum place place)
{
	s->place = place;
	s->token_at = s->skeleton.len;
	s->backslash = s->high = s->wrong = false;
	s->digits = 0;
	s->name_len = 0;
	s->head = 0;
}

static int short_escape(struct spill *s, unsigned char c)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found = c ? strchr(letters, c) : NULL;

	s->backslash = false;
	if (c == 'u') {
		s->digits = 4;
		s->unit = 0;
		return MORE;
	}
	s->high = false;
	s->wrong |= !found;
	return found ? meant[found - letters] : c;
}

static int hex_digit(struct spill *s, unsigned char c)
{
	s->unit = s->unit << 4 | (unsigned)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	if (--s->digits)
		return MORE;
	s->high = (s->unit & 0xfc00) == 0xd800;
	return s->unit < 0x80 ? (int)s->unit : PICTURE_FOREIGN;
}

/* The character that this byte of a string completes (bytes of UTF-8 one by one), MORE, or END. */
static int string_char(struct spill *s, unsigned char c)
{
	if (s->digits && !isxdigit(c)) {   /* also a quote: it ends the string, as in every parser */
		s->digits = 0;
		s->wrong = true;
	}
	if (s->digits)
		return hex_digit(s, c);
	if (s->backslash)
		return short_escape(s, c);
	if (c == '\\') {
		if (!s->high)
			s->escape_at = s->skeleton.len;
		s->backslash = true;
		return MORE;
	}
	s->high = false;
	return c == '"' ? END : c;
}

/* --- pictures ------------------------------------------------------------------------------------- */

static void refuse_length(struct spill *s)
{
	error_set(&s->failed, EFBIG, NULL, "the reply holds more than %zu bytes beside its pictures",
	          s->set.skeleton_max);
}

static void start_picture(struct spill *s, enum picture_part part)
{
	char number[24];
	size_t len = (size_t)snprintf(number, sizeof(number), "%zu", s->count);

	if (s->count >= s->set.files_max) {
		error_set(&s->failed, EFBIG, NULL, "the reply holds more than %u pictures", s->set.files_max);
		return;
	}
	if (len > s->set.skeleton_max - s->skeleton.len) {
		refuse_length(s);
		return;
	}
	int fd = s->set.open_file(s->set.arg, (unsigned)s->count);
	if (fd < 0) {
		error_set(&s->failed, -fd, fd == -ENOSPC ? "make room on the disk" : NULL,
		          "no file for picture %zu of the reply: %s", s->count + 1, strerror(-fd));
		return;
	}
	struct spill_file *file = xcalloc(1, sizeof(*file));
	file->fd = fd;
	s->files = xrealloc(s->files, (s->count + 1) * sizeof(*s->files));
	s->files[s->count++] = file;
	buf_add(&s->skeleton, number, len);
	s->place = IN_PICTURE;
	s->newest = VALUE;
	picture_start(&s->picture, file, s->count, part);
}

static void picture_byte(struct spill *s, unsigned char byte)
{
	int c = string_char(s, byte);

	if (s->wrong)
		picture_refuse_escape(&s->picture);
	if (c == END) {
		picture_end(&s->picture);
		if (!s->failed.code)
			s->place = BETWEEN;
	} else if (c != MORE) {
		picture_char(&s->picture, c);
	}
}

/* At least one byte; returns where it stopped. */
static const unsigned char *picture_bytes(struct spill *s, const unsigned char *p, const unsigned char *end)
{
	if (!s->backslash && !s->digits)
		p = picture_run(&s->picture, p, end);
	if (p < end && !s->failed.code)
		picture_byte(s, *p++);
	return p;
}

/* --- the skeleton --------------------------------------------------------------------------------- */

static void cut_skeleton(struct spill *s, size_t len)
{
	s->skeleton.len = len;
	s->skeleton.data[len] = '\0';
}

static enum listed look_up(const struct spill *s)
{
	static const struct { const char *mark; enum listed listed; } marks[] = {
		{ ":data", LISTED_AS_URL }, { ":drop", LISTED_TO_DROP }, { "", LISTED },
	};

	for (const char *const *m = s->set.members; *m && !s->wrong; m++) {
		size_t i = 0;
		while (!str_ends_with(*m, marks[i].mark))
			i++;
		size_t len = strlen(*m) - strlen(marks[i].mark);
		if (len == s->name_len && !memcmp(*m, s->name, len))
			return marks[i].listed;
	}
	return NOT_LISTED;
}

static void name_char(struct spill *s, int c)
{
	if (s->name_len < sizeof(s->name))
		s->name[s->name_len] = (char)(c == PICTURE_FOREIGN ? 0xff : c);   /* 0xff: in no UTF-8 */
	if (s->name_len <= sizeof(s->name))
		s->name_len++;
}

/* What looked like a text until here is taken back out of the skeleton once it is a data: URL. */
static void maybe_url_char(struct spill *s, int c)
{
	if (c != DATA_SCHEME[s->head]) {
		s->place = IN_STRING;
	} else if (!DATA_SCHEME[++s->head]) {
		cut_skeleton(s, s->token_at);
		s->place = BETWEEN;
		start_picture(s, PICTURE_TO_COMMA);
	}
}

static void string_byte(struct spill *s, unsigned char byte)
{
	int c = string_char(s, byte);

	buf_chr(&s->skeleton, (char)byte);
	if (c == END) {
		s->newest = s->place == IN_NAME ? NAME : VALUE;
		s->place = BETWEEN;
	} else if (c != MORE && s->place == IN_NAME) {
		name_char(s, c);
	} else if (c != MORE && s->place == IN_MAYBE_URL) {
		maybe_url_char(s, c);
	}
}

static bool in_object(const struct spill *s)
{
	unsigned top = s->depth - 1;

	return s->depth && s->objects[top / 64] >> top % 64 & 1;
}

static void quote(struct spill *s)
{
	enum listed listed = s->newest == COLON ? s->listed : NOT_LISTED;
	bool is_name = in_object(s) && (s->newest == OPENED || s->newest == COMMA);

	open_string(s, is_name ? IN_NAME : listed == LISTED_AS_URL ? IN_MAYBE_URL :
	               listed == LISTED_TO_DROP ? IN_DROPPED : IN_STRING);
	if (listed == LISTED) {
		s->place = BETWEEN;
		start_picture(s, PICTURE_HEAD);
	} else {
		buf_chr(&s->skeleton, '"');
	}
}

static void open_bracket(struct spill *s, char c)
{
	if (s->depth == DEPTH_MAX) {
		error_set(&s->failed, EFBIG, NULL, "the reply is nested deeper than %d levels", DEPTH_MAX);
		return;
	}
	uint64_t bit = 1ull << s->depth % 64, *word = &s->objects[s->depth / 64];
	*word = c == '{' ? *word | bit : *word & ~bit;
	s->depth++;
	s->newest = OPENED;
	buf_chr(&s->skeleton, c);
}

static void close_bracket(struct spill *s, char c)
{
	if (!s->depth || in_object(s) != (c == '}'))
		s->mismatch = true;
	if (s->depth)
		s->depth--;
	s->newest = VALUE;
	buf_chr(&s->skeleton, c);
}

static void colon(struct spill *s)
{
	if (s->newest == NAME) {
		s->listed = look_up(s);
		s->newest = COLON;
	} else {
		s->newest = VALUE;
	}
	buf_chr(&s->skeleton, ':');
}

static void other_byte(struct spill *s, unsigned char c)
{
	bool mark = s->newest == NOTHING && c >= 0x80;   /* of the byte order */

	if (c <= ' ') {                /* that is how cJSON sees it */
		if (s->newest == LITERAL)
			s->newest = VALUE;
	} else if (s->newest == NOTHING && c == '<') {
		s->place = IN_HTML;
	} else if (s->newest != LITERAL && !mark) {
		s->newest = LITERAL;
		s->token_at = s->skeleton.len;
	}
	buf_chr(&s->skeleton, (char)c);
}

static void between_byte(struct spill *s, unsigned char c)
{
	switch (c) {
	case '"':
		quote(s);
		break;
	case '{':
	case '[':
		open_bracket(s, (char)c);
		break;
	case '}':
	case ']':
		close_bracket(s, (char)c);
		break;
	case ':':
		colon(s);
		break;
	case ',':
		s->newest = COMMA;
		s->token_at = s->skeleton.len;
		buf_chr(&s->skeleton, ',');
		break;
	default:
		other_byte(s, c);
	}
}

/* Nothing of it is kept but that there was a text. */
static void dropped_byte(struct spill *s, unsigned char byte)
{
	if (string_char(s, byte) != END)
		return;
	buf_chr(&s->skeleton, '"');
	s->newest = VALUE;
	s->place = BETWEEN;
}

static void skeleton_byte(struct spill *s, unsigned char c)
{
	if (s->place == IN_DROPPED)
		dropped_byte(s, c);
	else if (s->skeleton.len >= s->set.skeleton_max)
		refuse_length(s);
	else if (s->place == IN_HTML)
		buf_chr(&s->skeleton, (char)c);
	else if (s->place == BETWEEN)
		between_byte(s, c);
	else
		string_byte(s, c);
}

/* --- the end -------------------------------------------------------------------------------------- */

static void close_string(struct spill *s)
{
	if (s->place != IN_DROPPED && (s->backslash || s->digits || s->high))
		cut_skeleton(s, s->escape_at);
	buf_chr(&s->skeleton, '"');
	s->newest = s->place == IN_NAME ? NAME : VALUE;
	s->place = BETWEEN;
}

/* A number that was cut off is another number. */
static void close_literal(struct spill *s)
{
	const char *literal = s->skeleton.data + s->token_at;

	if (!strcmp(literal, "true") || !strcmp(literal, "false") || !strcmp(literal, "null"))
		return;
	cut_skeleton(s, s->token_at);
	buf_str(&s->skeleton, "null");
}

static void close_member(struct spill *s)
{
	switch (s->newest) {
	case COMMA:
		cut_skeleton(s, s->token_at);
		break;
	case NAME:
		buf_str(&s->skeleton, ":null");
		break;
	case COLON:
		buf_str(&s->skeleton, "null");
		break;
	case LITERAL:
		close_literal(s);
		break;
	case NOTHING:
	case OPENED:
	case VALUE:
		break;
	}
}

static void close_skeleton(struct spill *s)
{
	if (s->place == IN_NAME || s->place == IN_STRING || s->place == IN_MAYBE_URL || s->place == IN_DROPPED)
		close_string(s);
	if (s->depth)
		close_member(s);
	while (s->depth) {
		buf_chr(&s->skeleton, in_object(s) ? '}' : ']');
		s->depth--;
	}
	buf_add(&s->skeleton, NULL, 0);   /* NUL-terminated even if nothing came */
}

static void judge(struct spill *s)
{
	unsigned long long fed = s->fed;

	if (s->place == IN_PICTURE)
		error_set(&s->failed, EBADMSG, NULL, "the reply breaks off after %llu bytes, in the middle of picture %zu",
		          fed, s->count);
	else if (s->place != BETWEEN && s->place != IN_HTML)
		error_set(&s->failed, EBADMSG, NULL, "the reply breaks off after %llu bytes, in the middle of a text",
		          fed);
	else if (s->depth)
		error_set(&s->failed, EBADMSG, NULL, "the reply breaks off after %llu bytes, with %u bracket%s open",
		          fed, s->depth, s->depth == 1 ? "" : "s");
	else if (s->mismatch)
		error_set(&s->failed, EBADMSG, NULL, "the reply closes brackets that are not open");
}

static int report(const struct spill *s, struct error *err)
{
	if (!s->failed.code)
		return 0;
	return error_set(err, s->failed.code, s->failed.hint, "%s", s->failed.text);
}

int spill_feed(struct spill *s, const void *bytes, size_t len, struct error *err)
{
	const unsigned char *p = bytes, *end = p + len;

	s->fed += len;
	while (p < end && !s->failed.code) {
		if (s->place == IN_PICTURE)
			p = picture_bytes(s, p, end);
		else
			skeleton_byte(s, *p++);
	}
	return report(s, err);
}

int spill_end(struct spill *s, struct error *err)
{
	if (!s->ended) {
		s->ended = true;
		if (s->place == IN_PICTURE && !s->failed.code)
			picture_flush(&s->picture);
		judge(s);
		close_skeleton(s);
	}
	return report(s, err);
}

/* --- what is left --------------------------------------------------------------------------------- */

struct spill *spill_new(const struct spill_settings *set)
{
	struct spill *s = xcalloc(1, sizeof(*s));

	for (const char *const *m = set->members; *m; m++)
		if (strlen(*m) > NAME_MAX_LEN)
			BUG("the member's name %s is too long", *m);
	s->set = *set;
	s->picture.max = set->file_max;
	s->picture.failed = &s->failed;
	return s;
}

void spill_free(struct spill *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		cleanup_fd_(&s->files[i]->fd);
		free(s->files[i]->bad);
		free(s->files[i]);
	}
	free(s->files);
	buf_release(&s->skeleton);
	error_clear(&s->failed);
	free(s);
}

const struct buf *spill_skeleton(const struct spill *s)
{
	return &s->skeleton;
}

size_t spill_count(const struct spill *s)
{
	return s->count;
}

struct spill_file *spill_file(struct spill *s, size_t index)
{
	return index < s->count ? s->files[index] : NULL;
}
