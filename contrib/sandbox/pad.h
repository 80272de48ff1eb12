/* pad: picture files of any size without any pixels more.
 *
 * A reader sees the same picture.  Any thread, no lock. */
#ifndef SANDBOX_PAD_H
#define SANDBOX_PAD_H

#include <stddef.h>

struct blob;

/* Takes over a PNG, JPEG or WebP and returns one of at least `size` bytes; the same if it is large
 * enough or of another kind.  What is added: a private ancillary chunk before IEND; comments before
 * EOI; a chunk that no reader knows at the end. */
struct blob *picture_pad(struct blob *picture, size_t size);

#endif
