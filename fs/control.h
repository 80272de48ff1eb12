/* control: the files of .easelfs/ that users see. */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "node.h"

struct fs;

/* Permission bits of that entry (0444, 0200 …); 0 if there is none. */
mode_t control_mode(const char *name);
/* Names by index, NULL behind the last; only those that are listed. */
const char *control_name(size_t index);

/* Where that entry's content comes from; it must be there. */
enum control_source {
	CONTROL_TEXT, CONTROL_STATS, CONTROL_JOBS,
	CONTROL_GALLERY,              /* gallery.h: a file */
	CONTROL_COMMANDS,             /* ctl: it is written, and has none */
	CONTROL_STREAM,               /* events: it comes while one reads */
};
enum control_source control_source(const char *name);
/* Renders the content of an entry that there is, but for CONTROL_GALLERY: done(arg, text), at once or on the
 * engine's thread; the text is lent, and may be taken by buf_steal(). */
void control_render(struct fs *fs, const char *name, void (*done)(void *arg, struct buf *text), void *arg);

/* `ctl`, for the mount's user and root: one command per line, `verb SP path`, %XX for bytes that need it.
 * EINVAL, ENOENT, EALREADY; a write is answered when its last command was carried out. */
void control_open(struct fs *fs, fuse_req_t req, struct fuse_file_info *fi);
void control_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   struct fuse_file_info *fi);

#endif
