/* Evidence and what clients have handed over, in the SQLite store. */
#include "io/store/store_sqlite_sql.h"

static void bind_digest(struct store_bind *b, const struct cy_digest *d)
{
	bind_bytes(b, cy_bytes(d->b, sizeof d->b));
}

/* -------------------------------------------------------------------- writing */

int store_put_evidence(struct store_applying *a, const struct store_evidence *e)
{
	struct store_bind b;
	int r = store_apply_start(a, W_EVIDENCE, &b);

	if (r < 0)
		return r;
	bind_id(&b, e->message_id);
	bind_text(&b, e->peer);
	bind_id(&b, e->case_id);
	bind_i64(&b, e->attachment);
	bind_i64(&b, (int64_t)e->author);
	bind_i64(&b, e->number);
	bind_i64(&b, (int64_t)e->priority);
	bind_u64(&b, e->size);
	bind_digest(&b, &e->sha256);
	bind_digest(&b, &e->root);
	bind_i64(&b, e->send_always);
	bind_i64(&b, (int64_t)e->state);
	bind_text(&b, e->reason);
	bind_i64(&b, (int64_t)e->verdict);
	bind_i64(&b, e->arrived.ms);
	bind_i64(&b, e->retain_until.ms);
	bind_i64(&b, e->legal_hold);
	bind_i64(&b, e->retrieved);
	bind_i64(&b, e->unstated);
	bind_i64(&b, e->receiver_done.ms);
	bind_i64(&b, e->deleted);
	bind_i64(&b, e->verified.ms);
	bind_i64(&b, (int64_t)e->flaw);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "evidence of message", e->message_id);
}

int store_put_upload(struct store_applying *a, const struct store_upload *u)
{
	struct store_bind b;
	int r = store_apply_start(a, W_UPLOAD, &b);

	if (r < 0)
		return r;
	bind_text(&b, u->client);
	bind_digest(&b, &u->sha256);
	bind_digest(&b, &u->root);
	bind_u64(&b, u->size);
	bind_i64(&b, u->at.ms);
	return store_apply_finish(a, &b);
}

int store_drop_upload(struct store_applying *a, const struct store_upload *u)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DROP_UPLOAD, &b);

	if (r < 0)
		return r;
	bind_text(&b, u->client);
	bind_digest(&b, &u->sha256);
	return store_apply_finish(a, &b);
}

/* A leftover is an upload of nobody (""), made when it was found; what is discarded has the time 1. */
#define DISCARDED_AT 1

int store_put_leftover(struct store_applying *a, const struct store_leftover *l)
{
	const struct store_upload row = { .client = "",
					  .sha256 = l->sha256,
					  .root = l->root,
					  .size = l->size,
					  .at = { l->found.ms > 0 ? l->found.ms : DISCARDED_AT } };

	return store_put_upload(a, &row);
}

int store_drop_leftover(struct store_applying *a, const struct store_leftover *l)
{
	return store_drop_upload(a, &(struct store_upload){ .client = "", .sha256 = l->sha256 });
}

/* -------------------------------------------------------------------- reading */

static int evidence_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	struct store_evidence row = { .message_id = store_id_at(s, 0, id),
				      .attachment = store_u32_at(s, 1),
				      .peer = store_text_at(s, 2),
				      .case_id = store_id_at(s, 3, case_id),
				      .author = (enum store_author)sqlite3_column_int(s, 4),
				      .number = store_u32_at(s, 5),
				      .priority = (CyPriority)sqlite3_column_int(s, 6),
				      .size = store_u64_at(s, 7),
				      .send_always = sqlite3_column_int(s, 10) != 0,
				      .state = (enum store_evidence_state)sqlite3_column_int(s, 11),
				      .reason = store_text_at(s, 12),
				      .verdict = (CyEvidenceState)sqlite3_column_int(s, 13),
				      .arrived = store_wall_at(s, 14),
				      .retain_until = store_wall_at(s, 15),
				      .legal_hold = sqlite3_column_int(s, 16) != 0,
				      .retrieved = sqlite3_column_int(s, 17) != 0,
				      .unstated = sqlite3_column_int(s, 18) != 0,
				      .receiver_done = store_wall_at(s, 19),
				      .deleted = sqlite3_column_int(s, 20) != 0,
				      .verified = store_wall_at(s, 21),
				      .flaw = (enum store_flaw)sqlite3_column_int(s, 22) };
	int code = store_digest_at(s, 8, &row.sha256);

	if (code == CY_OK)
		code = store_digest_at(s, 9, &row.root);
	return code < 0 ? code : r->fn.evidence(r->fn_arg, &row);
}

