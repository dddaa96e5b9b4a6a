/* The contract of the store port: cases, messages and parcels. */
#include "store_contract.h"

/* ---------------------------------------------------------- messages and parcels */

struct few {
	size_t n;
	char ids[16][40];
	enum store_transport transport;
	uint64_t epoch;
};

static int see_message(void *arg, const struct store_message *row)
{
	struct few *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s", row->id);
	s->transport = row->transport;
	s->epoch = row->epoch;
	return CY_OK;
}

static int see_case(void *arg, const struct store_case *row)
{
	struct few *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s", row->case_id);
	return CY_OK;
}

static void what_came_back_late_is_not_overtaken_in_its_case(void **state)
{
	struct contract *t = *state;
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "desk", "own-2", "");
	add_message(t, "c1", "three", 3, CY_PRIORITY__NORMAL);
	add_message(t, "c2", "other", 1, CY_PRIORITY__NORMAL);
	add_message(t, "c1", "two", 2, CY_PRIORITY__NORMAL);
	add_message(t, "c1", "one", 1, CY_PRIORITY__NORMAL);
	add_message(t, "c1", "four", 4, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.waiting(t->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_string_equal(s.ids[0], "one");
	s.n = 0;
	assert_int_equal(t->port.waiting(t->port.ctx, "IE", 10, see_message, &s), CY_OK);
	assert_int_equal(s.n, 5);
	assert_string_equal(s.ids[0], "one");
	assert_string_equal(s.ids[1], "two");
	assert_string_equal(s.ids[2], "three");
	assert_string_equal(s.ids[3], "other");
	assert_string_equal(s.ids[4], "four");
}

static void the_most_urgent_waits_first_then_the_oldest(void **state)
{
	struct contract *t = *state;
	struct store_peer_counts counts;
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_message(t, "c1", "a", 1, CY_PRIORITY__LOW);
	add_message(t, "c1", "b", 2, CY_PRIORITY__NORMAL);
	add_message(t, "c1", "c", 3, CY_PRIORITY__EMERGENCY);
	add_message(t, "c1", "d", 4, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.waiting(t->port.ctx, "IE", 10, see_message, &s), CY_OK);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.ids[0], "c");
	assert_string_equal(s.ids[1], "b");
	assert_string_equal(s.ids[2], "d");
	assert_string_equal(s.ids[3], "a");
	add(t, STORE_RAISE)->raise.peer = "IE";
	t->w->first->raise.case_id = "c1";
	t->w->first->raise.priority = CY_PRIORITY__EMERGENCY;
	assert_int_equal(commit(t), CY_OK);
	s.n = 0;
	assert_int_equal(t->port.waiting(t->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "a");
	assert_int_equal(t->port.peer_counts(t->port.ctx, "IE", &counts), CY_OK);
	assert_int_equal(counts.waiting, 4);
	assert_int_equal(counts.oldest.ms, 1001);
}

static void undelivered_come_by_age_and_by_pages_without_what_leaves_again(void **state)
{
	struct contract *t = *state;
	struct store_port *p = &t->port;
	struct few s = { 0 };

	add_case(t, "case", "desk", "", "");
	for (uint32_t i = 0; i < 4; i++)
		add_message(t, "case", (const char *[]){ "d", "c", "b", "a" }[i], i + 1, CY_PRIORITY__NORMAL);
	for (struct store_write *w = t->w->first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && strcmp(w->message.id, "a") == 0)
			w->message.created = (struct cy_wall){ 1001 }; /* as old as "d" */
	for (uint32_t i = 0; i < 2; i++)
		add(t, STORE_MARK_MESSAGE)->message =
			(struct store_message){ .id = i == 0 ? "c" : "b",
						.transport = i == 0 ? STORE_TRANSMITTED : STORE_QUEUED,
						.void_reason = "",
						.epoch = 1,
						.sequence = 1,
						.index = i };
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(
		p->undelivered(p->ctx, (struct cy_wall){ 1003 }, (struct cy_wall){ 0 }, "", 2, see_message, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "a");
	assert_string_equal(s.ids[1], "d");
	assert_int_equal(
		p->undelivered(p->ctx, (struct cy_wall){ 1003 }, (struct cy_wall){ 1001 }, "d", 2, see_message, &s),
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
	struct contract *t = *state;
	struct store_write *w;
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	w = add(t, STORE_MARK_MESSAGE);
	w->message = (struct store_message){
		.id = "m1", .transport = STORE_TRANSMITTED, .epoch = 5, .sequence = 1, .void_reason = ""
	};
	w = add(t, STORE_PUT_PARCEL);
	w->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 1, .messages = 1 };
	assert_int_equal(commit(t), CY_OK);
	add(t, STORE_REQUEUE_ALL)->peer = "IE";
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.get_message(t->port.ctx, "m1", see_message, &s), CY_OK);
	assert_int_equal(s.transport, STORE_QUEUED);
	assert_int_equal(s.epoch, 0);
	assert_int_equal(t->port.get_parcel(t->port.ctx, "IE", STORE_OWN, 5, 1, NULL, NULL), CY_ENOENT);
}

/* What had left and is to leave again is no less urgent than what waited behind it in its case. */
static void what_a_restore_puts_back_is_not_overtaken_in_its_case(void **state)
{
	struct contract *t = *state;
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_message(t, "c1", "first", 1, CY_PRIORITY__LOW);
	add_message(t, "c1", "second", 2, CY_PRIORITY__EMERGENCY);
	add(t, STORE_MARK_MESSAGE)->message = (struct store_message){
		.id = "first", .transport = STORE_TRANSMITTED, .void_reason = "", .epoch = 5, .sequence = 1
	};
	assert_int_equal(commit(t), CY_OK);
	add(t, STORE_REQUEUE_ALL)->peer = "IE";
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.waiting(t->port.ctx, "IE", 1, see_message, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "first");
}

struct places {
	size_t n;
	uint64_t last;
	bool dissolved;
	char receipt[16];
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

static void put_parcels(struct contract *t, enum store_author author)
{
	for (uint64_t i = 1; i <= 3; i++)
		add(t, STORE_PUT_PARCEL)->parcel = (struct store_parcel){
			.peer = "IE", .author = author, .epoch = 5, .sequence = i, .messages = 1
		};
}

static void say_receipt(struct contract *t, enum store_author author, const char *text)
{
	add(t, STORE_PUT_RECEIPT)->parcel = (struct store_parcel){ .peer = "IE",
								   .author = author,
								   .epoch = 5,
								   .sequence = 2,
								   .receipt = cy_bytes(text, strlen(text)),
								   .receipt_signature = cy_bytes("s", 1) };
}

static void a_dissolved_parcel_stays_and_is_not_sent_again(void **state)
{
	struct contract *t = *state;
	struct store_peer_counts counts;
	struct places p = { .n = 0 };

	put_parcels(t, STORE_OWN);
	add(t, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 2 };
	say_receipt(t, STORE_OWN, "late");
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.parcels(t->port.ctx, "IE", STORE_OWN, 5, 0, 10, see_parcel, &p), CY_OK);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.last, 3);
	assert_int_equal(t->port.get_parcel(t->port.ctx, "IE", STORE_OWN, 5, 2, see_parcel, &p), CY_OK);
	assert_true(p.dissolved);
	assert_string_equal(p.receipt, "late");
	add(t, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 3 };
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.peer_counts(t->port.ctx, "IE", &counts), CY_OK);
	assert_int_equal(counts.in_flight, 1);
	add(t, STORE_DISSOLVE)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 6, .sequence = 1 };
	assert_int_equal(commit(t), CY_ESTORE);
}

