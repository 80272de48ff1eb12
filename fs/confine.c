#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTERS 0
#define WHY_NOT "this is a build with sanitizers, which need what would be forbidden"
#elif defined(HAVE_SECCOMP)
#define FILTERS 1
#include <linux/seccomp.h>
#include <seccomp.h>
#else
#define FILTERS 0
#define WHY_NOT "this is a build without libseccomp"
#endif

/* LANDLOCK_ACCESS_FS_REFER came with Linux 5.19: before, nothing could be renamed from folder to folder. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(LANDLOCK_ACCESS_FS_REFER)
static void bar_other_processes(int source_fd) { (void)source_fd; }
#else

/* Whoever is confined by Landlock may rename from folder to folder only where a rule says so. */
static void allow_renames(int ruleset, int folder)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = LANDLOCK_ACCESS_FS_REFER, .parent_fd = folder };

	if (folder >= 0)
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void bar_other_processes(int source_fd)
{
	enum { ABI_WITH_REFER = 2 };
	struct landlock_ruleset_attr handled = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REFER,
	};

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < ABI_WITH_REFER)
		return;
	cleanup_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	cleanup_fd int root = open("/", O_PATH | O_CLOEXEC);
	if (ruleset < 0)
		return;
	allow_renames(ruleset, root);
	allow_renames(ruleset, source_fd);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		log_info("other processes stay open to the daemon: %s", strerror(errno));
}

#endif

void confine_begin(int source_fd)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	bar_other_processes(source_fd);
}

#if FILTERS

/* By name, as not every machine and library knows them all. */
static const char *const forbidden[] = {
	/* other programs */
	"execve", "execveat",
	/* other processes */
	"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "perf_event_open", "userfaultfd",
	/* what is seen where */
	"mount", "umount", "umount2", "pivot_root", "chroot", "setns", "fsopen", "fsconfig", "fsmount", "fspick",
	"move_mount", "open_tree", "mount_setattr", "open_by_handle_at", "swapon", "swapoff", "quotactl", "quotactl_fd",
	/* the kernel */
	"bpf", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "iopl",
	"ioperm", "acct", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "syslog", "sethostname",
	"setdomainname", "vhangup", "lookup_dcookie", "nfsservctl",
	/* what a filter does not see into */
	"io_uring_setup", "io_uring_enter", "io_uring_register",
	/* keys of the user's session */
	"keyctl", "add_key", "request_key",
};

/* Calls that may make no namespaces, and the argument that has the flags. */
static const struct { const char *name; unsigned arg; } flagged[] = {
	{ "unshare", 0 },
#if defined(__s390__)
	{ "clone", 1 },               /* clone(2): the stack comes first there */
#else
	{ "clone", 0 },
#endif
};
static const uint64_t forbidden_flags[] = {
	CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP,
};

/* Sockets of other programs, which may do for us what we may not: the session's bus starts programs.  The log
 * and the service manager take datagrams.  Names are found by files and DNS then, as nscd is one of those. */
static const int forbidden_unix[] = { SOCK_STREAM, SOCK_SEQPACKET };

enum { SOCKET_TYPE = 0xf };           /* without SOCK_CLOEXEC and SOCK_NONBLOCK: include/linux/net.h */

/* What types into a terminal, or its selection: the shell there would run it. */
static const uint64_t forbidden_ioctls[] = { TIOCSTI, TIOCLINUX };

/* A filter sees registers, of which the kernel takes no more than this for an int. */
#define AS_INT UINT64_C(0xffffffff)

static struct scmp_arg_cmp compared(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, value };
}

static int forbid_flags(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(flagged); i++)
		for (size_t k = 0; k < ARRAY_LEN(forbidden_flags) && !rc; k++)
			rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name(flagged[i].name), 1,
			                      compared(flagged[i].arg, forbidden_flags[k], forbidden_flags[k]));
	return rc;
}

static int forbid_sockets(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(forbidden_unix) && !rc; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
		                      compared(0, AS_INT, AF_UNIX), compared(1, SOCKET_TYPE, (uint64_t)forbidden_unix[i]));
	return rc;
}

static int forbid_ioctls(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(forbidden_ioctls) && !rc; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		                      compared(1, AS_INT, forbidden_ioctls[i]));
	return rc;
}

static int fill(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(forbidden) && !rc; i++) {
		int number = seccomp_syscall_resolve_name(forbidden[i]);

		if (number != __NR_SCMP_ERROR)
			rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (!rc)
		rc = forbid_flags(filter);
	if (!rc)
		rc = forbid_sockets(filter);
	if (!rc)
		rc = forbid_ioctls(filter);
	/* Its flags lie in memory, where a filter cannot look; the C library takes clone then. */
	if (!rc && seccomp_syscall_resolve_name("clone3") != __NR_SCMP_ERROR)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name("clone3"), 0);
	return rc;
}

/* -errno of whatever failed. */
static int load(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter)
		return -ENOMEM;
	/* Never the end of the process: also of calls in another machine's numbers. */
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = fill(filter);
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

int confine_check(struct error *err)
{
	/* prctl(2): without a filter to take, it is EFAULT where there are filters. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT)
		return 0;
	return error_set(err, ENOSYS, "the mount works without; kernels with CONFIG_SECCOMP_FILTER have it",
	                 "the kernel filters no system calls: %s", strerror(errno));
}

int confine_all(struct error *err)
{
	int rc = load();

	if (!rc)
		return 0;
	return error_set(err, ENOSYS, "the mount works without; -o sandboxing=off does not try",
	                 "the daemon's system calls are not filtered: %s", strerror(-rc));
}

#else

int confine_check(struct error *err)
{
	return error_set(err, ENOSYS, "the mount works without", "the daemon's system calls are not filtered: %s",
	                 WHY_NOT);
}

int confine_all(struct error *err)
{
	return confine_check(err);
}

#endif
