/* Instants that a message states: which can be, what is said of those that cannot, and what a time limit makes of them
 * that counts from one. Days are counted by hand from a calendar of 2026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>

#include "base/time.h"
#include "law/clock.h"
#include "law/ladder.h"
#include "law_cases.h"

#define DAY_MS INT64_C(86400000)

static const struct law_rule plain[] = { { .name = "plain",
					   .title = "",
					   .exclude_event = "3(1)",
					   .roll_over = "",
					   .two_working = "",
					   .verified = true,
					   .note = "" } };
#define LIMIT(NAME, START, MEETS)                                                                              \
	{                                                                                                      \
		.name = NAME, .obligation = "Carry it out", .obliged = CY_SIDE__REQUESTED, .obliged_role = "", \
		.by_measure = true, .start = START, .period = { LAW_CALENDAR_DAY, 90 }, .rule = "plain",       \
		.met_by = MEETS, .suspended_by = 1u << LAW_SUSPEND_POSTPONEMENT, .extensible = true,           \
		.extension_source = { "3", true, "" }, .ladder = "", .source = {                               \
			"1",                                                                                   \
			true,                                                                                  \
			""                                                                                     \
		}                                                                                              \
	}
static const struct law_clock_rule limits[] = {
	LIMIT("execute", LAW_START_DECIDED, 1u << LAW_MEET_EXECUTION),
	LIMIT("decide", LAW_START_RECEIVED_EXECUTING, 1u << LAW_MEET_DECISION),
	LIMIT("receive", LAW_START_RECEIVED, 1u << LAW_MEET_EXECUTION),
	LIMIT("keep", LAW_START_EFFECTED, 1u << LAW_MEET_NOTHING),
};
static const struct law_profile profile = {
	.id = "tests", .version = "1", .n_rules = 1, .rules = plain, .n_clocks = 4, .clocks = limits
};

struct trial {
	struct history h;
	const char *name;
	struct law_stated stated;
	struct law_receipt receipt; /* 0: none */
	struct law_clock found;
};

static int64_t at(const char *rfc3339)
{
	struct cy_wall t;

	assert_int_equal(cy_rfc3339_parse(rfc3339, &t), CY_OK);
	return t.ms;
}

static struct law_fact said(CySide side, const struct history *h, uint32_t kind, uint8_t code, const char *stated,
			    const char *when)
{
	struct law_fact f = by(h, side, say(kind, 0, code, 0), last_number(h, other_side(side)));

	f.day = LAW_NO_DAY;
	f.at_ms = at(when);
	f.stated_ms = stated != NULL ? at(stated) : 0;
	return f;
}

static uint32_t tell(struct history *h, CySide side, uint32_t kind, uint8_t code, const char *stated, const char *when)
{
	h->f[h->n] = said(side, h, kind, code, stated, when);
	return h->f[h->n++].number;
}

/* A request of 30 March at nine, registered the next day. */
static struct history opened(void)
{
	struct history h = { .n = 0 };

	tell(&h, ASKS, K(REQUEST), 0, NULL, "2026-03-30T09:00:00.000Z");
	h.f[0].measures = 1;
	tell(&h, ASKED, K(ACKNOWLEDGEMENT), CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T09:00:00.000Z");
	return h;
}

/* ------------------------------------------------------------------ what can be */

static const struct {
	uint32_t kind;
	uint8_t code;
	const char *field;
} states[] = {
	{ K(ACKNOWLEDGEMENT), CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, "acknowledgement.received_ms" },
	{ K(DECISION), 1, "decision.decided_ms" },
	{ K(RESULT), CY_MEASURE_OUTCOME__EXECUTED, "result.effected_ms" },
};

static void refused(const char *stated, const char *bound)
{
	const struct history h = opened();

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		const struct law_fact f =
			said(ASKED, &h, states[i].kind, states[i].code, stated, "2026-04-10T11:00:00.000Z");
		struct cy_error e = { 0 };

		assert_int_equal(law_admit(h.f, h.n, &f, &e), CY_EINVAL);
		assert_string_equal(e.field, states[i].field);
		/* The field, what was found, what was expected, and what to do. */
		assert_non_null(strstr(e.text, states[i].field));
		assert_non_null(strstr(e.text, stated));
		assert_non_null(strstr(e.text, bound));
		assert_non_null(strstr(e.text, "correct it, or leave it out"));
		assert_in_range(strlen(e.text), 1, CY_REASON_MAX);
	}
}

