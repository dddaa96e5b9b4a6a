/* Looking at a form. */
#include <string.h>

#include "form/form.h"

static bool part_filled(const struct form_item *item)
{
	for (size_t i = 0; i < item->n_fields; i++)
		if (form_filled(&item->fields[i]))
			return true;
	return item->n_fields == 0;
}

bool form_filled(const struct form_field *f)
{
	for (size_t i = 0; i < f->n_items; i++)
		if (part_filled(&f->items[i]))
			return true;
	return false;
}

bool form_shown(const struct form_field *f, const struct form_field *siblings, size_t n)
{
	for (size_t i = 0; f->where != NULL && !form_filled(f) && i < n; i++) {
		const struct form_field *s = &siblings[i];
		const char *given = s->n_items ? s->items[0].raw : s->control == FORM_SWITCH ? "false" : s->preset;

		if (strcmp(strchr(s->key, '.') + 1, f->where) != 0)
			continue;
		for (size_t k = 0; k < f->n_is; k++)
			if (strcmp(f->is[k], given) == 0)
				return true;
		return false;
	}
	return true;
}

static const struct form_field *within(const struct form_field *list, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i], *found = NULL;
		const size_t len = strlen(f->path);

		if (strcmp(f->path, path) == 0)
			return f;
		if (strncmp(f->path, path, len) != 0 || (path[len] != '.' && path[len] != '['))
			continue;
		for (size_t k = 0; found == NULL && k < f->n_items; k++)
			found = within(f->items[k].fields, f->items[k].n_fields, path);
		return found != NULL ? found : within(f->fields, f->n_fields, path);
	}
	return NULL;
}

const struct form_field *form_find(const struct form *f, const char *path)
{
	const struct form_field *found = NULL;

	for (size_t i = 0; found == NULL && i < f->n_sections; i++)
		found = within(f->sections[i].fields, f->sections[i].n_fields, path);
	return found;
}
