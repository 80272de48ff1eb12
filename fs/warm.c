#include "warm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "fs.h"

enum { SMALLEST = 128 * 1024, LARGEST = 64 << 20 };
/* More at once than a pipe takes is copied by libfuse. */
enum { PIECE = 512 * 1024 };

/* Whether nobody has written to any file since `written` was what it is; who does so now may not see their bytes, so
 * that what was given is taken back. */
static bool is_untouched(struct fs *fs, const struct node *n, unsigned long long written)
{
	if (atomic_load(&fs->written) == written)
		return true;
	fuse_lowlevel_notify_inval_inode(fs->session, n->id, 0, 0);
	return false;
}

static void give(struct fs *fs, const struct node *n, int fd, off_t size)
{
	unsigned long long written = atomic_load(&fs->written);

	if (commit_is_open(fs, n->dev, n->ino))
		return;
	for (off_t at = 0; at < size && is_untouched(fs, n, written); at += PIECE) {
		struct fuse_bufvec piece = FUSE_BUFVEC_INIT((size_t)(size - at < PIECE ? size - at : PIECE));
		piece.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
		piece.buf[0].fd = fd;
		piece.buf[0].pos = at;
		if (fuse_lowlevel_notify_store(fs->session, n->id, at, &piece, 0) != 0)
			return;          /* the kernel has forgotten it */
	}
	is_untouched(fs, n, written);
}

void warm_picture(struct fs *fs, const char *path)
{
	cleanup_fd int fd = source_open(fs->source_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < SMALLEST || st.st_size > LARGEST)
		return;
	struct node *n = node_find(fs->nodes, st.st_dev, st.st_ino);
	if (!n)
		return;
	give(fs, n, fd, st.st_size);
	node_put(fs->nodes, n);
}
