#include "sync.h"

#include "api.h"
#include "blob.h"
#include "encoding.h"
#include "http.h"
#include "painter.h"
#include "world.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Stands in the printed JSON where a picture belongs: cJSON escapes it in every text. */
#define MARK '\x02'

static bool refused(const struct sync *s)
{
    return s->kind == FAULT_FINISH || s->kind == FAULT_BLOCK;
}

int sync_shown(const struct sync *s)
{
    int n = s->task->order.n, some = (int)fault_number(s->fault, "length", 1);
    if (refused(s) || s->kind == FAULT_NO_IMAGE || s->kind == FAULT_DRAFT_ONLY)
        return 0;
    return s->kind == FAULT_PARTIAL && some < n ? some : n;
}

static bool needed(const struct sync *s, int i)
{
    const struct task *t = s->task;
    return i < t->order.n ? i < sync_shown(s) : s->kind != FAULT_NO_IMAGE && !refused(s);
}

static bool complete(const struct sync *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (needed(s, (int)i) && !s->base64[i])
            return false;
    return true;
}

/* What is there at once; the rest is asked for. */
static void gather(struct request *r)
{
    struct sync *s = r->sync;
    for (size_t i = 0; i < s->count; i++) {
        if (!needed(s, (int)i) || s->base64[i])
            continue;
        if (s->task->given)
            s->base64[i] = base64_encode(s->task->given);
        else if (r->w->set.canned)
            s->base64[i] = blob_ref(painter_canned_base64(r->w));
        else
            painter_ask(r->w, &s->task->pictures[i]);
    }
}

void sync_painted(struct picture *p, struct blob *base64)
{
    struct request *r = p->task->waiter;
    if (!r || r->sync->base64[p->index])
        return;
    r->sync->base64[p->index] = blob_ref(base64);
    if (complete(r->sync))
        request_wake(r);
}

static void fail(struct request *r, const struct task *t)
{
    int status = (int)fault_number(r->fault, "status", 500);
    api_error(r, status, fault_text(r->fault, "code"), t->failure);
}

/* A `next`. */
static void go_on(struct request *r)
{
    struct sync *s = r->sync;
    struct task *t = s->task;

    if (!t) {
        request_hang_up(r);
        return;
    }
    if (task_ended(t) && !s->links && t->state == TASK_COMPLETED)
        gather(r);
    if (!task_ended(t) || (!s->links && t->state == TASK_COMPLETED && !complete(s))) {
        request_park(r, go_on, 0);
        return;
    }
    if (t->state == TASK_FAILED && !refused(s)) {
        fail(r, t);
    } else {
        if (s->kind == FAULT_PARTIAL)
            bill_rebate(r->w, (t->order.n - sync_shown(s)) * t->order.price);
        s->reply(r);
    }
    order_drop_bytes(&t->order);
}

void sync_begin(struct request *r, struct order *o, bool links, void (*reply)(struct request *r))
{
    struct sync *s = must_alloc(sizeof *s);
    struct task *t = tasks_accept(r->w, o, r->fault);

    *s = (struct sync){.task = t, .links = links, .reply = reply, .fault = r->fault, .count = (size_t)t->picture_count};
    s->kind = r->fault ? r->fault->kind : FAULT_NONE;
    s->base64 = must_alloc(s->count * sizeof *s->base64);
    s->named = must_alloc(s->count * sizeof *s->named);
    t->fail_at_end = t->fail_at_end || refused(s);
    t->links = links;
    t->waiter = r;
    for (int i = 0; i < t->picture_count; i++)
        t->pictures[i].base64 = !links;
    if (r->w->set.canned)
        order_drop_bytes(&t->order);
    free(r->body);
    r->body = NULL;
    r->sync = s;
    request_park(r, go_on, 0);
}

static struct blob *cut(const struct blob *from, size_t size)
{
    return blob_copy(from->data, size < from->size ? size : from->size);
}

static struct blob *spoil(const struct blob *from)
{
    struct blob *b = blob_copy(from->data, from->size);
    if (b->size)
        b->data[b->size / 2] = '!';
    return b;
}

