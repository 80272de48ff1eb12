/* form: the multipart/form-data of an image edit.
 *
 * Text parts become members of r->json, so that they are checked as a JSON request's are; picture
 * parts become references of the order. */
#ifndef SANDBOX_FORM_H
#define SANDBOX_FORM_H

#include <stdbool.h>

struct order;
struct problem;
struct request;

enum form_rules { FORM_STRICT, FORM_LENIENT };

/* Makes r->json of the text parts: those that `numbers` or `flags` (words separated by blanks) name
 * become numbers and booleans when they look like it.  r->json stays NULL when the body is no form. */
void form_fields(struct request *r, const char *numbers, const char *flags);
/* Takes the parts image, image[] and mask into the order.  Strictly, they are PNG, WebP or JPEG, declared
 * as such, fewer than 50 MB each, at most 16, and only image[] may be repeated; the mask is a PNG of
 * fewer than 4 MB and as large as the first picture. */
bool form_pictures(struct request *r, enum form_rules rules, struct order *o, struct problem *p);

#endif
