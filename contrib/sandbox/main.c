/* easelfs-sandbox: an image provider on 127.0.0.1, as strict as the documentation. */
#include "api.h"
#include "blob.h"
#include "http.h"
#include "painter.h"
#include "results.h"
#include "version.h"
#include "world.h"

#include <errno.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <microhttpd.h>
#include <png.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <webp/encode.h>

struct options {
    struct settings set;
    unsigned port, result_port, idle, painters;
    int ready_fd;
    bool exit_on_eof;
    const char *font;
    char **keys;
    size_t key_count;
};

static void add_key(struct options *o, const char *key)
{
    o->keys = reallocarray(o->keys, o->key_count + 1, sizeof *o->keys);
    if (!o->keys)
        abort();
    o->keys[o->key_count++] = must_dup(key);
}

static bool read_count(const char *text, unsigned max, unsigned *to)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || errno || value > max || *text == '-')
        return false;
    *to = (unsigned)value;
    return true;
}

static bool set_port(struct options *o, const char *v) { return read_count(v, 65535, &o->port); }
static bool set_result_port(struct options *o, const char *v) { return read_count(v, 65535, &o->result_port); }
static bool set_idle(struct options *o, const char *v) { return read_count(v, 86400, &o->idle); }
static bool set_painters(struct options *o, const char *v) { return read_count(v, 8, &o->painters) && o->painters; }

static bool set_ready_fd(struct options *o, const char *v)
{
    unsigned fd;
    bool good = read_count(v, 65535, &fd);
    o->ready_fd = good ? (int)fd : -1;
    return good;
}

static bool set_key(struct options *o, const char *v)
{
    add_key(o, v);
    return *v != 0;
}

static bool set_font(struct options *o, const char *v)
{
    o->font = v;
    return *v != 0;
}

static bool set_exit_on_eof(struct options *o, const char *v)
{
    (void)v;
    o->exit_on_eof = true;
    return true;
}

static bool show_help(struct options *o, const char *v);
static bool show_version(struct options *o, const char *v);

static const struct option_row {
    const char *name, *argument;    /* no argument: a flag */
    bool (*set)(struct options *o, const char *value);
    const char *prose;
} rows[] = {
    {"port", "N", set_port, "port of the API; 0, the default: a free one"},
    {"result-port", "N", set_result_port, "port of results and uploaded files; 0, the default: a free one"},
    {"key", "KEY", set_key, "accept this key too (sk-sandbox, unless this or EASELFS_SANDBOX_KEY names another)"},
    {"ready-fd", "FD", set_ready_fd, "write the line \"listening on …\" to this descriptor too, and close it"},
    {"exit-on-eof", NULL, set_exit_on_eof, "end when standard input does"},
    {"idle", "SECONDS", set_idle, "close connections that are idle that long (75)"},
    {"painters", "N", set_painters, "threads that paint, 1 to 8 (1)"},
    {"font", "FILE", set_font, "paint text with this font; none: the built-in one"},
    {"help", NULL, show_help, "this text"},
    {"version", NULL, show_version, "versions of the program and of the libraries that it runs with"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static bool show_help(struct options *o, const char *v)
{
    (void)o;
    (void)v;
    puts("usage: easelfs-sandbox [OPTION…]\n"
         "Plays an image provider on 127.0.0.1: strict, free, and every picture says that it is a sample.\n");
    for (size_t i = 0; i < ROWS; i++)
        printf("  --%s%s%s\n        %s\n", rows[i].name, rows[i].argument ? " " : "",
               rows[i].argument ? rows[i].argument : "", rows[i].prose);
    puts("\nSettings, which POST /control/settings changes at run time too:\n");
    settings_help(stdout);
    exit(0);
}

/* Of libjpeg-turbo nothing can be asked. */
static bool show_version(struct options *o, const char *v)
{
    (void)o;
    (void)v;
    unsigned webp = (unsigned)WebPGetEncoderVersion();
    puts("easelfs-sandbox " EASELFS_VERSION);
    printf("libmicrohttpd %s\nlibpng %s\nlibwebp %u.%u.%u\n", MHD_get_version(), png_get_libpng_ver(NULL),
           webp >> 16, webp >> 8 & 0xff, webp & 0xff);
    FT_Library freetype;
    if (!FT_Init_FreeType(&freetype)) {
        FT_Int major, minor, patch;
        FT_Library_Version(freetype, &major, &minor, &patch);
        printf("FreeType %d.%d.%d\n", major, minor, patch);
        FT_Done_FreeType(freetype);
    }
    exit(0);
}

static const struct option_row *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static void usage_error(const char *format, const char *what)
{
    fputs("easelfs-sandbox: ", stderr);
    fprintf(stderr, format, what);
    fputs("; --help tells what there is\n", stderr);
    exit(2);
}

static void apply(struct options *o, const char *name, const char *value)
{
    const struct option_row *row = row_of(name);
    char *why = NULL;
    if (row && !row->set(o, value))
        usage_error("--%s has a wrong value", name);
    if (!row && !settings_set_text(&o->set, name, value, &why))
        usage_error("%s", why);
}

static void read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool takes_value = false;
        if (strncmp(argv[i], "--", 2))
            usage_error("\"%s\" is no option", argv[i]);
        char *name = must_dup(argv[i] + 2), *value = strchr(name, '=');
        if (value)
            *value++ = 0;
        const struct option_row *row = row_of(name);
        if (row)
            takes_value = row->argument != NULL;
        else if (!settings_known(name, &takes_value))
            usage_error("there is no option --%s", name);
        if (!takes_value && value)
            usage_error("--%s takes no value", name);
        if (takes_value && !value && i + 1 == argc)
            usage_error("--%s wants a value", name);
        bool borrowed = takes_value && !value;
        apply(o, name, borrowed ? argv[++i] : value ? argv[i] + 2 + (value - name) : "1");
        free(name);
    }
}

