/* The beginning of a session, on either lane: Hello, then the proof that the peer's
 * signing key speaks for this very connection. TLS has said which peer the certificate
 * may belong to; until the proof is good the connection counts for nothing: it takes no
 * session's place and changes nothing of what is held, shown or counted of the peer.
 * (proto/PROTOCOL.md, "Session") */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "comity/v1/bulk.pb-c.h"
#include "exchange/transfer.h"
#include "node/evidence/evidence.h"
#include "node/node.h"
#include "node/peers/parcels.h"
#include "wire/message.h"

struct greeting {
	struct greeting *next;
	struct peer *peer;
	uint64_t session;
	enum wire_lane lane;
	struct link_connection on;
	struct cy_digest said, heard; /* SHA-256 of our Hello frame and of theirs, as sent */
	CyHello *hello;               /* theirs; NULL: it has not come */
	struct cy_buf proof;          /* our text, while it is signed and afterwards */
	uint64_t ticket;              /* of that signature; 0: it waits for another one, or none is wanted */
	struct node_proof theirs;     /* once it was good */
	/* Dialler: HELLO, SIGNING, PROOF. Listener: HELLO, PROOF, SIGNING: who dials proves first. */
	enum {
		GREET_HELLO,   /* theirs is awaited */
		GREET_PROOF,   /* theirs is awaited */
		GREET_SIGNING, /* ours is being signed */
	} phase;
};

/* A frame of a greeting, of whichever lane: at most one of the three. */
struct greeting_frame {
	ProtobufCMessage *owner;
	CyHello *hello;
	CySessionProof *proof;
	CyGoodbye *goodbye;
};

/* ---------------------------------------------------------------- features */

static const char *const feature_words[] = {
#define X(name, word, what) word,
	NODE_FEATURES(X)
#undef X
};

static bool feature_own(const struct node *n, enum node_feature f)
{
	switch (f) {
	case NODE_FEATURE_EVIDENCE:
		return n->ports.blobs.ctx != NULL;
	case NODE_FEATURE_PROFILE_TEXT:
		return n->config.legal_data != NULL && n->config.legal_data->n_profiles > 0;
	case NODE_FEATURE_VERDICTS:
	case NODE_FEATURE_TOMBSTONES:
		return true;
	case NODE_FEATURES_N:
		break;
	}
	return false;
}

uint32_t greet_features(const CyHello *h)
{
	uint32_t features = 0;

	for (size_t i = 0; i < h->n_features; i++)
		for (size_t k = 0; k < NODE_FEATURES_N; k++)
			if (strcmp(h->features[i], feature_words[k]) == 0)
				features |= 1u << k;
	return features;
}

/* ------------------------------------------------------------------ frames */

static int send_frame(struct node *n, const struct greeting *g, const ProtobufCMessage *frame,
		      struct cy_digest *ret_digest)
{
	const size_t len = protobuf_c_message_get_packed_size(frame);
	uint8_t *data = malloc(len + 1);
	int r;

	CY_ASSERT(data != NULL);
	protobuf_c_message_pack(frame, data);
	if (ret_digest != NULL)
		*ret_digest = cy_sha256(cy_bytes(data, len));
	if (g->lane == WIRE_BULK)
		return n->ports.bulk.send(
			n->ports.bulk.ctx, g->session,
			(struct blob_bytes){ .data = data, .len = len, .release = free, .owner = data });
	r = n->ports.link.send(n->ports.link.ctx, g->session, cy_bytes(data, len));
	free(data);
	return r;
}

