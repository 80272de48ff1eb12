#include "painter.h"

#include "blob.h"
#include "encoding.h"
#include "http.h"
#include "lettering.h"
#include "pad.h"
#include "paint.h"
#include "sync.h"
#include "world.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES (64u << 20)
#define THREADS_MAX 8

/* Everything that painting needs, so that the task may vanish meanwhile. */
struct paint_job {
    struct paint_job *next;
    struct picture *picture;    /* NULL once nobody wants it */
    struct scene scene;
    char *prompt, *label;
    const char *format;
    int quality;
    size_t pad;                 /* at least so many bytes */
    bool base64;
    struct blob **references;   /* bytes that came with the request, */
    char **uploads;             /* or paths of uploads, NULL for URLs elsewhere */
    size_t reference_count;
};

struct painter {
    pthread_t thread[THREADS_MAX];
    int threads;
    const char *font;
    pthread_cond_t wanted;
    struct paint_job *first, **last;
    struct picture *oldest, *newest;    /* with kept bytes */
    size_t kept;
    struct blob *canned, *canned_base64;
    size_t canned_pad;
    bool closing;
};

static char *make_label(const struct task *t, int index)
{
    const struct order *o = &t->order;
    char *part = index >= o->n ? must_print(" · draft %d", (index - o->n) % o->drafts + 1) :
                 o->n > 1 ? must_print(" · %d of %d", index + 1, o->n) : must_dup("");
    char *label = must_print("%s · %s%s%s · %d × %d · %s%s", o->model_name, o->ratio ? o->ratio : "1:1", o->resolution ? " · " : "",
                             o->resolution ? o->resolution : "", o->pixels.width, o->pixels.height, o->format, part);
    free(part);
    return label;
}

static struct paint_job *job_new(const struct world *w, struct picture *p)
{
    const struct order *o = &p->task->order;
    struct paint_job *j = must_alloc(sizeof *j);
    size_t base = strlen(w->result_base);

    j->picture = p;
    j->prompt = must_dup(o->prompt);
    j->label = make_label(p->task, p->index);
    j->format = o->format;
    j->quality = o->quality;
    j->pad = (size_t)w->set.pad;
    j->base64 = p->base64;
    j->scene = (struct scene){.prompt = j->prompt, .label = j->label, .width = o->pixels.width, .height = o->pixels.height,
                              .seed = mix64(p->task->seed + (uint64_t)p->index)};
    j->reference_count = o->reference_count;
    j->references = must_alloc(j->reference_count * sizeof *j->references);
    j->uploads = must_alloc(j->reference_count * sizeof *j->uploads);
    for (size_t i = 0; i < j->reference_count; i++) {
        const struct reference *from = &o->references[i];
        if (from->bytes)
            j->references[i] = blob_ref(from->bytes);
        else if (from->url && !strncmp(from->url, w->result_base, base))
            j->uploads[i] = must_dup(from->url + base);
    }
    return j;
}

static void job_free(struct paint_job *j)
{
    for (size_t i = 0; i < j->reference_count; i++) {
        blob_unref(j->references[i]);
        free(j->uploads[i]);
    }
    free(j->references);
    free(j->uploads);
    free(j->prompt);
    free(j->label);
    free(j);
}

void painter_ask(struct world *w, struct picture *p)
{
    struct painter *painter = w->painter;
    if (p->job || p->bytes)
        return;
    p->job = job_new(w, p);
    *painter->last = p->job;
    painter->last = &p->job->next;
    pthread_cond_signal(&painter->wanted);
}

/* The caller gives it back. */
static struct blob *read_reference(struct world *w, const struct paint_job *j, size_t i)
{
    const char *path = j->uploads[i];
    struct blob *bytes = NULL;
    if (!path)
        return j->references[i] ? blob_ref(j->references[i]) : NULL;
    pthread_mutex_lock(&w->lock);
    const struct upload *u = upload_find(w, path);
    if (u)
        bytes = upload_read(w, u);
    pthread_mutex_unlock(&w->lock);
    return bytes;
}

/* Takes over the file. */
static struct blob *finish(const struct paint_job *j, struct blob *file)
{
    file = picture_pad(file, j->pad);
    if (!j->base64)
        return file;
    struct blob *text = base64_encode(file);
    blob_unref(file);
    return text;
}

/* Without the lock. */
static struct blob *paint(struct world *w, struct paint_job *j, struct lettering *l)
{
    struct canvas *references = must_alloc(j->reference_count * sizeof *references);
    for (size_t i = 0; i < j->reference_count; i++) {
        struct blob *bytes = read_reference(w, j, i);
        if (bytes)
            references[i] = picture_decode(bytes->data, bytes->size);
        blob_unref(bytes);
    }
    j->scene.references = references;
    j->scene.reference_count = j->reference_count;
    struct canvas c = paint_scene(&j->scene, l);
    struct blob *result = picture_encode(&c, j->format, j->quality);
    canvas_free(&c);
    for (size_t i = 0; i < j->reference_count; i++)
        canvas_free(&references[i]);
    free(references);
    return finish(j, result ? result : blob_take(NULL, 0));
}

