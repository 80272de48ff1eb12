#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20 };

/* --- values ---------------------------------------------------------------------------------- */

static bool read_flag(const char *value, bool *out)
{
	static const struct { const char *word; bool means; } words[] = {
		{ "yes", true }, { "on", true }, { "true", true }, { "1", true },
		{ "no", false }, { "off", false }, { "false", false }, { "0", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcasecmp(value, words[i].word)) {
			*out = words[i].means;
			return true;
		}
	return false;
}

/* A plain decimal number that is not negative; *rest is what follows it, without blanks. */
static bool read_number(const char *value, double *out, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*value) && *value != '.')
		return false;
	*out = strtod(value, &end);
	if (end == value || !isfinite(*out))
		return false;
	*rest = end + strspn(end, " \t");
	return true;
}

static bool set_settle(struct options *o, const char *value)
{
	double seconds;
	const char *unit;

	if (!read_number(value, &seconds, &unit) || (*unit && strcasecmp(unit, "s")) || seconds > 3600)
		return false;
	o->settle = seconds;
	return true;
}

static bool set_budget(struct options *o, const char *value)
{
	double amount = -1;
	const char *unit = "";

	if (!strcasecmp(value, "none")) {
		o->budget_pictures = -1;
		o->budget_usd = -1;
		return true;
	}
	if (!read_number(value, &amount, &unit) || amount > 1e9)
		return false;
	if (!strcasecmp(unit, "USD")) {
		o->budget_pictures = -1;
		o->budget_usd = amount;
		return true;
	}
	if (*unit || amount != floor(amount))
		return false;
	o->budget_pictures = (long)amount;
	o->budget_usd = -1;
	return true;
}

static bool set_in_flight(struct options *o, const char *value)
{
	double count;
	const char *rest;

	if (!read_number(value, &count, &rest) || *rest || count != floor(count) || count > 10000)
		return false;
	o->in_flight = (long)count;
	return true;
}

/* `3/600`: three within 600 seconds. */
static bool set_crash_loop(struct options *o, const char *value)
{
	double count, seconds;
	const char *rest;

	if (!strcasecmp(value, "none")) {
		o->crash_count = 0;
		return true;
	}
	if (!read_number(value, &count, &rest) || count != floor(count) || count < 1 || count > 100 || *rest != '/' ||
	    !read_number(rest + 1, &seconds, &rest) || (*rest && strcasecmp(rest, "s")) || seconds > 86400)
		return false;
	o->crash_count = (unsigned)count;
	o->crash_ms = (int64_t)(seconds * 1000);
	return true;
}

static bool set_reuse(struct options *o, const char *value)
{
	return read_flag(value, &o->reuse);
}

static bool set_ask(struct options *o, const char *value)
{
	return read_flag(value, &o->ask);
}

static bool set_sandbox(struct options *o, const char *value)
{
	return read_flag(value, &o->sandbox);
}

static bool set_sandboxing(struct options *o, const char *value)
{
	return read_flag(value, &o->sandboxing);
}

static bool set_log(struct options *o, const char *value)
{
	int level = log_level_by_name(value);

	if (level < 0)
		return false;
	o->log_level = level;
	return true;
}

/* --- the table ------------------------------------------------------------------------------- */

/* A row without `set` is a prompt header, or is handled before the others (config). */
static const struct option_row {
	const char *name, *takes, *initial, *prose;
	bool flag;                    /* the name alone means yes */
	bool (*set)(struct options *o, const char *value);
	const char *words;            /* as in setting_table */
} option_table[] = {
	{ "config", "a file's path", "~/.config/easelfs/config", "the configuration file", false, NULL,
	  "<files>" },
	{ "model", "a model's name or alias", "the first one with a key", "the model for prompts that name none",
	  false, NULL, "<models>" },
	{ "provider", "a provider's name", "the model's own", "the provider for prompts that name none",
	  false, NULL, "<providers>" },
	{ "settle", "seconds, 0 to 3600", "0.2", "how long a file must be left alone before its task starts",
	  false, set_settle, NULL },
	{ "budget", "pictures a day (100), money a day (5 USD), or none", "100",
	  "how much may start by itself in a day; more is held", false, set_budget, "none" },
	{ "in_flight", "a whole number; 0 leaves it to the provider", "0",
	  "how many tasks may be under way at once", false, set_in_flight, NULL },
	{ "crash_loop", "ends/seconds (3/600), or none", "3/600",
	  "so many unclean ends within that time hold what is under way, until a release", false, set_crash_loop,
	  "none" },
	{ "reuse", "yes or no", "yes", "the same request gets the same picture, for nothing", true, set_reuse,
	  "yes no" },
	{ "ask", "yes or no", "no", "accepted, without effect so far", true, set_ask, "yes no" },
	{ "sandbox", "yes or no", "no", "sample pictures from a provider on this machine: no key, no cost",
	  true, set_sandbox, "yes no" },
	{ "sandboxing", "on or off", "on", "the daemon gives up rights that it does not need", true,
	  set_sandboxing, "on off" },
	{ "log", "error, warning, info or debug", "info", "how much is logged", false, set_log,
	  "error warning info debug" },
};

