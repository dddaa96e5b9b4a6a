/* Reading committed state, by a connection that never writes or checkpoints. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "io/store/store_sqlite_sql.h"

const char *const store_read_sql[] = {
#define X(name, text) text,
	STORE_READ_STATEMENTS(X)
#undef X
};
const int store_read_sql_n = R_N;

/* ------------------------------------------------------------------ columns */

const char *store_text_at(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return t != NULL ? t : "";
}

struct cy_bytes store_bytes_at(sqlite3_stmt *s, int i)
{
	const void *data = sqlite3_column_blob(s, i);

	return cy_bytes(data, (size_t)sqlite3_column_bytes(s, i));
}

uint64_t store_u64_at(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

uint32_t store_u32_at(sqlite3_stmt *s, int i)
{
	return (uint32_t)sqlite3_column_int64(s, i);
}

struct cy_wall store_wall_at(sqlite3_stmt *s, int i)
{
	return (struct cy_wall){ sqlite3_column_int64(s, i) };
}

int store_digest_at(sqlite3_stmt *s, int i, struct cy_digest *ret)
{
	struct cy_bytes b = store_bytes_at(s, i);

	if (b.len != CY_SHA256_LEN)
		return CY_EDAMAGED;
	memcpy(ret->b, b.data, CY_SHA256_LEN);
	return CY_OK;
}

/* ------------------------------------------------------------------- reading */

int store_read_start(struct store_sqlite *st, int i, struct store_bind *ret_bind)
{
	sqlite3_stmt *s = store_stmt(&st->reader, i);

	if (s == NULL)
		return store_code(sqlite3_extended_errcode(st->reader.db));
	*ret_bind = (struct store_bind){ .s = s };
	return CY_OK;
}

int store_read_each(struct store_reading *r, int i, struct store_bind *b)
{
	int code = b->rc == SQLITE_OK ? CY_OK : CY_ESTORE;

	while (code == CY_OK) {
		int rc = sqlite3_step(b->s);

		if (rc == SQLITE_DONE)
			break;
		if (rc != SQLITE_ROW) {
			code = store_code(sqlite3_extended_errcode(r->st->reader.db));
			break;
		}
		r->rows++;
		code = r->row(r, b->s);
	}
	sqlite3_clear_bindings(b->s);
	store_stmt_done(&r->st->reader, i, b->s);
	return code < 0 ? code : CY_OK;
}

/* One row was asked for. */
int store_read_one(struct store_reading *r, int i, struct store_bind *b)
{
	int code = store_read_each(r, i, b);

	return code == CY_OK && r->rows == 0 ? CY_ENOENT : code;
}

int store_unseal_at(struct store_sqlite *st, sqlite3_stmt *s, int at, const struct seal_context *context,
		    uint8_t **ret_plain, size_t *ret_len)
{
	const struct cy_bytes sealed = store_bytes_at(s, at + 4);

	*ret_plain = NULL;
	*ret_len = 0;
	if (sealed.len < SEAL_TAG_LEN || sqlite3_column_type(s, at + 1) == SQLITE_NULL ||
	    sqlite3_column_int64(s, at) != sqlite3_column_int64(s, at + 2))
		return CY_OK;
	return seal_open_text(&st->reader.seal, st->key, context, store_bytes_at(s, at + 1), store_bytes_at(s, at + 3),
			      sealed, ret_plain, ret_len);
}

/* ---------------------------------------------------------------------- rows */

static int meta_row(struct store_reading *r, sqlite3_stmt *s)
{
	const struct store_meta row = { .epoch = store_u64_at(s, 0),
					.audit_size = store_u64_at(s, 1),
					.frontier = store_bytes_at(s, 2),
					.wall_mark = store_wall_at(s, 3),
					.restored = sqlite3_column_int(s, 4) != 0 };

	return r->fn.meta(r->fn_arg, &row);
}

static int stream_row(struct store_reading *r, sqlite3_stmt *s)
{
	struct store_stream row = { .peer = store_text_at(s, 0),
				    .out_sequence = store_u64_at(s, 1),
				    .out_receipted = store_u64_at(s, 2),
				    .in_epoch = store_u64_at(s, 3),
				    .in_held = store_u64_at(s, 4),
				    .reconciling = sqlite3_column_int(s, 5) != 0,
				    .last_receipt = store_wall_at(s, 6),
				    .head_size = store_u64_at(s, 7),
				    .head_text = store_bytes_at(s, 9),
				    .head_signature = store_bytes_at(s, 10),
				    .features = (uint32_t)store_u64_at(s, 11),
				    .rejected = store_u64_at(s, 12),
				    .out_epoch = store_u64_at(s, 13),
				    .receipted_epoch = store_u64_at(s, 14),
				    .asks = sqlite3_column_int(s, 15) != 0,
				    .asks_epoch = store_u64_at(s, 16),
				    .asks_sequence = store_u64_at(s, 17),
				    .forgotten_epoch = store_u64_at(s, 18),
				    .forgotten_sequence = store_u64_at(s, 19) };
	int code = store_digest_at(s, 8, &row.head_root);

	return code < 0 ? code : r->fn.stream(r->fn_arg, &row);
}

int store_key_row(struct store_reading *r, sqlite3_stmt *s)
{
	char key[CY_SHA256_HEX], id[CY_UUID_LEN + 1];
	struct store_key row = { .client = store_text_at(s, 0),
				 .key = store_key_at(s, 1, key),
				 .message_id = store_id_at(s, 3, id),
				 .at = store_wall_at(s, 4),
				 .spent = sqlite3_column_bytes(s, 2) == 0 };
	int code = row.spent ? CY_OK : store_digest_at(s, 2, &row.request);

	return code < 0 ? code : r->fn.key(r->fn_arg, &row);
}

/* Can anything be sealed under the key of the case, wrapped in column `at`? One that was erased is made anew. */
static bool key_opens(struct store_sqlite *st, sqlite3_stmt *s, int at, const struct store_case *row)
{
	uint8_t key[SEAL_KEY_LEN];
	int r = sqlite3_column_type(s, at) == SQLITE_NULL
			? CY_OK
			: seal_open_key(&st->reader.seal, st->key, row->peer, row->case_id, store_bytes_at(s, at), key);

	OPENSSL_cleanse(key, sizeof key);
	return r == CY_OK;
}

static int case_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1];
	struct store_case row = { .peer = store_text_at(s, 0),
				  .case_id = store_id_at(s, 1, id),
				  .side = (CySide)sqlite3_column_int(s, 2),
				  .own_reference = store_text_at(s, 3),
				  .peer_reference = store_text_at(s, 4),
				  .client = store_text_at(s, 5),
				  .instrument = store_text_at(s, 6),
				  .opened = store_wall_at(s, 7),
				  .changed = store_wall_at(s, 8),
				  .state = store_text_at(s, 9),
				  .closed = sqlite3_column_int(s, 10) != 0,
				  .own_number = store_u32_at(s, 11),
				  .peer_number = store_u32_at(s, 12),
				  .messages = store_u32_at(s, 13),
				  .terms = store_bytes_at(s, 14),
				  .title = "",
				  .erased = store_wall_at(s, 20),
				  .erased_by = store_text_at(s, 21),
				  .erased_reason = store_text_at(s, 22),
				  .stale = sqlite3_column_int(s, 23) != 0,
				  .first = (enum store_transport)sqlite3_column_int(s, 24) };
	const struct seal_context context = seal_title(row.peer, row.case_id);
	uint8_t *title = NULL;
	size_t len = 0;
	int code = r->content ? store_unseal_at(r->st, s, 15, &context, &title, &len) : CY_OK;

	/* The title is shown to people: all else of the case goes on without it. */
	if (code < 0 && code != CY_EDAMAGED)
		return code;
	row.damaged = code == CY_EDAMAGED || (r->key && !key_opens(r->st, s, 16, &row));
	if (title != NULL)
		row.title = (const char *)title;
	code = r->fn.case_row(r->fn_arg, &row);
	seal_forget(title, len);
	return code;
}

