/* Warnings about a message: its author ought to know them before it is sent, but they are no
 * faults, and the message is accepted. Pure, as law_validate() and law_treaty_check(). */
#ifndef CY_LAW_WARN_H
#define CY_LAW_WARN_H

#include "law/treaty.h"

/* Adds the warnings to `ret`, as sentences in the order of the fields; `article` is empty except for the instrument:
 * - dates that have passed on `w->day` (wanted by, until, answer by, an estimate, keep until), and those that have not
 *   come although they must have (birth, the first day of an offence; when it was approved, reviewed, handed over);
 * - that the profile of the instrument cannot tell whether it is in force between the two states. */
void law_warnings(const CyContent *content, const struct law_data *b, const struct law_between *w,
		  struct law_faults *ret);

#endif
