/* What came is looked at on the disk thread before anybody sees it: a complete picture, hashed, durable. */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "kill.h"

enum { FLAWED_TIMES = 3 };

/* As a file that the prompt's owner made: their umask is not known here, the prompt's own mode is. */
static void give_to_owner(struct check *c)
{
	int result = store_make_like(c->source_fd, c->prompt_path, &c->maker, 0666, c->fd);

	if (result < 0)
		log_warning("the picture of %s cannot be made its owner's: %s", c->prompt_path, strerror(-result));
}

/* Only the very bytes that were published are copied: an edited picture is no source. */
static int copy_picture(struct check *c)
{
	int result = store_copy_picture(c->source_fd, c->from, c->fd, c->sha256, &c->bytes);

	if (result == 0 && memcmp(c->sha256, c->expected, sizeof(c->sha256)) != 0)
		result = -ESTALE;
	return result < 0 ? result : image_probe(c->fd, &c->info);
}

/* For a second name: the copy is the same picture. */
static int copy_open_file(struct check *c)
{
	int result = store_copy_file(c->copy_of, c->fd, c->sha256, &c->bytes);

	return result < 0 ? result : image_probe(c->fd, &c->info);
}

static int verify_picture(struct check *c)
{
	int result = image_verify(c->fd, &c->info, &c->err), hashed = sha256_fd(c->fd, c->sha256, &c->bytes);

	return result < 0 ? result : hashed;
}

/* After an fsync that failed the kernel takes the bytes for written, whether they are or not. */
static int rewrite(int fd)
{
	char bytes[65536];
	ssize_t got, put = 0;

	for (off_t at = 0; (got = pread(fd, bytes, sizeof(bytes), at)) > 0; at += put)
		if ((put = pwrite(fd, bytes, (size_t)got, at)) <= 0)
			return put < 0 ? -errno : -ENOSPC;
	return got < 0 ? -errno : 0;
}

static int begin_sync(struct check *c)
{
	int result = c->again ? rewrite(c->fd) : 0;

	if (result < 0)
		return result;
	if (fstat(c->fd, &c->st) < 0)
		return -errno;
	kill_point(BEFORE_PICTURE_SYNC);
	disk_sync(c->disk, c->fd, &c->file_synced);
	disk_sync(c->disk, c->incoming, &c->name_synced);
	return 0;
}

void check_picture(void *arg)
{
	struct check *c = arg;

	kill_point(BEFORE_CHECK);
	c->file_synced = c->name_synced = 0;
	c->result = c->from ? copy_picture(c) : c->copy_of >= 0 ? copy_open_file(c) : verify_picture(c);
	if (c->result < 0 && c->result != -EBADMSG)
		return;
	kill_point(AFTER_CHECK);
	give_to_owner(c);
	label_write(&c->label, c->fd);
	int begun = begin_sync(c);
	if (begun < 0)
		c->result = begun;
}

void check_synced(struct check *c)
{
	if (c->result < 0 && c->result != -EBADMSG)
		return;
	kill_point(AFTER_PICTURE_SYNC);
	if (c->file_synced < 0 || c->name_synced < 0)
		c->result = c->file_synced < 0 ? c->file_synced : c->name_synced;
}

void check_note_size(struct job *j, const struct image_info *info)
{
	const struct request *r = &j->request;

	if (!r->width || (r->width == info->width && r->height == info->height))
		return;
	cleanup_free char *note = xasprintf("the picture is %ux%u pixels, the documented size of %s is %ux%u",
	                                    info->width, info->height, r->ratio ? r->ratio : "this request",
	                                    r->width, r->height);
	job_note(j, note);
}

void check_take(struct task *t, const struct check *c)
{
	free(t->row.file);
	t->row.file = xstrdup(c->name);
	memcpy(t->row.sha256, c->sha256, sizeof(t->row.sha256));
	t->row.bytes = c->bytes;
	t->row.width = c->info.width;
	t->row.height = c->info.height;
	free(t->row.type);
	t->row.type = xstrdup(image_name(c->info.type));
	t->row.out_dev = c->st.st_dev;
	t->row.out_ino = c->st.st_ino;
	t->row.attempts = 0;
}

