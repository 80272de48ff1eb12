/* How much each of those who did not mount may have of what belongs to all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guests.h"

enum { ANN = 1001, BOB = 1002, EVE = 1003 };

static int set_up(void **state)
{
	struct guests *g = guests_new();

	guests_limit(g, GUEST_HANDLES, 3, 5);
	guests_limit(g, GUEST_WAITS, 1, 1);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	guests_free(*state);
	return 0;
}

/* How many of ten are let in. */
static int opens(struct guests *g, uid_t uid)
{
	int n = 0;

	for (int i = 0; i < 10; i++)
		n += guests_admit(g, uid, GUEST_HANDLES, 1);
	return n;
}

static void one_guest_has_no_more_than_each_may(void **state)
{
	assert_int_equal(opens(*state, ANN), 3);
	guests_dismiss(*state, ANN, GUEST_HANDLES, 1);
	assert_int_equal(opens(*state, ANN), 1);
}

static void all_of_them_have_no_more_than_all_may(void **state)
{
	assert_int_equal(opens(*state, ANN), 3);
	assert_int_equal(opens(*state, BOB), 2);
	guests_dismiss(*state, ANN, GUEST_HANDLES, 3);
	assert_int_equal(opens(*state, EVE), 3);
}

static void nobody_is_not_counted(void **state)
{
	assert_int_equal(opens(*state, 0), 10);
	guests_dismiss(*state, 0, GUEST_HANDLES, 10);
	assert_int_equal(opens(*state, ANN), 3);
}

static void a_kind_does_not_count_for_another(void **state)
{
	assert_true(guests_admit(*state, ANN, GUEST_WAITS, 1));
	assert_false(guests_admit(*state, ANN, GUEST_WAITS, 1));
	assert_int_equal(opens(*state, ANN), 3);
	assert_true(guests_admit(*state, ANN, GUEST_PROMPTS, 1000));
	guests_dismiss(*state, ANN, GUEST_HANDLES, 3);
	assert_false(guests_admit(*state, ANN, GUEST_WAITS, 1));
}

static void what_is_larger_than_the_limit_is_let_in_alone(void **state)
{
	assert_true(guests_admit(*state, ANN, GUEST_HANDLES, 4));
	assert_false(guests_admit(*state, ANN, GUEST_HANDLES, 1));
	assert_true(guests_admit(*state, BOB, GUEST_HANDLES, 1));
	assert_false(guests_admit(*state, BOB, GUEST_HANDLES, 1));
	guests_dismiss(*state, ANN, GUEST_HANDLES, 4);
	assert_false(guests_admit(*state, ANN, GUEST_HANDLES, 9));
	assert_true(guests_admit(*state, ANN, GUEST_HANDLES, 3));
}

static void a_lower_limit_takes_nothing_away(void **state)
{
	assert_int_equal(opens(*state, ANN), 3);
	guests_limit(*state, GUEST_HANDLES, 2, 5);
	assert_int_equal(opens(*state, ANN), 0);
	guests_dismiss(*state, ANN, GUEST_HANDLES, 2);
	assert_int_equal(opens(*state, ANN), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_guest_has_no_more_than_each_may),
		TEST(all_of_them_have_no_more_than_all_may),
		TEST(nobody_is_not_counted),
		TEST(a_kind_does_not_count_for_another),
		TEST(what_is_larger_than_the_limit_is_let_in_alone),
		TEST(a_lower_limit_takes_nothing_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
