#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "models.h"
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

static bool has_key(const struct models *all, const char *name)
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
		buf_fmt(out, "%.3f", usd);
}

static void print_row(const struct models *all, const struct model *m)
{
	cleanup_buf struct buf resolutions = BUF_INIT, price = BUF_INIT;

	add_words(&resolutions, m->resolutions);
	price_text(all, m, &price);
	printf("%-28s %-10s %-4s %9s  %s\n", m->name, m->provider ? m->provider : "-",
	       m->provider && has_key(all, m->provider) ? "yes" : "no", price.data,
	       resolutions.len ? resolutions.data : "-");
}

static void print_table(const struct models *all)
{
	printf("%-28s %-10s %-4s %9s  %s\n", "MODEL", "PROVIDER", "KEY", "USD", "RESOLUTIONS");
	for (size_t i = 0; i < all->models_count; i++)
		print_row(all, &all->models[i]);
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

static void print_prices(const struct models *all, const struct model *m)
{
	for (size_t i = 0; i < m->prices_count; i++)
		printf("%-16s %.3f USD%s%s\n", "price", m->prices[i].usd, *m->prices[i].resolution ? " at " : "",
		       m->prices[i].resolution);
	if (!m->prices_count)
		printf("%-16s %s\n", "price", model_price(all, m, NULL) < 0 ? "not known" : "free");
}

static void print_model(const struct models *all, const struct model *m)
{
	printf("%-16s %s\n", "model", m->name);
	if (strcmp(m->name, m->id))
		printf("%-16s %s\n", "id", m->id);
	print_words("aliases", m->aliases);
	if (m->provider)
		printf("%-16s %s%s\n", "provider", m->provider, has_key(all, m->provider) ? "" : " (no key)");
	print_words("sizes", m->ratios);
	print_words("resolutions", m->resolutions);
	printf("%-16s %u\n", "references", m->refs_max);
	print_takes(m);
	print_words("thinking", m->thinking_levels);
	print_words("formats", m->formats);
	print_words("search", m->search_kinds);
	print_prices(all, m);
}

static int refuse_model(const struct models *all, const char *name, struct error *err)
{
	const char **names = xcalloc(all->models_count, sizeof(*names));

	for (size_t i = 0; i < all->models_count; i++)
		names[i] = all->models[i].name;
	const char *near = nearest_word(name, names, all->models_count);
	free(names);
	return near ? error_set(err, ENOENT, NULL, "unknown model \"%s\": did you mean \"%s\"?", name, near)
		: error_set(err, ENOENT, "easelfs models lists them", "unknown model \"%s\"", name);
}

static int print_models(const struct models *all, const char *name, struct error *err)
{
	if (!name) {
		print_table(all);
		return 0;
	}
	const struct model *m = models_model(all, name, NULL);
	if (!m)
		return refuse_model(all, name, err);
	print_model(all, m);
	return 0;
}

int cli_models(int argc, char **argv)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_options struct options options = { 0 };
	const char *dash_o[] = { NULL, NULL };
	int c;

	while ((c = getopt(argc, argv, "o:")) != -1) {
		if (c != 'o')
			return CLI_USAGE;
		dash_o[0] = optarg;
	}
	if (argc - optind > 1)
		return CLI_USAGE;
	if (options_load(&options, dash_o, true, &err))
		return cli_fail(&err);
	struct models *all = models_load(options.config_text, options.config_len, options.config_path, &err);
	if (!all)
		return cli_fail(&err);
	int rc = print_models(all, argv[optind], &err);
	models_unref(all);
	return rc ? cli_fail(&err) : CLI_OK;
}
