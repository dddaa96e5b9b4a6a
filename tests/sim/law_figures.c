/* Statistics counted anew, from the messages of the cases alone (law_scenes.c, law_judge.c), and compared with what
 * each daemon answers: of all, with each peer, and under each instrument. */
#include <stdlib.h>
#include <string.h>

#include "law.h"
#include "law/kinds.h"

struct spell {
	int64_t *at;
	size_t n, cap;
};

/* By whether we were asked, and by type of measure; 0: all. */
struct figures {
	uint64_t count[2][LAW_TYPES][LAW_FIGURES_N];
	struct spell steps[2][LAW_TYPES][LAW_STEPS_N];
	int64_t now;
	/* Of the case at hand. */
	const struct mem_case *c;
	const struct law_scenes *a;
	unsigned side;
	uint8_t type[CY_MEASURES_MAX + 1]; /* [0]: unused */
	bool has[LAW_TYPES];
};

static void add(struct figures *g, unsigned type, unsigned figure, uint64_t n)
{
	g->count[g->side][type][figure] += n;
}

/* For a measure: of its type, and of all. */
static void add_measure(struct figures *g, unsigned m, unsigned figure)
{
	add(g, 0, figure, 1);
	if (g->type[m] > 0)
		add(g, g->type[m], figure, 1);
}

/* For the case: once of each type that it has, and of all. */
static void add_case(struct figures *g, unsigned figure, uint64_t n)
{
	add(g, 0, figure, n);
	for (unsigned t = 1; t < LAW_TYPES; t++)
		if (g->has[t])
			add(g, t, figure, n);
}

static void keep(struct spell *s, int64_t ms)
{
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 16;
		s->at = realloc(s->at, s->cap * sizeof *s->at);
		CY_ASSERT(s->at != NULL);
	}
	s->at[s->n++] = ms > 0 ? ms : 0;
}

static void add_step(struct figures *g, unsigned m, enum law_stats_step step, const struct law_fact *f, int64_t at)
{
	if (f == NULL)
		return;
	keep(&g->steps[g->side][0][step], at - g->a->opened);
	if (g->type[m] > 0)
		keep(&g->steps[g->side][g->type[m]][step], at - g->a->opened);
}

/* ------------------------------------------------------------------------------ time limits */

static bool can_be_broken(const struct law_clock_rule *r)
{
	return r->met_by != 1u << LAW_MEET_NOTHING && r->lapse != LAW_LAPSE_TACIT_NO_OBJECTION &&
	       r->lapse != LAW_LAPSE_OBLIGATION_CEASES;
}

static void count_limit(void *arg, const struct law_verdict *v)
{
	struct figures *g = arg;
	const bool ours = v->rule->obliged == g->c->row.side;
	const int64_t until = v->ended != 0 ? v->ended : v->state == LAW_CLOCK_RUNNING ? g->now : 0;
	const bool over = v->due != 0 && until > v->due, met = v->state == LAW_CLOCK_MET;
	const unsigned first = ours ? LAW_FIGURE_OURS_IN_TIME : LAW_FIGURE_THEIRS_IN_TIME, figure = first + (!over ? 0
													     : met ? 1
														   : 2);

	if (!can_be_broken(v->rule) || (!over && !met))
		return;
	for (unsigned i = 0; i < 1u + (over && v->excused != 0); i++) {
		const unsigned of = i == 0 ? figure : ours ? LAW_FIGURE_OURS_EXCUSED : LAW_FIGURE_THEIRS_EXCUSED;

		if (v->measure > 0)
			add_measure(g, v->measure, of);
		else
			add_case(g, of, 1);
	}
}

/* ---------------------------------------------------------------------------------- a case */

static unsigned backlog_of(int64_t ms)
{
	static const int64_t until[] = { 30, 90, 180, 365 };
	unsigned i = 0;

	while (i < sizeof until / sizeof until[0] && ms >= until[i] * DAY)
		i++;
	return LAW_FIGURE_OPEN_30 + i;
}

/* A decision says when it was made; a refusal and a result are there when they are said. */
static int64_t decided_at(const struct figures *g, const struct law_fact *f)
{
	if (f == NULL)
		return 0;
	return f->kind == CY_CONTENT__KIND_DECISION ? law_scene_happened(g->a, f) : law_counted(f->at_ms);
}

