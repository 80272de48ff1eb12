#include "image.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_walk.h"

enum { SNIFFED = 64 };

static const struct format { const char *name, *mime, *suffix; walk_fn *walk; } formats[] = {
	[IMAGE_NONE] = { "no picture", NULL, NULL, NULL },
	[IMAGE_PNG] = { "PNG", "image/png", "png", walk_png },
	[IMAGE_JPEG] = { "JPEG", "image/jpeg", "jpg", walk_jpeg },
	[IMAGE_WEBP] = { "WebP", "image/webp", "webp", walk_webp },
	[IMAGE_GIF] = { "GIF", "image/gif", "gif", walk_gif },
	[IMAGE_HEIC] = { "HEIC", "image/heic", "heic", walk_iso },
	[IMAGE_HEIF] = { "HEIF", "image/heif", "heif", walk_iso },
	[IMAGE_AVIF] = { "AVIF", "image/avif", "avif", walk_iso },
	[IMAGE_BMP] = { "BMP", "image/bmp", "bmp", walk_bmp },
};

const char *image_mime(enum image_type t)
{
	return formats[t].mime;
}

const char *image_suffix(enum image_type t)
{
	return formats[t].suffix;
}

const char *image_name(enum image_type t)
{
	return formats[t].name;
}

bool image_suffix_known(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || dot == name)
		return false;
	if (!strcasecmp(dot + 1, "jpeg"))
		return true;
	for (size_t i = IMAGE_NONE + 1; i < ARRAY_LEN(formats); i++)
		if (!strcasecmp(dot + 1, formats[i].suffix))
			return true;
	return false;
}

/* The type that one brand of an ftyp box stands for (ISO/IEC 23008-12 annex B, AVIF 1.1 section 8). */
static enum image_type type_of_brand(const uint8_t *brand)
{
	static const struct { const char *brand; enum image_type type; } brands[] = {
		{ "avif", IMAGE_AVIF }, { "avis", IMAGE_AVIF },
		{ "heic", IMAGE_HEIC }, { "heix", IMAGE_HEIC }, { "heim", IMAGE_HEIC },
		{ "heis", IMAGE_HEIC }, { "hevc", IMAGE_HEIC }, { "hevx", IMAGE_HEIC },
		{ "mif1", IMAGE_HEIF }, { "msf1", IMAGE_HEIF },
	};

	for (size_t i = 0; i < ARRAY_LEN(brands); i++)
		if (has_tag(brand, brands[i].brand))
			return brands[i].type;
	return IMAGE_NONE;
}

/* The major brand decides unless it is the general one: then a compatible brand names the coding. */
static enum image_type sniff_iso(const uint8_t *p, size_t len)
{
	size_t end = be32(p);
	enum image_type type = type_of_brand(p + 8);

	if (end > len)
		end = len;
	for (size_t at = 16; at + 4 <= end && (type == IMAGE_NONE || type == IMAGE_HEIF); at += 4) {
		enum image_type other = type_of_brand(p + at);

		if (other != IMAGE_NONE)
			type = other;
	}
	return type;
}

/* "BM" alone begins many a text: the reserved bytes and the size of the next header must fit too. */
static bool sniff_bmp(const uint8_t *p, size_t len)
{
	if (len < 18 || memcmp(p, "BM", 2) || le32(p + 6))
		return false;
	uint32_t header = le32(p + 14);
	return header == 12 || (header >= 40 && header <= 124);
}

enum image_type image_sniff(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	if (len > SNIFFED)
		len = SNIFFED;
	if (len >= 8 && !memcmp(p, "\x89PNG\r\n\x1a\n", 8))
		return IMAGE_PNG;
	if (len >= 3 && !memcmp(p, "\xff\xd8\xff", 3))
		return IMAGE_JPEG;
	if (len >= 12 && has_tag(p, "RIFF") && has_tag(p + 8, "WEBP"))
		return IMAGE_WEBP;
	if (len >= 6 && (!memcmp(p, "GIF87a", 6) || !memcmp(p, "GIF89a", 6)))
		return IMAGE_GIF;
	if (len >= 12 && has_tag(p + 4, "ftyp"))
		return sniff_iso(p, len);
	return sniff_bmp(p, len) ? IMAGE_BMP : IMAGE_NONE;
}

static bool begins_with(const uint8_t *p, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && !strncasecmp((const char *)p, word, n);
}

/* What arrives in place of a picture, most of all pages about errors. */
static const char *describe(const uint8_t *p, size_t len)
{
	static const struct { const char *begins, *is; } kinds[] = {
		{ "<!doctype html", "an HTML page" }, { "<html", "an HTML page" }, { "<svg", "an SVG drawing" },
		{ "<", "an HTML or XML page" }, { "{", "JSON text" }, { "[", "JSON text" },
		{ "%PDF", "a PDF document" }, { "II*", "a TIFF file" }, { "MM", "a TIFF file or text" },
	};

	if (len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		len -= 3;
	}
	for (; len && *p < 0x80 && isspace(*p); p++)
		len--;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (begins_with(p, len, kinds[i].begins))
			return kinds[i].is;
	return NULL;
}

static int refuse_unknown(struct walk *w, const uint8_t *p, size_t len)
{
	static const char hint[] = "pictures are PNG, JPEG, WebP, GIF, HEIC, HEIF, AVIF and BMP files";
	const char *is = describe(p, len);
	char hex[2 * 8 + 1];

	if (!len)
		return error_set(w->err, EBADMSG, hint, "the file is empty");
	if (is)
		return error_set(w->err, EBADMSG, hint, "this is %s, no picture", is);
	hex_encode(p, len < 8 ? len : 8, hex);
	return error_set(w->err, EBADMSG, hint, "this is no picture of a known type; it begins with the bytes %s", hex);
}

static int image_walk(int fd, enum depth depth, struct image_info *out, struct error *err)
{
	cleanup_free uint8_t *window = xmalloc(WALK_WINDOW);
	struct walk w = { .fd = fd, .depth = depth, .info = out, .err = err, .window = window };
	const uint8_t *p;
	size_t len;
	struct stat st;

	*out = (struct image_info){ .type = IMAGE_NONE };
	if (fstat(fd, &st))
		return error_set(err, errno, NULL, "the picture cannot be read: %s", strerror(errno));
	w.file_size = (uint64_t)st.st_size;
	int rc = lend(&w, 0, SNIFFED, &p, &len);
	if (rc)
		return rc;
	out->type = image_sniff(p, len);
	if (out->type == IMAGE_NONE)
		return refuse_unknown(&w, p, len);
	return formats[out->type].walk(&w);
}

int image_probe(int fd, struct image_info *out)
{
	return image_walk(fd, TO_SIZE, out, NULL);
}

int image_verify(int fd, struct image_info *out, struct error *err)
{
	return image_walk(fd, TO_END, out, err);
}
