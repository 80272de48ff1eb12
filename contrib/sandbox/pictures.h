/* pictures: bytes of image files, and pixels.
 *
 * Any thread, no lock. */
#ifndef SANDBOX_PICTURES_H
#define SANDBOX_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

struct blob;

/* 8-bit RGB, rows without padding. */
struct canvas {
    int width, height;
    unsigned char *rgb;
};

/* "image/png", "image/jpeg", "image/webp", "image/gif" by the first bytes; NULL for anything else. */
const char *picture_type(const unsigned char *bytes, size_t size);
/* Are they of the type, which may be image/heic or image/heif too?  Those two are told apart by brand. */
bool picture_is(const unsigned char *bytes, size_t size, const char *type);
/* Pixels of a PNG, JPEG or WebP, from its head; false for anything else. */
bool picture_pixels(const unsigned char *bytes, size_t size, int *width, int *height);
/* Encodes as "png", "jpeg" or "webp" (quality 0 to 100, not for PNG).  NULL if the encoder refuses. */
struct blob *picture_encode(const struct canvas *c, const char *format, int quality);
/* Decodes PNG, JPEG or WebP of at most 64 million pixels; a canvas without pixels when it cannot. */
struct canvas picture_decode(const unsigned char *bytes, size_t size);

struct canvas canvas_new(int width, int height);
void canvas_free(struct canvas *c);

#endif
