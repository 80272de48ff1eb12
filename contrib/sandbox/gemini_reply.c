#include "gemini_reply.h"

#include "answer.h"
#include "blob.h"
#include "gemini_models.h"
#include "http.h"
#include "order.h"
#include "sync.h"
#include "world.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RPC "type.googleapis.com/google.rpc."
#define REFERENCE_TOKENS 258
#define THOUGHT_TOKENS 210
#define SIGNATURE "c2FtcGxlLCBzaWduZWQgYnkgZWFzZWxmcy1zYW5kYm94"

static const struct {
    int status;
    const char *word, *message;
} documented[] = {
    {400, "INVALID_ARGUMENT", "Request contains an invalid argument."},
    {401, "UNAUTHENTICATED", "Request had invalid authentication credentials."},
    {403, "PERMISSION_DENIED", "The caller does not have permission"},
    {404, "NOT_FOUND", "Requested entity was not found."},
    {429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."},
    {499, "CANCELLED", "The operation was cancelled."},
    {500, "INTERNAL", "An internal error has occurred."},
    {503, "UNAVAILABLE", "The model is overloaded. Please try again later."},
    {504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."},
};

void gemini_error(struct request *r, int status, const char *word, const char *message, cJSON *details)
{
    size_t i = 0, count = sizeof documented / sizeof documented[0];
    cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");

    while (i < count && documented[i].status != status)
        i++;
    cJSON_AddNumberToObject(error, "code", status);
    cJSON_AddStringToObject(error, "message", message ? message : i < count ? documented[i].message : "Unknown error.");
    cJSON_AddStringToObject(error, "status", word ? word : i < count ? documented[i].word : "UNKNOWN");
    if (details)
        cJSON_AddItemToObject(error, "details", details);
    answer_json(&r->answer, status, json);
}

/* A list of one detail of that type; *detail is the detail. */
static cJSON *details_of(const char *type, cJSON **detail)
{
    cJSON *list = cJSON_CreateArray();
    *detail = cJSON_CreateObject();
    cJSON_AddStringToObject(*detail, "@type", type);
    cJSON_AddItemToArray(list, *detail);
    return list;
}

cJSON *gemini_reason(const char *reason)
{
    cJSON *detail, *list = details_of(RPC "ErrorInfo", &detail);
    cJSON_AddStringToObject(detail, "reason", reason);
    cJSON_AddStringToObject(detail, "domain", "googleapis.com");
    return list;
}

static cJSON *quota(const char *limit)
{
    cJSON *detail, *list = details_of(RPC "QuotaFailure", &detail), *violation = cJSON_CreateObject();
    cJSON_AddStringToObject(violation, "quotaMetric", "generativelanguage.googleapis.com/generate_content_requests");
    cJSON_AddStringToObject(violation, "quotaId", "GenerateRequestsPerMinutePerProjectPerModel");
    if (limit)
        cJSON_AddStringToObject(violation, "quotaValue", limit);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(detail, "violations"), violation);
    return list;
}

void gemini_error_limit(struct request *r, double seconds)
{
    char *message = must_print("You exceeded your current quota. Please retry in %.1fs.", seconds);
    char *delay = must_print("%.1fs", seconds);
    cJSON *retry = cJSON_CreateObject(), *list = quota(NULL);

    cJSON_AddStringToObject(retry, "@type", RPC "RetryInfo");
    cJSON_AddStringToObject(retry, "retryDelay", delay);
    cJSON_AddItemToArray(list, retry);
    gemini_error(r, 429, NULL, message, list);
    free(message);
    free(delay);
}

void gemini_error_poor(struct request *r)
{
    gemini_error(r, 429, NULL, "You exceeded your current quota, please check your plan and billing details. limit: 0", quota("0"));
}

/* As Google writes paths: generation_config.image_config. */
static char *snake(const char *path)
{
    char *text = must_alloc(strlen(path) * 2 + 1), *to = text;
    for (; *path; path++) {
        if (isupper((unsigned char)*path))
            *to++ = '_';
        *to++ = (char)tolower((unsigned char)*path);
    }
    return text;
}

/* What is wrong, and where: an unknown name is reported at its parent. */
static void describe(const struct problem *p, char **field, char **text)
{
    const char *dot = strrchr(p->param, '.');
    if (p->mistake != MISTAKE_UNKNOWN) {
        *field = snake(p->param);
        *text = must_dup(p->message);
        return;
    }
    char *parent = must_print("%.*s", dot ? (int)(dot - p->param) : 0, p->param);
    *field = snake(parent);
    *text = must_print("Invalid JSON payload received. Unknown name \"%s\"%s%s%s: Cannot find field.", dot ? dot + 1 : p->param,
                       dot ? " at '" : "", *field, dot ? "'" : "");
    free(parent);
}

void gemini_error_field(struct request *r, const struct problem *p)
{
    cJSON *detail, *list = details_of(RPC "BadRequest", &detail), *violation = cJSON_CreateObject();
    char *field, *text;

    describe(p, &field, &text);
    if (*field)
        cJSON_AddStringToObject(violation, "field", field);
    cJSON_AddStringToObject(violation, "description", text);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(detail, "fieldViolations"), violation);
    gemini_error(r, 400, NULL, text, list);
    free(field);
    free(text);
}

void gemini_error_relay(struct request *r, int status, const char *code, const char *message)
{
    cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddStringToObject(error, "type", "relay_error");
    cJSON_AddStringToObject(error, "code", code);
    answer_json(&r->answer, status, json);
}

static const cJSON *config(const struct request *r, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(r->json, "generationConfig"), name);
}

static const struct order *order_of(const struct request *r)
{
    return &r->sync->task->order;
}

