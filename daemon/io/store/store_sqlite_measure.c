/* The outcomes of measures, and the published tables of them, in the SQLite store. */
#include "io/store/store_sqlite_sql.h"
#include "law/clock.h"

_Static_assert(LAW_CLOCK_RUNNING == 1 && LAW_CLOCK_MET == 3 && LAW_CLOCK_CEASED == 4, "LIMITS names these numbers");

int store_put_measure(struct store_applying *a, const struct store_measure *m)
{
	const struct law_stat *s = &m->stat;
	struct store_bind b;
	int r = store_apply_case(a, m->peer, m->case_id);

	if (r == CY_OK)
		r = store_apply_start(a, W_MEASURE, &b);
	if (r < 0)
		return r;
	bind_i64(&b, a->st->last_case.no);
	bind_i64(&b, s->measure);
	bind_i64(&b, s->kind);
	bind_i64(&b, s->type);
	bind_i64(&b, (int64_t)s->outcome);
	bind_i64(&b, s->ground);
	bind_i64(&b, s->sent_ms);
	bind_i64(&b, s->acknowledged_ms);
	bind_i64(&b, s->decided_ms);
	bind_i64(&b, s->ended_ms);
	bind_i64(&b, s->rounds);
	bind_i64(&b, s->relied);
	bind_i64(&b, s->repeated);
	return store_apply_finish(a, &b);
}

static struct law_limits limits_at(sqlite3_stmt *s, int i)
{
	return (struct law_limits){ store_u32_at(s, i), store_u32_at(s, i + 1), store_u32_at(s, i + 2),
				    store_u32_at(s, i + 3) };
}

static int measure_row(struct store_reading *r, sqlite3_stmt *s)
{
	char case_id[CY_UUID_LEN + 1];
	const struct store_measure row = {
		.peer = store_text_at(s, 1),
		.case_id = store_id_at(s, 2, case_id),
		.stat = { .request = store_u64_at(s, 0),
			  .side = (CySide)sqlite3_column_int(s, 3),
			  .measure = (uint8_t)sqlite3_column_int(s, 4),
			  .kind = store_u32_at(s, 5),
			  .type = (uint8_t)sqlite3_column_int(s, 6),
			  .outcome = (enum law_outcome)sqlite3_column_int(s, 7),
			  .ground = (uint8_t)sqlite3_column_int(s, 8),
			  .sent_ms = sqlite3_column_int64(s, 9),
			  .acknowledged_ms = sqlite3_column_int64(s, 10),
			  .decided_ms = sqlite3_column_int64(s, 11),
			  .ended_ms = sqlite3_column_int64(s, 12),
			  .rounds = store_u32_at(s, 13),
			  .relied = store_u32_at(s, 14),
			  .repeated = store_u32_at(s, 15),
			  .limits = { limits_at(s, 16), limits_at(s, 20) },
			  .request_limits = { limits_at(s, 24), limits_at(s, 28) } },
	};

	return r->fn.measure(r->fn_arg, &row);
}

static int measures(void *ctx, struct store_view view, const struct store_measure_query *q, store_measure_fn *fn,
		    void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = measure_row, .fn.measure = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_MEASURES, &b);

	if (code < 0)
		return code;
	bind_i64(&b, q->after.sent_ms);
	bind_u64(&b, q->after.request);
	bind_i64(&b, q->after.measure);
	bind_i64(&b, q->until.ms);
	bind_text(&b, q->peer);
	bind_text(&b, q->instrument);
	bind_i64(&b, q->type);
	bind_i64(&b, q->now.ms);
	store_bind_client(&b, view);
	bind_i64(&b, q->limit);
	return store_read_each(&r, R_MEASURES, &b);
}

int store_publish(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_start(a, W_PUBLISH, &b);

	if (r < 0)
		return r;
	bind_text(&b, w->published.year);
	bind_bytes(&b, w->published.table);
	return store_apply_finish(a, &b);
}

static int published_row(struct store_reading *r, sqlite3_stmt *s)
{
	return r->fn.bytes(r->fn_arg, store_text_at(s, 0), store_bytes_at(s, 1));
}

static int published(void *ctx, const char *year, store_bytes_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = published_row, .fn.bytes = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_PUBLISHED, &b);

	if (code < 0)
		return code;
	bind_text(&b, year);
	return store_read_one(&r, R_PUBLISHED, &b);
}

void store_measure_port(struct store_port *port)
{
	port->measures = measures;
	port->published = published;
}
