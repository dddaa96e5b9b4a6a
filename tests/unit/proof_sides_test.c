/* On whose side the time of a case lay: worked examples counted by hand, and what holds for any case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdlib.h>

#include "base/rng.h"
#include "law/kinds.h"
#include "law_cases.h"
#include "proof/sides.h"

#define HOUR 3600000LL
#define DAY  86400000LL
#define T0   (20000 * DAY)

struct told {
	struct history h;
	int64_t receipt[HISTORY_MAX];
};

/* Said at so many hours, and receipted at so many; 0: there is no receipt. */
static uint32_t say_at(struct told *t, CySide side, struct law_fact f, int64_t made, int64_t receipt)
{
	const uint32_t number = add(&t->h, side, f);

	t->h.f[t->h.n - 1].at_ms = T0 + made * HOUR;
	t->receipt[t->h.n - 1] = receipt != 0 ? T0 + receipt * HOUR : 0;
	return number;
}

struct wanted {
	int64_t from, to; /* hours */
	enum proof_side side;
	enum proof_why why;
	size_t basis;
};

static void whose(const struct told *t, int64_t now, bool over, size_t n, const struct wanted *wanted)
{
	struct proof_periods p;

	proof_periods(t->h.f, t->receipt, t->h.n, T0 + now * HOUR, &p);
	assert_int_equal(p.n, n);
	assert_int_equal(p.over, over);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(p.at[i].from_ms, T0 + wanted[i].from * HOUR);
		assert_int_equal(p.at[i].to_ms, T0 + wanted[i].to * HOUR);
		assert_int_equal(p.at[i].side, wanted[i].side);
		assert_int_equal(p.at[i].why, wanted[i].why);
		assert_int_equal(p.at[i].basis, wanted[i].basis);
	}
	assert_int_equal(p.to_ms, n > 0 ? p.at[n - 1].to_ms : p.from_ms);
	proof_periods_free(&p);
}
#define WHOSE(t, now, over, ...)                                                              \
	whose(t, now, over, sizeof((struct wanted[]){ __VA_ARGS__ }) / sizeof(struct wanted), \
	      (struct wanted[]){ __VA_ARGS__ })

#define CENTRAL CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY
#define DONE    CY_MEASURE_OUTCOME__EXECUTED

/* The request is made, arrives after 2 hours, and is acknowledged after 12 days. */
static struct told asked(void)
{
	struct told t = { 0 };

	say_at(&t, ASKS, say(K(REQUEST), 0, 0, 0), 0, 2);
	say_at(&t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CENTRAL, 0), 290, 291);
	return t;
}

static void a_request_is_its_senders_until_the_receipt_and_then_the_requested_sides(void **state)
{
	struct told t = asked();

	(void)state;
	WHOSE(&t, 300, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 300, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 });
}

static void a_request_that_never_arrives_stays_with_its_sender(void **state)
{
	struct told t = { 0 };

	(void)state;
	say_at(&t, ASKS, say(K(REQUEST), 0, 0, 0), 0, 0);
	WHOSE(&t, 100, false, { 0, 100, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 });
	t.h.f[0].voided = true; /* given up */
	WHOSE(&t, 100, false, { 0, 100, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 });
	t.receipt[0] = T0 + 40 * HOUR; /* rejected */
	WHOSE(&t, 100, true, { 0, 40, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 });
}

/* The answer takes from the 300th hour, when the question is there, to the 400th, when the answer is. */
static void a_clarification_is_the_requesting_sides_from_receipt_to_receipt(void **state)
{
	struct told t = asked();
	uint32_t notice = say_at(&t, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0), 298, 300);

	(void)state;
	say_at(&t, ASKS, say(K(SUPPLEMENT), notice, 0, 0), 390, 400);
	WHOSE(&t, 500, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 298, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 298, 300, PROOF_REQUESTED, PROOF_WHY_TRANSIT, 2 },
	      { 300, 390, PROOF_REQUESTING, PROOF_WHY_CLARIFICATION, 2 },
	      { 390, 400, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 3 },
	      { 400, 500, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 3 });
}

