/* Applying a write-set: one transaction, whole or not at all. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "io/store/store_sqlite_sql.h"

const char *const store_write_sql[] = {
#define X(name, text) text,
	STORE_WRITE_STATEMENTS(X)
#undef X
};
const int store_write_sql_n = W_N;

int store_apply_failed(struct store_applying *a, int rc)
{
	store_explain(a->st->writer.db, rc, a->st->dir, a->why, a->size);
	return store_code(rc);
}

int store_apply_refuse(struct store_applying *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, a->size, fmt, ap);
	va_end(ap);
	return CY_ESTORE;
}

int store_apply_start(struct store_applying *a, int i, struct store_bind *ret_bind)
{
	sqlite3_stmt *s = store_stmt(&a->st->writer, i);

	*ret_bind = (struct store_bind){ .s = s };
	return s ? CY_OK : store_apply_failed(a, sqlite3_extended_errcode(a->st->writer.db));
}

/* Step a statement that gives no row. */
int store_apply_finish(struct store_applying *a, const struct store_bind *b)
{
	int rc = b->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(b->s);
	if (rc != SQLITE_DONE) {
		int r = store_apply_failed(a, rc);

		sqlite3_reset(b->s);
		return r;
	}
	sqlite3_reset(b->s);
	return CY_OK;
}

static int run(struct store_applying *a, int i)
{
	struct store_bind b;
	int r = store_apply_start(a, i, &b);

	return r < 0 ? r : store_apply_finish(a, &b);
}

int store_apply_changed_one(struct store_applying *a, const char *what, const char *id)
{
	if (sqlite3_changes(a->st->writer.db) == 1)
		return CY_OK;
	return store_apply_refuse(a, "the store was asked to change %s %s, which it does not hold", what,
				  id != NULL ? id : "");
}

/* ------------------------------------------------------------------- cases */

static int new_case_key(struct store_applying *a, const char *peer, const char *case_id, sqlite3_int64 no,
			sqlite3_int64 generation)
{
	struct store_sqlite *st = a->st;
	uint8_t wrapped[SEAL_WRAPPED_LEN];
	struct store_bind b;
	int r;

	if (seal_new_key(&st->writer.seal, st->key, peer, case_id, st->last_case.key, wrapped) < 0)
		return store_apply_refuse(a, "a key for case %s cannot be made", case_id);
	r = store_apply_start(a, W_ADD_CASE_KEY, &b);
	if (r < 0)
		return r;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, generation);
	bind_bytes(&b, cy_bytes(wrapped, sizeof wrapped));
	r = store_apply_finish(a, &b);
	if (r < 0)
		return r;
	st->last_case.no = no > 0 ? no : sqlite3_last_insert_rowid(st->writer.db);
	st->last_case.generation = generation;
	return CY_OK;
}

/* Make st->last_case this case; one that is not known gets its key. */
int store_apply_case(struct store_applying *a, const char *peer, const char *case_id)
{
	struct store_sqlite *st = a->st;
	sqlite3_int64 no = 0, generation = 0;
	bool has_key = false;
	struct store_bind b;
	int rc, r;

	if (peer == NULL || case_id == NULL)
		return store_apply_refuse(a, "a write names no peer or no case");
	if (st->last_case.no > 0 && strcmp(st->last_case.case_id, case_id) == 0 &&
	    strcmp(st->last_case.peer, peer) == 0)
		return CY_OK;
	st->last_case.no = 0;
	st->last_case.damaged = false;
	if (cy_copy(st->last_case.peer, sizeof st->last_case.peer, peer) < 0 ||
	    cy_copy(st->last_case.case_id, sizeof st->last_case.case_id, case_id) < 0)
		return store_apply_refuse(a, "the id of a peer or case is too long");
	r = store_apply_start(a, W_CASE_KEY, &b);
	if (r < 0)
		return r;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW) {
		no = sqlite3_column_int64(b.s, 0);
		generation = sqlite3_column_int64(b.s, 1);
		has_key = sqlite3_column_type(b.s, 2) != SQLITE_NULL;
		if (has_key) {
			struct cy_bytes wrapped;

			wrapped.data = sqlite3_column_blob(b.s, 2);
			wrapped.len = (size_t)sqlite3_column_bytes(b.s, 2);
			st->last_case.damaged =
				seal_open_key(&st->writer.seal, st->key, peer, case_id, wrapped, st->last_case.key) < 0;
		}
	} else if (rc != SQLITE_DONE) {
		r = store_apply_failed(a, rc);
	}
	sqlite3_reset(b.s);
	if (r < 0)
		return r;
	if (!has_key)
		return new_case_key(a, peer, case_id, no, generation + 1);
	st->last_case.no = no;
	st->last_case.generation = generation;
	return CY_OK;
}

