/* What breaks a time limit, what ends one, and what does neither: under the shipped profiles, and under one of these
 * tests where those do not have the clock. Days are counted by hand from a calendar of 2026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdio.h>

#include "config/profile_confuse.h"
#include "law/clock.h"
#include "law/ladder.h"
#include "law/stats.h"
#include "law_cases.h"

static struct cy_arena arena;
static const struct law_profile *const *profiles;
static size_t n_profiles;

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	return profile_load_dir("config/treaties", &arena, &profiles, &n_profiles, &problems);
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

static const struct law_profile *profile(const char *id)
{
	for (size_t i = 0; i < n_profiles; i++)
		if (strcmp(profiles[i]->id, id) == 0)
			return profiles[i];
	fail_msg("there is no profile %s", id);
	return NULL;
}

/* A profile of these tests: a request that is to be executed in ten days as a whole, and each measure in ten days; the
 * day of the event counts, and an end on a weekend moves to Monday. */
static const struct law_rule plain[] = { { .name = "plain",
					   .title = "",
					   .exclude_event = "",
					   .roll_over = "3(4)",
					   .two_working = "",
					   .verified = true,
					   .note = "" } };
#define OF_TESTS(NAME, BY_MEASURE)                                                                             \
	{                                                                                                      \
		.name = NAME, .obligation = "Carry it out", .obliged = CY_SIDE__REQUESTED, .obliged_role = "", \
		.by_measure = BY_MEASURE, .start = LAW_START_RECEIVED, .period = { LAW_CALENDAR_DAY, 10 },     \
		.rule = "plain", .met_by = 1u << LAW_MEET_EXECUTION,                                           \
		.suspended_by = 1u << LAW_SUSPEND_CONDITIONS | 1u << LAW_SUSPEND_POSTPONEMENT, .ladder = "",   \
		.source = {                                                                                    \
			"1",                                                                                   \
			true,                                                                                  \
			""                                                                                     \
		}                                                                                              \
	}
static const struct law_clock_rule of_tests[] = { OF_TESTS("whole", false), OF_TESTS("each", true) };
static const struct law_profile tests_own = {
	.id = "tests", .version = "1", .n_rules = 1, .rules = plain, .n_clocks = 2, .clocks = of_tests
};

/* ---------------------------------------------------------------------- cases */

struct trial {
	const struct law_profile *p;
	struct history h;
	struct law_terms terms;
	struct law_stated stated[4];
	size_t n_stated;
	struct law_follow_up follow_ups[4];
	size_t n_follow_ups;
	struct law_clock found[64];
	size_t n;
};

static int64_t at(const char *rfc3339)
{
	struct cy_wall t;

	assert_int_equal(cy_rfc3339_parse(rfc3339, &t), CY_OK);
	return t.ms;
}

static uint32_t told(struct trial *t, CySide side, struct law_fact f, const char *when)
{
	uint32_t number = add(&t->h, side, f);

	t->h.f[t->h.n - 1].at_ms = at(when);
	return number;
}

static void open_case(struct trial *t, const struct law_profile *p, CyMeasureType one, CyMeasureType two,
		      const char *when)
{
	struct law_fact request = say(K(REQUEST), 0, 0, 0);

	*t = (struct trial){ .p = p };
	t->terms.n = request.measures = two != 0 ? 2 : 1;
	t->terms.urgency_day = LAW_NO_DAY;
	for (size_t i = 0; i < CY_MEASURES_MAX; i++)
		t->terms.wanted[i] = LAW_NO_DAY;
	t->terms.type[0] = (uint8_t)one;
	t->terms.type[1] = (uint8_t)two;
	told(t, ASKS, request, when);
	told(t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), when);
}

static void state_start(struct trial *t, const char *name, uint8_t measure, uint32_t notice, const char *when)
{
	struct law_stated *s = &t->stated[t->n_stated++];

	*s = (struct law_stated){ .key = { .measure = measure, .notice = notice }, .start_ms = at(when) };
	assert_int_equal(cy_copy(s->key.name, sizeof s->key.name, name), CY_OK);
}

