#include "map.h"

#include "blob.h"

#include <stdlib.h>
#include <string.h>

struct map_entry {
    struct map_entry *next;
    void *value;
    uint64_t hash;
    char key[];
};

uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t text_hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return mix64(h);
}

static struct map_entry **map_find(const struct map *m, const char *key, uint64_t hash)
{
    struct map_entry **at = &m->slots[hash & (m->size - 1)];
    while (*at && ((*at)->hash != hash || strcmp((*at)->key, key)))
        at = &(*at)->next;
    return at;
}

static void map_grow(struct map *m)
{
    struct map bigger = {.size = m->size ? m->size * 2 : 64, .used = m->used};
    bigger.slots = must_alloc(bigger.size * sizeof *bigger.slots);
    for (size_t i = 0; i < m->size; i++)
        for (struct map_entry *e = m->slots[i], *next; e; e = next) {
            struct map_entry **head = &bigger.slots[e->hash & (bigger.size - 1)];
            next = e->next;
            e->next = *head;
            *head = e;
        }
    free(m->slots);
    *m = bigger;
}

void *map_get(const struct map *m, const char *key)
{
    struct map_entry *e = m->size ? *map_find(m, key, text_hash(key)) : NULL;
    return e ? e->value : NULL;
}

void map_put(struct map *m, const char *key, void *value)
{
    uint64_t hash = text_hash(key);
    size_t length = strlen(key) + 1;

    if (m->used >= m->size)
        map_grow(m);
    struct map_entry **at = map_find(m, key, hash);
    if (!*at) {
        *at = must_alloc(sizeof **at + length);
        memcpy((*at)->key, key, length);
        (*at)->hash = hash;
        m->used++;
    }
    (*at)->value = value;
}

void map_each(const struct map *m, void (*f)(const char *key, void *value, void *arg), void *arg)
{
    for (size_t i = 0; i < m->size; i++)
        for (struct map_entry *e = m->slots[i]; e; e = e->next)
            f(e->key, e->value, arg);
}

void map_clear(struct map *m, void (*free_value)(void *value))
{
    for (size_t i = 0; i < m->size; i++)
        for (struct map_entry *e = m->slots[i], *next; e; e = next) {
            next = e->next;
            if (free_value)
                free_value(e->value);
            free(e);
        }
    free(m->slots);
    *m = (struct map){0};
}
