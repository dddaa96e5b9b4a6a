#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "node/internal.h"
#include "wire/message.h"

const char *const rig_peers[RIG_PEERS] = { "US-OIA", "DE" };

/* -------------------------------------------------------------------- link */

static size_t peer_of(const struct rig *r, uint64_t session)
{
	size_t i = 0;

	while (i < RIG_PEERS && (r->session[i] != session || session == 0))
		i++;
	return i;
}

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

static int link_send(void *ctx, uint64_t session, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	size_t peer = peer_of(r, session);
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	CyPeerFrame *f;

	if (peer == RIG_PEERS || r->closing[peer])
		return CY_ENOENT;
	CY_ASSERT(wire_unpack(&cy_peer_frame__descriptor, bytes, CY_FRAME_MAX, &m, &e) == CY_OK);
	f = (CyPeerFrame *)m;
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		is_durable_parcel(r, rig_peers[peer], f->parcel);
	if (f->kind_case == CY_PEER_FRAME__KIND_RECEIPT)
		is_durable_receipt(r, rig_peers[peer], f->receipt);
	if (f->kind_case == CY_PEER_FRAME__KIND_STATE)
		is_durable_state(r, rig_peers[peer], f->state);
	r->frame(r->ctx, peer, bytes, f);
	protobuf_c_message_free_unpacked(m, NULL);
	return CY_OK;
}

static int link_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct rig *r = ctx;

	return peer_of(r, session) == RIG_PEERS ? cy_fail(e, CY_ENOENT, "the session is over") : CY_OK;
}

static void link_established(void *ctx, uint64_t session)
{
	(void)ctx;
	(void)session;
}

static void link_close(void *ctx, uint64_t session, const char *why)
{
	struct rig *r = ctx;
	size_t peer = peer_of(r, session);

	if (peer == RIG_PEERS || r->closing[peer])
		return;
	r->closing[peer] = true;
	r->closed(r->ctx, peer, why);
}

/* ------------------------------------------------------------------- others */

static int local_answer(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	CY_ASSERT(wire_unpack(&cy_server_frame__descriptor, bytes, CY_LOCAL_FRAME_MAX, &m, &e) == CY_OK);
	r->answer(r->ctx, conn, (CyServerFrame *)m);
	protobuf_c_message_free_unpacked(m, NULL);
	return CY_OK;
}

static size_t local_queued(void *ctx, uint64_t conn)
{
	(void)ctx;
	(void)conn;
	return 0;
}

static void local_close(void *ctx, uint64_t conn)
{
	(void)ctx;
	(void)conn;
}

static struct cy_mono clock_mono(void *ctx)
{
	return (struct cy_mono){ ((struct rig *)ctx)->now - RIG_START_MS };
}

static struct cy_wall clock_wall(void *ctx)
{
	return (struct cy_wall){ ((struct rig *)ctx)->now };
}

static void clock_wake_at(void *ctx, struct cy_mono at)
{
	((struct rig *)ctx)->wake = at;
}

struct cy_digest rig_seal(const char *authority, struct cy_bytes text)
{
	struct cy_bytes pieces[] = { cy_bytes(authority, strlen(authority)), text };

	return cy_sha256v(pieces, 2);
}

static int signer_sign(void *ctx, uint64_t ticket, struct cy_bytes text)
{
	struct rig *r = ctx;

	if (r->n_signing == RIG_SIGNING)
		return CY_EAGAIN;
	r->signing[r->n_signing].ticket = ticket;
	r->signing[r->n_signing++].seal = rig_seal(RIG_SELF, text);
	return CY_OK;
}

static int signer_verify(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
			 struct cy_wall made, struct cy_error *e)
{
	struct cy_digest d = rig_seal(authority, text);

	(void)ctx;
	(void)made;
	if (!cy_bytes_equal(cy_bytes(d.b, sizeof d.b), signature))
		return cy_fail(e, CY_ESIGN, "the signature does not verify");
	return CY_OK;
}

static void random_fill(void *ctx, void *data, size_t len)
{
	struct rig *r = ctx;
	uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)cy_rng_next(&r->rng);
}

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	(void)ctx;
	(void)level;
	CY_ASSERT(cy_utf8_valid(text, strlen(text)));
	for (const char *s = text; *s != '\0'; s++)
		CY_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
	if (getenv("FUZZ_SHOW") != NULL)
		fprintf(stderr, "  %s\n", text);
}

static void facts_own(void *ctx, struct node_facts *ret)
{
	(void)ctx;
	*ret = (struct node_facts){ .disk_total = 1 };
}

static void facts_peer(void *ctx, const char *peer, struct node_peer_facts *ret)
{
	(void)ctx;
	(void)peer;
	*ret = (struct node_peer_facts){ 0 };
}

static int store_commit(void *ctx, struct store_writeset *w)
{
	struct rig *r = (struct rig *)((char *)ctx - offsetof(struct rig, store));

	if (r->committing != NULL)
		return CY_EAGAIN;
	r->committing = w;
	return CY_OK;
}

static void broken(void *ctx, const char *what)
{
	(void)ctx;
	fprintf(stderr, "the store: %s\n", what);
	abort();
}

/* --------------------------------------------------------------------- life */

