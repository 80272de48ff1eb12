#include "results.h"

#include "blob.h"
#include "http.h"
#include "painter.h"
#include "pictures.h"
#include "trace.h"
#include "world.h"

#include <string.h>

static void plain(struct request *r, int status, const char *text)
{
    answer_set(&r->answer, status, "text/plain", blob_text(text));
}

static void send_bytes(struct request *r, struct blob *bytes, const char *type)
{
    answer_set(&r->answer, 200, type ? type : "application/octet-stream", bytes);
    answer_header(&r->answer, "Cache-Control", "public, max-age=86400");
}

static void serve_upload(struct request *r)
{
    const struct upload *u = upload_find(r->w, r->path);
    struct blob *bytes = u ? upload_read(r->w, u) : NULL;
    bill_count(r->w, TALLY_REFERENCE_READS);
    if (bytes)
        send_bytes(r, bytes, u->type);
    else
        plain(r, 404, "no such file\n");
}

static void serve_picture(struct request *r)
{
    struct world *w = r->w;
    struct picture *p = tasks_picture(w, r->path);

    bill_count(w, TALLY_DOWNLOADS);
    if (!p) {
        plain(r, 404, "no such file\n");
    } else if (task_expired(p->task)) {
        plain(r, (int)w->set.expired_status, "this URL has expired\n");
    } else if (p->task->given) {
        send_bytes(r, blob_ref(p->task->given), p->task->given_type);
    } else if (w->set.canned) {
        send_bytes(r, blob_ref(painter_canned(w)), "image/png");
    } else if (p->bytes) {
        send_bytes(r, blob_ref(p->bytes), picture_type(p->bytes->data, p->bytes->size));
    } else {
        r->picture = p;
        painter_ask(w, p);
        request_park(r, request_ready, 0);
    }
}

enum fault_event results_event(const char *method, const char *path)
{
    (void)method;
    return !strncmp(path, "/generated/", 11) ? ON_DOWNLOAD : ON_OTHER;
}

void results_route(struct request *r)
{
    const struct picture *p = tasks_picture(r->w, r->path);

    trace_request(r);
    if (request_header(r, "Authorization") || request_header(r, "x-goog-api-key")) {
        bill_count(r->w, TALLY_LEAKED_KEYS);
        plain(r, 400, "this host must never be shown a key\n");
    } else if (strcmp(r->method, "GET") && strcmp(r->method, "HEAD")) {
        plain(r, 405, "only GET\n");
    } else if (!strncmp(r->path, "/uploads/", 9)) {
        request_serve(r, ON_OTHER, NULL, serve_upload);
    } else {
        request_serve(r, ON_DOWNLOAD, p ? p->task->order.prompt : NULL, serve_picture);
    }
}
