#include "http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <netinet/in.h>

#include "http_guard.h"
#include "kill.h"

enum {
	ERROR_BODY_MAX = 1 << 20,     /* of a reply that was to go to a sink, but is no 200 */
	IDLE_MAX = 30,                /* seconds: longer idle connections are not reused, they may be half closed */
	AGE_MAX = 600,
	KEEPALIVE = 30,
	HEADERS_MAX = 128 << 10, HEADER_COST = 32,    /* of all, and of each beyond its bytes: where libcurl has a
	                                                 limit of its own, it says "out of memory" */
	TRICKLE = 4096,               /* bytes that come in two stall_timeouts, at least */
};

/* --- our own reasons to end */

void transfer_give_up(struct http_transfer *t, enum http_outcome outcome, int local_errno, const char *fmt, ...)
{
	va_list args;

	if (t->judged)
		return;
	va_start(args, fmt);
	t->reply.text = xvasprintf(fmt, args);
	va_end(args);
	t->judged = true;
	t->reply.outcome = outcome;
	t->reply.local_errno = local_errno;
}

void transfer_refuse_address(struct http_transfer *t)
{
	transfer_give_up(t, HTTP_LOCAL, EACCES, "%s has an address inside this network, which a provider may not name",
	                 t->host);
}

/* --- connecting */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_transfer *t = arg;
	const struct sockaddr_in *in = (const void *)&address->addr;
	bool is_proxy = t->proxy_port && ntohs(in->sin_port) == t->proxy_port;

	(void)purpose;
	t->resolved = true;
	if (t->dead)
		return CURL_SOCKET_BAD;
	if (t->guarded && !is_proxy && !guard_allows(&address->addr, t->allow_private)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/*
 * Right before the request is written, on a new or a reused connection.  Curl comes here again when
 * a reused connection turned out to be closed; a `once` body that it has begun to read must not
 * start over then.
 */
static int on_before_request(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct http_transfer *t = arg;

	(void)local, (void)local_port;
	t->resolved = true;
	if (t->dead)
		return CURL_PREREQFUNC_ABORT;
	if (t->guarded && !(t->proxy_port && remote_port == t->proxy_port) &&
	    !guard_allows_text(remote, t->allow_private)) {
		transfer_refuse_address(t);
		return CURL_PREREQFUNC_ABORT;
	}
	bool repeats = t->attempts > 0 && t->once && (t->body_attempt || !t->body.size);
	if (repeats) {
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "%s closed the connection while the request was sent", t->where);
		return CURL_PREREQFUNC_ABORT;
	}
	t->attempts++;
	if (!t->once)
		t->body.at = 0;
	t->reply.sent = true;
	t->moved_at = clock_mono_ms();
	return CURL_PREREQFUNC_OK;
}

/* --- sending */

static size_t on_read_body(char *to, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;

	if (!t->body_attempt)
		t->body_attempt = t->attempts;
	if (t->once && t->body_attempt != t->attempts) {
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "%s closed the connection while the request was sent", t->where);
		return CURL_READFUNC_ABORT;
	}
	ssize_t got = http_body_read(&t->body, to, size * count);
	if (got < 0) {
		transfer_give_up(t, HTTP_LOCAL, (int)-got, "a file to be sent could not be read: %s",
		                 strerror((int)-got));
		return CURL_READFUNC_ABORT;
	}
	t->moved_at = clock_mono_ms();
	if (t->once)
		kill_point(SUBMIT_SENDING);
	return (size_t)got;
}

static int on_seek_body(void *arg, curl_off_t offset, int origin)
{
	struct http_transfer *t = arg;

	if (t->once || origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->body.size)
		return CURL_SEEKFUNC_FAIL;
	t->body.at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- receiving */

/* Bytes of the reply came.  False: so few lately that somebody keeps us here. */
static bool note_bytes(struct http_transfer *t, size_t len)
{
	int64_t now = clock_mono_ms(), window = 2 * t->stall_ms;

	t->moved_at = now;
	t->window_bytes += len;
	if (!t->window_at)
		t->window_at = now;
	if (window <= 0 || (t->once && t->sink) || now - t->window_at < window)
		return true;
	if (t->window_bytes < TRICKLE) {
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "the reply of %s trickles: %zu bytes in %lld seconds", t->where,
		                 t->window_bytes, (long long)((now - t->window_at) / 1000));
		return false;
	}
	t->window_at = now;
	t->window_bytes = 0;
	return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;

	if (t->once)
		kill_point(SUBMIT_REPLYING);
	/* A new reply: the one before was no end, and the request may have been sent in between. */
	if (size * count >= 5 && !strncasecmp(line, "HTTP/", 5)) {
		t->window_at = 0;
		t->window_bytes = 0;
	}
	t->header_bytes += size * count + HEADER_COST;
	if (t->header_bytes > HEADERS_MAX) {
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "the headers of %s are larger than %d bytes", t->where, HEADERS_MAX);
		return 0;
	}
	if (!note_bytes(t, size * count))
		return 0;
	http_headers_line(&t->got, line, size * count, clock_wall_ms());
	return size * count;
}

