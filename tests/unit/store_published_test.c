/* The tables of statistics that were published: each year has one, which stays as it is. */
#include "store_two.h"

static int see(void *arg, const char *year, struct cy_bytes table)
{
	snprintf(arg, 32, "%s %.*s", year, (int)table.len, (const char *)table.data);
	return CY_OK;
}

static void put(struct two *t, const char *year, const char *table)
{
	struct store_write *w = add(t->f, STORE_PUBLISH);

	w->published.year = year;
	w->published.table = cy_bytes(table, strlen(table));
}

static void published_are(struct two *t, const char *year, int code, const char *text)
{
	for (int i = 0; i < 2; i++) {
		char seen[32] = "";

		assert_int_equal(t->ports[i]->published(t->ports[i]->ctx, year, see, seen), code);
		assert_string_equal(seen, text);
	}
}

static void each_year_has_its_table(void **state)
{
	struct two *t = *state;

	published_are(t, "2025", CY_ENOENT, "");
	put(t, "2025", "five");
	put(t, "2024", "four");
	assert_int_equal(commit_both(t), CY_OK);
	published_are(t, "2025", CY_OK, "2025 five");
	published_are(t, "2024", CY_OK, "2024 four");
	published_are(t, "2023", CY_ENOENT, "");
	reopen(t->f);
	published_are(t, "2025", CY_OK, "2025 five");
}

static void a_second_table_of_a_year_takes_the_place_of_none(void **state)
{
	struct two *t = *state;

	put(t, "2025", "five");
	assert_int_equal(commit_both(t), CY_OK);
	put(t, "2024", "four");
	put(t, "2025", "another");
	assert_int_equal(commit_both(t), CY_ESTORE);
	published_are(t, "2025", CY_OK, "2025 five");
	published_are(t, "2024", CY_ENOENT, "");
}

static void a_store_from_before_they_were_kept_has_none_and_keeps_the_next(void **state)
{
	struct two *t = *state;
	char path[96];
	sqlite3 *db;

	store_sqlite_close(t->f->store);
	t->f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, BEFORE_PUBLISHING "PRAGMA user_version = 30", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	edited(t->f);
	reopen(t->f);
	published_are(t, "2025", CY_ENOENT, "");
	put(t, "2025", "five");
	assert_int_equal(commit_both(t), CY_OK);
	published_are(t, "2025", CY_OK, "2025 five");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(each_year_has_its_table),
		TEST_TWO(a_second_table_of_a_year_takes_the_place_of_none),
		TEST_TWO(a_store_from_before_they_were_kept_has_none_and_keeps_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