static int read_content(struct store_sqlite *st, const struct store_message *m, uint8_t **ret_plain, size_t *ret_len)
{
	const struct seal_context context = seal_content(m->peer, m->case_id, m->id);
	struct store_bind b;
	int rc, code = store_read_start(st, R_CONTENT, &b);

	if (code < 0)
		return code;
	bind_id(&b, m->id);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW)
		code = store_unseal_at(st, b.s, 0, &context, ret_plain, ret_len);
	else if (rc != SQLITE_DONE)
		code = store_code(sqlite3_extended_errcode(st->reader.db));
	sqlite3_clear_bindings(b.s);
	store_stmt_done(&st->reader, R_CONTENT, b.s);
	return code;
}

int store_message_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	struct store_message row = { .id = store_id_at(s, 0, id),
				     .peer = store_text_at(s, 1),
				     .case_id = store_id_at(s, 2, case_id),
				     .author = (enum store_author)sqlite3_column_int(s, 3),
				     .number = store_u32_at(s, 4),
				     .seen = store_u32_at(s, 5),
				     .kind = store_u32_at(s, 6),
				     .priority = (CyPriority)sqlite3_column_int(s, 7),
				     .created = store_wall_at(s, 8),
				     .size = (size_t)store_u64_at(s, 10),
				     .transport = (enum store_transport)sqlite3_column_int(s, 11),
				     .void_code = (CyRejectionCode)sqlite3_column_int(s, 12),
				     .void_reason = store_text_at(s, 13),
				     .client = store_text_at(s, 14),
				     .epoch = store_u64_at(s, 15),
				     .sequence = store_u64_at(s, 16),
				     .index = store_u32_at(s, 17),
				     .fact = store_bytes_at(s, 18),
				     .erasure = (enum store_erasure)sqlite3_column_int(s, 19),
				     .erased = store_wall_at(s, 20),
				     .unread = store_wall_at(s, 22) };
	uint8_t *content = NULL;
	size_t len = 0;
	int code = store_digest_at(s, 9, &row.digest);

	if (code == CY_OK && sqlite3_column_bytes(s, 21) > 0)
		code = store_digest_at(s, 21, &row.submission_key);
	if (code == CY_OK && r->content)
		code = read_content(r->st, &row, &content, &len);
	if (code == CY_EDAMAGED && (r->content || r->marks)) {
		row.damaged = true;
		code = CY_OK;
	}
	if (code < 0)
		return code;
	row.content = cy_bytes(content, len);
	code = r->fn.message(r->fn_arg, &row);
	seal_forget(content, len);
	return code;
}

