/*
 * means: what this machine must have so that something can be mounted.
 *
 * Used before a mount and by `easelfs doctor`.  Each returns 0, or -errno with a sentence and what to do.
 */
#ifndef FS_MEANS_H
#define FS_MEANS_H

#include "base.h"

struct options;

/* /dev/fuse is there. */
int means_check_device(struct error *err);
/* … and this user may open it. */
int means_check_device_open(struct error *err);
/* fusermount3 is installed, for ordinary users. */
int means_check_helper(struct error *err);
/* allow_other and allow_root may be given, if they are. */
int means_check_others(const struct options *o, struct error *err);
/* The kernel has the calls that files are reached by. */
int means_check_kernel(struct error *err);

#endif
