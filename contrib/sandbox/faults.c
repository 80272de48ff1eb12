#include "faults.h"

#include "answer.h"
#include "api.h"
#include "bill.h"
#include "blob.h"
#include "clock.h"
#include "http.h"
#include "pictures.h"
#include "world.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char *const events[] = {
    [ON_SUBMIT] = "submit", [ON_POLL] = "poll", [ON_UPLOAD] = "upload",
    [ON_DOWNLOAD] = "download", [ON_OTHER] = "other", [ON_ANY] = "any",
};

/* `accepted`: the request is carried out unless the rule says otherwise. */
static const struct {
    const char *name;
    bool accepted;
} kinds[] = {
    [FAULT_STATUS] = {"status", false},
    [FAULT_DELAY] = {"delay", true},
    [FAULT_HANG] = {"hang", true},
    [FAULT_DROP_BEFORE] = {"drop_before", false},
    [FAULT_DROP_AFTER] = {"drop_after", true},
    [FAULT_DROP_MID] = {"drop_mid", true},
    [FAULT_FAIL_TASK] = {"fail_task", true},
    [FAULT_TRUNCATE] = {"truncate", true},
    [FAULT_WRONG_LENGTH] = {"wrong_length", true},
    [FAULT_HTML] = {"html", false},
    [FAULT_REDIRECT] = {"redirect", false},
    [FAULT_WRONG_TYPE] = {"wrong_type", true},
    [FAULT_BYTES] = {"bytes", true},
    [FAULT_UNKNOWN_STATUS] = {"unknown_status", true},
    [FAULT_HOLD] = {"hold", true},
    [FAULT_CLOSE_REUSED] = {"close_after_read_on_reused", false},
    [FAULT_CHUNKED] = {"chunked", true},
    [FAULT_DRIP] = {"drip", true},
    [FAULT_ERROR_IN_200] = {"error_in_200", false},
    [FAULT_FINISH] = {"finish", true},
    [FAULT_BLOCK] = {"block", true},
    [FAULT_NO_IMAGE] = {"no_image", true},
    [FAULT_DRAFT_ONLY] = {"draft_only", true},
    [FAULT_BAD_BASE64] = {"bad_base64", true},
    [FAULT_SHORT_BASE64] = {"short_base64", true},
    [FAULT_PARTIAL] = {"partial", true},
    [FAULT_SNAKE] = {"snake", true},
    [FAULT_ESCAPED] = {"escaped", true},
};
#define KINDS (sizeof kinds / sizeof kinds[0])
#define EVENTS (sizeof events / sizeof events[0])

static double number_of(const cJSON *rule, const char *name, double otherwise)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(rule, name);
    return cJSON_IsNumber(n) ? n->valuedouble : otherwise;
}

static const char *text_of(const cJSON *rule, const char *name)
{
    const cJSON *t = cJSON_GetObjectItemCaseSensitive(rule, name);
    return cJSON_IsString(t) ? t->valuestring : NULL;
}

const char *fault_text(const struct fault *f, const char *name)
{
    return f ? text_of(f->rule, name) : NULL;
}

double fault_number(const struct fault *f, const char *name, double otherwise)
{
    return f ? number_of(f->rule, name, otherwise) : otherwise;
}

bool faults_add(struct faults *faults, const cJSON *rule, char **why)
{
    const char *on = text_of(rule, "on"), *kind = text_of(rule, "do");
    size_t e = 0, k = 0;

    while (e < EVENTS && strcmp(events[e], on ? on : "any"))
        e++;
    while (k < KINDS && (!kind || !kinds[k].name || strcmp(kinds[k].name, kind)))
        k++;
    if (e == EVENTS || k == KINDS) {
        *why = e == EVENTS ? must_print("no such \"on\": %s", on) : must_print("no such \"do\": %s", kind ? kind : "(none)");
        return false;
    }
    struct fault *f = must_alloc(sizeof *f), **end = &faults->first;
    const cJSON *accepted = cJSON_GetObjectItemCaseSensitive(rule, "accepted");
    f->on = (enum fault_event)e;
    f->kind = (enum fault_kind)k;
    f->accepted = cJSON_IsBool(accepted) ? cJSON_IsTrue(accepted) : kinds[k].accepted;
    f->skip = (long)number_of(rule, "skip", 0);
    f->count = (long)number_of(rule, "count", 1);
    f->seconds = number_of(rule, "seconds", 0);
    f->share = number_of(rule, "share", 1);
    f->match = text_of(rule, "match") ? must_dup(text_of(rule, "match")) : NULL;
    f->rule = cJSON_Duplicate(rule, true);
    while (*end)
        end = &(*end)->next;
    *end = f;
    return true;
}

