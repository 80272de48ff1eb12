#include "service.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base.h"

static void send_datagram(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (!path || (*path != '/' && *path != '@'))
		return;
	if (strlen(path) >= sizeof(to.sun_path)) {
		log_warning("the service manager cannot be told anything: the path in NOTIFY_SOCKET is too long");
		return;
	}
	memcpy(to.sun_path, path, strlen(path));
	/* The abstract namespace (unix(7)). */
	if (*path == '@')
		to.sun_path[0] = '\0';
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		log_warning("the service manager could not be told: %s", strerror(errno));
}

/* A line feed in a path would begin another assignment. */
void service_ready(const char *source, const char *mountpoint)
{
	cleanup_buf struct buf status = BUF_INIT;

	buf_str(&status, "Serving ");
	buf_escaped(&status, source, strlen(source));
	buf_str(&status, strcmp(source, mountpoint) ? " at " : " over itself");
	if (strcmp(source, mountpoint))
		buf_escaped(&status, mountpoint, strlen(mountpoint));
	cleanup_free char *text = xasprintf("READY=1\nMAINPID=%d\nSTATUS=%s", (int)getpid(), status.data);
	send_datagram(text);
}

void service_stopping(const char *waits)
{
	cleanup_free char *text = xasprintf("STOPPING=1\nSTATUS=%s", waits);

	send_datagram(text);
}
