#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { BAR_WIDTH = 10, PLAIN_BAR_WIDTH = 20, PROMPT_WIDTH = 32, PROMPT_WIDTH_MIN = 8, STATE_WIDTH = 12, PLAIN = -1 };

struct table_row {
	char *path, *state;
	char *detail;                 /* why, or the picture, or NULL */
	int progress;                 /* percent, -1 = not known */
	double created;               /* seconds since 1970, 0 = not known */
	double usd;                   /* NAN = not known */
	bool charged;                 /* usd is what the provider said, not what the table of models says */
};

/* --- reading --------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *status, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, name));

	return text && *text ? text : NULL;
}

static double number_of(const cJSON *status, const char *name, double otherwise)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(status, name);

	return cJSON_IsNumber(number) ? number->valuedouble : otherwise;
}

/* What its tasks cost, as far as the provider said so; else what the models' table says. */
static void take_cost(struct table_row *row, const cJSON *status)
{
	const cJSON *task, *tasks = cJSON_GetObjectItemCaseSensitive(status, "tasks");

	row->usd = number_of(status, "price_usd", NAN);
	cJSON_ArrayForEach(task, tasks) {
		double usd = number_of(task, "cost_usd", NAN);

		if (isnan(usd))
			continue;
		row->usd = row->charged ? row->usd + usd : usd;
		row->charged = true;
	}
}

static char *detail_of(const cJSON *status)
{
	const char *picture = cJSON_GetStringValue(cJSON_GetArrayItem(
		cJSON_GetObjectItemCaseSensitive(status, "pictures"), 0));
	const char *said[] = { text_of(status, "waits"), text_of(status, "reason"), picture };

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (said[i])
			return xstrdup(said[i]);
	return NULL;
}

void table_add(struct table *t, const struct target *prompt)
{
	cleanup_buf struct buf text = BUF_INIT;
	cJSON *status = status_read_json(prompt, &text, NULL) ? NULL : cJSON_Parse(text.data);

	if (status && text_of(status, "state")) {
		t->rows = xrealloc(t->rows, (t->count + 1) * sizeof(*t->rows));
		struct table_row *row = &t->rows[t->count++];
		*row = (struct table_row){
			.path = xstrdup(prompt->path), .state = xstrdup(text_of(status, "state")),
			.detail = detail_of(status), .progress = (int)number_of(status, "progress", -1),
			.created = number_of(status, "created", 0),
		};
		take_cost(row, status);
	}
	cJSON_Delete(status);
}

void table_release(struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->rows[i].path);
		free(t->rows[i].state);
		free(t->rows[i].detail);
	}
	free(t->rows);
	*t = (struct table){ 0 };
}

/* --- printing -------------------------------------------------------------------------------- */

/* What a terminal may see of a name, in at most `limit` columns (PLAIN: all of it), filled up to `width`. */
static void print_cell(const char *text, int width, int limit)
{
	cleanup_free char *shown = text_escaped(text);
	int columns = 0;

	for (const char *s = shown; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool begins = (c & 0xc0) != 0x80;

		if (begins && limit != PLAIN && columns + 1 >= limit && s[1]) {
			fputs("…", stdout);
			columns++;
			break;
		}
		columns += begins;
		putchar(c);
	}
	printf("%*s", columns < width ? width - columns : 0, "");
}

static void print_plain(const char *path, const char *state, const char *detail)
{
	print_cell(path, PROMPT_WIDTH, PLAIN);
	printf("  ");
	print_cell(state, STATE_WIDTH, PLAIN);
	printf("  ");
	print_cell(detail, 0, PLAIN);
	printf("\n");
}

/* `#####-----`; the caller frees. */
static char *bar_of(int percent, int width)
{
	struct buf b = BUF_INIT;

	for (int i = 1; i <= width; i++)
		buf_chr(&b, i * 100 <= percent * width ? '#' : '-');
	return buf_steal(&b);
}

static void print_plain_row(const struct table_row *row)
{
	cleanup_free char *bar = bar_of(row->progress, PLAIN_BAR_WIDTH);
	cleanup_free char *progress = row->progress < 0 ? xstrdup("") : xasprintf("%d%% [%s]", row->progress, bar);

	print_plain(row->path, row->state, row->detail ? row->detail : progress);
}

/* `12s`, `3m`, `2h`, `5d`; the caller frees. */
static char *age_of(const struct table_row *row, int64_t now_ms)
{
	static const struct { double seconds; char unit; } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	double age = (double)now_ms / 1000 - row->created;

	if (row->created <= 0)
		return xstrdup("-");
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (age >= units[i].seconds)
			return xasprintf("%.0f%c", floor(age / units[i].seconds), units[i].unit);
	return xasprintf("%.0fs", age > 0 ? floor(age) : 0);
}

static char *cost_of(const struct table_row *row)
{
	if (isnan(row->usd))
		return xstrdup("-");
	if (!row->charged && row->usd <= 0)
		return xstrdup("free");
	return xasprintf("%s%.3f", row->charged ? "" : "~", row->usd);
}

