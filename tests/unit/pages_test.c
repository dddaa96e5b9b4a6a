/* Where one page or one parcel does not hold all there is: the heads of shared cases (node/peers/giveback.c,
 * reconcile.c), and what waits to be sent (node/peers/outbound.c). */
#include "desk_rig.h"

#define NOTE "{\"content\":{\"note\":{\"text\":\"A note.\"}}}"

/* The frames of the heads, as they left. */
static struct {
	size_t requests, pages;
	char after[64];   /* of the last request */
	char answers[64]; /* what the last page says that it was asked for */
	size_t count;     /* of heads in the last page */
	char first[64], end[64];
	bool last;
} heads;

static int (*send_any)(void *ctx, uint64_t session, struct cy_bytes frame);

static int send_and_look(void *ctx, uint64_t session, struct cy_bytes frame)
{
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);

	assert_non_null(f);
	if (f->kind_case == CY_PEER_FRAME__KIND_HEADS_REQUEST) {
		heads.requests++;
		snprintf(heads.after, sizeof heads.after, "%s", f->heads_request->after_case_id);
	} else if (f->kind_case == CY_PEER_FRAME__KIND_HEADS) {
		const size_t n = f->heads->n_heads;

		heads.pages++;
		heads.count = n;
		heads.last = f->heads->last;
		snprintf(heads.answers, sizeof heads.answers, "%s", f->heads->after_case_id);
		snprintf(heads.first, sizeof heads.first, "%s", n > 0 ? f->heads->heads[0]->case_id : "");
		snprintf(heads.end, sizeof heads.end, "%s", n > 0 ? f->heads->heads[n - 1]->case_id : "");
	}
	cy_peer_frame__free_unpacked(f, NULL);
	return send_any(ctx, session, frame);
}

static struct rig *started(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	memset(&heads, 0, sizeof heads);
	send_any = r->ports.link.send;
	r->ports.link.send = send_and_look;
	r->config.window = 1;
	mem_store_apply(&r->store, w);
	rig_start(r);
	return r;
}

/* A session with the peer of a store with so many cases. `judged`: it fetches back, and compares verdicts. */
static struct rig *with_cases(unsigned n, bool judged, struct line **ret_line)
{
	static char *verdicts[] = { "evidence", "verdicts" };
	struct store_writeset *w = NULL;
	struct rig *r;
	char id[32];

	for (unsigned i = 1; i <= n; i++) {
		snprintf(id, sizeof id, "case-%04u", i);
		put_case(&w, PEER, id);
	}
	r = started(w);
	r->fetches_back = judged;
	*ret_line = rig_session(r, WIRE_MESSAGES, true, judged ? verdicts : all_features, 2);
	return r;
}

static void ask_heads(struct rig *r, const struct line *l, const char *after)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeadsRequest request = CY_HEADS_REQUEST__INIT;

	request.after_case_id = (char *)after;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS_REQUEST;
	f.heads_request = &request;
	rig_give_peer(r, l, &f);
	rig_settle(r);
}

static void a_full_page_of_heads_is_not_the_last(void **state)
{
	struct line *l;
	struct rig *r = with_cases(CY_HEADS_MAX + 1, false, &l);

	(void)state;
	ask_heads(r, l, "");
	assert_int_equal(heads.count, CY_HEADS_MAX);
	assert_string_equal(heads.first, "case-0001");
	assert_string_equal(heads.end, "case-1000");
	assert_false(heads.last);
	ask_heads(r, l, heads.end);
	assert_int_equal(heads.pages, 2);
	assert_string_equal(heads.answers, "case-1000");
	assert_int_equal(heads.count, 1);
	assert_string_equal(heads.first, "case-1001");
	assert_true(heads.last);
	rig_free(r);
}

/* The digests of a thousand cases would take too long at one time. */
static void a_page_of_heads_with_verdicts_is_a_short_one(void **state)
{
	struct line *l;
	struct rig *r = with_cases(CY_HEADS_JUDGED_MAX + 1, true, &l);

	(void)state;
	ask_heads(r, l, "");
	assert_int_equal(heads.count, CY_HEADS_JUDGED_MAX);
	assert_false(heads.last);
	ask_heads(r, l, heads.end);
	assert_int_equal(heads.count, 1);
	assert_true(heads.last);
	rig_free(r);
}