static void a_question_about_one_measure_does_not_stop_the_other(void **state)
{
	struct told t = asked();

	(void)state;
	say_at(&t, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), 298, 300);
	WHOSE(&t, 400, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 400, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 });
	/* Once the other is done, everything waits for the answer. */
	say_at(&t, ASKED, say(K(RESULT), 0, 0, DONE), 350, 360);
	WHOSE(&t, 400, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 350, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 350, 360, PROOF_REQUESTED, PROOF_WHY_TRANSIT, 3 },
	      { 360, 400, PROOF_REQUESTING, PROOF_WHY_CLARIFICATION, 3 });
}

static void conditions_wait_for_the_requesting_side_and_a_postponement_for_nobody_else(void **state)
{
	struct told t = asked();
	uint32_t proposal;

	(void)state;
	say_at(&t, ASKED, say(K(POSTPONEMENT), 0, 0, 0), 300, 300);
	say_at(&t, ASKED, say(K(RESUMPTION), 0, 0, 0), 310, 310);
	proposal = say_at(&t, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 0), 320, 320);
	say_at(&t, ASKS, say(K(CONDITIONS_ACCEPTED), proposal, 0, 0), 330, 330);
	WHOSE(&t, 340, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 300, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 300, 310, PROOF_REQUESTED, PROOF_WHY_POSTPONEMENT, 2 },
	      { 310, 320, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 3 },
	      { 320, 330, PROOF_REQUESTING, PROOF_WHY_CONDITIONS, 4 },
	      { 330, 340, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 5 });
}

static void after_the_last_outcome_it_is_nobodys_and_with_the_closure_it_ends(void **state)
{
	struct told t = asked();

	(void)state;
	say_at(&t, ASKED, say(K(REFUSAL), 0, 0, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM), 300, 301);
	say_at(&t, ASKED, say(K(RESULT), 0, DONE, 0), 400, 402);
	WHOSE(&t, 500, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 400, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 400, 402, PROOF_REQUESTED, PROOF_WHY_TRANSIT, 3 }, { 402, 500, PROOF_NOBODY, PROOF_WHY_COMPLETE, 3 });
	say_at(&t, ASKED, say(K(CLOSURE), 0, 0, 0), 410, 411);
	WHOSE(&t, 500, true, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 400, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 400, 402, PROOF_REQUESTED, PROOF_WHY_TRANSIT, 3 }, { 402, 411, PROOF_NOBODY, PROOF_WHY_COMPLETE, 3 });
}

static void a_withdrawal_on_its_way_is_the_requesting_sides(void **state)
{
	struct told t = asked();

	(void)state;
	say_at(&t, ASKS, say(K(WITHDRAWAL), 0, 0, 0), 300, 310);
	WHOSE(&t, 310, false, { 0, 2, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 2, 291, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 291, 300, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 },
	      { 300, 310, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 2 });
}

static void without_a_receipt_what_has_seen_the_message_proves_its_arrival(void **state)
{
	struct told t = { 0 };

	(void)state;
	say_at(&t, ASKS, say(K(REQUEST), 0, 0, 0), 0, 0);
	say_at(&t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CENTRAL, 0), 50, 51);
	WHOSE(&t, 60, false, { 0, 50, PROOF_REQUESTING, PROOF_WHY_TRANSIT, 0 },
	      { 50, 51, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 51, 60, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 });
}

static void a_clock_that_is_behind_makes_no_period_negative(void **state)
{
	struct told t = { 0 };

	(void)state;
	say_at(&t, ASKS, say(K(REQUEST), 0, 0, 0), 10, 5);
	say_at(&t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CENTRAL, 0), 6, 20);
	WHOSE(&t, 30, false, { 10, 20, PROOF_REQUESTED, PROOF_WHY_REGISTRATION, 0 },
	      { 20, 30, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 1 });
}

/* ----------------------------------------------------------------------- days */

