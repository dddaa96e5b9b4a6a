/* What is published: an attacker who solves the sums of a table for what is hidden in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/table_attack.h"
#include "law/stats.h"

#define CONTENT CY_MEASURE_TYPE__DISCLOSURE_CONTENT
#define WITNESS CY_MEASURE_TYPE__HEARING_WITNESS
#define DAY     86400000LL

static struct law_stats *begin(void)
{
	struct law_stats *s = malloc(sizeof *s);

	assert_non_null(s);
	law_stats_begin(s, (struct cy_wall){ 20000 * DAY });
	return s;
}

/* As many requests as measures. */
static void put(struct law_group *g, unsigned figure, uint64_t n)
{
	g->count[figure] = g->requests[figure] = n;
}

static struct law_group *group(struct law_stats *s, unsigned type, uint64_t executed, uint64_t refused, uint64_t open)
{
	struct law_group *g = &s->group[0][type];

	g->any = true;
	put(g, LAW_FIGURE_OUTCOME_EXECUTED, executed);
	put(g, LAW_FIGURE_OUTCOME_REFUSED, refused);
	put(g, LAW_FIGURE_GROUND + 1, refused);
	put(g, LAW_FIGURE_OUTCOME_OPEN, open);
	put(g, LAW_FIGURE_OPEN_30, open);
	put(g, LAW_FIGURE_MEASURES, executed + refused + open);
	return g;
}

static void nothing_is_given_away(const struct law_stats *s, uint32_t smallest)
{
	struct table_attack a;

	for (unsigned side = 0; side < 2; side++) {
		table_attack(s->group[side], smallest, &a);
		if (a.narrow > 0)
			fail_msg("%u of %u hidden counts have narrow bounds: %s", a.narrow, a.hidden, a.worst);
		for (unsigned t = 0; t < LAW_TYPES; t++)
			for (unsigned i = 0; i < LAW_FIGURES_N; i++)
				assert_true(s->group[side][t].hidden[i] || s->group[side][t].requests[i] == 0 ||
					    s->group[side][t].requests[i] >= smallest);
	}
}

static unsigned shown(const struct law_group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		n += g->count[i] > 0 && !g->hidden[i];
	return n;
}

/* CONTENT: 20 executed, 2 refused, 8 open; WITNESS: 30, 10, 5; all: 50, 12, 13. The 2 are hidden, and what is needed to
 * hide them: others of their row and column. The large numbers stay. */
static void a_small_count_takes_others_with_it(void **state)
{
	struct law_stats *s = begin();
	const struct law_group *g = s->group[0];

	(void)state;
	group(s, CONTENT, 20, 2, 8);
	group(s, WITNESS, 30, 10, 5);
	group(s, 0, 50, 12, 13);
	law_stats_hide(s, 5);
	assert_true(g[CONTENT].hidden[LAW_FIGURE_OUTCOME_REFUSED]);
	assert_false(g[CONTENT].hidden[LAW_FIGURE_OUTCOME_EXECUTED] || g[0].hidden[LAW_FIGURE_OUTCOME_EXECUTED]);
	assert_false(g[CONTENT].hidden[LAW_FIGURE_MEASURES] || g[0].hidden[LAW_FIGURE_MEASURES]);
	nothing_is_given_away(s, 5);
	free(s);
}

/* Five refusals on five grounds: zeros are shown, so five hidden numbers of together five are one each. */
static void as_many_as_there_are_hidden_counts_is_no_secret(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 40, 5, 0);

	(void)state;
	put(g, LAW_FIGURE_GROUND + 1, 0);
	for (unsigned i = 2; i < 7; i++)
		put(g, LAW_FIGURE_GROUND + i, 1);
	s->group[0][CONTENT] = *g;
	law_stats_hide(s, 5);
	nothing_is_given_away(s, 5);
	assert_true(g->hidden[LAW_FIGURE_OUTCOME_REFUSED]);
	free(s);
}

/* 30 requests, 27 limits met in time, and what remains has lapsed. */
static void time_limits_add_up_as_well(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 30, 0, 0);

	(void)state;
	put(g, LAW_FIGURE_REQUESTS, 30);
	put(g, LAW_FIGURE_THEIRS_IN_TIME, 27);
	put(g, LAW_FIGURE_THEIRS_LAPSED, 3);
	law_stats_hide(s, 5);
	assert_true(g->hidden[LAW_FIGURE_THEIRS_LAPSED] && g->hidden[LAW_FIGURE_THEIRS_IN_TIME]);
	assert_false(g->hidden[LAW_FIGURE_REQUESTS] || g->hidden[LAW_FIGURE_MEASURES]);
	nothing_is_given_away(s, 5);
	free(s);
}

