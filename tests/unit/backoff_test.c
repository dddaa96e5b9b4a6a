/* When to dial again: the waits double to a cap, are drawn evenly below it, and
 * start anew only after a session that lasted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/link/backoff.h"

#define DRAWS 20000

/* The longest of many waits after so many failures, and their mean. */
static int64_t longest(unsigned failures, int64_t *ret_mean)
{
	struct backoff b = { .rng = { 42 }, .first_ms = 1000, .cap_ms = 300000 };
	int64_t most = 0, sum = 0;

	for (int i = 0; i < DRAWS; i++) {
		int64_t ms;

		b.failures = failures;
		ms = backoff_next(&b);
		assert_true(ms >= 0);
		assert_int_equal(b.failures, failures + 1);
		most = ms > most ? ms : most;
		sum += ms;
	}
	*ret_mean = sum / DRAWS;
	return most;
}

static void is_drawn_evenly_below(unsigned failures, int64_t limit)
{
	int64_t mean, most = longest(failures, &mean);

	assert_in_range(most, limit - limit / 100, limit);
	assert_in_range(mean, limit / 2 - limit / 50, limit / 2 + limit / 50);
}

static void the_waits_double_up_to_the_cap(void **state)
{
	(void)state;
	is_drawn_evenly_below(0, 1000);
	is_drawn_evenly_below(1, 2000);
	is_drawn_evenly_below(5, 32000);
	is_drawn_evenly_below(8, 256000);
	is_drawn_evenly_below(9, 300000);
	is_drawn_evenly_below(10, 300000);
	is_drawn_evenly_below(4000000000u, 300000);
}

static void a_first_wait_above_the_cap_is_capped(void **state)
{
	struct backoff b = { .rng = { 7 }, .first_ms = 5000, .cap_ms = 1000 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_in_range(backoff_next(&b), 0, 1000);
}

static void only_a_session_that_lasted_starts_it_anew(void **state)
{
	struct backoff b = { .rng = { 7 }, .first_ms = 1000, .cap_ms = 300000, .failures = 6 };

	(void)state;
	backoff_lasted(&b, 0);
	backoff_lasted(&b, BACKOFF_LASTED_MS - 1);
	assert_int_equal(b.failures, 6);
	backoff_lasted(&b, BACKOFF_LASTED_MS);
	assert_int_equal(b.failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_waits_double_up_to_the_cap),
		cmocka_unit_test(a_first_wait_above_the_cap_is_capped),
		cmocka_unit_test(only_a_session_that_lasted_starts_it_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
