/* Two real nodes of which one has a case erased, and then loses or meets what was lost: refusals of
 * the order (node/erase.c), tombstones that leave and come (tombstones.c, resend.c, takeback.c). */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/page_check_vfs.h"
#include "trace_rig.h"

#define CASE_ID 40
#define RETURN                                                                                                         \
	"{\"content\":{\"returnedDeficient\":{\"faults\":[{\"field\":\"facts\",\"text\":\"Missing.\"}],\"text\":\"No." \
	"\"}}}"
#define WHY "retention over"

static char *request;

static void keep(struct side *s, unsigned backup)
{
	session_lost(s->w, "connection reset");
	use_backup(s, backup);
	copy_store(s, false);
	settle(s->w);
}

static void restore(struct side *s, unsigned backup)
{
	session_lost(s->w, "connection reset");
	s->w->now += 5000;
	use_backup(s, backup);
	copy_store(s, true);
	settle(s->w);
	node_wake(s->node);
	settle(s->w);
}

/* As often as goodbyes make it necessary. */
static void meet(struct world *w)
{
	for (int i = 0; i < 8; i++) {
		if (w->a.session != 0)
			return;
		w->now += 1000;
		connect_both(w);
		settle(w);
	}
	assert_true(w->a.session != 0);
}

static void say_in(struct side *s, const char *case_id, const char *json)
{
	submit(s, case_id, json);
	settle(s->w);
}

/* A request of US-OIA that IE has sent back: it is closed on both sides, and each has said three
 * things. Both have made backup 0 before it, and 1 after it. */
static struct world *with_closed_case(char *case_id)
{
	struct world *w = world_new();

	w->a.muted = w->b.muted = true;
	meet(w);
	say_in(&w->a, NULL, request); /* another case, so that both know each other */
	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	say_in(&w->b, case_id, NOTE);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 1);
	keep(&w->b, 1);
	meet(w);
	return w;
}

static void erased(struct side *s, const char *case_id, const char *text)
{
	show(s, case_id);
	assert_string_equal(s->erased, text);
}

static void erase(struct side *s, const char *case_id)
{
	order_erasure(s, case_id, WHY);
	assert_string_equal(s->last_error, "");
}

static void refused(struct side *s, const char *case_id, const char *why)
{
	order_erasure(s, case_id, WHY);
	if (strstr(s->last_error, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, s->last_error);
	show(s, case_id);
	assert_string_equal(s->erased, "");
}

/* Both hold the same of the case with the same verdicts, and what is said next arrives. */
static void agree(struct world *w, const char *case_id)
{
	both_equal(w, case_id);
	assert_string_equal(w->a.verdicts, w->b.verdicts);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, NOTE);
	both_equal(w, case_id);
	assert_string_equal(w->a.verdicts, w->b.verdicts);
	assert_int_equal(w->a.without_receipt, 0);
	assert_int_equal(w->b.without_receipt, 0);
}

#define ALL_OF_BOTH " US-OIA/1 IE/1 US-OIA/2 IE/2 US-OIA/3 IE/3"

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

/* US-OIA was restored from a backup of before the case. What IE had erased comes without its content. */
static void a_restored_peer_gets_tombstones_and_its_stream_goes_on(void **state)
{
	for (int both = 0; both < 2; both++) {
		char case_id[CASE_ID];
		struct world *w = with_closed_case(case_id);

		(void)state;
		erase(&w->b, case_id);
		if (both)
			erase(&w->a, case_id);
		restore(&w->a, 0);
		meet(w);
		erased(&w->a, case_id, " US-OIA/1+ IE/1+ US-OIA/2+ IE/2+ US-OIA/3+ IE/3+");
		assert_int_equal(w->a.events, both ? 4 : 3);
		agree(w, case_id);
		erased(&w->b, case_id, "chief: " WHY ";" ALL_OF_BOTH);
		world_end(w, NULL);
	}
}

