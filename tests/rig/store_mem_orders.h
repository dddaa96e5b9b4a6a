/* The list of orders in memory, which outlives whatever becomes of a store, and what the store in
 * memory keeps of it. */
#ifndef RIG_STORE_MEM_ORDERS_H
#define RIG_STORE_MEM_ORDERS_H

#include "port/ports.h"
#include "store_mem.h"

struct orders_mem {
	char first[NODE_ORDER_LINE];
	struct orders_mark begin;
	char (*lines)[NODE_ORDER_LINE];
	size_t n, cap;
	bool full; /* nothing more can be written */
};

void orders_mem_init(struct orders_mem *l, const char *authority);
void orders_mem_free(struct orders_mem *l);
struct orders_port orders_mem_port(struct orders_mem *l);
/* What a store does before it commits `w`. */
int orders_mem_append(struct orders_mem *l, const struct store_writeset *w);

/* Of the store in memory. */
void mem_orders_apply(struct mem_store *s, const struct store_order *o);
void mem_orders_port(struct store_port *port);

#endif
