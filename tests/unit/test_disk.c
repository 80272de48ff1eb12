#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* One running disk thread, and what its work writes down.  `seen` is read after a sem_wait or the end. */
struct fixture {
	struct disk *disk;
	sem_t done, go;
	char seen[64];
	size_t count;
	int pipe[2];
	int64_t at;
	bool self;
	char name[16];
	sigset_t mask;
};

/* Waits on the event; only a broken disk thread makes it wait the whole ten seconds. */
static void await(sem_t *s)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	while (sem_timedwait(s, &end))
		if (errno != EINTR)
			fail_msg("the disk thread did not do it within 10 seconds");
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	sem_init(&f->done, 0, 0);
	sem_init(&f->go, 0, 0);
	*state = f;
	return pipe(f->pipe) || disk_start(&f->disk, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	disk_stop(f->disk);
	close(f->pipe[0]);
	close(f->pipe[1]);
	sem_destroy(&f->done);
	sem_destroy(&f->go);
	free(f);
	return 0;
}

static void stop(struct fixture *f)
{
	disk_stop(f->disk);
	f->disk = NULL;
}

struct letter { struct fixture *f; char c; };

static void write_letter(void *arg)
{
	struct letter *l = arg;

	l->f->seen[l->f->count++] = l->c;
	sem_post(&l->f->done);
}

static void hold_until_go(void *arg)
{
	struct fixture *f = arg;

	sem_wait(&f->go);
}

static void work_runs_in_the_order_it_was_posted(void **state)
{
	struct fixture *f = *state;
	struct letter letters[26];

	for (int i = 0; i < 26; i++) {
		letters[i] = (struct letter){ f, (char)('a' + i) };
		disk_post(f->disk, write_letter, &letters[i]);
	}
	for (int i = 0; i < 26; i++)
		await(&f->done);
	assert_string_equal(f->seen, "abcdefghijklmnopqrstuvwxyz");
}

static void stopping_runs_what_is_queued(void **state)
{
	struct fixture *f = *state;
	struct letter letters[] = { { f, 'a' }, { f, 'b' }, { f, 'c' } };

	disk_post(f->disk, hold_until_go, f);
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		disk_post(f->disk, write_letter, &letters[i]);
	sem_post(&f->go);
	stop(f);
	assert_string_equal(f->seen, "abc");
}

static void post_two_more(void *arg)
{
	struct letter *l = arg;

	disk_post(l->f->disk, write_letter, l);
	disk_post(l->f->disk, write_letter, l);
}

static void stopping_runs_what_queued_work_posts(void **state)
{
	struct fixture *f = *state;
	struct letter x = { f, 'x' };

	disk_post(f->disk, hold_until_go, f);
	disk_post(f->disk, post_two_more, &x);
	sem_post(&f->go);
	stop(f);
	assert_string_equal(f->seen, "xx");
}

static void note_time(void *arg)
{
	struct fixture *f = arg;

	f->at = clock_mono_ms();
	sem_post(&f->done);
}

static void a_timer_fires_at_its_time_and_not_before(void **state)
{
	struct fixture *f = *state;
	int64_t due = clock_mono_ms() + 30;

	disk_at(f->disk, due, note_time, f);
	await(&f->done);
	assert_true(f->at >= due);
}

static void a_timer_in_the_past_fires_at_once(void **state)
{
	struct fixture *f = *state;

	disk_at(f->disk, clock_mono_ms() - 1000, note_time, f);
	disk_at(f->disk, INT64_MIN, note_time, f);
	await(&f->done);
	await(&f->done);
}

static void timers_fire_soonest_first_and_equal_ones_in_order(void **state)
{
	struct fixture *f = *state;
	struct letter letters[] = { { f, 'd' }, { f, 'a' }, { f, 'b' }, { f, 'c' } };
	int64_t now = clock_mono_ms();
	const int64_t due[] = { now + 40, now + 10, now + 20, now + 20 };

	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		disk_at(f->disk, due[i], write_letter, &letters[i]);
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		await(&f->done);
	assert_string_equal(f->seen, "abcd");
}

