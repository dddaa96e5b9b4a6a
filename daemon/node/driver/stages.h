/* What has its turn at the stages of a batch without an input of its own: the table in stages.c has one row a part of
 * the node. */
#ifndef CY_NODE_DRIVER_STAGES_H
#define CY_NODE_DRIVER_STAGES_H

#include "base/time.h"

struct node;

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
	STAGES_N
};

/* The turn of all parts at this stage, in the order of the table. */
void stages_run(struct node *n, enum stage stage);
/* The first instant at which a part has something to do of its own accord; CY_NEVER: none has. */
struct cy_mono stages_next(const struct node *n);

#endif
