#include "fields.h"

#include "blob.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

long utf8_count(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + size;
    long count = 0;

    for (; p < end; count++) {
        int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
        if (more < 0 || end - p <= more)
            return -1;
        unsigned long code = more == 0 ? *p : *p & (0x3fu >> more);
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return -1;
            code = code << 6 | (p[i] & 0x3fu);
        }
        if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff)) || (code >> 11) == 0x1b)
            return -1;
        p += more + 1;
    }
    return count;
}

const struct field *field_find(const struct field *table, const char *name)
{
    for (; table && table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

bool fields_unique(const cJSON *json, struct problem *p)
{
    const cJSON *child, *other;
    cJSON_ArrayForEach(child, json) {
        if (child->string)
            for (other = child->next; other; other = other->next)
                if (!strcmp(child->string, other->string))
                    return problem_set(p, child->string, "field \"%s\" is given twice", child->string);
        if (!fields_unique(child, p))
            return false;
    }
    return true;
}

static bool check_number(const struct field *f, const cJSON *value, const char *where, struct problem *p)
{
    if (!cJSON_IsNumber(value))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be a number%s", where, cJSON_IsString(value) ? ", without quotes" : "");
    if (f->kind == FIELD_INTEGER && value->valuedouble != floor(value->valuedouble))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be an integer", where);
    if (!(value->valuedouble >= f->min && value->valuedouble <= f->max))
        return problem_set(p, where, "%s must be between %g and %g", where, f->min, f->max);
    return true;
}

static bool check_url(const cJSON *value, const char *where, struct problem *p)
{
    if (!cJSON_IsString(value))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be a string", where);
    if (strncmp(value->valuestring, "http://", 7) && strncmp(value->valuestring, "https://", 8))
        return problem_set(p, where, "%s must be an http:// or https:// URL", where);
    return true;
}

static bool check_list(const struct field *f, const cJSON *value, const char *where, struct problem *p)
{
    const cJSON *item;
    int index = 0;
    bool good = true;

    if (!cJSON_IsArray(value))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be an array", where);
    cJSON_ArrayForEach(item, value) {
        char *path = must_print("%s[%d]", where, index++);
        good = cJSON_IsObject(item) ? fields_check(f->fields, item, path, NULL, p)
                                    : problem_of(p, MISTAKE_TYPE, path, "%s must be an object", path);
        free(path);
        if (!good)
            break;
    }
    return good;
}

static bool check_word(const struct field *f, const cJSON *value, const char *where, struct problem *p)
{
    if (!cJSON_IsString(value))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be a string", where);
    if (!words_have(f->words, value->valuestring))
        return problem_set(p, where, "%s \"%s\" is not supported, use one of: %s", where, value->valuestring, f->words);
    return true;
}

/* Different words out of `words`, at least one. */
static bool check_words(const struct field *f, const cJSON *value, const char *where, struct problem *p)
{
    const cJSON *item, *other;
    int index = 0;
    bool good = true;

    if (!cJSON_IsArray(value))
        return problem_of(p, MISTAKE_TYPE, where, "%s must be an array", where);
    if (!value->child)
        return problem_set(p, where, "%s is empty", where);
    cJSON_ArrayForEach(item, value) {
        char *path = must_print("%s[%d]", where, index++);
        good = check_word(f, item, path, p);
        for (other = item->next; good && other; other = other->next)
            if (cJSON_IsString(other) && !strcmp(item->valuestring, other->valuestring))
                good = problem_set(p, path, "%s \"%s\" is given twice", path, item->valuestring);
        free(path);
        if (!good)
            break;
    }
    return good;
}

bool field_check(const struct field *f, const cJSON *value, const char *where, struct problem *p)
{
    switch (f->kind) {
    case FIELD_WORD:
        return check_word(f, value, where, p);
    case FIELD_WORDS:
        return check_words(f, value, where, p);
    case FIELD_FLAG:
        return cJSON_IsBool(value) || problem_of(p, MISTAKE_TYPE, where, "%s must be true or false", where);
    case FIELD_NUMBER:
    case FIELD_INTEGER:
        return check_number(f, value, where, p);
    case FIELD_TEXT:
        return cJSON_IsString(value) || problem_of(p, MISTAKE_TYPE, where, "%s must be a string", where);
    case FIELD_URL:
        return check_url(value, where, p);
    case FIELD_OBJECT:
        return cJSON_IsObject(value) ? fields_check(f->fields, value, where, NULL, p)
                                     : problem_of(p, MISTAKE_TYPE, where, "%s must be an object", where);
    case FIELD_LIST:
        return check_list(f, value, where, p);
    case FIELD_URLS:
        break;
    }
    return true;
}

static bool missing(const char *name, const char *where, struct problem *p)
{
    return where ? problem_of(p, MISTAKE_MISSING, where, "%s needs \"%s\"", where, name)
                 : problem_of(p, MISTAKE_MISSING, name, "%s is required", name);
}

bool fields_check(const struct field *table, const cJSON *object, const char *where, const char *except, struct problem *p)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        if (except && !strcmp(member->string, except))
            continue;
        const struct field *f = field_find(table, member->string);
        char *path = where ? must_print("%s.%s", where, member->string) : must_dup(member->string);
        bool good = f ? field_check(f, member, path, p) : problem_of(p, MISTAKE_UNKNOWN, path, "unknown field \"%s\"", path);
        free(path);
        if (!good)
            return false;
    }
    for (; table->name; table++)
        if (table->required && !cJSON_GetObjectItemCaseSensitive(object, table->name))
            return missing(table->name, where, p);
    return true;
}
