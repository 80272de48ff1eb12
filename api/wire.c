#include "wire.h"

#include <string.h>

static const struct wire *const wires[] = { &wire_task };

const struct wire *wire_by_name(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(wires); i++)
		if (!strcmp(wires[i]->name, name))
			return wires[i];
	return NULL;
}

void wire_call_release(struct wire_call *c)
{
	free(c->url);
	free(c->content_type);
	buf_release(&c->body);
	free(c->part_name);
	free(c->part_filename);
	free(c->part_type);
	for (size_t i = 0; i < ARRAY_LEN(c->field); i++) {
		free(c->field[i].name);
		free(c->field[i].value);
	}
	memset(c, 0, sizeof(*c));
}

void wire_result_init(struct wire_result *r)
{
	*r = (struct wire_result){ .progress = -1, .wait = -1, .cost_usd = -1 };
}

void wire_result_release(struct wire_result *r)
{
	free(r->task_id);
	for (size_t i = 0; i < r->urls_count; i++)
		free(r->urls[i]);
	free(r->urls);
	free(r->code);
	free(r->reason);
	free(r->hint);
	memset(r, 0, sizeof(*r));
}
