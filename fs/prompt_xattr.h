/*
 * prompt_xattr: what a status file says, as extended attributes of the prompt itself.
 *
 * user.easelfs.state, .progress (percent), .task (the provider's id, of several one a line), .error (why it
 * failed, is held, and so on) and .cost (US dollars), as far as there are such; a prompt has them whether its
 * filesystem has extended attributes or not.  They are not stored: who sets or removes them, as cp and rsync
 * do that bring a prompt with its attributes, succeeds and changes nothing.
 */
#ifndef FS_PROMPT_XATTR_H
#define FS_PROMPT_XATTR_H

#include <fuse_lowlevel.h>

#include "base.h"
#include "node.h"

struct fs;

/* Whether that name is one of them, and n a prompt.  What the file itself has under it does not count then. */
bool prompt_xattr_is(struct fs *fs, struct node *n, const char *name);
/* GETXATTR of such a name: replies later. */
void prompt_xattr_get(struct fs *fs, fuse_req_t req, struct node *n, const char *name, size_t size);
/* LISTXATTR: true if n is a prompt; then it replies later, with these and the `len` bytes of names that the
 * file itself has (copied). */
bool prompt_xattr_list(struct fs *fs, fuse_req_t req, struct node *n, size_t size, const char *names, size_t len);

#endif