/* Whoever asks goes on until he hears that it was the last. */
static void a_page_of_heads_that_just_fits_is_followed_by_an_end(void **state)
{
	struct line *l;
	struct rig *r = with_cases(CY_HEADS_MAX, false, &l);

	(void)state;
	ask_heads(r, l, "");
	assert_int_equal(heads.count, CY_HEADS_MAX);
	ask_heads(r, l, heads.end);
	assert_int_equal(heads.count, 0);
	assert_true(heads.last);
	rig_free(r);
}

static void a_restored_side_asks_for_every_page_of_heads(void **state)
{
	struct store_writeset *w = NULL;
	const struct store_stream *stream;
	struct line *l;
	struct rig *r;

	(void)state;
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
	r = started(w);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	stream = &mem_store_peer(&r->store, PEER)->stream;
	assert_int_equal(heads.requests, 1);
	assert_string_equal(heads.after, "");
	desk_heads(r, l, some_id(1).s, 0, false);
	assert_int_equal(heads.requests, 2);
	assert_string_equal(heads.after, some_id(1).s);
	assert_true(stream->reconciling);
	desk_heads(r, l, some_id(2).s, 0, true);
	assert_int_equal(heads.requests, 2);
	assert_false(stream->reconciling);
	rig_free(r);
}

/* What lies between the cases that were asked for and those that came would never be fetched back. */
static void a_page_of_heads_that_answers_another_question_is_refused(void **state)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads page = CY_HEADS__INIT;
	CyCaseHead head = CY_CASE_HEAD__INIT, *list = &head;
	struct cy_uuid first = some_id(1), asked = some_id(2), other = some_id(3), behind = some_id(4);

	(void)state;
	head.case_id = behind.s;
	page.heads = &list;
	page.n_heads = 1;
	page.last = true;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &page;
	for (size_t i = 0; i < 3; i++) {
		struct store_writeset *w = NULL;
		struct line *l;
		struct rig *r;

		row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
		r = started(w);
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		desk_heads(r, l, first.s, 0, false);
		desk_heads(r, l, asked.s, 0, false);
		page.after_case_id = i == 0 ? other.s : i == 1 ? first.s : asked.s;
		rig_give_peer(r, l, &f);
		rig_settle(r);
		assert_int_equal(mem_store_peer(&r->store, PEER)->stream.reconciling, i < 2);
		assert_int_equal(strstr(r->all, "heads after another case than was asked for") != NULL, i < 2);
		rig_free(r);
	}
}

/* A side that fetches back, in a session with the peer. */
static struct rig *fetching_back(struct line **ret_line)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
	r = started(w);
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	return r;
}

/* Without an end nobody would learn why nothing is sent to that peer. */
static void a_peer_that_answers_nothing_is_left_after_ten_minutes(void **state)
{
	struct line *l;
	struct rig *r = fetching_back(&l);

	(void)state;
	for (int i = 0; i < 2; i++) {
		r->clock.now += CY_ANSWER_MS - 1;
		node_wake(r->node);
		rig_settle(r);
		assert_false(l->closed);
		/* The first page is an answer, and another one is asked for. */
		if (i == 0)
			desk_heads(r, l, some_id(1).s, 0, false);
	}
	r->clock.now += 1;
	node_wake(r->node);
	rig_settle(r);
	assert_true(l->closed);
	assert_non_null(strstr(r->all, "no answer within 10 minutes"));
	rig_free(r);
}

static void heads_have_an_end(void **state)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads page = CY_HEADS__INIT;
	CyCaseHead head[CY_HEADS_MAX], *list[CY_HEADS_MAX];
	char id[CY_HEADS_MAX][CY_UUID_LEN + 1];
	struct line *l;
	struct rig *r = fetching_back(&l);
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < CY_HEADS_MAX; i++) {
		cy_case_head__init(&head[i]);
		head[i].case_id = id[i];
		list[i] = &head[i];
	}
	page.heads = list;
	page.n_heads = CY_HEADS_MAX;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &page;
	while (n + CY_HEADS_MAX <= CY_HEADS_ALL_MAX) {
		for (size_t i = 0; i < CY_HEADS_MAX; i++)
			snprintf(id[i], sizeof id[i], "%08x-0000-7000-8000-000000000000", ++n);
		r->did[0] = '\0';
		rig_give_peer(r, l, &f);
		rig_settle(r);
		assert_false(l->closed);
	}
	for (size_t i = 0; i < CY_HEADS_MAX; i++)
		snprintf(id[i], sizeof id[i], "%08x-0000-7000-8000-000000000000", ++n);
	rig_give_peer(r, l, &f);
	rig_settle(r);
	assert_true(l->closed);
	assert_non_null(strstr(r->all, "heads of more cases than two authorities share"));
	rig_free(r);
}

