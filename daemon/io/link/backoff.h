/* When to dial again: exponential back-off with full jitter, so that a hundred
 * peers of a restarted authority do not come back in step. */
#ifndef CY_IO_LINK_BACKOFF_H
#define CY_IO_LINK_BACKOFF_H

#include "base/rng.h"

#define BACKOFF_LASTED_MS 10000

struct backoff {
	struct cy_rng rng;
	int64_t first_ms, cap_ms; /* both above 0 */
	unsigned failures;        /* since the last session that lasted */
};

/* Milliseconds to wait: evenly from 0 to min(cap, first × 2^failures). */
static inline int64_t backoff_next(struct backoff *b)
{
	int64_t most = b->first_ms;

	for (unsigned i = 0; i < b->failures && most < b->cap_ms; i++)
		most = most > b->cap_ms / 2 ? b->cap_ms : most * 2;
	b->failures++;
	if (most > b->cap_ms)
		most = b->cap_ms;
	return (int64_t)cy_rng_below(&b->rng, (uint64_t)most + 1);
}

/* A session has ended, so long after its good State. One that ends right after it,
 * time and again, must not be made anew in a loop: only one that lasted counts. */
static inline void backoff_lasted(struct backoff *b, int64_t ms)
{
	if (ms >= BACKOFF_LASTED_MS)
		b->failures = 0;
}

#endif
