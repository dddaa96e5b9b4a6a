/* Whose turn it is on the bulk lane (node/evidence/bulk_turn.c): the most urgent goes first whoever sends it, equal
 * ones take turns, and what all peers together may send is bounded. */
#include "desk_rig.h"

#include "node/evidence/lane.h"

#define PEERS 8
#define LATE  3

static char order[64]; /* which peer's chunks were taken, as digits */
static int places;     /* that are free at the evidence files */

static int append(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		  const struct cy_digest *path, size_t n_path)
{
	(void)ctx;
	(void)ticket;
	(void)offset;
	(void)data;
	(void)path;
	(void)n_path;
	if (places == 0)
		return CY_EAGAIN;
	places--;
	strncat(order, part, 1);
	return CY_OK;
}

static bool room(void *ctx, uint64_t session)
{
	(void)ctx;
	(void)session;
	return true;
}

static int send_frame(void *ctx, uint64_t session, struct blob_bytes frame)
{
	(void)ctx;
	(void)session;
	blob_release(&frame);
	return CY_OK;
}

/* Peers of which each pulls, with this urgency, an item of so many chunks. */
struct lane {
	struct node n;
	struct rig_clock clock;
	struct peer peers[PEERS], *list[PEERS];
};

static struct lane *lane_new(size_t n_peers, const CyPriority *priority, uint64_t chunks)
{
	struct lane *l = calloc(1, sizeof *l);

	evidence_new(&l->n);
	l->n.peers = l->list;
	l->n.n_peers = n_peers;
	l->n.ports.blobs.append = append;
	l->n.ports.bulk.room = room;
	l->n.ports.bulk.send = send_frame;
	l->n.ports.clock = rig_clock_port(&l->clock);
	for (size_t i = 0; i < n_peers; i++) {
		struct bulk *b = calloc(1, sizeof *b);

		l->list[i] = &l->peers[i];
		l->peers[i].bulk = b;
		b->session = i + 1;
		b->last_late = &b->late;
		b->pulls[0] = (struct bulk_pull){ .used = true, .phase = BULK_PULLING, .priority = priority[i] };
		snprintf(b->pulls[0].part, sizeof b->pulls[0].part, "%zu", i);
		b->pulls[0].x = xchg_pull_begin(&b->puller, (int)priority[i], 0, chunks, (struct cy_mono){ 0 });
	}
	return l;
}

static void lane_free(struct lane *l)
{
	evidence_free(&l->n);
	for (size_t i = 0; i < l->n.n_peers; i++)
		bulk_free(&l->peers[i]);
	free(l);
}

/* Chunks come while the evidence files have no place; then there are so many at a time. */
static const char *taken(struct lane *l, int at_once)
{
	order[0] = '\0';
	places = 0;
	for (uint64_t chunk = 0; chunk < LATE; chunk++)
		for (size_t i = 0; i < l->n.n_peers; i++) {
			struct wire_chunk c = { .chunk = chunk };

			bulk_store(&l->n, &l->peers[i], &l->peers[i].bulk->pulls[0], &c, (struct blob_bytes){ 0 });
		}
	for (size_t i = 0; i < LATE * l->n.n_peers; i++) {
		places = at_once;
		node_blob_ready(&l->n);
	}
	return order;
}

static void the_most_urgent_chunk_is_stored_first(void **state)
{
	const CyPriority priority[] = { CY_PRIORITY__LOW, CY_PRIORITY__LOW, CY_PRIORITY__EMERGENCY };
	struct lane *l = lane_new(3, priority, 10);

	(void)state;
	assert_memory_equal(taken(l, 1), "222", LATE);
	assert_int_equal(strlen(order), 3 * LATE);
	lane_free(l);
}

static void equal_peers_take_turns(void **state)
{
	const CyPriority priority[] = { CY_PRIORITY__LOW, CY_PRIORITY__LOW, CY_PRIORITY__LOW };

	(void)state;
	for (int at_once = 1; at_once <= 3 * LATE; at_once += 3 * LATE - 1) {
		struct lane *l = lane_new(3, priority, 10);

		taken(l, at_once);
		assert_int_equal(strlen(order), 3 * LATE);
		/* Nobody has had two before everybody has had one. */
		for (size_t i = 0; i + 3 <= strlen(order); i += 3)
			assert_true(order[i] != order[i + 1] && order[i + 1] != order[i + 2] &&
				    order[i] != order[i + 2]);
		lane_free(l);
	}
}

