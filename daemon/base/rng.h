/* A seeded random sequence (SplitMix64) for jitter and simulation. Not for keys
 * or ids: those come from the random port. */
#ifndef CY_BASE_RNG_H
#define CY_BASE_RNG_H

#include <stdint.h>

struct cy_rng {
	uint64_t state;
};

static inline uint64_t cy_rng_next(struct cy_rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform enough in 0 .. bound - 1; bound > 0. */
static inline uint64_t cy_rng_below(struct cy_rng *r, uint64_t bound)
{
	return cy_rng_next(r) % bound;
}

#endif
