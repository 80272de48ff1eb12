/*
 * What a refusal means.  `rules` says what is meant by the words and statuses that the providers document,
 * or were seen to use; `meanings` says what that leads to in each step.
 */
#include "wire.h"

#include <ctype.h>
#include <string.h>

enum meaning {
	INVALID, PICTURE, KEY, CREDIT, FORBIDDEN, BLOCKED_PAGE, REGION, POLICY, NOT_FOUND, NO_MODEL, TOO_LARGE,
	RATE, DAILY_RATE, NO_ALLOWANCE, BUSY, INTERNAL, GATEWAY, TIMED_OUT, CONFLICT, REDIRECT,
	NO_CONTENT, CANCELLED, UNCLEAR, MEANING_COUNT
};

#define CORRECT_IT "correct what it complains about, then save the prompt again"
#define IT_PASSES "it may pass: easelfs retry asks again; failed tasks are refunded"

/* A poll never refuses: the task exists and is paid for, whatever is wrong with asking about it. */
static const struct {
	enum wire_class cls[3];       /* by enum wire_step */
	const char *says;
	const char *hint;             /* for WIRE_REFUSED, WIRE_STOPPED and WIRE_FORM */
	const char *failed;           /* the hint where a task that was accepted failed of it; NULL: the same */
} meanings[MEANING_COUNT] = {
	[INVALID] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider refused the request", CORRECT_IT, NULL },
	[PICTURE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"the provider could not use a reference picture", "use another picture, format or size", NULL },
	[KEY] = { { WIRE_STOPPED, WIRE_STOPPED, WIRE_STOPPED }, "the provider does not accept the API key",
		"check the key in its key file; one in the environment is read at mounting: unmount, and mount again", IT_PASSES },
	[CREDIT] = { { WIRE_STOPPED, WIRE_STOPPED, WIRE_STOPPED }, "the account has no credit left",
		"add credit to the provider's account, then retry", NULL },
	[FORBIDDEN] = { { WIRE_STOPPED, WIRE_LATER, WIRE_STOPPED },
		"the provider does not allow this to the API key",
		"allow the key this model and this machine's address, or choose another model; then retry", NULL },
	[BLOCKED_PAGE] = { { WIRE_STOPPED, WIRE_LATER, WIRE_STOPPED },
		"something before the provider turned the request away",
		"a proxy or firewall may dislike the network, or the user-agent set for this provider; then retry", NULL },
	[REGION] = { { WIRE_STOPPED, WIRE_LATER, WIRE_STOPPED },
		"the provider does not serve this account as it is",
		"enable billing for the key's project, or use another provider: some places are not served", IT_PASSES },
	[POLICY] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"the provider's content rules refuse this prompt", "change the prompt or its references", NULL },
	[NOT_FOUND] = { { WIRE_REFUSED, WIRE_GONE, WIRE_REFUSED }, "the provider does not know this",
		"check the model's id and the provider's url in the configuration", NULL },
	[NO_MODEL] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider does not have this model (any more)",
		"choose another model, or correct its id in the configuration", NULL },
	[TOO_LARGE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the request is too large for the provider",
		"use fewer or smaller reference pictures, or a shorter prompt", NULL },
	[RATE] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER }, "the provider asks to send more slowly", NULL, IT_PASSES },
	[DAILY_RATE] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER },
		"the provider's daily allowance is used up", NULL, "retry tomorrow; failed tasks are refunded" },
	[NO_ALLOWANCE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"this account has no allowance at all for this model",
		"choose another model, or enable billing for the account", NULL },
	[BUSY] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER }, "the provider is busy or under maintenance", NULL, IT_PASSES },
	[INTERNAL] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER }, "the provider had an internal error", NULL, IT_PASSES },
	[GATEWAY] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"a gateway before the provider failed", NULL, IT_PASSES },
	[TIMED_OUT] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER }, "the provider gave up waiting", NULL, IT_PASSES },
	[CONFLICT] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"the provider says that it has this request already", NULL, IT_PASSES },
	[REDIRECT] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider's address has moved",
		"correct the provider's url in the configuration", NULL },
	[NO_CONTENT] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the model made no picture of it",
		"change the prompt; failed tasks are refunded", NULL },
	[CANCELLED] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the request was cancelled at the provider",
		"easelfs retry sends it again", NULL },
	[UNCLEAR] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"the provider's answer could not be understood", NULL,
		"retry, or change the prompt; failed tasks are refunded" },
};

