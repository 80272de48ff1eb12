/* The machine of one picture, against what the design says of its states and of money. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "state.h"

#define ALL_STATES(s) (enum job_state s = 0; s < STATE_COUNT; s++)
#define ALL_EVENTS(e) (enum event e = 0; e < EVENT_COUNT; e++)

static const enum event by_a_person[] = { EVENT_RELEASE, EVENT_RETRY, EVENT_CANCEL };

static bool is_by_a_person(enum event e)
{
	for (size_t i = 0; i < ARRAY_LEN(by_a_person); i++)
		if (by_a_person[i] == e)
			return true;
	return false;
}

/* Whether the provider may have been sent the task, or was. */
static bool may_be_charged(enum job_state s)
{
	return s == STATE_SUBMITTING || s == STATE_RUNNING || s == STATE_DOWNLOADING ||
	       s == STATE_COMPLETED || s == STATE_UNKNOWN || s == STATE_EXPIRED;
}

/* --- what leads where --- */

/* Every arrow there is; what is not here must mean nothing. */
static const struct arrow { enum job_state from; enum event event; enum job_state to; } arrows[] = {
	{ STATE_HELD, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_QUEUED, EVENT_UPLOAD, STATE_UPLOADING },
	{ STATE_QUEUED, EVENT_SUBMIT, STATE_SUBMITTING },
	{ STATE_QUEUED, EVENT_REUSED, STATE_DOWNLOADING },
	{ STATE_QUEUED, EVENT_HOLD, STATE_HELD },
	{ STATE_QUEUED, EVENT_REFUSED, STATE_FAILED },
	{ STATE_QUEUED, EVENT_STOPPED, STATE_STOPPED },
	{ STATE_QUEUED, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_UPLOADING, EVENT_SUBMIT, STATE_SUBMITTING },
	{ STATE_UPLOADING, EVENT_HOLD, STATE_HELD },
	{ STATE_UPLOADING, EVENT_LATER, STATE_DEFERRED },
	{ STATE_UPLOADING, EVENT_REFUSED, STATE_FAILED },
	{ STATE_UPLOADING, EVENT_STOPPED, STATE_STOPPED },
	{ STATE_UPLOADING, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_SUBMITTING, EVENT_HOLD, STATE_HELD },
	{ STATE_RUNNING, EVENT_HOLD, STATE_HELD },
	{ STATE_DOWNLOADING, EVENT_HOLD, STATE_HELD },
	{ STATE_DEFERRED, EVENT_HOLD, STATE_HELD },
	{ STATE_STOPPED, EVENT_HOLD, STATE_HELD },
	{ STATE_SUBMITTING, EVENT_LATER, STATE_DEFERRED },
	{ STATE_SUBMITTING, EVENT_DONE, STATE_DOWNLOADING },
	{ STATE_QUEUED, EVENT_LATER, STATE_DEFERRED },
	{ STATE_SUBMITTING, EVENT_AMBIGUOUS, STATE_SUBMITTING },
	{ STATE_SUBMITTING, EVENT_NOT_FOUND, STATE_UNKNOWN },
	{ STATE_SUBMITTING, EVENT_ACCEPTED, STATE_RUNNING },
	{ STATE_SUBMITTING, EVENT_REFUSED, STATE_FAILED },
	{ STATE_SUBMITTING, EVENT_STOPPED, STATE_STOPPED },
	{ STATE_RUNNING, EVENT_DONE, STATE_DOWNLOADING },
	{ STATE_RUNNING, EVENT_REFUSED, STATE_FAILED },
	{ STATE_RUNNING, EVENT_STOPPED, STATE_STOPPED },
	{ STATE_DOWNLOADING, EVENT_STOPPED, STATE_STOPPED },
	{ STATE_RUNNING, EVENT_EXPIRED, STATE_EXPIRED },
	{ STATE_DOWNLOADING, EVENT_PUBLISHED, STATE_COMPLETED },
	{ STATE_DOWNLOADING, EVENT_LATER, STATE_DEFERRED },
	{ STATE_DOWNLOADING, EVENT_REFUSED, STATE_FAILED },
	{ STATE_DOWNLOADING, EVENT_EXPIRED, STATE_EXPIRED },
	{ STATE_DEFERRED, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_STOPPED, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_UNKNOWN, EVENT_RETRY, STATE_QUEUED },
	{ STATE_UNKNOWN, EVENT_CANCEL, STATE_CANCELED },
	{ STATE_FAILED, EVENT_RETRY, STATE_QUEUED },
	{ STATE_EXPIRED, EVENT_RETRY, STATE_RUNNING },
};

