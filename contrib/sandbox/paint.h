/* paint: one sample picture: a landscape, the prompt on it, thumbnails of the references, and a
 * banner that says what it is. */
#ifndef SANDBOX_PAINT_H
#define SANDBOX_PAINT_H

#include "pictures.h"

#include <stddef.h>
#include <stdint.h>

struct lettering;

struct scene {
    const char *prompt;
    const char *label;              /* "nano-banana · 16:9 · 1792 × 1024" */
    uint64_t seed;
    int width, height;
    const struct canvas *references;    /* one without pixels is shown as an empty frame */
    size_t reference_count;
};

/* The caller frees the canvas. */
struct canvas paint_scene(const struct scene *s, struct lettering *l);

#endif
