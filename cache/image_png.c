#include "image_walk.h"

#include <ctype.h>

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

int walk_png(struct walk *w)
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
