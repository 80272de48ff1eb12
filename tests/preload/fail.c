/*
 * Preloaded into a daemon, for tests: makes calls of it fail, its own and those of its libraries.
 *
 *     FAIL=KIND[@ORIGIN]:FIRST[+COUNT[/STEP]][=ERRNO],…   which; ERRNO as in errno(3), if not the usual one
 *     FAIL_LOG=FILE      a line for each that has failed, and at a clean end how often each was called, and has failed
 *
 * `fsync@sqlite:7` is the seventh of that library's, from the very start; `memory:1+1000000/2` each allocation
 * at its first try.  Kinds are the table below; `short-write` and `short-read` do half of what they could.
 * Origins: own, sqlite, curl, fuse, cjson, crypto (and TLS), seccomp, libc, other.
 *
 * Nothing is lied about: a call that fails here has done nothing.
 */
#include <features.h>
#ifdef __GLIBC__                      /* whose functions these are; tests/mount/failures.t is skipped elsewhere */
#undef _FORTIFY_SOURCE               /* it has inline functions of these names */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/signalfd.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <sqlite3.h>

/* KIND(name in C, as it is called, what it fails with) */
#define KINDS(KIND) \
	KIND(MEMORY, "memory", ENOMEM) KIND(OPEN, "open", EMFILE) KIND(DUP, "dup", EMFILE) KIND(LOCK, "lock", ENOLCK) \
	KIND(READ, "read", EIO) KIND(SHORT_READ, "short-read", 0) KIND(WRITE, "write", ENOSPC) \
	KIND(SHORT_WRITE, "short-write", 0) KIND(FSYNC, "fsync", EIO) KIND(RENAME, "rename", EIO) KIND(LINK, "link", ENOSPC) \
	KIND(UNLINK, "unlink", EIO) KIND(MKDIR, "mkdir", ENOSPC) KIND(TRUNCATE, "truncate", ENOSPC) \
	KIND(COPY, "copy_file_range", EIO) KIND(STAT, "stat", EIO) KIND(ATTR, "attributes", EIO) \
	KIND(FDOPENDIR, "fdopendir", ENOMEM) KIND(READDIR, "readdir", EIO) KIND(SOCKET, "socket", EMFILE) \
	KIND(CONNECT, "connect", ENETUNREACH) KIND(SEND, "send", ECONNRESET) KIND(RECV, "recv", ECONNRESET) \
	KIND(INOTIFY, "inotify", ENOSPC) KIND(POLL, "poll", ENOMEM) KIND(RANDOM, "getrandom", ENOSYS) \
	KIND(THREAD, "pthread_create", EAGAIN) KIND(FORK, "fork", EAGAIN) KIND(PIPE, "pipe", EMFILE) \
	KIND(SQL_OPEN, "sqlite3_open", 0) KIND(SQL_PREPARE, "sqlite3_prepare", 0) KIND(SQL_STEP, "sqlite3_step", 0) \
	KIND(SQL_EXEC, "sqlite3_exec", 0) KIND(CURL_INIT, "curl_init", 0) KIND(CURL_SETOPT, "curl_setopt", 0) \
	KIND(CURL_HEADER, "curl_slist_append", 0) KIND(CURL_ADD, "curl_multi_add_handle", 0) \
	KIND(CURL_PERFORM, "curl_multi_perform", 0) KIND(CURL_POLL, "curl_multi_poll", 0) \
	KIND(CURL_WAKEUP, "curl_multi_wakeup", 0)

#define KIND_ENUM(name, word, code) name,
enum kind { KINDS(KIND_ENUM) KIND_COUNT };
#define KIND_ROW(name, word, code) { word, code },
static const struct { const char *word; int code; } kinds[] = { KINDS(KIND_ROW) };

enum origin { OWN, SQLITE, CURL_LIB, FUSE, CJSON, CRYPTO, SECCOMP, LIBC, OTHER, ORIGIN_COUNT };
static const struct { const char *word, *library; } origins[] = {
	[OWN] = { "own", NULL }, [SQLITE] = { "sqlite", "libsqlite3" }, [CURL_LIB] = { "curl", "libcurl" },
	[FUSE] = { "fuse", "libfuse3" }, [CJSON] = { "cjson", "libcjson" }, [CRYPTO] = { "crypto", "libcrypto" },
	[SECCOMP] = { "seccomp", "libseccomp" }, [LIBC] = { "libc", "libc.so" }, [OTHER] = { "other", NULL },
};

