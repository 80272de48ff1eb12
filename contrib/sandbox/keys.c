#include "keys.h"

#include "http.h"
#include "world.h"

#include <string.h>

const char *key_of_bearer(const struct request *r)
{
    const char *header = request_header(r, "Authorization");
    return header && !strncmp(header, "Bearer ", 7) ? header + 7 : NULL;
}

bool key_known(const struct world *w, const char *key)
{
    for (size_t i = 0; key && i < w->key_count; i++)
        if (!strcmp(w->keys[i], key))
            return true;
    return false;
}
