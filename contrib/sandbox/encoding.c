#include "encoding.h"

#include "blob.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PIECE (3u << 20)    /* a multiple of 3, and an int */

struct blob *base64_encode(const struct blob *bytes)
{
    size_t length = (bytes->size + 2) / 3 * 4;
    unsigned char *text = must_alloc(length + 1);
    for (size_t from = 0, to = 0; from < bytes->size; from += PIECE, to += (size_t)PIECE / 3 * 4) {
        size_t size = bytes->size - from < PIECE ? bytes->size - from : PIECE;
        EVP_EncodeBlock(text + to, bytes->data + from, (int)size);
    }
    return blob_take(text, length);
}

/* The value of a letter, 64 for anything else. */
static const unsigned char *values(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static _Thread_local unsigned char table[256];
    if (!table[0]) {
        memset(table, 64, sizeof table);
        for (unsigned char i = 0; i < 64; i++)
            table[(unsigned char)letters[i]] = i;
    }
    return table;
}

struct blob *base64_decode(const char *text)
{
    size_t length = strlen(text), padding = 0;
    const unsigned char *p = (const unsigned char *)text, *value = values();

    while (padding < 2 && padding < length && text[length - padding - 1] == '=')
        padding++;
    if (length % 4)
        return NULL;
    size_t size = length / 4 * 3 - padding, letters = length - padding;
    unsigned char *bytes = must_alloc(length / 4 * 3);
    uint32_t bits = 0;
    bool good = true;
    for (size_t i = 0; good && i < length; i++) {
        unsigned char v = i < letters ? value[p[i]] : 0;
        good = v < 64;
        bits = bits << 6 | v;
        if (i % 4 == 3) {
            unsigned char *to = bytes + i / 4 * 3;
            to[0] = (unsigned char)(bits >> 16), to[1] = (unsigned char)(bits >> 8), to[2] = (unsigned char)bits;
        }
    }
    for (size_t i = size; good && i < size + padding; i++)
        good = !bytes[i];
    struct blob *b = blob_take(bytes, size);
    if (good)
        return b;
    blob_unref(b);
    return NULL;
}

void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(data, size, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}
