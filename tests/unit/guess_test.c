/* What is suggested for a name that there is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/guess.h"

static const char *meant(const char *given, const char *const *names)
{
	static char out[CY_GUESS_TEXT];
	struct cy_guess guess = CY_GUESS(given);

	for (; *names; names++)
		cy_guess_offer(&guess, *names);
	return cy_guess_text(&guess, out);
}

static void the_nearest_name_is_suggested(void **state)
{
	static const char *const fields[] = { "to",      "caseRef", "ownReference", "peerReference", "priority",
					      "content", NULL };
	static const char *const kinds[] = { "submit", "send", "status", "stats", NULL };

	(void)state;
	assert_string_equal(meant("ownReferense", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("own_reference", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("OWNREFERENCE", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("reference", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("pirority", fields), ": did you mean 'priority'?");
	assert_string_equal(meant("contents", fields), ": did you mean 'content'?");
	assert_string_equal(meant("sumbit", kinds), ": did you mean 'submit'?");
	assert_string_equal(meant("statu", kinds), ": did you mean 'status'?");
	assert_string_equal(meant("statuss", kinds), ": did you mean 'status'?");
}

static void the_beginning_of_a_name_suggests_it(void **state)
{
	static const char *const fields[] = { "to", "caseRef", "ownReference", "peerReference", "priority", NULL };
	static const char *const atoms[] = { "sign_up_ip", "login_ip_log", "ip_port_time", NULL };
	static const char *const kinds[] = { "note", "acknowledgement", NULL };

	(void)state;
	assert_string_equal(meant("ownRef", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("own_ref", fields), ": did you mean 'ownReference'?");
	assert_string_equal(meant("case", fields), ": did you mean 'caseRef'?");
	assert_string_equal(meant("login_ip", atoms), ": did you mean 'login_ip_log'?");
	assert_string_equal(meant("LOGIN", atoms), ": did you mean 'login_ip_log'?");
	assert_string_equal(meant("ack", kinds), ": did you mean 'acknowledgement'?");
	/* One that is nearer goes before it. */
	assert_string_equal(meant("not", kinds), ": did you mean 'note'?");
	assert_string_equal(meant("pr", fields), ".");
	assert_string_equal(meant("---", kinds), ".");
}

static void nothing_is_suggested_where_nothing_is_near(void **state)
{
	static const char *const fields[] = { "to", "caseRef", "ownReference", "", NULL };
	char longer[4 * CY_GUESS_SIZE];

	(void)state;
	memset(longer, 'o', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_string_equal(meant("tongue", fields), ".");
	assert_string_equal(meant("", fields), ".");
	assert_string_equal(meant("x", fields), ".");
	assert_string_equal(meant(longer, fields), ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_name_is_suggested),
		cmocka_unit_test(the_beginning_of_a_name_suggests_it),
		cmocka_unit_test(nothing_is_suggested_where_nothing_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
