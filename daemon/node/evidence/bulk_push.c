/* What a peer pulls from us: only what a message that it accepted has offered to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"

/* ------------------------------------------------------------------------ rate */

/* The rate that holds for this peer now, bytes a second; 0: none. */
static uint64_t rate(const struct node *n, const struct peer *p)
{
	const struct law_zone *z =
		n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, n->place.zone) : NULL;
	const struct cy_wall now = n->ports.clock.wall(n->ports.clock.ctx);
	int32_t ms = (int32_t)(now.ms % INT64_C(86400000));
	uint32_t minute;

	if (p->n_rates == 0)
		return 0;
	if (z != NULL)
		law_local_date(z, now, &ms);
	minute = (uint32_t)ms / 60000;
	for (size_t i = 0; i < p->n_rates; i++) {
		const struct node_rate *r = &p->rates[i];
		const bool over_midnight = r->until <= r->from;

		if (over_midnight ? minute >= r->from || minute < r->until : minute >= r->from && minute < r->until)
			return r->bytes_per_second;
	}
	return 0;
}

/* -------------------------------------------------------------------- doubts */

static void doubt(struct node *n, struct peer *p, const struct cy_digest *sha256)
{
	struct blob_port *port = &n->ports.blobs;
	struct bulk *b = p->bulk;
	struct blob_ticket *t;

	for (size_t i = 0; i < b->n_doubted; i++)
		if (cy_digest_equal(&b->doubted[i], sha256))
			return;
	/* Whoever complains again and again makes no more work: each chunk is verified when it is sent. */
	if (b->n_doubted == BULK_DOUBTED_MAX)
		return;
	b->doubted[b->n_doubted++] = *sha256;
	t = blob_take(n, BLOB_DOUBTED);
	t->peer = p;
	t->sha256 = *sha256;
	if (port->verify(port->ctx, t->id, sha256, 0) < 0)
		blob_untake(n, t);
}

void bulk_doubt_last(struct node *n, struct peer *p)
{
	struct bulk *b = p->bulk;

	for (size_t i = 0; i < XCHG_PULLS && i < b->n_pulled; i++)
		doubt(n, p, &b->pulled[(b->n_pulled - 1 - i) % BULK_PULLED_MAX].sha256);
}

void bulk_doubt_over(struct node *n, struct blob_ticket *t, const struct blob_result *r)
{
	const char *id = t->peer->id;
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&t->sha256, hex);
	evidence_found(n, &t->sha256, r->code);
	if (r->code == CY_OK)
		node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, id,
			 "peer %s: it says that evidence of ours is not what its manifest says; content %s was read "
			 "again, and all of it is: the fault is at the peer, or in the memory of one side",
			 id, hex);
	else if (r->code != CY_ENOENT && r->code != CY_ESIGN)
		node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, id, "peer %s: evidence cannot be read for it: %s", id,
			 r->text);
}

/* --------------------------------------------------------------------- asking */

static void say_not_sent(struct node *n, struct peer *p, uint32_t number, CyNotSentCode code, bool destroyed)
{
	CyNotSent s = CY_NOT_SENT__INIT;
	CyBulkFrame f = CY_BULK_FRAME__INIT;

	s.pull = number;
	s.code = code;
	s.destroyed = destroyed;
	f.kind_case = CY_BULK_FRAME__KIND_NOT_SENT;
	f.not_sent = &s;
	bulk_send(n, p, &f);
}

static void refuse(struct node *n, struct peer *p, uint32_t number, CyNotSentCode code)
{
	say_not_sent(n, p, number, code, false);
}

struct offer {
	const struct peer *p;
	const CyPull *f;
	bool offered, destroyed, flawed;
	uint64_t size;
	struct cy_digest sha256;
};

static int look_offer(void *arg, const struct store_evidence *row)
{
	struct offer *o = arg;

	o->offered = row->author == STORE_OWN && strcmp(row->peer, o->p->id) == 0 &&
		     o->f->sha256.len == CY_SHA256_LEN && memcmp(row->sha256.b, o->f->sha256.data, CY_SHA256_LEN) == 0;
	/* What the receiver has stated as destroyed it had had: it was restored, and is to know again. */
	o->destroyed = row->deleted || row->state == STORE_EVIDENCE_DESTROYED;
	o->flawed = row->flaw != STORE_SOUND;
	o->size = row->size;
	o->sha256 = row->sha256;
	return CY_OK;
}

/* The message has gone to this peer, which did not reject it. */
static int look_message(void *arg, const struct store_message *row)
{
	struct offer *o = arg;

	if (row->void_code != 0 || row->sequence == 0 || strcmp(row->peer, o->p->id) != 0)
		o->offered = false;
	return CY_OK;
}

