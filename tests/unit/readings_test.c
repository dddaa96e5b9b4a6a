/* What is on record of readings (node/evidence/readings.c): each link is true of every reading that it counts, and no
 * number of them makes many links. */
#include "desk_rig.h"

#define CHUNKS 40
#define SIZE   (CHUNKS * (uint64_t)CY_CHUNK)

#define INSIDE "/srv/comity/evidence/content/ab" /* of the disk: for the log alone */

static uint64_t fails_at;   /* the chunk from which on the disk gives nothing back */
static char refusal[512];   /* the last one that a client got */
static uint64_t bytes_read; /* that clients got */

static int answer(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	(void)ctx;
	(void)conn;
	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
		snprintf(refusal, sizeof refusal, "%s", f->error->text);
	else if (f->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_DATA)
		bytes_read += f->evidence_data->data.len;
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

static int read_chunk(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify)
{
	static uint8_t room[CY_CHUNK];
	struct blob_result done = { .ticket = ticket };

	(void)sha256;
	assert_true(verify);
	if (chunk < fails_at)
		done.data = (struct blob_bytes){ .data = room, .len = sizeof room };
	else {
		done.code = CY_EIO;
		snprintf(done.text, sizeof done.text, "reading " INSIDE " failed");
	}
	return rig_disk_ends(ctx, done);
}

static void put_item(struct store_writeset **w, const char *id, enum store_evidence_state state)
{
	row(w, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = id,
									.attachment = 1,
									.peer = PEER,
									.case_id = "case",
									.author = STORE_PEER,
									.number = 1,
									.size = SIZE,
									.sha256 = cy_sha256(cy_bytes("content", 7)),
									.state = state,
									.reason = "",
									.arrived = { START_MS - DAY },
									.verified = { START_MS } };
}

static struct rig *with_item(const char *id)
{
	static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
							     { "chief", CY_ROLE__ADMINISTRATOR, true } };
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	struct rig *r = rig_new(true);
	struct store_writeset *w = NULL;

	put_case(&w, PEER, "case")->peer_number = 1;
	put_message(&w, PEER, "case", id, &asked);
	put_item(&w, id, STORE_EVIDENCE_HERE);
	r->ports.blobs.read = read_chunk;
	r->ports.local.send = answer;
	r->config.clients = clients;
	r->config.n_clients = 2;
	mem_store_apply(&r->store, w);
	rig_start(r);
	return r;
}

/* From this chunk on; it is not waited for. */
static void ask(struct rig *r, uint64_t conn, const char *id, uint64_t from)
{
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	CyGetEvidence g = CY_GET_EVIDENCE__INIT;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	item.message_id = (char *)(uintptr_t)id;
	item.attachment = 1;
	g.item = &item;
	g.offset = from * CY_CHUNK;
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_EVIDENCE;
	f.get_evidence = &g;
	desk_ask(r, conn, &f);
}

/* From this chunk on, up to that one. */
static void get(struct rig *r, const char *id, uint64_t from, uint64_t to)
{
	fails_at = to;
	ask(r, 1, id, from);
	rig_settle(r);
}

/* The readings that are on record, as "read 0 x2", in chunks. */
static const char *links(const struct rig *r)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < r->store.n_custody; i++) {
		const struct store_custody *c = r->store.custody[i];

		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %u x%u", i > 0 ? ", " : "", c->action,
				      (unsigned)((c->from + c->to) / CY_CHUNK), (unsigned)c->count);
	}
	return text;
}

static void only_equal_readings_are_counted_in_one_link(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = with_item(id.s);

	(void)state;
	get(r, id.s, 0, CHUNKS);
	get(r, id.s, 0, 3);
	get(r, id.s, 2, CHUNKS);
	get(r, id.s, 0, 3);
	assert_string_equal(links(r), "read 0 x3, read_end 40 x2, read_end 3 x2, read 2 x1");
	/* The next day has links of its own. */
	r->clock.now += DAY;
	get(r, id.s, 2, 3);
	assert_string_equal(links(r), "read 0 x3, read_end 40 x2, read_end 3 x2, read 2 x1, read 2 x1, read_end 3 x1");
	rig_free(r);
}

