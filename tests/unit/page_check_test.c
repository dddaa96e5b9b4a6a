/* A database whose pages have checksums: what was flipped, moved, cut off or swapped on the disk is
 * never given out, whichever byte it is; and SQLite's own ways of writing are not mistaken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "io/store/crc64.h"
#include "io/store/page_check_vfs.h"

#define ROWS  400
#define FRAME (PAGE_CHECK_SIZE + 24)

struct fixture {
	char dir[48], path[64], wal[72];
	struct page_check *check;
	int told; /* damaged pages */
	char what[128];
};

static void told(void *ctx, const char *what)
{
	struct fixture *f = ctx;

	f->told++;
	snprintf(f->what, sizeof f->what, "%s", what);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	snprintf(f->dir, sizeof f->dir, "/tmp/comity-pages-XXXXXX");
	if (mkdtemp(f->dir) == NULL || page_check_new(NULL, told, f, &f->check) < 0)
		return -1;
	snprintf(f->path, sizeof f->path, "%s/comity.db", f->dir);
	snprintf(f->wal, sizeof f->wal, "%s-wal", f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[96];

	page_check_free(f->check);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", f->dir);
	free(f);
	return system(cmd);
}

/* ---------------------------------------------------------------- databases */

static void run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s (%d)", sql, why, sqlite3_extended_errcode(db));
}

static sqlite3 *open_at(const char *path, const char *vfs)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
	sqlite3_wal_autocheckpoint(db, 0);
	run(db, "PRAGMA synchronous = OFF");
	return db;
}

/* Rows in a table and an index, of more than one level, some with overflow pages. */
static sqlite3 *make(struct fixture *f)
{
	sqlite3 *db = open_at(f->path, page_check_name(f->check));

	assert_int_equal(page_check_reserve(db), SQLITE_OK);
	run(db, "PRAGMA journal_mode = WAL;"
		"CREATE TABLE t (no INTEGER PRIMARY KEY, word TEXT UNIQUE, data BLOB)");
	run(db, "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
		" INSERT INTO t SELECT i, 'word ' || (i * 7919), zeroblob(i * 37 % 9000) FROM n");
	return db;
}

/* A sum over all rows, twice: by the table and by the index. A code of SQLite. */
static int look(sqlite3 *db, char ret_text[static 128])
{
	static const char sql[] = "SELECT (SELECT total(length(data) * no) || hex(max(data)) FROM t NOT INDEXED) ||"
				  " (SELECT count(*) || group_concat(substr(word, 6, 2), '') FROM"
				  " (SELECT word FROM t INDEXED BY sqlite_autoindex_t_1 ORDER BY word LIMIT 400))";
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);
		size_t len = strlen(text);

		snprintf(ret_text, 128, "%zu %016llx", len, (unsigned long long)crc64(0, text, len));
	}
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* The same with a new connection. */
static int look_anew(struct fixture *f, char ret_text[static 128])
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, page_check_name(f->check));

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = look(db, ret_text);
	rc = rc != SQLITE_OK && db != NULL ? sqlite3_extended_errcode(db) : rc;
	sqlite3_close(db);
	return rc;
}

/* ------------------------------------------------------------- bytes of files */

static void swap_bytes(const char *path, off_t at, uint8_t *bytes, size_t len)
{
	uint8_t was[FRAME];
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0 && len <= sizeof was);
	assert_int_equal(pread(fd, was, len, at), len);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	memcpy(bytes, was, len);
	close(fd);
}

