#include "law/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/days.h"
#include "law/kinds.h"
#include "law/order.h"
#include "law/stated.h"

#define DAY_MS 86400000

const char *law_stats_step_name(enum law_stats_step s)
{
	switch (s) {
#define LAW_X(name, word)     \
	case LAW_STEP_##name: \
		return word;
		LAW_STEPS(LAW_X)
#undef LAW_X
	case LAW_STEPS_N:
		break;
	}
	return "";
}

void law_figure_name(unsigned figure, char out[static LAW_FIGURE_SIZE])
{
	static const char *const words[] = {
#define LAW_X(name, word) word,
		LAW_FIGURES(LAW_X) LAW_OUTCOMES(LAW_X)
#undef LAW_X
	};
	const ProtobufCEnumValue *v;
	char *p;

	out[0] = '\0';
	if (figure < LAW_FIGURE_GROUND) {
		(void)cy_copy(out, LAW_FIGURE_SIZE, words[figure]);
		return;
	}
	v = protobuf_c_enum_descriptor_get_value(&cy_refusal_ground__descriptor, (int)(figure - LAW_FIGURE_GROUND));
	p = out + snprintf(out, LAW_FIGURE_SIZE, "ground_");
	for (const char *c = v != NULL ? v->name : ""; *c != '\0' && p < out + LAW_FIGURE_SIZE - 1; c++)
		*p++ = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	*p = '\0';
}

/* ------------------------------------------------------------------ a measure */

/* The rows of a case while the story is told. */
struct telling {
	const struct law_fact *facts;
	size_t n;
	struct law_case c;
	struct law_stat row[CY_MEASURES_MAX];
	bool ended[CY_MEASURES_MAX];
	unsigned n_rows;
};

static enum law_outcome outcome_of(const struct law_case *c, unsigned i)
{
	if (i < law_subjects(c))
		switch (c->measures[i].state) {
		case LAW_MEASURE_EXECUTED:
			return LAW_OUTCOME_EXECUTED;
		case LAW_MEASURE_PARTIALLY_EXECUTED:
			return LAW_OUTCOME_PARTIALLY_EXECUTED;
		case LAW_MEASURE_NOT_EXECUTED:
			return LAW_OUTCOME_NOT_EXECUTED;
		case LAW_MEASURE_REFUSED:
			return LAW_OUTCOME_REFUSED;
		case LAW_MEASURE_WITHDRAWN:
			return LAW_OUTCOME_WITHDRAWN;
		case LAW_MEASURE_PENDING:
		case LAW_MEASURE_EXECUTING:
			break;
		}
	return c->returned ? LAW_OUTCOME_RETURNED_DEFICIENT : c->redirected ? LAW_OUTCOME_REDIRECTED : LAW_OUTCOME_OPEN;
}

static bool is_decided(const struct law_case *c, unsigned i, enum law_outcome outcome)
{
	return outcome == LAW_OUTCOME_EXECUTED || outcome == LAW_OUTCOME_PARTIALLY_EXECUTED ||
	       outcome == LAW_OUTCOME_NOT_EXECUTED || outcome == LAW_OUTCOME_REFUSED ||
	       (i < c->n_measures && c->measures[i].recognised);
}

static void open_rows(struct telling *t, const struct law_fact *f, const struct law_terms *terms)
{
	t->n_rows = f->measures > 0 ? f->measures : 1;
	for (unsigned i = 0; i < t->n_rows; i++)
		t->row[i] = (struct law_stat){ .kind = f->kind,
					       .measure = (uint8_t)(f->measures > 0 ? i + 1 : 0),
					       .type = terms != NULL && i < terms->n ? terms->type[i] : 0,
					       .sent_ms = law_counted(f->at_ms) };
}

