/* Ladders of escalation: the steps that are taken when a time limit is near or over. */
#ifndef CY_LAW_LADDER_H
#define CY_LAW_LADDER_H

#include "law/profile.h"

/* Returns the instant at which a rung of a ladder is due; 0: never, since there is no start to take a share from, or
 * the instant would lie before the start. */
struct cy_wall law_rung_at(const struct law_rung *r, struct cy_wall start, struct cy_wall due);
/* Returns rung number `nth` of a clock, from 0, or NULL if there are fewer, or no ladder. The rungs follow each other
 * in the order of their instants, whatever their order in the ladder: on a short clock "a day before" may come before
 * "at half". */
const struct law_rung *law_rung_nth(const struct law_ladder *l, struct cy_wall start, struct cy_wall due, uint32_t nth);
/* Returns how many rungs count as taken after a time limit from `old_start` to `old_due`, of which `rungs` were taken,
 * was moved: no rung that was taken is taken again, whatever the order of the rungs has become. */
uint32_t law_rungs_kept(const struct law_ladder *l, struct cy_wall old_start, struct cy_wall old_due, uint32_t rungs,
			struct cy_wall start, struct cy_wall due);
/* Returns the ladder of a clock: its own, else the site's; NULL if there is none. */
const struct law_ladder *law_ladder_of(const struct law_data *b, const struct law_profile *p,
				       const struct law_clock_rule *rule);

#endif
