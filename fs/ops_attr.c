#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "commit.h"
#include "prompt_xattr.h"
#include "virtual.h"

/* --- GETATTR, SETATTR ------------------------------------------------------------------------ */

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	struct stat st;
	int err;

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_getattr(fs, req, n);
	} else {
		if (fi)
			err = fstat(op_handle(fi)->fd, &st) < 0 ? -errno : 0;
		else
			err = node_stat(fs->nodes, n, &st);
		if (err)
			fuse_reply_err(req, -err);
		else
			fuse_reply_attr(req, &st, fs_ttl(fs, n));
	}
	node_put(fs->nodes, n);
}

static int set_owner(int fd, const struct stat *attr, int to_set)
{
	uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
	gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* A handle may write although the file's mode no longer lets anybody. */
static int set_size(int fd, const struct handle *h, off_t size)
{
	int result = h && h->writable ? ftruncate(fd, size) : truncate(fd_path(fd).text, size);

	return result < 0 ? -errno : 0;
}

static struct timespec time_to_set(struct timespec given, int to_set, int set, int set_now)
{
	if (to_set & set_now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	return to_set & set ? given : (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(int fd, const struct stat *attr, int to_set)
{
	const struct timespec times[] = {
		time_to_set(attr->st_atim, to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW),
		time_to_set(attr->st_mtim, to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW),
	};

	return utimensat(fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* In this order, as a new owner clears mode bits and a new size sets times.  fd may be O_PATH.
 * Nothing to set: chown() to neither user nor group, which sets ctime. */
static int set_attributes(int fd, const struct handle *h, const struct stat *attr, int to_set)
{
	int err = 0;

	if (!to_set || to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		err = set_owner(fd, attr, to_set);
	if (!err && to_set & FUSE_SET_ATTR_MODE && chmod(fd_path(fd).text, attr->st_mode & 07777) < 0)
		err = -errno;
	if (!err && to_set & FUSE_SET_ATTR_SIZE)
		err = set_size(fd, h, attr->st_size);
	if (!err && to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW |
	                      FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		err = set_times(fd, attr, to_set);
	return err;
}

static int setattr(struct fs *fs, struct node *n, const struct handle *h, struct stat *attr, int to_set)
{
	cleanup_fd int opened = h ? -1 : node_open(fs->nodes, n, O_PATH);
	int fd = h ? h->fd : opened;

	if (to_set & FUSE_SET_ATTR_SIZE)
		fs->written++;
	int err = fd < 0 ? fd : set_attributes(fd, h, attr, to_set);

	fs->changes++;
	if (!err && fstat(fd, attr) < 0)
		err = -errno;
	if (!err && !h && to_set & FUSE_SET_ATTR_SIZE)
		commit_changed(fs, n);
	return err;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	struct stat st = *attr;
	int err;

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_setattr(fs, req, n, attr, to_set);
	} else if ((err = setattr(fs, n, fi ? op_handle(fi) : NULL, &st, to_set))) {
		fuse_reply_err(req, -err);
	} else {
		fuse_reply_attr(req, &st, fs_ttl(fs, n));
	}
	node_put(fs->nodes, n);
}

/* --- extended attributes --------------------------------------------------------------------- */

static bool is_acl(const char *name)
{
	return str_starts_with(name, "system.posix_acl_");
}

/* A source without ACLs has files without ACLs: any other error would make the kernel refuse access. */
static ssize_t real_getxattr(struct fs *fs, struct node *n, const char *name, char *value, size_t size)
{
	cleanup_fd int fd = node_open(fs->nodes, n, O_PATH);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = getxattr(fd_path(fd).text, name, value, size);
	if (len < 0)
		return errno == EOPNOTSUPP && is_acl(name) ? -ENODATA : -errno;
	return len;
}

/* size 0 asks for the length alone. */
static void reply_xattr(fuse_req_t req, const char *value, size_t size, ssize_t len)
{
	if (len < 0)
		fuse_reply_err(req, (int)-len);
	else if (size == 0)
		fuse_reply_xattr(req, (size_t)len);
	else
		fuse_reply_buf(req, value, (size_t)len);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	cleanup_free char *value = NULL;
	ssize_t len;

	if (!n)
		return;
	if (prompt_xattr_is(fs, n, name)) {
		prompt_xattr_get(fs, req, n, name, size);
		node_put(fs->nodes, n);
		return;
	}
	value = xmalloc(size);
	len = virtual_getxattr(fs, n, name, value, size);
	if (len == -ENODATA && n->kind == NODE_REAL)
		len = real_getxattr(fs, n, name, value, size);
	reply_xattr(req, value, size, len);
	node_put(fs->nodes, n);
}

/* *names is allocated, for as many bytes as are returned; the caller frees. */
static ssize_t real_listxattr(struct fs *fs, struct node *n, char **names)
{
	cleanup_fd int fd = node_open(fs->nodes, n, O_PATH);
	struct fd_path path = fd_path(fd);
	ssize_t len;

	if (fd < 0)
		return fd;
	do {
		len = listxattr(path.text, NULL, 0);
		if (len <= 0)
			break;
		*names = xrealloc(*names, (size_t)len);
		len = listxattr(path.text, *names, (size_t)len);
	} while (len < 0 && errno == ERANGE);   /* one more came in between */
	return len < 0 ? -errno : len;
}

/* Prompts have some even where the source has none. */
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	cleanup_free char *names = NULL;
	ssize_t len;

	if (!n)
		return;
	len = n->kind == NODE_REAL ? real_listxattr(fs, n, &names) : 0;
	if ((len < 0 && len != -EOPNOTSUPP) || !prompt_xattr_list(fs, req, n, size, names, len < 0 ? 0 : (size_t)len))
		reply_xattr(req, names, size, size && len > (ssize_t)size ? -ERANGE : len);
	node_put(fs->nodes, n);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
                 int flags)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	int err = -EROFS;

	if (!n)
		return;
	if (prompt_xattr_is(fs, n, name)) {
		err = 0;
	} else if (n->kind == NODE_REAL) {
		cleanup_fd int fd = node_open(fs->nodes, n, O_PATH);

		err = fd < 0 ? fd : 0;
		if (!err && setxattr(fd_path(fd).text, name, value, size, flags) < 0)
			err = -errno;
		fs->changes++;
	}
	fuse_reply_err(req, -err);
	node_put(fs->nodes, n);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	int err = -EROFS;

	if (!n)
		return;
	if (prompt_xattr_is(fs, n, name)) {
		err = 0;
	} else if (n->kind == NODE_REAL) {
		cleanup_fd int fd = node_open(fs->nodes, n, O_PATH);

		err = fd < 0 ? fd : 0;
		if (!err && removexattr(fd_path(fd).text, name) < 0)
			err = -errno;
		fs->changes++;
	}
	fuse_reply_err(req, -err);
	node_put(fs->nodes, n);
}

/* --- STATFS ---------------------------------------------------------------------------------- */

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct statvfs st;

	(void)ino;
	if (fstatvfs(fs->source_fd, &st) < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
}
