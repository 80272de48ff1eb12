/*
 * tell: the one voice to the kernel.
 *
 * The kernel sends inotify events only for what happens through the mount, so a thread of our own
 * makes the visible changes there: it renames finished pictures from the hidden incoming folder into
 * out/, moves what stood there to history/, and touches status files.  Handlers know it by its thread
 * id.  It has a table of descriptors of its own (see leave_descriptors()), and keeps no descriptor on the mount between announcements; when the mount is gone or is not
 * ours any more, it publishes directly in the source.
 */
#ifndef FS_TELL_H
#define FS_TELL_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "engine.h"

struct fs;

/* Before the engine starts: takes orders from then on. */
int tell_new(struct fs *fs, struct error *err);
/* When the session loop runs: carries them out. */
int tell_start(struct fs *fs, struct error *err);
/* Finishes what is queued without touching the mount, joins.  Also when it was not started, and twice.  Before the session is destroyed. */
void tell_stop(struct fs *fs);
/* After engine_stop(). */
void tell_free(struct fs *fs);

/* Any thread.  p comes back by engine_published() when the file stands under its name, durably. */
void tell_publish(struct fs *fs, struct publication *p);
/* Any thread: the status of that prompt changed (state_changed: at once; else at most once a second). */
void tell_changed(struct fs *fs, const char *path, bool state_changed);
/* Whether the request comes from the tell thread. */
bool tell_is_caller(struct fs *fs, fuse_req_t req);
/* The node that tell wants its next LOOKUP of a status file to find (0 = the newest): inotify watches
 * sit on the revision that was current when they were set. */
uint64_t tell_wanted_node(struct fs *fs);
/* Whether the request comes from tell while it makes that folder of status/ (its path in the source), which was
 * there all the time, so that watchers see it come: a LOOKUP must not find it before the MKDIR. */
bool tell_creates(struct fs *fs, fuse_req_t req, const char *path);

#endif
