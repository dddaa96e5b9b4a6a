/* The form as a model: sections and fields by the schema, the layout and a treaty profile, and a draft in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/form_confuse.h"
#include "config/profile_confuse.h"
#include "form/form.h"
#include "form/json.h"

static struct cy_arena arena;
static struct form_layout layout;
static struct law_data legal_data;

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
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
	return 0;
}

static struct form *blank(const char *instrument, CyMeasureType type)
{
	struct form_ask ask = { .layout = &layout,
				.legal_data = &legal_data,
				.between = { .requesting = "US", .requested = "IE", .day = { 2026, 11, 30 } },
				.kind = CY_CONTENT__KIND_REQUEST,
				.n_measures = 1,
				.measures = &type };
	struct form *f;

	ask.profile = law_find_profile(&legal_data, instrument, "", ask.between.day);
	assert_non_null(ask.profile);
	assert_int_equal(form_make(&ask, &arena, &f), CY_OK);
	return f;
}

static void an_empty_form_says_what_is_mandatory(void **state)
{
	struct form *f = blank("us-ie-2001", CY_MEASURE_TYPE__DISCLOSURE_CONTENT);

	(void)state;
	assert_int_equal(form_find(f, "content.request.facts")->need, FORM_MANDATORY);
	assert_int_equal(form_find(f, "content.request.measures[].nexus")->need, FORM_MANDATORY);
	assert_int_equal(form_find(f, "content.request.remedies")->need, FORM_OPTIONAL);
	if (getenv("FORM_JSON")) {
		struct cy_buf b = CY_BUF(64u << 20);

		assert_int_equal(form_json(f, &b), CY_OK);
		fwrite(b.data, 1, b.len, stderr);
		cy_buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_form_says_what_is_mandatory),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
