#include "models_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* models.ini, embedded by the Makefile. */
extern const char models_ini[], models_ini_end[];

/* A section's lines, kept until the section ends: which row they are for depends on all of them. */
struct line { char *name, *value; int number; };
struct section { char *title; int number; struct line *lines; size_t count; };

/* Which keys a provider's sections have set: the others come from the row that it is like. */
enum { PROVIDER_KEYS_MAX = 64 };
struct origin { bool set[PROVIDER_KEYS_MAX], visited, done; };

struct pixel_table { char *name; struct pixels *list; size_t count; };

struct loader {
	struct models *m;
	struct origin *origins;       /* one for each of m->providers */
	struct pixel_table *tables; size_t tables_count;
	const char *file;
	bool builtin;
	struct error *err;
};

static const char *const section_kinds[] = { "defaults", "provider", "model", "pixels" };

static void section_clear(struct section *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->lines[i].name);
		free(s->lines[i].value);
	}
	free(s->lines);
	free(s->title);
	*s = (struct section){ 0 };
}

static void loader_release(struct loader *l)
{
	for (size_t t = 0; t < l->tables_count; t++) {
		for (size_t i = 0; i < l->tables[t].count; i++) {
			free(l->tables[t].list[i].ratio);
			free(l->tables[t].list[i].resolution);
		}
		free(l->tables[t].list);
		free(l->tables[t].name);
	}
	free(l->tables);
	free(l->origins);
}

/* The value of a key in the section, or NULL. */
static const char *section_value(const struct section *s, const struct key_table *t, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct key *k = key_by_name(t, s->lines[i].name);

		if (k && !strcmp(k->name, name))
			return s->lines[i].value;
	}
	return NULL;
}

static int refuse_key(struct loader *l, const struct line *line, const struct key_table *t, bool like)
{
	const char *names[PROVIDER_KEYS_MAX];
	size_t count = 0;
	cleanup_buf struct buf all = BUF_INIT;

	buf_str(&all, "the keys are ");
	for (size_t i = 0; i < t->count; i++)
		names[count++] = t->keys[i].name;
	if (like)
		names[count++] = "like";
	for (size_t i = 0; i < count; i++)
		buf_fmt(&all, "%s%s", i ? ", " : "", names[i]);
	/* A key in a file that others may read would be nobody's secret. */
	if (!strcasecmp(line->name, "key") || !strcasecmp(line->name, "api-key") || !strcasecmp(line->name, "api_key"))
		return error_set(l->err, EINVAL, "write it alone into a file, chmod 600, and name that as key-file; or its variable as key-env",
		                 "%s:%d: a key does not stand here", l->file, line->number);
	const char *near = nearest_word(line->name, names, count);
	if (near)
		return error_set(l->err, EINVAL, NULL, "%s:%d: unknown key \"%s\": did you mean \"%s\"?", l->file,
		                 line->number, line->name, near);
	return error_set(l->err, EINVAL, all.data, "%s:%d: unknown key \"%s\"", l->file, line->number,
	                 line->name);
}

static bool is_like(const struct line *line)
{
	return !strcasecmp(line->name, "like");
}

/* Every name is a key, and none stands there twice. */
static int check_keys(struct loader *l, const struct section *s, const struct key_table *t, bool like)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct line *line = &s->lines[i];
		const struct key *k = key_by_name(t, line->name);

		if (!k && !(like && is_like(line)))
			return refuse_key(l, line, t, like);
		for (size_t j = 0; j < i; j++)
			if (k ? key_by_name(t, s->lines[j].name) == k : is_like(&s->lines[j]))
				return error_set(l->err, EINVAL, "keep one of the two lines",
				                 "%s:%d: \"%s\" is set twice in [%s]", l->file, line->number,
				                 line->name, s->title);
	}
	return 0;
}

/* A file is named as from the configuration's folder, wherever who reads it stands; the caller frees. */
static char *value_of(const struct loader *l, const struct key *k, const char *value)
{
	const char *slash = strrchr(l->file, '/');

	if (k->kind != KEY_PATH || !*value || *value == '/' || *value == '~' || !slash)
		return xstrdup(value);
	return xasprintf("%.*s/%s", (int)(slash - l->file), l->file, value);
}

