/* What quotas hold back of a peer's evidence (node/evidence/evidence.c): to the byte, in what was there and in
 * what one batch adds. */
#include "desk_rig.h"

/* A case that the peer has opened and we have acknowledged. */
static void put_running_case(struct store_writeset **w, const char *case_id)
{
	struct law_fact request = { .side = CY_SIDE__REQUESTING,
				    .number = 1,
				    .kind = CY_CONTENT__KIND_REQUEST,
				    .measures = 1,
				    .at_ms = START_MS },
			ack = { .side = CY_SIDE__REQUESTED,
				.number = 1,
				.seen = 1,
				.kind = CY_CONTENT__KIND_ACKNOWLEDGEMENT,
				.at_ms = START_MS };
	struct store_case *c = put_case(w, PEER, case_id);
	char ack_id[64];

	snprintf(ack_id, sizeof ack_id, "ack-%s", case_id);
	c->own_number = c->peer_number = 1;
	ack.code[0] = CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY;
	put_message(w, PEER, case_id, case_id, &request);
	put_message(w, PEER, case_id, ack_id, &ack);
}

static struct store_evidence *put_held(struct store_writeset **w, const char *case_id, enum store_author author,
				       enum store_evidence_state state, uint32_t attachment, uint64_t size)
{
	struct store_evidence *e;
	char ack_id[64];

	snprintf(ack_id, sizeof ack_id, "ack-%s", case_id);
	e = &row(w, STORE_PUT_EVIDENCE)->evidence;
	*e = (struct store_evidence){ .message_id =
					      author == STORE_OWN ? cy_arena_string(&(*w)->arena, ack_id) : case_id,
				      .attachment = attachment,
				      .peer = PEER,
				      .case_id = case_id,
				      .author = author,
				      .number = 1,
				      .size = size,
				      .sha256 = cy_sha256(cy_bytes(&attachment, sizeof attachment)),
				      .state = state,
				      .reason = "" };
	return e;
}

/* A supplement with files of these sizes; 0 ends them. */
static struct cy_uuid supply(struct rig *r, const struct line *l, const char *case_id, uint32_t number,
			     const uint64_t *sizes)
{
	static uint8_t digest[CY_SHA256_LEN];
	CyContent content = CY_CONTENT__INIT;
	CySupplement s = CY_SUPPLEMENT__INIT;
	CyAttachment files[4], *list[4];

	for (; sizes[s.n_attachments] > 0; s.n_attachments++) {
		CyAttachment *a = list[s.n_attachments] = &files[s.n_attachments];

		cy_attachment__init(a);
		a->name = (char *)"records.csv";
		a->media_type = (char *)"text/csv";
		a->_size_case = CY_ATTACHMENT___SIZE_SIZE;
		a->size = sizes[s.n_attachments];
		a->chunk_bytes = CY_CHUNK;
		a->sha256 = a->chunk_root = (ProtobufCBinaryData){ .data = digest, .len = sizeof digest };
	}
	s.text = (char *)"The records.";
	s.attachments = list;
	content.kind_case = CY_CONTENT__KIND_SUPPLEMENT;
	content.supplement = &s;
	return desk_parcel(r, l, case_id, number, 1, true, &content);
}

/* 'w' for what waits to be fetched, 'h' for what is held back, each file of a message. */
static void are(const struct rig *r, struct cy_uuid message, const char *states)
{
	for (uint32_t i = 0; states[i] != '\0'; i++) {
		const struct store_evidence *e = mem_store_evidence(&r->store, message.s, i + 1);

		assert_non_null(e);
		assert_int_equal(e->state, states[i] == 'w' ? STORE_EVIDENCE_WAITING : STORE_EVIDENCE_HELD_BACK);
	}
}

static struct rig *with_quotas(struct store_writeset *w, uint64_t of_case, uint64_t of_peer, struct line **ret_line)
{
	struct rig *r = rig_new(true);

	r->config.quota_case = of_case;
	r->config.quota_peer = of_peer;
	mem_store_apply(&r->store, w);
	rig_start(r);
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	return r;
}

#define SIZES(...)             \
	(const uint64_t[])     \
	{                      \
		__VA_ARGS__, 0 \
	}

