#include "law/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "law/crossing.h"
#include "law/kinds.h"
#include "law/order.h"
#include "law/stated.h"

static enum law_phase phase(const struct law_case *c)
{
	if (c->closed)
		return LAW_CLOSED;
	if (c->returned || c->redirected)
		return LAW_OVER;
	return c->registered ? LAW_REGISTERED : LAW_UNREGISTERED;
}

static int refuse_phase(const struct law_step *s, const struct law_kind *k)
{
	char kind[LAW_SPOKEN_SIZE], allowed[128] = "";
	const char *now = "";
	size_t len = 0;

	if (!s->strict)
		return CY_ESTATE;
#define LAW_X(name, bit, spoken)                                                            \
	if (phase(s->c) == (bit))                                                           \
		now = spoken;                                                               \
	if (k->phases & (bit)) {                                                            \
		const char *piece[] = { len ? ", or " : "", spoken };                       \
		for (size_t i = 0; i < 2; i++) {                                            \
			CY_ASSERT(!cy_copy(allowed + len, sizeof allowed - len, piece[i])); \
			len += strlen(piece[i]);                                            \
		}                                                                           \
	}
	LAW_PHASES(LAW_X)
#undef LAW_X
	law_kind_spoken(k->number, kind);
	return cy_fail_at(s->e, CY_ESTATE, k->name, "the case is %s; a message of kind %s is allowed while it is %s",
			  now, kind, allowed);
}

int law_step(const struct law_step *s)
{
	const struct law_kind *k = law_kind(s->f->kind);

	if (k == NULL || !law_kind_by(s->f->kind, s->f->side))
		return cy_fail_at(s->e, CY_ESTATE, "kind", "the %s side cannot say this kind of message",
				  s->f->side == CY_SIDE__REQUESTING ? "requesting" : "requested");
	if (k->opens && s->c->opened_by)
		return cy_fail_at(s->e, CY_ESTATE, k->name,
				  "the case is open already; a further request is a new, linked case");
	if (!k->opens && !s->c->opened_by)
		return cy_fail_at(s->e, CY_ESTATE, k->name,
				  s->c->state == LAW_CASE_VOID
					  ? "the message that opened the case is void; open a new case"
					  : "the case is not open; a request, a notification or information opens it");
	if (!k->opens && !(k->phases & phase(s->c)))
		return refuse_phase(s, k);
	return k->effect(s);
}

/* The words for a case that is open, told of `s`; the first that fits. X(word, when, what holds then) */
#define LAW_WORDS(X)                                                                                                  \
	X(CLOSED, "the case is closed", c->closed)                                                                    \
	X(RETURNED_DEFICIENT, "the request was returned", c->returned)                                                \
	X(REDIRECTED, "the request was redirected", c->redirected)                                                    \
	X(REFUSED, "the case has no measures, and what it notifies of is refused",                                    \
	  s.none && c->measures[0].state == LAW_MEASURE_REFUSED)                                                      \
	X(CLARIFICATION_REQUESTED, "a problem notice is open", c->n_notices > 0 && (s.none || s.open > 0))            \
	X(CONDITIONS_PROPOSED, "a proposal is open", s.proposed > 0 || (s.none && c->measures[0].proposal != 0))      \
	X(INFORMED, "the case has no measures", s.none)                                                               \
	X(POSTPONED, "measures are open, all of them postponed", s.open > 0 && s.postponed == s.open)                 \
	X(EXECUTING,                                                                                                  \
	  "an open measure is EXECUTING, and the executing authority has acknowledged or an open measure is partial", \
	  s.executing > 0 && (c->executing_ack || s.partial > 0))                                                     \
	X(RECOGNISED, "an open measure is EXECUTING", s.executing > 0)                                                \
	X(SUPPLEMENTED, "measures are open, and the case is supplemented", s.open > 0 && c->supplemented)             \
	X(ACKNOWLEDGED, "measures are open, and the case is registered", s.open > 0 && c->registered)                 \
	X(TRANSMITTED, "measures are open", s.open > 0)                                                               \
	X(WITHDRAWN, "all measures are WITHDRAWN", s.withdrawn == c->n_measures)                                      \
	X(REFUSED, "all measures are REFUSED", s.refused == c->n_measures)                                            \
	X(COMPLETE, "anything else: each measure has its outcome", true)