static int keep(void *arg, const struct law_clock *c)
{
	struct trial *t = arg;

	assert_true(t->n < 64);
	t->found[t->n++] = *c;
	return CY_OK;
}

static const struct law_clock *clock_of(struct trial *t, const char *name, uint8_t measure)
{
	const struct law_clock_input in = { .profile = t->p,
					    .terms = &t->terms,
					    .facts = t->h.f,
					    .n = t->h.n,
					    .stated = t->stated,
					    .n_stated = t->n_stated,
					    .follow_ups = t->follow_ups,
					    .n_follow_ups = t->n_follow_ups };

	t->n = 0;
	assert_int_equal(law_clocks(&in, keep, t), CY_OK);
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->found[i].key.name, name) == 0 && t->found[i].key.measure == measure)
			return &t->found[i];
	fail_msg("no clock %s for measure %u", name, measure);
	return NULL;
}

static void is(struct trial *t, const char *name, uint8_t measure, enum law_clock_state state, const char *due)
{
	const struct law_clock *c = clock_of(t, name, measure);
	char found[CY_RFC3339_SIZE];

	cy_rfc3339(c->due, found);
	if (c->state == state && (due == NULL || strncmp(found, due, strlen(due)) == 0))
		return;
	for (size_t i = 0; i < c->count.n; i++)
		print_message("%s\n", c->count.steps[i]);
	fail_msg("%s %u is %s, due %s; expected %s, %s", name, measure, law_clock_state_name(c->state), found,
		 law_clock_state_name(state), due != NULL ? due : "any");
}

static bool is_late(struct trial *t, const char *name, uint8_t measure)
{
	const struct law_clock *c = clock_of(t, name, measure);

	return c->state == LAW_CLOCK_MET && c->ended.ms > c->due.ms;
}

/* ------------------------------------------------- a lapsed time limit is not revived */

/* An investigation order recognised on 1 April: 90 days, so 30 June. */
static void open_order(struct trial *t)
{
	open_case(t, profile("eio-2014-41"), CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER, 0, "2026-03-30T09:00:00.000Z");
	told(t, ASKED, say(K(DECISION), 0, 1, 0), "2026-04-01T09:00:00.000Z");
	is(t, "execute", 1, LAW_CLOCK_RUNNING, "2026-06-30");
}

static void a_postponement_after_the_end_revives_nothing(void **state)
{
	struct trial t;
	uint32_t number;

	(void)state;
	open_order(&t);
	number = told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-09-01T09:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_RUNNING, "2026-06-30"); /* it has lapsed, and still has */
	assert_int_equal(clock_of(&t, "execute", 1)->excused_by, number);
	assert_int_equal(clock_of(&t, "execute", 1)->excused.ms, at("2026-09-01T09:00:00.000Z"));
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-11-02T09:00:00.000Z");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-11-02T10:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_MET, "2026-06-30");
	assert_true(is_late(&t, "execute", 1));
	assert_int_equal(clock_of(&t, "execute", 1)->excused_by, number);
}

