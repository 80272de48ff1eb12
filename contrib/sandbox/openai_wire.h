/* openai_wire: OpenAI's Images API, https://platform.openai.com/docs/api-reference/images.
 *
 *   POST /openai/v1/images/generations    JSON; waits, and answers with the pictures
 *   POST /openai/v1/images/edits          multipart/form-data with pictures
 *   GET  /openai/v1/models                the table of openai_order.c
 *
 * Under /openai, as the task wire has the plain paths. */
#ifndef SANDBOX_OPENAI_WIRE_H
#define SANDBOX_OPENAI_WIRE_H

#include "api.h"

extern const struct wire openai_wire;

#endif
