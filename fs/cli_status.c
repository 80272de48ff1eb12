#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- reading --------------------------------------------------------------------------------- */

int read_whole(const char *path, struct buf *out)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[8192];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -errno : 0;
}

static char *status_file(const struct target *t, const char *suffix)
{
	return xasprintf("%s/status/%s%s", t->root, t->path, suffix);
}

static int refuse_status(const struct target *t, int code, struct error *err)
{
	if (code == ENOENT)
		return error_set(err, code, NULL, "there is no prompt %s in the mount at %s", t->path, t->root);
	if (code == ENOTCONN)
		return error_set(err, code, "mount it again: easelfs mount", "the daemon of the mount at %s is gone",
		                 t->root);
	return error_set(err, code, NULL, "the status of %s cannot be read: %s", t->path, strerror(code));
}

static int read_status_file(const struct target *t, const char *suffix, struct buf *out, struct error *err)
{
	cleanup_free char *path = status_file(t, suffix);
	int rc = read_whole(path, out);

	if (rc)
		return refuse_status(t, -rc, err);
	buf_str(out, "");
	return 0;
}

void status_release(struct status *s)
{
	free(s->state);
	free(s->progress);
	free(s->reason);
	free(s->hint);
	free(s->picture);
	*s = (struct status){ 0 };
}

static void take_line(struct status *s, const char *name, const char *value)
{
	const struct { const char *name; char **to; } wanted[] = {
		{ "state", &s->state }, { "progress", &s->progress },
		{ "reason", &s->reason }, { "hint", &s->hint }, { "picture", &s->picture },
	};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!strcmp(wanted[i].name, name) && !*wanted[i].to)
			*wanted[i].to = xstrdup(value);
}

int status_read(const struct target *t, struct status *out, struct error *err)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct nv r;

	*out = (struct status){ 0 };
	int rc = read_status_file(t, "", &text, err);
	if (rc)
		return rc;
	nv_init(&r, text.data, text.len, 0);
	while (nv_next(&r, NULL) > 0)
		take_line(out, r.name, r.value);
	nv_release(&r);
	if (out->state)
		return 0;
	status_release(out);
	return error_set(err, EIO, NULL, "the status of %s does not name a state", t->path);
}

/* --- walking --------------------------------------------------------------------------------- */

static int is_shown(const struct dirent *e)
{
	return strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && !str_ends_with(e->d_name, ".json");
}

static bool entry_is_folder(const char *folder, const struct dirent *e)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, e->d_name);
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

int status_walk(const struct target *folder, int (*each)(void *arg, const struct target *t), void *arg,
                struct error *err)
{
	cleanup_free char *path = status_file(folder, "");
	struct dirent **entries;
	int count = scandir(path, &entries, is_shown, alphasort), rc = 0;

	if (count < 0)
		return refuse_status(folder, errno, err);
	for (int i = 0; i < count; i++) {
		const char *above = folder->path;
		cleanup_target struct target t = {
			.root = xstrdup(folder->root),
			.path = xasprintf("%s%s%s", above, *above ? "/" : "", entries[i]->d_name),
		};

		if (!rc && entry_is_folder(path, entries[i]))
			rc = status_walk(&t, each, arg, err);
		else if (!rc)
			rc = each(arg, &t);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int status_read_json(const struct target *t, struct buf *out, struct error *err)
{
	return read_status_file(t, ".json", out, err);
}

void status_warn_of_config(const char *root)
{
	cleanup_free char *path = xasprintf("%s/.easelfs/stats", root);
	cleanup_buf struct buf text = BUF_INIT;
	struct nv r;

	if (read_whole(path, &text) || !text.len)
		return;
	nv_init(&r, text.data, text.len, 0);
	while (nv_next(&r, NULL) > 0)
		if (!strcmp(r.name, "config-error"))
			fprintf(stderr, "easelfs: %s\n  correct it; it is read again by itself\n", r.value);
	nv_release(&r);
}

/* --- status ---------------------------------------------------------------------------------- */

/* What was asked for, found. */
struct wanted {
	struct target *targets;
	size_t count;
	bool failed;
};

static void wanted_add(struct wanted *w, const char *given)
{
	cleanup_error struct error err = ERROR_INIT;
	struct target t;
	int rc = given ? target_find(given, &t, &err) : target_here(&t, &err);

	if (rc) {
		cli_fail(&err);
		w->failed = true;
		return;
	}
	w->targets = xrealloc(w->targets, (w->count + 1) * sizeof(*w->targets));
	w->targets[w->count++] = t;
}

static void wanted_find(struct wanted *w, const struct command_call *call)
{
	if (!call->count)
		wanted_add(w, NULL);
	for (int i = 0; i < call->count; i++)
		wanted_add(w, call->operands[i]);
}

static void wanted_release(struct wanted *w)
{
	for (size_t i = 0; i < w->count; i++)
		target_release(&w->targets[i]);
	free(w->targets);
}

static void warn_of_configs(const struct wanted *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!i || strcmp(w->targets[i].root, w->targets[i - 1].root))
			status_warn_of_config(w->targets[i].root);
}

/* Each prompt that was asked for, those in folders too. */
static void wanted_walk(struct wanted *w, int (*each)(void *arg, const struct target *t), void *arg)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct target *t = &w->targets[i];
		cleanup_error struct error err = ERROR_INIT;
		cleanup_status struct status s = { 0 };
		int rc = t->is_folder ? status_walk(t, each, arg, &err) : status_read(t, &s, &err);

