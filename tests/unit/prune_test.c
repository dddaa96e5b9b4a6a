/* What is over goes for good (node/clients/prune.h), and nothing else does: a node with a year and more behind
 * it. */
#include "audit/log.h"
#include "desk_rig.h"
#include "wire/message.h"

#define CLERK   "clerk"
#define ADMIN   "admin"
#define OLD_MS  (START_MS - 400 * DAY)
#define KEEP    (366 * DAY)
#define MESSAGE "0198b2c1-0000-7000-8000-000000000001"

/* --------------------------------------------------------------------- the store */

/* Events of the client's cases, the first at `first_ms` and each a minute after the one before. */
static void put_events(struct store_writeset **w, const char *client, size_t n, int64_t first_ms)
{
	for (size_t i = 0; i < n; i++)
		row(w, STORE_PUT_EVENT)->event = (struct store_event){ .type = CY_EVENT_TYPE__RELAY_ACCEPTED,
								       .at = { first_ms + (int64_t)i * 60000 },
								       .peer = PEER,
								       .case_id = "",
								       .message_id = "",
								       .client = client,
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
}

static void put_cursor(struct store_writeset **w, const char *client, const char *name, uint64_t position)
{
	row(w, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ client, name, position };
}

static void add_case(struct store_writeset **w, const char *case_id, bool closed)
{
	row(w, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = PEER,
								.case_id = case_id,
								.side = CY_SIDE__REQUESTING,
								.own_reference = "A-1",
								.peer_reference = "",
								.client = DESK,
								.title = "",
								.instrument = "",
								.state = "",
								.closed = closed };
}

static void add_message(struct store_writeset **w, const char *id, uint64_t epoch, uint64_t sequence)
{
	row(w, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
								     .peer = PEER,
								     .case_id = "c",
								     .author = STORE_OWN,
								     .number = (uint32_t)(id[CY_UUID_LEN - 1] - '0'),
								     .transport = STORE_RELAYED,
								     .void_reason = "",
								     .client = DESK,
								     .epoch = epoch,
								     .sequence = sequence };
}

/* ------------------------------------------------------------------- the clients */

static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
						     { CLERK, CY_ROLE__SUBMITTER, false },
						     { ADMIN, CY_ROLE__ADMINISTRATOR, true } };
static CyServerFrame *answer; /* the last one */
static uint64_t answered;     /* to whom */

static int keep_answer(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	(void)ctx;
	if (answer != NULL)
		cy_server_frame__free_unpacked(answer, NULL);
	answer = cy_server_frame__unpack(NULL, bytes.len, bytes.data);
	assert_non_null(answer);
	answered = conn;
	return CY_OK;
}

static void ask(struct rig *r, uint64_t conn, CyClientFrame *f)
{
	desk_ask(r, conn, f);
	rig_settle(r);
	assert_int_equal(answered, conn);
}

static void pass(struct rig *r, int64_t ms)
{
	r->clock.now += ms;
	node_wake(r->node);
	rig_settle(r);
}

static struct rig *not_met(struct store_writeset *w)
{
	struct rig *r = rig_new(false);

	mem_store_apply(&r->store, w);
	r->config.clients = clients;
	r->config.n_clients = 3;
	r->config.keep = (struct node_keeping){ KEEP, KEEP, KEEP, KEEP, KEEP, KEEP };
	r->ports.local.send = keep_answer;
	rig_start(r);
	rig_client_hello(r->node, 2, 1, 1);
	rig_client_hello(r->node, 3, 2, 1);
	pass(r, 0);
	r->did[0] = '\0';
	return r;
}

static void resume(struct rig *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyResume m = CY_RESUME__INIT;

	m.reason = (char *)"the peer is gone";
	f.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	f.resume = &m;
	ask(r, 3, &f);
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_DONE);
	pass(r, 0);
	r->did[0] = '\0';
}

static struct rig *started(struct store_writeset *w)
{
	struct rig *r = not_met(w);

	resume(r);
	return r;
}

static void leave(struct rig *r)
{
	if (answer != NULL)
		cy_server_frame__free_unpacked(answer, NULL);
	answer = NULL;
	rig_free(r);
}

