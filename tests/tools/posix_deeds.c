/*
 * posix_deeds FOLDER: longer stories than posix_matrix tells, of open files whose names go, holes, locks,
 * attributes, odd names and deep folders.  Each happens in a fresh folder of its own beneath FOLDER, and
 * prints a line for each step: the expression, and its value or error.  What a filesystem should say is
 * what another one says: the lines of two folders are compared.
 *
 * As root some of it is done as other users.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base.h"

enum { ANN = 61001, BOB = 61002, SHARED = 61005 };
static bool is_root;
static const char *deed;

/* --- telling --------------------------------------------------------------------------------- */

static int told(const char *text, long long result)
{
	if (result < 0)
		printf("%s: %s: %s\n", deed, text, strerrorname_np(errno));
	else
		printf("%s: %s: %lld\n", deed, text, result);
	return (int)result;
}

/* One step. */
#define T(step) told(#step, (long long)(step))

static void told_stat(const char *text, int result, const struct stat *st)
{
	if (result < 0)
		printf("%s: stat %s: %s\n", deed, text, strerrorname_np(errno));
	else
		printf("%s: stat %s: %o %u:%u %u %lld\n", deed, text, st->st_mode, st->st_uid, st->st_gid,
		       (unsigned)st->st_nlink, (long long)st->st_size);
}

static void tell_fd(int fd)
{
	struct stat st;

	told_stat("fd", fstat(fd, &st), &st);
}

static void tell(const char *path)
{
	struct stat st;

	told_stat(path, lstat(path, &st), &st);
}

/* FNV-1a of what can be read. */
static void tell_content(int fd)
{
	unsigned char bytes[8192];
	uint64_t digest = 0xcbf29ce484222325u;
	off_t at = 0;
	ssize_t len;

	while ((len = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		for (ssize_t i = 0; i < len; i++)
			digest = (digest ^ bytes[i]) * 0x100000001b3u;
		at += len;
	}
	printf("%s: content: %s, %lld bytes, %016" PRIx64 "\n", deed, len ? strerrorname_np(errno) : "read",
	       (long long)at, digest);
}

static void tell_content_of(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY);

	tell_content(fd);
}

static int put(const char *path, const char *text, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t len = (ssize_t)strlen(text);

	return fd < 0 || write(fd, text, (size_t)len) != len || fchmod(fd, mode) ? -1 : 0;
}

/* Does that in a child, as that user if we are root. */
static void as(uid_t user, void (*fn)(void))
{
	const gid_t groups[] = { user, SHARED };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (is_root && (setgroups(ARRAY_LEN(groups), groups) || setresgid(user, user, user) ||
		                setresuid(user, user, user)))
			err(1, "becoming another user");
		fn();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s: a child died", deed);
}

/* --- files that are open --------------------------------------------------------------------- */

