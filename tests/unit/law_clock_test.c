/* Clocks under the shipped profile of the European Investigation Order. The expected
 * days are counted by hand from a calendar of 2026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdio.h>

#include "base/rng.h"
#include "config/profile_confuse.h"
#include "law/clock.h"
#include "law_cases.h"

/* Berlin: summer time from 29 March to 25 October 2026, both at 01:00 UTC. */
static const struct law_offset offsets[] = { { INT64_MIN, 3600 }, { 1774746000000, 7200 }, { 1792890000000, 3600 } };
static const struct law_zone berlin = { .name = "Europe/Berlin", .n = 3, .offsets = offsets };
/* Germany's public holidays of that spring that fall on a weekday. */
static struct law_holiday holidays[] = {
	{ 0, "Karfreitag" }, { 0, "Ostermontag" }, { 0, "Tag der Arbeit" }, { 0, "Himmelfahrt" }, { 0, "Pfingstmontag" }
};
static const char *const holiday_dates[] = { "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25" };
static const struct law_calendar germany = { .name = "DE",
					     .first_year = 2026,
					     .last_year = 2026,
					     .weekend = LAW_WEEKEND_SAT_SUN,
					     .n = 5,
					     .holidays = holidays };

static struct cy_arena arena;
static const struct law_profile *eio;

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		holidays[i].day = law_day(holiday_dates[i]);
	return profile_load("config/treaties/eio-2014-41.conf", &arena, &eio, &problems);
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

static int64_t at(const char *rfc3339)
{
	struct cy_wall t;

	assert_int_equal(cy_rfc3339_parse(rfc3339, &t), CY_OK);
	return t.ms;
}

/* ---------------------------------------------------------------------- cases */

struct trial {
	struct history h;
	struct law_terms terms;
	struct law_stated stated[8];
	size_t n_stated;
	const struct law_profile *profile; /* NULL: that of the directive */
	struct law_clock found[64];
	size_t n;
};

static uint32_t told(struct trial *t, CySide side, struct law_fact f, const char *when)
{
	uint32_t number = add(&t->h, side, f);

	t->h.f[t->h.n - 1].at_ms = at(when);
	return number;
}

/* A request for subscriber data and for a witness's hearing. */
static void open_case(struct trial *t)
{
	struct law_terms terms = { .instrument = "eio-2014-41", .n = 2, .urgency_day = LAW_NO_DAY };

	*t = (struct trial){ 0 };
	for (size_t i = 0; i < CY_MEASURES_MAX; i++)
		terms.wanted[i] = LAW_NO_DAY;
	terms.type[0] = CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER;
	terms.type[1] = CY_MEASURE_TYPE__HEARING_WITNESS;
	t->terms = terms;
	told(t, ASKS, say(K(REQUEST), 0, 0, 0), "2026-03-30T09:00:00.000Z");
}

static void acknowledged(struct trial *t, CyAcknowledgedBy by, const char *received, const char *when)
{
	struct law_fact f = say(K(ACKNOWLEDGEMENT), 0, (uint8_t)by, 0);

	f.stated_ms = received != NULL ? at(received) : 0;
	told(t, ASKED, f, when);
}

static int keep(void *arg, const struct law_clock *c)
{
	struct trial *t = arg;

	assert_true(t->n < 64);
	t->found[t->n++] = *c;
	return CY_OK;
}

static void count(struct trial *t)
{
	struct law_clock_input in = { .profile = t->profile != NULL ? t->profile : eio,
				      .terms = &t->terms,
				      .facts = t->h.f,
				      .n = t->h.n,
				      .stated = t->stated,
				      .n_stated = t->n_stated };

	in.zone[ASKED] = &berlin;
	in.calendar[ASKED] = &germany;
	t->n = 0;
	assert_int_equal(law_clocks(&in, keep, t), CY_OK);
}

static const struct law_clock *clock_of(struct trial *t, const char *name, uint8_t measure)
{
	count(t);
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->found[i].key.name, name) == 0 && t->found[i].key.measure == measure)
			return &t->found[i];
	fail_msg("no clock %s for measure %u", name, measure);
	return NULL;
}

