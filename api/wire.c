#include "wire.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

enum { URLS_MAX = 64, URL_SHOWN_MAX = 2000 };

static const struct wire *const wires[] = { &wire_task, &wire_gemini, &wire_openai };

const struct wire *wire_by_name(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(wires); i++)
		if (!strcmp(wires[i]->name, name))
			return wires[i];
	return NULL;
}

const char *wire_names(void)
{
	return "task, gemini, openai";
}

const struct wire *wire_of(const struct provider *p)
{
	const struct wire *w = wire_by_name(p->wire);

	if (!w)
		BUG("provider %s speaks an unknown wire", p->name);
	return w;
}

/* --- bodies */

static struct wire_piece *add_piece(struct wire_call *c, int reference)
{
	c->pieces = xrealloc(c->pieces, (c->pieces_count + 1) * sizeof(*c->pieces));
	struct wire_piece *p = &c->pieces[c->pieces_count++];
	*p = (struct wire_piece){ .reference = reference };
	return p;
}

struct buf *wire_call_text(struct wire_call *c)
{
	struct wire_piece *last = c->pieces_count ? &c->pieces[c->pieces_count - 1] : NULL;

	return last && last->reference < 0 ? &last->text : &add_piece(c, -1)->text;
}

void wire_call_reference(struct wire_call *c, int reference, bool base64)
{
	add_piece(c, reference)->base64 = base64;
}

void wire_call_json(struct wire_call *c, cJSON *root)
{
	char *text = cJSON_PrintUnformatted(root);

	if (!text)
		BUG("a request could not be printed");
	buf_str(wire_call_text(c), text);
	cJSON_free(text);
	cJSON_Delete(root);
	free(c->content_type);
	c->content_type = xstrdup("application/json");
}

void wire_call_multipart(struct wire_call *c)
{
	char hex[RANDOM_HEX];

	random_hex(hex);
	c->boundary = xasprintf("easelfs-%s", hex);
	c->content_type = xasprintf("multipart/form-data; boundary=%s", c->boundary);
}

void wire_call_field(struct wire_call *c, const char *name, const char *value)
{
	buf_fmt(wire_call_text(c), "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
	        c->boundary, name, value);
}

void wire_call_file(struct wire_call *c, const char *name, const struct request *r, int reference)
{
	const char *mime = r->references[reference].mime ? r->references[reference].mime : "application/octet-stream";
	const char *slash = strchr(mime, '/');

	buf_fmt(wire_call_text(c), "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"image.%s\"\r\n"
	        "Content-Type: %s\r\n\r\n", c->boundary, name, slash ? slash + 1 : "bin", mime);
	wire_call_reference(c, reference, false);
	buf_str(wire_call_text(c), "\r\n");
}

void wire_call_multipart_end(struct wire_call *c)
{
	buf_fmt(wire_call_text(c), "--%s--\r\n", c->boundary);
}

uint64_t wire_call_size(const struct wire_call *c, const struct request *r)
{
	uint64_t size = 0;

	for (size_t i = 0; i < c->pieces_count; i++) {
		const struct wire_piece *p = &c->pieces[i];
		uint64_t bytes = p->reference < 0 ? p->text.len : r->references[p->reference].size;
		size += p->base64 ? (bytes + 2) / 3 * 4 : bytes;
	}
	return size;
}

void wire_call_release(struct wire_call *c)
{
	free(c->url);
	free(c->content_type);
	free(c->boundary);
	for (size_t i = 0; i < c->pieces_count; i++)
		buf_release(&c->pieces[i].text);
	free(c->pieces);
	memset(c, 0, sizeof(*c));
}

