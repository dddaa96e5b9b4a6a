/* What a message must hold: a complete request passes, and whatever is taken
 * from it is named by its path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "law/validate.h"
#include "wire/json.h"

#define FIXTURES "tests/fixtures/law/"

static CyContent *parse(const char *json, size_t len)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	if (wire_json_parse(&cy_content__descriptor, cy_bytes(json, len), &m, &e))
		fail_msg("%s: %s", e.field, e.text);
	return (CyContent *)m;
}

static CyContent *load(const char *path)
{
	static char text[64 * 1024];
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f)
		fail_msg("%s is missing: run the tests from the top of the tree", path);
	len = fread(text, 1, sizeof text, f);
	assert_int_equal(fclose(f), 0);
	return parse(text, len);
}

static void drop(CyContent *c)
{
	protobuf_c_message_free_unpacked(&c->base, NULL);
}

static const struct law_fault *fault_at(const struct law_faults *all, const char *field)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->at[i].field, field))
			return &all->at[i];
	return NULL;
}

static void print_faults(const struct law_faults *all)
{
	for (size_t i = 0; i < all->n; i++)
		print_error("  %s: %s\n", all->at[i].field, all->at[i].text);
}

static void a_complete_request_passes(void **state)
{
	static const char *files[] = { FIXTURES "complete_request.json", FIXTURES "service_without_facts.json" };
	struct law_faults faults;

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		CyContent *c = load(files[i]);

		if (law_validate(c, &faults))
			print_faults(&faults);
		assert_int_equal(law_validate(c, &faults), CY_OK);
		assert_int_equal(faults.n, 0);
		drop(c);
	}
}

/* ------------------------------------------- one part taken away at a time */

#define EMPTY ((char *)protobuf_c_empty_string)

