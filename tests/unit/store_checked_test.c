/* Stores from before pages had checksums, and copies that SQLite made: they get them when they are
 * opened, whole, whenever the process was killed meanwhile, and nothing of them changes. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store_fixture.h"

#define CASES 40

struct seen {
	size_t n;
	char text[CASES * 80];
};

static int see_case(void *arg, const struct store_case *row)
{
	struct seen *s = arg;

	s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%s %s %s %s\n", row->case_id,
				 row->own_reference, row->title, row->damaged ? "damaged" : "");
	return CY_OK;
}

static void see_all(struct fixture *f, struct seen *ret)
{
	const struct store_view all = { .titles = true };

	*ret = (struct seen){ .n = 0 };
	assert_int_equal(f->port.list_cases(f->port.ctx, all, "", false, "", CASES + 1, see_case, ret), CY_OK);
}

static void fill(struct fixture *f, struct seen *ret)
{
	for (int i = 0; i < CASES; i++) {
		char id[16], own[16], message[16];

		snprintf(id, sizeof id, "c%02d", i);
		snprintf(own, sizeof own, "own-%d", i);
		snprintf(message, sizeof message, "m%d", i);
		add_case(f, id, "desk", own, "");
		add_message(f, id, message, 1, CY_PRIORITY__NORMAL);
		assert_int_equal(commit(f), CY_OK);
	}
	see_all(f, ret);
	store_sqlite_close(f->store);
	f->store = NULL;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Each row is a statement: run it. */
static int run_row(void *db, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	if (values[0] != NULL)
		run(db, values[0]);
	return 0;
}

static void run_each(sqlite3 *to, sqlite3 *from, const char *sql)
{
	assert_int_equal(sqlite3_exec(from, sql, run_row, to, NULL), SQLITE_OK);
}

/* The same store as a version made it that knew of no checksums: no byte is reserved. Its last commits are
 * in the WAL. */
