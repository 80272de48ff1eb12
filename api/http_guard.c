#include "http_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

/* The longest prefix that fits decides.  IANA's special-purpose registries, and two metadata services. */
enum verdict { OPEN, HOME, CLOSED };

static const struct { uint8_t prefix[4]; unsigned bits; enum verdict verdict; } v4_table[] = {
	{ { 0 }, 0, OPEN },
	{ { 0 }, 8, CLOSED },                  /* this network, unspecified */
	{ { 10 }, 8, HOME },
	{ { 100, 64 }, 10, HOME },             /* carrier-grade NAT */
	{ { 100, 100, 100, 200 }, 32, CLOSED },   /* metadata (Alibaba) */
	{ { 127 }, 8, HOME },
	{ { 168, 63, 129, 16 }, 32, CLOSED },  /* metadata (Azure) */
	{ { 169, 254 }, 16, CLOSED },          /* link-local, metadata */
	{ { 172, 16 }, 12, HOME },
	{ { 192, 0, 0 }, 24, CLOSED },
	{ { 192, 0, 2 }, 24, CLOSED },
	{ { 192, 168 }, 16, HOME },
	{ { 198, 18 }, 15, CLOSED },
	{ { 198, 51, 100 }, 24, CLOSED },
	{ { 203, 0, 113 }, 24, CLOSED },
	{ { 224 }, 3, CLOSED },                /* multicast, reserved, broadcast */
};

static const struct { uint8_t prefix[16]; unsigned bits; enum verdict verdict; } v6_table[] = {
	{ { 0 }, 0, CLOSED },                  /* link-local, multicast, mapped, all that is not global */
	{ { 0x20 }, 3, OPEN },
	{ { 0x20, 0x01 }, 23, CLOSED },        /* Teredo and other protocols */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, CLOSED },
	{ { 0x20, 0x02 }, 16, CLOSED },        /* 6to4 */
	{ { 0xfc }, 7, HOME },
	{ { 0xfd, 0, 0x0e, 0xc2 }, 32, CLOSED },  /* metadata (Amazon) */
	{ { [15] = 1 }, 128, HOME },           /* loopback */
};

static const uint8_t nat64_prefix[12] = { 0, 0x64, 0xff, 0x9b };

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole))
		return false;
	return !rest || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static enum verdict judge_v4(const uint8_t *address)
{
	enum verdict verdict = CLOSED;
	unsigned longest = 0;

	for (size_t i = 0; i < ARRAY_LEN(v4_table); i++) {
		if (v4_table[i].bits < longest || !has_prefix(address, v4_table[i].prefix, v4_table[i].bits))
			continue;
		longest = v4_table[i].bits;
		verdict = v4_table[i].verdict;
	}
	return verdict;
}

static enum verdict judge_v6(const uint8_t *address)
{
	enum verdict verdict = CLOSED;
	unsigned longest = 0;

	if (!memcmp(address, nat64_prefix, sizeof(nat64_prefix)))
		return judge_v4(address + sizeof(nat64_prefix)) == OPEN ? OPEN : CLOSED;
	for (size_t i = 0; i < ARRAY_LEN(v6_table); i++) {
		if (v6_table[i].bits < longest || !has_prefix(address, v6_table[i].prefix, v6_table[i].bits))
			continue;
		longest = v6_table[i].bits;
		verdict = v6_table[i].verdict;
	}
	return verdict;
}

static bool passes(enum verdict verdict, bool allow_private)
{
	return verdict == OPEN || (verdict == HOME && allow_private);
}

bool guard_allows(const struct sockaddr *address, bool allow_private)
{
	if (address->sa_family == AF_INET)
		return passes(judge_v4((const void *)&((const struct sockaddr_in *)address)->sin_addr), allow_private);
	if (address->sa_family == AF_INET6)
		return passes(judge_v6(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr), allow_private);
	return false;
}

bool guard_allows_text(const char *address, bool allow_private)
{
	uint8_t bytes[16];
	char *plain cleanup_free = xstrndup(address, strcspn(address, "%"));

	if (inet_pton(AF_INET, plain, bytes) == 1)
		return passes(judge_v4(bytes), allow_private);
	return inet_pton(AF_INET6, plain, bytes) == 1 && passes(judge_v6(bytes), allow_private);
}

bool guard_is_near(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL;
	bool near = false;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_HOST, &host, 0)) {
		size_t len = strlen(host);
		bool v6 = host[0] == '[' && len > 2;
		cleanup_free char *plain = v6 ? xstrndup(host + 1, len - 2) : xstrdup(host);

		near = !strcasecmp(plain, "localhost") || str_ends_with(plain, ".localhost") ||
			(guard_allows_text(plain, true) && !guard_allows_text(plain, false));
	}
	curl_free(host);
	curl_url_cleanup(u);
	return near;
}

static int port_of(const char *proxy)
{
	char *port = NULL;
	CURLU *u = curl_url();
	int number = 0;

	if (u && !curl_url_set(u, CURLUPART_URL, proxy, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)) {
		/* curl's own default for a proxy without a port */
		bool given = !curl_url_get(u, CURLUPART_PORT, &port, 0);
		number = given ? atoi(port) : str_starts_with(proxy, "https://") ? 443 : 1080;
	}
	curl_free(port);
	curl_url_cleanup(u);
	return number;
}

/* `example.org` names itself and all below it, with a dot before it or without. */
static bool names_host(const char *word, size_t len, const char *host)
{
	size_t host_len = strlen(host);

	for (; len && *word == '.'; len--)
		word++;
	while (len && word[len - 1] == '.')
		len--;
	while (host_len && host[host_len - 1] == '.')
		host_len--;
	if (!len || len > host_len || strncasecmp(host + host_len - len, word, len))
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

bool guard_is_direct(const char *host)
{
	static const char between[] = ", \t";
	const char *small = getenv("no_proxy"), *large = getenv("NO_PROXY");
	const char *at = small ? small : large ? large : "";
	bool direct = !strcmp(at, "*");

	for (size_t len; !direct && *(at += strspn(at, between)); at += len) {
		len = strcspn(at, between);
		direct = names_host(at, len, host);
	}
	return direct;
}

int guard_proxy_port(const char *url)
{
	static const char *const for_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	static const char *const for_http[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
	bool secure = !strncasecmp(url, "https:", 6);
	const char *const *names = secure ? for_https : for_http;

	for (size_t i = 0; i < (secure ? ARRAY_LEN(for_https) : ARRAY_LEN(for_http)); i++) {
		const char *proxy = getenv(names[i]);
		if (proxy && *proxy)
			return port_of(proxy);
	}
	return 0;
}