static struct { uintptr_t begin, end; enum origin origin; } areas[256];
static size_t areas_count;
static uintptr_t own_base;
static atomic_ulong calls[KIND_COUNT][ORIGIN_COUNT], failures[KIND_COUNT][ORIGIN_COUNT];
static bool begun;                    /* in the daemon, and not in what it starts */
static pid_t self;
static int log_fd = -1;

/* What FAIL says. */
static struct wish {
	int kind, origin, code;       /* -1: any; 0: the usual one */
	unsigned long first, count, step;
	atomic_ulong matched;
} wishes[64];
static size_t wishes_count;

/* --- whose call it is ------------------------------------------------------------------------ */

static int note_area(struct dl_phdr_info *info, size_t size, void *arg)
{
	enum origin o = OTHER;

	(void)size, (void)arg;
	if (!*info->dlpi_name) {
		o = OWN;
		own_base = info->dlpi_addr;
	}
	for (size_t i = 0; i < ORIGIN_COUNT; i++)
		if (origins[i].library && strstr(info->dlpi_name, origins[i].library))
			o = (enum origin)i;
	if (strstr(info->dlpi_name, "libssl"))
		o = CRYPTO;
	for (size_t i = 0; i < info->dlpi_phnum && areas_count < sizeof(areas) / sizeof(*areas); i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		areas[areas_count].begin = info->dlpi_addr + p->p_vaddr;
		areas[areas_count].end = info->dlpi_addr + p->p_vaddr + p->p_memsz;
		areas[areas_count++].origin = o;
	}
	return 0;
}

static enum origin origin_of(const void *caller)
{
	for (size_t i = 0; i < areas_count; i++)
		if ((uintptr_t)caller >= areas[i].begin && (uintptr_t)caller < areas[i].end)
			return areas[i].origin;
	return OTHER;
}

/* --- what is to fail ------------------------------------------------------------------------- */

static void note_failure(enum kind k, enum origin o, unsigned long n)
{
	char line[512];
	void *frames[24];
	int len = snprintf(line, sizeof(line), "failed %s@%s:%lu", kinds[k].word, origins[o].word, n);
	int depth = backtrace(frames, 24);

	/* For addr2line(1): where in the program that was. */
	for (int i = 0; i < depth && len < 480; i++)
		if (origin_of(frames[i]) == OWN)
			len += snprintf(line + len, sizeof(line) - (size_t)len, " %#lx",
	(unsigned long)frames[i] - own_base - 1);
	line[len++] = '\n';
	syscall(SYS_write, log_fd, line, (size_t)len);
}

/* The one that this call is meant by, as the n-th of those that it is about; or NULL. */
static struct wish *wish_of(enum kind k, enum origin o, unsigned long *n)
{
	struct wish *found = NULL;

	for (struct wish *w = wishes; w < wishes + wishes_count; w++) {
		if (w->kind != (int)k || (w->origin >= 0 && w->origin != (int)o))
			continue;
		unsigned long at = atomic_fetch_add(&w->matched, 1) + 1;
		if (at < w->first || (at - w->first) % w->step || (at - w->first) / w->step >= w->count)
			continue;
		found = w;
		*n = at;
	}
	return found;
}

/* Counts the call; true: it is to fail, and errno says how. */
static bool fails(enum kind k, const void *caller)
{
	static __thread bool inside;
	unsigned long n;

	if (!begun || inside || getpid() != self)
		return false;
	enum origin o = origin_of(caller);
	atomic_fetch_add(&calls[k][o], 1);
	struct wish *w = wish_of(k, o, &n);
	if (!w)
		return false;
	inside = true;
	atomic_fetch_add(&failures[k][o], 1);
	/* Of very many, the first ones. */
	if ((n - w->first) / w->step < 20)
		note_failure(k, o, n);
	inside = false;
	errno = w->code ? w->code : kinds[k].code;
	return true;
}

static int code_of(const char *word)
{
	for (int i = 1; i < 200; i++) {
		const char *name = strerrorname_np(i);
		if (name && !strcmp(name, word))
			return i;
	}
	return 0;
}

static int kind_of(const char *word)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (!strcmp(kinds[i].word, word))
			return (int)i;
	return -1;
}

static int origin_called(const char *word)
{
	for (size_t i = 0; i < ORIGIN_COUNT; i++)
		if (!strcmp(origins[i].word, word))
			return (int)i;
	return -1;
}

