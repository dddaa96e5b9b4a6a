/* A node some of whose rows are damaged: what they concern is set aside and told, and everybody else is
 * served. */
#include "desk_rig.h"
#include "node/cases/cases.h"

#include "law/profile.h"
#include "node/evidence/lane.h"
#include "node/evidence/state.h"

#define TOLD "is damaged: restore a backup"
#define NOTE "{\"content\":{\"note\":{\"text\":\"a note\"}}}"

/* ---------------------------------------------------------------------- what is damaged */

static struct damage {
	char case_id[CY_UUID_LEN + 1]; /* of this one, these: */
	bool facts, key, clocks, evidence;
	uint32_t attachment; /* 0: evidence of each */
	struct store_port as_it_was;
} damage;

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg);

struct seeing {
	store_case_fn *fn;
	void *arg;
};

static int without_key(void *arg, const struct store_case *row)
{
	const struct seeing *s = arg;
	struct store_case c = *row;

	c.damaged = true;
	return s->fn(s->arg, &c);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct seeing s = { fn, arg };

	return damage.key && strcmp(case_id, damage.case_id) == 0
		       ? damage.as_it_was.get_case(ctx, peer, case_id, without_key, &s)
		       : damage.as_it_was.get_case(ctx, peer, case_id, fn, arg);
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	return damage.facts && strcmp(case_id, damage.case_id) == 0
		       ? CY_EDAMAGED
		       : damage.as_it_was.case_messages(ctx, peer, case_id, fn, arg);
}

static int case_clocks(void *ctx, struct store_view view, const char *peer, const char *case_id, store_clock_fn *fn,
		       void *arg)
{
	return damage.clocks && strcmp(case_id, damage.case_id) == 0
		       ? CY_EDAMAGED
		       : damage.as_it_was.case_clocks(ctx, view, peer, case_id, fn, arg);
}

static int get_evidence(void *ctx, const char *message_id, uint32_t attachment, store_evidence_fn *fn, void *arg)
{
	return damage.evidence && (damage.attachment == 0 || damage.attachment == attachment)
		       ? CY_EDAMAGED
		       : damage.as_it_was.get_evidence(ctx, message_id, attachment, fn, arg);
}

/* ------------------------------------------------------------------------------ the rows */

#define DAMAGED some_id(100).s
#define SOUND   some_id(101).s

static const struct law_fact opened = { .side = CY_SIDE__REQUESTING,
					.number = 1,
					.kind = CY_CONTENT__KIND_REQUEST,
					.measures = 1,
					.at_ms = START_MS - DAY };

/* A case that the peer has opened by message `id`. */
static struct store_case *put_opened(struct store_writeset **w, const char *case_id, uint8_t id)
{
	struct store_case *c = put_case(w, PEER, case_id);
	struct store_message *m;

	c->peer_number = 1;
	m = put_message(w, PEER, case_id, "", &opened);
	m->id = cy_arena_string(&(*w)->arena, some_id(id).s);
	return c;
}

/* Theirs, of message `id`. */
static struct store_evidence *put_evidence(struct store_writeset **w, const char *case_id, uint8_t id,
					   uint32_t attachment, enum store_evidence_state state)
{
	struct store_evidence *e = &row(w, STORE_PUT_EVIDENCE)->evidence;

	*e = (struct store_evidence){ .message_id = cy_arena_string(&(*w)->arena, some_id(id).s),
				      .attachment = attachment,
				      .peer = PEER,
				      .case_id = cy_arena_string(&(*w)->arena, case_id),
				      .author = STORE_PEER,
				      .number = 1,
				      .size = 10,
				      .sha256 = cy_sha256(cy_bytes(&attachment, sizeof attachment)),
				      .state = state,
				      .verified = { START_MS - DAY },
				      .reason = "" };
	return e;
}

static const struct store_evidence *evidence(struct rig *r, uint8_t id, uint32_t attachment)
{
	const struct store_evidence *e = mem_store_evidence(&r->store, some_id(id).s, attachment);

	assert_non_null(e);
	return e;
}

/* The bytes are good: the descriptor is asked for next. */
static int file_of(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	(void)ctx;
	(void)ticket;
	(void)sha256;
	fail_msg("evidence is given out although that is not recorded");
	return CY_EIO;
}

static bool values_lost; /* the store's own */

static int meta(void *ctx, int (*fn)(void *arg, const struct store_meta *row), void *arg)
{
	return values_lost ? CY_ESTORE : damage.as_it_was.meta(ctx, fn, arg);
}

