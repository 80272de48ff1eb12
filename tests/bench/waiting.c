/*
 * waiting FILE COUNT: so many threads open FILE, which blocks in wait/ until its picture is there, and read a byte.
 * Says `ready` when all are in open(2); then, when all have returned, the CLOCK_REALTIME milliseconds of the first and
 * of the last return.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

static const char *path;
static atomic_int entered, failed;

static void *reader(void *arg)
{
	double *came_back = arg;
	char byte;

	atomic_fetch_add(&entered, 1);
	int fd = open(path, O_RDONLY);
	*came_back = seconds(CLOCK_REALTIME) * 1e3;
	if (fd < 0 || read(fd, &byte, 1) != 1)
		atomic_fetch_add(&failed, 1);
	if (fd >= 0)
		close(fd);
	return NULL;
}

enum { COUNT_MAX = 4096 };
static double returned[COUNT_MAX];
static pthread_t threads[COUNT_MAX];

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;
	double first = 0, last = 0;
	pthread_attr_t attr;

	if (count < 1 || count > COUNT_MAX) {
		fprintf(stderr, "waiting FILE COUNT\n");
		return 1;
	}
	path = argv[1];
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], &attr, reader, &returned[i])) {
			fprintf(stderr, "no more than %d threads\n", i);
			return 1;
		}
	while (atomic_load(&entered) < count)
		pause_ms(1);
	pause_ms(200);               /* from the counter to the daemon */
	printf("ready\n");
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (i == 0 || returned[i] < first)
			first = returned[i];
		if (returned[i] > last)
			last = returned[i];
	}
	printf("%.3f %.3f\n", first, last);
	return atomic_load(&failed) ? 1 : 0;
}
