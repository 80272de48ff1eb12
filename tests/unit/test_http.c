/* The transfer loop against a small server of our own that behaves badly on purpose. */
#include "http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the server: one connection after the other, each given to `serve` */

struct server;
typedef void serve_fn(struct server *s, int fd, int connection);

struct server {
	int listen_fd, port;
	pthread_t thread;
	serve_fn *serve;
	pthread_mutex_t lock;
	struct buf newest;            /* lock: newest complete request, head and body */
	int connections, requests;    /* lock: connections made, complete requests read */
};

static void *server_main(void *arg)
{
	struct server *s = arg;

	for (int n = 1;; n++) {
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&s->lock);
		s->connections = n;
		pthread_mutex_unlock(&s->lock);
		s->serve(s, fd, n);
		close(fd);
	}
}

static int listen_somewhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&address, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (void *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void server_start(struct server *s, serve_fn *serve)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->serve = serve;
	s->listen_fd = listen_somewhere(&s->port);
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

/* Only when no client is connected any more. */
static void server_stop(struct server *s)
{
	shutdown(s->listen_fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listen_fd);
	buf_release(&s->newest);
	pthread_mutex_destroy(&s->lock);
}

static int server_requests(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	int n = s->requests;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static int server_connections(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	int n = s->connections;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* The caller frees. */
static char *server_newest(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	char *text = xstrndup(s->newest.data ? s->newest.data : "", s->newest.len);
	pthread_mutex_unlock(&s->lock);
	return text;
}

static bool read_more(int fd, struct buf *b)
{
	char piece[65536];
	ssize_t got = read(fd, piece, sizeof(piece));

	if (got <= 0)
		return false;
	buf_add(b, piece, (size_t)got);
	return true;
}

/* One request with its body; false if the client left before its end. */
static bool read_request(struct server *s, int fd)
{
	cleanup_buf struct buf b = BUF_INIT;
	char *end, *length;

	do {
		if (!read_more(fd, &b))
			return false;
	} while (!(end = strstr(b.data, "\r\n\r\n")));
	size_t head = (size_t)(end - b.data) + 4;
	length = strcasestr(b.data, "\r\nContent-Length:");
	size_t whole = head + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
	while (b.len < whole)
		if (!read_more(fd, &b))
			return false;
	pthread_mutex_lock(&s->lock);
	s->requests++;
	buf_clear(&s->newest);
	buf_add(&s->newest, b.data, b.len);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t put = send(fd, text, len, MSG_NOSIGNAL);
		if (put < 0)
			return;
		text += put;
		len -= (size_t)put;
	}
}

static void wait_until_client_leaves(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static void reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

#define HELLO "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

/* --- the client side of a test */

struct client {
	struct http *http;
	struct server server;
	char *url;
};

struct result {
	int calls;
	enum http_outcome outcome;
	bool sent;
	int status, local_errno;
	uint64_t received;
	double retry_after;
	long limit_remaining;
	char body[256], text[256], location[256], content_type[64];
};

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void on_done(void *arg, const struct http_reply *reply)
{
	struct result *r = arg;

	r->calls++;
	r->outcome = reply->outcome;
	r->sent = reply->sent;
	r->status = reply->status;
	r->local_errno = reply->local_errno;
	r->received = reply->received;
	r->retry_after = reply->retry_after;
	r->limit_remaining = reply->limit_remaining;
	copy(r->body, sizeof(r->body), reply->body.data);
	copy(r->text, sizeof(r->text), reply->text);
	copy(r->location, sizeof(r->location), reply->location);
	copy(r->content_type, sizeof(r->content_type), reply->content_type);
}

static void client_init(struct client *c, serve_fn *serve)
{
	assert_int_equal(http_new("easelfs-test/1", &c->http, NULL), 0);
	server_start(&c->server, serve);
	c->url = xasprintf("http://127.0.0.1:%d/pictures?secret=1", c->server.port);
}

static void client_release(struct client *c)
{
	http_free(c->http);
	server_stop(&c->server);
	free(c->url);
}

static struct http_request get(const struct client *c)
{
	struct http_request r = HTTP_REQUEST_INIT;

	r.method = "GET";
	r.url = c->url;
	return r;
}

/* One at a time. */
static struct http_request post_once(const struct client *c, const void *body, size_t len)
{
	static struct http_piece piece;
	struct http_request r = get(c);

	piece = (struct http_piece){ .text = body, .len = len, .fd = -1 };
	r.method = "POST";
	r.content_type = "application/json";
	r.body = &piece;
	r.body_pieces = 1;
	r.once = true;
	return r;
}

static void wait_for(struct http *h, const struct result *r)
{
	int64_t end = clock_mono_ms() + 30000;

	while (!r->calls && clock_mono_ms() < end)
		http_turn(h, 1000);
	if (!r->calls)
		fail_msg("nothing was reported within 30 seconds");
}

static struct result ask(struct http *h, const struct http_request *request)
{
	struct result r = { 0 };

	http_start(h, request, on_done, &r);
	wait_for(h, &r);
	assert_int_equal(r.calls, 1);
	if (r.outcome != HTTP_REPLY && (!*r.text || strstr(r.text, "secret")))
		fail_msg("no fit sentence: \"%s\"", r.text);
	return r;
}

static void expect_text(const struct result *r, const char *part)
{
	if (!strstr(r->text, part))
		fail_msg("\"%s\" does not say \"%s\"", r->text, part);
}

/* --- replies */

static void serve_hello(struct server *s, int fd, int connection)
{
	(void)connection;
	while (read_request(s, fd))
		say(fd, HELLO);
}

static void a_reply_is_reported_once_with_its_body(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "hello");
	assert_string_equal(r.content_type, "text/plain");
	assert_int_equal(r.received, 5);
	assert_true(r.retry_after == -1);
	assert_int_equal(http_running(c.http), 0);
	client_release(&c);
}

static void a_connection_is_used_again(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	struct http_request request = get(&c);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(c.http, &request).outcome, HTTP_REPLY);
	assert_int_equal(server_connections(&c.server), 1);
	assert_int_equal(server_requests(&c.server), 3);
	client_release(&c);
}

/* Answers the second connection's request, and the first one's only then. */
static void serve_second_first(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	int other = accept(s->listen_fd, NULL, NULL);
	if (other >= 0 && read_request(s, other)) {
		say(other, HELLO);
		say(fd, HELLO);
	}
	if (other >= 0)
		close(other);
}

static void one_that_is_not_answered_holds_nobody_up(void **state)
{
	(void)state;
	struct result slow = { 0 }, quick = { 0 };
	struct client c;

	client_init(&c, serve_second_first);
	struct http_request request = get(&c);
	http_start(c.http, &request, on_done, &slow);
	while (!server_requests(&c.server))
		http_turn(c.http, 10);
	http_start(c.http, &request, on_done, &quick);
	wait_for(c.http, &quick);
	assert_int_equal(quick.outcome, HTTP_REPLY);
	wait_for(c.http, &slow);
	assert_int_equal(slow.outcome, HTTP_REPLY);
	client_release(&c);
}

static void serve_429(struct server *s, int fd, int connection)
{
	(void)connection;
	while (read_request(s, fd))
		say(fd, "HTTP/1.1 429 Slow\r\nRetry-After: 2.5\r\nX-RateLimit-Remaining: 0\r\nContent-Length: 2\r\n\r\n{}");
}

static void limits_are_reported(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_429);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.status, 429);
	assert_true(r.retry_after == 2.5);
	assert_int_equal(r.limit_remaining, 0);
	client_release(&c);
}

