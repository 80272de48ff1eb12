#include "order.h"

#include "blob.h"
#include "fields.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUSINESS_ID_MAX 128

/* What one check looks at. */
struct reading {
    const struct world *w;
    const cJSON *json;
    struct order *o;
    struct problem *p;
};

static void set(struct problem *p, enum mistake m, const char *param, const char *format, va_list args)
{
    problem_free(p);
    p->status = 400;
    p->code = "invalid_request";
    p->mistake = m;
    p->param = param ? must_dup(param) : NULL;
    if (vasprintf(&p->message, format, args) < 0)
        abort();
}

bool problem_set(struct problem *p, const char *param, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(p, MISTAKE_VALUE, param, format, args);
    va_end(args);
    return false;
}

bool problem_of(struct problem *p, enum mistake m, const char *param, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(p, m, param, format, args);
    va_end(args);
    return false;
}

void problem_free(struct problem *p)
{
    free(p->param);
    free(p->message);
    *p = (struct problem){0};
}

struct reference *order_add_reference(struct order *o)
{
    o->references = reallocarray(o->references, o->reference_count + 1, sizeof *o->references);
    if (!o->references)
        abort();
    struct reference *added = &o->references[o->reference_count++];
    *added = (struct reference){0};
    return added;
}

static void reference_clear(struct reference *r)
{
    free(r->url);
    free(r->name);
    blob_unref(r->bytes);
}

void order_drop_bytes(struct order *o)
{
    for (size_t i = 0; i < o->reference_count; i++) {
        blob_unref(o->references[i].bytes);
        o->references[i].bytes = NULL;
    }
    if (o->mask) {
        blob_unref(o->mask->bytes);
        o->mask->bytes = NULL;
    }
}

void order_free(struct order *o)
{
    for (size_t i = 0; i < o->reference_count; i++)
        reference_clear(&o->references[i]);
    free(o->references);
    if (o->mask)
        reference_clear(o->mask);
    free(o->mask);
    free(o->model_name);
    free(o->prompt);
    free(o->ratio);
    free(o->resolution);
    free(o->business_id);
    *o = (struct order){0};
}

static const cJSON *member(const struct reading *r, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(r->json, name);
}

static bool read_model(struct reading *r)
{
    const cJSON *model = member(r, "model");
    if (!cJSON_IsString(model) || !model->valuestring[0])
        return problem_set(r->p, "model", "model is required and must be a string");
    r->o->model = model_find(model->valuestring);
    if (!r->o->model) {
        problem_set(r->p, "model", "model \"%s\" does not exist", model->valuestring);
        r->p->code = "model_not_found";
        return false;
    }
    r->o->model_name = must_dup(model->valuestring);
    return true;
}

static bool read_names(struct reading *r)
{
    static const char common[] = "model prompt size n image_urls metadata client_business_id callback_url";
    const cJSON *m;
    bool ids = strcmp(r->w->set.business_ids, "refuse") != 0;

    cJSON_ArrayForEach(m, r->json) {
        const struct field *f = field_find(r->o->model->top, m->string);
        bool known = f || (words_have(common, m->string) && (ids || strcmp(m->string, "client_business_id")));
        if (!known)
            return problem_set(r->p, m->string, "unknown field \"%s\"", m->string);
        if (f && !field_check(f, m, m->string, r->p))
            return false;
    }
    return true;
}

static bool read_callback(struct reading *r)
{
    if (!member(r, "callback_url"))
        return true;
    problem_set(r->p, "callback_url", "callback_url needs a default webhook configured for this token");
    r->p->code = "webhook_not_configured";
    return false;
}

static bool read_prompt(struct reading *r)
{
    const cJSON *prompt = member(r, "prompt");
    const struct model *m = r->o->model;
    if (!cJSON_IsString(prompt))
        return problem_set(r->p, "prompt", prompt ? "prompt must be a string" : "prompt is required");
    const char *text = prompt->valuestring;
    if (strspn(text, " \t\r\n") == strlen(text))
        return problem_set(r->p, "prompt", "prompt is empty");
    long length = utf8_count(text, strlen(text));
    if (length < 0)
        return problem_set(r->p, "prompt", "prompt is not valid text");
    if (m->prompt_characters && length > m->prompt_characters)
        return problem_set(r->p, "prompt", "prompt has %ld characters, %s takes %ld", length, m->id, m->prompt_characters);
    long tokens = (long)(strlen(text) + 3) / 4;
    if (m->prompt_tokens && tokens > m->prompt_tokens)
        return problem_set(r->p, "prompt", "prompt has about %ld tokens, %s takes %ld", tokens, m->id, m->prompt_tokens);
    r->o->prompt = must_dup(text);
    return true;
}

