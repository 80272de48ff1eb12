/* Talking to providers: a wire's call becomes a transfer, with the account's key and the references' bytes. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct headers { char *line[2], *key; };    /* NULL-terminated */

static void headers_release(struct headers *h)
{
	key_free(h->line[0]);
	key_free(h->key);
}
#define cleanup_headers __attribute__((cleanup(headers_release)))

static int add_key(struct engine *e, struct task *t, struct headers *h, struct error *err)
{
	const struct provider *p = t->job->request.provider;

	if (p->auth == AUTH_NONE)
		return 0;
	if (provider_key(p, &h->key, err) < 0) {
		account_stop(e, account_of(e, p), err->text, err->hint);
		return -ENOKEY;
	}
	struct account *a = account_of(e, p);
	if (!a->key || strcmp(a->key, h->key) != 0) {
		key_free(a->key);
		a->key = xstrdup(h->key);
	}
	h->line[0] = p->auth == AUTH_BEARER ? xasprintf("Authorization: Bearer %s", h->key)
	                                    : xasprintf("x-goog-api-key: %s", h->key);
	return 0;
}

void task_close_references(struct task *t)
{
	for (size_t i = 0; i < t->reference_fds; i++)
		close(t->reference_fd[i]);
	free(steal_pointer(&t->reference_fd));
	t->reference_fds = 0;
}

static int open_reference(struct engine *e, struct task *t, int index, struct error *err)
{
	const struct reference *ref = &t->job->request.references[index];
	struct patience patience = { 0 };
	int fd;

	while ((fd = store_open_reference(e->set.store, ref->sha256)) < 0 && patience_helps(&patience, -fd))
		;
	if (fd == -ENOENT)
		return error_set(err, ENOENT, "save the prompt again", "the copy of reference %s is gone", ref->name);
	if (fd < 0)
		return error_set(err, -fd, "save the prompt again, when it can be", "the copy of reference %s cannot be opened: %s",
		                 ref->name, strerror(-fd));
	t->reference_fd = xrealloc(t->reference_fd, (t->reference_fds + 1) * sizeof(*t->reference_fd));
	t->reference_fd[t->reference_fds++] = fd;
	return fd;
}

static int open_pieces(struct engine *e, struct task *t, const struct wire_call *c, struct http_piece *out,
                       struct error *err)
{
	for (size_t i = 0; i < c->pieces_count; i++) {
		const struct wire_piece *p = &c->pieces[i];
		out[i] = (struct http_piece){ .text = p->text.data, .len = p->text.len, .fd = -1 };
		if (p->reference < 0)
			continue;
		int fd = open_reference(e, t, p->reference, err);
		if (fd < 0)
			return fd;
		out[i] = (struct http_piece){ .fd = fd, .base64 = p->base64,
		                              .size = t->job->request.references[p->reference].size };
	}
	return 0;
}

static void call_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;

	t->transfer = NULL;
	task_close_references(t);
	t->answered(t, reply);
}

int task_call(struct engine *e, struct task *t, struct wire_call *c, const struct http_request *base,
              http_done *done, struct error *err)
{
	struct http_request r = *base;
	cleanup_headers struct headers h = { .key = NULL };
	cleanup_free struct http_piece *pieces = xcalloc(c->pieces_count + 1, sizeof(*pieces));
	int result = add_key(e, t, &h, err);

	if (result == 0)
		result = open_pieces(e, t, c, pieces, err);
	if (result == 0) {
		r.method = c->method;
		r.url = c->url;
		r.headers = (const char *const *)h.line;
		r.secret = h.key;
		r.content_type = c->content_type;
		r.body = pieces;
		r.body_pieces = c->pieces_count;
		r.ca_file = t->job->request.provider->ca_file;
		t->answered = done;
		t->transfer = http_start(e->http, &r, call_done, t);
	} else {
		task_close_references(t);
	}
	wire_call_release(c);
	return result;
}

struct wire_reply wire_reply_of(const struct http_reply *r)
{
	return (struct wire_reply){ .status = r->status, .body = r->body.data ? r->body.data : "",
	                            .len = r->body.len, .content_type = r->content_type,
	                            .retry_after = r->retry_after };
}

const struct wire *task_wire(const struct task *t)
{
	return wire_of(t->job->request.provider);
}

void obey_limits(struct limiter *l, const struct http_reply *r)
{
	if (r->limit_remaining >= 0 && r->limit_reset > 0)
		limiter_left(l, (double)r->limit_remaining,
		             clock_mono_ms() + (int64_t)(r->limit_reset * 1000));
}
