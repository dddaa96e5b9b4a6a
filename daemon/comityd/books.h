/* What was agreed, and by which days it is counted: the treaty profiles, calendars and
 * time zones that the configuration names, read from their files. */
#ifndef CY_COMITYD_BOOKS_H
#define CY_COMITYD_BOOKS_H

#include "config/config_confuse.h"

/* Owned by whoever loaded it. */
struct books;

/* CY_OK, or CY_ECONFIG with every problem added, and then without what has one: a treaty
 * profile, a calendar or a zone that cannot be read is left out, two profiles that
 * contradict each other both are. *ret is there in any case. Without directories in the
 * configuration the books are empty. */
int books_load(const struct config *c, struct books **ret, struct config_problems *out);
/* The ladder is that of the configuration, which lives as long as it is used. */
void books_set_ladder(struct books *b, const struct config *c);
void books_free(struct books *b); /* NULL is allowed */

/* Lives as long as the books. */
const struct law_books *books_law(const struct books *b);

#endif
