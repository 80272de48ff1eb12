/*
 * fs: the one context that the handlers, tell and commit share.
 *
 * Lock order, outermost first: commit->lock, park->lock, tell->lock, nodes->lock.  Those of events.c, status_nodes.c
 * and guests.c are leaves: the holder takes no other.  While any of them is held: no reply, no system
 * call on the mount, no notify, no SQL, no curl.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <fuse_lowlevel.h>
#include <stdatomic.h>

#include "base.h"
#include "broker.h"
#include "disk.h"
#include "engine.h"
#include "guests.h"
#include "models.h"
#include "node.h"
#include "options.h"
#include "store.h"

struct commit;
struct events;
struct tell;
struct parks;
struct watch;

enum { PAGES_SEEN = 4 };

struct fs {
	struct options options;       /* constant while mounted, but for what reload.h names */
	char *source, *mountpoint;    /* absolute */
	int source_fd;
	uint64_t source_dev;
	struct store store;
	struct models *models;        /* disk thread; the engine holds a reference */
	struct nodes *nodes;
	struct disk *disk;
	struct engine *engine;
	atomic_uint journals;         /* how often a damaged journal was replaced since the start */
	atomic_ullong changes;        /* how often names or rights of real files changed, as far as we know */
	atomic_uint renaming;         /* renames through the mount of which the nodes do not know yet */
	atomic_ullong written;        /* how often any file was opened for writing, or truncated, through the mount */
	_Atomic int64_t mounted_ns;   /* CLOCK_REALTIME_COARSE before the (first) mount, or when the journal was replaced */
	struct commit *commit;
	struct tell *tell;
	struct parks *parks;
	struct guests *guests;
	struct events *events;
	/* The pages that threads of other programs saw last (virtual.c); engine thread. */
	struct page_seen { pid_t thread; uint64_t viewer; struct node *page; int64_t at_ms; } pages_seen[PAGES_SEEN];
	struct watch *watch;
	struct fuse_session *session;
	struct broker broker;         /* main thread */
	uid_t uid; gid_t gid;         /* of the daemon */
	mode_t umask;                 /* of the user who mounted; the daemon's own is 0 */
};

extern const struct fuse_lowlevel_ops fs_operations;

/* How long the kernel may remember names and attributes of that node, in seconds: a day in out/ and
 * history/, a second for other real files, 0 for virtual ones. */
double fs_ttl(struct fs *fs, struct node *n);
/* Who is counted for what that request takes (guests.h): its user, or nobody if that is who mounted, or root. */
uid_t fs_guest(const struct fs *fs, fuse_req_t req);

#endif
