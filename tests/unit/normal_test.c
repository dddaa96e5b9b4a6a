/* Normal forms of references, by the examples of Unicode Standard Annex #15 (figures 3 to 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/cases/normal.h"

static void what_looks_the_same_has_the_same_forms(void **state)
{
	static const struct {
		const char *given, *composed, *decomposed;
	} cases[] = {
		{ "\u212b", "\u00c5", "A\u030a" },
		{ "\u2126", "\u03a9", "\u03a9" },
		{ "\u00f4", "\u00f4", "o\u0302" },
		{ "\u1e9b\u0323", "\u1e9b\u0323", "\u017f\u0323\u0307" },
		{ "\u1e0b\u0323", "\u1e0d\u0307", "d\u0323\u0307" },
		{ "q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307" },
		{ "\uac00", "\uac00", "\u1100\u1161" },
		{ "AZ-2026/\u00e9t\u00e9", "AZ-2026/\u00e9t\u00e9", "AZ-2026/e\u0301te\u0301" },
		{ "AZ-2026/1", "AZ-2026/1", "AZ-2026/1" },
		{ "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct normal_forms forms;

		normal_forms(cases[i].given, &forms);
		assert_string_equal(forms.form[0], cases[i].given);
		for (size_t k = 0; k < forms.n; k++) {
			assert_true(k == 0 || strcmp(forms.form[k], cases[i].composed) == 0 ||
				    strcmp(forms.form[k], cases[i].decomposed) == 0);
			for (size_t j = 0; j < k; j++)
				assert_string_not_equal(forms.form[j], forms.form[k]);
		}
		assert_true(normal_equal(cases[i].given, cases[i].composed));
		assert_true(normal_equal(cases[i].given, cases[i].decomposed));
		assert_true(normal_equal(cases[i].composed, cases[i].decomposed));
		assert_true(normal_equal(cases[i].decomposed, cases[i].composed));
	}
}

/* Compatibility is more than a form: what people see as another sign is one. */
static void what_looks_otherwise_is_another_reference(void **state)
{
	(void)state;
	assert_false(normal_equal("\u00e9", "e"));
	assert_false(normal_equal("\u00e9", "\u00e8"));
	assert_false(normal_equal("x\u00b2", "x2"));
	assert_false(normal_equal("\ufb01le", "file"));
	assert_false(normal_equal("A", "a"));
	assert_false(normal_equal("\xff", "\xfe"));
	assert_true(normal_equal("\xff", "\xff"));
}

static void the_longest_reference_has_room_for_its_forms(void **state)
{
	char text[CY_REFERENCE_MAX + 2] = "", decomposed[NORMAL_SIZE] = "";
	struct normal_forms forms;

	(void)state;
	/* U+0390 has 2 bytes, and its three parts 6. */
	while (strlen(text) < CY_REFERENCE_MAX) {
		strcat(text, "\u0390");
		strcat(decomposed, "\u03b9\u0308\u0301");
	}
	normal_forms(text, &forms);
	assert_int_equal(forms.n, 2);
	assert_string_equal(forms.form[1], decomposed);
	strcat(text, "x");
	normal_forms(text, &forms);
	assert_int_equal(forms.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_looks_the_same_has_the_same_forms),
		cmocka_unit_test(what_looks_otherwise_is_another_reference),
		cmocka_unit_test(the_longest_reference_has_room_for_its_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
