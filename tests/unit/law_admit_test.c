/* The life cycle: each rule with something allowed and something refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "law/kinds.h"
#include "law_cases.h"

enum {
	DONE = CY_MEASURE_OUTCOME__EXECUTED,
	GROUND = CY_REFUSAL_GROUND__ESSENTIAL_INTERESTS
};

static int try(const struct history *h, CySide side, struct law_fact f, struct cy_error *e)
{
	f = by(h, side, f, last_number(h, other_side(side)));
	return law_admit(h->f, h->n, &f, e);
}

static void allowed(const struct history *h, CySide side, struct law_fact f)
{
	struct cy_error e = { 0 };

	if (try(h, side, f, &e))
		print_error("%s: %s\n", e.field, e.text);
	assert_int_equal(try(h, side, f, NULL), CY_OK);
}

static void refused(const struct history *h, CySide side, struct law_fact f, const char *part)
{
	struct cy_error e = { 0 };

	assert_int_equal(try(h, side, f, &e), CY_ESTATE);
	if (!strstr(e.text, part))
		print_error("%s: %s\n", e.field, e.text);
	assert_non_null(strstr(e.text, part));
}

static void only_the_requesting_side_opens_a_case_and_only_once(void **state)
{
	struct history none = { .n = 0 }, h = requested();

	(void)state;
	allowed(&none, ASKS, say(K(REQUEST), 0, 0, 0));
	allowed(&none, ASKS, say(K(NOTIFICATION), 0, 0, 0));
	allowed(&none, ASKS, say(K(SPONTANEOUS_INFORMATION), 0, 0, 0));
	refused(&none, ASKED, say(K(REQUEST), 0, 0, 0), "cannot say");
	refused(&none, ASKS, say(K(NOTE), 0, 0, 0), "not open");
	refused(&none, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0), "not open");
	refused(&h, ASKS, say(K(REQUEST), 0, 0, 0), "open already");
	refused(&h, ASKS, say(K(REFUSAL), 0, 1, 0), "requesting side cannot say");
	refused(&h, ASKED, say(K(WITHDRAWAL), 0, 1, 0), "requested side cannot say");
	h.f[0].voided = true;
	refused(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0), "void");
	refused(&h, ASKS, say(K(REQUEST), 0, 0, 0), "void");
}

static void numbers_rise_and_nothing_unsent_is_seen(void **state)
{
	struct history h = registered();
	struct law_fact f = by(&h, ASKS, say(K(NOTE), 0, 0, 0), 1);
	struct cy_error e;

	(void)state;
	assert_int_equal(law_admit(h.f, h.n, &f, NULL), CY_OK);
	f.number = 9;
	assert_int_equal(law_admit(h.f, h.n, &f, NULL), CY_OK);
	f.number = 1;
	assert_int_equal(law_admit(h.f, h.n, &f, &e), CY_ESTATE);
	assert_string_equal(e.field, "number");
	f.number = 2;
	f.seen = 2;
	assert_int_equal(law_admit(h.f, h.n, &f, &e), CY_ESTATE);
	assert_string_equal(e.field, "seen");
}

static void a_message_is_judged_by_what_its_author_had_seen(void **state)
{
	struct history h = registered();
	struct law_fact f;

	(void)state;
	add(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0));
	f = by(&h, ASKED, say(K(DECISION), 0, 1, 0), 1);
	assert_int_equal(law_admit(h.f, h.n, &f, NULL), CY_OK);
	refused(&h, ASKED, say(K(DECISION), 0, 1, 0), "measure 1 is WITHDRAWN");
	h.f[h.n - 1].voided = true;
	allowed(&h, ASKED, say(K(DECISION), 0, 1, 0));
}

static void what_was_seen_once_stays_seen(void **state)
{
	struct history h = registered();
	struct law_fact f;

	(void)state;
	add(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0));
	add(&h, ASKED, say(K(NOTE), 0, 0, 0));
	f = by(&h, ASKED, say(K(DECISION), 0, 1, 0), 1);
	assert_int_equal(law_admit(h.f, h.n, &f, NULL), CY_ESTATE);
}

static void a_return_or_redirection_comes_before_registration_and_ends_the_case(void **state)
{
	static const uint32_t back[] = { K(RETURNED_DEFICIENT), K(REDIRECTION) };
	struct history h = registered();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct history r = requested();

		refused(&h, ASKED, say(back[i], 0, 0, 0), "registered and open");
		allowed(&r, ASKED, say(back[i], 0, 0, 0));
		add(&r, ASKED, say(back[i], 0, 0, 0));
		allowed(&r, ASKS, say(K(NOTE), 0, 0, 0));
		refused(&r, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0), "returned or redirected");
		refused(&r, ASKS, say(K(WITHDRAWAL), 0, 0, 0), "returned or redirected");
		refused(&r, ASKS, say(K(SUPPLEMENT), 0, 0, 0), "returned or redirected");
	}
}

static void the_central_authority_registers_once_and_the_executing_one_after_it(void **state)
{
	struct history h = requested();

	(void)state;
	refused(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 2, 0), "not registered");
	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0));
	refused(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0), "already");
	allowed(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 2, 0));
}

static void measures_are_acted_on_only_after_registration(void **state)
{
	static const uint32_t kinds[] = { K(DECISION), K(POSTPONEMENT), K(EXTENSION), K(CONDITIONS_PROPOSED),
					  K(REFUSAL),  K(RESULT) };
	struct history before = requested(), after = registered();

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		refused(&before, ASKED, say(kinds[i], 0, 1, 0), "not registered yet");
		allowed(&after, ASKED, say(kinds[i], 0, 1, 0));
	}
	allowed(&before, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0));
}

static void a_result_or_refusal_needs_an_open_measure(void **state)
{
	struct history h = registered();

	(void)state;
	add(&h, ASKED, say(K(REFUSAL), 0, 0, GROUND));
	refused(&h, ASKED, say(K(RESULT), 0, 0, DONE), "measure 2 is REFUSED");
	refused(&h, ASKED, say(K(RESULT), 0, DONE, DONE), "measure 2 is REFUSED");
	refused(&h, ASKED, say(K(REFUSAL), 0, 0, GROUND), "PENDING or EXECUTING");
	allowed(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	add(&h, ASKED, say(K(RESULT), 0, 0x80, 0));
	allowed(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	allowed(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0));
}

static void a_measure_that_does_not_exist_is_refused_by_its_number(void **state)
{
	struct history h = registered();
	struct law_fact f = say(K(DECISION), 0, 0, 0);

	(void)state;
	f.code[2] = 1;
	refused(&h, ASKED, f, "measure 3 does not exist; the case has 2");
	f.kind = K(PROGRESS_REPORT);
	refused(&h, ASKED, f, "measure 3 does not exist");
	f.kind = K(PROBLEM_NOTICE);
	refused(&h, ASKED, f, "measure 3 does not exist");
}

static void proposed_conditions_hold_results_and_decisions_until_they_are_answered(void **state)
{
	struct history h = registered();
	uint32_t p = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0));

	(void)state;
	refused(&h, ASKED, say(K(RESULT), 0, DONE, 0), "conditions open");
	refused(&h, ASKED, say(K(RESULT), 0, 0x80, 0), "conditions open");
	refused(&h, ASKED, say(K(DECISION), 0, 0, 0), "conditions open");
	refused(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0), "conditions open");
	allowed(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0));
	allowed(&h, ASKED, say(K(DECISION), 0, 0, 1));
	refused(&h, ASKS, say(K(CONDITIONS_ACCEPTED), 1, 0, 0), "no proposed conditions");
	refused(&h, ASKS, say(K(CONDITIONS_DECLINED), 0, 0, 0), "no proposed conditions");
	allowed(&h, ASKS, say(K(CONDITIONS_DECLINED), p, 0, 0));
	add(&h, ASKS, say(K(CONDITIONS_ACCEPTED), p, 0, 0));
	refused(&h, ASKS, say(K(CONDITIONS_ACCEPTED), p, 0, 0), "no proposed conditions");
	allowed(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	assert_true(folded(&h).measures[0].bound);
}

static void a_proposal_without_an_answer_may_be_replaced_and_retracted(void **state)
{
	struct history h = registered();
	const uint32_t p = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0)), q = p + 1;
	struct law_fact retraction = say(K(CONDITIONS_PROPOSED), p, 0, 0);

	(void)state;
	memset(retraction.code, LAW_RETRACTED, sizeof retraction.code);
	allowed(&h, ASKED, retraction);
	allowed(&h, ASKED, say(K(CONDITIONS_PROPOSED), p, 0, 0));
	allowed(&h, ASKED, say(K(CONDITIONS_PROPOSED), p, 1, 0));
	refused(&h, ASKED, say(K(CONDITIONS_PROPOSED), p, 1, 1), "proposes nothing for measure 2");
	refused(&h, ASKED, say(K(CONDITIONS_PROPOSED), p + 7, 0, 0), "has no answer yet");
	assert_int_equal(add(&h, ASKED, say(K(CONDITIONS_PROPOSED), p, 1, 0)), q);
	refused(&h, ASKS, say(K(CONDITIONS_ACCEPTED), p, 0, 0), "no proposed conditions");
	allowed(&h, ASKS, say(K(CONDITIONS_ACCEPTED), q, 0, 0));
	refused(&h, ASKED, retraction, "it was answered, replaced, or ended with its measures");
	retraction.ref = q;
	add(&h, ASKED, retraction);
	allowed(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	refused(&h, ASKS, say(K(CONDITIONS_ACCEPTED), q, 0, 0), "no proposed conditions");
	assert_false(folded(&h).measures[0].bound);
}

/* For the measures that the new one leaves out nothing is proposed any more. */
static void what_a_new_proposal_leaves_out_is_free(void **state)
{
	struct history h = registered();
	const uint32_t p = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 1));

	(void)state;
	add(&h, ASKED, say(K(CONDITIONS_PROPOSED), p, 0, 1));
	allowed(&h, ASKED, say(K(DECISION), 0, 1, 0));
	refused(&h, ASKED, say(K(DECISION), 0, 0, 1), "conditions open");
}

