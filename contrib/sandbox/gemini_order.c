#include "gemini_order.h"

#include "blob.h"
#include "encoding.h"
#include "fields.h"
#include "pictures.h"
#include "world.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GOOGLE_OUTPUT_TOKENS 32768
#define INPUTS "image/png image/jpeg image/webp image/heic image/heif"

static const char *const inputs[] = {"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"};

struct reading {
    const struct world *w;
    const struct gemini_model *m;
    enum gemini_service service;
    const cJSON *json, *config, *image, *thinking;
    struct order *o;
    struct problem *p;
};

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* inline_data and inlineData are one name. */
static void camel_keys(cJSON *json)
{
    cJSON *child;
    cJSON_ArrayForEach(child, json) {
        char *to = child->string;
        for (const char *p = child->string; p && *p; p++) {
            bool joint = *p == '_' && p > child->string && islower((unsigned char)p[1]);
            *to++ = (char)(joint ? toupper((unsigned char)*++p) : *p);
        }
        if (to)
            *to = 0;
        camel_keys(child);
    }
}

static const cJSON *last(const cJSON *list)
{
    return cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
}

char *gemini_prompt(const cJSON *json)
{
    const cJSON *part;
    char *prompt = NULL;
    cJSON_ArrayForEach(part, member(last(member(json, "contents")), "parts")) {
        const cJSON *text = member(part, "text");
        if (!cJSON_IsString(text))
            continue;
        char *longer = prompt ? must_print("%s\n%s", prompt, text->valuestring) : must_dup(text->valuestring);
        free(prompt);
        prompt = longer;
    }
    return prompt;
}

static bool read_prompt(struct reading *r)
{
    const cJSON *contents = member(r->json, "contents"), *role = member(last(contents), "role");
    char *text = gemini_prompt(r->json);

    r->o->prompt = text;
    if (!contents->child)
        return problem_of(r->p, MISTAKE_MISSING, "contents", "contents is not specified");
    if (role && strcmp(role->valuestring, "user"))
        return problem_set(r->p, "contents", "the last turn must have the role \"user\"");
    if (!text || strspn(text, " \t\r\n") == strlen(text))
        return problem_of(r->p, MISTAKE_MISSING, "contents", "contents needs a part with text");
    long tokens = (long)(strlen(text) + 3) / 4;
    if (r->m->prompt_tokens && tokens > r->m->prompt_tokens)
        return problem_set(r->p, "contents", "the input has about %ld tokens, %s takes %ld", tokens, r->m->id, r->m->prompt_tokens);
    return true;
}

/* A text that stays, or NULL. */
static const char *input_type(const char *declared)
{
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        if (!strcmp(inputs[i], declared))
            return inputs[i];
    return NULL;
}

/* The declared type must be what the bytes are. */
static bool read_inline(struct reading *r, const cJSON *data, const char *where)
{
    const char *type = member(data, "mimeType")->valuestring;
    struct blob *bytes = base64_decode(member(data, "data")->valuestring);
    char *at = must_print("%s.%s", where, bytes ? "inlineData.mimeType" : "inlineData.data");
    bool good = false;

    if (!bytes) {
        problem_set(r->p, at, "%s is not valid base64 (no line breaks, padded)", at);
    } else if (!input_type(type)) {
        problem_set(r->p, at, "Unsupported MIME type: %s, use one of: %s", type, INPUTS);
    } else if (!picture_is(bytes->data, bytes->size, type)) {
        problem_set(r->p, at, "Provided image is not valid: it is declared as %s, its bytes are not", type);
    } else {
        struct reference *added = order_add_reference(r->o);
        added->type = input_type(type);
        added->size = bytes->size;
        sha256_hex(bytes->data, bytes->size, added->sha256);
        added->bytes = blob_ref(bytes);
        good = true;
    }
    blob_unref(bytes);
    free(at);
    return good;
}

