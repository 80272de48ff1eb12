#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "cli.h"
#include "kill.h"
#include "mount.h"
#include "options.h"

#define EASELFS_VERSION "0.1"

/* Dispatch, --help and `help COMMAND` come from this. */
static const struct command {
	const char *name, *synopsis, *prose, *more;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "mount", "[-f] [-o OPTION,...] [SOURCE] MOUNTPOINT", "serve a folder; with one argument, over itself",
	  "Goes into the background once the mount answers; -f stays in the foreground and logs there.\n"
	  "A mount whose daemon has died is replaced; one that lives is left as it is.\n"
	  "Options (`easelfs mount -o help`) may also stand in the configuration and the environment.",
	  mount_command },
	{ "unmount", "MOUNTPOINT", "end a mount; all files stay where they are",
	  "Callers that wait for a picture get an error first. Tasks that were sent go on at their\n"
	  "provider, and their pictures are fetched after the next mount. From a provider that\n"
	  "answers with the picture itself the answer is waited for, as it is paid for.", cli_unmount },
	{ "status", "[--json] [PATH...]", "what becomes of prompts",
	  "One PATH shows all that is known of it, several show a line each; a folder, or no PATH (the\n"
	  "mount of the current directory), lists the prompts below it.", cli_status },
	{ "wait", "[--timeout SECONDS] PATH...", "wait until the pictures of prompts are there",
	  "Exits with 0 when all are completed, 1 when one is not, 124 when the time is over.", cli_wait },
	{ "retry", "PATH... | --all", "try again what failed, stopped or is put off",
	  "For a prompt in the state `unknown` this accepts that it may be paid for twice; --all leaves\n"
	  "those alone.", cli_control },
	{ "again", "PATH... | --all", "make a new picture of the same prompt",
	  "--all begins again what was canceled or has expired, never what is completed.", cli_control },
	{ "cancel", "PATH... | --all", "don't send it; give up what was sent", "", cli_control },
	{ "release", "PATH... | --all", "let held prompts start",
	  "Prompts are held when they were there before the first mount, or beyond the budget.", cli_control },
	{ "models", "[--json] [-o OPTION,...] [NAME]", "the models that are known, and their prices",
	  "NAME (or an id, or an alias) shows what that model takes, at each provider that offers it;\n"
	  "-o provider=NAME at that one.", cli_models },
	{ "sandbox", "[--port N] ...", "run a provider of sample pictures on this machine",
	  "`easelfs mount -o sandbox` starts one of its own.", cli_sandbox },
#ifdef KILL_POINTS
	{ "kill-points", "", "where EASELFS_KILL can have this build killed", "", kill_points_print },
#endif
};

static const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_help(FILE *to)
{
	fputs("easelfs: write a prompt file, read the picture\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  easelfs %s %s\n      %s\n", commands[i].name, commands[i].synopsis,
		        commands[i].prose);
	fputs("  easelfs help [COMMAND]\n  easelfs --version\n\n"
	      "PATH is a prompt, its picture or its status file, in any mount.\n", to);
}

static int refuse_command(const char *name)
{
	const char *names[ARRAY_LEN(commands)];

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		names[i] = commands[i].name;
	const char *near = nearest_word(name, names, ARRAY_LEN(names));
	fprintf(stderr, "easelfs: unknown command \"%s\"", name);
	if (near)
		fprintf(stderr, ": did you mean \"%s\"?", near);
	fputs("\n  easelfs help lists all commands\n", stderr);
	return CLI_USAGE;
}

static void print_command(const struct command *c)
{
	printf("easelfs %s %s\n\n%s.\n", c->name, c->synopsis, c->prose);
	if (*c->more)
		printf("%s\n", c->more);
	if (c->run == mount_command) {
		cleanup_buf struct buf options = BUF_INIT;

		options_help(&options);
		printf("\noptions (-o name=value):\n%s", options.data);
	}
}

static int help(const char *name)
{
	const struct command *c = name ? command_by_name(name) : NULL;

	if (name && !c)
		return refuse_command(name);
	if (c)
		print_command(c);
	else
		print_help(stdout);
	return CLI_OK;
}

static bool is_help(const char *word)
{
	return word && (!strcmp(word, "--help") || !strcmp(word, "-h"));
}

static int run(const struct command *c, int argc, char **argv)
{
	if (is_help(argv[1]))
		return help(c->name);
	int code = c->run(argc, argv);
	if (code == CLI_USAGE)
		fprintf(stderr, "usage: easelfs %s %s\n", c->name, c->synopsis);
	return code;
}

/* Descriptors 0 to 2 are always taken, so that no file of ours becomes standard error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int dispatch(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = !argc ? "" : slash ? slash + 1 : argv[0];

	/* mount(8) calls /sbin/mount.fuse.easelfs. */
	if (str_starts_with(called, "mount.")) {
		argv[0] = (char *)called;
		return run(command_by_name("mount"), argc, argv);
	}
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "help") || is_help(argv[1]))
		return help(argv[2]);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("easelfs %s (libfuse %s)\n", EASELFS_VERSION, fuse_pkgversion());
		return CLI_OK;
	}
	const struct command *c = command_by_name(argv[1]);
	return c ? run(c, argc - 1, argv + 1) : refuse_command(argv[1]);
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	int code = dispatch(argc, argv);
	if (fflush(stdout) && code == CLI_OK)
		code = CLI_FAILED;
	return code;
}
