/* The order in which facts take effect: a message comes after those that its author had seen,
 * and the table of crossings orders messages that crossed. */
#ifndef CY_LAW_ORDER_H
#define CY_LAW_ORDER_H

#include "law/fact.h"

struct law_link {
	size_t index;  /* among the facts */
	uint32_t seen; /* highest number of the other side that this or an earlier message had seen */
};

/* One side's messages by number; `next` is the first that is not ordered yet. Those from
 * `blocked` on wait for a message that is not here. */
struct law_chain {
	struct law_link *link;
	size_t n, next, blocked;
	uint32_t held; /* highest number here, void ones included */
};

struct law_order {
	const struct law_fact *facts;
	size_t n;
	struct law_chain requesting, requested;
	struct law_link *memory;
	bool opener_void;
};

/* Collects the facts with a number up to the limit of their side. Ends the process if there is
 * no memory (n entries of 16 bytes). */
void law_order_begin(struct law_order *o, const struct law_fact *facts, size_t n, uint32_t requesting_limit,
		     uint32_t requested_limit);

/* Gives the next fact and what its author had seen. Returns false when only waiting facts are left. */
bool law_order_next(struct law_order *o, size_t *ret_index, uint32_t *ret_seen);

/* Gives the indices that law_order_next() never gave: those of waiting facts, then those of void ones. */
void law_order_rest(const struct law_order *o, size_t *ret_order);

void law_order_end(struct law_order *o);

#endif
