#include "http_body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { GROUPS = 2048 };               /* of three bytes: encoded in one go */

static uint64_t sent_size(const struct http_piece *p)
{
	if (p->fd < 0)
		return p->len;
	return p->base64 ? (p->size + 2) / 3 * 4 : p->size;
}

void http_body_init(struct http_body *b, const struct http_piece *pieces, size_t count)
{
	*b = (struct http_body){ .piece = xcalloc(count + 1, sizeof(*b->piece)), .pieces = count };
	for (size_t i = 0; i < count; i++) {
		b->piece[i] = pieces[i];
		if (pieces[i].fd < 0) {
			char *copy = xmalloc(pieces[i].len + 1);
			if (pieces[i].len)
				memcpy(copy, pieces[i].text, pieces[i].len);
			b->piece[i].text = copy;
		}
		b->size += sent_size(&b->piece[i]);
	}
}

void http_body_release(struct http_body *b)
{
	for (size_t i = 0; i < b->pieces; i++)
		if (b->piece[i].fd < 0)
			free((char *)b->piece[i].text);
	free(b->piece);
	*b = (struct http_body){ 0 };
}

/* All of len bytes: 0 or -errno. */
static int read_file(int fd, char *to, size_t len, uint64_t at)
{
	while (len) {
		ssize_t got = pread(fd, to, len, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		to += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

/* From the group that the position lies in; what of that group was sent before is left out. */
static ssize_t read_base64(const struct http_piece *p, uint64_t at, char *to, size_t room)
{
	unsigned char bytes[3 * GROUPS];
	char text[4 * GROUPS + 1];
	uint64_t from = at / 4 * 3;
	size_t skip = at % 4, groups = (room + skip + 3) / 4;
	size_t len = (groups < GROUPS ? groups : GROUPS) * 3;

	if (len > p->size - from)
		len = (size_t)(p->size - from);
	int result = read_file(p->fd, (char *)bytes, len, from);
	if (result < 0)
		return result;
	size_t made = (size_t)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len) - skip;
	if (made > room)
		made = room;
	memcpy(to, text + skip, made);
	return (ssize_t)made;
}

static ssize_t read_piece(const struct http_piece *p, uint64_t at, char *to, size_t room)
{
	uint64_t left = sent_size(p) - at;

	if (p->fd >= 0 && p->base64)
		return read_base64(p, at, to, room);
	if (room > left)
		room = (size_t)left;
	if (p->fd < 0) {
		memcpy(to, p->text + at, room);
		return (ssize_t)room;
	}
	int result = read_file(p->fd, to, room, at);
	return result < 0 ? result : (ssize_t)room;
}

ssize_t http_body_read(struct http_body *b, char *to, size_t room)
{
	uint64_t begins = 0;

	for (size_t i = 0; i < b->pieces && room; i++) {
		uint64_t ends = begins + sent_size(&b->piece[i]);
		if (b->at < ends) {
			ssize_t got = read_piece(&b->piece[i], b->at - begins, to, room);
			if (got > 0)
				b->at += (uint64_t)got;
			return got;
		}
		begins = ends;
	}
	return 0;
}