static void a_sooner_timer_is_not_kept_waiting_by_a_later_one(void **state)
{
	struct fixture *f = *state;
	struct letter late = { f, 'z' }, soon = { f, 'a' };

	disk_at(f->disk, clock_mono_ms() + 3600 * 1000, write_letter, &late);
	disk_at(f->disk, clock_mono_ms() + 5, write_letter, &soon);
	await(&f->done);
	assert_string_equal(f->seen, "a");
}

static void stopping_drops_timers(void **state)
{
	struct fixture *f = *state;
	struct letter late = { f, 'z' };

	disk_at(f->disk, clock_mono_ms() + 3600 * 1000, write_letter, &late);
	disk_at(f->disk, INT64_MAX, write_letter, &late);
	stop(f);
	assert_string_equal(f->seen, "");
}

static void read_one_letter(void *arg)
{
	struct fixture *f = arg;

	if (read(f->pipe[0], &f->seen[f->count], 1) == 1)
		f->count++;
	sem_post(&f->done);
}

static void a_watched_descriptor_is_served_whenever_it_is_readable(void **state)
{
	struct fixture *f = *state;

	disk_watch(f->disk, f->pipe[0], read_one_letter, f);
	/* Two bytes at once: the second is still readable after the first was taken. */
	assert_int_equal(write(f->pipe[1], "ab", 2), 2);
	await(&f->done);
	await(&f->done);
	assert_int_equal(write(f->pipe[1], "c", 1), 1);
	await(&f->done);
	assert_string_equal(f->seen, "abc");
}

static void a_watched_descriptor_that_hung_up_does_not_spin(void **state)
{
	struct fixture *f = *state;
	struct timespec before, after;
	clockid_t cpu;

	disk_watch(f->disk, f->pipe[0], read_one_letter, f);
	close(f->pipe[1]);
	f->pipe[1] = -1;
	assert_int_equal(clock_getcpuclockid(getpid(), &cpu), 0);
	clock_gettime(cpu, &before);
	disk_at(f->disk, clock_mono_ms() + 100, note_time, f);
	await(&f->done);
	clock_gettime(cpu, &after);
	int64_t used_ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	if (used_ms > 60)
		fail_msg("%d ms of processor time in 100 ms of waiting", (int)used_ms);
}

static void look_at_itself(void *arg)
{
	struct fixture *f = arg;

	f->self = disk_is_self(f->disk);
	pthread_getname_np(pthread_self(), f->name, sizeof(f->name));
	pthread_sigmask(SIG_SETMASK, NULL, &f->mask);
	sem_post(&f->done);
}

static void the_disk_thread_knows_itself_by_thread_and_name(void **state)
{
	struct fixture *f = *state;

	disk_post(f->disk, look_at_itself, f);
	await(&f->done);
	assert_true(f->self);
	assert_string_equal(f->name, "easelfs-disk");
	assert_false(disk_is_self(f->disk));
}

static void the_disk_thread_takes_no_signals_and_leaves_ours_alone(void **state)
{
	struct fixture *f = *state;
	sigset_t ours;

	disk_post(f->disk, look_at_itself, f);
	await(&f->done);
	assert_true(sigismember(&f->mask, SIGTERM));
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_false(sigismember(&ours, SIGTERM));
}

/* --- syncing: the calls end here --- */

static struct { unsigned fsyncs, syncfses; int fsync_error, syncfs_error; ino_t fails; const char *meminfo; } synced;

int fsync(int fd)
{
	struct stat st;

	synced.fsyncs++;
	fstat(fd, &st);
	errno = synced.fsync_error;
	return synced.fsync_error && (!synced.fails || synced.fails == st.st_ino) ? -1 : 0;
}

int syncfs(int fd)
{
	(void)fd;
	synced.syncfses++;
	errno = synced.syncfs_error;
	return synced.syncfs_error ? -1 : 0;
}

/* Whatever this runs on. */
int fstatfs(int fd, struct statfs *out)
{
	(void)fd;
	*out = (struct statfs){ .f_type = EXT4_SUPER_MAGIC };
	return 0;
}