static void is_error(CyErrorCode code, const char *says)
{
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_ERROR);
	assert_int_equal(answer->error->code, code);
	assert_non_null(strstr(answer->error->text, says));
}

static void read_after(struct rig *r, uint64_t conn, uint64_t after)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyReadEvents e = CY_READ_EVENTS__INIT;

	e.after = after;
	f.kind_case = CY_CLIENT_FRAME__KIND_READ_EVENTS;
	f.read_events = &e;
	ask(r, conn, &f);
}

static void subscribe(struct rig *r, uint64_t conn, const char *name)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubscribe s = CY_SUBSCRIBE__INIT;

	s.cursor = (char *)name;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	ask(r, conn, &f);
}

static void remove_cursor(struct rig *r, uint64_t conn, const char *client, const char *name)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyRemoveCursor m = CY_REMOVE_CURSOR__INIT;

	m.client = (char *)client;
	m.name = (char *)name;
	f.kind_case = CY_CLIENT_FRAME__KIND_REMOVE_CURSOR;
	f.remove_cursor = &m;
	ask(r, conn, &f);
}

static void status_says(struct rig *r, const char *says)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatus g = CY_GET_STATUS__INIT;

	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	f.get_status = &g;
	ask(r, 3, &f);
	assert_non_null(strstr(answer->status->events, says));
}

/* --------------------------------------------------------------------- events */

static void events_go_when_their_time_is_over_and_every_client_has_passed_them(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, OLD_MS);
	put_events(&w, DESK, 3, START_MS - KEEP + DAY);
	put_cursor(&w, DESK, "inbox", 8);
	put_cursor(&w, DESK, "other", 4);
	r = started(w);
	assert_int_equal(r->store.pruned_events, 4);
	leave(r);
}

/* One that sees its own cases only has not left what it cannot see. */
static void events_of_others_wait_for_no_client_that_sees_its_own(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, CLERK, 1, OLD_MS);
	put_events(&w, DESK, 5, OLD_MS);
	put_events(&w, CLERK, 1, OLD_MS);
	put_cursor(&w, CLERK, "inbox", 1);
	r = started(w);
	assert_int_equal(r->store.pruned_events, 6);
	/* It goes on where it was. */
	subscribe(r, 2, "inbox");
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_EVENT);
	assert_int_equal(answer->event->position, 7);
	leave(r);
}

static void a_cursor_that_nobody_moves_is_told_once_until_it_is_removed(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, OLD_MS);
	put_cursor(&w, "gone", "inbox", 2);
	r = started(w);
	assert_non_null(strstr(r->all, "cursor inbox of client gone"));
	status_says(r, "cursor inbox of client gone stands at event 2");
	r->all[0] = '\0';
	pass(r, DAY);
	assert_null(strstr(r->all, "cursor inbox"));
	assert_int_equal(r->store.pruned_events, 2);

	remove_cursor(r, 1, "gone", "inbox");
	is_error(CY_ERROR_CODE__NOT_ALLOWED, "the role of client desk");
	remove_cursor(r, 3, "gone", "inbix");
	is_error(CY_ERROR_CODE__NOT_FOUND, "comityctl cursor list");
	remove_cursor(r, 3, "gone", "inbox");
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_DONE);
	pass(r, 1000);
	assert_int_equal(r->store.pruned_events, 6);
	status_says(r, "ok");
	leave(r);
}

static void a_cursor_that_moves_is_told_of_no_more(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents a = CY_ACKNOWLEDGE_EVENTS__INIT;

	(void)state;
	put_events(&w, DESK, 6, OLD_MS);
	put_cursor(&w, DESK, "inbox", 2);
	r = started(w);
	status_says(r, "cursor inbox of client desk stands at event 2");
	a.cursor = (char *)"inbox";
	a.position = 6;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = &a;
	ask(r, 1, &f);
	pass(r, DAY);
	status_says(r, "ok");
	assert_int_equal(r->store.pruned_events, 6);
	leave(r);
}

