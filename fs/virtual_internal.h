/* virtual_internal: what virtual.c shares with the files beside it (virtual_dir.c, control.c, park.c,
 * tell.c). */
#ifndef FS_VIRTUAL_INTERNAL_H
#define FS_VIRTUAL_INTERNAL_H

#include <time.h>

#include "node.h"
#include "render.h"
#include "virtual.h"

/* extra of a virtual node.  Constant after its node is made, but `out`. */
struct content {
	char *path;                   /* of the prompt (status, wait), else of the entry */
	char *bytes; size_t len;      /* what is read */
	struct timespec time;
	bool json, registered;
	unsigned index;               /* wait: which picture, 0 = the first */
	uint64_t dev, ino;            /* wait: of the prompt file */
	char *out;                    /* wait: the picture, once known (under virtual.c's lock) */
	uint64_t node_id;
	struct content *prev, *next;  /* status: same prompt */
};

struct content *content_new(const char *path);
uint64_t virtual_ino(enum node_kind kind, const char *path, const void *more, size_t len);
void virtual_attr(struct fs *fs, const struct node *n, struct stat *st);
void virtual_reply_entry(struct fs *fs, fuse_req_t req, struct node *n);
/* The path in the source that a virtual folder mirrors (`status/a/b` → `a/b`), with a name added to
 * it if that is not NULL; the caller frees. */
char *virtual_real_path(struct fs *fs, struct node *n, const char *name);
enum file_state virtual_file_state(struct fs *fs, const struct stat *st);
/* The picture that an open of that wait/ node was given. */
void virtual_opened(struct fs *fs, struct node *n, const char *out);

/* Status nodes of that prompt that the kernel knows. */
struct status_node { uint64_t id; bool json; };
size_t virtual_status_nodes(const char *path, struct status_node *out, size_t room);

#endif