int store_parcel_row(struct store_reading *r, sqlite3_stmt *s)
{
	struct store_parcel row = { .peer = store_text_at(s, 0),
				    .author = (enum store_author)sqlite3_column_int(s, 1),
				    .epoch = store_u64_at(s, 2),
				    .sequence = store_u64_at(s, 3),
				    .manifest = store_bytes_at(s, 4),
				    .signature = store_bytes_at(s, 5),
				    .receipt = store_bytes_at(s, 7),
				    .receipt_signature = store_bytes_at(s, 8),
				    .made = store_wall_at(s, 9),
				    .messages = store_u32_at(s, 10),
				    .dissolved = sqlite3_column_int(s, 11) != 0 };
	int code = store_digest_at(s, 6, &row.digest);

	return code < 0 ? code : r->fn.parcel(r->fn_arg, &row);
}

/* ------------------------------------------------------------------ operations */

static int read_meta(void *ctx, int (*fn)(void *arg, const struct store_meta *row), void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = meta_row, .fn.meta = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_META, &b);

	return code < 0 ? code : store_read_one(&r, R_META, &b);
}

static int read_stream(void *ctx, const char *peer, store_stream_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = stream_row, .fn.stream = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_STREAM, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	return store_read_one(&r, R_STREAM, &b);
}

static int read_streams(void *ctx, store_stream_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = stream_row, .fn.stream = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_STREAMS, &b);

	return code < 0 ? code : store_read_each(&r, R_STREAMS, &b);
}

static int read_key(void *ctx, const char *client, const char *key, store_key_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_key_row, .fn.key = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_KEY, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	bind_key(&b, client, key);
	return store_read_one(&r, R_KEY, &b);
}

