/* A node between two commits, and a node with more to do than one page or one batch holds: what
 * clients ask for in one batch (node/subscribe.c). */
#include "greet_rig.h"
#include "wire/message.h"

#define DESK "desk"

/* --------------------------------------------------------------------- the store */

/* Rows that were there before the test began. */
static struct store_write *row(struct store_writeset **w, enum store_op op)
{
	if (*w == NULL)
		*w = calloc(1, sizeof **w);
	assert_non_null(*w);
	return store_add(*w, op);
}

static void put_case(struct store_writeset **w, const char *peer)
{
	row(w, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = peer,
								.case_id = "case",
								.side = CY_SIDE__REQUESTED,
								.own_reference = "",
								.peer_reference = "",
								.client = DESK,
								.title = "",
								.instrument = "",
								.state = "" };
}

static void put_received(struct store_writeset **w, const char *id)
{
	struct store_message *m = &row(w, STORE_PUT_MESSAGE)->message;
	struct store_event *e = &row(w, STORE_PUT_EVENT)->event;

	*m = (struct store_message){ .id = id,
				     .peer = PEER,
				     .case_id = "case",
				     .author = STORE_PEER,
				     .number = 1,
				     .transport = STORE_RELAYED,
				     .void_reason = "",
				     .client = DESK };
	*e = (struct store_event){ .type = CY_EVENT_TYPE__MESSAGE_RECEIVED,
				   .peer = PEER,
				   .case_id = "case",
				   .message_id = id,
				   .client = DESK,
				   .own_reference = "",
				   .text = "",
				   .case_state = "" };
}

static void put_events(struct store_writeset **w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		row(w, STORE_PUT_EVENT)->event = (struct store_event){ .type = CY_EVENT_TYPE__RELAY_ACCEPTED,
								       .peer = PEER,
								       .case_id = "",
								       .message_id = "",
								       .client = DESK,
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
}

/* ------------------------------------------------------------------- the clients */

static void ask(struct rig *r, uint64_t conn, CyClientFrame *f)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	f->correlation = 7;
	assert_int_equal(wire_pack(&f->base, &out), CY_OK);
	node_local_frame(r->node, conn, cy_buf_view(&out), -1);
	cy_buf_free(&out);
}

/* Another connection of the same client. */
static void connect(struct rig *r, uint64_t conn)
{
	const size_t allowed[] = { 0 };
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;

	h.version = 1;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &h;
	node_local_up(r->node, conn, allowed, 1);
	ask(r, conn, &f);
}

static void subscribe(struct rig *r, uint64_t conn, bool from_now)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubscribe s = CY_SUBSCRIBE__INIT;

	s.cursor = (char *)"inbox";
	s.from_now = from_now;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	ask(r, conn, &f);
}

static void acknowledge(struct rig *r, uint64_t conn, uint64_t position)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents a = CY_ACKNOWLEDGE_EVENTS__INIT;

	a.cursor = (char *)"inbox";
	a.position = position;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = &a;
	ask(r, conn, &f);
}

static void show(struct rig *r, uint64_t conn, const char *id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowMessage s = CY_SHOW_MESSAGE__INIT;

	s.message_id = (char *)id;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	f.show_message = &s;
	ask(r, conn, &f);
}

static struct rig *started(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	if (w != NULL)
		mem_store_apply(&r->store, w);
	rig_start(r);
	connect(r, 2);
	return r;
}

/* What is asked next waits for one batch: another one is being committed. */
static void have_a_batch_under_way(struct rig *r)
{
	subscribe(r, 1, false);
	assert_non_null(r->committing);
}

static uint64_t cursor_of(struct rig *r)
{
	uint64_t position = UINT64_MAX;

	assert_int_equal(r->ports.store.cursor(r->ports.store.ctx, DESK, "inbox", &position), CY_OK);
	return position;
}

static void a_cursor_stays_at_the_highest_that_one_batch_acknowledges(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, 5);
	r = started(w);
	have_a_batch_under_way(r);
	acknowledge(r, 1, 4);
	acknowledge(r, 2, 2);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 4);
	rig_free(r);
}

/* The second one of the same name finds it, with what was acknowledged meanwhile. */
static void a_cursor_that_is_made_in_the_batch_is_not_made_again(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER);
	put_received(&w, some_id(1).s);
	put_events(&w, 4);
	r = started(w);
	/* This batch has nothing to do with the cursor. */
	show(r, 1, some_id(1).s);
	assert_non_null(r->committing);
	subscribe(r, 1, true);
	acknowledge(r, 1, 5);
	subscribe(r, 2, false);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 5);
	rig_free(r);
}

static void a_cursor_can_be_acknowledged_in_the_batch_that_makes_it(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER);
	put_received(&w, some_id(1).s);
	put_events(&w, 4);
	r = started(w);
	show(r, 1, some_id(1).s);
	assert_non_null(r->committing);
	subscribe(r, 1, false);
	acknowledge(r, 1, 3);
	rig_settle(r);
	assert_int_equal(cursor_of(r), 3);
	rig_free(r);
}

static void a_message_that_was_retrieved_stays_so_when_its_event_is_acknowledged(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_case(&w, PEER);
	put_received(&w, some_id(1).s);
	r = started(w);
	have_a_batch_under_way(r);
	show(r, 2, some_id(1).s);
	acknowledge(r, 1, 1);
	rig_settle(r);
	assert_int_equal(mem_store_message(&r->store, some_id(1).s)->row.transport, STORE_RETRIEVED);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_stays_at_the_highest_that_one_batch_acknowledges),
		cmocka_unit_test(a_cursor_that_is_made_in_the_batch_is_not_made_again),
		cmocka_unit_test(a_cursor_can_be_acknowledged_in_the_batch_that_makes_it),
		cmocka_unit_test(a_message_that_was_retrieved_stays_so_when_its_event_is_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
