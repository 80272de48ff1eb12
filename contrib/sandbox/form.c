#include "form.h"

#include "blob.h"
#include "fields.h"
#include "http.h"
#include "multipart.h"
#include "order.h"
#include "pictures.h"

#include <stdlib.h>
#include <string.h>

#define PICTURE_MAX 50000000u
#define MASK_MAX 4000000u
#define PICTURES_MAX 16u

struct filling {
    struct request *r;
    const char *numbers, *flags;
};

static cJSON *value_of(const struct filling *f, const char *name, const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (words_have(f->numbers, name) && end > text && !*end)
        return cJSON_CreateNumber(number);
    if (words_have(f->flags, name) && (!strcmp(text, "true") || !strcmp(text, "false")))
        return cJSON_CreateBool(!strcmp(text, "true"));
    return cJSON_CreateString(text);
}

static bool add_field(const struct part *part, void *arg)
{
    struct filling *f = arg;
    if (part->filename[0])
        return true;
    char *text = must_print("%.*s", (int)part->size, (const char *)part->data);
    cJSON_AddItemToObject(f->r->json, part->name, value_of(f, part->name, text));
    free(text);
    return true;
}

void form_fields(struct request *r, const char *numbers, const char *flags)
{
    struct filling f = {r, numbers, flags};
    r->json = cJSON_CreateObject();
    if (r->body && multipart_each(request_header(r, "Content-Type"), r->body, r->size, add_field, &f) > 0)
        return;
    cJSON_Delete(r->json);
    r->json = NULL;
}

struct taking {
    enum form_rules rules;
    struct order *o;
    struct problem *p;
    bool single, good;      /* a part called image, without [], was there */
};

static bool refuse(struct taking *t, const char *code, const char *param, const char *message)
{
    problem_set(t->p, param, "%s", message);
    t->p->code = code;
    t->good = false;
    return false;
}

static bool check_picture(struct taking *t, const struct part *part, const char *param, const char *type)
{
    if (t->rules == FORM_LENIENT)
        return type || refuse(t, "invalid_image_file", param, "failed to load the image");
    if (!words_have("image/png image/webp image/jpeg", part->type))
        return refuse(t, "unsupported_file_mimetype", param, "Invalid file: unsupported mimetype. Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'.");
    if (!type || strcmp(type, part->type))
        return refuse(t, "invalid_image_file", param, "Invalid image file: its bytes are not what its mimetype says.");
    if (part->size >= PICTURE_MAX)
        return refuse(t, "image_too_large", param, "Invalid image file: it must be less than 50MB.");
    return true;
}

static void keep(struct reference *to, const struct part *part, const char *type)
{
    *to = (struct reference){.name = must_dup(part->filename), .type = type, .size = part->size,
                             .bytes = blob_copy(part->data, part->size)};
    sha256_hex(part->data, part->size, to->sha256);
}

static bool take_picture(struct taking *t, const struct part *part, bool list)
{
    const char *type = picture_type(part->data, part->size);
    bool again = list ? t->single : t->o->reference_count > 0;

    if (t->rules == FORM_STRICT && again)
        return refuse(t, "duplicate_parameter", "image", "Duplicate parameter: 'image'. To provide a list, use the array syntax 'image[]=<value>'.");
    if (!check_picture(t, part, "image", type))
        return false;
    if (t->o->reference_count == PICTURES_MAX)
        return refuse(t, "array_above_max_length", "image", "Invalid 'image': array too long. Expected an array with maximum length 16.");
    t->single = t->single || !list;
    keep(order_add_reference(t->o), part, type);
    return true;
}

static bool take_mask(struct taking *t, const struct part *part)
{
    const char *type = picture_type(part->data, part->size);
    if (t->o->mask)
        return refuse(t, "duplicate_parameter", "mask", "Duplicate parameter: 'mask'.");
    if (!check_picture(t, part, "mask", type))
        return false;
    if (t->rules == FORM_STRICT && (strcmp(type, "image/png") || part->size >= MASK_MAX))
        return refuse(t, "invalid_image_file", "mask", "Invalid mask: it must be a PNG of less than 4MB.");
    t->o->mask = must_alloc(sizeof *t->o->mask);
    keep(t->o->mask, part, type);
    return true;
}

static bool take(const struct part *part, void *arg)
{
    struct taking *t = arg;
    if (!part->filename[0])
        return true;
    if (!strcmp(part->name, "image") || !strcmp(part->name, "image[]"))
        return take_picture(t, part, part->name[5] != 0);
    if (!strcmp(part->name, "mask"))
        return take_mask(t, part);
    if (t->rules == FORM_LENIENT)
        return true;
    t->good = problem_of(t->p, MISTAKE_UNKNOWN, part->name, "unknown field \"%s\"", part->name);
    return false;
}

static bool same_pixels(const struct reference *a, const struct reference *b)
{
    int size[4] = {0};
    return picture_pixels(a->bytes->data, a->bytes->size, &size[0], &size[1]) &&
           picture_pixels(b->bytes->data, b->bytes->size, &size[2], &size[3]) && size[0] == size[2] && size[1] == size[3];
}

bool form_pictures(struct request *r, enum form_rules rules, struct order *o, struct problem *p)
{
    struct taking t = {.rules = rules, .o = o, .p = p, .good = true};
    multipart_each(request_header(r, "Content-Type"), r->body, r->size, take, &t);
    if (!t.good)
        return false;
    if (!o->reference_count)
        return problem_of(p, MISTAKE_MISSING, "image", "Missing required parameter: 'image'.");
    if (rules == FORM_STRICT && o->mask && !same_pixels(&o->references[0], o->mask))
        return refuse(&t, "invalid_image_file", "mask", "Invalid mask: its size does not match that of the first image.");
    return true;
}
