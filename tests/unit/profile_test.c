/* Treaty profiles: what is shipped loads, the canonical form says what has an effect and
 * nothing else, and each mistake in a file is told. Run from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/profile_confuse.h"

#define SHIPPED "config/treaties"

static char dir[] = "/tmp/comity-profile-XXXXXX";

static const char *put(const char *name, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void gone(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

/* A profile with one of each; parts are replaced by the tests. */
static const char whole[] =
	"instrument = \"x-2001\"\n"
	"version = \"1\"\n"
	"title = \"Treaty X\"\n"
	"citation = \"Series 1\"\n"
	"source = \"https://treaties.example.org/x\"\n"
	"verified = true\n"
	"note = \"A note.\"\n"
	"status = in_force\n"
	"effective_from = \"2001-01-18\"\n"
	"effective_to = \"2030-12-31\"\n"
	"side US { parties = {\"US\"} }\n"
	"side EU { parties = {\"IE from 2002-01-01\", \"FR\"} }\n"
	"measures { admitted = {\"DISCLOSURE_TRAFFIC\", \"PRESERVATION\"} article = \"1(2)\" verified = true }\n"
	"rule plain { title = \"Plain\" exclude_event = \"1\" roll_over = \"2\" two_working = \"3\" verified = true }\n"
	"clock decide {\n"
	"obligation = \"Decide\"\n"
	"obliged = requested\n"
	"obliged_role = \"the court\"\n"
	"per = measure\n"
	"measures = {\"PRESERVATION\"}\n"
	"only = urgent\n"
	"start = received\n"
	"amount = 30\n"
	"unit = calendar_day\n"
	"rule = plain\n"
	"met_by = {\"decision\"}\n"
	"suspended_by = {\"postponement\"}\n"
	"extension { amount = 10 unit = week needs = {\"reason\"} article = \"4(2)\" verified = false }\n"
	"force = where_practicable\n"
	"on_lapse = tacit_no_objection\n"
	"ladder = steps\n"
	"article = \"4(1)\"\n"
	"verified = true\n"
	"note = \"Read.\"\n"
	"}\n"
	"requirement nexus { field = \"measures[].nexus\" measures = {\"PRESERVATION\"} why = \"Say why.\" article = "
	"\"5\" "
	"verified = false }\n"
	"terms US { atom login_ip_log { category = subscriber threshold = subpoena definition = \"IP addresses\" "
	"article "
	"= \"6\" verified = true } }\n"
	"ground NE_BIS_IN_IDEM { article = \"7\" verified = true }\n"
	"ground own-reason { article = \"8\" verified = false }\n"
	"condition use { text = \"No other use.\" article = \"9\" verified = true }\n"
	"languages { codes = {\"en\", \"fr\"} article = \"10\" verified = true }\n"
	"first_use { article = \"11\" verified = true }\n"
	"sensitive { categories = {\"political\"} article = \"12\" verified = true }\n"
	"ladder steps {\n"
	"rung half { at = \"50%\" role = desk_officer side = {\"obliged\"} actions = {\"event\"} }\n"
	"rung late { at = \"7d after\" role = head_of_authority side = {\"obliged\", \"waiting\"} actions = {\"hook\"} "
	"}\n"
	"}\n";

/* The whole profile with `old` replaced by `new`. To be freed. */
static char *with(const char *old, const char *new)
{
	const char *at = strstr(whole, old);
	char *text = NULL;

	if (at == NULL)
		fail_msg("the profile of this test has no '%s'", old);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole, new, at + strlen(old)) > 0);
	return text;
}

static const struct law_profile *good(const char *text, struct cy_arena *arena)
{
	struct config_problems p = { 0 };
	const struct law_profile *profile = NULL;

	if (profile_load(put("x.conf", text), arena, &profile, &p) != CY_OK)
		fail_msg("%s", p.n > 0 ? p.list[0].text : "no sentence");
	assert_int_equal(p.n, 0);
	config_problems_free(&p);
	return profile;
}

/* ------------------------------------------------------------------- a profile */

