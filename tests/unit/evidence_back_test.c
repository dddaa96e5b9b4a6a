/* A receiver of evidence that was restored from a backup: what it had said of the evidence before holds again once
 * it comes back (node/evidence/evidence_hear.c), also where it comes back before the evidence itself. */
#include "desk_rig.h"
#include "wire/message.h"

#define FILE "content"

/* A case that the peer has opened with a message that brought one file. */
static struct store_evidence *put_request(struct store_writeset **w, const char *case_id,
					  enum store_evidence_state state)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	struct store_evidence *e;
	struct store_case *c = put_case(w, PEER, case_id);

	c->peer_number = 1;
	put_message(w, PEER, case_id, case_id, &asked);
	e = &row(w, STORE_PUT_EVIDENCE)->evidence;
	*e = (struct store_evidence){ .message_id = cy_arena_string(&(*w)->arena, case_id),
				      .attachment = 1,
				      .peer = PEER,
				      .case_id = cy_arena_string(&(*w)->arena, case_id),
				      .author = STORE_PEER,
				      .number = 1,
				      .size = 10,
				      .sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1)),
				      .state = state,
				      .reason = "",
				      .retain_until = { START_MS + DAY } };
	if (state == STORE_EVIDENCE_HERE)
		e->arrived = (struct cy_wall){ START_MS - DAY };
	return e;
}

/* Our own statement about the file of that message of the peer. To be freed. */
static struct cy_buf statement(const char *id, const char *case_id, uint32_t number, uint32_t about,
			       const struct cy_digest *sha256, CyEvidenceFate fate)
{
	CyContent content = CY_CONTENT__INIT;
	CyEvidenceStatement said = CY_EVIDENCE_STATEMENT__INIT;
	CyStatedEvidence item = CY_STATED_EVIDENCE__INIT, *list = &item;

	item.message = about;
	item.attachment = 1;
	item.sha256 = (ProtobufCBinaryData){ .data = (uint8_t *)sha256->b, .len = CY_SHA256_LEN };
	item.fate = fate;
	item.at_ms = START_MS - 1000;
	item.reason = (char *)"as it was said";
	said.items = &list;
	said.n_items = 1;
	content.kind_case = CY_CONTENT__KIND_EVIDENCE_STATEMENT;
	content.evidence_statement = &said;
	return desk_lost_message(id, case_id, number, about, &content);
}

static const struct store_custody *last_custody(const struct rig *r)
{
	return r->store.n_custody > 0 ? r->store.custody[r->store.n_custody - 1] : NULL;
}

/* It is in the store as `before`, and we had said since what became of it. */
static void comes_back(enum store_evidence_state before, bool hold, CyEvidenceFate fate,
		       enum store_evidence_state after, const char *action)
{
	const struct cy_uuid one = some_id(1), said = some_id(2);
	const struct cy_digest sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1));
	struct store_writeset *w = NULL;
	struct store_evidence *e;
	const struct store_evidence *now;
	struct cy_buf m = statement(said.s, one.s, 1, 1, &sha256, fate);
	struct rig *r = rig_new(true);
	struct line *l;

	e = put_request(&w, one.s, before);
	e->legal_hold = hold;
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
	mem_store_apply(&r->store, w);
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	desk_heads(r, l, one.s, 1, true);
	desk_gives_back(r, l, one.s, said.s, cy_buf_view(&m), NULL);
	assert_non_null(mem_store_message(&r->store, said.s));
	now = mem_store_evidence(&r->store, one.s, 1);
	assert_int_equal(now->state, after);
	assert_false(now->unstated);
	if (action == NULL) {
		assert_null(last_custody(r));
	} else {
		assert_string_equal(last_custody(r)->action, action);
		assert_string_equal(last_custody(r)->by, SELF);
		assert_string_equal(last_custody(r)->proof, said.s);
		assert_string_equal(now->reason, "as it was said");
	}
	cy_buf_free(&m);
	rig_free(r);
}

static void what_a_restored_receiver_had_said_of_evidence_holds_again(void **state)
{
	(void)state;
	comes_back(STORE_EVIDENCE_WAITING, false, CY_EVIDENCE_FATE__DESTROYED, STORE_EVIDENCE_DESTROYED, "destroyed");
	comes_back(STORE_EVIDENCE_HERE, false, CY_EVIDENCE_FATE__DESTROYED, STORE_EVIDENCE_DESTROYED, "destroyed");
	comes_back(STORE_EVIDENCE_WAITING, false, CY_EVIDENCE_FATE__MISMATCHED, STORE_EVIDENCE_MISMATCHED,
		   "mismatched");
	comes_back(STORE_EVIDENCE_HERE, false, CY_EVIDENCE_FATE__WANTED, STORE_EVIDENCE_WAITING, "wanted");
	/* It may be gone from the disk since: it is pulled. */
	comes_back(STORE_EVIDENCE_WAITING, false, CY_EVIDENCE_FATE__ARRIVED, STORE_EVIDENCE_WAITING, NULL);
	/* Nothing shows that the hold has ended. */
	comes_back(STORE_EVIDENCE_HERE, true, CY_EVIDENCE_FATE__DESTROYED, STORE_EVIDENCE_HERE, NULL);
}

