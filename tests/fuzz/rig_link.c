/* The connections of the rig's node, and what must hold of them: see rig.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comity/v1/bulk.pb-c.h"
#include "fuzz.h"
#include "node/evidence/lane.h"
#include "node/peers/parcels.h"
#include "rig.h"
#include "wire/message.h"

#define UNPROVEN_MS 10000 /* after which the link ends a connection that is not proven */

/* -------------------------------------------------------------- connections */

static struct rig_conn *find(struct rig *r, uint64_t session)
{
	for (size_t i = 0; i < RIG_CONNS && session != 0; i++)
		if (r->conns[i].session == session)
			return &r->conns[i];
	return NULL;
}

struct rig_conn *rig_conn(struct rig *r, size_t peer, enum wire_lane lane)
{
	struct rig_conn *c = find(r, r->at[peer][lane]);

	return c == NULL || c->closing ? NULL : c;
}

/* What the node knows of a peer: a connection that is not proven must leave it as it is. */
struct known {
	uint64_t session, bulk;
	bool greeted, resent, refused, skew_known;
	int64_t skew_ms, since;
	uint32_t features, their_window;
	size_t inputs;
	struct store_stream stream;
	uint8_t instances[4][16];
	char last_fault[160], farewell[128];
	struct node_refusal refusal;
};

static struct known *known(const struct rig *r, const struct rig_conn *c)
{
	const struct peer *p = node_peer(r->node, rig_peers[c->peer]);
	struct known *k = calloc(1, sizeof *k);

	CY_ASSERT(k != NULL && p != NULL);
	k->session = p->session;
	k->bulk = p->bulk != NULL ? p->bulk->session : 0;
	k->greeted = p->greeted;
	k->resent = p->exchange->resent;
	k->skew_known = p->skew_known;
	k->skew_ms = p->skew_ms;
	k->since = p->since.ms;
	k->features = p->exchange->hello_features;
	k->their_window = p->exchange->their_window;
	k->inputs = p->inputs;
	memcpy(&k->stream, &p->stream, sizeof k->stream);
	memcpy(k->instances, p->exchange->instances, sizeof k->instances);
	memcpy(k->farewell, p->farewell, sizeof k->farewell);
	/* Who was dialled may say that our signature is wrong: it is known whom we asked. */
	if (!c->on.dialled || c->lane != WIRE_MESSAGES)
		memcpy(&k->refusal, &p->refusal, sizeof k->refusal);
	/* That our own attempt to reach it has failed is known without any proof. */
	if (p->session != 0 || !c->on.dialled || c->lane != WIRE_MESSAGES) {
		k->refused = p->refused;
		memcpy(k->last_fault, p->last_fault, sizeof k->last_fault);
	}
	return k;
}

/* After an input on `c`; takes `before` over. */
static void is_unchanged(const struct rig *r, const struct rig_conn *c, struct known *before)
{
	struct known *now = known(r, c);

	if (!c->proven)
		CY_ASSERT(memcmp(before, now, sizeof *now) == 0);
	free(now);
	free(before);
}

/* ----------------------------------------------------------- what is proven */

static bool is_frame_digest(const struct cy_digest *d, bool known, const struct cy_digest *frame)
{
	return known && cy_digest_equal(d, frame);
}

/* Is it the text that belongs to this connection? `ours`: the node's. */
static bool is_right_text(const struct rig_conn *c, const struct wire_text *t, bool ours)
{
	const char *peer = rig_peers[c->peer];

	return t->type == WIRE_SESSION_PROOF && strcmp(t->from, ours ? RIG_SELF : peer) == 0 &&
	       strcmp(t->to, ours ? peer : RIG_SELF) == 0 &&
	       t->role == (ours == c->on.dialled ? WIRE_DIALLER : WIRE_LISTENER) && t->lane == c->lane &&
	       is_frame_digest(ours ? &t->hello_from : &t->hello_to, c->said, &c->our_hello) &&
	       is_frame_digest(ours ? &t->hello_to : &t->hello_from, c->heard, &c->their_hello) &&
	       t->binding == WIRE_EXPORTER && cy_digest_equal(&t->bound, &c->on.exporter);
}

static bool is_right_proof(const struct rig_conn *c, const CySignedText *st, bool ours)
{
	struct wire_text *t;
	struct cy_digest seal;
	bool right;

	if (st == NULL)
		return false;
	t = calloc(1, sizeof *t);
	CY_ASSERT(t != NULL);
	seal = rig_seal(ours ? RIG_SELF : rig_peers[c->peer], cy_bytes(st->text.data, st->text.len));
	right = wire_text_read(cy_bytes(st->text.data, st->text.len), t, NULL) == CY_OK && is_right_text(c, t, ours) &&
		cy_bytes_equal(cy_bytes(st->signature.data, st->signature.len), cy_bytes(seal.b, sizeof seal.b));
	free(t);
	return right;
}