static void serve_redirect(struct server *s, int fd, int connection)
{
	(void)connection;
	while (read_request(s, fd))
		say(fd, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
}

static void redirects_are_reported_and_not_followed(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_redirect);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.status, 302);
	cleanup_free char *there = xasprintf("http://127.0.0.1:%d/elsewhere", c.server.port);
	assert_string_equal(r.location, there);
	assert_int_equal(server_requests(&c.server), 1);
	client_release(&c);
}

static void headers_go_only_with_the_request_that_has_them(void **state)
{
	(void)state;
	static const char *const headers[] = { "Authorization: Bearer sk-test", NULL };
	struct client c;

	client_init(&c, serve_hello);
	struct http_request request = get(&c);
	request.headers = headers;
	ask(c.http, &request);
	char *first = server_newest(&c.server);
	request.headers = NULL;
	ask(c.http, &request);
	char *second = server_newest(&c.server);
	assert_non_null(strstr(first, "\r\nAuthorization: Bearer sk-test\r\n"));
	assert_non_null(strstr(first, "\r\nUser-Agent: easelfs-test/1\r\n"));
	assert_null(strcasestr(second, "Authorization"));
	assert_null(strcasestr(second, "Accept-Encoding"));
	assert_int_equal(server_connections(&c.server), 1);
	free(first);
	free(second);
	client_release(&c);
}

