/* Reply headers that are obeyed, and addresses that are not connected to. */
#include "http_guard.h"
#include "http_headers.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = 1445412480000;     /* Wed, 21 Oct 2015 07:28:00 GMT */

static void expect_wait(const char *value, double wanted)
{
	double got = http_retry_after(value, now);

	if (fabs(got - wanted) > 1e-6)
		fail_msg("Retry-After \"%s\" is %g instead of %g", value, got, wanted);
}

static void retry_after_is_seconds_decimals_or_a_date(void **state)
{
	(void)state;
	expect_wait("120", 120);
	expect_wait("0", 0);
	expect_wait("2.5", 2.5);
	expect_wait("7 ", 7);
	expect_wait("Wed, 21 Oct 2015 07:28:30 GMT", 30);
	expect_wait("Wed, 21 Oct 2015 07:27:00 GMT", 0);
}

static void retry_after_is_clamped_to_a_day(void **state)
{
	(void)state;
	expect_wait("-5", 0);
	expect_wait("99999999999999999999999", 86400);
	expect_wait("Wed, 21 Oct 2037 07:28:00 GMT", 86400);
}

static void retry_after_that_is_nothing_of_that_is_not_said(void **state)
{
	(void)state;
	static const char *const values[] = { "", "soon", "5 minutes", "nan", "inf", "1e9", "0x10", "-", ".5", "--1" };

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (http_retry_after(values[i], now) != -1)
			fail_msg("Retry-After \"%s\" was taken for %g", values[i], http_retry_after(values[i], now));
}

static void the_limits_reset_is_relative_or_absolute(void **state)
{
	(void)state;
	assert_true(http_limit_reset("12", now) == 12);
	assert_true(fabs(http_limit_reset("1445412490", now) - 10) < 1e-6);
	assert_true(fabs(http_limit_reset("1445412490000", now) - 10) < 1e-6);
	assert_true(http_limit_reset("1445412000", now) == 0);
	assert_true(http_limit_reset("later", now) == -1);
}

static void the_limits_reset_may_have_units(void **state)
{
	(void)state;
	static const struct { const char *value; double wait; } rows[] = {
		{ "6m0s", 360 }, { "1.5s", 1.5 }, { "120ms", 0.12 }, { "1h2m3.5s", 3723.5 }, { "0s", 0 }, { "2d", 86400 },
		{ "7us", 7e-6 }, { "6m0s later", -1 }, { "6 m", -1 }, { "6x", -1 }, { "m", -1 }, { "1m2", -1 }, { "-1s", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (fabs(http_limit_reset(rows[i].value, now) - rows[i].wait) > 1e-9)
			fail_msg("\"%s\" is %g", rows[i].value, http_limit_reset(rows[i].value, now));
}

static void feed(struct http_headers *h, const char *line)
{
	http_headers_line(h, line, strlen(line), now);
}

static void headers_are_read_in_any_case_and_spacing(void **state)
{
	(void)state;
	struct http_headers h;

	http_headers_init(&h);
	feed(&h, "HTTP/1.1 429 Too Many Requests\r\n");
	feed(&h, "retry-after:  7\t\r\n");
	feed(&h, "CONTENT-TYPE: application/json; charset=utf-8\r\n");
	feed(&h, "X-RateLimit-Remaining:0\r\n");
	feed(&h, "X-RateLimit-Reset: 9\r\n");
	feed(&h, "Location: https://a/b\r\n");
	feed(&h, "no colon\r\n");
	feed(&h, "\r\n");
	assert_true(h.retry_after == 7);
	assert_string_equal(h.content_type, "application/json; charset=utf-8");
	assert_string_equal(h.location, "https://a/b");
	assert_int_equal(h.limit_remaining, 0);
	assert_true(h.limit_reset == 9);
	http_headers_release(&h);
}

static void openais_spelling_of_the_headers_is_read(void **state)
{
	(void)state;
	struct http_headers h;

	http_headers_init(&h);
	feed(&h, "x-ratelimit-limit-requests: 5\r\n");
	feed(&h, "x-ratelimit-remaining-requests: 0\r\n");
	feed(&h, "x-ratelimit-reset-requests: 6m0s\r\n");
	feed(&h, "x-ratelimit-remaining-tokens: 7\r\n");
	feed(&h, "x-ratelimit-reset-tokens: 1s\r\n");
	assert_int_equal(h.limit_remaining, 0);
	assert_true(h.limit_reset == 360);
	assert_true(h.retry_after == -1);
	http_headers_release(&h);
}

static void expect_retry(const char *first, const char *second, double wanted)
{
	struct http_headers h;

	http_headers_init(&h);
	feed(&h, first);
	feed(&h, second);
	if (fabs(h.retry_after - wanted) > 1e-9)
		fail_msg("%s, %s: %g", first, second, h.retry_after);
	http_headers_release(&h);
}

static void milliseconds_are_more_exact_than_seconds(void **state)
{
	(void)state;
	expect_retry("retry-after-ms: 1250\r\n", "x: y\r\n", 1.25);
	expect_retry("retry-after-ms: 1250\r\n", "retry-after: 2\r\n", 1.25);
	expect_retry("retry-after: 2\r\n", "retry-after-ms: 1250\r\n", 1.25);
	expect_retry("retry-after: 2\r\n", "retry-after-ms: soon\r\n", 2);
	expect_retry("retry-after-ms: soon\r\n", "retry-after: 2\r\n", 2);
	expect_retry("retry-after-ms: -3\r\n", "x: y\r\n", 0);
	expect_retry("retry-after-ms: 99999999999999999999\r\n", "x: y\r\n", 86400);
	expect_retry("retry-after-ms: 1250\r\n", "HTTP/1.1 429 x\r\n", -1);
}

static void a_new_status_line_forgets_the_reply_before(void **state)
{
	(void)state;
	struct http_headers h;

	http_headers_init(&h);
	feed(&h, "HTTP/1.1 103 Early Hints\r\n");
	feed(&h, "Retry-After: 7\r\n");
	feed(&h, "Location: /x\r\n");
	feed(&h, "HTTP/2 200 \r\n");
	assert_true(h.retry_after == -1);
	assert_null(h.location);
	assert_int_equal(h.limit_remaining, -1);
	http_headers_release(&h);
}

/* --- the guard */

static bool allowed(const char *text, bool allow_private)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool by_text = guard_allows_text(text, allow_private), by_address;

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		by_address = guard_allows((const void *)&v4, allow_private);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		by_address = guard_allows((const void *)&v6, allow_private);
	}
	assert_int_equal(by_text, by_address);
	return by_text;
}

