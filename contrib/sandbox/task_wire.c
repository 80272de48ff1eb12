#include "task_wire.h"

#include "api.h"
#include "blob.h"
#include "http.h"
#include "keys.h"
#include "ratelimit.h"
#include "models.h"
#include "order.h"
#include "upload.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define GENERATIONS "/v1/images/generations"
#define UPLOADS "/v1/uploads/images"
#define CREDITS_PER_USD 200

static bool admit(struct request *r)
{
    const char *header = request_header(r, "Authorization");
    if (key_known(r->w, key_of_bearer(r)))
        return true;
    answer_error(&r->answer, 401, NULL, NULL,
                 !header ? "No token: send Authorization: Bearer YOUR_API_KEY" : "Invalid token");
    bill_count(r->w, TALLY_UNAUTHORIZED);
    return false;
}

static void add_number(struct answer *a, const char *name, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    answer_header(a, name, text);
}

static bool limits_pass(struct request *r, enum limit_category category)
{
    struct world *w = r->w;
    struct allowance got;
    bool good = limits_take(w, category, &got);
    long long seconds = (got.reset_ms + 999) / 1000;

    if (!got.limit)
        return true;
    add_number(&r->answer, "X-RateLimit-Limit", got.limit);
    add_number(&r->answer, "X-RateLimit-Remaining", got.remaining);
    add_number(&r->answer, "X-RateLimit-Reset", strcmp(w->set.reset_as, "delta") ? clock_wall() / 1000 + seconds : seconds);
    answer_header(&r->answer, "X-RateLimit-Category", category == LIMIT_SUBMIT ? "async_submit" : "async_query");
    if (good)
        return true;
    add_number(&r->answer, "Retry-After", seconds);
    answer_status(&r->answer, 429);
    return false;
}

static void refuse(struct request *r, const struct problem *p)
{
    answer_error(&r->answer, p->status, p->code, p->param, p->message);
    bill_count(r->w, TALLY_REFUSED);
}

static void accept(struct request *r, struct order *o)
{
    struct world *w = r->w;
    struct task *seen = o->business_id ? tasks_by_business_id(w, o->business_id) : NULL;
    struct problem p = {0};

    if (seen && !strcmp(w->set.duplicates, "deduplicate")) {
        answer_json(&r->answer, 200, task_json(seen, false));
    } else if (seen && !strcmp(w->set.duplicates, "refuse")) {
        problem_set(&p, "client_business_id", "client_business_id \"%s\" was used before", o->business_id);
        refuse(r, &p);
    } else if (!bill_affordable(w, o->n)) {
        answer_status(&r->answer, 402);
        bill_count(w, TALLY_REFUSED);
    } else {
        answer_json(&r->answer, 200, task_json(tasks_accept(w, o, r->fault), true));
    }
    problem_free(&p);
}

static void submit(struct request *r)
{
    struct order o = {0};
    struct problem p = {0};

    if (!admit(r) || !limits_pass(r, LIMIT_SUBMIT))
        return;
    if (!request_says_json(r))
        problem_set(&p, NULL, "Content-Type must be application/json");
    else if (order_read(r->w, r->body ? (const char *)r->body : "", r->size, r->json, &o, &p))
        accept(r, &o);
    if (p.message)
        refuse(r, &p);
    order_free(&o);
    problem_free(&p);
}

static void route_submit(struct request *r)
{
    const char *end = NULL, *body = (const char *)r->body;
    bill_count(r->w, TALLY_SUBMITS_SEEN);
    r->json = body ? cJSON_ParseWithLengthOpts(body, r->size + 1, &end, true) : NULL;
    const cJSON *prompt = cJSON_GetObjectItemCaseSensitive(r->json, "prompt");
    request_serve(r, ON_SUBMIT, cJSON_IsString(prompt) ? prompt->valuestring : NULL, submit);
}

static struct task *polled(const struct request *r)
{
    return tasks_find(r->w, r->path + strlen(GENERATIONS "/"));
}