static char *progress_of(const struct table_row *row)
{
	cleanup_free char *bar = bar_of(row->progress, BAR_WIDTH);

	return row->progress < 0 ? xstrdup("") : xasprintf("[%s] %3d%%", bar, row->progress);
}

static bool is_one_of(const char *state, const char *states)
{
	cleanup_free char *word = NULL;

	for (; (word = next_word(&states)); cleanup_free_(&word))
		if (!strcmp(word, state))
			return true;
	return false;
}

static const char *color_of(const char *state)
{
	static const struct { const char *states, *color; } colors[] = {
		{ "completed", "\033[32m" }, { "failed stopped unknown expired", "\033[31m" },
		{ "held deferred", "\033[33m" }, { "draft canceled", "\033[2m" },
	};
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no_color && *no_color) || !term || !strcmp(term, "dumb"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(colors); i++)
		if (is_one_of(state, colors[i].states))
			return colors[i].color;
	return NULL;
}

struct columns { int prompt, detail; };

static void print_columns(const struct table_row *row, const struct columns *w, int64_t now_ms)
{
	cleanup_free char *progress = progress_of(row), *age = age_of(row, now_ms), *cost = cost_of(row);
	const char *color = color_of(row->state);

	print_cell(row->path, w->prompt, w->prompt);
	printf("  %s", color ? color : "");
	print_cell(row->state, STATE_WIDTH, PLAIN);
	printf("%s%-17s %4s %7s  ", color ? "\033[0m" : "", progress, age, cost);
	print_cell(row->detail ? row->detail : "", 0, w->detail);
	printf("\n");
}

static struct winsize terminal_size(void)
{
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return (struct winsize){ 0 };
	if (!size.ws_col)
		size.ws_col = 80;
	if (!size.ws_row)
		size.ws_row = 24;
	return size;
}

unsigned terminal_lines(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") != 0 ? terminal_size().ws_row : 0;
}

/* Names as wide as the longest, then as much of the detail as the line has room for. */
static struct columns columns_for(const struct table *t, int width)
{
	enum { BETWEEN = 2 + STATE_WIDTH + 17 + 1 + 4 + 1 + 7 + 2 };
	struct columns w = { PROMPT_WIDTH_MIN, 0 };

	for (size_t i = 0; i < t->count; i++)
		if ((int)strlen(t->rows[i].path) > w.prompt)
			w.prompt = (int)strlen(t->rows[i].path);
	if (w.prompt > PROMPT_WIDTH)
		w.prompt = PROMPT_WIDTH;
	w.detail = width - w.prompt - BETWEEN;
	if (w.detail < PROMPT_WIDTH_MIN)
		w.detail = PROMPT_WIDTH_MIN;
	return w;
}

/* What is done with comes last; else by name. */
static int by_need(const void *a, const void *b)
{
	static const char over[] = "completed canceled";
	const struct table_row *x = a, *y = b;
	int done = is_one_of(x->state, over) - is_one_of(y->state, over);

	return done ? done : strcmp(x->path, y->path);
}

static void print_on_terminal(struct table *t, size_t max_rows, int width, int64_t now_ms)
{
	struct columns w = columns_for(t, width);
	size_t shown = max_rows && max_rows < t->count ? max_rows - 1 : t->count;

	if (shown < t->count)
		qsort(t->rows, t->count, sizeof(*t->rows), by_need);
	print_cell("PROMPT", w.prompt, PLAIN);
	printf("  %-*s%-17s %4s %7s  DETAIL\n", STATE_WIDTH, "STATE", "PROGRESS", "AGE", "USD");
	for (size_t i = 0; i < shown; i++)
		print_columns(&t->rows[i], &w, now_ms);
	if (shown < t->count)
		printf("… and %zu more\n", t->count - shown);
}

void table_print(struct table *t, size_t max_rows, int64_t now_ms)
{
	struct winsize size = terminal_size();

	if (size.ws_col) {
		print_on_terminal(t, max_rows, size.ws_col, now_ms);
		return;
	}
	print_plain("PROMPT", "STATE", "DETAIL");
	for (size_t i = 0; i < t->count; i++)
		print_plain_row(&t->rows[i]);
}

static bool is_same(const struct table_row *a, const struct table_row *b)
{
	return !strcmp(a->state, b->state) && a->progress == b->progress &&
	       !strcmp(a->detail ? a->detail : "", b->detail ? b->detail : "");
}

static const struct table_row *row_by_path(const struct table *t, const char *path)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->rows[i].path, path))
			return &t->rows[i];
	return NULL;
}

void table_print_changes(struct table *before, struct table *now)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct table_row *row = &now->rows[i];
		/* Mostly it is where it was. */
		const struct table_row *old = i < before->count && !strcmp(before->rows[i].path, row->path)
			? &before->rows[i] : row_by_path(before, row->path);

		if (!old || !is_same(old, row))
			print_plain_row(row);
	}
	table_release(before);
	*before = *now;
	*now = (struct table){ 0 };
}
