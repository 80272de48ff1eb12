/* cli_doctor: what `easelfs doctor --config` shows. */
#ifndef FS_CLI_DOCTOR_H
#define FS_CLI_DOCTOR_H

#include "models.h"
#include "options.h"

/* Each option, header, key and line of the configuration, and where it comes from, to standard output.  path: a
 * prompt or a folder whose `.defaults` are looked at too, or NULL.  0 or -errno. */
int doctor_show_config(const struct models *models, const struct options *o, const char *path, struct error *err);

#endif
