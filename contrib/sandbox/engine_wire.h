/* engine_wire: engines on one's own machine that speak a part of the Images API.
 *
 *   POST /engine/v1/images/generations    JSON; waits, and answers with the pictures
 *   POST /engine/v1/images/edits          multipart/form-data with pictures; LocalAI has none
 *   GET  /engine/v1/models
 *
 * The setting `engine` says which one answers.  They ask for no key, so one that is shown counts as
 * leaked; they take unknown fields, cost nothing and know no limits. */
#ifndef SANDBOX_ENGINE_WIRE_H
#define SANDBOX_ENGINE_WIRE_H

#include "api.h"

extern const struct wire engine_wire;

#endif