/* What was said last, and where. */
struct option_said { char *value, *from; };

/* `_` and `-` are the same, and case does not matter. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		int ca = *a == '_' ? '-' : tolower((unsigned char)*a);
		int cb = *b == '_' ? '-' : tolower((unsigned char)*b);

		if (ca != cb)
			return false;
	}
	return *a == *b;
}

static const struct option_row *option_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(option_table); i++)
		if (same_name(option_table[i].name, name))
			return &option_table[i];
	return NULL;
}

/* The header's name as settings_set() knows it (top_p is top-p in -o and the environment), or NULL.
 * The caller frees. */
static char *header_name(const char *name)
{
	char *copy = xstrdup(name);

	if (setting_is_known(copy))
		return copy;
	for (char *c = copy; *c; c++)
		if (*c == '_')
			*c = '-';
	if (setting_is_known(copy))
		return copy;
	free(copy);
	return NULL;
}

/* --- mount options that are not ours --------------------------------------------------------- */

enum foreign_use { FOREIGN_IGNORED, FOREIGN_PASSED, FOREIGN_POINTLESS };

static const struct foreign { const char *name; enum foreign_use use; } foreign_table[] = {
	/* for mount(8), systemd and the like */
	{ "rw", FOREIGN_IGNORED }, { "defaults", FOREIGN_IGNORED }, { "_netdev", FOREIGN_IGNORED },
	{ "nofail", FOREIGN_IGNORED }, { "noauto", FOREIGN_IGNORED }, { "auto", FOREIGN_IGNORED },
	{ "user", FOREIGN_IGNORED }, { "users", FOREIGN_IGNORED }, { "nouser", FOREIGN_IGNORED },
	{ "nousers", FOREIGN_IGNORED }, { "owner", FOREIGN_IGNORED }, { "noowner", FOREIGN_IGNORED },
	{ "group", FOREIGN_IGNORED }, { "nogroup", FOREIGN_IGNORED }, { "exec", FOREIGN_IGNORED },
	{ "async", FOREIGN_IGNORED }, { "nosync", FOREIGN_IGNORED }, { "atime", FOREIGN_IGNORED },
	{ "diratime", FOREIGN_IGNORED }, { "nodiratime", FOREIGN_IGNORED }, { "relatime", FOREIGN_IGNORED },
	{ "norelatime", FOREIGN_IGNORED }, { "strictatime", FOREIGN_IGNORED },
	{ "nostrictatime", FOREIGN_IGNORED }, { "lazytime", FOREIGN_IGNORED },
	{ "nolazytime", FOREIGN_IGNORED }, { "iversion", FOREIGN_IGNORED },
	{ "noiversion", FOREIGN_IGNORED }, { "mand", FOREIGN_IGNORED }, { "nomand", FOREIGN_IGNORED },
	{ "symfollow", FOREIGN_IGNORED }, { "silent", FOREIGN_IGNORED }, { "loud", FOREIGN_IGNORED },
	{ "quiet", FOREIGN_IGNORED }, { "comment", FOREIGN_IGNORED }, { "uhelper", FOREIGN_IGNORED },
	{ "helper", FOREIGN_IGNORED },
	/* is always `easelfs`: that is how a mount of ours is known */
	{ "subtype", FOREIGN_IGNORED },
	/* of FUSE 2, which wanted it for what is always done here */
	{ "nonempty", FOREIGN_IGNORED },
	/* FUSE's, and flags that the kernel obeys */
	{ "ro", FOREIGN_PASSED }, { "noexec", FOREIGN_PASSED }, { "nosuid", FOREIGN_PASSED },
	{ "nodev", FOREIGN_PASSED }, { "suid", FOREIGN_PASSED }, { "dev", FOREIGN_PASSED },
	{ "sync", FOREIGN_PASSED }, { "dirsync", FOREIGN_PASSED },
	{ "noatime", FOREIGN_PASSED }, { "allow_other", FOREIGN_PASSED }, { "allow_root", FOREIGN_PASSED },
	{ "default_permissions", FOREIGN_PASSED }, { "auto_unmount", FOREIGN_PASSED },
	{ "max_read", FOREIGN_PASSED }, { "fsname", FOREIGN_PASSED }, { "context", FOREIGN_PASSED },
	{ "fscontext", FOREIGN_PASSED }, { "defcontext", FOREIGN_PASSED }, { "rootcontext", FOREIGN_PASSED },
	/* of filesystems without owners */
	{ "uid", FOREIGN_POINTLESS }, { "gid", FOREIGN_POINTLESS }, { "umask", FOREIGN_POINTLESS },
	{ "fmask", FOREIGN_POINTLESS }, { "dmask", FOREIGN_POINTLESS },
};

