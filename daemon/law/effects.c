/* The effects of each kind of message on the folded state, and their preconditions. */
#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "law/fold.h"
#include "law/kinds.h"

static int refuse(const struct law_step *s, const char *why)
{
	char kind[LAW_SPOKEN_SIZE];

	if (!s->strict)
		return CY_ESTATE;
	law_kind_spoken(s->f->kind, kind);
	return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind), "a message of kind %s is not allowed: %s", kind,
			  why);
}

static int refuse_measure(const struct law_step *s, unsigned i, const char *needs)
{
	const struct law_measure *m = &s->c->measures[i];
	char kind[LAW_SPOKEN_SIZE];

	if (!s->strict)
		return CY_ESTATE;
	law_kind_spoken(s->f->kind, kind);
	return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind),
			  "measure %u is %s%s%s; a message of kind %s is allowed for a measure that is %s", i + 1,
			  law_measure_state_name(m->state), m->postponed ? ", postponed" : "",
			  m->proposal ? ", with proposed conditions open" : "", kind, needs);
}

static int refuse_proposal(const struct law_step *s, unsigned i)
{
	return cy_fail_at(
		s->e, CY_ESTATE, law_kind_name(s->f->kind),
		"message %u proposes nothing for measure %u that has no answer yet; what replaces it can only be "
		"about its own measures, propose for others in a message of its own",
		s->f->ref, i + 1);
}

/* ---------------------------------------------------------------- measures */

static bool is_open(const struct law_measure *m)
{
	return m->state == LAW_MEASURE_PENDING || m->state == LAW_MEASURE_EXECUTING;
}

static bool is_free(const struct law_measure *m)
{
	return is_open(m) && !m->proposal;
}

static bool is_extensible(const struct law_measure *m)
{
	return is_open(m) || m->state == LAW_MEASURE_EXECUTED || m->state == LAW_MEASURE_PARTIALLY_EXECUTED;
}

static bool is_postponed(const struct law_measure *m)
{
	return is_open(m) && m->postponed;
}

const struct law_being law_open = { is_open, "PENDING or EXECUTING" };
const struct law_being law_free = { is_free, "PENDING or EXECUTING, without proposed conditions open" };
const struct law_being law_postponed = { is_postponed, "postponed" };
const struct law_being law_extensible = { is_extensible, "PENDING or EXECUTING, or carried out" };

static uint64_t open_mask(const struct law_case *c)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < c->n_measures; i++)
		if (is_open(&c->measures[i]))
			mask |= UINT64_C(1) << i;
	return mask;
}

static void drop_notice(struct law_case *c, unsigned at)
{
	unsigned after = c->n_notices - at - 1u;

	memmove(&c->notices[at], &c->notices[at + 1], after * sizeof c->notices[0]);
	memmove(&c->notice_measures[at], &c->notice_measures[at + 1], after * sizeof c->notice_measures[0]);
	c->n_notices--;
	c->notices[c->n_notices] = 0;
	c->notice_measures[c->n_notices] = 0;
}

/* Everything that runs beside a measure ends with it: otherwise what holds
 * after a withdrawal would depend on which plan it crossed. What was given in part
 * stays given, and under the conditions that were accepted for it, although the rest
 * is refused or withdrawn. */
static void end_measure(struct law_case *c, unsigned i, enum law_measure_state state)
{
	struct law_measure *m = &c->measures[i];
	const bool dropped = state == LAW_MEASURE_REFUSED || state == LAW_MEASURE_WITHDRAWN;

	m->state = dropped && m->partial ? LAW_MEASURE_PARTIALLY_EXECUTED : state;
	m->postponed = false;
	m->proposal = 0;
	if (dropped && !m->partial)
		m->bound = false;
	if (m->state == LAW_MEASURE_WITHDRAWN)
		m->recognised = false;
	for (unsigned at = c->n_notices; at-- > 0;) {
		bool was = c->notice_measures[at] != 0;

		c->notice_measures[at] &= ~(UINT64_C(1) << i);
		if (was && !c->notice_measures[at])
			drop_notice(c, at);
	}
}

