/* What a node does about the time limits of a case (node/cases/clocks.c, escalate.c), under the shipped
 * profiles of the European Investigation Order and of electronic evidence. */
#include "config/profile_confuse.h"
#include "desk_rig.h"
#include "law/clock.h"
#include "law/terms.h"
#include "wire/json.h"
#include "wire/message.h"

static const struct law_rung rungs[] = {
	{ "soon", "desk_officer", LAW_WHEN_BEFORE, 5 * DAY, true, true, 1u << LAW_ACTION_EVENT },
	{ "over", "desk_officer", LAW_WHEN_AFTER, 0, true, true, 1u << LAW_ACTION_EVENT },
};
static const struct law_ladder ladder = { .name = "site", .n = 2, .rungs = rungs };
static struct cy_arena arena;
static const struct law_profile *profiles[2];
static struct law_data legal_data = { .n_profiles = 2, .profiles = profiles, .ladder = &ladder };

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	if (profile_load("config/treaties/eio-2014-41.conf", &arena, &profiles[0], &problems) < 0)
		return -1;
	return profile_load("config/treaties/e-evidence-2023-1543.conf", &arena, &profiles[1], &problems);
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

/* Two measures are asked for. */
static struct cy_bytes terms(struct store_writeset *w, const struct law_profile *p)
{
	struct law_terms t = { .opened_ms = START_MS, .n = 2, .urgency_day = LAW_NO_DAY };
	uint8_t encoded[LAW_TERMS_MAX], *copy;
	size_t len;

	snprintf(t.instrument, sizeof t.instrument, "%s", p->id);
	t.type[0] = t.type[1] = CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER;
	t.wanted[0] = t.wanted[1] = LAW_NO_DAY;
	len = law_terms_encode(&t, encoded);
	copy = cy_arena_take(&w->arena, len);
	return cy_bytes(memcpy(copy, encoded, len), len);
}

static struct law_fact fact(CySide side, uint32_t number, uint32_t kind, uint8_t one, uint8_t two)
{
	struct law_fact f = { .side = side, .number = number, .kind = kind, .at_ms = START_MS };

	f.seen = side == CY_SIDE__REQUESTED;
	f.code[0] = one;
	f.code[1] = two;
	return f;
}

/* What was odd about the date of the last message of the case that was shown. */
static char shown_doubt[512];

static int send_and_keep_doubt(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	(void)ctx, (void)conn;
	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_CASE_VIEW) {
		assert_true(f->case_view->n_messages > 0);
		snprintf(shown_doubt, sizeof shown_doubt, "%s",
			 f->case_view->messages[f->case_view->n_messages - 1]->date_doubt);
	}
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

/* The field that the last answer to a client is about; "" if it was taken. */
static char refused_field[128];
static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static int send_and_look(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	refused_field[0] = '\0';
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR && f->error->code == CY_ERROR_CODE__INVALID)
		snprintf(refused_field, sizeof refused_field, "%s", f->error->faults[0]->field);
	cy_server_frame__free_unpacked(f, NULL);
	return send_any(ctx, conn, bytes);
}

/* The peer has asked, and both measures were recognised here at START_MS: 90 days for each. */
static struct rig *with_a_decision(const char *case_id)
{
	struct law_fact request = fact(CY_SIDE__REQUESTING, 1, CY_CONTENT__KIND_REQUEST, 0, 0),
			ack = fact(CY_SIDE__REQUESTED, 1, CY_CONTENT__KIND_ACKNOWLEDGEMENT,
				   CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0),
			decision = fact(CY_SIDE__REQUESTED, 2, CY_CONTENT__KIND_DECISION, 1, 1);
	struct store_writeset *w = NULL;
	struct store_case *c = put_case(&w, PEER, case_id);
	struct rig *r = rig_new(false);

	request.measures = 2;
	c->own_number = 2;
	c->peer_number = 1;
	c->terms = terms(w, profiles[0]);
	put_message(&w, PEER, case_id, "request", &request);
	put_message(&w, PEER, case_id, "acknowledgement", &ack);
	put_message(&w, PEER, case_id, "decision", &decision);
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	r->config.undelivered_ms = 1000 * DAY; /* what we say here stands */
	send_any = r->ports.local.send;
	r->ports.local.send = send_and_look;
	rig_start(r);
	return r;
}