/* Who relies on these must not believe that they hold. */
static const struct refused { const char *name, *why, *hint; } refused_table[] = {
	{ "remount", "the options of a mount that stands cannot be changed",
	  "unmount it, and mount it with the other options; as for writing alone, the kernel changes that: "
	  "mount -o remount,bind,ro MOUNTPOINT (or rw)" },
	{ "setuid", "the daemon runs as whoever mounts",
	  "let that user mount: by the option user in fstab, or by the unit easelfs@.service of the user's systemd" },
	{ "drop_privileges", "the daemon reaches files as whoever asks for them, which takes privileges",
	  "leave it out, or let an ordinary user mount" },
	{ "nosymfollow", "libfuse does not pass it on",
	  "leave it out, or add it afterwards: mount -o remount,bind,nosymfollow MOUNTPOINT" },
};

static const struct refused *refused_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(refused_table); i++)
		if (!strcmp(refused_table[i].name, name))
			return &refused_table[i];
	return NULL;
}

static const struct foreign *foreign_by_name(const char *name)
{
	static const struct foreign private_name = { "x-", FOREIGN_IGNORED };

	if (!strncasecmp(name, "x-", 2))
		return &private_name;
	for (size_t i = 0; i < ARRAY_LEN(foreign_table); i++)
		if (!strcmp(foreign_table[i].name, name))
			return &foreign_table[i];
	return NULL;
}

/* Adds an item to a comma-separated list, so that next_item() and libfuse read it back. */
static void add_escaped(struct buf *list, const char *item)
{
	if (list->len)
		buf_chr(list, ',');
	for (; *item; item++) {
		if (*item == ',' || *item == '\\')
			buf_chr(list, '\\');
		buf_chr(list, *item);
	}
}

static void take_foreign(struct options *o, struct buf *passed, const struct foreign *f, const char *item)
{
	switch (f->use) {
	case FOREIGN_IGNORED:
		return;
	case FOREIGN_PASSED:
		if (!strcmp(f->name, "allow_other"))
			o->allow_other = true;
		if (!strcmp(f->name, "ro"))
			o->read_only = true;
		if (str_starts_with(item, "max_read="))
			o->max_read = (unsigned)strtoul(item + strlen("max_read="), NULL, 10);
		add_escaped(passed, item);
		return;
	case FOREIGN_POINTLESS:
		log_warning("the mount option \"%s\" changes nothing: files keep their owners and modes", item);
		return;
	}
}

/* --- layers ---------------------------------------------------------------------------------- */

/* One place that options come from: -o, the environment, or the configuration. */
struct layer {
	struct settings headers;
	bool seen[ARRAY_LEN(option_table)];
	bool takes_foreign;           /* suggestions name mount options too */
	bool last_wins;               /* fstab's list and the command line's arrive as one */
};

