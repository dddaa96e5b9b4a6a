/* What an authority counts that it asked, the other one counts that it was asked. Each publishes its figures of each
 * year, and of all years; a reader solves the tables for what they hide. Where there are two authorities, what the one
 * asked is what the other was asked: the reader has both tables. */
#include <stdlib.h>
#include <string.h>

#include "../rig/store_mem.h"
#include "law.h"
#include "law/stats.h"
#include "table_attack.h"

#define YEAR     (INT64_C(365) * DAY)
#define SMALLEST 5

/* `peer` NULL: with all of them. */
static struct law_stats *table_of(const struct sim_node *s, const struct sim_node *peer, int64_t from, int64_t until,
				  struct cy_wall now)
{
	struct law_stats *t = calloc(1, sizeof *t);
	uint64_t no = 0;

	CY_ASSERT(t != NULL);
	law_stats_begin(t, now);
	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next) {
		no++;
		if (peer != NULL && strcmp(peer->id, c->row.peer) != 0)
			continue;
		for (const struct mem_measure *m = c->measures; m != NULL; m = m->next) {
			const struct law_stat row = mem_stat(c, m, no, now);

			if (row.sent_ms >= from && row.sent_ms < until)
				law_stats_add(t, &row);
		}
	}
	law_stats_end(t);
	return t;
}

static void attack(struct world *w, const char *whose, const struct law_group groups[static LAW_TYPES])
{
	struct table_attack a;

	table_attack(groups, SMALLEST, &a);
	w->law->counts.hidden += a.hidden;
	if (a.narrow > 0)
		world_fail(w, "%s publishes %u hidden counts with narrow bounds, %u of them known: %s", whose, a.narrow,
			   a.recovered, a.worst);
}

/* What we owe, they are owed. */
static unsigned there(unsigned figure)
{
	if (figure >= LAW_FIGURE_THEIRS_IN_TIME && figure <= LAW_FIGURE_THEIRS_LAPSED)
		return figure + LAW_FIGURE_OURS_IN_TIME - LAW_FIGURE_THEIRS_IN_TIME;
	if (figure == LAW_FIGURE_THEIRS_EXCUSED || figure == LAW_FIGURE_OURS_EXCUSED)
		return LAW_FIGURE_THEIRS_EXCUSED + LAW_FIGURE_OURS_EXCUSED - figure;
	if (figure >= LAW_FIGURE_OURS_IN_TIME && figure <= LAW_FIGURE_OURS_LAPSED)
		return figure - (LAW_FIGURE_OURS_IN_TIME - LAW_FIGURE_THEIRS_IN_TIME);
	return figure;
}

/* By authorities that have no treaty profiles no time limits are counted. */
static bool is_of_limits(unsigned figure)
{
	return (figure >= LAW_FIGURE_THEIRS_IN_TIME && figure <= LAW_FIGURE_OURS_LAPSED) ||
	       figure == LAW_FIGURE_THEIRS_EXCUSED || figure == LAW_FIGURE_OURS_EXCUSED;
}

/* What one has asked, the other was asked. */
static void compare_both(struct world *w, const struct sim_node *a, const struct law_stats *asked,
			 const struct sim_node *b, const struct law_stats *was_asked)
{
	char name[LAW_FIGURE_SIZE];

	for (unsigned t = 0; t < LAW_TYPES; t++)
		for (unsigned f = 0; f < LAW_FIGURES_N; f++) {
			const uint64_t here = asked->group[0][t].count[f],
				       elsewhere = was_asked->group[1][t].count[there(f)];

			if (here == elsewhere || (is_of_limits(f) && (!law_keeps(a) || !law_keeps(b))))
				continue;
			law_figure_name(f, name);
			world_fail(w, "%s counts %llu %s of type %u that it asked %s, which counts %llu", a->id,
				   (unsigned long long)here, name, t, b->id, (unsigned long long)elsewhere);
		}
}

static void compare_pair(struct world *w, const struct sim_node *a, const struct sim_node *b)
{
	const struct cy_wall now = { START_MS + w->now };
	struct law_stats *of_a = table_of(a, b, INT64_MIN, INT64_MAX, now),
			 *of_b = table_of(b, a, INT64_MIN, INT64_MAX, now);

	compare_both(w, a, of_a, b, of_b);
	compare_both(w, b, of_b, a, of_a);
	free(of_a);
	free(of_b);
}

/* What is hidden in both tables of the same counts. */
static void attack_both(struct world *w, const struct law_stats *asked, const struct law_stats *was_asked)
{
	struct law_group *both = calloc(LAW_TYPES, sizeof *both);

	CY_ASSERT(both != NULL);
	for (unsigned t = 0; t < LAW_TYPES; t++) {
		both[t] = asked->group[0][t];
		for (unsigned f = 0; f < LAW_FIGURES_N; f++)
			both[t].hidden[f] = both[t].hidden[f] && was_asked->group[1][t].hidden[there(f)];
	}
	attack(w, "each of both authorities", both);
	free(both);
}

static void publish(struct world *w, int64_t from, int64_t until)
{
	const struct cy_wall now = { START_MS + w->now };
	struct law_stats *last = NULL;

	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct law_stats *t = table_of(&w->nodes[i], NULL, from, until, now);

		law_stats_hide(t, SMALLEST);
		attack(w, w->nodes[i].id, t->group[0]);
		attack(w, w->nodes[i].id, t->group[1]);
		if (w->set.nodes == 2 && i == 1) {
			attack_both(w, last, t);
			attack_both(w, t, last);
		}
		free(last);
		last = t;
	}
	free(last);
}

void law_publish(struct world *w)
{
	for (size_t i = 0; i < w->n_pairs; i++)
		compare_pair(w, w->pairs[i]->side[0], w->pairs[i]->side[1]);
	for (int64_t from = START_MS; from < START_MS + w->now; from += YEAR)
		publish(w, from, from + YEAR);
	publish(w, INT64_MIN, INT64_MAX);
}
