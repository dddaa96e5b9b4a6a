/* Hides what may not be published: counts of few requests, and the counts from which they could be computed.
 *
 * Readers know which counts are the total of which others, and that no count is below 0, and what is hidden not 0.
 * From that they can compute the least and the greatest value of each hidden count. The sums of a table of types and
 * figures are a network: each count stands in two of them, once as what is added and once as what it is added to, so
 * a change of one count that leaves all sums true is a flow around a circle of hidden counts, and the bounds are
 * maximal flows (which are whole numbers; Ahuja, Magnanti, Orlin, Network Flows, 1993, chapter 6). Where they
 * lie too close together, the smallest count that blocks the flow is hidden as well. */
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "law/stats.h"

/* The types, and what states no type: that is in no group of its own, but is what remains of the total. */
#define GROUPS  (LAW_TYPES + 1)
#define UNTYPED LAW_TYPES

/* A sum in which counts stand. */
enum {
	SUM_MEASURES, /* outcomes to measures */
	SUM_AGES,     /* of what is open */
	SUM_GROUNDS,  /* of what is refused */
	SUMS
};
#define NODE_OF_FIGURE(figure) (GROUPS * SUMS + (figure)) /* of types to the total */
#define NODE_OF_MEASURES       NODE_OF_FIGURE(LAW_FIGURE_MEASURES)
/* How many time limits there were is not told, but a reader may know it: the three add up to that. */
#define NODE_OF_THEIRS NODE_OF_FIGURE(LAW_FIGURES_N)
#define NODE_OF_OURS   (NODE_OF_THEIRS + 1)
#define OUTSIDE        (NODE_OF_THEIRS + 2) /* no sum that anybody knows */
#define NODES          (NODE_OF_THEIRS + 3)

struct arc {
	unsigned from, to; /* a greater count takes from the one and gives to the other */
	struct law_group *group;
	unsigned figure;
	int64_t least;  /* that readers know */
	int64_t change; /* while a flow is sought */
	bool safe;      /* it is hidden, and its bounds are wide */
};

#define ARCS (GROUPS * LAW_FIGURES_N)

struct net {
	struct law_group untyped;
	struct law_group *group[GROUPS];
	struct arc arc[ARCS];
	unsigned n;
	/* The arcs at a node: at[first[node]] to at[first[node + 1] - 1]. */
	unsigned first[NODES + 1], at[2 * ARCS];
	int64_t smallest;
};

static bool is_hidden(const struct arc *a)
{
	return a->group->hidden[a->figure];
}

static int64_t count_of(const struct arc *a)
{
	return (int64_t)a->group->count[a->figure];
}

/* -------------------------------------------------------------------- the network */

static bool is_limit(unsigned figure)
{
	return figure >= LAW_FIGURE_THEIRS_IN_TIME && figure <= LAW_FIGURE_OURS_LAPSED;
}

bool law_figure_of_types(unsigned figure)
{
	return (figure >= LAW_FIGURE_MEASURES && figure <= LAW_FIGURE_OPEN_OVER) || figure >= LAW_FIGURE_OUTCOME_OPEN;
}

/* Where a count of a type stands; those of all types together the other way round. */
static void ends_of(unsigned group, unsigned figure, unsigned *ret_from, unsigned *ret_to)
{
	const unsigned sums = group * SUMS;
	unsigned from = sums + SUM_MEASURES, to = NODE_OF_FIGURE(figure);

	if (figure == LAW_FIGURE_MEASURES) {
		from = NODE_OF_MEASURES;
		to = sums + SUM_MEASURES;
	} else if (figure == LAW_FIGURE_OUTCOME_OPEN) {
		to = sums + SUM_AGES;
	} else if (figure == LAW_FIGURE_OUTCOME_REFUSED) {
		to = sums + SUM_GROUNDS;
	} else if (figure >= LAW_FIGURE_GROUND) {
		from = sums + SUM_GROUNDS;
	} else if (figure < LAW_FIGURE_OUTCOME_OPEN) {
		from = sums + SUM_AGES;
	}
	*ret_from = group == 0 ? to : from;
	*ret_to = group == 0 ? from : to;
}