static void an_extension_after_the_end_revives_nothing(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_order(&t);
	longer.day = law_day("2026-12-31");
	told(&t, ASKED, longer, "2026-07-01T00:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_RUNNING, "2026-06-30");
	assert_true(clock_of(&t, "execute", 1)->excused.ms > 0);
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-07-02T10:00:00.000Z");
	assert_true(is_late(&t, "execute", 1));
}

/* What was preserved is kept beyond the case, but nothing more is said of it there: who is to have it longer asks in a
 * case of its own. It is refused with a sentence, not passed over. */
static void an_extension_after_the_closure_is_refused_plainly(void **state)
{
	struct law_fact extension = say(K(EXTENSION), 0, 1, 0);
	struct cy_error e = { 0 };
	struct trial t;

	(void)state;
	open_case(&t, profile("e-evidence-2023-1543"), CY_MEASURE_TYPE__PRESERVATION, 0, "2026-09-01T09:00:00.000Z");
	told(&t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0),
	     "2026-09-02T09:00:00.000Z");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-09-03T09:00:00.000Z");
	told(&t, ASKED, say(K(CLOSURE), 0, 0, 0), "2026-09-04T09:00:00.000Z");
	extension.side = ASKED;
	extension.number = t.h.f[t.h.n - 1].number + 1;
	extension.at_ms = t.h.f[t.h.n - 1].at_ms + 1;
	assert_int_equal(cy_copy(extension.clock, sizeof extension.clock, "preserve"), CY_OK);
	assert_int_equal(law_admit(t.h.f, t.h.n, &extension, &e), CY_ESTATE);
	assert_string_equal(
		e.text, "the case is closed; a message of kind extension is allowed while it is registered and open");
	t.h.n--; /* before it the same is taken */
	assert_int_equal(law_admit(t.h.f, t.h.n, &extension, &e), CY_OK);
}

static void an_extension_on_the_last_day_counts_though_it_arrives_later(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_order(&t);
	longer.day = law_day("2026-12-31");
	told(&t, ASKED, longer, "2026-06-30T23:59:59.000Z");
	is(&t, "execute", 1, LAW_CLOCK_RUNNING, "2026-12-31");
	assert_int_equal(clock_of(&t, "execute", 1)->excused.ms, 0);
}

/* A production order received on 30 March: 10 days, so 9 April. A question on 4 May does not stop what is over. */
static void a_notice_after_the_end_revives_nothing(void **state)
{
	struct trial t;
	uint32_t notice;

	(void)state;
	open_case(&t, profile("e-evidence-2023-1543"), CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER, 0,
		  "2026-03-30T09:00:00.000Z");
	state_start(&t, "produce", 1, 0, "2026-03-30T09:00:01.000Z");
	is(&t, "produce", 1, LAW_CLOCK_RUNNING, "2026-04-09");
	notice = told(&t, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), "2026-05-04T09:00:00.000Z");
	is(&t, "produce", 1, LAW_CLOCK_RUNNING, "2026-04-09");
	told(&t, ASKS, say(K(SUPPLEMENT), notice, 0, 0), "2026-05-06T09:00:00.000Z");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-05-08T09:00:00.000Z");
	is(&t, "produce", 1, LAW_CLOCK_MET, "2026-04-09");
	assert_true(is_late(&t, "produce", 1));
}

/* It stood still before its end: then it is not over while it does, and may be extended. */
static void what_was_suspended_in_time_is_not_over(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	(void)state;
	open_order(&t);
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-06-30T09:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_SUSPENDED, NULL);
	longer.day = law_day("2026-12-31");
	told(&t, ASKED, longer, "2026-09-01T09:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_SUSPENDED, "2026-12-31");
	assert_int_equal(clock_of(&t, "execute", 1)->excused.ms, 0);
	t.h.n--;
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-11-02T09:00:00.000Z");
	is(&t, "execute", 1, LAW_CLOCK_RUNNING, "2026-11-02");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-11-02T10:00:00.000Z");
	assert_false(is_late(&t, "execute", 1));
}

/* ------------------------------------------------------------ the request as a whole */

static void the_whole_request_is_met_by_its_last_measure(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t, profile("eu-mla-2000"), CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	t.terms.urgent = true;
	t.terms.urgency_day = law_day("2026-04-30");
	told(&t, ASKED, say(K(REFUSAL), 0, 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM), "2026-04-07T08:00:00.000Z");
	is(&t, "urgency-date", 0, LAW_CLOCK_RUNNING, "2026-04-30");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-05-04T08:00:00.000Z");
	is(&t, "urgency-date", 0, LAW_CLOCK_MET, "2026-04-30");
	assert_true(is_late(&t, "urgency-date", 0));
}

