#include "settings.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

const struct setting_info setting_table[SET_COUNT] = {
	[SET_MODEL] = { "model", "", "a name or alias from the model table", "<models>" },
	[SET_PROVIDER] = { "provider", "", "a name from the provider table", "<providers>" },
	[SET_SIZE] = { "size", "aspect-ratio aspectRatio aspect_ratio",
	               "a ratio of the model (16:9), or WIDTHxHEIGHT that is one of its sizes" },
	[SET_RESOLUTION] = { "resolution", "image-size imageSize image_size", "512 (0.5K), 1K, 2K, 4K", "512 1K 2K 4K" },
	[SET_N] = { "n", "", "1 to 16" },
	[SET_REFS] = { "refs", "images image_urls image-urls imageUrls",
	               "paths, globs and URLs of pictures, separated by commas" },
	[SET_SYSTEM] = { "system", "system-instruction systemInstruction system_instruction",
	                 "an instruction that stands above the prompt" },
	[SET_TEMPERATURE] = { "temperature", "", "0 to 2" },
	[SET_TOP_P] = { "top-p", "topP top_p", "0 to 1" },
	[SET_TOP_K] = { "top-k", "topK top_k", "a whole number from 1" },
	[SET_MAX_OUTPUT_TOKENS] = { "max-output-tokens", "maxOutputTokens max_output_tokens",
	                            "a whole number from 1" },
	[SET_CANDIDATES] = { "candidates", "candidate-count candidateCount candidate_count", "1 to 10" },
	[SET_MODALITIES] = { "modalities", "response-modalities responseModalities response_modalities",
	                     "IMAGE, or TEXT, IMAGE", "IMAGE" },
	[SET_FORMAT] = { "format", "mime-type mimeType mime_type output-format output_format",
	                 "png, jpeg, webp", "png jpeg webp" },
	[SET_QUALITY] = { "quality", "compression-quality compressionQuality compression_quality",
	                  "1 to 100, with format jpeg" },
	[SET_PEOPLE] = { "people", "person-generation personGeneration person_generation",
	                 "all, adult, none", "all adult none" },
	[SET_SAFETY] = { "safety", "",
	                 "harassment, hate, sexual, dangerous, each = off, low, medium or high" },
	[SET_THINKING] = { "thinking", "thinking-level thinkingLevel thinking_level "
	                               "thinking-budget thinkingBudget thinking_budget",
	                   "minimal, low, medium, high, or a number of tokens", "minimal low medium high" },
	[SET_SEARCH] = { "search", "", "web, image (image implies web), off", "web image off" },
	[SET_REUSE] = { "reuse", "", "yes, no", "yes no" },
};

/* What requests hold under `metadata`, by the API's spelling, and we know as a header. */
static const struct { const char *name; enum setting setting; } metadata_spellings[] = {
	{ "resolution", SET_RESOLUTION },
	{ "temperature", SET_TEMPERATURE },
	{ "topP", SET_TOP_P },
	{ "topK", SET_TOP_K },
	{ "maxOutputTokens", SET_MAX_OUTPUT_TOKENS },
	{ "candidateCount", SET_CANDIDATES },
	{ "personGeneration", SET_PEOPLE },
};

static const char metadata_prefix[] = "metadata.";
static const char prompt_hint[] = "if the line is part of the prompt, put an empty line before it";

/* The two switches that the API has for what `search` says in one word; NULL if name is none. */
static char *google_switch(struct settings *s, const char *name)
{
	if (!strcasecmp(name, "google_search") || !strcasecmp(name, "google-search"))
		return &s->google_search;
	if (!strcasecmp(name, "google_image_search") || !strcasecmp(name, "google-image-search"))
		return &s->google_image_search;
	return NULL;
}

static bool is_alias(const char *aliases, const char *name)
{
	cleanup_free char *alias = NULL;

	for (const char *at = aliases; (alias = next_word(&at)); cleanup_free_(&alias))
		if (!strcasecmp(alias, name))
			return true;
	return false;
}

int setting_by_name(const char *name)
{
	for (int i = 0; i < SET_COUNT; i++)
		if (!strcasecmp(setting_table[i].name, name) || is_alias(setting_table[i].aliases, name))
			return i;
	return -1;
}

static bool is_metadata(const char *name)
{
	return !strncasecmp(name, metadata_prefix, sizeof(metadata_prefix) - 1);
}

