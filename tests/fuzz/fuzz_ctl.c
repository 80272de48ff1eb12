/* Commands as they are written into .easelfs/ctl, one a line. */
#include "fuzz.h"

#include "../../fs/control.c"

/* Writes a path as a command has it. */
static void escape(const char *path, struct buf *out)
{
	for (; *path; path++)
		buf_fmt(out, "%%%02x", (unsigned char)*path);
}

static void feed(char *line)
{
	cleanup_buf struct buf again = BUF_INIT;
	enum engine_verb verb, verb_again;
	const char *path, *path_again;
	size_t len = strlen(line);

	if (read_line(line, &verb, &path) < 0)
		return;
	if (verb < 0 || verb >= VERB_COUNT || path < line || path + strlen(path) > line + len)
		BUG("a command out of nothing");
	buf_fmt(&again, "%s ", engine_verb_names[verb]);
	escape(path, &again);
	if (*path && (read_line(again.data, &verb_again, &path_again) < 0 || verb_again != verb ||
	              strcmp(path_again, path) != 0))
		BUG("a path that cannot be said: %s", path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = xstrndup((const char *)data, size);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			feed(line);
	return 0;
}
