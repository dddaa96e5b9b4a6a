/* The list of orders: what people have ordered about evidence and cases, kept apart from the store
 * and its backups, so that a store that is restored from a backup obeys the orders given since.
 *
 * An entry is a line, on stable storage before the write-set that it belongs to is committed. The
 * store keeps the lines that it has obeyed; at each start, and after a failed commit, it first obeys
 * the lines of the list that it has not (orders_step). A store that knows later or other entries
 * than its list is refused: one of the two is a copy from another time.
 *
 * The lines are ASCII. The first line is "comity orders", 1 and the authority's id; every other line
 * consists of the fields of struct node_order and the chain, with a tab between them:
 *
 *     number instant kind peer case message attachment by reason chain
 *
 * The message of an order about a whole case is "-", and its attachment 0. The chain is SHA-256
 * over the 32 bytes of the chain of the line before and this line up to the tab before its own
 * chain; that of the first line is SHA-256 over the line. No line contains personal data: of the
 * reason it has only the digest. */
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

/* Writes the first line of this authority's list, and returns the position behind it. */
struct orders_mark orders_first(const char *authority, char ret_line[static NODE_ORDER_LINE]);
/* Writes the line that follows `*mark`, which moves behind it, and sets o->number. */
void orders_write(struct orders_mark *mark, struct node_order *o, char ret_line[static NODE_ORDER_LINE]);
/* Reads the line that follows `*mark`, which moves behind it. Returns CY_OK, or CY_EPARSE if `line` is
 * not an entry, not the next entry, or its chain does not fit. */
int orders_read(const char *line, struct orders_mark *mark, struct node_order *ret, struct cy_error *e);
/* Reads a line whose chain was checked before, as the store keeps them. Returns CY_OK, or CY_EPARSE if
 * it is not an entry. */
int orders_fields(const char *line, struct node_order *ret);

#endif
