/*
 * The configuration: [defaults], and the rows of providers and models that it lays over the built-in ones.
 * And -o, whose list stands before the first NUL byte, if there is one.
 */
#include "fuzz.h"

#include <string.h>

#include "models.h"
#include "plain.h"

#include "../../fs/options.c"

enum { SENTENCE_MAX = 4000 };

static void check_models(const char *text, size_t len)
{
	cleanup_error struct error err = ERROR_INIT;
	struct models *m = models_load(text, len, "config", &err);

	if (!m) {
		check_refusal(&err, SENTENCE_MAX);
		return;
	}
	for (size_t i = 0; i < m->models_count; i++)
		if (!m->models[i].id || !m->models[i].provider || !models_provider(m, m->models[i].provider))
			BUG("the model %s has no provider", m->models[i].name);
	for (size_t i = 0; i < m->providers_count; i++)
		if (!m->providers[i].url || !m->providers[i].wire)
			BUG("the provider %s cannot be reached", m->providers[i].name);
	models_unref(m);
}

/* With the NUL behind it that read_config() has, too; the caller frees. */
static char *copy_of(const uint8_t *bytes, size_t len)
{
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

/* Takes text. */
static void check_options(const char *list, char *text, size_t len)
{
	const char *dash_o[] = { list, NULL };
	struct layer layers[3] = { [2] = { .takes_foreign = true, .last_wins = true } };
	cleanup_error struct error err = ERROR_INIT;
	struct options o = {
		.config_path = xstrdup("config"), .config_text = text, .config_len = len,
		.said = xcalloc(ARRAY_LEN(option_table), sizeof(*o.said)), .dash_o = dash_o,
	};

	if (load_layers(&o, layers, &err) < 0)
		check_refusal(&err, SENTENCE_MAX);
	else if (!(o.settle >= 0 && o.settle <= 3600) || o.budget_pictures < -1 || o.in_flight < 0)
		BUG("settle %g, budget %ld, in_flight %ld", o.settle, o.budget_pictures, o.in_flight);
	for (size_t i = 0; i < ARRAY_LEN(layers); i++)
		settings_release(&layers[i].headers);
	options_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	size_t head = end ? (size_t)(end - data) : 0, skip = end ? head + 1 : 0;
	cleanup_free char *list = xstrndup((const char *)data, head);
	cleanup_free char *text = copy_of(data + skip, size - skip);

	check_options(list, copy_of(data + skip, size - skip), size - skip);
	check_models(text, size - skip);
	return 0;
}
