#include "upload.h"

#include "answer.h"
#include "bill.h"
#include "blob.h"
#include "http.h"
#include "multipart.h"
#include "pictures.h"
#include "trace.h"
#include "world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPLOAD_MAX 10000000u

void uploads_init(struct uploads *u)
{
    *u = (struct uploads){.file = -1};
}

static int open_store(void)
{
    const char *folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    char *path = must_print("%s/easelfs-sandbox-XXXXXX", folder);
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    free(path);
    return file;
}

static bool store(struct uploads *u, const unsigned char *data, size_t size)
{
    if (u->file < 0)
        u->file = open_store();
    for (size_t done = 0; done < size;) {
        ssize_t n = u->file < 0 ? -1 : pwrite(u->file, data + done, size - done, u->end + (off_t)done);
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    u->end += (off_t)size;
    return true;
}

struct blob *upload_read(const struct world *w, const struct upload *u)
{
    unsigned char *data = must_alloc(u->size);
    for (size_t done = 0; done < u->size;) {
        ssize_t n = pread(w->uploads.file, data + done, u->size - done, u->at + (off_t)done);
        if (n <= 0) {
            free(data);
            return NULL;
        }
        done += (size_t)n;
    }
    return blob_take(data, u->size);
}

const struct upload *upload_find(const struct world *w, const char *path)
{
    const struct upload *u = map_get(&w->uploads.by_path, path);
    if (u && (double)(clock_wall() - u->created) >= w->set.upload_expiry * 1000)
        return NULL;
    return u;
}

static void note(struct request *r, const struct part *part)
{
    char hex[SHA256_HEX];
    cJSON *file = cJSON_CreateObject();

    sha256_hex(part->data, part->size, hex);
    cJSON_AddStringToObject(file, "filename", part->filename);
    cJSON_AddStringToObject(file, "type", part->type);
    cJSON_AddNumberToObject(file, "size", (double)part->size);
    cJSON_AddStringToObject(file, "sha256", hex);
    trace_note(r, "file", file);
}

static void accept(struct request *r, const struct part *part, const char *type)
{
    struct uploads *us = &r->w->uploads;
    struct upload *u = must_alloc(sizeof *u);
    uint64_t name = mix64(r->w->tasks.secret ^ ++us->serial << 32);

    *u = (struct upload){.type = type, .at = us->end, .size = part->size, .created = clock_wall()};
    sha256_hex(part->data, part->size, u->sha256);
    if (!store(us, part->data, part->size)) {
        free(u);
        answer_status(&r->answer, 500);
        return;
    }
    const char *suffix = strchr(type, '/') + 1;
    char *path = must_print("/uploads/7/%lld_%08llx.%s", (long long)(u->created / 1000),
                            (unsigned long long)(name & 0xffffffffu), !strcmp(suffix, "jpeg") ? "jpg" : suffix);
    char *url = must_print("%s%s", r->w->result_base, path), *id = must_print("upload_%016llx", (unsigned long long)name);
    map_put(&us->by_path, path, u);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "success", true);
    cJSON_AddStringToObject(json, "message", "");
    cJSON *data = cJSON_AddObjectToObject(json, "data");
    cJSON_AddStringToObject(data, "id", id);
    cJSON_AddStringToObject(data, "url", url);
    cJSON_AddStringToObject(data, "mime_type", type);
    cJSON_AddNumberToObject(data, "size", (double)u->size);
    answer_json(&r->answer, 200, json);
    bill_count(r->w, TALLY_UPLOADS);
    free(path);
    free(url);
    free(id);
}

static void refuse(struct request *r, const char *message)
{
    answer_refusal(&r->answer, 400, message);
    bill_count(r->w, TALLY_REFUSED);
}

void upload_handle(struct request *r)
{
    struct part part;
    int found = multipart_find(request_header(r, "Content-Type"), r->body, r->size, "file", &part);

    if (found < 0) {
        refuse(r, "The request must be multipart/form-data");
        return;
    }
    if (!found) {
        refuse(r, "No file: the part must be named \"file\"");
        return;
    }
    note(r, &part);
    const char *type = picture_type(part.data, part.size);
    if (!type)
        refuse(r, "Unsupported image type. Only JPEG, PNG, WebP and GIF are supported");
    else if (part.size > UPLOAD_MAX)
        refuse(r, "Image too large. The maximum size is 10MB");
    else
        accept(r, &part, type);
}

void uploads_reset(struct uploads *u)
{
    map_clear(&u->by_path, free);
    if (u->file >= 0)
        close(u->file);
    *u = (struct uploads){.file = -1, .serial = u->serial};
}
