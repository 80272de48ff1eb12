/* map: text to pointer, chained, growing.
 *
 * Keys are copied, values are borrowed.  A put of a key that is there replaces the value.  No lock of
 * its own. */
#ifndef SANDBOX_MAP_H
#define SANDBOX_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map {
    struct map_entry **slots;
    size_t size, used;
};

void *map_get(const struct map *m, const char *key);
void map_put(struct map *m, const char *key, void *value);
/* Calls f(key, value, arg) for each entry, in no order. */
void map_each(const struct map *m, void (*f)(const char *key, void *value, void *arg), void *arg);
/* Forgets all entries; free_value may be NULL. */
void map_clear(struct map *m, void (*free_value)(void *value));

/* A 64-bit hash of text, the same on every machine: pictures and times are derived from it. */
uint64_t text_hash(const char *text);
/* The next number after `x` of a well-mixed sequence. */
uint64_t mix64(uint64_t x);

#endif