/* Say what is set of `f` on the greeting's lane. */
static int say(struct node *n, const struct greeting *g, const struct greeting_frame *f, struct cy_digest *ret_digest)
{
	CyPeerFrame peer = CY_PEER_FRAME__INIT;
	CyBulkFrame bulk = CY_BULK_FRAME__INIT;

	if (f->hello != NULL) {
		peer.kind_case = CY_PEER_FRAME__KIND_HELLO;
		bulk.kind_case = CY_BULK_FRAME__KIND_HELLO;
		peer.hello = bulk.hello = f->hello;
	} else if (f->proof != NULL) {
		peer.kind_case = CY_PEER_FRAME__KIND_SESSION_PROOF;
		bulk.kind_case = CY_BULK_FRAME__KIND_SESSION_PROOF;
		peer.session_proof = bulk.session_proof = f->proof;
	} else {
		peer.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
		bulk.kind_case = CY_BULK_FRAME__KIND_GOODBYE;
		peer.goodbye = bulk.goodbye = f->goodbye;
	}
	return send_frame(n, g, g->lane == WIRE_BULK ? &bulk.base : &peer.base, ret_digest);
}

/* CY_EPARSE also for a frame that has no place in a greeting. */
static int read_frame(const struct greeting *g, struct cy_bytes bytes, struct greeting_frame *ret, struct cy_error *e)
{
	const bool bulk = g->lane == WIRE_BULK;
	int r = wire_unpack(bulk ? &cy_bulk_frame__descriptor : &cy_peer_frame__descriptor, bytes, CY_FRAME_MAX,
			    &ret->owner, e);

	if (r < 0)
		return r;
	if (bulk) {
		CyBulkFrame *f = (CyBulkFrame *)ret->owner;

		ret->hello = f->kind_case == CY_BULK_FRAME__KIND_HELLO ? f->hello : NULL;
		ret->proof = f->kind_case == CY_BULK_FRAME__KIND_SESSION_PROOF ? f->session_proof : NULL;
		ret->goodbye = f->kind_case == CY_BULK_FRAME__KIND_GOODBYE ? f->goodbye : NULL;
		if (ret->hello != NULL) /* it outlives the frame */
			f->kind_case = CY_BULK_FRAME__KIND__NOT_SET;
	} else {
		CyPeerFrame *f = (CyPeerFrame *)ret->owner;

		ret->hello = f->kind_case == CY_PEER_FRAME__KIND_HELLO ? f->hello : NULL;
		ret->proof = f->kind_case == CY_PEER_FRAME__KIND_SESSION_PROOF ? f->session_proof : NULL;
		ret->goodbye = f->kind_case == CY_PEER_FRAME__KIND_GOODBYE ? f->goodbye : NULL;
		if (ret->hello != NULL)
			f->kind_case = CY_PEER_FRAME__KIND__NOT_SET;
	}
	return ret->hello != NULL || ret->proof != NULL || ret->goodbye != NULL
		       ? CY_OK
		       : cy_fail(e, CY_EPARSE, "a frame before the session proof, or of an unknown kind");
}

/* ----------------------------------------------------------------- the end */

static void drop(struct node *n, struct greeting *g)
{
	struct greeting **at = &n->exchange->greetings;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	cy_buf_free(&g->proof);
	node_proof_free(&g->theirs);
	if (g->hello != NULL)
		cy_hello__free_unpacked(g->hello, NULL);
	free(g);
}

/* What a connection that proved nothing may change: only that our own attempt to reach
 * the peer has failed. */
static bool tell_failed(struct node *n, const struct greeting *g, const char *why)
{
	const bool attempt = g->on.dialled && g->lane == WIRE_MESSAGES;

	if (attempt)
		node_link_failed(n, g->peer->id, why);
	return attempt;
}

static void close_connection(struct node *n, const struct greeting *g, const char *why)
{
	if (g->lane == WIRE_BULK)
		n->ports.bulk.close(n->ports.bulk.ctx, g->session, why);
	else
		n->ports.link.close(n->ports.link.ctx, g->session, why);
}