static void a_large_body_arrives_whole_without_asking_first(void **state)
{
	(void)state;
	size_t len = 3u << 20;
	char *body = xmalloc(len);
	struct client c;

	memset(body, 'x', len);
	client_init(&c, serve_hello);
	struct http_request request = post_once(&c, body, len);
	struct result r = ask(c.http, &request);
	char *got = server_newest(&c.server);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_null(strcasestr(got, "\r\nExpect:"));
	assert_non_null(strstr(got, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Length: 3145728\r\n"));
	assert_int_equal(strlen(strstr(got, "\r\n\r\n") + 4), len);
	free(got);
	free(body);
	client_release(&c);
}

/* --- submits on connections that end */

static void serve_one_then_read_and_close(struct server *s, int fd, int connection)
{
	if (connection == 1 && read_request(s, fd))
		say(fd, HELLO);
	read_request(s, fd);
}

static void a_body_read_on_a_reused_connection_that_closes_is_not_sent_twice(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_one_then_read_and_close);
	struct http_request first = get(&c), submit = post_once(&c, "{\"n\":1}", 7);
	assert_int_equal(ask(c.http, &first).outcome, HTTP_REPLY);
	struct result r = ask(c.http, &submit);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	assert_true(r.sent);
	http_free(c.http);
	c.http = NULL;
	assert_int_equal(server_requests(&c.server), 2);
	client_release(&c);
}

static void serve_one_then_reset_amid_the_body(struct server *s, int fd, int connection)
{
	char piece[1000];

	if (connection == 1 && read_request(s, fd))
		say(fd, HELLO);
	if (read(fd, piece, sizeof(piece)) > 0)
		reset_on_close(fd);
}

static void a_body_that_was_begun_is_not_begun_again(void **state)
{
	(void)state;
	size_t len = 8u << 20;
	char *body = xcalloc(1, len);
	struct client c;

	client_init(&c, serve_one_then_reset_amid_the_body);
	struct http_request first = get(&c), submit = post_once(&c, body, len);
	assert_int_equal(ask(c.http, &first).outcome, HTTP_REPLY);
	struct result r = ask(c.http, &submit);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	http_free(c.http);
	c.http = NULL;
	assert_int_equal(server_requests(&c.server), 1);
	free(body);
	client_release(&c);
}

static void serve_one_and_close(struct server *s, int fd, int connection)
{
	(void)connection;
	if (read_request(s, fd))
		say(fd, HELLO);
}

/* The server's close and the client's second request race; however that ends, a body that the server
 * has read in full was reported as sent, and no body was read twice. */
static void no_race_with_a_closing_server_sends_twice(void **state)
{
	(void)state;
	int replies = 0, submits = 60;
	struct client c;

	client_init(&c, serve_one_and_close);
	for (int i = 0; i < submits; i++) {
		struct http_request submit = post_once(&c, "{\"n\":1}", 7);
		int before = server_requests(&c.server);
		struct result r = ask(c.http, &submit);
		int read = server_requests(&c.server) - before;
		assert_true(read <= 1);
		assert_true(r.outcome == HTTP_REPLY || r.outcome == HTTP_AMBIGUOUS);
		replies += r.outcome == HTTP_REPLY;
	}
	http_free(c.http);
	c.http = NULL;
	assert_true(server_requests(&c.server) <= submits);
	assert_true(server_requests(&c.server) >= replies);
	client_release(&c);
}

static void serve_close_at_once(struct server *s, int fd, int connection)
{
	char first;

	(void)s, (void)connection;
	/* Not before anything has come: it would be certain then that nothing was sent. */
	recv(fd, &first, 1, MSG_PEEK);
	reset_on_close(fd);
}

static void serve_read_and_close(struct server *s, int fd, int connection)
{
	(void)connection;
	read_request(s, fd);
}

static void a_connection_that_closes_without_a_reply_is_ambiguous(void **state)
{
	(void)state;
	static serve_fn *const servers[] = { serve_close_at_once, serve_read_and_close };

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct client c;
		client_init(&c, servers[i]);
		struct http_request submit = post_once(&c, "{}", 2);
		struct result r = ask(c.http, &submit);
		/* A reset that comes before the first byte has left is seen as what it is. */
		bool unsent = servers[i] == serve_close_at_once && !r.sent;
		assert_int_equal(r.outcome, unsent ? HTTP_NOT_SENT : HTTP_AMBIGUOUS);
		assert_true(r.sent || unsent);
		expect_text(&r, "127.0.0.1");
		assert_int_equal(server_connections(&c.server), 1);
		client_release(&c);
	}
}

/* --- connections that never come up */

static void a_refused_connection_is_not_sent(void **state)
{
	(void)state;
	struct client c;
	int port, fd = listen_somewhere(&port);

	close(fd);
	client_init(&c, serve_hello);
	char *url = xasprintf("http://127.0.0.1:%d/x?secret=1", port);
	char *sentence = xasprintf("could not connect to 127.0.0.1 port %d: connection refused", port);
	struct http_request submit = post_once(&c, "{}", 2);
	submit.url = url;
	struct result r = ask(c.http, &submit);
	assert_int_equal(r.outcome, HTTP_NOT_SENT);
	assert_false(r.sent);
	assert_string_equal(r.text, sentence);
	free(url);
	free(sentence);
	client_release(&c);
}

static void serve_silence(struct server *s, int fd, int connection)
{
	(void)s, (void)connection;
	wait_until_client_leaves(fd);
}

static void serve_no_tls(struct server *s, int fd, int connection)
{
	char piece[100];

	(void)s, (void)connection;
	if (read(fd, piece, sizeof(piece)) > 0)
		say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

static void a_tls_connection_that_never_comes_up_is_not_sent(void **state)
{
	(void)state;
	static serve_fn *const servers[] = { serve_silence, serve_no_tls, serve_close_at_once };

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct client c;
		client_init(&c, servers[i]);
		char *url = xasprintf("https://127.0.0.1:%d/", c.server.port);
		struct http_request submit = post_once(&c, "{}", 2);
		submit.url = url;
		submit.connect_timeout = 0.5;
		struct result r = ask(c.http, &submit);
		assert_int_equal(r.outcome, HTTP_NOT_SENT);
		expect_text(&r, "127.0.0.1");
		free(url);
		client_release(&c);
	}
}

static void a_name_that_nobody_has_is_not_sent(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	struct http_request submit = post_once(&c, "{}", 2);
	submit.url = "http://nobody.invalid/";
	submit.connect_timeout = 2;
	struct result r = ask(c.http, &submit);
	assert_int_equal(r.outcome, HTTP_NOT_SENT);
	expect_text(&r, "nobody.invalid");
	client_release(&c);
}

static void what_is_wrong_with_a_request_is_reported_on_the_next_turn(void **state)
{
	(void)state;
	static const char *const urls[] = { "ftp://127.0.0.1/x", "file:///etc/passwd", "", "http://", "no url" };
	static const char *const bad_headers[] = { "Authorization: Bearer a\r\nX: y", NULL };
	struct client c;

	client_init(&c, serve_hello);
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct http_request request = get(&c);
		request.url = urls[i];
		struct result r = ask(c.http, &request);
		assert_int_equal(r.outcome, HTTP_LOCAL);
		assert_int_equal(r.local_errno, EINVAL);
	}
	struct http_request request = get(&c);
	request.headers = bad_headers;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_null(strstr(r.text, "Bearer"));
	assert_int_equal(server_requests(&c.server), 0);
	client_release(&c);
}

