/*
 * spill_picture: the characters of one JSON string, base64-decoded into a file; for spill.c only.
 *
 * A string that is no base64 is a property of the file (`bad`); the rest of it is passed over.  What
 * ends the reading of the reply, a full disk or a picture that is too large, goes to `failed`; after that
 * no function here may be called.
 */
#ifndef API_SPILL_PICTURE_H
#define API_SPILL_PICTURE_H

#include "spill.h"

/* Whole pages and whole groups of base64, so that every write but a file's last one is aligned.
 * A fuzzer makes it small. */
#ifndef SPILL_BLOCK
#define SPILL_BLOCK (12 * 1024)
#endif

#define DATA_SCHEME "data:"

/* What an escape stands for that is beyond ASCII; other characters are 0 to 0xff. */
enum { PICTURE_FOREIGN = 0x100 };

/* The parts of the string.  HEAD: what was seen so far may become `data:`. */
enum picture_part { PICTURE_HEAD, PICTURE_TO_COMMA, PICTURE_BASE64, PICTURE_PADDING, PICTURE_SKIPPED };

struct picture {
	uint64_t max;                 /* bytes of the file; set once, as `failed` */
	struct error *failed;
	struct spill_file *file;      /* its newest block_len bytes are in the block */
	size_t number;                /* from 1, for sentences */
	enum picture_part part;
	unsigned head;                /* how much of DATA_SCHEME was seen */
	uint64_t at;                  /* characters of the string so far */
	uint32_t group;
	unsigned group_len;           /* characters in it; PICTURE_PADDING: how many `=` are missing */
	size_t block_len;
	unsigned char block[SPILL_BLOCK];
};

/* The string begins (PICTURE_HEAD), or goes on behind DATA_SCHEME (PICTURE_TO_COMMA). */
void picture_start(struct picture *p, struct spill_file *file, size_t number, enum picture_part part);
void picture_char(struct picture *p, int c);
/* Takes plain characters from `from` on, as many as can be taken at once, maybe none; never a quote or a
 * backslash.  Returns the first that is left. */
const unsigned char *picture_run(struct picture *p, const unsigned char *from, const unsigned char *end);
void picture_refuse_escape(struct picture *p);
/* The string has ended. */
void picture_end(struct picture *p);
/* The reply has ended, but not the string. */
void picture_flush(struct picture *p);

#endif
