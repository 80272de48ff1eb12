#include "gallery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <utf8proc.h>

#include "fs.h"
#include "state.h"

/* gallery.html, embedded. */
extern const char gallery_html[], gallery_html_end[];

/* What is kept in memory before it is written; what is shown of a prompt's text; where a page ends that no browser
 * would take: some three hundred thousand pictures. */
enum { PIECE = 256 * 1024, TEXT_MAX = 16 * 1024, PAGE_MAX = 256 * 1024 * 1024 };

struct page {
	struct fs *fs;
	struct rights viewer;
	struct gallery_calls calls;
	void *arg;
	struct buf text;              /* not written yet */
	int fd;
	size_t written;
	unsigned jobs;
	bool whole;                   /* nothing was left out */
	int result;
};

/* --- JSON that may stand in a page --- */

/* What could end a string, a script element, or a line of script. */
static bool is_plain(utf8proc_int32_t c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x2028 && c != 0x2029;
}

/* Bytes that are no text become U+FFFD. */
static void add_chars(struct buf *out, const char *text, size_t len)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text, *end = at + len;
	utf8proc_int32_t c;

	while (at < end) {
		utf8proc_ssize_t n = utf8proc_iterate(at, end - at, &c);
		if (n <= 0)
			buf_str(out, "\\ufffd");
		else if (is_plain(c))
			buf_add(out, at, (size_t)n);
		else
			buf_fmt(out, "\\u%04x", (unsigned)c);
		at += n > 0 ? n : 1;
	}
}

static void add_name(struct buf *out, const char *name)
{
	buf_fmt(out, ",\"%s\":", name);
}

static void add_text_of(struct buf *out, const char *name, const char *text, size_t len)
{
	add_name(out, name);
	buf_chr(out, '"');
	add_chars(out, text, len);
	buf_chr(out, '"');
}

/* What is not known is left out. */
static void add_text(struct buf *out, const char *name, const char *text)
{
	if (text)
		add_text_of(out, name, text, strlen(text));
}

static void add_count(struct buf *out, const char *name, int64_t value)
{
	if (value > 0)
		buf_fmt(out, ",\"%s\":%lld", name, (long long)value);
}

static void add_money(struct buf *out, const char *name, double usd)
{
	if (usd >= 0)
		buf_fmt(out, ",\"%s\":%.6g", name, usd);
}

/* Where a path from the mount's root is, as seen from the page: whatever its bytes are. */
static void add_address(struct buf *out, const char *name, const char *folder, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

	add_name(out, name);
	buf_fmt(out, "\"../%s", folder);
	for (; *path; path++) {
		if (strchr(plain, *path))
			buf_chr(out, *path);
		else
			buf_fmt(out, "%%%02X", (unsigned char)*path);
	}
	buf_chr(out, '"');
}

/* --- what may be shown --- */