/* --- replies that end early, late, or never */

static void serve_short_reply(struct server *s, int fd, int connection)
{
	(void)connection;
	if (read_request(s, fd))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 81920\r\n\r\n0123456789");
}

static void a_reply_shorter_than_announced_is_ambiguous(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_short_reply);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	assert_int_equal(r.received, 10);
	assert_string_equal(r.text, "the reply ended after 10 of 81920 bytes");
	client_release(&c);
}

static void serve_cut_chunks(struct server *s, int fd, int connection)
{
	(void)connection;
	if (read_request(s, fd))
		say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

static void a_chunked_reply_without_its_end_is_ambiguous(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_cut_chunks);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	expect_text(&r, "ended after 5 bytes");
	client_release(&c);
}

static void serve_reset_amid_reply(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
	reset_on_close(fd);
}

static void a_reset_amid_the_reply_is_ambiguous(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_reset_amid_reply);
	struct http_request request = post_once(&c, "{}", 2);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	assert_int_equal(server_requests(&c.server), 1);
	client_release(&c);
}

static void serve_no_http(struct server *s, int fd, int connection)
{
	(void)connection;
	if (read_request(s, fd))
		say(fd, "220 smtp.example ESMTP\r\n");
}

static void something_that_is_no_http_is_ambiguous(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_no_http);
	struct http_request request = post_once(&c, "{}", 2);
	assert_int_equal(ask(c.http, &request).outcome, HTTP_AMBIGUOUS);
	client_release(&c);
}

static void serve_endless_chunks(struct server *s, int fd, int connection)
{
	struct buf chunk = BUF_INIT;

	(void)connection;
	buf_str(&chunk, "1000\r\n");
	for (int i = 0; i < 0x1000; i++)
		buf_chr(&chunk, 'x');
	buf_str(&chunk, "\r\n");
	if (read_request(s, fd)) {
		say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		while (send(fd, chunk.data, chunk.len, MSG_NOSIGNAL) > 0)
			;
	}
	buf_release(&chunk);
}

static void a_reply_without_end_stops_at_the_cap(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_endless_chunks);
	struct http_request request = get(&c);
	request.max_bytes = 100000;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_int_equal(r.local_errno, EFBIG);
	assert_true(r.received <= 100000);
	assert_true(r.sent);
	client_release(&c);
}

static void a_reply_that_announces_too_much_stops_at_once(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_short_reply);
	struct http_request request = get(&c);
	request.max_bytes = 81919;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.local_errno, EFBIG);
	assert_int_equal(r.received, 0);
	client_release(&c);
}

static void serve_half_and_wait(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	wait_until_client_leaves(fd);
}

static void a_stall_is_noticed_before_and_amid_the_reply(void **state)
{
	(void)state;
	static serve_fn *const servers[] = { serve_silence, serve_half_and_wait };

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct client c;
		client_init(&c, servers[i]);
		struct http_request request = post_once(&c, "{}", 2);
		request.stall_timeout = 0.2;
		struct result r = ask(c.http, &request);
		assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
		expect_text(&r, "no byte from 127.0.0.1");
		assert_int_equal(http_running(c.http), 0);
		client_release(&c);
	}
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* A byte now and then: never a stall. */
static void serve_trickle(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	while (send(fd, " ", 1, MSG_NOSIGNAL) == 1)
		pause_ms(20);
}

static void serve_trickling_headers(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\n");
	while (send(fd, "x-y: z\r\n", 8, MSG_NOSIGNAL) == 8)
		pause_ms(20);
}

/* As fast as a line of a few KiB a second is. */
static void serve_slowly(struct server *s, int fd, int connection)
{
	static const char block[2500];

	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	for (int i = 0; i < 40; i++, pause_ms(100))
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
}

static void a_reply_that_trickles_is_given_up(void **state)
{
	(void)state;
	static serve_fn *const servers[] = { serve_trickle, serve_trickling_headers };

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct client c;
		client_init(&c, servers[i]);
		struct http_request request = get(&c);
		request.stall_timeout = 0.7;
		struct result r = ask(c.http, &request);
		assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
		expect_text(&r, "trickles");
		client_release(&c);
	}
}

static void a_slow_reply_is_taken(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_slowly);
	struct http_request request = get(&c);
	request.stall_timeout = 1.5;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_int_equal(r.received, 100000);
	client_release(&c);
}

static int drop_bytes(void *arg, const void *bytes, size_t len, struct error *err)
{
	(void)bytes;
	(void)err;
	*(size_t *)arg += len;
	return 0;
}

static void serve_blanks_while_thinking(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n");
	for (int i = 0; i < 50; i++, pause_ms(40))
		say(fd, " ");
	say(fd, "{}");
}

static void one_that_thinks_may_send_blanks(void **state)
{
	(void)state;
	struct client c;
	size_t got = 0;

	client_init(&c, serve_blanks_while_thinking);
	struct http_request request = post_once(&c, "{}", 2);
	request.stall_timeout = 0.7;
	request.sink = drop_bytes;
	request.sink_arg = &got;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_int_equal(got, 52);
	client_release(&c);
}

static void serve_endless_headers(struct server *s, int fd, int connection)
{
	static const char line[] = "x-y: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n";

	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\n");
	while (send(fd, line, strlen(line), MSG_NOSIGNAL) > 0)
		;
}

