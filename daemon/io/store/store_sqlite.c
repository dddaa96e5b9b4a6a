/* Opening and closing the store, and the thread that commits. */
#include "io/store/store_sqlite.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/store/store_sqlite_internal.h"

/* The WAL is written back when this many pages are behind and nothing waits. */
#define CHECKPOINT_PAGES 1000
/* Beyond this it is written back even while commits wait, so that the file stays bounded. */
#define CHECKPOINT_LATEST 16000
/* Erased text stays in the WAL for so much longer if a reader was active. */
#define CUT_AGAIN_S 1

/* ------------------------------------------------------------------ the thread */

static int count_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct store_sqlite *st = ctx;

	(void)db;
	(void)name;
	st->wal_pages = pages;
	st->wal_behind = true;
	return SQLITE_OK;
}

static bool checkpoint(struct store_sqlite *st, int mode)
{
	int log = 0, done = 0;

	if (sqlite3_wal_checkpoint_v2(st->writer.db, NULL, mode, &log, &done) != SQLITE_OK || done != log)
		return false;
	st->wal_behind = false;
	st->base.due = true;
	return true;
}

/* Erased text stays in earlier frames of the WAL until the WAL is truncated. Commits do not wait for
 * readers, such as a backup: the truncation is then tried again after the next commit, or soon. */
static void cut_wal(struct store_sqlite *st)
{
	sqlite3_busy_timeout(st->writer.db, 0);
	st->erased = !checkpoint(st, SQLITE_CHECKPOINT_TRUNCATE);
	sqlite3_busy_timeout(st->writer.db, STORE_BUSY_MS);
}

static void apply_job(struct store_sqlite *st)
{
	st->job.why[0] = '\0';
	st->job.code = store_apply(st, &st->job.w, st->job.why, sizeof st->job.why);
	store_writeset_free(&st->job.w);
	if (st->erased)
		cut_wal(st);
}

void store_ring(struct store_sqlite *st)
{
	const uint64_t one = 1;

	CY_ASSERT(write(st->event_fd, &one, sizeof one) == sizeof one);
}

/* Until there is something to do, which may be to cut off the WAL once nobody reads. */
static void wait_for_job(struct store_sqlite *st)
{
	struct timespec t;

	if (!st->erased) {
		pthread_cond_wait(&st->cond, &st->mutex);
		return;
	}
	CY_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	t.tv_sec += CUT_AGAIN_S;
	if (pthread_cond_timedwait(&st->cond, &st->mutex, &t) != ETIMEDOUT)
		return;
	pthread_mutex_unlock(&st->mutex);
	cut_wal(st);
	pthread_mutex_lock(&st->mutex);
}

static void *run(void *arg)
{
	struct store_sqlite *st = arg;

	pthread_setname_np(pthread_self(), "store");
	pthread_mutex_lock(&st->mutex);
	for (;;) {
		st->probed = false;
		while (!st->job.todo && !st->quit) {
			st->probed = false;
			if (st->wal_behind && st->wal_pages >= CHECKPOINT_PAGES) {
				pthread_mutex_unlock(&st->mutex);
				checkpoint(st, SQLITE_CHECKPOINT_PASSIVE);
				/* Not again before the next commit. */
				st->wal_pages = 0;
				pthread_mutex_lock(&st->mutex);
				continue;
			}
			wait_for_job(st);
		}
		if (!st->job.todo)
			break;
		st->job.todo = false;
		pthread_mutex_unlock(&st->mutex);
		apply_job(st);
		pthread_mutex_lock(&st->mutex);
		st->job.done = true;
		store_ring(st);
		if (st->wal_behind && st->wal_pages >= CHECKPOINT_LATEST) {
			pthread_mutex_unlock(&st->mutex);
			checkpoint(st, SQLITE_CHECKPOINT_PASSIVE);
			pthread_mutex_lock(&st->mutex);
		}
	}
	pthread_mutex_unlock(&st->mutex);
	return NULL;
}

