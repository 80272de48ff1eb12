/*
 * journal_place: where a source's journal lies, and what is done with a damaged one.
 *
 * Beside the pictures, in `.easelfs/`, unless the source is on a network filesystem, whose locks and
 * shared memory SQLite cannot rely on: then in $XDG_STATE_HOME/easelfs/<hash of the source's path>/.
 */
#ifndef FS_JOURNAL_PLACE_H
#define FS_JOURNAL_PLACE_H

#include "base.h"
#include "journal.h"

struct fs;

/* Opens the journal of fs->source (fs->store is open).  A file that is no database is set aside under
 * another name, and a new journal is begun, as at a first mount.  0 or -errno. */
int journal_place_open(struct fs *fs, struct journal **out, struct journal_opened *opened,
                       struct error *err);
/* Whether the source is on a filesystem that other machines may change. */
bool source_is_remote(const struct fs *fs);

#endif
