/*
 * gallery: `.easelfs/gallery.html`, a page with every picture, and with what is still under way.
 *
 * Its HTML, style and script are gallery.html beside this file, which is part of the program; here the data come
 * into it, as JSON in which nothing can end the element that it stands in.  Pictures are named by where they
 * are as seen from the page, which loads nothing else.
 *
 * The page is written piece by piece into a file without a name, so that it takes no memory however much there is
 * to be seen.
 */
#ifndef FS_GALLERY_H
#define FS_GALLERY_H

#include "rights.h"

struct fs;

/* Who wants it; engine thread. */
struct gallery_calls {
	/* version: another text than before if the page may be another one for that viewer; lent.  False: an
	 * earlier one will do, and nothing follows. */
	bool (*wanted)(void *arg, const char *version);
	/* The page, whose descriptor is taken, and its length; or fd is -errno. */
	void (*done)(void *arg, int fd, size_t len);
};

/* Any thread.  What the viewer may not read is not in it; his rights are taken. */
void gallery_render(struct fs *fs, struct rights *viewer, const struct gallery_calls *calls, void *arg);

#endif
