#include "dialect.h"
#include "models.h"

#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

/*
 * toapis.com and easelfs-sandbox, APIMart (`data` around everything, `url` a list, `expires_at` of each
 * picture) and EvoLink (`results`); the rest was seen in clients of others.  A status that is in no list is not
 * final, and the user is told of it.
 */
static const char *const defaults[DIALECT_COUNT] = {
	[DIALECT_ID] = "id task_id data.id data.task_id data.0.id data.0.task_id",
	[DIALECT_STATUS] = "status data.status",
	[DIALECT_DONE] = "completed success succeeded",
	[DIALECT_FAILED] = "failed failure cancelled canceled",
	[DIALECT_RUNNING] = "queued pending submitted waiting starting started in_queue in_progress processing running generating",
	[DIALECT_PROGRESS] = "progress data.progress",
	[DIALECT_URLS] = "result.data result.images result results images url"
	                 " data.result.data data.result.images data.result data.results data.data data.images data",
	[DIALECT_EXPIRES] = "expires_at result.expires_at result.images.0.expires_at"
	                    " data.expires_at data.result.expires_at data.result.images.0.expires_at",
	[DIALECT_COST] = "billing.cost_usd data.billing.cost_usd",
	[DIALECT_UPLOAD] = "data url",
	[DIALECT_UPLOAD_FIELDS] = "purpose=generation",
};

const char *dialect_words(const struct provider *p, enum dialect which)
{
	return p->dialect[which] ? p->dialect[which] : defaults[which];
}

bool dialect_has_word(const struct provider *p, enum dialect which, const char *word)
{
	const char *at = dialect_words(p, which);
	cleanup_free char *each = NULL;

	for (; (each = next_word(&at)); cleanup_free_(&each))
		if (!strcasecmp(each, word))
			return true;
	return false;
}

static const cJSON *step(const cJSON *item, const char *name)
{
	if (!cJSON_IsArray(item))
		return cJSON_GetObjectItemCaseSensitive(item, name);
	if (!*name || name[strspn(name, "0123456789")] || strlen(name) > 6)
		return NULL;
	return cJSON_GetArrayItem(item, atoi(name));
}

/* What stands at the path, or NULL. */
static const cJSON *at_path(const cJSON *item, const char *path)
{
	cleanup_free char *copy = xstrdup(path);
	char *rest = copy, *name;

	while (item && (name = strsep(&rest, ".")))
		item = step(item, name);
	return item;
}

bool dialect_find(const struct provider *p, enum dialect which, const cJSON *root,
                  bool (*take)(void *arg, const cJSON *item), void *arg)
{
	const char *at = dialect_words(p, which);
	cleanup_free char *path = NULL;

	for (; (path = next_word(&at)); cleanup_free_(&path)) {
		const cJSON *item = at_path(root, path);

		if (item && take(arg, item))
			return true;
	}
	return false;
}
