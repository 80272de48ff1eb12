#include "answer.h"

#include "blob.h"

#include <stdlib.h>
#include <string.h>

/* The documented table of errors.  A numeric code is sent as a number. */
static const struct {
    int status;
    const char *code, *type, *message;
} documented[] = {
    {400, "invalid_request", "invalid_request_error", "Invalid request"},
    {401, "401", "authentication_error", "Invalid token"},
    {402, "insufficient_quota", "insufficient_quota_error", "Insufficient balance"},
    {403, "access_denied", "permission_error", "This key is not allowed to use this model"},
    {404, "404", "not_found_error", "Task not found"},
    {405, "405", "invalid_request_error", "Method not allowed"},
    {413, "413", "invalid_request_error", "Request too large"},
    {422, "content_policy_violation", "invalid_request_error", "The prompt was refused by the content policy"},
    {429, "rate_limit_exceeded", "rate_limit_error", "Too many requests, please retry later"},
    {500, "internal_error", "server_error", "Internal error"},
    {503, "rate_limit_unavailable", "server_error", "Rate limiter unavailable, please retry later"},
};

static size_t documented_for(int status)
{
    size_t i = 0;
    while (i < sizeof documented / sizeof documented[0] && documented[i].status != status)
        i++;
    return i;
}

static void drop_body(struct answer *a)
{
    blob_unref(a->body);
    for (size_t i = 0; i < a->piece_count; i++)
        blob_unref(a->pieces[i]);
    free(a->pieces);
    a->body = NULL;
    a->pieces = NULL;
    a->piece_count = 0;
}

void answer_clear(struct answer *a)
{
    drop_body(a);
    for (size_t i = 0; i < a->headers; i++) {
        free(a->header[i].name);
        free(a->header[i].value);
    }
    *a = (struct answer){0};
}

void answer_set(struct answer *a, int status, const char *type, struct blob *body)
{
    drop_body(a);
    a->status = status;
    a->type = type;
    a->body = body;
}

void answer_pieces(struct answer *a, int status, const char *type, struct blob **pieces, size_t count)
{
    answer_set(a, status, type, NULL);
    a->pieces = pieces;
    a->piece_count = count;
}

void answer_join(struct answer *a)
{
    size_t size = 0, at = 0;
    if (!a->pieces)
        return;
    for (size_t i = 0; i < a->piece_count; i++)
        size += a->pieces[i]->size;
    unsigned char *data = must_alloc(size);
    for (size_t i = 0; i < a->piece_count; at += a->pieces[i++]->size)
        if (a->pieces[i]->size)
            memcpy(data + at, a->pieces[i]->data, a->pieces[i]->size);
    answer_set(a, a->status, a->type, blob_take(data, size));
}

void answer_json(struct answer *a, int status, cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    if (!text)
        abort();
    cJSON_Delete(json);
    answer_set(a, status, "application/json", blob_take(text, strlen(text)));
}

void answer_error(struct answer *a, int status, const char *code, const char *param, const char *message)
{
    size_t i = documented_for(status);
    bool known = i < sizeof documented / sizeof documented[0];
    cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");

    if (!code)
        code = known ? documented[i].code : "error";
    if (strspn(code, "0123456789") == strlen(code))
        cJSON_AddNumberToObject(error, "code", atoi(code));
    else
        cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddStringToObject(error, "type", known ? documented[i].type : "error");
    if (param)
        cJSON_AddStringToObject(error, "param", param);
    answer_json(a, status, json);
}

void answer_refusal(struct answer *a, int status, const char *message)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "success", false);
    cJSON_AddStringToObject(json, "message", message);
    answer_json(a, status, json);
}

void answer_status(struct answer *a, int status)
{
    size_t i = documented_for(status);
    if (i < sizeof documented / sizeof documented[0]) {
        answer_error(a, status, NULL, NULL, documented[i].message);
        return;
    }
    char *html = must_print("<html><head><title>%d</title></head><body><center><h1>%d</h1></center>"
                            "<hr><center>sandbox-proxy</center></body></html>\n", status, status);
    answer_set(a, status, "text/html", blob_take(html, strlen(html)));
}

void answer_header(struct answer *a, const char *name, const char *value)
{
    if (a->headers == sizeof a->header / sizeof a->header[0])
        return;
    a->header[a->headers].name = must_dup(name);
    a->header[a->headers++].value = must_dup(value);
}
