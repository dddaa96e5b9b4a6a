/* What we pull from a peer: which attachments, how much at a time, and where the chunks go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"

const struct bulk_pull *bulk_pulling(const struct peer *p, const char *message_id, uint32_t attachment)
{
	for (size_t i = 0; p->bulk != NULL && i < XCHG_PULLS; i++)
		if (p->bulk->pulls[i].used && p->bulk->pulls[i].attachment == attachment &&
		    strcmp(p->bulk->pulls[i].message_id, message_id) == 0)
			return &p->bulk->pulls[i];
	return NULL;
}

static void skip(struct node *n, struct peer *p, const struct bulk_pull *pull, const char *why)
{
	bulk_leave_out(n, p, pull, false, why);
}

/* ------------------------------------------------------------------- beginning */

static void end(struct bulk_pull *pull)
{
	if (pull->x != NULL)
		xchg_pull_end(pull->x);
	*pull = (struct bulk_pull){ 0 };
}

/* It ends before all of it is here: its room on the disk is for others. */
static void break_off(struct node *n, struct bulk_pull *pull)
{
	struct blob_port *b = &n->ports.blobs;

	if (pull->used && !CY_MUTANT_RESERVATION_STAYS)
		b->release(b->ctx, pull->part);
	end(pull);
}

/* The peer may not read its lane: then the session ends, and all pulls with it. */
static void say_cancel(struct node *n, struct peer *p, uint32_t number, CyCancelCode code)
{
	CyCancel c = CY_CANCEL__INIT;
	CyBulkFrame f = CY_BULK_FRAME__INIT;

	c.pull = number;
	c.code = code;
	f.kind_case = CY_BULK_FRAME__KIND_CANCEL;
	f.cancel = &c;
	bulk_send(n, p, &f);
}

static void cancel(struct node *n, struct peer *p, struct bulk_pull *pull)
{
	const uint32_t number = pull->x != NULL ? pull->x->id : 0;

	break_off(n, pull);
	if (number != 0)
		say_cancel(n, p, number, CY_CANCEL_CODE__CANCEL_CODE_UNSPECIFIED);
}

struct planning {
	struct node *n;
	struct peer *p;
	bool full;
	size_t n_rows; /* that were read */
};

/* The same content on its way from this peer already. What only has the same digest by its manifest may be a lie that
 * never ends: it holds up nobody. Neither does what another peer sends. */
static struct bulk_pull *same_pulled(const struct peer *p, const struct store_evidence *row)
{
	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct bulk_pull *pull = &p->bulk->pulls[i];

		if (pull->used && cy_digest_equal(&pull->id.sha256, &row->sha256) &&
		    cy_digest_equal(&pull->id.root, &row->root) && pull->id.size == row->size)
			return pull;
	}
	return NULL;
}

/* Who waits for what is on its way for somebody else waits no longer than it would by itself. */
static void hurry(struct bulk_pull *pull, CyPriority priority)
{
	if (priority <= pull->priority)
		return;
	pull->priority = priority;
	if (pull->x != NULL)
		pull->x->priority = (int)priority;
}

/* Room beside those that are used: a place, or one of less urgency gives way. */
static struct bulk_pull *make_room(struct planning *w, CyPriority priority)
{
	struct bulk *b = w->p->bulk;
	struct bulk_pull *least = NULL;
	size_t used = 0;

	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct bulk_pull *pull = &b->pulls[i];

		if (!pull->used)
			continue;
		used++;
		if (pull->phase < BULK_FINISHING && (least == NULL || pull->priority < least->priority))
			least = pull;
	}
	if (used >= b->puller.most) {
		if (least == NULL || least->priority >= priority)
			return NULL;
		cancel(w->n, w->p, least);
	}
	for (size_t i = 0; b->session != 0 && i < XCHG_PULLS; i++)
		if (!b->pulls[i].used)
			return &b->pulls[i];
	return NULL;
}