static void open_and_unlinked(void)
{
	int fd = T(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
	char link_of[64], bytes[8];

	T(write(fd, "before", 6));
	T(unlink("a"));
	tell("a");
	tell_fd(fd);
	T(pwrite(fd, "after", 5, 100));
	T(ftruncate(fd, 103));
	T(fchmod(fd, 0400));
	T(fsetxattr(fd, "user.a", "v", 1, 0));
	T(fgetxattr(fd, "user.a", bytes, sizeof(bytes)));
	T(futimens(fd, NULL));
	T(fsync(fd));
	tell_fd(fd);
	tell_content(fd);
	snprintf(link_of, sizeof(link_of), "/proc/self/fd/%d", fd);
	T(linkat(AT_FDCWD, link_of, AT_FDCWD, "b", AT_SYMLINK_FOLLOW));
	T(put("a", "another", 0600));
	tell_fd(fd);
	tell("a");
	T(close(fd));
}

static void open_and_replaced(void)
{
	int was, moved, fds[2];

	put("a", "old", 0644);
	put("b", "new one", 0600);
	was = open("a", O_RDWR);
	moved = open("b", O_RDWR);
	T(rename("b", "a"));
	tell_fd(was);
	tell_fd(moved);
	T(ftruncate(moved, 3));
	T(pwrite(was, "O", 1, 0));
	tell("a");
	tell_content(was);
	tell_content(moved);
	T(mkdir("d", 0755));
	T(rename("a", "d/c"));
	T(pwrite(moved, "!", 1, 3));
	tell("d/c");
	put("e", "exchanged", 0644);
	fds[0] = open("e", O_RDWR);
	T(renameat2(AT_FDCWD, "e", AT_FDCWD, "d/c", RENAME_EXCHANGE));
	T(ftruncate(fds[0], 1));
	T(ftruncate(moved, 2));
	tell("e");
	tell("d/c");
	T(unlink("d/c"));
	tell_fd(fds[0]);
	close(fds[0]);
	close(was);
	close(moved);
}

/* What the kernel has without having opened it in the filesystem. */
static void held_and_removed(void)
{
	int fifo, path, replaced;
	char bytes[64];

	mkfifo("fifo", 0640);
	mkfifo("other", 0600);
	T(symlink("target", "s"));
	mkdir("d", 0755);
	fifo = open("fifo", O_RDWR);
	replaced = open("other", O_RDWR);
	path = open("s", O_PATH | O_NOFOLLOW);
	T(chdir("d"));
	T(unlink("../fifo"));
	T(rename("../s", "../other"));
	T(unlink("../other"));
	T(rmdir("../d"));
	tell_fd(fifo);
	tell_fd(replaced);
	tell_fd(path);
	T(readlinkat(path, "", bytes, sizeof(bytes)));
	T(write(fifo, "on", 2));
	T(fchmod(fifo, 0600));
	T(fchmod(replaced, 0644));
	tell_fd(fifo);
	tell_fd(replaced);
	tell(".");
	T(chmod(".", 0700));
	tell(".");
	T(close(open(".", O_RDONLY)));
	T(mkdir("new", 0755));
	T(put("new", "x", 0644));
	T(chdir(".."));
	close(fifo);
	T(mkfifo("two", 0600));
	T(link("two", "names"));
	fifo = open("names", O_RDWR);
	T(unlink("names"));
	tell_fd(fifo);
	T(rename("two", "one"));
	T(unlink("one"));
	tell_fd(fifo);
	close(fifo);
	close(replaced);
	close(path);
}

static void hard_links(void)
{
	int path, fd;

	put("a", "two names", 0644);
	path = open("a", O_PATH);
	fd = open("a", O_RDWR);
	T(link("a", "b"));
	tell_fd(fd);
	tell_fd(path);
	T(unlink("b"));
	tell_fd(path);
	T(fchownat(path, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
	T(fchmod(fd, 0600));
	tell("a");
	T(mkdir("d", 0755));
	T(link("a", "d/c"));
	T(rename("d/c", "d/e"));
	T(unlink("a"));
	tell("d/e");
	tell_fd(path);
	T(link("d/e", "a"));
	T(rename("a", "d/e"));
	tell("a");
	T(rename("d/e", "b"));
	tell("b");
	tell("a");
	T(pwrite(fd, "T", 1, 0));
	tell_content_of("b");
	T(symlink("b", "s"));
	T(link("s", "t"));
	tell("t");
	tell("s");
	T(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
	tell("u");
	T(link("d", "v"));
	T(unlink("a"));
	T(unlink("u"));
	T(unlink("b"));
	tell_fd(fd);
	tell_fd(path);
	close(path);
	close(fd);
}

static void two_writers(void)
{
	int a = open("a", O_RDWR | O_CREAT | O_APPEND, 0644), b = open("a", O_WRONLY | O_APPEND);
	struct iovec parts[] = { { (char *)"one", 3 }, { (char *)"two", 3 } };

	T(write(a, "first", 5));
	T(write(b, "second", 6));
	T(pwrite(a, "third", 5, 0));
	T(lseek(a, 0, SEEK_CUR));
	T(lseek(b, 0, SEEK_CUR));
	T(writev(b, parts, 2));
	T(ftruncate(b, 4));
	T(write(a, "end", 3));
	tell_content(a);
	T(fcntl(a, F_SETFL, 0));
	T(pwrite(a, "F", 1, 0));
	T(pwritev2(a, parts, 2, 0, RWF_APPEND));
	tell_content(a);
	close(a);
	close(b);
}

static void flags_of_open(void)
{
	int fd;

	fd = T(open("a", O_RDWR | O_CREAT, 0));
	T(write(fd, "a", 1));
	close(fd);
	tell("a");
	T(open("a", O_RDONLY | O_CREAT | O_EXCL, 0644));
	fd = T(open("b", O_RDONLY | O_CREAT, 04711));
	T(write(fd, "a", 1));
	close(fd);
	tell("b");
	T(symlink("nowhere", "s"));
	T(open("s", O_WRONLY | O_CREAT | O_EXCL, 0644));
	T(close(open("s", O_WRONLY | O_CREAT, 0644)));
	tell("nowhere");
	T(open("s", O_RDONLY | O_NOFOLLOW));
	T(open(".", O_RDWR));
	T(open(".", O_WRONLY | O_CREAT, 0644));
	T(open("b", O_DIRECTORY));
	T(open("b/", O_RDONLY));
	T(open("new/", O_WRONLY | O_CREAT, 0644));
	fd = T(open("b", O_PATH));
	T(fchmod(fd, 0777));
	T(ftruncate(fd, 0));
	T(read(fd, &(char){ 0 }, 1));
	tell_fd(fd);
	T(close(fd));
	T(close(open("b", O_RDONLY | O_SYNC)));
	T(close(open("b", O_RDONLY | O_NOATIME)));
	T(close(open("b", O_RDONLY | O_EXCL)));
	T(open("b", O_ACCMODE | O_CREAT | O_EXCL, 0644));
}

static void errors_of_open_files(void)
{
	int r, w, dir = open(".", O_RDONLY);
	volatile uintptr_t one = 1;   /* the compiler would see through a constant */
	char *nowhere = (char *)one, b;

	put("a", "text", 0644);
	r = open("a", O_RDONLY);
	w = open("a", O_WRONLY);
	T(write(r, "x", 1));
	T(read(w, &b, 1));
	T(ftruncate(r, 0));
	T(ftruncate(w, -1));
	T(read(dir, &b, 1));
	T(ftruncate(dir, 0));
	T(fsync(dir));
	T(fdatasync(dir));
	T(read(r, nowhere, 1));
	T(write(w, nowhere, 1));
	T(pread(r, &b, 1, -1));
	T(pwrite(w, "x", 1, -1));
	T(lseek(r, -1, SEEK_SET));
	T(lseek(r, 5, SEEK_END));
	T(read(r, &b, 1));
	T(fallocate(r, 0, 0, 10));
	T(open(nowhere, O_RDONLY));
	T(stat("a", (struct stat *)nowhere));
	T(readlink("a", &b, 1));
	T(rename(nowhere, "b"));
	T(mkdir(nowhere, 0755));
	T(posix_fadvise(r, 0, 0, POSIX_FADV_DONTNEED));
	T(sync_file_range(w, 0, 0, SYNC_FILE_RANGE_WRITE));
	T(readahead(r, 0, 4096));
	T(fchdir(r));
	T(flock(r, LOCK_SH | LOCK_EX));
	close(r);
	close(w);
	close(dir);
}

/* --- content --------------------------------------------------------------------------------- */

static void truncated_while_open(void)
{
	int a = open("a", O_RDWR | O_CREAT, 0644), b = open("a", O_RDWR);
	char bytes[64];

	T(pwrite(a, "far away", 8, 100000));
	tell_content(b);
	T(ftruncate(b, 5));
	T(pread(a, bytes, 10, 0));
	T(pread(a, bytes, 10, 5));
	T(truncate("a", 70000));
	tell_content(a);
	T(pwrite(b, "x", 1, 69999));
	tell_content(a);
	T(close(open("a", O_WRONLY | O_TRUNC)));
	tell_fd(a);
	tell_content(b);
	close(a);
	close(b);
}

static void mapped(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0644);
	char *map;

	T(ftruncate(fd, 10000));
	map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	map[5000] = 'm';
	T(pread(fd, &(char){ 0 }, 1, 5000));
	T(pwrite(fd, "w", 1, 1));
	T(map[1]);
	T(msync(map, 10000, MS_SYNC));
	tell_content(fd);
	T(unlink("a"));
	map[9999] = 'e';
	T(msync(map, 10000, MS_SYNC));
	T(munmap(map, 10000));
	tell_content(fd);
	close(fd);
	fd = open("b", O_RDWR | O_CREAT | O_APPEND, 0644);
	T(write(fd, "mapped and appended", 19));
	map = mmap(NULL, 19, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	map[0] = 'M';
	T(msync(map, 19, MS_SYNC));
	T(write(fd, "!", 1));
	T(munmap(map, 19));
	tell_content(fd);
	close(fd);
}

static void large(void)
{
	const off_t gib = 1 << 30;
	int fd = open("a", O_RDWR | O_CREAT, 0644);

	T(pwrite(fd, "x", 1, 5 * gib));
	tell_fd(fd);
	T(ftruncate(fd, 100 * gib));
	tell_fd(fd);
	T(ftruncate(fd, INT64_C(1) << 62));
	T(pwrite(fd, "x", 1, INT64_C(1) << 62));
	T(fallocate(fd, 0, INT64_C(1) << 62, 10));
	T(truncate("a", INT64_MAX));
	tell_fd(fd);
	T(lseek(fd, 0, SEEK_DATA));
	T(lseek(fd, 6 * gib, SEEK_DATA));
	T(ftruncate(fd, 0));
	close(fd);
}

static void limited(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0644);

	signal(SIGXFSZ, SIG_IGN);
	T(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, 10 }));
	T(write(fd, "less", 4));
	T(pwrite(fd, "more than that", 14, 0));
	T(pwrite(fd, "more", 4, 10));
	T(ftruncate(fd, 11));
	T(truncate("a", 11));
	T(fallocate(fd, 0, 0, 20));
	tell_fd(fd);
	close(fd);
}

static void limit_of_size(void)
{
	as(ANN, limited);
}

static void holes(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0644);
	static char bytes[1 << 18];

	memset(bytes, 'h', sizeof(bytes));
	T(pwrite(fd, bytes, sizeof(bytes), 0));
	T(fsync(fd));
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 65536));
	T(lseek(fd, 0, SEEK_HOLE));
	T(lseek(fd, 70000, SEEK_DATA));
	T(lseek(fd, 200000, SEEK_HOLE));
	T(lseek(fd, 1 << 18, SEEK_DATA));
	T(lseek(fd, 1 << 19, SEEK_HOLE));
	T(lseek(fd, -1, SEEK_DATA));
	tell_content(fd);
	T(fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, 1000));
	T(fallocate(fd, FALLOC_FL_ZERO_RANGE, 1 << 18, 10));
	tell_content(fd);
	T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 18, 1 << 18));
	tell_fd(fd);
	T(fallocate(fd, 0, 0, 300000));
	tell_fd(fd);
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	T(fallocate(fd, 0, -1, 10));
	T(fallocate(fd, 0, 0, 0));
	T(fallocate(fd, 0x4000, 0, 10));
	T(posix_fallocate(fd, 300000, 5));
	T(ftruncate(fd, 0));
	T(lseek(fd, 0, SEEK_DATA));
	T(lseek(fd, 0, SEEK_HOLE));
	tell_content(fd);
	close(fd);
}

