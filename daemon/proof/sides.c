#include "proof/sides.h"

#include <stdlib.h>
#include <string.h>

#include "law/fold.h"
#include "law/kinds.h"

const char *proof_side_name(enum proof_side s)
{
	static const char *const words[] = {
#define PROOF_X(name, word) word,
		PROOF_SIDES(PROOF_X)
#undef PROOF_X
	};

	return words[s];
}

const char *proof_why_name(enum proof_why w)
{
	static const char *const words[] = {
#define PROOF_X(name, word, sentence) word,
		PROOF_WHYS(PROOF_X)
#undef PROOF_X
	};

	return words[w];
}

const char *proof_why_text(enum proof_why w)
{
	static const char *const sentences[] = {
#define PROOF_X(name, word, sentence) sentence,
		PROOF_WHYS(PROOF_X)
#undef PROOF_X
	};

	return sentences[w];
}

/* ------------------------------------------------------------ when it counts */

int64_t proof_counts_ms(const struct law_fact *facts, const int64_t *receipt_ms, size_t n, size_t at)
{
	const struct law_fact *f = &facts[at];
	const int64_t made = law_counted(f->at_ms);
	int64_t first = receipt_ms[at] != 0 ? law_counted(receipt_ms[at]) : 0;

	if (first == 0)
		for (size_t i = 0; i < n; i++)
			if (facts[i].side != f->side && facts[i].seen >= f->number &&
			    (first == 0 || law_counted(facts[i].at_ms) < first))
				first = law_counted(facts[i].at_ms);
	return first == 0 ? 0 : first > made ? first : made;
}

/* What the list is made from: `made` and `counts` of each fact; INT64_MAX: it does not count. */
struct work {
	const struct law_fact *facts;
	size_t n;
	int64_t *made, *counts;
	struct law_fact *set; /* those that are there at an instant */
	struct law_case folded;
};

/* Nothing counts before what its author had said and seen before: that may take a few rounds where the clocks of the
 * two sides differ. What is void, and never arrived, holds nothing up. */
static void keep_causes(struct work *w)
{
	bool moved = true;

	for (size_t round = 0; moved && round < w->n; round++) {
		int64_t upto[3][CY_CASE_MESSAGES_MAX + 1] = { 0 };

		moved = false;
		for (size_t i = 0; i < w->n; i++)
			if (w->counts[i] != INT64_MAX && w->facts[i].number <= CY_CASE_MESSAGES_MAX)
				upto[w->facts[i].side][w->facts[i].number] = w->counts[i];
		for (unsigned side = 0; side < 3; side++)
			for (size_t k = 1; k <= CY_CASE_MESSAGES_MAX; k++)
				if (upto[side][k] < upto[side][k - 1])
					upto[side][k] = upto[side][k - 1];
		for (size_t i = 0; i < w->n; i++) {
			const struct law_fact *f = &w->facts[i];
			const CySide other = f->side == CY_SIDE__REQUESTING ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING;
			const uint32_t seen = f->seen < CY_CASE_MESSAGES_MAX ? f->seen : CY_CASE_MESSAGES_MAX;
			const uint32_t before = f->number <= CY_CASE_MESSAGES_MAX ? f->number : CY_CASE_MESSAGES_MAX;
			const int64_t least =
				upto[f->side][before] > upto[other][seen] ? upto[f->side][before] : upto[other][seen];

			if (w->counts[i] < least) {
				w->counts[i] = least;
				moved = true;
			}
		}
	}
}

static bool moves(const struct law_fact *f)
{
	const struct law_kind *k = law_kind(f->kind);

	return k != NULL && k->effect != law_effect_remark && k->effect != law_effect_progress &&
	       k->effect != law_effect_reliance && k->effect != law_effect_about_result &&
	       k->effect != law_effect_consent_request && k->effect != law_effect_consent_decision;
}

/* ------------------------------------------------------------- how it stands */

struct standing {
	enum proof_side side;
	enum proof_why why;
};

static struct standing nobody(enum proof_why why)
{
	return (struct standing){ PROOF_NOBODY, why };
}

