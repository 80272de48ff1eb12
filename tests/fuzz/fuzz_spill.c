/*
 * Replies in pieces, with limits and failures, and cut off somewhere.
 *
 * The input's first four bytes: which limits are low (bits), two sizes of pieces that take turns, where
 * the reply is cut (in 256ths); the rest is the reply.
 */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes come in parts, and are interrupted. */
static ssize_t part_of_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	static unsigned calls;

	if (++calls % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return pwrite(fd, bytes, calls % 2 ? len : (len + 1) / 2, at);
}
#define pwrite part_of_pwrite
#define SPILL_BLOCK 12
#include "../../api/spill.c"
#include "../../api/spill_picture.c"
#undef pwrite

#include "spill_reference.h"

enum { HEAD_LEN = 4, ADDED_MAX = 519 };
enum { SHORT_SKELETON = 1, SMALL_FILES = 2, FEW_FILES = 4, NO_SECOND_FILE = 8 };

static const char *const members[] = { "data", "b64_json", "url:data", NULL };

struct input {
	unsigned limits;
	size_t pieces[2];
	size_t cut;
	const uint8_t *reply;
	size_t len;
};

static int open_file(void *arg, unsigned index)
{
	const struct input *in = arg;

	if (index == 1 && in->limits & NO_SECOND_FILE)
		return -EMFILE;
	int fd = memfd_create("picture", MFD_CLOEXEC);
	if (fd < 0)
		BUG("memfd_create: %s", strerror(errno));
	return fd;
}

static struct spill *new_spill(const struct input *in)
{
	const struct spill_settings set = {
		.members = members,
		.skeleton_max = in->limits & SHORT_SKELETON ? 40 : 1 << 20,
		.file_max = in->limits & SMALL_FILES ? 20 : 1 << 20,
		.files_max = in->limits & FEW_FILES ? 3 : 1000,
		.open_file = open_file,
		.arg = (void *)in,
	};
	return spill_new(&set);
}

static void feed_piece(struct spill *s, const uint8_t *bytes, size_t len)
{
	cleanup_free uint8_t *copy = xmalloc(len);   /* of just that size */

	if (len)
		memcpy(copy, bytes, len);
	spill_feed(s, copy, len, NULL);
}

static void check_limits(struct spill *s)
{
	const struct buf *b = spill_skeleton(s);

	if (b->len > s->set.skeleton_max + ADDED_MAX || b->data[b->len])
		BUG("the skeleton has %zu bytes", b->len);
	if (spill_count(s) > s->set.files_max)
		BUG("there are %zu files", spill_count(s));
	for (size_t i = 0; i < spill_count(s); i++) {
		const struct spill_file *f = spill_file(s, i);
		struct stat st;
		if (fstat(f->fd, &st) || (uint64_t)st.st_size > f->bytes || f->bytes > s->set.file_max)
			BUG("file %zu has %lld bytes of %llu", i, (long long)st.st_size, (unsigned long long)f->bytes);
		if (f->complete && (f->bad || (uint64_t)st.st_size != f->bytes))
			BUG("file %zu is not complete", i);
	}
}

static void check_same_file(const struct spill_file *a, const struct spill_file *b)
{
	cleanup_buf struct buf content = BUF_INIT;
	char block[512];
	ssize_t n;

	while ((n = pread(a->fd, block, sizeof(block), (off_t)content.len)) > 0)
		buf_add(&content, block, (size_t)n);
	if (!reference_file_holds(b->fd, &content))
		BUG("a file depends on the pieces");
	if (a->bytes != b->bytes || a->complete != b->complete || !a->bad != !b->bad ||
	    (a->bad && strcmp(a->bad, b->bad)))
		BUG("what is said about a file depends on the pieces");
}

static void check_same(struct spill *a, struct spill *b)
{
	const struct buf *left = spill_skeleton(a), *other = spill_skeleton(b);

	if (left->len != other->len || memcmp(left->data, other->data, left->len))
		BUG("the skeleton depends on the pieces: %s, %s", left->data, other->data);
	if (a->failed.code != b->failed.code || (a->failed.code && strcmp(a->failed.text, b->failed.text)))
		BUG("the result depends on the pieces: %s, %s", a->failed.text, b->failed.text);
	if (spill_count(a) != spill_count(b))
		BUG("the number of files depends on the pieces");
	for (size_t i = 0; i < spill_count(a); i++)
		check_same_file(spill_file(a, i), spill_file(b, i));
}

