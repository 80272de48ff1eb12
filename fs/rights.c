#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs.h"

enum { GROUPS_MAX = 1024, PASSWD_BYTES = 16 * 1024 };

/* Users that the system does not know are in the group of their file. */
static int find_groups(struct rights *r)
{
	cleanup_free char *bytes = xmalloc(PASSWD_BYTES);
	struct passwd entry, *found = NULL;

	r->groups = xcalloc(GROUPS_MAX, sizeof(*r->groups));
	r->groups[0] = r->gid;
	r->groups_count = 1;
	int code = getpwuid_r(r->uid, &entry, bytes, PASSWD_BYTES, &found);
	if (!found)
		return code == EMFILE || code == ENFILE || code == ENOMEM || code == EIO ? -code : 0;
	r->gid = entry.pw_gid;
	r->groups_count = GROUPS_MAX;
	if (getgrouplist(entry.pw_name, entry.pw_gid, r->groups, &r->groups_count) < 0)
		r->groups_count = GROUPS_MAX;
	return 0;
}

int rights_of_owner(struct fs *fs, const struct stat *file, struct rights *r)
{
	*r = (struct rights){ 0 };
	if (fs->uid || !file->st_uid)
		return 0;
	r->lent = true;
	r->uid = file->st_uid;
	r->gid = file->st_gid;
	return find_groups(r);
}

void rights_of_caller(struct fs *fs, fuse_req_t req, struct rights *r)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	*r = (struct rights){ 0 };
	if (fs->uid || !ctx->uid)
		return;
	r->lent = true;
	r->uid = ctx->uid;
	r->gid = ctx->gid;
	r->groups = xcalloc(GROUPS_MAX, sizeof(*r->groups));
	r->groups_count = fuse_req_getgroups(req, GROUPS_MAX, r->groups);
	/* More than fit, or /proc does not tell. */
	if (r->groups_count < 0 || r->groups_count > GROUPS_MAX)
		r->groups_count = r->groups_count < 0 ? 0 : GROUPS_MAX;
}

void rights_release(struct rights *r)
{
	free(r->groups);
	*r = (struct rights){ 0 };
}

/* The system calls are made directly, as the C library's functions change all threads. */
int rights_open(struct fs *fs, const struct rights *r, const char *path, int flags)
{
	gid_t own[GROUPS_MAX];
	int count = r->lent ? getgroups(GROUPS_MAX, own) : 0;
	int fd;

	if (!r->lent)
		return source_open(fs->source_fd, path, flags, 0);
	if (count < 0 || syscall(SYS_setgroups, r->groups_count, r->groups) < 0)
		return -errno;
	setfsgid(r->gid);
	setfsuid(r->uid);
	fd = source_open(fs->source_fd, path, flags, 0);
	setfsuid(fs->uid);
	setfsgid(fs->gid);
	if (syscall(SYS_setgroups, count, own) < 0)
		log_error("the daemon's own groups cannot be taken back: %s", strerror(errno));
	return fd;
}