static void copied(void)
{
	int from = open("a", O_RDWR | O_CREAT, 0644), to = open("b", O_RDWR | O_CREAT, 0644);
	int appending = open("b", O_WRONLY | O_APPEND), reading = open("a", O_RDONLY);
	off_t in = 10, out = 5;

	T(write(from, "something that is to be copied", 30));
	T(copy_file_range(from, &in, to, &out, 100, 0));
	T(in);
	T(out);
	tell_content(to);
	T(copy_file_range(from, &(off_t){ 30 }, to, NULL, 10, 0));
	T(copy_file_range(from, &(off_t){ 0 }, from, &(off_t){ 5 }, 10, 0));
	T(copy_file_range(from, &(off_t){ 0 }, from, &(off_t){ 40 }, 10, 0));
	T(copy_file_range(from, &(off_t){ 0 }, appending, NULL, 10, 0));
	T(copy_file_range(to, &(off_t){ 0 }, reading, NULL, 10, 0));
	T(copy_file_range(from, &(off_t){ 0 }, to, NULL, 10, 1));
	T(copy_file_range(open(".", O_RDONLY), NULL, to, NULL, 10, 0));
	T(sendfile(to, reading, NULL, 8));
	T(sendfile(appending, reading, NULL, 8));
	tell_content(from);
	tell_content(to);
	close(from);
	close(to);
	close(appending);
	close(reading);
}

