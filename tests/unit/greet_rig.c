#include "greet_rig.h"

#include "exchange/transfer.h"
#include "wire/message.h"

/* ------------------------------------------------------------------- writing down */

static void did(struct rig *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void did(struct rig *r, const char *fmt, ...)
{
	const size_t at = strlen(r->did);
	va_list ap;

	assert_true(at + 64 < sizeof r->did);
	if (at > 0)
		r->did[at] = ' ';
	va_start(ap, fmt);
	vsnprintf(r->did + at + (at > 0), 63, fmt, ap);
	va_end(ap);
}

void rig_did(struct rig *r, const char *words, const char *of)
{
	if (strcmp(r->did, words) != 0)
		fail_msg("%s: the node did \"%s\", and should have done \"%s\"; its last warning: %s", of, r->did,
			 words, r->journal);
	r->did[0] = '\0';
}

static struct line *line_of(struct rig *r, uint64_t session)
{
	return session >= 1 && session <= r->n_lines ? &r->lines[session - 1] : NULL;
}

/* The name of a frame's kind, without what a program adds to it. */
static const char *kind_name(const ProtobufCMessage *m, int kind)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(m->descriptor, (unsigned)kind);

	assert_non_null(f);
	return f->name;
}

static void keep_hello(struct rig *r, struct line *l, const CyHello *h, struct cy_bytes frame)
{
	struct cy_buf out = CY_BUF(CY_FRAME_MAX);

	l->ours = cy_sha256(frame);
	assert_int_equal(wire_pack(&h->base, &out), CY_OK);
	if (r->hello != NULL)
		cy_hello__free_unpacked(r->hello, NULL);
	r->hello = cy_hello__unpack(NULL, out.len, out.data);
	assert_non_null(r->hello);
	cy_buf_free(&out);
}

static void keep_proof(struct rig *r, const CySignedText *st)
{
	assert_int_equal(wire_text_read(cy_bytes(st->text.data, st->text.len), r->proof, NULL), CY_OK);
}

static void did_goodbye(struct rig *r, uint64_t session, const CyGoodbye *g)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_goodbye_code__descriptor, (int)g->code);

	assert_non_null(v);
	assert_true(strlen(g->text) > 0);
	did(r, "%llu:goodbye-%s", (unsigned long long)session, v->name);
}

static int link_send(void *ctx, uint64_t session, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	struct line *l = line_of(r, session);
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	if (l == NULL || l->closed) {
		cy_peer_frame__free_unpacked(f, NULL);
		return CY_ENOENT;
	}
	assert_int_equal(l->lane, WIRE_MESSAGES);
	if (f->kind_case == CY_PEER_FRAME__KIND_HELLO)
		keep_hello(r, l, f->hello, bytes);
	if (f->kind_case == CY_PEER_FRAME__KIND_SESSION_PROOF)
		keep_proof(r, f->session_proof->proof);
	if (f->kind_case == CY_PEER_FRAME__KIND_GOODBYE)
		did_goodbye(r, session, f->goodbye);
	else
		did(r, "%llu:%s", (unsigned long long)session, kind_name(&f->base, (int)f->kind_case));
	cy_peer_frame__free_unpacked(f, NULL);
	return CY_OK;
}

