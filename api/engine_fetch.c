/* From a result's URL to a file in incoming/. */
#include "engine_internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http_guard.h"
#include "kill.h"

#define MAX_REDIRECTS 5
/* How often a disk without room is tried again. */
#define DISK_SECONDS 3
/* How often in a row an address says that nothing is there, where nobody can be asked about it. */
#define LONE_URL_TRIES 10
/* By our clock it has expired, or the provider does not know the task: both may be wrong, so not before so many
 * empty looks in a row. */
#define EXPIRED_TRIES 3

/* --- download --- */

char *fetch_name(const struct task *t)
{
	return xasprintf("%lld.part", (long long)t->row.id);
}

void fetch_forget(struct engine *e, struct task *t)
{
	cleanup_free char *name = fetch_name(t);

	store_incoming_remove(e->set.store, name);
}

static char *first_url(const struct task *t)
{
	return t->row.urls ? xstrndup(t->row.urls, strcspn(t->row.urls, "\n")) : NULL;
}

void fetch_later(struct engine *e, struct task *t, double asked, const char *why)
{
	task_again(e, t, backoff_ms(t->row.attempts++, asked), why,
	           "the picture is paid for; it is fetched again by itself", fetch_begin);
}

/* Neither the address nor the provider is to blame, so it counts as no attempt; and somebody who has made
 * room does not want to wait for a back-off of minutes. */
void disk_later(struct engine *e, struct task *t, const char *what, int code,
                void (*fn)(struct engine *, struct task *))
{
	cleanup_free char *why = xasprintf("%s: %s", what, strerror(code));
	bool full = code == ENOSPC || code == EDQUOT;

	task_again(e, t, backoff_ms(0, DISK_SECONDS), why,
	           full ? "the picture is paid for; make room on the disk, and it comes by itself"
	                : "the picture is paid for; it comes by itself when the disk takes it", fn);
}

bool disk_is_at_fault(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EROFS || code == EIO;
}

/* Where the provider says nothing, a result is taken to be kept for a week at most. */
static bool has_expired(const struct task *t)
{
	int64_t until = t->row.expires_ms ? t->row.expires_ms : t->row.submitted_ms + TASK_WEEK_MS;

	return clock_wall_ms() > until;
}

/* Of the pictures that this provider task made, which one it is: they are in the order of their indexes. */
static size_t place_in_reply(const struct task *t)
{
	const struct job *j = t->job;
	size_t place = 0;

	for (size_t i = 0; i < j->tasks_count && j->tasks[i] != t; i++)
		if (j->tasks[i]->row.task_id && strcmp(j->tasks[i]->row.task_id, t->row.task_id) == 0)
			place++;
	return place;
}

static void take_address(struct engine *e, struct task *t, const char *url, int64_t expires_at)
{
	cleanup_free char *old = first_url(t);
	bool same = old && strcmp(old, url) == 0;

	free(t->row.urls);
	t->row.urls = xstrdup(url);
	t->row.expires_ms = expires_at * 1000;
	if (!same)
		task_after(e, t, fetch_begin);
	else if (has_expired(t) && t->empty_looks >= EXPIRED_TRIES)
		task_event(e, t, EVENT_EXPIRED, "the picture was not fetched before its URL expired",
		           ASK_ONCE_MORE);
	else
		fetch_later(e, t, -1, "the picture's address does not answer");
}

static void take_refresh(struct engine *e, struct task *t, const struct wire_result *r)
{
	size_t which = place_in_reply(t);

	if (r->cls == WIRE_DONE && which < r->urls_count)
		take_address(e, t, r->urls[which], r->expires_at);
	else if (r->cls == WIRE_GONE && (has_expired(t) || !t->row.expires_ms) && ++t->empty_looks >= EXPIRED_TRIES)
		task_event(e, t, EVENT_EXPIRED, "the provider does not have the picture any more",
		           ASK_ONCE_MORE);
	else
		fetch_later(e, t, r->wait, r->reason ? r->reason : "the provider gave no fresh address");
}

static void refreshed(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;
	struct wire_reply wr = wire_reply_of(reply);
	struct wire_result r;

	wire_result_init(&r);
	kill_point(REFRESHED);
	if (reply->outcome == HTTP_REPLY) {
		task_wire(t)->parse_poll(t->job->request.provider, &wr, &r);
		take_refresh(e, t, &r);
	} else {
		fetch_later(e, t, -1, reply->text);
	}
	wire_result_release(&r);
}

/* There is no task that could be asked: the address is all there is. */
static void no_fresh_url(struct engine *e, struct task *t, const char *why)
{
	t->row.counted = false;       /* it was charged, all the same */
	if (!t->row.urls)
		task_event(e, t, EVENT_REFUSED, "the picture's file got lost before it was in out/, and it cannot be "
		           "fetched again", "easelfs retry makes a new one");
	else if (t->empty_looks >= LONE_URL_TRIES)
		task_event(e, t, EVENT_EXPIRED, why, "easelfs again makes a new one");
	else
		fetch_later(e, t, -1, why);
}

void fetch_fresh_url(struct engine *e, struct task *t, const char *why)
{
	const struct provider *p = t->job->request.provider;
	cleanup_error struct error err = ERROR_INIT;
	struct wire_call call = { 0 };
	struct http_request base = HTTP_REQUEST_INIT;

	if (!t->row.task_id) {
		no_fresh_url(e, t, why);
		return;
	}
	int64_t wait = limiter_take(&account_of(e, p)->queries, clock_mono_ms());
	if (wait > 0) {
		fetch_later(e, t, (double)wait / 1000, why);
		return;
	}
	log_info("picture %lld: %s; asking for a fresh address", (long long)t->row.id, why);
	task_wire(t)->build_poll(p, t->row.task_id, &call);
	kill_point(BEFORE_REFRESH);
	int result = task_call(e, t, &call, &base, refreshed, &err);
	kill_point(AFTER_REFRESH);
	if (result < 0)
		fetch_later(e, t, -1, err.text);
}

