#include "api.h"

#include "control.h"
#include "engine_wire.h"
#include "gemini_wire.h"
#include "http.h"
#include "openai_wire.h"
#include "task_wire.h"
#include "trace.h"

#include <stdbool.h>
#include <string.h>

static const struct wire *const wires[] = {&gemini_wire, &openai_wire, &engine_wire, &task_wire};
#define WIRES (sizeof wires / sizeof wires[0])

static bool begins(const char *paths, const char *path)
{
    for (const char *p = paths; p && *p; p += strcspn(p, " "), p += *p == ' ')
        if (!strncmp(path, p, strcspn(p, " ")))
            return true;
    return !paths;
}

static const struct wire *wire_of(const char *path)
{
    size_t i = 0;
    while (i + 1 < WIRES && !begins(wires[i]->paths, path))
        i++;
    return wires[i];
}

static bool path_fits(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    return pattern[length - 1] == '/' ? !strncmp(path, pattern, length) && path[length] : !strcmp(path, pattern);
}

/* `method` NULL: any. */
static const struct route *find(const char *method, const char *path)
{
    for (const struct route *route = wire_of(path)->routes; route->path; route++)
        if ((!method || !strcmp(route->method, method)) && path_fits(route->path, path))
            return route;
    return NULL;
}

enum fault_event api_event(const char *method, const char *path)
{
    const struct route *route = find(method, path);
    return route ? route->event : ON_OTHER;
}

void api_error(struct request *r, int status, const char *code, const char *message)
{
    wire_of(r->path)->error(r, status, code, message);
}

void api_route(struct request *r)
{
    if (!strncmp(r->path, "/control/", 9)) {
        control_route(r);
        return;
    }
    trace_request(r);
    const struct route *route = find(r->method, r->path);
    if (route)
        route->run(r);
    else if (find(NULL, r->path))
        api_error(r, 405, NULL, "Method not allowed");
    else
        api_error(r, 404, NULL, "Invalid URL");
}
