/*
 * What a refusal means.  Three tables: the words that toapis.com, its sisters and Google document or
 * were seen to use, HTTP statuses, and what each meaning leads to in each step.
 */
#include "wire.h"

#include <ctype.h>
#include <string.h>

enum meaning {
	INVALID, PICTURE, KEY, CREDIT, FORBIDDEN, BLOCKED_PAGE, POLICY, NOT_FOUND, NO_MODEL, TOO_LARGE,
	RATE, DAILY_RATE, NO_ALLOWANCE, BUSY, INTERNAL, GATEWAY, TIMED_OUT, CONFLICT, REDIRECT,
	UNCLEAR, MEANING_COUNT
};

/* A poll never refuses: the task exists and is paid for, whatever is wrong with asking about it. */
static const struct {
	enum wire_class cls[3];       /* by enum wire_step */
	const char *says;
	const char *hint;             /* for WIRE_REFUSED and WIRE_STOPPED */
} meanings[MEANING_COUNT] = {
	[INVALID] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider refused the request",
		"correct what it complains about, then save the prompt again" },
	[PICTURE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"the provider could not use a reference picture", "use another picture, format or size" },
	[KEY] = { { WIRE_STOPPED, WIRE_STOPPED, WIRE_STOPPED }, "the provider does not accept the API key",
		"check the key in its environment variable or key file" },
	[CREDIT] = { { WIRE_STOPPED, WIRE_STOPPED, WIRE_STOPPED }, "the account has no credit left",
		"add credit to the provider's account, then retry" },
	[FORBIDDEN] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"the provider does not allow this to the API key",
		"allow the key this model and this machine's address, or choose another model" },
	[BLOCKED_PAGE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"something before the provider turned the request away",
		"a proxy or firewall may dislike the network or the user-agent set for this provider" },
	[POLICY] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"the provider's content rules refuse this prompt", "change the prompt or its references" },
	[NOT_FOUND] = { { WIRE_REFUSED, WIRE_GONE, WIRE_REFUSED }, "the provider does not know this",
		"check the model's id and the provider's url in the configuration" },
	[NO_MODEL] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider does not have this model",
		"choose another model, or correct its id in the configuration" },
	[TOO_LARGE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the request is too large for the provider",
		"use fewer or smaller reference pictures, or a shorter prompt" },
	[RATE] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER }, "the provider asks to send more slowly", NULL },
	[DAILY_RATE] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER },
		"the provider's daily allowance is used up", NULL },
	[NO_ALLOWANCE] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED },
		"this account has no allowance at all for this model",
		"choose another model, or enable billing for the account" },
	[BUSY] = { { WIRE_LATER, WIRE_LATER, WIRE_LATER }, "the provider is busy or under maintenance", NULL },
	[INTERNAL] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER }, "the provider had an internal error", NULL },
	[GATEWAY] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"a gateway before the provider failed", NULL },
	[TIMED_OUT] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER }, "the provider gave up waiting", NULL },
	[CONFLICT] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"the provider says that it has this request already", NULL },
	[REDIRECT] = { { WIRE_REFUSED, WIRE_LATER, WIRE_REFUSED }, "the provider's address has moved",
		"correct the provider's url in the configuration" },
	[UNCLEAR] = { { WIRE_AMBIGUOUS, WIRE_LATER, WIRE_LATER },
		"the provider's answer could not be understood", NULL },
};

static const char *const class_hint[] = {
	[WIRE_FORM] = "nothing to do: it is sent again in the other form",
	[WIRE_LATER] = "nothing to do: it is tried again by itself",
	[WIRE_AMBIGUOUS] = "if it cannot be looked up, check the provider's list of tasks before a retry: "
	                   "it may be charged a second time",
	[WIRE_GONE] = "the task may have expired, or belong to another account's key",
};

static const struct { int from, to; enum meaning meaning; } statuses[] = {
	{ 300, 399, REDIRECT },
	{ 401, 401, KEY }, { 402, 402, CREDIT }, { 403, 403, FORBIDDEN }, { 404, 404, NOT_FOUND },
	{ 408, 408, TIMED_OUT }, { 409, 409, CONFLICT }, { 410, 410, NOT_FOUND }, { 413, 413, TOO_LARGE },
	{ 415, 415, PICTURE }, { 422, 422, INVALID }, { 425, 425, BUSY }, { 429, 429, RATE },
	{ 499, 499, TIMED_OUT }, { 400, 499, INVALID },
	{ 500, 500, INTERNAL }, { 503, 503, BUSY }, { 504, 504, TIMED_OUT }, { 524, 524, TIMED_OUT },
	{ 500, 599, GATEWAY },
};

