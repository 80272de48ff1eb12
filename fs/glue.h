/* glue: the engine's calls, answered by this room. */
#ifndef FS_GLUE_H
#define FS_GLUE_H

#include "base.h"
#include "engine.h"

struct fs;

/* Starts fs->engine with what fs holds.  j goes to the engine also on failure; opened and rebuilt are what
 * journal_place_open() said, rebuilt borrowed until engine_stop(). */
int fs_engine_start(struct fs *fs, struct journal *j, const struct journal_opened *opened, const char *rebuilt,
                    struct models *m, struct error *err);

#endif
