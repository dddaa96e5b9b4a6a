/* What waits after a start until a peer was met (node/core/waiting.h): destroying, and in a store that is
 * known as restored, or by a clock far ahead, also what is due. */
#include "desk_rig.h"

static const struct node_peer_config two_peers[] = { { .id = PEER }, { .id = OTHER } };
static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
						     { "operators", CY_ROLE__OPERATOR, true } };

/* Evidence of a peer whose retention is over. */
static void put_overdue(struct store_writeset **w, const char *peer, const char *case_id, const char *message_id)
{
	const struct law_fact fact = { .side = CY_SIDE__REQUESTING,
				       .number = 1,
				       .kind = CY_CONTENT__KIND_REQUEST,
				       .measures = 1,
				       .at_ms = START_MS };

	put_case(w, peer, case_id);
	put_message(w, peer, case_id, message_id, &fact);
	row(w, STORE_PUT_EVIDENCE)->evidence =
		(struct store_evidence){ .message_id = message_id,
					 .attachment = 1,
					 .peer = peer,
					 .case_id = case_id,
					 .author = STORE_PEER,
					 .number = 1,
					 .size = 10,
					 .sha256 = cy_sha256(cy_bytes(case_id, strlen(case_id))),
					 .state = STORE_EVIDENCE_HERE,
					 .reason = "",
					 .retrieved = true,
					 .retain_until = { START_MS - DAY } };
}

/* What was stored last before this start. */
static struct store_meta *put_meta(struct store_writeset **w, bool restored, int64_t mark_ms)
{
	static const uint8_t nothing[1];
	struct store_meta *m = &row(w, STORE_PUT_META)->meta;

	*m = (struct store_meta){ .epoch = START_MS - DAY,
				  .frontier = cy_bytes(nothing, 0),
				  .wall_mark = { mark_ms },
				  .restored = restored };
	return m;
}

static struct rig *started_with(struct store_writeset *w, size_t n_peers)
{
	struct rig *r = rig_new(true);

	r->config.peers = two_peers;
	r->config.n_peers = n_peers;
	r->config.clients = clients;
	r->config.n_clients = 2;
	mem_store_apply(&r->store, w);
	rig_begin(r);
	rig_client_hello(r->node, 2, 1, 1);
	return r;
}

static struct rig *started(struct store_writeset *w)
{
	return started_with(w, 2);
}

/* The node looks, and does what it then has to. */
static void look(struct rig *r)
{
	for (size_t i = 0; i < 10; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
}

static void meet(struct rig *r)
{
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	look(r);
}

static void ask_resume(struct rig *r, const char *peer)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyResume m = CY_RESUME__INIT;

	m.peer = (char *)peer;
	m.reason = (char *)"it was dissolved";
	f.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	f.resume = &m;
	desk_ask(r, 2, &f);
}

static void resume(struct rig *r, const char *peer)
{
	ask_resume(r, peer);
	rig_settle(r);
	look(r);
}

static bool destroyed(struct rig *r, uint8_t which)
{
	return mem_store_evidence(&r->store, some_id(which).s, 1)->state == STORE_EVIDENCE_DESTROYED;
}

static size_t given_up(struct rig *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->store.n_events; i++)
		n += r->store.events[i]->type == CY_EVENT_TYPE__RELAY_FAILED;
	return n;
}

static void nothing_of_a_peer_is_destroyed_before_it_was_met(void **state)
{
	struct cy_uuid first = some_id(1), second = some_id(2);
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_overdue(&w, OTHER, "other", second.s);
	put_overdue(&w, PEER, "case", first.s);
	r = started(w);
	look(r);
	assert_false(destroyed(r, 1));
	rig_ask_status(r);
	assert_true(r->status->destroying_waits);
	meet(r);
	assert_true(destroyed(r, 1));
	assert_false(destroyed(r, 2));
	rig_ask_status(r);
	assert_false(r->status->destroying_waits);
	resume(r, OTHER);
	assert_true(destroyed(r, 2));
	rig_free(r);
}

/* OTHER is not configured any more: nobody meets it again. */
static struct rig *started_without_other(void)
{
	const struct cy_uuid first = some_id(1);
	struct store_writeset *w = NULL;

	put_overdue(&w, OTHER, "other", first.s);
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = OTHER };
	return started_with(w, 1);
}

static void what_is_of_a_removed_peer_waits_for_all_others(void **state)
{
	struct rig *r = started_without_other();

	(void)state;
	look(r);
	assert_false(destroyed(r, 1));
	meet(r);
	assert_true(destroyed(r, 1));
	rig_free(r);
}

static void an_operator_may_let_go_what_is_of_a_removed_peer(void **state)
{
	struct rig *r = started_without_other();

	(void)state;
	resume(r, OTHER);
	assert_true(destroyed(r, 1));
	rig_free(r);
}

static void nobody_is_waited_for_when_an_operator_says_so_for_all(void **state)
{
	struct rig *r = started_without_other();

	(void)state;
	resume(r, "");
	assert_true(destroyed(r, 1));
	rig_free(r);
}

