#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* SHA-256 of "" and of "abc" (FIPS 180-4, examples). */
static const char hash_of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char hash_of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/* A source directory of its own with an open store. */
struct fixture {
	char *path;
	int source;
	struct store store;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int set_up_source(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	f->path = xasprintf("%s/easelfs-store.XXXXXX", tmp ? tmp : "/tmp");
	f->store = (struct store){ -1, -1, -1 };
	*state = f;
	if (!mkdtemp(f->path))
		return -1;
	f->source = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->source < 0 ? -1 : 0;
}

static int set_up(void **state)
{
	if (set_up_source(state))
		return -1;
	struct fixture *f = *state;
	return store_open(f->source, &f->store, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	close(f->source);
	int rc = nftw(f->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(f->path);
	free(f);
	return rc;
}

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("reference", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

static void expect_hash(const uint8_t sha256[32], const char *expected)
{
	char hex[65];

	hex_encode(sha256, 32, hex);
	assert_string_equal(hex, expected);
}

static int entries(int dir)
{
	int count = 0;
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		count += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return count;
}

static void keep(struct fixture *f, const char *text, uint8_t sha256[32])
{
	cleanup_fd int fd = file_of(text, strlen(text));
	uint64_t size = 0;

	assert_int_equal(store_keep_reference(&f->store, fd, 1000, sha256, &size), 0);
	assert_int_equal(size, strlen(text));
}

static ino_t inode_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void the_folders_are_private_and_may_be_opened_again(void **state)
{
	struct fixture *f = *state;
	struct store again;
	struct stat st;

	assert_int_equal(fstatat(f->source, ".easelfs", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(f->source, ".easelfs/incoming", &st, 0), 0);
	assert_int_equal(store_open(f->source, &again, NULL), 0);
	store_close(&again);
	assert_int_equal(again.dir, -1);
}

static void folders_that_came_from_elsewhere_are_closed_to_others(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(mkdirat(f->source, ".easelfs", 0700), 0);
	assert_int_equal(fchmodat(f->source, ".easelfs", 0777, 0), 0);
	assert_int_equal(store_open(f->source, &f->store, NULL), 0);
	assert_int_equal(fstat(f->store.dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_folder_of_somebody_else_is_not_used(void **state)
{
	struct fixture *f = *state;
	cleanup_error struct error err = ERROR_INIT;

	if (geteuid())
		skip();
	assert_int_equal(mkdirat(f->source, ".easelfs", 0700), 0);
	assert_int_equal(fchownat(f->source, ".easelfs", 61002, 61002, 0), 0);
	assert_int_equal(store_open(f->source, &f->store, &err), -EPERM);
	assert_non_null(strstr(err.text, "belongs to somebody else"));
	/* Whose the source is may have served it before. */
	assert_int_equal(fchown(f->source, 61002, 61002), 0);
	assert_int_equal(store_open(f->source, &f->store, NULL), 0);
}

static void a_link_in_place_of_the_folder_is_not_followed(void **state)
{
	struct fixture *f = *state;
	cleanup_error struct error err = ERROR_INIT;
	struct store s;

	assert_int_equal(mkdirat(f->source, "elsewhere", 0700), 0);
	assert_int_equal(symlinkat("elsewhere", f->source, ".easelfs"), 0);
	assert_true(store_open(f->source, &s, &err) < 0);
	assert_non_null(strstr(err.text, ".easelfs"));
	assert_string_equal(err.hint, "move away what stands there");
	assert_int_equal(s.dir, -1);
	cleanup_fd int elsewhere = openat(f->source, "elsewhere", O_RDONLY | O_DIRECTORY);
	assert_int_equal(entries(elsewhere), 0);
}

static void a_file_in_place_of_a_folder_is_named(void **state)
{
	struct fixture *f = *state;
	cleanup_error struct error err = ERROR_INIT;
	struct store s;

	assert_int_equal(mkdirat(f->source, ".easelfs", 0700), 0);
	cleanup_fd int file = openat(f->source, ".easelfs/incoming", O_CREAT | O_WRONLY, 0600);
	assert_true(file >= 0);
	assert_int_equal(store_open(f->source, &s, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, ".easelfs/incoming"));
}

static void hashes_are_those_of_the_standard(void **state)
{
	(void)state;
	cleanup_fd int fd = file_of("abc", 3);
	cleanup_fd int empty = file_of("", 0);
	uint8_t sha256[32];
	uint64_t size = 77;

	sha256_bytes("abc", 3, sha256);
	expect_hash(sha256, hash_of_abc);
	sha256_bytes(NULL, 0, sha256);
	expect_hash(sha256, hash_of_nothing);
	assert_int_equal(sha256_fd(fd, sha256, &size), 0);
	expect_hash(sha256, hash_of_abc);
	assert_int_equal(size, 3);
	assert_int_equal(sha256_fd(empty, sha256, &size), 0);
	expect_hash(sha256, hash_of_nothing);
	assert_int_equal(size, 0);
}

static void a_file_is_hashed_from_its_beginning_whatever_its_offset(void **state)
{
	(void)state;
	enum { BIG = 1000 * 1000 };
	cleanup_free char *bytes = xmalloc(BIG);
	uint8_t whole[32], read_back[32];
	uint64_t size;

	for (int i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 31 >> 3);
	cleanup_fd int fd = file_of(bytes, BIG);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), BIG);
	sha256_bytes(bytes, BIG, whole);
	assert_int_equal(sha256_fd(fd, read_back, &size), 0);
	assert_int_equal(size, BIG);
	assert_memory_equal(whole, read_back, 32);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), BIG);
}

static void a_descriptor_that_cannot_be_read_gives_its_errno(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];
	uint64_t size;

	assert_int_equal(sha256_fd(-1, sha256, &size), -EBADF);
	assert_int_equal(store_keep_reference(&f->store, f->source, 100, sha256, &size), -EISDIR);
	assert_int_equal(entries(f->store.refs), 0);
}

static void a_kept_reference_is_found_by_its_hash(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];
	char bytes[10];

	keep(f, "abc", sha256);
	expect_hash(sha256, hash_of_abc);
	cleanup_fd int fd = store_open_reference(&f->store, sha256);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "abc", 3);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(entries(f->store.refs), 1);
}

static void the_same_content_is_kept_once(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];