int store_apply_seal(struct store_applying *a, const struct seal_context *context, struct cy_bytes plain,
		     uint8_t ret_nonce[static SEAL_NONCE_LEN], const char *what, const char *id)
{
	struct store_sqlite *st = a->st;

	if (st->last_case.damaged)
		return store_apply_refuse(a, "the key of case %s is damaged: restore the store from a backup",
					  st->last_case.case_id);
	if (seal_up(&st->writer.seal, st->last_case.key, context, plain, ret_nonce) < 0)
		return store_apply_refuse(a, "%s %s cannot be sealed", what, id);
	return CY_OK;
}

static int put_title(struct store_applying *a, const struct store_case *c)
{
	const struct seal_context context = seal_title(c->peer, c->case_id);
	struct store_sqlite *st = a->st;
	uint8_t nonce[SEAL_NONCE_LEN];
	struct store_bind b;
	int r;

	r = store_apply_seal(a, &context, cy_bytes(c->title, strlen(c->title)), nonce, "the title of case", c->case_id);
	if (r == CY_OK)
		r = store_apply_start(a, W_TITLE, &b);
	if (r < 0)
		return r;
	bind_i64(&b, st->last_case.generation);
	bind_bytes(&b, cy_bytes(nonce, sizeof nonce));
	bind_bytes(&b, cy_buf_view(&st->writer.seal.out));
	bind_i64(&b, st->last_case.no);
	return store_apply_finish(a, &b);
}

static int write_case(struct store_applying *a, const struct store_case *c)
{
	struct store_bind b;
	int r = store_apply_case(a, c->peer, c->case_id);

	if (r == CY_OK)
		r = store_apply_start(a, W_CASE, &b);
	if (r < 0)
		return r;
	bind_i64(&b, a->st->last_case.no);
	bind_text(&b, c->peer);
	bind_id(&b, c->case_id);
	bind_i64(&b, (int64_t)c->side);
	bind_text(&b, c->own_reference);
	bind_text(&b, c->peer_reference);
	bind_text(&b, c->client);
	bind_text(&b, c->instrument);
	bind_i64(&b, c->opened.ms);
	bind_i64(&b, c->changed.ms);
	bind_text(&b, c->state);
	bind_i64(&b, c->closed);
	bind_i64(&b, c->own_number);
	bind_i64(&b, c->peer_number);
	bind_i64(&b, c->messages);
	bind_bytes(&b, c->terms);
	bind_i64(&b, c->stale);
	r = store_apply_finish(a, &b);
	if (r < 0 || c->title == NULL || c->title[0] == 0)
		return r;
	return put_title(a, c);
}

/* Write the row that waits. */
static int write_waiting_case(struct store_applying *a)
{
	const struct store_case *c = a->waiting_case;

	a->waiting_case = NULL;
	return c != NULL ? write_case(a, c) : CY_OK;
}

/* A batch puts the case with each of its messages, and the last row counts: it waits until another case comes. A title
 * is put once and stays, so it does not wait. */
static int put_case(struct store_applying *a, const struct store_case *c)
{
	const struct store_case *last = a->waiting_case;
	int r = CY_OK;

	if (last != NULL && (strcmp(last->case_id, c->case_id) != 0 || strcmp(last->peer, c->peer) != 0))
		r = write_waiting_case(a);
	if (r < 0)
		return r;
	if (c->title != NULL && c->title[0] != '\0') {
		a->waiting_case = NULL;
		return write_case(a, c);
	}
	a->waiting_case = c;
	return CY_OK;
}

static int put_follow(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_case(a, w->follow.peer, w->follow.case_id);

	if (r == CY_OK)
		r = store_apply_start(a, W_FOLLOW, &b);
	if (r < 0)
		return r;
	bind_text(&b, w->follow.peer);
	bind_id(&b, w->follow.follows);
	bind_i64(&b, a->st->last_case.no);
	return store_apply_finish(a, &b);
}

/* ---------------------------------------------------------------- messages */

