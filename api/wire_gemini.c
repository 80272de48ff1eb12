/*
 * The gemini wire: generateContent as Google has it, and relays of it.  One exchange, with the references
 * in the request and the pictures in the reply.
 */
#include "wire.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "wire_google.h"
#include "wire_json.h"

static const char image_size[] = "generationConfig.imageConfig.imageSize";

/* --- request */

/* `TEXT,IMAGE` as a list.  Without it nothing is sent: each provider has a default that makes pictures. */
static void add_modalities(cJSON *config, const struct request *r)
{
	const char *at = r->modalities;
	cleanup_free char *word = NULL;

	if (!at)
		return;
	cJSON *list = cJSON_AddArrayToObject(config, "responseModalities");
	for (; (word = next_word(&at)); cleanup_free_(&word))
		cJSON_AddItemToArray(list, cJSON_CreateString(word));
}

/* people, format and quality are Vertex'; other rows do not take them, so they are not set there. */
static void add_image_config(cJSON *config, const struct request *r)
{
	cJSON *image = cJSON_AddObjectToObject(config, "imageConfig");

	if (r->ratio)
		cJSON_AddStringToObject(image, "aspectRatio", r->ratio);
	google_add_people(image, r);
	google_add_image_output(image, r);
	if (!image->child)
		cJSON_DeleteItemFromObjectCaseSensitive(config, "imageConfig");
}

/* A row that does not say where has the general default, which is another wire's. */
static void add_resolution(cJSON *root, const struct request *r)
{
	const char *key = r->model->resolution_key;

	if (!r->resolution)
		return;
	wire_json_put(root, key && !str_starts_with(key, "metadata.") ? key : image_size,
	              r->model->resolution_lower ? wire_json_in_case(r->resolution, tolower)
	                                         : cJSON_CreateString(r->resolution));
}

static void add_search(cJSON *root, const struct request *r)
{
	if (!r->search_web && !r->search_image)
		return;
	cJSON *tool = cJSON_CreateObject();
	cJSON *search = cJSON_AddObjectToObject(tool, "google_search");
	if (r->search_image) {
		cJSON *types = cJSON_AddObjectToObject(search, "searchTypes");
		cJSON_AddObjectToObject(types, "webSearch");
		cJSON_AddObjectToObject(types, "imageSearch");
	}
	cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "tools"), tool);
}

static void add_system(cJSON *root, const struct request *r)
{
	if (!r->system)
		return;
	cJSON *part = cJSON_CreateObject();
	cJSON_AddStringToObject(part, "text", r->system);
	cJSON *instruction = cJSON_AddObjectToObject(root, "systemInstruction");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(instruction, "parts"), part);
}

/* All but the contents; what the user did not set is not there, as unknown fields are refused. */
static cJSON *settings_of(const struct wire_submit *s)
{
	const struct request *r = s->request;
	cJSON *root = cJSON_CreateObject();

	add_system(root, r);
	cJSON *config = cJSON_AddObjectToObject(root, "generationConfig");
	add_modalities(config, r);
	add_image_config(config, r);
	add_resolution(root, r);
	if (s->pictures > 1)
		cJSON_AddNumberToObject(config, "candidateCount", s->pictures);
	google_add_sampling(config, r);
	google_add_thinking(config, r);
	add_search(root, r);
	google_add_safety(root, r);
	wire_json_pass_metadata(r, root, config);
	if (!config->child)
		cJSON_DeleteItemFromObjectCaseSensitive(root, "generationConfig");
	/* They are ours to say. */
	cJSON_DeleteItemFromObjectCaseSensitive(root, "contents");
	return root;
}

/* The type that an address seems to have, by its suffix; NULL if it has none that is known. */
static const char *mime_of_url(const char *url)
{
	static const struct { const char *suffix, *mime; } types[] = {
		{ ".png", "image/png" }, { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" }, { ".webp", "image/webp" },
		{ ".gif", "image/gif" }, { ".heic", "image/heic" }, { ".heif", "image/heif" },
	};
	size_t len = strcspn(url, "?#");

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t suffix = strlen(types[i].suffix);
		if (len > suffix && !strncasecmp(url + len - suffix, types[i].suffix, suffix))
			return types[i].mime;
	}
	return NULL;
}