static void a_page_of_what_waits_hides_nothing_behind_it(void **state)
{
	struct cy_uuid ids[20];
	struct store_writeset *w = NULL;
	struct rig *r;
	char names[20][8];

	(void)state;
	for (uint8_t i = 0; i < 20; i++) {
		ids[i] = some_id(i);
		snprintf(names[i], sizeof names[i], "c%u", i);
		put_overdue(&w, i < 19 ? OTHER : PEER, names[i], ids[i].s);
	}
	r = started(w);
	meet(r);
	assert_true(destroyed(r, 19));
	assert_false(destroyed(r, 0));
	resume(r, "");
	assert_true(destroyed(r, 0) && destroyed(r, 18));
	rig_free(r);
}

/* It may be attached to a message that was lost with the disk, to whichever peer. */
static void what_a_client_handed_over_waits_for_all_peers(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	row(&w, STORE_PUT_UPLOAD)->upload = (struct store_upload){
		.client = DESK, .sha256 = cy_sha256(cy_bytes("x", 1)), .size = 1, .at = { START_MS - 31 * DAY }
	};
	r = started(w);
	meet(r);
	assert_int_equal(r->store.n_uploads, 1);
	resume(r, OTHER);
	assert_int_equal(r->store.n_uploads + r->store.n_leftovers, 0);
	rig_free(r);
}

/* By the far clock all retention would be over. */
static void a_peer_whose_clock_is_another_has_not_been_met(void **state)
{
	struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);

	(void)state;
	put_overdue(&w, PEER, "case", id.s);
	put_meta(&w, false, START_MS);
	r->clock.now += 2 * DAY;
	mem_store_apply(&r->store, w);
	rig_begin(r);
	meet(r);
	assert_false(destroyed(r, 1));
	assert_non_null(strstr(r->all, "its clock is 47 h behind ours"));
	rig_free(r);
}

static void a_restored_store_gives_nothing_up_until_all_were_met(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_meta(&w, true, START_MS - 1);
	put_own(&w, PEER, "case", 1, START_MS - 40 * DAY, UNANSWERED);
	r = started(w);
	r->clock.now += 60000;
	look(r);
	assert_non_null(strstr(r->journal, "the store was restored from a backup"));
	assert_int_equal(given_up(r), 0);
	meet(r);
	assert_int_equal(given_up(r), 0);
	assert_true(r->store.meta.restored);
	resume(r, OTHER);
	assert_int_equal(given_up(r), 1);
	assert_false(r->store.meta.restored);
	rig_free(r);
}

static void a_copy_counts_as_restored(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);

	(void)state;
	put_meta(&w, false, START_MS - 1);
	put_own(&w, PEER, "case", 1, START_MS - 40 * DAY, UNANSWERED);
	mem_store_apply(&r->store, w);
	r->config.copy = true;
	if (node_new(&r->config, &r->ports, &r->node, NULL) < 0)
		fail();
	look(r);
	assert_int_equal(given_up(r), 0);
	meet(r);
	assert_int_equal(given_up(r), 1);
	assert_false(r->store.meta.restored);
	rig_free(r);
}

static unsigned hooks;

static int run_hook(void *ctx, const char *id, struct cy_bytes environment)
{
	(void)ctx;
	(void)environment;
	assert_string_equal(id, "step");
	hooks++;
	return CY_OK;
}

static void a_restored_store_runs_no_hook_and_decides_no_time_limit(void **state)
{
	static const struct law_profile profile = { .id = "treaty", .version = "1" };
	static const struct law_profile *const profiles[] = { &profile };
	static const struct law_data legal_data = { .n_profiles = 1, .profiles = profiles };
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);

	(void)state;
	hooks = 0;
	put_meta(&w, true, START_MS - 1);
	put_case(&w, PEER, "case");
	row(&w, STORE_PUT_CLOCK)->clock = (struct store_clock){ .peer = PEER,
								.case_id = "case",
								.name = "answer",
								.ours = true,
								.next = { START_MS - 1 },
								.difference = "",
								.explanation = "" };
	row(&w, STORE_PUT_HOOK)->hook.id = "step";
	mem_store_apply(&r->store, w);
	r->ports.hook = (struct hook_port){ NULL, run_hook };
	r->config.hook = true;
	r->config.legal_data = &legal_data;
	rig_begin(r);
	look(r);
	assert_int_equal(hooks, 0);
	assert_int_equal(r->store.clocks[0]->row.next.ms, START_MS - 1);
	meet(r);
	assert_int_equal(hooks, 1);
	assert_int_not_equal(r->store.clocks[0]->row.next.ms, START_MS - 1);
	rig_free(r);
}

static struct rig *started_far_ahead(void)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	put_meta(&w, false, START_MS - 20 * DAY);
	put_own(&w, PEER, "case", 1, START_MS - 40 * DAY, UNANSWERED);
	r = started(w);
	look(r);
	assert_non_null(strstr(r->journal, "the wall clock is 20 days ahead of what was recorded last"));
	assert_int_equal(given_up(r), 0);
	assert_true(r->store.meta.wall_mark.ms == START_MS - 20 * DAY);
	return r;
}

