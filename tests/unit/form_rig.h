/* What the tests of forms share: the layout, profiles and catalogues of the tree, and looking at a form. They are run
 * from the root of the tree. */
#ifndef CY_TESTS_FORM_RIG_H
#define CY_TESTS_FORM_RIG_H

#include "base/arena.h"
#include "form/catalogue.h"
#include "form/form.h"

extern struct form_rig {
	struct cy_arena arena;
	struct form_layout layout;
	struct law_data legal_data;
	struct form_catalogue english, french;
} form_rig;

/* For cmocka_run_group_tests(). */
int form_rig_load(void **state);
int form_rig_unload(void **state);

/* The whole of a file; its memory is the caller's. */
struct cy_bytes form_rig_file(const char *path);

/* A question about a form with these words; NULL: without a catalogue. */
struct form_ask form_rig_ask(struct form_catalogue *c);
struct form *form_rig_make(const struct form_ask *ask);

typedef void form_rig_each(const struct form_field *f, void *arg);
void form_rig_walk(const struct form *f, form_rig_each *each, void *arg);

/* The field of a path; the test fails where there is none. */
const struct form_field *form_rig_find(const struct form *f, const char *path);

#endif