/* What became of it. */
static void count_measure(struct figures *g, unsigned m)
{
	const struct law_fact *decided = NULL, *ended = NULL, *ack = NULL;
	unsigned outcome = LAW_OUTCOME_OPEN;

	for (size_t i = 1; i < g->a->n && ended == NULL; i++) {
		const struct law_scene *x = &g->a->scene[i];
		const uint32_t kind = x->f->kind;

		if (ack == NULL && kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT &&
		    x->f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY)
			ack = x->f;
		if (decided == NULL && x->on[m] &&
		    (kind == CY_CONTENT__KIND_DECISION || kind == CY_CONTENT__KIND_REFUSAL ||
		     (kind == CY_CONTENT__KIND_RESULT && x->over[m])))
			decided = x->f;
		outcome = x->over[m]                                    ? x->outcome[m]
			  : kind == CY_CONTENT__KIND_RETURNED_DEFICIENT ? LAW_OUTCOME_RETURNED_DEFICIENT
			  : kind == CY_CONTENT__KIND_REDIRECTION        ? LAW_OUTCOME_REDIRECTED
									: LAW_OUTCOME_OPEN;
		if (outcome == LAW_OUTCOME_REFUSED)
			add_measure(g, m, LAW_FIGURE_GROUND + x->ground[m]);
		if (outcome != LAW_OUTCOME_OPEN)
			ended = x->f;
	}
	/* It may have been acknowledged after the measure ended. */
	for (size_t i = 1; i < g->a->n && ack == NULL; i++)
		if (g->a->scene[i].f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT &&
		    g->a->scene[i].f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY)
			ack = g->a->scene[i].f;
	add_measure(g, m, LAW_FIGURE_MEASURES);
	add_measure(g, m, LAW_FIGURE_OUTCOME_OPEN + outcome);
	if (outcome == LAW_OUTCOME_OPEN)
		add_measure(g, m, backlog_of(g->now - g->a->opened));
	add_step(g, m, LAW_STEP_ACKNOWLEDGE, ack, ack != NULL ? law_counted(ack->at_ms) : 0);
	add_step(g, m, LAW_STEP_DECIDE, decided, decided_at(g, decided));
	if (outcome == LAW_OUTCOME_EXECUTED || outcome == LAW_OUTCOME_PARTIALLY_EXECUTED)
		add_step(g, m, LAW_STEP_EXECUTE, ended, law_counted(ended->at_ms));
}

static bool returned(const struct law_scenes *a, bool *ret_type, const uint8_t *type)
{
	bool any = false;

	for (size_t i = 0; i < a->n; i++)
		for (unsigned m = 1; a->scene[i].f->kind == CY_CONTENT__KIND_RETURNED_DEFICIENT && m <= a->measures;
		     m++)
			if (!a->scene[i].over[m]) {
				any = true;
				ret_type[type[m]] = true;
			}
	return any;
}

static void count_case(struct figures *g)
{
	const uint32_t kind = g->a->scene[0].f->kind;
	bool back[LAW_TYPES] = { 0 };
	uint64_t rounds = 0;
	bool refused = false;

	for (size_t i = 0; i < g->a->n; i++) {
		rounds += g->a->scene[i].f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE;
		refused = refused || g->a->scene[i].f->kind == CY_CONTENT__KIND_REFUSAL;
	}
	add_case(g, LAW_FIGURE_ROUNDS, rounds);
	add_case(g,
		 kind == CY_CONTENT__KIND_REQUEST        ? LAW_FIGURE_REQUESTS
		 : kind == CY_CONTENT__KIND_NOTIFICATION ? LAW_FIGURE_NOTIFICATIONS
							 : LAW_FIGURE_INFORMATION,
		 1);
	add_case(g, LAW_FIGURE_NOTIFICATIONS_REFUSED, kind == CY_CONTENT__KIND_NOTIFICATION && refused);
	if (kind != CY_CONTENT__KIND_REQUEST)
		return;
	if (returned(g->a, back, g->type))
		add(g, 0, LAW_FIGURE_REQUESTS_RETURNED, 1);
	for (unsigned t = 1; t < LAW_TYPES; t++)
		add(g, t, LAW_FIGURE_REQUESTS_RETURNED, back[t]);
	for (unsigned m = 1; m <= g->a->measures; m++)
		count_measure(g, m);
}

static void look_at(struct figures *g, const struct sim_node *s, const struct mem_case *c)
{
	struct law_scenes a;
	struct law_terms t = { 0 };

	law_scenes_begin(&a, c);
	(void)law_terms_decode(c->row.terms, &t);
	g->c = c;
	g->a = &a;
	g->side = c->row.side == CY_SIDE__REQUESTED;
	memset(g->type, 0, sizeof g->type);
	memset(g->has, 0, sizeof g->has);
	for (unsigned m = 1; m <= t.n && (m <= a.measures || m == 1); m++) {
		g->type[m] = t.type[m - 1] < LAW_TYPES ? t.type[m - 1] : 0;
		g->has[g->type[m]] = true;
	}
	if (a.n > 0 && law_kind_opens(a.scene[0].f->kind)) {
		count_case(g);
		law_verdicts(s, c, &a, count_limit, g);
	}
	law_scenes_end(&a);
}

/* ------------------------------------------------------------------------------- comparing */