		if (rc) {
			cli_fail(&err);
			w->failed = true;
		} else if (!t->is_folder) {
			each(arg, t);
		}
	}
}

static int add_row(void *arg, const struct target *t)
{
	table_add(arg, t);
	return 0;
}

static int print_json(void *arg, const struct target *t)
{
	unsigned *shown = arg;
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf text = BUF_INIT;

	if (status_read_json(t, &text, &err))
		return 0;
	while (text.len && strchr(" \r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	printf("%s%s", (*shown)++ ? ",\n" : "", text.data);
	return 0;
}

static void show_json(struct wanted *w)
{
	unsigned shown = 0;

	printf("[");
	wanted_walk(w, print_json, &shown);
	printf("]\n");
}

static void show_table(struct wanted *w)
{
	cleanup_table struct table table = { 0 };

	wanted_walk(w, add_row, &table);
	if (table.count)
		table_print(&table, 0, clock_wall_ms());
	else if (!w->failed)
		printf("no prompts yet\n");
}

/* One prompt, whole. */
static void show_whole(struct wanted *w, bool json)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf text = BUF_INIT;

	if (read_status_file(&w->targets[0], json ? ".json" : "", &text, &err)) {
		cli_fail(&err);
		w->failed = true;
		return;
	}
	fwrite(text.data, 1, text.len, stdout);
}

/* A walk over many prompts is not repeated all the time. */
static void pause_after(int64_t took_ms)
{
	enum { PAUSE_MS = 1000, REST = 4 };
	int64_t pause = took_ms * REST > PAUSE_MS ? took_ms * REST : PAUSE_MS;

	nanosleep(&(struct timespec){ .tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000 }, NULL);
}

/* Until a signal, or until nothing can be read any more.  Where there is no terminal, each change is a line. */
static void watch(struct wanted *w)
{
	cleanup_table struct table before = { 0 };

	do {
		cleanup_table struct table table = { 0 };
		unsigned lines = terminal_lines();
		int64_t began = clock_mono_ms();

		wanted_walk(w, add_row, &table);
		if (lines) {
			printf("\033[H\033[2J");
			table_print(&table, lines > 3 ? lines - 2 : 1, clock_wall_ms());
		} else {
			table_print_changes(&before, &table);
		}
		if (fflush(stdout))
			w->failed = true;
		if (!w->failed)
			pause_after(clock_mono_ms() - began);
	} while (!w->failed);
}

int cli_status(const struct command_call *call)
{
	struct wanted w = { 0 };
	bool json = call_has(call, "json"), refreshed = call_has(call, "watch");

	if (json && refreshed)
		return command_misused(call, "status takes --json or --watch, not both");
	wanted_find(&w, call);
	warn_of_configs(&w);
	if (refreshed && w.count)
		watch(&w);
	else if (call->count == 1 && w.count && !w.targets[0].is_folder)
		show_whole(&w, json);
	else if (json)
		show_json(&w);
	else
		show_table(&w);
	int code = w.failed ? CLI_FAILED : CLI_OK;
	wanted_release(&w);
	return code;
}