/* The facts from which the one word is derived. */
struct standing {
	unsigned open, executing, postponed, proposed, partial; /* how many measures are open; of these */
	unsigned refused, withdrawn;
	bool none; /* the case has no measures */
};

static struct standing standing(const struct law_case *c)
{
	struct standing s = { .none = c->n_measures == 0 };

	for (unsigned i = 0; i < c->n_measures; i++) {
		const struct law_measure *m = &c->measures[i];

		s.refused += m->state == LAW_MEASURE_REFUSED;
		s.withdrawn += m->state == LAW_MEASURE_WITHDRAWN;
		if (!law_open.holds(m))
			continue;
		s.open++;
		s.executing += m->state == LAW_MEASURE_EXECUTING;
		s.postponed += m->postponed;
		s.proposed += m->proposal != 0;
		s.partial += m->partial;
	}
	return s;
}

/* The one word for display; the first that fits. */
static enum law_case_state derive(const struct law_case *c)
{
	const struct standing s = standing(c);

#define LAW_X(word, when, holds) \
	if (holds)               \
		return LAW_CASE_##word;
	LAW_WORDS(LAW_X)
#undef LAW_X
}

const struct law_word law_words[] = {
#define LAW_X(word, when, holds) { LAW_CASE_##word, when },
	LAW_WORDS(LAW_X)
#undef LAW_X
};
const size_t law_words_n = sizeof law_words / sizeof law_words[0];

static void finish(struct law_case *c, bool opener_void)
{
	if (c->opened_by)
		c->state = derive(c);
	else
		c->state = opener_void ? LAW_CASE_VOID : LAW_CASE_TRANSMITTED;
}

/* Fold what `o` has collected; returns how many facts have their place. */
static size_t run(struct law_order *o, const struct law_fact *facts, size_t n, struct law_case *c,
		  enum law_effect *ret_effect, size_t *ret_order)
{
	size_t placed = 0, i;
	uint32_t seen;

	*c = (struct law_case){ 0 };
	while (law_order_next(o, &i, &seen)) {
		struct law_step s = { .c = c, .facts = facts, .n = n, .f = &facts[i], .seen = seen };
		enum law_effect effect = law_step(&s) ? LAW_EFFECT_OVERTAKEN : LAW_EFFECT_TAKEN;

		c->head[facts[i].side] = facts[i].number;
		if (ret_effect)
			ret_effect[i] = effect;
		if (ret_order)
			ret_order[placed] = i;
		placed++;
	}
	finish(c, o->opener_void);
	return placed;
}

void law_fold(const struct law_fact *facts, size_t n, struct law_case *ret_case, enum law_effect *ret_effect,
	      size_t *ret_order)
{
	struct law_order o;
	size_t placed;

	law_order_begin(&o, facts, n, UINT32_MAX, UINT32_MAX);
	for (size_t i = 0; i < n && ret_effect; i++)
		ret_effect[i] = facts[i].voided ? LAW_EFFECT_VOID : LAW_EFFECT_WAITING;
	placed = run(&o, facts, n, ret_case, ret_effect, ret_order);
	if (ret_order)
		law_order_rest(&o, ret_order + placed);
	law_order_end(&o);
}

int law_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e)
{
	CySide side = next->side;
	uint32_t own = 0, other = 0, seen = next->seen, limit[3];
	struct law_order o;
	struct law_case c;
	int rc;

	if (side != CY_SIDE__REQUESTING && side != CY_SIDE__REQUESTED)
		return cy_fail_at(e, CY_ESTATE, "author_side", "the author must be on one of the two sides");
	for (size_t i = 0; i < n; i++) {
		uint32_t *highest = facts[i].side == side ? &own : &other;

		if (facts[i].number > *highest)
			*highest = facts[i].number;
		if (facts[i].side == side && !facts[i].voided && facts[i].seen > seen)
			seen = facts[i].seen;
	}
	if (next->number <= own)
		return cy_fail_at(e, CY_ESTATE, "number", "number %u is not above %u, the author's last in this case",
				  next->number, own);
	if (next->seen > other)
		return cy_fail_at(e, CY_ESTATE, "seen", "message %u of the other side was never sent; the last is %u",
				  next->seen, other);
	limit[side] = next->number - 1;
	limit[side == CY_SIDE__REQUESTING ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING] = seen;
	law_order_begin(&o, facts, n, limit[CY_SIDE__REQUESTING], limit[CY_SIDE__REQUESTED]);
	run(&o, facts, n, &c, NULL, NULL);
	law_order_end(&o);
	rc = law_step(
		&(struct law_step){ .c = &c, .facts = facts, .n = n, .f = next, .seen = seen, .strict = true, .e = e });
	return rc < 0 ? rc : law_stated_admit(facts, n, next, e);
}

