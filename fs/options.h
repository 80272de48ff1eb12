/*
 * options: what the command line, the environment and the configuration say about a mount.
 *
 * One table: name, kind, default and the prose; parser, `--help`, `-o help` and the manual come from
 * it.  Precedence: -o, environment (EASELFS_<NAME>), [defaults] of the configuration, built in.
 */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include "base.h"
#include "settings.h"

struct options {
	char *config_path;            /* $EASELFS_CONFIG, -o config=, $XDG_CONFIG_HOME/easelfs/config */
	char *config_text;            /* its bytes, "" if there is none */
	size_t config_len;
	struct settings defaults;     /* prompt headers given by -o, environment and [defaults] */
	double settle;                /* seconds; 0.2 */
	long budget_pictures;         /* per day; -1 = none; 100 */
	double budget_usd;            /* per day; negative = none */
	long in_flight;               /* 0 = the provider row decides */
	unsigned crash_count;         /* unclean ends … 3; 0 = none hold anything */
	int64_t crash_ms;             /* … within that time; 600000 */
	bool reuse;                   /* true */
	bool ask;
	bool sandbox;
	bool sandboxing;              /* the daemon confines itself (true) */
	int log_level;                /* enum log_level */
	bool foreground;
	bool allow_other;
	bool read_only;
	unsigned max_read;            /* bytes; 0 = not said */
	const char *const *dash_o;    /* as it was given; borrowed */
	char *fuse_options;           /* passed to libfuse: `allow_other,fsname=…` without ours; or NULL */
	struct option_said *said;     /* by row of the table of options */
};
#define cleanup_options __attribute__((cleanup(options_release)))

/* dash_o: every -o argument's list, in order (NULL-terminated).  Unknown names are refused with the
 * nearest one; generic mount options (rw, _netdev, nofail, noauto, user, x-*, …) are ignored, FUSE's
 * own passed on, and those that cannot be obeyed refused.  A variable that begins with EASELFS_ and means nothing is warned of.  0 or -EINVAL with the
 * sentence (for the configuration: file:line).  The lists are kept, not copied. */
int options_load(struct options *o, const char *const *dash_o, bool foreground, struct error *err);
/* The same again, from the configuration as it is now: `before` says where it lies and what -o said, which must
 * still be there. */
int options_load_again(struct options *o, const struct options *before, struct error *err);
void options_release(struct options *o);
/* What options_load() knows of a list of -o; each of the others is warned of.  The caller frees. */
char *options_known(const char *list);
/* Where the sandbox is: added to the configuration, as that is all that the model table is read from. */
void options_sandbox_at(struct options *o, const char *url);
/* Calls each(arg, name, value, from) for every option that is no header; from: where it was said (`FILE:LINE`,
 * `the variable EASELFS_N`, `the option -o n`), or NULL for what is built in.  All lent. */
void options_report(const struct options *o, void (*each)(void *arg, const char *name, const char *value,
                                                          const char *from), void *arg);
/* One line per option, for --help and `-o help`. */
void options_help(struct buf *out);
/* The same for `easelfs help --table`: `setting`, name, what it takes, default, prose, words that it takes (as in
 * setting_table), between tabs. */
void options_table(struct buf *out);

#endif