static void serve_endless_header(struct server *s, int fd, int connection)
{
	(void)connection;
	if (!read_request(s, fd))
		return;
	say(fd, "HTTP/1.1 200 OK\r\nx-y: ");
	while (send(fd, "zzzzzzzzzzzzzzzz", 16, MSG_NOSIGNAL) > 0)
		;
}

static void headers_without_end_stop_at_a_limit(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_endless_headers);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	expect_text(&r, "the headers of 127.0.0.1");
	client_release(&c);

	client_init(&c, serve_endless_header);
	request = get(&c);
	r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	expect_text(&r, "a header of 127.0.0.1");
	client_release(&c);
}

static void serve_echo_of_key(struct server *s, int fd, int connection)
{
	static const char body[] = "wrong key sk-a, sk-ab and sk-abc; sk-abcsk-abc";

	(void)connection;
	if (!read_request(s, fd))
		return;
	cleanup_free char *reply = xasprintf("HTTP/1.1 401 No\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	say(fd, reply);
}

static void a_key_that_is_repeated_is_hidden(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_echo_of_key);
	struct http_request request = get(&c);
	request.secret = "sk-abc";
	struct result r = ask(c.http, &request);
	assert_string_equal(r.body, "wrong key sk-a, sk-ab and [key]; [key][key]");
	client_release(&c);
}

static void the_total_timeout_ends_a_request_that_was_sent_as_ambiguous(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_silence);
	struct http_request request = post_once(&c, "{}", 2);
	request.total_timeout = 0.2;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_AMBIGUOUS);
	expect_text(&r, "no complete reply");
	client_release(&c);
}

/* --- files */

static int memory_file(const char *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

/* One at a time. */
static struct http_request upload(const struct client *c, int fd, uint64_t size)
{
	static struct http_piece pieces[3];
	struct http_request r = get(c);

	pieces[0] = (struct http_piece){ .text = "before ", .len = 7, .fd = -1 };
	pieces[1] = (struct http_piece){ .fd = fd, .size = size };
	pieces[2] = (struct http_piece){ .text = " after", .len = 6, .fd = -1 };
	r.method = "POST";
	r.content_type = "text/plain";
	r.body = pieces;
	r.body_pieces = ARRAY_LEN(pieces);
	return r;
}

static void a_body_is_its_pieces_in_order(void **state)
{
	(void)state;
	size_t len = 2u << 20;
	char *bytes = xmalloc(len);
	struct client c;

	memset(bytes, 'p', len);
	client_init(&c, serve_hello);
	int fd = memory_file(bytes, len);
	struct http_request request = upload(&c, fd, len);
	assert_int_equal(ask(c.http, &request).status, 200);
	char *got = server_newest(&c.server);
	assert_non_null(strstr(got, "Content-Type: text/plain\r\n"));
	char *body = strstr(got, "\r\n\r\nbefore pppp");
	assert_non_null(body);
	body += strlen("\r\n\r\nbefore ");
	assert_int_equal(strspn(body, "p"), len);
	assert_string_equal(body + len, " after");
	free(got);
	close(fd);
	free(bytes);
	client_release(&c);
}

static void an_upload_is_repeated_on_a_new_connection(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_one_then_read_and_close);
	int fd = memory_file("picture", 7);
	struct http_request first = get(&c), request = upload(&c, fd, 7);
	assert_int_equal(ask(c.http, &first).outcome, HTTP_REPLY);
	assert_int_equal(ask(c.http, &request).outcome, HTTP_AMBIGUOUS);
	char *got = server_newest(&c.server);
	assert_non_null(strstr(got, "\r\n\r\nbefore picture after"));
	assert_true(server_requests(&c.server) >= 2);
	free(got);
	close(fd);
	client_release(&c);
}

static void a_file_that_became_shorter_ends_the_upload(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	int fd = memory_file("picture", 7);
	struct http_request request = upload(&c, fd, 8);
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_int_equal(r.local_errno, EIO);
	expect_text(&r, "a file to be sent could not be read");
	close(fd);
	client_release(&c);
}

static int to_file(void *arg, const void *bytes, size_t len, struct error *err)
{
	if (write(*(int *)arg, bytes, len) == (ssize_t)len)
		return 0;
	return error_set(err, errno, NULL, "the test's file is full");
}

static void a_200_goes_to_its_sink(void **state)
{
	(void)state;
	char bytes[16] = { 0 };
	struct client c;

	client_init(&c, serve_hello);
	int fd = memory_file("", 0);
	struct http_request request = get(&c);
	request.sink = to_file;
	request.sink_arg = &fd;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_int_equal(r.received, 5);
	assert_string_equal(r.body, "");
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 5);
	assert_string_equal(bytes, "hello");
	close(fd);
	client_release(&c);
}

static void what_is_no_200_does_not_go_to_the_sink(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_429);
	int fd = memory_file("", 0);
	struct http_request request = get(&c);
	request.sink = to_file;
	request.sink_arg = &fd;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.status, 429);
	assert_string_equal(r.body, "{}");
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
	client_release(&c);
}

static void a_full_disk_is_our_own_trouble(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct http_request request = get(&c);
	request.sink = to_file;
	request.sink_arg = &fd;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_int_equal(r.local_errno, ENOSPC);
	expect_text(&r, "the test's file is full");
	close(fd);
	client_release(&c);
}

/* --- the guard */

