#include "trace.h"

#include "blob.h"
#include "http.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_KEPT (256u << 10)

static const char *const secret_headers[] = {"Authorization", "x-goog-api-key", "Cookie"};

static bool is_secret(const char *name)
{
    for (size_t i = 0; i < sizeof secret_headers / sizeof secret_headers[0]; i++)
        if (!strcasecmp(name, secret_headers[i]))
            return true;
    return false;
}

static void add_header(const char *name, const char *value, void *arg)
{
    if (!is_secret(name)) {
        cJSON_AddStringToObject(arg, name, value);
        return;
    }
    const char *blank = strchr(value, ' ');
    char *masked = must_print("%.*s…", blank ? (int)(blank - value + 1) : 0, value);
    cJSON_AddStringToObject(arg, name, masked);
    free(masked);
}

/* A body that is no text, or long, is represented by its size alone. */
static void add_body(cJSON *entry, const struct request *r)
{
    cJSON_AddNumberToObject(entry, "body_size", (double)r->size);
    if (r->size && r->size <= BODY_KEPT && !memchr(r->body, 0, r->size))
        cJSON_AddStringToObject(entry, "body", (const char *)r->body);
}

static void make_room(struct world *w)
{
    struct trace *t = &w->trace;
    size_t wanted = (size_t)w->set.log_size;
    if (t->room == wanted)
        return;
    trace_reset(t);
    t->ring = must_alloc(wanted * sizeof *t->ring);
    t->room = wanted;
}

void trace_request(struct request *r)
{
    struct trace *t = &r->w->trace;
    cJSON *entry = cJSON_CreateObject();

    make_room(r->w);
    r->trace = ++t->next;
    cJSON_AddNumberToObject(entry, "number", (double)r->trace);
    cJSON_AddStringToObject(entry, "method", r->method);
    cJSON_AddStringToObject(entry, "path", r->path);
    cJSON_AddStringToObject(entry, "listener", r->listener->name);
    cJSON_AddNumberToObject(entry, "port", r->listener->port);
    cJSON_AddNumberToObject(entry, "connection", (double)r->peer->id);
    cJSON_AddNumberToObject(entry, "on_connection", r->peer->requests);
    cJSON_AddNumberToObject(entry, "arrived_ms", (double)r->arrived);
    cJSON_AddBoolToObject(entry, "authorization", request_header(r, "Authorization") != NULL);
    request_each_header(r, add_header, cJSON_AddObjectToObject(entry, "headers"));
    add_body(entry, r);
    cJSON **slot = &t->ring[r->trace % t->room];
    cJSON_Delete(*slot);
    *slot = entry;
}

static cJSON *entry_of(const struct request *r)
{
    const struct trace *t = &r->w->trace;
    if (!r->trace || !t->room || r->trace > t->next || r->trace + t->room <= t->next)
        return NULL;
    cJSON *entry = t->ring[r->trace % t->room];
    const cJSON *number = cJSON_GetObjectItem(entry, "number");
    return number && (unsigned long)number->valuedouble == r->trace ? entry : NULL;
}

void trace_note(struct request *r, const char *name, cJSON *value)
{
    cJSON *entry = entry_of(r);
    if (entry)
        cJSON_AddItemToObject(entry, name, value);
    else
        cJSON_Delete(value);
}

void trace_reply(struct request *r, int status, const char *how)
{
    if (status)
        trace_note(r, "status", cJSON_CreateNumber(status));
    if (how)
        trace_note(r, "reply", cJSON_CreateString(how));
}

cJSON *trace_json(const struct world *w)
{
    const struct trace *t = &w->trace;
    cJSON *list = cJSON_CreateArray();
    unsigned long from = t->next > t->room ? t->next - t->room : 0;
    for (unsigned long i = from + 1; t->room && i <= t->next; i++)
        if (t->ring[i % t->room])
            cJSON_AddItemToArray(list, cJSON_Duplicate(t->ring[i % t->room], true));
    return list;
}

void trace_reset(struct trace *t)
{
    for (size_t i = 0; i < t->room; i++)
        cJSON_Delete(t->ring[i]);
    free(t->ring);
    t->ring = NULL;
    t->room = 0;
}
