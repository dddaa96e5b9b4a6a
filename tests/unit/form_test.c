/* The form as a model: sections and fields by the schema, the layout and a treaty profile, and a draft in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/comment.h"
#include "base/limits.h"
#include "base/reflect.h"
#include "form/json.h"
#include "form_rig.h"
#include "law/kinds.h"
#include "wire/json.h"

static struct form *blank(const char *instrument, CyMeasureType type)
{
	struct form_ask ask = form_rig_ask(&form_rig.english);

	ask.kind = CY_CONTENT__KIND_REQUEST;
	ask.n_measures = 1;
	ask.measures = &type;
	ask.profile = law_find_profile(&form_rig.legal_data, instrument, "", ask.between.day);
	assert_non_null(ask.profile);
	return form_rig_make(&ask);
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
		struct form_ask ask = form_rig_ask(&form_rig.english);

		ask.kind = law_kinds[i].number;
		form_rig_walk(form_rig_make(&ask), as_the_schema_says, NULL);
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
	for (size_t i = 0; i < form_rig.legal_data.n_profiles; i++) {
		const struct law_profile *p = form_rig.legal_data.profiles[i];

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
				field = form_rig_find(f, path);
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
	assert_int_not_equal(form_rig_find(service, "content.request.measures[].hearing.mode")->need, FORM_MANDATORY);
	assert_int_equal(form_rig_find(hearing, "content.request.measures[].hearing.mode")->need, FORM_MANDATORY);
	assert_int_equal(form_rig_find(hearing, "content.request.facts")->need, FORM_MANDATORY);
	assert_string_equal(form_rig_find(hearing, "content.request.persons[].role")->preset, "WITNESS");
	assert_string_equal(form_rig_find(hearing, "content.request.measures[].hearing")->when, "");
	assert_string_not_equal(form_rig_find(service, "content.request.measures[].hearing")->when, "");
	assert_string_equal(form_rig_find(hearing, "content.request.measures[].hearing.technical_contact")->when,
			    "Only where How the person is heard is: By video conference and By telephone conference.");
	assert_string_equal(form_rig_find(hearing, "content.request.persons")->instead, "no_person_reason");
	assert_int_equal(form_rig_find(hearing, "content.request.legal_basis.articles")->n_guides, 1);
}

static void every_kind_has_a_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++) {
		struct form_ask ask = form_rig_ask(NULL);
		struct cy_buf b = CY_BUF(16u << 20);
		struct form *f;

		ask.kind = law_kinds[i].number;
		f = form_rig_make(&ask);
		assert_true(f->n_sections >= 2);
		assert_int_equal(form_json(f, &b), CY_OK);
		assert_null(memchr(b.data, '<', b.len));
		cy_buf_free(&b);
	}
	{
		struct form_ask ask = form_rig_ask(NULL);
		struct form *f = NULL;

		ask.kind = 99;
		assert_int_equal(form_make(&ask, &form_rig.arena, &f), CY_EINVAL);
		assert_null(f);
	}
}

/* --------------------------------------------------------------------- drafts */

