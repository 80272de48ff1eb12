/* landscape: a painted view out of a number.
 *
 * Sky, sun or moon, ranges of hills in haze, sometimes water that mirrors them.  The same seed and
 * size give the same pixels on every machine of one architecture. */
#ifndef SANDBOX_LANDSCAPE_H
#define SANDBOX_LANDSCAPE_H

#include <stdint.h>

struct canvas;

void landscape_paint(struct canvas *c, uint64_t seed);

#endif