static void taken(const char *stated)
{
	const struct history h = opened();

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		const struct law_fact f =
			said(ASKED, &h, states[i].kind, states[i].code, stated, "2026-04-10T11:00:00.000Z");

		assert_int_equal(law_admit(h.f, h.n, &f, NULL), CY_OK);
	}
}

static void nothing_happens_after_it_was_said(void **state)
{
	(void)state;
	refused("2100-01-01T00:00:00.000Z", "not after the message that states it, of 2026-04-10T11:00:00.000Z");
	refused("2026-04-10T12:00:00.001Z", "not after the message that states it");
	taken("2026-04-10T12:00:00.000Z"); /* within what a clock may be wrong */
	taken("2026-04-10T10:59:59.999Z");
}

static void nothing_happens_before_the_case_was_opened(void **state)
{
	(void)state;
	refused("1970-01-02T00:00:00.000Z", "not before the case was opened, on 2026-03-30T09:00:00.000Z");
	refused("2026-03-29T08:59:59.999Z", "not before the case was opened");
	taken("2026-03-29T09:00:00.000Z"); /* within a day: people state days */
	taken("2026-03-30T09:00:00.000Z");
	taken(NULL);
}

static void no_instant_of_a_peer_is_beyond_what_can_be_compared(void **state)
{
	static const int64_t absurd[] = { INT64_MIN, -1, 1, INT64_MAX };
	struct history h = opened();
	struct law_fact f = said(ASKED, &h, K(DECISION), 1, NULL, "2026-04-10T11:00:00.000Z");
	struct cy_error e;

	(void)state;
	for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
		f.stated_ms = absurd[i];
		assert_int_equal(law_admit(h.f, h.n, &f, &e), CY_EINVAL);
	}
	h.f[0].at_ms = INT64_MIN;
	f.at_ms = INT64_MAX;
	f.stated_ms = 1;
	assert_int_equal(law_admit(h.f, h.n, &f, &e), CY_OK);
}

/* ------------------------------------------------------------------ what counts */

static int keep(void *arg, const struct law_clock *c)
{
	struct trial *t = arg;

	if (strcmp(c->key.name, t->name) == 0)
		t->found = *c;
	return CY_OK;
}

static const struct law_clock *clock_of(struct trial *t, const char *name)
{
	struct law_terms terms = { .n = 1, .urgency_day = LAW_NO_DAY, .wanted = { LAW_NO_DAY } };
	const struct law_clock_input in = { .profile = &profile,
					    .terms = &terms,
					    .facts = t->h.f,
					    .n = t->h.n,
					    .stated = &t->stated,
					    .n_stated = t->stated.start_ms != 0,
					    .receipts = &t->receipt,
					    .n_receipts = t->receipt.made_ms != 0 };

	t->name = name;
	t->found = (struct law_clock){ 0 };
	terms.type[0] = CY_MEASURE_TYPE__PRESERVATION;
	assert_int_equal(law_clocks(&in, keep, t), CY_OK);
	assert_non_null(t->found.rule);
	return &t->found;
}

static void starts(struct trial *t, const char *name, const char *when)
{
	char found[CY_RFC3339_SIZE];

	cy_rfc3339(clock_of(t, name)->start, found);
	assert_string_equal(found, when);
}

/* Taken by an earlier version, on both sides: it counts as the nearest instant that can be. */
static void an_instant_that_cannot_be_counts_as_the_nearest_that_can(void **state)
{
	static const char opening[] = "2026-03-30T09:00:00.000Z", message[] = "2026-04-10T11:00:00.000Z";
	struct trial t = { .h = opened() };

	(void)state;
	tell(&t.h, ASKED, K(ACKNOWLEDGEMENT), CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, "1970-01-02T00:00:00.000Z",
	     "2026-04-02T09:00:00.000Z");
	starts(&t, "decide", opening);
	tell(&t.h, ASKED, K(DECISION), 1, "1970-01-02T00:00:00.000Z", message);
	starts(&t, "execute", opening);
	t.h.f[t.h.n - 1].stated_ms = at("2100-01-01T00:00:00.000Z");
	starts(&t, "execute", message);
	tell(&t.h, ASKED, K(RESULT), CY_MEASURE_OUTCOME__EXECUTED, "2006-01-01T00:00:00.000Z",
	     "2026-04-12T11:00:00.000Z");
	starts(&t, "keep", opening);
}

