/* Checks a message against the treaty profile that it names: what the instrument requires
 * beyond what law_validate(), which is called first, requires of every message. The sender
 * checks before sending, and the receiver checks again: same code, same faults. */
#ifndef CY_LAW_TREATY_H
#define CY_LAW_TREATY_H

#include "base/arena.h"
#include "law/field.h"
#include "law/profile.h"
#include "law/validate.h"

/* The two states of a case, ISO 3166-1 alpha-2 as configured, and the day on which
 * the message was made. */
struct law_between {
	const char *requesting, *requested; /* "" : not configured, and not compared */
	struct cy_date day;
};

/* Adds to the faults that are there, but no second fault for the same field. A fault that is there already gets the
 * article of the instrument if that requires the field as well. Paths are relative to Content. Without profiles, and
 * for kinds that open no case, nothing is checked; for a request that is based on reciprocity only the states are.
 * Returns CY_OK, or CY_EINVAL if `faults` now has any. */
int law_treaty_check(const CyContent *content, const struct law_data *b, const struct law_between *w,
		     struct law_faults *faults);

/* Returns the atoms of a request that the two states understand differently (they have different categories, or both
 * state a threshold, and these differ), or that one of the states does not map although a profile does: each atom once,
 * in the order of the request, in the form in which it is added to the request, with both meanings and the name of the
 * person who acknowledged the difference ("": nobody yet). Without a profile there are none. The list is in the arena;
 * its texts point into the request and the legal data. */
struct law_atom_warnings {
	size_t n; /* at most LAW_FAULTS_MAX; law_treaty_check() refuses more */
	CyAtomWarning **list;
};
struct law_atom_warnings law_atom_warnings(const CyRequest *r, const struct law_data *b, const struct law_between *w,
					   struct cy_arena *a);

#endif
