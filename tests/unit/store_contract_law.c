/* The contract of the store port: measures, time limits, what was published, orders, and what peers have said of
 * themselves. */
#include "law/clock.h"
#include "store_contract.h"

/* ------------------------------------------------------------------- published */

static int see_table(void *arg, const char *year, struct cy_bytes table)
{
	return note(arg, "%s %.*s", year, (int)table.len, (const char *)table.data);
}

static void publish(struct contract *t, const char *year, const char *table)
{
	struct store_write *w = add(t, STORE_PUBLISH);

	w->published.year = year;
	w->published.table = cy_bytes(table, strlen(table));
}

static void published_are(struct contract *t, const char *year, int code, const char *text)
{
	EXPECT(t, code, text, p->published(p->ctx, year, see_table, &s));
}

static void each_year_has_its_table(void **state)
{
	struct contract *t = *state;

	published_are(t, "2025", CY_ENOENT, "");
	publish(t, "2025", "five");
	publish(t, "2024", "four");
	assert_int_equal(commit(t), CY_OK);
	published_are(t, "2025", CY_OK, "2025 five");
	published_are(t, "2024", CY_OK, "2024 four");
	published_are(t, "2023", CY_ENOENT, "");
	restart(t);
	published_are(t, "2025", CY_OK, "2025 five");
}

static void a_second_table_of_a_year_takes_the_place_of_none(void **state)
{
	struct contract *t = *state;

	publish(t, "2025", "five");
	assert_int_equal(commit(t), CY_OK);
	publish(t, "2024", "four");
	publish(t, "2025", "another");
	assert_int_equal(commit(t), CY_ESTORE);
	published_are(t, "2025", CY_OK, "2025 five");
	published_are(t, "2024", CY_ENOENT, "");
}

/* ------------------------------------------------- profiles of peers, and hooks */

static void put_profile(struct contract *t, const char *peer, const char *version, const char *text)
{
	struct store_write *w = add(t, STORE_PUT_PEER_PROFILE);

	w->profile.peer = peer;
	w->profile.instrument = "us-ie-2001";
	w->profile.version = version;
	w->profile.text = cy_bytes(text, strlen(text));
}

static int see_profile(void *arg, const char *digest, struct cy_bytes text)
{
	return note(arg, "%zu %.*s", strlen(digest), (int)text.len, (const char *)text.data);
}

#define PROFILE(t, code, expected, peer, version) \
	EXPECT(t, code, expected, p->peer_profile(p->ctx, peer, "us-ie-2001", version, see_profile, &s))

static void each_version_of_a_profile_of_a_peer_is_kept(void **state)
{
	struct contract *t = *state;

	put_profile(t, "IE", "1", "one");
	put_profile(t, "IE", "2", "two");
	put_profile(t, "DE", "1", "eins");
	put_profile(t, "IE", "1", "one, mended");
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	PROFILE(t, CY_OK, "64 one, mended", "IE", "1");
	PROFILE(t, CY_OK, "64 two", "IE", "2");
	PROFILE(t, CY_OK, "64 eins", "DE", "1");
	PROFILE(t, CY_ENOENT, "", "DE", "2");
}

static void put_hook(struct contract *t, const char *id)
{
	struct store_write *w = add(t, STORE_PUT_HOOK);

	w->hook.id = id;
	w->hook.environment = cy_bytes("A=1", 4);
}

static int see_hook(void *arg, const char *id, struct cy_bytes environment)
{
	return note(arg, "%s %zu ", id, environment.len);
}

#define HOOKS(t, expected, limit) EXPECT(t, CY_OK, expected, p->hooks(p->ctx, limit, see_hook, &s))

static void hooks_wait_in_the_order_in_which_they_were_put(void **state)
{
	struct contract *t = *state;

	put_hook(t, "b");
	put_hook(t, "a");
	put_hook(t, "c");
	assert_int_equal(commit(t), CY_OK);
	HOOKS(t, "b 4 a 4 c 4 ", 9);
	HOOKS(t, "b 4 a 4 ", 2);
	add(t, STORE_DROP_HOOK)->hook.id = "b";
	assert_int_equal(commit(t), CY_OK);
	put_hook(t, "0");
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	HOOKS(t, "a 4 c 4 0 4 ", 9);
}

