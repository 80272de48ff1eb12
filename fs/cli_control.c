#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mountpoint.h"
#include "sandbox_run.h"
#include "serve.h"

int cli_fail(struct error *err)
{
	fprintf(stderr, "easelfs: %s\n", err->text ? err->text : "it did not work");
	if (err->hint)
		fprintf(stderr, "  %s\n", err->hint);
	error_clear(err);
	return CLI_FAILED;
}

/* --- retry, again, cancel, release ----------------------------------------------------------- */

static const struct verb {
	const char *name, *done;
	/* Where --all applies it.  Never where a second charge or the loss of what was paid for could
	 * follow: `unknown` is not retried, and nothing that is completed is made again. */
	const char *all_states;
} verbs[] = {
	{ "retry", "retried", "failed stopped deferred expired" },
	{ "again", "begun again", "canceled expired" },
	{ "cancel", "canceled", "held queued uploading submitting running deferred stopped unknown" },
	{ "release", "released", "held" },
};

static const struct verb *verb_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	BUG("no verb %s", name);
}

static void add_encoded(struct buf *line, const char *path)
{
	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		if (*c <= 0x20 || *c == '%' || *c >= 0x7f)
			buf_fmt(line, "%%%02X", *c);
		else
			buf_chr(line, (char)*c);
}

/* The sentence of an errno that ctl answered. */
static int refuse_verb(const struct verb *v, const struct target *t, int code, struct error *err)
{
	cleanup_status struct status s = { 0 };

	switch (code) {
	case EALREADY:
		if (status_read(t, &s, NULL))
			return error_set(err, code, NULL, "nothing to %s: %s", v->name, t->path);
		return error_set(err, code, NULL, "nothing to %s: %s is %s", v->name, t->path, s.state);
	case ENOENT:
		if (target_stands(t))
			return error_set(err, code, "try it again in a moment", "%s was saved just now, and is not taken up yet",
			                 t->path);
		return error_set(err, code, NULL, "there is no prompt %s in the mount at %s", t->path, t->root);
	case EACCES:
	case EPERM:
		return error_set(err, code, NULL, "the mount at %s is another user's", t->root);
	case ENOTCONN:
		return error_set(err, code, "mount it again: easelfs mount", "the daemon of the mount at %s is gone",
		                 t->root);
	default:
		return error_set(err, code, NULL, "%s could not be told to %s %s: %s", t->root, v->name, t->path,
		                 strerror(code));
	}
}

static int tell(const struct verb *v, const struct target *t, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/.easelfs/ctl", t->root);
	cleanup_buf struct buf line = BUF_INIT;
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	buf_fmt(&line, "%s ", v->name);
	add_encoded(&line, t->path);
	buf_chr(&line, '\n');
	if (fd < 0 || write(fd, line.data, line.len) < 0)
		return refuse_verb(v, t, errno, err);
	return 0;
}

/* A prompt that was told, as it was before. */
struct told { struct target target; char *state, *reason; };

struct telling {
	const struct verb *verb;
	struct told *told;
	size_t count;
	bool failed;
};

static void note_told(struct telling *all, const struct target *t, struct status *before)
{
	all->told = xrealloc(all->told, (all->count + 1) * sizeof(*all->told));
	all->told[all->count++] = (struct told){
		.target = { .root = xstrdup(t->root), .path = xstrdup(t->path) },
		.state = steal_pointer(&before->state), .reason = steal_pointer(&before->reason),
	};
}

static void telling_release(struct telling *all)
{
	for (size_t i = 0; i < all->count; i++) {
		target_release(&all->told[i].target);
		free(all->told[i].state);
		free(all->told[i].reason);
	}
	free(all->told);
}

static bool is_as_before(const struct told *t)
{
	cleanup_status struct status now = { 0 };

	return !status_read(&t->target, &now, NULL) && !strcmp(now.state, t->state) &&
	       !strcmp(now.reason ? now.reason : "", t->reason ? t->reason : "");
}

