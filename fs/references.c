#include "references.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"
#include "image.h"
#include "prompt.h"
#include "rights.h"

struct names { char **name; size_t count; };

/* Whoever wrote the prompt gets no picture made of what they may not look at. */
struct reader { struct fs *fs; const struct rights *rights; };

static void names_add(struct names *n, char *name)
{
	n->name = xrealloc(n->name, (n->count + 1) * sizeof(*n->name));
	n->name[n->count++] = name;
}

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->name[i]);
	free(n->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct reference *add_reference(struct request *r, const char *name)
{
	r->references = xrealloc(r->references, (r->references_count + 1) * sizeof(*r->references));
	struct reference *ref = &r->references[r->references_count++];
	*ref = (struct reference){ .name = xstrdup(name) };
	return ref;
}

static int refuse_no_picture(const char *path, const struct request *r, struct error *err)
{
	cleanup_buf struct buf hint = BUF_INIT;

	buf_fmt(&hint, "model \"%s\" takes", r->model->name);
	for (char *const *format = r->model->ref_formats; *format; format++)
		buf_fmt(&hint, "%s %s", format == r->model->ref_formats ? "" : ",", *format);
	return error_set(err, EINVAL, hint.data, "reference %s is no picture", path);
}

static int add_file(const struct reader *from, const char *path, struct request *r, struct error *err)
{
	cleanup_fd int fd = rights_open(from->fs, from->rights, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	struct image_info info = { 0 };
	struct stat st;
	uint64_t max = r->provider->ref_bytes ? r->provider->ref_bytes : UINT64_MAX;

	int code = fd < 0 ? -fd : fstat(fd, &st) < 0 ? errno : 0;
	if (code)
		return error_set(err, code, "look at the refs header and at what lies there",
		                 "reference %s cannot be read: %s", path, strerror(code));
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "name pictures; FOLDER/* are all that lie in a folder",
		                 "reference %s is no file", path);
	if ((uint64_t)st.st_size > max)
		return error_set(err, EINVAL, "make it smaller",
		                 "reference %s has %lld bytes; %s takes at most %llu", path,
		                 (long long)st.st_size, r->provider->name, (unsigned long long)max);
	int result = image_probe(fd, &info);
	if (result < 0 && result != -EBADMSG)
		return error_set(err, -result, "make it readable and save the prompt again", "reference %s cannot be read: %s",
		                 path, strerror(-result));
	if (result < 0)
		return refuse_no_picture(path, r, err);
	struct reference *ref = add_reference(r, path);
	ref->mime = xstrdup(image_mime(info.type));
	result = store_keep_reference(&from->fs->store, fd, max, ref->sha256, &ref->size);
	if (result < 0)
		return error_set(err, -result, "make room on the disk and save the prompt again",
		                 "reference %s cannot be kept: %s", path, strerror(-result));
	return 0;
}

static void add_url(const char *url, struct request *r)
{
	struct reference *ref = add_reference(r, url);

	ref->is_url = true;
	sha256_bytes(url, strlen(url), ref->sha256);
}

/* 0, or -errno; -EXDEV: it leads out of the mount. */
static int look(const struct reader *from, const char *path)
{
	cleanup_fd int fd = rights_open(from->fs, from->rights, path, O_PATH | O_NOFOLLOW);

	return fd < 0 ? fd : 0;
}

/* Nothing, or nothing that may be looked at, is there. */
static bool is_absent(int result)
{
	return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -EACCES || result == -ENAMETOOLONG;
}

/* Names in `folder` that match, in name order.  0, also where there is no folder that may be looked into, or
 * -errno: what was found is not all. */
static int match(const struct reader *from, const char *folder, const char *pattern, struct names *out)
{
	cleanup_fd int fd = rights_open(from->fs, from->rights, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d = NULL;

	if (is_absent(fd) || fd == -EXDEV)
		return 0;
	if (!dir)
		return fd < 0 ? fd : -errno;
	steal_fd(&fd);
	while ((errno = 0, d = readdir(dir)))
		if (d->d_name[0] != '.' && fnmatch(pattern, d->d_name, 0) == 0)
			names_add(out, xasprintf("%s%s%s", folder, *folder ? "/" : "", d->d_name));
	int result = -errno;
	closedir(dir);
	if (out->count)
		qsort(out->name, out->count, sizeof(*out->name), by_name);
	return result;
}

/* The path of a word from the mount's root; the caller frees. */
static char *path_of(const char *folder, const char *word)
{
	return *word == '/' ? xstrdup(word + 1) : xasprintf("%s%s%s", folder, *folder ? "/" : "", word);
}

/* What the word means below that folder is added.  0 (nothing may have been found), -EXDEV, or another -errno. */
static int find_in(const struct reader *from, const char *folder, const char *word, struct names *out)
{
	cleanup_free char *path = path_of(folder, word);
	char *slash = strrchr(path, '/');

	if (!strpbrk(slash ? slash + 1 : path, "*?[")) {
		int result = look(from, path);

		if (!result)
			names_add(out, xstrdup(path));
		return is_absent(result) ? 0 : result;
	}
	if (slash)
		*slash = '\0';
	if (slash && look(from, path) == -EXDEV)
		return -EXDEV;
	return match(from, slash ? path : "", slash ? slash + 1 : path, out);
}

static bool is_address(const char *word)
{
	return !strncasecmp(word, "http://", 7) || !strncasecmp(word, "https://", 8);
}

/* Blanks in a name are fine; where both sides look like pictures, a comma is more likely missing. */
static char *comma_hint(const char *word)
{
	for (const char *blank = strpbrk(word, " \t"); blank; blank = strpbrk(blank + 1, " \t")) {
		cleanup_free char *before = xstrndup(word, (size_t)(blank - word));
		const char *after = blank + strspn(blank, " \t");

		if ((image_suffix_known(before) || is_address(before)) &&
		    (image_suffix_known(after) || is_address(after)))
			return xasprintf("separate references by commas: %s, %s", before, after);
	}
	return xstrdup("copy it there and save the prompt again");
}

static int refuse_missing(const char *folder, const char *pool, const char *word, struct error *err)
{
	cleanup_free char *hint = comma_hint(word);

	if (*word == '/')
		return error_set(err, EINVAL, hint, "reference %s is not there (looked from the mount's root)", word);
	return error_set(err, EINVAL, hint, "reference %s is not there (looked in %s and %s)", word,
	                 *folder ? folder : "the prompt's folder", pool);
}

static int refuse_unread(const char *what, int result, struct error *err)
{
	return error_set(err, -result, "save the prompt again, when it can be", "reference %s cannot be looked for: %s",
	                 what, strerror(-result));
}

/* One too many is as bad as a million, which would be looked for and hashed for hours. */
static bool are_enough(const struct request *r) { return r->references_count > r->model->refs_max; }

/* One word of the header: in the prompt's folder, else in the refs/ beside it. */
static int gather_word(const struct reader *from, const char *folder, const char *word, struct request *r,
                       struct error *err)
{
	struct names found = { 0 };
	cleanup_free char *pool = xasprintf("%s%srefs", folder, *folder ? "/" : "");
	int result;

	if (is_address(word) && !strpbrk(word, " \t")) {
		add_url(word, r);
		return 0;
	}
	if (strstr(word, "://") && !is_address(word))
		return error_set(err, EINVAL, "save the picture in the mount and name the file, or give an https:// address",
		                 "reference %s is an address of a kind that no provider fetches: only https:// and "
		                 "http:// are", word);
	result = find_in(from, folder, word, &found);
	if (!result && !found.count && *word != '/')
		result = find_in(from, pool, word, &found);
	if (result && result != -EXDEV)
		result = refuse_unread(word, result, err);
	else if (result)
		result = error_set(err, EINVAL, "copy the picture into the mount, and name it there",
		                   "reference %s lies outside of the mount", word);
	else if (!found.count)
		result = refuse_missing(folder, pool, word, err);
	for (size_t i = 0; i < found.count && result == 0 && !are_enough(r); i++)
		result = add_file(from, found.name[i], r, err);
	names_release(&found);
	return result;
}

static int gather_header(const struct reader *from, const char *folder, const char *header, struct request *r,
                         struct error *err)
{
	while (header && *header && !are_enough(r)) {
		size_t len = strcspn(header, ",\n");
		const char *end = header + len;
		while (header < end && strchr(" \t\r", *header))
			header++;
		while (end > header && strchr(" \t\r", end[-1]))
			end--;
		cleanup_free char *word = xstrndup(header, (size_t)(end - header));
		header = header + strcspn(header, ",\n");
		header += *header != '\0';
		int result = *word ? gather_word(from, folder, word, r, err) : 0;
		if (result < 0)
			return result;
	}
	return 0;
}

/* cat.refs/ holds pictures; anything else that lies there (a README, a thumbnail cache) is let be. */
static int gather_folder(const struct reader *from, const char *prompt_path, struct request *r, struct error *err)
{
	cleanup_free char *stem = prompt_stem(prompt_path);
	cleanup_free char *folder = xasprintf("%s.refs", stem);
	struct names found = { 0 };
	int result = match(from, folder, "*", &found);

	if (result)
		result = refuse_unread(folder, result, err);
	for (size_t i = 0; i < found.count && result == 0 && !are_enough(r); i++)
		if (image_suffix_known(found.name[i]))
			result = add_file(from, found.name[i], r, err);
	names_release(&found);
	return result;
}

int references_gather(struct fs *fs, const struct rights *rights, const char *prompt_path, const char *header,
                      struct request *r, struct error *err)
{
	const char *slash = strrchr(prompt_path, '/');
	cleanup_free char *folder = xstrndup(prompt_path, slash ? (size_t)(slash - prompt_path) : 0);
	struct reader from = { .fs = fs, .rights = rights };

	int result = gather_header(&from, folder, header, r, err);
	if (result == 0)
		result = gather_folder(&from, prompt_path, r, err);
	return result;
}
