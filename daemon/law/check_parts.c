/* Parts that several kinds of message share. */
#include <string.h>

#include "law/check.h"

void law_identifiers(struct law_check *c, const char *field, size_t n, CyIdentifier **list)
{
	for (size_t i = 0; i < n; i++) {
		size_t mark = law_in_at(c, field, i);

		law_text(c, "type", list[i]->type);
		law_text(c, "value", list[i]->value);
		law_out(c, mark);
	}
}

void law_persons(struct law_check *c, size_t n, CyPerson **list)
{
	for (size_t i = 0; i < n; i++) {
		const CyPerson *p = list[i];
		size_t mark = law_in_at(c, "persons", i);

		law_enum(c, "role", &cy_person_role__descriptor, (int)p->role, true);
		law_text(c, "name", p->name);
		law_date(c, "birth_date", p->birth_date);
		law_state(c, "nationality", p->nationality, false);
		law_identifiers(c, "identifiers", p->n_identifiers, p->identifiers);
		law_out(c, mark);
	}
}

#define INSTRUMENT "`reciprocity` is false"

void law_legal_basis(struct law_check *c, const CyLegalBasis *b, bool must)
{
	size_t mark = law_in(c, "legal_basis");

	if (must)
		law_must(c, b != NULL, NULL, "An instrument, or reciprocity, is mandatory.");
	if (b != NULL) {
		law_must(c, !b->reciprocity || !b->instrument[0], "instrument",
			 "With reciprocity no instrument is named.");
		law_must(c, b->reciprocity || !law_blank(b->instrument), "instrument",
			 "An instrument is mandatory, or reciprocity.");
		if (law_where(c, !b->reciprocity, INSTRUMENT))
			law_text(c, "version", b->version);
		if (law_where(c, !b->reciprocity, INSTRUMENT))
			law_must(c, b->n_articles > 0, "articles", "At least one article relied on is mandatory.");
		if (law_where(c, !b->reciprocity, INSTRUMENT))
			law_texts(c, "articles", b->n_articles, b->articles);
	}
	law_out(c, mark);
}

void law_review(struct law_check *c, const CyReviewAttestation *r)
{
	law_text(c, "by", r->by);
	law_text(c, "standard", r->standard);
	law_text(c, "result", r->result);
}

void law_authority(struct law_check *c, const char *field, const CyAuthority *a, bool must)
{
	size_t mark = law_in(c, field);

	if (must)
		law_must(c, a != NULL, NULL, "This authority is mandatory.");
	if (a != NULL)
		law_text(c, "name", a->name);
	law_out(c, mark);
}
