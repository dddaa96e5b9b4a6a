/* A case as it stood after each message that took effect: its measures followed one by one, in another way than
 * law/effects.c. Which messages took effect, and in which order, is law/fold.h's to say. */
#include <stdlib.h>
#include <string.h>

#include "law.h"
#include "law/fold.h"
#include "law/kinds.h"

static bool names(const struct law_fact *f, unsigned m)
{
	static const uint8_t none[CY_MEASURES_MAX];

	return f->code[m - 1] != 0 || memcmp(f->code, none, sizeof none) == 0;
}

/* ---------------------------------------------------------------- what waits for an answer */

static bool has_open_proposal(const struct law_scene *s, unsigned m)
{
	for (size_t i = 0; i < s->n_open; i++)
		if (s->open[i].proposal && s->open[i].about[m])
			return true;
	return false;
}

static void forget_answered(struct law_scene *s, uint32_t number, bool proposal)
{
	for (size_t i = 0; i < s->n_open; i++)
		if (s->open[i].number == number && s->open[i].proposal == proposal)
			s->open[i--] = s->open[--s->n_open];
}

static struct law_asked *ask(struct law_scene *s, const struct law_fact *f)
{
	struct law_asked *a = &s->open[s->n_open++];

	CY_ASSERT(s->n_open <= LAW_SCENE_OPEN);
	*a = (struct law_asked){ .number = f->number, .proposal = f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED };
	return a;
}

/* What is proposed instead is about what is left of the measures of the proposal that it replaces. */
static void propose_instead(struct law_scene *s, const struct law_fact *f, unsigned n)
{
	for (size_t i = 0; i < s->n_open; i++) {
		struct law_asked *a = &s->open[i];
		bool any = false;

		if (!a->proposal || a->number != f->ref)
			continue;
		memcpy(s->on, a->about, sizeof s->on);
		a->number = f->number;
		for (unsigned m = 1; m <= n; m++) {
			a->about[m] = a->about[m] && names(f, m) && f->code[0] != LAW_RETRACTED;
			any = any || a->about[m];
		}
		if (!any)
			s->open[i] = s->open[--s->n_open];
		return;
	}
}

static void ask_about(struct law_scene *s, const struct law_fact *f, unsigned n)
{
	if (f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED && f->ref != 0)
		propose_instead(s, f, n);
	else if (n > 0 || f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE)
		memcpy(ask(s, f)->about, s->on, sizeof s->on);
}

/* ----------------------------------------------------------------------------- measures */

static void end_measure(struct law_scene *s, unsigned m, unsigned n)
{
	s->over[m] = true;
	s->postponed[m] = false;
	for (size_t i = 0; i < s->n_open; i++) {
		bool any = false;

		s->open[i].about[m] = false;
		for (unsigned k = 1; k <= n; k++)
			any = any || s->open[i].about[k];
		if (!any)
			s->open[i--] = s->open[--s->n_open];
	}
}

static enum law_outcome outcome_of(uint8_t code)
{
	return code == CY_MEASURE_OUTCOME__EXECUTED             ? LAW_OUTCOME_EXECUTED
	       : code == CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED ? LAW_OUTCOME_PARTIALLY_EXECUTED
								: LAW_OUTCOME_NOT_EXECUTED;
}

static bool concerns_it(const struct law_scene *s, const struct law_fact *f, unsigned m)
{
	const bool carried_out =
		s->outcome[m] == LAW_OUTCOME_EXECUTED || s->outcome[m] == LAW_OUTCOME_PARTIALLY_EXECUTED;

	if (!names(f, m))
		return false;
	switch (f->kind) {
	case CY_CONTENT__KIND_RESULT:
	case CY_CONTENT__KIND_DECISION:
		return !s->over[m] && !has_open_proposal(s, m);
	case CY_CONTENT__KIND_CONDITIONS_PROPOSED:
		return !s->over[m] && f->ref == 0 && !has_open_proposal(s, m);
	case CY_CONTENT__KIND_RESUMPTION:
		return s->postponed[m];
	case CY_CONTENT__KIND_EXTENSION:
		return !s->over[m] || (f->clock[0] != '\0' && f->code[m - 1] != 0 && carried_out);
	default:
		return !s->over[m];
	}
}

static void give(struct law_scene *s, const struct law_fact *f, unsigned m, unsigned n)
{
	const uint8_t code = f->code[m - 1];

	s->decided[m] = true;
	if ((code & 0x80) != 0) {
		s->given[m] = true;
		return;
	}
	s->outcome[m] = outcome_of(code);
	end_measure(s, m, n);
}

