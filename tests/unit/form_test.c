/* The form as a model: sections and fields by the schema, the layout and a treaty profile, and a draft in it. Run from
 * the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/comment.h"
#include "base/limits.h"
#include "config/form_confuse.h"
#include "config/profile_confuse.h"
#include "form/catalogue.h"
#include "form/form.h"
#include "form/json.h"
#include "law/kinds.h"
#include "wire/json.h"

static struct cy_arena arena;
static struct form_layout layout;
static struct law_data legal_data;
static struct form_catalogue english, french;

/* ----------------------------------------------------------------- the files */

static struct cy_bytes file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct cy_buf b = CY_BUF(4u << 20);
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		assert_int_equal(cy_buf_add(&b, piece, n), CY_OK);
	fclose(f);
	return cy_buf_view(&b);
}

/* The compiled catalogues stand beside the tests. */
static struct form_catalogue catalogue(const char *language)
{
	struct form_catalogue c;
	char program[512], path[600];
	const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

	assert_true(len > 0);
	program[len] = '\0';
	*strrchr(program, '/') = '\0';
	snprintf(path, sizeof path, "%s/../share/comity/locale/%s.mo", program, language);
	assert_int_equal(form_catalogue_open(file(path), &c, NULL), CY_OK);
	return c;
}

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	english = catalogue("en");
	french = catalogue("fr");
	assert_int_equal(form_load("config/form.conf", &arena, &layout, &problems), CY_OK);
	assert_int_equal(
		profile_load_dir("config/treaties", &arena, &legal_data.profiles, &legal_data.n_profiles, &problems),
		CY_OK);
	config_problems_free(&problems);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	free((void *)english.file.data);
	free((void *)french.file.data);
	return 0;
}

static struct form_ask question(struct form_catalogue *c)
{
	return (struct form_ask){ .words = { .look_up = c != NULL ? form_catalogue_find : NULL,
					     .arg = c,
					     .language = c == &french ? "fr" : "en" },
				  .layout = &layout,
				  .legal_data = &legal_data,
				  .between = { .requesting = "", .requested = "", .day = { 2026, 11, 30 } } };
}

static struct form *made(const struct form_ask *ask)
{
	struct form *f = NULL;

	assert_int_equal(form_make(ask, &arena, &f), CY_OK);
	return f;
}

static struct form *blank(const char *instrument, CyMeasureType type)
{
	struct form_ask ask = question(&english);

	ask.kind = CY_CONTENT__KIND_REQUEST;
	ask.n_measures = 1;
	ask.measures = &type;
	ask.profile = law_find_profile(&legal_data, instrument, "", ask.between.day);
	assert_non_null(ask.profile);
	return made(&ask);
}

/* ------------------------------------------------------------------- looking */

typedef void each_field(const struct form_field *f, void *arg);

static void walk(const struct form_field *list, size_t n, each_field *each, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		each(&list[i], arg);
		walk(list[i].fields, list[i].n_fields, each, arg);
		for (size_t k = 0; k < list[i].n_items; k++)
			walk(list[i].items[k].fields, list[i].items[k].n_fields, each, arg);
	}
}

static void walk_form(const struct form *f, each_field *each, void *arg)
{
	for (size_t i = 0; i < f->n_sections; i++)
		walk(f->sections[i].fields, f->sections[i].n_fields, each, arg);
}

static const struct form_field *found(const struct form *f, const char *path)
{
	const struct form_field *field = form_find(f, path);

	if (field == NULL)
		fail_msg("the form has no %s", path);
	return field;
}

/* --------------------------------------------------------------------- words */

static bool has(struct form_catalogue *c, const char *context, const char *id)
{
	const char *text = form_catalogue_find(c, context, id);

	return text != NULL && text[0] != '\0';
}

/* Whatever one catalogue says, the other one says as well. */
static void both_say(const char *context, bool label)
{
	static const char *const ids[] = { "label", "help", "example", "element", "ask" };

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		if (has(&english, context, ids[i]) != has(&french, context, ids[i]))
			fail_msg("one catalogue of config/locale alone has %s of %s", ids[i], context);
	if (label && !has(&english, context, "label"))
		fail_msg("%s has no label: add it to each catalogue of config/locale", context);
}

