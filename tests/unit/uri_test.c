/* What is hidden of a URI in a text for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/uri.h"

static void test_queries_are_hidden_and_all_else_stays(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "pkcs11:token=x;object=y", "pkcs11:token=x;object=y" },
		{ "pkcs11:token=x?pin-value=1234", "pkcs11:token=x?***" },
		{ "pkcs11:x?pin-value=1234&module-name=m no key", "pkcs11:x?*** no key" },
		{ "'pkcs11:x?pin-value=1234' is not a file", "'pkcs11:x?***' is not a file" },
		{ "pkcs11:x?pin-value=1234: cannot be opened", "pkcs11:x?***: cannot be opened" },
		{ "'pkcs11:x?pin-value=1':", "'pkcs11:x?***':" },
		{ "(pkcs11:x?pin-value='1')", "(pkcs11:x?***')" },
		{ "/etc/c.conf:4: pkcs11:x?pin-value=1 and pkcs11:y?pin-source=file:/p",
		  "/etc/c.conf:4: pkcs11:x?*** and pkcs11:y?***" },
		{ "pkcs11:x?", "pkcs11:x?" },
		{ "pkcs11:x?1", "pkcs11:x?*" },
		{ "https://user@host/path?token=1", "https://user@host/path?***" },
		{ "is it so? yes: it is", "is it so? yes: it is" },
		{ "why?because", "why?because" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "%s", cases[i][0]);
		cy_uri_mask(text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void test_no_error_holds_a_query(void **state)
{
	struct cy_error e;

	(void)state;
	cy_fail_at(&e, CY_ECONFIG, "pkcs11:x?pin-value=1234", "%s cannot be opened", "pkcs11:x?pin-value=1234");
	assert_string_equal(e.field, "pkcs11:x?***");
	assert_string_equal(e.text, "pkcs11:x?*** cannot be opened");
	cy_fail(&e, CY_ECONFIG, "%s", "pkcs11:x?pin-value=1234");
	assert_string_equal(e.text, "pkcs11:x?***");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries_are_hidden_and_all_else_stays),
		cmocka_unit_test(test_no_error_holds_a_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