/* 60 of 100 bytes are taken; what is ours, destroyed or held back takes nothing. */
static void a_case_may_have_as_much_as_its_quota_says_and_no_byte_more(void **state)
{
	const struct cy_uuid one = some_id(1), two = some_id(2);
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;
	struct cy_uuid message;

	(void)state;
	put_running_case(&w, one.s);
	put_running_case(&w, two.s);
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_HERE, 1, 40);
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_WAITING, 2, 20);
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_DESTROYED, 3, 500);
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_HELD_BACK, 4, 500);
	put_held(&w, one.s, STORE_OWN, STORE_EVIDENCE_HERE, 5, 500);
	r = with_quotas(w, 100, 0, &l);
	message = supply(r, l, one.s, 2, SIZES(41, 40, 1));
	rig_settle(r);
	are(r, message, "hwh");
	/* What one case has does not count for another. */
	message = supply(r, l, two.s, 2, SIZES(101, 99, 1, 1));
	rig_settle(r);
	are(r, message, "hwwh");
	rig_free(r);
}

static void what_one_batch_brings_for_a_case_counts_together(void **state)
{
	const struct cy_uuid one = some_id(1), two = some_id(2);
	struct store_writeset *w = NULL;
	struct cy_uuid first, second, third;
	struct line *l;
	struct rig *r;

	(void)state;
	put_running_case(&w, one.s);
	put_running_case(&w, two.s);
	r = with_quotas(w, 100, 0, &l);
	first = supply(r, l, one.s, 2, SIZES(50));
	/* That one is being signed; those that follow share a batch. */
	assert_true(r->signer.n > 0);
	second = supply(r, l, one.s, 3, SIZES(30, 21));
	third = supply(r, l, two.s, 2, SIZES(100, 1));
	rig_settle(r);
	are(r, first, "w");
	are(r, second, "wh");
	are(r, third, "wh");
	rig_free(r);
}

static void an_authority_may_have_as_much_in_all_its_cases_together(void **state)
{
	const struct cy_uuid one = some_id(1), two = some_id(2);
	struct store_writeset *w = NULL;
	struct cy_uuid first, second, third;
	struct line *l;
	struct rig *r;

	(void)state;
	put_running_case(&w, one.s);
	put_running_case(&w, two.s);
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_HERE, 1, 60);
	r = with_quotas(w, 0, 200, &l);
	first = supply(r, l, two.s, 2, SIZES(100));
	second = supply(r, l, one.s, 2, SIZES(41, 39));
	third = supply(r, l, two.s, 3, SIZES(2, 1, 1));
	rig_settle(r);
	are(r, first, "w");
	are(r, second, "hw");
	are(r, third, "hwh");
	rig_free(r);
}

/* Without another configuration, and without a start. */
static void what_is_held_back_is_wanted_when_what_was_there_is_destroyed(void **state)
{
	const struct cy_uuid one = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);
	struct store_evidence *over;

	(void)state;
	put_running_case(&w, one.s);
	over = put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_HERE, 1, 60);
	over->retrieved = true;
	over->retain_until = (struct cy_wall){ START_MS + DAY / 2 };
	put_held(&w, one.s, STORE_PEER, STORE_EVIDENCE_HELD_BACK, 2, 50);
	r->config.quota_case = 100;
	mem_store_apply(&r->store, w);
	rig_start(r);
	/* A peer that was met since the start knows of no later life of this store. */
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(mem_store_evidence(&r->store, one.s, 2)->state, STORE_EVIDENCE_HELD_BACK);
	r->clock.now += DAY;
	node_wake(r->node);
	rig_settle(r);
	assert_int_equal(mem_store_evidence(&r->store, one.s, 1)->state, STORE_EVIDENCE_DESTROYED);
	node_wake(r->node);
	rig_settle(r);
	assert_int_equal(mem_store_evidence(&r->store, one.s, 2)->state, STORE_EVIDENCE_WAITING);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_case_may_have_as_much_as_its_quota_says_and_no_byte_more),
		cmocka_unit_test(what_one_batch_brings_for_a_case_counts_together),
		cmocka_unit_test(an_authority_may_have_as_much_in_all_its_cases_together),
		cmocka_unit_test(what_is_held_back_is_wanted_when_what_was_there_is_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
