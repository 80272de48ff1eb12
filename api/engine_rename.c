/*
 * A rename: the record has the new name at once, the pictures follow.  That they do is recorded as an intent
 * with the record, and repeated at the start, or when a journal that could not be written can be.
 */
#include "engine_internal.h"

#include <string.h>

#include "kill.h"

/* --- what the pictures have to follow --- */

/* The fact is a line for each rename: `file` or `folder`, and both names in hexadecimal, as they are bytes. */
static const char moves_fact[] = "moves";

static char *hex_of(const char *name)
{
	char *hex = xmalloc(2 * strlen(name) + 1);

	hex_encode(name, strlen(name), hex);
	return hex;
}

static char *name_of(const char *hex)
{
	size_t len = strlen(hex) / 2;
	char *name = xcalloc(len + 1, 1);

	return hex_decode(hex, name, len) == 0 ? name : (free(name), NULL);
}

/* Within the rename's transaction.  What has not followed an earlier one still has to. */
static int moves_intended(struct engine *e, const char *from, const char *to, bool is_dir)
{
	cleanup_free char *before = NULL, *from_hex = hex_of(from), *to_hex = hex_of(to);

	e->journal->fact_get(e->journal, moves_fact, &before);
	cleanup_free char *lines = xasprintf("%s%s %s %s\n", before ? before : "", is_dir ? "folder" : "file",
	                                     from_hex, to_hex);
	return e->journal->fact_set(e->journal, moves_fact, lines);
}

void moves_settle(struct engine *e)
{
	struct journal *db = e->journal;

	if (e->moves || e->records)
		return;
	kill_point(BEFORE_MOVES_OVER);
	if (db->begin(db) == 0 && (db->fact_set(db, moves_fact, NULL) < 0 || db->commit(db) < 0))
		db->rollback(db);
	kill_point(AFTER_MOVES_OVER);
}

static int move_pictures_of(void *arg, struct prompt_row *row)
{
	if (row->shown)
		publish_picture_moves(arg, row);
	return 0;
}

/* One that was intended.  last: what its new name was renamed to since, or that name. */
struct move { bool is_dir; char *from, *to, *last; struct picture_folders folders; };

static void repeat_move(struct engine *e, const struct move *m)
{
	cleanup_prompt_row struct prompt_row row = { 0 };

	if (m->is_dir) {
		publish_folder_moves(e, &m->folders, m->from, m->to);
		return;
	}
	cleanup_free char *stem = stem_of(m->to);
	publish_history_move(e, m->from, stem, NULL);
	if (e->journal->prompt_by_path(e->journal, m->last, &row) > 0 && strcmp(row.stem, m->from) != 0)
		publish_current_moves(e, &row, m->from);
}

static void follow_later_move(struct move *m, const struct move *later)
{
	cleanup_free char *stem = stem_of(m->last);
	char *to = NULL;

	if (later->is_dir)
		to = path_after_rename(m->last, later->from, later->to);
	else if (!m->is_dir && strcmp(stem, later->from) == 0)
		to = xstrdup(later->to);
	if (!to)
		return;
	free(m->last);
	m->last = to;
}

static bool read_move(const char **at, struct move *m)
{
	cleanup_free char *kind = next_word(at), *from = next_word(at), *to = next_word(at);

	if (!to)
		return false;
	*m = (struct move){ .is_dir = strcmp(kind, "folder") == 0, .from = name_of(from), .to = name_of(to) };
	m->last = xstrdup(m->to);
	return true;
}

static void move_release(struct move *m)
{
	free(m->from);
	free(m->to);
	free(m->last);
}

/* What has not followed an earlier rename is still under the name from before that. */
static void link_moves(struct engine *e, struct move *moves, size_t count, struct move *m)
{
	if (m->is_dir)
		m->folders = picture_folders_of(e, m->from);
	for (size_t i = 0; i < count; i++) {
		if (m->is_dir && moves[i].is_dir && strcmp(moves[i].to, m->from) == 0)
			m->folders = moves[i].folders;
		follow_later_move(&moves[i], m);
	}
}

static void repeat_moves(struct engine *e, const char *lines)
{
	struct move *moves = NULL, m;
	size_t count = 0;

	while (read_move(&lines, &m)) {
		if (!m.from || !m.to) {
			move_release(&m);
			continue;
		}
		link_moves(e, moves, count, &m);
		moves = xrealloc(moves, (count + 1) * sizeof(*moves));
		moves[count++] = m;
	}
	for (size_t i = 0; i < count; i++) {
		repeat_move(e, &moves[i]);
		move_release(&moves[i]);
	}
	free(moves);
}