/* A frame of either lane, as far as the order of a session goes. */
struct frame {
	ProtobufCMessage *owner;
	const CyHello *hello;
	const CySessionProof *proof;
	bool goodbye, state;
};

static bool read_frame(enum wire_lane lane, struct cy_bytes bytes, struct frame *f)
{
	const bool bulk = lane == WIRE_BULK;
	struct cy_error e = { 0 };

	*f = (struct frame){ 0 };
	if (wire_unpack(bulk ? &cy_bulk_frame__descriptor : &cy_peer_frame__descriptor, bytes, CY_FRAME_MAX, &f->owner,
			&e) < 0)
		return false;
	if (bulk) {
		const CyBulkFrame *b = (CyBulkFrame *)f->owner;

		f->hello = b->kind_case == CY_BULK_FRAME__KIND_HELLO ? b->hello : NULL;
		f->proof = b->kind_case == CY_BULK_FRAME__KIND_SESSION_PROOF ? b->session_proof : NULL;
		f->goodbye = b->kind_case == CY_BULK_FRAME__KIND_GOODBYE;
	} else {
		const CyPeerFrame *p = (CyPeerFrame *)f->owner;

		f->hello = p->kind_case == CY_PEER_FRAME__KIND_HELLO ? p->hello : NULL;
		f->proof = p->kind_case == CY_PEER_FRAME__KIND_SESSION_PROOF ? p->session_proof : NULL;
		f->goodbye = p->kind_case == CY_PEER_FRAME__KIND_GOODBYE;
		f->state = p->kind_case == CY_PEER_FRAME__KIND_STATE;
	}
	return true;
}

/* What is given to the node. */
static void comes(struct rig_conn *c, struct cy_bytes bytes)
{
	struct frame f;

	if (!read_frame(c->lane, bytes, &f))
		return;
	if (f.hello != NULL && !c->heard) {
		c->heard = true;
		c->their_hello = cy_sha256(bytes);
		c->hello_right = strcmp(f.hello->from, rig_peers[c->peer]) == 0 && strcmp(f.hello->to, RIG_SELF) == 0 &&
				 f.hello->lowest_version <= CY_PROTOCOL_VERSION &&
				 f.hello->highest_version >= CY_PROTOCOL_VERSION;
	}
	if (f.proof != NULL && is_right_proof(c, f.proof->proof, false))
		c->shown = true;
	protobuf_c_message_free_unpacked(f.owner, NULL);
}

/* What leaves the node: Hello, proof, State, each once, and nothing else before them. */
static void leaves(struct rig *r, struct rig_conn *c, struct cy_bytes bytes)
{
	struct frame f;

	CY_ASSERT(read_frame(c->lane, bytes, &f));
	if (f.hello != NULL) {
		CY_ASSERT(!c->said && strcmp(f.hello->from, RIG_SELF) == 0 &&
			  strcmp(f.hello->to, rig_peers[c->peer]) == 0);
		c->said = true;
		c->our_hello = cy_sha256(bytes);
	} else if (f.proof != NULL) {
		/* Who dials proves first. */
		CY_ASSERT(!c->proof && c->proven == !c->on.dialled);
		CY_ASSERT(is_right_proof(c, f.proof->proof, true));
		c->proof = true;
		r->proof(r->ctx, c->peer, f.proof->proof);
	} else if (!f.goodbye) {
		CY_ASSERT(c->proven && c->proof);
		CY_ASSERT(c->lane == WIRE_BULK || c->stated != f.state);
		c->stated = c->stated || f.state;
	}
	protobuf_c_message_free_unpacked(f.owner, NULL);
}

/* Both that are dialled by the side with the smaller id stay; of two of one side the later. */
static bool stays(const struct rig_conn *old, const struct rig_conn *new)
{
	const bool ours = strcmp(RIG_SELF, rig_peers[old->peer]) < 0;

	return old->on.dialled != new->on.dialled && old->on.dialled == ours;
}

static int proven(struct rig *r, uint64_t session, enum wire_lane lane, struct cy_error *e)
{
	struct rig_conn *c = find(r, session);

	CY_ASSERT(c != NULL && c->lane == lane && !c->closing && !c->proven);
	CY_ASSERT(c->shown && c->hello_right && c->said);
	for (size_t i = 0; i < RIG_CONNS; i++) {
		const struct rig_conn *o = &r->conns[i];

		if (o->session != 0 && o->peer == c->peer && o->lane == lane && o->proven && !o->closing && stays(o, c))
			return cy_fail(e, CY_EDENIED, "another connection of this peer stays");
	}
	c->proven = true;
	return CY_OK;
}

