/* Ten years of a busy authority in the real store, with the node that lets go what is over: what stays is
 * counted each year, and is flat once the times are over, but for a stated size per case. The cases come
 * from here, as the rows that a case leaves; time is simulated.
 * YEARS_CASES=N: cases a year (make bench takes more). */
#include "../rig/rig.h"
#include "store_fixture.h"
#include "wire/manifest.h"
#include "wire/message.h"

#define PEER  "IE"
#define DAY   INT64_C(86400000)
#define YEAR  (365 * DAY)
#define YEARS 10

/* What is over is kept for two years at most in this test, so that eight are flat. */
#define KEEP_EVENTS  YEAR
#define KEEP_KEYS    YEAR
#define KEEP_LEAVES  (2 * YEAR)
#define KEEP_PARCELS YEAR
#define KEEP_CUSTODY (2 * YEAR)
#define ERASE_AFTER  (2 * YEAR) /* cases, by order, as an authority with such a retention has it */

/* A case: five messages of each side, of 3 KiB, each in a parcel of its own. */
#define MESSAGES 10
#define CONTENT  3072
#define CMS      1400 /* bytes of a signature with its certificate */

/* What the README states: bytes of an erased case that stay for ever, and of one that is not erased. */
#define ERASED_BYTES (52 * 1024)
#define KEPT_BYTES   (104 * 1024)

static struct {
	struct fixture *f;
	struct node *node;
	struct rig_clock clock;
	struct cy_rng rng;
	struct store_writeset *committing;
	int (*commit)(void *ctx, struct store_writeset *w);
	uint64_t leaves, events;
	unsigned cases_a_year;
} y;

/* ---------------------------------------------------------------------- the node */

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	(void)ctx;
	if (level >= NODE_WARNING)
		fail_msg("%s", text);
}

static int node_commits(void *ctx, struct store_writeset *w)
{
	(void)ctx;
	y.committing = w;
	return CY_OK;
}

static int local_send(void *ctx, uint64_t conn, struct cy_bytes frame)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, frame.len, frame.data);

	(void)ctx;
	(void)conn;
	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
		fail_msg("%s", f->error->text);
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

static void let_go(void);

/* The peer is nobody here: an administrator says that it need not be met. */
static void resume(void)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyResume r = CY_RESUME__INIT;

	rig_client_hello(y.node, 1, 1, 1);
	r.reason = (char *)"it is simulated";
	f.correlation = 2;
	f.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	f.resume = &r;
	rig_client_says(y.node, 1, &f);
	let_go();
}

static void start_node(void)
{
	static const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true },
							     { "admin", CY_ROLE__ADMINISTRATOR, true } };
	struct node_ports ports = { .store = y.f->port };
	const struct node_config config = { .authority = "US-OIA",
					    .clients = clients,
					    .n_clients = 2,
					    .window = 4,
					    .undelivered_ms = 30 * DAY,
					    .keep = { .events = KEEP_EVENTS,
						      .keys = KEEP_KEYS,
						      .leaves = KEEP_LEAVES,
						      .parcels = KEEP_PARCELS,
						      .custody = KEEP_CUSTODY } };
	struct cy_error e = { 0 };

	ports.store.commit = node_commits;
	ports.clock = rig_clock_port(&y.clock);
	ports.random = rig_random_port(&y.rng);
	ports.journal = (struct journal_port){ .note = journal_note };
	ports.local = rig_local_port(NULL, local_send);
	if (node_new(&config, &ports, &y.node, &e) < 0)
		fail_msg("%s", e.text);
}

/* The node looks; page after page while there are more. */
static void let_go(void)
{
	do {
		y.clock.now += 1000;
		if (y.committing == NULL)
			node_wake(y.node);
		if (y.committing == NULL)
			return;
		y.f->w = y.committing;
		y.committing = NULL;
		if (commit(y.f) < 0)
			fail_msg("%s", y.f->why);
		node_committed(y.node, CY_OK, NULL);
	} while (true);
}

/* --------------------------------------------------------------------- the cases */

