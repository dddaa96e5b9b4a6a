/* Linked into the tests of the law with --wrap: sees what goes into the law and what
 * comes out, and writes to the file $LAW_ROWS which row which test hit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

static const char *test = "";
static void *hit; /* rows of this test */
static bool crossed[256][256];

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void record(const char *row)
{
	static FILE *out;
	const char *path = getenv("LAW_ROWS");
	char *copy;

	if (path == NULL || tfind(row, &hit, by_text) != NULL)
		return;
	copy = strdup(row);
	CY_ASSERT(copy != NULL && tsearch(copy, &hit, by_text) != NULL);
	if (out == NULL) {
		out = fopen(path, "a");
		CY_ASSERT(out != NULL);
		setvbuf(out, NULL, _IOLBF, 0);
	}
	fprintf(out, "%s\t%s: %s\n", row, program_invocation_short_name, test);
}

/* Each test by itself, so that it has a name here. */
int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *const tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *const tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *const tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		test = tests[i].name;
		tdestroy(hit, free);
		hit = NULL;
		memset(crossed, 0, sizeof crossed);
		failed += __real__cmocka_run_group_tests(name, &tests[i], 1, setup, teardown);
	}
	return failed;
}

/* ------------------------------------------------------------------- the life cycle */

void __real_law_fold(const struct law_fact *facts, size_t n, struct law_case *c, enum law_effect *effect,
		     size_t *order);
void __wrap_law_fold(const struct law_fact *facts, size_t n, struct law_case *c, enum law_effect *effect,
		     size_t *order);
int __real_law_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e);
int __wrap_law_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e);

static const char *phase_of(const struct law_case *c, unsigned *ret_bit)
{
	const unsigned bit = c->closed                      ? LAW_CLOSED
			     : c->returned || c->redirected ? LAW_OVER
			     : c->registered                ? LAW_REGISTERED
							    : LAW_UNREGISTERED;

	*ret_bit = c->opened_by != 0 ? bit : 0;
	if (c->opened_by == 0)
		return "not open";
#define LAW_X(name, b, spoken) \
	if (bit == (b))        \
		return spoken;
	LAW_PHASES(LAW_X)
#undef LAW_X
	return "";
}

/* Only a message of an author who has seen everything, on a side that may say it, is
 * judged by the phase that the case is in here. */
int __wrap_law_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e)
{
	const struct law_kind *k = law_kind(next->kind);
	const int r = __real_law_admit(facts, n, next, e);
	struct law_case c;
	unsigned bit;
	const char *phase;
	char row[ROW_SIZE];

	for (size_t i = 0; i < n; i++)
		if (facts[i].voided || (facts[i].side != next->side && facts[i].number > next->seen))
			return r;
	if (k == NULL || !law_kind_by(next->kind, next->side))
		return r;
	__real_law_fold(facts, n, &c, NULL, NULL);
	phase = phase_of(&c, &bit);
	/* A refusal counts as one of the phase only where the phase is the reason. */
	if (r == CY_OK || (k->phases == 0 ? bit != 0 : (k->phases & bit) == 0)) {
		row_kind(row, k, phase, r == CY_OK);
		record(row);
	}
	return r;
}

void __wrap_law_fold(const struct law_fact *facts, size_t n, struct law_case *c, enum law_effect *effect, size_t *order)
{
	char row[ROW_SIZE];

	__real_law_fold(facts, n, c, effect, order);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; facts[i].side == CY_SIDE__REQUESTING && k < n; k++) {
			const struct law_fact *a = &facts[i], *b = &facts[k];

			if (b->side != CY_SIDE__REQUESTED || a->voided || b->voided || a->seen >= b->number ||
			    b->seen >= a->number || a->kind > 255 || b->kind > 255 || crossed[a->kind][b->kind])
				continue;
			crossed[a->kind][b->kind] = true;
			row_crossing(row, a->kind, b->kind);
			record(row);
		}
}

/* ----------------------------------------------------------------------- clocks */

int __real_law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg);
int __wrap_law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg);

struct looking {
	const struct law_clock_input *in;
	int (*fn)(void *arg, const struct law_clock *c);
	void *arg;
};

static bool said(const struct law_clock_input *in, uint32_t kind)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->facts[i].kind == kind && !in->facts[i].voided)
			return true;
	return false;
}

