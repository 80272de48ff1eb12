/* metrics: `.easelfs/metrics`, in Prometheus' text format. */
#ifndef FS_METRICS_H
#define FS_METRICS_H

#include "base.h"

struct engine_stats;
struct fs;

/* Engine thread. */
void metrics_render(struct fs *fs, const struct engine_stats *s, struct buf *out);

#endif
