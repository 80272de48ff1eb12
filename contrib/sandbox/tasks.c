#include "tasks.h"

#include "answer.h"
#include "blob.h"
#include "faults.h"
#include "http.h"
#include "painter.h"
#include "pictures.h"
#include "sync.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define QUEUED_SHARE 0.15

static const char *const words[] = {
    [TASK_QUEUED] = "queued", [TASK_RUNNING] = "in_progress",
    [TASK_COMPLETED] = "completed", [TASK_FAILED] = "failed",
};

static int64_t duration(const struct world *w, uint64_t seed)
{
    double seconds = w->set.time;
    if (seconds < 0)
        seconds = 6 + (double)(mix64(seed) % 6001) / 1000;
    return (int64_t)(seconds * 1000 / w->set.speed);
}

bool task_ended(const struct task *t)
{
    return t->state == TASK_COMPLETED || t->state == TASK_FAILED;
}

static void publish(struct task *t)
{
    struct world *w = t->w;
    if (!t->links)
        return;
    for (int i = 0; i < t->order.n; i++) {
        struct picture *p = &t->pictures[i];
        uint64_t name = mix64(w->tasks.secret ^ ++w->tasks.serial);
        p->path = must_print("/generated/%lld_%016llx.%s", (long long)(t->completed / 1000), (unsigned long long)name,
                             !strcmp(t->order.format, "jpeg") ? "jpg" : t->order.format);
        map_put(&w->tasks.by_path, p->path, p);
    }
}

static void unhold(struct task *t)
{
    if (t->held)
        t->w->tasks.held--;
    t->held = false;
}

static void end(struct task *t, bool failed)
{
    struct world *w = t->w;
    if (task_ended(t))
        return;
    timer_cancel(w, &t->timer);
    unhold(t);
    w->tasks.under_way--;
    t->completed = clock_wall();
    t->state = failed ? TASK_FAILED : TASK_COMPLETED;
    if (failed) {
        bill_refund(w, t->order.prompt, t->order.n * t->order.price);
        bill_count(w, TALLY_FAILED);
    } else {
        publish(t);
        bill_count(w, TALLY_COMPLETED);
    }
    if (t->waiter)
        request_wake(t->waiter);
}

void task_finish(struct task *t)
{
    end(t, t->fail_at_end);
}

static void on_time(struct world *w, void *arg)
{
    struct task *t = arg;
    if (t->state == TASK_QUEUED) {
        t->state = TASK_RUNNING;
        timer_set(w, &t->timer, t->begun + t->lasts);
    } else {
        task_finish(t);
    }
}

static void begin(struct task *t)
{
    t->begun = clock_now();
    timer_set(t->w, &t->timer, t->begun + (int64_t)((double)t->lasts * QUEUED_SHARE));
}

static void hold(struct task *t)
{
    if (t->held || task_ended(t))
        return;
    timer_cancel(t->w, &t->timer);
    t->held = true;
    t->w->tasks.held++;
}

static void replace(char **text, const char *by)
{
    free(*text);
    *text = must_dup(by);
}

static void plan_failure(struct task *t, const struct fault *f)
{
    const char *code = fault_text(f, "code"), *message = fault_text(f, "message");
    t->fail_at_end = true;
    replace(&t->failure_code, code ? code : "generation_failed");
    replace(&t->failure, message ? message : "call upstream API failed: upstream returned status 422");
}

static void give_bytes(struct task *t, const struct fault *f)
{
    struct answer a = {0};
    fault_bytes(&a, f);
    blob_unref(t->given);
    t->given = a.body;
    t->given_type = a.type;
}

void task_strike(struct task *t, const struct fault *f)
{
    if (f->kind == FAULT_FAIL_TASK) {
        plan_failure(t, f);
        if (f->on == ON_POLL)
            task_finish(t);
    } else if (f->kind == FAULT_HOLD) {
        hold(t);
    } else if (f->kind == FAULT_UNKNOWN_STATUS) {
        replace(&t->weird_status, fault_text(f, "word") ? fault_text(f, "word") : "weird");
        t->weird_once = f->on != ON_SUBMIT;
    } else if (f->kind == FAULT_BYTES && f->on == ON_SUBMIT) {
        give_bytes(t, f);
    }
}

void task_recover(struct task *t)
{
    if (!t->weird_once)
        return;
    free(t->weird_status);
    t->weird_status = NULL;
    t->weird_once = false;
}

