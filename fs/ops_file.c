#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "commit.h"
#include "kernel.h"
#include "virtual.h"

/* --- CREATE, OPEN ---------------------------------------------------------------------------- */

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* The file is open; fi leads to the handle from now on. */
static void handle_opened(struct fs *fs, struct node *n, int fd, uid_t guest, struct fuse_file_info *fi)
{
	struct handle *h = handle_new(fs->nodes, n, fd, writes(fi->flags));

	h->guest = guest;
	fi->fh = (uintptr_t)h;
	fi->noflush = !h->writable;
	if (h->writable)
		commit_opened(fs, n);
}

/* Nobody will use it any more: RELEASE came, or the open's reply did not reach the kernel. */
static void handle_closed(struct fs *fs, const struct fuse_file_info *fi)
{
	struct handle *h = op_handle(fi);

	if (h->writable)
		commit_released(fs, h->node);
	op_closed(fs, GUEST_HANDLES, h->guest);
	handle_put(fs->nodes, h);
}

/* Our reads and writes are not aligned as O_DIRECT wants them; the kernel bypasses its own cache.
 * O_APPEND may come and go with fcntl(2), and does not hold for mappings: see write_real(). */
static int source_flags(int flags)
{
	return (flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_DIRECT | O_NOCTTY | O_APPEND)) |
	       O_NOFOLLOW | O_CLOEXEC;
}

/* O_EXCL always: the kernel was told that there is no such name.  If there is one by now (it came
 * beneath the mount), ESTALE makes it look again and OPEN the file with the rights it has. */
static int create(fuse_req_t req, struct node *parent, const char *name, mode_t mode, int flags)
{
	struct fs *fs = fuse_req_userdata(req);
	struct folder *f = folder_get(fs->nodes, parent);
	struct op_caller caller;
	int fd, err;

	if (!f)
		return -errno;
	op_caller_enter(&caller, req);
	fd = openat(f->fd, name, source_flags(flags) | O_CREAT | O_EXCL, mode);
	err = errno;
	op_caller_leave(&caller, fs);
	folder_put(fs->nodes, f);
	if (fd < 0 && err == EEXIST && !(flags & O_EXCL))
		return -ESTALE;
	if (fd < 0)
		return -err;
	return fd;
}

static void reply_created(fuse_req_t req, struct node *parent, const char *name, int fd, uid_t guest,
                          const struct stat *st, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct fuse_entry_param e;
	struct node *n = op_entry(fs, parent, name, st, &e);

	handle_opened(fs, n, fd, guest, fi);
	if (fuse_reply_create(req, &e, fi) < 0) {
		handle_closed(fs, fi);
		node_forget(fs->nodes, n->id, 1);
	}
	node_put(fs->nodes, n);
}

void op_create(fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode,
               struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *parent = op_node(req, ino);
	cleanup_fd int fd = -1;
	uid_t guest = 0;
	struct stat st;

	if (!parent)
		return;
	fd = op_allowed(req, parent, name, false);
	if (fd == 0)
		fd = op_opens(req, GUEST_HANDLES, &guest);
	if (fd == 0)
		fd = create(req, parent, name, mode, fi->flags);
	fs->changes++;
	int err = fd < 0 ? -fd : fstat(fd, &st) < 0 ? errno : 0;
	if (err) {
		op_closed(fs, GUEST_HANDLES, guest);
		fuse_reply_err(req, err);
	} else {
		reply_created(req, parent, name, steal_fd(&fd), guest, &st, fi);
	}
	node_put(fs->nodes, parent);
}

/* The kernel leaves it to us to take set-user-id bits away when a file is truncated at open. */
static int truncate_opened(fuse_req_t req, int fd, int flags)
{
	struct op_caller caller;
	int err;

	op_caller_enter_bare(&caller, req);
	err = (writes(flags) ? ftruncate(fd, 0) : truncate(fd_path(fd).text, 0)) < 0 ? -errno : 0;
	op_caller_leave(&caller, fuse_req_userdata(req));
	return err;
}

