/* encoding: base64 and hashes, as they stand in JSON.
 *
 * Any thread, no lock. */
#ifndef SANDBOX_ENCODING_H
#define SANDBOX_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

struct blob;

#define SHA256_HEX 65       /* with the NUL */

/* RFC 4648, padded, without line breaks. */
struct blob *base64_encode(const struct blob *bytes);
/* The same, strictly: NULL for another letter, a line break, missing or superfluous padding, or bits
 * that stand for nothing.  The caller owns the blob. */
struct blob *base64_decode(const char *text);
/* Lower-case hexadecimal. */
void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]);

#endif
