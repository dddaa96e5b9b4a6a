/* Receipts that come in another order, twice, late, or get lost (node/peers/outbound.c, resend.c). */
#include "desk_rig.h"

#define NOTE "{\"content\":{\"note\":{\"text\":\"Written since.\"}}}"

static size_t parcels_sent;

static int (*send_any)(void *ctx, uint64_t session, struct cy_bytes frame);

static int send_and_count(void *ctx, uint64_t session, struct cy_bytes frame)
{
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);

	assert_non_null(f);
	parcels_sent += f->kind_case == CY_PEER_FRAME__KIND_PARCEL;
	cy_peer_frame__free_unpacked(f, NULL);
	return send_any(ctx, session, frame);
}

/* A session, in which `n` parcels of one note each have left. */
static struct rig *with_parcels(unsigned n, struct line **ret_line)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	put_open_case(&w, "case", 0);
	mem_store_apply(&r->store, w);
	send_any = r->ports.link.send;
	r->ports.link.send = send_and_count;
	parcels_sent = 0;
	rig_start(r);
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	for (unsigned i = 0; i < n; i++) {
		desk_submit(r, 1, "case", CY_PRIORITY__NORMAL, NOTE);
		rig_settle(r);
	}
	assert_int_equal(parcels_sent, n);
	return r;
}

static const struct store_parcel *parcel(struct rig *r, size_t i)
{
	return &mem_store_peer(&r->store, PEER)->parcels[STORE_OWN].at[i]->row;
}

static void receipt(struct rig *r, const struct line *l, size_t i)
{
	const struct store_parcel *row = parcel(r, i);

	desk_receipt(r, l, row, &row->digest);
}

static size_t told(const struct rig *r, CyEventType type)
{
	size_t n = 0;

	for (size_t i = 0; i < r->store.n_events; i++)
		n += r->store.events[i]->type == type;
	return n;
}

/* Another session with the peer, which holds the first `held` parcels. */
static struct line *meet(struct rig *r, const struct line *before, uint64_t held)
{
	node_link_down(r->node, before->session, "connection reset");
	r->holds = (struct xchg_pos){ parcel(r, 0)->epoch, held };
	parcels_sent = 0;
	return rig_session(r, WIRE_MESSAGES, true, all_features, 2);
}

/* All that is sent again in a session that begins with everything receipted is nothing. */
static void receipts_in_another_order_leave_nothing_to_send_again(void **state)
{
	struct line *l;
	struct rig *r = with_parcels(4, &l);

	(void)state;
	receipt(r, l, 2);
	rig_settle(r);
	receipt(r, l, 1);
	receipt(r, l, 0);
	rig_settle(r);
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.out_receipted, 3);
	receipt(r, l, 3);
	rig_settle(r);
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.out_receipted, 4);
	meet(r, l, 4);
	assert_int_equal(parcels_sent, 0);
	rig_free(r);
}

/* Two receipts for a dissolved parcel, and the one for the parcel in which its message has left since. */
static void what_several_receipts_of_one_batch_say_is_told_once(void **state)
{
	struct store_writeset *w = NULL;
	const struct store_parcel *first;
	struct store_message *m;
	struct line *l;
	struct rig *r = with_parcels(1, &l);

	(void)state;
	first = parcel(r, 0);
	row(&w, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = PEER, .epoch = first->epoch, .sequence = first->sequence };
	m = &row(&w, STORE_MARK_MESSAGE)->message;
	*m = mem_store_peer(&r->store, PEER)->open[0]->row;
	m->transport = STORE_QUEUED;
	mem_store_apply(&r->store, w);
	node_link_down(r->node, l->session, "connection reset");
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(parcels_sent, 2);
	desk_submit(r, 1, "case", CY_PRIORITY__NORMAL, NOTE);
	/* That batch is under way: the next one takes all three. */
	receipt(r, l, 0);
	receipt(r, l, 0);
	receipt(r, l, 1);
	rig_settle(r);
	assert_int_equal(told(r, CY_EVENT_TYPE__RELAY_ACCEPTED), 1);
	rig_free(r);
}

/* The peer was restored, and judges anew what is sent again; the connection is gone before its receipts
 * are here. They are asked for until they have come, and then never again. */
static void a_second_receipt_that_was_lost_is_asked_for_again(void **state)
{
	struct line *l;
	struct rig *r = with_parcels(3, &l);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		receipt(r, l, i);
	rig_settle(r);
	l = meet(r, l, 1);
	assert_int_equal(parcels_sent, 2);
	l = meet(r, l, 3);
	assert_int_equal(parcels_sent, 2);
	receipt(r, l, 1);
	rig_settle(r);
	l = meet(r, l, 3);
	assert_int_equal(parcels_sent, 1);
	receipt(r, l, 2);
	rig_settle(r);
	meet(r, l, 3);
	assert_int_equal(parcels_sent, 0);
	rig_free(r);
}