static int bulk_send(void *ctx, uint64_t session, struct blob_bytes frame)
{
	struct rig *r = ctx;
	struct line *l = line_of(r, session);
	const struct cy_bytes bytes = cy_bytes(frame.data, frame.len);
	CyBulkFrame *f = cy_bulk_frame__unpack(NULL, frame.len, frame.data);

	assert_non_null(f);
	if (l != NULL && !l->closed) {
		assert_int_equal(l->lane, WIRE_BULK);
		if (f->kind_case == CY_BULK_FRAME__KIND_HELLO)
			keep_hello(r, l, f->hello, bytes);
		if (f->kind_case == CY_BULK_FRAME__KIND_SESSION_PROOF)
			keep_proof(r, f->session_proof->proof);
		if (f->kind_case == CY_BULK_FRAME__KIND_GOODBYE)
			did_goodbye(r, session, f->goodbye);
		else if (f->kind_case == CY_BULK_FRAME__KIND_NOT_SENT)
			did(r, "%llu:not_sent-%s%s", (unsigned long long)session,
			    protobuf_c_enum_descriptor_get_value(&cy_not_sent_code__descriptor, f->not_sent->code)
				    ->name,
			    f->not_sent->destroyed ? "-destroyed" : "");
		else if (f->kind_case == CY_BULK_FRAME__KIND_CANCEL && f->cancel->code != 0)
			did(r, "%llu:cancel-%s", (unsigned long long)session,
			    protobuf_c_enum_descriptor_get_value(&cy_cancel_code__descriptor, f->cancel->code)->name);
		else
			did(r, "%llu:%s", (unsigned long long)session, kind_name(&f->base, (int)f->kind_case));
	}
	cy_bulk_frame__free_unpacked(f, NULL);
	blob_release(&frame);
	return l != NULL && !l->closed ? CY_OK : CY_ENOENT;
}

/* -------------------------------------------------------------------------- ports */

static void did_open(void *ctx)
{
	did(ctx, "open");
}

static int link_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct rig *r = ctx;

	if (r->stays)
		return cy_fail(e, CY_EDENIED, "another connection of this peer stays");
	did(r, "%llu:proven", (unsigned long long)session);
	return CY_OK;
}

static void link_established(void *ctx, uint64_t session)
{
	did(ctx, "%llu:established", (unsigned long long)session);
}

static void link_close(void *ctx, uint64_t session, const char *why)
{
	struct rig *r = ctx;
	struct line *l = line_of(r, session);

	assert_non_null(l);
	assert_true(strlen(why) > 0);
	if (l->closed)
		return;
	l->closed = true;
	did(r, "%llu:close", (unsigned long long)session);
}

static bool bulk_room(void *ctx, uint64_t session)
{
	(void)ctx;
	(void)session;
	return true;
}

static void bulk_want(void *ctx, const char *peer, bool wanted)
{
	assert_string_equal(peer, PEER);
	did(ctx, wanted ? "want" : "no-want");
}

static int local_answer(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);
	ProtobufCMessage *m = NULL;
	CyServerFrame *f;

	(void)conn;
	/* As a client reads it. */
	assert_int_equal(wire_unpack(&cy_server_frame__descriptor, bytes, CY_LOCAL_FRAME_MAX, &m, NULL), CY_OK);
	f = (CyServerFrame *)m;
	if (f->kind_case == CY_SERVER_FRAME__KIND_STATUS) {
		assert_true(f->status->n_peers >= 1);
		assert_int_equal(wire_pack(&f->status->peers[0]->base, &out), CY_OK);
		if (r->status != NULL)
			cy_peer_status__free_unpacked(r->status, NULL);
		r->status = cy_peer_status__unpack(NULL, out.len, out.data);
		cy_buf_free(&out);
	}
	if (f->kind_case == CY_SERVER_FRAME__KIND_DONE)
		did(r, "done: %s", f->done->text);
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	struct rig *r = ctx;
	const size_t len = strlen(r->all);

	rig_check_line(text);
	snprintf(r->all + len, sizeof r->all - len, "%s\n", text);
	if (level < NODE_WARNING)
		return;
	did(r, level == NODE_ALARM ? "alarm" : "warning");
	snprintf(r->journal, sizeof r->journal, "%s", text);
}

/* --------------------------------------------------------------------------- life */

static const char *const peers[] = { PEER, OTHER };
static const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true } };

struct rig *rig_new(bool evidence)
{
	struct rig *r = calloc(1, sizeof *r);

