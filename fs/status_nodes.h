/*
 * status_nodes: the status files that the kernel knows, by prompt.
 *
 * Each rendering of a status is a node of its own, whose bytes never change.  So tell touches all that
 * the kernel knows of a prompt, as watches may sit on any of them; and a descriptor polls POLLPRI once
 * the prompt has a newer status than it shows, which is there after the next open.
 *
 * Lock: the registry's own, innermost of all: taken with nodes->lock held when a node dies.
 */
#ifndef FS_STATUS_NODES_H
#define FS_STATUS_NODES_H

#include <fuse_lowlevel.h>

#include "base.h"

struct content;
struct fs;
struct status_open;

/* The node of c (node_id is set) is known to the kernel now: of the prompt c->path.  Engine thread. */
void status_nodes_add(struct content *c);
/* That node was rendered again, and is still the newest.  Engine thread. */
void status_nodes_renew(struct content *c);
/* It dies; nothing happens if it was never added. */
void status_nodes_remove(struct content *c);

/* Those of a prompt, `room` at most; returns how many. */
struct status_node { uint64_t id; bool json; };
size_t status_nodes_of(const char *path, struct status_node *out, size_t room);

/* Engine thread: that prompt has another status now; wakes who polls. */
void status_nodes_changed(const char *path);

/* An open file of c, which must have been added and outlives it; status_closed() frees. */
struct status_open *status_opened(struct content *c);
void status_closed(struct status_open *o);
/* What poll(2) is to say; wake (or NULL) is taken, and woken at the next change. */
unsigned status_poll(struct status_open *o, struct fuse_pollhandle *wake);

#endif
