#include "law/fold.h"

#include <stdlib.h>
#include <string.h>

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

	if (!k || !law_kind_by(s->f->kind, s->f->side))
		return cy_fail_at(s->e, CY_ESTATE, "kind", "the %s side cannot say this kind of message",
				  s->f->side == CY_SIDE__REQUESTING ? "requesting" : "requested");
	if (!k->phases && s->c->opened_by)
		return cy_fail_at(s->e, CY_ESTATE, k->name,
				  "the case is open already; a further request is a new, linked case");
	if (k->phases && !s->c->opened_by)
		return cy_fail_at(s->e, CY_ESTATE, k->name,
				  s->c->state == LAW_CASE_VOID
					  ? "the message that opened the case is void; open a new case"
					  : "the case is not open; a request, a notification or information opens it");
	if (k->phases && !(k->phases & phase(s->c)))
		return refuse_phase(s, k);
	return k->effect(s);
}

static enum law_case_state open_state(const struct law_case *c)
{
	bool proposal = false, all_postponed = true, executing = false, seen_work = c->executing_ack;

	for (unsigned i = 0; i < c->n_measures; i++) {
		const struct law_measure *m = &c->measures[i];

		if (m->state != LAW_MEASURE_PENDING && m->state != LAW_MEASURE_EXECUTING)
			continue;
		proposal |= m->proposal != 0;
		all_postponed &= m->postponed;
		executing |= m->state == LAW_MEASURE_EXECUTING;
		seen_work |= m->partial;
	}
	if (c->n_notices)
		return LAW_CASE_CLARIFICATION_REQUESTED;
	if (proposal)
		return LAW_CASE_CONDITIONS_PROPOSED;
	if (all_postponed)
		return LAW_CASE_POSTPONED;
	if (executing)
		return seen_work ? LAW_CASE_EXECUTING : LAW_CASE_RECOGNISED;
	if (c->supplemented)
		return LAW_CASE_SUPPLEMENTED;
	return c->registered ? LAW_CASE_ACKNOWLEDGED : LAW_CASE_TRANSMITTED;
}

/* The one word for display; the first that fits. */
static enum law_case_state derive(const struct law_case *c)
{
	unsigned open = 0, refused = 0, withdrawn = 0;

	for (unsigned i = 0; i < c->n_measures; i++) {
		enum law_measure_state s = c->measures[i].state;

		open += s == LAW_MEASURE_PENDING || s == LAW_MEASURE_EXECUTING;
		refused += s == LAW_MEASURE_REFUSED;
		withdrawn += s == LAW_MEASURE_WITHDRAWN;
	}
	if (c->closed)
		return LAW_CASE_CLOSED;
	if (c->returned)
		return LAW_CASE_RETURNED_DEFICIENT;
	if (c->redirected)
		return LAW_CASE_REDIRECTED;
	if (!c->n_measures)
		return c->measures[0].state == LAW_MEASURE_REFUSED ? LAW_CASE_REFUSED
		       : c->n_notices                              ? LAW_CASE_CLARIFICATION_REQUESTED
		       : c->measures[0].proposal != 0              ? LAW_CASE_CONDITIONS_PROPOSED
								   : LAW_CASE_INFORMED;
	if (open)
		return open_state(c);
	if (withdrawn == c->n_measures)
		return LAW_CASE_WITHDRAWN;
	if (refused == c->n_measures)
		return LAW_CASE_REFUSED;
	return LAW_CASE_COMPLETE;
}

static void finish(struct law_case *c, const struct law_order *o)
{
	if (c->opened_by)
		c->state = derive(c);
	else
		c->state = o->opener_void ? LAW_CASE_VOID : LAW_CASE_TRANSMITTED;
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
	finish(c, o);
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
