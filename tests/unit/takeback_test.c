/* What is fetched back after a restored backup where rows are damaged on either side, or where the peer
 * lies (node/peers/giveback.c, takeback.c, reconcile.c, tombstones.c): nobody fetches back for ever. */
#include "desk_rig.h"

#include "wire/message.h"

#define ONE     some_id(100).s
#define ANOTHER some_id(101).s

static struct damage {
	const char *message, *key, *facts, *verdicts; /* NULL: not damaged; else of this one */
	struct store_port as_it_was;
} damage;

static bool is(const char *name, const char *id)
{
	return name != NULL && strcmp(name, id) == 0;
}

struct seeing {
	store_message_fn *on_message;
	store_case_fn *on_case;
	void *arg;
};

static int see_message(void *arg, const struct store_message *row)
{
	const struct seeing *s = arg;
	struct store_message m = *row;

	m.damaged = is(damage.message, row->id);
	if (m.damaged)
		m.content = cy_bytes(NULL, 0);
	return s->on_message(s->arg, &m);
}

static int see_case(void *arg, const struct store_case *row)
{
	const struct seeing *s = arg;
	struct store_case c = *row;

	c.damaged = is(damage.key, row->case_id);
	return s->on_case(s->arg, &c);
}

static int get_message(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct seeing s = { .on_message = fn, .arg = arg };

	return damage.as_it_was.get_message(ctx, id, see_message, &s);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct seeing s = { .on_case = fn, .arg = arg };

	return damage.as_it_was.get_case(ctx, peer, case_id, see_case, &s);
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	return is(damage.facts, case_id) ? CY_EDAMAGED : damage.as_it_was.case_messages(ctx, peer, case_id, fn, arg);
}

static int judged_messages(void *ctx, const char *peer, const char *case_id, enum store_author author,
			   store_message_fn *fn, void *arg)
{
	return is(damage.verdicts, case_id) ? CY_EDAMAGED
					    : damage.as_it_was.judged_messages(ctx, peer, case_id, author, fn, arg);
}

/* ------------------------------------------------------------------------ what is sent */

static int (*send_any)(void *ctx, uint64_t session, struct cy_bytes frame);

/* The last frame of each of these kinds. */
static struct sent {
	unsigned heads, fetched, requests;
	bool verdicts, last;
	uint64_t sequence, after;
	char message[CY_UUID_LEN + 1]; /* that is asked for */
} sent;

static void look_fetched(const CyFetched *f)
{
	struct wire_text *t = calloc(1, sizeof *t);

	assert_non_null(t);
	sent.fetched++;
	sent.last = f->last;
	sent.sequence = 0;
	if (f->manifest != NULL) {
		assert_int_equal(wire_text_read(cy_bytes(f->manifest->text.data, f->manifest->text.len), t, NULL),
				 CY_OK);
		sent.sequence = t->sequence;
	}
	free(t);
}

static int send_and_look(void *ctx, uint64_t session, struct cy_bytes frame)
{
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);

	assert_non_null(f);
	if (f->kind_case == CY_PEER_FRAME__KIND_HEADS) {
		sent.heads++;
		sent.verdicts = f->heads->heads[0]->verdicts.len > 0;
	} else if (f->kind_case == CY_PEER_FRAME__KIND_FETCHED) {
		look_fetched(f->fetched);
	} else if (f->kind_case == CY_PEER_FRAME__KIND_FETCH_REQUEST) {
		sent.requests++;
		sent.after = f->fetch_request->after;
		snprintf(sent.message, sizeof sent.message, "%s", f->fetch_request->message_id);
	}
	cy_peer_frame__free_unpacked(f, NULL);
	return send_any(ctx, session, frame);
}

static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
						     { "operators", CY_ROLE__OPERATOR, true } };