/* Applies a fact that took effect to the rows. */
static void tell(struct telling *t, const struct law_fact *f)
{
	const bool ack =
		f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT && f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY;
	const int64_t at = law_counted(f->at_ms);
	const int64_t decided = f->kind == CY_CONTENT__KIND_DECISION ? law_stated_instant(f, t->row[0].sent_ms) : at;

	for (unsigned i = 0; i < t->n_rows; i++) {
		struct law_stat *r = &t->row[i];

		r->rounds += f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE;
		if (ack)
			r->acknowledged_ms = at;
		if (t->ended[i])
			continue;
		r->outcome = outcome_of(&t->c, i);
		if (r->decided_ms == 0 && f->kind != CY_CONTENT__KIND_WITHDRAWAL && is_decided(&t->c, i, r->outcome))
			r->decided_ms = decided;
		if (r->outcome == LAW_OUTCOME_OPEN)
			continue;
		r->ended_ms = at;
		r->ground = r->outcome == LAW_OUTCOME_REFUSED ? t->c.measures[i].ground : 0;
		t->ended[i] = true;
	}
}

/* The last word of a side about one review of the other counts. */
static bool is_last_word(const struct telling *t, const bool *taken, size_t i)
{
	const struct law_fact *f = &t->facts[i];

	for (size_t k = 0; k < t->n; k++) {
		const struct law_fact *g = &t->facts[k];

		if (taken[k] && g->kind == f->kind && g->side == f->side && g->ref == f->ref &&
		    g->code[1] == f->code[1] && g->number > f->number)
			return false;
	}
	return true;
}

static void count_reviews(struct telling *t, const bool *taken)
{
	uint32_t relied = 0, repeated = 0;

	for (size_t i = 0; i < t->n; i++)
		if (taken[i] && t->facts[i].kind == CY_CONTENT__KIND_REVIEW_RELIANCE && is_last_word(t, taken, i)) {
			relied += t->facts[i].code[0] == CY_RELIANCE__RELIED_ON;
			repeated += t->facts[i].code[0] == CY_RELIANCE__REPEATED;
		}
	for (unsigned i = 0; i < t->n_rows; i++) {
		t->row[i].relied = relied;
		t->row[i].repeated = repeated;
	}
}

static void tell_all(struct telling *t, const struct law_terms *terms)
{
	bool *taken = calloc(t->n + 1, sizeof *taken);
	struct law_order o;
	uint32_t seen;
	size_t i;

	CY_ASSERT(taken != NULL);
	law_order_begin(&o, t->facts, t->n, UINT32_MAX, UINT32_MAX);
	while (law_order_next(&o, &i, &seen)) {
		const struct law_fact *f = &t->facts[i];

		if (law_step(&(struct law_step){ .c = &t->c, .facts = t->facts, .n = t->n, .f = f, .seen = seen }) < 0)
			continue;
		taken[i] = true;
		if (law_kind_opens(f->kind))
			open_rows(t, f, terms);
		else
			tell(t, f);
	}
	law_order_end(&o);
	count_reviews(t, taken);
	free(taken);
}

/* Nothing opened it: then what would have is void, or not here. */
static void void_rows(struct telling *t, const struct law_terms *terms)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->facts[i].voided && law_kind_opens(t->facts[i].kind)) {
			open_rows(t, &t->facts[i], terms);
			break;
		}
	for (unsigned i = 0; i < t->n_rows; i++)
		t->row[i].outcome = LAW_OUTCOME_VOID;
}

int law_stats_of(const struct law_fact *facts, size_t n, const struct law_terms *terms,
		 int (*fn)(void *arg, const struct law_stat *row), void *arg)
{
	struct telling *t = calloc(1, sizeof *t);
	int r = CY_OK;

	CY_ASSERT(t != NULL);
	t->facts = facts;
	t->n = n;
	tell_all(t, terms);
	if (t->n_rows == 0)
		void_rows(t, terms);
	for (unsigned i = 0; r == CY_OK && i < t->n_rows; i++)
		r = fn(arg, &t->row[i]);
	free(t);
	return r;
}

/* ------------------------------------------------------------------- counting */

/* Milliseconds times 256, and the type. */
struct law_sample {
	uint64_t packed;
};

static int64_t ms_of(const struct law_sample *s)
{
	return (int64_t)(s->packed >> 8);
}

static uint8_t type_of(const struct law_sample *s)
{
	return (uint8_t)s->packed;
}

void law_stats_begin(struct law_stats *s, struct cy_wall now)
{
	memset(s, 0, sizeof *s);
	s->now_ms = now.ms;
}

