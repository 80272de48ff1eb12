#include "multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70     /* RFC 2046 */

static bool read_boundary(const char *type, char *delimiter, size_t room)
{
    const char *p = strcasestr(type, "boundary=");
    if (strncasecmp(type, "multipart/form-data", 19) || !p)
        return false;
    p += 9;
    bool quoted = *p == '"';
    p += quoted;
    size_t length = strcspn(p, quoted ? "\"" : "; \t");
    if (!length || length > BOUNDARY_MAX)
        return false;
    snprintf(delimiter, room, "\r\n--%.*s", (int)length, p);
    return true;
}

/* `name="value"` of a Content-Disposition line. */
static void read_parameter(const char *line, const char *name, char *to, size_t room)
{
    const char *p = line;
    size_t length = strlen(name);

    to[0] = 0;
    while ((p = strchr(p, ';'))) {
        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, name, length) || p[length] != '=')
            continue;
        p += length + 1;
        bool quoted = *p == '"';
        p += quoted;
        snprintf(to, room, "%.*s", (int)strcspn(p, quoted ? "\"" : "; \t"), p);
        return;
    }
}

static void read_part_header(const char *line, struct part *part)
{
    if (!strncasecmp(line, "Content-Disposition:", 20)) {
        read_parameter(line, "name", part->name, sizeof part->name);
        read_parameter(line, "filename", part->filename, sizeof part->filename);
    } else if (!strncasecmp(line, "Content-Type:", 13)) {
        snprintf(part->type, sizeof part->type, "%s", line + 13 + strspn(line + 13, " \t"));
    }
}

/* Reads header lines up to the empty one; NULL if they do not end. */
static const unsigned char *read_head(const unsigned char *p, const unsigned char *end, struct part *part)
{
    char line[1024];
    *part = (struct part){0};
    for (;;) {
        const unsigned char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        if (!eol)
            return NULL;
        if (eol == p)
            return p + 2;
        snprintf(line, sizeof line, "%.*s", (int)(eol - p), (const char *)p);
        read_part_header(line, part);
        p = eol + 2;
    }
}

int multipart_each(const char *content_type, const unsigned char *body, size_t size,
                   bool (*f)(const struct part *part, void *arg), void *arg)
{
    char delimiter[BOUNDARY_MAX + 8];
    const unsigned char *p = body, *end = body + size;
    struct part this;

    if (!content_type || !read_boundary(content_type, delimiter, sizeof delimiter))
        return -1;
    size_t length = strlen(delimiter);
    if (size < length || memcmp(body, delimiter + 2, length - 2))
        return -1;
    p += length - 2;
    while (end - p >= 2 && memcmp(p, "--", 2)) {
        if (memcmp(p, "\r\n", 2) || !(p = read_head(p + 2, end, &this)))
            return -1;
        const unsigned char *next = memmem(p, (size_t)(end - p), delimiter, length);
        if (!next)
            return -1;
        this.data = p;
        this.size = (size_t)(next - p);
        if (!f(&this, arg))
            return 0;
        p = next + length;
    }
    return end - p >= 2 ? 1 : -1;
}

struct search {
    const char *name;
    struct part *part;
    int found;
};

static bool look(const struct part *part, void *arg)
{
    struct search *s = arg;
    if (!s->found && !strcmp(part->name, s->name)) {
        *s->part = *part;
        s->found = 1;
    }
    return true;
}

int multipart_find(const char *content_type, const unsigned char *body, size_t size, const char *name, struct part *part)
{
    struct search s = {name, part, 0};
    return multipart_each(content_type, body, size, look, &s) < 0 ? -1 : s.found;
}