/* Nobody is excused who was in time: of five late ones one to five would be, which is closer than five. Where more were
 * late, the few who are excused stay hidden among them. */
static void who_is_excused_was_late(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 30, 0, 0);

	(void)state;
	put(g, LAW_FIGURE_REQUESTS, 30);
	put(g, LAW_FIGURE_THEIRS_IN_TIME, 20);
	put(g, LAW_FIGURE_THEIRS_LATE, 5);
	put(g, LAW_FIGURE_THEIRS_EXCUSED, 3);
	put(g, LAW_FIGURE_OURS_IN_TIME, 20);
	put(g, LAW_FIGURE_OURS_LATE, 5);
	law_stats_hide(s, 5);
	/* Nor does a nothing that is shown tell the two apart. */
	assert_true(g->hidden[LAW_FIGURE_THEIRS_EXCUSED] && g->hidden[LAW_FIGURE_OURS_EXCUSED]);
	nothing_is_given_away(s, 5);
	free(s);
}

/* Three requests of fourteen limits, all of which lapsed: who knows the fourteen reads them from two zeros. */
static void limits_that_all_ended_alike_are_hidden_with_the_zeros(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 30, 0, 0);

	(void)state;
	put(g, LAW_FIGURE_REQUESTS, 30);
	put(g, LAW_FIGURE_OURS_LAPSED, 14);
	g->requests[LAW_FIGURE_OURS_LAPSED] = 3;
	law_stats_hide(s, 5);
	for (unsigned f = LAW_FIGURE_OURS_IN_TIME; f <= LAW_FIGURE_OURS_LAPSED; f++)
		assert_true(g->hidden[f]);
	nothing_is_given_away(s, 5);
	free(s);
}

/* Twelve measures of one request are one person's. */
static void many_measures_of_one_request_are_a_small_count(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 40, 12, 0);

	(void)state;
	g->requests[LAW_FIGURE_OUTCOME_REFUSED] = g->requests[LAW_FIGURE_GROUND + 1] = 1;
	law_stats_hide(s, 5);
	assert_true(g->hidden[LAW_FIGURE_OUTCOME_REFUSED] && g->hidden[LAW_FIGURE_GROUND + 1]);
	nothing_is_given_away(s, 5);
	free(s);
}

/* What states no type is what the types leave of the total. */
static void what_states_no_type_is_not_given_away(void **state)
{
	struct law_stats *s = begin();
	const struct law_group *g = s->group[0];

	(void)state;
	group(s, CONTENT, 20, 0, 0);
	group(s, WITNESS, 30, 0, 0);
	group(s, 0, 52, 0, 0);
	law_stats_hide(s, 5);
	assert_true(shown(&g[0]) + shown(&g[CONTENT]) + shown(&g[WITNESS]) < 6);
	for (unsigned f = LAW_FIGURE_MEASURES; f <= LAW_FIGURE_OUTCOME_EXECUTED; f++)
		if (g[0].count[f] > 0)
			assert_true(g[0].hidden[f] || g[CONTENT].hidden[f] || g[WITNESS].hidden[f]);
	nothing_is_given_away(s, 5);
	free(s);
}

static void nothing_small_hides_nothing(void **state)
{
	struct law_stats *s = begin();
	struct law_spread *p = &s->group[0][0].spread[LAW_STEP_DECIDE];

	(void)state;
	group(s, CONTENT, 20, 5, 8);
	group(s, 0, 20, 5, 8);
	*p = (struct law_spread){ .n = 19, .requests = 10, .p50_ms = DAY, .p90_ms = 2 * DAY };
	law_stats_hide(s, 5);
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		assert_false(s->group[0][0].hidden[i] || (law_figure_of_types(i) && s->group[0][CONTENT].hidden[i]));
	assert_false(p->p50_hidden);
	assert_true(p->p90_hidden);
	assert_true(p->n_hidden);
	law_stats_hide(s, 11);
	assert_true(p->p50_hidden);
	free(s);
}

