/* control: the files of .easelfs/ that users see. */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "node.h"

struct fs;

/* Permission bits of that entry (0444, 0200 …). */
mode_t control_mode(const char *name);
/* Names by index, NULL behind the last; only those that are listed. */
const char *control_name(size_t index);
/* The content of a readable entry; false if there is no entry of that name. */
bool control_render(struct fs *fs, const char *name, struct buf *out);
/* `ctl`: one command per line, `verb SP path`, %XX for bytes that need it.  EINVAL, ENOENT,
 * EALREADY; a write is answered when its last command was carried out. */
void control_open(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);
void control_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   struct fuse_file_info *fi);

#endif
