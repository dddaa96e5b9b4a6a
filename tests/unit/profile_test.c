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

#include "config/profile_confuse.h"

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
	"retention { amount = 10 unit = week article = \"13\" verified = true }\n"
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
	assert_int_equal(law_retention_ms(p), 10 * 7 * INT64_C(86400000));
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
	assert_int_equal(n, 17);
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

static void untold(const struct law_profile *p, const char *a, const char *b, const char *why)
{
	struct cy_error e = { 0 };

	assert_true(law_in_force(p, a, b, today, NULL));
	assert_false(law_bond_told(p, a, b, &e));
	if (strstr(e.text, why) == NULL)
		fail_msg("expected '%s' in: %s", why, e.text);
}

/* Nobody is refused by a list that lacks some; and nobody is told that the treaty binds. */
static void who_is_not_listed_may_be_a_party_where_there_are_others(void **state)
{
	struct law_party parties[] = { { .state = "US", .side = "" },
				       { .state = "IE", .side = "", .from = { 2027, 1, 1 } } };
	struct cy_arena arena = { 0 };
	const struct law_profile *read;
	char *text;
	struct law_profile p = { .id = "t", .version = "1", .n_parties = 2, .parties = parties, .parties_open = true };

	(void)state;
	untold(&p, "US", "DE",
	       "t (version 1) does not list all of its parties, and DE not: it cannot be told here "
	       "whether it is in force between US and DE. Check that with its depositary.");
	untold(&p, "FR", "US", "and FR not");
	refused(&p, "US", "IE", today, "for IE only from 2027-01-01");
	assert_true(law_bond_told(&p, "US", "IE", NULL));
	text = with("\"FR\"} }", "\"FR\", \"others\"} }");
	read = good(text, &arena);
	free(text);
	assert_true(read->parties_open);
	assert_int_equal(read->n_parties, 3);
	untold(read, "US", "DE", "and DE not");
	assert_false(cy_digest_equal(&read->digest, &good(whole, &arena)->digest));
	cy_arena_free(&arena);
	p.n_parties = 0;
	p.parties_open = false;
	untold(&p, "US", "IE",
	       "t (version 1) does not list its parties: it cannot be told here whether it is in "
	       "force between US and IE.");
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

/* ------------------------------------------------------------ the canonical form */

static struct cy_buf canonical(const struct law_profile *p)
{
	struct cy_buf b = CY_BUF(LAW_CANONICAL_MAX);

	assert_int_equal(law_profile_canonical(p, &b), CY_OK);
	return b;
}

static void same_digest(const char *text, bool same)
{
	struct cy_arena arena = { 0 };
	const struct cy_digest a = good(whole, &arena)->digest, b = good(text, &arena)->digest;

	if (cy_digest_equal(&a, &b) != same)
		fail_msg("the digest should %s with: %s", same ? "stay" : "change", text);
	cy_arena_free(&arena);
}

/* Comments, blanks, the order of sections and options: nothing of it has an effect. */
static void layout_has_no_effect(void **state)
{
	char *text = NULL;
	const char *const ground = strstr(whole, "ground NE_BIS"), *const use = strstr(whole, "condition use");

	(void)state;
	/* The grounds and the measures first. */
	assert_true(asprintf(&text, "%.*s%.*s%s", (int)(use - ground), ground, (int)(ground - whole), whole, use) > 0);
	same_digest(text, true);
	free(text);
	assert_true(asprintf(&text, "# a comment\n\n/* another\n*/%s\n\n", whole) > 0);
	same_digest(text, true);
	free(text);
	text = with("note = \"A note.\"", "note = 'A\n\t\tnote.'");
	same_digest(text, true);
	free(text);
	text = with("{\"DISCLOSURE_TRAFFIC\", \"PRESERVATION\"}", "{PRESERVATION, DISCLOSURE_TRAFFIC}");
	same_digest(text, true);
	free(text);
	text = with("codes = {\"en\", \"fr\"}", "codes = {\"fr\", \"en\"}");
	same_digest(text, true);
	free(text);
}

static void every_field_has_an_effect(void **state)
{
	static const struct {
		const char *old, *new;
	} changes[] = {
		{ "\"x-2001\"", "\"x-2002\"" },
		{ "version = \"1\"", "version = \"2\"" },
		{ "\"Treaty X\"", "\"Treaty Y\"" },
		{ "\"Series 1\"", "\"Series 2\"" },
		{ "example.org/x", "example.org/y" },
		{ "verified = true\n", "verified = false\n" },
		{ "\"A note.\"", "\"Another.\"" },
		{ "status = in_force", "status = non_binding" },
		{ "\"2001-01-18\"", "\"2001-01-19\"" },
		{ "\"2030-12-31\"", "\"2030-12-30\"" },
		{ "side EU { parties = {\"IE from 2002-01-01\", \"FR\"} }",
		  "side EU { parties = {\"IE from 2002-01-02\", \"FR\"} }" },
		{ "\"FR\"} }", "\"FR\", \"DE\"} }" },
		{ "side EU", "side UN" },
		{ "\"PRESERVATION\"} article = \"1(2)\"", "\"PRESERVATION\", \"INTERCEPTION\"} article = \"1(2)\"" },
		{ "article = \"1(2)\"", "article = \"1(3)\"" },
		{ "\"Plain\"", "\"Simple\"" },
		{ "exclude_event = \"1\"", "exclude_event = \"1a\"" },
		{ "roll_over = \"2\" ", "" },
		{ "two_working = \"3\" ", "" },
		{ "obligation = \"Decide\"", "obligation = \"Answer\"" },
		{ "obliged = requested", "obliged = requesting" },
		{ "\"the court\"", "\"the judge\"" },
		{ "per = measure", "per = request" },
		{ "measures = {\"PRESERVATION\"}\n", "" },
		{ "only = urgent", "only = not_urgent" },
		{ "start = received", "start = acknowledged" },
		{ "amount = 30", "amount = 31" },
		{ "unit = calendar_day", "unit = working_day" },
		{ "met_by = {\"decision\"}", "met_by = {\"execution\"}" },
		{ "suspended_by = {\"postponement\"}\n", "" },
		{ "extension { amount = 10 unit = week needs = {\"reason\"} article = \"4(2)\" verified = false }\n",
		  "" },
		{ "amount = 10", "amount = 11" },
		{ "unit = week", "unit = calendar_day" },
		{ "needs = {\"reason\"}", "needs = {\"estimate\"}" },
		{ "article = \"4(2)\"", "article = \"4(3)\"" },
		{ "force = where_practicable", "force = binding" },
		{ "on_lapse = tacit_no_objection", "on_lapse = obligation_ceases" },
		{ "ladder = steps\n", "" },
		{ "article = \"4(1)\"", "article = \"4\"" },
		{ "note = \"Read.\"", "note = \"Unread.\"" },
		{ "measures[].nexus", "measures[].necessity" },
		{ "\"Say why.\"", "\"Say how.\"" },
		{ "terms US", "terms IE" },
		{ "atom login_ip_log", "atom ip_log" },
		{ "category = subscriber", "category = traffic" },
		{ "threshold = subpoena", "threshold = warrant" },
		{ "\"IP addresses\"", "\"IP numbers\"" },
		{ "NE_BIS_IN_IDEM", "DE_MINIMIS" },
		{ "own-reason", "my-reason" },
		{ "\"No other use.\"", "\"Any use.\"" },
		{ "\"en\", \"fr\"", "\"en\"" },
		{ "retention { amount = 10 unit = week article = \"13\" verified = true }\n", "" },
		{ "amount = 10 unit = week", "amount = 10 unit = calendar_day" },
		{ "first_use { article = \"11\" verified = true }\n", "" },
		{ "{\"political\"}", "{\"financial\"}" },
		{ "at = \"50%\"", "at = \"51%\"" },
		{ "role = desk_officer", "role = liaison" },
		{ "side = {\"obliged\"} actions", "side = {\"waiting\"} actions" },
		{ "actions = {\"event\"}", "actions = {\"event\", \"journal\"}" },
		{ "\"7d after\"", "\"8d after\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		char *text = with(changes[i].old, changes[i].new);

		same_digest(text, false);
		free(text);
	}
}

static void the_form_is_sorted_and_complete(void **state)
{
	struct cy_arena arena = { 0 };
	struct cy_buf b = canonical(good(whole, &arena));
	char *line = (char *)b.data, *end, *last = NULL;

	(void)state;
	assert_non_null(strstr(line, "\nclock.decide.article = 4(1)\n"));
	assert_non_null(strstr(line, "\nclock.decide.extension.needs.reason = yes\n"));
	assert_non_null(strstr(line, "\nparty.IE.from = 2002-01-01\n"));
	assert_non_null(strstr(line, "\nground.TREATY_SPECIFIC.own-reason.article = 8\n"));
	assert_non_null(strstr(line, "\nladder.steps.late.after_ms = 604800000\n"));
	assert_non_null(strstr(line, "\nterms.US.login_ip_log.threshold = subpoena\n"));
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		assert_true(last == NULL || strcmp(last, line) < 0);
		assert_non_null(strstr(line, " = "));
		last = line;
	}
	assert_string_equal(line, "");
	cy_buf_free(&b);
	cy_arena_free(&arena);
}

static void a_value_cannot_forge_a_line(void **state)
{
	struct law_profile p = { .id = "x",
				 .version = "1",
				 .title = "a\nstatus = not_in_force \\",
				 .citation = "",
				 .source = "",
				 .measures_source = { "", false, "" } };
	struct cy_buf b = canonical(&p);

	(void)state;
	assert_non_null(strstr((char *)b.data, "title = a\\x0astatus = not_in_force \\x5c\n"));
	assert_null(strstr((char *)b.data, "\nstatus = not_in_force"));
	cy_buf_free(&b);
}

static void differences_come_path_by_path(void **state)
{
	struct cy_arena arena = { 0 };
	char *text = with("amount = 30", "amount = 45");
	struct cy_buf a = canonical(good(whole, &arena)), b;
	struct law_difference d;
	struct law_diff diff;

	(void)state;
	b = canonical(good(text, &arena));
	free(text);
	diff = (struct law_diff){ cy_buf_view(&a), cy_buf_view(&b) };
	assert_true(law_diff_next(&diff, &d));
	assert_int_equal(d.path.len, strlen("clock.decide.amount"));
	assert_memory_equal(d.path.data, "clock.decide.amount", d.path.len);
	assert_int_equal(d.a.len, 2);
	assert_memory_equal(d.a.data, "30", 2);
	assert_memory_equal(d.b.data, "45", 2);
	assert_false(law_diff_next(&diff, &d));
	cy_buf_free(&b);
	text = with("ladder = steps\n", "");
	b = canonical(good(text, &arena));
	free(text);
	diff = (struct law_diff){ cy_buf_view(&a), cy_buf_view(&b) };
	assert_true(law_diff_next(&diff, &d));
	assert_memory_equal(d.path.data, "clock.decide.ladder", d.path.len);
	assert_non_null(d.a.data);
	assert_null(d.b.data);
	assert_false(law_diff_next(&diff, &d));
	diff = (struct law_diff){ cy_buf_view(&b), cy_buf_view(&a) };
	assert_true(law_diff_next(&diff, &d));
	assert_null(d.a.data);
	assert_memory_equal(d.b.data, "steps", d.b.len);
	assert_false(law_diff_next(&diff, &d));
	/* The other's form is not ours to trust: whatever it is, there is an end. */
	diff = (struct law_diff){ cy_buf_view(&a), cy_bytes("\n\n = \n= \nz", 9) };
	for (size_t n = 0; law_diff_next(&diff, &d); n++)
		assert_true(n < a.len);
	cy_buf_free(&a);
	cy_buf_free(&b);
	cy_arena_free(&arena);
}

/* -------------------------------------------------------------------- lookups */

static void the_version_of_a_day_is_found(void **state)
{
	const struct law_profile old = { .id = "x", .version = "1", .effective_to = { 2025, 12, 31 } },
				 new = { .id = "x", .version = "2", .effective_from = { 2026, 1, 1 } };
	const struct law_profile *const list[] = { &old, &new };
	const struct law_data legal_data = { .n_profiles = 2, .profiles = list };

	(void)state;
	assert_ptr_equal(law_find_profile(&legal_data, "x", "", (struct cy_date){ 2025, 12, 31 }), &old);
	assert_ptr_equal(law_find_profile(&legal_data, "x", "", (struct cy_date){ 2026, 1, 1 }), &new);
	assert_ptr_equal(law_find_profile(&legal_data, "x", "1", today), &old);
	assert_null(law_find_profile(&legal_data, "x", "3", today));
	assert_null(law_find_profile(&legal_data, "y", "", today));
	assert_null(law_find_calendar(&legal_data, "IE"));
	assert_null(law_find_zone(&legal_data, "Europe/Dublin"));
}

static void the_default_ladder_is_in_order(void **state)
{
	const struct law_ladder *l = &law_ladder_default;

	(void)state;
	assert_int_equal(l->n, 5);
	assert_int_equal(l->rungs[0].when, LAW_WHEN_SHARE);
	assert_int_equal(l->rungs[0].value, 50);
	assert_int_equal(l->rungs[1].when, LAW_WHEN_BEFORE);
	assert_int_equal(l->rungs[2].value, 0);
	assert_string_equal(l->rungs[3].role, "head_of_authority");
	assert_string_equal(l->rungs[4].role, "liaison");
}

/* ------------------------------------------------------------------ bad input */

/* With the replacement there is exactly this one problem. */
static void problem(const char *old, const char *new, const char *what, const char *remedy)
{
	struct config_problems p = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *profile = NULL;
	char *text = with(old, new);

	assert_int_equal(profile_load(put("x.conf", text), &arena, &profile, &p), CY_ECONFIG);
	assert_null(profile);
	for (size_t i = 1; i < p.n; i++)
		print_error("more than one: %s\n", p.list[i].text);
	if (p.n != 1)
		fail_msg("%s", p.list[0].text);
	if (p.list[0].line == 0 || strstr(p.list[0].text, "x.conf:") == NULL || strstr(p.list[0].text, what) == NULL ||
	    strstr(p.list[0].text, remedy) == NULL)
		fail_msg("expected '%s' '%s' in: %s", what, remedy, p.list[0].text);
	config_problems_free(&p);
	cy_arena_free(&arena);
	free(text);
}

static void a_missing_article(void **state)
{
	(void)state;
	problem("article = \"4(1)\"\n", "", "option 'clock decide.article': it is missing", "add it");
	problem("article = \"4(1)\"", "article = \" \"", "it is empty", "write it");
	problem("article = \"7\" ", "", "ground NE_BIS_IN_IDEM.article", "add it");
	problem("verified = true\nnote = \"Read.\"", "note = \"Read.\"", "clock decide.verified': it is missing",
		"true or false");
}

static void a_clock_without_start_event(void **state)
{
	(void)state;
	problem("start = received\n", "", "clock decide.start': it is missing; the event that starts the clock",
		"add it");
	problem("start = received\n", "start = monday\n", "'monday' is not known; one of received, received_executing",
		"correct it");
}

static void a_clock_that_nothing_meets(void **state)
{
	(void)state;
	problem("met_by = {\"decision\"}\n", "", "clock decide.met_by': it is missing or empty", "add it");
	problem("met_by = {\"decision\"}\n", "met_by = {}\n", "it is missing or empty", "add it");
	problem("met_by = {\"decision\"}\n", "met_by = {\"luck\"}\n", "'luck' is not known", "correct it");
}

static void an_unknown_measure(void **state)
{
	(void)state;
	problem("{\"DISCLOSURE_TRAFFIC\", \"PRES", "{\"LUNCH\", \"PRES", "there is no measure 'LUNCH'", "correct it");
	problem("measures = {\"PRESERVATION\"}\nonly", "measures = {\"INTERCEPTION\"}\nonly",
		"INTERCEPTION is not among measures.admitted", "add it there");
	problem("admitted = {\"DISCLOSURE_TRAFFIC\", \"PRESERVATION\"} ",
		"admitted = {\"MEASURE_TYPE_UNSPECIFIED\", "
		"\"PRESERVATION\"} ",
		"there is no measure", "correct it");
}

static void an_unknown_field(void **state)
{
	(void)state;
	problem("measures[].nexus", "measures[].necks", "a request has no field 'measures[].necks'", "correct it");
	problem("measures[].nexus", "measures.nexus", "a request has no field", "correct it");
}

static void an_unknown_state_of_atoms(void **state)
{
	(void)state;
	problem("terms US", "terms BR", "BR is not a party of the instrument", "add the party");
	problem("terms US", "terms usa", "it is of no state", "correct it");
	problem("\"FR\"} }", "\"France\"} }", "'France' is not a party", "correct it");
	problem("\"FR\"} }", "\"FR\", \"FR\"} }", "FR is named twice", "remove one");
}

static void an_unknown_rule_or_ladder(void **state)
{
	(void)state;
	problem("rule = plain\n", "rule = fancy\n", "there is no rule 'fancy' here", "add the section");
	problem("rule = plain\n", "", "clock decide.rule': it is missing", "add it");
	problem("ladder = steps\n", "ladder = stairs\n", "there is no ladder 'stairs' here", "site's ladder");
}

static void a_cycle_of_suspensions(void **state)
{
	(void)state;
	problem("start = received\namount = 30\nunit = calendar_day\nrule = plain\nmet_by = {\"decision\"}\n"
		"suspended_by = {\"postponement\"}\n",
		"start = clarification\namount = 30\nunit = calendar_day\nrule = plain\nmet_by = {\"supplement\", "
		"\"execution\"}\nsuspended_by = {\"clarification\"}\n",
		"clarification starts this clock and suspends it", "remove clarification here");
	problem("met_by = {\"decision\"}\nsuspended_by = {\"postponement\"}\n",
		"met_by = {\"supplement\"}\nsuspended_by = {\"clarification\"}\n",
		"ends only with the supplement that meets this clock", "remove clarification here");
	problem("met_by = {\"decision\"}\nsuspended_by = {\"postponement\"}\n",
		"met_by = {\"objection\"}\nsuspended_by = {\"conditions\"}\n", "cannot suspend it as well",
		"remove it here");
}

static void an_amount_out_of_range(void **state)
{
	(void)state;
	problem("amount = 30", "amount = 0", "'0' is out of range", "from 1 to 3660");
	problem("amount = 30", "amount = 3661", "'3661' is out of range", "correct it");
	problem("amount = 30", "amount = -1", "'-1' is out of range", "correct it");
	problem("amount = 30\n", "", "clock decide.amount': it is missing", "add it");
	problem("unit = calendar_day", "unit = fortnight", "'fortnight' is not known", "hour, calendar_day");
	problem("start = received\namount = 30\nunit = calendar_day\nrule = plain\n",
		"start = wanted_date\namount = 30\n", "has its date from the message", "remove it");
}

static void a_clock_for_one_measure_stated_for_the_request(void **state)
{
	(void)state;
	problem("per = measure\nmeasures = {\"PRESERVATION\"}\nonly = urgent\nstart = received",
		"per = request\nonly = urgent\nstart = decided", "per = measure is expected", "correct it");
}

static void effective_to_before_effective_from(void **state)
{
	(void)state;
	problem("\"2030-12-31\"", "\"2001-01-17\"", "it is before effective_from", "correct one of them");
	problem("\"2030-12-31\"", "\"2030-02-29\"", "'2030-02-29' is not a day", "correct it");
}

static void the_same_name_twice(void **state)
{
	(void)state;
	problem("requirement nexus", "clock decide { start = received }\nrequirement nexus",
		"a section of this name is there already", "merge them");
	problem("rung late", "rung half", "a section of this name is there already", "merge them");
	problem("ground own-reason", "ground NE_BIS_IN_IDEM", "a section of this name is there already", "merge them");
}

static void a_ladder_out_of_order(void **state)
{
	(void)state;
	problem("\"50%\"", "\"8d after\"", "the step late comes before half", "move it up");
	problem("\"7d after\"", "\"49%\"", "the step late comes before half", "move it up");
	problem("\"50%\"", "\"soon\"", "'soon' is not a step of a ladder", "correct it");
	problem("\"50%\"", "\"100%\"", "'100%' is not a step of a ladder", "correct it");
	problem("side = {\"obliged\"} actions = {\"event\"}", "side = {\"obliged\"}",
		"actions': it is missing or empty", "add it");
}

static void names_with_control_characters(void **state)
{
	(void)state;
	problem("clock decide", "clock \"de\033cide\"", "its name is not valid", "correct it");
	problem("\"Treaty X\"", "\"Treaty \033[31mX\"", "it holds a control character", "write it anew");
	problem("\"Treaty X\"", "\"Treaty \xe2\x80\xaeX\"", "a mark that turns the writing direction", "write it anew");
	problem("\"Treaty X\"", "\"Treaty \xff\"", "no UTF-8", "write it anew");
	problem("\"x-2001\"", "\"x 2001\"", "'x 2001' is not a name", "correct it");
	problem("ground own-reason", "ground \"Own reason\"", "there is no such ground", "correct it");
}

static void an_environment_variable(void **state)
{
	(void)state;
	problem("\"Treaty X\"", "\"Treaty ${HOME}\"", "stands for an environment variable", "write it out");
	problem("\"Treaty X\"", "${HOME}", "stands for an environment variable", "write it out");
}

static void an_option_that_there_is_not(void **state)
{
	(void)state;
	problem("obligation = \"Decide\"", "obligation = \"Decide\"\ncolour = red", "there is no such option",
		"comity.treaty(5)");
}

static void all_problems_come_at_once(void **state)
{
	struct config_problems p = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *profile = NULL;

	(void)state;
	assert_int_equal(profile_load(put("x.conf", "instrument = x\nclock a { amount = 0 }\nground b { }\n"), &arena,
				      &profile, &p),
			 CY_ECONFIG);
	assert_true(p.n >= 12);
	for (size_t i = 1; i < p.n; i++)
		assert_true(p.list[i - 1].line <= p.list[i].line);
	config_problems_free(&p);
	cy_arena_free(&arena);
}

static void a_file_of_10_megabytes(void **state)
{
	struct config_problems p = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *profile = NULL;
	char *text = malloc(10u << 20);

	(void)state;
	assert_non_null(text);
	memset(text, '#', 10u << 20);
	text[(10u << 20) - 1] = '\0';
	assert_int_equal(profile_load(put("x.conf", text), &arena, &profile, &p), CY_ECONFIG);
	assert_int_equal(p.n, 1);
	assert_non_null(strstr(p.list[0].text, "it is not a text file of less than 1048576 bytes"));
	assert_non_null(strstr(p.list[0].text, "share/comity/treaties"));
	config_problems_free(&p);
	cy_arena_free(&arena);
	free(text);
}

static void dir_problem(const char *what)
{
	struct config_problems p = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_profile *const *list = NULL;
	size_t n = 0;

	assert_int_equal(profile_load_dir(dir, &arena, &list, &n, &p), CY_ECONFIG);
	if (p.n != 1 || strstr(p.list[0].text, what) == NULL)
		fail_msg("expected one '%s' in %zu: %s", what, p.n, p.n > 0 ? p.list[0].text : "");
	config_problems_free(&p);
	cy_arena_free(&arena);
}

static void overlapping_versions(void **state)
{
	struct cy_arena arena = { 0 };
	struct config_problems p = { 0 };
	const struct law_profile *const *list = NULL;
	size_t n = 0;
	char *text;

	(void)state;
	put("x.conf", whole);
	put("y.treaty", whole);
	dir_problem("also holds version 1 of x-2001");
	text = with("version = \"1\"\n", "version = \"2\"\n");
	put("y.treaty", text);
	dir_problem("version 2 of x-2001 is effective on days on which version 1");
	free(text);
	text = with("version = \"1\"\ntitle = \"Treaty X\"\ncitation = \"Series 1\"\n"
		    "source = \"https://treaties.example.org/x\"\nverified = true\nnote = \"A note.\"\n"
		    "status = in_force\neffective_from = \"2001-01-18\"\neffective_to = \"2030-12-31\"\n",
		    "version = \"2\"\ntitle = X\ncitation = X\nverified = true\nstatus = in_force\n"
		    "effective_from = \"2031-01-01\"\n");
	put("y.treaty", text);
	free(text);
	put("notes.txt", "not a profile");
	assert_int_equal(profile_load_dir(dir, &arena, &list, &n, &p), CY_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0]->version, "1");
	assert_string_equal(list[1]->version, "2");
	cy_arena_free(&arena);
	gone("notes.txt");
	gone("y.treaty");
	gone("x.conf");
	dir_problem("there are 0 treaty profiles");
	put("x.conf", whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_becomes_its_value),
		cmocka_unit_test(shipped_profiles_load),
		cmocka_unit_test(who_is_not_listed_may_be_a_party_where_there_are_others),
		cmocka_unit_test(in_force_between_parties_on_a_day),
		cmocka_unit_test(layout_has_no_effect),
		cmocka_unit_test(every_field_has_an_effect),
		cmocka_unit_test(the_form_is_sorted_and_complete),
		cmocka_unit_test(a_value_cannot_forge_a_line),
		cmocka_unit_test(differences_come_path_by_path),
		cmocka_unit_test(the_version_of_a_day_is_found),
		cmocka_unit_test(the_default_ladder_is_in_order),
		cmocka_unit_test(a_missing_article),
		cmocka_unit_test(a_clock_without_start_event),
		cmocka_unit_test(a_clock_that_nothing_meets),
		cmocka_unit_test(an_unknown_measure),
		cmocka_unit_test(an_unknown_field),
		cmocka_unit_test(an_unknown_state_of_atoms),
		cmocka_unit_test(an_unknown_rule_or_ladder),
		cmocka_unit_test(a_cycle_of_suspensions),
		cmocka_unit_test(an_amount_out_of_range),
		cmocka_unit_test(a_clock_for_one_measure_stated_for_the_request),
		cmocka_unit_test(effective_to_before_effective_from),
		cmocka_unit_test(the_same_name_twice),
		cmocka_unit_test(a_ladder_out_of_order),
		cmocka_unit_test(names_with_control_characters),
		cmocka_unit_test(an_environment_variable),
		cmocka_unit_test(an_option_that_there_is_not),
		cmocka_unit_test(all_problems_come_at_once),
		cmocka_unit_test(a_file_of_10_megabytes),
		cmocka_unit_test(overlapping_versions),
	};
	int r;

	if (mkdtemp(dir) == NULL)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	gone("x.conf");
	rmdir(dir);
	return r;
}
