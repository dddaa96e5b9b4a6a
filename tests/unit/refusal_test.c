/* What becomes of our signatures at a peer that refuses one: the certificate of some has been revoked,
 * and we do not know it (node/core/signing.c, giveback.c, resend.c). */
#include "desk_rig.h"

#define HOUR INT64_C(3600000)

static int (*send_any)(void *ctx, uint64_t session, struct cy_bytes frame);

/* When the receipt was made that was given back last, and the manifest that left last; 0: none. */
static int64_t receipt_made, manifest_made;

static int64_t made_of(const CySignedText *st)
{
	struct wire_text *t = calloc(1, sizeof *t);
	int64_t ms;

	assert_non_null(t);
	assert_int_equal(wire_text_read(cy_bytes(st->text.data, st->text.len), t, NULL), CY_OK);
	ms = t->made.ms;
	free(t);
	return ms;
}

static int send_and_look(void *ctx, uint64_t session, struct cy_bytes frame)
{
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);

	assert_non_null(f);
	if (f->kind_case == CY_PEER_FRAME__KIND_FETCHED && f->fetched->receipt != NULL)
		receipt_made = made_of(f->fetched->receipt);
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		manifest_made = made_of(f->parcel->manifest);
	cy_peer_frame__free_unpacked(f, NULL);
	return send_any(ctx, session, frame);
}

/* With a case of ours as the requesting side, and one that the peer has opened. */
static struct rig *started(void)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	struct cy_uuid asked = some_id(100), opened = some_id(101);

	put_case(&w, PEER, asked.s)->side = CY_SIDE__REQUESTING;
	put_open_case(&w, opened.s, 0);
	mem_store_apply(&r->store, w);
	send_any = r->ports.link.send;
	r->ports.link.send = send_and_look;
	rig_start(r);
	return r;
}

static struct line *meet(struct rig *r)
{
	receipt_made = manifest_made = 0;
	return rig_session(r, WIRE_MESSAGES, true, all_features, 2);
}

static void say_refused(struct rig *r, const struct line *l)
{
	give_goodbye(r, l, CY_GOODBYE_CODE__SIGNATURE);
	rig_settle(r);
	assert_true(l->closed);
}

/* When the receipt was made that the peer gets for its message `after` + 1. */
static int64_t fetch(struct rig *r, const struct line *l, uint32_t after)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetchRequest request = CY_FETCH_REQUEST__INIT;
	struct cy_uuid id = some_id(100);

	request.case_id = id.s;
	request.after = after;
	f.kind_case = CY_PEER_FRAME__KIND_FETCH_REQUEST;
	f.fetch_request = &request;
	receipt_made = 0;
	rig_give_peer(r, l, &f);
	rig_settle(r);
	assert_false(l->closed);
	return receipt_made;
}

static struct line *two_receipts(struct rig *r, bool refused_between)
{
	struct cy_uuid id = some_id(100);
	struct line *l = meet(r);

	desk_parcel_note(r, l, id.s, 1, false);
	if (refused_between) {
		say_refused(r, l);
		r->clock.now += HOUR;
		l = meet(r);
	}
	desk_parcel_note(r, l, id.s, 2, false);
	return l;
}

/* Two receipts, the second of them made after the peer had refused something; then our certificate is renewed.
 * That the second is refused would say nothing of what the new certificate has signed. */
static void all_that_another_certificate_signed_is_signed_anew(void **state)
{
	struct rig *r = started();
	struct line *l = two_receipts(r, true);

	(void)state;
	node_link_down(r->node, l->session, "connection reset");
	r->clock.now += HOUR;
	r->signer.renewed = r->clock.now;
	l = meet(r);
	assert_int_equal(fetch(r, l, 0), r->clock.now);
	assert_int_equal(fetch(r, l, 1), r->clock.now);
	rig_free(r);
}

/* The peer has pinned the new certificate only after it had refused what that one signed. */
static void what_the_new_certificate_signed_too_early_holds_up_nothing_of_the_old_one(void **state)
{
	struct rig *r = started();
	struct line *l = two_receipts(r, false);
	int64_t early;

	(void)state;
	say_refused(r, l);
	r->clock.now += HOUR;
	early = r->signer.renewed = r->clock.now;
	l = meet(r);
	assert_int_equal(fetch(r, l, 0), early);
	say_refused(r, l);
	r->clock.now += HOUR;
	l = meet(r);
	/* Not a second time by the same certificate. */
	assert_int_equal(fetch(r, l, 0), early);
	assert_int_equal(fetch(r, l, 1), r->clock.now);
	rig_free(r);
}

/* The same of our parcels: one that was signed since the last refusal. */
static void a_parcel_of_another_certificate_travels_anew(void **state)
{
	struct rig *r = started();
	struct cy_uuid id = some_id(101);
	struct line *l = meet(r);

	(void)state;
	say_refused(r, l);
	r->clock.now += HOUR;
	l = meet(r);
	desk_submit(r, 1, id.s, CY_PRIORITY__NORMAL, "{\"content\":{\"note\":{\"text\":\"Since.\"}}}");
	rig_settle(r);
	assert_int_equal(manifest_made, r->clock.now);
	node_link_down(r->node, l->session, "connection reset");
	r->clock.now += HOUR;
	r->signer.renewed = r->clock.now;
	meet(r);
	assert_int_equal(manifest_made, r->clock.now);
	rig_free(r);
}

