/*
 * metadata WHAT FOLDER SECONDS: calls on a folder's names, per second, by one thread.
 *
 *     stat      stat(2) of one file that is there
 *     lookup    stat(2) of every file in turn, in the order of a shuffled list
 *     absent    stat(2) of a thousand names that are not there
 *     readdir   the whole folder is read; counted are its entries
 *     list      what `ls -l` does: read the folder, lstat(2) of each; counted are its entries
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

static int folder;
static char **names;
static size_t count;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static DIR *open_again(void)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		die("the folder");
	return d;
}

static void read_names(void)
{
	DIR *d = open_again();
	struct dirent *e;

	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		char **more = realloc(names, (count + 1) * sizeof(*names));
		if (!more)
			die("the names");
		names = more;
		names[count++] = strdup(e->d_name);
	}
	closedir(d);
	if (!count) {
		fprintf(stderr, "the folder is empty\n");
		exit(1);
	}
	srand(1);
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = (size_t)rand() % (i + 1);
		char *name = names[i];
		names[i] = names[other];
		names[other] = name;
	}
}

static size_t stat_one(void)
{
	struct stat st;

	for (int i = 0; i < 1000; i++)
		if (fstatat(folder, names[0], &st, 0) < 0)
			die(names[0]);
	return 1000;
}

static size_t look_up(void)
{
	struct stat st;

	for (size_t i = 0; i < count; i++)
		if (fstatat(folder, names[i], &st, 0) < 0)
			die(names[i]);
	return count;
}

static size_t absent(void)
{
	struct stat st;
	char name[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "absent-%d.png", i);
		if (fstatat(folder, name, &st, 0) == 0)
			die("a file that should be absent");
	}
	return 1000;
}

static size_t walk(int with_stat)
{
	DIR *d = open_again();
	struct dirent *e;
	struct stat st;
	size_t n = 0;

	for (; (e = readdir(d)); n++)
		if (with_stat && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			die(e->d_name);
	closedir(d);
	return n;
}

static size_t read_folder(void) { return walk(0); }
static size_t list(void) { return walk(1); }

static const struct { const char *name; size_t (*run)(void); } whats[] = {
	{ "stat", stat_one }, { "lookup", look_up }, { "absent", absent }, { "readdir", read_folder }, { "list", list },
};

int main(int argc, char **argv)
{
	if (argc != 4 || (folder = open(argv[2], O_RDONLY | O_DIRECTORY)) < 0)
		die("metadata WHAT FOLDER SECONDS");
	read_names();
	for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++) {
		if (strcmp(whats[i].name, argv[1]) != 0)
			continue;
		size_t done = 0;
		whats[i].run();      /* what is cached is, from here on */
		double begun = seconds(CLOCK_MONOTONIC), end = begun + atof(argv[3]);
		do
			done += whats[i].run();
		while (seconds(CLOCK_MONOTONIC) < end);
		printf("%.0f\n", (double)done / (seconds(CLOCK_MONOTONIC) - begun));
		return 0;
	}
	fprintf(stderr, "no such call: %s\n", argv[1]);
	return 1;
}
