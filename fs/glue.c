#include "glue.h"

#include "commit.h"
#include "fs.h"
#include "tell.h"

static void publish(void *ctx, struct publication *p) { tell_publish(ctx, p); }

static void changed(void *ctx, const char *path, bool state_changed)
{
	tell_changed(ctx, path, state_changed);
}

static void committed(void *ctx, uint64_t dev, uint64_t ino) { commit_taken(ctx, dev, ino); }
static bool is_pending(void *ctx, uint64_t dev, uint64_t ino)
{
	return commit_is_pending(ctx, dev, ino);
}
static void read_again(void *ctx, const char *path, bool fresh) { commit_again(ctx, path, fresh); }

static const struct engine_calls calls = {
	.publish = publish, .changed = changed, .committed = committed, .is_pending = is_pending,
	.read_again = read_again,
};

int fs_engine_start(struct fs *fs, struct journal *j, struct models *m, struct error *err)
{
	struct engine_settings s = {
		.models = m, .journal = j, .store = &fs->store, .disk = fs->disk,
		.source_fd = fs->source_fd, .budget_pictures = fs->options.budget_pictures,
		.budget_usd = fs->options.budget_usd, .in_flight = fs->options.in_flight,
		.calls = &calls, .ctx = fs,
	};

	fs->models = m;
	return engine_start(&s, &fs->engine, err);
}
