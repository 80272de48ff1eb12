/* openai_order: a request of the Images API, checked against the model's row.
 *
 * The sandbox's own reading of https://platform.openai.com/docs/api-reference/images. */
#ifndef SANDBOX_OPENAI_ORDER_H
#define SANDBOX_OPENAI_ORDER_H

#include "order.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct world;

enum openai_call { OPENAI_GENERATION, OPENAI_EDIT };

/* Which of the form's parts are numbers and flags (form.h). */
#define OPENAI_NUMBERS "n output_compression partial_images"
#define OPENAI_FLAGS "stream"

/* Reads the members of a request into the order; pictures come from form_pictures().  Either way
 * order_free and problem_free are safe. */
bool openai_order_read(const struct world *w, enum openai_call call, const cJSON *json, struct order *o, struct problem *p);
/* The id of the i-th model, NULL after the last. */
const char *openai_model_at(size_t i);

#endif
