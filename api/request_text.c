#include "request_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

/*
 * The canonical text.  It must stay as it is: a changed byte is a changed digest, and every prompt
 * that is saved again would be paid for again.  New fields are therefore written only when they are
 * set, and at the end of the table.
 */
enum field_kind { FIELD_TEXT, FIELD_DOUBLE, FIELD_LONG, FIELD_INT, FIELD_UNSIGNED, FIELD_YES, FIELD_NO,
                  FIELD_PEOPLE, FIELD_THRESHOLD };
struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	bool decides;             /* part of the digest */
};

#define AT(member) offsetof(struct request, member)
static const struct field fields[] = {
	{ "ratio", FIELD_TEXT, AT(ratio), true },
	{ "resolution", FIELD_TEXT, AT(resolution), true },
	{ "width", FIELD_UNSIGNED, AT(width), false },
	{ "height", FIELD_UNSIGNED, AT(height), false },
	{ "n", FIELD_UNSIGNED, AT(n), true },
	{ "system", FIELD_TEXT, AT(system), true },
	{ "temperature", FIELD_DOUBLE, AT(temperature), true },
	{ "top-p", FIELD_DOUBLE, AT(top_p), true },
	{ "top-k", FIELD_LONG, AT(top_k), true },
	{ "max-output-tokens", FIELD_LONG, AT(max_output_tokens), true },
	{ "candidates", FIELD_LONG, AT(candidates), true },
	{ "modalities", FIELD_TEXT, AT(modalities), true },
	{ "format", FIELD_TEXT, AT(format), true },
	{ "quality", FIELD_INT, AT(quality), true },
	{ "people", FIELD_PEOPLE, AT(people), true },
	{ "safety-hate", FIELD_THRESHOLD, AT(safety[HARM_HATE]), true },
	{ "safety-dangerous", FIELD_THRESHOLD, AT(safety[HARM_DANGEROUS]), true },
	{ "safety-sexual", FIELD_THRESHOLD, AT(safety[HARM_SEXUAL]), true },
	{ "safety-harassment", FIELD_THRESHOLD, AT(safety[HARM_HARASSMENT]), true },
	{ "thinking-level", FIELD_TEXT, AT(thinking_level), true },
	{ "thinking-budget", FIELD_LONG, AT(thinking_budget), true },
	{ "search-web", FIELD_YES, AT(search_web), true },
	{ "search-image", FIELD_YES, AT(search_image), true },
	{ "reuse", FIELD_NO, AT(reuse), false },
	{ "note", FIELD_TEXT, AT(note), false },
	/* What was decided when it was read, whatever the table says by now. */
	{ "share", FIELD_UNSIGNED, AT(share), false },
	{ "wire", FIELD_TEXT, AT(wire), false },
};

enum purpose { FOR_JOURNAL, FOR_DIGEST };

/* One line, whatever is in it: backslash, control characters, and blanks at both ends are escaped. */
static void add_escaped(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool edge = i == 0 || i == len - 1;

		if (c == '\\')
			buf_str(out, "\\\\");
		else if (c < ' ' || c == 0x7f || (c == ' ' && edge))
			buf_fmt(out, "\\x%02x", c);
		else
			buf_chr(out, (char)c);
	}
}

/* NULL if it is not what add_escaped() writes. */
static char *unescaped(const char *text)
{
	cleanup_buf struct buf b = BUF_INIT;

	for (; *text; text++) {
		if (*text != '\\') {
			buf_chr(&b, *text);
		} else if (text[1] == '\\') {
			buf_chr(&b, '\\');
			text++;
		} else {
			char hex[3] = { 0 }, c;

			if (text[1] != 'x' || !text[2] || !text[3])
				return NULL;
			memcpy(hex, text + 2, 2);
			if (hex_decode(hex, &c, 1) || !c)
				return NULL;
			buf_chr(&b, c);
			text += 3;
		}
	}
	return buf_steal(&b);
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_fmt(out, "%s: ", name);
	add_escaped(out, text);
	buf_chr(out, '\n');
}

/* The shortest digits that read back as the same number. */
static void add_double(struct buf *out, const char *name, double x)
{
	char digits[40];

	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, x);
		if (strtod(digits, NULL) == x)
			break;
	}
	buf_fmt(out, "%s: %s\n", name, digits);
}

static void add_word(struct buf *out, const char *name, const char *word)
{
	if (word)
		buf_fmt(out, "%s: %s\n", name, word);
}

