/* The round trip of parcels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "exchange/rtt.h"

static const struct xchg_pos first = { 5, 1 }, second = { 5, 2 };

static struct cy_mono at(int64_t ms)
{
	return (struct cy_mono){ ms };
}

static void one_parcel_at_a_time_is_timed(void **state)
{
	struct xchg_rtt r = { 0 };

	(void)state;
	xchg_rtt_left(&r, first, at(1000));
	xchg_rtt_left(&r, second, at(1010));
	xchg_rtt_back(&r, second, at(1020));
	assert_false(r.measured);
	xchg_rtt_back(&r, first, at(1084));
	assert_true(r.measured);
	assert_int_equal(r.last_ms, 84);
	assert_int_equal(xchg_rtt_smoothed(&r), 84);
	/* A receipt that comes again is none of it. */
	xchg_rtt_back(&r, first, at(9000));
	assert_int_equal(r.last_ms, 84);
}

/* RFC 6298, 2.3: SRTT <- 7/8 SRTT + 1/8 R'. */
static void a_new_value_counts_an_eighth(void **state)
{
	struct xchg_rtt r = { 0 };

	(void)state;
	xchg_rtt_left(&r, first, at(0));
	xchg_rtt_back(&r, first, at(80));
	xchg_rtt_left(&r, second, at(100));
	xchg_rtt_back(&r, second, at(260));
	assert_int_equal(r.last_ms, 160);
	assert_int_equal(xchg_rtt_smoothed(&r), 90);
}

static void an_ended_session_is_not_waited_for(void **state)
{
	struct xchg_rtt r = { 0 };

	(void)state;
	xchg_rtt_left(&r, first, at(0));
	xchg_rtt_forget(&r);
	xchg_rtt_back(&r, first, at(50));
	assert_false(r.measured);
	xchg_rtt_left(&r, first, at(5000));
	xchg_rtt_back(&r, first, at(5007));
	assert_int_equal(r.last_ms, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_parcel_at_a_time_is_timed),
		cmocka_unit_test(a_new_value_counts_an_eighth),
		cmocka_unit_test(an_ended_session_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
