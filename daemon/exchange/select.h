/* Which of the waiting messages go into the next parcels. Pure. */
#ifndef CY_EXCHANGE_SELECT_H
#define CY_EXCHANGE_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct xchg_item {
	const char *case_id;
	uint32_t number;   /* own number in the case */
	uint32_t priority; /* higher leaves first */
	uint64_t order;    /* rising with age: lower is older */
	size_t size;       /* bytes */
	void *user;
};

/* Sorts `items` so that the most urgent come first, then the oldest, while the messages of one case keep their order
 * (what waits before an urgent message of its case becomes as urgent). */
void xchg_sort(struct xchg_item *items, size_t n);
/* Returns how many of the first ones fill a parcel of at most `max_messages` and `max_bytes`; at least 1 if there is
 * any. */
size_t xchg_fill(const struct xchg_item *items, size_t n, size_t max_messages, size_t max_bytes);

#endif
