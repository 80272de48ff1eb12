/*
 * kernel: system calls that not every C library has; musl got these two late.
 *
 * As renameat2(2) and pwritev2(2) say; -1 and errno when they fail.
 */
#ifndef FS_KERNEL_H
#define FS_KERNEL_H

#include <linux/fs.h>             /* RENAME_NOREPLACE …, RWF_APPEND */
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static inline int kernel_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* To where the flags say; without one of them, to the beginning. */
static inline ssize_t kernel_write(int fd, const struct iovec *parts, int count, int flags)
{
	return (ssize_t)syscall(SYS_pwritev2, fd, parts, count, 0L, 0L, flags);
}

#endif
