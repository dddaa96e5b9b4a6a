/* A request against the profile of its treaty. The profile is made here by hand: no
 * legal fact is taken from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "law/treaty.h"
#include "wire/json.h"

#define MARK " (not verified against the primary text)"

#define BIT(type) (UINT64_C(1) << CY_MEASURE_TYPE__##type)

static struct law_source art(const char *article, bool verified)
{
	return (struct law_source){ .article = article, .verified = verified, .note = "" };
}

/* ----------------------------------------------------- legal data by hand */

static const struct law_party parties[] = { { .state = "IE", .side = "" },
					    { .state = "US", .side = "", .from = { 2009, 8, 11 } } };
static const char *const languages[] = { "en", "ga" };
static const char *const sensitive[] = { "financial", "traffic" };
static struct law_requirement asked[6];
static struct law_atom atoms[5], elsewhere[1];
static struct law_profile one, two;
static const struct law_profile *const list[] = { &one, &two };
static const struct law_data legal_data = { .n_profiles = 2, .profiles = list };
static const struct law_data none;
static const struct law_between between = { "IE", "US", { 2026, 11, 24 } };

static int make_legal_data(void **state)
{
	(void)state;
	asked[0] = (struct law_requirement){ "nexus", "measures[].nexus", BIT(DISCLOSURE_SUBSCRIBER),
					     "The link is stated.", art("4(2)", false) };
	asked[1] = (struct law_requirement){ "limits", "purpose.use_limits", 0, "Limits of use.", art("7", true) };
	asked[2] =
		(struct law_requirement){ "birth-place", "persons[].birth_place", 0, "Who it is.", art("4(3)", true) };
	asked[3] = (struct law_requirement){ "costs", "costs", BIT(HEARING_WITNESS), "Who pays.", art("9", true) };
	asked[4] = (struct law_requirement){ "remedies", "remedies", BIT(INTERCEPTION), "Remedies.", art("10", true) };
	asked[5] = (struct law_requirement){ "persons", "persons", BIT(INTERCEPTION_NOTIFICATION), "Whose line.",
					     art("31", true) };
	atoms[0] = (struct law_atom){ "", "account_holder_name", "subscriber", "", "", art("5", true) };
	atoms[1] = (struct law_atom){ "IE", "login_ip_log", "traffic", "order", "", art("5(1)", true) };
	atoms[2] = (struct law_atom){ "US", "login_ip_log", "subscriber", "order", "", art("5(2)", false) };
	atoms[3] = (struct law_atom){ "", "sign_up_ip", "traffic", "order", "", art("5(3)", true) };
	atoms[4] = (struct law_atom){ "US", "sign_up_ip", "traffic", "warrant", "", art("5(4)", true) };
	one = (struct law_profile){ .id = "us-ie-2001",
				    .version = "1",
				    .title = "t",
				    .citation = "c",
				    .source = "s",
				    .verified = false,
				    .note = "the parties",
				    .status = LAW_STATUS_IN_FORCE,
				    .effective_from = { 2009, 8, 11 },
				    .effective_to = { 2026, 12, 31 },
				    .n_parties = 2,
				    .parties = parties,
				    .measures = BIT(DISCLOSURE_SUBSCRIBER) | BIT(HEARING_WITNESS) |
						BIT(INTERCEPTION_NOTIFICATION),
				    .measures_source = art("1(2)", true),
				    .n_requirements = 6,
				    .requirements = asked,
				    .n_atoms = 5,
				    .atoms = atoms,
				    .n_languages = 2,
				    .languages = languages,
				    .languages_source = art("5(3)", true),
				    .n_sensitive = 2,
				    .sensitive = sensitive,
				    .sensitive_source = art("8", true) };
	two = one;
	two.id = "other-1999";
	elsewhere[0] = (struct law_atom){ "", "shoe_size", "content", "", "", art("6", true) };
	two.n_atoms = 1;
	two.atoms = elsewhere;
	two.status = LAW_STATUS_NOT_IN_FORCE;
	return 0;
}

/* --------------------------------------------------------------- requests */

