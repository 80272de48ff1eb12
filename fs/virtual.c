/* The virtual entries: lookup, attributes, opening, reading, and which changes are refused.  Folder
 * listings stand in virtual_dir.c, the control files in control.c. */
#include "virtual.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commit.h"
#include "control.h"
#include "events.h"
#include "fs.h"
#include "gallery.h"
#include "guests.h"
#include "image.h"
#include "ops.h"
#include "park.h"
#include "prompt.h"
#include "render.h"
#include "status_nodes.h"
#include "tell.h"
#include "virtual_internal.h"

/* --- content of virtual nodes --- */

/* Guards `picture` and `has_picture`. */
static pthread_mutex_t picture_lock = PTHREAD_MUTEX_INITIALIZER;

void virtual_free_extra(void *extra)
{
	struct content *c = extra;

	if (!c)
		return;
	status_nodes_remove(c);
	free(c->path);
	free(c->bytes);
	if (c->fd >= 0)
		close(c->fd);
	if (c->guest)
		guests_dismiss(c->guests, c->guest, GUEST_HANDLES, 1);
	free(c);
}

struct content *content_new(const char *path)
{
	struct content *c = xcalloc(1, sizeof(*c));

	c->path = xstrdup(path);
	c->fd = -1;
	clock_gettime(CLOCK_REALTIME, &c->time);
	return c;
}

/* FNV-1a: names a virtual thing by what it is. */
uint64_t virtual_ino(enum node_kind kind, const char *path, const void *more, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)kind;
	const unsigned char *bytes = more;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3u;
	h = (h ^ 0x100) * 0x100000001b3u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return h ? h : 1;
}

/* --- attributes --- */

static bool is_folder_kind(enum node_kind k)
{
	return k == NODE_STATUS_DIR || k == NODE_WAIT_DIR || k == NODE_CONTROL_DIR ||
	       k == NODE_INCOMING_DIR;
}

static mode_t mode_of(const struct node *n)
{
	/* The kernel checks modes before it asks us, also for tell, which moves files out of there. */
	if (n->kind == NODE_INCOMING_DIR)
		return S_IFDIR | 0700;
	if (is_folder_kind(n->kind))
		return S_IFDIR | 0755;
	if (n->kind == NODE_CONTROL_FILE)
		return S_IFREG | control_mode(n->name);
	return S_IFREG | 0644;
}

/* One number per name, although each revision is a node of its own: cp(1) compares what it looked at
 * with what it opened. */
static uint64_t shown_ino(const struct node *n)
{
	const struct content *c = n->extra;
	unsigned which = 0;

	if (n->kind == NODE_STATUS_FILE)
		which = c->json;
	else if (n->kind == NODE_WAIT_FILE)
		which = c->index;
	else if (n->kind != NODE_CONTROL_FILE)
		return n->ino;
	return virtual_ino((enum node_kind)n->kind, c->path, &which, sizeof(which));
}

