/*
 * wire_google: the words and members that Google's own API and relays of it under other names have in
 * common (PROVIDERS 1.10 "OFFICIAL", 2.2, 2.7).  Each adds what the request sets, and nothing else.
 */
#ifndef API_WIRE_GOOGLE_H
#define API_WIRE_GOOGLE_H

#include "request.h"

struct cJSON;

void google_add_sampling(struct cJSON *to, const struct request *r);       /* temperature, topP, topK, maxOutputTokens */
void google_add_people(struct cJSON *to, const struct request *r);         /* personGeneration */
void google_add_image_output(struct cJSON *to, const struct request *r);   /* imageOutputOptions */
void google_add_thinking(struct cJSON *to, const struct request *r);       /* thinkingConfig */
void google_add_safety(struct cJSON *to, const struct request *r);         /* safetySettings */

#endif
