/*
 * store: files of ours beneath `.easelfs/`, and their bytes.
 *
 * References are kept as one copy per distinct content (`refs/<sha256>`), unfinished downloads as
 * `incoming/<name>`.  Everything is reached from one directory descriptor; nothing follows symlinks.
 * Disk thread, except store_incoming_create(), store_incoming_write() and
 * store_open_reference() (any thread).
 */
#ifndef CACHE_STORE_H
#define CACHE_STORE_H

#include "base.h"

#include <sys/stat.h>

struct store { int dir, refs, incoming; };    /* descriptors; -1 when closed */

/* Creates `.easelfs` (0700), `refs` and `incoming` under source_fd; those that are there become 0700.  0 or -errno;
 * -EPERM: `.easelfs` belongs neither to us nor to whom the source belongs. */
int store_open(int source_fd, struct store *out, struct error *err);
void store_close(struct store *s);

/* All of these bytes, where fd stands; any thread.  0 or -errno. */
int write_all(int fd, const void *bytes, size_t len);
/* SHA-256 and size of fd's bytes from offset 0.  0 or -errno. */
int sha256_fd(int fd, uint8_t out[32], uint64_t *size);
void sha256_bytes(const void *bytes, size_t len, uint8_t out[32]);

/* Copies (or reflinks) fd's bytes into refs/<sha256> unless it is there, durable on return; the hash
 * is of the bytes copied.  max: -EFBIG beyond.  0 or -errno. */
int store_keep_reference(struct store *s, int fd, uint64_t max, uint8_t sha256[32], uint64_t *size);
/* Read-only descriptor, or -errno (-ENOENT: not there). */
int store_open_reference(const struct store *s, const uint8_t sha256[32]);
/* Copies (or reflinks) the picture at `path` under source_fd into `to`; hash and size are of the bytes
 * copied.  No symlink is followed, nothing outside is reached.  0 or -errno. */
int store_copy_picture(int source_fd, const char *path, int to, uint8_t sha256[32], uint64_t *size);
/* The same from an open file. */
int store_copy_file(int from, int to, uint8_t sha256[32], uint64_t *size);
/* What stands at `path` under source_fd, reached without symlinks: 1 and *st; 0: nothing that can be reached so, or
 * that may be looked at; or -errno.  Any thread. */
int store_look(int source_fd, const char *path, struct stat *st);
/* Whose prompt something was made for when that was asked for: uid -1 = not known; ino is the prompt's file. */
struct maker { int64_t uid, gid; uint64_t ino; };
/* Makes an open file of ours as private as the prompt at `path`, with no mode bits beyond `most`, and its owner's.
 * Where the prompt is gone, or somebody else's file has its name by now, it is the maker's, who alone may read it.
 * 0 or -errno.  Any thread. */
int store_make_like(int source_fd, const char *path, const struct maker *maker, mode_t most, int fd);
/* New empty file incoming/<name> (replacing one), read-write descriptor or -errno. */
int store_incoming_create(const struct store *s, const char *name);
/* A whole new file incoming/<name> that everybody may read: 0 or -errno. */
int store_incoming_write(const struct store *s, const char *name, const void *bytes, size_t len);
/* That file again, read-write: its descriptor, and its bytes if `whole` is not NULL (1 MiB at most); or
 * -errno. */
int store_incoming_read(const struct store *s, const char *name, struct buf *whole);
/* Removes what unfinished business of an earlier daemon left in incoming/: all for which wanted()
 * says no. */
void store_incoming_sweep(const struct store *s, bool (*wanted)(void *arg, const char *name), void *arg);
/* The same, but they are moved to `.easelfs/<folder>`.  How many were, or -errno. */
int store_incoming_keep(const struct store *s, const char *folder,
                        bool (*wanted)(void *arg, const char *name), void *arg);
void store_incoming_remove(const struct store *s, const char *name);

#endif