/* /proc/meminfo is all that is read there. */
ssize_t pread(int fd, void *out, size_t size, off_t at)
{
	(void)fd;
	(void)at;
	size_t len = strlen(synced.meminfo);
	memcpy(out, synced.meminfo, len < size ? len : size);
	return (ssize_t)len;
}

enum { FILES = 20 };
struct syncing { struct fixture *f; int folder, fds[FILES], results[FILES]; size_t count; };

static int open_files(struct syncing *s, struct fixture *f)
{
	char folder[] = "/tmp/easelfs-disk.XXXXXX";

	synced.fsyncs = synced.syncfses = 0;
	synced.fsync_error = synced.syncfs_error = 0;
	synced.fails = 0;
	synced.meminfo = "MemTotal:    1000000 kB\nDirty:            312 kB\nWriteback:           0 kB\n";
	*s = (struct syncing){ .f = f };
	if (!mkdtemp(folder))
		return -1;
	s->folder = open(folder, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < FILES; i++) {
		char name[] = { (char)('a' + i), '\0' };
		s->fds[i] = openat(s->folder, name, O_CREAT | O_RDWR, 0600);
		unlinkat(s->folder, name, 0);
	}
	return rmdir(folder);
}

static void close_files(struct syncing *s)
{
	for (size_t i = 0; i < FILES; i++)
		close(s->fds[i]);
	close(s->folder);
}

static void all_synced(void *arg)
{
	struct syncing *s = arg;

	sem_post(&s->f->done);
}

static void sync_files(void *arg)
{
	struct syncing *s = arg;

	for (size_t i = 0; i < s->count; i++) {
		s->results[i] = 1;
		disk_sync(s->f->disk, s->fds[i], &s->results[i]);
	}
	disk_then(s->f->disk, all_synced, s);
}

/* So many of them, in one go. */
static void sync_now(struct syncing *s, size_t count)
{
	s->count = count;
	disk_post(s->f->disk, sync_files, s);
	await(&s->f->done);
}

static void results_are(const struct syncing *s, int expected)
{
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(s->results[i], expected);
}

static void each_file_is_synced_before_what_follows_runs(void **state)
{
	struct syncing s;

	assert_int_equal(open_files(&s, *state), 0);
	sync_now(&s, 3);
	assert_int_equal(synced.fsyncs, 3);
	results_are(&s, 0);
	/* No group was named. */
	sync_now(&s, FILES);
	assert_int_equal(synced.fsyncs, 3 + FILES);
	assert_int_equal(synced.syncfses, 0);
	results_are(&s, 0);
	close_files(&s);
}

static void what_cannot_be_synced_says_so(void **state)
{
	struct syncing s;
	struct stat st;

	assert_int_equal(open_files(&s, *state), 0);
	close(s.fds[0]);
	s.fds[0] = -1;
	fstat(s.fds[1], &st);
	synced.fsync_error = EIO;
	synced.fails = st.st_ino;
	sync_now(&s, 3);
	assert_int_equal(s.results[0], -EBADF);
	assert_int_equal(s.results[1], -EIO);
	assert_int_equal(s.results[2], 0);
	close_files(&s);
}

static void the_same_file_is_synced_once_and_fails_for_all(void **state)
{
	struct syncing s;

	assert_int_equal(open_files(&s, *state), 0);
	for (size_t i = 0; i < FILES; i++)
		dup2(s.folder, s.fds[i]);
	sync_now(&s, FILES);
	assert_int_equal(synced.fsyncs, 1);
	results_are(&s, 0);
	synced.fsync_error = ENOSPC;
	sync_now(&s, FILES);
	assert_int_equal(synced.fsyncs, 2);
	results_are(&s, -ENOSPC);
	close_files(&s);
}

static void many_files_of_a_group_take_one_call(void **state)
{
	struct fixture *f = *state;
	struct syncing s;

	assert_int_equal(open_files(&s, f), 0);
	disk_groups(f->disk, s.folder);
	sync_now(&s, FILES);
	assert_int_equal(synced.syncfses, 1);
	assert_int_equal(synced.fsyncs, 0);
	results_are(&s, 0);
	sync_now(&s, 2);
	assert_int_equal(synced.syncfses, 1);
	assert_int_equal(synced.fsyncs, 2);
	close_files(&s);
}