/* --- attributes ------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of names, as filesystems have orders of their own. */
static void tell_xattrs(const char *path)
{
	char names[4096], *sorted[64];
	ssize_t len = llistxattr(path, names, sizeof(names));
	size_t count = 0;

	for (char *n = names; len > 0 && n < names + len && count < ARRAY_LEN(sorted); n += strlen(n) + 1)
		sorted[count++] = n;
	qsort(sorted, count, sizeof(*sorted), by_text);
	printf("%s: attributes of %s:", deed, path);
	for (size_t i = 0; i < count; i++)
		printf(" %s", sorted[i]);
	printf("%s\n", len < 0 ? strerrorname_np(errno) : "");
}

static void extended_attributes(void)
{
	static char large_value[70000], small[4];
	char name[300] = "user.";

	put("a", "", 0644);
	T(symlink("a", "s"));
	T(setxattr("a", "user.one", "value", 5, XATTR_CREATE));
	T(setxattr("a", "user.one", "value", 5, XATTR_CREATE));
	T(setxattr("a", "user.two", "value", 5, XATTR_REPLACE));
	T(setxattr("a", "user.empty", "", 0, 0));
	T(getxattr("a", "user.empty", small, sizeof(small)));
	T(getxattr("a", "user.one", small, sizeof(small)));
	T(getxattr("a", "user.one", NULL, 0));
	T(listxattr("a", small, sizeof(small)));
	T(listxattr("a", NULL, 0) > 0);
	T(setxattr("a", "user.large", large_value, 65537, 0));
	T(setxattr("a", "user.large", large_value, 65536, 0));
	T(setxattr("a", "user.page", large_value, 3000, 0));
	T(getxattr("a", "user.page", large_value, sizeof(large_value)));
	T(setxattr("a", "user.", "v", 1, 0));
	T(setxattr("a", "", "v", 1, 0));
	memset(name + 5, 'n', 250);
	T(setxattr("a", name, "v", 1, 0));
	name[255] = 'n';
	T(setxattr("a", name, "v", 1, 0));
	T(lsetxattr("s", "user.a", "v", 1, 0));
	T(lgetxattr("s", "user.a", small, 4));
	T(setxattr("a", "trusted.a", "v", 1, 0));
	T(lsetxattr("s", "trusted.a", "v", 1, 0));
	T(setxattr("a", "security.unheard", "v", 1, 0));
	T(setxattr("a", "system.unheard", "v", 1, 0));
	T(setxattr(".", "user.folder", "v", 1, 0));
	tell_xattrs("a");
	tell_xattrs("s");
	tell_xattrs(".");
	T(removexattr("a", "user.one"));
	T(removexattr("a", "user.one"));
	T(setxattr("a", "user.three", "v", 1, 4));
	tell_xattrs("a");
}

/* cap_net_raw+ep, as linux/capability.h lays it out. */
static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

static void set_capability(const char *path)
{
	T(setxattr(path, "security.capability", capability, sizeof(capability), 0));
}

static void tell_capability(void)
{
	char value[64];

	T(getxattr("a", "security.capability", value, sizeof(value)));
}

static void write_one(void)
{
	cleanup_fd int fd = open("a", O_WRONLY);

	T(write(fd, "w", 1));
}

