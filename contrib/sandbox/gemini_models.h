/* gemini_models: what each model takes on the gemini wire, as data.
 *
 * The sandbox's own reading of ai.google.dev's and tokaify's pages, like models.h for the task wire. */
#ifndef SANDBOX_GEMINI_MODELS_H
#define SANDBOX_GEMINI_MODELS_H

#include "models.h"

#include <stdbool.h>
#include <stddef.h>

struct gemini_model {
    const char *id;
    const char *ratios;             /* separated by blanks */
    const char *sizes;              /* of imageConfig.imageSize; NULL: it takes none */
    enum pixel_table pixels;
    bool thinks;                    /* takes thinkingConfig, and signs its thoughts */
    const char *levels;             /* of thinkingLevel, in any case; NULL: it takes none */
    bool image_search;
    bool google_search;             /* on Google's own service; relays pass tools on */
    int references;
    long prompt_tokens;             /* 0 = not documented */
    int picture_tokens[4];          /* of 512, 1K, 2K, 4K */
};

/* NULL when there is none. */
const struct gemini_model *gemini_model_find(const char *id, size_t length);
/* The i-th model, NULL after the last. */
const struct gemini_model *gemini_model_at(size_t i);
/* `size` as in imageSize; NULL: the standard one. */
struct size gemini_pixels(const struct gemini_model *m, const char *ratio, const char *size);
int gemini_picture_tokens(const struct gemini_model *m, const char *size);
/* The ratio that is nearest to these pixels, by the model's own table. */
const char *gemini_nearest_ratio(const struct gemini_model *m, int width, int height, char *to, size_t room);

/* All that generateContent takes for pictures; what a model does not take of it is checked after. */
extern const struct field gemini_fields[];

#endif
