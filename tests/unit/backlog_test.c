/* A node between two commits, and a node with more to do than one page or one batch holds: what
 * clients ask for in one batch (node/clients/subscribe.c), messages that are given up (node/peers/expire.c), content
 * that nobody attaches (node/evidence/evidence_say.c). */
#include "desk_rig.h"

/* --------------------------------------------------------------------- the store */

static void put_received(struct store_writeset **w, const char *case_id, const char *id)
{
	struct store_message *m = &row(w, STORE_PUT_MESSAGE)->message;
	struct store_event *e = &row(w, STORE_PUT_EVENT)->event;

	*m = (struct store_message){ .id = id,
				     .peer = PEER,
				     .case_id = case_id,
				     .author = STORE_PEER,
				     .number = 1,
				     .transport = STORE_RELAYED,
				     .void_reason = "",
				     .client = DESK };
	*e = (struct store_event){ .type = CY_EVENT_TYPE__MESSAGE_RECEIVED,
				   .peer = PEER,
				   .case_id = case_id,
				   .message_id = id,
				   .client = DESK,
				   .own_reference = "",
				   .text = "",
				   .case_state = "" };
}

static void put_events(struct store_writeset **w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		row(w, STORE_PUT_EVENT)->event = (struct store_event){ .type = CY_EVENT_TYPE__RELAY_ACCEPTED,
								       .peer = PEER,
								       .case_id = "",
								       .message_id = "",
								       .client = DESK,
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
}

/* ------------------------------------------------------------------- the clients */

static void subscribe(struct rig *r, uint64_t conn, bool from_now)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubscribe s = CY_SUBSCRIBE__INIT;

	s.cursor = (char *)"inbox";
	s.from_now = from_now;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	desk_ask(r, conn, &f);
}

static void acknowledge(struct rig *r, uint64_t conn, uint64_t position)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents a = CY_ACKNOWLEDGE_EVENTS__INIT;

	a.cursor = (char *)"inbox";
	a.position = position;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = &a;
	desk_ask(r, conn, &f);
}

static void show(struct rig *r, uint64_t conn, const char *id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowMessage s = CY_SHOW_MESSAGE__INIT;

	s.message_id = (char *)id;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	f.show_message = &s;
	desk_ask(r, conn, &f);
}

static struct rig *started(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	if (w != NULL)
		mem_store_apply(&r->store, w);
	rig_start(r);
	rig_client_hello(r->node, 2, 0, 1);
	return r;
}

/* What is asked next waits for one batch: another one is being committed. */
static void have_a_batch_under_way(struct rig *r)
{
	subscribe(r, 1, false);
	assert_non_null(r->store.committing);
}

static uint64_t cursor_of(struct rig *r)
{
	uint64_t position = UINT64_MAX;

	assert_int_equal(r->ports.store.cursor(r->ports.store.ctx, DESK, "inbox", &position), CY_OK);
	return position;
}

static void a_cursor_stays_at_the_highest_that_one_batch_acknowledges(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, 5);
	r = started(w);
	have_a_batch_under_way(r);
	acknowledge(r, 1, 4);
	acknowledge(r, 2, 2);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 4);
	rig_free(r);
}

static uint64_t most_delivered;
static int (*commit_any)(void *ctx, struct store_writeset *w);

static int look_and_commit(void *ctx, struct store_writeset *all)
{
	uint64_t delivered = 0;

	for (const struct store_write *w = all->first; w != NULL; w = w->next)
		if (w->op == STORE_DELIVER)
			delivered += w->deliver.last - w->deliver.after;
	most_delivered = delivered > most_delivered ? delivered : most_delivered;
	return commit_any(ctx, all);
}

/* Looking up each event takes the store's thread its time, in which nothing else is committed. */
static void acknowledgements_of_very_many_events_are_no_single_commit(void **state)
{
	const unsigned n = 3 * CY_DELIVER_MAX + 1;
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, n - 1);
	put_case(&w, PEER, "case");
	put_received(&w, "case", some_id(1).s);
	r = rig_new(false);
	mem_store_apply(&r->store, w);
	most_delivered = 0;
	commit_any = r->ports.store.commit;
	r->ports.store.commit = look_and_commit;
	rig_start(r);
	rig_client_hello(r->node, 2, 0, 1);
	have_a_batch_under_way(r);
	acknowledge(r, 1, n - 2);
	acknowledge(r, 2, n);
	rig_settle(r);
	assert_int_equal(cursor_of(r), n);
	assert_int_equal(mem_store_message(&r->store, some_id(1).s)->row.transport, STORE_DELIVERED);
	assert_int_equal(most_delivered, CY_DELIVER_MAX);
	rig_free(r);
}

