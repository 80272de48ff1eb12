/* painter: threads that paint what is fetched.
 *
 * A picture is painted when it is first downloaded: the request is parked, a thread paints without
 * the lock, and wakes whoever waits.  The newest bytes are kept, older ones are dropped and would be
 * painted again, the same to the last bit.  What a synchronous request waits for is painted once, as
 * base64, handed to it and not kept. */
#ifndef SANDBOX_PAINTER_H
#define SANDBOX_PAINTER_H

#include <stdbool.h>

struct blob;
struct picture;
struct world;

/* `font` as in lettering_new(), borrowed. */
bool painter_start(struct world *w, int threads, const char *font);
/* Without the lock. */
void painter_stop(struct world *w);
/* Paints p->bytes soon; does nothing if that is under way. */
void painter_ask(struct world *w, struct picture *p);
/* The small picture of the setting `canned`, and the same as base64; borrowed until the next call. */
struct blob *painter_canned(struct world *w);
struct blob *painter_canned_base64(struct world *w);
/* Lets go of every picture: nothing of them is touched afterwards. */
void painter_forget(struct world *w);

#endif
