/* cli_models: what `easelfs models` says of a row, in lines and in JSON. */
#ifndef FS_CLI_MODELS_H
#define FS_CLI_MODELS_H

#include "models.h"

/* Whether the provider has a key, or needs none. */
bool models_has_key(const struct models *all, const char *provider);
/* What a header takes that the model takes, in words; the caller frees. */
char *models_header_values(const struct model *m, enum setting which);
/* An array with an object for each row, to standard output. */
void models_print_json(const struct models *all, const struct model *const *rows, size_t count);

#endif