static void note_poll(struct task *t)
{
    int64_t now = clock_now(), gap = now - t->last_poll;
    if (t->polls++ && (!t->poll_gap || gap < t->poll_gap))
        t->poll_gap = gap ? gap : 1;
    t->last_poll = now;
}

static void poll_task(struct request *r)
{
    struct task *t = polled(r);
    if (!admit(r) || !limits_pass(r, LIMIT_QUERY))
        return;
    if (!t) {
        answer_status(&r->answer, 404);
        return;
    }
    note_poll(t);
    if (r->fault)
        task_strike(t, r->fault);
    answer_json(&r->answer, 200, task_json(t, false));
    task_recover(t);
}

static void route_poll(struct request *r)
{
    const struct task *t = polled(r);
    bill_count(r->w, TALLY_POLLS);
    request_serve(r, ON_POLL, t ? t->order.prompt : NULL, poll_task);
}

static void upload(struct request *r)
{
    if (admit(r))
        upload_handle(r);
}

static void route_upload(struct request *r)
{
    request_serve(r, ON_UPLOAD, NULL, upload);
}

static void balance(struct request *r)
{
    const struct world *w = r->w;
    bool unlimited = w->set.balance < 0;
    double remain = unlimited ? -1 : w->set.balance - w->bill.spent;
    cJSON *json;

    if (!admit(r))
        return;
    json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "success", true);
    cJSON_AddNumberToObject(json, "remain_balance", remain);
    cJSON_AddNumberToObject(json, "used_balance", w->bill.spent);
    cJSON_AddNumberToObject(json, "remain_credits", unlimited ? -1 : remain * CREDITS_PER_USD);
    cJSON_AddNumberToObject(json, "used_credits", w->bill.spent * CREDITS_PER_USD);
    cJSON_AddNumberToObject(json, "credits_per_usd", CREDITS_PER_USD);
    cJSON_AddBoolToObject(json, "unlimited_quota", unlimited);
    answer_json(&r->answer, 200, json);
}

static void route_balance(struct request *r)
{
    request_serve(r, ON_OTHER, NULL, balance);
}

static void models(struct request *r)
{
    const char *type = request_argument(r, "type");
    bool images = type && (!strcmp(type, "image") || !strcmp(type, "all"));
    const struct model *m;
    cJSON *json, *data;

    if (!admit(r))
        return;
    json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "success", true);
    cJSON_AddStringToObject(json, "object", "list");
    data = cJSON_AddArrayToObject(json, "data");
    for (size_t i = 0; images && (m = model_at(i)); i++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "id", m->id);
        cJSON_AddStringToObject(entry, "object", "model");
        cJSON_AddNumberToObject(entry, "created", 1626777600);
        cJSON_AddStringToObject(entry, "owned_by", "sandbox");
        cJSON_AddItemToArray(cJSON_AddArrayToObject(entry, "supported_endpoint_types"), cJSON_CreateString("image-generation"));
        cJSON_AddItemToArray(data, entry);
    }
    answer_json(&r->answer, 200, json);
}

static void route_models(struct request *r)
{
    request_serve(r, ON_OTHER, NULL, models);
}

static const struct route routes[] = {
    {"POST", GENERATIONS, ON_SUBMIT, route_submit},
    {"GET", GENERATIONS "/", ON_POLL, route_poll},
    {"POST", UPLOADS, ON_UPLOAD, route_upload},
    {"GET", "/v1/balance", ON_OTHER, route_balance},
    {"GET", "/v1/user/balance", ON_OTHER, route_balance},
    {"GET", "/balance", ON_OTHER, route_balance},
    {"GET", "/v1/models", ON_OTHER, route_models},
    {NULL, NULL, ON_OTHER, NULL},
};

static void error(struct request *r, int status, const char *code, const char *message)
{
    if (message)
        answer_error(&r->answer, status, code, NULL, message);
    else
        answer_status(&r->answer, status);
}

const struct wire task_wire = {.routes = routes, .error = error};