	assert_non_null(r);
	r->proof = calloc(1, sizeof *r->proof);
	assert_non_null(r->proof);
	r->clock.now = START_MS;
	r->signer.self = SELF;
	r->disk.opens = did_open;
	r->disk.ctx = r;
	mem_store_init(&r->store, peers, 2, NULL, NULL);
	orders_mem_init(&r->orders, SELF);
	mem_store_port(&r->store, &r->ports.store);
	r->ports.link = (struct link_port){ r, link_send, link_proven, link_established, link_close };
	r->ports.bulk = (struct bulk_port){ .ctx = r,
					    .send = bulk_send,
					    .room = bulk_room,
					    .proven = link_proven,
					    .established = link_established,
					    .close = link_close,
					    .want = bulk_want };
	r->ports.local = rig_local_port(r, local_answer);
	r->ports.clock = rig_clock_port(&r->clock);
	r->ports.signer = rig_signer_port(&r->signer);
	r->ports.random = rig_random_port(&r->rng);
	r->ports.journal = (struct journal_port){ .ctx = r, .note = journal_note };
	if (evidence)
		r->ports.blobs = rig_disk_port(&r->disk);
	r->peer.id = PEER;
	r->config = (struct node_config){ .authority = SELF,
					  .peers = &r->peer,
					  .n_peers = 1,
					  .clients = clients,
					  .n_clients = 1,
					  .window = 4,
					  .undelivered_ms = INT64_C(30) * 86400000 };
	return r;
}

void rig_begin(struct rig *r)
{
	struct cy_error e = { 0 };

	if (node_new(&r->config, &r->ports, &r->node, &e) < 0)
		fail_msg("%s", e.text);
	rig_client_hello(r->node, 1, 0, 1);
	rig_settle(r);
}

void rig_start(struct rig *r)
{
	rig_begin(r);
	rig_did(r, "", "the start");
}

void rig_free(struct rig *r)
{
	node_free(r->node);
	mem_store_free(&r->store);
	orders_mem_free(&r->orders);
	if (r->hello != NULL)
		cy_hello__free_unpacked(r->hello, NULL);
	if (r->status != NULL)
		cy_peer_status__free_unpacked(r->status, NULL);
	free(r->proof);
	free(r);
}

/* ------------------------------------------------------------------------ driving */

struct line *rig_up(struct rig *r, enum wire_lane lane, bool dialled)
{
	struct line *l = &r->lines[r->n_lines++];

	assert_true(r->n_lines <= LINES);
	l->session = r->n_lines;
	l->lane = lane;
	l->on = rig_connection(l->session, dialled);
	rig_lane_up(r->node, lane, PEER, l->session, &l->on);
	return l;
}

void rig_give(struct rig *r, const struct line *l, struct cy_bytes bytes)
{
	rig_lane_frame(r->node, l->lane, l->session, bytes);
}

static void give(struct rig *r, const struct line *l, const ProtobufCMessage *m)
{
	struct cy_buf out = CY_BUF(CY_FRAME_MAX);

	assert_int_equal(wire_pack(m, &out), CY_OK);
	rig_give(r, l, cy_buf_view(&out));
	cy_buf_free(&out);
}

void rig_give_peer(struct rig *r, const struct line *l, const CyPeerFrame *f)
{
	give(r, l, &f->base);
}

void rig_give_bulk(struct rig *r, const struct line *l, const CyBulkFrame *f)
{
	give(r, l, &f->base);
}

void rig_signed(struct rig *r, int code)
{
	rig_sign(&r->signer, r->node, code);
}

void rig_signed_newest(struct rig *r)
{
	rig_sign_at(&r->signer, r->node, r->signer.n - 1, CY_OK);
}

static bool meets_damage(const struct rig *r)
{
	for (const struct store_write *x = r->store.committing->first; x != NULL && r->damaged_case != NULL;
	     x = x->next)
		if (x->op == STORE_PUT_MESSAGE && strcmp(x->message.case_id, r->damaged_case) == 0)
			return true;
	return false;
}

