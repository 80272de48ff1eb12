/*
 * libraries: those that easelfs runs with, as they are loaded, not as they were when it was built.
 *
 * Any thread, no state.
 */
#ifndef FS_LIBRARIES_H
#define FS_LIBRARIES_H

#include "base.h"

struct library {
	const char *name;
	const char *version;          /* for people; what is compared is its first number, `7.88` */
	unsigned major, minor;        /* that it must have at least; 0.0: any */
};

/* They allocate as we do (base.h).  First of all, before one of them is used. */
void libraries_begin(void);

/* The i-th one, or one without a name behind the last. */
struct library library_at(size_t i);
bool library_is_old(const struct library *l);

#endif
