/* What the node does with the list of orders (port/orders.h): it compares the list with the store when
 * it starts, obeys what the store is behind with, and puts each new order into it. */
#ifndef CY_NODE_EVIDENCE_ORDERS_H
#define CY_NODE_EVIDENCE_ORDERS_H

#include "port/orders.h"

struct node;
struct store_evidence;

/* Where the node is. Like the audit log it runs ahead during a batch. */
struct orders_state {
	struct orders_mark last; /* of the list, and what this batch adds */
	uint64_t stored;         /* the store has obeyed up to this number */
};

/* Compare the list with the store; CY_ECONFIG: the store knows what the list does not. */
int orders_load(struct node *n, struct cy_error *e);
/* In a batch, before all else: obey what the list has beyond the store. */
void orders_step(struct node *n);
struct cy_mono orders_next(const struct node *n); /* when it has something to obey */
/* In a batch: put an order into the list. The caller obeys it in the same batch; what becomes of it
 * in a store that is restored later says obey() in orders.c. */
void orders_add(struct node *n, enum node_order_kind kind, const struct store_evidence *about, const char *by,
		const char *reason);
/* An attachment of which the store learns now: was it ordered before to hold it? As when a message
 * that was lost with the disk comes back. */
void orders_remember(struct node *n, struct store_evidence *row);
/* Does a legal hold stand on evidence that the store does not have? True, too, where it cannot say. */
bool orders_hold_lost(struct node *n);
/* Each order to erase a case that the store has, in order of number. */
int orders_erasures(struct node *n, int (*fn)(struct node *n, const struct node_order *o));

#endif