/* By the receipt, which the obliged authority's daemon states, and by what its central authority has on paper. */
static void no_request_is_received_before_it_was_made(void **state)
{
	struct trial t = { .h = opened(), .stated = { .key = { .name = "receive", .measure = 1 } } };

	(void)state;
	t.stated.start_ms = at("2026-03-31T08:00:00.000Z");
	starts(&t, "receive", "2026-03-31T08:00:00.000Z");
	t.h.f[1].stated_ms = at("2026-03-30T15:00:00.000Z");
	starts(&t, "receive", "2026-03-30T15:00:00.000Z");
	t.h.f[1].stated_ms = at("1970-01-02T00:00:00.000Z");
	starts(&t, "receive", "2026-03-30T09:00:00.000Z");
	t.h.f[1].stated_ms = 0;
	t.stated.start_ms = at("1970-01-02T00:00:00.000Z");
	starts(&t, "receive", "2026-03-30T09:00:00.000Z");
	/* An acknowledgement by a clock that is slow lies before the request itself; and one that states nothing says
	 * nothing. */
	t.stated.start_ms = at("2026-03-31T08:00:00.000Z");
	t.h.f[1].at_ms = at("2026-03-29T12:00:00.000Z");
	starts(&t, "receive", "2026-03-31T08:00:00.000Z");
	t.h.f[1].stated_ms = at("2026-03-29T11:00:00.000Z");
	starts(&t, "receive", "2026-03-30T09:00:00.000Z");
	/* Nor does it start what nobody has stated. */
	t.stated.start_ms = 0;
	assert_int_equal(clock_of(&t, "receive")->state, LAW_CLOCK_WAITING);
}

/* ---------------------------------------------------- the receipt, as a last resort */

static void a_signed_receipt_starts_what_nobody_states(void **state)
{
	struct trial t = { .h = opened(), .stated = { .key = { .name = "receive", .measure = 1 } } };

	(void)state;
	assert_int_equal(clock_of(&t, "receive")->state, LAW_CLOCK_WAITING);
	assert_true(clock_of(&t, "receive")->unstated);
	t.receipt = (struct law_receipt){ ASKS, 1, at("2026-03-30T10:00:00.000Z") };
	starts(&t, "receive", "2026-03-30T10:00:00.000Z");
	assert_int_equal(clock_of(&t, "receive")->state, LAW_CLOCK_RUNNING);
	assert_false(clock_of(&t, "receive")->unstated);
	assert_non_null(strstr(clock_of(&t, "receive")->count.steps[1], "has stated no start: the receipt"));
	/* What is stated counts once it is, also where it is later by less than a clock may be wrong. */
	t.stated.start_ms = at("2026-03-30T11:00:00.000Z");
	starts(&t, "receive", "2026-03-30T11:00:00.000Z");
	assert_false(clock_of(&t, "receive")->overruled);
	/* That of another message says nothing. */
	t.stated.start_ms = 0;
	t.receipt.number = 2;
	assert_int_equal(clock_of(&t, "receive")->state, LAW_CLOCK_WAITING);
	t.receipt = (struct law_receipt){ ASKED, 1, at("2026-03-30T10:00:00.000Z") };
	assert_int_equal(clock_of(&t, "receive")->state, LAW_CLOCK_WAITING);
}

static void a_start_of_weeks_after_the_receipt_does_not_stand(void **state)
{
	struct trial t = { .h = opened(), .stated = { .key = { .name = "receive", .measure = 1 } } };

	(void)state;
	t.receipt = (struct law_receipt){ ASKS, 1, at("2026-03-30T10:00:00.000Z") };
	t.stated.start_ms = at("2026-04-19T10:00:00.000Z");
	starts(&t, "receive", "2026-03-30T10:00:00.000Z");
	assert_true(clock_of(&t, "receive")->overruled);
	assert_non_null(strstr(clock_of(&t, "receive")->count.steps[1], "states a later start: the receipt"));
	/* Whoever received it earlier on paper says so all the same; and no receipt is of before the message. */
	t.h.f[1].stated_ms = at("2026-03-30T09:30:00.000Z");
	starts(&t, "receive", "2026-03-30T09:30:00.000Z");
	t.h.f[1].stated_ms = 0;
	t.receipt.made_ms = at("2026-03-30T08:40:00.000Z");
	starts(&t, "receive", "2026-03-30T09:00:00.000Z");
}

