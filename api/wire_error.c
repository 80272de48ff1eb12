#include "wire.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "wire_json.h"

enum { TEXT_MAX = 500, CODE_MAX = 100, WAIT_MAX = 86400 };

/* Length of the well-formed UTF-8 character at s, with its code point, or 0. */
static size_t utf8_char(const unsigned char *s, uint32_t *point)
{
	static const struct { unsigned char mask, lead; uint32_t least; } shape[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};

	for (size_t n = 0; n < ARRAY_LEN(shape); n++) {
		if ((s[0] & shape[n].mask) != shape[n].lead)
			continue;
		*point = s[0] & (unsigned char)~shape[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			*point = *point << 6 | (s[i] & 0x3f);
		}
		bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
		return *point < shape[n].least || surrogate || *point > 0x10ffff ? 0 : n + 1;
	}
	return 0;
}

/* Controls, line and paragraph separators, and marks that turn the direction of what follows. */
static bool disturbs_a_terminal(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

/* Some providers quote the key that they refuse. */
static size_t key_length(const char *s)
{
	static const char *const prefix[] = { "sk-", "AIza" };

	for (size_t i = 0; i < ARRAY_LEN(prefix); i++) {
		size_t len = strlen(prefix[i]);
		if (strncmp(s, prefix[i], len))
			continue;
		while (isalnum((unsigned char)s[len]) || s[len] == '-' || s[len] == '_')
			len++;
		if (len >= 16)
			return len;
	}
	return 0;
}

char *wire_clean(const char *s, size_t max)
{
	struct buf out = BUF_INIT;
	bool blank = false;

	while (s && *s) {
		uint32_t point = 0;
		size_t key = key_length(s), len = utf8_char((const unsigned char *)s, &point);
		if (!len || disturbs_a_terminal(point) || *s == ' ') {
			blank = out.len > 0;
			s += len ? len : 1;
			continue;
		}
		if (out.len + blank + (key ? 6 : len) > max)
			break;
		if (blank)
			buf_chr(&out, ' ');
		blank = false;
		if (key)
			buf_str(&out, "(key)");
		else
			buf_add(&out, s, len);
		s += key ? key : len;
	}
	if (!out.len) {
		buf_release(&out);
		return NULL;
	}
	return buf_steal(&out);
}

/* A string or a number as text; the first that is not empty stays. */
static void take(char **to, const cJSON *item, size_t max)
{
	char number[32];

	if (*to)
		return;
	if (cJSON_IsString(item)) {
		*to = wire_clean(item->valuestring, max);
	} else if (cJSON_IsNumber(item)) {
		snprintf(number, sizeof(number), "%.0f", item->valuedouble);
		*to = xstrdup(number);
	}
}

static void take_message(struct wire_error *e, const cJSON *object)
{
	static const char *const names[] = { "message", "msg", "error_message", "fail_reason", "reason", "error" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (cJSON_IsString(wire_member(object, names[i])))
			take(&e->message, wire_member(object, names[i]), TEXT_MAX);
}

/* FastAPI's {"detail":[{"loc":["body","n"],"msg":"…"}]}, or a plain text, or an object. */
static void take_detail(struct wire_error *e, const cJSON *detail)
{
	if (cJSON_IsString(detail)) {
		take(&e->message, detail, TEXT_MAX);
	} else if (cJSON_IsObject(detail)) {
		take(&e->code, wire_member(detail, "code"), CODE_MAX);
		take_message(e, detail);
	} else if (cJSON_IsArray(detail)) {
		const cJSON *first = cJSON_GetArrayItem(detail, 0), *loc = wire_member(first, "loc"), *part;
		if (cJSON_IsString(first))
			take(&e->message, first, TEXT_MAX);
		take_message(e, first);
		take(&e->type, wire_member(first, "type"), CODE_MAX);
		cJSON_ArrayForEach(part, loc) {
			if (cJSON_IsString(part) && strcmp(part->valuestring, "body") && !e->param)
				take(&e->param, part, CODE_MAX);
		}
	}
}

/* Up to a day, like Retry-After. */
static double wait_in(const char *s)
{
	double seconds = parse_duration(s, NULL);

	return seconds > WAIT_MAX ? WAIT_MAX : seconds;
}

/* Google's QuotaFailure: a limit of 0 never passes, one per day takes long. */
static void take_quota(struct wire_error *e, const cJSON *violations)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, violations) {
		const cJSON *value = wire_member(v, "quotaValue"), *id = wire_member(v, "quotaId");
		bool zero = (cJSON_IsString(value) && !strcmp(value->valuestring, "0")) ||
		            (cJSON_IsNumber(value) && value->valuedouble == 0);
		bool daily = cJSON_IsString(id) && strstr(id->valuestring, "PerDay");
		if (zero || (daily && !e->detail)) {
			free(e->detail);
			e->detail = xstrdup(zero ? "QUOTA_ZERO" : "QUOTA_PER_DAY");
		}
	}
}