struct check *check_new(struct engine *e, struct task *t, char *name, int fd)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->task = t;
	c->name = name;
	c->fd = fd;
	c->disk = e->set.disk;
	c->incoming = e->set.store->incoming;
	c->source_fd = e->set.source_fd;
	c->copy_of = -1;
	c->prompt_path = xstrdup(t->job->prompt->row.path);
	c->maker = job_maker(t->job);
	task_label(t, &c->label);
	return c;
}

void check_free(struct check *c)
{
	error_clear(&c->err);
	label_release(&c->label);
	free(c->prompt_path);
	free(c->from);
	free(c->name);
	cleanup_fd_(&c->fd);
	free(c);
}

/* A picture with a flaw that comes the same three times is what the provider has: it is paid for, so it is
 * kept, with a note.  What is no picture at all (an error page, a stub) never is. */
static bool is_kept_in_spite(struct task *t, const struct check *c)
{
	if (c->result != -EBADMSG || c->info.type == IMAGE_NONE)
		return false;
	if (memcmp(t->flawed, c->sha256, sizeof(t->flawed)) != 0)
		t->flawed_times = 0;
	memcpy(t->flawed, c->sha256, sizeof(t->flawed));
	return ++t->flawed_times >= FLAWED_TIMES;
}

void check_note_flaw(struct job *j, const char *flaw)
{
	cleanup_free char *note = xasprintf("the provider's file has a flaw: %s", flaw ? flaw : "it is not complete");

	job_note(j, note);
}

static void checked(struct engine *e, void *arg)
{
	struct check *c = arg;
	struct task *t = c->task;

	check_synced(c);
	t->busy = false;
	if (c->result == 0) {
		check_take(t, c);
		check_note_size(t->job, &c->info);
		task_after(e, t, publish_begin);
	} else if (is_kept_in_spite(t, c)) {
		check_take(t, c);
		check_note_flaw(t->job, c->err.text);
		task_after(e, t, publish_begin);
	} else if (c->result == -EBADMSG && t->row.attempts % 2) {
		t->row.attempts++;
		fetch_fresh_url(e, t, c->err.text);
	} else if (disk_is_at_fault(-c->result)) {
		fetch_forget(e, t);
		disk_later(e, t, "the picture could not be written", -c->result, fetch_begin);
	} else {
		fetch_later(e, t, -1, c->err.text ? c->err.text : strerror(-c->result));
	}
	check_free(c);
}

void check_copy_later(struct engine *e, struct task *t, int result)
{
	t->job->row.same_as = 0;
	task_leave_queue(e, t);
	disk_later(e, t, "the picture of another prompt could not be copied", -result, task_resume);
}

static void copied(struct engine *e, void *arg)
{
	struct check *c = arg;
	struct task *t = c->task;

	check_synced(c);
	t->busy = false;
	if (c->result == 0)
		check_take(t, c);
	else
		store_incoming_remove(e->set.store, c->name);
	if (disk_is_at_fault(-c->result) && t->row.state == STATE_QUEUED &&
	    t->row.index <= request_tasks(&t->job->request)) {
		check_copy_later(e, t, c->result);
	} else {
		c->copied(e, t, c->result == 0);
	}
	check_free(c);
}

void check_begin(struct engine *e, struct task *t)
{
	t->busy = true;
	engine_disk(e, check_picture, checked, check_new(e, t, fetch_name(t), steal_fd(&t->fd)));
}

int check_copy(struct engine *e, struct task *t, const char *from, const uint8_t sha256[32],
               void (*done)(struct engine *, struct task *, bool ok))
{
	/* Not by the task's id: it has none before its row was written. */
	cleanup_free char *id = engine_new_id(), *name = xasprintf("%s.part", id);
	int fd = store_incoming_create(e->set.store, name);

	if (fd < 0)
		return fd;
	struct check *c = check_new(e, t, steal_pointer(&name), fd);
	c->from = xstrdup(from);
	memcpy(c->expected, sha256, sizeof(c->expected));
	c->copied = done;
	t->busy = true;
	engine_disk(e, check_picture, copied, c);
	return 0;
}
