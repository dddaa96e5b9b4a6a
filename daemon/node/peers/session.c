/* A session with a proven peer: our State, theirs, and what it reveals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/evidence.h"
#include "node/node.h"
#include "node/peers/parcels.h"
#include "wire/message.h"

/* -------------------------------------------------------------------- the end */

void node_link_down(struct node *n, uint64_t session, const char *why)
{
	struct peer *p = node_peer_of_session(n, session);

	if (p == NULL) {
		greet_over(n, session, why);
		return;
	}
	if (!signing_is_refused(n, p))
		signing_accepted(p);
	cy_line(p->last_fault, sizeof p->last_fault, why);
	if (p->farewell[0] != '\0') {
		/* The sentence is for the status: nobody knows what a peer puts into it. */
		node_log(n, NODE_INFO, NODE_EVENT_PEER_DOWN, p->id, "peer %s: session ended: the peer said goodbye: %s",
			 p->id, p->farewell_code);
		snprintf(p->last_fault, sizeof p->last_fault, "the peer said goodbye: %s", p->farewell);
	} else {
		node_log(n, NODE_INFO, NODE_EVENT_PEER_DOWN, p->id, "peer %s: session ended: %s", p->id, p->last_fault);
	}
	if (p->greeted)
		p->since = node_now(n);
	p->ended[p->n_ended++ % CY_FLAPS_MAX] = n->ports.clock.mono(n->ports.clock.ctx);
	p->session = 0;
	p->greeted = p->refused = false;
	p->exchange->sender = (struct xchg_sender){ 0 };
	reconcile_forget(p);
}

void node_link_failed(struct node *n, const char *peer, const char *why)
{
	struct peer *p = node_peer(n, peer);
	char fault[sizeof p->last_fault];

	if (p == NULL || p->session != 0)
		return;
	cy_line(fault, sizeof fault, why);
	/* Once for each reason: the next attempts say the same. */
	if (strcmp(p->last_fault, fault) != 0)
		node_log(n, NODE_WARNING, NODE_EVENT_PEER_UNREACHABLE, p->id, "peer %s: cannot connect: %s", p->id,
			 why);
	memcpy(p->last_fault, fault, sizeof fault);
	p->refused = false;
}

void node_link_refused(struct node *n, const char *peer, const char *why)
{
	struct peer *p = node_peer(n, peer);

	node_link_failed(n, peer, why);
	if (p != NULL && p->session == 0)
		p->refused = true;
}

void session_refuse(struct node *n, struct peer *p, enum node_level level, enum node_goodbye bye, const char *more)
{
	CyGoodbye g = node_goodbye(bye, more);
	const char *const why = g.text;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	struct cy_buf out = CY_BUF(CY_FRAME_MAX);
	uint64_t session = p->session;

	f.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
	f.goodbye = &g;
	node_log(n, level, level < NODE_WARNING ? NODE_EVENT_PEER_DOWN : NODE_EVENT_PEER_FAULT, p->id, "peer %s: %s",
		 p->id, why);
	if (wire_pack(&f.base, &out) == CY_OK)
		n->ports.link.send(n->ports.link.ctx, session, cy_buf_view(&out));
	cy_buf_free(&out);
	n->ports.link.close(n->ports.link.ctx, session, why);
	node_link_down(n, session, why);
}

void session_dismiss(struct node *n, struct peer *p, enum node_goodbye bye)
{
	session_refuse(n, p, NODE_INFO, bye, NULL);
}

void session_goodbye(struct node *n, struct peer *p, enum node_goodbye bye)
{
	CyGoodbye g = node_goodbye(bye, NULL);
	const bool restored = g.code == CY_GOODBYE_CODE__RESTORED;
	CyPeerFrame f = CY_PEER_FRAME__INIT;

	if (p->session == 0)
		return;
	f.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
	f.goodbye = &g;
	node_log(n, restored ? NODE_INFO : NODE_ALARM, restored ? NODE_EVENT_RESTORED : NODE_EVENT_PEER_FAULT, p->id,
		 "peer %s: %s", p->id, g.text);
	batch_send(n, p->session, &f);
	batch_effect(n, EFFECT_LINK_CLOSE, p->session, cy_bytes(NULL, 0), g.text);
	/* Nothing more is taken from or sent on this session. */
	node_link_down(n, p->session, g.text);
}

/* ------------------------------------------------------------------ the begin */

