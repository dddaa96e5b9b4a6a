/* What no client has fetched: listed by when it came, until its event is passed, or it was shown. */
#include "store_fixture.h"

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

static const char *unread(struct fixture *f, int64_t after, const char *after_id, uint32_t limit)
{
	static char text[64];
	struct listed l = { 0 };

	assert_int_equal(f->port.unread(f->port.ctx, (struct cy_wall){ after }, after_id, limit, see, &l), CY_OK);
	text[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", l.ids[i]);
	return text;
}

static struct store_message *came(struct fixture *f, const char *id, uint32_t number, int64_t at)
{
	struct store_message *m = &add(f, STORE_PUT_MESSAGE)->message;

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

static void put_event(struct fixture *f, CyEventType type, const char *message_id, const char *client)
{
	add(f, STORE_PUT_EVENT)->event = (struct store_event){ .type = type,
							       .peer = "IE",
							       .case_id = "c1",
							       .message_id = message_id,
							       .client = client,
							       .own_reference = "",
							       .text = "",
							       .case_state = "" };
}

static void deliver(struct fixture *f, const char *client, uint64_t after, uint64_t last)
{
	struct store_write *w = add(f, STORE_DELIVER);

	w->deliver.client = client;
	w->deliver.after = after;
	w->deliver.last = last;
	assert_int_equal(commit(f), CY_OK);
}

static void what_came_first_is_first_and_what_nobody_has_to_read_is_left_out(void **state)
{
	struct fixture *f = *state;

	add_case(f, "c1", "desk", "own-1", "");
	came(f, "m3", 1, 300);
	came(f, "m2", 2, 300);
	came(f, "m1", 3, 400);
	came(f, "stated", 4, 0);
	came(f, "void", 5, 100)->void_code = CY_REJECTION_CODE__UNSEEN;
	came(f, "gone", 6, 100)->erasure = STORE_ERASED_BY_ORDER;
	came(f, "read", 7, 100)->transport = STORE_RETRIEVED;
	add_message(f, "c1", "ours", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	assert_string_equal(unread(f, 0, "", 9), "m2 m3 m1");
	assert_string_equal(unread(f, 0, "", 2), "m2 m3");
	assert_string_equal(unread(f, 300, "m2", 9), "m3 m1");
	assert_string_equal(unread(f, 400, "m1", 9), "");
}

static void events_that_are_passed_deliver_what_their_client_may_see(void **state)
{
	struct fixture *f = *state;

	add_case(f, "c1", "desk", "own-1", "");
	came(f, "m1", 1, 100);
	came(f, "m2", 2, 200);
	came(f, "m3", 3, 300);
	came(f, "m4", 4, 400);
	came(f, "shown", 5, 500)->transport = STORE_RETRIEVED;
	put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m1", "desk");
	put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m2", "");
	put_event(f, CY_EVENT_TYPE__CLOCK_STEP, "m3", "desk");
	put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, "shown", "desk");
	put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m4", "desk");
	assert_int_equal(commit(f), CY_OK);
	deliver(f, "other", 0, 5);
	assert_string_equal(unread(f, 0, "", 9), "m1 m2 m3 m4");
	deliver(f, "desk", 1, 4);
	assert_string_equal(unread(f, 0, "", 9), "m1 m2 m3 m4");
	deliver(f, "desk", 0, 4);
	assert_string_equal(unread(f, 0, "", 9), "m2 m3 m4");
	deliver(f, NULL, 0, 5);
	assert_string_equal(unread(f, 0, "", 9), "m3");
}

static int see_transport(void *arg, const struct store_message *row)
{
	*(enum store_transport *)arg = row->transport;
	return CY_OK;
}

static void what_was_shown_goes_not_back(void **state)
{
	struct fixture *f = *state;
	enum store_transport transport = STORE_FAILED;

	add_case(f, "c1", "desk", "own-1", "");
	came(f, "m1", 1, 100)->transport = STORE_RETRIEVED;
	put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, "m1", "desk");
	assert_int_equal(commit(f), CY_OK);
	deliver(f, NULL, 0, 1);
	assert_int_equal(f->port.get_message(f->port.ctx, "m1", see_transport, &transport), CY_OK);
	assert_int_equal(transport, STORE_RETRIEVED);
}

/* A cursor may stand still for a long time and then pass a great many at once: more than any page. */
static void one_acknowledgement_may_pass_any_number_of_events(void **state)
{
	struct fixture *f = *state;
	static char ids[3 * CY_PAGE_MAX][8];

	add_case(f, "c1", "desk", "own-1", "");
	for (uint32_t i = 0; i < 3 * CY_PAGE_MAX; i++) {
		snprintf(ids[i], sizeof ids[i], "m%u", i);
		came(f, ids[i], i + 1, 100 + i);
		put_event(f, CY_EVENT_TYPE__MESSAGE_RECEIVED, ids[i], "desk");
	}
	assert_int_equal(commit(f), CY_OK);
	deliver(f, NULL, 0, 3 * CY_PAGE_MAX - 1);
	assert_string_equal(unread(f, 0, "", 9), ids[3 * CY_PAGE_MAX - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_came_first_is_first_and_what_nobody_has_to_read_is_left_out),
		TEST(events_that_are_passed_deliver_what_their_client_may_see),
		TEST(what_was_shown_goes_not_back),
		TEST(one_acknowledgement_may_pass_any_number_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
