#include "bill.h"

#include "blob.h"
#include "control.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

struct account {
    long accepted, refunded;
};

static const char *const names[TALLY_COUNT] = {
    [TALLY_SUBMITS_SEEN] = "submits_seen", [TALLY_ACCEPTED] = "accepted",
    [TALLY_PICTURES] = "pictures", [TALLY_REFUNDED] = "refunded",
    [TALLY_COMPLETED] = "completed", [TALLY_FAILED] = "failed",
    [TALLY_UPLOADS] = "uploads", [TALLY_POLLS] = "polls",
    [TALLY_DOWNLOADS] = "downloads", [TALLY_REFERENCE_READS] = "reference_reads",
    [TALLY_REFUSED] = "refused", [TALLY_LIMITED] = "limited",
    [TALLY_UNAUTHORIZED] = "unauthorized", [TALLY_LEAKED_KEYS] = "leaked_keys",
    [TALLY_HUNG] = "hung", [TALLY_FAULTS] = "faults",
};

void bill_count(struct world *w, enum tally t)
{
    w->bill.tally[t]++;
    control_wake_waiters(w);
}

bool bill_affordable(const struct world *w, int pictures)
{
    return w->set.balance < 0 || w->bill.spent + pictures * w->set.price <= w->set.balance + 1e-9;
}

static struct account *account_of(struct world *w, const char *prompt)
{
    struct account *a = map_get(&w->bill.prompts, prompt);
    if (!a)
        map_put(&w->bill.prompts, prompt, a = must_alloc(sizeof *a));
    return a;
}

void bill_charge(struct world *w, const char *prompt, int pictures, double usd)
{
    account_of(w, prompt)->accepted++;
    w->bill.spent += usd;
    w->bill.tally[TALLY_PICTURES] += pictures;
    bill_count(w, TALLY_ACCEPTED);
}

void bill_refund(struct world *w, const char *prompt, double usd)
{
    account_of(w, prompt)->refunded++;
    w->bill.spent -= usd;
    bill_count(w, TALLY_REFUNDED);
}

void bill_rebate(struct world *w, double usd)
{
    w->bill.spent -= usd;
}

long bill_accepted(const struct world *w, const char *prompt)
{
    const struct account *a = map_get(&w->bill.prompts, prompt);
    return a ? a->accepted : 0;
}

static long charged(const struct world *w)
{
    return w->bill.tally[TALLY_ACCEPTED] - w->bill.tally[TALLY_REFUNDED];
}

long bill_named(const struct world *w, const char *name)
{
    for (int i = 0; i < TALLY_COUNT; i++)
        if (!strcmp(name, names[i]))
            return w->bill.tally[i];
    if (!strcmp(name, "submits"))
        return w->bill.tally[TALLY_ACCEPTED];
    if (!strcmp(name, "charged"))
        return charged(w);
    if (!strcmp(name, "held"))
        return w->tasks.held;
    if (!strcmp(name, "under_way"))
        return w->tasks.under_way;
    if (!strcmp(name, "most_under_way"))
        return w->tasks.most_under_way;
    if (!strcmp(name, "hanging"))
        return w->hanging;
    return -1;
}

cJSON *bill_totals(const struct world *w)
{
    cJSON *json = cJSON_CreateObject();
    for (int i = 0; i < TALLY_COUNT; i++)
        cJSON_AddNumberToObject(json, names[i], (double)w->bill.tally[i]);
    cJSON_AddNumberToObject(json, "charged", (double)charged(w));
    cJSON_AddNumberToObject(json, "held", (double)w->tasks.held);
    cJSON_AddNumberToObject(json, "under_way", (double)w->tasks.under_way);
    cJSON_AddNumberToObject(json, "most_under_way", (double)w->tasks.most_under_way);
    cJSON_AddNumberToObject(json, "hanging", w->hanging);
    cJSON_AddNumberToObject(json, "spent", w->bill.spent);
    return json;
}

static void add_prompt(const char *prompt, void *value, void *arg)
{
    const struct account *a = value;
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddNumberToObject(entry, "accepted", (double)a->accepted);
    cJSON_AddNumberToObject(entry, "refunded", (double)a->refunded);
    cJSON_AddNumberToObject(entry, "charged", (double)(a->accepted - a->refunded));
    cJSON_AddItemToObject(arg, prompt, entry);
}

cJSON *bill_json(const struct world *w)
{
    cJSON *json = bill_totals(w);
    map_each(&w->bill.prompts, add_prompt, cJSON_AddObjectToObject(json, "prompts"));
    return json;
}

void bill_reset(struct bill *b)
{
    map_clear(&b->prompts, free);
    *b = (struct bill){0};
}