static const char *const class_hint[] = {
	[WIRE_LATER] = "nothing to do: it is tried again by itself",
	[WIRE_AMBIGUOUS] = "if it cannot be looked up, check the provider's list of tasks before a retry: "
	                   "it may be charged a second time",
	[WIRE_GONE] = "the task may have expired, or belong to another account's key",
};

/*
 * The first row that fits counts; so what stands above outweighs what stands below.  A row fits if the wire
 * is its wire (NULL: any), the status is in its range (0: none was said, as of a failed task or an error in
 * a 200) and one of the body's words is its word (NULL: whatever they are).  Words are Google's
 * details[].reason, code, type or Google's status; case and `-` do not matter.
 *
 * A 5xx, and what leaves open whether the request was carried out, is judged by its status alone: what is
 * written in it may be another server's.
 */
#define HTML "(html)"
static const struct rule { const char *wire; int from, to; const char *word; enum meaning meaning; } rules[] = {
	{ NULL, 300, 399, NULL, REDIRECT },
	{ NULL, 408, 408, NULL, TIMED_OUT }, { NULL, 409, 409, NULL, CONFLICT }, { NULL, 499, 499, NULL, TIMED_OUT },
	{ NULL, 500, 500, NULL, INTERNAL }, { NULL, 503, 503, NULL, BUSY }, { NULL, 504, 504, NULL, TIMED_OUT },
	{ NULL, 524, 524, NULL, TIMED_OUT }, { NULL, 500, 599, NULL, GATEWAY },

	/* Of this prompt alone, with whatever status. */
	{ NULL, 0, 499, "content_policy_violation", POLICY }, { NULL, 0, 499, "moderation_blocked", POLICY },
	{ NULL, 0, 499, "content_filter", POLICY }, { NULL, 0, 499, "image_content_policy_violation", POLICY },

	/* Of the account: OpenAI says 429 or 400 where toapis says 402, relays 403; Google 400 of a bad key. */
	{ NULL, 0, 499, "insufficient_quota", CREDIT }, { NULL, 0, 499, "billing_hard_limit_reached", CREDIT },
	{ NULL, 0, 499, "billing_not_active", CREDIT }, { NULL, 0, 499, "billing_disabled", CREDIT },
	{ NULL, 0, 499, "quota_not_enough", CREDIT }, { NULL, 0, 499, "insufficient_user_quota", CREDIT },
	{ NULL, 0, 499, "pre_consume_token_quota_failed", CREDIT }, { NULL, 0, 499, "insufficient_balance", CREDIT },
	{ NULL, 0, 499, "insufficient_credits", CREDIT },
	{ NULL, 0, 499, "api_key_invalid", KEY }, { NULL, 0, 499, "invalid_api_key", KEY },
	{ NULL, 0, 499, "unauthorized", KEY }, { NULL, 0, 499, "unauthenticated", KEY },
	{ NULL, 0, 499, "authentication_error", KEY }, { NULL, 0, 499, "permission_denied", KEY },
	{ NULL, 0, 499, "failed_precondition", REGION },
	{ NULL, 401, 401, NULL, KEY }, { NULL, 402, 402, NULL, CREDIT },
	{ NULL, 403, 403, HTML, BLOCKED_PAGE }, { NULL, 403, 403, NULL, FORBIDDEN },

	/* Of the moment.  EvoLink's quota_exceeded is one of frequency. */
	{ NULL, 0, 499, "quota_zero", NO_ALLOWANCE }, { NULL, 0, 499, "quota_per_day", DAILY_RATE },
	{ NULL, 429, 429, NULL, RATE },
	{ NULL, 0, 499, "rate_limit_exceeded", RATE }, { NULL, 0, 499, "rate_limit_error", RATE },
	{ NULL, 0, 499, "resource_exhausted", RATE }, { NULL, 0, 499, "too_many_requests", RATE },
	{ NULL, 0, 499, "quota_exceeded", RATE },
	{ NULL, 0, 499, "rate_limit_unavailable", BUSY }, { NULL, 0, 499, "service_unavailable", BUSY },
	{ NULL, 0, 499, "unavailable", BUSY }, { NULL, 0, 499, "overloaded_error", BUSY },

	/* Nothing is looked up by Google's or OpenAI's wire but the model. */
	{ NULL, 0, 499, "model_not_found", NO_MODEL }, { "gemini", 404, 404, NULL, NO_MODEL },
	{ "gemini", 0, 499, "not_found", NO_MODEL },
	{ NULL, 0, 499, "task_not_found", NOT_FOUND }, { NULL, 0, 499, "task_not_exist", NOT_FOUND },
	{ NULL, 0, 499, "not_found_error", NOT_FOUND }, { NULL, 0, 499, "not_found", NOT_FOUND },
	{ NULL, 0, 499, "resource_not_found", NOT_FOUND },

	{ NULL, 0, 499, "image_processing_error", PICTURE }, { NULL, 0, 499, "image_dimension_mismatch", PICTURE },
	{ NULL, 0, 499, "invalid_image_file", PICTURE }, { NULL, 0, 499, "invalid_image_format", PICTURE },
	{ NULL, 0, 499, "invalid_image", PICTURE }, { NULL, 0, 499, "image_parse_error", PICTURE },
	{ NULL, 0, 499, "image_too_large", PICTURE }, { NULL, 0, 499, "unsupported_image_media_type", PICTURE },
	{ NULL, 0, 499, "invalid_request", INVALID }, { NULL, 0, 499, "invalid_request_error", INVALID },
	{ NULL, 0, 499, "invalidparameter", INVALID }, { NULL, 0, 499, "invalid_parameter", INVALID },
	{ NULL, 0, 499, "invalid_parameters", INVALID }, { NULL, 0, 499, "invalid_argument", INVALID },
	{ NULL, 0, 499, "webhook_not_configured", INVALID },

	{ NULL, 0, 499, "generation_timeout", TIMED_OUT }, { NULL, 0, 499, "deadline_exceeded", TIMED_OUT },
	{ NULL, 0, 499, "internal_error", INTERNAL }, { NULL, 0, 499, "internal", INTERNAL },
	{ NULL, 0, 499, "internal_server_error", INTERNAL }, { NULL, 0, 499, "server_error", INTERNAL },
	{ NULL, 0, 499, "api_error", INTERNAL }, { NULL, 0, 499, "service_error", INTERNAL },
	{ NULL, 0, 499, "upstream_error", INTERNAL }, { NULL, 0, 499, "unknown_error", INTERNAL },
	{ NULL, 0, 499, "generation_failed_no_content", NO_CONTENT }, { NULL, 0, 499, "request_cancelled", CANCELLED },

	{ NULL, 404, 404, NULL, NOT_FOUND }, { NULL, 410, 410, NULL, NOT_FOUND }, { NULL, 413, 413, NULL, TOO_LARGE },
	{ NULL, 415, 415, NULL, PICTURE }, { NULL, 425, 425, NULL, BUSY }, { NULL, 400, 499, NULL, INVALID },
};