static struct rig *started(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	damage = (struct damage){ .as_it_was = r->ports.store };
	sent = (struct sent){ 0 };
	r->ports.store.get_message = get_message;
	r->ports.store.get_case = get_case;
	r->ports.store.case_messages = case_messages;
	r->ports.store.judged_messages = judged_messages;
	send_any = r->ports.link.send;
	r->ports.link.send = send_and_look;
	r->config.clients = clients;
	r->config.n_clients = 2;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_client_hello(r->node, 2, 1, 1);
	rig_settle(r);
	return r;
}

/* ----------------------------------------------------------------------- we give back */

static const struct law_fact opened = { .side = CY_SIDE__REQUESTING,
					.number = 1,
					.kind = CY_CONTENT__KIND_REQUEST,
					.measures = 1,
					.at_ms = START_MS - DAY };

static struct store_case *put_asked(struct store_writeset **w, const char *case_id)
{
	struct store_case *c = put_case(w, PEER, case_id);

	c->side = CY_SIDE__REQUESTING;
	return c;
}

/* What the peer asks for, in the case ONE. */
static void ask(struct rig *r, const struct line *l, uint32_t after, const char *message_id)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetchRequest request = CY_FETCH_REQUEST__INIT;
	struct cy_uuid id = some_id(100);

	request.case_id = id.s;
	request.after = after;
	request.message_id = (char *)message_id;
	f.kind_case = CY_PEER_FRAME__KIND_FETCH_REQUEST;
	f.fetch_request = &request;
	rig_give_peer(r, l, &f);
	rig_settle(r);
	assert_false(l->closed);
}

static void what_is_damaged_is_left_out_of_what_is_given_back(void **state)
{
	struct store_writeset *w = NULL;
	struct cy_uuid id;
	struct line *l;
	struct rig *r;

	(void)state;
	put_asked(&w, ONE);
	r = started(w);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	desk_parcel_note(r, l, ONE, 1, false);
	id = desk_parcel_note(r, l, ONE, 2, false);
	desk_parcel_note(r, l, ONE, 3, false);
	damage.message = id.s;
	ask(r, l, 0, "");
	assert_int_equal(sent.sequence, 1);
	ask(r, l, 1, "");
	assert_int_equal(sent.sequence, 3);
	assert_non_null(strstr(r->all, "is damaged: restore a backup"));
	ask(r, l, 3, "");
	assert_true(sent.last);
	ask(r, l, 0, id.s);
	assert_int_equal(sent.fetched, 4);
	assert_true(sent.last);
	damage.message = NULL;
	ask(r, l, 0, id.s);
	assert_int_equal(sent.sequence, 2);
	rig_free(r);
}

static void heads_name_a_case_whose_messages_are_damaged_without_verdicts(void **state)
{
	static char *names[] = { "evidence", "verdicts" };
	struct store_writeset *w = NULL;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeadsRequest request = CY_HEADS_REQUEST__INIT;
	struct line *l;
	struct rig *r;

	(void)state;
	put_asked(&w, ONE);
	r = started(w);
	r->fetches_back = true;
	l = rig_session(r, WIRE_MESSAGES, true, names, 2);
	f.kind_case = CY_PEER_FRAME__KIND_HEADS_REQUEST;
	f.heads_request = &request;
	for (unsigned i = 0; i < 2; i++) {
		struct cy_uuid one = some_id(100);

		damage.verdicts = i == 0 ? one.s : NULL;
		rig_give_peer(r, l, &f);
		rig_settle(r);
		assert_false(l->closed);
		assert_int_equal(sent.heads, i + 1);
		assert_int_equal(sent.verdicts, i == 1);
	}
	rig_free(r);
}

/* ----------------------------------------------------------------------- we fetch back */

