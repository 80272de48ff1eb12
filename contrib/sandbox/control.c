#include "control.h"

#include "blob.h"
#include "http.h"
#include "trace.h"
#include "world.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_SECONDS 10

static void fail(struct request *r, int status, const char *message)
{
    answer_error(&r->answer, status, NULL, NULL, message);
}

static void good(struct request *r)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "ok", true);
    answer_json(&r->answer, 200, json);
}

static void bill(struct request *r)
{
    const char *tasks = request_argument(r, "tasks");
    cJSON *json = bill_json(r->w);
    if (!tasks || strcmp(tasks, "0"))
        cJSON_AddItemToObject(json, "tasks", tasks_json(r->w));
    answer_json(&r->answer, 200, json);
}

static void tasks(struct request *r)
{
    answer_json(&r->answer, 200, tasks_json(r->w));
}

static void requests(struct request *r)
{
    answer_json(&r->answer, 200, trace_json(r->w));
}

static void settings(struct request *r)
{
    answer_json(&r->answer, 200, settings_json(&r->w->set));
}

static void change_settings(struct request *r)
{
    char *why = NULL;
    if (settings_set_json(&r->w->set, r->json, &why))
        settings(r);
    else
        fail(r, 400, why);
    free(why);
}

static void list_faults(struct request *r)
{
    answer_json(&r->answer, 200, faults_json(&r->w->faults));
}

static void add_fault(struct request *r)
{
    char *why = NULL;
    if (faults_add(&r->w->faults, r->json, &why))
        good(r);
    else
        fail(r, 400, why);
    free(why);
}

static void clear_faults(struct request *r)
{
    faults_clear(&r->w->faults);
    good(r);
}

static void release(struct request *r)
{
    tasks_release(r->w);
    good(r);
}

static void finish(struct request *r)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(r->json, "id");
    bool all = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->json, "all"));
    struct task *t = cJSON_IsString(id) ? tasks_find(r->w, id->valuestring) : NULL;

    if (!all && !t) {
        fail(r, 404, "finish wants {\"id\":…} of a task, or {\"all\":true}");
        return;
    }
    for (size_t i = 0; all && i < r->w->tasks.count; i++)
        task_finish(r->w->tasks.all[i]);
    if (t)
        task_finish(t);
    good(r);
}

static void reset(struct request *r)
{
    struct world *w = r->w;
    for (struct request *p = w->parked; p; p = p->later) {
        p->next = request_hang_up;
        p->picture = NULL;
    }
    request_wake_all(w);
    tasks_reset(w);
    uploads_reset(&w->uploads);
    faults_clear(&w->faults);
    trace_reset(&w->trace);
    bill_reset(&w->bill);
    limits_reset(&w->submits);
    limits_reset(&w->queries);
    good(r);
}

struct wanted {
    const struct world *w;
    bool reached, known;
};

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct wanted *wanted = cls;
    long has = bill_named(wanted->w, name);
    (void)kind;
    if (!strcmp(name, "timeout"))
        return MHD_YES;
    if (has < 0 || !value)
        wanted->known = false;
    else if (has < atol(value))
        wanted->reached = false;
    return MHD_YES;
}

static struct wanted look_at(struct request *r)
{
    struct wanted wanted = {r->w, true, true};
    MHD_get_connection_values(r->mhd, MHD_GET_ARGUMENT_KIND, look, &wanted);
    return wanted;
}

/* A `next`: ends the call, or parks it (again). */
static void wait_on(struct request *r)
{
    struct wanted wanted = look_at(r);
    int64_t now = clock_now();

    if (!r->until) {
        const char *timeout = request_argument(r, "timeout");
        r->until = now + (int64_t)((timeout ? atof(timeout) : WAIT_SECONDS) * 1000);
        r->w->waiting++;
    }
    if (wanted.known && !wanted.reached && now < r->until) {
        request_park(r, wait_on, r->until);
        return;
    }
    r->w->waiting--;
    if (!wanted.known) {
        fail(r, 400, "wait knows the names of /control/bill, submits, and timeout");
        return;
    }
    cJSON *json = bill_totals(r->w);
    cJSON_AddBoolToObject(json, "reached", wanted.reached);
    answer_json(&r->answer, wanted.reached ? 200 : 408, json);
}

void control_wake_waiters(struct world *w)
{
    if (!w->waiting)
        return;
    for (struct request *r = w->parked, *next; r; r = next) {
        next = r->later;
        if (r->next == wait_on && look_at(r).reached)
            request_wake(r);
    }
}

static const struct {
    const char *method, *path;
    void (*call)(struct request *r);
    bool wants_json;
} calls[] = {
    {"GET", "/control/bill", bill, false},
    {"GET", "/control/tasks", tasks, false},
    {"GET", "/control/requests", requests, false},
    {"GET", "/control/settings", settings, false},
    {"POST", "/control/settings", change_settings, true},
    {"GET", "/control/faults", list_faults, false},
    {"POST", "/control/faults", add_fault, true},
    {"DELETE", "/control/faults", clear_faults, false},
    {"POST", "/control/release", release, false},
    {"POST", "/control/finish", finish, true},
    {"POST", "/control/reset", reset, false},
    {"GET", "/control/wait", wait_on, false},
};

void control_route(struct request *r)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].method, r->method) || strcmp(calls[i].path, r->path))
            continue;
        r->json = calls[i].wants_json && r->body ? cJSON_Parse((const char *)r->body) : NULL;
        if (calls[i].wants_json && !cJSON_IsObject(r->json))
            fail(r, 400, "this call wants a JSON object");
        else
            calls[i].call(r);
        return;
    }
    fail(r, 404, "no such control call");
}
