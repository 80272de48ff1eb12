/* references: the pictures that a prompt names or that lie in its .refs folder.  Disk thread. */
#ifndef FS_REFERENCES_H
#define FS_REFERENCES_H

#include "request.h"

struct fs;
struct rights;

/*
 * Finds them (`refs:` header first, in its order, then the images of cat.refs/ in name order), keeps a
 * copy of each under its hash, and fills request->references.  Paths are relative to the prompt's
 * folder, then its refs/, or to the mount's root with a leading `/`; the last component may hold
 * wildcards.  Nothing outside the source is ever read, nor what `rights`, those of the prompt's owner, do not allow.
 * 0, or -EINVAL with a sentence.
 */
int references_gather(struct fs *fs, const struct rights *rights, const char *prompt_path, const char *header,
                      struct request *r, struct error *err);

#endif
