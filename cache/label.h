/*
 * label: what a picture says of itself, in extended attributes, which go with it where programs keep them
 * (cp --preserve=xattr, rsync -X, tar --xattrs) and never change its bytes.
 *
 * freedesktop's names: https://www.freedesktop.org/wiki/CommonExtendedAttributes/
 */
#ifndef CACHE_LABEL_H
#define CACHE_LABEL_H

#include "base.h"

/* ext4 has 4 KiB for all attributes of a file together. */
enum { LABEL_PROMPT_MAX = 1024, LABEL_TEXT_MAX = 512, LABELS_MAX = 8 };

struct label {
	struct { const char *name; char *value; } entry[LABELS_MAX];
	size_t count;
};

/* Adds one; name is a literal, value is copied, cut to `max` bytes between two characters of UTF-8.  NULL and
 * "" add nothing. */
void label_add(struct label *l, const char *name, const char *value, size_t max);
/* Writes them, the first ones first, as far as the filesystem takes them: a picture without them is a
 * picture.  Durable with the next fsync of fd. */
void label_write(const struct label *l, int fd);
void label_release(struct label *l);

#endif