static void open_part(struct node *n, struct peer *p, struct bulk_pull *pull)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = blob_take(n, BLOB_OPEN_PULL);

	pull->phase = BULK_OPENING;
	t->peer = p;
	t->session = p->bulk->session;
	t->slot = (size_t)(pull - p->bulk->pulls);
	pull->ticket = t->id;
	/* What is found to be here must not be destroyed before a row says so. */
	n->evidence->contents_finishing++;
	if (b->open(b->ctx, t->id, pull->part, pull->id.size, &pull->id, pull->again) == CY_OK)
		return;
	n->evidence->contents_finishing--;
	blob_untake(n, t);
	skip(n, p, pull, "the evidence files cannot be used now");
	end(pull);
}

/* It is here, as far as its name tells: all of it is hashed, and then it has come to `outcome`. */
static void verify(struct node *n, struct peer *p, struct bulk_pull *pull, enum blob_outcome outcome)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = blob_take(n, BLOB_VERIFY_PULL);

	if (pull->x != NULL)
		xchg_pull_end(pull->x);
	pull->x = NULL;
	pull->phase = BULK_VERIFYING;
	pull->outcome = outcome;
	pull->ticket = t->id;
	t->peer = p;
	t->slot = (size_t)(pull - p->bulk->pulls);
	n->evidence->contents_finishing++;
	if (b->verify(b->ctx, t->id, &pull->id.sha256, 0) == CY_OK)
		return;
	n->evidence->contents_finishing--;
	blob_untake(n, t);
	skip(n, p, pull, "the evidence files cannot be used now");
	end(pull);
}

static int begin(void *arg, const struct store_evidence *row)
{
	struct planning *w = arg;
	struct evidence_before before;
	struct bulk_pull *pull;

	w->n_rows++;
	if (w->p->bulk->all_skipped)
		return CY_EEXIST;
	if (bulk_pulling(w->p, row->message_id, row->attachment) != NULL ||
	    bulk_skipped(w->p, row->message_id, row->attachment) != NULL)
		return CY_OK;
	pull = same_pulled(w->p, row);
	if (pull != NULL) {
		hurry(pull, row->priority);
		return CY_OK;
	}
	pull = make_room(w, row->priority);
	if (pull == NULL)
		return CY_EEXIST;
	*pull = (struct bulk_pull){ .used = true,
				    .phase = BULK_OPENING,
				    .attachment = row->attachment,
				    .priority = row->priority,
				    .again = row->send_always,
				    .arrived_before = row->arrived.ms > 0 && row->flaw == STORE_SOUND,
				    .ends = row->arrived.ms == 0 && !row->legal_hold,
				    .id = { row->size, row->sha256, row->root } };
	if (cy_copy(pull->message_id, sizeof pull->message_id, row->message_id) < 0)
		return CY_ESTORE;
	evidence_part(w->p->id, &pull->id, pull->part);
	if (evidence_delivered_before(w->n, row, &before) == CY_OK)
		verify(w->n, w->p, pull, OUTCOME_SAME);
	else
		open_part(w->n, w->p, pull);
	return CY_OK;
}

static int still_waits(void *arg, const struct store_evidence *row)
{
	*(bool *)arg = row->state == STORE_EVIDENCE_WAITING;
	return CY_OK;
}

/* What was certified as destroyed while it was on its way comes no further. */
static void stop_unwanted(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;

	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct bulk_pull *pull = &p->bulk->pulls[i];
		bool waits = true;

		if (!pull->used || pull->phase >= BULK_FINISHING)
			continue;
		if (s->get_evidence(s->ctx, pull->message_id, pull->attachment, still_waits, &waits) < 0 || waits)
			continue;
		cancel(n, p, pull);
	}
}

void bulk_plan_pulls(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct planning w = { .n = n, .p = p };
	const uint32_t page = CY_BOUND(BULK_SKIPPED_MAX) + 2 * XCHG_PULLS;
	struct bulk *b = p->bulk;
	bool all = true;
	int r = CY_OK;

	stop_unwanted(n, p);
	for (int i = CY_PRIORITY__EMERGENCY; r == CY_OK && i >= 0; i--) {
		w.n_rows = 0;
		r = s->waiting_after(s->ctx, p->id, (CyPriority)i, b->passed[i].message_id, b->passed[i].attachment,
				     page, begin, &w);
		all = all && r == CY_OK && w.n_rows < page;
	}
	b->tried_all = all;
	if (r < 0 && r != CY_EEXIST)
		batch_retry(n);
}