static void add_json(struct wire_call *c, cJSON *item)
{
	char *text = cJSON_PrintUnformatted(item);

	buf_str(wire_call_text(c), text);
	cJSON_free(text);
	cJSON_Delete(item);
}

static void add_url_part(struct wire_call *c, const char *url)
{
	const char *mime = mime_of_url(url);
	cJSON *part = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(part, "file_data");

	if (mime)
		cJSON_AddStringToObject(data, "mime_type", mime);
	cJSON_AddStringToObject(data, "file_uri", url);
	add_json(c, part);
}

static void add_reference(struct wire_call *c, const struct request *r, int i)
{
	const struct reference *ref = &r->references[i];

	buf_chr(wire_call_text(c), ',');
	if (ref->is_url) {
		add_url_part(c, ref->name);
		return;
	}
	buf_fmt(wire_call_text(c), "{\"inline_data\":{\"mime_type\":\"%s\",\"data\":\"",
	        ref->mime ? ref->mime : "application/octet-stream");
	wire_call_reference(c, i, true);
	buf_str(wire_call_text(c), "\"}}");
}

/* The contents are written by hand, around the references that are read only when they are sent. */
static void gemini_build_submit(const struct wire_submit *s, struct wire_call *out)
{
	const struct request *r = s->request;
	cJSON *settings = settings_of(s);
	char *rest = cJSON_PrintUnformatted(settings);

	*out = (struct wire_call){ .method = "POST", .content_type = xstrdup("application/json"),
	                           .url = wire_url(r->provider, r->provider->submit_path, r->model->id) };
	buf_str(wire_call_text(out), "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":");
	add_json(out, cJSON_CreateString(r->prompt));
	buf_chr(wire_call_text(out), '}');
	for (size_t i = 0; i < r->references_count; i++)
		add_reference(out, r, (int)i);
	buf_fmt(wire_call_text(out), "]}]%s%s", settings->child ? "," : "", rest + 1);
	cJSON_free(rest);
	cJSON_Delete(settings);
}

/* --- why there is no picture */

#define REPHRASE "change the prompt or its references"
#define ONCE_MORE "retry asks once more, and may be charged again"
#define ASK_PLAINLY "say in the prompt that a picture is wanted, and of what; " ONCE_MORE

/* Every finishReason of a candidate, and every blockReason of a prompt (PROVIDERS 2.3). */
enum reason_kind { FINISH, BLOCK };
static const struct reason { enum reason_kind kind; const char *word, *says, *hint; } reasons[] = {
	{ FINISH, "STOP", "the model finished without making a picture", ASK_PLAINLY },
	{ FINISH, "MAX_TOKENS", "the model used up its tokens before it had a picture",
		"raise max-output-tokens or leave it out, or shorten the prompt" },
	{ FINISH, "SAFETY", "the provider's safety filter stopped the answer", REPHRASE },
	{ FINISH, "RECITATION", "the answer came too close to a work that exists", REPHRASE },
	{ FINISH, "LANGUAGE", "the model does not know the language of the prompt", "write the prompt in another language" },
	{ FINISH, "OTHER", "the model stopped, and the provider does not say why", REPHRASE "; " ONCE_MORE },
	{ FINISH, "BLOCKLIST", "the answer had words that the provider does not allow", REPHRASE },
	{ FINISH, "PROHIBITED_CONTENT", "the provider prohibits what would have been shown", REPHRASE },
	{ FINISH, "SPII", "the answer would have had somebody's personal data in it", REPHRASE },
	{ FINISH, "MALFORMED_FUNCTION_CALL", "the model tried to call a function, and got it wrong", ONCE_MORE },
	{ FINISH, "IMAGE_SAFETY", "a picture was made, but the provider's safety filter holds it back", REPHRASE },
	{ FINISH, "UNEXPECTED_TOOL_CALL", "the model called for a tool that it was not given",
		"allow it to search with `search: web`, or " REPHRASE },
	{ FINISH, "TOO_MANY_TOOL_CALLS", "the model searched too often", "leave search out, or " REPHRASE },
	{ FINISH, "IMAGE_PROHIBITED_CONTENT", "a picture was made, but the provider prohibits what it shows", REPHRASE },
	{ FINISH, "NO_IMAGE", "the model was to make a picture, and made none", ASK_PLAINLY },
	{ FINISH, "IMAGE_RECITATION", "the picture came too close to one that exists", REPHRASE },
	{ FINISH, "IMAGE_OTHER", "the picture failed, and the provider does not say why", ONCE_MORE },
	{ FINISH, "FINISH_REASON_UNSPECIFIED", "the model stopped, and the provider gives no reason", ONCE_MORE },
	{ BLOCK, "SAFETY", "the provider's safety filter blocked the prompt", REPHRASE },
	{ BLOCK, "OTHER", "the provider blocked the prompt, and does not say why", REPHRASE },
	{ BLOCK, "BLOCKLIST", "the prompt has words that the provider does not allow", REPHRASE },
	{ BLOCK, "PROHIBITED_CONTENT", "the provider prohibits what the prompt asks for", REPHRASE },
	{ BLOCK, "IMAGE_SAFETY", "the provider's safety filter blocked the prompt for the picture that it asks for", REPHRASE },
	{ BLOCK, "MODEL_ARMOR", "the filter of the account's own project (Model Armor) blocked the prompt",
		"change the prompt, or the Model Armor template of the project" },
	{ BLOCK, "JAILBREAK", "the provider takes the prompt for an attempt to get around its rules", REPHRASE },
	{ BLOCK, "BLOCKED_REASON_UNSPECIFIED", "the provider blocked the prompt, and gives no reason", REPHRASE },
	{ BLOCK, "BLOCK_REASON_UNSPECIFIED", "the provider blocked the prompt, and gives no reason", REPHRASE },
};

static const struct reason *reason_of(enum reason_kind kind, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].kind == kind && !strcasecmp(reasons[i].word, word))
			return &reasons[i];
	return NULL;
}

