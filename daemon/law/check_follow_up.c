/* The follow-ups of the requesting side, and what either side may say. */
#include "law/check.h"

static void notification(struct law_check *c, const CyNotification *n)
{
	law_title(c, n->title, true);
	law_legal_basis(c, n->legal_basis, true);
	law_enum(c, "type", &cy_measure_type__descriptor, (int)n->type, false);
	law_text(c, "text", n->text);
	law_persons(c, n->n_persons, n->persons);
	law_attachments(c, n->n_attachments, n->attachments);
}

static void information(struct law_check *c, const CySpontaneousInformation *s)
{
	law_title(c, s->title, true);
	law_legal_basis(c, s->legal_basis, false);
	law_text(c, "text", s->text);
	law_persons(c, s->n_persons, s->persons);
	law_attachments(c, s->n_attachments, s->attachments);
}

static void supplement(struct law_check *c, const CySupplement *s)
{
	law_text(c, "text", s->text);
	for (size_t i = 0; i < s->n_answers; i++) {
		size_t mark = law_in_at(c, "answers", i);

		law_must(c, s->answers[i]->question > 0, "question", "Questions are numbered from 1.");
		law_text(c, "text", s->answers[i]->text);
		law_out(c, mark);
	}
	law_attachments(c, s->n_attachments, s->attachments);
}

static void verification(struct law_check *c, const CyEvidenceVerification *v)
{
	law_number(c, "result", v->result);
	law_enum(c, "state", &cy_evidence_state__descriptor, (int)v->state, true);
	law_attachment_numbers(c, v->n_attachments, v->attachments);
	if (law_where(c, v->state == CY_EVIDENCE_STATE__REJECTED, "`state` is REJECTED"))
		law_text(c, "reason", v->reason);
}

static void conflict(struct law_check *c, const CyConflictOfLawNotice *n)
{
	law_text(c, "provider", n->provider);
	law_must(c, n->n_articles > 0, "articles", "At least one provision in conflict is mandatory.");
	law_texts(c, "articles", n->n_articles, n->articles);
	law_text(c, "text", n->text);
}

static void reliance(struct law_check *c, const CyReviewReliance *r)
{
	law_number(c, "message", r->message);
	law_must(c, r->review > 0, "review", "Reviews of a message are numbered from 1.");
	law_enum(c, "reliance", &cy_reliance__descriptor, (int)r->reliance, true);
	if (law_where(c, r->reliance == CY_RELIANCE__REPEATED, "`reliance` is REPEATED"))
		law_text(c, "reason", r->reason);
}

static void either(struct law_check *c, const CyContent *content)
{
	switch (content->kind_case) {
	case CY_CONTENT__KIND_COSTS_CONSULTATION:
		law_text(c, "text", content->costs_consultation->text);
		return;
	case CY_CONTENT__KIND_CONFLICT_OF_LAW_NOTICE:
		conflict(c, content->conflict_of_law_notice);
		return;
	case CY_CONTENT__KIND_REVIEW_ATTESTATION:
		law_review(c, content->review_attestation);
		return;
	case CY_CONTENT__KIND_REVIEW_RELIANCE:
		reliance(c, content->review_reliance);
		return;
	case CY_CONTENT__KIND_NOTE:
		law_text(c, "text", content->note->text);
		return;
	case CY_CONTENT__KIND_CLOCK_STATEMENT:
		law_check_statement(c, content->clock_statement);
		return;
	case CY_CONTENT__KIND_REMINDER:
		law_check_reminder(c, content->reminder);
		return;
	case CY_CONTENT__KIND_EVIDENCE_STATEMENT:
		law_check_evidence_statement(c, content->evidence_statement);
		return;
	default:
		return;
	}
}

void law_check_follow_up(struct law_check *c, const CyContent *content)
{
	switch (content->kind_case) {
	case CY_CONTENT__KIND_NOTIFICATION:
		notification(c, content->notification);
		return;
	case CY_CONTENT__KIND_SPONTANEOUS_INFORMATION:
		information(c, content->spontaneous_information);
		return;
	case CY_CONTENT__KIND_SUPPLEMENT:
		supplement(c, content->supplement);
		return;
	case CY_CONTENT__KIND_CONDITIONS_ACCEPTED:
		law_number(c, "proposal", content->conditions_accepted->proposal);
		return;
	case CY_CONTENT__KIND_CONDITIONS_DECLINED:
		law_number(c, "proposal", content->conditions_declined->proposal);
		law_text(c, "text", content->conditions_declined->text);
		return;
	case CY_CONTENT__KIND_WITHDRAWAL:
		law_measure_list(c, content->withdrawal->n_measures, content->withdrawal->measures);
		law_text(c, "reason", content->withdrawal->reason);
		return;
	case CY_CONTENT__KIND_PROGRESS_QUERY:
		law_measure_list(c, content->progress_query->n_measures, content->progress_query->measures);
		return;
	case CY_CONTENT__KIND_EVIDENCE_VERIFICATION:
		verification(c, content->evidence_verification);
		return;
	case CY_CONTENT__KIND_USE_CONSENT_REQUEST:
		law_text(c, "use", content->use_consent_request->use);
		law_text(c, "reason", content->use_consent_request->reason);
		return;
	case CY_CONTENT__KIND_EVIDENCE_RETURN:
		law_number(c, "result", content->evidence_return->result);
		return;
	case CY_CONTENT__KIND_DESTRUCTION_CERTIFICATE:
		law_number(c, "result", content->destruction_certificate->result);
		law_text(c, "method", content->destruction_certificate->method);
		law_text(c, "certified_by", content->destruction_certificate->certified_by);
		law_attachment_numbers(c, content->destruction_certificate->n_attachments,
				       content->destruction_certificate->attachments);
		return;
	default:
		either(c, content);
		return;
	}
}