/* `more` is said in the place of the words; NULL: there is no more. */
static void refuse(struct node *n, struct greeting *g, enum node_goodbye bye, const char *more)
{
	CyGoodbye goodbye = node_goodbye(bye, more);
	const CyGoodbyeCode code = goodbye.code;
	const char *const why = goodbye.text;
	const bool alarm = code == CY_GOODBYE_CODE__IDENTITY || code == CY_GOODBYE_CODE__SIGNATURE;
	/* We want no connection, or have another one: nothing is wrong with this one. */
	const bool unwanted = code == CY_GOODBYE_CODE__SHUTDOWN || code == CY_GOODBYE_CODE__REPLACED;

	if (code == CY_GOODBYE_CODE__STORE)
		node_log(n, NODE_ALARM, NODE_EVENT_SIGNING, g->peer->id,
			 "peer %s: a connection ends before it was proven: %s", g->peer->id, why);
	else if (!unwanted)
		node_log(n, alarm ? NODE_ALARM : NODE_WARNING, alarm ? NODE_EVENT_PEER_TRUST : NODE_EVENT_PEER_FAULT,
			 g->peer->id, "peer %s: a connection %s was refused before it was proven: %s", g->peer->id,
			 g->on.dialled ? "to it" : "in its name", why);
	say(n, g, &(struct greeting_frame){ .goodbye = &goodbye }, NULL);
	close_connection(n, g, why);
	if (!unwanted)
		tell_failed(n, g, why);
	drop(n, g);
}

void greet_dismiss(struct node *n, const struct peer *p, enum node_goodbye bye)
{
	for (struct greeting *g = n->exchange->greetings, *next; g != NULL; g = next) {
		next = g->next;
		if (p == NULL || g->peer == p)
			refuse(n, g, bye, NULL);
	}
}

static struct greeting *find(struct node *n, uint64_t session)
{
	struct greeting *g = n->exchange->greetings;

	while (g != NULL && g->session != session)
		g = g->next;
	return g;
}

void greet_over(struct node *n, uint64_t session, const char *why)
{
	struct greeting *g = find(n, session);

	if (g == NULL)
		return;
	/* Whose peer's software breaks the protocol learns the reason from us alone. */
	if (!tell_failed(n, g, why))
		node_note(n, NODE_INFO, "peer %s: a connection that had proved nothing has ended: %s", g->peer->id,
			  why);
	drop(n, g);
}

static void peer_new(struct peer *p)
{
	p->exchange = calloc(1, sizeof *p->exchange);
	CY_ASSERT(p->exchange != NULL);
	p->exchange->answer_by = CY_NEVER;
}

void greet_peer_free(struct peer *p)
{
	cy_arena_free(&p->exchange->profiles_arena);
	for (size_t i = 0; i < NODE_LANES; i++)
		node_proof_free(&p->exchange->proof[i]);
	reconcile_forget(p);
	free(p->exchange);
}

void greet_new(struct node *n)
{
	n->peer_new = peer_new;
	n->exchange = calloc(1, sizeof *n->exchange);
	CY_ASSERT(n->exchange != NULL);
}

void greet_free(struct node *n)
{
	while (n->exchange->greetings != NULL)
		drop(n, n->exchange->greetings);
	free(n->exchange);
}

/* ------------------------------------------------------------------- Hello */

static void say_hello(struct node *n, struct greeting *g)
{
	CyHello h = CY_HELLO__INIT;
	char *features[NODE_FEATURES_N];
	uint8_t nonce[CY_HELLO_NONCE];

	n->ports.random.fill(n->ports.random.ctx, nonce, sizeof nonce);
	h.lowest_version = h.highest_version = CY_PROTOCOL_VERSION;
	h.from = n->authority;
	h.to = g->peer->id;
	h.instance_id = (ProtobufCBinaryData){ .data = n->instance, .len = sizeof n->instance };
	h.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	h.clock_ms = node_now(n).ms;
	h.features = features;
	for (size_t i = 0; i < NODE_FEATURES_N; i++)
		if (feature_own(n, (enum node_feature)i))
			features[h.n_features++] = (char *)feature_words[i];
	if (g->lane == WIRE_BULK) {
		h.pulls = XCHG_PULLS;
	} else {
		h.max_message_bytes = CY_MESSAGE_MAX;
		h.max_parcel_bytes = CY_PARCEL_BYTES_MAX;
		h.max_parcel_messages = CY_PARCEL_MESSAGES_MAX;
		h.window = n->config.window;
	}
	say(n, g, &(struct greeting_frame){ .hello = &h }, &g->said);
}

