/*
 * Replies to every wire's requests.
 *
 * The input's first byte says which request it was, the second whether it is a 200 (even) and how many
 * pictures were taken out (by 2), the third which of them are whole (bits); the rest is the body.
 */
#include "fuzz.h"

#include <string.h>
#include <strings.h>

#include "wire.h"

enum { HEAD_LEN = 3, FILES_MAX = 8, ID_MAX = 255 };

typedef void parse(const struct provider *, const struct wire_reply *, struct wire_result *);

static void check_files(const struct wire_reply *reply, const int *list, size_t count)
{
	bool seen[FILES_MAX] = { false };

	for (size_t i = 0; i < count; i++) {
		if (list[i] < 0 || (size_t)list[i] >= reply->files_count)
			BUG("picture %d of %zu", list[i], reply->files_count);
		if (!reply->files[list[i]].complete || seen[list[i]])
			BUG("picture %d is not whole, or there twice", list[i]);
		seen[list[i]] = true;
	}
}

static void check_urls(const struct wire_result *r)
{
	for (size_t i = 0; i < r->urls_count; i++)
		if (strncasecmp(r->urls[i], "http://", 7) && strncasecmp(r->urls[i], "https://", 8))
			BUG("%s is no address", r->urls[i]);
}

/* Lines of a status file. */
static void check_line(const char *what, const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			BUG("%s has a control character", what);
}

static bool is_good(enum wire_class cls)
{
	return cls == WIRE_ACCEPTED || cls == WIRE_RUNNING || cls == WIRE_DONE;
}

static void check_result(const struct wire_reply *reply, const struct wire_result *r)
{
	check_files(reply, r->files, r->files_count);
	check_files(reply, r->drafts, r->drafts_count);
	check_urls(r);
	if (r->cls == WIRE_DONE && !r->files_count && !r->urls_count && (!r->reason || !r->hint))
		BUG("it is done without a picture, and says nothing");
	if (r->cls == WIRE_ACCEPTED && !r->task_id && !r->urls_count)
		BUG("it is accepted without an id or an address");
	if (r->task_id && (!*r->task_id || strlen(r->task_id) > ID_MAX))
		BUG("the id has %zu bytes", strlen(r->task_id));
	if (r->progress < -1 || r->progress > 100)
		BUG("progress is %d", r->progress);
	if (!is_good(r->cls) && (!r->reason || !r->hint))
		BUG("class %d has no sentence", (int)r->cls);
	check_line("reason", r->reason);
	check_line("hint", r->hint);
	check_line("note", r->note);
	check_line("code", r->code);
	if ((r->text && !*r->text) || (r->note && !*r->note))
		BUG("text or note is empty");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct { const struct wire *wire; parse *const *parse; } requests[] = {
		{ &wire_gemini, &wire_gemini.parse_submit }, { &wire_openai, &wire_openai.parse_submit },
		{ &wire_task, &wire_task.parse_submit }, { &wire_task, &wire_task.parse_poll },
		{ &wire_task, &wire_task.parse_upload },
	};
	struct wire_file files[FILES_MAX];
	struct wire_result r;

	if (size < HEAD_LEN)
		return 0;
	for (size_t i = 0; i < FILES_MAX; i++)
		files[i] = (struct wire_file){ .complete = data[2] >> i & 1, .bad = data[2] >> i & 1 || i % 2 ? NULL : "at 7" };
	const struct provider p = { .name = "p", .wire = (char *)requests[data[0] % ARRAY_LEN(requests)].wire->name };
	const struct wire_reply reply = { .status = data[1] & 1 ? 400 : 200, .retry_after = -1, .files = files,
	                                  .files_count = (data[1] >> 1) % (FILES_MAX + 1),
	                                  .body = (const char *)data + HEAD_LEN, .len = size - HEAD_LEN };
	(*requests[data[0] % ARRAY_LEN(requests)].parse)(&p, &reply, &r);
	check_result(&reply, &r);
	wire_result_release(&r);
	return 0;
}
