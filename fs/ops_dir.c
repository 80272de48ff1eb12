#include "ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "virtual.h"

/* Behind the source's entries the root lists virtual names, at FIRST_VIRTUAL + 1 and so on.  No file
 * name of ext4 hashes to that (only the end of a folder is at 0x7fffffffffffffff there); offsets of
 * XFS, btrfs and tmpfs are smaller. */
#define FIRST_VIRTUAL INT64_C(0x7fffffff00000000)
enum { MANY_VIRTUAL = 1024 };

/* An open folder.  One READDIR at a time, as the kernel locks the file's position meanwhile. */
struct listing {
	struct handle *handle;
	off_t offset;                 /* of the entry at `at`: where READDIR should go on */
	size_t at, len;               /* what is left of `bytes` */
	_Alignas(struct dirent64) char bytes[32 * 1024];
};

/* A READDIR being answered. */
struct answer {
	fuse_req_t req;
	struct fs *fs;
	struct node *dir;
	struct listing *listing;
	bool plus;                    /* with attributes */
	size_t size;                  /* what the kernel takes */
	size_t len;
	char *bytes;
};

static struct listing *listing_of(const struct fuse_file_info *fi)
{
	return (struct listing *)(uintptr_t)fi->fh;
}

/* --- OPENDIR, RELEASEDIR, FSYNCDIR ----------------------------------------------------------- */

static void listing_new(struct fs *fs, struct node *n, int fd, uid_t guest, struct fuse_file_info *fi)
{
	struct listing *l = xmalloc(sizeof(*l));

	l->handle = handle_new(fs->nodes, n, fd, false);
	l->handle->guest = guest;
	l->offset = 0;
	l->at = l->len = 0;
	fi->fh = (uintptr_t)l;
	fi->cache_readdir = fi->keep_cache = fs_ttl(fs, n) > 1;
}

static void listing_free(struct fs *fs, struct listing *l)
{
	op_closed(fs, GUEST_FOLDERS, l->handle->guest);
	handle_put(fs->nodes, l->handle);
	free(l);
}

static int open_counted(fuse_req_t req, struct node *n, uid_t *guest)
{
	struct fs *fs = fuse_req_userdata(req);
	int fd = op_opens(req, GUEST_FOLDERS, guest);

	if (fd < 0)
		return fd;
	fd = node_open(fs->nodes, n, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		op_closed(fs, GUEST_FOLDERS, *guest);
	return fd;
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	uid_t guest;
	int fd;

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_opendir(fs, req, n, fi);
	} else if ((fd = open_counted(req, n, &guest)) < 0) {
		fuse_reply_err(req, -fd);
	} else {
		listing_new(fs, n, fd, guest, fi);
		if (fuse_reply_open(req, fi) < 0)
			listing_free(fs, listing_of(fi));
	}
	node_put(fs->nodes, n);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_releasedir(fs, req, n, fi);
	} else {
		listing_free(fs, listing_of(fi));
		fuse_reply_err(req, 0);
	}
	node_put(fs->nodes, n);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	int result = 0, fd;

	if (!n)
		return;
	if (n->kind == NODE_REAL) {
		fd = listing_of(fi)->handle->fd;
		result = datasync ? fdatasync(fd) : fsync(fd);
	}
	fuse_reply_err(req, result < 0 ? errno : 0);
	node_put(fs->nodes, n);
}

/* --- READDIR --------------------------------------------------------------------------------- */

static int listing_seek(struct listing *l, off_t off)
{
	if (off == l->offset)
		return 0;
	if (lseek(l->handle->fd, off, SEEK_SET) < 0)
		return -errno;
	l->offset = off;
	l->at = l->len = 0;
	return 0;
}

/* The next one, until it is passed; NULL at the end, and when *error is -errno. */
static const struct dirent64 *listing_peek(struct listing *l, int *error)
{
	if (l->at == l->len) {
		ssize_t len = getdents64(l->handle->fd, (void *)l->bytes, sizeof(l->bytes));

		*error = len < 0 ? -errno : 0;
		l->at = 0;
		l->len = len < 0 ? 0 : (size_t)len;
	}
	return l->len > 0 ? (const struct dirent64 *)(l->bytes + l->at) : NULL;
}

