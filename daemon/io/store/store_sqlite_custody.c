/* The chain of custody in the SQLite store. */
#include <openssl/crypto.h>
#include <string.h>

#include "io/store/store_sqlite_sql.h"

/* -------------------------------------------------------------------- writing */

/* Make st->last_case the case of a message. */
static int apply_case_of(struct store_applying *a, const char *message_id)
{
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1], id[CY_UUID_LEN + 1];
	struct store_bind b;
	int rc, r = store_apply_start(a, W_CASE_OF_MESSAGE, &b);

	if (r < 0)
		return r;
	bind_id(&b, message_id);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW) {
		if (cy_copy(peer, sizeof peer, store_text_at(b.s, 0)) < 0 ||
		    cy_copy(case_id, sizeof case_id, store_id_at(b.s, 1, id)) < 0)
			r = store_apply_refuse(a, "the id of a peer or case is too long");
	} else if (rc == SQLITE_DONE) {
		r = store_apply_refuse(a, "a link of custody belongs to a message that the store does not hold");
	} else {
		r = store_apply_failed(a, rc);
	}
	sqlite3_reset(b.s);
	return r < 0 ? r : store_apply_case(a, peer, case_id);
}

/* The text, after its salt. */
static int apply_seal(struct store_applying *a, const struct store_custody *c, uint8_t nonce[static SEAL_NONCE_LEN])
{
	const struct seal_context context =
		seal_custody(a->st->last_case.peer, a->st->last_case.case_id, c->message_id, c->attachment);
	struct cy_buf plain = CY_BUF(CY_LOCAL_FRAME_MAX);
	int r = cy_buf_addf(&plain, "%s%s", c->salt != NULL ? c->salt : "", c->text);

	if (r == CY_OK)
		r = store_apply_seal(a, &context, cy_buf_view(&plain), nonce, "a link of custody of message",
				     c->message_id);
	else
		r = store_apply_refuse(a, "the text of a link of custody is too long");
	if (plain.data != NULL)
		OPENSSL_cleanse(plain.data, plain.len);
	cy_buf_free(&plain);
	return r;
}

static void bind_words(struct store_bind *b, const struct cy_digest *words)
{
	static const struct cy_digest none;

	bind_bytes(b, cy_bytes(words->b, cy_digest_equal(words, &none) ? 0 : sizeof words->b));
}

int store_put_custody(struct store_applying *a, const struct store_custody *c)
{
	struct store_sqlite *st = a->st;
	uint8_t nonce[SEAL_NONCE_LEN];
	bool text = c->text != NULL && c->text[0] != '\0';
	struct store_bind b;
	int r = text ? apply_case_of(a, c->message_id) : CY_OK;

	/* The event is worth more than its text, which is left out. */
	if (r == CY_OK && text && st->last_case.damaged)
		text = false;
	if (r == CY_OK && text)
		r = apply_seal(a, c, nonce);
	if (r == CY_OK)
		r = store_apply_start(a, W_CUSTODY, &b);
	if (r < 0)
		return r;
	bind_id(&b, c->message_id);
	bind_i64(&b, c->attachment);
	bind_i64(&b, c->at.ms);
	bind_text(&b, c->action);
	bind_text(&b, c->by);
	bind_text(&b, c->proof);
	bind_u64(&b, c->leaf);
	bind_i64(&b, (int64_t)c->form);
	bind_words(&b, &c->words);
	bind_u64(&b, c->from);
	bind_u64(&b, c->to);
	bind_u64(&b, c->count);
	bind_i64(&b, c->last.ms);
	if (text) {
		bind_i64(&b, st->last_case.generation);
		bind_bytes(&b, cy_bytes(nonce, sizeof nonce));
		bind_bytes(&b, cy_buf_view(&st->writer.seal.out));
	} else {
		bind_null(&b);
		bind_null(&b);
		bind_null(&b);
	}
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "the custody of message", c->message_id);
}

int store_count_custody(struct store_applying *a, const struct store_custody *c)
{
	struct store_bind b;
	int r = store_apply_start(a, W_COUNT_CUSTODY, &b);

	if (r < 0)
		return r;
	bind_u64(&b, c->no);
	bind_i64(&b, c->last.ms);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "the count of a link of custody of message", c->message_id);
}

/* -------------------------------------------------------------------- reading */

/* CY_EDAMAGED: there is something else than a digest. */
static int digest_or_none(sqlite3_stmt *s, int i, struct cy_digest *ret)
{
	*ret = (struct cy_digest){ { 0 } };
	return sqlite3_column_bytes(s, i) == 0 ? CY_OK : store_digest_at(s, i, ret);
}

static int custody_row(struct store_reading *r, sqlite3_stmt *s)
{
	char id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	struct store_custody row = { .message_id = store_id_at(s, 0, id),
				     .attachment = store_u32_at(s, 1),
				     .at = store_wall_at(s, 2),
				     .action = store_text_at(s, 3),
				     .by = store_text_at(s, 4),
				     .text = "",
				     .salt = "",
				     .proof = store_text_at(s, 5),
				     .leaf = store_u64_at(s, 6),
				     .no = store_u64_at(s, 14),
				     .form = (enum audit_custody_form)sqlite3_column_int(s, 15),
				     .from = store_u64_at(s, 17),
				     .to = store_u64_at(s, 18),
				     .count = store_u64_at(s, 19),
				     .last = store_wall_at(s, 20) };
	const struct seal_context context =
		seal_custody(store_text_at(s, 7), store_id_at(s, 8, case_id), row.message_id, row.attachment);
	char salt[AUDIT_SALT_HEX] = "";
	const size_t salted = row.form == AUDIT_CUSTODY_FIRST ? 0 : sizeof salt - 1;
	uint8_t *text = NULL;
	size_t len = 0;
	int code = digest_or_none(s, 16, &row.words);

	if (code == CY_OK)
		code = digest_or_none(s, 21, &row.hash);
	if (code == CY_OK)
		code = store_unseal_at(r->st, s, 9, &context, &text, &len);
	if (code == CY_OK && text != NULL && len < salted)
		code = CY_EDAMAGED;
	if (code == CY_OK && text != NULL) {
		memcpy(salt, text, salted);
		row.salt = salt;
		row.text = (const char *)text + salted;
	}
	if (code == CY_OK)
		code = r->fn.custody(r->fn_arg, &row);
	seal_forget(text, len);
	return code;
}

static int custody(void *ctx, const char *message_id, uint32_t attachment, uint64_t after, uint32_t limit,
		   store_custody_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = custody_row, .fn.custody = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_CUSTODY, &b);

	if (code < 0)
		return code;
	bind_id(&b, message_id);
	bind_i64(&b, attachment);
	bind_u64(&b, after);
	bind_i64(&b, limit);
	return store_read_each(&r, R_CUSTODY, &b);
}

static int readings(void *ctx, const struct store_custody *like, struct cy_wall since, store_custody_fn *fn, void *arg)
{
	struct store_reading r = { .st = ctx, .fn_arg = arg, .row = custody_row, .fn.custody = fn };
	struct store_bind b;
	int code = store_read_start(ctx, R_READINGS, &b);

	if (code < 0)
		return code;
	bind_id(&b, like->message_id);
	bind_i64(&b, like->attachment);
	bind_text(&b, like->action);
	bind_text(&b, like->by);
	bind_i64(&b, since.ms);
	return store_read_each(&r, R_READINGS, &b);
}

void store_custody_port(struct store_port *port)
{
	port->custody = custody;
	port->readings = readings;
}
