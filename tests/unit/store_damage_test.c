/* A store in which something was damaged behind its back: the rest is read and written. */
#include "store_fixture.h"

struct seen {
	size_t n;
	char ids[16][40];
	char title[64];
};

static int see_damage(void *arg, const struct store_case *row)
{
	struct seen *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s%s", row->case_id, row->damaged ? " damaged" : "");
	snprintf(s->title, sizeof s->title, "%s", row->title);
	return CY_OK;
}

/* Spoil it behind the store's back. */
static void spoil(struct fixture *f, const char *sql)
{
	char path[64];
	sqlite3 *db;

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	reopen(f);
}

static void a_damaged_title_or_key_hides_no_case(void **state)
{
	static const char *const spoils[] = { "UPDATE cases SET title = zeroblob(length(title)) WHERE case_id = 'c1'",
					      "UPDATE case_key SET wrapped = zeroblob(length(wrapped))"
					      " WHERE case_id = 'c1'" };
	struct fixture *f = *state;
	struct store_port *p = &f->port;

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "desk", "own-2", "");
	assert_int_equal(commit(f), CY_OK);
	for (size_t i = 0; i < 2; i++) {
		struct seen s = { 0 };

		spoil(f, spoils[i]);
		assert_int_equal(p->get_case(p->ctx, "IE", "c1", see_damage, &s), CY_OK);
		assert_string_equal(s.title, "");
		assert_int_equal(p->find_case(p->ctx, (struct store_view){ NULL }, "own-1", see_damage, &s), CY_OK);
		assert_int_equal(p->list_cases(p->ctx, (struct store_view){ NULL }, "", false, "", 9, see_damage, &s),
				 CY_OK);
		assert_int_equal(s.n, 4);
		for (size_t k = 0; k < 3; k++)
			assert_string_equal(s.ids[k], "c1 damaged");
		assert_string_equal(s.ids[3], "c2");
		assert_string_equal(s.title, MARKER);
	}
	/* Without the key nothing of the case can be sealed, and all else of it is written. */
	add(f, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = "IE",
								.case_id = "c1",
								.own_reference = "own-1",
								.peer_reference = "",
								.client = "desk",
								.title = "",
								.instrument = "",
								.state = "CLOSED" };
	assert_int_equal(commit(f), CY_OK);
	add_message(f, "c1", "m", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_ESTORE);
	assert_non_null(strstr(f->why, "the key of case c1 is damaged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_title_or_key_hides_no_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
