#include "openai_wire.h"

#include "form.h"
#include "http.h"
#include "keys.h"
#include "openai_order.h"
#include "openai_reply.h"
#include "ratelimit.h"
#include "sync.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define BASE "/openai/v1"

static bool admit(struct request *r)
{
    const char *header = request_header(r, "Authorization");
    char id[48];

    snprintf(id, sizeof id, "req_%016llx", (unsigned long long)mix64(r->w->tasks.secret + r->trace));
    answer_header(&r->answer, "x-request-id", id);
    if (key_known(r->w, key_of_bearer(r)))
        return true;
    if (header)
        openai_error(r, 401, NULL, NULL, NULL, NULL);
    else
        openai_error(r, 401, NULL, NULL, NULL, "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth.");
    bill_count(r->w, TALLY_UNAUTHORIZED);
    return false;
}

static void add_number(struct answer *a, const char *name, long value)
{
    char text[32];
    snprintf(text, sizeof text, "%ld", value);
    answer_header(a, name, text);
}

/* 6m0s, 59.9s, 120ms. */
static void add_reset(struct answer *a, long ms)
{
    char text[48];
    if (ms < 1000)
        snprintf(text, sizeof text, "%ldms", ms);
    else if (ms < 60000)
        snprintf(text, sizeof text, "%gs", (double)ms / 1000);
    else
        snprintf(text, sizeof text, "%ldm%lds", ms / 60000, ms / 1000 % 60);
    answer_header(a, "x-ratelimit-reset-requests", text);
}

static bool limits_pass(struct request *r)
{
    struct allowance got;
    bool good = limits_take(r->w, LIMIT_SUBMIT, &got), more = r->w->set.ratelimit_headers;

    if (more && got.limit) {
        add_number(&r->answer, "x-ratelimit-limit-requests", got.limit);
        add_number(&r->answer, "x-ratelimit-remaining-requests", got.remaining);
        add_reset(&r->answer, got.reset_ms);
    }
    if (good)
        return true;
    add_number(&r->answer, "retry-after", (got.reset_ms + 999) / 1000);
    if (more)
        add_number(&r->answer, "retry-after-ms", got.reset_ms);
    openai_error(r, 429, NULL, NULL, NULL, NULL);
    return false;
}

static void refuse(struct request *r, const struct problem *p)
{
    openai_error_field(r, p);
    bill_count(r->w, TALLY_REFUSED);
}

static void order(struct request *r, enum openai_call call)
{
    struct order o = {0};
    struct problem p = {0};

    if (!openai_order_read(r->w, call, r->json, &o, &p) || (call == OPENAI_EDIT && !form_pictures(r, FORM_STRICT, &o, &p))) {
        refuse(r, &p);
    } else if (!bill_affordable(r->w, o.n)) {
        openai_error(r, 429, "insufficient_quota", NULL, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.");
        bill_count(r->w, TALLY_REFUSED);
    } else {
        sync_begin(r, &o, false, openai_reply);
    }
    order_free(&o);
    problem_free(&p);
}

static void refuse_body(struct request *r, const char *message)
{
    openai_error(r, 400, NULL, NULL, NULL, message);
    bill_count(r->w, TALLY_REFUSED);
}

static void generate(struct request *r)
{
    if (!admit(r) || !limits_pass(r))
        return;
    if (!request_says_json(r))
        refuse_body(r, "Unsupported content type: it must be application/json.");
    else if (!r->json)
        refuse_body(r, "We could not parse the JSON body of your request.");
    else
        order(r, OPENAI_GENERATION);
}

static void edit(struct request *r)
{
    if (!admit(r) || !limits_pass(r))
        return;
    if (!r->json)
        refuse_body(r, "Unsupported content type: it must be multipart/form-data.");
    else
        order(r, OPENAI_EDIT);
}

static void route(struct request *r, void (*handle)(struct request *r))
{
    const cJSON *prompt = cJSON_GetObjectItemCaseSensitive(r->json, "prompt");
    bill_count(r->w, TALLY_SUBMITS_SEEN);
    request_serve(r, ON_SUBMIT, cJSON_IsString(prompt) ? prompt->valuestring : NULL, handle);
}

static void route_generate(struct request *r)
{
    request_parse(r);
    route(r, generate);
}

static void route_edit(struct request *r)
{
    form_fields(r, OPENAI_NUMBERS, OPENAI_FLAGS);
    route(r, edit);
}

static void models(struct request *r)
{
    const char *id;
    cJSON *json, *data;

    if (!admit(r))
        return;
    json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "object", "list");
    data = cJSON_AddArrayToObject(json, "data");
    for (size_t i = 0; (id = openai_model_at(i)); i++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "id", id);
        cJSON_AddStringToObject(entry, "object", "model");
        cJSON_AddNumberToObject(entry, "created", 1745517030);
        cJSON_AddStringToObject(entry, "owned_by", "system");
        cJSON_AddItemToArray(data, entry);
    }
    answer_json(&r->answer, 200, json);
}

static void route_models(struct request *r)
{
    request_serve(r, ON_OTHER, NULL, models);
}

static const struct route routes[] = {
    {"POST", BASE "/images/generations", ON_SUBMIT, route_generate},
    {"POST", BASE "/images/edits", ON_SUBMIT, route_edit},
    {"GET", BASE "/models", ON_OTHER, route_models},
    {NULL, NULL, ON_OTHER, NULL},
};

/* Statuses that OpenAI does not have are a proxy's. */
static void error(struct request *r, int status, const char *code, const char *message)
{
    bool proxy = status != 500 && status != 503 && status > 500;
    if (proxy && !message)
        answer_status(&r->answer, status);
    else
        openai_error(r, status, NULL, NULL, code, message);
}

const struct wire openai_wire = {.paths = "/openai/", .routes = routes, .error = error};
