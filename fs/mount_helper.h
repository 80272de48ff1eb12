/*
 * mount_helper: `mount.fuse.easelfs`, as mount(8) calls it for `mount -t fuse.easelfs` and lines of fstab.
 */
#ifndef FS_MOUNT_HELPER_H
#define FS_MOUNT_HELPER_H

/* Its exit codes are those of mount(8). */
int mount_helper(int argc, char **argv);

#endif
