/* The store through its port: what is written is read, whole or not at all, by
 * one process, and content is unreadable on the disk. */
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

#include "law/clock.h"
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

static void what_is_committed_is_there_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	reopen(f);
	assert_int_equal(f->port.get_message(f->port.ctx, "m1", see_message, &s), CY_OK);
	assert_string_equal(s.content, MARKER);
	assert_int_equal(f->port.find_case(f->port.ctx, (struct store_view){ .titles = true }, "c1", see_case, &s),
			 CY_OK);
	assert_string_equal(s.title, MARKER);
	assert_int_equal(f->port.get_message(f->port.ctx, "m2", see_message, &s), CY_ENOENT);
}

static void a_write_set_that_fails_in_the_middle_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };
	struct store_counts counts;

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	add_message(f, "c1", "m2", 1, CY_PRIORITY__NORMAL); /* the number is taken */
	assert_int_equal(commit(f), CY_ESTORE);
	assert_true(f->why[0] != '\0');
	assert_int_equal(f->port.get_message(f->port.ctx, "m1", see_message, &s), CY_ENOENT);
	assert_int_equal(f->port.counts(f->port.ctx, &counts), CY_OK);
	assert_int_equal(counts.cases + counts.messages, 0);
	/* and service goes on */
	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
}

static void what_came_back_late_is_not_overtaken_in_its_case(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "desk", "own-2", "");
	add_message(f, "c1", "three", 3, CY_PRIORITY__NORMAL);
	add_message(f, "c2", "other", 1, CY_PRIORITY__NORMAL);
	add_message(f, "c1", "two", 2, CY_PRIORITY__NORMAL);
	add_message(f, "c1", "one", 1, CY_PRIORITY__NORMAL);
	add_message(f, "c1", "four", 4, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.waiting(f->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_string_equal(s.ids[0], "one");
	s.n = 0;
	assert_int_equal(f->port.waiting(f->port.ctx, "IE", 10, see_message, &s), CY_OK);
	assert_int_equal(s.n, 5);
	assert_string_equal(s.ids[0], "one");
	assert_string_equal(s.ids[1], "two");
	assert_string_equal(s.ids[2], "three");
	assert_string_equal(s.ids[3], "other");
	assert_string_equal(s.ids[4], "four");
}

static void the_most_urgent_waits_first_then_the_oldest(void **state)
{
	struct fixture *f = *state;
	struct store_peer_counts counts;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "a", 1, CY_PRIORITY__LOW);
	add_message(f, "c1", "b", 2, CY_PRIORITY__NORMAL);
	add_message(f, "c1", "c", 3, CY_PRIORITY__EMERGENCY);
	add_message(f, "c1", "d", 4, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.waiting(f->port.ctx, "IE", 10, see_message, &s), CY_OK);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.ids[0], "c");
	assert_string_equal(s.ids[1], "b");
	assert_string_equal(s.ids[2], "d");
	assert_string_equal(s.ids[3], "a");
	add(f, STORE_RAISE)->raise.peer = "IE";
	f->w->first->raise.case_id = "c1";
	f->w->first->raise.priority = CY_PRIORITY__EMERGENCY;
	assert_int_equal(commit(f), CY_OK);
	s.n = 0;
	assert_int_equal(f->port.waiting(f->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "a");
	assert_int_equal(f->port.peer_counts(f->port.ctx, "IE", &counts), CY_OK);
	assert_int_equal(counts.waiting, 4);
	assert_int_equal(counts.oldest.ms, 1001);
}

static void undelivered_come_by_age_and_by_pages_without_what_leaves_again(void **state)
{
	struct fixture *f = *state;
	struct store_port *p = &f->port;
	struct seen s = { 0 };

	add_case(f, "case", "desk", "", "");
	for (uint32_t i = 0; i < 4; i++)
		add_message(f, "case", (const char *[]){ "d", "c", "b", "a" }[i], i + 1, CY_PRIORITY__NORMAL);
	for (struct store_write *w = f->w->first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && strcmp(w->message.id, "a") == 0)
			w->message.created = (struct cy_wall){ 1001 }; /* as old as "d" */
	for (uint32_t i = 0; i < 2; i++)
		add(f, STORE_MARK_MESSAGE)->message =
			(struct store_message){ .id = i == 0 ? "c" : "b",
						.transport = i == 0 ? STORE_TRANSMITTED : STORE_QUEUED,
						.void_reason = "",
						.epoch = 1,
						.sequence = 1,
						.index = i };
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(
		p->undelivered(p->ctx, (struct cy_wall){ 1004 }, (struct cy_wall){ 0 }, "", 2, see_message, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "a");
	assert_string_equal(s.ids[1], "d");
	assert_int_equal(
		p->undelivered(p->ctx, (struct cy_wall){ 1004 }, (struct cy_wall){ 1001 }, "d", 2, see_message, &s),
		CY_OK);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.ids[2], "c");
	assert_int_equal(
		p->undelivered(p->ctx, (struct cy_wall){ 1002 }, (struct cy_wall){ 1001 }, "d", 2, see_message, &s),
		CY_OK);
	assert_int_equal(s.n, 3);
}

