/* Statistics for a local client: counted from the rows that were kept with the cases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "node/clients/views.h"

#define NODE_STATS_ROWS 1000 /* measures that are counted in one turn of the loop */

/* The end of a day before, or of the day itself, in our zone. */
static bool end_of(const struct node *n, const char *date, int64_t days, struct cy_wall *ret)
{
	const struct law_zone *z =
		n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, n->place.zone) : NULL;
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

/* Statistics that a client waits for. */
struct counting {
	struct counting *next;
	uint64_t conn, correlation;
	struct store_measure_query query; /* owns its strings */
	uint32_t smallest;
	char year[5];            /* of which they are published, with `smallest` above 1 */
	bool any;                /* measure was counted */
	struct law_stats *stats; /* NULL: its turn has not come */
};

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

/* Grounds are many: of them what occurred. */
static bool is_told(const struct law_group *g, unsigned figure, CyMeasureType type, bool published)
{
	return (figure < LAW_FIGURE_GROUND || g->count[figure] > 0) &&
	       (!published || type == CY_MEASURE_TYPE__MEASURE_TYPE_UNSPECIFIED || law_figure_of_types(figure));
}

static CyStatisticsGroup *group_of(struct cy_arena *a, const struct law_group *g, CyDirection direction,
				   CyMeasureType type, bool published)
{
	CyStatisticsGroup *v = cy_arena_take(a, sizeof *v);

	cy_statistics_group__init(v);
	v->direction = direction;
	v->measure = type;
	v->counts = cy_arena_take(a, LAW_FIGURES_N * sizeof *v->counts);
	for (unsigned i = 0; i < LAW_FIGURES_N; i++)
		if (is_told(g, i, type, published))
			v->counts[v->n_counts++] = count_of(a, g, i);
	v->steps = cy_arena_take(a, LAW_STEPS_N * sizeof *v->steps);
	for (unsigned i = 0; i < LAW_STEPS_N; i++)
		v->steps[v->n_steps++] = step_of(a, g, (enum law_stats_step)i);
	return v;
}

/* What is published leaves once the store holds it. */
static void answer(struct node *n, const struct conn *c, const struct counting *k)
{
	const struct law_stats *s = k->stats;
	const bool published = k->smallest > 1;
	CyStatisticsGroup *groups[2 * LAW_TYPES];
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyStatistics v = CY_STATISTICS__INIT;
	struct cy_arena a = { 0 };

	v.groups = groups;
	for (unsigned side = 0; side < 2; side++)
		for (unsigned t = 0; t < LAW_TYPES; t++)
			if (t == 0 || s->group[side][t].any)
				groups[v.n_groups++] = group_of(&a, &s->group[side][t],
								side > 0 ? CY_DIRECTION__IN : CY_DIRECTION__OUT,
								(CyMeasureType)t, published);
	v.now_ms = s->now_ms;
	v.time_zone = n->place.zone;
	v.smallest = published ? k->smallest : 0;
	f.kind_case = CY_SERVER_FRAME__KIND_STATISTICS;
	f.statistics = &v;
	if (published)
		publish_counted(n, c->id, k->correlation, k->year, &v);
	else
		local_send(n, c->id, k->correlation, &f);
	cy_arena_free(&a);
}

static void drop(struct node *n)
{
	struct counting *k = n->local->counting;

	n->local->counting = k->next;
	if (k->stats != NULL)
		law_stats_end(k->stats);
	free(k->stats);
	free((char *)(uintptr_t)k->query.peer);
	free((char *)(uintptr_t)k->query.instrument);
	free(k);
}

void stats_views_free(struct node *n)
{
	while (n->local->counting != NULL)
		drop(n);
}

static char *copy(const char *s)
{
	char *out = strdup(s);

	CY_ASSERT(out != NULL);
	return out;
}

