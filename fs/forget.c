#include "forget.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

/* What stands there, if the kernel knows it, with a reference; else NULL. */
static struct node *known_at(struct fs *fs, const char *path)
{
	cleanup_fd int fd = source_open(fs->source_fd, path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? node_find(fs->nodes, st.st_dev, st.st_ino) : NULL;
}

static bool is_known_as(struct fs *fs, const char *path)
{
	struct node *n = known_at(fs, path);
	cleanup_free char *known_as = n ? node_path(fs->nodes, n) : NULL;

	if (n)
		node_put(fs->nodes, n);
	return n && strcmp(known_as, path) == 0;
}

void forget_written(struct fs *fs, const char *folder, const char *name)
{
	struct node *n = known_at(fs, folder);

	if (!n)
		return;
	fuse_lowlevel_notify_inval_entry(fs->session, n->id, name, strlen(name));
	/* Its times, and what it lists. */
	fuse_lowlevel_notify_inval_inode(fs->session, n->id, 0, 0);
	node_put(fs->nodes, n);
}

static void forget_unless_known(struct fs *fs, const char *folder, const char *name);

struct name { struct fs *fs; char *folder, *name; };

static void look_again(void *arg)
{
	struct name *n = arg;

	forget_unless_known(n->fs, n->folder, n->name);
	free(n->folder);
	free(n->name);
	free(n);
}

/* A rename that is under way tells of itself before its node is moved: to forget its name would make the kernel give
 * up the file that has just come. */
static void forget_unless_known(struct fs *fs, const char *folder, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);
	bool renaming = fs->renaming;

	if (is_known_as(fs, path))
		return;
	if (!renaming) {
		forget_written(fs, folder, name);
		return;
	}
	struct name *later = xmalloc(sizeof(*later));
	*later = (struct name){ fs, xstrdup(folder), xstrdup(name) };
	disk_post(fs->disk, look_again, later);
}

void forget_name(struct fs *fs, const char *folder, const char *name)
{
	fs->changes++;
	forget_unless_known(fs, folder, name);
}

static void forget_known(struct fs *fs, const struct known_name *k)
{
	const char *slash = strrchr(k->path, '/');
	cleanup_free char *folder = slash ? xstrndup(k->path, (size_t)(slash - k->path)) : NULL;

	if (k->is_dir)
		fuse_lowlevel_notify_inval_inode(fs->session, k->id, 0, 0);
	else if (folder)
		forget_written(fs, folder, slash + 1);
}

/*
 * A name that was not there, or whose inode number another file got meanwhile, is in no table of ours: the
 * kernel drops all names below a folder with the folder's own, which it looks up again.
 */
void forget_pictures(struct fs *fs)
{
	static const char *const tops[] = { "out", "history", NULL };
	struct known_name *known;
	size_t count = nodes_known(fs->nodes, tops, &known);

	fs->changes++;
	for (size_t i = 0; i < count; i++) {
		forget_known(fs, &known[i]);
		free(known[i].path);
	}
	free(known);
	for (size_t i = 0; tops[i]; i++)
		fuse_lowlevel_notify_inval_entry(fs->session, FUSE_ROOT_ID, tops[i], strlen(tops[i]));
}