static void every_option_becomes_its_value(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_profile *p = good(whole, &arena);
	const struct law_clock_rule *c = &p->clocks[0];

	(void)state;
	assert_string_equal(p->id, "x-2001");
	assert_string_equal(p->version, "1");
	assert_true(p->verified);
	assert_string_equal(p->note, "A note.");
	assert_int_equal(p->status, LAW_STATUS_IN_FORCE);
	assert_int_equal(p->effective_from.year, 2001);
	assert_int_equal(p->effective_to.day, 31);
	assert_int_equal(p->n_parties, 3);
	assert_string_equal(p->parties[1].state, "IE");
	assert_string_equal(p->parties[1].side, "EU");
	assert_int_equal(p->parties[1].from.year, 2002);
	assert_true(p->measures ==
		    (1ull << CY_MEASURE_TYPE__DISCLOSURE_TRAFFIC | 1ull << CY_MEASURE_TYPE__PRESERVATION));
	assert_string_equal(p->measures_source.article, "1(2)");
	assert_string_equal(law_find_rule(p, "plain")->roll_over, "2");
	assert_null(law_find_rule(p, "other"));
	assert_int_equal(p->n_clocks, 1);
	assert_string_equal(c->name, "decide");
	assert_int_equal(c->obliged, CY_SIDE__REQUESTED);
	assert_true(c->by_measure && c->urgent_only && !c->not_urgent);
	assert_true(c->measures == 1ull << CY_MEASURE_TYPE__PRESERVATION);
	assert_int_equal(c->start, LAW_START_RECEIVED);
	assert_int_equal(c->period.amount, 30);
	assert_int_equal(c->period.unit, LAW_CALENDAR_DAY);
	assert_int_equal(c->met_by, 1u << LAW_MEET_DECISION);
	assert_int_equal(c->suspended_by, 1u << LAW_SUSPEND_POSTPONEMENT);
	assert_true(c->extensible && c->extension_reason && !c->extension_estimate);
	assert_int_equal(c->extension.amount, 10);
	assert_int_equal(c->extension.unit, LAW_WEEK);
	assert_false(c->extension_source.verified);
	assert_int_equal(c->force, LAW_FORCE_WHERE_PRACTICABLE);
	assert_int_equal(c->lapse, LAW_LAPSE_TACIT_NO_OBJECTION);
	assert_string_equal(c->ladder, "steps");
	assert_string_equal(c->source.note, "Read.");
	assert_string_equal(p->requirements[0].field, "measures[].nexus");
	assert_string_equal(p->atoms[0].state, "US");
	assert_string_equal(p->atoms[0].threshold, "subpoena");
	assert_int_equal(p->grounds[0].ground, CY_REFUSAL_GROUND__NE_BIS_IN_IDEM);
	assert_int_equal(p->grounds[1].ground, CY_REFUSAL_GROUND__TREATY_SPECIFIC);
	assert_string_equal(p->grounds[1].code, "own-reason");
	assert_string_equal(p->conditions[0].text, "No other use.");
	assert_string_equal(p->languages[1], "fr");
	assert_true(p->first_use);
	assert_string_equal(p->sensitive[0], "political");
	assert_int_equal(p->ladders[0].n, 2);
	assert_int_equal(p->ladders[0].rungs[0].when, LAW_WHEN_SHARE);
	assert_int_equal(p->ladders[0].rungs[0].value, 50);
	assert_int_equal(p->ladders[0].rungs[1].when, LAW_WHEN_AFTER);
	assert_int_equal(p->ladders[0].rungs[1].value, INT64_C(7) * 24 * 3600 * 1000);
	assert_true(p->ladders[0].rungs[1].obliged && p->ladders[0].rungs[1].waiting);
	cy_arena_free(&arena);
}

static void shipped_profiles_load(void **state)
{
	struct cy_arena arena = { 0 };
	struct config_problems out = { 0 };
	const struct law_profile *const *list = NULL;
	size_t n = 0;

	(void)state;
	if (profile_load_dir(SHIPPED, &arena, &list, &n, &out) != CY_OK)
		fail_msg("%s", out.list[0].text);
	assert_true(n >= 1);
	for (size_t i = 0; i < n; i++) {
		struct cy_digest d;

		assert_int_equal(law_profile_digest(list[i], &d), CY_OK);
		assert_true(cy_digest_equal(&d, &list[i]->digest));
	}
	cy_arena_free(&arena);
}

/* --------------------------------------------------------------------- in force */

static const struct cy_date today = { 2026, 11, 24 };

static void refused(const struct law_profile *p, const char *a, const char *b, struct cy_date day, const char *why)
{
	struct cy_error e = { 0 };

	assert_false(law_in_force(p, a, b, day, &e));
	if (strstr(e.text, why) == NULL)
		fail_msg("expected '%s' in: %s", why, e.text);
}

static void in_force_between_parties_on_a_day(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_profile *p = good(whole, &arena);
	char *text;

	(void)state;
	assert_true(law_in_force(p, "US", "IE", today, NULL));
	assert_true(law_in_force(p, "FR", "US", (struct cy_date){ 2001, 1, 18 }, NULL));
	assert_true(law_in_force(p, "FR", "US", (struct cy_date){ 2030, 12, 31 }, NULL));
	refused(p, "US", "DE", today, "does not name DE as a party");
	refused(p, "", "US", today, "as a party");
	refused(p, "US", "IE", (struct cy_date){ 2001, 12, 31 }, "for IE only from 2002-01-01");
	refused(p, "US", "FR", (struct cy_date){ 2001, 1, 17 }, "effective only from 2001-01-18");
	refused(p, "US", "FR", (struct cy_date){ 2031, 1, 1 }, "effective only until 2030-12-31");
	refused(p, "IE", "FR", today, "both are on the side of EU");
	text = with("status = in_force", "status = not_in_force");
	refused(good(text, &arena), "US", "IE", today, "is not in force");
	free(text);
	cy_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_becomes_its_value),
		cmocka_unit_test(shipped_profiles_load),
		cmocka_unit_test(in_force_between_parties_on_a_day),
	};
	int r;

	if (mkdtemp(dir) == NULL)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	gone("x.conf");
	rmdir(dir);
	return r;
}
