/*
 * mountpoint: what stands at a path, and how to take it away.
 *
 * Everything is read from /proc/self/mountinfo, so that nothing is asked of a mount whose daemon is
 * dead or stopped, except by mountpoint_look().  Used by the mounting side and by the commands.
 */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include "base.h"

#define EASELFS_TYPE "fuse.easelfs"

/* `options` are those of the filesystem. */
struct mount_entry { char *path, *type, *source, *options; dev_t dev; };
struct mounts { struct mount_entry *entries; size_t count; };
#define cleanup_mounts __attribute__((cleanup(mounts_release)))

/* This process's mounts, oldest first; empty if /proc is not there. */
void mounts_read(struct mounts *m);
void mounts_release(struct mounts *m);
/* The topmost mount at exactly that absolute path, or NULL. */
const struct mount_entry *mounts_at(const struct mounts *m, const char *path);
/* The mount that an absolute path lies on: the longest that is the path or above it. */
const struct mount_entry *mounts_covering(const struct mounts *m, const char *path);
/* Where an easelfs serves that folder, by its absolute path; NULL if that is nowhere. */
const struct mount_entry *mounts_of_source(const struct mounts *m, const char *source);
const struct mount_entry *mounts_of_dev(const struct mounts *m, dev_t dev);

/* Whether `path` is `folder` or lies in it; both absolute, without `..`. */
bool path_is_below(const char *path, const char *folder);
/* Absolute path without symlinks.  Its last component is not touched unless it is a symlink, so this
 * works at the root of a dead mount, and components at the end need not exist.  NULL with the
 * sentence; the caller frees. */
char *path_resolve(const char *given, struct error *err);

enum standing {
	STANDS_NOTHING,               /* no easelfs: a plain folder, or another filesystem */
	STANDS_LIVE,                  /* an easelfs that answers, or one of another user */
	STANDS_DEAD,                  /* a mount of ours whose daemon is gone */
};
/* *pid: of the live daemon, 0 if it does not tell. */
enum standing mountpoint_look(const char *path, pid_t *pid);

/* Unmounts what is topmost there: umount2(2), else fusermount3.  lazy: also when it is busy.  0;
 * -EBUSY, -EINVAL (nothing is mounted there), … with the sentence. */
int mountpoint_unmount(const char *path, bool lazy, struct error *err);

#endif