static void public_addresses_pass(void **state)
{
	(void)state;
	static const char *const open[] = {
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
		"172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
		"64:ff9b::808:808",
	};

	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (!allowed(open[i], false))
			fail_msg("%s was refused", open[i]);
}

static void private_addresses_pass_only_where_allowed(void **state)
{
	(void)state;
	static const char *const home[] = {
		"127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"100.64.0.1", "100.127.255.255", "::1", "fc00::1", "fd12:3456::1",
	};

	for (size_t i = 0; i < ARRAY_LEN(home); i++) {
		if (allowed(home[i], false))
			fail_msg("%s passed", home[i]);
		if (!allowed(home[i], true))
			fail_msg("%s was refused although private addresses are allowed", home[i]);
	}
}

static void metadata_multicast_and_odd_addresses_never_pass(void **state)
{
	(void)state;
	static const char *const closed[] = {
		"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.0.192", "198.18.0.1", "::", "fe80::1",
		"ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fd00:ec2::254", "2002:7f00:1::1",
		"2001::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "fec0::1",
	};

	for (size_t i = 0; i < ARRAY_LEN(closed); i++)
		if (allowed(closed[i], false) || allowed(closed[i], true))
			fail_msg("%s passed", closed[i]);
	assert_false(guard_allows_text("", true));
	assert_false(guard_allows_text("localhost", true));
	assert_false(guard_allows_text("fe80::1%lo", true));
}

static void a_provider_is_near_by_its_address(void **state)
{
	(void)state;
	static const char *const near[] = {
		"http://127.0.0.1:8080", "http://localhost:1234/v1", "https://LOCALHOST", "http://[::1]:80", "http://10.1.2.3",
		"http://192.168.0.9:7860", "http://172.31.0.1", "http://[fd12::1]", "http://sub.localhost",
	}, *const far[] = {
		"https://toapis.com", "https://10.example.org", "http://127.0.0.1.example.org", "http://172.32.0.1",
		"http://8.8.8.8", "https://localhost.example.org", "http://169.254.169.254", "http://[2606:4700::1]", "", "x",
	};

	for (size_t i = 0; i < ARRAY_LEN(near); i++)
		if (!guard_is_near(near[i]))
			fail_msg("%s is not near", near[i]);
	for (size_t i = 0; i < ARRAY_LEN(far); i++)
		if (guard_is_near(far[i]))
			fail_msg("%s is near", far[i]);
}

static void the_proxys_port_comes_from_the_environment(void **state)
{
	(void)state;
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	assert_int_equal(guard_proxy_port("https://a/"), 0);
	setenv("https_proxy", "http://127.0.0.1:3128", 1);
	assert_int_equal(guard_proxy_port("https://a/"), 3128);
	assert_int_equal(guard_proxy_port("http://a/"), 0);
	setenv("https_proxy", "proxy.example", 1);
	assert_int_equal(guard_proxy_port("https://a/"), 1080);
	unsetenv("https_proxy");
	setenv("ALL_PROXY", "socks5h://localhost:9050", 1);
	assert_int_equal(guard_proxy_port("http://a/"), 9050);
	unsetenv("ALL_PROXY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after_is_seconds_decimals_or_a_date),
		cmocka_unit_test(retry_after_is_clamped_to_a_day),
		cmocka_unit_test(retry_after_that_is_nothing_of_that_is_not_said),
		cmocka_unit_test(the_limits_reset_is_relative_or_absolute),
		cmocka_unit_test(the_limits_reset_may_have_units),
		cmocka_unit_test(openais_spelling_of_the_headers_is_read),
		cmocka_unit_test(milliseconds_are_more_exact_than_seconds),
		cmocka_unit_test(headers_are_read_in_any_case_and_spacing),
		cmocka_unit_test(a_new_status_line_forgets_the_reply_before),
		cmocka_unit_test(public_addresses_pass),
		cmocka_unit_test(private_addresses_pass_only_where_allowed),
		cmocka_unit_test(metadata_multicast_and_odd_addresses_never_pass),
		cmocka_unit_test(a_provider_is_near_by_its_address),
		cmocka_unit_test(the_proxys_port_comes_from_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
