#include "engine_wire.h"

#include "blob.h"
#include "fields.h"
#include "form.h"
#include "http.h"
#include "openai_reply.h"
#include "order.h"
#include "sync.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BASE "/engine/v1"
#define PIXELS_MAX (4096L * 1024)
#define NUMBERS "n seed output_compression num_inference_steps guidance_scale"

/* How each engine differs, by its name in the setting. */
static const struct engine {
    const char *name;
    int size;               /* the side of a picture without `size` */
    int n_max;
    bool clamps;            /* n out of range becomes the nearest, a size that is none the standard one */
    bool links;             /* answers with URLs unless asked for b64_json */
    bool edits;
    bool jpeg;              /* makes JPEG when output_format says so */
} engines[] = {
    {"sd-server", 512, 8, .clamps = true, .edits = true, .jpeg = true},
    {"localai", 512, 10, .links = true},
    {"vllm", 1024, 10, .edits = true},
};

static const struct engine *engine_of(const struct world *w)
{
    size_t i = 0;
    while (strcmp(engines[i].name, w->set.engine))
        i++;
    return &engines[i];
}

static bool is(const struct request *r, const char *engine)
{
    return !strcmp(r->w->set.engine, engine);
}

/* {"detail":[{"type","loc","msg"}]}, FastAPI's way to name a field. */
static void error_of_field(struct request *r, const struct problem *p)
{
    cJSON *json = cJSON_CreateObject(), *one = cJSON_CreateObject(), *loc;
    cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "detail"), one);
    cJSON_AddStringToObject(one, "type", p->mistake == MISTAKE_MISSING ? "missing" : "value_error");
    loc = cJSON_AddArrayToObject(one, "loc");
    cJSON_AddItemToArray(loc, cJSON_CreateString("body"));
    cJSON_AddItemToArray(loc, cJSON_CreateString(p->param));
    cJSON_AddStringToObject(one, "msg", p->mistake == MISTAKE_MISSING ? "Field required" : p->message);
    answer_json(&r->answer, 422, json);
}

/* {"error":"…"}, {"error":{"code","message","type"}} or {"detail":"…"}. */
static void error_of(struct request *r, int status, const char *message)
{
    cJSON *json = cJSON_CreateObject();
    if (is(r, "sd-server")) {
        cJSON_AddStringToObject(json, "error", message);
    } else if (is(r, "vllm")) {
        cJSON_AddStringToObject(json, "detail", message);
    } else {
        cJSON *error = cJSON_AddObjectToObject(json, "error");
        cJSON_AddNumberToObject(error, "code", status);
        cJSON_AddStringToObject(error, "message", message);
        cJSON_AddStringToObject(error, "type", "");
    }
    answer_json(&r->answer, status, json);
}

static void error(struct request *r, int status, const char *code, const char *message)
{
    static const struct {
        int status;
        const char *message;
    } known[] = {
        {400, "Bad Request"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {413, "Payload Too Large"},
        {422, "Unprocessable Entity"}, {429, "Too Many Requests"}, {500, "Internal Server Error"}, {503, "Service Unavailable"},
    };
    (void)code;
    for (size_t i = 0; !message && i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            message = known[i].message;
    if (message)
        error_of(r, status, message);
    else
        answer_status(&r->answer, status);
}

static const char *text_of(const struct request *r, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(r->json, name);
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

/* stable-diffusion.cpp takes more parameters as JSON in a tag of the prompt. */
static bool check_extra_args(struct request *r, const char *prompt, struct problem *p)
{
    static const char open[] = "<sd_cpp_extra_args>", close[] = "</sd_cpp_extra_args>";
    const char *from = strstr(prompt, open), *to = from ? strstr(from, close) : NULL;
    if (!to || !is(r, "sd-server"))
        return true;
    from += strlen(open);
    cJSON *json = cJSON_ParseWithLength(from, (size_t)(to - from));
    bool good = cJSON_IsObject(json);
    cJSON_Delete(json);
    return good || problem_set(p, "prompt", "invalid sd_cpp_extra_args");
}

static bool read_prompt(struct request *r, struct order *o, struct problem *p)
{
    const char *text = text_of(r, "prompt");
    if (!text)
        return problem_of(p, MISTAKE_MISSING, "prompt", "prompt required");
    if (!*text)
        return problem_set(p, "prompt", "prompt required");
    o->prompt = must_dup(text);
    return check_extra_args(r, text, p);
}

static bool read_size(struct request *r, const struct engine *e, struct order *o, struct problem *p)
{
    const char *size = text_of(r, "size");
    int width = e->size, height = e->size, end = 0;

    if (size && strcmp(size, "auto")) {
        bool parsed = sscanf(size, "%5dx%5d%n", &width, &height, &end) == 2 && !size[end] && width > 0 && height > 0;
        if (!parsed && !e->clamps)
            return problem_set(p, "size", "Invalid size format: '%s'. Expected format: WIDTHxHEIGHT", size);
        if (!parsed)
            width = height = e->size;
    }
    if (width % 8 || height % 8 || (long)width * height > PIXELS_MAX)
        return problem_set(p, "size", "size %dx%d: both must be multiples of 8, and at most 4 megapixels together", width, height);
    o->pixels = (struct size){width, height};
    return true;
}

static bool read_n(struct request *r, const struct engine *e, struct order *o, struct problem *p)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(r->json, "n");
    o->n = cJSON_IsNumber(n) ? n->valueint : 1;
    if (o->n >= 1 && o->n <= e->n_max)
        return true;
    if (!e->clamps)
        return problem_set(p, "n", "n must be between 1 and %d", e->n_max);
    o->n = o->n < 1 ? 1 : e->n_max;
    return true;
}

static bool read_format(struct request *r, const struct engine *e, struct order *o, struct problem *p)
{
    const char *format = text_of(r, "output_format"), *response = text_of(r, "response_format"), *set = r->w->set.format;
    if (is(r, "vllm") && response && strcmp(response, "b64_json"))
        return problem_set(p, NULL, "Only response_format 'b64_json' is supported, not '%s'", response);
    if (e->jpeg && format && strcmp(format, "png") && strcmp(format, "jpeg"))
        return problem_set(p, "output_format", "invalid output_format, must be one of [png, jpeg]");
    bool jpeg = e->jpeg && format && !strcmp(format, "jpeg");
    o->format = strcmp(set, "asked") ? (!strcmp(set, "webp") ? "webp" : !strcmp(set, "jpeg") ? "jpeg" : "png") : jpeg ? "jpeg" : "png";
    o->quality = 90;
    return true;
}

static bool read_order(struct request *r, const struct engine *e, bool pictures, struct order *o, struct problem *p)
{
    const char *model = text_of(r, "model");
    o->wire = "engine";
    o->model_name = must_dup(model ? model : e->name);
    if (!cJSON_IsObject(r->json))
        return problem_set(p, NULL, pictures ? "the body is not multipart/form-data" : "the body is not JSON");
    return read_prompt(r, o, p) && read_size(r, e, o, p) && read_n(r, e, o, p) && read_format(r, e, o, p) &&
           (!pictures || form_pictures(r, FORM_LENIENT, o, p));
}

static cJSON *links(struct request *r)
{
    const struct task *t = r->sync->task;
    cJSON *data = cJSON_CreateArray();
    for (int i = 0; i < sync_shown(r->sync); i++) {
        cJSON *item = cJSON_CreateObject();
        char *url = must_print("%s%s", r->w->result_base, t->pictures[i].path);
        cJSON_AddNullToObject(item, "embedding");
        cJSON_AddNumberToObject(item, "index", i);
        cJSON_AddStringToObject(item, "url", url);
        cJSON_AddItemToArray(data, item);
        free(url);
    }
    return data;
}

/* stable-diffusion.cpp writes the time as text. */
static void add_created(struct request *r, cJSON *json)
{
    time_t at = (time_t)(r->sync->task->created / 1000);
    struct tm utc;
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &utc));
    if (is(r, "sd-server"))
        cJSON_AddStringToObject(json, "created", text);
    else
        cJSON_AddNumberToObject(json, "created", (double)at);
}

