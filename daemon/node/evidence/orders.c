#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/rows.h"

/* ------------------------------------------------------------- list and store */

struct comparing {
	struct node *n;
	uint64_t stored;
	char line[NODE_ORDER_LINE]; /* of that one, as the store has it */
	bool same;
};

static int keep_line(void *arg, const struct store_order *row)
{
	struct comparing *x = arg;

	return cy_copy(x->line, sizeof x->line, row->line) < 0 ? CY_ESTORE : CY_OK;
}

static int compare_entry(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	struct comparing *x = arg;

	if (o->number == x->stored)
		x->same = strcmp(line, x->line) == 0;
	x->n->orders.last = *mark;
	return CY_OK;
}

int orders_load(struct node *n, struct cy_error *e)
{
	const struct orders_port *l = &n->ports.orders;
	struct store_port *s = &n->ports.store;
	struct comparing x = { .n = n };
	char first[NODE_ORDER_LINE];
	int r;

	if (l->ctx == NULL)
		return CY_OK;
	n->orders.last = orders_first(n->authority, first);
	r = s->last_order(s->ctx, &x.stored);
	if (r == CY_OK && x.stored > 0)
		r = s->orders(s->ctx, x.stored - 1, 1, keep_line, &x);
	if (r < 0)
		return cy_fail(e, r, "what the store knows of the list of orders cannot be read: %s", cy_strerror(r));
	r = l->read(l->ctx, 0, compare_entry, &x, e);
	if (r < 0)
		return r;
	if (n->orders.last.number < x.stored)
		return cy_fail(
			e, CY_ECONFIG,
			"the list of orders in %s ends with entry %" PRIu64 ", and the store knows entry %" PRIu64
			": what was ordered since is missing from it; put the latest list back, or see ORDERS in "
			"comityd(8)",
			l->name, n->orders.last.number, x.stored);
	if (x.stored > 0 && !x.same)
		return cy_fail(e, CY_ECONFIG,
			       "entry %" PRIu64 " of the list of orders in %s is not the one that the store knows: the "
			       "list or the store is of another time or place; put back the list that belongs to the "
			       "store, or see ORDERS in comityd(8)",
			       x.stored, l->name);
	n->orders.stored = x.stored;
	return CY_OK;
}

static void keep(struct node *n, const struct node_order *o, const char *line)
{
	struct store_write *w = batch_write(n, STORE_PUT_ORDER);

	w->order = (struct store_order){ .number = o->number,
					 .line = batch_string(n, line),
					 .peer = batch_string(n, o->peer),
					 .case_id = batch_string(n, o->case_id),
					 .message_id = batch_string(n, o->message_id),
					 .attachment = o->attachment };
	n->orders.stored = o->number;
}

/* An order about an attachment that this store, or this row, does not know yet. */
static void obey_hold(struct node *n, struct store_evidence *row, const struct node_order *o)
{
	const bool hold = o->kind == NODE_ORDER_HOLD;
	char text[80];

	if (row->legal_hold == hold)
		return;
	row->legal_hold = hold;
	snprintf(text, sizeof text, "entry %" PRIu64 " of the list of orders; the store was behind it", o->number);
	evidence_custody(n, row, hold ? "held" : "released", o->by, text, "", o->at);
}

static void obey(struct node *n, const struct node_order *o)
{
	struct store_evidence row;
	int r;

	switch (o->kind) {
	case NODE_ORDER_HOLD:
	case NODE_ORDER_RELEASE:
		r = evidence_get(n, o->message_id, o->attachment, &row);
		if (r < 0 && r != CY_ENOENT)
			n->batch.abort_reason = "the store cannot read the evidence that an order is about";
		/* It was lost with the disk: orders_remember() when it comes back. */
		if (r < 0)
			return;
		obey_hold(n, &row, o);
		evidence_put(n, &row);
		return;
	case NODE_ORDER_ERASE:
		cases_erase_soon(n);
		return;
	case NODE_ORDERS_N:
		return;
	}
}

static int obey_entry(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	struct node *n = arg;

	(void)mark;
	if (!CY_MUTANT_ORDERS_FORGOTTEN)
		obey(n, o);
	keep(n, o, line);
	return CY_OK;
}

void orders_step(struct node *n)
{
	const struct orders_port *l = &n->ports.orders;
	const uint64_t from = n->orders.stored;
	struct cy_error e = { 0 };

	if (l->ctx == NULL || from == n->orders.last.number)
		return;
	if (l->read(l->ctx, from, obey_entry, n, &e) < 0) {
		n->batch.abort_reason = cy_arena_string(&n->batch.arena, e.text);
		return;
	}
	node_log(n, NODE_INFO, NODE_EVENT_STORE, "",
		 "the store did not know the last %" PRIu64 " of the list of orders: what they say is done now",
		 n->orders.last.number - from);
}

