/* The request: the legal minimum of UNTOC 18(15) and what the schema marks as
 * mandatory beyond it (domain, section 4). */
#include <string.h>

#include "base/limits.h"
#include "law/check.h"

static bool only_service(const CyRequest *r)
{
	for (size_t i = 0; i < r->n_measures; i++)
		if (r->measures[i]->type != CY_MEASURE_TYPE__SERVICE_OF_DOCUMENTS)
			return false;
	return r->n_measures > 0;
}

static void header(struct law_check *c, const CyRequest *r)
{
	law_state(c, "requesting_state", r->requesting_state, true);
	law_state(c, "requested_state", r->requested_state, true);
	law_language(c, "language", r->language);
	law_legal_basis(c, r->legal_basis, true);
	law_must(c, r->n_links > 0, "links", "At least one link is mandatory; NEW for one that stands alone.");
	for (size_t i = 0; i < r->n_links; i++) {
		const CyLink *l = r->links[i];
		size_t mark = law_in_at(c, "links", i);

		law_enum(c, "type", &cy_link_type__descriptor, (int)l->type, true);
		law_must(c,
			 (l->type != CY_LINK_TYPE__FOLLOW_UP_MLA && l->type != CY_LINK_TYPE__FOLLOW_UP_PRESERVATION) ||
				 !law_blank(l->case_id) || !law_blank(l->reference),
			 "reference", "A follow-up names the case or the reference that it follows.");
		law_out(c, mark);
	}
}

static void authorities(struct law_check *c, const CyAuthorities *a)
{
	size_t mark = law_in(c, "authorities");

	law_must(c, a != NULL, NULL, "The authority that asks is mandatory.");
	if (a != NULL) {
		law_authority(c, "requesting", a->requesting, true);
		law_authority(c, "investigating", a->investigating, false);
		law_authority(c, "prosecuting", a->prosecuting, false);
		law_authority(c, "validating", a->validating, false);
		law_must(c, a->prosecuting || a->investigating, "prosecuting",
			 "The authority that prosecutes or the one that investigates is mandatory.");
	}
	law_out(c, mark);
}

static void urgency(struct law_check *c, const CyUrgency *u)
{
	size_t mark;

	if (u == NULL)
		return;
	mark = law_in(c, "urgency");
	law_enum(c, "reason", &cy_urgency_reason__descriptor, (int)u->reason, true);
	law_date(c, "until_date", u->until_date);
	if (law_where(c, u->reason == CY_URGENCY_REASON__OTHER_URGENCY, "`reason` is OTHER_URGENCY"))
		law_text(c, "text", u->text);
	law_out(c, mark);
}

static void proceeding(struct law_check *c, const CyProceeding *p)
{
	size_t mark = law_in(c, "proceeding");

	law_must(c, p != NULL, NULL, "Subject and nature of the proceeding are mandatory.");
	if (p != NULL) {
		law_enum(c, "type", &cy_proceeding_type__descriptor, (int)p->type, true);
		law_enum(c, "stage", &cy_proceeding_stage__descriptor, (int)p->stage, true);
		law_text(c, "subject", p->subject);
	}
	law_out(c, mark);
}

static void facts(struct law_check *c, const CyRequest *r)
{
	if (law_where(c, !only_service(r), "not all measures are SERVICE_OF_DOCUMENTS"))
		law_text(c, "facts", r->facts);
	law_must(c, r->n_offences > 0, "offences", "At least one offence is mandatory.");
	for (size_t i = 0; i < r->n_offences; i++) {
		const CyOffence *o = r->offences[i];
		size_t mark = law_in_at(c, "offences", i);

		law_text(c, "name", o->name);
		law_text(c, "statute", o->statute);
		law_text(c, "statute_text", o->statute_text);
		law_text(c, "maximum_penalty", o->maximum_penalty);
		law_period(c, "committed_from_date", o->committed_from_date, "committed_to_date", o->committed_to_date);
		law_out(c, mark);
	}
}

static bool is_hearing(CyMeasureType t)
{
	return t == CY_MEASURE_TYPE__HEARING_WITNESS || t == CY_MEASURE_TYPE__HEARING_EXPERT ||
	       t == CY_MEASURE_TYPE__HEARING_SUSPECT;
}