/* ------------------------------------------------ what was said before the start was */

static void is(struct trial *t, enum law_clock_state state, const char *due, uint32_t excused_by)
{
	const struct law_clock *c = clock_of(t, "execute");
	char found[CY_RFC3339_SIZE];

	cy_rfc3339(c->due, found);
	for (size_t i = 0; i < c->count.n; i++)
		print_message("%s\n", c->count.steps[i]);
	assert_int_equal(c->state, state);
	assert_int_equal(strncmp(found, due, strlen(due)), 0);
	assert_int_equal(c->excused_by, excused_by);
}

/* Recognised on 1 April, postponed on 10 April, and said on 1 September: it stands still since 10 April, and nothing
 * was late, nor is anything excused. */
static void what_was_postponed_before_the_decision_was_said_stands_still(void **state)
{
	struct trial t = { .h = opened() };

	(void)state;
	tell(&t.h, ASKED, K(POSTPONEMENT), 1, NULL, "2026-04-10T09:00:00.000Z");
	tell(&t.h, ASKED, K(DECISION), 1, "2026-04-01T09:00:00.000Z", "2026-09-01T09:00:00.000Z");
	is(&t, LAW_CLOCK_SUSPENDED, "2026-06-30", 0);
	/* 81 days were left after 10 April; from 2 September they end on 21 November. */
	tell(&t.h, ASKED, K(RESUMPTION), 1, NULL, "2026-09-01T10:00:00.000Z");
	is(&t, LAW_CLOCK_RUNNING, "2026-11-21", 0);
}

/* It was held up already when it began. */
static void what_was_postponed_before_the_decision_begins_with_a_standstill(void **state)
{
	struct trial t = { .h = opened() };

	(void)state;
	tell(&t.h, ASKED, K(POSTPONEMENT), 1, NULL, "2026-04-01T09:00:00.000Z");
	tell(&t.h, ASKED, K(DECISION), 1, "2026-04-10T09:00:00.000Z", "2026-09-01T09:00:00.000Z");
	is(&t, LAW_CLOCK_SUSPENDED, "2026-07-09", 0);
	/* All 90 days were left. */
	tell(&t.h, ASKED, K(RESUMPTION), 1, NULL, "2026-09-01T10:00:00.000Z");
	is(&t, LAW_CLOCK_RUNNING, "2026-11-30", 0);
}

static void a_standstill_that_was_over_before_the_decision_was_said_counts(void **state)
{
	struct trial t = { .h = opened() };

	(void)state;
	tell(&t.h, ASKED, K(POSTPONEMENT), 1, NULL, "2026-04-10T09:00:00.000Z");
	tell(&t.h, ASKED, K(RESUMPTION), 1, NULL, "2026-04-20T09:00:00.000Z");
	tell(&t.h, ASKED, K(DECISION), 1, "2026-04-01T09:00:00.000Z", "2026-05-04T09:00:00.000Z");
	is(&t, LAW_CLOCK_RUNNING, "2026-07-10", 0);
}

/* Recognised on 1 April: over on 30 June. What was said in July and August, and the decision itself, revives nothing.
 */
static void a_decision_of_long_ago_revives_nothing(void **state)
{
	struct trial t = { .h = opened() };
	uint32_t number;

	(void)state;
	number = tell(&t.h, ASKED, K(POSTPONEMENT), 1, NULL, "2026-07-02T09:00:00.000Z");
	tell(&t.h, ASKED, K(DECISION), 1, "2026-04-01T09:00:00.000Z", "2026-09-01T09:00:00.000Z");
	is(&t, LAW_CLOCK_RUNNING, "2026-06-30", number);
	tell(&t.h, ASKED, K(RESUMPTION), 1, NULL, "2026-09-02T09:00:00.000Z");
	tell(&t.h, ASKED, K(RESULT), CY_MEASURE_OUTCOME__EXECUTED, NULL, "2026-09-03T09:00:00.000Z");
	is(&t, LAW_CLOCK_MET, "2026-06-30", number);
}