static void who_reads_before_what_is_kept_is_told_so(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, OLD_MS);
	put_events(&w, DESK, 2, START_MS - DAY);
	r = started(w);
	read_after(r, 1, 3);
	is_error(CY_ERROR_CODE__NOT_FOUND, "events up to 6 are not kept any more");
	read_after(r, 1, 6);
	assert_int_equal(answer->event_list->n_events, 2);
	read_after(r, 1, 0);
	assert_int_equal(answer->event_list->n_events, 2);
	assert_int_equal(answer->event_list->pruned, 6);
	/* A new cursor begins with the first that is kept. */
	subscribe(r, 2, "new");
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_SUBSCRIBED);
	assert_int_equal(answer->subscribed->position, 6);
	assert_int_equal(answer->subscribed->pruned, 6);
	leave(r);
}

/* It would begin in front of what goes in the same commit. */
static void nothing_goes_that_a_cursor_of_the_same_batch_is_to_read(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;
	uint64_t position;

	(void)state;
	put_events(&w, DESK, 6, START_MS - KEEP + DAY / 2);
	r = started(w);
	assert_int_equal(r->store.pruned_events, 0);
	r->clock.now += DAY;
	subscribe(r, 1, "new");
	assert_int_equal(r->ports.store.cursor(r->ports.store.ctx, DESK, "new", &position), CY_OK);
	assert_int_equal(position, 0);
	assert_int_equal(r->store.pruned_events, 0);
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_EVENT);
	assert_int_equal(answer->event->position, 6);
	leave(r);
}

static void a_client_has_a_limited_number_of_cursors(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;
	char name[16];

	(void)state;
	put_cursor(&w, DESK, "inbox", 0);
	for (unsigned i = 0; i < CY_CURSORS_MAX; i++) {
		snprintf(name, sizeof name, "c%u", i);
		put_cursor(&w, CLERK, cy_arena_string(&w->arena, name), 0);
	}
	r = started(w);
	subscribe(r, 2, "one more");
	is_error(CY_ERROR_CODE__TOO_MANY, "as many cursors as it may");
	subscribe(r, 2, "c7");
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_SUBSCRIBED);
	subscribe(r, 1, "one more");
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_SUBSCRIBED);
	leave(r);
}

/* ----------------------------------------------------------- pages and the clock */

static void what_is_over_goes_in_pages_each_a_commit_of_its_own(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 600, OLD_MS);
	r = started(w);
	assert_int_equal(r->store.pruned_events, 256);
	pass(r, 999);
	assert_int_equal(r->store.pruned_events, 256);
	pass(r, 1);
	assert_int_equal(r->store.pruned_events, 512);
	pass(r, 1000);
	assert_int_equal(r->store.pruned_events, 600);
	leave(r);
}

static void a_page_that_is_not_committed_is_found_again(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, START_MS - KEEP + DAY / 2);
	r = started(w);
	r->clock.now += DAY;
	node_wake(r->node);
	assert_non_null(r->store.committing);
	mem_store_drop(&r->store);
	node_committed(r->node, CY_ESTORE, "the disk is full");
	rig_settle(r);
	assert_int_equal(r->store.pruned_events, 0);
	pass(r, DAY);
	assert_int_equal(r->store.pruned_events, 6);
	leave(r);
}

static void nothing_goes_while_the_clock_is_doubted(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, START_MS - KEEP + DAY / 2);
	r = started(w);
	r->clock.wrong = 400 * DAY;
	pass(r, DAY);
	assert_int_equal(r->store.pruned_events, 0);
	r->clock.wrong = 0;
	pass(r, DAY);
	assert_int_equal(r->store.pruned_events, 6);
	leave(r);
}

/* An old copy does not know what it lacks. */
static void nothing_goes_before_the_peers_were_met(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_events(&w, DESK, 6, OLD_MS);
	r = not_met(w);
	pass(r, DAY);
	assert_int_equal(r->store.pruned_events, 0);
	resume(r);
	assert_int_equal(r->store.pruned_events, 6);
	leave(r);
}

/* ----------------------------------------------------------------------- keys */

