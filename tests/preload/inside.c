/*
 * Preloaded into a daemon, for tests: tries in a thread of it what it should not be able to do, when somebody
 * opens the pipe $INSIDE for writing, and says into $INSIDE.said how each went: `NAME ERRNO`, 0 if it succeeded.
 *
 * Nothing of this would do any harm where it is allowed: paths and numbers lead nowhere.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 0x3fffffff };
static const char nowhere[] = "/nowhere/at/all";
static char *none[] = { NULL };

static long do_execve(void) { return syscall(SYS_execve, nowhere, none, none); }
static long do_execveat(void) { return syscall(SYS_execveat, -1, nowhere, none, none, 0); }
static long do_ptrace(void) { return syscall(SYS_ptrace, PTRACE_DETACH, NOBODY, 0, 0); }
static long do_process_vm_readv(void) { return syscall(SYS_process_vm_readv, NOBODY, NULL, 0, NULL, 0, 0); }
static long do_pidfd_getfd(void) { return syscall(SYS_pidfd_getfd, -1, 0, 0); }
static long do_mount(void) { return syscall(SYS_mount, "none", nowhere, "tmpfs", 0, NULL); }
static long do_umount(void) { return syscall(SYS_umount2, nowhere, 0); }
static long do_chroot(void) { return syscall(SYS_chroot, nowhere); }
static long do_setns(void) { return syscall(SYS_setns, -1, 0); }
static long do_open_by_handle_at(void) { return syscall(SYS_open_by_handle_at, -1, NULL, 0); }
static long do_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long do_init_module(void) { return syscall(SYS_init_module, NULL, 0, NULL); }
static long do_keyctl(void) { return syscall(SYS_keyctl, -1, 0, 0, 0, 0); }
static long do_io_uring(void) { return syscall(SYS_io_uring_setup, 0, NULL); }
static long do_unshare(void) { return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_THREAD); }
static long do_clone(void) { return syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS, NULL, NULL, NULL, 0); }
static long do_clone3(void) { return syscall(SYS_clone3, NULL, 0); }

static long try_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? fd : close(fd);
}

/* Of the test that started it. */
static long do_memory_of_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return try_file(path);
}

static long do_memory_of_its_own(void)
{
	return try_file("/proc/self/mem");
}

static long do_dumpable(void) { return prctl(PR_GET_DUMPABLE) ? 0 : (errno = EACCES, -1); }

static long try_socket(int domain, int type)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : close(fd);
}

static long do_unix_stream(void) { return try_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK); }
static long do_unix_seqpacket(void) { return try_socket(AF_UNIX, SOCK_SEQPACKET); }
static long do_internet(void) { return try_socket(AF_INET, SOCK_STREAM); }

/* The kernel takes the lower half for an int. */
static long do_unix_stream_disguised(void)
{
	long fd = syscall(SYS_socket, AF_UNIX | 1L << 32, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : close((int)fd);
}

static long do_typing(void) { return syscall(SYS_ioctl, -1, TIOCSTI, "x"); }
static long do_typing_disguised(void) { return syscall(SYS_ioctl, -1, TIOCSTI | 1L << 32, "x"); }
static long do_unix_datagram(void) { return try_socket(AF_UNIX, SOCK_DGRAM); }

/* A child of it is no better off. */
static long do_execve_of_a_child(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	int status;

	if (!pid) {
		syscall(SYS_execve, nowhere, none, none);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	errno = WEXITSTATUS(status);
	return -1;
}

static const struct { const char *name; long (*deed)(void); } deeds[] = {
	{ "execve", do_execve }, { "execveat", do_execveat }, { "execve-of-a-child", do_execve_of_a_child },
	{ "ptrace", do_ptrace }, { "process_vm_readv", do_process_vm_readv }, { "pidfd_getfd", do_pidfd_getfd },
	{ "mount", do_mount }, { "umount", do_umount }, { "chroot", do_chroot }, { "setns", do_setns },
	{ "open_by_handle_at", do_open_by_handle_at }, { "bpf", do_bpf }, { "init_module", do_init_module },
	{ "keyctl", do_keyctl }, { "io_uring", do_io_uring }, { "unshare", do_unshare }, { "clone", do_clone },
	{ "clone3", do_clone3 }, { "unix-stream", do_unix_stream }, { "unix-seqpacket", do_unix_seqpacket },
	{ "unix-datagram", do_unix_datagram }, { "internet", do_internet }, { "dumpable", do_dumpable },
	{ "unix-stream-disguised", do_unix_stream_disguised }, { "typing", do_typing },
	{ "typing-disguised", do_typing_disguised },
	{ "memory-of-parent", do_memory_of_parent }, { "memory-of-its-own", do_memory_of_its_own },
};

static void *wait_and_try(void *arg)
{
	const char *pipe = arg;
	char part[4096], said[4096];
	int fd = open(pipe, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	close(fd);
	snprintf(said, sizeof(said), "%s.said", pipe);
	snprintf(part, sizeof(part), "%s.part", pipe);
	FILE *f = fopen(part, "we");
	for (size_t i = 0; f && i < sizeof(deeds) / sizeof(*deeds); i++) {
		errno = 0;
		long rc = deeds[i].deed();
		const char *name = rc < 0 ? strerrorname_np(errno) : "0";

		fprintf(f, "%s %s\n", deeds[i].name, name ? name : "?");
	}
	if (f && !fclose(f))
		rename(part, said);
	return NULL;
}

/* In the place of the C library's: the thread that answers the kernel calls it when it begins.  What that one starts
 * is confined as it is. */
int pthread_setname_np(pthread_t self, const char *name)
{
	int (*real)(pthread_t, const char *) = (int (*)(pthread_t, const char *))dlsym(RTLD_NEXT, "pthread_setname_np");
	char *pipe = getenv("INSIDE");
	pthread_t thread;

	if (pipe && !strcmp(name, "easelfs-fuse"))
		pthread_create(&thread, NULL, wait_and_try, pipe);
	return real ? real(self, name) : 0;
}
