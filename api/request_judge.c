#include "request_internal.h"
#include "models_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const people_words[] = {
	[PEOPLE_UNSET] = NULL, [PEOPLE_ALL] = "all", [PEOPLE_ADULT] = "adult", [PEOPLE_NONE] = "none"
};
const char *const threshold_words[] = {
	[THRESHOLD_UNSET] = NULL, [THRESHOLD_OFF] = "off", [THRESHOLD_LOW] = "low",
	[THRESHOLD_MEDIUM] = "medium", [THRESHOLD_HIGH] = "high"
};
const char *const harm_words[HARM_COUNT] = {
	[HARM_HATE] = "hate", [HARM_DANGEROUS] = "dangerous", [HARM_SEXUAL] = "sexual",
	[HARM_HARASSMENT] = "harassment"
};

/* Other spellings, the API's among them. */
struct spelling { const char *word; int means; };
static const struct spelling people_spellings[] = {
	{ "all", PEOPLE_ALL }, { "allow_all", PEOPLE_ALL },
	{ "adult", PEOPLE_ADULT }, { "adults", PEOPLE_ADULT }, { "allow_adult", PEOPLE_ADULT },
	{ "none", PEOPLE_NONE }, { "allow_none", PEOPLE_NONE },
};
static const struct spelling threshold_spellings[] = {
	{ "off", THRESHOLD_OFF },
	{ "low", THRESHOLD_LOW }, { "block_low_and_above", THRESHOLD_LOW },
	{ "medium", THRESHOLD_MEDIUM }, { "block_medium_and_above", THRESHOLD_MEDIUM },
	{ "high", THRESHOLD_HIGH }, { "block_only_high", THRESHOLD_HIGH },
};
static const struct spelling harm_spellings[] = {
	{ "hate", HARM_HATE }, { "hate-speech", HARM_HATE }, { "harm_category_hate_speech", HARM_HATE },
	{ "dangerous", HARM_DANGEROUS }, { "dangerous-content", HARM_DANGEROUS },
	{ "harm_category_dangerous_content", HARM_DANGEROUS },
	{ "sexual", HARM_SEXUAL }, { "sexually-explicit", HARM_SEXUAL },
	{ "harm_category_sexually_explicit", HARM_SEXUAL },
	{ "harassment", HARM_HARASSMENT }, { "harm_category_harassment", HARM_HARASSMENT },
};
static const struct spelling yes_spellings[] = {
	{ "yes", true }, { "true", true }, { "on", true }, { "no", false }, { "false", false },
	{ "off", false },
};

static int spelled(const struct spelling *table, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(table[i].word, word))
			return table[i].means;
	return -1;
}
#define SPELLED(table, word) spelled(table, ARRAY_LEN(table), word)

char *join(char *const *list)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; list && list[i]; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", list[i]);
	return buf_steal(&b);
}

const char *setting_value(const struct settings *s, enum setting which)
{
	const char *value = s->value[which];

	return value && *value ? value : NULL;
}

static bool whole_number(const char *value, long min, long max, long *out)
{
	char *end;

	if (!*value || value[strspn(value, "0123456789")])
		return false;
	errno = 0;
	*out = strtol(value, &end, 10);
	return !*end && !errno && *out >= min && *out <= max;
}

static bool number(const char *value, double max, double *out)
{
	char *end;
	double x;

	if (!*value || value[strspn(value, "0123456789.")])
		return false;
	x = strtod(value, &end);
	if (*end || end == value || !(x >= 0 && x <= max))
		return false;
	*out = x;
	return true;
}

/* What a header takes in general. */
static char *takes(enum setting which)
{
	return xstrdup(setting_table[which].takes);
}

/*
 * Readers: put one value into the request.  NULL when that went well, else what the header takes, in
 * words (the caller frees).  j->m may be NULL.
 */
typedef char *reader(const struct judge *j, const char *value);

static char *read_n(const struct judge *j, const char *value)
{
	long n;

	if (!whole_number(value, 1, 16, &n))
		return takes(SET_N);
	j->r->n = (unsigned)n;
	return NULL;
}

static char *read_system(const struct judge *j, const char *value)
{
	free(j->r->system);
	j->r->system = xstrdup(value);
	return NULL;
}

static char *read_temperature(const struct judge *j, const char *value)
{
	return number(value, 2, &j->r->temperature) ? NULL : takes(SET_TEMPERATURE);
}

