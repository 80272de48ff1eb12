/*
 * spill_reference: what a spill should have made of a reply, found the naive way.
 *
 * The whole reply is parsed by cJSON, and both trees are walked side by side: where the reply has the
 * text of a listed member, the skeleton must have the next number, and that number's file what a decoder
 * that sees the whole text makes of it.  Everything else must be equal.
 *
 * cJSON's texts end at a NUL: replies with NUL or \u0000 are not for this.
 */
#ifndef TESTS_SPILL_REFERENCE_H
#define TESTS_SPILL_REFERENCE_H

#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "spill.h"

struct reference {
	const char *const *members;
	struct spill *spill;
	size_t next;
	const char *differs;          /* the first difference, in words; NULL = none */
};

static int reference_digit(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = strchr(alphabet, c == '-' ? '+' : c == '_' ? '/' : c);

	return c && found ? (int)(found - alphabet) : -1;
}

/* false: it is no base64. */
static bool reference_decode(const char *text, struct buf *out)
{
	size_t len = strlen(text), padding = 0;

	if (len % 4)
		return false;
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	uint32_t bits = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = i < len - padding ? reference_digit(text[i]) : 0;
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 3) {
			buf_chr(out, (char)(bits >> 16));
			buf_chr(out, (char)(bits >> 8));
			buf_chr(out, (char)bits);
		}
	}
	out->len -= padding;
	return true;
}

static bool reference_file_holds(int fd, const struct buf *expected)
{
	size_t len = expected->len;
	cleanup_free char *got = xmalloc(len + 1);

	return pread(fd, got, len + 1, 0) == (ssize_t)len && (!len || !memcmp(got, expected->data, len));
}

static bool reference_is_taken(const struct reference *r, const cJSON *item)
{
	if (!cJSON_IsString(item) || !item->string)
		return false;
	for (const char *const *m = r->members; *m; m++) {
		cleanup_free char *name = xstrdup(*m);
		bool as_url = str_ends_with(name, ":data");
		if (as_url)
			name[strlen(name) - strlen(":data")] = '\0';
		if (!strcmp(item->string, name))
			return !as_url || str_starts_with(item->valuestring, "data:");
	}
	return false;
}

static const char *reference_file(struct reference *r, const char *text, const cJSON *number)
{
	cleanup_buf struct buf expected = BUF_INIT;
	const struct spill_file *f = spill_file(r->spill, r->next);
	bool url = str_starts_with(text, "data:");
	const char *comma = url ? strchr(text, ',') : NULL;

	if (!f || !cJSON_IsNumber(number) || number->valuedouble != (double)r->next)
		return "the skeleton does not have the next number for a picture";
	r->next++;
	bool good = (!url || comma) && reference_decode(comma ? comma + 1 : text, &expected);
	if (good != f->complete || good == (f->bad != NULL))
		return good ? "a good picture is not complete" : "a bad picture is complete";
	if (good && (f->bytes != expected.len || !reference_file_holds(f->fd, &expected)))
		return "a file holds something else";
	return NULL;
}

static const char *reference_values(const cJSON *whole, const cJSON *left)
{
	if ((whole->type & 0xff) != (left->type & 0xff))
		return "a value has become one of another type";
	if (cJSON_IsString(whole) && strcmp(whole->valuestring, left->valuestring))
		return "a text differs";
	/* Infinity is a number, too. */
	if (cJSON_IsNumber(whole) && memcmp(&whole->valuedouble, &left->valuedouble, sizeof(double)))
		return "a number differs";
	return NULL;
}

/* Both lists of siblings. */
static void reference_walk(struct reference *r, const cJSON *whole, const cJSON *left)
{
	for (; whole && left && !r->differs; whole = whole->next, left = left->next) {
		if (!whole->string != !left->string || (whole->string && strcmp(whole->string, left->string)))
			r->differs = "a member's name differs";
		else if (reference_is_taken(r, whole))
			r->differs = reference_file(r, whole->valuestring, left);
		else
			r->differs = reference_values(whole, left);
		if (!r->differs)
			reference_walk(r, whole->child, left->child);
	}
	if (!r->differs && (whole || left))
		r->differs = "the skeleton has more or fewer values";
}

/* What is wrong with the spill that has read this reply to its end; NULL if nothing. */
static const char *reference_compare(struct spill *s, const char *const *members, const cJSON *whole)
{
	const struct buf *b = spill_skeleton(s);
	struct reference r = { .members = members, .spill = s };
	cJSON *left = cJSON_ParseWithLength(b->data, b->len);

	if (!left)
		return "the skeleton is no JSON";
	reference_walk(&r, whole, left);
	cJSON_Delete(left);
	return r.differs;
}

#endif
