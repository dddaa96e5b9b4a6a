/* What a reader of a published table can find out of what it hides: the least and the greatest whole number that each
 * hidden count may be, while all sums that the reader knows are true. By the simplex method; each number of the tableau
 * stays -1, 0 or 1 (that is asserted), so that what it finds is whole, and no bound of whole numbers is narrower. */
#ifndef TABLE_ATTACK_H
#define TABLE_ATTACK_H

#include "law/stats.h"

struct table_attack {
	unsigned hidden;    /* counts that are hidden, and not 0 */
	unsigned recovered; /* of them those that can only be what they are */
	unsigned narrow;    /* whose bounds are less than `smallest` apart */
	char worst[160];    /* "type 3 refused: 1 to 1", of the narrowest */
};

/* The groups of one side. */
void table_attack(const struct law_group groups[static LAW_TYPES], uint32_t smallest, struct table_attack *ret);
/* Of one count, which is hidden. */
void table_bounds(const struct law_group groups[static LAW_TYPES], uint32_t smallest, unsigned type, unsigned figure,
		  int64_t *ret_least, int64_t *ret_greatest);

#endif
