#include "image_walk.h"

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

int walk_gif(struct walk *w)
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