/* The number of the message of this id, 0 if there is none. */
static int find_message(struct store_applying *a, const struct store_message *m, sqlite3_int64 *ret_no)
{
	struct store_bind b;
	sqlite3_int64 no = 0;
	int rc, r = store_apply_start(a, W_FIND_MESSAGE, &b);

	if (r < 0)
		return r;
	bind_id(&b, m->id);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW) {
		no = sqlite3_column_int64(b.s, 0);
		if (strcmp((const char *)sqlite3_column_text(b.s, 1), m->peer) != 0 ||
		    sqlite3_column_int64(b.s, 2) != a->st->last_case.no || sqlite3_column_int(b.s, 3) != (int)m->author)
			r = store_apply_refuse(a, "message %s is held already, in another case or of another author",
					       m->id);
	} else if (rc != SQLITE_DONE) {
		r = store_apply_failed(a, rc);
	}
	sqlite3_reset(b.s);
	if (r == CY_OK)
		*ret_no = no;
	return r;
}

static int put_payload(struct store_applying *a, const struct store_message *m, sqlite3_int64 no)
{
	const struct seal_context context = seal_content(m->peer, m->case_id, m->id);
	struct store_sqlite *st = a->st;
	uint8_t nonce[SEAL_NONCE_LEN];
	struct store_bind b;
	int r;

	r = store_apply_seal(a, &context, m->content, nonce, "the content of message", m->id);
	if (r == CY_OK)
		r = store_apply_start(a, W_PAYLOAD, &b);
	if (r < 0)
		return r;
	bind_i64(&b, no);
	bind_i64(&b, st->last_case.generation);
	bind_bytes(&b, cy_bytes(nonce, sizeof nonce));
	bind_bytes(&b, cy_buf_view(&st->writer.seal.out));
	return store_apply_finish(a, &b);
}

/* A message that came back late does not wait behind later messages of its case. */
static int give_turn(struct store_applying *a, sqlite3_int64 no)
{
	struct store_bind b;
	int r = store_apply_start(a, W_TURN, &b);

	if (r < 0)
		return r;
	bind_i64(&b, no);
	return store_apply_finish(a, &b);
}

static int put_message(struct store_applying *a, const struct store_message *m)
{
	static const struct cy_digest none;
	struct store_bind b;
	sqlite3_int64 no = 0;
	int r = store_apply_case(a, m->peer, m->case_id);

	if (r == CY_OK && m->id == NULL)
		r = store_apply_refuse(a, "a message has no id");
	if (r == CY_OK)
		r = find_message(a, m, &no);
	if (r == CY_OK)
		r = store_apply_start(a, no > 0 ? W_CHANGE_MESSAGE : W_ADD_MESSAGE, &b);
	if (r < 0)
		return r;
	bind_i64(&b, m->number);
	bind_i64(&b, m->seen);
	bind_i64(&b, m->kind);
	bind_i64(&b, (int64_t)m->priority);
	bind_i64(&b, m->created.ms);
	bind_bytes(&b, cy_bytes(m->digest.b, sizeof m->digest.b));
	bind_u64(&b, m->size);
	bind_i64(&b, (int64_t)m->transport);
	bind_i64(&b, (int64_t)m->void_code);
	bind_text(&b, m->void_reason);
	bind_text(&b, m->client);
	bind_u64(&b, m->epoch);
	bind_u64(&b, m->sequence);
	bind_i64(&b, m->index);
	bind_bytes(&b, m->fact);
	bind_i64(&b, (int64_t)m->erasure);
	bind_i64(&b, m->erased.ms);
	bind_bytes(&b, cy_bytes(m->submission_key.b, cy_digest_equal(&m->submission_key, &none) ? 0 : CY_SHA256_LEN));
	bind_i64(&b, m->unread.ms);
	if (no > 0) {
		bind_i64(&b, no);
	} else {
		bind_id(&b, m->id);
		bind_text(&b, m->peer);
		bind_i64(&b, a->st->last_case.no);
		bind_i64(&b, (int64_t)m->author);
	}
	r = store_apply_finish(a, &b);
	if (no == 0)
		no = sqlite3_last_insert_rowid(a->st->writer.db);
	if (r == CY_OK && m->author == STORE_OWN && m->number > 0)
		r = give_turn(a, no);
	if (r < 0 || m->content.len == 0)
		return r;
	return put_payload(a, m, no);
}

static int mark_message(struct store_applying *a, const struct store_message *m)
{
	struct store_bind b;
	int r = store_apply_start(a, W_MARK, &b);

	if (r < 0)
		return r;
	bind_i64(&b, (int64_t)m->transport);
	bind_i64(&b, (int64_t)m->void_code);
	bind_text(&b, m->void_reason);
	bind_u64(&b, m->epoch);
	bind_u64(&b, m->sequence);
	bind_i64(&b, m->index);
	bind_id(&b, m->id);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "message", m->id);
}

