/* Golden traces: two real nodes with real stores, simulated time, link, signer
 * and clients. Each scenario prints what crosses, and the text is compared with
 * tests/traces/NAME.txt line by line. TRACE_WRITE=1 writes the files anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/profile_confuse.h"
#include "trace_rig.h"

static void a_request_and_its_receipt(void **state)
{
	struct world *w = world_new();

	(void)state;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	submit(&w->b, w->b.case_id, ACK);
	settle(w);
	both_equal(w, w->a.case_id);
	world_end(w, "request");
}

static void a_lost_receipt_is_given_again_for_the_parcel_sent_again(void **state)
{
	struct world *w = world_new();

	(void)state;
	connect_both(w);
	settle(w);
	w->lose = "receipt";
	submit(&w->a, NULL, request);
	settle(w);
	connect_both(w);
	settle(w);
	both_equal(w, w->a.case_id);
	world_end(w, "lost-receipt");
}

/* The certificate that signed the parcel is revoked while the parcel is on its way: it is dissolved
 * once the other side has said that it does not hold it, and what waits behind it comes behind it. */
static void a_refused_parcel_is_dissolved_and_its_messages_travel_anew(void **state)
{
	struct world *w = world_new();

	(void)state;
	connect_both(w);
	settle(w);
	w->lose = "parcel";
	submit(&w->a, NULL, request);
	settle(w);
	submit(&w->a, w->a.case_id, NOTE);
	settle(w);
	w->clock.now += 1000;
	w->b.signer.trusts_from = w->clock.now;
	connect_both(w);
	settle(w);
	w->clock.now += 1000;
	connect_both(w);
	settle(w);
	both_equal(w, w->a.case_id);
	world_end(w, "refused-parcel");
}

/* The same of a receipt: it is signed anew, with the verdicts that are stored. */
static void a_refused_receipt_is_signed_anew(void **state)
{
	struct world *w = world_new();

	(void)state;
	connect_both(w);
	settle(w);
	w->lose = "receipt";
	submit(&w->a, NULL, request);
	settle(w);
	w->clock.now += 1000;
	w->a.signer.trusts_from = w->clock.now;
	connect_both(w);
	settle(w);
	w->clock.now += 1000;
	connect_both(w);
	settle(w);
	both_equal(w, w->a.case_id);
	world_end(w, "refused-receipt");
}

static void a_restart_in_the_middle_loses_nothing(void **state)
{
	struct world *w = world_new();
	char case_id[40];

	(void)state;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	snprintf(case_id, sizeof case_id, "%s", w->a.case_id);
	w->lose = "parcel";
	submit(&w->b, case_id, ACK);
	settle(w);
	submit(&w->b, case_id, NOTICE);
	settle(w);
	say(w, "       -- both restart");
	stop(&w->a);
	stop(&w->b);
	start(&w->a);
	start(&w->b);
	settle(w);
	connect_both(w);
	settle(w);
	submit(&w->a, case_id, SUPPLEMENT);
	settle(w);
	both_equal(w, case_id);
	world_end(w, "restart");
}

static void a_crossing_withdrawal_and_refusal_end_the_same_on_both_sides(void **state)
{
	struct world *w = world_new();
	char case_id[40];

	(void)state;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	snprintf(case_id, sizeof case_id, "%s", w->a.case_id);
	submit(&w->b, case_id, ACK);
	settle(w);
	session_lost(w, "connection reset");
	submit(&w->a, case_id, WITHDRAW_3);
	submit(&w->b, case_id, REFUSE_3);
	settle(w);
	connect_both(w);
	settle(w);
	both_equal(w, case_id);
	submit(&w->b, case_id, RESULT_3);
	settle(w);
	assert_non_null(strstr(w->b.last_error, "measure 3"));
	world_end(w, "crossing");
}

/* The other side had held the parcel, and lost it with its disk before it was dissolved. The
 * receipt that it gave settles the message all the same, and the one for the new parcel says
 * nothing new. */
static void a_late_receipt_for_a_dissolved_parcel_counts(void **state)
{
	struct world *w = world_new();

	(void)state;
	copy_store(&w->b, false);
	settle(w);
	connect_both(w);
	settle(w);
	w->lose = "receipt";
	submit(&w->a, NULL, request);
	settle(w);
	say(w, "       -- IE is restored from a backup");
	copy_store(&w->b, true);
	settle(w);
	w->clock.now += 1000;
	w->b.signer.trusts_from = w->clock.now;
	connect_both(w);
	settle(w);
	w->clock.now += 1000;
	w->late = true;
	w->lose = "receipt";
	connect_both(w);
	settle(w);
	assert_false(w->late);
	w->clock.now += 1000;
	connect_both(w);
	settle(w);
	both_equal(w, w->a.case_id);
	world_end(w, "late-receipt");
}