static uint64_t granted(const struct lane *l, size_t i)
{
	return l->peers[i].bulk->pulls[0].x->granted;
}

/* However often there is a reason to look; the last one is the most urgent, and has what it can use. */
static void credit_is_bounded_over_all_peers(void **state)
{
	CyPriority priority[PEERS] = { CY_PRIORITY__LOW };
	struct lane *l;
	uint64_t all = 0;

	(void)state;
	for (size_t i = 0; i < PEERS; i++)
		priority[i] = i == PEERS - 1 ? CY_PRIORITY__EMERGENCY : CY_PRIORITY__LOW;
	l = lane_new(PEERS, priority, 1000);
	for (size_t i = 0; i < 100; i++)
		bulk_grant(&l->n);
	for (size_t i = 0; i < PEERS; i++) {
		assert_true(granted(l, i) >= 1);
		all += granted(l, i);
	}
	assert_in_range(all, BULK_OPEN_MAX, BULK_OPEN_MAX + PEERS);
	assert_int_equal(granted(l, PEERS - 1), XCHG_PULL_WINDOW);
	lane_free(l);
}

/* ----------------------------------------------------- one content, two urgencies */

static void put_item(struct store_writeset **w, const char *message_id, uint32_t attachment, uint32_t content,
		     CyPriority priority)
{
	row(w, STORE_PUT_EVIDENCE)->evidence =
		(struct store_evidence){ .message_id = message_id,
					 .attachment = attachment,
					 .peer = PEER,
					 .case_id = "case",
					 .author = STORE_PEER,
					 .number = 1,
					 .priority = priority,
					 .size = 2 * CY_CHUNK,
					 .sha256 = cy_sha256(cy_bytes(&content, sizeof content)),
					 .state = STORE_EVIDENCE_WAITING,
					 .reason = "" };
}

static void give(struct rig *r, const struct line *l, CyBulkFrame *f)
{
	rig_give_bulk(r, l, f);
	rig_settle(r);
}

/* Four that are not urgent fill the lane; then the content of the first is wanted as an emergency as well, and so are
 * two others: one takes a place that is free, one that of an item which nobody needs so soon. */
static void who_waits_for_what_is_under_way_waits_no_longer_for_that(void **state)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	const struct law_fact said = { .side = CY_SIDE__REQUESTING, .number = 2, .kind = CY_CONTENT__KIND_NOTE };
	const struct cy_uuid slow = some_id(1), urgent = some_id(2);
	static uint8_t data[CY_CHUNK];
	CyNotSent not_sent = CY_NOT_SENT__INIT;
	CyChunk chunk = CY_CHUNK__INIT;
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(true);
	struct line *l;

	(void)state;
	put_case(&w, PEER, "case")->peer_number = 2;
	put_message(&w, PEER, "case", slow.s, &asked);
	put_message(&w, PEER, "case", urgent.s, &said);
	for (uint32_t i = 1; i <= 4; i++)
		put_item(&w, slow.s, i, i, CY_PRIORITY__LOW);
	r->disk.empty = true;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	w = NULL;
	put_item(&w, urgent.s, 1, 1, CY_PRIORITY__EMERGENCY);
	put_item(&w, urgent.s, 2, 5, CY_PRIORITY__EMERGENCY);
	put_item(&w, urgent.s, 3, 6, CY_PRIORITY__EMERGENCY);
	mem_store_apply(&r->store, w);
	r->did[0] = '\0';
	not_sent.pull = 4;
	not_sent.code = CY_NOT_SENT_CODE__NOT_NOW;
	f.kind_case = CY_BULK_FRAME__KIND_NOT_SENT;
	f.not_sent = &not_sent;
	give(r, l, &f);
	assert_non_null(strstr(r->did, ":cancel"));
	chunk.pull = 1;
	chunk.data = (ProtobufCBinaryData){ .data = data, .len = sizeof data };
	f = (CyBulkFrame)CY_BULK_FRAME__INIT;
	f.kind_case = CY_BULK_FRAME__KIND_CHUNK;
	f.chunk = &chunk;
	give(r, l, &f);
	assert_int_equal(r->disk.n_stored, 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_urgent_chunk_is_stored_first),
		cmocka_unit_test(equal_peers_take_turns),
		cmocka_unit_test(credit_is_bounded_over_all_peers),
		cmocka_unit_test(who_waits_for_what_is_under_way_waits_no_longer_for_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