static void make_old(struct fixture *f)
{
	char path[64], old[72], sql[160];
	sqlite3 *from, *to;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	snprintf(old, sizeof old, "%s-old", path);
	assert_int_equal(sqlite3_open(path, &from), SQLITE_OK);
	assert_int_equal(sqlite3_open(old, &to), SQLITE_OK);
	run(to, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
	run_each(to, from, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
	snprintf(sql, sizeof sql, "ATTACH '%s' AS it", path);
	run(to, sql);
	run(to, "DELETE FROM meta");
	run_each(to, from,
		 "SELECT 'INSERT INTO main.' || s.name || ' (' || group_concat(c.name) || ') SELECT ' ||"
		 " group_concat(c.name) || ' FROM it.' || s.name"
		 " FROM sqlite_schema s, pragma_table_info(s.name) c"
		 " WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite%' GROUP BY s.name");
	/* More than SQLite keeps in memory while it writes. */
	run(to, "WITH n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 800)"
		" INSERT INTO leaf (first, hashes, texts, at) SELECT i, randomblob(32), randomblob(8000), 0 FROM n");
	run(to, "DETACH it");
	run_each(to, from, "SELECT sql FROM sqlite_schema WHERE type <> 'table'");
	run_each(to, from, "SELECT 'PRAGMA application_id = ' || application_id FROM pragma_application_id");
	run_each(to, from, "SELECT 'PRAGMA user_version = ' || user_version FROM pragma_user_version");
	sqlite3_close(from);
	sqlite3_db_config(to, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	sqlite3_close(to);
	snprintf(sql, sizeof sql,
		 "cd '%s' && mv comity.db-old comity.db && mv comity.db-old-wal comity.db-wal && rm -f *-shm", f->dir);
	assert_int_equal(system(sql), 0);
	edited(f);
}

static int reserved(struct fixture *f)
{
	char path[64];
	uint8_t header[100];
	FILE *file;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
	fclose(file);
	return header[20];
}

/* Every page of the file has its checksum. */
static void all_sound(struct fixture *f)
{
	char path[64];
	uint8_t page[PAGE_CHECK_SIZE];
	FILE *file;
	uint32_t n = 0;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fread(page, 1, sizeof page, file) == sizeof page)
		assert_true(page_check_sound(page, ++n));
	assert_true(feof(file) && n > 20);
	fclose(file);
}

static void holds(struct fixture *f, const struct seen *right)
{
	struct seen now;

	reopen(f);
	see_all(f, &now);
	assert_string_equal(now.text, right->text);
	store_sqlite_close(f->store);
	f->store = NULL;
	assert_int_equal(reserved(f), PAGE_CHECK_RESERVED);
	all_sound(f);
}

static void an_old_store_gets_checksums_once(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	struct stat before, after;
	char path[64];

	fill(f, &right);
	make_old(f);
	assert_int_equal(reserved(f), 0);
	holds(f, &right);
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	holds(f, &right);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* Of comity.db, opened with these flags, to comity.db-copy. */
static void copy_by_sqlite(struct fixture *f, int flags)
{
	char path[64], copy[72];
	sqlite3 *from, *to;
	sqlite3_backup *b;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	snprintf(copy, sizeof copy, "%s-copy", path);
	assert_int_equal(sqlite3_open_v2(path, &from, flags, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_open(copy, &to), SQLITE_OK);
	b = sqlite3_backup_init(to, "main", from, "main");
	assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
	sqlite3_backup_finish(b);
	sqlite3_close(to);
	sqlite3_close(from);
}

/* The store with one case more, which is in the WAL. It stays open. */
static void fill_wal(struct fixture *f, struct seen *ret)
{
	fill(f, ret);
	reopen(f);
	add_case(f, "c99", "desk", "own-99", "");
	assert_int_equal(commit(f), CY_OK);
	see_all(f, ret);
}

/* Its pages come from the WAL, where they have no checksums of their own. */
static void a_copy_that_SQLite_made_gets_checksums(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	char cmd[200];

	fill_wal(f, &right);
	copy_by_sqlite(f, SQLITE_OPEN_READWRITE);
	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(cmd, sizeof cmd, "cd '%s' && rm -f comity.db-wal comity.db-shm && mv comity.db-copy comity.db",
		 f->dir);
	assert_int_equal(system(cmd), 0);
	edited(f);
	holds(f, &right);
}

/* ------------------------------------------------------------------- killed */

static int calls_left;

static void die_in_time(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
	if (--calls_left == 0)
		kill(getpid(), SIGKILL);
}

/* Open it in a process that dies at the n-th sign of progress; was it alive in the end? */
static bool survives(struct fixture *f, int n)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		const struct store_sqlite_config config = { .dir = f->dir,
							    .key_path = f->key,
							    .progress = die_in_time };
		struct cy_error e = { 0 };

		calls_left = n;
		if (store_sqlite_open(&config, committed, f, &f->store, &f->port, &e) < 0)
			_exit(1);
		store_sqlite_close(f->store);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return false;
	}
	assert_int_equal(status, 0);
	return true;
}

static void who_is_killed_while_it_gets_checksums_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	char keep[200], back[240];
	int n = 1;

	fill(f, &right);
	make_old(f);
	snprintf(keep, sizeof keep, "cp -a '%s' '%s-old'", f->dir, f->dir);
	snprintf(back, sizeof back, "rm -rf '%s' && cp -a '%s-old' '%s'", f->dir, f->dir, f->dir);
	assert_int_equal(system(keep), 0);
	for (;; n++) {
		bool done = survives(f, n);

		/* And whoever takes it up, a step further or a step earlier. */
		if (!done && !survives(f, n + 1))
			survives(f, 1);
		holds(f, &right);
		assert_int_equal(system(back), 0);
		if (done)
			break;
	}
	/* The first word, some of the copying, and each of the last steps. */
	assert_true(n > 7);
	snprintf(keep, sizeof keep, "rm -rf '%s-old'", f->dir);
	assert_int_equal(system(keep), 0);
}

/* It holds what the store held, and takes up the room that is asked for at the next start. */
static void what_a_killed_process_had_copied_is_removed_by_the_next_one(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	char path[64], cmd[200];

	fill(f, &right);
	snprintf(path, sizeof path, "%s/comity.db.new", f->dir);
	/* A copy of the directory, with checksums, was put back meanwhile. */
	snprintf(cmd, sizeof cmd, "cp '%s/comity.db' '%s'", f->dir, path);
	assert_int_equal(system(cmd), 0);
	holds(f, &right);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* The files of a daemon that has died: the last commits are in the WAL. */
static void die(struct fixture *f)
{
	char cmd[240];

	snprintf(cmd, sizeof cmd, "cp -a '%s' '%s-died'", f->dir, f->dir);
	assert_int_equal(system(cmd), 0);
	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(cmd, sizeof cmd, "rm -rf '%s' && mv '%s-died' '%s'", f->dir, f->dir, f->dir);
	assert_int_equal(system(cmd), 0);
}

/* As INSTALL says. */
static void a_backup_of_a_store_whose_process_died_leaves_it_sound(void **state)
{
	struct fixture *f = *state;
	struct seen right;

	fill_wal(f, &right);
	die(f);
	copy_by_sqlite(f, SQLITE_OPEN_READONLY);
	holds(f, &right);
}

/* Whoever opens it for writing as well is the last one to close it, writes the WAL back without checksums, and makes
 * a damaged store of it. */
static void a_backup_that_wrote_is_refused_with_its_remedy(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	struct cy_error e = { 0 };
	char path[80];

	fill_wal(f, &right);
	die(f);
	copy_by_sqlite(f, SQLITE_OPEN_READWRITE);
	assert_int_equal(open_store(f, false, &e), CY_ESTORE);
	assert_non_null(strstr(e.text, "remove comity.db.checked"));
	assert_non_null(strstr(e.text, "-readonly"));
	snprintf(path, sizeof path, "%s/comity.db.checked", f->dir);
	assert_int_equal(unlink(path), 0);
	holds(f, &right);
}

static int root_of(struct fixture *f, const char *table)
{
	char sql[96];
	sqlite3_stmt *s;
	int page;

	snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
	assert_int_equal(sqlite3_prepare_v2(f->store->reader.db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	page = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return page;
}

static void a_damaged_old_store_gets_no_checksums(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	struct cy_error e = { 0 };
	char cmd[200];

	fill(f, &right);
	make_old(f);
	reopen(f);
	/* One page is what another one was. */
	snprintf(cmd, sizeof cmd,
		 "cd '%s' && rm -f comity.db-wal && dd if=comity.db of=comity.db bs=4096 skip=%d seek=%d "
		 "count=1 conv=notrunc 2>/dev/null",
		 f->dir, root_of(f, "message") - 1, root_of(f, "event") - 1);
	store_sqlite_close(f->store);
	f->store = NULL;
	edited(f);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(open_store(f, false, &e), CY_ESTORE);
	assert_non_null(strstr(e.text, "damaged"));
}

/* An older copy was put into the place of comity.db, and the WAL of a crash left beside it. */
static void a_copy_beside_the_WAL_of_another_is_refused_unchanged(void **state)
{
	struct fixture *f = *state;
	struct seen right;
	struct cy_error e = { 0 };
	char cmd[400];

	fill(f, &right);
	snprintf(cmd, sizeof cmd, "cd '%s' && cp comity.db older", f->dir);
	assert_int_equal(system(cmd), 0);
	/* More pages come, and get into comity.db; of the next ones only the WAL knows. */
	for (int round = 0; round < 2; round++) {
		reopen(f);
		for (int i = 0; i < CASES; i++) {
			char id[16];

			snprintf(id, sizeof id, "d%d-%02d", round, i);
			add_case(f, id, "desk", id, "");
			assert_int_equal(commit(f), CY_OK);
		}
		snprintf(cmd, sizeof cmd, "cd '%s' && cp comity.db-wal wal", f->dir);
		assert_int_equal(system(cmd), 0);
		store_sqlite_close(f->store);
		f->store = NULL;
	}
	snprintf(cmd, sizeof cmd, "cd '%s' && cp older comity.db && cp wal comity.db-wal", f->dir);
	assert_int_equal(system(cmd), 0);
	edited(f);
	assert_int_equal(open_store(f, false, &e), CY_ESTORE);
	assert_non_null(strstr(e.text, "no comity.db-wal"));
	snprintf(cmd, sizeof cmd, "cd '%s' && cmp older comity.db && cmp wal comity.db-wal", f->dir);
	assert_int_equal(system(cmd), 0);
	/* What the message says helps. */
	snprintf(cmd, sizeof cmd, "cd '%s' && rm comity.db-*", f->dir);
	assert_int_equal(system(cmd), 0);
	holds(f, &right);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_old_store_gets_checksums_once),
		TEST(a_copy_that_SQLite_made_gets_checksums),
		TEST(who_is_killed_while_it_gets_checksums_loses_nothing),
		TEST(what_a_killed_process_had_copied_is_removed_by_the_next_one),
		TEST(a_backup_of_a_store_whose_process_died_leaves_it_sound),
		TEST(a_backup_that_wrote_is_refused_with_its_remedy),
		TEST(a_damaged_old_store_gets_no_checksums),
		TEST(a_copy_beside_the_WAL_of_another_is_refused_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