static void say_of_measure(struct rig *r, const char *case_id, const char *json)
{
	const size_t before = r->store.n_messages;

	desk_submit(r, 1, case_id, CY_PRIORITY__NORMAL, json);
	rig_settle(r);
	assert_true(r->store.n_messages > before);
}

#define POSTPONE_1 "{\"content\":{\"postponement\":{\"measures\":[1],\"ground\":\"An investigation here.\"}}}"
#define RESUME_1   "{\"content\":{\"resumption\":{\"measures\":[1]}}}"

/* Events of this type about the execution of a measure. */
static size_t steps(const struct rig *r, CyEventType type, unsigned measure)
{
	char text[64];
	size_t n = 0;

	snprintf(text, sizeof text, "clock execute, measure %u, due ", measure);
	for (size_t i = 0; i < r->store.n_events; i++)
		n += r->store.events[i]->type == type && strncmp(r->store.events[i]->text, text, strlen(text)) == 0;
	return n;
}

static void days_pass(struct rig *r, int days)
{
	for (int i = 0; i < days; i++) {
		r->clock.now += DAY;
		node_wake(r->node);
		rig_settle(r);
	}
}

static void a_suspended_time_limit_takes_no_step_and_does_not_lapse(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = with_a_decision(id.s);

	(void)state;
	say_of_measure(r, id.s, POSTPONE_1);
	days_pass(r, 120);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_STEP, 1), 0);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_LAPSED, 1), 0);
	/* The other one went on. */
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_STEP, 2), 2);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_LAPSED, 2), 1);
	/* 90 days are left, and none of them is over. */
	say_of_measure(r, id.s, RESUME_1);
	days_pass(r, 80);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_STEP, 1), 0);
	days_pass(r, 15);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_STEP, 1), 2);
	assert_int_equal(steps(r, CY_EVENT_TYPE__CLOCK_LAPSED, 1), 1);
	rig_free(r);
}

/* ------------------------------------------------------------------ what is stated */

static const struct store_clock *clock_row(const struct rig *r, const char *name)
{
	for (size_t i = 0; i < r->store.n_clocks; i++)
		if (strcmp(r->store.clocks[i]->row.name, name) == 0)
			return &r->store.clocks[i]->row;
	fail_msg("there is no clock %s", name);
	return NULL;
}

/* A statement of one time limit, a week from this start. */
struct statement {
	CyContent content;
	CyClockStatement statement;
	CyStatedClock clock, *list;
};

static void fill_statement(struct statement *s, const struct law_profile *p, const char *name, uint32_t notice,
			   int64_t start_ms)
{
	cy_content__init(&s->content);
	cy_clock_statement__init(&s->statement);
	cy_stated_clock__init(&s->clock);
	s->clock.clock = (char *)name;
	s->clock.notice = notice;
	s->clock.start_ms = start_ms;
	s->clock.due_ms = start_ms + 7 * DAY;
	s->list = &s->clock;
	s->statement.clocks = &s->list;
	s->statement.n_clocks = 1;
	s->statement.profile_digest = (ProtobufCBinaryData){ .data = (uint8_t *)p->digest.b, .len = CY_SHA256_LEN };
	s->content.kind_case = CY_CONTENT__KIND_CLOCK_STATEMENT;
	s->content.clock_statement = &s->statement;
}

/* The peer says when the request came, and until when it will have acknowledged it. */
static void state_start(struct rig *r, const struct line *l, const char *case_id, uint32_t number, int64_t start_ms)
{
	struct statement s;

	fill_statement(&s, profiles[0], "acknowledge", 0, start_ms);
	desk_parcel(r, l, case_id, number, 1, false, &s.content);
	rig_settle(r);
}

static struct store_message *asked_row; /* the request of the last such case */

