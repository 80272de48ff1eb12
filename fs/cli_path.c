#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "mountpoint.h"

static const char *const prompt_suffixes[] = { ".txt", ".md", ".prompt" };

/* Where the name's prompt suffix begins, or NULL. */
static const char *prompt_suffix(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(prompt_suffixes); i++)
		if (str_ends_with(name, prompt_suffixes[i]))
			return name + strlen(name) - strlen(prompt_suffixes[i]);
	return NULL;
}

bool prompt_suffix_known(const char *name)
{
	return prompt_suffix(name) != NULL;
}

void target_release(struct target *t)
{
	free(t->root);
	free(t->path);
	*t = (struct target){ 0 };
}

/* --- which mount ----------------------------------------------------------------------------- */

static char *rest_behind(const char *path, const char *folder)
{
	path += strlen(folder);
	return xstrdup(path + strspn(path, "/"));
}

/* The mount that the path lies on, or whose source it lies in. */
static int find_root(const char *path, struct target *out, struct error *err)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *e = mounts_covering(&mounts, path);
	if (e && !strcmp(e->type, EASELFS_TYPE)) {
		out->root = xstrdup(e->path);
		out->path = rest_behind(path, e->path);
		return 0;
	}
	for (size_t i = mounts.count; i-- > 0;) {
		e = &mounts.entries[i];
		if (!strcmp(e->type, EASELFS_TYPE) && *e->source == '/' && path_is_below(path, e->source)) {
			out->root = xstrdup(e->path);
			out->path = rest_behind(path, e->source);
			return 0;
		}
	}
	return error_set(err, ENODEV, "mount its folder first: easelfs mount DIRECTORY",
	                 "%s is in no easelfs mount", path);
}

int target_here(struct target *out, struct error *err)
{
	cleanup_free char *here = path_resolve(".", err);

	*out = (struct target){ .is_folder = true };
	if (!here)
		return -EINVAL;
	int rc = find_root(here, out, err);
	if (!rc)
		out->path[0] = '\0';
	return rc;
}

/* --- which prompt ---------------------------------------------------------------------------- */

static bool stands(const char *root, const char *path)
{
	cleanup_free char *full = xasprintf("%s/%s", root, path);
	struct stat st;

	return !lstat(full, &st);
}

bool target_stands(const struct target *t) { return stands(t->root, t->path); }

/* Replaces out->path by the prompt with that stem, if there is one. */
static bool take_stem(struct target *out, const char *stem, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(prompt_suffixes); i++) {
		char *path = xasprintf("%.*s%s", (int)len, stem, prompt_suffixes[i]);

		if (stands(out->root, path)) {
			free(out->path);
			out->path = path;
			return true;
		}
		free(path);
	}
	return false;
}

/* Length without the last `SEPARATOR digits`, or len if it does not end so. */
static size_t without_number(const char *s, size_t len, char separator)
{
	size_t n = len;

	while (n && s[n - 1] >= '0' && s[n - 1] <= '9')
		n--;
	return n && n < len && s[n - 1] == separator ? n - 1 : len;
}

static size_t without_suffix(const char *name)
{
	static const char *const texts[] = { ".error.txt", ".reply.txt" };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (str_ends_with(name, texts[i]))
			return len - strlen(texts[i]);
	return image_suffix_known(name) ? (size_t)(strrchr(name, '.') - name) : len;
}

/* out/a/cat.png, cat-2.png, cat.error.txt; history/a/cat.3.png; wait/a/cat: the exact stem first. */
static int take_picture(struct target *out, const char *given, const char *name, struct error *err)
{
	size_t len = without_suffix(name);
	size_t unrevised = without_number(name, len, '.');
	size_t lengths[] = { strlen(name), len, without_number(name, len, '-'), unrevised,
	                     without_number(name, unrevised, '-') };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		cleanup_free char *copy = xstrndup(name, lengths[i]);

		if (take_stem(out, copy, lengths[i]))
			return 0;
	}
	return error_set(err, ENOENT, "name the prompt itself", "no prompt belongs to %s", given);
}

static int take_status_name(struct target *out, const char *given, const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (str_ends_with(name, ".json"))
		len -= strlen(".json");
	char *path = xstrndup(name, len);
	free(out->path);
	out->path = path;
	if (prompt_suffix_known(path))
		return 0;
	return error_set(err, ENOENT, NULL, "%s is no prompt's status", given);
}

static const char *behind(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/' ? path + len + 1 : NULL;
}

static bool is_folder(const struct target *t, const char *path)
{
	cleanup_free char *full = xasprintf("%s/%s", t->root, path);
	struct stat st;

	return !lstat(full, &st) && S_ISDIR(st.st_mode);
}

/* A folder of pictures or of status files stands for the folder of their prompts. */
static int take_folder(struct target *out)
{
	static const char *const mirrors[] = { "out", "status", "wait", "history" };
	const char *rest = out->path;

	for (size_t i = 0; i < ARRAY_LEN(mirrors); i++)
		if (!strcmp(out->path, mirrors[i]))
			rest = "";
		else if (behind(out->path, mirrors[i]))
			rest = behind(out->path, mirrors[i]);
	char *path = xstrdup(rest);
	free(out->path);
	out->path = path;
	out->is_folder = true;
	return 0;
}

static int interpret(struct target *out, const char *given, struct error *err)
{
	static const char *const pictures[] = { "out", "wait", "history" };
	cleanup_free char *path = xstrdup(out->path);

	if (is_folder(out, path))
		return take_folder(out);
	if (behind(path, "status"))
		return take_status_name(out, given, behind(path, "status"), err);
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++)
		if (behind(path, pictures[i]))
			return take_picture(out, given, behind(path, pictures[i]), err);
	if (prompt_suffix_known(path))
		return 0;
	if (!stands(out->root, path))
		return error_set(err, ENOENT, NULL, "there is no %s", given);
	return error_set(err, EINVAL, NULL, "%s is no prompt: prompts end with .txt, .md or .prompt", given);
}

int target_find(const char *given, struct target *out, struct error *err)
{
	cleanup_free char *path = path_resolve(given, err);

	*out = (struct target){ 0 };
	if (!path)
		return -ENOENT;
	int rc = find_root(path, out, err);
	if (!rc)
		rc = interpret(out, given, err);
	if (rc)
		target_release(out);
	return rc;
}