static char *read_top_p(const struct judge *j, const char *value)
{
	return number(value, 1, &j->r->top_p) ? NULL : takes(SET_TOP_P);
}

static char *read_top_k(const struct judge *j, const char *value)
{
	return whole_number(value, 1, 1000000, &j->r->top_k) ? NULL : takes(SET_TOP_K);
}

static char *read_max_output_tokens(const struct judge *j, const char *value)
{
	return whole_number(value, 1, 1000000, &j->r->max_output_tokens) ? NULL : takes(SET_MAX_OUTPUT_TOKENS);
}

static char *read_candidates(const struct judge *j, const char *value)
{
	return whole_number(value, 1, 10, &j->r->candidates) ? NULL : takes(SET_CANDIDATES);
}

/* `TEXT, IMAGE`, or the API's `["TEXT","IMAGE"]`. */
static char *read_modalities(const struct judge *j, const char *value)
{
	cleanup_free char *plain = xstrdup(value), *word = NULL;
	bool text = false, image = false;

	for (char *c = plain; *c; c++)
		if (strchr("[]\"", *c))
			*c = ' ';
	for (const char *at = plain; (word = next_word(&at)); cleanup_free_(&word)) {
		if (!strcasecmp(word, "TEXT"))
			text = true;
		else if (!strcasecmp(word, "IMAGE"))
			image = true;
		else
			return takes(SET_MODALITIES);
	}
	if (!image)
		return takes(SET_MODALITIES);
	free(j->r->modalities);
	j->r->modalities = xstrdup(text ? "TEXT,IMAGE" : "IMAGE");
	return NULL;
}

static char *read_format(const struct judge *j, const char *value)
{
	static char *all[] = { "png", "jpeg", "webp", NULL };
	char *const *formats = j->m ? j->m->formats : all;
	const char *bare = strncasecmp(value, "image/", 6) ? value : value + 6;

	if (!strcasecmp(bare, "jpg"))
		bare = "jpeg";
	for (; *formats; formats++)
		if (!strcasecmp(*formats, bare)) {
			free(j->r->format);
			j->r->format = xstrdup(*formats);
			return NULL;
		}
	return join(j->m ? j->m->formats : all);
}

/* `jpeg or webp`; the caller frees. */
static char *quality_formats(const struct model *m)
{
	struct buf b = BUF_INIT;

	for (char **f = m->quality_formats; *f; f++)
		buf_fmt(&b, "%s%s", b.len ? " or " : "", *f);
	return buf_steal(&b);
}

static char *read_quality(const struct judge *j, const char *value)
{
	cleanup_free char *formats = j->m ? quality_formats(j->m) : NULL;
	long quality;

	if (!whole_number(value, 1, 100, &quality))
		return formats ? xasprintf("1 to 100, with format %s", formats) : takes(SET_QUALITY);
	j->r->quality = (int)quality;
	return NULL;
}

static char *read_people(const struct judge *j, const char *value)
{
	int people = SPELLED(people_spellings, value);

	if (people < 0)
		return takes(SET_PEOPLE);
	j->r->people = (enum people)people;
	return NULL;
}

/* `harassment=high, hate=off`; blanks around the `=` are fine. */
static char *read_safety(const struct judge *j, const char *value)
{
	cleanup_free char *plain = xstrdup(value), *word = NULL;
	enum threshold *safety = j->r->safety;

	for (char *c = plain; *c; c++)
		if (*c == '=')
			*c = ' ';
	for (const char *at = plain; (word = next_word(&at)); cleanup_free_(&word)) {
		cleanup_free char *level = next_word(&at);
		int harm = SPELLED(harm_spellings, word);
		int threshold = level ? SPELLED(threshold_spellings, level) : -1;

		if (harm < 0 || threshold < 0 || safety[harm] != THRESHOLD_UNSET)
			return takes(SET_SAFETY);
		safety[harm] = (enum threshold)threshold;
	}
	return strchr(value, '=') ? NULL : takes(SET_SAFETY);
}

static char *thinking_takes(const struct model *m)
{
	cleanup_free char *levels = m ? join(m->thinking_levels) : NULL;

	if (!m)
		return takes(SET_THINKING);
	if (!m->thinking_budget)
		return steal_pointer(&levels);
	return xasprintf("%s%s0 to %ld (tokens)", levels, *levels ? ", or " : "", m->thinking_budget);
}