/* Two cases, of which the first one is damaged so; both opened by the peer, by messages 1 and 2. */
static struct rig *with_rows(struct store_writeset *w, struct damage d)
{
	struct rig *r = rig_new(true);

	r->ports.blobs.file = file_of;
	damage = d;
	damage.as_it_was = r->ports.store;
	memcpy(damage.case_id, DAMAGED, sizeof damage.case_id);
	r->ports.store.meta = meta;
	r->ports.store.get_case = get_case;
	r->ports.store.case_messages = case_messages;
	r->ports.store.case_clocks = case_clocks;
	r->ports.store.get_evidence = get_evidence;
	mem_store_apply(&r->store, w);
	rig_start(r);
	r->did[0] = '\0';
	return r;
}

static struct store_writeset *two_cases(void)
{
	struct store_writeset *w = NULL;

	put_opened(&w, DAMAGED, 1);
	put_opened(&w, SOUND, 2);
	return w;
}

static void wake(struct rig *r, int64_t later)
{
	r->clock.now += later;
	for (size_t i = 0; i < 10; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
	assert_null(strstr(r->all, "nothing can be committed"));
}

/* The last message of ours in a case; NULL: there is none. */
static const struct store_message *said(struct rig *r, const char *case_id)
{
	const struct store_message *last = NULL;

	for (const struct mem_message *m = mem_store_case(&r->store, PEER, case_id)->first; m != NULL; m = m->next)
		if (m->row.author == STORE_OWN)
			last = &m->row;
	return last;
}

/* ------------------------------------------------------------------------------ the peer */

static const struct store_message *message(struct rig *r, struct cy_uuid id)
{
	const struct mem_message *m = mem_store_message(&r->store, id.s);

	assert_non_null(m);
	return &m->row;
}

/* ------------------------------------------------------------------------------ messages */

/* It is rejected with the reason, and everything else of the stream goes on. */
static void a_message_for_a_damaged_case_holds_up_no_other(void **state)
{
	static const struct damage ways[] = { { .facts = true }, { .key = true } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = with_rows(two_cases(), ways[i]);
		struct line *l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		const struct cy_uuid damaged = desk_parcel_note(r, l, DAMAGED, 2, true),
				     sound = desk_parcel_note(r, l, SOUND, 2, true);

		assert_false(l->closed);
		assert_int_equal(message(r, damaged)->void_code, CY_REJECTION_CODE__UNKNOWN_CASE);
		assert_string_equal(message(r, damaged)->void_reason,
				    "what is stored of this case is damaged here: say it again when that is repaired");
		assert_string_equal(message(r, damaged)->case_id, "");
		assert_int_equal(message(r, sound)->void_code, 0);
		assert_int_equal(message(r, sound)->number, 2);
		assert_non_null(strstr(r->all, TOLD));
		rig_free(r);
	}
}

/* That a message was taken needs none of the facts of its case. */
static void a_receipt_for_a_message_of_a_damaged_case_counts(void **state)
{
	(void)state;
	for (size_t key = 0; key < 2; key++) {
		struct rig *r = with_rows(two_cases(), (struct damage){ .facts = false });
		struct line *l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		struct mem_parcels *sent;
		struct cy_digest d;

		desk_submit(r, 1, DAMAGED, CY_PRIORITY__NORMAL, NOTE);
		rig_settle(r);
		assert_int_equal(said(r, DAMAGED)->transport, STORE_TRANSMITTED);
		damage.facts = true;
		damage.key = key;
		kept_drop(r->node); /* it was in use last some time ago */
		sent = &mem_store_peer(&r->store, PEER)->parcels[STORE_OWN];
		d = cy_sha256(sent->at[0]->row.manifest);
		desk_receipt(r, l, &sent->at[0]->row, &d);
		rig_settle(r);
		assert_false(l->closed);
		assert_int_equal(said(r, DAMAGED)->transport, STORE_RELAYED);
		assert_int_equal(strstr(r->all, TOLD) != NULL, key);
		rig_free(r);
	}
}

static void nothing_is_handed_in_for_a_damaged_case(void **state)
{
	static const struct damage ways[] = { { .facts = true }, { .key = true } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = with_rows(two_cases(), ways[i]);

		desk_submit(r, 1, DAMAGED, CY_PRIORITY__NORMAL, NOTE);
		desk_submit(r, 1, SOUND, CY_PRIORITY__NORMAL, NOTE);
		rig_settle(r);
		assert_null(said(r, DAMAGED));
		assert_non_null(said(r, SOUND));
		assert_non_null(strstr(r->all, TOLD));
		rig_free(r);
	}
}

/* Its answer says that the health of the authority tells what is damaged: it does. */
static void a_damaged_case_that_is_looked_at_is_told(void **state)
{
	struct rig *r = with_rows(two_cases(), (struct damage){ .facts = true });
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowCase show = CY_SHOW_CASE__INIT;
	struct cy_uuid id = some_id(100);

	(void)state;
	show.ref = id.s;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	f.show_case = &show;
	desk_ask(r, 1, &f);
	rig_settle(r);
	assert_non_null(strstr(r->all, TOLD));
	rig_free(r);
}

static unsigned own_messages(struct rig *r, const char *case_id)
{
	unsigned n = 0;

	for (const struct mem_message *m = mem_store_case(&r->store, PEER, case_id)->first; m != NULL; m = m->next)
		n += m->row.author == STORE_OWN;
	return n;
}

/* A commit that needs a damaged page fails, and nobody can say beforehand whose. */
static void who_needs_a_damaged_page_fails_the_work_of_others_once(void **state)
{
	struct rig *r = with_rows(two_cases(), (struct damage){ .facts = false });

	(void)state;
	r->damaged_case = DAMAGED;
	for (unsigned round = 0; round < 3; round++) {
		/* The first one is under way, so that the others share the next commit. */
		desk_submit(r, 1, SOUND, CY_PRIORITY__NORMAL, NOTE);
		desk_submit(r, 1, DAMAGED, CY_PRIORITY__NORMAL, NOTE);
		desk_submit(r, 1, SOUND, CY_PRIORITY__NORMAL, NOTE);
		rig_settle(r);
		assert_int_equal(own_messages(r, SOUND), 1 + 2 * round);
		assert_null(said(r, DAMAGED));
	}
	rig_free(r);
}

/* --------------------------------------------------------------------------- time limits */

static const struct law_profile profile = { .id = "treaty", .version = "1", .n_clocks = 0 };
static const struct law_data legal_data = { .n_profiles = 1, .profiles = (const struct law_profile *[]){ &profile } };

static void a_time_limit_of_a_damaged_case_stops_nobody(void **state)
{
	struct store_writeset *w = two_cases();
	struct rig *r;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		row(&w, STORE_PUT_CLOCK)->clock = (struct store_clock){ .peer = PEER,
									.case_id = DAMAGED,
									.name = "answer",
									.measure = i,
									.ours = true,
									.next = { START_MS + 1000 },
									.difference = "",
									.explanation = "" };
	r = with_rows(w, (struct damage){ .facts = true });
	node_free(r->node);
	r->config.legal_data = &legal_data;
	rig_start(r);
	wake(r, 1000);
	assert_non_null(strstr(r->all, TOLD));
	for (size_t i = 0; i < r->store.n_clocks; i++)
		assert_int_equal(r->store.clocks[i]->row.next.ms, START_MS + 1000 + 600000);
	rig_free(r);
}

/* A message of the case is taken all the same; what it does to the time limits is counted when they can be read. */
static void time_limits_that_are_damaged_hold_up_no_message(void **state)
{
	static const struct law_clock_rule rule = { .name = "answer", .obliged = CY_SIDE__REQUESTED };
	static const struct law_profile one = { .id = "treaty", .version = "1", .n_clocks = 1, .clocks = &rule };
	static const struct law_profile *const profiles[] = { &one };
	static const struct law_data with_one = { .n_profiles = 1, .profiles = profiles };
	struct law_terms terms = { .instrument = "treaty", .version = "1", .opened_ms = START_MS, .n = 1 };
	uint8_t encoded[LAW_TERMS_MAX];
	struct store_writeset *w = NULL;
	struct line *l;
	struct rig *r;

	(void)state;
	put_opened(&w, DAMAGED, 1)->terms = cy_bytes(encoded, law_terms_encode(&terms, encoded));
	r = with_rows(w, (struct damage){ .clocks = true });
	node_free(r->node);
	r->config.legal_data = &with_one;
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	assert_int_equal(message(r, desk_parcel_note(r, l, DAMAGED, 2, true))->number, 2);
	assert_false(l->closed);
	assert_non_null(strstr(r->all, "a time limit of case"));
	rig_free(r);
}

/* ------------------------------------------------------------------------------ evidence */

static void evidence_of_damaged_cases_goes_when_its_time_is_over(void **state)
{
	struct store_writeset *w = two_cases();
	struct store_evidence *e;
	struct rig *r;

	(void)state;
	for (uint32_t i = 1; i <= 20; i++) {
		e = put_evidence(&w, DAMAGED, 1, i, STORE_EVIDENCE_HERE);
		e->retrieved = true;
		e->retain_until.ms = START_MS - 2 * DAY;
	}
	e = put_evidence(&w, SOUND, 2, 21, STORE_EVIDENCE_HERE);
	e->retrieved = true;
	e->retain_until.ms = START_MS - DAY;
	r = with_rows(w, (struct damage){ .facts = true });
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	wake(r, 1000);
	for (uint32_t i = 1; i <= 20; i++)
		assert_int_equal(evidence(r, 1, i)->state, STORE_EVIDENCE_DESTROYED);
	assert_int_equal(evidence(r, 2, 21)->state, STORE_EVIDENCE_DESTROYED);
	assert_non_null(strstr(r->all, TOLD));
	rig_free(r);
}

static void evidence_of_a_damaged_case_arrives(void **state)
{
	struct store_writeset *w = two_cases();
	struct rig *r;

	(void)state;
	put_evidence(&w, DAMAGED, 1, 1, STORE_EVIDENCE_WAITING);
	r = with_rows(w, (struct damage){ .facts = true });
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	rig_session(r, WIRE_BULK, true, all_features, 2);
	wake(r, 1000);
	assert_int_equal(evidence(r, 1, 1)->state, STORE_EVIDENCE_HERE);
	assert_non_null(strstr(r->all, TOLD));
	rig_free(r);
}

/* It stays on our own record. */
static void what_cannot_be_stated_holds_up_no_other_statement(void **state)
{
	static const struct damage ways[] = { { .facts = true }, { .key = true } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct store_writeset *w = two_cases();
		struct rig *r;

		put_evidence(&w, DAMAGED, 1, 1, STORE_EVIDENCE_HERE)->unstated = true;
		put_evidence(&w, SOUND, 2, 2, STORE_EVIDENCE_HERE)->unstated = true;
		r = with_rows(w, ways[i]);
		rig_session(r, WIRE_MESSAGES, true, all_features, 2);
		wake(r, 60000);
		assert_non_null(said(r, SOUND));
		assert_int_equal(said(r, SOUND)->kind, CY_CONTENT__KIND_EVIDENCE_STATEMENT);
		assert_null(said(r, DAMAGED));
		assert_false(evidence(r, 1, 1)->unstated);
		assert_int_equal(r->store.n_custody, 2);
		assert_non_null(strstr(r->all, TOLD));
		rig_free(r);
	}
}

static void evidence_whose_row_is_damaged_is_given_to_nobody(void **state)
{
	struct store_writeset *w = two_cases();
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetEvidence get = CY_GET_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	struct cy_uuid id = some_id(1);
	struct rig *r;

	(void)state;
	put_evidence(&w, DAMAGED, 1, 1, STORE_EVIDENCE_HERE);
	r = with_rows(w, (struct damage){ .evidence = false });
	item.message_id = id.s;
	item.attachment = 1;
	get.item = &item;
	get.as_file = true;
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_EVIDENCE;
	f.get_evidence = &get;
	desk_ask(r, 1, &f);
	damage.evidence = true;
	rig_settle(r);
	wake(r, 10000);
	assert_non_null(strstr(r->all, "who reads attachment 1"));
	rig_free(r);
}

/* The row of which it speaks is damaged: the statement itself is taken. */
static void a_statement_about_damaged_evidence_is_taken(void **state)
{
	const struct law_fact ours = { .side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE };
	struct cy_digest d = cy_sha256(cy_bytes("x", 1));
	CyContent content = CY_CONTENT__INIT;
	CyEvidenceStatement statement = CY_EVIDENCE_STATEMENT__INIT;
	CyStatedEvidence item = CY_STATED_EVIDENCE__INIT, *items[] = { &item };
	struct store_writeset *w = two_cases();
	struct cy_uuid id = some_id(3);
	struct line *l;
	struct rig *r;

	(void)state;
	put_message(&w, PEER, SOUND, id.s, &ours);
	item.message = item.attachment = 1;
	item.sha256 = (ProtobufCBinaryData){ .data = d.b, .len = sizeof d.b };
	item.fate = CY_EVIDENCE_FATE__ARRIVED;
	item.at_ms = START_MS;
	statement.items = items;
	statement.n_items = 1;
	content.kind_case = CY_CONTENT__KIND_EVIDENCE_STATEMENT;
	content.evidence_statement = &statement;
	r = with_rows(w, (struct damage){ .evidence = true });
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	id = desk_parcel(r, l, SOUND, 2, 0, true, &content);
	rig_settle(r);
	assert_false(l->closed);
	assert_int_equal(message(r, id)->void_code, 0);
	assert_non_null(strstr(r->all, "evidence of case"));
	rig_free(r);
}

/* Each of the others is verified, whether it has a flaw or not, of another content or the same. */
static void a_damaged_row_of_evidence_holds_up_no_other_in_the_round(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		const bool flawed = way % 2 == 1, same = way >= 2;
		struct store_writeset *w = two_cases();
		struct rig *r;

		for (uint32_t a = 1; a <= 5; a++) {
			struct store_evidence *e = put_evidence(&w, SOUND, 2, a, STORE_EVIDENCE_HERE);

			e->flaw = flawed ? STORE_SPOILT : STORE_SOUND;
			if (same)
				e->sha256 = cy_sha256(cy_bytes("same", 4));
		}
		r = with_rows(w, (struct damage){ .attachment = 2 });
		damage.evidence = true;
		evidence_round(r->node);
		wake(r, 1000);
		for (uint32_t a = 1; a <= 5; a++) {
			assert_int_equal(evidence(r, 2, a)->verified.ms > START_MS - DAY, a != 2);
			assert_int_equal(evidence(r, 2, a)->flaw, flawed && a == 2 ? STORE_SPOILT : STORE_SOUND);
		}
		assert_non_null(strstr(r->all, "the row of attachment 2 of message"));
		assert_non_null(strstr(r->all, TOLD));
		/* The round is over, and one that is ordered when it is repaired takes it along. */
		assert_true(r->node->evidence->rest.ended.ms > 0);
		damage.evidence = false;
		r->clock.now += 1000;
		evidence_round(r->node);
		wake(r, 0);
		assert_true(evidence(r, 2, 2)->verified.ms > START_MS - DAY);
		assert_int_equal(evidence(r, 2, 2)->flaw, STORE_SOUND);
		rig_free(r);
	}
}

