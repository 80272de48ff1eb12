/*
 * warm: a picture that has just come is given to the kernel's page cache.
 *
 * Who waits for it reads it at once, and finds it in memory: the first read of 8 MB is several times as fast as through
 * requests.  Small pictures, which one request brings, and very large ones are left alone.
 */
#ifndef FS_WARM_H
#define FS_WARM_H

struct fs;

/* path, from the root, is a picture's that was published.  Disk thread, without locks. */
void warm_picture(struct fs *fs, const char *path);

#endif