struct rows {
	size_t n;
	struct proof_days at[32];
};

static void keep(void *arg, const struct proof_days *d)
{
	struct rows *r = arg;

	assert_true(r->n < 32);
	r->at[r->n++] = *d;
}

/* Two days before the clocks of the zone go forward, at noon, to two days after it: that day has 23 hours. */
static void days_add_up_where_the_clock_is_changed(void **state)
{
	const int64_t change = 20541 * DAY + HOUR; /* 2026-03-29 01:00 UTC */
	const struct law_offset offsets[] = { { INT64_MIN, 3600 }, { change, 7200 } };
	const struct law_zone zone = { .name = "Europe/Berlin", .n = 2, .offsets = offsets };
	struct proof_period one = { change - 62 * HOUR, change + 61 * HOUR, PROOF_REQUESTED, PROOF_WHY_EXECUTION, 0 };
	struct proof_periods p = { one.from_ms, one.to_ms, false, 1, &one };
	struct rows r = { 0 };
	int64_t all = 0;

	(void)state;
	proof_days(&p, &zone, keep, &r);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.at[0].ms[PROOF_REQUESTED], 12 * HOUR); /* 26 March from noon */
	assert_int_equal(r.at[1].days, 4);                        /* 27 to 30 March, with the day of 23 hours */
	assert_int_equal(r.at[1].ms[PROOF_REQUESTED], 4 * 24 * HOUR - HOUR);
	assert_int_equal(r.at[2].ms[PROOF_REQUESTED], 16 * HOUR); /* 31 March until four in the afternoon */
	for (size_t i = 0; i < r.n; i++)
		all += r.at[i].ms[PROOF_REQUESTED];
	assert_int_equal(all, one.to_ms - one.from_ms);
}

/* ------------------------------------------------------------------- any case */

static struct law_fact anything(struct cy_rng *rng, const struct told *t, CySide side)
{
	static const uint32_t asks[] = { K(SUPPLEMENT), K(CONDITIONS_ACCEPTED), K(CONDITIONS_DECLINED), K(WITHDRAWAL),
					 K(NOTE) };
	static const uint32_t answers[] = { K(ACKNOWLEDGEMENT), K(PROBLEM_NOTICE), K(CONDITIONS_PROPOSED),
					    K(DECISION),        K(POSTPONEMENT),   K(RESUMPTION),
					    K(RESULT),          K(REFUSAL),        K(CLOSURE) };
	const uint32_t kind = side == ASKS ? asks[cy_rng_below(rng, 5)] : answers[cy_rng_below(rng, 9)];
	const uint32_t last = last_number(&t->h, other_side(side));
	const bool refers = side == ASKS && kind != K(WITHDRAWAL) && kind != K(NOTE) && last > 0;

	return say(kind, refers ? 1 + (uint32_t)cy_rng_below(rng, last) : 0, (uint8_t)cy_rng_below(rng, 2),
		   (uint8_t)cy_rng_below(rng, 2));
}

/* What the rules say of an instant, by another way than the list is made: from the folded case alone. */
static enum proof_side plainly(const struct told *t, int64_t at)
{
	struct history there = { .n = 0 };
	bool free = false, waits = false;
	struct law_case c;

	for (size_t i = 0; i < t->h.n; i++)
		if (t->receipt[i] != 0 && t->receipt[i] <= at)
			there.f[there.n++] = t->h.f[i];
	c = folded(&there);
	if (c.opened_by == 0)
		return PROOF_REQUESTING;
	if (c.closed || c.returned || c.redirected)
		return PROOF_NOBODY;
	for (unsigned i = 0; i < c.n_measures; i++) {
		bool stopped = c.measures[i].proposal != 0;

		if (c.measures[i].state > LAW_MEASURE_EXECUTING)
			continue;
		for (unsigned k = 0; k < c.n_notices; k++)
			stopped |= c.notice_measures[k] == 0 || (c.notice_measures[k] >> i & 1) != 0;
		free |= !stopped;
		waits |= stopped;
	}
	return free ? PROOF_REQUESTED : waits ? PROOF_REQUESTING : PROOF_NOBODY;
}

