/* The room of an author in a case: his own, with a part that is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "law/kinds.h"
#include "law/room.h"

#define K(name) CY_CONTENT__KIND_##name
#define ASKS    CY_SIDE__REQUESTING
#define ASKED   CY_SIDE__REQUESTED

static struct law_fact facts[2 * CY_CASE_MESSAGES_MAX + 2];
static size_t n_facts;
static struct law_taken taken;

static void say(CySide side, uint32_t kind)
{
	facts[n_facts] = (struct law_fact){ .side = side, .kind = kind, .number = (uint32_t)n_facts + 1 };
	law_take(&taken, &facts[n_facts]);
	n_facts++;
}

/* As many of this kind as the author has room for. */
static size_t fill(CySide side, uint32_t kind)
{
	size_t n = 0;

	for (; n <= CY_CASE_MESSAGES_MAX && law_room(&taken, side, kind, NULL) == CY_OK; n++)
		say(side, kind);
	return n;
}

static int anew(void **state)
{
	(void)state;
	n_facts = 0;
	taken = (struct law_taken){ 0 };
	return 0;
}

static void what_one_side_says_takes_nothing_of_the_other_ones_room(void **state)
{
	(void)state;
	fill(ASKS, K(NOTE));
	fill(ASKS, K(EVIDENCE_STATEMENT));
	fill(ASKS, K(WITHDRAWAL));
	assert_int_equal(n_facts, CY_CASE_MESSAGES_MAX);
	assert_int_equal(fill(ASKED, K(NOTE)), CY_CASE_SAYS_MAX);
	assert_int_equal(law_room(&taken, ASKED, K(REFUSAL), NULL), CY_OK);
	assert_int_equal(law_room(&taken, ASKED, K(RESULT), NULL), CY_OK);
	assert_int_equal(law_room(&taken, ASKED, K(CLOSURE), NULL), CY_OK);
	assert_int_equal(law_room(&taken, ASKED, K(EVIDENCE_STATEMENT), NULL), CY_OK);
}

static void what_ends_a_case_has_room_beside_notes_and_statements(void **state)
{
	struct cy_error e = { 0 };

	(void)state;
	assert_int_equal(fill(ASKED, K(NOTE)), CY_CASE_SAYS_MAX);
	assert_int_equal(law_room(&taken, ASKED, K(PROGRESS_REPORT), &e), CY_ELIMIT);
	assert_non_null(strstr(e.text, "768 messages of this sort"));
	assert_non_null(strstr(e.text, "what ends the case"));
	/* The other side can provoke statements: people have their room beside them, and so has what ends the case. */
	assert_int_equal(fill(ASKED, K(EVIDENCE_STATEMENT)), CY_CASE_STATES_MAX);
	assert_int_equal(law_room(&taken, ASKED, K(CLOCK_STATEMENT), &e), CY_ELIMIT);
	assert_non_null(strstr(e.text, "what people say"));
	assert_int_equal(fill(ASKED, K(REFUSAL)), CY_CASE_MESSAGES_MAX - CY_CASE_SAYS_MAX - CY_CASE_STATES_MAX);
	assert_int_equal(law_room(&taken, ASKED, K(CLOSURE), &e), CY_ELIMIT);
	assert_non_null(strstr(e.text, "2048 messages"));
}

static void statements_leave_people_their_room(void **state)
{
	(void)state;
	assert_int_equal(fill(ASKED, K(EVIDENCE_STATEMENT)), CY_CASE_STATES_MAX);
	assert_int_equal(fill(ASKED, K(NOTE)), CY_CASE_SAYS_MAX);
	assert_int_equal(law_room(&taken, ASKED, K(CLOSURE), NULL), CY_OK);
}

static void void_messages_count(void **state)
{
	(void)state;
	fill(ASKS, K(NOTE));
	for (size_t i = 0; i < n_facts; i++)
		facts[i].voided = true;
	assert_int_equal(law_room(&taken, ASKS, K(NOTE), NULL), CY_ELIMIT);
}

/* Whoever adds a kind decides whose room it takes. */
static void every_way_out_of_a_case_has_room_kept(void **state)
{
	static const uint32_t ends[] = { K(WITHDRAWAL),
					 K(ACKNOWLEDGEMENT),
					 K(RETURNED_DEFICIENT),
					 K(REDIRECTION),
					 K(CONDITIONS_ACCEPTED),
					 K(CONDITIONS_DECLINED),
					 K(RESULT),
					 K(REFUSAL),
					 K(CLOSURE),
					 K(EVIDENCE_RETURN),
					 K(DESTRUCTION_CERTIFICATE),
					 K(EVIDENCE_VERIFICATION) };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		assert_int_equal(law_kind(ends[i])->share, LAW_ENDS);
	for (size_t i = 0; i < law_kinds_n; i++)
		n += law_kinds[i].share == LAW_ENDS;
	assert_int_equal(n, sizeof ends / sizeof ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_one_side_says_takes_nothing_of_the_other_ones_room, anew),
		cmocka_unit_test_setup(what_ends_a_case_has_room_beside_notes_and_statements, anew),
		cmocka_unit_test_setup(statements_leave_people_their_room, anew),
		cmocka_unit_test_setup(void_messages_count, anew),
		cmocka_unit_test(every_way_out_of_a_case_has_room_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
