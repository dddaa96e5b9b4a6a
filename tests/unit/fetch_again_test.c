/* A client has ordered that evidence is fetched again (node/evidence/evidence_orders.c): what becomes of the content
 * that is here meanwhile. */
#include "desk_rig.h"

#define FILE_SIZE 10

static uint64_t progress(void *ctx, const char *part)
{
	(void)ctx;
	(void)part;
	return 3;
}

/* An attachment of the peer that has arrived, was retrieved, and is kept for another day. */
static struct store_evidence *put_arrived(struct store_writeset **w, const char *message_id,
					  enum store_evidence_state state)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	struct store_evidence *e;

	put_case(w, PEER, "case")->peer_number = 1;
	put_message(w, PEER, "case", message_id, &asked);
	e = &row(w, STORE_PUT_EVIDENCE)->evidence;
	*e = (struct store_evidence){ .message_id = message_id,
				      .attachment = 1,
				      .peer = PEER,
				      .case_id = "case",
				      .author = STORE_PEER,
				      .number = 1,
				      .size = FILE_SIZE,
				      .sha256 = cy_sha256(cy_bytes("content", 7)),
				      .state = state,
				      .reason = "",
				      .send_always = state == STORE_EVIDENCE_WAITING,
				      .arrived = { START_MS - DAY },
				      .retrieved = true,
				      .retain_until = { START_MS + DAY } };
	return e;
}

/* What comes of it anew is not what the manifest says; what is here was looked at, with this result. */
static struct rig *with(struct store_writeset *w, int verified)
{
	struct rig *r = rig_new(true);

	r->disk.empty = true;
	r->disk.stored_with = CY_ESIGN;
	r->disk.verified_with = verified;
	r->ports.blobs.progress = progress;
	mem_store_apply(&r->store, w);
	rig_start(r);
	return r;
}

