#include "cli_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "confine.h"
#include "http_guard.h"
#include "libraries.h"
#include "means.h"
#include "mountpoint.h"
#include "probe.h"
#include "request.h"
#include "version.h"

struct visit {
	struct options options;
	struct models *models;
	const struct provider *chosen;        /* that prompts go to which name none, or NULL */
	const struct model *wanted;           /* that they get, or NULL */
	unsigned bad;
};

static void tell(void *arg, enum finding kind, const char *about, const char *text, const char *hint)
{
	static const char *const words[] = { [FINDING_OK] = "ok", [FINDING_NOTE] = "note", [FINDING_BAD] = "BAD" };
	struct visit *v = arg;

	printf("%-5s %-9s %s\n", words[kind], about, text);
	if (hint)
		printf("%15s %s\n", "", hint);
	v->bad += kind == FINDING_BAD;
	fflush(stdout);
}

/* A check of ours: what is fine is said in its words. */
static bool tell_result(struct visit *v, const char *about, const char *fine, struct error *err)
{
	bool failed = err->text != NULL;

	tell(v, failed ? FINDING_BAD : FINDING_OK, about, failed ? err->text : fine, failed ? err->hint : NULL);
	error_clear(err);
	return !failed;
}

/* --- this machine ---------------------------------------------------------------------------- */

static void check_fuse(struct visit *v)
{
	struct error err = ERROR_INIT;

	means_check_device_open(&err);
	tell_result(v, "fuse", "/dev/fuse can be opened", &err);
	means_check_helper(&err);
	tell_result(v, "fuse", geteuid() ? "fusermount3 is installed" : "root needs no fusermount3", &err);
}

static void check_others(struct visit *v)
{
	struct error err = ERROR_INIT;

	if (means_check_others(&v->options, &err))
		tell_result(v, "fuse", NULL, &err);
}

static void check_kernel(struct visit *v)
{
	struct error err = ERROR_INIT;
	struct utsname name;

	uname(&name);
	cleanup_free char *fine = xasprintf("%s %s", name.sysname, name.release);
	means_check_kernel(&err);
	tell_result(v, "kernel", fine, &err);
}

/* Ways of nsswitch.conf(5) to find hosts that ask another program on this machine. */
static bool asks_a_program(const char *word)
{
	static const char *const ways[] = { "mdns", "sss", "wins", "libvirt", "ldap", "nis" };

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (str_starts_with(word, ways[i]))
			return true;
	return false;
}

