#include "models_internal.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "wire.h"

/* --- what a value may be, beyond its kind ----------------------------------------------------- */

static bool each_word(const char *value, bool (*is_good)(const char *word))
{
	cleanup_free char *word = NULL;

	for (; (word = next_word(&value)); cleanup_free_(&word))
		if (!is_good(word))
			return false;
	return true;
}

bool is_ratio(const char *word)
{
	size_t a = strspn(word, "0123456789"), b = word[a] == ':' ? strspn(word + a + 1, "0123456789") : 0;

	return a && b && !word[a + 1 + b] && strtoul(word, NULL, 10) && strtoul(word + a + 1, NULL, 10);
}

static bool is_resolution(const char *word)
{
	size_t digits = strspn(word, "0123456789."), unit = word[digits] == 'K' || word[digits] == 'k';

	return digits && !word[digits + unit];
}

static bool is_listed(const char *const *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(list[i], word))
			return true;
	return false;
}

static bool is_format(const char *word)
{
	static const char *const formats[] = { "png", "jpeg", "webp" };

	return is_listed(formats, ARRAY_LEN(formats), word);
}

static bool is_ref_format(const char *word)
{
	static const char *const formats[] = { "png", "jpeg", "webp", "gif", "heic", "heif", "avif", "bmp" };

	return is_listed(formats, ARRAY_LEN(formats), word);
}

static bool is_search(const char *word)
{
	static const char *const kinds[] = { "web", "image" };

	return is_listed(kinds, ARRAY_LEN(kinds), word);
}

/* `data.0.id`: steps that are not empty. */
static bool is_at(const char *word)
{
	return *word && *word != '.' && !str_ends_with(word, ".") && !strstr(word, "..");
}

static const char *check_ratios(const char *value)
{
	return each_word(value, is_ratio) ? NULL : "ratios, such as 1:1 16:9";
}

static const char *check_resolutions(const char *value)
{
	return each_word(value, is_resolution) ? NULL : "resolutions, such as 512 1K 2K";
}

static const char *check_formats(const char *value)
{
	return each_word(value, is_format) ? NULL : "png, jpeg, webp";
}

static const char *check_ref_formats(const char *value)
{
	return each_word(value, is_ref_format) ? NULL : "png, jpeg, webp, gif, heic, heif, avif, bmp";
}

static const char *check_searches(const char *value)
{
	return each_word(value, is_search) ? NULL : "web, image";
}

static const char *check_at(const char *value)
{
	return each_word(value, is_at) ? NULL : "paths into a reply, such as data.0.task_id";
}

static const char *check_path(const char *value)
{
	return !*value || *value == '/' ? NULL : "a path below url, which begins with /";
}

/* --- the keys ---------------------------------------------------------------------------------- */