static bool write_sink(struct http_transfer *t, const char *bytes, size_t len)
{
	cleanup_error struct error err = ERROR_INIT;
	int result = t->sink(t->sink_arg, bytes, len, &err);

	if (result < 0)
		transfer_give_up(t, HTTP_LOCAL, -result, "%s", err.text ? err.text : strerror(-result));
	return result == 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	size_t len = size * count;
	uint64_t max = t->max_bytes;
	long status = 0;
	curl_off_t announced = -1;

	if (!note_bytes(t, len))
		return 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	bool to_sink = t->sink && status >= 200 && status <= 299;
	if (t->sink && !to_sink && max > ERROR_BODY_MAX)
		max = ERROR_BODY_MAX;
	if (len > max - t->reply.received || (announced > 0 && (uint64_t)announced > max)) {
		transfer_give_up(t, HTTP_LOCAL, EFBIG, "the reply of %s is larger than %llu bytes", t->where,
		                 (unsigned long long)max);
		return 0;
	}
	if (to_sink && !write_sink(t, bytes, len))
		return 0;
	if (!to_sink)
		buf_add(&t->reply.body, bytes, len);
	t->reply.received += len;
	return len;
}

int64_t transfer_stall_deadline(const struct http_transfer *t)
{
	return t->reply.sent && t->stall_ms > 0 ? t->moved_at + t->stall_ms : INT64_MAX;
}

bool transfer_has_stalled(struct http_transfer *t, int64_t now)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int unsent = 0;

	if (transfer_stall_deadline(t) > now)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd == CURL_SOCKET_BAD || ioctl(fd, SIOCOUTQ, &unsent) < 0)
		unsent = 0;
	if (unsent == 0 || unsent == t->unsent) {
		transfer_give_up(t, HTTP_AMBIGUOUS, 0, "no byte from %s for %lld seconds", t->where,
		                 (long long)(t->stall_ms / 1000));
		return true;
	}
	t->unsent = unsent;
	t->moved_at = now;
	return false;
}

/* --- setting up */

/* What this libcurl was built without is not missed; without what it has no memory for, nothing is sent. */
static void refuse_option(struct http_transfer *t, CURLcode result)
{
	if (result == CURLE_OUT_OF_MEMORY)
		transfer_give_up(t, HTTP_NOT_SENT, ENOMEM, "there is no memory for a request");
}
#define set(t, option, value) refuse_option(t, curl_easy_setopt((t)->easy, option, value))

static long milliseconds(double seconds)
{
	return seconds <= 0 ? 0 : seconds > 1e6 ? 1000000000L : (long)(seconds * 1000) + 1;
}

/* For sentences: nothing of the URL but host and port. */
static void read_where(struct http_transfer *t, const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;

	if (!u)
		refuse_option(t, CURLE_OUT_OF_MEMORY);
	else if (!curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME)) {
		curl_url_get(u, CURLUPART_HOST, &host, 0);
		curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	}
	bool web = !strncasecmp(url, "https://", 8) || !strncasecmp(url, "http://", 7);
	if (!host || !web)
		transfer_give_up(t, HTTP_LOCAL, EINVAL, "the address to ask is no http or https URL");
	t->host = xstrdup(host ? host : "the provider");
	t->where = port ? xasprintf("%s port %s", t->host, port) : xstrdup(t->host);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

static void add_header(struct http_transfer *t, const char *line)
{
	if (strpbrk(line, "\r\n")) {
		transfer_give_up(t, HTTP_LOCAL, EINVAL, "a request header contains a line break");
		return;
	}
	struct curl_slist *longer = curl_slist_append(t->headers, line);
	if (longer)
		t->headers = longer;
	else
		refuse_option(t, CURLE_OUT_OF_MEMORY);
}

static void set_headers(struct http_transfer *t, const struct http_request *r)
{
	for (size_t i = 0; r->headers && r->headers[i]; i++)
		add_header(t, r->headers[i]);
	add_header(t, "Expect:");
	char *type cleanup_free = xasprintf("Content-Type:%s%s", r->content_type ? " " : "",
	                                    r->content_type ? r->content_type : "");
	add_header(t, type);
	set(t, CURLOPT_HTTPHEADER, t->headers);
}

/* A body has made it a POST already. */
static void set_method(struct http_transfer *t, const char *method)
{
	if (!strcmp(method, "HEAD"))
		set(t, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "GET") && strcmp(method, "POST"))
		set(t, CURLOPT_CUSTOMREQUEST, method);
}

static void set_body(struct http_transfer *t, const struct http_request *r)
{
	http_body_init(&t->body, r->body, r->body_pieces);
	set(t, CURLOPT_POST, 1L);
	set(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.size);
	set(t, CURLOPT_READFUNCTION, on_read_body);
	set(t, CURLOPT_READDATA, t);
	set(t, CURLOPT_SEEKFUNCTION, on_seek_body);
	set(t, CURLOPT_SEEKDATA, t);
}