static void add_field(struct buf *out, const struct request *r, const struct field *f)
{
	const void *at = (const char *)r + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		if (*(char *const *)at)
			add_text(out, f->name, *(char *const *)at);
		return;
	case FIELD_DOUBLE:
		if (!isnan(*(const double *)at))
			add_double(out, f->name, *(const double *)at);
		return;
	case FIELD_LONG:
		if (*(const long *)at >= 0)
			buf_fmt(out, "%s: %ld\n", f->name, *(const long *)at);
		return;
	case FIELD_INT:
		if (*(const int *)at >= 0)
			buf_fmt(out, "%s: %d\n", f->name, *(const int *)at);
		return;
	case FIELD_UNSIGNED:
		if (*(const unsigned *)at)
			buf_fmt(out, "%s: %u\n", f->name, *(const unsigned *)at);
		return;
	case FIELD_YES:
		add_word(out, f->name, *(const bool *)at ? "yes" : NULL);
		return;
	case FIELD_NO:
		add_word(out, f->name, *(const bool *)at ? NULL : "no");
		return;
	case FIELD_PEOPLE:
		add_word(out, f->name, people_words[*(const enum people *)at]);
		return;
	case FIELD_THRESHOLD:
		add_word(out, f->name, threshold_words[*(const enum threshold *)at]);
		return;
	}
}

/* `url HASH NAME`, or `file HASH SIZE MIME NAME`; for the digest neither a file's name nor size. */
static void add_reference(struct buf *out, const struct reference *ref, enum purpose purpose)
{
	char hash[65];

	hex_encode(ref->sha256, sizeof(ref->sha256), hash);
	buf_fmt(out, "reference: %s %s", ref->is_url ? "url" : "file", hash);
	if (purpose == FOR_JOURNAL && !ref->is_url)
		buf_fmt(out, " %llu %s", (unsigned long long)ref->size, ref->mime ? ref->mime : "-");
	if (purpose == FOR_JOURNAL || ref->is_url) {
		buf_chr(out, ' ');
		add_escaped(out, ref->name);
	}
	buf_chr(out, '\n');
}

static void add_metadata(struct buf *out, const struct request *r)
{
	for (size_t i = 0; i < r->metadata_count; i++) {
		buf_fmt(out, "metadata.%s: ", r->metadata[i].name);
		add_escaped(out, r->metadata[i].json);
		buf_chr(out, '\n');
	}
}

static void write_for(const struct request *r, struct buf *out, enum purpose purpose)
{
	buf_str(out, "request: 1\n");
	if (purpose == FOR_JOURNAL)
		buf_fmt(out, "model: %s %s\n", r->model->provider, r->model->name);
	buf_fmt(out, "provider: %s\n", r->provider->name);
	add_text(out, "id", r->model->id);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].decides || purpose == FOR_JOURNAL)
			add_field(out, r, &fields[i]);
	add_metadata(out, r);
	for (size_t i = 0; i < r->references_count; i++)
		add_reference(out, &r->references[i], purpose);
	buf_fmt(out, "\n%s", r->prompt);
}

void request_write(const struct request *r, struct buf *out)
{
	write_for(r, out, FOR_JOURNAL);
}

void request_settings(const struct request *r, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].decides)
			add_field(out, r, &fields[i]);
	add_metadata(out, r);
	for (size_t i = 0; i < r->references_count; i++)
		add_text(out, "reference", r->references[i].name);
}

void request_digest(const struct request *r, uint8_t digest[32])
{
	cleanup_buf struct buf text = BUF_INIT;

	write_for(r, &text, FOR_DIGEST);
	if (!EVP_Digest(text.data, text.len, digest, NULL, EVP_sha256(), NULL))
		BUG("SHA-256 is not available");
}

static bool read_words(const char *const *words, size_t count, const char *value, int *out)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && !strcmp(words[i], value)) {
			*out = (int)i;
			return true;
		}
	return false;
}

static bool read_long(const char *value, long max, long *out)
{
	char *end;

	if (!*value || value[strspn(value, "0123456789")])
		return false;
	errno = 0;
	*out = strtol(value, &end, 10);
	return !*end && !errno && *out <= max;
}

static bool read_text(char **out, const char *value)
{
	char *text = unescaped(value);

	if (!text || *out) {
		free(text);
		return false;
	}
	*out = text;
	return true;
}

static bool read_field(struct request *r, const struct field *f, const char *value)
{
	void *at = (char *)r + f->offset;
	char *end;
	long whole = 0;
	int word = 0;

	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(at, value);
	case FIELD_DOUBLE:
		*(double *)at = strtod(value, &end);
		return *value && !*end;
	case FIELD_LONG:
		return read_long(value, INT32_MAX, at);
	case FIELD_INT:
		if (!read_long(value, INT32_MAX, &whole))
			return false;
		*(int *)at = (int)whole;
		return true;
	case FIELD_UNSIGNED:
		if (!read_long(value, INT32_MAX, &whole))
			return false;
		*(unsigned *)at = (unsigned)whole;
		return true;
	case FIELD_YES:
		*(bool *)at = true;
		return !strcmp(value, "yes");
	case FIELD_NO:
		*(bool *)at = false;
		return !strcmp(value, "no");
	case FIELD_PEOPLE:
		if (!read_words(people_words, PEOPLE_NONE + 1, value, &word))
			return false;
		*(enum people *)at = (enum people)word;
		return true;
	case FIELD_THRESHOLD:
		if (!read_words(threshold_words, THRESHOLD_HIGH + 1, value, &word))
			return false;
		*(enum threshold *)at = (enum threshold)word;
		return true;
	}
	return false;
}