static bool is_zero(ProtobufCBinaryData d)
{
	for (size_t i = 0; i < d.len; i++)
		if (d.data[i] != 0)
			return false;
	return true;
}

/* NODE_GOODBYES_N: it is good. `text` is for a sentence with numbers in it; empty: there is none. */
static enum node_goodbye hello_fault(const struct node *n, const struct greeting *g, const CyHello *h, char *text,
				     size_t size)
{
	text[0] = '\0';
	if (h->lowest_version > CY_PROTOCOL_VERSION || h->highest_version < CY_PROTOCOL_VERSION) {
		snprintf(
			text, size,
			"no protocol version in common: this side speaks version %d, the other side %u to %u; the side "
			"with the lower one must be upgraded",
			CY_PROTOCOL_VERSION, h->lowest_version, h->highest_version);
		return NODE_BYE_VERSION;
	}
	if (h->n_critical > 0)
		return NODE_BYE_CRITICAL;
	if (strcmp(h->from, g->peer->id) != 0)
		return NODE_BYE_HELLO_FROM;
	if (strcmp(h->to, n->authority) != 0)
		return NODE_BYE_HELLO_TO;
	if (h->instance_id.len != 16 || h->nonce.len != CY_HELLO_NONCE || is_zero(h->instance_id))
		return NODE_BYE_HELLO_PARTS;
	if (g->lane == WIRE_BULK)
		return h->pulls == 0 ? NODE_BYE_HELLO_PULLS : NODE_GOODBYES_N;
	/* The smallest limits that a peer may state are those of the protocol. */
	if (h->window < 1 || h->max_message_bytes < CY_MESSAGE_MAX || h->max_parcel_bytes < CY_PARCEL_BYTES_MAX ||
	    h->max_parcel_messages < CY_PARCEL_MESSAGES_MAX)
		return NODE_BYE_HELLO_LIMITS;
	return NODE_GOODBYES_N;
}

/* ------------------------------------------------------------------- proof */

static enum wire_role own_role(const struct greeting *g)
{
	return g->on.dialled ? WIRE_DIALLER : WIRE_LISTENER;
}

static void sign_proof(struct node *n, struct greeting *g)
{
	struct wire_text t = { .type = WIRE_SESSION_PROOF,
			       .made = node_legal_now(n),
			       .role = own_role(g),
			       .lane = g->lane,
			       .hello_from = g->said,
			       .hello_to = g->heard,
			       .binding = g->peer->tunnel ? WIRE_CERTIFICATE : WIRE_EXPORTER,
			       .bound = g->peer->tunnel ? g->on.ours : g->on.exporter };

	cy_copy(t.from, sizeof t.from, n->authority);
	cy_copy(t.to, sizeof t.to, g->peer->id);
	CY_ASSERT(wire_text_write(&t, &g->proof) == CY_OK);
	g->ticket = ++n->last_ticket;
	if (!signing_allowed(n, node_now(n)) ||
	    n->ports.signer.sign(n->ports.signer.ctx, g->ticket, cy_buf_view(&g->proof)) < 0)
		refuse(n, g, NODE_BYE_NOT_SIGNED, NULL);
	else
		g->peer->exchange->proving[g->lane] = g->ticket;
}

/* One signature for a peer and lane at a time: who connects over and over must not fill the signer
 * with proofs for connections that have gone. */
static void make_proof(struct node *n, struct greeting *g)
{
	g->phase = GREET_SIGNING;
	if (g->peer->exchange->proving[g->lane] == 0)
		sign_proof(n, g);
}