bool setting_is_known(const char *name)
{
	struct settings none = { 0 };

	return setting_by_name(name) >= 0 || is_metadata(name) || google_switch(&none, name);
}

static char *all_names(void)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < SET_COUNT; i++)
		buf_fmt(&b, "%s, ", setting_table[i].name);
	buf_str(&b, "metadata.NAME");
	return buf_steal(&b);
}

/* Adds the aliases of a row to the list. */
static size_t add_words(char **list, size_t count, const char *words)
{
	char *word;

	while ((word = next_word(&words)))
		list[count++] = word;
	return count;
}

/* The nearest canonical name, or the nearest alias if no canonical one is near; the caller frees. */
char *setting_nearest(const char *name)
{
	enum { ALIASES_MAX = 8 };
	const char *names[SET_COUNT];
	char *aliases[(SET_COUNT + 1) * ALIASES_MAX];
	size_t count = add_words(aliases, 0, "google_search google_image_search");

	for (int i = 0; i < SET_COUNT; i++) {
		names[i] = setting_table[i].name;
		count = add_words(aliases, count, setting_table[i].aliases);
	}
	const char *near = nearest_word(name, names, SET_COUNT);
	if (!near)
		near = nearest_word(name, (const char *const *)aliases, count);
	char *found = xstrdup(near);
	while (count)
		free(aliases[--count]);
	return found;
}

/* Only a prompt's line may be part of its text. */
static const char *line_hint(const struct settings *s)
{
	return s->place ? "correct it there, or take it out" : prompt_hint;
}

static int refuse_unknown(const struct settings *s, const char *name, struct error *err)
{
	cleanup_free char *near = setting_nearest(name);

	if (near)
		return error_set(err, EINVAL, line_hint(s), "unknown header \"%s\": did you mean \"%s\"?", name,
		                 near);
	cleanup_free char *names = all_names();
	cleanup_free char *hint = xasprintf("the headers are %s; %s", names, line_hint(s));
	return error_set(err, EINVAL, hint, "unknown header \"%s\"", name);
}

static int refuse_twice(const char *name, struct error *err)
{
	return error_set(err, EINVAL, "keep one of the two lines", "header \"%s\" is set twice", name);
}

static int set_value(struct settings *s, enum setting which, char *value, struct error *err)
{
	if (s->value[which]) {
		free(value);
		return refuse_twice(setting_table[which].name, err);
	}
	s->value[which] = value;
	free(s->origin[which]);
	s->origin[which] = xstrdup(s->place);
	return 0;
}

void settings_unset(struct settings *s, enum setting which)
{
	free(s->value[which]);
	free(s->origin[which]);
	s->value[which] = s->origin[which] = NULL;
}

char *settings_hint(const struct settings *s, enum setting which)
{
	if (s->origin[which])
		return xasprintf("it comes from %s: change it there, or say another \"%s\" in the prompt",
		                 s->origin[which], setting_table[which].name);
	return xstrdup("if the line is the beginning of the prompt itself, put an empty line before it");
}

static int set_google(struct settings *s, char *which, const char *name, const char *value,
                      struct error *err)
{
	bool yes = !strcasecmp(value, "true") || !strcasecmp(value, "yes") || !strcasecmp(value, "on");
	bool no = !strcasecmp(value, "false") || !strcasecmp(value, "no") || !strcasecmp(value, "off");
	bool first = !s->google_search && !s->google_image_search;

	if (!yes && !no)
		return error_set(err, EINVAL, line_hint(s), "header \"%s\" does not take \"%s\": it takes true, false",
		                 name, value);
	if (*which)
		return refuse_twice(name, err);
	if (first && s->value[SET_SEARCH])
		return refuse_twice("search", err);
	*which = yes ? 'y' : 'n';
	if (s->google_image_search == 'y' && s->google_search == 'n')
		return error_set(err, EINVAL, "set google_search to true, or write `search: image`",
		                 "google_image_search needs google_search");
	settings_unset(s, SET_SEARCH);
	return set_value(s, SET_SEARCH, xstrdup(s->google_image_search == 'y' ? "image" :
	                                        s->google_search == 'y' ? "web" : "off"), err);
}

static bool is_metadata_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *bare = name + (*name == '/');
	size_t ok = 0;

	while (bare[ok] && (strchr(letters, bare[ok]) || strchr("0123456789-_.", bare[ok])))
		ok++;
	return ok && !bare[ok];
}

