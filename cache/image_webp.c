#include "image_walk.h"

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

int walk_webp(struct walk *w)
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
