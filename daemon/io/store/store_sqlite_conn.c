/* A connection: its prepared statements, binding, and failures as sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store/store_sqlite_internal.h"

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