static void finish(struct node *n, struct peer *p, struct bulk_pull *pull)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = blob_take(n, BLOB_FINISH_PULL);

	if (pull->x != NULL)
		xchg_pull_end(pull->x);
	pull->x = NULL;
	pull->phase = BULK_FINISHING;
	t->peer = p;
	t->slot = (size_t)(pull - p->bulk->pulls);
	n->evidence->contents_finishing++;
	if (b->finish(b->ctx, t->id, pull->part, pull->id.size, &pull->id.sha256) < 0) {
		n->evidence->contents_finishing--;
		blob_untake(n, t);
		skip(n, p, pull, "the evidence files cannot be used now");
		break_off(n, pull);
	}
}

static void start(struct node *n, struct peer *p, struct bulk_pull *pull, uint64_t offset)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	const uint64_t chunks = blob_chunks(pull->id.size);

	/* All chunks are here; only the name is not given yet. */
	if (offset >= pull->id.size && pull->id.size > 0) {
		finish(n, p, pull);
		return;
	}
	pull->x = xchg_pull_begin(&p->bulk->puller, (int)pull->priority, offset / CY_CHUNK, chunks, now);
	pull->phase = BULK_PULLING;
}

/* --------------------------------------------------------------------- the end */

static void arrived(struct node *n, struct peer *p, struct bulk_pull *pull, enum blob_outcome outcome)
{
	struct input *in = node_input_new(INPUT_ARRIVED, 0);

	in->peer = p->index;
	cy_copy(in->blob.message_id, sizeof in->blob.message_id, pull->message_id);
	cy_copy(in->blob.part, sizeof in->blob.part, pull->part);
	in->blob.attachment = pull->attachment;
	in->blob.id = pull->id;
	in->blob.outcome = outcome;
	/* It keeps its place until a batch has settled it: till then its row says that it waits. */
	pull->phase = BULK_ARRIVED;
	node_queue(n, in);
}

/* It was to be fetched again: what is here stays, if it is good. */
static void comes_no_more(struct node *n, struct peer *p, struct bulk_pull *pull, enum blob_outcome outcome)
{
	evidence_drop_part(n, p->id, &pull->id);
	verify(n, p, pull, outcome);
}

/* Nobody has it: that it is waited for ends. */
static void never_comes(struct node *n, struct peer *p, struct bulk_pull *pull)
{
	xchg_pull_end(pull->x);
	pull->x = NULL;
	n->evidence->contents_finishing++;
	evidence_drop_part(n, p->id, &pull->id);
	arrived(n, p, pull, OUTCOME_LOST);
}

/* Its disk may have spoilt this one, and it should know; all others go on. */
static void differs(struct node *n, struct peer *p, struct bulk_pull *pull, const char *what)
{
	const uint32_t number = pull->x->id;

	node_log(n, NODE_ALARM, NODE_EVENT_PEER_FAULT, p->id, "peer %s: attachment %u of message %s: it sent %s", p->id,
		 pull->attachment, pull->message_id, what);
	if (pull->arrived_before) {
		comes_no_more(n, p, pull, OUTCOME_SPOILT);
	} else {
		bulk_leave_out(n, p, pull, true, "the sender sends other bytes than its manifest says");
		break_off(n, pull);
	}
	say_cancel(n, p, number, CY_CANCEL_CODE__CHUNK_DIFFERS);
}

/* --------------------------------------------------------------------- chunks */

static size_t chunk_size(const struct bulk_pull *pull, uint64_t chunk)
{
	const uint64_t left = pull->id.size - chunk * CY_CHUNK;

	return left < CY_CHUNK ? (size_t)left : CY_CHUNK;
}

void bulk_chunk(struct node *n, struct peer *p, const struct wire_chunk *c, struct blob_bytes frame)
{
	struct bulk *b = p->bulk;
	struct xchg_pull *x = xchg_pull_find(&b->puller, c->pull);
	struct bulk_pull *pull = x != NULL ? bulk_pull_of(p, x) : NULL;
	struct blob_bytes data = frame;

	if (pull == NULL) { /* it was cancelled; or it never was, which costs nothing */
		blob_release(&frame);
		if (c->pull > b->puller.last_id || c->pull == 0)
			bulk_goodbye(n, p, NODE_BYE_CHUNK_UNASKED, NULL);
		return;
	}
	if (xchg_pull_arrived(x, c->chunk, n->ports.clock.mono(n->ports.clock.ctx)) < 0) {
		blob_release(&frame);
		bulk_goodbye(n, p, NODE_BYE_CHUNK_ORDER, NULL);
		return;
	}
	if (c->data.len != chunk_size(pull, c->chunk)) {
		blob_release(&frame);
		differs(n, p, pull, "a chunk of another size than its manifest says");
		return;
	}
	data.data = (uint8_t *)c->data.data;
	data.len = c->data.len;
	bulk_store(n, p, pull, c, data);
}