/* What was preserved may be kept for longer: its time limit begins when the measure has its outcome. */
static void a_time_limit_that_is_named_may_be_extended_after_the_measure(void **state)
{
	struct history h = registered();
	struct law_fact longer = say(K(EXTENSION), 0, 1, 0);

	(void)state;
	add(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	refused(&h, ASKED, longer,
		"measure 1 is EXECUTED; a message of kind extension is allowed for a measure that is PENDING or "
		"EXECUTING");
	assert_int_equal(cy_copy(longer.clock, sizeof longer.clock, "preserve"), CY_OK);
	allowed(&h, ASKED, longer);
	add(&h, ASKED, say(K(REFUSAL), 0, 0, GROUND));
	longer.code[0] = 0;
	longer.code[1] = 1;
	refused(&h, ASKED, longer, "measure 2 is REFUSED");
}

static void a_postponement_needs_an_open_measure_and_a_resumption_a_postponed_one(void **state)
{
	struct history h = registered();

	(void)state;
	refused(&h, ASKED, say(K(RESUMPTION), 0, 1, 0), "postponed");
	refused(&h, ASKED, say(K(RESUMPTION), 0, 0, 0), "no measure");
	add(&h, ASKED, say(K(POSTPONEMENT), 0, 1, 0));
	allowed(&h, ASKED, say(K(RESUMPTION), 0, 0, 0));
	add(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	refused(&h, ASKED, say(K(POSTPONEMENT), 0, 1, 0), "measure 1 is EXECUTED");
	refused(&h, ASKED, say(K(RESUMPTION), 0, 1, 0), "postponed");
}

static void what_is_open_can_be_withdrawn_until_the_case_is_closed(void **state)
{
	struct history h = requested();

	(void)state;
	allowed(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0));
	add(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0));
	refused(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0), "measure 1 is WITHDRAWN");
	allowed(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0));
	add(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0));
	refused(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0), "no measure");
}