static void read_wish(const char *text)
{
	char kind[64] = "", origin[64] = "";
	const char *numbers = strchr(text, ':'), *code = strchr(text, '=');
	struct wish w = { .count = 1, .step = 1 };

	sscanf(text, "%63[^@:]@%63[^:]", kind, origin);
	if (numbers)
		sscanf(numbers, ":%lu+%lu/%lu", &w.first, &w.count, &w.step);
	w.kind = kind_of(kind);
	w.origin = origin_called(origin);
	w.code = code ? code_of(code + 1) : 0;
	if (w.kind < 0 || (*origin && w.origin < 0) || !w.first || !w.step || (code && !w.code) ||
	    wishes_count == sizeof(wishes) / sizeof(*wishes)) {
		dprintf(STDERR_FILENO, "FAIL: %s means nothing\n", text);
		_exit(99);
	}
	wishes[wishes_count++] = w;
}

static void read_wishes(const char *text)
{
	char copy[4096], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&rest, ",")))
		if (*one)
			read_wish(one);
}

__attribute__((constructor)) static void begin(void)
{
	const char *wanted = getenv("FAIL"), *file = getenv("FAIL_LOG");
	void *frames[2];

	if (!file || strcmp(program_invocation_short_name, "easelfs") != 0)
		return;
	dl_iterate_phdr(note_area, NULL);
	backtrace(frames, 2);         /* loads what it needs */
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	close(fd);
	self = getpid();
	if (wanted)
		read_wishes(wanted);
	begun = true;
}

__attribute__((destructor)) static void end(void)
{
	if (!begun || getpid() != self)
		return;
	begun = false;
	for (size_t k = 0; k < KIND_COUNT; k++)
		for (size_t o = 0; o < ORIGIN_COUNT; o++)
			if (calls[k][o])
				dprintf(log_fd, "called %s@%s %lu %lu\n", kinds[k].word, origins[o].word, calls[k][o],
	failures[k][o]);
}

/* --- the calls ------------------------------------------------------------------------------- */

#define CALLER __builtin_return_address(0)
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
/* A function that fails by -1 and errno. */
#define FAILING(kind, type, name, parameters, ...) \
	type name parameters; \
	type name parameters \
	{ \
		REAL(name); \
		return fails(kind, CALLER) ? (type)-1 : real(__VA_ARGS__); \
	}

/* dlsym() itself allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size) { return fails(MEMORY, CALLER) ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails(MEMORY, CALLER) ? NULL : __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { return fails(MEMORY, CALLER) ? NULL : __libc_realloc(old, size); }

static int do_open(int dir, const char *path, int flags, mode_t mode, const void *caller)
{
	REAL(openat);
	return fails(OPEN, caller) ? -1 : real(dir, path, flags, mode);
}
#define OPENING(name, dir, ...) \
	int name(__VA_ARGS__ const char *path, int flags, ...); \
	int name(__VA_ARGS__ const char *path, int flags, ...) \
	{ \
		va_list ap; \
		va_start(ap, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
		va_end(ap); \
		return do_open(dir, path, flags, mode, CALLER); \
	}
OPENING(open, AT_FDCWD)
OPENING(open64, AT_FDCWD)
OPENING(openat, dir, int dir,)
OPENING(openat64, dir, int dir,)
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) { return do_open(AT_FDCWD, path, flags, 0, CALLER); }
int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags) { return do_open(dir, path, flags, 0, CALLER); }

static int kind_of_fcntl(int command)
{
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return DUP;
	case F_SETLK:
	case F_OFD_SETLK:
		return LOCK;
	}
	return -1;
}

#define CONTROLLING(name) \
	int name(int fd, int command, ...); \
	int name(int fd, int command, ...) \
	{ \
		va_list ap; \
		REAL(name); \
		va_start(ap, command); \
		void *arg = va_arg(ap, void *); \
		va_end(ap); \
		int kind = kind_of_fcntl(command); \
		return kind >= 0 && fails((enum kind)kind, CALLER) ? -1 : real(fd, command, arg); \
	}
CONTROLLING(fcntl)
CONTROLLING(fcntl64)
FAILING(DUP, int, dup, (int fd), fd)

/* Half, where there is more than one byte. */
static size_t shortened(enum kind k, size_t len, const void *caller)
{
	return len > 1 && fails(k, caller) ? len / 2 : len;
}

#define READING(name, parameters, ...) \
	ssize_t name parameters; \
	ssize_t name parameters \
	{ \
		REAL(name); \
		len = shortened(SHORT_READ, len, CALLER); \
		return fails(READ, CALLER) ? -1 : real(__VA_ARGS__); \
	}
#define WRITING(name, parameters, ...) \
	ssize_t name parameters; \
	ssize_t name parameters \
	{ \
		REAL(name); \
		len = shortened(SHORT_WRITE, len, CALLER); \
		return fails(WRITE, CALLER) ? -1 : real(__VA_ARGS__); \
	}