void bulk_forget_pulls(struct node *n, struct peer *p)
{
	struct bulk *b = p->bulk;

	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (b->pulls[i].phase < BULK_FINISHING)
			break_off(n, &b->pulls[i]);
	while (b->late != NULL) {
		struct bulk_late *l = b->late;

		b->late = l->next;
		blob_release(&l->data);
		free(l);
	}
	b->last_late = &b->late;
}

void bulk_not_sent(struct node *n, struct peer *p, const CyNotSent *f)
{
	struct xchg_pull *x = xchg_pull_find(&p->bulk->puller, f->pull);
	struct bulk_pull *pull = x != NULL ? bulk_pull_of(p, x) : NULL;

	if (pull == NULL)
		return;
	switch (f->code) {
	case CY_NOT_SENT_CODE__NEVER_OFFERED:
		bulk_leave_out(n, p, pull, true, "the sender says that it never offered it");
		break;
	case CY_NOT_SENT_CODE__GONE:
		if (pull->arrived_before) {
			comes_no_more(n, p, pull, OUTCOME_GONE);
			return;
		}
		if (f->destroyed && pull->ends && !CY_MUTANT_DESTROYED_AWAITED) {
			never_comes(n, p, pull);
			return;
		}
		bulk_leave_out(n, p, pull, true, "the sender has it no more");
		break;
	case CY_NOT_SENT_CODE__NO_SUCH_CHUNK:
		bulk_leave_out(n, p, pull, true, "the sender has fewer chunks of it than its manifest says");
		break;
	case CY_NOT_SENT_CODE__NOT_NOW:
	case CY_NOT_SENT_CODE__TOO_MANY_PULLS:
	case CY_NOT_SENT_CODE__NOT_SENT_CODE_UNSPECIFIED:
	case _CY_NOT_SENT_CODE_IS_INT_SIZE:
	default: /* of a later version */
		skip(n, p, pull, "the sender cannot send it now");
		break;
	}
	break_off(n, pull);
}

/* --------------------------------------------------------------------- results */

/* The planted bug: nobody has said that the disk has it. */
static void not_finished(struct node *n, struct peer *p, struct bulk_pull *pull)
{
	xchg_pull_end(pull->x);
	pull->x = NULL;
	n->evidence->contents_finishing++;
	arrived(n, p, pull, OUTCOME_HERE);
}

void bulk_committing(struct node *n, const struct input *in)
{
	struct bulk *b = n->peers[in->peer]->bulk;

	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (b->pulls[i].phase == BULK_ARRIVED && b->pulls[i].attachment == in->blob.attachment &&
		    strcmp(b->pulls[i].message_id, in->blob.message_id) == 0)
			b->pulls[i].phase = BULK_COMMITTING;
}

bool bulk_fetching(const struct node *n)
{
	for (size_t i = 0; i < n->n_peers; i++)
		for (size_t k = 0; n->peers[i]->bulk != NULL && k < XCHG_PULLS; k++) {
			const struct bulk_pull *pull = &n->peers[i]->bulk->pulls[k];

			if (pull->used && pull->phase != BULK_COMMITTING)
				return true;
		}
	return false;
}

void bulk_batch_ended(struct node *n, bool committed)
{
	for (size_t i = 0; i < n->n_peers; i++)
		for (size_t k = 0; n->peers[i]->bulk != NULL && k < XCHG_PULLS; k++)
			if (n->peers[i]->bulk->pulls[k].phase != BULK_COMMITTING) {
				continue;
			} else if (committed) {
				end(&n->peers[i]->bulk->pulls[k]);
				n->peers[i]->bulk->look_for_work = true;
			} else {
				n->peers[i]->bulk->pulls[k].phase = BULK_ARRIVED;
			}
}