/* The sentence for a word (or for none), with what the provider adds to it; the caller frees. */
static char *say_reason(enum reason_kind kind, const char *word, const char *message)
{
	const struct reason *known = word ? reason_of(kind, word) : NULL;
	cleanup_free char *name = word ? wire_clean(word, 60) : NULL;
	cleanup_free char *more = message ? wire_clean(message, 300) : NULL;
	struct buf b = BUF_INIT;

	if (known)
		buf_fmt(&b, "%s (%s)", known->says, known->word);
	else if (name)
		buf_fmt(&b, "the provider %s for a reason that is not known here (%s)",
		        kind == BLOCK ? "blocked the prompt" : "ended the answer without a picture", name);
	else
		buf_str(&b, "the provider's answer has no picture in it, and no reason");
	if (more)
		buf_fmt(&b, ": \"%s\"", more);
	return buf_steal(&b);
}

/* --- reply */

struct picture {
	int file;                     /* -1: url */
	const char *url;
	bool thought;                 /* a draft on the way */
	char *flaw;                   /* why it cannot be used, or NULL */
};

struct candidate {
	const cJSON *item;
	double index;
	struct picture *pictures;
	size_t count;
};

struct answer {
	struct candidate *candidates;
	size_t count;
	const cJSON *feedback;        /* promptFeedback */
	bool recognised;              /* it is an answer of this kind at all */
};

static const char *text_member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(wire_member_spelled(object, name));
}

static void answer_release(struct answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < a->candidates[i].count; k++)
			free(a->candidates[i].pictures[k].flaw);
		free(a->candidates[i].pictures);
	}
	free(a->candidates);
}

static void read_part(struct candidate *c, struct wire_files *files, const cJSON *part)
{
	struct picture p = { .thought = cJSON_IsTrue(wire_member_spelled(part, "thought")) };

	p.file = wire_files_take(files, wire_member_spelled(wire_member_spelled(part, "inlineData"), "data"));
	if (p.file >= 0)
		p.flaw = wire_file_flaw(files->reply, p.file);
	else
		p.url = text_member(wire_member_spelled(part, "fileData"), "fileUri");
	if (p.file < 0 && !p.url)
		return;
	c->pictures = xrealloc(c->pictures, (c->count + 1) * sizeof(*c->pictures));
	c->pictures[c->count++] = p;
}

