/* As many parcels leave with a batch as its messages fill (node/peers/outbound.c), and none after one that could not be
 * signed. */
#include "desk_rig.h"

#define ONE_CASE "0198b2c1-0000-7000-8000-000000000001"
#define NOTES    (2 * CY_PARCEL_MESSAGES_MAX + 10)
#define FIRST    2 /* connection */
#define CONNS    8 /* each may wait for so many answers only */

/* One batch has accepted NOTES messages, and waits for the signatures of its parcels. */
static struct rig *accepted(uint32_t window)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	put_open_case(&w, ONE_CASE, 0);
	mem_store_apply(&r->store, w);
	r->config.window = window;
	rig_start(r);
	for (uint64_t conn = 0; conn < CONNS; conn++)
		rig_client_hello(r->node, FIRST + conn, 0, 1);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	rig_settle(r);
	desk_submit(r, FIRST, ONE_CASE, CY_PRIORITY__NORMAL, "{\"content\":{\"note\":{\"text\":\"the first\"}}}");
	assert_int_equal(r->signer.n, 1);
	/* That one is being signed: what comes meanwhile shares the batch behind it. */
	for (size_t i = 0; i < NOTES; i++)
		desk_submit(r, FIRST + i % CONNS, ONE_CASE, CY_PRIORITY__NORMAL,
			    "{\"content\":{\"note\":{\"text\":\"one more\"}}}");
	rig_signed_newest(r);
	rig_run(r);
	r->did[0] = '\0';
	return r;
}

static size_t sent(struct rig *r)
{
	size_t n = 0;

	for (const char *at = r->did; (at = strstr(at, ":parcel")) != NULL; at++)
		n++;
	r->did[0] = '\0';
	return n;
}

static uint64_t last_given(struct rig *r)
{
	return mem_store_peer(&r->store, PEER)->stream.out_sequence;
}

static uint32_t messages_of(struct rig *r, uint64_t sequence)
{
	const uint64_t epoch = mem_store_peer(&r->store, PEER)->stream.out_epoch;

	return mem_store_parcel(&r->store, PEER, STORE_OWN, epoch, sequence)->row.messages;
}

static void all_that_a_batch_accepted_leaves_with_it(void **state)
{
	struct rig *r = accepted(CY_WINDOW_MAX);

	(void)state;
	assert_int_equal(r->signer.n, 3);
	rig_signed(r, CY_OK);
	rig_run(r);
	assert_int_equal(sent(r), 3);
	assert_int_equal(last_given(r), 4);
	assert_int_equal(messages_of(r, 2), CY_PARCEL_MESSAGES_MAX);
	assert_int_equal(messages_of(r, 3), CY_PARCEL_MESSAGES_MAX);
	assert_int_equal(messages_of(r, 4), 10);
	assert_int_equal(r->signer.n, 0);
	rig_free(r);
}

static void no_more_than_the_window_permits(void **state)
{
	struct rig *r = accepted(3);

	(void)state;
	assert_int_equal(r->signer.n, 2);
	rig_settle(r);
	assert_int_equal(sent(r), 2);
	assert_int_equal(last_given(r), 3);
	rig_free(r);
}

static void nothing_leaves_after_one_that_could_not_be_signed(void **state)
{
	(void)state;
	for (size_t fails = 0; fails < 3; fails++) {
		struct rig *r = accepted(CY_WINDOW_MAX);

		assert_int_equal(r->signer.n, 3);
		rig_sign_at(&r->signer, r->node, fails, CY_ESIGN);
		rig_signed(r, CY_OK);
		rig_run(r);
		assert_int_equal(sent(r), fails);
		assert_int_equal(last_given(r), 1 + fails);
		/* What was to be in it, and behind it, leaves in the same places once something can be signed. */
		r->clock.now += 10000;
		node_wake(r->node);
		rig_settle(r);
		assert_int_equal(sent(r), 3 - fails);
		assert_int_equal(last_given(r), 4);
		for (uint64_t sequence = 2, all = 0; sequence <= 4; sequence++) {
			all += messages_of(r, sequence);
			assert_true(sequence < 4 || all == NOTES);
		}
		rig_free(r);
	}
}

static void of_a_batch_that_fails_nothing_has_left(void **state)
{
	struct rig *r = accepted(CY_WINDOW_MAX);

	(void)state;
	rig_signed(r, CY_OK);
	assert_non_null(r->store.committing);
	mem_store_drop(&r->store);
	node_committed(r->node, CY_ESTORE, "the disk is full");
	assert_int_equal(sent(r), 0);
	assert_int_equal(last_given(r), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_batch_accepted_leaves_with_it),
		cmocka_unit_test(no_more_than_the_window_permits),
		cmocka_unit_test(nothing_leaves_after_one_that_could_not_be_signed),
		cmocka_unit_test(of_a_batch_that_fails_nothing_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