static void give_last_of(struct rig *r, const struct line *l, uint32_t after, const char *message)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetched fetched = CY_FETCHED__INIT;
	struct cy_uuid one = some_id(100);

	fetched.case_id = one.s;
	fetched.last = true;
	fetched.after = after;
	fetched.message_id = (char *)(uintptr_t)message;
	f.kind_case = CY_PEER_FRAME__KIND_FETCHED;
	f.fetched = &fetched;
	rig_give_peer(r, l, &f);
	rig_settle(r);
}

static void give_last(struct rig *r, const struct line *l)
{
	give_last_of(r, l, 0, "");
}

static void give_own_note(struct rig *r, const struct line *l, const char *id, uint32_t number)
{
	struct cy_uuid one = some_id(100);
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;
	struct cy_buf out;

	note.text = (char *)"a note";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	out = desk_lost_message(id, one.s, number, 0, &content);
	desk_gives_back(r, l, one.s, id, cy_buf_view(&out), NULL);
	cy_buf_free(&out);
}

/* A restored store in which the peer has opened two cases; in the first one of them we have said one thing that
 * left, and one that still waits in the other. With `gap` the third one of the first case has left as well. */
static struct rig *restored_store(struct damage d, bool gap, struct line **ret_line)
{
	static const struct law_fact left = {
		.side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE, .at_ms = START_MS - DAY
	};
	struct store_writeset *w = NULL;
	struct law_fact third = left;
	struct store_case *c;
	struct store_port as_it_was;
	struct rig *r;

	for (uint8_t i = 0; i < 2; i++) {
		c = put_case(&w, PEER, some_id(100 + i).s);
		c->peer_number = c->own_number = 1;
		put_message(&w, PEER, some_id(100 + i).s, some_id(10 + i).s, &opened);
		put_message(&w, PEER, some_id(100 + i).s, some_id(20 + i).s, &left)->transport =
			i == 0 ? STORE_RELAYED : STORE_QUEUED;
	}
	if (gap) {
		third.number = 3;
		put_message(&w, PEER, some_id(100).s, some_id(22).s, &third);
	}
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .reconciling = true };
	r = started(w);
	as_it_was = damage.as_it_was;
	damage = d;
	damage.as_it_was = as_it_was;
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	return r;
}

static struct rig *restored(struct damage d, struct line **ret_line)
{
	return restored_store(d, false, ret_line);
}

static bool fetches_back(struct rig *r)
{
	return mem_store_peer(&r->store, PEER)->stream.reconciling;
}

/* The peer has been asked for what lies behind number 1. */
static void an_answer_to_another_number_is_refused(void **state)
{
	struct cy_uuid one = some_id(100);

	(void)state;
	for (uint32_t after = 0; after < 4; after++) {
		struct line *l;
		struct rig *r = restored((struct damage){ 0 }, &l);

		desk_heads(r, l, one.s, 2, true);
		assert_int_equal(sent.after, 1);
		give_last_of(r, l, after, "");
		assert_int_equal(strstr(r->all, "a fetched parcel that was not asked for") != NULL, after > 1);
		rig_free(r);
	}
}

/* Its heads, which say that it holds one message of ours in this case, and judges it otherwise. */
static void judge_otherwise(struct rig *r, const struct line *l, const char *case_id)
{
	uint8_t verdicts[CY_SHA256_LEN] = { 1 };
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads page = CY_HEADS__INIT;
	CyCaseHead head = CY_CASE_HEAD__INIT, *list = &head;

	head.case_id = (char *)(uintptr_t)case_id;
	head.yours = 1;
	head.verdicts = (ProtobufCBinaryData){ .data = verdicts, .len = sizeof verdicts };
	page.heads = &list;
	page.n_heads = 1;
	page.last = true;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &page;
	rig_give_peer(r, l, &f);
	rig_settle(r);
}

