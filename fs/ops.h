/*
 * ops: the operations of the kernel on files and folders of the source.
 *
 * Every operation has one shape: get the nodes (the helper replies ESTALE), give those that are not
 * real to virtual.c, ask whether the change is allowed, make it, tell commit.c what happened, and
 * reply once.  A program that goes on after the reply finds what it did; so commit.c is told before.
 * No operation does a system call on the mount: it would wait for itself.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs.h"

/* --- shared by the operations; int results are 0 or -errno ------------------------------------ */

/* The node with a reference, or NULL when ESTALE was replied. */
struct node *op_node(fuse_req_t req, fuse_ino_t ino);
/* The open file behind fi of a real node. */
struct handle *op_handle(const struct fuse_file_info *fi);
/* Whether a name in that folder may be made, changed or removed (virtual_refuses). */
int op_allowed(fuse_req_t req, struct node *parent, const char *name, bool renames_or_removes_dir);
/* Path of a name in a folder; the caller frees. */
char *op_path(struct fs *fs, struct node *parent, const char *name);
/* LOOKUP's answer for a real file: fills *e, counts one kernel lookup, returns the node with a
 * reference.  If the reply does not reach the kernel, node_forget() takes the lookup back. */
struct node *op_entry(struct fs *fs, struct node *parent, const char *name, const struct stat *st,
                      struct fuse_entry_param *e);
/* Replies that entry, or -err if err is not 0. */
void op_reply_entry(fuse_req_t req, struct node *parent, const char *name, int err,
                    const struct stat *st);
/* Something is about to be opened for who asks, as GUEST_HANDLES or those and GUEST_FOLDERS: 0, and *guest is counted
 * for it until op_closed(); or -ENFILE, what a disk says where no more can be open: a guest has too many. */
int op_opens(fuse_req_t req, enum guest_kind kind, uid_t *guest);
void op_closed(struct fs *fs, enum guest_kind kind, uid_t guest);
/* "/proc/self/fd/N", which leads to what an O_PATH descriptor stands for. */
struct fd_path { char text[32]; };
struct fd_path fd_path(int fd);

/* What a root daemon makes for others belongs to them.  Between enter and leave this thread makes
 * files as the caller, with the caller's umask, which a folder's default ACL overrides; it keeps its
 * capabilities, as the kernel has checked the caller's rights. */
struct op_caller { bool entered; };
void op_caller_enter(struct op_caller *c, fuse_req_t req);
/* The same without CAP_FSETID: what is truncated loses its set-user-id and set-group-id bits. */
void op_caller_enter_bare(struct op_caller *c, fuse_req_t req);
/* For op_init(): whether umasks of callers can be had (FUSE_CAP_DONT_MASK). */
bool op_caller_has_umask(void);
void op_caller_leave(struct op_caller *c, struct fs *fs);

/* --- ops_attr.c ------------------------------------------------------------------------------- */

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                struct fuse_file_info *fi);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
                 int flags);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void op_statfs(fuse_req_t req, fuse_ino_t ino);

/* --- ops_file.c ------------------------------------------------------------------------------- */

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write_buf(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *in, off_t off,
                  struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
                  struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_off, struct fuse_file_info *from_fi,
                        fuse_ino_t to, off_t to_off, struct fuse_file_info *to_fi, size_t len,
                        int flags);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);

void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *wake);

/* --- ops_dir.c -------------------------------------------------------------------------------- */

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* --- ops_name.c ------------------------------------------------------------------------------- */

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
               const char *new_name, unsigned flags);

#endif
