/* Stored parcels that leave again: byte for byte, or never again. What a peer would not take is
 * dissolved, with all that follows it: no place is signed twice, and the messages travel anew in
 * a later epoch of this stream (proto/PROTOCOL.md, "Dissolved parcels"). */
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/evidence.h"
#include "node/peers/parcels.h"

struct again {
	struct node *n;
	struct peer *p;
	size_t rows;
	bool dissolves;      /* one was dissolved: so is all that follows */
	struct xchg_pos pos; /* of the one whose messages travel anew */
	/* Of the message that waits again last. */
	CyPriority priority;
	char case_id[CY_UUID_LEN + 1]; /* "": none does */
	uint32_t rejected;             /* its number, where it had been rejected; 0: it had not */
	struct parcel_content content;
	struct wire_text *text; /* of one row after the other */
};

/* A message of a dissolved parcel. It keeps its place: it has left once, and no age limit
 * says otherwise. */
static int requeue(void *arg, const struct store_message *row)
{
	struct again *a = arg;
	struct node *n = a->n;
	struct store_write *w;
	int r = CY_OK;

	if (row->author != STORE_OWN || strcmp(row->peer, a->p->id) != 0 || row->epoch != a->pos.epoch ||
	    row->sequence != a->pos.sequence ||
	    (row->transport != STORE_RELAYED && row->transport != STORE_TRANSMITTED &&
	     (row->transport != STORE_FAILED || row->void_code != 0)))
		return CY_OK;
	/* Its content is gone and cannot be signed for anew: who has lost it does without. */
	if (row->content.len == 0 && row->erasure != STORE_KEPT) {
		node_log(n, NODE_WARNING, NODE_EVENT_RESTORED, a->p->id,
			 "peer %s: message %s was erased here, and the peer may have lost it: it cannot travel anew",
			 a->p->id, row->id);
		return CY_OK;
	}
	w = batch_write(n, STORE_MARK_MESSAGE);
	w->message = *row;
	w->message.id = batch_string(n, row->id);
	/* It is judged anew. */
	w->message.void_code = 0;
	w->message.void_reason = "";
	w->message.transport = STORE_QUEUED;
	a->rejected = row->void_code != 0 ? row->number : 0;
	a->priority = row->priority;
	if (cy_copy(a->case_id, sizeof a->case_id, row->case_id) < 0)
		return CY_ESTORE;
	/* A peer that had accepted it and lost it has lost what it came with. */
	if (row->transport == STORE_RELAYED)
		r = evidence_receipted(n, a->p->id, row->case_id, row->id,
				       row->void_code == 0 ? EVIDENCE_LOST : EVIDENCE_REVIVED);
	if (r == CY_EDAMAGED)
		cases_damaged(n, a->p->id, row->case_id, "evidence of");
	return r == CY_EDAMAGED ? CY_OK : r;
}

static int find_most_urgent(void *arg, const struct store_message *row)
{
	CyPriority *most = arg;

	if (row->author == STORE_OWN && row->transport == STORE_QUEUED && row->priority > *most)
		*most = row->priority;
	return CY_OK;
}

/* Nobody in the queue is less urgent than what waits behind it in its case: what this batch
 * has put there before it, or what was there already. */
static int raise_case(struct again *a)
{
	struct node *n = a->n;
	const struct peer *p = a->p;
	struct store_port *s = &n->ports.store;
	CyPriority most = a->priority;
	struct store_write *w;
	int r = s->case_messages(s->ctx, p->id, a->case_id, find_most_urgent, &most);

	/* It waits as it is: the queue lets nothing overtake in a case. */
	if (r == CY_EDAMAGED) {
		cases_damaged(n, p->id, a->case_id, "");
		r = CY_OK;
	}
	for (const struct outgoing *o = n->batch.accepted; r == CY_OK && o != NULL; o = o->next)
		if (o->peer == p && strcmp(o->case_id, a->case_id) == 0 && o->priority > most)
			most = o->priority;
	if (r < 0 || most == CY_PRIORITY__LOW)
		return r;
	w = batch_write(n, STORE_RAISE);
	w->raise.peer = batch_string(n, p->id);
	w->raise.case_id = batch_string(n, a->case_id);
	w->raise.priority = most;
	return CY_OK;
}

/* It counts in its case like any other that waits, until it is rejected again. */
static int count_again(struct again *a)
{
	int r = CY_OK;
	struct work_case *c = a->rejected > 0 ? cases_or_stand_in(a->n, a->p->id, a->case_id, true, &r) : NULL;

	if (c != NULL)
		cases_void(a->n, c, c->row.side, a->rejected, false);
	return r;
}

static void begin_epoch(struct node *n, struct peer *p)
{
	p->stream.out_epoch = xchg_new_epoch(node_now(n), p->stream.out_epoch);
	p->stream.out_sequence = 0;
	batch_put_stream(n, p);
}

/* Has the epoch begun in which the messages of dissolved parcels travel anew, and nothing been given in it yet? That
 * of a restored store begins with a mark of its own. */