void rig_run(struct rig *r)
{
	for (;;) {
		if (r->store.committing != NULL) {
			if (meets_damage(r)) {
				mem_store_drop(&r->store);
				node_committed(r->node, CY_EDAMAGED, "the store is damaged");
				continue;
			}
			assert_int_equal(orders_mem_append(&r->orders, r->store.committing), CY_OK);
			mem_store_finish(&r->store);
			node_committed(r->node, CY_OK, NULL);
		} else if (!rig_disk_step(&r->disk, r->node)) {
			return;
		}
	}
}

void rig_settle(struct rig *r)
{
	for (rig_run(r); r->signer.n > 0; rig_run(r))
		rig_signed(r, CY_OK);
}

void rig_ask_status(struct rig *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatus g = CY_GET_STATUS__INIT;

	f.correlation = 2;
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	f.get_status = &g;
	rig_client_says(r->node, 1, &f);
	rig_run(r);
	assert_non_null(r->status);
}

struct cy_digest rig_state(struct rig *r)
{
	const struct mem_peer *p = mem_store_peer(&r->store, PEER);
	const uint64_t stored[] = { r->store.n_log,     r->store.n_messages,    p->known,
				    p->stream.in_held,  p->stream.in_epoch,     p->stream.out_sequence,
				    p->stream.features, p->stream.out_receipted };
	struct cy_buf row = CY_BUF(CY_LOCAL_FRAME_MAX);
	struct cy_bytes pieces[2];
	struct cy_digest d;
	char *fault;

	rig_ask_status(r);
	/* That our own attempt has failed is known without any proof. */
	fault = r->status->last_fault;
	r->status->last_fault = (char *)"";
	assert_int_equal(wire_pack(&r->status->base, &row), CY_OK);
	r->status->last_fault = fault;
	pieces[0] = cy_buf_view(&row);
	pieces[1] = cy_bytes(stored, sizeof stored);
	d = cy_sha256v(pieces, 2);
	cy_buf_free(&row);
	return d;
}

/* -------------------------------------------------------------------- as the peer */

CyHello peer_hello(const struct line *l, char **features, size_t n)
{
	static uint8_t instance[16] = "instance", nonce[CY_HELLO_NONCE] = "nonce";
	CyHello h = CY_HELLO__INIT;

	h.lowest_version = h.highest_version = CY_PROTOCOL_VERSION;
	h.from = (char *)PEER;
	h.to = (char *)SELF;
	h.instance_id = (ProtobufCBinaryData){ .data = instance, .len = sizeof instance };
	h.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	h.clock_ms = START_MS + 5000;
	h.features = features;
	h.n_features = n;
	if (l->lane == WIRE_BULK) {
		h.pulls = XCHG_PULLS;
	} else {
		h.max_message_bytes = CY_MESSAGE_MAX;
		h.max_parcel_bytes = CY_PARCEL_BYTES_MAX;
		h.max_parcel_messages = CY_PARCEL_MESSAGES_MAX;
		h.window = CY_WINDOW_MAX;
	}
	return h;
}

/* A Hello or a proof, on the lane of the connection. */
static void give_greeting(struct rig *r, const struct line *l, CyHello *h, CySessionProof *p, struct cy_digest *ret)
{
	CyPeerFrame peer = CY_PEER_FRAME__INIT;
	CyBulkFrame bulk = CY_BULK_FRAME__INIT;
	struct cy_buf out = CY_BUF(CY_FRAME_MAX);

	peer.kind_case = h != NULL ? CY_PEER_FRAME__KIND_HELLO : CY_PEER_FRAME__KIND_SESSION_PROOF;
	bulk.kind_case = h != NULL ? CY_BULK_FRAME__KIND_HELLO : CY_BULK_FRAME__KIND_SESSION_PROOF;
	if (h != NULL)
		peer.hello = bulk.hello = h;
	else
		peer.session_proof = bulk.session_proof = p;
	assert_int_equal(wire_pack(l->lane == WIRE_BULK ? &bulk.base : &peer.base, &out), CY_OK);
	if (ret != NULL)
		*ret = cy_sha256(cy_buf_view(&out));
	rig_give(r, l, cy_buf_view(&out));
	cy_buf_free(&out);
}

