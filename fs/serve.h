/*
 * serve: a source that is open and locked, mounted and served until somebody ends it.
 *
 * Starts every part in order, runs the session loop in a thread of its own, and waits for a signal:
 * SIGTERM, SIGINT and SIGHUP end it, SIGUSR1 answers parked requests for three seconds, so that an
 * unmount is not refused as busy; with the value SERVE_DRAIN_OVER it ends that, as the unmount was
 * refused all the same.  An unmount by others ends it as well.
 */
#ifndef FS_SERVE_H
#define FS_SERVE_H

#include "base.h"

struct fs;

enum { SERVE_DRAIN_OVER = 1 };        /* with SIGUSR1, by sigqueue(3) */

/* Blocks while the mount lives.  fs holds options, source, mountpoint and store; everything else is
 * set and taken down here.  ready(ctx) is called once the mount answers; after it, failures are only
 * logged.  0 when it has ended in order, else -errno with the sentence. */
int serve(struct fs *fs, void (*ready)(void *ctx), void *ctx, struct error *err);

#endif
