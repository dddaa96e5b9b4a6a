/* How the schema is made or brought up to date, and the two connections are set up. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/store_sqlite_internal.h"

/* How often progress is told: steps of SQLite's virtual machine. */
#define STEPS 1000000

#define APPLICATION_ID 0x436f6d74 /* "Comt" */

static int failed(sqlite3 *db, int rc, const char *dir, struct cy_error *e)
{
	char text[sizeof e->text];

	store_explain(db, rc, dir, text, sizeof text);
	return cy_fail(e, CY_ESTORE, "%s", text);
}

static int pragma_int(sqlite3 *db, const char *sql, int *ret_value)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Make the file, which SQLite would make with mode 0644. An empty one beside a WAL
 * with content was a store once: SQLite would drop the WAL and begin anew. */
static int make_private(const char *path, struct cy_error *e)
{
	char wal[4096 + 8];
	struct stat st, wal_st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), r = CY_OK;

	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "%s cannot be opened: %s", path, strerror(errno));
	snprintf(wal, sizeof wal, "%s-wal", path);
	if (fstat(fd, &st) < 0 || fchmod(fd, 0600) < 0)
		r = cy_fail(e, CY_ECONFIG, "the mode of %s cannot be set to 0600: %s", path, strerror(errno));
	else if (st.st_size == 0 && stat(wal, &wal_st) == 0 && wal_st.st_size > 0)
		r = cy_fail(e, CY_ESTORE, "%s is empty and %s is not; the store is lost: " STORE_RESTORE, path, wal);
	close(fd);
	return r;
}

static int open_file(const struct store_sqlite_config *config, const char *vfs, bool reader, sqlite3 **ret_db,
		     struct cy_error *e)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	char path[4096];
	sqlite3 *db = NULL;
	int r, rc;

	if ((size_t)snprintf(path, sizeof path, "%s/comity.db", config->dir) >= sizeof path)
		return cy_fail(e, CY_ECONFIG, "the name of the directory is too long");
	/* The WAL and its index take the mode of the database. */
	if (config->vfs == NULL && !reader) {
		r = make_private(path, e);
		if (r < 0)
			return r;
	}
	rc = sqlite3_open_v2(path, &db, flags, vfs);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, STORE_BUSY_MS);
	/* The store checkpoints by itself, from one thread only: SQLite 3.40 can
	 * corrupt a database when two connections checkpoint at once. */
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_autocheckpoint(db, 0);
	/* A file that is opened and then refused stays as it was: the WAL may belong to another file. */
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	/* Small things are taken from here, without the allocator and its lock. */
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, (void *)NULL, 1200, 256);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	/* Debian builds SQLite with STAT4, which compiles a statement anew when its values change; the plan of ours
	 * never depends on them. */
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, (int *)NULL);
	if (rc != SQLITE_OK) {
		r = failed(db, rc, config->dir, e);
		sqlite3_close(db);
		return r;
	}
	*ret_db = db;
	return CY_OK;
}

int store_schema_version(sqlite3 *db, const char *dir, int *ret_version, struct cy_error *e)
{
	int application = 0, version = 0, rc;

	rc = pragma_int(db, "PRAGMA application_id", &application);
	if (rc == SQLITE_OK)
		rc = pragma_int(db, "PRAGMA user_version", &version);
	if (rc != SQLITE_OK)
		return failed(db, rc, dir, e);
	if (application != APPLICATION_ID)
		return cy_fail(e, CY_ESTORE, "%s/comity.db is not a store of comity", dir);
	if (version > store_schema_newest)
		return cy_fail(e, CY_ESTORE,
			       "the store in %s has version %d and this program knows versions up to %d: "
			       "it was written by a newer comityd",
			       dir, version, store_schema_newest);
	*ret_version = version;
	return CY_OK;
}

/* What is told while a store of an older version is brought up to date. */
struct updating {
	const struct store_sqlite_config *config;
	void *ctx;
	char text[160];
};

