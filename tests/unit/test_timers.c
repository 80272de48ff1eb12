/* A heap of timers, against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "timers.h"

static void what_is_due_comes_in_order(void **state)
{
	struct timers t = { 0 };
	struct timer a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	timers_set(&t, &b, 20);
	timers_set(&t, &c, 30);
	timers_set(&t, &a, 10);
	assert_int_equal(timers_next(&t), 10);
	assert_null(timers_pop(&t, 9));
	assert_ptr_equal(timers_pop(&t, 25), &a);
	assert_ptr_equal(timers_pop(&t, 25), &b);
	assert_null(timers_pop(&t, 25));
	assert_int_equal(timers_next(&t), 30);
	timers_release(&t);
}

static void nothing_is_due_in_an_empty_heap(void **state)
{
	struct timers t = { 0 };

	(void)state;
	assert_null(timers_pop(&t, INT64_MAX));
	assert_int_equal(timers_next(&t), INT64_MAX);
	timers_release(&t);
}

static void setting_again_moves(void **state)
{
	struct timers t = { 0 };
	struct timer a = { 0 }, b = { 0 };

	(void)state;
	timers_set(&t, &a, 10);
	timers_set(&t, &b, 20);
	timers_set(&t, &a, 30);
	assert_int_equal(t.count, 2);
	assert_ptr_equal(timers_pop(&t, 100), &b);
	assert_ptr_equal(timers_pop(&t, 100), &a);
	timers_release(&t);
}

static void unsetting_what_is_not_set_does_nothing(void **state)
{
	struct timers t = { 0 };
	struct timer a = { 0 };

	(void)state;
	timers_unset(&t, &a);
	timers_set(&t, &a, 1);
	timers_unset(&t, &a);
	timers_unset(&t, &a);
	assert_null(timers_pop(&t, 100));
	timers_set(&t, &a, 2);
	assert_ptr_equal(timers_pop(&t, 100), &a);
	timers_unset(&t, &a);
	assert_int_equal(t.count, 0);
	timers_release(&t);
}

/* The same operations on a plain array: what is due first, or INT64_MAX. */
enum { MANY = 200 };

static int64_t first_of(const int64_t *due)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < MANY; i++)
		if (due[i] < first)
			first = due[i];
	return first;
}

static void random_operations_agree_with_a_list(void **state)
{
	struct timers t = { 0 };
	static struct timer timer[MANY];
	int64_t due[MANY], now = 0;
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < MANY; i++)
		due[i] = INT64_MAX;
	for (int step = 0; step < 100000; step++) {
		int i = rand_r(&seed) % MANY, what = rand_r(&seed) % 8;
		if (what < 5) {
			due[i] = now + rand_r(&seed) % 1000;
			timers_set(&t, &timer[i], due[i]);
		} else if (what < 6) {
			due[i] = INT64_MAX;
			timers_unset(&t, &timer[i]);
		} else {
			now += rand_r(&seed) % 20;
			struct timer *popped = timers_pop(&t, now);
			if (popped) {
				assert_int_equal(due[popped - timer], first_of(due));
				due[popped - timer] = INT64_MAX;
			} else {
				assert_true(first_of(due) > now);
			}
		}
		assert_int_equal(timers_next(&t), first_of(due));
	}
	timers_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_due_comes_in_order),
		cmocka_unit_test(nothing_is_due_in_an_empty_heap),
		cmocka_unit_test(setting_again_moves),
		cmocka_unit_test(unsetting_what_is_not_set_does_nothing),
		cmocka_unit_test(random_operations_agree_with_a_list),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