static int apply_keys(struct loader *l, const struct section *s, const struct key_table *t, void *row)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct key *k = key_by_name(t, s->lines[i].name);
		cleanup_free char *value = k ? value_of(l, k, s->lines[i].value) : NULL;
		const char *takes = k ? key_read(row, k, value) : NULL;

		if (takes)
			return error_set(l->err, EINVAL, NULL, "%s:%d: \"%s\" does not take \"%s\": it takes %s",
			                 l->file, s->lines[i].number, k->name, s->lines[i].value, takes);
	}
	return 0;
}

static struct provider *add_provider(struct loader *l, const char *name)
{
	struct models *m = l->m;
	size_t count = m->providers_count + 1;

	m->providers = xrealloc(m->providers, count * sizeof(*m->providers));
	l->origins = xrealloc(l->origins, count * sizeof(*l->origins));
	l->origins[m->providers_count] = (struct origin){ 0 };
	struct provider *p = &m->providers[m->providers_count++];
	*p = (struct provider){ .name = xstrdup(name), .wire = xstrdup("task"), .first_look = 2, .poll_min = 2,
	                        .poll_max = 60, .ref_bytes = 10000000, .picture_bytes = 256 << 20,
	                        .upload_ttl = 43200, .ref_urls = true,
	                        .user_agent = xstrdup("easelfs") };
	return p;
}

static void note_keys(struct loader *l, const struct section *s, struct provider *p)
{
	struct origin *origin = &l->origins[p - l->m->providers];

	for (size_t i = 0; i < s->count; i++) {
		const struct key *k = key_by_name(&provider_keys, s->lines[i].name);

		if (k) {
			origin->set[k - provider_keys.keys] = true;
			continue;
		}
		free(p->like);
		p->like = *s->lines[i].value ? xstrdup(s->lines[i].value) : NULL;
	}
}

static int load_provider(struct loader *l, const struct section *s, const char *name)
{
	struct provider *p = (struct provider *)models_provider(l->m, name);

	if (check_keys(l, s, &provider_keys, true))
		return -EINVAL;
	if (!p)
		p = add_provider(l, name);
	note_keys(l, s, p);
	/* Uploads go to the new address, too: its key is nobody else's business. */
	if (section_value(s, &provider_keys, "url"))
		key_read(p, key_by_name(&provider_keys, "upload-url"), "");
	return apply_keys(l, s, &provider_keys, p);
}

/* A row with nothing known about it: what most models can do. */
static void model_init(struct model *m)
{
	static const struct { const char *key, *value; } sane[] = {
		{ "ratios", "1:1 3:2 2:3 3:4 4:3 4:5 5:4 9:16 16:9 21:9" }, { "resolutions", "" },
		{ "aliases", "" }, { "thinking", "" }, { "formats", "" }, { "quality-formats", "jpeg" }, { "search", "" }, { "narrow", "" },
		{ "n-max", "1" }, { "refs-max", "14" }, { "ref-formats", "jpeg png webp" },
		{ "resolution-key", "metadata.resolution" }, { "refs-key", "image_urls" },
	};

	*m = (struct model){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(sane); i++)
		key_read(m, key_by_name(&model_keys, sane[i].key), sane[i].value);
}

/* Room for a row at `at`; rows behind it move. */
static struct model *insert_model(struct models *m, size_t at)
{
	m->models = xrealloc(m->models, (m->models_count + 1) * sizeof(*m->models));
	memmove(&m->models[at + 1], &m->models[at], (m->models_count - at) * sizeof(*m->models));
	m->models_count++;
	m->models[at] = (struct model){ 0 };
	return &m->models[at];
}

/* Before the first row of that name, so that the configuration's word comes first; else at the end. */
static size_t place_for(const struct models *m, const char *name)
{
	for (size_t i = 0; i < m->models_count; i++)
		if (!strcasecmp(m->models[i].name, name))
			return i;
	return m->models_count;
}