static void drop_oldest(struct painter *painter)
{
    struct picture *p = painter->oldest;
    painter->oldest = p->newer;
    if (!painter->oldest)
        painter->newest = NULL;
    painter->kept -= p->bytes->size;
    blob_unref(p->bytes);
    p->bytes = NULL;
    p->newer = NULL;
}

static void keep(struct world *w, struct picture *p, struct blob *bytes)
{
    struct painter *painter = w->painter;
    p->bytes = bytes;
    if (painter->newest)
        painter->newest->newer = p;
    else
        painter->oldest = p;
    painter->newest = p;
    painter->kept += bytes->size;
    for (struct request *r = w->parked, *next; r; r = next) {
        next = r->later;
        if (r->picture == p) {
            answer_set(&r->answer, 200, picture_type(bytes->data, bytes->size), blob_ref(bytes));
            request_wake(r);
        }
    }
    while (painter->kept > KEPT_BYTES && painter->oldest != painter->newest)
        drop_oldest(painter);
}

static void hand_over(struct world *w, struct picture *p, struct blob *bytes)
{
    if (p->base64) {
        sync_painted(p, bytes);
        blob_unref(bytes);
    } else {
        keep(w, p, bytes);
    }
}

static struct paint_job *take_job(struct painter *painter)
{
    struct paint_job *j = painter->first;
    painter->first = j->next;
    if (!painter->first)
        painter->last = &painter->first;
    return j;
}

static void *painter_thread(void *arg)
{
    struct world *w = arg;
    struct painter *painter = w->painter;
    struct lettering *l = lettering_new(painter->font);

    pthread_mutex_lock(&w->lock);
    while (!painter->closing) {
        if (!painter->first) {
            pthread_cond_wait(&painter->wanted, &w->lock);
            continue;
        }
        struct paint_job *j = take_job(painter);
        struct blob *bytes = NULL;
        if (j->picture) {
            pthread_mutex_unlock(&w->lock);
            bytes = paint(w, j, l);
            pthread_mutex_lock(&w->lock);
        }
        if (j->picture) {
            j->picture->job = NULL;
            hand_over(w, j->picture, bytes);
        } else {
            blob_unref(bytes);
        }
        job_free(j);
    }
    pthread_mutex_unlock(&w->lock);
    lettering_free(l);
    return NULL;
}

struct blob *painter_canned(struct world *w)
{
    struct painter *painter = w->painter;
    size_t pad = (size_t)w->set.pad;
    if (!painter->canned || painter->canned_pad != pad) {
        struct scene s = {.prompt = "canned", .label = "256 × 256", .seed = 7, .width = 256, .height = 256};
        struct lettering *l = lettering_new(painter->font);
        struct canvas c = paint_scene(&s, l);
        blob_unref(painter->canned);
        blob_unref(painter->canned_base64);
        painter->canned = picture_pad(picture_encode(&c, "png", 0), pad);
        painter->canned_base64 = NULL;
        painter->canned_pad = pad;
        canvas_free(&c);
        lettering_free(l);
    }
    return painter->canned;
}

struct blob *painter_canned_base64(struct world *w)
{
    struct blob *canned = painter_canned(w);
    if (!w->painter->canned_base64)
        w->painter->canned_base64 = base64_encode(canned);
    return w->painter->canned_base64;
}

/* A job in a thread's hands still points to its picture, as the picture to the job. */
void painter_forget(struct world *w)
{
    while (w->painter && w->painter->oldest)
        drop_oldest(w->painter);
    for (size_t i = 0; i < w->tasks.count; i++)
        for (int k = 0; k < w->tasks.all[i]->picture_count; k++) {
            struct picture *p = &w->tasks.all[i]->pictures[k];
            if (p->job)
                p->job->picture = NULL;
            p->job = NULL;
        }
}

bool painter_start(struct world *w, int threads, const char *font)
{
    struct painter *painter = must_alloc(sizeof *painter);
    painter->font = font;
    painter->last = &painter->first;
    pthread_cond_init(&painter->wanted, NULL);
    w->painter = painter;
    for (; painter->threads < threads && painter->threads < THREADS_MAX; painter->threads++)
        if (pthread_create(&painter->thread[painter->threads], NULL, painter_thread, w))
            break;
    return painter->threads > 0;
}

void painter_stop(struct world *w)
{
    struct painter *painter = w->painter;
    pthread_mutex_lock(&w->lock);
    painter->closing = true;
    pthread_cond_broadcast(&painter->wanted);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < painter->threads; i++)
        pthread_join(painter->thread[i], NULL);
    painter_forget(w);
    while (painter->first)
        job_free(take_job(painter));
    blob_unref(painter->canned);
    blob_unref(painter->canned_base64);
    pthread_cond_destroy(&painter->wanted);
    free(painter);
    w->painter = NULL;
}
