/*
 * forget: names in out/ and history/ that changed behind the kernel's back.
 *
 * It remembers them for a day, those that were not there as well.  Disk thread, without locks: the kernel
 * takes the folder's own lock, which whoever changes something there holds while he waits for us.
 */
#ifndef FS_FORGET_H
#define FS_FORGET_H

#include "base.h"

struct fs;

/* Something came to, or went from, that name in that folder (its path from the root).  If the kernel knows what
 * stands there now under that very name, the change was made through the mount, and nothing is done. */
void forget_name(struct fs *fs, const char *folder, const char *name);
/* A file of that name was written. */
void forget_written(struct fs *fs, const char *folder, const char *name);
/* Nobody knows what changed: all that the kernel remembers there. */
void forget_pictures(struct fs *fs);

#endif