/* A case in which we have asked; nothing else of it is known yet. */
static struct store_case *put_asked(struct store_writeset **w, const char *case_id, const struct law_profile *p)
{
	struct law_fact request = fact(CY_SIDE__REQUESTING, 1, CY_CONTENT__KIND_REQUEST, 0, 0);
	struct store_case *c = put_case(w, PEER, case_id);

	request.measures = 2;
	request.at_ms = START_MS - 3 * DAY;
	c->side = CY_SIDE__REQUESTING;
	c->own_number = 1;
	c->terms = terms(*w, p);
	asked_row = put_message(w, PEER, case_id, "request", &request);
	asked_row->author = STORE_OWN;
	return c;
}

/* Whoever owes could gain time by stating another start later. */
static void the_first_statement_of_a_start_stands(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	const struct store_clock *row;
	struct line *l;

	(void)state;
	put_asked(&w, id.s, profiles[0]);
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	state_start(r, l, id.s, 1, START_MS - 2 * DAY);
	row = clock_row(r, "acknowledge");
	assert_int_equal(row->start.ms, START_MS - 2 * DAY);
	/* The day of the event, 22 November, does not count; a week ends on Sunday 29: Monday. */
	assert_int_equal(row->due.ms, START_MS + 6 * DAY + 14 * INT64_C(3600000) - 1);
	assert_int_equal(row->start_by, 1);
	state_start(r, l, id.s, 2, START_MS + 3 * DAY);
	row = clock_row(r, "acknowledge");
	assert_int_equal(row->start.ms, START_MS - 2 * DAY);
	assert_int_equal(row->due.ms, START_MS + 6 * DAY + 14 * INT64_C(3600000) - 1);
	assert_int_equal(row->start_by, 1);
	/* That the other side counts otherwise now is told. */
	assert_int_equal(row->due_by, 2);
	assert_true(row->difference[0] != '\0');
	rig_free(r);
}

/* Our second message, as it was fetched back from the peer: when its notice 1 came, and how long we have. */
static void put_statement(struct store_writeset **w, const char *case_id, int64_t start_ms)
{
	const struct law_fact stated = { .side = CY_SIDE__REQUESTING,
					 .number = 2,
					 .seen = 1,
					 .kind = CY_CONTENT__KIND_CLOCK_STATEMENT,
					 .at_ms = start_ms };
	struct store_message *m = put_message(w, PEER, case_id, "statement", &stated);
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);
	CyMessage message = CY_MESSAGE__INIT;
	struct statement s;

	fill_statement(&s, profiles[1], "clarify", 1, start_ms);
	message.content = &s.content;
	assert_int_equal(wire_pack(&message.base, &out), CY_OK);
	m->author = STORE_OWN;
	m->content = cy_arena_bytes(&(*w)->arena, cy_buf_view(&out));
	cy_buf_free(&out);
}

static void put_waiting_clock(struct store_writeset **w, const char *case_id)
{
	row(w, STORE_PUT_CLOCK)->clock = (struct store_clock){ .peer = PEER,
							       .case_id = cy_arena_string(&(*w)->arena, case_id),
							       .name = "produce",
							       .measure = 1,
							       .difference = "",
							       .explanation = "" };
}

/* After a restore our statement comes back before what it is about: the peer sends that again only when all of ours
 * has been fetched. The case had other time limits before. */
static void a_statement_that_came_back_before_its_notice_counts(void **state)
{
	CyContent content = CY_CONTENT__INIT;
	CyProblemNotice notice = CY_PROBLEM_NOTICE__INIT;
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	const struct store_clock *row;

	(void)state;
	put_asked(&w, id.s, profiles[1])->own_number = 2;
	put_statement(&w, id.s, START_MS + 2 * DAY);
	put_waiting_clock(&w, id.s);
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	rig_start(r);
	notice.type = CY_PROBLEM_TYPE__CLARIFICATION;
	notice.text = (char *)"Which of the two?";
	content.kind_case = CY_CONTENT__KIND_PROBLEM_NOTICE;
	content.problem_notice = &notice;
	desk_parcel(r, rig_session(r, WIRE_MESSAGES, true, all_features, 2), id.s, 1, 1, false, &content);
	rig_settle(r);
	row = clock_row(r, "clarify");
	assert_true(row->ours);
	assert_int_equal(row->start.ms, START_MS + 2 * DAY);
	assert_int_equal(row->start_by, 2);
	rig_free(r);
}