static CyAttachment records(const struct cy_digest *sha256)
{
	CyAttachment a = CY_ATTACHMENT__INIT;

	a.name = (char *)"records.csv";
	a.media_type = (char *)"text/csv";
	a._size_case = CY_ATTACHMENT___SIZE_SIZE;
	a.size = 10;
	a.chunk_bytes = CY_CHUNK;
	a.sha256 = a.chunk_root = (ProtobufCBinaryData){ .data = (uint8_t *)sha256->b, .len = CY_SHA256_LEN };
	return a;
}

/* A supplement of the peer with one file. */
static struct cy_uuid supply(struct rig *r, const struct line *l, const char *case_id, uint32_t number,
			     const struct cy_digest *sha256)
{
	CyContent content = CY_CONTENT__INIT;
	CySupplement s = CY_SUPPLEMENT__INIT;
	CyAttachment a = records(sha256), *list = &a;

	s.text = (char *)"The records.";
	s.attachments = &list;
	s.n_attachments = 1;
	content.kind_case = CY_CONTENT__KIND_SUPPLEMENT;
	content.supplement = &s;
	return desk_parcel(r, l, case_id, number, 0, true, &content);
}

/* The statement was fetched back in another session than the one in which the message comes again. */
static void what_was_said_of_evidence_before_its_message_came_again_holds(void **state)
{
	const struct cy_uuid one = some_id(1), said = some_id(2);
	const struct cy_digest sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1));
	const struct law_fact fact = { .side = CY_SIDE__REQUESTED,
				       .number = 1,
				       .seen = 2,
				       .kind = CY_CONTENT__KIND_EVIDENCE_STATEMENT,
				       .at_ms = START_MS };
	struct cy_buf m = statement(said.s, one.s, 1, 2, &sha256, CY_EVIDENCE_FATE__DESTROYED);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);
	struct store_message *row;
	struct cy_uuid second, third;
	struct line *l;

	(void)state;
	put_request(&w, one.s, STORE_EVIDENCE_WAITING);
	row = put_message(&w, PEER, one.s, said.s, &fact);
	row->seen = 2;
	row->content = cy_buf_view(&m);
	row->digest = cy_sha256(row->content);
	row->size = row->content.len;
	mem_store_apply(&r->store, w);
	mem_store_case(&r->store, PEER, one.s)->row.own_number = 1;
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	second = supply(r, l, one.s, 2, &sha256);
	rig_settle(r);
	third = supply(r, l, one.s, 3, &sha256);
	rig_settle(r);
	assert_int_equal(mem_store_evidence(&r->store, one.s, 1)->state, STORE_EVIDENCE_WAITING);
	assert_int_equal(mem_store_evidence(&r->store, second.s, 1)->state, STORE_EVIDENCE_DESTROYED);
	assert_int_equal(mem_store_evidence(&r->store, third.s, 1)->state, STORE_EVIDENCE_WAITING);
	assert_string_equal(last_custody(r)->proof, said.s);
	cy_buf_free(&m);
	rig_free(r);
}

/* What had been stated comes back first: else it would be stated twice, and there may be no room for that in the
 * case. */
static void nothing_is_stated_to_a_peer_while_it_gives_back_what_was_lost(void **state)
{
	const struct cy_uuid one = some_id(1), other = some_id(2);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);
	struct line *l;

	(void)state;
	put_request(&w, one.s, STORE_EVIDENCE_HERE)->unstated = true;
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
	mem_store_apply(&r->store, w);
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	rig_settle(r);
	assert_int_equal(mem_store_case(&r->store, PEER, one.s)->row.own_number, 0);
	desk_heads(r, l, other.s, 0, true);
	assert_false(mem_store_peer(&r->store, PEER)->stream.reconciling);
	assert_int_equal(mem_store_case(&r->store, PEER, one.s)->row.own_number, 1);
	assert_string_equal(last_custody(r)->action, "arrived");
	rig_free(r);
}

