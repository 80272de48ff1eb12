#include "probe.h"

#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "http.h"
#include "models_internal.h"

enum { CONNECT_S = 8, TOTAL_S = 20, CLOCK_MAX_S = 60 };

struct probe {
	const struct models *all;
	const struct provider *p;
	finding_told *told;
	void *arg;
};

static void tell(const struct probe *b, enum finding kind, const char *about, const char *hint, const char *fmt, ...)
	PRINTF(5, 6);

static void tell(const struct probe *b, enum finding kind, const char *about, const char *hint, const char *fmt, ...)
{
	cleanup_buf struct buf text = BUF_INIT;
	char *sentence;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&sentence, fmt, args) < 0)
		BUG("no memory for a sentence");
	va_end(args);
	buf_fmt(&text, "%s: %s", b->p->name, sentence);
	free(sentence);
	b->told(b->arg, kind, about, text.data, hint);
}

/* --- names ----------------------------------------------------------------------------------- */

static bool goes_by_proxy(void)
{
	static const char *const variables[] = { "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return true;
	}
	return false;
}

/* The host's name in an address, without user, port and brackets; the caller frees. */
static char *host_of(const char *url)
{
	const char *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));

	if (at)
		host = at + 1;
	if (*host == '[')
		return xstrndup(host + 1, strcspn(host + 1, "]"));
	return xstrndup(host, strcspn(host, ":/?#"));
}

static bool name_resolves(const struct probe *b)
{
	cleanup_free char *host = host_of(b->p->url);
	struct addrinfo *found = NULL, want = { .ai_socktype = SOCK_STREAM };

	if (goes_by_proxy())
		return true;
	int rc = getaddrinfo(host, NULL, &want, &found);
	if (!rc) {
		freeaddrinfo(found);
		return true;
	}
	tell(b, FINDING_BAD, "dns", "check the network and /etc/resolv.conf, and `url` of the provider",
	     "the name %s cannot be looked up: %s", host, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	return false;
}

/* --- asking ---------------------------------------------------------------------------------- */

struct answer {
	bool over;
	enum http_outcome outcome;
	int status;
	char *text;                   /* why there is no reply */
	int64_t date;
	cJSON *json;                  /* the reply's body, or NULL */
	int64_t took_ms;
};

static void answer_release(struct answer *a)
{
	free(a->text);
	cJSON_Delete(a->json);
}
#define cleanup_answer __attribute__((cleanup(answer_release)))

static void take_answer(void *arg, const struct http_reply *reply)
{
	struct answer *a = arg;

	a->over = true;
	a->outcome = reply->outcome;
	a->status = reply->status;
	a->text = xstrdup(reply->text);
	a->date = reply->date;
	a->json = reply->body.data ? cJSON_ParseWithLength(reply->body.data, reply->body.len) : NULL;
}

static char *key_line(const struct provider *p, const char *key)
{
	return key ? xasprintf(p->auth == AUTH_BEARER ? "Authorization: Bearer %s" : "x-goog-api-key: %s", key) : NULL;
}

static int get(const struct provider *p, const char *path, struct answer *a, struct error *err)
{
	cleanup_free char *url = xasprintf("%s%s", p->url, path);
	char *key = NULL;
	if (p->auth != AUTH_NONE)
		provider_key(p, &key, NULL);
	char *line = key_line(p, key);
	const char *headers[] = { line, NULL };
	struct http_request r = HTTP_REQUEST_INIT;
	struct http *h;
	int64_t began = clock_mono_ms();
	int rc = http_new(p->user_agent, &h, err);

	if (!rc) {
		r.method = "GET";
		r.url = url;
		r.headers = headers;
		r.secret = key;
		r.ca_file = p->ca_file;
		r.connect_timeout = CONNECT_S;
		r.total_timeout = TOTAL_S;
		http_start(h, &r, take_answer, a);
		while (!a->over)
			http_turn(h, 1000);
		http_free(h);
	}
	a->took_ms = clock_mono_ms() - began;
	key_free(line);
	key_free(key);
	return rc;
}

/* What the provider says is wrong, or NULL. */
static const char *complaint(const cJSON *json)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
	const char *text = cJSON_GetStringValue(error);

	if (!text)
		text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "message"));
	return text ? text : cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "message"));
}

