#include "sandbox_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000, STOP_MS = 3000 };

char *sandbox_program(void)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = NULL;

	if (len > 0) {
		self[len] = '\0';
		slash = strrchr(self, '/');
	}
	if (slash) {
		char *beside = xasprintf("%.*s/easelfs-sandbox", (int)(slash - self), self);

		if (!access(beside, X_OK))
			return beside;
		free(beside);
	}
	return xstrdup("easelfs-sandbox");
}

static int make_key(struct error *err)
{
	uint8_t bytes[16];
	char hex[2 * sizeof(bytes) + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set(err, EIO, NULL, "the kernel gives no random bytes for the sandbox's key");
	hex_encode(bytes, sizeof(bytes), hex);
	setenv("EASELFS_SANDBOX_KEY", hex, 1);
	return 0;
}

/* What it is told of the environment: keys of providers are in there, too, under whatever names. */
static bool is_passed_on(const char *variable)
{
	static const char *const names[] = {
		"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "EASELFS_SANDBOX_KEY", "EASELFS_CLOCK",
		"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(variable, names[i], len) && variable[len] == '=')
			return true;
	}
	return str_starts_with(variable, "LC_") || str_starts_with(variable, "XDG_");
}

static char **passed_on(void)
{
	char **list = NULL;
	size_t count = 0;

	for (char **at = environ; *at; at++)
		if (is_passed_on(*at)) {
			list = xrealloc(list, (count + 2) * sizeof(*list));
			list[count++] = *at;
			list[count] = NULL;
		}
	return list ? list : xcalloc(1, sizeof(*list));
}

/* The child's side; ready is where it says its address. */
static _Noreturn void run_program(const char *program, int input, int ready, bool quiet)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	char number[16];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Ctrl-C is for the daemon, which still needs the provider while it ends. */
	setpgid(0, 0);
	dup2(input, STDIN_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	if (quiet)
		dup2(nowhere, STDERR_FILENO);
	fcntl(ready, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", ready);
	char *argv[] = { (char *)"easelfs-sandbox", (char *)"--port", (char *)"0", (char *)"--exit-on-eof",
	                 (char *)"--ready-fd", number, NULL };
	execvpe(program, argv, passed_on());
	_exit(127);
}

/* Reads up to the end of the first line; false if it ends or takes too long before. */
static bool read_line(int fd, struct buf *line)
{
	int64_t deadline = clock_mono_ms() + START_MS;

	while (!line->data || !strchr(line->data, '\n')) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - clock_mono_ms();
		char chunk[256];

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return false;
		buf_add(line, chunk, (size_t)n);
	}
	return true;
}

/* Within ms; its status as of waitpid(2), or -1. */
static int reap(pid_t pid, int ms)
{
	int64_t deadline = clock_mono_ms() + ms;
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return status;
		if ((got < 0 && errno != EINTR) || clock_mono_ms() >= deadline)
			return -1;
		poll(NULL, 0, 10);
	}
}

static int refuse_start(struct sandbox *s, const char *program, struct error *err)
{
	int status;

	close(s->input);
	s->input = -1;
	status = reap(s->pid, STOP_MS);
	if (status < 0)
		sandbox_stop(s);
	s->pid = 0;
	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ENOENT, "build or install it beside easelfs, or put its folder into PATH",
		                 "the sandbox %s cannot be run", program);
	return error_set(err, EIO, "run `easelfs sandbox` by hand to see why",
	                 "the sandbox did not come up (%s)", program);
}

/* `listening on http://127.0.0.1:PORT results …` */
static char *find_url(const char *line)
{
	const char *url = strstr(line, "http://");

	return url ? xstrndup(url, strcspn(url, " \n")) : NULL;
}

int sandbox_start(struct sandbox *s, bool quiet, struct error *err)
{
	cleanup_free char *program = sandbox_program();
	cleanup_buf struct buf line = BUF_INIT;
	int input[2], ready[2];

	*s = (struct sandbox){ .input = -1 };
	int rc = make_key(err);
	if (rc)
		return rc;
	if (pipe2(input, O_CLOEXEC))
		return error_set(err, errno, NULL, "the sandbox gets no pipe: %s", strerror(errno));
	cleanup_fd int their_input = input[0];
	s->input = input[1];
	if (pipe2(ready, O_CLOEXEC)) {
		rc = error_set(err, errno, NULL, "the sandbox gets no pipe: %s", strerror(errno));
		close(steal_fd(&s->input));
		return rc;
	}
	cleanup_fd int said = ready[0];
	s->pid = fork();
	if (!s->pid)
		run_program(program, their_input, ready[1], quiet);
	close(ready[1]);
	if (s->pid < 0) {
		s->pid = 0;
		rc = error_set(err, errno, NULL, "the sandbox cannot be started: %s", strerror(errno));
		close(steal_fd(&s->input));
		return rc;
	}
	if (read_line(said, &line))
		s->url = find_url(line.data);
	return s->url ? 0 : refuse_start(s, program, err);
}

void sandbox_stop(struct sandbox *s)
{
	if (s->input > 0)
		close(s->input);
	s->input = -1;
	if (s->pid > 0 && reap(s->pid, STOP_MS) < 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
	free(s->url);
	s->url = NULL;
}