static void a_withdrawal_of_all_that_is_open_ends_what_is_owed_of_the_whole(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t, &tests_own, CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	state_start(&t, "whole", 0, 0, "2026-03-30T09:00:01.000Z");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 1, 0), "2026-03-31T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_RUNNING, "2026-04-08");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 0, 1), "2026-04-01T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_CEASED, NULL);
}

/* One measure is recognised in time, and the other withdrawn: nothing is left to decide, however long it takes to carry
 * the first out. */
static void a_withdrawal_of_all_that_is_undecided_ends_the_decision(void **state)
{
	struct law_clock_rule rule = of_tests[0];
	struct law_profile p = tests_own;
	struct trial t;

	(void)state;
	rule.met_by = 1u << LAW_MEET_DECISION;
	p.n_clocks = 1;
	p.clocks = &rule;
	open_case(&t, &p, CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	state_start(&t, "whole", 0, 0, "2026-03-30T09:00:01.000Z");
	told(&t, ASKED, say(K(DECISION), 0, 1, 0), "2026-03-31T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_RUNNING, "2026-04-08");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 0, 1), "2026-04-01T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_CEASED, NULL);
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-05-04T08:00:00.000Z");
	assert_false(is_late(&t, "whole", 0));
}

/* Naming every measure says as much as naming none. */
static void a_withdrawal_that_names_all_measures_ends_the_acknowledgement(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t, profile("eio-2014-41"), CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	t.h.n--; /* not acknowledged */
	state_start(&t, "acknowledge", 0, 0, "2026-03-30T09:00:01.000Z");
	is(&t, "acknowledge", 0, LAW_CLOCK_RUNNING, NULL);
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 1, 1), "2026-04-01T08:00:00.000Z");
	is(&t, "acknowledge", 0, LAW_CLOCK_CEASED, NULL);
}

static void a_proposal_that_ends_with_its_measure_suspends_no_more(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t, &tests_own, CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	state_start(&t, "whole", 0, 0, "2026-03-30T09:00:01.000Z");
	told(&t, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0), "2026-04-01T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_SUSPENDED, NULL);
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 1, 0), "2026-04-03T08:00:00.000Z");
	/* Day 3 was 1 April: 7 are left, from 4 April on. */
	is(&t, "whole", 0, LAW_CLOCK_RUNNING, "2026-04-10");
}

static void a_retracted_proposal_suspends_no_more_and_one_replaced_still_does(void **state)
{
	struct law_fact retraction = say(K(CONDITIONS_PROPOSED), 0, 0, 0);
	struct trial t;
	uint32_t proposal;

	(void)state;
	open_case(&t, &tests_own, CY_MEASURE_TYPE__HEARING_WITNESS, CY_MEASURE_TYPE__SEARCH_AND_SEIZURE,
		  "2026-03-30T09:00:00.000Z");
	state_start(&t, "whole", 0, 0, "2026-03-30T09:00:01.000Z");
	proposal = told(&t, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0), "2026-04-01T08:00:00.000Z");
	proposal = told(&t, ASKED, say(K(CONDITIONS_PROPOSED), proposal, 0, 0), "2026-04-02T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_SUSPENDED, NULL);
	memset(retraction.code, LAW_RETRACTED, sizeof retraction.code);
	retraction.ref = proposal;
	told(&t, ASKED, retraction, "2026-04-03T08:00:00.000Z");
	is(&t, "whole", 0, LAW_CLOCK_RUNNING, "2026-04-10");
}

/* A notice about a measure that has its final result asks for nothing any more. */
static void a_notice_ends_with_the_measure_that_it_is_about(void **state)
{
	struct trial t;
	uint32_t notice;

	(void)state;
	open_case(&t, profile("e-evidence-2023-1543"), CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER,
		  CY_MEASURE_TYPE__DISCLOSURE_TRAFFIC, "2026-03-30T09:00:00.000Z");
	notice = told(&t, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), "2026-04-01T09:00:00.000Z");
	state_start(&t, "clarify", 0, notice, "2026-04-01T09:00:01.000Z");
	is(&t, "clarify", 0, LAW_CLOCK_RUNNING, "2026-04-06");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-04-02T09:00:00.000Z");
	is(&t, "clarify", 0, LAW_CLOCK_CEASED, NULL);
}