static void judge(const struct told *t, int64_t now)
{
	struct proof_periods p;
	struct rows r = { 0 };
	int64_t whole = 0, days = 0;

	proof_periods(t->h.f, t->receipt, t->h.n, now, &p);
	for (size_t i = 0; i < p.n; i++) {
		assert_true(p.at[i].from_ms < p.at[i].to_ms);
		assert_int_equal(p.at[i].from_ms, i == 0 ? p.from_ms : p.at[i - 1].to_ms);
		whole += p.at[i].to_ms - p.at[i].from_ms;
		if (p.at[i].why != PROOF_WHY_TRANSIT)
			for (int64_t at = p.at[i].from_ms; at < p.at[i].to_ms; at += HOUR)
				assert_int_equal(p.at[i].side, plainly(t, at));
		else
			assert_int_equal(p.at[i].side,
					 t->h.f[p.at[i].basis].side == ASKS ? PROOF_REQUESTING : PROOF_REQUESTED);
	}
	assert_int_equal(whole, p.to_ms - p.from_ms);
	if (!p.over)
		assert_int_equal(p.to_ms, now);
	proof_whole_seconds(&p);
	proof_days(&p, NULL, keep, &r);
	for (size_t i = 0; i < r.n; i++)
		for (unsigned s = 0; s < PROOF_SIDES_N; s++)
			days += r.at[i].ms[s];
	assert_int_equal(days, p.to_ms - p.from_ms);
	proof_periods_free(&p);
}

static void periods_of_any_case_follow_each_other_and_add_up(void **state)
{
	struct cy_rng rng = { 21 };

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct told t = { 0 };
		int64_t at = 0, arrived[3] = { 0 };

		say_at(&t, ASKS, say(K(REQUEST), 0, 0, 0), 0, 1 + (int64_t)cy_rng_below(&rng, 9));
		arrived[ASKS] = (t.receipt[0] - T0) / HOUR;
		for (unsigned i = 0; i < 14; i++) {
			const CySide side = cy_rng_below(&rng, 3) == 0 ? ASKS : ASKED;
			struct law_fact f = anything(&rng, &t, side);
			struct law_fact placed;

			at += (int64_t)cy_rng_below(&rng, 20);
			/* Having seen all of the other side, which therefore has arrived. */
			if (at < arrived[other_side(side)])
				at = arrived[other_side(side)];
			placed = by(&t.h, side, f, last_number(&t.h, other_side(side)));
			if (law_admit(t.h.f, t.h.n, &placed, NULL) != CY_OK)
				continue;
			at = at > arrived[side] ? at : arrived[side];
			arrived[side] = at + (int64_t)cy_rng_below(&rng, 9);
			say_at(&t, side, f, at, arrived[side] > 0 ? arrived[side] : 1);
		}
		judge(&t, T0 + (at + 30) * HOUR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_its_senders_until_the_receipt_and_then_the_requested_sides),
		cmocka_unit_test(a_request_that_never_arrives_stays_with_its_sender),
		cmocka_unit_test(a_clarification_is_the_requesting_sides_from_receipt_to_receipt),
		cmocka_unit_test(a_question_about_one_measure_does_not_stop_the_other),
		cmocka_unit_test(conditions_wait_for_the_requesting_side_and_a_postponement_for_nobody_else),
		cmocka_unit_test(after_the_last_outcome_it_is_nobodys_and_with_the_closure_it_ends),
		cmocka_unit_test(a_withdrawal_on_its_way_is_the_requesting_sides),
		cmocka_unit_test(without_a_receipt_what_has_seen_the_message_proves_its_arrival),
		cmocka_unit_test(a_clock_that_is_behind_makes_no_period_negative),
		cmocka_unit_test(days_add_up_where_the_clock_is_changed),
		cmocka_unit_test(periods_of_any_case_follow_each_other_and_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