static void assert_due(struct trial *t, const char *name, uint8_t measure, const char *due)
{
	const struct law_clock *c = clock_of(t, name, measure);
	char text[CY_RFC3339_SIZE];

	cy_rfc3339(c->due, text);
	if (strcmp(text, due) != 0)
		for (size_t i = 0; i < c->count.n; i++)
			print_message("%s\n", c->count.steps[i]);
	assert_string_equal(text, due);
}

static void assert_state(struct trial *t, const char *name, uint8_t measure, enum law_clock_state state)
{
	assert_string_equal(law_clock_state_name(clock_of(t, name, measure)->state), law_clock_state_name(state));
}

/* ---------------------------------------------------------------------- tests */

static void a_receipt_counts_from_when_the_obliged_side_states_it(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t);
	t.h.f[0].at_ms = at("2026-03-27T09:00:00.000Z"); /* the connection was down over the weekend */
	assert_state(&t, "acknowledge", 0, LAW_CLOCK_WAITING);
	assert_true(clock_of(&t, "acknowledge", 0)->unstated);
	/* Monday 30 March, and one week: the day of the event is not counted, the end is
	 * Easter Monday, which moves it to Tuesday. */
	t.stated[t.n_stated++] =
		(struct law_stated){ .key = { .name = "acknowledge" }, .start_ms = at("2026-03-30T09:00:05.000Z") };
	assert_state(&t, "acknowledge", 0, LAW_CLOCK_RUNNING);
	assert_due(&t, "acknowledge", 0, "2026-04-07T21:59:59.999Z");
	/* It had come by fax on the Friday before. */
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, "2026-03-27T10:00:00.000Z", "2026-03-31T08:00:00.000Z");
	assert_state(&t, "acknowledge", 0, LAW_CLOCK_MET);
	assert_int_equal(clock_of(&t, "acknowledge", 0)->start.ms, at("2026-03-27T10:00:00.000Z"));
	/* One week ends on Good Friday; Easter follows. */
	assert_due(&t, "acknowledge", 0, "2026-04-07T21:59:59.999Z");
	assert_int_equal(clock_of(&t, "acknowledge", 0)->ended.ms, at("2026-03-31T08:00:00.000Z"));
}

static void a_decision_has_30_days_and_at_most_30_more(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	assert_state(&t, "decide", 1, LAW_CLOCK_WAITING);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, "2026-04-01T12:00:00.000Z",
		     "2026-04-02T12:00:00.000Z");
	/* 1 April and 30 days is 1 May, a holiday, a Friday: the Monday after the weekend. */
	assert_due(&t, "decide", 1, "2026-05-04T21:59:59.999Z");
	longer.day = law_day("2026-05-20");
	told(&t, ASKED, longer, "2026-04-30T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-05-20T21:59:59.999Z");
	assert_due(&t, "decide", 2, "2026-05-04T21:59:59.999Z");
	assert_int_equal(clock_of(&t, "decide", 1)->round, 1);
	assert_int_equal(clock_of(&t, "decide", 2)->round, 0);
	/* More than the directive allows: 30 days after 4 May is 3 June, a Wednesday. */
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, "2026-04-01T12:00:00.000Z",
		     "2026-04-02T12:00:00.000Z");
	longer.day = law_day("2026-12-24");
	told(&t, ASKED, longer, "2026-04-30T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-06-03T21:59:59.999Z");
	/* One that names another clock moves nothing. */
	snprintf(longer.clock, sizeof longer.clock, "execute");
	longer.day = law_day("2026-06-30");
	told(&t, ASKED, longer, "2026-05-02T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-06-03T21:59:59.999Z");
}

