/* Two real nodes of which one has a case erased, and then loses or meets what was lost: what the order
 * erases, and refusals of it (node/clients/erase.c). Tombstones: tombstone_test.c. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erase_rig.h"
#include "io/store/page_check_vfs.h"
#include "store_undo.h"

static void refused(struct side *s, const char *case_id, const char *why)
{
	order_erasure(s, case_id, WHY);
	if (strstr(s->last_error, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, s->last_error);
	show(s, case_id);
	assert_string_equal(s->erased, "");
}

static void the_case_is_shown_as_erased_on_this_side_alone(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	erased(&w->a, case_id, "chief: " WHY ";" ALL_OF_BOTH);
	erased(&w->b, case_id, "");
	assert_int_equal(w->a.events, 1);
	agree(w, case_id);
	/* What was written since is erased with the next order. */
	erased(&w->a, case_id, "chief: " WHY ";" ALL_OF_BOTH);
	erase(&w->a, case_id);
	erased(&w->a, case_id, "chief: " WHY ";" ALL_OF_BOTH " US-OIA/4 IE/4");
	world_end(w, NULL);
}

/* ------------------------------------------------------------- the list of orders */

/* The store is an older one than the list: what was erased goes again, at once. */
static void a_restored_store_erases_again_what_was_ordered(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	agree(w, case_id); /* each has said one thing more, which nobody has erased */
	restore(&w->a, 1);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH);
	meet(w);
	agree(w, case_id);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH);
	world_end(w, NULL);
}

/* The clocks were days ahead when the case was opened, and are right when it is erased. */
static void what_opened_the_case_is_older_than_the_order_whatever_its_clock_said(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	w->clock.now -= INT64_C(5) * 86400000;
	wait_for_nobody(&w->a);
	wait_for_nobody(&w->b);
	erase(&w->a, case_id);
	restore(&w->a, 0);
	wait_for_nobody(&w->a);
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	show(&w->a, case_id);
	assert_non_null(strstr(w->a.erased, " US-OIA/1"));
	world_end(w, NULL);
}

/* The backup knows nothing of the case, and the peer gives it back with its contents. */
static void what_the_peer_gives_back_is_erased_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	restore(&w->a, 0);
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH);
	agree(w, case_id);
	world_end(w, NULL);
}

/* The backup is from the middle of the case, so that the order is obeyed before the peer gives back what
 * was said later. That was there, too, when the case was erased. */
static void what_comes_back_to_an_erased_case_is_erased_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_open_case(case_id);

	(void)state;
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	erase(&w->a, case_id);
	restore(&w->a, 0);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1");
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 US-OIA/2 IE/2");
	agree(w, case_id);
	world_end(w, NULL);
}

/* Nothing but that comes, so that nothing else makes the case be looked at once more. */
static void a_single_message_that_comes_back_is_erased_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_open_case(case_id);

	(void)state;
	say_in(&w->b, case_id, RETURN);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->b, case_id, NOTE);
	erase(&w->a, case_id);
	restore(&w->a, 0);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1");
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 IE/2");
	agree(w, case_id);
	world_end(w, NULL);
}

/* What still waits in the backup was delivered since: it is erased once that is known. */
static void what_waits_in_the_backup_is_erased_once_it_is_delivered(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	session_lost(w, "connection reset");
	say_in(&w->a, case_id, NOTE);
	keep(&w->a, 2);
	meet(w);
	erase(&w->a, case_id);
	restore(&w->a, 2);
	erased(&w->a, case_id, "");
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH " US-OIA/4");
	agree(w, case_id);
	world_end(w, NULL);
}

/* --------------------------------------------------------------------- refusals */

static int note_first(void *arg, int n, char **values, char **names)
{
	(void)names;
	snprintf(arg, CASE_ID, "%s", n > 0 && values[0] != NULL ? values[0] : "");
	return 0;
}

/* Returns the first value of the last row. */
static const char *sql(struct side *s, const char *text)
{
	static char value[CASE_ID];
	struct page_check *check;
	char path[64];
	sqlite3 *db;

	session_lost(s->w, "connection reset");
	stop(s);
	snprintf(path, sizeof path, "%s/comity.db", s->dir);
	assert_int_equal(page_check_new(NULL, NULL, NULL, &check), CY_OK);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, page_check_name(check)), SQLITE_OK);
	value[0] = '\0';
	assert_int_equal(sqlite3_exec(db, text, note_first, value, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	page_check_free(check);
	start(s);
	settle(s->w);
	return value;
}

static void an_open_case_is_not_erased(void **state)
{
	struct world *w = world_new();
	char case_id[CASE_ID];

	(void)state;
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	refused(&w->a, case_id, "is not closed");
	refused(&w->b, case_id, "is not closed");
	world_end(w, NULL);
}

/* Whoever opens a case with a clock that is ahead has nothing erased by it that was said since the order. */
static void what_was_said_since_the_order_stays_whatever_clock_opened_the_case(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	sql(&w->a, "UPDATE message SET created = created + 432000000 WHERE number = 1 AND author = 0");
	keep(&w->a, 1);
	meet(w);
	erase(&w->a, case_id);
	w->clock.now += 1000;
	agree(w, case_id); /* each has said one thing more, which nobody has erased */
	restore(&w->a, 1);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH);
	meet(w);
	/* A start looks for what has come back. */
	keep(&w->a, 1);
	meet(w);
	w->clock.now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH);
	world_end(w, NULL);
}

