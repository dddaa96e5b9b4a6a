/* However much the SQLite store holds, its reads go by an index, each in its order. */
#include "io/store/store_sqlite_sql.h"
#include "store_fixture.h"

/* A read of the real store, and how it finds its rows: a scan only of the index that is named. */
struct read_by {
	int statement;
	const char *by;
};

/* An index that covers all that is read is as good as one that does not: versions of SQLite differ in which do. */
static inline bool goes_by(const char *step, const char *by)
{
	static const char word[] = "COVERING ";
	const char *covering = strstr(step, word);
	char plain[512];

	if (strstr(step, by) != NULL)
		return true;
	if (covering == NULL)
		return false;
	snprintf(plain, sizeof plain, "%.*s%s", (int)(covering - step), step, covering + strlen(word));
	return strstr(plain, by) != NULL;
}

/* The store's file as the store plans its reads: whatever values are bound. */
static sqlite3 *open_file(struct fixture *f)
{
	char path[96];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, (int *)NULL), SQLITE_OK);
	return db;
}

static inline void reads_go_by(struct fixture *f, const struct read_by *reads, size_t n)
{
	sqlite3 *db = open_file(f);
	char text[4096];

	for (size_t i = 0; i < n; i++) {
		bool found = false;
		sqlite3_stmt *s;

		snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", store_read_sql[reads[i].statement]);
		assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(s, 3);

			found |= goes_by(step, reads[i].by);
			if (strstr(step, "TEMP B-TREE") != NULL ||
			    (strncmp(step, "SCAN ", 5) == 0 && strcmp(step, "SCAN CONSTANT ROW") != 0 &&
			     !goes_by(step, reads[i].by)))
				fail_msg("%s: %s", store_read_sql[reads[i].statement], step);
		}
		if (!found)
			fail_msg("%s: not by %s", store_read_sql[reads[i].statement], reads[i].by);
		sqlite3_finalize(s);
	}
	sqlite3_close(db);
}

/* Nothing that status asks walks through a table: it must not matter how full the
 * store is. A subquery's own row and a partial index that holds what is asked
 * for and no more are no walk. */
static void the_counts_of_status_scan_no_table(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = open_file(f);
	size_t seen = 0;

	for (int i = 0; i < store_read_sql_n; i++) {
		char sql[4096];
		sqlite3_stmt *s;

		if (strstr(store_read_sql[i], "FROM counter") == NULL &&
		    strstr(store_read_sql[i], "FROM waiting") == NULL &&
		    strstr(store_read_sql[i], "m.unread > 0") == NULL)
			continue;
		seen++;
		snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", store_read_sql[i]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(s, 3);

			if (strncmp(step, "SCAN ", 5) == 0 && strcmp(step, "SCAN CONSTANT ROW") != 0)
				fail_msg("%s: %s", store_read_sql[i], step);
		}
		sqlite3_finalize(s);
	}
	assert_int_equal(seen, 3);
	sqlite3_close(db);
}

/* However many cases there are with others. */
static void the_cases_of_one_peer_go_by_an_index(void **state)
{
	static const struct read_by reads[] = { { R_CASES_OF_PEER,
						  "sqlite_autoindex_case_key_1 (peer=? AND case_id>?)" } };

	reads_go_by(*state, reads, 1);
}