struct cy_mono orders_next(const struct node *n)
{
	return n->orders.stored < n->orders.last.number ? n->ports.clock.mono(n->ports.clock.ctx) : CY_NEVER;
}

void orders_add(struct node *n, enum node_order_kind kind, const struct store_evidence *about, const char *by,
		const char *reason)
{
	struct node_order o = { .at = node_legal_now(n), .kind = kind, .attachment = about->attachment };
	char line[NODE_ORDER_LINE];

	if (n->ports.orders.ctx == NULL)
		return;
	cy_copy(o.peer, sizeof o.peer, about->peer);
	cy_copy(o.case_id, sizeof o.case_id, about->case_id);
	cy_copy(o.message_id, sizeof o.message_id, about->message_id != NULL ? about->message_id : "");
	cy_copy(o.by, sizeof o.by, by);
	o.reason = cy_sha256(cy_bytes(reason, strlen(reason)));
	orders_write(&n->orders.last, &o, line);
	keep(n, &o, line);
}

/* --------------------------------------------------------------- what comes back */

/* A line of the store's: the list had it, so that its chain is not looked at again. */
static int remember(void *arg, const struct store_order *row)
{
	char line[NODE_ORDER_LINE];

	return cy_copy(arg, sizeof line, row->line);
}

void orders_remember(struct node *n, struct store_evidence *row)
{
	struct store_port *s = &n->ports.store;
	char line[NODE_ORDER_LINE] = "";
	struct node_order o;
	int r;

	if (n->orders.stored == 0)
		return;
	r = s->order_about(s->ctx, row->peer, row->case_id, row->message_id, row->attachment, remember, line);
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_ORDER && w->order.attachment == row->attachment &&
		    strcmp(w->order.message_id, row->message_id) == 0)
			cy_copy(line, sizeof line, w->order.line);
	if (r < 0 && r != CY_ENOENT)
		n->batch.abort_reason = "the store cannot read what was ordered about evidence";
	if (orders_fields(line, &o) == CY_OK)
		obey_hold(n, row, &o);
}

#define PAGE 64u /* orders that are read at one time */

struct page {
	size_t n;
	uint64_t last;
	char lines[PAGE][NODE_ORDER_LINE];
};

static int add_line(void *arg, const struct store_order *row)
{
	struct page *p = arg;

	p->last = row->number;
	return cy_copy(p->lines[p->n++], NODE_ORDER_LINE, row->line) < 0 ? CY_ESTORE : CY_OK;
}

/* Each order of this kind that the store has obeyed, in order of number. */
static int each_of(struct node *n, enum node_order_kind kind, int (*fn)(struct node *n, const struct node_order *o))
{
	struct store_port *s = &n->ports.store;
	struct page *p = cy_arena_take(&n->batch.arena, sizeof *p);
	int r = CY_OK;

	if (n->orders.stored == 0)
		return CY_OK;
	do {
		p->n = 0;
		r = s->orders(s->ctx, p->last, PAGE, add_line, p);
		for (size_t i = 0; r == CY_OK && i < p->n; i++) {
			struct node_order o;

			if (orders_fields(p->lines[i], &o) == CY_OK && o.kind == kind)
				r = fn(n, &o);
		}
	} while (r == CY_OK && p->n == PAGE);
	return r;
}

int orders_erasures(struct node *n, int (*fn)(struct node *n, const struct node_order *o))
{
	return each_of(n, NODE_ORDER_ERASE, fn);
}

static int look_lost(struct node *n, const struct node_order *o)
{
	struct store_port *s = &n->ports.store;
	char line[NODE_ORDER_LINE] = "";
	struct store_evidence row;
	struct node_order last;
	int r = evidence_get(n, o->message_id, o->attachment, &row);

	if (r != CY_ENOENT)
		return r;
	r = s->order_about(s->ctx, o->peer, o->case_id, o->message_id, o->attachment, remember, line);
	if (r < 0 || orders_fields(line, &last) < 0)
		return CY_ESTORE;
	return last.kind == NODE_ORDER_RELEASE ? CY_OK : CY_EEXIST;
}

bool orders_hold_lost(struct node *n)
{
	return each_of(n, NODE_ORDER_HOLD, look_lost) != CY_OK;
}