static void capabilities(void)
{
	put("a", "program", 0777);
	set_capability("a");
	tell_capability();
	T(chmod("a", 0755));
	tell_capability();
	T(chown("a", (uid_t)-1, (gid_t)-1));
	tell_capability();
	set_capability("a");
	write_one();
	tell_capability();
	set_capability("a");
	T(truncate("a", 3));
	tell_capability();
	set_capability("a");
	T(close(open("a", O_WRONLY | O_TRUNC)));
	tell_capability();
	set_capability("a");
	T(link("a", "b"));
	T(rename("a", "c"));
	T(rename("b", "a"));
	tell_capability();
}

static void copy_one(void)
{
	cleanup_fd int from = open("b", O_RDONLY), to = open("a", O_WRONLY);

	T(copy_file_range(from, NULL, to, NULL, 2, 0));
}

static void allocate_one(void)
{
	cleanup_fd int fd = open("a", O_WRONLY);

	T(fallocate(fd, 0, 0, 100));
}

static void truncate_one(void) { T(truncate("a", 1)); }
static void truncate_open_one(void) { cleanup_fd int fd = open("a", O_WRONLY); T(ftruncate(fd, 1)); }
static void reopen_one(void) { T(close(open("a", O_WRONLY | O_TRUNC))); }
static void chown_one(void) { T(chown("a", (uid_t)-1, SHARED)); }
static void touch_one(void) { T(utimensat(AT_FDCWD, "a", NULL, 0)); }
static void chmod_one(void) { T(chmod("a", 02755)); }

static void set_user_id_bits(void)
{
	static void (*const ways[])(void) = {
		write_one, copy_one, allocate_one, truncate_one, truncate_open_one, reopen_one, chown_one,
		touch_one, chmod_one,
	};
	static const mode_t modes[] = { 06777, 02777, 04766 };
	static const uid_t doers[] = { ANN, BOB };

	put("b", "source", 0644);
	for (size_t m = 0; m < ARRAY_LEN(modes); m++)
		for (size_t i = 0; i < ARRAY_LEN(ways) * 3; i++) {
			put("a", "program", 0600);
			if (is_root && chown("a", ANN, BOB))
				err(1, "chown");
			if (chmod("a", modes[m]))
				err(1, "chmod");
			if (i % 3 < 2)
				as(doers[i % 3], ways[i / 3]);
			else
				ways[i / 3]();
			tell("a");
			unlink("a");
		}
}

static void times(void)
{
	static const int64_t seconds[] = { 0, 1, -1, -2147483648, -2147483649, 2147483648, 4294967296, 15032385535,
	                                   15032385536, INT64_C(1) << 40 };
	struct stat st;

	put("a", "", 0644);
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
		const struct timespec set[] = { { seconds[i], 999999999 }, { seconds[i], 1 } };

		T(utimensat(AT_FDCWD, "a", set, 0));
		T(stat("a", &st));
		printf("times: %lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
}

/* --- access control lists -------------------------------------------------------------------- */

/* As linux/posix_acl_xattr.h lays them out. */
struct acl { uint32_t version; struct { uint16_t tag, perm; uint32_t id; } entries[8]; };
enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, MASK = 16, OTHER = 32 };

static int set_acl(const char *path, const char *name, unsigned user, unsigned ann, unsigned mask, unsigned other)
{
	const struct acl acl = { 2, {
		{ USER_OBJ, (uint16_t)user, UINT32_MAX }, { USER, (uint16_t)ann, is_root ? BOB : geteuid() },
		{ GROUP_OBJ, 5, UINT32_MAX }, { MASK, (uint16_t)mask, UINT32_MAX },
		{ OTHER, (uint16_t)other, UINT32_MAX } } };

	return setxattr(path, name, &acl, 4 + 5 * 8, 0);
}

static int acl_size(const char *path, const char *name)
{
	char bytes[512];

	return (int)getxattr(path, name, bytes, sizeof(bytes));
}

static const char *const access_acl = "system.posix_acl_access", *const default_acl = "system.posix_acl_default";

static void use_acl(void)
{
	T(access("a", R_OK));
	T(access("a", W_OK));
	T(close(open("a", O_WRONLY)));
	T(close(open("a", O_RDONLY)));
	T(close(open("d/made", O_WRONLY | O_CREAT, 0666)));
	T(mkdir("d/folder", 0777));
}

static void access_lists(void)
{
	umask(077);
	put("a", "", 0600);
	T(acl_size("a", access_acl));
	T(set_acl("a", access_acl, 6, 4, 7, 0));
	T(acl_size("a", access_acl));
	tell("a");
	T(mkdir("d", 0700));
	T(set_acl("d", access_acl, 7, 7, 7, 0));
	T(set_acl("d", default_acl, 7, 6, 7, 4));
	T(set_acl("a", default_acl, 7, 6, 7, 4));
	if (is_root && (chown("a", ANN, ANN) || chown("d", ANN, ANN)))
		err(1, "chown");
	T(acl_size("a", access_acl));
	as(BOB, use_acl);
	as(ANN, use_acl);
	tell("d/made");
	T(acl_size("d/made", access_acl));
	tell("d/folder");
	T(acl_size("d/folder", access_acl));
	T(acl_size("d/folder", default_acl));
	T(mkfifo("d/fifo", 0644));
	tell("d/fifo");
	T(symlink("x", "d/s"));
	T(acl_size("d/s", access_acl));
	T(chmod("a", 0640));
	T(acl_size("a", access_acl));
	as(BOB, use_acl);
	T(chmod("a", 0600));
	as(BOB, use_acl);
	T(setxattr("a", access_acl, "rubbish", 7, 0));
	T(removexattr("a", access_acl));
	T(acl_size("a", access_acl));
	tell("a");
	T(removexattr("d", default_acl));
	T(mkdir("d/plain", 0777));
	tell("d/plain");
	tell_xattrs("d");
	umask(022);
}

