/* The answers of the requested side. */
#include "law/check.h"

static void acknowledgement(struct law_check *c, const CyAcknowledgement *a)
{
	law_enum(c, "by", &cy_acknowledged_by__descriptor, (int)a->by, true);
	law_text(c, "reference", a->reference);
	law_authority(c, "receiving_authority", a->receiving_authority, false);
	law_authority(c, "competent_authority", a->competent_authority, false);
}

static void returned(struct law_check *c, const CyReturnedDeficient *r)
{
	law_must(c, r->n_faults > 0, "faults", "At least one thing that is missing must be named.");
	for (size_t i = 0; i < r->n_faults; i++) {
		size_t mark = law_in_at(c, "faults", i);

		law_text(c, "text", r->faults[i]->text);
		law_out(c, mark);
	}
	law_text(c, "text", r->text);
}

static void notice(struct law_check *c, const CyProblemNotice *n)
{
	law_enum(c, "type", &cy_problem_type__descriptor, (int)n->type, true);
	law_measure_list(c, n->n_measures, n->measures);
	law_texts(c, "questions", n->n_questions, n->questions);
	law_text(c, "text", n->text);
	law_date(c, "answer_by_date", n->answer_by_date);
}

static void proposal(struct law_check *c, const CyConditionsProposed *p)
{
	const bool retracts = p->replaces != 0 && p->n_conditions == 0;

	law_measure_list(c, p->n_measures, p->measures);
	law_must(c, p->replaces != 0 || p->n_conditions > 0, "conditions",
		 "At least one condition is mandatory, unless `replaces` names a proposal that is retracted.");
	law_must(
		c, !retracts || p->n_measures == 0, "measures",
		"A proposal is retracted for all of its measures: leave it empty. To go on proposing for some of them, "
		"replace it by conditions for these.");
	if (law_where(c, retracts, "there is `replaces` and there are no `conditions`"))
		law_text(c, "text", p->text);
	law_texts(c, "conditions", p->n_conditions, p->conditions);
}

static void extension(struct law_check *c, const CyExtension *x)
{
	law_measure_list(c, x->n_measures, x->measures);
	law_text(c, "reason", x->reason);
	law_date_must(c, "estimate_date", x->estimate_date);
}

static void result(struct law_check *c, const CyResult *r)
{
	uint64_t seen = 0;

	law_must(c, r->n_results > 0, "results", "At least one measure is mandatory.");
	for (size_t i = 0; i < r->n_results; i++) {
		const CyMeasureResult *m = r->results[i];
		size_t mark = law_in_at(c, "results", i);

		law_measure_number(c, "measure", m->measure, &seen);
		if (law_where(c, !m->partial, "`partial` is false"))
			law_enum(c, "outcome", &cy_measure_outcome__descriptor, (int)m->outcome, true);
		if (law_where(c, m->partial, "`partial` is true"))
			law_enum(c, "outcome", &cy_measure_outcome__descriptor, (int)m->outcome, false);
		if (law_where(c,
			      m->outcome == CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED ||
				      m->outcome == CY_MEASURE_OUTCOME__NOT_EXECUTED,
			      "`outcome` is PARTIALLY_EXECUTED or NOT_EXECUTED"))
			law_text(c, "reason", m->reason);
		law_out(c, mark);
	}
	law_attachments(c, r->n_attachments, r->attachments);
}

static void treaty_code(struct law_check *c, const CyMeasureRefusal *m)
{
	static const char when[] = "`ground` is TREATY_SPECIFIC";
	const bool specific = m->ground == CY_REFUSAL_GROUND__TREATY_SPECIFIC;
	const size_t mark = law_in(c, "code");

	if (law_where(c, specific, when))
		law_text(c, "owner", m->code ? m->code->owner : NULL);
	if (law_where(c, specific, when))
		law_text(c, "name", m->code ? m->code->name : NULL);
	if (law_where(c, specific, when))
		law_text(c, "value", m->code ? m->code->value : NULL);
	law_out(c, mark);
}

static void refusal(struct law_check *c, const CyRefusal *r)
{
	uint64_t seen = 0;

	law_must(c, r->n_refusals > 0, "refusals", "At least one measure is mandatory.");
	for (size_t i = 0; i < r->n_refusals; i++) {
		const CyMeasureRefusal *m = r->refusals[i];
		size_t mark = law_in_at(c, "refusals", i);

		law_measure_number(c, "measure", m->measure, &seen);
		law_enum(c, "ground", &cy_refusal_ground__descriptor, (int)m->ground, true);
		treaty_code(c, m);
		law_text(c, "article", m->article);
		law_text(c, "reason", m->reason);
		law_out(c, mark);
	}
}

static void use_consent(struct law_check *c, const CyUseConsentDecision *d)
{
	law_number(c, "request", d->request);
	law_must(c, d->_consent_case == CY_USE_CONSENT_DECISION___CONSENT_CONSENT, "consent",
		 "Whether consent is given is mandatory: true or false.");
}

void law_check_answer(struct law_check *c, const CyContent *content)
{
	switch (content->kind_case) {
	case CY_CONTENT__KIND_ACKNOWLEDGEMENT:
		acknowledgement(c, content->acknowledgement);
		return;
	case CY_CONTENT__KIND_RETURNED_DEFICIENT:
		returned(c, content->returned_deficient);
		return;
	case CY_CONTENT__KIND_REDIRECTION:
		law_authority(c, "competent_authority", content->redirection->competent_authority, true);
		return;
	case CY_CONTENT__KIND_PROBLEM_NOTICE:
		notice(c, content->problem_notice);
		return;
	case CY_CONTENT__KIND_CONDITIONS_PROPOSED:
		proposal(c, content->conditions_proposed);
		return;
	case CY_CONTENT__KIND_DECISION:
		law_measure_list(c, content->decision->n_measures, content->decision->measures);
		law_authority(c, "executing_authority", content->decision->executing_authority, false);
		return;
	case CY_CONTENT__KIND_POSTPONEMENT:
		law_measure_list(c, content->postponement->n_measures, content->postponement->measures);
		law_text(c, "ground", content->postponement->ground);
		law_date(c, "until_date", content->postponement->until_date);
		return;
	case CY_CONTENT__KIND_RESUMPTION:
		law_measure_list(c, content->resumption->n_measures, content->resumption->measures);
		return;
	case CY_CONTENT__KIND_EXTENSION:
		extension(c, content->extension);
		return;
	case CY_CONTENT__KIND_PROGRESS_REPORT:
		law_measure_list(c, content->progress_report->n_measures, content->progress_report->measures);
		law_text(c, "text", content->progress_report->text);
		law_date(c, "estimate_date", content->progress_report->estimate_date);
		return;
	case CY_CONTENT__KIND_RESULT:
		result(c, content->result);
		return;
	case CY_CONTENT__KIND_REFUSAL:
		refusal(c, content->refusal);
		return;
	case CY_CONTENT__KIND_USE_CONSENT_DECISION:
		use_consent(c, content->use_consent_decision);
		return;
	default:
		return;
	}
}