/* -------------------------------------------------------------------- preservation */

static void open_preservation(struct trial *t, uint8_t outcome)
{
	open_case(t, profile("budapest-185"), CY_MEASURE_TYPE__PRESERVATION, CY_MEASURE_TYPE__PRESERVATION,
		  "2026-03-30T09:00:00.000Z");
	told(t, ASKED, say(K(RESULT), 0, outcome, 0), "2026-04-01T09:00:00.000Z");
}

static void what_is_preserved_is_kept_though_the_rest_is_withdrawn(void **state)
{
	struct trial t;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__EXECUTED);
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01");
	told(&t, ASKS, say(K(WITHDRAWAL), 0, 0, 0), "2026-04-02T09:00:00.000Z"); /* all that is open */
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01");
	is(&t, "preserve", 2, LAW_CLOCK_CEASED, NULL);
	told(&t, ASKED, say(K(CLOSURE), 0, 0, 0), "2026-04-03T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01");
}

static void a_withdrawal_that_crosses_the_result_does_not_end_the_duty(void **state)
{
	struct law_fact f = say(K(WITHDRAWAL), 0, 1, 0);
	struct trial t;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__EXECUTED);
	t.h.f[t.h.n] = by(&t.h, ASKS, f, 1); /* it had not seen the result */
	t.h.f[t.h.n++].at_ms = at("2026-04-01T08:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01");
}

/* Of the regulation: kept from the receipt of the order on, also beyond the case. */
static void a_closed_case_does_not_end_the_duty_to_keep(void **state)
{
	struct trial t;

	(void)state;
	open_case(&t, profile("e-evidence-2023-1543"), CY_MEASURE_TYPE__PRESERVATION, 0, "2026-03-30T09:00:00.000Z");
	state_start(&t, "preserve", 1, 0, "2026-03-30T09:00:01.000Z");
	told(&t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-04-01T09:00:00.000Z");
	told(&t, ASKED, say(K(CLOSURE), 0, 0, 0), "2026-04-03T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-05-29");
}

static void the_answer_to_a_notice_is_no_follow_up(void **state)
{
	struct trial t;
	uint32_t notice;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__EXECUTED);
	notice = told(&t, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 1), "2026-04-02T09:00:00.000Z");
	told(&t, ASKS, say(K(SUPPLEMENT), notice, 0, 0), "2026-04-03T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01");
}

static void linked(struct trial *t, CyMeasureType type, const char *when)
{
	t->follow_ups[t->n_follow_ups++] =
		(struct law_follow_up){ .case_id = "c2", .at_ms = at(when), .types = UINT64_C(1) << type };
}