static const struct { enum job_state from; enum event event; } resuming[] = {
	{ STATE_DEFERRED, EVENT_TIME }, { STATE_DEFERRED, EVENT_RETRY }, { STATE_DEFERRED, EVENT_RESUME },
	{ STATE_STOPPED, EVENT_RETRY }, { STATE_STOPPED, EVENT_RESUME }, { STATE_HELD, EVENT_RELEASE },
};

static int expected(enum job_state from, enum event event, enum job_state resume)
{
	/* Rows of before it was recorded where held ones go on. */
	if (from == STATE_HELD && event == EVENT_RELEASE && resume == STATE_DRAFT)
		return STATE_QUEUED;
	for (size_t i = 0; i < ARRAY_LEN(resuming); i++)
		if (resuming[i].from == from && resuming[i].event == event)
			return (int)resume;
	for (size_t i = 0; i < ARRAY_LEN(arrows); i++)
		if (arrows[i].from == from && arrows[i].event == event)
			return (int)arrows[i].to;
	return -1;
}

static void every_pair_leads_where_the_design_says(void **state)
{
	(void)state;
	for ALL_STATES(s)
		for ALL_EVENTS(e)
			for ALL_STATES(resume)
				if (state_next(s, e, resume) != expected(s, e, resume))
					fail_msg("%s -%s-> %d, expected %d", state_name(s), event_name(e),
					         state_next(s, e, resume), expected(s, e, resume));
}

/* --- rules of money --- */

static void nothing_that_may_be_charged_is_queued_by_itself(void **state)
{
	(void)state;
	for ALL_STATES(s)
		for ALL_EVENTS(e) {
			int next = state_next(s, e, s);
			bool unsent = next == STATE_QUEUED || next == STATE_UPLOADING;
			if (may_be_charged(s) && unsent)
				assert_true(s == STATE_UNKNOWN && e == EVENT_RETRY);
		}
}

static void only_a_turn_or_finished_uploads_lead_to_a_submit(void **state)
{
	(void)state;
	for ALL_STATES(s)
		for ALL_EVENTS(e)
			if (state_next(s, e, STATE_QUEUED) == STATE_SUBMITTING && s != STATE_SUBMITTING)
				assert_true(e == EVENT_SUBMIT && (s == STATE_QUEUED || s == STATE_UPLOADING));
}

static void an_ambiguous_submit_stays_until_it_was_looked_up(void **state)
{
	(void)state;
	assert_int_equal(state_next(STATE_SUBMITTING, EVENT_AMBIGUOUS, STATE_QUEUED), STATE_SUBMITTING);
	assert_int_equal(state_next(STATE_SUBMITTING, EVENT_TIME, STATE_QUEUED), -1);
	assert_int_equal(state_next(STATE_SUBMITTING, EVENT_RETRY, STATE_QUEUED), -1);
	assert_int_equal(state_next(STATE_SUBMITTING, EVENT_CANCEL, STATE_QUEUED), -1);
}

static void what_is_paid_for_cannot_be_canceled(void **state)
{
	(void)state;
	assert_int_equal(state_next(STATE_RUNNING, EVENT_CANCEL, STATE_RUNNING), -1);
	assert_int_equal(state_next(STATE_DOWNLOADING, EVENT_CANCEL, STATE_DOWNLOADING), -1);
}

static void no_deadline_ends_a_running_task(void **state)
{
	(void)state;
	assert_int_equal(state_next(STATE_RUNNING, EVENT_TIME, STATE_RUNNING), -1);
	assert_int_equal(state_next(STATE_RUNNING, EVENT_LATER, STATE_RUNNING), -1);
	assert_int_equal(state_next(STATE_RUNNING, EVENT_NOT_FOUND, STATE_RUNNING), -1);
}

static void what_waits_goes_on_where_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(resuming); i++) {
		assert_int_equal(state_next(resuming[i].from, resuming[i].event, STATE_QUEUED), STATE_QUEUED);
		assert_int_equal(state_next(resuming[i].from, resuming[i].event, STATE_RUNNING), STATE_RUNNING);
		assert_int_equal(state_next(resuming[i].from, resuming[i].event, STATE_DOWNLOADING),
		                 STATE_DOWNLOADING);
	}
}

/* --- ends --- */

static void what_is_over_has_no_exit(void **state)
{
	static const enum job_state over[] = { STATE_COMPLETED, STATE_CANCELED, STATE_DRAFT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(over); i++)
		for ALL_EVENTS(e)
			assert_int_equal(state_next(over[i], e, STATE_QUEUED), -1);
}