/* Else what follows would stand at places of the audit log that it never had. */
static void nothing_is_built_upon_a_batch_that_failed(void **state)
{
	struct rig *r = with_rows(two_cases(), (struct damage){ 0 });
	struct line *l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	struct cy_uuid id;

	(void)state;
	values_lost = true;
	r->damaged_case = SOUND;
	desk_parcel_note(r, l, SOUND, 2, true);
	assert_true(l->closed);
	r->damaged_case = NULL;
	r->clock.now += 5000;
	node_wake(r->node);
	rig_settle(r);
	assert_non_null(strstr(r->all, "the store's own values cannot be read"));
	values_lost = false;
	r->n_parcels--;
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	id = desk_parcel_note(r, l, SOUND, 2, true);
	assert_false(l->closed);
	assert_non_null(mem_store_message(&r->store, id.s));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_for_a_damaged_case_holds_up_no_other),
		cmocka_unit_test(a_receipt_for_a_message_of_a_damaged_case_counts),
		cmocka_unit_test(nothing_is_handed_in_for_a_damaged_case),
		cmocka_unit_test(a_damaged_case_that_is_looked_at_is_told),
		cmocka_unit_test(who_needs_a_damaged_page_fails_the_work_of_others_once),
		cmocka_unit_test(a_time_limit_of_a_damaged_case_stops_nobody),
		cmocka_unit_test(time_limits_that_are_damaged_hold_up_no_message),
		cmocka_unit_test(evidence_of_damaged_cases_goes_when_its_time_is_over),
		cmocka_unit_test(evidence_of_a_damaged_case_arrives),
		cmocka_unit_test(what_cannot_be_stated_holds_up_no_other_statement),
		cmocka_unit_test(evidence_whose_row_is_damaged_is_given_to_nobody),
		cmocka_unit_test(a_statement_about_damaged_evidence_is_taken),
		cmocka_unit_test(a_damaged_row_of_evidence_holds_up_no_other_in_the_round),
		cmocka_unit_test(nothing_is_built_upon_a_batch_that_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
