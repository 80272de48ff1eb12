#include "http.h"

#include "api.h"
#include "blob.h"
#include "deliver.h"
#include "fields.h"
#include "sync.h"
#include "trace.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (64u << 20)

static atomic_ulong last_peer;

static void on_timer(struct world *w, void *arg)
{
    (void)w;
    request_wake(arg);
}

void request_park(struct request *r, void (*next)(struct request *r), int64_t due)
{
    struct world *w = r->w;
    r->next = next;
    r->parked = true;
    r->later = w->parked;
    r->earlier = &w->parked;
    if (r->later)
        r->later->earlier = &r->later;
    w->parked = r;
    if (due)
        timer_set(w, &r->timer, due);
    MHD_suspend_connection(r->mhd);
}

static void unlink_parked(struct request *r)
{
    if (!r->parked)
        return;
    r->parked = false;
    *r->earlier = r->later;
    if (r->later)
        r->later->earlier = r->earlier;
    timer_cancel(r->w, &r->timer);
    r->w->hanging -= r->hanging;
    r->hanging = false;
}

void request_wake(struct request *r)
{
    if (!r->parked)
        return;
    unlink_parked(r);
    MHD_resume_connection(r->mhd);
}

void request_wake_all(struct world *w)
{
    while (w->parked)
        request_wake(w->parked);
}

void request_hang_up(struct request *r)
{
    r->answer.delivery = DELIVER_CLOSE;
}

void request_ready(struct request *r)
{
    (void)r;
}

void request_serve(struct request *r, enum fault_event on, const char *prompt, void (*handle)(struct request *r))
{
    r->fault = faults_take(r->w, on, r->path, prompt, r->peer->requests > 1, false);
    if (!r->fault || r->fault->accepted)
        handle(r);
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

const char *request_argument(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_GET_ARGUMENT_KIND, name);
}

bool request_says_json(const struct request *r)
{
    const char *type = request_header(r, "Content-Type");
    return type && !strncasecmp(type, "application/json", 16) && (!type[16] || strchr("; \t", type[16]));
}

void request_parse(struct request *r)
{
    const char *end = NULL, *body = (const char *)r->body;
    if (body && utf8_count(body, r->size) >= 0)
        r->json = cJSON_ParseWithLengthOpts(body, r->size + 1, &end, true);
}

struct header_visit {
    void (*f)(const char *name, const char *value, void *arg);
    void *arg;
};

static enum MHD_Result visit_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_visit *v = cls;
    (void)kind;
    v->f(name, value ? value : "", v->arg);
    return MHD_YES;
}

void request_each_header(const struct request *r, void (*f)(const char *name, const char *value, void *arg), void *arg)
{
    struct header_visit v = {f, arg};
    MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, visit_header, &v);
}

static struct request *request_new(struct listener *l, struct MHD_Connection *c, const char *method, const char *path)
{
    struct request *r = must_alloc(sizeof *r);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    r->listener = l;
    r->w = l->w;
    r->mhd = c;
    r->peer = info->socket_context;
    r->peer->requests++;
    r->method = must_dup(method);
    r->path = must_dup(path);
    r->arrived = clock_wall();
    r->next = l->route;
    r->timer.run = on_timer;
    r->timer.arg = r;
    return r;
}

static void request_free(struct request *r)
{
    unlink_parked(r);
    sync_end(r);
    fault_free(r->fault);
    answer_clear(&r->answer);
    cJSON_Delete(r->json);
    free(r->method);
    free(r->path);
    free(r->body);
    free(r);
}

/* The head is there, the body is not: may it come? */
static enum MHD_Result request_head(struct request *r)
{
    struct world *w = r->w;
    enum fault_event on = r->listener->event(r->method, r->path);

    pthread_mutex_lock(&w->lock);
    struct fault *f = faults_take(w, on, r->path, NULL, r->peer->requests > 1, true);
    if (f) {
        f->seconds = 0;     /* parked before its body, a request could not go on */
        trace_request(r);
        fault_apply(r, f);
    }
    pthread_mutex_unlock(&w->lock);
    return f ? deliver_answer(r) : MHD_YES;
}

static void request_feed(struct request *r, const char *data, size_t size)
{
    if (r->size + size > BODY_MAX) {
        r->too_large = true;
        return;
    }
    if (r->size + size + 1 > r->room) {
        r->room = (r->size + size + 1) * 2;
        r->body = realloc(r->body, r->room);
        if (!r->body)
            abort();
    }
    memcpy(r->body + r->size, data, size);
    r->size += size;
    r->body[r->size] = 0;
}

/* All was read, or something that the request was parked for has come. */
static enum MHD_Result request_proceed(struct request *r)
{
    struct world *w = r->w;

    pthread_mutex_lock(&w->lock);
    if (w->closing)
        request_hang_up(r);
    else if (r->too_large)
        api_error(r, 413, NULL, NULL);
    else
        r->next(r);
    if (!r->parked && r->fault) {
        struct fault *f = r->fault;
        r->fault = NULL;
        fault_apply(r, f);
    }
    bool parked = r->parked;
    pthread_mutex_unlock(&w->lock);
    return parked ? MHD_YES : deliver_answer(r);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
    struct request *r = *state;
    (void)version;
    if (!r) {
        *state = r = request_new(cls, c, method, path);
        return request_head(r);
    }
    if (*size) {
        request_feed(r, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return request_proceed(r);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
    struct listener *l = cls;
    (void)c;
    (void)code;
    if (!*state)
        return;
    pthread_mutex_lock(&l->w->lock);
    request_free(*state);
    pthread_mutex_unlock(&l->w->lock);
    *state = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
{
    (void)cls;
    (void)c;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct peer *p = must_alloc(sizeof *p);
        p->id = atomic_fetch_add(&last_peer, 1) + 1;
        *context = p;
    } else {
        free(*context);
        *context = NULL;
    }
}

bool http_start(struct listener *l, unsigned port, unsigned idle_seconds)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    l->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL, NULL,
        on_request, l, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_CONNECTION_LIMIT, 8000u, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_END);
    if (!l->daemon) {
        fprintf(stderr, "easelfs-sandbox: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
        return false;
    }
    l->port = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

void http_stop(struct listener *l)
{
    if (l->daemon)
        MHD_stop_daemon(l->daemon);
    l->daemon = NULL;
}