static void flip(const char *path, off_t at, uint8_t mask)
{
	uint8_t b;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= mask;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* What is read with this byte flipped is an error, or what was written: of a page that is nobody's. */
static void flipped(struct fixture *f, const char *path, off_t at, uint8_t mask, const char *right, int *refused)
{
	char text[128];
	int rc;

	flip(path, at, mask);
	rc = look_anew(f, text);
	flip(path, at, mask);
	if (rc == SQLITE_OK)
		assert_string_equal(text, right);
	else
		assert_int_equal(rc, SQLITE_CORRUPT);
	*refused += rc != SQLITE_OK;
}

/* -------------------------------------------------------------------- tests */

/* The check value of CRC-64/XZ in the catalogue of CRCs (reveng.sourceforge.io). */
static void the_checksum_is_the_published_one(void **state)
{
	(void)state;
	assert_true(crc64(0, "123456789", 9) == 0x995dc9bbdf1939fau);
	assert_true(crc64(crc64(0, "1234", 4), "56789", 5) == 0x995dc9bbdf1939fau);
	assert_true(crc64(0, "The quick brown fox jumps over the lazy dog", 43) ==
		    crc64(crc64(0, "The quick brown fox jumps over ", 31), "the lazy dog", 12));
}

static void no_flipped_byte_of_the_database_is_given_out(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = make(f);
	char right[128];
	int refused = 0, tried = 0;
	off_t size;

	assert_int_equal(look(db, right), SQLITE_OK);
	sqlite3_close(db);
	size = size_of(f->path);
	assert_true(size > 100 * PAGE_CHECK_SIZE);
	/* The header with bits of each of its bytes, then one byte of each kind of place in all pages. */
	for (off_t at = 0; at < 100; at++)
		for (int bit = 0; bit < 8; bit += 3, tried++)
			flipped(f, f->path, at, (uint8_t)(1 << bit), right, &refused);
	/* Reserved for nothing, or of no meaning to us, all of them: page 1 has its checksum. */
	assert_int_equal(refused, tried);
	for (off_t at = 100; at < size; at += 2039, tried++)
		flipped(f, f->path, at, (uint8_t)(1 << at % 8), right, &refused);
	assert_int_equal(refused, tried);
	for (off_t page = 0; page < size; page += PAGE_CHECK_SIZE, tried++)
		flipped(f, f->path, page + PAGE_CHECK_SIZE - 1 - page / PAGE_CHECK_SIZE % 8, 0x10, right, &refused);
	assert_int_equal(refused, tried);
	assert_int_equal(look_anew(f, right), SQLITE_OK);
}

/* As SQLite 3.45 and later read the content of an overflow page. */
static void a_part_of_a_page_is_given_out_if_the_whole_is_sound(void **state)
{
	enum {
		PAGE = 29,
		PART = 700
	};
	const off_t begin = (off_t)PAGE * PAGE_CHECK_SIZE;
	struct fixture *f = *state;
	sqlite3 *db;
	sqlite3_file *file = NULL;
	uint8_t page[PAGE_CHECK_SIZE], part[PAGE_CHECK_SIZE];

	sqlite3_close(make(f));
	db = open_at(f->path, page_check_name(f->check));
	assert_int_equal(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
	assert_int_equal(file->pMethods->xRead(file, page, sizeof page, begin), SQLITE_OK);
	for (int at = 0; at + PART <= PAGE_CHECK_SIZE; at += PART) {
		assert_int_equal(file->pMethods->xRead(file, part, PART, begin + at), SQLITE_OK);
		assert_memory_equal(part, page + at, PART);
	}
	/* Whatever is damaged in it, read or not. */
	for (int at = 0; at < PAGE_CHECK_SIZE; at += 517) {
		flip(f->path, begin + at, 2);
		assert_int_equal(file->pMethods->xRead(file, part, PART, begin + 8), SQLITE_CORRUPT);
		assert_string_equal(f->what, "page 30 of comity.db");
		flip(f->path, begin + at, 2);
	}
	/* What no version reads. */
	assert_int_equal(file->pMethods->xRead(file, part, PAGE_CHECK_SIZE, begin + 1), SQLITE_IOERR_READ);
	sqlite3_close(db);
}

static void a_page_in_the_place_of_another_is_not_given_out(void **state)
{
	struct fixture *f = *state;
	uint8_t page[PAGE_CHECK_SIZE];
	char text[128];
	int fd;

	sqlite3_close(make(f));
	assert_int_equal(look_anew(f, text), SQLITE_OK);
	fd = open(f->path, O_RDWR);
	for (off_t from = 20; from < 24; from++) {
		/* Page 30 is lost, and that one lies there; each has its checksum. */
		assert_int_equal(pread(fd, page, sizeof page, from * PAGE_CHECK_SIZE), sizeof page);
		assert_true(page_check_sound(page, (uint32_t)from + 1));
		assert_false(page_check_sound(page, 30));
		swap_bytes(f->path, (off_t)29 * PAGE_CHECK_SIZE, page, sizeof page);
		assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
		assert_string_equal(f->what, "page 30 of comity.db");
		swap_bytes(f->path, (off_t)29 * PAGE_CHECK_SIZE, page, sizeof page);
	}
	/* Nothing at all, and an end that is missing. */
	memset(page, 0, sizeof page);
	swap_bytes(f->path, (off_t)29 * PAGE_CHECK_SIZE, page, sizeof page);
	assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
	swap_bytes(f->path, (off_t)29 * PAGE_CHECK_SIZE, page, sizeof page);
	assert_int_equal(look_anew(f, text), SQLITE_OK);
	assert_int_equal(ftruncate(fd, size_of(f->path) - PAGE_CHECK_SIZE / 2), 0);
	assert_int_not_equal(look_anew(f, text), SQLITE_OK);
	assert_int_equal(ftruncate(fd, size_of(f->path) - PAGE_CHECK_SIZE), 0);
	assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
	close(fd);
}

/* While the store is open nobody recovers the WAL: what stands in it is read as it is. */
static void no_flipped_byte_of_the_WAL_is_given_out(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = make(f);
	char right[128];
	int refused = 0, tried = 0;
	off_t size = size_of(f->wal);

	assert_int_equal(look(db, right), SQLITE_OK);
	assert_int_equal(look_anew(f, right), SQLITE_OK);
	for (off_t at = 0; at < 56; at++, tried++)
		flipped(f, f->wal, at, 1, right, &refused);
	/* Of the WAL's header the salts and the order of bytes count for all frames; page 1, which is in
	 * the first one, was written again. */
	assert_int_equal(refused, 8 + 1);
	refused = tried = 0;
	for (off_t at = 56; at < size; at += 1021, tried++)
		flipped(f, f->wal, at, (uint8_t)(1 << at % 8), right, &refused);
	/* Pages that were written again later are nobody's; all others count. */
	assert_in_range(refused, tried / 3, tried);
	/* A checkpoint does not move it into the database either, under a checksum of its own. */
	flip(f->wal, 56 + 30 * FRAME + 1000, 4);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_CORRUPT);
	assert_int_equal(sqlite3_extended_errcode(db), SQLITE_CORRUPT);
	flip(f->wal, 56 + 30 * FRAME + 1000, 4);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
	assert_int_equal(look_anew(f, right), SQLITE_OK);
	sqlite3_close(db);
}

/* A frame of an earlier round of the WAL, which a write that was lost has left there. */
static void a_frame_of_another_round_is_not_given_out(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = make(f);
	uint8_t frame[FRAME], other[FRAME];
	char text[128];
	int fd = open(f->wal, O_RDONLY);

	assert_int_equal(pread(fd, frame, sizeof frame, 32), sizeof frame);
	close(fd);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL), SQLITE_OK);
	run(db, "UPDATE t SET data = zeroblob(100) WHERE no < 4");
	assert_int_equal(look_anew(f, text), SQLITE_OK);
	memcpy(other, frame, sizeof other);
	swap_bytes(f->wal, 32, other, sizeof other);
	assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
	assert_string_equal(f->what, "frame 1 of comity.db-wal");
	swap_bytes(f->wal, 32, other, sizeof other);
	/* And one frame of this round in the place of another. */
	memcpy(frame, other, sizeof frame);
	fd = open(f->wal, O_RDONLY);
	assert_int_equal(pread(fd, frame, sizeof frame, 32 + FRAME), sizeof frame);
	close(fd);
	swap_bytes(f->wal, 32, frame, sizeof frame);
	assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
	sqlite3_close(db);
}