static void a_clock_far_ahead_at_the_start_is_doubted_until_a_peer_agrees(void **state)
{
	struct rig *r = started_far_ahead();

	(void)state;
	meet(r);
	assert_int_equal(given_up(r), 1);
	assert_true(r->store.meta.wall_mark.ms >= START_MS);
	rig_free(r);
}

static void confirm(struct rig *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyConfirmTime c = CY_CONFIRM_TIME__INIT;

	c.now_ms = r->clock.now;
	f.kind_case = CY_CLIENT_FRAME__KIND_CONFIRM_TIME;
	f.confirm_time = &c;
	desk_ask(r, 2, &f);
}

static void a_clock_far_ahead_at_the_start_counts_once_an_operator_confirms_it(void **state)
{
	struct rig *r = started_far_ahead();

	(void)state;
	confirm(r);
	look(r);
	r->clock.now += 60000;
	look(r);
	assert_int_equal(given_up(r), 1);
	rig_free(r);
}

/* Whatever happens to the daemon after that. */
static void a_clock_that_is_confirmed_is_stored_before_the_answer(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_meta(&w, false, START_MS + 2 * DAY);
	r = started(w);
	look(r);
	assert_non_null(strstr(r->all, "48 h behind what was recorded"));
	r->store.mark_may_fall = true;
	r->did[0] = '\0';
	confirm(r);
	assert_int_equal(r->store.meta.wall_mark.ms, START_MS + 2 * DAY);
	assert_string_equal(r->did, "");
	rig_settle(r);
	assert_int_equal(r->store.meta.wall_mark.ms, START_MS);
	assert_non_null(strstr(r->did, "done"));
	assert_non_null(strstr(r->all, "the wall clock is right again"));
	rig_free(r);
}

static void fail_commit(struct rig *r)
{
	if (r->signer.n > 0)
		rig_signed(r, CY_OK);
	assert_non_null(r->store.committing);
	mem_store_drop(&r->store);
	node_committed(r->node, CY_ESTORE, "the disk is full");
}

/* The operator is told that nothing could be committed, and the audit log says nothing of it. */
static void a_resume_that_was_not_committed_ends_nothing(void **state)
{
	static const char *const peers[] = { PEER, "" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct store_writeset *w = NULL;
		struct cy_uuid id = some_id(1);
		struct rig *r;

		put_overdue(&w, PEER, "a", id.s);
		r = started_with(w, 1);
		ask_resume(r, peers[i]);
		fail_commit(r);
		r->clock.now += DAY;
		look(r);
		assert_false(destroyed(r, 1));
		resume(r, peers[i]);
		assert_true(destroyed(r, 1));
		rig_free(r);
	}
}

/* Nothing in the store says that it is a copy before a commit does. */
static void a_copy_counts_as_restored_until_its_end_is_committed(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);

	(void)state;
	put_meta(&w, false, START_MS - 1);
	put_own(&w, PEER, "case", 1, START_MS - 40 * DAY, UNANSWERED);
	mem_store_apply(&r->store, w);
	r->config.copy = true;
	r->config.clients = clients;
	r->config.n_clients = 2;
	if (node_new(&r->config, &r->ports, &r->node, NULL) < 0)
		fail();
	rig_client_hello(r->node, 2, 1, 1);
	assert_null(r->store.committing);
	ask_resume(r, "");
	fail_commit(r);
	r->clock.now += DAY;
	look(r);
	assert_int_equal(given_up(r), 0);
	resume(r, "");
	assert_int_equal(given_up(r), 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_peer_is_destroyed_before_it_was_met),
		cmocka_unit_test(what_is_of_a_removed_peer_waits_for_all_others),
		cmocka_unit_test(nobody_is_waited_for_when_an_operator_says_so_for_all),
		cmocka_unit_test(an_operator_may_let_go_what_is_of_a_removed_peer),
		cmocka_unit_test(a_page_of_what_waits_hides_nothing_behind_it),
		cmocka_unit_test(what_a_client_handed_over_waits_for_all_peers),
		cmocka_unit_test(a_peer_whose_clock_is_another_has_not_been_met),
		cmocka_unit_test(a_restored_store_gives_nothing_up_until_all_were_met),
		cmocka_unit_test(a_copy_counts_as_restored),
		cmocka_unit_test(a_restored_store_runs_no_hook_and_decides_no_time_limit),
		cmocka_unit_test(a_clock_far_ahead_at_the_start_is_doubted_until_a_peer_agrees),
		cmocka_unit_test(a_clock_far_ahead_at_the_start_counts_once_an_operator_confirms_it),
		cmocka_unit_test(a_clock_that_is_confirmed_is_stored_before_the_answer),
		cmocka_unit_test(a_resume_that_was_not_committed_ends_nothing),
		cmocka_unit_test(a_copy_counts_as_restored_until_its_end_is_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
