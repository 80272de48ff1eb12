/*
 * reading HOW FILE TIMES: megabytes per second of reading a file from its beginning to its end, so often.
 *
 *     read      read(2), 128 KiB at a time
 *     pread     pread(2), the same, from the middle on and then the first half
 *     mmap      the sum of its words in memory
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

enum { PIECE = 128 * 1024 };
static char piece[PIECE];
static uint64_t sum;           /* so that no compiler leaves the reading out */

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void by_read(int fd, off_t size)
{
	ssize_t n;

	(void)size;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		sum += (unsigned char)piece[n - 1];
	if (n < 0)
		die("read");
}

static void by_pread(int fd, off_t size)
{
	off_t middle = size / 2 / PIECE * PIECE;

	for (off_t at = middle; at < size; at += PIECE)
		sum += (uint64_t)pread(fd, piece, sizeof(piece), at);
	for (off_t at = 0; at < middle; at += PIECE)
		sum += (uint64_t)pread(fd, piece, sizeof(piece), at);
}

static void by_mmap(int fd, off_t size)
{
	const uint64_t *words = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);

	if (words == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < (size_t)size / sizeof(*words); i++)
		sum += words[i];
	munmap((void *)(uintptr_t)words, (size_t)size);
}

static const struct { const char *name; void (*run)(int fd, off_t size); } hows[] = {
	{ "read", by_read }, { "pread", by_pread }, { "mmap", by_mmap },
};

int main(int argc, char **argv)
{
	void (*run)(int, off_t) = NULL;
	struct stat st = { 0 };

	for (size_t i = 0; argc == 4 && i < sizeof(hows) / sizeof(*hows); i++)
		if (strcmp(hows[i].name, argv[1]) == 0)
			run = hows[i].run;
	if (!run)
		die("reading HOW FILE TIMES");
	double begun = seconds(CLOCK_MONOTONIC);
	for (int i = atoi(argv[3]); i > 0; i--) {
		int fd = open(argv[2], O_RDONLY);
		if (fd < 0 || fstat(fd, &st) < 0)
			die(argv[2]);
		run(fd, st.st_size);
		close(fd);
	}
	printf("%.1f %llu\n", (double)st.st_size * atoi(argv[3]) / 1e6 / (seconds(CLOCK_MONOTONIC) - begun), (unsigned long long)sum);
	return 0;
}
