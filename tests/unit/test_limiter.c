/* How often an account may be asked.  All times are given, no clock runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "limiter.h"

/* Takes as many as go at that moment. */
static int take_all(struct limiter *l, int64_t now)
{
	int n = 0;

	while (n < 10000 && limiter_take(l, now) == 0)
		n++;
	return n;
}

static void without_limit_everything_goes(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 0, 0);
	assert_int_equal(take_all(&l, 0), 10000);
}

static void a_burst_of_ten_seconds_goes_at_once(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 1000);
	assert_int_equal(take_all(&l, 1000), 50);
}

static void it_says_how_long_and_then_one_goes(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	take_all(&l, 0);
	int64_t wait = limiter_take(&l, 0);
	assert_in_range(wait, 10000, 10500);
	assert_int_equal(limiter_take(&l, wait - 1), 1);
	assert_int_equal(limiter_take(&l, wait), 0);
}

static void no_ten_seconds_have_more_than_a_burst(void **state)
{
	struct limiter l;
	int64_t sent[1000];
	size_t n = 0;

	(void)state;
	limiter_init(&l, 300, 0);
	for (int64_t now = 0; now < 100000; now += 7)
		while (n < 1000 && limiter_take(&l, now) == 0)
			sent[n++] = now;
	for (size_t i = 50; i < n; i++)
		assert_true(sent[i] - sent[i - 50] > 10000);
	assert_in_range(n, 460, 500);
}

static void what_goes_now_and_then_is_not_held_up(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	for (int64_t now = 0; now < 100000; now += 211)
		assert_int_equal(limiter_take(&l, now), 0);
}

static void being_told_to_wait_costs_nothing(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 60, 0);
	take_all(&l, 0);
	for (int i = 0; i < 100; i++)
		limiter_take(&l, i);
	assert_int_equal(take_all(&l, 10500), 10);
}

static void a_minute_holds_what_it_may(void **state)
{
	struct limiter l;
	int sent = 0;

	(void)state;
	limiter_init(&l, 300, 0);
	for (int64_t now = 0; now < 60000; now += 10)
		sent += take_all(&l, now);
	assert_int_equal(sent, 300);
}

static void a_long_rest_saves_up_one_burst(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	take_all(&l, 0);
	assert_int_equal(take_all(&l, 86400000), 50);
}

static void less_than_six_a_minute_are_still_some(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 1, 0);
	assert_int_equal(limiter_take(&l, 0), 0);
	assert_in_range(limiter_take(&l, 0), 60000, 63000);
	assert_int_equal(limiter_take(&l, 63000), 0);
}

static void nothing_goes_while_it_is_blocked(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 0, 0);
	limiter_block(&l, 5000);
	assert_int_equal(limiter_take(&l, 1000), 4000);
	assert_int_equal(limiter_take(&l, 4999), 1);
	assert_int_equal(limiter_take(&l, 5000), 0);
}

static void a_shorter_block_does_not_end_a_longer_one(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 0, 0);
	limiter_block(&l, 5000);
	limiter_block(&l, 2000);
	assert_int_equal(limiter_take(&l, 2000), 3000);
}

static void what_the_provider_says_is_left_is_all_that_goes(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	limiter_left(&l, 3, 10000);
	assert_int_equal(take_all(&l, 0), 3);
}

static void that_holds_without_a_limit_of_our_own_too(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 0, 0);
	limiter_left(&l, 3, 10000);
	assert_int_equal(limiter_take(&l, 0), 0);
	assert_int_equal(limiter_take(&l, 0), 0);
	assert_int_equal(limiter_take(&l, 0), 0);
	assert_int_equal(limiter_take(&l, 0), 10000);
	assert_int_equal(limiter_take(&l, 10000), 0);
}

static void an_older_reply_gives_nothing_back(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 0, 0);
	limiter_left(&l, 2, 10000);
	assert_int_equal(limiter_take(&l, 0), 0);
	limiter_left(&l, 3, 10000);
	assert_int_equal(limiter_take(&l, 0), 0);
	assert_int_equal(limiter_take(&l, 0), 10000);
	limiter_left(&l, 3, 20000);
	assert_int_equal(limiter_take(&l, 0), 0);
}

static void none_left_blocks_until_the_reset(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	limiter_left(&l, 0, 10000);
	assert_int_equal(limiter_take(&l, 1000), 9000);
	assert_int_equal(limiter_take(&l, 10000), 0);
}

static void more_left_than_we_count_changes_nothing(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	limiter_left(&l, 299, 60000);
	assert_int_equal(take_all(&l, 0), 50);
}

static void another_rate_forgets_nothing(void **state)
{
	struct limiter l;

	(void)state;
	limiter_init(&l, 300, 0);
	assert_int_equal(take_all(&l, 0), 50);
	limiter_set(&l, 600, 1000);
	assert_int_equal(take_all(&l, 1000), 50);
	limiter_set(&l, 60, 2000);
	assert_int_equal(take_all(&l, 2000), 0);
	assert_true(limiter_take(&l, 11000) > 0);
	assert_int_equal(take_all(&l, 13000), 10);
	limiter_block(&l, 20000);
	limiter_set(&l, 0, 14000);
	assert_int_equal(limiter_take(&l, 14000), 6000);
	assert_int_equal(limiter_take(&l, 20000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limit_everything_goes),
		cmocka_unit_test(a_burst_of_ten_seconds_goes_at_once),
		cmocka_unit_test(it_says_how_long_and_then_one_goes),
		cmocka_unit_test(no_ten_seconds_have_more_than_a_burst),
		cmocka_unit_test(what_goes_now_and_then_is_not_held_up),
		cmocka_unit_test(being_told_to_wait_costs_nothing),
		cmocka_unit_test(a_minute_holds_what_it_may),
		cmocka_unit_test(a_long_rest_saves_up_one_burst),
		cmocka_unit_test(less_than_six_a_minute_are_still_some),
		cmocka_unit_test(nothing_goes_while_it_is_blocked),
		cmocka_unit_test(a_shorter_block_does_not_end_a_longer_one),
		cmocka_unit_test(what_the_provider_says_is_left_is_all_that_goes),
		cmocka_unit_test(that_holds_without_a_limit_of_our_own_too),
		cmocka_unit_test(an_older_reply_gives_nothing_back),
		cmocka_unit_test(none_left_blocks_until_the_reset),
		cmocka_unit_test(another_rate_forgets_nothing),
		cmocka_unit_test(more_left_than_we_count_changes_nothing),
	};

	return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
