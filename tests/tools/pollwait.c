/* pollwait poll|epoll in|pri MILLISECONDS FILE: opens the file, says `opened`, waits until poll(2) or epoll(7)
 * has that to say of it, and says what came of it: `ready` or `timeout`. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base.h"

static int with_poll(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n = poll(&p, 1, ms);

	return n > 0 ? p.revents & events : n;
}

/* EPOLLIN and EPOLLPRI are POLLIN and POLLPRI. */
static int with_epoll(int fd, short events, int ms)
{
	struct epoll_event e = { .events = (uint32_t)events | EPOLLET };
	int set = epoll_create1(0);

	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) < 0)
		return -1;
	int n = epoll_wait(set, &e, 1, ms);
	return n > 0 ? (int)e.events & events : n;
}

int main(int argc, char **argv)
{
	int fd = argc == 5 ? open(argv[4], O_RDONLY | O_NONBLOCK) : -1, said = -1;

	if (fd >= 0) {
		short events = strcmp(argv[2], "pri") == 0 ? POLLPRI : POLLIN;
		puts("opened");
		fflush(stdout);
		said = (strcmp(argv[1], "epoll") == 0 ? with_epoll : with_poll)(fd, events, atoi(argv[3]));
	}
	if (said < 0) {
		fprintf(stderr, "pollwait: %s: %s\n", argc == 5 ? argv[4] : "arguments", strerror(errno));
		return 2;
	}
	puts(said ? "ready" : "timeout");
	return !said;
}
