/* Clocks, hooks and the peers' treaty profiles in the SQLite store. */
#include <string.h>

#include "io/store/store_sqlite_sql.h"

/* -------------------------------------------------------------------- writing */

int store_put_clock(struct store_applying *a, const struct store_clock *c)
{
	struct store_bind b;
	int r = store_apply_case(a, c->peer, c->case_id);

	if (r == CY_OK)
		r = store_apply_start(a, W_CLOCK, &b);
	if (r < 0)
		return r;
	bind_i64(&b, a->st->last_case.no);
	bind_text(&b, c->name);
	bind_i64(&b, c->measure);
	bind_i64(&b, c->notice);
	bind_i64(&b, c->ours);
	bind_i64(&b, c->state);
	bind_i64(&b, c->start.ms);
	bind_i64(&b, c->due.ms);
	bind_i64(&b, c->ended.ms);
	bind_i64(&b, c->lapsed.ms);
	bind_i64(&b, c->round);
	bind_i64(&b, c->rungs);
	bind_i64(&b, c->next.ms);
	bind_i64(&b, c->stated_start.ms);
	bind_i64(&b, c->start_by);
	bind_i64(&b, c->stated_due.ms);
	bind_i64(&b, c->due_by);
	bind_text(&b, c->difference);
	bind_text(&b, c->explanation);
	bind_i64(&b, c->breach);
	bind_i64(&b, c->excused.ms);
	return store_apply_finish(a, &b);
}

int store_put_hook(struct store_applying *a, const struct store_write *w)
{
	const bool put = w->op == STORE_PUT_HOOK;
	struct store_bind b;
	int r = store_apply_start(a, put ? W_HOOK : W_DROP_HOOK, &b);

	if (r < 0)
		return r;
	bind_text(&b, w->hook.id);
	if (put)
		bind_bytes(&b, w->hook.environment);
	return store_apply_finish(a, &b);
}

int store_put_peer_profile(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_start(a, W_PEER_PROFILE, &b);

	if (r < 0)
		return r;
	bind_text(&b, w->profile.peer);
	bind_text(&b, w->profile.instrument);
	bind_text(&b, w->profile.version);
	bind_bytes(&b, cy_bytes(w->profile.digest.b, sizeof w->profile.digest.b));
	bind_bytes(&b, w->profile.text);
	return store_apply_finish(a, &b);
}

/* -------------------------------------------------------------------- reading */

static int clock_row(struct store_reading *r, sqlite3_stmt *s)
{
	char case_id[CY_UUID_LEN + 1];
	const struct store_clock row = { .id = store_u64_at(s, 0),
					 .peer = store_text_at(s, 1),
					 .case_id = store_id_at(s, 2, case_id),
					 .side = (CySide)sqlite3_column_int(s, 3),
					 .own_reference = store_text_at(s, 4),
					 .peer_reference = store_text_at(s, 5),
					 .client = store_text_at(s, 6),
					 .terms = store_bytes_at(s, 7),
					 .name = store_text_at(s, 8),
					 .measure = store_u32_at(s, 9),
					 .notice = store_u32_at(s, 10),
					 .ours = sqlite3_column_int(s, 11) != 0,
					 .state = sqlite3_column_int(s, 12),
					 .start = store_wall_at(s, 13),
					 .due = store_wall_at(s, 14),
					 .ended = store_wall_at(s, 15),
					 .lapsed = store_wall_at(s, 16),
					 .round = store_u32_at(s, 17),
					 .rungs = store_u32_at(s, 18),
					 .next = store_wall_at(s, 19),
					 .stated_start = store_wall_at(s, 20),
					 .start_by = store_u32_at(s, 21),
					 .stated_due = store_wall_at(s, 22),
					 .due_by = store_u32_at(s, 23),
					 .difference = store_text_at(s, 24),
					 .explanation = store_text_at(s, 25),
					 .breach = sqlite3_column_int(s, 26) != 0,
					 .excused = store_wall_at(s, 27),
					 .starter = (enum store_transport)sqlite3_column_int(s, 28) };

	return r->fn.clock(r->fn_arg, &row);
}

static int case_clocks(void *ctx, struct store_view view, const char *peer, const char *case_id, store_clock_fn *fn,
		       void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = clock_row, .fn.clock = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_CASE_CLOCKS, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	store_bind_client(&b, view);
	return store_read_each(&r, R_CASE_CLOCKS, &b);
}

static int get_clock(void *ctx, struct store_view view, uint64_t id, store_clock_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = clock_row, .fn.clock = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_CLOCK, &b);

	if (code < 0)
		return code;
	bind_u64(&b, id);
	store_bind_client(&b, view);
	return store_read_one(&r, R_GET_CLOCK, &b);
}

static int next_clocks(void *ctx, struct cy_wall now, uint32_t limit, store_clock_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = clock_row, .fn.clock = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_NEXT_CLOCKS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, now.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_NEXT_CLOCKS, &b);
}

static int next_clock(void *ctx, struct cy_wall *ret_at)
{
	struct store_bind b;
	int64_t at = 0;
	int code = store_read_start(ctx, R_NEXT_CLOCK, &b);

	if (code == CY_OK)
		code = store_read_numbers(ctx, R_NEXT_CLOCK, &b, &at, 1);
	if (code == CY_OK)
		*ret_at = (struct cy_wall){ at };
	return code;
}

static int open_clocks(void *ctx, struct store_view view, const char *peer, struct cy_wall after, uint64_t after_id,
		       struct cy_wall until, uint32_t limit, store_clock_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = clock_row, .fn.clock = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_OPEN_CLOCKS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, after.ms);
	bind_u64(&b, after_id);
	bind_i64(&b, until.ms);
	bind_text(&b, peer);
	store_bind_client(&b, view);
	bind_i64(&b, limit);
	return store_read_each(&r, R_OPEN_CLOCKS, &b);
}

static int hook_row(struct store_reading *r, sqlite3_stmt *s)
{
	return r->fn.bytes(r->fn_arg, store_text_at(s, 0), store_bytes_at(s, 1));
}

static int hooks(void *ctx, uint32_t limit, store_bytes_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = hook_row, .fn.bytes = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_HOOKS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, limit);
	return store_read_each(&r, R_HOOKS, &b);
}

static int profile_row(struct store_reading *r, sqlite3_stmt *s)
{
	const struct cy_bytes digest = store_bytes_at(s, 0);
	char hex[CY_SHA256_HEX];

	if (digest.len != CY_SHA256_LEN)
		return CY_EDAMAGED;
	cy_hex(digest.data, CY_SHA256_LEN, hex);
	return r->fn.bytes(r->fn_arg, hex, store_bytes_at(s, 1));
}

static int peer_profile(void *ctx, const char *peer, const char *instrument, const char *version, store_bytes_fn *fn,
			void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = profile_row, .fn.bytes = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_PEER_PROFILE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_text(&b, instrument);
	bind_text(&b, version);
	return store_read_one(&r, R_PEER_PROFILE, &b);
}

void store_clock_port(struct store_port *port)
{
	port->case_clocks = case_clocks;
	port->get_clock = get_clock;
	port->next_clocks = next_clocks;
	port->next_clock = next_clock;
	port->open_clocks = open_clocks;
	port->hooks = hooks;
	port->peer_profile = peer_profile;
}
