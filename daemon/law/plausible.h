/* Implausible instants: a program that writes seconds or microseconds in place of milliseconds (types.proto) states an
 * instant in January 1970, or in a year beyond every calendar, and it would be signed as it is. */
#ifndef CY_LAW_PLAUSIBLE_H
#define CY_LAW_PLAUSIBLE_H

#include "law/validate.h"

/* Adds a fault for each instant in a content that lies before CY_INSTANT_MIN_MS or after the year 9999, unless the
 * field has a fault already; 0 is an instant that is not stated. Called after law_validate() on content that is about
 * to be signed, from a file or from a case system. A peer's message is not checked: it is signed already, and the
 * protocol has bounds of its own for instants that have consequences (law/stated.h). */
void law_plausible(const CyContent *content, struct law_faults *faults);

#endif
