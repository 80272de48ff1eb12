#include "pad.h"

#include "blob.h"
#include "pictures.h"

#include <stdint.h>
#include <string.h>

#define PNG_END 12          /* bytes of IEND */
#define JPEG_END 2          /* bytes of EOI */
#define COMMENT_MAX 65533u
#define COMMENT_HEAD 4u

/* Bytes that do not repeat, so that all letters of base64 come up and a lost piece shows. */
static void fill(unsigned char *to, size_t size)
{
    uint64_t x = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < size; i += sizeof x) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        memcpy(to + i, &x, size - i < sizeof x ? size - i : sizeof x);
    }
}

static void put_be32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_le32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* As PNG has it (its appendix on the CRC). */
static uint32_t crc32_of(const unsigned char *data, size_t size)
{
    uint32_t table[256], crc = 0xffffffffu;
    for (uint32_t n = 0; n < 256; n++) {
        table[n] = n;
        for (int k = 0; k < 8; k++)
            table[n] = table[n] & 1 ? 0xedb88320u ^ table[n] >> 1 : table[n] >> 1;
    }
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

/* A copy with a gap of `gap` bytes before the last `tail` ones. */
static struct blob *spread(const struct blob *from, size_t gap, size_t tail)
{
    size_t head = from->size - tail;
    unsigned char *to = must_alloc(from->size + gap);
    memcpy(to, from->data, head);
    memcpy(to + head + gap, from->data + head, tail);
    return blob_take(to, from->size + gap);
}

static struct blob *pad_png(const struct blob *from, size_t missing)
{
    size_t size = missing > 12 ? missing - 12 : 0;
    struct blob *b = spread(from, size + 12, PNG_END);
    unsigned char *chunk = b->data + from->size - PNG_END;
    put_be32(chunk, (uint32_t)size);
    memcpy(chunk + 4, "paDd", 4);
    fill(chunk + 8, size);
    put_be32(chunk + 8 + size, crc32_of(chunk + 4, size + 4));
    return b;
}

static struct blob *pad_jpeg(const struct blob *from, size_t missing)
{
    size_t comments = missing / (COMMENT_MAX + COMMENT_HEAD) + 1, gap = missing + comments * COMMENT_HEAD;
    struct blob *b = spread(from, gap, JPEG_END);
    unsigned char *p = b->data + from->size - JPEG_END, *end = p + gap;
    while (p < end) {
        size_t size = (size_t)(end - p) > COMMENT_MAX + COMMENT_HEAD ? COMMENT_MAX : (size_t)(end - p) - COMMENT_HEAD;
        if (end - p - (ptrdiff_t)(size + COMMENT_HEAD) < (ptrdiff_t)COMMENT_HEAD && (size_t)(end - p) > size + COMMENT_HEAD)
            size -= COMMENT_HEAD;   /* room for the head of the last one */
        p[0] = 0xff, p[1] = 0xfe;
        p[2] = (unsigned char)((size + 2) >> 8), p[3] = (unsigned char)(size + 2);
        fill(p + COMMENT_HEAD, size);
        p += size + COMMENT_HEAD;
    }
    return b;
}

static struct blob *pad_webp(const struct blob *from, size_t missing)
{
    size_t size = (missing > 8 ? missing - 8 : 0) + 1;
    size -= size % 2;
    struct blob *b = spread(from, size + 8, 0);
    unsigned char *chunk = b->data + from->size;
    memcpy(chunk, "PADD", 4);
    put_le32(chunk + 4, (uint32_t)size);
    fill(chunk + 8, size);
    put_le32(b->data + 4, (uint32_t)(b->size - 8));
    return b;
}

struct blob *picture_pad(struct blob *picture, size_t size)
{
    const char *type = picture_type(picture->data, picture->size);
    size_t missing = size > picture->size ? size - picture->size : 0;
    struct blob *padded = NULL;

    if (!missing || !type)
        return picture;
    if (!strcmp(type, "image/png"))
        padded = pad_png(picture, missing);
    else if (!strcmp(type, "image/jpeg"))
        padded = pad_jpeg(picture, missing);
    else if (!strcmp(type, "image/webp"))
        padded = pad_webp(picture, missing);
    if (!padded)
        return picture;
    blob_unref(picture);
    return padded;
}