/* X(name of the change, field that the fault names, change of request r) */
#define CHANGES(X)                                                                                           \
	X(a_authority, "authorities.requesting", hide(&r->authorities->requesting))                          \
	X(a_authorities, "authorities", hide(&r->authorities))                                               \
	X(a_authority_name, "authorities.requesting.name", r->authorities->requesting->name = " ")           \
	X(b_proceeding, "proceeding", hide(&r->proceeding))                                                  \
	X(b_type, "proceeding.type", r->proceeding->type = 0)                                                \
	X(b_type_unknown, "proceeding.type", r->proceeding->type = 77)                                       \
	X(b_stage, "proceeding.stage", r->proceeding->stage = 0)                                             \
	X(b_subject, "proceeding.subject", r->proceeding->subject = EMPTY)                                   \
	X(b_conducted_by, "authorities.prosecuting",                                                         \
	  (hide(&r->authorities->prosecuting), hide(&r->authorities->investigating)))                        \
	X(c_facts, "facts", r->facts = EMPTY)                                                                \
	X(c_offences, "offences", r->n_offences = 0)                                                         \
	X(c_offence, "offences[0].name", r->offences[0]->name = EMPTY)                                       \
	X(c_statute, "offences[0].statute", r->offences[0]->statute = EMPTY)                                 \
	X(c_statute_text, "offences[0].statute_text", r->offences[0]->statute_text = EMPTY)                  \
	X(c_penalty, "offences[0].maximum_penalty", r->offences[0]->maximum_penalty = EMPTY)                 \
	X(d_measures, "measures", r->n_measures = 0)                                                         \
	X(d_type, "measures[0].type", r->measures[0]->type = 0)                                              \
	X(d_type_unknown, "measures[1].type", (r->measures[1]->type = 999, hide(&r->measures[1]->hearing)))  \
	X(d_number, "measures[1].measure", r->measures[1]->measure = 3)                                      \
	X(d_description, "measures[0].description", r->measures[0]->description = EMPTY)                     \
	X(d_hearing, "measures[1].hearing.mode", hide(&r->measures[1]->hearing))                             \
	X(d_hearing_expert, "measures[1].hearing.mode",                                                      \
	  (r->measures[1]->type = CY_MEASURE_TYPE__HEARING_EXPERT, hide(&r->measures[1]->hearing)))          \
	X(d_hearing_suspect, "measures[1].hearing.mode",                                                     \
	  (r->measures[1]->type = CY_MEASURE_TYPE__HEARING_SUSPECT, hide(&r->measures[1]->hearing)))         \
	X(e_persons, "persons", r->n_persons = 0)                                                            \
	X(e_role, "persons[0].role", r->persons[0]->role = 0)                                                \
	X(e_name, "persons[0].name", r->persons[0]->name = EMPTY)                                            \
	X(f_purpose, "purpose", hide(&r->purpose))                                                           \
	X(f_purpose_text, "purpose.purpose", r->purpose->purpose = EMPTY)                                    \
	X(requesting_state, "requesting_state", r->requesting_state = "Ie")                                  \
	X(requested_state, "requested_state", r->requested_state = EMPTY)                                    \
	X(language, "language", r->language = "eng")                                                         \
	X(legal_basis, "legal_basis", hide(&r->legal_basis))                                                 \
	X(instrument, "legal_basis.instrument", r->legal_basis->instrument = EMPTY)                          \
	X(instrument_version, "legal_basis.version", r->legal_basis->version = EMPTY)                        \
	X(instrument_articles, "legal_basis.articles", r->legal_basis->n_articles = 0)                       \
	X(both_bases, "legal_basis.instrument", r->legal_basis->reciprocity = 1)                             \
	X(links, "links", r->n_links = 0)                                                                    \
	X(link_type, "links[0].type", r->links[0]->type = 0)                                                 \
	X(link_reference, "links[0].reference", r->links[0]->type = CY_LINK_TYPE__FOLLOW_UP_MLA)             \
	X(urgency_reason, "urgency.reason", r->urgency->reason = 0)                                          \
	X(urgency_date, "urgency.until_date", r->urgency->until_date = "2027-02-29")                         \
	X(offence_date, "offences[0].committed_from_date", r->offences[0]->committed_from_date = "5.1.2026") \
	X(offence_period, "offences[0].committed_to_date", r->offences[0]->committed_to_date = "2026-01-04") \
	X(birth_date, "persons[0].birth_date", r->persons[0]->birth_date = "1990-02-30")                     \
	X(nationality, "persons[0].nationality", r->persons[0]->nationality = "IRL")                         \
	X(identifier_type, "persons[0].identifiers[0].type", r->persons[0]->identifiers[0]->type = EMPTY)    \
	X(target, "measures[0].targets[0].value", r->measures[0]->targets[0]->value = EMPTY)                 \
	X(period, "measures[0].period.to_date", r->measures[0]->period->to_date = "2025-12-31")              \
	X(wanted_by, "measures[0].wanted_by_date", r->measures[0]->wanted_by_date = "soon")                  \
	X(confidentiality, "purpose.confidentiality", r->purpose->confidentiality = 9)                       \
	X(location_state, "data_location.locations[0].state", r->data_location->locations[0]->state = "usa") \
	X(file_name, "attachments[0].name", r->attachments[0]->name = "a/b.pdf")                             \
	X(file_name_control, "attachments[0].name", r->attachments[0]->name = "a\nb.pdf")                    \
	X(media_type, "attachments[0].media_type", r->attachments[0]->media_type = "pdf")                    \
	X(file_size, "attachments[0].size", r->attachments[0]->_size_case = CY_ATTACHMENT___SIZE__NOT_SET)   \
	X(file_digest, "attachments[0].sha256", r->attachments[0]->sha256.len = 31)                          \
	X(approvals, "approvals", r->n_approvals = 0)                                                        \
	X(approval_name, "approvals[0].name", r->approvals[0]->name = EMPTY)                                 \
	X(approval_office, "approvals[0].office", r->approvals[0]->office = EMPTY)                           \
	X(approval_time, "approvals[0].at_ms", r->approvals[0]->at_ms = 0)                                   \
	X(review, "reviews[0].standard", r->reviews[0]->standard = EMPTY)                                    \
	X(data_category, "measures[0].data_categories[0]", r->measures[0]->data_categories[0] = EMPTY)       \
	X(approved_category, "approvals[0].categories[0]", r->approvals[0]->categories[0] = EMPTY)           \
	X(warned_atom, "atom_warnings[0].atom", r->atom_warnings[0]->atom = EMPTY)                           \
	X(acknowledged_by, "atom_warnings[0].acknowledged_by", r->atom_warnings[0]->acknowledged_by = " ")   \
	X(title, "title", r->title = "two\nlines")