static void values_have_labels(const ProtobufCEnumDescriptor *d)
{
	for (unsigned i = 0; i < d->n_values; i++) {
		char key[128];

		snprintf(key, sizeof key, "%s.%s", d->short_name, d->values[i].name);
		if (d->values[i].value)
			both_say(key, true);
	}
}

static void fields_have_labels(const ProtobufCMessageDescriptor *d)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		char key[128];

		snprintf(key, sizeof key, "%s.%s", d->short_name, d->fields[i].name);
		both_say(key, true);
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			fields_have_labels(d->fields[i].descriptor);
		if (d->fields[i].type == PROTOBUF_C_TYPE_ENUM)
			values_have_labels(d->fields[i].descriptor);
	}
}

static void everything_has_a_label_in_each_language(void **state)
{
	(void)state;
	fields_have_labels(&cy_submission__descriptor);
	fields_have_labels(&cy_message__descriptor);
	values_have_labels(&cy_measure_type__descriptor);
	for (size_t i = 0; i < layout.n_groups; i++) {
		char key[128];

		snprintf(key, sizeof key, "section.%s", layout.groups[i].name);
		both_say(key, layout.groups[i].name[0] != '\0');
	}
	for (size_t i = 0; i < layout.n_rules; i++)
		for (size_t k = 0; k < layout.rules[i].n_often; k++)
			assert_true(has(&english, layout.rules[i].field, layout.rules[i].often[k]) &&
				    has(&french, layout.rules[i].field, layout.rules[i].often[k]));
}

/* Of a French form no label, help or guide is that of the English one, but for what is the same in both. */
struct compared {
	const struct form *english;
	size_t n, same;
};

static void compare(const struct form_field *f, void *arg)
{
	struct compared *c = arg;
	const struct form_field *e = found(c->english, f->path);

	c->n++;
	c->same += strcmp(f->label, e->label) == 0;
	if (f->help[0] && strcmp(f->help, e->help) == 0)
		fail_msg("the help of %s is not translated", f->key);
	if (strcmp(f->why, e->why) == 0)
		fail_msg("why %s is %s is not translated: %s", f->key, f->need == FORM_MANDATORY ? "mandatory" : "not",
			 f->why);
	for (size_t i = 0; i < f->n_guides; i++)
		if (strcmp(f->guides[i].text, e->guides[i].text) == 0 ||
		    (f->guides[i].note[0] && strcmp(f->guides[i].note, e->guides[i].note) == 0))
			fail_msg("the guide at %s is not translated: %s", f->key, f->guides[i].text);
}

static void a_french_form_is_french(void **state)
{
	(void)state;
	for (size_t i = 0; i < legal_data.n_profiles; i++) {
		struct form_ask ask = question(&english);
		struct compared c = { 0 };

		ask.kind = CY_CONTENT__KIND_REQUEST;
		ask.profile = legal_data.profiles[i];
		c.english = made(&ask);
		ask.words = question(&french).words;
		walk_form(made(&ask), compare, &c);
		assert_true(c.same * 4 < c.n);
	}
	for (size_t i = 0; i < law_kinds_n; i++) {
		struct form_ask ask = question(&english);
		struct compared c = { 0 };

		ask.kind = law_kinds[i].number;
		c.english = made(&ask);
		ask.words = question(&french).words;
		walk_form(made(&ask), compare, &c);
	}
}

static void a_catalogue_can_do_no_harm(void **state)
{
	const struct form_words w = { 0 };

	(void)state;
	assert_string_equal(form_fill(&w, &arena, "{n} of {m", "n", "7"), "7 of {m");
	assert_string_equal(form_fill(&w, &arena, "%s%n{other}{}", "n", "7"), "%s%n{other}{}");
	assert_string_equal(form_date(&w, &arena, (struct cy_date){ 2026, 11, 30 }), "30 November 2026");
	assert_string_equal(form_instant(&w, &arena, -1000), "31 December 1969, 23:59:59 UTC");
}

