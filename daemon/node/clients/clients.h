/* Local clients: their connections and requests, the views that answer these, what a client has read, what an order
 * erases, and what goes when its time is over. */
#ifndef CY_NODE_CLIENTS_CLIENTS_H
#define CY_NODE_CLIENTS_CLIENTS_H

#include "node/core/core.h"

/* ------------------------------------------------------------- connections */
/* As the functions of node.h; local_frame() also of what a client has asked before. */
void local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
void local_down(struct node *n, uint64_t conn);
void local_drained(struct node *n, uint64_t conn);
void local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd);
/* Whom it may be from now on; the list is copied. */
void local_may_be(struct conn *c, const size_t *allowed, size_t n_allowed);
void local_new(struct node *n);
void local_free(struct node *n);

/* In a batch: a request has its turn. */
void local_step(struct node *n, const struct input *in);

/* ------------------------------------------------------------ subscriptions */
/* The subscription that was asked for in a batch begins, or does not if that failed. */
void subscribe_begin(struct node *n, uint64_t conn, bool committed);
/* Sends the events that the client has not got yet, as far as its queue has room. */
void subscribe_push(struct node *n, struct conn *c);

/* ------------------------------------------------------ stages of a batch */
/* At the end of a batch: erases again what a restored backup, or a peer, has brought back. */
void erase_step(struct node *n);
/* A batch failed, and with it what it may have erased: that is looked at again, but does not fail each batch from now
 * on. */
void erase_failed(struct node *n);
struct cy_mono erase_next(const struct node *n); /* when the step looks again */

/* Removes what is over, if it is time. */
void prune_step(struct node *n);
struct cy_mono prune_next(const struct node *n);
/* What is over is looked for now: what it waited for is over, or the configuration is another. */
void prune_resumed(struct node *n);

/* What was committed may be one more message that no client has fetched. */
void unread_committed(struct node *n);
/* Tells of those that are here for longer than unread_after, each once; and when to look again. */
void unread_look(struct node *n);
struct cy_mono unread_next(const struct node *n);
/* Another configuration: they are looked at now. */
void unread_reconfigured(struct node *n);

/* Statistics that were asked for are counted, a part at a time: everybody else goes on meanwhile. */
void stats_views_step(struct node *n);
struct cy_mono stats_views_next(const struct node *n); /* now, while some are being counted */
/* What a client had signed is signed, or could not be. */
void container_signed(struct node *n, struct signing_request *w);
/* In a batch: a table that was counted is given out, unless it finds that another one was. */
void publish_step(struct node *n, const struct input *in);

#endif