static void set_connection(struct http_transfer *t, const struct http_request *r)
{
	set(t, CURLOPT_DEFAULT_PROTOCOL, "https");
	set(t, CURLOPT_PROTOCOLS_STR, "http,https");
	set(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* Waiting to see whether a connection can be shared ends with the TLS handshake; without TLS it would
	 * last until the first reply, and one slow submit would hold up all others. */
	set(t, CURLOPT_PIPEWAIT, (long)(strncasecmp(r->url, "https:", 6) == 0));
	set(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (r->ca_file)
		set(t, CURLOPT_CAINFO, r->ca_file);
	set(t, CURLOPT_FOLLOWLOCATION, 0L);
	set(t, CURLOPT_NOSIGNAL, 1L);
	set(t, CURLOPT_TCP_KEEPALIVE, 1L);
	set(t, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE);
	set(t, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE);
	set(t, CURLOPT_MAXAGE_CONN, (long)IDLE_MAX);
	set(t, CURLOPT_MAXLIFETIME_CONN, (long)AGE_MAX);
	set(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set(t, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(t->connect_timeout));
	set(t, CURLOPT_TIMEOUT_MS, milliseconds(t->total_timeout));
	/* A timeout while a name is resolved does not wait for the resolver's thread. */
	set(t, CURLOPT_QUICK_EXIT, 1L);
	set(t, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	set(t, CURLOPT_OPENSOCKETDATA, t);
	set(t, CURLOPT_PREREQFUNCTION, on_before_request);
	set(t, CURLOPT_PREREQDATA, t);
}

static void set_receiving(struct http_transfer *t)
{
	set(t, CURLOPT_HEADERFUNCTION, on_header);
	set(t, CURLOPT_HEADERDATA, t);
	set(t, CURLOPT_WRITEFUNCTION, on_body);
	set(t, CURLOPT_WRITEDATA, t);
	set(t, CURLOPT_ERRORBUFFER, t->curl_text);
	set(t, CURLOPT_PRIVATE, t);
}

/* What goes by the proxy is known, and not left to curl's own reading of no_proxy: a host that is asked without it
 * could not be told from it where their ports are the same.  Results of a provider at home may lie in the house, at
 * addresses that no_proxy has ways of writing. */
static void set_proxy(struct http_transfer *t, const char *url, const char *host)
{
	t->proxy_port = guard_proxy_port(url);
	if (!t->proxy_port || t->allow_private)
		return;
	bool direct = guard_is_direct(host);
	if (direct)
		t->proxy_port = 0;
	set(t, direct ? CURLOPT_PROXY : CURLOPT_NOPROXY, "");
}

/* Literal addresses are refused here already, as a proxy would connect to them for us. */
static void set_guard(struct http_transfer *t, const struct http_request *r)
{
	char *host cleanup_free = NULL;
	size_t len = strlen(t->host);

	t->guarded = r->named_by_provider;
	t->allow_private = r->allow_private;
	if (!t->guarded)
		return;
	set(t, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	bool v6 = t->host[0] == '[';
	host = v6 && len > 2 ? xstrndup(t->host + 1, len - 2) : xstrdup(t->host);
	set_proxy(t, r->url, host);
	bool literal = v6 || (len && strspn(host, "0123456789.") == len);
	bool local = !strcasecmp(host, "localhost") || str_ends_with(host, ".localhost");
	if ((literal && !guard_allows_text(host, t->allow_private)) || (local && !t->allow_private))
		transfer_refuse_address(t);
}

struct http_transfer *transfer_new(const struct http_request *r, const char *user_agent)
{
	struct http_transfer *t = xcalloc(1, sizeof(*t));

	t->secret = r->secret ? xstrdup(r->secret) : NULL;
	t->sink = r->sink;
	t->sink_arg = r->sink_arg;
	t->once = r->once;
	t->max_bytes = r->max_bytes;
	t->connect_timeout = r->connect_timeout;
	t->total_timeout = r->total_timeout;
	t->stall_ms = milliseconds(r->stall_timeout);
	t->unsent = -1;
	t->reply.content_length = -1;
	http_headers_init(&t->got);
	t->easy = curl_easy_init();
	if (!t->easy)
		refuse_option(t, CURLE_OUT_OF_MEMORY);
	read_where(t, r->url);
	set(t, CURLOPT_URL, r->url);
	set(t, CURLOPT_USERAGENT, user_agent);
	set_connection(t, r);
	set_receiving(t);
	set_guard(t, r);
	set_headers(t, r);
	if (r->body_pieces || !strcmp(r->method, "POST"))
		set_body(t, r);
	set_method(t, r->method);
	return t;
}

void transfer_free(struct http_transfer *t)
{
	curl_easy_cleanup(t->easy);
	/* One of them is the API key. */
	for (struct curl_slist *line = t->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(t->headers);
	if (t->secret)
		explicit_bzero(t->secret, strlen(t->secret));
	free(t->secret);
	http_headers_release(&t->got);
	buf_release(&t->reply.body);
	free(t->reply.text);
	http_body_release(&t->body);
	free(t->host);
	free(t->where);
	free(t);
}
