#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "render.h"

static void render_nothing(const struct engine_stats *s, struct buf *out)
{
	(void)s;
	(void)out;
}

static const struct entry {
	const char *name;
	mode_t mode;
	bool listed;
	void (*render)(const struct engine_stats *s, struct buf *out);
} entries[] = {
	{ "README", 0444, true, render_readme },
	{ "stats", 0444, true, render_stats },
	{ "ctl", 0200, false, render_nothing },
};

static const struct entry *entry_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (strcmp(entries[i].name, name) == 0)
			return &entries[i];
	return NULL;
}

mode_t control_mode(const char *name)
{
	const struct entry *e = entry_of(name);

	return e ? e->mode : 0;
}

const char *control_name(size_t index)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (entries[i].listed && index-- == 0)
			return entries[i].name;
	return NULL;
}

void control_render(const char *name, const struct engine_stats *s, struct buf *out)
{
	entry_of(name)->render(s, out);
}

void control_open(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	uid_t caller = fuse_req_ctx(req)->uid;

	(void)n;
	if (caller != fs->uid && caller != 0) {
		fuse_reply_err(req, EACCES);
		return;
	}
	fi->direct_io = 1;
	fi->nonseekable = 1;
	fuse_reply_open(req, fi);
}

/* --- ctl --- */

/* The commands of one write, run one after the other. */
struct batch {
	struct fs *fs;
	fuse_req_t req;
	size_t size;
	char *text, *next;
	int result;
};

static int unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned char byte;
		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
			return -EINVAL;
		char hex[3] = { s[1], s[2], '\0' };
		if (hex_decode(hex, &byte, 1) < 0 || !byte)
			return -EINVAL;
		*to++ = (char)byte;
		s += 2;
	}
	*to = '\0';
	return 0;
}

static int verb_by_name(const char *word)
{
	for (int v = 0; v < VERB_COUNT; v++)
		if (strcmp(engine_verb_names[v], word) == 0)
			return v;
	return -EINVAL;
}

static void batch_next(void *arg, int result);

/* One line; 1: the engine has it and will call batch_next(). */
static int run_line(struct batch *b, char *line)
{
	char *path = strchr(line, ' ');

	if (!path || !path[1])
		return -EINVAL;
	*path++ = '\0';
	int verb = verb_by_name(line);
	if (verb < 0 || unescape(path) < 0)
		return -EINVAL;
	engine_command(b->fs->engine, (enum engine_verb)verb, path, batch_next, b);
	return 1;
}

static void batch_next(void *arg, int result)
{
	struct batch *b = arg;

	if (result < 0 && b->result == 0)
		b->result = result;
	while (*b->next) {
		char *line = b->next, *end = strchr(line, '\n');
		b->next = end ? end + 1 : line + strlen(line);
		if (end)
			*end = '\0';
		if (!*line)
			continue;
		result = run_line(b, line);
		if (result == 1)
			return;
		if (b->result == 0)
			b->result = result;
	}
	if (b->result < 0)
		fuse_reply_err(b->req, -b->result);
	else
		fuse_reply_write(b->req, b->size);
	free(b->text);
	free(b);
}

void control_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   struct fuse_file_info *fi)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	(void)n;
	(void)fi;
	*b = (struct batch){ .fs = fs, .req = req, .size = size, .text = xstrndup(bytes, size) };
	b->next = b->text;
	batch_next(b, 0);
}