static void addresses_inside_are_refused_unless_allowed(void **state)
{
	(void)state;
	static const char *const hosts[] = { "127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.0.0.1.", "[::1]",
	                                     "[::ffff:127.0.0.1]", "0", "localhost." };
	struct client c;

	client_init(&c, serve_hello);
	/* A connection that could be reused lies in the pool. */
	struct http_request request = get(&c);
	assert_int_equal(ask(c.http, &request).outcome, HTTP_REPLY);
	request.named_by_provider = true;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char *url = xasprintf("http://%s:%d/", hosts[i], c.server.port);
		request.url = url;
		struct result r = ask(c.http, &request);
		if (r.outcome != HTTP_LOCAL && r.outcome != HTTP_NOT_SENT)
			fail_msg("%s was asked", hosts[i]);
		free(url);
	}
	request.url = c.url;
	struct result r = ask(c.http, &request);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_int_equal(r.local_errno, EACCES);
	expect_text(&r, "127.0.0.1");
	assert_int_equal(server_requests(&c.server), 1);
	request.allow_private = true;
	assert_int_equal(ask(c.http, &request).status, 200);
	client_release(&c);
}

/* libcurl itself knows this name, whatever the machine resolves. */
static void a_name_is_judged_by_its_address_also_on_a_reused_connection(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	char *url = xasprintf("http://localhost:%d/", c.server.port);
	struct http_request request = get(&c);
	request.url = url;
	request.connect_timeout = 2;
	struct result open = ask(c.http, &request);
	request.named_by_provider = true;
	struct result guarded = ask(c.http, &request);
	int asked = server_requests(&c.server);
	free(url);
	client_release(&c);
	assert_int_equal(open.outcome, HTTP_REPLY);
	assert_int_equal(guarded.outcome, HTTP_LOCAL);
	assert_int_equal(guarded.local_errno, EACCES);
	assert_int_equal(asked, 1);
}

static void a_name_that_leads_inside_is_refused_whatever_looks_it_up(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	char *url = xasprintf("http://pictures.inside.example:%d/", c.server.port);
	struct http_request request = get(&c);
	request.url = url;
	request.named_by_provider = true;
	struct result first = ask(c.http, &request);
	assert_int_equal(server_connections(&c.server), 0);
	request.named_by_provider = false;
	assert_int_equal(ask(c.http, &request).outcome, HTTP_REPLY);
	/* On the connection that is there now. */
	request.named_by_provider = true;
	struct result second = ask(c.http, &request);
	assert_int_equal(server_requests(&c.server), 1);
	request.allow_private = true;
	assert_int_equal(ask(c.http, &request).outcome, HTTP_REPLY);
	free(url);
	client_release(&c);
	assert_int_equal(first.outcome, HTTP_LOCAL);
	assert_int_equal(first.local_errno, EACCES);
	assert_int_equal(second.outcome, HTTP_LOCAL);
	assert_int_equal(second.local_errno, EACCES);
}

/* The proxy may be at home; who is asked without it may not, though the ports be the same. */
static void a_name_that_is_asked_without_the_proxy_is_judged(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	char *proxy = xasprintf("http://127.0.0.1:%d", c.server.port);
	char *url = xasprintf("http://pictures.inside.example:%d/", c.server.port);
	struct http_request request = get(&c);
	request.url = url;
	request.named_by_provider = true;
	setenv("http_proxy", proxy, 1);
	struct result by_proxy = ask(c.http, &request);
	setenv("no_proxy", "example.org, .inside.example", 1);
	struct result direct = ask(c.http, &request);
	int asked = server_requests(&c.server);
	setenv("no_proxy", "*", 1);
	struct result all_direct = ask(c.http, &request);
	unsetenv("no_proxy");
	unsetenv("http_proxy");
	free(proxy);
	free(url);
	client_release(&c);
	assert_int_equal(by_proxy.outcome, HTTP_REPLY);
	assert_int_equal(direct.outcome, HTTP_LOCAL);
	assert_int_equal(direct.local_errno, EACCES);
	assert_int_equal(all_direct.outcome, HTTP_LOCAL);
	assert_int_equal(asked, 1);
}

static void an_address_with_a_password_is_not_asked(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	char *url = xasprintf("http://somebody:hunter2@127.0.0.1:%d/", c.server.port);
	struct http_request request = get(&c);
	request.url = url;
	request.named_by_provider = request.allow_private = true;
	struct result r = ask(c.http, &request);
	int asked = server_requests(&c.server);
	free(url);
	client_release(&c);
	assert_int_equal(r.outcome, HTTP_LOCAL);
	assert_int_equal(r.local_errno, EINVAL);
	assert_null(strstr(r.text, "hunter2"));
	assert_int_equal(asked, 0);
}

/* gzip of 1,000 bytes. */
static const char squeezed[] =
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\x18\x05"
	"\xa3\x60\x14\x0c\x77\x00\x00\x80\x17\x0b\x06\xe8\x03\x00\x00";

static void serve_squeezed(struct server *s, int fd, int connection)
{
	(void)connection;
	read_request(s, fd);
	say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
	if (write(fd, squeezed, sizeof(squeezed) - 1) != sizeof(squeezed) - 1)
		return;
	shutdown(fd, SHUT_WR);
	wait_until_client_leaves(fd);
}

static void what_is_compressed_is_not_unpacked(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_squeezed);
	struct http_request request = get(&c);
	struct result r = ask(c.http, &request);
	client_release(&c);
	assert_int_equal(r.outcome, HTTP_REPLY);
	assert_int_equal(r.received, sizeof(squeezed) - 1);
}

