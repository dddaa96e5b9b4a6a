/* The list of orders: what people have ordered about evidence and cases, kept apart from the store
 * and its backups, so that a store that is restored from a backup obeys what was ordered since.
 *
 * An entry is a line, on stable storage before the write-set that it belongs to is committed. The
 * store keeps the lines that it has obeyed; at each start, and after a failed commit, what the list
 * has beyond them is obeyed first of all (orders_step). A store that knows later entries than its
 * list, or other ones, is refused: one of the two is a copy of another time.
 *
 * The lines are ASCII. The first one is "comity orders", 1 and the authority's id; each other one
 * the fields of struct node_order in this order, the last the chain: all with a tab between them,
 *
 *     number instant kind peer case message attachment by reason chain
 *
 * where the message of an order about a whole case is "-", its attachment 0, and the chain SHA-256
 * over the 32 bytes of the chain of the line before and this line up to the tab before its own
 * chain. That of the first line is SHA-256 over it. No line holds personal data: of the reason
 * only the digest. */
#ifndef CY_PORT_ORDERS_H
#define CY_PORT_ORDERS_H

#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"
#include "base/uuid.h"

/* X(name, word) */
#define NODE_ORDERS(X)        \
	X(HOLD, "hold")       \
	X(RELEASE, "release") \
	X(ERASE, "erase")

enum node_order_kind {
#define X(name, word) NODE_ORDER_##name,
	NODE_ORDERS(X)
#undef X
	NODE_ORDERS_N
};

#define NODE_ORDER_LINE 512u /* bytes of a line, with the NUL */

struct node_order {
	uint64_t number; /* from 1, without gaps */
	struct cy_wall at;
	enum node_order_kind kind;
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
	char message_id[CY_UUID_LEN + 1]; /* "": the order is about the whole case */
	uint32_t attachment;              /* from 1; 0: about the whole case */
	char by[CY_CLIENT_MAX + 1];       /* the client that ordered it */
	struct cy_digest reason;          /* SHA-256 of the reason that it gave */
};

/* A position in the list: an entry, and the chain up to it. */
struct orders_mark {
	uint64_t number; /* 0: the first line, which is no entry */
	struct cy_digest chain;
};

/* The first line of this authority's list, and the position behind it. */
struct orders_mark orders_first(const char *authority, char ret_line[static NODE_ORDER_LINE]);
/* The line that follows `*mark`, which moves behind it; o->number is set. */
void orders_write(struct orders_mark *mark, struct node_order *o, char ret_line[static NODE_ORDER_LINE]);
/* Read the line that follows `*mark`, which moves behind it. CY_EPARSE: it is none, not the next
 * one, or the chain does not fit. */
int orders_read(const char *line, struct orders_mark *mark, struct node_order *ret, struct cy_error *e);
/* Read a line whose chain was looked at before, as the store keeps them. CY_EPARSE: it is none. */
int orders_fields(const char *line, struct node_order *ret);

#endif
