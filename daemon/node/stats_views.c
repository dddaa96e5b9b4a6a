/* Statistics for a local client: counted from the rows that were kept with the cases. */
#include <stdlib.h>
#include <string.h>

#include "node/internal.h"

static int add_row(void *arg, const struct store_measure *row)
{
	law_stats_add(arg, &row->stat);
	return CY_OK;
}

/* The end of a day before, or of the day itself, in our zone. */
static bool end_of(const struct node *n, const char *date, int64_t days, struct cy_wall *ret)
{
	const struct law_zone *z = n->config.books != NULL ? law_find_zone(n->config.books, n->place.zone) : NULL;
	struct cy_date d;

	if (date[0] == '\0')
		return true;
	if (cy_date_parse(date, &d) < 0)
		return false;
	d = cy_date_of_days(cy_date_days(d) + days);
	/* The instant after the last millisecond. */
	ret->ms = (z != NULL ? law_end_of_day(z, d).ms : (cy_date_days(d) + 1) * 86400000 - 1) + 1;
	return true;
}

static CyStatisticsCount *count_of(struct cy_arena *a, const struct law_group *g, unsigned figure)
{
	CyStatisticsCount *c = cy_arena_take(a, sizeof *c);
	char name[LAW_FIGURE_SIZE];

	cy_statistics_count__init(c);
	law_figure_name(figure, name);
	c->name = cy_arena_string(a, name);
	if (!g->hidden[figure]) {
		c->_count_case = CY_STATISTICS_COUNT___COUNT_COUNT;
		c->count = g->count[figure];
	}
	return c;
}

static CyStatisticsStep *step_of(struct cy_arena *a, const struct law_group *g, enum law_stats_step step)
{
	const struct law_spread *p = &g->spread[step];
	CyStatisticsStep *s = cy_arena_take(a, sizeof *s);

	cy_statistics_step__init(s);
	s->name = cy_arena_string(a, law_stats_step_name(step));
	if (!p->n_hidden) {
		s->_n_case = CY_STATISTICS_STEP___N_N;
		s->n = p->n;
	}
	if (p->n > 0 && !p->p50_hidden) {
		s->_p50_ms_case = CY_STATISTICS_STEP___P50_MS_P50_MS;
		s->p50_ms = p->p50_ms;
	}
	if (p->n > 0 && !p->p90_hidden) {
		s->_p90_ms_case = CY_STATISTICS_STEP___P90_MS_P90_MS;
		s->p90_ms = p->p90_ms;
	}
	return s;
}

static CyStatisticsGroup *group_of(struct cy_arena *a, const struct law_group *g, CyDirection direction,
				   CyMeasureType type)
{
	CyStatisticsGroup *v = cy_arena_take(a, sizeof *v);

	cy_statistics_group__init(v);
	v->direction = direction;
	v->measure = type;
	v->counts = cy_arena_take(a, LAW_FIGURES_N * sizeof *v->counts);
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		if (i < LAW_FIGURE_GROUND || g->count[i] > 0)
			v->counts[v->n_counts++] = count_of(a, g, i);
	v->steps = cy_arena_take(a, LAW_STEPS_N * sizeof *v->steps);
	for (unsigned i = 0; i < LAW_STEPS_N; i++)
		v->steps[v->n_steps++] = step_of(a, g, (enum law_stats_step)i);
	return v;
}

static void answer(struct node *n, struct conn *c, uint64_t correlation, const struct law_stats *s)
{
	CyStatisticsGroup *groups[2 * LAW_TYPES];
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyStatistics v = CY_STATISTICS__INIT;
	struct cy_arena a = { 0 };

	v.groups = groups;
	for (unsigned side = 0; side < 2; side++)
		for (unsigned t = 0; t < LAW_TYPES; t++)
			if (t == 0 || s->group[side][t].any)
				groups[v.n_groups++] =
					group_of(&a, &s->group[side][t],
						 side > 0 ? CY_DIRECTION__IN : CY_DIRECTION__OUT, (CyMeasureType)t);
	v.now_ms = s->now_ms;
	v.time_zone = n->place.zone;
	f.kind_case = CY_SERVER_FRAME__KIND_STATISTICS;
	f.statistics = &v;
	local_send(n, c->id, correlation, &f);
	cy_arena_free(&a);
}

void stats_views_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatistics *r)
{
	struct store_port *store = &n->ports.store;
	struct store_measure_query q = { .from = { INT64_MIN },
					 .until = { INT64_MAX },
					 .peer = r->peer,
					 .instrument = r->instrument,
					 .type = (uint8_t)r->measure,
					 .now = node_now(n) };
	struct law_stats *s;
	int code;

	if (!end_of(n, r->from_date, -1, &q.from) || !end_of(n, r->to_date, 0, &q.until)) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID,
			    end_of(n, r->from_date, -1, &q.from) ? "to_date" : "from_date",
			    "a day is expected, as YYYY-MM-DD");
		return;
	}
	if ((unsigned)r->measure >= LAW_TYPES) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "measure", "%d is no type of measure",
			    (int)r->measure);
		return;
	}
	s = calloc(1, sizeof *s);
	CY_ASSERT(s != NULL);
	law_stats_begin(s, q.now);
	code = store->measures(store->ctx, local_view(c), &q, add_row, s);
	law_stats_end(s);
	law_stats_hide(s, r->smallest);
	if (code < 0)
		local_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "the store cannot read now: repeat later");
	else
		answer(n, c, correlation, s);
	free(s);
}
