/* fields: JSON members against a table of fields. */
#ifndef SANDBOX_FIELDS_H
#define SANDBOX_FIELDS_H

#include "models.h"
#include "order.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* One value against its field.  `where` is its path, for the message. */
bool field_check(const struct field *f, const cJSON *value, const char *where, struct problem *p);
/* The row of a name, NULL if the table has none. */
const struct field *field_find(const struct field *table, const char *name);
/* Each member of `object` against the table; also missing required ones.  `where` NULL: it is the
 * whole request.  Members called `except` are not looked at. */
bool fields_check(const struct field *table, const cJSON *object, const char *where, const char *except, struct problem *p);
/* No object in `json` has a member twice. */
bool fields_unique(const cJSON *json, struct problem *p);
/* Code points in UTF-8 text, -1 if it is not UTF-8. */
long utf8_count(const char *text, size_t size);

#endif