/* ------------------------------------------------ the receipt, as a last resort */

static void put_receipted(struct store_writeset **w, enum store_author author, const struct sealed *sealed)
{
	struct store_parcel *p = &row(w, STORE_PUT_PARCEL)->parcel;

	*p = (struct store_parcel){ .peer = PEER, .author = author, .epoch = 7, .sequence = 1, .messages = 1 };
	p->manifest = cy_arena_bytes(&(*w)->arena, cy_buf_view(&sealed[0].text));
	p->digest = cy_sha256(p->manifest);
	p->receipt = cy_arena_bytes(&(*w)->arena, cy_buf_view(&sealed[1].text));
}

static int (*get_any_parcel)(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
			     store_parcel_fn *fn, void *arg);
static bool own_are_unreadable; /* parcels */

static int get_parcel(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		      store_parcel_fn *fn, void *arg)
{
	return own_are_unreadable && author == STORE_OWN ? CY_ESTORE
							 : get_any_parcel(ctx, peer, author, epoch, sequence, fn, arg);
}

/* It leaves now, three days after it was made, and the peer signs a receipt for it. */
static struct rig *with_a_receipt(const char *case_id, struct line **ret_line)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	const struct store_parcel *row;

	put_asked(&w, case_id, profiles[0]);
	asked_row->id = cy_arena_string(&w->arena, some_id(2).s);
	asked_row->transport = STORE_QUEUED;
	mem_store_apply(&r->store, w);
	get_any_parcel = r->ports.store.get_parcel;
	r->ports.store.get_parcel = get_parcel;
	r->config.legal_data = &legal_data;
	rig_start(r);
	*ret_line = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	rig_settle(r);
	row = &mem_store_peer(&r->store, PEER)->parcels[STORE_OWN].at[0]->row;
	desk_receipt(r, *ret_line, row, &row->digest);
	rig_settle(r);
	return r;
}

static void a_receipt_starts_the_time_limit_of_a_peer_that_states_nothing(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct line *l;
	struct rig *r = with_a_receipt(id.s, &l);

	(void)state;
	assert_int_equal(clock_row(r, "acknowledge")->state, LAW_CLOCK_RUNNING);
	assert_int_equal(clock_row(r, "acknowledge")->start.ms, START_MS);
	assert_int_equal(clock_row(r, "acknowledge")->start_by, 0);
	assert_string_equal(clock_row(r, "acknowledge")->difference, "");
	days_pass(r, 10);
	assert_true(clock_row(r, "acknowledge")->lapsed.ms > 0);
	rig_free(r);
}

static void a_start_that_is_stated_later_than_the_receipt_does_not_stand(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct line *l;
	struct rig *r = with_a_receipt(id.s, &l);

	(void)state;
	state_start(r, l, id.s, 1, START_MS + 20 * DAY);
	assert_int_equal(clock_row(r, "acknowledge")->stated_start.ms, START_MS + 20 * DAY);
	assert_int_equal(clock_row(r, "acknowledge")->start.ms, START_MS);
	assert_non_null(strstr(clock_row(r, "acknowledge")->difference, "which had signed a receipt before"));
	rig_free(r);
}

static void a_start_that_the_receipt_bears_out_stands(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct line *l;
	struct rig *r = with_a_receipt(id.s, &l);

	(void)state;
	state_start(r, l, id.s, 1, START_MS - DAY);
	assert_int_equal(clock_row(r, "acknowledge")->start.ms, START_MS - DAY);
	assert_null(strstr(clock_row(r, "acknowledge")->difference, "receipt"));
	rig_free(r);
}

static void show_case(struct rig *r, const char *case_id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowCase show = CY_SHOW_CASE__INIT;

	show.ref = (char *)(uintptr_t)case_id;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	f.show_case = &show;
	desk_ask(r, 1, &f);
	rig_settle(r);
}

