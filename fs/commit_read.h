/* commit_read: a prompt file becomes a request, or a sentence that says why not.  Disk thread. */
#ifndef FS_COMMIT_READ_H
#define FS_COMMIT_READ_H

#include "engine.h"

struct fs;

/* Reads the prompt at `path`, gathers its settings, snapshots its references.  NULL if no prompt
 * stands there (or its folder says that it is none).  The caller owns the result. */
struct engine_commit *commit_read(struct fs *fs, const char *path);

#endif
