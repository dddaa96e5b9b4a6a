/* The declarations that the files of the SQLite store share. */
#ifndef CY_IO_STORE_STORE_SQLITE_INTERNAL_H
#define CY_IO_STORE_STORE_SQLITE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "io/store/page_check_vfs.h"
#include "io/store/store_seal.h"
#include "io/store/store_sqlite.h"

/* ----------------------------------------------------- directory, lock, key */

/* Make or check the directory; open and lock its lock file. The lock is held
 * until `*ret_lock` is closed. */
int store_dir_open(const char *dir, int *ret_lock, struct cy_error *e);
/* Flush a file, or a directory's entries. */
int store_sync_path(const char *path, struct cy_error *e);
/* A file's name as a URI, with parameters ("": none). */
int store_uri(const char *path, const char *parameters, char *ret_uri, size_t size);
/* Read the store key; with `create` it is made if it is missing. */
int store_key_load(const char *path, bool create, uint8_t ret_key[static SEAL_KEY_LEN], struct cy_error *e);

/* -------------------------------------------------------------- connections */

#define STORE_BUSY_MS 5000 /* for so long another process may lock the file */

/* A connection with its prepared statements, which are kept. */
struct store_conn {
	sqlite3 *db;
	const char *const *sql; /* texts, by number */
	sqlite3_stmt **stmt;    /* made at first use */
	int n;
	struct seal seal;
};

int store_conn_init(struct store_conn *c, sqlite3 *db, const char *const *sql, int n, const EVP_CIPHER *cipher);
void store_conn_free(struct store_conn *c);

/* Statement `i`, reset. One that is being stepped by a caller further up is
 * prepared anew. Give it back with store_stmt_done(). NULL: it cannot be prepared. */
sqlite3_stmt *store_stmt(struct store_conn *c, int i);
void store_stmt_done(struct store_conn *c, int i, sqlite3_stmt *s);

/* Values from left to right; the first failure stays in rc. Nothing is copied:
 * what is bound outlives the step. */
#define STORE_ID_BYTES 16
struct store_bind {
	sqlite3_stmt *s;
	int at, rc;
	uint8_t digest[CY_SHA256_LEN]; /* of bind_key() */
	uint8_t ids[4][STORE_ID_BYTES];
	int n_ids;
};

void bind_text(struct store_bind *b, const char *text); /* NULL is "" */
void bind_u64(struct store_bind *b, uint64_t v);
void bind_i64(struct store_bind *b, int64_t v);
void bind_bytes(struct store_bind *b, struct cy_bytes v); /* without data: an empty blob */
void bind_null(struct store_bind *b);

/* A UUID as its 16 bytes, which are in the same order; any other id as it is. At most four in a statement. */
void bind_id(struct store_bind *b, const char *id);
/* The digest that an idempotency key is known by as its 32 bytes; any other key as it is. */
void bind_key(struct store_bind *b, const char *client, const char *key);
/* What was bound so, as text: in `ret`, or in the statement. */
const char *store_id_at(sqlite3_stmt *s, int i, char ret[static CY_UUID_LEN + 1]);
const char *store_key_at(sqlite3_stmt *s, int i, char ret[static CY_SHA256_HEX]);
/* The functions of our migrations and statements: id_bytes(id), key_bytes(client, key), and key_digest(client, key),
 * the bytes of store_key_digest(). */
int store_functions(sqlite3 *db);
/* store_sqlite_leaf.c: leaf_text(text), the texts of a row of one leaf. Part of the former. */
int store_leaf_functions(sqlite3 *db);

/* Is what was to be read or changed damaged, or can the store not do it now? */
int store_code(int rc);
/* The remedy for a damaged store, for the end of sentences about it. */
#define STORE_RESTORE                                                                                            \
	"restore it from a backup (INSTALL, Backup), with no comity.db-wal, comity.db-shm or comity.db.checked " \
	"left from before"
/* A sentence for a failure of SQLite, naming the directory. */
void store_explain(sqlite3 *db, int rc, const char *dir, char *text, size_t size);

/* ------------------------------------------------------------ page checksums */

/* Before the store in a real directory is opened: have comity.db written anew with checksums,
 * unless it has them, and note that it has. `ctx` is for config->progress. */
int store_checked_prepare(const struct store_sqlite_config *config, struct page_check *check, void *ctx,
			  struct cy_error *e);

/* -------------------------------------------------------------------- schema */

/* Number n is applied to a store of version n - 1; the last one is store_schema_newest. */
extern const char *const store_migrations[];
extern const int store_schema_newest;
/* Checks that this program knows the store, and gives its version. */
int store_schema_version(sqlite3 *db, const char *dir, int *ret_version, struct cy_error *e);
/* Open DIR/comity.db as the writer, by the VFS; an empty one is made if it is missing.
 * `*ret_fresh`: nothing was ever committed to it. */
int store_schema_open(const struct store_sqlite_config *config, const char *vfs, sqlite3 **ret_db, bool *ret_fresh,
		      struct cy_error *e);
