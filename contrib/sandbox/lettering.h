/* lettering: text onto a canvas.
 *
 * FreeType with DejaVu Sans; code points that it lacks come from whatever other fonts are installed;
 * without any font, a built-in 5 × 7 one in capitals.  No shaping, left to right.  One struct belongs
 * to one thread. */
#ifndef SANDBOX_LETTERING_H
#define SANDBOX_LETTERING_H

#include <stddef.h>

struct canvas;
struct lettering;

/* `font` is a file, NULL for the usual places, "none" for the built-in one. */
struct lettering *lettering_new(const char *font);
void lettering_free(struct lettering *l);
/* Width in pixels of `size` bytes of UTF-8 at `px` pixels per em. */
int lettering_width(struct lettering *l, int px, const char *text, size_t size);
/* Draws in `colour` (0xRRGGBB), its left edge at x, its base line at y; clipped to the canvas. */
void lettering_draw(struct lettering *l, struct canvas *c, int x, int y, int px, unsigned colour, const char *text, size_t size);
/* Bytes of the code point at `text`, at least 1, at most `size`. */
size_t utf8_step(const char *text, size_t size);

#endif