/* --- cancelling, callbacks, waking */

static void a_cancelled_transfer_is_not_reported(void **state)
{
	(void)state;
	struct result r = { 0 };
	struct client c;

	client_init(&c, serve_half_and_wait);
	struct http_request request = get(&c);
	struct http_transfer *t = http_start(c.http, &request, on_done, &r);
	while (!server_requests(&c.server))
		http_turn(c.http, 10);
	assert_int_equal(http_running(c.http), 1);
	http_cancel(c.http, t);
	assert_int_equal(http_running(c.http), 0);
	http_turn(c.http, 0);
	assert_int_equal(r.calls, 0);
	client_release(&c);
}

static void a_transfer_cancelled_while_it_connects_never_asks(void **state)
{
	(void)state;
	static const char *const hosts[] = { "127.0.0.1", "localhost" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct result cancelled = { 0 };
		struct client c;
		client_init(&c, serve_hello);
		char *url = xasprintf("http://%s:%d/", hosts[i], c.server.port);
		struct http_request request = post_once(&c, "{}", 2), after = get(&c);
		request.url = url;
		http_cancel(c.http, http_start(c.http, &request, on_done, &cancelled));
		assert_int_equal(http_running(c.http), 0);
		assert_int_equal(ask(c.http, &after).outcome, HTTP_REPLY);
		for (int turn = 0; turn < 20; turn++)
			http_turn(c.http, 5);
		assert_int_equal(cancelled.calls, 0);
		assert_int_equal(server_requests(&c.server), 1);
		free(url);
		client_release(&c);
	}
}

/* Stands before libc's: names that begin with "slow" are looked up until the test lets them go, and those that end
 * with ".inside.example" lead to this machine. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int looking;                  /* lock: threads in a slow look-up */
	bool let_go;                  /* lock */
} resolver = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	__typeof__(&getaddrinfo) real = (__typeof__(real))dlsym(RTLD_NEXT, "getaddrinfo");

	if (name && str_ends_with(name, ".inside.example"))
		name = "127.0.0.1";
	if (!name || !str_starts_with(name, "slow"))
		return real(name, service, hints, out);
	pthread_mutex_lock(&resolver.lock);
	resolver.looking++;
	pthread_cond_broadcast(&resolver.changed);
	while (!resolver.let_go)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	resolver.looking--;
	pthread_cond_broadcast(&resolver.changed);
	pthread_mutex_unlock(&resolver.lock);
	return EAI_NONAME;
}

static void wait_until_looked_up(struct http *h)
{
	for (int looking = 0; !looking;) {
		http_turn(h, 5);
		pthread_mutex_lock(&resolver.lock);
		looking = resolver.looking;
		pthread_mutex_unlock(&resolver.lock);
	}
}

static void let_resolvers_go(void)
{
	pthread_mutex_lock(&resolver.lock);
	resolver.let_go = true;
	pthread_cond_broadcast(&resolver.changed);
	while (resolver.looking)
		pthread_cond_wait(&resolver.changed, &resolver.lock);
	resolver.let_go = false;
	pthread_mutex_unlock(&resolver.lock);
}

/* Were the resolver's thread joined anywhere, these would never come to their ends. */
static void a_slow_resolver_holds_neither_timeouts_nor_cancelling(void **state)
{
	(void)state;
	struct result cancelled = { 0 };
	struct client c;

	client_init(&c, serve_hello);
	struct http_request slow = post_once(&c, "{}", 2), other = get(&c);
	slow.url = "http://slow.invalid/";
	slow.connect_timeout = 0.2;
	assert_int_equal(ask(c.http, &slow).outcome, HTTP_NOT_SENT);
	let_resolvers_go();
	slow.connect_timeout = 30;
	struct http_transfer *t = http_start(c.http, &slow, on_done, &cancelled);
	wait_until_looked_up(c.http);
	http_cancel(c.http, t);
	assert_int_equal(ask(c.http, &other).status, 200);
	client_release(&c);
	let_resolvers_go();
	assert_int_equal(cancelled.calls, 0);
}

struct chain {
	struct http *http;
	struct http_request next;
	struct http_transfer *victim;
	struct result first, second;
};

static void start_and_cancel(void *arg, const struct http_reply *reply)
{
	struct chain *chain = arg;

	on_done(&chain->first, reply);
	http_cancel(chain->http, chain->victim);
	http_start(chain->http, &chain->next, on_done, &chain->second);
}

static void a_callback_may_start_one_and_cancel_another(void **state)
{
	(void)state;
	struct result victim = { 0 };
	struct client c;
	int port, silent = listen_somewhere(&port);
	char *url = xasprintf("http://127.0.0.1:%d/", port);

	client_init(&c, serve_hello);
	struct chain chain = { .http = c.http, .next = get(&c) };
	struct http_request request = get(&c), unanswered = get(&c);
	unanswered.url = url;
	chain.victim = http_start(c.http, &unanswered, on_done, &victim);
	http_start(c.http, &request, start_and_cancel, &chain);
	wait_for(c.http, &chain.second);
	assert_int_equal(chain.second.status, 200);
	assert_int_equal(victim.calls, 0);
	assert_int_equal(http_running(c.http), 0);
	client_release(&c);
	close(silent);
	free(url);
}

