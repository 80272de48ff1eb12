/*
 * disk: the thread for what takes time on disks.
 *
 * One loop with a queue, timers and watched descriptors.  Work that reads whole files, hashes or
 * fsyncs is posted here, so that neither a filesystem call nor the network loop waits for it.
 */
#ifndef CACHE_DISK_H
#define CACHE_DISK_H

#include "base.h"

struct disk;
typedef void disk_work(void *arg);

int disk_start(struct disk **out, struct error *err);
/* Runs what is queued, drops timers, joins, frees. */
void disk_stop(struct disk *d);
/* Any thread; first in, first out. */
void disk_post(struct disk *d, disk_work *fn, void *arg);
/* Any thread: runs fn on the disk thread at that clock_mono_ms() or soon after. */
void disk_at(struct disk *d, int64_t mono_ms, disk_work *fn, void *arg);
/* Runs fn on the disk thread whenever fd is readable.  One descriptor; before any traffic. */
void disk_watch(struct disk *d, int fd, disk_work *fn, void *arg);
bool disk_is_self(const struct disk *d);       /* whether the caller is the disk thread */

/*
 * What is to be durable is gathered while work runs, and synced when all work that was there has run: many files
 * cost little more than one.  On the disk thread only.
 */
/* A file, or a folder for the names in it.  fd stays open and *result the caller's until what disk_then() got runs;
 * *result is 0 or -errno by then. */
void disk_sync(struct disk *d, int fd, int *result);
/* fn runs when everything that disk_sync() got before is synced, in the order of the calls. */
void disk_then(struct disk *d, disk_work *fn, void *arg);
/* Before any traffic: what lies in that folder's filesystem may be synced all at once, by syncfs(2), where that is
 * known to write all and to report what failed (Linux 5.8, the filesystems' own documentation).  folder, which is
 * opened for reading, is borrowed until the end. */
void disk_groups(struct disk *d, int folder);

#endif
