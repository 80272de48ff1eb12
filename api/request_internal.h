/* request_internal: what choosing, judging and writing a request share. */
#ifndef API_REQUEST_INTERNAL_H
#define API_REQUEST_INTERNAL_H

#include "request.h"

/* Nothing asked for yet. */
void request_init(struct request *r);

/* The settings (or NULL) of a chosen model, by the name that the user knows it by, into r. */
struct judge {
	struct request *r;
	const struct model *m;        /* NULL: judge what holds for every model */
	const char *said;             /* its name in messages */
	const struct settings *s;
	struct error *err;
};
int judge_settings(const struct judge *j);

/* The value of a setting, or NULL if it is not set (or set to nothing). */
const char *setting_value(const struct settings *s, enum setting which);

extern const char *const people_words[];      /* by enum people */
extern const char *const threshold_words[];   /* by enum threshold */
extern const char *const harm_words[HARM_COUNT];

/* `a, b, c`; the caller frees. */
char *join(char *const *list);
/* At most 60 bytes of a value, for messages; the caller frees. */
char *excerpt(const char *value);

#endif
