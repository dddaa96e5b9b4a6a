#include "law/fact.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "law/kinds.h"

enum {
	VERSION = 2,
	HEAD_1 = 18, /* version, side, number, seen, kind (2), ref, measures, how many codes; then these */
	HEAD = 31    /* since version 2 before the codes: stated, day, how long the clock's name; after them the name */
};

static void name(struct law_fact *f, uint32_t measure, uint8_t code)
{
	if (measure >= 1 && measure <= CY_MEASURES_MAX)
		f->code[measure - 1] = code;
}

static void name_all(struct law_fact *f, size_t n, const uint32_t *measures)
{
	for (size_t i = 0; i < n; i++)
		name(f, measures[i], 1);
}

static void name_results(struct law_fact *f, const CyResult *r)
{
	for (size_t i = 0; i < r->n_results; i++) {
		const CyMeasureResult *m = r->results[i];

		name(f, m->measure, (uint8_t)(((unsigned)m->outcome & 0x7f) | (m->partial ? 0x80 : 0)));
	}
}

static void name_refusals(struct law_fact *f, const CyRefusal *r)
{
	for (size_t i = 0; i < r->n_refusals; i++)
		name(f, r->refusals[i]->measure, (uint8_t)r->refusals[i]->ground);
}

/* The measures and numbers that a message of the requesting side names. */
static void of_requesting(const CyContent *c, struct law_fact *f)
{
	switch (c->kind_case) {
	case CY_CONTENT__KIND_REQUEST:
		f->measures =
			(uint8_t)(c->request->n_measures <= CY_MEASURES_MAX ? c->request->n_measures : CY_MEASURES_MAX);
		return;
	case CY_CONTENT__KIND_SUPPLEMENT:
		f->ref = c->supplement->notice;
		return;
	case CY_CONTENT__KIND_CONDITIONS_ACCEPTED:
		f->ref = c->conditions_accepted->proposal;
		return;
	case CY_CONTENT__KIND_CONDITIONS_DECLINED:
		f->ref = c->conditions_declined->proposal;
		return;
	case CY_CONTENT__KIND_WITHDRAWAL:
		name_all(f, c->withdrawal->n_measures, c->withdrawal->measures);
		return;
	case CY_CONTENT__KIND_PROGRESS_QUERY:
		name_all(f, c->progress_query->n_measures, c->progress_query->measures);
		return;
	case CY_CONTENT__KIND_EVIDENCE_VERIFICATION:
		f->ref = c->evidence_verification->result;
		return;
	case CY_CONTENT__KIND_EVIDENCE_RETURN:
		f->ref = c->evidence_return->result;
		return;
	case CY_CONTENT__KIND_DESTRUCTION_CERTIFICATE:
		f->ref = c->destruction_certificate->result;
		return;
	default:
		return;
	}
}

/* The measures and numbers that a message of the requested side names. */
static void of_requested(const CyContent *c, struct law_fact *f)
{
	switch (c->kind_case) {
	case CY_CONTENT__KIND_ACKNOWLEDGEMENT:
		f->code[0] = (uint8_t)c->acknowledgement->by;
		f->stated_ms = c->acknowledgement->received_ms;
		return;
	case CY_CONTENT__KIND_PROBLEM_NOTICE:
		f->day = law_day(c->problem_notice->answer_by_date);
		name_all(f, c->problem_notice->n_measures, c->problem_notice->measures);
		return;
	case CY_CONTENT__KIND_CONDITIONS_PROPOSED:
		f->ref = c->conditions_proposed->replaces;
		name_all(f, c->conditions_proposed->n_measures, c->conditions_proposed->measures);
		if (f->ref != 0 && c->conditions_proposed->n_conditions == 0)
			memset(f->code, LAW_RETRACTED, sizeof f->code);
		return;
	case CY_CONTENT__KIND_DECISION:
		f->stated_ms = c->decision->decided_ms;
		name_all(f, c->decision->n_measures, c->decision->measures);
		return;
	case CY_CONTENT__KIND_POSTPONEMENT:
		name_all(f, c->postponement->n_measures, c->postponement->measures);
		return;
	case CY_CONTENT__KIND_RESUMPTION:
		name_all(f, c->resumption->n_measures, c->resumption->measures);
		return;
	case CY_CONTENT__KIND_EXTENSION:
		f->day = law_day(c->extension->estimate_date);
		if (cy_copy(f->clock, sizeof f->clock, c->extension->clock) < 0)
			f->clock[0] = '?'; /* longer than any: it names none */
		name_all(f, c->extension->n_measures, c->extension->measures);
		return;
	case CY_CONTENT__KIND_PROGRESS_REPORT:
		name_all(f, c->progress_report->n_measures, c->progress_report->measures);
		return;
	case CY_CONTENT__KIND_RESULT:
		f->stated_ms = c->result->effected_ms;
		name_results(f, c->result);
		return;
	case CY_CONTENT__KIND_REFUSAL:
		name_refusals(f, c->refusal);
		return;
	case CY_CONTENT__KIND_USE_CONSENT_DECISION:
		f->ref = c->use_consent_decision->request;
		return;
	default:
		return;
	}
}

