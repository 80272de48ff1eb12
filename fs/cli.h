/*
 * cli: the commands that speak to a mount from outside, through its files alone.
 *
 * Each is a function of command.c's table and returns the exit code.
 */
#ifndef FS_CLI_H
#define FS_CLI_H

#include "base.h"
#include "command.h"

int cli_status(const struct command_call *call);
int cli_wait(const struct command_call *call);
/* retry, again, cancel and release: the verb is the command's name. */
int cli_control(const struct command_call *call);
int cli_unmount(const struct command_call *call);
int cli_models(const struct command_call *call);
int cli_doctor(const struct command_call *call);
int cli_sandbox(const struct command_call *call);

/* Prints `easelfs: text` and the hint below it to standard error, clears; returns CLI_FAILED. */
int cli_fail(struct error *err);

/* --- which prompt a path means (cli_path.c) -------------------------------------------------- */

/* A prompt or a folder in a mount. */
struct target {
	char *root;                   /* where it is mounted */
	char *path;                   /* of the prompt from there, `a/b/cat.txt`; of a folder, "" = all */
	bool is_folder;
};
#define cleanup_target __attribute__((cleanup(target_release)))

/* Whether a file of that name is there. */
bool target_stands(const struct target *t);
/* The prompt that a path means: its own, its picture's, its status file's, its name in wait/.
 * Relative or absolute, through symlinks, also in the source of a mount.  0 or -errno. */
int target_find(const char *given, struct target *out, struct error *err);
/* The mount that the current directory lies on. */
int target_here(struct target *out, struct error *err);
void target_release(struct target *t);
/* Whether a name ends like a prompt's. */
bool prompt_suffix_known(const char *name);

/* --- what a status file says (cli_status.c) -------------------------------------------------- */

struct status { char *state, *progress, *reason, *hint, *picture; };   /* NULL = not said */
#define cleanup_status __attribute__((cleanup(status_release)))

/* 0 or -errno; -ENOENT: no such prompt. */
int status_read(const struct target *t, struct status *out, struct error *err);
void status_release(struct status *s);
/* Calls each(arg, target) for every prompt at or below a folder, in name order; stops when it returns
 * nonzero and returns that.  The target is lent. */
int status_walk(const struct target *folder, int (*each)(void *arg, const struct target *t), void *arg,
                struct error *err);
/* All that the status' JSON says.  0 or -errno, the text is the caller's. */
int status_read_json(const struct target *t, struct buf *out, struct error *err);
/* Standard error: what is wrong with the configuration of the mount at `root`, if anything is. */
void status_warn_of_config(const char *root);
/* The whole of a small file of the mount, NUL-terminated.  0 or -errno. */
int read_whole(const char *path, struct buf *out);

/* --- as a table (cli_table.c) ---------------------------------------------------------------- */

/* Rows of prompts, shown together: in columns on a terminal, else a line each. */
struct table { struct table_row *rows; size_t count; };
#define cleanup_table __attribute__((cleanup(table_release)))

/* Reads the status of a prompt; one that is not there any more is left out. */
void table_add(struct table *t, const struct target *prompt);
/* max_rows: as many lines at most, 0 = all; those that are under way or want attention first.  now_ms: the
 * wall clock, for ages. */
void table_print(struct table *t, size_t max_rows, int64_t now_ms);
/* Those rows that say something else than before, a plain line each; `before` becomes the newer. */
void table_print_changes(struct table *before, struct table *now);
void table_release(struct table *t);
/* Lines of the terminal that standard output is, or 0 if it is none that can be written over. */
unsigned terminal_lines(void);

#endif
