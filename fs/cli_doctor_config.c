#include "cli_doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "prompt.h"
#include "request.h"

static void print_value(void *arg, const char *name, const char *value, const char *from)
{
	(void)arg;
	printf("%-20s %-26s %s\n", name, value, from ? from : "built in");
}

/* --- headers, of a prompt or a folder too ---------------------------------------------------- */

static int add_defaults(const struct target *t, const char *folder, struct settings *s, struct error *err)
{
	cleanup_free char *name = xasprintf("%s%s.defaults", folder, *folder ? "/" : "");
	cleanup_free char *path = xasprintf("%s/%s", t->root, name);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_settings struct settings defaults = { 0 };
	cleanup_free char *pattern = NULL;
	int rc = read_whole(path, &text);

	if (rc == -ENOENT)
		return 0;
	if (rc)
		return error_set(err, -rc, "make it readable", "%s cannot be read: %s", name, strerror(-rc));
	rc = defaults_parse(name, text.data, text.len, &defaults, &pattern, err);
	if (rc)
		return rc;
	if (pattern)
		print_value(NULL, "prompts", pattern, name);
	settings_inherit(s, &defaults);
	return 0;
}

/* From the nearest folder to the mount's root. */
static int add_folders(const struct target *t, struct settings *s, struct error *err)
{
	cleanup_free char *folder = xstrdup(t->path);
	char *slash = strrchr(folder, '/');

	if (!t->is_folder)
		*(slash ? slash : folder) = '\0';
	for (;;) {
		int rc = add_defaults(t, folder, s, err);

		if (rc || !*folder)
			return rc;
		slash = strrchr(folder, '/');
		*(slash ? slash : folder) = '\0';
	}
}

static int add_prompt(const struct target *t, struct settings *s, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/%s", t->root, t->path);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_prompt struct prompt p = { 0 };
	int rc = read_whole(path, &text);

	if (rc)
		return error_set(err, -rc, NULL, "%s cannot be read: %s", t->path, strerror(-rc));
	rc = prompt_parse(text.data, text.len, &p, err);
	if (rc)
		return rc;
	settings_inherit(s, &p.settings);
	for (int i = 0; i < SET_COUNT; i++)
		if (s->value[i])
			s->origin[i] = xstrdup(t->path);
	return 0;
}

static int gather(const char *path, struct settings *s, struct error *err)
{
	cleanup_target struct target t = { 0 };
	int rc = target_find(path, &t, err);

	if (!rc && !t.is_folder)
		rc = add_prompt(&t, s, err);
	return rc ? rc : add_folders(&t, s, err);
}

/* What is chosen where nobody says anything. */
static void print_chosen(const struct models *models, const struct settings *s, bool sandbox)
{
	cleanup_request struct request r = { 0 };
	bool found = !request_resolve((struct models *)models, s, "x", sandbox, &r, NULL);

	if (!s->value[SET_MODEL])
		print_value(NULL, "model", found ? r.model->name : "none", "the first whose provider has a key");
	if (!s->value[SET_PROVIDER])
		print_value(NULL, "provider", found ? r.provider->name : "none", "the model's");
}

static void print_headers(const struct models *models, const struct settings *s, bool sandbox)
{
	print_chosen(models, s, sandbox);
	for (int i = 0; i < SET_COUNT; i++)
		if (s->value[i] && i != SET_REUSE)
			print_value(NULL, setting_table[i].name, s->value[i], s->origin[i]);
	for (size_t i = 0; i < s->metadata_count; i++) {
		cleanup_free char *name = xasprintf("metadata.%s", s->metadata[i].name);

		print_value(NULL, name, s->metadata[i].json, "a prompt, .defaults or the configuration");
	}
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Enough to tell two keys apart, and no more; the caller frees. */
static char *masked(const char *key)
{
	enum { SHOWN = 3, LONG_ENOUGH = 20 };
	size_t len = strlen(key);

	if (len < LONG_ENOUGH)
		return xasprintf("(%zu characters)", len);
	return xasprintf("%.*s… (%zu characters)", SHOWN, key, len);
}

static void print_key(const struct provider *p)
{
	cleanup_free char *name = xasprintf("key of %s", p->name), *place = provider_key_place(p);
	cleanup_error struct error err = ERROR_INIT;
	char *key = NULL;

	if (p->auth == AUTH_NONE) {
		print_value(NULL, name, "not needed", NULL);
		return;
	}
	if (provider_key(p, &key, &err)) {
		print_value(NULL, name, place ? "refused" : "none", place ? err.text : p->key_env);
		return;
	}
	cleanup_free char *shown = masked(key);
	key_free(key);
	print_value(NULL, name, shown, place);
}

/* --- providers and models of the configuration ----------------------------------------------- */

static void print_sections(const struct options *o)
{
	struct nv r;

	nv_init(&r, o->config_text, o->config_len, NV_CONFIG);
	while (nv_next(&r, NULL) > 0) {
		if (!r.section || !strcasecmp(r.section, "defaults"))
			continue;
		cleanup_free char *place = xasprintf("%s:%d", o->config_path, r.line);
		cleanup_free char *name = xasprintf("[%s] %s", r.section, r.name);
		print_value(NULL, name, r.value, place);
	}
	nv_release(&r);
}

int doctor_show_config(const struct models *models, const struct options *o, const char *path, struct error *err)
{
	cleanup_settings struct settings s = { 0 };
	int rc = path ? gather(path, &s, err) : 0;

	if (rc)
		return rc;
	settings_inherit(&s, &o->defaults);
	options_report(o, print_value, NULL);
	print_headers(models, &s, o->sandbox);
	for (size_t i = 0; i < models->providers_count; i++)
		if (!provider_is_sandbox(models, &models->providers[i]))
			print_key(&models->providers[i]);
	print_sections(o);
	return 0;
}