/* ------------------------------------------------------------------- measures */

static void add_measure(struct contract *t, const char *case_id, uint8_t measure, uint8_t type, int64_t sent,
			enum law_outcome outcome)
{
	struct store_measure *m = &add(t, STORE_PUT_MEASURE)->measure;

	*m = (struct store_measure){ .peer = "IE", .case_id = case_id };
	m->stat = (struct law_stat){ .kind = CY_CONTENT__KIND_REQUEST,
				     .measure = measure,
				     .type = type,
				     .outcome = outcome,
				     .sent_ms = sent,
				     .rounds = 3 };
}

static void add_clock(struct contract *t, const char *name, uint32_t measure, bool ours, enum law_clock_state state,
		      int64_t due, int64_t ended, bool breach)
{
	add(t, STORE_PUT_CLOCK)->clock = (struct store_clock){ .peer = "IE",
							       .case_id = "c1",
							       .name = name,
							       .measure = measure,
							       .ours = ours,
							       .state = (int)state,
							       .due = { due },
							       .ended = { ended },
							       .breach = breach,
							       .excused = { breach ? 900 : 0 },
							       .difference = "",
							       .explanation = "" };
}

struct measured {
	struct law_stat at[8];
	size_t n;
};

static int see_measure(void *arg, const struct store_measure *row)
{
	struct measured *m = arg;

	assert_string_equal(row->peer, "IE");
	m->at[m->n++] = row->stat;
	return CY_OK;
}

static struct measured measured(struct contract *t, struct store_measure_query q, const char *client)
{
	struct measured m = { .n = 0 };

	assert_int_equal(t->port.measures(t->port.ctx, (struct store_view){ .client = client }, &q, see_measure, &m),
			 CY_OK);
	return m;
}

#define ALL .after.sent_ms = INT64_MIN, .until = { INT64_MAX }, .limit = 8, .now = { 1000 }

/* All have an excuse here, and only a breach can be excused. */
static void limits_are(const struct law_limits *l, uint32_t in_time, uint32_t late, uint32_t lapsed)
{
	assert_int_equal(l->excused, late + lapsed);
	assert_int_equal(l->in_time, in_time);
	assert_int_equal(l->late, late);
	assert_int_equal(l->lapsed, lapsed);
}

