/* readas METHOD FILE: copies a file to standard output as programs do that do not read(2) it in one go.
 * The open may wait, as in wait/; METHOD comes first so that a test sees which one it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

static int by_mmap(int fd, size_t size)
{
	if (!size)
		return 0;
	const char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	return fwrite(bytes, 1, size, stdout) == size ? 0 : -1;
}

static int by_single_bytes(int fd, size_t size)
{
	char byte;
	ssize_t n;

	(void)size;
	while ((n = read(fd, &byte, 1)) == 1)
		if (putchar(byte) == EOF)
			return -1;
	return (int)n;
}

/* Whatever position is asked for first. */
static int by_pread_backwards(int fd, size_t size)
{
	cleanup_free char *bytes = xmalloc(size + 1);

	for (size_t left = size; left;) {
		size_t piece = left < 97 ? left : 97;
		left -= piece;
		if (pread(fd, bytes + left, piece, (off_t)left) != (ssize_t)piece)
			return -1;
	}
	return fwrite(bytes, 1, size, stdout) == size ? 0 : -1;
}

static int by_sendfile(int fd, size_t size)
{
	ssize_t n;

	(void)size;
	while ((n = sendfile(STDOUT_FILENO, fd, NULL, 1 << 20)) > 0)
		;
	return (int)n;
}

static int by_splice(int fd, size_t size)
{
	int ends[2];
	ssize_t n;

	(void)size;
	if (pipe(ends) < 0)
		return -1;
	while ((n = splice(fd, NULL, ends[1], NULL, 1 << 16, 0)) > 0)
		while (n > 0) {
			ssize_t out = splice(ends[0], NULL, STDOUT_FILENO, NULL, (size_t)n, 0);
			if (out <= 0)
				return -1;
			n -= out;
		}
	return (int)n;
}

static const struct { const char *name; int (*copy)(int fd, size_t size); } methods[] = {
	{ "mmap", by_mmap }, { "bytes", by_single_bytes }, { "backwards", by_pread_backwards },
	{ "sendfile", by_sendfile }, { "splice", by_splice },
};

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
	struct stat st;

	for (size_t i = 0; fd >= 0 && fstat(fd, &st) == 0 && i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, argv[1]) == 0 && methods[i].copy(fd, (size_t)st.st_size) == 0 &&
		    fflush(stdout) == 0)
			return 0;
	fprintf(stderr, "readas: %s: %s\n", argc == 3 ? argv[2] : "METHOD FILE", strerror(errno));
	return 1;
}