static void a_linked_request_for_the_data_follows_up(void **state)
{
	struct trial t;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__EXECUTED);
	linked(&t, CY_MEASURE_TYPE__PRESERVATION, "2026-04-02T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_RUNNING, "2026-06-01"); /* it asks for nothing but the same once more */
	linked(&t, CY_MEASURE_TYPE__DISCLOSURE_CONTENT, "2026-05-29T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_MET, "2026-06-01");
	assert_int_equal(clock_of(&t, "preserve", 1)->ended.ms, at("2026-05-29T09:00:00.000Z"));
	is(&t, "domestic-order", 1, LAW_CLOCK_MET, NULL);
	is(&t, "preserve", 2, LAW_CLOCK_WAITING, NULL); /* nothing is preserved that could be asked for */
	/* What comes after it changes nothing. */
	told(&t, ASKED, say(K(CLOSURE), 0, 0, 0), "2026-05-30T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_MET, "2026-06-01");
}

static void a_linked_request_after_the_end_is_late(void **state)
{
	struct trial t;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__EXECUTED);
	linked(&t, CY_MEASURE_TYPE__DISCLOSURE_CONTENT, "2026-06-08T09:00:00.000Z");
	is(&t, "preserve", 1, LAW_CLOCK_MET, "2026-06-01");
	assert_true(is_late(&t, "preserve", 1));
}

/* The papers may be on their way before somebody is found. */
static void full_papers_may_come_before_the_arrest(void **state)
{
	struct law_fact arrest = say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0);
	struct trial t;

	(void)state;
	open_case(&t, profile("ece-1957"), CY_MEASURE_TYPE__PROVISIONAL_ARREST, 0, "2026-03-30T09:00:00.000Z");
	linked(&t, CY_MEASURE_TYPE__EXTRADITION, "2026-03-31T09:00:00.000Z");
	is(&t, "papers-18", 1, LAW_CLOCK_WAITING, NULL);
	arrest.stated_ms = at("2026-04-01T08:00:00.000Z");
	told(&t, ASKED, arrest, "2026-04-01T09:00:00.000Z");
	is(&t, "papers-18", 1, LAW_CLOCK_MET, NULL);
	assert_int_equal(clock_of(&t, "papers-18", 1)->ended.ms, at("2026-04-01T08:00:00.000Z"));
	is(&t, "papers-40", 1, LAW_CLOCK_MET, NULL);
}

static void what_was_not_carried_out_starts_nothing(void **state)
{
	struct law_fact failed = say(K(RESULT), 0, CY_MEASURE_OUTCOME__NOT_EXECUTED, 0);
	struct trial t;

	(void)state;
	open_preservation(&t, CY_MEASURE_OUTCOME__NOT_EXECUTED);
	is(&t, "preserve", 1, LAW_CLOCK_WAITING, NULL);
	open_case(&t, profile("ece-1957"), CY_MEASURE_TYPE__PROVISIONAL_ARREST, 0, "2026-03-30T09:00:00.000Z");
	failed.stated_ms = at("2026-04-01T08:00:00.000Z");
	told(&t, ASKED, failed, "2026-04-01T09:00:00.000Z");
	is(&t, "papers-18", 1, LAW_CLOCK_WAITING, NULL);
	is(&t, "papers-40", 1, LAW_CLOCK_WAITING, NULL);
}

/* Part of it is preserved, or somebody is arrested for it; no more of it can be done, which ends no duty about the part
 * that was. */
static void ends_after_a_part(const char *id, CyMeasureType type, const char *clock, CySide side, struct law_fact last)
{
	struct law_fact part = say(K(RESULT), 0, 0x80 | CY_MEASURE_OUTCOME__EXECUTED, 0);
	struct trial t;

	open_case(&t, profile(id), type, 0, "2026-03-30T09:00:00.000Z");
	if (strcmp(id, "e-evidence-2023-1543") == 0)
		state_start(&t, clock, 1, 0, "2026-03-30T09:00:01.000Z");
	part.stated_ms = at("2026-04-01T08:00:00.000Z");
	told(&t, ASKED, part, "2026-04-01T09:00:00.000Z");
	is(&t, clock, 1, LAW_CLOCK_RUNNING, NULL);
	told(&t, side, last, "2026-04-02T09:00:00.000Z");
	is(&t, clock, 1, LAW_CLOCK_RUNNING, NULL);
}

static void what_is_preserved_in_part_is_kept_though_the_rest_is_not(void **state)
{
	const struct law_fact refusal = say(K(REFUSAL), 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM, 0),
			      withdrawal = say(K(WITHDRAWAL), 0, 1, 0);

	(void)state;
	ends_after_a_part("budapest-185", CY_MEASURE_TYPE__PRESERVATION, "preserve", ASKED, refusal);
	ends_after_a_part("budapest-185", CY_MEASURE_TYPE__PRESERVATION, "preserve", ASKS, withdrawal);
	ends_after_a_part("e-evidence-2023-1543", CY_MEASURE_TYPE__PRESERVATION, "preserve", ASKED, refusal);
	ends_after_a_part("ece-1957", CY_MEASURE_TYPE__PROVISIONAL_ARREST, "papers-40", ASKED, refusal);
}