/* A node that knows the peer, and has sent it nothing. */
static struct rig *met_before(void)
{
	struct store_writeset *w = NULL;

	row(&w, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = PEER, .out_epoch = START_MS, .receipted_epoch = START_MS };
	return started(w);
}

/* Sequence 0 is no place: nothing stands behind it, so that it claims nothing. */
static void a_state_that_holds_sequence_0_of_a_higher_epoch_claims_nothing(void **state)
{
	struct rig *r = met_before();
	const struct line *l;

	(void)state;
	r->holds.epoch = START_MS + 1000000;
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_false(l->closed);
	assert_null(strstr(r->all, "without proof"));
	rig_free(r);
}

static void a_state_with_a_number_that_no_signed_text_can_hold_is_refused(void **state)
{
	const struct xchg_pos beyond[] = { { UINT64_C(1) << 63, 0 }, { 1, UINT64_C(1) << 63 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = met_before();
		const struct line *l;

		r->holds.epoch = beyond[i].epoch;
		r->holds.sequence = beyond[i].sequence;
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		assert_true(l->closed);
		assert_non_null(strstr(r->all, "a number that no signed text can"));
		rig_free(r);
	}
}

/* ------------------------------------------------------------------ what waits to be sent */

static uint64_t place_of(const struct store_message *m)
{
	assert_true(m->sequence > 0);
	return m->sequence * CY_PARCEL_MESSAGES_MAX + m->index;
}

/* The urgent one is handed in while a whole parcel and the older message of its own case wait, and
 * in the batch that may send again. */
static void what_is_new_and_urgent_does_not_overtake_its_own_case(void **state)
{
	struct store_writeset *w = NULL;
	const struct mem_parcels *sent;
	struct store_message *fresh = NULL;
	struct line *l;
	struct rig *r;

	(void)state;
	put_open_case(&w, "many", 2 * CY_PARCEL_MESSAGES_MAX);
	put_open_case(&w, "late", 1);
	r = started(w);
	sent = &mem_store_peer(&r->store, PEER)->parcels[STORE_OWN];
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(sent->n, 1);
	/* Another batch is under way. */
	desk_submit(r, 1, "many", CY_PRIORITY__LOW, NOTE);
	assert_non_null(r->store.committing);
	desk_receipt(r, l, &sent->at[0]->row, &sent->at[0]->row.digest);
	desk_submit(r, 1, "late", CY_PRIORITY__EMERGENCY, NOTE);
	rig_settle(r);
	for (size_t i = 1; i < 4 && i < sent->n; i++) {
		desk_receipt(r, l, &sent->at[i]->row, &sent->at[i]->row.digest);
		rig_settle(r);
	}
	for (struct mem_message *m = mem_store_case(&r->store, PEER, "late")->first; m != NULL; m = m->next)
		if (m->row.author == STORE_OWN && m->row.number == 2)
			fresh = &m->row;
	assert_non_null(fresh);
	assert_true(place_of(&mem_store_message(&r->store, "late-0001")->row) < place_of(fresh));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_page_of_heads_is_not_the_last),
		cmocka_unit_test(a_page_of_heads_with_verdicts_is_a_short_one),
		cmocka_unit_test(a_page_of_heads_that_just_fits_is_followed_by_an_end),
		cmocka_unit_test(a_restored_side_asks_for_every_page_of_heads),
		cmocka_unit_test(a_page_of_heads_that_answers_another_question_is_refused),
		cmocka_unit_test(a_peer_that_answers_nothing_is_left_after_ten_minutes),
		cmocka_unit_test(heads_have_an_end),
		cmocka_unit_test(a_state_that_holds_sequence_0_of_a_higher_epoch_claims_nothing),
		cmocka_unit_test(a_state_with_a_number_that_no_signed_text_can_hold_is_refused),
		cmocka_unit_test(what_is_new_and_urgent_does_not_overtake_its_own_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