/* The request is changed only in a copy of its skeleton, so that what was parsed
 * stays whole for protobuf_c_message_free_unpacked. */
static void hide(void *pointer)
{
	*(void **)pointer = NULL;
}

struct skeleton {
	CyContent content;
	CyRequest r;
	CyAuthorities authorities;
	CyAuthority requesting;
	CyLegalBasis basis;
	CyLink link, *links[1];
	CyUrgency urgency;
	CyProceeding proceeding;
	CyOffence offence, *offences[1];
	CyPerson person, *persons[1];
	CyIdentifier identifier, *identifiers[1], target, *targets[1];
	CyMeasure measure[2], *measures[2];
	CyDateRange period;
	CyPurpose purpose;
	CyDataLocation location;
	CyStorageLocation place, *places[2];
	CyAttachment attachment, *attachments[1];
	CyApproval approval, *approvals[1];
	CyReviewAttestation review, *reviews[1];
	CyAtomWarning warning, *warnings[1];
	char *data_categories[1], *categories[1];
};

/* Replace a pointer of the copy by one to a copy of what it points to. */
#define COPY(field, copy)           ((copy) = *(field), (field) = &(copy))
#define COPY_ONE(list, copy, array) ((copy) = *(list)[0], (array)[0] = &(copy), (list) = (array))

static CyRequest *copy_skeleton(const CyContent *full, struct skeleton *s)
{
	CyRequest *r = &s->r;

	s->content = *full;
	*r = *full->request;
	s->content.request = r;
	COPY(r->authorities, s->authorities);
	COPY(r->authorities->requesting, s->requesting);
	COPY(r->legal_basis, s->basis);
	COPY_ONE(r->links, s->link, s->links);
	COPY(r->urgency, s->urgency);
	COPY(r->proceeding, s->proceeding);
	COPY_ONE(r->offences, s->offence, s->offences);
	COPY_ONE(r->persons, s->person, s->persons);
	COPY_ONE(s->person.identifiers, s->identifier, s->identifiers);
	for (int i = 0; i < 2; i++) {
		s->measure[i] = *r->measures[i];
		s->measures[i] = &s->measure[i];
	}
	r->measures = s->measures;
	COPY(s->measure[0].period, s->period);
	COPY_ONE(s->measure[0].targets, s->target, s->targets);
	COPY(r->purpose, s->purpose);
	COPY(r->data_location, s->location);
	s->places[1] = s->location.locations[1];
	COPY_ONE(s->location.locations, s->place, s->places);
	COPY_ONE(r->attachments, s->attachment, s->attachments);
	COPY_ONE(r->approvals, s->approval, s->approvals);
	COPY_ONE(r->reviews, s->review, s->reviews);
	COPY_ONE(r->atom_warnings, s->warning, s->warnings);
	COPY(s->measure[0].data_categories, s->data_categories[0]);
	COPY(s->approval.categories, s->categories[0]);
	return r;
}

#define LAW_X(name, field, change)              \
	static void change_##name(CyRequest *r) \
	{                                       \
		change;                         \
	}
CHANGES(LAW_X)
#undef LAW_X

static const struct {
	const char *name, *field;
	void (*change)(CyRequest *r);
} changes[] = {
#define LAW_X(name, field, change) { #name, "request." field, change_##name },
	CHANGES(LAW_X)
#undef LAW_X
};