/* The peer judges the one message of ours otherwise, and has been asked for it. */
static void an_answer_about_another_message_is_refused(void **state)
{
	struct cy_uuid one = some_id(100), ours = some_id(20), other = some_id(21);
	const char *ids[] = { "", ours.s, other.s };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct line *l;
		struct rig *r = restored((struct damage){ 0 }, &l);

		judge_otherwise(r, l, one.s);
		assert_string_equal(sent.message, ours.s);
		give_last_of(r, l, 0, ids[i]);
		assert_int_equal(strstr(r->all, "a fetched parcel that was not asked for") != NULL, i == 2);
		rig_free(r);
	}
}

/* The peer judges something of the case otherwise. It may have accepted, when that came again, what it had rejected by
 * a verdict that a digest leaves out: it is asked for all that left, and for what was given up. */
static void each_verdict_of_a_case_that_differs_is_asked_for(void **state)
{
	struct cy_uuid one = some_id(100);
	static const struct law_fact said = { .side = CY_SIDE__REQUESTED, .number = 2, .kind = CY_CONTENT__KIND_NOTE };
	static const CyRejectionCode codes[] = { CY_REJECTION_CODE__UNKNOWN_CRITICAL_FEATURE,
						 CY_REJECTION_CODE__UNKNOWN_CASE,
						 CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED, CY_REJECTION_CODE__EXPIRED,
						 CY_REJECTION_CODE__NOT_KNOWN };

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		struct cy_uuid ours = some_id(20), rejected = some_id(40);
		struct store_writeset *w = NULL;
		struct store_message *m;
		struct line *l;
		struct rig *r = restored((struct damage){ 0 }, &l);
		bool asked = false;

		m = put_message(&w, PEER, one.s, rejected.s, &said);
		m->void_code = codes[i];
		m->transport = codes[i] == CY_REJECTION_CODE__EXPIRED ? STORE_FAILED : STORE_RELAYED;
		mem_store_apply(&r->store, w);
		judge_otherwise(r, l, one.s);
		for (int n = 0; n < 2; n++) {
			asked |= strcmp(sent.message, rejected.s) == 0;
			assert_true(asked || strcmp(sent.message, ours.s) == 0);
			give_last_of(r, l, 0, sent.message);
		}
		assert_true(asked);
		rig_free(r);
	}
}

static void what_comes_back_for_a_damaged_case_holds_up_no_other(void **state)
{
	struct cy_uuid one = some_id(100), back = some_id(30);
	const struct damage ways[] = { { .key = one.s }, { .message = back.s } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct line *l;
		struct rig *r = restored(ways[i], &l);

		desk_heads(r, l, one.s, 2, true);
		assert_int_equal(sent.requests, 1);
		give_own_note(r, l, back.s, 2);
		assert_false(l->closed);
		assert_int_equal(sent.after, 2);
		assert_int_equal(mem_store_message(&r->store, back.s) != NULL, i == 1);
		give_last(r, l);
		assert_int_equal(fetches_back(r), i == 0);
		assert_null(strstr(r->all, "nothing can be committed"));
		rig_free(r);
	}
}

static void a_case_whose_own_messages_cannot_be_read_is_waited_for(void **state)
{
	struct cy_uuid one = some_id(100), back = some_id(30);
	const struct damage ways[] = { { .facts = one.s }, { .verdicts = one.s } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct line *l;
		struct rig *r = restored(ways[i], &l);

		desk_heads(r, l, one.s, 2, true);
		if (i == 1) {
			give_own_note(r, l, back.s, 2);
			give_last(r, l);
		}
		assert_true(fetches_back(r));
		assert_true(l->closed);
		assert_non_null(strstr(r->all, "is damaged: restore a backup"));
		rig_free(r);
	}
}

static void resume(struct rig *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyResume resume = CY_RESUME__INIT;

	resume.peer = (char *)PEER;
	resume.reason = (char *)"its disk is broken";
	f.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	f.resume = &resume;
	desk_ask(r, 2, &f);
	rig_settle(r);
}

