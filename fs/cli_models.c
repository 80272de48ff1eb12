#include "cli_models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "options.h"

static void add_words(struct buf *b, char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		buf_fmt(b, "%s%s", i ? " " : "", words[i]);
}

static void print_words(const char *name, char *const *words)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_words(&b, words);
	if (b.len)
		printf("%-16s %s\n", name, b.data);
}

bool models_has_key(const struct models *all, const char *name)
{
	const struct provider *p = models_provider(all, name);
	char *key = NULL;

	if (!p || provider_key(p, &key, NULL))
		return false;
	key_free(key);
	return true;
}

static void price_text(const struct models *all, const struct model *m, struct buf *out)
{
	double usd = model_price(all, m, m->default_resolution);

	if (usd < 0)
		buf_str(out, "?");
	else
		buf_fmt(out, "%g", usd);
}

static void print_row(const struct models *all, const struct model *m)
{
	cleanup_buf struct buf resolutions = BUF_INIT, price = BUF_INIT;

	add_words(&resolutions, m->resolutions);
	price_text(all, m, &price);
	printf("%-28s %-10s %-4s %9s  %s\n", m->name, m->provider ? m->provider : "-",
	       m->provider && models_has_key(all, m->provider) ? "yes" : "no", price.data,
	       resolutions.len ? resolutions.data : "-");
}

static void print_takes(const struct model *m)
{
	cleanup_buf struct buf b = BUF_INIT;

	for (size_t i = 0; i < SET_COUNT; i++)
		if (m->takes[i])
			buf_fmt(&b, "%s%s", b.len ? " " : "", setting_table[i].name);
	if (b.len)
		printf("%-16s %s\n", "headers", b.data);
}

char *models_header_values(const struct model *m, enum setting which)
{
	cleanup_buf struct buf b = BUF_INIT;

	switch (which) {
	case SET_THINKING:
		add_words(&b, m->thinking_levels);
		if (m->thinking_budget)
			buf_fmt(&b, "%s0 to %ld tokens", b.len ? ", or " : "", m->thinking_budget);
		return buf_steal(&b);
	case SET_SEARCH:
		add_words(&b, m->search_kinds);
		return buf_steal(&b);
	case SET_QUALITY:
		buf_str(&b, "1 to 100, with format ");
		for (size_t i = 0; m->quality_formats[i]; i++)
			buf_fmt(&b, "%s%s", i ? " or " : "", m->quality_formats[i]);
		return buf_steal(&b);
	default:
		return xstrdup(setting_table[which].takes);
	}
}

/* What the headers take that have no line of their own. */
static void print_values(const struct model *m)
{
	for (int i = SET_SYSTEM; i <= SET_SEARCH; i++) {
		if (!m->takes[i] || i == SET_FORMAT)
			continue;
		cleanup_free char *values = models_header_values(m, (enum setting)i);
		printf("%-16s %s\n", setting_table[i].name, values);
	}
}

