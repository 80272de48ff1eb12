#include "gemini_models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEN "1:1 3:2 2:3 3:4 4:3 4:5 5:4 9:16 16:9 21:9"
#define END {0}

#define FLASH25 \
    .ratios = TEN, .pixels = PIXELS_25, .references = 14, .picture_tokens = {1290, 1290, 1290, 1290}
#define FLASH31 \
    .ratios = TEN " 1:4 4:1 1:8 8:1", .sizes = "512 1K 2K 4K", .pixels = PIXELS_3X, .thinks = true, \
    .levels = "minimal high", .image_search = true, .google_search = true, .references = 14, \
    .picture_tokens = {747, 1120, 1680, 2520}
#define LITE31 \
    .ratios = TEN, .sizes = "1K", .pixels = PIXELS_3X, .thinks = true, .levels = "minimal high", .references = 14, \
    .picture_tokens = {1120, 1120, 1120, 1120}
/* Tokens of its larger pictures are not documented. */
#define FLASH21 \
    .ratios = TEN " 1:4 4:1 1:8 8:1", .sizes = "1K 2K 4K", .pixels = PIXELS_3X, .thinks = true, \
    .levels = "minimal medium high", .image_search = true, .google_search = true, .references = 14, \
    .picture_tokens = {1120, 1120, 1680, 2520}
/* It always thinks, and answers "Thinking level is not supported for this model" (BerriAI/litellm#17027). */
#define PRO3 \
    .ratios = TEN, .sizes = "1K 2K 4K", .pixels = PIXELS_3X, .thinks = true, .google_search = true, \
    .references = 14, .prompt_tokens = 65536, .picture_tokens = {1120, 1120, 1120, 2000}

static const struct gemini_model models[] = {
    {.id = "gemini-2.5-flash-image", FLASH25},
    {.id = "gemini-3.1-flash-image", FLASH31},
    {.id = "gemini-3.1-flash-image-preview", FLASH31},
    {.id = "gemini-3.1-flash-lite-image", LITE31},
    {.id = "gemini-nano-banana-2.1", FLASH21},
    {.id = "gemini-3-pro-image", PRO3},
    {.id = "gemini-3-pro-image-preview", PRO3},
};
#define MODELS (sizeof models / sizeof models[0])

#define HARM "HARM_CATEGORY_HATE_SPEECH HARM_CATEGORY_DANGEROUS_CONTENT HARM_CATEGORY_SEXUALLY_EXPLICIT HARM_CATEGORY_HARASSMENT"
#define THRESHOLDS "OFF BLOCK_NONE BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH"