static int refuse_unknown(const struct layer *l, const char *name, struct error *err)
{
	const char *known[ARRAY_LEN(option_table) + SET_COUNT + ARRAY_LEN(foreign_table)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(option_table); i++)
		known[count++] = option_table[i].name;
	for (size_t i = 0; i < SET_COUNT; i++)
		known[count++] = setting_table[i].name;
	for (size_t i = 0; l->takes_foreign && i < ARRAY_LEN(foreign_table); i++)
		known[count++] = foreign_table[i].name;
	const char *near = nearest_word(name, known, count);
	if (near)
		return error_set(err, EINVAL, "easelfs mount -o help lists all options",
		                 "unknown option \"%s\": did you mean \"%s\"?", name, near);
	return error_set(err, EINVAL, "easelfs mount -o help lists all options", "unknown option \"%s\"", name);
}

static int set_header(struct layer *l, const char *header, const char *value, struct error *err)
{
	int known = setting_by_name(header);

	if (l->last_wins && known >= 0)
		settings_unset(&l->headers, (enum setting)known);
	return settings_set(&l->headers, header, value, err);
}

static void note_said(struct options *o, const struct option_row *row, const char *value, const char *from)
{
	struct option_said *said = &o->said[row - option_table];

	free(said->value);
	free(said->from);
	said->value = xstrdup(value);
	said->from = xstrdup(from);
}

/* value NULL: the name stood alone. */
static int layer_set(struct options *o, struct layer *l, const char *name, const char *value,
                     struct error *err)
{
	const struct option_row *row = option_by_name(name);
	cleanup_free char *header = header_name(name);

	if (!row && !header)
		return refuse_unknown(l, name, err);
	if (!value && row && row->flag)
		value = "yes";
	if (!value)
		return error_set(err, EINVAL, NULL, "option \"%s\" needs a value: %s=%s", name, name,
		                 row ? row->takes : "VALUE");
	if (row && l->seen[row - option_table] && !l->last_wins)
		return error_set(err, EINVAL, "leave one of them out", "option \"%s\" is set twice", name);
	if (row)
		l->seen[row - option_table] = true;
	if (row && row->set && !row->set(o, value))
		return error_set(err, EINVAL, NULL, "option \"%s\" does not take \"%s\": it takes %s", name,
		                 value, row->takes);
	if (row)
		note_said(o, row, value, l->headers.place);
	return header ? set_header(l, header, value, err) : 0;
}

/* Puts the place in front of the sentence. */
static int error_at(struct error *err, struct error *inner, const char *place)
{
	int rc = error_set(err, inner->code, inner->hint, "%s: %s", place, inner->text);

	error_clear(inner);
	return rc;
}

/* The next item of a comma-separated list, with `\,` as a comma within; NULL at the end.  The caller
 * frees. */
static char *next_item(const char **cursor)
{
	struct buf item = BUF_INIT;
	const char *c = *cursor;

	while (*c == ',')
		c++;
	if (!*c)
		return NULL;
	for (; *c && *c != ','; c++) {
		if (*c == '\\' && c[1])
			c++;
		buf_chr(&item, *c);
	}
	*cursor = c;
	return buf_steal(&item);
}

static char *item_name(const char *item)
{
	return xstrndup(item, strcspn(item, "="));
}

static int take_item(struct options *o, struct layer *l, struct buf *passed, const char *item,
                     struct error *err)
{
	const char *equals = strchr(item, '=');
	cleanup_free char *name = item_name(item);
	const struct foreign *f = foreign_by_name(name);
	const struct refused *refused = refused_by_name(name);

	if (f) {
		take_foreign(o, passed, f, item);
		return 0;
	}
	if (refused)
		return error_set(err, EINVAL, refused->hint, "the mount option \"%s\" is not supported: %s", name,
		                 refused->why);
	cleanup_free char *place = xasprintf("the option -o %s", name);
	l->headers.place = place;
	int rc = layer_set(o, l, name, equals ? equals + 1 : NULL, err);
	l->headers.place = NULL;
	return rc;
}

static int read_command_line(struct options *o, struct layer *l, const char *const *dash_o,
                             struct error *err)
{
	cleanup_buf struct buf passed = BUF_INIT;

	for (; dash_o && *dash_o; dash_o++) {
		const char *cursor = *dash_o;
		char *next;

		while ((next = next_item(&cursor))) {
			cleanup_free char *item = next;
			int rc = take_item(o, l, &passed, item, err);

			if (rc)
				return rc;
		}
	}
	o->fuse_options = passed.len ? buf_steal(&passed) : NULL;
	return 0;
}

static bool is_known(const char *item)
{
	cleanup_free char *name = item_name(item);
	cleanup_free char *header = header_name(name);

	return header || option_by_name(name) || foreign_by_name(name) || refused_by_name(name);
}

