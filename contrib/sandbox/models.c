#include "models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEN "1:1 3:2 2:3 3:4 4:3 4:5 5:4 9:16 16:9 21:9"
#define PHOTOS "image/jpeg image/png image/webp"
#define END {0}

#define HARM "HARM_CATEGORY_HATE_SPEECH HARM_CATEGORY_DANGEROUS_CONTENT HARM_CATEGORY_SEXUALLY_EXPLICIT HARM_CATEGORY_HARASSMENT"
#define THRESHOLDS "OFF BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH"

static const struct field output_fields[] = {
    {.name = "mimeType", .kind = FIELD_WORD, .words = "image/png image/jpeg image/webp"},
    {.name = "compressionQuality", .kind = FIELD_INTEGER, .min = 0, .max = 100},
    END,
};
static const struct field safety_fields[] = {
    {.name = "category", .kind = FIELD_WORD, .words = HARM, .required = true},
    {.name = "threshold", .kind = FIELD_WORD, .words = THRESHOLDS, .required = true},
    END,
};
static const struct field thinking_fields[] = {
    {.name = "thinkingBudget", .kind = FIELD_INTEGER, .min = 0, .max = 24576},
    {.name = "thinkingLevel", .kind = FIELD_WORD, .words = "LOW MEDIUM HIGH MINIMAL"},
    END,
};

#define RESOLUTION(list) {.name = "resolution", .kind = FIELD_WORD, .words = list}
#define ORIENTATION {.name = "orientation", .kind = FIELD_WORD, .words = "landscape portrait"}
#define OFFICIAL \
    {.name = "temperature", .kind = FIELD_NUMBER, .min = 0, .max = 2}, \
    {.name = "topP", .kind = FIELD_NUMBER, .min = 0, .max = 1}, \
    {.name = "maxOutputTokens", .kind = FIELD_INTEGER, .min = 1, .max = 32768}, \
    {.name = "personGeneration", .kind = FIELD_WORD, .words = "ALLOW_ALL ALLOW_ADULT ALLOW_NONE"}, \
    {.name = "imageOutputOptions", .kind = FIELD_OBJECT, .fields = output_fields}, \
    {.name = "safetySettings", .kind = FIELD_LIST, .fields = safety_fields}
#define THINKING {.name = "thinkingConfig", .kind = FIELD_OBJECT, .fields = thinking_fields}

static const struct field nano_metadata[] = {RESOLUTION("1K"), ORIENTATION, END};
static const struct field flash31_metadata[] = {
    RESOLUTION("0.5K 1K 2K 4K"),
    {.name = "google_search", .kind = FIELD_FLAG},
    {.name = "google_image_search", .kind = FIELD_FLAG},
    END,
};
static const struct field pro_metadata[] = {RESOLUTION("1K 2K 4K"), ORIENTATION, END};
static const struct field official25_metadata[] = {OFFICIAL, END};
static const struct field official3_metadata[] = {OFFICIAL, RESOLUTION("1K 2K 4K"), THINKING, END};
static const struct field no_metadata[] = {END};

static const struct field gpt_top[] = {
    RESOLUTION("1k 2k 4k"),
    {.name = "quality", .kind = FIELD_WORD, .words = "low medium high"},
    {.name = "output_format", .kind = FIELD_WORD, .words = "png jpeg"},
    {.name = "output_compression", .kind = FIELD_INTEGER, .min = 0, .max = 100},
    {.name = "mask_url", .kind = FIELD_URL},
    {.name = "reference_images", .kind = FIELD_URLS},
    END,
};
static const struct field gpt4o_top[] = {{.name = "mask_url", .kind = FIELD_URL}, END};
static const struct field sequence_fields[] = {{.name = "max_images", .kind = FIELD_INTEGER, .min = 1, .max = 15}, END};
static const struct field optimize_fields[] = {{.name = "mode", .kind = FIELD_WORD, .words = "standard fast"}, END};

#define SEEDREAM(list) \
    RESOLUTION(list), \
    {.name = "sequential_image_generation", .kind = FIELD_WORD, .words = "auto disabled"}, \
    {.name = "sequential_image_generation_options", .kind = FIELD_OBJECT, .fields = sequence_fields}, \
    {.name = "watermark", .kind = FIELD_FLAG}, \
    {.name = "optimize_prompt_options", .kind = FIELD_OBJECT, .fields = optimize_fields}