/* What was refused is read again, and may be refused for the same reason: those are not counted.  They are given
 * a moment.  *first: one of them. */
static size_t count_unchanged(const struct telling *all, const struct told **first)
{
	enum { MOMENT_MS = 800, LOOK_MS = 100 };
	size_t unchanged = all->count;

	for (int waited = 0; unchanged && waited < MOMENT_MS; waited += LOOK_MS) {
		poll(NULL, 0, LOOK_MS);
		unchanged = 0;
		for (size_t i = 0; i < all->count; i++)
			if (is_as_before(&all->told[i]) && !unchanged++)
				*first = &all->told[i];
	}
	return unchanged;
}

static bool has_word(const char *words, const char *word)
{
	char *one;

	while ((one = next_word(&words))) {
		cleanup_free char *copy = one;

		if (!strcmp(copy, word))
			return true;
	}
	return false;
}

static int tell_if_it_applies(void *arg, const struct target *t)
{
	struct telling *all = arg;
	cleanup_error struct error err = ERROR_INIT;
	cleanup_status struct status s = { 0 };

	if (status_read(t, &s, NULL) || !has_word(all->verb->all_states, s.state))
		return 0;
	int rc = tell(all->verb, t, &err);
	if (!rc)
		note_told(all, t, &s);
	/* Between looking and telling it may have gone on by itself. */
	if (rc && rc != -EALREADY && rc != -ENOENT) {
		cli_fail(&err);
		all->failed = true;
	}
	return 0;
}

static void print_told(const struct telling *all)
{
	const struct told *first = NULL;
	size_t unchanged = count_unchanged(all, &first), changed = all->count - unchanged;

	if (changed)
		printf("%s: %zu prompt%s\n", all->verb->done, changed, changed == 1 ? "" : "s");
	else if (!all->count && !all->failed)
		printf("nothing to %s\n", all->verb->name);
	if (unchanged) {
		cleanup_free char *path = text_escaped(first->target.path);

		printf("as before: %zu prompt%s (%s is %s%s%s)\n", unchanged, unchanged == 1 ? "" : "s", path,
		       first->state, first->reason ? ": " : "", first->reason ? first->reason : "");
	}
}

static int tell_all(const struct verb *v)
{
	struct telling all = { .verb = v };
	cleanup_error struct error err = ERROR_INIT;
	cleanup_target struct target here = { 0 };
	int rc = target_here(&here, &err);

	if (!rc)
		rc = status_walk(&here, tell_if_it_applies, &all, &err);
	if (!rc)
		print_told(&all);
	else
		all.failed = cli_fail(&err) != CLI_OK;
	telling_release(&all);
	return all.failed ? CLI_FAILED : CLI_OK;
}

static int tell_given(const struct verb *v, const char *given, struct error *err)
{
	cleanup_target struct target t = { 0 };
	int rc = target_find(given, &t, err);

	if (!rc && t.is_folder)
		rc = error_set(err, EISDIR, "name the prompts in it; --all is for those of the whole mount",
		               "%s is a folder", given);
	return rc ? rc : tell(v, &t, err);
}

int cli_control(const struct command_call *call)
{
	const struct verb *v = verb_by_name(call->command->name);
	bool all = call_has(call, "all");
	int code = CLI_OK;

	if (!all && !call->count)
		return command_misused(call, "%s needs a PATH, or --all", v->name);
	if (all && call->count)
		return command_misused(call, "%s takes PATHs or --all, not both", v->name);
	if (all)
		return tell_all(v);
	for (int i = 0; i < call->count; i++) {
		cleanup_error struct error err = ERROR_INIT;

		if (tell_given(v, call->operands[i], &err))
			code = cli_fail(&err);
	}
	return code;
}

/* --- unmount --------------------------------------------------------------------------------- */

enum { LEAVE_MS = 30000, UNMOUNT_TRIES = 8, UNMOUNT_PAUSE_MS = 5 };

