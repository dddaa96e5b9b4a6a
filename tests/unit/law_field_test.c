/* Paths that a treaty profile may name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comity/v1/case.pb-c.h"
#include "law/field.h"

static void the_paths_of_fields_are_known(void **state)
{
	static const char *const good[] = { "facts",
					    "measures",
					    "measures[].nexus",
					    "measures[].targets",
					    "measures[].targets[].issuer",
					    "measures[].hearing.mode",
					    "purpose.use_limits",
					    "persons[].birth_date",
					    "authorities.validating",
					    "legal_basis.articles",
					    "measures[].custody.consent" };
	static const char *const bad[] = { "",
					   "fact",
					   "facts.text",
					   "facts[]",
					   "measures.nexus",
					   "measures[]",
					   "measures[].nexu",
					   "measures[0].nexus",
					   "purpose[].use_limits",
					   "purpose.",
					   ".facts",
					   "measures[]nexus",
					   "measures[].",
					   "purpose..purpose",
					   "legal_basis.articles[]" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!law_field_known(good[i]))
			fail_msg("%s is a field", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (law_field_known(bad[i]))
			fail_msg("%s is no field", bad[i]);
}

static void a_field_of_one_kind_is_none_of_another(void **state)
{
	(void)state;
	assert_true(law_field_in(&cy_notification__descriptor, "persons[].name"));
	assert_false(law_field_in(&cy_notification__descriptor, "facts"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_paths_of_fields_are_known),
		cmocka_unit_test(a_field_of_one_kind_is_none_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
