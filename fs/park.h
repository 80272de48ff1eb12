/*
 * park: opens that wait for a picture.
 *
 * A parked request costs memory, no thread.  It is answered by the engine's thread when the picture
 * is there, by the interrupt callback when its caller is killed or gets a signal, or by a drain.
 */
#ifndef FS_PARK_H
#define FS_PARK_H

#include <fuse_lowlevel.h>

#include "base.h"

struct fs;
struct node;

int parks_new(struct fs *fs, struct error *err);
/* After engine_stop(): nothing is parked any more. */
void parks_free(struct fs *fs);

/* Parks the OPEN of a wait/ node until picture `index` of the prompt at `path` is there.  fi->fh is a struct
 * opened (virtual_internal.h), which is given its descriptor then, or closed. */
void park_open(struct fs *fs, fuse_req_t req, struct node *n, const char *path, unsigned index, uint64_t dev,
               uint64_t ino, const struct fuse_file_info *fi);
/* on: answers all parked requests with EIO and refuses new ones until it is called with false. */
void parks_drain(struct fs *fs, bool on);
size_t parks_count(struct fs *fs);

#endif
