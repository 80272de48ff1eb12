/* command_call: from argv to a call that the table allows, or a sentence. */
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { LONG_VALUES = 256 };           /* above all letters */

static size_t count_options(const struct command *c)
{
	size_t n = 0;

	while (n < COMMAND_OPTIONS_MAX && (c->options[n].name || c->options[n].letter))
		n++;
	return n;
}

/* Not the usage of getopt: those of its sentences would name the program by argv[0]. */
int command_misused(const struct command_call *call, const char *fmt, ...)
{
	cleanup_free char *synopsis = command_synopsis(call->command);
	va_list args;

	fputs("easelfs: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n  usage: easelfs %s%s%s\n", call->command->name, *synopsis ? " " : "", synopsis);
	return CLI_USAGE;
}

static const struct command_option *option_given(const struct command *c, int value)
{
	if (value >= LONG_VALUES)
		return &c->options[value - LONG_VALUES];
	for (size_t i = 0; i < count_options(c); i++)
		if (c->options[i].letter == value)
			return &c->options[i];
	BUG("no option -%c", value);
}

static int refuse_unknown(const struct command_call *call, const char *word)
{
	const char *names[COMMAND_OPTIONS_MAX + 1] = { "help" };
	size_t count = 1;
	cleanup_free char *name = xstrndup(word, strcspn(word, "="));

	for (size_t i = 0; i < count_options(call->command); i++)
		if (call->command->options[i].name)
			names[count++] = call->command->options[i].name;
	const char *near = nearest_word(name + strspn(name, "-"), names, count);
	if (near)
		return command_misused(call, "unknown option \"%s\": did you mean \"--%s\"?", name, near);
	return command_misused(call, "unknown option \"%s\"", name);
}

/* getopt_long stands behind a long option that it does not know, and within a row of letters. */
static int refuse_option(const struct command_call *call, char *const *argv, bool lacks_value)
{
	const char *word = argv[optind - 1];
	bool is_long = !strncmp(word, "--", 2);
	cleanup_free char *letter = xasprintf("-%c", optopt);

	if (lacks_value)
		return command_misused(call, "the option %s needs a value", is_long ? word : letter);
	if (is_long && optopt >= LONG_VALUES)
		return command_misused(call, "the option --%s takes no value",
		                       call->command->options[optopt - LONG_VALUES].name);
	return refuse_unknown(call, is_long || !optopt ? word : letter);
}

struct getopt_words { char letters[2 * COMMAND_OPTIONS_MAX + 3]; struct option longs[COMMAND_OPTIONS_MAX + 1]; };

static void describe(const struct command *c, struct getopt_words *w)
{
	char *letter = w->letters;
	struct option *l = w->longs;

	*letter++ = ':';
	for (size_t i = 0; i < count_options(c); i++) {
		const struct command_option *o = &c->options[i];

		if (o->letter) {
			*letter++ = o->letter;
			if (o->takes)
				*letter++ = ':';
		}
		if (o->name)
			*l++ = (struct option){ o->name, o->takes ? required_argument : no_argument, NULL,
			                        LONG_VALUES + (int)i };
	}
}

static int read_options(struct command_call *call, int argc, char **argv)
{
	struct getopt_words words = { 0 };
	int value;

	describe(call->command, &words);
	opterr = 0;
	while ((value = getopt_long(argc, argv, words.letters, words.longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse_option(call, argv, value == ':');
		call->given[call->given_count].option = option_given(call->command, value);
		call->given[call->given_count++].value = optarg ? optarg : "";
	}
	call->operands = argv + optind;
	call->count = argc - optind;
	return CLI_OK;
}

static int check_operands(const struct command_call *call)
{
	const struct command *c = call->command;

	if (c->max == 0 && call->count)
		return command_misused(call, "%s takes no \"%s\"", c->name, call->operands[0]);
	if (call->count < c->min)
		return command_misused(call, "%s needs a %.*s", c->name, (int)strcspn(c->operands, "."), c->operands);
	if (c->max > 0 && call->count > c->max)
		return command_misused(call, "%s does not know what to do with \"%s\"", c->name,
		                       call->operands[c->max]);
	return CLI_OK;
}

int command_run(const struct command *c, int argc, char **argv)
{
	struct command_call call = { .command = c, .operands = argv + 1, .count = argc - 1, .argv = argv };
	int code = CLI_OK;

	/* A letter may stand in one word with others. */
	size_t room = 1;
	for (int i = 1; i < argc; i++)
		room += strlen(argv[i]) + 1;
	call.given = xcalloc(room, sizeof(*call.given));
	if (!c->raw)
		code = read_options(&call, argc, argv);
	if (!code)
		code = check_operands(&call);
	if (!code)
		code = c->run(&call);
	free(call.given);
	return code;
}

static bool is_named(const struct command_option *o, const char *name)
{
	return o->name ? !strcmp(o->name, name) : o->letter == name[0] && !name[1];
}

bool call_has(const struct command_call *call, const char *option)
{
	return call_value(call, option) != NULL;
}

const char *call_value(const struct command_call *call, const char *option)
{
	for (size_t i = call->given_count; i-- > 0;)
		if (is_named(call->given[i].option, option))
			return call->given[i].value;
	return NULL;
}

const char **call_values(const struct command_call *call, const char *option)
{
	const char **values = xcalloc(call->given_count + 1, sizeof(*values));
	size_t count = 0;

	for (size_t i = 0; i < call->given_count; i++)
		if (is_named(call->given[i].option, option))
			values[count++] = call->given[i].value;
	return values;
}