static bool is_dissolving(const struct peer *p)
{
	return p->stream.out_sequence == 0 && p->stream.receipted_epoch != p->stream.out_epoch;
}

/* Its messages wait again. Its row stays: a receipt may still come for it. */
static int give_up(struct again *a, const struct store_parcel *row)
{
	struct node *n = a->n;
	struct peer *p = a->p;
	struct store_port *s = &n->ports.store;
	struct wire_text *t = a->text;
	struct store_write *w;
	char hex[CY_SHA256_HEX];
	int r = wire_text_read(row->manifest, t, NULL);

	a->pos = (struct xchg_pos){ row->epoch, row->sequence };
	w = batch_write(n, STORE_DISSOLVE);
	w->parcel.peer = batch_string(n, p->id);
	w->parcel.author = STORE_OWN;
	w->parcel.epoch = row->epoch;
	w->parcel.sequence = row->sequence;
	for (size_t i = 0; r == CY_OK && i < t->n; i++) {
		a->case_id[0] = '\0';
		r = s->get_message(s->ctx, t->entries[i].id, requeue, a);
		if (r == CY_OK && a->case_id[0] != '\0')
			r = count_again(a);
		if (r == CY_OK && a->case_id[0] != '\0')
			r = raise_case(a);
		if (r == CY_EDAMAGED)
			node_damaged(n, p->id, "message %s, which was to travel anew to peer %s,", t->entries[i].id,
				     p->id);
		if (r == CY_ENOENT || r == CY_EDAMAGED)
			r = CY_OK;
	}
	/* What was not put into the queue would never leave. */
	if (r < 0)
		batch_abort(n, p, "the messages of a parcel that travel anew cannot be read");
	cy_digest_hex(&row->digest, hex);
	batch_leaf(n, "dissolved %s %s %llu %llu %s", n->authority, p->id, (unsigned long long)row->epoch,
		   (unsigned long long)row->sequence, hex);
	p->waiting = true;
	return r;
}

static int dissolve(struct again *a, const struct store_parcel *row)
{
	struct node *n = a->n;
	struct peer *p = a->p;
	const int r = sound_parcel(n, row);

	/* Nobody knows what would have to travel anew. */
	if (r < 0)
		return r;
	a->dissolves = true;
	batch_touch(n, p->session);
	if (CY_MUTANT_PLACE_TWICE && row->epoch == p->stream.out_epoch && p->stream.out_sequence >= row->sequence) {
		p->stream.out_sequence = row->sequence - 1;
		batch_put_stream(n, p);
	} else if (!is_dissolving(p)) {
		begin_epoch(n, p);
	}
	return give_up(a, row);
}

/* What is fetched back after a restore comes by case, and may leave out a parcel of
 * ours that held nothing new. A peer that is restored later and lacks both would
 * never take the next one. What it holds it knows by its bytes, whatever became of our
 * certificate; all else it judges anew.
 * Rows come a page at a time, each committed for itself, and the session may end in between:
 * while all before an epoch is being dissolved, what could leave as it is would overtake what
 * waits in the queue. */
static bool must_dissolve(const struct again *a, const struct store_parcel *row)
{
	const struct peer *p = a->p;
	const struct xchg_pos pos = { row->epoch, row->sequence };
	const struct xchg_pos held = p->exchange->sender.held, sent = p->exchange->sender.sent;
	const bool earlier = pos.epoch != p->stream.out_epoch;

	if (a->dissolves || xchg_cmp(pos, held) <= 0)
		return a->dissolves;
	return (earlier &&
		(is_dissolving(p) || xchg_arrival(xchg_cmp(sent, held) > 0 ? sent : held, pos) == XCHG_GAP)) ||
	       !signing_counts(a->n, a->p, row->manifest, row->signature);
}

static int offer_message(void *arg, const struct store_message *row)
{
	struct again *a = arg;

	if (row->author != STORE_OWN || row->transport != STORE_RELAYED || row->void_code != 0)
		return CY_OK;
	return evidence_receipted(a->n, a->p->id, row->case_id, row->id, EVIDENCE_LOST);
}

/* One that has its receipt, and is not held any more: the peer has lost what came with it, too. A
 * receipt that comes again tells nothing of that, since it may be signed anew for other reasons. */
static int offer_again(struct again *a, const struct store_parcel *row)
{
	struct store_port *s = &a->n->ports.store;
	int r = wire_text_read(row->manifest, a->text, NULL);

	for (size_t i = 0; r == CY_OK && i < a->text->n; i++) {
		r = s->get_message(s->ctx, a->text->entries[i].id, offer_message, a);
		if (r == CY_ENOENT)
			r = CY_OK;
	}
	return r;
}

/* The receipts for what the peer has lost say nothing of how it judges that now: the new ones are asked
 * for until they are here, also by a later session. */
static void await_receipts(struct again *a)
{
	struct peer *p = a->p;

	if (xchg_cmp(p->exchange->sender.held, outbound_resume(p)) >= 0)
		return;
	p->stream.asks = true;
	p->stream.asks_epoch = p->exchange->sender.held.epoch;
	p->stream.asks_sequence = p->exchange->sender.held.sequence;
	batch_put_stream(a->n, p);
}

