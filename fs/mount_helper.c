#include "mount_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "mount.h"
#include "options.h"

/* What mount(8) makes of the end of a helper. */
enum { HELPER_OK = 0, HELPER_USAGE = 1, HELPER_FAILED = 32 };

struct helper {
	struct mount_request asked;
	char **lists;                 /* what asked.dash_o is; NULL-terminated, with `count` lists */
	size_t count;
	bool sloppy;
	const char *namespace;
};

static void add_list(struct helper *h, const char *list)
{
	h->lists = xrealloc(h->lists, (h->count + 2) * sizeof(*h->lists));
	h->lists[h->count++] = xstrdup(list);
	h->lists[h->count] = NULL;
}

static void take_operand(struct helper *h, const char *operand)
{
	if (!h->asked.source)
		h->asked.source = operand;
	else
		h->asked.mountpoint = operand;
}

/* SOURCE MOUNTPOINT [-sfnv] [-N namespace] [-o options] [-t type]: mount(8), "External helpers".  The letters are
 * mount(8)'s, so -f is not that of `easelfs mount`. */
static bool parse(struct helper *h, int argc, char **argv)
{
	int c, operands = 0;

	/* `-`: in any order, whatever POSIXLY_CORRECT says. */
	while ((c = getopt(argc, argv, "-fo:rwsnvN:t:")) != -1)
		switch (c) {
		case 1:
			operands++;
			take_operand(h, optarg);
			break;
		case 'f':
			h->asked.fake = true;
			break;
		case 'o':
			add_list(h, optarg);
			break;
		case 'r':
			add_list(h, "ro");
			break;
		case 's':
			h->sloppy = true;
			break;
		case 'v':
			h->asked.verbose = true;
			break;
		case 'N':
			h->namespace = optarg;
			break;
		case '?':
			return false;
		}
	for (; optind < argc; operands++)
		take_operand(h, argv[optind++]);
	return operands == 2;
}

/* All paths are of that namespace, the configuration's too. */
static int enter_namespace(const char *path, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !setns(fd, CLONE_NEWNS))
		return 0;
	return error_set(err, errno, NULL, "the mount namespace %s cannot be entered: %s", path, strerror(errno));
}

static void leave_unknown_out(struct helper *h)
{
	for (size_t i = 0; i < h->count; i++) {
		char *known = options_known(h->lists[i]);

		free(h->lists[i]);
		h->lists[i] = known;
	}
}

static int run(struct helper *h)
{
	cleanup_error struct error err = ERROR_INIT;

	if (h->namespace && enter_namespace(h->namespace, &err))
		return cli_fail(&err);
	if (h->sloppy)
		leave_unknown_out(h);
	h->asked.dash_o = (const char *const *)h->lists;
	return mount_run(&h->asked);
}

int mount_helper(int argc, char **argv)
{
	struct helper h = { 0 };
	int code = HELPER_USAGE;

	if (parse(&h, argc, argv))
		code = run(&h) == CLI_OK ? HELPER_OK : HELPER_FAILED;
	else
		fprintf(stderr, "usage: %s SOURCE MOUNTPOINT [-fnsvrw] [-N NAMESPACE] [-o OPTION,...]\n", argv[0]);
	for (size_t i = 0; i < h.count; i++)
		free(h.lists[i]);
	free(h.lists);
	return code;
}