#define PROVIDER(field) offsetof(struct provider, field), TIED_NOT, NULL
#define OF_ADDRESS(field) offsetof(struct provider, field), TIED_TO_URL, NULL
#define OF_WIRE(field) offsetof(struct provider, field), TIED_TO_WIRE, NULL
#define AT(field) offsetof(struct provider, field), TIED_TO_WIRE, check_at
#define PATH(field) offsetof(struct provider, field), TIED_TO_WIRE, check_path
static const struct key provider_key_list[] = {
	{ "wire", KEY_WIRE, PROVIDER(wire) },
	{ "url", KEY_URL, PROVIDER(url) },
	{ "auth", KEY_AUTH, PROVIDER(auth) },
	{ "key-env", KEY_TEXT, OF_ADDRESS(key_env) },
	{ "key-file", KEY_PATH, OF_ADDRESS(key_file) },
	{ "user-agent", KEY_TEXT, PROVIDER(user_agent) },
	{ "first-look", KEY_SECONDS, PROVIDER(first_look) },
	{ "poll-min", KEY_SECONDS, PROVIDER(poll_min) },
	{ "poll-max", KEY_SECONDS, PROVIDER(poll_max) },
	{ "submit-per-minute", KEY_INT, PROVIDER(submit_per_minute) },
	{ "query-per-minute", KEY_INT, PROVIDER(query_per_minute) },
	{ "in-flight", KEY_INT, PROVIDER(in_flight) },
	{ "ref-bytes", KEY_SIZE, PROVIDER(ref_bytes) },
	{ "request-bytes", KEY_SIZE, PROVIDER(request_bytes) },
	{ "picture-bytes", KEY_SIZE, PROVIDER(picture_bytes) },
	{ "upload-ttl", KEY_SECONDS, PROVIDER(upload_ttl) },
	{ "ref-urls", KEY_YES, PROVIDER(ref_urls) },
	{ "free", KEY_YES, OF_ADDRESS(free) },
	{ "has-lookup", KEY_YES, PROVIDER(has_lookup) },
	{ "ca-file", KEY_PATH, OF_ADDRESS(ca_file) },
	{ "submit-path", KEY_TEXT, PATH(submit_path) },
	{ "edit-path", KEY_TEXT, PATH(edit_path) },
	{ "poll-path", KEY_TEXT, PATH(poll_path) },
	{ "upload-path", KEY_WORDS, PATH(upload_path) },
	{ "upload-url", KEY_URL, OF_ADDRESS(upload_url) },
	{ "balance-path", KEY_TEXT, PATH(balance_path) },
	{ "models-path", KEY_TEXT, PATH(models_path) },
	{ "id-at", KEY_WORDS, AT(dialect[DIALECT_ID]) },
	{ "status-at", KEY_WORDS, AT(dialect[DIALECT_STATUS]) },
	{ "done-words", KEY_WORDS, OF_WIRE(dialect[DIALECT_DONE]) },
	{ "failed-words", KEY_WORDS, OF_WIRE(dialect[DIALECT_FAILED]) },
	{ "running-words", KEY_WORDS, OF_WIRE(dialect[DIALECT_RUNNING]) },
	{ "progress-at", KEY_WORDS, AT(dialect[DIALECT_PROGRESS]) },
	{ "urls-at", KEY_WORDS, AT(dialect[DIALECT_URLS]) },
	{ "expires-at", KEY_WORDS, AT(dialect[DIALECT_EXPIRES]) },
	{ "cost-at", KEY_WORDS, AT(dialect[DIALECT_COST]) },
	{ "upload-at", KEY_WORDS, AT(dialect[DIALECT_UPLOAD]) },
	{ "upload-fields", KEY_WORDS, OF_WIRE(dialect[DIALECT_UPLOAD_FIELDS]) },
};

#define MODEL(field) offsetof(struct model, field), TIED_NOT, NULL
#define CHECKED(field, check) offsetof(struct model, field), TIED_NOT, check
static const struct key model_key_list[] = {
	{ "id", KEY_TEXT, MODEL(id) },
	{ "aliases", KEY_LIST, MODEL(aliases) },
	{ "provider", KEY_TEXT, MODEL(provider) },
	{ "ratios", KEY_LIST, CHECKED(ratios, check_ratios) },
	{ "resolutions", KEY_LIST, CHECKED(resolutions, check_resolutions) },
	{ "default-resolution", KEY_TEXT, CHECKED(default_resolution, check_resolutions) },
	{ "narrow", KEY_NARROW, 0, TIED_NOT, NULL },
	{ "pixels", KEY_TEXT, MODEL(pixels_table) },
	{ "n-max", KEY_UNSIGNED, MODEL(n_max) },
	{ "refs-max", KEY_UNSIGNED, MODEL(refs_max) },
	{ "ref-formats", KEY_LIST, CHECKED(ref_formats, check_ref_formats) },
	{ "prompt-chars", KEY_COUNT, MODEL(prompt_chars) },
	{ "takes", KEY_TAKES, MODEL(takes) },
	{ "thinking", KEY_LIST, MODEL(thinking_levels) },
	{ "thinking-budget", KEY_LONG, MODEL(thinking_budget) },
	{ "formats", KEY_LIST, CHECKED(formats, check_formats) },
	{ "quality-formats", KEY_LIST, CHECKED(quality_formats, check_formats) },
	{ "search", KEY_LIST, CHECKED(search_kinds, check_searches) },
	{ "resolution-key", KEY_TEXT, MODEL(resolution_key) },
	{ "resolution-lower", KEY_YES, MODEL(resolution_lower) },
	{ "refs-key", KEY_TEXT, MODEL(refs_key) },
	{ "refs-form", KEY_FORM, MODEL(refs_form) },
	{ "response-format", KEY_TEXT, MODEL(response_format) },
	{ "price", KEY_PRICES, MODEL(prices) },
};

