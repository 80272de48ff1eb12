#include "commit_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "prompt.h"
#include "references.h"
#include "rights.h"
#include "wire.h"

static int read_file(int fd, size_t max, struct buf *out)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && out->len <= max)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -errno : 0;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xstrndup(path, slash ? (size_t)(slash - path) : 0);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* One folder's `.defaults`: 1 if the prompt is none there, 0, or -errno with a sentence. */
static int inherit_folder(struct fs *fs, const struct rights *rights, const char *folder, const char *base,
                          bool *decided, struct settings *s, struct error *err)
{
	cleanup_free char *path = xasprintf("%s%s.defaults", folder, *folder ? "/" : "");
	cleanup_fd int fd = rights_open(fs, rights, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_settings struct settings defaults = { 0 };
	cleanup_free char *pattern = NULL;

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -EXDEV || fd == -EACCES)
		return 0;
	int result = fd < 0 ? fd : read_file(fd, PROMPT_BYTES_MAX, &text);
	if (result < 0)
		return error_set(err, -result, "make it readable", "%s cannot be read: %s", path, strerror(-result));
	result = defaults_parse(path, text.data, text.len, &defaults, &pattern, err);
	if (result < 0)
		return result;
	if (pattern && !*decided) {
		*decided = true;
		if (!defaults_allow(pattern, base))
			return 1;
	}
	settings_inherit(s, &defaults);
	return settings_check_metadata(s, err);
}

/* Nearest folder first, then the mount's own defaults. */
static int inherit(struct fs *fs, const struct rights *rights, const char *path, struct settings *s, struct error *err)
{
	cleanup_free char *folder = folder_of(path);
	bool decided = false;

	for (;;) {
		int result = inherit_folder(fs, rights, folder, base_of(path), &decided, s, err);
		if (result)
			return result;
		if (!*folder)
			break;
		char *up = strrchr(folder, '/');
		*(up ? up : folder) = '\0';
	}
	settings_inherit(s, &fs->options.defaults);
	return 0;
}

/* Why it was refused is part of what the digest compares: mend the cause, save again, and it goes. */
static void digest_of(struct engine_commit *c, const struct buf *text)
{
	cleanup_buf struct buf all = BUF_INIT;

	if (!c->refused.text && !c->draft) {
		request_digest(&c->request, c->digest);
		return;
	}
	buf_add(&all, text->data, text->len);
	buf_chr(&all, '\0');
	buf_str(&all, c->refused.text ? c->refused.text : "");
	sha256_bytes(all.data, all.len, c->digest);
}

static void settle_request(struct fs *fs, const struct rights *rights, struct engine_commit *c, struct prompt *p)
{
	if (prompt_check_stem(c->path, &c->refused) < 0)
		return;
	if (request_resolve(fs->models, &p->settings, p->text, fs->options.sandbox, &c->request,
	                    &c->refused) < 0)
		return;
	if (!fs->options.reuse && !p->settings.value[SET_REUSE])
		c->request.reuse = false;
	if (p->note && !c->request.note)
		c->request.note = steal_pointer(&p->note);
	if (references_gather(fs, rights, c->path, p->settings.value[SET_REFS], &c->request, &c->refused) == 0 &&
	    request_check_references(&c->request, &c->refused) == 0)
		wire_check_size(&c->request, &c->refused);
}

/* 1: no prompt after all. */
static int judge(struct fs *fs, const struct rights *rights, struct engine_commit *c, const struct buf *text)
{
	cleanup_prompt struct prompt p = { 0 };

	int result = prompt_parse(text->data ? text->data : "", text->len, &p, &c->refused);
	if (result == 0 && (result = inherit(fs, rights, c->path, &p.settings, &c->refused)) > 0)
		return 1;
	if (result == 0 && (p.blank || p.headers_only)) {
		c->draft = true;
		error_set(&c->refused, EINVAL, p.headers_only ? PROMPT_NO_TEXT_HINT : "write a prompt into it",
		          p.headers_only ? PROMPT_NO_TEXT : "the file is blank");
	} else if (result == 0) {
		settle_request(fs, rights, c, &p);
	}
	if (c->refused.text)
		request_release(&c->request);
	digest_of(c, text);
	return 0;
}

static struct engine_commit *read_once(struct fs *fs, const char *path)
{
	cleanup_fd int fd = source_open(fs->source_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	cleanup_rights struct rights rights = { 0 };
	cleanup_buf struct buf text = BUF_INIT;
	struct stat st;

	if (fd == -ENOENT)
		return NULL;
	struct engine_commit *c = xcalloc(1, sizeof(*c));
	c->path = xstrdup(path);
	c->uid = c->gid = -1;
	int result = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (result == 0 && !S_ISREG(st.st_mode)) {
		engine_commit_release(c);
		return NULL;
	}
	if (result == 0) {
		c->uid = st.st_uid;
		c->gid = st.st_gid;
		c->linked = st.st_nlink > 1;
		c->size = st.st_size;
		c->mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
		c->ctime_ns = st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec;
		result = rights_of_owner(fs, &st, &rights);
		if (result == 0)
			result = read_file(fd, PROMPT_BYTES_MAX, &text);
	}
	if (result < 0) {
		error_set(&c->refused, -result, "make it readable and save it again",
		          "it cannot be read: %s", strerror(-result));
		digest_of(c, &text);
		return c;
	}
	if (judge(fs, &rights, c, &text) == 0)
		return c;
	engine_commit_release(c);
	return NULL;
}

/* A disk that hiccups is no reason to refuse what somebody has written, and neither may what could not be read
 * (headers for a folder, a reference) be taken for what is not there: the picture would be another one. */
struct engine_commit *commit_read(struct fs *fs, const char *path)
{
	struct patience patience = { 0 };
	struct engine_commit *c;

	while ((c = read_once(fs, path)) && c->refused.text && patience_helps(&patience, c->refused.code))
		engine_commit_release(c);
	return c;
}