static int go_on(void *arg)
{
	const struct updating *u = arg;

	u->config->progress(u->ctx, u->text);
	return 0;
}

/* SQLITE_CORRUPT: the statement says something else. */
static int must_say_ok(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	const char *text = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(s, 0);
	if (rc == SQLITE_ROW)
		rc = text != NULL && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	sqlite3_finalize(s);
	return rc;
}

/* Inside a transaction: from version `from` to the one that is known here. */
static int migrate(const struct store_sqlite_config *config, sqlite3 *db, int from, void *ctx)
{
	struct updating u = { .config = config, .ctx = ctx };
	char set[64];
	int rc = SQLITE_OK;

	snprintf(u.text, sizeof u.text, "the store is brought from version %d to %d, which takes a minute a GiB", from,
		 store_schema_newest);
	if (config->progress != NULL && from > 0) {
		go_on(&u);
		sqlite3_progress_handler(db, STEPS, go_on, &u);
	}
	/* What is written anew was sound: afterwards nobody would see what is lacking. */
	if (from > 0)
		rc = must_say_ok(db, "PRAGMA integrity_check(1)");
	for (int i = from + 1; rc == SQLITE_OK && i <= store_schema_newest; i++)
		rc = sqlite3_exec(db, store_migrations[i], NULL, NULL, NULL);
	/* What foreign keys were off for: each names what is there. */
	if (rc == SQLITE_OK && from > 0)
		rc = must_say_ok(db, "SELECT iif(EXISTS (SELECT 1 FROM pragma_foreign_key_check), 'no', 'ok')");
	sqlite3_progress_handler(db, 0, NULL, NULL);
	snprintf(set, sizeof set, "PRAGMA user_version = %d", store_schema_newest);
	return rc == SQLITE_OK ? sqlite3_exec(db, set, NULL, NULL, NULL) : rc;
}

static int put_check(sqlite3 *db, struct seal *seal, const uint8_t key[static SEAL_KEY_LEN], const char *dir,
		     struct cy_error *e)
{
	uint8_t wrapped[SEAL_WRAPPED_LEN];
	sqlite3_stmt *s;
	int rc, r = seal_check_new(seal, key, wrapped);

	if (r < 0)
		return cy_fail(e, CY_ESTORE, "the check value of the store key cannot be made");
	rc = sqlite3_prepare_v2(db, "INSERT INTO key_check VALUES (1, ?)", -1, &s, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_blob(s, 1, wrapped, sizeof wrapped, SQLITE_STATIC);
		rc = sqlite3_step(s);
		sqlite3_finalize(s);
	}
	return rc == SQLITE_DONE ? CY_OK : failed(db, rc, dir, e);
}

static int verify_check(sqlite3 *db, struct seal *seal, const uint8_t key[static SEAL_KEY_LEN],
			const struct store_sqlite_config *config, struct cy_error *e)
{
	sqlite3_stmt *s;
	int r, rc = sqlite3_prepare_v2(db, "SELECT wrapped FROM key_check", -1, &s, NULL);

	if (rc != SQLITE_OK)
		return failed(db, rc, config->dir, e);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		struct cy_bytes wrapped;

		wrapped.data = sqlite3_column_blob(s, 0);
		wrapped.len = (size_t)sqlite3_column_bytes(s, 0);
		r = seal_check(seal, key, wrapped);
		if (r < 0)
			r = cy_fail(e, CY_ECONFIG, "%s does not hold the key of the store in %s", config->key_path,
				    config->dir);
	} else if (rc == SQLITE_DONE) {
		r = cy_fail(e, CY_ESTORE, "the store in %s is damaged (no check value): " STORE_RESTORE, config->dir);
	} else {
		r = failed(db, rc, config->dir, e);
	}
	sqlite3_finalize(s);
	return r;
}

