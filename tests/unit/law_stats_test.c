/* Statistics: the rows of a case from its facts, and figures that are computed by hand. What may be published of them:
 * law_publish_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdlib.h>

#include "law/stats.h"
#include "law_cases.h"

#define DAY 86400000LL
#define T0  (20000 * DAY) /* a morning like any other */

/* ------------------------------------------------------------------ the rows */

struct rows {
	struct law_stat at[CY_MEASURES_MAX];
	size_t n;
};

static int keep(void *arg, const struct law_stat *row)
{
	struct rows *r = arg;

	r->at[r->n++] = *row;
	return CY_OK;
}

static uint32_t told(struct history *h, CySide side, struct law_fact f, int64_t day)
{
	uint32_t number = add(h, side, f);

	h->f[h->n - 1].at_ms = T0 + day * DAY;
	return number;
}

static struct law_terms two_types(void)
{
	struct law_terms t = { .instrument = "eio-2014-41", .n = 2 };

	t.type[0] = CY_MEASURE_TYPE__DISCLOSURE_CONTENT;
	t.type[1] = CY_MEASURE_TYPE__HEARING_WITNESS;
	return t;
}

static struct rows rows_of(const struct history *h)
{
	const struct law_terms t = two_types();
	struct rows r = { .n = 0 };

	assert_int_equal(law_stats_of(h->f, h->n, &t, keep, &r), CY_OK);
	return r;
}

static void day_is(int64_t ms, int64_t day)
{
	assert_int_equal(ms, T0 + day * DAY);
}

static void what_happened_is_dated_by_measure(void **state)
{
	struct history h = { .n = 0 };
	struct law_fact decision = say(K(DECISION), 0, 1, 0);
	struct rows r;
	uint32_t notice;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 2);
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, 0), 3);
	notice = told(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), 4);
	told(&h, ASKS, say(K(SUPPLEMENT), notice, 0, 0), 9);
	decision.stated_ms = T0 + 11 * DAY; /* decided before it was told */
	told(&h, ASKED, decision, 12);
	told(&h, ASKED, say(K(REFUSAL), 0, 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM), 14);
	told(&h, ASKED, say(K(RESULT), 0, 0x80 | CY_MEASURE_OUTCOME__EXECUTED, 0), 20);
	told(&h, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), 33);
	told(&h, ASKED, say(K(CLOSURE), 0, 0, 0), 34);
	r = rows_of(&h);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0].measure, 1);
	assert_int_equal(r.at[0].type, CY_MEASURE_TYPE__DISCLOSURE_CONTENT);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_EXECUTED);
	day_is(r.at[0].sent_ms, 0);
	day_is(r.at[0].acknowledged_ms, 2);
	day_is(r.at[0].decided_ms, 11);
	day_is(r.at[0].ended_ms, 33);
	assert_int_equal(r.at[0].rounds, 1);
	assert_int_equal(r.at[1].type, CY_MEASURE_TYPE__HEARING_WITNESS);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_REFUSED);
	assert_int_equal(r.at[1].ground, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM);
	day_is(r.at[1].decided_ms, 14);
	day_is(r.at[1].ended_ms, 14);
}

static void a_result_without_a_decision_is_one(void **state)
{
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 1);
	told(&h, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__NOT_EXECUTED, 0), 5);
	told(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 1), 6);
	r = rows_of(&h);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_NOT_EXECUTED);
	day_is(r.at[0].decided_ms, 5);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_WITHDRAWN);
	assert_int_equal(r.at[1].decided_ms, 0);
	day_is(r.at[1].ended_ms, 6);
}

static void a_notification_that_is_refused_is_counted(void **state)
{
	struct law_stats *s = calloc(1, sizeof *s);
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	assert_non_null(s);
	told(&h, ASKS, say(K(NOTIFICATION), 0, 0, 0), 0);
	h.f[0].measures = 0;
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 1);
	law_stats_begin(s, (struct cy_wall){ T0 + 9 * DAY });
	for (unsigned i = 0; i < 2; i++) {
		if (i == 1)
			told(&h, ASKED, say(K(REFUSAL), 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM, 0), 2);
		r = rows_of(&h);
		assert_int_equal(r.n, 1);
		r.at[0].request = i + 1;
		r.at[0].side = CY_SIDE__REQUESTED;
		law_stats_add(s, &r.at[0]);
	}
	law_stats_end(s);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_NOTIFICATIONS], 2);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_NOTIFICATIONS_REFUSED], 1);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_OUTCOME_REFUSED], 0);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_MEASURES], 0);
	free(s);
}

