#include "api.h"

#include "control.h"
#include "http.h"
#include "task_wire.h"
#include "trace.h"

#include <stdbool.h>
#include <string.h>

static const struct route *const wires[] = {task_wire_routes};

static bool path_fits(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    return pattern[length - 1] == '/' ? !strncmp(path, pattern, length) && path[length] : !strcmp(path, pattern);
}

/* `method` NULL: any. */
static const struct route *find(const char *method, const char *path)
{
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++)
        for (const struct route *route = wires[i]; route->path; route++)
            if ((!method || !strcmp(route->method, method)) && path_fits(route->path, path))
                return route;
    return NULL;
}

enum fault_event api_event(const char *method, const char *path)
{
    const struct route *route = find(method, path);
    return route ? route->event : ON_OTHER;
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
        answer_error(&r->answer, 405, NULL, NULL, "Method not allowed");
    else
        answer_error(&r->answer, 404, NULL, NULL, "Invalid URL");
}
