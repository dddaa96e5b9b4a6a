/* A connection: its prepared statements, binding, and failures as sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "io/store/store_sqlite_sql.h"

int store_conn_init(struct store_conn *c, sqlite3 *db, const char *const *sql, int n, const EVP_CIPHER *cipher)
{
	c->db = db;
	c->sql = sql;
	c->n = n;
	c->stmt = calloc((size_t)n, sizeof *c->stmt);
	if (c->stmt == NULL)
		return CY_ENOMEM;
	return seal_init(&c->seal, cipher);
}

void store_conn_free(struct store_conn *c)
{
	if (c->stmt != NULL)
		for (int i = 0; i < c->n; i++)
			sqlite3_finalize(c->stmt[i]);
	free(c->stmt);
	c->stmt = NULL;
	seal_free(&c->seal);
	sqlite3_close(c->db);
	c->db = NULL;
}

sqlite3_stmt *store_stmt(struct store_conn *c, int i)
{
	sqlite3_stmt *s = NULL;

	CY_ASSERT(i >= 0 && i < c->n);
	if (c->stmt[i] != NULL && sqlite3_stmt_busy(c->stmt[i])) {
		if (sqlite3_prepare_v2(c->db, c->sql[i], -1, &s, NULL) != SQLITE_OK)
			return NULL;
		return s;
	}
	if (c->stmt[i] == NULL &&
	    sqlite3_prepare_v3(c->db, c->sql[i], -1, SQLITE_PREPARE_PERSISTENT, &c->stmt[i], NULL) != SQLITE_OK)
		return NULL;
	return c->stmt[i];
}

void store_stmt_done(struct store_conn *c, int i, sqlite3_stmt *s)
{
	if (s == c->stmt[i])
		sqlite3_reset(s);
	else
		sqlite3_finalize(s);
}

static void bound(struct store_bind *b, int rc)
{
	if (b->rc == SQLITE_OK)
		b->rc = rc;
}

void bind_text(struct store_bind *b, const char *text)
{
	bound(b, sqlite3_bind_text(b->s, ++b->at, text != NULL ? text : "", -1, SQLITE_STATIC));
}

void bind_u64(struct store_bind *b, uint64_t v)
{
	bound(b, sqlite3_bind_int64(b->s, ++b->at, (sqlite3_int64)v));
}

void bind_i64(struct store_bind *b, int64_t v)
{
	bound(b, sqlite3_bind_int64(b->s, ++b->at, v));
}

void bind_bytes(struct store_bind *b, struct cy_bytes v)
{
	bound(b, sqlite3_bind_blob64(b->s, ++b->at, v.len > 0 ? (const void *)v.data : "", v.len, SQLITE_STATIC));
}

void bind_null(struct store_bind *b)
{
	bound(b, sqlite3_bind_null(b->s, ++b->at));
}

/* ------------------------------------------------------------------ ids, keys */

