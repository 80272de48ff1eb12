#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "commit.h"
#include "kernel.h"
#include "virtual.h"

/* --- making names: MKDIR, MKNOD, SYMLINK, LINK ----------------------------------------------- */

/* What is to be made, for one of the functions below. */
struct making {
	mode_t mode;
	dev_t rdev;
	const char *target;           /* of a symbolic link */
	int fd;                       /* O_PATH, of the file that gets another name */
};
typedef int making_fn(int dir, const char *name, const struct making *m);

static int make_dir(int dir, const char *name, const struct making *m)
{
	return mkdirat(dir, name, m->mode);
}

static int make_nod(int dir, const char *name, const struct making *m)
{
	return mknodat(dir, name, m->mode, m->rdev);
}

static int make_symlink(int dir, const char *name, const struct making *m)
{
	return symlinkat(m->target, dir, name);
}

static int make_link(int dir, const char *name, const struct making *m)
{
	return linkat(AT_FDCWD, fd_path(m->fd).text, dir, name, AT_SYMLINK_FOLLOW);
}

/* *st are the attributes of what was made. */
static int make(fuse_req_t req, struct node *parent, const char *name, making_fn *fn,
                const struct making *m, struct stat *st)
{
	struct fs *fs = fuse_req_userdata(req);
	int err = op_allowed(req, parent, name, false);
	struct op_caller caller;
	struct folder *f;

	if (err)
		return err;
	f = folder_get(fs->nodes, parent);
	if (!f)
		return -errno;
	op_caller_enter(&caller, req);
	err = fn(f->fd, name, m) < 0 ? -errno : 0;
	op_caller_leave(&caller, fs);
	if (!err && fstatat(f->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	folder_put(fs->nodes, f);
	return err;
}

static void tell_named(struct fs *fs, struct node *parent, const char *name)
{
	cleanup_free char *path = op_path(fs, parent, name);

	commit_named(fs, path);
}

static void make_and_reply(fuse_req_t req, fuse_ino_t ino, const char *name, making_fn *fn,
                           const struct making *m)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *parent = op_node(req, ino);
	struct stat st;
	int err;

	if (!parent)
		return;
	err = make(req, parent, name, fn, m, &st);
	fs->changes++;
	if (!err && S_ISREG(st.st_mode))
		tell_named(fs, parent, name);
	op_reply_entry(req, parent, name, err, &st);
	node_put(fs->nodes, parent);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, parent);

	if (!n)
		return;
	if (!virtual_mkdir(fs, req, n, name))
		make_and_reply(req, parent, name, make_dir, &(struct making){ .mode = mode });
	node_put(fs->nodes, n);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	make_and_reply(req, parent, name, make_nod, &(struct making){ .mode = mode, .rdev = rdev });
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	make_and_reply(req, parent, name, make_symlink, &(struct making){ .target = target });
}

static int link_virtual(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *parent = node_get(fs->nodes, ino);
	int err = parent ? op_allowed(req, parent, name, false) : -ESTALE;

	node_put(fs->nodes, parent);
	return err ? err : -EXDEV;
}

/* EXDEV, for virtual files: programs then copy, where they may. */
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	cleanup_fd int fd = -1;

	if (!n)
		return;
	fd = n->kind == NODE_REAL ? node_open(fs->nodes, n, O_PATH) : link_virtual(req, parent, name);
	if (fd < 0)
		fuse_reply_err(req, -fd);
	else
		make_and_reply(req, parent, name, make_link, &(struct making){ .fd = fd });
	node_put(fs->nodes, n);
}

static ssize_t read_link(struct fs *fs, struct node *n, char *target, size_t size)
{
	cleanup_fd int fd = n->kind == NODE_REAL ? node_open(fs->nodes, n, O_PATH) : -EINVAL;
	ssize_t len;

	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", target, size - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return len;
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	cleanup_free char *target = NULL;
	ssize_t len;

	if (!n)
		return;
	target = xmalloc(PATH_MAX + 1);
	len = read_link(fs, n, target, PATH_MAX + 1);
	if (len < 0)
		fuse_reply_err(req, (int)-len);
	else
		fuse_reply_readlink(req, target);
	node_put(fs->nodes, n);
}

/* --- removing names: UNLINK, RMDIR ----------------------------------------------------------- */

/* Of what guests remove, as they can keep it for ever (O_PATH) without an OPEN that would be counted.  What is beyond
 * is out of reach: ESTALE. */
enum { REMAINS_MAX = 64 };

static bool is_last_name(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || st->st_nlink <= 1;
}

/* Of what is about to lose a name; -1 if there is no need.  The kernel opens fifos, sockets and devices by
 * itself, and goes on asking for their attributes, as it does for a folder that somebody stands in.  Not
 * of regular files: whoever has them open has a handle, and their space shall be free at once. */