static void a_case_closes_when_every_measure_has_an_outcome(void **state)
{
	struct history h = registered();

	(void)state;
	add(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	refused(&h, ASKED, say(K(CLOSURE), 0, 0, 0), "measure 2 is PENDING");
	add(&h, ASKED, say(K(REFUSAL), 0, 0, GROUND));
	allowed(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
}

static void after_the_close_only_the_afterlife_of_evidence_and_remarks_are_allowed(void **state)
{
	struct history h = registered();
	uint32_t result = add(&h, ASKED, say(K(RESULT), 0, DONE, DONE)), n;

	(void)state;
	add(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
	allowed(&h, ASKS, say(K(EVIDENCE_VERIFICATION), result, 0, 0));
	allowed(&h, ASKS, say(K(EVIDENCE_RETURN), result, 0, 0));
	allowed(&h, ASKS, say(K(DESTRUCTION_CERTIFICATE), result, 0, 0));
	allowed(&h, ASKS, say(K(COSTS_CONSULTATION), 0, 0, 0));
	allowed(&h, ASKED, say(K(NOTE), 0, 0, 0));
	allowed(&h, ASKED, say(K(CONFLICT_OF_LAW_NOTICE), 0, 0, 0));
	allowed(&h, ASKED, say(K(REVIEW_ATTESTATION), 0, 0, 0));
	allowed(&h, ASKED, say(K(REVIEW_RELIANCE), 1, 0, 0));
	n = add(&h, ASKS, say(K(USE_CONSENT_REQUEST), 0, 0, 0));
	allowed(&h, ASKED, say(K(USE_CONSENT_DECISION), n, 0, 0));
	refused(&h, ASKS, say(K(SUPPLEMENT), 0, 0, 0), "closed");
	refused(&h, ASKS, say(K(PROGRESS_QUERY), 0, 0, 0), "closed");
	refused(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0), "closed");
	refused(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0), "closed");
	refused(&h, ASKED, say(K(PROGRESS_REPORT), 0, 0, 0), "closed");
	refused(&h, ASKED, say(K(CLOSURE), 0, 0, 0), "closed");
}

static void an_answer_needs_the_question_to_be_open(void **state)
{
	struct history h = registered();
	uint32_t n = add(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0)), u;

	(void)state;
	allowed(&h, ASKS, say(K(SUPPLEMENT), 0, 0, 0));
	allowed(&h, ASKS, say(K(SUPPLEMENT), n, 0, 0));
	refused(&h, ASKS, say(K(SUPPLEMENT), 1, 0, 0), "message 1 of the other side");
	add(&h, ASKS, say(K(SUPPLEMENT), n, 0, 0));
	refused(&h, ASKS, say(K(SUPPLEMENT), n, 0, 0), "no problem notice");
	refused(&h, ASKED, say(K(USE_CONSENT_DECISION), 1, 0, 0), "no use-consent request");
	u = add(&h, ASKS, say(K(USE_CONSENT_REQUEST), 0, 0, 0));
	add(&h, ASKED, say(K(USE_CONSENT_DECISION), u, 0, 0));
	refused(&h, ASKED, say(K(USE_CONSENT_DECISION), u, 0, 0), "no use-consent request");
}

