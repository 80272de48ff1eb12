/*
 * node: what the kernel knows of, and how to get to it.
 *
 * A node is a name in a folder plus the identity (dev, ino) of what stood there when it was looked
 * up.  No descriptor is kept per node: a file is reached by openat2(RESOLVE_BENEATH, no symlinks)
 * from the nearest of a few cached folder descriptors, and its identity is checked after opening.
 * One node per (dev, ino); a second name of the same file moves the node to the newest name.  Ids
 * are counted up and never reused.  Virtual nodes (status/, wait/, .easelfs/) live in the same
 * table, with dev = NODE_VIRTUAL_DEV and ino = a hash of kind, path and version.
 *
 * Lock: nodes->lock guards the table, parents, names and counts.  Nothing but memory is touched
 * under it: no system call, no reply, no notify.  It is the innermost lock (see fs.h).
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base.h"

enum node_kind {
	NODE_REAL,                    /* a file or folder of the source */
	NODE_STATUS_DIR, NODE_STATUS_FILE,
	NODE_WAIT_DIR, NODE_WAIT_FILE,
	NODE_CONTROL_DIR, NODE_CONTROL_FILE,       /* .easelfs and what users see in it */
	NODE_INCOMING_DIR,            /* .easelfs/incoming: a real folder that only tell may enter */
};
#define NODE_VIRTUAL_DEV UINT64_MAX

struct node {
	uint64_t id;                  /* fuse_ino_t; the root is FUSE_ROOT_ID */
	uint64_t dev, ino;
	struct node *parent;          /* holds one of its refs; NULL for the root */
	struct node *by_id, *by_ino;  /* hash chains */
	void *extra;                  /* of virtual nodes: their content, owned (virtual.h frees it) */
	char *name;                   /* guarded by nodes->lock; first_name, until it is renamed */
	uint64_t lookups;             /* what the kernel will forget */
	uint64_t seen;                /* digest of size and times, node_unchanged(); 0 = none */
	uint32_t refs;                /* children, callers, and 1 while lookups > 0 */
	int remains;                  /* of one that lost a name: O_PATH, or -1; set once */
	uint16_t writers;             /* writable handles that are open (commit.h) */
	uint8_t kind;                 /* enum node_kind */
	uint8_t is_dir;
	uint8_t gone;                 /* its last name was removed: only open handles lead to it */
	char first_name[];
};

struct nodes;

int nodes_new(int source_fd, struct nodes **out, struct error *err);   /* the root node is in it */
void nodes_free(struct nodes *t);

/* A reference to the node of that id, or NULL (ESTALE).  node_put() gives it back. */
struct node *node_get(struct nodes *t, uint64_t id);
struct node *node_ref(struct nodes *t, struct node *n);
void node_put(struct nodes *t, struct node *n);

/* LOOKUP found (dev, ino) under that name: makes or finds the node, moves it to (parent, name), adds
 * one kernel lookup, and returns it with a reference.  extra goes to a new node; if the node was
 * there already, extra is untouched and *is_new false. */
struct node *node_lookup(struct nodes *t, struct node *parent, const char *name, enum node_kind kind,
                         bool is_dir, uint64_t dev, uint64_t ino, void *extra, bool *is_new);
/* FORGET. */
void node_forget(struct nodes *t, uint64_t id, uint64_t count);
/* The node of (dev, ino) if the kernel knows it, with a reference, else NULL. */
struct node *node_find(struct nodes *t, uint64_t dev, uint64_t ino);
/* RENAME happened (dev, ino are those of the moved file). */
void node_moved(struct nodes *t, uint64_t dev, uint64_t ino, struct node *parent, const char *name);

/* The last name of (dev, ino) was removed: the number may come back for another file, which gets a
 * node of its own.  remains: a descriptor of what was removed, by which it is reached until the kernel
 * forgets it, or -1; taken. */
void node_gone(struct nodes *t, uint64_t dev, uint64_t ino, int remains);
/* One of several names was removed, maybe the one that we know.  remains: as above. */
void node_unnamed(struct nodes *t, uint64_t dev, uint64_t ino, int remains);
/* How many such descriptors there are. */
size_t nodes_remains(struct nodes *t);
/* Whether size, mtime and ctime are what they were at the last call for that node; remembers them,
 * unless the file changed so recently that a further change could leave the same times. */
bool node_unchanged(struct nodes *t, struct node *n, const struct stat *st);

/* Path from the mount's root, `a/b/c`, "" for the root; the caller frees. */
char *node_path(struct nodes *t, struct node *n);
/* Whether n is anc or lies below it. */
bool node_is_below(struct nodes *t, struct node *n, struct node *anc);
/* Index in the NULL-terminated list of the name that n's path begins with, or -1. */
int node_top(struct nodes *t, struct node *n, const char *const *names);
/* What the kernel knows at and below those names of the root (NULL-terminated); the caller frees each path, and
 * the list. */
struct known_name { uint64_t id; char *path; bool is_dir; };
size_t nodes_known(struct nodes *t, const char *const *names, struct known_name **out);
/* Number of nodes (statistics). */
size_t nodes_count(struct nodes *t);

/* --- reaching real ones ---------------------------------------------------------------------- */

/* A descriptor of a real folder, from an LRU of 256 or opened; `fd` stays valid until folder_put().
 * Returns NULL and sets errno (ESTALE when something else stands there now). */
struct folder { int fd; };           /* O_PATH, but for the root's */
struct folder *folder_get(struct nodes *t, struct node *dir);
void folder_put(struct nodes *t, struct folder *f);
/* Opens a real node by its name, identity checked, or through an open handle or what remains of it when
 * no name leads to it, or only through a folder that was closed to us since; descriptor or -errno.  O_NOFOLLOW|O_CLOEXEC are added; O_PATH works for symlinks too.  -ESTALE
 * if nothing or another file stands there.  Never with O_TRUNC: the check comes after the open. */
int node_open(struct nodes *t, struct node *n, int flags);
/* Attributes of a real node, reached like that.  0 or -errno. */
int node_stat(struct nodes *t, struct node *n, struct stat *st);
/* An open file or folder.  While there is one, its node is reached although its names are gone. */
struct handle {
	int fd;
	bool writable;
	uid_t guest;                  /* who is counted for it; set by who opens */
	struct node *node;            /* holds one of its refs */
	uint32_t refs;                /* guarded by nodes->lock */
	struct handle *chain;
};
/* Takes fd.  handle_put() closes it when nobody else uses it. */
struct handle *handle_new(struct nodes *t, struct node *n, int fd, bool writable);
void handle_put(struct nodes *t, struct handle *h);

/* The source's root folder, borrowed. */
int nodes_root_fd(const struct nodes *t);
/* Opens a path relative to the source's root: RESOLVE_BENEATH, no symlinks, also beyond PATH_MAX.
 * "" is the root itself.  Descriptor (O_CLOEXEC) or -errno. */
int source_open(int root_fd, const char *path, int flags, mode_t mode);

#endif
