/* What the status says of messages that no client has fetched (node/clients/unread.c). */
#include "desk_rig.h"

static CyStatus *status; /* the last one */
static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static int send_and_keep(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_STATUS) {
		if (status != NULL)
			cy_status__free_unpacked(status, NULL);
		status = f->status;
		f->kind_case = CY_SERVER_FRAME__KIND__NOT_SET;
	}
	cy_server_frame__free_unpacked(f, NULL);
	return send_any(ctx, conn, bytes);
}

static void put_unread(struct store_writeset **w, const char *peer, const char *case_id, const char *id,
		       uint32_t number)
{
	const struct law_fact note = {
		.side = CY_SIDE__REQUESTING, .number = number, .kind = CY_CONTENT__KIND_NOTE, .at_ms = START_MS
	};

	put_case(w, peer, case_id);
	put_message(w, peer, case_id, id, &note)->unread = (struct cy_wall){ START_MS };
}

/* Whoever opens a case gives it its id: two peers may have given the same one. */
static void cases_of_two_peers_with_one_id_are_two(void **state)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	(void)state;
	put_unread(&w, PEER, "case-1", "m1", 1);
	put_unread(&w, OTHER, "case-1", "m2", 1);
	put_unread(&w, PEER, "case-1", "m3", 2);
	put_unread(&w, PEER, "case-2", "m4", 1);
	mem_store_apply(&r->store, w);
	send_any = r->ports.local.send;
	r->ports.local.send = send_and_keep;
	rig_start(r);
	rig_ask_status(r);
	assert_int_equal(status->unread_messages, 4);
	assert_int_equal(status->unread_cases, 3);
	cy_status__free_unpacked(status, NULL);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_of_two_peers_with_one_id_are_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