/* A new row `name` at `provider`, begun as a copy of base (NULL: of nothing). */
static int add_model(struct loader *l, const struct section *s, const char *name,
                     const char *provider, const struct model *base)
{
	size_t at = l->builtin ? l->m->models_count : place_for(l->m, name);
	struct model row;

	if (base)
		model_copy(&row, base);
	else
		model_init(&row);
	key_read(&row, key_by_name(&model_keys, "aliases"), "");
	key_read(&row, key_by_name(&model_keys, "id"), name);
	key_read(&row, key_by_name(&model_keys, "provider"), provider);
	row.name = xstrdup(name);
	row.chosen = !l->builtin && section_value(s, &model_keys, "provider");
	*insert_model(l->m, at) = row;
	return apply_keys(l, s, &model_keys, &l->m->models[at]);
}

/* One row for each provider that offers what the section names without saying where. */
static int add_everywhere(struct loader *l, const struct section *s, const char *name,
                          const char *wanted)
{
	bool any = false;

	/* Where the word is an alias, the provider knows it by another id. */
	for (size_t i = 0; i < l->m->providers_count; i++) {
		const char *provider = l->m->providers[i].name;
		const struct model *base = models_model(l->m, wanted, provider);

		if (!base)
			continue;
		any = true;
		cleanup_free char *id = list_has(base->aliases, wanted) ? xstrdup(base->id) : NULL;
		if (add_model(l, s, name, provider, base))
			return -EINVAL;
		if (id)
			key_read((struct model *)models_model(l->m, name, provider), key_by_name(&model_keys, "id"), id);
	}
	if (any)
		return 0;
	return error_set(l->err, EINVAL, "add `provider = NAME` to the section",
	                 "%s:%d: [model %s] does not say which provider has it", l->file,
	                 s->lines[0].number, name);
}

/* The rows of that name (at that provider, if one is said): 1 when there were some. */
static int override_models(struct loader *l, const struct section *s, const char *name,
                           const char *provider)
{
	int found = 0;

	for (size_t i = 0; i < l->m->models_count; i++) {
		struct model *row = &l->m->models[i];

		if (strcasecmp(row->name, name) || (provider && strcasecmp(row->provider, provider)))
			continue;
		found = 1;
		if (provider && !l->builtin)
			row->chosen = true;
		if (apply_keys(l, s, &model_keys, row))
			return -EINVAL;
	}
	return found;
}

static int load_model(struct loader *l, const struct section *s, const char *name)
{
	const char *provider = section_value(s, &model_keys, "provider");
	const char *id = section_value(s, &model_keys, "id"), *like = NULL;
	const struct model *base = NULL;

	if (check_keys(l, s, &model_keys, true))
		return -EINVAL;
	for (size_t i = 0; i < s->count; i++)
		if (is_like(&s->lines[i]))
			like = s->lines[i].value;
	if (!like) {
		int found = override_models(l, s, name, provider);
		if (found)
			return found < 0 ? found : 0;
	}
	if (like) {
		base = models_model(l->m, like, provider);
		if (!base)
			base = models_model(l->m, like, NULL);
		if (!base)
			return error_set(l->err, EINVAL, NULL, "%s:%d: there is no model \"%s\" above to be like",
			                 l->file, s->lines[0].number, like);
		cleanup_free char *where = xstrdup(provider ? provider : base->provider);
		return add_model(l, s, name, where, base);
	}
	if (!provider)
		return add_everywhere(l, s, name, id ? id : name);
	return add_model(l, s, name, provider, models_model(l->m, id ? id : name, provider));
}

static struct pixel_table *table_of(struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->tables_count; i++)
		if (!strcasecmp(l->tables[i].name, name))
			return &l->tables[i];
	return NULL;
}

static void drop_resolution(struct pixel_table *t, const char *resolution)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (same_resolution(t->list[i].resolution, resolution)) {
			free(t->list[i].ratio);
			free(t->list[i].resolution);
		} else {
			t->list[kept++] = t->list[i];
		}
	}
	t->count = kept;
}