/* What was given in part stays given; but who takes the rest back has decided nothing for the other side. */
static void a_withdrawal_decides_nothing(void **state)
{
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 1);
	told(&h, ASKED, say(K(RESULT), 0, 0x80 | CY_MEASURE_OUTCOME__EXECUTED, 0x80 | CY_MEASURE_OUTCOME__EXECUTED), 5);
	told(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0), 8);
	told(&h, ASKED, say(K(REFUSAL), 0, 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM), 9);
	r = rows_of(&h);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_PARTIALLY_EXECUTED);
	assert_int_equal(r.at[0].decided_ms, 0);
	day_is(r.at[0].ended_ms, 8);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_PARTIALLY_EXECUTED);
	day_is(r.at[1].decided_ms, 9);
}

/* Instants are what the other side has written: whatever it writes, they can be counted with. */
static void an_absurd_instant_is_within_the_years_that_are_counted(void **state)
{
	struct law_fact request = say(K(REQUEST), 0, 0, 0), decision = say(K(DECISION), 0, 1, 0);
	struct law_stats *s = calloc(1, sizeof *s);
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	assert_non_null(s);
	told(&h, ASKS, request, 0);
	h.f[h.n - 1].at_ms = INT64_MIN;
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 1);
	decision.stated_ms = INT64_MAX;
	told(&h, ASKED, decision, 2);
	r = rows_of(&h);
	assert_int_equal(r.at[0].sent_ms, 0);
	assert_in_range(r.at[0].decided_ms, 1, INT64_MAX >> 8);
	law_stats_begin(s, (struct cy_wall){ T0 });
	law_stats_add(s, &r.at[0]);
	assert_int_equal(s->group[0][0].count[LAW_FIGURE_OPEN_OVER], 1);
	law_stats_end(s);
	assert_in_range(s->group[0][0].spread[LAW_STEP_DECIDE].p50_ms, T0, INT64_MAX >> 8);
	free(s);
}

/* A result that does not take effect for a measure, since its conditions wait for an
 * answer, is not its end. */
static void what_has_no_effect_ends_nothing(void **state)
{
	struct history h = { .n = 0 };
	struct rows r;
	uint32_t proposal;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), 1);
	proposal = told(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 1), 2);
	told(&h, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, CY_MEASURE_OUTCOME__EXECUTED), 3);
	r = rows_of(&h);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_EXECUTED);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_OPEN);
	told(&h, ASKS, say(K(CONDITIONS_ACCEPTED), proposal, 0, 0), 4);
	told(&h, ASKED, say(K(RESULT), 0, 0, CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED), 8);
	r = rows_of(&h);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_PARTIALLY_EXECUTED);
	day_is(r.at[1].ended_ms, 8);
}

static void what_goes_back_has_ended(void **state)
{
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(RETURNED_DEFICIENT), 0, 0, 0), 3);
	r = rows_of(&h);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_RETURNED_DEFICIENT);
	day_is(r.at[1].ended_ms, 3);
	assert_int_equal(r.at[1].acknowledged_ms, 0);
	h.f[1].kind = K(REDIRECTION);
	r = rows_of(&h);
	assert_int_equal(r.at[1].outcome, LAW_OUTCOME_REDIRECTED);
	h.f[0].voided = true;
	r = rows_of(&h);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0].outcome, LAW_OUTCOME_VOID);
	assert_int_equal(law_stats_of(h.f + 1, 1, NULL, keep, &r), CY_OK);
	assert_int_equal(r.n, 2); /* the opening message is not here */
}

static void the_last_word_about_a_review_counts(void **state)
{
	struct history h = { .n = 0 };
	struct rows r;

	(void)state;
	told(&h, ASKS, say(K(REQUEST), 0, 0, 0), 0);
	told(&h, ASKED, say(K(REVIEW_RELIANCE), 1, CY_RELIANCE__REPEATED, 1), 1);
	told(&h, ASKED, say(K(REVIEW_RELIANCE), 1, CY_RELIANCE__REPEATED, 2), 1);
	told(&h, ASKED, say(K(REVIEW_RELIANCE), 1, CY_RELIANCE__RELIED_ON, 2), 2);
	r = rows_of(&h);
	assert_int_equal(r.at[0].repeated, 1);
	assert_int_equal(r.at[0].relied, 1);
}

/* ---------------------------------------------------------------- the figures */

/* A request of one measure that we sent `age` days ago; the other days count from then,
 * -1: did not happen. */