static int open_remains(fuse_req_t req, const struct folder *f, const char *name, const struct stat *st)
{
	struct fs *fs = fuse_req_userdata(req);

	if (S_ISREG(st->st_mode) || (S_ISLNK(st->st_mode) && !is_last_name(st)))
		return -1;
	if (fs_guest(fs, req) && nodes_remains(fs->nodes) >= REMAINS_MAX)
		return -1;
	return openat(f->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static void name_removed(struct fs *fs, const struct stat *st, int remains)
{
	(is_last_name(st) ? node_gone : node_unnamed)(fs->nodes, st->st_dev, st->st_ino, remains);
}

static int remove_name(fuse_req_t req, struct node *parent, const char *name, int flags,
                       struct stat *st, int *remains)
{
	struct fs *fs = fuse_req_userdata(req);
	int err = op_allowed(req, parent, name, flags & AT_REMOVEDIR);
	struct folder *f;

	if (err)
		return err;
	f = folder_get(fs->nodes, parent);
	if (!f)
		return -errno;
	if (fstatat(f->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0) {
		*remains = open_remains(req, f, name, st);
		err = unlinkat(f->fd, name, flags) < 0 ? -errno : 0;
	} else {
		err = -errno;
	}
	folder_put(fs->nodes, f);
	return err;
}

static void tell_removed(struct fs *fs, struct node *parent, const char *name)
{
	cleanup_free char *path = op_path(fs, parent, name);

	commit_removed(fs, path);
}

static void remove_and_reply(fuse_req_t req, fuse_ino_t ino, const char *name, int flags)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *parent = op_node(req, ino);
	cleanup_fd int remains = -1;
	struct stat st;
	int err;

	if (!parent)
		return;
	err = remove_name(req, parent, name, flags, &st, &remains);
	fs->changes++;
	if (!err)
		name_removed(fs, &st, steal_fd(&remains));
	if (!err && !S_ISDIR(st.st_mode))
		tell_removed(fs, parent, name);
	fuse_reply_err(req, -err);
	node_put(fs->nodes, parent);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_and_reply(req, parent, name, 0);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_and_reply(req, parent, name, AT_REMOVEDIR);
}

/* --- RENAME ---------------------------------------------------------------------------------- */

/* One end of a rename. */
struct end {
	struct node *parent;
	const char *name;
	struct folder *folder;
	bool exists;
	struct stat st;
	int remains;                  /* of what is replaced, or -1 */
};

static int end_find(struct fs *fs, struct end *e)
{
	e->folder = folder_get(fs->nodes, e->parent);
	if (!e->folder)
		return -errno;
	e->exists = fstatat(e->folder->fd, e->name, &e->st, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

/* renameat2() leaves two names of one file as they are. */
static bool is_one_file(const struct end *a, const struct end *b)
{
	return a->exists && b->exists && a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino;
}

/* Whether something stands at the new name decides if it would be replaced. */
static int rename_ends(fuse_req_t req, struct end *from, struct end *to, unsigned flags)
{
	struct fs *fs = fuse_req_userdata(req);
	int err;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if ((err = op_allowed(req, from->parent, from->name, true)) ||
	    (err = op_allowed(req, to->parent, to->name, false)) ||
	    (err = end_find(fs, from)) || (err = end_find(fs, to)))
		return err;
	if (to->exists && (err = op_allowed(req, to->parent, to->name, true)))
		return err;
	if (!from->exists)
		return -ENOENT;
	if (to->exists && !(flags & RENAME_EXCHANGE) && !is_one_file(from, to))
		to->remains = open_remains(req, to->folder, to->name, &to->st);
	if (kernel_rename(from->folder->fd, from->name, to->folder->fd, to->name, flags) < 0)
		return -errno;
	return 0;
}

static void rename_nodes(struct fs *fs, const struct end *from, struct end *to, unsigned flags)
{
	node_moved(fs->nodes, from->st.st_dev, from->st.st_ino, to->parent, to->name);
	if (flags & RENAME_EXCHANGE)
		node_moved(fs->nodes, to->st.st_dev, to->st.st_ino, from->parent, from->name);
	else if (to->exists)
		name_removed(fs, &to->st, steal_fd(&to->remains));
}

static void tell_renamed(struct fs *fs, const struct end *from, const struct end *to, unsigned flags)
{
	cleanup_free char *old = op_path(fs, from->parent, from->name);
	cleanup_free char *new = op_path(fs, to->parent, to->name);

	if (flags & RENAME_EXCHANGE)
		commit_exchanged(fs, old, new, S_ISDIR(from->st.st_mode), S_ISDIR(to->st.st_mode));
	else
		commit_renamed(fs, old, new, S_ISDIR(from->st.st_mode));
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags)
{
	struct fs *fs = fuse_req_userdata(req);
	struct end from = { .parent = op_node(req, parent), .name = name, .remains = -1 };
	struct end to = { .parent = from.parent ? op_node(req, new_parent) : NULL, .name = new_name, .remains = -1 };
	int err;

	if (from.parent && to.parent) {
		fs->renaming++;
		err = rename_ends(req, &from, &to, flags);
		fs->changes++;
		bool moved = !err && !is_one_file(&from, &to);
		if (moved)
			rename_nodes(fs, &from, &to, flags);
		fs->renaming--;
		if (moved)
			tell_renamed(fs, &from, &to, flags);
		fuse_reply_err(req, -err);
	}
	if (to.remains >= 0)
		close(to.remains);
	folder_put(fs->nodes, from.folder);
	folder_put(fs->nodes, to.folder);
	node_put(fs->nodes, from.parent);
	node_put(fs->nodes, to.parent);
}