/* Make the schema, or bring it up to date, whole or not at all. */
static int update(const struct store_sqlite_config *config, sqlite3 *db, bool fresh, struct seal *seal,
		  const uint8_t key[static SEAL_KEY_LEN], void *ctx, struct cy_error *e)
{
	char set[64];
	int version = 0, rc, r = fresh ? CY_OK : store_schema_version(db, config->dir, &version, e);

	if (r < 0 || version == store_schema_newest)
		return r;
	snprintf(set, sizeof set, "PRAGMA application_id = %d", APPLICATION_ID);
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, set, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = migrate(config, db, version, ctx);
	if (rc != SQLITE_OK)
		r = failed(db, rc, config->dir, e);
	else if (fresh)
		r = put_check(db, seal, key, config->dir, e);
	if (r == CY_OK) {
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			r = failed(db, rc, config->dir, e);
	}
	if (r < 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int store_schema_open(const struct store_sqlite_config *config, const char *vfs, sqlite3 **ret_db, bool *ret_fresh,
		      struct cy_error *e)
{
	sqlite3 *db;
	int pages = 0, rc, r = open_file(config, vfs, false, &db, e);

	if (r < 0)
		return r;
	rc = pragma_int(db, "PRAGMA page_count", &pages);
	if (rc != SQLITE_OK) {
		r = failed(db, rc, config->dir, e);
		sqlite3_close(db);
		return r;
	}
	*ret_db = db;
	*ret_fresh = pages == 0;
	return CY_OK;
}

/* After a failed flush the page cache may show a WAL that the disk never got, and
 * no later flush would write it. What was found becomes durable by being written
 * anew, before commits follow it or a checkpoint relies upon it. */
static int rewrite_wal(sqlite3 *db)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 0;
	char block[65536];
	int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	if (rc == SQLITE_OK)
		rc = wal->pMethods->xFileSize(wal, &size);
	for (sqlite3_int64 at = 0, n; rc == SQLITE_OK && at < size; at += n) {
		n = size - at < (sqlite3_int64)sizeof block ? size - at : (sqlite3_int64)sizeof block;
		rc = wal->pMethods->xRead(wal, block, (int)n, at);
		if (rc == SQLITE_OK)
			rc = wal->pMethods->xWrite(wal, block, (int)n, at);
	}
	return rc == SQLITE_OK && size > 0 ? wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) : rc;
}

int store_schema_prepare(const struct store_sqlite_config *config, sqlite3 *db, bool fresh, struct seal *seal,
			 const uint8_t key[static SEAL_KEY_LEN], void *ctx, struct cy_error *e)
{
	int r, rc = sqlite3_exec(db,
				 "PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
				 "PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768;"
				 "PRAGMA journal_size_limit = 67108864",
				 NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, config->sync_off ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL", NULL,
				  NULL, NULL);
	if (rc == SQLITE_OK && fresh)
		rc = page_check_reserve(db);
	if (rc == SQLITE_OK)
		rc = store_functions(db);
	if (rc != SQLITE_OK)
		return failed(db, rc, config->dir, e);
	r = update(config, db, fresh, seal, key, ctx, e);
	if (r < 0)
		return r;
	rc = sqlite3_exec(db, "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return failed(db, rc, config->dir, e);
	r = verify_check(db, seal, key, config, e);
	if (r < 0)
		return r;
	rc = config->sync_off ? SQLITE_OK : rewrite_wal(db);
	if (rc != SQLITE_OK)
		return failed(db, rc, config->dir, e);
	/* SQLite flushes the directory without looking whether that succeeds. */
	if (config->vfs == NULL && !config->sync_off)
		return store_sync_path(config->dir, e);
	return CY_OK;
}

int store_schema_open_reader(const struct store_sqlite_config *config, const char *vfs, sqlite3 **ret_db,
			     struct cy_error *e)
{
	sqlite3 *db;
	int rc, r = open_file(config, vfs, true, &db, e);

	if (r < 0)
		return r;
	rc = sqlite3_exec(db, "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768", NULL,
			  NULL, NULL);
	if (rc != SQLITE_OK) {
		r = failed(db, rc, config->dir, e);
		sqlite3_close(db);
		return r;
	}
	*ret_db = db;
	return CY_OK;
}