static void start_hopeless_again(void *arg, const struct http_reply *reply)
{
	struct chain *chain = arg;

	on_done(&chain->first, reply);
	http_start(chain->http, &chain->next, start_hopeless_again, chain);
}

static void a_callback_that_goes_on_for_ever_does_not_hold_a_turn(void **state)
{
	(void)state;
	struct client c;

	client_init(&c, serve_hello);
	struct chain chain = { .http = c.http, .next = get(&c) };
	chain.next.url = "ftp://x/";
	http_start(c.http, &chain.next, start_hopeless_again, &chain);
	http_turn(c.http, 0);
	http_turn(c.http, 0);
	assert_in_range(chain.first.calls, 1, 4);
	client_release(&c);
}

static void what_runs_is_dropped_without_a_callback_at_the_end(void **state)
{
	(void)state;
	struct result r[3] = { { 0 } };
	struct client c;

	client_init(&c, serve_half_and_wait);
	struct http_request request = get(&c);
	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		http_start(c.http, &request, on_done, &r[i]);
	while (!server_requests(&c.server))
		http_turn(c.http, 10);
	assert_int_equal(http_running(c.http), 3);
	client_release(&c);
	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		assert_int_equal(r[i].calls, 0);
}

static void *wake(void *http)
{
	http_wakeup(http);
	return NULL;
}

static void another_thread_wakes_a_turn_without_limit(void **state)
{
	(void)state;
	pthread_t thread;
	struct client c;

	client_init(&c, serve_hello);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pthread_create(&thread, NULL, wake, c.http), 0);
		http_turn(c.http, -1);
		pthread_join(thread, NULL);
	}
	client_release(&c);
}

static void forget_proxies(void)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	                                     "no_proxy", "NO_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_is_reported_once_with_its_body),
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(one_that_is_not_answered_holds_nobody_up),
		cmocka_unit_test(limits_are_reported),
		cmocka_unit_test(redirects_are_reported_and_not_followed),
		cmocka_unit_test(headers_go_only_with_the_request_that_has_them),
		cmocka_unit_test(a_large_body_arrives_whole_without_asking_first),
		cmocka_unit_test(a_body_read_on_a_reused_connection_that_closes_is_not_sent_twice),
		cmocka_unit_test(a_body_that_was_begun_is_not_begun_again),
		cmocka_unit_test(no_race_with_a_closing_server_sends_twice),
		cmocka_unit_test(a_connection_that_closes_without_a_reply_is_ambiguous),
		cmocka_unit_test(a_refused_connection_is_not_sent),
		cmocka_unit_test(a_tls_connection_that_never_comes_up_is_not_sent),
		cmocka_unit_test(a_name_that_nobody_has_is_not_sent),
		cmocka_unit_test(what_is_wrong_with_a_request_is_reported_on_the_next_turn),
		cmocka_unit_test(a_reply_shorter_than_announced_is_ambiguous),
		cmocka_unit_test(a_chunked_reply_without_its_end_is_ambiguous),
		cmocka_unit_test(a_reset_amid_the_reply_is_ambiguous),
		cmocka_unit_test(something_that_is_no_http_is_ambiguous),
		cmocka_unit_test(a_reply_without_end_stops_at_the_cap),
		cmocka_unit_test(a_reply_that_announces_too_much_stops_at_once),
		cmocka_unit_test(a_stall_is_noticed_before_and_amid_the_reply),
		cmocka_unit_test(a_reply_that_trickles_is_given_up),
		cmocka_unit_test(a_slow_reply_is_taken),
		cmocka_unit_test(one_that_thinks_may_send_blanks),
		cmocka_unit_test(headers_without_end_stop_at_a_limit),
		cmocka_unit_test(a_key_that_is_repeated_is_hidden),
		cmocka_unit_test(the_total_timeout_ends_a_request_that_was_sent_as_ambiguous),
		cmocka_unit_test(a_body_is_its_pieces_in_order),
		cmocka_unit_test(an_upload_is_repeated_on_a_new_connection),
		cmocka_unit_test(a_file_that_became_shorter_ends_the_upload),
		cmocka_unit_test(a_200_goes_to_its_sink),
		cmocka_unit_test(what_is_no_200_does_not_go_to_the_sink),
		cmocka_unit_test(a_full_disk_is_our_own_trouble),
		cmocka_unit_test(addresses_inside_are_refused_unless_allowed),
		cmocka_unit_test(a_name_is_judged_by_its_address_also_on_a_reused_connection),
		cmocka_unit_test(a_name_that_leads_inside_is_refused_whatever_looks_it_up),
		cmocka_unit_test(a_name_that_is_asked_without_the_proxy_is_judged),
		cmocka_unit_test(an_address_with_a_password_is_not_asked),
		cmocka_unit_test(what_is_compressed_is_not_unpacked),
		cmocka_unit_test(a_cancelled_transfer_is_not_reported),
		cmocka_unit_test(a_transfer_cancelled_while_it_connects_never_asks),
		cmocka_unit_test(a_slow_resolver_holds_neither_timeouts_nor_cancelling),
		cmocka_unit_test(a_callback_may_start_one_and_cancel_another),
		cmocka_unit_test(a_callback_that_goes_on_for_ever_does_not_hold_a_turn),
		cmocka_unit_test(what_runs_is_dropped_without_a_callback_at_the_end),
		cmocka_unit_test(another_thread_wakes_a_turn_without_limit),
	};

	signal(SIGPIPE, SIG_IGN);
	forget_proxies();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