/* --- the transfer --- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* NULL, or why it is not followed.  Absolute addresses only, never from https down to http. */
static const char *redirect_fault(const struct task *t, const char *to)
{
	if (t->redirects >= MAX_REDIRECTS)
		return "leads on and on to other addresses";
	if (!to)
		return "leads on to nowhere";
	if (strncasecmp(to, "https://", 8) == 0)
		return NULL;
	if (strncasecmp(to, "http://", 7) != 0)
		return "leads on to what is no http or https address";
	return strncasecmp(t->fetched, "http://", 7) == 0 ? NULL : "leads on from https to http";
}

static void fetch_redirected(struct engine *e, struct task *t, const struct http_reply *reply)
{
	const char *fault = redirect_fault(t, reply->location);
	cleanup_free char *why = xasprintf("the picture's address %s (status %d)", fault ? fault : "", reply->status);

	if (fault) {
		t->row.attempts++;
		t->empty_looks++;
		fetch_fresh_url(e, t, why);
		return;
	}
	t->redirects++;
	free(t->redirect);
	t->redirect = xstrdup(reply->location);
	fetch_begin(e, t);
}

static void fetch_replied(struct engine *e, struct task *t, const struct http_reply *reply)
{
	cleanup_free char *why = xasprintf("the picture's address answered with status %d", reply->status);

	if (reply->status == 200) {
		kill_point(DOWNLOADED);
		check_begin(e, t);
		return;
	}
	cleanup_fd_(&t->fd);
	if (is_redirect(reply->status)) {
		fetch_redirected(e, t, reply);
	} else if (reply->status >= 400 && reply->status < 500 && reply->status != 429 &&
	           reply->status != 408) {
		t->row.attempts++;
		t->empty_looks++;
		fetch_fresh_url(e, t, why);
	} else {
		t->empty_looks = 0;
		fetch_later(e, t, reply->retry_after, why);
	}
}

static const char not_written[] = "the picture could not be written";

/* To fetch it again would end the same way, until somebody allows more. */
static void fetch_too_large(struct engine *e, struct task *t, const struct http_reply *reply)
{
	cleanup_free char *hint = xasprintf("it is paid for, and waits at the provider: allow more with picture-bytes in "
	                                    "[provider %s] of the configuration, and it is fetched by itself",
	                                    t->job->request.provider->name);

	fetch_forget(e, t);
	task_event(e, t, EVENT_STOPPED, reply->text, hint);
}

static void fetch_done(void *arg, const struct http_reply *reply)
{
	struct task *t = arg;
	struct engine *e = t->job->engine;

	t->transfer = NULL;
	if (reply->outcome == HTTP_REPLY) {
		fetch_replied(e, t, reply);
		return;
	}
	cleanup_fd_(&t->fd);
	if (reply->outcome == HTTP_LOCAL && disk_is_at_fault(reply->local_errno)) {
		fetch_forget(e, t);          /* the half of it keeps others from what room there is */
		disk_later(e, t, not_written, reply->local_errno, fetch_begin);
		return;
	}
	if (reply->outcome == HTTP_LOCAL && reply->local_errno == EFBIG && reply->status >= 200 && reply->status <= 299) {
		fetch_too_large(e, t, reply);
		return;
	}
	fetch_later(e, t, -1, reply->text);
}

static int to_file(void *arg, const void *bytes, size_t len, struct error *err)
{
	struct task *t = arg;

	for (const char *at = bytes; len;) {
		ssize_t put = write(t->fd, at, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return error_set(err, put < 0 ? errno : ENOSPC, NULL, "the picture could not be written: %s",
			                 strerror(put < 0 ? errno : ENOSPC));
		at += put;
		len -= (size_t)put;
	}
	kill_point(DOWNLOADING);
	return 0;
}

void fetch_begin(struct engine *e, struct task *t)
{
	cleanup_free char *name = fetch_name(t);
	cleanup_free char *url = t->redirect ? xstrdup(t->redirect) : first_url(t);
	const struct provider *p = t->job->request.provider;
	struct http_request r = HTTP_REQUEST_INIT;

	if (!t->redirect)
		t->redirects = 0;
	free(steal_pointer(&t->redirect));
	if (!url) {
		fetch_fresh_url(e, t, "it has no address");
		return;
	}
	t->fd = store_incoming_create(e->set.store, name);
	if (t->fd < 0) {
		int code = -t->fd;
		t->fd = -1;
		disk_later(e, t, not_written, code, fetch_begin);
		return;
	}
	free(t->fetched);
	t->fetched = xstrdup(url);
	r.method = "GET";
	r.url = url;
	r.sink = to_file;
	r.sink_arg = t;
	r.ca_file = p->ca_file;
	r.max_bytes = p->picture_bytes;
	r.named_by_provider = true;
	/* An engine at home has what name it has. */
	r.allow_private = guard_is_near(p->url) || !strcasecmp(p->name, "local") ||
		(p->like && !strcasecmp(p->like, "local"));
	kill_point(BEFORE_DOWNLOAD);
	t->transfer = http_start(e->http, &r, fetch_done, t);
	kill_point(AFTER_DOWNLOAD);
}
