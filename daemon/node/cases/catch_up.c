/* Cases of a store that an older version wrote: what is computed from their messages, their terms, time limits and
 * measures, was not known to it. A start computes it, some cases a batch; each is marked in the store until then, so
 * that a process that ends goes on where it was. */
#include <string.h>

#include "node/cases/clocks.h"

#define NODE_CATCH_UP_MAX 16 /* cases of an older store that a batch brings up to date */

struct page {
	struct node *n;
	struct case_name at[NODE_CATCH_UP_MAX];
	size_t n_at;
};

static int add(void *arg, const struct store_case *row)
{
	struct page *p = arg;
	struct case_name *c = &p->at[p->n_at++];

	return cy_copy(c->peer, sizeof c->peer, row->peer) < 0 ||
			       cy_copy(c->case_id, sizeof c->case_id, row->case_id) < 0
		       ? CY_EDAMAGED
		       : CY_OK;
}

struct opening {
	struct node *n;
	struct work_case *c;
	bool pinned;
};

static int pin(void *arg, const struct store_message *row)
{
	struct opening *o = arg;
	CyMessage *m = row->damaged ? NULL : cy_message__unpack(NULL, row->content.len, row->content.data);
	struct law_terms terms;

	if (m != NULL && m->content != NULL && law_kind_opens(m->content->kind_case)) {
		law_terms_of(m, &terms);
		cases_pin(o->n, o->c, &terms);
		o->pinned = true;
	}
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return CY_OK;
}

/* The first message that opens the case; its content may have been erased, and its terms stay as they were known. */
static int find_opening(void *arg, const struct store_message *row)
{
	struct opening *o = arg;
	struct store_port *s = &o->n->ports.store;

	return o->pinned || !law_kind_opens(row->kind) || row->void_code != 0 ? CY_OK
									      : s->get_message(s->ctx, row->id, pin, o);
}

static int compute(struct node *n, struct work_case *c)
{
	struct store_port *s = &n->ports.store;
	struct opening o = { .n = n, .c = c };
	int r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, find_opening, &o);

	if (r < 0)
		return r;
	c->row.stale = false;
	c->clocks_changed = c->unmeasured = true;
	/* Nothing has happened in the case: it is not changed. */
	batch_write(n, STORE_PUT_CASE)->case_row = c->row;
	return CY_OK;
}

void catch_up_start(struct node *n)
{
	n->cases->catching_up = true;
	n->cases->caught_up = (struct case_name){ 0 };
}

struct cy_mono catch_up_next(const struct node *n)
{
	return n->cases->catching_up ? n->ports.clock.mono(n->ports.clock.ctx) : CY_NEVER;
}

void catch_up_step(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct page *p;
	int r;

	if (!n->cases->catching_up || n->batch.only_peer != NULL)
		return;
	p = cy_arena_take(&n->batch.arena, sizeof *p);
	p->n = n;
	r = s->stale_cases(s->ctx, n->cases->caught_up.case_id, n->cases->caught_up.peer, NODE_CATCH_UP_MAX, add, p);
	for (size_t i = 0; r == CY_OK && i < p->n_at; i++) {
		struct work_case *c = cases_get(n, p->at[i].peer, p->at[i].case_id, &r);

		if (c != NULL)
			r = compute(n, c);
		/* One that is damaged stays as it is. */
		if (r == CY_EDAMAGED || r == CY_ENOENT)
			r = CY_OK;
		if (r == CY_OK)
			n->cases->caught_up = p->at[i];
	}
	if (r < 0)
		batch_retry(n);
	else if (p->n_at < NODE_CATCH_UP_MAX)
		n->cases->catching_up = false;
}