/* A restart makes a new instance id; one that comes back was never gone. */
static void know_instance(struct node *n, struct peer *p, const uint8_t id[16])
{
	const size_t size = sizeof p->exchange->instances[0], most = sizeof p->exchange->instances / size;
	char now[33], before[33];
	size_t i = 0;

	while (i < most && memcmp(p->exchange->instances[i], id, size) != 0)
		i++;
	if (i == 0)
		return;
	if (i < most) {
		cy_hex(id, size, now);
		cy_hex(p->exchange->instances[0], size, before);
		node_log(n, NODE_ALARM, NODE_EVENT_PEER_TRUST, p->id,
			 "peer %s: two machines hold its certificate: instance %s came back after %s", p->id, now,
			 before);
	}
	memmove(p->exchange->instances[1], p->exchange->instances[0], (i < most ? i : most - 1) * size);
	memcpy(p->exchange->instances[0], id, size);
}

void session_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h)
{
	struct input *in;

	if (p->session != 0)
		session_dismiss(n, p, NODE_BYE_NEWER);
	p->session = session;
	p->greeted = p->exchange->resent = false;
	p->farewell[0] = '\0';
	p->inputs = 0;
	p->exchange->sender = (struct xchg_sender){ 0 };
	xchg_rtt_forget(&p->rtt);
	p->exchange->hello_features = greet_features(h);
	p->exchange->their_window = h->window;
	know_instance(n, p, h->instance_id.data);
	if (__builtin_sub_overflow(h->clock_ms, node_now(n).ms, &p->skew_ms))
		p->skew_ms = 0;
	p->skew_known = true;
	in = node_input_new(INPUT_LINK_UP, session);
	in->peer = p->index;
	node_queue(n, in);
}

/* Our State needs the signed head of the audit log: ask for that first. */
void session_up(struct node *n, struct peer *p)
{
	struct wire_text t = { .type = WIRE_AUDIT_HEAD, .epoch = n->epoch, .made = node_now(n) };

	cy_copy(t.from, sizeof t.from, n->authority);
	cy_copy(t.to, sizeof t.to, p->id);
	t.audit_size = n->audit.size;
	t.audit_root = audit_root(&n->audit);
	batch_request_signature(n, SIGN_STATE, p, &t);
}

static CySignedText signed_text(struct cy_bytes text, struct cy_bytes signature)
{
	CySignedText st = CY_SIGNED_TEXT__INIT;

	st.text = (ProtobufCBinaryData){ .data = (uint8_t *)text.data, .len = text.len };
	st.signature = (ProtobufCBinaryData){ .data = (uint8_t *)signature.data, .len = signature.len };
	return st;
}

/* What the peer signed for a place: the manifest of its parcel, or its receipt for ours. */
struct position_proof {
	struct node *n;
	enum store_author author;
	struct cy_bytes text, signature;
};

static int load_proof(void *arg, const struct store_parcel *row)
{
	struct position_proof *p = arg;
	bool own = p->author == STORE_OWN;
	int r = sound_parcel(p->n, row);

	if (r < 0)
		return r;
	p->text = cy_arena_bytes(&p->n->batch.arena, own ? row->receipt : row->manifest);
	p->signature = cy_arena_bytes(&p->n->batch.arena, own ? row->receipt_signature : row->signature);
	return CY_OK;
}

/* True: *ret holds the proof of the place. The parcel or receipt may be of this batch. */
static bool prove_position(struct node *n, const struct peer *p, enum store_author author, struct xchg_pos pos,
			   CySignedText *ret)
{
	struct store_port *s = &n->ports.store;
	struct position_proof proof = { .n = n, .author = author };
	enum store_op op = author == STORE_OWN ? STORE_PUT_RECEIPT : STORE_PUT_PARCEL;

	if (pos.sequence == 0)
		return false;
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == op && outbound_is_position(&w->parcel, p, author, pos))
			load_proof(&proof, &w->parcel);
	if (proof.text.len == 0 &&
	    s->get_parcel(s->ctx, p->id, author, pos.epoch, pos.sequence, load_proof, &proof) < 0)
		return false;
	*ret = signed_text(proof.text, proof.signature);
	return proof.text.len > 0;
}