int store_thread_start(struct store_sqlite *st, struct cy_error *e)
{
	if (!st->threaded)
		return CY_OK;
	if (pthread_create(&st->thread, NULL, run, st) != 0)
		return cy_fail(e, CY_EIO, "the store's thread cannot be started");
	st->thread_runs = true;
	return CY_OK;
}

/* The job in flight is finished first. */
void store_thread_stop(struct store_sqlite *st)
{
	if (!st->thread_runs)
		return;
	pthread_mutex_lock(&st->mutex);
	st->quit = true;
	pthread_cond_signal(&st->cond);
	pthread_mutex_unlock(&st->mutex);
	pthread_join(st->thread, NULL);
	st->thread_runs = false;
}

int store_commit(void *ctx, struct store_writeset *w)
{
	struct store_sqlite *st = ctx;

	if (st->job.in_flight)
		return CY_EAGAIN;
	st->job.in_flight = true;
	pthread_mutex_lock(&st->mutex);
	st->job.w = *w;
	st->job.todo = true;
	st->job.done = false;
	pthread_cond_signal(&st->cond);
	pthread_mutex_unlock(&st->mutex);
	free(w);
	if (!st->threaded)
		store_ring(st);
	return CY_OK;
}

void store_sqlite_probe(struct store_sqlite *store)
{
	pthread_mutex_lock(&store->mutex);
	store->probed = store->thread_runs;
	pthread_cond_signal(&store->cond);
	pthread_mutex_unlock(&store->mutex);
}

bool store_sqlite_alive(struct store_sqlite *store)
{
	bool alive;

	pthread_mutex_lock(&store->mutex);
	alive = !store->probed;
	pthread_mutex_unlock(&store->mutex);
	return alive;
}

int store_sqlite_fd(const struct store_sqlite *store)
{
	return store->event_fd;
}

void store_sqlite_dispatch(struct store_sqlite *store)
{
	uint64_t rings;
	bool done;

	if (read(store->event_fd, &rings, sizeof rings) < 0 && errno != EAGAIN)
		return;
	if (!store->threaded && store->job.todo) {
		store->job.todo = false;
		apply_job(store);
		store->job.done = true;
		if (store->wal_behind && store->wal_pages >= CHECKPOINT_PAGES)
			checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
	}
	store_check_tell(store);
	pthread_mutex_lock(&store->mutex);
	done = store->job.done;
	store->job.done = false;
	pthread_mutex_unlock(&store->mutex);
	if (!done)
		return;
	store->job.in_flight = false;
	store->committed(store->ctx, store->job.code, store->job.why);
}

/* ---------------------------------------------------------- opening and closing */

static int open_connections(struct store_sqlite *st, const struct store_sqlite_config *config, void *ctx,
			    struct cy_error *e)
{
	struct seal seal = { 0 };
	sqlite3 *db = NULL;
	bool fresh = false;
	int r = store_schema_open(config, page_check_name(st->pages), &db, &fresh, e);

	if (r == CY_OK)
		r = store_key_load(config->key_path, fresh, st->key, e);
	if (r == CY_OK && seal_init(&seal, st->cipher) < 0)
		r = cy_fail(e, CY_ENOMEM, "out of memory");
	if (r == CY_OK)
		r = store_schema_prepare(config, db, fresh, &seal, st->key, ctx, e);
	seal_free(&seal);
	if (r < 0) {
		sqlite3_close(db);
		return r;
	}
	if (sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL) != SQLITE_OK ||
	    store_conn_init(&st->writer, db, store_write_sql, store_write_sql_n, st->cipher) < 0)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	sqlite3_wal_hook(db, count_pages, st);
	r = store_schema_open_reader(config, page_check_name(st->pages), &db, e);
	if (r < 0)
		return r;
	if (store_conn_init(&st->reader, db, store_read_sql, store_read_sql_n, st->cipher) < 0)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	/* The process may have ended between an erasure and that. */
	cut_wal(st);
	return CY_OK;
}

