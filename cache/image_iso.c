#include "image_walk.h"

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

int walk_iso(struct walk *w)
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