static void what_is_said_about_a_result_or_a_review_needs_it_to_be_there(void **state)
{
	struct history h = registered();

	(void)state;
	refused(&h, ASKS, say(K(EVIDENCE_VERIFICATION), 1, 0, 0), "must be a result");
	refused(&h, ASKS, say(K(EVIDENCE_RETURN), 7, 0, 0), "must be a result");
	refused(&h, ASKS, say(K(REVIEW_RELIANCE), 1, 0, 0), "review attestation");
	allowed(&h, ASKED, say(K(REVIEW_RELIANCE), 1, 0, 0));
}

static void a_notice_is_about_open_measures_and_ends_with_them(void **state)
{
	struct history h = registered();

	(void)state;
	add(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0));
	add(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0));
	add(&h, ASKED, say(K(RESULT), 0, DONE, 0));
	assert_int_equal(folded(&h).n_notices, 1);
	assert_int_equal(folded(&h).notices[0], 3);
	refused(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), "measure 1 is EXECUTED");
	allowed(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0));
}

static void no_more_than_64_notices_wait_at_once(void **state)
{
	struct history h = registered();

	(void)state;
	for (unsigned i = 0; i < LAW_OPEN_MAX; i++)
		add(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0));
	refused(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), "64 problem notices");
}

static void a_notification_is_a_case_without_measures(void **state)
{
	struct history h = { .n = 0 };

	(void)state;
	add(&h, ASKS, say(K(NOTIFICATION), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_INFORMED);
	allowed(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0));
	allowed(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
	refused(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0), "no measure");
	refused(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), "does not exist");
}

/* Of an interception the notified state may require that it ends, set conditions, or ask for more time. */
static struct history notified(void)
{
	struct history h = { .n = 0 };

	add(&h, ASKS, say(K(NOTIFICATION), 0, 0, 0));
	refused(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0), "not registered yet");
	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0));
	return h;
}