static bool is_about_certificates(const char *text)
{
	static const char *const words[] = { "certificate", "SSL", "TLS" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

static void tell_unreachable(const struct probe *b, const struct answer *a)
{
	const char *text = a->text ? a->text : "it did not answer";

	if (is_about_certificates(text))
		tell(b, FINDING_BAD, "tls", "check the clock; behind a proxy that looks into TLS, and for an address of "
		     "your own, name its certificate as `ca-file`; else install ca-certificates", "%s", text);
	else
		tell(b, FINDING_BAD, "network", "check the network, and `url` of the provider", "%s", text);
}

static bool refuses_key(const struct answer *a)
{
	const char *said = complaint(a->json);

	return a->status == 401 || a->status == 403 || (a->status == 400 && said && strcasestr(said, "API key"));
}

static void tell_key(const struct probe *b, const struct answer *a)
{
	cleanup_free char *place = provider_key_place(b->p);
	cleanup_free char *hint = xasprintf("put a key of %s into %s", b->p->name,
	                                    place ? place : "its variable or key file");
	const char *said = complaint(a->json);

	tell(b, FINDING_BAD, "key", hint, "the key is not accepted (%d%s%s)", a->status, said ? ": " : "",
	     said ? said : "");
}

/* Whether it answered as it should; what is wrong was told. */
static bool is_answered(const struct probe *b, const struct answer *a)
{
	const char *said = complaint(a->json);

	if (a->outcome != HTTP_REPLY)
		tell_unreachable(b, a);
	else if (refuses_key(a))
		tell_key(b, a);
	else if (a->status == 429)
		tell(b, FINDING_NOTE, "network", "wait a minute", "it asks to be asked less often (429)");
	else if (a->status >= 500)
		tell(b, FINDING_BAD, "network", "try again later", "it has a problem (%d%s%s)", a->status,
		     said ? ": " : "", said ? said : "");
	else
		return true;
	return false;
}

static void check_clock(const struct probe *b, const struct answer *a)
{
	int64_t off = a->date - clock_wall_ms() / 1000;

	if (a->date <= 0)
		return;
	if (llabs(off) <= CLOCK_MAX_S) {
		tell(b, FINDING_OK, "clock", NULL, "its clock and this one agree");
		return;
	}
	tell(b, FINDING_BAD, "clock", "set the clock: timedatectl set-ntp true",
	     "the clock here is %lld seconds %s the one there", (long long)llabs(off), off > 0 ? "behind" : "ahead of");
}

/* --- models ---------------------------------------------------------------------------------- */

static bool is_offered(const cJSON *list, const char *id)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "id"));

		if (!name)
			name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
		if (name && !strcasecmp(str_starts_with(name, "models/") ? name + 7 : name, id))
			return true;
	}
	return false;
}

static void compare_models(const struct probe *b, const cJSON *list, const struct model *wanted)
{
	cleanup_buf struct buf missing = BUF_INIT;
	unsigned known = 0, lacks = 0;

	for (size_t i = 0; i < b->all->models_count; i++) {
		const struct model *m = &b->all->models[i];

		if (strcasecmp(m->provider, b->p->name))
			continue;
		if (is_offered(list, m->id))
			known++;
		else
			buf_fmt(&missing, "%s%s", lacks++ ? ", " : "", m->name);
	}
	if (wanted && !is_offered(list, wanted->id))
		tell(b, FINDING_BAD, "models", "name another one as `model`; easelfs models lists them",
		     "it does not offer %s, which prompts get that name no model", wanted->name);
	tell(b, FINDING_OK, "models", NULL, "it offers %d, of which %u are known here", cJSON_GetArraySize(list), known);
	if (lacks)
		tell(b, FINDING_NOTE, "models", "prompts that name one of them will fail", "it does not list %s",
		     missing.data);
}

static void check_models(const struct probe *b, const struct answer *a, const struct model *wanted)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(a->json, "data");

	if (!cJSON_IsArray(list))
		list = cJSON_GetObjectItemCaseSensitive(a->json, "models");
	/* An engine of one's own has what it was started with, whatever that is called. */
	if (b->p->auth == AUTH_NONE)
		return;
	if (a->status == 200 && cJSON_IsArray(list))
		compare_models(b, list, wanted);
	else
		tell(b, FINDING_NOTE, "models", NULL, "it says nothing of its models at %s (%d)", b->p->models_path,
		     a->status);
}

/* --- balance --------------------------------------------------------------------------------- */

static double number_of(const cJSON *json, const char *name)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, name);

	return cJSON_IsNumber(number) ? number->valuedouble : NAN;
}

static void tell_balance(const struct probe *b, const struct answer *a)
{
	double left = number_of(a->json, "remain_balance"), used = number_of(a->json, "used_balance");
	const char *said = complaint(a->json);

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(a->json, "unlimited_quota")) || left <= -1)
		tell(b, FINDING_OK, "balance", NULL, "the account has no limit");
	else if (a->status != 200 || isnan(left))
		tell(b, FINDING_NOTE, "balance", NULL, "it does not say what the account has (%d%s%s)", a->status,
		     said ? ": " : "", said ? said : "");
	else if (left <= 0)
		tell(b, FINDING_BAD, "balance", "add credit to the account", "nothing is left of the credit");
	else
		tell(b, FINDING_OK, "balance", NULL, "%.2f USD are left (%.2f USD used)", left, isnan(used) ? 0 : used);
}

static void check_balance(const struct probe *b)
{
	cleanup_answer struct answer a = { 0 };

	if (b->p->balance_path && !get(b->p, b->p->balance_path, &a, NULL) && is_answered(b, &a))
		tell_balance(b, &a);
}

void probe_provider(const struct models *all, const struct provider *p, const struct model *wanted,
                    finding_told *told, void *arg)
{
	const struct probe b = { all, p, told, arg };
	cleanup_answer struct answer a = { 0 };
	cleanup_error struct error err = ERROR_INIT;

	if (!name_resolves(&b))
		return;
	if (get(p, p->models_path ? p->models_path : "/", &a, &err)) {
		tell(&b, FINDING_BAD, "network", err.hint, "%s", err.text);
		return;
	}
	if (!is_answered(&b, &a))
		return;
	tell(&b, FINDING_OK, "network", NULL, "%s answers, in %lld ms", p->url, (long long)a.took_ms);
	check_clock(&b, &a);
	if (p->models_path)
		check_models(&b, &a, wanted);
	check_balance(&b);
}
