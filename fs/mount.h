/*
 * mount: from the command line to a daemon that serves a directory, and back.
 *
 * Looks what stands at the mountpoint, heals a dead mount, opens the source, goes into the background,
 * takes the lock, starts every part in order, reports to the parent once the mount answers, and
 * takes it all down again when told to by a signal or by an unmount.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

/* `easelfs mount` and `mount.fuse.easelfs`; argv[0] says which.  Returns the exit code (cli.h): in
 * the parent when the mount answers or has failed, in the daemon when it has ended. */
int mount_command(int argc, char **argv);

#endif