int store_sqlite_open(const struct store_sqlite_config *config, void (*committed)(void *ctx, int code, const char *why),
		      void *ctx, struct store_sqlite **ret_store, struct store_port *ret_port, struct cy_error *e)
{
	struct store_sqlite *st = calloc(1, sizeof *st);
	pthread_condattr_t monotonic;
	bool copy = false;
	int r;

	if (st == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	/* Nobody asks how much memory SQLite has, which it would count under a lock. Refused once SQLite is in use,
	 * where a process opens another store. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	st->lock_fd = -1;
	st->threaded = config->threaded;
	st->committed = committed;
	st->ctx = ctx;
	st->orders = config->orders;
	pthread_mutex_init(&st->mutex, NULL);
	pthread_mutex_init(&st->check.mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&st->cond, &monotonic);
	pthread_cond_init(&st->check.cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
	st->damaged = config->damaged;
	st->dir = strdup(config->dir);
	st->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	st->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	st->key = OPENSSL_secure_zalloc(SEAL_KEY_LEN);
	st->last_case.key = OPENSSL_secure_zalloc(SEAL_KEY_LEN);
	if (st->dir == NULL || st->event_fd < 0 || st->cipher == NULL || st->key == NULL || st->last_case.key == NULL)
		r = cy_fail(e, CY_ENOMEM, "out of memory or descriptors");
	else
		r = store_dir_open(config->dir, &st->lock_fd, e);
	if (r == CY_OK && page_check_new(config->vfs, store_check_page, st, &st->pages) < 0)
		r = cy_fail(e, CY_ENOMEM, "out of memory, or no VFS of that name");
	if (r == CY_OK)
		r = store_base_judge(config, &copy, e);
	if (r == CY_OK && config->vfs == NULL)
		r = store_checked_prepare(config, st->pages, ctx, e);
	if (r == CY_OK)
		r = open_connections(st, config, ctx, e);
	if (r == CY_OK)
		r = store_base_begin(st, config, copy, ctx, e);
	if (r == CY_OK)
		r = store_thread_start(st, e);
	if (r == CY_OK)
		r = store_check_start(st, config, e);
	if (r < 0) {
		store_sqlite_close(st);
		return r;
	}
	*ret_port = (struct store_port){ .ctx = st, .commit = store_commit };
	store_read_port(ret_port);
	*ret_store = st;
	return CY_OK;
}

static uint64_t file_size(const struct store_sqlite *store, const char *name)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", store->dir, name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void store_sqlite_facts(const struct store_sqlite *store, struct node_facts *ret_facts)
{
	struct statvfs fs;

	ret_facts->database_bytes = file_size(store, "comity.db");
	ret_facts->wal_bytes = file_size(store, "comity.db-wal");
	if (statvfs(store->dir, &fs) == 0) {
		ret_facts->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
		ret_facts->disk_total = (uint64_t)fs.f_blocks * fs.f_frsize;
	}
}

void store_sqlite_close(struct store_sqlite *store)
{
	store_check_stop(store);
	store_thread_stop(store);
	store_writeset_free(&store->job.w);
	if (store->reader.db != NULL)
		store_conn_free(&store->reader);
	if (store->writer.db != NULL) {
		checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
		store_conn_free(&store->writer);
	}
	page_check_free(store->pages);
	EVP_CIPHER_free(store->cipher);
	if (store->event_fd >= 0)
		close(store->event_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_cond_destroy(&store->cond);
	pthread_mutex_destroy(&store->mutex);
	pthread_cond_destroy(&store->check.cond);
	pthread_mutex_destroy(&store->check.mutex);
	OPENSSL_secure_clear_free(store->key, SEAL_KEY_LEN);
	OPENSSL_secure_clear_free(store->last_case.key, SEAL_KEY_LEN);
	free(store->dir);
	free(store);
}