static void make_each(void)
{
	T(close(open("d/file", O_WRONLY | O_CREAT, 02777)));
	T(mkdir("d/folder", 0777));
	T(mkfifo("d/fifo", 0666));
	T(symlink("x", "d/s"));
}

static void set_group_id_folders(void)
{
	static const mode_t masks[] = { 0, 027, 077 };
	static const gid_t groups[] = { ANN, BOB, SHARED };

	for (size_t i = 0; i < ARRAY_LEN(masks) * ARRAY_LEN(groups); i++) {
		mkdir("d", 0777);
		if (is_root && chown("d", BOB, groups[i % ARRAY_LEN(groups)]))
			err(1, "chown");
		chmod("d", 02777);
		umask(masks[i / ARRAY_LEN(groups)]);
		as(ANN, make_each);
		umask(022);
		tell("d/file");
		tell("d/folder");
		tell("d/fifo");
		tell("d/s");
		T(unlink("d/file") || rmdir("d/folder") || unlink("d/fifo") || unlink("d/s") || rmdir("d"));
	}
}

/* --- names ----------------------------------------------------------------------------------- */

static void names(void)
{
	char name[257] = "";
	uint64_t digest = 0;
	struct dirent *d;
	DIR *dir;

	for (int c = 1; c < 256; c++) {
		name[0] = (char)c;
		if (c != '/' && c != '.')
			T(put(name, "x", 0644));
	}
	for (int c = 1; c < 256; c++) {
		memset(name, c, 255);
		if (c != '/')
			T(put(name, "x", 0644));
	}
	dir = opendir(".");
	while ((d = readdir(dir))) {
		uint64_t h = 5381;

		for (const char *c = d->d_name; *c; c++)
			h = h * 33 + (unsigned char)*c;
		digest += h * h;              /* in any order */
	}
	closedir(dir);
	printf("names: %016" PRIx64 "\n", digest);
	memset(name, 'n', 256);
	T(put(name, "x", 0644));
	T(mkdir(name, 0755));
	T(symlink("x", name));
	T(link("a", name));
	T(rename("a", name));
	T(unlink(name));
	T(rmdir(name));
	tell(name);
	T(mkfifo(name, 0644));
	T(open(name, O_RDONLY));
	T(access(name, F_OK));
	T(chdir(name));
}

static void long_paths(void)
{
	cleanup_free char *path = xmalloc(PATH_MAX + 2);
	char target[PATH_MAX + 2];

	memset(target, 't', sizeof(target));
	target[PATH_MAX - 1] = '\0';
	T(symlink(target, "longest"));
	T(readlink("longest", target, sizeof(target)));
	T(open("longest", O_RDONLY));
	target[PATH_MAX - 1] = 't';
	target[PATH_MAX] = '\0';
	T(symlink(target, "longer"));
	memset(path, '/', PATH_MAX + 1);
	path[0] = '.';
	path[PATH_MAX - 1] = '\0';
	T(access(path, F_OK));
	path[PATH_MAX - 1] = '/';
	path[PATH_MAX] = '\0';
	T(access(path, F_OK));
	T(mkdir(path, 0755));
}

static void deep_folders(void)
{
	char name[251], where[PATH_MAX];
	int home = open(".", O_RDONLY), deep, fd;

	memset(name, 'd', 250);
	name[250] = '\0';
	for (int i = 0; i < 40; i++)
		if (mkdir(name, 0755) || chdir(name))
			err(1, "deep folder %d", i);
	T(getcwd(where, sizeof(where)) ? 0 : -1);
	T(put("a", "at the bottom", 0644));
	T(rename("a", "b"));
	T(link("b", "c"));
	T(truncate("c", 3));
	tell("b");
	tell_content_of("b");
	T(symlink("b", "s"));
	tell_content_of("s");
	T(chmod("b", 0600));
	T(setxattr("b", "user.a", "v", 1, 0));
	tell_xattrs("b");
	deep = open(".", O_RDONLY);
	T(fchdir(home));
	fd = T(openat(deep, "b", O_RDWR));
	T(pwrite(fd, "x", 1, 0));
	T(close(fd));
	T(renameat(deep, "b", home, "up"));
	tell("up");
	T(fchdir(deep));
	T(unlink("c"));
	T(unlink("s"));
	for (int i = 0; i < 40; i++)
		if (chdir("..") || rmdir(name))
			err(1, "deep folder %d", i);
	tell_fd(deep);
	T(mkdirat(deep, "new", 0755));
	close(deep);
	close(home);
}

