/* What a client is shown of a case (node/clients/views.c). */
#include "desk_rig.h"

static unsigned shown, open_proposal; /* how many proposals are, and the last one */
static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static int send_and_look(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_CASE_VIEW) {
		shown = (unsigned)f->case_view->n_open_proposals;
		open_proposal = shown > 0 ? f->case_view->open_proposals[shown - 1] : 0;
	}
	cy_server_frame__free_unpacked(f, NULL);
	return send_any(ctx, conn, bytes);
}

/* A notification has no measures; whoever is to answer must see which proposal, all the same. */
static void the_conditions_proposed_for_what_is_notified_are_shown(void **state)
{
	const struct law_fact notification = { .side = CY_SIDE__REQUESTING,
					       .number = 1,
					       .kind = CY_CONTENT__KIND_NOTIFICATION,
					       .at_ms = START_MS },
			      acknowledgement = { .side = CY_SIDE__REQUESTED,
						  .number = 1,
						  .seen = 1,
						  .kind = CY_CONTENT__KIND_ACKNOWLEDGEMENT,
						  .at_ms = START_MS,
						  .code = { CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY } },
			      proposal = { .side = CY_SIDE__REQUESTED,
					   .number = 2,
					   .seen = 1,
					   .kind = CY_CONTENT__KIND_CONDITIONS_PROPOSED,
					   .at_ms = START_MS };
	const struct cy_uuid id = some_id(1);
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowCase show = CY_SHOW_CASE__INIT;
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	(void)state;
	put_case(&w, PEER, id.s);
	put_message(&w, PEER, id.s, "notification", &notification);
	put_message(&w, PEER, id.s, "acknowledgement", &acknowledgement);
	put_message(&w, PEER, id.s, "proposal", &proposal);
	mem_store_apply(&r->store, w);
	send_any = r->ports.local.send;
	r->ports.local.send = send_and_look;
	rig_start(r);
	show.ref = (char *)id.s;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	f.show_case = &show;
	desk_ask(r, 1, &f);
	rig_settle(r);
	assert_int_equal(shown, 1);
	assert_int_equal(open_proposal, 2);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_conditions_proposed_for_what_is_notified_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