/* ---------------------------------------------------- the store, and queues */

static int put_meta(struct store_applying *a, const struct store_meta *m)
{
	struct store_bind b;
	int r = store_apply_start(a, W_META, &b);

	if (r < 0)
		return r;
	bind_u64(&b, m->epoch);
	bind_u64(&b, m->audit_size);
	bind_bytes(&b, m->frontier);
	bind_i64(&b, m->wall_mark.ms);
	bind_i64(&b, m->restored);
	return store_apply_finish(a, &b);
}

static int for_peer(struct store_applying *a, int sql, const char *peer)
{
	struct store_bind b;
	int r = store_apply_start(a, sql, &b);

	if (r < 0)
		return r;
	bind_text(&b, peer);
	return store_apply_finish(a, &b);
}

static int requeue_all(struct store_applying *a, const char *peer)
{
	int r = for_peer(a, W_REQUEUE, peer);

	if (r == CY_OK)
		r = for_peer(a, W_RAISE_ALL, peer);
	return r == CY_OK ? for_peer(a, W_FORGET, peer) : r;
}

/* Does anything wait for the peer that is less urgent? Where nothing does, the messages of the case are not walked. */
static int look_for_less_urgent(struct store_applying *a, const struct store_write *w, bool *ret_any)
{
	struct store_bind b;
	int rc, r = store_apply_start(a, W_LESS_URGENT, &b);

	if (r < 0)
		return r;
	bind_i64(&b, (int64_t)w->raise.priority);
	bind_text(&b, w->raise.peer);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = store_apply_failed(a, rc);
	sqlite3_reset(b.s);
	*ret_any = rc == SQLITE_ROW;
	return r;
}

static int raise_case(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	bool any;
	int r = look_for_less_urgent(a, w, &any);

	if (r == CY_OK && any)
		r = store_apply_start(a, W_RAISE, &b);
	if (r < 0 || !any)
		return r;
	bind_i64(&b, (int64_t)w->raise.priority);
	bind_text(&b, w->raise.peer);
	bind_id(&b, w->raise.case_id);
	return store_apply_finish(a, &b);
}

/* ------------------------------------------------------------- small tables */

static int put_key(struct store_applying *a, const struct store_key *k)
{
	struct store_bind b;
	int r = store_apply_start(a, W_KEY, &b);

	if (r < 0)
		return r;
	bind_text(&b, k->client);
	bind_key(&b, k->client, k->key);
	bind_bytes(&b, cy_bytes(k->request.b, sizeof k->request.b));
	bind_id(&b, k->message_id);
	bind_i64(&b, k->at.ms);
	return store_apply_finish(a, &b);
}

static int move_key(struct store_applying *a, const struct store_key *k)
{
	struct store_bind b;
	int r = store_apply_start(a, W_MOVE_KEY, &b);

	if (r < 0)
		return r;
	bind_id(&b, k->message_id);
	bind_text(&b, k->client);
	bind_key(&b, k->client, k->key);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "the idempotency key of message", k->message_id);
}

static int put_statement(struct store_applying *a, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_start(a, W_STATEMENT, &b);

	if (r < 0)
		return r;
	bind_id(&b, w->statement.message_id);
	bind_bytes(&b, w->statement.text);
	bind_bytes(&b, w->statement.signature);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "message", w->statement.message_id);
}

/* -------------------------------------------------------------------- apply */

/* Does a write neither read the row of a case nor need that it is there? */
static bool passes_by_case(enum store_op op)
{
	switch (op) {
	case STORE_PUT_META:
	case STORE_PUT_STREAM:
	case STORE_PUT_CASE:
	case STORE_PUT_MESSAGE:
	case STORE_MARK_MESSAGE:
	case STORE_PUT_PARCEL:
	case STORE_PUT_RECEIPT:
	case STORE_PUT_EVENT:
	case STORE_PUT_KEY:
	case STORE_PUT_LEAF:
	case STORE_RAISE:
		return true;
	default:
		return false;
	}
}