/* As if it had come in another parcel before: it is on record, and the peer sends it once more. */
static void what_became_of_evidence_is_stated_anew_where_its_message_comes_again(void **state)
{
	const struct cy_uuid one = some_id(1);
	const struct cy_digest sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1));
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);
	struct store_evidence *e;
	struct cy_uuid second;
	uint32_t stated;
	struct line *l;

	(void)state;
	put_request(&w, one.s, STORE_EVIDENCE_WAITING);
	mem_store_apply(&r->store, w);
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	second = supply(r, l, one.s, 2, &sha256);
	rig_settle(r);
	w = NULL;
	e = &row(&w, STORE_PUT_EVIDENCE)->evidence;
	*e = *mem_store_evidence(&r->store, second.s, 1);
	e->state = STORE_EVIDENCE_DESTROYED;
	mem_store_apply(&r->store, w);
	stated = mem_store_case(&r->store, PEER, one.s)->row.own_number;
	give_parcel_at(r, l, ++r->n_parcels, second.s, mem_store_message(&r->store, second.s)->row.content);
	rig_settle(r);
	assert_int_equal(mem_store_case(&r->store, PEER, one.s)->row.own_number, stated + 1);
	assert_string_equal(last_custody(r)->action, "destroyed");
	rig_free(r);
}

/* What was found of its bytes holds, and so does that our copy was deleted: nobody has hashed it since. */
static void what_is_known_of_our_own_evidence_holds_when_its_message_comes_back(void **state)
{
	const struct law_fact fact = {
		.side = CY_SIDE__REQUESTED, .number = 1, .seen = 1, .kind = CY_CONTENT__KIND_RESULT, .at_ms = START_MS
	};
	const struct cy_uuid one = some_id(1), said = some_id(2);
	const struct cy_digest sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1));
	CyAttachment a = records(&sha256), *list = &a;
	CyContent content = CY_CONTENT__INIT;
	CyResult result = CY_RESULT__INIT;
	struct cy_buf m;

	(void)state;
	result.attachments = &list;
	result.n_attachments = 1;
	content.kind_case = CY_CONTENT__KIND_RESULT;
	content.result = &result;
	m = desk_lost_message(said.s, one.s, 1, 1, &content);
	for (unsigned way = 0; way < 3; way++) {
		const enum store_flaw flaw = way == 0 ? STORE_SPOILT : way == 1 ? STORE_MISSING : STORE_SOUND;
		struct rig *r = rig_new(true);
		struct store_writeset *w = NULL;
		const struct store_evidence *now;
		struct store_message *waits;
		struct store_evidence *e;
		struct line *l;

		/* It waits in what was restored; the peer has it. */
		put_request(&w, one.s, STORE_EVIDENCE_WAITING);
		waits = put_message(&w, PEER, one.s, said.s, &fact);
		waits->transport = STORE_QUEUED;
		waits->content = cy_buf_view(&m);
		waits->digest = cy_sha256(waits->content);
		waits->size = waits->content.len;
		e = &row(&w, STORE_PUT_EVIDENCE)->evidence;
		*e = (struct store_evidence){ .message_id = cy_arena_string(&w->arena, said.s),
					      .attachment = 1,
					      .peer = PEER,
					      .case_id = cy_arena_string(&w->arena, one.s),
					      .author = STORE_OWN,
					      .number = 1,
					      .size = 10,
					      .sha256 = sha256,
					      .root = sha256,
					      .state = STORE_EVIDENCE_OFFERED,
					      .reason = "",
					      .deleted = way == 2,
					      .verified = { START_MS - DAY },
					      .flaw = flaw };
		row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
		mem_store_apply(&r->store, w);
		rig_start(r);
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		desk_heads(r, l, one.s, 1, true);
		desk_gives_back(r, l, one.s, said.s, cy_buf_view(&m), NULL);
		assert_int_equal(mem_store_message(&r->store, said.s)->row.transport, STORE_RELAYED);
		now = mem_store_evidence(&r->store, said.s, 1);
		assert_int_equal(now->flaw, flaw);
		assert_int_equal(now->deleted, way == 2);
		assert_int_equal(now->verified.ms, START_MS - DAY);
		rig_free(r);
	}
	cy_buf_free(&m);
}

/* On the disk is what came after the backup, and nothing in the store knows it when the peer is met. */
static const char *const stray_text = "stray";

static struct cy_digest stray_digest(void)
{
	return cy_sha256(cy_bytes(stray_text, strlen(stray_text)));
}