	keep(f, "abc", sha256);
	ino_t first = inode_of(f->store.refs, hash_of_abc);
	keep(f, "abc", sha256);
	assert_int_equal(inode_of(f->store.refs, hash_of_abc), first);
	keep(f, "abd", sha256);
	assert_int_equal(entries(f->store.refs), 2);
}

static void a_kept_reference_does_not_change_with_its_original(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];
	uint64_t size;
	char bytes[3];
	/* On the same filesystem, where a copy may share blocks. */
	cleanup_fd int fd = openat(f->source, "photo", O_CREAT | O_RDWR, 0600);

	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(store_keep_reference(&f->store, fd, 3, sha256, &size), 0);
	assert_int_equal(pwrite(fd, "XYZ", 3, 0), 3);
	cleanup_fd int kept = store_open_reference(&f->store, sha256);
	assert_int_equal(read(kept, bytes, 3), 3);
	assert_memory_equal(bytes, "abc", 3);
}

static void a_reference_over_the_limit_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	cleanup_fd int fd = file_of("abcd", 4);
	uint8_t sha256[32];
	uint64_t size;

	assert_int_equal(store_keep_reference(&f->store, fd, 3, sha256, &size), -EFBIG);
	assert_int_equal(entries(f->store.refs), 0);
	assert_int_equal(store_keep_reference(&f->store, fd, 4, sha256, &size), 0);
}

static void what_a_crash_left_half_written_is_replaced(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];
	char bytes[10];
	/* Under the final name only a foreign hand or a dying disk can leave less than the whole. */
	cleanup_fd int torn = openat(f->store.refs, hash_of_abc, O_CREAT | O_WRONLY, 0600);
	cleanup_fd int left = openat(f->store.refs, ".unfinished", O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(torn, "a", 1), 1);
	assert_int_equal(write(left, "long ago", 8), 8);
	keep(f, "abc", sha256);
	cleanup_fd int fd = store_open_reference(&f->store, sha256);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 3);
	assert_int_equal(entries(f->store.refs), 1);
}

/* To open one for reading would wait for a writer. */
static void a_fifo_is_no_reference(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32];

	keep(f, "abc", sha256);
	assert_int_equal(unlinkat(f->store.refs, hash_of_abc, 0), 0);
	assert_int_equal(mkfifoat(f->store.refs, hash_of_abc, 0600), 0);
	alarm(20);
	assert_int_equal(store_open_reference(&f->store, sha256), -ENOENT);
	alarm(0);
}