static struct law_stat row(uint64_t request, uint8_t type, enum law_outcome outcome, int acknowledged, int decided,
			   int ended, int age)
{
	const int64_t sent = T0 - age * DAY;
	struct law_stat s = { .request = request,
			      .side = ASKS,
			      .kind = K(REQUEST),
			      .measure = 1,
			      .type = type,
			      .outcome = outcome,
			      .sent_ms = sent };

	s.acknowledged_ms = acknowledged < 0 ? 0 : sent + acknowledged * DAY;
	s.decided_ms = decided < 0 ? 0 : sent + decided * DAY;
	s.ended_ms = ended < 0 ? 0 : sent + ended * DAY;
	return s;
}

#define CONTENT CY_MEASURE_TYPE__DISCLOSURE_CONTENT
#define WITNESS CY_MEASURE_TYPE__HEARING_WITNESS

static struct law_stats *begin(void)
{
	struct law_stats *s = malloc(sizeof *s);

	assert_non_null(s);
	law_stats_begin(s, (struct cy_wall){ T0 });
	return s;
}

#define FIGURE(s, type, NAME) ((s)->group[0][type].count[LAW_FIGURE_##NAME])

/* Nearest rank: of 10 values the median is the 5th, p90 the 9th; of 4 the 2nd and the
 * 4th (3.6 is rounded up); of 1 the only one. */
static void percentiles_are_by_nearest_rank(void **state)
{
	static const int days[] = { 7, 3, 40, 1, 12, 2, 90, 5, 21, 4 }; /* 1 2 3 4 5 7 12 21 40 90 */
	struct law_stats *s = begin();
	const struct law_spread *all = s->group[0][0].spread, *content = s->group[0][CONTENT].spread;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		/* 7, 3, 40, 1: the first four are of another type: 1 3 7 40 */
		struct law_stat r =
			row(i + 1, i < 4 ? CONTENT : WITNESS, LAW_OUTCOME_EXECUTED, days[i], -1, 100 + days[i], 300);

		if (i == 9)
			r.outcome = LAW_OUTCOME_REFUSED; /* is no execution: 9 values are left */
		law_stats_add(s, &r);
	}
	law_stats_end(s);
	assert_int_equal(all[LAW_STEP_ACKNOWLEDGE].n, 10);
	assert_int_equal(all[LAW_STEP_ACKNOWLEDGE].p50_ms, 5 * DAY);
	assert_int_equal(all[LAW_STEP_ACKNOWLEDGE].p90_ms, 40 * DAY);
	assert_int_equal(content[LAW_STEP_ACKNOWLEDGE].n, 4);
	assert_int_equal(content[LAW_STEP_ACKNOWLEDGE].p50_ms, 3 * DAY);
	assert_int_equal(content[LAW_STEP_ACKNOWLEDGE].p90_ms, 40 * DAY);
	assert_int_equal(all[LAW_STEP_DECIDE].n, 0);
	/* 101 102 103 105 107 112 121 140 190: the 5th, and the 9th (8.1) */
	assert_int_equal(all[LAW_STEP_EXECUTE].n, 9);
	assert_int_equal(all[LAW_STEP_EXECUTE].p50_ms, 107 * DAY);
	assert_int_equal(all[LAW_STEP_EXECUTE].p90_ms, 190 * DAY);
	free(s);
}