static void a_restore_puts_back_what_has_no_receipt(void **state)
{
	struct fixture *f = *state;
	struct store_write *w;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	w = add(f, STORE_MARK_MESSAGE);
	w->message = (struct store_message){
		.id = "m1", .transport = STORE_TRANSMITTED, .epoch = 5, .sequence = 1, .void_reason = ""
	};
	w = add(f, STORE_PUT_PARCEL);
	w->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 1, .messages = 1 };
	assert_int_equal(commit(f), CY_OK);
	add(f, STORE_REQUEUE_ALL)->peer = "IE";
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.get_message(f->port.ctx, "m1", see_message, &s), CY_OK);
	assert_int_equal(s.transport, STORE_QUEUED);
	assert_int_equal(s.epoch, 0);
	assert_int_equal(f->port.get_parcel(f->port.ctx, "IE", STORE_OWN, 5, 1, NULL, NULL), CY_ENOENT);
}

/* What had left and is to leave again is no less urgent than what waited behind it in its case. */
static void what_a_restore_puts_back_is_not_overtaken_in_its_case(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "first", 1, CY_PRIORITY__LOW);
	add_message(f, "c1", "second", 2, CY_PRIORITY__EMERGENCY);
	add(f, STORE_MARK_MESSAGE)->message = (struct store_message){
		.id = "first", .transport = STORE_TRANSMITTED, .void_reason = "", .epoch = 5, .sequence = 1
	};
	assert_int_equal(commit(f), CY_OK);
	add(f, STORE_REQUEUE_ALL)->peer = "IE";
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.waiting(f->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "first");
}

struct places {
	struct fixture *f;
	size_t n;
	uint64_t last;
	bool dissolved;
	char receipt[16];
	struct store_stream stream;
};

static int see_parcel(void *arg, const struct store_parcel *row)
{
	struct places *p = arg;

	p->n++;
	p->last = row->sequence;
	p->dissolved = row->dissolved;
	snprintf(p->receipt, sizeof p->receipt, "%.*s", (int)row->receipt.len, (const char *)row->receipt.data);
	return CY_OK;
}

static int see_stream(void *arg, const struct store_stream *row)
{
	((struct places *)arg)->stream = *row;
	return CY_OK;
}

static void put_parcels(struct fixture *f, enum store_author author)
{
	for (uint64_t i = 1; i <= 3; i++)
		add(f, STORE_PUT_PARCEL)->parcel = (struct store_parcel){
			.peer = "IE", .author = author, .epoch = 5, .sequence = i, .messages = 1
		};
}

static void say_receipt(struct fixture *f, enum store_author author, const char *text)
{
	add(f, STORE_PUT_RECEIPT)->parcel = (struct store_parcel){ .peer = "IE",
								   .author = author,
								   .epoch = 5,
								   .sequence = 2,
								   .receipt = cy_bytes(text, strlen(text)),
								   .receipt_signature = cy_bytes("s", 1) };
}

static void a_dissolved_parcel_stays_and_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	struct store_peer_counts counts;
	struct places p = { .f = f };

	put_parcels(f, STORE_OWN);
	add(f, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 2 };
	say_receipt(f, STORE_OWN, "late");
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.parcels(f->port.ctx, "IE", STORE_OWN, 5, 0, 10, see_parcel, &p), CY_OK);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.last, 3);
	assert_int_equal(f->port.get_parcel(f->port.ctx, "IE", STORE_OWN, 5, 2, see_parcel, &p), CY_OK);
	assert_true(p.dissolved);
	assert_string_equal(p.receipt, "late");
	add(f, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 3 };
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.peer_counts(f->port.ctx, "IE", &counts), CY_OK);
	assert_int_equal(counts.in_flight, 1);
	add(f, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 6, .sequence = 1 };
	assert_int_equal(commit(f), CY_ESTORE);
}