/* What the proof says of the connection, against what was seen of it; NODE_GOODBYES_N: it is good. */
static enum node_goodbye proof_fault(const struct greeting *g, const struct wire_text *t)
{
	const enum wire_binding binding = g->peer->tunnel ? WIRE_CERTIFICATE : WIRE_EXPORTER;
	const struct cy_digest *bound = g->peer->tunnel ? &g->on.theirs : &g->on.exporter;

	if (t->role == own_role(g))
		return NODE_BYE_PROOF_ROLE;
	if (t->lane != g->lane)
		return NODE_BYE_PROOF_LANE;
	if (!cy_digest_equal(&t->hello_from, &g->heard) || !cy_digest_equal(&t->hello_to, &g->said))
		return NODE_BYE_PROOF_HELLOS;
	if (t->binding != binding)
		return g->peer->tunnel ? NODE_BYE_PROOF_EXPORTER : NODE_BYE_PROOF_CERTIFICATE;
	if (CY_MUTANT_PROOF_UNBOUND)
		return NODE_GOODBYES_N;
	return cy_digest_equal(&t->bound, bound) ? NODE_GOODBYES_N : NODE_BYE_PROOF_CONNECTION;
}

/* The peer is who it says: the session begins. As listener `ours` is said first. */
static void begin(struct node *n, struct greeting *g, CySessionProof *ours)
{
	struct peer *p = g->peer;
	const uint64_t session = g->session;
	const enum wire_lane lane = g->lane;
	struct node_proof theirs;
	struct cy_error e = { 0 };
	int r = lane == WIRE_BULK ? n->ports.bulk.proven(n->ports.bulk.ctx, session, &e)
				  : n->ports.link.proven(n->ports.link.ctx, session, &e);
	CyHello *h;

	if (r < 0) {
		refuse(n, g, NODE_BYE_OTHER_STAYS, e.text);
		return;
	}
	if (ours != NULL)
		say(n, g, &(struct greeting_frame){ .proof = ours }, NULL);
	h = g->hello;
	g->hello = NULL;
	theirs = g->theirs;
	g->theirs = (struct node_proof){ 0 };
	drop(n, g);
	if (lane == WIRE_BULK)
		bulk_proven(n, p, session, h);
	else
		session_proven(n, p, session, h);
	node_proof_free(&p->exchange->proof[lane]);
	p->exchange->proof[lane] = theirs;
	cy_hello__free_unpacked(h, NULL);
}

static bool signed_for(struct node *n, uint64_t ticket, struct peer **ret_peer, enum wire_lane *ret_lane)
{
	for (size_t i = 0; i < n->n_peers; i++)
		for (size_t lane = 0; lane < NODE_LANES; lane++)
			if (n->peers[i]->exchange->proving[lane] == ticket) {
				*ret_peer = n->peers[i];
				*ret_lane = (enum wire_lane)lane;
				return true;
			}
	return false;
}

static void sign_next(struct node *n, const struct peer *p, enum wire_lane lane)
{
	for (struct greeting *g = n->exchange->greetings; g != NULL; g = g->next)
		if (g->peer == p && g->lane == lane && g->phase == GREET_SIGNING && g->ticket == 0) {
			sign_proof(n, g);
			return;
		}
}

bool greet_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature)
{
	CySessionProof proof = CY_SESSION_PROOF__INIT;
	CySignedText st = CY_SIGNED_TEXT__INIT;
	struct greeting *g = n->exchange->greetings;
	struct peer *p;
	enum wire_lane lane;

	if (!signed_for(n, ticket, &p, &lane))
		return false;
	p->exchange->proving[lane] = 0;
	while (g != NULL && g->ticket != ticket)
		g = g->next;
	sign_next(n, p, lane);
	if (g == NULL) /* its connection has gone */
		return true;
	if (code < 0) {
		refuse(n, g, NODE_BYE_NOT_SIGNED, NULL);
		return true;
	}
	st.text = (ProtobufCBinaryData){ .data = g->proof.data, .len = g->proof.len };
	st.signature = (ProtobufCBinaryData){ .data = (uint8_t *)signature.data, .len = signature.len };
	proof.proof = &st;
	if (!g->on.dialled) {
		begin(n, g, &proof);
		return true;
	}
	g->phase = GREET_PROOF;
	say(n, g, &(struct greeting_frame){ .proof = &proof }, NULL);
	return true;
}