/* Copy database and WAL as a power cut would leave them. */
static void copy_to(struct fixture *f, const char *to)
{
	char cmd[1024];

	snprintf(cmd, sizeof cmd, "cp '%s' '%s/%s' && cp '%s' '%s/%s-wal'", f->path, f->dir, to, f->wal, f->dir, to);
	assert_int_equal(system(cmd), 0);
}

/* Recovered by SQLite alone, which asks the checksums of the frames that it computed. */
static void recovered_alike(struct fixture *f, const char *right)
{
	char path[80], text[128];
	sqlite3 *db;

	copy_to(f, "copy.db");
	snprintf(path, sizeof path, "%s/copy.db", f->dir);
	db = open_at(path, NULL);
	assert_int_equal(look(db, text), SQLITE_OK);
	assert_string_equal(text, right);
	sqlite3_close(db);
	copy_to(f, "other.db");
	snprintf(path, sizeof path, "%s/other.db", f->dir);
	db = open_at(path, page_check_name(f->check));
	assert_int_equal(look(db, text), SQLITE_OK);
	assert_string_equal(text, right);
	run(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check");
	sqlite3_close(db);
}

/* As store_sqlite.h says why: whole, in blocks that are no pages. */
static void a_WAL_that_is_rewritten_in_large_pieces_stays_what_it_was(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = make(f);
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 0;
	static const int pieces[] = { 65536, 512, PAGE_CHECK_SIZE, FRAME };
	static char block[65536];
	char right[128], text[128];

	assert_int_equal(look(db, right), SQLITE_OK);
	assert_int_equal(sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal), SQLITE_OK);
	assert_int_equal(wal->pMethods->xFileSize(wal, &size), SQLITE_OK);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		for (sqlite3_int64 at = 0, n; at < size; at += n) {
			n = size - at < pieces[i] ? size - at : pieces[i];
			assert_int_equal(wal->pMethods->xRead(wal, block, (int)n, at), SQLITE_OK);
			assert_int_equal(wal->pMethods->xWrite(wal, block, (int)n, at), SQLITE_OK);
		}
		assert_int_equal(look_anew(f, text), SQLITE_OK);
		assert_string_equal(text, right);
		recovered_alike(f, right);
	}
	run(db, "UPDATE t SET data = zeroblob(50) WHERE no = 3");
	assert_int_equal(look(db, right), SQLITE_OK);
	recovered_alike(f, right);
	assert_int_equal(f->told, 0);
	sqlite3_close(db);
}