static void a_side_that_fetches_back_says_so_without_a_session_too(void **state)
{
	struct cy_uuid one = some_id(100);
	struct line *l;
	struct rig *r = restored((struct damage){ 0 }, &l);

	(void)state;
	rig_ask_status(r);
	assert_string_equal(r->status->state, "reconciling");
	assert_true(r->status->reconciling);
	node_link_down(r->node, l->session, "connection reset");
	rig_settle(r);
	rig_ask_status(r);
	assert_string_equal(r->status->state, "disconnected");
	assert_true(r->status->reconciling);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	desk_heads(r, l, one.s, 1, true);
	assert_false(fetches_back(r));
	rig_ask_status(r);
	assert_false(r->status->reconciling);
	rig_free(r);
}

/* The peer gives back less than its head says that it has. What is lacking would be repeated, and take effect twice
 * there: only an operator ends fetching back without it. */
static void what_a_peer_cannot_give_back_is_waited_for(void **state)
{
	struct cy_uuid one = some_id(100), back = some_id(30);
	struct line *l;
	struct rig *r = restored((struct damage){ 0 }, &l);

	(void)state;
	desk_heads(r, l, one.s, 3, true);
	give_own_note(r, l, back.s, 2);
	give_last(r, l);
	assert_non_null(strstr(r->all, "gave back our messages only up to number 2, and holds 3"));
	assert_true(l->closed);
	assert_true(fetches_back(r));
	for (int i = 0; i < 2; i++) {
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		if (i == 1)
			resume(r);
		desk_heads(r, l, one.s, 3, true);
		assert_int_equal(sent.after, 2);
		give_last(r, l);
		assert_int_equal(fetches_back(r), i == 0);
	}
	rig_free(r);
}

/* ------------------------------------------------------------------------ tombstones */

struct lie {
	const char *case_id, *id;
	CySide side;
	uint32_t number;
};

static void bury(struct rig *r, const struct line *l, const struct lie *lie)
{
	const struct law_fact fact = {
		.side = lie->side, .number = lie->number, .kind = CY_CONTENT__KIND_NOTE, .day = LAW_NO_DAY
	};
	uint8_t encoded[LAW_FACT_MAX];
	CyTombstone t = CY_TOMBSTONE__INIT;

	t.place = 1;
	t.case_id = (char *)lie->case_id;
	t.created_ms = START_MS - DAY;
	t.erased_ms = START_MS - 1000;
	t.fact = (ProtobufCBinaryData){ .data = encoded, .len = law_fact_encode(&fact, encoded) };
	desk_gives_back(r, l, some_id(100).s, lie->id, cy_bytes("note", 4), &t);
}

/* Whatever a tombstone says of our own message, it takes nobody's place, and nothing fails. */
static void a_lie_about_our_own_message_changes_nothing(void **state)
{
	struct cy_uuid one = some_id(100), waits = some_id(21), lost = some_id(30);
	const struct lie lies[] = {
		{ one.s, lost.s, CY_SIDE__REQUESTING, 2 },         /* it would be the peer's */
		{ one.s, lost.s, CY_SIDE__REQUESTED, UINT32_MAX }, /* no number would be left */
		{ one.s, waits.s, CY_SIDE__REQUESTED, 2 },         /* it waits in another case */
	};

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		struct line *l;
		struct rig *r = restored((struct damage){ 0 }, &l);
		const struct mem_case *c = mem_store_case(&r->store, PEER, one.s);

		desk_heads(r, l, one.s, 2, true);
		bury(r, l, &lies[i]);
		assert_int_equal(c->row.own_number, 1);
		assert_int_equal(c->row.peer_number, 1);
		assert_int_equal(mem_store_message(&r->store, waits.s)->row.transport, STORE_QUEUED);
		assert_null(mem_store_message(&r->store, lost.s));
		assert_null(strstr(r->all, "nothing can be committed"));
		rig_free(r);
	}
}

