/*
 * http_body: a request's body in pieces, produced while it is sent; for http_transfer.c only.
 *
 * A position in the body says everything, so that a repeated request can begin anew, and files may be of
 * any size: nothing of them is kept.
 */
#ifndef API_HTTP_BODY_H
#define API_HTTP_BODY_H

#include "http.h"

struct http_body {
	struct http_piece *piece;     /* texts are its own; descriptors are borrowed */
	size_t pieces;
	uint64_t size, at;            /* bytes as they are sent */
};

void http_body_init(struct http_body *b, const struct http_piece *pieces, size_t count);
void http_body_release(struct http_body *b);
/* The next bytes, `room` at most; 0 at the end, or -errno when a file cannot be read (-EIO: it is shorter
 * than was said). */
ssize_t http_body_read(struct http_body *b, char *to, size_t room);

#endif