static CyContent *load(void)
{
	static char text[64 * 1024];
	FILE *f = fopen("tests/fixtures/law/treaty_request.json", "re");
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	size_t len;

	if (!f)
		fail_msg("the fixture is missing: run the tests from the top of the tree");
	len = fread(text, 1, sizeof text, f);
	assert_int_equal(fclose(f), 0);
	if (wire_json_parse(&cy_content__descriptor, cy_bytes(text, len), &m, &e))
		fail_msg("%s: %s", e.field, e.text);
	return (CyContent *)m;
}

static void drop(CyContent *c)
{
	protobuf_c_message_free_unpacked(&c->base, NULL);
}

/* Empties a text, so that it is still to be freed. */
static void blank(char *text)
{
	text[0] = '\0';
}

static void print_faults(const struct law_faults *all)
{
	for (size_t i = 0; i < all->n; i++)
		print_error("  %s: %s [%s]\n", all->at[i].field, all->at[i].text, all->at[i].article);
}

/* Both checks, as everybody makes them; exactly these fields are named. */
static void assert_faults(const CyContent *c, const struct law_data *b, const struct law_between *w,
			  struct law_faults *all, size_t n, const char *const *fields)
{
	bool same;

	law_validate(c, all);
	assert_int_equal(law_treaty_check(c, b, w, all), n ? CY_EINVAL : CY_OK);
	same = all->n == n;
	for (size_t i = 0; same && i < n; i++)
		same = !strcmp(all->at[i].field, fields[i]);
	if (!same)
		print_faults(all);
	assert_true(same);
}

