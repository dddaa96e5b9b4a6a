/* Orders in the SQLite store: it writes them to the list of orders before a commit, and keeps the lines that it has
 * obeyed. */
#include "io/store/store_sqlite_sql.h"

int store_put_order(struct store_applying *a, const struct store_order *o)
{
	struct store_bind b;
	int r = store_apply_start(a, W_ORDER, &b);

	if (r < 0)
		return r;
	bind_u64(&b, o->number);
	bind_text(&b, o->line);
	bind_text(&b, o->peer);
	bind_text(&b, o->case_id);
	bind_text(&b, o->message_id);
	bind_i64(&b, o->attachment);
	r = store_apply_finish(a, &b);
	if (r == CY_OK && sqlite3_changes(a->st->writer.db) != 1)
		r = store_apply_refuse(a, "entry %llu of the list of orders does not follow the last one",
				       (unsigned long long)o->number);
	return r;
}

int store_append_orders(struct store_applying *a, const struct store_writeset *w)
{
	const struct orders_port *l = &a->st->orders;
	struct cy_error e = { 0 };

	for (const struct store_write *x = w->first; l->ctx != NULL && x != NULL; x = x->next)
		if (x->op == STORE_PUT_ORDER && l->append(l->ctx, x->order.number, x->order.line, &e) < 0)
			return store_apply_refuse(a, "%s", e.text);
	return CY_OK;
}

static int order_row(struct store_reading *r, sqlite3_stmt *s)
{
	const struct store_order row = {
		.number = store_u64_at(s, 0),
		.line = store_text_at(s, 1),
		.peer = store_text_at(s, 2),
		.case_id = store_text_at(s, 3),
		.message_id = store_text_at(s, 4),
		.attachment = store_u32_at(s, 5),
	};

	return r->fn.order(r->fn_arg, &row);
}

static int orders(void *ctx, uint64_t after, uint32_t limit, store_order_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = order_row, .fn.order = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_ORDERS, &b);

	if (code < 0)
		return code;
	bind_u64(&b, after);
	bind_i64(&b, limit);
	return store_read_each(&r, R_ORDERS, &b);
}

static int last_order(void *ctx, uint64_t *ret_number)
{
	struct store_bind b;
	int64_t number;
	int code = store_read_start(ctx, R_LAST_ORDER, &b);

	if (code == CY_OK)
		code = store_read_numbers(ctx, R_LAST_ORDER, &b, &number, 1);
	if (code == CY_OK)
		*ret_number = (uint64_t)number;
	return code;
}

static int order_about(void *ctx, const char *peer, const char *case_id, const char *message_id, uint32_t attachment,
		       store_order_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = order_row, .fn.order = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_ORDER_ABOUT, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_text(&b, case_id);
	bind_text(&b, message_id);
	bind_i64(&b, attachment);
	return store_read_one(&r, R_ORDER_ABOUT, &b);
}

void store_orders_port(struct store_port *port)
{
	port->orders = orders;
	port->last_order = last_order;
	port->order_about = order_about;
}
