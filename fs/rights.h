/*
 * rights: opening what lies in the source with the rights of somebody else.
 *
 * A daemon of root may read everything; what it reads on behalf of a prompt shall be what the owner of
 * that prompt may read, and what it shows to somebody what that one may read.  In a daemon of an ordinary
 * user nothing is done.
 *
 * Any thread; the rights of this thread alone change, for the time of a call.
 */
#ifndef FS_RIGHTS_H
#define FS_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

#include <fuse_lowlevel.h>

struct fs;
struct stat;

struct rights {
	bool lent;                    /* they differ from the daemon's */
	uid_t uid;
	gid_t gid, *groups;           /* all that the user is in; owned */
	int groups_count;
};

/* Those of the owner of a file of the source, with the groups that the system knows the user to be in.  file: what
 * fstat(2) says of the very descriptor that was read, as another file, or none, may have its name by now.  0, or
 * -errno: the groups cannot be looked up.  rights_release() frees in every case. */
int rights_of_owner(struct fs *fs, const struct stat *file, struct rights *r);
/* Those of who sent the request, with the groups that he is in. */
void rights_of_caller(struct fs *fs, fuse_req_t req, struct rights *r);
void rights_release(struct rights *r);
#define cleanup_rights __attribute__((cleanup(rights_release)))
/* source_open() with them: descriptor or -errno. */
int rights_open(struct fs *fs, const struct rights *r, const char *path, int flags);

#endif