#define EXPECT(c, w, ...)                                                                                       \
	do {                                                                                                    \
		static const char *const fields_[] = { "", ##__VA_ARGS__ };                                     \
		assert_faults(c, &legal_data, w, &faults, sizeof fields_ / sizeof fields_[0] - 1, fields_ + 1); \
	} while (0)

static struct law_faults faults;

static void what_the_treaty_asks_for_is_enough(void **state)
{
	CyContent *c = load();

	(void)state;
	EXPECT(c, &between);
	drop(c);
}

static void a_field_that_a_measure_needs_is_named_with_its_article(void **state)
{
	CyContent *c = load();
	CyRequest *r = c->request;

	(void)state;
	blank(r->measures[0]->nexus);
	blank(r->purpose->use_limits);
	blank(r->persons[0]->birth_place);
	blank(r->costs);
	EXPECT(c, &between, "request.measures[0].nexus", "request.purpose.use_limits", "request.persons[0].birth_place",
	       "request.costs");
	assert_string_equal(faults.at[0].article, "us-ie-2001 4(2)" MARK);
	assert_string_equal(faults.at[0].text,
			    "This field is mandatory under us-ie-2001 for DISCLOSURE_SUBSCRIBER. The link is stated.");
	assert_string_equal(faults.at[1].article, "us-ie-2001 7");
	assert_string_equal(faults.at[3].text,
			    "This field is mandatory under us-ie-2001 for HEARING_WITNESS. Who pays.");
	drop(c);
}

static void what_the_instrument_asks_for_as_well_has_its_article_and_no_other(void **state)
{
	CyContent *c = load();
	CyRequest *r = c->request;
	CyPurpose *purpose = r->purpose;
	const size_t n = r->n_offences;

	(void)state;
	asked[0].field = "offences";
	asked[2].field = "measures[].description";
	asked[3].field = "persons[].name";
	r->n_offences = 0;
	r->purpose = NULL;
	blank(r->persons[0]->name);
	blank(r->measures[1]->description);
	blank(r->title);
	r->approvals[0]->at_ms = 0;
	EXPECT(c, &between, "request.offences", "request.persons[0].name", "request.measures[1].description",
	       "request.purpose", "request.approvals[0].at_ms", "request.purpose.use_limits");
	assert_string_equal(faults.at[0].article, "us-ie-2001 4(2)" MARK);
	assert_string_equal(faults.at[1].article, "us-ie-2001 9");
	assert_string_equal(faults.at[2].article, "us-ie-2001 4(3)");
	assert_string_equal(faults.at[3].article, "us-ie-2001 7"); /* that would stand in it */
	assert_string_equal(faults.at[4].article, "");
	/* Another measure's rule is none of this request's. */
	asked[0].measures = BIT(INTERCEPTION);
	EXPECT(c, &between, "request.offences", "request.persons[0].name", "request.measures[1].description",
	       "request.purpose", "request.approvals[0].at_ms", "request.purpose.use_limits");
	assert_string_equal(faults.at[0].article, "");
	/* On reciprocity there is none. */
	blank(r->legal_basis->instrument);
	r->legal_basis->reciprocity = true;
	EXPECT(c, &between, "request.offences", "request.persons[0].name", "request.measures[1].description",
	       "request.purpose", "request.approvals[0].at_ms");
	for (size_t i = 0; i < faults.n; i++)
		assert_string_equal(faults.at[i].article, "");
	r->purpose = purpose;
	r->n_offences = n;
	drop(c);
}

static void what_every_request_must_hold_is_not_told_twice(void **state)
{
	CyContent *c = load();
	CyPurpose *purpose = c->request->purpose;

	(void)state;
	c->request->purpose = NULL;
	EXPECT(c, &between, "request.purpose", "request.purpose.use_limits");
	c->request->purpose = purpose;
	asked[1].field = "facts";
	blank(c->request->facts);
	EXPECT(c, &between, "request.facts");
	drop(c);
}

static void a_measure_that_is_not_admitted_is_named_with_those_that_are(void **state)
{
	CyContent *c = load();

	(void)state;
	c->request->measures[0]->type = CY_MEASURE_TYPE__SEARCH_AND_SEIZURE;
	blank(c->request->measures[0]->nexus); /* nobody asks for it now */
	EXPECT(c, &between, "request.measures[0].type");
	assert_non_null(strstr(faults.at[0].text,
			       "it admits: HEARING_WITNESS, DISCLOSURE_SUBSCRIBER, INTERCEPTION_NOTIFICATION"));
	assert_string_equal(faults.at[0].article, "us-ie-2001 1(2)");
	drop(c);
}

static void an_unknown_instrument_is_told_what_there_is(void **state)
{
	CyContent *c = load();
	CyLegalBasis *b = c->request->legal_basis;

	(void)state;
	b->version[0] = '7';
	EXPECT(c, &between, "request.legal_basis.version");
	assert_non_null(strstr(faults.at[0].text, "'7'"));
	assert_non_null(strstr(faults.at[0].text, "there is: 1."));
	b->instrument[0] = 'x';
	EXPECT(c, &between, "request.legal_basis.instrument");
	assert_non_null(strstr(faults.at[0].text, "there is: us-ie-2001, other-1999."));
	drop(c);
}

static void an_instrument_that_is_not_in_force_between_the_two_is_told(void **state)
{
	static const struct law_between before = { "IE", "US", { 2009, 8, 10 } };
	static const struct law_between after = { "IE", "US", { 2027, 1, 1 } };
	static const struct law_between last = { "IE", "US", { 2026, 12, 31 } };
	static const struct law_between stranger = { "IE", "FR", { 2026, 11, 24 } };
	CyContent *c = load();

	(void)state;
	EXPECT(c, &before, "request.legal_basis.instrument");
	assert_string_equal(faults.at[0].article, "us-ie-2001 c" MARK);
	EXPECT(c, &after, "request.legal_basis.instrument");
	EXPECT(c, &last);
	strcpy(c->request->requested_state, "FR");
	/* What France understands by the atoms, nobody says. */
	blank(c->request->atom_warnings[0]->atom);
	law_validate(c, &faults);
	law_treaty_check(c, &legal_data, &stranger, &faults);
	assert_string_equal(faults.at[0].field, "request.atom_warnings[0].atom");
	assert_string_equal(faults.at[1].field, "request.legal_basis.instrument");
	drop(c);
	c = load();
	one.status = LAW_STATUS_NOT_IN_FORCE;
	EXPECT(c, &between, "request.legal_basis.instrument");
	drop(c);
}

static void the_states_are_those_of_the_two_authorities(void **state)
{
	static const struct law_between turned = { "US", "IE", { 2026, 11, 24 } };
	static const struct law_between open = { "", "", { 2026, 11, 24 } };
	CyContent *c = load();

	(void)state;
	/* The atom is then understood the other way round, but acknowledged by name only. */
	EXPECT(c, &turned, "request.requesting_state", "request.requested_state");
	assert_non_null(strstr(faults.at[0].text, "US is expected"));
	EXPECT(c, &open);
	drop(c);
}

static void a_language_that_is_not_agreed_is_told_with_those_that_are(void **state)
{
	CyContent *c = load();

	(void)state;
	strcpy(c->request->language, "fr");
	EXPECT(c, &between, "request.language");
	assert_non_null(strstr(faults.at[0].text, "en, ga"));
	strcpy(c->request->language, "ga");
	EXPECT(c, &between);
	drop(c);
}

static void a_sensitive_category_needs_an_approval_that_names_it(void **state)
{
	CyContent *c = load();

	(void)state;
	strcpy(c->request->approvals[0]->categories[0], "other");
	EXPECT(c, &between, "request.approvals");
	assert_string_equal(faults.at[0].article, "us-ie-2001 8");
	assert_non_null(strstr(faults.at[0].text, "\"categories\": [\"traffic\"]"));
	/* It is asked for in other words: Ireland understands it by the atom. */
	strcpy(c->request->measures[0]->data_categories[0], "other");
	EXPECT(c, &between, "request.approvals");
	/* Then nobody speaks of it. */
	atoms[1].category = "subscriber";
	c->request->n_atom_warnings = 0;
	EXPECT(c, &between);
	strcpy(c->request->attachments[0]->data_category, "traffic");
	EXPECT(c, &between, "request.approvals");
	c->request->n_atom_warnings = 1;
	drop(c);
}

static void a_category_that_is_nearly_a_sensitive_one_is_mistyped(void **state)
{
	CyContent *c = load();

	(void)state;
	c->request->measures[0]->data_categories[0][2] = 'o'; /* troffic */
	strcpy(c->request->attachments[0]->data_category, "subscribr");
	EXPECT(c, &between, "request.measures[0].data_categories[0]", "request.attachments[0].data_category");
	assert_string_equal(faults.at[0].text,
			    "'troffic' is not a category of data under us-ie-2001: did you mean 'traffic'? What is "
			    "meant may need an approval of its own.");
	strcpy(c->request->measures[0]->data_categories[0], "health");
	strcpy(c->request->attachments[0]->data_category, "");
	EXPECT(c, &between);
	drop(c);
}

/* ------------------------------------------------------------------- atoms */

static void an_atom_that_means_two_things_must_be_acknowledged(void **state)
{
	CyContent *c = load();
	CyRequest *r = c->request;
	struct cy_arena arena = { 0 };
	struct law_atom_warnings w;

	(void)state;
	w = law_atom_warnings(r, &legal_data, &between, &arena);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.list[0]->atom, "login_ip_log");
	assert_string_equal(w.list[0]->ours->state, "IE");
	assert_string_equal(w.list[0]->ours->category, "traffic");
	assert_string_equal(w.list[0]->ours->threshold, "order");
	assert_string_equal(w.list[0]->ours->article, "5(1)");
	assert_string_equal(w.list[0]->theirs->state, "US");
	assert_string_equal(w.list[0]->theirs->category, "subscriber");
	assert_string_equal(w.list[0]->theirs->article, "5(2)" MARK);
	assert_string_equal(w.list[0]->acknowledged_by, "A. Officer");
	cy_arena_free(&arena);

	r->n_atom_warnings = 0;
	EXPECT(c, &between, "request.atom_warnings");
	assert_non_null(strstr(faults.at[0].text,
			       "add {\"atom\": \"login_ip_log\", \"acknowledgedBy\": \"NAME OF THE OFFICER\"}"));
	assert_non_null(strstr(faults.at[0].text, "'login_ip_log' is traffic for IE (order; 5(1))"));
	assert_non_null(strstr(faults.at[0].text, "subscriber for US (order; 5(2)" MARK ")"));
	r->n_atom_warnings = 1;
	drop(c);
}

