#include "openai_reply.h"

#include "answer.h"
#include "http.h"
#include "order.h"
#include "sync.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE_TOKENS 323

static const struct {
    int status;
    const char *type, *code, *message;
} documented[] = {
    {400, "invalid_request_error", NULL, "Invalid request."},
    {401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."},
    {403, "invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"},
    {404, "invalid_request_error", NULL, "Invalid URL"},
    {405, "invalid_request_error", "method_not_supported", "Not allowed on this URL."},
    {413, "invalid_request_error", NULL, "Maximum content size limit exceeded."},
    {429, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again later."},
    {500, "server_error", NULL, "The server had an error while processing your request. Sorry about that!"},
    {503, "server_error", NULL, "The engine is currently overloaded, please try again later."},
};

static void add_text(cJSON *object, const char *name, const char *text)
{
    cJSON_AddItemToObject(object, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

void openai_error(struct request *r, int status, const char *type, const char *param, const char *code, const char *message)
{
    size_t i = 0, count = sizeof documented / sizeof documented[0];
    cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");

    while (i < count && documented[i].status != status)
        i++;
    if (!code && !message && i < count)
        code = documented[i].code;
    add_text(error, "message", message ? message : i < count ? documented[i].message : "Unknown error.");
    add_text(error, "type", type ? type : i < count ? documented[i].type : "server_error");
    add_text(error, "param", param);
    add_text(error, "code", code);
    answer_json(&r->answer, status, json);
}

void openai_error_field(struct request *r, const struct problem *p)
{
    static const char *const codes[] = {
        [MISTAKE_VALUE] = "invalid_value", [MISTAKE_TYPE] = "invalid_type",
        [MISTAKE_MISSING] = "missing_required_parameter", [MISTAKE_UNKNOWN] = "unknown_parameter",
    };
    char text[160];
    const char *code = strcmp(p->code, "invalid_request") ? p->code : p->param ? codes[p->mistake] : NULL;

    if (p->mistake == MISTAKE_UNKNOWN || p->mistake == MISTAKE_MISSING)
        snprintf(text, sizeof text, "%s parameter: '%s'.", p->mistake == MISTAKE_UNKNOWN ? "Unknown" : "Missing required", p->param);
    openai_error(r, p->status, NULL, p->param, code, p->mistake == MISTAKE_UNKNOWN || p->mistake == MISTAKE_MISSING ? text : p->message);
}

cJSON *openai_data(struct request *r, const char *revised)
{
    cJSON *data = cJSON_CreateArray();
    for (int i = 0; i < sync_shown(r->sync); i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToObject(item, "b64_json", sync_picture(r, i));
        if (revised)
            cJSON_AddStringToObject(item, "revised_prompt", revised);
        cJSON_AddItemToArray(data, item);
    }
    return data;
}

static const char *asked(const struct request *r, const char *name, const char *automatic)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(r->json, name);
    return value && strcmp(value->valuestring, "auto") ? value->valuestring : automatic;
}

/* Of a square of 1024: 272, 1056, 4160 by quality; of others by their area. */
static int picture_tokens(const struct order *o, const char *quality)
{
    int square = !strcmp(quality, "low") ? 272 : !strcmp(quality, "high") ? 4160 : 1056;
    return (int)((double)square * o->pixels.width * o->pixels.height / (1024 * 1024));
}

static void add_usage(cJSON *json, const struct sync *s, const char *quality)
{
    const struct order *o = &s->task->order;
    int text = (int)(strlen(o->prompt) + 3) / 4, images = REFERENCE_TOKENS * (int)o->reference_count;
    int output = sync_shown(s) * picture_tokens(o, quality);
    cJSON *usage = cJSON_AddObjectToObject(json, "usage"), *details;

    cJSON_AddNumberToObject(usage, "input_tokens", text + images);
    details = cJSON_AddObjectToObject(usage, "input_tokens_details");
    cJSON_AddNumberToObject(details, "text_tokens", text);
    cJSON_AddNumberToObject(details, "image_tokens", images);
    cJSON_AddNumberToObject(usage, "output_tokens", output);
    cJSON_AddNumberToObject(usage, "total_tokens", text + images + output);
}

static void say_blocked(struct request *r)
{
    const struct sync *s = r->sync;
    const char *message = fault_text(s->fault, "message"), *word = fault_text(s->fault, "word");
    openai_error(r, 400, "image_generation_user_error", NULL, word ? word : s->kind == FAULT_BLOCK ? "content_policy_violation" : "moderation_blocked",
                 message ? message : "Your request was rejected by the safety system.");
}

void openai_reply(struct request *r)
{
    const struct order *o = &r->sync->task->order;
    const char *quality = asked(r, "quality", "medium"), *slash = strchr(sync_type(r), '/');
    char size[32];

    if (r->sync->kind == FAULT_FINISH || r->sync->kind == FAULT_BLOCK) {
        say_blocked(r);
        return;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "created", (double)(r->sync->task->created / 1000));
    cJSON_AddItemToObject(json, "data", openai_data(r, o->prompt));
    cJSON_AddStringToObject(json, "background", asked(r, "background", "opaque"));
    cJSON_AddStringToObject(json, "output_format", slash ? slash + 1 : sync_type(r));
    cJSON_AddStringToObject(json, "quality", quality);
    snprintf(size, sizeof size, "%dx%d", o->pixels.width, o->pixels.height);
    cJSON_AddStringToObject(json, "size", size);
    add_usage(json, r->sync, quality);
    sync_answer(r, 200, json);
}
