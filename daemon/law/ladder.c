/* Ladders: which steps there are about a time limit, and when. */
#include <string.h>

#include "law/ladder.h"

struct cy_wall law_rung_at(const struct law_rung *r, struct cy_wall start, struct cy_wall due)
{
	switch (r->when) {
	case LAW_WHEN_SHARE:
		if (start.ms == 0 || due.ms <= start.ms)
			return (struct cy_wall){ 0 };
		return (struct cy_wall){ start.ms + (due.ms - start.ms) / 100 * r->value };
	case LAW_WHEN_BEFORE:
		if (due.ms - r->value <= start.ms)
			return (struct cy_wall){ 0 };
		return (struct cy_wall){ due.ms - r->value };
	case LAW_WHEN_AFTER:
		/* The last millisecond belongs to the time limit. */
		return (struct cy_wall){ due.ms + 1 + r->value };
	}
	return (struct cy_wall){ 0 };
}

const struct law_rung *law_rung_nth(const struct law_ladder *l, struct cy_wall start, struct cy_wall due, uint32_t nth)
{
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		const int64_t at = law_rung_at(&l->rungs[i], start, due).ms;
		uint32_t before = 0;

		for (size_t k = 0; k < l->n; k++) {
			const int64_t other = law_rung_at(&l->rungs[k], start, due).ms;

			before += other != 0 && (other < at || (other == at && k < i));
		}
		if (at != 0 && before == nth)
			return &l->rungs[i];
	}
	return NULL;
}

uint32_t law_rungs_kept(const struct law_ladder *l, struct cy_wall old_start, struct cy_wall old_due, uint32_t rungs,
			struct cy_wall start, struct cy_wall due)
{
	const struct law_rung *g;
	uint32_t kept = 0;

	for (uint32_t i = 0; (g = law_rung_nth(l, start, due, i)) != NULL; i++)
		for (uint32_t k = 0; k < rungs && k < l->n; k++)
			if (law_rung_nth(l, old_start, old_due, k) == g)
				kept = i + 1;
	return kept;
}

static const struct law_ladder *named(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_ladders; i++)
		if (strcmp(p->ladders[i].name, name) == 0)
			return &p->ladders[i];
	return NULL;
}

const struct law_ladder *law_ladder_of(const struct law_data *b, const struct law_profile *p,
				       const struct law_clock_rule *rule)
{
	const struct law_ladder *l = rule->ladder[0] != '\0' ? named(p, rule->ladder) : NULL;

	return l != NULL ? l : b->ladder;
}
