/*
 * stalling MOUNT SOURCE: until SIGTERM, the same calls on the one and on the other, in turn, 100 rounds a second; then
 * for each call its name and, in milliseconds, the longest and the 99.9th percentile: of the mount, of the source.
 *
 * The calls: stat of a prompt, stat of a name that is not there and has never been asked for, and a folder that is read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

enum { CALLS = 3, SAMPLES_MAX = 2000000 };
static const char *const call_names[CALLS] = { "stat", "absent", "readdir" };

static volatile sig_atomic_t over;
static float *samples[CALLS][2];
static size_t count;

static void stop(int sig)
{
	(void)sig;
	over = 1;
}

static void call(int kind, const char *folder, size_t round)
{
	char path[4096];
	struct stat st;
	DIR *d;

	switch (kind) {
	case 0:
		snprintf(path, sizeof(path), "%s/still.txt", folder);
		stat(path, &st);
		break;
	case 1:
		snprintf(path, sizeof(path), "%s/absent-%zu.txt", folder, round);
		stat(path, &st);
		break;
	default:
		snprintf(path, sizeof(path), "%s/still", folder);
		if ((d = opendir(path))) {
			while (readdir(d))
				;
			closedir(d);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };

	if (argc != 3) {
		fprintf(stderr, "stalling MOUNT SOURCE\n");
		return 1;
	}
	sigaction(SIGTERM, &sa, NULL);
	for (int k = 0; k < CALLS; k++)
		for (int where = 0; where < 2; where++)
			samples[k][where] = malloc(SAMPLES_MAX * sizeof(float));
	for (; !over && count < SAMPLES_MAX; count++) {
		for (int k = 0; k < CALLS; k++)
			for (int where = 0; where < 2; where++) {
				double begun = seconds(CLOCK_MONOTONIC) * 1e3;
				call(k, argv[1 + where], count);
				samples[k][where][count] = (float)(seconds(CLOCK_MONOTONIC) * 1e3 - begun);
			}
		pause_ms(10);
	}
	for (int k = 0; k < CALLS && count; k++) {
		printf("%s", call_names[k]);
		for (int where = 0; where < 2; where++) {
			qsort(samples[k][where], count, sizeof(float), by_size);
			printf(" %.3f %.3f", (double)samples[k][where][count - 1],
			       (double)samples[k][where][(size_t)((double)count * 0.999)]);
		}
		printf("\n");
	}
	return 0;
}