static void final_states_are_left_by_persons_only(void **state)
{
	(void)state;
	for ALL_STATES(s)
		for ALL_EVENTS(e) {
			if (!state_is_final(s) || state_next(s, e, STATE_QUEUED) < 0)
				continue;
			/* A stopped one goes on when the key or the configuration changes; after crashes it is
			 * held instead. */
			assert_true(is_by_a_person(e) || (s == STATE_STOPPED && (e == EVENT_RESUME || e == EVENT_HOLD)));
		}
}

static void every_state_that_is_not_final_goes_on_by_itself(void **state)
{
	(void)state;
	for ALL_STATES(s) {
		bool goes_on = false;
		for ALL_EVENTS(e)
			goes_on |= !is_by_a_person(e) && state_next(s, e, STATE_QUEUED) >= 0;
		if (!state_is_final(s))
			assert_true(goes_on);
	}
}

static void wait_blocks_on_nothing_that_needs_a_person(void **state)
{
	(void)state;
	for ALL_STATES(s)
		assert_int_equal(state_is_waited_for(s), !state_is_final(s));
	assert_false(state_is_waited_for(STATE_HELD));
	assert_false(state_is_waited_for(STATE_STOPPED));
	assert_false(state_is_waited_for(STATE_UNKNOWN));
	assert_true(state_is_waited_for(STATE_DEFERRED));
}

static void paid_states_are_those_after_the_intent(void **state)
{
	(void)state;
	for ALL_STATES(s)
		assert_int_equal(state_is_paid(s), may_be_charged(s));
}

/* --- names --- */

static void every_event_and_state_has_a_name(void **state)
{
	(void)state;
	for ALL_EVENTS(e)
		assert_non_null(event_name(e));
	for ALL_STATES(s)
		assert_non_null(state_name(s));
}

/* --- what a job shows --- */

static enum job_state summary2(enum job_state a, enum job_state b)
{
	enum job_state forward = state_summary((enum job_state[]){ a, b }, 2);

	assert_int_equal(forward, state_summary((enum job_state[]){ b, a }, 2));
	return forward;
}

static void a_job_of_one_shows_its_state(void **state)
{
	(void)state;
	for ALL_STATES(s)
		assert_int_equal(state_summary(&s, 1), s);
}

static void a_job_is_final_only_when_all_of_it_is(void **state)
{
	(void)state;
	for ALL_STATES(a)
		for ALL_STATES(b)
			assert_int_equal(state_is_final(summary2(a, b)), state_is_final(a) && state_is_final(b));
}

static void a_stopped_one_is_shown_before_what_is_over(void **state)
{
	(void)state;
	for ALL_STATES(s)
		if (state_is_final(s))
			assert_int_equal(summary2(STATE_STOPPED, s), STATE_STOPPED);
}

static void a_job_is_completed_only_when_all_of_it_is(void **state)
{
	(void)state;
	for ALL_STATES(s)
		if (s != STATE_COMPLETED)
			assert_int_equal(summary2(STATE_COMPLETED, s), s);
}

static void the_order_does_not_matter(void **state)
{
	const enum job_state some[] = { STATE_FAILED, STATE_COMPLETED, STATE_RUNNING, STATE_QUEUED };

	(void)state;
	assert_int_equal(state_summary(some, 4), STATE_RUNNING);
	assert_int_equal(state_summary(some, 2), STATE_FAILED);
	assert_int_equal(state_summary(some + 2, 2), STATE_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_leads_where_the_design_says),
		cmocka_unit_test(nothing_that_may_be_charged_is_queued_by_itself),
		cmocka_unit_test(only_a_turn_or_finished_uploads_lead_to_a_submit),
		cmocka_unit_test(an_ambiguous_submit_stays_until_it_was_looked_up),
		cmocka_unit_test(what_is_paid_for_cannot_be_canceled),
		cmocka_unit_test(no_deadline_ends_a_running_task),
		cmocka_unit_test(what_waits_goes_on_where_it_was),
		cmocka_unit_test(what_is_over_has_no_exit),
		cmocka_unit_test(final_states_are_left_by_persons_only),
		cmocka_unit_test(every_state_that_is_not_final_goes_on_by_itself),
		cmocka_unit_test(wait_blocks_on_nothing_that_needs_a_person),
		cmocka_unit_test(paid_states_are_those_after_the_intent),
		cmocka_unit_test(every_event_and_state_has_a_name),
		cmocka_unit_test(a_job_of_one_shows_its_state),
		cmocka_unit_test(a_job_is_final_only_when_all_of_it_is),
		cmocka_unit_test(a_stopped_one_is_shown_before_what_is_over),
		cmocka_unit_test(a_job_is_completed_only_when_all_of_it_is),
		cmocka_unit_test(the_order_does_not_matter),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
