/* What is no fault of a message, and yet ought to be known before it leaves: the message
 * is taken all the same. A pure look, as law_validate() and law_treaty_check() are. */
#ifndef CY_LAW_WARN_H
#define CY_LAW_WARN_H

#include "law/treaty.h"

/* Into `ret`, in the order of the fields, with sentences; `article` is empty but for the instrument:
 * - dates that have passed on `w->day` (wanted by, until, answer by, an estimate, keep until), and those that have not
 *   come although they must have (birth, the first day of an offence; when it was approved, reviewed, handed over);
 * - that the profile of the instrument cannot tell whether it is in force between the two states. */
void law_warnings(const CyContent *content, const struct law_data *b, const struct law_between *w,
		  struct law_faults *ret);

#endif
