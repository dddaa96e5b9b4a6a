/* What the node does with the list of orders (port/orders.h): it compares the list with the store when
 * it starts, obeys what the store is behind with, and puts each new order into it. */
#ifndef CY_NODE_EVIDENCE_ORDERS_H
#define CY_NODE_EVIDENCE_ORDERS_H

#include "port/orders.h"

/* Where the node is. Like the audit log it runs ahead during a batch. */
struct orders_state {
	struct orders_mark last; /* of the list, and what this batch adds */
	uint64_t stored;         /* the store has obeyed up to this number */
};

#endif
