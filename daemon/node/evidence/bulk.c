/* The bulk lane with each peer: sessions, tickets, what is done when. The bytes of evidence
 * pass through here without a batch; only that something is complete goes into one. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "wire/message.h"

/* ------------------------------------------------------------------- sessions */

static struct bulk *bulk_of(struct peer *p)
{
	if (p->bulk == NULL) {
		p->bulk = calloc(1, sizeof *p->bulk);
		CY_ASSERT(p->bulk != NULL);
		p->bulk->last_late = &p->bulk->late;
		p->bulk->look_for_work = true;
		p->bulk->paced = p->bulk->idle_since = CY_NEVER;
	}
	return p->bulk;
}

uint64_t bulk_session(const struct peer *p)
{
	return p->bulk != NULL ? p->bulk->session : 0;
}

struct bulk_progress bulk_progress(const struct node *n, const struct peer *p, const struct store_evidence *row)
{
	const struct bulk_pull *pull = bulk_pulling(p, row->message_id, row->attachment);
	const struct bulk_skip *skip = bulk_skipped(p, row->message_id, row->attachment);
	struct bulk_progress ret = { .fetching = pull != NULL, .paused_why = skip != NULL ? skip->why : NULL };

	if (pull != NULL)
		ret.here = pull->phase >= BULK_ARRIVED ? row->size
						       : n->ports.blobs.progress(n->ports.blobs.ctx, pull->part);
	for (size_t i = 0; p->bulk != NULL && i < XCHG_PULLS; i++) {
		const struct xchg_push *x = &p->bulk->pusher.at[i];

		if (x->id == 0 || !cy_digest_equal(&p->bulk->pushes[i].sha256, &row->sha256))
			continue;
		ret.sent = x->next * CY_CHUNK < row->size ? x->next * CY_CHUNK : row->size;
		break;
	}
	return ret;
}

struct bulk_counts bulk_counts(const struct peer *p)
{
	const struct bulk *b = p->bulk;
	struct bulk_counts ret = { 0 };

	for (size_t i = 0; b != NULL && i < XCHG_PULLS; i++) {
		ret.fetching += b->pulls[i].used;
		ret.sending += b->pusher.at[i].id != 0;
	}
	if (b != NULL && b->n_skipped > 0) {
		ret.paused = (uint32_t)b->n_skipped;
		ret.why = b->skipped[0].why;
	}
	return ret;
}

void bulk_free(struct peer *p)
{
	struct bulk *b = p->bulk;

	if (b == NULL)
		return;
	for (struct bulk_late *l = b->late, *next; l != NULL; l = next) {
		next = l->next;
		blob_release(&l->data);
		free(l);
	}
	free(b);
	p->bulk = NULL;
}

struct peer *bulk_peer_of(struct node *n, uint64_t session)
{
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->bulk != NULL && n->peers[i]->bulk->session == session && session != 0)
			return n->peers[i];
	return NULL;
}

void bulk_look(struct node *n)
{
	for (size_t i = 0; i < n->n_peers && n->ports.blobs.ctx != NULL; i++)
		if (n->peers[i]->configured || n->peers[i]->bulk != NULL)
			bulk_of(n->peers[i])->look_for_work = true;
}

int bulk_send(struct node *n, struct peer *p, const CyBulkFrame *frame)
{
	const size_t len = cy_bulk_frame__get_packed_size(frame);
	uint8_t *data = malloc(len + 1);
	int r;

	CY_ASSERT(data != NULL);
	cy_bulk_frame__pack(frame, data);
	r = n->ports.bulk.send(n->ports.bulk.ctx, p->bulk->session,
			       (struct blob_bytes){ .data = data, .len = len, .release = free, .owner = data });
	/* What is said here is little, and waits for nothing: a full queue is a peer that does not read. */
	if (r == CY_EAGAIN)
		bulk_close(n, p, "the peer does not read its bulk lane");
	return r;
}