/* -------------------------------------------------------------- what was given in part */

static int first_row(void *arg, const struct law_stat *row)
{
	struct law_stat *first = arg;

	if (row->measure == 1)
		*first = *row;
	return CY_OK;
}

static void given_in_part(CySide side, struct law_fact last)
{
	struct law_stat row = { 0 };
	struct law_case c;
	struct trial t;
	uint32_t proposal;

	open_case(&t, &tests_own, CY_MEASURE_TYPE__HEARING_WITNESS, 0, "2026-03-30T09:00:00.000Z");
	proposal = told(&t, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0), "2026-04-01T08:00:00.000Z");
	told(&t, ASKS, say(K(CONDITIONS_ACCEPTED), proposal, 0, 0), "2026-04-02T08:00:00.000Z");
	told(&t, ASKED, say(K(RESULT), 0, 0x80 | CY_MEASURE_OUTCOME__EXECUTED, 0), "2026-04-03T08:00:00.000Z");
	told(&t, side, last, "2026-04-04T08:00:00.000Z");
	law_fold(t.h.f, t.h.n, &c, NULL, NULL);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_PARTIALLY_EXECUTED);
	assert_true(c.measures[0].bound);
	assert_int_equal(law_stats_of(t.h.f, t.h.n, &t.terms, first_row, &row), CY_OK);
	assert_int_equal(row.outcome, LAW_OUTCOME_PARTIALLY_EXECUTED);
}

/* The conditions bind what was given under them, and it was given. */
static void what_was_given_in_part_stays_given_and_bound(void **state)
{
	(void)state;
	given_in_part(ASKED, say(K(REFUSAL), 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM, 0));
	given_in_part(ASKS, say(K(WITHDRAWAL), 0, 1, 0));
}

/* ------------------------------------------------------------------------- counting */

/* Ten days from Monday 6 April, which counts: Wednesday 15 April. */
static void open_each(struct trial *t)
{
	open_case(t, &tests_own, CY_MEASURE_TYPE__HEARING_WITNESS, 0, "2026-04-06T09:00:00.000Z");
	state_start(t, "each", 1, 0, "2026-04-06T09:00:01.000Z");
	is(t, "each", 1, LAW_CLOCK_RUNNING, "2026-04-15");
}

static void a_suspension_costs_no_day_where_the_day_of_the_event_counts(void **state)
{
	struct trial t;

	(void)state;
	open_each(&t);
	for (unsigned i = 0; i < 3; i++) {
		told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-04-09T09:00:00.000Z");
		told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-04-09T10:00:00.000Z");
		is(&t, "each", 1, LAW_CLOCK_RUNNING, "2026-04-15");
	}
}

/* Suspended on its last day, and resumed on a Saturday: the rest of that day ends on Monday, as any end would. */
static void a_resumption_on_a_day_off_ends_on_no_day_off(void **state)
{
	struct trial t;

	(void)state;
	open_each(&t);
	told(&t, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "2026-04-15T09:00:00.000Z");
	told(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), "2026-04-18T10:00:00.000Z");
	is(&t, "each", 1, LAW_CLOCK_RUNNING, "2026-04-20");
}

static void a_step_before_the_start_is_none(void **state)
{
	const struct law_rung week = { .name = "week", .when = LAW_WHEN_BEFORE, .value = 7 * INT64_C(86400000) };
	const struct cy_wall start = { 1000 * INT64_C(86400000) };

	(void)state;
	assert_int_equal(law_rung_at(&week, start, (struct cy_wall){ start.ms + 8 * INT64_C(3600000) }).ms, 0);
	assert_int_equal(law_rung_at(&week, start, (struct cy_wall){ start.ms + 8 * INT64_C(86400000) }).ms,
			 start.ms + INT64_C(86400000));
}

