/*
 * watch: what happens to the source beneath the mount.
 *
 * inotify on every folder of the source, read on the disk thread.  Prompts that arrive there are
 * committed; names that changed are forgotten in the kernel's caches.  Our own changes come back here
 * too and are dropped by their stamps.
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
/* Any thread, before the change is made through the mount: its event is ours. */
void watch_expect(struct fs *fs, const char *path);

#endif
