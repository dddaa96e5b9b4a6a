/* The bounds of the time that a peer signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/made.h"

#define NOW   INT64_C(1795000000000)
#define HOUR  INT64_C(3600000)
#define NEVER INT64_MIN

static void each_bound_holds_to_the_millisecond(void **state)
{
	static const struct {
		const char *what;
		int64_t made, now, after;
		enum xchg_made verdict;
	} cases[] = {
		{ "just now", NOW, NOW, NEVER, XCHG_MADE_GOOD },
		{ "as far ahead as clocks may differ", NOW + 300000, NOW, NEVER, XCHG_MADE_GOOD },
		{ "further ahead", NOW + 300001, NOW, NEVER, XCHG_MADE_AHEAD },
		{ "ahead of a clock that is not trusted", NOW + 300001, NEVER, NEVER, XCHG_MADE_GOOD },
		{ "a day ago", NOW - 24 * HOUR, NOW, NEVER, XCHG_MADE_GOOD },
		{ "more than a day ago", NOW - 24 * HOUR - 1, NOW, NEVER, XCHG_MADE_LATE },
		{ "long ago by a clock that is not trusted", NOW - 900 * HOUR, NEVER, NEVER, XCHG_MADE_GOOD },
		{ "with what it follows", NOW, NOW, NOW, XCHG_MADE_GOOD },
		{ "as far before it as a clock may be set back", NOW - 300000, NOW, NOW, XCHG_MADE_GOOD },
		{ "further before it", NOW - 300001, NOW, NOW, XCHG_MADE_EARLY },
		{ "before it, by a clock that is not trusted", NOW - 300001, NEVER, NOW, XCHG_MADE_EARLY },
		{ "before what was made long ago as well", NOW - 50 * HOUR, NOW, NOW - 49 * HOUR, XCHG_MADE_EARLY },
		{ "the first time there is", -INT64_C(62135596800000), NOW, NOW, XCHG_MADE_EARLY },
		{ "the last time there is", INT64_C(253402300799999), NOW, NOW, XCHG_MADE_AHEAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct cy_wall now = { cases[i].now }, after = { cases[i].after };
		const enum xchg_made got =
			xchg_judge_made((struct cy_wall){ cases[i].made }, now.ms == NEVER ? NULL : &now,
					after.ms == NEVER ? NULL : &after);

		if (got != cases[i].verdict)
			fail_msg("%s: %d, not %d", cases[i].what, (int)got, (int)cases[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bound_holds_to_the_millisecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
