/*
 * posix_refusals FOLDER FILE: tries to change a file and its folder in every way, and prints what each try
 * comes to, for who may do anything else.  Two places that cannot be written say the same: a read-only
 * filesystem, and what is not really there.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base.h"

static void told(const char *text, int result)
{
	printf("%s: %s\n", text, result < 0 ? strerrorname_np(errno) : "ok");
}

#define T(step) told(#step, (int)(step))

static int bound(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

static void try_folder(const char *file)
{
	char long_name[300];

	memset(long_name, 'n', sizeof(long_name));
	long_name[256] = '\0';
	T(open("new", O_WRONLY | O_CREAT, 0644));
	T(open("new", O_WRONLY | O_CREAT | O_EXCL, 0644));
	T(open("new", O_RDONLY));
	T(mkdir("new", 0755));
	T(mkfifo("new", 0644));
	T(mknod("new", S_IFREG | 0644, 0));
	T(symlink("x", "new"));
	T(bound("new"));
	T(link(file, "new"));
	T(rename(file, "new"));
	T(renameat2(AT_FDCWD, file, AT_FDCWD, "new", RENAME_NOREPLACE));
	T(chmod(".", 0777));
	T(chown(".", 1, 1));
	T(utimensat(AT_FDCWD, ".", NULL, 0));
	T(setxattr(".", "user.a", "v", 1, 0));
	T(removexattr(".", "user.a"));
	T(truncate(".", 0));
	T(open(long_name, O_RDONLY));
	T(open(long_name, O_WRONLY | O_CREAT, 0644));
	T(mkdir(long_name, 0755));
}

static void try_file(const char *file)
{
	char value[16];
	int fd = open(file, O_RDONLY);

	T(fd < 0 ? -1 : 0);
	T(open(file, O_WRONLY));
	T(open(file, O_RDWR));
	T(open(file, O_WRONLY | O_TRUNC));
	T(open(file, O_RDONLY | O_TRUNC));
	T(open(file, O_WRONLY | O_APPEND));
	T(open(file, O_WRONLY | O_CREAT | O_EXCL, 0644));
	T(open(file, O_RDONLY | O_DIRECTORY));
	T(truncate(file, 0));
	T(unlink(file));
	T(mkdir(file, 0755));
	T(symlink("x", file));
	T(link(file, file));
	T(chmod(file, 0777));
	T(chown(file, 1, 1));
	T(chown(file, (uid_t)-1, (gid_t)-1));
	T(utimensat(AT_FDCWD, file, NULL, 0));
	T(setxattr(file, "user.a", "v", 1, 0));
	T(getxattr(file, "user.a", value, sizeof(value)));
	T(removexattr(file, "user.a"));
	T(access(file, R_OK));
	T(access(file, X_OK));
	T(write(fd, "x", 1));
	T(ftruncate(fd, 0));
	T(fchmod(fd, 0600));
	T(futimens(fd, NULL));
	T(fsetxattr(fd, "user.a", "v", 1, 0));
	T(fallocate(fd, 0, 0, 1));
	T(fsync(fd));
	T(readlink(file, value, sizeof(value)));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]))
		errx(2, "usage: posix_refusals FOLDER FILE");
	try_folder(argv[2]);
	try_file(argv[2]);
	return 0;
}