static int see_place(void *arg, const struct store_parcel *row)
{
	return note(arg, "%llu/%llu ", (unsigned long long)row->epoch, (unsigned long long)row->sequence);
}

#define PARCELS(t, expected, epoch, sequence, limit) \
	EXPECT(t, CY_OK, expected, p->parcels(p->ctx, "IE", STORE_OWN, epoch, sequence, limit, see_place, &s))

static void parcels_come_after_a_position_and_go_on_in_later_epochs(void **state)
{
	struct contract *t = *state;

	put_parcels(t, STORE_OWN);
	add(t, STORE_PUT_PARCEL)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 6, .sequence = 1, .messages = 1 };
	assert_int_equal(commit(t), CY_OK);
	PARCELS(t, "5/1 5/2 ", 5, 0, 2);
	PARCELS(t, "5/2 5/3 6/1 ", 5, 1, 4);
	PARCELS(t, "6/1 ", 5, 3, 1);
	PARCELS(t, "6/1 ", 6, 0, 1);
	PARCELS(t, "", 6, 1, 1);
}

static void the_first_receipt_of_the_peer_stays_and_ours_may_be_signed_anew(void **state)
{
	static const char *const stays[] = { [STORE_OWN] = "one", [STORE_PEER] = "two" };

	for (enum store_author author = STORE_OWN; author <= STORE_PEER; author++) {
		struct contract *t = *state;
		struct places p = { .n = 0 };

		put_parcels(t, author);
		say_receipt(t, author, "one");
		say_receipt(t, author, "two");
		assert_int_equal(commit(t), CY_OK);
		assert_int_equal(t->port.get_parcel(t->port.ctx, "IE", author, 5, 2, see_parcel, &p), CY_OK);
		assert_string_equal(p.receipt, stays[author]);
	}
}