static bool is_json(const char *text)
{
	cJSON *json = cJSON_ParseWithOpts(text, NULL, 1);

	cJSON_Delete(json);
	return json != NULL;
}

/* Each is compared with all others. */
enum { METADATA_MAX = 200 };

int settings_check_metadata(const struct settings *s, struct error *err)
{
	if (s->metadata_count <= METADATA_MAX)
		return 0;
	return error_set(err, EINVAL, "leave some of them out, here or in the .defaults of a folder above",
	                 "there are more than %d metadata.NAME", METADATA_MAX);
}

static int set_metadata(struct settings *s, const char *name, const char *json, struct error *err)
{
	if (!is_metadata_name(name))
		return error_set(err, EINVAL, "write metadata.NAME, or metadata./NAME for the request's top level",
		                 "\"metadata.%s\" names no field of a request", name);
	for (size_t i = 0; i < s->metadata_count; i++)
		if (!strcmp(s->metadata[i].name, name)) {
			cleanup_free char *full = xasprintf("metadata.%s", name);
			return refuse_twice(full, err);
		}
	if (*json && !is_json(json))
		return error_set(err, EINVAL, "put words in double quotes; numbers, true and false stand bare",
		                 "the value of \"metadata.%s\" is not JSON: %.60s", name, json);
	s->metadata = xrealloc(s->metadata, (s->metadata_count + 1) * sizeof(*s->metadata));
	s->metadata[s->metadata_count].name = xstrdup(name);
	s->metadata[s->metadata_count++].json = xstrdup(json);
	return settings_check_metadata(s, err);
}

/* JSON's quotes around a plain word are no part of a header's value. */
static char *unquoted(const char *value)
{
	size_t len = strlen(value);

	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		return xstrndup(value + 1, len - 2);
	return xstrdup(value);
}

static int set_under_metadata(struct settings *s, const char *name, const char *value,
                              struct error *err)
{
	char *which = google_switch(s, name);

	if (which)
		return set_google(s, which, name, value, err);
	for (size_t i = 0; i < ARRAY_LEN(metadata_spellings); i++)
		if (!strcasecmp(metadata_spellings[i].name, name))
			return set_value(s, metadata_spellings[i].setting, unquoted(value), err);
	return set_metadata(s, name, value, err);
}

static char *trimmed(const char *value)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	value += strspn(value, blanks);
	for (len = strlen(value); len && strchr(blanks, value[len - 1]); len--)
		;
	return xstrndup(value, len);
}

int settings_set(struct settings *s, const char *name, const char *value, struct error *err)
{
	cleanup_free char *plain = trimmed(value);

	if (is_metadata(name))
		return set_under_metadata(s, name + sizeof(metadata_prefix) - 1, plain, err);
	char *which = google_switch(s, name);
	if (which)
		return set_google(s, which, name, plain, err);
	int setting = setting_by_name(name);
	if (setting < 0)
		return refuse_unknown(s, name, err);
	return set_value(s, (enum setting)setting, steal_pointer(&plain), err);
}

static bool has_metadata(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->metadata_count; i++)
		if (!strcmp(s->metadata[i].name, name))
			return true;
	return false;
}

void settings_inherit(struct settings *s, const struct settings *outer)
{
	for (int i = 0; i < SET_COUNT; i++)
		if (!s->value[i] && outer->value[i]) {
			s->value[i] = xstrdup(outer->value[i]);
			s->origin[i] = xstrdup(outer->origin[i]);
		}
	for (size_t i = 0; i < outer->metadata_count; i++) {
		if (has_metadata(s, outer->metadata[i].name))
			continue;
		s->metadata = xrealloc(s->metadata, (s->metadata_count + 1) * sizeof(*s->metadata));
		s->metadata[s->metadata_count].name = xstrdup(outer->metadata[i].name);
		s->metadata[s->metadata_count++].json = xstrdup(outer->metadata[i].json);
	}
}

void settings_release(struct settings *s)
{
	for (int i = 0; i < SET_COUNT; i++)
		settings_unset(s, (enum setting)i);
	for (size_t i = 0; i < s->metadata_count; i++) {
		free(s->metadata[i].name);
		free(s->metadata[i].json);
	}
	free(s->metadata);
	*s = (struct settings){ 0 };
}