static void wake(struct rig *r, int64_t later)
{
	r->clock.now += later;
	for (size_t i = 0; i < 5; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
}

static void give_chunk(struct rig *r, const struct line *l)
{
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyChunk chunk = CY_CHUNK__INIT;
	uint8_t data[FILE_SIZE] = { 0 };

	chunk.pull = 1;
	chunk.data = (ProtobufCBinaryData){ .data = data, .len = sizeof data };
	f.kind_case = CY_BULK_FRAME__KIND_CHUNK;
	f.chunk = &chunk;
	rig_give_bulk(r, l, &f);
	rig_settle(r);
}

/* It was ordered that what is here is fetched again; the sender's copy is spoilt, and ours was looked at. */
static struct rig *fetch_spoilt(const char *message_id, int verified)
{
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;

	put_arrived(&w, message_id, STORE_EVIDENCE_WAITING);
	r = with(w, verified);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	give_chunk(r, l);
	assert_false(l->closed);
	assert_non_null(strstr(r->did, "cancel-CHUNK_DIFFERS"));
	return r;
}

/* Is it asked for once more? */
static bool pulled_again(struct rig *r)
{
	r->did[0] = '\0';
	rig_session(r, WIRE_BULK, true, all_features, 2);
	wake(r, 60000);
	return strstr(r->did, "pull") != NULL;
}

/* The order is carried out as far as it can be: what is here stays as it was, and it may be ordered again. */
static void a_fetch_of_what_the_sender_has_spoilt_ends(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = fetch_spoilt(id.s, CY_OK);
	const struct store_evidence *e;

	(void)state;
	e = mem_store_evidence(&r->store, id.s, 1);
	assert_int_equal(e->state, STORE_EVIDENCE_HERE);
	assert_int_equal(e->arrived.ms, START_MS - DAY);
	assert_int_equal(e->verified.ms, START_MS);
	assert_int_equal(r->store.events[r->store.n_events - 1]->type, CY_EVENT_TYPE__EVIDENCE_FAILED);
	assert_string_equal(r->store.events[r->store.n_events - 1]->text,
			    "1: the copy of the sender is not what its manifest says");
	assert_false(pulled_again(r));
	rig_free(r);
}

/* Nothing is here, whatever was ordered: that is on record, and it is waited for. */
static void a_fetch_of_what_is_spoilt_at_both_sides_goes_on_waiting(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = fetch_spoilt(id.s, CY_ENOENT);
	const struct store_evidence *e;

	(void)state;
	e = mem_store_evidence(&r->store, id.s, 1);
	assert_int_equal(e->state, STORE_EVIDENCE_WAITING);
	assert_int_equal(e->flaw, STORE_MISSING);
	assert_int_equal(r->store.n_custody, 1);
	assert_string_equal(r->store.custody[0]->action, "missing");
	assert_int_equal(r->store.events[r->store.n_events - 1]->type, CY_EVENT_TYPE__EVIDENCE_FAILED);
	assert_true(pulled_again(r));
	rig_free(r);
}

static void what_is_fetched_again_is_destroyed_when_its_time_is_over(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_arrived(&w, id.s, STORE_EVIDENCE_WAITING);
	r = with(w, CY_OK);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	wake(r, 2 * DAY);
	assert_int_equal(mem_store_evidence(&r->store, id.s, 1)->state, STORE_EVIDENCE_DESTROYED);
	assert_int_equal(r->store.n_leftovers, 0);
	rig_free(r);
}

static void order(struct rig *r, const char *message_id)
{
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	CyFetchEvidence fetch = CY_FETCH_EVIDENCE__INIT;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	item.message_id = (char *)(uintptr_t)message_id;
	item.attachment = 1;
	fetch.item = &item;
	fetch.reason = (char *)"it is needed";
	f.kind_case = CY_CLIENT_FRAME__KIND_FETCH_EVIDENCE;
	f.fetch_evidence = &fetch;
	r->did[0] = '\0';
	desk_ask(r, 1, &f);
	rig_settle(r);
}

static void give_not_sent(struct rig *r, const struct line *l, int code, bool destroyed)
{
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyNotSent not_sent = CY_NOT_SENT__INIT;

	not_sent.pull = 1;
	not_sent.code = (CyNotSentCode)code;
	not_sent.destroyed = destroyed;
	f.kind_case = CY_BULK_FRAME__KIND_NOT_SENT;
	f.not_sent = &not_sent;
	rig_give_bulk(r, l, &f);
	rig_settle(r);
}

/* What waits is tried at once where it had been put off, and the answer is true of it. */
static void the_answer_says_what_happens(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;

	(void)state;
	put_arrived(&w, id.s, STORE_EVIDENCE_WAITING)->arrived.ms = 0;
	r = with(w, CY_OK);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	order(r, id.s);
	assert_non_null(strstr(r->did, "it waits until there is"));
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	order(r, id.s);
	assert_non_null(strstr(r->did, "it is being fetched, 3 of 10"));
	give_not_sent(r, l, CY_NOT_SENT_CODE__GONE, false);
	order(r, id.s);
	assert_non_null(strstr(r->did, "it had been put off (the sender has it no more)"));
	assert_non_null(strstr(r->did, ":pull"));
	assert_int_equal(mem_store_evidence(&r->store, id.s, 1)->state, STORE_EVIDENCE_WAITING);
	rig_free(r);
}

/* A restored store waits for what has never been here, as far as it knows, and this is what its sender says. */
static struct rig *told(const char *message_id, bool hold, int code, bool destroyed)
{
	struct store_writeset *w = NULL;
	struct store_evidence *e = put_arrived(&w, message_id, STORE_EVIDENCE_WAITING);
	struct line *l;
	struct rig *r;

	e->send_always = e->retrieved = false;
	e->arrived.ms = 0;
	e->legal_hold = hold;
	r = with(w, CY_OK);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	assert_non_null(strstr(r->did, ":pull"));
	r->did[0] = '\0';
	give_not_sent(r, l, code, destroyed);
	assert_false(l->closed);
	return r;
}

static void what_the_sender_has_destroyed_is_waited_for_no_more(void **state)
{
	const struct cy_uuid id = some_id(1);

	(void)state;
	for (int hold = 0; hold <= 1; hold++)
		for (int destroyed = 0; destroyed <= 1; destroyed++) {
			const bool ends = destroyed && !hold; /* a hold is for people to look at */
			struct rig *r = told(id.s, hold, CY_NOT_SENT_CODE__GONE, destroyed);
			const struct store_evidence *e = mem_store_evidence(&r->store, id.s, 1);

			assert_int_equal(e->state, ends ? STORE_EVIDENCE_DESTROYED : STORE_EVIDENCE_WAITING);
			/* It is stated, told, and on record. */
			assert_int_equal(mem_store_case(&r->store, PEER, "case")->row.own_number, ends);
			assert_int_equal(r->store.n_custody, ends);
			assert_int_equal(r->store.n_events, ends);
			assert_null(strstr(r->did, ":pull"));
			rig_free(r);
		}
}

/* It is one of a later version: it is asked for again as after NOT_NOW. */
static void a_reason_that_is_not_known_is_no_reason_to_hurry(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = told(id.s, false, 77, false);

	(void)state;
	assert_int_equal(mem_store_evidence(&r->store, id.s, 1)->state, STORE_EVIDENCE_WAITING);
	assert_null(strstr(r->did, ":pull"));
	wake(r, 60000);
	assert_non_null(strstr(r->did, ":pull"));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fetch_of_what_the_sender_has_spoilt_ends),
		cmocka_unit_test(a_fetch_of_what_is_spoilt_at_both_sides_goes_on_waiting),
		cmocka_unit_test(what_is_fetched_again_is_destroyed_when_its_time_is_over),
		cmocka_unit_test(the_answer_says_what_happens),
		cmocka_unit_test(what_the_sender_has_destroyed_is_waited_for_no_more),
		cmocka_unit_test(a_reason_that_is_not_known_is_no_reason_to_hurry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
