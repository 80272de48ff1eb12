#include "deliver.h"

#include "blob.h"
#include "http.h"
#include "trace.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DRIP_PIECES 20

/* A body that is not sent in one go. */
struct stream {
    struct request *r;
    struct blob *body;
    enum delivery delivery;
    size_t end;             /* no byte from here on is sent */
    size_t piece;
    int64_t gap, due;       /* ms between pieces */
};

/* Sends RST at once: to connect a TCP socket to nowhere is to abort it.  SO_LINGER would not do, as
 * libmicrohttpd shuts the socket down, and so sends FIN, before it closes it. */
static void abort_connection(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (info)
        (void)connect(info->connect_fd, &nowhere, sizeof nowhere);
}

static bool pause_drip(struct stream *s)
{
    struct world *w = s->r->w;
    pthread_mutex_lock(&w->lock);
    bool early = clock_now() < s->due && !w->closing;
    if (early)
        request_park(s->r, request_ready, s->due);
    pthread_mutex_unlock(&w->lock);
    return early;
}

static ssize_t stream_read(void *cls, uint64_t at, char *to, size_t room)
{
    struct stream *s = cls;
    if (at >= s->end) {
        if (s->delivery == DELIVER_CHUNKED)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (s->delivery == DELIVER_HALF_RESET)
            abort_connection(s->r->mhd);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (s->gap && pause_drip(s))
        return 0;
    size_t size = s->end - (size_t)at;
    if (size > room)
        size = room;
    if (s->gap && size > s->piece)
        size = s->piece;
    memcpy(to, s->body->data + at, size);
    s->due = clock_now() + s->gap;
    return (ssize_t)size;
}

static void stream_free(void *cls)
{
    struct stream *s = cls;
    blob_unref(s->body);
    free(s);
}

static struct MHD_Response *stream_response(struct request *r)
{
    const struct answer *a = &r->answer;
    struct stream *s = must_alloc(sizeof *s);
    bool half = a->delivery == DELIVER_HALF_CLOSE || a->delivery == DELIVER_HALF_RESET;

    *s = (struct stream){.r = r, .body = blob_ref(a->body), .delivery = a->delivery};
    s->end = half ? a->body->size / 2 : a->body->size;
    if (a->delivery == DELIVER_DRIP) {
        s->piece = a->body->size / DRIP_PIECES + 1;
        s->gap = (int64_t)(a->seconds * 1000 / DRIP_PIECES);
    }
    uint64_t length = a->delivery == DELIVER_CHUNKED ? MHD_SIZE_UNKNOWN : a->body->size;
    return MHD_create_response_from_callback(length, 65536, stream_read, s, stream_free);
}

struct pieces {
    struct blob **piece;
    size_t count;
};

static void pieces_free(void *cls)
{
    struct pieces *p = cls;
    for (size_t i = 0; i < p->count; i++)
        blob_unref(p->piece[i]);
    free(p->piece);
    free(p);
}

/* Takes the answer's pieces. */
static struct MHD_Response *pieces_response(struct answer *a)
{
    struct pieces *p = must_alloc(sizeof *p);
    struct MHD_IoVec *vectors = must_alloc(a->piece_count * sizeof *vectors);

    *p = (struct pieces){a->pieces, a->piece_count};
    for (size_t i = 0; i < p->count; i++)
        vectors[i] = (struct MHD_IoVec){p->piece[i]->data, p->piece[i]->size};
    struct MHD_Response *response = MHD_create_response_from_iovec(vectors, (unsigned)p->count, pieces_free, p);
    free(vectors);
    if (!response)
        pieces_free(p);
    a->pieces = NULL;
    a->piece_count = 0;
    return response;
}

static struct MHD_Response *make_response(struct request *r)
{
    struct answer *a = &r->answer;
    if (a->pieces && a->delivery == DELIVER_WHOLE)
        return pieces_response(a);
    answer_join(a);
    if (!a->body)
        a->body = blob_take(NULL, 0);
    if (a->delivery != DELIVER_WHOLE)
        return stream_response(r);
    return MHD_create_response_from_buffer_with_free_callback_cls(a->body->size, a->body->data, blob_unref, blob_ref(a->body));
}

static void note(struct request *r, int status, const char *how)
{
    pthread_mutex_lock(&r->w->lock);
    trace_reply(r, status, how);
    pthread_mutex_unlock(&r->w->lock);
}

enum MHD_Result deliver_answer(struct request *r)
{
    struct answer *a = &r->answer;
    if (a->delivery == DELIVER_CLOSE || a->delivery == DELIVER_RESET) {
        note(r, 0, a->delivery == DELIVER_CLOSE ? "closed" : "reset");
        if (a->delivery == DELIVER_RESET)
            abort_connection(r->mhd);
        return MHD_NO;
    }
    note(r, a->status, a->delivery == DELIVER_WHOLE ? NULL : "mangled");
    struct MHD_Response *response = make_response(r);
    if (!response)
        return MHD_NO;
    if (a->type)
        MHD_add_response_header(response, "Content-Type", a->type);
    for (size_t i = 0; i < a->headers; i++)
        MHD_add_response_header(response, a->header[i].name, a->header[i].value);
    enum MHD_Result result = MHD_queue_response(r->mhd, (unsigned)a->status, response);
    MHD_destroy_response(response);
    return result;
}