static int open_real(fuse_req_t req, struct node *n, int flags)
{
	struct fs *fs = fuse_req_userdata(req);
	cleanup_fd int fd = node_open(fs->nodes, n, source_flags(flags));
	int err = fd < 0 ? fd : 0;

	if (writes(flags) || flags & O_TRUNC)
		fs->written++;
	if (!err && flags & O_TRUNC)
		err = truncate_opened(req, fd, flags);
	return err ? err : steal_fd(&fd);
}

/* Before it is opened, as that may truncate it. */
static int open_counted(fuse_req_t req, struct node *n, int flags, uid_t *guest)
{
	int fd = op_opens(req, GUEST_HANDLES, guest);

	if (fd < 0)
		return fd;
	fd = open_real(req, n, flags);
	if (fd < 0)
		op_closed(fuse_req_userdata(req), GUEST_HANDLES, *guest);
	return fd;
}

/* Pictures change by rename only.  Other files may have changed beneath the mount. */
static bool may_keep_cache(struct fs *fs, struct node *n, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (node_unchanged(fs->nodes, n, &st) || fs_ttl(fs, n) > 1);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	uid_t guest;
	int fd;

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_open(fs, req, n, fi);
	} else if ((fd = open_counted(req, n, fi->flags, &guest)) < 0) {
		fuse_reply_err(req, -fd);
	} else {
		fi->keep_cache = may_keep_cache(fs, n, fd);
		handle_opened(fs, n, fd, guest, fi);
		if (fuse_reply_open(req, fi) < 0)
			handle_closed(fs, fi);
	}
	node_put(fs->nodes, n);
}

/* --- READ, WRITE ----------------------------------------------------------------------------- */

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	struct fuse_bufvec out = FUSE_BUFVEC_INIT(size);

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_read(fs, req, n, size, off, fi);
	} else {
		out.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
		out.buf[0].fd = op_handle(fi)->fd;
		out.buf[0].pos = off;
		fuse_reply_data(req, &out, 0);
	}
	node_put(fs->nodes, n);
}

/* What is to be written, in memory of *bytes, which the caller frees: its length or -errno. */
static ssize_t gather(struct fuse_bufvec *in, char **bytes)
{
	size_t size = fuse_buf_size(in);
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(size);

	to.buf[0].mem = *bytes = xmalloc(size);
	return fuse_buf_copy(&to, in, 0);
}

static void write_virtual(fuse_req_t req, struct node *n, struct fuse_bufvec *in, off_t off,
                          struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	cleanup_free char *bytes = NULL;
	ssize_t copied = gather(in, &bytes);

	if (copied < 0)
		fuse_reply_err(req, (int)-copied);
	else
		virtual_write(fs, req, n, bytes, (size_t)copied, off, fi);
}

static ssize_t write_at(int fd, struct fuse_bufvec *in, off_t off)
{
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(fuse_buf_size(in));

	to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	to.buf[0].fd = fd;
	to.buf[0].pos = off;
	return fuse_buf_copy(&to, in, 0);
}

/* To where the source ends, which may be further on than the kernel knows. */
static ssize_t append(int fd, struct fuse_bufvec *in)
{
	cleanup_free char *bytes = NULL;
	ssize_t size = gather(in, &bytes);
	struct iovec part = { .iov_base = bytes, .iov_len = (size_t)size };

	if (size >= 0 && (size = kernel_write(fd, &part, 1, RWF_APPEND)) < 0)
		return -errno;
	return size;
}

/* fi->flags are those that the file has now; of pages that were written through a mapping it has none. */
static void write_real(fuse_req_t req, struct fuse_bufvec *in, off_t off, struct fuse_file_info *fi)
{
	int fd = op_handle(fi)->fd;
	bool appends = fi->flags & O_APPEND && !fi->writepage;
	ssize_t written = appends ? append(fd, in) : write_at(fd, in, off);

	if (written < 0)
		fuse_reply_err(req, (int)-written);
	else
		fuse_reply_write(req, (size_t)written);
}