static char *read_thinking(const struct judge *j, const char *value)
{
	static char *all[] = { "minimal", "low", "medium", "high", NULL };
	char *const *levels = j->m ? j->m->thinking_levels : all;

	if (whole_number(value, 0, j->m ? j->m->thinking_budget : 1000000, &j->r->thinking_budget)) {
		if (!j->m || j->m->thinking_budget)
			return NULL;
		j->r->thinking_budget = -1;
	}
	for (; *levels; levels++)
		if (!strcasecmp(*levels, value)) {
			free(j->r->thinking_level);
			j->r->thinking_level = xstrdup(*levels);
			return NULL;
		}
	return thinking_takes(j->m);
}

static char *read_search(const struct judge *j, const char *value)
{
	bool web = !strcasecmp(value, "web"), image = !strcasecmp(value, "image");

	if (!web && !image && strcasecmp(value, "off"))
		return takes(SET_SEARCH);
	if (j->m && ((web && !list_has(j->m->search_kinds, "web")) ||
	             (image && !list_has(j->m->search_kinds, "image")))) {
		cleanup_free char *kinds = join(j->m->search_kinds);
		return xasprintf("%s, off", kinds);
	}
	j->r->search_web = web || image;
	j->r->search_image = image;
	return NULL;
}

static char *read_reuse(const struct judge *j, const char *value)
{
	int yes = SPELLED(yes_spellings, value);

	if (yes < 0)
		return takes(SET_REUSE);
	j->r->reuse = yes;
	return NULL;
}

static bool looks_like_resolution(const char *value)
{
	size_t digits = strspn(value, "0123456789.");

	return same_resolution(value, "512") || (digits && !strcasecmp(value + digits, "K"));
}

static char *read_resolution(const struct judge *j, const char *value)
{
	if (!j->m)
		return looks_like_resolution(value) ? NULL : takes(SET_RESOLUTION);
	for (char **r = j->m->resolutions; *r; r++)
		if (same_resolution(*r, value)) {
			free(j->r->resolution);
			j->r->resolution = xstrdup(*r);
			return NULL;
		}
	return join(j->m->resolutions);
}

static char *read_size(const struct judge *j, const char *value);

/* model, provider and refs are looked at elsewhere. */
static reader *const readers[SET_COUNT] = {
	[SET_SIZE] = read_size, [SET_RESOLUTION] = read_resolution, [SET_N] = read_n,
	[SET_SYSTEM] = read_system, [SET_TEMPERATURE] = read_temperature, [SET_TOP_P] = read_top_p,
	[SET_TOP_K] = read_top_k, [SET_MAX_OUTPUT_TOKENS] = read_max_output_tokens,
	[SET_CANDIDATES] = read_candidates, [SET_MODALITIES] = read_modalities,
	[SET_FORMAT] = read_format, [SET_QUALITY] = read_quality, [SET_PEOPLE] = read_people,
	[SET_SAFETY] = read_safety, [SET_THINKING] = read_thinking, [SET_SEARCH] = read_search,
	[SET_REUSE] = read_reuse,
};

/* Two numbers with `:` or `x` between them. */
struct pair { unsigned a, b; bool pixels; };

static bool read_pair(const char *value, struct pair *p)
{
	char between, rest;

	if (!*value || strspn(value, "0123456789:xX ") != strlen(value))
		return false;
	if (sscanf(value, "%5u %c %5u %c", &p->a, &between, &p->b, &rest) != 3 || !p->a || !p->b)
		return false;
	p->pixels = between != ':';
	return between == ':' || between == 'x' || between == 'X';
}

/* The model's spelling of a ratio that is equal to it, or NULL. */
static const char *equal_ratio(const struct model *m, const struct pair *p)
{
	struct pair r;

	for (char **ratio = m->ratios; *ratio; ratio++)
		if (read_pair(*ratio, &r) && (uint64_t)r.a * p->b == (uint64_t)r.b * p->a)
			return *ratio;
	return NULL;
}

/* The documented size; of several, the one of the resolution that was asked for. */
static const struct pixels *documented(const struct judge *j, const struct pair *p)
{
	const struct pixels *found = NULL;

	for (size_t i = 0; i < j->m->pixels_count; i++) {
		const struct pixels *x = &j->m->pixels[i];

		if (x->width != p->a || x->height != p->b)
			continue;
		if (!found || (j->r->resolution && same_resolution(x->resolution, j->r->resolution)))
			found = x;
	}
	return found;
}

