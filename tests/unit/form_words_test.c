/* The words of forms: each catalogue has them all, and none can do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form_rig.h"
#include "law/kinds.h"

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
		if (has(&form_rig.english, context, ids[i]) != has(&form_rig.french, context, ids[i]))
			fail_msg("one catalogue of config/locale alone has %s of %s", ids[i], context);
	if (label && !has(&form_rig.english, context, "label"))
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
	for (size_t i = 0; i < form_rig.layout.n_groups; i++) {
		char key[128];

		snprintf(key, sizeof key, "section.%s", form_rig.layout.groups[i].name);
		both_say(key, form_rig.layout.groups[i].name[0] != '\0');
	}
	for (size_t i = 0; i < form_rig.layout.n_rules; i++)
		for (size_t k = 0; k < form_rig.layout.rules[i].n_often; k++)
			assert_true(has(&form_rig.english, form_rig.layout.rules[i].field,
					form_rig.layout.rules[i].often[k]) &&
				    has(&form_rig.french, form_rig.layout.rules[i].field,
					form_rig.layout.rules[i].often[k]));
}

/* Of a French form no label, help or guide is that of the English one, but for what is the same in both. */
struct compared {
	const struct form *english;
	size_t n, same;
};

static void compare(const struct form_field *f, void *arg)
{
	struct compared *c = arg;
	const struct form_field *e = form_rig_find(c->english, f->path);

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
	for (size_t i = 0; i < form_rig.legal_data.n_profiles; i++) {
		struct form_ask ask = form_rig_ask(&form_rig.english);
		struct compared c = { 0 };

		ask.kind = CY_CONTENT__KIND_REQUEST;
		ask.profile = form_rig.legal_data.profiles[i];
		c.english = form_rig_make(&ask);
		ask.words = form_rig_ask(&form_rig.french).words;
		form_rig_walk(form_rig_make(&ask), compare, &c);
		assert_true(c.same * 4 < c.n);
	}
	for (size_t i = 0; i < law_kinds_n; i++) {
		struct form_ask ask = form_rig_ask(&form_rig.english);
		struct compared c = { 0 };

		ask.kind = law_kinds[i].number;
		c.english = form_rig_make(&ask);
		ask.words = form_rig_ask(&form_rig.french).words;
		form_rig_walk(form_rig_make(&ask), compare, &c);
	}
}

static void a_catalogue_can_do_no_harm(void **state)
{
	const struct form_words w = { 0 };

	(void)state;
	assert_string_equal(form_fill(&w, &form_rig.arena, "{n} of {m", "n", "7"), "7 of {m");
	assert_string_equal(form_fill(&w, &form_rig.arena, "%s%n{other}{}", "n", "7"), "%s%n{other}{}");
	assert_string_equal(form_date(&w, &form_rig.arena, (struct cy_date){ 2026, 11, 30 }), "30 November 2026");
	assert_string_equal(form_instant(&w, &form_rig.arena, -1000), "31 December 1969, 23:59:59 UTC");
	assert_string_equal(form_instant(&w, &form_rig.arena, INT64_MAX), "9223372036854775807");
}

/* The first day of a month has a word of its own in French; an instant is in the zone of the words, and says how far
 * that is from UTC on both sides of a change. */
static void dates_are_those_of_the_language_and_the_zone(void **state)
{
	static const struct law_offset offsets[] = { { INT64_MIN, -5 * 3600 }, { 1772953200000, -4 * 3600 } };
	const struct law_zone new_york = { .name = "America/New_York", .n = 2, .offsets = offsets };
	struct form_words french = form_rig_ask(&form_rig.french).words,
			  english = form_rig_ask(&form_rig.english).words;

	(void)state;
	assert_string_equal(form_date(&french, &form_rig.arena, (struct cy_date){ 2026, 5, 1 }), "1er mai 2026");
	assert_string_equal(form_date(&french, &form_rig.arena, (struct cy_date){ 2026, 5, 11 }), "11 mai 2026");
	assert_string_equal(form_date(&english, &form_rig.arena, (struct cy_date){ 2026, 5, 1 }), "1 May 2026");
	french.zone = english.zone = &new_york;
	assert_string_equal(form_instant(&french, &form_rig.arena, 1772334000000),
			    "28 février 2026, 22:00:00 UTC-05:00");
	assert_string_equal(form_instant(&english, &form_rig.arena, 1772953200000), "8 March 2026, 03:00:00 UTC-04:00");
}

/* Each byte of the head and of the tables, changed, and each length that is too short. */
static void a_damaged_catalogue_is_refused_or_harmless(void **state)
{
	const struct cy_bytes whole = form_rig.english.file;
	uint8_t *copy = malloc(whole.len);
	struct form_catalogue c;

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < form_rig.english.texts + 64; i++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_a_label_in_each_language),
		cmocka_unit_test(a_french_form_is_french),
		cmocka_unit_test(a_catalogue_can_do_no_harm),
		cmocka_unit_test(dates_are_those_of_the_language_and_the_zone),
		cmocka_unit_test(a_damaged_catalogue_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, form_rig_load, form_rig_unload);
}