static int apply_one(struct store_applying *a, const struct store_write *w)
{
	int r = passes_by_case(w->op) ? CY_OK : write_waiting_case(a);

	if (r < 0)
		return r;
	switch (w->op) {
	case STORE_PUT_META:
		return put_meta(a, &w->meta);
	case STORE_PUT_STREAM:
		return store_put_stream(a, &w->stream);
	case STORE_PUT_CASE:
		return put_case(a, &w->case_row);
	case STORE_PUT_MESSAGE:
		return put_message(a, &w->message);
	case STORE_MARK_MESSAGE:
		return mark_message(a, &w->message);
	case STORE_PUT_PARCEL:
		return store_put_parcel(a, &w->parcel);
	case STORE_DISSOLVE:
		return store_dissolve(a, &w->parcel);
	case STORE_PUT_RECEIPT:
		return store_put_receipt(a, &w->parcel);
	case STORE_PUT_EVENT:
		return store_put_event(a, &w->event);
	case STORE_PUT_CURSOR:
		return store_put_cursor(a, &w->cursor);
	case STORE_DELIVER:
		return store_deliver(a, w);
	case STORE_PUT_KEY:
		return put_key(a, &w->key);
	case STORE_MOVE_KEY:
		return move_key(a, &w->key);
	case STORE_PUT_LEAF:
		return store_put_leaf(a, w);
	case STORE_PUT_STATEMENT:
		return put_statement(a, w);
	case STORE_RAISE:
		return raise_case(a, w);
	case STORE_REQUEUE_ALL:
		return requeue_all(a, w->peer);
	case STORE_PUT_CLOCK:
		return store_put_clock(a, &w->clock);
	case STORE_PUT_MEASURE:
		return store_put_measure(a, &w->measure);
	case STORE_PUBLISH:
		return store_publish(a, w);
	case STORE_PUT_FOLLOW:
		return put_follow(a, w);
	case STORE_PUT_HOOK:
	case STORE_DROP_HOOK:
		return store_put_hook(a, w);
	case STORE_PUT_PEER_PROFILE:
		return store_put_peer_profile(a, w);
	case STORE_PUT_EVIDENCE:
		return store_put_evidence(a, &w->evidence);
	case STORE_PUT_UPLOAD:
		return store_put_upload(a, &w->upload);
	case STORE_DROP_UPLOAD:
		return store_drop_upload(a, &w->upload);
	case STORE_PUT_LEFTOVER:
		return store_put_leftover(a, &w->leftover);
	case STORE_DROP_LEFTOVER:
		return store_drop_leftover(a, &w->leftover);
	case STORE_PUT_CUSTODY:
		return store_put_custody(a, &w->custody);
	case STORE_COUNT_CUSTODY:
		return store_count_custody(a, &w->custody);
	case STORE_ERASE_MESSAGE:
		return store_erase_message(a, w);
	case STORE_ERASE_CASE:
		return store_erase_case(a, w);
	case STORE_PUT_ORDER:
		return store_put_order(a, &w->order);
	case STORE_DROP_CURSOR:
	case STORE_PRUNE_EVENTS:
	case STORE_PRUNE_LEAVES:
	case STORE_SPEND_KEY:
	case STORE_DROP_PARCEL:
	case STORE_DROP_CUSTODY:
		return store_prune(a, w);
	}
	return store_apply_refuse(a, "a write of unknown kind");
}

int store_apply(struct store_sqlite *st, const struct store_writeset *w, char *why, size_t size)
{
	struct store_applying a = { .st = st,
				    .why = why,
				    .size = size,
				    .leaves = { .hashes = CY_BUF(STORE_LEAVES_MAX),
						.texts = CY_BUF(STORE_LEAVES_MAX) } };
	int r = run(&a, W_BEGIN);

	if (r < 0)
		return r;
	r = store_base_renew(&a);
	for (const struct store_write *x = w->first; r == CY_OK && x != NULL; x = x->next)
		r = apply_one(&a, x);
	if (r == CY_OK)
		r = write_waiting_case(&a);
	if (r == CY_OK)
		r = store_write_leaves(&a);
	if (r == CY_OK)
		r = store_append_orders(&a, w);
	if (r == CY_OK)
		r = run(&a, W_COMMIT);
	if (r < 0) {
		char ignored[8];
		struct store_applying back = { .st = st, .why = ignored, .size = sizeof ignored };

		/* Some failures have rolled back already. */
		if (!sqlite3_get_autocommit(st->writer.db))
			run(&back, W_ROLLBACK);
		st->last_case.no = 0;
	}
	if (r == CY_OK)
		store_base_committed(st);
	cy_buf_free(&a.leaves.hashes);
	cy_buf_free(&a.leaves.texts);
	if (st->last_case.no == 0)
		OPENSSL_cleanse(st->last_case.key, SEAL_KEY_LEN);
	return r;
}
