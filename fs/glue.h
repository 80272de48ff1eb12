/* glue: the engine's calls, answered by this room. */
#ifndef FS_GLUE_H
#define FS_GLUE_H

#include "base.h"
#include "engine.h"

struct fs;

/* Starts fs->engine with what fs holds.  j goes to the engine also on failure. */
int fs_engine_start(struct fs *fs, struct journal *j, struct models *m, struct error *err);

#endif
