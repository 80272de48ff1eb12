/*
 * Paths: which are prompts, which prompt a picture belongs to, and that none leads out of the source.
 *
 * The source of the last is a folder with a file, a folder, and links to what is inside and outside.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"
#include "prompt.h"

#include "../../fs/cli_path.c"

static char source[] = "/tmp/fuzz-path.XXXXXX";

static void remove_source(void)
{
	static const char *const names[] = { "in/a/cat.txt", "in/cat.txt", "in/a/up", "in/out", "in/root", "in/self", "in/a",
	                                     "in", "secret" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_free char *path = xasprintf("%s/%s", source, names[i]);

		remove(path);
	}
	rmdir(source);
}

static void put(const char *name, const char *target)
{
	cleanup_free char *path = xasprintf("%s/%s", source, name);
	cleanup_fd int fd = target ? symlink(target, path) : open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

static int open_source(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	cleanup_free char *in = mkdtemp(source) ? xasprintf("%s/in", source) : NULL;
	cleanup_free char *a = in ? xasprintf("%s/a", in) : NULL;
	if (!in || mkdir(in, 0700) || mkdir(a, 0700))
		BUG("there is no place for a source");
	atexit(remove_source);
	put("secret", NULL);
	put("in/cat.txt", NULL);
	put("in/a/cat.txt", NULL);
	put("in/a/up", "../../secret");
	put("in/out", "..");
	put("in/root", "/");
	put("in/self", "a");
	fd = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

static void check_inside(const char *path)
{
	cleanup_fd int fd = source_open(open_source(), path, O_PATH, 0);
	cleanup_free char *proc = xasprintf("/proc/self/fd/%d", fd), *in = xasprintf("%s/in", source);
	char where[PATH_MAX] = "";

	if (fd < 0)
		return;
	if (readlink(proc, where, sizeof(where) - 1) < 0 || !path_is_below(where, in))
		BUG("%s leads to %s", path, where);
}

static void check_prompt(const char *path)
{
	cleanup_free char *stem = prompt_stem(path);
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	cleanup_free char *folder = xstrndup(path, slash ? (size_t)(slash - path) : 0);

	if (!prompt_path_is_prompt(path))
		return;
	if (!prompt_suffix_known(path) || strncmp(path, stem, strlen(stem)) != 0)
		BUG("%s is a prompt of the stem %s", path, stem);
	if (*name == '.' || *name == '#' || prompt_path_is_reserved(path))
		BUG("%s is a prompt", path);
	if (slash && !prompt_folder_is_walked(folder))
		BUG("%s is a prompt in a folder that has none", path);
}

static void check_picture(const char *path)
{
	struct target t = { .root = xstrdup("/nowhere/at/all"), .path = xstrdup(path) };
	cleanup_error struct error err = ERROR_INIT;

	if (!take_picture(&t, path, path, &err) || !err.text)
		BUG("a prompt in a mount that is not there: %s", t.path);
	target_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *path = xstrndup((const char *)data, size);

	if (strlen(path) >= PATH_MAX)
		return 0;
	check_prompt(path);
	check_picture(path);
	check_inside(path);
	return 0;
}
