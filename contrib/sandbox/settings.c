#include "settings.h"

#include "blob.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_NUMBER, KIND_WORD, KIND_FLAG };

struct setting {
    const char *name;
    enum kind kind;
    size_t at, room;
    double min, max;
    const char *words;      /* KIND_WORD: the allowed ones */
    const char *initial;
    const char *argument;   /* as --help shows it */
    const char *prose;
};

#define AT(m) offsetof(struct settings, m), sizeof(((struct settings *)0)->m)
#define NUMBER(m, lo, hi, init, arg, text) {#m, KIND_NUMBER, AT(m), lo, hi, NULL, init, arg, text}
#define WORD(m, list, init, text) {#m, KIND_WORD, AT(m), 0, 0, list, init, NULL, text}
#define FLAG(m, text) {#m, KIND_FLAG, AT(m), 0, 1, NULL, "0", NULL, text}

static const struct setting table[] = {
    NUMBER(time, -1, 1e6, "-1", "SECONDS", "every task takes this long; -1: 6 to 12 seconds, by prompt"),
    NUMBER(speed, 1e-3, 1e6, "1", "FACTOR", "divides the time of tasks"),
    WORD(format, "asked png jpeg webp", "asked", "pictures' format: what the request asks for (else PNG), or always this one"),
    FLAG(canned, "answer every task with one small ready-made picture (for load tests)"),
    NUMBER(pad, 0, 64e6, "0", "BYTES", "every picture has at least so many bytes"),
    NUMBER(drafts, 0, 4, "0", "N", "gemini wire: draft pictures among the thoughts before each picture"),
    NUMBER(request_bytes, 1, 64e6, "20000000", "BYTES", "gemini wire: the largest request"),
    WORD(engine, "sd-server localai vllm", "sd-server", "which self-hosted engine answers under /engine/v1"),
    FLAG(ratelimit_headers, "openai wire: x-ratelimit-…-requests, and retry-after-ms with a 429"),
    NUMBER(submit_rpm, 0, 1e9, "300", "N", "submits per minute; 0: no limit in any of the three windows"),
    NUMBER(submit_rps, 0, 1e9, "0", "N", "submits in any one second; 0: only as the average that the burst gives"),
    NUMBER(submit_burst, 0, 1e9, "50", "N", "submits in any ten seconds"),
    NUMBER(query_rpm, 0, 1e9, "3000", "N", "status queries per minute; 0: no limit in any of the three windows"),
    NUMBER(query_rps, 0, 1e9, "0", "N", "status queries in any one second"),
    NUMBER(query_burst, 0, 1e9, "500", "N", "status queries in any ten seconds"),
    WORD(reset_as, "epoch delta", "epoch", "X-RateLimit-Reset as a Unix time or as seconds from now"),
    NUMBER(expiry, 0, 1e9, "86400", "SECONDS", "how long results can be fetched after completion"),
    NUMBER(upload_expiry, 0, 1e9, "259200", "SECONDS", "how long uploaded files can be used"),
    NUMBER(expired_status, 400, 599, "403", "STATUS", "what an expired URL answers"),
    WORD(image_urls, "any strings objects", "any", "the form of image_urls that standard Gemini models take"),
    WORD(duplicates, "charge refuse deduplicate", "charge", "a client_business_id seen before: a second paid task, 400, or the same task"),
    WORD(business_ids, "accept ignore refuse", "accept", "client_business_id: usable, silently dropped, or an unknown field"),
    NUMBER(balance, -1, 1e9, "-1", "USD", "credit at the start; -1: unlimited"),
    NUMBER(price, 0, 1e6, "0.04", "USD", "price of one picture"),
    WORD(first_status, "queued pending submitted", "queued", "the word for a task that has not begun"),
    WORD(result_as, "data strings url", "data", "results as result.data[].url, as strings in result.data, or as a top-level url"),
    WORD(failure_as, "error text fail_reason", "error", "a failure as error object, as error text, or as fail_reason"),
    NUMBER(log_size, 1, 1e6, "1000", "N", "requests that /control/requests remembers"),
};
#define COUNT (sizeof table / sizeof table[0])

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = words; length && (p = strstr(p, word)); p += length)
        if ((p == words || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
            return true;
    return false;
}

static bool store_number(struct settings *s, const struct setting *t, double value, char **why)
{
    void *at = (char *)s + t->at;
    if (!(value >= t->min && value <= t->max)) {
        *why = must_print("%s must be between %g and %g", t->name, t->min, t->max);
        return false;
    }
    if (t->kind == KIND_FLAG)
        *(bool *)at = value != 0;
    else
        *(double *)at = value;
    return true;
}

static bool store_word(struct settings *s, const struct setting *t, const char *value, char **why)
{
    if (!has_word(t->words, value)) {
        *why = must_print("%s must be one of: %s", t->name, t->words);
        return false;
    }
    snprintf((char *)s + t->at, t->room, "%s", value);
    return true;
}

static bool store_text(struct settings *s, const struct setting *t, const char *value, char **why)
{
    char *end;
    if (t->kind == KIND_WORD)
        return store_word(s, t, value, why);
    double number = strtod(value, &end);
    if (end == value || *end) {
        *why = must_print("%s wants a number, not \"%s\"", t->name, value);
        return false;
    }
    return store_number(s, t, number, why);
}

static bool store_json(struct settings *s, const struct setting *t, const cJSON *value, char **why)
{
    if (t->kind == KIND_WORD && cJSON_IsString(value))
        return store_word(s, t, value->valuestring, why);
    if (t->kind == KIND_NUMBER && cJSON_IsNumber(value))
        return store_number(s, t, value->valuedouble, why);
    if (t->kind == KIND_FLAG && cJSON_IsBool(value))
        return store_number(s, t, cJSON_IsTrue(value), why);
    *why = must_print("%s wants a %s", t->name,
                      t->kind == KIND_WORD ? "word" : t->kind == KIND_FLAG ? "true or false" : "number");
    return false;
}

/* Names are compared with '-' and '_' as one letter. */
static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++) {
        const char *a = table[i].name, *b = name;
        while (*a && (*a == *b || (*a == '_' && *b == '-')))
            a++, b++;
        if (!*a && !*b)
            return &table[i];
    }
    return NULL;
}

