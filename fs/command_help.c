/* command_help: what the table says to people, and to those who write completions. */
#include "command.h"

#include <string.h>

#include "mount.h"
#include "options.h"
#include "settings.h"

static const struct { int code; const char *means; } exit_codes[] = {
	{ CLI_OK, "it is done; all pictures are there; nothing is wrong" },
	{ CLI_FAILED, "it could not be done, or not for all; a picture will not come; doctor found something" },
	{ CLI_USAGE, "the command was called in a way that it does not know" },
	{ CLI_TIMEOUT, "the time that `wait --timeout` gave is over" },
};

static const char *const operand_kinds[] = {
	[OPERANDS_NONE] = "none", [OPERANDS_PATHS] = "paths", [OPERANDS_FOLDERS] = "folders",
	[OPERANDS_MODELS] = "models", [OPERANDS_ANY] = "any",
};

static bool is_option(const struct command_option *o)
{
	return o->name || o->letter;
}

/* `--timeout SECONDS`, `-f`; a long name goes before a letter.  The caller frees. */
static char *spelled(const struct command_option *o)
{
	struct buf b = BUF_INIT;

	if (o->name)
		buf_fmt(&b, "--%s", o->name);
	else
		buf_fmt(&b, "-%c", o->letter);
	if (o->takes)
		buf_fmt(&b, " %s", o->takes);
	return buf_steal(&b);
}

char *command_synopsis(const struct command *c)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && is_option(&c->options[i]); i++) {
		cleanup_free char *option = spelled(&c->options[i]);

		if (!strstr(c->operands, option))
			buf_fmt(&b, "[%s] ", option);
	}
	buf_str(&b, c->operands);
	return buf_steal(&b);
}

void command_help_all(struct buf *out)
{
	buf_str(out, "easelfs: write a prompt file, read the picture\n\n");
	for (size_t i = 0; i < commands_count; i++) {
		cleanup_free char *synopsis = command_synopsis(&commands[i]);

		buf_fmt(out, "  easelfs %s %s\n      %s\n", commands[i].name, synopsis, commands[i].prose);
	}
	buf_str(out, "  easelfs help [COMMAND]\n  easelfs --version\n\n"
	        "PATH is a prompt, its picture or its status file, in any mount.\n\nexit codes:\n");
	for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
		buf_fmt(out, "  %-4d %s\n", exit_codes[i].code, exit_codes[i].means);
}

void command_help_one(const struct command *c, struct buf *out)
{
	cleanup_free char *synopsis = command_synopsis(c);

	buf_fmt(out, "easelfs %s %s\n\n%s.\n", c->name, synopsis, c->prose);
	if (*c->more)
		buf_fmt(out, "%s\n", c->more);
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && is_option(&c->options[i]); i++) {
		cleanup_free char *option = spelled(&c->options[i]);

		buf_fmt(out, "%s  %-18s %s\n", i ? "" : "\n", option, c->options[i].prose);
	}
	if (c->run == mount_command) {
		buf_str(out, "\noptions (-o name=value):\n");
		options_help(out);
	}
}

static void table_option(const struct command *c, const char *dashes, const char *name,
                         const struct command_option *o, struct buf *out)
{
	buf_fmt(out, "option\t%s\t%s%s\t%s\t%s\n", c->name, dashes, name, o->takes ? o->takes : "", o->prose);
}

static void table_command(const struct command *c, struct buf *out)
{
	cleanup_free char *synopsis = command_synopsis(c);

	buf_fmt(out, "command\t%s\t%s\t%s\t%s\n", c->name, operand_kinds[c->kind], synopsis, c->prose);
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && is_option(&c->options[i]); i++) {
		char letter[] = { c->options[i].letter, '\0' };

		if (c->options[i].name)
			table_option(c, "--", c->options[i].name, &c->options[i], out);
		if (*letter)
			table_option(c, "-", letter, &c->options[i], out);
	}
}

void command_table(struct buf *out)
{
	for (size_t i = 0; i < commands_count; i++)
		table_command(&commands[i], out);
	options_table(out);
	for (size_t i = 0; i < SET_COUNT; i++)
		buf_fmt(out, "header\t%s\t%s\t%s\n", setting_table[i].name, setting_table[i].aliases,
		        setting_table[i].takes);
	for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
		buf_fmt(out, "exit\t%d\t%s\n", exit_codes[i].code, exit_codes[i].means);
}
