#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "virtual.h"

/* --- what the operations share --------------------------------------------------------------- */

struct node *op_node(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = node_get(fs->nodes, ino);

	if (!n)
		fuse_reply_err(req, ESTALE);
	return n;
}

struct handle *op_handle(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

int op_allowed(fuse_req_t req, struct node *parent, const char *name, bool renames_or_removes_dir)
{
	struct fs *fs = fuse_req_userdata(req);
	int refused = virtual_refuses(fs, req, parent, name, renames_or_removes_dir);

	if (refused)
		return -refused;
	return parent->kind == NODE_REAL || parent->kind == NODE_INCOMING_DIR ? 0 : -EROFS;
}

char *op_path(struct fs *fs, struct node *parent, const char *name)
{
	cleanup_free char *folder = node_path(fs->nodes, parent);

	return *folder ? xasprintf("%s/%s", folder, name) : xstrdup(name);
}

int op_opens(fuse_req_t req, enum guest_kind kind, uid_t *guest)
{
	struct fs *fs = fuse_req_userdata(req);
	uid_t uid = fs_guest(fs, req);

	*guest = 0;
	if (!guests_admit(fs->guests, uid, GUEST_HANDLES, 1))
		return -ENFILE;
	if (kind == GUEST_FOLDERS && !guests_admit(fs->guests, uid, GUEST_FOLDERS, 1)) {
		guests_dismiss(fs->guests, uid, GUEST_HANDLES, 1);
		return -ENFILE;
	}
	*guest = uid;
	return 0;
}

void op_closed(struct fs *fs, enum guest_kind kind, uid_t guest)
{
	if (kind == GUEST_FOLDERS)
		guests_dismiss(fs->guests, guest, GUEST_FOLDERS, 1);
	guests_dismiss(fs->guests, guest, GUEST_HANDLES, 1);
}

struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

/* Threads share their umask, unless they ask for their own. */
bool op_caller_has_umask(void)
{
	static __thread bool has;

	if (!has)
		has = unshare(CLONE_FS) == 0;
	return has;
}

/* setfsuid() and capset() are per thread, unlike setresuid(), which glibc does in all threads. */
static void enter(struct op_caller *c, fuse_req_t req, uint32_t without)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct fs *fs = fuse_req_userdata(req);

	if (op_caller_has_umask())
		umask(ctx->umask);
	c->entered = fs->uid == 0 && (ctx->uid != fs->uid || ctx->gid != fs->gid);
	if (!c->entered)
		return;
	syscall(SYS_capget, &header, capabilities);
	setfsgid(ctx->gid);
	setfsuid(ctx->uid);
	if (ctx->uid != 0)
		capabilities[0].effective &= ~without;
	syscall(SYS_capset, &header, capabilities);
}

void op_caller_enter(struct op_caller *c, fuse_req_t req)
{
	enter(c, req, 0);
}

void op_caller_enter_bare(struct op_caller *c, fuse_req_t req)
{
	enter(c, req, CAP_TO_MASK(CAP_FSETID));
}

/* setfsuid() from another user to root brings the capabilities of files back (capabilities(7)). */
void op_caller_leave(struct op_caller *c, struct fs *fs)
{
	if (op_caller_has_umask())
		umask(0);
	if (!c->entered)
		return;
	setfsuid(fs->uid);
	setfsgid(fs->gid);
}

/* --- LOOKUP ---------------------------------------------------------------------------------- */

double fs_ttl(struct fs *fs, struct node *n)
{
	static const char *const tops[] = { "out", "history", ".easelfs", NULL };
	const double day = 24 * 60 * 60;

	if (n->kind != NODE_REAL)
		return 0;
	switch (node_top(fs->nodes, n, tops)) {
	case 0:
	case 1:
		return day;
	case 2:
		return 0;
	default:
		return 1;
	}
}

uid_t fs_guest(const struct fs *fs, fuse_req_t req)
{
	uid_t caller = fuse_req_ctx(req)->uid;

	return caller == fs->uid ? 0 : caller;
}

/* Seconds; shorter than whatever makes another file of that name in incoming/. */
#define INCOMING_TTL 0.2

