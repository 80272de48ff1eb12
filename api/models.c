#include "models.h"
#include "models_internal.h"

#include <string.h>
#include <strings.h>

struct models *models_ref(struct models *m)
{
	__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return m;
}

void models_unref(struct models *m)
{
	if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < m->providers_count; i++)
		provider_release(&m->providers[i]);
	for (size_t i = 0; i < m->models_count; i++)
		model_release(&m->models[i]);
	free(m->providers);
	free(m->models);
	free(m);
}

const struct provider *models_provider(const struct models *m, const char *name)
{
	for (size_t i = 0; i < m->providers_count; i++)
		if (!strcasecmp(m->providers[i].name, name))
			return &m->providers[i];
	return NULL;
}

static const char sandbox[] = "sandbox";

/* `like` makes no circles: those are refused when a table is loaded. */
static const struct provider *first_of(const struct models *m, const struct provider *p)
{
	while (p && p->like)
		p = models_provider(m, p->like);
	return p;
}

bool provider_is_sandbox(const struct models *m, const struct provider *p)
{
	const struct provider *first = first_of(m, p);

	return first && !strcasecmp(first->name, sandbox) && !strcmp(first->url, p->url);
}

const struct provider *models_sandbox(const struct models *m, const struct provider *p)
{
	const struct provider *found = NULL;

	if (provider_is_sandbox(m, p))
		return p;
	for (size_t i = 0; i < m->providers_count; i++) {
		const struct provider *row = &m->providers[i];

		if (strcmp(row->wire, p->wire) || !provider_is_sandbox(m, row))
			continue;
		if ((row->auth == AUTH_NONE) == (p->auth == AUTH_NONE))
			return row;
		if (!found)
			found = row;
	}
	return found ? found : models_provider(m, sandbox);
}

bool list_has(char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (!strcasecmp(*list, word))
			return true;
	return false;
}

bool model_offers(const struct model *m, const char *word)
{
	return !strcasecmp(m->name, word) || !strcasecmp(m->id, word) || list_has(m->aliases, word);
}

const struct model *models_model(const struct models *m, const char *name, const char *provider)
{
	const struct model *found = NULL;

	for (size_t i = 0; i < m->models_count; i++) {
		const struct model *row = &m->models[i];

		if (provider && strcasecmp(row->provider, provider))
			continue;
		if (!strcasecmp(row->name, name))
			return row;
		if (!found && model_offers(row, name))
			found = row;
	}
	return found;
}

bool model_is_gone(const struct model *row)
{
	return __atomic_load_n(&row->gone, __ATOMIC_RELAXED);
}

bool models_gone(const struct models *m, const struct model *row)
{
	for (size_t i = 0; i < m->models_count; i++) {
		struct model *other = &m->models[i];

		if (other == row || model_is_gone(other) || strcasecmp(other->provider, row->provider))
			continue;
		__atomic_store_n(&m->models[row - m->models].gone, true, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

/* 512 and 0.5K are two spellings of one thing. */
static const char *half(const char *resolution)
{
	return !strcasecmp(resolution, "0.5K") ? "512" : resolution;
}

bool same_resolution(const char *a, const char *b)
{
	return !strcasecmp(half(a), half(b));
}

const struct pixels *model_pixels(const struct model *m, const char *ratio, const char *resolution)
{
	const char *wanted = resolution ? resolution : m->default_resolution;

	if (!wanted)
		wanted = "";
	for (size_t i = 0; i < m->pixels_count; i++)
		if (!strcmp(m->pixels[i].ratio, ratio) && same_resolution(m->pixels[i].resolution, wanted))
			return &m->pixels[i];
	return NULL;
}

double model_price(const struct models *all, const struct model *m, const char *resolution)
{
	const struct provider *p = models_provider(all, m->provider);
	const char *wanted = resolution ? resolution : m->default_resolution;

	if (p && p->free)
		return 0;
	for (size_t i = 0; i < m->prices_count; i++) {
		const char *has = m->prices[i].resolution;

		if (!*has || (wanted && same_resolution(has, wanted)))
			return m->prices[i].usd;
	}
	return -1;
}