/* A prompt that is gone, or whose name somebody else's file has, tells nothing of what was made for it. */
static void what_is_made_is_its_makers(void **state)
{
	struct fixture *f = *state;
	struct maker maker = { geteuid(), getegid(), 0 }, stranger = { 61002, 61002, 0 };
	cleanup_fd int fd = openat(f->source, "picture", O_CREAT | O_RDWR, 0600);
	cleanup_fd int prompt = openat(f->source, "a.txt", O_CREAT | O_RDWR, 0600);
	struct stat st;

	assert_int_equal(fchmod(prompt, 0640), 0);
	assert_int_equal(store_make_like(f->source, "a.txt", &maker, 0644, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(store_make_like(f->source, "b.txt", &maker, 0644, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(symlinkat("a.txt", f->source, "link.txt"), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(store_make_like(f->source, "link.txt", &maker, 0644, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (geteuid())
		return;
	assert_int_equal(store_make_like(f->source, "a.txt", &stranger, 0644, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_uid, 61002);
	/* What root wrote and gave away is the file that it was. */
	assert_int_equal(fstat(prompt, &st), 0);
	maker.ino = st.st_ino;
	assert_int_equal(fchown(prompt, 61003, 61003), 0);
	assert_int_equal(store_make_like(f->source, "a.txt", &maker, 0644, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 61003);
}

static void an_unknown_reference_is_not_there(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[32] = { 1 };

	assert_int_equal(store_open_reference(&f->store, sha256), -ENOENT);
}

static void an_incoming_file_is_made_and_removed(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	cleanup_fd int fd = store_incoming_create(&f->store, "12-1");
	assert_true(fd >= 0);
	assert_int_equal(entries(f->store.incoming), 1);
	store_incoming_remove(&f->store, "12-1");
	assert_int_equal(entries(f->store.incoming), 0);
	assert_int_equal(store_incoming_write(&f->store, "12.text", "words", 5), 0);
	assert_int_equal(fstatat(f->store.incoming, "12.text", &st, 0), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode & 0777, 0644);
	store_incoming_remove(&f->store, "12.text");
	/* Removing what is not there is nothing to speak of. */
	store_incoming_remove(&f->store, "12-1");
}

static void a_new_incoming_file_leaves_the_old_one_to_its_holder(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	cleanup_fd int old = store_incoming_create(&f->store, "a");
	assert_int_equal(write(old, "old", 3), 3);
	cleanup_fd int new = store_incoming_create(&f->store, "a");
	assert_int_equal(fstat(new, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(fstat(old, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(entries(f->store.incoming), 1);
}

static void incoming_names_lead_nowhere_else(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "", ".", "..", "../refs/x", "a/b", "/etc/passwd" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (store_incoming_create(&f->store, names[i]) != -EINVAL)
			fail_msg("\"%s\" was created", names[i]);
		if (store_incoming_write(&f->store, names[i], "", 0) != -EINVAL)
			fail_msg("\"%s\" was written", names[i]);
	}
	assert_int_equal(symlinkat("../refs/x", f->store.incoming, "link"), 0);
	assert_int_equal(store_incoming_write(&f->store, "link", "x", 1), 0);
	assert_int_equal(entries(f->store.refs), 0);
}

#define WITH_SOURCE(test) cmocka_unit_test_setup_teardown(test, set_up_source, tear_down)
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(the_folders_are_private_and_may_be_opened_again),
		WITH_SOURCE(folders_that_came_from_elsewhere_are_closed_to_others),
		WITH_SOURCE(a_folder_of_somebody_else_is_not_used),
		WITH_SOURCE(a_link_in_place_of_the_folder_is_not_followed),
		WITH_SOURCE(a_file_in_place_of_a_folder_is_named),
		cmocka_unit_test(hashes_are_those_of_the_standard),
		cmocka_unit_test(a_file_is_hashed_from_its_beginning_whatever_its_offset),
		WITH_STORE(a_descriptor_that_cannot_be_read_gives_its_errno),
		WITH_STORE(a_kept_reference_is_found_by_its_hash),
		WITH_STORE(the_same_content_is_kept_once),
		WITH_STORE(a_kept_reference_does_not_change_with_its_original),
		WITH_STORE(a_reference_over_the_limit_leaves_nothing),
		WITH_STORE(what_a_crash_left_half_written_is_replaced),
		WITH_STORE(a_fifo_is_no_reference),
		WITH_STORE(what_is_made_is_its_makers),
		WITH_STORE(an_unknown_reference_is_not_there),
		WITH_STORE(an_incoming_file_is_made_and_removed),
		WITH_STORE(a_new_incoming_file_leaves_the_old_one_to_its_holder),
		WITH_STORE(incoming_names_lead_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
