#include "prompt.h"

#include "request.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include <utf8proc.h>

static const char *const suffixes[] = { ".txt", ".md", ".prompt" };
static const char *const reserved[] = { "out", "status", "wait", "history", "ask", ".easelfs" };
/* What lies about in folders of any kind and is not meant for us; any case. */
static const char *const bystanders[] = {
	"README*", "LICENSE*", "COPYING*", "CHANGELOG*", "CONTRIBUTING*", "CMakeLists.txt",
	"requirements*.txt", "robots.txt"
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Bytes of the suffix that makes it a prompt; 0 if it has none. */
static size_t suffix_len(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_ends_with(name, suffixes[i]) && strlen(name) > strlen(suffixes[i]))
			return strlen(suffixes[i]);
	return 0;
}

static bool is_bystander(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(bystanders); i++)
		if (!fnmatch(bystanders[i], name, FNM_CASEFOLD))
			return true;
	return false;
}

bool prompt_path_is_reserved(const char *path)
{
	size_t len = strcspn(path, "/");

	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (strlen(reserved[i]) == len && !memcmp(reserved[i], path, len))
			return true;
	return false;
}

static bool is_quiet_folder(const char *name, size_t len)
{
	if (name[0] == '.' || (len == 4 && !memcmp(name, "refs", 4)))
		return true;
	return len >= 5 && !memcmp(name + len - 5, ".refs", 5);
}

/* Whether a folder on the way keeps what is under it from being prompts. */
static bool is_in_quiet_folder(const char *path)
{
	const char *slash;

	for (; (slash = strchr(path, '/')); path = slash + 1)
		if (is_quiet_folder(path, (size_t)(slash - path)))
			return true;
	return false;
}

enum prompt_kind prompt_name_kind(const char *path)
{
	const char *name = base_name(path);

	if (prompt_path_is_reserved(path) || is_in_quiet_folder(path))
		return PROMPT_OTHER;
	if (!strcmp(name, ".defaults"))
		return PROMPT_DEFAULTS;
	if (name[0] == '.' || name[0] == '#' || !suffix_len(name) || is_bystander(name))
		return PROMPT_OTHER;
	return PROMPT_FILE;
}

bool prompt_path_is_prompt(const char *path)
{
	return prompt_name_kind(path) == PROMPT_FILE;
}

char *prompt_stem(const char *path)
{
	return xstrndup(path, strlen(path) - suffix_len(base_name(path)));
}

int prompt_check_stem(const char *path, struct error *err)
{
	const char *name = base_name(path);
	size_t len = strlen(name) - suffix_len(name);

	if (len <= PROMPT_STEM_MAX)
		return 0;
	return error_set(err, ENAMETOOLONG, "rename the prompt to something shorter",
	                 "the name has %zu bytes without its suffix: up to %d are possible, as the names of "
	                 "its pictures are longer", len, PROMPT_STEM_MAX);
}

/* The line, counted from 1, that a byte lies on. */
static size_t line_of(const char *bytes, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += bytes[i] == '\n';
	return line;
}

static int check_utf8(const char *bytes, size_t len, struct error *err)
{
	utf8proc_int32_t point;

	for (size_t at = 0; at < len;) {
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
		                                         (utf8proc_ssize_t)(len - at), &point);

		if (step < 1)
			return error_set(err, EINVAL, "save the file as UTF-8", "the file is not UTF-8 (line %zu, byte 0x%02x)",
			                 line_of(bytes, at), (unsigned char)bytes[at]);
		at += (size_t)step;
	}
	return 0;
}