int wire_check_size(const struct request *r, struct error *err)
{
	cleanup_free const char **no_urls = xcalloc(r->references_count + 1, sizeof(*no_urls));
	const struct wire_submit s = { .request = r, .own_id = "easelfs-000000000000000000000000", .pictures = 1,
	                               .ref_urls = no_urls, .refs_form = r->model->refs_form };
	struct wire_call call = { 0 };

	if (!r->provider->request_bytes)
		return 0;
	for (size_t i = 0; i < r->references_count; i++)
		no_urls[i] = r->references[i].is_url ? r->references[i].name : "";
	wire_of(r->provider)->build_submit(&s, &call);
	uint64_t size = wire_call_size(&call, r);
	wire_call_release(&call);
	if (size <= r->provider->request_bytes)
		return 0;
	return error_set(err, EINVAL, "use fewer or smaller references",
	                 "the request would have %.1f MB, with its %zu references in it, and the provider %s takes "
	                 "up to %.1f MB", (double)size / 1e6, r->references_count, r->provider->name,
	                 (double)r->provider->request_bytes / 1e6);
}

/* --- addresses */

static void add_percent_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_chr(b, *s);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*s);
	}
}

/* Length of a base without the segment that the path begins with anyway: people paste both forms. */
static size_t base_length(const char *base, const char *path)
{
	size_t len = strlen(base), first = *path == '/' ? strcspn(path + 1, "/") + 1 : 0;

	while (len && base[len - 1] == '/')
		len--;
	if (first > 1 && path[first] == '/' && len > first && base[len - first - 1] != '/' &&
	    !strncmp(base + len - first, path, first))
		len -= first;
	return len;
}

char *wire_url(const struct provider *p, const char *path, const char *id)
{
	static const char *const holes[] = { "{id}", "{model}" };
	struct buf url = BUF_INIT;

	buf_add(&url, p->url, base_length(p->url, path));
	if (*path != '/')
		buf_chr(&url, '/');
	while (*path) {
		size_t hole = 0;
		for (size_t i = 0; id && i < ARRAY_LEN(holes) && !hole; i++)
			if (str_starts_with(path, holes[i]))
				hole = strlen(holes[i]);
		if (hole)
			add_percent_encoded(&url, id);
		else
			buf_chr(&url, *path);
		path += hole ? hole : 1;
	}
	return buf_steal(&url);
}

/* --- results */

bool wire_is_success(int status)
{
	return status >= 200 && status <= 299;
}

void wire_result_init(struct wire_result *r)
{
	*r = (struct wire_result){ .progress = -1, .wait = -1, .cost_usd = -1 };
}

void wire_result_add_url(struct wire_result *r, const char *url)
{
	if (r->urls_count == URLS_MAX || (strncasecmp(url, "https://", 8) && strncasecmp(url, "http://", 7)))
		return;
	r->urls = xrealloc(r->urls, (r->urls_count + 1) * sizeof(*r->urls));
	r->urls[r->urls_count++] = xstrdup(url);
}

static void add_index(int **list, size_t *count, int file)
{
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = file;
}

void wire_result_add_file(struct wire_result *r, int file)
{
	add_index(&r->files, &r->files_count, file);
}

void wire_result_add_draft(struct wire_result *r, int file)
{
	add_index(&r->drafts, &r->drafts_count, file);
}

void wire_result_note(struct wire_result *r, const char *fmt, ...)
{
	va_list args;
	struct buf b = BUF_INIT;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		BUG("a note could not be written");
	va_end(args);
	if (r->note)
		buf_fmt(&b, "%s; ", r->note);
	buf_str(&b, text);
	free(text);
	free(r->note);
	r->note = buf_steal(&b);
}

void wire_result_note_urls(struct wire_result *r)
{
	for (size_t i = 0; r->files_count && i < r->urls_count; i++) {
		cleanup_free char *url = wire_clean(r->urls[i], URL_SHOWN_MAX);
		wire_result_note(r, "another picture is at %s", url);
	}
}

void wire_result_release(struct wire_result *r)
{
	free(r->task_id);
	for (size_t i = 0; i < r->urls_count; i++)
		free(r->urls[i]);
	free(r->urls);
	free(r->files);
	free(r->drafts);
	free(r->text);
	free(r->note);
	free(r->code);
	free(r->reason);
	free(r->hint);
	memset(r, 0, sizeof(*r));
}
