/* A compiled catalogue of gettext (a .mo file, by msgfmt), read from memory: the words of a form. glibc's own gettext()
 * is not used for it, since it binds the language to the locale of the process, for which the machine must have one
 * installed: a form has the language that it is asked for. */
#ifndef CY_FORM_CATALOGUE_H
#define CY_FORM_CATALOGUE_H

#include "base/bytes.h"
#include "base/error.h"
#include "form/words.h"

struct form_catalogue {
	struct cy_bytes file;
	size_t n, ids, texts; /* how many, and where their tables begin */
};

/* The bytes stay with the caller, and live as long as the catalogue. CY_EPARSE: they are none that is whole. */
int form_catalogue_open(struct cy_bytes file, struct form_catalogue *ret, struct cy_error *e);

/* A form_look_up; `arg` is the catalogue. */
const char *form_catalogue_find(void *arg, const char *context, const char *id);

/* The i-th id, from 0, if it is a sentence without a context; NULL otherwise. */
const char *form_catalogue_sentence(const struct form_catalogue *c, size_t i);

/* A value of the head, such as Language, X-Reviewed-By-Lawyer; "" : none. In the arena. */
const char *form_catalogue_head(const struct form_catalogue *c, struct cy_arena *a, const char *name);

#endif