static void folders_that_go(void)
{
	int d, dir, in;
	char where[PATH_MAX];

	mkdir("d", 0755);
	mkdir("d/e", 0755);
	d = open("d", O_RDONLY);
	T(fchdir(open("d/e", O_RDONLY)));
	T(rename("../../d", "../../f"));
	T(put("in", "x", 0644));
	tell("../../f/e/in");
	T(unlink("in"));
	T(rmdir("."));
	T(rmdir("../e"));
	tell(".");
	T(getcwd(where, sizeof(where)) ? 0 : -1);
	T(mkdir("new", 0755));
	T(put("new", "x", 0644));
	T(symlink("x", "new"));
	tell("..");
	dir = T(open(".", O_RDONLY));
	T(getdents64(dir, where, sizeof(where)));
	T(chmod(".", 0700));
	T(fchdir(d));
	tell(".");
	T(mkdir("e", 0755));
	in = open("e", O_RDONLY);
	T(rename("e", "e/x"));
	T(mkdir("e/x", 0755));
	T(rmdir("e"));
	T(rename("e/x", "e"));
	T(mkdir("full", 0755));
	T(put("full/in", "x", 0644));
	T(rename("e", "full"));
	T(rename("full", "e/x"));
	tell("e/x/in");
	T(renameat2(AT_FDCWD, "e/x/in", AT_FDCWD, "e/x", RENAME_EXCHANGE));
	put("file", "x", 0644);
	T(renameat2(AT_FDCWD, "file", AT_FDCWD, "e", RENAME_EXCHANGE));
	tell("file");
	tell("file/x/in");
	tell("e");
	T(fstatat(in, "x/in", &(struct stat){ 0 }, 0));
	T(rename("file", "."));
	T(rename("..", "x"));
	T(unlink("file"));
	T(unlinkat(AT_FDCWD, "e", AT_REMOVEDIR));
	close(in);
	close(d);
	close(dir);
}

/* --- listing --------------------------------------------------------------------------------- */

static const char *kind_of(unsigned char type)
{
	static const char *const kinds[] = { [DT_FIFO] = "fifo", [DT_CHR] = "device", [DT_DIR] = "folder",
	                                     [DT_REG] = "file", [DT_LNK] = "link", [DT_SOCK] = "socket" };

	return type < ARRAY_LEN(kinds) && kinds[type] ? kinds[type] : "unknown";
}

static void tell_listed(const char *path)
{
	DIR *dir = opendir(path);
	char *lines[512];
	size_t count = 0;
	struct dirent *d;
	struct stat st;

	while ((d = readdir(dir)) && count < ARRAY_LEN(lines)) {
		bool is_up = strcmp(d->d_name, "..") == 0;
		bool is_same = is_up || (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		                         st.st_ino == d->d_ino);

		lines[count++] = xasprintf("%s %s%s", d->d_name, kind_of(d->d_type), is_same ? "" : " other number");
	}
	closedir(dir);
	qsort(lines, count, sizeof(*lines), by_text);
	printf("%s: %s has %zu:", deed, path, count);
	for (size_t i = 0; i < count; i++) {
		printf(" %s;", lines[i]);
		free(lines[i]);
	}
	putchar('\n');
}

static void listings(void)
{
	char name[16];
	struct dirent *d;
	DIR *dir;
	long at;
	int left = 0;

	mkdir("k", 0755);
	put("k/file", "", 0644);
	mkdir("k/folder", 0755);
	mkfifo("k/fifo", 0644);
	T(symlink("x", "k/link"));
	T(mknod("k/socket", S_IFSOCK | 0644, 0));
	T(mknod("k/device", S_IFCHR | 0644, makedev(1, 3)));
	T(link("k/file", "k/hard"));
	tell_listed("k");
	mkdir("m", 0755);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "m/%d", i);
		put(name, "", 0644);
	}
	tell_listed("m");
	dir = opendir("m");
	for (int i = 0; i < 100; i++)
		readdir(dir);
	at = telldir(dir);
	cleanup_free char *next = xstrdup(readdir(dir)->d_name);
	while (readdir(dir))
		;
	seekdir(dir, at);
	T(strcmp(readdir(dir)->d_name, next) == 0);
	rewinddir(dir);
	put("m/new", "", 0644);
	rewinddir(dir);
	while ((d = readdir(dir)))
		left += unlinkat(dirfd(dir), d->d_name, 0) == 0;
	T(left);
	rewinddir(dir);
	for (left = 0; readdir(dir); left++)
		;
	T(left);
	closedir(dir);
	T(rmdir("m"));
}

/* --- locks, pipes, programs ------------------------------------------------------------------ */

static void lock_too(void)
{
	int fd = open("a", O_RDWR);
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 5 };

	T(fcntl(fd, F_SETLK, &l));
	T(fcntl(fd, F_GETLK, &l));
	T(l.l_type == F_UNLCK);
	T(l.l_start);
	T(l.l_len);
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 5 };
	T(fcntl(fd, F_SETLK, &l));
	T(fcntl(fd, F_OFD_SETLK, &l));
	T(flock(fd, LOCK_EX | LOCK_NB));
	T(flock(fd, LOCK_SH | LOCK_NB));
	close(fd);
}

