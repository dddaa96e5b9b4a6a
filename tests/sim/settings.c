/* What a seed decides. Swarm testing: each seed leaves some faults out and takes
 * others to the extreme, since a run with a little of everything finds less. */
#include <string.h>

#include "sim.h"

const char *const sim_fault_name[FAULTS] = {
#define SIM_X(name, what) #name,
	SIM_FAULTS(SIM_X)
#undef SIM_X
};

const char *const sim_fault_what[FAULTS] = {
#define SIM_X(name, what) what,
	SIM_FAULTS(SIM_X)
#undef SIM_X
};

void sim_settings_of(uint64_t seed, struct sim_settings *ret)
{
	struct cy_rng r = { seed * UINT64_C(0x9e3779b97f4a7c15) };
	uint64_t size = cy_rng_below(&r, 100);

	*ret = (struct sim_settings){ .seed = seed };
	/* Mostly a few authorities, at times a crowd. */
	ret->nodes = size < 50   ? 2 + (uint32_t)cy_rng_below(&r, 2)
		     : size < 90 ? 3 + (uint32_t)cy_rng_below(&r, 6)
		     : size < 99 ? 9 + (uint32_t)cy_rng_below(&r, 24)
				 : 40 + (uint32_t)cy_rng_below(&r, 161);
	/* From a quarter of an hour of haste to four months at leisure: about as many steps. */
	switch (cy_rng_below(&r, 4)) {
	case 0:
		ret->pause = SECOND;
		ret->faulty = 15 * MINUTE;
		break;
	case 1:
		ret->pause = 5 * MINUTE;
		ret->faulty = 2 * DAY;
		break;
	case 2:
		ret->pause = HOUR;
		ret->faulty = 12 * DAY;
		break;
	default:
		ret->pause = 8 * HOUR;
		ret->faulty = 120 * DAY;
	}
	ret->faulty = ret->faulty / (ret->nodes > 8 ? 6 : 1) + 1;
	for (int f = 0; f < FAULTS; f++)
		ret->level[f] = cy_rng_below(&r, 2) == 0 ? 0 : (uint8_t)(1 + cy_rng_below(&r, 3));
	/* A message that was taken, and rejected after a restore because its case was damaged just then, is not
	 * in the case that a restored author fetches: its verdict is not corrected there. */
	if (ret->level[FAULT_RESTORE] > 0)
		ret->level[FAULT_DAMAGE] = 0;
}

void sim_settings_law(struct sim_settings *set, uint32_t nodes, int64_t days)
{
	static const enum sim_fault mild[] = { FAULT_LATENCY,      FAULT_LOSS,      FAULT_DUPLICATE, FAULT_CRASH_COMMIT,
					       FAULT_COMMIT_FAILS, FAULT_SLOW_DISK, FAULT_SIGN_FAILS };

	set->law = true;
	set->nodes = nodes > 0 ? nodes : 100;
	set->faulty = (days > 0 ? days : 3652) * DAY;
	memset(set->level, 0, sizeof set->level);
	for (size_t i = 0; i < sizeof mild / sizeof mild[0]; i++)
		set->level[mild[i]] = 1;
	set->level[FAULT_RESTORE] = set->restore_rate > 1;
}
