/* Places in a stream whose epoch has changed: what is judged, resumed and receipted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "exchange/stream.h"

/* 5/4 to 5/6 were dissolved when the other side held 5/3, and 5/2 was receipted last; 9/1 waits. */
static const struct xchg_own dissolved = {
	.given = { 9, 0 }, .receipted = { 5, 2 }, .resume = { 5, 2 }, .held = { 3, 8 }
};

static enum xchg_verdict judge(const struct xchg_own *own, struct xchg_pos held, struct xchg_pos receipted)
{
	const struct xchg_theirs hello = { .epoch = 3, .held = held, .receipted = receipted, .window = 4 };

	return xchg_judge(own, &hello);
}

static void what_a_peer_may_hold_while_parcels_are_dissolved(void **state)
{
	struct xchg_own sent = dissolved;

	(void)state;
	assert_int_equal(judge(&dissolved, (struct xchg_pos){ 5, 3 }, (struct xchg_pos){ 3, 8 }), XCHG_NORMAL);
	assert_int_equal(judge(&dissolved, (struct xchg_pos){ 5, 2 }, (struct xchg_pos){ 3, 8 }), XCHG_NORMAL);
	assert_int_equal(judge(&dissolved, (struct xchg_pos){ 5, 1 }, (struct xchg_pos){ 3, 8 }), XCHG_PEER_RESTORED);
	assert_int_equal(judge(&dissolved, (struct xchg_pos){ 9, 1 }, (struct xchg_pos){ 3, 8 }), XCHG_WE_RESTORED);
	assert_int_equal(judge(&dissolved, (struct xchg_pos){ 5, 3 }, (struct xchg_pos){ 3, 9 }), XCHG_WE_RESTORED);
	sent.given.sequence = 1;
	assert_int_equal(judge(&sent, (struct xchg_pos){ 9, 1 }, (struct xchg_pos){ 3, 8 }), XCHG_NORMAL);
}

static void a_sender_resumes_after_the_smaller_place_and_keeps_epochs_apart(void **state)
{
	const struct xchg_theirs hello = { .epoch = 3, .held = { 5, 3 }, .receipted = { 3, 8 }, .window = 4 };
	struct xchg_sender s;

	(void)state;
	xchg_sender_open(&s, &dissolved, &hello, 2);
	assert_int_equal(xchg_cmp(s.sent, (struct xchg_pos){ 5, 2 }), 0);
	assert_int_equal(xchg_cmp(s.held, (struct xchg_pos){ 5, 3 }), 0);
	xchg_sent(&s, (struct xchg_pos){ 5, 3 });
	assert_true(xchg_may_send(&s, 5));
	assert_false(xchg_may_send(&s, 9));
	assert_int_equal(xchg_receipted(&s, (struct xchg_pos){ 5, 3 }), CY_OK);
	assert_true(xchg_may_send(&s, 9));
}

/* Receipts for 5/62, 5/63, 5/61; what is dissolved is no gap. */
static void what_is_receipted_ends_before_the_first_place_in_flight(void **state)
{
	const struct xchg_own own = { .given = { 5, 63 }, .receipted = { 5, 60 }, .resume = { 5, 60 } };
	const struct xchg_theirs theirs = { .epoch = 3, .held = { 5, 63 }, .window = 4 };
	struct xchg_sender s;

	(void)state;
	xchg_sender_open(&s, &own, &theirs, 4);
	for (uint64_t i = 61; i <= 63; i++)
		xchg_sent(&s, (struct xchg_pos){ 5, i });
	assert_int_equal(xchg_receipted(&s, (struct xchg_pos){ 5, 62 }), CY_OK);
	assert_int_equal(xchg_cmp(xchg_receipted_to(&s), (struct xchg_pos){ 5, 60 }), 0);
	assert_int_equal(xchg_receipted(&s, (struct xchg_pos){ 5, 63 }), CY_OK);
	assert_int_equal(xchg_receipted(&s, (struct xchg_pos){ 5, 61 }), CY_OK);
	assert_int_equal(xchg_cmp(xchg_receipted_to(&s), (struct xchg_pos){ 5, 63 }), 0);
	xchg_sent(&s, (struct xchg_pos){ 9, 1 });
	assert_int_equal(xchg_receipted_to(&s).sequence, 0);
	assert_int_equal(xchg_receipted(&s, (struct xchg_pos){ 9, 1 }), CY_OK);
	assert_int_equal(xchg_cmp(xchg_receipted_to(&s), (struct xchg_pos){ 9, 1 }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_may_hold_while_parcels_are_dissolved),
		cmocka_unit_test(a_sender_resumes_after_the_smaller_place_and_keeps_epochs_apart),
		cmocka_unit_test(what_is_receipted_ends_before_the_first_place_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
