/*
 * confine: what the daemon gives up once the mount is there, so that bytes from outside that got the better of
 * it could not go far.
 *
 * Two steps, as the first must come before threads and the second after everything that needs what it forbids.
 * Neither ends the process: what is forbidden fails with EPERM.  `-o sandboxing=off` leaves both out.
 * broker.h does what is still needed.
 */
#ifndef FS_CONFINE_H
#define FS_CONFINE_H

#include "base.h"

/* No setuid program gives rights any more (prctl(2), PR_SET_NO_NEW_PRIVS), and neither a core dump nor an
 * ordinary user's debugger gets the keys that are in memory (PR_SET_DUMPABLE).  Where the kernel has Landlock
 * (landlock(7)), no file can be executed, and no process but its own looked into: a filter of system calls does not
 * see that a file is /proc/PID/mem.  The calling thread and those that it starts.  source_fd: the folder that is
 * served, in which things are renamed, wherever it is mounted. */
void confine_begin(int source_fd);

/* A filter on the system calls of all threads that there are and will be: no programs, mounts, debugging, modules,
 * namespaces; no connections to other programs' sockets (datagrams pass: the log).  0; -ENOSYS with a sentence where
 * it is not available: in a build without libseccomp or with sanitizers, or the kernel refuses. */
int confine_all(struct error *err);
/* Whether this program and kernel have that filter: 0, or -ENOSYS with the sentence. */
int confine_check(struct error *err);

#endif
