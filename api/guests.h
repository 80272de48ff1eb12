/*
 * guests: users who neither mounted nor are root, and what each of them has of what belongs to all.
 *
 * What costs memory or a descriptor here is counted for as long as it lasts, so that none of them can take all of
 * it: no more than `each` of a kind for one, `all` for all of them together.  Uid 0 stands for nobody: it is let
 * in and not counted, without a lock.
 *
 * Lock: guests->lock, an innermost one.  Any thread.
 */
#ifndef API_GUESTS_H
#define API_GUESTS_H

#include <sys/types.h>

#include "base.h"

enum guest_kind {
	GUEST_WAITS,                  /* opens that wait for a picture */
	GUEST_HANDLES,                /* files and folders that are open */
	GUEST_FOLDERS,                /* of them, folders: their names are in memory */
	GUEST_PROMPTS,                /* prompts that wait or are under way */
	GUEST_KINDS
};

struct guests;

/* Without limits, until guests_limit() sets them. */
struct guests *guests_new(void);
/* What is still counted is forgotten. */
void guests_free(struct guests *g);
/* From now on; who has more by then keeps it. */
void guests_limit(struct guests *g, enum guest_kind kind, size_t each, size_t all);

/* Counts `count` more of that kind; false: they are too many, and nothing is counted.  One thing that is larger
 * than the limit is let in where there is no other. */
bool guests_admit(struct guests *g, uid_t uid, enum guest_kind kind, size_t count);
void guests_dismiss(struct guests *g, uid_t uid, enum guest_kind kind, size_t count);

#endif