static void add_stale(struct contract *t, const char *peer, const char *case_id, bool stale)
{
	struct store_case *c = add_case(t, case_id, "desk", "", "");

	c->peer = peer;
	c->stale = stale;
}

static int see_both(void *arg, const struct store_case *row)
{
	return note(arg, "%s of %s ", row->case_id, row->peer);
}

#define STALE(t, expected, after_case, after_peer, limit) \
	EXPECT(t, CY_OK, expected, p->stale_cases(p->ctx, after_case, after_peer, limit, see_both, &s))

static void stale_cases_come_by_pages_until_they_are_written_anew(void **state)
{
	struct contract *t = *state;

	add_stale(t, "IE", "c1", true);
	add_stale(t, "DE", "c1", true);
	add_stale(t, "IE", "c2", false);
	add_stale(t, "IE", "c3", true);
	assert_int_equal(commit(t), CY_OK);
	STALE(t, "c1 of DE c1 of IE ", "", "", 2);
	STALE(t, "c1 of IE c3 of IE ", "c1", "DE", 9);
	STALE(t, "c3 of IE ", "c1", "IE", 1);
	STALE(t, "", "c3", "IE", 9);
	add_stale(t, "DE", "c1", false);
	assert_int_equal(commit(t), CY_OK);
	STALE(t, "c1 of IE c3 of IE ", "", "", 9);
}

static void put_follow(struct contract *t, const char *peer, const char *case_id, const char *follows)
{
	struct store_write *w = add(t, STORE_PUT_FOLLOW);

	w->follow.peer = peer;
	w->follow.case_id = case_id;
	w->follow.follows = follows;
}