/* That a median is there, or is not, bounds how many values there were. */
static void a_median_does_not_tell_how_great_a_hidden_count_is(void **state)
{
	struct law_stats *s = begin();
	struct law_group *g = group(s, 0, 9, 2, 8);

	(void)state;
	for (unsigned i = 0; i < LAW_STEPS_N; i++)
		g->spread[i] = (struct law_spread){ .n = 19, .requests = 19 };
	law_stats_hide(s, 5);
	assert_true(g->hidden[LAW_FIGURE_OUTCOME_REFUSED]);
	assert_true(g->spread[LAW_STEP_DECIDE].p50_hidden);
	assert_false(g->spread[LAW_STEP_ACKNOWLEDGE].p50_hidden);
	free(s);
}

/* ----------------------------------------------------------------- tables of all kinds */

static uint32_t seed = 12345;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

/* Of each leaf of the table a number, and all sums; now and then a measure without a type. */
static void fill(struct law_stats *s, unsigned types, unsigned most)
{
	struct law_group *g = s->group[0];

	for (unsigned t = 1; t <= types; t++)
		for (unsigned f = LAW_FIGURE_OPEN_30; f < LAW_FIGURES_N; f++) {
			const bool leaf = f <= LAW_FIGURE_OPEN_OVER ||
					  (f >= LAW_FIGURE_OUTCOME_OPEN && f != LAW_FIGURE_OUTCOME_OPEN &&
					   f != LAW_FIGURE_OUTCOME_REFUSED && f < LAW_FIGURE_GROUND + 8);
			const uint64_t n = leaf && below(3) > 0 ? below(most) : 0;
			const unsigned sum = f <= LAW_FIGURE_OPEN_OVER ? LAW_FIGURE_OUTCOME_OPEN
					     : f >= LAW_FIGURE_GROUND  ? LAW_FIGURE_OUTCOME_REFUSED
								       : LAW_FIGURES_N;
			const unsigned in[] = { f, sum, LAW_FIGURE_MEASURES };

			g[t].any = true;
			for (unsigned i = 0; i < 3 && n > 0; i++)
				if (in[i] < LAW_FIGURES_N) {
					put(&g[t], in[i], g[t].count[in[i]] + n);
					put(&g[0], in[i], g[0].count[in[i]] + n);
				}
		}
	if (below(4) == 0) {
		put(&g[0], LAW_FIGURE_OUTCOME_EXECUTED, g[0].count[LAW_FIGURE_OUTCOME_EXECUTED] + 1);
		put(&g[0], LAW_FIGURE_MEASURES, g[0].count[LAW_FIGURE_MEASURES] + 1);
	}
	put(&g[0], LAW_FIGURE_REQUESTS, g[0].count[LAW_FIGURE_MEASURES]);
	put(&g[0], LAW_FIGURE_REQUESTS_RETURNED, g[0].count[LAW_FIGURE_OUTCOME_RETURNED_DEFICIENT]);
	for (unsigned f = LAW_FIGURE_THEIRS_IN_TIME; f <= LAW_FIGURE_OURS_LAPSED; f++)
		put(&g[0], f, below(most));
}

static void no_table_gives_a_count_away(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned trial = 0; trial < 300; trial++) {
		struct law_stats *s = begin();
		const uint32_t smallest = 2 + below(9);

		fill(s, 1 + below(6), 2 + below(40));
		law_stats_hide(s, smallest);
		nothing_is_given_away(s, smallest);
		told += shown(&s->group[0][0]);
		free(s);
	}
	assert_true(told > 300); /* something is left to read */
}

/* ------------------------------------------- the attack itself, against trying everything */

#define CELLS 12

/* Two types of three outcomes, and all: v[type][outcome], type 2 the total; the fourth is the sum of outcomes. */
struct trial {
	const struct law_group *g;
	int64_t v[3][4], least[3][4], greatest[3][4];
};

static const unsigned outcomes[] = { LAW_FIGURE_OUTCOME_EXECUTED, LAW_FIGURE_OUTCOME_NOT_EXECUTED,
				     LAW_FIGURE_OUTCOME_WITHDRAWN, LAW_FIGURE_MEASURES };
static const unsigned types[] = { CONTENT, WITNESS, 0 };

static bool fits(const struct trial *t, unsigned type, unsigned outcome)
{
	const struct law_group *g = &t->g[types[type]];

	return g->hidden[outcomes[outcome]] ? t->v[type][outcome] >= 1
					    : t->v[type][outcome] == (int64_t)g->count[outcomes[outcome]];
}

