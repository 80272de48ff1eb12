#include "image_walk.h"

/* BMP: the file header of 14 bytes, then one of several that begin with their length. */
int walk_bmp(struct walk *w)
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