static bool matches(const struct fault *f, enum fault_event on, const char *path, const char *prompt, bool reused)
{
    if (f->on != on && f->on != ON_ANY)
        return false;
    if (f->kind == FAULT_CLOSE_REUSED && !reused)
        return false;
    return !f->match || strstr(path, f->match) || (prompt && strstr(prompt, f->match));
}

static struct fault *copy(const struct fault *f)
{
    struct fault *c = must_alloc(sizeof *c);
    *c = *f;
    c->next = NULL;
    c->match = NULL;
    c->rule = cJSON_Duplicate(f->rule, true);
    return c;
}

/* The dice are thrown once for each rule and event; the rows of numbers are the same in every run.  A rule
 * that can strike early has had its throw when the rest of the request is there. */
static bool luck(struct faults *faults, const struct fault *f, bool early)
{
    if (!early && f->kind == FAULT_DROP_BEFORE && !f->match && f->share < 1)
        return false;
    return f->share >= 1 || (double)(mix64(++faults->dice) >> 11) < f->share * 0x1p53;
}

struct fault *faults_take(struct world *w, enum fault_event on, const char *path, const char *prompt, bool reused, bool early)
{
    for (struct fault *f = w->faults.first; f; f = f->next) {
        if (!f->count || (early && f->kind != FAULT_DROP_BEFORE) || !matches(f, on, path, prompt, reused))
            continue;
        if (f->skip > 0) {
            f->skip--;
            continue;
        }
        if (!luck(&w->faults, f, early))
            continue;
        if (f->count > 0)
            f->count--;
        f->struck++;
        bill_count(w, TALLY_FAULTS);
        return copy(f);
    }
    return NULL;
}

void fault_free(struct fault *f)
{
    if (!f)
        return;
    free(f->match);
    cJSON_Delete(f->rule);
    free(f);
}

static void wrap(struct answer *a)
{
    char *text = must_print("[%.*s]", (int)a->body->size, (const char *)a->body->data);
    answer_set(a, a->status, a->type, blob_take(text, strlen(text)));
}

static void set_status(struct request *r, const struct fault *f, int status)
{
    struct answer *a = &r->answer;
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(f->rule, "body");
    char *json = body && !cJSON_IsString(body) ? cJSON_PrintUnformatted(body) : NULL;

    status = (int)number_of(f->rule, "status", status);
    api_error(r, status, fault_text(f, "code"), fault_text(f, "message"));
    if (body) {
        const char *text = json ? json : body->valuestring;
        answer_set(a, status, text[0] == '<' ? "text/html" : "application/json", blob_text(text));
    }
    cJSON_free(json);
    const char *around = fault_text(f, "wrap");
    if (around && !strcmp(around, "array") && a->body)
        wrap(a);
}

static void set_html(struct answer *a, const struct fault *f)
{
    static const char page[] = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
                               "<body><h1>Checking your browser</h1></body></html>\n";
    answer_set(a, (int)number_of(f->rule, "status", 200), "text/html; charset=UTF-8", blob_text(page));
}

/* The framing is right, the picture in it is not whole. */
static void cut_body(struct answer *a, const struct fault *f)
{
    answer_join(a);
    if (!a->body)
        return;
    double wanted = number_of(f->rule, "length", (double)(a->body->size / 2));
    size_t size = wanted < (double)a->body->size ? (size_t)wanted : a->body->size;
    answer_set(a, a->status, a->type, blob_copy(a->body->data, size));
}

void fault_bytes(struct answer *a, const struct fault *f)
{
    const char *text = fault_text(f, "bytes");
    size_t length = text ? strlen(text) : 0;
    unsigned char *bytes = must_alloc(length + 1);
    int size = length ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length) : 0;

    while (size > 0 && length && text[length - 1] == '=')
        size--, length--;
    answer_set(a, 200, picture_type(bytes, size > 0 ? (size_t)size : 0), blob_take(bytes, size > 0 ? (size_t)size : 0));
}