/* Fields that carry references; their names are never localised. */
static const char *const ref_fields[] = { "image_urls", "reference_images" };

enum { DAILY_WAIT = 3600 };

/* The words that a body has, in small letters; "" where it has none. */
struct words { char word[4][64]; };

static void set_word(char word[64], const char *from)
{
	size_t len = 0;

	for (; from && from[len] && len < 63; len++)
		word[len] = (char)(from[len] == '-' ? '_' : tolower((unsigned char)from[len]));
	word[len] = '\0';
}

static bool is_said(const struct words *w, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(w->word); i++)
		if (!strcmp(w->word[i], word))
			return true;
	return false;
}

/* The relay's family of errors rather than this error's name: it may not turn a clear status around. */
static bool is_family(const char *type)
{
	struct words w = { 0 };

	set_word(w.word[0], type);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].word && is_said(&w, rules[i].word))
			return rules[i].meaning == INTERNAL || rules[i].meaning == INVALID;
	return false;
}

static bool find_meaning(const struct wire *wire, int status, const struct wire_error *e, enum meaning *out)
{
	struct words w = { 0 };

	set_word(w.word[0], e->detail);
	set_word(w.word[1], e->code);
	if (!status || !is_family(e->type))
		set_word(w.word[2], e->type);
	set_word(w.word[3], e->html ? HTML : NULL);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		bool fits = (!r->wire || !strcmp(r->wire, wire->name)) && status >= r->from && status <= r->to;
		if (fits && (!r->word || is_said(&w, r->word))) {
			*out = r->meaning;
			return true;
		}
	}
	return false;
}

