#include "image_walk.h"

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

int walk_jpeg(struct walk *w)
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