/* A file that is there, and that the viewer may read. */
static bool may_read(struct page *p, const char *path)
{
	cleanup_fd int fd = rights_open(p->fs, &p->viewer, path,
	                                (p->viewer.lent ? O_RDONLY | O_NONBLOCK : O_PATH) | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Who may not read a prompt does not learn from the page either that it is there.  Of one that was deleted nobody
 * can say, so its pictures alone decide. */
static bool may_see(struct page *p, const struct prompt_row *prompt)
{
	return !p->viewer.lent || (!prompt->gone_ms && may_read(p, prompt->path));
}

static bool has_picture(struct page *p, const struct task_row *t)
{
	return t->out && may_read(p, t->out);
}

/* --- a job --- */

/* `out/cat.png` → `out/cat.reply.txt`, if there is one; else NULL.  The caller frees. */
static char *reply_beside(struct page *p, const char *picture)
{
	const char *dot = strrchr(picture, '.');
	char *path = xasprintf("%.*s.reply.txt", (int)(dot ? (size_t)(dot - picture) : strlen(picture)), picture);

	if (may_read(p, path))
		return path;
	free(path);
	return NULL;
}

static void add_picture(struct page *p, const struct task_row *t)
{
	struct buf *out = &p->text;
	cleanup_free char *reply = reply_beside(p, t->out);

	add_text(out, "picture", t->out);
	add_address(out, "at", "", t->out);
	add_text(out, "type", t->type);
	add_count(out, "width", t->width);
	add_count(out, "height", t->height);
	add_count(out, "bytes", (int64_t)t->bytes);
	if (reply)
		add_address(out, "reply", "", reply);
}

static void add_task(struct page *p, const struct task_row *t, bool picture)
{
	struct buf *out = &p->text;

	buf_fmt(out, "{\"index\":%u", t->index);
	add_text(out, "state", state_name(t->state));
	if (picture)
		add_picture(p, t);
	else if (t->progress >= 0)
		buf_fmt(out, ",\"progress\":%d", t->progress);
	add_text(out, "id", t->task_id);
	add_money(out, "cost", t->cost_usd);
	add_text(out, "reason", t->reason);
	add_count(out, "nextTry", t->next_try_ms);
	buf_chr(out, '}');
}

/* `[["size","16:9"],…]`, of lines `size: 16:9`; references stand for themselves. */
static void add_settings(struct buf *out, const struct request *r)
{
	cleanup_buf struct buf lines = BUF_INIT;
	const char *separator = "";

	request_settings(r, &lines);
	add_name(out, "settings");
	buf_chr(out, '[');
	for (char *line = lines.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		char *value = strstr(line, ": ");
		if (!value || value > end || str_starts_with(line, "reference: "))
			continue;
		buf_fmt(out, "%s[\"", separator);
		add_chars(out, line, (size_t)(value - line));
		buf_str(out, "\",\"");
		add_chars(out, value + 2, (size_t)(end - value) - 2);
		buf_str(out, "\"]");
		separator = ",";
	}
	buf_chr(out, ']');
}

/* An address on the network is text. */
static void add_references(struct buf *out, const struct request *r)
{
	add_name(out, "references");
	buf_chr(out, '[');
	for (size_t i = 0; i < r->references_count; i++) {
		const struct reference *ref = &r->references[i];
		buf_fmt(out, "%s{\"index\":%zu", i ? "," : "", i + 1);
		add_text(out, "name", ref->name);
		if (!ref->is_url)
			add_address(out, "at", "", ref->name + strspn(ref->name, "/"));
		buf_chr(out, '}');
	}
	buf_chr(out, ']');
}

/* Never in the middle of a character. */
static void add_prompt_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	if (len > TEXT_MAX) {
		for (len = TEXT_MAX; len && (text[len] & 0xc0) == 0x80;)
			len--;
		buf_str(out, ",\"cut\":true");
	}
	add_text_of(out, "text", text, len);
}

static void add_request(struct buf *out, const struct request *r)
{
	add_prompt_text(out, r->prompt);
	add_settings(out, r);
	if (r->references_count)
		add_references(out, r);
	if (r->model && r->provider && !r->provider->free)
		add_money(out, "price", model_price(r->models, r->model, r->resolution));
}

static void add_job(struct page *p, const struct job_view *v, bool all, const bool *pictures)
{
	struct buf *out = &p->text;
	const char *separator = "";

	buf_fmt(out, "%s{\"revision\":%u", p->jobs++ ? ",\n" : "", v->job->revision);
	add_text(out, "prompt", v->prompt->path);
	add_text(out, "state", state_name(v->job->state));
	if (!v->prompt->gone_ms) {
		add_address(out, "file", "", v->prompt->path);
		add_address(out, "status", "status/", v->prompt->path);
	} else {
		buf_str(out, ",\"gone\":true");
	}
	if (v->prompt->job != v->job->id)
		buf_str(out, ",\"older\":true");
	add_text(out, "model", v->job->model);
	add_text(out, "provider", v->job->provider);
	add_count(out, "created", v->job->created_ms);
	add_count(out, "finished", v->job->finished_ms);
	add_text(out, "reason", v->job->reason);
	add_text(out, "hint", v->job->hint);
	add_text(out, "note", v->job->note);
	add_text(out, "waits", v->waits);
	if (v->request)
		add_request(out, v->request);
	add_name(out, "tasks");
	buf_chr(out, '[');
	for (size_t i = 0; i < v->tasks_count; i++) {
		if (!pictures[i] && (!all || v->tasks[i]->state == STATE_COMPLETED))
			continue;
		buf_str(out, separator);
		add_task(p, v->tasks[i], pictures[i]);
		separator = ",";
	}
	buf_str(out, "]}");
}

/* What has no picture is of interest as the newest of its prompt, or while it may still bring one. */
static bool is_shown_without(const struct job_view *v)
{
	enum job_state s = v->job->state;

	if (s == STATE_COMPLETED || s == STATE_DRAFT)
		return false;
	return !state_is_over(s) || (!v->prompt->gone_ms && v->prompt->job == v->job->id);
}

/* --- the page --- */

static void flush(struct page *p)
{
	p->result = write_all(p->fd, p->text.data, p->text.len);
	p->written += p->text.len;
	buf_clear(&p->text);
}

static bool take_job(void *arg, const struct job_view *v)
{
	struct page *p = arg;
	cleanup_free bool *pictures = xcalloc(v->tasks_count + 1, sizeof(*pictures));
	bool any = false, sees = may_see(p, v->prompt);

	for (size_t i = 0; (sees || v->prompt->gone_ms) && i < v->tasks_count; i++)
		any |= pictures[i] = has_picture(p, v->tasks[i]);
	bool all = sees && is_shown_without(v);
	if (any || all)
		add_job(p, v, all, pictures);
	if (p->text.len >= PIECE)
		flush(p);
	p->whole = p->written < PAGE_MAX;
	return !p->result && p->whole;
}

/* The text between two others, both of which are there. */
struct part { const char *from; size_t len; };
static struct part between(const char *begins, const char *ends)
{
	const char *from = strstr(gallery_html, begins) + strlen(begins);

	return (struct part){ from, (size_t)(strstr(from, ends) - from) };
}

/* What a browser compares with the element that it is about to obey. */
static void add_hash(struct buf *out, struct part element)
{
	unsigned char digest[32], text[4 * ((sizeof(digest) + 2) / 3) + 1];

	if (!EVP_Digest(element.from, element.len, digest, NULL, EVP_sha256(), NULL))
		BUG("SHA-256 is not available");
	EVP_EncodeBlock(text, digest, sizeof(digest));
	buf_str(out, (const char *)text);
}

#define STYLE_MARK "@STYLE@"
#define SCRIPT_MARK "@SCRIPT@"
#define DATA_MARK "@DATA@"

/* All that stands before the data. */
static void add_head(struct page *p)
{
	struct buf *out = &p->text;
	struct part before = between("", STYLE_MARK), middle = between(STYLE_MARK, SCRIPT_MARK),
	            after = between(SCRIPT_MARK, DATA_MARK);
	const char *folder = strrchr(p->fs->mountpoint, '/');

	buf_add(out, before.from, before.len);
	add_hash(out, between("<style>", "</style>"));
	buf_add(out, middle.from, middle.len);
	add_hash(out, between("<script>", "</script>"));
	buf_add(out, after.from, after.len);
	buf_fmt(out, "{\"made\":%lld", (long long)clock_wall_ms());
	add_text(out, "folder", folder && folder[1] ? folder + 1 : p->fs->mountpoint);
	buf_str(out, ",\"jobs\":[\n");
}

static void add_tail(struct page *p)
{
	buf_fmt(&p->text, "\n],\"whole\":%s}", p->whole ? "true" : "false");
	buf_str(&p->text, strstr(gallery_html, DATA_MARK) + strlen(DATA_MARK));
}

static int open_nameless(struct fs *fs)
{
	static const char name[] = "gallery.part";
	int fd = store_incoming_create(&fs->store, name);

	if (fd >= 0)
		store_incoming_remove(&fs->store, name);
	return fd;
}

static void page_end(struct page *p)
{
	rights_release(&p->viewer);
	buf_release(&p->text);
	free(p);
}

/* Those of the viewer, for whom each is another page. */
static void add_viewer(struct buf *out, const struct rights *r)
{
	buf_fmt(out, "%u %u", r->uid, r->gid);
	for (int i = 0; i < r->groups_count; i++)
		buf_fmt(out, " %u", r->groups[i]);
}

static bool begin(void *arg, const char *version)
{
	struct page *p = arg;
	cleanup_buf struct buf all = BUF_INIT;

	buf_fmt(&all, "%s, %llu %u, ", version, (unsigned long long)p->fs->changes, p->fs->journals);
	add_viewer(&all, &p->viewer);
	if (!p->calls.wanted(p->arg, all.data)) {
		page_end(p);
		return false;
	}
	p->fd = open_nameless(p->fs);
	p->result = p->fd < 0 ? p->fd : 0;
	add_head(p);
	return true;
}

static void end(void *arg, int result)
{
	struct page *p = arg;

	if (!p->result)
		p->result = result;
	if (!p->result) {
		add_tail(p);
		flush(p);
	}
	if (p->result && p->fd >= 0)
		close(p->fd);
	p->calls.done(p->arg, p->result ? p->result : p->fd, p->written);
	page_end(p);
}

void gallery_render(struct fs *fs, struct rights *viewer, const struct gallery_calls *calls, void *arg)
{
	static const struct engine_walk walk = { begin, take_job, end };
	struct page *p = xcalloc(1, sizeof(*p));

	*p = (struct page){ .fs = fs, .viewer = *viewer, .calls = *calls, .arg = arg, .text = BUF_INIT, .fd = -1,
	                    .whole = true };
	*viewer = (struct rights){ 0 };
	engine_walk(fs->engine, &walk, p);
}
