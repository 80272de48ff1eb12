/* world: everything the sandbox knows, behind one lock.
 *
 * The two HTTP threads, the clock and the painters all work on this struct.  Each function of the
 * sandbox that takes a `struct world *` or a `struct request *` expects world.lock to be held, unless
 * its header says otherwise.  While it is held, libmicrohttpd may be told to suspend and resume
 * connections, and nothing else. */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include "bill.h"
#include "clock.h"
#include "faults.h"
#include "ratelimit.h"
#include "map.h"
#include "settings.h"
#include "tasks.h"
#include "trace.h"
#include "upload.h"

#include <pthread.h>

struct painter;
struct request;

struct world {
    pthread_mutex_t lock;
    struct settings set;
    struct clock clock;
    struct bill bill;
    struct limits submits, queries;
    struct tasks tasks;
    struct uploads uploads;
    struct faults faults;
    struct trace trace;
    struct painter *painter;
    struct request *parked;     /* requests whose reply waits for something */
    int hanging, waiting;       /* parked by a hang fault; in /control/wait */
    char **keys;
    size_t key_count;
    char api_base[48], result_base[48];
    bool closing;
};

#endif