static int check_bytes(const char *bytes, size_t len, struct error *err)
{
	if (len > PROMPT_BYTES_MAX)
		return error_set(err, EINVAL, "shorten it, or give it a name that does not end with .txt, .md or .prompt",
		                 "the file has %zu bytes: a prompt has up to 1 MiB", len);
	if (len >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
		return error_set(err, EINVAL, "save the file as UTF-8", "the file is UTF-16");
	const char *nul = memchr(bytes, '\0', len);
	if (nul)
		return error_set(err, EINVAL, "save the file as plain UTF-8 text", "the file is no text: line %zu has a NUL byte",
		                 line_of(bytes, (size_t)(nul - bytes)));
	return check_utf8(bytes, len, err);
}

/* LF for CRLF, without blank lines before and white space behind. */
static char *clean_text(const char *text, const char *end)
{
	struct buf b = BUF_INIT;
	const char *at = text;

	while (at < end && strchr(" \t\r\n", *at))
		if (*at++ == '\n')
			text = at;
	if (at == end)
		return xstrdup("");
	for (; text < end; text++)
		if (*text != '\r' || text + 1 == end || text[1] != '\n')
			buf_chr(&b, *text);
	while (b.len && strchr(" \t\r\n", b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	return buf_steal(&b);
}

struct line { const char *text; size_t len; };

/* The line at *at, without white space behind it; *at moves to the next. */
static struct line take_line(const char **at, const char *end)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	struct line line = { *at, (size_t)((lf ? lf : end) - *at) };

	*at = lf ? lf + 1 : end;
	while (line.len && strchr(" \t\r", line.text[line.len - 1]))
		line.len--;
	return line;
}

static bool is_fence(struct line line)
{
	return line.len == 3 && !memcmp(line.text, "---", 3);
}

/* Whether it is `Name: value` with a name that we know. */
static bool is_known_header(struct line line)
{
	const char *colon = memchr(line.text, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.text) : 0;

	while (len && strchr(" \t", line.text[len - 1]))
		len--;
	cleanup_free char *name = xstrndup(line.text, len);
	return len && setting_is_known(name);
}

/* YAML's quotes around a front matter's value. */
static void strip_quotes(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || value[0] != value[len - 1] || (value[0] != '"' && value[0] != '\''))
		return;
	memmove(value, value + 1, len - 2);
	value[len - 2] = '\0';
}

/* From behind the first `---` to the next one; *rest is set behind that. */
static int read_fenced(const char *text, const char *end, const char **rest, struct settings *out,
                       struct error *err)
{
	const char *at = text, *close = NULL;
	struct nv r;
	int rc = 0;

	while (at < end && !close) {
		const char *begin = at;

		if (is_fence(take_line(&at, end)))
			close = begin;
	}
	if (!close)
		return error_set(err, EINVAL, "add it; if `---` belongs to the prompt, put an empty line before it",
		                 "the header block that begins with `---` in line 1 has no second `---`");
	*rest = at;
	nv_init(&r, text, (size_t)(close - text), 0);
	r.next_line = 2;
	/* A blank line ends nothing here, so there may be several blocks. */
	while (!rc && (r.text < r.end))
		while (!rc && (rc = nv_next(&r, err)) > 0) {
			if (strncasecmp(r.name, "metadata.", 9))
				strip_quotes(r.value);
			rc = settings_set(out, r.name, r.value, err);
		}
	nv_release(&r);
	return rc;
}

static int read_block(const char *text, const char *end, const char **rest, struct settings *out,
                      struct error *err)
{
	struct nv r;
	int rc = 0;

	nv_init(&r, text, (size_t)(end - text), 0);
	while (!rc && (rc = nv_next(&r, err)) > 0)
		rc = settings_set(out, r.name, r.value, err);
	*rest = r.text;
	nv_release(&r);
	return rc;
}

/* A name that is none makes all of it prompt, as `Note: a cat` is one.  Where it is nearly one, and stands as headers
 * do, somebody should know. */
static void note_near_header(struct line first, const char *second, const char *end, struct prompt *out)
{
	const char *colon = memchr(first.text, ':', first.len), *at = second;
	cleanup_free char *name = colon ? xstrndup(first.text, (size_t)(colon - first.text)) : NULL;
	cleanup_free char *near = name ? setting_nearest(name) : NULL;

	while (near && at < end)
		if (!take_line(&at, end).len && at < end) {
			out->note = xasprintf("the first lines are part of the prompt, as \"%s\" is no header; did you mean \"%s\"?",
			                      name, near);
			return;
		}
}

static int parse(const char *text, const char *end, struct prompt *out, struct error *err)
{
	const char *second = text, *rest = text;
	struct line first = take_line(&second, end);
	bool fenced = is_fence(first), headed = fenced || is_known_header(first);
	int rc = 0;

	if (fenced)
		rc = read_fenced(second, end, &rest, &out->settings, err);
	else if (headed)
		rc = read_block(text, end, &rest, &out->settings, err);
	if (rc)
		return rc;
	out->text = clean_text(rest, end);
	if (!headed)
		note_near_header(first, second, end, out);
	out->headers_only = headed && !*out->text;
	out->blank = !headed && !*out->text;
	return out->headers_only ? request_check_values(&out->settings, err) : 0;
}

int prompt_parse(const char *bytes, size_t len, struct prompt *out, struct error *err)
{
	*out = (struct prompt){ 0 };
	bytes = len ? bytes : "";
	int rc = check_bytes(bytes, len, err);
	if (rc)
		return rc;
	size_t bom = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
	rc = parse(bytes + bom, bytes + len, out, err);
	if (rc)
		prompt_release(out);
	return rc;
}

void prompt_release(struct prompt *p)
{
	settings_release(&p->settings);
	free(p->note);
	free(p->text);
	*p = (struct prompt){ 0 };
}

static int take_value(const struct nv *r, struct settings *out, char **pattern, struct error *err)
{
	if (r->section)
		return error_set(err, EINVAL, "sections belong into the configuration",
		                 "it stands under [%s], and `.defaults` has no sections", r->section);
	if (strcasecmp(r->name, "prompts"))
		return settings_set(out, r->name, r->value, err);
	if (*pattern)
		return error_set(err, EINVAL, "keep one of the two lines", "header \"prompts\" is set twice");
	*pattern = xstrdup(r->value);
	return 0;
}

/* One line of a `.defaults` file. */
static int take_default(const char *name, const struct nv *r, struct settings *out, char **pattern,
                        struct error *err)
{
	cleanup_free char *place = xasprintf("%s:%d", name, r->line);
	cleanup_error struct error inner = ERROR_INIT;

	out->place = place;
	int rc = take_value(r, out, pattern, &inner);
	out->place = NULL;
	return rc ? error_set(err, inner.code, inner.hint, "%s: %s", place, inner.text) : 0;
}

static int read_lines(const char *name, struct nv *r, struct settings *out, char **pattern, struct error *err)
{
	cleanup_error struct error inner = ERROR_INIT;
	int rc = 0;

	while (!rc && (rc = nv_next(r, &inner)) > 0)
		rc = take_default(name, r, out, pattern, err);
	return inner.text ? error_set(err, inner.code, inner.hint, "%s: %s", name, inner.text) : rc;
}

int defaults_parse(const char *name, const char *bytes, size_t len, struct settings *out, char **pattern,
                   struct error *err)
{
	cleanup_error struct error inner = ERROR_INIT;
	struct nv r;

	*out = (struct settings){ 0 };
	*pattern = NULL;
	bytes = len ? bytes : "";
	int rc = check_bytes(bytes, len, &inner);
	if (rc)
		return error_set(err, inner.code, inner.hint, "%s: %s", name, inner.text);
	nv_init(&r, bytes, len, NV_CONFIG);
	rc = read_lines(name, &r, out, pattern, err);
	nv_release(&r);
	if (rc) {
		settings_release(out);
		cleanup_free_(pattern);
		*pattern = NULL;
	}
	return rc;
}

bool defaults_allow(const char *pattern, const char *basename)
{
	cleanup_free char *word = NULL;

	if (!pattern || !*pattern)
		return true;
	for (; (word = next_word(&pattern)); cleanup_free_(&word))
		if (strcmp(word, "none") && !fnmatch(word, basename, 0))
			return true;
	return false;
}

bool prompt_folder_is_walked(const char *path)
{
	cleanup_free char *any = xasprintf("%s%sx.txt", path, *path ? "/" : "");

	return prompt_path_is_prompt(any);
}