static void read_candidate(struct answer *a, struct wire_files *files, const cJSON *item)
{
	const cJSON *index = wire_member_spelled(item, "index"), *part;

	a->candidates = xrealloc(a->candidates, (a->count + 1) * sizeof(*a->candidates));
	struct candidate *c = &a->candidates[a->count];
	*c = (struct candidate){ .item = item, .index = cJSON_IsNumber(index) ? index->valuedouble : (double)a->count };
	a->count++;
	cJSON_ArrayForEach(part, wire_member_spelled(wire_member_spelled(item, "content"), "parts"))
		read_part(c, files, part);
}

static void read_object(struct answer *a, struct wire_files *files, const cJSON *object)
{
	const cJSON *candidates = wire_member_spelled(object, "candidates"), *item;
	const cJSON *feedback = wire_member_spelled(object, "promptFeedback");

	a->recognised |= cJSON_IsArray(candidates) || cJSON_IsObject(feedback) ||
	                 cJSON_IsObject(wire_member_spelled(object, "usageMetadata"));
	if (!a->feedback)
		a->feedback = feedback;
	if (cJSON_IsArray(candidates))
		cJSON_ArrayForEach(item, candidates)
			read_candidate(a, files, item);
}

/* By index, and among equals as they came. */
static void sort_candidates(struct answer *a)
{
	for (size_t i = 1; i < a->count; i++) {
		struct candidate moving = a->candidates[i];
		size_t at = i;

		for (; at && a->candidates[at - 1].index > moving.index; at--)
			a->candidates[at] = a->candidates[at - 1];
		a->candidates[at] = moving;
	}
}

/* The last whole picture that is no thought, else the last whole one at all: some models send nothing but
 * drafts.  NULL if there is none. */
static const struct picture *choose(const struct candidate *c)
{
	const struct picture *draft = NULL;

	for (size_t i = c->count; i-- > 0;) {
		const struct picture *p = &c->pictures[i];
		if (!p->flaw && !p->thought)
			return p;
		if (!p->flaw && !draft)
			draft = p;
	}
	return draft;
}

/* Of a candidate with nothing but drafts each is kept.  Where the picture is there the thoughts before it
 * are not; pictures before it that are no thoughts were paid for, and are kept like drafts. */
static void keep_others(const struct candidate *c, const struct picture *chosen, struct wire_result *out)
{
	size_t more = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct picture *p = &c->pictures[i];

		if (p->flaw || p->file < 0 || p->thought != chosen->thought || (p == chosen && !p->thought))
			continue;
		wire_result_add_draft(out, p->file);
		more++;
	}
	if (chosen->thought)
		wire_result_note(out, "the model sent only a draft");
	else if (more)
		wire_result_note(out, "the model sent %zu picture%s before this one", more, more > 1 ? "s" : "");
}

static void take_pictures(const struct answer *a, struct wire_result *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct candidate *c = &a->candidates[i];
		const struct picture *chosen = choose(c);

		if (!chosen)
			continue;
		if (chosen->file >= 0)
			wire_result_add_file(out, chosen->file);
		else
			wire_result_add_url(out, chosen->url);
		keep_others(c, chosen, out);
	}
}

/* Damage to what would have been a picture; a thought only counts where there is nothing better. */
static void note_flaws(const struct candidate *c, size_t number, struct wire_result *out)
{
	const struct picture *chosen = choose(c);

	for (size_t i = 0; i < c->count; i++)
		if (c->pictures[i].flaw && (!c->pictures[i].thought || !chosen || chosen->thought))
			wire_result_note(out, "picture %zu of candidate %zu was passed over: %s", i + 1, number,
			                 c->pictures[i].flaw);
}

/* Beside pictures that came: what is missing. */
static void note_missing(const struct answer *a, struct wire_result *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct candidate *c = &a->candidates[i];
		const char *word = text_member(c->item, "finishReason");

		note_flaws(c, i + 1, out);
		if (c->count || !word)
			continue;
		cleanup_free char *why = say_reason(FINISH, word, text_member(c->item, "finishMessage"));
		wire_result_note(out, "no picture from candidate %zu: %s", i + 1, why);
	}
	wire_result_note_urls(out);
}