/* The other way round: IE was restored, and its case with it, and US-OIA has erased. */
static void who_had_the_case_opened_gets_it_back_as_well(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	restore(&w->b, 0);
	meet(w);
	erased(&w->b, case_id, " US-OIA/1+ IE/1+ US-OIA/2+ IE/2+ US-OIA/3+ IE/3+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* A backup from the middle of the case: what it holds stays as it is. */
static void what_a_backup_holds_with_its_content_stays(void **state)
{
	char case_id[CASE_ID];
	struct world *w = world_new();

	(void)state;
	w->a.muted = w->b.muted = true;
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	erase(&w->a, case_id);
	restore(&w->b, 0);
	meet(w);
	erased(&w->b, case_id, " US-OIA/2+ IE/2+");
	agree(w, case_id);
	erase(&w->b, case_id);
	restore(&w->a, 0);
	meet(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 US-OIA/2+ IE/2+"
	       " US-OIA/3+ IE/3+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* Its own message still waits in the backup: it is what left, and its content stays. */
static void a_message_that_waits_in_the_backup_is_marked_as_delivered(void **state)
{
	char case_id[CASE_ID];
	struct world *w = world_new();

	(void)state;
	w->a.muted = w->b.muted = true;
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	session_lost(w, "connection reset");
	say_in(&w->a, case_id, NOTE);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->b, case_id, RETURN);
	erase(&w->b, case_id);
	restore(&w->a, 0);
	meet(w);
	erased(&w->a, case_id, " IE/1+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* A restored store has begun an epoch and given nothing in it yet: what the peer lost since leaves as it is stored,
 * and nothing of it is dissolved, since what was erased could not travel anew. */
static void what_was_erased_leaves_again_from_a_store_that_was_restored(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	say_in(&w->a, case_id, NOTE);
	restore(&w->a, 1);
	meet(w);
	erase(&w->a, case_id);
	restore(&w->b, 0);
	meet(w);
	erased(&w->b, case_id, " US-OIA/1+ IE/1+ US-OIA/2+ IE/2+ US-OIA/3+ IE/3+ US-OIA/4+");
	agree(w, case_id);
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

/* The backup knows nothing of the case, and the peer gives it back with its contents. */
static void what_the_peer_gives_back_is_erased_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	restore(&w->a, 0);
	meet(w);
	w->now += 120000;
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
	struct world *w = world_new();

	(void)state;
	w->a.muted = w->b.muted = true;
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	erase(&w->a, case_id);
	restore(&w->a, 0);
	erased(&w->a, case_id, "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1");
	meet(w);
	w->now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 US-OIA/2 IE/2");
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
	w->now += 120000;
	node_wake(w->a.node);
	settle(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it;" ALL_OF_BOTH " US-OIA/4");
	agree(w, case_id);
	world_end(w, NULL);
}

/* --------------------------------------------------------------------- refusals */

static void sql(struct side *s, const char *text)
{
	struct page_check *check;
	char path[64];
	sqlite3 *db;

	session_lost(s->w, "connection reset");
	stop(s);
	snprintf(path, sizeof path, "%s/comity.db", s->dir);
	assert_int_equal(page_check_new(NULL, NULL, NULL, &check), CY_OK);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, page_check_name(check)), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	page_check_free(check);
	start(s);
	settle(s->w);
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
	w->now += INT64_C(31) * 86400000;
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

#define ROW(author, state, hold)                                                                            \
	"INSERT INTO evidence (message_id, attachment, peer, case_no, client, author, number, priority,"    \
	" size, sha256, root, send_always, state, reason, verdict, arrived, retain_until, hold, retrieved," \
	" unstated, settled, deleted) SELECT id, 1, peer, case_no, '', author, number, 2, 5, zeroblob(32)," \
	" zeroblob(32), 0, " state ", '', 0, 0, 0, " hold ", 0, 0, 0, 0 FROM message"                       \
	" WHERE author = " author " AND number = 3"

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
			 " WHERE case_id = '%s'",
			 i, states[i], case_id);
		sql(&w->a, text);
		refused(&w->a, case_id, "the time limit decide runs");
		sql(&w->a, "UPDATE clock SET state = 3");
	}
	meet(w);
	erase(&w->a, case_id);
	world_end(w, NULL);
}

static void with_books(struct side *s, const struct law_books *books)
{
	session_lost(s->w, "connection reset");
	s->w->books = books;
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
	static const struct law_books books = { .n_profiles = 1, .profiles = list };
	static const struct law_books unknown = { .n_profiles = 1, .profiles = others };
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	with_books(&w->a, &unknown);
	refused(&w->a, case_id, "version 1 of the treaty profile us-ie-2001 is not here");
	with_books(&w->a, &books);
	refused(&w->a, case_id, "the treaty profile us-ie-2001 keeps a case until 2026-12-14T");
	meet(w);
	w->now = START_MS + INT64_C(20) * 86400000;
	refused(&w->a, case_id, "the treaty profile us-ie-2001 keeps a case until 2026-12-14T");
	w->now += INT64_C(3600000);
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

/* ------------------------------------------------------------------------ liars */

static int how;

/* Of the first parcel with tombstones that comes. */
static void lie(CyPeerFrame *f)
{
	CyParcel *p = f->kind_case == CY_PEER_FRAME__KIND_PARCEL ? f->parcel : NULL;
	CyTombstone *t;

	if (p == NULL || p->n_tombstones == 0)
		return;
	t = p->tombstones[0];
	switch (how) {
	case 0: /* no receipt */
		cy_signed_text__free_unpacked(p->receipt, NULL);
		p->receipt = NULL;
		break;
	case 1: /* one that was signed by nobody */
		p->receipt->signature.data[0] ^= 1;
		break;
	case 2: /* the parcel in its place */
		p->receipt->text.len = p->manifest->text.len;
		free(p->receipt->text.data);
		p->receipt->text.data = malloc(p->manifest->text.len);
		memcpy(p->receipt->text.data, p->manifest->text.data, p->manifest->text.len);
		break;
	case 3: /* of no message */
		t->place = 2;
		break;
	case 4:
		t->place = 0;
		break;
	case 5:
		t->fact.len--;
		break;
	case 6:
		t->case_id[0] = 'X';
		break;
	default: /* the message is there */
		p->messages[0].data = malloc(1);
		p->messages[0].data[0] = 0;
		p->messages[0].len = 1;
	}
}

static void a_tombstone_counts_with_its_receivers_own_receipt_alone(void **state)
{
	(void)state;
	for (how = 0; how < 8; how++) {
		char case_id[CASE_ID];
		struct world *w = with_closed_case(case_id);

		erase(&w->a, case_id);
		restore(&w->b, 0);
		w->tamper = lie;
		for (int i = 0; i < 4; i++) {
			if (w->a.session == 0) {
				w->now += 1000;
				connect_both(w);
			}
			settle(w);
		}
		if (w->a.session != 0)
			fail_msg("lie %d was believed", how);
		show(&w->b, case_id);
		assert_null(strstr(w->b.erased, "US-OIA"));
		w->tamper = NULL;
		meet(w);
		erased(&w->b, case_id, " US-OIA/1+ IE/1+ US-OIA/2+ IE/2+ US-OIA/3+ IE/3+");
		agree(w, case_id);
		world_end(w, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_case_is_shown_as_erased_on_this_side_alone),
		cmocka_unit_test(a_restored_peer_gets_tombstones_and_its_stream_goes_on),
		cmocka_unit_test(who_had_the_case_opened_gets_it_back_as_well),
		cmocka_unit_test(what_a_backup_holds_with_its_content_stays),
		cmocka_unit_test(a_message_that_waits_in_the_backup_is_marked_as_delivered),
		cmocka_unit_test(what_was_erased_leaves_again_from_a_store_that_was_restored),
		cmocka_unit_test(a_restored_store_erases_again_what_was_ordered),
		cmocka_unit_test(what_the_peer_gives_back_is_erased_again),
		cmocka_unit_test(what_comes_back_to_an_erased_case_is_erased_again),
		cmocka_unit_test(what_waits_in_the_backup_is_erased_once_it_is_delivered),
		cmocka_unit_test(an_open_case_is_not_erased),
		cmocka_unit_test(what_is_undelivered_is_not_erased),
		cmocka_unit_test(what_happens_in_the_same_batch_is_not_erased),
		cmocka_unit_test(evidence_that_is_held_or_under_way_is_not_erased),
		cmocka_unit_test(a_time_limit_that_runs_forbids_it),
		cmocka_unit_test(the_retention_of_its_profile_forbids_it),
		cmocka_unit_test(a_peer_of_the_version_before_forbids_it),
		cmocka_unit_test(a_peer_that_was_not_met_since_the_start_forbids_it),
		cmocka_unit_test(who_fetches_back_does_not_erase),
		cmocka_unit_test(an_order_says_which_case_and_why),
		cmocka_unit_test(a_tombstone_counts_with_its_receivers_own_receipt_alone),
	};
	int r;

	request = read_file("contrib/demo/request.json");
	if (request == NULL) {
		fprintf(stderr, "run this from the top of the repository\n");
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	free(request);
	return r;
}