/* The second one of the same name finds it, with what was acknowledged meanwhile. */
static void a_cursor_that_is_made_in_the_batch_is_not_made_again(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER, "case");
	put_received(&w, "case", some_id(1).s);
	put_events(&w, 4);
	r = started(w);
	/* This batch has nothing to do with the cursor. */
	show(r, 1, some_id(1).s);
	assert_non_null(r->store.committing);
	subscribe(r, 1, true);
	acknowledge(r, 1, 5);
	subscribe(r, 2, false);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 5);
	rig_free(r);
}

static void a_cursor_can_be_acknowledged_in_the_batch_that_makes_it(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER, "case");
	put_received(&w, "case", some_id(1).s);
	put_events(&w, 4);
	r = started(w);
	show(r, 1, some_id(1).s);
	assert_non_null(r->store.committing);
	subscribe(r, 1, false);
	acknowledge(r, 1, 3);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 3);
	rig_free(r);
}

static void a_message_that_was_retrieved_stays_so_when_its_event_is_acknowledged(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER, "case");
	put_received(&w, "case", some_id(1).s);
	r = started(w);
	have_a_batch_under_way(r);
	show(r, 2, some_id(1).s);
	acknowledge(r, 1, 1);
	rig_settle(r);
	assert_int_equal(mem_store_message(&r->store, some_id(1).s)->row.transport, STORE_RETRIEVED);
	rig_free(r);
}

/* The case has no reference of ours yet: the one that was refused must not stay with it. */
static void a_refused_submission_leaves_its_reference_to_no_other_of_its_batch(void **state)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER, "case")->peer_number = 1;
	put_message(&w, PEER, "case", id.s, &asked);
	r = started(w);
	have_a_batch_under_way(r);
	/* Only the other side supplements its request. */
	desk_submit(r, 1, "case", CY_PRIORITY__NORMAL,
		    "{\"ownReference\":\"REFUSED/1\",\"content\":{\"supplement\":{\"text\":\"more\"}}}");
	desk_submit(r, 2, "case", CY_PRIORITY__NORMAL, "{\"content\":{\"note\":{\"text\":\"a note\"}}}");
	rig_settle(r);
	assert_int_equal(mem_store_case(&r->store, PEER, "case")->row.own_number, 1);
	assert_string_equal(mem_store_case(&r->store, PEER, "case")->row.own_reference, "");
	rig_free(r);
}

/* -------------------------------------------------------------- what is given up */

/* Messages to `peer` that failed. */
static size_t given_up(struct rig *r, const char *peer)
{
	size_t n = 0;

	for (size_t i = 0; i < r->store.n_events; i++)
		n += r->store.events[i]->type == CY_EVENT_TYPE__RELAY_FAILED &&
		     strcmp(r->store.events[i]->peer, peer) == 0;
	return n;
}

/* Two peers. */
static void start_with_undelivered(struct rig *r, struct store_writeset *w)
{
	static const struct node_peer_config peers[] = { { .id = PEER }, { .id = OTHER } };

	r->config.peers = peers;
	r->config.n_peers = 2;
	mem_store_apply(&r->store, w);
	rig_start(r);
	r->did[0] = '\0';
}

static struct rig *with_undelivered(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	start_with_undelivered(r, w);
	return r;
}

static void look_again(struct rig *r)
{
	r->clock.now += 60000;
	node_wake(r->node);
	rig_settle(r);
}

static void what_leaves_again_keeps_nothing_of_another_peer_from_being_given_up(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "again", 1, START_MS - 40 * DAY, LEAVES_AGAIN);
	put_own(&w, OTHER, "other", 1, START_MS - 35 * DAY, NEVER_LEFT);
	r = with_undelivered(w);
	look_again(r);
	assert_int_equal(given_up(r, OTHER), 1);
	assert_int_equal(given_up(r, PEER), 0);
	rig_free(r);
}

static void a_page_of_what_leaves_again_hides_nothing_behind_it(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "again", 300, START_MS - 40 * DAY, LEAVES_AGAIN);
	put_own(&w, PEER, "never", 1, START_MS - 35 * DAY, NEVER_LEFT);
	r = with_undelivered(w);
	look_again(r);
	assert_int_equal(given_up(r, PEER), 1);
	rig_free(r);
}

/* One look, and the batches that follow it at once. */
static void all_that_is_too_old_is_given_up_whoever_it_was_for(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "many", 600, START_MS - 40 * DAY, NEVER_LEFT);
	put_own(&w, OTHER, "few", 2, START_MS - 39 * DAY, NEVER_LEFT);
	put_own(&w, OTHER, "young", 1, START_MS - 20 * DAY, NEVER_LEFT);
	r = with_undelivered(w);
	for (size_t i = 0; i < 4; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
	assert_int_equal(given_up(r, PEER), 600);
	assert_int_equal(given_up(r, OTHER), 2);
	rig_free(r);
}