void op_write_buf(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *in, off_t off,
                  struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (!n)
		return;
	if (n->kind != NODE_REAL)
		write_virtual(req, n, in, off, fi);
	else
		write_real(req, in, off, fi);
	node_put(fs->nodes, n);
}

/* --- FLUSH, RELEASE, FSYNC ------------------------------------------------------------------- */

/* Closing a copy brings out what the source reports at close: quota, NFS. */
static int flush(struct fs *fs, struct handle *h)
{
	int copy = h->writable ? fcntl(h->fd, F_DUPFD_CLOEXEC, 0) : -1;
	int err = copy >= 0 && close(copy) < 0 ? -errno : 0;

	if (h->writable)
		commit_flushed(fs, h->node);
	return err;
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (!n)
		return;
	fuse_reply_err(req, n->kind == NODE_REAL ? -flush(fs, op_handle(fi)) : 0);
	node_put(fs->nodes, n);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_release(fs, req, n, fi);
	} else {
		handle_closed(fs, fi);
		fuse_reply_err(req, 0);
	}
	node_put(fs->nodes, n);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	int result = 0;

	if (!n)
		return;
	if (n->kind == NODE_REAL)
		result = datasync ? fdatasync(op_handle(fi)->fd) : fsync(op_handle(fi)->fd);
	fuse_reply_err(req, result < 0 ? errno : 0);
	node_put(fs->nodes, n);
}

/* --- FALLOCATE, COPY_FILE_RANGE, LSEEK ------------------------------------------------------- */

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
                  struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (!n)
		return;
	if (n->kind != NODE_REAL)
		fuse_reply_err(req, EOPNOTSUPP);
	else
		fuse_reply_err(req, fallocate(op_handle(fi)->fd, mode, off, len) < 0 ? errno : 0);
	node_put(fs->nodes, n);
}

/* At most 64 MiB at once, so that the few workers are soon free again; programs ask for the rest. */
static void copy_range(fuse_req_t req, const struct handle *from, off_t from_off,
                       const struct handle *to, off_t to_off, size_t len)
{
	const size_t most = 64 << 20;
	ssize_t copied = copy_file_range(from->fd, &from_off, to->fd, &to_off,
	                                 len < most ? len : most, 0);

	if (copied < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_write(req, (size_t)copied);
}

/* EXDEV, for virtual files: the kernel then copies by reading and writing. */
void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_off, struct fuse_file_info *from_fi,
                        fuse_ino_t to, off_t to_off, struct fuse_file_info *to_fi, size_t len,
                        int flags)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *a = op_node(req, from);
	struct node *b = a ? op_node(req, to) : NULL;

	if (a && b) {
		if (a->kind != NODE_REAL || b->kind != NODE_REAL)
			fuse_reply_err(req, EXDEV);
		else if (flags)
			fuse_reply_err(req, EINVAL);
		else
			copy_range(req, op_handle(from_fi), from_off, op_handle(to_fi), to_off, len);
	}
	node_put(fs->nodes, a);
	node_put(fs->nodes, b);
}

/* Only SEEK_DATA and SEEK_HOLE come here; EINVAL tells programs to read virtual files as a whole. */
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	off_t found;

	if (!n)
		return;
	if (n->kind != NODE_REAL)
		fuse_reply_err(req, EINVAL);
	else if ((found = lseek(op_handle(fi)->fd, off, whence)) < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_lseek(req, found);
	node_put(fs->nodes, n);
}

/* --- POLL ------------------------------------------------------------------------------------ */

/* Files of the source never make anybody wait, as everywhere. */
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *wake)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (n && n->kind != NODE_REAL) {
		virtual_poll(fs, req, n, fi, wake);
	} else {
		if (wake)
			fuse_pollhandle_destroy(wake);
		if (n)
			fuse_reply_poll(req, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
	}
	node_put(fs->nodes, n);
}