/* The positions are those of the end of the batch, and leave once it is committed. */
void session_compose_state(struct node *n, struct signing_request *w)
{
	struct peer *p = w->peer;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyState st = CY_STATE__INIT;
	CyStreamPosition held = CY_STREAM_POSITION__INIT, receipted = CY_STREAM_POSITION__INIT;
	CySignedText head, held_proof, receipted_proof;

	if (w->signature.len == 0) {
		/* What their frames of this batch were answered would leave without a State. */
		batch_unsend(n, w->session);
		if (p->session == w->session)
			session_goodbye(n, p, NODE_BYE_HEAD_NOT_SIGNED);
		return;
	}
	head = signed_text(w->text, w->signature);
	st.epoch = p->stream.out_epoch;
	held.epoch = p->stream.in_epoch;
	held.sequence = p->stream.in_held;
	st.held = &held;
	if (prove_position(n, p, STORE_PEER, (struct xchg_pos){ held.epoch, held.sequence }, &held_proof))
		st.held_proof = &held_proof;
	receipted.epoch = p->stream.receipted_epoch;
	receipted.sequence = p->stream.out_receipted;
	st.receipted = &receipted;
	if (prove_position(n, p, STORE_OWN, (struct xchg_pos){ receipted.epoch, receipted.sequence }, &receipted_proof))
		st.receipted_proof = &receipted_proof;
	st.audit_head = &head;
	st.reconciling = p->stream.reconciling;
	st.profiles = profiles_list(n, &st.n_profiles);
	f.kind_case = CY_PEER_FRAME__KIND_STATE;
	f.state = &st;
	/* Their State, and what followed it, may have been answered in the same batch,
	 * which may even have ended the session. */
	batch_send_first(n, w->session, &f);
}

static bool is_digest(ProtobufCBinaryData d)
{
	return d.len == CY_SHA256_LEN;
}

static bool beyond_numbers(const CyStreamPosition *at)
{
	return at->epoch > WIRE_NUMBER_MAX || at->sequence > WIRE_NUMBER_MAX;
}

/* NODE_GOODBYES_N: it is good. */
static enum node_goodbye state_fault(const CyState *st)
{
	if (st->epoch == 0 || st->held == NULL || st->receipted == NULL)
		return NODE_BYE_STATE_PLACES;
	if (st->epoch > WIRE_NUMBER_MAX || beyond_numbers(st->held) || beyond_numbers(st->receipted))
		return NODE_BYE_STATE_NUMBERS;
	if ((st->calendar_digest.len > 0 && !is_digest(st->calendar_digest)) ||
	    (st->zone_digest.len > 0 && !is_digest(st->zone_digest)))
		return NODE_BYE_STATE_DIGEST;
	for (size_t i = 0; i < st->n_profiles; i++)
		if (!is_digest(st->profiles[i]->digest))
			return NODE_BYE_STATE_PROFILE;
	return NODE_GOODBYES_N;
}

static void keep_head(struct node *n, struct peer *p, const CySignedText *st, const struct wire_text *head)
{

	if (p->stream.head_size == head->audit_size && cy_digest_equal(&p->stream.head_root, &head->audit_root) &&
	    p->stored)
		return;
	p->head_text.len = p->head_signature.len = 0;
	CY_ASSERT(cy_buf_add(&p->head_text, st->text.data, st->text.len) == CY_OK);
	CY_ASSERT(cy_buf_add(&p->head_signature, st->signature.data, st->signature.len) == CY_OK);
	p->stream.head_text = cy_buf_view(&p->head_text);
	p->stream.head_signature = cy_buf_view(&p->head_signature);
	p->stream.head_size = head->audit_size;
	p->stream.head_root = head->audit_root;
	batch_put_stream(n, p);
}

/* Is it our own signature that stands behind this place? Anybody can say a number. */
static bool position_proven(struct node *n, const struct peer *p, const CySignedText *st, enum wire_text_type type,
			    struct xchg_pos pos)
{
	struct wire_text *t;
	bool good;

	if (node_check_text(n, st, type, n->authority, p->id, &t, NULL) < 0)
		return false;
	good = xchg_cmp((struct xchg_pos){ t->epoch, t->sequence }, pos) == 0;
	free(t);
	return good;
}

/* The peer says that we have lost what it holds, or the receipts that we gave: the
 * epoch that this proves, or 0. Each claim needs its own proof: a receipt says nothing
 * about what the peer holds. */
static uint64_t epoch_lost(struct node *n, const struct peer *p, const CyState *st, const struct xchg_own *own,
			   const struct xchg_theirs *theirs)
{
	bool more = xchg_cmp(theirs->held, own->given) > 0 || (!p->stored && theirs->held.sequence > 0);

	if (more)
		return position_proven(n, p, st->held_proof, WIRE_PARCEL, theirs->held) ? theirs->held.epoch : 0;
	return position_proven(n, p, st->receipted_proof, WIRE_RECEIPT, theirs->receipted) ? own->given.epoch : 0;
}