/* The other side is restored from a backup of long ago, and has to get anew what we signed by a
 * certificate that is revoked since, as many parcels as are read at one time, and then one of a
 * later epoch that could be sent as it is: it comes behind them all the same. */
static void nothing_overtakes_what_is_dissolved(void **state)
{
	struct world *w = world_new();

	(void)state;
	copy_store(&w->b, false);
	settle(w);
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	for (unsigned i = 0; i < CY_WINDOW_MAX; i++) {
		submit(&w->a, w->a.case_id, NOTE);
		settle(w);
	}
	w->lose = "parcel";
	submit(&w->a, w->a.case_id, NOTE);
	settle(w);
	w->clock.now += 1000;
	w->a.signer.stands_from = w->b.signer.trusts_from = w->clock.now;
	connect_both(w);
	settle(w);
	session_lost(w, "connection reset");
	w->clock.now += 1000;
	say(w, "       -- IE is restored from a backup");
	copy_store(&w->b, true);
	settle(w);
	for (int i = 0; i < 3; i++) {
		w->clock.now += 1000;
		connect_both(w);
		settle(w);
	}
	both_equal(w, w->a.case_id);
	world_end(w, "dissolved-first");
}

/* IE gets a request; a backup of then is its store again after it has answered, and its officer answers anew. */
static void answer_and_lose_it(struct world *w, char case_id[static 40])
{
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	snprintf(case_id, 40, "%s", w->a.case_id);
	session_lost(w, "connection reset");
	say(w, "       -- IE makes a backup");
	copy_store(&w->b, false);
	settle(w);
	connect_both(w);
	settle(w);
	submit(&w->b, case_id, ACK);
	settle(w);
	submit(&w->b, case_id, NOTICE);
	settle(w);
	submit(&w->a, case_id, SUPPLEMENT);
	settle(w);
	session_lost(w, "connection reset");
	w->clock.now += 5000;
	say(w, "       -- IE is restored from the backup");
	copy_store(&w->b, true);
	settle(w);
	submit(&w->b, case_id, ACK); /* the officer does not know that it was done */
	settle(w);
}

static void a_restored_side_fetches_back_what_it_lost(void **state)
{
	struct world *w = world_new();
	char case_id[40];

	(void)state;
	answer_and_lose_it(w, case_id);
	for (int i = 0; i < 3; i++) {
		w->clock.now += 1000;
		connect_both(w);
		settle(w);
		if (w->b.session != 0)
			break;
	}
	assert_true(w->b.session != 0);
	both_equal(w, case_id);
	world_end(w, "restored");
}

/* Until it has sent again what we lost, the peer goes on to show receipts that we do not know. */
static void a_claim_that_was_dealt_with_is_no_news_after_a_restart(void **state)
{
	struct world *w = world_new();
	const char *at;
	char case_id[40];
	int restores = 0;

	(void)state;
	answer_and_lose_it(w, case_id);
	for (int i = 0; i < 6; i++) {
		w->clock.now += 1000;
		connect_both(w);
		settle(w);
		if (w->b.session != 0)
			break;
		stop(&w->b);
		start(&w->b);
		settle(w);
	}
	assert_true(w->b.session != 0);
	both_equal(w, case_id);
	at = (const char *)w->trace.data;
	while ((at = strstr(at, "a new epoch begins")) != NULL) {
		restores++;
		at++;
	}
	assert_int_equal(restores, 1);
	world_end(w, NULL);
}

/* Two messages of a case were lost with the disk, in one parcel; before the peer is
 * met again somebody writes in that case, and takes the number of the first. */
static void a_lost_parcel_comes_back_beside_what_was_written_since(void **state)
{
	struct world *w = world_new();
	char case_id[40];

	(void)state;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	snprintf(case_id, sizeof case_id, "%s", w->a.case_id);
	session_lost(w, "connection reset");
	say(w, "       -- IE makes a backup");
	copy_store(&w->b, false);
	settle(w);
	submit(&w->b, case_id, ACK);
	submit(&w->b, case_id, NOTICE);
	settle(w);
	connect_both(w);
	settle(w);
	session_lost(w, "connection reset");
	w->clock.now += 5000;
	say(w, "       -- IE is restored from the backup");
	copy_store(&w->b, true);
	settle(w);
	submit(&w->b, case_id, NOTE);
	settle(w);
	for (int i = 0; i < 6; i++) {
		w->clock.now += 3000;
		connect_both(w);
		settle(w);
		if (w->b.session != 0)
			break;
	}
	assert_true(w->b.session != 0);
	both_equal(w, case_id);
	world_end(w, "restored-parcel");
}

/* The refusal is admitted at home a moment before the acknowledgement that it
 * stands on reaches its age limit unsent: it arrives alone. */
