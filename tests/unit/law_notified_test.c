/* A notification that is objected to: article 20(4) of the European Union's Convention of 2000, as it is shipped. Days
 * are counted by hand from a calendar of 2026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>

#include "config/profile_confuse.h"
#include "law/clock.h"
#include "law_cases.h"

static struct cy_arena arena;
static const struct law_profile *profile;

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	return profile_load("config/treaties/eu-mla-2000.conf", &arena, &profile, &problems);
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

static int64_t at(const char *rfc3339)
{
	struct cy_wall t;

	assert_int_equal(cy_rfc3339_parse(rfc3339, &t), CY_OK);
	return t.ms;
}

static void told(struct history *h, CySide side, struct law_fact f, const char *when)
{
	struct cy_error e = { 0 };

	f = by(h, side, f, last_number(h, other_side(side)));
	f.at_ms = at(when);
	if (law_admit(h->f, h->n, &f, &e) < 0)
		fail_msg("%s: %s", e.field, e.text);
	h->f[h->n++] = f;
}

static int keep(void *arg, const struct law_clock *c)
{
	if (strcmp(c->key.name, "object") == 0)
		*(struct law_clock *)arg = *c;
	return CY_OK;
}

static struct law_clock object(const struct history *h)
{
	static const struct law_stated received = { .key = { .name = "object" }, .start_ms = INT64_C(1774861200000) };
	struct law_terms terms = { .n = 1, .urgency_day = LAW_NO_DAY, .wanted = { LAW_NO_DAY } };
	const struct law_clock_input in = {
		.profile = profile, .terms = &terms, .facts = h->f, .n = h->n, .stated = &received, .n_stated = 1
	};
	struct law_clock found = { 0 };

	terms.type[0] = CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION;
	assert_int_equal(law_clocks(&in, keep, &found), CY_OK);
	assert_non_null(found.rule);
	return found;
}

static void is(const struct history *h, enum law_clock_state state, const char *due)
{
	const struct law_clock c = object(h);
	char found[CY_RFC3339_SIZE];

	cy_rfc3339(c.due, found);
	if (c.state != state || strncmp(found, due, strlen(due)) != 0)
		fail_msg("it is %s, due %s; expected %s, %s", law_clock_state_name(c.state), found,
			 law_clock_state_name(state), due);
}

/* Notified on Monday 30 March at nine: 96 hours to answer, of which the first that counts begins at ten. */
static struct history notified(void)
{
	struct history h = { .n = 0 };

	told(&h, ASKS, say(K(NOTIFICATION), 0, 0, 0), "2026-03-30T09:00:00.000Z");
	told(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0),
	     "2026-03-30T10:00:00.000Z");
	is(&h, LAW_CLOCK_RUNNING, "2026-04-03T09:59:59");
	return h;
}

static void the_interception_has_to_end(void **state)
{
	struct history h = notified();

	(void)state;
	told(&h, ASKED, say(K(REFUSAL), 0, CY_REFUSAL_GROUND__ESSENTIAL_INTERESTS, 0), "2026-04-02T09:00:00.000Z");
	is(&h, LAW_CLOCK_MET, "2026-04-03T09:59:59");
	assert_true(object(&h).ended.ms < object(&h).due.ms);
	assert_int_equal(folded(&h).state, LAW_CASE_REFUSED);
}

/* At most eight days more: Saturday 11 April, so Monday. What was heard must then not be used but under conditions. */
static void more_time_is_needed_and_then_conditions(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 0, 0);
	struct history h = notified();

	(void)state;
	longer.day = law_day("2026-04-30");
	told(&h, ASKED, longer, "2026-04-02T09:00:00.000Z");
	is(&h, LAW_CLOCK_RUNNING, "2026-04-13");
	told(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0), "2026-04-10T09:00:00.000Z");
	is(&h, LAW_CLOCK_MET, "2026-04-13");
	told(&h, ASKS, say(K(CONDITIONS_ACCEPTED), 3, 0, 0), "2026-04-11T09:00:00.000Z");
	assert_true(folded(&h).measures[0].bound);
}

static void time_that_is_asked_for_too_late_moves_nothing(void **state)
{
	struct law_fact longer = say(K(EXTENSION), 0, 0, 0);
	struct history h = notified();

	(void)state;
	longer.day = law_day("2026-04-10");
	told(&h, ASKED, longer, "2026-04-03T10:00:00.000Z");
	is(&h, LAW_CLOCK_RUNNING, "2026-04-03T09:59:59");
	assert_int_equal(object(&h).excused_by, 2);
}

/* People compare it, and an earlier version, which knows no objection, counts nothing here. */
static void the_digest_of_what_nobody_objects_to_is_what_it_was(void **state)
{
	const struct history h = notified();
	const struct law_case c = folded(&h);
	const struct cy_digest digest = law_case_digest(&c);
	char hex[CY_SHA256_HEX];

	(void)state;
	cy_digest_hex(&digest, hex);
	assert_string_equal(hex, "95fbb797f71e10e8b74579ff8f5547ba744b3e62de9e9552f7bc2f19c73fd88d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interception_has_to_end),
		cmocka_unit_test(more_time_is_needed_and_then_conditions),
		cmocka_unit_test(time_that_is_asked_for_too_late_moves_nothing),
		cmocka_unit_test(the_digest_of_what_nobody_objects_to_is_what_it_was),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