const struct key_table provider_keys = { provider_key_list, ARRAY_LEN(provider_key_list) };
const struct key_table model_keys = { model_key_list, ARRAY_LEN(model_key_list) };

static bool same_key(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '_' ? '-' : *a | 0x20) != (*b == '_' ? '-' : *b | 0x20))
			return false;
	return *a == *b;
}

const struct key *key_by_name(const struct key_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (same_key(t->keys[i].name, name))
			return &t->keys[i];
	return NULL;
}

static size_t list_len(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static void list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static char **list_copy(char *const *list)
{
	size_t n = list_len(list);
	char **copy = xcalloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

static char **list_read(const char *value)
{
	char **list = xcalloc(1, sizeof(*list));
	char *word;

	for (size_t n = 0; (word = next_word(&value)); n++) {
		list = xrealloc(list, (n + 2) * sizeof(*list));
		list[n] = word;
		list[n + 1] = NULL;
	}
	return list;
}

static bool read_number(const char *value, double *out)
{
	char *end;

	*out = strtod(value, &end);
	return end != value && !*end && isfinite(*out) && *out >= 0;
}

static bool read_whole(const char *value, long long max, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(value, &end, 10);
	return end != value && !*end && !errno && *out >= 0 && *out <= max;
}

static bool read_yes(const char *value, bool *out)
{
	static const char *const yes[] = { "yes", "true", "on" }, *const no[] = { "no", "false", "off" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*out = !strcasecmp(value, yes[i]);
			return true;
		}
	return false;
}

static char *read_path(const char *value)
{
	const char *home = getenv("HOME");

	if (!strncmp(value, "~/", 2) && home)
		return xasprintf("%s%s", home, value + 1);
	return xstrdup(value);
}

/* Clients add `/v1` themselves; people paste addresses with and without it. */
static char *read_url(const char *value)
{
	size_t len = strlen(value);

	while (len && value[len - 1] == '/')
		len--;
	if (len > 3 && !strncmp(value + len - 3, "/v1", 3))
		len -= 3;
	while (len && value[len - 1] == '/')
		len--;
	return xstrndup(value, len);
}

static bool read_auth(const char *value, enum auth *out)
{
	static const char *const words[] = { [AUTH_BEARER] = "bearer",
		[AUTH_X_GOOG_API_KEY] = "x-goog-api-key", [AUTH_NONE] = "none" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcasecmp(value, words[i])) {
			*out = (enum auth)i;
			return true;
		}
	return false;
}

static bool read_takes(const char *value, bool takes[SET_COUNT])
{
	bool given[SET_COUNT] = { false };
	cleanup_free char *word = NULL;

	for (; (word = next_word(&value)); cleanup_free_(&word)) {
		int which = setting_by_name(word);

		if (which < 0)
			return false;
		given[which] = true;
	}
	memcpy(takes, given, sizeof(given));
	return true;
}

static bool read_narrow(const char *value, struct model *m)
{
	char *resolution = next_word(&value);
	char **ratios = list_read(value);

	bool good = !resolution || (is_resolution(resolution) && *ratios);
	for (char **ratio = ratios; *ratio; ratio++)
		good = good && is_ratio(*ratio);
	if (!good) {
		free(resolution);
		list_free(ratios);
		return false;
	}
	free(m->narrow_resolution);
	list_free(m->narrow_ratios);
	m->narrow_resolution = resolution;
	m->narrow_ratios = ratios;
	return true;
}

static void prices_free(struct model *m)
{
	for (size_t i = 0; i < m->prices_count; i++)
		free(m->prices[i].resolution);
	free(m->prices);
	m->prices = NULL;
	m->prices_count = 0;
}

static void price_add(struct model *m, char *resolution, double usd)
{
	m->prices = xrealloc(m->prices, (m->prices_count + 1) * sizeof(*m->prices));
	m->prices[m->prices_count++] = (struct price){ resolution, usd };
}

/* `0.039`, or `1K 0.067, 2K 0.101`. */
static bool read_prices(const char *value, struct model *m)
{
	cleanup_free char *word = NULL;
	double usd;

	prices_free(m);
	while ((word = next_word(&value))) {
		char *resolution = NULL;

		/* A resolution such as 512 is a number too, but one with a price behind it. */
		if (*value == ' ' || *value == '\t') {
			resolution = steal_pointer(&word);
			word = next_word(&value);
		} else {
			resolution = xstrdup("");
		}
		if (!word || !read_number(word, &usd)) {
			free(resolution);
			return false;
		}
		price_add(m, resolution, usd);
		cleanup_free_(&word);
	}
	return true;
}

static void text_set(char **field, char *text)
{
	free(*field);
	*field = text && *text ? text : NULL;
	if (!*field)
		free(text);
}

static const char *read_numeric(void *at, enum key_kind kind, const char *value)
{
	long long whole;

	switch (kind) {
	case KEY_SECONDS:
		return read_number(value, at) ? NULL : "a number of seconds";
	case KEY_SIZE:
		return parse_size(value, at) ? "a number of bytes, such as 10000000 or 10 MB" : NULL;
	case KEY_INT:
	case KEY_UNSIGNED:
	case KEY_LONG:
	case KEY_COUNT:
		if (!read_whole(value, 1000000000, &whole))
			return "a whole number, 0 or more";
		if (kind == KEY_INT)
			*(int *)at = (int)whole;
		else if (kind == KEY_UNSIGNED)
			*(unsigned *)at = (unsigned)whole;
		else if (kind == KEY_LONG)
			*(long *)at = (long)whole;
		else
			*(uint64_t *)at = (uint64_t)whole;
		return NULL;
	default:
		BUG("key kind %d is no number", (int)kind);
	}
}

const char *key_read(void *row, const struct key *k, const char *value)
{
	void *at = (char *)row + k->offset;
	const char *takes = k->check ? k->check(value) : NULL;

	if (takes)
		return takes;
	switch (k->kind) {
	case KEY_TEXT:
		text_set(at, xstrdup(value));
		return NULL;
	case KEY_WORDS:
		free(*(char **)at);
		*(char **)at = xstrdup(value);
		return NULL;
	case KEY_PATH:
		text_set(at, read_path(value));
		return NULL;
	case KEY_URL:
		text_set(at, read_url(value));
		return !*value || !strncasecmp(value, "http://", 7) || !strncasecmp(value, "https://", 8) ?
		       NULL : "an address that begins with https:// or http://";
	case KEY_WIRE:
		text_set(at, xstrdup(value));
		return wire_by_name(value) ? NULL : wire_names();
	case KEY_LIST:
		list_free(*(char ***)at);
		*(char ***)at = list_read(value);
		return NULL;
	case KEY_SECONDS:
	case KEY_INT:
	case KEY_UNSIGNED:
	case KEY_LONG:
	case KEY_SIZE:
	case KEY_COUNT:
		return read_numeric(at, k->kind, value);
	case KEY_YES:
		return read_yes(value, at) ? NULL : "yes, no";
	case KEY_AUTH:
		return read_auth(value, at) ? NULL : "bearer, x-goog-api-key, none";
	case KEY_FORM:
		*(enum refs_form *)at = !strcasecmp(value, "objects") ? REFS_OBJECTS : REFS_STRINGS;
		return !strcasecmp(value, "objects") || !strcasecmp(value, "strings") ? NULL : "strings, objects";
	case KEY_TAKES:
		return read_takes(value, at) ? NULL : "names of headers, such as temperature, top-p, safety";
	case KEY_NARROW:
		return read_narrow(value, row) ? NULL : "a resolution, and the ratios that have it";
	case KEY_PRICES:
		return read_prices(value, row) ? NULL : "USD per picture: `0.039`, or `1K 0.067, 2K 0.101`";
	}
	BUG("key kind %d is unknown", (int)k->kind);
}

static void key_release(void *row, const struct key *k)
{
	void *at = (char *)row + k->offset;
	struct model *m = row;

	switch (k->kind) {
	case KEY_TEXT:
	case KEY_WORDS:
	case KEY_PATH:
	case KEY_URL:
	case KEY_WIRE:
		free(*(char **)at);
		return;
	case KEY_LIST:
		list_free(*(char ***)at);
		return;
	case KEY_NARROW:
		free(m->narrow_resolution);
		list_free(m->narrow_ratios);
		return;
	case KEY_PRICES:
		prices_free(m);
		return;
	case KEY_SECONDS:
	case KEY_INT:
	case KEY_UNSIGNED:
	case KEY_LONG:
	case KEY_SIZE:
	case KEY_COUNT:
	case KEY_YES:
	case KEY_AUTH:
	case KEY_FORM:
	case KEY_TAKES:
		return;
	}
}

/* Bytes of a field that holds its value itself. */
static size_t plain_size(enum key_kind kind)
{
	switch (kind) {
	case KEY_SECONDS:
		return sizeof(double);
	case KEY_INT:
		return sizeof(int);
	case KEY_UNSIGNED:
		return sizeof(unsigned);
	case KEY_LONG:
		return sizeof(long);
	case KEY_SIZE:
	case KEY_COUNT:
		return sizeof(uint64_t);
	case KEY_YES:
		return sizeof(bool);
	case KEY_AUTH:
		return sizeof(enum auth);
	case KEY_FORM:
		return sizeof(enum refs_form);
	case KEY_TAKES:
		return sizeof(bool[SET_COUNT]);
	default:
		BUG("key kind %d is not plain", (int)kind);
	}
}

void key_copy(void *to, const void *from, const struct key *k)
{
	void *at = (char *)to + k->offset;
	const void *source = (const char *)from + k->offset;
	const struct model *base = from;
	struct model *m = to;

	key_release(to, k);
	switch (k->kind) {
	case KEY_TEXT:
	case KEY_WORDS:
	case KEY_PATH:
	case KEY_URL:
	case KEY_WIRE:
		*(char **)at = xstrdup(*(char *const *)source);
		return;
	case KEY_LIST:
		*(char ***)at = list_copy(*(char **const *)source);
		return;
	case KEY_NARROW:
		m->narrow_resolution = xstrdup(base->narrow_resolution);
		m->narrow_ratios = list_copy(base->narrow_ratios);
		return;
	case KEY_PRICES:
		for (size_t i = 0; i < base->prices_count; i++)
			price_add(m, xstrdup(base->prices[i].resolution), base->prices[i].usd);
		return;
	default:
		memcpy(at, source, plain_size(k->kind));
	}
}

void provider_release(struct provider *p)
{
	for (size_t i = 0; i < provider_keys.count; i++)
		key_release(p, &provider_keys.keys[i]);
	free(p->name);
	free(p->like);
	*p = (struct provider){ 0 };
}

static void pixels_free(struct model *m)
{
	for (size_t i = 0; i < m->pixels_count; i++) {
		free(m->pixels[i].ratio);
		free(m->pixels[i].resolution);
	}
	free(m->pixels);
}

void model_release(struct model *m)
{
	for (size_t i = 0; i < model_keys.count; i++)
		key_release(m, &model_keys.keys[i]);
	pixels_free(m);
	free(m->name);
	*m = (struct model){ 0 };
}

void model_copy(struct model *to, const struct model *from)
{
	*to = (struct model){ 0 };
	for (size_t i = 0; i < model_keys.count; i++)
		key_copy(to, from, &model_keys.keys[i]);
}