static void a_message_that_the_life_cycle_forbids_is_void_on_both_sides(void **state)
{
	struct world *w = world_new();
	char case_id[40];

	(void)state;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, request);
	settle(w);
	snprintf(case_id, sizeof case_id, "%s", w->a.case_id);
	session_lost(w, "connection reset");
	submit(&w->b, case_id, ACK);
	settle(w);
	say(w, "       -- 31 days without a connection");
	w->clock.now += INT64_C(31) * 86400000;
	submit(&w->b, case_id, REFUSE_3);
	settle(w);
	connect_both(w);
	settle(w);
	both_equal(w, case_id);
	world_end(w, "rejected");
}

/* The request without the item that both sides would have to be warned of. To be freed. */
static char *without_warnings(const char *json)
{
	char *plain = strdup(json);

	assert_non_null(plain);
	memset(strstr(plain, "\"login_ip_log\","), ' ', sizeof "\"login_ip_log\"," - 1);
	return plain;
}

/* It was urgent, and nobody could be reached: nobody owes what was never asked for. */
static void a_request_that_never_left_has_no_time_limits_once_it_is_given_up(void **state)
{
	struct config_problems problems = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *profile;
	struct law_data legal_data = { .n_profiles = 1, .profiles = &profile };
	struct world *w;
	char *plain = without_warnings(request);

	(void)state;
	assert_int_equal(profile_load("config/treaties/us-ie-2001.conf", &arena, &profile, &problems), CY_OK);
	w = world_with(&legal_data);
	submit(&w->a, NULL, plain);
	settle(w);
	show(&w->a, w->a.case_id);
	say(w, "       -- 31 days without a connection");
	w->clock.now += INT64_C(31) * 86400000;
	node_wake(w->a.node);
	settle(w);
	show(&w->a, w->a.case_id);
	world_end(w, "given-up");
	free(plain);
	cy_arena_free(&arena);
}

/* The side that owes is restored from a backup of before the request. What it had stated comes back first,
 * from the other side, and the request after it. */
static void a_time_limit_that_was_stated_before_a_restore_stays_as_it_was(void **state)
{
	struct config_problems problems = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *profile, *eio;
	struct law_profile both;
	struct law_data legal_data = { .n_profiles = 1, .profiles = (const struct law_profile *[]){ &both } };
	char *plain = without_warnings(request);
	struct world *w;
	int64_t due;

	(void)state;
	assert_int_equal(profile_load("config/treaties/us-ie-2001.conf", &arena, &profile, &problems), CY_OK);
	assert_int_equal(profile_load("config/treaties/eio-2014-41.conf", &arena, &eio, &problems), CY_OK);
	both = *profile;
	both.clocks = eio->clocks;
	assert_string_equal(both.clocks[0].name, "acknowledge");
	both.n_clocks = 1;
	both.rules = eio->rules;
	both.n_rules = eio->n_rules;
	w = world_with(&legal_data);
	copy_store(&w->b, false);
	settle(w);
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, plain);
	settle(w);
	both_equal(w, w->a.case_id);
	due = w->a.due_ms;
	assert_int_not_equal(due, 0);
	assert_int_equal(w->b.due_ms, due);
	say(w, "       -- two days later IE is restored from a backup of before the request");
	copy_store(&w->b, true);
	w->clock.now += INT64_C(2) * 86400000;
	for (size_t i = 0; i < 3; i++) {
		settle(w);
		connect_both(w);
	}
	settle(w);
	both_equal(w, w->a.case_id);
	assert_int_equal(w->a.due_ms, due);
	assert_int_equal(w->b.due_ms, due);
	world_end(w, "restored-time-limit");
	free(plain);
	cy_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_and_its_receipt),
		cmocka_unit_test(a_lost_receipt_is_given_again_for_the_parcel_sent_again),
		cmocka_unit_test(a_refused_parcel_is_dissolved_and_its_messages_travel_anew),
		cmocka_unit_test(a_late_receipt_for_a_dissolved_parcel_counts),
		cmocka_unit_test(nothing_overtakes_what_is_dissolved),
		cmocka_unit_test(a_refused_receipt_is_signed_anew),
		cmocka_unit_test(a_restart_in_the_middle_loses_nothing),
		cmocka_unit_test(a_crossing_withdrawal_and_refusal_end_the_same_on_both_sides),
		cmocka_unit_test(a_restored_side_fetches_back_what_it_lost),
		cmocka_unit_test(a_claim_that_was_dealt_with_is_no_news_after_a_restart),
		cmocka_unit_test(a_lost_parcel_comes_back_beside_what_was_written_since),
		cmocka_unit_test(a_message_that_the_life_cycle_forbids_is_void_on_both_sides),
		cmocka_unit_test(a_request_that_never_left_has_no_time_limits_once_it_is_given_up),
		cmocka_unit_test(a_time_limit_that_was_stated_before_a_restore_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, read_request, free_request);
}
