/*
 * spilling FILE: the base64 in FILE, once as it comes in a reply of the gemini wire; megabytes of base64 a second that
 * the decoder takes, into a file in memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "clock.h"
#include "spill.h"

enum { PIECE = 16384 };        /* what libcurl gives at once */

static int open_file(void *arg, unsigned index)
{
	(void)arg;
	(void)index;
	return memfd_create("picture", MFD_CLOEXEC);
}

static void feed(struct spill *s, const char *bytes, size_t len)
{
	cleanup_error struct error err = ERROR_INIT;

	for (size_t at = 0; at < len; at += PIECE)
		if (spill_feed(s, bytes + at, len - at < PIECE ? len - at : PIECE, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
}

int main(int argc, char **argv)
{
	static const char *const members[] = { "data", NULL };
	static const char head[] = "{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"";
	static const char tail[] = "\"}}]},\"finishReason\":\"STOP\"}]}";
	struct spill_settings set = { .members = members, .skeleton_max = 1 << 20, .file_max = UINT64_MAX,
	                              .files_max = 4, .open_file = open_file };
	cleanup_error struct error err = ERROR_INIT;
	struct stat st;
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror("spilling FILE");
		return 1;
	}
	char *text = xmalloc((size_t)st.st_size);
	if (read(fd, text, (size_t)st.st_size) != st.st_size) {
		perror(argv[1]);
		return 1;
	}
	struct spill *s = spill_new(&set);
	double begun = seconds(CLOCK_MONOTONIC);
	feed(s, head, sizeof(head) - 1);
	feed(s, text, (size_t)st.st_size);
	feed(s, tail, sizeof(tail) - 1);
	int result = spill_end(s, &err);
	double took = seconds(CLOCK_MONOTONIC) - begun;
	if (result < 0 || !spill_file(s, 0)->complete) {
		fprintf(stderr, "%s\n", err.text ? err.text : spill_file(s, 0)->bad);
		return 1;
	}
	printf("%.1f\n", (double)st.st_size / 1e6 / took);
	spill_free(s);
	free(text);
	return 0;
}