/* Sequence 0 is no place, whatever epoch stands beside it: nothing is held. */
static struct xchg_pos position_of(const CyStreamPosition *at)
{
	return at->sequence > 0 ? (struct xchg_pos){ at->epoch, at->sequence } : (struct xchg_pos){ 0 };
}

/* While we fetch back all receipts of ours that it shows are dealt with. */
static void forgive(struct node *n, struct peer *p, struct xchg_pos receipted)
{
	const struct xchg_pos before = { p->stream.forgotten_epoch, p->stream.forgotten_sequence };

	if (xchg_cmp(receipted, before) <= 0)
		return;
	p->stream.forgotten_epoch = receipted.epoch;
	p->stream.forgotten_sequence = receipted.sequence;
	batch_put_stream(n, p);
}

/* Its State was good: the session is established once the batch is committed. */
static void establish(struct node *n, struct peer *p, const CyState *st)
{
	p->greeted = true;
	p->exchange->fetches_back = st->reconciling;
	signing_heard(n, p);
	if (p->stream.features != (p->exchange->hello_features | NODE_FEATURES_KNOWN)) {
		p->stream.features = p->exchange->hello_features | NODE_FEATURES_KNOWN;
		evidence_state_all(n);
		batch_put_stream(n, p);
		bulk_look(n);
	}
	profiles_named(n, p, st);
	p->exchange->resent = false;
	p->since = node_now(n);
	p->last_fault[0] = '\0';
	p->refused = false;
	batch_effect(n, EFFECT_ESTABLISHED, p->session, cy_bytes(NULL, 0), "");
}

void session_state(struct node *n, struct peer *p, const CyState *st, const struct wire_text *head)
{
	const enum node_goodbye fault = state_fault(st);
	struct xchg_own own;
	struct xchg_theirs theirs;
	enum xchg_verdict verdict;
	uint64_t lost = 0;
	bool again;

	if (fault != NODE_GOODBYES_N) {
		session_goodbye(n, p, fault);
		return;
	}
	own = (struct xchg_own){ .given = { p->stream.out_epoch, p->stream.out_sequence },
				 .receipted = { p->stream.receipted_epoch, p->stream.out_receipted },
				 .resume = outbound_resume(p),
				 .held = { p->stream.in_epoch, p->stream.in_held },
				 .receipts_forgotten = { p->stream.forgotten_epoch, p->stream.forgotten_sequence } };
	theirs = (struct xchg_theirs){ .epoch = st->epoch,
				       .held = position_of(st->held),
				       .receipted = position_of(st->receipted),
				       .reconciling = st->reconciling,
				       .window = p->exchange->their_window };
	verdict = xchg_judge(&own, &theirs);
	/* A store that never heard of this peer, and a peer that holds something of ours. */
	if (!p->stored && theirs.held.sequence > 0)
		verdict = XCHG_WE_RESTORED;
	/* While we fetch back nothing has left in our epoch: one who holds something of
	 * it shows that the backup was made at such a time. */
	again = xchg_cmp(theirs.held, own.given) > 0;
	if ((!p->stream.reconciling || again) && verdict == XCHG_WE_RESTORED) {
		lost = epoch_lost(n, p, st, &own, &theirs);
		if (lost == 0) {
			session_goodbye(n, p, NODE_BYE_STATE_CLAIM);
			return;
		}
	}
	establish(n, p, st);
	if (p->stream.reconciling && !again) {
		forgive(n, p, theirs.receipted);
		keep_head(n, p, st->audit_head, head);
		p->exchange->sender.held = theirs.held;
		reconcile_start(n, p);
		return;
	}
	switch (verdict) {
	case XCHG_WE_RESTORED:
		reconcile_restored(n, p, lost);
		return;
	case XCHG_PEER_RESTORED:
		node_log(n, NODE_ALARM, NODE_EVENT_RESTORED, p->id,
			 "peer %s: it was restored from a backup and fetches back what it lost", p->id);
		break;
	case XCHG_NORMAL:
		node_log(n, NODE_INFO, NODE_EVENT_PEER_UP, p->id, "peer %s: connected, it holds %llu, we hold %llu",
			 p->id, (unsigned long long)theirs.held.sequence, (unsigned long long)own.held.sequence);
		break;
	}
	keep_head(n, p, st->audit_head, head);
	if (CY_MUTANT_PARCEL_ANEW) {
		batch_write(n, STORE_REQUEUE_ALL)->peer = batch_string(n, p->id);
		p->stream.out_sequence = p->stream.out_receipted;
	}
	waiting_heard(n, p, theirs.receipted);
	xchg_sender_open(&p->exchange->sender, &own, &theirs, n->config.window);
	p->waiting = true;
}