static void submit(struct rig *r, CySubmission *sub)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit s = CY_SUBMIT__INIT;

	s.idempotency_key = (char *)"the-key";
	s.submission = sub;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &s;
	ask(r, 1, &f);
}

static void a_key_whose_time_is_over_is_refused_for_ever(void **state)
{
	struct store_writeset *w = NULL;
	CySubmission sub = CY_SUBMISSION__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyProgressQuery query = CY_PROGRESS_QUERY__INIT;
	struct cy_buf packed = CY_BUF(CY_LOCAL_FRAME_MAX);
	struct rig *r;

	(void)state;
	query.text = (char *)"How do things stand?";
	content.kind_case = CY_CONTENT__KIND_PROGRESS_QUERY;
	content.progress_query = &query;
	sub.case_ref = (char *)"A-1";
	sub.content = &content;
	assert_int_equal(wire_pack(&sub.base, &packed), CY_OK);
	add_case(&w, "c", false);
	add_message(&w, MESSAGE, 1, 1);
	row(&w, STORE_PUT_KEY)->key = (struct store_key){ .client = DESK,
							  .key = "the-key",
							  .request = cy_sha256(cy_buf_view(&packed)),
							  .message_id = MESSAGE,
							  .at = { START_MS - KEEP + DAY / 2 } };
	cy_buf_free(&packed);
	r = started(w);
	submit(r, &sub);
	assert_int_equal(answer->kind_case, CY_SERVER_FRAME__KIND_SUBMITTED);
	assert_true(answer->submitted->repeated);
	for (int i = 0; i < 3; i++) {
		pass(r, DAY);
		submit(r, &sub);
		is_error(CY_ERROR_CODE__CONFLICT, "used so long ago");
	}
	leave(r);
}

/* --------------------------------------------------------------------- leaves */

static void put_leaves(struct store_writeset **w, struct audit_log *log, size_t n, int64_t at)
{
	for (size_t i = 0; i < n; i++) {
		struct store_write *x = row(w, STORE_PUT_LEAF);

		x->leaf.index = log->size;
		x->leaf.data = cy_bytes("leaf", 4);
		x->leaf.hash = audit_leaf(x->leaf.data);
		x->leaf.at.ms = at;
		audit_append(log, &x->leaf.hash);
	}
}

static void texts_of_leaves_go_and_the_log_goes_on(void **state)
{
	static uint8_t frontier[64 * CY_SHA256_LEN];
	struct audit_log log = { 0 };
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	put_leaves(&w, &log, 5, OLD_MS);
	put_leaves(&w, &log, 2, START_MS - DAY);
	row(&w, STORE_PUT_META)->meta = (struct store_meta){
		.epoch = 1, .audit_size = log.size, .frontier = cy_bytes(frontier, audit_encode(&log, frontier))
	};
	r = started(w);
	assert_int_equal(r->store.bare_leaves, 5);
	assert_true(r->store.n_leaves > 7);
	leave(r);
}

/* -------------------------------------------------------------------- parcels */

static void put_parcel(struct store_writeset **w, uint64_t epoch, uint64_t sequence, const char *message)
{
	static struct wire_text t; /* too large for the stack */
	struct store_parcel *p = &row(w, STORE_PUT_PARCEL)->parcel;
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

	t = (struct wire_text){ .type = WIRE_PARCEL,
				.from = SELF,
				.to = PEER,
				.epoch = epoch,
				.sequence = sequence,
				.made = { OLD_MS },
				.n = 1 };
	cy_copy(t.entries[0].id, sizeof t.entries[0].id, message);
	assert_int_equal(wire_text_write(&t, &out), CY_OK);
	*p = (struct store_parcel){ .peer = PEER,
				    .author = STORE_OWN,
				    .epoch = epoch,
				    .sequence = sequence,
				    .manifest = cy_arena_bytes(&(*w)->arena, cy_buf_view(&out)),
				    .made = { OLD_MS },
				    .messages = 1 };
	cy_buf_free(&out);
	row(w, STORE_DISSOLVE)->parcel = *p;
}

