/* A message against the treaty profile that it names: what the instrument asks
 * beyond what law_validate() asks of every message. Called after it, by the side
 * that sends before it does, and by the side that received: same code, same faults. */
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

/* Adds to the faults that are there, and never a second one for the same field; what of them the instrument asks for as
 * well gets its article, the rest has none.
 * Paths are relative to Content. Nothing is checked without profiles, of kinds that
 * open no case, or of what is based on reciprocity but the states.
 * CY_OK, or CY_EINVAL if `faults` now has any. */
int law_treaty_check(const CyContent *content, const struct law_data *b, const struct law_between *w,
		     struct law_faults *faults);

/* The atoms of a request that the two states understand differently (another category,
 * or both state a threshold, and another one), or that one of them does not map although a profile of the legal data
 * does, each once and in the order of the request: as they are put into it, with both meanings and the name of who
 * acknowledged it ("": nobody yet). Empty where there is no profile. In the arena; texts point into the request and the
 * legal data. */
struct law_atom_warnings {
	size_t n; /* at most LAW_FAULTS_MAX; law_treaty_check() refuses more */
	CyAtomWarning **list;
};
struct law_atom_warnings law_atom_warnings(const CyRequest *r, const struct law_data *b, const struct law_between *w,
					   struct cy_arena *a);

#endif
