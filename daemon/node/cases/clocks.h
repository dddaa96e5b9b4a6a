/* What the files of this room share about time limits: clocks.c (who computes and states),
 * clocks_due.c (when something is decided), catch_up.c (cases of an older store), escalate.c (rungs), hooks.c (commands
 * of the site), follow.c (linked cases), proofs.c (what receipts tell), clock_views.c (for local clients); and about
 * the statistics that are made of them: measures.c, stats_views.c, publish.c. */
#ifndef CY_NODE_CASES_CLOCKS_H
#define CY_NODE_CASES_CLOCKS_H

#include "node/internal.h"

/* -------------------------------------------------------------- clocks.c */
/* What a statement about clocks says, of ours or of the peer's. */
void clocks_stated(struct node *n, struct work_case *c, CySide author, uint32_t number, const CyClockStatement *s);
/* Bring the clocks of all cases of the batch up to date. A case with `decided` must not be changed since. */
void clocks_update(struct node *n);
/* The rule of a stored clock, and its profile; NULL: the profile is not here. */
const struct law_clock_rule *clocks_rule(const struct node *n, const struct store_clock *row,
					 const struct law_profile **ret_profile);
/* The zone of the side that owes it, in which its days end; NULL: none is configured. */
const struct law_zone *clocks_zone(struct node *n, const struct store_clock *row);
void clocks_put(struct node *n, const struct store_clock *row); /* write its row */

/* ---------------------------------------------------------- clocks_due.c */
/* The same, and decide what is due. */
void clocks_step(struct node *n);
/* Read again when the next decision is to be made. */
void clocks_plan(struct node *n);
void clocks_start(struct node *n);
void clocks_failed(struct node *n);
struct cy_mono clocks_next(const struct node *n); /* when that is, if it may be made */

/* -------------------------------------------------------------- proofs.c */
/* Would a receipt say more of this time limit's start than what was stated? Not where that lies within the time that
 * any message takes. */
bool proofs_are_wanted(const struct work_case *c, const struct law_clock *k);
/* The receipts for messages of the case that start time limits: for the opening message and the newest problem notices,
 * `max` in all, the same ones on both sides. Below 0: the store cannot read now. */
int proofs_receipts(struct node *n, const struct work_case *c, struct law_receipt *ret, size_t max, size_t *ret_n);

/* -------------------------------------------------------------- follow.c */
/* Of the cases of the batch that name earlier ones: write which, and have the clocks of these settled as well. */
void follow_put(struct node *n);
/* The requests that follow this case, in the batch's arena; none where no clock of the profile is met by one. */
int follow_get(struct node *n, const struct work_case *c, const struct law_profile *p, const struct law_follow_up **ret,
	       size_t *ret_n);

/* -------------------------------------------------------------- catch_up.c */
/* Bring some cases of an older store up to date, before their clocks are settled. */
void catch_up_step(struct node *n);
/* From the first of them on, at a start or after a batch that failed. */
void catch_up_start(struct node *n);
struct cy_mono catch_up_next(const struct node *n); /* now, while some may be left */

/* -------------------------------------------------------------- escalate.c */
/* Decide what is due about one clock, and set when the next decision is to be made. */
void escalate_clock(struct node *n, struct work_case *c, struct store_clock *row, const struct law_profile *p,
		    const struct law_clock_rule *rule);
struct cy_wall escalate_next(const struct store_clock *row, const struct law_ladder *l);
/* Rungs that are behind it when its due instant has been moved. */
uint32_t escalate_skip(const struct law_ladder *l, const struct store_clock *row, struct cy_wall now);

/* -------------------------------------------------------------- hooks.c */
void hooks_put(struct node *n, const char *id, const struct store_clock *row, const struct law_clock_rule *rule,
	       const struct law_rung *rung);
void hooks_run(struct node *n);                                      /* start what waits and may run */
void hooks_ended(struct node *n, const char *id, const char *fault); /* as node_hook_done() */
void hooks_done(struct node *n, const char *id);                     /* in a batch */

/* -------------------------------------------------------------- clock_views.c */
void clock_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListClocks *r);
void clock_views_explain(struct node *n, struct conn *c, uint64_t correlation, const CyExplainClock *r);
void clock_views_confirm(struct node *n, struct conn *c, uint64_t correlation, const CyConfirmTime *r);
/* The clocks of a case, in `a`: as many as have so many bytes. */
int clock_views_case(struct node *n, struct cy_arena *a, struct store_view view, const char *peer, const char *case_id,
		     size_t most_bytes, CyClockView ***ret_rows, size_t *ret_n, bool *ret_more);

/* -------------------------------------------------------------- measures.c */
/* Write what became of the measures of the cases that the batch changed. */
void measures_put(struct node *n);

/* -------------------------------------------------------------- stats_views.c */
/* It is answered later, a part at a time: everybody else goes on meanwhile. What is to be published is asked for in a
 * batch. */
void stats_views_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatistics *r);
void stats_views_step(struct node *n);
struct cy_mono stats_views_next(const struct node *n); /* now, while some are being counted */
void stats_views_free(struct node *n);

/* -------------------------------------------------------------- publish.c */
/* What two tables hide that overlap, their difference may tell: there is one table for a year, of all that an authority
 * asked and was asked. What is wrong with this one, and in which field; NULL: nothing. */
const char *publish_refused(struct node *n, const struct conn *c, const CyGetStatistics *r, struct cy_wall until,
			    const char **ret_field);
/* A table of this year was given out: it is given out again once the batch is committed, or refused where another
 * threshold is asked for. False: none was. */
bool publish_again(struct node *n, const struct conn *c, uint64_t correlation, const char *year, uint32_t smallest);
/* A table was counted, which is copied: a batch (publish_step) gives it out, unless it finds that another one was. */
void publish_counted(struct node *n, uint64_t conn, uint64_t correlation, const char *year, const CyStatistics *table);
void publish_step(struct node *n, const struct input *in);

#endif
