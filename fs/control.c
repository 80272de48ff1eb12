#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "metrics.h"
#include "render.h"
#include "virtual_internal.h"

static void render_stats_only(struct fs *fs, const struct engine_stats *s, struct buf *out)
{
	(void)fs;
	render_stats(s, out);
}

/* What names prompts is the mount's user's alone: others may not even know that they are there. */
static const struct entry {
	const char *name;
	mode_t mode;
	bool listed;
	enum control_source source;
	void (*render)(struct fs *fs, const struct engine_stats *s, struct buf *out);   /* CONTROL_STATS */
} entries[] = {
	{ "README", 0444, true, CONTROL_TEXT, NULL },
	{ "stats", 0444, true, CONTROL_STATS, render_stats_only },
	{ "metrics", 0444, true, CONTROL_STATS, metrics_render },
	{ "jobs.json", 0400, true, CONTROL_JOBS, NULL },
	{ "gallery.html", 0400, true, CONTROL_GALLERY, NULL },
	{ "ctl", 0200, false, CONTROL_COMMANDS, NULL },
	{ "events", 0400, false, CONTROL_STREAM, NULL },
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

enum control_source control_source(const char *name) { return entry_of(name)->source; }

const char *control_name(size_t index)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (entries[i].listed && index-- == 0)
			return entries[i].name;
	return NULL;
}

/* --- content --- */

struct wanted {
	struct fs *fs;
	const struct entry *entry;
	struct buf text;
	void (*done)(void *arg, struct buf *text);
	void *arg;
};

static void deliver(struct wanted *w)
{
	w->done(w->arg, &w->text);
	buf_release(&w->text);
	free(w);
}

static void take_stats(void *arg, const struct engine_stats *s)
{
	struct wanted *w = arg;

	w->entry->render(w->fs, s, &w->text);
	deliver(w);
}

/* A line each, so that grep(1) finds them. */
static void take_job(void *arg, const struct job_view *v)
{
	struct wanted *w = arg;

	buf_str(&w->text, w->text.len ? ",\n" : "[\n");
	render_listed(v, virtual_file_state(w->fs, v->prompt->dev, v->prompt->ino), &w->text);
}

static void take_jobs_end(void *arg)
{
	struct wanted *w = arg;

	buf_str(&w->text, w->text.len ? "\n]\n" : "[]\n");
	deliver(w);
}

void control_render(struct fs *fs, const char *name, void (*done)(void *arg, struct buf *text), void *arg)
{
	struct wanted *w = xcalloc(1, sizeof(*w));

	*w = (struct wanted){ .fs = fs, .entry = entry_of(name), .text = BUF_INIT, .done = done, .arg = arg };
	switch (w->entry->source) {
	case CONTROL_TEXT:
		render_readme(&w->text);
		deliver(w);
		break;
	case CONTROL_STATS:
		engine_stats(fs->engine, take_stats, w);
		break;
	case CONTROL_JOBS:
		engine_jobs(fs->engine, take_job, take_jobs_end, w);
		break;
	case CONTROL_GALLERY:
	case CONTROL_COMMANDS:
	case CONTROL_STREAM:
		deliver(w);
		break;
	}
}

/* --- opening --- */

void control_open(struct fs *fs, fuse_req_t req, struct fuse_file_info *fi)
{
	uid_t caller = fuse_req_ctx(req)->uid;

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

/* `verb SP path`, which is cut up and unescaped in place.  0, or -EINVAL. */
static int read_line(char *line, enum engine_verb *verb, const char **path)
{
	char *blank = strchr(line, ' ');

	if (!blank || !blank[1])
		return -EINVAL;
	*blank = '\0';
	int number = verb_by_name(line);
	if (number < 0 || unescape(blank + 1) < 0)
		return -EINVAL;
	*verb = (enum engine_verb)number;
	*path = blank + 1;
	return 0;
}

/* One line; 1: the engine has it and will call batch_next(). */
static int run_line(struct batch *b, char *line)
{
	enum engine_verb verb;
	const char *path;
	int rc = read_line(line, &verb, &path);

	if (rc < 0)
		return rc;
	engine_command(b->fs->engine, verb, path, batch_next, b);
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
	/* What stands behind it would be taken for written. */
	if (memchr(bytes, '\0', size)) {
		*b->next = '\0';
		b->result = -EINVAL;
	}
	batch_next(b, 0);
}
