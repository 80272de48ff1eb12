#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* --- status ---------------------------------------------------------------------------------- */

struct listing {
	bool json;
	unsigned shown;
	bool failed;
};

/* What a terminal may see of a name. */
static void print_plain(const char *s, int width)
{
	int columns = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		putchar(c < 0x20 || c == 0x7f ? '?' : c);
		columns += (c & 0xc0) != 0x80;
	}
	printf("%*s", columns < width ? width - columns : 0, "");
}

static void print_row(const char *path, const char *state, const char *detail)
{
	print_plain(path, 32);
	printf("  ");
	print_plain(state, 12);
	printf("  ");
	print_plain(detail, 0);
	printf("\n");
}

static int list_row(void *arg, const struct target *t)
{
	struct listing *l = arg;
	cleanup_error struct error err = ERROR_INIT;
	cleanup_status struct status s;

	/* It may have gone since the folder was read. */
	if (status_read(t, &s, &err))
		return 0;
	if (!l->shown++)
		print_row("PROMPT", "STATE", "DETAIL");
	print_row(t->path, s.state, s.reason ? s.reason : s.picture ? s.picture : s.progress ? s.progress : "");
	return 0;
}

static int list_json(void *arg, const struct target *t)
{
	struct listing *l = arg;
	cleanup_error struct error err = ERROR_INIT;
	cleanup_buf struct buf text = BUF_INIT;

	if (read_status_file(t, ".json", &text, &err))
		return 0;
	while (text.len && strchr(" \r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	printf("%s%s", l->shown++ ? ",\n" : "", text.data);
	return 0;
}

/* One prompt, whole. */
static int show_whole(const struct target *t, bool json, struct error *err)
{
	cleanup_buf struct buf text = BUF_INIT;
	int rc = read_status_file(t, json ? ".json" : "", &text, err);

	if (!rc)
		fwrite(text.data, 1, text.len, stdout);
	return rc;
}

static int show_one(struct listing *l, const struct target *t, struct error *err)
{
	int (*each)(void *arg, const struct target *t) = l->json ? list_json : list_row;
	cleanup_status struct status s = { 0 };

	if (t->is_folder)
		return status_walk(t, each, l, err);
	int rc = status_read(t, &s, err);
	return rc ? rc : each(l, t);
}

static void show_listed(struct listing *l, const char *given)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_target struct target t;
	int rc = given ? target_find(given, &t, &err) : target_here(&t, &err);

	if (!rc)
		rc = show_one(l, &t, &err);
	if (rc) {
		cli_fail(&err);
		l->failed = true;
	}
}

static int show_single(const char *given, bool json, bool *is_folder)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_target struct target t;

	*is_folder = false;
	if (target_find(given, &t, &err))
		return cli_fail(&err);
	*is_folder = t.is_folder;
	if (t.is_folder)
		return CLI_OK;
	return show_whole(&t, json, &err) ? cli_fail(&err) : CLI_OK;
}

static int show_list(char *const *paths, int count, bool json)
{
	struct listing l = { .json = json };

	if (json)
		printf("[");
	if (!count)
		show_listed(&l, NULL);
	for (int i = 0; i < count; i++)
		show_listed(&l, paths[i]);
	if (json)
		printf("]\n");
	else if (!l.shown && !l.failed)
		printf("no prompts yet\n");
	return l.failed ? CLI_FAILED : CLI_OK;
}

int cli_status(const struct command_call *call)
{
	bool json = call_has(call, "json");

	if (call->count == 1) {
		bool is_folder;
		int code = show_single(call->operands[0], json, &is_folder);

		if (!is_folder)
			return code;
	}
	return show_list(call->operands, call->count, json);
}
