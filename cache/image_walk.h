/*
 * image_walk: one pass over a picture file, as the files of the single formats share it.
 *
 * A format's walk reads the size and, when asked for, follows the structure to its end.  It sees the
 * file through a window that moves forward, so a picture of any size costs 64 KiB.
 */
#ifndef CACHE_IMAGE_WALK_H
#define CACHE_IMAGE_WALK_H

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "image.h"

enum { WALK_WINDOW = 64 * 1024 };

enum depth { TO_SIZE, TO_END };

/* One walk over a file.  Offsets go forward, so each byte is read about once. */
struct walk {
	int fd;
	enum depth depth;
	struct image_info *info;
	struct error *err;
	uint64_t file_size;
	uint64_t window_at;           /* offset of window[0] */
	size_t window_len;
	uint8_t *window;              /* WALK_WINDOW bytes */
};

typedef int walk_fn(struct walk *w);
walk_fn walk_png, walk_jpeg, walk_webp, walk_gif, walk_iso, walk_bmp;

/* Refuse the file with -EBADMSG and the sentence. */
int refuse_end(struct walk *w, const char *where);
int refuse(struct walk *w, const char *fmt, ...) PRINTF(2, 3);
/* Lends at least `want` bytes from offset `at`, fewer only where the file ends. */
int lend(struct walk *w, uint64_t at, size_t want, const uint8_t **p, size_t *len);
/* Lends `want` bytes, or refuses the file because it ends in the middle of `where`. */
int need(struct walk *w, uint64_t at, size_t want, const char *where, const uint8_t **p);
bool fits(const struct walk *w, uint64_t at, uint64_t len);
int set_size(struct walk *w, uint32_t width, uint32_t height);

static inline uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static inline uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | le16(p);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p + 2) << 16 | le16(p);
}

static inline bool has_tag(const uint8_t *p, const char *tag)
{
	return !memcmp(p, tag, 4);
}

#endif
