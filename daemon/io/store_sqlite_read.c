/* Reading committed state, by a connection that never writes or checkpoints. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "io/store_sqlite_internal.h"

#define MESSAGE_COLUMNS                                                                                         \
	"m.id, m.peer, k.case_id, m.author, m.number, m.seen, m.kind, m.priority, m.created, m.digest, m.size," \
	" m.transport, m.void_code, m.void_reason, m.client, m.epoch, m.sequence, m.place, m.fact"
#define MESSAGE_FROM " FROM message m JOIN case_key k ON k.no = m.case_no"
#define WITH_CONTENT ", k.generation, k.wrapped, p.generation, p.nonce, p.sealed"
#define FROM_CONTENT MESSAGE_FROM " LEFT JOIN payload p ON p.message = m.no"
#define CASE_SELECT                                                                                              \
	"SELECT c.peer, c.case_id, c.side, c.own_reference, c.peer_reference, c.client, c.instrument, c.opened," \
	" c.changed, c.state, c.closed, c.own_number, c.peer_number, c.messages,"                                \
	" k.generation, k.wrapped, c.title_generation, c.title_nonce, c.title"                                   \
	" FROM cases c JOIN case_key k ON k.no = c.no"
#define FIND(what) " WHERE " what " AND c.case_id <> '' AND (?2 IS NULL OR c.client = ?2) LIMIT 2"
#define PARCEL_SELECT                                                                                          \
	"SELECT peer, author, epoch, sequence, manifest, signature, digest, receipt, receipt_signature, made," \
	" messages FROM parcel"
#define EVENT_SELECT                                                                                             \
	"SELECT position, type, at, peer, case_id, message_id, client, own_reference, kind, number, code, text," \
	" case_state FROM event"

/* X(name, text) */
#define STATEMENTS(X)                                                                                               \
	X(META, "SELECT epoch, audit_size, frontier, wall_mark FROM meta")                                          \
	X(STREAM, "SELECT peer, out_sequence, out_receipted, in_epoch, in_held, reconciling, last_receipt,"         \
		  " head_size, head_root, head_text, head_signature FROM stream WHERE peer = ?")                    \
	X(STREAMS, "SELECT peer, out_sequence, out_receipted, in_epoch, in_held, reconciling, last_receipt,"        \
		   " head_size, head_root, head_text, head_signature FROM stream")                                  \
	X(KEY, "SELECT client, key, request, message_id FROM submission_key WHERE client = ? AND key = ?")          \
	X(CURSOR, "SELECT position FROM cursor WHERE client = ? AND name = ?")                                      \
	X(GET_CASE, CASE_SELECT " WHERE c.peer = ? AND c.case_id = ?")                                              \
	X(FIND_BY_ID, CASE_SELECT FIND("c.case_id = ?1 AND (?3 = '' OR c.peer = ?3)"))                              \
	X(FIND_BY_OWN, CASE_SELECT FIND("c.own_reference = ?1"))                                                    \
	X(FIND_BY_PEER, CASE_SELECT FIND("c.peer_reference = ?1"))                                                  \
	X(LIST_CASES, CASE_SELECT " WHERE c.case_id > ?1 AND (?2 = '' OR c.peer = ?2) AND (?3 = 0 OR c.closed = 0)" \
				  " AND (?4 IS NULL OR c.client = ?4) ORDER BY c.case_id, c.peer LIMIT ?5")         \
	X(GET_MESSAGE, "SELECT " MESSAGE_COLUMNS WITH_CONTENT FROM_CONTENT " WHERE m.id = ?")                       \
	X(CASE_MESSAGES,                                                                                            \
	  "SELECT " MESSAGE_COLUMNS MESSAGE_FROM " WHERE k.peer = ? AND k.case_id = ? AND m.author IN (0, 1)"       \
	  " AND m.number > 0 ORDER BY m.author, m.number")                                                          \
	X(WAITING, "SELECT " MESSAGE_COLUMNS WITH_CONTENT FROM_CONTENT                                              \
		   " WHERE m.peer = ? AND m.author = 0 AND m.transport = 0 ORDER BY m.priority DESC, m.no LIMIT ?") \
	X(UNDELIVERED, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM                                                       \
		       " WHERE m.author = 0 AND m.transport <= 1 AND m.created < ? ORDER BY m.created LIMIT ?")     \
	X(GET_PARCEL, PARCEL_SELECT " WHERE peer = ? AND author = ? AND epoch = ? AND sequence = ?")                \
	X(PARCELS, PARCEL_SELECT " WHERE peer = ?1 AND author = ?2 AND (epoch, sequence) > (?3, ?4)"                \
				 " ORDER BY epoch, sequence LIMIT ?5")                                              \
	X(PEER_MESSAGES, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM                                                     \
			 " WHERE k.peer = ? AND k.case_id = ? AND m.author = 1 AND m.number > ? ORDER BY m.number") \
	X(EVENTS, EVENT_SELECT " WHERE position > ?1 ORDER BY position LIMIT ?2")                                   \
	X(EVENTS_OF, EVENT_SELECT " WHERE client = ?3 AND position > ?1 ORDER BY position LIMIT ?2")                \
	X(LAST_EVENT, "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)")                   \
	X(COUNTS,                                                                                                   \
	  "SELECT (SELECT n FROM counter WHERE name = 'cases'), (SELECT n FROM counter WHERE name = 'messages')")   \
	X(PEER_COUNTS,                                                                                              \
	  "SELECT ifnull((SELECT n FROM waiting WHERE peer = ?1), 0),"                                              \
	  " ifnull((SELECT min(created) FROM message WHERE peer = ?1 AND author = 0 AND transport = 0), 0),"        \
	  " (SELECT count(*) FROM parcel WHERE peer = ?1 AND author = 0 AND receipt IS NULL)")