static void opened(struct node *n, struct peer *p, struct bulk_pull *pull, const struct blob_result *r)
{
	if (r->code == CY_EEXIST) { /* before a crash: its name and its tree alone say so */
		verify(n, p, pull, OUTCOME_HERE);
	} else if (r->code < 0) {
		skip(n, p, pull, r->text);
		end(pull);
	} else {
		start(n, p, pull, r->offset);
	}
}

static void stored(struct node *n, struct peer *p, struct bulk_pull *pull, const struct blob_result *r)
{
	if (r->code == CY_ESIGN) {
		differs(n, p, pull, "a chunk that is not what its manifest says");
		return;
	}
	if (r->code < 0) {
		skip(n, p, pull, r->text);
		cancel(n, p, pull);
		return;
	}
	xchg_pull_stored(pull->x);
	if (pull->x->stored == pull->x->chunks)
		CY_MUTANT_HERE_BEFORE_FINISH ? not_finished(n, p, pull) : finish(n, p, pull);
}

static void finished(struct node *n, struct peer *p, struct bulk_pull *pull, const struct blob_result *r)
{
	if (r->code == CY_OK || r->code == CY_ESIGN) {
		arrived(n, p, pull, r->code == CY_ESIGN ? OUTCOME_MISMATCHED : OUTCOME_HERE);
		return;
	}
	n->evidence->contents_finishing--;
	skip(n, p, pull, r->text);
	break_off(n, pull);
}

/* Of what neither the row nor the name of the file proves. */
static void verified(struct node *n, struct peer *p, struct bulk_pull *pull, const struct blob_result *r)
{
	const bool same =
		r->code == CY_OK && r->id.size == pull->id.size && cy_digest_equal(&r->id.root, &pull->id.root);

	if (same) {
		evidence_drop_part(n, p->id, &pull->id);
		arrived(n, p, pull, pull->outcome);
		return;
	}
	n->evidence->contents_finishing--;
	evidence_found(n, &pull->id.sha256, r->code == CY_OK ? CY_ESIGN : r->code);
}

void bulk_pull_unproven(struct node *n, const struct blob_ticket *t, const struct blob_result *r)
{
	struct peer *p = t->peer;
	struct bulk_pull *pull = &p->bulk->pulls[t->slot];

	/* It was proven, or the place is another pull's by now. */
	if (pull->phase != BULK_VERIFYING || pull->ticket != t->id)
		return;
	if (r->code < 0 && r->code != CY_ESIGN && r->code != CY_ENOENT) {
		skip(n, p, pull, r->text);
		end(pull);
	} else if (pull->outcome == OUTCOME_HERE && p->bulk->session != 0) {
		pull->again = true;
		open_part(n, p, pull);
	} else if (pull->outcome == OUTCOME_GONE || pull->outcome == OUTCOME_SPOILT) {
		bulk_leave_out(n, p, pull, true,
			       pull->outcome == OUTCOME_GONE ? "the sender has it no more, and it is spoilt here"
							     : "the sender has other bytes, and it is spoilt here");
		end(pull);
	} else {
		end(pull);
		p->bulk->look_for_work = true;
	}
}

void bulk_pull_done(struct node *n, struct blob_ticket *t, struct blob_result *r)
{
	struct peer *p = t->peer;
	struct bulk_pull *pull = &p->bulk->pulls[t->slot];

	if (t->task == BLOB_FINISH_PULL) {
		finished(n, p, pull, r);
		return;
	}
	if (t->task == BLOB_VERIFY_PULL) {
		verified(n, p, pull, r);
		return;
	}
	if (t->task == BLOB_OPEN_PULL)
		n->evidence->contents_finishing--;
	/* The session may have ended, and the place may be another pull's. */
	if (!pull->used || p->bulk->session != t->session || p->bulk->session == 0)
		return;
	if (t->task == BLOB_OPEN_PULL && pull->phase == BULK_OPENING && pull->ticket == t->id)
		opened(n, p, pull, r);
	else if (t->task == BLOB_CHUNK_PULL && pull->x != NULL && pull->x->id == t->number)
		stored(n, p, pull, r);
}