static const struct { const char *word; enum meaning meaning; } words[] = {
	{ "invalid_request", INVALID }, { "invalid_request_error", INVALID },
	{ "invalidparameter", INVALID }, { "invalid_parameter", INVALID },
	{ "invalid_parameters", INVALID }, { "invalid_argument", INVALID },
	{ "webhook_not_configured", INVALID },
	{ "image_processing_error", PICTURE }, { "image_dimension_mismatch", PICTURE },
	{ "unauthorized", KEY }, { "unauthenticated", KEY }, { "authentication_error", KEY },
	{ "invalid_api_key", KEY }, { "api_key_invalid", KEY }, { "permission_denied", KEY },
	{ "insufficient_quota", CREDIT }, { "quota_not_enough", CREDIT }, { "quota_exceeded", CREDIT },
	{ "insufficient_user_quota", CREDIT }, { "pre_consume_token_quota_failed", CREDIT },
	{ "insufficient_balance", CREDIT }, { "insufficient_credits", CREDIT },
	{ "billing_hard_limit_reached", CREDIT }, { "failed_precondition", CREDIT },
	{ "content_policy_violation", POLICY }, { "moderation_blocked", POLICY },
	{ "content_filter", POLICY },
	{ "task_not_found", NOT_FOUND }, { "task_not_exist", NOT_FOUND }, { "not_found_error", NOT_FOUND },
	{ "not_found", NOT_FOUND }, { "resource_not_found", NOT_FOUND },
	{ "model_not_found", NO_MODEL },
	{ "rate_limit_exceeded", RATE }, { "rate_limit_error", RATE }, { "resource_exhausted", RATE },
	{ "too_many_requests", RATE },
	{ "quota_per_day", DAILY_RATE }, { "quota_zero", NO_ALLOWANCE },
	{ "rate_limit_unavailable", BUSY }, { "service_unavailable", BUSY }, { "unavailable", BUSY },
	{ "overloaded_error", BUSY },
	{ "internal_error", INTERNAL }, { "internal", INTERNAL }, { "internal_server_error", INTERNAL },
	{ "server_error", INTERNAL }, { "api_error", INTERNAL }, { "service_error", INTERNAL },
	{ "upstream_error", INTERNAL }, { "unknown_error", INTERNAL },
	{ "generation_timeout", TIMED_OUT }, { "deadline_exceeded", TIMED_OUT },
};

/* Fields that carry references; their names are never localised. */
static const char *const ref_fields[] = { "image_urls", "reference_images" };

enum { DAILY_WAIT = 3600 };

static bool word_means(const char *code, enum meaning *out)
{
	char word[64];
	size_t len = 0;

	for (; code && code[len] && len < sizeof(word) - 1; len++)
		word[len] = code[len] == '-' ? '_' : (char)tolower((unsigned char)code[len]);
	word[len] = '\0';
	for (size_t i = 0; len && i < ARRAY_LEN(words); i++) {
		if (!strcmp(words[i].word, word)) {
			*out = words[i].meaning;
			return true;
		}
	}
	return false;
}

/* `type` is often just the relay's family of errors: it may not turn a clear status around. */
static bool type_means(const struct wire_error *e, int status, enum meaning *out)
{
	enum meaning m;

	if (!word_means(e->type, &m) || (status && (m == INTERNAL || m == INVALID)))
		return false;
	*out = m;
	return true;
}

/* A status in a 200's body counts as the status, e.g. {"error":{"code":404}}. */
static int effective_status(const struct wire_reply *reply, const struct wire_error *e)
{
	if (reply->status < 200 || reply->status > 299)
		return reply->status;
	int code = e->code && strlen(e->code) == 3 ? atoi(e->code) : 0;
	return code >= 400 && code <= 599 ? code : 0;
}

static enum meaning meaning_of(int status, const struct wire_error *e)
{
	enum meaning m;

	if (status == 403 && e->html)
		return BLOCKED_PAGE;
	if (status < 500 && (word_means(e->detail, &m) || word_means(e->code, &m) || type_means(e, status, &m)))
		return m;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			return statuses[i].meaning;
	return e->is_error ? INVALID : UNCLEAR;
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

static double wait_of(const struct wire_reply *reply, const struct wire_error *e, enum meaning m)
{
	if (reply->retry_after >= 0)
		return reply->retry_after;
	if (e->wait >= 0)
		return e->wait;
	return m == DAILY_RATE ? DAILY_WAIT : -1;
}

void wire_classify(enum wire_step step, const struct wire_reply *reply, struct wire_result *out)
{
	struct wire_error e;

	wire_error_read(reply->body, reply->len, &e);
	int status = effective_status(reply, &e);
	enum meaning m = meaning_of(status, &e);
	const char *hint = meanings[m].hint;

	out->cls = meanings[m].cls[step];
	if (step == STEP_SUBMIT && status == 400 && m == INVALID && is_about_references(&e))
		out->cls = WIRE_FORM;
	if (out->cls != WIRE_REFUSED && out->cls != WIRE_STOPPED)
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
	enum meaning m = INTERNAL;

	wire_error_read(reply->body, reply->len, &e);
	if (!word_means(e.detail, &m) && !word_means(e.code, &m))
		(void)word_means(e.type, &m);
	bool ours = m == POLICY || m == PICTURE || m == INVALID || m == TOO_LARGE;
	const char *word = e.code ? e.code : e.type;

	out->cls = WIRE_FAILED;
	out->code = xstrdup(word);
	out->reason = xasprintf("the provider gave up on this picture%s%s%s%s%s%s",
	                        e.message ? ": \"" : "", e.message ? e.message : "", e.message ? "\"" : "",
	                        word ? " (" : "", word ? word : "", word ? ")" : "");
	out->hint = xstrdup(ours ? meanings[m].hint : "retry, or change the prompt; failed tasks are refunded");
	wire_error_release(&e);
}
