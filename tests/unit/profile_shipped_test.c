/* What the shipped profiles say of their instruments. Run from the root of the tree. */
#include "config/profile_confuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "law/profile.h"

#define SHIPPED "config/treaties"

/* Time limits as the domain's table has them, with its marks: verified where amount
 * and start of the limit were read, since the day that is due follows from both. */
static const struct {
	const char *instrument, *clock, *article;
	unsigned amount;
	enum law_unit unit;
	enum law_start start;
	bool verified;
	unsigned extension; /* in days; 0: none, or without a cap */
} limits[] = {
	{ "eio-2014-41", "acknowledge", "16(1)", 1, LAW_WEEK, LAW_START_RECEIVED, true, 0 },
	{ "eio-2014-41", "decide", "12(3)", 30, LAW_CALENDAR_DAY, LAW_START_RECEIVED_EXECUTING, true, 30 },
	{ "eio-2014-41", "execute", "12(4)", 90, LAW_CALENDAR_DAY, LAW_START_DECIDED, true, 0 },
	{ "eio-2014-41", "wanted-date", "12(2)", 0, LAW_HOUR, LAW_START_WANTED_DATE, true, 0 },
	{ "eio-2014-41", "provisional", "32(2)", 24, LAW_HOUR, LAW_START_RECEIVED, true, 0 },
	{ "eio-2014-41", "object", "31(3)", 96, LAW_HOUR, LAW_START_RECEIVED, true, 0 },
	{ "eu-mla-2000", "wanted-date", "4(2)", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "eu-mla-2000", "object", "20(4)", 96, LAW_HOUR, LAW_START_RECEIVED, false, 8 },
	{ "e-evidence-2023-1543", "produce-notified", "10(2)", 10, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "produce", "10(3)", 10, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "produce-emergency", "10(4)", 8, LAW_HOUR, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "object-emergency", "10(4), 12(1)", 96, LAW_HOUR, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "object", "10(2), 12(1)", 10, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "provider-objection", "17(2)", 10, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543", "clarify", "10(6), 11(5)", 5, LAW_CALENDAR_DAY, LAW_START_CLARIFICATION, true, 0 },
	{ "e-evidence-2023-1543", "preserve", "11(1)", 60, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 30 },
	{ "e-evidence-2023-1543-enforcement", "recognise", "16(2)", 5, LAW_WORKING_DAY, LAW_START_RECEIVED, true, 0 },
	{ "e-evidence-2023-1543-enforcement", "reply", "16(7)", 5, LAW_WORKING_DAY, LAW_START_CLARIFICATION, true, 0 },
	{ "reg-2018-1805", "freeze-decide", "9(3)", 48, LAW_HOUR, LAW_START_RECEIVED, false, 0 },
	{ "reg-2018-1805", "freeze-execute", "9(3)", 48, LAW_HOUR, LAW_START_DECIDED, false, 0 },
	{ "reg-2018-1805", "confiscate-decide", "20(1)", 45, LAW_CALENDAR_DAY, LAW_START_RECEIVED, false, 0 },
	{ "eu-uk-tca", "decide", "640(1)", 45, LAW_CALENDAR_DAY, LAW_START_RECEIVED, true, 0 },
	{ "eu-uk-tca", "provisional", "640", 24, LAW_HOUR, LAW_START_RECEIVED, false, 0 },
	{ "eu-uk-tca", "execute", "640(2)", 90, LAW_CALENDAR_DAY, LAW_START_DECIDED, true, 0 },
	{ "budapest-185", "preserve", "29(7)", 60, LAW_CALENDAR_DAY, LAW_START_EFFECTED, true, 0 },
	{ "budapest-185", "domestic-order", "16(2)", 90, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
	{ "budapest-185", "traffic-by-date", "30", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "budapest-185", "stored-by-date", "31(3)", 0, LAW_HOUR, LAW_START_WANTED_DATE, true, 0 },
	{ "budapest-185", "urgency-date", "35", 0, LAW_HOUR, LAW_START_URGENCY_DATE, false, 0 },
	{ "cets-224", "provider-discloses", "7(7)", 30, LAW_CALENDAR_DAY, LAW_START_RECEIVED, false, 0 },
	{ "cets-224", "serve-provider", "8", 45, LAW_CALENDAR_DAY, LAW_START_RECEIVED, false, 0 },
	{ "cets-224", "subscriber-returned", "8", 20, LAW_CALENDAR_DAY, LAW_START_DECIDED, false, 0 },
	{ "cets-224", "traffic-returned", "8", 45, LAW_CALENDAR_DAY, LAW_START_DECIDED, false, 0 },
	{ "cets-224", "emergency", "9, 10", 0, LAW_HOUR, LAW_START_URGENCY_DATE, false, 0 },
	{ "untoc", "wanted-date", "18(24)", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "uncac", "wanted-date", "46(24)", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "un-cybercrime-2024", "preserve", "42", 60, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
	{ "un-cybercrime-2024", "domestic-order", "25", 90, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
	{ "us-bilateral-model", "wanted-date", "5", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "us-ie-2001", "wanted-date", "5", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "eu-us-2003", "wanted-date", "4(1)", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "harare", "wanted-date", "6", 0, LAW_HOUR, LAW_START_WANTED_DATE, false, 0 },
	{ "ece-1957", "papers-18", "16(4)", 18, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
	{ "ece-1957", "papers-40", "16(4)", 40, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
	{ "us-extradition-model", "papers", "12(4)", 60, LAW_CALENDAR_DAY, LAW_START_EFFECTED, false, 0 },
};

static const struct law_clock_rule *clock_named(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_clocks; i++) {
		if (strcmp(p->clocks[i].name, name) == 0)
			return &p->clocks[i];
	}
	fail_msg("%s has no clock %s", p->id, name);
	return NULL;
}

static void shipped_limits_are_those_of_the_domain(void **state)
{
	struct cy_arena arena = { 0 };
	struct config_problems out = { 0 };
	struct law_data legal_data = { 0 };

	(void)state;
	assert_int_equal(profile_load_dir(SHIPPED, &arena, &legal_data.profiles, &legal_data.n_profiles, &out), CY_OK);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		const struct law_profile *p =
			law_find_profile(&legal_data, limits[i].instrument, "1", (struct cy_date){ 2026, 11, 24 });
		const struct law_clock_rule *c;

		if (p == NULL)
			fail_msg("there is no %s", limits[i].instrument);
		c = clock_named(p, limits[i].clock);
		if (strcmp(c->source.article, limits[i].article) != 0 || c->period.amount != limits[i].amount ||
		    (c->period.amount != 0 && c->period.unit != limits[i].unit) || c->start != limits[i].start ||
		    c->source.verified != limits[i].verified || c->extension.amount != limits[i].extension)
			fail_msg("%s, %s is not as the domain has it", limits[i].instrument, limits[i].clock);
		if (!c->source.verified && c->source.note[0] == '\0')
			fail_msg("%s, %s does not say where it is from", limits[i].instrument, limits[i].clock);
	}
	cy_arena_free(&arena);
}

/* What readers of the texts found, a line of the canonical form each. */
static const struct {
	const char *instrument, *line;
} facts[] = {
	{ "us-ie-2001", "terms.IE.login_ip_log.article = practice" },
	{ "us-ie-2001", "citation = TIAS 13137, Washington, 18.1.2001, as applied by the Instrument done at Dublin on "
			"14.7.2005" },
	{ "e-evidence-2023-1543", "verified = yes" },
	{ "e-evidence-2023-1543", "effective_from = 2026-08-18" },
	{ "e-evidence-2023-1543", "clock.object.on_lapse = tacit_no_objection" },
	{ "e-evidence-2023-1543", "clock.provider-objection.rule = issuing-state" },
	{ "e-evidence-2023-1543", "requirement.targets.article = 5(5)(c), 6(4)(c)" },
	{ "e-evidence-2023-1543", "requirement.summary.article = 5(5)(j)" },
	{ "e-evidence-2023-1543", "terms.any.account_holder_name.article = 3(9)" },
	{ "e-evidence-2023-1543", "terms.any.ip_port_time.article = 3(10)" },
	{ "e-evidence-2023-1543", "ground.NO_DUAL_CRIMINALITY.verified = yes" },
	{ "e-evidence-2023-1543-enforcement", "ground.TREATY_SPECIFIC.data-not-stored.article = 16(4)(d), 16(5)(c)" },
	{ "e-evidence-2023-1543-enforcement", "ground.FUNDAMENTAL_RIGHTS.article = 16(4)(g), 16(5)(f)" },
	{ "eio-2014-41", "requirement.persons.article = 5(1)(c)" },
	{ "eio-2014-41", "requirement.translation.article = 5(3)" },
	{ "eio-2014-41", "requirement.measure.verified = yes" },
	{ "eio-2014-41", "ground.NOT_AUTHORISED_DOMESTICALLY.article = 11(1)(c), 28(1), 30(5)" },
	{ "eio-2014-41", "ground.TREATY_SPECIFIC.no-consent-to-transfer.article = 22(2)(a)" },
	{ "eio-2014-41", "ground.TREATY_SPECIFIC.no-consent-to-hearing.verified = yes" },
	{ "eio-2014-41", "ground.TREATY_SPECIFIC.covert-investigation.verified = no" },
	{ "eu-uk-tca", "requirement.necessity.article = 636" },
	{ "eu-uk-tca", "clock.execute.extension = yes" },
	{ "eu-uk-tca", "ground.NE_BIS_IN_IDEM.verified = no" },
	{ "eu-us-2003", "condition.confidentiality.article = 10" },
	{ "eu-us-2003", "requirement.identity.article = 4(2)" },
	{ "reg-2018-1805", "ground.TREATY_SPECIFIC.rights-of-affected-persons.article = 19(1)(e)" },
	{ "reg-2018-1805", "ground.NO_DUAL_CRIMINALITY.article = 8(1)(e), 19(1)(f)" },
	{ "reg-2018-1805", "ground.TREATY_SPECIFIC.trial-in-absentia.article = 19(1)(g)" },
	{ "reg-2018-1805", "ground.FUNDAMENTAL_RIGHTS.verified = yes" },
	{ "budapest-185", "clock.preserve.on_lapse = obligation_ceases" },
	{ "budapest-185", "requirement.intention.verified = yes" },
	{ "budapest-185", "ground.NO_DUAL_CRIMINALITY.verified = yes" },
	{ "budapest-185", "party.FR.from = 2006-05-01" },
	{ "eu-mla-2000", "party.LU.from = 2011-03-06" },
	{ "untoc", "requirement.language.article = 18(14)" },
	{ "uncac", "requirement.language.article = 46(14)" },
	{ "un-cybercrime-2024", "verified = yes" },
};

static const struct law_profile *shipped_one(const struct law_data *legal_data, const char *id)
{
	for (size_t i = 0; i < legal_data->n_profiles; i++)
		if (strcmp(legal_data->profiles[i]->id, id) == 0)
			return legal_data->profiles[i];
	fail_msg("there is no %s", id);
	return NULL;
}

/* Who is in custody is not kept there longer because of a weekend. */
static void no_end_of_a_provisional_arrest_is_moved(void **state)
{
	const struct law_profile *const *profiles = NULL;
	struct config_problems problems = { 0 };
	struct cy_arena a = { 0 };
	size_t n = 0, found = 0;

	(void)state;
	assert_int_equal(profile_load_dir(SHIPPED, &a, &profiles, &n, &problems), CY_OK);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < profiles[i]->n_clocks; k++) {
			const struct law_clock_rule *c = &profiles[i]->clocks[k];
			const struct law_rule *rule = law_find_rule(profiles[i], c->rule);

			if (c->start != LAW_START_EFFECTED ||
			    (c->measures & UINT64_C(1) << CY_MEASURE_TYPE__PROVISIONAL_ARREST) == 0)
				continue;
			found++;
			assert_non_null(rule);
			assert_string_equal(rule->roll_over, "");
			assert_false(rule->verified);
		}
	assert_int_equal(found, 3);
	cy_arena_free(&a);
}

static void shipped_profiles_say_what_the_texts_say(void **state)
{
	struct cy_arena arena = { 0 };
	struct config_problems out = { 0 };
	struct law_data legal_data = { 0 };

	(void)state;
	assert_int_equal(profile_load_dir(SHIPPED, &arena, &legal_data.profiles, &legal_data.n_profiles, &out), CY_OK);
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		struct cy_buf form = CY_BUF(LAW_CANONICAL_MAX);
		char line[256];

		assert_int_equal(cy_buf_add(&form, "\n", 1), CY_OK);
		assert_int_equal(law_profile_canonical(shipped_one(&legal_data, facts[i].instrument), &form), CY_OK);
		assert_int_equal(cy_buf_add(&form, "", 1), CY_OK);
		snprintf(line, sizeof line, "\n%s\n", facts[i].line);
		if (strstr((const char *)form.data, line) == NULL)
			fail_msg("%s does not say: %s", facts[i].instrument, facts[i].line);
		cy_buf_free(&form);
	}
	/* Ireland is no party to one, Croatia and Greece perhaps to the other. */
	assert_false(law_bond_told(shipped_one(&legal_data, "budapest-185"), "US", "IE", NULL));
	assert_false(law_bond_told(shipped_one(&legal_data, "budapest-185"), "FR", "IE", NULL));
	assert_true(law_bond_told(shipped_one(&legal_data, "budapest-185"), "FR", "EE", NULL));
	assert_false(law_bond_told(shipped_one(&legal_data, "eu-mla-2000"), "FR", "GR", NULL));
	assert_false(law_bond_told(shipped_one(&legal_data, "eu-mla-2000"), "HR", "FR", NULL));
	assert_true(law_bond_told(shipped_one(&legal_data, "eu-mla-2000"), "FR", "NL", NULL));
	assert_false(law_in_force(shipped_one(&legal_data, "eu-mla-2000"), "FR", "LU", (struct cy_date){ 2011, 3, 5 },
				  NULL));
	cy_arena_free(&arena);
}

/* What the demonstration warns of: the two states call it by another name, and only it. */
static void the_login_log_differs_between_us_and_ie(void **state)
{
	static const char *const asked[] = { "account_holder_name", "payment_means",  "sign_up_ip",
					     "message_recipients",  "message_bodies", "stored_files",
					     "login_ip_log" };
	struct cy_arena arena = { 0 };
	struct config_problems out = { 0 };
	const struct law_profile *p = NULL;

	(void)state;
	assert_int_equal(profile_load(SHIPPED "/us-ie-2001.conf", &arena, &p, &out), CY_OK);
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		const char *us = NULL, *ie = NULL;

		for (size_t k = 0; k < p->n_atoms; k++) {
			if (strcmp(p->atoms[k].atom, asked[i]) == 0)
				*(strcmp(p->atoms[k].state, "US") == 0 ? &us : &ie) = p->atoms[k].category;
		}
		assert_non_null(us);
		assert_non_null(ie);
		assert_int_equal(strcmp(us, ie) != 0, strcmp(asked[i], "login_ip_log") == 0);
	}
	cy_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_limits_are_those_of_the_domain),
		cmocka_unit_test(no_end_of_a_provisional_arrest_is_moved),
		cmocka_unit_test(shipped_profiles_say_what_the_texts_say),
		cmocka_unit_test(the_login_log_differs_between_us_and_ie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