static void measure(struct law_check *c, const CyMeasure *m, size_t i)
{
	size_t mark;

	law_must(c, m->measure == i + 1, "measure", "Measures are numbered 1, 2, 3 ... without gaps; %zu is expected.",
		 i + 1);
	law_enum(c, "type", &cy_measure_type__descriptor, (int)m->type, true);
	law_text(c, "description", m->description);
	law_identifiers(c, "targets", m->n_targets, m->targets);
	law_texts(c, "atoms", m->n_atoms, m->atoms);
	law_texts(c, "data_categories", m->n_data_categories, m->data_categories);
	law_date(c, "wanted_by_date", m->wanted_by_date);
	if (m->period) {
		mark = law_in(c, "period");
		law_period(c, "from_date", m->period->from_date, "to_date", m->period->to_date);
		law_out(c, mark);
	}
	if (m->hearing || is_hearing(m->type)) {
		mark = law_in(c, "hearing");
		if (law_where(c, is_hearing(m->type), "the measure is a HEARING_..."))
			law_enum(c, "mode", &cy_hearing_mode__descriptor, m->hearing ? (int)m->hearing->mode : 0, true);
		if (law_where(c, !is_hearing(m->type), "it is any other"))
			law_enum(c, "mode", &cy_hearing_mode__descriptor, (int)m->hearing->mode, false);
		law_out(c, mark);
	}
	if (m->custody) {
		mark = law_in(c, "custody");
		law_date(c, "return_by_date", m->custody->return_by_date);
		law_out(c, mark);
	}
}

static void measures(struct law_check *c, const CyRequest *r)
{
	law_must(c, r->n_measures > 0 && r->n_measures <= CY_MEASURES_MAX, "measures",
		 "A request has 1 to %u measures.", CY_MEASURES_MAX);
	for (size_t i = 0; i < r->n_measures && i < CY_MEASURES_MAX; i++) {
		size_t mark = law_in_at(c, "measures", i);

		measure(c, r->measures[i], i);
		law_out(c, mark);
	}
}

static void purpose(struct law_check *c, const CyPurpose *p)
{
	size_t mark = law_in(c, "purpose");

	law_must(c, p != NULL, NULL, "The purpose of the evidence is mandatory.");
	if (p != NULL) {
		law_text(c, "purpose", p->purpose);
		law_enum(c, "confidentiality", &cy_confidentiality__descriptor, (int)p->confidentiality, false);
	}
	law_out(c, mark);
}

static void location(struct law_check *c, const CyDataLocation *d)
{
	size_t outer = law_in(c, "data_location");

	for (size_t i = 0; d && i < d->n_locations; i++) {
		size_t mark = law_in_at(c, "locations", i);

		law_state(c, "state", d->locations[i]->state, false);
		law_enum(c, "confidence", &cy_confidence__descriptor, (int)d->locations[i]->confidence, false);
		law_out(c, mark);
	}
	law_out(c, outer);
}

static void approvals(struct law_check *c, const CyRequest *r)
{
	law_must(c, r->n_approvals > 0, "approvals", "Who approved the request is mandatory.");
	for (size_t i = 0; i < r->n_approvals; i++) {
		size_t mark = law_in_at(c, "approvals", i);

		law_text(c, "name", r->approvals[i]->name);
		law_text(c, "office", r->approvals[i]->office);
		law_must(c, r->approvals[i]->at_ms > 0, "at_ms", "When it was approved is mandatory.");
		law_texts(c, "categories", r->approvals[i]->n_categories, r->approvals[i]->categories);
		law_out(c, mark);
	}
	for (size_t i = 0; i < r->n_reviews; i++) {
		size_t mark = law_in_at(c, "reviews", i);

		law_review(c, r->reviews[i]);
		law_out(c, mark);
	}
}

static void acknowledged(struct law_check *c, const CyRequest *r)
{
	for (size_t i = 0; i < r->n_atom_warnings; i++) {
		size_t mark = law_in_at(c, "atom_warnings", i);

		law_text(c, "atom", r->atom_warnings[i]->atom);
		law_text(c, "acknowledged_by", r->atom_warnings[i]->acknowledged_by);
		law_out(c, mark);
	}
}

void law_check_request(struct law_check *c, const CyRequest *r)
{
	header(c, r);
	authorities(c, r->authorities);
	urgency(c, r->urgency);
	proceeding(c, r->proceeding);
	facts(c, r);
	law_must(c, r->n_persons > 0 || !law_blank(r->no_person_reason), "persons",
		 "Name the persons, or give the reason why none is named.");
	law_persons(c, r->n_persons, r->persons);
	measures(c, r);
	purpose(c, r->purpose);
	location(c, r->data_location);
	law_attachments(c, r->n_attachments, r->attachments);
	approvals(c, r);
	acknowledged(c, r);
	law_title(c, r->title, false);
}