static bool real_stat(struct fs *fs, const char *path, struct stat *st)
{
	cleanup_fd int fd = source_open(fs->source_fd, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0 && fstat(fd, st) == 0;
}

/* What a node in status/ or wait/ is about: the prompt, or the folder of prompts; NULL for others. */
static const char *path_shown(const struct node *n)
{
	const struct content *c = n->extra;
	const char *slash;

	switch ((enum node_kind)n->kind) {
	case NODE_STATUS_FILE:
	case NODE_WAIT_FILE:
		return c->path;
	case NODE_STATUS_DIR:
	case NODE_WAIT_DIR:
		slash = strchr(c->path + 1, '/');      /* `/status`, then `status/a` */
		return slash ? slash + 1 : "";
	case NODE_REAL:
	case NODE_CONTROL_DIR:
	case NODE_CONTROL_FILE:
	case NODE_INCOMING_DIR:
		break;
	}
	return NULL;
}

/* Who may not read a prompt, or enter its folder, sees neither its status nor its picture.  Where root did not
 * mount, all belongs to whoever did: tell could not touch what does not. */
static void take_rights(struct fs *fs, const struct node *n, struct stat *st)
{
	const char *path = path_shown(n);
	struct stat real;

	if (!path)
		return;
	/* Whoever held on to what is about a prompt that is gone gets no more of it than before. */
	if (!real_stat(fs, path, &real)) {
		st->st_mode &= S_IFMT | 0700;
		return;
	}
	st->st_mode &= S_IFMT | real.st_mode;
	if (fs->uid)
		return;
	st->st_uid = real.st_uid;
	st->st_gid = real.st_gid;
}

void virtual_attr(struct fs *fs, const struct node *n, struct stat *st)
{
	struct content *c = n->extra;

	memset(st, 0, sizeof(*st));
	st->st_ino = shown_ino(n);
	st->st_mode = mode_of(n);
	st->st_nlink = is_folder_kind(n->kind) ? 2 : 1;
	st->st_uid = fs->uid;
	st->st_gid = fs->gid;
	st->st_blksize = 4096;
	take_rights(fs, n, st);
	if (!c)
		return;
	if (c->uid)
		st->st_uid = c->uid;
	st->st_atim = st->st_mtim = st->st_ctim = c->time;
	st->st_size = (off_t)c->len;
	pthread_mutex_lock(&picture_lock);
	if (c->has_picture) {
		st->st_size = c->picture.st_size;
		st->st_mtim = c->picture.st_mtim;
		st->st_ctim = c->picture.st_ctim;
	}
	pthread_mutex_unlock(&picture_lock);
	st->st_blocks = (st->st_size + 511) / 512;
}

/* Every virtual entry is asked for anew each time. */
void virtual_reply_entry(struct fs *fs, fuse_req_t req, struct node *n)
{
	struct fuse_entry_param e = { .ino = n->id, .generation = 1 };

	virtual_attr(fs, n, &e.attr);
	if (fuse_reply_entry(req, &e) != 0)
		node_forget(fs->nodes, n->id, 1);
}

void virtual_getattr(struct fs *fs, fuse_req_t req, struct node *n)
{
	struct stat st;

	virtual_attr(fs, n, &st);
	fuse_reply_attr(req, &st, 0);
}

/* Only tell touches a status file: the kernel makes an event of it. */
void virtual_setattr(struct fs *fs, fuse_req_t req, struct node *n, struct stat *attr, int to_set)
{
	(void)attr;
	if (n->kind == NODE_STATUS_FILE && tell_is_caller(fs, req))
		virtual_getattr(fs, req, n);
	else if (n->kind == NODE_CONTROL_FILE && control_mode(n->name) & 0200 &&
	         !(to_set & ~(FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME |
	                      FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_CTIME)))
		virtual_getattr(fs, req, n);   /* `echo … > ctl` truncates first */
	else
		fuse_reply_err(req, EROFS);
}

/* --- lookup --- */

/* The path in the source that a virtual folder mirrors: `status/a/b` → `a/b`. */
char *virtual_real_path(struct fs *fs, struct node *n, const char *name)
{
	cleanup_free char *path = node_path(fs->nodes, n);
	const char *slash = strchr(path, '/');
	const char *inner = slash ? slash + 1 : "";

	if (!name)
		return xstrdup(inner);
	return xasprintf("%s%s%s", inner, *inner ? "/" : "", name);
}

enum file_state virtual_file_state(struct fs *fs, uint64_t dev, uint64_t ino)
{
	if (commit_is_open(fs, dev, ino))
		return FILE_WRITTEN;
	return commit_is_pending(fs, dev, ino) ? FILE_PENDING : FILE_RESTS;
}

/* A LOOKUP that the engine answers. */
struct asked {
	struct fs *fs;
	fuse_req_t req;
	struct node *parent;
	char *name, *path;
	bool json;
	unsigned index;
	struct stat st;
};

static void asked_free(struct asked *a)
{
	node_put(a->fs->nodes, a->parent);
	free(a->name);
	free(a->path);
	free(a);
}

static void reply_node(struct asked *a, enum node_kind kind, uint64_t ino, struct content *c)
{
	bool is_new;
	struct node *n = node_lookup(a->fs->nodes, a->parent, a->name, kind, false, NODE_VIRTUAL_DEV, ino,
	                             c, &is_new);

	if (is_new && kind == NODE_STATUS_FILE) {
		c->node_id = n->id;
		status_nodes_add(c);
	} else if (!is_new) {
		status_nodes_renew(n->extra);
		virtual_free_extra(c);
	}
	virtual_reply_entry(a->fs, a->req, n);
	node_put(a->fs->nodes, n);
}

/* Users take their pictures away, which is fine; whoever looks for one there should know.  The caller frees. */
static char *gone_pictures(struct fs *fs, const struct job_view *v)
{
	cleanup_buf struct buf names = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; v && v->job && !v->moving && i < v->tasks_count; i++) {
		const struct task_row *t = v->tasks[i];
		if (t->state != STATE_COMPLETED || !t->out)
			continue;
		cleanup_fd int fd = source_open(fs->source_fd, t->out, O_PATH | O_NOFOLLOW, 0);
		if (fd == -ENOENT || fd == -ENOTDIR)
			buf_fmt(&names, "%s%s", count++ ? ", " : "", t->out);
	}
	return count ? xasprintf("%s %s there any more: deleted, moved or renamed; easelfs again makes a new one", names.data,
	                         count == 1 ? "is not" : "are not") : NULL;
}

