/* Pictures under their names, and what gives way to them. */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "kill.h"

void publication_free(struct publication *p)
{
	for (size_t i = 0; i < p->older_count; i++) {
		free(p->older[i].from);
		free(p->older[i].to);
	}
	free(p->older);
	free(p->kept);
	free(p->file);
	free(p->out);
	free(p->like);
	free(p->history);
	free(p);
}

static const char *suffix_of(const struct task *t)
{
	for (enum image_type i = IMAGE_PNG; i <= IMAGE_BMP; i++)
		if (strcmp(image_name(i), t->row.type) == 0)
			return image_suffix(i);
	return "bin";
}

/* How often a picture that is not published yet looks whether its prompt came back, and whether another
 * revision's has arrived. */
#define GRACE_LOOK_MS 250
#define CROSSED_LOOK_MS 20

/* Where the picture goes: out/, or history/ for one whose prompt is gone or has a newer one there. */
static char *out_name(const struct job *j, const struct task *t, unsigned shown_revision)
{
	bool surplus = t->row.index > j->row.n;    /* nobody asked for it, so it has no name of its own in out/ */
	cleanup_free char *number = j->row.n > 1 || surplus ? xasprintf("-%u", t->row.index) : xstrdup("");
	bool late = j->row.orphan || shown_revision > j->row.revision || surplus;

	if (late)
		return xasprintf("history/%s.%u%s.%s", j->prompt->row.stem, j->row.revision, number,
		                 suffix_of(t));
	return xasprintf("out/%s%s.%s", j->prompt->row.stem, number, suffix_of(t));
}

static unsigned revision_of(struct engine *e, int64_t job)
{
	cleanup_job_row struct job_row row = { 0 };

	return job && e->journal->job_load(e->journal, job, &row) > 0 ? row.revision : 0;
}

/* The revision that the name in out/ is for: one that is shown, or whose picture stands there already, though
 * others of it have not come. */
static unsigned shown_at(struct engine *e, const struct job *j, const struct task *t)
{
	unsigned shown = revision_of(e, j->prompt->row.shown);
	cleanup_free char *out = out_name(j, t, shown);
	cleanup_task_row struct task_row standing = { 0 };
	cleanup_job_row struct job_row job = { 0 };

	if (e->journal->task_by_out(e->journal, out, &standing) > 0 &&
	    e->journal->job_load(e->journal, standing.job, &job) > 0 && job.prompt == j->prompt->row.id &&
	    job.revision > shown)
		return job.revision;
	return shown;
}

static struct publication *publication_new(const struct job *j, const char *out)
{
	struct publication *p = xcalloc(1, sizeof(*p));

	p->out = xstrdup(out);
	p->like = xstrdup(j->prompt->row.path);
	p->maker = job_maker(j);
	p->history = xasprintf("history/%s", j->prompt->row.stem);
	p->job_serial = j->serial;
	return p;
}

/* The journal knows that it is there. */
static void arrived(struct engine *e, struct task *t)
{
	(void)e;
	t->job->prompt->on_the_way--;
}