/* `1:1 1024x1024, 16:9 1792x1024` */
static int load_pixel_line(struct loader *l, struct pixel_table *t, const struct line *line)
{
	const char *resolution = strcasecmp(line->name, "any") ? line->name : "";
	const char *at = line->value;
	cleanup_free char *ratio = NULL;

	drop_resolution(t, resolution);
	for (; (ratio = next_word(&at)); cleanup_free_(&ratio)) {
		cleanup_free char *size = next_word(&at);
		unsigned width, height;
		char rest;

		if (!size || sscanf(size, "%5ux%5u%c", &width, &height, &rest) != 2 || !is_ratio(ratio))
			return error_set(l->err, EINVAL, NULL, "%s:%d: pixels are written `1:1 1024x1024, 3:2 1536x1024`",
			                 l->file, line->number);
		t->list = xrealloc(t->list, (t->count + 1) * sizeof(*t->list));
		t->list[t->count++] = (struct pixels){ xstrdup(ratio), xstrdup(resolution), width, height };
	}
	return 0;
}

static int load_pixels(struct loader *l, const struct section *s, const char *name)
{
	struct pixel_table *t = table_of(l, name);

	if (!t) {
		l->tables = xrealloc(l->tables, (l->tables_count + 1) * sizeof(*l->tables));
		t = &l->tables[l->tables_count++];
		*t = (struct pixel_table){ .name = xstrdup(name) };
	}
	for (size_t i = 0; i < s->count; i++)
		if (load_pixel_line(l, t, &s->lines[i]))
			return -EINVAL;
	return 0;
}

