/* What a finished picture says of itself: prompt, model, task, settings, and where it came from. */
#include "engine_internal.h"

#include <string.h>

/* Without what may let somebody in: user and password, and what signed addresses carry. */
static char *bare_url(const char *url)
{
	const char *host = strstr(url, "://"), *at;

	if (!host)
		return NULL;
	host += strlen("://");
	size_t authority = strcspn(host, "/?#");
	at = memchr(host, '@', authority);
	const char *begin = at ? at + 1 : host;
	return xasprintf("%.*s%.*s", (int)(host - url), url, (int)strcspn(begin, "?#"), begin);
}

void task_label(const struct task *t, struct label *out)
{
	const struct job *j = t->job;
	cleanup_free char *url = t->fetched ? bare_url(t->fetched) : NULL;
	cleanup_buf struct buf settings = BUF_INIT;

	if (!j->has_request)
		return;
	request_settings(&j->request, &settings);
	if (settings.len)
		settings.data[settings.len - 1] = '\0';   /* the last line's end */
	label_add(out, "user.easelfs.prompt", j->request.prompt, LABEL_PROMPT_MAX);
	label_add(out, "user.easelfs.model", j->row.model, LABEL_TEXT_MAX);
	label_add(out, "user.easelfs.provider", j->row.provider, LABEL_TEXT_MAX);
	label_add(out, "user.easelfs.task", t->row.task_id, LABEL_TEXT_MAX);
	label_add(out, "user.easelfs.settings", settings.data, LABEL_TEXT_MAX);
	label_add(out, "user.xdg.origin.url", url, LABEL_TEXT_MAX);
	label_add(out, "user.xdg.comment", j->request.prompt, LABEL_TEXT_MAX);
}