void publish_begin(struct engine *e, struct task *t)
{
	struct job *j = t->job;
	bool crossed = j->prompt->on_the_way && j->prompt->publishing != j->serial;

	/* Its prompt left a moment ago: out/ if it comes back, history/ if not.  Where another revision's pictures
	 * are on their way there, which one is newer could not be said. */
	if (j->prompt->grace || crossed) {
		task_at(e, t, clock_mono_ms() + (crossed ? CROSSED_LOOK_MS : GRACE_LOOK_MS), publish_begin);
		return;
	}
	cleanup_free char *out = out_name(j, t, shown_at(e, j, t));
	struct publication *p = publication_new(j, out);
	cleanup_task_row struct task_row standing = { 0 };

	p->task_index = t->row.index;
	p->kind = PUBLISH_PICTURE;
	p->file = xstrdup(t->row.file);
	p->out_dev = t->row.out_dev;
	p->out_ino = t->row.out_ino;
	if (e->journal->task_by_out(e->journal, out, &standing) > 0)
		p->old_revision = revision_of(e, standing.job);
	t->busy = true;
	j->prompt->publishing = j->serial;
	j->prompt->on_the_way++;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

char *reply_text_name(const struct task *t)
{
	return xasprintf("%lld.text", (long long)t->row.id);
}

/* Of several requests each has its own. */
static char *reply_text_out(const struct job *j, const struct task *t, unsigned shown_revision)
{
	cleanup_free char *number = j->has_request && request_tasks(&j->request) > 1 ? xasprintf("-%u", t->row.index)
	                                                                             : xstrdup("");

	if (j->row.orphan || shown_revision > j->row.revision)
		return xasprintf("history/%s.%u%s.reply.txt", j->prompt->row.stem, j->row.revision, number);
	return xasprintf("out/%s%s.reply.txt", j->prompt->row.stem, number);
}

static void publish_beside(struct engine *e, struct job *j, enum publish_kind kind, char *file, const char *out,
                           const struct stat *st)
{
	struct publication *p = publication_new(j, out);

	p->kind = kind;
	p->file = file;
	p->old_revision = revision_of(e, j->prompt->row.shown);
	p->out_dev = st->st_dev;
	p->out_ino = st->st_ino;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

/* Which file it was, so that a user's own of that name is left alone. */
static char *text_fact(const char *out)
{
	return xasprintf("text %s", out);
}

static bool is_our_text(struct engine *e, const char *out, const struct stat *st)
{
	cleanup_free char *fact = text_fact(out), *known = NULL;
	cleanup_free char *is = xasprintf("%llu %llu", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);

	return e->journal->fact_get(e->journal, fact, &known) > 0 && strcmp(known, is) == 0;
}

static int write_fact(struct journal *db, const struct record *r) { return db->fact_set(db, r->a, r->b); }

static void note_text(struct engine *e, const char *out, const struct publication *p)
{
	cleanup_free char *fact = text_fact(out);
	cleanup_free char *is = p ? xasprintf("%llu %llu", (unsigned long long)p->out_dev,
	                                      (unsigned long long)p->out_ino) : NULL;

	record_add(e, &(struct record){ KILL_BEFORE_TEXT, write_fact, .a = fact, .b = is });
	records_write(e);
}

/* What stands there is of an older revision, so it leaves for history/ if the newest one has none. */
void publish_reply_text(struct engine *e, struct task *t)
{
	struct job *j = t->job;
	cleanup_free char *name = reply_text_name(t);
	cleanup_free char *out = reply_text_out(j, t, revision_of(e, j->prompt->row.shown));
	struct stat st;

	if (fstatat(e->set.store->incoming, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		publish_beside(e, j, PUBLISH_BESIDE, steal_pointer(&name), out, &st);
	else if (str_starts_with(out, "out/") && store_look(e->set.source_fd, out, &st) > 0 &&
	         is_our_text(e, out, &st))
		publish_beside(e, j, PUBLISH_RETIRE, NULL, out, &st);
}

void publish_draft(struct engine *e, struct task *t, const struct check *c, unsigned number, size_t of)
{
	struct job *j = t->job;
	cleanup_free char *which = of > 1 ? xasprintf("-%u", number) : xstrdup("");
	cleanup_free char *out = xasprintf("history/%s.%u.draft%s.%s", j->prompt->row.stem, j->row.revision, which,
	                                   image_suffix(c->info.type));

	publish_beside(e, j, PUBLISH_BESIDE, xstrdup(c->name), out, &c->st);
}

void publish_retire_one(struct engine *e, const char *stem, const struct task_row *row, unsigned revision)
{
	struct publication *p = xcalloc(1, sizeof(*p));

	p->kind = PUBLISH_RETIRE;
	p->out = xstrdup(row->out);
	p->history = xasprintf("history/%s", stem);
	p->old_revision = revision;
	p->out_dev = row->out_dev;
	p->out_ino = row->out_ino;
	tidy_intended(e);
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

struct standing { struct engine *e; unsigned pictures, stand; };

static int count_standing(void *arg, struct task_row *row)
{
	struct standing *s = arg;
	struct stat st;

	s->pictures++;
	if (row->out && str_starts_with(row->out, "out/") &&
	    store_look(s->e->set.source_fd, row->out, &st) > 0 &&
	    st.st_dev == row->out_dev && st.st_ino == row->out_ino)
		s->stand++;
	return 0;
}

bool publish_stands(struct engine *e, int64_t job)
{
	struct standing s = { .e = e };

	e->journal->tasks_of(e->journal, job, count_standing, &s);
	return s.pictures && s.stand == s.pictures;
}

bool publish_is_at(const struct job *j, const char *out)
{
	for (size_t i = 0; i < j->tasks_count; i++)
		if (j->tasks[i]->row.out && strcmp(j->tasks[i]->row.out, out) == 0)
			return true;
	return false;
}

/* A picture of an older revision that the newer one did not replace by name. */
static int retire_task(void *arg, struct task_row *row)
{
	struct { struct engine *e; struct job *newest; unsigned revision; } *ctx = arg;
	struct job *j = ctx->newest;

	if (!row->out || !str_starts_with(row->out, "out/") || publish_is_at(j, row->out))
		return 0;
	publish_retire_one(ctx->e, j->prompt->row.stem, row, ctx->revision);
	return 0;
}

void publish_retire(struct engine *e, struct prompt *p, struct job *newest)
{
	unsigned shown = revision_of(e, p->row.shown);
	struct { struct engine *e; struct job *newest; unsigned revision; } ctx = { e, newest, shown };

	if (newest->row.orphan || shown > newest->row.revision)
		return;
	if (p->row.shown && p->row.shown != newest->row.id)
		e->journal->tasks_of(e->journal, p->row.shown, retire_task, &ctx);
	p->row.shown = newest->row.id;
	prompt_dirty(e, p);
	/* Of revisions that were never complete, too. */
	if (newest->row.revision > 1)
		tidy_pictures(e, &p->row, newest);
}

/* Made when the first job is sent, so that whoever watches folders is there in time. */
void publish_folder(struct engine *e, struct job *j)
{
	cleanup_free char *out = xasprintf("out/%s", j->prompt->row.stem);
	cleanup_free char *folder = xstrndup(out, (size_t)(strrchr(out, '/') - out));
	struct stat st;

	if (store_look(e->set.source_fd, folder, &st) > 0)
		return;
	struct publication *p = publication_new(j, out);
	p->kind = PUBLISH_FOLDER;
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

bool publish_says_why(enum job_state s)
{
	return s == STATE_FAILED || s == STATE_EXPIRED || s == STATE_UNKNOWN;
}

/* out/…/cat.error.txt appears when a job ends badly and goes when the prompt's newest job does not. */
void publish_error_file(struct engine *e, struct job *j)
{
	cleanup_free char *out = xasprintf("out/%s.error.txt", j->prompt->row.stem);
	struct stat st;

	/* Nearly always there is nothing to say and nothing to take away: that is found out first. */
	if (j->prompt->newest != j || j->prompt->row.gone_ms ||
	    (!publish_says_why(j->row.state) && store_look(e->set.source_fd, out, &st) <= 0) ||
	    stem_is_taken(e, j->prompt))
		return;
	struct publication *p = publication_new(j, out);
	p->kind = PUBLISH_REMOVE;
	if (publish_says_why(j->row.state)) {
		cleanup_buf struct buf text = BUF_INIT;
		buf_fmt(&text, "%s: %s\n", j->prompt->row.path, j->row.reason ? j->row.reason : "failed");
		if (j->row.hint)
			buf_fmt(&text, "%s\n", j->row.hint);
		p->file = xasprintf("error-%llu.part", (unsigned long long)j->serial);
		p->kind = PUBLISH_TEXT;
		if (store_incoming_write(e->set.store, p->file, text.data, text.len) < 0) {
			publication_free(p);
			return;
		}
	}
	tidy_intended(e);
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

static bool is_move(enum publish_kind kind)
{
	return kind == PUBLISH_MOVE || kind == PUBLISH_MOVE_HISTORY;
}

static void publish_move(struct engine *e, enum publish_kind kind, const char *from, const char *to,
                         uint64_t dev, uint64_t ino, const struct prompt_row *prompt)
{
	struct publication *p = xcalloc(1, sizeof(*p));
	cleanup_task_row struct task_row standing = { 0 };

	p->kind = kind;
	p->file = xstrdup(from);
	p->out = xstrdup(to);
	p->out_dev = dev;
	p->out_ino = ino;
	if (prompt) {
		p->prompt = prompt->id;
		p->history = xasprintf("history/%s", prompt->stem);
	}
	if (kind == PUBLISH_MOVE && e->journal->task_by_out(e->journal, to, &standing) > 0)
		p->old_revision = revision_of(e, standing.job);
	e->moves += is_move(kind);
	e->publications++;
	e->set.calls->publish(e->set.ctx, p);
}

void publish_no_error_file(struct engine *e, const struct prompt *prompt)
{
	cleanup_free char *out = xasprintf("out/%s.error.txt", prompt->row.stem);
	struct stat st;

	if (store_look(e->set.source_fd, out, &st) > 0)
		publish_move(e, PUBLISH_REMOVE, out, out, 0, 0, NULL);
}

struct moves { struct engine *e; const struct prompt_row *prompt; unsigned pictures; };

/* `out/cat-2.png` of cat follows to `out/dog-2.png`. */
static int move_task(void *arg, struct task_row *row)
{
	struct moves *m = arg;
	const char *suffix = row->out ? strrchr(row->out, '.') : NULL;
	cleanup_free char *number = m->pictures > 1 ? xasprintf("-%u", row->index) : xstrdup("");

	if (!suffix || !str_starts_with(row->out, "out/"))
		return 0;
	cleanup_free char *to = xasprintf("out/%s%s%s", m->prompt->stem, number, suffix);
	if (strcmp(to, row->out) != 0)
		publish_move(m->e, PUBLISH_MOVE, row->out, to, row->out_dev, row->out_ino, m->prompt);
	return 0;
}

void publish_picture_moves(struct engine *e, const struct prompt_row *row)
{
	struct moves m = { .e = e, .prompt = row };
	int64_t job = row->shown ? row->shown : row->job;
	cleanup_job_row struct job_row shown = { 0 };

	if (e->journal->job_load(e->journal, job, &shown) <= 0)
		return;
	m.pictures = shown.n;
	e->journal->tasks_of(e->journal, job, move_task, &m);
}

/* What the model wrote beside the picture; of several requests each has its own. */
static void publish_text_moves(struct engine *e, const struct prompt_row *row, const char *old_stem)
{
	cleanup_job_row struct job_row job = { 0 };
	struct stat st;

	e->journal->job_load(e->journal, row->shown ? row->shown : row->job, &job);
	for (unsigned i = 0; i <= job.n; i++) {
		cleanup_free char *number = i ? xasprintf("-%u", i) : xstrdup("");
		cleanup_free char *from = xasprintf("out/%s%s.reply.txt", old_stem, number);
		cleanup_free char *to = xasprintf("out/%s%s.reply.txt", row->stem, number);
		if (store_look(e->set.source_fd, from, &st) > 0 && is_our_text(e, from, &st))
			publish_move(e, PUBLISH_MOVE, from, to, st.st_dev, st.st_ino, row);
	}
}

/* Why there is no picture, unless it is about another prompt of that stem. */
static void publish_error_move(struct engine *e, struct prompt_row *row, char *old_stem)
{
	cleanup_free char *from = xasprintf("out/%s.error.txt", old_stem);
	cleanup_free char *to = xasprintf("out/%s.error.txt", row->stem);
	const struct prompt before = { .row = { .path = row->path, .stem = old_stem } };
	cleanup_job_row struct job_row job = { 0 };
	struct stat st;

	if (store_look(e->set.source_fd, from, &st) > 0 && !stem_is_taken(e, &before) &&
	    e->journal->job_load(e->journal, row->job, &job) > 0 && publish_says_why(job.state))
		publish_move(e, PUBLISH_MOVE, from, to, st.st_dev, st.st_ino, row);
}

void publish_history_move(struct engine *e, const char *old_stem, const char *stem, const struct prompt_row *row)
{
	cleanup_free char *from = xasprintf("history/%s", old_stem);
	cleanup_free char *to = xasprintf("history/%s", stem);

	publish_move(e, PUBLISH_MOVE_HISTORY, from, to, 0, 0, row);
}

/* What stands in out/. */
void publish_current_moves(struct engine *e, struct prompt_row *row, char *old_stem)
{
	publish_picture_moves(e, row);
	publish_text_moves(e, row, old_stem);
	publish_error_move(e, row, old_stem);
}

void publish_moves(struct engine *e, struct prompt_row *row, char *old_stem)
{
	if (strcmp(old_stem, row->stem) == 0)
		return;
	publish_current_moves(e, row, old_stem);
	publish_history_move(e, old_stem, row->stem, row);
}

static const char *const picture_roots[] = { "out", "history" };

struct picture_folders picture_folders_of(struct engine *e, const char *path)
{
	struct picture_folders f = { 0 };
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(picture_roots); i++) {
		cleanup_free char *folder = xasprintf("%s/%s", picture_roots[i], path);
		if (store_look(e->set.source_fd, folder, &st) > 0) {
			f.dev[i] = st.st_dev;
			f.ino[i] = st.st_ino;
		}
	}
	return f;
}

void publish_folder_moves(struct engine *e, const struct picture_folders *f, const char *from, const char *to)
{
	for (size_t i = 0; i < ARRAY_LEN(picture_roots); i++) {
		cleanup_free char *old = xasprintf("%s/%s", picture_roots[i], from);
		cleanup_free char *new = xasprintf("%s/%s", picture_roots[i], to);
		if (f->ino[i])
			publish_move(e, PUBLISH_MOVE, old, new, f->dev[i], f->ino[i], NULL);
	}
}

/* The picture itself, or one in the folder that was moved. */
static void follow(char **out, const char *from, const char *to)
{
	char *new = *out ? path_after_rename(*out, from, to) : NULL;

	if (!new)
		return;
	free(*out);
	*out = new;
}

static void follow_in_memory(struct engine *e, const char *from, const char *to)
{
	for (struct job *j = e->jobs; j; j = j->hh.next)
		for (size_t i = 0; i < j->tasks_count; i++)
			follow(&j->tasks[i]->row.out, from, to);
}

static int write_moved(struct journal *db, const struct record *r) { return db->outs_rename(db, r->a, r->b); }

/* An earlier text is still known by its picture in history/. */
static void older_moved(struct engine *e, const struct publication *p)
{
	for (size_t i = 0; i < p->older_count; i++) {
		record_add(e, &(struct record){ KILL_BEFORE_MOVED, write_moved, .a = p->older[i].from, .b = p->older[i].to });
		follow_in_memory(e, p->older[i].from, p->older[i].to);
	}
	records_write(e);
}

static int write_kept(struct journal *db, const struct record *r)
{
	cleanup_task_row struct task_row row = { 0 };

	int result = db->task_load(db, r->id, &row);
	if (result <= 0)
		return result;
	free(row.out);
	row.out = xstrdup(r->a);
	return db->task_save(db, &row);
}

/* What stood at p->out has another name now, under which it can still be copied. */
static void note_kept(struct engine *e, const struct publication *p)
{
	struct journal *db = e->journal;
	cleanup_task_row struct task_row row = { 0 };

	if (db->task_by_out(db, p->out, &row) <= 0 || (p->kind == PUBLISH_MOVE && row.out_ino == p->out_ino))
		return;
	record_add(e, &(struct record){ KILL_BEFORE_KEPT, write_kept, .a = p->kept, .id = row.id });
	records_write(e);
	for (struct job *j = e->jobs; j; j = j->hh.next)
		for (size_t i = 0; j->row.id == row.job && i < j->tasks_count; i++)
			if (j->tasks[i]->row.id == row.id) {
				free(j->tasks[i]->row.out);
				j->tasks[i]->row.out = xstrdup(p->kept);
			}
}

struct folder_move { struct engine *e; const char *from, *to; };

static int move_one(void *arg, struct prompt_row *row)
{
	const struct folder_move *m = arg;
	cleanup_free char *old_stem = path_after_rename(row->stem, m->to, m->from);

	if (old_stem)
		publish_moves(m->e, row, old_stem);
	return 0;
}

/* A folder of that name is there already: what belongs to prompts goes into it, one by one. */
static bool moves_apart(struct engine *e, const struct publication *p)
{
	struct folder_move m = { e, strchr(p->file, '/') + 1, strchr(p->out, '/') + 1 };

	if (p->prompt || (p->result != -EEXIST && p->result != -ENOTEMPTY))
		return false;
	e->journal->prompts_under(e->journal, m.to, move_one, &m);
	return true;
}

static void moved(struct engine *e, struct publication *p)
{
	struct journal *db = e->journal;
	cleanup_prompt_row struct prompt_row row = { 0 };

	if (moves_apart(e, p))
		return;
	if (p->kept)
		note_kept(e, p);
	if (p->result < 0) {
		if (p->result != -ENOENT)
			log_warning("%s could not follow its prompt to %s: %s", p->file, p->out,
			            strerror(-p->result));
		return;
	}
	record_add(e, &(struct record){ KILL_BEFORE_MOVED, write_moved, .a = p->file, .b = p->out });
	if (str_ends_with(p->out, ".reply.txt")) {
		note_text(e, p->out, p);
		note_text(e, p->file, NULL);
	}
	follow_in_memory(e, p->file, p->out);
	/* The prompt may have been renamed once more in the meantime. */
	if (records_write(e) && p->prompt && db->prompt_load(db, p->prompt, &row) > 0 && !row.gone_ms) {
		publish_picture_moves(e, &row);
		waiters_answer(e, row.path);
	}
}

/* Its prompt was renamed while it was on its way. */
static void follow_rename(struct engine *e, struct job *j, struct task *t)
{
	cleanup_free char *name = out_name(j, t, revision_of(e, j->prompt->row.shown));

	if (strcmp(name, t->row.out) != 0 && str_starts_with(t->row.out, "out/"))
		publish_move(e, PUBLISH_MOVE, t->row.out, name, t->row.out_dev, t->row.out_ino,
		             &j->prompt->row);
}

static const char *why_not_put(int code)
{
	return code == ELOOP ? "a symbolic link is in the way, which is not followed" : strerror(code);
}

static void picture_published(struct engine *e, struct publication *p)
{
	struct job *j;

	HASH_FIND(hh, e->jobs, &p->job_serial, sizeof(p->job_serial), j);
	if (!j)
		return;
	struct task *t = j->tasks[p->task_index - 1];
	t->busy = false;
	if (p->result < 0)
		arrived(e, t);
	if (p->result == -ENOENT) {
		/* The file is neither there nor here: it is fetched once more. */
		free(steal_pointer(&t->row.file));
		fetch_later(e, t, -1, "the picture's file was taken away before it was published");
		return;
	}
	if (p->result < 0) {
		cleanup_free char *what = xasprintf("the picture could not be put at %s", p->out);
		cleanup_free char *why = xasprintf("%s: %s", what, why_not_put(-p->result));
		if (disk_is_at_fault(-p->result)) {
			disk_later(e, t, what, -p->result, publish_begin);
			return;
		}
		fetch_later(e, t, -1, why);
		t->on_time = publish_begin;
		return;
	}
	if (p->kept)
		note_kept(e, p);
	free(t->row.out);
	t->row.out = xstrdup(p->out);
	task_after(e, t, arrived);
	free(steal_pointer(&t->row.file));
	t->row.progress = 100;
	if (t->row.index <= request_tasks(&j->request))
		publish_reply_text(e, t);
	task_event(e, t, EVENT_PUBLISHED, NULL, NULL);
	follow_rename(e, j, t);
}

static void take_published(struct engine *e, void *arg)
{
	struct publication *p = arg;

	e->publications--;
	switch (p->kind) {
	case PUBLISH_PICTURE:
		picture_published(e, p);
		break;
	case PUBLISH_MOVE:
		moved(e, p);
		break;
	case PUBLISH_BESIDE:
		if (p->result == 0 && str_ends_with(p->out, ".reply.txt"))
			note_text(e, p->out, p);
		break;
	case PUBLISH_RETIRE:
		if (p->result == 0 && str_ends_with(p->out, ".reply.txt"))
			note_text(e, p->out, NULL);
		else if (p->kept)
			note_kept(e, p);
		break;
	case PUBLISH_MOVE_HISTORY:
		if (p->older_count)
			older_moved(e, p);
		break;
	case PUBLISH_TEXT:
	case PUBLISH_REMOVE:
	case PUBLISH_FOLDER:
		break;
	}
	/* What comes back because of a shutdown is repeated at the next start. */
	if (is_move(p->kind) && p->result != -ESHUTDOWN && --e->moves == 0) {
		moves_settle(e);
		waiters_answer_all(e);
	}
	tidy_settle(e);
	publication_free(p);
}

void engine_published(struct engine *e, struct publication *p)
{
	engine_post(e, take_published, p);
}
