#include "glue.h"

#include <time.h>

#include "commit.h"
#include "events.h"
#include "fs.h"
#include "journal_place.h"
#include "status_nodes.h"
#include "tell.h"

static void publish(void *ctx, struct publication *p) { tell_publish(ctx, p); }

static void changed(void *ctx, const struct job_view *v, bool state_changed)
{
	status_nodes_changed(v->prompt->path);
	tell_changed(ctx, v->prompt->path, state_changed);
	events_say(ctx, v);
}

static void committed(void *ctx, uint64_t dev, uint64_t ino) { commit_taken(ctx, dev, ino); }
static bool is_pending(void *ctx, uint64_t dev, uint64_t ino)
{
	return commit_is_pending(ctx, dev, ino);
}
static void read_again(void *ctx, const char *path, enum engine_reading how) { commit_again(ctx, path, how); }

static void edited(void *ctx, const char *path) { commit_found(ctx, path, false); }

static int journal_anew(void *ctx, struct journal *damaged, struct journal **out, char **kept, struct error *err)
{
	struct fs *fs = ctx;
	int rc = journal_place_anew(fs, damaged, out, kept, err);

	if (rc == 0)
		atomic_fetch_add(&fs->journals, 1);
	return rc;
}

/* All that is there now is unknown to the new journal. */
static void scan(void *ctx)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	commit_scan(ctx, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

static const struct engine_calls calls = {
	.publish = publish, .changed = changed, .committed = committed, .is_pending = is_pending,
	.read_again = read_again, .edited = edited, .journal_anew = journal_anew, .scan = scan,
};

int fs_engine_start(struct fs *fs, struct journal *j, const struct journal_opened *opened, const char *rebuilt,
                    struct models *m, struct error *err)
{
	cleanup_free char *host = journal_place_host();
	struct engine_settings s = {
		.models = m, .journal = j, .opened = *opened, .rebuilt = rebuilt, .host = host,
		.crash_count = fs->options.crash_count, .crash_ms = fs->options.crash_ms, .store = &fs->store, .disk = fs->disk,
		.source_fd = fs->source_fd, .budget_pictures = fs->options.budget_pictures,
		.budget_usd = fs->options.budget_usd, .in_flight = fs->options.in_flight,
		.calls = &calls, .ctx = fs,
	};

	fs->models = m;
	return engine_start(&s, &fs->engine, err);
}