/* On a clock of 96 hours half of it comes after three days before its end; on a long one before. */
static void steps_come_in_the_order_of_their_instants(void **state)
{
	static const struct law_rung rungs[] = {
		{ .name = "half", .when = LAW_WHEN_SHARE, .value = 50 },
		{ .name = "week", .when = LAW_WHEN_BEFORE, .value = 7 * INT64_C(86400000) },
		{ .name = "three", .when = LAW_WHEN_BEFORE, .value = 3 * INT64_C(86400000) },
		{ .name = "over", .when = LAW_WHEN_AFTER, .value = 0 },
	};
	static const struct law_ladder l = { .name = "l", .n = 4, .rungs = rungs };
	static const char *const on_hours[] = { "three", "half", "over" }, *const on_days[] = { "half", "week", "three",
												"over" };
	const struct cy_wall start = { 1000 * INT64_C(86400000) }, hours = { start.ms + 96 * INT64_C(3600000) },
			     days = { start.ms + 90 * INT64_C(86400000) };

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(law_rung_nth(&l, start, hours, i)->name, on_hours[i]);
	assert_null(law_rung_nth(&l, start, hours, 3));
	for (uint32_t i = 0; i < 4; i++)
		assert_string_equal(law_rung_nth(&l, start, days, i)->name, on_days[i]);
	assert_null(law_rung_nth(&l, start, days, 4));
	assert_null(law_rung_nth(NULL, start, days, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_postponement_after_the_end_revives_nothing),
		cmocka_unit_test(an_extension_after_the_end_revives_nothing),
		cmocka_unit_test(an_extension_after_the_closure_is_refused_plainly),
		cmocka_unit_test(an_extension_on_the_last_day_counts_though_it_arrives_later),
		cmocka_unit_test(a_notice_after_the_end_revives_nothing),
		cmocka_unit_test(what_was_suspended_in_time_is_not_over),
		cmocka_unit_test(the_whole_request_is_met_by_its_last_measure),
		cmocka_unit_test(a_withdrawal_of_all_that_is_open_ends_what_is_owed_of_the_whole),
		cmocka_unit_test(a_withdrawal_of_all_that_is_undecided_ends_the_decision),
		cmocka_unit_test(a_withdrawal_that_names_all_measures_ends_the_acknowledgement),
		cmocka_unit_test(a_proposal_that_ends_with_its_measure_suspends_no_more),
		cmocka_unit_test(a_retracted_proposal_suspends_no_more_and_one_replaced_still_does),
		cmocka_unit_test(a_notice_ends_with_the_measure_that_it_is_about),
		cmocka_unit_test(what_is_preserved_is_kept_though_the_rest_is_withdrawn),
		cmocka_unit_test(what_is_preserved_in_part_is_kept_though_the_rest_is_not),
		cmocka_unit_test(a_withdrawal_that_crosses_the_result_does_not_end_the_duty),
		cmocka_unit_test(a_closed_case_does_not_end_the_duty_to_keep),
		cmocka_unit_test(the_answer_to_a_notice_is_no_follow_up),
		cmocka_unit_test(a_linked_request_for_the_data_follows_up),
		cmocka_unit_test(a_linked_request_after_the_end_is_late),
		cmocka_unit_test(full_papers_may_come_before_the_arrest),
		cmocka_unit_test(what_was_not_carried_out_starts_nothing),
		cmocka_unit_test(what_was_given_in_part_stays_given_and_bound),
		cmocka_unit_test(a_suspension_costs_no_day_where_the_day_of_the_event_counts),
		cmocka_unit_test(a_resumption_on_a_day_off_ends_on_no_day_off),
		cmocka_unit_test(a_step_before_the_start_is_none),
		cmocka_unit_test(steps_come_in_the_order_of_their_instants),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
