#include "prompt_xattr.h"

#include <errno.h>
#include <string.h>

#include "fs.h"
#include "prompt.h"
#include "render.h"
#include "virtual_internal.h"

#define BEGINS "user.easelfs."

/* The value's name if it is one of ours, else NULL. */
static const char *value_of(const char *name)
{
	const char *value, *wanted = str_starts_with(name, BEGINS) ? name + strlen(BEGINS) : NULL;

	for (size_t i = 0; wanted && (value = render_value_name(i)); i++)
		if (strcmp(value, wanted) == 0)
			return value;
	return NULL;
}

/* Its path if it is a prompt, else NULL; the caller frees. */
static char *prompt_of(struct fs *fs, struct node *n)
{
	struct stat st;

	if (n->kind != NODE_REAL || n->is_dir)
		return NULL;
	cleanup_free char *path = node_path(fs->nodes, n);
	if (!prompt_path_is_prompt(path) || node_stat(fs->nodes, n, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return steal_pointer(&path);
}

bool prompt_xattr_is(struct fs *fs, struct node *n, const char *name)
{
	cleanup_free char *path = value_of(name) ? prompt_of(fs, n) : NULL;

	return path;
}

/* What the engine is asked for; `value` is NULL for a list. */
struct xattr_query {
	struct fs *fs;
	fuse_req_t req;
	uint64_t dev, ino;
	const char *value;
	size_t size;
	struct buf out;               /* begins with the names of the file itself */
};

/* Takes q. */
static void reply(struct xattr_query *q, bool found)
{
	if (!found)
		fuse_reply_err(q->req, ENODATA);
	else if (q->size == 0)
		fuse_reply_xattr(q->req, q->out.len);
	else if (q->out.len > q->size)
		fuse_reply_err(q->req, ERANGE);
	else
		fuse_reply_buf(q->req, q->out.data, q->out.len);
	buf_release(&q->out);
	free(q);
}

static void got(void *arg, const struct job_view *v)
{
	struct xattr_query *q = arg;

	reply(q, render_value(v, virtual_file_state(q->fs, q->dev, q->ino), q->value, &q->out));
}

static void listed(void *arg, const struct job_view *v)
{
	struct xattr_query *q = arg;
	enum file_state f = virtual_file_state(q->fs, q->dev, q->ino);
	const char *value;

	for (size_t i = 0; (value = render_value_name(i)); i++) {
		cleanup_buf struct buf unused = BUF_INIT;
		if (!render_value(v, f, value, &unused))
			continue;
		buf_fmt(&q->out, BEGINS "%s", value);
		buf_chr(&q->out, '\0');
	}
	reply(q, true);
}

static struct xattr_query *query_new(struct fs *fs, fuse_req_t req, const struct node *n, size_t size)
{
	struct xattr_query *q = xcalloc(1, sizeof(*q));

	*q = (struct xattr_query){ .fs = fs, .req = req, .dev = n->dev, .ino = n->ino, .size = size, .out = BUF_INIT };
	return q;
}

void prompt_xattr_get(struct fs *fs, fuse_req_t req, struct node *n, const char *name, size_t size)
{
	cleanup_free char *path = node_path(fs->nodes, n);
	struct xattr_query *q = query_new(fs, req, n, size);

	q->value = value_of(name);
	engine_query(fs->engine, path, got, q);
}

bool prompt_xattr_list(struct fs *fs, fuse_req_t req, struct node *n, size_t size, const char *names, size_t len)
{
	cleanup_free char *path = prompt_of(fs, n);

	if (!path)
		return false;
	struct xattr_query *q = query_new(fs, req, n, size);
	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (!value_of(name))
			buf_add(&q->out, name, strlen(name) + 1);
	engine_query(fs->engine, path, listed, q);
	return true;
}