char *options_known(const char *list)
{
	struct buf known = BUF_INIT;
	char *next;

	while ((next = next_item(&list))) {
		cleanup_free char *item = next;

		if (is_known(item))
			add_escaped(&known, item);
		else
			log_warning("the option \"%s\" is not known, and left out", item);
	}
	return buf_steal(&known);
}

/* EASELFS_TOP_P for top-p; NULL if it is not set or empty. */
static const char *environment(const char *name, char **variable)
{
	*variable = xasprintf("EASELFS_%s", name);
	for (char *c = *variable; *c; c++)
		*c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
	const char *value = getenv(*variable);
	return value && *value ? value : NULL;
}

static int take_variable(struct options *o, struct layer *l, const char *name, struct error *err)
{
	cleanup_free char *variable = NULL;
	cleanup_error struct error inner = ERROR_INIT;
	const char *value = environment(name, &variable);

	if (!value)
		return 0;
	cleanup_free char *place = xasprintf("the variable %s", variable);
	l->headers.place = place;
	int rc = layer_set(o, l, name, value, &inner);
	l->headers.place = NULL;
	return rc ? error_at(err, &inner, variable) : 0;
}

/* The variables of ours that are no options. */
static const char *const other_variables[] = { "SANDBOX_KEY", "KILL", "CLOCK" };

static void warn_of_variable(const char *name)
{
	const char *known[ARRAY_LEN(option_table) + SET_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(option_table); i++)
		known[count++] = option_table[i].name;
	for (size_t i = 0; i < SET_COUNT; i++)
		known[count++] = setting_table[i].name;
	const char *near = nearest_word(name, known, count);
	cleanup_free char *variable = NULL;
	if (near)
		environment(near, &variable);
	log_warning("the variable EASELFS_%s means nothing%s%s%s", name, near ? ": did you mean " : "",
	            near ? variable : "", near ? "?" : "");
}

/* What the configuration may name as `key-env` is somebody's, too. */
static void warn_of_variables(const struct options *o)
{
	static const char prefix[] = "EASELFS_";

	for (char **v = environ; *v; v++) {
		if (!str_starts_with(*v, prefix))
			continue;
		cleanup_free char *variable = xstrndup(*v, strcspn(*v, "="));
		const char *name = variable + strlen(prefix);
		cleanup_free char *header = header_name(name);
		bool is_ours = header || option_by_name(name);

		for (size_t i = 0; i < ARRAY_LEN(other_variables); i++)
			is_ours = is_ours || str_starts_with(name, other_variables[i]);
		if (!is_ours && !strstr(o->config_text, variable))
			warn_of_variable(name);
	}
}

static int read_environment(struct options *o, struct layer *l, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(option_table) && !rc; i++)
		if (strcmp(option_table[i].name, "config"))
			rc = take_variable(o, l, option_table[i].name, err);
	for (size_t i = 0; i < SET_COUNT && !rc; i++)
		if (!option_by_name(setting_table[i].name))
			rc = take_variable(o, l, setting_table[i].name, err);
	return rc;
}

/* --- the configuration ----------------------------------------------------------------------- */

/* Absolute, with `~/` expanded: the daemon leaves the folder that it was started in. */
static char *absolute(const char *path)
{
	const char *home = getenv("HOME");

	if (str_starts_with(path, "~/"))
		return xasprintf("%s/%s", home ? home : "", path + 2);
	if (*path == '/')
		return xstrdup(path);
	cleanup_free char *here = getcwd(NULL, 0);
	return xasprintf("%s/%s", here ? here : "", path);
}

static char *default_config(void)
{
	const char *base = getenv("XDG_CONFIG_HOME");

	if (base && *base == '/')
		return xasprintf("%s/easelfs/config", base);
	return absolute("~/.config/easelfs/config");
}

/* The path that -o config= gives, or NULL.  The caller frees. */
static char *config_of_command_line(const char *const *dash_o)
{
	char *found = NULL;

	for (; dash_o && *dash_o; dash_o++) {
		const char *cursor = *dash_o;
		char *next;

		while ((next = next_item(&cursor))) {
			cleanup_free char *item = next;

			if (!strncasecmp(item, "config=", 7)) {
				free(found);
				found = xstrdup(item + 7);
			}
		}
	}
	return found;
}

