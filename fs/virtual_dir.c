/* Listings of virtual folders: status/ mirrors the prompts, wait/ what is finished. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "commit.h"
#include "control.h"
#include "fs.h"
#include "image.h"
#include "ops.h"
#include "prompt.h"
#include "virtual_internal.h"

/* Names as they stood at opendir. */
struct listing {
	struct { char *name; unsigned char type; } *entry;
	size_t count;
	uid_t guest;                  /* who is counted for it */
};

static void add(struct listing *l, char *name, unsigned char type)
{
	if ((l->count & (l->count - 1)) == 0)
		l->entry = xrealloc(l->entry, (l->count ? 2 * l->count : 1) * sizeof(*l->entry));
	l->entry[l->count].name = name;
	l->entry[l->count++].type = type;
}

static bool is_folder(int dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void add_status(struct listing *l, const char *path, const struct dirent *d, bool folder)
{
	if (folder) {
		if (prompt_folder_is_walked(path))
			add(l, xstrdup(d->d_name), DT_DIR);
	} else if (prompt_path_is_prompt(path)) {
		add(l, xstrdup(d->d_name), DT_REG);
		add(l, xasprintf("%s.json", d->d_name), DT_REG);
	}
}

/* Of pictures, the engine says later whether they are finished. */
static void add_wait(struct listing *l, const char *path, const struct dirent *d, bool folder)
{
	(void)path;
	if (folder)
		add(l, xstrdup(d->d_name), DT_DIR);
	else if (image_suffix_known(d->d_name))
		add(l, xstrdup(d->d_name), DT_REG);
}

static void fill(struct fs *fs, struct listing *l, const char *folder, const char *shown,
                 void (*add_one)(struct listing *, const char *, const struct dirent *, bool))
{
	int fd = source_open(fs->source_fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s%s%s", shown, *shown ? "/" : "", d->d_name);
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			add_one(l, path, d, is_folder(fd, d));
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static void listing_free(struct fs *fs, struct listing *l)
{
	op_closed(fs, GUEST_FOLDERS, l->guest);
	for (size_t i = 0; i < l->count; i++)
		free(l->entry[i].name);
	free(l->entry);
	free(l);
}

static void reply_listing(struct fs *fs, fuse_req_t req, struct listing *l, struct fuse_file_info *fi)
{
	fi->fh = (uint64_t)(uintptr_t)l;
	if (fuse_reply_open(req, fi) != 0)
		listing_free(fs, l);
}

/* --- wait/: opening what it lists must not wait --- */

struct visit {
	struct fs *fs;
	fuse_req_t req;
	struct fuse_file_info fi;
	struct listing *listed;
	size_t left;                  /* answers that are to come; engine thread, once they were asked */
};

/* A picture in out/ that belongs to a prompt; the engine knows whether it is of its newest text. */
struct candidate {
	struct visit *visit;
	struct candidate *next;
	char *name, *out, *prompt;
	unsigned index;
	struct stat st;               /* of the prompt */
};

static void candidate_free(struct candidate *c)
{
	free(c->name);
	free(c->out);
	free(c->prompt);
	free(c);
}

static bool is_finished(const struct candidate *c, const struct job_view *v)
{
	size_t i = c->index ? c->index - 1 : 0;

	return v && v->job && i < v->tasks_count && v->tasks[i]->state == STATE_COMPLETED &&
	       strcmp(v->tasks[i]->out, c->out) == 0 &&
	       !commit_is_pending(c->visit->fs, c->st.st_dev, c->st.st_ino);
}

static void visit_end(struct visit *visit)
{
	reply_listing(visit->fs, visit->req, visit->listed, &visit->fi);
	free(visit);
}

static void candidate_judged(void *arg, const struct job_view *v)
{
	struct candidate *c = arg;
	struct visit *visit = c->visit;

	if (is_finished(c, v))
		add(visit->listed, steal_pointer(&c->name), DT_REG);
	candidate_free(c);
	if (--visit->left == 0)
		visit_end(visit);
}

/* NULL: no prompt's picture. */
static struct candidate *candidate_new(struct visit *visit, const char *folder, const char *name)
{
	cleanup_free char *path = xasprintf("%s%s%s", folder, *folder ? "/" : "", name);
	struct candidate *c = xcalloc(1, sizeof(*c));

	c->visit = visit;
	c->name = xstrdup(name);
	c->out = xasprintf("out/%s", path);
	c->prompt = virtual_prompt_of_picture(visit->fs, path, &c->index, &c->st);
	if (c->prompt)
		return c;
	candidate_free(c);
	return NULL;
}

static void ask_all(struct visit *visit, struct candidate *first)
{
	struct candidate *c, *next;

	if (!first)
		visit_end(visit);
	for (c = first; c; c = next) {
		next = c->next;       /* it is the engine's at once */
		engine_query(visit->fs->engine, c->prompt, candidate_judged, c);
	}
}

/* Folders are listed, pictures are asked for.  Takes `all`. */
static void visit_wait(struct fs *fs, fuse_req_t req, const char *folder, struct listing *all,
                       const struct fuse_file_info *fi)
{
	struct visit *visit = xcalloc(1, sizeof(*visit));
	struct candidate *first = NULL, *c;

	*visit = (struct visit){ .fs = fs, .req = req, .fi = *fi, .listed = xcalloc(1, sizeof(*all)) };
	for (size_t i = 0; i < all->count; i++) {
		if (all->entry[i].type == DT_DIR) {
			add(visit->listed, xstrdup(all->entry[i].name), DT_DIR);
		} else if ((c = candidate_new(visit, folder, all->entry[i].name))) {
			c->next = first;
			first = c;
			visit->left++;
		}
	}
	visit->listed->guest = all->guest;
	all->guest = 0;
	listing_free(fs, all);
	ask_all(visit, first);
}

void virtual_opendir(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	cleanup_free char *real = n->kind == NODE_CONTROL_DIR ? xstrdup("") : virtual_real_path(fs, n, NULL);
	cleanup_free char *out = xasprintf("out%s%s", *real ? "/" : "", real);
	const char *name;
	uid_t guest;
	int err = n->kind == NODE_INCOMING_DIR ? -EACCES : op_opens(req, GUEST_FOLDERS, &guest);

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	struct listing *l = xcalloc(1, sizeof(*l));
	l->guest = guest;
	add(l, xstrdup("."), DT_DIR);
	add(l, xstrdup(".."), DT_DIR);
	if (n->kind == NODE_STATUS_DIR)
		fill(fs, l, real, real, add_status);
	else if (n->kind == NODE_WAIT_DIR)
		fill(fs, l, out, real, add_wait);
	for (size_t i = 0; n->kind == NODE_CONTROL_DIR && (name = control_name(i)); i++)
		add(l, xstrdup(name), DT_REG);
	if (n->kind == NODE_WAIT_DIR)
		visit_wait(fs, req, real, l, fi);
	else
		reply_listing(fs, req, l, fi);
}

/* With `plus`, entries go without attributes: the kernel looks them up when it wants them. */
void virtual_readdir(struct fs *fs, fuse_req_t req, struct node *n, size_t size, off_t off,
                     struct fuse_file_info *fi, bool plus)
{
	struct listing *l = (struct listing *)(uintptr_t)fi->fh;
	cleanup_free char *bytes = xmalloc(size);
	size_t used = 0;

	(void)fs;
	(void)n;
	for (size_t i = off < 0 ? l->count : (size_t)off; i < l->count; i++) {
		struct fuse_entry_param e = { .attr.st_mode = (mode_t)DTTOIF(l->entry[i].type),
		                              .attr.st_ino = 0xffffffff };
		size_t len = plus ? fuse_add_direntry_plus(req, bytes + used, size - used,
		                                           l->entry[i].name, &e, (off_t)i + 1)
		                  : fuse_add_direntry(req, bytes + used, size - used, l->entry[i].name,
		                                      &e.attr, (off_t)i + 1);
		if (len > size - used)
			break;
		used += len;
	}
	fuse_reply_buf(req, bytes, used);
}

void virtual_releasedir(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	(void)n;
	listing_free(fs, (struct listing *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
}