static void note_reduced(const struct judge *j, const struct pair *p)
{
	const struct pixels *x = model_pixels(j->m, j->r->ratio, j->r->resolution);

	free(j->r->note);
	if (x)
		j->r->note = xasprintf("%ux%u is no size of model \"%s\"; %s is asked for, which it makes at %ux%u",
		                       p->a, p->b, j->said, j->r->ratio, x->width, x->height);
	else
		j->r->note = xasprintf("%ux%u is no documented size of model \"%s\"; %s is asked for", p->a, p->b,
		                       j->said, j->r->ratio);
}

static char *size_takes(const struct model *m)
{
	cleanup_free char *ratios = join(m->ratios);

	return xasprintf("%s, or WIDTHxHEIGHT of one of these", ratios);
}

/* Resolution is read before size. */
static char *read_size(const struct judge *j, const char *value)
{
	struct pair p;

	if (!read_pair(value, &p))
		return j->m ? size_takes(j->m) : takes(SET_SIZE);
	if (!j->m)
		return NULL;
	const struct pixels *x = p.pixels ? documented(j, &p) : NULL;
	const char *ratio = x ? x->ratio : equal_ratio(j->m, &p);
	if (!ratio)
		return size_takes(j->m);
	j->r->ratio = xstrdup(ratio);
	if (p.pixels && !x)
		note_reduced(j, &p);
	if (x && *x->resolution && !j->r->resolution)
		j->r->resolution = xstrdup(x->resolution);
	return NULL;
}

/* Long values are prompts more often than not: the beginning will do. */
char *excerpt(const char *value)
{
	size_t cut = 57;

	if (strlen(value) <= 60)
		return xstrdup(value);
	while (cut && ((unsigned char)value[cut] & 0xc0) == 0x80)
		cut--;
	return xasprintf("%.*s…", (int)cut, value);
}

/* OpenAI's quality is a word; it has another place.  The caller frees. */
static char *hint_for(const struct judge *j, enum setting which, const char *value)
{
	static const struct spelling words[] = { { "low", 0 }, { "medium", 0 }, { "high", 0 }, { "auto", 0 } };

	if (which == SET_QUALITY && SPELLED(words, value) == 0)
		return xstrdup("quality is how much a JPEG is compressed; a provider's own word goes as "
		               "metadata./quality: \"high\"");
	return settings_hint(j->s, which);
}

static int refuse_value(const struct judge *j, enum setting which, const char *value, const char *takes_)
{
	cleanup_free char *short_value = excerpt(value);
	cleanup_free char *hint = hint_for(j, which, value);

	if (!j->m)
		return error_set(j->err, EINVAL, hint, "header \"%s\" does not take \"%s\": it takes %s",
		                 setting_table[which].name, short_value, takes_);
	return error_set(j->err, EINVAL, hint, "model \"%s\" does not take %s \"%s\": it takes %s",
	                 j->said, setting_table[which].name, short_value, takes_);
}

/* Names of the provider's models that take it; the caller frees. */
static char *who_takes(const struct judge *j, enum setting which)
{
	struct buf b = BUF_INIT;
	const struct models *all = j->r->models;

	for (size_t i = 0; all && i < all->models_count; i++)
		if (all->models[i].takes[which] && !strcasecmp(all->models[i].provider, j->m->provider))
			buf_fmt(&b, "%s%s", b.len ? ", " : "", all->models[i].name);
	return buf_steal(&b);
}

static int refuse_header(const struct judge *j, enum setting which, const char *value)
{
	cleanup_buf struct buf does = BUF_INIT, hint = BUF_INIT;
	cleanup_free char *others = who_takes(j, which), *advice = hint_for(j, which, value);

	for (int i = 0; i < SET_COUNT; i++)
		if (j->m->takes[i])
			buf_fmt(&does, "%s%s", does.len ? ", " : "", setting_table[i].name);
	if (*others)
		buf_fmt(&hint, "models that take it: %s; ", others);
	buf_str(&hint, advice);
	return error_set(j->err, EINVAL, hint.data, "model \"%s\" does not take the header \"%s\": it takes %s",
	                 j->said, setting_table[which].name, does.data ? does.data : "none");
}