/* ------------------------------------------------------------------ what is given back to us */

static struct cy_buf lost_note(const char *id)
{
	struct cy_uuid one = some_id(100);
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;

	note.text = (char *)"a note";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	return desk_lost_message(id, one.s, 1, 0, &content);
}

/* The parcel of desk_gives_back() with this message, and its receipt. */
static void put_parcel(struct store_writeset **w, const char *id, struct cy_bytes message)
{
	struct wire_text text = { .made = { START_MS }, .epoch = (uint64_t)START_MS - 1000, .sequence = 1 };
	struct store_parcel *p = &row(w, STORE_PUT_PARCEL)->parcel;
	struct cy_arena *a = &(*w)->arena;
	struct sealed manifest, receipt;

	desk_seal_both(&text, SELF, PEER, id, message, &manifest, &receipt);
	*p = (struct store_parcel){ .peer = PEER,
				    .author = STORE_OWN,
				    .epoch = text.epoch,
				    .sequence = 1,
				    .made = text.made,
				    .messages = 1,
				    .manifest = cy_arena_bytes(a, cy_buf_view(&manifest.text)),
				    .signature = cy_arena_bytes(a, cy_bytes(manifest.seal.b, sizeof manifest.seal.b)),
				    .digest = cy_sha256(cy_buf_view(&manifest.text)),
				    .receipt = cy_arena_bytes(a, cy_buf_view(&receipt.text)),
				    .receipt_signature =
					    cy_arena_bytes(a, cy_bytes(receipt.seal.b, sizeof receipt.seal.b)) };
	cy_buf_free(&manifest.text);
	cy_buf_free(&receipt.text);
}

/* A restored store that holds one message of ours, with its receipt. The peer judges it otherwise, as its heads
 * say, and is asked for that. */
static struct rig *asks(const char *id, struct cy_bytes message, struct line **ret_line)
{
	static const struct law_fact opened = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	static const struct law_fact left = { .side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE };
	struct cy_uuid one = some_id(100), request = some_id(10);
	uint8_t verdicts[CY_SHA256_LEN] = { 1 };
	struct store_writeset *w = NULL;
	struct store_message *m;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads page = CY_HEADS__INIT;
	CyCaseHead head = CY_CASE_HEAD__INIT, *list = &head;
	struct rig *r = rig_new(false);

	put_case(&w, PEER, one.s)->own_number = 1;
	put_message(&w, PEER, one.s, request.s, &opened);
	m = put_message(&w, PEER, one.s, id, &left);
	m->epoch = (uint64_t)START_MS - 1000;
	m->sequence = 1;
	m->digest = cy_sha256(message);
	put_parcel(&w, id, message);
	row(&w, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = PEER, .reconciling = true, .out_epoch = START_MS };
	mem_store_apply(&r->store, w);
	r->holds = (struct xchg_pos){ (uint64_t)START_MS - 1000, 1 };
	rig_start(r);
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	head.case_id = one.s;
	head.yours = 1;
	head.verdicts = (ProtobufCBinaryData){ .data = verdicts, .len = sizeof verdicts };
	page.heads = &list;
	page.n_heads = 1;
	page.last = true;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &page;
	rig_give_peer(r, *ret_line, &f);
	rig_settle(r);
	return r;
}

/* Given back is what the store holds: the certificate of its receipt has been revoked since; that of its manifest
 * is not among our earlier ones, and that is no fault of the peer's signatures. */
static void who_is_at_fault_for_what_is_given_back(void **state)
{
	const struct cy_uuid one = some_id(100), id = some_id(20);
	struct cy_buf message = lost_note(id.s);

	(void)state;
	for (int lost_own = 0; lost_own <= 1; lost_own++) {
		struct line *l;
		struct rig *r = asks(id.s, cy_buf_view(&message), &l);

		r->signer.trusts_from = lost_own ? 0 : INT64_MAX;
		r->signer.lost_own = lost_own;
		desk_gives_back(r, l, one.s, id.s, cy_buf_view(&message), NULL);
		assert_null(strstr(r->did, "goodbye-SIGNATURE"));
		assert_int_equal(strstr(r->did, "goodbye-PROTOCOL") != NULL, lost_own);
		assert_int_equal(strstr(r->journal, "own_signing_certificates") != NULL, lost_own);
		assert_int_equal(mem_store_peer(&r->store, PEER)->stream.reconciling, lost_own);
		rig_free(r);
	}
	cy_buf_free(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_another_certificate_signed_is_signed_anew),
		cmocka_unit_test(what_the_new_certificate_signed_too_early_holds_up_nothing_of_the_old_one),
		cmocka_unit_test(a_parcel_of_another_certificate_travels_anew),
		cmocka_unit_test(who_is_at_fault_for_what_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
