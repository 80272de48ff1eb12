/*
 * sandbox_run: easelfs-sandbox as a child of the daemon, for -o sandbox.
 *
 * It serves a free port of the loopback interface until its standard input ends, which happens also
 * when the daemon is killed.  The key that it asks for is random and reaches it and us by the
 * environment (EASELFS_SANDBOX_KEY).
 */
#ifndef FS_SANDBOX_RUN_H
#define FS_SANDBOX_RUN_H

#include <sys/types.h>

#include "base.h"

struct sandbox {
	pid_t pid;                    /* 0 = not running */
	int input;                    /* its standard input */
	char *url;                    /* http://127.0.0.1:PORT */
};

/* Before any thread: it sets the environment.  quiet: its messages go nowhere.  0 or -errno. */
int sandbox_start(struct sandbox *s, bool quiet, struct error *err);
/* Ends it; fine if it was never started. */
void sandbox_stop(struct sandbox *s);
/* Path of the easelfs-sandbox beside our own binary, or its bare name, to be found in PATH.  The
 * caller frees. */
char *sandbox_program(void);

#endif