/* It is of people or of a peer, and as long as they like: what shows the fault cannot read half a character. */
static void what_is_shown_of_a_text_ends_with_a_whole_character(void **state)
{
	CyContent *c = load();
	char *was = c->request->measures[0]->atoms[0], atom[64];

	(void)state;
	for (size_t ascii = 0; ascii < 3; ascii++) {
		snprintf(atom, sizeof atom, "%.*sé€é€é€é€é€é€é€é€é€", (int)ascii, "abc");
		c->request->measures[0]->atoms[0] = atom;
		EXPECT(c, &between, "request.measures[0].atoms[0]");
		assert_non_null(strstr(faults.at[0].text, "é€é€é€"));
		assert_true(cy_utf8_valid(faults.at[0].text, strlen(faults.at[0].text)));
	}
	c->request->measures[0]->atoms[0] = was;
	drop(c);
}

static void a_threshold_that_differs_is_warned_of_and_the_instrument_speaks_for_who_is_silent(void **state)
{
	CyContent *c = load();
	char *was = c->request->measures[0]->atoms[0];
	struct cy_arena arena = { 0 };
	struct law_atom_warnings w;

	(void)state;
	c->request->measures[0]->atoms[0] = (char *)"sign_up_ip";
	w = law_atom_warnings(c->request, &legal_data, &between, &arena);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.list[0]->atom, "sign_up_ip");
	assert_string_equal(w.list[0]->ours->state, "IE");
	assert_string_equal(w.list[0]->ours->threshold, "order");
	assert_string_equal(w.list[0]->theirs->threshold, "warrant");
	assert_string_equal(w.list[0]->acknowledged_by, "");
	EXPECT(c, &between, "request.atom_warnings");
	atoms[4].threshold = ""; /* not stated: it differs from nothing */
	assert_int_equal(law_atom_warnings(c->request, &legal_data, &between, &arena).n, 1);
	atoms[4].threshold = "warrant";
	c->request->measures[0]->atoms[0] = (char *)"shoe_size"; /* mapped elsewhere, and by nobody here */
	w = law_atom_warnings(c->request, &legal_data, &between, &arena);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.list[0]->ours->category, "");
	assert_string_equal(w.list[0]->theirs->category, "");
	c->request->measures[0]->atoms[0] = c->request->measures[0]->atoms[1]; /* asked for twice */
	assert_int_equal(law_atom_warnings(c->request, &legal_data, &between, &arena).n, 1);
	c->request->measures[0]->atoms[0] = was;
	cy_arena_free(&arena);
	drop(c);
}

