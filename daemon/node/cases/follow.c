/* Requests that follow earlier ones. A request names their cases (Link.case_id), and meets time limits there: what is
 * preserved has been asked for, the full papers have been sent. */
#include <string.h>

#include "node/cases/clocks.h"

#define NODE_FOLLOW_UPS_MAX 64 /* requests that are looked at as those that follow one case */

static bool follows(const struct law_terms *t, const char *case_id)
{
	for (size_t i = 0; i < t->n_follows; i++)
		if (strcmp(t->follows[i], case_id) == 0)
			return true;
	return false;
}

static void put(struct node *n, struct work_case *c)
{
	struct law_terms t;

	if (c->stand_in || law_terms_decode(c->row.terms, &t) < 0)
		return;
	for (size_t i = 0; i < t.n_follows; i++) {
		struct store_write *w = batch_write(n, STORE_PUT_FOLLOW);
		int r = CY_OK;
		struct work_case *earlier = cases_get(n, c->row.peer, t.follows[i], &r);

		w->follow.peer = c->row.peer;
		w->follow.case_id = c->row.case_id;
		w->follow.follows = batch_string(n, t.follows[i]);
		if (earlier != NULL)
			earlier->clocks_changed = true;
		else if (r != CY_ENOENT && r != CY_EDAMAGED)
			n->batch.abort_reason = "the store cannot read a case that another one follows";
	}
}

void follow_put(struct node *n)
{
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next) {
		if (c->relinked && !store_is_unfiled(c->row.case_id))
			put(n, c);
		c->relinked = false;
	}
}

struct gathering {
	struct node *n;
	const struct work_case *c; /* the earlier case */
	struct law_follow_up *list;
	size_t n_list;
};

static void add(struct gathering *g, const struct store_case *row, bool is_void)
{
	struct law_follow_up *f = &g->list[g->n_list];
	struct law_terms t;

	/* Only the side that asked there asks for what follows; and nobody follows himself. */
	if (is_void || strcmp(row->case_id, g->c->row.case_id) == 0 || g->n_list == NODE_FOLLOW_UPS_MAX ||
	    row->side != g->c->row.side || law_terms_decode(row->terms, &t) < 0 || !follows(&t, g->c->row.case_id))
		return;
	*f = (struct law_follow_up){ .case_id = batch_string(g->n, row->case_id), .at_ms = t.opened_ms };
	for (size_t i = 0; i < t.n; i++)
		f->types |= t.type[i] < 64 ? UINT64_C(1) << t.type[i] : 0;
	g->n_list++;
}

static int add_stored(void *arg, const struct store_case *row)
{
	struct gathering *g = arg;

	if (cases_worked_on(g->n, row->peer, row->case_id) == NULL)
		add(g, row, false);
	return CY_OK;
}

static bool asks(const struct law_profile *p)
{
	for (size_t i = 0; i < p->n_clocks; i++)
		if ((p->clocks[i].met_by & 1u << LAW_MEET_FOLLOW_UP) != 0)
			return true;
	return false;
}

int follow_get(struct node *n, const struct work_case *c, const struct law_profile *p, const struct law_follow_up **ret,
	       size_t *ret_n)
{
	struct store_port *s = &n->ports.store;
	struct gathering g = { .n = n, .c = c };
	int r;

	*ret_n = 0;
	if (!asks(p))
		return CY_OK;
	g.list = cy_arena_take(&n->batch.arena, NODE_FOLLOW_UPS_MAX * sizeof *g.list);
	for (const struct work_case *w = n->batch.cases; w != NULL; w = w->next)
		if (strcmp(w->row.peer, c->row.peer) == 0 && w->n > 0)
			add(&g, &w->row, w->kept.folded.state == LAW_CASE_VOID);
	r = s->following(s->ctx, c->row.peer, c->row.case_id, c->row.side, NODE_FOLLOW_UPS_MAX, add_stored, &g);
	*ret = g.list;
	*ret_n = g.n_list;
	return r;
}