static unsigned first_of_limits(unsigned figure)
{
	return figure < LAW_FIGURE_OURS_IN_TIME ? LAW_FIGURE_THEIRS_IN_TIME : LAW_FIGURE_OURS_IN_TIME;
}

/* Of few limits a reader hardly knows how many there were, and nothing could be told of any of them. Where even zeros
 * are hidden each of the three may be all there were. */
static unsigned node_of_limits(const struct net *n, unsigned figure)
{
	const unsigned first = first_of_limits(figure);
	const uint64_t *count = n->group[0]->count;

	for (unsigned f = first; f < first + 3; f++)
		if (count[f] == 0 && n->group[0]->hidden[f])
			return OUTSIDE;
	if ((int64_t)(count[first] + count[first + 1] + count[first + 2]) <= 2 * n->smallest)
		return OUTSIDE;
	return first == LAW_FIGURE_THEIRS_IN_TIME ? NODE_OF_THEIRS : NODE_OF_OURS;
}

/* The bounds of a hidden count that readers know without any sum. */
static int64_t least_of(const struct law_group *g, unsigned group, unsigned figure)
{
	const unsigned requests = figure == LAW_FIGURE_MEASURES ? LAW_FIGURE_REQUESTS : LAW_FIGURE_REQUESTS_RETURNED;

	if (g->count[figure] == 0)
		return 0;
	if (group == 0 && (figure == LAW_FIGURE_MEASURES || figure == LAW_FIGURE_OUTCOME_RETURNED_DEFICIENT) &&
	    !g->hidden[requests] && g->count[requests] > 0)
		return (int64_t)g->count[requests]; /* each has a measure */
	return 1;
}

static void add_arc(struct net *n, unsigned group, unsigned figure)
{
	struct arc *a = &n->arc[n->n];

	a->group = n->group[group];
	a->figure = figure;
	a->least = least_of(a->group, group, figure);
	if (is_limit(figure)) {
		a->from = OUTSIDE;
		a->to = node_of_limits(n, figure);
	} else {
		ends_of(group, figure, &a->from, &a->to);
	}
	n->n++;
}

static void index_nodes(struct net *n)
{
	unsigned fill[NODES] = { 0 };

	for (unsigned i = 0; i < n->n; i++) {
		n->first[n->arc[i].from + 1]++;
		n->first[n->arc[i].to + 1]++;
	}
	for (unsigned v = 0; v < NODES; v++)
		n->first[v + 1] += n->first[v];
	for (unsigned i = 0; i < n->n; i++) {
		const unsigned end[2] = { n->arc[i].from, n->arc[i].to };

		for (unsigned k = 0; k < 2; k++)
			n->at[n->first[end[k]] + fill[end[k]]++] = i;
	}
}

static void set_up(struct net *n, struct law_group groups[static LAW_TYPES], uint32_t smallest)
{
	n->smallest = smallest;
	n->group[UNTYPED] = &n->untyped;
	for (unsigned t = 0; t < LAW_TYPES; t++)
		n->group[t] = &groups[t];
	for (unsigned f = 0; f < LAW_FIGURES_N; f++) {
		if (!law_figure_of_types(f))
			continue;
		n->untyped.count[f] = groups[0].count[f];
		for (unsigned t = 1; t < LAW_TYPES; t++)
			n->untyped.count[f] -= groups[t].count[f];
		n->untyped.hidden[f] = n->untyped.count[f] > 0;
	}
	for (unsigned g = 0; g < GROUPS; g++)
		for (unsigned f = 0; f < LAW_FIGURES_N; f++)
			if (law_figure_of_types(f) || (g == 0 && is_limit(f)))
				add_arc(n, g, f);
	index_nodes(n);
}

/* -------------------------------------------------------------------------- flows */

struct search {
	unsigned queue[NODES], head, tail;
	bool reached[NODES];
	unsigned by[NODES]; /* the arc through which */
};

/* By how much the count may become greater (along the arc) or less. */
static int64_t room(const struct arc *a, bool along)
{
	if (!is_hidden(a))
		return 0;
	return along ? INT64_MAX : count_of(a) + a->change - a->least;
}

