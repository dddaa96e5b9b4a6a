/* What becomes of our signatures at a peer that refuses one: the certificate of some has been revoked,
 * and we do not know it (node/signing.c, giveback.c, resend.c). */
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
		r->now += HOUR;
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
	r->now += HOUR;
	r->renewed = r->now;
	l = meet(r);
	assert_int_equal(fetch(r, l, 0), r->now);
	assert_int_equal(fetch(r, l, 1), r->now);
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
	r->now += HOUR;
	early = r->renewed = r->now;
	l = meet(r);
	assert_int_equal(fetch(r, l, 0), early);
	say_refused(r, l);
	r->now += HOUR;
	l = meet(r);
	/* Not a second time by the same certificate. */
	assert_int_equal(fetch(r, l, 0), early);
	assert_int_equal(fetch(r, l, 1), r->now);
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
	r->now += HOUR;
	l = meet(r);
	desk_submit(r, 1, id.s, CY_PRIORITY__NORMAL, "{\"content\":{\"note\":{\"text\":\"Since.\"}}}");
	rig_settle(r);
	assert_int_equal(manifest_made, r->now);
	node_link_down(r->node, l->session, "connection reset");
	r->now += HOUR;
	r->renewed = r->now;
	meet(r);
	assert_int_equal(manifest_made, r->now);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_another_certificate_signed_is_signed_anew),
		cmocka_unit_test(what_the_new_certificate_signed_too_early_holds_up_nothing_of_the_old_one),
		cmocka_unit_test(a_parcel_of_another_certificate_travels_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
