/*
 * virtual: status/, wait/ and .easelfs/, as the handlers in ops.c see them.
 *
 * Every virtual_* handler replies to the request exactly once, at once or later (parked).  ops.c
 * calls them for nodes whose kind is not NODE_REAL, and virtual_lookup() for every LOOKUP first.
 */
#ifndef FS_VIRTUAL_H
#define FS_VIRTUAL_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "node.h"

struct fs;

/* True: it has replied or will.  False: (parent, name) is an ordinary name of a real folder. */
bool virtual_lookup(struct fs *fs, fuse_req_t req, struct node *parent, const char *name);
/* MKDIR, as virtual_lookup(). */
bool virtual_mkdir(struct fs *fs, fuse_req_t req, struct node *parent, const char *name);
void virtual_getattr(struct fs *fs, fuse_req_t req, struct node *n);
void virtual_setattr(struct fs *fs, fuse_req_t req, struct node *n, struct stat *attr, int to_set);
void virtual_open(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);
void virtual_read(struct fs *fs, fuse_req_t req, struct node *n, size_t size, off_t off,
                  struct fuse_file_info *fi);
void virtual_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   off_t off, struct fuse_file_info *fi);
/* What poll(2) is to say; wake (or NULL) is taken, and notified of the next change. */
void virtual_poll(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi,
                  struct fuse_pollhandle *wake);
void virtual_release(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);
void virtual_opendir(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);
void virtual_readdir(struct fs *fs, fuse_req_t req, struct node *n, size_t size, off_t off,
                     struct fuse_file_info *fi, bool plus);
void virtual_releasedir(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);

/* errno with which a change (create, mkdir, mknod, symlink, link, unlink, rmdir, rename from or to)
 * of that name in that folder is refused: EROFS in and of virtual folders, EBUSY for rename or rmdir
 * of the root's out and history (`renames_or_removes_dir`), 0 if it is allowed.  Knows the tell
 * thread (by fuse_req_ctx(req)->pid), which may move files out of the incoming folder. */
int virtual_refuses(struct fs *fs, fuse_req_t req, struct node *parent, const char *name,
                    bool renames_or_removes_dir);
/* Names of the root that readdir of the real root folder must not list from the source (`.easelfs`,
 * and what the mount hides). */
bool virtual_hides(struct node *parent, const char *name);
/* Names that readdir of the root adds, by index, NULL behind the last: `status`, `.easelfs`, and
 * `out`/`history` only if the source has them (they are listed as real). */
const char *virtual_root_name(size_t index);
/* xattrs of prompts and of the root (user.easelfs.pid).  Return: length written or needed (size 0),
 * or -errno; -ENODATA: no such virtual attribute, ask the real file. */
ssize_t virtual_getxattr(struct fs *fs, struct node *n, const char *name, char *value, size_t size);
/* Frees node->extra of a forgotten node. */
void virtual_free_extra(void *extra);

#endif