static void an_atom_that_no_profile_knows_is_mistyped(void **state)
{
	CyContent *c = load();
	char **named = c->request->measures[0]->atoms, *was = named[0];
	char **acknowledged = &c->request->atom_warnings[0]->atom, *known = *acknowledged;
	struct cy_arena arena = { 0 };

	(void)state;
	named[0] = (char *)"sign_up";
	EXPECT(c, &between, "request.measures[0].atoms[0]");
	assert_string_equal(faults.at[0].text,
			    "No treaty profile here knows a data atom 'sign_up': did you mean 'sign_up_ip'? There is: "
			    "account_holder_name, login_ip_log, sign_up_ip, shoe_size. What is none of these is asked "
			    "for in words, in `description`.");
	assert_string_equal(faults.at[0].article, "");
	named[0] = (char *)"fingerprints";
	EXPECT(c, &between, "request.measures[0].atoms[0]");
	assert_non_null(strstr(faults.at[0].text, "'fingerprints'. There is: "));
	/* Nobody is asked to acknowledge it, and who does acknowledges nothing. */
	assert_int_equal(law_atom_warnings(c->request, &legal_data, &between, &arena).n, 1);
	*acknowledged = named[0];
	EXPECT(c, &between, "request.measures[0].atoms[0]", "request.atom_warnings", "request.atom_warnings[0].atom");
	/* Where there is no catalogue nothing can be told. */
	one.n_atoms = two.n_atoms = 0;
	EXPECT(c, &between, "request.atom_warnings");
	*acknowledged = known;
	named[0] = was;
	cy_arena_free(&arena);
	drop(c);
}

static void what_was_acknowledged_must_be_what_the_profile_says(void **state)
{
	CyContent *c = load();
	CyRequest *r = c->request;
	struct cy_arena arena = { 0 };
	struct law_atom_warnings w = law_atom_warnings(r, &legal_data, &between, &arena);
	CyAtomWarning **was = r->atom_warnings, *other;

	(void)state;
	r->atom_warnings = w.list;
	EXPECT(c, &between);
	w.list[0]->theirs->category = (char *)"content";
	EXPECT(c, &between, "request.atom_warnings");
	w = law_atom_warnings(r, &legal_data, &between, &arena);
	other = w.list[0];
	other->atom = (char *)"account_holder_name";
	r->atom_warnings = &other;
	EXPECT(c, &between, "request.atom_warnings", "request.atom_warnings[0].atom");
	r->atom_warnings = was;
	cy_arena_free(&arena);
	drop(c);
}