struct node *op_entry(struct fs *fs, struct node *parent, const char *name, const struct stat *st,
                      struct fuse_entry_param *e)
{
	struct node *n = node_lookup(fs->nodes, parent, name, NODE_REAL, S_ISDIR(st->st_mode),
	                             st->st_dev, st->st_ino, NULL, NULL);

	*e = (struct fuse_entry_param){ .ino = n->id, .attr = *st };
	e->attr_timeout = e->entry_timeout = fs_ttl(fs, n);
	/* A name that is over when it is given would go, and its inode with it, when tell has renamed it. */
	if (parent->kind == NODE_INCOMING_DIR)
		e->entry_timeout = INCOMING_TTL;
	return n;
}

void op_reply_entry(fuse_req_t req, struct node *parent, const char *name, int err,
                    const struct stat *st)
{
	struct fs *fs = fuse_req_userdata(req);
	struct fuse_entry_param e;
	struct node *n;

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	n = op_entry(fs, parent, name, st, &e);
	if (fuse_reply_entry(req, &e) < 0)
		node_forget(fs->nodes, n->id, 1);
	node_put(fs->nodes, n);
}

/* Where nothing changes behind the kernel's back it may remember that a name is not there. */
static void reply_no_entry(fuse_req_t req, double ttl)
{
	struct fuse_entry_param e = { .ino = 0, .entry_timeout = ttl };

	if (ttl > 1)
		fuse_reply_entry(req, &e);
	else
		fuse_reply_err(req, ENOENT);
}

static int lookup(struct fs *fs, struct node *parent, const char *name, struct stat *st)
{
	struct folder *f = folder_get(fs->nodes, parent);
	int err = 0;

	if (!f)
		return -errno;
	if (fstatat(f->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	folder_put(fs->nodes, f);
	return err;
}

static void op_lookup(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *parent = op_node(req, ino);
	struct stat st;
	int err;

	if (!parent)
		return;
	if (!virtual_lookup(fs, req, parent, name)) {
		err = lookup(fs, parent, name, &st);
		if (err == -ENOENT)
			reply_no_entry(req, fs_ttl(fs, parent));
		else
			op_reply_entry(req, parent, name, err, &st);
	}
	node_put(fs->nodes, parent);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	struct fs *fs = fuse_req_userdata(req);

	node_forget(fs->nodes, ino, count);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct fs *fs = fuse_req_userdata(req);

	for (size_t i = 0; i < count; i++)
		node_forget(fs->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/* --- the connection -------------------------------------------------------------------------- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct fs *fs = userdata;

	/* AUTO_INVAL_DATA: other times or size throw cached pages away, as files may change beneath the
	 * mount.  POSIX_ACL: the kernel checks and caches them, the source keeps them. */
	conn->want |= conn->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
	                               FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ATOMIC_O_TRUNC |
	                               FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ASYNC_READ |
	                               FUSE_CAP_SPLICE_WRITE | FUSE_CAP_POSIX_ACL);
	/* The source knows whether a default ACL goes before the umask. */
	if (op_caller_has_umask())
		conn->want |= conn->capable & FUSE_CAP_DONT_MASK;
	/* HANDLE_KILLPRIV: a root daemon's write clears no set-user-id bit, so the kernel asks for it.
	 * SPLICE_READ: one more system call for every request, and only large writes gain. */
	conn->want &= ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_HANDLE_KILLPRIV |
	                          FUSE_CAP_SPLICE_READ);
#ifdef __SANITIZE_THREAD__
	/* It takes no notice of splice(2), and so would not know that a release comes after the reads. */
	conn->want &= ~(unsigned)FUSE_CAP_SPLICE_WRITE;
#endif
	/* Splicing 1 MiB does not fit a pipe and becomes slow; 512 KiB does. */
	if (conn->max_write > 512 * 1024)
		conn->max_write = 512 * 1024;
	/* libfuse wants to hear it here, too. */
	conn->max_read = fs->options.max_read;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
}

const struct fuse_lowlevel_ops fs_operations = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	.statfs = op_statfs,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write_buf = op_write_buf,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.lseek = op_lseek,
	.poll = op_poll,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.mkdir = op_mkdir,
	.mknod = op_mknod,
	.symlink = op_symlink,
	.link = op_link,
	.readlink = op_readlink,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
};
