/*
 * driver: main() of a fuzzer without libFuzzer; speaks TAP.
 *
 *     fuzz_NAME               feeds every file of tests/fuzz/corpus/NAME
 *     fuzz_NAME FILE…         feeds these
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

static bool read_file(const char *path, struct buf *b)
{
	char block[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	bool good = !ferror(f);
	fclose(f);
	return good;
}

/* The name is said first: a fuzzer that finds a mistake does not return. */
static bool feed_file(int number, const char *path)
{
	cleanup_buf struct buf b = BUF_INIT;
	bool good = read_file(path, &b);

	printf("# %s\n", path);
	fflush(stdout);
	if (good) {
		/* A copy of just that size, so that a sanitizer sees what is read beyond it. */
		cleanup_free uint8_t *copy = xmalloc(b.len);
		if (b.len)
			memcpy(copy, b.data, b.len);
		good = !LLVMFuzzerTestOneInput(copy, b.len);
	}
	printf("%s %d - %s\n", good ? "ok" : "not ok", number, path);
	return good;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int feed_corpus(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
	cleanup_free char *dir = xasprintf("tests/fuzz/corpus/%s", name + (str_starts_with(name, "fuzz_") ? 5 : 0));
	struct dirent **entries;
	int count = scandir(dir, &entries, is_shown, alphasort);
	bool good = count > 0;

	if (!good) {
		printf("1..1\nnot ok 1 - there are no inputs in %s\n", dir);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, entries[i]->d_name);
		good &= feed_file(i + 1, path);
		free(entries[i]);
	}
	free(entries);
	return !good;
}

int main(int argc, char **argv)
{
	bool good = true;

	if (argc < 2)
		return feed_corpus(argv[0]);
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++)
		good &= feed_file(i, argv[i]);
	return !good;
}
