/*
 * state: the machine of one picture (a task), as one table.
 *
 * state_next() is the only place where a task changes its state; what follows from entering a state
 * stands in engine.c, one function a state.
 */
#ifndef API_STATE_H
#define API_STATE_H

#include "journal.h"

enum event {
	EVENT_UPLOAD,        /* its turn has come, references must be uploaded first */
	EVENT_SUBMIT,        /* its turn has come, or the uploads are done: intent is written */
	EVENT_LATER,         /* provably not accepted, or a passing failure: again after a while */
	EVENT_AMBIGUOUS,     /* the submit may have been accepted: look it up */
	EVENT_NOT_FOUND,     /* looked up as often as we do, nothing found */
	EVENT_ACCEPTED,      /* the provider's task id is known */
	EVENT_DONE,          /* finished there; its address is known, or its file is here */
	EVENT_PUBLISHED,     /* the picture stands in out/ */
	EVENT_REFUSED,       /* for good for this request */
	EVENT_STOPPED,       /* the provider refuses everything */
	EVENT_EXPIRED,       /* finished there, but gone */
	EVENT_TIME,          /* the wait is over */
	EVENT_HOLD,          /* it waits for a person: beyond the budget, or after crashes */
	EVENT_RELEASE, EVENT_RETRY, EVENT_CANCEL,    /* a person's word */
	EVENT_REUSED,        /* another prompt's picture was copied */
	EVENT_RESUME,        /* the provider may be asked again: key or configuration changed */
	EVENT_COUNT
};
const char *event_name(enum event e);

/* The state after `event` in `s`, or -1 if that event means nothing there (a person's word: refuse
 * it; anything else: our mistake).  `resume` is where deferred, stopped and held tasks go on. */
int state_next(enum job_state s, enum event event, enum job_state resume);

/* Nothing happens any more by itself. */
bool state_is_final(enum job_state s);
/* Done with, well or badly: nobody waits for a person either. */
bool state_is_over(enum job_state s);
/* Whether wait/ blocks on it. */
bool state_is_waited_for(enum job_state s);
/* Money may be on the wire or was paid: a picture may still come. */
bool state_is_paid(enum job_state s);
/* The same of a task in `s`, which, should it wait, goes on in `resume`; none that is over. */
bool state_may_bring(enum job_state s, enum job_state resume);
/* The state a job shows for its tasks' states: the one that needs most attention. */
enum job_state state_summary(const enum job_state *states, size_t count);

#endif