/* A million rows make no read slow: each goes by its index, in its order. */
static void every_read_of_evidence_goes_by_an_index(void **state)
{
	static const struct read_by reads[] = {
		{ R_GET_EVIDENCE, "e USING PRIMARY KEY (message_id=? AND attachment=?)" },
		{ R_EVIDENCE, "e USING PRIMARY KEY" },
		{ R_EVIDENCE_OF_CASE, "e USING INDEX evidence_by_case (case_no=? AND (message_id,attachment)>(?,?))" },
		{ R_EVIDENCE_OF_CLIENT,
		  "e USING INDEX evidence_by_client (client=? AND (message_id,attachment)>(?,?))" },
		{ R_EVIDENCE_OF_PEER, "e USING INDEX evidence_by_peer (peer=? AND (message_id,attachment)>(?,?))" },
		{ R_WAITING_EVIDENCE, "e USING INDEX evidence_waiting (peer=?)" },
		{ R_WAITING_AFTER,
		  "e USING INDEX evidence_waiting (peer=? AND priority=? AND (message_id,attachment)>(?,?))" },
		{ R_OFFERED_EVIDENCE, "evidence USING INDEX evidence_offered (peer=?)" },
		{ R_SAME_EVIDENCE, "e USING INDEX evidence_by_content (sha256=?)" },
		{ R_DELIVERED_EVIDENCE, "e USING INDEX evidence_delivered (sha256=? AND peer=?)" },
		{ R_OVERDUE_EVIDENCE, "e USING INDEX evidence_overdue (peer=? AND retain_until" },
		{ R_SPENT_EVIDENCE, "e USING INDEX evidence_spent (peer=? AND settled>? AND settled<?)" },
		/* None of these reads a row. */
		{ R_SAME_KEYS, "evidence USING COVERING INDEX evidence_by_content (sha256=?)" },
		{ R_UNVERIFIED_EVIDENCE,
		  "evidence USING COVERING INDEX evidence_unverified ((verified,message_id,attachment)>(?,?,?)"
		  " AND verified<?)" },
		{ R_FLAWED_EVIDENCE, "evidence USING COVERING INDEX evidence_flawed ((message_id,attachment)>(?,?))" },
		{ R_HELD_BACK_EVIDENCE, "e USING INDEX evidence_held_back" },
		{ R_EVIDENCE_BYTES, "p USING PRIMARY KEY (peer=? AND case_no=?)" },
		{ R_GET_UPLOAD, "upload USING PRIMARY KEY (client=? AND sha256=?)" },
		{ R_UPLOADS, "upload USING INDEX upload_by_age (at>? AND at<?)" },
		{ R_UPLOADS_OF_CONTENT, "upload USING INDEX upload_by_content (sha256=? AND at>? AND at<?)" },
		{ R_DISCARDED, "upload USING INDEX upload_by_age (at=? AND client=?)" },
		{ R_STRAYS, "upload USING INDEX upload_by_age (at>? AND at<?)" },
		{ R_UPLOAD_BYTES, "upload_held USING PRIMARY KEY (client=?)" },
		{ R_CUSTODY, "q USING INDEX custody_of_evidence (message_id=? AND attachment=? AND rowid>?)" },
		{ R_READINGS,
		  "q USING INDEX custody_readings (message_id=? AND attachment=? AND action=? AND by=? AND at>?)" },
	};

	reads_go_by(*state, reads, sizeof reads / sizeof reads[0]);
}

/* Millions of rows make no look slow. */
static void every_look_for_what_is_old_goes_by_an_index(void **state)
{
	static const struct read_by reads[] = {
		{ R_OLD_KEYS, "submission_key USING INDEX submission_key_by_age (at>? AND at<?)" },
		{ R_LEAF_TEXTS, "SCAN leaf USING INDEX leaf_text" },
		{ R_DISSOLVED, "parcel USING INDEX parcel_dissolved" },
		{ R_REJECTED, "m USING INDEX message_rejected (id>?)" },
		{ R_OLD_CUSTODY, "custody USING INDEX custody_by_age" },
	};

	reads_go_by(*state, reads, sizeof reads / sizeof reads[0]);
}

static void note_plan(sqlite3 *db, const char *statement, char *plans, size_t size)
{
	static char text[32768];
	sqlite3_stmt *s;

	snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", statement);
	if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statement, sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW) {
		const size_t len = strlen(plans);

		assert_true(len + 1 < size);
		snprintf(plans + len, size - len, "%s \n", (const char *)sqlite3_column_text(s, 3));
	}
	sqlite3_finalize(s);
}

/* An index costs an entry, and often its removal, with each row. Those that SQLite makes by itself keep keys unique. */
static void every_index_serves_a_statement(void **state)
{
	static char plans[256 * 1024];
	sqlite3 *db = open_file(*state);
	sqlite3_stmt *s;

	plans[0] = '\0';
	assert_int_equal(store_functions(db), SQLITE_OK);
	for (int i = 0; i < store_read_sql_n; i++)
		note_plan(db, store_read_sql[i], plans, sizeof plans);
	for (int i = 0; i < store_write_sql_n; i++)
		note_plan(db, store_write_sql[i], plans, sizeof plans);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT name FROM sqlite_schema WHERE type = 'index'"
					    " AND name NOT LIKE 'sqlite_autoindex%' AND sql NOT LIKE 'CREATE UNIQUE%'",
					    -1, &s, NULL),
			 SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		char by[96];

		snprintf(by, sizeof by, "INDEX %s ", (const char *)sqlite3_column_text(s, 0));
		if (strstr(plans, by) == NULL)
			fail_msg("no statement goes by %s", by);
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_counts_of_status_scan_no_table),      TEST(the_cases_of_one_peer_go_by_an_index),
		TEST(every_read_of_evidence_goes_by_an_index), TEST(every_look_for_what_is_old_goes_by_an_index),
		TEST(every_index_serves_a_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