static void what_is_notified_can_be_refused(void **state)
{
	struct history h = notified();

	(void)state;
	refused(&h, ASKED, say(K(REFUSAL), 0, 0, GROUND), "measure 2 does not exist; what is notified is measure 1");
	refused(&h, ASKED, say(K(RESULT), 0, DONE, 0), "does not exist");
	refused(&h, ASKED, say(K(DECISION), 0, 0, 0), "no measure");
	add(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_REFUSED);
	assert_int_equal(folded(&h).measures[0].ground, GROUND);
	refused(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0), "REFUSED");
	refused(&h, ASKED, say(K(EXTENSION), 0, 0, 0), "no measure");
	add(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_CLOSED);
}

static void what_is_notified_can_be_conditioned_and_extended(void **state)
{
	struct history h = notified();
	uint32_t proposal;

	(void)state;
	allowed(&h, ASKED, say(K(EXTENSION), 0, 0, 0));
	allowed(&h, ASKED, say(K(EXTENSION), 0, 1, 0));
	allowed(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0));
	proposal = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_CONDITIONS_PROPOSED);
	refused(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 0), "without proposed conditions open");
	allowed(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0));
	add(&h, ASKS, say(K(CONDITIONS_ACCEPTED), proposal, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_INFORMED);
	assert_true(folded(&h).measures[0].bound);
	/* It is closed without an outcome: who is notified need not answer. */
	allowed(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
}

static void with_the_case_what_was_proposed_for_a_notification_ends(void **state)
{
	struct history h = notified();

	(void)state;
	add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 0));
	add(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
	assert_int_equal(folded(&h).measures[0].proposal, 0);
}

static void information_is_nothing_to_object_to(void **state)
{
	struct history h = { .n = 0 };

	(void)state;
	add(&h, ASKS, say(K(SPONTANEOUS_INFORMATION), 0, 0, 0));
	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0));
	refused(&h, ASKED, say(K(REFUSAL), 0, GROUND, 0), "does not exist");
	refused(&h, ASKED, say(K(EXTENSION), 0, 0, 0), "no measure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_requesting_side_opens_a_case_and_only_once),
		cmocka_unit_test(numbers_rise_and_nothing_unsent_is_seen),
		cmocka_unit_test(a_message_is_judged_by_what_its_author_had_seen),
		cmocka_unit_test(what_was_seen_once_stays_seen),
		cmocka_unit_test(a_return_or_redirection_comes_before_registration_and_ends_the_case),
		cmocka_unit_test(the_central_authority_registers_once_and_the_executing_one_after_it),
		cmocka_unit_test(measures_are_acted_on_only_after_registration),
		cmocka_unit_test(a_result_or_refusal_needs_an_open_measure),
		cmocka_unit_test(a_measure_that_does_not_exist_is_refused_by_its_number),
		cmocka_unit_test(proposed_conditions_hold_results_and_decisions_until_they_are_answered),
		cmocka_unit_test(a_proposal_without_an_answer_may_be_replaced_and_retracted),
		cmocka_unit_test(what_a_new_proposal_leaves_out_is_free),
		cmocka_unit_test(a_time_limit_that_is_named_may_be_extended_after_the_measure),
		cmocka_unit_test(a_postponement_needs_an_open_measure_and_a_resumption_a_postponed_one),
		cmocka_unit_test(what_is_open_can_be_withdrawn_until_the_case_is_closed),
		cmocka_unit_test(a_case_closes_when_every_measure_has_an_outcome),
		cmocka_unit_test(after_the_close_only_the_afterlife_of_evidence_and_remarks_are_allowed),
		cmocka_unit_test(an_answer_needs_the_question_to_be_open),
		cmocka_unit_test(what_is_said_about_a_result_or_a_review_needs_it_to_be_there),
		cmocka_unit_test(a_notice_is_about_open_measures_and_ends_with_them),
		cmocka_unit_test(no_more_than_64_notices_wait_at_once),
		cmocka_unit_test(a_notification_is_a_case_without_measures),
		cmocka_unit_test(what_is_notified_can_be_refused),
		cmocka_unit_test(what_is_notified_can_be_conditioned_and_extended),
		cmocka_unit_test(with_the_case_what_was_proposed_for_a_notification_ends),
		cmocka_unit_test(information_is_nothing_to_object_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