static int by_ms(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The smallest value that is not exceeded by so many of a hundred; 0: there is none. */
static int64_t percentile(struct spell *s, unsigned percent)
{
	size_t i = 0;

	if (s->n == 0)
		return 0;
	qsort(s->at, s->n, sizeof *s->at, by_ms);
	while ((i + 1) * 100 < percent * s->n)
		i++;
	return s->at[i];
}

struct answer {
	const struct sim_node *s;
	char about[128];
	const CyStatistics *v;
};

static void differs(const struct answer *x, unsigned side, unsigned type, const char *what, int64_t there, int64_t here)
{
	world_fail(x->s->w, "%s: statistics of %s, %s, type %u: %s is %lld, and %lld by the facts", x->s->id, x->about,
		   side > 0 ? "in" : "out", type, what, (long long)there, (long long)here);
}

static const CyStatisticsGroup *group_of(const CyStatistics *v, unsigned side, unsigned type)
{
	for (size_t i = 0; i < v->n_groups; i++)
		if (v->groups[i]->measure == (CyMeasureType)type &&
		    (v->groups[i]->direction == CY_DIRECTION__IN) == (side > 0))
			return v->groups[i];
	return NULL;
}

static uint64_t count_in(const CyStatisticsGroup *g, const char *name)
{
	for (size_t i = 0; g != NULL && i < g->n_counts; i++)
		if (strcmp(g->counts[i]->name, name) == 0)
			return g->counts[i]->count;
	return 0;
}

static void compare_group(const struct answer *x, struct figures *f, unsigned side, unsigned type)
{
	const CyStatisticsGroup *g = group_of(x->v, side, type);
	char name[LAW_FIGURE_SIZE];

	for (unsigned i = 0; i < LAW_FIGURES_N; i++) {
		law_figure_name(i, name);
		if (count_in(g, name) != f->count[side][type][i])
			differs(x, side, type, name, (int64_t)count_in(g, name), (int64_t)f->count[side][type][i]);
	}
	for (unsigned i = 0; i < LAW_STEPS_N; i++) {
		struct spell *s = &f->steps[side][type][i];
		const CyStatisticsStep *there = g != NULL && i < g->n_steps ? g->steps[i] : NULL;
		const int64_t n = there != NULL ? (int64_t)there->n : 0, p50 = there != NULL ? there->p50_ms : 0,
			      p90 = there != NULL ? there->p90_ms : 0;

		if (n != (int64_t)s->n)
			differs(x, side, type, law_stats_step_name((enum law_stats_step)i), n, (int64_t)s->n);
		if (p50 != percentile(s, 50))
			differs(x, side, type, "a median", p50, percentile(s, 50));
		if (p90 != percentile(s, 90))
			differs(x, side, type, "a 90th percentile", p90, percentile(s, 90));
	}
}

/* What number `no` of the questions is about. */
static void question(const struct sim_node *s, size_t no, const char **ret_peer, const char **ret_instrument)
{
	*ret_peer = *ret_instrument = "";
	if (no > 0 && no <= s->n_pairs)
		*ret_peer = s->pairs[no - 1]->side[s->pairs[no - 1]->side[0] == s]->id;
	else if (no > 0)
		*ret_instrument = s->w->law->legal_data.profiles[no - 1 - s->n_pairs]->id;
}

void law_figures_answered(struct sim_node *s, size_t no, const CyStatistics *v)
{
	struct figures *f = calloc(1, sizeof *f);
	struct answer x = { .s = s, .v = v };
	const char *peer, *instrument;

	CY_ASSERT(f != NULL);
	question(s, no, &peer, &instrument);
	snprintf(x.about, sizeof x.about, "peer '%s', instrument '%s'", peer, instrument);
	f->now = v->now_ms;
	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next)
		if (c->row.case_id[0] != '\0' && (peer[0] == '\0' || strcmp(peer, c->row.peer) == 0) &&
		    (instrument[0] == '\0' || strcmp(instrument, c->row.instrument) == 0))
			look_at(f, s, c);
	for (unsigned side = 0; side < 2; side++)
		for (unsigned type = 0; type < LAW_TYPES; type++) {
			compare_group(&x, f, side, type);
			s->w->law->counts.figures += f->count[side][type][LAW_FIGURE_REQUESTS] > 0;
			for (unsigned i = 0; i < LAW_STEPS_N; i++)
				free(f->steps[side][type][i].at);
		}
	free(f);
}

bool law_figures_unknown(const struct sim_node *s, size_t no)
{
	const char *peer, *instrument;

	question(s, no, &peer, &instrument);
	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next)
		if (strcmp(instrument, c->row.instrument) == 0)
			return false;
	return instrument[0] != '\0';
}

bool law_figures_ask(struct sim_node *s, size_t no, CyGetStatistics *ret)
{
	const char *peer, *instrument;

	if (no > s->n_pairs + s->w->law->legal_data.n_profiles)
		return false;
	question(s, no, &peer, &instrument);
	cy_get_statistics__init(ret);
	ret->peer = (char *)(uintptr_t)peer;
	ret->instrument = (char *)(uintptr_t)instrument;
	return true;
}