static const struct field seedream40_metadata[] = {SEEDREAM("1K 2K 4K"), END};
static const struct field seedream45_metadata[] = {SEEDREAM("2K 4K"), END};
static const struct field seedream50_metadata[] = {SEEDREAM("2K 3K"), END};
static const struct field seedream50pro_metadata[] = {SEEDREAM("1K 2K"), {.name = "layer_decomposition", .kind = FIELD_FLAG}, END};
static const struct field flux_metadata[] = {RESOLUTION("1K 2K"), END};
static const struct field kontext_metadata[] = {
    {.name = "response_format", .kind = FIELD_WORD, .words = "png jpg"},
    {.name = "safety_tolerance", .kind = FIELD_INTEGER, .min = 0, .max = 6},
    {.name = "prompt_upsampling", .kind = FIELD_FLAG},
    END,
};

#define NINE "1:1 3:2 2:3 3:4 4:3 9:16 16:9 21:9 9:21"
#define SEVEN "1:1 16:9 9:16 4:3 3:4 3:2 2:3"
#define GPT_RATIOS TEN " 2:1 1:2 9:21"
#define UP_TO_TEN "1 2 3 4 5 6 7 8 9 10"
#define UP_TO_FIFTEEN UP_TO_TEN " 11 12 13 14 15"
#define GPT(name, more_4k) \
    {.id = name, .ratios = GPT_RATIOS, .pixels = PIXELS_AREA, .n = UP_TO_TEN, .references = 16, \
     .reference_types = PHOTOS, .prompt_characters = 32000, .top = gpt_top, .metadata = no_metadata, .wide_4k = more_4k}
#define DOUBAO(name, counts, fields) \
    {.id = name, .ratios = NINE, .pixels = PIXELS_AREA, .n = counts, .references = 10, \
     .reference_types = "image/jpeg image/png", .metadata = fields}
#define FLUX(name) \
    {.id = name, .ratios = SEVEN, .pixels = PIXELS_AREA, .n = "1", .references = 8, .reference_types = PHOTOS, \
     .metadata = flux_metadata}
#define KONTEXT(name) \
    {.id = name, .ratios = SEVEN " match_input_image", .pixels = PIXELS_AREA, .n = "1", .references = 1, \
     .reference_types = PHOTOS, .metadata = kontext_metadata}

static const struct model models[] = {
    {.id = "gemini-2.5-flash-image-preview", .aliases = "nano-banana", .ratios = "1:1 16:9 9:16 4:3 3:4 3:2 2:3",
     .pixels = PIXELS_NANO, .n = "1", .references = 14, .reference_types = PHOTOS, .objects = true,
     .prompt_characters = 1000, .metadata = nano_metadata},
    {.id = "gemini-2.5-flash-image-official", .aliases = "nano-banana-official", .ratios = TEN, .pixels = PIXELS_25,
     .n = "1", .references = 3, .reference_types = PHOTOS, .metadata = official25_metadata},
    {.id = "gemini-3.1-flash-image-preview", .ratios = TEN " 1:4 4:1 1:8 8:1", .pixels = PIXELS_3X, .n = "1 2 3 4",
     .references = 14, .reference_types = PHOTOS, .objects = true, .metadata = flash31_metadata},
    {.id = "gemini-3.1-flash-image-preview-official", .aliases = "nano-banana-2-official nano-banana-2-lite-official",
     .ratios = TEN " 4:1 8:1", .pixels = PIXELS_3X, .n = "1", .references = 14, .reference_types = PHOTOS,
     .metadata = official3_metadata},
    {.id = "gemini-3-pro-image-preview", .aliases = "nano-banana-pro", .ratios = TEN, .pixels = PIXELS_3X, .n = "1",
     .references = 14, .reference_types = PHOTOS, .objects = true, .prompt_tokens = 65536, .metadata = pro_metadata},
    {.id = "gemini-3-pro-image-preview-official", .aliases = "nano-banana-pro-official", .ratios = TEN,
     .pixels = PIXELS_3X, .n = "1", .references = 14, .reference_types = PHOTOS, .metadata = official3_metadata},
    GPT("gpt-image-2", NULL),
    GPT("gpt-image-2-vip", NULL),
    GPT("gpt-image-2-official", "16:9 9:16 2:1 1:2 21:9 9:21"),
    {.id = "gpt-4o-image", .ratios = "1:1 2:3 3:2", .pixels = PIXELS_AREA, .n = "1 2 4", .references = 5,
     .reference_types = PHOTOS, .prompt_characters = 32000, .top = gpt4o_top, .metadata = no_metadata},
    DOUBAO("doubao-seedream-4-0", UP_TO_FIFTEEN, seedream40_metadata),
    DOUBAO("doubao-seedream-4-5", UP_TO_FIFTEEN, seedream45_metadata),
    DOUBAO("doubao-seedream-5-0", UP_TO_FIFTEEN, seedream50_metadata),
    DOUBAO("doubao-seedream-5-0-pro", UP_TO_TEN, seedream50pro_metadata),
    FLUX("flux-2-pro"),
    FLUX("flux-2-flex"),
    KONTEXT("flux-kontext-pro"),
    KONTEXT("flux-kontext-max"),
};
#define MODELS (sizeof models / sizeof models[0])