enum {
#define X(name, text) R_##name,
	STATEMENTS(X)
#undef X
	R_N
};

const char *const store_read_sql[] = {
#define X(name, text) text,
	STATEMENTS(X)
#undef X
};
const int store_read_sql_n = R_N;

/* ------------------------------------------------------------------ columns */

static const char *text_at(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return t != NULL ? t : "";
}

static struct cy_bytes bytes_at(sqlite3_stmt *s, int i)
{
	const void *data = sqlite3_column_blob(s, i);

	return cy_bytes(data, (size_t)sqlite3_column_bytes(s, i));
}

static uint64_t u64_at(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

static uint32_t u32_at(sqlite3_stmt *s, int i)
{
	return (uint32_t)sqlite3_column_int64(s, i);
}

static struct cy_wall wall_at(sqlite3_stmt *s, int i)
{
	return (struct cy_wall){ sqlite3_column_int64(s, i) };
}

static int digest_at(sqlite3_stmt *s, int i, struct cy_digest *ret)
{
	struct cy_bytes b = bytes_at(s, i);

	if (b.len != CY_SHA256_LEN)
		return CY_ESTORE;
	memcpy(ret->b, b.data, CY_SHA256_LEN);
	return CY_OK;
}

/* ------------------------------------------------------------------- reading */

/* Turns the row that `s` stands on into one of the port's, and calls the caller. */
struct reading {
	struct store_sqlite *st;
	void *fn_arg;
	int (*row)(struct reading *r, sqlite3_stmt *s);
	union {
		int (*meta)(void *arg, const struct store_meta *row);
		store_stream_fn *stream;
		int (*key)(void *arg, const struct store_key *row);
		store_case_fn *case_row;
		store_message_fn *message;
		store_parcel_fn *parcel;
		store_event_fn *event;
	} fn;
	bool content; /* of messages */
	size_t rows;
};

static int start(struct store_sqlite *st, int i, struct store_bind *ret_bind)
{
	sqlite3_stmt *s = store_stmt(&st->reader, i);

	if (s == NULL)
		return CY_ESTORE;
	*ret_bind = (struct store_bind){ .s = s };
	return CY_OK;
}

static int each(struct reading *r, int i, struct store_bind *b)
{
	int code = b->rc == SQLITE_OK ? CY_OK : CY_ESTORE;

	while (code == CY_OK) {
		int rc = sqlite3_step(b->s);

		if (rc == SQLITE_DONE)
			break;
		if (rc != SQLITE_ROW) {
			code = CY_ESTORE;
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
static int one(struct reading *r, int i, struct store_bind *b)
{
	int code = each(r, i, b);

	return code == CY_OK && r->rows == 0 ? CY_ENOENT : code;
}

/* Open what was sealed under the key of a case. `at` is the first of generation,
 * wrapped key, generation of the text, nonce, sealed text. Erased: empty. */
static int unseal(struct store_sqlite *st, sqlite3_stmt *s, int at, const char *peer, const char *case_id,
		  struct seal_aad aad, uint8_t **ret_plain, size_t *ret_len)
{
	const struct seal_aad key_aad = { .what = "case key", .peer = peer, .case_id = case_id };
	struct cy_bytes sealed = bytes_at(s, at + 4);
	uint8_t key[STORE_KEY_LEN], *plain;
	int r;

	*ret_plain = NULL;
	*ret_len = 0;
	if (sealed.len < STORE_TAG_LEN || sqlite3_column_type(s, at + 1) == SQLITE_NULL ||
	    sqlite3_column_int64(s, at) != sqlite3_column_int64(s, at + 2))
		return CY_OK;
	plain = calloc(1, sealed.len);
	if (plain == NULL)
		return CY_ENOMEM;
	r = store_unwrap(&st->reader.seal, st->key, &key_aad, bytes_at(s, at + 1), key);
	if (r == CY_OK)
		r = store_unseal(&st->reader.seal, key, &aad, bytes_at(s, at + 3), sealed, plain);
	OPENSSL_cleanse(key, sizeof key);
	if (r < 0) {
		free(plain);
		return CY_ESTORE;
	}
	*ret_plain = plain;
	*ret_len = sealed.len - STORE_TAG_LEN;
	return CY_OK;
}

/* The text was personal data. */
static void forget(uint8_t *plain, size_t len)
{
	if (plain != NULL)
		OPENSSL_cleanse(plain, len);
	free(plain);
}

/* ---------------------------------------------------------------------- rows */

static int meta_row(struct reading *r, sqlite3_stmt *s)
{
	const struct store_meta row = { .epoch = u64_at(s, 0),
					.audit_size = u64_at(s, 1),
					.frontier = bytes_at(s, 2),
					.wall_mark = wall_at(s, 3) };

	return r->fn.meta(r->fn_arg, &row);
}

static int stream_row(struct reading *r, sqlite3_stmt *s)
{
	struct store_stream row = { .peer = text_at(s, 0),
				    .out_sequence = u64_at(s, 1),
				    .out_receipted = u64_at(s, 2),
				    .in_epoch = u64_at(s, 3),
				    .in_held = u64_at(s, 4),
				    .reconciling = sqlite3_column_int(s, 5) != 0,
				    .last_receipt = wall_at(s, 6),
				    .head_size = u64_at(s, 7),
				    .head_text = bytes_at(s, 9),
				    .head_signature = bytes_at(s, 10) };
	int code = digest_at(s, 8, &row.head_root);

	return code < 0 ? code : r->fn.stream(r->fn_arg, &row);
}

static int key_row(struct reading *r, sqlite3_stmt *s)
{
	struct store_key row = { .client = text_at(s, 0), .key = text_at(s, 1), .message_id = text_at(s, 3) };
	int code = digest_at(s, 2, &row.request);

	return code < 0 ? code : r->fn.key(r->fn_arg, &row);
}

static int case_row(struct reading *r, sqlite3_stmt *s)
{
	struct store_case row = { .peer = text_at(s, 0),
				  .case_id = text_at(s, 1),
				  .side = (CySide)sqlite3_column_int(s, 2),
				  .own_reference = text_at(s, 3),
				  .peer_reference = text_at(s, 4),
				  .client = text_at(s, 5),
				  .instrument = text_at(s, 6),
				  .opened = wall_at(s, 7),
				  .changed = wall_at(s, 8),
				  .state = text_at(s, 9),
				  .closed = sqlite3_column_int(s, 10) != 0,
				  .own_number = u32_at(s, 11),
				  .peer_number = u32_at(s, 12),
				  .messages = u32_at(s, 13),
				  .title = "" };
	const struct seal_aad aad = { .what = "title", .peer = row.peer, .case_id = row.case_id };
	uint8_t *title;
	size_t len;
	int code = unseal(r->st, s, 14, row.peer, row.case_id, aad, &title, &len);

	if (code < 0)
		return code;
	/* The buffer is longer than the text by the tag: it ends with zeros. */
	if (title != NULL)
		row.title = (const char *)title;
	code = r->fn.case_row(r->fn_arg, &row);
	forget(title, len);
	return code;
}

static int message_row(struct reading *r, sqlite3_stmt *s)
{
	struct store_message row = { .id = text_at(s, 0),
				     .peer = text_at(s, 1),
				     .case_id = text_at(s, 2),
				     .author = (enum store_author)sqlite3_column_int(s, 3),
				     .number = u32_at(s, 4),
				     .seen = u32_at(s, 5),
				     .kind = u32_at(s, 6),
				     .priority = (CyPriority)sqlite3_column_int(s, 7),
				     .created = wall_at(s, 8),
				     .size = (size_t)u64_at(s, 10),
				     .transport = (enum store_transport)sqlite3_column_int(s, 11),
				     .void_code = (CyRejectionCode)sqlite3_column_int(s, 12),
				     .void_reason = text_at(s, 13),
				     .client = text_at(s, 14),
				     .epoch = u64_at(s, 15),
				     .sequence = u64_at(s, 16),
				     .index = u32_at(s, 17),
				     .fact = bytes_at(s, 18) };
	const struct seal_aad aad = {
		.what = "payload", .peer = row.peer, .case_id = row.case_id, .message_id = row.id
	};
	uint8_t *content = NULL;
	size_t len = 0;
	int code = digest_at(s, 9, &row.digest);

	if (code == CY_OK && r->content)
		code = unseal(r->st, s, 19, row.peer, row.case_id, aad, &content, &len);
	if (code == CY_ESTORE && r->content) {
		row.damaged = true;
		code = CY_OK;
	}
	if (code < 0)
		return code;
	row.content = cy_bytes(content, len);
	code = r->fn.message(r->fn_arg, &row);
	forget(content, len);
	return code;
}

static int parcel_row(struct reading *r, sqlite3_stmt *s)
{
	struct store_parcel row = { .peer = text_at(s, 0),
				    .author = (enum store_author)sqlite3_column_int(s, 1),
				    .epoch = u64_at(s, 2),
				    .sequence = u64_at(s, 3),
				    .manifest = bytes_at(s, 4),
				    .signature = bytes_at(s, 5),
				    .receipt = bytes_at(s, 7),
				    .receipt_signature = bytes_at(s, 8),
				    .made = wall_at(s, 9),
				    .messages = u32_at(s, 10) };
	int code = digest_at(s, 6, &row.digest);

	return code < 0 ? code : r->fn.parcel(r->fn_arg, &row);
}

static int event_row(struct reading *r, sqlite3_stmt *s)
{
	const struct store_event row = { .position = u64_at(s, 0),
					 .type = (CyEventType)sqlite3_column_int(s, 1),
					 .at = wall_at(s, 2),
					 .peer = text_at(s, 3),
					 .case_id = text_at(s, 4),
					 .message_id = text_at(s, 5),
					 .client = text_at(s, 6),
					 .own_reference = text_at(s, 7),
					 .kind = u32_at(s, 8),
					 .number = u32_at(s, 9),
					 .code = (CyRejectionCode)sqlite3_column_int(s, 10),
					 .text = text_at(s, 11),
					 .case_state = text_at(s, 12) };

	return r->fn.event(r->fn_arg, &row);
}

/* ------------------------------------------------------------------ operations */

static int read_meta(void *ctx, int (*fn)(void *arg, const struct store_meta *row), void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = meta_row, .fn.meta = fn };
	struct store_bind b;
	int code = start(ctx, R_META, &b);

	return code < 0 ? code : one(&r, R_META, &b);
}

static int read_stream(void *ctx, const char *peer, store_stream_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = stream_row, .fn.stream = fn };
	struct store_bind b;
	int code = start(ctx, R_STREAM, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	return one(&r, R_STREAM, &b);
}

static int read_streams(void *ctx, store_stream_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = stream_row, .fn.stream = fn };
	struct store_bind b;
	int code = start(ctx, R_STREAMS, &b);

	return code < 0 ? code : each(&r, R_STREAMS, &b);
}

static int read_key(void *ctx, const char *client, const char *key, int (*fn)(void *arg, const struct store_key *row),
		    void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = key_row, .fn.key = fn };
	struct store_bind b;
	int code = start(ctx, R_KEY, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	bind_text(&b, key);
	return one(&r, R_KEY, &b);
}

/* Up to three numbers of one row. */
static int numbers(struct store_sqlite *st, int i, struct store_bind *b, int64_t *ret, int n)
{
	int rc = b->rc == SQLITE_OK ? sqlite3_step(b->s) : b->rc;

	for (int k = 0; rc == SQLITE_ROW && k < n; k++)
		ret[k] = sqlite3_column_int64(b->s, k);
	sqlite3_clear_bindings(b->s);
	store_stmt_done(&st->reader, i, b->s);
	return rc == SQLITE_ROW ? CY_OK : rc == SQLITE_DONE ? CY_ENOENT : CY_ESTORE;
}

static int read_cursor(void *ctx, const char *client, const char *name, uint64_t *ret_position)
{
	struct store_bind b;
	int64_t position;
	int code = start(ctx, R_CURSOR, &b);

	if (code < 0)
		return code;
	bind_text(&b, client);
	bind_text(&b, name);
	code = numbers(ctx, R_CURSOR, &b, &position, 1);
	if (code == CY_OK)
		*ret_position = (uint64_t)position;
	return code;
}

static void bind_client(struct store_bind *b, struct store_view view)
{
	if (view.client != NULL)
		bind_text(b, view.client);
	else
		bind_null(b);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = start(ctx, R_GET_CASE, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_text(&b, case_id);
	return one(&r, R_GET_CASE, &b);
}

static int find_by(struct store_sqlite *st, int i, const char *ref, struct store_view view, const char *peer,
		   store_case_fn *fn, void *arg)
{
	struct reading r = { .st = st, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = start(st, i, &b);

	if (code < 0)
		return code;
	bind_text(&b, ref);
	bind_client(&b, view);
	if (peer != NULL)
		bind_text(&b, peer);
	return one(&r, i, &b);
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

static int list_cases(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		      uint32_t limit, store_case_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = case_row, .fn.case_row = fn };
	struct store_bind b;
	int code = start(ctx, R_LIST_CASES, &b);

	if (code < 0)
		return code;
	bind_text(&b, after);
	bind_text(&b, peer);
	bind_i64(&b, open_only);
	bind_client(&b, view);
	bind_i64(&b, limit);
	return each(&r, R_LIST_CASES, &b);
}

static int get_message(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = message_row, .fn.message = fn, .content = true };
	struct store_bind b;
	int code = start(ctx, R_GET_MESSAGE, &b);

	if (code < 0)
		return code;
	bind_text(&b, id);
	return one(&r, R_GET_MESSAGE, &b);
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = message_row, .fn.message = fn };
	struct store_bind b;
	int code = start(ctx, R_CASE_MESSAGES, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_text(&b, case_id);
	return each(&r, R_CASE_MESSAGES, &b);
}

static int waiting(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = message_row, .fn.message = fn, .content = true };
	struct store_bind b;
	int code = start(ctx, R_WAITING, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, limit);
	return each(&r, R_WAITING, &b);
}

static int undelivered(void *ctx, struct cy_wall before, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = message_row, .fn.message = fn };
	struct store_bind b;
	int code = start(ctx, R_UNDELIVERED, &b);

	if (code < 0)
		return code;
	bind_i64(&b, before.ms);
	bind_i64(&b, limit);
	return each(&r, R_UNDELIVERED, &b);
}

static int get_parcel(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		      store_parcel_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = parcel_row, .fn.parcel = fn };
	struct store_bind b;
	int code = start(ctx, R_GET_PARCEL, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, (int64_t)author);
	bind_u64(&b, epoch);
	bind_u64(&b, sequence);
	return one(&r, R_GET_PARCEL, &b);
}

