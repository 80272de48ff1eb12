/* control: the files of .easelfs/ that users see. */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "node.h"

struct engine_stats;
struct fs;

/* Permission bits of that entry (0444, 0200 …); 0 if there is none. */
mode_t control_mode(const char *name);
/* Names by index, NULL behind the last; only those that are listed. */
const char *control_name(size_t index);
/* The content of an entry that there is. */
void control_render(const char *name, const struct engine_stats *s, struct buf *out);
/* `ctl`: one command per line, `verb SP path`, %XX for bytes that need it.  EINVAL, ENOENT,
 * EALREADY; a write is answered when its last command was carried out. */
void control_open(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi);
void control_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   struct fuse_file_info *fi);

#endif
