/* multipart: the parts of a multipart/form-data body. */
#ifndef SANDBOX_MULTIPART_H
#define SANDBOX_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

struct part {
    const unsigned char *data;      /* borrowed from the body */
    size_t size;
    char name[64], filename[256], type[64];
};

/* Finds the part called `name`.  Returns 1 when it is there, 0 when the body is right but has no such
 * part, -1 when `content_type` or the body is not multipart/form-data. */
int multipart_find(const char *content_type, const unsigned char *body, size_t size, const char *name, struct part *part);

/* Calls f for each part, in order, until it returns false.  Returns 1 after the last part, 0 when f has
 * ended it, -1 when it is not multipart/form-data; f may have been called before that is known. */
int multipart_each(const char *content_type, const unsigned char *body, size_t size,
                   bool (*f)(const struct part *part, void *arg), void *arg);

#endif
