/*
 * watch: what happens to the source beneath the mount.
 *
 * inotify on every folder of the source, read on the disk thread.  Prompts that arrive there are
 * committed; names that changed are forgotten in the kernel's caches.  What changes through the mount comes
 * back here, too, and means nothing new: the kernel knows it (forget.h), or its stamps are recorded.
 */
#ifndef FS_WATCH_H
#define FS_WATCH_H

#include "base.h"

struct fs;

/* Sets the first watch; the scan adds the folders. */
int watch_start(struct fs *fs, struct error *err);
/* Any thread: what is seen from now on is dropped.  What the disk thread is at may still go on. */
void watch_quiet(struct fs *fs);
/* After disk_stop(), as the disk thread reads it. */
void watch_stop(struct fs *fs);
/* Whether that folder is looked into at all. */
bool watch_wants(const char *path);
/* Disk thread: also watch that folder (path from the root). */
void watch_folder(struct fs *fs, const char *path);
/* Disk thread: a folder outside of the source, by its absolute path; what happens in it goes to
 * reload_seen(). */
void watch_outside(struct fs *fs, const char *folder);

#endif
