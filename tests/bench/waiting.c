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
#include <time.h>
#include <unistd.h>

static const char *path;
static atomic_int entered, failed;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void *reader(void *arg)
{
	double *returned = arg;
	char byte;

	atomic_fetch_add(&entered, 1);
	int fd = open(path, O_RDONLY);
	*returned = now_ms();
	if (fd < 0 || read(fd, &byte, 1) != 1)
		atomic_fetch_add(&failed, 1);
	if (fd >= 0)
		close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;
	double first = 0, last = 0, *returned = calloc((size_t)count + 1, sizeof(*returned));
	pthread_t *threads = calloc((size_t)count + 1, sizeof(*threads));
	pthread_attr_t attr;

	if (!count) {
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
		usleep(1000);
	usleep(200 * 1000);          /* from the counter to the daemon */
	printf("ready\n");
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (!first || returned[i] < first)
			first = returned[i];
		if (returned[i] > last)
			last = returned[i];
	}
	printf("%.3f %.3f\n", first, last);
	free(returned);
	free(threads);
	return atomic_load(&failed) ? 1 : 0;
}