/* A status in a 200's body counts as the status, e.g. {"error":{"code":404}}. */
static int effective_status(const struct wire_reply *reply, const struct wire_error *e)
{
	if (reply->status < 200 || reply->status > 299)
		return reply->status;
	int code = e->code && strlen(e->code) == 3 ? atoi(e->code) : 0;
	return code >= 400 && code <= 599 ? code : 0;
}

/* Only a field's name, or `param`, can say that a 400 is about the form of the references. */
static bool is_about_references(const struct wire_error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(ref_fields); i++) {
		const char *field = ref_fields[i];
		if ((e->param && str_starts_with(e->param, field)) || (e->message && strstr(e->message, field)))
			return true;
	}
	return false;
}

static char *reason_text(const char *says, int status, const struct wire_error *e)
{
	struct buf b = BUF_INIT;
	const char *word = e->code ? e->code : e->type;

	buf_str(&b, says);
	if (e->message)
		buf_fmt(&b, ": \"%s\"", e->message);
	else if (e->html)
		buf_str(&b, "; it answered with an HTML page");
	buf_fmt(&b, " (%d", status);
	if (word && atoi(word) != status && (!e->message || strcmp(word, e->message)))
		buf_fmt(&b, " %s", word);
	buf_chr(&b, ')');
	return buf_steal(&b);
}

/* A day's allowance does not come back in the seconds that Google's general advice says. */
static double wait_of(const struct wire_reply *reply, const struct wire_error *e, enum meaning m)
{
	double asked = reply->retry_after >= 0 ? reply->retry_after : e->wait;

	return m == DAILY_RATE && asked < DAILY_WAIT ? DAILY_WAIT : asked;
}

/* On a poll a 403 is no reason to stop, whatever it says: the task exists. */
static enum wire_class class_of(enum wire_step step, int status, enum meaning m)
{
	return step == STEP_POLL && status == 403 ? WIRE_LATER : meanings[m].cls[step];
}

void wire_classify(const struct wire *w, enum wire_step step, const struct wire_reply *reply,
                   struct wire_result *out)
{
	struct wire_error e;
	enum meaning m;

	wire_error_read(reply->body, reply->len, &e);
	int status = effective_status(reply, &e);
	if (!find_meaning(w, status, &e, &m))
		m = e.is_error ? INVALID : UNCLEAR;
	const char *hint = meanings[m].hint;

	out->cls = class_of(step, status, m);
	out->about_references = m == PICTURE || is_about_references(&e);
	out->no_model = m == NO_MODEL;
	if (step == STEP_SUBMIT && status == 400 && m == INVALID && is_about_references(&e) && !w->inline_refs)
		out->cls = WIRE_FORM;
	if (out->cls != WIRE_REFUSED && out->cls != WIRE_STOPPED && out->cls != WIRE_FORM)
		hint = class_hint[out->cls];
	out->wait = wait_of(reply, &e, m);
	out->code = xstrdup(e.code ? e.code : e.type);
	out->reason = reason_text(meanings[m].says, reply->status, &e);
	out->hint = xstrdup(hint);
	wire_error_release(&e);
}

void wire_unclear(enum wire_step step, char *reason, struct wire_result *out)
{
	out->cls = meanings[UNCLEAR].cls[step];
	out->reason = reason;
	out->hint = xstrdup(class_hint[out->cls]);
}

void wire_failure(const struct wire_reply *reply, struct wire_result *out)
{
	struct wire_error e;
	enum meaning m;

	wire_error_read(reply->body, reply->len, &e);
	if (!find_meaning(&wire_task, 0, &e, &m))
		m = UNCLEAR;
	const char *word = e.code ? e.code : e.type;

	out->cls = WIRE_FAILED;
	out->code = xstrdup(word);
	out->reason = xasprintf("the provider gave up on this picture%s%s%s%s%s%s",
	                        e.message ? ": \"" : "", e.message ? e.message : "", e.message ? "\"" : "",
	                        word ? " (" : "", word ? word : "", word ? ")" : "");
	out->hint = xstrdup(meanings[m].failed ? meanings[m].failed : meanings[m].hint);
	wire_error_release(&e);
}