/* May a parcel of which something was erased leave? It had a receipt when that was ordered, and
 * the peer knew what a tombstone is. */
static bool may_leave_erased(const struct again *a, const struct store_parcel *row)
{
	if (row->receipt.len > 0 && node_understands(a->p, NODE_FEATURE_TOMBSTONES))
		return true;
	node_log(a->n, NODE_ALARM, NODE_EVENT_STORE, a->p->id,
		 "peer %s: parcel %llu/%llu holds messages that were erased, and the peer does not know tombstones: "
		 "nothing leaves until its daemon is a newer one",
		 a->p->id, (unsigned long long)row->epoch, (unsigned long long)row->sequence);
	return false;
}

static int again_parcel(void *arg, const struct store_parcel *row)
{
	struct again *a = arg;
	struct xchg_pos pos = { row->epoch, row->sequence };
	int r;

	a->rows++;
	if (must_dissolve(a, row))
		return dissolve(a, row);
	if (!xchg_may_send(&a->p->exchange->sender, pos.epoch))
		return CY_EAGAIN;
	r = sound_parcel(a->n, row);
	if (r == CY_OK)
		r = outbound_messages(a->n, STORE_OWN, row->manifest, &a->content);
	if (r == CY_OK && row->receipt.len > 0 &&
	    (xchg_cmp(pos, a->p->exchange->sender.held) > 0 || CY_MUTANT_REPEATED_RECEIPT))
		r = offer_again(a, row);
	if (r == CY_OK && row->receipt.len > 0 && xchg_cmp(pos, a->p->exchange->sender.held) > 0)
		await_receipts(a);
	if (r < 0)
		return r;
	if (a->content.n_tombstones > 0 && !may_leave_erased(a, row))
		return CY_EAGAIN;
	outbound_send(a->n, a->p, pos, row->manifest, row->signature, &a->content,
		      a->content.n_tombstones > 0 ? outbound_text(a->n, row->receipt, row->receipt_signature) : NULL);
	xchg_sent(&a->p->exchange->sender, pos);
	return CY_OK;
}

/* A planted bug. */
static int dissolve_early(void *arg, const struct store_parcel *row)
{
	return dissolve(arg, row);
}

void resend_refused(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct again a = { .n = n, .p = p, .text = cy_arena_take(&n->batch.arena, sizeof *a.text) };

	if (CY_MUTANT_DISSOLVED_EARLY)
		s->parcels(s->ctx, p->id, STORE_OWN, p->stream.receipted_epoch, p->stream.out_receipted,
			   CY_BOUND(CY_WINDOW_MAX) + 1, dissolve_early, &a);
}

void resend_step(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct again a = { .n = n, .p = p, .text = cy_arena_take(&n->batch.arena, sizeof *a.text) };
	int r = s->parcels(s->ctx, p->id, STORE_OWN, p->exchange->sender.sent.epoch, p->exchange->sender.sent.sequence,
			   CY_BOUND(CY_WINDOW_MAX) + 1, again_parcel, &a);

	if (a.dissolves)
		node_log(n, NODE_WARNING, NODE_EVENT_SIGNING, p->id,
			 "peer %s: what it would not take as it is stored travels anew, in epoch %llu", p->id,
			 (unsigned long long)p->stream.out_epoch);
	if (r < 0 && r != CY_EAGAIN)
		node_log(n, NODE_ALARM, NODE_EVENT_STORE, p->id, "peer %s: stored parcels cannot be read: %s", p->id,
			 cy_strerror(r));
	/* What was dissolved waits in the queue once this batch is committed: nothing overtakes it. */
	else if (r == CY_OK && a.rows <= CY_BOUND(CY_WINDOW_MAX) && !a.dissolves)
		p->exchange->resent = true;
}

/* ------------------------------------------------------------------ what was forgotten */

static int find_lost(void *arg, const struct store_message *row)
{
	struct again *a = arg;

	if (row->author == STORE_OWN && strcmp(row->peer, a->p->id) == 0 && row->transport == STORE_RELAYED)
		a->pos = (struct xchg_pos){ row->epoch, row->sequence };
	return CY_OK;
}

static int give_up_lost(void *arg, const struct store_parcel *row)
{
	const struct again *a = arg;
	int r;

	/* By another message of it, or before: what can travel anew waits already. */
	if (row->dissolved)
		return CY_OK;
	r = sound_parcel(a->n, row);
	return r < 0 ? r : give_up(arg, row);
}

int resend_lost(struct node *n, struct peer *p, const char *message_id)
{
	struct store_port *s = &n->ports.store;
	struct again a = { .n = n, .p = p, .text = cy_arena_take(&n->batch.arena, sizeof *a.text) };
	int r = s->get_message(s->ctx, message_id, find_lost, &a);

	if (r == CY_OK && a.pos.sequence > 0)
		r = s->get_parcel(s->ctx, p->id, STORE_OWN, a.pos.epoch, a.pos.sequence, give_up_lost, &a);
	return r == CY_ENOENT ? CY_OK : r;
}
