#include "metrics.h"

#include "events.h"
#include "fs.h"
#include "park.h"

struct source { struct fs *fs; const struct engine_stats *stats; };

static double pictures(const struct source *s) { return (double)s->stats->pictures_total; }
static double spent(const struct source *s) { return s->stats->usd_total; }
static double pictures_today(const struct source *s) { return s->stats->pictures_today; }
static double spent_today(const struct source *s) { return s->stats->usd_today; }
static double budget_pictures(const struct source *s) { return (double)s->stats->budget_pictures; }
static double budget_usd(const struct source *s) { return s->stats->budget_usd; }
static double waiting(const struct source *s) { return (double)parks_count(s->fs); }
static double event_readers(const struct source *s) { return (double)events_readers(s->fs); }

/* What has a negative value is not known, or not set, and left out.  Nothing that changes by being looked at:
 * tar(1) and cp(1) compare what they listed with what they opened. */
static const struct metric {
	const char *name, *type, *help;
	double (*value)(const struct source *s);
} metrics[] = {
	{ "easelfs_pictures_total", "counter",
	  "Pictures that were asked of providers that cost something.", pictures },
	{ "easelfs_spent_usd_total", "counter", "What they cost in US dollars, as far as prices are known.", spent },
	{ "easelfs_today_pictures", "gauge", "Pictures of this day that count for the budget.", pictures_today },
	{ "easelfs_today_spent_usd", "gauge", "Money of this day in US dollars.", spent_today },
	{ "easelfs_budget_pictures", "gauge", "Pictures that a day may have.", budget_pictures },
	{ "easelfs_budget_usd", "gauge", "Money that a day may cost, in US dollars.", budget_usd },
	{ "easelfs_waiting_readers", "gauge", "Programs that wait for a picture in wait/.", waiting },
	{ "easelfs_event_readers", "gauge", "Programs that have .easelfs/events open.", event_readers },
};

static void add_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_render(struct fs *fs, const struct engine_stats *stats, struct buf *out)
{
	const struct source s = { fs, stats };

	add_head(out, "easelfs_jobs", "gauge", "Revisions of prompts by state.");
	for (int i = 0; i < STATE_COUNT; i++)
		buf_fmt(out, "easelfs_jobs{state=\"%s\"} %llu\n", state_name((enum job_state)i),
		        (unsigned long long)stats->jobs[i]);
	for (const struct metric *m = metrics; m < metrics + ARRAY_LEN(metrics); m++) {
		double value = m->value(&s);
		if (value < 0)
			continue;
		add_head(out, m->name, m->type, m->help);
		buf_fmt(out, "%s %.10g\n", m->name, value);
	}
}