static int count(void *arg, const struct store_message *row)
{
	(void)row;
	++*(size_t *)arg;
	return CY_OK;
}

/* A receipt for parcel `i` with a verdict on its first message; of NOT_KNOWN the reason begins with a name. */
static void judge(struct rig *r, const struct line *l, size_t i, CyRejectionCode code, const char *reason)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyReceipt receipt = CY_RECEIPT__INIT;
	struct wire_text *t = calloc(1, sizeof *t);
	struct sealed s;

	assert_non_null(t);
	assert_int_equal(wire_text_read(parcel(r, i)->manifest, t, NULL), CY_OK);
	t->type = WIRE_RECEIPT;
	t->parcel = parcel(r, i)->digest;
	cy_copy(t->from, sizeof t->from, PEER);
	cy_copy(t->to, sizeof t->to, SELF);
	t->made = (struct cy_wall){ r->clock.now };
	t->entries[0].code = code;
	snprintf(t->entries[0].reason, sizeof t->entries[0].reason, "%s", reason);
	seal_text(&s, t, PEER);
	if (code == CY_REJECTION_CODE__NOT_KNOWN)
		assert_non_null(strstr((const char *)cy_buf_view(&s.text).data, "# rejected OUT_OF_HOURS nobody"));
	receipt.receipt = &s.st;
	f.kind_case = CY_PEER_FRAME__KIND_RECEIPT;
	f.receipt = &receipt;
	rig_give_peer(r, l, &f);
	rig_settle(r);
	assert_false(l->closed);
	cy_buf_free(&s.text);
	free(t);
}

/* The peer is of a later version, and rejects a message by a code of which nothing is known here: it is void all the
 * same, and nothing is sent again. A digest of verdicts leaves it out, as the peer's does: it is none of those that
 * the two compare. */
static void a_rejection_by_a_code_of_a_later_version_counts(void **state)
{
	struct line *l;
	struct rig *r = with_parcels(1, &l);
	const char *id = strdup(mem_store_peer(&r->store, PEER)->open[0]->row.id);
	const struct store_message *m;
	size_t compared = 0;

	(void)state;
	assert_non_null(id);
	judge(r, l, 0, CY_REJECTION_CODE__NOT_KNOWN, "OUT_OF_HOURS: nobody reads it at night");
	m = &mem_store_message(&r->store, id)->row;
	assert_int_equal(m->transport, STORE_RELAYED);
	assert_int_equal(m->void_code, CY_REJECTION_CODE__NOT_KNOWN);
	assert_string_equal(m->void_reason, "OUT_OF_HOURS: nobody reads it at night");
	assert_int_equal(told(r, CY_EVENT_TYPE__RELAY_REJECTED), 1);
	r->ports.store.judged_messages(r->ports.store.ctx, PEER, "case", STORE_OWN, count, &compared);
	assert_int_equal(compared, 0);
	meet(r, l, 1);
	assert_int_equal(parcels_sent, 0);
	free((void *)(uintptr_t)id);
	rig_free(r);
}

static enum store_evidence_state state_of_evidence(struct rig *r, const char *id)
{
	const struct store_evidence *e = mem_store_evidence(&r->store, id, 1);

	assert_non_null(e);
	return e->state;
}

/* What came with a message that the peer rejects waits for nobody; it is on offer again once the peer, which was
 * restored, has accepted that message after all. */
static void evidence_is_offered_again_with_a_message_that_is_accepted_after_all(void **state)
{
	struct line *l;
	struct rig *r = with_parcels(1, &l);
	const char *id = strdup(mem_store_peer(&r->store, PEER)->open[0]->row.id);
	struct store_writeset *w = NULL;

	(void)state;
	assert_non_null(id);
	row(&w, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = id,
									 .attachment = 1,
									 .peer = PEER,
									 .case_id = "case",
									 .author = STORE_OWN,
									 .number = 1,
									 .size = 10,
									 .state = STORE_EVIDENCE_OFFERED,
									 .reason = "" };
	mem_store_apply(&r->store, w);
	judge(r, l, 0, CY_REJECTION_CODE__UNKNOWN_CASE, "there is none");
	assert_int_equal(state_of_evidence(r, id), STORE_EVIDENCE_HELD_BACK);
	l = meet(r, l, 0);
	judge(r, l, 0, 0, "");
	assert_int_equal(mem_store_message(&r->store, id)->row.void_code, 0);
	assert_int_equal(state_of_evidence(r, id), STORE_EVIDENCE_OFFERED);
	free((void *)(uintptr_t)id);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receipts_in_another_order_leave_nothing_to_send_again),
		cmocka_unit_test(what_several_receipts_of_one_batch_say_is_told_once),
		cmocka_unit_test(a_second_receipt_that_was_lost_is_asked_for_again),
		cmocka_unit_test(a_rejection_by_a_code_of_a_later_version_counts),
		cmocka_unit_test(evidence_is_offered_again_with_a_message_that_is_accepted_after_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