static void what_the_disk_does_not_give_is_answered_without_the_names_of_files(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = with_item(id.s);

	(void)state;
	get(r, id.s, 0, 3);
	assert_string_equal(refusal, "attachment 1 cannot be read from the disk now: repeat later; the log of the "
				     "daemon says why");
	assert_non_null(strstr(r->all, "reading " INSIDE " failed"));
	rig_free(r);
}

static unsigned count(const struct rig *r, const char *action, unsigned *ret_links)
{
	unsigned n = 0;

	*ret_links = 0;
	for (size_t i = 0; i < r->store.n_custody; i++)
		if (strcmp(r->store.custody[i]->action, action) == 0) {
			n += (unsigned)r->store.custody[i]->count;
			++*ret_links;
		}
	return n;
}

/* It says no byte, and so none that is untrue of one of those that it counts. */
static void what_counts_all_further_readings_of_a_day_says_no_byte(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = with_item(id.s);
	unsigned n;

	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		get(r, id.s, i, 20 + i);
	get(r, id.s, 0, CHUNKS);
	get(r, id.s, 3, 23);
	assert_int_equal(count(r, "read", &n), 18);
	assert_int_equal(n, CY_READINGS_MAX);
	assert_int_equal(count(r, "read_end", &n), 17);
	assert_int_equal(n, CY_READINGS_MAX);
	assert_int_equal(count(r, "read_others", &n), 4);
	assert_int_equal(n, 1);
	assert_int_equal(count(r, "read_end_others", &n), 5);
	assert_int_equal(n, 1);
	for (size_t i = 0; i < r->store.n_custody; i++)
		if (strstr(r->store.custody[i]->action, "_others") != NULL)
			assert_true(r->store.custody[i]->from == 0 && r->store.custody[i]->to == 0);
	rig_free(r);
}

/* A batch is under way: whatever else is asked for is of the next one. */
static struct rig *while_one_reads(const char *id)
{
	struct rig *r = with_item(id);

	rig_client_hello(r->node, 2, 0, 1);
	rig_client_hello(r->node, 3, 1, 1);
	rig_settle(r);
	refusal[0] = '\0';
	bytes_read = 0;
	fails_at = CHUNKS;
	ask(r, 1, id, 0);
	assert_non_null(r->store.committing);
	return r;
}

static void what_was_destroyed_since_it_was_asked_for_is_not_read(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = while_one_reads(id.s);
	struct store_writeset *w = NULL;

	(void)state;
	ask(r, 2, id.s, 0);
	put_item(&w, id.s, STORE_EVIDENCE_DESTROYED);
	mem_store_apply(&r->store, w);
	rig_settle(r);
	assert_string_equal(refusal, "its bytes are not here any more");
	assert_true(bytes_read == SIZE);
	assert_string_equal(links(r), "read 0 x1, read_end 40 x1");
	rig_free(r);
}

/* Its first byte leaves once the batch is committed: what the batch had erased would be read after it. */
static void what_begins_to_be_read_in_the_same_batch_is_not_erased(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r = while_one_reads(id.s);
	CyEraseCase erase = CY_ERASE_CASE__INIT;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	(void)state;
	ask(r, 2, id.s, 0);
	erase.ref = (char *)(uintptr_t) "case";
	erase.reason = (char *)(uintptr_t) "retention over";
	f.kind_case = CY_CLIENT_FRAME__KIND_ERASE_CASE;
	f.erase_case = &erase;
	desk_ask(r, 3, &f);
	rig_settle(r);
	assert_string_equal(refusal, "something happens in the case at this moment: repeat the order");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_disk_does_not_give_is_answered_without_the_names_of_files),
		cmocka_unit_test(only_equal_readings_are_counted_in_one_link),
		cmocka_unit_test(what_counts_all_further_readings_of_a_day_says_no_byte),
		cmocka_unit_test(what_was_destroyed_since_it_was_asked_for_is_not_read),
		cmocka_unit_test(what_begins_to_be_read_in_the_same_batch_is_not_erased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
