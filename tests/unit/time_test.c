/* Instants as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/time.h"

/* The examples of RFC 3339, 5.8, and what other programs write. */
static void an_instant_is_read_with_any_offset_and_fraction(void **state)
{
	static const char *const cases[][2] = {
		{ "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z" },
		{ "1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z" },
		{ "1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z" },
		{ "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z" },
		{ "2026-11-23t10:00:00z", "2026-11-23T10:00:00.000Z" },
		{ "2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00.000Z" },
		{ "2026-11-23T10:00:00.123456789+01:00", "2026-11-23T09:00:00.123Z" },
		{ "2024-02-29T23:59:59.9-23:59", "2024-03-01T23:58:59.900Z" },
		{ "2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[CY_RFC3339_SIZE];
		struct cy_wall t;

		assert_int_equal(cy_rfc3339_read(cases[i][0], &t), CY_OK);
		cy_rfc3339(t, text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void what_is_no_instant_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"FILL IN",
		"2026-11-23",
		"2026-11-23T10:00Z",
		"2026-11-23T10:00:00",
		"2026-11-23 10:00:00Z",
		"2026-11-23T10:00:00 Z",
		"2026-11-23T10:00:00Z ",
		"2026-11-23T10:00:00.Z",
		"2026-11-23T10:00:00,5Z",
		"2026-11-23T10:00:00+1:00",
		"2026-11-23T10:00:00+0100",
		"2026-11-23T10:00:00+24:00",
		"2026-11-23T10:00:00+01:60",
		"2026-11-23T10:00:00+01:00x",
		"2026-11-23T24:00:00Z",
		"2026-11-23T10:60:00Z",
		"1990-12-31T23:59:60Z",
		"2026-02-29T10:00:00Z",
		"2026-13-01T10:00:00Z",
		"0000-01-01T10:00:00Z",
		"1790000000000",
		"2026-11-23T10:00:00.1234567890123456789012345678901234567890",
	};
	struct cy_wall t = { 7 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (cy_rfc3339_read(cases[i], &t) != CY_EPARSE)
			fail_msg("'%s' was taken", cases[i]);
	assert_int_equal(t.ms, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_is_read_with_any_offset_and_fraction),
		cmocka_unit_test(what_is_no_instant_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
