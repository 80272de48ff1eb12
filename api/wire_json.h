/*
 * wire_json: what the wires share in writing and reading JSON.
 */
#ifndef API_WIRE_JSON_H
#define API_WIRE_JSON_H

#include <cjson/cJSON.h>

#include "wire.h"

/* --- writing */

/* A text in another case, by toupper() or tolower(). */
cJSON *wire_json_in_case(const char *s, int (*convert)(int));
/* Puts item at a.b.c below root, making the objects on the way; takes it over. */
void wire_json_put(cJSON *root, const char *path, cJSON *item);
/* A field as the user wrote it, byte for byte, and never in place of one that is there: of two objects
 * the new one adds the members that the first one lacks. */
void wire_json_pass(cJSON *to, const char *name, const char *json);
/* The request's metadata: `metadata./NAME` goes to top, `metadata.NAME` to inner. */
void wire_json_pass_metadata(const struct request *r, cJSON *top, cJSON *inner);

/* --- reading */

/* The member of that name, or NULL; null is none. */
const cJSON *wire_member(const cJSON *object, const char *name);
/* The same in any spelling: inlineData, inline_data … */
const cJSON *wire_member_spelled(const cJSON *object, const char *name);
/* The body, or NULL if it is no JSON.  The caller deletes it. */
cJSON *wire_reply_json(const struct wire_reply *reply);
/* `the provider answered with an HTML page (200)`; the caller frees. */
char *wire_reply_foreign(const struct wire_reply *reply);
bool wire_reply_says_error(const struct wire_reply *reply);

/* Of a synchronous wire: an error is classified; the body of a 200, from which the pictures were taken out, is
 * given to read() as JSON; anything else leaves open what became of the request. */
void wire_read_submit(const struct wire *w, const struct wire_reply *reply, struct wire_result *out,
                      void (*read)(const struct wire_reply *reply, const cJSON *root, struct wire_result *out));

/* The pictures that were taken out of a reply, each to be named once: a number that the provider itself
 * wrote looks just like them. */
struct wire_files {
	const struct wire_reply *reply;
	bool *taken;
};
void wire_files_init(struct wire_files *f, const struct wire_reply *reply);
void wire_files_release(struct wire_files *f);
/* The index that the item is, once; -1 if it is none. */
int wire_files_take(struct wire_files *f, const cJSON *item);
/* What is wrong with the file, as a sentence that the caller frees; NULL if it is whole. */
char *wire_file_flaw(const struct wire_reply *reply, int file);

#endif