static void remember(struct tasks *ts, struct task *t)
{
    if (ts->count == ts->room) {
        ts->room = ts->room ? ts->room * 2 : 64;
        ts->all = reallocarray(ts->all, ts->room, sizeof *ts->all);
        if (!ts->all)
            abort();
    }
    ts->all[ts->count++] = t;
    if (++ts->under_way > ts->most_under_way)
        ts->most_under_way = ts->under_way;
    map_put(&ts->by_id, t->id, t);
    if (t->order.business_id)
        map_put(&ts->by_business_id, t->order.business_id, t);
}

static char *new_id(struct tasks *ts)
{
    uint64_t serial = ++ts->serial;
    return must_print("task_img_%016llx%08llx", (unsigned long long)mix64(ts->secret + serial), (unsigned long long)serial);
}

struct task *tasks_accept(struct world *w, struct order *order, const struct fault *fault)
{
    struct task *t = must_alloc(sizeof *t);

    t->w = w;
    t->id = new_id(&w->tasks);
    t->order = *order;
    *order = (struct order){0};
    t->created = clock_wall();
    t->seed = mix64(text_hash(t->order.prompt) + (uint64_t)bill_accepted(w, t->order.prompt));
    t->lasts = duration(w, t->seed);
    t->timer.run = on_time;
    t->timer.arg = t;
    t->links = true;
    t->picture_count = t->order.n * (1 + t->order.drafts);
    t->pictures = must_alloc((size_t)t->picture_count * sizeof *t->pictures);
    for (int i = 0; i < t->picture_count; i++)
        t->pictures[i] = (struct picture){.task = t, .index = i};
    remember(&w->tasks, t);
    begin(t);
    if (fault)
        task_strike(t, fault);
    bill_charge(w, t->order.prompt, t->order.n, t->order.n * t->order.price);
    return t;
}

struct task *tasks_by_business_id(const struct world *w, const char *id)
{
    return map_get(&w->tasks.by_business_id, id);
}

struct task *tasks_find(const struct world *w, const char *id)
{
    struct task *t = map_get(&w->tasks.by_id, id);
    return t ? t : tasks_by_business_id(w, id);
}

struct picture *tasks_picture(const struct world *w, const char *path)
{
    return map_get(&w->tasks.by_path, path);
}

bool task_expired(const struct task *t)
{
    return (double)(clock_wall() - t->completed) >= t->w->set.expiry * 1000;
}

void tasks_release(struct world *w)
{
    for (size_t i = 0; i < w->tasks.count; i++)
        if (w->tasks.all[i]->held) {
            unhold(w->tasks.all[i]);
            begin(w->tasks.all[i]);
        }
}

static int progress(const struct task *t)
{
    if (t->state != TASK_RUNNING)
        return t->state == TASK_COMPLETED ? 100 : 0;
    int64_t passed = clock_now() - t->begun;
    int percent = t->lasts ? (int)(passed * 100 / t->lasts) : 99;
    return percent < 1 ? 1 : percent > 99 ? 99 : percent;
}

static void add_result(cJSON *json, const struct task *t)
{
    const char *shape = t->w->set.result_as;
    cJSON *result = cJSON_CreateObject(), *data;

    cJSON_AddStringToObject(result, "type", "image");
    data = cJSON_AddArrayToObject(result, "data");
    for (int i = 0; i < t->order.n; i++) {
        char *url = must_print("%s%s", t->w->result_base, t->pictures[i].path);
        if (!strcmp(shape, "url") && i == 0)
            cJSON_AddStringToObject(json, "url", url);
        if (!strcmp(shape, "strings")) {
            cJSON_AddItemToArray(data, cJSON_CreateString(url));
        } else {
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "url", url);
            cJSON_AddItemToArray(data, item);
        }
        free(url);
    }
    if (!strcmp(shape, "url"))
        cJSON_Delete(result);
    else
        cJSON_AddItemToObject(json, "result", result);
}

static void add_failure(cJSON *json, const struct task *t)
{
    const char *shape = t->w->set.failure_as;
    if (!strcmp(shape, "text")) {
        cJSON_AddStringToObject(json, "error", t->failure);
    } else if (!strcmp(shape, "fail_reason")) {
        cJSON_AddStringToObject(json, "fail_reason", t->failure);
    } else {
        cJSON *error = cJSON_AddObjectToObject(json, "error");
        cJSON_AddStringToObject(error, "code", t->failure_code);
        cJSON_AddStringToObject(error, "message", t->failure);
    }
}

static bool weird(const struct task *t)
{
    return t->weird_status && (t->weird_once || !task_ended(t));
}

static const char *status_word(const struct task *t, bool fresh)
{
    if (weird(t))
        return t->weird_status;
    return fresh || t->state == TASK_QUEUED ? t->w->set.first_status : words[t->state];
}

