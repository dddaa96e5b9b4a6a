/* A peer has lost more of what it sent than a node leaves out at one time (node/evidence/bulk_skip.c). */
#include "desk_rig.h"

#define LOST 200

static struct cy_digest content(uint32_t i)
{
	return cy_sha256(cy_bytes(&i, sizeof i));
}

/* Of the last one all bytes are here; of all others none. */
static int open_part(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		     bool again)
{
	struct rig_disk *d = ctx;
	const struct cy_digest good = content(LOST + 1);
	const bool here = cy_digest_equal(&expected->sha256, &good);

	(void)part;
	(void)again;
	if (here)
		d->pulled = *expected;
	return rig_disk_ends(ctx, (struct blob_result){ .ticket = ticket, .offset = here ? size : 0 });
}

static void put_waiting(struct store_writeset **w, const char *message_id)
{
	const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};

	put_case(w, PEER, "case")->peer_number = 1;
	put_message(w, PEER, "case", message_id, &asked);
	for (uint32_t i = 1; i <= LOST + 1; i++)
		row(w, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = message_id,
										.attachment = i,
										.peer = PEER,
										.case_id = "case",
										.author = STORE_PEER,
										.number = 1,
										.priority = CY_PRIORITY__NORMAL,
										.size = 10,
										.sha256 = content(i),
										.state = STORE_EVIDENCE_WAITING,
										.reason = "" };
}

/* Answers what it is asked for, under the next numbers; returns how much that was. */
static size_t has_lost_all(struct rig *r, const struct line *l, uint32_t *pull)
{
	size_t asked = 0;

	for (const char *at = r->did; (at = strstr(at, ":pull")) != NULL; at++)
		asked++;
	r->did[0] = '\0';
	for (size_t i = 0; i < asked; i++) {
		CyBulkFrame f = CY_BULK_FRAME__INIT;
		CyNotSent not_sent = CY_NOT_SENT__INIT;

		not_sent.pull = ++*pull;
		not_sent.code = CY_NOT_SENT_CODE__GONE;
		f.kind_case = CY_BULK_FRAME__KIND_NOT_SENT;
		f.not_sent = &not_sent;
		rig_give_bulk(r, l, &f);
		rig_settle(r);
	}
	return asked;
}

static void what_the_peer_has_lost_starves_nothing_behind_it(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct store_writeset *w = NULL;
	uint32_t pull = 0;
	struct line *l;
	struct rig *r = rig_new(true);
	size_t most = 0;

	(void)state;
	put_waiting(&w, id.s);
	r->ports.blobs.open = open_part;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	r->did[0] = '\0';
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	for (size_t minutes = 0; minutes < 20; minutes++) {
		size_t asked, all = 0;

		while ((asked = has_lost_all(r, l, &pull)) > 0)
			all += asked;
		most = all > most ? all : most;
		r->clock.now += 60000;
		node_wake(r->node);
		rig_settle(r);
	}
	assert_int_equal(mem_store_evidence(&r->store, id.s, LOST + 1)->state, STORE_EVIDENCE_HERE);
	/* And nobody is asked for all of it again and again. */
	assert_in_range(most, 64, 99);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_peer_has_lost_starves_nothing_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