static void start(struct rig *r)
{
	const struct node_peer_config peers[] = { { .id = rig_peers[0] }, { .id = rig_peers[1] } };
	const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true },
						      { "own", CY_ROLE__SUBMITTER, false } };
	const struct node_config config = { .authority = RIG_SELF,
					    .peers = peers,
					    .n_peers = RIG_PEERS,
					    .clients = clients,
					    .n_clients = 2,
					    .window = 4,
					    .undelivered_ms = INT64_C(30) * 86400000 };
	struct cy_error e = { 0 };

	CY_ASSERT(node_new(&config, &r->ports, &r->node, &e) == CY_OK);
}

static void drop_commit(struct rig *r)
{
	if (r->committing == NULL)
		return;
	store_writeset_free(r->committing);
	free(r->committing);
	r->committing = NULL;
}

void rig_open(struct rig *r)
{
	r->now = RIG_START_MS;
	r->rng.state = 1;
	mem_store_init(&r->store, rig_peers, RIG_PEERS, broken, r);
	mem_store_port(&r->store, &r->ports.store);
	r->ports.store.commit = store_commit;
	r->ports.link = (struct link_port){ r, link_send, link_proven, link_established, link_close };
	r->ports.local =
		(struct local_port){ .ctx = r, .send = local_answer, .queued = local_queued, .close = local_close };
	r->ports.clock = (struct clock_port){ r, clock_mono, clock_wall, clock_wake_at };
	r->ports.signer = (struct signer_port){ r, signer_sign, signer_verify };
	r->ports.random = (struct random_port){ r, random_fill };
	r->ports.journal = (struct journal_port){ .ctx = r, .note = journal_note };
	r->ports.facts = (struct facts_port){ r, facts_own, facts_peer };
	start(r);
}

void rig_close(struct rig *r)
{
	node_free(r->node);
	drop_commit(r);
	mem_store_free(&r->store);
}

void rig_restart(struct rig *r)
{
	node_free(r->node);
	drop_commit(r);
	r->n_signing = 0;
	for (size_t i = 0; i < RIG_PEERS; i++) {
		r->session[i] = 0;
		r->closing[i] = false;
	}
	start(r);
}

/* ------------------------------------------------------------------- driving */

/* Whatever is done to the node, what waits in it is bounded. */
static void is_bounded(const struct rig *r)
{
	size_t inputs = 0, conns = 0;

	for (const struct conn *c = r->node->conns; c != NULL; c = c->next)
		conns++;
	for (const struct input *in = r->node->inputs; in != NULL; in = in->next)
		inputs++;
	CY_ASSERT(inputs <= RIG_PEERS * (NODE_SESSION_INPUTS_MAX + 1) + conns * NODE_CLIENT_INPUTS_MAX);
}

void rig_up(struct rig *r, size_t peer)
{
	r->session[peer] = ++r->sessions;
	r->closing[peer] = false;
	node_link_up(r->node, rig_peers[peer], r->session[peer]);
	is_bounded(r);
}

void rig_down(struct rig *r, size_t peer)
{
	uint64_t session = r->session[peer];

	r->session[peer] = 0;
	r->closing[peer] = false;
	if (session != 0)
		node_link_down(r->node, session, "the connection ended");
}

void rig_frame(struct rig *r, size_t peer, struct cy_bytes bytes)
{
	if (r->session[peer] == 0 || r->closing[peer])
		return;
	node_link_frame(r->node, r->session[peer], bytes);
	is_bounded(r);
}

void rig_local(struct rig *r, uint64_t conn, struct cy_bytes bytes)
{
	node_local_frame(r->node, conn, bytes, -1);
	is_bounded(r);
}

static void sign(struct rig *r)
{
	size_t n = r->n_signing;
	int code = r->fail_signing ? CY_ESIGN : CY_OK;
	struct {
		uint64_t ticket;
		struct cy_digest seal;
	} now[RIG_SIGNING];

	/* The last one may ask for the next round. */
	memcpy(now, r->signing, n * sizeof now[0]);
	r->n_signing = 0;
	r->fail_signing = false;
	for (size_t i = 0; i < n; i++)
		node_signed(r->node, now[i].ticket, code,
			    cy_bytes(now[i].seal.b, code == CY_OK ? sizeof now[i].seal.b : 0));
}

static void commit(struct rig *r)
{
	struct store_writeset *w = r->committing;

	if (r->fail_commit) {
		drop_commit(r);
		r->fail_commit = false;
		node_committed(r->node, CY_ESTORE, "the disk is full");
		return;
	}
	r->committing = NULL;
	mem_store_apply(&r->store, w);
	node_committed(r->node, CY_OK, NULL);
}

void rig_settle(struct rig *r)
{
	for (unsigned steps = 0;; steps++) {
		CY_ASSERT(steps < 10000);
		if (r->n_signing > 0) {
			sign(r);
			continue;
		}
		if (r->committing != NULL) {
			commit(r);
			continue;
		}
		if (r->closing[0] || r->closing[1]) {
			rig_down(r, r->closing[0] ? 0 : 1);
			continue;
		}
		return;
	}
}

void rig_sleep(struct rig *r, int64_t ms)
{
	r->now += ms;
	if (r->wake.ms <= r->now - RIG_START_MS) {
		r->wake = CY_NEVER;
		node_wake(r->node);
	}
}