/* ------------------------------------------------------------------- steps */

static void take_hello(struct node *n, struct greeting *g, CyHello *h, struct cy_bytes bytes)
{
	char text[200];
	const enum node_goodbye fault = hello_fault(n, g, h, text, sizeof text);

	g->hello = h;
	g->heard = cy_sha256(bytes);
	if (fault != NODE_GOODBYES_N) {
		refuse(n, g, fault, text[0] != '\0' ? text : NULL);
		return;
	}
	if (g->on.dialled) {
		make_proof(n, g);
		return;
	}
	g->phase = GREET_PROOF;
	say_hello(n, g);
}

static void take_proof(struct node *n, struct greeting *g, const CySessionProof *proof)
{
	struct cy_error e = { 0 };
	struct wire_text *t = NULL;
	enum node_goodbye fault;
	int r = node_check_text(n, proof->proof, WIRE_SESSION_PROOF, g->peer->id, n->authority, &t, &e);

	if (r < 0) {
		refuse(n, g,
		       r == CY_ESIGN     ? NODE_BYE_SIGNATURE
		       : r == CY_EDENIED ? NODE_BYE_PROOF_PARTIES
					 : NODE_BYE_PROOF_TEXT,
		       e.text);
		return;
	}
	fault = proof_fault(g, t);
	free(t);
	if (fault != NODE_GOODBYES_N) {
		refuse(n, g, fault, NULL);
		return;
	}
	g->theirs.text = CY_BUF(CY_MANIFEST_MAX);
	g->theirs.signature = CY_BUF(CY_SIGNATURE_MAX);
	CY_ASSERT(cy_buf_add(&g->theirs.text, proof->proof->text.data, proof->proof->text.len) == CY_OK &&
		  cy_buf_add(&g->theirs.signature, proof->proof->signature.data, proof->proof->signature.len) == CY_OK);
	if (g->on.dialled)
		begin(n, g, NULL);
	else
		make_proof(n, g);
}

void node_proof_free(struct node_proof *p)
{
	cy_buf_free(&p->text);
	cy_buf_free(&p->signature);
}

/* Is the proof of a session still one by the certificates that are pinned now, at this time? */
static bool stands(struct node *n, const struct peer *p, enum wire_lane lane)
{
	const struct signer_port *s = &n->ports.signer;

	return s->verify(s->ctx, p->id, cy_buf_view(&p->exchange->proof[lane].text),
			 cy_buf_view(&p->exchange->proof[lane].signature), node_legal_now(n), NULL) == CY_OK;
}

void node_judge_proofs(struct node *n)
{
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];

		if (p->session != 0 && !stands(n, p, WIRE_MESSAGES))
			session_dismiss(n, p, NODE_BYE_PROOF_OVER);
		if (bulk_session(p) != 0 && !stands(n, p, WIRE_BULK))
			bulk_dismiss(n, p, NODE_BYE_PROOF_OVER);
	}
}

