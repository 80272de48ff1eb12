/* settings: what can be turned, on the command line and at run time.
 *
 * One table in settings.c names each setting with its kind, range, default and prose.  The command
 * line (`--submit-rpm 0`), `POST /control/settings {"submit_rpm":0}`, `GET /control/settings` and
 * `--help` all come from it. */
#ifndef SANDBOX_SETTINGS_H
#define SANDBOX_SETTINGS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

struct settings {
    double time;            /* seconds a task takes; below 0: 6 to 12 by prompt */
    double speed;
    char format[8];         /* asked, png, jpeg, webp */
    bool canned;
    double pad, drafts;     /* bytes; pictures before the final one */
    double submit_rpm, submit_rps, submit_burst;
    double query_rpm, query_rps, query_burst;
    char reset_as[8];       /* epoch, delta */
    double expiry, upload_expiry;   /* seconds */
    double expired_status;
    char image_urls[8];     /* any, strings, objects */
    char duplicates[12];    /* charge, refuse, deduplicate */
    char business_ids[8];   /* accept, ignore, refuse */
    double balance, price;  /* USD; a negative balance is unlimited */
    char first_status[12];  /* queued, pending, submitted */
    char result_as[8];      /* data, strings, url */
    char failure_as[12];    /* error, text, fail_reason */
    double request_bytes;
    char engine[12];        /* sd-server, localai, vllm */
    bool ratelimit_headers;
    double log_size;        /* requests kept */
};

void settings_init(struct settings *s);
/* `value` is text from the command line; false leaves the reason in *why (malloc). */
bool settings_set_text(struct settings *s, const char *name, const char *value, char **why);
/* Applies each member of a JSON object; nothing is changed unless all of them are right. */
bool settings_set_json(struct settings *s, const cJSON *object, char **why);
cJSON *settings_json(const struct settings *s);
/* Is there a setting with this command-line name (`submit-rpm`), and does it take a value? */
bool settings_known(const char *name, bool *takes_value);
void settings_help(FILE *to);

#endif
