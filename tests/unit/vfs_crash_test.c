/* The disk of the simulator by itself: what was synced survives, what was not may
 * be lost, torn or kept, and SQLite on it loses a commit only when it was told
 * not to sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "../rig/vfs_crash.h"

#define LEN 4096

struct file {
	sqlite3_vfs *vfs;
	sqlite3_file *f;
};

static struct file open_flags(struct vfs_crash *d, const char *name, int flags)
{
	struct file file = { .vfs = sqlite3_vfs_find(vfs_crash_name(d)) };

	file.f = calloc(1, (size_t)file.vfs->szOsFile);
	assert_int_equal(file.vfs->xOpen(file.vfs, name, file.f, flags | SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return file;
}

/* A file of this type, made when it is missing. */
static struct file open_file(struct vfs_crash *d, const char *name, int type)
{
	return open_flags(d, name, type | SQLITE_OPEN_CREATE);
}

static void close_file(struct file *file)
{
	file->f->pMethods->xClose(file->f);
	free(file->f);
}

static int fill(struct file *file, char c)
{
	char block[LEN];

	memset(block, c, sizeof block);
	return file->f->pMethods->xWrite(file->f, block, sizeof block, 0);
}

static int sync_file(struct file *file)
{
	return file->f->pMethods->xSync(file->f, SQLITE_SYNC_NORMAL);
}

static bool exists(struct vfs_crash *d, const char *name)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_crash_name(d));
	int there = 0;

	assert_int_equal(vfs->xAccess(vfs, name, SQLITE_ACCESS_READWRITE, &there), SQLITE_OK);
	return there != 0;
}

/* How many of the sectors are filled with c. */
static int sectors(struct file *file, char c)
{
	char block[LEN], sector[512];
	int n = 0;

	assert_int_equal(file->f->pMethods->xRead(file->f, block, sizeof block, 0), SQLITE_OK);
	memset(sector, c, sizeof sector);
	for (int i = 0; i < LEN; i += 512)
		n += memcmp(block + i, sector, sizeof sector) == 0;
	return n;
}

/* 'a' synced, 'b' not; the power goes: how many sectors are 'b'? The others must be 'a'. */
static int lose_power(uint64_t seed)
{
	struct vfs_crash *d = vfs_crash_new("disk", seed);
	struct file f = open_file(d, "f", SQLITE_OPEN_WAL);
	int n;

	assert_int_equal(fill(&f, 'a'), SQLITE_OK);
	assert_int_equal(sync_file(&f), SQLITE_OK);
	assert_int_equal(fill(&f, 'b'), SQLITE_OK);
	assert_int_equal(sectors(&f, 'b'), 8);
	vfs_crash_cut(d);
	assert_true(vfs_crash_is_down(d));
	assert_int_equal(fill(&f, 'c') & 0xff, SQLITE_IOERR);
	assert_int_equal(sync_file(&f) & 0xff, SQLITE_IOERR);
	close_file(&f);
	vfs_crash_up(d);
	f = open_flags(d, "f", SQLITE_OPEN_WAL);
	n = sectors(&f, 'b');
	assert_int_equal(n + sectors(&f, 'a'), 8);
	close_file(&f);
	vfs_crash_free(d);
	return n;
}

static void an_unsynced_write_is_kept_dropped_or_torn(void **state)
{
	int kept = 0, dropped = 0, torn = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		int n = lose_power(seed);

		assert_int_equal(n, lose_power(seed));
		kept += n == 8;
		dropped += n == 0;
		torn += n > 0 && n < 8;
	}
	assert_true(kept > 20 && dropped > 20 && torn > 20);
}