int store_read_numbers(struct store_sqlite *st, int i, struct store_bind *b, int64_t *ret, int n)
{
	int rc = b->rc == SQLITE_OK ? sqlite3_step(b->s) : b->rc;
	const int failed = store_code(sqlite3_extended_errcode(st->reader.db));

	for (int k = 0; rc == SQLITE_ROW && k < n; k++)
		ret[k] = sqlite3_column_int64(b->s, k);
	sqlite3_clear_bindings(b->s);
	store_stmt_done(&st->reader, i, b->s);
	return rc == SQLITE_ROW ? CY_OK : rc == SQLITE_DONE ? CY_ENOENT : failed;
}

void store_bind_client(struct store_bind *b, struct store_view view)
{
	if (view.client != NULL)
		bind_text(b, view.client);
	else
		bind_null(b);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn, .key = true };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_CASE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	return store_read_one(&r, R_GET_CASE, &b);
}

static int find_by(struct store_sqlite *st, int i, const char *ref, struct store_view view, const char *peer,
		   store_case_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = st, .fn_arg = arg, .row = case_row, .fn.case_row = fn, .content = view.titles
	};
	struct store_bind b;
	int code = store_read_start(st, i, &b);

	if (code < 0)
		return code;
	if (i == R_FIND_BY_ID)
		bind_id(&b, ref);
	else
		bind_text(&b, ref);
	store_bind_client(&b, view);
	if (peer != NULL)
		bind_text(&b, peer);
	return store_read_one(&r, i, &b);
}

static int find_case(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg)
{
	size_t len = strcspn(ref, "/");
	char peer[CY_AUTHORITY_MAX + 1] = "";
	const char *id = ref;
	int code;

	/* A reference may have a slash as well; then no case id follows it. */
	if (ref[len] == '/' && len > 0 && len < sizeof peer) {
		memcpy(peer, ref, len);
		id = ref + len + 1;
	}
	code = find_by(ctx, R_FIND_BY_ID, id, view, peer, fn, arg);
	if (code == CY_ENOENT)
		code = find_by(ctx, R_FIND_BY_OWN, ref, view, NULL, fn, arg);
	if (code == CY_ENOENT)
		code = find_by(ctx, R_FIND_BY_PEER, ref, view, NULL, fn, arg);
	return code;
}

static int find_reference(void *ctx, struct store_view view, const char *reference, const char *peer,
			  const char *except, store_case_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_FIND_REFERENCE, &b);

	if (code < 0)
		return code;
	bind_text(&b, reference);
	store_bind_client(&b, view);
	bind_text(&b, peer);
	bind_id(&b, except);
	return store_read_one(&r, R_FIND_REFERENCE, &b);
}

static int list_cases(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		      uint32_t limit, store_case_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn, .content = view.titles
	};
	struct store_bind b;
	const int i = peer[0] == '\0' ? R_LIST_CASES : R_CASES_OF_PEER;
	int code = store_read_start(ctx, i, &b);

	if (code < 0)
		return code;
	bind_id(&b, after);
	bind_text(&b, peer);
	bind_i64(&b, open_only);
	store_bind_client(&b, view);
	bind_i64(&b, limit);
	return store_read_each(&r, i, &b);
}

static int stale_cases(void *ctx, const char *after_case, const char *after_peer, uint32_t limit, store_case_fn *fn,
		       void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_STALE_CASES, &b);

	if (code < 0)
		return code;
	bind_id(&b, after_case);
	bind_text(&b, after_peer);
	bind_i64(&b, limit);
	return store_read_each(&r, R_STALE_CASES, &b);
}

static int following(void *ctx, const char *peer, const char *case_id, CySide side, uint32_t limit, store_case_fn *fn,
		     void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_FOLLOWING, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, (int64_t)side);
	bind_i64(&b, limit);
	return store_read_each(&r, R_FOLLOWING, &b);
}

static int read_message(struct store_reading *r, const char *id)
{
	struct store_bind b;
	int code = store_read_start(r->st, R_GET_MESSAGE, &b);

	if (code < 0)
		return code;
	bind_id(&b, id);
	return store_read_one(r, R_GET_MESSAGE, &b);
}

