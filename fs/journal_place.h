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

/* Opens the journal of fs->source (fs->store is open).  A file that is no journal, or a damaged one, is set
 * aside as `journal.db.damaged-YYYYMMDD-HHMMSS` (local time) with its log, and a new one is begun; *kept is
 * that name, which the caller frees, or NULL.  0 or -errno. */
int journal_place_open(struct fs *fs, struct journal **out, struct journal_opened *opened, char **kept,
                       struct error *err);
/* The same for one that is open and turned out to be damaged; it is closed, unless this fails. */
int journal_place_anew(struct fs *fs, struct journal *damaged, struct journal **out, char **kept,
                       struct error *err);
/* `ID NAME` of this machine; the caller frees. */
char *journal_place_host(void);
/* Whether the source is on a filesystem that other machines may change. */
bool source_is_remote(const struct fs *fs);

#endif