static int key_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1];
	const struct store_evidence row = { .message_id = store_id_at(s, 0, id),
					    .attachment = store_u32_at(s, 1),
					    .verified = store_wall_at(s, 2) };

	return r->fn.evidence(r->fn_arg, &row);
}

static int get_evidence(void *ctx, const char *message_id, uint32_t attachment, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_id(&b, message_id);
	bind_i64(&b, attachment);
	return store_read_one(&r, R_GET_EVIDENCE, &b);
}

static int list_evidence(void *ctx, struct store_view view, const struct store_evidence_query *q, store_evidence_fn *fn,
			 void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	const int i = q->case_id[0] != '\0' ? R_EVIDENCE_OF_CASE
		      : view.client != NULL ? R_EVIDENCE_OF_CLIENT
		      : q->peer[0] != '\0'  ? R_EVIDENCE_OF_PEER
					    : R_EVIDENCE;
	struct store_bind b;
	int code = store_read_start(ctx, i, &b);

	if (code < 0)
		return code;
	bind_id(&b, q->after_message);
	bind_i64(&b, q->after_attachment);
	bind_i64(&b, q->limit);
	store_bind_client(&b, view);
	bind_text(&b, q->peer);
	if (i == R_EVIDENCE_OF_CASE)
		bind_id(&b, q->case_id);
	return store_read_each(&r, i, &b);
}

static int waiting_evidence(void *ctx, const char *peer, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_WAITING_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, limit);
	return store_read_each(&r, R_WAITING_EVIDENCE, &b);
}

static int waiting_after(void *ctx, const char *peer, CyPriority priority, const char *after_message,
			 uint32_t after_attachment, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_WAITING_AFTER, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, (int64_t)priority);
	bind_id(&b, after_message);
	bind_i64(&b, after_attachment);
	bind_i64(&b, limit);
	return store_read_each(&r, R_WAITING_AFTER, &b);
}

static int offered_evidence(void *ctx, const char *peer, bool *ret_any)
{
	struct store_bind b;
	int64_t any = 0;
	int code = store_read_start(ctx, R_OFFERED_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	code = store_read_numbers(ctx, R_OFFERED_EVIDENCE, &b, &any, 1);
	if (code == CY_OK)
		*ret_any = any != 0;
	return code;
}

static int same_evidence(void *ctx, const struct cy_digest *sha256, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_SAME_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_digest(&b, sha256);
	return store_read_each(&r, R_SAME_EVIDENCE, &b);
}

static int same_keys(void *ctx, const struct cy_digest *sha256, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = key_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_SAME_KEYS, &b);

	if (code < 0)
		return code;
	bind_digest(&b, sha256);
	return store_read_each(&r, R_SAME_KEYS, &b);
}

static int delivered_evidence(void *ctx, const char *peer, const struct cy_digest *sha256, store_evidence_fn *fn,
			      void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_DELIVERED_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_digest(&b, sha256);
	bind_text(&b, peer);
	return store_read_one(&r, R_DELIVERED_EVIDENCE, &b);
}

static int unstated_evidence(void *ctx, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_UNSTATED_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_i64(&b, limit);
	return store_read_each(&r, R_UNSTATED_EVIDENCE, &b);
}

static int held_back_evidence(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
			      store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_HELD_BACK_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_id(&b, after_message);
	bind_i64(&b, after_attachment);
	bind_i64(&b, limit);
	return store_read_each(&r, R_HELD_BACK_EVIDENCE, &b);
}

static int overdue_evidence(void *ctx, const char *peer, struct cy_wall now, uint32_t limit, store_evidence_fn *fn,
			    void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_OVERDUE_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, now.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_OVERDUE_EVIDENCE, &b);
}

static int spent_evidence(void *ctx, const char *peer, struct cy_wall before, uint32_t limit, store_evidence_fn *fn,
			  void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = evidence_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_SPENT_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_SPENT_EVIDENCE, &b);
}

static int unverified_evidence(void *ctx, struct cy_wall after, const char *after_message, uint32_t after_attachment,
			       struct cy_wall before, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = key_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_UNVERIFIED_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_i64(&b, after.ms);
	bind_id(&b, after_message);
	bind_i64(&b, after_attachment);
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_UNVERIFIED_EVIDENCE, &b);
}

static int flawed_evidence(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
			   store_evidence_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = key_row, .fn.evidence = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_FLAWED_EVIDENCE, &b);

	if (code < 0)
		return code;
	bind_id(&b, after_message);
	bind_i64(&b, after_attachment);
	bind_i64(&b, limit);
	return store_read_each(&r, R_FLAWED_EVIDENCE, &b);
}

/* A sum that no disk can hold is given as UINT64_MAX. */
static uint64_t sum(int64_t high, int64_t low)
{
	const uint64_t top = (uint64_t)high + ((uint64_t)low >> 32);

	return top > UINT32_MAX ? UINT64_MAX : top << 32 | ((uint64_t)low & UINT32_MAX);
}