/* What lies elsewhere, at Google; the relay's page has inline data only. */
static bool read_file(struct reading *r, const cJSON *file, const char *where)
{
    const cJSON *type = member(file, "mimeType");

    if (r->service == GEMINI_RELAY)
        return problem_set(r->p, where, "%s: file_data is not supported, use inline_data", where);
    if (type && !input_type(type->valuestring))
        return problem_set(r->p, where, "Unsupported MIME type: %s, use one of: %s", type->valuestring, INPUTS);
    order_add_reference(r->o)->url = must_dup(member(file, "fileUri")->valuestring);
    return true;
}

static bool read_part(struct reading *r, const cJSON *part, const char *role, const char *where)
{
    const cJSON *data = member(part, "inlineData"), *file = member(part, "fileData"), *text = member(part, "text");
    bool model = !strcmp(role, "model");

    if (!!data + !!file + !!text != 1)
        return problem_set(r->p, where, "%s must have one of text, inlineData and fileData", where);
    if (!model && (member(part, "thought") || member(part, "thoughtSignature")))
        return problem_set(r->p, where, "%s: only a model's part has thoughts", where);
    if (model && data && r->m->thinks && !member(part, "thoughtSignature"))
        return problem_set(r->p, where, "Image part is missing a thought_signature in %s", where);
    if (file)
        return read_file(r, file, where);
    return !data || read_inline(r, data, where);
}

static bool read_contents(struct reading *r)
{
    const cJSON *content, *part;
    int i = 0, k;
    cJSON_ArrayForEach(content, member(r->json, "contents")) {
        const cJSON *role = member(content, "role");
        k = 0;
        if (!member(content, "parts")->child)
            return problem_of(r->p, MISTAKE_MISSING, "contents", "contents[%d].parts must not be empty", i);
        cJSON_ArrayForEach(part, member(content, "parts")) {
            char *where = must_print("contents[%d].parts[%d]", i, k++);
            bool good = read_part(r, part, role ? role->valuestring : "user", where);
            free(where);
            if (!good)
                return false;
        }
        i++;
    }
    if (r->o->reference_count > (size_t)r->m->references)
        return problem_set(r->p, "contents", "contents has %zu images, %s takes at most %d", r->o->reference_count, r->m->id, r->m->references);
    return true;
}

/* Without a ratio: as the first picture sent along, at Google; the relay's page says 1:1. */
static const char *own_ratio(struct reading *r, char *to, size_t room)
{
    const struct blob *first = r->o->reference_count ? r->o->references[0].bytes : NULL;
    int width = 0, height = 0;
    if (r->service == GEMINI_GOOGLE && first && picture_pixels(first->data, first->size, &width, &height))
        return gemini_nearest_ratio(r->m, width, height, to, room);
    return "1:1";
}

static bool read_size(struct reading *r)
{
    const cJSON *ratio = member(r->image, "aspectRatio"), *size = member(r->image, "imageSize");
    char nearest[8];

    if (ratio && !words_have(r->m->ratios, ratio->valuestring))
        return problem_set(r->p, "generationConfig.imageConfig.aspectRatio", "aspect_ratio \"%s\" is not supported by %s, use one of: %s",
                           ratio->valuestring, r->m->id, r->m->ratios);
    if (size && !r->m->sizes)
        return problem_set(r->p, "generationConfig.imageConfig.imageSize", "image_size is not supported by %s", r->m->id);
    if (size && !words_have(r->m->sizes, size->valuestring))
        return problem_set(r->p, "generationConfig.imageConfig.imageSize", "image_size \"%s\" is not supported by %s, use one of: %s",
                           size->valuestring, r->m->id, r->m->sizes);
    r->o->ratio = must_dup(ratio ? ratio->valuestring : own_ratio(r, nearest, sizeof nearest));
    r->o->resolution = size ? must_dup(size->valuestring) : NULL;
    r->o->pixels = gemini_pixels(r->m, r->o->ratio, r->o->resolution);
    return true;
}