/* Whether `to` is reached from `from` by hidden counts other than this one. */
static bool reaches(const struct net *n, struct search *s, const struct arc *without, unsigned from, unsigned to)
{
	memset(s, 0, sizeof *s);
	s->queue[s->tail++] = from;
	s->reached[from] = true;
	while (s->head < s->tail && !s->reached[to]) {
		const unsigned v = s->queue[s->head++];

		for (unsigned i = n->first[v]; i < n->first[v + 1]; i++) {
			const struct arc *a = &n->arc[n->at[i]];
			const bool along = a->from == v;
			const unsigned next = along ? a->to : a->from;

			if (a == without || s->reached[next] || room(a, along) <= 0)
				continue;
			s->reached[next] = true;
			s->by[next] = n->at[i];
			s->queue[s->tail++] = next;
		}
	}
	return s->reached[to];
}

/* Push what the way found has room for, `most` at most; returns how much. */
static int64_t push(struct net *n, const struct search *s, unsigned from, unsigned to, int64_t most)
{
	for (unsigned v = to; v != from;) {
		const struct arc *a = &n->arc[s->by[v]];
		const bool along = a->to == v;

		most = room(a, along) < most ? room(a, along) : most;
		v = along ? a->from : a->to;
	}
	for (unsigned v = to; v != from;) {
		struct arc *a = &n->arc[s->by[v]];
		const bool along = a->to == v;

		a->change += along ? most : -most;
		v = along ? a->from : a->to;
	}
	return most;
}

/* By how much a hidden count may be greater (or less) than it is while all sums stay true, `enough` at most. */
static int64_t play(struct net *n, struct search *s, const struct arc *a, bool greater, int64_t enough)
{
	const unsigned from = greater ? a->to : a->from, to = greater ? a->from : a->to;
	int64_t found = 0;

	if (!greater && count_of(a) - a->least < enough)
		enough = count_of(a) - a->least;
	for (unsigned i = 0; i < n->n; i++)
		n->arc[i].change = 0;
	while (found < enough && from != to && reaches(n, s, a, from, to))
		found += push(n, s, from, to, enough - found);
	return from == to ? enough : found;
}

/* ------------------------------------------------------------------- what is hidden */

/* The smallest count that is shown and stands between what can be changed and what cannot; NULL: none. */
static struct arc *next_to_hide(struct net *n, const struct search *s)
{
	struct arc *best = NULL;

	for (unsigned i = 0; i < n->n; i++) {
		struct arc *a = &n->arc[i];
		const bool along = s->reached[a->from] && !s->reached[a->to];
		const bool against = s->reached[a->to] && !s->reached[a->from];

		if (is_hidden(a) || count_of(a) == 0 || !(along || (against && count_of(a) > a->least)))
			continue;
		if (best == NULL || count_of(a) < count_of(best))
			best = a;
	}
	return best;
}

/* Hide others until the bounds of this one are wide. */
static void make_safe(struct net *n, struct arc *a)
{
	struct search *s = malloc(sizeof *s);

	CY_ASSERT(s != NULL);
	while (!a->safe) {
		const int64_t less = play(n, s, a, false, n->smallest);
		const int64_t more = less < n->smallest ? play(n, s, a, true, n->smallest - less) : 0;
		struct arc *next = less + more < n->smallest ? next_to_hide(n, s) : NULL;

		if (next == NULL)
			a->safe = true;
		else
			next->group->hidden[next->figure] = true;
	}
	free(s);
}

static void hide_what_tells(struct law_group groups[static LAW_TYPES], uint32_t smallest)
{
	struct net *n = calloc(1, sizeof *n);
	bool all_safe = false;

	CY_ASSERT(n != NULL);
	set_up(n, groups, smallest);
	while (!all_safe) {
		all_safe = true;
		for (unsigned i = 0; i < n->n; i++) {
			struct arc *a = &n->arc[i];

			/* The rest of a total may be computed if it is not small. */
			if (!is_hidden(a) || a->safe || (a->group == &n->untyped && count_of(a) >= n->smallest))
				continue;
			make_safe(n, a);
			all_safe = false;
		}
	}
	free(n);
}

