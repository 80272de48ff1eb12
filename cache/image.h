/*
 * image: what a picture file is, from its bytes alone.
 *
 * Suffixes and declared types are never believed.  Reads headers only, but image_verify() walks the
 * whole structure (PNG chunks with CRC to IEND, JPEG segments and scan to EOI, RIFF/WebP length and
 * chunks), so that a truncated download or an HTML page is noticed.  No pixel is decoded.
 * Thread-safe: no state.
 */
#ifndef CACHE_IMAGE_H
#define CACHE_IMAGE_H

#include "base.h"

enum image_type { IMAGE_NONE, IMAGE_PNG, IMAGE_JPEG, IMAGE_WEBP, IMAGE_GIF, IMAGE_HEIC, IMAGE_HEIF,
                  IMAGE_AVIF, IMAGE_BMP };

struct image_info {
	enum image_type type;
	unsigned width, height;       /* pixels, as stored (EXIF orientation not applied); 0 if unknown */
};

/* By the first bytes (64 are enough). */
enum image_type image_sniff(const void *bytes, size_t len);
const char *image_mime(enum image_type t);      /* image/png …; NULL for IMAGE_NONE */
const char *image_suffix(enum image_type t);    /* png, jpg, webp, gif, heic, heif, avif, bmp */
const char *image_name(enum image_type t);      /* PNG, JPEG, … for people */
/* Whether a file name has the suffix of a picture (any case; .jpeg and .jpg alike). */
bool image_suffix_known(const char *name);

/* Type and size of the picture in fd (pread, its offset does not move).  0; -EBADMSG if it is no
 * picture we know; other -errno from reading. */
int image_probe(int fd, struct image_info *out);
/* image_probe, and the structure is complete to its end.  -EBADMSG with a sentence in err
 * (`the file ends in the middle of a PNG chunk at byte 81920`, `this is an HTML page, no picture`).
 * PNG, JPEG, WebP and GIF are walked; for the others header and nonzero size must do.  Bytes behind
 * the end are fine.  Buffered: 64 KiB at a time, whatever the size. */
int image_verify(int fd, struct image_info *out, struct error *err);

#endif
