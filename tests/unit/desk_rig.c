#include "desk_rig.h"

#include "wire/json.h"
#include "wire/message.h"

struct store_write *row(struct store_writeset **w, enum store_op op)
{
	if (*w == NULL)
		*w = calloc(1, sizeof **w);
	assert_non_null(*w);
	return store_add(*w, op);
}

struct store_case *put_case(struct store_writeset **w, const char *peer, const char *case_id)
{
	struct store_case *c = &row(w, STORE_PUT_CASE)->case_row;

	*c = (struct store_case){ .peer = peer,
				  .case_id = cy_arena_string(&(*w)->arena, case_id),
				  .side = CY_SIDE__REQUESTED,
				  .own_reference = "",
				  .peer_reference = "",
				  .client = DESK,
				  .title = "",
				  .instrument = "",
				  .state = "" };
	return c;
}

struct store_message *put_message(struct store_writeset **w, const char *peer, const char *case_id, const char *id,
				  const struct law_fact *fact)
{
	struct store_message *m = &row(w, STORE_PUT_MESSAGE)->message;
	uint8_t encoded[LAW_FACT_MAX];

	*m = (struct store_message){ .id = cy_arena_string(&(*w)->arena, id),
				     .peer = peer,
				     .case_id = cy_arena_string(&(*w)->arena, case_id),
				     .author = fact->side == CY_SIDE__REQUESTED ? STORE_OWN : STORE_PEER,
				     .number = fact->number,
				     .kind = fact->kind,
				     .created = { fact->at_ms },
				     .transport = STORE_RELAYED,
				     .void_reason = "",
				     .client = DESK,
				     .content = cy_bytes("note", 4),
				     .digest = cy_sha256(cy_bytes("note", 4)),
				     .size = 4 };
	m->fact = cy_bytes(encoded, law_fact_encode(fact, encoded));
	m->fact.data = memcpy(cy_arena_take(&(*w)->arena, m->fact.len), encoded, m->fact.len);
	return m;
}

void put_own(struct store_writeset **w, const char *peer, const char *case_id, unsigned n, int64_t first_ms,
	     enum way way)
{
	struct store_case *c = put_case(w, peer, case_id);
	char id[64];

	c->own_number = n;
	for (unsigned i = 1; i <= n; i++) {
		const struct law_fact fact = { .side = CY_SIDE__REQUESTED,
					       .number = i,
					       .kind = CY_CONTENT__KIND_NOTE,
					       .at_ms = first_ms + (i - 1) * INT64_C(60000) };
		struct store_message *m;

		snprintf(id, sizeof id, "%s-%04u", case_id, i);
		m = put_message(w, peer, case_id, id, &fact);
		m->transport = way == UNANSWERED ? STORE_TRANSMITTED : STORE_QUEUED;
		m->epoch = m->sequence = way != NEVER_LEFT;
	}
}

void desk_ask(struct rig *r, uint64_t conn, CyClientFrame *f)
{
	f->correlation = 7;
	rig_client_says(r->node, conn, f);
}

void put_open_case(struct store_writeset **w, const char *case_id, unsigned notes)
{
	const struct law_fact request = { .side = CY_SIDE__REQUESTING,
					  .number = 1,
					  .kind = CY_CONTENT__KIND_REQUEST,
					  .measures = 1,
					  .at_ms = START_MS };
	struct store_case *c;

	put_own(w, PEER, case_id, notes, START_MS, NEVER_LEFT);
	c = put_case(w, PEER, case_id);
	c->own_number = notes;
	c->peer_number = 1;
	put_message(w, PEER, case_id, case_id, &request);
}

void desk_submit(struct rig *r, uint64_t conn, const char *case_id, CyPriority priority, const char *json)
{
	static unsigned keys;
	char key[16];
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit submit = CY_SUBMIT__INIT;
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	if (wire_json_parse(&cy_submission__descriptor, cy_bytes(json, strlen(json)), &m, &e) < 0)
		fail_msg("%s: %s", e.field, e.text);
	submit.submission = (CySubmission *)m;
	submit.submission->case_ref = strdup(case_id);
	submit.submission->priority = priority;
	snprintf(key, sizeof key, "key-%u", ++keys);
	submit.idempotency_key = key;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &submit;
	desk_ask(r, conn, &f);
	protobuf_c_message_free_unpacked(m, NULL);
}

void desk_receipt(struct rig *r, const struct line *l, const struct store_parcel *row, const struct cy_digest *parcel)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyReceipt receipt = CY_RECEIPT__INIT;
	struct wire_text *t = calloc(1, sizeof *t);
	struct sealed s;

	assert_non_null(t);
	assert_int_equal(wire_text_read(row->manifest, t, NULL), CY_OK);
	t->type = WIRE_RECEIPT;
	t->parcel = *parcel;
	cy_copy(t->from, sizeof t->from, PEER);
	cy_copy(t->to, sizeof t->to, SELF);
	t->made = (struct cy_wall){ r->clock.now };
	seal_text(&s, t, PEER);
	receipt.receipt = &s.st;
	f.kind_case = CY_PEER_FRAME__KIND_RECEIPT;
	f.receipt = &receipt;
	rig_give_peer(r, l, &f);
	cy_buf_free(&s.text);
	free(t);
}

