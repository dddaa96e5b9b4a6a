#include "law/story.h"

#include <stdlib.h>

#include "law/kinds.h"
#include "law/order.h"

static bool is_open_notice(const struct law_case *c, uint32_t number)
{
	for (unsigned i = 0; i < c->n_notices; i++)
		if (c->notices[i] == number)
			return true;
	return false;
}

/* Those that it has opened or closed. */
static void follow_notices(struct law_story *s, const struct law_case *c, const struct law_fact *f)
{
	if (f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE) {
		s->notices[s->n_notices].number = f->number;
		s->notices[s->n_notices++].closed = SIZE_MAX;
	}
	for (size_t i = 0; i < s->n_notices; i++)
		if (s->notices[i].closed == SIZE_MAX && !is_open_notice(c, s->notices[i].number))
			s->notices[i].closed = s->n;
}

static struct law_told told(const struct law_case *c, const struct law_fact *f, uint64_t on)
{
	struct law_told t = { .f = f, .on = on };

	for (unsigned i = 0; i < c->n_measures; i++) {
		const struct law_measure *m = &c->measures[i];
		const uint64_t bit = UINT64_C(1) << i;

		t.given |= m->partial ? bit : 0;
		if (m->state != LAW_MEASURE_PENDING && m->state != LAW_MEASURE_EXECUTING)
			continue;
		t.open |= bit;
		t.undecided |= m->recognised || m->partial ? 0 : bit;
		t.postponed |= m->postponed ? bit : 0;
		t.proposed |= m->proposal != 0 ? bit : 0;
	}
	for (unsigned i = 0; i < c->n_notices; i++)
		t.noticed |= c->notice_measures[i] != 0 ? c->notice_measures[i] : UINT64_MAX;
	return t;
}

void law_story_begin(struct law_story *s, const struct law_fact *facts, size_t n)
{
	struct law_case c = { 0 };
	struct law_order o;
	uint32_t seen;
	size_t i;

	*s = (struct law_story){ .told = calloc(n + 1, sizeof *s->told), .notices = calloc(n + 1, sizeof *s->notices) };
	CY_ASSERT(s->told != NULL && s->notices != NULL);
	law_order_begin(&o, facts, n, UINT32_MAX, UINT32_MAX);
	while (law_order_next(&o, &i, &seen)) {
		const struct law_fact *f = &facts[i];
		uint64_t on = 0;

		if (law_step(&(struct law_step){
			    .c = &c, .facts = facts, .n = n, .f = f, .seen = seen, .ret_measures = &on }) < 0)
			continue;
		follow_notices(s, &c, f);
		s->told[s->n++] = told(&c, f, on != 0 ? on : law_fact_mask(f));
	}
	law_order_end(&o);
	s->n_measures = c.n_measures;
}

void law_story_end(struct law_story *s)
{
	free(s->told);
	free(s->notices);
}

bool law_story_closes(const struct law_story *s, size_t at, uint32_t notice)
{
	for (size_t i = 0; i < s->n_notices; i++)
		if (s->notices[i].number == notice)
			return s->notices[i].closed == at;
	return false;
}