/* What the model wrote, thoughts left out; NULL if nothing.  The caller frees. */
static char *read_text(const struct answer *a)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < a->count; i++) {
		const cJSON *parts = wire_member_spelled(wire_member_spelled(a->candidates[i].item, "content"), "parts"), *part;
		cJSON_ArrayForEach(part, parts) {
			const char *text = text_member(part, "text");
			if (!text || !*text || cJSON_IsTrue(wire_member_spelled(part, "thought")))
				continue;
			if (b.len && b.data[b.len - 1] != '\n')
				buf_chr(&b, '\n');
			buf_str(&b, text);
		}
	}
	return b.len ? buf_steal(&b) : NULL;
}

/* The word that says why, and whose it is: a blocked prompt comes before what a candidate says. */
static const char *find_word(const struct answer *a, enum reason_kind *kind, const char **message)
{
	const char *word = text_member(a->feedback, "blockReason");

	*kind = word ? BLOCK : FINISH;
	*message = text_member(a->feedback, "blockReasonMessage");
	for (size_t i = 0; i < a->count && !word; i++) {
		word = text_member(a->candidates[i].item, "finishReason");
		*message = text_member(a->candidates[i].item, "finishMessage");
	}
	return word;
}

/* The first damage, or NULL. */
static const char *find_flaw(const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < a->candidates[i].count; k++)
			if (a->candidates[i].pictures[k].flaw)
				return a->candidates[i].pictures[k].flaw;
	return NULL;
}

static void read_failure(const struct answer *a, struct wire_result *out)
{
	enum reason_kind kind;
	const char *message, *word = find_word(a, &kind, &message), *flaw = find_flaw(a);
	const struct reason *known = word && !flaw ? reason_of(kind, word) : NULL;
	cleanup_free char *wrote = out->text ? wire_clean(out->text, 200) : NULL;
	cleanup_free char *why = flaw ? xstrdup(flaw) : say_reason(kind, word, message);

	out->cls = WIRE_FAILED;
	out->code = word ? wire_clean(word, 60) : NULL;
	out->hint = xstrdup(known ? known->hint : ONCE_MORE);
	out->reason = wrote ? xasprintf("%s; the model wrote: \"%s\"", why, wrote) : steal_pointer(&why);
}

static void read_answer(const struct wire_reply *reply, const cJSON *root, struct wire_result *out)
{
	struct wire_files files;
	struct answer a = { 0 };
	const cJSON *object;

	wire_files_init(&files, reply);
	if (cJSON_IsArray(root))
		cJSON_ArrayForEach(object, root)
			read_object(&a, &files, object);
	else
		read_object(&a, &files, root);
	sort_candidates(&a);
	take_pictures(&a, out);
	out->text = read_text(&a);
	if (out->files_count || out->urls_count) {
		out->cls = WIRE_DONE;
		note_missing(&a, out);
	} else if (wire_reply_says_error(reply)) {
		wire_classify(&wire_gemini, STEP_SUBMIT, reply, out);
	} else if (a.recognised) {
		read_failure(&a, out);
	} else {
		wire_unclear(STEP_SUBMIT, xasprintf("the provider answered %d without a picture and without a reason",
		                                    reply->status), out);
	}
	answer_release(&a);
	wire_files_release(&files);
}

static void gemini_parse_submit(const struct provider *p, const struct wire_reply *reply, struct wire_result *out)
{
	(void)p;
	wire_read_submit(&wire_gemini, reply, out, read_answer);
}

/* Signatures of thoughts can be larger than all the rest, and are not needed here. */
static const char *const spilled[] = { "data", "thoughtSignature:drop", "thought_signature:drop", NULL };

const struct wire wire_gemini = {
	.name = "gemini",
	.synchronous = true,
	.inline_refs = true,
	.spilled = spilled,
	.build_submit = gemini_build_submit,
	.parse_submit = gemini_parse_submit,
};