/* Bytes of a text of hexadecimal digits; hyphens are passed over. */
static void from_hex(const char *text, uint8_t *ret, size_t n)
{
	for (size_t i = 0; i < 2 * n; text++) {
		const char c = *text;
		const uint8_t v = (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');

		if (c == '-')
			continue;
		ret[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : ret[i / 2] | v);
		i++;
	}
}

static bool is_digest(const char *client, const char *key)
{
	return client[0] == '\0' && strlen(key) == CY_SHA256_HEX - 1 &&
	       strspn(key, "0123456789abcdef") == CY_SHA256_HEX - 1;
}

void bind_id(struct store_bind *b, const char *id)
{
	if (id == NULL || !cy_uuid_valid(id)) {
		bind_text(b, id);
		return;
	}
	CY_ASSERT((size_t)b->n_ids < sizeof b->ids / sizeof b->ids[0]);
	from_hex(id, b->ids[b->n_ids], STORE_ID_BYTES);
	bind_bytes(b, cy_bytes(b->ids[b->n_ids++], STORE_ID_BYTES));
}

void bind_key(struct store_bind *b, const char *client, const char *key)
{
	if (client == NULL || key == NULL || !is_digest(client, key)) {
		bind_text(b, key);
		return;
	}
	from_hex(key, b->digest, sizeof b->digest);
	bind_bytes(b, cy_bytes(b->digest, sizeof b->digest));
}

const char *store_id_at(sqlite3_stmt *s, int i, char ret[static CY_UUID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *id;
	char *at = ret;

	if (sqlite3_column_type(s, i) != SQLITE_BLOB || sqlite3_column_bytes(s, i) != STORE_ID_BYTES)
		return store_text_at(s, i);
	id = sqlite3_column_blob(s, i);
	for (size_t k = 0; k < STORE_ID_BYTES; k++) {
		if (k == 4 || k == 6 || k == 8 || k == 10)
			*at++ = '-';
		*at++ = digits[id[k] >> 4];
		*at++ = digits[id[k] & 15];
	}
	*at = '\0';
	return ret;
}

const char *store_key_at(sqlite3_stmt *s, int i, char ret[static CY_SHA256_HEX])
{
	struct cy_digest digest;

	if (sqlite3_column_type(s, i) != SQLITE_BLOB || store_digest_at(s, i, &digest) < 0)
		return store_text_at(s, i);
	cy_digest_hex(&digest, ret);
	return ret;
}

static void id_bytes(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const char *id = (const char *)sqlite3_value_text(args[0]);
	uint8_t bytes[STORE_ID_BYTES];

	(void)n;
	if (id == NULL || !cy_uuid_valid(id)) {
		sqlite3_result_value(ctx, args[0]);
		return;
	}
	from_hex(id, bytes, sizeof bytes);
	sqlite3_result_blob(ctx, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

static void key_bytes(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const char *client = (const char *)sqlite3_value_text(args[0]),
		   *key = (const char *)sqlite3_value_text(args[1]);
	uint8_t bytes[CY_SHA256_LEN];

	(void)n;
	if (client == NULL || key == NULL || !is_digest(client, key)) {
		sqlite3_result_value(ctx, args[1]);
		return;
	}
	from_hex(key, bytes, sizeof bytes);
	sqlite3_result_blob(ctx, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

static void key_digest(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const char *client = (const char *)sqlite3_value_text(args[0]),
		   *key = (const char *)sqlite3_value_text(args[1]);
	struct cy_digest digest;

	(void)n;
	if (client == NULL || key == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	digest = store_key_digest(client, key);
	sqlite3_result_blob(ctx, digest.b, sizeof digest.b, SQLITE_TRANSIENT);
}

int store_functions(sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function(db, "id_bytes", 1, flags, NULL, id_bytes, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "key_bytes", 2, flags, NULL, key_bytes, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "key_digest", 2, flags, NULL, key_digest, NULL, NULL);
	return rc == SQLITE_OK ? store_leaf_functions(db) : rc;
}

int store_code(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB || rc == SQLITE_IOERR_DATA ||
			       rc == SQLITE_IOERR_CORRUPTFS
		       ? CY_EDAMAGED
		       : CY_ESTORE;
}

void store_explain(sqlite3 *db, int rc, const char *dir, char *text, size_t size)
{
	const char *detail = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_FULL:
		snprintf(text, size, "the disk is full: free space in %s", dir);
		return;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		snprintf(text, size,
			 "the store in %s is damaged (%s): " STORE_RESTORE
			 "; or, where nothing was damaged before and a program has opened comity.db for writing, as "
			 "sqlite3 without -readonly does, remove comity.db.checked",
			 dir, detail);
		return;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		snprintf(text, size, "another program keeps the store in %s locked", dir);
		return;
	case SQLITE_IOERR:
		snprintf(text, size, "reading or writing in %s failed (%s, %d)", dir, detail, rc);
		return;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		snprintf(text, size, "the store in %s cannot be written (%s): check owner, modes and file system", dir,
			 detail);
		return;
	case SQLITE_NOMEM:
		snprintf(text, size, "out of memory in the store");
		return;
	default:
		snprintf(text, size, "the store in %s failed: %s", dir, detail);
	}
}