/* Pragmas, migrations, the check of the key; `ctx` is for config->progress. A fresh store gets its schema and the
 * check value in one transaction, so it is fresh or whole at any moment. */
int store_schema_prepare(const struct store_sqlite_config *config, sqlite3 *db, bool fresh, struct seal *seal,
			 const uint8_t key[static SEAL_KEY_LEN], void *ctx, struct cy_error *e);
/* The connection for reads; the writer is open already. */
int store_schema_open_reader(const struct store_sqlite_config *config, const char *vfs, sqlite3 **ret_db,
			     struct cy_error *e);

/* ------------------------------------------------- looking at what is stored */

#define STORE_FINDINGS_MAX 64
#define STORE_FINDING_TEXT 160

struct store_finding {
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1]; /* "": it is not known whose */
	char what[STORE_FINDING_TEXT];                             /* "": the case */
};

struct store_sqlite;

struct store_check {
	pthread_mutex_t mutex; /* guards what follows, up to the thread */
	pthread_cond_t cond;   /* of CLOCK_MONOTONIC: quit or wanted */
	bool quit, wanted;
	struct store_finding found[STORE_FINDINGS_MAX]; /* each once */
	size_t n, told;
	pthread_t thread;
	bool runs;
	struct store_sqlite *reader; /* the thread's: its connection, the key, the cipher */
};

int store_check_start(struct store_sqlite *st, const struct store_sqlite_config *config, struct cy_error *e);
void store_check_stop(struct store_sqlite *st);
/* For page_check_new(): a page was damaged. Any thread. */
void store_check_page(void *st, const char *what);
/* Call damaged() for what is new. */
void store_check_tell(struct store_sqlite *st);
/* Have store_sqlite_dispatch() called. Any thread. */
void store_ring(struct store_sqlite *st);

/* ---------------------------------------------------------- which file, which WAL */

#define STORE_BASE_HEX (2 * 16 + 1)

/* Before anything is changed: is there a store whose comity.db is missing, or one with the WAL of
 * another time? CY_ESTORE. *ret_copy: it is not the file that this store had last. */
int store_base_judge(const struct store_sqlite_config *config, bool *ret_copy, struct cy_error *e);
/* The store is open: a copy is examined whole, and counts as restored from here on. */
int store_base_begin(struct store_sqlite *st, const struct store_sqlite_config *config, bool copy, void *ctx,
		     struct cy_error *e);
/* The transaction that was begun so is committed. */
void store_base_committed(struct store_sqlite *st);

/* --------------------------------------------------------------------- store */

struct store_job {
	bool in_flight; /* caller's side: commit() accepted, committed() not called */
	bool todo;      /* for the thread */
	bool done;      /* by the thread */
	struct store_writeset w;
	int code;
	char why[512];
};

struct store_sqlite {
	char *dir;
	int lock_fd, event_fd;
	uint8_t *key; /* SEAL_KEY_LEN bytes of secure memory (io/signer/secrets.h), as that of last_case */
	EVP_CIPHER *cipher;
	struct page_check *pages;
	struct store_check check;
	struct store_conn reader;
	struct orders_port orders;
	struct {
		char now[STORE_BASE_HEX], next[STORE_BASE_HEX]; /* ids; next "": not chosen yet */
		bool due;                                       /* the next transaction may be the first of a WAL */
		bool file, sync_off;
	} base;

	/* of the thread that writes */
	struct store_conn writer;
	int wal_pages;   /* in the WAL after the last commit */
	bool erased;     /* a write-set erased something, and the WAL may still hold it */
	bool wal_behind; /* some of them are not in the database yet */
	struct {
		/* key of the case written to last; no 0: none */
		sqlite3_int64 no, generation;
		char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
		uint8_t *key;
		bool damaged; /* the key does not open: nothing can be sealed */
	} last_case;

	bool threaded, thread_runs;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards job.todo, job.done, quit */
	pthread_cond_t cond;   /* todo or quit */
	bool quit;
	bool probed; /* the thread has been asked for a sign of life */
	struct store_job job;

	void (*committed)(void *ctx, int code, const char *why);
	void (*damaged)(void *ctx, const char *peer, const char *case_id, const char *what);
	void *ctx;
};

/* Statements of the writer and of the reader. */
extern const char *const store_write_sql[];
extern const int store_write_sql_n;
extern const char *const store_read_sql[];
extern const int store_read_sql_n;

/* Apply a write-set in one transaction; CY_ESTORE with a sentence in `why`. */
int store_apply(struct store_sqlite *st, const struct store_writeset *w, char *why, size_t size);

/* Fill the reading operations of the port. */
void store_read_port(struct store_port *port);

/* commit() of the port, and its thread. */
int store_commit(void *ctx, struct store_writeset *w);
int store_thread_start(struct store_sqlite *st, struct cy_error *e);
void store_thread_stop(struct store_sqlite *st);

#endif