/* --- of renames that the journal could not take */

static void moves_later(struct engine *e, bool is_dir, const char *from, const char *to, const struct picture_folders *f)
{
	struct move m = { is_dir, xstrdup(from), xstrdup(to), xstrdup(to), *f };

	for (size_t i = 0; i < e->late_moves_count; i++)
		follow_later_move(&e->late_moves[i], &m);
	e->late_moves = xrealloc(e->late_moves, (e->late_moves_count + 1) * sizeof(m));
	e->late_moves[e->late_moves_count++] = m;
}

static int intend_late_moves(struct engine *e)
{
	struct journal *db = e->journal;
	int result = db->begin(db);

	kill_point(BEFORE_RENAME);
	for (size_t i = 0; result == 0 && i < e->late_moves_count; i++)
		result = moves_intended(e, e->late_moves[i].from, e->late_moves[i].to, e->late_moves[i].is_dir);
	if (result == 0)
		result = db->commit(db);
	kill_point(AFTER_RENAME);
	if (result < 0)
		db->rollback(db);
	return result;
}

void moves_take_up(struct engine *e)
{
	if (!e->late_moves_count || intend_late_moves(e) < 0)
		return;
	size_t count = e->late_moves_count;
	e->late_moves_count = 0;
	for (size_t i = 0; i < count; i++) {
		repeat_move(e, &e->late_moves[i]);
		move_release(&e->late_moves[i]);
	}
	moves_settle(e);
}

void moves_free(struct engine *e)
{
	for (size_t i = 0; i < e->late_moves_count; i++)
		move_release(&e->late_moves[i]);
	free(e->late_moves);
}

void moves_restore(struct engine *e)
{
	cleanup_free char *intended = NULL;

	if (e->journal->fact_get(e->journal, moves_fact, &intended) <= 0)
		return;
	repeat_moves(e, intended);
	/* A folder may have been moved, and its pictures' rows not. */
	e->journal->prompts_under(e->journal, "", move_pictures_of, e);
	moves_settle(e);
}

/* --- the record --- */

struct rename { char *from, *to; bool is_dir; };
struct folder_rename { struct engine *e; const struct rename *r; };

