/* deliver: an answer goes onto the wire, whole or broken as a fault wants it. */
#ifndef SANDBOX_DELIVER_H
#define SANDBOX_DELIVER_H

#include <microhttpd.h>

struct request;

/* Queues r->answer on the connection.  MHD_NO ends the connection without a reply.  Called without the
 * lock: libmicrohttpd reads a stream with its own lock held, and that one then takes ours. */
enum MHD_Result deliver_answer(struct request *r);

#endif