struct ratio_size {
    const char *ratio;
    struct size size;
};

/* gemini-2.5-flash-image-preview as that page prints it. */
static const struct ratio_size nano_sizes[] = {
    {"1:1", {1024, 1024}}, {"16:9", {1792, 1024}}, {"9:16", {1024, 1792}}, {"4:3", {1365, 1024}},
    {"3:4", {1024, 1365}}, {"3:2", {1536, 1024}}, {"2:3", {1024, 1536}}, {NULL, {0, 0}},
};
static const struct ratio_size flash25_sizes[] = {
    {"1:1", {1024, 1024}}, {"2:3", {832, 1248}}, {"3:2", {1248, 832}}, {"3:4", {864, 1184}},
    {"4:3", {1184, 864}}, {"4:5", {896, 1152}}, {"5:4", {1152, 896}}, {"9:16", {768, 1344}},
    {"16:9", {1344, 768}}, {"21:9", {1536, 672}}, {NULL, {0, 0}},
};
/* At 1K.  The other resolutions are exactly half, twice and four times this. */
static const struct ratio_size gemini3_sizes[] = {
    {"1:1", {1024, 1024}}, {"2:3", {848, 1264}}, {"3:2", {1264, 848}}, {"3:4", {896, 1200}},
    {"4:3", {1200, 896}}, {"4:5", {928, 1152}}, {"5:4", {1152, 928}}, {"9:16", {768, 1376}},
    {"16:9", {1376, 768}}, {"21:9", {1584, 672}}, {"1:4", {512, 2048}}, {"4:1", {2048, 512}},
    {"1:8", {384, 3072}}, {"8:1", {3072, 384}}, {NULL, {0, 0}},
};

bool words_have(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = words; p && length && (p = strstr(p, word)); p += length)
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
            return !strchr(word, ' ');
    return false;
}

const struct model *model_find(const char *name)
{
    for (size_t i = 0; i < MODELS; i++)
        if (!strcmp(models[i].id, name) || words_have(models[i].aliases, name))
            return &models[i];
    return NULL;
}

const struct model *model_at(size_t i)
{
    return i < MODELS ? &models[i] : NULL;
}

static struct size look_up(const struct ratio_size *table, const char *ratio)
{
    while (table->ratio && strcmp(table->ratio, ratio))
        table++;
    return table->size;
}

/* "0.5K", "1K", "4k": how many times 1024. */
static double scale_of(const char *resolution)
{
    double scale = resolution ? strtod(resolution, NULL) : 0;
    return scale > 0 ? scale : 1;
}

/* Models without a printed table: an area of (1024 × scale)², sides in multiples of 16, and no
 * more than 8,294,400 pixels. */
static struct size by_area(const char *ratio, double scale)
{
    int a = 1, b = 1;
    if (sscanf(ratio, "%d:%d", &a, &b) != 2 || a < 1 || b < 1)
        a = b = 1;
    double area = fmin(1024.0 * 1024.0 * scale * scale, 8294400.0);
    double width = sqrt(area * a / b);
    struct size s = {(int)(width / 16) * 16, (int)(width * b / a / 16) * 16};
    return s;
}

struct size pixels_of(enum pixel_table table, const char *ratio, double scale)
{
    switch (table) {
    case PIXELS_NANO:
        return look_up(nano_sizes, ratio);
    case PIXELS_25:
        return look_up(flash25_sizes, ratio);
    case PIXELS_3X: {
        struct size s = look_up(gemini3_sizes, ratio);
        return (struct size){(int)(s.width * scale), (int)(s.height * scale)};
    }
    case PIXELS_AREA:
        break;
    }
    return by_area(ratio, scale);
}

struct size model_pixels(const struct model *m, const char *ratio, const char *resolution)
{
    return pixels_of(m->pixels, ratio ? ratio : "1:1", scale_of(resolution));
}
