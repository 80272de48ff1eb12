/* scan: walks the source, compares prompts with the journal, and sets the watches.  Disk thread. */
#ifndef FS_SCAN_H
#define FS_SCAN_H

#include "base.h"

struct fs;
struct journal;

/* Any thread; runs on the disk thread. */
void scan_tree(struct fs *fs, bool first_mount, int64_t mounted_ns);
/* A folder appeared: every prompt in it counts as committed. */
void scan_folder(struct fs *fs, const char *path);
/* A prompt got this name by a rename.  One whose record came along unchanged is not committed: its
 * references may not have moved yet, and a rename should cost nothing. */
void scan_moved(struct fs *fs, const char *path);
/* Whether this source was never scanned to its end; what lay in it at *since_ns is held then.  now_ns: before
 * the mount, as files are stamped.  Before the engine has the journal. */
bool scan_is_first(struct journal *j, int64_t now_ns, int64_t *since_ns);
/* A scan under way ends soon. */
void scan_stop(struct fs *fs);

#endif