static int parcels(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		   uint32_t limit, store_parcel_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = parcel_row, .fn.parcel = fn };
	struct store_bind b;
	int code = start(ctx, R_PARCELS, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_i64(&b, (int64_t)author);
	bind_u64(&b, epoch);
	bind_u64(&b, sequence);
	bind_i64(&b, limit);
	return each(&r, R_PARCELS, &b);
}

static int peer_messages(void *ctx, const char *peer, const char *case_id, uint32_t after, store_message_fn *fn,
			 void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = message_row, .fn.message = fn };
	struct store_bind b;
	int code = start(ctx, R_PEER_MESSAGES, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	bind_text(&b, case_id);
	bind_i64(&b, after);
	return each(&r, R_PEER_MESSAGES, &b);
}

static int events(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn, void *arg)
{
	struct reading r = { .st = ctx, .fn_arg = arg, .row = event_row, .fn.event = fn };
	int i = view.client != NULL ? R_EVENTS_OF : R_EVENTS;
	struct store_bind b;
	int code = start(ctx, i, &b);

	if (code < 0)
		return code;
	bind_u64(&b, after);
	bind_i64(&b, limit);
	if (view.client != NULL)
		bind_text(&b, view.client);
	return each(&r, i, &b);
}

static int last_event(void *ctx, uint64_t *ret_position)
{
	struct store_bind b;
	int64_t position;
	int code = start(ctx, R_LAST_EVENT, &b);

	if (code == CY_OK)
		code = numbers(ctx, R_LAST_EVENT, &b, &position, 1);
	if (code == CY_OK)
		*ret_position = (uint64_t)position;
	return code;
}

static int counts(void *ctx, struct store_counts *ret_counts)
{
	struct store_bind b;
	int64_t n[2];
	int code = start(ctx, R_COUNTS, &b);

	if (code == CY_OK)
		code = numbers(ctx, R_COUNTS, &b, n, 2);
	if (code == CY_OK)
		*ret_counts = (struct store_counts){ (uint64_t)n[0], (uint64_t)n[1] };
	return code;
}

static int peer_counts(void *ctx, const char *peer, struct store_peer_counts *ret_counts)
{
	struct store_bind b;
	int64_t n[3];
	int code = start(ctx, R_PEER_COUNTS, &b);

	if (code < 0)
		return code;
	bind_text(&b, peer);
	code = numbers(ctx, R_PEER_COUNTS, &b, n, 3);
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
	port->cursor = read_cursor;
	port->get_case = get_case;
	port->find_case = find_case;
	port->list_cases = list_cases;
	port->get_message = get_message;
	port->case_messages = case_messages;
	port->waiting = waiting;
	port->undelivered = undelivered;
	port->get_parcel = get_parcel;
	port->parcels = parcels;
	port->peer_messages = peer_messages;
	port->events = events;
	port->last_event = last_event;
	port->counts = counts;
	port->peer_counts = peer_counts;
}