static void reply(struct request *r)
{
    const char *message = fault_text(r->sync->fault, "message");
    if (r->sync->kind == FAULT_FINISH || r->sync->kind == FAULT_BLOCK) {
        error_of(r, 400, message ? message : "the picture was blocked by the safety checker");
        return;
    }
    cJSON *json = cJSON_CreateObject();
    add_created(r, json);
    if (is(r, "localai"))
        cJSON_AddStringToObject(json, "id", r->sync->task->id);
    if (is(r, "sd-server"))
        cJSON_AddStringToObject(json, "output_format", r->sync->task->order.format);
    cJSON_AddItemToObject(json, "data", r->sync->links ? links(r) : openai_data(r, NULL));
    sync_answer(r, 200, json);
}

static void refuse(struct request *r, const struct problem *p)
{
    if (is(r, "vllm") && p->param)
        error_of_field(r, p);
    else
        error_of(r, 400, p->message);
    bill_count(r->w, TALLY_REFUSED);
}

static void order(struct request *r, bool pictures)
{
    const struct engine *e = engine_of(r->w);
    const char *response = text_of(r, "response_format");
    struct order o = {0};
    struct problem p = {0};

    if (read_order(r, e, pictures, &o, &p))
        sync_begin(r, &o, e->links && (!response || strcmp(response, "b64_json")), reply);
    else
        refuse(r, &p);
    order_free(&o);
    problem_free(&p);
}

static void generate(struct request *r)
{
    order(r, false);
}

static void edit(struct request *r)
{
    if (engine_of(r->w)->edits)
        order(r, true);
    else
        error(r, 404, NULL, NULL);
}

static void watch_keys(struct request *r)
{
    if (request_header(r, "Authorization") || request_header(r, "x-goog-api-key") || request_header(r, "api-key"))
        bill_count(r->w, TALLY_LEAKED_KEYS);
}

static void route(struct request *r, void (*handle)(struct request *r))
{
    watch_keys(r);
    bill_count(r->w, TALLY_SUBMITS_SEEN);
    request_serve(r, ON_SUBMIT, text_of(r, "prompt"), handle);
}

static void route_generate(struct request *r)
{
    request_parse(r);
    route(r, generate);
}

static void route_edit(struct request *r)
{
    form_fields(r, NUMBERS, "");
    route(r, edit);
}

static void models(struct request *r)
{
    cJSON *json = cJSON_CreateObject(), *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "object", "list");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "data"), entry);
    cJSON_AddStringToObject(entry, "id", r->w->set.engine);
    cJSON_AddStringToObject(entry, "object", "model");
    answer_json(&r->answer, 200, json);
}

static void route_models(struct request *r)
{
    watch_keys(r);
    request_serve(r, ON_OTHER, NULL, models);
}

static const struct route routes[] = {
    {"POST", BASE "/images/generations", ON_SUBMIT, route_generate},
    {"POST", BASE "/images/edits", ON_SUBMIT, route_edit},
    {"GET", BASE "/models", ON_OTHER, route_models},
    {NULL, NULL, ON_OTHER, NULL},
};

const struct wire engine_wire = {.paths = "/engine/", .routes = routes, .error = error};
