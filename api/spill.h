/*
 * spill: a JSON reply with pictures in it, taken apart while it comes.
 *
 * Such a reply is never held whole.  The scanner copies the JSON to a small skeleton, but the value of
 * every member whose name is in a given list and whose value is a string (`"data": "iVBOR…"`) is
 * base64-decoded straight into a file, and stands in the skeleton as a number instead: 0 for the first
 * such string of the reply, 1 for the next …  A value that begins with `data:` loses everything up to its
 * first comma.  A member that is marked with `:data` in the list (`url:data`) is taken only if its value
 * begins with `data:`; other values stay what they are.  Of one that is marked with `:drop`
 * nothing is kept but an empty text, however long it was (signatures).  cJSON reads the skeleton.  A number that the
 * provider itself wrote as the value of a listed member stays, too, and looks the same.
 *
 * The decoder is strict (RFC 4648 with padding; the URL-safe alphabet is taken, too; JSON's escapes are
 * read, as relays write `\/` and `\u002b`): a string that is no base64 is marked as bad, with a sentence,
 * and the rest of the reply is read on.  Only the bits that padding leaves over are not looked at.
 *
 * The scanner finds strings, names and brackets; whether the rest is JSON is for cJSON to say.  A reply
 * that begins with `<` (HTML of a proxy) is copied and not looked into.
 *
 * Memory does not depend on the size of the reply: 13 KiB and the skeleton.  It does no network I/O; one
 * thread.  The caller makes and owns the files.
 */
#ifndef API_SPILL_H
#define API_SPILL_H

#include "base.h"

struct spill;

struct spill_settings {
	const char *const *members;   /* NULL-terminated names of up to 40 bytes of ASCII; borrowed, as long as
	                                 the spill lives */
	size_t skeleton_max;          /* bytes; a larger skeleton is -EFBIG.  What spill_end adds (at most 519
	                                 bytes) does not count */
	uint64_t file_max;            /* decoded bytes of one file; a larger one is -EFBIG */
	unsigned files_max;           /* more pictures are -EFBIG */
	/* A new, empty file for picture `index`, writable, from offset 0: its descriptor, or -errno. */
	int (*open_file)(void *arg, unsigned index);
	void *arg;
};

struct spill_file {
	int fd;                       /* what open_file returned; the spill closes it when it is freed */
	uint64_t bytes;               /* decoded so far; all in the file once its string or the reply has ended */
	bool complete;                /* the string has ended, and was base64 throughout */
	char *bad;                    /* why it is no base64, in words (`character "!" at 4711`, counted in the
	                                 string from 0); else NULL.  The file holds what came before */
};

struct spill *spill_new(const struct spill_settings *set);
/* Closes the files' descriptors.  NULL is fine. */
void spill_free(struct spill *s);

/* The next bytes of the reply, in pieces of any size.  0; -EFBIG, also for brackets nested deeper than
 * 512 levels; -EIO, -ENOSPC … from the files; each with a sentence.  After an error every further call
 * returns the same one. */
int spill_feed(struct spill *s, const void *bytes, size_t len, struct error *err);

/*
 * The reply has ended.  0 if its strings and brackets are all closed.  Otherwise -EBADMSG, and the
 * skeleton is closed for the caller: an open string is ended (without half an escape), a member without
 * its value gets null, a value outside strings that may have been cut off (`12`, `tru`) becomes null, a
 * comma at the end goes, and open brackets are closed in their order, so that what came before the break
 * can still be read (a picture that is complete may be paid for).  A file whose string was open stays not
 * complete; the number that stands for it is there.
 *
 * After an error of spill_feed it returns that error, and closes the skeleton where reading stopped.
 */
int spill_end(struct spill *s, struct error *err);

/* After spill_end: what is left of the reply, NUL-terminated; lent until spill_free. */
const struct buf *spill_skeleton(const struct spill *s);
size_t spill_count(const struct spill *s);
/* Lent until spill_free; NULL if there is none of that number.  The descriptor may be taken with
 * steal_fd(): then the caller closes it. */
struct spill_file *spill_file(struct spill *s, size_t index);

#endif
