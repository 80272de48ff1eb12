#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mountpoint.h"

enum wish { WISH_KNOW, WISH_UNMOUNT, WISH_UNMOUNT_LAZILY, WISH_END };

/* A process that somebody has stopped does not hold up the end. */
enum { ANSWER_MS = 5000 };

struct question { enum wish wish; dev_t dev; };
/* Each text is cut at its size: a sentence that names a path may be long. */
struct answer { int code; bool has_hint; char text[6000], hint[1000]; };

/* --- the child's side ------------------------------------------------------------------------ */

/* Nothing of the daemon's is kept: not its folders, not the pipe that ends the sandbox, not the terminal. */
static void keep_only(int *socket, int *lock)
{
	enum { FIRST = 3, SECOND, REST, ASIDE = 16 };
	int nowhere = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < FIRST; fd++)
		dup2(nowhere, fd);
	int first = fcntl(*socket, F_DUPFD, ASIDE), second = fcntl(*lock, F_DUPFD, ASIDE);
	*socket = dup3(first, FIRST, O_CLOEXEC);
	*lock = dup3(second, SECOND, O_CLOEXEC);
	syscall(SYS_close_range, REST, ~0U, 0);
}

/* The environment may hold keys, and stands in the memory that /proc shows.  fusermount3 is looked for in PATH. */
static void forget_environment(void)
{
	for (char **at = environ; *at; at++)
		if (!str_starts_with(*at, "PATH="))
			explicit_bzero(*at, strlen(*at));
}

static void answer(int socket, int code, const struct error *err)
{
	struct answer a = { .code = code, .has_hint = err->hint };

	snprintf(a.text, sizeof(a.text), "%s", err->text ? err->text : "");
	snprintf(a.hint, sizeof(a.hint), "%s", err->hint ? err->hint : "");
	send(socket, &a, sizeof(a), MSG_NOSIGNAL);
}

static void unmount(int socket, const char *mountpoint, bool lazy)
{
	cleanup_error struct error err = ERROR_INIT;
	int rc = mountpoint_unmount(mountpoint, lazy, &err);

	answer(socket, rc, &err);
}

static void take_dead_away(const char *mountpoint, dev_t dev)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_mounts struct mounts mounts;
	pid_t pid;

	mounts_read(&mounts);
	const struct mount_entry *e = mounts_at(&mounts, mountpoint);
	/* Device numbers are given again: what answers is somebody else's. */
	if (e && !strcmp(e->type, EASELFS_TYPE) && e->dev == dev && mountpoint_look(mountpoint, &pid) == STANDS_DEAD &&
	    mountpoint_unmount(mountpoint, true, &err))
		log_error("%s", err.text);
}

static _Noreturn void serve_daemon(int socket, int lock, const char *mountpoint)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2 };
	struct question q;
	dev_t dev = 0;
	ssize_t n;

	/* What ends the daemon may be sent to its whole group; the broker is needed until then. */
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "easelfs-broker");
	/* The confined daemon could write into it otherwise. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	keep_only(&socket, &lock);
	if (chdir("/"))
		log_debug("the process that unmounts stays in its folder: %s", strerror(errno));
	forget_environment();
	log_to_syslog();
	while ((n = recv(socket, &q, sizeof(q), 0)) == (ssize_t)sizeof(q) || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		switch (q.wish) {
		case WISH_KNOW:
			/* Not before: what mounts on demand lets only the process group go on that it started. */
			setsid();
			dev = q.dev;
			break;
		case WISH_UNMOUNT:
		case WISH_UNMOUNT_LAZILY:
			unmount(socket, mountpoint, q.wish == WISH_UNMOUNT_LAZILY);
			break;
		case WISH_END:
			_exit(0);
		}
	}
	if (dev) {
		log_warning("the daemon of %s ended without a word; its mount is taken away", mountpoint);
		take_dead_away(mountpoint, dev);
	}
	_exit(0);
}

/* --- the daemon's side ----------------------------------------------------------------------- */

int broker_start(struct broker *b, const char *mountpoint, int lock, struct error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return error_set(err, errno, NULL, "the process that unmounts gets no socket: %s", strerror(errno));
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		close(ends[0]);       /* or the daemon's end would never be seen */
		serve_daemon(ends[1], lock, mountpoint);
	}
	int why = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_set(err, why, NULL, "the process that unmounts cannot be started: %s", strerror(why));
	}
	*b = (struct broker){ ends[0], pid };
	return 0;
}

static bool tell(struct broker *b, enum wish wish, dev_t dev)
{
	struct question q = { wish, dev };

	return send(b->socket, &q, sizeof(q), MSG_NOSIGNAL) == (ssize_t)sizeof(q);
}

void broker_mounted(struct broker *b, dev_t dev)
{
	if (!tell(b, WISH_KNOW, dev))
		log_warning("the process that unmounts is gone: %s", strerror(errno));
}

int broker_unmount(struct broker *b, bool lazy, struct error *err)
{
	struct pollfd answers = { .fd = b->socket, .events = POLLIN };
	struct answer a;
	ssize_t n = -1;

	if (tell(b, lazy ? WISH_UNMOUNT_LAZILY : WISH_UNMOUNT, 0) && poll(&answers, 1, ANSWER_MS) > 0)
		while ((n = recv(b->socket, &a, sizeof(a), 0)) < 0 && errno == EINTR)
			;
	if (n != (ssize_t)sizeof(a)) {
		close(steal_fd(&b->socket));    /* an answer that is late would be taken for the next one's */
		return error_set(err, EPIPE, "once the daemon is gone, the next `easelfs mount` replaces it, and `easelfs unmount` takes it away",
		                 "the process that unmounts is gone");
	}
	return a.code ? error_set(err, -a.code, a.has_hint ? a.hint : NULL, "%s", a.text) : 0;
}

/* One that was too slow to answer may be unmounting still; who ends before it, as a service, has it killed. */
static void wait_for_slow(pid_t pid)
{
	enum { PAUSE_MS = 20 };

	for (int ms = 0; ms < ANSWER_MS && !waitpid(pid, NULL, WNOHANG); ms += PAUSE_MS)
		poll(NULL, 0, PAUSE_MS);
}

void broker_stop(struct broker *b)
{
	if (b->socket < 0 && b->pid > 0)
		wait_for_slow(b->pid);
	if (b->socket < 0)
		return;
	tell(b, WISH_END, 0);
	close(steal_fd(&b->socket));
	while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
