/*
 * Refusals of every wire in every step.
 *
 * The input's first byte says the wire, the second the step, the third and fourth the status (100 to 699);
 * the rest is the body.
 */
#include "fuzz.h"

#include "plain.h"
#include "wire.h"

enum { HEAD_LEN = 4, TEXT_MAX = 500, DAY = 86400 };

static void check_error(const char *body, size_t len)
{
	struct wire_error e;

	wire_error_read(body, len, &e);
	check_plain("message", e.message, TEXT_MAX);
	check_plain("code", e.code, TEXT_MAX);
	check_plain("type", e.type, TEXT_MAX);
	check_plain("param", e.param, TEXT_MAX);
	check_plain("detail", e.detail, TEXT_MAX);
	if (!(e.wait >= -1 && e.wait <= DAY))
		BUG("it asks to wait for %g s", e.wait);
	wire_error_release(&e);
}

static void check_sentences(const struct wire_result *r)
{
	if (!r->reason || !r->hint)
		BUG("class %d has no sentence", (int)r->cls);
	check_plain("reason", r->reason, 2 * TEXT_MAX);
	check_plain("hint", r->hint, TEXT_MAX);
	check_plain("code", r->code, TEXT_MAX);
}

static void check_class(enum wire_step step, int status, const struct wire_result *r)
{
	bool is_final = r->cls == WIRE_REFUSED || r->cls == WIRE_FORM || r->cls == WIRE_FAILED;

	if (step == STEP_POLL && is_final)
		BUG("a poll's own trouble (%d) ends the task", status);
	if (r->cls == WIRE_ACCEPTED || r->cls == WIRE_RUNNING || r->cls == WIRE_DONE)
		BUG("%d is taken for a success", status);
	if (step == STEP_SUBMIT && status >= 500 && status <= 599 && status != 503 && r->cls != WIRE_AMBIGUOUS)
		BUG("a submit's %d is class %d", status, (int)r->cls);
	if (step != STEP_POLL && (status == 401 || status == 402 || status == 403) &&
	    r->cls != WIRE_STOPPED && r->cls != WIRE_REFUSED)
		BUG("a submit's %d is class %d", status, (int)r->cls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wire *const wires[] = { &wire_task, &wire_gemini, &wire_openai };

	if (size < HEAD_LEN)
		return 0;
	const struct wire *w = wires[data[0] % ARRAY_LEN(wires)];
	enum wire_step step = (enum wire_step)(data[1] % 3);
	const struct wire_reply reply = { .status = 100 + (data[2] << 8 | data[3]) % 600, .retry_after = -1,
	                                  .body = (const char *)data + HEAD_LEN, .len = size - HEAD_LEN };
	struct wire_result r;

	check_error(reply.body, reply.len);
	wire_result_init(&r);
	wire_classify(w, step, &reply, &r);
	check_sentences(&r);
	check_class(step, reply.status, &r);
	wire_result_release(&r);
	wire_result_init(&r);
	wire_failure(&reply, &r);
	check_sentences(&r);
	wire_result_release(&r);
	return 0;
}