/* `search: off` asks for nothing, so every model takes it. */
static bool asks_nothing(enum setting which, const char *value)
{
	return which == SET_SEARCH && !strcasecmp(value, "off");
}

static int judge_one(const struct judge *j, enum setting which, const char *value)
{
	if (j->m && !j->m->takes[which] && !asks_nothing(which, value))
		return refuse_header(j, which, value);
	cleanup_free char *what = readers[which](j, value);
	return what ? refuse_value(j, which, value, what) : 0;
}

/* `size: 2048x2048` says 2K; a resolution beside it must say so too. */
static int check_conflict(const struct judge *j, const char *size)
{
	struct pair p;

	if (!size || !read_pair(size, &p) || !p.pixels)
		return 0;
	const struct pixels *x = documented(j, &p);
	if (!x || !*x->resolution || same_resolution(x->resolution, j->r->resolution))
		return 0;
	return error_set(j->err, EINVAL, "leave one of the two out",
	                 "model \"%s\" makes size \"%s\" as %s at %s, but the resolution says %s", j->said, size,
	                 x->ratio, x->resolution, j->r->resolution);
}

static int check_narrow(const struct judge *j)
{
	const struct request *r = j->r;

	if (!j->m->narrow_resolution || !r->resolution || !r->ratio ||
	    !same_resolution(r->resolution, j->m->narrow_resolution) || list_has(j->m->narrow_ratios, r->ratio))
		return 0;
	cleanup_free char *ratios = join(j->m->narrow_ratios);
	return error_set(j->err, EINVAL, NULL, "model \"%s\" does not take size \"%s\" at %s: it takes %s there",
	                 j->said, r->ratio, r->resolution, ratios);
}

static int check_quality(const struct judge *j)
{
	const struct request *r = j->r;

	if (r->quality < 0 || (r->format && list_has(j->m->quality_formats, r->format)))
		return 0;
	cleanup_free char *formats = quality_formats(j->m);
	cleanup_free char *hint = xasprintf("add `format: %s`, or leave quality out",
	                                    *j->m->quality_formats ? *j->m->quality_formats : "jpeg");
	return error_set(j->err, EINVAL, hint, "model \"%s\" takes quality only with format %s, not with %s", j->said,
	                 formats, r->format ? r->format : "its own choice");
}

/* Where only width and height are sent, a resolution alone says neither. */
static int check_pixels(const struct judge *j)
{
	const struct request *r = j->r;
	const struct provider *p = r->models ? models_provider(r->models, j->m->provider) : NULL;

	if (!p || strcmp(p->wire, "openai") || !j->m->pixels_count || !r->resolution || r->ratio)
		return 0;
	return error_set(j->err, EINVAL, "add a size, such as `size: 1:1`",
	                 "model \"%s\" does not take resolution \"%s\" without a size: it takes both, or a size alone",
	                 j->said, r->resolution);
}

/* As many as `n` alone may ask for. */
static int check_together(const struct judge *j)
{
	enum { PICTURES_MAX = 16 };
	const struct request *r = j->r;

	if (r->candidates <= 0 || r->n * r->candidates <= PICTURES_MAX)
		return 0;
	return error_set(j->err, EINVAL, "each of the n requests brings that many candidates, and all are paid for",
	                 "model \"%s\" does not take n \"%u\" with candidates \"%ld\": it takes %d pictures together",
	                 j->said, r->n, r->candidates, PICTURES_MAX);
}

static int check_all(const struct judge *j, const char *size)
{
	int rc = check_quality(j);

	if (!rc)
		rc = check_conflict(j, size);
	if (!rc)
		rc = check_narrow(j);
	if (!rc)
		rc = check_pixels(j);
	return rc ? rc : check_together(j);
}

int judge_settings(const struct judge *j)
{
	const struct settings *s = j->s;
	const char *resolution = setting_value(s, SET_RESOLUTION), *size = setting_value(s, SET_SIZE);
	int rc = 0;

	if (resolution)
		rc = judge_one(j, SET_RESOLUTION, resolution);
	for (int i = 0; !rc && i < SET_COUNT; i++) {
		const char *value = setting_value(s, (enum setting)i);

		if (value && readers[i] && i != SET_RESOLUTION)
			rc = judge_one(j, (enum setting)i, value);
	}
	return rc || !j->m ? rc : check_all(j, size);
}