/* A parcel of the peer, whose only message it has erased since, with our receipt for it of before. */
static void give_tombstone(struct rig *r, const struct line *l, const char *id, CyTombstone *t)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyParcel parcel = CY_PARCEL__INIT;
	ProtobufCBinaryData list = { 0 };
	struct wire_text text = { .made = { r->clock.now }, .epoch = (uint64_t)START_MS, .sequence = 1 };
	struct sealed manifest, receipt;

	desk_seal_both(&text, PEER, SELF, id, cy_bytes("note", 4), &manifest, &receipt);
	parcel.manifest = &manifest.st;
	parcel.receipt = &receipt.st;
	parcel.messages = &list;
	parcel.n_messages = 1;
	parcel.tombstones = &t;
	parcel.n_tombstones = 1;
	f.kind_case = CY_PEER_FRAME__KIND_PARCEL;
	f.parcel = &parcel;
	rig_give_peer(r, l, &f);
	rig_settle(r);
	cy_buf_free(&manifest.text);
	cy_buf_free(&receipt.text);
}

static void a_tombstone_for_a_damaged_case_holds_up_no_other(void **state)
{
	struct cy_uuid one = some_id(100), lost = some_id(30);
	const struct damage ways[] = { { .key = one.s }, { .facts = one.s }, { 0 } };
	const struct law_fact fact = {
		.side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE, .day = LAW_NO_DAY
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t encoded[LAW_FACT_MAX];
		CyTombstone t = CY_TOMBSTONE__INIT;
		const struct store_message *m;
		struct store_writeset *w = NULL;
		struct store_port as_it_was;
		struct line *l;
		struct rig *r;

		put_asked(&w, one.s);
		r = started(w);
		as_it_was = damage.as_it_was;
		damage = ways[i];
		damage.as_it_was = as_it_was;
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		t.place = 1;
		t.case_id = one.s;
		t.created_ms = t.erased_ms = START_MS - DAY;
		t.fact = (ProtobufCBinaryData){ .data = encoded, .len = law_fact_encode(&fact, encoded) };
		give_tombstone(r, l, lost.s, &t);
		assert_false(l->closed);
		m = &mem_store_message(&r->store, lost.s)->row;
		assert_int_equal(m->void_code, i < 2 ? CY_REJECTION_CODE__UNKNOWN_CASE : 0);
		assert_int_equal(m->number, i < 2 ? 0 : 1);
		assert_string_equal(m->case_id, i < 2 ? "" : one.s);
		rig_free(r);
	}
}

/* Its number is that of another one of ours that has left: it stands under none. */
static void what_comes_back_takes_the_number_of_nobody_who_has_left(void **state)
{
	struct cy_uuid one = some_id(100), lost = some_id(30);
	const struct lie lie = { one.s, lost.s, CY_SIDE__REQUESTED, 3 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct line *l;
		struct rig *r = restored_store((struct damage){ 0 }, true, &l);

		desk_heads(r, l, one.s, 3, true);
		assert_int_equal(sent.after, 1);
		if (i == 0)
			bury(r, l, &lie);
		else
			give_own_note(r, l, lost.s, 3);
		assert_false(l->closed);
		assert_int_equal(mem_store_message(&r->store, lost.s)->row.number, 0);
		assert_null(strstr(r->all, "nothing can be committed"));
		rig_free(r);
	}
}

/* ------------------------------------------------------------------- travelling anew */

/* A parcel of ours in an epoch of the day before, with a note of each of two cases; the peer has lost it. */
static struct store_parcel *put_sent(struct store_writeset **w, int64_t made_ms)
{
	static const struct law_fact fact = { .side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE };
	struct wire_text text = { .type = WIRE_PARCEL,
				  .from = SELF,
				  .to = PEER,
				  .made = { made_ms },
				  .epoch = START_MS - DAY,
				  .sequence = 1,
				  .n = 2 };
	struct store_parcel *p;
	struct sealed manifest;

