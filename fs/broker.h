/*
 * broker: a child of the daemon that does what the daemon has given up: unmounting.
 *
 * For ordinary users only a setuid program, fusermount3, unmounts, and a process with no_new_privs (confine.h)
 * cannot run it.  The broker is forked before threads, keeps nothing but a socket and the lock of the source,
 * and answers one question.  When the daemon dies without a word, it takes the dead mount away: the folder is
 * there again, rather than "transport endpoint is not connected".  As it shares the daemon's lock, the next daemon
 * starts after that.
 *
 * One thread at a time.
 */
#ifndef FS_BROKER_H
#define FS_BROKER_H

#include "base.h"

#include <sys/types.h>

struct broker { int socket; pid_t pid; };
#define BROKER_INIT { .socket = -1 }

/* mountpoint: absolute.  lock: an OFD lock that the broker holds, too.  Before any thread.  0, or -errno with the
 * sentence. */
int broker_start(struct broker *b, const char *mountpoint, int lock, struct error *err);
/* That is our mount: where the mount point leads to another one, it is let be.  dev: 0 = there is none (any more). */
void broker_mounted(struct broker *b, dev_t dev);
/* mountpoint_unmount() of the mount point, in the broker.  -EPIPE with the sentence if that is gone. */
int broker_unmount(struct broker *b, bool lazy, struct error *err);
/* Ends and reaps it; nothing is unmounted.  Also of one that was never started. */
void broker_stop(struct broker *b);

#endif