cJSON *task_json(const struct task *t, bool fresh)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", t->id);
    if (t->order.business_id)
        cJSON_AddStringToObject(json, "client_business_id", t->order.business_id);
    cJSON_AddStringToObject(json, "object", "generation.task");
    cJSON_AddStringToObject(json, "model", t->order.model_name);
    cJSON_AddStringToObject(json, "status", status_word(t, fresh));
    cJSON_AddNumberToObject(json, "progress", fresh ? 0 : progress(t));
    cJSON_AddNumberToObject(json, "created_at", (double)(t->created / 1000));
    if (fresh)
        cJSON_AddObjectToObject(json, "metadata");
    if (!fresh && !weird(t) && t->state == TASK_COMPLETED) {
        cJSON_AddNumberToObject(json, "completed_at", (double)(t->completed / 1000));
        cJSON_AddNumberToObject(json, "expires_at", (double)(t->completed / 1000 + (int64_t)t->w->set.expiry));
        add_result(json, t);
    }
    if (!fresh && !weird(t) && t->state == TASK_FAILED)
        add_failure(json, t);
    return json;
}

static cJSON *reference_json(const struct reference *r)
{
    if (r->url)
        return cJSON_CreateString(r->url);
    cJSON *json = cJSON_CreateObject();
    if (r->name)
        cJSON_AddStringToObject(json, "name", r->name);
    cJSON_AddStringToObject(json, "mime", r->type);
    cJSON_AddNumberToObject(json, "size", (double)r->size);
    cJSON_AddStringToObject(json, "sha256", r->sha256);
    return json;
}

/* In the order of the request; the hash of what lies elsewhere is null. */
static void add_references(cJSON *json, const struct order *o)
{
    cJSON *references = cJSON_AddArrayToObject(json, "references");
    cJSON *hashes = cJSON_AddArrayToObject(json, "reference_hashes");
    for (size_t i = 0; i < o->reference_count; i++) {
        const struct reference *r = &o->references[i];
        cJSON_AddItemToArray(references, reference_json(r));
        cJSON_AddItemToArray(hashes, r->sha256[0] ? cJSON_CreateString(r->sha256) : cJSON_CreateNull());
    }
    if (o->mask)
        cJSON_AddItemToObject(json, "mask", reference_json(o->mask));
}

static cJSON *control_json(const struct task *t)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", t->id);
    cJSON_AddStringToObject(json, "wire", t->order.wire);
    if (t->order.business_id)
        cJSON_AddStringToObject(json, "client_business_id", t->order.business_id);
    cJSON_AddStringToObject(json, "prompt", t->order.prompt);
    cJSON_AddStringToObject(json, "model", t->order.model_name);
    cJSON_AddStringToObject(json, "status", words[t->state]);
    cJSON_AddBoolToObject(json, "held", t->held);
    cJSON_AddBoolToObject(json, "charged", t->state != TASK_FAILED);
    cJSON_AddNumberToObject(json, "n", t->order.n);
    cJSON_AddNumberToObject(json, "width", t->order.pixels.width);
    cJSON_AddNumberToObject(json, "height", t->order.pixels.height);
    cJSON_AddStringToObject(json, "format", t->order.format);
    cJSON_AddNumberToObject(json, "polls", (double)t->polls);
    cJSON_AddNumberToObject(json, "shortest_poll_gap_ms", (double)t->poll_gap);
    add_references(json, &t->order);
    return json;
}

cJSON *tasks_json(const struct world *w)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < w->tasks.count; i++)
        cJSON_AddItemToArray(list, control_json(w->tasks.all[i]));
    return list;
}

static void task_free(struct task *t)
{
    timer_cancel(t->w, &t->timer);
    if (t->waiter)
        sync_forget(t->waiter);
    for (int i = 0; i < t->picture_count; i++)
        free(t->pictures[i].path);
    free(t->pictures);
    order_free(&t->order);
    blob_unref(t->given);
    free(t->failure_code);
    free(t->failure);
    free(t->weird_status);
    free(t->id);
    free(t);
}

void tasks_reset(struct world *w)
{
    struct tasks *ts = &w->tasks;
    painter_forget(w);
    for (size_t i = 0; i < ts->count; i++)
        task_free(ts->all[i]);
    map_clear(&ts->by_id, NULL);
    map_clear(&ts->by_business_id, NULL);
    map_clear(&ts->by_path, NULL);
    free(ts->all);
    *ts = (struct tasks){.secret = ts->secret, .serial = ts->serial};
}