static void take_details(struct wire_error *e, const cJSON *details)
{
	const cJSON *d;

	cJSON_ArrayForEach(d, details) {
		const cJSON *delay = wire_member(d, "retryDelay");
		if (cJSON_IsString(delay))
			e->wait = wait_in(delay->valuestring);
		take_quota(e, wire_member(d, "violations"));
		take(&e->detail, wire_member(d, "reason"), CODE_MAX);
	}
}

static void take_error(struct wire_error *e, const cJSON *error)
{
	if (cJSON_IsArray(error))
		error = cJSON_GetArrayItem(error, 0);
	if (cJSON_IsString(error)) {
		take(&e->message, error, TEXT_MAX);
	} else if (cJSON_IsNumber(error)) {
		take(&e->code, error, CODE_MAX);
	} else if (cJSON_IsObject(error)) {
		take(&e->code, wire_member(error, "code"), CODE_MAX);
		take(&e->type, wire_member(error, "type"), CODE_MAX);
		take(&e->type, wire_member(error, "status"), CODE_MAX);
		take(&e->param, wire_member(error, "param"), CODE_MAX);
		take_details(e, wire_member(error, "details"));
		take_message(e, error);
		take_detail(e, wire_member(error, "detail"));
		if (cJSON_IsObject(wire_member(error, "error")))
			take_error(e, wire_member(error, "error"));
	}
}

static bool code_says_success(const cJSON *code)
{
	static const char *const good[] = { "0", "200", "ok", "OK", "success", "SUCCESS" };

	if (cJSON_IsNumber(code))
		return code->valuedouble == 0 || (code->valuedouble >= 200 && code->valuedouble < 300);
	for (size_t i = 0; cJSON_IsString(code) && i < ARRAY_LEN(good); i++)
		if (!strcmp(code->valuestring, good[i]))
			return true;
	return false;
}

/* Code and message beside each other, with nothing called error around them. */
static void take_flat(struct wire_error *e, const cJSON *object)
{
	const cJSON *code = wire_member(object, "code"), *detail = wire_member(object, "detail");
	const cJSON *why = wire_member(object, "fail_reason");
	bool bad_code = (cJSON_IsNumber(code) || cJSON_IsString(code)) && !code_says_success(code);

	e->is_error |= cJSON_IsFalse(wire_member(object, "success")) || bad_code || detail != NULL ||
	               (cJSON_IsString(why) && *why->valuestring);
	if (bad_code)
		take(&e->code, code, CODE_MAX);
	take(&e->message, why, TEXT_MAX);
	take_message(e, object);
	take(&e->type, wire_member(object, "type"), CODE_MAX);
	take(&e->param, wire_member(object, "param"), CODE_MAX);
	take_detail(e, detail);
}

/* "task_not_exist" as the whole message is a code, and not localised. */
static bool is_identifier(const char *s)
{
	if (!s || !strchr(s, '_'))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

/* Where Google leaves the details out, the message says "limit: 0" and "Please retry in 22.1s."  It is
 * never translated; the status must say so, too. */
static void details_from_message(struct wire_error *e)
{
	const char *at = e->wait < 0 && e->message ? strstr(e->message, "retry in ") : NULL;

	if (at)
		e->wait = wait_in(at + strlen("retry in "));
	if (e->detail || !e->message || !e->type || strcmp(e->type, "RESOURCE_EXHAUSTED"))
		return;
	at = strstr(e->message, "limit: 0");
	if (at && !isdigit((unsigned char)at[8]) && at[8] != '.')
		e->detail = xstrdup("QUOTA_ZERO");
}

static bool looks_like_html(const char *body, size_t len)
{
	while (len && (isspace((unsigned char)*body) || (unsigned char)*body >= 0x80)) {
		body++;
		len--;
	}
	return len && *body == '<';
}

void wire_error_read(const char *body, size_t len, struct wire_error *out)
{
	memset(out, 0, sizeof(*out));
	out->wait = -1;
	cJSON *root = len ? cJSON_ParseWithLength(body, len) : NULL;
	if (!root) {
		out->html = looks_like_html(body, len);
		return;
	}
	const cJSON *node = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 0) : root;
	const cJSON *data = wire_member(node, "data");
	const cJSON *error = wire_member(node, "error");
	if (!error && cJSON_IsObject(data))
		error = wire_member(data, "error");
	if (error && !cJSON_IsFalse(error)) {
		out->is_error = !(cJSON_IsString(error) && !*error->valuestring);
		take_error(out, error);
	}
	take(&out->message, wire_member(data, "fail_reason"), TEXT_MAX);
	take_flat(out, node);
	if (cJSON_IsObject(data))
		take_flat(out, data);
	if (!out->code && is_identifier(out->message))
		out->code = xstrdup(out->message);
	details_from_message(out);
	cJSON_Delete(root);
}

void wire_error_release(struct wire_error *e)
{
	free(e->code);
	free(e->message);
	free(e->type);
	free(e->param);
	free(e->detail);
	memset(e, 0, sizeof(*e));
}
