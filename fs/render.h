/* render: a prompt's newest job as the text and the JSON of its status file. */
#ifndef FS_RENDER_H
#define FS_RENDER_H

#include "base.h"
#include "engine.h"

/* What only this room knows of the prompt file. */
enum file_state { FILE_RESTS, FILE_WRITTEN /* a writable handle is open */, FILE_PENDING };

/* v may be NULL (no record yet). */
void render_text(const struct job_view *v, const char *path, enum file_state f, struct buf *out);
void render_json(const struct job_view *v, const char *path, enum file_state f, struct buf *out);
/* .easelfs/README, .easelfs/stats */
void render_readme(const struct engine_stats *s, struct buf *out);
void render_stats(const struct engine_stats *s, struct buf *out);

#endif
