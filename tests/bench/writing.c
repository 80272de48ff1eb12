/* writing FOLDER COUNT: makes so many prompts, create + write + close of each; files per second. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

int main(int argc, char **argv)
{
	int folder = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1, count = argc == 3 ? atoi(argv[2]) : 0;
	char name[64], text[64];

	if (folder < 0) {
		perror("writing FOLDER COUNT");
		return 1;
	}
	double begun = seconds(CLOCK_MONOTONIC);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "prompt-%d.txt", i);
		int len = snprintf(text, sizeof(text), "a picture, number %d of %d\n", i, count);
		int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, text, (size_t)len) != len || close(fd) < 0) {
			perror(name);
			return 1;
		}
	}
	printf("%.0f\n", count / (seconds(CLOCK_MONOTONIC) - begun));
	return 0;
}
