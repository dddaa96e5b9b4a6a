#include "wire/names.h"

#include <stdio.h>
#include <string.h>

#include "base/guess.h"
#include "base/reflect.h"

/* Names one after the other; cut where they become too many for an error. */
struct names {
	char s[900];
	size_t len;
};

static void add(struct names *all, const char *name)
{
	if (all->len + strlen(name) + 3 <= sizeof all->s)
		all->len += (size_t)snprintf(all->s + all->len, sizeof all->s - all->len, "%s%s",
					     all->len > 0 ? ", " : "", name);
}

int wire_unknown_field(const ProtobufCMessageDescriptor *d, const char *name, const char *path, struct cy_error *e)
{
	struct cy_guess guess = CY_GUESS(name);
	char known[CY_FIELD_NAME_SIZE], meant[CY_GUESS_TEXT];
	struct names all = { .len = 0 };

	for (unsigned i = 0; i < d->n_fields; i++) {
		cy_json_name(&d->fields[i], known, sizeof known);
		add(&all, known);
		cy_guess_offer(&guess, known);
	}
	return cy_fail_at(e, CY_EPARSE, path, "unknown field%s %s%s", cy_guess_text(&guess, meant),
			  all.len > 0 ? "Expected one of " : "None is expected here", all.s);
}

int wire_unknown_value(const ProtobufCEnumDescriptor *d, const char *name, const char *path, struct cy_error *e)
{
	struct cy_guess guess = CY_GUESS(name);
	struct names all = { .len = 0 };
	char meant[CY_GUESS_TEXT];

	for (unsigned i = 0; i < d->n_values; i++) {
		if (d->values[i].value == 0)
			continue;
		add(&all, d->values[i].name);
		cy_guess_offer(&guess, d->values[i].name);
	}
	return cy_fail_at(e, CY_EPARSE, path, "unknown %s%s Expected one of %s", d->short_name,
			  cy_guess_text(&guess, meant), all.s);
}