static void each_part_that_is_missing_or_wrong_is_named_by_its_path_and_nothing_else_is(void **state)
{
	CyContent *full = load(FIXTURES "complete_request.json");
	struct law_faults faults;
	struct skeleton s;

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		int rc;

		changes[i].change(copy_skeleton(full, &s));
		rc = law_validate(&s.content, &faults);
		if (rc != CY_EINVAL || faults.n != 1 || strcmp(faults.at[0].field, changes[i].field)) {
			print_error("%s, expected %s:\n", changes[i].name, changes[i].field);
			print_faults(&faults);
		}
		assert_int_equal(rc, CY_EINVAL);
		assert_int_equal(faults.n, 1);
		assert_string_equal(faults.at[0].field, changes[i].field);
		assert_true(faults.at[0].text[0]);
		assert_string_equal(faults.at[0].article, ""); /* it is asked whatever the instrument */
	}
	drop(full);
}

static void assert_faults(const char *file, const char *const *fields, size_t n)
{
	CyContent *c = load(file);
	struct law_faults faults;

	assert_int_equal(law_validate(c, &faults), CY_EINVAL);
	for (size_t i = 0; i < n; i++) {
		if (!fault_at(&faults, fields[i])) {
			print_error("no fault of %s among:\n", fields[i]);
			print_faults(&faults);
		}
		assert_non_null(fault_at(&faults, fields[i]));
	}
	if (faults.n != n)
		print_faults(&faults);
	assert_int_equal(faults.n, n);
	assert_false(faults.more);
	drop(c);
}

static void an_empty_request_is_told_everything_that_it_must_hold(void **state)
{
	static const char *const fields[] = {
		"request.requesting_state", "request.requested_state", "request.language",
		"request.legal_basis",      "request.links",           "request.authorities",
		"request.proceeding",       "request.facts",           "request.offences",
		"request.persons",          "request.measures",        "request.purpose",
		"request.approvals",
	};

	(void)state;
	assert_faults(FIXTURES "empty_request.json", fields, sizeof fields / sizeof fields[0]);
}

static void a_request_with_many_faults_is_told_all_of_them_at_once(void **state)
{
	static const char *const fields[] = {
		"request.requesting_state",
		"request.requested_state",
		"request.language",
		"request.legal_basis.version",
		"request.legal_basis.articles",
		"request.links[0].reference",
		"request.authorities.requesting.name",
		"request.authorities.prosecuting",
		"request.urgency.reason",
		"request.urgency.until_date",
		"request.proceeding.stage",
		"request.proceeding.subject",
		"request.facts",
		"request.offences[0].statute",
		"request.offences[0].statute_text",
		"request.offences[0].maximum_penalty",
		"request.offences[0].committed_to_date",
		"request.persons[0].role",
		"request.persons[0].name",
		"request.persons[0].nationality",
		"request.persons[0].identifiers[0].value",
		"request.measures[0].hearing.mode",
		"request.measures[1].measure",
		"request.measures[1].type",
		"request.measures[1].description",
		"request.purpose.purpose",
		"request.attachments[0].name",
		"request.attachments[0].media_type",
		"request.attachments[0].size",
		"request.attachments[0].sha256",
		"request.approvals[0].office",
		"request.approvals[0].at_ms",
		"request.title",
	};

	(void)state;
	assert_faults(FIXTURES "many_faults.json", fields, sizeof fields / sizeof fields[0]);
}

static void more_faults_than_fit_are_said_to_be_more(void **state)
{
	CyMeasure empty = CY_MEASURE__INIT, *list[64];
	CyRequest r = CY_REQUEST__INIT;
	CyContent c = CY_CONTENT__INIT;
	struct law_faults faults;

	(void)state;
	for (size_t i = 0; i < 64; i++)
		list[i] = &empty;
	r.n_measures = 64;
	r.measures = list;
	c.kind_case = CY_CONTENT__KIND_REQUEST;
	c.request = &r;
	assert_int_equal(law_validate(&c, &faults), CY_EINVAL);
	assert_int_equal(faults.n, LAW_FAULTS_MAX);
	assert_true(faults.more);
}

/* ------------------------------------------------------------- follow-ups */

