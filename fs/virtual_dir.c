/* Listings of virtual folders: status/ mirrors the prompts, wait/ what is finished. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "fs.h"
#include "image.h"
#include "prompt.h"
#include "virtual_internal.h"

/* Names as they stood at opendir. */
struct listing { struct { char *name; unsigned char type; } *entry; size_t count; };

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

void virtual_opendir(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	struct listing *l = xcalloc(1, sizeof(*l));
	cleanup_free char *real = n->kind == NODE_CONTROL_DIR ? xstrdup("") : virtual_real_path(fs, n, NULL);
	cleanup_free char *out = xasprintf("out%s%s", *real ? "/" : "", real);
	const char *name;

	if (n->kind == NODE_INCOMING_DIR) {
		free(l);
		fuse_reply_err(req, EACCES);
		return;
	}
	add(l, xstrdup("."), DT_DIR);
	add(l, xstrdup(".."), DT_DIR);
	if (n->kind == NODE_STATUS_DIR)
		fill(fs, l, real, real, add_status);
	else if (n->kind == NODE_WAIT_DIR)
		fill(fs, l, out, real, add_wait);
	for (size_t i = 0; n->kind == NODE_CONTROL_DIR && (name = control_name(i)); i++)
		add(l, xstrdup(name), DT_REG);
	fi->fh = (uint64_t)(uintptr_t)l;
	fuse_reply_open(req, fi);
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
	struct listing *l = (struct listing *)(uintptr_t)fi->fh;

	(void)fs;
	(void)n;
	for (size_t i = 0; i < l->count; i++)
		free(l->entry[i].name);
	free(l->entry);
	free(l);
	fuse_reply_err(req, 0);
}