static int refuse_config(const char *path, int code, bool explicit, struct error *err)
{
	if (code == ENOENT)
		return error_set(err, code, explicit ? "create it, or leave the option out" : NULL,
		                 "there is no configuration file %s", path);
	return error_set(err, code, "check the file's permissions",
	                 "the configuration %s cannot be read: %s", path, strerror(code));
}

static int read_config(struct options *o, bool explicit, struct error *err)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_fd int fd = open(o->config_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char chunk[16384];
	ssize_t n;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !explicit) {
		o->config_text = xstrdup("");
		return 0;
	}
	if (fd < 0 || fstat(fd, &st))
		return refuse_config(o->config_path, errno, explicit, err);
	if (S_ISDIR(st.st_mode))
		return refuse_config(o->config_path, EISDIR, explicit, err);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(&text, chunk, (size_t)n);
		if (text.len > CONFIG_MAX)
			return refuse_config(o->config_path, EFBIG, explicit, err);
	}
	if (n < 0)
		return refuse_config(o->config_path, errno, explicit, err);
	o->config_len = text.len;
	o->config_text = buf_steal(&text);
	return 0;
}

static int find_config(struct options *o, const char *const *dash_o, struct error *err)
{
	cleanup_free char *given = config_of_command_line(dash_o);
	cleanup_free char *variable = NULL;

	const char *set = given ? NULL : environment("config", &variable);
	if (set) {
		given = xstrdup(set);
		note_said(o, option_by_name("config"), set, "the variable EASELFS_CONFIG");
	}
	if (given && !*given)
		return error_set(err, EINVAL, NULL, "option \"config\" needs a value: config=PATH");
	o->config_path = given ? absolute(given) : default_config();
	return read_config(o, given != NULL, err);
}

/* One that is gone says nothing any more. */
static int find_config_again(struct options *o, const struct options *before, struct error *err)
{
	size_t row = (size_t)(option_by_name("config") - option_table);

	o->config_path = xstrdup(before->config_path);
	o->said[row].value = xstrdup(before->said[row].value);
	o->said[row].from = xstrdup(before->said[row].from);
	return read_config(o, false, err);
}

/* 1: a line of [defaults].  0: of a section that models_load() checks. */
static int judge_section(const char *section, const char *name, struct error *err)
{
	static const char *const known[] = { "defaults", "provider", "model" };

	if (!section)
		return error_set(err, EINVAL, "write [defaults] above it", "\"%s\" stands before the first section",
		                 name);
	if (!strcasecmp(section, "defaults"))
		return 1;
	if (!strncasecmp(section, "provider ", 9) || !strncasecmp(section, "model ", 6))
		return 0;
	if (!strcasecmp(section, "provider") || !strcasecmp(section, "model"))
		return error_set(err, EINVAL, NULL, "the section [%s] needs a name: [%s NAME]", section, section);
	cleanup_free char *first = xstrndup(section, strcspn(section, " "));
	const char *near = nearest_word(first, known, ARRAY_LEN(known));
	if (near)
		return error_set(err, EINVAL, NULL, "unknown section [%s]: did you mean [%s%s]?", section, near,
		                 section + strlen(first));
	return error_set(err, EINVAL, "sections are [defaults], [provider NAME] and [model NAME]",
	                 "unknown section [%s]", section);
}

static int take_config_line(struct options *o, struct layer *l, const struct nv *r, struct error *err)
{
	cleanup_free char *place = xasprintf("%s:%d", o->config_path, r->line);
	int rc = judge_section(r->section, r->name, err);

	if (rc <= 0)
		return rc;
	if (same_name(r->name, "config"))
		return error_set(err, EINVAL, "use -o config= or EASELFS_CONFIG",
		                 "a configuration cannot name another one");
	l->headers.place = place;
	rc = layer_set(o, l, r->name, r->value, err);
	l->headers.place = NULL;
	return rc;
}

