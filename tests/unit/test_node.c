#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "node.h"

/* --- a source folder with a table on it ------------------------------------------------------- */

struct source {
	char *path;
	int fd;
	struct nodes *t;
	struct node *root;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct source *s = xcalloc(1, sizeof(*s));

	s->path = xasprintf("%s/test-node-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(s->path));
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->fd >= 0);
	assert_int_equal(nodes_new(s->fd, &s->t, NULL), 0);
	s->root = node_get(s->t, FUSE_ROOT_ID);
	*state = s;
	return 0;
}

/* Without paths, which may be longer than the system takes. */
static void remove_in(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dir, e->d_name, 0) == 0)
			continue;
		remove_in(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY));
		unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

static int teardown(void **state)
{
	struct source *s = *state;

	node_put(s->t, s->root);
	nodes_free(s->t);
	remove_in(s->fd);
	rmdir(s->path);
	free(s->path);
	free(s);
	return 0;
}

static struct node *look(struct source *s, struct node *parent, const char *name, uint64_t ino)
{
	return node_lookup(s->t, parent, name, NODE_REAL, false, 5, ino, NULL, NULL);
}

static struct node *look_dir(struct source *s, struct node *parent, const char *name, uint64_t ino)
{
	return node_lookup(s->t, parent, name, NODE_REAL, true, 5, ino, NULL, NULL);
}

/* What LOOKUP does with a name of the source. */
static struct node *look_up(struct source *s, struct node *parent, const char *name)
{
	struct folder *f = folder_get(s->t, parent);
	struct node *n;
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	folder_put(s->t, f);
	n = node_lookup(s->t, parent, name, NODE_REAL, S_ISDIR(st.st_mode), st.st_dev, st.st_ino, NULL,
	                NULL);
	assert_non_null(n);
	return n;
}

static void forget(struct source *s, struct node *n)
{
	node_forget(s->t, n->id, 1);
	node_put(s->t, n);
}