static int get_message(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn, .content = true
	};

	return read_message(&r, id);
}

static int message_row(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn, .marks = true
	};

	return read_message(&r, id);
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_CASE_MESSAGES, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	return store_read_each(&r, R_CASE_MESSAGES, &b);
}

static int waiting(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct store_reading r = {
		.st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn, .content = true
	};
	struct store_bind b;
	int code = store_read_start(ctx, R_WAITING, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, limit);
	return store_read_each(&r, R_WAITING, &b);
}

static int undelivered(void *ctx, struct cy_wall before, struct cy_wall after, const char *after_id, uint32_t limit,
		       store_message_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_UNDELIVERED, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, after.ms);
	bind_id(&b, after_id);
	bind_i64(&b, limit);
	return store_read_each(&r, R_UNDELIVERED, &b);
}

static int unread(void *ctx, struct cy_wall after, const char *after_id, uint32_t limit, store_message_fn *fn,
		  void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_UNREAD, &b);

	if (code < 0)
		return code;
	bind_i64(&b, after.ms);
	bind_id(&b, after_id);
	bind_i64(&b, limit);
	return store_read_each(&r, R_UNREAD, &b);
}

static int get_parcel(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		      store_parcel_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_parcel_row, .fn.parcel = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_GET_PARCEL, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, (int64_t)author);
	bind_u64(&b, epoch);
	bind_u64(&b, sequence);
	return store_read_one(&r, R_GET_PARCEL, &b);
}

static int parcels(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		   uint32_t limit, store_parcel_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_parcel_row, .fn.parcel = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_PARCELS, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, (int64_t)author);
	bind_u64(&b, epoch);
	bind_u64(&b, sequence);
	bind_i64(&b, limit);
	return store_read_each(&r, R_PARCELS, &b);
}

static int judged_messages(void *ctx, const char *peer, const char *case_id, enum store_author author,
			   store_message_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_JUDGED, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, author);
	return store_read_each(&r, R_JUDGED, &b);
}

static int peer_messages(void *ctx, const char *peer, const char *case_id, uint32_t after, store_message_fn *fn,
			 void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = store_message_row, .fn.message = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_PEER_MESSAGES, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, after);
	return store_read_each(&r, R_PEER_MESSAGES, &b);
}

static int counts(void *ctx, struct store_counts *ret_counts)
{
	struct store_bind b;
	int64_t n[2];
	int code = store_read_start(ctx, R_COUNTS, &b);

	if (code == CY_OK)
		code = store_read_numbers(ctx, R_COUNTS, &b, n, 2);
	if (code == CY_OK)
		*ret_counts = (struct store_counts){ (uint64_t)n[0], (uint64_t)n[1] };
	return code;
}

static int peer_counts(void *ctx, const char *peer, struct store_peer_counts *ret_counts)
{
	struct store_bind b;
	int64_t n[3];
	int code = store_read_start(ctx, R_PEER_COUNTS, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	code = store_read_numbers(ctx, R_PEER_COUNTS, &b, n, 3);
	if (code == CY_OK)
		*ret_counts = (struct store_peer_counts){ (uint64_t)n[0], { n[1] }, (uint32_t)n[2] };
	return code;
}

void store_read_port(struct store_port *port)
{
	port->meta = read_meta;
	port->streams = read_streams;
	port->stream = read_stream;
	port->key = read_key;
	port->get_case = get_case;
	port->find_case = find_case;
	port->find_reference = find_reference;
	port->list_cases = list_cases;
	port->stale_cases = stale_cases;
	port->following = following;
	port->get_message = get_message;
	port->message_row = message_row;
	port->case_messages = case_messages;
	port->waiting = waiting;
	port->undelivered = undelivered;
	port->unread = unread;
	port->get_parcel = get_parcel;
	port->parcels = parcels;
	port->peer_messages = peer_messages;
	port->judged_messages = judged_messages;
	port->counts = counts;
	port->peer_counts = peer_counts;
	store_clock_port(port);
	store_measure_port(port);
	store_orders_port(port);
	store_evidence_port(port);
	store_custody_port(port);
	store_event_port(port);
	store_prune_port(port);
	store_leaf_port(port);
}