/* As JSON allows it: \/ for a slash and \u002b for a plus. */
static struct blob *escape(const struct blob *from)
{
    unsigned char *to = must_alloc(from->size * 6), *p = to;
    for (size_t i = 0; i < from->size; i++) {
        const char *as = from->data[i] == '/' ? "\\/" : from->data[i] == '+' ? "\\u002b" : NULL;
        if (as)
            p = mempcpy(p, as, strlen(as));
        else
            *p++ = from->data[i];
    }
    return blob_take(to, (size_t)(p - to));
}

static struct blob *spoken(const struct sync *s, struct blob *base64)
{
    size_t half = base64->size / 2;
    switch (s->kind) {
    case FAULT_BAD_BASE64: return spoil(base64);
    case FAULT_SHORT_BASE64: return cut(base64, (size_t)fault_number(s->fault, "length", (double)(half - half % 4 + 2)));
    case FAULT_ESCAPED: return escape(base64);
    default: return blob_ref(base64);
    }
}

static cJSON *name_picture(struct sync *s, size_t i)
{
    static const char raw[] = {'"', MARK, '"', 0};
    s->named[s->named_count++] = spoken(s, s->base64[i]);
    return cJSON_CreateRaw(raw);
}

cJSON *sync_picture(struct request *r, int i)
{
    return name_picture(r->sync, (size_t)i);
}

cJSON *sync_draft(struct request *r, int i, int d)
{
    const struct order *o = &r->sync->task->order;
    return name_picture(r->sync, (size_t)(o->n + i * o->drafts + d));
}

const char *sync_type(const struct request *r)
{
    const struct sync *s = r->sync;
    const struct task *t = s->task;
    const char *type = t->given_type ? t->given_type : r->w->set.canned || !strcmp(t->order.format, "png") ? "image/png" :
                       !strcmp(t->order.format, "jpeg") ? "image/jpeg" : "image/webp";
    if (s->kind != FAULT_WRONG_TYPE)
        return type;
    const char *lie = fault_text(s->fault, "content_type");
    return lie ? lie : !strcmp(type, "image/png") ? "image/jpeg" : "image/png";
}

/* responseId becomes response_id. */
static void snake_keys(cJSON *json)
{
    cJSON *child;
    cJSON_ArrayForEach(child, json) {
        snake_keys(child);
        if (!child->string)
            continue;
        char *name = must_alloc(strlen(child->string) * 2 + 1), *to = name;
        for (const char *p = child->string; *p; p++) {
            if (isupper((unsigned char)*p))
                *to++ = '_';
            *to++ = (char)tolower((unsigned char)*p);
        }
        free(child->string);
        child->string = name;
    }
}

/* The text between the marks, and the pictures in their places. */
static void split(struct request *r, int status, const char *text)
{
    struct sync *s = r->sync;
    struct blob **pieces = must_alloc((2 * s->named_count + 1) * sizeof *pieces);
    size_t count = 0;

    for (size_t i = 0;; i++) {
        size_t length = strcspn(text, (const char[]){MARK, 0});
        pieces[count++] = blob_copy(text, length);
        if (i == s->named_count)
            break;
        pieces[count++] = s->named[i];
        text += length + 1;
    }
    s->named_count = 0;
    answer_pieces(&r->answer, status, "application/json", pieces, count);
}

void sync_answer(struct request *r, int status, cJSON *json)
{
    if (r->sync->kind == FAULT_SNAKE)
        snake_keys(json);
    char *text = cJSON_PrintUnformatted(json);
    if (!text)
        abort();
    split(r, status, text);
    cJSON_free(text);
    cJSON_Delete(json);
}

void sync_forget(struct request *r)
{
    r->sync->task = NULL;
}

void sync_end(struct request *r)
{
    struct sync *s = r->sync;
    if (!s)
        return;
    if (s->task)
        s->task->waiter = NULL;
    for (size_t i = 0; i < s->count; i++)
        blob_unref(s->base64[i]);
    for (size_t i = 0; i < s->named_count; i++)
        blob_unref(s->named[i]);
    free(s->base64);
    free(s->named);
    free(s);
    r->sync = NULL;
}
