#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum outcome { OUTCOME_COMPLETED, OUTCOME_NOT, OUTCOME_TIMEOUT };

/* Only there to end an open() that waits. */
static void tick(int number)
{
	(void)number;
}

/* From now on calls are interrupted every 50 ms once `seconds` have passed: a single signal could
 * come just before the call. */
static void set_alarm(double seconds)
{
	struct sigaction action = { .sa_handler = tick };
	struct itimerval timer = {
		.it_interval = { .tv_usec = 50000 },
		.it_value = { .tv_sec = (time_t)seconds, .tv_usec = (suseconds_t)(fmod(seconds, 1) * 1e6) },
	};

	if (!timer.it_value.tv_sec && timer.it_value.tv_usec < 1000)
		timer.it_value.tv_usec = 1000;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static bool is_under_way(const char *state)
{
	static const char *const states[] = {
		"queued", "uploading", "submitting", "running", "downloading", "deferred",
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (!strcmp(state, states[i]))
			return true;
	return false;
}

static bool has_passed(int64_t deadline)
{
	return deadline && clock_mono_ms() >= deadline;
}

/* Blocks until the first picture is there or fails.  An image suffix, because a folder of the stem's
 * name would win over the bare one. */
static void wait_for_picture(const struct target *t)
{
	const char *dot = strrchr(t->path, '.');
	cleanup_free char *path = xasprintf("%s/wait/%.*s.png", t->root, (int)(dot - t->path), t->path);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)fd;
}

static enum outcome report_not(const struct target *t, const struct status *s)
{
	cleanup_error struct error err = ERROR_INIT;

	error_set(&err, EIO, s->hint, "%s is %s%s%s", t->path, s->state, s->reason ? ": " : "",
	          s->reason ? s->reason : "");
	cli_fail(&err);
	return OUTCOME_NOT;
}

/* A prompt of several pictures, or a mount that is about to end, is looked at again. */
static enum outcome wait_for(const struct target *t, int64_t deadline)
{
	struct timespec pause = { .tv_nsec = 50000000 };

	for (;;) {
		cleanup_error struct error err = ERROR_INIT;
		cleanup_status struct status s = { 0 };

		wait_for_picture(t);
		if (status_read(t, &s, &err)) {
			if (err.code == EINTR && !has_passed(deadline))
				continue;
			if (err.code == EINTR)
				return OUTCOME_TIMEOUT;
			cli_fail(&err);
			return OUTCOME_NOT;
		}
		if (!strcmp(s.state, "completed"))
			return OUTCOME_COMPLETED;
		if (!is_under_way(s.state))
			return report_not(t, &s);
		if (has_passed(deadline)) {
			fprintf(stderr, "easelfs: %s is still %s\n", t->path, s.state);
			return OUTCOME_TIMEOUT;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 500000000)
			pause.tv_nsec *= 2;
	}
}

static enum outcome wait_for_given(const char *given, int64_t deadline)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_target struct target t = { 0 };
	int rc = target_find(given, &t, &err);

	if (!rc && t.is_folder)
		rc = error_set(&err, EISDIR, "name prompts: easelfs wait *.txt", "%s is a folder", given);
	if (!rc)
		return wait_for(&t, deadline);
	cli_fail(&err);
	return OUTCOME_NOT;
}

/* Seconds from now on; false if it is no number. */
static bool parse_timeout(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && (!*end || !strcmp(end, "s")) && *seconds >= 0 && *seconds <= 1e8;
}

int cli_wait(const struct command_call *call)
{
	const char *timeout = call_value(call, "timeout");
	int code = CLI_OK;
	int64_t deadline = 0;
	double seconds;

	if (timeout && !parse_timeout(timeout, &seconds))
		return command_misused(call, "--timeout takes seconds, not \"%s\"", timeout);
	if (timeout) {
		deadline = clock_mono_ms() + (int64_t)(seconds * 1000) + 1;
		set_alarm(seconds);
	}
	for (int i = 0; i < call->count; i++)
		switch (wait_for_given(call->operands[i], deadline)) {
		case OUTCOME_COMPLETED:
			break;
		case OUTCOME_NOT:
			code = CLI_FAILED;
			break;
		case OUTCOME_TIMEOUT:
			return CLI_TIMEOUT;
		}
	return code;
}