/* Each byte of the head and of the tables, changed, and each length that is too short. */
static void a_damaged_catalogue_is_refused_or_harmless(void **state)
{
	const struct cy_bytes whole = english.file;
	uint8_t *copy = malloc(whole.len);
	struct form_catalogue c;

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < english.texts + 64; i++) {
		memcpy(copy, whole.data, whole.len);
		copy[i] ^= 0x41;
		if (form_catalogue_open(cy_bytes(copy, whole.len), &c, NULL) == CY_OK)
			form_catalogue_find(&c, "Measure.type", "label");
	}
	for (size_t len = 0; len < whole.len; len += 997) {
		uint8_t *cut = malloc(len ? len : 1);

		assert_non_null(cut);
		memcpy(cut, whole.data, len);
		assert_int_equal(form_catalogue_open(cy_bytes(cut, len), &c, NULL), CY_EPARSE);
		free(cut);
	}
	free(copy);
}

/* ---------------------------------------------------------------- empty forms */

/* The schema says in its comments what is mandatory: an expectation that the law's code has no part in. */
static void as_the_schema_says(const struct form_field *f, void *arg)
{
	static const char end[] = "Mandatory.";
	const char *comment = cy_comment_of(f->key);
	const size_t len = strlen(comment);

	(void)arg;
	if (len < sizeof end - 1 || strcmp(comment + len - sizeof end + 1, end) != 0 || f->need == FORM_NOT_HERE)
		return;
	if (f->need != FORM_MANDATORY)
		fail_msg("%s is mandatory by its comment, and not by the form: %s", f->path, f->why);
}

static void what_is_mandatory_is_what_the_schema_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++) {
		struct form_ask ask = question(&english);

		ask.kind = law_kinds[i].number;
		walk_form(made(&ask), as_the_schema_says, NULL);
	}
}

static bool same_measures(const struct form_guide *g, const struct law_requirement *q)
{
	return strcmp(g->article, q->source.article) == 0 && g->verified == q->source.verified &&
	       g->measures == q->measures;
}

/* Every instrument, with each measure that it admits. */
static void what_an_instrument_asks_for_stands_at_its_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < legal_data.n_profiles; i++) {
		const struct law_profile *p = legal_data.profiles[i];

		for (unsigned t = 1; t < 64; t++) {
			const struct form *f;

			if ((p->measures >> t & 1) == 0)
				continue;
			f = blank(p->id, (CyMeasureType)t);
			for (size_t k = 0; k < p->n_requirements; k++) {
				const struct law_requirement *q = &p->requirements[k];
				const bool here = !q->measures || (q->measures >> t & 1) != 0;
				const struct form_field *field;
				bool guided = false;
				char path[256];

				snprintf(path, sizeof path, "content.request.%s", q->field);
				field = found(f, path);
				for (size_t g = 0; g < field->n_guides; g++)
					guided |= same_measures(&field->guides[g], q);
				assert_int_equal(guided, here);
				if (here)
					assert_int_equal(field->need, FORM_MANDATORY);
			}
		}
	}
}

static void what_is_mandatory_depends_on_the_measure(void **state)
{
	const struct form *service = blank("untoc", CY_MEASURE_TYPE__SERVICE_OF_DOCUMENTS);
	const struct form *hearing = blank("untoc", CY_MEASURE_TYPE__HEARING_WITNESS);

	(void)state;
	assert_int_not_equal(found(service, "content.request.measures[].hearing.mode")->need, FORM_MANDATORY);
	assert_int_equal(found(hearing, "content.request.measures[].hearing.mode")->need, FORM_MANDATORY);
	assert_int_equal(found(hearing, "content.request.facts")->need, FORM_MANDATORY);
	assert_string_equal(found(hearing, "content.request.persons[].role")->preset, "WITNESS");
	assert_string_equal(found(hearing, "content.request.measures[].hearing")->when, "");
	assert_string_not_equal(found(service, "content.request.measures[].hearing")->when, "");
	assert_string_equal(found(hearing, "content.request.measures[].hearing.technical_contact")->when,
			    "Only where How the person is heard is: By video conference and By telephone conference.");
	assert_string_equal(found(hearing, "content.request.persons")->instead, "no_person_reason");
}

static void every_kind_has_a_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++) {
		struct form_ask ask = question(NULL);
		struct cy_buf b = CY_BUF(16u << 20);
		struct form *f;

		ask.kind = law_kinds[i].number;
		f = made(&ask);
		assert_true(f->n_sections >= 2);
		assert_int_equal(form_json(f, &b), CY_OK);
		assert_null(memchr(b.data, '<', b.len));
		cy_buf_free(&b);
	}
	{
		struct form_ask ask = question(NULL);
		struct form *f = NULL;

		ask.kind = 99;
		assert_int_equal(form_make(&ask, &arena, &f), CY_EINVAL);
		assert_null(f);
	}
}

