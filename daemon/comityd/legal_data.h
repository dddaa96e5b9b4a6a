/* Legal data: the treaty profiles, calendars and time zones that the configuration names, read
 * from their files. */
#ifndef CY_COMITYD_LEGAL_DATA_H
#define CY_COMITYD_LEGAL_DATA_H

#include "config/config_confuse.h"

/* Owned by whoever loaded it. */
struct legal_data;

/* Reads the legal data. Returns CY_OK, or CY_ECONFIG with every problem added: a treaty profile,
 * a calendar or a zone that cannot be read is left out, and so are two profiles that contradict
 * each other. *ret is set in any case. Without directories in the configuration the legal data
 * is empty. */
int legal_data_load(const struct config *c, struct legal_data **ret, struct config_problems *out);
/* Sets the site's ladder, that of the configuration, which must outlive the legal data. */
void legal_data_set_ladder(struct legal_data *b, const struct config *c);
void legal_data_free(struct legal_data *b); /* NULL is allowed */

/* Lives as long as the legal data. */
const struct law_data *legal_data_law(const struct legal_data *b);

#endif