static void happen(struct law_scene *s, const struct law_fact *f, unsigned m, unsigned n)
{
	switch (f->kind) {
	case CY_CONTENT__KIND_RESULT:
		give(s, f, m, n);
		break;
	case CY_CONTENT__KIND_DECISION:
		s->decided[m] = true;
		break;
	case CY_CONTENT__KIND_REFUSAL:
		s->ground[m] = f->code[m - 1];
		s->outcome[m] = s->given[m] ? LAW_OUTCOME_PARTIALLY_EXECUTED : LAW_OUTCOME_REFUSED;
		end_measure(s, m, n);
		break;
	case CY_CONTENT__KIND_WITHDRAWAL:
		s->outcome[m] = s->given[m] ? LAW_OUTCOME_PARTIALLY_EXECUTED : LAW_OUTCOME_WITHDRAWN;
		end_measure(s, m, n);
		break;
	case CY_CONTENT__KIND_POSTPONEMENT:
		s->postponed[m] = true;
		break;
	case CY_CONTENT__KIND_RESUMPTION:
		s->postponed[m] = false;
		break;
	default:
		break;
	}
}

static void follow(struct law_scene *s, unsigned n)
{
	const struct law_fact *f = s->f;

	memset(s->on, 0, sizeof s->on);
	for (unsigned m = 1; m <= n; m++)
		s->on[m] = concerns_it(s, f, m);
	for (unsigned m = 1; m <= n; m++)
		if (s->on[m])
			happen(s, f, m, n);
	if (f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE || f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED)
		ask_about(s, f, n);
	if (f->kind == CY_CONTENT__KIND_SUPPLEMENT)
		forget_answered(s, f->ref, false);
	if (f->kind == CY_CONTENT__KIND_CONDITIONS_ACCEPTED || f->kind == CY_CONTENT__KIND_CONDITIONS_DECLINED) {
		for (size_t i = 0; i < s->n_open; i++)
			if (s->open[i].proposal && s->open[i].number == f->ref)
				memcpy(s->on, s->open[i].about, sizeof s->on);
		forget_answered(s, f->ref, true);
	}
	if (f->kind == CY_CONTENT__KIND_RETURNED_DEFICIENT || f->kind == CY_CONTENT__KIND_REDIRECTION ||
	    f->kind == CY_CONTENT__KIND_CLOSURE)
		s->n_open = 0;
}

/* ------------------------------------------------------------------------------ a case */

static size_t facts_of(const struct mem_case *c, struct law_fact **ret)
{
	size_t n = 0, cap = 0;

	*ret = NULL;
	for (const struct mem_message *m = c->first; m != NULL; m = m->next) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			*ret = realloc(*ret, cap * sizeof **ret);
			CY_ASSERT(*ret != NULL);
		}
		if (law_fact_decode(m->row.fact, &(*ret)[n]) < 0)
			continue;
		(*ret)[n].voided = m->row.void_code != 0;
		(*ret)[n].at_ms = m->row.created.ms;
		n++;
	}
	return n;
}

void law_scenes_begin(struct law_scenes *a, const struct mem_case *c)
{
	const size_t n = facts_of(c, &a->facts);
	enum law_effect *effect = calloc(n + 1, sizeof *effect);
	size_t *order = calloc(n + 1, sizeof *order);
	struct law_case folded;

	a->scene = calloc(n + 1, sizeof *a->scene);
	a->n = a->measures = 0;
	CY_ASSERT(effect != NULL && order != NULL && a->scene != NULL);
	law_fold(a->facts, n, &folded, effect, order);
	for (size_t i = 0; i < n; i++) {
		struct law_scene *s = &a->scene[a->n];

		if (effect[order[i]] != LAW_EFFECT_TAKEN)
			continue;
		if (a->n > 0)
			*s = a->scene[a->n - 1];
		s->f = &a->facts[order[i]];
		if (law_kind_opens(s->f->kind)) {
			a->measures = s->f->measures;
			a->opened = law_counted(s->f->at_ms);
		} else {
			follow(s, a->measures);
		}
		a->n++;
	}
	free(effect);
	free(order);
}

void law_scenes_end(struct law_scenes *a)
{
	free(a->scene);
	free(a->facts);
}

/* Nobody decides or receives after he has said so, nor before he was asked. */
int64_t law_scene_happened(const struct law_scenes *a, const struct law_fact *f)
{
	int64_t at = f->stated_ms > 0 ? law_counted(f->stated_ms) : law_counted(f->at_ms);

	if (at < a->opened)
		at = a->opened;
	return at < law_counted(f->at_ms) ? at : law_counted(f->at_ms);
}