static void take_goodbye(struct node *n, struct greeting *g, const CyGoodbye *goodbye)
{
	/* What one of version 1 says to a hello of version 2 names another reason. */
	const bool old = g->phase == GREET_HELLO && goodbye->code == CY_GOODBYE_CODE__PROTOCOL;
	const char *const before =
		old ? " before its hello, as protocol version 1 does (this side speaks version 2; the peer must be "
		      "upgraded)"
		    : "";
	struct peer *p = g->peer;
	char farewell[128], why[256], fault[sizeof p->last_fault];

	snprintf(why, sizeof why, "the peer said goodbye%s: %s", before, node_goodbye_name(goodbye->code));
	/* The sentence is for the status: nobody knows what a peer puts into it. */
	cy_line(farewell, sizeof farewell, goodbye->text);
	snprintf(fault, sizeof fault, "the peer said goodbye%s: %.*s", before, old ? 16 : 120, farewell);
	cy_utf8_mend(fault);
	/* Whoever hands on what both sides say is found out by the one who listens; who has dialled learns it here. */
	if (g->on.dialled &&
	    (goodbye->code == CY_GOODBYE_CODE__IDENTITY || goodbye->code == CY_GOODBYE_CODE__SIGNATURE))
		node_log(n, NODE_ALARM, NODE_EVENT_PEER_TRUST, g->peer->id,
			 "peer %s: it does not believe that a connection is ours: goodbye %s; compare names, tunnel "
			 "and certificates with it, and if they are right somebody stands between",
			 g->peer->id, node_goodbye_name(goodbye->code));
	else
		node_note(n, NODE_INFO, "peer %s: it refuses a connection before its proof: %s", g->peer->id,
			  node_goodbye_name(goodbye->code));
	/* Who dialled it knows at least whom it asked. */
	if (g->on.dialled && g->lane == WIRE_MESSAGES && g->phase == GREET_PROOF &&
	    goodbye->code == CY_GOODBYE_CODE__SIGNATURE)
		signing_refused(n, g->peer, false);
	close_connection(n, g, why);
	if (strcmp(p->last_fault, fault) != 0 && tell_failed(n, g, why) && p->session == 0)
		memcpy(p->last_fault, fault, sizeof fault);
	drop(n, g);
}

static void take_frame(struct node *n, struct greeting *g, struct greeting_frame *f, struct cy_bytes bytes)
{
	if (f->goodbye != NULL) {
		take_goodbye(n, g, f->goodbye);
	} else if (f->hello != NULL && g->phase == GREET_HELLO) {
		take_hello(n, g, f->hello, bytes);
		f->hello = NULL;
	} else if (f->proof != NULL && g->phase == GREET_PROOF) {
		take_proof(n, g, f->proof);
	} else {
		refuse(n, g, f->hello != NULL ? NODE_BYE_SECOND_HELLO : NODE_BYE_PROOF_TURN, NULL);
	}
}

bool greet_frame(struct node *n, uint64_t session, struct cy_bytes bytes)
{
	struct greeting *g = find(n, session);
	struct greeting_frame f = { 0 };
	struct cy_error e = { 0 };
	char why[300];

	if (g == NULL)
		return false;
	if (read_frame(g, bytes, &f, &e) == CY_OK) {
		take_frame(n, g, &f, bytes);
	} else {
		snprintf(why, sizeof why, "%.200s%s", e.text,
			 g->phase == GREET_HELLO ? " (protocol version 2 begins with its hello)" : "");
		refuse(n, g, f.owner != NULL ? NODE_BYE_EARLY : NODE_BYE_FRAME, why);
	}
	if (f.hello != NULL)
		cy_hello__free_unpacked(f.hello, NULL);
	if (f.owner != NULL)
		protobuf_c_message_free_unpacked(f.owner, NULL);
	return true;
}

void greet_begin(struct node *n, struct peer *p, uint64_t session, enum wire_lane lane,
		 const struct link_connection *on)
{
	struct greeting *g = calloc(1, sizeof *g);

	CY_ASSERT(g != NULL);
	g->peer = p;
	g->session = session;
	g->lane = lane;
	g->on = *on;
	g->proof = CY_BUF(CY_MANIFEST_MAX);
	g->next = n->exchange->greetings;
	n->exchange->greetings = g;
	/* Who calls says first who it is. */
	if (g->on.dialled)
		say_hello(n, g);
}
