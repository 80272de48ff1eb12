#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "command.h"
#include "libraries.h"
#include "mount_helper.h"
#include "version.h"

static int refuse_command(const char *name)
{
	const char **names = xcalloc(commands_count, sizeof(*names));

	for (size_t i = 0; i < commands_count; i++)
		names[i] = commands[i].name;
	const char *near = nearest_word(name, names, commands_count);
	fprintf(stderr, "easelfs: unknown command \"%s\"", name);
	/* What the system's own command is called is as near to another of ours. */
	if (!strcmp(name, "umount"))
		near = "unmount";
	if (near)
		fprintf(stderr, ": did you mean \"%s\"?", near);
	fputs("\n  easelfs help lists all commands\n", stderr);
	free(names);
	return CLI_USAGE;
}

static void print(struct buf *text, FILE *to)
{
	fputs(text->data, to);
	buf_release(text);
}

static int help(const char *name)
{
	const struct command *c = name ? command_by_name(name) : NULL;
	struct buf text = BUF_INIT;

	if (name && !strcmp(name, "--table"))
		command_table(&text);
	else if (c)
		command_help_one(c, &text);
	else if (!name)
		command_help_all(&text);
	else
		return refuse_command(name);
	print(&text, stdout);
	return CLI_OK;
}

static int version(void)
{
	struct library l;

	puts("easelfs " EASELFS_VERSION);
	for (size_t i = 0; l = library_at(i), l.name; i++)
		printf("%s %s\n", l.name, l.version);
	return CLI_OK;
}

static bool is_help(const char *word)
{
	return word && (!strcmp(word, "--help") || !strcmp(word, "-h"));
}

static int run(const struct command *c, int argc, char **argv)
{
	if (!c->raw && is_help(argv[1]))
		return help(c->name);
	return command_run(c, argc, argv);
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

/* At boot, mount(8) is run without one. */
static void find_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user = home && *home ? NULL : getpwuid(geteuid());

	if (user && user->pw_dir && *user->pw_dir == '/')
		setenv("HOME", user->pw_dir, 1);
}

/* mount.fuse3(8) runs `easelfs SOURCE MOUNTPOINT -o …`; commands have no slash. */
static bool is_mount_without_a_word(char **argv)
{
	return strchr(argv[1], '/') && argv[2] && strchr(argv[2], '/');
}

static int dispatch(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = !argc ? "" : slash ? slash + 1 : argv[0];

	/* mount(8) calls /sbin/mount.fuse.easelfs. */
	if (str_starts_with(called, "mount."))
		return mount_helper(argc, argv);
	if (argc < 2) {
		struct buf text = BUF_INIT;

		command_help_all(&text);
		print(&text, stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "help") || is_help(argv[1]))
		return help(argv[2]);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return version();
	if (is_mount_without_a_word(argv))
		return command_run(command_by_name("mount"), argc, argv);
	const struct command *c = command_by_name(argv[1]);
	return c ? run(c, argc - 1, argv + 1) : refuse_command(argv[1]);
}

int main(int argc, char **argv)
{
	libraries_begin();
	fill_standard_descriptors();
	find_home();
	int code = dispatch(argc, argv);
	if (fflush(stdout) && code == CLI_OK)
		code = CLI_FAILED;
	return code;
}
