#include "image_walk.h"

#include <stdio.h>
#include <unistd.h>

static const char fetch_again[] = "fetch or copy the picture again";

int refuse_end(struct walk *w, const char *where)
{
	return error_set(w->err, EBADMSG, fetch_again, "the file ends in the middle of %s at byte %" PRIu64,
	                 where, w->file_size);
}

int refuse(struct walk *w, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	int rc = error_set(w->err, EBADMSG, fetch_again, "%s", text ? text : "the picture is damaged");
	free(text);
	return rc;
}

int lend(struct walk *w, uint64_t at, size_t want, const uint8_t **p, size_t *len)
{
	bool held = at >= w->window_at && at - w->window_at <= w->window_len &&
	            w->window_len - (at - w->window_at) >= want;

	if (!held) {
		w->window_at = at;
		for (w->window_len = 0; w->window_len < WALK_WINDOW;) {
			ssize_t n = pread(w->fd, w->window + w->window_len, WALK_WINDOW - w->window_len,
			                  (off_t)(at + w->window_len));
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return error_set(w->err, errno, NULL, "the picture cannot be read: %s",
				                 strerror(errno));
			if (n == 0)
				break;
			w->window_len += (size_t)n;
		}
	}
	*p = w->window + (at - w->window_at);
	*len = w->window_len - (size_t)(at - w->window_at);
	return 0;
}

int need(struct walk *w, uint64_t at, size_t want, const char *where, const uint8_t **p)
{
	size_t len;
	int rc = lend(w, at, want, p, &len);

	if (rc)
		return rc;
	return len < want ? refuse_end(w, where) : 0;
}

bool fits(const struct walk *w, uint64_t at, uint64_t len)
{
	return at <= w->file_size && len <= w->file_size - at;
}

int set_size(struct walk *w, uint32_t width, uint32_t height)
{
	if (!width || !height || width > INT32_MAX || height > INT32_MAX)
		return refuse(w, "the header says %" PRIu32 " by %" PRIu32 " pixels", width, height);
	w->info->width = width;
	w->info->height = height;
	return 0;
}