/* "At most 30 days" is what all extensions have together, not each of them. */
static void extensions_do_not_add_up_to_more_than_the_most(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, "2026-04-01T12:00:00.000Z",
		     "2026-04-02T12:00:00.000Z");
	longer.day = law_day("2026-05-20");
	told(&t, ASKED, longer, "2026-04-30T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-05-20T21:59:59.999Z");
	longer.day = law_day("2026-12-24");
	for (int i = 0; i < 3; i++) {
		told(&t, ASKED, longer, "2026-05-19T12:00:00.000Z");
		/* 30 days after 4 May, whichever extension it is. */
		assert_due(&t, "decide", 1, "2026-06-03T21:59:59.999Z");
		assert_int_equal(clock_of(&t, "decide", 1)->round, 2);
	}
}

/* It ends with the last hour of a day, also where the clocks change in between. */
static void the_most_of_an_extension_moves_by_days(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct law_profile held_up = *eio;
	struct law_clock_rule rules[8];
	struct trial t;

	(void)state;
	assert_true(eio->n_clocks <= 8);
	memcpy(rules, eio->clocks, eio->n_clocks * sizeof rules[0]);
	for (size_t i = 0; i < eio->n_clocks; i++)
		rules[i].suspended_by = 1u << LAW_SUSPEND_POSTPONEMENT;
	held_up.clocks = rules;
	open_case(&t);
	t.profile = &held_up;
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, NULL, "2026-09-20T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-10-20T21:59:59.999Z");
	longer.day = law_day("2026-10-22");
	told(&t, ASKED, longer, "2026-10-01T12:00:00.000Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-10-10T10:00:00.000Z");
	/* 12 days were left; from 20 October they end on Sunday 1 November. */
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-10-20T10:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-11-02T22:59:59.999Z");
	/* The most was 19 November, and is 11 days later. */
	longer.day = law_day("2026-12-24");
	told(&t, ASKED, longer, "2026-10-30T12:00:00.000Z");
	assert_due(&t, "decide", 1, "2026-11-30T22:59:59.999Z");
}

/* Is it among the sentences by which it was counted? */
static void assert_says(struct trial *t, const char *name, uint8_t measure, const char *text)
{
	const struct law_clock *c = clock_of(t, name, measure);
	bool said = false;

	for (size_t i = 0; i < c->count.n; i++)
		said = said || strstr(c->count.steps[i], text) != NULL;
	if (!said)
		fail_msg("clock %s, measure %u: nothing says %s", name, measure, text);
}

static void execution_stands_still_while_it_is_postponed(void **state)
{
	struct law_fact decision = say(K(DECISION), 0, 1, 1);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	decision.stated_ms = at("2026-04-10T10:00:00.000Z");
	told(&t, ASKED, decision, "2026-04-10T11:00:00.000Z");
	/* 10 April and 90 days is Thursday 9 July. */
	assert_due(&t, "execute", 1, "2026-07-09T21:59:59.999Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-05-08T10:00:00.000Z");
	assert_state(&t, "execute", 1, LAW_CLOCK_SUSPENDED);
	assert_state(&t, "execute", 2, LAW_CLOCK_RUNNING);
	/* 62 days were left after 8 May; from 1 June they end on Sunday 2 August: Monday. */
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-06-01T10:00:00.000Z");
	assert_state(&t, "execute", 1, LAW_CLOCK_RUNNING);
	assert_due(&t, "execute", 1, "2026-08-03T21:59:59.999Z");
	assert_due(&t, "execute", 2, "2026-07-09T21:59:59.999Z");
	assert_says(&t, "execute", 1, "Due: Thursday 2026-07-09");
	assert_says(&t, "execute", 1, "62 day(s) were left");
	assert_says(&t, "execute", 1, "Due: Monday 2026-08-03");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-08-04T10:00:00.000Z");
	assert_state(&t, "execute", 1, LAW_CLOCK_MET);
	assert_true(clock_of(&t, "execute", 1)->ended.ms > clock_of(&t, "execute", 1)->due.ms);
}

