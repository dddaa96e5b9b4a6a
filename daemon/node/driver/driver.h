/* The driver: it takes the inputs of a batch one after the other, gives every part of the node its turn at each stage,
 * has the texts signed and the rows committed, and then lets the effects leave. */
#ifndef CY_NODE_DRIVER_DRIVER_H
#define CY_NODE_DRIVER_DRIVER_H

#include "node/core/core.h"

/* At the end of whatever the node is told: begins a batch, and plans the next wake-up, if that was asked for meanwhile
 * (node_queue(), batch_replan()). */
void batch_go(struct node *n);
/* Begins a batch if the last one is through and there is something to do. */
void batch_start(struct node *n);
void batch_plan_wake(struct node *n);
/* Forgets the last batch, or the one under way when the node ends. */
void batch_reset(struct node *n);

/* What has its turn at the stages of a batch without an input of its own: the table in stages.c has one row a part of
 * the node. */
enum stage {
	STAGE_START,     /* once: the node was made, and has its configuration */
	STAGE_BEGIN,     /* a batch begins; its inputs come next */
	STAGE_STEP,      /* its inputs have had their turn */
	STAGE_STEP_ALL,  /* the same, but for a batch that is of one peer's frame alone */
	STAGE_COMPLETE,  /* what was to be signed is signed, or cannot be: the last rows are written */
	STAGE_COMMITTED, /* rows were written, and the store has them; the effects leave next */
	STAGE_RELEASED,  /* the effects have left */
	STAGE_FAILED,    /* instead of the two before: nothing of the batch has happened */
	STAGE_IDLE,      /* after STAGE_RELEASED: the batch is over, and the next one may begin */
	STAGE_WOKEN,     /* at the instant that was asked for; a batch was begun before, where none was under way */
	STAGE_RESUMED,   /* before the next turn of any part: what some of them waited for is over (n->waited) */
	STAGES_N
};

/* Make and free what each part keeps of the node. */
void stages_new(struct node *n);
void stages_free(struct node *n);

/* Gives all parts their turn at this stage, in the order of the table. */
void stages_run(struct node *n, enum stage stage);
/* Returns the first instant at which a part has something to do of its own accord; CY_NEVER if none has. */
struct cy_mono stages_next(struct node *n);

/* Reads the store's own values and the streams of all peers. */
int node_load(struct node *n, struct cy_error *e);
/* After a failed batch: what is in memory of the store's own values (the audit log, the streams) is of that batch.
 * Until they can be read, n->stale: nothing may be built upon them. */
void node_load_again(struct node *n);
/* Takes on the peers that were removed: what is over is looked for by peer. */
void node_find_former_peers(struct node *n);
/* Tells of a clock that jumped, or is right again. */
void node_watch_clock(struct node *n);
/* An operator has said that the wall clock is right as it is, and the store says so since this batch. */
void node_clock_confirmed(struct node *n, const char *client);
void node_peer_free(struct peer *p);
void node_clients_free(struct node_client_config *clients, size_t n);

#endif