/* What is open, by why it waits. */
static struct standing of_measures(const struct law_case *c)
{
	uint64_t noticed = 0;
	unsigned free = 0, postponed = 0, asked = 0, proposed = 0;

	for (unsigned i = 0; i < c->n_notices; i++)
		noticed |= c->notice_measures[i] != 0 ? c->notice_measures[i] : UINT64_MAX;
	for (unsigned i = 0; i < law_subjects(c); i++) {
		const struct law_measure *m = &c->measures[i];

		if (m->state != LAW_MEASURE_PENDING && m->state != LAW_MEASURE_EXECUTING)
			continue;
		if (noticed >> i & 1)
			asked++;
		else if (m->proposal != 0)
			proposed++;
		else if (m->postponed)
			postponed++;
		else
			free++;
	}
	if (free > 0)
		return (struct standing){ PROOF_REQUESTED,
					  c->registered ? PROOF_WHY_EXECUTION : PROOF_WHY_REGISTRATION };
	if (postponed > 0)
		return (struct standing){ PROOF_REQUESTED, PROOF_WHY_POSTPONEMENT };
	if (asked > 0)
		return (struct standing){ PROOF_REQUESTING, PROOF_WHY_CLARIFICATION };
	return proposed > 0 ? (struct standing){ PROOF_REQUESTING, PROOF_WHY_CONDITIONS } : nobody(PROOF_WHY_COMPLETE);
}

static struct standing stand(struct work *w, size_t n)
{
	const struct law_case *c = &w->folded;

	law_fold(w->set, n, &w->folded, NULL, NULL);
	return c->opened_by == 0 || c->closed || c->returned || c->redirected ? nobody(PROOF_WHY_CLOSED)
									      : of_measures(c);
}

/* A message that was rejected is on its way until the receipt says so. One that has none, and is void, was given up;
 * only what was to open the case waits for ever. */
static bool on_its_way(const struct work *w, size_t i, int64_t t)
{
	return w->made[i] <= t && t < w->counts[i] &&
	       (!w->facts[i].voided || w->counts[i] != INT64_MAX || law_kind_opens(w->facts[i].kind));
}

/* Those that count at `t`; with `way`, also those on their way, up to the one with that index in the order of making.
 */
static size_t there(struct work *w, int64_t t, size_t way)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		const bool coming = on_its_way(w, i, t);

		if (w->made[i] > t || (w->counts[i] > t && !w->facts[i].voided && !(coming && i < way)))
			continue;
		w->set[n] = w->facts[i];
		w->set[n++].voided = w->facts[i].voided && !(coming && i < way);
	}
	return n;
}

/* The facts are in the order of making: the first one on its way that passes the time on is the basis. */
static struct standing stand_at(struct work *w, int64_t t, size_t *ret_way)
{
	const struct standing now = stand(w, there(w, t, 0));

	*ret_way = SIZE_MAX;
	if (stand(w, there(w, t, w->n)).side == now.side)
		return now;
	for (size_t i = 0; i < w->n; i++)
		if (on_its_way(w, i, t) && moves(&w->facts[i]) && stand(w, there(w, t, i + 1)).side != now.side) {
			*ret_way = i;
			return (struct standing){ w->facts[i].side == CY_SIDE__REQUESTING ? PROOF_REQUESTING
											  : PROOF_REQUESTED,
						  PROOF_WHY_TRANSIT };
		}
	return now;
}

/* -------------------------------------------------------------------- the list */