static struct spill *read_whole(const struct input *in)
{
	struct spill *s = new_spill(in);

	feed_piece(s, in->reply, in->len);
	spill_end(s, NULL);
	check_limits(s);
	return s;
}

static void check_pieces(const struct input *in, struct spill *whole)
{
	struct spill *s = new_spill(in);
	size_t piece = 0;

	for (size_t at = 0, turn = 0; at < in->len; at += piece, turn++) {
		piece = in->pieces[turn % 2];
		if (piece > in->len - at)
			piece = in->len - at;
		feed_piece(s, in->reply + at, piece);
	}
	spill_end(s, NULL);
	check_limits(s);
	check_same(whole, s);
	spill_free(s);
}

/* cJSON is content with it. */
static bool has_half_an_escape(const struct input *in)
{
	const uint8_t *at = in->reply, *end = at + in->len;

	while ((at = memmem(at, (size_t)(end - at), "\\u", 2))) {
		at += 2;
		for (int i = 0; i < 4; i++)
			if (end - at <= i || !isxdigit(at[i]))
				return true;
	}
	return false;
}

/* cJSON's texts end at a NUL, which it also makes of half an escape: the reference cannot see what is
 * behind it. */
static bool may_have_nul(const struct input *in)
{
	return memchr(in->reply, 0, in->len) || memmem(in->reply, in->len, "\\u0000", 6) || has_half_an_escape(in);
}

static void check_meaning(const struct input *in, struct spill *s, const cJSON *whole)
{
	const struct buf *b = spill_skeleton(s);
	const char *differs = NULL;

	if (may_have_nul(in)) {
		cJSON *left = cJSON_ParseWithLength(b->data, b->len);
		if (!left)
			differs = "the skeleton is no JSON";
		cJSON_Delete(left);
	} else {
		differs = reference_compare(s, members, whole);
	}
	if (differs)
		BUG("%s: %s", differs, b->data);
}

/* Whether something is there that can be closed: not only blanks, a byte order mark, a number. */
static bool begins_like_json(const struct buf *b)
{
	size_t at = 0;

	while (at < b->len && ((uint8_t)b->data[at] <= ' ' || (uint8_t)b->data[at] >= 0x80))
		at++;
	return at < b->len && strchr("{[\"", b->data[at]);
}

/* The beginning of what cJSON reads can be read, too. */
static void check_cut(const struct input *in)
{
	struct spill *s = new_spill(in);

	feed_piece(s, in->reply, in->cut);
	spill_end(s, NULL);
	check_limits(s);
	const struct buf *b = spill_skeleton(s);
	cJSON *left = cJSON_ParseWithLength(b->data, b->len);
	if (!left && begins_like_json(b))
		BUG("cut off at %zu it is no JSON: %s", in->cut, b->data);
	cJSON_Delete(left);
	spill_free(s);
}

static bool only_blanks(const char *from, const char *end)
{
	while (from < end && (uint8_t)*from <= ' ')
		from++;
	return from == end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD_LEN)
		return 0;
	struct input in = {
		.limits = data[0], .pieces = { data[1] % 32 + 1, data[2] % 32 + 1 },
		.reply = data + HEAD_LEN, .len = size - HEAD_LEN,
	};
	in.cut = in.len * data[3] / 256;
	struct spill *s = read_whole(&in);
	check_pieces(&in, s);
	const char *reply = (const char *)in.reply, *end = reply;
	cJSON *whole = cJSON_ParseWithLengthOpts(reply, in.len, &end, false);
	if (whole && (!s->failed.code || s->failed.code == EBADMSG))
		check_meaning(&in, s, whole);
	if (whole && only_blanks(end, reply + in.len) && !has_half_an_escape(&in))
		check_cut(&in);
	cJSON_Delete(whole);
	spill_free(s);
	return 0;
}