static void a_suspension_ends_with_the_resumption_of_its_own_measure(void **state)
{
	struct law_fact decision = say(K(DECISION), 0, 1, 1);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	decision.stated_ms = at("2026-04-10T10:00:00.000Z");
	told(&t, ASKED, decision, "2026-04-10T11:00:00.000Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 1), "2026-05-08T10:00:00.000Z");
	told(&t, ASKED, say(K(RESUMPTION), 0, 0, 1), "2026-06-01T10:00:00.000Z");
	assert_state(&t, "execute", 1, LAW_CLOCK_SUSPENDED);
	assert_state(&t, "execute", 2, LAW_CLOCK_RUNNING);
	assert_due(&t, "execute", 2, "2026-08-03T21:59:59.999Z");
	/* 62 days were left; from 3 July they end on Thursday 3 September. */
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-07-03T10:00:00.000Z");
	assert_state(&t, "execute", 1, LAW_CLOCK_RUNNING);
	assert_due(&t, "execute", 1, "2026-09-03T21:59:59.999Z");
	assert_due(&t, "execute", 2, "2026-08-03T21:59:59.999Z");
}

/* What an end on a weekend adds is no part of the period: it is not carried along. */
static void a_remainder_does_not_hold_the_days_that_a_weekend_added(void **state)
{
	struct law_fact decision = say(K(DECISION), 0, 1, 1), longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	decision.stated_ms = at("2026-04-12T10:00:00.000Z");
	told(&t, ASKED, decision, "2026-04-12T11:00:00.000Z");
	/* 12 April and 90 days is Saturday 11 July: the Monday after it. */
	assert_due(&t, "execute", 1, "2026-07-13T21:59:59.999Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-05-08T10:00:00.000Z");
	/* 64 days were left of the 90; from 1 June they end on Tuesday 4 August. */
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-06-01T10:00:00.000Z");
	assert_due(&t, "execute", 1, "2026-08-04T21:59:59.999Z");
	assert_due(&t, "execute", 2, "2026-07-13T21:59:59.999Z");
	/* Stopped once more and gone on with at once nothing moves. */
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-06-10T10:00:00.000Z");
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-06-10T15:00:00.000Z");
	assert_due(&t, "execute", 1, "2026-08-04T21:59:59.999Z");
	/* Extended to a date, ten days are left on 10 August, and end on 30 August, a Sunday. */
	longer.day = law_day("2026-08-20");
	told(&t, ASKED, longer, "2026-07-01T10:00:00.000Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-08-10T10:00:00.000Z");
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-08-20T10:00:00.000Z");
	assert_due(&t, "execute", 1, "2026-08-31T21:59:59.999Z");
}

static void what_is_withdrawn_or_refused_is_not_owed_any_more(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, NULL, "2026-04-02T12:00:00.000Z");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 1, 0), "2026-04-03T08:00:00.000Z");
	assert_state(&t, "decide", 1, LAW_CLOCK_CEASED);
	assert_state(&t, "decide", 2, LAW_CLOCK_RUNNING);
	told(&t, ASKED, say(K(REFUSAL), 0, 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM), "2026-04-07T08:00:00.000Z");
	assert_state(&t, "decide", 2, LAW_CLOCK_MET);
	assert_state(&t, "execute", 2, LAW_CLOCK_CEASED);
	assert_state(&t, "execute", 1, LAW_CLOCK_CEASED);
}

static void a_date_that_was_asked_for_is_a_clock_and_no_other(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t);
	t.terms.wanted[1] = law_day("2026-10-25");
	/* That day has 25 hours. */
	assert_due(&t, "wanted-date", 2, "2026-10-25T22:59:59.999Z");
	count(&t);
	for (size_t i = 0; i < t.n; i++)
		assert_false(strcmp(t.found[i].key.name, "wanted-date") == 0 && t.found[i].key.measure == 1);
}

static void a_returned_request_owes_nothing(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t);
	told(&t, ASKED, say(K(RETURNED_DEFICIENT), 0, 0, 0), "2026-04-01T08:00:00.000Z");
	assert_state(&t, "acknowledge", 0, LAW_CLOCK_MET);
	assert_state(&t, "decide", 1, LAW_CLOCK_CEASED);
}

