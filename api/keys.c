#include "models.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MAX = 4096 };

static char *strip(const char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	text += strspn(text, blanks);
	for (len = strlen(text); len && strchr(blanks, text[len - 1]); len--)
		;
	return xstrndup(text, len);
}

/* Keys go into a header line: nothing but printable ASCII without blanks may. */
static bool looks_like_key(const char *key)
{
	for (const char *c = key; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *key != '\0';
}

static int accept(const char *text, const char *where, char **key, struct error *err)
{
	char *stripped = strip(text);

	if (looks_like_key(stripped)) {
		*key = stripped;
		return 0;
	}
	key_free(stripped);
	return error_set(err, EACCES, "put the key there, and nothing else",
	                 "%s holds no API key: a key is one word of plain characters", where);
}

/* 1: *key is set.  0: none of the variables is.  Negative: one holds nonsense. */
static int from_environment(const struct provider *p, char **key, struct error *err)
{
	cleanup_free char *name = NULL;
	const char *at = p->key_env ? p->key_env : "";

	for (; (name = next_word(&at)); cleanup_free_(&name)) {
		const char *value = getenv(name);

		if (!value || !*value)
			continue;
		cleanup_free char *where = xasprintf("the variable %s", name);
		int rc = accept(value, where, key, err);
		return rc ? rc : 1;
	}
	return 0;
}

/* A key that cannot be had is a matter of rights, but for what may pass. */
static int code_of(int code) { return error_may_pass(code) ? code : EACCES; }

static int check_owner(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(err, code_of(errno), NULL, "key file %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(err, EACCES, "name the file in it as `key-file`", "key file %s is a folder", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EACCES, "put the key into an ordinary file", "key file %s is no regular file", path);
	if (!st.st_size)
		return error_set(err, EACCES, "put the key into it, and nothing else", "key file %s is empty", path);
	if (st.st_uid != geteuid())
		return error_set(err, EACCES, "let it belong to the user who mounts",
		                 "key file %s belongs to somebody else", path);
	if (st.st_mode & 077) {
		cleanup_free char *hint = xasprintf("chmod 600 %s", path);
		return error_set(err, EACCES, hint, "key file %s can be read by others (mode %03o)", path,
		                 (unsigned)(st.st_mode & 0777));
	}
	return 0;
}

/* As from_environment. */
static int from_file(const char *path, char **key, struct error *err)
{
	char text[KEY_MAX + 1];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_set(err, code_of(errno), "let it belong to the user who mounts, with mode 600",
		                 "key file %s cannot be opened: %s", path, strerror(errno));
	int rc = check_owner(fd, path, err);
	if (rc)
		return rc;
	ssize_t len = read(fd, text, KEY_MAX);
	if (len < 0)
		return error_set(err, code_of(errno), NULL, "key file %s: %s", path, strerror(errno));
	text[len] = '\0';
	cleanup_free char *where = xasprintf("the file %s", path);
	rc = accept(text, where, key, err);
	explicit_bzero(text, sizeof(text));
	return rc ? rc : 1;
}

/* A provider without a key is stopped until a person comes: not for a disk that hiccups. */
static int from_file_patiently(const char *path, char **key, struct error *err)
{
	struct patience patience = { 0 };

	for (;;) {
		cleanup_error struct error why = ERROR_INIT;
		int rc = from_file(path, key, &why);

		if (rc >= 0 || !patience_helps(&patience, -rc)) {
			error_move(err, &why);
			return rc;
		}
	}
}

/* `GEMINI_API_KEY or GOOGLE_API_KEY` */
static char *variables(const struct provider *p)
{
	struct buf b = BUF_INIT;
	cleanup_free char *name = NULL;
	const char *at = p->key_env ? p->key_env : "";

	for (; (name = next_word(&at)); cleanup_free_(&name))
		buf_fmt(&b, "%s%s", b.len ? " or " : "", name);
	return buf_steal(&b);
}

static int no_key(const struct provider *p, struct error *err)
{
	cleanup_free char *names = variables(p);
	cleanup_free char *hint = *names
		? xasprintf("set %s, or name a file with the key as `key-file` in [provider %s] of the configuration; "
		            "-o sandbox needs none", names, p->name)
		: xasprintf("name its variable as `key-env`, or a file with the key as `key-file`, in [provider %s] of "
		            "the configuration; `auth = none` there if it wants no key", p->name);

	if (p->key_file) {
		cleanup_free char *write = xasprintf("write the key into it and chmod 600 %s%s%s; `key-file` in "
		                                     "[provider %s] names it", p->key_file,
		                                     *names ? ", or set " : "", names, p->name);

		return error_set(err, ENOKEY, write, "there is no key for the provider %s (%s%sthe key file %s is missing)",
		                 p->name, names, *names ? " is not set, and " : "", p->key_file);
	}
	return error_set(err, ENOKEY, hint, "there is no key for the provider %s%s%s%s", p->name,
	                 *names ? " (" : "", names, *names ? " is not set)" : "");
}

int provider_key(const struct provider *p, char **key, struct error *err)
{
	*key = NULL;
	if (p->auth == AUTH_NONE)
		return 0;
	int rc = from_environment(p, key, err);
	if (!rc && p->key_file)
		rc = from_file_patiently(p->key_file, key, err);
	if (rc)
		return rc > 0 ? 0 : rc;
	return no_key(p, err);
}

char *provider_key_place(const struct provider *p)
{
	cleanup_free char *name = NULL;
	const char *at = p->key_env ? p->key_env : "";

	for (; (name = next_word(&at)); cleanup_free_(&name)) {
		const char *value = getenv(name);

		if (value && *value)
			return xasprintf("the variable %s", name);
	}
	return p->key_file && !access(p->key_file, F_OK) ? xasprintf("the file %s", p->key_file) : NULL;
}

void key_free(char *key)
{
	if (!key)
		return;
	explicit_bzero(key, strlen(key));
	free(key);
}
