/*
 * commit: from a closed file to a request.
 *
 * Handlers tell what happened to prompt files; an inode on the pending list is committed when no
 * writable handle of it is left and nothing happened to it for `settle` seconds.  Then, on the disk
 * thread, the file is read, its settings are gathered, references are snapshotted, and the engine
 * gets a request or a sentence.  Handlers' calls only touch memory.
 *
 * Any thread, without locks held.
 */
#ifndef FS_COMMIT_H
#define FS_COMMIT_H

#include "base.h"
#include "engine.h"

struct fs;
struct stat;
struct node;

int commit_new(struct fs *fs, struct error *err);
/* Nothing more is read or given to the engine; before engine_stop(). */
void commit_stop(struct fs *fs);
void commit_free(struct fs *fs);

/* A writable handle of a real file was opened / flushed (close(2) waits for this one) / released
 * for good.  node->writers is kept by these. */
void commit_opened(struct fs *fs, struct node *n);
void commit_flushed(struct fs *fs, struct node *n);
void commit_released(struct fs *fs, struct node *n);
/* The content may have changed without a handle (truncate by path). */
void commit_changed(struct fs *fs, struct node *n);
/* A name appeared for an existing file: link, or rename from a name that is none of a prompt. */
void commit_named(struct fs *fs, const char *path);
/* Rename; is_dir: of a folder. */
void commit_renamed(struct fs *fs, const char *from, const char *to, bool is_dir);
/* Two files, two folders, or one of each have each other's name now.  is_dir: what stood at a or b. */
void commit_exchanged(struct fs *fs, const char *a, const char *b, bool a_is_dir, bool b_is_dir);
/* Unlink of a file. */
void commit_removed(struct fs *fs, const char *path);
/* A change beneath the mount (watch.c), or a file found by the scan: like a close there.
 * hold: the file was there before the first mount. */
void commit_found(struct fs *fs, const char *path, bool hold);
/* Something beneath the mount took that prompt or folder away (unless it is there again by now). */
void commit_left(struct fs *fs, const char *path);
/* Looks at what stands there, without following a link: 1; 0 if nothing does; -errno if nobody can say.  A disk
 * that hiccups, or descriptors that are short, are waited for for a moment. */
int source_look(struct fs *fs, const char *path, struct stat *st);
/* Whether nothing stands there; an error of another kind says nothing. */
bool source_is_gone(struct fs *fs, const char *path);
/* Reads the file again and sends it to the engine: to be made though its digest is the same (a person's retry
 * of a prompt that was refused), or if it is another one by now (after a configuration change). */
void commit_again(struct fs *fs, const char *path, enum engine_reading how);

/* Engine thread: the engine has taken up what was pending of that inode. */
void commit_taken(struct fs *fs, uint64_t dev, uint64_t ino);

/* Whether the inode waits for its commit, or the engine has not seen it yet. */
bool commit_is_pending(struct fs *fs, uint64_t dev, uint64_t ino);
/* Whether a writable handle of it is open. */
bool commit_is_open(struct fs *fs, uint64_t dev, uint64_t ino);
/* Somebody waits for it: no settling (never skips the wait for the last handle). */
void commit_hurry(struct fs *fs, uint64_t dev, uint64_t ino);

/* Compares the tree with the journal, after the mount answers; see scan_tree(). */
void commit_scan(struct fs *fs, int64_t mounted_ns);

#endif