/* Two authorities hear of the same things in another order. */
static void the_order_of_arrival_changes_nothing(void **state)
{
	struct law_fact decision = say(K(DECISION), 0, 1, 1), longer = say(K(EXTENSION), 0, 1, 1);
	struct cy_rng r = { .state = 11 };
	struct trial t, other;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, NULL, "2026-04-02T12:00:00.000Z");
	told(&t, ASKED, decision, "2026-04-10T11:00:00.000Z");
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-05-08T10:00:00.000Z");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 0, 1), "2026-05-08T10:00:01.000Z");
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-05-20T10:00:00.000Z");
	longer.day = law_day("2026-09-30");
	told(&t, ASKED, longer, "2026-06-20T10:00:00.000Z");
	count(&t);
	assert_true(t.n >= 5);
	for (int round = 0; round < 200; round++) {
		other = t;
		for (size_t i = other.h.n; i > 1; i--) {
			size_t k = cy_rng_below(&r, (uint32_t)i);
			struct law_fact swap = other.h.f[i - 1];

			other.h.f[i - 1] = other.h.f[k];
			other.h.f[k] = swap;
		}
		count(&other);
		assert_int_equal(other.n, t.n);
		for (size_t i = 0; i < t.n; i++) {
			assert_true(law_clock_same(&t.found[i].key, &other.found[i].key));
			assert_int_equal(t.found[i].state, other.found[i].state);
			assert_int_equal(t.found[i].due.ms, other.found[i].due.ms);
			assert_int_equal(t.found[i].round, other.found[i].round);
		}
	}
}

/* Instants are the other side's to choose: none of them may take the other clocks along. */
static void absurd_instants_and_dates_spoil_only_their_own_clock(void **state)
{
	struct law_fact f = say(K(POSTPONEMENT), 0, 1, 0);
	struct trial t;

	(void)state;
	open_case(&t);
	acknowledged(&t, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, NULL, "2026-03-31T08:00:00.000Z");
	acknowledged(&t, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, NULL, "2026-04-02T12:00:00.000Z");
	t.stated[t.n_stated++] = (struct law_stated){ .key = { .name = "acknowledge" }, .start_ms = INT64_MAX };
	told(&t, ASKED, say(K(DECISION), 0, 1, 1), "2026-04-10T11:00:00.000Z");
	/* Nobody decides after he has said so. */
	t.h.f[t.h.n - 1].stated_ms = INT64_MAX;
	assert_due(&t, "execute", 1, "2026-07-09T21:59:59.999Z");
	assert_state(&t, "decide", 1, LAW_CLOCK_MET);
	t.h.f[t.h.n - 1].at_ms = INT64_MAX;
	assert_state(&t, "execute", 1, LAW_CLOCK_WAITING);
	assert_true(strstr(clock_of(&t, "execute", 1)->count.steps[clock_of(&t, "execute", 1)->count.n - 1],
			   "cannot be counted") != NULL);
	t.h.f[t.h.n - 1].at_ms = at("2026-04-10T11:00:00.000Z");
	t.h.f[t.h.n - 1].stated_ms = 0;
	assert_state(&t, "execute", 1, LAW_CLOCK_RUNNING);
	told(&t, ASKED, f, "2026-05-08T10:00:00.000Z");
	t.h.f[t.h.n - 1].at_ms = INT64_MIN;
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-05-20T10:00:00.000Z");
	t.h.f[t.h.n - 1].at_ms = INT64_MAX;
	count(&t);
	f = say(K(EXTENSION), 0, 0, 1);
	f.day = law_day("9999-12-31");
	told(&t, ASKED, f, "2026-05-21T10:00:00.000Z");
	assert_state(&t, "execute", 2, LAW_CLOCK_RUNNING);
}