static CySubmission *demo(void)
{
	struct cy_bytes text = form_rig_file("contrib/demo/request.json");
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
	struct form_ask ask = form_rig_ask(&form_rig.english);

	ask.message = &s->base;
	ask.judge = true;
	return form_rig_make(&ask);
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
	field = form_rig_find(f, "content.request.measures[2].nexus");
	assert_int_equal(field->n_faults, 1);
	assert_string_equal(field->faults[0]->label, "Measure 3 › Link with the offence");
	assert_string_equal(field->faults[0]->article, "us-ie-2001 practice (not verified against the primary text)");
	assert_false(form_rig_find(f, "content.request.measures[1].nexus")->empty);
	field = form_rig_find(f, "content.request.measures[0].wanted_by_date");
	assert_int_equal(field->n_faults, 1);
	assert_false(field->empty);
	assert_string_equal(field->items[0].text, "2027-02-30");
	assert_true(form_rig_find(f, "own_reference")->empty);
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
	assert_int_equal(form_rig_find(f, "content.request.measures[0].nexus")->need, FORM_OPTIONAL);
	assert_int_equal(form_rig_find(f, "content.request.measures[0].nexus")->n_guides, 0);
	assert_int_equal(form_rig_find(f, "content.request.measures[2].nexus")->need, FORM_MANDATORY);
	assert_int_equal(form_rig_find(f, "content.request.measures[2].nexus")->n_guides, 1);
	assert_int_equal(form_rig_find(f, "content.request.measures[].nexus")->need, FORM_SOMETIMES);
	assert_true(form_rig_find(f, "content.request.measures[].nexus")->mandatory_for ==
		    UINT64_C(1) << CY_MEASURE_TYPE__DISCLOSURE_CONTENT);
	assert_string_equal(form_rig_find(f, "content.request.measures[2].type")->items[0].text,
			    "Disclosure of content data");
	assert_string_equal(form_rig_find(f, "content.request.measures[1].period.from_date")->items[0].text,
			    "1 March 2025");
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
	set(&s->content->request->authorities->requesting->languages,
	    "aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp qq");
	f = judged(s);
	item = &form_rig_find(f, "content.request.persons[0].name")->items[0];
	assert_string_equal(item->text, "\\u{202e}gnp.exe\\x07");
	assert_true(item->marked);
	assert_string_equal(item->raw, "\u202egnp.exe\x07");
	assert_int_equal(strlen(form_rig_find(f, "content.request.persons[1].name")->items[0].text), 4096);
	item = &form_rig_find(f, "content.request.facts")->items[0];
	assert_string_equal(item->text, "one\n<b>two</b>\\x09tab");
	assert_string_equal(form_rig_find(f, "content.request.authorities.requesting.languages")->items[0].text,
			    "aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp qq");
	cy_submission__free_unpacked(s, NULL);
}

/* What was not read is told at its field, and is not missing besides. */
static void what_could_not_be_read_is_not_missing(void **state)
{
	const struct form_unread unread[] = { { "content.request.facts", "expected a text in quotes" },
					      { "content.request.colour", "unknown field" } };
	CySubmission *s = demo();
	struct form_ask ask = form_rig_ask(&form_rig.english);
	struct form *f;
	size_t at_facts = 0;

	(void)state;
	set(&s->content->request->facts, "");
	ask.message = &s->base;
	ask.judge = true;
	ask.unread = unread;
	ask.n_unread = 2;
	f = form_rig_make(&ask);
	for (size_t i = 0; i < f->n_faults; i++)
		at_facts += strcmp(f->faults[i].path, "content.request.facts") == 0;
	assert_int_equal(at_facts, 1);
	assert_string_equal(fault_at(f, "content.request.facts")->label, "Facts");
	assert_string_equal(fault_at(f, "content.request.colour")->label, "");
	assert_true(fault_at(f, "content.request.colour")->unread);
	cy_submission__free_unpacked(s, NULL);
}

/* Of a message that a later version has made. */
static void what_a_later_schema_has_is_counted(void **state)
{
	uint8_t bytes[4096];
	CySubmission *s = demo(), *later;
	size_t len = cy_submission__get_packed_size(s);

	(void)state;
	assert_true(len + 3 < sizeof bytes);
	cy_submission__pack(s, bytes);
	memcpy(bytes + len, "\xd0\x05\x01", 3);
	later = cy_submission__unpack(NULL, len + 3, bytes);
	assert_non_null(later);
	assert_int_equal(judged(s)->n_unknown, 0);
	assert_int_equal(judged(later)->n_unknown, 1);
	cy_submission__free_unpacked(later, NULL);
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
		hearing = form_rig_find(f, "content.request.measures[0].hearing");
		part = &hearing->items[0];
		contact = form_rig_find(f, "content.request.measures[0].hearing.technical_contact");
		assert_int_equal(form_shown(contact, part->fields, part->n_fields), turn > 0);
	}
	cy_submission__free_unpacked(s, NULL);
}

/* One value more, of every type. */
static void fill_value(const ProtobufCFieldDescriptor *f, void *at)
{
	static uint8_t byte[] = { 0x5a };

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(char **)at = (char *)"filled";
		return;
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)at = (ProtobufCBinaryData){ .len = 1, .data = byte };
		return;
	default:
		*(uint8_t *)at = 1;
	}
}