/* The first way to find hosts that the daemon cannot go, or NULL; the caller frees. */
static char *barred_way(void)
{
	FILE *f = fopen("/etc/nsswitch.conf", "re");
	char *line = NULL, *found = NULL;
	size_t cap = 0;

	while (f && !found && getline(&line, &cap, f) > 0) {
		char *rest = line + strspn(line, " \t"), *word;

		if (!str_starts_with(rest, "hosts:"))
			continue;
		rest += strlen("hosts:");
		while (!found && (word = strsep(&rest, " \t\n")))
			if (asks_a_program(word))
				found = xstrdup(word);
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static void check_confinement(struct visit *v)
{
	cleanup_error struct error err = ERROR_INIT;

	if (!v->options.sandboxing)
		tell(v, FINDING_NOTE, "confined", "sandboxing is off: the daemon keeps all rights of its user", NULL);
	else if (confine_check(&err))
		tell(v, FINDING_NOTE, "confined", err.text, err.hint);
	else
		tell(v, FINDING_OK, "confined", "the daemon can start no programs, and gets no rights", NULL);
	cleanup_free char *way = v->options.sandboxing && !err.text ? barred_way() : NULL;
	if (way) {
		cleanup_free char *text = xasprintf("hosts that only \"%s\" of /etc/nsswitch.conf knows are not found", way);

		tell(v, FINDING_NOTE, "confined", text, "write their address into `url`, or use -o sandboxing=off");
	}
}

/* Its address may hold a password, and is not shown. */
static void check_proxy(struct visit *v)
{
	if (guard_proxy_port("https://") || guard_proxy_port("http://"))
		tell(v, FINDING_NOTE, "proxy", "pictures are fetched by the proxy that the environment names: whether one of them "
		     "lies inside your network is for the proxy to see, as easelfs cannot",
		     "let the proxy refuse addresses inside, or name the hosts of pictures in no_proxy");
}

static void check_libraries(struct visit *v)
{
	struct library l;

	tell(v, FINDING_OK, "version", "easelfs " EASELFS_VERSION, NULL);
	for (size_t i = 0; l = library_at(i), l.name; i++) {
		bool old = library_is_old(&l);
		cleanup_free char *text = xasprintf("%s: %s", l.name, l.version);
		cleanup_free char *hint = old ? xasprintf("install %u.%u or later", l.major, l.minor) : NULL;

		tell(v, old ? FINDING_BAD : FINDING_OK, "library", text, hint);
	}
}

struct look { enum standing standing; pid_t pid; };

/* A mount that never answers, maybe of somebody who likes that, holds up whoever asks it: a child does.  False: it
 * does not answer in time. */
static bool look_for_a_while(const char *path, struct look *out)
{
	enum { ANSWER_MS = 5000 };
	int ends[2];

	fflush(NULL);
	pid_t child = pipe2(ends, O_CLOEXEC) ? -1 : fork();
	if (child < 0) {
		out->standing = mountpoint_look(path, &out->pid);
		return true;
	}
	if (!child) {
		out->standing = mountpoint_look(path, &out->pid);
		_exit(write(ends[1], out, sizeof(*out)) != sizeof(*out));
	}
	close(ends[1]);
	struct pollfd answer = { .fd = ends[0], .events = POLLIN };
	bool answers = poll(&answer, 1, ANSWER_MS) > 0 && read(ends[0], out, sizeof(*out)) == sizeof(*out);
	close(ends[0]);
	kill(child, SIGKILL);
	waitpid(child, NULL, answers ? 0 : WNOHANG);
	return answers;
}

static void check_mount(struct visit *v, const char *path)
{
	cleanup_free char *text = NULL, *hint = NULL;
	struct look look;

	if (!look_for_a_while(path, &look)) {
		text = xasprintf("%s does not answer", path);
		tell(v, FINDING_NOTE, "mount", text, "its daemon is stopped or hangs; umount -l takes the mount away");
		return;
	}
	switch (look.standing) {
	case STANDS_NOTHING:
		return;
	case STANDS_LIVE:
		text = xasprintf("%s is served%s", path, look.pid ? "" : ", for another user");
		tell(v, FINDING_OK, "mount", text, NULL);
		return;
	case STANDS_DEAD:
		text = xasprintf("the daemon of %s is gone", path);
		hint = xasprintf("the next mount replaces it; easelfs unmount %s takes it away", path);
		tell(v, FINDING_NOTE, "mount", text, hint);
		return;
	}
}

static void check_mounts(struct visit *v)
{
	cleanup_mounts struct mounts mounts;

	mounts_read(&mounts);
	for (size_t i = 0; i < mounts.count; i++)
		if (!strcmp(mounts.entries[i].type, EASELFS_TYPE))
			check_mount(v, mounts.entries[i].path);
}

/* --- the configuration ----------------------------------------------------------------------- */

/* What is wrong in it is told, and the rest is judged without it. */
/* Whether the configuration could be read. */
static bool load(struct visit *v, const char *const *dash_o)
{
	struct error err = ERROR_INIT;
	bool loaded = !options_load(&v->options, dash_o, true, &err);

	if (loaded)
		v->models = models_load(v->options.config_text, v->options.config_len, v->options.config_path, &err);
	cleanup_free char *fine = loaded && !v->options.config_len
		? xasprintf("there is none at %s, and none is needed", v->options.config_path)
		: xasprintf("%s is right", loaded ? v->options.config_path : "it");
	return tell_result(v, "config", fine, &err);
}

/* Where prompts go that name neither model nor provider. */
static void check_defaults(struct visit *v)
{
	cleanup_error struct error err = ERROR_INIT;
	cleanup_request struct request r = { 0 };
	bool sandbox = v->options.sandbox;
	int rc = request_check_defaults(v->models, &v->options.defaults, sandbox, &err);

	if (rc) {
		tell(v, rc < 0 ? FINDING_BAD : FINDING_NOTE, "defaults", err.text, err.hint);
		return;
	}
	rc = request_resolve(v->models, &v->options.defaults, "x", sandbox, &r, &err);
	if (rc) {
		tell(v, FINDING_BAD, "key", err.text, err.hint);
		return;
	}
	v->wanted = r.model;
	v->chosen = r.provider;
	cleanup_free char *text = xasprintf("prompts that name none get model %s of %s", r.model->name, r.provider->name);
	tell(v, FINDING_OK, "defaults", text, NULL);
}

static void check_key(struct visit *v, const struct provider *p)
{
	cleanup_error struct error err = ERROR_INIT;
	char *key = NULL;
	int rc = provider_key(p, &key, &err);

	key_free(key);
	if (rc == -ENOKEY)
		return;
	if (rc) {
		cleanup_free char *text = xasprintf("%s: %s", p->name, err.text);

		tell(v, FINDING_BAD, "key", text, err.hint);
		return;
	}
	cleanup_free char *place = provider_key_place(p);
	cleanup_free char *text = xasprintf("%s: %s", p->name, place ? place : "it needs none");
	tell(v, FINDING_OK, "key", text, NULL);
}

static void check_keys(struct visit *v)
{
	for (size_t i = 0; i < v->models->providers_count; i++) {
		const struct provider *p = &v->models->providers[i];

		if (p->auth != AUTH_NONE && (p == v->chosen || !provider_is_sandbox(v->models, p)))
			check_key(v, p);
	}
}

/* --- providers ------------------------------------------------------------------------------- */

/* Those that there is a key for; one that needs none only if prompts go there. */
static bool is_asked(const struct visit *v, const struct provider *p)
{
	char *key = NULL;

	if (!*p->url)
		return false;
	if (p->auth == AUTH_NONE)
		return p == v->chosen;
	if (provider_is_sandbox(v->models, p) && p != v->chosen)
		return false;
	if (provider_key(p, &key, NULL))
		return false;
	key_free(key);
	return true;
}

static void check_providers(struct visit *v)
{
	for (size_t i = 0; i < v->models->providers_count; i++) {
		const struct provider *p = &v->models->providers[i];
		bool is_wanted = v->wanted && !strcasecmp(v->wanted->provider, p->name);

		if (is_asked(v, p))
			probe_provider(v->models, p, is_wanted ? v->wanted : NULL, tell, v);
	}
}

static void look_at_all(struct visit *v, const struct command_call *call, const char *const *dash_o)
{
	check_libraries(v);
	check_kernel(v);
	check_fuse(v);
	check_mounts(v);
	/* What depends on a configuration that is wrong would only be wrong, too. */
	if (load(v, dash_o)) {
		check_others(v);
		check_confinement(v);
		check_proxy(v);
		check_defaults(v);
		check_keys(v);
		if (!call_has(call, "offline") && !v->options.sandbox)
			check_providers(v);
	}
	if (v->bad)
		printf("\n%u %s wrong\n", v->bad, v->bad == 1 ? "thing is" : "things are");
	else
		printf("\nnothing is wrong\n");
}

static int show_config(struct visit *v, const struct command_call *call, const char *const *dash_o)
{
	cleanup_error struct error err = ERROR_INIT;
	int rc = options_load(&v->options, dash_o, true, &err);

	if (!rc)
		v->models = models_load(v->options.config_text, v->options.config_len, v->options.config_path, &err);
	if (rc || !v->models)
		return cli_fail(&err);
	return doctor_show_config(v->models, &v->options, call->operands[0], &err) ? cli_fail(&err) : CLI_OK;
}

int cli_doctor(const struct command_call *call)
{
	cleanup_free const char **dash_o = call_values(call, "o");
	struct visit v = { 0 };
	int code;

	if (call_has(call, "config")) {
		code = show_config(&v, call, dash_o);
	} else if (call->count) {
		code = command_misused(call, "doctor takes a PATH with --config only");
	} else {
		look_at_all(&v, call, dash_o);
		code = v.bad ? CLI_FAILED : CLI_OK;
	}
	models_unref(v.models);
	options_release(&v.options);
	return code;
}