static void listing_pass(struct listing *l, const struct dirent64 *entry)
{
	l->at += entry->d_reclen;
	l->offset = entry->d_off;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static size_t room(const struct answer *a)
{
	return a->size - a->len;
}

/* What is listed with inode 0 has no attributes: the kernel will look it up when it needs them. */
static bool add_plus(struct answer *a, const char *name, const struct stat *type, off_t next,
                     bool lookup)
{
	size_t size = fuse_add_direntry_plus(a->req, NULL, 0, name, NULL, 0);
	struct fuse_entry_param e = { .ino = 0, .attr = *type };
	struct stat st;

	if (size > room(a))
		return false;
	if (lookup && fstatat(a->listing->handle->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		node_put(a->fs->nodes, op_entry(a->fs, a->dir, name, &st, &e));
	a->len += fuse_add_direntry_plus(a->req, a->bytes + a->len, room(a), name, &e, next);
	return true;
}

static bool add_plain(struct answer *a, const char *name, const struct stat *type, off_t next)
{
	size_t size = fuse_add_direntry(a->req, a->bytes + a->len, room(a), name, type, next);

	if (size > room(a))
		return false;
	a->len += size;
	return true;
}

/* False: it does not fit any more. */
static bool add_real(struct answer *a, const struct dirent64 *entry)
{
	const struct stat type = { .st_ino = entry->d_ino, .st_mode = DTTOIF(entry->d_type) };

	if (virtual_hides(a->dir, entry->d_name))
		return true;
	return a->plus ? add_plus(a, entry->d_name, &type, entry->d_off, !is_dot(entry->d_name))
	               : add_plain(a, entry->d_name, &type, entry->d_off);
}

static bool add_virtual(struct answer *a, const char *name, off_t next)
{
	const struct stat type = { .st_ino = UINT32_MAX, .st_mode = S_IFDIR };

	return a->plus ? add_plus(a, name, &type, next, false) : add_plain(a, name, &type, next);
}

/* 1: all of them are listed.  0: the answer is full.  Or -errno. */
static int list_real(struct answer *a, off_t off)
{
	const struct dirent64 *entry;
	int error = listing_seek(a->listing, off);

	if (error)
		return error;
	while ((entry = listing_peek(a->listing, &error))) {
		if (!add_real(a, entry))
			return 0;
		listing_pass(a->listing, entry);
	}
	return error ? error : 1;
}

static void list_virtual(struct answer *a, size_t index)
{
	const char *name;

	for (; (name = virtual_root_name(index)); index++)
		if (!add_virtual(a, name, FIRST_VIRTUAL + (off_t)index + 1))
			return;
}

static int list(struct answer *a, off_t off)
{
	int done;

	if (off > FIRST_VIRTUAL && off <= FIRST_VIRTUAL + MANY_VIRTUAL) {
		list_virtual(a, (size_t)(off - FIRST_VIRTUAL));
		return 0;
	}
	done = list_real(a, off);
	if (done > 0 && a->dir->id == FUSE_ROOT_ID)
		list_virtual(a, 0);
	return done < 0 && a->len == 0 ? done : 0;
}

static void list_folder(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                        struct fuse_file_info *fi, bool plus)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node *n = op_node(req, ino);
	int err;

	if (!n)
		return;
	if (n->kind != NODE_REAL) {
		virtual_readdir(fs, req, n, size, off, fi, plus);
	} else {
		cleanup_free char *bytes = xmalloc(size);
		struct answer a = { .req = req, .fs = fs, .dir = n, .listing = listing_of(fi),
		                    .plus = plus, .size = size, .bytes = bytes };

		err = list(&a, off);
		if (err)
			fuse_reply_err(req, -err);
		else
			fuse_reply_buf(req, bytes, a.len);
	}
	node_put(fs->nodes, n);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	list_folder(req, ino, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
	list_folder(req, ino, size, off, fi, true);
}