	for (uint8_t i = 0; i < 2; i++) {
		struct store_message *m;
		struct store_case *c = put_case(w, PEER, some_id(100 + i).s);

		c->peer_number = c->own_number = 1;
		put_message(w, PEER, some_id(100 + i).s, some_id(10 + i).s, &opened);
		m = put_message(w, PEER, some_id(100 + i).s, some_id(20 + i).s, &fact);
		m->epoch = text.epoch;
		m->sequence = 1;
		m->index = i;
		cy_copy(text.entries[i].id, sizeof text.entries[i].id, some_id(20 + i).s);
		text.entries[i].digest = m->digest;
	}
	seal_text(&manifest, &text, SELF);
	p = &row(w, STORE_PUT_PARCEL)->parcel;
	*p = (struct store_parcel){ .peer = PEER,
				    .author = STORE_OWN,
				    .epoch = text.epoch,
				    .sequence = 1,
				    .made = text.made,
				    .messages = 2,
				    .manifest = cy_arena_bytes(&(*w)->arena, cy_buf_view(&manifest.text)),
				    .signature = cy_arena_bytes(&(*w)->arena,
								cy_bytes(manifest.seal.b, sizeof manifest.seal.b)),
				    .digest = cy_sha256(cy_buf_view(&manifest.text)) };
	cy_buf_free(&manifest.text);
	return p;
}

/* All of its messages do, whatever is damaged of the first one's case. */
static void a_dissolved_parcel_loses_no_message_because_of_a_damaged_case(void **state)
{
	struct cy_uuid one = some_id(100), first = some_id(20), second = some_id(21);
	const struct damage ways[] = { { .facts = one.s }, { 0 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct store_writeset *w = NULL;
		struct store_port as_it_was;
		struct rig *r;

		put_sent(&w, START_MS - DAY);
		row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .out_epoch = START_MS - 1000 };
		r = started(w);
		as_it_was = damage.as_it_was;
		damage = ways[i];
		damage.as_it_was = as_it_was;
		rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		assert_true(mem_store_message(&r->store, first.s)->row.epoch != START_MS - DAY);
		assert_true(mem_store_message(&r->store, second.s)->row.epoch != START_MS - DAY);
		assert_int_equal(mem_store_message(&r->store, second.s)->row.transport, STORE_TRANSMITTED);
		rig_free(r);
	}
}

/* Whatever the peer has judged before, it judges anew: what came with a rejected message is on offer again. */
static void what_came_with_a_rejected_message_that_travels_anew_is_offered_again(void **state)
{
	struct cy_uuid one = some_id(100), id = some_id(20);
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_sent(&w, START_MS - DAY);
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER, .out_epoch = START_MS - 1000 };
	row(&w, STORE_PUT_EVIDENCE)->evidence =
		(struct store_evidence){ .message_id = id.s,
					 .attachment = 1,
					 .peer = PEER,
					 .case_id = one.s,
					 .author = STORE_OWN,
					 .number = 1,
					 .size = 10,
					 .state = STORE_EVIDENCE_HELD_BACK,
					 .reason = "the receiver rejected the message" };
	row(&w, STORE_MARK_MESSAGE)->message = (struct store_message){ .id = id.s,
								       .transport = STORE_RELAYED,
								       .void_code = CY_REJECTION_CODE__UNKNOWN_CASE,
								       .void_reason = "there is none",
								       .epoch = START_MS - DAY,
								       .sequence = 1 };
	r = started(w);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(mem_store_message(&r->store, id.s)->row.transport, STORE_TRANSMITTED);
	assert_int_equal(mem_store_evidence(&r->store, id.s, 1)->state, STORE_EVIDENCE_OFFERED);
	rig_free(r);
}

