/*
 * reload: the configuration and the keys are read again when their files change, and what was stopped for
 * want of a key goes on.  Disk thread.
 *
 * Headers, settle, budget, in_flight, reuse and log of [defaults] hold from then on, where neither a variable nor
 * -o says otherwise; all other options hold from mount to unmount.  After a mistake everything stays as it was,
 * and `.easelfs/stats` says so.
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