static bool read_size(struct reading *r)
{
    const cJSON *size = member(r, "size");
    int a, b;
    char x;
    if (!size)
        return true;
    if (!cJSON_IsString(size))
        return problem_set(r->p, "size", "size must be a string");
    if (sscanf(size->valuestring, "%d%c%d", &a, &x, &b) == 3 && (x == 'x' || x == 'X' || x == '*'))
        return problem_set(r->p, "size", "size \"%s\" is pixels, %s takes a ratio: %s", size->valuestring,
                           r->o->model->id, r->o->model->ratios);
    if (!words_have(r->o->model->ratios, size->valuestring))
        return problem_set(r->p, "size", "size \"%s\" is not supported by %s, use one of: %s", size->valuestring,
                           r->o->model->id, r->o->model->ratios);
    r->o->ratio = must_dup(size->valuestring);
    return true;
}

static bool read_n(struct reading *r)
{
    const cJSON *n = member(r, "n");
    char text[32];
    r->o->n = 1;
    if (!n)
        return true;
    if (!cJSON_IsNumber(n))
        return problem_set(r->p, "n", "n must be a number%s", cJSON_IsString(n) ? ", without quotes" : "");
    snprintf(text, sizeof text, "%g", n->valuedouble);
    if (!words_have(r->o->model->n, text))
        return problem_set(r->p, "n", "n %s is not supported by %s, use one of: %s", text, r->o->model->id, r->o->model->n);
    r->o->n = (int)n->valuedouble;
    return true;
}

/* What another field says too: an upload of this sandbox must exist and be of a kind that the model
 * takes; hosts elsewhere are the model's business. */
static bool read_reference(struct reading *r, const char *url, const char *where)
{
    struct reference *added;
    size_t base = strlen(r->w->result_base);
    if (!strncmp(url, "data:", 5) || (strlen(url) > 64 && !strstr(url, "://")))
        return problem_set(r->p, where, "base64 image data is no longer supported in image_urls: upload the image first and use its URL");
    if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
        return problem_set(r->p, where, "%s must be an http:// or https:// URL", where);
    added = order_add_reference(r->o);
    added->url = must_dup(url);
    if (strncmp(url, r->w->result_base, base) || strncmp(url + base, "/uploads/", 9))
        return true;
    const struct upload *u = upload_find(r->w, url + base);
    if (!u)
        return problem_set(r->p, where, "%s: this uploaded image does not exist or has expired", where);
    if (!words_have(r->o->model->reference_types, u->type))
        return problem_set(r->p, where, "%s is %s, %s takes: %s", where, u->type, r->o->model->id, r->o->model->reference_types);
    added->type = u->type;
    added->size = u->size;
    memcpy(added->sha256, u->sha256, sizeof added->sha256);
    return true;
}

static const char *reference_url(struct reading *r, const cJSON *item, const char *where)
{
    const char *form = r->w->set.image_urls;
    bool objects = r->o->model->objects && strcmp(form, "strings");
    bool strings = !r->o->model->objects || strcmp(form, "objects");
    const cJSON *url = cJSON_GetObjectItemCaseSensitive(item, "url");

    if (cJSON_IsString(item) && strings)
        return item->valuestring;
    if (cJSON_IsObject(item) && objects && cJSON_IsString(url) && cJSON_GetArraySize(item) == 1)
        return url->valuestring;
    problem_set(r->p, where, "%s must be %s", where, !objects ? "a URL string" : !strings ? "an object with url" : "a URL string or an object with url");
    return NULL;
}

static bool read_reference_list(struct reading *r, const char *name)
{
    const cJSON *list = member(r, name), *item;
    int count = cJSON_GetArraySize(list);
    if (!cJSON_IsArray(list))
        return problem_set(r->p, name, "%s must be an array", name);
    if (count > r->o->model->references)
        return problem_set(r->p, name, "%s has %d images, %s takes at most %d", name, count, r->o->model->id, r->o->model->references);
    cJSON_ArrayForEach(item, list) {
        char *where = must_print("%s[%zu]", name, r->o->reference_count);
        const char *url = reference_url(r, item, where);
        bool good = url && read_reference(r, url, where);
        free(where);
        if (!good)
            return false;
    }
    return true;
}