static void hide_small(struct law_group *g, bool all_types, uint32_t smallest)
{
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		g->hidden[i] =
			all_types || law_figure_of_types(i) ? g->count[i] > 0 && g->requests[i] < smallest : true;
}

/* All limits ended in the same way, those of few requests: two zeros would tell how many they were. */
static void hide_only_one(struct law_group *g, unsigned first)
{
	const uint64_t *c = &g->count[first];
	const bool *h = &g->hidden[first];

	if ((c[0] > 0) + (c[1] > 0) + (c[2] > 0) == 1 && (h[0] || h[1] || h[2]))
		memset(&g->hidden[first], true, 3 * sizeof *h);
}

/* An excused time limit was met late, or not at all: if there are few of those, even a zero is hidden, so
 * that any number of them may be excused. */
static void hide_excused(struct law_group *g, unsigned excused, unsigned first, uint32_t smallest)
{
	const uint64_t most = g->count[first + 1] + g->count[first + 2];

	g->hidden[excused] = (most > 0 && most <= smallest) || g->hidden[excused] ||
			     (g->count[excused] > 0 && (g->hidden[first + 1] || g->hidden[first + 2]));
}

/* Of few notifications nothing is told; and of many neither the few that were refused nor the few that were not. */
static void hide_refused(struct law_group *g, uint32_t smallest)
{
	const uint64_t all = g->count[LAW_FIGURE_NOTIFICATIONS], some = g->count[LAW_FIGURE_NOTIFICATIONS_REFUSED];

	g->hidden[LAW_FIGURE_NOTIFICATIONS_REFUSED] =
		all > 0 && (all <= smallest || (some > 0 && some < smallest) || (some < all && all - some < smallest));
}

/* The counts without which one would know how many values there were. */
static bool counts_are_hidden(const struct law_group *g, enum law_stats_step step)
{
	const bool *h = g->hidden;
	const bool executed = h[LAW_FIGURE_OUTCOME_EXECUTED] || h[LAW_FIGURE_OUTCOME_PARTIALLY_EXECUTED];

	switch (step) {
	case LAW_STEP_ACKNOWLEDGE:
		return h[LAW_FIGURE_MEASURES];
	case LAW_STEP_DECIDE:
		return executed || h[LAW_FIGURE_OUTCOME_NOT_EXECUTED] || h[LAW_FIGURE_OUTCOME_REFUSED];
	case LAW_STEP_EXECUTE:
		return executed;
	case LAW_STEPS_N:
		break;
	}
	return true;
}

static void hide_spreads(struct law_group *g, uint32_t smallest)
{
	for (unsigned i = 0; i < LAW_STEPS_N; i++) {
		struct law_spread *p = &g->spread[i];
		const bool hidden = p->n > 0 && counts_are_hidden(g, (enum law_stats_step)i);

		p->n_hidden = p->n > 0;
		p->p50_hidden = hidden || (p->n > 0 && p->requests < smallest);
		p->p90_hidden = hidden || (p->n > 0 && p->requests <= 2 * (uint64_t)smallest);
	}
}

void law_stats_hide(struct law_stats *s, uint32_t smallest)
{
	if (smallest < 2)
		return;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned t = 0; t < LAW_TYPES; t++)
			hide_small(&s->group[side][t], t == 0, smallest);
		hide_only_one(&s->group[side][0], LAW_FIGURE_THEIRS_IN_TIME);
		hide_only_one(&s->group[side][0], LAW_FIGURE_OURS_IN_TIME);
		if (!CY_MUTANT_LAW_SUMS_TELL)
			hide_what_tells(s->group[side], smallest);
		hide_excused(&s->group[side][0], LAW_FIGURE_THEIRS_EXCUSED, LAW_FIGURE_THEIRS_IN_TIME, smallest);
		hide_excused(&s->group[side][0], LAW_FIGURE_OURS_EXCUSED, LAW_FIGURE_OURS_IN_TIME, smallest);
		hide_refused(&s->group[side][0], smallest);
		for (unsigned t = 0; t < LAW_TYPES; t++)
			hide_spreads(&s->group[side][t], smallest);
	}
}
