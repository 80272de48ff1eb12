#include "status_nodes.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "virtual_internal.h"

struct status_open {
	struct status_prompt *prompt;
	uint64_t version;             /* that it shows */
	struct fuse_pollhandle *wake; /* or NULL */
	struct status_open *prev, *next;
};

struct status_prompt {
	struct content *first;
	struct status_open *opened;
	uint64_t version;             /* counts changes while the kernel knows a node of it */
	UT_hash_handle hh;
	char path[];
};

static struct status_prompt *prompts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* lock is held. */
static struct status_prompt *find(const char *path)
{
	struct status_prompt *p;

	HASH_FIND_STR(prompts, path, p);
	return p;
}

void status_nodes_add(struct content *c)
{
	pthread_mutex_lock(&lock);
	struct status_prompt *p = find(c->path);
	if (!p) {
		size_t len = strlen(c->path);
		p = xcalloc(1, sizeof(*p) + len + 1);
		memcpy(p->path, c->path, len);
		HASH_ADD_STR(prompts, path, p);
	}
	DL_APPEND(p->first, c);
	c->version = p->version;
	c->registered = p;
	pthread_mutex_unlock(&lock);
}

void status_nodes_renew(struct content *c)
{
	pthread_mutex_lock(&lock);
	if (c->registered)
		c->version = c->registered->version;
	pthread_mutex_unlock(&lock);
}

void status_nodes_remove(struct content *c)
{
	pthread_mutex_lock(&lock);
	struct status_prompt *p = c->registered;
	if (p)
		DL_DELETE(p->first, c);
	if (p && !p->first) {
		HASH_DEL(prompts, p);
		free(p);
	}
	pthread_mutex_unlock(&lock);
}

size_t status_nodes_of(const char *path, struct status_node *out, size_t room)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	struct status_prompt *p = find(path);
	for (struct content *c = p ? p->first : NULL; c && n < room; c = c->next)
		out[n++] = (struct status_node){ c->node_id, c->json };
	pthread_mutex_unlock(&lock);
	return n;
}

/* The next one who polls that prompt's status and was not woken; NULL behind the last. */
static struct fuse_pollhandle *take_wake(const char *path)
{
	struct fuse_pollhandle *wake = NULL;

	pthread_mutex_lock(&lock);
	struct status_prompt *p = find(path);
	for (struct status_open *o = p ? p->opened : NULL; o && !wake; o = o->next)
		wake = steal_pointer(&o->wake);
	pthread_mutex_unlock(&lock);
	return wake;
}

void status_nodes_changed(const char *path)
{
	struct fuse_pollhandle *wake;

	pthread_mutex_lock(&lock);
	struct status_prompt *p = find(path);
	if (p)
		p->version++;
	pthread_mutex_unlock(&lock);
	while (p && (wake = take_wake(path))) {
		fuse_lowlevel_notify_poll(wake);
		fuse_pollhandle_destroy(wake);
	}
}

struct status_open *status_opened(struct content *c)
{
	struct status_open *o = xcalloc(1, sizeof(*o));

	pthread_mutex_lock(&lock);
	o->prompt = c->registered;
	o->version = c->version;
	DL_APPEND(o->prompt->opened, o);
	pthread_mutex_unlock(&lock);
	return o;
}

void status_closed(struct status_open *o)
{
	pthread_mutex_lock(&lock);
	DL_DELETE(o->prompt->opened, o);
	pthread_mutex_unlock(&lock);
	if (o->wake)
		fuse_pollhandle_destroy(o->wake);
	free(o);
}

unsigned status_poll(struct status_open *o, struct fuse_pollhandle *wake)
{
	pthread_mutex_lock(&lock);
	bool is_old = o->version != o->prompt->version;
	struct fuse_pollhandle *before = wake ? o->wake : NULL;
	if (wake)
		o->wake = wake;
	pthread_mutex_unlock(&lock);
	if (before)
		fuse_pollhandle_destroy(before);
	return POLLIN | POLLRDNORM | (is_old ? POLLPRI : 0u);
}
