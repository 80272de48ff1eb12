/* virtual_internal: what virtual.c shares with the files beside it (virtual_dir.c, control.c, park.c,
 * tell.c). */
#ifndef FS_VIRTUAL_INTERNAL_H
#define FS_VIRTUAL_INTERNAL_H

#include <time.h>

#include "node.h"
#include "render.h"
#include "virtual.h"

/* extra of a virtual node.  Constant after its node is made, but `picture`, `has_picture`
 * and `version`. */
struct content {
	char *path;                   /* of the prompt (status, wait), else of the entry */
	char *bytes; size_t len;      /* what is read … */
	int fd;                       /* … or where it is read from, else -1 */
	uid_t uid;                    /* whose it is, if not the daemon's: what is made for one viewer */
	struct guests *guests; uid_t guest;   /* who is counted for fd, and where */
	struct timespec time;
	bool json;
	unsigned index;               /* wait: which picture, 0 = the first */
	uint64_t dev, ino;            /* wait: of the prompt file */
	struct stat picture;          /* wait: of the picture, once known (under picture_lock) */
	bool has_picture;
	uint64_t node_id;
	/* status: of status_nodes.c */
	struct status_prompt *registered;     /* NULL: it is not there */
	uint64_t version;
	struct content *prev, *next;  /* same prompt */
};

/* A virtual file that is open, but ctl and events: what fi->fh leads to. */
struct opened {
	uid_t guest;                  /* who is counted for it */
	int fd;                       /* wait: of the picture, once it is there; else -1 */
	struct status_open *status;   /* status; else NULL */
};
/* Nobody will use it any more. */
void virtual_closed(struct fs *fs, struct opened *o);

struct content *content_new(const char *path);
uint64_t virtual_ino(enum node_kind kind, const char *path, const void *more, size_t len);
void virtual_attr(struct fs *fs, const struct node *n, struct stat *st);
void virtual_reply_entry(struct fs *fs, fuse_req_t req, struct node *n);
/* The path in the source that a virtual folder mirrors (`status/a/b` → `a/b`), with a name added to
 * it if that is not NULL; the caller frees. */
char *virtual_real_path(struct fs *fs, struct node *n, const char *name);
/* Of the prompt file of that identity. */
enum file_state virtual_file_state(struct fs *fs, uint64_t dev, uint64_t ino);
/* An open of that wait/ node is about to be given this picture.  False: the node stands for another
 * one, whose pages the kernel may have. */
bool virtual_opened(struct node *n, const struct stat *picture);
/* The prompt that a name in wait/ stands for, its attributes, and which picture (0 = the first), or
 * NULL; the caller frees. */
char *virtual_prompt_of_picture(struct fs *fs, const char *path, unsigned *index, struct stat *st);

#endif