static void a_group_does_not_wait_for_what_others_write(void **state)
{
	struct fixture *f = *state;
	struct syncing s;

	assert_int_equal(open_files(&s, f), 0);
	disk_groups(f->disk, s.folder);
	synced.meminfo = "MemTotal:    1000000 kB\nDirty:         600000 kB\nWriteback:           0 kB\n";
	sync_now(&s, FILES);
	assert_int_equal(synced.syncfses, 0);
	assert_int_equal(synced.fsyncs, FILES);
	close_files(&s);
}

static void once_a_group_failed_every_file_is_asked(void **state)
{
	struct fixture *f = *state;
	struct syncing s;

	assert_int_equal(open_files(&s, f), 0);
	disk_groups(f->disk, s.folder);
	synced.syncfs_error = EIO;
	sync_now(&s, FILES);
	assert_int_equal(synced.syncfses, 1);
	assert_int_equal(synced.fsyncs, FILES);
	results_are(&s, 0);
	/* Whose error that was is not known: it may be of a file that is to be synced later. */
	synced.syncfs_error = 0;
	sync_now(&s, FILES);
	assert_int_equal(synced.syncfses, 1);
	assert_int_equal(synced.fsyncs, 2 * FILES);
	close_files(&s);
}

struct poster { struct fixture *f; int left; unsigned ran; };

static void count_run(void *arg)
{
	struct poster *p = arg;

	p->ran++;
}

static void *post_many(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < p->left; i++) {
		if (i % 2)
			disk_post(p->f->disk, count_run, p);
		else
			disk_at(p->f->disk, 0, count_run, p);
	}
	return NULL;
}

static void many_threads_may_post_at_once(void **state)
{
	struct fixture *f = *state;
	struct poster posters[4];
	pthread_t threads[4];
	struct letter end = { f, 'e' };

	for (size_t i = 0; i < ARRAY_LEN(posters); i++) {
		posters[i] = (struct poster){ f, 500, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(posters); i++)
		pthread_join(threads[i], NULL);
	/* Behind all that is due, as the newest of them. */
	disk_at(f->disk, clock_mono_ms() + 1, write_letter, &end);
	await(&f->done);
	stop(f);
	for (size_t i = 0; i < ARRAY_LEN(posters); i++)
		assert_int_equal(posters[i].ran, 500);
}

static void stopping_nothing_is_fine(void **state)
{
	(void)state;
	disk_stop(NULL);
}

#define WITH_DISK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DISK(work_runs_in_the_order_it_was_posted),
		WITH_DISK(stopping_runs_what_is_queued),
		WITH_DISK(stopping_runs_what_queued_work_posts),
		WITH_DISK(a_timer_fires_at_its_time_and_not_before),
		WITH_DISK(a_timer_in_the_past_fires_at_once),
		WITH_DISK(timers_fire_soonest_first_and_equal_ones_in_order),
		WITH_DISK(a_sooner_timer_is_not_kept_waiting_by_a_later_one),
		WITH_DISK(stopping_drops_timers),
		WITH_DISK(a_watched_descriptor_is_served_whenever_it_is_readable),
		WITH_DISK(a_watched_descriptor_that_hung_up_does_not_spin),
		WITH_DISK(the_disk_thread_knows_itself_by_thread_and_name),
		WITH_DISK(the_disk_thread_takes_no_signals_and_leaves_ours_alone),
		WITH_DISK(each_file_is_synced_before_what_follows_runs),
		WITH_DISK(what_cannot_be_synced_says_so),
		WITH_DISK(the_same_file_is_synced_once_and_fails_for_all),
		WITH_DISK(many_files_of_a_group_take_one_call),
		WITH_DISK(a_group_does_not_wait_for_what_others_write),
		WITH_DISK(once_a_group_failed_every_file_is_asked),
		WITH_DISK(many_threads_may_post_at_once),
		cmocka_unit_test(stopping_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
