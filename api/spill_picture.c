#include "spill_picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(SPILL_BLOCK % 3 == 0, "a group of base64 makes three bytes");

void picture_start(struct picture *p, struct spill_file *file, size_t number, enum picture_part part)
{
	p->file = file;
	p->number = number;
	p->part = part;
	p->head = 0;
	p->at = part == PICTURE_HEAD ? 0 : strlen(DATA_SCHEME);
	p->group = 0;
	p->group_len = 0;
	p->block_len = 0;
}

void picture_flush(struct picture *p)
{
	struct spill_file *f = p->file;
	uint64_t to = f->bytes - p->block_len;
	struct patience patience = { 0 };

	for (size_t done = 0; done < p->block_len;) {
		ssize_t n = pwrite(f->fd, p->block + done, p->block_len - done, (off_t)(to + done));
		/* The reply comes only once, and is paid for. */
		if (n < 0 && patience_helps(&patience, errno))
			continue;
		if (n <= 0) {
			int code = n < 0 ? errno : EIO;
			error_set(p->failed, code, code == ENOSPC ? "make room on the disk" : NULL,
			          "picture %zu of the reply cannot be written: %s", p->number, strerror(code));
			return;
		}
		done += (size_t)n;
	}
	p->block_len = 0;
}

/* Accounts for bytes that were put behind those in the block. */
static void grow(struct picture *p, size_t more)
{
	struct spill_file *f = p->file;

	f->bytes += more;
	p->block_len += more;
	if (f->bytes > p->max) {
		p->block_len -= (size_t)(f->bytes - p->max);
		f->bytes = p->max;
		error_set(p->failed, EFBIG, NULL, "picture %zu of the reply is larger than %llu bytes", p->number,
		          (unsigned long long)p->max);
	} else if (p->block_len == sizeof(p->block)) {
		picture_flush(p);
	}
}

/* RFC 4648, sections 4 and 5: both alphabets. */
#define NO 0x80
#define NO_ROW NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
static const unsigned char value_of[256] = {
	NO_ROW,
	NO_ROW,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, 62, NO, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
	NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
	NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
	NO_ROW, NO_ROW, NO_ROW, NO_ROW, NO_ROW, NO_ROW, NO_ROW, NO_ROW,
};

/* The rest of the string is passed over. */
static PRINTF(2, 3) void refuse(struct picture *p, const char *fmt, ...)
{
	va_list ap;
	char sentence[100];

	if (p->part == PICTURE_SKIPPED)
		return;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	p->file->bad = xstrdup(sentence);
	p->part = PICTURE_SKIPPED;
}

static void refuse_char(struct picture *p, int c)
{
	unsigned long long at = p->at;

	if (c == PICTURE_FOREIGN)
		refuse(p, "a character beyond ASCII at %llu", at);
	else if (c > ' ' && c < 0x7f)
		refuse(p, "character \"%c\" at %llu", c, at);
	else
		refuse(p, "character 0x%02x at %llu", (unsigned)c, at);
}

/* The first `len` bytes of the group; three but at the end. */
static void end_group(struct picture *p, size_t len)
{
	unsigned char *out = p->block + p->block_len;
	const unsigned char bytes[] = { p->group >> 16 & 0xff, p->group >> 8 & 0xff, p->group & 0xff };

	memcpy(out, bytes, len);
	p->group = 0;
	p->group_len = 0;
	grow(p, len);
}

static void first_padding(struct picture *p)
{
	unsigned have = p->group_len;

	if (have < 2) {
		refuse_char(p, '=');
		return;
	}
	p->group <<= 6 * (4 - have);
	end_group(p, have - 1);
	p->part = PICTURE_PADDING;
	p->group_len = 3 - have;
}

static void more_padding(struct picture *p, int c)
{
	if (c != '=' || !p->group_len)
		refuse(p, "it goes on behind its padding, at %llu", (unsigned long long)p->at);
	else
		p->group_len--;
}

static void base64_char(struct picture *p, int c)
{
	unsigned value = c < 256 ? value_of[c] : NO;

	if (c == '=') {
		first_padding(p);
	} else if (value & NO) {
		refuse_char(p, c);
	} else {
		p->group = p->group << 6 | value;
		if (++p->group_len == 4)
			end_group(p, 3);
	}
}

/* Whole groups of plain characters, as far as the block has room. */
static const unsigned char *decode_groups(struct picture *p, const unsigned char *from, const unsigned char *end)
{
	size_t most = (size_t)(end - from) / 4, room = (sizeof(p->block) - p->block_len) / 3;
	const unsigned char *in = from, *stop = from + 4 * (most < room ? most : room);
	unsigned char *out = p->block + p->block_len;

	for (; in < stop; in += 4, out += 3) {
		unsigned a = value_of[in[0]], b = value_of[in[1]], c = value_of[in[2]], d = value_of[in[3]];
		if ((a | b | c | d) & NO)
			break;
		out[0] = (unsigned char)(a << 2 | b >> 4);
		out[1] = (unsigned char)(b << 4 | c >> 2);
		out[2] = (unsigned char)(c << 6 | d);
	}
	p->at += (uint64_t)(in - from);
	grow(p, (size_t)(in - from) / 4 * 3);
	return in;
}
#undef NO
#undef NO_ROW

/* It was no data: URL; what looked like one is base64, too. */
static void end_head(struct picture *p)
{
	p->part = PICTURE_BASE64;
	for (unsigned i = 0; i < p->head; i++)
		base64_char(p, DATA_SCHEME[i]);
}

void picture_char(struct picture *p, int c)
{
	switch (p->part) {
	case PICTURE_HEAD:
		if (c != DATA_SCHEME[p->head]) {
			end_head(p);
			base64_char(p, c);
		} else if (!DATA_SCHEME[++p->head]) {
			p->part = PICTURE_TO_COMMA;
		}
		break;
	case PICTURE_TO_COMMA:
		if (c == ',')
			p->part = PICTURE_BASE64;
		break;
	case PICTURE_BASE64:
		base64_char(p, c);
		break;
	case PICTURE_PADDING:
		more_padding(p, c);
		break;
	case PICTURE_SKIPPED:
		break;
	}
	p->at++;
}

static const unsigned char *pass_over(const unsigned char *from, const unsigned char *end)
{
	while (from < end && *from != '"' && *from != '\\')
		from++;
	return from;
}

const unsigned char *picture_run(struct picture *p, const unsigned char *from, const unsigned char *end)
{
	if (p->part == PICTURE_BASE64 && !p->group_len)
		return decode_groups(p, from, end);
	return p->part == PICTURE_SKIPPED ? pass_over(from, end) : from;
}

void picture_refuse_escape(struct picture *p)
{
	refuse(p, "an escape that JSON does not have, at %llu", (unsigned long long)p->at);
}

void picture_end(struct picture *p)
{
	if (p->part == PICTURE_HEAD)
		end_head(p);
	if (p->part == PICTURE_TO_COMMA)
		refuse(p, "a data: URL without a comma");
	if (p->group_len)
		refuse(p, "it ends in the middle of a group of four characters, at %llu", (unsigned long long)p->at);
	if (!p->failed->code)
		picture_flush(p);
	p->file->complete = !p->file->bad && !p->failed->code;
}