void bulk_down(struct node *n, struct peer *p, const char *why)
{
	node_note(n, NODE_DEBUG, "peer %s: bulk session ended: %s", p->id, why);
	bulk_forget_pulls(n, p);
	p->bulk->session = 0;
	p->bulk->pusher = (struct xchg_pusher){ 0 };
	memset(p->bulk->pulled, 0, sizeof p->bulk->pulled);
	p->bulk->n_pulled = 0;
	p->bulk->puller = (struct xchg_puller){ 0 };
	p->bulk->look_for_work = true;
}

void bulk_close(struct node *n, struct peer *p, const char *why)
{
	const uint64_t session = p->bulk->session;

	if (session == 0)
		return;
	n->ports.bulk.close(n->ports.bulk.ctx, session, why);
	bulk_down(n, p, why);
}

static void say_goodbye(struct node *n, struct peer *p, CyGoodbye g)
{
	CyBulkFrame f = CY_BULK_FRAME__INIT;

	f.kind_case = CY_BULK_FRAME__KIND_GOODBYE;
	f.goodbye = &g;
	if (p->bulk->session == 0)
		return;
	bulk_send(n, p, &f);
	bulk_close(n, p, g.text);
}

void bulk_dismiss(struct node *n, struct peer *p, enum node_goodbye bye)
{
	say_goodbye(n, p, node_goodbye(bye, NULL));
}

void bulk_goodbye(struct node *n, struct peer *p, enum node_goodbye bye, const char *more)
{
	const CyGoodbye g = node_goodbye(bye, more);

	node_log(n, NODE_ALARM, NODE_EVENT_PEER_FAULT, p->id, "peer %s: bulk lane: %s", p->id, g.text);
	say_goodbye(n, p, g);
}

void bulk_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h)
{
	struct bulk *b = bulk_of(p);

	if (b->session != 0)
		bulk_dismiss(n, p, NODE_BYE_NEWER);
	b->session = session;
	b->idle_since = n->ports.clock.mono(n->ports.clock.ctx);
	b->puller.most = h->pulls < XCHG_PULLS ? h->pulls : XCHG_PULLS;
	b->look_for_work = true;
	n->ports.bulk.established(n->ports.bulk.ctx, session);
	bulk_work(n);
}

static void take_frame(struct node *n, struct peer *p, const CyBulkFrame *f)
{
	switch (f->kind_case) {
	case CY_BULK_FRAME__KIND_PULL:
		bulk_asked(n, p, f->pull);
		return;
	case CY_BULK_FRAME__KIND_CREDIT:
		bulk_credit(n, p, f->credit);
		return;
	case CY_BULK_FRAME__KIND_NOT_SENT:
		bulk_not_sent(n, p, f->not_sent);
		return;
	case CY_BULK_FRAME__KIND_CANCEL:
		bulk_cancelled(n, p, f->cancel);
		return;
	case CY_BULK_FRAME__KIND_GOODBYE:
		node_note(n, NODE_INFO, "peer %s: bulk lane: it said goodbye: %s", p->id,
			  node_goodbye_name(f->goodbye->code));
		if (f->goodbye->code == CY_GOODBYE_CODE__PROTOCOL)
			bulk_doubt_last(n, p);
		bulk_close(n, p, "the peer said goodbye");
		return;
	case CY_BULK_FRAME__KIND_HELLO:
	case CY_BULK_FRAME__KIND_SESSION_PROOF:
		bulk_goodbye(n, p, NODE_BYE_SECOND_PROOF, NULL);
		return;
	case CY_BULK_FRAME__KIND_CHUNK: /* read without copying */
	case CY_BULK_FRAME__KIND__NOT_SET:
	case _CY_BULK_FRAME__KIND__CASE_IS_INT_SIZE:
		break;
	}
	bulk_goodbye(n, p, NODE_BYE_UNKNOWN, NULL);
}

void bulk_frame(struct node *n, struct peer *p, struct blob_bytes frame)
{
	const struct cy_bytes bytes = cy_bytes(frame.data, frame.len);
	struct cy_error e = { 0 };
	ProtobufCMessage *m = NULL;
	struct wire_chunk c;
	int r = wire_chunk_read(bytes, &c, &e);

	if (r == CY_OK) {
		bulk_chunk(n, p, &c, frame);
		return;
	}
	if (r == CY_ENOENT)
		r = wire_unpack(&cy_bulk_frame__descriptor, bytes, CY_FRAME_MAX, &m, &e);
	if (r == CY_OK) {
		take_frame(n, p, (CyBulkFrame *)m);
		protobuf_c_message_free_unpacked(m, NULL);
	} else {
		bulk_goodbye(n, p, NODE_BYE_FRAME, e.text);
	}
	blob_release(&frame);
}

