#include "command.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "kill.h"
#include "mount.h"

#define OPTION_JSON { "json", 0, NULL, "for programs" }
#define OPTION_ALL { "all", 0, NULL, "all prompts of the mount of the current directory" }
#define OPTION_O(prose) { NULL, 'o', "OPTION,...", prose }

#ifdef KILL_POINTS
static int kill_points(const struct command_call *call)
{
	return kill_points_print(call->count, call->operands);
}
#endif

const struct command commands[] = {
	{ "mount", "[SOURCE] MOUNTPOINT", OPERANDS_FOLDERS, 0, 2, "serve a folder; with one argument, over itself",
	  "Goes into the background once the mount answers; -f stays in the foreground and logs there.\n"
	  "A mount whose daemon has died is replaced; one that lives is left as it is.\n"
	  "Options (`easelfs mount -o help`) may also stand in the configuration and the environment.",
	  { { NULL, 'f', NULL, "stay in the foreground, and log to standard error" },
	    OPTION_O("options of the mount; `-o help` lists them") },
	  mount_command, false },
	{ "unmount", "MOUNTPOINT", OPERANDS_FOLDERS, 1, 1, "end a mount; all files stay where they are",
	  "Callers that wait for a picture get an error first. Tasks that were sent go on at their\n"
	  "provider, and their pictures are fetched after the next mount. From a provider that\n"
	  "answers with the picture itself the answer is waited for, as it is paid for.",
	  { { "dead", 0, NULL, "only a mount whose daemon is gone; of another one, or none, nothing is said" } },
	  cli_unmount, false },
	{ "status", "[PATH...]", OPERANDS_PATHS, 0, -1, "what becomes of prompts",
	  "One PATH shows all that is known of it, several show a line each; a folder, or no PATH (the\n"
	  "mount of the current directory), lists the prompts below it.",
	  { OPTION_JSON, { "watch", 'w', NULL, "again and again; without a terminal, a line for each change" } },
	  cli_status, false },
	{ "wait", "PATH...", OPERANDS_PATHS, 1, -1, "wait until the pictures of prompts are there",
	  "Exits with 0 when all are completed, 1 when one is not, 124 when the time is over.",
	  { { "timeout", 't', "SECONDS", "wait no longer than that" } }, cli_wait, false },
	{ "retry", "PATH... | --all", OPERANDS_PATHS, 0, -1, "try again what failed, stopped, expired or is put off",
	  "What has expired is asked for once more, at no charge, where the provider can be asked.\n"
	  "For a prompt in the state `unknown` this accepts that it may be paid for twice; --all leaves\n"
	  "those alone.", { OPTION_ALL }, cli_control, false },
	{ "again", "PATH... | --all", OPERANDS_PATHS, 0, -1, "make a new picture of the same prompt",
	  "--all begins again what was canceled or has expired, never what is completed.", { OPTION_ALL },
	  cli_control, false },
	{ "cancel", "PATH... | --all", OPERANDS_PATHS, 0, -1, "don't send it; give up one whose outcome is unknown", "",
	  { OPTION_ALL }, cli_control, false },
	{ "release", "PATH... | --all", OPERANDS_PATHS, 0, -1, "let held prompts start",
	  "Prompts are held when they were there before the first mount, or beyond the budget.", { OPTION_ALL },
	  cli_control, false },
	{ "models", "[NAME]", OPERANDS_MODELS, 0, 1, "the models that are known, and their prices",
	  "NAME (or an id, or an alias) shows what that model takes, at each provider that offers it;\n"
	  "-o provider=NAME at that one.",
	  { OPTION_JSON, OPTION_O("options as of the mount: config, provider") }, cli_models, false },
	{ "doctor", "[PATH]", OPERANDS_PATHS, 0, 1, "what is wrong on this machine, and what to do",
	  "Looks at FUSE, the kernel, libraries, mounts, the configuration and keys, and asks each provider that\n"
	  "there is a key for whether it answers, what the account has and which models it offers. Nothing is paid\n"
	  "for. Exits with 0 when nothing is wrong. --config shows each value and where it comes from; of PATH, with\n"
	  "the .defaults of its folders.",
	  { { "config", 'c', NULL, "show each value, and where it comes from" },
	    { "offline", 0, NULL, "ask no provider" }, OPTION_O("options as of the mount") }, cli_doctor, false },
	{ "sandbox", "[OPTION...]", OPERANDS_ANY, 0, -1, "run a provider of sample pictures on this machine",
	  "`easelfs mount -o sandbox` starts one of its own. `easelfs sandbox --help` lists the options.",
	  { { 0 } }, cli_sandbox, true },
#ifdef KILL_POINTS
	{ "kill-points", "", OPERANDS_NONE, 0, 0, "where EASELFS_KILL can have this build killed", "", { { 0 } },
	  kill_points, false },
#endif
};
const size_t commands_count = ARRAY_LEN(commands);

const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; i < commands_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
