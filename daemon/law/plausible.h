/* Instants that nobody means: seconds or microseconds, where milliseconds are counted (types.proto), are an instant all
 * the same, of January 1970 or of a year that no calendar writes, and would be signed so. */
#ifndef CY_LAW_PLAUSIBLE_H
#define CY_LAW_PLAUSIBLE_H

#include "law/validate.h"

/* Adds a fault for each instant in a content, unless the field has one already, that lies before CY_INSTANT_MIN_MS or
 * after the year 9999; 0 is not stated. Called after law_validate(), by whoever is about to sign: files of people and
 * case systems that speak the local protocol err alike. A peer's message is not judged by it. What it has signed it has
 * said, and the protocol has bounds of its own where something follows from an instant (law/stated.h). */
void law_plausible(const CyContent *content, struct law_faults *faults);

#endif
