/* What a greeting leaves behind (node/peers/greet.c): signatures for connections that have gone, what a peer
 * wrote into a goodbye, and proofs that do not count any more. */
#include "greet_rig.h"

static struct rig *started(void)
{
	struct rig *r = rig_new(true);

	rig_start(r);
	return r;
}

static void lose(struct rig *r, const struct line *l)
{
	rig_lane_down(r->node, l->lane, l->session, "closed");
}

/* Bring the node to the moment at which it signs its proof. */
static void have_it_sign(struct rig *r, struct line *l)
{
	say_hello(r, l, all_features, 2);
	if (!l->on.dialled)
		prove(r, l);
}

static void who_connects_over_and_over_fills_no_signer(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	{
		struct rig *r = started();
		struct line *l = NULL;

		for (size_t i = 0; i < LINES - 2; i++) {
			l = rig_up(r, lane, dialled);
			have_it_sign(r, l);
			assert_int_equal(r->signer.n, 1);
			lose(r, l);
		}
		l = rig_up(r, lane, dialled);
		have_it_sign(r, l);
		/* Its turn comes once the signature that nobody waits for is here. */
		r->did[0] = '\0';
		rig_signed(r, CY_OK);
		assert_int_equal(r->signer.n, 1);
		assert_null(strstr(r->did, "session_proof"));
		rig_signed(r, CY_OK);
		assert_non_null(strstr(r->did, "7:session_proof"));
		rig_free(r);
	}
}

static void say_goodbye(struct rig *r, const struct line *l, const char *text)
{
	CyPeerFrame peer = CY_PEER_FRAME__INIT;
	CyBulkFrame bulk = CY_BULK_FRAME__INIT;
	CyGoodbye goodbye = CY_GOODBYE__INIT;

	goodbye.code = CY_GOODBYE_CODE__VERSION;
	goodbye.text = (char *)text;
	peer.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
	bulk.kind_case = CY_BULK_FRAME__KIND_GOODBYE;
	peer.goodbye = bulk.goodbye = &goodbye;
	if (l->lane == WIRE_BULK)
		rig_give_bulk(r, l, &bulk);
	else
		rig_give_peer(r, l, &peer);
}

/* Before it is proven, and in a session. */
static void what_a_peer_writes_into_a_goodbye_stays_out_of_the_journal(void **state)
{
	static const char text[] = "suspect Jane Roe flees tonight";

	(void)state;
	EACH_SETTING(lane, dialled)
	for (int proven = 0; proven <= 1; proven++) {
		struct rig *r = started();
		struct line *l = proven ? rig_session(r, lane, dialled, all_features, 2) : rig_up(r, lane, dialled);

		say_goodbye(r, l, text);
		rig_settle(r);
		lose(r, l);
		assert_non_null(strstr(r->all, "VERSION"));
		assert_null(strstr(r->all, "Jane"));
		rig_ask_status(r);
		if (lane == WIRE_MESSAGES && (dialled || proven))
			assert_non_null(strstr(r->status->last_fault, text));
		else
			assert_string_equal(r->status->last_fault, "");
		rig_free(r);
	}
}

static void a_session_ends_when_its_proof_does_not_count_any_more(void **state)
{
	(void)state;
	for (int dialled = 0; dialled <= 1; dialled++) {
		struct rig *r = started();

		rig_session(r, WIRE_MESSAGES, dialled, all_features, 2);
		rig_session(r, WIRE_BULK, dialled, all_features, 2);
		r->did[0] = '\0';
		node_judge_proofs(r->node);
		rig_did(r, "", "nothing has changed");
		assert_int_equal(r->signer.judged.ms, r->clock.now);
		r->signer.trusts_from = INT64_MAX;
		node_judge_proofs(r->node);
		rig_did(r, "1:goodbye-SIGNATURE 1:close 2:goodbye-SIGNATURE 2:close", "its certificate is revoked");
		node_judge_proofs(r->node);
		rig_did(r, "", "there is no session");
		rig_free(r);
	}
}

static void sessions_end_when_the_tunnel_of_the_peer_is_configured_otherwise(void **state)
{
	(void)state;
	struct rig *r = started();
	struct cy_error e = { 0 };

	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	rig_session(r, WIRE_BULK, true, all_features, 2);
	rig_up(r, WIRE_MESSAGES, false);
	r->did[0] = '\0';
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
	rig_did(r, "", "nothing has changed");
	r->peer.tunnel = true;
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
	rig_did(r, "3:goodbye-SHUTDOWN 3:close 1:goodbye-SHUTDOWN 1:close 2:goodbye-SHUTDOWN 2:close", "tunnel = yes");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_connects_over_and_over_fills_no_signer),
		cmocka_unit_test(what_a_peer_writes_into_a_goodbye_stays_out_of_the_journal),
		cmocka_unit_test(a_session_ends_when_its_proof_does_not_count_any_more),
		cmocka_unit_test(sessions_end_when_the_tunnel_of_the_peer_is_configured_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