static void terms_come_back_from_their_encoding(void **state)
{
	uint8_t out[LAW_TERMS_MAX];
	struct law_terms back;
	struct trial t;
	size_t len;

	(void)state;
	open_case(&t);
	t.terms.urgent = true;
	t.terms.wanted[1] = -5;
	len = law_terms_encode(&t.terms, out);
	assert_int_equal(law_terms_decode(cy_bytes(out, len), &back), CY_OK);
	assert_string_equal(back.instrument, "eio-2014-41");
	assert_int_equal(back.n, 2);
	assert_int_equal(back.wanted[1], -5);
	assert_true(back.urgent);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(law_terms_decode(cy_bytes(out, i), &back), CY_EPARSE);
}

/* Of an older version, which said that a case is followed, and not which. */
static void terms_of_version_1_are_read(void **state)
{
	static const uint8_t old[] = { 1, 1, 'e', 1, '1', 0, 0, 0, 0, 0, 0, 0, 9, 3, 0x80, 0, 0, 0, 0 };
	struct law_terms back;

	(void)state;
	assert_int_equal(law_terms_decode(cy_bytes(old, sizeof old), &back), CY_OK);
	assert_string_equal(back.instrument, "e");
	assert_int_equal(back.opened_ms, 9);
	assert_true(back.urgent);
	assert_int_equal(back.urgency_day, LAW_NO_DAY);
	assert_int_equal(back.n_follows, 0);
	assert_int_equal(law_terms_decode(cy_bytes(old, sizeof old - 1), &back), CY_EPARSE);
}

static void links_beyond_the_sixteenth_are_followed_no_more(void **state)
{
	static char ids[20][CY_UUID_LEN + 1];
	CyMessage m = CY_MESSAGE__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyRequest request = CY_REQUEST__INIT;
	CyLink links[20], *list[20];
	uint8_t out[LAW_TERMS_MAX];
	struct law_terms t, back;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		snprintf(ids[i], sizeof ids[i], "0198b2c1-1111-7111-8111-1111111111%02zu", i);
		cy_link__init(&links[i]);
		links[i].type = i == 1 ? CY_LINK_TYPE__NEW : CY_LINK_TYPE__FOLLOW_UP_MLA;
		links[i].case_id = i == 2 ? "no case" : ids[i];
		list[i] = &links[i];
	}
	request.links = list;
	request.n_links = 20;
	content.kind_case = CY_CONTENT__KIND_REQUEST;
	content.request = &request;
	m.content = &content;
	law_terms_of(&m, &t);
	assert_int_equal(t.n_follows, LAW_FOLLOWS_MAX);
	assert_string_equal(t.follows[1], ids[3]);
	assert_int_equal(law_terms_decode(cy_bytes(out, law_terms_encode(&t, out)), &back), CY_OK);
	assert_int_equal(back.n_follows, LAW_FOLLOWS_MAX);
	assert_string_equal(back.follows[LAW_FOLLOWS_MAX - 1], ids[17]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receipt_counts_from_when_the_obliged_side_states_it),
		cmocka_unit_test(a_decision_has_30_days_and_at_most_30_more),
		cmocka_unit_test(extensions_do_not_add_up_to_more_than_the_most),
		cmocka_unit_test(the_most_of_an_extension_moves_by_days),
		cmocka_unit_test(execution_stands_still_while_it_is_postponed),
		cmocka_unit_test(a_suspension_ends_with_the_resumption_of_its_own_measure),
		cmocka_unit_test(a_remainder_does_not_hold_the_days_that_a_weekend_added),
		cmocka_unit_test(what_is_withdrawn_or_refused_is_not_owed_any_more),
		cmocka_unit_test(a_date_that_was_asked_for_is_a_clock_and_no_other),
		cmocka_unit_test(a_returned_request_owes_nothing),
		cmocka_unit_test(the_order_of_arrival_changes_nothing),
		cmocka_unit_test(absurd_instants_and_dates_spoil_only_their_own_clock),
		cmocka_unit_test(terms_come_back_from_their_encoding),
		cmocka_unit_test(terms_of_version_1_are_read),
		cmocka_unit_test(links_beyond_the_sixteenth_are_followed_no_more),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