static void measures_are_found_with_their_time_limits(void **state)
{
	struct contract *t = *state;
	struct measured m;

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "", "own-2", "");
	add_measure(t, "c1", 2, 15, 500, LAW_OUTCOME_OPEN);
	add_measure(t, "c1", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(t, "c2", 1, 11, 400, LAW_OUTCOME_EXECUTED);
	add_clock(t, "a", 1, false, LAW_CLOCK_MET, 700, 700, true);
	add_clock(t, "b", 1, false, LAW_CLOCK_MET, 700, 701, true);
	add_clock(t, "c", 1, false, LAW_CLOCK_RUNNING, 999, 0, true);
	add_clock(t, "d", 1, false, LAW_CLOCK_RUNNING, 1000, 0, true); /* its last millisecond */
	add_clock(t, "e", 1, false, LAW_CLOCK_CEASED, 700, 800, true);
	add_clock(t, "f", 1, false, LAW_CLOCK_CEASED, 900, 800, true);
	add_clock(t, "g", 1, false, LAW_CLOCK_RUNNING, 999, 0, false); /* no breach */
	add_clock(t, "h", 1, false, LAW_CLOCK_SUSPENDED, 999, 0, true);
	add_clock(t, "i", 2, true, LAW_CLOCK_RUNNING, 999, 0, true);
	add_clock(t, "j", 0, true, LAW_CLOCK_MET, 0, 600, true);
	assert_int_equal(commit(t), CY_OK);
	add_measure(t, "c1", 2, 15, 500, LAW_OUTCOME_REFUSED);
	assert_int_equal(commit(t), CY_OK);
	restart(t);

	m = measured(t, (struct store_measure_query){ ALL, .peer = "", .instrument = "" }, NULL);
	assert_int_equal(m.n, 3);
	assert_int_equal(m.at[0].outcome, LAW_OUTCOME_EXECUTED);
	assert_int_equal(m.at[0].side, CY_SIDE__REQUESTING);
	assert_true(m.at[0].request != m.at[1].request && m.at[1].request == m.at[2].request);
	assert_int_equal(m.at[1].measure, 1);
	assert_int_equal(m.at[1].rounds, 3);
	limits_are(&m.at[1].limits[0], 1, 1, 2);
	limits_are(&m.at[1].limits[1], 0, 0, 0);
	limits_are(&m.at[1].request_limits[1], 1, 0, 0);
	assert_int_equal(m.at[2].outcome, LAW_OUTCOME_REFUSED);
	limits_are(&m.at[2].limits[1], 0, 0, 1);
	limits_are(&m.at[0].limits[0], 0, 0, 0);

	m = measured(t, (struct store_measure_query){ ALL, .peer = "IE", .instrument = "us-ie-2001", .type = 11 },
		     NULL);
	assert_int_equal(m.n, 2);
	m = measured(t, (struct store_measure_query){ ALL, .peer = "DE", .instrument = "" }, NULL);
	assert_int_equal(m.n, 0);
	m = measured(t, (struct store_measure_query){ ALL, .peer = "", .instrument = "uncac" }, NULL);
	assert_int_equal(m.n, 0);
	m = measured(t, (struct store_measure_query){ ALL, .peer = "", .instrument = "" }, "desk");
	assert_int_equal(m.n, 2);
	m = measured(t,
		     (struct store_measure_query){
			     .after.sent_ms = 400, .until = { 500 }, .limit = 8, .peer = "", .instrument = "" },
		     NULL);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.at[0].sent_ms, 400);
}

