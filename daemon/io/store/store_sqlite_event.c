/* Events, and how far clients have dealt with them. */
#include "io/store/store_sqlite_sql.h"

/* The number of the message that the event is about, if peer and case of the event are those of the message, and so
 * need not be in its row; else 0. */
static int message_of(struct store_applying *a, const struct store_event *ev, sqlite3_int64 *ret_no)
{
	struct store_bind b;
	int rc, r = store_apply_start(a, W_MESSAGE_OF_CASE, &b);

	*ret_no = 0;
	if (r < 0)
		return r;
	bind_id(&b, ev->message_id);
	bind_text(&b, ev->peer);
	bind_id(&b, ev->case_id);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW)
		*ret_no = sqlite3_column_int64(b.s, 0);
	else if (rc != SQLITE_DONE)
		r = store_apply_failed(a, rc);
	sqlite3_reset(b.s);
	return r;
}

int store_put_event(struct store_applying *a, const struct store_event *ev)
{
	sqlite3_int64 message;
	struct store_bind b;
	int r = message_of(a, ev, &message);

	if (r == CY_OK)
		r = store_apply_start(a, W_EVENT, &b);
	if (r < 0)
		return r;
	bind_i64(&b, (int64_t)ev->type);
	bind_i64(&b, ev->at.ms);
	if (message > 0) {
		bind_i64(&b, message);
		bind_null(&b);
		bind_null(&b);
		bind_null(&b);
	} else {
		bind_null(&b);
		bind_text(&b, ev->peer);
		bind_id(&b, ev->case_id);
		bind_id(&b, ev->message_id);
	}
	bind_text(&b, ev->client);
	bind_text(&b, ev->own_reference);
	bind_i64(&b, ev->kind);
	bind_i64(&b, ev->number);
	bind_i64(&b, (int64_t)ev->code);
	bind_text(&b, ev->text);
	bind_text(&b, ev->case_state);
	return store_apply_finish(a, &b);
}

int store_put_cursor(struct store_applying *a, const struct store_cursor *c)
{
	struct store_bind b;
	int r = store_apply_start(a, W_CURSOR, &b);

	if (r < 0)
		return r;
	bind_text(&b, c->client);
	bind_text(&b, c->name);
	bind_u64(&b, c->position);
	return store_apply_finish(a, &b);
}

int store_deliver(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DELIVER, &b);

	if (r < 0)
		return r;
	bind_u64(&b, w->deliver.after);
	bind_u64(&b, w->deliver.last);
	store_bind_client(&b, (struct store_view){ .client = w->deliver.client });
	return store_apply_finish(a, &b);
}

static int event_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	const struct store_event row = { .position = store_u64_at(s, 0),
					 .type = (CyEventType)sqlite3_column_int(s, 1),
					 .at = store_wall_at(s, 2),
					 .peer = store_text_at(s, 3),
					 .case_id = store_id_at(s, 4, case_id),
					 .message_id = store_id_at(s, 5, id),
					 .client = store_text_at(s, 6),
					 .own_reference = store_text_at(s, 7),
					 .kind = store_u32_at(s, 8),
					 .number = store_u32_at(s, 9),
					 .code = (CyRejectionCode)sqlite3_column_int(s, 10),
					 .text = store_text_at(s, 11),
					 .case_state = store_text_at(s, 12),
					 .peer_reference = store_text_at(s, 13) };

	return r->fn.event(r->fn_arg, &row);
}

static int events(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = event_row, .fn.event = fn };
	int i = view.client != NULL ? R_EVENTS_OF : R_EVENTS;
	struct store_bind b;
	int code = store_read_start(ctx, i, &b);

	if (code < 0)
		return code;
	bind_u64(&b, after);
	bind_i64(&b, limit);
	if (view.client != NULL)
		bind_text(&b, view.client);
	return store_read_each(&r, i, &b);
}

static int last_event(void *ctx, uint64_t *ret_position)
{
	struct store_bind b;
	int64_t position;
	int code = store_read_start(ctx, R_LAST_EVENT, &b);

	if (code == CY_OK)
		code = store_read_numbers(ctx, R_LAST_EVENT, &b, &position, 1);
	if (code == CY_OK)
		*ret_position = (uint64_t)position;
	return code;
}

static int pruned_events(void *ctx, uint64_t *ret_position)
{
	struct store_bind b;
	int64_t position;
	int code = store_read_start(ctx, R_PRUNED_EVENTS, &b);

	if (code == CY_OK)
		code = store_read_numbers(ctx, R_PRUNED_EVENTS, &b, &position, 1);
	if (code == CY_OK)
		*ret_position = (uint64_t)position;
	return code;
}

static int read_cursor(void *ctx, const char *client, const char *name, uint64_t *ret_position)
{
	struct store_bind b;
	int64_t position;
	int code = store_read_start(ctx, R_CURSOR, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	bind_text(&b, name);
	code = store_read_numbers(ctx, R_CURSOR, &b, &position, 1);
	if (code == CY_OK)
		*ret_position = (uint64_t)position;
	return code;
}

static int cursor_row(struct store_reading *r, sqlite3_stmt *s)
{
	const struct store_cursor row = { store_text_at(s, 0), store_text_at(s, 1), store_u64_at(s, 2) };

	return r->fn.cursor(r->fn_arg, &row);
}

static int cursors(void *ctx, store_cursor_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = cursor_row, .fn.cursor = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_CURSORS, &b);

	return code < 0 ? code : store_read_each(&r, R_CURSORS, &b);
}

void store_event_port(struct store_port *port)
{
	port->events = events;
	port->last_event = last_event;
	port->pruned_events = pruned_events;
	port->cursor = read_cursor;
	port->cursors = cursors;
}