/* --------------------------------------------------------------------- drafts */

static CySubmission *demo(void)
{
	struct cy_bytes text = file("contrib/demo/request.json");
	ProtobufCMessage *m = NULL;

	assert_int_equal(wire_json_parse(&cy_submission__descriptor, text, &m, NULL), CY_OK);
	free((void *)text.data);
	return (CySubmission *)m;
}

static void set(char **text, const char *value)
{
	if (*text != protobuf_c_empty_string)
		free(*text);
	*text = strdup(value);
	assert_non_null(*text);
}

static struct form *judged(const CySubmission *s)
{
	struct form_ask ask = question(&english);

	ask.message = &s->base;
	ask.judge = true;
	return made(&ask);
}

static const struct form_fault *fault_at(const struct form *f, const char *path)
{
	for (size_t i = 0; i < f->n_faults; i++)
		if (strcmp(f->faults[i].path, path) == 0)
			return &f->faults[i];
	return NULL;
}

static void a_draft_has_its_faults_at_their_fields(void **state)
{
	CySubmission *s = demo();
	const struct form_field *field;
	struct form *f;

	(void)state;
	set(&s->content->request->measures[2]->nexus, " ");
	set(&s->content->request->measures[0]->wanted_by_date, "2027-02-30");
	set(&s->own_reference, "");
	f = judged(s);
	field = found(f, "content.request.measures[2].nexus");
	assert_int_equal(field->n_faults, 1);
	assert_string_equal(field->faults[0]->label, "Measure 3 › Link with the offence");
	assert_string_equal(field->faults[0]->article, "us-ie-2001 practice (not verified against the primary text)");
	assert_false(found(f, "content.request.measures[1].nexus")->empty);
	field = found(f, "content.request.measures[0].wanted_by_date");
	assert_int_equal(field->n_faults, 1);
	assert_false(field->empty);
	assert_string_equal(field->items[0].text, "2027-02-30");
	assert_true(found(f, "own_reference")->empty);
	assert_non_null(fault_at(f, "content.request.atom_warnings"));
	assert_int_equal(f->atoms.n, 1);
	assert_string_equal(f->atoms.list[0]->atom, "login_ip_log");
	cy_submission__free_unpacked(s, NULL);
}

static void guides_of_an_element_are_those_of_its_measure(void **state)
{
	CySubmission *s = demo();
	struct form *f = judged(s);

	(void)state;
	assert_int_equal(found(f, "content.request.measures[0].nexus")->need, FORM_OPTIONAL);
	assert_int_equal(found(f, "content.request.measures[0].nexus")->n_guides, 0);
	assert_int_equal(found(f, "content.request.measures[2].nexus")->need, FORM_MANDATORY);
	assert_int_equal(found(f, "content.request.measures[2].nexus")->n_guides, 1);
	assert_int_equal(found(f, "content.request.measures[].nexus")->need, FORM_SOMETIMES);
	assert_true(found(f, "content.request.measures[].nexus")->mandatory_for ==
		    UINT64_C(1) << CY_MEASURE_TYPE__DISCLOSURE_CONTENT);
	assert_string_equal(found(f, "content.request.measures[2].type")->items[0].text, "Disclosure of content data");
	assert_string_equal(found(f, "content.request.measures[1].period.from_date")->items[0].text, "1 March 2025");
	cy_submission__free_unpacked(s, NULL);
}

static void values_are_shown_and_harmless(void **state)
{
	CySubmission *s = demo();
	const struct form_item *item;
	char name[4097];
	struct form *f;

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	set(&s->content->request->persons[0]->name, "\u202egnp.exe\x07");
	set(&s->content->request->persons[1]->name, name);
	set(&s->content->request->facts, "one\n<b>two</b>\ttab");
	f = judged(s);
	item = &found(f, "content.request.persons[0].name")->items[0];
	assert_string_equal(item->text, "\\u{202e}gnp.exe\\x07");
	assert_true(item->marked);
	assert_string_equal(item->raw, "\u202egnp.exe\x07");
	assert_int_equal(strlen(found(f, "content.request.persons[1].name")->items[0].text), 4096);
	item = &found(f, "content.request.facts")->items[0];
	assert_string_equal(item->text, "one\n<b>two</b>\\x09tab");
	cy_submission__free_unpacked(s, NULL);
}

