/* upload: reference pictures that clients send ahead.
 *
 * POST /v1/uploads/images, multipart/form-data with one part named `file`; JPEG, PNG, WebP or GIF by
 * content, at most 10,000,000 bytes.  The bytes lie in one unlinked temporary file, so that a load
 * test with thousands of photos does not fill the memory. */
#ifndef SANDBOX_UPLOAD_H
#define SANDBOX_UPLOAD_H

#include "encoding.h"
#include "map.h"

#include <stdint.h>
#include <sys/types.h>

struct blob;
struct request;
struct world;

struct upload {
    const char *type;       /* "image/png" */
    off_t at;
    size_t size;
    char sha256[SHA256_HEX];
    int64_t created;        /* ms since 1970 */
};

struct uploads {
    struct map by_path;     /* "/uploads/7/…" to struct upload */
    int file;               /* -1 until the first upload */
    off_t end;
    uint64_t serial;
};

void uploads_init(struct uploads *u);
/* The handler of the POST. */
void upload_handle(struct request *r);
/* By the path part of its URL; NULL when it never was or has expired. */
const struct upload *upload_find(const struct world *w, const char *path);
/* Its bytes, or NULL if they cannot be read. */
struct blob *upload_read(const struct world *w, const struct upload *u);
void uploads_reset(struct uploads *u);

#endif