unsigned law_subjects(const struct law_case *c)
{
	return c->opened_by == CY_CONTENT__KIND_NOTIFICATION && !CY_MUTANT_LAW_NOTIFICATION_STANDS ? 1 : c->n_measures;
}

static int refuse_number(const struct law_step *s, unsigned i, unsigned n)
{
	if (n > s->c->n_measures)
		return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind),
				  "measure %u does not exist; what is notified is measure 1", i + 1);
	return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind), "measure %u does not exist; the case has %u",
			  i + 1, n);
}

static void apply_withdrawal(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)code, (void)number;
	end_measure(c, i, LAW_MEASURE_WITHDRAWN);
}

static void apply_proposal(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)code;
	c->measures[i].proposal = number;
}

static void apply_decision(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)code, (void)number;
	c->measures[i].recognised = true;
	c->measures[i].state = LAW_MEASURE_EXECUTING;
}

static void apply_postponement(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)code, (void)number;
	c->measures[i].postponed = true;
}

static void apply_resumption(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)code, (void)number;
	c->measures[i].postponed = false;
}

static void apply_result(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)number;
	if (code & 0x80) {
		c->measures[i].partial = true;
		c->measures[i].state = LAW_MEASURE_EXECUTING;
	} else if (code == CY_MEASURE_OUTCOME__EXECUTED) {
		end_measure(c, i, LAW_MEASURE_EXECUTED);
	} else if (code == CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED) {
		end_measure(c, i, LAW_MEASURE_PARTIALLY_EXECUTED);
	} else {
		end_measure(c, i, LAW_MEASURE_NOT_EXECUTED);
	}
}

static void apply_refusal(struct law_case *c, unsigned i, uint8_t code, uint32_t number)
{
	(void)number;
	c->measures[i].ground = code;
	end_measure(c, i, LAW_MEASURE_REFUSED);
}

#define K(NAME) CY_CONTENT__KIND_##NAME
/* clang-format off */
const struct law_measure_kind law_measure_kinds[] = {
	{ K(WITHDRAWAL),          &law_open,       &law_open,      apply_withdrawal,   .notified = false },
	{ K(PROBLEM_NOTICE),      &law_open,       &law_open,      NULL,               .notified = false },
	{ K(CONDITIONS_PROPOSED), &law_free,       &law_open,      apply_proposal,     .notified = true },
	{ K(DECISION),            &law_free,       &law_open,      apply_decision,     .notified = false },
	{ K(POSTPONEMENT),        &law_open,       &law_open,      apply_postponement, .notified = false },
	{ K(RESUMPTION),          &law_postponed,  &law_postponed, apply_resumption,   .notified = false },
	{ K(EXTENSION),           &law_open,       &law_open,      NULL,               .notified = true },
	/* A duty about what was carried out begins with that: its time limit is extended by its name. */
	{ K(EXTENSION),           &law_extensible, &law_open,      NULL,               .notified = true, .by_clock = true },
	{ K(RESULT),              &law_free,       &law_free,      apply_result,       .notified = false },
	{ K(REFUSAL),             &law_open,       &law_open,      apply_refusal,      .notified = true },
};
/* clang-format on */
#undef K
const size_t law_measure_kinds_n = sizeof law_measure_kinds / sizeof law_measure_kinds[0];

static const struct law_measure_kind *rule_of(const struct law_fact *f)
{
	const struct law_measure_kind *found = NULL;

	for (size_t i = 0; i < law_measure_kinds_n; i++)
		if (law_measure_kinds[i].kind == f->kind && (!law_measure_kinds[i].by_clock || f->clock[0] != '\0'))
			found = &law_measure_kinds[i];
	CY_ASSERT(found);
	return found;
}