static void measures_come_by_pages(void **state)
{
	struct contract *t = *state;
	struct store_measure_query q = { ALL, .peer = "", .instrument = "" };
	static const struct {
		int64_t sent;
		uint8_t measure;
	} expected[] = { { 400, 1 }, { 500, 1 }, { 500, 2 }, { 500, 1 }, { 600, 1 } };

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "", "own-2", "");
	add_case(t, "c3", "", "own-3", "");
	add_case(t, "c4", "", "own-4", "");
	add_measure(t, "c1", 2, 15, 500, LAW_OUTCOME_OPEN);
	add_measure(t, "c1", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(t, "c2", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(t, "c3", 1, 11, 600, LAW_OUTCOME_OPEN);
	add_measure(t, "c4", 1, 11, 400, LAW_OUTCOME_OPEN);
	assert_int_equal(commit(t), CY_OK);
	q.limit = 1;
	for (size_t i = 0; i < 5; i++) {
		const struct measured m = measured(t, q, NULL);

		assert_int_equal(m.n, 1);
		assert_int_equal(m.at[0].sent_ms, expected[i].sent);
		assert_int_equal(m.at[0].measure, expected[i].measure);
		q.after.sent_ms = m.at[0].sent_ms;
		q.after.request = m.at[0].request;
		q.after.measure = m.at[0].measure;
	}
	assert_int_equal(measured(t, q, NULL).n, 0);
}

/* --------------------------------------------------------------------- clocks */

static struct store_clock *put_due(struct contract *t, const char *case_id, const char *name, int64_t due, int64_t next)
{
	struct store_clock *c = &add(t, STORE_PUT_CLOCK)->clock;

	*c = (struct store_clock){ .peer = "IE",
				   .case_id = case_id,
				   .name = name,
				   .state = LAW_CLOCK_RUNNING,
				   .due = { due },
				   .next = { next },
				   .difference = "",
				   .explanation = "" };
	return c;
}

static int see_clock(void *arg, const struct store_clock *row)
{
	assert_true(row->id > 0);
	return note(arg, "%s/%s %lld of %s ", row->case_id, row->name, (long long)row->due.ms, row->own_reference);
}

static int keep_id(void *arg, const struct store_clock *row)
{
	*(uint64_t *)arg = row->id;
	return CY_OK;
}

#define NEXT(t, expected, now, limit) \
	EXPECT(t, CY_OK, expected, p->next_clocks(p->ctx, (struct cy_wall){ now }, limit, see_clock, &s))
#define OPEN(t, expected, view_client, peer, after, until, limit)                                                    \
	EXPECT(t, CY_OK, expected,                                                                                   \
	       p->open_clocks(p->ctx, (struct store_view){ .client = view_client }, peer, (struct cy_wall){ after }, \
			      0, (struct cy_wall){ until }, limit, see_clock, &s))

static void clocks_come_by_what_is_next_and_by_what_is_due(void **state)
{
	struct contract *t = *state;
	const struct store_view desk = { .client = "desk" }, other = { .client = "other" };
	struct cy_wall at = { 0 };
	uint64_t id = 0;

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "", "own-2", "");
	put_due(t, "c1", "late", 300, 30);
	put_due(t, "c1", "soon", 100, 20);
	put_due(t, "c2", "theirs", 200, 10);
	put_due(t, "c1", "met", 150, 0)->state = LAW_CLOCK_MET;
	put_due(t, "c1", "paused", 250, 0)->state = LAW_CLOCK_SUSPENDED;
	assert_int_equal(commit(t), CY_OK);
	NEXT(t, "", 9, 9);
	NEXT(t, "c2/theirs 200 of own-2 c1/soon 100 of own-1 ", 29, 9);
	NEXT(t, "c2/theirs 200 of own-2 ", 30, 1);
	NEXT(t, "c2/theirs 200 of own-2 c1/soon 100 of own-1 ", 30, 2);
	assert_int_equal(t->port.next_clock(t->port.ctx, &at), CY_OK);
	assert_int_equal(at.ms, 10);
	OPEN(t, "c1/soon 100 of own-1 c2/theirs 200 of own-2 c1/paused 250 of own-1 c1/late 300 of own-1 ", NULL, "", 0,
	     300, 9);
	OPEN(t, "c1/soon 100 of own-1 c1/paused 250 of own-1 ", "desk", "IE", 0, 299, 9);
	OPEN(t, "c2/theirs 200 of own-2 ", NULL, "", 101, 300, 1);
	OPEN(t, "", NULL, "DE", 0, 300, 9);
	EXPECT(t, CY_OK, "c2/theirs 200 of own-2 ",
	       p->case_clocks(p->ctx, (struct store_view){ .client = NULL }, "IE", "c2", see_clock, &s));
	EXPECT(t, CY_OK, "", p->case_clocks(p->ctx, desk, "IE", "c2", see_clock, &s));

	/* It is the same clock, with the same id. */
	assert_int_equal(t->port.next_clocks(t->port.ctx, (struct cy_wall){ 10 }, 1, keep_id, &id), CY_OK);
	put_due(t, "c2", "theirs", 400, 0)->round = 1;
	add_case(t, "c2", "desk", "own-2", "");
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "c2/theirs 400 of own-2 ", p->get_clock(p->ctx, desk, id, see_clock, &s));
	EXPECT(t, CY_ENOENT, "", p->get_clock(p->ctx, other, id, see_clock, &s));
	NEXT(t, "c1/soon 100 of own-1 c1/late 300 of own-1 ", 99, 9);
}

struct clock_ids {
	uint64_t at[4];
	size_t n;
};

static int keep_ids(void *arg, const struct store_clock *row)
{
	struct clock_ids *ids = arg;

	ids->at[ids->n++] = row->id;
	return CY_OK;
}

#define OPEN_AFTER(t, expected, after, after_id, limit)                                                             \
	EXPECT(t, CY_OK, expected,                                                                                  \
	       p->open_clocks(p->ctx, all, "", (struct cy_wall){ after }, after_id, (struct cy_wall){ 300 }, limit, \
			      see_clock, &s))

