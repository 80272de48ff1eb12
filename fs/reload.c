#include "reload.h"

#include <string.h>

#include "fs.h"
#include "request.h"
#include "watch.h"

static void watch_folder_of(struct fs *fs, const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!slash || *file != '/')
		return;
	cleanup_free char *folder = slash == file ? xstrdup("/") : xstrndup(file, (size_t)(slash - file));
	watch_outside(fs, folder);
}

static void watch_files(void *arg)
{
	struct fs *fs = arg;

	watch_folder_of(fs, fs->options.config_path);
	for (size_t i = 0; i < fs->models->providers_count; i++)
		watch_folder_of(fs, fs->models->providers[i].key_file);
}

void reload_begin(struct fs *fs)
{
	disk_post(fs->disk, watch_files, fs);
}

static bool is_key_file(const struct fs *fs, const char *path)
{
	for (size_t i = 0; i < fs->models->providers_count; i++) {
		const char *file = fs->models->providers[i].key_file;
		if (file && strcmp(file, path) == 0)
			return true;
	}
	return false;
}

static void add_sandbox(struct fs *fs, struct options *o)
{
	const struct provider *sandbox = models_provider(fs->models, "sandbox");

	if (fs->options.sandbox && sandbox && sandbox->url)
		options_sandbox_at(o, sandbox->url);
}

/* The old ones stay in force when the new ones have a mistake. */
static struct models *load(struct fs *fs, struct options *o, struct error *err)
{
	struct models *m;

	if (options_load_again(o, &fs->options, err))
		return NULL;
	add_sandbox(fs, o);
	m = models_load(o->config_text, o->config_len, o->config_path, err);
	if (m && request_check_defaults(m, &o->defaults, fs->options.sandbox, err) >= 0)
		return m;
	models_unref(m);
	options_release(o);
	return NULL;
}

static void say_what_stays(const struct options *old, const struct options *new)
{
	if (old->sandbox != new->sandbox || old->crash_count != new->crash_count || old->crash_ms != new->crash_ms)
		log_warning("the options sandbox and crash_loop hold from the next mount on");
}

static void take_options(struct fs *fs, struct options *new)
{
	struct options *o = &fs->options;
	struct engine_allowance a = { new->budget_pictures, new->budget_usd, new->in_flight };
	struct settings defaults = o->defaults;

	say_what_stays(o, new);
	o->defaults = new->defaults;
	new->defaults = defaults;
	o->reuse = new->reuse;
	__atomic_store(&o->settle, &new->settle, __ATOMIC_RELAXED);
	log_set_level((enum log_level)new->log_level);
	engine_allow(fs->engine, &a);
}

static void reload_config(struct fs *fs)
{
	cleanup_options struct options o = { 0 };
	cleanup_error struct error err = ERROR_INIT;
	struct models *m = load(fs, &o, &err);

	if (!m) {
		cleanup_free char *text = xasprintf("%s; the configuration of before stays in force", err.text);

		log_error("%s", text);
		engine_trouble(fs->engine, text);
		return;
	}
	engine_trouble(fs->engine, NULL);
	take_options(fs, &o);
	fs->models = m;          /* the engine keeps it alive until the next one */
	watch_files(fs);
	log_info("%s has changed: what was stopped goes on", fs->options.config_path);
	engine_reload(fs->engine, m);
}

void reload_seen(struct fs *fs, const char *path)
{
	if (fs->options.config_path && !strcmp(path, fs->options.config_path)) {
		reload_config(fs);
	} else if (is_key_file(fs, path)) {
		log_info("%s has changed: what was stopped goes on", path);
		engine_reload(fs->engine, NULL);
	}
}