static void fill_all(ProtobufCMessage *m)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		char *at = (char *)m + f->offset;

		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
			*(uint32_t *)((char *)m + f->quantifier_offset) = f->id;
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			fill_all(f->label == PROTOBUF_C_LABEL_REPEATED ? **(ProtobufCMessage ***)at
								       : *(ProtobufCMessage **)at);
		else
			fill_value(f, f->label == PROTOBUF_C_LABEL_REPEATED ? *(void **)at : at);
	}
}

static size_t leaves(const ProtobufCMessageDescriptor *d)
{
	size_t n = 0;

	for (unsigned i = 0; i < d->n_fields; i++)
		n += d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE ? leaves(d->fields[i].descriptor) : 1;
	return n;
}

static size_t values(const struct form_field *list, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].n_items; k++) {
			const struct form_item *item = &list[i].items[k];

			if (!list[i].n_fields)
				assert_true(item->text[0] != '\0' && item->raw[0] != '\0');
			sum += list[i].n_fields ? values(item->fields, item->n_fields) : 1;
		}
	return sum;
}

/* Of every kind of message, under every instrument: nothing that is said is left out. */
static void every_field_that_is_filled_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++) {
		const ProtobufCFieldDescriptor *kind =
			protobuf_c_message_descriptor_get_field(&cy_content__descriptor, law_kinds[i].number);
		const ProtobufCFieldDescriptor *content =
			protobuf_c_message_descriptor_get_field_by_name(&cy_message__descriptor, "content");
		CyMessage *m = (CyMessage *)cy_whole(&form_rig.arena, &cy_message__descriptor, true);
		ProtobufCMessage *body = cy_whole(&form_rig.arena, kind->descriptor, true);
		const size_t expected =
			leaves(kind->descriptor) + leaves(&cy_message__descriptor) - leaves(content->descriptor);

		m->content = NULL;
		for (unsigned k = 0; k < cy_message__descriptor.n_fields; k++) {
			const ProtobufCFieldDescriptor *f = &cy_message__descriptor.fields[k];
			char *at = (char *)m + f->offset;

			if (f != content)
				fill_value(f, f->label == PROTOBUF_C_LABEL_REPEATED ? *(void **)at : at);
		}
		fill_all(body);
		m->content = cy_arena_take(&form_rig.arena, sizeof *m->content);
		cy_content__init(m->content);
		m->content->kind_case = (CyContent__KindCase)kind->id;
		*(ProtobufCMessage **)((char *)m->content + kind->offset) = body;
		for (size_t p = 0; p < form_rig.legal_data.n_profiles; p++) {
			struct form_ask ask = form_rig_ask(&form_rig.french);
			const struct form *f;
			size_t shown = 0;

			ask.message = &m->base;
			ask.profile = form_rig.legal_data.profiles[p];
			f = form_rig_make(&ask);
			for (size_t s = 0; s < f->n_sections; s++)
				shown += values(f->sections[s].fields, f->sections[s].n_fields);
			assert_int_equal(shown, expected);
		}
	}
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
	assert_int_equal(form_rig_find(f, "content.request.persons")->n_items, CY_REPEATED_MAX);
	assert_string_equal(form_rig_find(f, "content.request.persons[999].name")->items[0].text, "Doe");
	r->persons = kept;
	r->n_persons = n;
	cy_submission__free_unpacked(s, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mandatory_is_what_the_schema_says),
		cmocka_unit_test(what_an_instrument_asks_for_stands_at_its_field),
		cmocka_unit_test(what_is_mandatory_depends_on_the_measure),
		cmocka_unit_test(every_kind_has_a_form),
		cmocka_unit_test(a_draft_has_its_faults_at_their_fields),
		cmocka_unit_test(guides_of_an_element_are_those_of_its_measure),
		cmocka_unit_test(values_are_shown_and_harmless),
		cmocka_unit_test(what_could_not_be_read_is_not_missing),
		cmocka_unit_test(what_a_later_schema_has_is_counted),
		cmocka_unit_test(a_field_is_shown_where_it_has_a_sense),
		cmocka_unit_test(every_field_that_is_filled_is_shown),
		cmocka_unit_test(a_thousand_persons_are_a_form),
	};

	return cmocka_run_group_tests(tests, form_rig_load, form_rig_unload);
}