static int evidence_bytes(void *ctx, const char *peer, const char *case_id, uint64_t *ret_peer, uint64_t *ret_case)
{
	struct store_bind b;
	int64_t n[4] = { 0 };
	int code = store_read_start(ctx, R_EVIDENCE_BYTES, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	code = store_read_numbers(ctx, R_EVIDENCE_BYTES, &b, n, 4);
	if (code < 0 && code != CY_ENOENT)
		return code;
	*ret_peer = sum(n[0], n[1]);
	*ret_case = sum(n[2], n[3]);
	return CY_OK;
}

static int upload_row(struct store_reading *r, sqlite3_stmt *s)
{
	struct store_upload row = { .client = store_text_at(s, 0),
				    .size = store_u64_at(s, 3),
				    .at = store_wall_at(s, 4) };
	int code = store_digest_at(s, 1, &row.sha256);

	if (code == CY_OK)
		code = store_digest_at(s, 2, &row.root);
	return code < 0 ? code : r->fn.upload(r->fn_arg, &row);
}

static int get_upload(void *ctx, const char *client, const struct cy_digest *sha256, store_upload_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = upload_row, .fn.upload = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_UPLOAD, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	bind_digest(&b, sha256);
	return store_read_one(&r, R_GET_UPLOAD, &b);
}

static int uploads(void *ctx, const struct cy_digest *sha256, struct cy_wall from, struct cy_wall before,
		   uint32_t limit, store_upload_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = upload_row, .fn.upload = fn };
	const int i = sha256 != NULL ? R_UPLOADS_OF_CONTENT : R_UPLOADS;
	struct store_bind b;
	int code = store_read_start(ctx, i, &b);

	if (code < 0)
		return code;
	bind_i64(&b, from.ms);
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	if (sha256 != NULL)
		bind_digest(&b, sha256);
	return store_read_each(&r, i, &b);
}

static int leftover_row(struct store_reading *r, sqlite3_stmt *s)
{
	const int64_t at = store_wall_at(s, 4).ms;
	struct store_leftover row = { .size = store_u64_at(s, 3), .found = { at == DISCARDED_AT ? 0 : at } };
	int code = store_digest_at(s, 1, &row.sha256);

	if (code == CY_OK)
		code = store_digest_at(s, 2, &row.root);
	return code < 0 ? code : r->fn.leftover(r->fn_arg, &row);
}

static int get_leftover(void *ctx, const struct cy_digest *sha256, store_leftover_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = leftover_row, .fn.leftover = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_UPLOAD, &b);

	if (code < 0)
		return code;
	bind_text(&b, "");
	bind_digest(&b, sha256);
	return store_read_one(&r, R_GET_UPLOAD, &b);
}

static int discarded(void *ctx, uint32_t limit, store_leftover_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = leftover_row, .fn.leftover = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_DISCARDED, &b);

	if (code < 0)
		return code;
	bind_i64(&b, limit);
	return store_read_each(&r, R_DISCARDED, &b);
}

static int strays(void *ctx, struct cy_wall before, uint32_t limit, store_leftover_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = leftover_row, .fn.leftover = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_STRAYS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	return store_read_each(&r, R_STRAYS, &b);
}

static int upload_bytes(void *ctx, const char *client, uint64_t *ret_bytes)
{
	struct store_bind b;
	int64_t n = 0;
	int code = store_read_start(ctx, R_UPLOAD_BYTES, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	code = store_read_numbers(ctx, R_UPLOAD_BYTES, &b, &n, 1);
	if (code < 0 && code != CY_ENOENT)
		return code;
	*ret_bytes = (uint64_t)n;
	return CY_OK;
}

void store_evidence_port(struct store_port *port)
{
	port->get_evidence = get_evidence;
	port->list_evidence = list_evidence;
	port->waiting_evidence = waiting_evidence;
	port->waiting_after = waiting_after;
	port->offered_evidence = offered_evidence;
	port->same_evidence = same_evidence;
	port->same_keys = same_keys;
	port->delivered_evidence = delivered_evidence;
	port->overdue_evidence = overdue_evidence;
	port->spent_evidence = spent_evidence;
	port->unverified_evidence = unverified_evidence;
	port->flawed_evidence = flawed_evidence;
	port->held_back_evidence = held_back_evidence;
	port->unstated_evidence = unstated_evidence;
	port->evidence_bytes = evidence_bytes;
	port->get_upload = get_upload;
	port->uploads = uploads;
	port->upload_bytes = upload_bytes;
	port->get_leftover = get_leftover;
	port->discarded = discarded;
	port->strays = strays;
}
