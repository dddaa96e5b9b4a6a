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

	assert_true(s->n < sizeof s->ids / sizeof s->ids[0]);
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
	edited(f);
	reopen(f);
}

static void a_damaged_title_or_key_hides_no_case(void **state)
{
	static const char *const spoils[] = { "UPDATE cases SET title = zeroblob(length(title)) WHERE case_id = 'c1'",
					      "UPDATE case_key SET wrapped = zeroblob(length(wrapped))"
					      " WHERE case_id = 'c1'" };
	const struct store_view shown = { .titles = true }, hidden = { .titles = false };
	struct fixture *f = *state;
	struct store_port *p = &f->port;

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "desk", "own-2", "");
	assert_int_equal(commit(f), CY_OK);
	for (size_t i = 0; i < 2; i++) {
		struct seen s = { 0 };

		spoil(f, spoils[i]);
		/* By key, a key that does not open is told: nothing can be stored under it. */
		assert_int_equal(p->get_case(p->ctx, "IE", "c1", see_damage, &s), CY_OK);
		assert_string_equal(s.ids[0], i == 0 ? "c1" : "c1 damaged");
		assert_string_equal(s.title, "");
		/* Where titles are shown, it is told that one does not open; nobody else opens any. */
		assert_int_equal(p->find_case(p->ctx, shown, "own-1", see_damage, &s), CY_OK);
		assert_int_equal(p->list_cases(p->ctx, shown, "", false, "", 9, see_damage, &s), CY_OK);
		assert_int_equal(s.n, 4);
		assert_string_equal(s.ids[1], "c1 damaged");
		assert_string_equal(s.ids[2], "c1 damaged");
		assert_string_equal(s.ids[3], "c2");
		assert_string_equal(s.title, MARKER);
		assert_int_equal(p->find_case(p->ctx, hidden, "own-1", see_damage, &s), CY_OK);
		assert_int_equal(p->list_cases(p->ctx, hidden, "", false, "", 9, see_damage, &s), CY_OK);
		assert_int_equal(s.n, 7);
		assert_string_equal(s.ids[4], "c1");
		assert_string_equal(s.ids[5], "c1");
		assert_string_equal(s.title, "");
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

static int see_link(void *arg, const struct store_custody *row)
{
	struct seen *s = arg;

	snprintf(s->title, sizeof s->title, "%s '%s'", row->action, row->text);
	return CY_OK;
}

/* That something happened to evidence is worth more than the words for it. */
static void a_link_of_custody_without_its_key_is_written_without_its_text(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	spoil(f, "UPDATE case_key SET wrapped = zeroblob(length(wrapped))");
	add(f, STORE_PUT_CUSTODY)->custody = (struct store_custody){
		.message_id = "m1", .attachment = 1, .action = "destroyed", .by = "US", .text = MARKER, .proof = ""
	};
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.custody(f->port.ctx, "m1", 1, see_link, &s), CY_OK);
	assert_string_equal(s.title, "destroyed ''");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_title_or_key_hides_no_case),
		TEST(a_link_of_custody_without_its_key_is_written_without_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
