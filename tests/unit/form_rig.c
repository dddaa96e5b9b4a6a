#include "form_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/form_confuse.h"
#include "config/profile_confuse.h"

struct form_rig form_rig;

/* ----------------------------------------------------------------- the files */

struct cy_bytes form_rig_file(const char *path)
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
	assert_int_equal(form_catalogue_open(form_rig_file(path), &c, NULL), CY_OK);
	return c;
}

int form_rig_load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	form_rig.english = catalogue("en");
	form_rig.french = catalogue("fr");
	assert_int_equal(form_load("config/form.conf", &form_rig.arena, &form_rig.layout, &problems), CY_OK);
	assert_int_equal(profile_load_dir("config/treaties", &form_rig.arena, &form_rig.legal_data.profiles,
					  &form_rig.legal_data.n_profiles, &problems),
			 CY_OK);
	config_problems_free(&problems);
	return 0;
}

int form_rig_unload(void **state)
{
	(void)state;
	cy_arena_free(&form_rig.arena);
	free((void *)form_rig.english.file.data);
	free((void *)form_rig.french.file.data);
	return 0;
}

struct form_ask form_rig_ask(struct form_catalogue *c)
{
	return (struct form_ask){ .words = { .look_up = c != NULL ? form_catalogue_find : NULL,
					     .arg = c,
					     .language = c == &form_rig.french ? "fr" : "en" },
				  .layout = &form_rig.layout,
				  .legal_data = &form_rig.legal_data,
				  .between = { .requesting = "", .requested = "", .day = { 2026, 11, 30 } } };
}

struct form *form_rig_make(const struct form_ask *ask)
{
	struct form *f = NULL;

	assert_int_equal(form_make(ask, &form_rig.arena, &f), CY_OK);
	return f;
}

/* ------------------------------------------------------------------- looking */

static void walk(const struct form_field *list, size_t n, form_rig_each *each, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		each(&list[i], arg);
		walk(list[i].fields, list[i].n_fields, each, arg);
		for (size_t k = 0; k < list[i].n_items; k++)
			walk(list[i].items[k].fields, list[i].items[k].n_fields, each, arg);
	}
}

void form_rig_walk(const struct form *f, form_rig_each *each, void *arg)
{
	for (size_t i = 0; i < f->n_sections; i++)
		walk(f->sections[i].fields, f->sections[i].n_fields, each, arg);
}

const struct form_field *form_rig_find(const struct form *f, const char *path)
{
	const struct form_field *field = form_find(f, path);

	if (field == NULL)
		fail_msg("the form has no %s", path);
	return field;
}