static void cases_that_follow_one_are_found_once(void **state)
{
	struct contract *t = *state;
	struct few s = { 0 };

	add_case(t, "c2", "desk", "own", "");
	add_case(t, "c3", "desk", "own", "");
	put_follow(t, "IE", "c2", "c1"); /* which is not here, or not yet */
	put_follow(t, "IE", "c3", "c1");
	put_follow(t, "IE", "c3", "c2");
	assert_int_equal(commit(t), CY_OK);
	put_follow(t, "IE", "c2", "c1");
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	assert_int_equal(t->port.following(t->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "c2");
	assert_string_equal(s.ids[1], "c3");
	assert_int_equal(t->port.following(t->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 3);
	assert_int_equal(t->port.following(t->port.ctx, "US", "c1", CY_SIDE__REQUESTING, 9, see_case, &s), CY_OK);
	assert_int_equal(s.n, 3);
}

/* They take nobody's place among those that are looked at. */
static void what_is_void_or_of_the_other_side_follows_nothing(void **state)
{
	struct contract *t = *state;
	struct few s = { 0 };

	add_case(t, "c2", "desk", "own", "");
	t->w->first->case_row.state = "VOID";
	add_case(t, "c3", "desk", "own", "");
	t->w->first->next->case_row.side = CY_SIDE__REQUESTED;
	add_case(t, "c4", "desk", "own", "");
	put_follow(t, "IE", "c2", "c1");
	put_follow(t, "IE", "c3", "c1");
	put_follow(t, "IE", "c4", "c1");
	put_follow(t, "IE", "c4", "c4"); /* of itself */
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.following(t->port.ctx, "IE", "c1", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.ids[0], "c4");
	assert_int_equal(t->port.following(t->port.ctx, "IE", "c4", CY_SIDE__REQUESTING, 1, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
}

static void cases_are(struct contract *t, const char *client, bool open_only, const char *expected)
{
	struct few s = { 0 };
	char text[64] = "";

	assert_int_equal(t->port.list_cases(t->port.ctx, (struct store_view){ .client = client }, "IE", open_only, "",
					    9, see_case, &s),
			 CY_OK);
	for (size_t i = 0; i < s.n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", s.ids[i]);
	assert_string_equal(text, expected);
}

static void a_client_sees_its_own_cases_by_any_reference(void **state)
{
	struct contract *t = *state;
	const struct store_view all = { .client = NULL }, desk = { .client = "desk" }, other = { .client = "other" };
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "MLA/1");
	add_case(t, "c2", "", "own-2", "MLA/2");
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.find_case(t->port.ctx, desk, "MLA/1", see_case, &s), CY_OK);
	assert_int_equal(t->port.find_case(t->port.ctx, desk, "own-1", see_case, &s), CY_OK);
	assert_int_equal(t->port.find_case(t->port.ctx, other, "c1", see_case, &s), CY_ENOENT);
	assert_int_equal(t->port.find_case(t->port.ctx, desk, "MLA/2", see_case, &s), CY_ENOENT);
	s.n = 0;
	assert_int_equal(t->port.list_cases(t->port.ctx, all, "", false, "", 10, see_case, &s), CY_OK);
	assert_int_equal(s.n, 2);
	s.n = 0;
	assert_int_equal(t->port.list_cases(t->port.ctx, all, "", false, "c1", 10, see_case, &s), CY_OK);
	assert_int_equal(s.n, 1);
	cases_are(t, "desk", false, "c1");
	cases_are(t, "other", false, "");
	add_case(t, "c3", "desk", "own-3", "")->closed = true;
	assert_int_equal(commit(t), CY_OK);
	cases_are(t, "desk", false, "c1 c3");
	cases_are(t, "desk", true, "c1");
	cases_are(t, NULL, true, "c1 c2");
}

/* --------------------------------------------------------------------- unread */

struct listed {
	char ids[16][8];
	size_t n;
};

static int see(void *arg, const struct store_message *row)
{
	struct listed *l = arg;

	snprintf(l->ids[l->n++], sizeof l->ids[0], "%s", row->id);
	return CY_OK;
}

static const char *unread(struct contract *t, int64_t after, const char *after_id, uint32_t limit)
{
	static char text[64];
	struct listed l = { 0 };

	assert_int_equal(t->port.unread(t->port.ctx, (struct cy_wall){ after }, after_id, limit, see, &l), CY_OK);
	text[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", l.ids[i]);
	return text;
}

static struct store_message *came(struct contract *t, const char *id, uint32_t number, int64_t at)
{
	struct store_message *m = &add(t, STORE_PUT_MESSAGE)->message;

	*m = (struct store_message){ .id = id,
				     .peer = "IE",
				     .case_id = "c1",
				     .author = STORE_PEER,
				     .number = number,
				     .kind = 1,
				     .priority = CY_PRIORITY__NORMAL,
				     .created = { 7 },
				     .transport = STORE_RELAYED,
				     .void_reason = "",
				     .client = "",
				     .unread = { at } };
	return m;
}

static void put_event(struct contract *t, CyEventType type, const char *message_id, const char *client)
{
	add(t, STORE_PUT_EVENT)->event = (struct store_event){ .type = type,
							       .peer = "IE",
							       .case_id = "c1",
							       .message_id = message_id,
							       .client = client,
							       .own_reference = "",
							       .text = "",
							       .case_state = "" };
}

static void deliver(struct contract *t, const char *client, uint64_t after, uint64_t last)
{
	struct store_write *w = add(t, STORE_DELIVER);

	w->deliver.client = client;
	w->deliver.after = after;
	w->deliver.last = last;
	assert_int_equal(commit(t), CY_OK);
}

static void what_came_first_is_first_and_what_nobody_has_to_read_is_left_out(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "own-1", "");
	came(t, "m3", 1, 300);
	came(t, "m2", 2, 300);
	came(t, "m1", 3, 400);
	came(t, "stated", 4, 0);
	came(t, "void", 5, 100)->void_code = CY_REJECTION_CODE__UNSEEN;
	came(t, "gone", 6, 100)->erasure = STORE_ERASED_BY_ORDER;
	came(t, "read", 7, 100)->transport = STORE_RETRIEVED;
	add_message(t, "c1", "ours", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	assert_string_equal(unread(t, 0, "", 9), "m2 m3 m1");
	assert_string_equal(unread(t, 0, "", 2), "m2 m3");
	assert_string_equal(unread(t, 300, "m2", 9), "m3 m1");
	assert_string_equal(unread(t, 400, "m1", 9), "");
}

static void events_that_are_passed_deliver_what_their_client_may_see(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "own-1", "");
	came(t, "m1", 1, 100);
	came(t, "m2", 2, 200);
	came(t, "m3", 3, 300);
	came(t, "m4", 4, 400);
	came(t, "shown", 5, 500)->transport = STORE_RETRIEVED;
	put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m1", "desk");
	put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m2", "");
	put_event(t, CY_EVENT_TYPE__CLOCK_STEP, "m3", "desk");
	put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, "shown", "desk");
	put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m4", "desk");
	assert_int_equal(commit(t), CY_OK);
	deliver(t, "other", 0, 5);
	assert_string_equal(unread(t, 0, "", 9), "m1 m2 m3 m4");
	deliver(t, "desk", 1, 4);
	assert_string_equal(unread(t, 0, "", 9), "m1 m2 m3 m4");
	deliver(t, "desk", 0, 4);
	assert_string_equal(unread(t, 0, "", 9), "m2 m3 m4");
	deliver(t, NULL, 0, 5);
	assert_string_equal(unread(t, 0, "", 9), "m3");
}

static int see_transport(void *arg, const struct store_message *row)
{
	*(enum store_transport *)arg = row->transport;
	return CY_OK;
}

static void what_was_shown_goes_not_back(void **state)
{
	struct contract *t = *state;
	enum store_transport transport = STORE_FAILED;

	add_case(t, "c1", "desk", "own-1", "");
	came(t, "m1", 1, 100)->transport = STORE_RETRIEVED;
	put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m1", "desk");
	assert_int_equal(commit(t), CY_OK);
	deliver(t, NULL, 0, 1);
	assert_int_equal(t->port.get_message(t->port.ctx, "m1", see_transport, &transport), CY_OK);
	assert_int_equal(transport, STORE_RETRIEVED);
}

/* A cursor may stand still for a long time and then pass a great many at once: more than any page. */
static void one_acknowledgement_may_pass_any_number_of_events(void **state)
{
	struct contract *t = *state;
	static char ids[3 * CY_PAGE_MAX][8];

	add_case(t, "c1", "desk", "own-1", "");
	for (uint32_t i = 0; i < 3 * CY_PAGE_MAX; i++) {
		snprintf(ids[i], sizeof ids[i], "m%u", i);
		came(t, ids[i], i + 1, 100 + i);
		put_event(t, CY_EVENT_TYPE__MESSAGE_RECEIVED, ids[i], "desk");
	}
	assert_int_equal(commit(t), CY_OK);
	deliver(t, NULL, 0, 3 * CY_PAGE_MAX - 1);
	assert_string_equal(unread(t, 0, "", 9), ids[3 * CY_PAGE_MAX - 1]);
}

/* --------------------------------------------------------------- heads of cases */

static int note_id(void *arg, const struct store_message *row)
{
	return note(arg, "%s", row->id);
}

/* One letter a message; its digest begins with this byte. */
static void put_judged(struct contract *t, const char *id, enum store_author author, enum store_transport transport,
		       CyRejectionCode code, uint8_t first)
{
	struct store_message *m = &add(t, STORE_PUT_MESSAGE)->message;

	*m = (struct store_message){ .id = id,
				     .peer = "IE",
				     .case_id = "c1",
				     .author = author,
				     .transport = transport,
				     .void_code = code,
				     .void_reason = "",
				     .client = "" };
	m->digest.b[0] = first;
}

static void verdicts_of_the_case_come_in_the_order_of_digests(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "", "own-1", "");
	put_judged(t, "a", STORE_PEER, STORE_RELAYED, 0, 3);
	put_judged(t, "b", STORE_PEER, STORE_RETRIEVED, 0, 1);
	put_judged(t, "c", STORE_PEER, STORE_RELAYED, CY_REJECTION_CODE__UNSEEN, 2);
	put_judged(t, "d", STORE_PEER, STORE_RELAYED, CY_REJECTION_CODE__MALFORMED, 0);
	put_judged(t, "e", STORE_OWN, STORE_RELAYED, CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED, 9);
	put_judged(t, "f", STORE_OWN, STORE_TRANSMITTED, 0, 8);
	put_judged(t, "g", STORE_OWN, STORE_RELAYED, CY_REJECTION_CODE__NUMBER_REUSED, 7);
	put_judged(t, "h", STORE_OWN, STORE_FAILED, CY_REJECTION_CODE__EXPIRED, 6);
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "bca", p->judged_messages(p->ctx, "IE", "c1", STORE_PEER, note_id, &s));
	EXPECT(t, CY_OK, "ge", p->judged_messages(p->ctx, "IE", "c1", STORE_OWN, note_id, &s));
}