static int read_defaults(struct options *o, struct layer *l, struct error *err)
{
	cleanup_error struct error inner = ERROR_INIT;
	struct nv r;
	int rc;

	nv_init(&r, o->config_text, o->config_len, NV_CONFIG);
	while ((rc = nv_next(&r, &inner)) > 0) {
		rc = take_config_line(o, l, &r, &inner);
		if (rc)
			break;
	}
	if (rc < 0) {
		/* The reader's own sentences name the line. */
		cleanup_free char *place = str_starts_with(inner.text, "line ")
			? xstrdup(o->config_path) : xasprintf("%s:%d", o->config_path, r.line);

		rc = error_at(err, &inner, place);
	}
	nv_release(&r);
	return rc;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* The weakest first: a later layer's value replaces an earlier one's. */
static int load_layers(struct options *o, struct layer layers[3], struct error *err)
{
	int rc = read_defaults(o, &layers[0], err);

	if (!rc)
		rc = read_environment(o, &layers[1], err);
	if (!rc)
		rc = read_command_line(o, &layers[2], o->dash_o, err);
	for (int i = 2; i >= 0 && !rc; i--)
		settings_inherit(&o->defaults, &layers[i].headers);
	return rc;
}

static int load(struct options *o, const struct options *before, const char *const *dash_o, bool foreground,
                struct error *err)
{
	struct layer layers[3] = {
		[2] = { .takes_foreign = true, .last_wins = true },
	};

	*o = (struct options){
		.settle = 0.2, .budget_pictures = 100, .budget_usd = -1, .crash_count = 3, .crash_ms = 600000,
		.reuse = true, .sandboxing = true,
		.log_level = LOG_LEVEL_INFO, .foreground = foreground, .dash_o = dash_o,
		.said = xcalloc(ARRAY_LEN(option_table), sizeof(*o->said)),
	};
	int rc = before ? find_config_again(o, before, err) : find_config(o, dash_o, err);
	if (!rc)
		rc = load_layers(o, layers, err);
	for (size_t i = 0; i < ARRAY_LEN(layers); i++)
		settings_release(&layers[i].headers);
	if (rc)
		options_release(o);
	return rc;
}

int options_load(struct options *o, const char *const *dash_o, bool foreground, struct error *err)
{
	int rc = load(o, NULL, dash_o, foreground, err);

	if (!rc)
		warn_of_variables(o);
	return rc;
}

int options_load_again(struct options *o, const struct options *before, struct error *err)
{
	return load(o, before, before->dash_o, before->foreground, err);
}

void options_release(struct options *o)
{
	free(o->config_path);
	free(o->config_text);
	free(o->fuse_options);
	for (size_t i = 0; o->said && i < ARRAY_LEN(option_table); i++) {
		free(o->said[i].value);
		free(o->said[i].from);
	}
	free(o->said);
	settings_release(&o->defaults);
	*o = (struct options){ 0 };
}

void options_sandbox_at(struct options *o, const char *url)
{
	struct buf text = BUF_INIT;

	buf_add(&text, o->config_text, o->config_len);
	buf_fmt(&text, "\n[provider sandbox]\nurl = %s\n", url);
	free(o->config_text);
	o->config_len = text.len;
	o->config_text = buf_steal(&text);
}

void options_report(const struct options *o, void (*each)(void *arg, const char *name, const char *value,
                                                          const char *from), void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(option_table); i++) {
		const struct option_row *row = &option_table[i];
		const struct option_said *said = &o->said[i];

		if (!strcmp(row->name, "config"))
			each(arg, row->name, o->config_path, said->from);
		else if (row->set)
			each(arg, row->name, said->value ? said->value : row->initial, said->from);
	}
}

void options_help(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(option_table); i++) {
		const struct option_row *row = &option_table[i];

		buf_fmt(out, "  %-18s %s: %s (%s)\n", row->name, row->prose, row->takes, row->initial);
	}
	for (size_t i = 0; i < SET_COUNT; i++)
		if (!option_by_name(setting_table[i].name))
			buf_fmt(out, "  %-18s for prompts that do not say: %s\n", setting_table[i].name,
			        setting_table[i].takes);
	buf_str(out, "  ro, allow_other, allow_root, fsname=NAME and FUSE's other options work as usual\n");
}

void options_table(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(option_table); i++) {
		const struct option_row *row = &option_table[i];

		buf_fmt(out, "setting\t%s\t%s\t%s\t%s\t%s\n", row->name, row->takes, row->initial, row->prose,
		        row->words ? row->words : "");
	}
	for (size_t i = 0; i < SET_COUNT; i++)
		if (!option_by_name(setting_table[i].name))
			buf_fmt(out, "setting\t%s\t%s\t\tfor prompts that do not say\t%s\n", setting_table[i].name,
			        setting_table[i].takes, setting_table[i].words ? setting_table[i].words : "");
}