void bulk_asked(struct node *n, struct peer *p, const CyPull *f)
{
	struct store_port *s = &n->ports.store;
	struct offer o = { .p = p, .f = f };
	struct xchg_push *x;
	int r;

	/* That is wrong whatever it asks for. */
	if (!xchg_push_proper(&p->bulk->pusher, f->pull, f->credit)) {
		bulk_goodbye(n, p, NODE_BYE_PULL, NULL);
		return;
	}
	r = s->get_evidence(s->ctx, f->message_id, f->attachment, look_offer, &o);
	if (r == CY_OK && o.offered)
		r = s->get_message(s->ctx, f->message_id, look_message, &o);
	if (r < 0 && r != CY_ENOENT) {
		refuse(n, p, f->pull, CY_NOT_SENT_CODE__NOT_NOW);
		return;
	}
	if (r == CY_ENOENT || (!o.offered && !CY_MUTANT_NEVER_OFFERED_SENT)) {
		node_log(n, NODE_WARNING, NODE_EVENT_PEER_FAULT, p->id,
			 "peer %s: it asks for evidence that was never offered to it", p->id);
		refuse(n, p, f->pull, CY_NOT_SENT_CODE__NEVER_OFFERED);
		return;
	}
	if (o.destroyed || o.flawed) {
		say_not_sent(n, p, f->pull, CY_NOT_SENT_CODE__GONE, o.destroyed);
		return;
	}
	r = xchg_push_begin(&p->bulk->pusher, f->pull, f->first_chunk, blob_chunks(o.size), f->credit, &x);
	if (r < 0) {
		refuse(n, p, f->pull,
		       r == CY_ELIMIT ? CY_NOT_SENT_CODE__TOO_MANY_PULLS : CY_NOT_SENT_CODE__NO_SUCH_CHUNK);
		return;
	}
	p->bulk->pushes[x - p->bulk->pusher.at] = (struct bulk_push){ o.sha256, o.size };
	p->bulk->pulled[p->bulk->n_pulled++ % BULK_PULLED_MAX] = (struct bulk_pulled){ f->pull, o.sha256 };
}

void bulk_credit(struct node *n, struct peer *p, const CyCredit *f)
{
	struct xchg_push *x = xchg_push_find(&p->bulk->pusher, f->pull);

	/* One that has ended by not_sent meanwhile. */
	if (x == NULL)
		return;
	if (xchg_push_credit(x, f->chunks) < 0)
		bulk_goodbye(n, p, NODE_BYE_CREDIT, NULL);
}

void bulk_cancelled(struct node *n, struct peer *p, const CyCancel *f)
{
	struct xchg_push *x = xchg_push_find(&p->bulk->pusher, f->pull);

	if (x != NULL)
		xchg_push_end(x);
	if (f->code != CY_CANCEL_CODE__CHUNK_DIFFERS)
		return;
	for (size_t i = 0; i < BULK_PULLED_MAX; i++)
		if (p->bulk->pulled[i].number == f->pull && f->pull != 0) {
			doubt(n, p, &p->bulk->pulled[i].sha256);
			return;
		}
}

/* -------------------------------------------------------------------- sending */

void bulk_push_chunks(struct node *n, struct peer *p)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct blob_port *b = &n->ports.blobs;
	struct bulk *k = p->bulk;
	struct xchg_push *x;

	xchg_pace_set(&k->pace, rate(n, p), now);
	k->paced = CY_NEVER;
	while (!n->evidence->blobs_full && k->reading < BULK_READS_MAX &&
	       n->ports.bulk.room(n->ports.bulk.ctx, k->session) && (x = xchg_push_next(&k->pusher)) != NULL) {
		struct blob_ticket *t;
		uint64_t left;

		if (!xchg_pace_may(&k->pace, now, &k->paced)) {
			xchg_push_again(&k->pusher, x);
			return;
		}
		t = blob_take(n, BLOB_CHUNK_PUSH);
		t->peer = p;
		t->session = k->session;
		t->slot = (size_t)(x - k->pusher.at);
		t->number = x->id;
		t->sha256 = k->pushes[t->slot].sha256;
		x->reading = true;
		k->reading++;
		if (blob_taken(n, b->read(b->ctx, t->id, &t->sha256, x->next, true)) < 0) {
			x->reading = false;
			k->reading--;
			blob_untake(n, t);
			xchg_push_again(&k->pusher, x);
			return;
		}
		left = k->pushes[t->slot].size - x->next * CY_CHUNK;
		xchg_pace_left(&k->pace, left < CY_CHUNK ? (size_t)left : CY_CHUNK);
	}
}

static void send_chunk(struct node *n, struct peer *p, struct xchg_push *x, struct blob_result *r)
{
	struct wire_chunk c = { .pull = x->id, .chunk = x->next, .n_path = r->n_path };
	uint8_t head[WIRE_CHUNK_HEAD_MAX];
	struct blob_bytes frame = r->data;
	size_t len;

	memcpy(c.path, r->path, r->n_path * sizeof r->path[0]);
	len = wire_chunk_head(&c, r->data.len, head);
	CY_ASSERT(len <= BLOB_HEADROOM);
	frame.data -= len;
	frame.len += len;
	memcpy(frame.data, head, len);
	r->data = (struct blob_bytes){ 0 };
	x->next++;
	if (x->next == x->chunks)
		xchg_push_end(x);
	if (n->ports.bulk.send(n->ports.bulk.ctx, p->bulk->session, frame) < 0)
		bulk_close(n, p, "the peer does not read its bulk lane");
}

static bool is_lost(int code)
{
	return code == CY_ENOENT || code == CY_ESIGN;
}

void bulk_push_done(struct node *n, struct blob_ticket *t, struct blob_result *r)
{
	struct peer *p = t->peer;
	struct xchg_push *x = &p->bulk->pusher.at[t->slot];

	p->bulk->reading--;
	if (is_lost(r->code))
		evidence_found(n, &t->sha256, r->code);
	else if (r->code < 0)
		node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, p->id, "peer %s: evidence cannot be read for it: %s",
			 p->id, r->text);
	if (r->code < 0 || p->bulk->session != t->session || x->id != t->number)
		return;
	x->reading = false;
	send_chunk(n, p, x, r);
}

void bulk_push_refuse(struct node *n, const struct blob_ticket *t, int code)
{
	struct peer *p = t->peer;
	struct xchg_push *x = &p->bulk->pusher.at[t->slot];

	if (p->bulk->session != t->session || x->id != t->number)
		return;
	x->reading = false;
	refuse(n, p, x->id, is_lost(code) ? CY_NOT_SENT_CODE__GONE : CY_NOT_SENT_CODE__NOT_NOW);
	if (p->bulk->session != 0)
		xchg_push_end(x);
}