/* A PID alone could be anybody's by now, or of another namespace; SIGUSR1 would end others. */
static bool is_easelfs(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/comm", (int)pid);
	cleanup_buf struct buf name = BUF_INIT;

	return pid > 0 && !read_whole(path, &name) && name.data && str_starts_with(name.data, "easelfs");
}

static void wait_until_gone(pid_t pid, int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd >= 0 && poll(&p, 1, LEAVE_MS) == 0)
		fprintf(stderr, "easelfs: unmounted; the daemon (PID %d) still fetches what is paid for\n",
		        (int)pid);
}

static int refuse_nothing_there(const char *path, struct error *err)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	const struct mount_entry *on = mounts_covering(&mounts, path);
	if (on && !strcmp(on->type, EASELFS_TYPE)) {
		cleanup_free char *hint = xasprintf("easelfs unmount %s", on->path);

		return error_set(err, EINVAL, hint, "%s lies in the mount at %s", path, on->path);
	}
	const struct mount_entry *there = mounts_of_source(&mounts, path);
	if (there) {
		cleanup_free char *hint = xasprintf("easelfs unmount %s", there->path);

		return error_set(err, EINVAL, hint, "%s is served at %s", path, there->path);
	}
	return error_set(err, EINVAL, NULL, "no easelfs is mounted at %s", path);
}

static int unmount_live(const char *path, pid_t pid, struct error *err)
{
	bool known = is_easelfs(pid);
	cleanup_fd int pidfd = known ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	/* Whoever waits for a picture would make the mount busy; the daemon answers them all. */
	bool drains = known && !kill(pid, SIGUSR1);
	int rc = -EBUSY;
	for (int i = 0; i < UNMOUNT_TRIES && rc == -EBUSY; i++) {
		error_clear(err);
		if (drains)
			poll(NULL, 0, UNMOUNT_PAUSE_MS << i);
		rc = mountpoint_unmount(path, false, err);
	}
	if (rc == -EBUSY) {
		cleanup_free char *hint = xasprintf("close what uses it, or leave the folder; fuser -vm %s lists them", path);

		error_clear(err);
		if (known)
			sigqueue(pid, SIGUSR1, (union sigval){ .sival_int = SERVE_DRAIN_OVER });
		return error_set(err, EBUSY, hint, "%s is in use, so it stays mounted", path);
	}
	if (!rc)
		wait_until_gone(pid, pidfd);
	return rc;
}

static int unmount(const char *given, bool only_dead, struct error *err)
{
	cleanup_free char *path = path_resolve(given, err);
	pid_t pid;

	if (!path)
		return -EINVAL;
	switch (mountpoint_look(path, &pid)) {
	case STANDS_NOTHING:
		return only_dead ? 0 : refuse_nothing_there(path, err);
	case STANDS_LIVE:
		return only_dead ? 0 : unmount_live(path, pid, err);
	case STANDS_DEAD: {
		int rc = mountpoint_unmount(path, true, err);

		/* Its broker may have been faster. */
		if (rc && mountpoint_look(path, &pid) == STANDS_NOTHING) {
			error_clear(err);
			rc = 0;
		}
		return rc;
	}
	}
	BUG("unknown standing");
}

int cli_unmount(const struct command_call *call)
{
	cleanup_error struct error err = ERROR_INIT;

	return unmount(call->operands[0], call_has(call, "dead"), &err) ? cli_fail(&err) : CLI_OK;
}

/* --- sandbox --------------------------------------------------------------------------------- */

int cli_sandbox(const struct command_call *call)
{
	cleanup_free char *program = sandbox_program();
	cleanup_error struct error err = ERROR_INIT;

	call->argv[0] = (char *)"easelfs-sandbox";
	execvp(program, call->argv);
	error_set(&err, errno, "build or install it beside easelfs, or put its folder into PATH",
	          "easelfs-sandbox cannot be run: %s", strerror(errno));
	return cli_fail(&err);
}