static void what_is_undelivered_is_not_erased(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	session_lost(w, "connection reset");
	say_in(&w->a, case_id, NOTE);
	refused(&w->a, case_id, "is not delivered yet");
	w->lose = "receipt";
	connect_both(w);
	settle(w);
	assert_int_equal(w->a.session, 0);
	refused(&w->a, case_id, "is not delivered yet");
	/* Given up, and yet its parcel is sent again until there is a receipt. */
	w->clock.now += INT64_C(31) * 86400000;
	node_wake(w->a.node);
	settle(w);
	refused(&w->a, case_id, "never receipted");
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void what_happens_in_the_same_batch_is_not_erased(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	submit(&w->a, case_id, NOTE);
	submit(&w->a, case_id, NOTE);
	refused(&w->a, case_id, "");
	assert_true(strlen(w->a.last_error) > 0);
	world_end(w, NULL);
}

/* What is shown leaves with the batch, whatever that does besides. */
static void what_is_shown_in_the_same_batch_is_not_erased(void **state)
{
	char case_id[CASE_ID], id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	snprintf(id, sizeof id, "%s",
		 sql(&w->a, "SELECT " ID_TEXT("id") " FROM message WHERE author = 0 AND number = 3"));
	meet(w);
	submit(&w->a, NULL, request); /* a batch is under way: the others are in the next one */
	show_message(&w->a, id);
	refused(&w->a, case_id, "at this moment");
	assert_true(w->a.shown > 0);
	/* The other way round it is shown in a batch of its own. */
	submit(&w->a, NULL, request);
	ask_erasure(&w->a, case_id, WHY);
	show_message(&w->a, id);
	settle(w);
	assert_string_equal(w->a.last_error, "");
	assert_int_equal(w->a.shown, 0);
	world_end(w, NULL);
}

#define ROW(author, state, hold) ROW_OF(author, "3", state, hold)
#define ROW_OF(author, number, state, hold)                                                                 \
	"INSERT INTO evidence (message_id, attachment, peer, case_no, client, author, number, priority,"    \
	" size, sha256, root, send_always, state, reason, verdict, arrived, retain_until, hold, retrieved," \
	" unstated, settled, deleted) SELECT id, 1, peer, case_no, '', author, number, 2, 5, zeroblob(32)," \
	" zeroblob(32), 0, " state ", '', 0, 0, 0, " hold ", 0, 0, 0, 0 FROM message"                       \
	" WHERE author = " author " AND number = " number

static void evidence_that_is_held_or_under_way_is_not_erased(void **state)
{
	static const struct {
		const char *row, *why;
	} rows[] = { { ROW("1", "2", "1"), "a legal hold stands on attachment 1" },
		     { ROW("0", "2", "1"), "a legal hold stands on attachment 1" },
		     { ROW("1", "1", "0"), "is not delivered yet" },
		     { ROW("0", "0", "0"), "is not delivered yet" } };
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sql(&w->a, rows[i].row);
		refused(&w->a, case_id, rows[i].why);
		sql(&w->a, "DELETE FROM evidence");
	}
	sql(&w->a, ROW("1", "2", "0"));
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

/* It was here when that was ordered, and the backup is older. */
static void evidence_that_a_restored_store_waits_for_is_destroyed_by_the_list(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	sql(&w->a, ROW("1", "1", "0"));
	keep(&w->a, 1);
	sql(&w->a, "UPDATE evidence SET state = 2");
	meet(w);
	erase(&w->a, case_id);
	assert_string_equal(sql(&w->a, "SELECT state FROM evidence"), "5");
	restore(&w->a, 1);
	meet(w);
	assert_string_equal(sql(&w->a, "SELECT state FROM evidence"), "5");
	world_end(w, NULL);
}

static void a_time_limit_that_runs_forbids_it(void **state)
{
	static const char *const states[] = { "1", "2" };
	char case_id[CASE_ID], text[512];
	struct world *w = with_closed_case(case_id);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof text,
			 "INSERT INTO clock (case_no, name, measure, notice, ours, state, start, due, ended, lapsed, "
			 "round,"
			 " rungs, next, stated_start, start_by, stated_due, due_by, difference, how, breach) SELECT no,"
			 " 'decide', 0, %zu, 1, %s, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', 1 FROM cases"
			 " WHERE hex(case_id) = upper(replace('%s', '-', ''))",
			 i, states[i], case_id);
		sql(&w->a, text);
		refused(&w->a, case_id, "the time limit decide runs");
		sql(&w->a, "UPDATE clock SET state = 3");
	}
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void with_legal_data(struct side *s, const struct law_data *legal_data)
{
	session_lost(s->w, "connection reset");
	s->w->legal_data = legal_data;
	stop(s);
	start(s);
	settle(s->w);
}