READING(read, (int fd, void *to, size_t len), fd, to, len)
READING(pread, (int fd, void *to, size_t len, off_t at), fd, to, len, at)
READING(pread64, (int fd, void *to, size_t len, off64_t at), fd, to, len, at)
WRITING(write, (int fd, const void *bytes, size_t len), fd, bytes, len)
WRITING(pwrite, (int fd, const void *bytes, size_t len, off_t at), fd, bytes, len, at)
WRITING(pwrite64, (int fd, const void *bytes, size_t len, off64_t at), fd, bytes, len, at)

FAILING(FSYNC, int, fsync, (int fd), fd)
FAILING(FSYNC, int, syncfs, (int fd), fd)
FAILING(FSYNC, int, fdatasync, (int fd), fd)
FAILING(RENAME, int, rename, (const char *from, const char *to), from, to)
FAILING(RENAME, int, renameat, (int a, const char *from, int b, const char *to), a, from, b, to)
FAILING(LINK, int, linkat, (int a, const char *from, int b, const char *to, int flags), a, from, b, to, flags)
FAILING(LINK, int, symlinkat, (const char *to, int dir, const char *name), to, dir, name)
FAILING(UNLINK, int, unlink, (const char *path), path)
FAILING(UNLINK, int, unlinkat, (int dir, const char *path, int flags), dir, path, flags)
FAILING(MKDIR, int, mkdir, (const char *path, mode_t mode), path, mode)
FAILING(MKDIR, int, mkdirat, (int dir, const char *path, mode_t mode), dir, path, mode)
FAILING(MKDIR, int, mknodat, (int dir, const char *path, mode_t mode, dev_t dev), dir, path, mode, dev)
FAILING(TRUNCATE, int, ftruncate, (int fd, off_t size), fd, size)
FAILING(TRUNCATE, int, ftruncate64, (int fd, off64_t size), fd, size)
FAILING(TRUNCATE, int, fallocate, (int fd, int mode, off_t at, off_t len), fd, mode, at, len)
FAILING(TRUNCATE, int, truncate, (const char *path, off_t size), path, size)
FAILING(COPY, ssize_t, copy_file_range, (int a, off64_t *from, int b, off64_t *to, size_t len, unsigned flags),
	a, from, b, to, len, flags)
FAILING(STAT, int, fstat, (int fd, struct stat *st), fd, st)
FAILING(STAT, int, fstat64, (int fd, struct stat64 *st), fd, st)
FAILING(STAT, int, stat, (const char *path, struct stat *st), path, st)
FAILING(STAT, int, stat64, (const char *path, struct stat64 *st), path, st)
FAILING(STAT, int, lstat, (const char *path, struct stat *st), path, st)
FAILING(STAT, int, lstat64, (const char *path, struct stat64 *st), path, st)
FAILING(STAT, int, fstatat, (int dir, const char *path, struct stat *st, int flags), dir, path, st, flags)
FAILING(ATTR, int, fchmod, (int fd, mode_t mode), fd, mode)
FAILING(ATTR, int, fchown, (int fd, uid_t uid, gid_t gid), fd, uid, gid)
FAILING(ATTR, int, fchownat, (int dir, const char *path, uid_t uid, gid_t gid, int flags), dir, path, uid, gid,
	flags)
FAILING(ATTR, int, futimens, (int fd, const struct timespec times[2]), fd, times)
FAILING(ATTR, int, utimensat, (int dir, const char *path, const struct timespec times[2], int flags), dir,
	path, times, flags)
FAILING(ATTR, int, setxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
	path, name, value, size, flags)
FAILING(ATTR, int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags), fd, name,
	value, size, flags)
FAILING(ATTR, ssize_t, getxattr, (const char *path, const char *name, void *value, size_t size), path, name,
	value, size)
FAILING(READDIR, ssize_t, getdents64, (int fd, void *to, size_t len), fd, to, len)

DIR *fdopendir(int fd)
{
	REAL(fdopendir);
	return fails(FDOPENDIR, CALLER) ? NULL : real(fd);
}

struct dirent *readdir(DIR *dir)
{
	REAL(readdir);
	return fails(READDIR, CALLER) ? NULL : real(dir);
}

/* Those that the C library of the oldest system has no function for, or that are called without it. */
static int kind_of_syscall(long number)
{
	return number == SYS_openat2 ? OPEN : number == SYS_renameat2 ? RENAME : number == SYS_pwritev2 ? WRITE : -1;
}