static void sampled(struct law_stats *s, unsigned side, enum law_stats_step step, unsigned type)
{
	s->group[side][type].spread[step].requests += !s->sampled[type][step];
	s->sampled[type][step] = true;
}

static void sample(struct law_stats *s, unsigned side, enum law_stats_step step, const struct law_stat *row,
		   int64_t until_ms)
{
	const size_t n = s->samples[side][step].n;
	struct law_sample *at = s->samples[side][step].at;

	if (until_ms == 0)
		return;
	if (n == s->samples[side][step].cap) {
		const size_t cap = n > 0 ? 2 * n : 64;

		at = realloc(at, cap * sizeof *at);
		CY_ASSERT(at != NULL);
		s->samples[side][step].at = at;
		s->samples[side][step].cap = cap;
	}
	/* The two authorities' clocks may differ. */
	at[n].packed = (until_ms > row->sent_ms ? (uint64_t)(until_ms - row->sent_ms) << 8 : 0) | row->type;
	s->samples[side][step].n = n + 1;
	sampled(s, side, step, 0);
	if (row->type > 0)
		sampled(s, side, step, row->type);
}

static enum law_figure age_of(int64_t ms)
{
	const int64_t days = ms / DAY_MS;

	return days < 30    ? LAW_FIGURE_OPEN_30
	       : days < 90  ? LAW_FIGURE_OPEN_90
	       : days < 180 ? LAW_FIGURE_OPEN_180
	       : days < 365 ? LAW_FIGURE_OPEN_365
			    : LAW_FIGURE_OPEN_OVER;
}

/* The counts of all types, or of one, while a row is added. */
struct tally {
	struct law_group *group;
	bool *counted;
};

static void count(const struct tally *t, unsigned figure, uint64_t n)
{
	if (n == 0)
		return;
	t->group->count[figure] += n;
	t->group->requests[figure] += !t->counted[figure];
	t->counted[figure] = true;
}

static void add_limits(const struct tally *t, const struct law_limits l[2])
{
	for (unsigned ours = 0; ours < 2; ours++) {
		const unsigned first = ours ? LAW_FIGURE_OURS_IN_TIME : LAW_FIGURE_THEIRS_IN_TIME;

		count(t, first, l[ours].in_time);
		count(t, first + 1, l[ours].late);
		count(t, first + 2, l[ours].lapsed);
		count(t, ours ? LAW_FIGURE_OURS_EXCUSED : LAW_FIGURE_THEIRS_EXCUSED, l[ours].excused);
	}
}

/* Counts the figures that count once for a case. */
static void add_case(const struct tally *t, const struct law_stat *row)
{
	t->group->any = true;
	count(t, LAW_FIGURE_REQUESTS, row->kind == CY_CONTENT__KIND_REQUEST);
	count(t, LAW_FIGURE_NOTIFICATIONS, row->kind == CY_CONTENT__KIND_NOTIFICATION);
	count(t, LAW_FIGURE_INFORMATION, row->kind == CY_CONTENT__KIND_SPONTANEOUS_INFORMATION);
	count(t, LAW_FIGURE_ROUNDS, row->rounds);
	count(t, LAW_FIGURE_REVIEWS_RELIED, row->relied);
	count(t, LAW_FIGURE_REVIEWS_REPEATED, row->repeated);
	add_limits(t, row->request_limits);
}

static void add_measure(const struct tally *t, const struct law_stat *row, int64_t now_ms)
{
	add_limits(t, row->limits);
	count(t, LAW_FIGURE_NOTIFICATIONS_REFUSED,
	      row->kind == CY_CONTENT__KIND_NOTIFICATION && row->outcome == LAW_OUTCOME_REFUSED);
	if (row->kind != CY_CONTENT__KIND_REQUEST)
		return;
	count(t, LAW_FIGURE_MEASURES, 1);
	count(t, LAW_FIGURE_OUTCOME_OPEN + (unsigned)row->outcome, 1);
	if (row->outcome == LAW_OUTCOME_OPEN)
		count(t, age_of(now_ms - row->sent_ms), 1);
	if (row->outcome == LAW_OUTCOME_REFUSED)
		count(t, LAW_FIGURE_GROUND + row->ground, 1);
}

