#include "kill.h"

#ifdef KILL_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

#define STEP_ROWS(name, way, before, after) { "BEFORE_" #name, #way, before }, { "AFTER_" #name, #way, after },
#define MOMENT_ROW(name, way, now) { #name, #way, now },
static const struct { const char *name, *way, *truth; } points[] = { KILL_TABLE(STEP_ROWS, MOMENT_ROW) };

static atomic_uint passes;

void kill_point_(enum kill_point p)
{
	const char *wanted = getenv("EASELFS_KILL");
	size_t len = strlen(points[p].name);

	if (!wanted || strncmp(wanted, points[p].name, len) != 0 || (wanted[len] && wanted[len] != ':'))
		return;
	unsigned which = wanted[len] ? (unsigned)strtoul(wanted + len + 1, NULL, 10) : 1;
	if (atomic_fetch_add(&passes, 1) + 1 != which)
		return;
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

int kill_points_print(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		printf("%s %s %s\n", points[i].name, points[i].way, points[i].truth);
	return 0;
}

#endif
