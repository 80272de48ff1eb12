#include "image.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 64 * 1024, SNIFFED = 64 };

enum depth { TO_SIZE, TO_END };

/* One walk over a file.  Offsets go forward, so each byte is read about once. */
struct walk {
	int fd;
	enum depth depth;
	struct image_info *info;
	struct error *err;
	uint64_t file_size;
	uint64_t window_at;           /* offset of window[0] */
	size_t window_len;
	uint8_t *window;              /* WINDOW bytes */
};

typedef int walk_fn(struct walk *w);
static walk_fn walk_png, walk_jpeg, walk_webp, walk_gif, walk_iso, walk_bmp;

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

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static uint32_t le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | le16(p);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p + 2) << 16 | le16(p);
}

static bool has_tag(const uint8_t *p, const char *tag)
{
	return !memcmp(p, tag, 4);
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

static const char fetch_again[] = "fetch or copy the picture again";

static int refuse_end(struct walk *w, const char *where)
{
	return error_set(w->err, EBADMSG, fetch_again, "the file ends in the middle of %s at byte %" PRIu64,
	                 where, w->file_size);
}

static PRINTF(2, 3) int refuse(struct walk *w, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	int rc = error_set(w->err, EBADMSG, fetch_again, "%s", text ? text : "the picture is damaged");
	free(text);
	return rc;
}

/* Lends at least `want` bytes from offset `at`, fewer only where the file ends. */
static int lend(struct walk *w, uint64_t at, size_t want, const uint8_t **p, size_t *len)
{
	bool held = at >= w->window_at && at - w->window_at <= w->window_len &&
	            w->window_len - (at - w->window_at) >= want;

	if (!held) {
		w->window_at = at;
		for (w->window_len = 0; w->window_len < WINDOW;) {
			ssize_t n = pread(w->fd, w->window + w->window_len, WINDOW - w->window_len,
			                  (off_t)(at + w->window_len));
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return error_set(w->err, errno, NULL, "the picture cannot be read: %s",
				                 strerror(errno));
			if (n == 0)
				break;
			w->window_len += (size_t)n;
		}
	}
	*p = w->window + (at - w->window_at);
	*len = w->window_len - (size_t)(at - w->window_at);
	return 0;
}

/* Lends `want` bytes, or refuses the file because it ends in the middle of `where`. */
static int need(struct walk *w, uint64_t at, size_t want, const char *where, const uint8_t **p)
{
	size_t len;
	int rc = lend(w, at, want, p, &len);

	if (rc)
		return rc;
	return len < want ? refuse_end(w, where) : 0;
}

static bool fits(const struct walk *w, uint64_t at, uint64_t len)
{
	return at <= w->file_size && len <= w->file_size - at;
}

static int set_size(struct walk *w, uint32_t width, uint32_t height)
{
	if (!width || !height || width > INT32_MAX || height > INT32_MAX)
		return refuse(w, "the header says %" PRIu32 " by %" PRIu32 " pixels", width, height);
	w->info->width = width;
	w->info->height = height;
	return 0;
}

/* PNG (W3C PNG, section 5): length, type, data, CRC of type and data. */

static void crc_table_fill(uint32_t table[256])
{
	for (uint32_t n = 0; n < 256; n++) {
		uint32_t c = n;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[n] = c;
	}
}

static int png_crc(struct walk *w, const uint32_t table[256], uint64_t at, uint64_t left, uint32_t *crc)
{
	uint32_t c = 0xffffffffu;

	while (left) {
		const uint8_t *p;
		size_t len;
		int rc = lend(w, at, 1, &p, &len);

		if (rc)
			return rc;
		if (!len)
			return refuse_end(w, "a PNG chunk");
		if (len > left)
			len = (size_t)left;
		for (size_t i = 0; i < len; i++)
			c = table[(c ^ p[i]) & 0xff] ^ c >> 8;
		at += len;
		left -= len;
	}
	*crc = c ^ 0xffffffffu;
	return 0;
}

static int png_check_crc(struct walk *w, const uint32_t table[256], uint64_t at, uint32_t len)
{
	const uint8_t *p;
	uint32_t crc = 0;
	int rc = png_crc(w, table, at + 4, (uint64_t)len + 4, &crc);

	if (!rc)
		rc = need(w, at + 8 + len, 4, "a PNG chunk", &p);
	if (rc)
		return rc;
	return be32(p) == crc ? 0 : refuse(w, "the checksum of the PNG chunk at byte %" PRIu64 " is wrong", at);
}

static int png_header(struct walk *w)
{
	const uint8_t *p;
	int rc = need(w, 8, 25, "the PNG header", &p);

	if (rc)
		return rc;
	if (be32(p) != 13 || !has_tag(p + 4, "IHDR"))
		return refuse(w, "the PNG does not begin with its header");
	return set_size(w, be32(p + 8), be32(p + 12));
}

static bool png_is_chunk(const uint8_t *p)
{
	for (int i = 4; i < 8; i++)
		if (p[i] >= 0x80 || !isalpha(p[i]))
			return false;
	return be32(p) <= INT32_MAX;
}

static int walk_png(struct walk *w)
{
	uint32_t table[256];
	bool data = false, end = false;
	int rc = png_header(w);

	if (rc || w->depth == TO_SIZE)
		return rc;
	crc_table_fill(table);
	for (uint64_t at = 8; !end;) {
		const uint8_t *p;

		rc = need(w, at, 8, "the PNG's list of chunks", &p);
		if (rc)
			return rc;
		if (!png_is_chunk(p))
			return refuse(w, "byte %" PRIu64 " of the PNG does not begin a chunk", at);
		uint32_t len = be32(p);
		data |= has_tag(p + 4, "IDAT");
		end = has_tag(p + 4, "IEND");
		rc = png_check_crc(w, table, at, len);
		if (rc)
			return rc;
		at += 12 + (uint64_t)len;
	}
	return data ? 0 : refuse(w, "the PNG holds no pixels");
}

/* JPEG (ITU-T T.81, annex B). */

enum { JPEG_TEM = 0x01, JPEG_RST0 = 0xd0, JPEG_SOI = 0xd8, JPEG_EOI = 0xd9, JPEG_SOS = 0xda, JPEG_DNL = 0xdc };

/*
 * The next marker from *at on, which moves behind it.  Passes over entropy-coded data (0xFF00 is a
 * byte of it) and fill bytes; stray bytes between segments are passed over as by libjpeg, which
 * shows such pictures.
 */
static int jpeg_next_marker(struct walk *w, uint64_t *at, uint8_t *marker)
{
	for (;;) {
		const uint8_t *p;
		size_t len;
		int rc = lend(w, *at, 2, &p, &len);

		if (rc)
			return rc;
		if (len < 2)
			return refuse_end(w, "the JPEG's data");
		const uint8_t *ff = memchr(p, 0xff, len - 1);
		if (!ff) {
			*at += len - 1;
		} else if (ff[1] == 0xff) {
			*at += (uint64_t)(ff - p) + 1;
		} else {
			*at += (uint64_t)(ff - p) + 2;
			*marker = ff[1];
			if (*marker)
				return 0;
		}
	}
}

static bool jpeg_stands_alone(uint8_t marker)
{
	return marker == JPEG_TEM || (marker >= JPEG_RST0 && marker <= JPEG_SOI);
}

/* SOF0 to SOF15, without DHT, JPG and DAC, which lie among them. */
static bool jpeg_is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Height 0 is legal: a DNL segment behind the first scan says it. */
static int jpeg_frame(struct walk *w, uint64_t at, uint32_t len)
{
	const uint8_t *p;
	int rc = need(w, at, 8, "the JPEG's frame header", &p);

	if (rc)
		return rc;
	if (len < 8 || !be16(p + 5))
		return refuse(w, "the JPEG's frame header at byte %" PRIu64 " is damaged", at);
	w->info->height = be16(p + 3);
	w->info->width = be16(p + 5);
	return 0;
}

static int jpeg_lines(struct walk *w, uint64_t at)
{
	const uint8_t *p;
	int rc = need(w, at, 4, "a JPEG segment", &p);

	if (!rc && !w->info->height)
		w->info->height = be16(p + 2);
	return rc;
}

static int walk_jpeg(struct walk *w)
{
	bool frame = false, scan = false;
	uint8_t marker = 0;
	int rc;

	for (uint64_t at = 2; !(rc = jpeg_next_marker(w, &at, &marker)) && marker != JPEG_EOI;) {
		const uint8_t *p;

		if (jpeg_stands_alone(marker))
			continue;
		rc = need(w, at, 2, "a JPEG segment", &p);
		if (rc)
			return rc;
		uint32_t len = be16(p);
		if (len < 2)
			return refuse(w, "the JPEG segment at byte %" PRIu64 " is damaged", at - 2);
		if (jpeg_is_frame(marker) && !frame) {
			frame = true;
			rc = jpeg_frame(w, at, len);
		} else if (marker == JPEG_DNL) {
			rc = jpeg_lines(w, at);
		} else if (marker == JPEG_SOS) {
			scan = true;
		}
		if (rc || (w->depth == TO_SIZE && frame))
			return rc;
		if (scan && !frame)
			return refuse(w, "the JPEG has no frame header");
		if (!fits(w, at, len))
			return refuse_end(w, "a JPEG segment");
		at += len;
	}
	return rc || scan ? rc : refuse(w, "the JPEG holds no pixels");
}

/* WebP (RFC 9649): RIFF, length, WEBP, then chunks padded to even lengths. */

static int webp_size_lossy(struct walk *w, uint64_t at)
{
	const uint8_t *p;
	int rc = need(w, at, 10, "the WebP header", &p);

	if (rc)
		return rc;
	if (memcmp(p + 3, "\x9d\x01\x2a", 3))
		return refuse(w, "the WebP's VP8 header is damaged");
	return set_size(w, le16(p + 6) & 0x3fff, le16(p + 8) & 0x3fff);
}

static int webp_size_lossless(struct walk *w, uint64_t at)
{
	const uint8_t *p;
	int rc = need(w, at, 5, "the WebP header", &p);

	if (rc)
		return rc;
	if (p[0] != 0x2f)
		return refuse(w, "the WebP's VP8L header is damaged");
	uint32_t bits = le32(p + 1);
	return set_size(w, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
}

static int webp_size_extended(struct walk *w, uint64_t at)
{
	const uint8_t *p;
	int rc = need(w, at, 10, "the WebP header", &p);

	return rc ? rc : set_size(w, le24(p + 4) + 1, le24(p + 7) + 1);
}

static int webp_header(struct walk *w)
{
	static const struct { const char *tag; int (*size)(struct walk *, uint64_t); } kinds[] = {
		{ "VP8 ", webp_size_lossy }, { "VP8L", webp_size_lossless }, { "VP8X", webp_size_extended },
	};
	const uint8_t *p;
	int rc = need(w, 12, 8, "the WebP header", &p);

	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (has_tag(p, kinds[i].tag))
			return kinds[i].size(w, 20);
	return refuse(w, "the WebP begins with none of the chunks VP8, VP8L and VP8X");
}

static int walk_webp(struct walk *w)
{
	const uint8_t *p;
	bool data = false;
	int rc = webp_header(w);

	if (rc || w->depth == TO_SIZE)
		return rc;
	rc = need(w, 4, 4, "the WebP header", &p);
	if (rc)
		return rc;
	uint64_t end = 8 + (uint64_t)le32(p);
	if (end > w->file_size)
		return refuse_end(w, "the WebP's data");
	for (uint64_t at = 12; at + 8 <= end;) {
		rc = need(w, at, 8, "a WebP chunk", &p);
		if (rc)
			return rc;
		uint64_t len = le32(p + 4);
		if (len > end - at - 8)
			return refuse(w, "the WebP chunk at byte %" PRIu64 " is longer than the picture", at);
		data |= has_tag(p, "VP8 ") || has_tag(p, "VP8L") || has_tag(p, "ANMF");
		at += 8 + len + (len & 1);
	}
	return data ? 0 : refuse(w, "the WebP holds no pixels");
}

/* GIF (GIF89a specification): screen, then extensions and images to the trailer. */

static uint64_t gif_table_bytes(uint8_t packed)
{
	return packed & 0x80 ? 3u << ((packed & 7) + 1) : 0;
}

/* Moves *at behind a run of sub-blocks, each of which says its length, to the empty one. */
static int gif_skip_blocks(struct walk *w, uint64_t *at)
{
	const uint8_t *p;

	do {
		int rc = need(w, *at, 1, "the GIF's data", &p);

		if (rc)
			return rc;
		*at += 1 + (uint64_t)p[0];
	} while (p[0]);
	return 0;
}

static int gif_skip_image(struct walk *w, uint64_t *at)
{
	const uint8_t *p;
	int rc = need(w, *at, 10, "the GIF's data", &p);

	if (rc)
		return rc;
	/* The descriptor, a colour table, and the code size before the blocks. */
	*at += 10 + gif_table_bytes(p[9]) + 1;
	return gif_skip_blocks(w, at);
}

static int walk_gif(struct walk *w)
{
	const uint8_t *p;
	bool data = false;
	int rc = need(w, 0, 13, "the GIF header", &p);

	if (rc)
		return rc;
	rc = set_size(w, le16(p + 6), le16(p + 8));
	if (rc || w->depth == TO_SIZE)
		return rc;
	for (uint64_t at = 13 + gif_table_bytes(p[10]); !rc;) {
		rc = need(w, at, 1, "the GIF's data", &p);
		if (rc)
			return rc;
		switch (p[0]) {
		case 0x3b:
			return data ? 0 : refuse(w, "the GIF holds no pixels");
		case 0x2c:
			data = true;
			rc = gif_skip_image(w, &at);
			break;
		case 0x21:
			at += 2;
			rc = gif_skip_blocks(w, &at);
			break;
		default:
			rc = refuse(w, "byte %" PRIu64 " of the GIF begins no block", at);
		}
	}
	return rc;
}

/* HEIC, HEIF, AVIF: boxes (ISO/IEC 14496-12 section 4.2) with the size in meta/iprp/ipco/ispe. */

enum { ISO_BOXES_MAX = 4096 };        /* at one level; real files have dozens */

struct box { uint8_t tag[4]; uint64_t body, end; };

static int iso_box(struct walk *w, uint64_t at, uint64_t limit, struct box *out)
{
	const uint8_t *p;
	uint64_t header = 8;
	int rc = need(w, at, 8, "a box", &p);

	if (rc)
		return rc;
	uint64_t len = be32(p);
	memcpy(out->tag, p + 4, 4);
	if (len == 1) {
		rc = need(w, at + 8, 8, "a box", &p);
		if (rc)
			return rc;
		header = 16;
		len = (uint64_t)be32(p) << 32 | be32(p + 4);
	} else if (len == 0) {
		len = limit - at;
	}
	if (len < header)
		return refuse(w, "the box at byte %" PRIu64 " is damaged", at);
	if (len > limit - at)
		return limit == w->file_size ? refuse_end(w, "a box")
		                             : refuse(w, "the box at byte %" PRIu64 " is too long", at);
	out->body = at + header;
	out->end = at + len;
	return 0;
}

/* 1: *out is the first box of that tag in [at, end).  0: there is none. */
static int iso_find(struct walk *w, uint64_t at, uint64_t end, const char *tag, struct box *out)
{
	for (int i = 0; i < ISO_BOXES_MAX && at < end && end - at >= 8; i++) {
		int rc = iso_box(w, at, end, out);

		if (rc)
			return rc;
		if (has_tag(out->tag, tag))
			return 1;
		at = out->end;
	}
	return 0;
}

/* Of all sizes the largest: the others are those of thumbnails and tiles. */
static int iso_size(struct walk *w, uint64_t meta_body, uint64_t meta_end)
{
	struct box b = { .body = meta_body + 4, .end = meta_end };
	uint64_t largest = 0;
	int rc = iso_find(w, b.body, b.end, "iprp", &b);

	if (rc == 1)
		rc = iso_find(w, b.body, b.end, "ipco", &b);
	if (rc != 1)
		return rc;
	uint64_t end = b.end;
	for (int i = 0; i < ISO_BOXES_MAX && (rc = iso_find(w, b.body, end, "ispe", &b)) == 1; i++) {
		const uint8_t *p;

		rc = need(w, b.body, 12, "the picture's size", &p);
		if (rc)
			return rc;
		uint32_t width = be32(p + 4), height = be32(p + 8);
		if ((uint64_t)width * height > largest) {
			largest = (uint64_t)width * height;
			rc = set_size(w, width, height);
			if (rc)
				return rc;
		}
		b.body = b.end;
	}
	return rc;
}

static int walk_iso(struct walk *w)
{
	bool meta = false, data = false;
	uint64_t at = 0;

	for (int i = 0; i < ISO_BOXES_MAX && at < w->file_size && !(meta && data); i++) {
		struct box b;
		int rc = iso_box(w, at, w->file_size, &b);

		if (!rc && !meta && has_tag(b.tag, "meta"))
			rc = iso_size(w, b.body, b.end);
		if (rc)
			return rc;
		/* Picture sequences may have a moov box instead. */
		meta |= has_tag(b.tag, "meta") || has_tag(b.tag, "moov");
		data |= has_tag(b.tag, "mdat");
		if (meta && w->depth == TO_SIZE)
			return 0;
		at = b.end;
	}
	return meta ? 0 : refuse(w, "the %s holds no picture", image_name(w->info->type));
}

/* BMP: the file header of 14 bytes, then one of several that begin with their length. */
static int walk_bmp(struct walk *w)
{
	static const char where[] = "the BMP header";
	const uint8_t *p;
	int rc = need(w, 14, 8, where, &p);

	if (rc)
		return rc;
	if (le32(p) == 12)
		return set_size(w, le16(p + 4), le16(p + 6));
	rc = need(w, 14, 12, where, &p);
	if (rc)
		return rc;
	/* A negative height means that the rows go from top to bottom. */
	uint32_t height = le32(p + 8);
	return set_size(w, le32(p + 4), height > INT32_MAX ? 0u - height : height);
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
	cleanup_free uint8_t *window = xmalloc(WINDOW);
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
	out->type = image_sniff(p, len < SNIFFED ? len : SNIFFED);
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