/* Each rendering is a node of its own, named by its bytes: what was opened never changes. */
static void status_found(void *arg, const struct job_view *v)
{
	struct asked *a = arg;
	cleanup_buf struct buf text = BUF_INIT;
	struct content *c = content_new(a->path);

	cleanup_free char *gone = gone_pictures(a->fs, v);
	(a->json ? render_json : render_text)(v, a->path, virtual_file_state(a->fs, a->st.st_dev, a->st.st_ino), gone, &text);
	c->json = a->json;
	c->len = text.len;
	uint64_t ino = virtual_ino(NODE_STATUS_FILE, a->path, text.data, text.len);
	c->bytes = buf_steal(&text);
	reply_node(a, NODE_STATUS_FILE, ino, c);
	asked_free(a);
}

/* tell wants to touch a certain revision, so that whoever watches it gets an event. */
static bool reply_wanted(struct fs *fs, fuse_req_t req, const char *name)
{
	uint64_t id = tell_is_caller(fs, req) ? tell_wanted_node(fs) : 0;
	struct node *n = id ? node_get(fs->nodes, id) : NULL;
	bool fits = n && n->kind == NODE_STATUS_FILE && strcmp(n->name, name) == 0;

	if (fits) {
		bool is_new;
		struct node *same = node_lookup(fs->nodes, n->parent, name, NODE_STATUS_FILE, false,
		                                NODE_VIRTUAL_DEV, n->ino, n->extra, &is_new);
		virtual_reply_entry(fs, req, same);
		node_put(fs->nodes, same);
	}
	if (n)
		node_put(fs->nodes, n);
	return fits;
}

static void reply_folder(struct fs *fs, fuse_req_t req, struct node *parent, const char *name,
                         enum node_kind kind)
{
	cleanup_free char *parent_path = node_path(fs->nodes, parent);
	cleanup_free char *path = xasprintf("%s/%s", parent_path, name);
	struct content *c = content_new(path);
	bool is_new;
	struct node *n = node_lookup(fs->nodes, parent, name, kind, true, NODE_VIRTUAL_DEV,
	                             virtual_ino(kind, path, "", 0), c, &is_new);

	if (!is_new)
		virtual_free_extra(c);
	virtual_reply_entry(fs, req, n);
	node_put(fs->nodes, n);
}