/* It answers what was written after it, by its own date: whoever wrote it has dated it back. */
static void a_message_that_is_dated_back_is_told(void **state)
{
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	const struct store_event *e;
	struct cy_uuid said;

	(void)state;
	put_asked(&w, id.s, profiles[0]);
	asked_row->created.ms = START_MS + DAY;
	mem_store_apply(&r->store, w);
	r->ports.local.send = send_and_keep_doubt;
	rig_start(r);
	note.text = (char *)"t";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	said = desk_parcel(r, rig_session(r, WIRE_MESSAGES, true, all_features, 2), id.s, 1, 1, false, &content);
	rig_settle(r);
	e = r->store.events[r->store.n_events - 1];
	assert_int_equal(e->type, CY_EVENT_TYPE__MESSAGE_RECEIVED);
	assert_string_equal(e->message_id, said.s);
	assert_non_null(strstr(e->text, "by its author, before message 1 here, which it had seen"));
	assert_non_null(strstr(r->journal, "before message 1 here"));
	shown_doubt[0] = '\0';
	show_case(r, id.s);
	assert_non_null(strstr(shown_doubt, "by its author, before message 1 here, which it had seen"));
	rig_free(r);
}

/* A peer could say so much that its receipt for the request is not looked at any more. */
static void no_number_of_problem_notices_hides_the_receipt_for_the_request(void **state)
{
	struct store_writeset *w = NULL;
	const struct cy_uuid id = some_id(1);
	struct rig *r = rig_new(false);
	struct wire_text text = { .made = { START_MS - 2 * DAY }, .epoch = 7, .sequence = 1 };
	const struct cy_bytes message = cy_bytes((const uint8_t *)"m", 1);
	struct sealed own[2], theirs[2];
	struct store_message *m;

	(void)state;
	desk_seal_both(&text, SELF, PEER, some_id(2).s, message, &own[0], &own[1]);
	desk_seal_both(&text, PEER, SELF, some_id(3).s, message, &theirs[0], &theirs[1]);
	put_asked(&w, id.s, profiles[0])->peer_number = LAW_OPEN_MAX + 6;
	asked_row->epoch = 7;
	asked_row->sequence = 1;
	put_receipted(&w, STORE_OWN, own);
	put_receipted(&w, STORE_PEER, theirs);
	for (uint32_t i = 1; i <= LAW_OPEN_MAX + 6; i++) {
		const struct law_fact notice = fact(CY_SIDE__REQUESTED, i, CY_CONTENT__KIND_PROBLEM_NOTICE, 0, 0);
		char name[16];

		snprintf(name, sizeof name, "notice-%u", i);
		m = put_message(&w, PEER, id.s, cy_arena_string(&w->arena, name), &notice);
		m->author = STORE_PEER;
		m->epoch = 7;
		m->sequence = 1;
	}
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	rig_start(r);
	state_start(r, rig_session(r, WIRE_MESSAGES, true, all_features, 2), id.s, LAW_OPEN_MAX + 7,
		    START_MS + 20 * DAY);
	assert_int_equal(clock_row(r, "acknowledge")->stated_start.ms, START_MS + 20 * DAY);
	assert_int_equal(clock_row(r, "acknowledge")->start.ms, START_MS - 2 * DAY);
	rig_free(r);
	for (size_t i = 0; i < 2; i++) {
		cy_buf_free(&own[i].text);
		cy_buf_free(&theirs[i].text);
	}
}

static void a_receipt_that_cannot_be_read_now_is_no_missing_one(void **state)
{
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;
	const struct cy_uuid id = some_id(1);
	struct line *l;
	struct rig *r = with_a_receipt(id.s, &l);

	(void)state;
	assert_int_equal(clock_row(r, "acknowledge")->state, LAW_CLOCK_RUNNING);
	own_are_unreadable = true;
	note.text = (char *)"It is being looked for.";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	desk_parcel(r, l, id.s, 1, 1, false, &content);
	rig_settle(r);
	own_are_unreadable = false;
	assert_int_equal(clock_row(r, "acknowledge")->state, LAW_CLOCK_RUNNING);
	rig_free(r);
}

