/* What is due about time limits: when the next decision is to be made, and each that it is time for (escalate.c). */
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/clocks.h"

#define NODE_CLOCKS_DUE       64                    /* clocks that a batch decides about */
#define NODE_DAMAGED_AGAIN_MS (10 * INT64_C(60000)) /* a time limit of a case that cannot be read is tried again */

struct due {
	struct node *n;
	struct store_clock rows[NODE_CLOCKS_DUE];
	size_t rows_n;
};

static int load_due(void *arg, const struct store_clock *row)
{
	struct due *d = arg;
	struct store_clock *r = &d->rows[d->rows_n++];

	*r = *row;
	r->peer = batch_string(d->n, row->peer);
	r->case_id = batch_string(d->n, row->case_id);
	r->name = batch_string(d->n, row->name);
	r->difference = batch_string(d->n, row->difference);
	r->explanation = batch_string(d->n, row->explanation);
	r->own_reference = batch_string(d->n, row->own_reference);
	r->peer_reference = batch_string(d->n, row->peer_reference);
	r->client = batch_string(d->n, row->client);
	r->terms = batch_bytes(d->n, row->terms);
	return CY_OK;
}

static void decide(struct node *n, struct store_clock *row)
{
	int r = CY_OK;
	struct work_case *c = cases_get(n, row->peer, row->case_id, &r);
	const struct law_profile *p = NULL;
	const struct law_clock_rule *rule = clocks_rule(n, row, &p);

	if (c == NULL && r != CY_EDAMAGED) {
		batch_retry(n);
		return;
	}
	/* It is set aside for a while, and everybody else is served. */
	if (c == NULL) {
		row->next = (struct cy_wall){ node_now(n).ms + NODE_DAMAGED_AGAIN_MS };
		clocks_put(n, row);
		return;
	}
	if (rule != NULL)
		escalate_clock(n, c, row, p, rule);
	else
		row->next = (struct cy_wall){ 0 }; /* its profile is gone: nobody says what to do */
	if (!CY_MUTANT_LAW_STEP_FORGOTTEN)
		clocks_put(n, row);
	c->decided = true;
	/* What was said just now changes no clock. */
	c->clocks_changed = false;
}

static void decide_all(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct due *d = cy_arena_take(&n->batch.arena, sizeof *d);

	d->n = n;
	if (s->next_clocks(s->ctx, node_now(n), CY_BOUND(NODE_CLOCKS_DUE), load_due, d) < 0) {
		batch_retry(n);
		return;
	}
	/* A case that this batch changed has its turn in the next one: what was read of its
	 * clocks is not what they are now. Two clocks of one case follow each other. */
	for (size_t i = 0; i < d->rows_n; i++) {
		const struct work_case *c = cases_worked_on(n, d->rows[i].peer, d->rows[i].case_id);

		if (c == NULL || c->decided || CY_MUTANT_LAW_STALE_CLOCK)
			decide(n, &d->rows[i]);
		else
			n->cases->clocks_changed = true;
	}
}

void clocks_step(struct node *n)
{
	clocks_update(n);
	if (n->config.legal_data != NULL && n->config.legal_data->n_profiles > 0 && n->cases->next_clock.ms > 0 &&
	    n->cases->next_clock.ms <= node_now(n).ms && node_may_decide(n))
		decide_all(n);
}

void clocks_failed(struct node *n)
{
	n->cases->clocks_changed = true;
}

void clocks_new(struct node *n)
{
	n->cases = calloc(1, sizeof *n->cases);
	CY_ASSERT(n->cases != NULL);
}

void clocks_free(struct node *n)
{
	free(n->cases);
}

void clocks_resumed(struct node *n)
{
	n->cases->clocks_changed = true;
}

void clocks_start(struct node *n)
{
	n->cases->clocks_changed = true;
	clocks_plan(n);
}

struct cy_mono clocks_next(const struct node *n)
{
	const int64_t left = n->cases->next_clock.ms - node_now(n).ms;

	if (n->cases->next_clock.ms <= 0 || !node_may_decide(n))
		return CY_NEVER;
	return cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), left > 0 ? left : 0);
}

void clocks_plan(struct node *n)
{
	struct store_port *s = &n->ports.store;

	if (!n->cases->clocks_changed)
		return;
	if (s->next_clock(s->ctx, &n->cases->next_clock) == CY_OK)
		n->cases->clocks_changed = false;
	else
		batch_retry(n);
}