static struct asked *asked_new(struct fs *fs, fuse_req_t req, struct node *parent, const char *name,
                               const char *path, const struct stat *st)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	*a = (struct asked){ .fs = fs, .req = req, .parent = node_ref(fs->nodes, parent),
	                     .name = xstrdup(name), .path = xstrdup(path), .st = *st };
	return a;
}

static void lookup_status(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	cleanup_free char *path = virtual_real_path(fs, parent, name);
	struct stat st;

	if (reply_wanted(fs, req, name))
		return;
	if (tell_creates(fs, req, path)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	if (real_stat(fs, path, &st) && S_ISDIR(st.st_mode) && prompt_folder_is_walked(path)) {
		reply_folder(fs, req, parent, name, NODE_STATUS_DIR);
		return;
	}
	bool json = str_ends_with(path, ".json");
	if (json)
		path[strlen(path) - strlen(".json")] = '\0';
	if (!prompt_path_is_prompt(path) || !real_stat(fs, path, &st) || !S_ISREG(st.st_mode)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	struct asked *a = asked_new(fs, req, parent, name, path, &st);
	a->json = json;
	engine_query(fs->engine, path, status_found, a);
}

/* --- wait/ --- */

/* The prompt that a name in wait/ stands for: `cat.png`, `cat` → cat.txt; `cat-2.png` → its second. */
static char *prompt_of_stem(struct fs *fs, const char *stem, struct stat *st)
{
	static const char *const suffixes[] = { ".txt", ".md", ".prompt" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		cleanup_free char *path = xasprintf("%s%s", stem, suffixes[i]);
		if (prompt_path_is_prompt(path) && real_stat(fs, path, st) && S_ISREG(st->st_mode))
			return steal_pointer(&path);
	}
	return NULL;
}

char *virtual_prompt_of_picture(struct fs *fs, const char *path, unsigned *index, struct stat *st)
{
	cleanup_free char *stem = xstrdup(path);
	char *dot = strrchr(stem, '.'), *end;

	if (dot && image_suffix_known(stem))
		*dot = '\0';
	*index = 0;
	char *prompt = prompt_of_stem(fs, stem, st);
	char *dash = strrchr(stem, '-');
	if (prompt || !dash)
		return prompt;
	*index = (unsigned)strtoul(dash + 1, &end, 10);
	if (end == dash + 1 || *end || *index < 1 || *index > 16)
		return NULL;
	*dash = '\0';
	return prompt_of_stem(fs, stem, st);
}

/* What makes a node of its own: the job until its picture is there, then the picture as it is. */
struct wait_id {
	int64_t created_ms, mtime_ns, size;
	uint64_t dev, ino, unique;
	unsigned revision, index;
};

static struct wait_id wait_id(const struct job_view *v, const struct content *c)
{
	const struct stat *st = &c->picture;
	struct wait_id id;

	memset(&id, 0, sizeof(id));   /* its padding is hashed, too */
	id.created_ms = v->job->created_ms;
	id.revision = v->job->revision;
	id.index = c->index;
	if (!c->has_picture)
		return id;
	id.dev = st->st_dev;
	id.ino = st->st_ino;
	id.size = st->st_size;
	id.mtime_ns = st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
	return id;
}

/* So that pages of one picture never show up in another. */
static void wait_found(void *arg, const struct job_view *v)
{
	struct asked *a = arg;
	struct content *c = content_new(a->path);
	static uint64_t unique;       /* engine thread */
	struct wait_id id;
	bool known = v && v->job && !commit_is_pending(a->fs, a->st.st_dev, a->st.st_ino);
	size_t i = a->index ? a->index - 1 : 0;

	c->index = a->index;
	c->dev = a->st.st_dev;
	c->ino = a->st.st_ino;
	if (known && i < v->tasks_count && v->tasks[i]->state == STATE_COMPLETED) {
		cleanup_fd int fd = source_open(a->fs->source_fd, v->tasks[i]->out, O_PATH | O_NOFOLLOW, 0);
		c->has_picture = fd >= 0 && fstat(fd, &c->picture) == 0;
		known = c->has_picture;
		if (!c->has_picture && !v->moving) {
			virtual_free_extra(c);
			fuse_reply_err(a->req, ENOENT);   /* the user deleted it */
			asked_free(a);
			return;
		}
	}
	memset(&id, 0, sizeof(id));
	if (known)
		id = wait_id(v, c);
	else
		id.unique = ++unique;
	reply_node(a, NODE_WAIT_FILE, virtual_ino(NODE_WAIT_FILE, a->path, &id, sizeof(id)), c);
	asked_free(a);
}

static void lookup_wait(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	cleanup_free char *path = virtual_real_path(fs, parent, name);
	struct stat st;
	unsigned index;

	if (real_stat(fs, path, &st) && S_ISDIR(st.st_mode) && prompt_folder_is_walked(path)) {
		reply_folder(fs, req, parent, name, NODE_WAIT_DIR);
		return;
	}
	cleanup_free char *prompt = virtual_prompt_of_picture(fs, path, &index, &st);
	if (!prompt) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	struct asked *a = asked_new(fs, req, parent, name, prompt, &st);
	a->index = index;
	engine_query(fs->engine, prompt, wait_found, a);
}

/* --- .easelfs --- */

static void control_found(void *arg, struct buf *text)
{
	struct asked *a = arg;
	struct content *c = content_new(a->name);

	c->len = text->len;
	uint64_t ino = virtual_ino(NODE_CONTROL_FILE, a->name, text->data, text->len);
	c->bytes = buf_steal(text);
	reply_node(a, NODE_CONTROL_FILE, ino, c);
	asked_free(a);
}

/*
 * The page that somebody is to see stays the node that it is until it would be another one.  And whoever looks at
 * it and then opens it gets what he looked at, though it changed in between: browsers read no more bytes than the
 * size that they were told.  A lookup finds the size, and another one the node to be opened; nothing but the thread
 * tells that they belong together.
 */
enum { PAGE_STAYS_MS = 500 };

struct page_lookup {
	struct asked *asked;
	pid_t thread;
	uid_t uid, guest;
	uint64_t viewer;              /* who it is, groups and all */
	uint64_t ino;
	struct timespec time;         /* when it was begun */
};

static struct page_seen *seen_by(const struct page_lookup *l)
{
	struct page_seen *seen = l->asked->fs->pages_seen;

	for (size_t i = 0; l->thread && i < PAGES_SEEN; i++)
		if (seen[i].page && seen[i].thread == l->thread && seen[i].viewer == l->viewer)
			return &seen[i];
	return NULL;
}

static struct page_seen *seen_longest_ago(struct fs *fs)
{
	struct page_seen *oldest = fs->pages_seen;

	for (size_t i = 1; i < PAGES_SEEN; i++)
		if (fs->pages_seen[i].at_ms < oldest->at_ms)
			oldest = &fs->pages_seen[i];
	return oldest;
}

/* Takes the reference to the page. */
static void page_see(const struct page_lookup *l, struct node *page)
{
	struct fs *fs = l->asked->fs;
	struct page_seen *mine = seen_by(l), *place = mine ? mine : seen_longest_ago(fs);

	if (place->page)
		node_put(fs->nodes, place->page);
	*place = (struct page_seen){ l->thread, l->viewer, page, clock_mono_ms() };
}

static void page_lookup_end(struct page_lookup *l)
{
	asked_free(l->asked);
	free(l);
}

/* The page that there is for it, with a reference, or NULL. */
static struct node *page_for(const struct page_lookup *l)
{
	struct fs *fs = l->asked->fs;
	const struct page_seen *seen = seen_by(l);

	if (seen && clock_mono_ms() - seen->at_ms < PAGE_STAYS_MS)
		return node_ref(fs->nodes, seen->page);
	return node_find(fs->nodes, NODE_VIRTUAL_DEV, l->ino);
}

static bool page_wanted(void *arg, const char *version)
{
	struct page_lookup *l = arg;
	struct asked *a = l->asked;
	bool is_new;

	clock_gettime(CLOCK_REALTIME, &l->time);
	l->ino = virtual_ino(NODE_CONTROL_FILE, a->name, version, strlen(version));
	struct node *page = page_for(l);
	if (!page)
		return true;
	struct node *same = node_lookup(a->fs->nodes, page->parent, a->name, NODE_CONTROL_FILE, false,
	                                NODE_VIRTUAL_DEV, page->ino, page->extra, &is_new);
	virtual_reply_entry(a->fs, a->req, same);
	node_put(a->fs->nodes, same);
	page_see(l, page);
	page_lookup_end(l);
	return false;
}

/* A page is open for as long as the kernel knows it, whether its viewer has it open or not. */
static int page_counted(const struct page_lookup *l, int fd)
{
	if (fd < 0 || guests_admit(l->asked->fs->guests, l->guest, GUEST_HANDLES, 1))
		return fd;
	close(fd);
	return -ENFILE;
}

static void page_made(void *arg, int made, size_t len)
{
	struct page_lookup *l = arg;
	int fd = page_counted(l, made);
	struct node *page;

	if (fd < 0) {
		fuse_reply_err(l->asked->req, -fd);
	} else {
		struct content *c = content_new(l->asked->name);
		c->fd = fd;
		c->guests = l->asked->fs->guests;
		c->guest = l->guest;
		c->len = len;
		c->uid = l->uid;
		c->time = l->time;
		reply_node(l->asked, NODE_CONTROL_FILE, l->ino, c);
		page = node_find(l->asked->fs->nodes, NODE_VIRTUAL_DEV, l->ino);
		if (page)
			page_see(l, page);
	}
	page_lookup_end(l);
}

static void lookup_page(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	static const struct gallery_calls calls = { page_wanted, page_made };
	struct page_lookup *l = xcalloc(1, sizeof(*l));
	cleanup_free char *who = NULL;
	struct rights viewer;
	struct stat none = { 0 };

	rights_of_caller(fs, req, &viewer);
	who = xasprintf("%u %u", viewer.uid, viewer.gid);
	l->asked = asked_new(fs, req, parent, name, name, &none);
	l->thread = fuse_req_ctx(req)->pid;
	l->uid = viewer.uid;
	l->guest = fs_guest(fs, req);
	l->viewer = virtual_ino(NODE_CONTROL_FILE, who, viewer.groups, (size_t)viewer.groups_count * sizeof(gid_t));
	gallery_render(fs, &viewer, &calls, l);
}

static void lookup_control(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	struct stat none = { 0 };

	if (strcmp(name, "incoming") == 0 && tell_is_caller(fs, req))
		reply_folder(fs, req, parent, name, NODE_INCOMING_DIR);
	else if (control_mode(name) && control_source(name) == CONTROL_GALLERY)
		lookup_page(fs, req, parent, name);
	else if (control_mode(name))
		control_render(fs, name, control_found, asked_new(fs, req, parent, name, name, &none));
	else
		fuse_reply_err(req, ENOENT);
}

static const struct { const char *name; enum node_kind kind; } roots[] = {
	{ "status", NODE_STATUS_DIR }, { "wait", NODE_WAIT_DIR }, { ".easelfs", NODE_CONTROL_DIR },
};

static bool is_virtual_root(struct node *parent, const char *name)
{
	for (size_t i = 0; parent->id == FUSE_ROOT_ID && i < ARRAY_LEN(roots); i++)
		if (strcmp(name, roots[i].name) == 0)
			return true;
	return false;
}

static bool is_too_long(const char *name)
{
	return strlen(name) > NAME_MAX;
}

bool virtual_lookup(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	if (parent->kind != NODE_REAL && is_too_long(name)) {
		fuse_reply_err(req, ENAMETOOLONG);
		return true;
	}
	switch ((enum node_kind)parent->kind) {
	case NODE_REAL:
		for (size_t i = 0; parent->id == FUSE_ROOT_ID && i < ARRAY_LEN(roots); i++)
			if (strcmp(name, roots[i].name) == 0) {
				reply_folder(fs, req, parent, name, roots[i].kind);
				return true;
			}
		return false;
	case NODE_STATUS_DIR:
		lookup_status(fs, req, parent, name);
		return true;
	case NODE_WAIT_DIR:
		lookup_wait(fs, req, parent, name);
		return true;
	case NODE_CONTROL_DIR:
		lookup_control(fs, req, parent, name);
		return true;
	case NODE_INCOMING_DIR:
		if (tell_is_caller(fs, req))
			return false;
		break;
	case NODE_STATUS_FILE:
	case NODE_WAIT_FILE:
	case NODE_CONTROL_FILE:
		break;
	}
	fuse_reply_err(req, ENOENT);
	return true;
}

bool virtual_mkdir(struct fs *fs, fuse_req_t req, struct node *parent, const char *name)
{
	cleanup_free char *path = parent->kind == NODE_STATUS_DIR ? virtual_real_path(fs, parent, name) : NULL;

	if (!path || !tell_creates(fs, req, path))
		return false;
	reply_folder(fs, req, parent, name, NODE_STATUS_DIR);
	return true;
}

/* --- open, read, write --- */

static bool is_control(const struct node *n, enum control_source source)
{
	return n->kind == NODE_CONTROL_FILE && control_source(n->name) == source;
}

static struct opened *opened_of(const struct fuse_file_info *fi)
{
	return (struct opened *)(uintptr_t)fi->fh;
}

void virtual_closed(struct fs *fs, struct opened *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->status)
		status_closed(o->status);
	op_closed(fs, GUEST_HANDLES, o->guest);
	free(o);
}

/* What is waited for is counted from the beginning: who has waited for long shall not be refused at the end. */
static void open_counted(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	struct content *c = n->extra;
	uid_t guest;
	int err = op_opens(req, GUEST_HANDLES, &guest);

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	struct opened *o = xmalloc(sizeof(*o));
	*o = (struct opened){ .guest = guest, .fd = -1 };
	fi->fh = (uintptr_t)o;
	if (n->kind == NODE_WAIT_FILE) {
		commit_hurry(fs, c->dev, c->ino);
		park_open(fs, req, n, c->path, c->index, c->dev, c->ino, fi);
		return;
	}
	if (n->kind == NODE_STATUS_FILE)
		o->status = status_opened(c);
	fi->keep_cache = 1;
	if (fuse_reply_open(req, fi) != 0)
		virtual_closed(fs, o);
}

void virtual_open(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY;

	if (is_control(n, CONTROL_COMMANDS)) {
		control_open(fs, req, fi);
	} else if ((writes || fi->flags & O_TRUNC) && !(n->kind == NODE_STATUS_FILE && tell_is_caller(fs, req))) {
		fuse_reply_err(req, EROFS);
	} else if (is_control(n, CONTROL_STREAM)) {
		events_open(fs, req, fi);
	} else {
		open_counted(fs, req, n, fi);
	}
}

bool virtual_opened(struct node *n, const struct stat *picture)
{
	struct content *c = n->extra;
	const struct stat *had = &c->picture;

	pthread_mutex_lock(&picture_lock);
	bool same = !c->has_picture ||
	            (had->st_dev == picture->st_dev && had->st_ino == picture->st_ino &&
	             had->st_size == picture->st_size && had->st_mtim.tv_sec == picture->st_mtim.tv_sec &&
	             had->st_mtim.tv_nsec == picture->st_mtim.tv_nsec);
	if (same)
		c->picture = *picture;
	c->has_picture = true;
	pthread_mutex_unlock(&picture_lock);
	return same;
}

static void reply_from(fuse_req_t req, int fd, size_t size, off_t off)
{
	struct fuse_bufvec v = FUSE_BUFVEC_INIT(size);

	v.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	v.buf[0].fd = fd;
	v.buf[0].pos = off;
	fuse_reply_data(req, &v, 0);
}

void virtual_read(struct fs *fs, fuse_req_t req, struct node *n, size_t size, off_t off,
                  struct fuse_file_info *fi)
{
	struct content *c = n->extra;

	if (is_control(n, CONTROL_STREAM)) {
		events_read(fs, req, size, fi);
		return;
	}
	if (n->kind == NODE_WAIT_FILE) {
		reply_from(req, opened_of(fi)->fd, size, off);
		return;
	}
	if (!c || off < 0 || (size_t)off >= c->len) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	size_t left = c->len - (size_t)off;
	if (c->fd >= 0)
		reply_from(req, c->fd, left < size ? left : size, off);
	else
		fuse_reply_buf(req, c->bytes + off, left < size ? left : size);
}

void virtual_write(struct fs *fs, fuse_req_t req, struct node *n, const char *bytes, size_t size,
                   off_t off, struct fuse_file_info *fi)
{
	(void)off;
	if (n->kind == NODE_CONTROL_FILE)
		control_write(fs, req, n, bytes, size, fi);
	else
		fuse_reply_err(req, EROFS);
}

void virtual_release(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi)
{
	if (is_control(n, CONTROL_STREAM)) {
		events_release(fs, req, fi);
		return;
	}
	if (!is_control(n, CONTROL_COMMANDS))
		virtual_closed(fs, opened_of(fi));
	fuse_reply_err(req, 0);
}

/* Nothing waits in what is complete when it is opened; ctl is only written. */
void virtual_poll(struct fs *fs, fuse_req_t req, struct node *n, struct fuse_file_info *fi,
                  struct fuse_pollhandle *wake)
{
	unsigned ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (is_control(n, CONTROL_STREAM))
		ready = events_poll(fs, fi, wake);
	else if (n->kind == NODE_STATUS_FILE)
		ready = status_poll(opened_of(fi)->status, wake);
	else if (wake)
		fuse_pollhandle_destroy(wake);
	fuse_reply_poll(req, ready);
}

/* --- what is refused, what is added --- */

int virtual_refuses(struct fs *fs, fuse_req_t req, struct node *parent, const char *name,
                    bool renames_or_removes_dir)
{
	if (parent->kind == NODE_INCOMING_DIR && tell_is_caller(fs, req))
		return 0;
	if (parent->kind != NODE_REAL || is_virtual_root(parent, name))
		return EROFS;
	if (parent->id == FUSE_ROOT_ID && renames_or_removes_dir &&
	    (strcmp(name, "out") == 0 || strcmp(name, "history") == 0))
		return EBUSY;
	return 0;
}

bool virtual_hides(struct node *parent, const char *name) { return is_virtual_root(parent, name); }

const char *virtual_root_name(size_t index)
{
	static const char *const listed[] = { "status", ".easelfs" };

	return index < ARRAY_LEN(listed) ? listed[index] : NULL;
}

static ssize_t give_xattr(const char *text, char *value, size_t size)
{
	size_t len = strlen(text);

	if (size == 0)
		return (ssize_t)len;
	if (len > size)
		return -ERANGE;
	memcpy(value, text, len);
	return (ssize_t)len;
}

ssize_t virtual_getxattr(struct fs *fs, struct node *n, const char *name, char *value, size_t size)
{
	char pid[32];

	(void)fs;
	if (n->id != FUSE_ROOT_ID || strcmp(name, "user.easelfs.pid") != 0)
		return -ENODATA;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return give_xattr(pid, value, size);
}
