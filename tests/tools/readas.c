/* readas METHOD FILE: copies a file to standard output as programs do that do not read(2) it in one go, and
 * fails if it has another length than fstat(2) said. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

/* Each returns how many bytes there were, or -1. */

static ssize_t by_mmap(int fd, size_t size)
{
	if (!size)
		return 0;
	const char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	return fwrite(bytes, 1, size, stdout) == size ? (ssize_t)size : -1;
}

static ssize_t by_single_bytes(int fd, size_t size)
{
	ssize_t n, sum = 0;
	char byte;

	(void)size;
	for (; (n = read(fd, &byte, 1)) == 1; sum++)
		if (putchar(byte) == EOF)
			return -1;
	return n < 0 ? n : sum;
}

/* From the end to the beginning, and a byte beyond the end. */
static ssize_t by_pread_backwards(int fd, size_t size)
{
	cleanup_free char *bytes = xmalloc(size + 1);
	ssize_t beyond = pread(fd, bytes, 1, (off_t)size);

	for (size_t left = size; left;) {
		size_t piece = left < 97 ? left : 97;
		left -= piece;
		if (pread(fd, bytes + left, piece, (off_t)left) != (ssize_t)piece)
			return -1;
	}
	return fwrite(bytes, 1, size, stdout) == size && beyond >= 0 ? (ssize_t)size + beyond : -1;
}

static ssize_t by_sendfile(int fd, size_t size)
{
	ssize_t n, sum = 0;

	(void)size;
	while ((n = sendfile(STDOUT_FILENO, fd, NULL, 1 << 20)) > 0)
		sum += n;
	return n < 0 ? n : sum;
}

static ssize_t by_splice(int fd, size_t size)
{
	ssize_t n, sum = 0;
	int ends[2];

	(void)size;
	if (pipe(ends) < 0)
		return -1;
	while ((n = splice(fd, NULL, ends[1], NULL, 1 << 16, 0)) > 0)
		for (sum += n; n > 0;) {
			ssize_t out = splice(ends[0], NULL, STDOUT_FILENO, NULL, (size_t)n, 0);
			if (out <= 0)
				return -1;
			n -= out;
		}
	return n < 0 ? n : sum;
}

static const struct { const char *name; ssize_t (*copy)(int fd, size_t size); } methods[] = {
	{ "mmap", by_mmap }, { "bytes", by_single_bytes }, { "backwards", by_pread_backwards },
	{ "sendfile", by_sendfile }, { "splice", by_splice },
};

static int fails(const char *what)
{
	fprintf(stderr, "readas: %s: %s\n", what, strerror(errno));
	return 1;
}

static int copy(const char *method, int fd, const struct stat *st)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcmp(methods[i].name, method) != 0)
			continue;
		ssize_t n = methods[i].copy(fd, (size_t)st->st_size);
		if (n < 0 || fflush(stdout) != 0)
			return fails(method);
		if (n == st->st_size)
			return 0;
		fprintf(stderr, "readas: %s: %zd bytes of %lld\n", method, n, (long long)st->st_size);
		return 1;
	}
	errno = EINVAL;
	return fails(method);
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fails(argc == 3 ? argv[2] : "METHOD FILE");
	return copy(argv[1], fd, &st);
}