static void only_what_never_left_is_void_when_it_is_given_up(void **state)
{
	struct store_writeset *w = NULL;
	const struct mem_message *m;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "never", 1, START_MS - 40 * DAY, NEVER_LEFT);
	put_own(&w, PEER, "left", 1, START_MS - 40 * DAY, UNANSWERED);
	r = with_undelivered(w);
	look_again(r);
	m = mem_store_message(&r->store, "never-0001");
	assert_int_equal(m->row.transport, STORE_FAILED);
	assert_int_equal(m->row.void_code, CY_REJECTION_CODE__EXPIRED);
	m = mem_store_message(&r->store, "left-0001");
	assert_int_equal(m->row.transport, STORE_FAILED);
	assert_int_equal(m->row.void_code, 0);
	rig_free(r);
}

/* The acknowledgement of a request, 40 days old. */
static void put_acknowledged(struct store_writeset **w, const char *case_id, enum way way)
{
	struct law_fact request = { .side = CY_SIDE__REQUESTING,
				    .number = 1,
				    .kind = CY_CONTENT__KIND_REQUEST,
				    .measures = 1,
				    .at_ms = START_MS - 40 * DAY },
			ack = { .side = CY_SIDE__REQUESTED,
				.number = 1,
				.seen = 1,
				.kind = CY_CONTENT__KIND_ACKNOWLEDGEMENT,
				.at_ms = START_MS - 40 * DAY };
	struct store_case *c = put_case(w, PEER, case_id);
	struct store_message *m;
	char id[64];

	c->own_number = c->peer_number = 1;
	c->state = "REGISTERED";
	snprintf(id, sizeof id, "%s-request", case_id);
	put_message(w, PEER, case_id, id, &request);
	ack.code[0] = CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY;
	snprintf(id, sizeof id, "%s-ack", case_id);
	m = put_message(w, PEER, case_id, id, &ack);
	m->transport = way == UNANSWERED ? STORE_TRANSMITTED : STORE_QUEUED;
	m->epoch = m->sequence = way == UNANSWERED;
}

static void what_may_have_arrived_still_counts_in_its_case_when_it_is_given_up(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_acknowledged(&w, "never", NEVER_LEFT);
	put_acknowledged(&w, "left", UNANSWERED);
	r = with_undelivered(w);
	look_again(r);
	assert_int_equal(given_up(r, PEER), 2);
	assert_string_equal(mem_store_case(&r->store, PEER, "never")->row.state, "TRANSMITTED");
	assert_string_equal(mem_store_case(&r->store, PEER, "left")->row.state, "REGISTERED");
	rig_free(r);
}

static int (*get_any_case)(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg);

static int get_case_unless_damaged(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	return strcmp(case_id, "damaged") == 0 ? CY_ESTORE : get_any_case(ctx, peer, case_id, fn, arg);
}

static void a_case_that_cannot_be_read_hides_nothing_behind_it(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "damaged", 300, START_MS - 40 * DAY, NEVER_LEFT);
	put_own(&w, PEER, "other", 1, START_MS - 35 * DAY, NEVER_LEFT);
	put_own(&w, OTHER, "third", 1, START_MS - 35 * DAY, NEVER_LEFT);
	r = rig_new(false);
	get_any_case = r->ports.store.get_case;
	r->ports.store.get_case = get_case_unless_damaged;
	start_with_undelivered(r, w);
	look_again(r);
	assert_int_equal(given_up(r, PEER), 1);
	assert_int_equal(given_up(r, OTHER), 1);
	rig_free(r);
}

/* What was sent, as the one parcel. */
static const struct store_parcel *sent_parcel(struct rig *r)
{
	const struct mem_parcels *sent = &mem_store_peer(&r->store, PEER)->parcels[STORE_OWN];

	assert_int_equal(sent->n, 1);
	return &sent->at[0]->row;
}

static void what_is_receipted_in_the_batch_that_gives_up_is_not_given_up(void **state)
{
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "case", 1, START_MS, NEVER_LEFT);
	r = with_undelivered(w);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(mem_store_message(&r->store, "case-0001")->row.transport, STORE_TRANSMITTED);
	r->clock.now += 31 * DAY;
	/* The batch that is under way has looked, and what it gives up is not signed: the next look is
	 * in the batch that takes the receipt. */
	node_wake(r->node);
	rig_signed(r, CY_ESIGN);
	rig_run(r);
	have_a_batch_under_way(r);
	r->clock.now += 60000;
	desk_receipt(r, l, sent_parcel(r), &sent_parcel(r)->digest);
	rig_settle(r);
	assert_int_equal(mem_store_message(&r->store, "case-0001")->row.transport, STORE_RELAYED);
	assert_int_equal(given_up(r, PEER), 0);
	rig_free(r);
}

