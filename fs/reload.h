/*
 * reload: providers, models and keys are read again when their files change, and what was stopped for
 * want of a key goes on.  Disk thread.
 *
 * The options and headers of [defaults] are those of the mount; they change with the next one.
 */
#ifndef FS_RELOAD_H
#define FS_RELOAD_H

#include "base.h"

struct fs;

/* Watches the folders of the configuration and of all key files.  Any thread, once. */
void reload_begin(struct fs *fs);
/* Something happened to a file with that absolute path. */
void reload_seen(struct fs *fs, const char *path);

#endif