static bool read_thinking(struct reading *r)
{
    static const char where[] = "generationConfig.thinkingConfig";
    const cJSON *level = member(r->thinking, "thinkingLevel");

    if (r->thinking && !r->m->thinks)
        return problem_set(r->p, where, "Thinking is not supported by %s", r->m->id);
    if (member(r->thinking, "thinkingBudget"))
        return problem_set(r->p, "generationConfig.thinkingConfig.thinkingBudget", "Thinking budget is not supported by %s", r->m->id);
    if (!level)
        return true;
    char *low = must_dup(level->valuestring);
    for (char *p = low; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    bool good = r->m->levels && words_have(r->m->levels, low);
    free(low);
    return good || problem_set(r->p, "generationConfig.thinkingConfig.thinkingLevel", "Thinking level %s is not supported by %s%s%s", level->valuestring,
                               r->m->id, r->m->levels ? ", use one of: " : "", r->m->levels ? r->m->levels : "");
}

static bool read_tools(struct reading *r)
{
    const cJSON *tools = member(r->json, "tools"), *tool;
    bool allowed = r->m->google_search || r->service == GEMINI_RELAY;

    if (cJSON_GetArraySize(tools) && !allowed)
        return problem_set(r->p, "tools", "Search Grounding is not enabled for %s", r->m->id);
    if (cJSON_GetArraySize(tools) > 1)
        return problem_set(r->p, "tools", "google_search is given twice");
    cJSON_ArrayForEach(tool, tools) {
        const cJSON *types = member(member(tool, "googleSearch"), "searchTypes");
        if (!member(types, "imageSearch"))
            continue;
        if (!r->m->image_search)
            return problem_set(r->p, "tools[0].googleSearch.searchTypes.imageSearch", "image_search is not supported by %s", r->m->id);
        if (!member(types, "webSearch"))
            return problem_set(r->p, "tools[0].googleSearch.searchTypes", "image_search must be used together with web_search");
    }
    return true;
}

static bool read_counts(struct reading *r)
{
    const cJSON *count = member(r->config, "candidateCount"), *tokens = member(r->config, "maxOutputTokens");
    const cJSON *modalities = member(r->config, "responseModalities"), *word;
    bool image = !modalities;

    r->o->n = count ? count->valueint : 1;
    if (r->o->n != 1 && r->service == GEMINI_GOOGLE)
        return problem_set(r->p, "generationConfig.candidateCount", "Multiple candidates is not enabled for this model");
    if (tokens && tokens->valuedouble > GOOGLE_OUTPUT_TOKENS && r->service == GEMINI_GOOGLE)
        return problem_set(r->p, "generationConfig.maxOutputTokens", "max_output_tokens must be between 1 and %d", GOOGLE_OUTPUT_TOKENS);
    cJSON_ArrayForEach(word, modalities)
        image = image || !strcmp(word->valuestring, "IMAGE");
    return image || problem_set(r->p, "generationConfig.responseModalities", "response_modalities must have IMAGE for %s", r->m->id);
}

static bool read_safety(struct reading *r)
{
    const cJSON *one, *other;
    cJSON_ArrayForEach(one, member(r->json, "safetySettings"))
        for (other = one->next; other; other = other->next)
            if (!strcmp(member(one, "category")->valuestring, member(other, "category")->valuestring))
                return problem_set(r->p, "safetySettings", "%s is given twice", member(one, "category")->valuestring);
    return true;
}

bool gemini_order_read(const struct world *w, const struct gemini_model *m, enum gemini_service service, cJSON *json,
                       struct order *o, struct problem *p)
{
    static bool (*const steps[])(struct reading *) = {
        read_prompt, read_contents, read_counts, read_size, read_thinking, read_tools, read_safety,
    };
    struct reading r = {.w = w, .m = m, .service = service, .json = json, .o = o, .p = p};

    if (!cJSON_IsObject(json))
        return problem_set(p, NULL, "Invalid JSON payload received. The request body is not a JSON object.");
    camel_keys(json);
    if (!fields_unique(json, p) || !fields_check(gemini_fields, json, NULL, NULL, p))
        return false;
    r.config = member(json, "generationConfig");
    r.image = member(r.config, "imageConfig");
    r.thinking = member(r.config, "thinkingConfig");
    *o = (struct order){.wire = "gemini", .model_name = must_dup(m->id), .quality = 85, .price = w->set.price,
                        .drafts = (int)w->set.drafts};
    o->format = !strcmp(w->set.format, "asked") ? "png" : w->set.format;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!steps[i](&r))
            return false;
    return true;
}
