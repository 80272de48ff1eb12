/* scan: walks the source, compares prompts with the journal, and sets the watches.  Disk thread. */
#ifndef FS_SCAN_H
#define FS_SCAN_H

#include "base.h"

struct fs;
struct journal;

/* Any thread; runs on the disk thread.  Prompts that were there at mounted_ns (0 = no mount or journal is
 * new, only changes are looked for) are held when the journal was never compared with the tree before. */
void scan_tree(struct fs *fs, int64_t mounted_ns);
/* A folder appeared: every prompt in it counts as committed, but for those that scan_tree() would hold. */
void scan_folder(struct fs *fs, const char *path);
/* A prompt got this name by a rename.  One whose record came along unchanged is not committed: its
 * references may not have moved yet, and a rename should cost nothing. */
void scan_moved(struct fs *fs, const char *path);
/* Since when what the scan finds is new: before this mount (now_ns, as files are stamped), or, as long as no
 * scan has come to its end, before the first one.  Before the engine has the journal. */
int64_t scan_first_seen(struct journal *j, int64_t now_ns);
/* A scan under way ends soon. */
void scan_stop(struct fs *fs);

#endif