static void locks(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0666), other;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10 };

	T(fchmod(fd, 0666));
	T(fcntl(fd, F_SETLK, &l));
	T(flock(fd, LOCK_SH));
	as(ANN, lock_too);
	T(flock(fd, LOCK_EX));
	as(ANN, lock_too);
	other = open("a", O_RDONLY);
	T(flock(other, LOCK_SH | LOCK_NB));
	T(close(other));              /* takes the process' record locks along, not the flock */
	as(ANN, lock_too);
	T(flock(fd, LOCK_UN));
	l = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_END, .l_start = 0, .l_len = 0 };
	T(fcntl(fd, F_OFD_SETLK, &l));
	T(unlink("a"));
	T(flock(fd, LOCK_EX | LOCK_NB));
	T(lockf(fd, F_TLOCK, 0));
	close(fd);
}

static void pipes_and_sockets(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int r, w, server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	char bytes[8];

	T(mkfifo("fifo", 0600));
	T(open("fifo", O_WRONLY | O_NONBLOCK));
	r = T(open("fifo", O_RDONLY | O_NONBLOCK));
	w = T(open("fifo", O_WRONLY));
	T(write(w, "through", 7));
	T(read(r, bytes, 7));
	T(lseek(r, 0, SEEK_SET));
	T(rename("fifo", "renamed"));
	T(write(w, "again", 5));
	T(ftruncate(w, 0));
	tell_fd(r);
	T(connect(client, (struct sockaddr *)&address, sizeof(address)));
	T(bind(server, (struct sockaddr *)&address, sizeof(address)));
	T(connect(client, (struct sockaddr *)&address, sizeof(address)));
	T(listen(server, 1));
	T(connect(client, (struct sockaddr *)&address, sizeof(address)));
	tell("socket");
	T(open("socket", O_RDWR));
	close(r);
	close(w);
	close(server);
	close(client);
}

static int copy_program(const char *from, const char *to)
{
	cleanup_fd int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0700);
	ssize_t len;

	while ((len = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	return (int)len;
}

static pid_t run(const char *path, bool is_awaited)
{
	int ends[2], code = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid == 0) {
		execl(path, "sleep", is_awaited ? "0" : "100", (char *)NULL);
		code = errno;
		_exit(write(ends[1], &code, sizeof(code)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &code, sizeof(code)) < 0)
		err(1, "pipe");
	close(ends[0]);
	printf("%s: running %s: %s\n", deed, path, code ? strerrorname_np(code) : "ok");
	if (is_awaited || code)
		waitpid(pid, NULL, 0);
	return pid;
}

static void programs(void)
{
	int fd;
	pid_t pid;

	T(copy_program("/bin/sleep", "program"));
	run("./program", true);
	fd = open("program", O_WRONLY);
	run("./program", true);
	close(fd);
	pid = run("./program", false);
	T(open("program", O_WRONLY));
	T(truncate("program", 0));
	T(unlink("program"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	put("script", "#!/bin/sh\nexit 0\n", 0700);
	run("./script", true);
	chmod("script", 0600);
	run("./script", true);
	put("lost", "#!/nonexistent/program\n", 0700);
	run("./lost", true);
	put("rubbish", "\1\2\3\4", 0700);
	run("./rubbish", true);
	run(".", true);
}

static void the_filesystem(void)
{
	struct statvfs st;

	T(statvfs(".", &st));
	T(st.f_bsize);
	T(st.f_frsize);
	T(st.f_namemax);
	T(st.f_blocks);
	T(st.f_files);
	T(pathconf(".", _PC_NAME_MAX));
	T(pathconf(".", _PC_PATH_MAX));
}

/* --- all of them ----------------------------------------------------------------------------- */

#define DEED(name) { #name, name }
static const struct { const char *name; void (*fn)(void); } deeds[] = {
	DEED(open_and_unlinked), DEED(open_and_replaced), DEED(held_and_removed), DEED(hard_links),
	DEED(two_writers), DEED(flags_of_open),
	DEED(errors_of_open_files), DEED(truncated_while_open), DEED(mapped), DEED(large), DEED(limit_of_size),
	DEED(holes), DEED(copied), DEED(extended_attributes), DEED(capabilities), DEED(set_user_id_bits),
	DEED(times), DEED(access_lists), DEED(set_group_id_folders), DEED(names), DEED(long_paths),
	DEED(deep_folders), DEED(folders_that_go), DEED(listings), DEED(locks), DEED(pipes_and_sockets),
	DEED(programs), DEED(the_filesystem),
};

int main(int argc, char **argv)
{
	cleanup_fd int base = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (base < 0)
		errx(2, "usage: posix_deeds FOLDER");
	is_root = geteuid() == 0;
	umask(022);
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
		deed = deeds[i].name;
		if (mkdirat(base, deed, 0777) || fchmodat(base, deed, 0777, 0) || fchdir(base) || chdir(deed))
			err(1, "%s", deed);
		deeds[i].fn();
	}
	return fflush(stdout) ? 1 : 0;
}