static void make_file(struct source *s, const char *name, const char *text)
{
	cleanup_fd int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_path(struct source *s, struct node *n, const char *expected)
{
	cleanup_free char *path = node_path(s->t, n);

	assert_string_equal(path, expected);
}

static void assert_reads(struct source *s, struct node *n, const char *expected)
{
	cleanup_fd int fd = node_open(s->t, n, O_RDONLY);
	char bytes[64];
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(len >= 0);
	bytes[len] = '\0';
	assert_string_equal(bytes, expected);
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* --- names and counts ------------------------------------------------------------------------- */

static void ids_are_never_reused(void **state)
{
	struct source *s = *state;
	uint64_t last = FUSE_ROOT_ID;

	for (int i = 0; i < 5000; i++) {
		struct node *n = look(s, s->root, "a", 7);

		assert_true(n->id > last);
		last = n->id;
		forget(s, n);
		assert_null(node_get(s->t, last));
	}
	assert_int_equal(nodes_count(s->t), 1);
}

static void many_nodes_are_found_again(void **state)
{
	struct source *s = *state;
	struct node *n[5000];

	for (uint64_t i = 0; i < ARRAY_LEN(n); i++) {
		cleanup_free char *name = xasprintf("file %d", (int)i);

		n[i] = look(s, s->root, name, 100 + i);
	}
	assert_int_equal(nodes_count(s->t), ARRAY_LEN(n) + 1);
	for (uint64_t i = 0; i < ARRAY_LEN(n); i++) {
		struct node *by_id = node_get(s->t, n[i]->id), *by_ino = node_find(s->t, 5, 100 + i);

		assert_ptr_equal(by_id, n[i]);
		assert_ptr_equal(by_ino, n[i]);
		node_put(s->t, by_id);
		node_put(s->t, by_ino);
		forget(s, n[i]);
	}
	assert_int_equal(nodes_count(s->t), 1);
}

static void a_node_lives_while_the_kernel_a_caller_or_a_child_needs_it(void **state)
{
	struct source *s = *state;
	struct node *dir = look_dir(s, s->root, "dir", 10), *file = look(s, dir, "file", 11);
	uint64_t id = dir->id;

	assert_ptr_equal(look(s, dir, "file", 11), file);
	node_put(s->t, file);
	forget(s, dir);
	assert_int_equal(nodes_count(s->t), 3);
	node_forget(s->t, file->id, 2);
	assert_null(node_find(s->t, 5, 11));
	assert_path(s, file, "dir/file");
	node_put(s->t, file);
	assert_int_equal(nodes_count(s->t), 1);
	assert_null(node_get(s->t, id));
}

static void a_forgotten_node_that_is_still_used_is_the_same_when_it_comes_back(void **state)
{
	struct source *s = *state;
	struct node *n = look(s, s->root, "a", 7);

	node_forget(s->t, n->id, 1);
	assert_ptr_equal(look(s, s->root, "a", 7), n);
	node_put(s->t, n);
	forget(s, n);
	assert_int_equal(nodes_count(s->t), 1);
}

static void too_many_forgets_and_those_of_the_root_do_no_harm(void **state)
{
	struct source *s = *state;
	struct node *n = look(s, s->root, "a", 7);

	node_forget(s->t, FUSE_ROOT_ID, 1000);
	node_forget(s->t, n->id, 1000);
	node_forget(s->t, n->id, 1000);
	node_forget(s->t, 123456, 1);
	node_put(s->t, n);
	assert_int_equal(nodes_count(s->t), 1);
}

static void a_second_name_moves_the_node(void **state)
{
	struct source *s = *state;
	struct node *dir = look_dir(s, s->root, "dir", 10), *n = look(s, s->root, "short", 7);
	uint64_t id = n->id;
	bool is_new = true;

	assert_ptr_equal(node_lookup(s->t, dir, "a much longer second name", NODE_REAL, false, 5, 7,
	                             NULL, &is_new), n);
	assert_false(is_new);
	assert_int_equal(n->id, id);
	assert_path(s, n, "dir/a much longer second name");
	node_put(s->t, n);
	node_moved(s->t, 5, 7, s->root, "third");
	assert_path(s, n, "third");
	node_forget(s->t, id, 2);
	node_put(s->t, n);
	forget(s, dir);
	assert_int_equal(nodes_count(s->t), 1);
}

static void known_names_below_some_folders_are_listed(void **state)
{
	static const char *const names[] = { "out", "o", NULL };
	struct source *s = *state;
	struct node *out = look_dir(s, s->root, "out", 10), *a = look(s, out, "a", 7);
	struct node *o = look(s, s->root, "o", 8), *other = look(s, s->root, "other", 9);
	struct known_name *known;
	size_t count = nodes_known(s->t, names, &known), dirs = 0;

	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		dirs += known[i].is_dir;
		assert_string_equal(known[i].path, known[i].id == out->id ? "out" : known[i].id == a->id ? "out/a" : "o");
		free(known[i].path);
	}
	assert_int_equal(dirs, 1);
	free(known);
	forget(s, other);
	forget(s, o);
	forget(s, a);
	forget(s, out);
}

static void a_renamed_folder_takes_what_is_below_along(void **state)
{
	struct source *s = *state;
	struct node *a = look_dir(s, s->root, "a", 10), *b = look_dir(s, a, "b", 11);
	struct node *file = look(s, b, "f", 12), *other = look_dir(s, s->root, "other", 13);

	assert_path(s, s->root, "");
	assert_path(s, file, "a/b/f");
	node_moved(s->t, 5, 11, other, "c");
	assert_path(s, file, "other/c/f");
	assert_true(node_is_below(s->t, file, other));
	assert_true(node_is_below(s->t, other, other));
	assert_true(node_is_below(s->t, file, s->root));
	assert_false(node_is_below(s->t, file, a));
	assert_false(node_is_below(s->t, other, b));
	forget(s, file);
	forget(s, b);
	forget(s, a);
	forget(s, other);
}

static void a_folder_is_never_put_below_itself(void **state)
{
	struct source *s = *state;
	struct node *a = look_dir(s, s->root, "a", 10), *b = look_dir(s, a, "b", 11);

	assert_ptr_equal(look_dir(s, b, "a", 10), a);
	assert_path(s, b, "a/b");
	node_put(s->t, a);
	node_forget(s->t, a->id, 1);
	node_moved(s->t, 5, 10, a, "self");
	assert_path(s, b, "a/b");
	forget(s, b);
	forget(s, a);
	assert_int_equal(nodes_count(s->t), 1);
}

static void the_number_of_a_removed_file_names_a_new_node(void **state)
{
	struct source *s = *state;
	struct node *old = look(s, s->root, "a", 7), *fresh;

	node_gone(s->t, 5, 7, -1);
	assert_null(node_find(s->t, 5, 7));
	fresh = look(s, s->root, "a", 7);
	assert_ptr_not_equal(fresh, old);
	assert_int_equal(node_open(s->t, old, O_RDONLY), -ENOENT);
	forget(s, old);
	forget(s, fresh);
	assert_int_equal(nodes_count(s->t), 1);
}

static void a_file_that_became_a_folder_is_a_new_node(void **state)
{
	struct source *s = *state;
	struct node *file = look(s, s->root, "a", 7), *dir = look_dir(s, s->root, "a", 7);

	assert_ptr_not_equal(file, dir);
	forget(s, file);
	forget(s, dir);
	assert_int_equal(nodes_count(s->t), 1);
}

static void the_top_is_the_first_name_of_the_path(void **state)
{
	static const char *const tops[] = { "out", "history", NULL };
	struct source *s = *state;
	struct node *out = look_dir(s, s->root, "out", 10), *sub = look_dir(s, out, "history", 11);
	struct node *dir = look_dir(s, s->root, "dir", 12), *below = look_dir(s, dir, "out", 13);

	assert_int_equal(node_top(s->t, out, tops), 0);
	assert_int_equal(node_top(s->t, sub, tops), 0);
	assert_int_equal(node_top(s->t, below, tops), -1);
	assert_int_equal(node_top(s->t, s->root, tops), -1);
	forget(s, below);
	forget(s, dir);
	forget(s, sub);
	forget(s, out);
}

static void only_an_old_file_that_did_not_change_is_unchanged(void **state)
{
	struct source *s = *state;
	struct node *n = look(s, s->root, "a", 7);
	struct stat st = { .st_size = 3, .st_mtim = { 1000, 1 }, .st_ctim = { 1000, 1 } };

	assert_false(node_unchanged(s->t, n, &st));
	assert_true(node_unchanged(s->t, n, &st));
	st.st_mtim.tv_nsec++;
	assert_false(node_unchanged(s->t, n, &st));
	assert_true(node_unchanged(s->t, n, &st));
	clock_gettime(CLOCK_REALTIME, &st.st_ctim);
	st.st_ctim.tv_sec += 60;
	assert_false(node_unchanged(s->t, n, &st));
	assert_false(node_unchanged(s->t, n, &st));
	forget(s, n);
}

/* --- reaching files --------------------------------------------------------------------------- */

static void a_file_is_reached_by_its_name(void **state)
{
	struct source *s = *state;
	struct node *dir, *file;
	struct stat st;

	mkdirat(s->fd, "d", 0755);
	make_file(s, "d/f", "text");
	dir = look_up(s, s->root, "d");
	file = look_up(s, dir, "f");
	assert_reads(s, file, "text");
	assert_int_equal(node_stat(s->t, file, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(renameat(s->fd, "d", s->fd, "e"), 0);
	node_moved(s->t, dir->dev, dir->ino, s->root, "e");
	assert_reads(s, file, "text");
	forget(s, file);
	forget(s, dir);
}

static void another_file_under_that_name_is_stale(void **state)
{
	struct source *s = *state;
	struct node *n;
	struct stat st;

	make_file(s, "f", "one");
	n = look_up(s, s->root, "f");
	make_file(s, "g", "two");
	assert_int_equal(renameat(s->fd, "g", s->fd, "f"), 0);
	assert_int_equal(node_open(s->t, n, O_RDONLY), -ESTALE);
	assert_int_equal(node_stat(s->t, n, &st), -ESTALE);
	assert_int_equal(unlinkat(s->fd, "f", 0), 0);
	assert_int_equal(node_open(s->t, n, O_PATH), -ESTALE);
	forget(s, n);
}

static void another_folder_under_that_name_is_stale(void **state)
{
	struct source *s = *state;
	struct node *n;

	mkdirat(s->fd, "d", 0755);
	n = look_up(s, s->root, "d");
	assert_int_equal(renameat(s->fd, "d", s->fd, "moved"), 0);
	mkdirat(s->fd, "d", 0755);
	assert_null(folder_get(s->t, n));
	assert_int_equal(errno, ESTALE);
	unlinkat(s->fd, "d", AT_REMOVEDIR);
	assert_int_equal(symlinkat("moved", s->fd, "d"), 0);
	assert_null(folder_get(s->t, n));
	assert_int_equal(errno, ESTALE);
	forget(s, n);
}

static void a_symlink_is_reached_itself(void **state)
{
	struct source *s = *state;
	struct node *n;
	struct stat st;

	make_file(s, "f", "one");
	assert_int_equal(symlinkat("f", s->fd, "link"), 0);
	n = look_up(s, s->root, "link");
	{
		cleanup_fd int fd = node_open(s->t, n, O_PATH);

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
	assert_int_equal(node_open(s->t, n, O_RDONLY), -ESTALE);
	forget(s, n);
}

static void a_fifo_in_the_files_place_does_not_block(void **state)
{
	struct source *s = *state;
	struct node *n;

	assert_int_equal(mkfifoat(s->fd, "f", 0644), 0);
	n = look_up(s, s->root, "f");
	assert_int_equal(node_open(s->t, n, O_RDONLY), -ESTALE);
	forget(s, n);
}

static void an_unlinked_file_is_reached_by_its_open_handle(void **state)
{
	struct source *s = *state;
	struct handle *h;
	struct node *n;
	struct stat st;
	int fd;

	make_file(s, "f", "still here");
	n = look_up(s, s->root, "f");
	fd = node_open(s->t, n, O_RDWR);
	assert_true(fd >= 0);
	h = handle_new(s->t, n, fd, true);
	unlinkat(s->fd, "f", 0);
	node_gone(s->t, n->dev, n->ino, -1);
	make_file(s, "f", "another");
	assert_reads(s, n, "still here");
	assert_int_equal(node_stat(s->t, n, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	handle_put(s->t, h);
	assert_int_equal(node_stat(s->t, n, &st), -ENOENT);
	forget(s, n);
	assert_int_equal(nodes_count(s->t), 1);
}

/* Each name removed gives one, and a node has one at most. */
static void what_remains_of_the_removed_is_counted_while_it_is_known(void **state)
{
	struct source *s = *state;
	struct node *n;

	mkdirat(s->fd, "d", 0755);
	n = look_up(s, s->root, "d");
	assert_int_equal(nodes_remains(s->t), 0);
	node_unnamed(s->t, n->dev, n->ino, -1);
	assert_int_equal(nodes_remains(s->t), 0);
	node_unnamed(s->t, n->dev, n->ino, openat(s->fd, "d", O_PATH));
	node_gone(s->t, n->dev, n->ino, openat(s->fd, "d", O_PATH));
	assert_int_equal(nodes_remains(s->t), 1);
	forget(s, n);
	assert_int_equal(nodes_remains(s->t), 0);
}

static void symlinks_and_parent_folders_lead_nowhere(void **state)
{
	struct source *s = *state;

	mkdirat(s->fd, "d", 0755);
	make_file(s, "d/f", "text");
	assert_int_equal(symlinkat("d", s->fd, "link"), 0);
	assert_int_equal(source_open(s->fd, "link/f", O_RDONLY, 0), -ELOOP);
	assert_int_equal(source_open(s->fd, "../x", O_RDONLY, 0), -EXDEV);
	assert_int_equal(source_open(s->fd, "/etc", O_RDONLY, 0), -EXDEV);
	assert_int_equal(source_open(s->fd, "none", O_RDONLY, 0), -ENOENT);
	close(source_open(s->fd, "d/f", O_RDONLY, 0));
	close(source_open(s->fd, "", O_RDONLY | O_DIRECTORY, 0));
	close(source_open(s->fd, "d/new", O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(faccessat(s->fd, "d/new", F_OK, 0), 0);
}

static void paths_may_be_longer_than_the_system_takes(void **state)
{
	enum { DEPTH = 60 };
	struct source *s = *state;
	cleanup_buf struct buf path = BUF_INIT;
	struct node *n[DEPTH + 1] = { s->root }, *file;
	char name[200];
	struct stat st;
	int at = dup(s->fd);

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(at, name, 0755), 0);
		next = openat(at, name, O_PATH | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
		at = next;
		buf_fmt(&path, "%s/", name);
		assert_int_equal(fstat(at, &st), 0);
		n[i + 1] = node_lookup(s->t, n[i], name, NODE_REAL, true, st.st_dev, st.st_ino,
		                       NULL, NULL);
	}
	close(openat(at, "f", O_CREAT | O_WRONLY, 0644));
	close(at);
	buf_str(&path, "f");
	assert_true(path.len > 2 * PATH_MAX);
	at = source_open(s->fd, path.data, O_RDONLY, 0);
	assert_true(at >= 0);
	close(at);
	file = look_up(s, n[DEPTH], "f");
	assert_path(s, file, path.data);
	assert_reads(s, file, "");
	forget(s, file);
	for (int i = DEPTH; i > 0; i--)
		forget(s, n[i]);
}

static void a_name_longer_than_a_chunk_is_refused(void **state)
{
	struct source *s = *state;
	cleanup_free char *path = xmalloc(2 * PATH_MAX + 1);

	memset(path, 'n', 2 * PATH_MAX);
	path[2 * PATH_MAX] = '\0';
	assert_int_equal(source_open(s->fd, path, O_RDONLY, 0), -ENAMETOOLONG);
}

static void a_thousand_folders_share_256_descriptors(void **state)
{
	struct source *s = *state;
	struct node *dirs[1000], *files[1000];
	size_t before = open_descriptors();

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char dir[32], file[40];

		snprintf(dir, sizeof(dir), "d%zu", i);
		snprintf(file, sizeof(file), "%s/f", dir);
		mkdirat(s->fd, dir, 0755);
		make_file(s, file, dir);
		dirs[i] = look_up(s, s->root, dir);
		files[i] = look_up(s, dirs[i], "f");
	}
	assert_true(open_descriptors() <= before + 256);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		size_t k = i * 7 % ARRAY_LEN(dirs);
		char dir[32];

		snprintf(dir, sizeof(dir), "d%zu", k);
		assert_reads(s, files[k], dir);
	}
	assert_true(open_descriptors() <= before + 256);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		forget(s, files[i]);
		forget(s, dirs[i]);
	}
	assert_int_equal(open_descriptors(), before);
}

static void a_folder_in_use_survives_its_eviction(void **state)
{
	struct source *s = *state;
	struct folder *kept;
	struct node *first;

	mkdirat(s->fd, "first", 0755);
	make_file(s, "first/f", "x");
	first = look_up(s, s->root, "first");
	kept = folder_get(s->t, first);
	assert_non_null(kept);
	for (int i = 0; i < 300; i++) {
		struct node *n;
		char name[32];

		snprintf(name, sizeof(name), "d%d", i);
		mkdirat(s->fd, name, 0755);
		n = look_up(s, s->root, name);
		folder_put(s->t, folder_get(s->t, n));
		node_put(s->t, n);
	}
	assert_int_equal(faccessat(kept->fd, "f", F_OK, 0), 0);
	folder_put(s->t, kept);
	forget(s, first);
}

static void a_removed_folder_is_not_reached_any_more(void **state)
{
	struct source *s = *state;
	struct node *n;

	mkdirat(s->fd, "d", 0755);
	n = look_up(s, s->root, "d");
	folder_put(s->t, folder_get(s->t, n));
	unlinkat(s->fd, "d", AT_REMOVEDIR);
	node_gone(s->t, n->dev, n->ino, -1);
	assert_null(folder_get(s->t, n));
	assert_int_equal(errno, ENOENT);
	forget(s, n);
}

static void the_incoming_folder_is_reached_below_a_virtual_one(void **state)
{
	struct source *s = *state;
	struct node *control, *incoming, *file;

	mkdirat(s->fd, ".easelfs", 0755);
	mkdirat(s->fd, ".easelfs/incoming", 0755);
	make_file(s, ".easelfs/incoming/f", "picture");
	control = node_lookup(s->t, s->root, ".easelfs", NODE_CONTROL_DIR, true, NODE_VIRTUAL_DEV, 1,
	                      NULL, NULL);
	incoming = node_lookup(s->t, control, "incoming", NODE_INCOMING_DIR, true, NODE_VIRTUAL_DEV, 2,
	                       NULL, NULL);
	assert_null(folder_get(s->t, control));
	file = look_up(s, incoming, "f");
	assert_path(s, file, ".easelfs/incoming/f");
	assert_reads(s, file, "picture");
	forget(s, file);
	forget(s, incoming);
	forget(s, control);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	if (syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno == ENOSYS) {
		puts("1..0 # SKIP there is no openat2(2) here; older versions of valgrind do not know it");
		return 0;
	}
	const struct CMUnitTest tests[] = {
		TEST(ids_are_never_reused),
		TEST(many_nodes_are_found_again),
		TEST(a_node_lives_while_the_kernel_a_caller_or_a_child_needs_it),
		TEST(a_forgotten_node_that_is_still_used_is_the_same_when_it_comes_back),
		TEST(too_many_forgets_and_those_of_the_root_do_no_harm),
		TEST(a_second_name_moves_the_node),
		TEST(known_names_below_some_folders_are_listed),
		TEST(a_renamed_folder_takes_what_is_below_along),
		TEST(a_folder_is_never_put_below_itself),
		TEST(the_number_of_a_removed_file_names_a_new_node),
		TEST(a_file_that_became_a_folder_is_a_new_node),
		TEST(the_top_is_the_first_name_of_the_path),
		TEST(only_an_old_file_that_did_not_change_is_unchanged),
		TEST(a_file_is_reached_by_its_name),
		TEST(another_file_under_that_name_is_stale),
		TEST(another_folder_under_that_name_is_stale),
		TEST(a_symlink_is_reached_itself),
		TEST(a_fifo_in_the_files_place_does_not_block),
		TEST(an_unlinked_file_is_reached_by_its_open_handle),
		TEST(what_remains_of_the_removed_is_counted_while_it_is_known),
		TEST(symlinks_and_parent_folders_lead_nowhere),
		TEST(paths_may_be_longer_than_the_system_takes),
		TEST(a_name_longer_than_a_chunk_is_refused),
		TEST(a_thousand_folders_share_256_descriptors),
		TEST(a_folder_in_use_survives_its_eviction),
		TEST(a_removed_folder_is_not_reached_any_more),
		TEST(the_incoming_folder_is_reached_below_a_virtual_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