static void a_page_of_open_clocks_begins_behind_a_clock(void **state)
{
	struct contract *t = *state;
	const struct store_view all = { .client = NULL };
	struct clock_ids ids = { .n = 0 };

	add_case(t, "c1", "desk", "own", "");
	put_due(t, "c1", "a", 100, 0);
	put_due(t, "c1", "b", 100, 0);
	put_due(t, "c1", "c", 200, 0);
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.open_clocks(t->port.ctx, all, "", (struct cy_wall){ 0 }, 0, (struct cy_wall){ 300 }, 4,
					     keep_ids, &ids),
			 CY_OK);
	assert_int_equal(ids.n, 3);
	OPEN_AFTER(t, "c1/a 100 of own c1/b 100 of own ", 0, 0, 2);
	OPEN_AFTER(t, "c1/b 100 of own c1/c 200 of own ", 100, ids.at[0], 2);
	OPEN_AFTER(t, "c1/c 200 of own ", 100, ids.at[1], 2);
	OPEN_AFTER(t, "", 200, ids.at[2], 2);
}

/* A page of them begins where the one before ended. */
static void the_clocks_of_a_case_are_in_the_order_of_their_keys(void **state)
{
	struct contract *t = *state;
	struct store_clock *c;

	add_case(t, "c1", "desk", "own-1", "");
	put_due(t, "c1", "b", 4, 0)->measure = 2;
	c = put_due(t, "c1", "b", 3, 0);
	c->measure = 1;
	c->notice = 10;
	put_due(t, "c1", "a", 1, 0)->measure = 3;
	c = put_due(t, "c1", "b", 2, 0);
	c->measure = 1;
	c->notice = 9;
	put_due(t, "c1", "c", 5, 0);
	assert_int_equal(commit(t), CY_OK);
	/* To replace one moves none. */
	put_due(t, "c1", "a", 1, 0)->measure = 3;
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "c1/a 1 of own-1 c1/b 2 of own-1 c1/b 3 of own-1 c1/b 4 of own-1 c1/c 5 of own-1 ",
	       p->case_clocks(p->ctx, (struct store_view){ .client = NULL }, "IE", "c1", see_clock, &s));
}

static int see_starter(void *arg, const struct store_clock *row)
{
	return note(arg, "%s %d ", row->name, (int)row->starter);
}

#define STARTER(t, expected, now) \
	EXPECT(t, CY_OK, expected, p->next_clocks(p->ctx, (struct cy_wall){ now }, 9, see_starter, &s))

static void a_clock_tells_how_far_the_message_has_come_that_starts_it(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "desk", "own-2", "")->side = CY_SIDE__REQUESTED;
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	add_message(t, "c1", "m2", 2, CY_PRIORITY__NORMAL);
	add_message(t, "c2", "m3", 1, CY_PRIORITY__NORMAL);
	put_due(t, "c1", "theirs", 300, 10);
	put_due(t, "c1", "ours", 300, 20)->ours = true;
	put_due(t, "c1", "notice", 300, 30)->notice = 2;
	put_due(t, "c2", "asked", 300, 40);
	add(t, STORE_MARK_MESSAGE)->message =
		(struct store_message){ .id = "m2", .transport = STORE_TRANSMITTED, .void_reason = "" };
	assert_int_equal(commit(t), CY_OK);
	STARTER(t, "theirs 0 ours 2 notice 1 asked 2 ", 99);
	add(t, STORE_MARK_MESSAGE)->message =
		(struct store_message){ .id = "m1", .transport = STORE_DELIVERED, .void_reason = "" };
	assert_int_equal(commit(t), CY_OK);
	STARTER(t, "theirs 3 ours 2 notice 1 asked 2 ", 99);
}

static int see_reference(void *arg, const struct store_event *row)
{
	return note(arg, "%llu '%s' ", (unsigned long long)row->position, row->peer_reference);
}

static void an_event_tells_what_its_case_is_called_now(void **state)
{
	struct contract *t = *state;

	for (int i = 0; i < 3; i++) {
		static const char *const of[] = { "c1", "", "c9" };

		add_case(t, "c1", "desk", "own-1", i == 2 ? "MLA/1" : "");
		add(t, STORE_PUT_EVENT)->event = (struct store_event){ .peer = "IE",
								       .case_id = of[i],
								       .message_id = "",
								       .client = "desk",
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
	}
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "1 'MLA/1' 2 '' 3 '' ",
	       p->events(p->ctx, (struct store_view){ .client = "desk" }, 0, 9, see_reference, &s));
}