static void a_name_survives_the_sync_of_its_directory(void **state)
{
	int lost = 0, kept = 0, undone = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct vfs_crash *d = vfs_crash_new("disk", seed);
		struct file db = open_file(d, "db", SQLITE_OPEN_MAIN_DB), wal;

		assert_int_equal(fill(&db, 'a'), SQLITE_OK);
		assert_int_equal(sync_file(&db), SQLITE_OK);
		if (seed % 2 == 0) {
			wal = open_file(d, "wal", SQLITE_OPEN_WAL);
			assert_int_equal(sync_file(&wal), SQLITE_OK);
			close_file(&wal);
			assert_int_equal(db.vfs->xDelete(db.vfs, "wal", seed % 4 == 0), SQLITE_OK);
		}
		vfs_crash_cut(d);
		close_file(&db);
		vfs_crash_up(d);
		if (seed % 2 == 0)
			assert_true(exists(d, "db"));
		else if (exists(d, "db"))
			kept++;
		else
			lost++;
		if (seed % 4 == 0)
			assert_false(exists(d, "wal"));
		else
			undone += exists(d, "wal");
		vfs_crash_free(d);
	}
	assert_true(lost > 5 && kept > 5 && undone > 5);
}

/* The page cache shows what a failed sync did not write, and the next sync that
 * succeeds does not write it either. */
static void a_failed_sync_is_not_made_good_by_the_next_one(void **state)
{
	int lost = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct vfs_crash *d = vfs_crash_new("disk", seed);
		struct file f = open_file(d, "f", SQLITE_OPEN_WAL);

		assert_int_equal(fill(&f, 'a'), SQLITE_OK);
		assert_int_equal(sync_file(&f), SQLITE_OK);
		assert_int_equal(fill(&f, 'b'), SQLITE_OK);
		vfs_crash_fault(d, VFS_CRASH_IOERR, 1, 1);
		assert_int_equal(sync_file(&f), SQLITE_IOERR_FSYNC);
		vfs_crash_kill(d);
		close_file(&f);
		vfs_crash_up(d);
		f = open_file(d, "f", SQLITE_OPEN_WAL);
		assert_int_equal(sectors(&f, 'b'), 8);
		assert_int_equal(sync_file(&f), SQLITE_OK);
		vfs_crash_cut(d);
		close_file(&f);
		vfs_crash_up(d);
		f = open_file(d, "f", SQLITE_OPEN_WAL);
		lost += sectors(&f, 'b') < 8;
		close_file(&f);
		vfs_crash_free(d);
	}
	assert_true(lost > 20);
}

static void faults_strike_at_their_point_and_end(void **state)
{
	struct vfs_crash *d = vfs_crash_new("disk", 1);
	struct file f = open_file(d, "f", SQLITE_OPEN_MAIN_DB);

	(void)state;
	vfs_crash_fault(d, VFS_CRASH_FULL, 2, 2);
	assert_int_equal(fill(&f, 'a'), SQLITE_OK);
	assert_int_equal(fill(&f, 'b'), SQLITE_FULL);
	assert_int_equal(sync_file(&f), SQLITE_OK);
	assert_int_equal(fill(&f, 'c'), SQLITE_OK);
	assert_int_equal(vfs_crash_points(d), 4);
	vfs_crash_fault(d, VFS_CRASH_CUT, 1, 0);
	assert_int_equal(sync_file(&f) & 0xff, SQLITE_IOERR);
	assert_true(vfs_crash_is_down(d));
	vfs_crash_cut(d);
	close_file(&f);
	vfs_crash_up(d);
	vfs_crash_free(d);
}