/* Is it a message of the kind that this names? */
static bool is_of(enum law_meet m, const struct law_fact *f)
{
	const uint32_t k = f->kind;

	switch (m) {
	case LAW_MEET_ACKNOWLEDGEMENT:
		return k == CY_CONTENT__KIND_ACKNOWLEDGEMENT;
	case LAW_MEET_EXECUTING_ACKNOWLEDGEMENT:
		return k == CY_CONTENT__KIND_ACKNOWLEDGEMENT && f->code[0] == CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY;
	case LAW_MEET_DECISION:
		return k == CY_CONTENT__KIND_DECISION;
	case LAW_MEET_EXECUTION:
		return k == CY_CONTENT__KIND_RESULT;
	case LAW_MEET_OBJECTION:
		return k == CY_CONTENT__KIND_PROBLEM_NOTICE;
	case LAW_MEET_SUPPLEMENT:
	case LAW_MEET_FOLLOW_UP:
		return k == CY_CONTENT__KIND_SUPPLEMENT;
	case LAW_MEET_NOTHING:
	case LAW_MEETS_N:
		break;
	}
	return false;
}

static void clock_met(const struct law_clock_input *in, const struct law_clock *c)
{
	char row[ROW_SIZE];

	for (size_t i = 0; i < in->n; i++) {
		const struct law_fact *f = &in->facts[i];

		if (f->side != c->by_side || f->number != c->by)
			continue;
		for (unsigned m = 0; m < LAW_MEETS_N; m++)
			if ((c->rule->met_by >> m & 1) != 0 && is_of((enum law_meet)m, f)) {
				row_clock(row, in->profile, c->rule, "met by", law_meet_name((enum law_meet)m));
				record(row);
			}
	}
	if (c->due.ms > 0 && c->ended.ms > c->due.ms) {
		row_clock(row, in->profile, c->rule, "lapsed,", law_lapse_name(c->rule->lapse));
		record(row);
		row_clock(row, in->profile, c->rule, "binds,", law_force_name(c->rule->force));
		record(row);
	}
}

static void clock_held(const struct law_clock_input *in, const struct law_clock *c)
{
	static const uint32_t holds[] = { [LAW_SUSPEND_POSTPONEMENT] = CY_CONTENT__KIND_POSTPONEMENT,
					  [LAW_SUSPEND_NOTICE] = CY_CONTENT__KIND_PROBLEM_NOTICE,
					  [LAW_SUSPEND_CONDITIONS] = CY_CONTENT__KIND_CONDITIONS_PROPOSED };
	const bool held = c->state == LAW_CLOCK_SUSPENDED;
	char row[ROW_SIZE];

	for (unsigned s = 0; s < LAW_SUSPENDS_N; s++)
		if ((c->rule->suspended_by >> s & 1) != 0 && said(in, holds[s]) && (held || c->round > 0)) {
			row_clock(row, in->profile, c->rule, held ? "suspended by" : "resumed after",
				  law_suspend_name((enum law_suspend)s));
			record(row);
		}
}

static int look(void *arg, const struct law_clock *c)
{
	const struct looking *l = arg;
	char row[ROW_SIZE];

	if (c->start.ms > 0) {
		row_clock(row, l->in->profile, c->rule, "starts by", law_start_name(c->rule->start));
		record(row);
		row_clock(row, l->in->profile, c->rule, "counts in", law_unit_name(c->rule->period.unit));
		record(row);
	}
	if (c->state == LAW_CLOCK_MET)
		clock_met(l->in, c);
	else
		clock_held(l->in, c);
	if (c->round > 0 && said(l->in, CY_CONTENT__KIND_EXTENSION)) {
		row_clock(row, l->in->profile, c->rule, "extended", "");
		record(row);
	}
	return l->fn(l->arg, c);
}

static void refused(const struct law_clock_input *in)
{
	char row[ROW_SIZE];
	struct law_case c;

	__real_law_fold(in->facts, in->n, &c, NULL, NULL);
	for (size_t i = 0; i < c.n_measures; i++)
		if (c.measures[i].state == LAW_MEASURE_REFUSED) {
			row_ground(row, in->profile, (CyRefusalGround)c.measures[i].ground);
			record(row);
		}
}

int __wrap_law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg)
{
	struct looking l = { in, fn, arg };

	refused(in);
	return __real_law_clocks(in, look, &l);
}
