#include "state.h"

static const char *const event_names[EVENT_COUNT] = {
	[EVENT_UPLOAD] = "upload", [EVENT_SUBMIT] = "submit", [EVENT_LATER] = "later",
	[EVENT_AMBIGUOUS] = "ambiguous", [EVENT_NOT_FOUND] = "not-found",
	[EVENT_ACCEPTED] = "accepted", [EVENT_DONE] = "done", [EVENT_PUBLISHED] = "published",
	[EVENT_REFUSED] = "refused", [EVENT_STOPPED] = "stopped", [EVENT_EXPIRED] = "expired",
	[EVENT_TIME] = "time", [EVENT_HOLD] = "hold", [EVENT_RELEASE] = "release",
	[EVENT_RETRY] = "retry", [EVENT_CANCEL] = "cancel", [EVENT_RESUME] = "resume",
	[EVENT_REUSED] = "reused",
};

const char *event_name(enum event e) { return event_names[e]; }

/* Where a task goes on after a wait is a state of its own row, not of the table. */
#define TO(state) ((state) + 1)
#define TO_RESUME (STATE_COUNT + 1)

static const unsigned char table[STATE_COUNT][EVENT_COUNT] = {
	[STATE_HELD] = {
		[EVENT_RELEASE] = TO_RESUME,
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_QUEUED] = {
		[EVENT_UPLOAD] = TO(STATE_UPLOADING),
		[EVENT_SUBMIT] = TO(STATE_SUBMITTING),
		[EVENT_REUSED] = TO(STATE_DOWNLOADING),
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_REFUSED] = TO(STATE_FAILED),
		[EVENT_STOPPED] = TO(STATE_STOPPED),
		[EVENT_LATER] = TO(STATE_DEFERRED),
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_UPLOADING] = {
		[EVENT_SUBMIT] = TO(STATE_SUBMITTING),
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_LATER] = TO(STATE_DEFERRED),
		[EVENT_REFUSED] = TO(STATE_FAILED),
		[EVENT_STOPPED] = TO(STATE_STOPPED),
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_SUBMITTING] = {
		[EVENT_LATER] = TO(STATE_DEFERRED),
		[EVENT_AMBIGUOUS] = TO(STATE_SUBMITTING),
		[EVENT_NOT_FOUND] = TO(STATE_UNKNOWN),
		[EVENT_ACCEPTED] = TO(STATE_RUNNING),
		[EVENT_DONE] = TO(STATE_DOWNLOADING),
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_REFUSED] = TO(STATE_FAILED),
		[EVENT_STOPPED] = TO(STATE_STOPPED),
	},
	[STATE_RUNNING] = {
		[EVENT_DONE] = TO(STATE_DOWNLOADING),
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_REFUSED] = TO(STATE_FAILED),
		[EVENT_STOPPED] = TO(STATE_STOPPED),
		[EVENT_EXPIRED] = TO(STATE_EXPIRED),
	},
	[STATE_DOWNLOADING] = {
		[EVENT_PUBLISHED] = TO(STATE_COMPLETED),
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_LATER] = TO(STATE_DEFERRED),
		[EVENT_REFUSED] = TO(STATE_FAILED),
		[EVENT_STOPPED] = TO(STATE_STOPPED),
		[EVENT_EXPIRED] = TO(STATE_EXPIRED),
	},
	[STATE_DEFERRED] = {
		[EVENT_TIME] = TO_RESUME,
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_RETRY] = TO_RESUME,
		[EVENT_RESUME] = TO_RESUME,
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_STOPPED] = {
		[EVENT_HOLD] = TO(STATE_HELD),
		[EVENT_RETRY] = TO_RESUME,
		[EVENT_RESUME] = TO_RESUME,
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_UNKNOWN] = {
		[EVENT_RETRY] = TO(STATE_QUEUED),
		[EVENT_CANCEL] = TO(STATE_CANCELED),
	},
	[STATE_FAILED] = {
		[EVENT_RETRY] = TO(STATE_QUEUED),
	},
	[STATE_EXPIRED] = {
		[EVENT_RETRY] = TO(STATE_RUNNING),
	},
};

int state_next(enum job_state s, enum event event, enum job_state resume)
{
	unsigned next = table[s][event];

	if (next == TO_RESUME)        /* held ones of an older journal have nowhere to: they were never sent */
		return s == STATE_HELD && resume == STATE_DRAFT ? STATE_QUEUED : (int)resume;
	return (int)next - 1;
}

static const struct { bool final, waited_for, paid; unsigned char rank; } traits[STATE_COUNT] = {
	/* rank: of the tasks of one job, the state with the highest rank is shown */
	[STATE_DRAFT] =       { true,  false, false, 1 },
	[STATE_COMPLETED] =   { true,  false, true,  0 },
	[STATE_CANCELED] =    { true,  false, false, 2 },
	[STATE_EXPIRED] =     { true,  false, true,  3 },
	[STATE_FAILED] =      { true,  false, false, 4 },
	[STATE_HELD] =        { true,  false, false, 5 },
	[STATE_UNKNOWN] =     { true,  false, true,  6 },
	[STATE_STOPPED] =     { true,  false, false, 7 },
	[STATE_DEFERRED] =    { false, true,  false, 8 },
	[STATE_QUEUED] =      { false, true,  false, 9 },
	[STATE_UPLOADING] =   { false, true,  false, 10 },
	[STATE_SUBMITTING] =  { false, true,  true,  11 },
	[STATE_RUNNING] =     { false, true,  true,  12 },
	[STATE_DOWNLOADING] = { false, true,  true,  13 },
};

bool state_is_final(enum job_state s) { return traits[s].final; }
bool state_is_over(enum job_state s)
{
	return s == STATE_COMPLETED || s == STATE_FAILED || s == STATE_CANCELED || s == STATE_EXPIRED;
}

bool state_is_waited_for(enum job_state s) { return traits[s].waited_for; }
bool state_is_paid(enum job_state s) { return traits[s].paid; }

bool state_may_bring(enum job_state s, enum job_state resume)
{
	bool waits = s == STATE_DEFERRED || s == STATE_STOPPED || s == STATE_HELD;

	return waits ? state_is_paid(resume) : state_is_paid(s) && !state_is_over(s);
}

enum job_state state_summary(const enum job_state *states, size_t count)
{
	enum job_state shown = STATE_COMPLETED;

	for (size_t i = 0; i < count; i++)
		if (traits[states[i]].rank > traits[shown].rank)
			shown = states[i];
	return shown;
}
