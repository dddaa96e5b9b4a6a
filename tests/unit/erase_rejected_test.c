/* What was rejected goes with the case that it names, also where it was filed in none (node/clients/erase.c). */
#include "desk_rig.h"

#include "wire/message.h"

#define KEPT 1000 /* bytes that the store believes to keep of what the peer was told is rejected */

static char refusal[512]; /* the last one that a client got */

static int answer_client(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	(void)ctx;
	(void)conn;
	assert_non_null(f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
		snprintf(refusal, sizeof refusal, "%s", f->error->text);
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

/* A closed case of the peer, which knows what a tombstone is. */
static struct rig *started(const char *case_id)
{
	static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
							     { "chief", CY_ROLE__ADMINISTRATOR, true } };
	static const struct law_fact asked = {
		.side = CY_SIDE__REQUESTING, .number = 1, .kind = CY_CONTENT__KIND_REQUEST, .measures = 1
	};
	static const struct law_fact returned = {
		.side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_RETURNED_DEFICIENT, .seen = 1
	};
	struct rig *r = rig_new(false);
	struct store_writeset *w = NULL;
	struct cy_uuid request = some_id(10), answer = some_id(11);
	struct store_case *c = put_case(&w, PEER, case_id);

	c->peer_number = c->own_number = 1;
	c->closed = true;
	put_message(&w, PEER, case_id, request.s, &asked);
	put_message(&w, PEER, case_id, answer.s, &returned);
	row(&w, STORE_PUT_STREAM)->stream =
		(struct store_stream){ .peer = PEER, .features = UINT32_MAX, .rejected = KEPT };
	r->config.clients = clients;
	r->config.n_clients = 2;
	r->ports.local.send = answer_client;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_client_hello(r->node, 3, 1, 1);
	rig_settle(r);
	return r;
}

/* A note that the peer gives in the name of another authority: it is rejected before its case is looked at. */
static struct cy_uuid give_rejected(struct rig *r, const struct line *l, const char *case_id)
{
	const struct cy_uuid id = some_id((uint8_t)(32 + ++r->n_parcels));
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);
	uint8_t nonce[16] = "nonce";
	CyMessage m = CY_MESSAGE__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;

	note.text = (char *)"the name of a person";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	m.format = 1;
	m.id = (char *)id.s;
	m.from = (char *)OTHER;
	m.to = (char *)SELF;
	m.case_id = (char *)(uintptr_t)case_id;
	m.author_side = CY_SIDE__REQUESTING;
	m.number = 2;
	m.created_ms = r->clock.now;
	m.priority = CY_PRIORITY__NORMAL;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.content = &content;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	give_parcel_at(r, l, r->n_parcels, id.s, cy_buf_view(&out));
	rig_settle(r);
	cy_buf_free(&out);
	assert_int_equal(mem_store_message(&r->store, id.s)->row.void_code, CY_REJECTION_CODE__WRONG_PARTY);
	assert_string_equal(mem_store_message(&r->store, id.s)->row.case_id, "");
	return id;
}

static const struct store_message *held(struct rig *r, const struct cy_uuid *id)
{
	return &mem_store_message(&r->store, id->s)->row;
}

static void what_was_rejected_goes_with_the_case_that_it_names(void **state)
{
	const struct cy_uuid one = some_id(100), another = some_id(101);
	static char *features[] = { "tombstones" };
	struct rig *r = started(one.s);
	struct line *l = rig_session(r, WIRE_MESSAGES, true, features, 1);
	CyEraseCase erase = CY_ERASE_CASE__INIT;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	struct cy_uuid its, other, reused;
	size_t size;

	(void)state;
	its = give_rejected(r, l, one.s);
	other = give_rejected(r, l, another.s);
	reused = desk_parcel_note(r, l, one.s, 1, true);
	assert_int_equal(held(r, &reused)->void_code, CY_REJECTION_CODE__NUMBER_REUSED);
	assert_string_equal(held(r, &reused)->case_id, one.s);
	size = held(r, &its)->content.len + held(r, &reused)->content.len;
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.rejected, KEPT + size + held(r, &other)->content.len);
	erase.ref = (char *)one.s;
	erase.reason = (char *)"retention over";
	f.kind_case = CY_CLIENT_FRAME__KIND_ERASE_CASE;
	f.erase_case = &erase;
	desk_ask(r, 3, &f);
	rig_settle(r);
	assert_string_equal(refusal, "");
	assert_int_equal(held(r, &reused)->content.len, 0);
	assert_int_equal(held(r, &its)->content.len, 0);
	assert_int_equal(held(r, &its)->erasure, STORE_ERASED_BY_ORDER);
	assert_int_equal(held(r, &its)->void_code, CY_REJECTION_CODE__WRONG_PARTY);
	assert_true(held(r, &other)->content.len > 0);
	/* There is room for others of this peer again. */
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.rejected, KEPT + held(r, &other)->content.len);
	/* As it comes again to a store that was restored; what is said later is kept. */
	its = give_rejected(r, l, one.s);
	reused = desk_parcel_note(r, l, one.s, 1, true);
	assert_int_equal(held(r, &its)->content.len, 0);
	assert_int_equal(held(r, &reused)->content.len, 0);
	assert_int_equal(mem_store_peer(&r->store, PEER)->stream.rejected, KEPT + held(r, &other)->content.len);
	r->clock.now += 1000;
	its = give_rejected(r, l, one.s);
	assert_true(held(r, &its)->content.len > 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_rejected_goes_with_the_case_that_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