struct cy_uuid desk_parcel(struct rig *r, const struct line *l, const char *case_id, uint32_t number, uint32_t seen,
			   bool asks, CyContent *content)
{
	const struct cy_uuid id = some_id((uint8_t)(32 + ++r->n_parcels));
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);
	CyMessage m = CY_MESSAGE__INIT;
	uint8_t nonce[16] = "nonce";

	m.format = 1;
	m.id = (char *)id.s;
	m.from = (char *)PEER;
	m.to = (char *)SELF;
	m.case_id = (char *)case_id;
	m.author_side = asks ? CY_SIDE__REQUESTING : CY_SIDE__REQUESTED;
	m.number = number;
	m.seen = seen;
	m.created_ms = r->clock.now;
	m.priority = CY_PRIORITY__NORMAL;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.content = content;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	give_parcel_at(r, l, r->n_parcels, id.s, cy_buf_view(&out));
	cy_buf_free(&out);
	return id;
}

struct cy_uuid desk_parcel_note(struct rig *r, const struct line *l, const char *case_id, uint32_t number, bool asks)
{
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;
	struct cy_uuid id;

	note.text = (char *)"a note";
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	id = desk_parcel(r, l, case_id, number, 0, asks, &content);
	rig_settle(r);
	return id;
}

void desk_heads(struct rig *r, const struct line *l, const char *case_id, uint32_t yours, bool last)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads page = CY_HEADS__INIT;
	CyCaseHead head = CY_CASE_HEAD__INIT, *list = &head;

	head.case_id = (char *)(uintptr_t)case_id;
	head.yours = yours;
	page.heads = &list;
	page.n_heads = 1;
	page.last = last;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &page;
	rig_give_peer(r, l, &f);
	rig_settle(r);
}

struct cy_buf desk_lost_message(const char *id, const char *case_id, uint32_t number, uint32_t seen, CyContent *content)
{
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);
	CyMessage m = CY_MESSAGE__INIT;
	uint8_t nonce[16] = "nonce";

	m.format = 1;
	m.id = (char *)(uintptr_t)id;
	m.from = (char *)SELF;
	m.to = (char *)PEER;
	m.case_id = (char *)(uintptr_t)case_id;
	m.author_side = CY_SIDE__REQUESTED;
	m.number = number;
	m.seen = seen;
	m.created_ms = START_MS - 1000;
	m.priority = CY_PRIORITY__NORMAL;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.content = content;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	return out;
}

void desk_seal_both(struct wire_text *t, const char *from, const char *to, const char *id, struct cy_bytes message,
		    struct sealed *manifest, struct sealed *receipt)
{
	t->type = WIRE_PARCEL;
	cy_copy(t->from, sizeof t->from, from);
	cy_copy(t->to, sizeof t->to, to);
	t->n = 1;
	cy_copy(t->entries[0].id, sizeof t->entries[0].id, id);
	t->entries[0].digest = cy_sha256(message);
	seal_text(manifest, t, from);
	t->type = WIRE_RECEIPT;
	cy_copy(t->from, sizeof t->from, to);
	cy_copy(t->to, sizeof t->to, from);
	t->parcel = cy_sha256(cy_buf_view(&manifest->text));
	seal_text(receipt, t, to);
}

void desk_gives_back(struct rig *r, const struct line *l, const char *case_id, const char *id, struct cy_bytes message,
		     CyTombstone *t)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetched fetched = CY_FETCHED__INIT;
	ProtobufCBinaryData list = { .data = (uint8_t *)(uintptr_t)message.data, .len = message.len };
	struct wire_text text = { .made = { r->clock.now }, .epoch = (uint64_t)START_MS - 1000, .sequence = 1 };
	struct sealed manifest, receipt;

	desk_seal_both(&text, SELF, PEER, id, message, &manifest, &receipt);
	fetched.case_id = (char *)(uintptr_t)case_id;
	fetched.manifest = &manifest.st;
	fetched.receipt = &receipt.st;
	fetched.messages = &list;
	fetched.n_messages = 1;
	if (t != NULL) {
		list = (ProtobufCBinaryData){ 0 };
		fetched.tombstones = &t;
		fetched.n_tombstones = 1;
	}
	f.kind_case = CY_PEER_FRAME__KIND_FETCHED;
	f.fetched = &fetched;
	rig_give_peer(r, l, &f);
	rig_settle(r);
	cy_buf_free(&manifest.text);
	cy_buf_free(&receipt.text);
}