static void locks_and_shared_memory_end_with_the_process(void **state)
{
	struct vfs_crash *d = vfs_crash_new("disk", 1);
	struct file a = open_file(d, "f", SQLITE_OPEN_MAIN_DB), b = open_file(d, "f", SQLITE_OPEN_MAIN_DB);
	const sqlite3_io_methods *m = a.f->pMethods;
	void volatile *one, *two;

	(void)state;
	assert_int_equal(m->xShmMap(a.f, 0, 32768, 1, &one), SQLITE_OK);
	assert_int_equal(m->xShmMap(b.f, 0, 32768, 0, &two), SQLITE_OK);
	assert_ptr_equal(one, two);
	*(volatile char *)one = 'x';
	assert_int_equal(m->xShmLock(a.f, 0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
	assert_int_equal(m->xShmLock(b.f, 0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_BUSY);
	assert_int_equal(m->xLock(a.f, SQLITE_LOCK_SHARED), SQLITE_OK);
	assert_int_equal(m->xLock(b.f, SQLITE_LOCK_SHARED), SQLITE_OK);
	assert_int_equal(m->xLock(b.f, SQLITE_LOCK_RESERVED), SQLITE_OK);
	assert_int_equal(m->xLock(a.f, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
	assert_int_equal(m->xLock(b.f, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
	assert_int_equal(m->xUnlock(a.f, SQLITE_LOCK_NONE), SQLITE_OK);
	assert_int_equal(m->xLock(b.f, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
	vfs_crash_kill(d);
	close_file(&a);
	close_file(&b);
	vfs_crash_up(d);
	a = open_file(d, "f", SQLITE_OPEN_MAIN_DB);
	assert_int_equal(m->xShmMap(a.f, 0, 32768, 0, &one), SQLITE_OK);
	assert_null((const void *)one);
	assert_int_equal(m->xShmMap(a.f, 0, 32768, 1, &one), SQLITE_OK);
	assert_int_equal(*(volatile char *)one, 0);
	assert_int_equal(m->xLock(a.f, SQLITE_LOCK_SHARED), SQLITE_OK);
	close_file(&a);
	vfs_crash_free(d);
}

/* -------------------------------------------------------- SQLite itself on it */

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3 *open_db(const struct vfs_crash *d)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2("t.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_crash_name(d)),
			 SQLITE_OK);
	return db;
}

static int rows(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Ten commits, then the power goes: what is there? */
static int ten_commits(const char *synchronous, uint64_t seed)
{
	struct vfs_crash *d = vfs_crash_new("disk", seed);
	sqlite3 *db = open_db(d);
	int n;

	run(db, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
	run(db, synchronous);
	for (int i = 0; i < 10; i++)
		run(db, "INSERT INTO t VALUES (1)");
	vfs_crash_cut(d);
	sqlite3_close(db);
	vfs_crash_up(d);
	db = open_db(d);
	n = rows(db);
	sqlite3_close(db);
	vfs_crash_free(d);
	return n;
}

static void sqlite_loses_commits_only_without_syncs(void **state)
{
	int lost = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		assert_int_equal(ten_commits("PRAGMA synchronous = FULL", seed), 10);
		lost += ten_commits("PRAGMA synchronous = OFF", seed) < 10;
	}
	assert_true(lost > 20);
}

static void a_snapshot_opens_on_another_disk(void **state)
{
	struct vfs_crash *one = vfs_crash_new("one", 1), *two = vfs_crash_new("two", 2);
	struct vfs_crash_image *image;
	sqlite3 *db = open_db(one), *look;

	(void)state;
	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	image = vfs_crash_snapshot(one);
	run(db, "INSERT INTO t VALUES (2)");
	vfs_crash_restore(two, image);
	look = open_db(two);
	assert_int_equal(rows(look), 1);
	sqlite3_close(look);
	assert_int_equal(rows(db), 2);
	sqlite3_close(db);
	vfs_crash_restore(one, image);
	db = open_db(one);
	assert_int_equal(rows(db), 1);
	sqlite3_close(db);
	vfs_crash_image_free(image);
	vfs_crash_free(one);
	vfs_crash_free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unsynced_write_is_kept_dropped_or_torn),
		cmocka_unit_test(a_name_survives_the_sync_of_its_directory),
		cmocka_unit_test(a_failed_sync_is_not_made_good_by_the_next_one),
		cmocka_unit_test(faults_strike_at_their_point_and_end),
		cmocka_unit_test(locks_and_shared_memory_end_with_the_process),
		cmocka_unit_test(sqlite_loses_commits_only_without_syncs),
		cmocka_unit_test(a_snapshot_opens_on_another_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
