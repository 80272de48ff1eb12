#include "means.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node.h"
#include "options.h"

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	cleanup_free char *copy = xstrdup(path && *path ? path : "/usr/bin:/bin");
	char *rest = copy, *folder;

	while ((folder = strsep(&rest, ":"))) {
		cleanup_free char *file = xasprintf("%s/%s", folder, program);

		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static bool others_are_allowed(void)
{
	FILE *f = fopen("/etc/fuse.conf", "re");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (f && !found && getline(&line, &cap, f) > 0) {
		const char *word = line + strspn(line, " \t");

		found = !strncmp(word, "user_allow_other", 16) && strchr(" \t\r\n", word[16]);
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

int means_check_device(struct error *err)
{
	if (!access("/dev/fuse", F_OK))
		return 0;
	return error_set(err, ENODEV, "load the module (modprobe fuse), or give the container --device /dev/fuse",
	                 "there is no /dev/fuse, so nothing can be mounted");
}

int means_check_device_open(struct error *err)
{
	int rc = means_check_device(err);
	cleanup_fd int fd = rc ? -1 : open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (rc || fd >= 0)
		return rc;
	return error_set(err, errno, "let root run: chmod 666 /dev/fuse", "/dev/fuse cannot be opened: %s",
	                 strerror(errno));
}

int means_check_helper(struct error *err)
{
	if (!geteuid() || is_in_path("fusermount3"))
		return 0;
	return error_set(err, ENOENT, "install the package fuse3",
	                 "fusermount3, which mounts for ordinary users, is not installed");
}

int means_check_others(const struct options *o, struct error *err)
{
	const char *passed = o->fuse_options ? o->fuse_options : "";

	if (!geteuid() || !(o->allow_other || strstr(passed, "allow_root")) || others_are_allowed())
		return 0;
	return error_set(err, EPERM, "leave it out, or let root add the line user_allow_other to /etc/fuse.conf",
	                 "ordinary users may not give the option allow_other on this machine");
}

int means_check_kernel(struct error *err)
{
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = root < 0 ? -errno : source_open(root, ".", O_PATH, 0);

	if (fd >= 0)
		return 0;
	return error_set(err, -fd, "use Linux 5.6 or later; a sandbox may forbid the call openat2, too",
	                 "the kernel does not do what reaching files needs (openat2): %s", strerror(-fd));
}
