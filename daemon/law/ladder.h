/* Ladders: what is done when a time limit is near or over, and when. */
#ifndef CY_LAW_LADDER_H
#define CY_LAW_LADDER_H

#include "law/profile.h"

/* When a rung of a ladder is due; 0: never (there is no start to take a share of, or it would lie before the start). */
struct cy_wall law_rung_at(const struct law_rung *r, struct cy_wall start, struct cy_wall due);
/* The rungs of a clock follow each other in the order of their instants, whatever their order in the ladder: on a short
 * clock "a day before" may come before "at half". Number `nth`, from 0; NULL: there are not so many, or no ladder. */
const struct law_rung *law_rung_nth(const struct law_ladder *l, struct cy_wall start, struct cy_wall due, uint32_t nth);
/* The time limit was from `old_start` to `old_due`, and so many rungs were behind it; now it is another one. So many
 * are behind it then: none of those is climbed again, whatever their order has become. */
uint32_t law_rungs_kept(const struct law_ladder *l, struct cy_wall old_start, struct cy_wall old_due, uint32_t rungs,
			struct cy_wall start, struct cy_wall due);
/* The ladder for a clock: its own, the site's, or none (NULL). */
const struct law_ladder *law_ladder_of(const struct law_data *b, const struct law_profile *p,
				       const struct law_clock_rule *rule);

#endif
