/* What was agreed, and by which days it is counted: the treaty profiles, calendars and
 * time zones that the configuration names, read from their files. */
#ifndef CY_COMITYD_LEGAL_DATA_H
#define CY_COMITYD_LEGAL_DATA_H

#include "config/config_confuse.h"

/* Owned by whoever loaded it. */
struct legal_data;

/* CY_OK, or CY_ECONFIG with every problem added, and then without what has one: a treaty
 * profile, a calendar or a zone that cannot be read is left out, two profiles that
 * contradict each other both are. *ret is there in any case. Without directories in the
 * configuration the legal data is empty. */
int legal_data_load(const struct config *c, struct legal_data **ret, struct config_problems *out);
/* The ladder is that of the configuration, which lives as long as it is used. */
void legal_data_set_ladder(struct legal_data *b, const struct config *c);
void legal_data_free(struct legal_data *b); /* NULL is allowed */

/* Lives as long as the legal data. */
const struct law_data *legal_data_law(const struct legal_data *b);

#endif
