/* Every row of the life cycle, and of the shipped profiles in config/treaties, a line
 * each: what make coverage-law compares with what the tests hit. */
#include <stdio.h>

#include "config/profile_confuse.h"
#include "law/crossing.h"
#include "rows.h"

static void kinds(void)
{
	char row[ROW_SIZE];

	for (size_t i = 0; i < law_kinds_n; i++) {
		const struct law_kind *k = &law_kinds[i];

		row_kind(row, k, "not open", k->phases == 0);
		puts(row);
#define LAW_X(name, bit, spoken)                            \
	row_kind(row, k, spoken, (k->phases & (bit)) != 0); \
	puts(row);
		LAW_PHASES(LAW_X)
#undef LAW_X
	}
}

static void crossings(void)
{
	char row[ROW_SIZE];

	for (size_t i = 0; i < law_kinds_n; i++)
		for (size_t k = 0; k < law_kinds_n; k++)
			if (law_crossing_stated(law_kinds[i].number, law_kinds[k].number)) {
				row_crossing(row, law_kinds[i].number, law_kinds[k].number);
				puts(row);
			}
}

static void clock_rows(const struct law_profile *p, const struct law_clock_rule *c)
{
	char row[ROW_SIZE];

	row_clock(row, p, c, "starts by", law_start_name(c->start));
	puts(row);
	if (c->period.amount > 0) {
		row_clock(row, p, c, "counts in", law_unit_name(c->period.unit));
		puts(row);
	}
	for (unsigned m = 0; m < LAW_MEETS_N; m++)
		if ((c->met_by >> m & 1) != 0 && m != LAW_MEET_NOTHING) {
			row_clock(row, p, c, "met by", law_meet_name((enum law_meet)m));
			puts(row);
		}
	row_clock(row, p, c, "lapsed,", law_lapse_name(c->lapse));
	puts(row);
	row_clock(row, p, c, "binds,", law_force_name(c->force));
	puts(row);
	for (unsigned s = 0; s < LAW_SUSPENDS_N; s++)
		if ((c->suspended_by >> s & 1) != 0) {
			row_clock(row, p, c, "suspended by", law_suspend_name((enum law_suspend)s));
			puts(row);
			row_clock(row, p, c, "resumed after", law_suspend_name((enum law_suspend)s));
			puts(row);
		}
	if (c->extensible) {
		row_clock(row, p, c, "extended", "");
		puts(row);
	}
}

int main(void)
{
	struct config_problems problems = { 0 };
	const struct law_profile *const *list;
	struct cy_arena arena = { 0 };
	char row[ROW_SIZE];
	size_t n;

	if (profile_load_dir("config/treaties", &arena, &list, &n, &problems) < 0) {
		for (size_t i = 0; i < problems.n; i++)
			fprintf(stderr, "%s\n", problems.list[i].text);
		config_problems_free(&problems);
		return 1;
	}
	kinds();
	crossings();
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < list[i]->n_clocks; k++)
			clock_rows(list[i], &list[i]->clocks[k]);
		for (size_t k = 0; k < list[i]->n_grounds; k++) {
			row_ground(row, list[i], list[i]->grounds[k].ground);
			puts(row);
		}
	}
	cy_arena_free(&arena);
	return 0;
}