static void default_keys(struct options *o)
{
    const char *key = getenv("EASELFS_SANDBOX_KEY");
    if (key && *key)
        add_key(o, key);
    if (!o->key_count)
        add_key(o, "sk-sandbox");
}

static void allow_many_files(void)
{
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void announce(const struct world *w, int ready_fd)
{
    char *line = must_print("listening on %s results %s\n", w->api_base, w->result_base);
    fputs(line, stdout);
    fflush(stdout);
    if (ready_fd >= 0) {
        if (write(ready_fd, line, strlen(line)) < 0)
            fprintf(stderr, "easelfs-sandbox: ready-fd: %s\n", strerror(errno));
        if (ready_fd > 2)
            close(ready_fd);
    }
    free(line);
}

/* Until a signal comes, or the end of standard input if that was asked for. */
static void wait_for_end(int signals, bool exit_on_eof)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = exit_on_eof ? 0 : -1, .events = POLLIN}};
    char waste[512];
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            return;
        if (fds[1].revents && read(0, waste, sizeof waste) <= 0 && errno != EINTR)
            return;
        errno = 0;
    }
}

static void shut(struct world *w, struct listener *api, struct listener *results)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    request_wake_all(w);
    pthread_mutex_unlock(&w->lock);
    http_stop(api);
    http_stop(results);
    clock_stop(w);
    painter_stop(w);
    tasks_reset(w);
    uploads_reset(&w->uploads);
    faults_clear(&w->faults);
    trace_reset(&w->trace);
    bill_reset(&w->bill);
}

static bool run(struct world *w, const struct options *o, int signals)
{
    struct listener api = {.w = w, .name = "api", .route = api_route, .event = api_event};
    struct listener results = {.w = w, .name = "results", .route = results_route, .event = results_event};

    clock_init(&w->clock);
    clock_start(w);
    pthread_mutex_lock(&w->lock);
    bool good = painter_start(w, (int)o->painters, o->font) && http_start(&results, o->result_port, o->idle) &&
                http_start(&api, o->port, o->idle);
    if (good) {
        snprintf(w->api_base, sizeof w->api_base, "http://127.0.0.1:%u", api.port);
        snprintf(w->result_base, sizeof w->result_base, "http://127.0.0.1:%u", results.port);
    }
    pthread_mutex_unlock(&w->lock);
    if (good) {
        announce(w, o->ready_fd);
        wait_for_end(signals, o->exit_on_eof);
    }
    shut(w, &api, &results);
    return good;
}

int main(int argc, char **argv)
{
    struct options o = {.ready_fd = -1, .idle = 75, .painters = 1};
    struct world w = {.lock = PTHREAD_MUTEX_INITIALIZER};
    sigset_t ends;

    settings_init(&o.set);
    read_options(&o, argc, argv);
    default_keys(&o);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    allow_many_files();
    w.set = o.set;
    w.keys = o.keys;
    w.key_count = o.key_count;
    uploads_init(&w.uploads);
    if (getrandom(&w.tasks.secret, sizeof w.tasks.secret, 0) < 0)
        w.tasks.secret = (uint64_t)clock_wall();
    bool good = run(&w, &o, signalfd(-1, &ends, SFD_CLOEXEC));
    for (size_t i = 0; i < o.key_count; i++)
        free(o.keys[i]);
    free(o.keys);
    return good ? 0 : 1;
}