/* A transaction that does not fit into memory: SQLite writes its pages into the WAL, reads them
 * again, writes them over in place, and computes the checksums of all frames anew in the end. */
static void a_transaction_that_spills_may_read_what_it_has_written(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = make(f);
	char right[128], text[128];

	run(db, "PRAGMA cache_size = 10; PRAGMA cache_spill = 10");
	for (int round = 0; round < 3; round++) {
		run(db, "BEGIN");
		for (int i = 0; i < 4; i++) {
			run(db, "UPDATE t SET data = randomblob(3000), word = 'other ' || (no * 31) WHERE no % 3 = 1");
			run(db, "UPDATE t SET data = zeroblob(5000), word = 'word ' || (no * 77) WHERE no % 3 < 2");
			assert_int_equal(look(db, text), SQLITE_OK);
		}
		run(db, round == 1 ? "ROLLBACK" : "COMMIT");
		assert_int_equal(look(db, right), SQLITE_OK);
		assert_int_equal(look_anew(f, text), SQLITE_OK);
		assert_string_equal(text, right);
		recovered_alike(f, right);
	}
	assert_int_equal(f->told, 0);
	/* From its end on they are verified, by this connection as well. */
	for (off_t at = 56 + 2000; at < size_of(f->wal); at += FRAME)
		flip(f->wal, at, 1);
	run(db, "PRAGMA shrink_memory");
	assert_int_equal(look(db, text), SQLITE_CORRUPT);
	assert_true(f->told > 0);
	sqlite3_close(db);
}

static void a_database_without_checksums_is_not_taken(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = open_at(f->path, NULL);
	char text[128];

	run(db, "CREATE TABLE t (no INTEGER PRIMARY KEY, word TEXT UNIQUE, data BLOB)");
	sqlite3_close(db);
	assert_int_equal(look_anew(f, text), SQLITE_CORRUPT);
	unlink(f->path);
	/* Nor made, by somebody who forgot to reserve their place. */
	db = open_at(f->path, page_check_name(f->check));
	assert_int_not_equal(sqlite3_exec(db, "CREATE TABLE t (no)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_the_published_one),
		TEST(no_flipped_byte_of_the_database_is_given_out),
		TEST(a_part_of_a_page_is_given_out_if_the_whole_is_sound),
		TEST(a_page_in_the_place_of_another_is_not_given_out),
		TEST(no_flipped_byte_of_the_WAL_is_given_out),
		TEST(a_frame_of_another_round_is_not_given_out),
		TEST(a_WAL_that_is_rewritten_in_large_pieces_stays_what_it_was),
		TEST(a_transaction_that_spills_may_read_what_it_has_written),
		TEST(a_database_without_checksums_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