static void the_retention_of_its_profile_forbids_it(void **state)
{
	static const struct law_profile profile = { .id = "us-ie-2001",
						    .version = "1",
						    .title = "t",
						    .citation = "",
						    .source = "",
						    .note = "",
						    .retention = { LAW_CALENDAR_DAY, 20 },
						    .retention_source = { "1", true, "" } };
	static const struct law_profile other = { .id = "x-1", .version = "1", .title = "t" };
	static const struct law_profile *const list[] = { &profile }, *const others[] = { &other };
	static const struct law_data legal_data = { .n_profiles = 1, .profiles = list };
	static const struct law_data unknown = { .n_profiles = 1, .profiles = others };
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	with_legal_data(&w->a, &unknown);
	refused(&w->a, case_id, "version 1 of the treaty profile us-ie-2001 is not here");
	with_legal_data(&w->a, &legal_data);
	refused(&w->a, case_id, "the treaty profile us-ie-2001 keeps a case until 2026-12-14T");
	meet(w);
	w->clock.now = START_MS + INT64_C(20) * 86400000;
	refused(&w->a, case_id, "the treaty profile us-ie-2001 keeps a case until 2026-12-14T");
	w->clock.now += INT64_C(3600000);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void a_peer_of_the_version_before_forbids_it(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	sql(&w->a, "UPDATE stream SET features = features & ~8");
	refused(&w->a, case_id, "does not know tombstones");
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void a_peer_that_was_not_met_since_the_start_forbids_it(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	sql(&w->a, "PRAGMA user_version");
	refused(&w->a, case_id, "before it was met");
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void who_fetches_back_does_not_erase(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	sql(&w->a, "UPDATE stream SET reconciling = 1");
	refused(&w->a, case_id, "still fetched back");
	world_end(w, NULL);
}

static void an_order_says_which_case_and_why(void **state)
{
	char case_id[CASE_ID], long_reason[258];
	struct world *w = with_closed_case(case_id);

	(void)state;
	memset(long_reason, 'x', sizeof long_reason - 1);
	long_reason[sizeof long_reason - 1] = '\0';
	order_erasure(&w->a, "no-such-case", WHY);
	assert_non_null(strstr(w->a.last_error, "no case has this id"));
	order_erasure(&w->a, case_id, "");
	assert_non_null(strstr(w->a.last_error, "a reason of 1 to 255 bytes"));
	order_erasure(&w->a, case_id, long_reason);
	assert_non_null(strstr(w->a.last_error, "a reason of 1 to 255 bytes"));
	erased(&w->a, case_id, "");
	world_end(w, NULL);
}

/* What was said since the order stays whole, also where something of before comes back with it. */
static void evidence_of_what_was_said_after_the_order_stays(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_open_case(case_id);

	(void)state;
	say_in(&w->b, case_id, RETURN);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->b, case_id, NOTE);
	erase(&w->a, case_id);
	w->clock.now += 1000;
	say_in(&w->b, case_id, NOTE);
	restore(&w->a, 0);
	meet(w);
	sql(&w->a, ROW_OF("1", "3", "2", "0"));
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 IE/2");
	assert_string_equal(sql(&w->a, "SELECT state FROM evidence"), "2");
	world_end(w, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_case_is_shown_as_erased_on_this_side_alone),
		cmocka_unit_test(a_restored_store_erases_again_what_was_ordered),
		cmocka_unit_test(what_opened_the_case_is_older_than_the_order_whatever_its_clock_said),
		cmocka_unit_test(what_was_said_since_the_order_stays_whatever_clock_opened_the_case),
		cmocka_unit_test(what_the_peer_gives_back_is_erased_again),
		cmocka_unit_test(what_comes_back_to_an_erased_case_is_erased_again),
		cmocka_unit_test(a_single_message_that_comes_back_is_erased_again),
		cmocka_unit_test(what_waits_in_the_backup_is_erased_once_it_is_delivered),
		cmocka_unit_test(an_open_case_is_not_erased),
		cmocka_unit_test(what_is_undelivered_is_not_erased),
		cmocka_unit_test(what_happens_in_the_same_batch_is_not_erased),
		cmocka_unit_test(what_is_shown_in_the_same_batch_is_not_erased),
		cmocka_unit_test(evidence_that_is_held_or_under_way_is_not_erased),
		cmocka_unit_test(evidence_that_a_restored_store_waits_for_is_destroyed_by_the_list),
		cmocka_unit_test(evidence_of_what_was_said_after_the_order_stays),
		cmocka_unit_test(a_time_limit_that_runs_forbids_it),
		cmocka_unit_test(the_retention_of_its_profile_forbids_it),
		cmocka_unit_test(a_peer_of_the_version_before_forbids_it),
		cmocka_unit_test(a_peer_that_was_not_met_since_the_start_forbids_it),
		cmocka_unit_test(who_fetches_back_does_not_erase),
		cmocka_unit_test(an_order_says_which_case_and_why),
	};

	return cmocka_run_group_tests(tests, read_request, free_request);
}