static bool read_references(struct reading *r)
{
    bool urls = member(r, "image_urls"), images = member(r, "reference_images");
    if (urls && images)
        return problem_set(r->p, "reference_images", "image_urls and reference_images are the same, give one");
    if (!urls && !images)
        return true;
    return read_reference_list(r, urls ? "image_urls" : "reference_images");
}

static bool check_search(struct reading *r, const cJSON *metadata)
{
    const cJSON *image = cJSON_GetObjectItemCaseSensitive(metadata, "google_image_search");
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(metadata, "google_search");
    if (cJSON_IsTrue(image) && !cJSON_IsTrue(text))
        return problem_set(r->p, "metadata.google_image_search", "google_image_search must be used together with google_search: true");
    return true;
}

static bool read_format(struct reading *r, const cJSON *metadata)
{
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(metadata, "imageOutputOptions");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(options, "mimeType");
    const cJSON *quality = cJSON_GetObjectItemCaseSensitive(options, "compressionQuality");
    const cJSON *format = member(r, "output_format");
    const cJSON *compression = member(r, "output_compression");
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(metadata, "response_format");
    const char *asked = type ? strchr(type->valuestring, '/') + 1 : format ? format->valuestring : response ? response->valuestring : "png";
    const char *forced = r->w->set.format;

    if (quality && strcmp(asked, "jpeg"))
        return problem_set(r->p, "metadata.imageOutputOptions.compressionQuality", "compressionQuality is for image/jpeg only");
    asked = strcmp(forced, "asked") ? forced : asked;
    r->o->format = !strncmp(asked, "jp", 2) ? "jpeg" : !strcmp(asked, "webp") ? "webp" : "png";
    r->o->quality = quality ? quality->valueint : compression ? compression->valueint : 85;
    return true;
}

static bool read_resolution(struct reading *r, const cJSON *metadata)
{
    const cJSON *top = member(r, "resolution");
    const cJSON *value = top ? top : cJSON_GetObjectItemCaseSensitive(metadata, "resolution");
    const struct model *m = r->o->model;
    if (value)
        r->o->resolution = must_dup(value->valuestring);
    if (value && !strcasecmp(value->valuestring, "4k") && m->wide_4k && !words_have(m->wide_4k, r->o->ratio ? r->o->ratio : "1:1"))
        return problem_set(r->p, "resolution", "%s makes 4k only for: %s", m->id, m->wide_4k);
    r->o->pixels = model_pixels(m, r->o->ratio, r->o->resolution);
    return true;
}

static bool read_metadata(struct reading *r)
{
    const cJSON *metadata = member(r, "metadata");
    const char *except = strcmp(r->w->set.business_ids, "refuse") ? "client_business_id" : NULL;
    if (metadata && !cJSON_IsObject(metadata))
        return problem_set(r->p, "metadata", "metadata must be an object");
    if (metadata && !fields_check(r->o->model->metadata, metadata, "metadata", except, r->p))
        return false;
    return check_search(r, metadata) && read_format(r, metadata) && read_resolution(r, metadata);
}

static bool read_business_id(struct reading *r)
{
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(member(r, "metadata"), "client_business_id");
    const cJSON *id = member(r, "client_business_id") ? member(r, "client_business_id") : inner;
    if (!id || strcmp(r->w->set.business_ids, "accept"))
        return true;
    if (!cJSON_IsString(id) || !id->valuestring[0] || strlen(id->valuestring) > BUSINESS_ID_MAX)
        return problem_set(r->p, "client_business_id", "client_business_id must be a string of 1 to %d bytes", BUSINESS_ID_MAX);
    if (!strncmp(id->valuestring, "task_", 5))
        return problem_set(r->p, "client_business_id", "client_business_id must not look like a task id");
    r->o->business_id = must_dup(id->valuestring);
    return true;
}

bool order_read(const struct world *w, const char *body, size_t size, const cJSON *json, struct order *o, struct problem *p)
{
    static bool (*const steps[])(struct reading *) = {
        read_model, read_names, read_callback, read_prompt, read_size, read_n,
        read_references, read_metadata, read_business_id,
    };
    struct reading r = {w, json, o, p};

    if (utf8_count(body, size) < 0)
        return problem_set(p, NULL, "the request body is not UTF-8");
    if (!cJSON_IsObject(json))
        return problem_set(p, NULL, "the request body is not a JSON object");
    if (!fields_unique(json, p))
        return false;
    o->wire = "task";
    o->price = w->set.price;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!steps[i](&r))
            return false;
    return true;
}
