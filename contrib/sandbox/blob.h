/* blob: a counted run of bytes.
 *
 * Bodies of replies, pictures and stored uploads are shared between the threads that make them and
 * the one that sends them.  Whoever holds a pointer obtained from blob_take() or blob_ref() owns one
 * count and gives it back with blob_unref(); the last one frees the bytes.  Any thread, no lock. */
#ifndef SANDBOX_BLOB_H
#define SANDBOX_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

struct blob {
    atomic_uint refs;
    size_t size;
    unsigned char *data;
};

/* Takes over `data` (from malloc; may be NULL when size is 0).  Never fails: no memory ends the program. */
struct blob *blob_take(void *data, size_t size);
struct blob *blob_copy(const void *data, size_t size);
struct blob *blob_text(const char *text);
struct blob *blob_ref(struct blob *b);
/* NULL is allowed.  Has the shape of a free callback. */
void blob_unref(void *b);

/* malloc, strdup and printf-to-heap that end the program instead of returning NULL: a test server
 * without memory has nothing better to do. */
void *must_alloc(size_t size);
char *must_dup(const char *text);
char *must_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
