/* What may not be published: small counts, and what would give them away. */
#include "law/stats.h"

/* A sum of which readers know: one count is the total of the others. */
struct sum {
	struct law_group *total;
	unsigned total_figure;
	size_t n;
	struct {
		struct law_group *group;
		unsigned figure;
	} part[LAW_FIGURES_N > LAW_TYPES ? LAW_FIGURES_N : LAW_TYPES];
};

static void add_part(struct sum *s, struct law_group *g, unsigned figure)
{
	s->part[s->n].group = g;
	s->part[s->n++].figure = figure;
}

/* The smallest part that is shown and not 0; s->n: none. */
static size_t next_part(const struct sum *s)
{
	size_t best = s->n;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		const struct law_group *g = s->part[i].group;
		const uint64_t v = g->count[s->part[i].figure];

		if (!g->hidden[s->part[i].figure] && v > 0 && v < least) {
			least = v;
			best = i;
		}
	}
	return best;
}

/* Hide one more if the sum gives something away; false: it does not. */
static bool hide_one(struct sum *s, uint32_t smallest)
{
	bool *total = &s->total->hidden[s->total_figure];
	uint64_t together = 0;
	size_t hidden = 0, i;

	for (i = 0; i < s->n; i++)
		if (s->part[i].group->hidden[s->part[i].figure]) {
			hidden++;
			together += s->part[i].group->count[s->part[i].figure];
		}
	if (*total ? hidden > 0 : hidden == 0 || (hidden > 1 && together >= smallest))
		return false;
	i = next_part(s);
	if (i < s->n) {
		s->part[i].group->hidden[s->part[i].figure] = true;
		return true;
	}
	if (*total)
		return false;
	*total = true;
	return true;
}

/* The parts of one group: outcomes, ages of the backlog, grounds. */
static bool hide_in_group(struct law_group *g, unsigned total, unsigned first, unsigned n, uint32_t smallest)
{
	struct sum s = { .total = g, .total_figure = total };
	bool any = false;

	for (unsigned i = 0; i < n; i++)
		add_part(&s, g, first + i);
	while (hide_one(&s, smallest))
		any = true;
	return any;
}

/* One figure of all types. */
static bool hide_in_types(struct law_group groups[static LAW_TYPES], unsigned figure, uint32_t smallest)
{
	struct sum s = { .total = &groups[0], .total_figure = figure };
	bool any = false;

	for (unsigned t = 1; t < LAW_TYPES; t++)
		if (groups[t].any)
			add_part(&s, &groups[t], figure);
	while (hide_one(&s, smallest))
		any = true;
	return any;
}

static bool hide_more(struct law_group groups[static LAW_TYPES], uint32_t smallest)
{
	bool any = false;

	for (unsigned t = 0; t < LAW_TYPES; t++) {
		any |= hide_in_group(&groups[t], LAW_FIGURE_MEASURES, LAW_FIGURE_OUTCOME_OPEN, LAW_OUTCOME_VOID,
				     smallest);
		any |= hide_in_group(&groups[t], LAW_FIGURE_OUTCOME_OPEN, LAW_FIGURE_OPEN_30,
				     LAW_FIGURE_OPEN_OVER - LAW_FIGURE_OPEN_30 + 1, smallest);
		any |= hide_in_group(&groups[t], LAW_FIGURE_OUTCOME_REFUSED, LAW_FIGURE_GROUND,
				     LAW_FIGURES_N - LAW_FIGURE_GROUND, smallest);
	}
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		any |= hide_in_types(groups, i, smallest);
	return any;
}

static void hide_small(struct law_group *g, uint32_t smallest)
{
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		g->hidden[i] = g->count[i] > 0 && g->count[i] < smallest;
	for (unsigned i = 0; i < LAW_STEPS_N; i++) {
		struct law_spread *p = &g->spread[i];

		p->n_hidden = p->n > 0;
		p->p50_hidden = p->n > 0 && p->n < smallest;
		p->p90_hidden = p->n > 0 && p->n < 2 * (uint64_t)smallest;
	}
}

void law_stats_hide(struct law_stats *s, uint32_t smallest)
{
	if (smallest < 2)
		return;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned t = 0; t < LAW_TYPES; t++)
			hide_small(&s->group[side][t], smallest);
		while (hide_more(s->group[side], smallest))
			continue;
	}
}