static const struct gemini_model *model_of(const struct request *r)
{
    return gemini_model_find(order_of(r)->model_name, strlen(order_of(r)->model_name));
}

static bool wants_text(const struct request *r)
{
    const cJSON *list = config(r, "responseModalities"), *word;
    cJSON_ArrayForEach(word, list)
        if (!strcmp(word->valuestring, "TEXT"))
            return true;
    return !list;
}

static bool wants_thoughts(const struct request *r)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(config(r, "thinkingConfig"), "includeThoughts")) || order_of(r)->drafts;
}

static cJSON *add_part(cJSON *parts, bool thought)
{
    cJSON *part = cJSON_CreateObject();
    if (thought)
        cJSON_AddBoolToObject(part, "thought", true);
    cJSON_AddItemToArray(parts, part);
    return part;
}

static void add_picture(struct request *r, cJSON *part, cJSON *picture)
{
    cJSON *data = cJSON_AddObjectToObject(part, "inlineData");
    cJSON_AddStringToObject(data, "mimeType", sync_type(r));
    cJSON_AddItemToObject(data, "data", picture);
}

static void add_thoughts(struct request *r, cJSON *parts, int i)
{
    cJSON_AddStringToObject(add_part(parts, true), "text", "A sample needs no thought.");
    for (int d = 0; d < order_of(r)->drafts; d++)
        add_picture(r, add_part(parts, true), sync_draft(r, i, d));
}

static void add_final(struct request *r, cJSON *parts, int i)
{
    cJSON *part = add_part(parts, false);
    add_picture(r, part, sync_picture(r, i));
    if (model_of(r)->thinks)
        cJSON_AddStringToObject(part, "thoughtSignature", SIGNATURE);
}

static void add_content(struct request *r, cJSON *candidate, int i)
{
    const struct sync *s = r->sync;
    bool shown = i < sync_shown(s);
    cJSON *content = cJSON_AddObjectToObject(candidate, "content"), *parts;

    cJSON_AddStringToObject(content, "role", "model");
    parts = cJSON_AddArrayToObject(content, "parts");
    if (wants_thoughts(r) && s->kind != FAULT_NO_IMAGE)
        add_thoughts(r, parts, i);
    if (s->kind == FAULT_NO_IMAGE)
        cJSON_AddStringToObject(add_part(parts, false), "text", "Which picture would you like?");
    else if (shown && wants_text(r))
        cJSON_AddStringToObject(add_part(parts, false), "text", "Here is a sample picture.");
    if (shown)
        add_final(r, parts, i);
}

static void add_candidate(struct request *r, cJSON *candidates, int i)
{
    const struct sync *s = r->sync;
    bool blocked = s->kind == FAULT_FINISH || (s->kind == FAULT_PARTIAL && i >= sync_shown(s));
    const char *word = s->kind == FAULT_FINISH ? fault_text(s->fault, "word") : NULL, *message = fault_text(s->fault, "message");
    cJSON *candidate = cJSON_CreateObject();

    cJSON_AddItemToArray(candidates, candidate);
    cJSON_AddNumberToObject(candidate, "index", i);
    if (blocked) {
        cJSON_AddStringToObject(candidate, "finishReason", word ? word : "IMAGE_SAFETY");
        cJSON_AddStringToObject(candidate, "finishMessage", message ? message : "The picture may go against the rules for use. You are not charged for it.");
    } else {
        add_content(r, candidate, i);
        cJSON_AddStringToObject(candidate, "finishReason", "STOP");
    }
}

static void add_usage(const struct request *r, cJSON *json)
{
    const struct order *o = order_of(r);
    const struct gemini_model *m = model_of(r);
    int prompt = (int)(strlen(o->prompt) + 3) / 4 + REFERENCE_TOKENS * (int)o->reference_count;
    int pictures = sync_shown(r->sync) * gemini_picture_tokens(m, o->resolution), thoughts = m->thinks ? THOUGHT_TOKENS : 0;
    cJSON *usage = cJSON_AddObjectToObject(json, "usageMetadata");

    cJSON_AddNumberToObject(usage, "promptTokenCount", prompt);
    if (r->sync->kind != FAULT_BLOCK)
        cJSON_AddNumberToObject(usage, "candidatesTokenCount", pictures);
    if (r->sync->kind != FAULT_BLOCK && thoughts)
        cJSON_AddNumberToObject(usage, "thoughtsTokenCount", thoughts);
    cJSON_AddNumberToObject(usage, "totalTokenCount", prompt + (r->sync->kind == FAULT_BLOCK ? 0 : pictures + thoughts));
}

static void add_feedback(const struct request *r, cJSON *json)
{
    const char *word = fault_text(r->sync->fault, "word"), *message = fault_text(r->sync->fault, "message");
    cJSON *feedback = cJSON_AddObjectToObject(json, "promptFeedback");
    cJSON_AddStringToObject(feedback, "blockReason", word ? word : "PROHIBITED_CONTENT");
    if (message)
        cJSON_AddStringToObject(feedback, "blockReasonMessage", message);
}

void gemini_reply(struct request *r)
{
    cJSON *json = cJSON_CreateObject();
    if (r->sync->kind == FAULT_BLOCK) {
        add_feedback(r, json);
    } else {
        cJSON *candidates = cJSON_AddArrayToObject(json, "candidates");
        for (int i = 0; i < order_of(r)->n; i++)
            add_candidate(r, candidates, i);
    }
    add_usage(r, json);
    cJSON_AddStringToObject(json, "modelVersion", order_of(r)->model_name);
    cJSON_AddStringToObject(json, "responseId", r->sync->task->id + strlen("task_img_"));
    sync_answer(r, 200, json);
}