/* ------------------------------------------------------- instants that cannot be */

#define EXECUTED "{\"measure\":1,\"outcome\":\"EXECUTED\"}"

static void a_client_hears_which_instant_cannot_be(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = with_a_decision(id.s);

	(void)state;
	desk_submit(r, 1, id.s, CY_PRIORITY__NORMAL, "{\"content\":{\"decision\":{\"decidedMs\":\"946684800000\"}}}");
	rig_settle(r);
	assert_string_equal(refused_field, "submission.content.decision.decided_ms");
	desk_submit(r, 1, id.s, CY_PRIORITY__NORMAL,
		    "{\"content\":{\"result\":{\"results\":[" EXECUTED "],\"effectedMs\":\"4102444800000\"}}}");
	rig_settle(r);
	assert_string_equal(refused_field, "submission.content.result.effected_ms");
	say_of_measure(r, id.s, "{\"content\":{\"result\":{\"results\":[" EXECUTED "]}}}");
	assert_string_equal(refused_field, "");
	rig_free(r);
}

/* Its daemon may know no such rule: the rejection makes it void on both sides. */
static void an_instant_of_the_peer_that_cannot_be_is_rejected(void **state)
{
	CyContent content = CY_CONTENT__INIT;
	CyAcknowledgement ack = CY_ACKNOWLEDGEMENT__INIT;
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);
	const struct store_message *m;
	struct cy_uuid said;
	struct line *l;

	(void)state;
	put_asked(&w, id.s, profiles[0]);
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	ack.by = CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY;
	ack.reference = (char *)"r";
	ack.received_ms = 4102444800000;
	content.kind_case = CY_CONTENT__KIND_ACKNOWLEDGEMENT;
	content.acknowledgement = &ack;
	said = desk_parcel(r, l, id.s, 1, 1, false, &content);
	rig_settle(r);
	m = &mem_store_message(&r->store, said.s)->row;
	assert_int_equal(m->void_code, CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED);
	assert_non_null(strstr(m->void_reason, "acknowledgement.received_ms is 2100-01-01"));
	assert_string_equal(mem_store_case(&r->store, PEER, id.s)->row.state, "TRANSMITTED");
	ack.received_ms = START_MS - DAY;
	said = desk_parcel(r, l, id.s, 2, 1, false, &content);
	rig_settle(r);
	m = &mem_store_message(&r->store, said.s)->row;
	assert_int_equal(m->void_code, 0);
	assert_string_equal(mem_store_case(&r->store, PEER, id.s)->row.state, "ACKNOWLEDGED");
	rig_free(r);
}

static CyContent *a_complete_request(void)
{
	struct cy_buf json = CY_BUF(1024 * 1024);
	FILE *f = fopen("tests/fixtures/law/complete_request.json", "r");
	ProtobufCMessage *m = NULL;
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		assert_int_equal(cy_buf_add(&json, piece, n), CY_OK);
	fclose(f);
	assert_int_equal(wire_json_parse(&cy_content__descriptor, cy_buf_view(&json), &m, NULL), CY_OK);
	cy_buf_free(&json);
	return (CyContent *)m;
}

/* It would meet the time limit of its own case as it opens it. */
static void a_request_that_follows_itself_is_rejected(void **state)
{
	const struct cy_uuid id = some_id(1), other = some_id(2);
	CyContent *content = a_complete_request();
	CyLink link = CY_LINK__INIT, *links[] = { &link };
	CyLink **const were = content->request->links;
	const size_t n_were = content->request->n_links;
	struct rig *r = rig_new(false);
	const struct store_message *m;
	struct cy_uuid said;
	struct line *l;

	(void)state;
	r->config.legal_data = &legal_data;
	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	link.type = CY_LINK_TYPE__FOLLOW_UP_PRESERVATION;
	link.case_id = (char *)(uintptr_t)id.s;
	content->request->links = links;
	content->request->n_links = 1;
	said = desk_parcel(r, l, id.s, 1, 0, true, content);
	rig_settle(r);
	m = &mem_store_message(&r->store, said.s)->row;
	assert_int_equal(m->void_code, CY_REJECTION_CODE__MALFORMED);
	assert_string_equal(m->void_reason, "a link names the case that the request opens");
	said = desk_parcel(r, l, other.s, 1, 0, true, content);
	rig_settle(r);
	assert_int_equal(mem_store_message(&r->store, said.s)->row.void_code, 0);
	content->request->links = were;
	content->request->n_links = n_were;
	cy_content__free_unpacked(content, NULL);
	rig_free(r);
}