void settings_init(struct settings *s)
{
    char *why = NULL;
    for (size_t i = 0; i < COUNT; i++)
        if (!store_text(s, &table[i], table[i].initial, &why))
            abort();
}

bool settings_known(const char *name, bool *takes_value)
{
    const struct setting *t = find(name);
    if (t)
        *takes_value = t->kind != KIND_FLAG;
    return t != NULL;
}

bool settings_set_text(struct settings *s, const char *name, const char *value, char **why)
{
    const struct setting *t = find(name);
    if (!t) {
        *why = must_print("there is no setting \"%s\"", name);
        return false;
    }
    return store_text(s, t, value, why);
}

bool settings_set_json(struct settings *s, const cJSON *object, char **why)
{
    struct settings changed = *s;
    const cJSON *member;

    cJSON_ArrayForEach(member, object) {
        const struct setting *t = find(member->string);
        if (!t) {
            *why = must_print("there is no setting \"%s\"", member->string);
            return false;
        }
        if (!store_json(&changed, t, member, why))
            return false;
    }
    *s = changed;
    return true;
}

cJSON *settings_json(const struct settings *s)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < COUNT; i++) {
        const void *at = (const char *)s + table[i].at;
        switch (table[i].kind) {
        case KIND_NUMBER:
            cJSON_AddNumberToObject(object, table[i].name, *(const double *)at);
            break;
        case KIND_WORD:
            cJSON_AddStringToObject(object, table[i].name, at);
            break;
        case KIND_FLAG:
            cJSON_AddBoolToObject(object, table[i].name, *(const bool *)at);
            break;
        }
    }
    return object;
}

void settings_help(FILE *to)
{
    for (size_t i = 0; i < COUNT; i++) {
        const struct setting *t = &table[i];
        fputs("  --", to);
        for (const char *p = t->name; *p; p++)
            fputc(*p == '_' ? '-' : *p, to);
        if (t->kind == KIND_FLAG)
            fprintf(to, "\n        %s\n", t->prose);
        else
            fprintf(to, " %s\n        %s (%s)\n", t->words ? t->words : t->argument, t->prose, t->initial);
    }
}