static void set_wrong_type(struct answer *a, const struct fault *f)
{
    if (!fault_text(f, "content_type"))
        a->type = a->type && !strcmp(a->type, "image/png") ? "image/jpeg" : "image/png";
}

static void hang(struct request *r)
{
    request_park(r, request_hang_up, 0);
    r->hanging = true;
    r->w->hanging++;
    bill_count(r->w, TALLY_HUNG);
}

/* Literals and header values live as long as the answer; a rule's text must be kept there too. */
static void set_extras(struct request *r, const struct fault *f)
{
    struct answer *a = &r->answer;
    const char *type = fault_text(f, "content_type");
    const cJSON *header;

    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(f->rule, "headers"))
        if (cJSON_IsString(header))
            answer_header(a, header->string, header->valuestring);
    if (type && (a->body || a->pieces) && !(r->sync && f->kind == FAULT_WRONG_TYPE)) {
        answer_header(a, "Content-Type", type);
        a->type = NULL;
    }
}

static void mangle(struct request *r, const struct fault *f)
{
    struct answer *a = &r->answer;
    bool reset = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(f->rule, "reset"));

    if (!a->status)             /* not carried out */
        api_error(r, 500, NULL, NULL);
    switch (f->kind) {
    case FAULT_STATUS: set_status(r, f, 500); break;
    case FAULT_ERROR_IN_200:
        set_status(r, f, 429);
        a->status = 200;
        break;
    case FAULT_HTML: set_html(a, f); break;
    case FAULT_DROP_BEFORE:
    case FAULT_DROP_AFTER:
    case FAULT_CLOSE_REUSED: a->delivery = reset ? DELIVER_RESET : DELIVER_CLOSE; break;
    case FAULT_DROP_MID: a->delivery = DELIVER_HALF_RESET; break;
    case FAULT_TRUNCATE: a->delivery = DELIVER_HALF_CLOSE; break;
    case FAULT_WRONG_LENGTH: cut_body(a, f); break;
    case FAULT_WRONG_TYPE:
        if (!r->sync)               /* there the reply has said it */
            set_wrong_type(a, f);
        break;
    case FAULT_BYTES:
        if (f->on != ON_SUBMIT)     /* there it struck the task */
            fault_bytes(a, f);
        break;
    case FAULT_CHUNKED: a->delivery = DELIVER_CHUNKED; break;
    case FAULT_DRIP:
        a->delivery = DELIVER_DRIP;
        a->seconds = f->seconds > 0 ? f->seconds : 1;
        break;
    case FAULT_REDIRECT:
        answer_set(a, (int)number_of(f->rule, "status", 302), "text/plain", blob_text(""));
        answer_header(a, "Location", fault_text(f, "location") ? fault_text(f, "location") : "/");
        break;
    case FAULT_NONE:
    case FAULT_FINISH:
    case FAULT_BLOCK:
    case FAULT_NO_IMAGE:
    case FAULT_DRAFT_ONLY:
    case FAULT_BAD_BASE64:
    case FAULT_SHORT_BASE64:
    case FAULT_PARTIAL:
    case FAULT_SNAKE:
    case FAULT_ESCAPED:
    case FAULT_DELAY:
    case FAULT_HANG:
    case FAULT_FAIL_TASK:
    case FAULT_UNKNOWN_STATUS:
    case FAULT_HOLD: break;
    }
    set_extras(r, f);
}

void fault_apply(struct request *r, struct fault *f)
{
    mangle(r, f);
    if (f->kind == FAULT_HANG)
        hang(r);
    else if (f->seconds > 0 && f->kind != FAULT_DRIP)
        request_park(r, request_ready, clock_now() + 1 + (int64_t)(f->seconds * 1000));
    fault_free(f);
}

cJSON *faults_json(const struct faults *faults)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct fault *f = faults->first; f; f = f->next) {
        cJSON *entry = cJSON_Duplicate(f->rule, true);
        cJSON_AddNumberToObject(entry, "struck", (double)f->struck);
        cJSON_AddNumberToObject(entry, "left", (double)f->count);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

void faults_clear(struct faults *faults)
{
    for (struct fault *f = faults->first, *next; f; f = next) {
        next = f->next;
        fault_free(f);
    }
    faults->first = NULL;
}
