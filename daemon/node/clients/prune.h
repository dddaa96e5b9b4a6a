/* What is over and goes for good, within this room: a store does not grow by what nobody asks for
 * any more. Each kind has its time (struct node_keeping) and what it waits for beside that. Pages
 * of a bounded size, each a commit of its own that leaves time for others; nothing of it must be
 * done at any moment, so a page that is lost is found again. What waits
 * after a start (waiting.h), and while the wall clock is doubted, waits here as well. */
#ifndef CY_NODE_CLIENTS_PRUNE_H
#define CY_NODE_CLIENTS_PRUNE_H

#include <stddef.h>

#include "base/limits.h"
#include "base/time.h"

struct node;
struct store_cursor;

#define NODE_PRUNE_CHECK_MS (6 * INT64_C(3600000)) /* the next look, when nothing more is over */
#define NODE_PRUNE_AGAIN_MS 1000                   /* after a full page */
#define NODE_PRUNE_ROWS     256                    /* rows of a kind that go in a batch */

struct node_pruning {
	struct cy_mono next; /* the next look */
	/* What was looked at and stays for now: the next page begins behind it. */
	struct {
		struct cy_wall made;
		char peer[CY_AUTHORITY_MAX + 1];
		uint64_t epoch, sequence;
	} parcel;
	char rejected[CY_UUID_LEN + 1];
	struct {
		struct cy_wall at;
		uint64_t no;
	} custody;
	/* The cursor that holds up the events, as it was told; name "": none does. */
	struct {
		char client[CY_CLIENT_MAX + 1], name[CY_KEY_MAX + 1];
		uint64_t position;
		struct cy_wall since; /* the first event that it has not dealt with */
	} held_up;
};

void prune_soon(struct node *n); /* something may be over now */

/* The first event that the client of this cursor may see and has not dealt with; position 0: there
 * is none. */
struct prune_next {
	uint64_t position;
	struct cy_wall at;
};
int prune_first(struct node *n, const struct store_cursor *c, struct prune_next *ret);

/* "ok", or which cursor holds up the events, and the remedy. */
const char *prune_state(struct node *n, char *text, size_t size);

#endif
