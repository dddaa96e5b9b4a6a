/* Figures, not a test: what the checksums of pages cost, against the same database without them. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "io/store/page_check_vfs.h"

#define ROWS   20000 /* of about 1 KiB: 20 MiB */
#define ROUNDS 5

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, why);
		exit(1);
	}
}

/* Microseconds of the fastest round. */
static double best(sqlite3 *db, const char *before, const char *sql)
{
	double least = 1e12;

	for (int i = 0; i < ROUNDS; i++) {
		double start;

		run(db, before);
		start = now_us();
		run(db, sql);
		if (now_us() - start < least)
			least = now_us() - start;
	}
	return least;
}

struct figures {
	double wal, file, commit, checkpoint; /* us a page, us a commit, us a page */
};

static struct figures measure(const char *path, const char *vfs, bool checked)
{
	struct figures f;
	sqlite3 *db;

	CY_ASSERT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) == SQLITE_OK);
	sqlite3_wal_autocheckpoint(db, 0);
	if (checked)
		CY_ASSERT(page_check_reserve(db) == SQLITE_OK);
	/* No flush: it would hide everything else. */
	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;"
		"CREATE TABLE t (no INTEGER PRIMARY KEY, data BLOB)");
	run(db, "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
		" INSERT INTO t SELECT i, randomblob(1000) FROM n");
	f.wal = best(db, "PRAGMA shrink_memory", "SELECT sum(length(data)), max(data) FROM t") / (ROWS / 4);
	f.checkpoint = best(db, "UPDATE t SET data = randomblob(1000)", "PRAGMA wal_checkpoint(TRUNCATE)") / (ROWS / 4);
	f.file = best(db, "PRAGMA shrink_memory", "SELECT sum(length(data)), max(data) FROM t") / (ROWS / 4);
	f.commit = best(db, "PRAGMA shrink_memory",
			"UPDATE t SET data = randomblob(1000) WHERE no IN"
			" (WITH n (i) AS (SELECT 7 UNION ALL SELECT i + 1000 FROM n WHERE i < 19000) SELECT i FROM n)");
	sqlite3_close(db);
	return f;
}

int main(void)
{
	static uint8_t page[PAGE_CHECK_SIZE];
	char dir[] = "/tmp/comity-bench-XXXXXX", plain_path[64], path[64], cmd[64];
	struct page_check *check;
	struct figures plain, checked;
	double start = now_us();

	for (uint32_t i = 0; i < 100000; i++)
		page_check_seal(page, i);
	printf("checksum of a page: %.2f us\n", (now_us() - start) / 1e5);
	CY_ASSERT(mkdtemp(dir) != NULL && page_check_new(NULL, NULL, NULL, &check) == CY_OK);
	snprintf(plain_path, sizeof plain_path, "%s/plain.db", dir);
	snprintf(path, sizeof path, "%s/checked.db", dir);
	plain = measure(plain_path, NULL, false);
	checked = measure(path, page_check_name(check), true);
	printf("a page read from the database: %.2f us, without checksums %.2f us\n", checked.file, plain.file);
	printf("a page read from the WAL: %.2f us, without checksums %.2f us\n", checked.wal, plain.wal);
	printf("a page written back by a checkpoint: %.2f us, without checksums %.2f us\n", checked.checkpoint,
	       plain.checkpoint);
	printf("a commit of 20 pages, without its flush: %.0f us, without checksums %.0f us\n", checked.commit,
	       plain.commit);
	page_check_free(check);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd);
}