/* As a version wrote it that knew of no time limits: with the request itself, and nothing computed from it. */
static void put_old(struct store_writeset **w, unsigned i)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	CyMessage m = CY_MESSAGE__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyRequest request = CY_REQUEST__INIT;
	CyLegalBasis basis = CY_LEGAL_BASIS__INIT;
	CyMeasure measure = CY_MEASURE__INIT, *measures[] = { &measure };
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);
	struct store_message *row;
	struct store_case *c;
	char id[16];

	basis.instrument = (char *)"eio-2014-41";
	basis.version = (char *)"1";
	measure.measure = 1;
	measure.type = CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER;
	request.legal_basis = &basis;
	request.measures = measures;
	request.n_measures = 1;
	content.kind_case = CY_CONTENT__KIND_REQUEST;
	content.request = &request;
	m.content = &content;
	m.created_ms = START_MS - 3 * DAY;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	snprintf(id, sizeof id, "old-%03u", i);
	c = put_case(w, PEER, id);
	c->peer_number = 1;
	c->opened.ms = c->changed.ms = START_MS - 2 * DAY;
	c->stale = true;
	row = put_message(w, PEER, id, "", &asked);
	row->id = c->case_id;
	row->content = cy_arena_bytes(&(*w)->arena, cy_buf_view(&out));
	cy_buf_free(&out);
}

static void cases_of_an_older_store_have_their_time_limits_counted(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		put_old(&w, i);
	mem_store_apply(&r->store, w);
	r->config.legal_data = &legal_data;
	rig_start(r);
	for (size_t i = 0; i < 10; i++) {
		node_wake(r->node);
		rig_settle(r);
	}
	for (unsigned i = 0; i < 50; i++) {
		const struct mem_case *c;
		const struct mem_clock *k;
		char id[16];

		snprintf(id, sizeof id, "old-%03u", i);
		c = mem_store_case(&r->store, PEER, id);
		assert_false(c->row.stale);
		assert_non_null(c->measures);
		for (k = c->clocks; k != NULL && strcmp(k->row.name, "acknowledge") != 0; k = k->next)
			;
		assert_non_null(k);
		/* It came when the case was opened here, and nobody has stated that yet. */
		assert_int_equal(k->row.start.ms, START_MS - 2 * DAY);
		assert_int_equal(c->row.own_number, 1);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_of_an_older_store_have_their_time_limits_counted),
		cmocka_unit_test(a_suspended_time_limit_takes_no_step_and_does_not_lapse),
		cmocka_unit_test(the_first_statement_of_a_start_stands),
		cmocka_unit_test(a_receipt_starts_the_time_limit_of_a_peer_that_states_nothing),
		cmocka_unit_test(a_start_that_is_stated_later_than_the_receipt_does_not_stand),
		cmocka_unit_test(a_start_that_the_receipt_bears_out_stands),
		cmocka_unit_test(a_message_that_is_dated_back_is_told),
		cmocka_unit_test(no_number_of_problem_notices_hides_the_receipt_for_the_request),
		cmocka_unit_test(a_receipt_that_cannot_be_read_now_is_no_missing_one),
		cmocka_unit_test(a_client_hears_which_instant_cannot_be),
		cmocka_unit_test(an_instant_of_the_peer_that_cannot_be_is_rejected),
		cmocka_unit_test(a_request_that_follows_itself_is_rejected),
		cmocka_unit_test(a_statement_that_came_back_before_its_notice_counts),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