void give_hello(struct rig *r, struct line *l, CyHello *h)
{
	give_greeting(r, l, h, NULL, &l->theirs);
}

void say_hello(struct rig *r, struct line *l, char **features, size_t n)
{
	CyHello h = peer_hello(l, features, n);

	give_hello(r, l, &h);
}

struct wire_text peer_proof(const struct rig *r, const struct line *l)
{
	return (struct wire_text){ .type = WIRE_SESSION_PROOF,
				   .from = PEER,
				   .to = SELF,
				   .made = { r->clock.now },
				   .role = l->on.dialled ? WIRE_LISTENER : WIRE_DIALLER,
				   .lane = l->lane,
				   .hello_from = l->theirs,
				   .hello_to = l->ours,
				   .binding = r->peer.tunnel ? WIRE_CERTIFICATE : WIRE_EXPORTER,
				   .bound = r->peer.tunnel ? l->on.theirs : l->on.exporter };
}

void seal_text(struct sealed *s, const struct wire_text *t, const char *by)
{
	s->text = CY_BUF(CY_MANIFEST_MAX);
	assert_int_equal(wire_text_write(t, &s->text), CY_OK);
	s->seal = rig_seal(by, cy_buf_view(&s->text));
	cy_signed_text__init(&s->st);
	s->st.text = (ProtobufCBinaryData){ .data = s->text.data, .len = s->text.len };
	s->st.signature = (ProtobufCBinaryData){ .data = s->seal.b, .len = sizeof s->seal.b };
}

void say_proof(struct rig *r, const struct line *l, const struct wire_text *t, const char *by)
{
	CySessionProof p = CY_SESSION_PROOF__INIT;
	struct sealed s;

	if (t == NULL) {
		give_greeting(r, l, NULL, &p, NULL);
		return;
	}
	seal_text(&s, t, by);
	p.proof = &s.st;
	give_greeting(r, l, NULL, &p, NULL);
	cy_buf_free(&s.text);
}

void say_state(struct rig *r, const struct line *l)
{
	const struct wire_text t = {
		.type = WIRE_AUDIT_HEAD, .from = PEER, .to = SELF, .made = { r->clock.now }, .epoch = START_MS
	};
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyState st = CY_STATE__INIT;
	CyStreamPosition held = CY_STREAM_POSITION__INIT, receipted = CY_STREAM_POSITION__INIT;
	struct sealed s;

	seal_text(&s, &t, PEER);
	receipted.epoch = st.epoch = START_MS;
	held.epoch = r->holds.epoch;
	held.sequence = r->holds.sequence;
	st.held = &held;
	st.receipted = &receipted;
	st.audit_head = &s.st;
	st.profiles = &r->named;
	st.n_profiles = r->named != NULL;
	st.reconciling = r->fetches_back;
	f.kind_case = CY_PEER_FRAME__KIND_STATE;
	f.state = &st;
	rig_give_peer(r, l, &f);
	cy_buf_free(&s.text);
}

struct line *rig_session(struct rig *r, enum wire_lane lane, bool dialled, char **features, size_t n)
{
	struct line *l = rig_up(r, lane, dialled);
	struct wire_text t;

	say_hello(r, l, features, n);
	rig_settle(r);
	t = peer_proof(r, l);
	say_proof(r, l, &t, PEER);
	rig_settle(r);
	if (lane == WIRE_MESSAGES)
		say_state(r, l);
	rig_settle(r);
	return l;
}