static void look(struct rig *r)
{
	for (size_t i = 0; i < 10; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
}

static void list(struct rig *r, const struct cy_digest *sha256)
{
	r->disk.listed[r->disk.n_listed++] = *sha256;
}

/* It is met, and a month goes by; `then` is stored meanwhile. */
static void a_month_goes_by(struct rig *r, struct store_writeset *then)
{
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	look(r);
	assert_int_equal(r->disk.n_destroyed, 0); /* whoever restores another backup, or another directory, has time */
	if (then != NULL)
		mem_store_apply(&r->store, then);
	r->clock.now += 31 * DAY;
	look(r);
}

/* What rows have, wait for, or stand behind a quota with stays, and so does what a client has handed over. */
static void content_that_nothing_in_a_restored_store_knows_is_destroyed(void **state)
{
	static const enum store_evidence_state states[] = { STORE_EVIDENCE_HERE, STORE_EVIDENCE_WAITING,
							    STORE_EVIDENCE_HELD_BACK };
	const struct cy_digest stray = stray_digest(), put = cy_sha256(cy_bytes("put", 3));
	const struct cy_digest sha256 = cy_sha256(cy_bytes(FILE, sizeof FILE - 1));

	(void)state;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		const struct cy_uuid one = some_id(1);
		struct store_writeset *w = NULL;
		struct rig *r = rig_new(true);

		put_request(&w, one.s, states[i])->retain_until = (struct cy_wall){ 0 };
		row(&w, STORE_PUT_UPLOAD)->upload =
			(struct store_upload){ .client = DESK, .sha256 = put, .size = 3, .at = { START_MS + 9 * DAY } };
		mem_store_apply(&r->store, w);
		list(r, &put);
		list(r, &sha256);
		list(r, &stray);
		rig_start(r);
		rig_settle(r);
		assert_int_equal(r->store.n_uploads, 1); /* the peer was not met */
		a_month_goes_by(r, NULL);
		assert_non_null(strstr(r->all, "no message or upload knows it"));
		assert_int_equal(r->disk.n_destroyed, 1);
		assert_memory_equal(r->disk.destroyed.b, stray.b, CY_SHA256_LEN);
		assert_int_equal(r->store.n_uploads, 1);
		assert_int_equal(r->store.n_leftovers, 0);
		rig_free(r);
	}
}

/* Its message comes back late, and there may be no other copy anywhere. */
static void content_that_is_needed_since_it_was_found_stays(void **state)
{
	static const enum store_evidence_state states[] = { STORE_EVIDENCE_WAITING, STORE_EVIDENCE_HELD_BACK };

	(void)state;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		const struct cy_uuid one = some_id(1);
		struct store_writeset *then = NULL;
		struct rig *r = rig_new(true);
		struct store_evidence *e = put_request(&then, one.s, states[i]);

		e->retain_until = (struct cy_wall){ 0 };
		list(r, &e->sha256);
		rig_start(r);
		a_month_goes_by(r, then);
		assert_int_equal(r->disk.n_destroyed, 0);
		assert_int_equal(r->store.n_leftovers, 0);
		rig_free(r);
	}
}

/* Nobody can say which content that is. */
static void nothing_unknown_goes_while_a_lost_message_is_under_a_legal_hold(void **state)
{
	const struct cy_digest stray = stray_digest();

	(void)state;
	for (int released = 0; released < 2; released++) {
		struct node_order o = { .at = { START_MS - 1 }, .attachment = 1 };
		const struct cy_uuid lost = some_id(9);
		char line[NODE_ORDER_LINE];
		struct rig *r = rig_new(true);
		struct orders_mark mark = orders_first(SELF, line);

		cy_copy(o.peer, sizeof o.peer, PEER);
		cy_copy(o.case_id, sizeof o.case_id, lost.s);
		cy_copy(o.message_id, sizeof o.message_id, lost.s);
		cy_copy(o.by, sizeof o.by, DESK);
		r->ports.orders = orders_mem_port(&r->orders);
		for (int kind = NODE_ORDER_HOLD; kind <= NODE_ORDER_HOLD + released; kind++) {
			o.kind = (enum node_order_kind)kind;
			orders_write(&mark, &o, line);
			assert_int_equal(r->ports.orders.append(r->ports.orders.ctx, mark.number, line, NULL), CY_OK);
		}
		list(r, &stray);
		rig_begin(r);
		a_month_goes_by(r, NULL);
		assert_int_equal(r->disk.n_destroyed, released);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_restored_receiver_had_said_of_evidence_holds_again),
		cmocka_unit_test(what_was_said_of_evidence_before_its_message_came_again_holds),
		cmocka_unit_test(nothing_is_stated_to_a_peer_while_it_gives_back_what_was_lost),
		cmocka_unit_test(what_is_known_of_our_own_evidence_holds_when_its_message_comes_back),
		cmocka_unit_test(what_became_of_evidence_is_stated_anew_where_its_message_comes_again),
		cmocka_unit_test(content_that_nothing_in_a_restored_store_knows_is_destroyed),
		cmocka_unit_test(content_that_is_needed_since_it_was_found_stays),
		cmocka_unit_test(nothing_unknown_goes_while_a_lost_message_is_under_a_legal_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
