/*
 * node_table: the inside of struct nodes, for node.c (names and counts) and reach.c (descriptors).
 */
#ifndef FS_NODE_TABLE_H
#define FS_NODE_TABLE_H

#include <pthread.h>

#include "node.h"

enum { FOLDERS_MAX = 256, FOLDER_BUCKETS = 512, HANDLE_BUCKETS = 256 };

/* A folder's descriptor.  It is closed when it is neither listed nor used. */
struct folder_slot {
	struct folder folder;         /* first, so that a folder is its slot */
	uint64_t id;                  /* of the node */
	uint32_t refs;                /* users */
	bool listed;                  /* in the LRU */
	struct folder_slot *chain, *newer, *older;
};

struct nodes {
	pthread_mutex_t lock;         /* everything below but root_fd and root */
	int root_fd;
	struct node *root;
	struct node **by_id, **by_ino;
	size_t buckets;               /* of each; a power of two */
	size_t count, remains;        /* nodes; of them, those that have a descriptor of what is gone */
	uint64_t last_id;
	struct folder_slot root_folder;
	struct folder_slot *folders[FOLDER_BUCKETS];
	struct folder_slot *newest, *oldest;
	size_t folders_count;
	struct handle *handles[HANDLE_BUCKETS];
};

/* Lock held.  Path from top (NULL: from the root) down to n; the caller frees. */
char *node_path_from(const struct node *top, const struct node *n);
/* Without lock.  Closes the descriptor of a folder that nobody will ask for again. */
void folder_drop(struct nodes *t, uint64_t id);
/* At the end: closes all folders and handles. */
void reach_free(struct nodes *t);

#endif