static bool has_parcel(struct rig *r, uint64_t epoch, uint64_t sequence)
{
	return mem_store_parcel(&r->store, PEER, STORE_OWN, epoch, sequence) != NULL;
}

static void a_dissolved_parcel_goes_once_nobody_can_name_it(void **state)
{
	static const char travelled[] = MESSAGE, stayed[] = "0198b2c1-0000-7000-8000-000000000002";
	struct store_writeset *w = NULL;
	struct rig *r;

	(void)state;
	add_case(&w, "c", true);
	add_message(&w, travelled, 9, 1);
	add_message(&w, stayed, 4, 2);
	put_parcel(&w, 4, 1, travelled);
	put_parcel(&w, 4, 2, stayed); /* the only proof of its message */
	put_parcel(&w, 7, 1, travelled);
	row(&w, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = PEER, .out_epoch = 9, .out_sequence = 1, .receipted_epoch = 7 };
	r = started(w);
	assert_false(has_parcel(r, 4, 1));
	assert_true(has_parcel(r, 4, 2));
	assert_true(has_parcel(r, 7, 1)); /* the peer has receipted nothing later yet */
	leave(r);
}

/* ----------------------------------------------------------- rejected content */

/* A message of the peer in a parcel of its own, whose receipt we signed at this instant. */
static void put_rejected(struct store_writeset **w, const char *id, uint64_t sequence, int64_t judged)
{
	static struct wire_text t; /* too large for the stack */
	struct store_parcel *p = &row(w, STORE_PUT_PARCEL)->parcel;
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

	t = (struct wire_text){ .type = WIRE_RECEIPT,
				.from = SELF,
				.to = PEER,
				.epoch = 3,
				.sequence = sequence,
				.made = { judged },
				.n = 1 };
	cy_copy(t.entries[0].id, sizeof t.entries[0].id, id);
	t.entries[0].code = CY_REJECTION_CODE__MALFORMED;
	cy_copy(t.entries[0].reason, sizeof t.entries[0].reason, "a reason");
	assert_int_equal(wire_text_write(&t, &out), CY_OK);
	*p = (struct store_parcel){ .peer = PEER,
				    .author = STORE_PEER,
				    .epoch = 3,
				    .sequence = sequence,
				    .receipt = cy_arena_bytes(&(*w)->arena, cy_buf_view(&out)),
				    .messages = 1 };
	cy_buf_free(&out);
	row(w, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
								     .peer = PEER,
								     .case_id = "c",
								     .author = STORE_PEER,
								     .number = (uint32_t)(id[CY_UUID_LEN - 1] - '0'),
								     .transport = STORE_RELAYED,
								     .void_code = CY_REJECTION_CODE__MALFORMED,
								     .void_reason = "a reason",
								     .client = "",
								     .epoch = 3,
								     .sequence = sequence,
								     .content = cy_bytes("what was rejected", 17) };
}

static struct rig *with_rejected(uint32_t features)
{
	struct store_writeset *w = NULL;

	add_case(&w, "c", false);
	put_rejected(&w, MESSAGE, 1, OLD_MS);
	put_rejected(&w, "0198b2c1-0000-7000-8000-000000000002", 2, START_MS - DAY);
	row(&w, STORE_PUT_STREAM)->stream = (struct store_stream){
		.peer = PEER, .in_epoch = 3, .in_held = 2, .features = features, .rejected = 34
	};
	return started(w);
}

static void rejected_content_goes_by_when_we_judged_it(void **state)
{
	struct rig *r = with_rejected(UINT32_MAX);
	const struct store_message *old = &mem_store_message(&r->store, MESSAGE)->row;
	const struct store_message *young = &mem_store_message(&r->store, "0198b2c1-0000-7000-8000-000000000002")->row;

	(void)state;
	assert_int_equal(old->content.len, 0);
	assert_int_equal(old->erasure, STORE_ERASED_BY_RETENTION);
	assert_int_equal(old->void_code, CY_REJECTION_CODE__MALFORMED);
	assert_int_equal(young->content.len, 17);
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.rejected, 17);
	leave(r);
}