/* --------------------------------------------------------------------- kept */

static CySide other_side(CySide side)
{
	return side == CY_SIDE__REQUESTING ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING;
}

static uint32_t seen_last(const struct law_chain *c)
{
	return c->n > 0 ? c->link[c->n - 1].seen : 0;
}

/* What is told of them whatever their order is. */
static void count(struct law_kept *k, const struct law_fact *f)
{
	law_take(&k->taken, f);
	if ((f->side == CY_SIDE__REQUESTING || f->side == CY_SIDE__REQUESTED) && f->at_ms > k->latest_ms[f->side])
		k->latest_ms[f->side] = f->at_ms;
}

void law_keep(const struct law_fact *facts, size_t n, struct law_kept *ret)
{
	struct law_order o;
	size_t placed;

	*ret = (struct law_kept){ .n = n };
	for (size_t i = 0; i < n; i++) {
		ret->voided += facts[i].voided;
		count(ret, &facts[i]);
	}
	law_order_begin(&o, facts, n, UINT32_MAX, UINT32_MAX);
	placed = run(&o, facts, n, &ret->folded, NULL, NULL);
	ret->held[CY_SIDE__REQUESTING] = o.requesting.held;
	ret->held[CY_SIDE__REQUESTED] = o.requested.held;
	ret->seen[CY_SIDE__REQUESTING] = seen_last(&o.requesting);
	ret->seen[CY_SIDE__REQUESTED] = seen_last(&o.requested);
	ret->waits = placed + ret->voided < n;
	ret->opener_void = o.opener_void;
	law_order_end(&o);
}

/* Does it follow everything that is here? Then nothing crosses it, and it changes nothing of what comes before. */
static bool follows_all(const struct law_kept *k, const struct law_fact *f)
{
	CySide other;

	if (k->waits || f->voided || (f->side != CY_SIDE__REQUESTING && f->side != CY_SIDE__REQUESTED))
		return false;
	other = other_side(f->side);
	return f->number > k->held[f->side] && f->seen <= k->held[other] &&
	       (f->seen > k->seen[f->side] ? f->seen : k->seen[f->side]) == k->held[other];
}

void law_keep_on(struct law_kept *k, const struct law_fact *facts, size_t n)
{
	const struct law_fact *f = &facts[n - 1];
	struct law_step s = { .c = &k->folded, .facts = facts, .n = n, .f = f };

	if (k->n != n - 1 || !follows_all(k, f)) {
		law_keep(facts, n, k);
		return;
	}
	s.seen = k->held[other_side(f->side)];
	(void)law_step(&s); /* one that is not admissible has no effect */
	k->folded.head[f->side] = f->number;
	finish(&k->folded, k->opener_void);
	k->n = n;
	if (!CY_MUTANT_COUNT_DRIFTS)
		count(k, f);
	k->held[f->side] = f->number;
	k->seen[f->side] = s.seen;
}

int law_kept_room(const struct law_kept *k, const struct law_fact *facts, size_t n, CySide author, uint32_t kind,
		  struct cy_error *e)
{
	struct law_taken taken = { 0 };

	if (k->n == n)
		return law_room(&k->taken, author, kind, e);
	for (size_t i = 0; i < n; i++)
		law_take(&taken, &facts[i]);
	return law_room(&taken, author, kind, e);
}

int law_kept_admit(const struct law_kept *k, const struct law_fact *facts, size_t n, const struct law_fact *next,
		   struct cy_error *e)
{
	struct law_case c;
	int rc;

	if (k->n != n || !follows_all(k, next))
		return law_admit(facts, n, next, e);
	c = k->folded;
	rc = law_step(&(struct law_step){ .c = &c,
					  .facts = facts,
					  .n = n,
					  .f = next,
					  .seen = k->held[other_side(next->side)],
					  .strict = true,
					  .e = e });
	return rc < 0 ? rc : law_stated_admit(facts, n, next, e);
}