/* A message, and the one field that is wrong; NULL: none is. */
static const struct {
	const char *json, *field;
} follow_ups[] = {
	{ "{'notification':{'title':'t','legalBasis':{'reciprocity':true},'text':'x'}}", NULL },
	{ "{'notification':{'title':'t','text':'x'}}", "notification.legal_basis" },
	{ "{'spontaneousInformation':{'title':'t','text':'x'}}", NULL },
	{ "{'spontaneousInformation':{'title':'t'}}", "spontaneous_information.text" },
	{ "{'supplement':{'notice':3,'text':'x','answers':[{'question':1,'text':'y'}]}}", NULL },
	{ "{'supplement':{'text':'x','answers':[{'text':'y'}]}}", "supplement.answers[0].question" },
	{ "{'evidenceStatement':{'items':[{'message':1,'fate':'WANTED','atMs':'1',"
	  "'sha256':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}]}}",
	  "evidence_statement.items[0].attachment" },
	{ "{'conditionsAccepted':{'proposal':2}}", NULL },
	{ "{'conditionsAccepted':{}}", "conditions_accepted.proposal" },
	{ "{'conditionsDeclined':{'proposal':2}}", "conditions_declined.text" },
	{ "{'withdrawal':{'reason':'x'}}", NULL },
	{ "{'withdrawal':{'measures':[1,2]}}", "withdrawal.reason" },
	{ "{'withdrawal':{'measures':[1,2,1],'reason':'x'}}", "withdrawal.measures[2]" },
	{ "{'withdrawal':{'measures':[65],'reason':'x'}}", "withdrawal.measures[0]" },
	{ "{'progressQuery':{}}", NULL },
	{ "{'progressQuery':{'measures':[0]}}", "progress_query.measures[0]" },
	{ "{'evidenceVerification':{'result':2,'state':'VERIFIED'}}", NULL },
	{ "{'evidenceVerification':{'result':2}}", "evidence_verification.state" },
	{ "{'evidenceVerification':{'result':2,'state':'REJECTED'}}", "evidence_verification.reason" },
	{ "{'useConsentRequest':{'use':'x'}}", "use_consent_request.reason" },
	{ "{'evidenceReturn':{}}", "evidence_return.result" },
	{ "{'destructionCertificate':{'result':2,'method':'x'}}", "destruction_certificate.certified_by" },
	{ "{'acknowledgement':{'by':'CENTRAL_AUTHORITY','reference':'x'}}", NULL },
	{ "{'acknowledgement':{'by':'CENTRAL_AUTHORITY'}}", "acknowledgement.reference" },
	{ "{'acknowledgement':{'reference':'x'}}", "acknowledgement.by" },
	{ "{'returnedDeficient':{'text':'x'}}", "returned_deficient.faults" },
	{ "{'redirection':{}}", "redirection.competent_authority" },
	{ "{'problemNotice':{'type':'CLARIFICATION','text':'x','answerByDate':'2026-12-01'}}", NULL },
	{ "{'problemNotice':{'text':'x'}}", "problem_notice.type" },
	{ "{'problemNotice':{'type':'CLARIFICATION','text':'x','answerByDate':'2026-13-01'}}",
	  "problem_notice.answer_by_date" },
	{ "{'conditionsProposed':{'conditions':['x']}}", NULL },
	{ "{'conditionsProposed':{'measures':[1]}}", "conditions_proposed.conditions" },
	{ "{'conditionsProposed':{'measures':[1],'conditions':['x'],'replaces':2}}", NULL },
	{ "{'conditionsProposed':{'replaces':2,'text':'x'}}", NULL },
	{ "{'conditionsProposed':{'replaces':2}}", "conditions_proposed.text" },
	{ "{'conditionsProposed':{'replaces':2,'measures':[1],'text':'x'}}", "conditions_proposed.measures" },
	{ "{'decision':{}}", NULL },
	{ "{'decision':{'measures':[1,1]}}", "decision.measures[1]" },
	{ "{'postponement':{'ground':'x'}}", NULL },
	{ "{'postponement':{}}", "postponement.ground" },
	{ "{'resumption':{}}", NULL },
	{ "{'extension':{'reason':'x','estimateDate':'2026-12-24'}}", NULL },
	{ "{'extension':{'reason':'x'}}", "extension.estimate_date" },
	{ "{'extension':{'estimateDate':'2026-12-24'}}", "extension.reason" },
	{ "{'progressReport':{}}", "progress_report.text" },
	{ "{'result':{'results':[{'measure':1,'outcome':'EXECUTED'},{'measure':2,'partial':true}]}}", NULL },
	{ "{'result':{}}", "result.results" },
	{ "{'result':{'results':[{'measure':1}]}}", "result.results[0].outcome" },
	{ "{'result':{'results':[{'measure':1,'outcome':'NOT_EXECUTED'}]}}", "result.results[0].reason" },
	{ "{'result':{'results':[{'measure':1,'partial':true},{'measure':1,'partial':true}]}}",
	  "result.results[1].measure" },
	{ "{'refusal':{'refusals':[{'measure':1,'ground':'DE_MINIMIS','article':'3','reason':'x'}]}}", NULL },
	{ "{'refusal':{'refusals':[{'measure':1,'article':'3','reason':'x'}]}}", "refusal.refusals[0].ground" },
	{ "{'refusal':{'refusals':[{'measure':1,'ground':'DE_MINIMIS','reason':'x'}]}}",
	  "refusal.refusals[0].article" },
	{ "{'refusal':{'refusals':[{'measure':1,'ground':'DE_MINIMIS','article':'3'}]}}",
	  "refusal.refusals[0].reason" },
	{ "{'refusal':{'refusals':[{'measure':1,'ground':'TREATY_SPECIFIC','code':{'owner':'o','name':'n'},"
	  "'article':'3','reason':'x'}]}}",
	  "refusal.refusals[0].code.value" },
	{ "{'closure':{}}", NULL },
	{ "{'useConsentDecision':{'request':4,'consent':false}}", NULL },
	{ "{'useConsentDecision':{'request':4}}", "use_consent_decision.consent" },
	{ "{'costsConsultation':{}}", "costs_consultation.text" },
	{ "{'conflictOfLawNotice':{'provider':'p','text':'x'}}", "conflict_of_law_notice.articles" },
	{ "{'reviewAttestation':{'by':'b','standard':'s'}}", "review_attestation.result" },
	{ "{'reviewReliance':{'message':1,'review':1,'reliance':'RELIED_ON'}}", NULL },
	{ "{'reviewReliance':{'message':1,'review':1,'reliance':'REPEATED'}}", "review_reliance.reason" },
	{ "{'note':{'text':'x'}}", NULL },
	{ "{'note':{}}", "note.text" },
	{ "{}", "kind" },
};