/* Said after the decision was taken, before it was told, and before the end. */
static void an_extension_before_the_decision_was_said_counts(void **state)
{
	struct trial t = { .h = opened() };

	(void)state;
	tell(&t.h, ASKED, K(EXTENSION), 1, NULL, "2026-03-31T10:00:00.000Z"); /* there was nothing to extend */
	t.h.f[t.h.n - 1].day = law_day("2027-01-31");
	tell(&t.h, ASKED, K(EXTENSION), 1, NULL, "2026-04-20T09:00:00.000Z");
	t.h.f[t.h.n - 1].day = law_day("2026-08-31");
	tell(&t.h, ASKED, K(DECISION), 1, "2026-04-01T09:00:00.000Z", "2026-05-04T09:00:00.000Z");
	is(&t, LAW_CLOCK_RUNNING, "2026-08-31", 0);
}

/* An earlier receipt on paper moves start and end, and is no new round: without a weekend in it, the time limit is so
 * short that a day before comes ahead of half. */
static void a_start_that_moves_repeats_no_step(void **state)
{
	static const struct law_rung rungs[] = {
		{ .name = "half", .when = LAW_WHEN_SHARE, .value = 50 },
		{ .name = "day", .when = LAW_WHEN_BEFORE, .value = DAY_MS },
		{ .name = "over", .when = LAW_WHEN_AFTER },
	};
	static const struct law_ladder l = { .name = "l", .n = 3, .rungs = rungs };
	const struct cy_wall start = { 100 * DAY_MS }, due = { 103 * DAY_MS }, earlier = { 99 * DAY_MS },
			     sooner = { 99 * DAY_MS + 3 * DAY_MS / 2 };

	(void)state;
	assert_string_equal(law_rung_nth(&l, start, due, 0)->name, "half");
	assert_string_equal(law_rung_nth(&l, earlier, sooner, 1)->name, "half");
	assert_int_equal(law_rungs_kept(&l, start, due, 0, earlier, sooner), 0);
	assert_int_equal(law_rungs_kept(&l, start, due, 1, earlier, sooner), 2); /* and not half once more */
	assert_int_equal(law_rungs_kept(&l, earlier, sooner, 1, start, due), 2);
	assert_int_equal(law_rungs_kept(&l, start, due, 2, earlier, sooner), 2);
	assert_int_equal(law_rungs_kept(&l, start, due, 3, earlier, sooner), 3);
	/* Nor is a damaged count of them counted through. */
	assert_int_equal(law_rungs_kept(&l, start, due, UINT32_MAX, earlier, sooner), 3);
	/* Of a day there is no day before: what is behind it without that is behind it. */
	assert_int_equal(law_rungs_kept(&l, start, due, 2, start, (struct cy_wall){ 101 * DAY_MS }), 1);
	assert_int_equal(law_rungs_kept(NULL, start, due, 0, earlier, sooner), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_after_it_was_said),
		cmocka_unit_test(nothing_happens_before_the_case_was_opened),
		cmocka_unit_test(no_instant_of_a_peer_is_beyond_what_can_be_compared),
		cmocka_unit_test(an_instant_that_cannot_be_counts_as_the_nearest_that_can),
		cmocka_unit_test(no_request_is_received_before_it_was_made),
		cmocka_unit_test(a_signed_receipt_starts_what_nobody_states),
		cmocka_unit_test(a_start_of_weeks_after_the_receipt_does_not_stand),
		cmocka_unit_test(what_was_postponed_before_the_decision_was_said_stands_still),
		cmocka_unit_test(what_was_postponed_before_the_decision_begins_with_a_standstill),
		cmocka_unit_test(a_standstill_that_was_over_before_the_decision_was_said_counts),
		cmocka_unit_test(a_decision_of_long_ago_revives_nothing),
		cmocka_unit_test(an_extension_before_the_decision_was_said_counts),
		cmocka_unit_test(a_start_that_moves_repeats_no_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