/* ------------------------------------------------------------------------ work */

static int any(void *arg, const struct store_evidence *row)
{
	(void)row;
	*(bool *)arg = true;
	return CY_OK;
}

/* Is there something to pull, or for the peer to pull? */
static void plan(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct bulk *b = p->bulk;
	bool waiting = false, offered = false, wanted;

	b->look_for_work = false;
	if (s->waiting_evidence(s->ctx, p->id, 1, any, &waiting) < 0 ||
	    s->offered_evidence(s->ctx, p->id, &offered) < 0) {
		b->look_for_work = true; /* tried again with the next wake-up */
		batch_retry(n);
		return;
	}
	wanted = p->configured && !n->stopping && node_understands(p, NODE_FEATURE_EVIDENCE) && (waiting || offered);
	if (wanted != b->wanted)
		n->ports.bulk.want(n->ports.bulk.ctx, p->id, wanted);
	b->wanted = wanted;
	if (b->session != 0)
		bulk_plan_pulls(n, p);
}

static bool is_idle(const struct bulk *b)
{
	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (b->pulls[i].used || b->pusher.at[i].id != 0)
			return false;
	return true;
}

static void work_peer(struct node *n, struct peer *p, struct cy_mono now)
{
	struct bulk *b = p->bulk;

	if (b->n_skipped > 0 && !cy_mono_before(now, b->skipped_until))
		bulk_skips_due(n, p);
	if (b->session != 0 && !p->configured)
		bulk_close(n, p, "this peer is not configured any more");
	if (b->look_for_work)
		plan(n, p);
	if (b->session == 0)
		return;
	if (!cy_mono_before(now, xchg_pull_stalls(&b->puller))) {
		bulk_goodbye(n, p, NODE_BYE_STALLS, NULL);
		return;
	}
	bulk_push_chunks(n, p);
	if (!is_idle(b))
		b->idle_since = CY_NEVER;
	else if (b->idle_since.ms == CY_NEVER.ms)
		b->idle_since = now;
	else if (!b->wanted && !cy_mono_before(now, cy_mono_add(b->idle_since, BULK_IDLE_MS)))
		bulk_close(n, p, "nothing is to be pulled");
}

void bulk_work(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	if (n->ports.blobs.ctx == NULL)
		return;
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->bulk != NULL)
			work_peer(n, n->peers[i], now);
	bulk_grant(n);
	evidence_sweep(n);
	evidence_rest(n);
	evidence_strays(n);
	batch_replan(n);
}

void bulk_start(struct node *n)
{
	bulk_look(n);
	bulk_work(n);
}

void bulk_released(struct node *n)
{
	bulk_batch_ended(n, true);
	if (n->batch.evidence)
		bulk_look(n);
}

void bulk_failed(struct node *n)
{
	bulk_batch_ended(n, false);
	bulk_look(n);
}

struct cy_mono bulk_next(const struct node *n)
{
	struct cy_mono next = CY_NEVER, at;

	for (size_t i = 0; i < n->n_peers && n->ports.blobs.ctx != NULL; i++) {
		const struct bulk *b = n->peers[i]->bulk;

		if (b == NULL)
			continue;
		if (b->n_skipped > 0 && cy_mono_before(b->skipped_until, next))
			next = b->skipped_until;
		if (b->session == 0)
			continue;
		at = xchg_pull_stalls(&b->puller);
		if (cy_mono_before(at, next))
			next = at;
		if (cy_mono_before(b->paced, next))
			next = b->paced;
		if (b->idle_since.ms != CY_NEVER.ms && !b->wanted &&
		    cy_mono_before(cy_mono_add(b->idle_since, BULK_IDLE_MS), next))
			next = cy_mono_add(b->idle_since, BULK_IDLE_MS);
	}
	return next;
}
