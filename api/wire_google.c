#include "wire_google.h"

#include <ctype.h>
#include <math.h>

#include "wire_json.h"

static const char *const people_words[] = {
	[PEOPLE_ALL] = "ALLOW_ALL", [PEOPLE_ADULT] = "ALLOW_ADULT", [PEOPLE_NONE] = "ALLOW_NONE",
};

static const char *const harm_words[HARM_COUNT] = {
	[HARM_HATE] = "HARM_CATEGORY_HATE_SPEECH",
	[HARM_DANGEROUS] = "HARM_CATEGORY_DANGEROUS_CONTENT",
	[HARM_SEXUAL] = "HARM_CATEGORY_SEXUALLY_EXPLICIT",
	[HARM_HARASSMENT] = "HARM_CATEGORY_HARASSMENT",
};

static const char *const threshold_words[] = {
	[THRESHOLD_OFF] = "OFF",
	[THRESHOLD_LOW] = "BLOCK_LOW_AND_ABOVE",
	[THRESHOLD_MEDIUM] = "BLOCK_MEDIUM_AND_ABOVE",
	[THRESHOLD_HIGH] = "BLOCK_ONLY_HIGH",
};

void google_add_sampling(cJSON *to, const struct request *r)
{
	if (!isnan(r->temperature))
		cJSON_AddNumberToObject(to, "temperature", r->temperature);
	if (!isnan(r->top_p))
		cJSON_AddNumberToObject(to, "topP", r->top_p);
	if (r->top_k >= 0)
		cJSON_AddNumberToObject(to, "topK", (double)r->top_k);
	if (r->max_output_tokens >= 0)
		cJSON_AddNumberToObject(to, "maxOutputTokens", (double)r->max_output_tokens);
}

void google_add_people(cJSON *to, const struct request *r)
{
	if (r->people != PEOPLE_UNSET)
		cJSON_AddStringToObject(to, "personGeneration", people_words[r->people]);
}

void google_add_image_output(cJSON *to, const struct request *r)
{
	if (!r->format && r->quality < 0)
		return;
	cJSON *options = cJSON_AddObjectToObject(to, "imageOutputOptions");
	if (r->format) {
		cleanup_free char *mime = xasprintf("image/%s", r->format);
		cJSON_AddStringToObject(options, "mimeType", mime);
	}
	if (r->quality >= 0)
		cJSON_AddNumberToObject(options, "compressionQuality", r->quality);
}

void google_add_thinking(cJSON *to, const struct request *r)
{
	if (!r->thinking_level && r->thinking_budget < 0)
		return;
	cJSON *config = cJSON_AddObjectToObject(to, "thinkingConfig");
	if (r->thinking_level)
		cJSON_AddItemToObject(config, "thinkingLevel", wire_json_in_case(r->thinking_level, toupper));
	if (r->thinking_budget >= 0)
		cJSON_AddNumberToObject(config, "thinkingBudget", (double)r->thinking_budget);
}

void google_add_safety(cJSON *to, const struct request *r)
{
	cJSON *settings = NULL;

	for (int h = 0; h < HARM_COUNT; h++) {
		if (r->safety[h] == THRESHOLD_UNSET)
			continue;
		if (!settings)
			settings = cJSON_AddArrayToObject(to, "safetySettings");
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "category", harm_words[h]);
		cJSON_AddStringToObject(one, "threshold", threshold_words[r->safety[h]]);
		cJSON_AddItemToArray(settings, one);
	}
}
