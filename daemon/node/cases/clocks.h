/* What the files of this sub-room share about time limits: clocks.c computes and states them, clocks_due.c decides when
 * something is done about them, escalate.c climbs the ladder, hooks.c has the commands of the site run, follow.c links
 * cases, and proofs.c says what receipts tell of a start. */
#ifndef CY_NODE_CASES_CLOCKS_H
#define CY_NODE_CASES_CLOCKS_H

#include "law/ladder.h"
#include "node/cases/cases.h"

#define NODE_HOOK_ID   224 /* bytes of a step's id, with the NUL */
#define NODE_HOOKS_MAX 4   /* commands that run at one time */

/* What this sub-room keeps of the node. */
struct cases_state {
	struct cy_wall next_clock;                /* when something is to be decided about a clock; 0: nothing */
	bool clocks_changed;                      /* since that was read */
	bool catching_up;                         /* cases of an older store may be left (catch_up.c) */
	struct case_name caught_up;               /* the last of them that had its turn */
	char hooks[NODE_HOOKS_MAX][NODE_HOOK_ID]; /* that run; "" : none */
};

/* Writes the row of a clock. */
void clocks_put(struct node *n, const struct store_clock *row);

/* Would a receipt say more of this time limit's start than what was stated? Not where that lies within the time that
 * any message takes. */
bool proofs_are_wanted(struct node *n, struct work_case *c, const struct law_clock *k, int *ret_code);
/* The receipts for messages of the case that start time limits: for the opening message and the newest problem notices,
 * `max` in all, the same ones on both sides. Returns CY_OK, or an error if the store cannot read now. */
int proofs_receipts(struct node *n, const struct work_case *c, struct law_receipt *ret, size_t max, size_t *ret_n);

/* Of the cases of the batch that name earlier ones: writes which, and has the clocks of these settled as well. */
void follow_put(struct node *n);
/* Returns CY_OK with the requests that follow this case, in the batch's arena; none where no clock of the profile is
 * met by a request that follows. */
int follow_get(struct node *n, const struct work_case *c, const struct law_profile *p, const struct law_follow_up **ret,
	       size_t *ret_n);

/* Decides what is due about one clock, and sets when the next decision is to be made. */
void escalate_clock(struct node *n, struct work_case *c, struct store_clock *row, const struct law_profile *p,
		    const struct law_clock_rule *rule);
/* Returns when the next rung is due. */
struct cy_wall escalate_next(const struct store_clock *row, const struct law_ladder *l);
/* Returns the rungs that are behind the clock when its due instant has been moved. */
uint32_t escalate_skip(const struct law_ladder *l, const struct store_clock *row, struct cy_wall now);

/* Writes that the command of this step is to run. */
void hooks_put(struct node *n, const char *id, const struct store_clock *row, const struct law_clock_rule *rule,
	       const struct law_rung *rung);

#endif
