#include "reload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
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

static int read_config(const char *path, struct buf *out)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[4096];
	ssize_t n = 0;

	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0 && out->len < 1 << 20)
		buf_add(out, chunk, (size_t)n);
	return fd < 0 || n < 0 ? -errno : 0;
}

/* The old table stays in force when the new one has a mistake. */
static struct models *load(struct fs *fs)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_error struct error err = ERROR_INIT;
	const struct provider *sandbox = models_provider(fs->models, "sandbox");

	int result = read_config(fs->options.config_path, &text);
	if (result < 0 && result != -ENOENT) {
		log_warning("%s cannot be read: %s", fs->options.config_path, strerror(-result));
		return NULL;
	}
	if (fs->options.sandbox && sandbox && sandbox->url)
		buf_fmt(&text, "\n[provider sandbox]\nurl = %s\n", sandbox->url);
	struct models *m = models_load(text.data ? text.data : "", text.len, fs->options.config_path, &err);
	if (!m)
		log_error("%s; the configuration of before stays in force", err.text);
	return m;
}

void reload_seen(struct fs *fs, const char *path)
{
	bool config = fs->options.config_path && strcmp(path, fs->options.config_path) == 0;

	if (!config && !is_key_file(fs, path))
		return;
	struct models *m = config ? load(fs) : NULL;
	if (config && !m)
		return;
	log_info("%s has changed: what was stopped goes on", path);
	if (m) {
		fs->models = m;          /* the engine keeps it alive until the next one */
		watch_files(fs);
	}
	engine_reload(fs->engine, m);
}