long syscall(long number, ...)
{
	va_list ap;
	long a[6];
	REAL(syscall);

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	int kind = kind_of_syscall(number);
	return kind >= 0 && fails((enum kind)kind, CALLER) ? -1 : real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

FAILING(SOCKET, int, socket, (int domain, int type, int protocol), domain, type, protocol)
FAILING(CONNECT, int, connect, (int fd, const struct sockaddr *to, socklen_t len), fd, to, len)
FAILING(SEND, ssize_t, send, (int fd, const void *bytes, size_t len, int flags), fd, bytes, len, flags)
FAILING(RECV, ssize_t, recv, (int fd, void *to, size_t len, int flags), fd, to, len, flags)
FAILING(INOTIFY, int, inotify_init1, (int flags), flags)
FAILING(INOTIFY, int, inotify_add_watch, (int fd, const char *path, uint32_t mask), fd, path, mask)
FAILING(POLL, int, poll, (struct pollfd *fds, nfds_t n, int timeout), fds, n, timeout)
FAILING(RANDOM, ssize_t, getrandom, (void *to, size_t len, unsigned flags), to, len, flags)
FAILING(FORK, pid_t, fork, (void))
FAILING(PIPE, int, pipe2, (int ends[2], int flags), ends, flags)
FAILING(PIPE, int, eventfd, (unsigned value, int flags), value, flags)
FAILING(PIPE, int, signalfd, (int fd, const sigset_t *set, int flags), fd, set, flags)
FAILING(PIPE, int, socketpair, (int domain, int type, int protocol, int ends[2]), domain, type, protocol, ends)

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	REAL(pthread_create);
	return fails(THREAD, CALLER) ? EAGAIN : real(thread, attr, run, arg);
}

/* --- what the libraries offer ---------------------------------------------------------------- */

/* A function that fails by returning that. */
#define RETURNING(kind, value, type, name, parameters, ...) \
	type name parameters \
	{ \
		REAL(name); \
		return fails(kind, CALLER) ? (value) : real(__VA_ARGS__); \
	}
RETURNING(SQL_OPEN, SQLITE_CANTOPEN, int, sqlite3_open_v2, (const char *name, sqlite3 **db, int flags,
	const char *vfs), name, db, flags, vfs)
#define PREPARING(name, parameters, ...) \
	int name parameters \
	{ \
		REAL(name); \
		*stmt = NULL; \
		return fails(SQL_PREPARE, CALLER) ? SQLITE_NOMEM : real(__VA_ARGS__); \
	}
PREPARING(sqlite3_prepare_v2, (sqlite3 *db, const char *sql, int len, sqlite3_stmt **stmt, const char **tail),
	db, sql, len, stmt, tail)
PREPARING(sqlite3_prepare_v3, (sqlite3 *db, const char *sql, int len, unsigned flags, sqlite3_stmt **stmt,
	const char **tail), db, sql, len, flags, stmt, tail)
RETURNING(SQL_STEP, SQLITE_IOERR, int, sqlite3_step, (sqlite3_stmt *stmt), stmt)
RETURNING(SQL_EXEC, SQLITE_IOERR, int, sqlite3_exec, (sqlite3 *db, const char *sql, int (*each)(void *, int,
	char **, char **), void *arg, char **text), db, sql, each, arg, text)

#undef curl_easy_setopt
RETURNING(CURL_INIT, NULL, CURL *, curl_easy_init, (void))
RETURNING(CURL_INIT, NULL, CURLM *, curl_multi_init, (void))
RETURNING(CURL_INIT, CURLE_FAILED_INIT, CURLcode, curl_global_init, (long flags), flags)
RETURNING(CURL_INIT, NULL, CURLU *, curl_url, (void))
RETURNING(CURL_HEADER, NULL, struct curl_slist *, curl_slist_append, (struct curl_slist *list,
	const char *text), list, text)
RETURNING(CURL_ADD, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_add_handle, (CURLM *m, CURL *e), m, e)
RETURNING(CURL_PERFORM, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_perform, (CURLM *m, int *running), m, running)
RETURNING(CURL_POLL, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_poll, (CURLM *m, struct curl_waitfd fds[],
	unsigned n, int timeout, int *ready), m, fds, n, timeout, ready)
RETURNING(CURL_WAKEUP, CURLM_WAKEUP_FAILURE, CURLMcode, curl_multi_wakeup, (CURLM *m), m)

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	va_list ap;
	REAL(curl_easy_setopt);

	va_start(ap, option);
	void *value = va_arg(ap, void *);
	va_end(ap);
	return fails(CURL_SETOPT, CALLER) ? CURLE_OUT_OF_MEMORY : real(easy, option, value);
}

#endif