/* What was to travel anew cannot be read: nothing of it does, and everybody else is served. */
static void a_damaged_parcel_that_is_dissolved_holds_up_nobody_else(void **state)
{
	struct cy_uuid one = some_id(100), lost = some_id(20);

	(void)state;
	for (int restored_store = 0; restored_store <= 1; restored_store++) {
		struct store_writeset *w = NULL;
		struct line *l;
		struct rig *r;

		put_sent(&w, START_MS - DAY)->manifest = cy_bytes("# comity", 8);
		row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = PEER,
									   .out_epoch = START_MS - 1000,
									   .reconciling = restored_store };
		r = started(w);
		if (restored_store)
			r->holds = (struct xchg_pos){ START_MS - DAY, 1 };
		l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		if (restored_store) {
			judge_otherwise(r, l, one.s);
			assert_string_equal(sent.message, lost.s);
			give_last_of(r, l, 0, lost.s);
		}
		assert_non_null(strstr(r->all, "is damaged: restore a backup"));
		assert_null(strstr(r->all, "nothing can be committed"));
		assert_int_equal(mem_store_message(&r->store, lost.s)->row.transport, STORE_RELAYED);
		assert_int_equal(mem_store_peer(&r->store, PEER)->stream.out_epoch, START_MS - 1000);
		assert_int_equal(fetches_back(r), restored_store);
		rig_free(r);
	}
}

static void say_refused(struct rig *r, const struct line *l)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyGoodbye g = CY_GOODBYE__INIT;

	g.code = CY_GOODBYE_CODE__SIGNATURE;
	g.text = (char *)"the certificate is revoked";
	f.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
	f.goodbye = &g;
	rig_give_peer(r, l, &f);
	rig_settle(r);
}

/* It was signed by a clock that has been set back since: at the first refusal it seems to be of later. What was not
 * signed anew cannot have been refused once more, and is signed anew after the next one. */
static void what_was_signed_by_a_clock_ahead_is_signed_anew_once_it_is_refused(void **state)
{
	struct cy_uuid id = some_id(20);
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_sent(&w, START_MS + 1800000);
	row(&w, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = PEER, .out_epoch = START_MS - DAY, .out_sequence = 1 };
	r = started(w);
	for (size_t i = 0; i < 2; i++) {
		say_refused(r, rig_session(r, WIRE_MESSAGES, true, all_features, 2));
		assert_true(mem_store_message(&r->store, id.s)->row.epoch == START_MS - DAY);
		r->clock.now += 3600000;
	}
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_true(mem_store_message(&r->store, id.s)->row.epoch > START_MS - DAY);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_damaged_is_left_out_of_what_is_given_back),
		cmocka_unit_test(heads_name_a_case_whose_messages_are_damaged_without_verdicts),
		cmocka_unit_test(an_answer_to_another_number_is_refused),
		cmocka_unit_test(an_answer_about_another_message_is_refused),
		cmocka_unit_test(each_verdict_of_a_case_that_differs_is_asked_for),
		cmocka_unit_test(what_comes_back_for_a_damaged_case_holds_up_no_other),
		cmocka_unit_test(a_case_whose_own_messages_cannot_be_read_is_waited_for),
		cmocka_unit_test(a_side_that_fetches_back_says_so_without_a_session_too),
		cmocka_unit_test(what_a_peer_cannot_give_back_is_waited_for),
		cmocka_unit_test(a_lie_about_our_own_message_changes_nothing),
		cmocka_unit_test(a_tombstone_for_a_damaged_case_holds_up_no_other),
		cmocka_unit_test(what_comes_back_takes_the_number_of_nobody_who_has_left),
		cmocka_unit_test(a_dissolved_parcel_loses_no_message_because_of_a_damaged_case),
		cmocka_unit_test(what_came_with_a_rejected_message_that_travels_anew_is_offered_again),
		cmocka_unit_test(a_damaged_parcel_that_is_dissolved_holds_up_nobody_else),
		cmocka_unit_test(what_was_signed_by_a_clock_ahead_is_signed_anew_once_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