static bool read_reference(struct request *r, const char *value)
{
	struct reference ref = { 0 };
	cleanup_free char *kind = next_word(&value);
	cleanup_free char *hash = next_word(&value);
	cleanup_free char *size = NULL, *mime = NULL;
	long bytes = 0;

	if (!kind || !hash || hex_decode(hash, ref.sha256, sizeof(ref.sha256)))
		return false;
	ref.is_url = !strcmp(kind, "url");
	if (!ref.is_url) {
		size = next_word(&value);
		mime = next_word(&value);
		if (strcmp(kind, "file") || !mime || !read_long(size, INT64_MAX, &bytes))
			return false;
	}
	ref.size = (uint64_t)bytes;
	if (*value != ' ' || !read_text(&ref.name, value + 1))
		return false;
	if (mime && strcmp(mime, "-"))
		ref.mime = steal_pointer(&mime);
	r->references = xrealloc(r->references, (r->references_count + 1) * sizeof(*r->references));
	r->references[r->references_count++] = ref;
	return true;
}

static bool read_metadata(struct request *r, const char *name, const char *value)
{
	char *json = unescaped(value);

	if (!json)
		return false;
	r->metadata = xrealloc(r->metadata, (r->metadata_count + 1) * sizeof(*r->metadata));
	r->metadata[r->metadata_count].name = xstrdup(name);
	r->metadata[r->metadata_count++].json = json;
	return true;
}

/* The three names of a row; they are looked up when all lines are read. */
struct names { char *row, *provider, *id; };

static void names_release(struct names *n)
{
	free(n->row);
	free(n->provider);
	free(n->id);
}

static bool read_line(struct request *r, struct names *names, const struct nv *nv)
{
	static const char metadata[] = "metadata.";

	if (!strcmp(nv->name, "request"))
		return !strcmp(nv->value, "1");
	if (!strcmp(nv->name, "model"))
		return read_text(&names->row, nv->value);
	if (!strcmp(nv->name, "provider"))
		return read_text(&names->provider, nv->value);
	if (!strcmp(nv->name, "id"))
		return read_text(&names->id, nv->value);
	if (!strcmp(nv->name, "reference"))
		return read_reference(r, nv->value);
	if (str_starts_with(nv->name, metadata))
		return read_metadata(r, nv->name + sizeof(metadata) - 1, nv->value);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!strcmp(nv->name, fields[i].name))
			return read_field(r, &fields[i], nv->value);
	return false;
}

/* By name at that provider; or, when the row was renamed, by the id that was asked for. */
static int look_up(struct models *models, const struct names *n, struct request *r, struct error *err)
{
	const char *at = n->row ? n->row : "";
	cleanup_free char *provider = next_word(&at), *name = next_word(&at);

	if (!name || !n->provider || !n->id)
		return error_set(err, EINVAL, NULL, "the record of the request names no model");
	r->model = models_model(models, name, provider);
	if (!r->model)
		r->model = models_model(models, n->id, provider);
	if (!r->model)
		return error_set(err, EINVAL, "add it to the configuration again, or cancel the task",
		                 "the model \"%s\" of the provider \"%s\" is not in the table any more", name, provider);
	r->provider = models_provider(models, n->provider);
	if (!r->provider)
		return error_set(err, EINVAL, "add it to the configuration again, or cancel the task",
		                 "the provider \"%s\" is not in the table any more", n->provider);
	return 0;
}

static int read_lines(struct nv *nv, struct names *names, struct request *r, struct error *err)
{
	int rc;

	while ((rc = nv_next(nv, err)) > 0)
		if (!read_line(r, names, nv))
			return error_set(err, EINVAL, NULL, "the record of the request is damaged in line %d (%s)",
			                 nv->line, nv->name);
	if (!rc)
		r->prompt = xstrndup(nv->text, (size_t)(nv->end - nv->text));
	return rc;
}

enum demand { ROW_NEEDED, ROW_WELCOME };

static int read_for(struct models *models, const char *text, size_t len, enum demand demand, struct request *out,
                    struct error *err)
{
	struct names names = { 0 };
	struct nv nv;

	request_init(out);
	nv_init(&nv, text, len, 0);
	int rc = read_lines(&nv, &names, out, err);
	if (!rc && look_up(models, &names, out, err) < 0)
		rc = demand == ROW_NEEDED ? -EINVAL : 0;
	nv_release(&nv);
	names_release(&names);
	if (rc) {
		request_release(out);
		return rc;
	}
	out->models = models_ref(models);
	return 0;
}

int request_read(struct models *models, const char *text, size_t len, struct request *out,
                 struct error *err)
{
	return read_for(models, text, len, ROW_NEEDED, out, err);
}

int request_recall(struct models *models, const char *text, size_t len, struct request *out)
{
	return read_for(models, text, len, ROW_WELCOME, out, NULL);
}
