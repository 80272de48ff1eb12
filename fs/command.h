/*
 * command: what can be said to easelfs on the command line, as one table.
 *
 * The parser, `--help`, the usage lines and `easelfs help --table`, from which the completions are
 * generated and against which the manual is tested, all read it.  One thread, no state.
 */
#ifndef FS_COMMAND_H
#define FS_COMMAND_H

#include "base.h"

/* Exit codes; the table of their meanings is in command.c. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_TIMEOUT = 124 };

struct command_option {
	const char *name;             /* without `--`; NULL: it has only a letter */
	char letter;                  /* 0: it has only a name */
	const char *takes;            /* what its value is, `SECONDS`; NULL: it takes none */
	const char *prose;
};

/* What the operands are, for completions. */
enum operand_kind { OPERANDS_NONE, OPERANDS_PATHS, OPERANDS_FOLDERS, OPERANDS_MODELS, OPERANDS_ANY };

enum { COMMAND_OPTIONS_MAX = 4 };

struct command_call;

struct command {
	const char *name;
	const char *operands;         /* as the usage shows them; an option that is named here is not shown twice */
	enum operand_kind kind;
	int min, max;                 /* how many; max -1: any number */
	const char *prose, *more;     /* half a sentence; whole ones, or "" */
	struct command_option options[COMMAND_OPTIONS_MAX];   /* until one has neither name nor letter */
	int (*run)(const struct command_call *call);          /* returns the exit code */
	bool raw;                     /* its arguments are another program's */
};

/* A command as it was called.  Strings are borrowed from argv. */
struct command_call {
	const struct command *command;
	struct { const struct command_option *option; const char *value; } *given;
	size_t given_count;           /* in the order in which they stood */
	char **operands;              /* NULL-terminated */
	int count;
	char **argv;                  /* all of it, argv[0] the command's name */
};

extern const struct command commands[];
extern const size_t commands_count;

const struct command *command_by_name(const char *name);
/* Reads argv (argv[0] is the command's name) and runs it.  A call that the table does not allow is refused in a
 * sentence with the nearest option, and CLI_USAGE is returned. */
int command_run(const struct command *c, int argc, char **argv);
/* `easelfs: SENTENCE` and the usage below it, to standard error; returns CLI_USAGE. */
int command_misused(const struct command_call *call, const char *fmt, ...) PRINTF(2, 3);

bool call_has(const struct command_call *call, const char *option);
/* The value of an option, the last one that stood; NULL: it stood nowhere. */
const char *call_value(const struct command_call *call, const char *option);
/* All values of an option, NULL-terminated; the caller frees the array. */
const char **call_values(const struct command_call *call, const char *option);

/* `[--json] [PATH...]`; the caller frees. */
char *command_synopsis(const struct command *c);
/* What `easelfs help [COMMAND]` and `easelfs help --table` say. */
void command_help_all(struct buf *out);
void command_help_one(const struct command *c, struct buf *out);
void command_table(struct buf *out);

#endif