void stats_views_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatistics *r)
{
	struct store_measure_query q = { .after.sent_ms = INT64_MIN, .until = { INT64_MAX } };
	struct cy_wall from = { INT64_MIN };
	const bool from_good = end_of(n, r->from_date, -1, &from), to_good = end_of(n, r->to_date, 0, &q.until);
	struct counting **at = &n->local->counting, *k;
	const char *problem, *field;
	char year[sizeof k->year];

	if (!node_names_peer(n, c, correlation, r->peer))
		return;
	if (!from_good || !to_good) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, from_good ? "to_date" : "from_date",
			    "a day is expected, as YYYY-MM-DD");
		return;
	}
	if ((unsigned)r->measure >= LAW_TYPES) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "measure", "%d is not a type of measure",
			    (int)r->measure);
		return;
	}
	problem = r->smallest > 1 ? publish_refused(n, c, r, q.until, &field) : NULL;
	if (problem != NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, field, "%s", problem);
		return;
	}
	snprintf(year, sizeof year, "%.4s", r->from_date);
	if (r->smallest > 1 && publish_again(n, c, correlation, year, r->smallest))
		return;
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->conn == c->id) {
			local_error(n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
				    "statistics are being counted for this connection: wait for them");
			return;
		}
	k = calloc(1, sizeof *k);
	CY_ASSERT(k != NULL);
	k->conn = c->id;
	k->correlation = correlation;
	k->smallest = r->smallest;
	memcpy(k->year, year, sizeof year);
	k->query = q;
	k->query.after.sent_ms = from.ms;
	k->query.limit = NODE_STATS_ROWS;
	k->query.type = (uint8_t)r->measure;
	k->query.peer = copy(r->peer);
	k->query.instrument = copy(r->instrument);
	*at = k;
	batch_replan(n);
}

struct page {
	struct counting *k;
	uint32_t rows;
};

static int add_row(void *arg, const struct store_measure *row)
{
	struct page *p = arg;

	law_stats_add(p->k->stats, &row->stat);
	p->k->query.after.sent_ms = row->stat.sent_ms;
	p->k->query.after.request = row->stat.request;
	p->k->query.after.measure = row->stat.measure;
	p->k->any = true;
	p->rows++;
	return CY_OK;
}

static void begin(struct node *n, struct counting *k)
{
	if (k->stats != NULL)
		return;
	k->stats = calloc(1, sizeof *k->stats);
	CY_ASSERT(k->stats != NULL);
	k->query.now = node_now(n);
	law_stats_begin(k->stats, k->query.now);
}

/* Zeros would say that it is in use. */
static bool knows_instrument(struct node *n, const struct counting *k)
{
	const struct law_data *b = n->config.legal_data;
	const char *asked = k->query.instrument;
	struct cy_guess guess = CY_GUESS(asked);
	char meant[CY_GUESS_TEXT];

	if (k->any || asked[0] == '\0')
		return true;
	for (size_t i = 0; b != NULL && i < b->n_profiles; i++) {
		if (strcmp(b->profiles[i]->id, asked) == 0)
			return true;
		cy_guess_offer(&guess, b->profiles[i]->id);
	}
	local_error(n, k->conn, k->correlation, CY_ERROR_CODE__NOT_FOUND, "instrument",
		    "no request under '%.*s' was counted, and no treaty profile here has this id%s",
		    (int)LAW_INSTRUMENT_MAX, asked, cy_guess_text(&guess, meant));
	return false;
}

struct cy_mono stats_views_next(const struct node *n)
{
	return n->local->counting != NULL ? n->ports.clock.mono(n->ports.clock.ctx) : CY_NEVER;
}

void stats_views_step(struct node *n)
{
	struct store_port *store = &n->ports.store;
	struct page p = { .k = n->local->counting };
	/* The read moves `after` on. */
	struct store_measure_query q;
	struct conn *c;
	int code;

	if (p.k == NULL)
		return;
	c = node_conn(n, p.k->conn);
	if (c == NULL) {
		drop(n);
		return;
	}
	begin(n, p.k);
	q = p.k->query;
	code = store->measures(store->ctx, local_view(c), &q, add_row, &p);
	if (code == CY_OK && p.rows == q.limit)
		return;
	if (code < 0) {
		local_unreadable(n, c, p.k->correlation, code);
	} else if (knows_instrument(n, p.k)) {
		law_stats_end(p.k->stats);
		law_stats_hide(p.k->stats, p.k->smallest);
		answer(n, c, p.k);
	}
	drop(n);
}