/* --------------------------------------------------------------------- orders */

static void put_order(struct contract *t, uint64_t number, const char *line, const char *message, uint32_t attachment)
{
	add(t, STORE_PUT_ORDER)->order = (struct store_order){ .number = number,
							       .line = line,
							       .peer = "IE",
							       .case_id = "c1",
							       .message_id = message,
							       .attachment = attachment };
}

static int see_order(void *arg, const struct store_order *row)
{
	return note(arg, "%llu %s ", (unsigned long long)row->number, row->line);
}

static void orders_are_in_order_of_number_and_the_last_one_counts(void **state)
{
	struct contract *t = *state;
	uint64_t last = 0;

	put_order(t, 1, "hold", "m1", 1);
	put_order(t, 2, "erase", "", 0);
	put_order(t, 3, "release", "m1", 1);
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "1 hold 2 erase 3 release ", p->orders(p->ctx, 0, 9, see_order, &s));
	EXPECT(t, CY_OK, "2 erase ", p->orders(p->ctx, 1, 1, see_order, &s));
	EXPECT(t, CY_OK, "3 release ", p->order_about(p->ctx, "IE", "c1", "m1", 1, see_order, &s));
	EXPECT(t, CY_OK, "2 erase ", p->order_about(p->ctx, "IE", "c1", "", 0, see_order, &s));
	EXPECT(t, CY_ENOENT, "", p->order_about(p->ctx, "IE", "c1", "m1", 2, see_order, &s));
	assert_int_equal(t->port.last_order(t->port.ctx, &last), CY_OK);
	assert_int_equal(last, 3);
}

/* -------------------------------------------------------------------- streams */

static int see_stream(void *arg, const struct store_stream *row)
{
	return note(arg, "%s %llu/%llu %llu/%llu '%.*s' ", row->peer, (unsigned long long)row->out_epoch,
		    (unsigned long long)row->out_sequence, (unsigned long long)row->in_epoch,
		    (unsigned long long)row->in_held, (int)row->head_text.len, (const char *)row->head_text.data);
}

static void streams_are_kept_by_peer(void **state)
{
	struct contract *t = *state;

	add(t, STORE_PUT_STREAM)->stream = (struct store_stream){
		.peer = "IE", .out_epoch = 5, .out_sequence = 7, .in_epoch = 3, .head_text = cy_bytes("head", 4)
	};
	assert_int_equal(commit(t), CY_OK);
	add(t, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = "IE", .out_epoch = 6, .out_sequence = 1, .in_epoch = 3, .in_held = 2 };
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "IE 6/1 3/2 '' ", p->stream(p->ctx, "IE", see_stream, &s));
	EXPECT(t, CY_ENOENT, "", p->stream(p->ctx, "DE", see_stream, &s));
	EXPECT(t, CY_OK, "IE 6/1 3/2 '' ", p->streams(p->ctx, see_stream, &s));
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(measures_are_found_with_their_time_limits),
	cmocka_unit_test(measures_come_by_pages),
	cmocka_unit_test(each_year_has_its_table),
	cmocka_unit_test(a_second_table_of_a_year_takes_the_place_of_none),
	cmocka_unit_test(each_version_of_a_profile_of_a_peer_is_kept),
	cmocka_unit_test(hooks_wait_in_the_order_in_which_they_were_put),
	cmocka_unit_test(clocks_come_by_what_is_next_and_by_what_is_due),
	cmocka_unit_test(a_page_of_open_clocks_begins_behind_a_clock),
	cmocka_unit_test(the_clocks_of_a_case_are_in_the_order_of_their_keys),
	cmocka_unit_test(a_clock_tells_how_far_the_message_has_come_that_starts_it),
	cmocka_unit_test(an_event_tells_what_its_case_is_called_now),
	cmocka_unit_test(orders_are_in_order_of_number_and_the_last_one_counts),
	cmocka_unit_test(streams_are_kept_by_peer),
};
CONTRACT_TESTS(contract_law);
