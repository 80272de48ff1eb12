/*
 * events: `.easelfs/events`, what happens to prompts as a line of JSON each (NDJSON), as it happens.
 *
 * Any number of readers; each is given what was said since it opened the file.  A read waits for the
 * next line, parked (EAGAIN with O_NONBLOCK), and is given whole lines unless its buffer is smaller
 * than one.  The latest lines, 1 MiB of them, are kept for who is slow; who is slower than that finds a
 * line `{"time":…,"dropped":N}` in the place of those that are gone.  Nothing is kept without readers.
 *
 * Lock: events->lock, which is held together with no other.  Any thread, if nothing else is said.
 */
#ifndef FS_EVENTS_H
#define FS_EVENTS_H

#include <fuse_lowlevel.h>

#include "base.h"

struct fs;
struct job_view;

int events_new(struct fs *fs, struct error *err);
/* After engine_stop(): nobody waits any more. */
void events_free(struct fs *fs);

/* Engine thread: that prompt's newest job is now as v says (lent); the same as before is not said again. */
void events_say(struct fs *fs, const struct job_view *v);
/* on: who waits for a line finds the end of the file, and who reads on, too, until it is called with
 * false. */
void events_drain(struct fs *fs, bool on);
/* How many have it open. */
size_t events_readers(struct fs *fs);

/* Each replies once, events_read() perhaps later. */
void events_open(struct fs *fs, fuse_req_t req, struct fuse_file_info *fi);
void events_read(struct fs *fs, fuse_req_t req, size_t size, const struct fuse_file_info *fi);
void events_release(struct fs *fs, fuse_req_t req, const struct fuse_file_info *fi);
/* What poll(2) is to say; wake (or NULL) is taken, and woken by the next line. */
unsigned events_poll(struct fs *fs, const struct fuse_file_info *fi, struct fuse_pollhandle *wake);

#endif