static void a_receipt_that_names_another_parcel_settles_nothing(void **state)
{
	const struct cy_digest another = cy_sha256(cy_bytes("another", 7));
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;

	(void)state;
	put_own(&w, PEER, "case", 1, START_MS, NEVER_LEFT);
	r = with_undelivered(w);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	r->did[0] = '\0';
	desk_receipt(r, l, sent_parcel(r), &another);
	rig_settle(r);
	assert_non_null(strstr(r->did, "1:goodbye-PROTOCOL"));
	assert_int_equal(mem_store_message(&r->store, "case-0001")->row.transport, STORE_TRANSMITTED);
	assert_int_equal(sent_parcel(r)->receipt.len, 0);
	/* The true one is taken in the next session. */
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	desk_receipt(r, l, sent_parcel(r), &sent_parcel(r)->digest);
	rig_settle(r);
	assert_int_equal(mem_store_message(&r->store, "case-0001")->row.transport, STORE_RELAYED);
	rig_free(r);
}

/* --------------------------------------------------------------------- uploads */

/* Contents that are over. */
static void put_discarded(struct store_writeset **w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		row(w, STORE_PUT_LEFTOVER)->leftover =
			(struct store_leftover){ .sha256 = cy_sha256(cy_bytes(&i, sizeof i)), .size = 10 };
}

/* Contents of a client. */
static void put_uploads(struct store_writeset **w, const char *client, unsigned n, int64_t at_ms)
{
	for (unsigned i = 0; i < n; i++) {
		const struct cy_bytes pieces[] = { cy_bytes(client, strlen(client)), cy_bytes(&i, sizeof i) };

		row(w, STORE_PUT_UPLOAD)->upload = (struct store_upload){
			.client = client, .sha256 = cy_sha256v(pieces, 2), .size = 10, .at = { at_ms }
		};
	}
}

static size_t uploads_of(const struct rig *r, const char *client)
{
	size_t n = 0;

	for (size_t i = 0; i < r->store.n_uploads; i++)
		n += strcmp(r->store.uploads[i]->client, client) == 0;
	return n;
}

static struct rig *with_uploads(struct store_writeset *w, int code)
{
	struct rig *r = rig_new(true);

	r->disk.destroyed_with = code;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2); /* nothing is destroyed before */
	/* The first look, and what follows it at once. */
	for (size_t i = 0; i < 30; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
	return r;
}

static void all_content_that_nobody_attached_in_time_goes_at_one_look(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_uploads(&w, DESK, 100, START_MS - 31 * DAY);
	put_uploads(&w, "clerk", 3, START_MS - 29 * DAY);
	r = with_uploads(w, CY_OK);
	assert_int_equal(uploads_of(r, DESK), 0);
	assert_int_equal(r->store.n_leftovers, 0);
	assert_int_equal(uploads_of(r, "clerk"), 3);
	rig_free(r);
}

static void content_that_the_disk_does_not_let_go_keeps_no_other_from_its_end(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_discarded(&w, 20);
	put_uploads(&w, DESK, 5, START_MS - 31 * DAY);
	r = with_uploads(w, CY_EIO);
	assert_int_equal(uploads_of(r, DESK), 0);
	assert_int_equal(r->store.n_leftovers, 25);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_stays_at_the_highest_that_one_batch_acknowledges),
		cmocka_unit_test(acknowledgements_of_very_many_events_are_no_single_commit),
		cmocka_unit_test(a_cursor_that_is_made_in_the_batch_is_not_made_again),
		cmocka_unit_test(a_cursor_can_be_acknowledged_in_the_batch_that_makes_it),
		cmocka_unit_test(a_message_that_was_retrieved_stays_so_when_its_event_is_acknowledged),
		cmocka_unit_test(a_refused_submission_leaves_its_reference_to_no_other_of_its_batch),
		cmocka_unit_test(what_leaves_again_keeps_nothing_of_another_peer_from_being_given_up),
		cmocka_unit_test(a_page_of_what_leaves_again_hides_nothing_behind_it),
		cmocka_unit_test(all_that_is_too_old_is_given_up_whoever_it_was_for),
		cmocka_unit_test(only_what_never_left_is_void_when_it_is_given_up),
		cmocka_unit_test(what_may_have_arrived_still_counts_in_its_case_when_it_is_given_up),
		cmocka_unit_test(a_case_that_cannot_be_read_hides_nothing_behind_it),
		cmocka_unit_test(what_is_receipted_in_the_batch_that_gives_up_is_not_given_up),
		cmocka_unit_test(a_receipt_that_names_another_parcel_settles_nothing),
		cmocka_unit_test(all_content_that_nobody_attached_in_time_goes_at_one_look),
		cmocka_unit_test(content_that_the_disk_does_not_let_go_keeps_no_other_from_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