static void a_follow_up_must_hold_what_the_schema_marks_as_mandatory(void **state)
{
	struct law_faults faults;

	(void)state;
	for (size_t i = 0; i < sizeof follow_ups / sizeof follow_ups[0]; i++) {
		char json[512];
		size_t len = strlen(follow_ups[i].json);
		CyContent *c;

		assert_true(len < sizeof json);
		for (size_t at = 0; at < len; at++)
			json[at] = follow_ups[i].json[at] == '\'' ? '"' : follow_ups[i].json[at];
		c = parse(json, len);
		law_validate(c, &faults);
		if (faults.n != (follow_ups[i].field != NULL)) {
			print_error("%s\n", follow_ups[i].json);
			print_faults(&faults);
		}
		assert_int_equal(faults.n, follow_ups[i].field != NULL);
		if (follow_ups[i].field)
			assert_string_equal(faults.at[0].field, follow_ups[i].field);
		drop(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complete_request_passes),
		cmocka_unit_test(each_part_that_is_missing_or_wrong_is_named_by_its_path_and_nothing_else_is),
		cmocka_unit_test(an_empty_request_is_told_everything_that_it_must_hold),
		cmocka_unit_test(a_request_with_many_faults_is_told_all_of_them_at_once),
		cmocka_unit_test(more_faults_than_fit_are_said_to_be_more),
		cmocka_unit_test(a_follow_up_must_hold_what_the_schema_marks_as_mandatory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