static const struct field nothing[] = {END};
static const struct field inline_fields[] = {
    {.name = "mimeType", .kind = FIELD_TEXT, .required = true},
    {.name = "data", .kind = FIELD_TEXT, .required = true},
    END,
};
static const struct field file_fields[] = {
    {.name = "mimeType", .kind = FIELD_TEXT},
    {.name = "fileUri", .kind = FIELD_URL, .required = true},
    END,
};
static const struct field part_fields[] = {
    {.name = "text", .kind = FIELD_TEXT},
    {.name = "inlineData", .kind = FIELD_OBJECT, .fields = inline_fields},
    {.name = "fileData", .kind = FIELD_OBJECT, .fields = file_fields},
    {.name = "thought", .kind = FIELD_FLAG},
    {.name = "thoughtSignature", .kind = FIELD_TEXT},
    END,
};
static const struct field content_fields[] = {
    {.name = "role", .kind = FIELD_WORD, .words = "user model"},
    {.name = "parts", .kind = FIELD_LIST, .fields = part_fields, .required = true},
    END,
};
static const struct field text_part_fields[] = {{.name = "text", .kind = FIELD_TEXT, .required = true}, END};
static const struct field system_fields[] = {
    {.name = "role", .kind = FIELD_TEXT},
    {.name = "parts", .kind = FIELD_LIST, .fields = text_part_fields, .required = true},
    END,
};
static const struct field image_fields[] = {
    {.name = "aspectRatio", .kind = FIELD_TEXT},
    {.name = "imageSize", .kind = FIELD_TEXT},
    END,
};
static const struct field thinking_fields[] = {
    {.name = "thinkingLevel", .kind = FIELD_TEXT},
    {.name = "thinkingBudget", .kind = FIELD_INTEGER, .min = -1, .max = 65536},
    {.name = "includeThoughts", .kind = FIELD_FLAG},
    END,
};
static const struct field generation_fields[] = {
    {.name = "responseModalities", .kind = FIELD_WORDS, .words = "TEXT IMAGE"},
    {.name = "imageConfig", .kind = FIELD_OBJECT, .fields = image_fields},
    {.name = "thinkingConfig", .kind = FIELD_OBJECT, .fields = thinking_fields},
    {.name = "candidateCount", .kind = FIELD_INTEGER, .min = 1, .max = 10},
    {.name = "temperature", .kind = FIELD_NUMBER, .min = 0, .max = 2},
    {.name = "topP", .kind = FIELD_NUMBER, .min = 0, .max = 1},
    {.name = "topK", .kind = FIELD_INTEGER, .min = 1, .max = 2147483647},
    {.name = "maxOutputTokens", .kind = FIELD_INTEGER, .min = 1, .max = 2147483647},
    END,
};
static const struct field safety_fields[] = {
    {.name = "category", .kind = FIELD_WORD, .words = HARM, .required = true},
    {.name = "threshold", .kind = FIELD_WORD, .words = THRESHOLDS, .required = true},
    END,
};
static const struct field search_type_fields[] = {
    {.name = "webSearch", .kind = FIELD_OBJECT, .fields = nothing},
    {.name = "imageSearch", .kind = FIELD_OBJECT, .fields = nothing},
    END,
};
static const struct field search_fields[] = {
    {.name = "searchTypes", .kind = FIELD_OBJECT, .fields = search_type_fields},
    END,
};
static const struct field tool_fields[] = {
    {.name = "googleSearch", .kind = FIELD_OBJECT, .fields = search_fields, .required = true},
    END,
};
const struct field gemini_fields[] = {
    {.name = "contents", .kind = FIELD_LIST, .fields = content_fields, .required = true},
    {.name = "systemInstruction", .kind = FIELD_OBJECT, .fields = system_fields},
    {.name = "generationConfig", .kind = FIELD_OBJECT, .fields = generation_fields},
    {.name = "safetySettings", .kind = FIELD_LIST, .fields = safety_fields},
    {.name = "tools", .kind = FIELD_LIST, .fields = tool_fields},
    END,
};

const struct gemini_model *gemini_model_find(const char *id, size_t length)
{
    for (size_t i = 0; i < MODELS; i++)
        if (strlen(models[i].id) == length && !memcmp(models[i].id, id, length))
            return &models[i];
    return NULL;
}

const struct gemini_model *gemini_model_at(size_t i)
{
    return i < MODELS ? &models[i] : NULL;
}

/* "512" is half of "1K". */
static double scale_of(const char *size)
{
    return !size ? 1 : !strcmp(size, "512") ? 0.5 : strtod(size, NULL);
}

struct size gemini_pixels(const struct gemini_model *m, const char *ratio, const char *size)
{
    return pixels_of(m->pixels, ratio, scale_of(size));
}

int gemini_picture_tokens(const struct gemini_model *m, const char *size)
{
    double scale = scale_of(size);
    return m->picture_tokens[scale < 1 ? 0 : scale < 2 ? 1 : scale < 4 ? 2 : 3];
}

const char *gemini_nearest_ratio(const struct gemini_model *m, int width, int height, char *to, size_t room)
{
    double wanted = log((double)width / height), nearest = INFINITY;
    for (const char *p = m->ratios; *p; p += strcspn(p, " "), p += *p == ' ') {
        int a = atoi(p), b = atoi(p + strcspn(p, ":") + 1);
        double off = fabs(log((double)a / b) - wanted);
        if (off < nearest) {
            nearest = off;
            snprintf(to, room, "%.*s", (int)strcspn(p, " "), p);
        }
    }
    return to;
}
