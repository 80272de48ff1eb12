/*
 * mount: from the command line to a daemon that serves a directory, and back.
 *
 * Looks what stands at the mountpoint, heals a dead mount, opens the source, goes into the background,
 * takes the lock, starts every part in order, reports to the parent once the mount answers, and
 * takes it all down again when told to by a signal or by an unmount.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

struct command_call;

/* `easelfs mount`, and `mount.fuse.easelfs` as mount(8) calls it.  They return the exit code (command.h): in the
 * parent when the mount answers or has failed, in the daemon when it has ended. */
int mount_command(const struct command_call *call);
int mount_helper(int argc, char **argv);

#endif