/* What was not read is told at its field, and is not missing besides. */
static void what_could_not_be_read_is_not_missing(void **state)
{
	const struct form_unread unread[] = { { "content.request.facts", "expected a text in quotes" },
					      { "content.request.colour", "unknown field" } };
	CySubmission *s = demo();
	struct form_ask ask = question(&english);
	struct form *f;
	size_t at_facts = 0;

	(void)state;
	set(&s->content->request->facts, "");
	ask.message = &s->base;
	ask.judge = true;
	ask.unread = unread;
	ask.n_unread = 2;
	f = made(&ask);
	for (size_t i = 0; i < f->n_faults; i++)
		at_facts += strcmp(f->faults[i].path, "content.request.facts") == 0;
	assert_int_equal(at_facts, 1);
	assert_string_equal(fault_at(f, "content.request.facts")->label, "Facts");
	assert_string_equal(fault_at(f, "content.request.colour")->label, "");
	assert_true(fault_at(f, "content.request.colour")->unread);
	cy_submission__free_unpacked(s, NULL);
}

static void a_field_is_shown_where_it_has_a_sense(void **state)
{
	CySubmission *s = demo();
	CyMeasure *m = s->content->request->measures[0];
	const struct form_field *hearing;
	struct form *f;

	(void)state;
	m->type = CY_MEASURE_TYPE__HEARING_WITNESS;
	m->hearing = malloc(sizeof *m->hearing);
	assert_non_null(m->hearing);
	cy_hearing_particulars__init(m->hearing);
	m->hearing->mode = CY_HEARING_MODE__IN_PERSON;
	for (int turn = 0; turn < 3; turn++) {
		const struct form_field *contact;
		const struct form_item *part;

		if (turn == 1)
			m->hearing->mode = CY_HEARING_MODE__VIDEO;
		if (turn == 2) {
			m->hearing->mode = CY_HEARING_MODE__IN_PERSON;
			m->hearing->technical_contact = strdup("nobody hides it");
		}
		f = judged(s);
		hearing = found(f, "content.request.measures[0].hearing");
		part = &hearing->items[0];
		contact = found(f, "content.request.measures[0].hearing.technical_contact");
		assert_int_equal(form_shown(contact, part->fields, part->n_fields), turn > 0);
	}
	cy_submission__free_unpacked(s, NULL);
}

static void a_thousand_persons_are_a_form(void **state)
{
	CySubmission *s = demo();
	CyRequest *r = s->content->request;
	CyPerson *one = r->persons[1], **kept = r->persons, *many[CY_REPEATED_MAX];
	const size_t n = r->n_persons;
	struct form *f;

	(void)state;
	for (size_t i = 0; i < CY_REPEATED_MAX; i++)
		many[i] = one;
	r->persons = many;
	r->n_persons = CY_REPEATED_MAX;
	f = judged(s);
	assert_int_equal(found(f, "content.request.persons")->n_items, CY_REPEATED_MAX);
	assert_string_equal(found(f, "content.request.persons[999].name")->items[0].text, "Doe");
	r->persons = kept;
	r->n_persons = n;
	cy_submission__free_unpacked(s, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_a_label_in_each_language),
		cmocka_unit_test(a_french_form_is_french),
		cmocka_unit_test(a_catalogue_can_do_no_harm),
		cmocka_unit_test(a_damaged_catalogue_is_refused_or_harmless),
		cmocka_unit_test(what_is_mandatory_is_what_the_schema_says),
		cmocka_unit_test(what_an_instrument_asks_for_stands_at_its_field),
		cmocka_unit_test(what_is_mandatory_depends_on_the_measure),
		cmocka_unit_test(every_kind_has_a_form),
		cmocka_unit_test(a_draft_has_its_faults_at_their_fields),
		cmocka_unit_test(guides_of_an_element_are_those_of_its_measure),
		cmocka_unit_test(values_are_shown_and_harmless),
		cmocka_unit_test(what_could_not_be_read_is_not_missing),
		cmocka_unit_test(a_field_is_shown_where_it_has_a_sense),
		cmocka_unit_test(a_thousand_persons_are_a_form),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
