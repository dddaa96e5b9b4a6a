/* Pruning in the SQLite store: expired records are found by their age, a page at a time, and deleted. */
#include "io/store/store_sqlite_sql.h"

/* -------------------------------------------------------------------- writing */

static int drop_cursor(struct store_applying *a, const struct store_cursor *c)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DROP_CURSOR, &b);

	if (r < 0)
		return r;
	bind_text(&b, c->client);
	bind_text(&b, c->name);
	return store_apply_finish(a, &b);
}

static int prune_events(struct store_applying *a, uint64_t last)
{
	struct store_bind b;
	int r = store_apply_start(a, W_PRUNE_EVENTS, &b);

	if (r < 0)
		return r;
	bind_u64(&b, last);
	return store_apply_finish(a, &b);
}

static int spend_key(struct store_applying *a, const struct store_key *k)
{
	struct store_bind b;
	int r = store_apply_start(a, W_SPEND_KEY, &b);

	if (r < 0)
		return r;
	bind_text(&b, k->client);
	bind_key(&b, k->client, k->key);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "an idempotency key of client", k->client);
}

static int drop_parcel(struct store_applying *a, const struct store_parcel *p)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DROP_PARCEL, &b);

	if (r < 0)
		return r;
	bind_text(&b, p->peer);
	bind_i64(&b, (int64_t)p->author);
	bind_u64(&b, p->epoch);
	bind_u64(&b, p->sequence);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "a dissolved parcel of", p->peer);
}

static int drop_custody(struct store_applying *a, const struct store_custody *c)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DROP_CUSTODY, &b);

	if (r < 0)
		return r;
	bind_id(&b, c->message_id);
	bind_i64(&b, c->attachment);
	return store_apply_finish(a, &b);
}

int store_prune(struct store_applying *a, const struct store_write *w)
{
	switch (w->op) {
	case STORE_DROP_CURSOR:
		return drop_cursor(a, &w->cursor);
	case STORE_PRUNE_EVENTS:
		return prune_events(a, w->until);
	case STORE_PRUNE_LEAVES:
		return store_prune_leaves(a, w->until);
	case STORE_SPEND_KEY:
		return spend_key(a, &w->key);
	case STORE_DROP_PARCEL:
		return drop_parcel(a, &w->parcel);
	case STORE_DROP_CUSTODY:
		return drop_custody(a, &w->custody);
	default:
		return store_apply_refuse(a, "a write that prunes nothing");
	}
}

/* -------------------------------------------------------------------- reading */

static int old_keys(void *ctx, struct cy_wall before, uint32_t limit, store_key_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_key_row, .fn.key = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_OLD_KEYS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_OLD_KEYS, &b);
}

static int dissolved(void *ctx, struct cy_wall before, const struct store_parcel *after, uint32_t limit,
		     store_parcel_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_parcel_row, .fn.parcel = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_DISSOLVED, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, after->made.ms);
	bind_text(&b, after->peer);
	bind_u64(&b, after->epoch);
	bind_u64(&b, after->sequence);
	bind_i64(&b, limit);
	return store_read_each(&r, R_DISSOLVED, &b);
}

static int rejected(void *ctx, const char *after_id, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn, .content = true
	};
	struct store_bind b;
	int code = store_read_start(ctx, R_REJECTED, &b);

	if (code < 0)
		return code;
	bind_id(&b, after_id);
	bind_i64(&b, limit);
	return store_read_each(&r, R_REJECTED, &b);
}

static int old_custody_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1];
	const struct store_custody row = { .message_id = store_id_at(s, 0, id),
					   .attachment = store_u32_at(s, 1),
					   .at = store_wall_at(s, 2),
					   .action = "",
					   .by = "",
					   .text = "",
					   .proof = "",
					   .no = store_u64_at(s, 3) };

	return r->fn.custody(r->fn_arg, &row);
}

static int old_custody(void *ctx, struct cy_wall before, struct cy_wall after, uint64_t after_no, uint32_t limit,
		       store_custody_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = old_custody_row, .fn.custody = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_OLD_CUSTODY, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, after.ms);
	bind_u64(&b, after_no);
	bind_i64(&b, limit);
	return store_read_each(&r, R_OLD_CUSTODY, &b);
}

void store_prune_port(struct store_port *port)
{
	port->old_keys = old_keys;
	port->dissolved = dissolved;
	port->rejected = rejected;
	port->old_custody = old_custody;
}