void law_stats_add(struct law_stats *s, const struct law_stat *row)
{
	const unsigned side = row->side == CY_SIDE__REQUESTED;
	const uint8_t type = row->type < LAW_TYPES ? row->type : 0;
	const bool returned = row->outcome == LAW_OUTCOME_RETURNED_DEFICIENT && row->kind == CY_CONTENT__KIND_REQUEST;
	const struct tally all = { &s->group[side][0], s->counted[0] };
	const struct tally one = { &s->group[side][type], s->counted[type] };
	struct law_stat known = *row;

	if (row->outcome == LAW_OUTCOME_VOID || row->ground > CY_REFUSAL_GROUND__TREATY_SPECIFIC)
		return;
	known.type = type;
	if (s->seen == 0 || s->request != row->request) {
		s->request = row->request;
		s->seen = s->returned = 0;
		memset(s->counted, 0, sizeof s->counted);
		memset(s->sampled, 0, sizeof s->sampled);
	}
	if (s->seen == 0)
		add_case(&all, row);
	if (type > 0 && (s->seen & UINT64_C(1) << type) == 0)
		add_case(&one, row);
	s->seen |= UINT64_C(1) << type;
	count(&all, LAW_FIGURE_REQUESTS_RETURNED, returned && s->returned == 0);
	if (type > 0)
		count(&one, LAW_FIGURE_REQUESTS_RETURNED, returned && (s->returned & UINT64_C(1) << type) == 0);
	s->returned |= returned ? UINT64_C(1) << type : 0;
	add_measure(&all, row, s->now_ms);
	if (type > 0)
		add_measure(&one, row, s->now_ms);
	if (row->kind != CY_CONTENT__KIND_REQUEST)
		return;
	sample(s, side, LAW_STEP_ACKNOWLEDGE, &known, row->acknowledged_ms);
	sample(s, side, LAW_STEP_DECIDE, &known, row->decided_ms);
	if (row->outcome == LAW_OUTCOME_EXECUTED || row->outcome == LAW_OUTCOME_PARTIALLY_EXECUTED)
		sample(s, side, LAW_STEP_EXECUTE, &known, row->ended_ms);
}

/* -------------------------------------------------------------------- spreads */

static int by_ms(const void *a, const void *b)
{
	const struct law_sample *x = a, *y = b;

	return x->packed < y->packed ? -1 : x->packed > y->packed;
}

/* Number, from 1, of the value that is the percentile of n. */
static uint64_t rank(uint64_t percent, uint64_t n)
{
	return (percent * n + 99) / 100;
}

/* One value in rising order: it is the `at`-th of its group. */
static void count_value(struct law_spread *p, uint64_t at, int64_t ms)
{
	if (at == rank(50, p->n))
		p->p50_ms = ms;
	if (at == rank(90, p->n))
		p->p90_ms = ms;
}

static void spread(struct law_group groups[static LAW_TYPES], enum law_stats_step step, const struct law_sample *at,
		   size_t n)
{
	uint64_t counted[LAW_TYPES] = { 0 };

	groups[0].spread[step].n = n;
	for (size_t i = 0; i < n; i++)
		if (type_of(&at[i]) > 0)
			groups[type_of(&at[i])].spread[step].n++;
	for (size_t i = 0; i < n; i++) {
		const uint8_t type = type_of(&at[i]);

		count_value(&groups[0].spread[step], i + 1, ms_of(&at[i]));
		if (type > 0)
			count_value(&groups[type].spread[step], ++counted[type], ms_of(&at[i]));
	}
}

void law_stats_end(struct law_stats *s)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned step = 0; step < LAW_STEPS_N; step++) {
			struct law_sample *at = s->samples[side][step].at;
			const size_t n = s->samples[side][step].n;

			if (n > 0)
				qsort(at, n, sizeof *at, by_ms);
			spread(s->group[side], (enum law_stats_step)step, at, n);
			free(at);
			s->samples[side][step].at = NULL;
			s->samples[side][step].n = s->samples[side][step].cap = 0;
		}
}
