/* gemini_order: a generateContent request, checked against the model's row. */
#ifndef SANDBOX_GEMINI_ORDER_H
#define SANDBOX_GEMINI_ORDER_H

#include "gemini_models.h"
#include "order.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct world;

/* Whose service the request was meant for, as its key says. */
enum gemini_service { GEMINI_RELAY, GEMINI_GOOGLE };

/* The text of the last turn, malloc; NULL if there is none.  Any JSON. */
char *gemini_prompt(const cJSON *json);
/* Gives all members of `json` their camelCase names, then reads it.  On false `p` says why, with the
 * field's path in camelCase; either way order_free and problem_free are safe. */
bool gemini_order_read(const struct world *w, const struct gemini_model *m, enum gemini_service service, cJSON *json,
                       struct order *o, struct problem *p);

#endif