/* ----------------------------------------------------------- of clients and peers */

static void add_event(struct contract *t, const char *client)
{
	add(t, STORE_PUT_EVENT)->event = (struct store_event){ .peer = "IE",
							       .case_id = "c1",
							       .message_id = "",
							       .client = client,
							       .own_reference = "",
							       .text = "",
							       .case_state = "" };
}

static int see_event(void *arg, const struct store_event *row)
{
	struct few *s = arg;

	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s", row->client);
	return CY_OK;
}

static void a_client_sees_its_own_events_and_references_alone(void **state)
{
	struct contract *t = *state;
	const struct store_view desk = { .client = "desk" }, other = { .client = "other" };
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "other", "own-2", "");
	add_event(t, "desk");
	add_event(t, "other");
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.events(t->port.ctx, desk, 0, 9, see_event, &s), CY_OK);
	assert_int_equal(t->port.events(t->port.ctx, other, 0, 9, see_event, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "desk");
	assert_string_equal(s.ids[1], "other");
	assert_int_equal(t->port.find_reference(t->port.ctx, desk, "own-1", "IE", "c9", see_case, &s), CY_OK);
	assert_int_equal(t->port.find_reference(t->port.ctx, other, "own-1", "", "c9", see_case, &s), CY_ENOENT);
	assert_int_equal(t->port.find_reference(t->port.ctx, desk, "own-1", "US", "c9", see_case, &s), CY_ENOENT);
	assert_int_equal(s.n, 3);
}

