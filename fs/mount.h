/*
 * mount: from what was asked for to a daemon that serves a directory, and back.
 *
 * Looks what stands at the mountpoint, heals a dead mount, opens the source, goes into the background,
 * takes the lock, starts every part in order, reports to the parent once the mount answers, and
 * takes it all down again when told to by a signal or by an unmount.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <stdbool.h>

struct command_call;

struct mount_request {
	const char *const *dash_o;    /* the lists of all -o, NULL-terminated */
	const char *source;           /* NULL: the mountpoint itself */
	const char *mountpoint;
	bool foreground;
	bool fake;                    /* looks whether it could be mounted, and changes nothing */
	bool verbose;                 /* says what was mounted where */
};

/* All strings are borrowed.  Returns the exit code (command.h): in the parent when the mount answers or has
 * failed, in the daemon when it has ended. */
int mount_run(const struct mount_request *asked);
/* `easelfs mount`. */
int mount_command(const struct command_call *call);

#endif