static int by_instant(const void *x, const void *y)
{
	const int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

/* The one that began to count at `t`, the last of several. */
static size_t begun_at(const struct work *w, int64_t t)
{
	for (size_t i = w->n; i-- > 0;)
		if (moves(&w->facts[i]) && w->counts[i] == t)
			return i;
	return SIZE_MAX;
}

static void add(struct proof_periods *p, int64_t from, int64_t to, struct standing s, size_t basis)
{
	struct proof_period *last = p->n > 0 ? &p->at[p->n - 1] : NULL;

	if (from >= to)
		return;
	if (last != NULL && last->side == s.side && last->why == s.why &&
	    (s.why != PROOF_WHY_TRANSIT || last->basis == basis)) {
		last->to_ms = to;
		return;
	}
	p->at[p->n++] = (struct proof_period){ from, to, s.side, s.why,
					       basis != SIZE_MAX ? basis
					       : last            ? last->basis
								 : 0 };
}

static void make(struct work *w, size_t opener, int64_t now_ms, struct proof_periods *p)
{
	int64_t *at = calloc(2 * w->n + 2, sizeof *at);
	size_t n = 0;

	CY_ASSERT(at != NULL);
	p->from_ms = w->made[opener];
	p->to_ms = law_counted(now_ms) > p->from_ms ? law_counted(now_ms) : p->from_ms;
	at[n++] = p->from_ms;
	for (size_t i = 0; i < w->n; i++) {
		if (!moves(&w->facts[i]))
			continue;
		if (w->made[i] > p->from_ms && w->made[i] < p->to_ms)
			at[n++] = w->made[i];
		if (w->counts[i] > p->from_ms && w->counts[i] < p->to_ms)
			at[n++] = w->counts[i];
	}
	qsort(at, n, sizeof *at, by_instant);
	at[n] = p->to_ms;
	p->at = calloc(n + 1, sizeof *p->at);
	CY_ASSERT(p->at != NULL);
	for (size_t i = 0; i < n; i++) {
		size_t way;
		const struct standing s = at[i] < at[i + 1] ? stand_at(w, at[i], &way) : (struct standing){ 0 };

		if (at[i] < at[i + 1])
			add(p, at[i], at[i + 1], s, way != SIZE_MAX ? way : begun_at(w, at[i]));
	}
	free(at);
	/* After its end a case has no time any more. */
	if (p->n > 0 && p->at[p->n - 1].why == PROOF_WHY_CLOSED) {
		p->over = true;
		p->to_ms = p->at[--p->n].from_ms;
	}
}

struct order {
	int64_t made;
	size_t index;
};

static int by_making(const void *x, const void *y)
{
	const struct order *a = x, *b = y;

	return a->made != b->made ? (a->made > b->made) - (a->made < b->made)
				  : (a->index > b->index) - (a->index < b->index);
}

void proof_periods(const struct law_fact *facts, const int64_t *receipt_ms, size_t n, int64_t now_ms,
		   struct proof_periods *ret)
{
	struct order *order = calloc(n + 1, sizeof *order);
	struct law_fact *sorted = calloc(n + 1, sizeof *sorted);
	struct work *w = calloc(1, sizeof *w);
	size_t opener = SIZE_MAX;

	CY_ASSERT(order != NULL && sorted != NULL && w != NULL);
	*ret = (struct proof_periods){ 0 };
	w->n = n;
	w->facts = sorted;
	w->made = calloc(n + 1, sizeof *w->made);
	w->counts = calloc(n + 1, sizeof *w->counts);
	w->set = calloc(n + 1, sizeof *w->set);
	CY_ASSERT(w->made != NULL && w->counts != NULL && w->set != NULL);
	for (size_t i = 0; i < n; i++)
		order[i] = (struct order){ law_counted(facts[i].at_ms), i };
	qsort(order, n, sizeof *order, by_making);
	for (size_t i = 0; i < n; i++) {
		const int64_t counts = proof_counts_ms(facts, receipt_ms, n, order[i].index);

		sorted[i] = facts[order[i].index];
		w->made[i] = order[i].made;
		w->counts[i] = counts != 0 ? counts : INT64_MAX;
		if (opener == SIZE_MAX && law_kind_opens(sorted[i].kind))
			opener = i;
	}
	keep_causes(w);
	if (opener != SIZE_MAX)
		make(w, opener, now_ms, ret);
	for (size_t i = 0; i < ret->n; i++)
		ret->at[i].basis = order[ret->at[i].basis].index;
	free(w->made);
	free(w->counts);
	free(w->set);
	free(w);
	free(sorted);
	free(order);
}

void proof_periods_free(struct proof_periods *p)
{
	free(p->at);
	*p = (struct proof_periods){ 0 };
}