/* One request of two measures and three of one; and what came in. */
static void cases_count_once_and_measures_each(void **state)
{
	struct law_stats *s = begin();
	struct law_stat r = row(1, CONTENT, LAW_OUTCOME_EXECUTED, 1, 2, 3, 100);

	(void)state;
	r.rounds = 2;
	r.repeated = 1;
	r.limits[0] = (struct law_limits){ 2, 1, 0, 1 };
	r.request_limits[0].late = 1;
	r.request_limits[1].lapsed = 1;
	law_stats_add(s, &r);
	r.measure = 2;
	r.type = WITNESS;
	r.outcome = LAW_OUTCOME_REFUSED;
	r.ground = CY_REFUSAL_GROUND__DE_MINIMIS;
	r.limits[0] = (struct law_limits){ 0, 0, 1, 0 };
	law_stats_add(s, &r);
	for (unsigned i = 0; i < 4; i++) {
		r = row(2 + i, i < 2 ? CONTENT : WITNESS, LAW_OUTCOME_OPEN, -1, -1, -1, 29);
		law_stats_add(s, &r);
	}
	r = row(6, CONTENT, LAW_OUTCOME_RETURNED_DEFICIENT, -1, -1, 2, 50);
	law_stats_add(s, &r);
	r.measure = 2;
	law_stats_add(s, &r);
	r = row(7, CONTENT, LAW_OUTCOME_VOID, -1, -1, -1, 50);
	law_stats_add(s, &r);
	r = row(8, 0, LAW_OUTCOME_OPEN, -1, -1, -1, 50);
	r.kind = K(SPONTANEOUS_INFORMATION);
	r.side = ASKED;
	r.measure = 0;
	law_stats_add(s, &r);
	law_stats_end(s);
	assert_int_equal(FIGURE(s, 0, REQUESTS), 6);
	assert_int_equal(FIGURE(s, CONTENT, REQUESTS), 4);
	assert_int_equal(FIGURE(s, WITNESS, REQUESTS), 3);
	assert_int_equal(FIGURE(s, 0, MEASURES), 8);
	assert_int_equal(FIGURE(s, 0, ROUNDS), 2);
	assert_int_equal(FIGURE(s, WITNESS, ROUNDS), 2);
	assert_int_equal(FIGURE(s, 0, REVIEWS_REPEATED), 1);
	assert_int_equal(FIGURE(s, 0, REQUESTS_RETURNED), 1);
	assert_int_equal(FIGURE(s, 0, OUTCOME_RETURNED_DEFICIENT), 2);
	assert_int_equal(FIGURE(s, 0, OUTCOME_OPEN), 4);
	assert_int_equal(FIGURE(s, 0, OPEN_30), 4);
	assert_int_equal(FIGURE(s, WITNESS, OUTCOME_REFUSED), 1);
	assert_int_equal(FIGURE(s, WITNESS, GROUND + CY_REFUSAL_GROUND__DE_MINIMIS), 1);
	assert_int_equal(FIGURE(s, 0, THEIRS_IN_TIME), 2);
	assert_int_equal(FIGURE(s, 0, THEIRS_LATE), 2);
	assert_int_equal(FIGURE(s, 0, THEIRS_LAPSED), 1);
	assert_int_equal(FIGURE(s, 0, OURS_LAPSED), 1);
	assert_int_equal(FIGURE(s, 0, THEIRS_EXCUSED), 1);
	assert_int_equal(FIGURE(s, WITNESS, THEIRS_EXCUSED), 0);
	assert_int_equal(FIGURE(s, WITNESS, THEIRS_LATE), 1);
	assert_int_equal(FIGURE(s, WITNESS, OURS_LAPSED), 1);
	/* Six requests, one of them with two measures that were returned. */
	assert_int_equal(s->group[0][0].requests[LAW_FIGURE_MEASURES], 6);
	assert_int_equal(s->group[0][0].requests[LAW_FIGURE_OUTCOME_RETURNED_DEFICIENT], 1);
	assert_int_equal(s->group[0][CONTENT].requests[LAW_FIGURE_MEASURES], 4);
	assert_int_equal(s->group[0][0].spread[LAW_STEP_EXECUTE].requests, 1);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_INFORMATION], 1);
	assert_int_equal(s->group[1][0].count[LAW_FIGURE_MEASURES], 0);
	free(s);
}

static void the_backlog_is_counted_by_whole_days(void **state)
{
	static const int ages[] = { 0, 29, 30, 89, 90, 179, 180, 364, 365, 4000 };
	struct law_stats *s = begin();

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		const struct law_stat r = row(i + 1, CONTENT, LAW_OUTCOME_OPEN, -1, -1, -1, ages[i]);

		law_stats_add(s, &r);
	}
	for (unsigned i = LAW_FIGURE_OPEN_30; i <= LAW_FIGURE_OPEN_OVER; i++)
		assert_int_equal(s->group[0][CONTENT].count[i], 2);
	law_stats_end(s);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happened_is_dated_by_measure),
		cmocka_unit_test(a_result_without_a_decision_is_one),
		cmocka_unit_test(a_notification_that_is_refused_is_counted),
		cmocka_unit_test(a_withdrawal_decides_nothing),
		cmocka_unit_test(an_absurd_instant_is_within_the_years_that_are_counted),
		cmocka_unit_test(what_has_no_effect_ends_nothing),
		cmocka_unit_test(what_goes_back_has_ended),
		cmocka_unit_test(the_last_word_about_a_review_counts),
		cmocka_unit_test(percentiles_are_by_nearest_rank),
		cmocka_unit_test(cases_count_once_and_measures_each),
		cmocka_unit_test(the_backlog_is_counted_by_whole_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