static void the_first_receipt_of_the_peer_stays_and_ours_may_be_signed_anew(void **state)
{
	static const char *const stays[] = { [STORE_OWN] = "one", [STORE_PEER] = "two" };

	for (enum store_author author = STORE_OWN; author <= STORE_PEER; author++) {
		struct fixture *f = *state;
		struct places p = { .f = f };

		put_parcels(f, author);
		say_receipt(f, author, "one");
		say_receipt(f, author, "two");
		assert_int_equal(commit(f), CY_OK);
		assert_int_equal(f->port.get_parcel(f->port.ctx, "IE", author, 5, 2, see_parcel, &p), CY_OK);
		assert_string_equal(p.receipt, stays[author]);
	}
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

static void put_follow(struct fixture *f, const char *peer, const char *case_id, const char *follows)
{
	struct store_write *w = add(f, STORE_PUT_FOLLOW);

	w->follow.peer = peer;
	w->follow.case_id = case_id;
	w->follow.follows = follows;
}

static void cases_that_follow_one_are_found_once(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c2", "desk", "own", "");
	add_case(f, "c3", "desk", "own", "");
	put_follow(f, "IE", "c2", "c1"); /* which is not here, or not yet */
	put_follow(f, "IE", "c3", "c1");
	put_follow(f, "IE", "c3", "c2");
	assert_int_equal(commit(f), CY_OK);
	put_follow(f, "IE", "c2", "c1");
	assert_int_equal(commit(f), CY_OK);
	reopen(f);
	assert_int_equal(f->port.following(f->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "c2");
	assert_string_equal(s.ids[1], "c3");
	assert_int_equal(f->port.following(f->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 3);
	assert_int_equal(f->port.following(f->port.ctx, "US", "c1", CY_SIDE__REQUESTING, 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 3);
}

/* They take nobody's place among those that are looked at. */
static void what_is_void_or_of_the_other_side_follows_nothing(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c2", "desk", "own", "");
	f->w->first->case_row.state = "VOID";
	add_case(f, "c3", "desk", "own", "");
	f->w->first->next->case_row.side = CY_SIDE__REQUESTED;
	add_case(f, "c4", "desk", "own", "");
	put_follow(f, "IE", "c2", "c1");
	put_follow(f, "IE", "c3", "c1");
	put_follow(f, "IE", "c4", "c1");
	put_follow(f, "IE", "c4", "c4"); /* of itself */
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.following(f->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "c4");
	assert_int_equal(f->port.following(f->port.ctx, "IE", "c4", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
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

static void a_client_sees_its_own_cases_by_any_reference(void **state)
{
	struct fixture *f = *state;
	const struct store_view all = { .client = NULL }, desk = { .client = "desk" }, other = { .client = "other" };
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "MLA/1");
	add_case(f, "c2", "", "own-2", "MLA/2");
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.find_case(f->port.ctx, desk, "MLA/1", see_case, &s), CY_OK);
	assert_int_equal(f->port.find_case(f->port.ctx, desk, "own-1", see_case, &s), CY_OK);
	assert_int_equal(f->port.find_case(f->port.ctx, other, "c1", see_case, &s), CY_ENOENT);
	assert_int_equal(f->port.find_case(f->port.ctx, desk, "MLA/2", see_case, &s), CY_ENOENT);
	s.n = 0;
	assert_int_equal(f->port.list_cases(f->port.ctx, all, "", false, "", 10, see_case, &s), CY_OK);
	assert_int_equal(s.n, 2);
	s.n = 0;
	assert_int_equal(f->port.list_cases(f->port.ctx, all, "", false, "c1", 10, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
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

/* Nothing that status asks walks through a table: it must not matter how full the
 * store is. A subquery's own row and a partial index that holds what is asked
 * for and no more are no walk. */
static void the_counts_of_status_scan_no_table(void **state)
{
	struct fixture *f = *state;
	char path[96];
	sqlite3 *db;
	size_t seen = 0;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
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

/* ------------------------------------------------------------------- measures */

static void add_measure(struct fixture *f, const char *case_id, uint8_t measure, uint8_t type, int64_t sent,
			enum law_outcome outcome)
{
	struct store_measure *m = &add(f, STORE_PUT_MEASURE)->measure;

	*m = (struct store_measure){ .peer = "IE", .case_id = case_id };
	m->stat = (struct law_stat){ .kind = CY_CONTENT__KIND_REQUEST,
				     .measure = measure,
				     .type = type,
				     .outcome = outcome,
				     .sent_ms = sent,
				     .rounds = 3 };
}

static void add_clock(struct fixture *f, const char *name, uint32_t measure, bool ours, enum law_clock_state state,
		      int64_t due, int64_t ended, bool breach)
{
	add(f, STORE_PUT_CLOCK)->clock = (struct store_clock){ .peer = "IE",
							       .case_id = "c1",
							       .name = name,
							       .measure = measure,
							       .ours = ours,
							       .state = (int)state,
							       .due = { due },
							       .ended = { ended },
							       .breach = breach,
							       .excused = { breach ? 900 : 0 },
							       .difference = "",
							       .how = "" };
}

struct measured {
	struct law_stat at[8];
	size_t n;
};

static int see_measure(void *arg, const struct store_measure *row)
{
	struct measured *m = arg;

	assert_string_equal(row->peer, "IE");
	m->at[m->n++] = row->stat;
	return CY_OK;
}

static struct measured measured(struct fixture *f, struct store_measure_query q, const char *client)
{
	struct measured m = { .n = 0 };

	assert_int_equal(f->port.measures(f->port.ctx, (struct store_view){ .client = client }, &q, see_measure, &m),
			 CY_OK);
	return m;
}

#define ALL .after.sent_ms = INT64_MIN, .until = { INT64_MAX }, .limit = 8, .now = { 1000 }

/* All have an excuse here, and only a breach can be excused. */
static void limits_are(const struct law_limits *l, uint32_t in_time, uint32_t late, uint32_t lapsed)
{
	assert_int_equal(l->excused, late + lapsed);
	assert_int_equal(l->in_time, in_time);
	assert_int_equal(l->late, late);
	assert_int_equal(l->lapsed, lapsed);
}

static void measures_are_found_with_their_time_limits(void **state)
{
	struct fixture *f = *state;
	struct measured m;

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "", "own-2", "");
	add_measure(f, "c1", 2, 15, 500, LAW_OUTCOME_OPEN);
	add_measure(f, "c1", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(f, "c2", 1, 11, 400, LAW_OUTCOME_EXECUTED);
	add_clock(f, "a", 1, false, LAW_CLOCK_MET, 700, 700, true);
	add_clock(f, "b", 1, false, LAW_CLOCK_MET, 700, 701, true);
	add_clock(f, "c", 1, false, LAW_CLOCK_RUNNING, 999, 0, true);
	add_clock(f, "d", 1, false, LAW_CLOCK_RUNNING, 1000, 0, true); /* its last millisecond */
	add_clock(f, "e", 1, false, LAW_CLOCK_CEASED, 700, 800, true);
	add_clock(f, "f", 1, false, LAW_CLOCK_CEASED, 900, 800, true);
	add_clock(f, "g", 1, false, LAW_CLOCK_RUNNING, 999, 0, false); /* no breach */
	add_clock(f, "h", 1, false, LAW_CLOCK_SUSPENDED, 999, 0, true);
	add_clock(f, "i", 2, true, LAW_CLOCK_RUNNING, 999, 0, true);
	add_clock(f, "j", 0, true, LAW_CLOCK_MET, 0, 600, true);
	assert_int_equal(commit(f), CY_OK);
	add_measure(f, "c1", 2, 15, 500, LAW_OUTCOME_REFUSED);
	assert_int_equal(commit(f), CY_OK);
	reopen(f);

	m = measured(f, (struct store_measure_query){ ALL, .peer = "", .instrument = "" }, NULL);
	assert_int_equal(m.n, 3);
	assert_int_equal(m.at[0].outcome, LAW_OUTCOME_EXECUTED);
	assert_int_equal(m.at[0].side, CY_SIDE__REQUESTING);
	assert_true(m.at[0].request != m.at[1].request && m.at[1].request == m.at[2].request);
	assert_int_equal(m.at[1].measure, 1);
	assert_int_equal(m.at[1].rounds, 3);
	limits_are(&m.at[1].limits[0], 1, 1, 2);
	limits_are(&m.at[1].limits[1], 0, 0, 0);
	limits_are(&m.at[1].request_limits[1], 1, 0, 0);
	assert_int_equal(m.at[2].outcome, LAW_OUTCOME_REFUSED);
	limits_are(&m.at[2].limits[1], 0, 0, 1);
	limits_are(&m.at[0].limits[0], 0, 0, 0);

	m = measured(f, (struct store_measure_query){ ALL, .peer = "IE", .instrument = "us-ie-2001", .type = 11 },
		     NULL);
	assert_int_equal(m.n, 2);
	m = measured(f, (struct store_measure_query){ ALL, .peer = "DE", .instrument = "" }, NULL);
	assert_int_equal(m.n, 0);
	m = measured(f, (struct store_measure_query){ ALL, .peer = "", .instrument = "uncac" }, NULL);
	assert_int_equal(m.n, 0);
	m = measured(f, (struct store_measure_query){ ALL, .peer = "", .instrument = "" }, "desk");
	assert_int_equal(m.n, 2);
	m = measured(f,
		     (struct store_measure_query){
			     .after.sent_ms = 400, .until = { 500 }, .limit = 8, .peer = "", .instrument = "" },
		     NULL);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.at[0].sent_ms, 400);
}

static void measures_come_by_pages(void **state)
{
	struct fixture *f = *state;
	struct store_measure_query q = { ALL, .peer = "", .instrument = "" };
	static const struct {
		int64_t sent;
		uint8_t measure;
	} expected[] = { { 400, 1 }, { 500, 1 }, { 500, 2 }, { 500, 1 }, { 600, 1 } };

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "", "own-2", "");
	add_case(f, "c3", "", "own-3", "");
	add_case(f, "c4", "", "own-4", "");
	add_measure(f, "c1", 2, 15, 500, LAW_OUTCOME_OPEN);
	add_measure(f, "c1", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(f, "c2", 1, 11, 500, LAW_OUTCOME_OPEN);
	add_measure(f, "c3", 1, 11, 600, LAW_OUTCOME_OPEN);
	add_measure(f, "c4", 1, 11, 400, LAW_OUTCOME_OPEN);
	assert_int_equal(commit(f), CY_OK);
	q.limit = 1;
	for (size_t i = 0; i < 5; i++) {
		const struct measured m = measured(f, q, NULL);

		assert_int_equal(m.n, 1);
		assert_int_equal(m.at[0].sent_ms, expected[i].sent);
		assert_int_equal(m.at[0].measure, expected[i].measure);
		q.after.sent_ms = m.at[0].sent_ms;
		q.after.request = m.at[0].request;
		q.after.measure = m.at[0].measure;
	}
	assert_int_equal(measured(f, q, NULL).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_is_there_after_a_restart),
		TEST(a_write_set_that_fails_in_the_middle_leaves_nothing),
		TEST(the_most_urgent_waits_first_then_the_oldest),
		TEST(what_came_back_late_is_not_overtaken_in_its_case),
		TEST(undelivered_come_by_age_and_by_pages_without_what_leaves_again),
		TEST(a_restore_puts_back_what_has_no_receipt),
		TEST(what_a_restore_puts_back_is_not_overtaken_in_its_case),
		TEST(a_dissolved_parcel_stays_and_is_not_sent_again),
		TEST(the_first_receipt_of_the_peer_stays_and_ours_may_be_signed_anew),
		TEST(a_store_with_one_epoch_for_all_streams_gives_it_to_each),
		TEST(a_client_sees_its_own_cases_by_any_reference),
		TEST(cases_that_follow_one_are_found_once),
		TEST(what_is_void_or_of_the_other_side_follows_nothing),
		TEST(cases_from_before_statistics_are_stale_until_they_are_written_anew),
		TEST(content_and_titles_are_unreadable_on_the_disk),
		TEST(modes_are_private_and_the_key_must_be_the_right_one),
		TEST(a_second_process_is_refused_with_the_pid_of_the_first),
		TEST(a_damaged_or_newer_store_is_refused_with_a_sentence),
		TEST(a_store_whose_database_was_emptied_is_not_made_anew),
		TEST(the_thread_commits_and_says_so_by_an_event),
		TEST(the_counts_of_status_scan_no_table),
		TEST(measures_are_found_with_their_time_limits),
		TEST(measures_come_by_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
