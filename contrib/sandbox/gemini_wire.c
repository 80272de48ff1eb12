#include "gemini_wire.h"

#include "blob.h"
#include "gemini_models.h"
#include "gemini_order.h"
#include "gemini_reply.h"
#include "http.h"
#include "keys.h"
#include "ratelimit.h"
#include "sync.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define METHOD ":generateContent"
#define FAULT_RETRY_SECONDS 1.5     /* of a 429 that a fault makes */

/* Answers and returns false when the key is missing, wrong or shown where logs would keep it. */
static bool admit(struct request *r, enum gemini_service *service)
{
    const char *bearer = request_header(r, "Authorization"), *google = request_header(r, "x-goog-api-key");
    const char *key = google ? google : key_of_bearer(r);

    *service = google ? GEMINI_GOOGLE : GEMINI_RELAY;
    if (request_argument(r, "key")) {
        bill_count(r->w, TALLY_LEAKED_KEYS);
        gemini_error(r, 400, NULL, "A key in the URL ends up in logs: send it as x-goog-api-key or Authorization: Bearer.", NULL);
        return false;
    }
    if (google && bearer)
        gemini_error(r, 400, NULL, "Multiple authentication credentials received. Please pass only one.", NULL);
    else if (key_known(r->w, key))
        return true;
    else if (google)
        gemini_error(r, 400, NULL, "API key not valid. Please pass a valid API key.", gemini_reason("API_KEY_INVALID"));
    else if (bearer)
        gemini_error_relay(r, 401, "invalid_api_key", "Invalid token");
    else
        gemini_error(r, 403, NULL, "Method doesn't allow unregistered callers. Please use an API key.", NULL);
    bill_count(r->w, TALLY_UNAUTHORIZED);
    return false;
}

static bool limits_pass(struct request *r)
{
    struct allowance got;
    if (limits_take(r->w, LIMIT_SUBMIT, &got))
        return true;
    gemini_error_limit(r, (double)got.reset_ms / 1000);
    return false;
}

static void refuse(struct request *r, int status, const char *message)
{
    gemini_error(r, status, NULL, message, NULL);
    bill_count(r->w, TALLY_REFUSED);
}

static void refuse_poor(struct request *r, enum gemini_service service)
{
    if (service == GEMINI_RELAY)
        gemini_error_relay(r, 403, "insufficient_user_quota", "user quota is not enough");
    else
        gemini_error_poor(r);
    bill_count(r->w, TALLY_REFUSED);
}

/* What is in the path between models/ and the method; NULL if the path has another shape. */
static const struct gemini_model *model_in(const char *path, const char **id, size_t *length)
{
    const char *colon = strrchr(path, ':');
    *id = strstr(path, "/models/") + strlen("/models/");
    *length = colon && colon > *id ? (size_t)(colon - *id) : strlen(*id);
    return gemini_model_find(*id, *length);
}

/* The pictures sent along were decoded and are not needed twice. */
static void drop_inline(cJSON *json)
{
    cJSON *child;
    cJSON_ArrayForEach(child, json) {
        if (child->string && !strcmp(child->string, "data") && cJSON_IsString(child))
            cJSON_SetValuestring(child, "");
        drop_inline(child);
    }
}

static void order(struct request *r, const struct gemini_model *m, enum gemini_service service)
{
    struct order o = {0};
    struct problem p = {0};

    if (!gemini_order_read(r->w, m, service, r->json, &o, &p)) {
        if (p.param)
            gemini_error_field(r, &p);
        else
            gemini_error(r, 400, NULL, p.message, NULL);
        bill_count(r->w, TALLY_REFUSED);
    } else if (!bill_affordable(r->w, o.n)) {
        refuse_poor(r, service);
    } else {
        if (r->fault && r->fault->kind == FAULT_DRAFT_ONLY && !o.drafts)
            o.drafts = 1;
        drop_inline(r->json);
        sync_begin(r, &o, false, gemini_reply);
    }
    order_free(&o);
    problem_free(&p);
}

static void generate(struct request *r)
{
    enum gemini_service service;
    const char *id;
    size_t length;
    const struct gemini_model *m = model_in(r->path, &id, &length);
    char *text = NULL;

    if (!admit(r, &service) || !limits_pass(r))
        return;
    if ((double)r->size > r->w->set.request_bytes)
        refuse(r, 400, text = must_print("Request payload size exceeds the limit: %.0f bytes.", r->w->set.request_bytes));
    else if (!request_says_json(r))
        refuse(r, 400, "Content-Type must be application/json");
    else if (!m)
        refuse(r, 404, text = must_print("models/%.*s is not found for API version %.*s, or is not supported for generateContent.",
                                         (int)length, id, (int)strcspn(r->path + 1, "/"), r->path + 1));
    else if (!r->json)
        refuse(r, 400, "Invalid JSON payload received. Unexpected token.");
    else
        order(r, m, service);
    free(text);
}

static void route_generate(struct request *r)
{
    size_t length = strlen(r->path), method = strlen(METHOD);
    if (length < method || strcmp(r->path + length - method, METHOD)) {
        gemini_error(r, 404, NULL, NULL, NULL);
        return;
    }
    bill_count(r->w, TALLY_SUBMITS_SEEN);
    request_parse(r);
    char *prompt = gemini_prompt(r->json);
    request_serve(r, ON_SUBMIT, prompt, generate);
    free(prompt);
}

static void models(struct request *r)
{
    enum gemini_service service;
    const struct gemini_model *m;
    cJSON *json, *list;

    if (!admit(r, &service))
        return;
    json = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(json, "models");
    for (size_t i = 0; (m = gemini_model_at(i)); i++) {
        cJSON *entry = cJSON_CreateObject();
        char *name = must_print("models/%s", m->id);
        cJSON_AddStringToObject(entry, "name", name);
        cJSON_AddStringToObject(entry, "displayName", m->id);
        cJSON_AddNumberToObject(entry, "outputTokenLimit", 32768);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(entry, "supportedGenerationMethods"), cJSON_CreateString("generateContent"));
        cJSON_AddItemToArray(list, entry);
        free(name);
    }
    answer_json(&r->answer, 200, json);
}

static void route_models(struct request *r)
{
    request_serve(r, ON_OTHER, NULL, models);
}

static const struct route routes[] = {
    {"POST", "/v1beta/models/", ON_SUBMIT, route_generate},
    {"POST", "/v1/models/", ON_SUBMIT, route_generate},
    {"GET", "/v1beta/models", ON_OTHER, route_models},
    {NULL, NULL, ON_OTHER, NULL},
};

/* Statuses that Google does not have are a proxy's. */
static void error(struct request *r, int status, const char *code, const char *message)
{
    static const int known[] = {400, 401, 403, 404, 429, 499, 500, 503, 504};
    bool own = message != NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        own = own || known[i] == status;
    if (!own)
        answer_status(&r->answer, status);
    else if (status == 429 && !message)
        gemini_error_limit(r, FAULT_RETRY_SECONDS);
    else
        gemini_error(r, status, code, message, NULL);
}

const struct wire gemini_wire = {.paths = "/v1beta/ /v1/models/", .routes = routes, .error = error};