/* It would get back less than it sent, without a word. */
static void rejected_content_of_a_peer_without_tombstones_stays(void **state)
{
	struct rig *r = with_rejected(0);

	(void)state;
	assert_int_equal(mem_store_message(&r->store, MESSAGE)->row.content.len, 17);
	leave(r);
}

/* -------------------------------------------------------------------- custody */

static void put_evidence(struct store_writeset **w, uint32_t attachment, enum store_evidence_state state, bool hold)
{
	row(w, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = MESSAGE,
									.attachment = attachment,
									.peer = PEER,
									.case_id = "c",
									.author = STORE_OWN,
									.number = 1,
									.state = state,
									.legal_hold = hold,
									.reason = "" };
}

static void put_link(struct store_writeset **w, uint32_t attachment, int64_t at)
{
	row(w, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = MESSAGE,
								     .attachment = attachment,
								     .at = { at },
								     .action = "offered",
								     .by = SELF,
								     .text = "",
								     .proof = "" };
}

static int count_link(void *arg, const struct store_custody *link)
{
	(void)link;
	++*(size_t *)arg;
	return CY_OK;
}

static size_t links(struct rig *r, uint32_t attachment)
{
	size_t n = 0;

	assert_int_equal(r->ports.store.custody(r->ports.store.ctx, MESSAGE, attachment, 0, 99, count_link, &n), CY_OK);
	return n;
}

static struct rig *with_custody(bool closed)
{
	struct store_writeset *w = NULL;

	add_case(&w, "c", closed);
	add_message(&w, MESSAGE, 1, 1);
	put_evidence(&w, 1, STORE_EVIDENCE_DESTROYED, false);
	put_evidence(&w, 2, STORE_EVIDENCE_HERE, false);
	put_evidence(&w, 3, STORE_EVIDENCE_DESTROYED, true);
	put_evidence(&w, 4, STORE_EVIDENCE_DESTROYED, false);
	for (uint32_t i = 1; i <= 4; i++) {
		put_link(&w, i, OLD_MS);
		put_link(&w, i, i == 4 ? START_MS - DAY : OLD_MS + DAY);
	}
	return started(w);
}

static void a_chain_of_custody_goes_whole_and_only_of_what_is_over(void **state)
{
	struct rig *r = with_custody(true);

	(void)state;
	assert_int_equal(links(r, 1), 0);
	assert_int_equal(links(r, 2), 2);
	assert_int_equal(links(r, 3), 2);
	assert_int_equal(links(r, 4), 2);
	leave(r);
	r = with_custody(false);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(links(r, i), 2);
	leave(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_go_when_their_time_is_over_and_every_client_has_passed_them),
		cmocka_unit_test(events_of_others_wait_for_no_client_that_sees_its_own),
		cmocka_unit_test(a_cursor_that_nobody_moves_is_told_once_until_it_is_removed),
		cmocka_unit_test(a_cursor_that_moves_is_told_of_no_more),
		cmocka_unit_test(who_reads_before_what_is_kept_is_told_so),
		cmocka_unit_test(nothing_goes_that_a_cursor_of_the_same_batch_is_to_read),
		cmocka_unit_test(a_client_has_a_limited_number_of_cursors),
		cmocka_unit_test(what_is_over_goes_in_pages_each_a_commit_of_its_own),
		cmocka_unit_test(a_page_that_is_not_committed_is_found_again),
		cmocka_unit_test(nothing_goes_while_the_clock_is_doubted),
		cmocka_unit_test(nothing_goes_before_the_peers_were_met),
		cmocka_unit_test(a_key_whose_time_is_over_is_refused_for_ever),
		cmocka_unit_test(texts_of_leaves_go_and_the_log_goes_on),
		cmocka_unit_test(a_dissolved_parcel_goes_once_nobody_can_name_it),
		cmocka_unit_test(rejected_content_goes_by_when_we_judged_it),
		cmocka_unit_test(rejected_content_of_a_peer_without_tombstones_stays),
		cmocka_unit_test(a_chain_of_custody_goes_whole_and_only_of_what_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