char *path_after_rename(const char *path, const char *from, const char *to)
{
	size_t len = strlen(from);

	if (strncmp(path, from, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return xasprintf("%s%s", to, path + len);
}

static void rename_prompt(struct engine *e, struct prompt *p, const struct rename *r)
{
	char *to = p->row.gone_ms ? NULL : path_after_rename(p->row.path, r->from, r->to);

	if (!to)
		return;
	prompt_unhash(e, p);
	free(p->row.path);
	free(p->row.stem);
	p->row.path = to;
	p->row.stem = stem_of(to);
	prompt_hash(e, p);
	prompt_dirty(e, p);      /* written once more, should the rename's own transaction fail */
}

static void rename_in_memory(struct engine *e, const struct rename *r)
{
	struct prompt *p = r->is_dir ? NULL : prompt_in_memory(e, r->from), *tmp;

	if (p)
		rename_prompt(e, p, r);
	if (r->is_dir)
		HASH_ITER(hh, e->prompts, p, tmp)
			rename_prompt(e, p, r);
}

/* What stood under the new name gives way to the newcomer with its record. */
static void rename_replaces(struct engine *e, struct prompt *p)
{
	struct journal *db = e->journal;
	int64_t id = p->row.id;

	p->row.gone_ms = clock_wall_ms();
	kill_point(BEFORE_REPLACED);
	if (db->begin(db) < 0 || db->prompt_save(db, &p->row) < 0 || db->commit(db) < 0) {
		db->rollback(db);
		p->row.id = id;
		prompt_dirty(e, p);   /* written once more */
	}
	kill_point(AFTER_REPLACED);
	prompt_grace_over(e, p);
}

static bool rename_in_journal(struct engine *e, const struct rename *r)
{
	struct journal *db = e->journal;
	cleanup_free char *old_stem = stem_of(r->from);

	/* What an earlier one could not say comes first. */
	if (e->journal_retry || e->late_moves_count || db->begin(db) < 0)
		return false;
	kill_point(BEFORE_RENAME);
	bool done = moves_intended(e, r->is_dir ? r->from : old_stem, r->to, r->is_dir) == 0 &&
	            db->prompts_rename(db, r->from, r->to) == 0 && db->commit(db) == 0;
	kill_point(AFTER_RENAME);
	if (!done)
		db->rollback(db);
	return done;
}

static int rename_row_in_memory(void *arg, struct prompt_row *row)
{
	const struct folder_rename *f = arg;
	cleanup_free char *to = path_after_rename(row->path, f->r->from, f->r->to);
	struct prompt *p = prompt_in_memory(f->e, to);

	if (p && p->row.id == row->id)
		return 0;             /* renamed already */
	if ((p = prompt_get(f->e, row->path)))
		rename_prompt(f->e, p, f->r);
	return 0;
}

/* The journal cannot be written now: with all of them in memory, the rows are right when it can. */
static void rename_in_memory_only(struct engine *e, const struct rename *r)
{
	struct folder_rename f = { e, r };

	if (r->is_dir)
		e->journal->prompts_under(e->journal, r->from, rename_row_in_memory, &f);
}

/* folders: those of the pictures, for a folder. */
static void rename_record(struct engine *e, const struct rename *r, const struct picture_folders *folders)
{
	struct journal *db = e->journal;
	cleanup_prompt_row struct prompt_row row = { 0 };
	cleanup_free char *old_stem = stem_of(r->from);

	engine_flush(e);
	rename_in_memory(e, r);
	if (!rename_in_journal(e, r)) {
		rename_in_memory_only(e, r);
		moves_later(e, r->is_dir, r->is_dir ? r->from : old_stem, r->to, folders);
		return;
	}
	if (r->is_dir)
		publish_folder_moves(e, folders, r->from, r->to);
	else if (db->prompt_by_path(db, r->to, &row) > 0)
		publish_moves(e, &row, old_stem);
}

static struct rename *rename_new(const char *from, const char *to, bool is_dir)
{
	struct rename *r = xmalloc(sizeof(*r));

	*r = (struct rename){ xstrdup(from), xstrdup(to), is_dir };
	return r;
}

static void rename_free(struct rename *r)
{
	free(r->from);
	free(r->to);
	free(r);
}

static void take_renamed(struct engine *e, void *arg)
{
	struct rename *r = arg;
	struct picture_folders folders = picture_folders_of(e, r->from);
	struct prompt *replaced;

	/* A file without a record that is put in a prompt's place is an edit of that prompt. */
	bool recorded = r->is_dir || prompt_get(e, r->from);
	if (recorded && (replaced = prompt_get(e, r->to)))
		rename_replaces(e, replaced);
	if (recorded)
		rename_record(e, r, &folders);
	moves_settle(e);
	waiters_follow(e, r->from, r->to);
	view_changed(e, r->to, true);
	rename_free(r);
}

void engine_renamed(struct engine *e, const char *from, const char *to, bool is_dir)
{
	engine_post(e, take_renamed, rename_new(from, to, is_dir));
}

/* A hidden name beside it that nobody has: pictures stay there until the other's have gone. */
static char *name_between(const struct rename *r)
{
	static unsigned count;        /* engine thread */
	const char *slash = strrchr(r->from, '/');
	int folder = slash ? (int)(slash + 1 - r->from) : 0;

	return xasprintf("%.*s.exchange-%lld-%u%s", folder, r->from, (long long)clock_wall_ms(), ++count,
	                 r->is_dir ? "" : ".txt");
}

static void exchange_step(struct engine *e, const char *from, const char *to, bool is_dir,
                          const struct picture_folders *folders)
{
	struct rename *step = rename_new(from, to, is_dir);

	rename_record(e, step, folders);
	waiters_follow(e, from, to);
	rename_free(step);
}

static void take_exchanged(struct engine *e, void *arg)
{
	struct rename *r = arg;
	struct picture_folders a = picture_folders_of(e, r->from), b = picture_folders_of(e, r->to);
	cleanup_free char *between = name_between(r);

	if (r->is_dir || (prompt_get(e, r->from) && prompt_get(e, r->to))) {
		exchange_step(e, r->from, between, r->is_dir, &a);
		exchange_step(e, r->to, r->from, r->is_dir, &b);
		exchange_step(e, between, r->to, r->is_dir, &a);
	}
	moves_settle(e);
	view_changed(e, r->from, true);
	view_changed(e, r->to, true);
	rename_free(r);
}

void engine_exchanged(struct engine *e, const char *a, const char *b, bool is_dir)
{
	engine_post(e, take_exchanged, rename_new(a, b, is_dir));
}