/* All six leaves from 0 to 9: 10^6 tables. */
static void try_everything(struct trial *t)
{
	for (unsigned k = 0; k < CELLS; k++) {
		t->least[k / 4][k % 4] = INT64_MAX;
		t->greatest[k / 4][k % 4] = -1;
	}
	for (unsigned i = 0; i < 1000000; i++) {
		bool good = true;

		for (unsigned k = 0, rest = i; k < 6; k++, rest /= 10)
			t->v[k / 3][k % 3] = rest % 10;
		for (unsigned o = 0; o < 3; o++)
			t->v[2][o] = t->v[0][o] + t->v[1][o];
		for (unsigned y = 0; y < 3; y++)
			t->v[y][3] = t->v[y][0] + t->v[y][1] + t->v[y][2];
		for (unsigned k = 0; good && k < CELLS; k++)
			good = fits(t, k / 4, k % 4);
		for (unsigned k = 0; good && k < CELLS; k++) {
			int64_t v = t->v[k / 4][k % 4];

			if (v < t->least[k / 4][k % 4])
				t->least[k / 4][k % 4] = v;
			if (v > t->greatest[k / 4][k % 4])
				t->greatest[k / 4][k % 4] = v;
		}
	}
}

static void the_attack_finds_what_trying_everything_finds(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (unsigned trial = 0; trial < 12; trial++) {
		struct law_stats *s = begin();
		struct law_group *g = s->group[0];
		struct trial t = { .g = g };

		put(&g[0], LAW_FIGURE_REQUESTS, 1);
		for (unsigned k = 0; k < 6; k++) {
			const uint64_t n = 1 + below(4);
			const unsigned y = types[k / 3], o = outcomes[k % 3];

			put(&g[y], o, n);
			put(&g[0], o, g[0].count[o] + n);
			put(&g[y], LAW_FIGURE_MEASURES, g[y].count[LAW_FIGURE_MEASURES] + n);
			put(&g[0], LAW_FIGURE_MEASURES, g[0].count[LAW_FIGURE_MEASURES] + n);
		}
		for (unsigned k = 0; k < CELLS; k++) /* the sum of all is shown: everything is at most 24 */
			g[types[k / 4]].hidden[outcomes[k % 4]] = k != 11 && k % 4 != 3 ? below(3) > 0 : false;
		try_everything(&t);
		for (unsigned k = 0; k < CELLS; k++) {
			int64_t least, greatest;

			if (!g[types[k / 4]].hidden[outcomes[k % 4]])
				continue;
			table_bounds(g, 5, types[k / 4], outcomes[k % 4], &least, &greatest);
			if (t.greatest[k / 4][k % 4] >= 9)
				continue; /* beyond what was tried */
			assert_int_equal(least, t.least[k / 4][k % 4]);
			assert_int_equal(greatest, t.greatest[k / 4][k % 4]);
			compared++;
		}
		free(s);
	}
	assert_true(compared > 30);
}

/* How many were not refused is the difference. */
static void few_notifications_are_not_told_apart(void **state)
{
	static const struct {
		uint64_t all, refused;
		bool hidden;
	} tables[] = { { 0, 0, false },   { 5, 0, true },   { 30, 0, false }, { 30, 3, true },
		       { 30, 10, false }, { 30, 28, true }, { 30, 30, false } };
	struct law_stats *s = calloc(1, sizeof *s);

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		struct law_group *g = &s->group[1][0];

		g->count[LAW_FIGURE_NOTIFICATIONS] = g->requests[LAW_FIGURE_NOTIFICATIONS] = tables[i].all;
		g->count[LAW_FIGURE_NOTIFICATIONS_REFUSED] = g->requests[LAW_FIGURE_NOTIFICATIONS_REFUSED] =
			tables[i].refused;
		law_stats_hide(s, 5);
		assert_int_equal(g->hidden[LAW_FIGURE_NOTIFICATIONS_REFUSED], tables[i].hidden);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_notifications_are_not_told_apart),
		cmocka_unit_test(the_attack_finds_what_trying_everything_finds),
		cmocka_unit_test(a_small_count_takes_others_with_it),
		cmocka_unit_test(as_many_as_there_are_hidden_counts_is_no_secret),
		cmocka_unit_test(time_limits_add_up_as_well),
		cmocka_unit_test(who_is_excused_was_late),
		cmocka_unit_test(limits_that_all_ended_alike_are_hidden_with_the_zeros),
		cmocka_unit_test(many_measures_of_one_request_are_a_small_count),
		cmocka_unit_test(what_states_no_type_is_not_given_away),
		cmocka_unit_test(nothing_small_hides_nothing),
		cmocka_unit_test(a_median_does_not_tell_how_great_a_hidden_count_is),
		cmocka_unit_test(no_table_gives_a_count_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
