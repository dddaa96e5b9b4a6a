#include "store_mem_orders.h"

#include <stdlib.h>
#include <string.h>

#include "store_mem_internal.h"

/* ---------------------------------------------------------------- the list */

void orders_mem_init(struct orders_mem *l, const char *authority)
{
	*l = (struct orders_mem){ 0 };
	l->begin = orders_first(authority, l->first);
}

void orders_mem_free(struct orders_mem *l)
{
	free(l->lines);
}

static int read_list(void *ctx, uint64_t after,
		     int (*fn)(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark),
		     void *arg, struct cy_error *e)
{
	const struct orders_mem *l = ctx;
	struct orders_mark mark = l->begin;
	int r = CY_OK;

	for (size_t i = 0; r == CY_OK && i < l->n; i++) {
		struct node_order o;

		r = orders_read(l->lines[i], &mark, &o, e);
		if (r == CY_OK && o.number > after)
			r = fn(arg, &o, l->lines[i], &mark);
	}
	return r;
}

static int append(void *ctx, uint64_t number, const char *line, struct cy_error *e)
{
	struct orders_mem *l = ctx;

	if (number <= l->n)
		return CY_OK;
	if (l->full || number != l->n + 1)
		return cy_fail(e, CY_EIO, "the list of orders cannot be written");
	GROW(l->lines, l->n, l->cap);
	CY_ASSERT(cy_copy(l->lines[l->n++], NODE_ORDER_LINE, line) == CY_OK);
	return CY_OK;
}

struct orders_port orders_mem_port(struct orders_mem *l)
{
	return (struct orders_port){ l, "memory", read_list, append };
}

int orders_mem_append(struct orders_mem *l, const struct store_writeset *w)
{
	int r = CY_OK;

	for (const struct store_write *x = w->first; r == CY_OK && x != NULL; x = x->next)
		if (x->op == STORE_PUT_ORDER)
			r = append(l, x->order.number, x->order.line, NULL);
	return r;
}

/* ---------------------------------------------------------- the store's copy */

void mem_orders_apply(struct mem_store *s, const struct store_order *o)
{
	struct store_order *row = cy_arena_take(&s->arena, sizeof *row);

	if (o->number != s->n_orders + 1)
		mem_broken(s, "order %llu follows %zu", (unsigned long long)o->number, s->n_orders);
	*row = *o;
	row->line = mem_text(s, o->line, NULL);
	row->peer = mem_text(s, o->peer, NULL);
	row->case_id = mem_text(s, o->case_id, NULL);
	row->message_id = mem_text(s, o->message_id, NULL);
	GROW(s->orders, s->n_orders, s->cap_orders);
	s->orders[s->n_orders++] = row;
}

static int orders(void *ctx, uint64_t after, uint32_t limit, store_order_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = after; r == CY_OK && i < s->n_orders && i - after < limit; i++)
		r = fn(arg, s->orders[i]);
	return r;
}

static int last_order(void *ctx, uint64_t *ret_number)
{
	struct mem_store *s = ctx;

	if (s->unreadable)
		return CY_ESTORE;
	*ret_number = s->n_orders;
	return CY_OK;
}

static int order_about(void *ctx, const char *peer, const char *case_id, const char *message_id, uint32_t attachment,
		       store_order_fn *fn, void *arg)
{
	struct mem_store *s = ctx;

	if (s->unreadable)
		return CY_ESTORE;
	for (size_t i = s->n_orders; i-- > 0;) {
		const struct store_order *o = s->orders[i];

		if (o->attachment == attachment && strcmp(o->message_id, message_id) == 0 &&
		    strcmp(o->case_id, case_id) == 0 && strcmp(o->peer, peer) == 0)
			return fn(arg, o);
	}
	return CY_ENOENT;
}

void mem_orders_port(struct store_port *port)
{
	port->orders = orders;
	port->last_order = last_order;
	port->order_about = order_about;
}
