/* What waits after a start. A store cannot know by itself that it is an old copy of what there was:
 * so nothing that nobody can undo follows from it alone.
 *
 * - Content is destroyed for a peer once that peer was met since the start: its State shows that it
 *   knows nothing of ours that we lack, and what it had receipts for has come again; and once its
 *   clock has agreed with ours within NODE_CLOCK_JUMP_MS, by its Hello or by what it signs. For a peer that
 *   is not configured any more that is so once it is so for all that are.
 * - In a store that is known as restored, because a peer proved it or the files show that they are
 *   a copy, no message is given up, no step of a time limit is taken and no hook run until every
 *   configured peer was met.
 * - So it is where the clock at the start is more than NODE_CLOCK_AHEAD_MS ahead of what was recorded
 *   last, until a peer's clock agrees, or comityctl clock confirm says that it is right.
 *
 * An operator's resume stands for a meeting, until the next start. */
#ifndef CY_NODE_CORE_WAITING_H
#define CY_NODE_CORE_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "comity/v1/local.pb-c.h"
#include "exchange/stream.h"

struct node;
struct conn;
struct peer;

/* Of a node. */
struct waits {
	bool restored;   /* the store is known as restored; stored */
	bool copy;       /* its files show that it is a copy, */
	uint64_t ended;  /* until this batch */
	bool ahead;      /* the clock is far ahead of what was recorded */
	bool all;        /* an operator has resumed for all peers, */
	uint64_t all_in; /* in this batch */
};

/* Of a peer. */
struct waits_peer {
	bool met, agrees, resumed;
	uint64_t met_in, resumed_in; /* the batches */
	struct xchg_pos until;       /* met once we hold this place of its stream; epoch 0: none */
};

/* May content be destroyed, or rows be pruned, that have to do with this peer? NULL: with nobody alone, as
 * what a client has uploaded: then all configured peers were met, as for a peer that was removed. */
bool node_may_destroy(const struct node *n, const struct peer *p);
/* The same for a peer by its id. */
bool node_may_destroy_of(struct node *n, const char *peer);
/* May what is due be decided: messages given up, steps of time limits taken, hooks run? */
bool node_may_decide(const struct node *n);
/* Whom a restored store waits for, as a sentence within `text`; "": it does not. */
const char *waiting_for(const struct node *n, char *text, size_t size);

void waiting_start(struct node *n);
/* A batch failed: who was met, or need not be waited for, by what it would have committed is waited for as before. To
 * be called before the store's own values are loaded again. */
void waiting_failed(struct node *n);
/* Has an operator said that this peer need not be waited for? Then fetching back ends although it holds
 * messages of ours that it cannot give back. */
bool waiting_resumed(const struct node *n, const struct peer *p);
/* The peer's State was good, and neither side fetches back; `receipted` as it said. */
void waiting_heard(struct node *n, struct peer *p, struct xchg_pos receipted);
/* A parcel of the peer was taken. */
void waiting_held(struct node *n, struct peer *p);
/* It has signed that it made something at this time. */
void waiting_signed(struct node *n, struct peer *p, struct cy_wall made);
/* This store was restored: whoever was met has to be met again. */
void waiting_restored(struct node *n);
/* In a batch: is what waited over? */
void waiting_step(struct node *n);
/* An operator says that nothing is missing, or that it need not be waited for. */
void waiting_resume(struct node *n, struct conn *c, uint64_t correlation, const CyResume *r);

#endif