static int refuse_section(struct loader *l, const struct section *s, const char *kind)
{
	const char *near = nearest_word(kind, section_kinds, ARRAY_LEN(section_kinds));

	return error_set(l->err, EINVAL,
	                 "sections are [defaults], [provider NAME], [model NAME] and [pixels NAME]",
	                 "%s:%d: unknown section [%s]%s%s%s", l->file, s->lines[0].number, s->title,
	                 near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int load_section(struct loader *l, const struct section *s)
{
	const char *at = s->title;
	cleanup_free char *kind = at ? next_word(&at) : NULL;
	cleanup_free char *name = at ? next_word(&at) : NULL;
	cleanup_free char *more = at ? next_word(&at) : NULL;

	/* What stands before any section belongs to those who read [defaults]. */
	if (!kind || !strcasecmp(kind, "defaults"))
		return 0;
	bool provider = !strcasecmp(kind, "provider"), model = !strcasecmp(kind, "model");
	if (!provider && !model && strcasecmp(kind, "pixels"))
		return refuse_section(l, s, kind);
	if (!name || more)
		return error_set(l->err, EINVAL, "names have no blanks in them",
		                 "%s:%d: [%s] is written [%s NAME]", l->file, s->lines[0].number, s->title,
		                 kind);
	if (provider)
		return load_provider(l, s, name);
	return model ? load_model(l, s, name) : load_pixels(l, s, name);
}

static void section_add(struct section *s, struct nv *r)
{
	if (!s->title)
		s->title = xstrdup(r->section);
	s->number = r->section_line;
	s->lines = xrealloc(s->lines, (s->count + 1) * sizeof(*s->lines));
	s->lines[s->count++] = (struct line){ xstrdup(r->name), xstrdup(r->value), r->line };
}

static int load_text(struct loader *l, const char *text, size_t len)
{
	struct nv r;
	struct section s = { 0 };
	struct error bad = ERROR_INIT;
	int rc, failed = 0;

	nv_init(&r, text, len, NV_CONFIG);
	while ((rc = nv_next(&r, &bad)) > 0 && !failed) {
		if (s.count && s.number != r.section_line) {
			failed = load_section(l, &s);
			section_clear(&s);
		}
		section_add(&s, &r);
	}
	if (rc < 0 && !failed)
		failed = error_set(l->err, EINVAL, bad.hint, "%s: %s", l->file, bad.text);
	if (!failed && s.count)
		failed = load_section(l, &s);
	error_clear(&bad);
	section_clear(&s);
	nv_release(&r);
	return failed;
}

/* Whether the row has that key from a section of its own. */
static bool is_set(const struct loader *l, size_t provider, const char *name)
{
	return l->origins[provider].set[key_by_name(&provider_keys, name) - provider_keys.keys];
}

static void take_after(struct loader *l, size_t at, const struct provider *base)
{
	struct provider *p = &l->m->providers[at];
	bool own_url = is_set(l, at, "url");
	bool other_wire = is_set(l, at, "wire") && strcmp(p->wire, base->wire);

	for (size_t i = 0; i < provider_keys.count; i++) {
		const struct key *k = &provider_keys.keys[i];

		if (!l->origins[at].set[i] && !(own_url && k->tie == TIED_TO_URL) &&
		    !(other_wire && k->tie == TIED_TO_WIRE))
			key_copy(p, base, k);
	}
}

/* After all sections, so that what a row is like may be changed below it: `-o sandbox` does. */
static int resolve_like(struct loader *l, size_t at)
{
	struct provider *p = &l->m->providers[at];
	struct origin *origin = &l->origins[at];
	const struct provider *base = p->like ? models_provider(l->m, p->like) : NULL;

	if (origin->done || !p->like)
		return 0;
	if (!base)
		return error_set(l->err, EINVAL, NULL, "%s: [provider %s] is like \"%s\", which is not there", l->file,
		                 p->name, p->like);
	if (origin->visited)
		return error_set(l->err, EINVAL, "let one of them stand on its own",
		                 "%s: [provider %s] is like itself, by way of \"%s\"", l->file, p->name, p->like);
	origin->visited = true;
	if (resolve_like(l, (size_t)(base - l->m->providers)))
		return -EINVAL;
	take_after(l, at, base);
	origin->done = true;
	return 0;
}

/* The name of an address's host, without port; the caller frees. */
static char *host_of(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return xstrndup(host, strcspn(host, ":/?#"));
}

/* files-api.evolink.ai and api.evolink.ai; numbers and names without dots are their own. */
static bool same_domain(const char *a, const char *b)
{
	cleanup_free char *x = host_of(a), *y = host_of(b);
	const char *px = strchr(x, '.'), *py = strchr(y, '.');

	if (!strcasecmp(x, y))
		return true;
	return px && py && strchr(px + 1, '.') && !strchr("0123456789", x[strlen(x) - 1]) && !strcasecmp(px, py) &&
	       !strchr(a, '@') && !strchr(b, '@');
}

/* The key goes to both. */
static int check_upload_url(struct loader *l, const struct provider *p)
{
	bool plain = str_starts_with(p->url, "https:") && !str_starts_with(p->upload_url, "https:");

	if (!plain && same_domain(p->url, p->upload_url))
		return 0;
	return error_set(l->err, EINVAL, "leave it out, and uploads go to url",
	                 "%s: [provider %s] has the upload-url %s: the key of %s is sent to its own domain only%s",
	                 l->file, p->name, p->upload_url, p->url, plain ? ", by https" : "");
}

static int finish_provider(struct loader *l, struct provider *p)
{
	static const struct { size_t at; const char *task, *gemini, *openai; } paths[] = {
		{ offsetof(struct provider, submit_path), "/v1/images/generations",
		  "/v1beta/models/{model}:generateContent", "/v1/images/generations" },
		{ offsetof(struct provider, edit_path), NULL, NULL, "/v1/images/edits" },
		{ offsetof(struct provider, poll_path), "/v1/images/generations/{id}", NULL, NULL },
		{ offsetof(struct provider, upload_path), "/v1/uploads/images", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char **path = (char **)((char *)p + paths[i].at);

		if (!*path)
			*path = xstrdup(!strcmp(p->wire, "task") ? paths[i].task :
			                !strcmp(p->wire, "gemini") ? paths[i].gemini : paths[i].openai);
	}
	if (!p->url)
		p->url = xstrdup("");
	return p->upload_url ? check_upload_url(l, p) : 0;
}

/* The model's own spelling of a resolution ("" where it has no choice), or NULL. */
static const char *spelling(const struct model *m, const char *resolution)
{
	if (!*resolution)
		return *m->resolutions ? NULL : "";
	for (char **r = m->resolutions; *r; r++)
		if (same_resolution(*r, resolution))
			return *r;
	return NULL;
}

static void take_pixels(struct model *m, const struct pixel_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *resolution = spelling(m, t->list[i].resolution);

		if (!resolution || !list_has(m->ratios, t->list[i].ratio))
			continue;
		m->pixels = xrealloc(m->pixels, (m->pixels_count + 1) * sizeof(*m->pixels));
		m->pixels[m->pixels_count++] = (struct pixels){ xstrdup(t->list[i].ratio), xstrdup(resolution),
		                                                t->list[i].width, t->list[i].height };
	}
}

/* Headers that a wire has no place for: they are refused, whatever the row says, and never just left out. */
static void mask_takes(const struct loader *l, struct model *m)
{
	static const struct { const char *wire; enum setting lacks; } masks[] = {
		{ "task", SET_SYSTEM }, { "task", SET_CANDIDATES }, { "task", SET_MODALITIES },
		{ "openai", SET_SYSTEM }, { "openai", SET_TEMPERATURE }, { "openai", SET_TOP_P }, { "openai", SET_TOP_K },
		{ "openai", SET_MAX_OUTPUT_TOKENS }, { "openai", SET_CANDIDATES }, { "openai", SET_MODALITIES },
		{ "openai", SET_PEOPLE }, { "openai", SET_SAFETY }, { "openai", SET_THINKING }, { "openai", SET_SEARCH },
	};
	const char *wire = models_provider(l->m, m->provider)->wire;

	for (size_t i = 0; i < ARRAY_LEN(masks); i++)
		if (!strcmp(masks[i].wire, wire))
			m->takes[masks[i].lacks] = false;
}

static int finish_model(struct loader *l, struct model *m)
{
	static const int always[] = { SET_MODEL, SET_PROVIDER, SET_N, SET_REUSE };
	const struct pixel_table *t = m->pixels_table ? table_of(l, m->pixels_table) : NULL;

	if (!m->provider || !models_provider(l->m, m->provider))
		return error_set(l->err, EINVAL, "add a section [provider NAME] with its wire and url",
		                 "%s: [model %s] is at the provider \"%s\", which is not there", l->file, m->name,
		                 m->provider ? m->provider : "");
	if (m->pixels_table && !t)
		return error_set(l->err, EINVAL, "add a section [pixels NAME]",
		                 "%s: [model %s] names the table [pixels %s], which is not there", l->file,
		                 m->name, m->pixels_table);
	if (!m->id)
		m->id = xstrdup(m->name);
	if (m->default_resolution && !spelling(m, m->default_resolution)) {
		free(m->default_resolution);
		m->default_resolution = NULL;
	}
	if (!m->n_max)
		m->n_max = 1;
	if (t)
		take_pixels(m, t);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		m->takes[always[i]] = true;
	m->takes[SET_SIZE] = *m->ratios;
	m->takes[SET_RESOLUTION] = *m->resolutions;
	m->takes[SET_REFS] = m->refs_max > 0;
	m->takes[SET_THINKING] = *m->thinking_levels || m->thinking_budget;
	m->takes[SET_SEARCH] = *m->search_kinds;
	mask_takes(l, m);
	return 0;
}

static int load_all(struct loader *l, const char *config, size_t len, const char *config_name)
{
	int rc = load_text(l, models_ini, (size_t)(models_ini_end - models_ini));

	if (rc || !config)
		return rc;
	l->file = config_name;
	l->builtin = false;
	return load_text(l, config, len);
}

struct models *models_load(const char *config, size_t len, const char *config_name, struct error *err)
{
	struct models *m = xcalloc(1, sizeof(*m));
	struct loader l = { .m = m, .file = "models.ini", .builtin = true, .err = err };
	int rc;

	m->refs = 1;
	rc = load_all(&l, config, len, config_name ? config_name : "config");
	for (size_t i = 0; !rc && i < m->providers_count; i++)
		rc = resolve_like(&l, i);
	for (size_t i = 0; !rc && i < m->providers_count; i++)
		rc = finish_provider(&l, &m->providers[i]);
	for (size_t i = 0; !rc && i < m->models_count; i++)
		rc = finish_model(&l, &m->models[i]);
	loader_release(&l);
	if (!rc)
		return m;
	models_unref(m);
	return NULL;
}
