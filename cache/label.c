#include "label.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

static size_t cut_length(const char *value, size_t max)
{
	size_t len = strlen(value);

	if (len <= max)
		return len;
	while (max && ((unsigned char)value[max] & 0xc0) == 0x80)
		max--;
	return max;
}

void label_add(struct label *l, const char *name, const char *value, size_t max)
{
	if (!value || !*value)
		return;
	if (l->count == LABELS_MAX)
		BUG("no room for the label %s", name);
	l->entry[l->count].name = name;
	l->entry[l->count++].value = xstrndup(value, cut_length(value, max));
}

void label_write(const struct label *l, int fd)
{
	for (size_t i = 0; i < l->count; i++) {
		const char *value = l->entry[i].value;
		if (fsetxattr(fd, l->entry[i].name, value, strlen(value), 0) == 0)
			continue;
		log_debug("the attribute %s is left out: %s", l->entry[i].name, strerror(errno));
		if (errno == EOPNOTSUPP)
			return;
	}
}

void label_release(struct label *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->entry[i].value);
	l->count = 0;
}
