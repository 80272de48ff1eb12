/* gemini_wire: generateContent, as Google has it and relays pass it on (https://ai.google.dev/api,
 * https://docs.tokaify.com).
 *
 *   POST /v1beta/models/MODEL:generateContent, also /v1/…    waits, and answers with the pictures
 *   GET  /v1beta/models                                      the table of gemini_models.h
 *
 * A key in `Authorization: Bearer` is a relay's, one in `x-goog-api-key` Google's; some limits differ. */
#ifndef SANDBOX_GEMINI_WIRE_H
#define SANDBOX_GEMINI_WIRE_H

#include "api.h"

extern const struct wire gemini_wire;

#endif
