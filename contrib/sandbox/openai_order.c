#include "openai_order.h"

#include "blob.h"
#include "fields.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END {0}
#define PROMPT_MAX 32000
#define FEW_SIZES "1024x1024 1536x1024 1024x1536 auto"

static const struct openai_model {
    const char *id;
    const char *sizes;      /* NULL: any that size_fits() */
    bool fidelity;          /* takes input_fidelity */
} models[] = {
    {"gpt-image-2", NULL, true},
    {"gpt-image-1.5", FEW_SIZES, true},
    {"gpt-image-1-mini", FEW_SIZES, false},
    {"gpt-image-1", FEW_SIZES, true},
};
#define MODELS (sizeof models / sizeof models[0])
#define MODEL_IDS "'gpt-image-2', 'gpt-image-1.5', 'gpt-image-1-mini', and 'gpt-image-1'"

#define COMMON \
    {.name = "model", .kind = FIELD_TEXT, .required = true}, \
    {.name = "prompt", .kind = FIELD_TEXT, .required = true}, \
    {.name = "n", .kind = FIELD_INTEGER, .min = 1, .max = 10}, \
    {.name = "size", .kind = FIELD_TEXT}, \
    {.name = "quality", .kind = FIELD_WORD, .words = "low medium high auto"}, \
    {.name = "background", .kind = FIELD_WORD, .words = "transparent opaque auto"}, \
    {.name = "output_format", .kind = FIELD_WORD, .words = "png jpeg webp"}, \
    {.name = "output_compression", .kind = FIELD_INTEGER, .min = 0, .max = 100}, \
    {.name = "moderation", .kind = FIELD_WORD, .words = "low auto"}, \
    {.name = "user", .kind = FIELD_TEXT}, \
    {.name = "stream", .kind = FIELD_FLAG}, \
    {.name = "partial_images", .kind = FIELD_INTEGER, .min = 0, .max = 3}

static const struct field generation_fields[] = {COMMON, END};
static const struct field edit_fields[] = {COMMON, {.name = "input_fidelity", .kind = FIELD_WORD, .words = "high low"}, END};

struct reading {
    const struct world *w;
    const cJSON *json;
    const struct openai_model *m;
    struct order *o;
    struct problem *p;
};

static const char *text_of(const struct reading *r, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->json, name));
}

static bool read_model(struct reading *r)
{
    const char *id = text_of(r, "model");
    for (size_t i = 0; i < MODELS; i++)
        if (!strcmp(models[i].id, id))
            r->m = &models[i];
    if (!r->m)
        return problem_set(r->p, "model", "Invalid value: '%s'. Supported values are: %s.", id, MODEL_IDS);
    r->o->model_name = must_dup(id);
    return r->m->fidelity || !text_of(r, "input_fidelity") ||
           problem_set(r->p, "input_fidelity", "input_fidelity is not supported by %s", id);
}

static bool read_prompt(struct reading *r)
{
    const char *text = text_of(r, "prompt");
    long length = utf8_count(text, strlen(text));
    r->o->prompt = must_dup(text);
    if (strspn(text, " \t\r\n") == strlen(text))
        return problem_set(r->p, "prompt", "Invalid 'prompt': it must not be empty.");
    if (length < 0)
        return problem_set(r->p, "prompt", "Invalid 'prompt': it is not UTF-8.");
    if (length <= PROMPT_MAX)
        return true;
    problem_set(r->p, "prompt", "Invalid 'prompt': string too long. Expected a string with maximum length %d, but got a string with length %ld instead.",
                PROMPT_MAX, length);
    r->p->code = "string_above_max_length";
    return false;
}

/* gpt-image-2 takes any size of this kind; NULL, or what is wrong with it. */
static const char *size_trouble(int width, int height)
{
    int longer = width > height ? width : height, shorter = width > height ? height : width;
    if (width % 16 || height % 16)
        return "both edges must be multiples of 16";
    if (longer > 3 * shorter)
        return "the ratio must be between 1:3 and 3:1";
    if (longer > 3840)
        return "the longer edge must be at most 3840";
    long pixels = (long)width * height;
    return pixels < 655360 || pixels > 8294400 ? "there must be 655,360 to 8,294,400 pixels" : NULL;
}

static bool read_size(struct reading *r)
{
    const char *size = text_of(r, "size") ? text_of(r, "size") : "auto", *trouble = NULL;
    int width = 0, height = 0, end = 0;

    r->o->pixels = (struct size){1024, 1024};
    if (r->m->sizes && !words_have(r->m->sizes, size))
        return problem_set(r->p, "size", "Invalid value: '%s'. Supported values are: %s.", size, r->m->sizes);
    if (!strcmp(size, "auto"))
        return true;
    if (sscanf(size, "%4dx%4d%n", &width, &height, &end) != 2 || size[end] || width < 1 || height < 1)
        trouble = "it must be WIDTHxHEIGHT or auto";
    else if (!r->m->sizes)
        trouble = size_trouble(width, height);
    r->o->pixels = (struct size){width, height};
    return !trouble || problem_set(r->p, "size", "Invalid size '%s': %s.", size, trouble);
}

static bool read_output(struct reading *r)
{
    const char *format = text_of(r, "output_format") ? text_of(r, "output_format") : "png", *background = text_of(r, "background");
    const cJSON *compression = cJSON_GetObjectItemCaseSensitive(r->json, "output_compression");

    if (compression && !strcmp(format, "png"))
        return problem_set(r->p, "output_compression", "output_compression is only for the output formats jpeg and webp");
    if (background && !strcmp(background, "transparent") && !strcmp(format, "jpeg"))
        return problem_set(r->p, "background", "A transparent background needs the output format png or webp");
    r->o->format = !strcmp(r->w->set.format, "asked") ? format : r->w->set.format;
    r->o->format = !strcmp(r->o->format, "png") ? "png" : !strcmp(r->o->format, "jpeg") ? "jpeg" : "webp";
    r->o->quality = compression ? compression->valueint : 100;
    return true;
}

static bool read_stream(struct reading *r)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(r->json, "n"), *partial = cJSON_GetObjectItemCaseSensitive(r->json, "partial_images");
    r->o->n = n ? n->valueint : 1;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->json, "stream")))
        return problem_set(r->p, "stream", "This sandbox does not stream");
    return !partial || !partial->valueint || problem_set(r->p, "partial_images", "partial_images needs stream");
}

bool openai_order_read(const struct world *w, enum openai_call call, const cJSON *json, struct order *o, struct problem *p)
{
    static bool (*const steps[])(struct reading *) = {read_model, read_prompt, read_size, read_output, read_stream};
    struct reading r = {.w = w, .json = json, .o = o, .p = p};

    if (!cJSON_IsObject(json))
        return problem_set(p, NULL, "The request body is not a JSON object.");
    if (!fields_unique(json, p) || !fields_check(call == OPENAI_EDIT ? edit_fields : generation_fields, json, NULL, NULL, p))
        return false;
    o->wire = "openai";
    o->price = w->set.price;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!steps[i](&r))
            return false;
    return true;
}

const char *openai_model_at(size_t i)
{
    return i < MODELS ? models[i].id : NULL;
}