static void close_one(struct rig *r, uint64_t session, const char *why)
{
	struct rig_conn *c = find(r, session);

	if (c == NULL || c->closing)
		return;
	c->closing = true;
	r->closed(r->ctx, c->peer, why);
}

/* ---------------------------------------------------------- what is durable */

static struct wire_text *read_text(const CySignedText *st)
{
	struct wire_text *t = calloc(1, sizeof *t);
	struct cy_error e = { 0 };

	CY_ASSERT(t != NULL && st != NULL);
	CY_ASSERT(wire_text_read(cy_bytes(st->text.data, st->text.len), t, &e) == CY_OK);
	return t;
}

static bool equal(ProtobufCBinaryData a, struct cy_bytes b)
{
	return cy_bytes_equal(cy_bytes(a.data, a.len), b);
}

/* Committed, every message of it. */
static void is_durable_parcel(struct rig *r, const char *peer, const CyParcel *parcel)
{
	struct wire_text *t = read_text(parcel->manifest);
	const struct mem_parcel *p = mem_store_parcel(&r->store, peer, STORE_OWN, t->epoch, t->sequence);

	CY_ASSERT(p != NULL && equal(parcel->manifest->text, p->row.manifest));
	CY_ASSERT(t->n == parcel->n_messages);
	for (size_t i = 0; i < t->n; i++) {
		const struct mem_message *m = mem_store_message(&r->store, t->entries[i].id);

		CY_ASSERT(m != NULL && m->row.transport != STORE_QUEUED);
		CY_ASSERT(equal(parcel->messages[i], m->row.content));
	}
	free(t);
}

static void is_durable_receipt(struct rig *r, const char *peer, const CyReceipt *receipt)
{
	struct wire_text *t = read_text(receipt->receipt);
	const struct mem_parcel *p = mem_store_parcel(&r->store, peer, STORE_PEER, t->epoch, t->sequence);

	CY_ASSERT(p != NULL && equal(receipt->receipt->text, p->row.receipt));
	for (size_t i = 0; i < t->n; i++)
		CY_ASSERT(mem_store_message(&r->store, t->entries[i].id) != NULL);
	free(t);
}

static void is_durable_state(struct rig *r, const char *peer, const CyState *h)
{
	const struct store_stream *s = &mem_store_peer(&r->store, peer)->stream;

	CY_ASSERT(h->held->epoch == s->in_epoch && h->held->sequence == s->in_held);
	CY_ASSERT(h->receipted->sequence == s->out_receipted);
}

/* -------------------------------------------------------------------- ports */

static int link_send(void *ctx, uint64_t session, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	struct rig_conn *c = find(r, session);
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	CyPeerFrame *f;

	if (c == NULL || c->closing)
		return CY_ENOENT;
	CY_ASSERT(c->lane == WIRE_MESSAGES);
	leaves(r, c, bytes);
	CY_ASSERT(wire_unpack(&cy_peer_frame__descriptor, bytes, CY_FRAME_MAX, &m, &e) == CY_OK);
	f = (CyPeerFrame *)m;
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		is_durable_parcel(r, rig_peers[c->peer], f->parcel);
	if (f->kind_case == CY_PEER_FRAME__KIND_RECEIPT)
		is_durable_receipt(r, rig_peers[c->peer], f->receipt);
	if (f->kind_case == CY_PEER_FRAME__KIND_STATE)
		is_durable_state(r, rig_peers[c->peer], f->state);
	r->frame(r->ctx, c->peer, bytes, f);
	protobuf_c_message_free_unpacked(m, NULL);
	return CY_OK;
}

static int link_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	return proven(ctx, session, WIRE_MESSAGES, e);
}

static void link_established(void *ctx, uint64_t session)
{
	const struct rig_conn *c = find(ctx, session);

	CY_ASSERT(c == NULL || c->proven);
}

static void link_close(void *ctx, uint64_t session, const char *why)
{
	close_one(ctx, session, why);
}

static int port_bulk_send(void *ctx, uint64_t session, struct blob_bytes frame)
{
	struct rig *r = ctx;
	struct rig_conn *c = find(r, session);
	const bool there = c != NULL && !c->closing;

	if (there) {
		CY_ASSERT(c->lane == WIRE_BULK);
		leaves(r, c, cy_bytes(frame.data, frame.len));
	}
	blob_release(&frame);
	return there ? CY_OK : CY_ENOENT;
}

static bool bulk_room(void *ctx, uint64_t session)
{
	(void)ctx;
	(void)session;
	return true;
}

static int bulk_is_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	return proven(ctx, session, WIRE_BULK, e);
}