int law_effect_measures(const struct law_step *s)
{
	const struct law_measure_kind *r = rule_of(s->f);
	const unsigned n = r->notified ? law_subjects(s->c) : s->c->n_measures;
	struct law_case *c = s->c;
	bool all = law_fact_mask(s->f) == UINT64_MAX && !s->f->code[0], any = false;

	for (unsigned i = 0; i < CY_MEASURES_MAX; i++) {
		if (all ? i >= n || !r->all->holds(&c->measures[i]) : !s->f->code[i])
			continue;
		if (i >= n) {
			if (!s->strict)
				continue;
			return refuse_number(s, i, n);
		}
		if (!r->takes->holds(&c->measures[i])) {
			if (!s->strict)
				continue;
			return refuse_measure(s, i, r->takes->says);
		}
		if (r->apply)
			r->apply(c, i, s->f->code[i], s->f->number);
		if (s->ret_measures != NULL)
			*s->ret_measures |= UINT64_C(1) << i;
		any = true;
	}
	return any ? CY_OK : refuse(s, "no measure of the case is in a state that it could be about");
}

/* In the place of an open proposal of its own: for the measures that it names of those, or for all of them. The others
 * have none any more; a retraction leaves none at all. */
static int replace(const struct law_step *s)
{
	const uint64_t named = law_fact_mask(s->f);
	const bool retracts = s->f->code[0] == LAW_RETRACTED;
	bool any = false;

	for (unsigned i = 0; s->strict && i < CY_MEASURES_MAX; i++)
		if (s->f->code[i] == 1 && (i >= law_subjects(s->c) || s->c->measures[i].proposal != s->f->ref))
			return refuse_proposal(s, i);
	for (unsigned i = 0; i < law_subjects(s->c); i++) {
		struct law_measure *m = &s->c->measures[i];

		if (m->proposal != s->f->ref)
			continue;
		m->proposal = !retracts && (named & UINT64_C(1) << i) != 0 ? s->f->number : 0;
		if (s->ret_measures != NULL)
			*s->ret_measures |= UINT64_C(1) << i;
		any = true;
	}
	return any ? CY_OK
		   : refuse(s,
			    "it replaces or retracts a proposal of this side that has no answer yet, and none of that "
			    "number has: it was answered, replaced, or ended with its measures");
}

int law_effect_proposal(const struct law_step *s)
{
	if (s->f->ref != 0)
		return replace(s);
	return law_effect_measures(s);
}

/* A question or a report may be about any measure, whatever became of it. */
int law_effect_progress(const struct law_step *s)
{
	for (unsigned i = s->c->n_measures; s->strict && i < CY_MEASURES_MAX; i++)
		if (s->f->code[i])
			return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind),
					  "measure %u does not exist; the case has %u", i + 1, s->c->n_measures);
	return CY_OK;
}

/* -------------------------------------------------------- the case as a whole */

int law_effect_opening(const struct law_step *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->facts[i].voided && s->facts[i].side == s->f->side && s->facts[i].number < s->f->number &&
		    law_kind_opens(s->facts[i].kind))
			return refuse(s, "the message that opened the case is void; open a new case");
	s->c->opener = s->f->side;
	s->c->opened_by = s->f->kind;
	s->c->n_measures = s->f->measures;
	return CY_OK;
}

int law_effect_acknowledgement(const struct law_step *s)
{
	if (s->f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY) {
		if (s->c->registered)
			return refuse(s, "the central authority has acknowledged already; "
					 "a further one can only come from the executing authority");
		s->c->registered = true;
		return CY_OK;
	}
	if (!s->c->registered)
		return refuse(s, "the case is not registered yet; "
				 "the central authority acknowledges before the executing authority");
	s->c->executing_ack = true;
	return CY_OK;
}

/* Nobody waits for an answer any more. The proposals for measures have ended with these. */
static void drop_open(struct law_case *c)
{
	while (c->n_notices)
		drop_notice(c, 0);
	if (c->n_measures == 0)
		c->measures[0].proposal = 0;
}

int law_effect_going_back(const struct law_step *s)
{
	if (s->f->kind == CY_CONTENT__KIND_RETURNED_DEFICIENT)
		s->c->returned = true;
	else
		s->c->redirected = true;
	drop_open(s->c);
	return CY_OK;
}

int law_effect_closure(const struct law_step *s)
{
	for (unsigned i = 0; i < s->c->n_measures; i++)
		if (is_open(&s->c->measures[i]))
			return refuse_measure(s, i, "not open: give every measure an outcome, then close");
	drop_open(s->c);
	s->c->closed = true;
	return CY_OK;
}

