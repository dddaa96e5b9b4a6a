/* The journal's lines by kind: what is written and what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka wants those above first. */
#include <cmocka.h>

#include "base/log_limit.h"

static const struct cy_mono start = { 1000000 };

/* How many of `n` such lines are written. */
static unsigned written(struct cy_log_limit *l, struct cy_mono now, const char *before, const char *after, unsigned n,
			uint64_t *ret_dropped)
{
	unsigned said = 0;
	char line[80];

	for (unsigned i = 0; i < n; i++) {
		uint64_t dropped;

		snprintf(line, sizeof line, "%s%08x%s", before, i, after);
		said += cy_log_limit(l, now, line, &dropped) != CY_LOG_LIMIT_DROP;
		*ret_dropped += dropped;
	}
	return said;
}

static void test_a_flood_of_one_kind_is_counted_and_told_later(void **state)
{
	struct cy_log_limit l = { 0 };
	uint64_t dropped = 0;

	(void)state;
	assert_int_equal(written(&l, start, "refused a connection from 192.0.2.1:", ": evicted", 1000, &dropped),
			 CY_LOG_LIMIT_LINES);
	assert_int_equal(dropped, 0);
	assert_int_equal(written(&l, cy_mono_add(start, CY_LOG_LIMIT_WINDOW - 1), "refused a connection from ",
				 ": evicted", 1, &dropped),
			 0);
	assert_int_equal(written(&l, cy_mono_add(start, CY_LOG_LIMIT_WINDOW), "refused a connection from ", ": evicted",
				 3, &dropped),
			 3);
	assert_int_equal(dropped, 1001 - CY_LOG_LIMIT_LINES);
}

static void test_a_flood_about_one_peer_leaves_the_lines_about_another(void **state)
{
	struct cy_log_limit l = { 0 };
	uint64_t dropped = 0;

	(void)state;
	assert_int_equal(written(&l, start, "peer FR: message 0198-", " rejected, code 5", 1000, &dropped),
			 CY_LOG_LIMIT_LINES);
	assert_int_equal(written(&l, start, "peer DE-BY2: message 0198-", " rejected, code 5", 3, &dropped), 3);
	assert_int_equal(written(&l, start, "peer DE-BY3: message 0198-", " rejected, code 5", 3, &dropped), 3);
}

static void test_a_flood_of_kinds_is_bounded_too(void **state)
{
	struct cy_log_limit l = { 0 };
	unsigned said = 0;
	char line[80];

	(void)state;
	for (unsigned i = 0; i < 26 * 26 * 26; i++) {
		uint64_t dropped;

		snprintf(line, sizeof line, "kind %c%c%c", 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26);
		said += cy_log_limit(&l, start, line, &dropped) != CY_LOG_LIMIT_DROP;
	}
	assert_int_equal(said, CY_LOG_LIMIT_KINDS + CY_LOG_LIMIT_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flood_of_one_kind_is_counted_and_told_later),
		cmocka_unit_test(test_a_flood_about_one_peer_leaves_the_lines_about_another),
		cmocka_unit_test(test_a_flood_of_kinds_is_bounded_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
