/* render: a prompt's newest job as the text and the JSON of its status file. */
#ifndef FS_RENDER_H
#define FS_RENDER_H

#include "base.h"
#include "engine.h"

/* What only this room knows of the prompt file. */
enum file_state { FILE_RESTS, FILE_WRITTEN /* a writable handle is open */, FILE_PENDING };

/* v may be NULL (no record yet).  gone: pictures of it that are not in out/ any more, as a sentence, or NULL. */
void render_text(const struct job_view *v, const char *path, enum file_state f, const char *gone, struct buf *out);
void render_json(const struct job_view *v, const char *path, enum file_state f, const char *gone, struct buf *out);
/* A line of .easelfs/events; v->job is not NULL.  Returns the length of its beginning, the time. */
size_t render_event(const struct job_view *v, struct buf *out);
/* One thing of a status by name, without a line's end: state, progress, task, error, cost.  False: there is
 * none.  v may be NULL. */
bool render_value(const struct job_view *v, enum file_state f, const char *name, struct buf *out);
/* These names by index, NULL behind the last. */
const char *render_value_name(size_t index);
/* An element of .easelfs/jobs.json, without a line's end. */
void render_listed(const struct job_view *v, enum file_state f, struct buf *out);
/* The line for a reader that was too slow for so many. */
void render_dropped(uint64_t lines, struct buf *out);
/* .easelfs/README, .easelfs/stats */
void render_readme(struct buf *out);
void render_stats(const struct engine_stats *s, struct buf *out);

#endif