/* ------------------------------------------------------------- other kinds */

static void a_notification_is_asked_what_its_measure_needs(void **state)
{
	CyLegalBasis basis = CY_LEGAL_BASIS__INIT;
	CyNotification n = CY_NOTIFICATION__INIT;
	CyContent c = CY_CONTENT__INIT;
	char *articles[] = { (char *)"31" };

	(void)state;
	basis.instrument = (char *)"us-ie-2001";
	basis.version = (char *)"1";
	basis.articles = articles;
	basis.n_articles = 1;
	n.title = n.text = (char *)"x";
	n.legal_basis = &basis;
	n.type = CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION;
	c.kind_case = CY_CONTENT__KIND_NOTIFICATION;
	c.notification = &n;
	EXPECT(&c, &between, "notification.persons");
	n.type = CY_MEASURE_TYPE__FREEZING;
	EXPECT(&c, &between, "notification.type");
	n.type = CY_MEASURE_TYPE__HEARING_WITNESS;
	EXPECT(&c, &between);
	basis.instrument = (char *)"other-1999";
	EXPECT(&c, &between, "notification.legal_basis.instrument");
}

static void information_is_checked_for_its_instrument(void **state)
{
	CyLegalBasis basis = CY_LEGAL_BASIS__INIT;
	CySpontaneousInformation s = CY_SPONTANEOUS_INFORMATION__INIT;
	CyContent c = CY_CONTENT__INIT;
	char *articles[] = { (char *)"3" };

	(void)state;
	s.title = s.text = (char *)"x";
	c.kind_case = CY_CONTENT__KIND_SPONTANEOUS_INFORMATION;
	c.spontaneous_information = &s;
	EXPECT(&c, &between);
	basis.instrument = (char *)"nowhere";
	basis.version = (char *)"1";
	basis.articles = articles;
	basis.n_articles = 1;
	s.legal_basis = &basis;
	EXPECT(&c, &between, "spontaneous_information.legal_basis.instrument");
}

static void without_profiles_nothing_is_checked(void **state)
{
	CyContent *c = load();
	struct cy_arena arena = { 0 };

	(void)state;
	c->request->legal_basis->instrument[0] = 'x';
	c->request->measures[0]->type = CY_MEASURE_TYPE__INTERCEPTION;
	assert_faults(c, &none, &between, &faults, 0, NULL);
	assert_int_equal(law_atom_warnings(c->request, &none, &between, &arena).n, 0);
	drop(c);
}

static void reciprocity_has_no_profile(void **state)
{
	CyContent *c = load();

	(void)state;
	c->request->legal_basis->reciprocity = true;
	blank(c->request->legal_basis->instrument);
	blank(c->request->costs);
	EXPECT(c, &between);
	drop(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, make_legal_data)
	const struct CMUnitTest tests[] = {
		TEST(what_the_treaty_asks_for_is_enough),
		TEST(a_field_that_a_measure_needs_is_named_with_its_article),
		TEST(what_the_instrument_asks_for_as_well_has_its_article_and_no_other),
		TEST(what_every_request_must_hold_is_not_told_twice),
		TEST(a_measure_that_is_not_admitted_is_named_with_those_that_are),
		TEST(an_unknown_instrument_is_told_what_there_is),
		TEST(an_instrument_that_is_not_in_force_between_the_two_is_told),
		TEST(the_states_are_those_of_the_two_authorities),
		TEST(a_language_that_is_not_agreed_is_told_with_those_that_are),
		TEST(a_sensitive_category_needs_an_approval_that_names_it),
		TEST(a_category_that_is_nearly_a_sensitive_one_is_mistyped),
		TEST(an_atom_that_means_two_things_must_be_acknowledged),
		TEST(what_is_shown_of_a_text_ends_with_a_whole_character),
		TEST(a_threshold_that_differs_is_warned_of_and_the_instrument_speaks_for_who_is_silent),
		TEST(an_atom_that_no_profile_knows_is_mistyped),
		TEST(what_was_acknowledged_must_be_what_the_profile_says),
		TEST(a_notification_is_asked_what_its_measure_needs),
		TEST(information_is_checked_for_its_instrument),
		TEST(without_profiles_nothing_is_checked),
		TEST(reciprocity_has_no_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