static void messages_of_the_peer_come_above_a_number(void **state)
{
	static const char *const ids[] = { "m1", "m2", "m3" };
	struct contract *t = *state;
	struct few s = { 0 };

	add_case(t, "c1", "desk", "own-1", "");
	for (uint32_t i = 1; i <= 3; i++)
		add_message(t, "c1", ids[i - 1], i, CY_PRIORITY__NORMAL)->author = STORE_PEER;
	add_message(t, "c1", "own", 4, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.peer_messages(t->port.ctx, "IE", "c1", 1, see_message, &s), CY_OK);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.ids[0], "m2");
	assert_string_equal(s.ids[1], "m3");
}

/* ---------------------------------------------------------------------- unfiled */

static void what_belongs_to_no_case_is_found_by_its_key_alone(void **state)
{
	struct contract *t = *state;
	const struct store_view all = { .client = NULL };
	struct few s = { 0 };

	add_case(t, STORE_UNFILED, "", "own-1", "MLA/1");
	add_message(t, STORE_UNFILED, "m1", 0, CY_PRIORITY__NORMAL)->author = STORE_PEER;
	add_message(t, STORE_UNFILED, "m2", 0, CY_PRIORITY__NORMAL)->author = STORE_PEER;
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.list_cases(t->port.ctx, all, "", false, "", 9, see_case, &s), CY_OK);
	assert_int_equal(t->port.find_case(t->port.ctx, all, "own-1", see_case, &s), CY_ENOENT);
	assert_int_equal(t->port.find_case(t->port.ctx, all, "", see_case, &s), CY_ENOENT);
	assert_int_equal(t->port.find_reference(t->port.ctx, all, "own-1", "", "c9", see_case, &s), CY_ENOENT);
	assert_int_equal(t->port.case_messages(t->port.ctx, "IE", STORE_UNFILED, see_message, &s), CY_OK);
	assert_int_equal(s.n, 0);
	assert_int_equal(t->port.get_case(t->port.ctx, "IE", STORE_UNFILED, see_case, &s), CY_OK);
	assert_int_equal(t->port.get_message(t->port.ctx, "m2", see_message, &s), CY_OK);
	assert_int_equal(s.n, 2);
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(parcels_come_after_a_position_and_go_on_in_later_epochs),
	cmocka_unit_test(stale_cases_come_by_pages_until_they_are_written_anew),
	cmocka_unit_test(a_client_sees_its_own_events_and_references_alone),
	cmocka_unit_test(messages_of_the_peer_come_above_a_number),
	cmocka_unit_test(what_came_back_late_is_not_overtaken_in_its_case),
	cmocka_unit_test(the_most_urgent_waits_first_then_the_oldest),
	cmocka_unit_test(undelivered_come_by_age_and_by_pages_without_what_leaves_again),
	cmocka_unit_test(a_restore_puts_back_what_has_no_receipt),
	cmocka_unit_test(what_a_restore_puts_back_is_not_overtaken_in_its_case),
	cmocka_unit_test(a_dissolved_parcel_stays_and_is_not_sent_again),
	cmocka_unit_test(the_first_receipt_of_the_peer_stays_and_ours_may_be_signed_anew),
	cmocka_unit_test(cases_that_follow_one_are_found_once),
	cmocka_unit_test(what_is_void_or_of_the_other_side_follows_nothing),
	cmocka_unit_test(a_client_sees_its_own_cases_by_any_reference),
	cmocka_unit_test(what_came_first_is_first_and_what_nobody_has_to_read_is_left_out),
	cmocka_unit_test(events_that_are_passed_deliver_what_their_client_may_see),
	cmocka_unit_test(what_was_shown_goes_not_back),
	cmocka_unit_test(one_acknowledgement_may_pass_any_number_of_events),
	cmocka_unit_test(verdicts_of_the_case_come_in_the_order_of_digests),
	cmocka_unit_test(what_belongs_to_no_case_is_found_by_its_key_alone),
};
CONTRACT_TESTS(contract_cases);