int law_effect_notice(const struct law_step *s)
{
	struct law_case *c = s->c;
	uint64_t named = law_fact_mask(s->f), open = open_mask(c) & named;

	if (c->n_measures || named != UINT64_MAX) {
		int rc = law_effect_measures(s);

		if (rc)
			return rc;
	}
	if (c->n_notices == LAW_OPEN_MAX)
		return refuse(s, "64 problem notices wait for an answer already");
	c->notices[c->n_notices] = s->f->number;
	c->notice_measures[c->n_notices] = open;
	c->n_notices++;
	c->supplemented = false;
	return CY_OK;
}

/* ------------------------------------------------------------------- answers */

/* The kind of the message of the other side that `ref` names, if the author had
 * seen it and it is not void; else 0. */
static uint32_t referred(const struct law_step *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->facts[i].side != s->f->side && s->facts[i].number == s->f->ref && !s->facts[i].voided &&
		    s->f->ref <= s->seen)
			return s->facts[i].kind;
	return 0;
}

static int refuse_ref(const struct law_step *s, const char *needs)
{
	if (!s->strict)
		return CY_ESTATE;
	return cy_fail_at(s->e, CY_ESTATE, law_kind_name(s->f->kind), "it refers to message %u of the other side; %s",
			  s->f->ref, needs);
}

int law_effect_supplement(const struct law_step *s)
{
	struct law_case *c = s->c;
	unsigned at = 0;

	while (at < c->n_notices && c->notices[at] != s->f->ref)
		at++;
	if (at < c->n_notices)
		drop_notice(c, at);
	else if (s->f->ref && (s->strict || referred(s) != CY_CONTENT__KIND_PROBLEM_NOTICE))
		return refuse_ref(s, "no problem notice of that number waits for an answer; "
				     "a supplement without `notice` is allowed");
	c->supplemented = true;
	return CY_OK;
}

int law_effect_answer(const struct law_step *s)
{
	bool any = false;

	for (unsigned i = 0; s->f->ref && i < law_subjects(s->c); i++) {
		struct law_measure *m = &s->c->measures[i];

		if (m->proposal != s->f->ref)
			continue;
		m->proposal = 0;
		if (s->f->kind == CY_CONTENT__KIND_CONDITIONS_ACCEPTED)
			m->bound = true;
		if (s->ret_measures != NULL)
			*s->ret_measures |= UINT64_C(1) << i;
		any = true;
	}
	return any ? CY_OK : refuse_ref(s, "no proposed conditions of that number wait for an answer");
}

int law_effect_about_result(const struct law_step *s)
{
	if (referred(s) != CY_CONTENT__KIND_RESULT)
		return refuse_ref(s, "it must be a result that was received");
	return CY_OK;
}

int law_effect_consent_request(const struct law_step *s)
{
	struct law_case *c = s->c;

	if (c->n_consents == LAW_OPEN_MAX)
		return refuse(s, "64 use-consent requests wait for a decision already");
	c->consents[c->n_consents++] = s->f->number;
	return CY_OK;
}

int law_effect_consent_decision(const struct law_step *s)
{
	struct law_case *c = s->c;

	for (unsigned i = 0; i < c->n_consents; i++) {
		if (c->consents[i] != s->f->ref)
			continue;
		memmove(&c->consents[i], &c->consents[i + 1], (c->n_consents - i - 1u) * sizeof c->consents[0]);
		c->consents[--c->n_consents] = 0;
		return CY_OK;
	}
	return refuse_ref(s, "no use-consent request of that number waits for a decision");
}

int law_effect_reliance(const struct law_step *s)
{
	uint32_t kind = referred(s);

	if (kind != CY_CONTENT__KIND_REVIEW_ATTESTATION && kind != CY_CONTENT__KIND_REQUEST)
		return refuse_ref(s, "it must be a review attestation, or a request that carries reviews");
	return CY_OK;
}

int law_effect_remark(const struct law_step *s)
{
	(void)s;
	return CY_OK;
}