/* A text of the write-set. */
__attribute__((format(printf, 1, 2))) static const char *text(const char *fmt, ...)
{
	char s[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	return cy_arena_string(&y.f->w->arena, s);
}

static struct cy_bytes filler(size_t len)
{
	static const uint8_t bytes[CONTENT];

	return cy_bytes(bytes, len);
}

static const char *case_id(unsigned n)
{
	return text("0198b2c1-0000-7000-9000-%012u", n);
}

static const char *message_id(unsigned n, unsigned message)
{
	return text("0198b2c1-%04u-7000-8000-%012u", message, n);
}

static void put_leaf(const char *data)
{
	struct store_write *w = add(y.f, STORE_PUT_LEAF);

	w->leaf.index = y.leaves++;
	w->leaf.data = cy_bytes(data, strlen(data));
	w->leaf.at.ms = y.clock.now;
}

static void put_event(unsigned n, unsigned message, CyEventType type)
{
	add(y.f, STORE_PUT_EVENT)->event = (struct store_event){ .type = type,
								 .at = { y.clock.now },
								 .peer = PEER,
								 .case_id = case_id(n),
								 .message_id = message_id(n, message),
								 .client = "desk",
								 .own_reference = text("MLA/%u", n),
								 .text = "",
								 .case_state = "TRANSMITTED" };
	y.events++;
}

static void put_parcel(unsigned n, unsigned message, enum store_author author, uint64_t epoch, uint64_t sequence)
{
	static struct wire_text t; /* too large for the stack */
	struct store_parcel *p = &add(y.f, STORE_PUT_PARCEL)->parcel;
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

	t = (struct wire_text){ .type = WIRE_PARCEL,
				.from = "US-OIA",
				.to = PEER,
				.epoch = epoch,
				.sequence = sequence,
				.made = { y.clock.now },
				.n = 1 };
	cy_copy(t.entries[0].id, sizeof t.entries[0].id, message_id(n, message));
	assert_int_equal(wire_text_write(&t, &out), CY_OK);
	*p = (struct store_parcel){ .peer = PEER,
				    .author = author,
				    .epoch = epoch,
				    .sequence = sequence,
				    .manifest = cy_arena_bytes(&y.f->w->arena, cy_buf_view(&out)),
				    .signature = filler(CMS),
				    .receipt = filler(500),
				    .receipt_signature = filler(CMS),
				    .made = { y.clock.now },
				    .messages = 1 };
	cy_buf_free(&out);
}

static void put_message(unsigned n, unsigned message, uint64_t epoch, uint64_t sequence)
{
	const enum store_author author = message % 2 == 0 ? STORE_OWN : STORE_PEER;

	add(y.f, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = message_id(n, message),
								       .peer = PEER,
								       .case_id = case_id(n),
								       .author = author,
								       .number = 1 + message / 2,
								       .kind = 1,
								       .created = { y.clock.now },
								       .size = CONTENT,
								       .transport = STORE_DELIVERED,
								       .void_reason = "",
								       .client = author == STORE_OWN ? "desk" : "",
								       .epoch = epoch,
								       .sequence = sequence,
								       .fact = filler(60),
								       .content = filler(CONTENT) };
	put_parcel(n, message, author, epoch, sequence);
	put_event(n, message,
		  author == STORE_OWN ? CY_EVENT_TYPE__SUBMISSION_ACCEPTED : CY_EVENT_TYPE__MESSAGE_RECEIVED);
	if (author == STORE_OWN) {
		put_event(n, message, CY_EVENT_TYPE__RELAY_ACCEPTED);
		add(y.f, STORE_PUT_KEY)->key = (struct store_key){ .client = "desk",
								   .key = text("case-%u-message-%u", n, message),
								   .message_id = message_id(n, message),
								   .at = { y.clock.now } };
	}
	put_leaf(text("parcel US-OIA %s %llu %llu %064u", PEER, (unsigned long long)epoch, (unsigned long long)sequence,
		      n));
	put_leaf(text("receipt %s US-OIA %llu %llu %064u", PEER, (unsigned long long)epoch,
		      (unsigned long long)sequence, n));
}

static void put_custody(unsigned n, const char *action)
{
	add(y.f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = message_id(n, 1),
								       .attachment = 1,
								       .at = { y.clock.now },
								       .action = action,
								       .by = "desk",
								       .text = "by order of the court",
								       .proof = "",
								       .leaf = y.leaves };
	put_leaf(text("%s desk %s/1 %064u", action, message_id(n, 1), n));
}

/* An attachment that came, was used, and is over. */
static void put_evidence(unsigned n)
{
	static const char *const actions[] = {
		"offered", "arrived", "read", "verified", "held", "released", "destroyed"
	};

	add(y.f, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = message_id(n, 1),
									  .attachment = 1,
									  .peer = PEER,
									  .case_id = case_id(n),
									  .author = STORE_PEER,
									  .number = 1,
									  .size = 1 << 20,
									  .state = STORE_EVIDENCE_DESTROYED,
									  .reason = "" };
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		put_custody(n, actions[i]);
}

/* All of a case that ran and was closed, in one write-set: its parcels are one after the other. One case
 * in ten had a parcel that was dissolved. */
static void put_case(unsigned n)
{
	const uint64_t first = 1 + (uint64_t)n * MESSAGES;

	add(y.f, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = PEER,
								  .case_id = case_id(n),
								  .side = CY_SIDE__REQUESTING,
								  .own_reference = text("MLA/%u", n),
								  .peer_reference = text("IE/%u", n),
								  .client = "desk",
								  .title = "In the matter of a person",
								  .instrument = "us-ie-2001",
								  .opened = { y.clock.now },
								  .changed = { y.clock.now },
								  .state = "EXECUTED",
								  .closed = true,
								  .messages = MESSAGES };
	for (unsigned i = 0; i < MESSAGES; i++)
		put_message(n, i, (uint64_t)START_MS + n, first + i);
	put_evidence(n);
	if (n % 10 == 0) {
		put_parcel(n, 0, STORE_OWN, (uint64_t)START_MS + n - 1, UINT64_C(1) << 40);
		add(y.f, STORE_DISSOLVE)->parcel = (struct store_parcel){ .peer = PEER,
									  .author = STORE_OWN,
									  .epoch = (uint64_t)START_MS + n - 1,
									  .sequence = UINT64_C(1) << 40 };
	}
	add(y.f, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "desk", "registry", y.events };
}

static void erase_case(unsigned n)
{
	struct store_write *w = add(y.f, STORE_ERASE_CASE);

	w->erase_case.peer = PEER;
	w->erase_case.case_id = case_id(n);
	w->erase_case.at.ms = w->erase_case.until.ms = y.clock.now;
	w->erase_case.by = "admin";
	w->erase_case.reason = "its retention is over";
}

/* --------------------------------------------------------------------- the years */

static int64_t ask(const char *statement)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(y.f->store->reader.db, statement, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* What must not grow: X(name, count, of what) */
#define FLAT(X)                                                                  \
	X(events, "SELECT count(*) FROM event")                                  \
	X(keys, "SELECT count(*) FROM submission_key WHERE length(request) > 0") \
	X(texts, "SELECT sum(length(texts)) FROM leaf")                          \
	X(dissolved, "SELECT count(*) FROM parcel WHERE dissolved = 1")          \
	X(custody, "SELECT count(*) FROM custody")                               \
	X(contents, "SELECT count(*) FROM payload")

struct year {
#define X(name, statement) int64_t name;
	FLAT(X)
#undef X
	int64_t bytes; /* that are in use */
	int64_t file;  /* bytes of the database: pages that became free are used again */
};

static struct year count(void)
{
	return (struct year){
#define X(name, statement) .name = ask(statement),
		FLAT(X)
#undef X
			.bytes = ask("SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
				     " pragma_freelist_count, pragma_page_size"),
		.file = ask("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
	};
}

static void live_a_year(unsigned year)
{
	const unsigned kept = y.cases_a_year * (unsigned)(ERASE_AFTER / YEAR);

	for (unsigned i = 0; i < y.cases_a_year; i++) {
		const unsigned n = year * y.cases_a_year + i;

		y.clock.now = START_MS + year * YEAR + i * (YEAR / y.cases_a_year);
		put_case(n);
		if (n >= kept)
			erase_case(n - kept);
		if (commit(y.f) < 0)
			fail_msg("%s", y.f->why);
		y.clock.now += 6 * 3600000;
		let_go();
	}
}

static void a_store_is_flat_once_the_times_are_over(void **state)
{
	struct year at[YEARS];

	y.f = *state;
	y.clock.now = START_MS;
	y.leaves = 1; /* of the order */
	add(y.f, STORE_PUT_STREAM)->stream = (struct store_stream){
		.peer = PEER, .out_epoch = UINT64_MAX / 2, .receipted_epoch = UINT64_MAX / 2, .out_receipted = 1
	};
	assert_int_equal(commit(y.f), CY_OK);
	y.cases_a_year = getenv("YEARS_CASES") != NULL ? (unsigned)atoi(getenv("YEARS_CASES")) : 60;
	start_node();
	resume();
	for (unsigned i = 0; i < YEARS; i++) {
		live_a_year(i);
		at[i] = count();
		printf("year %2u: %6lld KiB, %5lld a case; %lld events, %lld keys, %lld texts, %lld dissolved, "
		       "%lld links, %lld contents\n",
		       i + 1, (long long)at[i].bytes / 1024,
		       (long long)at[i].bytes / ((i + 1) * (long long)y.cases_a_year), (long long)at[i].events,
		       (long long)at[i].keys, (long long)at[i].texts, (long long)at[i].dissolved,
		       (long long)at[i].custody, (long long)at[i].contents);
	}
	for (unsigned i = 4; i < YEARS; i++) {
#define X(name, statement) assert_in_range(at[i].name, 1, at[3].name + at[3].name / 50);
		FLAT(X)
#undef X
		assert_in_range(at[i].bytes - at[i - 1].bytes, 1, y.cases_a_year * ERASED_BYTES);
		assert_in_range(at[i].file, 1, at[i].bytes + at[i].bytes / 20);
	}
	assert_in_range(at[1].bytes, 1, 2 * y.cases_a_year * KEPT_BYTES);
	node_free(y.node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_is_flat_once_the_times_are_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
