#include "request_internal.h"
#include "models_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include <utf8proc.h>

/* Choosing: the rows are asked for their key, unless the sandbox stands in for all providers. */
struct choice {
	const struct models *models;
	const char *word;             /* what the user calls the model, or NULL = the default */
	const char *provider;         /* or NULL = any */
	const struct settings *s;     /* that said so */
	bool sandbox;
	const struct provider *stand_in;  /* the one of the sandbox's rows that must do, or NULL = any of them */
	struct error *err;
	const struct model *first;    /* of those that would do but for the key */
	const struct model *found;
};

void request_init(struct request *r)
{
	*r = (struct request){ .n = 1, .share = 1, .temperature = NAN, .top_p = NAN, .top_k = -1,
	                       .max_output_tokens = -1, .candidates = -1, .quality = -1,
	                       .thinking_budget = -1, .reuse = true };
}

static int refuse_provider(const struct choice *c)
{
	const struct models *m = c->models;
	const char *name = c->provider;
	cleanup_free char *advice = settings_hint(c->s, SET_PROVIDER);
	cleanup_free const char **names = xcalloc(m->providers_count + 1, sizeof(*names));
	cleanup_buf struct buf hint = BUF_INIT;

	buf_str(&hint, "the providers are ");
	for (size_t i = 0; i < m->providers_count; i++) {
		names[i] = m->providers[i].name;
		buf_fmt(&hint, "%s%s", i ? ", " : "", names[i]);
	}
	buf_fmt(&hint, "; %s", advice);
	const char *near = nearest_word(name, names, m->providers_count);
	cleanup_free char *word = excerpt(name);
	return error_set(c->err, EINVAL, hint.data, "unknown provider \"%s\"%s%s%s", word,
	                 near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Names, ids and aliases of the rows (of one provider, if it is not NULL); only the array is owned. */
static const char **model_words(const struct models *m, const char *provider, bool names_only, size_t *count)
{
	const char **words = xcalloc(1, sizeof(*words));

	*count = 0;
	for (size_t i = 0; i < m->models_count; i++) {
		const struct model *row = &m->models[i];
		size_t aliases = 0;

		if (provider && strcasecmp(row->provider, provider))
			continue;
		while (row->aliases[aliases])
			aliases++;
		words = xrealloc(words, (*count + 2 + aliases) * sizeof(*words));
		words[(*count)++] = row->name;
		if (names_only)
			continue;
		words[(*count)++] = row->id;
		for (size_t a = 0; a < aliases; a++)
			words[(*count)++] = row->aliases[a];
	}
	return words;
}

/* `a, b, c`, each once. */
static char *list_models(const struct models *m, const char *provider)
{
	size_t count;
	cleanup_free const char **names = model_words(m, provider, true, &count);
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = !strcasecmp(names[k], names[i]);
		if (!seen)
			buf_fmt(&b, "%s%s", b.len ? ", " : "", names[i]);
	}
	return buf_steal(&b);
}

static int refuse_model(const struct choice *c)
{
	size_t count;
	cleanup_free const char **words = model_words(c->models, c->provider, false, &count);
	cleanup_free char *all = list_models(c->models, c->provider);
	cleanup_free char *advice = settings_hint(c->s, SET_MODEL);
	cleanup_free char *hint = xasprintf("the models are %s (`easelfs models` shows what they take); %s",
	                                    all, advice);
	const char *near = nearest_word(c->word, words, count);
	const struct provider *namesake = models_provider(c->models, c->word);

	if (namesake) {
		cleanup_free char *instead = xasprintf("write provider: %s", namesake->name);

		return error_set(c->err, EINVAL, instead, "unknown model \"%s\": %s is a provider", c->word,
		                 namesake->name);
	}
	if (c->stand_in && models_model(c->models, c->word, NULL))
		return error_set(c->err, EINVAL, "`provider: sandbox` takes every model",
		                 "provider \"%s\" does not stand in for the provider of model \"%s\"",
		                 c->stand_in->name, c->word);
	if (near)
		return error_set(c->err, EINVAL, hint, "unknown model \"%s\": did you mean \"%s\"?", c->word, near);
	if (c->provider && models_model(c->models, c->word, NULL))
		return error_set(c->err, EINVAL, NULL, "provider \"%s\" does not offer model \"%s\": it offers %s",
		                 c->provider, c->word, *all ? all : "none that is known");
	cleanup_free char *word = excerpt(c->word);
	return error_set(c->err, EINVAL, hint, "unknown model \"%s\"", word);
}

/* 0: there is one (or none is needed).  -ENOKEY: none.  -EACCES: one that may not be used. */
static int find_key(const struct provider *p, struct error *err)
{
	char *key;
	int rc = provider_key(p, &key, err);

	key_free(key);
	return rc;
}

/* Whether the row is taken; if not for want of a key, it is remembered. */
static bool consider(struct choice *c, const struct model *row)
{
	const struct provider *p = models_provider(c->models, row->provider);

	if (c->provider && strcasecmp(row->provider, c->provider))
		return false;
	if (c->stand_in && models_sandbox(c->models, p) != c->stand_in)
		return false;
	if (!c->first)
		c->first = row;
	if (c->sandbox || find_key(p, NULL) != -ENOKEY)
		c->found = row;
	return c->found != NULL;
}

/* A provider without keys is always ready, so it must be named to be the default. */
static bool may_be_default(const struct choice *c, const struct model *row)
{
	const struct provider *p = models_provider(c->models, row->provider);

	return c->provider || c->sandbox || row->chosen || p->auth != AUTH_NONE;
}

enum match { MATCH_CHOSEN, MATCH_NAME, MATCH_ID, MATCH_ALIAS, MATCH_NONE };

/* How the row answers to the word; the configuration's word comes before all. */
static enum match match(const struct model *row, const char *word)
{
	if (!strcasecmp(row->name, word))
		return row->chosen ? MATCH_CHOSEN : MATCH_NAME;
	if (!strcasecmp(row->id, word))
		return MATCH_ID;
	return list_has(row->aliases, word) ? MATCH_ALIAS : MATCH_NONE;
}

static void choose_by_word(struct choice *c)
{
	for (int want = MATCH_CHOSEN; want < MATCH_NONE; want++) {
		for (size_t i = 0; i < c->models->models_count; i++)
			if ((int)match(&c->models->models[i], c->word) == want && consider(c, &c->models->models[i]))
				return;
		if (want == MATCH_CHOSEN && c->first)
			return;
	}
}

static void choose_default(struct choice *c)
{
	for (size_t i = 0; i < c->models->models_count; i++) {
		const struct model *row = &c->models->models[i];

		if (may_be_default(c, row) && !model_is_gone(row) && consider(c, row))
			return;
	}
}

/* Nobody has a key: all variables that would do. */
static int refuse_no_key(const struct choice *c)
{
	cleanup_buf struct buf hint = BUF_INIT;

	buf_str(&hint, "set one of");
	for (size_t i = 0; i < c->models->providers_count; i++) {
		const struct provider *p = &c->models->providers[i];
		cleanup_free char *name = NULL;

		if (p->auth == AUTH_NONE || !p->key_env || provider_is_sandbox(c->models, p))
			continue;
		for (const char *at = p->key_env; (name = next_word(&at)); cleanup_free_(&name))
			buf_fmt(&hint, " %s", name);
	}
	buf_str(&hint, ", or name a file with the key as `key-file` in [provider NAME] of the configuration; "
	               "-o sandbox needs none");
	return error_set(c->err, ENOKEY, hint.data, "no provider has an API key");
}

static int choose(struct choice *c)
{
	if (c->provider && !models_provider(c->models, c->provider))
		return refuse_provider(c);
	if (c->word)
		choose_by_word(c);
	else
		choose_default(c);
	if (!c->first && c->word)
		return refuse_model(c);
	if (!c->found && !c->word && !c->provider)
		return refuse_no_key(c);
	if (!c->first)
		return error_set(c->err, EINVAL, "add a section [model NAME] with `provider` and `id`",
		                 "no model of the provider \"%s\" is known",
		                 c->stand_in ? c->stand_in->name : c->provider);
	const struct model *row = c->found ? c->found : c->first;
	if (!c->sandbox && find_key(models_provider(c->models, row->provider), c->err)) {
		/* One that may not be used is none, too: it stops prompts instead of failing them. */
		if (c->err)
			c->err->code = ENOKEY;
		return -ENOKEY;
	}
	c->found = row;
	return 0;
}

/* The prompt as it is sent: no BOM, LF, nothing blank at its end. */
static char *clean_prompt(const char *prompt)
{
	struct buf b = BUF_INIT;

	if (str_starts_with(prompt, "\xef\xbb\xbf"))
		prompt += 3;
	for (; *prompt; prompt++)
		if (prompt[0] != '\r' || prompt[1] != '\n')
			buf_chr(&b, *prompt);
	while (b.len && strchr(" \t\r\n", b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	return buf_steal(&b);
}

/* Code points, or -1 if it is not UTF-8. */
static int64_t count_chars(const char *text)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text), step;
	utf8proc_int32_t point;
	int64_t chars = 0;

	for (; left > 0; left -= step, at += step, chars++) {
		step = utf8proc_iterate(at, left, &point);
		if (step < 1)
			return -1;
	}
	return chars;
}

static int check_prompt(const struct request *r, const char *said, struct error *err)
{
	int64_t chars = count_chars(r->prompt);

	if (chars < 0)
		return error_set(err, EINVAL, "save the file as UTF-8", "the prompt is not UTF-8");
	if (!chars)
		return error_set(err, EINVAL, "write what the picture shows below the headers", "the prompt is empty");
	if (r->model->prompt_chars && (uint64_t)chars > r->model->prompt_chars)
		return error_set(err, EINVAL, "shorten the prompt, or choose another model",
		                 "model \"%s\" takes prompts of up to %llu characters, and this one has %lld", said,
		                 (unsigned long long)r->model->prompt_chars, (long long)chars);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void take_metadata(struct request *r, const struct settings *s)
{
	r->metadata = xcalloc(s->metadata_count, sizeof(*r->metadata));
	for (size_t i = 0; i < s->metadata_count; i++) {
		if (!*s->metadata[i].json)
			continue;
		r->metadata[r->metadata_count].name = xstrdup(s->metadata[i].name);
		r->metadata[r->metadata_count++].json = xstrdup(s->metadata[i].json);
	}
	/* The name is the first member; a fixed order makes equal requests equal bytes. */
	qsort(r->metadata, r->metadata_count, sizeof(*r->metadata), by_name);
}

static void take_pixels(struct request *r)
{
	const struct pixels *x = r->ratio ? model_pixels(r->model, r->ratio, r->resolution) : NULL;

	r->width = x ? x->width : 0;
	r->height = x ? x->height : 0;
}

static int fill(struct request *r, const struct choice *c, const struct settings *s, const char *prompt)
{
	const struct judge j = { .r = r, .m = c->found, .said = c->word ? c->word : c->found->name,
	                         .s = s, .err = c->err };
	int rc = judge_settings(&j);

	if (rc)
		return rc;
	r->prompt = clean_prompt(prompt);
	rc = check_prompt(r, j.said, c->err);
	if (rc)
		return rc;
	take_metadata(r, s);
	take_pixels(r);
	r->share = r->candidates > 0 ? 1 : r->model->n_max;
	r->wire = xstrdup(r->provider->wire);
	return 0;
}

static int provider_ready(const struct models *m, const struct provider *p, bool sandbox, struct error *err)
{
	if (*p->url || sandbox)
		return 0;
	if (provider_is_sandbox(m, p))
		return error_set(err, EINVAL, "mount with -o sandbox", "the sandbox is not running");
	return error_set(err, EINVAL, "add `url = https://…` to its section in the configuration",
	                 "the provider \"%s\" has no url", p->name);
}

int request_resolve(struct models *models, const struct settings *s, const char *prompt, bool sandbox,
                    struct request *out, struct error *err)
{
	struct choice c = { .models = models, .word = setting_value(s, SET_MODEL),
	                    .provider = setting_value(s, SET_PROVIDER), .s = s, .err = err };
	const struct provider *asked = c.provider ? models_provider(models, c.provider) : NULL;
	bool named = asked && provider_is_sandbox(models, asked);

	*out = (struct request){ 0 };
	c.sandbox = sandbox || named;
	if (named) {
		c.stand_in = asked->like ? asked : NULL;
		c.provider = NULL;
	}
	int rc = choose(&c);
	if (rc)
		return rc;
	const struct provider *p = models_provider(models, c.found->provider);
	if (c.sandbox)
		p = models_sandbox(models, p);
	rc = provider_ready(models, p, sandbox, err);
	if (rc)
		return rc;
	request_init(out);
	out->models = models_ref(models);
	out->model = c.found;
	out->provider = p;
	out->by_default = !c.word;
	rc = fill(out, &c, s, prompt);
	if (rc)
		request_release(out);
	return rc;
}

int request_check_values(const struct settings *s, struct error *err)
{
	cleanup_request struct request r;
	const struct judge j = { .r = &r, .s = s, .err = err };

	request_init(&r);
	return judge_settings(&j);
}

/* With that row's name and provider in place of what `s` says. */
static bool row_takes(struct models *models, const struct model *row, const struct settings *s)
{
	cleanup_settings struct settings with = { 0 };
	cleanup_request struct request r;

	settings_set(&with, "model", row->name, NULL);
	settings_set(&with, "provider", row->provider, NULL);
	settings_inherit(&with, s);
	return !request_resolve(models, &with, "x", true, &r, NULL);
}

/* Whether there is such a model and provider at all; that there is no key says nothing. */
static int check_names(struct models *models, const struct settings *s, bool sandbox, struct error *err)
{
	cleanup_settings struct settings names = { 0 };
	cleanup_request struct request r;
	cleanup_error struct error inner = ERROR_INIT;

	for (int i = SET_MODEL; i <= SET_PROVIDER; i++) {
		names.value[i] = xstrdup(s->value[i]);
		names.origin[i] = xstrdup(s->origin[i]);
	}
	if (request_resolve(models, &names, "x", sandbox, &r, &inner) != -EINVAL)
		return 0;
	return error_set(err, inner.code, inner.hint, "%s", inner.text);
}

int request_check_defaults(struct models *models, const struct settings *s, bool sandbox, struct error *err)
{
	cleanup_request struct request r = { 0 };
	int rc = check_names(models, s, sandbox, err);

	if (rc)
		return rc;
	rc = request_resolve(models, s, "x", sandbox, &r, err);
	if (rc == -ENOKEY) {
		error_clear(err);
		return request_check_values(s, err);
	}
	for (size_t i = 0; rc && i < models->models_count; i++)
		if (row_takes(models, &models->models[i], s))
			return 1;
	return rc;
}

static int check_address(const struct request *r, const struct reference *ref, struct error *err)
{
	if (r->provider->ref_urls)
		return 0;
	return error_set(err, EINVAL, "save the picture in the mount, and name the file",
	                 "the provider %s does not fetch references from an address such as \"%s\"", r->provider->name,
	                 ref->name);
}

static int check_reference(const struct request *r, const struct reference *ref, struct error *err)
{
	const char *mime = ref->mime ? ref->mime : "";
	const char *format = str_starts_with(mime, "image/") ? mime + 6 : mime;

	if (ref->is_url)
		return check_address(r, ref, err);
	if (r->provider->upload_path && !*r->provider->upload_path)
		return error_set(err, EINVAL, "put the picture where the provider can fetch it, and give its https:// address",
		                 "the provider %s takes references by their address only, and \"%s\" is a file",
		                 r->provider->name, ref->name);
	if (!list_has(r->model->ref_formats, format)) {
		cleanup_free char *formats = join(r->model->ref_formats);
		return error_set(err, EINVAL, "convert the picture, or leave it out",
		                 "model \"%s\" does not take the reference \"%s\" (%s): it takes %s", r->model->name,
		                 ref->name, *format ? format : "no picture", formats);
	}
	if (!ref->size)
		return error_set(err, EINVAL, NULL, "the reference \"%s\" is empty", ref->name);
	if (ref->size > r->provider->ref_bytes)
		return error_set(err, EINVAL, "make the picture smaller, or give its address instead",
		                 "the provider %s takes references of up to %.1f MB, and \"%s\" has %.1f MB",
		                 r->provider->name, (double)r->provider->ref_bytes / 1e6, ref->name,
		                 (double)ref->size / 1e6);
	return 0;
}

int request_check_references(const struct request *r, struct error *err)
{
	if (r->references_count && !r->model->refs_max)
		return error_set(err, EINVAL, "leave the references out, or choose another model",
		                 "model \"%s\" does not take references", r->model->name);
	if (r->references_count > r->model->refs_max)
		return error_set(err, EINVAL, "leave some of them out",
		                 "model \"%s\" takes up to %u references, and these are %zu or more",
		                 r->model->name, r->model->refs_max, r->references_count);
	for (size_t i = 0; i < r->references_count; i++) {
		int rc = check_reference(r, &r->references[i], err);
		if (rc)
			return rc;
	}
	return 0;
}

unsigned request_tasks(const struct request *r)
{
	return (r->n + r->share - 1) / r->share;
}

unsigned request_share(const struct request *r, unsigned index)
{
	if (r->candidates > 0)
		return (unsigned)r->candidates;
	unsigned before = (index - 1) * r->share;
	unsigned left = r->n > before ? r->n - before : 1;
	return left < r->share ? left : r->share;
}

unsigned request_pictures(const struct request *r)
{
	return r->candidates > 0 ? r->n * (unsigned)r->candidates : r->n;
}

void request_release(struct request *r)
{
	char *texts[] = { r->prompt, r->system, r->ratio, r->resolution, r->modalities, r->format,
	                  r->thinking_level, r->note, r->wire };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < r->metadata_count; i++) {
		free(r->metadata[i].name);
		free(r->metadata[i].json);
	}
	free(r->metadata);
	for (size_t i = 0; i < r->references_count; i++) {
		free(r->references[i].name);
		free(r->references[i].mime);
	}
	free(r->references);
	models_unref(r->models);
	*r = (struct request){ 0 };
}
