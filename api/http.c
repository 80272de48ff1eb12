#include "http.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "http_transfer.h"

enum { PATIENCE_MS = 100 };

struct http {
	CURLM *multi;
	char *user_agent;
	struct http_transfer *first;
	struct http_transfer *current;  /* whose done() runs */
	size_t running;                 /* on the list and not dead */
};

const char *http_library(void)
{
	const char *version = curl_version();

	return version + (str_starts_with(version, "libcurl/") ? strlen("libcurl/") : 0);
}

/* Without descriptors for its wakeup libcurl makes one all the same, which then would sleep through whatever is
 * asked of the engine. */
static CURLM *new_multi(void)
{
	struct patience patience = { 0 };
	CURLM *multi;

	do {
		multi = curl_multi_init();
		if (multi && !curl_multi_wakeup(multi))
			return multi;
		curl_multi_cleanup(multi);
	} while (patience_wait(&patience, PATIENCE_MS));
	return NULL;
}

int http_new(const char *user_agent, struct http **out, struct error *err)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc))
		return error_set(err, EIO, NULL, "libcurl could not be started");
	CURLM *multi = new_multi();
	if (!multi) {
		curl_global_cleanup();
		return error_set(err, EMFILE, "raise the limit of open files", "libcurl could not make a transfer loop");
	}
	struct http *h = xcalloc(1, sizeof(*h));
	h->multi = multi;
	h->user_agent = xstrdup(user_agent);
	*out = h;
	return 0;
}

static void unlink_transfer(struct http *h, struct http_transfer *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		h->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	if (!t->dead)
		h->running--;
	curl_multi_remove_handle(h->multi, t->easy);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->first) {
		struct http_transfer *t = h->first;
		unlink_transfer(h, t);
		transfer_free(t);
	}
	curl_multi_cleanup(h->multi);
	free(h->user_agent);
	free(h);
	curl_global_cleanup();
}

struct http_transfer *http_start(struct http *h, const struct http_request *r, http_done *done, void *arg)
{
	struct http_transfer *t = transfer_new(r, h->user_agent);

	t->http = h;
	t->done = done;
	t->arg = arg;
	t->next = h->first;
	if (h->first)
		h->first->prev = t;
	h->first = t;
	h->running++;
	if (!t->judged && curl_multi_add_handle(h->multi, t->easy))
		transfer_give_up(t, HTTP_LOCAL, ENOMEM, "libcurl could not take one more transfer");
	if (t->judged)
		http_wakeup(h);
	return t;
}

void http_cancel(struct http *h, struct http_transfer *t)
{
	if (t == h->current || t->dead)
		return;
	if (t->resolved || t->judged) {
		unlink_transfer(h, t);
		transfer_free(t);
		return;
	}
	t->dead = true;
	h->running--;
}

bool http_sent(const struct http_transfer *t) { return t->reply.sent; }

static void finish(struct http *h, struct http_transfer *t)
{
	unlink_transfer(h, t);
	if (!t->dead) {
		h->current = t;
		t->done(t->arg, &t->reply);
		h->current = NULL;
	}
	transfer_free(t);
}

static bool finish_what_curl_ended(struct http *h)
{
	CURLMsg *message;
	bool any = false;
	int left;

	while ((message = curl_multi_info_read(h->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		transfer_judge(t, result);
		finish(h, t);
		any = true;
	}
	return any;
}

/* The first that we ended ourselves: never begun, or stalled.  NULL if there is none. */
static struct http_transfer *find_ended(struct http *h, int64_t now)
{
	for (struct http_transfer *t = h->first; t; t = t->next) {
		if (t->dead)
			continue;
		if (t->judged || transfer_has_stalled(t, now))
			return t;
	}
	return NULL;
}

/* A callback may start and cancel others, so the list is walked anew after each; the bound keeps a
 * callback that starts one more hopeless transfer from staying here for ever. */
static bool finish_what_we_ended(struct http *h)
{
	int64_t now = clock_mono_ms();
	size_t most = h->running;
	struct http_transfer *t;
	bool any = false;

	while (most-- && (t = find_ended(h, now))) {
		transfer_judge(t, CURLE_ABORTED_BY_CALLBACK);
		finish(h, t);
		any = true;
	}
	return any;
}

static bool move(struct http *h)
{
	int running;

	curl_multi_perform(h->multi, &running);
	bool ended = finish_what_curl_ended(h);
	return finish_what_we_ended(h) || ended;
}

/* Until the next transfer would have stalled, at most. */
static int sleep_ms(const struct http *h, int timeout_ms)
{
	int64_t now = clock_mono_ms(), most = timeout_ms < 0 ? INT_MAX : timeout_ms;

	for (const struct http_transfer *t = h->first; t; t = t->next) {
		int64_t left = transfer_stall_deadline(t) - now;
		if (!t->dead && left < most)
			most = left < 0 ? 0 : left;
	}
	return (int)most;
}

void http_turn(struct http *h, int timeout_ms)
{
	if (move(h))
		return;
	if (curl_multi_poll(h->multi, NULL, 0, sleep_ms(h, timeout_ms), NULL))
		patience_wait(&(struct patience){ 0 }, 1);
	move(h);
}

void http_wakeup(struct http *h)
{
	int saved = errno;
	struct patience patience = { 0 };

	/* What was posted would lie there until something else happens. */
	while (curl_multi_wakeup(h->multi) && patience_wait(&patience, PATIENCE_MS))
		;
	errno = saved;
}

size_t http_running(const struct http *h)
{
	return h->running;
}
