#include "blob.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(void)
{
    fputs("easelfs-sandbox: out of memory\n", stderr);
    abort();
}

void *must_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        no_memory();
    return p;
}

char *must_dup(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        no_memory();
    return copy;
}

char *must_print(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        no_memory();
    va_end(args);
    return text;
}

struct blob *blob_take(void *data, size_t size)
{
    struct blob *b = must_alloc(sizeof *b);
    atomic_init(&b->refs, 1);
    b->data = data;
    b->size = size;
    return b;
}

struct blob *blob_copy(const void *data, size_t size)
{
    void *copy = must_alloc(size);
    if (size)
        memcpy(copy, data, size);
    return blob_take(copy, size);
}

struct blob *blob_text(const char *text)
{
    return blob_copy(text, strlen(text));
}

struct blob *blob_ref(struct blob *b)
{
    atomic_fetch_add(&b->refs, 1);
    return b;
}

void blob_unref(void *blob)
{
    struct blob *b = blob;
    if (b && atomic_fetch_sub(&b->refs, 1) == 1) {
        free(b->data);
        free(b);
    }
}
