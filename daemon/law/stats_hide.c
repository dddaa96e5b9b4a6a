/* What may not be published: small counts, and what would give them away. */
#include <stdlib.h>

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
static struct sum sum_in_group(struct law_group *g, unsigned total, unsigned first, unsigned n)
{
	struct sum s = { .total = g, .total_figure = total };

	for (unsigned i = 0; i < n; i++)
		add_part(&s, g, first + i);
	return s;
}

/* One figure of all types. */
static struct sum sum_of_types(struct law_group groups[static LAW_TYPES], unsigned figure)
{
	struct sum s = { .total = &groups[0], .total_figure = figure };

	for (unsigned t = 1; t < LAW_TYPES; t++)
		if (groups[t].any)
			add_part(&s, &groups[t], figure);
	return s;
}

#define SUMS (3 * LAW_TYPES + LAW_FIGURES_N)

/* The sums that readers know, by number. */
static struct sum sum_numbered(struct law_group groups[static LAW_TYPES], unsigned number)
{
	struct law_group *g = &groups[number < 3 * LAW_TYPES ? number / 3 : 0];

	if (number >= 3 * LAW_TYPES)
		return sum_of_types(groups, number - 3 * LAW_TYPES);
	switch (number % 3) {
	case 0:
		return sum_in_group(g, LAW_FIGURE_MEASURES, LAW_FIGURE_OUTCOME_OPEN, LAW_OUTCOME_VOID);
	case 1:
		return sum_in_group(g, LAW_FIGURE_OUTCOME_OPEN, LAW_FIGURE_OPEN_30,
				    LAW_FIGURE_OPEN_OVER - LAW_FIGURE_OPEN_30 + 1);
	default:
		return sum_in_group(g, LAW_FIGURE_OUTCOME_REFUSED, LAW_FIGURE_GROUND,
				    LAW_FIGURES_N - LAW_FIGURE_GROUND);
	}
}

static bool hide_more(struct law_group groups[static LAW_TYPES], uint32_t smallest)
{
	bool any = false;

	for (unsigned i = 0; i < SUMS; i++) {
		struct sum s = sum_numbered(groups, i);

		while (hide_one(&s, smallest))
			any = true;
	}
	/* Requests are returned measure by measure: where each has one it is the same number. */
	for (unsigned t = 0; t < LAW_TYPES; t++) {
		struct law_group *g = &groups[t];
		bool *returned = &g->hidden[LAW_FIGURE_REQUESTS_RETURNED];

		if (g->hidden[LAW_FIGURE_OUTCOME_RETURNED_DEFICIENT] && g->count[LAW_FIGURE_REQUESTS_RETURNED] > 0 &&
		    !*returned)
			any = *returned = true;
	}
	return any;
}

/* --------------------------------------------------- what several sums tell together */

/* The sums as equations of what is hidden, a row each. What types and figures make is a
 * network of sums: whichever two rows are added or subtracted, every coefficient stays
 * -1, 0 or 1, and is kept as such modulo 3. */
struct equations {
	unsigned column[LAW_TYPES][LAW_FIGURES_N]; /* of a hidden count, from 1 */
	unsigned columns;
	int8_t *row[SUMS];
};

static int8_t modulo_3(int v)
{
	return (int8_t)((v + 4) % 3 - 1);
}

static void set(struct equations *q, struct law_group *groups, unsigned row, const struct law_group *g, unsigned figure,
		int8_t k)
{
	if (g->hidden[figure])
		q->row[row][q->column[g - groups][figure]] = k;
}

static void set_up(struct equations *q, struct law_group groups[static LAW_TYPES])
{
	for (unsigned t = 0; t < LAW_TYPES; t++)
		for (unsigned i = 0; i < LAW_FIGURES_N; i++)
			if (groups[t].hidden[i])
				q->column[t][i] = ++q->columns;
	for (unsigned r = 0; r < SUMS; r++) {
		const struct sum s = sum_numbered(groups, r);

		q->row[r] = calloc(q->columns + 1, 1);
		CY_ASSERT(q->row[r] != NULL);
		set(q, groups, r, s.total, s.total_figure, -1);
		for (size_t i = 0; i < s.n; i++)
			set(q, groups, r, s.part[i].group, s.part[i].figure, 1);
	}
}

/* Each row has afterwards one unknown that no other row has. */
static void solve(struct equations *q)
{
	unsigned done = 0;

	for (unsigned c = 1; c <= q->columns && done < SUMS; c++) {
		unsigned at = done;
		int8_t *pivot;

		while (at < SUMS && q->row[at][c] == 0)
			at++;
		if (at == SUMS)
			continue;
		pivot = q->row[at];
		q->row[at] = q->row[done];
		q->row[done] = pivot;
		for (unsigned r = 0; r < SUMS; r++) {
			const int k = r == done ? 0 : q->row[r][c] * pivot[c];

			for (unsigned i = 1; k != 0 && i <= q->columns; i++)
				q->row[r][i] = modulo_3(q->row[r][i] - k * pivot[i]);
		}
		done++;
	}
}

/* The only unknown of a row; 0: there are others, or none. */
static unsigned only_one(const struct equations *q, const int8_t *row)
{
	unsigned found = 0;

	for (unsigned i = 1; i <= q->columns; i++)
		if (row[i] != 0) {
			if (found != 0)
				return 0;
			found = i;
		}
	return found;
}

static bool holds(const struct sum *s, const struct law_group *g, unsigned figure)
{
	bool has = s->total == g && s->total_figure == figure;

	for (size_t i = 0; i < s->n; i++)
		has = has || (s->part[i].group == g && s->part[i].figure == figure);
	return has;
}

/* For a count that can be computed: the smallest that is shown in a sum with it, or the
 * total of that sum; if all of those are hidden, one of any other sum. */
static bool hide_beside(struct law_group groups[static LAW_TYPES], const struct law_group *g, unsigned figure)
{
	for (unsigned r = 0; r < 2 * SUMS; r++) {
		struct sum s = sum_numbered(groups, r % SUMS);
		const size_t i = next_part(&s);

		if (r < SUMS && !holds(&s, g, figure))
			continue;
		if (i < s.n)
			return s.part[i].group->hidden[s.part[i].figure] = true;
		if (!s.total->hidden[s.total_figure] && s.total->count[s.total_figure] > 0)
			return s.total->hidden[s.total_figure] = true;
	}
	return false;
}

/* One sum after the other gives nothing away; do they all together? */
static bool hide_what_follows(struct law_group groups[static LAW_TYPES])
{
	struct equations *q = calloc(1, sizeof *q);
	bool any = false;

	CY_ASSERT(q != NULL);
	set_up(q, groups);
	solve(q);
	for (unsigned r = 0; r < SUMS && !any; r++) {
		const unsigned c = only_one(q, q->row[r]);

		for (unsigned t = 0; c != 0 && t < LAW_TYPES; t++)
			for (unsigned i = 0; i < LAW_FIGURES_N; i++)
				if (q->column[t][i] == c)
					any = any || hide_beside(groups, &groups[t], i);
	}
	for (unsigned r = 0; r < SUMS; r++)
		free(q->row[r]);
	free(q);
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
		while (hide_more(s->group[side], smallest) || hide_what_follows(s->group[side]))
			continue;
	}
}