static void bulk_want(void *ctx, const char *peer, bool wanted)
{
	(void)ctx;
	(void)peer;
	(void)wanted;
}

void rig_link_ports(struct rig *r)
{
	r->ports.link = (struct link_port){ r, link_send, link_proven, link_established, link_close };
	r->ports.bulk = (struct bulk_port){ .ctx = r,
					    .send = port_bulk_send,
					    .room = bulk_room,
					    .proven = bulk_is_proven,
					    .established = link_established,
					    .close = link_close,
					    .want = bulk_want };
}

/* ------------------------------------------------------------------ driving */

/* Whatever is done to the node, what waits in it is bounded. */
void rig_is_bounded(const struct rig *r)
{
	size_t inputs = 0, conns = 0;

	for (const struct conn *c = r->node->conns; c != NULL; c = c->next)
		conns++;
	for (const struct input *in = r->node->inputs; in != NULL; in = in->next)
		inputs++;
	/* One more: a content that was destroyed. */
	CY_ASSERT(inputs <= RIG_PEERS * (NODE_SESSION_INPUTS_MAX + RIG_UNPROVEN) + conns * NODE_CLIENT_INPUTS_MAX + 1);
}

static void is_over(struct rig *r, struct rig_conn *c, const char *why)
{
	const struct rig_conn was = *c;
	struct known *before = known(r, &was);

	*c = (struct rig_conn){ 0 };
	rig_lane_down(r->node, was.lane, was.session, why);
	is_unchanged(r, &was, before);
}

/* The link ends the oldest of too many that are not proven. */
static void make_room(struct rig *r, size_t peer, enum wire_lane lane)
{
	struct rig_conn *oldest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &r->conns[i];

		if (c->session == 0 || c->peer != peer || c->lane != lane || c->proven)
			continue;
		n++;
		if (oldest == NULL || c->session < oldest->session)
			oldest = c;
	}
	if (n >= RIG_UNPROVEN)
		is_over(r, oldest, "too many connections that are not proven");
}

/* What the node has closed is told as ended at the latest when its place is needed. */
static struct rig_conn *free_place(struct rig *r)
{
	for (;;) {
		for (size_t i = 0; i < RIG_CONNS; i++)
			if (r->conns[i].session == 0)
				return &r->conns[i];
		CY_ASSERT(rig_link_step(r));
	}
}

void rig_up(struct rig *r, size_t peer, enum wire_lane lane, bool dialled)
{
	struct rig_conn *c;
	struct known *before;

	make_room(r, peer, lane);
	c = free_place(r);
	r->sessions++;
	*c = (struct rig_conn){ .session = r->sessions,
				.peer = peer,
				.lane = lane,
				.since = r->clock.now,
				.on = rig_connection(r->sessions, dialled) };
	r->at[peer][lane] = c->session;
	before = known(r, c);
	rig_lane_up(r->node, lane, rig_peers[peer], c->session, &c->on);
	is_unchanged(r, c, before);
	rig_is_bounded(r);
}

void rig_switch(struct rig *r, size_t peer, enum wire_lane lane)
{
	const struct rig_conn *now = find(r, r->at[peer][lane]);
	const size_t from = now != NULL ? (size_t)(now - r->conns) : 0;

	for (size_t i = 1; i <= RIG_CONNS; i++) {
		const struct rig_conn *c = &r->conns[(from + i) % RIG_CONNS];

		if (c->session != 0 && c->peer == peer && c->lane == lane) {
			r->at[peer][lane] = c->session;
			return;
		}
	}
}

void rig_down(struct rig *r, size_t peer, enum wire_lane lane)
{
	struct rig_conn *c = find(r, r->at[peer][lane]);

	if (c == NULL)
		return;
	is_over(r, c, "the connection ended");
	rig_switch(r, peer, lane);
}

void rig_frame(struct rig *r, size_t peer, enum wire_lane lane, struct cy_bytes bytes)
{
	struct rig_conn *c = rig_conn(r, peer, lane);
	struct known *before;

	if (c == NULL)
		return;
	comes(c, bytes);
	before = known(r, c);
	rig_lane_frame(r->node, lane, c->session, bytes);
	is_unchanged(r, c, before);
	rig_is_bounded(r);
}

bool rig_link_step(struct rig *r)
{
	for (size_t i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &r->conns[i];

		if (!c->closing)
			continue;
		if (r->at[c->peer][c->lane] == c->session)
			rig_switch(r, c->peer, c->lane);
		is_over(r, c, "the connection ended");
		return true;
	}
	return false;
}

void rig_link_age(struct rig *r)
{
	for (size_t i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &r->conns[i];

		if (c->session != 0 && !c->proven && r->clock.now - c->since >= UNPROVEN_MS)
			is_over(r, c, "it was not proven in time");
	}
}
