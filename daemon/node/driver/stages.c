/* One row a part. At every stage the order of the rows is the order of the turns. */
#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
#include "node/peers/peers.h"
static const struct part {
	void (*new)(struct node *n), (*free)(struct node *n); /* what it keeps of the node */
	void (*at[STAGES_N])(struct node *n);
	struct cy_mono (*next)(const struct node *n); /* when it has something to do of its own accord; NULL: never */
	bool commits; /* what it does then is to be committed: not before the store is tried again */
	bool first;   /* while it has something to do, nothing else is waited for */
} parts[] = {
	{ .at = { [STAGE_START] = node_watch_clock, [STAGE_BEGIN] = node_watch_clock } },
	{ .at = { [STAGE_BEGIN] = signing_watch } },
	{ .at = { [STAGE_BEGIN] = orders_step }, .next = orders_next, .commits = true, .first = true },
	{ .at = { [STAGE_START] = waiting_start, [STAGE_STEP] = waiting_step, [STAGE_FAILED] = waiting_failed } },
	{ .at = { [STAGE_START] = node_find_former_peers, [STAGE_FAILED] = node_load_again } },
	{ .new = evidence_new,
	  .free = evidence_free,
	  .at = { [STAGE_START] = evidence_start,
		  [STAGE_STEP] = evidence_step,
		  [STAGE_RELEASED] = evidence_released,
		  [STAGE_RESUMED] = evidence_resumed,
		  [STAGE_FAILED] = evidence_failed },
	  .next = evidence_next,
	  .commits = true },
	{ .at = { [STAGE_START] = catch_up_start, [STAGE_STEP] = catch_up_step, [STAGE_FAILED] = catch_up_start },
	  .next = catch_up_next,
	  .commits = true,
	  .first = true },
	{ .at = { [STAGE_STEP] = erase_step, [STAGE_FAILED] = erase_failed }, .next = erase_next, .commits = true },
	{ .new = clocks_new,
	  .free = clocks_free,
	  .at = { [STAGE_START] = clocks_start,
		  [STAGE_STEP] = clocks_step,
		  [STAGE_COMPLETE] = clocks_update,
		  [STAGE_FAILED] = clocks_failed,
		  [STAGE_RESUMED] = clocks_resumed,
		  [STAGE_IDLE] = clocks_plan },
	  .next = clocks_next,
	  .commits = true },
	{ .at = { [STAGE_COMPLETE] = measures_put } },
	{ .at = { [STAGE_STEP_ALL] = reconcile_step }, .next = reconcile_next },
	{ .at = { [STAGE_STEP_ALL] = outbound_step }, .next = outbound_next },
	{ .new = greet_new,
	  .free = greet_free,
	  .at = { [STAGE_START] = expire_start,
		  [STAGE_STEP_ALL] = expire_step,
		  [STAGE_COMMITTED] = expire_committed,
		  [STAGE_RESUMED] = expire_resumed },
	  .next = expire_next,
	  .commits = true },
	{ .at = { [STAGE_STEP_ALL] = prune_step, [STAGE_RESUMED] = prune_resumed },
	  .next = prune_next,
	  .commits = true },
	{ .at = { [STAGE_FAILED] = evidence_replayed } },
	{ .new = kept_new, .free = kept_free, .at = { [STAGE_RELEASED] = kept_put, [STAGE_FAILED] = kept_failed } },
	{ .at = { [STAGE_BEGIN] = replay_take, [STAGE_RELEASED] = replay_committed, [STAGE_FAILED] = replay_failed } },
	{ .at = { [STAGE_START] = hooks_run, [STAGE_IDLE] = hooks_run } },
	{ .next = evidence_rest_next, .commits = true },
	{ .next = evidence_strays_next, .commits = true },
	{ .at = { [STAGE_START] = bulk_start,
		  [STAGE_RELEASED] = bulk_released,
		  [STAGE_FAILED] = bulk_failed,
		  [STAGE_IDLE] = bulk_work,
		  [STAGE_WOKEN] = bulk_work },
	  .next = bulk_next },
	{ .at = { [STAGE_WOKEN] = stats_views_step }, .next = stats_views_next, .first = true },
	{ .new = local_new,
	  .free = local_free,
	  .at = { [STAGE_COMMITTED] = unread_committed, [STAGE_WOKEN] = unread_look },
	  .next = unread_next,
	  .commits = true },
};

#define PARTS (sizeof parts / sizeof parts[0])

void stages_new(struct node *n)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].new != NULL)
			parts[i].new(n);
}

void stages_free(struct node *n)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].free != NULL)
			parts[i].free(n);
}

static void resume(struct node *n)
{
	if (!n->waited)
		return;
	n->waited = false;
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].at[STAGE_RESUMED] != NULL)
			parts[i].at[STAGE_RESUMED](n);
}

void stages_run(struct node *n, enum stage stage)
{
	const bool outside = stage == STAGE_START || stage == STAGE_IDLE || stage == STAGE_WOKEN;

	for (size_t i = 0; i < PARTS; i++) {
		resume(n);
		if (parts[i].at[stage] == NULL)
			continue;
		parts[i].at[stage](n);
		if (outside) /* of a batch: what one part has asked for comes before the turn of the next one */
			batch_go(n);
	}
}

struct cy_mono stages_next(struct node *n)
{
	const bool tried_later = cy_mono_before(n->ports.clock.mono(n->ports.clock.ctx), n->retry);
	struct cy_mono first = tried_later ? n->retry : CY_NEVER;

	resume(n);
	for (size_t i = 0; i < PARTS; i++) {
		struct cy_mono next = parts[i].next != NULL ? parts[i].next(n) : CY_NEVER;

		if (next.ms == CY_NEVER.ms)
			continue;
		if (parts[i].commits && cy_mono_before(next, n->retry))
			next = n->retry;
		if (parts[i].first)
			return next;
		if (cy_mono_before(next, first))
			first = next;
	}
	return first;
}