static void print_trimmed(struct buf *line)
{
	while (line->len && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	puts(line->data);
}

/* The width and height of a ratio at each resolution. */
static void print_sizes_of(const struct model *m, const char *ratio)
{
	cleanup_buf struct buf line = BUF_INIT;
	static char *no_choice[] = { (char *)"", NULL };
	char *const *resolutions = *m->resolutions ? m->resolutions : no_choice;

	buf_fmt(&line, "  %-14s", ratio);
	for (; *resolutions; resolutions++) {
		const struct pixels *x = model_pixels(m, ratio, *resolutions);
		cleanup_free char *size = x ? xasprintf("%ux%u", x->width, x->height) : xstrdup("-");
		buf_fmt(&line, " %-11s", size);
	}
	print_trimmed(&line);
}

static void print_pixels(const struct model *m)
{
	cleanup_buf struct buf head = BUF_INIT;

	if (!m->pixels_count)
		return;
	buf_fmt(&head, "%-16s", "pixels");
	for (char **r = m->resolutions; *r; r++)
		buf_fmt(&head, " %-11s", *r);
	print_trimmed(&head);
	for (size_t i = 0; m->ratios[i]; i++)
		print_sizes_of(m, m->ratios[i]);
}

static void print_limits(const struct model *m, const struct provider *p)
{
	cleanup_buf struct buf formats = BUF_INIT;

	printf("%-16s %u\n", "references", m->refs_max);
	add_words(&formats, m->ref_formats);
	if (m->refs_max)
		printf("%-16s %s, up to %.1f MB%s\n", "reference files", formats.data ? formats.data : "",
		       (double)p->ref_bytes / 1e6, p->upload_path && !*p->upload_path ? "; by their address only" :
		       p->ref_urls ? "; or their addresses" : "");
	if (p->request_bytes)
		printf("%-16s up to %.1f MB with its references\n", "request", (double)p->request_bytes / 1e6);
	if (m->prompt_chars)
		printf("%-16s up to %llu characters\n", "prompt", (unsigned long long)m->prompt_chars);
	if (m->n_max > 1)
		printf("%-16s up to %u\n", "pictures a task", m->n_max);
}

static void print_prices(const struct models *all, const struct model *m)
{
	for (size_t i = 0; i < m->prices_count; i++)
		printf("%-16s %g USD%s%s\n", "price", m->prices[i].usd, *m->prices[i].resolution ? " at " : "",
		       m->prices[i].resolution);
	if (!m->prices_count)
		printf("%-16s %s\n", "price", model_price(all, m, NULL) < 0 ? "not known" : "free");
}

static void print_model(const struct models *all, const struct model *m)
{
	const struct provider *p = models_provider(all, m->provider);

	printf("%-16s %s\n", "model", m->name);
	if (strcmp(m->name, m->id))
		printf("%-16s %s\n", "id", m->id);
	print_words("aliases", m->aliases);
	printf("%-16s %s%s\n", "provider", p->name,
	       p->auth == AUTH_NONE ? " (needs no key)" : models_has_key(all, p->name) ? "" : " (no key)");
	printf("%-16s %s\n", "wire", p->wire);
	print_words("sizes", m->ratios);
	print_words("resolutions", m->resolutions);
	if (m->default_resolution)
		printf("%-16s %s\n", "if not said", m->default_resolution);
	print_pixels(m);
	print_limits(m, p);
	print_takes(m);
	print_words("formats", m->formats);
	print_values(m);
	print_prices(all, m);
}

/* Rows that are wanted: all, or those that the name and the provider mean. */
struct choice { const struct model **rows; size_t count; };

static void print_table(const struct models *all, const struct choice *c)
{
	printf("%-28s %-10s %-4s %9s  %s\n", "MODEL", "PROVIDER", "KEY", "USD", "RESOLUTIONS");
	for (size_t i = 0; i < c->count; i++)
		print_row(all, c->rows[i]);
}

static void choose(const struct models *all, const char *name, const char *provider, struct choice *c)
{
	c->rows = xcalloc(all->models_count + 1, sizeof(*c->rows));
	c->count = 0;
	for (size_t i = 0; i < all->models_count; i++) {
		const struct model *m = &all->models[i];

		if ((!name || model_offers(m, name)) && (!provider || !strcasecmp(m->provider, provider)))
			c->rows[c->count++] = m;
	}
}

static int refuse_model(const struct models *all, const char *name, const char *provider, struct error *err)
{
	const char **names = xcalloc(all->models_count, sizeof(*names));

	if (models_model(all, name, NULL)) {
		free(names);
		return error_set(err, ENOENT, "without -o provider, all that offer it are shown",
		                 "provider \"%s\" does not offer model \"%s\"", provider, name);
	}
	for (size_t i = 0; i < all->models_count; i++)
		names[i] = all->models[i].name;
	const char *near = nearest_word(name, names, all->models_count);
	free(names);
	return near ? error_set(err, ENOENT, NULL, "unknown model \"%s\": did you mean \"%s\"?", name, near)
		: error_set(err, ENOENT, "easelfs models lists them", "unknown model \"%s\"", name);
}

struct wish { const char *name, *provider; bool json; };

static int check_provider(const struct models *all, const char *name, struct error *err)
{
	if (!name || models_provider(all, name))
		return 0;
	cleanup_free const char **names = xcalloc(all->providers_count, sizeof(*names));
	for (size_t i = 0; i < all->providers_count; i++)
		names[i] = all->providers[i].name;
	const char *near = nearest_word(name, names, all->providers_count);
	return error_set(err, ENOENT, "easelfs models lists models and their providers",
	                 "unknown provider \"%s\"%s%s%s", name, near ? ": did you mean \"" : "", near ? near : "",
	                 near ? "\"?" : "");
}

static int print_models(const struct models *all, const struct wish *w, struct error *err)
{
	struct choice c;

	if (check_provider(all, w->provider, err))
		return -ENOENT;
	choose(all, w->name, w->provider, &c);
	if (w->json) {
		models_print_json(all, c.rows, c.count);
	} else if (!w->name) {
		print_table(all, &c);
	} else {
		for (size_t i = 0; i < c.count; i++) {
			if (i)
				putchar('\n');
			print_model(all, c.rows[i]);
		}
	}
	size_t count = c.count;
	free(c.rows);
	return w->name && !count ? refuse_model(all, w->name, w->provider, err) : 0;
}

/* The provider that -o, the environment or the configuration name; the sandbox offers what all do. */
static const char *wanted_provider(const struct models *all, const struct options *o)
{
	const char *name = o->defaults.value[SET_PROVIDER];
	const struct provider *p = name && *name ? models_provider(all, name) : NULL;

	return p && provider_is_sandbox(all, p) ? NULL : name && *name ? name : NULL;
}

int cli_models(const struct command_call *call)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_options struct options options = { 0 };
	cleanup_free const char **dash_o = call_values(call, "o");
	struct wish wish = { .json = call_has(call, "json") };

	if (options_load(&options, dash_o, true, &err))
		return cli_fail(&err);
	struct models *all = models_load(options.config_text, options.config_len, options.config_path, &err);
	if (!all)
		return cli_fail(&err);
	wish.name = call->operands[0];
	wish.provider = wanted_provider(all, &options);
	int rc = print_models(all, &wish, &err);
	models_unref(all);
	return rc ? cli_fail(&err) : CLI_OK;
}