/* Said by either side. */
static void of_reliance(const CyReviewReliance *r, struct law_fact *f)
{
	f->ref = r->message;
	f->code[0] = (uint8_t)r->reliance;
	f->code[1] = (uint8_t)(r->review < UINT8_MAX ? r->review : UINT8_MAX);
}

int32_t law_day(const char *date)
{
	struct cy_date d;

	return cy_date_parse(date, &d) == CY_OK ? (int32_t)cy_date_days(d) : LAW_NO_DAY;
}

void law_fact_of(const CyMessage *m, struct law_fact *ret_fact)
{
	struct law_fact f = {
		.side = m->author_side,
		.number = m->number,
		.seen = m->seen,
		.at_ms = m->created_ms,
		.day = LAW_NO_DAY,
	};

	if (m->content) {
		f.kind = (uint32_t)m->content->kind_case;
		of_requesting(m->content, &f);
		of_requested(m->content, &f);
		if (f.kind == CY_CONTENT__KIND_REVIEW_RELIANCE)
			of_reliance(m->content->review_reliance, &f);
	}
	*ret_fact = f;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(v >> shift);
	return p;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t law_fact_encode(const struct law_fact *f, uint8_t out[static LAW_FACT_MAX])
{
	size_t codes = CY_MEASURES_MAX, name_len = strlen(f->clock);
	uint8_t *p = out;

	while (codes && !f->code[codes - 1])
		codes--;
	*p++ = VERSION;
	*p++ = (uint8_t)f->side;
	p = put32(p, f->number);
	p = put32(p, f->seen);
	*p++ = (uint8_t)(f->kind >> 8);
	*p++ = (uint8_t)f->kind;
	p = put32(p, f->ref);
	*p++ = f->measures;
	*p++ = (uint8_t)codes;
	p = put32(p, (uint32_t)((uint64_t)f->stated_ms >> 32));
	p = put32(p, (uint32_t)f->stated_ms);
	p = put32(p, (uint32_t)f->day);
	*p++ = (uint8_t)name_len;
	memcpy(p, f->code, codes);
	memcpy(p + codes, f->clock, name_len);
	return (size_t)(p - out) + codes + name_len;
}

int law_fact_decode(struct cy_bytes data, struct law_fact *ret_fact)
{
	const uint8_t *p = data.data;
	struct law_fact f = { 0 };
	size_t codes, head = HEAD_1;

	if (data.len < HEAD_1 || p[0] < 1 || p[0] > VERSION || p[17] > CY_MEASURES_MAX)
		return CY_EPARSE;
	codes = p[17];
	f.day = LAW_NO_DAY;
	if (p[0] == VERSION) {
		if (data.len < HEAD || p[30] > CY_CLOCK_MAX || data.len != HEAD + codes + p[30])
			return CY_EPARSE;
		f.stated_ms = (int64_t)((uint64_t)get32(p + 18) << 32 | get32(p + 22));
		f.day = (int32_t)get32(p + 26);
		memcpy(f.clock, p + HEAD + codes, p[30]);
		head = HEAD;
	} else if (data.len != HEAD_1 + codes) {
		return CY_EPARSE;
	}
	f.side = (CySide)p[1];
	f.number = get32(p + 2);
	f.seen = get32(p + 6);
	f.kind = (uint32_t)p[10] << 8 | p[11];
	f.ref = get32(p + 12);
	f.measures = p[16];
	memcpy(f.code, p + head, codes);
	/* A kind that the other side alone may say is rejected, and stays in its case as void. */
	if (law_kind(f.kind) == NULL || (f.side != CY_SIDE__REQUESTING && f.side != CY_SIDE__REQUESTED) || !f.number ||
	    f.measures > CY_MEASURES_MAX)
		return CY_EPARSE;
	if (codes > 0 && f.code[codes - 1] == 0)
		return CY_EPARSE;
	*ret_fact = f;
	return CY_OK;
}
