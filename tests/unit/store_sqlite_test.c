/* What is the SQLite store's own, beside the contract of its port (store_contract_test.c): its files, its key, and
 * stores of older versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

struct seen {
	size_t n;
	char ids[16][40];
	char content[64];
	char title[64];
	enum store_transport transport;
	uint64_t epoch;
};

static int see_message(void *arg, const struct store_message *row)
{
	struct seen *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s", row->id);
	snprintf(s->content, sizeof s->content, "%.*s", (int)row->content.len, (const char *)row->content.data);
	s->transport = row->transport;
	s->epoch = row->epoch;
	return CY_OK;
}

static int see_case(void *arg, const struct store_case *row)
{
	struct seen *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s", row->case_id);
	snprintf(s->title, sizeof s->title, "%s", row->title);
	return CY_OK;
}

struct places {
	struct fixture *f;
	size_t n;
	uint64_t last;
	bool dissolved;
	char receipt[16];
	struct store_stream stream;
};

static int see_stream(void *arg, const struct store_stream *row)
{
	((struct places *)arg)->stream = *row;
	return CY_OK;
}

static void a_store_with_one_epoch_for_all_streams_gives_it_to_each(void **state)
{
	struct fixture *f = *state;
	struct places p = { .f = f };
	sqlite3 *db;
	char path[80];

	add(f, STORE_PUT_META)->meta = (struct store_meta){ .epoch = 77 };
	add(f, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = "IE", .out_sequence = 4, .out_receipted = 3 };
	assert_int_equal(commit(f), CY_OK);
	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      BEFORE_ERASURE
				      "ALTER TABLE stream DROP COLUMN out_epoch; ALTER TABLE stream DROP COLUMN "
				      "receipted_epoch; ALTER TABLE parcel DROP COLUMN dissolved; "
				      "DROP INDEX evidence_delivered; PRAGMA user_version = 8",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	edited(f);
	assert_int_equal(open_store(f, false, NULL), CY_OK);
	assert_int_equal(f->port.stream(f->port.ctx, "IE", see_stream, &p), CY_OK);
	assert_int_equal(p.stream.out_epoch, 77);
	assert_int_equal(p.stream.receipted_epoch, 77);
	assert_int_equal(p.stream.out_sequence, 4);
}

/* Whose measures were never written; others are as they were. A case that is written anew says itself what it is. */
static void cases_from_before_statistics_are_stale_until_they_are_written_anew(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };
	sqlite3 *db;
	char path[80];

	add_case(f, "c1", "desk", "own", "");
	add_case(f, "c2", "desk", "own", "");
	add_case(f, "c3", "desk", "own", "");
	for (struct store_write *w = f->w->first; w != NULL; w = w->next)
		w->case_row.messages = 1;
	add(f, STORE_PUT_MEASURE)->measure = (struct store_measure){ .peer = "IE", .case_id = "c2", .stat.measure = 1 };
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.stale_cases(f->port.ctx, "", "", 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 0);
	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, BEFORE_TURNS BEFORE_CATCHING_UP "PRAGMA user_version = 17", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	edited(f);
	reopen(f); /* no case has a time limit, which would be counted anew */
	assert_int_equal(f->port.stale_cases(f->port.ctx, "", "", 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "c1");
	assert_string_equal(s.ids[1], "c3");
	s.n = 0;
	assert_int_equal(f->port.stale_cases(f->port.ctx, "c1", "IE", 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
	add_case(f, "c1", "desk", "own", "");
	assert_int_equal(commit(f), CY_OK);
	s.n = 0;
	assert_int_equal(f->port.stale_cases(f->port.ctx, "", "", 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "c3");
}

/* In the database, in its WAL, anywhere in the directory. */
static void content_and_titles_are_unreadable_on_the_disk(void **state)
{
	struct fixture *f = *state;
	char cmd[400];

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	snprintf(cmd, sizeof cmd, "grep -rqs own-1 '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	snprintf(cmd, sizeof cmd, "grep -rqs " MARKER " '%s'", f->dir);
	assert_int_not_equal(system(cmd), 0);
}

static void modes_are_private_and_the_key_must_be_the_right_one(void **state)
{
	struct fixture *f = *state;
	struct cy_error e = { 0 };
	struct stat st;
	char path[96];
	int fd;

	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_sqlite_close(f->store);
	f->store = NULL;
	fd = open(f->key, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "01234567890123456789012345678901", 32), 32);
	close(fd);
	assert_int_equal(open_store(f, false, &e), CY_ECONFIG);
	assert_non_null(strstr(e.text, f->key));
	assert_int_equal(unlink(f->key), 0);
	assert_true(open_store(f, false, &e) < 0);
}

static void a_second_process_is_refused_with_the_pid_of_the_first(void **state)
{
	struct fixture *f = *state;
	char pid[32];
	int status;
	pid_t child;

	snprintf(pid, sizeof pid, "%d", (int)getpid());
	child = fork();
	if (child == 0) {
		struct fixture second = *f;
		struct cy_error e = { 0 };
		int r = open_store(&second, false, &e);

		_exit(r == CY_EEXIST && strstr(e.text, pid) != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_damaged_or_newer_store_is_refused_with_a_sentence(void **state)
{
	struct fixture *f = *state;
	struct cy_error e = { 0 };
	char cmd[400];

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(cmd, sizeof cmd, "cp '%s/comity.db' '%s/copy' && printf '%%0100d' 7 > '%s/comity.db'", f->dir, f->dir,
		 f->dir);
	assert_int_equal(system(cmd), 0);
	assert_true(open_store(f, false, &e) < 0);
	assert_true(e.text[0] != '\0');
	/* user_version stands at byte 60, big-endian. */
	snprintf(cmd, sizeof cmd,
		 "cp '%s/copy' '%s/comity.db' && printf '\\0\\0\\0\\143' | dd of='%s/comity.db' bs=1 seek=60 "
		 "conv=notrunc 2>/dev/null",
		 f->dir, f->dir, f->dir);
	assert_int_equal(system(cmd), 0);
	assert_true(open_store(f, false, &e) < 0);
	assert_non_null(strstr(e.text, "damaged"));
	/* Also when it is about to get checksums, and so is one that is not a store. */
	edited(f);
	assert_true(open_store(f, false, &e) < 0);
	assert_non_null(strstr(e.text, "newer"));
	snprintf(cmd, sizeof cmd, "test ! -e '%s/comity.db.new' && printf '%%0100d' 7 > '%s/comity.db'", f->dir,
		 f->dir);
	assert_int_equal(system(cmd), 0);
	assert_true(open_store(f, false, &e) < 0);
	assert_non_null(strstr(e.text, "damaged"));
}

/* SQLite alone would drop the WAL, and with it what was committed. */
static void a_store_whose_database_was_emptied_is_not_made_anew(void **state)
{
	struct fixture *f = *state;
	struct cy_error e = { 0 };
	char cmd[200];

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(cmd, sizeof cmd, "cd '%s' && : > comity.db && echo frames > comity.db-wal", f->dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(open_store(f, false, &e), CY_ESTORE);
	assert_non_null(strstr(e.text, "backup"));
}

static void the_thread_commits_and_says_so_by_an_event(void **state)
{
	struct fixture *f = *state;
	struct cy_error e = { 0 };
	struct pollfd fd;
	struct seen s = { 0 };

	store_sqlite_close(f->store);
	f->store = NULL;
	assert_int_equal(open_store(f, true, &e), CY_OK);
	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(f->port.commit(f->port.ctx, f->w), CY_OK);
	f->w = NULL;
	fd = (struct pollfd){ .fd = store_sqlite_fd(f->store), .events = POLLIN };
	assert_int_equal(poll(&fd, 1, 30000), 1);
	assert_int_equal(f->commits, 0);
	store_sqlite_dispatch(f->store);
	assert_int_equal(f->commits, 1);
	assert_int_equal(f->code, CY_OK);
	assert_int_equal(f->port.get_message(f->port.ctx, "m1", see_message, &s), CY_OK);
}

static int see_table(void *arg, const char *year, struct cy_bytes table)
{
	snprintf(arg, 32, "%s %.*s", year, (int)table.len, (const char *)table.data);
	return CY_OK;
}

static void a_store_from_before_tables_were_published_keeps_the_next(void **state)
{
	struct fixture *f = *state;
	char seen[32] = "";
	struct store_write *w;
	char path[96];
	sqlite3 *db;

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, BEFORE_PUBLISHING "PRAGMA user_version = 30", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	edited(f);
	reopen(f);
	assert_int_equal(f->port.published(f->port.ctx, "2025", see_table, seen), CY_ENOENT);
	w = add(f, STORE_PUBLISH);
	w->published.year = "2025";
	w->published.table = cy_bytes("five", 4);
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.published(f->port.ctx, "2025", see_table, seen), CY_OK);
	assert_string_equal(seen, "2025 five");
}

/* The number that a statement gives, read beside the store. */
static int64_t ask(struct fixture *f, const char *statement)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(f->store->reader.db, statement, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void of_a_leaf_without_its_text_the_hash_stays(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 4; i++) {
		struct store_write *w = add(f, STORE_PUT_LEAF);

		w->leaf.index = i;
		w->leaf.data = cy_bytes("a text", 6);
	}
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(ask(f, "SELECT count(*) FROM leaf"), 1);
	add(f, STORE_PRUNE_LEAVES)->until = 2;
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(ask(f, "SELECT sum(length(hashes)) FROM leaf"), 4 * 32);
	assert_int_equal(ask(f, "SELECT sum(length(texts)) FROM leaf"), 1 + 1 + 6);
	add(f, STORE_PRUNE_LEAVES)->until = 3;
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(ask(f, "SELECT sum(length(hashes)) FROM leaf"), 4 * 32);
	assert_int_equal(ask(f, "SELECT sum(length(texts)) FROM leaf"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_with_one_epoch_for_all_streams_gives_it_to_each),
		TEST(cases_from_before_statistics_are_stale_until_they_are_written_anew),
		TEST(content_and_titles_are_unreadable_on_the_disk),
		TEST(modes_are_private_and_the_key_must_be_the_right_one),
		TEST(a_second_process_is_refused_with_the_pid_of_the_first),
		TEST(a_damaged_or_newer_store_is_refused_with_a_sentence),
		TEST(a_store_whose_database_was_emptied_is_not_made_anew),
		TEST(the_thread_commits_and_says_so_by_an_event),
		TEST(a_store_from_before_tables_were_published_keeps_the_next),
		TEST(of_a_leaf_without_its_text_the_hash_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
